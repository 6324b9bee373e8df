"""When does a billing period end, counted from its anchor?

Months are counted from the anchor, so what began on the 31st ends on the last day of shorter
months and on the 31st again (docs.stripe.com/billing/subscriptions/billing-cycle). Moments are
unix seconds.
"""

import calendar
from collections.abc import Callable
from datetime import UTC, datetime

from stripe_emulator.refusals import Json

DAY = 86_400
_SECONDS = {"day": DAY, "week": 7 * DAY}
_MONTHS = {"month": 1, "year": 12}
_LONGEST = _SECONDS | {"month": 31 * DAY, "year": 366 * DAY}


def end_after(anchor: int, every: Json, moment: int) -> int:
    """The first boundary after this moment of periods that are counted from the anchor."""
    boundary = _boundaries(anchor, every)
    number = _about(anchor, every, moment)
    while boundary(number) <= moment:
        number += 1
    return boundary(number)


def start_of(anchor: int, every: Json, end: int) -> int:
    """The boundary before this one: where a whole period that ends here begins."""
    boundary = _boundaries(anchor, every)
    number = _about(anchor, every, end)
    while boundary(number + 1) < end:
        number += 1
    return boundary(number)


def _about(anchor: int, every: Json, moment: int) -> int:
    """The number of a boundary shortly before this moment."""
    interval: str = every["interval"]
    count: int = every["interval_count"]
    longest = _LONGEST[interval] * count
    return (moment - anchor) // longest - 1


def _boundaries(anchor: int, every: Json) -> Callable[[int], int]:
    interval, count = every["interval"], every["interval_count"]
    if interval in _SECONDS:
        step = count * _SECONDS[interval]
        return lambda number: anchor + number * step
    months = count * _MONTHS[interval]
    start = datetime.fromtimestamp(anchor, UTC)
    return lambda number: _months_later(start, number * months)


def _months_later(start: datetime, months: int) -> int:
    years, month = divmod(start.month - 1 + months, 12)
    year, month = start.year + years, month + 1
    last = calendar.monthrange(year, month)[1]
    day = min(start.day, last)
    later = start.replace(year=year, month=month, day=day)
    return int(later.timestamp())
