"""What Stripe's own kinds of values must be: currencies, amounts, times, metadata."""

import re
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, ClassVar

import attrs

from stripe_plugin.judge.values import CLEAR, UNKNOWN, Given
from stripe_plugin.rule import Label, Rule

# Source: docs.stripe.com/currencies.
THREE_DECIMALS = frozenset({"bhd", "jod", "kwd", "omr", "tnd"})
LONG_AMOUNTS = frozenset({"clp", "cop", "huf", "idr", "inr", "jpy", "krw", "lbp", "twd", "vnd"})
# Three years, in each unit.
INTERVALS = MappingProxyType({"day": 1095, "week": 156, "month": 36, "year": 3})


@attrs.frozen
class CurrencyCode(Rule):
    """A three-letter ISO 4217 code, sent in lower case as Stripe wants it."""

    name: ClassVar[str] = "currency_code"

    @property
    def must(self) -> str:
        return "be a three-letter ISO currency code, such as usd"

    @property
    def text(self) -> str:
        return "Three-letter ISO currency code"

    @property
    def schema(self) -> Mapping[str, Any]:
        return {"pattern": "^(?:[A-Za-z]{3})$"}

    def holds(self, value: Any) -> bool:
        return bool(re.fullmatch("[A-Za-z]{3}", value))

    def judge(self, value: Any, given: Given) -> Any:
        code: str = super().judge(value, given)
        return code.lower()


@attrs.frozen
class InFuture(Rule):
    """A unix timestamp (seconds) that is still to come, by at least so many hours."""

    name: ClassVar[str] = "in_future"
    hours: int

    @property
    def must(self) -> str:
        ahead = f"at least {self.hours} hours ahead" if self.hours else "in the future"
        return f"be a unix timestamp (seconds) {ahead}"

    def holds(self, value: Any) -> bool:
        return bool(value > time.time() + self.hours * 3600)


@attrs.frozen
class Amount(Rule):
    """Minor units of the currency that stands beside it, if one does.

    8 digits, 12 in currencies of small units, whole tens in three-decimal ones.
    Source: docs.stripe.com/currencies.
    """

    name: ClassVar[str] = "amount"
    currency: Label | None

    @property
    def must(self) -> str:
        digits = "at most 8 digits, ending in 0 if it has 3 decimals"
        return f"be in the currency's smallest unit: {digits}"

    @property
    def neighbours(self) -> tuple[Label, ...]:
        return () if self.currency is None else (self.currency,)

    def judge(self, value: Any, given: Given) -> Any:
        named = given.get(self.currency)
        currency = named.lower() if isinstance(named, str) else None
        digits = 12 if currency is None or currency in LONG_AMOUNTS else 8
        is_between_coins = currency in THREE_DECIMALS and value % 10
        if is_between_coins or abs(value) >= 10**digits:
            raise self.refused(value)
        return value


@attrs.frozen
class ThreeYears(Rule):
    """How many of the intervals that stand beside it a billing period spans."""

    name: ClassVar[str] = "three_years"
    interval: Label

    @property
    def must(self) -> str:
        return "be at least 1, and with its interval at most three years"

    @property
    def schema(self) -> Mapping[str, Any]:
        return {"minimum": 1}

    @property
    def neighbours(self) -> tuple[Label, ...]:
        return (self.interval,)

    def judge(self, value: Any, given: Given) -> Any:
        most = INTERVALS.get(given.get(self.interval, ""), 1095)
        if not 1 <= value <= most:
            raise self.refused(value)
        return value


@attrs.frozen
class Metadata(Rule):
    """Up to 50 keys of your own (≤ 40 characters, no brackets), values of ≤ 500 kept as text."""

    name: ClassVar[str] = "metadata"

    @property
    def must(self) -> str:
        keys = "at most 50 keys (1–40 characters, no [ ])"
        return f"hold {keys} with text values of up to 500 characters"

    @property
    def schema(self) -> Mapping[str, Any]:
        names = {"maxLength": 40, "pattern": r"^[^\[\]]+$"}
        values = {"type": ["string", "number", "boolean", "null"], "maxLength": 500}
        return {"maxProperties": 50, "propertyNames": names, "additionalProperties": values}

    def holds(self, value: Any) -> bool:
        named = all(re.fullmatch(r"[^\[\]]{1,40}", key) for key in value)
        return named and len(value) <= 50 and all(map(_storable, value.values()))

    def judge(self, value: Any, given: Given) -> Any:
        judged: dict[str, Any] = super().judge(value, given)
        return {key: _stored(item) for key, item in judged.items() if item is not None}


def _storable(item: Any) -> bool:
    if item is UNKNOWN:
        return True
    return not isinstance(item, dict | list) and len(str(item)) <= 500


def _stored(item: Any) -> Any:
    if item is UNKNOWN:
        return item
    if item is CLEAR or item == "@clear":
        return ""
    return str(item).lower() if isinstance(item, bool) else str(item)


def currency_code() -> CurrencyCode:
    """A three-letter ISO 4217 code, sent in lower case."""
    return CurrencyCode()


def in_future(hours: int = 0) -> InFuture:
    """A unix timestamp (seconds) that is still to come, by at least so many hours."""
    return InFuture(hours)


def amount(*, currency: Label | None) -> Amount:
    """Minor units of the currency that this row has, or parameter; None if there is none."""
    return Amount(currency)


def three_years(*, interval: Label) -> ThreeYears:
    """Three years at most, in the intervals that this row has."""
    return ThreeYears(interval)


def metadata() -> Metadata:
    """Keys of your own with texts."""
    return Metadata()
