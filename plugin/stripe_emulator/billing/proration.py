"""What does a change in the middle of a period cost: what is unused comes back, the rest is paid?

A part of a period is its seconds over those of the whole, exactly, and an amount is rounded down:
a credit of 2.5 cents is 3, a charge of 4.5 is 4 (as it was recorded). Credits give back what was
billed for the period, and nothing where nothing was (docs.stripe.com/billing/subscriptions/
billing-mode, flexible).
"""

from datetime import UTC, datetime
from fractions import Fraction

from attrs import frozen

from stripe_emulator.account import Account
from stripe_emulator.billing import periods
from stripe_emulator.refusals import Json
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
        left = Fraction(self.end - self.at, self.end - self.start)
        part = left * amount
        return part.numerator // part.denominator


def stretch(account: Account, subscription: Json, item: Json, at: int) -> Stretch:
    """What is left of an item's period."""
    end = item["current_period_end"]
    every = account.need("price", item["price"])["recurring"]
    start = periods.start_of(subscription["billing_cycle_anchor"], every, end)
    return Stretch(start, end, min(max(at, start), end))


def credit(account: Account, subscription: Json, item: Json, at: int) -> Json | None:
    """Give back what was billed for the rest of an item's period; None where nothing was."""
    billed = item.get("_billed")
    left = stretch(account, subscription, item, at)
    if billed is None or left.at == left.end:
        return None
    made = _item(account, subscription, item, billed, "Unused")
    price = account.need("price", billed["price"])
    made["amount"] = left.share(-prices.total(price, billed["quantity"]))
    made["proration_details"]["credited_items"] = _credited(billed)
    return _kept(account, made, left)


def charge(account: Account, subscription: Json, item: Json, at: int) -> Json | None:
    """Charge for the rest of an item's period."""
    left = stretch(account, subscription, item, at)
    if left.at == left.end:
        return None
    made = _item(account, subscription, item, item, "Remaining")
    price = account.need("price", item["price"])
    made["amount"] = left.share(prices.total(price, item["quantity"]))
    before = item.get("_billed") or _NEVER
    item["_billed"] = before | {"price": item["price"], "quantity": item["quantity"]}
    return _kept(account, made, left)


def credit_rest(account: Account, subscription: Json) -> None:
    """Give back what is unused of everything.

    The items are plain, as recorded for a cancellation; the lines made of them are not.
    """
    for item in subscription["_items"]:
        made = credit(account, subscription, item, account.now)
        if made:
            hidden = {f"_{name}": made[name] for name in _PLAIN}
            account.change(made | hidden | dict.fromkeys(_PLAIN))


def _kept(account: Account, made: Json, left: Stretch) -> Json:
    moment = datetime.fromtimestamp(left.at, UTC)
    made |= {
        "description": f"{made['description']} after {moment:%d %b %Y}",
        "net_amount": made["amount"],
        "period": {"end": left.end, "start": left.at},
    }
    return account.create(made)


def _item(account: Account, subscription: Json, item: Json, priced: Json, what: str) -> Json:
    price = account.need("price", priced["price"])
    made = account.new("invoiceitem", customer=subscription["customer"])
    made |= _several(priced["quantity"])
    name = products.name_of(account, price["product"]) or "Subscription"
    return made | {
        "currency": subscription["currency"],
        "description": f"{what} time on {_counted(name, priced['quantity'])}",
        "discountable": False,
        "frozen_fields": ["pricing", "quantity", "discounts"],
        "parent": _parent(subscription, item),
        "pricing": prices.pricing(price) | {"unit_amount_decimal": None},
        "proration": True,
        "proration_details": {"credited_items": None, "discount_amounts": []},
    }


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
