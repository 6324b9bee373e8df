"""What a key may do is known before an action needs it, and nothing is written to find out."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from door_support import Refusing, Restricted
from support import ACTIONS
from terminal_support import Terminal

from stripe_emulator.server import serve
from stripe_plugin import Connection, Host, UsageError

TWELVE = ["create_price", "list_prices", "retrieve_price", "create_product", "list_products"]

LISTS = {action.spec.endpoint for action in ACTIONS.values() if "Limit" in action.spec.fields}


@pytest.fixture
def host() -> Iterator[Host]:
    """What is installed."""
    with Host.load() as host:
        yield host


def test_each_permission_is_told(host: Host) -> None:
    """What is read without an ID is tried once; what is missing is named, in Stripe's words."""
    with Restricted("/v1/prices") as world, serve(world) as server:
        connection = Connection("rk_test_one", base_url=server.url, account="acct_1")
        found = host.check(connection)
    assert (found.mode, found.account) == ("test", "acct_1")
    assert (found.reachable, found.refused) == (True, False)
    assert found.missing == ["Prices: Read"]
    assert found.permissions["Prices: Read"] == "The key may not do that."
    assert found.permissions["Products: Read"] == "ok"
    assert found.permissions["Products: Write"].startswith("not tried")
    for line in world.asked:
        endpoint, _, query = line.partition("?")
        assert endpoint.startswith("GET ")
        assert ("limit=1" in query) is (endpoint in LISTS)
    assert len({*world.asked}) == len(world.asked)
    assert found.as_dict()["missing"] == ["Prices: Read"]
    assert found.note == (
        "The key lacks Prices: Read: The key may not do that. Allow it on the key's page at Stripe,"
        " or leave out the actions that need it."
    )


def test_only_what_some_actions_need_is_asked(host: Host) -> None:
    """A form that runs two actions asks no more than they do."""
    with Restricted("/v1/invoices") as world, serve(world) as server:
        connection = Connection("rk_test_two", base_url=server.url)
        found = host.check(connection, ["list_prices", "create_price"])
    assert found.permissions.keys() == {"Prices: Read", "Prices: Write"}
    assert [line.partition("?")[0] for line in world.asked] == ["GET /v1/prices"]


def test_the_emulator_permits_everything(host: Host) -> None:
    """Nothing is asked of it."""
    found = host.check(Connection.emulator())
    assert (found.mode, found.missing, found.note) == ("emulated", [], None)
    assert {*found.permissions.values()} == {"ok"}


def test_where_nobody_answers_it_ends(host: Host) -> None:
    """After one attempt."""
    found = host.check(Connection("rk_test_three", base_url="http://127.0.0.1:9"))
    assert found.reachable is False
    assert found.note
    assert found.note.startswith("Stripe does not answer: ")


def test_a_key_that_is_refused_is_not_shown(host: Host) -> None:
    """It is asked for once, and the sentence has Stripe's words without the key in them."""
    key = "rk_test_4eC39HqLyjWDarjtT1zdp7dc"
    world = Refusing(401, type="invalid_request_error", message=f"Invalid API Key: {key}")
    with serve(world) as server:
        found = host.check(Connection(key, base_url=server.url))
    assert (found.reachable, found.refused) == (True, True)
    assert found.note
    assert found.note.startswith("Stripe refuses the key: Invalid API Key")
    assert key not in json.dumps(found.as_dict())


def test_an_unknown_action_is_refused(host: Host) -> None:
    """Rather than passed over."""
    with pytest.raises(UsageError, match="create_prise"):
        host.check(Connection.emulator(), ["create_prise"])
    with pytest.raises(UsageError, match="is a list of names"):
        host.permissions("create_price")


def test_a_restricted_key_for_some_actions(host: Host) -> None:
    """The permissions of what they do, each once; of all actions those of all."""
    assert host.permissions(TWELVE) == [
        "Prices: Read",
        "Prices: Write",
        "Products: Read",
        "Products: Write",
    ]
    every = {found.spec.permission for found in ACTIONS.values()}
    assert {*host.permissions()} == every


def test_the_terminal_prints_them(tmp_path: Path) -> None:
    """One to a line, for whoever makes the key; as JSON for a script."""
    terminal = Terminal(tmp_path)
    done = terminal("permissions", "create_price", "list_customers")
    assert done.stdout.splitlines() == ["Customers: Read", "Prices: Write"]
    assert "dashboard.stripe.com/apikeys" in done.stderr
    [line] = terminal("permissions", "create_price", "--json").stdout.splitlines()
    assert json.loads(line) == ["Prices: Write"]
    assert "did you mean create_price?" in terminal("permissions", "create_prise", code=2).stderr
