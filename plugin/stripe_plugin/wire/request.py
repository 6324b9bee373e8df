"""How does an action become bytes? No I/O."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

import attrs

from stripe_plugin.errors import Refused
from stripe_plugin.judge.values import CLEAR, is_list, is_object
from stripe_plugin.secrets import shown

LONGEST = 60_000  # characters of a path with its query; Stripe's gateway takes far less


MOST = 1_000_000  # characters of all parameters


@attrs.frozen
class Request:
    """What is sent: a method, a path below the base URL, and form pairs in Stripe's encoding."""

    method: str
    path: str
    params: tuple[tuple[str, str], ...] = ()

    def __attrs_post_init__(self) -> None:
        if len(self.target) > LONGEST:
            raise Refused("is too long to be sent as an address")

    @property
    def target(self) -> str:
        """Path and query; GET and DELETE carry their parameters in the query."""
        query = self.method != "POST" and urlencode(self.params)
        return f"{self.path}?{query}" if query else self.path

    @property
    def body(self) -> bytes | None:
        """The form of a POST."""
        return urlencode(self.params).encode() if self.method == "POST" else None


def encode(params: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Nested parameters as form pairs: `a[b]`, `a[0]`. Raises `Refused` for what has no form."""
    left = [MOST]
    given = ((scalar(key), value) for key, value in params.items())
    pairs = tuple(pair for key, value in given for pair in _pairs(key, value, 0, left))
    if re.search(r"[\ud800-\udfff]", "".join(text for pair in pairs for text in pair)):
        raise Refused("holds a character that cannot be sent (half a surrogate pair)")
    return pairs


def _pairs(key: str, value: Any, depth: int, left: list[int]) -> Iterator[tuple[str, str]]:
    inner = value if is_object(value) or is_list(value) else ()
    text = "" if inner is value or value is None or value is CLEAR else scalar(value)
    left[0] -= 1 + len(key) + len(inner) + len(text)
    if depth > 50 or left[0] < 0:
        raise Refused("is nested too deeply or holds too much")
    if is_object(value):
        for name, item in value.items():
            yield from _pairs(f"{key}[{scalar(name)}]", item, depth + 1, left)
    elif is_list(value):
        for number, item in enumerate(item for item in value if item is not None):
            yield from _pairs(f"{key}[{number}]", item, depth + 1, left)
    elif value is not None:
        yield key, text


def scalar(value: Any) -> str:
    """One value as Stripe reads it: no exponents, unix seconds. `Refused` for NaN, naive times."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int) and abs(value) < 10**100:
        return str(int(value))
    number = Decimal(str(value)) if isinstance(value, float | Decimal) else Decimal("NaN")
    if number.is_finite() and abs(number.adjusted()) < 400:  # else it is written with 400 zeros
        return format(number, "f")
    if isinstance(value, datetime) and value.tzinfo:
        return str(int(value.timestamp()))
    if isinstance(identity := getattr(value, "id", None), str):
        return identity
    raise Refused(f"cannot be sent to Stripe: {shown(value)}")


def fill(template: str, values: Mapping[str, Any]) -> str:
    """`/v1/prices/{price}` with its IDs percent-encoded, so that none can change the path."""
    for name, value in values.items():
        text = str.__str__(value) if isinstance(value, str) else ""
        if re.search(r"^ *\.{0,2} *$|[\x00-\x1f\x7f\ud800-\udfff]", text):
            raise Refused(f"must be an ID; got {shown(text)}")
        template = template.replace(f"{{{name}}}", quote(text, safe=""))
    return template
