"""After a stall a rate still holds: first a connection is free, then the turn is taken."""

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from network_support import Place, answer, eventually, requests
from support import made

from stripe_plugin import AsyncClient, Client, Connection, Policy
from stripe_plugin.client import pool

RATE, LINES, RUNS = 50, 4, 60
CREATE = made("create_customer", {"Name": "J"})
PATIENT = Policy(retries=0, timeout=60, budget=60)


class Stalled:
    """A server that answers nobody until it is told to, and notes when each request arrived."""

    def __init__(self) -> None:
        self.goes_on, self.arrived = threading.Event(), list[float]()

    def __call__(self, peer: socket.socket) -> None:
        """Serves a connection."""
        for _ in requests(peer):
            self.arrived.append(time.monotonic())
            self.goes_on.wait()
            answer(peer, {"id": "cus_1", "object": "customer"})

    def most_in_a_second(self) -> int:
        """Of the requests after the stall."""
        later = sorted(self.arrived[LINES:])
        return max(sum(start <= at < start + 1 for at in later) for start in later)


def threads(connection: Connection, when_all_wait: Callable[[], None]) -> None:
    """As many runs as there are threads."""
    with Client(connection, PATIENT) as client, ThreadPoolExecutor(RUNS) as executor:
        runs = [executor.submit(client.run, CREATE) for _ in range(RUNS)]
        when_all_wait()
        for run in runs:
            run.result()


def tasks(connection: Connection, when_all_wait: Callable[[], None]) -> None:
    """As many runs as there are tasks."""

    async def run() -> None:
        async with AsyncClient(connection, PATIENT) as client:
            runs = [asyncio.create_task(client.run(CREATE)) for _ in range(RUNS)]
            await asyncio.to_thread(when_all_wait)
            await asyncio.gather(*runs)

    asyncio.run(run())


@pytest.mark.parametrize("runs", [threads, tasks])
def test_a_stall_is_not_made_up_for(
    monkeypatch: pytest.MonkeyPatch, runs: Callable[[Connection, Callable[[], None]], None]
) -> None:
    """Runs that waited for a connection go out one turn after the other, not all at once."""
    monkeypatch.setattr(pool, "MOST", LINES)
    stalled = Stalled()

    def when_all_wait() -> None:
        assert eventually(lambda: len(stalled.arrived) == LINES, 30)
        time.sleep(2 * LINES / RATE)  # turns that are taken too early would pass by now
        stalled.goes_on.set()

    with Place(stalled) as place:
        runs(Connection("sk_test_stall", base_url=place.url, rate=RATE), when_all_wait)
    assert len(stalled.arrived) == RUNS
    assert stalled.most_in_a_second() <= RATE + 5


def test_who_waits_for_a_rate_holds_up_nobody_else() -> None:
    """A tenant with a thousand runs and a slow rate leaves the connections to the others."""
    friendly = Stalled()
    friendly.goes_on.set()
    with Place(friendly) as place:
        slow = Connection("sk_test_slow", base_url=place.url, rate=1)
        fast = Connection("sk_test_fast", base_url=place.url)
        client = Client(fast, PATIENT)
        with ThreadPoolExecutor(300) as executor:
            queued = [executor.submit(client.run, CREATE, connection=slow) for _ in range(300)]
            for _ in range(50):
                assert client.run(CREATE).output["id"] == "cus_1"
            assert sum(run.done() for run in queued) < 20
            client.close()
        assert all(run.done() for run in queued)


def test_slow_rates_hold_no_connection() -> None:
    """As many tenants of a slow rate as there are connections leave these to who has none."""
    server = Stalled()
    server.goes_on.set()
    with Place(server) as place:
        keys = [f"sk_test_slow{number}" for number in range(pool.MOST)]
        slow = [Connection(key, base_url=place.url, rate=0.01) for key in keys]
        client = Client(Connection("sk_test_fast", base_url=place.url), PATIENT)
        with ThreadPoolExecutor(2 * pool.MOST) as executor:
            first = [executor.submit(client.run, CREATE, connection=one) for one in slow]
            for run in first:
                run.result()
            second = [executor.submit(client.run, CREATE, connection=one) for one in slow]
            assert client.run(CREATE).output["id"] == "cus_1"
            client.close()
        assert all(run.exception() is not None for run in second)
