"""What does a list of summaries answer: how much a customer used of a meter, by hours or days?

Start and end must be whole minutes, or whole hours or days (UTC) where the list is by these; a
window in which nothing was used is left out, as in the example on the page
(docs.stripe.com/api/billing/meter-event-summary/list).
"""

import hashlib
from collections.abc import Iterator
from itertools import groupby

from attrs import frozen

from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.lifecycle import Given, does
from stripe_emulator.refusals import Json, Refusal
from stripe_emulator.resources import meter_event as events

KIND = "billing.meter_event_summary"
PREFIX = "mtrusg_test_"
declare(Resource(kind=KIND, prefix=PREFIX))

_SECONDS = {"minute": 60, "hour": 3_600, "day": 86_400}


@frozen
class _Window:
    """Some time, and what was told of it."""

    start: int
    end: int
    told: list[Json]


@does("billing.meter.event_summaries", "customer end_time start_time value_grouping_window")
def summarize(account: Account, meter: Json, given: Given) -> Json:
    """Sum up what a customer used, the latest window first."""
    unit = given.get("value_grouping_window")
    _check(given, unit or "minute")
    start, end = given["start_time"], given["end_time"]
    told = events.told(account, meter, given["customer"], range(start, end))
    windows = [*_by(unit, told)] if unit else [_Window(start, end, told)]
    rows = [_summary(account, meter, given, window) for window in windows]
    rows.reverse()
    return meter | {"_event_summaries": rows}


def _check(given: Json, unit: str) -> None:
    for name in ("start_time", "end_time"):
        if given[name] % _SECONDS[unit]:
            message = f"The `{name}` must be aligned with {unit} boundaries."
            raise Refusal(message, param=name)
    if given["end_time"] <= given["start_time"]:
        message = "The `end_time` must be after the `start_time`."
        raise Refusal(message, param="end_time")


def _by(unit: str, told: list[Json]) -> Iterator[_Window]:
    """The windows in which something was used."""
    size = _SECONDS[unit]

    def number(event: Json) -> int:
        return int(event["timestamp"]) // size

    for which, inside in groupby(told, number):
        start = which * size
        yield _Window(start, start + size, [*inside])


def _summary(account: Account, meter: Json, given: Json, window: _Window) -> Json:
    """How much it was, with an ID that is the same again: the next page begins after it."""
    about = f"{meter['id']} {given['customer']} {window.start} {window.end}"
    summary = account.new(KIND, meter=meter["id"])
    return summary | {
        "id": PREFIX + hashlib.sha256(about.encode()).hexdigest(),
        "aggregated_value": events.aggregated(meter, window.told),
        "start_time": window.start,
        "end_time": window.end,
    }
