"""Does memory stay flat, however long it runs? `make soak`, or: python tests/soak.py [RUNS].

Half the runs are threads', half asyncio's, over 1,000 connections that come and go, against a
server in a process of its own: successes, refusals, wrong inputs, and mishaps that are retried.
"""

import asyncio
import gc
import os
import resource
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from network_support import Place, answer, descriptors, requests, reset

from stripe_nodes import CreateCustomer
from stripe_plugin import (
    AsyncClient,
    Client,
    Connection,
    Host,
    InvalidInputs,
    Policy,
    RunContext,
    StripeError,
    hookimpl,
)

RUNS, LEGS, KEYS, AT_ONCE = 50_000, 10, 1_000, 40
MOST_MEGABYTES = 10  # that the process may grow by, and
MOST_BLOCKS = 1_500  # of memory that it may hold more, of 200,000: from 10 % to 100 % of the runs
QUICK = Policy(retries=2, first_delay=0.001, longest_delay=0.002)
# What comes of a run, by the last digit of its number; the others succeed.
REFUSED, WRONG = {1: 402, 2: 500}, 9  # the latter is not even sent
ONCE = {3: 429, 4: 503, 5: 0}  # 0: the connection is reset


# --- the server -----------------------------------------------------------------------------------


def behave(peer: socket.socket) -> None:
    """Fails as the idempotency key says: always, or for the first time."""
    for heard in requests(peer):
        key = heard.headers["idempotency-key"]
        digit = int(key[-1])
        if digit in REFUSED:
            error = {"type": "api_error", "message": "No."}
            answer(peer, {"error": error}, REFUSED[digit])
        elif digit in ONCE and key not in struck:
            struck.add(key)
            if not ONCE[digit]:
                reset(peer)
            answer(peer, {}, ONCE[digit])
        else:
            answer(peer, {"id": "cus_1", "object": "customer", "name": key * 20})


struck: set[str] = set()


@contextmanager
def server() -> Iterator[str]:
    """The address of a server in a process of its own, which lives as long as its stdin."""
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, __file__, "serve"], stdin=pipe, stdout=pipe) as process:
        assert process.stdout is not None
        yield process.stdout.readline().decode().strip()
        assert process.stdin is not None
        process.stdin.close()


# --- the runs -------------------------------------------------------------------------------------


class Observer:
    """Counts how runs end, as observers do."""

    def __init__(self) -> None:
        self.ends = Counter[str]()

    @hookimpl
    def after_run(self, result: Any, error: Any) -> None:
        """Called after every run of a host."""
        self.ends["done" if result else type(error).__name__] += 1


class Soak:
    """Runs by number: every other one by a host, which lives on, or by a client of the leg."""

    def __init__(self, url: str, keys: int) -> None:
        self._url, self._keys, self.seen = url, keys, Observer()
        self._host = Host.load(policy=QUICK)
        self._host.register(self.seen, "soak:observer")

    def _given(self, number: int) -> dict[str, Any]:
        """A new connection, one in three with a limiter, and a name for the run."""
        key = number * 7 % self._keys
        rate = None if key % 3 else 10_000.0
        who = Connection(f"sk_test_key{key}", f"acct_key{key}", self._url, rate=rate)
        context = RunContext(idempotency_key=f"{number}", account=f"acct_of{number}")
        return {"connection": who, "context": context}

    @staticmethod
    def _inputs(number: int) -> dict[str, Any]:
        return {"Name": f"Run {number}", "Metadata": "none" if number % 10 == WRONG else None}

    def _run(self, client: Client, number: int) -> None:
        given, inputs = self._given(number), self._inputs(number)
        with suppress(StripeError, InvalidInputs):
            if number // 10 % 2:
                self._host.run("create_customer", inputs, **given)
            else:
                client.run(CreateCustomer.read(inputs), **given)

    async def _arun(self, client: AsyncClient, turns: asyncio.Semaphore, number: int) -> None:
        given, inputs = self._given(number), self._inputs(number)
        async with turns:
            with suppress(StripeError, InvalidInputs):
                if number // 10 % 2:
                    await self._host.arun("create_customer", inputs, **given)
                else:
                    await client.run(CreateCustomer.read(inputs), **given)

    async def _tasks(self, numbers: range) -> None:
        turns, where = asyncio.Semaphore(AT_ONCE), Connection("sk_test_leg", None, self._url)
        async with AsyncClient(where, QUICK) as client:
            await asyncio.gather(*[self._arun(client, turns, number) for number in numbers[::2]])
            async with self._host:
                await asyncio.gather(*[self._arun(client, turns, it) for it in numbers[1::2]])

    def leg(self, numbers: range) -> None:
        """Half of these runs in threads, half in tasks."""
        where, half = Connection("sk_test_leg", None, self._url), len(numbers) // 2
        with Client(where, QUICK) as client, ThreadPoolExecutor(AT_ONCE) as threads:
            for _ in threads.map(lambda number: self._run(client, number), numbers[:half]):
                pass
        asyncio.run(self._tasks(numbers[half:]))


# --- what is measured -----------------------------------------------------------------------------


class Size(NamedTuple):
    """The size of this process between two legs."""

    megabytes: float
    blocks: int
    objects: int
    files: int
    threads: int

    @classmethod
    def now(cls) -> "Size":
        """After a collection, so that only what is held is counted."""
        gc.collect()
        blocks, objects = sys.getallocatedblocks(), len(gc.get_objects())
        return cls(_megabytes(), blocks, objects, descriptors(), threading.active_count())


def _megabytes() -> float:
    """Resident now; where that is not told, at most so far."""
    with suppress(OSError):
        pages = Path("/proc/self/statm").read_text("ascii").split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE") / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def soak(runs: int) -> bool:
    """Runs so many, tells how the process grew, and says whether it stayed flat."""
    print("   runs  MB resident    blocks   objects  files  threads")
    sizes: list[Size] = []
    with server() as url:
        work = Soak(url, min(KEYS, runs // LEGS))  # all are met in the first leg
        for numbers in legs(runs):
            work.leg(numbers)
            sizes.append(Size.now())
            print("{:7} {:12.1f} {:9} {:9} {:6} {:8}".format(numbers.stop, *sizes[-1]), flush=True)
    first, last = sizes[0], sizes[-1]
    grown = [now - then for then, now in zip(first, last, strict=True)]
    told = "From 10 % to 100 % of the runs, memory grew by {:.1f} MB, {} blocks, {} objects"
    print(told.format(*grown), f"({dict(work.seen.ends)}).")
    small = grown[0] <= MOST_MEGABYTES and grown[1] <= MOST_BLOCKS
    return small and (last.files, last.threads) == (first.files, first.threads)


def legs(runs: int) -> list[range]:
    """Their numbers, leg by leg."""
    return [range(start, start + runs // LEGS) for start in range(0, runs, runs // LEGS)]


def main(*words: str) -> int:
    """`serve`, or the number of runs."""
    if words == ("serve",):
        with Place(behave) as place:
            print(place.url, flush=True)
            sys.stdin.read()
        return 0
    return 0 if soak(int(words[0]) if words else RUNS) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
