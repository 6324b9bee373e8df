"""What does a change in the middle of a period cost: what is unused comes back, the rest is paid?

A part of a period is its seconds over those of the whole, exactly, and an amount is rounded down:
a credit of 2.5 cents is 3, a charge of 4.5 is 4 (as it was recorded). Credits give back what was
billed for the period, and nothing where nothing was. Discounts are in the amounts: a credit has
what was taken off then, a charge what lasting discounts take off now
(docs.stripe.com/billing/subscriptions/billing-mode, flexible).
"""

from datetime import UTC, datetime
from fractions import Fraction

from attrs import frozen

from stripe_emulator.account import Account
from stripe_emulator.billing import periods
from stripe_emulator.lifecycle import picked
from stripe_emulator.refusals import Json
from stripe_emulator.resources import discount as discounts
from stripe_emulator.resources import price as prices
from stripe_emulator.resources import product as products

_PLAIN = ("parent", "proration_details")
_NEVER: Json = {"invoice": None, "line": None}


@frozen
class Stretch:
    """What is left of a whole period, from a moment in it on."""

    start: int
    end: int
    at: int

    def share(self, amount: int) -> int:
        """The part of an amount for the whole that falls into the rest."""
        whole = self.end - self.start
        part = Fraction(self.end - self.at, whole) * amount
        return part.numerator // part.denominator


@frozen
class Cut:
    """A moment at which the items of a subscription, as it was or is, are cut in two."""

    account: Account
    subscription: Json
    at: int

    def credit(self, item: Json) -> Json | None:
        """Give back what was billed for the rest of an item's period; None where nothing was."""
        billed = item.get("_billed")
        left = self._left(item)
        if billed is None or left.at == left.end:
            return None
        made = self._made(item, billed, "Unused")
        paid = self._whole(billed) - billed.get("off", 0)
        made["amount"] = left.share(-paid)
        made["proration_details"]["credited_items"] = _credited(billed)
        return self._kept(made, left)

    def charge(self, item: Json) -> Json | None:
        """Charge for the rest of an item's period."""
        left = self._left(item)
        if left.at == left.end:
            return None
        made = self._made(item, item, "Remaining")
        off = self._off(item)
        made["amount"] = left.share(self._whole(item) - off)
        before = item.get("_billed") or _NEVER
        item["_billed"] = before | picked(item, "price quantity") | {"off": off}
        return self._kept(made, left)

    def _left(self, item: Json) -> Stretch:
        """What is left of an item's period."""
        end = item["current_period_end"]
        every = self.account.need("price", item["price"])["recurring"]
        start = periods.start_of(self.subscription["billing_cycle_anchor"], every, end)
        later = max(self.at, start)
        return Stretch(start, end, min(later, end))

    def _whole(self, priced: Json) -> int:
        """What so many of a price cost for a whole period."""
        price = self.account.need("price", priced["price"])
        return prices.total(price, priced["quantity"])

    def _off(self, item: Json) -> int:
        """What lasting discounts take off a whole period of an item, among all items."""
        every: list[Json] = self.subscription["_items"]
        lines = [self._as_line(each) for each in every]
        whole = discounts.lasting(self.account, self.subscription["discounts"])
        discounts.take_off(self.account, whole, lines)
        return discounts.taken_off(lines[every.index(item)])

    def _as_line(self, item: Json) -> Json:
        price = self.account.need("price", item["price"])
        return {
            "amount": self._whole(item),
            "currency": price["currency"],
            "discountable": True,
            "discounts": discounts.lasting(self.account, item["discounts"]),
            "pricing": prices.pricing(price),
        }

    def _made(self, item: Json, priced: Json, what: str) -> Json:
        price = self.account.need("price", priced["price"])
        made = self.account.new("invoiceitem", customer=self.subscription["customer"])
        made |= _several(priced["quantity"])
        name = products.name_of(self.account, price["product"]) or "Subscription"
        return made | {
            "currency": self.subscription["currency"],
            "description": f"{what} time on {_counted(name, priced['quantity'])}",
            "discountable": False,
            "frozen_fields": ["pricing", "quantity", "discounts"],
            "parent": _parent(self.subscription, item),
            "pricing": prices.pricing(price) | {"unit_amount_decimal": None},
            "proration": True,
            "tax_rates": item["tax_rates"],
            "proration_details": {"credited_items": None, "discount_amounts": []},
        }

    def _kept(self, made: Json, left: Stretch) -> Json:
        moment = datetime.fromtimestamp(left.at, UTC)
        made |= {
            "description": f"{made['description']} after {moment:%d %b %Y}",
            "net_amount": made["amount"],
            "period": {"end": left.end, "start": left.at},
        }
        return self.account.create(made)


def credit_rest(account: Account, subscription: Json) -> None:
    """Give back what is unused of everything.

    The items are plain, as recorded for a cancellation; the lines made of them are not.
    """
    cut = Cut(account, subscription, account.now)
    for item in subscription["_items"]:
        made = cut.credit(item)
        if made is None:
            continue
        hidden = {f"_{name}": made[name] for name in _PLAIN}
        account.change(made | hidden | dict.fromkeys(_PLAIN))


def _several(quantity: int) -> Json:
    return {"quantity": quantity, "quantity_decimal": str(quantity)}


def _counted(name: str, quantity: int) -> str:
    return name if quantity == 1 else f"{quantity} × {name}"


def _parent(subscription: Json, item: Json) -> Json:
    details = {"subscription": subscription["id"], "subscription_item": item["id"]}
    return {"subscription_details": details, "type": "subscription_details"}


def _credited(billed: Json) -> Json | None:
    """The line that billed what comes back."""
    if billed["line"] is None:
        return None
    lines = {"invoice": billed["invoice"], "invoice_line_items": [billed["line"]]}
    return {"invoice_line_item_details": lines, "type": "invoice_line_items"}
