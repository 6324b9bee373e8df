"""A step of a run on an engine: a dict, the journal, one whose process dies at every point."""

import asyncio
import itertools
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import attrs
import pytest
from terminal_support import Counted, environment, python

from stripe_emulator import Emulator, Fault
from stripe_flow import Journal, Step, arun_step, run_step
from stripe_plugin import (
    Connection,
    HookFailed,
    Host,
    InvalidInputs,
    Policy,
    Result,
    StripeError,
    UsageError,
)

QUICK = Policy(retries=0)


def paying(card: str, amount: int = 2000) -> Step:
    """A payment that is confirmed at once with this card."""
    extra = {"confirm": True, "return_url": "https://example.com"}
    inputs = {"Amount": amount, "Currency": "usd", "Payment Method": f"pm_card_{card}"}
    return Step("pay", "create_payment_intent", inputs, extra=extra)


GOOD, BAD = paying("visa"), paying("chargeDeclined")
CREATED = "POST /v1/payment_intents"

Compute = Callable[[], Any]


class DictEngine:
    """The engine of the documentation: what is kept lasts as long as this object."""

    def __init__(self, _: Path) -> None:
        self.kept: dict[str, str] = {}

    def keep(self, name: str, compute: Compute) -> Any:
        """What `compute()` gave the first time under this name."""
        if name not in self.kept:
            self.kept[name] = json.dumps(compute())
        return json.loads(self.kept[name])


class JournalEngine:
    """The terminal's journal, opened anew for each call."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "runs.db"

    def keep(self, name: str, compute: Compute) -> Any:
        """What is in the file."""
        return Journal(self.file).keep("r1", name, compute)


Engine = DictEngine | JournalEngine


class Killed(BaseException):
    """The end of a process."""


@attrs.define
class Dying:
    """An engine whose process dies at its last call: before it is kept, or after."""

    engine: Engine
    calls: int
    kept: bool

    def keep(self, name: str, compute: Compute) -> Any:
        """What the engine gives, as long as the process lives."""
        self.calls -= 1
        if self.calls == 0 and not self.kept:
            raise Killed
        found = self.engine.keep(name, compute)
        if self.calls == 0:
            raise Killed
        return found


class Desk:
    """A host and an emulator, where steps are run by one of the two ways."""

    def __init__(self, world: Counted, how: str) -> None:
        self.world, self.how = world, how
        self.host = Host.load(policy=QUICK)

    def run(self, keep: Any, step: Step, account: str | None = None) -> Result:
        """The step's result."""
        connection = Connection("sk_test_emulator", account, in_process=self.world)
        if self.how == "sync":
            return run_step(keep, self.host, step, connection=connection, run_id="r1")
        return asyncio.run(self._arun(keep, step, connection))

    async def _arun(self, keep: Any, step: Step, connection: Connection) -> Result:
        async def later(name: str, compute: Compute) -> Any:
            await asyncio.sleep(0)
            return keep(name, compute)

        given = keep if self.how == "async" else later
        async with self.host:
            return await arun_step(given, self.host, step, connection=connection, run_id="r1")

    def charged(self) -> int:
        """How many payments were made, or refused while they were made."""
        return self.world.executed(CREATED)

    def paid(self) -> int:
        """How many payments have succeeded."""
        with self.world.store.transaction(write=False):
            sql = "SELECT body FROM objects WHERE kind = 'payment_intent'"
            rows = self.world.store.run(sql).fetchall()
        return len([body for (body,) in rows if json.loads(body)["status"] == "succeeded"])


@pytest.fixture(params=["sync", "async", "async engine"])
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    """An empty emulator."""
    with Counted() as world:
        yield Desk(world, request.param)


@pytest.fixture(params=[DictEngine, JournalEngine])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Engine:
    """Each engine."""
    made: Engine = request.param(tmp_path)
    return made


def failing(desk: Desk, keep: Any, step: Step) -> Any:
    """The error that a step ends in."""
    with pytest.raises((StripeError, UsageError, InvalidInputs, HookFailed)) as caught:
        desk.run(keep, step)
    return caught.value


# --- one process after another ------------------------------------------------------------------


def test_a_done_step_is_not_sent_again(desk: Desk, engine: Engine) -> None:
    """What is done is given again, with its secrets cut; other inputs are refused."""
    first = desk.run(engine.keep, GOOD)
    again = desk.run(engine.keep, GOOD)
    assert len(desk.world.asked) == 1
    assert again == attrs.evolve(first, output=first.as_dict()["output"], replayed=True)
    assert "was done in this run with other inputs" in str(failing(desk, engine.keep, BAD))
    assert len(desk.world.asked) == 1


def test_a_refused_card_and_another_one(desk: Desk, engine: Engine) -> None:
    """After a refused card the same run takes another card, or the same one once more."""
    for card in (BAD, BAD, paying("chargeDeclinedLostCard")):
        assert failing(desk, engine.keep, card).category == "card"
    result = desk.run(engine.keep, GOOD)
    assert result.output["status"] == "succeeded"
    assert not result.replayed
    assert desk.run(engine.keep, GOOD).output["id"] == result.output["id"]
    assert len(desk.world.asked) == 4


@pytest.mark.parametrize(("item", "other"), [("2026", "2026/1"), (None, "1"), (None, "/1")])
def test_no_item_is_taken_for_another(
    item: str | None, other: str, desk: Desk, engine: Engine
) -> None:
    """A try behind a refused one has a key that no other item has, whatever that is called."""
    assert failing(desk, engine.keep, attrs.evolve(BAD, item=item)).category == "card"
    for each in (item, other):
        assert not desk.run(engine.keep, attrs.evolve(GOOD, item=each)).replayed
    assert desk.paid() == 2


def test_no_step_is_taken_for_an_item(desk: Desk, engine: Engine) -> None:
    """What is kept of a step cannot be that of another's item."""
    desk.run(engine.keep, attrs.evolve(GOOD, item="1"))
    assert "has no [" in str(failing(desk, engine.keep, attrs.evolve(GOOD, id="pay[1]")))


def test_a_lost_answer_is_asked_for_again(desk: Desk, engine: Engine) -> None:
    """A payment that may be made is repeated under its key, and with no other inputs."""
    desk.world.faults.add(Fault("cut_after"))
    assert failing(desk, engine.keep, GOOD).outcome_unknown
    others = paying("visa", 3000)
    for _ in range(2):
        assert "may have been executed" in str(failing(desk, engine.keep, others))
    assert len(desk.world.asked) == 1
    assert desk.run(engine.keep, GOOD).replayed
    assert desk.charged() == 1


def test_what_was_surely_not_executed_leaves_nothing(desk: Desk, engine: Engine) -> None:
    """A step that was put off may come with other inputs, and under the same key."""
    desk.world.faults.add(Fault("rate_limit", times=2))
    first = failing(desk, engine.keep, BAD)
    second = failing(desk, engine.keep, GOOD)
    assert (first.outcome_unknown, first.idempotency_key) == (False, second.idempotency_key)
    assert not desk.run(engine.keep, GOOD).replayed
    assert desk.charged() == 1


def test_another_account_is_another_step(desk: Desk, engine: Engine) -> None:
    """What is kept for one account is never given for another."""
    desk.run(engine.keep, GOOD, "acct_1")
    assert "was done in this run" in str(failing(desk, engine.keep, GOOD))
    assert len(desk.world.asked) == 1


def test_wrong_inputs_leave_nothing(desk: Desk, engine: Engine) -> None:
    """Inputs that are refused before anything is sent, or an unknown action, are no begun step."""
    for step in (Step("pay", "create_payment_intent", {}), Step("pay", "create_paymnt", {})):
        failing(desk, engine.keep, step)
    assert desk.run(engine.keep, GOOD).output["status"] == "succeeded"


ENDLESS: dict[str, Any] = {}
ENDLESS["Metadata"] = ENDLESS
UNWRITABLE: list[tuple[Any, Any]] = [
    ({1: "a", "Amount": 2000}, {}),
    ({"Metadata": {1: "a", "b": "c"}}, {}),
    (ENDLESS, {}),
    ({"Amount": 10**5000}, {}),
    ({"Amount": 2000}, None),
    ({"Amount": 2000}, "metadata"),
]


@pytest.mark.parametrize(("inputs", "extra"), UNWRITABLE)
def test_inputs_that_are_no_json_leave_nothing(
    inputs: Any, extra: Any, desk: Desk, engine: Engine
) -> None:
    """What a journal could not write is refused as a host refuses it."""
    step = Step("pay", "create_payment_intent", inputs, extra=extra)
    assert isinstance(failing(desk, engine.keep, step), InvalidInputs)
    assert desk.run(engine.keep, GOOD).output["status"] == "succeeded"


DEATHS = [*itertools.product(range(1, 4), range(1, 6), (False, True))]


@pytest.mark.parametrize("fault", [None, "cut_after", "cut"])
@pytest.mark.parametrize("cards", [[GOOD], [BAD, GOOD]], ids=["good", "bad then good"])
@pytest.mark.parametrize(
    ("desk", "engine"),
    [("sync", DictEngine), ("async engine", DictEngine), ("sync", JournalEngine)],
    indirect=True,
)
def test_processes_that_end_at_any_call(
    cards: list[Step], fault: Any, desk: Desk, engine: Engine
) -> None:
    """Wherever two processes end, those after them make the payment, and it is made once."""
    every = isinstance(engine, DictEngine) and desk.how == "sync"
    deaths = DEATHS if every else DEATHS[::3]  # a disk and a loop take longer
    for first, second, kept in deaths:
        if fault:
            desk.world.faults.add(Fault(fault))
        name = f"pay_{first}_{second}_{kept}"
        for step in cards:
            named = attrs.evolve(step, id=name)
            ends = [Dying(engine, first, kept).keep, Dying(engine, second, kept).keep, engine.keep]
            done = [ended(desk, keep, named) for keep in (*ends, engine.keep)]
        assert len({each.output["id"] for each in done if each is not None}) == 1
    assert desk.paid() == len(deaths)


def ended(desk: Desk, keep: Any, step: Step) -> Any:
    """The step's result; None if its process ends, or it is not done."""
    try:
        return desk.run(keep, step)
    except (Killed, StripeError):
        return None


# --- processes at once --------------------------------------------------------------------------


class Meanwhile:
    """An engine that lets another process run the step at its nth call."""

    def __init__(self, engine: Engine, at: int, other: Callable[[], Any]) -> None:
        self.engine, self._left, self._other = engine, at, other

    def keep(self, name: str, compute: Compute) -> Any:
        """What the engine gives."""
        self._left -= 1
        if self._left == 0:
            self._other()
        return self.engine.keep(name, compute)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_two_processes_make_one_payment(desk: Desk, engine: Engine, at: int) -> None:
    """A process that comes at any point of another's step gives the same payment."""
    with Host.load(policy=QUICK) as host:
        who = Connection("sk_test_emulator", in_process=desk.world)
        found: list[Result] = []

        def other() -> None:
            found.append(run_step(engine.keep, host, GOOD, connection=who, run_id="r1"))

        result = desk.run(Meanwhile(engine, at, other).keep, GOOD)
    assert {each.output["id"] for each in found} <= {result.output["id"]}
    assert desk.charged() == 1


class Busy(Host):
    """A host that, when it is to run an action, first does something else."""

    first: Callable[[], None] = staticmethod(lambda: None)

    def run(self, *given: Any, **more: Any) -> Result:
        """The result, or the error."""
        first = self.first
        self.first = Busy.first
        first()
        return super().run(*given, **more)


def loaded() -> Busy:
    """A busy host with everything installed."""
    host: Any = Busy.load(policy=QUICK)
    assert isinstance(host, Busy)
    return host


def test_a_step_that_another_has_joined_stays_its(tmp_path: Path) -> None:
    """Whose own try failed cleanly does not end what another process works under meanwhile."""
    engine = DictEngine(tmp_path)
    host = loaded()
    with Counted() as world, host:
        who = Connection("sk_test_emulator", in_process=world)

        def other() -> None:
            # It sends, gets no answer, and then the first one is put off.
            world.faults.add(Fault("cut_after"))
            with pytest.raises(StripeError), Host.load(policy=QUICK) as another:
                run_step(engine.keep, another, GOOD, connection=who, run_id="r1")
            world.faults.add(Fault("rate_limit"))

        host.first = other
        with pytest.raises(StripeError):
            run_step(engine.keep, host, GOOD, connection=who, run_id="r1")
        with pytest.raises(UsageError, match="may have been executed"):
            run_step(engine.keep, host, BAD, connection=who, run_id="r1")
        result = run_step(engine.keep, host, GOOD, connection=who, run_id="r1")
        assert result.replayed
        assert world.executed(CREATED) == 1


def test_one_with_other_inputs_leaves_the_step_alone(tmp_path: Path) -> None:
    """Whoever comes meanwhile with other inputs is refused, and keeps nobody from going on."""
    engine = DictEngine(tmp_path)
    host = loaded()
    with Counted() as world, host:
        who = Connection("sk_test_emulator", in_process=world)

        def other() -> None:
            with pytest.raises(UsageError, match="may have been executed"):
                run_step(engine.keep, host, paying("visa", 1), connection=who, run_id="r1")

        host.first = other
        with pytest.raises(StripeError, match="declined"):
            run_step(engine.keep, host, BAD, connection=who, run_id="r1")
        assert not run_step(engine.keep, host, GOOD, connection=who, run_id="r1").replayed


def test_a_late_refusal_ends_only_its_own_try(tmp_path: Path) -> None:
    """What another process has begun since, a refusal that arrives late does not undo."""
    engine = DictEngine(tmp_path)
    host = loaded()
    with Counted() as world, host:
        who = Connection("sk_test_emulator", in_process=world)

        def other() -> None:
            with Host.load(policy=QUICK) as another:
                with pytest.raises(StripeError, match="declined"):
                    run_step(engine.keep, another, BAD, connection=who, run_id="r1")
                world.faults.add(Fault("cut_after"))
                with pytest.raises(StripeError):
                    run_step(engine.keep, another, GOOD, connection=who, run_id="r1")

        host.first = other
        with pytest.raises(StripeError, match="declined"):
            run_step(engine.keep, host, BAD, connection=who, run_id="r1")
        with pytest.raises(UsageError, match="may have been executed"):
            run_step(engine.keep, host, BAD, connection=who, run_id="r1")
        assert run_step(engine.keep, host, GOOD, connection=who, run_id="r1").replayed


def test_what_is_done_is_noted_beside_others(tmp_path: Path) -> None:
    """A result is kept although another process has gone on with the step since."""
    engine = DictEngine(tmp_path)
    host = loaded()
    with Counted() as world, host:
        who = Connection("sk_test_emulator", in_process=world)

        def other() -> None:
            world.faults.add(Fault("cut"))
            with pytest.raises(StripeError), Host.load(policy=QUICK) as another:
                run_step(engine.keep, another, GOOD, connection=who, run_id="r1")

        host.first = other
        result = run_step(engine.keep, host, GOOD, connection=who, run_id="r1")
        asked = len(world.asked)
        again = run_step(engine.keep, host, GOOD, connection=who, run_id="r1")
    assert again.output["id"] == result.output["id"]
    assert len(world.asked) == asked


def test_of_two_that_delete_both_have_deleted(tmp_path: Path) -> None:
    """Whoever came first, but deletes last, finds nothing: it is done all the same, and noted."""
    engine = DictEngine(tmp_path)
    host = loaded()
    with Counted() as world, host:
        who = Connection("sk_test_emulator", in_process=world)
        made = host.run("create_customer", {"Name": "Jenny Rosen"}, connection=who)
        gone = Step("gone", "delete_customer", {"Customer ID": made.output["id"]})

        def other() -> None:
            with Host.load(policy=QUICK) as another:
                run_step(engine.keep, another, gone, connection=who, run_id="r1")

        host.first = other
        result = run_step(engine.keep, host, gone, connection=who, run_id="r1")
        assert "finds it no more" in str(result.note)
        assert world.executed(f"DELETE /v1/customers/{made.output['id']}") == 1
        assert run_step(engine.keep, host, gone, connection=who, run_id="r1").replayed


def test_a_deletion_of_nothing_is_refused(desk: Desk, engine: Engine) -> None:
    """Where nobody else deletes, there was nothing to delete."""
    error = failing(desk, engine.keep, Step("gone", "delete_customer", {"Customer ID": "cus_1"}))
    assert error.code == "resource_missing"


# --- engines that fail --------------------------------------------------------------------------


def test_an_engine_that_fails_hides_no_result(desk: Desk, tmp_path: Path) -> None:
    """Where a result cannot be kept, the error has it; of an ending, the error says it."""
    engine = DictEngine(tmp_path)

    def full(name: str, compute: Compute) -> Any:
        if name.endswith("/0"):
            return engine.keep(name, compute)
        raise OSError("no room")

    error = failing(desk, full, GOOD)
    assert error.result.output["status"] == "succeeded"
    assert "no room" in str(error)
    engine.kept.clear()
    assert "no room" in failing(desk, full, BAD).__notes__[0]


@pytest.mark.parametrize(
    "entry", [None, [], {}, {"by": "x"}, {"end": "done"}, {"at": 1, "by": "x"}]
)
def test_an_engine_that_gives_something_else(entry: Any, desk: Desk) -> None:
    """What is none of a step's entries is refused by its name, and nothing is sent."""
    assert "pay/0/0" in str(failing(desk, lambda *_: entry, GOOD))
    assert desk.world.asked == []


# --- real processes -----------------------------------------------------------------------------

CHILD = """
import os, signal, sys
from stripe_emulator import Emulator
from stripe_flow import Journal, Step, run_step
from stripe_plugin import Connection, Host
folder, left, kept = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "after"
journal = Journal(f"{folder}/runs.db")

def keep(name, compute):
    global left
    left -= 1
    if not left and not kept:
        os.kill(os.getpid(), signal.SIGKILL)
    found = journal.keep("r1", name, compute)
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    return found

with Emulator(f"{folder}/emulator.db") as world, Host.load() as host:
    step = Step("make", "create_customer", {"Name": "Jenny Rosen"})
    who = Connection("sk_test_emulator", in_process=world)
    print(run_step(keep, host, step, connection=who, run_id="r1").output["id"])
"""


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_process_killed_at_every_call(moment: str, tmp_path: Path) -> None:
    """Killed between any two calls of the journal, a step is done once by who comes next."""
    for calls in itertools.count(1):
        folder = tmp_path / str(calls)
        folder.mkdir()
        command = [sys.executable, "-c", CHILD, str(folder), str(calls), moment]
        env = environment(folder)
        first = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        with Emulator(folder / "emulator.db") as world:
            made = next_one(folder, world)
            assert world.executed("POST /v1/customers") == 1
        if first.returncode == 0:
            break
        assert first.returncode == -signal.SIGKILL, first.stderr
    assert calls > 2
    assert (first.stdout, first.stderr) == (f"{made}\n", "")


def next_one(folder: Path, world: Emulator) -> str:
    """Runs the child's step on the files that it left, and gives the customer's ID."""
    keep = partial(Journal(folder / "runs.db").keep, "r1")
    step = Step("make", "create_customer", {"Name": "Jenny Rosen"})
    who = Connection("sk_test_emulator", in_process=world)
    with Host.load() as host:
        output = run_step(keep, host, step, connection=who, run_id="r1").output
    return str(output["id"])


def test_steps_need_no_terminal(tmp_path: Path) -> None:
    """Steps run on an engine of one's own without the terminal and what only it needs."""
    code = """
import sys
for name in ("click", "rich", "yaml", "jmespath", "stripe_terminal"):
    sys.modules[name] = None
from stripe_flow import Step, run_step
from stripe_plugin import Connection, Host
kept = {}
def keep(name, compute):
    return kept.setdefault(name, compute())
with Host.load() as host:
    step = Step("make", "create_customer", {"Name": "Jenny Rosen"})
    given = {"connection": Connection.emulator(), "run_id": "r1"}
    print(run_step(keep, host, step, **given) == run_step(keep, host, step, **given), [*kept])
"""
    assert python(code, tmp_path) == "False ['make/0/0', 'make/0/1']\n"
