"""What is a figure? One number of one contender in one measure."""

from collections.abc import Iterable, Mapping
from typing import Protocol

import attrs

from stripe_benchmarks.rounds import Spent
from stripe_benchmarks.server import Server

CPU = "µs CPU"


@attrs.frozen
class Figure:
    """How much it was: the less, the better."""

    measure: str
    contender: str
    value: float
    unit: str
    ours: bool = False
    wall: float | None = None  # microseconds, where the value is of CPU


@attrs.frozen
class Missing:
    """What could not be measured, and why."""

    measure: str
    contender: str
    reason: str


@attrs.frozen
class Setting:
    """What is measured, where, and how thoroughly."""

    server: Server
    quick: bool
    measure: str = ""
    missing: list[Missing] = attrs.field(factory=list)

    def choose(self, quick: int, thorough: int) -> int:
        """How many."""
        return quick if self.quick else thorough

    @property
    def rounds(self) -> int:
        """Of which the median is taken."""
        return self.choose(3, 9)

    def without(self, contender: str, reason: str) -> None:
        """Notes who is not measured, and why."""
        self.missing.append(Missing(self.measure, contender, reason))

    def figure(self, contender: "Named", value: float, unit: str) -> Figure:
        """One of this measure."""
        return Figure(self.measure, contender.name, value, unit, contender.ours)

    def figures(self, among: Iterable["Named"], spent: Mapping[str, Spent]) -> list[Figure]:
        """What these spent, as figures of CPU."""
        found: list[Figure] = []
        for each in among:
            cost = spent[each.name]
            figure = self.figure(each, cost.cpu, CPU)
            found.append(attrs.evolve(figure, wall=cost.wall))
        return found


class Named(Protocol):
    """Whoever is measured."""

    @property
    def name(self) -> str:
        """How a figure names it."""
        ...

    @property
    def ours(self) -> bool:
        """Whether it is this library."""
        ...
