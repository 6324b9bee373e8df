"""What does a list of summaries answer: how much a customer used of a meter, by hours or days?

Start and end must be whole minutes, or whole hours or days (UTC) where the list is by these; a
window in which nothing was used is left out, as in the example on the page
(docs.stripe.com/api/billing/meter-event-summary/list).
"""

import hashlib
from collections.abc import Iterable, Iterator
from itertools import groupby

from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.lifecycle import Given, does
from stripe_emulator.refusals import Json, Refusal
from stripe_emulator.resources import meter_event as events

KIND = "billing.meter_event_summary"
declare(Resource(kind=KIND, prefix="mtrusg_test_"))

_WHOLE = {None: 60, "hour": 3_600, "day": 86_400}


@does("billing.meter.event_summaries", "customer end_time start_time value_grouping_window")
def summarize(account: Account, meter: Json, given: Given) -> Json:
    """Sum up what a customer used, the latest window first."""
    window = given.get("value_grouping_window")
    start, end = given["start_time"], given["end_time"]
    _check_whole(given, window)
    if end <= start:
        raise Refusal("The `end_time` must be after the `start_time`.", param="end_time")
    told = events.told(account, meter, given["customer"], range(start, end))
    grouped = _by_window(told, _WHOLE[window]) if window else [(start, end, told)]
    rows = [_summary(account, meter, given["customer"], each) for each in grouped]
    return meter | {"_event_summaries": rows[::-1]}


def _check_whole(given: Json, window: str | None) -> None:
    for name in ("start_time", "end_time"):
        if given[name] % _WHOLE[window]:
            boundaries = f"{window or 'minute'} boundaries"
            raise Refusal(f"The `{name}` must be aligned with {boundaries}.", param=name)


Window = tuple[int, int, list[Json]]


def _by_window(told: Iterable[Json], size: int) -> Iterator[Window]:
    """The windows in which something was used: start, end, and the events."""
    for number, inside in groupby(told, lambda event: int(event["timestamp"]) // size):
        start = number * size
        yield start, start + size, [*inside]


def _summary(account: Account, meter: Json, customer: str, window: Window) -> Json:
    start, end, told = window
    summary = account.new(KIND, meter=meter["id"], start_time=start, end_time=end)
    summary["id"] = _id(meter, customer, start, end)
    summary["aggregated_value"] = events.aggregated(meter, told)
    return summary


def _id(meter: Json, customer: str, start: int, end: int) -> str:
    """The same for the same window again: it is what the next page begins after."""
    about = f"{meter['id']} {customer} {start} {end}"
    return "mtrusg_test_" + hashlib.sha256(about.encode()).hexdigest()
