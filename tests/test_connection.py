"""Whose account, which mode, over which clients?"""

import asyncio
import copy
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import attrs
import pytest
from terminal_support import KEY, LIVE_KEY, Counted, python

from stripe_emulator import Emulator, Fault, serve
from stripe_nodes import CreateProduct, RetrieveProduct
from stripe_plugin import (
    AsyncClient,
    Client,
    Connection,
    Host,
    Policy,
    RunContext,
    StripeError,
    UsageError,
)
from stripe_plugin.errors import ConnectionFailed

PLAN = CreateProduct(name="Plan")
BODY = "4eC39HqLyjWDarjtT1zdp7dc"  # what a key is, beside its prefix


@pytest.fixture(params=["in process", "on a socket"])
def place(request: pytest.FixtureRequest) -> Iterator[tuple[Counted, Connection]]:
    """An emulator in process and the same on a socket, each with a connection."""
    with Counted() as world:
        if request.param == "in process":
            yield world, world.connection()
            return
        with serve(world) as server:
            yield world, Connection(KEY, base_url=server.url)


# --- clients ------------------------------------------------------------------------------------


def test_a_client_is_used_again_and_again(place: tuple[Counted, Connection]) -> None:
    """One client runs action after action until its block ends."""
    world, connection = place
    with Client(connection) as client:
        made = client.run(PLAN)
        found = client.run(RetrieveProduct(id=made.output["id"]))
    assert found.output == made.output
    assert [line.partition(" ")[0] for line in world.asked] == ["POST", "GET"]


def test_threads_share_a_client(place: tuple[Counted, Connection]) -> None:
    """Twenty threads on one client make twenty objects each of their own."""
    world, connection = place
    with Client(connection) as client, ThreadPoolExecutor(20) as threads:
        ids = {done.output["id"] for done in threads.map(client.run, [PLAN] * 60)}
    assert len(ids) == world.executed("POST /v1/products") == 60


def test_tasks_share_a_client(place: tuple[Counted, Connection]) -> None:
    """Two hundred tasks on one asyncio client make two hundred objects."""
    world, connection = place

    async def runs() -> set[str]:
        async with AsyncClient(connection) as client:
            done = await asyncio.gather(*(client.run(PLAN) for _ in range(200)))
        return {result.output["id"] for result in done}

    assert len(asyncio.run(runs())) == world.executed("POST /v1/products") == 200


def test_threads_share_a_host(place: tuple[Counted, Connection]) -> None:
    """Twenty threads on one host share its connections, and closing it twice does no harm."""
    world, connection = place
    with Host.load() as host, ThreadPoolExecutor(20) as threads:
        futures = [
            threads.submit(host.run, "create_product", {"Name": "Plan"}, connection=connection)
            for _ in range(60)
        ]
        ids = {future.result().output["id"] for future in futures}
    host.close()
    assert len(ids) == world.executed("POST /v1/products") == 60


def test_one_client_serves_several_accounts(place: tuple[Counted, Connection]) -> None:
    """A run may act on another account, by its context or its connection, over the same client."""
    _, connection = place
    other = attrs.evolve(connection, account="acct_1")
    with Client(connection) as client:
        made = client.run(PLAN, RunContext(account="acct_1"))
        assert client.run(RetrieveProduct(id=made.output["id"]), connection=other).output
        with pytest.raises(StripeError, match="No such product"):
            client.run(RetrieveProduct(id=made.output["id"]))


def test_a_place_that_refuses_connections() -> None:
    """Where nobody listens, the outcome is known: nothing was executed."""
    with serve(Emulator()) as server:
        url = server.url
    client = Client(Connection(KEY, base_url=url), Policy(retries=1, first_delay=0.01))
    with client, pytest.raises(ConnectionFailed, match="could not be reached") as caught:
        client.run(PLAN)
    error = caught.value
    assert (error.category, error.attempts, error.outcome_unknown) == ("connection", 2, False)


# --- from the environment -----------------------------------------------------------------------


EMULATED = {"STRIPE_API_KEY": "emulator"}


def test_no_key_at_all_is_told_alike() -> None:
    """A key that a host did not find, None, is no key, and not a wrong one."""
    nothing: Any = None
    with pytest.raises(UsageError, match="There is no API key"):
        Connection(nothing)


@pytest.mark.parametrize("environ", [{}, {"STRIPE_API_KEY": ""}, {"STRIPE_API_KEY": " \n"}])
def test_without_a_key_both_ways_are_told(environ: dict[str, str]) -> None:
    """Nothing is emulated unless it is asked for: no key is an error that says what to set."""
    with pytest.raises(UsageError, match=r"sk_test_….*emulator") as caught:
        Connection.from_env(environ)
    assert "STRIPE_API_KEY" in str(caught.value)


def test_an_emulator_that_is_asked_for_is_one_per_process() -> None:
    """The key `emulator` means the process's own, however often it is asked for."""
    first, again = Connection.from_env(EMULATED), Connection.from_env(EMULATED)
    assert first.mode == again.mode == "emulated"
    assert first.in_process is again.in_process is not None


def test_an_emulator_in_a_file_is_shared(tmp_path: Path) -> None:
    """An emulator in a file is the same in another process."""
    file = str(tmp_path / "emulator.db")
    code = (
        "from stripe_plugin import Host;"
        "print(Host.load().run('create_product', {'Name': 'Plan'}).output['id'])"
    )
    made = python(code, tmp_path, STRIPE_API_KEY="emulator", STRIPE_NODES_EMULATOR=file).strip()
    connection = Connection.from_env(EMULATED | {"STRIPE_NODES_EMULATOR": file})
    found = Host.load().run("retrieve_product", {"Product ID": made}, connection=connection)
    assert found.output["name"] == "Plan"


def test_the_emulator_has_accounts() -> None:
    """STRIPE_ACCOUNT names an account of the emulator too, and a wrong one is refused."""
    connection = Connection.from_env(EMULATED | {"STRIPE_ACCOUNT": "acct_1"})
    assert (connection.mode, connection.account) == ("emulated", "acct_1")
    assert connection.in_process is Connection.from_env(EMULATED).in_process
    with pytest.raises(UsageError, match="acct_…"):
        Connection.from_env(EMULATED | {"STRIPE_ACCOUNT": "me"})


def test_emulators_know_nothing_of_each_other() -> None:
    """Each emulator that is asked for is empty."""
    one, other = Connection.emulator(), Connection.emulator()
    made = Client(one).run(PLAN)
    with pytest.raises(StripeError, match="No such product"):
        Client(other).run(RetrieveProduct(id=made.output["id"]))


@pytest.mark.parametrize(
    ("key", "mode"),
    [
        (KEY, "test"),
        (f"rk_test_{BODY}", "test"),
        (f"  {KEY}\n", "test"),  # as it is read from a file
        (LIVE_KEY, "live"),
        (f"rk_live_{BODY}", "live"),
    ],
)
def test_with_a_key_never_the_emulator(key: str, mode: str, tmp_path: Path) -> None:
    """A key is used as what it is, even where an emulator is configured too."""
    environ = {"STRIPE_API_KEY": key, "STRIPE_NODES_EMULATOR": str(tmp_path / "emulator.db")}
    connection = Connection.from_env(environ, allow_live=True)
    assert (connection.mode, connection.in_process) == (mode, None)
    assert connection.api_key.reveal() == key.strip()
    assert connection.base_url == "https://api.stripe.com"
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("key", ["Emulator", "EMULATOR", "emulater", "emulated"])
def test_a_word_that_is_nearly_the_emulators_is_told_which(key: str) -> None:
    """It stays refused: nothing is emulated that is not asked for by its name."""
    with pytest.raises(UsageError, match=r"Did you mean emulator\? STRIPE_API_KEY=emulator"):
        Connection.from_env({"STRIPE_API_KEY": key})
    with pytest.raises(UsageError, match="Use a secret key"):
        Connection.from_env({"STRIPE_API_KEY": "pk_test_1234567890"})


@pytest.mark.parametrize("key", [LIVE_KEY, f"rk_live_{BODY}", f"sk_{BODY}"])
def test_a_live_key_needs_to_be_allowed(key: str) -> None:
    """A key that moves real money, or whose mode cannot be seen, is refused unless allowed."""
    with pytest.raises(UsageError, match=r"real money.*allow_live"):
        Connection.from_env({"STRIPE_API_KEY": key})
    assert Connection(key, allow_live=True).mode == "live"


@pytest.mark.parametrize("key", [f" {KEY}", f"{KEY} ", f"{KEY}\n", f"{KEY}\r\n", ""])
def test_a_key_is_taken_as_it_is(key: str) -> None:
    """A connection made by hand repairs no key: white space around it, or none at all, is wrong."""
    with pytest.raises(UsageError, match=r"no API key|not a secret|no key has"):
        Connection(key)


@pytest.mark.parametrize("account", ["acct_1", "acct_1032D82eZvKYlo2C"])
def test_an_account(account: str) -> None:
    """The connected account of the environment is acted on."""
    connection = Connection.from_env({"STRIPE_API_KEY": KEY, "STRIPE_ACCOUNT": account})
    assert connection.account == account


@pytest.mark.parametrize("name", ["STRIPE_ACCOUNT", "STRIPE_API_BASE", "STRIPE_NODES_EMULATOR"])
def test_a_variable_that_is_set_but_empty_is_refused(name: str) -> None:
    """An unset shell variable would quietly mean the platform's account, or another address."""
    with pytest.raises(UsageError, match=f"{name} is set but empty"):
        Connection.from_env({"STRIPE_API_KEY": KEY, name: ""})


@pytest.mark.parametrize(
    "account", ["cus_1", "acct_", " acct_1", "acct_1\r\nX-Evil: yes", "acct_1/2", "me", ""]
)
def test_a_wrong_account(account: str) -> None:
    """What is no account is refused, in a connection and for a single run."""
    with pytest.raises(UsageError, match="acct_…"):
        Connection(KEY, account=account)
    with Counted() as world, pytest.raises(UsageError, match="acct_…"):
        Client(world.connection()).run(PLAN, RunContext(account=account))
    assert world.asked == []


@pytest.mark.parametrize("kind", ["delay", "delay_after"])
def test_an_emulator_in_process_keeps_to_the_timeout(kind: Any) -> None:
    """A delay on order ends at the timeout as it does on a socket: the outcome is unknown."""
    with Emulator() as emulator:
        emulator.faults.add(Fault(kind, seconds=60, times=None))
        connection = Connection("sk_test_emulator", in_process=emulator)
        with Client(connection, Policy(retries=0)) as client, pytest.raises(StripeError) as caught:
            client.run(PLAN, RunContext(timeout=0.05))
    assert caught.value.outcome_unknown
    assert "in time" in caught.value.message


def test_a_copy_of_a_connection_is_the_connection() -> None:
    """A deep copy, as of a whole configuration, neither fails nor makes another emulator."""
    connection = Connection.emulator()
    assert copy.deepcopy({"stripe": connection})["stripe"] is connection
