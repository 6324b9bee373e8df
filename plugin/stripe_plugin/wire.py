"""How does an action become bytes, and bytes an answer? No I/O."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

import attrs

from stripe_plugin.errors import Refused, masked, shown
from stripe_plugin.restrictions import CLEAR, is_list, is_object

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


class ClientSecret(str):
    """Text as it came from Stripe, for a customer's browser: shown cut, whatever shows it.

    Comparing it, sending it on and writing it as JSON take the whole; pickling is refused.
    """

    __slots__ = ()

    def __str__(self) -> str:
        cut = masked(str.__str__(self))
        return cut if cut.endswith("…") else "…"

    def __repr__(self) -> str:
        return repr(str(self))

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)

    def __getitem__(self, index: Any) -> str:  # rich cuts what it shows
        return str(self)[index]

    def __deepcopy__(self, _: object) -> "ClientSecret":
        return self

    def __reduce_ex__(self, _: object) -> Any:
        raise TypeError("a client secret is not pickled; Result.as_dict() has what may be kept")


def _typed(found: dict[str, Any]) -> dict[str, Any]:
    if isinstance(secret := found.get("client_secret"), str):
        found["client_secret"] = ClientSecret(secret)
    return found


@attrs.frozen
class Reply:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = attrs.field(repr=False)

    def json(self) -> dict[str, Any] | None:
        """The JSON object of the body, or None if it is none."""
        return self._read

    @cached_property
    def _read(self) -> dict[str, Any] | None:
        refused = self.status >= 300  # a refusal may repeat what was sent, the key among it
        body = masked(self.body.decode(errors="replace")) if refused else self.body
        try:
            found: Any = json.loads(body, object_hook=_typed)
        except (ValueError, RecursionError):
            return None
        return dict(found) if is_object(found) else None

    @property
    def replayed(self) -> bool:
        """Whether Stripe answered from an earlier execution under the same idempotency key."""
        return self.headers.get("idempotent-replayed") == "true"


@attrs.frozen
class Lost:
    """No complete reply. `sent`: Stripe may have got the request; `again`: it may be sent again."""

    reason: str
    sent: bool
    again: bool = True


@attrs.frozen
class Result:
    """Stripe's answer. `output` is its object, untouched; `mode` is sandbox, test or live.

    `replayed`: nothing was executed again. `note`: what a person should know of how it was found.
    """

    output: dict[str, Any]
    request_id: str | None
    attempts: int
    replayed: bool
    livemode: bool
    mode: str
    note: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-safe, and safe to keep: keys and client secrets in it are cut."""
        safe: dict[str, Any] = without_secrets(attrs.asdict(self))
        return safe


def without_secrets(value: Any) -> Any:
    """JSON data with every key and client secret in it cut."""
    if is_object(value):
        return {masked(str(key)): without_secrets(item) for key, item in value.items()}
    if is_list(value):
        return [without_secrets(item) for item in value]
    return masked(str(value)) if isinstance(value, str) else value


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
