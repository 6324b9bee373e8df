"""What is a line of an invoice: of an invoice item, or of a subscription's item?"""

import copy

from stripe_emulator import refusals
from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.lifecycle import picked
from stripe_emulator.refusals import Json
from stripe_emulator.resources import meter_event as meter_events
from stripe_emulator.resources import price as prices
from stripe_emulator.resources import product as products

declare(
    Resource(
        kind="line_item",
        prefix="il_1",
        starts="""discount_amounts=[] discountable=true pretax_credit_amounts=[] quantity=1
            quantity_decimal="1" _tax_rates=[] taxes=[]""",
        absent="subscription",
    )
)

_OF_ITEM = """amount currency description discountable discounts metadata period pricing
    quantity quantity_decimal"""
_NO_PRORATION: Json = {"proration": False, "proration_details": {"credited_items": None}}


def of_invoice_item(account: Account, invoice: Json, item: Json) -> Json:
    """Make a line of an invoice item."""
    copied = copy.deepcopy(picked(item, _OF_ITEM))
    line = account.new("line_item", **copied)
    parent = _proration_parent(item) if item["proration"] else _item_parent(item)
    return line | {
        "invoice": invoice["id"],
        "parent": parent,
        "subtotal": item["amount"],
        "_tax_rates": item["tax_rates"] or [],
    }


def _item_parent(item: Json) -> Json:
    owner = item["parent"] and item["parent"]["subscription_details"]["subscription"]
    details = {"invoice_item": item["id"], **_NO_PRORATION, "subscription": owner}
    return {
        "invoice_item_details": details,
        "subscription_item_details": None,
        "type": "invoice_item_details",
    }


def _proration_parent(item: Json) -> Json:
    """A line of a proration speaks of the subscription's item, and of what a credit gives back."""
    named: Json = (item["parent"] or item["_parent"])["subscription_details"]
    details = {**named, "invoice_item": item["id"], "proration": True}
    details["proration_details"] = {"credited_items": _credited(item)}
    return _of_subscription(details)


def _credited(item: Json) -> Json | None:
    told: Json = item["proration_details"] or item["_proration_details"]
    credited: Json | None = told["credited_items"]
    return credited and credited["invoice_line_item_details"]


def item_of(line: Json) -> str | None:
    """The invoice item that a line stands for."""
    parent: Json = line["parent"]
    details = parent["invoice_item_details"] or parent["subscription_item_details"]
    found: str | None = details["invoice_item"]
    return found


def of_subscription_item(account: Account, invoice: Json, subscription: Json, item: Json) -> Json:
    """Make a line of a subscription's item for its current period; a trial costs nothing."""
    price = account.need("price", item["price"])
    quantity, period = _billed(account, subscription, item, price)
    trial = subscription["status"] == "trialing"
    amount = 0 if trial else prices.total(price, quantity)
    line = account.new("line_item", amount=amount, subtotal=amount)
    return line | {
        "currency": price["currency"],
        "description": _described(account, price, quantity, trial=trial),
        "invoice": invoice["id"],
        "metadata": dict(item["metadata"]),
        "parent": _subscription_parent(subscription, item),
        "period": period,
        "pricing": _pricing(price, trial=trial),
        "quantity": quantity,
        "quantity_decimal": str(quantity),
    }


def _billed(account: Account, subscription: Json, item: Json, price: Json) -> tuple[int, Json]:
    """How many are billed for which period: what is metered for the one that has ended."""
    period = {"end": item["current_period_end"], "start": item["current_period_start"]}
    past = item.get("_past")
    if past is None or not prices.is_metered(price):
        return item["quantity"], period
    return used(account, subscription, item), past


def used(account: Account, subscription: Json, item: Json) -> int:
    """How much was used of a metered item in the period that is over; of others nothing."""
    price = account.need("price", item["price"])
    if not prices.is_metered(price):
        return 0
    counted: Json = item.get("_counted") or item["_past"]
    meter = price["recurring"]["meter"]
    return meter_events.used(account, meter, subscription["customer"], counted)


def _pricing(price: Json, *, trial: bool) -> Json:
    found = prices.pricing(price)
    return found | {"unit_amount_decimal": "0"} if trial else found


def _subscription_parent(subscription: Json, item: Json) -> Json:
    details = {"invoice_item": None, **_NO_PRORATION}
    details |= {"subscription": subscription["id"], "subscription_item": item["id"]}
    return _of_subscription(details)


def _of_subscription(details: Json) -> Json:
    return {
        "invoice_item_details": None,
        "subscription_item_details": details,
        "type": "subscription_item_details",
    }


def _described(account: Account, price: Json, quantity: int, *, trial: bool) -> str:
    name = products.name_of(account, price["product"]) or "Subscription"
    if trial:
        return f"Free trial for {quantity} × {name}"
    each = refusals.money(price["unit_amount"] or 0, price["currency"])
    recurring = price["recurring"]
    count, interval = recurring["interval_count"], recurring["interval"]
    period = interval if count == 1 else f"every {count} {interval}s"
    return f"{quantity} × {name} (at {each} / {period})"
