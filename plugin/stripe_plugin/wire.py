"""How does an action become bytes, and bytes an answer? No I/O."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

import attrs

from stripe_plugin.errors import Refused, shown
from stripe_plugin.restrictions import CLEAR, is_list, is_object


@attrs.frozen
class Request:
    """What is sent: a method, a path below the base URL, and form pairs in Stripe's encoding."""

    method: str
    path: str
    params: tuple[tuple[str, str], ...] = ()

    @property
    def target(self) -> str:
        """Path and query; GET and DELETE carry their parameters in the query."""
        query = self.method != "POST" and urlencode(self.params)
        return f"{self.path}?{query}" if query else self.path

    @property
    def body(self) -> bytes | None:
        """The form of a POST."""
        return urlencode(self.params).encode() if self.method == "POST" else None


@attrs.frozen
class Reply:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = attrs.field(repr=False)

    def json(self) -> dict[str, Any] | None:
        """The JSON object of the body, or None if it is none."""
        try:
            found: Any = json.loads(self.body)
        except (ValueError, RecursionError):
            return None
        return dict(found) if is_object(found) else None

    @property
    def replayed(self) -> bool:
        """Whether Stripe answered from an earlier execution under the same idempotency key."""
        return self.headers.get("idempotent-replayed") == "true"


@attrs.frozen
class Lost:
    """No complete reply. `sent`: the request may have reached Stripe."""

    reason: str
    sent: bool


@attrs.frozen
class Result:
    """Stripe's answer. `output` is its object, untouched; `mode` is sandbox, test or live."""

    output: dict[str, Any]
    request_id: str | None
    attempts: int
    replayed: bool
    livemode: bool
    mode: str

    def as_dict(self) -> dict[str, Any]:
        """JSON-safe."""
        return attrs.asdict(self)


def encode(params: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Nested parameters as form pairs: `a[b]`, `a[0]`. Raises `Refused` for what has no form."""
    pairs = tuple(pair for key, value in params.items() for pair in _pairs(key, value, 0))
    if re.search(r"[\ud800-\udfff]", "".join(text for pair in pairs for text in pair)):
        raise Refused("holds a character that cannot be sent (half a surrogate pair)")
    return pairs


def _pairs(key: str, value: Any, depth: int) -> Iterator[tuple[str, str]]:
    if depth > 50:
        raise Refused("is nested too deeply")
    if is_object(value):
        for name, item in value.items():
            yield from _pairs(f"{key}[{name}]", item, depth + 1)
    elif is_list(value):
        for number, item in enumerate(item for item in value if item is not None):
            yield from _pairs(f"{key}[{number}]", item, depth + 1)
    elif value is not None:
        yield key, "" if value is CLEAR else scalar(value)


def scalar(value: Any) -> str:
    """One value as Stripe reads it: no exponents, unix seconds. `Refused` for NaN, naive times."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int) and abs(value) < 10**100:
        return str(int(value))
    if isinstance(value, float | Decimal) and Decimal(value).is_finite():
        return format(Decimal(str(value)), "f")
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
