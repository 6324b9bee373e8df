"""What is to be reached? Each bar is a figure of ours over another one, or a figure alone."""

from collections.abc import Iterable, Mapping
from typing import TypeAlias

import attrs

from stripe_benchmarks.contenders.ours import FIVE_HOOKS, HOST, ONE_HOOK
from stripe_benchmarks.contenders.sdk import AIOHTTP, HTTPX, PYCURL, REQUESTS
from stripe_benchmarks.figure import Figure

Place: TypeAlias = tuple[str, str]  # measure and contender


@attrs.frozen
class Bar:
    """At most this much of the other figure; of its own unit, where there is no other."""

    of: Place
    most: float
    over: Place | None = None


CLIENT = "Client"
BARS = (
    Bar(("sync", CLIENT), 0.45, over=("sync", REQUESTS)),
    Bar(("sync", CLIENT), 0.85, over=("sync", "httpx")),
    Bar(("sync", CLIENT), 0.75, over=("sync", PYCURL)),
    Bar(("async 50", CLIENT), 0.15, over=("async 50", HTTPX)),
    Bar(("async 50", CLIENT), 0.8, over=("async 50", AIOHTTP)),
    Bar(("async 50", CLIENT), 3, over=("async 50", "aiohttp")),
    Bar(("async 1000", CLIENT), 1.15, over=("async 10", CLIENT)),
    Bar(("sync", HOST), 1.25, over=("sync", CLIENT)),
    Bar(("sync", ONE_HOOK), 1.25, over=("sync", CLIENT)),
    Bar(("sync", FIVE_HOOKS), 1.25, over=("sync", CLIENT)),
    Bar(("async 50", HOST), 1.25, over=("async 50", CLIENT)),
    Bar(("parts", "read and request"), 40),
    Bar(("garbage sync", CLIENT), 0),
    Bar(("garbage async", CLIENT), 0),
    Bar(("after 30 s", CLIENT), 0),
    Bar(("catalog", HOST), 60),
    Bar(("first action", "stripe_nodes"), 0.6, over=("first action", "SDK")),
    Bar(("first run", "Client, emulator"), 0.7, over=("first run", "SDK")),
    Bar(("10000 rows", CLIENT), 0.05, over=("10000 rows", REQUESTS)),
    Bar(("bulk at 25/s", CLIENT), 1.02, over=("bulk at 25/s", "the ideal")),
)


@attrs.frozen
class Reached:
    """How a bar stands; `value` is None if it was not measured."""

    bar: Bar
    value: float | None
    unit: str

    @property
    def verdict(self) -> str:
        """In a word or two."""
        if self.value is None:
            return "not measured"
        return "reached" if self.value <= self.bar.most else "not reached"


def reached(figures: Iterable[Figure]) -> list[Reached]:
    """How each bar stands."""
    found = {(it.measure, it.contender): it for it in figures}
    return [_reached(bar, found) for bar in BARS]


def _reached(bar: Bar, found: Mapping[Place, Figure]) -> Reached:
    over = bar.over or bar.of
    if bar.of not in found or over not in found:
        return Reached(bar, None, "")
    figure = found[bar.of]
    if bar.over is None:
        return Reached(bar, figure.value, figure.unit)
    return Reached(bar, figure.value / found[over].value, f"× {' · '.join(over)}")
