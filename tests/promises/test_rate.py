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
from support import made

from stripe_emulator import Answer, Emulator, Fault, Server, serve
from stripe_plugin import AsyncClient, Client, Connection, Policy, Result, RunContext, UsageError
from stripe_plugin.run import pace
from stripe_plugin.run.exchange import exchange
from stripe_plugin.wire.reply import Reply

KEY = "sk_test_rate"
RUNS, RATE = 60, 100.0
QUICK = Policy(first_delay=0.05, longest_delay=0.2, timeout=20, budget=20)


class Bucket(Emulator):
    """An emulator that refuses like Stripe's limiter: some at once, then so many a second."""

    def __init__(self, burst: int, per_second: float) -> None:
        super().__init__()
        self._left, self._most, self._per_second = float(burst), burst, per_second
        self._seen, self._lock = time.monotonic(), threading.Lock()
        self.arrivals: dict[str, list[float]] = {}
        self.refused = 0

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer, or refuse for want of patience."""
        with self._lock:
            now, (self._seen, before) = time.monotonic(), (time.monotonic(), self._seen)
            key = {name.lower(): text for name, text in headers.items()}["authorization"]
            self.arrivals.setdefault(key.removeprefix("Bearer "), []).append(now)
            self._left = min(self._most, self._left + (now - before) * self._per_second)
            if self._left < 1:
                self.refused += 1
                said = {"error": {"type": "invalid_request_error", "code": "rate_limit"}}
                text = json.dumps(said).encode()
                return Answer(429, {"Content-Length": str(len(text))}, text)
            self._left -= 1
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
    """Many runs at once all succeed, exactly once, and hardly one meets Stripe's limit."""
    started = time.monotonic()
    results = bulk(Connection(KEY, base_url=server.url, rate=RATE), range(RUNS))
    assert len({result.output["id"] for result in results}) == RUNS
    assert world.executed("POST /v1/customers") == RUNS
    assert world.refused <= RUNS / 10
    assert world.arrivals[KEY][-1] - started >= (len(world.arrivals[KEY]) - 1) / RATE


@both
def test_it_is_off_by_default(bulk: Any, world: Bucket, server: Server) -> None:
    """Without a rate everything is sent at once, and Stripe's limit is met."""
    who = Connection(KEY, base_url=server.url)
    assert who.rate is None
    patient = Policy(retries=50, first_delay=0.05, longest_delay=0.2, timeout=20, budget=20)
    assert len(bulk(who, range(RUNS), patient)) == RUNS
    assert world.executed("POST /v1/customers") == RUNS
    assert world.refused > 0


@both
def test_mishaps_are_paced_too(bulk: Any, world: Bucket, server: Server) -> None:
    """What is sent again takes a turn as everything else; each run is still executed once."""
    world.faults.add(Fault("unavailable", times=10))
    world.faults.add(Fault("cut_after", times=10))
    started = time.monotonic()
    results = bulk(Connection(KEY, base_url=server.url, rate=RATE), range(RUNS))
    assert len(results) == world.executed("POST /v1/customers") == RUNS
    assert len(world.arrivals[KEY]) >= RUNS + 20
    assert world.arrivals[KEY][-1] - started >= (len(world.arrivals[KEY]) - 1) / RATE


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
    assert world.arrivals[KEY][-1] - started >= 39 / RATE
    assert max(world.arrivals["sk_test_other"]) < max(world.arrivals[KEY])


def test_whose_rate_it_is() -> None:
    """The same key, account and place have one rate, however often the connection is made."""
    one = Connection(KEY, rate=5)
    assert Connection(KEY, rate=5).whose == Connection(KEY, rate=6).whose == one.whose
    others = [
        Connection("sk_test_other", rate=5),
        Connection(KEY, "acct_1", rate=5),
        Connection(KEY, base_url="https://stripe.example", rate=5),
    ]
    assert len({other.whose for other in [one, *others]}) == 4
    assert KEY not in str(one.whose)


def test_a_vault_makes_its_connections_anew(world: Bucket, server: Server) -> None:
    """Runs one after another, each with a connection of its own, keep to the rate together."""
    started = time.monotonic()
    for number in range(5):
        who = Connection("sk_test_vault", base_url=server.url, rate=20)
        by_threads(who, range(number, number + 1))
    assert world.arrivals["sk_test_vault"][-1] - started >= 4 / 20


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf"), 10**9, 1e-12, "20"])
def test_a_rate_that_is_none(rate: Any) -> None:
    """A rate is a number of requests a second; anything else is told so."""
    with pytest.raises(UsageError, match="requests a second"):
        Connection(KEY, rate=rate)


def test_waiting_for_a_turn_costs_no_patience() -> None:
    """However long the queue, a run has its whole budget once it is its turn, and its retries."""
    who = Connection("sk_test_queue", rate=1)
    now = 0.0
    policy = Policy(timeout=10, budget=10, first_delay=0, clock=lambda: now)
    for place in range(1000):
        now = 0.0
        talk = exchange(create(place), who, RunContext(), policy)
        attempt = next(talk)
        assert attempt.turn() == place
        assert (attempt.delay, attempt.timeout, attempt.patience) == (0.0, 10.0, 10.0)
        now = float(place) + 9
        again = talk.send(Reply(429, {}, b"{}"))
        assert again.patience == 1.0  # nine seconds were Stripe's, the others our own
        talk.close()


@given(rate=st.floats(0.1, 1000), pauses=st.lists(st.floats(0, 100), min_size=1, max_size=50))
def test_turns_are_as_far_apart_as_the_rate_says(rate: float, pauses: list[float]) -> None:
    """Turns come in order, never closer than the rate allows, and never later than it demands."""
    whose, now, turns = object(), 0.0, list[float]()
    for pause in pauses:
        now += pause
        wait = pace.turn(whose, rate, now)
        assert wait >= 0
        turns.append(now + wait)
        assert wait == pytest.approx(max(0, turns[-2] + 1 / rate - now) if turns[1:] else 0)
    for earlier, later in pairwise(turns):
        assert later - earlier >= 1 / rate * 0.999
