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
from support import made

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
from stripe_plugin.sandbox import Answer, Fault, Sandbox, Server, serve
from stripe_plugin.wire import Lost, Reply

KEY, KEY_HEADER, ABSENT = "sk_test_once", "idempotency-key", "resource_missing"
QUICK = Policy(retries=2, timeout=10, budget=5, first_delay=0.01, longest_delay=0.02)

# The network and Stripe on a bad day. None: nobody listens at Stripe's door.
MISHAPS: Mapping[str, Fault | None] = {
    "conflict": Fault("conflict"),
    "rate_limit": Fault("rate_limit", reason="global-rate"),
    "retry_after": Fault("rate_limit", reason="endpoint-rate", retry_after=1.0),
    "lock_timeout": Fault("lock_timeout"),
    "server_error": Fault("server_error"),
    "bad_gateway": Fault("bad_gateway"),
    "unavailable": Fault("unavailable"),
    "unreachable": None,
    "cut": Fault("cut"),
    "cut_after": Fault("cut_after"),
    "slow": Fault("delay_after", seconds=0.8),
    "truncated": Fault("truncate"),
    "invalid_json": Fault("invalid_json"),
    "wrong_type": Fault("wrong_type"),
}
# Where QUICK would not do: `slow` is longer than the timeout, and where Retry-After is a second
# without end, a budget below it leaves no time for another attempt.
POLICIES: Mapping[tuple[str, int | None], Policy] = {
    ("slow", 1): attrs.evolve(QUICK, timeout=0.2),
    ("slow", None): attrs.evolve(QUICK, timeout=0.2, retries=1),
    ("retry_after", None): attrs.evolve(QUICK, budget=0.9),
}

# The left half: the mishap strikes once. The right half: it strikes always.
# tries: attempts of the client; seen: requests at the server; done: executions there (of a GET
# none is counted); replay: the result says so; again: `retryable`; unknown: `outcome_unknown`.
# gone: `test_a_deletion_whose_answer_was_lost` has it.
EXPECTED = """
                      once                       | always
mishap       method   tries seen done replay     | tries seen done ends       status again unknown
conflict     GET      2     2    0    no         | 3     3    0    rate_limit 409    yes   no
conflict     POST     2     2    1    no         | 3     3    0    rate_limit 409    yes   no
conflict     DELETE   2     2    1    no         | 3     3    0    rate_limit 409    yes   no
rate_limit   GET      2     2    0    no         | 3     3    0    rate_limit 429    yes   no
rate_limit   POST     2     2    1    no         | 3     3    0    rate_limit 429    yes   no
rate_limit   DELETE   2     2    1    no         | 3     3    0    rate_limit 429    yes   no
retry_after  GET      2     2    0    no         | 1     1    0    rate_limit 429    yes   no
retry_after  POST     2     2    1    no         | 1     1    0    rate_limit 429    yes   no
retry_after  DELETE   2     2    1    no         | 1     1    0    rate_limit 429    yes   no
lock_timeout GET      2     2    0    no         | 3     3    0    rate_limit 429    yes   no
lock_timeout POST     2     2    1    no         | 3     3    0    rate_limit 429    yes   no
lock_timeout DELETE   2     2    1    no         | 3     3    0    rate_limit 429    yes   no
server_error GET      2     2    0    no         | 3     3    0    api        500    yes   no
server_error POST     2     2    1    no         | 3     3    0    api        500    yes   yes
server_error DELETE   2     2    1    no         | 3     3    0    api        500    yes   yes
bad_gateway  GET      2     2    0    no         | 3     3    0    api        502    yes   no
bad_gateway  POST     2     2    1    no         | 3     3    0    api        502    yes   yes
bad_gateway  DELETE   2     2    1    no         | 3     3    0    api        502    yes   yes
unavailable  GET      2     2    0    no         | 3     3    0    api        503    yes   no
unavailable  POST     2     2    1    no         | 3     3    0    api        503    yes   yes
unavailable  DELETE   2     2    1    no         | 3     3    0    api        503    yes   yes
unreachable  GET      2     1    0    no         | 3     0    0    connection -      yes   no
unreachable  POST     2     1    1    no         | 3     0    0    connection -      yes   no
unreachable  DELETE   2     1    1    no         | 3     0    0    connection -      yes   no
cut          GET      2     2    0    no         | 3     3    0    connection -      yes   no
cut          POST     2     2    1    no         | 3     3    0    connection -      yes   yes
cut          DELETE   2     2    1    no         | 3     3    0    connection -      yes   yes
cut_after    GET      2     2    0    no         | 3     3    0    connection -      yes   no
cut_after    POST     2     2    1    yes        | 3     3    1    connection -      yes   yes
cut_after    DELETE   gone                       | 3     3    1    connection -      yes   yes
slow         GET      2     2    0    no         | 2     2    0    connection -      yes   no
slow         POST     2     2    1    yes        | 2     2    1    connection -      yes   yes
slow         DELETE   gone                       | 2     2    1    connection -      yes   yes
truncated    GET      2     2    0    no         | 3     3    0    connection -      yes   no
truncated    POST     2     2    1    yes        | 3     3    1    connection -      yes   yes
truncated    DELETE   gone                       | 3     3    1    connection -      yes   yes
invalid_json GET      2     2    0    no         | 3     3    0    connection -      yes   no
invalid_json POST     2     2    1    yes        | 3     3    1    connection -      yes   yes
invalid_json DELETE   gone                       | 2     2    1    invalid_request 404 no  yes
wrong_type   GET      1     1    0    no         | 1     1    0    ok         -      -     -
wrong_type   POST     1     1    1    no         | 1     1    1    ok         -      -     -
wrong_type   DELETE   1     1    1    no         | 1     1    1    ok         -      -     -
"""
ROWS = [[half.split() for half in line.split("|")] for line in EXPECTED.splitlines()[3:]]
ONCE = [row[0] for row in ROWS if row[0][2:] != ["gone"]]
ALWAYS = [row[0][:2] + row[1] for row in ROWS]
GONE = [row[0][0] for row in ROWS if row[0][2:] == ["gone"]]


def cells(rows: list[list[str]]) -> list[Any]:
    """Rows of the table as parameters, named by mishap and method."""
    return [pytest.param(*row, id=f"{row[0]}-{row[1]}") for row in rows]


class Watched(Sandbox):
    """A sandbox that remembers the idempotency key of each request, and can add to its answers."""

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
    """A sandbox on a socket, where one customer is read, created or deleted under faults."""

    def __init__(self, world: Watched, url: str, stack: ExitStack) -> None:
        self.world, self.url, self._stack = world, url, stack

    def closed_door(self) -> tuple[str, Callable[[], object]]:
        """A place where nobody listens, and what makes the sandbox listen there."""
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
    """An empty sandbox behind the socket."""
    with Watched() as world, ExitStack() as stack:
        server._server.world = world
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
    assert [row[:2] for row in ALWAYS] == [[m, method] for m in MISHAPS for method in METHODS]
    assert len(ONCE) + len(GONE) == len(ALWAYS)


@BOTH
@pytest.mark.parametrize(("mishap", "method", "tries", "seen", "done", "replay"), cells(ONCE))
def test_a_mishap_is_recovered_from(
    desk: Desk, go: Go, mishap: str, method: str, tries: str, seen: str, done: str, replay: str
) -> None:
    """After one mishap the run succeeds, in time, having done its work exactly once."""
    trial = desk.strike(go, mishap, method, times=1)
    result = trial.result
    assert (result.attempts, trial.seen, trial.done) == (int(tries), int(seen), int(done))
    assert result.replayed == (replay == "yes")
    assert (method == "POST") or result.output["id"] == trial.customer
    assert result.output.get("deleted", False) == (method == "DELETE")
    if method == "POST":
        assert [customer["id"] for customer in desk.world.customers()] == [result.output["id"]]
        (key,) = trial.keys
        assert key is not None
        assert desk.world.executed(key) == 1
    check_once(desk, trial, method)
    least = 1.0 if mishap == "retry_after" else 0.0
    assert least <= trial.seconds < QUICK.budget


@BOTH
@pytest.mark.parametrize(
    ("mishap", "method", "tries", "seen", "done", "ends", "status", "again", "unknown"),
    cells(ALWAYS),
)
def test_a_mishap_without_end(
    desk: Desk,
    go: Go,
    mishap: str,
    method: str,
    tries: str,
    seen: str,
    done: str,
    ends: str,
    status: str,
    again: str,
    unknown: str,
) -> None:
    """The run ends in time with what is known of it, having done its work at most once."""
    trial = desk.strike(go, mishap, method, times=None)
    assert (trial.ended.attempts, trial.seen, trial.done) == (int(tries), int(seen), int(done))
    check_once(desk, trial, method)
    assert trial.seconds < POLICIES.get((mishap, None), QUICK).budget
    if ends == "ok":
        assert trial.result.output["object"] == "customer"
    else:
        error = trial.error
        assert (error.category, str(error.status or "-")) == (ends, status)
        assert (error.retryable, error.outcome_unknown) == (again == "yes", unknown == "yes")


@BOTH
@pytest.mark.parametrize("mishap", GONE)
def test_a_deletion_whose_answer_was_lost(desk: Desk, go: Go, mishap: str) -> None:
    """Today a deletion that was done, but whose answer was lost, ends in an uncertain 404."""
    trial = desk.strike(go, mishap, "DELETE", times=1)
    error = trial.error
    assert (error.attempts, trial.seen, trial.done) == (2, 2, 1)
    assert (error.category, error.status, error.code) == ("invalid_request", 404, ABSENT)
    assert (error.retryable, error.outcome_unknown) == (False, True)
    check_once(desk, trial, "DELETE")


@BOTH
@pytest.mark.parametrize(
    "mishap", ["cut_after", "slow", "truncated", "invalid_json", "unavailable"]
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
    assert 0.3 < trial.seconds < 0.7


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
    assert 0.3 < trial.seconds < 0.9


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
