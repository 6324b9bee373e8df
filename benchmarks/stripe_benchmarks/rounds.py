"""What does a slice of work cost? Slices of all take turns; each figure is the median of rounds."""

import gc
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import TypeAlias

import attrs

Slice: TypeAlias = Callable[[int], object]  # does so many runs


@attrs.frozen
class Spent:
    """Microseconds of one run."""

    cpu: float  # of this process, all threads
    wall: float


def interleaved(slices: Mapping[str, Slice], *, runs: int, rounds: int) -> dict[str, Spent]:
    """What a run costs in each of the slices, after a warm-up that is not counted."""
    found: dict[str, list[Spent]] = {name: [] for name in slices}
    for work in slices.values():
        work(max(runs // 4, 1))
    for number in range(rounds):
        for name in _turned(list(slices), number):
            found[name].append(_spent(slices[name], runs))
    return {name: _median(each) for name, each in found.items()}


def _turned(names: list[str], number: int) -> list[str]:
    """Another one is first in each round, so that none is always behind the same."""
    first = number % len(names)
    return names[first:] + names[:first]


def _spent(work: Slice, runs: int) -> Spent:
    gc.collect()
    cpu, wall = time.process_time(), time.perf_counter()
    work(runs)
    cpu_spent = time.process_time() - cpu
    wall_spent = time.perf_counter() - wall
    return Spent(cpu_spent * 1e6 / runs, wall_spent * 1e6 / runs)


def _median(found: list[Spent]) -> Spent:
    cpu = median(each.cpu for each in found)
    wall = median(each.wall for each in found)
    return Spent(cpu, wall)
