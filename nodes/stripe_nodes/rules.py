"""What Stripe's own kinds of values must be: currencies, amounts, times, metadata."""

import re
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import attrs

from stripe_plugin.judge.rules import Restriction, matches
from stripe_plugin.judge.values import CLEAR, UNKNOWN

# Source: docs.stripe.com/currencies.
THREE_DECIMALS = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
LONG_AMOUNTS = frozenset({"clp", "cop", "huf", "idr", "inr", "jpy", "krw", "lbp", "twd", "vnd"})
# Three years, in each unit.
INTERVALS = MappingProxyType({"day": 1095, "week": 156, "month": 36, "year": 3})


def currency_code() -> Restriction:
    """A three-letter ISO 4217 code, sent in lower case as Stripe wants it."""
    base = matches("[A-Za-z]{3}", "be a three-letter ISO currency code, such as usd")
    return attrs.evolve(base, says="Three-letter ISO currency code", then=str.lower)


def in_future(hours: int = 0) -> Restriction:
    """A unix timestamp (seconds) that is still to come, by at least so many hours."""
    ahead = f"at least {hours} hours ahead" if hours else "in the future"
    must = f"be a unix timestamp (seconds) {ahead}"
    return Restriction(must, lambda value, _: value > time.time() + hours * 3600)


def amount() -> Restriction:
    """Minor units: 8 digits, 12 in currencies of small units, whole tens in three-decimal ones.

    Source: docs.stripe.com/currencies.
    """

    def ok(value: int, given: Mapping[str, Any]) -> bool:
        named = given.get("Currency", given.get("currency"))
        currency = named.lower() if isinstance(named, str) else ""
        digits = 8 if currency and currency not in LONG_AMOUNTS else 12
        return abs(value) < 10**digits and not (currency in THREE_DECIMALS and value % 10)

    must = "be in the currency's smallest unit: at most 8 digits, ending in 0 if it has 3 decimals"
    return Restriction(must, ok)


def three_years() -> Restriction:
    """How many intervals a billing period spans: three years at most."""

    def ok(value: int, given: Mapping[str, Any]) -> bool:
        return 1 <= value <= INTERVALS.get(given.get("interval", ""), 1095)

    must = "be at least 1, and with its interval at most three years"
    return Restriction(must, ok, {"minimum": 1})


def metadata() -> Restriction:
    """Up to 50 keys of your own (≤ 40 characters, no brackets), values of ≤ 500 kept as text."""

    def ok(value: dict[str, Any], _: Mapping[str, Any]) -> bool:
        keys = all(re.fullmatch(r"[^\[\]]{1,40}", key) for key in value)
        return keys and len(value) <= 50 and all(map(storable, value.values()))

    def storable(item: Any) -> bool:
        return item is UNKNOWN or (not isinstance(item, dict | list) and len(str(item)) <= 500)

    def stored(item: Any) -> Any:
        text = str(item).lower() if isinstance(item, bool) else str(item)
        unset = item is CLEAR or text == "@clear"
        return item if item is UNKNOWN else "" if unset else text

    def then(value: dict[str, Any]) -> dict[str, Any]:
        return {key: stored(item) for key, item in value.items() if item is not None}

    must = "hold at most 50 keys (1–40 characters, no [ ]) with text values of up to 500 characters"
    names = {"maxLength": 40, "pattern": r"^[^\[\]]+$"}
    values = {"type": ["string", "number", "boolean", "null"], "maxLength": 500}
    schema = {"maxProperties": 50, "propertyNames": names, "additionalProperties": values}
    return Restriction(must, ok, schema, then=then)
