"""What Stripe's own kinds of values must be: currencies, amounts, times, metadata."""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar

import attrs

from stripe_nodes.amounts import amount
from stripe_nodes.times import in_future
from stripe_plugin.errors import Fault, Refused
from stripe_plugin.judge.rules import trimmed, valueless
from stripe_plugin.judge.values import CLEAR, UNKNOWN, Given, step_shown
from stripe_plugin.rule import Label, Rule
from stripe_plugin.secrets import shown

__all__ = ["amount", "currency_code", "in_future", "metadata", "percentage", "three_years"]

CURRENCY = re.compile("[A-Za-z]{3}")
# What Stripe takes off at least, in percent ("greater than or equal to 0.01").
SMALLEST = Decimal("0.01")
# Three years, in each unit.
INTERVALS = MappingProxyType({"day": 1095, "week": 156, "month": 36, "year": 3})


@attrs.frozen
class CurrencyCode(Rule):
    """A three-letter ISO 4217 code, sent in lower case as Stripe wants it."""

    name: ClassVar[str] = "currency_code"
    lasting: ClassVar[bool] = True

    @property
    def must(self) -> str:
        return "be a three-letter ISO currency code, such as usd"

    @property
    def text(self) -> str:
        return "Three-letter ISO currency code"

    @property
    def schema(self) -> Mapping[str, Any]:
        return {**trimmed("[A-Za-z]{3}"), "format": "currency"}

    def holds(self, value: Any) -> bool:
        return bool(CURRENCY.fullmatch(value))

    def judge(self, value: Any, given: Given) -> Any:
        code: str = super().judge(value, given)
        return code.lower()


@attrs.frozen
class ThreeYears(Rule):
    """How many of the intervals that stand beside it a billing period spans."""

    name: ClassVar[str] = "three_years"
    lasting: ClassVar[bool] = True
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
class Percentage(Rule):
    """A part of a whole that is not nothing, in percent."""

    name: ClassVar[str] = "percentage"
    lasting: ClassVar[bool] = True

    @property
    def must(self) -> str:
        return f"be a percentage from {SMALLEST} to 100, such as 12.5 for 12.5 %"

    @property
    def schema(self) -> Mapping[str, Any]:
        return {"minimum": float(SMALLEST), "maximum": 100}

    def holds(self, value: Any) -> bool:
        return bool(SMALLEST <= value <= 100)


@attrs.frozen
class Written(Rule):
    """Text that has a mark without which it surely is not what it should be."""

    name: ClassVar[str]
    pattern: ClassVar[str]
    words: ClassVar[str]

    @property
    def must(self) -> str:
        return self.words

    @property
    def text(self) -> str:
        return ""  # the example says it

    @property
    def schema(self) -> Mapping[str, Any]:
        return trimmed(self.pattern)

    def holds(self, value: Any) -> bool:
        return bool(re.fullmatch(self.pattern, value, re.DOTALL))


class WebAddress(Written):
    """An address with its scheme. Stripe also leads to apps, by schemes of their own."""

    name = "url"
    pattern = r"[A-Za-z][A-Za-z0-9+.-]*:.+"
    words = "be an address that begins with https://, such as https://example.com"


class EmailAddress(Written):
    """An e-mail address, of which Stripe judges the rest."""

    name = "email"
    pattern = ".*@.*"
    words = "be an e-mail address, such as jenny@example.com"


@attrs.frozen
class Country(Rule):
    """Two letters of ISO 3166; Stripe keeps any text, so another one is only doubtful."""

    name: ClassVar[str] = "country"

    @property
    def text(self) -> str:
        return ""  # the description says it

    def judge(self, value: Any, given: Given) -> Any:  # noqa: ARG002 - it stands alone
        """Any text. Source: recorded, "United States of America"; stripe/stripe-node#1680."""
        return value

    def doubts(self, value: Any) -> Iterator[Fault]:
        """What is not two letters, and what looks like a code but is none."""
        better = NO_CODES.get(value.strip().upper(), "")
        if better or not re.fullmatch("[A-Za-z]{2}", value.strip()):
            hint = f" (did you mean {better}?)" if better else ""
            words = f"should be the two letters of ISO 3166, such as DE for Germany{hint}"
            yield Fault(f"{words}; got {shown(value)}, which is sent all the same", self.name)


# What people write for a country whose code is another.
NO_CODES = MappingProxyType({"UK": "GB"})


@attrs.frozen
class Metadata(Rule):
    """Up to 50 keys of your own (≤ 40 characters, no brackets), values of ≤ 500 kept as text."""

    name: ClassVar[str] = "metadata"
    lasting: ClassVar[bool] = True

    @property
    def must(self) -> str:
        keys = "at most 50 keys (1–40 characters, no [ ])"
        return f"hold {keys} with text values of up to 500 characters"

    @property
    def schema(self) -> Mapping[str, Any]:
        names = {"maxLength": 40, "pattern": r"^[^\[\]]+$"}
        values = {"type": ["string", "number", "boolean", "null"], "maxLength": 500}
        return {"maxProperties": 50, "propertyNames": names, "additionalProperties": values}

    def judge(self, value: Any, given: Given) -> Any:  # noqa: ARG002 - it stands alone
        """The pairs, with texts for values; every key that breaks a limit is named with it."""
        faults: list[Fault] = []
        if len(value) > MOST_KEYS:
            faults.append(Fault(f"must hold at most {MOST_KEYS} keys; got {len(value)}", self.name))
        for key, item in value.items():
            if not key:
                faults.append(Fault(NAMELESS, self.name, (key,)))
            elif wrong := _wrong_key(key) or _wrong_item(item):
                fault = Fault(wrong, self.name)
                faults.append(fault.inside(step_shown(key)))
        if faults:
            raise Refused(faults)
        return {key: _stored(item) for key, item in value.items()}

    def unsent(self, value: Any) -> Iterator[Fault]:
        return valueless(value)


# Source: docs.stripe.com/api/metadata.
MOST_KEYS, LONGEST_KEY, LONGEST_VALUE = 50, 40, 500
NAMELESS = "has a key without a name: give it one of 1–40 characters"


def _wrong_key(key: str) -> str:
    if len(key) > LONGEST_KEY:
        return f"is too long a key: at most {LONGEST_KEY} characters; got {len(key)}"
    if "[" in key or "]" in key:
        return "is no key that Stripe takes: without [ and ]"
    return ""


def _wrong_item(item: Any) -> str:
    if isinstance(item, dict | list):
        return f"must be text, a number, true or false; got {shown(item)}"
    length = len(_stored(item)) if item is not UNKNOWN else 0
    if length > LONGEST_VALUE:
        return f"must be at most {LONGEST_VALUE} characters long; got {length}"
    return ""


def _stored(item: Any) -> Any:
    if item is CLEAR:
        return ""
    if item is UNKNOWN:
        return item
    return str(item).lower() if isinstance(item, bool) else str(item)


def currency_code() -> CurrencyCode:
    """A three-letter ISO 4217 code, sent in lower case."""
    return CurrencyCode()


def three_years(*, interval: Label) -> ThreeYears:
    """Three years at most, in the intervals that this row has."""
    return ThreeYears(interval)


def percentage() -> Percentage:
    """From 0.01 to 100 percent."""
    return Percentage()


def url() -> WebAddress:
    """An address with its scheme."""
    return WebAddress()


def email() -> EmailAddress:
    """An e-mail address."""
    return EmailAddress()


def country() -> Country:
    """Two letters; what is not gets a warning."""
    return Country()


def metadata() -> Metadata:
    """Keys of your own with texts."""
    return Metadata()
