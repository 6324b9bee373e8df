"""What does a run cost: one after the other, many at once, sparsely, and over TLS?"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from typing import TypeAlias

from stripe_benchmarks.answers import PRODUCT_ID
from stripe_benchmarks.contenders import bare, ours, raw, sdk
from stripe_benchmarks.contenders.kinds import (
    AsyncContender,
    AsyncRun,
    Contender,
    Entrant,
    Run,
    present,
)
from stripe_benchmarks.figure import Figure, Setting, figures
from stripe_benchmarks.rounds import Slice, interleaved

SYNC: tuple[Contender[Run], ...] = (*ours.SYNC, *sdk.SYNC, *bare.SYNC, *raw.SYNC)
ASYNC: tuple[AsyncContender, ...] = (*ours.ASYNC, *sdk.ASYNC, *bare.ASYNC, *raw.ASYNC)
PAUSE = 0.04  # seconds from the begin of a sparse run to the next
QUICK, THOROUGH = 200, 1_000  # runs of a slice
FEW = 50  # of a sparse slice

Way: TypeAlias = Callable[[Run, int], None]  # does so many runs
AsyncWay: TypeAlias = Callable[[AsyncRun, int], Awaitable[None]]


# --- the measures ---------------------------------------------------------------------------------


def one_after_the_other(measure: str, setting: Setting) -> list[Figure]:
    """Of each that waits for its answers."""
    runs = setting.choose(QUICK, THOROUGH)
    return sync(measure, setting, setting.server.plain, repeat, runs)


def at_once(number: int, measure: str, setting: Setting) -> list[Figure]:
    """Of each that an event loop runs, so many at once."""
    runs = max(setting.choose(QUICK, THOROUGH), 2 * number)
    among = [each for each in ASYNC if number <= each.most]
    if number == 1:
        among.append(ours.OUTSIDE)
    way = partial(share, number)
    return in_a_loop(measure, setting, setting.server.plain, among, way, runs)


def sparse(measure: str, setting: Setting) -> list[Figure]:
    """Of each that waits for its answers, and then for the next run."""
    runs = setting.choose(FEW // 2, FEW)
    return sync(measure, setting, setting.server.plain, repeat_sparsely, runs)


def sparse_in_a_loop(measure: str, setting: Setting) -> list[Figure]:
    """As `sparse`, in an event loop."""
    runs = setting.choose(FEW // 2, FEW)
    url = setting.server.plain
    return in_a_loop(measure, setting, url, ASYNC, repeat_sparsely_in_a_loop, runs)


def secure(measure: str, setting: Setting) -> list[Figure]:
    """As `one_after_the_other`, over TLS."""
    url = setting.server.secure
    if url is None:
        return setting.without(measure, "TLS", "trustme is not installed")
    return sync(measure, setting, url, repeat, setting.choose(QUICK, THOROUGH))


def secure_at_once(number: int, measure: str, setting: Setting) -> list[Figure]:
    """As `at_once`, over TLS."""
    url = setting.server.secure
    if url is None:
        return setting.without(measure, "TLS", "trustme is not installed")
    runs = setting.choose(QUICK, THOROUGH)
    return in_a_loop(measure, setting, url, ASYNC, partial(share, number), runs)


# --- how they are measured ------------------------------------------------------------------------


def sync(measure: str, setting: Setting, url: str, way: Way, runs: int) -> list[Figure]:
    """Of each contender that waits for its answers."""
    among = present(measure, setting, SYNC)
    with ExitStack() as stack:
        slices: dict[str, Slice] = {}
        for each in among:
            run = stack.enter_context(each.opened(url))
            slices[each.name] = partial(way, run)
        spent = interleaved(slices, runs=runs, rounds=setting.rounds)
    return figures(measure, spent, _names_of_ours(among))


def in_a_loop(  # noqa: PLR0913, PLR0917 - who, where, how and how much
    measure: str,
    setting: Setting,
    url: str,
    among: Iterable[AsyncContender],
    way: AsyncWay,
    runs: int,
) -> list[Figure]:
    """Of each of these contenders, all in one event loop."""
    among = present(measure, setting, among)
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        slices: dict[str, Slice] = {}
        for each in among:
            run = runner.run(stack.enter_async_context(each.opened(url)))
            slices[each.name] = partial(_driven, runner, way, run)
        spent = interleaved(slices, runs=runs, rounds=setting.rounds)
        runner.run(stack.aclose())
    return figures(measure, spent, _names_of_ours(among))


def _driven(runner: asyncio.Runner, way: AsyncWay, run: AsyncRun, runs: int) -> None:
    async def driven() -> None:
        await way(run, runs)

    runner.run(driven())


def _names_of_ours(among: Iterable[Entrant]) -> list[str]:
    return [each.name for each in among if each.ours]


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
