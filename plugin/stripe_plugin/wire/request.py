"""How does an action become bytes? In Stripe's form encoding; no I/O."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any
from urllib.parse import quote, urlencode

import attrs

from stripe_plugin.errors import Refused
from stripe_plugin.judge.values import CLEAR, is_list, is_object
from stripe_plugin.secrets import shown

MOST_STEPS = 25  # of a parameter's name
LONGEST_TARGET = 60_000  # characters of a path with its query; Stripe's gateway takes far less
Pairs = tuple[tuple[str, str], ...]


@attrs.frozen
class Request:
    """What is sent: a method, a path below the base URL, and form pairs in Stripe's encoding.

    Raises `Refused` if it is too long to be sent as an address, or says something twice.
    """

    method: str
    path: str
    params: Pairs = ()

    @cached_property
    def target(self) -> str:
        """The path, with the query of a GET or DELETE."""
        if self.method == "POST" or not self.params:
            return self.path
        return f"{self.path}?{urlencode(self.params)}"

    @cached_property
    def body(self) -> bytes | None:
        """The form of a POST."""
        return urlencode(self.params).encode() if self.method == "POST" else None

    def __attrs_post_init__(self) -> None:
        if len(self.target) > LONGEST_TARGET:
            raise Refused("is too long to be sent as an address", "size")
        for name in _shadowing(self.params):
            raise Refused(f"would say {shown(name)} twice, and Stripe would take either", "twice")


def _shadowing(params: Pairs) -> Iterator[str]:
    """Names that others say as well: `a[b]` of `{"a[b]": 1, "a": {"b": 2}}`, beside `a` itself."""
    said: set[tuple[str, ...]] = set()
    for steps, name in sorted((_steps(name), name) for name, _ in params):
        if any(steps[:depth] in said for depth in range(1, len(steps) + 1)):
            yield name
        said.add(steps)


def _steps(name: str) -> tuple[str, ...]:
    """`a[b][0]` as a, b, 0; so far in that nothing of ours is nested more deeply."""
    return tuple(re.findall(r"[^\[\]]+", name)[:MOST_STEPS])


def encode(params: Mapping[str, Any]) -> Pairs:
    """Nested parameters as form pairs: `a[b]`, `a[0]`. Raises `Refused` for what has no form.

    Source: Stripe's SDKs, `_encode.py`: lists are numbered, an empty text unsets.
    """
    return tuple(pair for key, value in params.items() for pair in _pairs(scalar(key), value))


def _pairs(key: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, str.__str__(value)
    elif is_object(value):
        for name, item in value.items():
            yield from _pairs(f"{key}[{scalar(name)}]", item)
    elif is_list(value):
        present = [item for item in value if item is not None]
        for number, item in enumerate(present):
            yield from _pairs(f"{key}[{number}]", item)
    elif value is CLEAR:
        yield key, ""
    elif value is not None:
        yield key, scalar(value)


def scalar(value: Any) -> str:
    """One value as Stripe reads it: no exponents, unix seconds. `Refused` for NaN, naive times."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int) and abs(value) < 10**100:
        return str(int(value))
    if isinstance(value, float | Decimal):
        return _number(value)
    if isinstance(value, datetime) and value.tzinfo:
        return str(int(value.timestamp()))
    if isinstance(identity := getattr(value, "id", None), str):
        return identity
    raise Refused(f"cannot be sent to Stripe: {shown(value)}")


def _number(value: float | Decimal) -> str:
    number = Decimal(str(value))
    if not number.is_finite() or abs(number.adjusted()) >= 400:  # else it has 400 zeros
        raise Refused(f"cannot be sent to Stripe: {shown(value)}")
    return format(number, "f")


def fill(template: str, values: Mapping[str, Any]) -> str:
    """`/v1/prices/{price}` with its IDs percent-encoded, so that none can change the path."""
    path = template
    for name, value in values.items():
        text = str.__str__(value) if isinstance(value, str) else ""
        if re.search(r"^ *\.{0,2} *$|[\x00-\x1f\x7f\ud800-\udfff]", text):
            raise Refused(f"must be an ID; got {shown(text)}")
        path = path.replace(f"{{{name}}}", quote(text, safe=""))
    return path
