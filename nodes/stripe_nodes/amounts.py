"""How is money written? In a currency's smallest unit, or as text with the currency."""

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar

import attrs

from stripe_plugin.declare.currencies import THREE_DECIMALS, decimals
from stripe_plugin.errors import Refused
from stripe_plugin.judge.reading import is_written_whole, whole_number
from stripe_plugin.judge.values import BLANKS, UNKNOWN, Given
from stripe_plugin.rule import Label, Reading
from stripe_plugin.secrets import shown

# Source: docs.stripe.com/currencies.
NO_PARTS = frozenset({"isk", "ugx"})
LONG_AMOUNTS = frozenset("clp cop huf idr inr jpy krw lbp twd vnd".split())

WRITTEN = re.compile(r"(-?(?:0|[1-9][0-9]{0,11})(?:\.[0-9]{1,3})?)[ \u00a0]?([A-Za-z]{3})")
UNITS: Mapping[int, str] = MappingProxyType(
    {
        0: "in whole {currency}, which has no smaller unit: 1250 for 1250 {currency}",
        2: "in cents: 1250 for 12.50",
        3: "in thousandths, ending in 0: 12500 for 12.500",
    }
)
EXAMPLES: Mapping[int, str] = MappingProxyType({0: "1250", 2: "12.50", 3: "12.500"})


@attrs.frozen
class Amount(Reading):
    """Minor units of the currency that stands beside it, if one does.

    8 digits, 12 in currencies of small units, whole tens in three-decimal ones.
    Source: docs.stripe.com/currencies.
    """

    name: ClassVar[str] = "amount"
    lasting: ClassVar[bool] = True
    currency: Label | None

    @property
    def must(self) -> str:
        digits = "at most 8 digits, ending in 0 if it has 3 decimals"
        return f"be in the currency's smallest unit: {digits}"

    @property
    def schema(self) -> Mapping[str, Any]:
        return {"format": "minor-units"}

    @property
    def neighbours(self) -> tuple[Label, ...]:
        return () if self.currency is None else (self.currency,)

    def read(self, value: Any, given: Given) -> Any:
        """A whole number, its text, or text with the currency: `15.00 USD`."""
        written = value.strip(BLANKS) if isinstance(value, str) else ""
        if is_written_whole(value) or re.fullmatch(r"[+-]?[0-9]+", written):
            self._check_length(written.lstrip("+-0"), value, given)
            return whole_number(value)
        with_currency = WRITTEN.fullmatch(written)
        if with_currency:
            digits, currency = with_currency.groups()
            return self._minor(digits, currency.lower(), given)
        raise Refused(f"must be {self._unit(given)}; got {shown(value)}")

    def judge(self, value: Any, given: Given) -> Any:
        """Refuses too many digits, and what lies between two coins."""
        self._check_length(str(abs(value)), value, given)
        currency = self._beside(given)
        if currency in THREE_DECIMALS and value % 10:
            wrong = f"must end in 0: {currency.upper()} has 3 decimals, of which Stripe takes two"
            raise Refused(f"{wrong}; got {shown(value)}", self.name)
        return value

    def _check_length(self, digits: str, value: Any, given: Given) -> None:
        currency = self._beside(given)
        most = 12 if not currency or currency in LONG_AMOUNTS else 8
        if len(digits) > most:
            wrong = f"is too large: at most {most} digits in the currency's smallest unit"
            raise Refused(f"{wrong}; got {shown(value)}", self.name)

    def _beside(self, given: Given) -> str | None:
        """The currency beside it, if that is known."""
        named = given.get(self.currency)
        return named.strip(BLANKS).lower() if isinstance(named, str) else None

    def _unit(self, given: Given) -> str:
        """How it is written, both ways if both are possible."""
        currency = self._beside(given) or "usd"
        places = decimals(currency)
        unit = UNITS[places].format(currency=currency.upper())
        if self.currency is None:
            return unit
        return f"{unit}, or with its currency, as {EXAMPLES[places]} {currency.upper()}"

    def _minor(self, digits: str, currency: str, given: Given) -> int:
        """An amount with its currency, exactly, in agreement with the currency beside it."""
        self._check_agreement(digits, currency, given)
        places = decimals(currency)
        minor = Decimal(digits).scaleb(places)
        has_parts = currency in NO_PARTS and minor % 100
        if minor != int(minor) or has_parts:
            most = 0 if currency in NO_PARTS else places
            wrong = f"has more decimals than {currency.upper()}, which has {most}"
            raise Refused(f"{wrong}; got {digits}", self.name)
        return int(minor)

    def _check_agreement(self, digits: str, currency: str, given: Given) -> None:
        beside = self._beside(given)
        if given.get(self.currency) is UNKNOWN or beside == currency:
            return
        written = f"{digits} {currency.upper()}"
        if self.currency is None:
            wrong = f"cannot name its currency, which is that of the payment; got {written}"
            raise Refused(f"{wrong}. Write it {self._unit(given)}", self.name)
        label = self.currency if isinstance(self.currency, str) else self.currency.name
        if not beside:
            wrong = f"names a currency, so {label} must say it, too; got {written}"
            raise Refused(wrong, self.name)
        raise Refused(f"does not agree with {label}, {shown(beside)}; got {written}", self.name)


def amount(*, currency: Label | None) -> Amount:
    """Minor units of the currency that this row has, or parameter; None if there is none."""
    return Amount(currency)
