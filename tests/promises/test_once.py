"""A step happens once, whatever the network and Stripe do to it: over a socket, by both clients."""

import asyncio
import json
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import attrs
import pytest
from support import REPOSITORY, made

from stripe_emulator import Answer, Emulator, Fault, Server, serve
from stripe_plugin import (
    Action,
    AsyncClient,
    Client,
    Connection,
    Policy,
    Result,
    RunContext,
    StripeError,
)
from stripe_plugin.wire.reply import Lost, Reply

KEY, KEY_HEADER = "sk_test_once", "idempotency-key"
SLACK = 1.0  # seconds beyond a bound, for a machine that has other things to do
QUICK = Policy(retries=2, timeout=10, budget=5, first_delay=0.01, longest_delay=0.02)

# The network and Stripe on a bad day. None: nobody listens at Stripe's door.
MISHAPS: Mapping[str, Fault | None] = {
    "409": Fault("conflict"),
    "429": Fault("rate_limit"),
    "429 with a reason": Fault("rate_limit", reason="global-rate"),
    "429 with Retry-After": Fault("rate_limit", reason="endpoint-rate", retry_after=1.0),
    "429 lock_timeout": Fault("lock_timeout"),
    "500": Fault("server_error"),
    "502 with HTML": Fault("bad_gateway"),
    "503": Fault("unavailable"),
    "no connection": None,
    "reset before execution": Fault("cut"),
    "reset after execution": Fault("cut_after"),
    "timeout after execution": Fault("delay_after", seconds=0.8),
    "truncated body": Fault("truncate"),
    "invalid JSON": Fault("invalid_json"),
    "wrong content type": Fault("wrong_type"),
}
# Where QUICK would not do: the late answer is later than the timeout, and where Retry-After is a
# second without end, a budget below it leaves no time for another attempt.
POLICIES: Mapping[tuple[str, int | None], Policy] = {
    ("timeout after execution", 1): attrs.evolve(QUICK, timeout=0.2),
    ("timeout after execution", None): attrs.evolve(QUICK, timeout=0.2, retries=1),
    ("429 with Retry-After", None): attrs.evolve(QUICK, budget=0.9),
}

# What is promised stands in the document that promises it: two halves, once and always, of
# attempts of the client, requests at the server, executions there, and how it ended.
DOCUMENT = (REPOSITORY / "SECURITY.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in DOCUMENT.partition("<!-- once -->")[2].partition("<!-- end -->")[0].splitlines()
    if line.startswith("|")
][2:]
ONCE = [row[:6] for row in ROWS]
ALWAYS = [row[:2] + row[6:] for row in ROWS]
seen_here: dict[tuple[str, ...], dict[str, str]] = {}


def cells(rows: list[list[str]]) -> list[Any]:
    """Rows of the table as parameters, named by mishap and method."""
    return [pytest.param(row, id=f"{row[0]}-{row[1]}".replace(" ", "_")) for row in rows]


class Watched(Emulator):
    """An emulator that remembers the idempotency key of each request, and can add to its answers."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[str | None] = []
        self.added: Mapping[str, str] = {}

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer as ever."""
        self.keys.append({name.lower(): text for name, text in headers.items()}.get(KEY_HEADER))
        found = super().answer(method, target, headers, body)
        return attrs.evolve(found, headers={**found.headers, **self.added})

    def customers(self) -> list[Any]:
        """The customers there are, asked without being counted."""
        plain = super().answer("GET", "/v1/customers", {"Authorization": f"Bearer {KEY}"}, b"")
        found: list[Any] = json.loads(plain.body)["data"]
        return found

    def customer(self) -> str:
        """A new customer, made without being counted."""
        made_ = super().answer("POST", "/v1/customers", {"Authorization": f"Bearer {KEY}"}, b"")
        return str(json.loads(made_.body)["id"])


@attrs.frozen(kw_only=True)
class Opening(Policy):
    """A policy that opens a door after the first attempt."""

    door: Callable[[], object]

    def delay(self, attempt: int, reply: Reply | Lost) -> float | None:
        """As long as ever."""
        if attempt == 1:
            self.door()
        return super().delay(attempt, reply)


Go = Callable[..., Result]


def plainly(action: Action, place: str, policy: Policy, context: RunContext | None) -> Result:
    """Runs an action there."""
    with Client(Connection(KEY, base_url=place), policy) as client:
        return client.run(action, context)


def with_asyncio(action: Action, place: str, policy: Policy, context: RunContext | None) -> Result:
    """Runs an action there, with asyncio."""

    async def run() -> Result:
        async with AsyncClient(Connection(KEY, base_url=place), policy) as client:
            return await client.run(action, context)

    return asyncio.run(run())


BOTH = pytest.mark.parametrize("go", [plainly, with_asyncio], ids=["sync", "async"])
METHODS = ("GET", "POST", "DELETE")


@attrs.frozen
class Trial:
    """What came of one run: its result or error, and what the server saw."""

    ended: Result | StripeError
    seen: int
    done: int
    keys: set[str | None]
    seconds: float
    customer: str

    @property
    def result(self) -> Result:
        """The result that there must be."""
        assert isinstance(self.ended, Result), f"{self.ended}"
        return self.ended

    @property
    def error(self) -> StripeError:
        """The error that there must be."""
        assert isinstance(self.ended, StripeError), f"{self.ended}"
        return self.ended


class Desk:
    """An emulator on a socket, where one customer is read, created or deleted under faults."""

    def __init__(self, world: Watched, url: str, stack: ExitStack) -> None:
        self.world, self.url, self._stack = world, url, stack

    def closed_door(self) -> tuple[str, Callable[[], object]]:
        """A place where nobody listens, and what makes the emulator listen there."""
        held = self._stack.enter_context(socket.socket())
        held.bind(("127.0.0.1", 0))
        port = held.getsockname()[1]

        def open_() -> None:
            held.close()
            self._stack.enter_context(serve(self.world, port))

        return f"http://127.0.0.1:{port}", open_

    def strike(self, go: Go, mishap: str, method: str, times: int | None) -> Trial:
        """One run under a mishap."""
        fault, policy = MISHAPS[mishap], POLICIES.get((mishap, times), QUICK)
        if fault is not None:
            return self.run(go, method, attrs.evolve(fault, times=times), policy=policy)
        place, open_ = self.closed_door()
        opening = Opening(
            retries=policy.retries,
            first_delay=policy.first_delay,
            longest_delay=policy.longest_delay,
            door=open_ if times else int,
        )
        return self.run(go, method, policy=opening, place=place)

    def run(
        self,
        go: Go,
        method: str,
        *faults: Fault,
        policy: Policy = QUICK,
        place: str | None = None,
        context: RunContext | None = None,
    ) -> Trial:
        """One run under faults, as it ends; they strike nothing else."""
        customer = "" if method == "POST" else self.world.customer()
        inputs = {"Name": "Jenny Rosen"} if method == "POST" else {"Customer ID": customer}
        verb = {"GET": "retrieve", "POST": "create", "DELETE": "delete"}[method]
        action, place = made(f"{verb}_customer", inputs), place or self.url
        path = f"{method} /v1/customers" + (f"/{customer}" if customer else "")
        seen, done = len(self.world.keys), self.world.executed(path)
        for fault in faults:
            self.world.faults.add(fault)
        started = time.monotonic()
        try:
            ended: Result | StripeError = go(action, place, policy, context)
        except StripeError as error:
            ended = error
        self.world.faults.clear()
        seconds, keys = time.monotonic() - started, self.world.keys[seen:]
        done = self.world.executed(path) - done
        return Trial(ended, len(keys), done, set(keys), seconds, customer)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One socket for all tests: closing it takes longer than most of them."""
    with Watched() as world, serve(world) as server:
        yield server


@pytest.fixture
def desk(server: Server) -> Iterator[Desk]:
    """An empty emulator behind the socket."""
    with Watched() as world, ExitStack() as stack:
        server.emulator = world
        yield Desk(world, server.url, stack)


def check_once(desk: Desk, trial: Trial, method: str) -> None:
    """One key over all attempts of a POST and none of others; at most one thing was done."""
    if isinstance(trial.ended, StripeError):
        assert (trial.error.idempotency_key is None) == (method != "POST")
    if trial.seen:
        assert len(trial.keys) == 1
        assert (trial.keys == {None}) == (method != "POST")
        if isinstance(trial.ended, StripeError):
            assert trial.keys == {trial.error.idempotency_key}
    there = {"GET": 1, "POST": trial.done, "DELETE": 1 - trial.done}[method]
    assert len(desk.world.customers()) == there


# --- the matrix -----------------------------------------------------------------------------------


def test_the_table_is_complete() -> None:
    """The table has a row for every mishap and method, once."""
    assert [row[:2] for row in ROWS] == [[m, method] for m in MISHAPS for method in METHODS]


def ended(trial: Trial) -> list[str]:
    """How a run ended, as the right half of the table says it."""
    if isinstance(trial.ended, Result):
        return [success(trial), "", ""]
    error = trial.error
    kind = " ".join(str(word) for word in (error.category, error.status, error.code) if word)
    yes = {True: "yes", False: "no"}
    return [kind, yes[error.retryable], yes[error.outcome_unknown]]


def success(trial: Trial) -> str:
    """The kinds of success."""
    if trial.result.note:
        return "gone"
    return "replay" if trial.result.replayed else "done"


def noted(half: str, row: list[str], trial: Trial, found: list[str]) -> None:
    """Keeps what was seen for the table that is printed; both clients must have seen the same."""
    said = " | ".join(found)
    known = seen_here.setdefault((row[0], row[1]), {}).setdefault(half, said)
    assert known == said
    took = seen_here[row[0], row[1]].get("took", "0")
    seen_here[row[0], row[1]]["took"] = f"{max(float(took), trial.seconds):.2f}"


@BOTH
@pytest.mark.parametrize("row", cells(ONCE))
def test_a_mishap_is_recovered_from(desk: Desk, go: Go, row: list[str]) -> None:
    """After one mishap the run succeeds, in time, having done its work exactly once."""
    mishap, method, *promised = row
    trial = desk.strike(go, mishap, method, times=1)
    counts = [str(number) for number in (trial.result.attempts, trial.seen, trial.done)]
    assert [*counts, success(trial)] == promised
    assert trial.done == (method != "GET")
    output = trial.result.output
    assert (method == "POST") or output["id"] == trial.customer
    assert output.get("deleted", False) == (method == "DELETE")
    if method == "POST":
        assert [customer["id"] for customer in desk.world.customers()] == [output["id"]]
        (key,) = trial.keys
        assert key is not None
        assert desk.world.executed(key) == 1
    check_once(desk, trial, method)
    least = 1.0 if mishap == "429 with Retry-After" else 0.0
    assert least <= trial.seconds < QUICK.budget
    noted("once", row, trial, promised)


@BOTH
@pytest.mark.parametrize("row", cells(ALWAYS))
def test_a_mishap_without_end(desk: Desk, go: Go, row: list[str]) -> None:
    """The run ends in time with what is known of it, having done its work at most once."""
    mishap, method, *promised = row
    trial = desk.strike(go, mishap, method, times=None)
    counts = [str(number) for number in (trial.ended.attempts, trial.seen, trial.done)]
    found = [*counts, *ended(trial)]
    assert found == promised
    assert trial.done <= (method != "GET")
    check_once(desk, trial, method)
    assert trial.seconds < POLICIES.get((mishap, None), QUICK).budget
    if isinstance(trial.ended, Result):
        assert trial.result.output["object"] == "customer"
    noted("always", row, trial, promised)


def test_the_table_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """What was seen, with the longest time that it took, is the table that is promised."""
    if len(seen_here) < len(ROWS):
        pytest.skip("only a part of the matrix was run")
    with capsys.disabled():
        print(f"\n{'':<24} {'':<6} | once {'':<16} | always")  # noqa: T201 - it is asked for
        for (mishap, method), seen in seen_here.items():
            half, other = f"{seen['once']:<20}", f"{seen['always']:<62}"
            print(f"{mishap:<24} {method:<6} | {half}  | {other} {seen['took']} s")  # noqa: T201
    halves = [f"{seen['once']} | {seen['always']}" for seen in seen_here.values()]
    assert halves == [" | ".join(row[2:]) for row in ROWS]


@BOTH
def test_a_deletion_whose_answer_was_lost(desk: Desk, go: Go) -> None:
    """A deletion that was done, but whose answer was lost, is a success that says so."""
    result = desk.strike(go, "reset after execution", "DELETE", times=1).result
    assert result.note is not None
    assert "answer was lost" in result.note
    assert result.replayed
    assert (result.output["object"], result.output["deleted"]) == ("customer", True)


@BOTH
def test_a_deletion_of_what_never_was(desk: Desk, go: Go) -> None:
    """Where no earlier try may have deleted it, an object that is not there is an error."""
    with pytest.raises(StripeError) as caught:
        go(made("delete_customer", {"Customer ID": "cus_absent"}), desk.url, QUICK, None)
    assert (caught.value.status, caught.value.code) == (404, "resource_missing")
    assert not caught.value.outcome_unknown


@BOTH
@pytest.mark.parametrize(
    "mishap",
    ["reset after execution", "timeout after execution", "truncated body", "invalid JSON", "503"],
)
def test_a_failed_run_is_repeated_under_its_key(desk: Desk, go: Go, mishap: str) -> None:
    """Run again under the key that the error names, a creation ends with its one object."""
    failed = desk.strike(go, mishap, "POST", times=None).error
    key = RunContext(idempotency_key=failed.idempotency_key)
    results = [desk.run(go, "POST", context=key).result for _ in range(2)]
    assert results[1].replayed
    assert [customer["id"] for customer in desk.world.customers()] == [results[1].output["id"]]
    assert results[0].output == results[1].output


# --- who decides whether it is tried again --------------------------------------------------------


@BOTH
def test_a_stored_failure_is_not_hammered(desk: Desk, go: Go) -> None:
    """A 500 that Stripe keeps under the key is asked for once more, then taken for what it is."""
    patient = attrs.evolve(QUICK, retries=9)
    key = RunContext(idempotency_key="kept")
    trial = desk.run(go, "POST", Fault("stored_error"), policy=patient, context=key)
    assert (trial.error.attempts, trial.seen, trial.done) == (2, 2, 0)
    assert (trial.error.category, trial.error.status) == ("api", 500)
    assert (trial.error.retryable, trial.error.outcome_unknown) == (False, True)
    again = desk.run(go, "POST", policy=patient, context=key)
    assert (again.error.attempts, again.seen, again.done) == (1, 1, 0)
    assert desk.run(go, "POST", policy=patient).done == 1


@BOTH
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["conflict", "rate_limit", "server_error", "unavailable"])
def test_stripe_says_no(desk: Desk, go: Go, kind: Any, method: str) -> None:
    """Stripe-Should-Retry: false ends what would have been tried again."""
    trial = desk.run(go, method, Fault(kind, should_retry=False))
    assert (trial.error.attempts, trial.seen, trial.done) == (1, 1, 0)
    assert not trial.error.retryable
    assert trial.error.outcome_unknown == (
        method != "GET" and kind in ("server_error", "unavailable")
    )


@BOTH
def test_stripe_says_yes(desk: Desk, go: Go) -> None:
    """Stripe-Should-Retry: true repeats a refusal and a stored failure, else left alone."""
    key = RunContext(idempotency_key="kept")
    assert desk.run(go, "POST", Fault("stored_error"), context=key).error.attempts == 2
    desk.world.added = {"Stripe-Should-Retry": "true"}
    trial = desk.run(go, "POST", context=key)
    assert (trial.error.attempts, trial.seen, trial.done) == (3, 3, 0)
    assert trial.error.retryable
    with pytest.raises(StripeError) as caught:
        go(made("retrieve_customer", {"Customer ID": "cus_absent"}), desk.url, QUICK, None)
    assert (caught.value.status, caught.value.attempts) == (404, 3)


# --- time, and many at once -----------------------------------------------------------------------


@BOTH
def test_the_budget_ends_many_attempts(desk: Desk, go: Go) -> None:
    """However many attempts are allowed, none begins after the budget."""
    policy = attrs.evolve(QUICK, retries=10_000, budget=0.4)
    trial = desk.run(go, "POST", Fault("unavailable", times=None), policy=policy)
    assert trial.error.attempts == trial.seen > 2
    assert len(trial.keys) == 1
    assert 0.3 < trial.seconds < 0.4 + SLACK


@BOTH
def test_the_budget_ends_a_long_wait(desk: Desk, go: Go) -> None:
    """An answer that does not come is not waited for beyond the budget, whatever the timeout."""
    policy = attrs.evolve(QUICK, timeout=60, budget=0.4)
    trial = desk.run(go, "POST", Fault("delay_after", seconds=2), policy=policy)
    assert (trial.error.category, trial.error.outcome_unknown, trial.done) == (
        "connection",
        True,
        1,
    )
    assert 0.3 < trial.seconds < 0.4 + SLACK


@BOTH
def test_a_run_that_is_started_many_times_at_once(desk: Desk, go: Go) -> None:
    """A run started eight times at once, with cuts, creates one object and all get it."""
    place, policy = desk.url, attrs.evolve(QUICK, retries=100)
    desk.world.faults.add(Fault("cut_after", times=3))
    desk.world.faults.add(Fault("delay", times=3, seconds=0.05))
    action, context = made("create_customer", {"Name": "J"}), RunContext(run_id="r", step="s")
    with ThreadPoolExecutor(8) as pool:
        runs = [pool.submit(go, action, place, policy, context) for _ in range(8)]
        found = {run.result().output["id"] for run in runs}
    assert found == {customer["id"] for customer in desk.world.customers()}
    assert len(found) == desk.world.executed("POST /v1/customers") == 1
    assert len(set(desk.world.keys)) == 1
