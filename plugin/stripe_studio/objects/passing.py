"""How far does time go on, and what will come next?"""

import calendar
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from stripe_emulator.held import Held
from stripe_plugin.errors import UsageError
from stripe_studio.forms import whole
from stripe_studio.words import FAR

HOUR, DAY = 3_600, 86_400
MOST_DAYS = 3_650
RENEWS = {"renew", "end_trial"}
ENDS = "end"
MOST_DUE = 1_000
# What is due of an object, in words; before the work its kind, where it is another's, too.
WORK = {
    "renew": "renews",
    "end_trial": "ends its trial",
    "tell_upcoming": "announces its next invoice",
    "warn": "is about to end its trial",
    "finalize": "is finalized",
    "collect": "is collected",
    "become_overdue": "becomes overdue",
    "expire": "expires",
    "end": "ends",
    "lapse": "can no longer be redeemed",
    "dispute.lapse": "is lost, if nobody answers",
    "stay_paused": "stays paused",
    "tell_expiring": "announces its end",
    "resume_collection": "is collected again",
    "begin": "begins",
    "turn": "goes to its next phase",
}
NO_RENEWAL = "No subscription renews by itself here: create one, or choose how long."
NO_END = "No subscription ends by itself here: choose how long."
NO_DAYS = f"Days are a whole number from 1 to {MOST_DAYS:,}."
NO_STEP = "Choose how far time goes on."
TOO_FAR = "Time ends here with the year 9999: choose less, or begin with a new emulator."


def coming(kind: str, work: str) -> str:
    """What is due of an object, in words."""
    plain = WORK.get(work, work.replace("_", " "))
    return WORK.get(f"{kind}.{work}", plain)


def month_after(now: int) -> int:
    """The same time a month later, in unix seconds; the month's last day, if it has no such day."""
    at = datetime.fromtimestamp(now, UTC)
    next_year = at.month == 12
    year = at.year + 1 if next_year else at.year
    month = 1 if next_year else at.month + 1
    _, last = calendar.monthrange(year, month)
    day = min(at.day, last)
    later = at.replace(year=year, month=month, day=day)
    return int(later.timestamp())


def due(held: Held) -> list[Any]:
    """What time will bring: at which moment, of which object; what has ended renews no more."""
    planned = held.upcoming(MOST_DUE)
    ends = {each["id"]: each["at"] for each in planned if each["work"] == ENDS}
    return [each for each in planned if not _comes_to_nothing(each, ends)]


def _comes_to_nothing(each: Any, ends: Mapping[str, int]) -> bool:
    end = ends.get(each["id"])
    return end is not None and each["work"] in RENEWS and each["at"] >= end


def next_renewal(upcoming: Sequence[Any]) -> int | None:
    """When a subscription renews next, in unix seconds."""
    found = [each["at"] for each in upcoming if each["work"] in RENEWS]
    return min(found, default=None)


def next_end(upcoming: Sequence[Any]) -> int | None:
    """When a subscription ends next, in unix seconds."""
    found = [each["at"] for each in upcoming if each["work"] == ENDS]
    return min(found, default=None)


def _until_renewal(held: Held, _: str) -> int:
    at = next_renewal(due(held))
    if at is None:
        raise UsageError(NO_RENEWAL)
    # An invoice stays a draft for an hour before it is finalized and collected.
    return max(at - held.now(), 0) + HOUR + 1


def _until_end(held: Held, _: str) -> int:
    at = next_end(due(held))
    if at is None:
        raise UsageError(NO_END)
    return max(at - held.now(), 0) + 1


def _days(_: Held, text: str) -> int:
    number = whole(text)
    if number is None or not 1 <= number <= MOST_DAYS:
        raise UsageError(NO_DAYS)
    return number * DAY


def _month(held: Held, _: str) -> int:
    now = held.now()
    return month_after(now) - now


# Button → how many seconds it means, by the world and what stands in the box for days.
STEPS: dict[str, Callable[[Held, str], int]] = {
    "hour": lambda _, __: HOUR,
    "day": lambda _, __: DAY,
    "month": _month,
    "renewal": _until_renewal,
    "end": _until_end,
    "days": _days,
}


def seconds(held: Held, step: str, days: str) -> int:
    """How long a button of the panel means. Raises `UsageError`, in words for the form."""
    if step not in STEPS:
        raise UsageError(NO_STEP)
    try:
        found = STEPS[step](held, days)
    except (ValueError, OverflowError):  # of a calendar that has no such year
        raise UsageError(TOO_FAR) from None
    if held.now() + found > FAR:
        raise UsageError(TOO_FAR)
    return found
