"""What is a figure? One number of one contender in one measure."""

from collections.abc import Iterable, Mapping

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
    """Where and how thoroughly is measured."""

    server: Server
    quick: bool
    missing: list[Missing] = attrs.field(factory=list)

    def choose(self, quick: int, thorough: int) -> int:
        """How many: of rounds, or of runs."""
        return quick if self.quick else thorough

    def without(self, measure: str, what: str, reason: str) -> list[Figure]:
        """No figures, and why."""
        self.missing.append(Missing(measure, what, reason))
        return []

    @property
    def rounds(self) -> int:
        """Of which the median is taken."""
        return self.choose(3, 9)


def figures(measure: str, spent: Mapping[str, Spent], ours: Iterable[str]) -> list[Figure]:
    """What was spent, as figures of CPU."""
    own = {*ours}
    return [
        Figure(measure, name, each.cpu, CPU, name in own, each.wall) for name, each in spent.items()
    ]
