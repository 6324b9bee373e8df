"""A connection sends no more requests a second than it was told: across threads and tasks."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from network_support import skip_waits
from support import made

from stripe_emulator import Answer, Emulator, Fault, Server, serve
from stripe_plugin import AsyncClient, Client, Connection, Policy, Result, UsageError
from stripe_plugin.client import client
from stripe_plugin.client.line import AsyncLine, Line
from stripe_plugin.client.pool import AsyncPool, Pool
from stripe_plugin.errors import RateLimited
from stripe_plugin.run import pace
from stripe_plugin.run.exchange import Send
from stripe_plugin.wire.reply import Reply

KEY = "sk_test_rate"
RUNS, RATE = 60, 200.0
TICK = 0.001  # seconds by which a clock may be wrong
QUICK = Policy(first_delay=0.05, longest_delay=0.2, timeout=60, budget=60)


class Bucket(Emulator):
    """An emulator that refuses like Stripe's limiter: some at once, then so many a second."""

    def __init__(self, burst: int, per_second: float) -> None:
        super().__init__()
        self._burst, self._per_second = burst, per_second
        self._began, self._lock = time.monotonic(), threading.Lock()
        self.arrivals: dict[str, list[float]] = {}
        self.refused = 0

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer, or refuse for want of patience."""
        with self._lock:
            now = time.monotonic()
            key = {name.lower(): text for name, text in headers.items()}["authorization"]
            self.arrivals.setdefault(key.removeprefix("Bearer "), []).append(now)
            seen = sum(map(len, self.arrivals.values()))
            if seen > self._burst + (now - self._began) * self._per_second:
                self.refused += 1
                return too_many()
        return super().answer(method, target, headers, body)


def too_many() -> Answer:
    """Stripe's limiter says no."""
    said = {"error": {"type": "invalid_request_error", "code": "rate_limit"}}
    text = json.dumps(said).encode()
    return Answer(429, {"Content-Length": str(len(text))}, text)


class Crowd(Emulator):
    """An emulator that waits for a crowd of requests, and refuses all but a few of them."""

    def __init__(self, all_of: int, taken: int) -> None:
        super().__init__()
        self._there, self._taken = threading.Barrier(all_of), taken
        self._crowd = iter(range(all_of))
        self.refused = 0

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer, or refuse; whoever comes later is answered."""
        number = next(self._crowd, None)
        if number is not None:
            self._there.wait(30)
            if number >= self._taken:
                self.refused += 1
                return too_many()
        return super().answer(method, target, headers, body)


@pytest.fixture
def world() -> Iterator[Bucket]:
    """Stripe with a limit a little above what the connections are told."""
    with Bucket(burst=10, per_second=RATE * 1.5) as made_:
        yield made_


@pytest.fixture
def server(world: Bucket) -> Iterator[Server]:
    """It on a socket."""
    with serve(world) as listening:
        yield listening


def check_paced(arrivals: list[float], started: float, rate: float = RATE) -> None:
    """None arrived before its turn, however late the machine made it."""
    for number, arrived in enumerate(arrivals):
        assert arrived - started >= number / rate - TICK


def create(number: int) -> Any:
    """One run of a bulk."""
    return made("create_customer", {"Name": f"Customer {number}"})


def by_threads(who: Connection, numbers: range, policy: Policy = QUICK) -> list[Result]:
    """A bulk, in as many threads as runs."""
    with Client(who, policy) as client, ThreadPoolExecutor(len(numbers)) as pool:
        return list(pool.map(client.run, map(create, numbers)))


def by_tasks(who: Connection, numbers: range, policy: Policy = QUICK) -> list[Result]:
    """A bulk, in as many tasks as runs."""

    async def bulk() -> list[Result]:
        async with AsyncClient(who, policy) as client:
            return await asyncio.gather(*(client.run(create(number)) for number in numbers))

    return asyncio.run(bulk())


both = pytest.mark.parametrize("bulk", [by_threads, by_tasks])


@both
def test_a_bulk_run_keeps_to_its_rate(bulk: Any, world: Bucket, server: Server) -> None:
    """Many runs at once all succeed, exactly once, and none meets Stripe's limit."""
    started = time.monotonic()
    results = bulk(Connection(KEY, base_url=server.url, rate=RATE), range(RUNS))
    assert len({result.output["id"] for result in results}) == RUNS
    assert world.executed("POST /v1/customers") == RUNS
    assert world.refused == 0
    check_paced(world.arrivals[KEY], started)


@both
def test_it_is_off_by_default(bulk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a rate no turn is taken: everything is sent at once, and Stripe's limit is met."""
    monkeypatch.setattr(pace, "reserve", pytest.fail)
    with Crowd(all_of=RUNS, taken=10) as world, serve(world) as server:
        who = Connection(KEY, base_url=server.url)
        assert who.rate is None
        assert len(bulk(who, range(RUNS))) == RUNS
        assert world.executed("POST /v1/customers") == RUNS
        assert world.refused == RUNS - 10


@both
def test_mishaps_are_paced_too(bulk: Any, world: Bucket, server: Server) -> None:
    """What is sent again takes a turn as everything else; each run is still executed once."""
    world.faults.add(Fault("unavailable", times=10))
    world.faults.add(Fault("cut_after", times=10))
    started = time.monotonic()
    results = bulk(Connection(KEY, base_url=server.url, rate=RATE), range(RUNS))
    assert len(results) == world.executed("POST /v1/customers") == RUNS
    assert len(world.arrivals[KEY]) >= RUNS + 20
    check_paced(world.arrivals[KEY], started)


def test_one_rate_for_all_that_use_a_key(world: Bucket, server: Server) -> None:
    """Threads and tasks share the rate of a key, whoever makes the connections; others do not."""

    def connection(key: str) -> Connection:
        return Connection(key, base_url=server.url, rate=RATE)

    bulks = [
        (by_threads, KEY, range(20)),
        (by_tasks, KEY, range(20, 40)),
        (by_threads, "sk_test_other", range(40, 45)),
    ]
    started = time.monotonic()
    with ThreadPoolExecutor(len(bulks)) as pool:
        runs = [pool.submit(bulk, connection(key), numbers) for bulk, key, numbers in bulks]
        assert sum(len(run.result()) for run in runs) == 45
    assert len(world.arrivals[KEY]) == 40
    check_paced(world.arrivals[KEY], started)


def test_whose_rate_it_is() -> None:
    """The same key, account and place have one rate, however often the connection is made."""
    one = Connection(KEY, rate=5)
    assert Connection(KEY, rate=5).identity == Connection(KEY, rate=6).identity == one.identity
    others = [
        Connection("sk_test_other", rate=5),
        Connection(KEY, "acct_1", rate=5),
        Connection(KEY, base_url="https://stripe.example", rate=5),
    ]
    assert len({other.identity for other in [one, *others]}) == 4
    assert KEY not in str(one.identity)


def test_a_vault_makes_its_connections_anew(world: Bucket, server: Server) -> None:
    """Runs one after another, each with a connection of its own, keep to the rate together."""
    started = time.monotonic()
    for number in range(5):
        who = Connection("sk_test_vault", base_url=server.url, rate=20)
        by_threads(who, range(number, number + 1))
    check_paced(world.arrivals["sk_test_vault"], started, rate=20)


@both
def test_nobody_waits_for_anothers_rate(
    bulk: Any, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one tenant's next turn is far away, another's run goes at once."""
    waits = skip_waits(monkeypatch)
    for name in ("busy", "free"):
        who = Connection(f"sk_test_{name}_{bulk.__name__}", base_url=server.url, rate=0.001)
        assert [len(bulk(who, range(1))) for _ in range(2)] == [1, 1]
    # Each run waits without a connection until its turn is due, and then for the turn itself,
    # which is as far away again, since no time passes here.
    for of_tenant in (waits[:4], waits[4:]):
        due, turn, due_again, turn_again = of_tenant
        assert due == turn == 0.0
        assert min(due_again, turn_again) > 500  # of a thousand seconds


@pytest.mark.parametrize(
    "rate",
    [0, -1, float("nan"), float("inf"), 10**9, 1e-12, "20", 10**400],
    ids=lambda rate: str(rate)[:9],
)
def test_a_rate_that_is_none(rate: Any) -> None:
    """A rate is a number of requests a second; anything else is told so."""
    with pytest.raises(UsageError, match="requests a second"):
        Connection(KEY, rate=rate)


class Queue:
    """A clock that waiting moves, and a Stripe that takes nine seconds to say no."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.asked: list[tuple[float, float, float]] = []
        self.monotonic = lambda: self.now
        monkeypatch.setattr(client, "time", self)
        for kind, how in {Pool: self._sleep, AsyncPool: self._sleep_async}.items():
            monkeypatch.setattr(kind, "sleep", how)
        for line, answer in {Line: self._answer, AsyncLine: self._answer_async}.items():
            monkeypatch.setattr(line, "ask", lambda _, __, send, began, to=answer: to(send, began))

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    async def _sleep_async(self, seconds: float) -> None:
        self._sleep(seconds)

    def _answer(self, send: Send, began: float) -> Reply:
        self.asked.append((self.now - began, send.timeout, send.patience))
        self.now += 9
        return Reply(429, {}, b"{}", took=9.0)

    async def _answer_async(self, send: Send, began: float) -> Reply:
        return self._answer(send, began)


@both
def test_waiting_for_a_turn_costs_no_patience(bulk: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """However long the queue, a run has its whole budget once it is its turn, and its retries."""
    who, queue = Connection(f"sk_test_queue_{bulk.__name__}", rate=1), Queue(monkeypatch)
    for place in range(1000):
        assert pace.reserve(who.identity, 1, 0.0) == place
    with pytest.raises(RateLimited):
        bulk(who, range(1), Policy(timeout=10, budget=10, first_delay=0))
    # Nine seconds were Stripe's; the thousand were our own.
    assert queue.asked == [(0.0, 10.0, 10.0), (0.0, 1.0, 1.0)]
    assert queue.now == 1000 + 9 + 9


@given(rate=st.floats(0.1, 1000), pauses=st.lists(st.floats(0, 100), min_size=1, max_size=50))
def test_turns_are_as_far_apart_as_the_rate_says(rate: float, pauses: list[float]) -> None:
    """Turns come in order, never closer than the rate allows, and never later than it demands."""
    identity, now, turns = object(), 0.0, list[float]()
    for pause in pauses:
        now += pause
        wait = pace.reserve(identity, rate, now)
        assert wait >= 0
        turns.append(now + wait)
        assert wait == pytest.approx(max(0, turns[-2] + 1 / rate - now) if turns[1:] else 0)
    for earlier, later in pairwise(turns):
        assert later - earlier >= 1 / rate * 0.999
