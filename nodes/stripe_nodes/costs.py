"""What does a change of a subscription cost: how much, when, and what does it consist of?

Told of the invoice that Stripe previews, by its own figures.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from stripe_plugin.declare.label import label_of

Object = Mapping[str, Any]


@attrs.frozen
class Cost:
    """An invoice that is previewed, of a change to a subscription as it still is."""

    preview: Object
    subscription: Object

    @property
    def at_once(self) -> bool:
        """Whether it is made with the change: the next one is made when a period ends."""
        made: int = self.preview["created"]
        return made < min(_ends(self.subscription["items"]["data"]))

    @property
    def amount(self) -> str:
        """How much is due, and of what: `9.00 USD (10.00 USD − 1.00 USD discount)`."""
        due = self._money(self.preview["amount_due"])
        parts = [*self._parts()]
        return f"{due} ({' '.join(parts)})" if len(parts) > 1 else due

    @property
    def day(self) -> str:
        """When the first invoice that is not made at once follows, in UTC."""
        following = self.preview["created"]
        if self.at_once:
            begun = [line["period"]["end"] for line in self._lines if not _is_proration(line)]
            following = max(begun, default=min(_ends(self.subscription["items"]["data"])))
        return f"{datetime.fromtimestamp(following, UTC):%Y-%m-%d}"

    @property
    def _lines(self) -> list[Object]:
        lines: list[Object] = self.preview["lines"]["data"]
        return lines

    def _amounts(self, *, prorated: bool) -> list[int]:
        return [line["amount"] for line in self._lines if _is_proration(line) is prorated]

    def _money(self, amount: int) -> str:
        return label_of({**self.preview, "amount_due": amount}, "{amount_due|money}")

    def _parts(self) -> Iterator[str]:
        """What the amount consists of, each with its sign; nothing if not all lines are known."""
        if self.preview["lines"]["has_more"]:
            return
        sums = {name: amount for name, amount in self._sums().items() if amount}
        for number, (name, amount) in enumerate(sums.items()):
            sign = "− " if amount < 0 else "+ "
            shown = f"{self._money(abs(amount))}{name}"
            yield shown if number == 0 and amount > 0 else f"{sign}{shown}"

    def _sums(self) -> dict[str, int]:
        """The sums of which the amount consists, by what is said behind them."""
        prorations = self._amounts(prorated=True)
        whole = sum(self._amounts(prorated=False))
        discount = sum(each["amount"] for each in self.preview["total_discount_amounts"] or ())
        total: int = self.preview["total"]
        balance = "to" if total < 0 else "from"
        return {
            "": whole,
            " discount": -discount,
            " unused time": sum(amount for amount in prorations if amount < 0),
            " remaining time": sum(amount for amount in prorations if amount > 0),
            " tax": total + discount - whole - sum(prorations),
            f" {balance} the customer's balance": self.preview["amount_due"] - total,
        }


def _ends(items: Iterable[Object]) -> Iterator[int]:
    return (item["current_period_end"] for item in items)


def _is_proration(line: Object) -> bool:
    """Whether a line is of a part of a period."""
    parent: Object = line["parent"] or {}
    of: Object = parent.get("subscription_item_details") or parent.get("invoice_item_details") or {}
    return bool(of.get("proration"))
