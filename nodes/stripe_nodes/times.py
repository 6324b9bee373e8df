"""How is a time written? In unix seconds, or as an ISO date with its time and zone."""

import re
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar

import attrs

from stripe_plugin.errors import Refused
from stripe_plugin.judge.reading import WHOLE, is_written_whole
from stripe_plugin.judge.values import BLANKS, Given
from stripe_plugin.rule import Reading
from stripe_plugin.secrets import shown

SECONDS = 10**11  # the year 5138; what is more is in milliseconds
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LOCAL = re.compile(rf"({DAY.pattern})[T ]([0-9]{{2}}:[0-9]{{2}}(?::[0-9]{{2}})?)(\.[0-9]+)?")
ISO = re.compile(rf"{LOCAL.pattern}(Z|[+-][0-9]{{2}}:[0-5][0-9])", re.IGNORECASE)
NO_CLOCK = "must be a time that there is: hours end with 23, minutes and seconds with 59"
WAYS = "a time: unix seconds, or a date with time and zone, such as 2031-01-31T09:00:00Z"


@attrs.frozen
class Time(Reading):
    """A unix timestamp in seconds; text may also be an ISO date with its time and zone."""

    name: ClassVar[str] = "time"
    lasting: ClassVar[bool] = True

    @property
    def must(self) -> str:
        return f"be {WAYS}"

    @property
    def schema(self) -> Mapping[str, Any]:
        return {"format": "unix-time"}

    def read(self, value: Any, given: Given) -> Any:  # noqa: ARG002 - a time stands alone
        """Seconds, of text both ways; without a zone nobody knows when it is."""
        written = value.strip(BLANKS) if isinstance(value, str) else value
        if is_written_whole(written):
            return int(written)
        if not isinstance(written, str):
            raise self._unread(value)
        return int(written) if WHOLE.fullmatch(written) else self._of_iso(written)

    def judge(self, value: Any, given: Given) -> Any:
        """Refuses milliseconds."""
        if abs(value) >= SECONDS:
            wrong = "must be in seconds; this looks like milliseconds"
            raise Refused(f"{wrong}: write {value // 1000} for {value}", self.name)
        return super().judge(value, given)

    def holds(self, value: Any) -> bool:  # noqa: ARG002 - any time is one
        return True

    def _of_iso(self, written: str) -> int:
        self._check_day(written)
        local = f"{written}T00:00:00" if DAY.fullmatch(written) else written
        if LOCAL.fullmatch(local):
            wrong = "has no time zone" if local == written else "has no time and no zone"
            better = f"write {local}Z for UTC, or with the hours ahead of it, as in {local}+02:00"
            raise Refused(f"{wrong}: {better}; got {shown(written)}", self.name)
        found = ISO.fullmatch(written)
        if found is None:
            raise self._unread(written)
        if (found[3] or "").strip(".0"):
            raise Refused(f"must be in whole seconds; got {shown(written)}", self.name)
        exact = f"{found[1]}T{found[2]}{found[4].upper()}"
        try:
            return int(datetime.fromisoformat(exact).timestamp())
        except ValueError:
            raise Refused(f"{NO_CLOCK}; got {shown(written)}", self.name) from None

    def _check_day(self, written: str) -> None:
        """Refuses a day that is in no calendar."""
        day = DAY.match(written)
        try:
            date.fromisoformat(day[0] if day else "2031-01-31")
        except ValueError:
            wrong = f"must be a time that there is: there is no day {written[:10]}"
            raise Refused(f"{wrong}; got {shown(written)}", self.name) from None

    def _unread(self, value: Any) -> Refused:
        return Refused(f"must be {WAYS}; got {shown(value)}", self.name)


@attrs.frozen
class InFuture(Time):
    """A time that is still to come, by at least so many hours."""

    name: ClassVar[str] = "in_future"
    lasting: ClassVar[bool] = False
    hours: int

    @property
    def must(self) -> str:
        ahead = f"at least {self.hours} hours ahead" if self.hours else "in the future"
        return f"be a time {ahead}"

    @property
    def text(self) -> str:
        return f"{super().text}; unix seconds, or a date with time and zone"

    def holds(self, value: Any) -> bool:
        return bool(value > time.time() + self.hours * 3600)

    def refused(self, value: Any) -> Refused:
        """Says which time that is, in UTC."""
        when = ""
        if value >= 0:
            when = f", which is {datetime.fromtimestamp(value, UTC):%Y-%m-%dT%H:%M:%SZ}"
        return Refused(f"must {self.must}; got {value}{when}", self.name)


def at() -> Time:
    """A time, whenever it is."""
    return Time()


def in_future(hours: int = 0) -> InFuture:
    """A time that is still to come, by at least so many hours."""
    return InFuture(hours)
