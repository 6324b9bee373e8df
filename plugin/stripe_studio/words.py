"""How are times, IDs and names written on a page?"""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup, escape

from stripe_plugin.secrets import masked

# What Stripe's IDs look like: a prefix of up to five letters, `_`, and at least eight behind.
ID = re.compile(r"(?:[a-z]{1,5}|cs_test|cs_live|sub_sched)_[A-Za-z0-9]{8,}")
ADDRESS = re.compile(r"https?://\S+")
CODE = re.compile(r"`([^`]+)`")
FAR = 253_402_300_799  # the last second of the year 9999


def moment(seconds: Any) -> str:
    """Unix seconds for a person: `28 Nov 2026, 12:30 UTC`; what is no time, as it is."""
    is_time = isinstance(seconds, int | float) and 0 <= seconds <= FAR
    if not is_time:
        return "" if seconds is None else str(seconds)
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at.day} {at:%b %Y, %H:%M} UTC"


def spoken(name: Any) -> str:
    """A name of Stripe's as words: `past_due` is Past due."""
    words = re.split(r"[_.]", str(name))
    return " ".join(words).capitalize()


def counted(number: int, one: str, many: str = "") -> str:
    """`1 step`, `2 steps`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def is_id(value: Any) -> bool:
    """Whether it looks like the ID of one of Stripe's objects."""
    return isinstance(value, str) and ID.fullmatch(value) is not None


def is_address(value: Any) -> bool:
    """Whether a browser can open it."""
    return isinstance(value, str) and ADDRESS.fullmatch(value) is not None


def coded(text: str) -> Markup:
    """Text in which `backticks` set code."""
    escaped = str(escape(text))
    set_as_code = CODE.sub(r"<code>\1</code>", escaped)
    return Markup(set_as_code)  # noqa: S704 - escaped


FILTERS: dict[str, Callable[..., Any]] = {
    "moment": moment,
    "spoken": spoken,
    "counted": counted,
    "coded": coded,
    "masked": masked,
}
TESTS: dict[str, Callable[..., bool]] = {"stripe_id": is_id, "web_address": is_address}
