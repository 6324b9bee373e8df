"""What does a run cost: one after the other, many at once, sparsely, and over TLS?"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from typing import TypeAlias

from stripe_benchmarks.answers import PRODUCT_ID
from stripe_benchmarks.contenders import bare, ours, raw, sdk
from stripe_benchmarks.contenders.kinds import AsyncContender, AsyncRun, Contender, Run, present
from stripe_benchmarks.figure import Figure, Setting
from stripe_benchmarks.rounds import Slice, interleaved

OTHERS = [*sdk.SYNC, *bare.SYNC, *raw.SYNC]
ASYNC_OTHERS = [*sdk.ASYNC, *bare.ASYNC, *raw.ASYNC]
SYNC = [*ours.SYNC, *OTHERS]
ASYNC = [*ours.ASYNC, *ASYNC_OTHERS]
PAUSE = 0.04  # seconds from the begin of a sparse run to the next
FEW, SPARSE = 200, 15  # runs of a slice
RUNS = {10: FEW, 100: 500, 1_000: 2_000}  # of one with at most so many at once

Way: TypeAlias = Callable[[Run, int], None]  # does so many runs
AsyncWay: TypeAlias = Callable[[AsyncRun, int], Awaitable[None]]


# --- the measures ---------------------------------------------------------------------------------


def one_after_the_other(setting: Setting) -> list[Figure]:
    """Of each that waits for its answers."""
    return sync(setting, setting.server.plain, SYNC, repeat, FEW)


def at_once(number: int, setting: Setting) -> list[Figure]:
    """Of each that an event loop runs, so many at once."""
    among = [each for each in ASYNC if number <= each.most]
    for each in ASYNC:
        if number > each.most:
            setting.without(each.name, "it would take minutes")
    if number == 1:
        among.append(ours.OUTSIDE)
    runs = next(runs for most, runs in RUNS.items() if number <= most)
    return in_a_loop(setting, setting.server.plain, among, partial(share, number), runs)


def sparse(setting: Setting) -> list[Figure]:
    """Of each that waits for its answers, and then for the next run."""
    among = [*ours.HOOKLESS, *OTHERS]
    return sync(setting, setting.server.plain, among, repeat_sparsely, SPARSE)


def sparse_in_a_loop(setting: Setting) -> list[Figure]:
    """As `sparse`, in an event loop."""
    among = [*ours.ASYNC_HOOKLESS, *ASYNC_OTHERS]
    return in_a_loop(setting, setting.server.plain, among, repeat_sparsely_in_a_loop, SPARSE)


def secure(setting: Setting) -> list[Figure]:
    """As `one_after_the_other`, over TLS."""
    among = [*ours.HOOKLESS, *OTHERS]
    return sync(setting, setting.server.secure, among, repeat, FEW)


def secure_at_once(number: int, setting: Setting) -> list[Figure]:
    """As `at_once`, over TLS."""
    among = [*ours.ASYNC_HOOKLESS, *ASYNC_OTHERS]
    return in_a_loop(setting, setting.server.secure, among, partial(share, number), FEW)


# --- how they are measured ------------------------------------------------------------------------


def sync(
    setting: Setting, url: str | None, among: Iterable[Contender[Run]], way: Way, runs: int
) -> list[Figure]:
    """Of each of these contenders that wait for their answers."""
    if url is None:
        return not_served(setting)
    among = present(among, setting)
    with ExitStack() as stack:
        slices: dict[str, Slice] = {}
        for each in among:
            run = stack.enter_context(each.opened(url))
            slices[each.name] = partial(way, run)
        spent = interleaved(slices, runs=runs, rounds=setting.rounds)
    return setting.figures(among, spent)


def in_a_loop(
    setting: Setting, url: str | None, among: Iterable[AsyncContender], way: AsyncWay, runs: int
) -> list[Figure]:
    """Of each of these contenders, all in one event loop."""
    if url is None:
        return not_served(setting)
    among = present(among, setting)
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        slices: dict[str, Slice] = {}
        for each in among:
            run = runner.run(stack.enter_async_context(each.opened(url)))
            slices[each.name] = partial(_driven, runner, way, run)
        spent = interleaved(slices, runs=runs, rounds=setting.rounds)
        runner.run(stack.aclose())
    return setting.figures(among, spent)


def not_served(setting: Setting) -> list[Figure]:
    """Nothing, where the server does not answer by TLS."""
    setting.without("all", "the server needs trustme")
    return []


def _driven(runner: asyncio.Runner, way: AsyncWay, run: AsyncRun, runs: int) -> None:
    async def driven() -> None:
        await way(run, runs)

    runner.run(driven())


# --- the ways -------------------------------------------------------------------------------------


def check(identity: str) -> None:
    """Whoever is fast because it does not work has not won."""
    if identity != PRODUCT_ID:
        raise ValueError(f"The answer was {PRODUCT_ID}, and {identity} came of it")


def repeat(run: Run, runs: int) -> None:
    """One after the other."""
    for _ in range(runs):
        check(run())


def repeat_sparsely(run: Run, runs: int) -> None:
    """One after the other, with a pause after each."""
    due = time.perf_counter()
    for _ in range(runs):
        check(run())
        due += PAUSE
        time.sleep(max(due - time.perf_counter(), 0))


async def repeat_sparsely_in_a_loop(run: AsyncRun, runs: int) -> None:
    """As `repeat_sparsely`."""
    due = time.perf_counter()
    for _ in range(runs):
        check(await run())
        due += PAUSE
        await asyncio.sleep(max(due - time.perf_counter(), 0))


async def share(number: int, run: AsyncRun, runs: int) -> None:
    """So many tasks share the runs: each begins one as soon as it has ended one."""
    left = iter(range(runs))

    async def work() -> None:
        for _ in left:
            check(await run())

    await asyncio.gather(*[work() for _ in range(number)])
