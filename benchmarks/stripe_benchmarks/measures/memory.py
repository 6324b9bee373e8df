"""How much is held: by an idle connection, by a tenant, and as garbage in cycles by each run?"""

import asyncio
import gc
import tracemalloc
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial

from stripe_benchmarks.contenders import bare, ours, sdk
from stripe_benchmarks.contenders.kinds import AsyncContender, present
from stripe_benchmarks.contenders.tenants import TENANTS
from stripe_benchmarks.figure import Figure, Setting
from stripe_benchmarks.measures.runs import repeat, share

BYTES = "bytes of Python"
OBJECTS = "objects in cycles"
AT_ONCE = 50  # connections
RUNS = 100
IN_A_LOOP = [*ours.ASYNC_HOOKLESS, *sdk.ASYNC, *bare.ASYNC]
WAITING = [*ours.HOOKLESS, *sdk.SYNC, *bare.SYNC]


@contextmanager
def traced() -> Generator[Callable[[], int]]:
    """How many bytes are held that were not held before, when asked."""
    gc.collect()
    tracemalloc.start()

    def held() -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    yield held
    tracemalloc.stop()


def idle_connections(setting: Setting) -> list[Figure]:
    """Of each that an event loop runs, for one of fifty connections."""
    among = present(IN_A_LOOP, setting)
    found: list[Figure] = []
    for each in among:
        held = asyncio.run(_per_connection(each, setting))
        found.append(setting.figure(each, held, BYTES))
    return found


async def _per_connection(contender: AsyncContender, setting: Setting) -> float:
    """What one connection more holds, when all are idle."""
    async with contender.opened(setting.server.plain) as run:
        await share(1, run, 10)  # what all share is there
        before = setting.server.met()
        with traced() as held:
            await share(AT_ONCE, run, 10 * AT_ONCE)
            return held() / (setting.server.met() - before)


def tenants(setting: Setting) -> list[Figure]:
    """Of a tenant that has run once, in one process with others."""
    among = present(TENANTS, setting)
    number = setting.choose(200, 1_000)
    found: list[Figure] = []
    for each in among:
        with each.opened(setting.server.plain) as meet, traced() as held:
            for tenant in range(number):
                meet(tenant)
            found.append(setting.figure(each, held() / number, BYTES))
    return found


def garbage(setting: Setting) -> list[Figure]:
    """What a run leaves behind that only the collector finds, of each that waits."""
    among = present(WAITING, setting)
    found: list[Figure] = []
    for each in among:
        with each.opened(setting.server.plain) as run:
            left = left_behind(partial(repeat, run))
        found.append(setting.figure(each, left, OBJECTS))
    return found


def garbage_in_a_loop(setting: Setting) -> list[Figure]:
    """The same of each that an event loop runs."""
    among = present(IN_A_LOOP, setting)
    found: list[Figure] = []
    for each in among:
        left = asyncio.run(_left_in_a_loop(each, setting))
        found.append(setting.figure(each, left, OBJECTS))
    return found


async def _left_in_a_loop(contender: AsyncContender, setting: Setting) -> float:
    async with contender.opened(setting.server.plain) as run:
        await share(1, run, RUNS)
        with collected() as found:
            await share(1, run, RUNS)
    return found[0] / RUNS


def left_behind(work: Callable[[int], object]) -> float:
    """Objects in cycles for each run, once it is warm."""
    work(RUNS)
    with collected() as found:
        work(RUNS)
    return found[0] / RUNS


@contextmanager
def collected() -> Generator[list[int]]:
    """How many objects there were to collect at the end."""
    found: list[int] = []
    gc.collect()
    gc.disable()
    try:
        yield found
        found.append(gc.collect())
    finally:
        gc.enable()
