"""What was found to go wrong once: a second execution, a value sent as another."""

import asyncio
import json
import logging
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from enum import Enum
from pathlib import Path
from typing import Any

import pytest
from driving import begun, drive
from terminal_support import Terminal

from stripe_emulator import Emulator, Fault
from stripe_flow import Journal, Step
from stripe_flow.run import Run
from stripe_nodes import (
    CreateCheckoutSession,
    CreateCustomer,
    DeactivatePrice,
    RetrievePrice,
    UpdateCustomer,
)
from stripe_plugin import (
    Client,
    Connection,
    HookFailed,
    Host,
    InvalidInputs,
    Policy,
    RunContext,
    UsageError,
    hookimpl,
)
from stripe_plugin.errors import PermissionDenied
from stripe_plugin.judge.values import CLEAR, UNKNOWN
from stripe_plugin.wire.reply import Lost, Reply

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
    """How many payments the emulator has."""
    done = terminal("run", "list_payment_intents", "--json")
    found: dict[str, Any] = json.loads(done.stdout)
    return len(found["output"]["data"])


def test_a_step_that_may_have_worked_takes_no_other_inputs(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A payment whose answer was lost is not made again with another amount, ever."""
    monkeypatch.setattr(Policy, "delay", lambda *_: 0.0)
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
    refusal = Reply(status, {}, b'{"error": {"param": 5, "code": 7, "message": "no"}}')
    error = drive(begun(CreateCustomer()), Lost("gone", sent=True), refusal).failure
    assert error.outcome_unknown
    assert str(error)


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
    direct = CreateCheckoutSession(
        mode=Mode.PAYMENT, line_items=items, success_url="https://a", cancel_url="https://b"
    )
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
        DeactivatePrice(price="price_1", extra={"active": True})
    with pytest.raises(InvalidInputs):
        RetrievePrice(price=UNKNOWN)


@pytest.mark.parametrize("extra", [{"\ud800": "x"}, {"metadata": {"\udc00": 1}}, {"a": "\ud800"}])
def test_what_cannot_be_written_is_refused(extra: dict[str, Any]) -> None:
    """Halves of surrogate pairs are refused as keys and as values, with nothing sent."""
    with Emulator() as world:
        connection = Connection("sk_test_emulator", in_process=world)
        world.faults.add(Fault("server_error", times=None))
        with Client(connection) as client, pytest.raises(InvalidInputs):
            client.run(RetrievePrice.read({"Price ID": "price_1"}, extra=extra))
        assert world.faults.list()[0]["hits"] == 0


# --- what hooks, processes and logs may do --------------------------------------------------------

CREATE = ("create_customer", {"Name": "Jenny Rosen"})
QUICK = Policy(retries=0, first_delay=0.0)
STEP = Step("s", *CREATE)


@pytest.fixture
def world() -> Iterator[Emulator]:
    """An empty emulator."""
    with Emulator() as made:
        yield made


@pytest.fixture
def once(world: Emulator, tmp_path: Path) -> Iterator[Run]:
    """Steps run once in it."""
    with Host.load(policy=QUICK) as host:
        who = Connection("sk_test_emulator", in_process=world)
        yield Run(host, who, "r1", Journal(tmp_path / "runs.db"))


def go(once: Run) -> Any:
    """The step's result, or the error that it ends in."""
    try:
        return once.step(STEP)
    except Exception as error:  # noqa: BLE001 - it is looked at
        return error


class Wrapper:
    """Does something around each run, as long as it is there."""

    def __init__(self, around: Callable[[Any], Any]) -> None:
        self.around: Callable[[Any], Any] | None = around

    @hookimpl(wrapper=True)
    def run_action(self) -> Generator[None, Any, Any]:
        """Raises before the run what `around(None)` raises, else gives what it gives."""
        if self.around:
            self.around(None)
        result = yield
        return self.around(result) if self.around else result


def quota(_: Any) -> None:
    """There is none left."""
    raise PermissionDenied(message="no quota", status=403)


def test_a_hooks_own_refusal_is_not_stripes(once: Run, world: Emulator) -> None:
    """After a lost answer, a hook's error of Stripe's kind does not settle what came of it."""
    world.faults.add(Fault("cut_after"))
    assert go(once).outcome_unknown
    once.host.register(wrapper := Wrapper(quota), "acme:quota")
    assert "no quota" in str(go(once))
    wrapper.around = None
    assert go(once).replayed
    assert world.executed("POST /v1/customers") == 1


def test_a_denied_step_was_not_begun(once: Run, world: Emulator) -> None:
    """A step that a hook denied is new when it is approved, with other inputs if need be."""
    once.host.register(wrapper := Wrapper(quota), "acme:quota")
    assert "no quota" in str(go(once))
    wrapper.around = None
    assert once.step(Step("s", "create_customer", {"Name": "John"})).output["name"] == "John"
    assert world.executed("POST /v1/customers") == 1


def test_an_observer_cannot_settle_an_outcome(once: Run, world: Emulator) -> None:
    """What an observer writes into an error is gone when the caller sees it."""

    class Meddling:
        @hookimpl
        def after_run(self, error: Any) -> None:
            error.outcome_unknown, error.status = False, 402

    once.host.register(Meddling(), "acme:meddling")
    world.faults.add(Fault("cut_after"))
    error = go(once)
    assert (error.outcome_unknown, error.status) == (True, None)


def test_a_hooks_timeout_says_that_it_may_be_executed(world: Emulator) -> None:
    """A run that a hook gives up waiting for may be executed: its error tells, with the key."""

    class Impatient:
        @hookimpl(wrapper=True)
        def run_action(self) -> Generator[None, Any, Any]:
            return (yield)

        @hookimpl(wrapper=True)
        def arun_action(self) -> Generator[None, Any, Any]:
            return asyncio.wait_for((yield), 0.2)

    async def run() -> None:
        async with Host.load() as host:
            host.register(Impatient(), "acme:impatient")
            who = Connection("sk_test_emulator", in_process=world)
            await host.arun(*CREATE, connection=who)

    world.faults.add(Fault("delay_after", seconds=0.6))
    with pytest.raises(HookFailed) as caught:
        asyncio.run(run())
    assert caught.value.error is not None
    assert caught.value.error.outcome_unknown
    key = caught.value.error.idempotency_key
    with Client(Connection("sk_test_emulator", in_process=world)) as client:
        assert client.run(CreateCustomer(name="Jenny Rosen"), RunContext(idempotency_key=key))
    assert world.executed("POST /v1/customers") == 1


def test_a_journal_that_fails_hides_no_result(once: Run, world: Emulator, tmp_path: Path) -> None:
    """Where the journal cannot be written after the run, the error has the result."""

    def lock(result: Any) -> Any:
        if result is not None:
            with closing(sqlite3.connect(tmp_path / "runs.db")) as database, database:
                database.execute("DROP TABLE kept")
        return result

    once.host.register(Wrapper(lock), "acme:lock")
    error = go(once)
    assert isinstance(error, HookFailed)
    assert error.result is not None
    assert error.result.output["name"] == "Jenny Rosen"


def test_a_log_that_fails_loses_no_result(world: Emulator) -> None:
    """Records of a host that have our names already, or a handler that raises, change nothing."""

    def factory(*given: Any, **more: Any) -> logging.LogRecord:
        record = logging.LogRecord(*given, **more)
        record.request_id = "the host's own"
        return record

    usual = logging.getLogRecordFactory()
    logger = logging.getLogger("stripe_plugin")
    level = logger.level
    try:
        logging.setLogRecordFactory(factory)
        logger.setLevel(logging.INFO)
        with Client(Connection("sk_test_emulator", in_process=world)) as client:
            assert client.run(CreateCustomer()).output["id"]
    finally:
        logging.setLogRecordFactory(usual)
        logger.setLevel(level)


def test_a_client_serves_one_place(world: Emulator) -> None:
    """A run whose connection is for another place is refused: its key would go astray."""
    with Client(Connection("sk_test_x", base_url="http://127.0.0.1:9")) as client:
        for other in (Connection("sk_test_y"), Connection("sk_test_y", in_process=world)):
            with pytest.raises(UsageError, match="another place"):
                client.run(CreateCustomer(), connection=other)


def test_a_live_key_is_not_for_the_emulator(world: Emulator) -> None:
    """A live key in a connection to the emulator is a mistake, and refused as anywhere."""
    with pytest.raises(UsageError, match="real money"):
        Connection("sk_live_abcdefgh", in_process=world)
