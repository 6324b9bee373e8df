"""What is kept of a measurement, and what has fallen since?"""

import json
import math
import platform
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from os import cpu_count
from pathlib import Path
from statistics import median
from typing import Any, Self, TypeAlias

import attrs

from stripe_benchmarks.figure import Figure, Missing, Setting

PACKAGES = (
    *("stripe-nodes", "httpx", "httpcore", "h11", "attrs", "pluggy"),
    *("stripe", "requests", "urllib3", "pycurl", "aiohttp", "httptools"),
)
Place: TypeAlias = tuple[str, str]  # measure and contender
Pair: TypeAlias = tuple[str, str, str]  # measure, one of ours, and another
A_FIFTH = 1.2  # times as much as before


@attrs.frozen
class Record:
    """A measurement: when, on what, with which versions, and what came of it."""

    date: str
    machine: str
    rounds: int  # of which the median is taken
    versions: dict[str, str]
    figures: list[Figure]
    missing: list[Missing]

    @classmethod
    def of(cls, figures: list[Figure], setting: Setting) -> Self:
        """Of what was measured here and now."""
        date = datetime.now(UTC).date().isoformat()
        return cls(date, machine(), setting.rounds, versions(), figures, setting.missing)

    def as_dict(self) -> dict[str, Any]:
        """As JSON data."""
        return attrs.asdict(self)

    def write(self, file: Path) -> None:
        """As a file of JSON."""
        text = json.dumps(self.as_dict(), indent=1, ensure_ascii=False)
        file.write_text(text + "\n", "utf-8")

    @classmethod
    def read(cls, file: Path) -> Self:
        """What `write` wrote."""
        kept = json.loads(file.read_text("utf-8"))
        kept["figures"] = [Figure(**each) for each in kept["figures"]]
        kept["missing"] = [Missing(**each) for each in kept["missing"]]
        return cls(**kept)


def machine() -> str:
    """What measured, in neutral words."""
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{cpu_count()} processors ({platform.machine()}), {platform.system()}, {python}"


def versions() -> dict[str, str]:
    """Of the packages that take part, those that are there."""
    found: dict[str, str] = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@attrs.frozen
class Fall:
    """A figure of ours that grew against those it is measured beside."""

    measure: str
    contender: str
    times: float  # as much as before


def falls(before: Iterable[Figure], now: Iterable[Figure]) -> list[Fall]:
    """Which figures of ours grew by more than a fifth beside those of the others.

    Beside several others the median counts, as one of them alone may have changed.
    """
    changes: defaultdict[Place, list[float]] = defaultdict(list)
    then = ratios(before)
    for pair, today in ratios(now).items():
        if pair in then:
            measure, own, _ = pair
            changes[measure, own].append(_change(then[pair], today))
    found = [Fall(*own, median(times)) for own, times in changes.items()]
    return [fall for fall in found if fall.times > A_FIFTH]


def ratios(figures: Iterable[Figure]) -> dict[Pair, float]:
    """Each figure of ours over each of the others in its measure."""
    found: dict[Pair, float] = {}
    all_ = [*figures]
    for own in all_:
        if own.ours:
            others = [it for it in all_ if it.measure == own.measure and not it.ours]
            found |= _ratios(own, others)
    return found


def _ratios(own: Figure, others: list[Figure]) -> dict[Pair, float]:
    """That of nothing is no ratio."""
    measure, name = own.measure, own.contender
    return {(measure, name, it.contender): own.value / it.value for it in others if it.value}


def _change(then: float, today: float) -> float:
    """How many times as much; what was nothing has grown without measure."""
    if then:
        return today / then
    return math.inf if today else 1.0
