"""What was found to go wrong once: a second execution, a value sent as another."""

import json
import subprocess
import sys
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from terminal_support import Terminal

from stripe_nodes import (
    CreateCheckoutSession,
    CreateCustomer,
    DeactivatePrice,
    RetrievePrice,
    UpdateCustomer,
)
from stripe_plugin import Client, Connection, InvalidInputs, Policy, RunContext, StripeError
from stripe_plugin.exchange import exchange
from stripe_plugin.restrictions import CLEAR, UNKNOWN
from stripe_plugin.sandbox import Fault, Sandbox
from stripe_plugin.wire import Lost, Reply

PAY = """steps:
  - id: pay
    action: create_payment_intent
    inputs:
      Amount: {amount}
      Currency: usd
"""


def flow(terminal: Terminal, tmp_path: Path, amount: int, code: int) -> str:
    """Runs the payment flow under one run ID; what it said."""
    file = tmp_path / "pay.yaml"
    file.write_text(PAY.format(amount=amount))
    return terminal("flow", str(file), "--run-id", "r1", code=code).stderr


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """The terminal with a home of its own."""
    return Terminal(tmp_path)


def paid(terminal: Terminal) -> int:
    """How many payments the sandbox has."""
    done = terminal("run", "list_payment_intents", "--json")
    found: dict[str, Any] = json.loads(done.stdout)
    return len(found["output"]["data"])


def test_a_step_that_may_have_worked_takes_no_other_inputs(
    terminal: Terminal, tmp_path: Path
) -> None:
    """A payment whose answer was lost is not made again with another amount, ever."""
    terminal("fault", "cut_after", "--path", "/v1/payment_intents", "--times", "4")
    assert "--run-id r1" in flow(terminal, tmp_path, 100, 4)
    for _ in range(3):
        assert "other inputs" in flow(terminal, tmp_path, 200, 2)
    assert paid(terminal) == 1
    flow(terminal, tmp_path, 100, 0)
    assert paid(terminal) == 1


def test_a_deletion_that_never_happened_is_not_reported(terminal: Terminal, tmp_path: Path) -> None:
    """Of a deletion that was surely not executed, a later 404 is an error and no success."""
    file = tmp_path / "gone.yaml"
    inputs = "{Customer ID: cus_TYPO}"
    file.write_text(f"steps: [{{id: gone, action: delete_customer, inputs: {inputs}}}]")
    # Faults strike what Stripe would execute; the refusal is the same each time.
    for _ in range(2):
        done = terminal("flow", str(file), "--run-id", "r1", code=3)
        assert "No such customer" in done.stderr


@pytest.mark.parametrize("status", [401, 403, 404, 407, 413])
def test_what_stands_before_stripe_knows_nothing_of_the_first_try(status: int) -> None:
    """After a lost answer, a refusal that no key was looked up for leaves the outcome unknown."""
    talk = exchange(CreateCustomer(), Connection("sk_test_x1234"), RunContext(), Policy())
    next(talk)
    talk.send(Lost("gone", sent=True))
    with pytest.raises(StripeError) as caught:
        talk.send(Reply(status, {}, b'{"error": {"param": 5, "code": 7, "message": "no"}}'))
    assert caught.value.outcome_unknown
    assert str(caught.value)


def test_threads_may_import_actions_at_once() -> None:
    """Twenty threads that use actions for the first time, in one process, all find them."""
    code = (
        "from concurrent.futures import ThreadPoolExecutor as T\n"
        "from stripe_plugin import Host\n"
        "host = Host.load()\n"
        "ids = [entry['id'] for entry in host.catalog()][:20]\n"
        "print(len([*T(20).map(host.action, ids)]))\n"
    )
    for _ in range(3):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
        assert done.stdout.strip() == b"20"


class Mode(str, Enum):  # noqa: UP042 - StrEnum would write itself as its value
    """A host's own enumeration of texts."""

    PAYMENT = "payment"


def test_an_enumerated_text_is_its_text() -> None:
    """A member of an enumeration of texts is sent as its value, not as its name."""
    urls = {"Success URL": "https://a.example", "Cancel URL": "https://a.example"}
    items = [{"price": "price_1", "quantity": 1}]
    made = CreateCheckoutSession.read({"Mode": Mode.PAYMENT, "Line Items": items, **urls})
    assert ("mode", "payment") in made.request().params
    direct = CreateCheckoutSession(mode=Mode.PAYMENT, line_items=items, success_url="https://a")
    assert ("mode", "payment") in direct.request().params


def test_nested_values_are_unset_too() -> None:
    """A metadata key and a line of an address are unset by CLEAR and by its text."""
    for clear in (CLEAR, "@clear"):
        inputs = {"Customer ID": "cus_1", "Metadata": {"a": clear}, "Address": {"line2": clear}}
        sent = dict(UpdateCustomer.read(inputs).request().params)
        assert sent == {"metadata[a]": "", "address[line2]": ""}


def test_extra_parameters_replace_no_row() -> None:
    """What an action says itself cannot be said otherwise beside it."""
    with pytest.raises(InvalidInputs, match="active"):
        DeactivatePrice(price="price_1").request(extra={"active": True})
    with pytest.raises(InvalidInputs):
        RetrievePrice(price=UNKNOWN).request()


@pytest.mark.parametrize("extra", [{"\ud800": "x"}, {"metadata": {"\udc00": 1}}, {"a": "\ud800"}])
def test_what_cannot_be_written_is_refused(extra: dict[str, Any]) -> None:
    """Halves of surrogate pairs are refused as keys and as values, with nothing sent."""
    with Sandbox() as world:
        connection = Connection("sk_test_sandbox", world=world)
        world.faults.add(Fault("server_error", times=None))
        with Client(connection) as client, pytest.raises(InvalidInputs):
            client.run(RetrievePrice(price="price_1"), RunContext(extra=extra))
        assert world.faults.list()[0]["hits"] == 0
