"""What is an item of a subscription: one price, how many, for which period?

Items stand in their subscription; to change one alone is to update the subscription.
"""

import re

from stripe_emulator import amounts, lifecycle, present, refusals
from stripe_emulator.account import Account
from stripe_emulator.billing import periods
from stripe_emulator.declare import Resource, declare, missing
from stripe_emulator.lifecycle import SHARED, Given, Shared, do, does, picked
from stripe_emulator.listing import lists
from stripe_emulator.refusals import Json, Refusal
from stripe_emulator.resources import discount as discounts
from stripe_emulator.resources import price as prices
from stripe_emulator.resources import tax_rate as tax_rates

declare(
    Resource(
        kind="subscription_item",
        prefix="si_",
        size=14,
        path="/v1/subscription_items",
        verbs="list create retrieve update delete",
        starts="created=null plan=null quantity=1 tax_rates=[]",
        kinds={"plan": "plan"},
        in_path="item",
    )
)

_OF_PRICE = """active billing_scheme created currency livemode metadata nickname product
    tiers_mode"""
_OF_ITEM = "discounts metadata price price_data quantity tax_rates"
_HOW = "off_session proration_behavior proration_date"
_PAYS = "payment_behavior=allow_incomplete|default_incomplete|error_if_incomplete"
_HAS = """EXISTS (SELECT 1 FROM json_each(body, '$._items')
    WHERE json_extract(value, '$.id') = ?)"""
_ENDED = {"canceled", "incomplete_expired"}
_PLACE = re.compile(r"items\[0\]\[(\w+)\]")
_NONE_LEFT = (
    "A subscription must have at least one active plan. To cancel a subscription, please use the "
    "cancel API endpoint on /v1/subscriptions."
)


def add(account: Account, subscription: Json, wanted: Json, path: str) -> None:
    """Add an item; a price is on a subscription once."""
    price = _recurring_price(account, wanted, path)
    _check_unused(subscription, price)
    item = account.new("subscription_item", subscription=subscription["id"])
    item["price"] = price["id"]
    item |= _quantity(price, wanted, path) | picked(wanted, "metadata")
    _check_cost(price, item, path)
    _redeem(account, subscription, item, wanted, path)
    if subscription["status"] == "trialing":
        end = subscription["trial_end"]
        item |= {"current_period_start": account.now, "current_period_end": end}
    else:
        roll(account, subscription, item, account.now)
    subscription["_items"].append(item)


def roll(account: Account, subscription: Json, item: Json, start: int) -> None:
    """Begin a period of an item; it ends with the subscription's cycle."""
    every = account.need("price", item["price"])["recurring"]
    end = periods.end_after(subscription["billing_cycle_anchor"], every, start)
    item["_past"] = _past(subscription, item, start)
    item |= {"current_period_start": start, "current_period_end": end}


def _past(subscription: Json, item: Json, end: int) -> Json | None:
    """The period of which usage is still to be billed: of a trial there is none."""
    start = item["current_period_start"]
    free = subscription["status"] == "paused" or subscription["trial_end"] == end
    return {"start": start, "end": end} if start and not free else None


def _check_unused(subscription: Json, price: Json) -> None:
    used = {item["price"]: item["id"] for item in subscription["_items"]}
    if price["id"] not in used:
        return
    if not subscription["currency"]:  # it is being created
        message = "Cannot create a Subscription with multiple Subscription Items with the same"
        raise Refusal(f"{message} Price: {price['id']}", param="plan")
    raise Refusal(
        f"A new item with Price {price['id']} can't be added to this Subscription because an "
        f"existing Subscription Item {used[price['id']]} is already using that Price. If you want "
        "to update the existing item (e.g., to adjust the quantity), pass the existing "
        "Subscription Item's `id` in your update request: "
        "https://stripe.com/docs/api/subscriptions/update#update_subscription-items-id",
        param="plan",
    )


def change(account: Account, subscription: Json, wanted: Json, path: str) -> None:
    """Change or remove the item that an update names by its id; without one it is added."""
    if "id" not in wanted:
        add(account, subscription, wanted, path)
        return
    item = _named(subscription, wanted["id"], f"{path}[id]")
    if wanted.get("deleted"):
        _remove(subscription, item, f"{path}[deleted]")
        return
    if "price" in wanted or "price_data" in wanted:
        item["price"] = _recurring_price(account, wanted, path)["id"]
    price = account.need("price", item["price"])
    item |= _quantity(price, wanted, path)
    _check_cost(price, item, path)
    if "metadata" in wanted:
        item["metadata"] = lifecycle.metadata(item["metadata"], wanted["metadata"])
    _redeem(account, subscription, item, wanted, path)


def _redeem(account: Account, subscription: Json, item: Json, wanted: Json, path: str) -> None:
    """Take the discounts and tax rates that are asked for."""
    if "tax_rates" in wanted:
        ids: list[str] = wanted["tax_rates"] or []
        tax_rates.check_active(account, ids, f"{path}[tax_rates]")
        item["tax_rates"] = ids
    if "discounts" in wanted:
        buyer = _buyer(account, subscription, item, f"{path}[discounts]")
        item["discounts"] = buyer.redeem(wanted["discounts"], item["discounts"])


def _buyer(account: Account, subscription: Json, item: Json, path: str) -> discounts.Buyer:
    price = account.need("price", item["price"])
    return discounts.Buyer(
        account=account,
        customer=subscription["customer"],
        currency=price["currency"],
        owner={"subscription": subscription["id"], "subscription_item": item["id"]},
        amount=prices.total(price, item["quantity"]),
        path=path,
    )


def _quantity(price: Json, wanted: Json, path: str) -> Json:
    """How many; none of what is metered, which costs what was used of it."""
    if not prices.is_metered(price):
        return picked(wanted, "quantity")
    if "quantity" in wanted:
        message = "You cannot set the quantity for metered plans."
        raise Refusal(message, param=f"{path}[quantity]")
    return {"quantity": 0}


def _check_cost(price: Json, item: Json, path: str) -> None:
    cost = prices.total(price, item["quantity"])
    amounts.check_quantity(cost, price["currency"], f"{path}[quantity]")


def _named(subscription: Json, id_: str, param: str) -> Json:
    for item in subscription["_items"]:
        if item["id"] == id_:
            found: Json = item
            return found
    raise missing("subscription_item", id_, param)


def _remove(subscription: Json, item: Json, param: str) -> None:
    subscription["_items"].remove(item)
    if not subscription["_items"]:
        raise Refusal(_NONE_LEFT, param=param)


def _recurring_price(account: Account, wanted: Json, path: str) -> Json:
    if data := wanted.get("price_data"):
        if "recurring" not in data:
            raise refusals.missing_parameter(f"{path}[price_data][recurring]")
        return prices.of_data(account, data)
    price = prices.on_sale(account, wanted, path, inline=True)
    prices.check_type(price, "recurring", f"{path}[price]")
    return price


def show(account: Account, item: Json) -> Json:
    """Show an item with its price, and the price as the plan it once was called."""
    price = account.show(account.need("price", item["price"]))
    plan = {
        "id": price["id"],
        "object": "plan",
        "transform_usage": None,
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
    }
    plan |= picked(price, _OF_PRICE) | price["recurring"]
    shown = present.without_hidden(item)
    shown["tax_rates"] = tax_rates.shown(account, item["tax_rates"])
    if prices.is_metered(price):
        del shown["quantity"]
    return shown | {"price": price, "plan": plan}


@present.shows("subscription_item")
def complete(account: Account, item: Json, view: Json) -> None:
    """Show an item that is asked for alone as its subscription shows it."""
    view.clear()
    view |= show(account, item)


def _owner(account: Account, id_: str) -> Json:
    """The subscription that an item stands in."""
    found = account.store.many(account.name, "subscription", [(_HAS, id_)])
    if not found:
        raise Refusal(f"Invalid subscription_item id: {id_}", status=404)
    return found[0]


def _find(account: Account, id_: str) -> Json:
    return _named(_owner(account, id_), id_, "item")


SHARED["subscription_item"] = Shared(exists=lambda _: True, find=_find)


@lists("subscription_item")
def rows(account: Account, given: Json) -> list[Json]:
    """The items of a subscription, the oldest first."""
    subscription = account.need("subscription", given["subscription"], "subscription")
    found: list[Json] = subscription["_items"]
    return found


@does("subscription_item.create", f"subscription {_OF_ITEM} {_HOW} {_PAYS}")
def create(account: Account, _item: Json, given: Given) -> Json:
    """Add an item to a subscription that has not ended."""
    id_ = given["subscription"]
    subscription = account.need("subscription", id_, "subscription", 404)
    if subscription["status"] in _ENDED:
        raise missing("subscription", id_, "subscription", 404)
    changed = _changed(account, subscription, picked(given, _OF_ITEM), given)
    added: Json = changed["_items"][-1]
    return added


@does("subscription_item.update", f"{_OF_ITEM} {_HOW} {_PAYS}")
def update(account: Account, item: Json, given: Given) -> Json:
    """Change the price, the quantity or the metadata of an item."""
    wanted = {"id": item["id"], **picked(given, _OF_ITEM)}
    owner = _owner(account, item["id"])
    changed = _changed(account, owner, wanted, given)
    return _named(changed, item["id"], "item")


@does("subscription_item.delete", f"{_HOW} {_PAYS}")
def delete(account: Account, item: Json, given: Given) -> Json:
    """Take an item out of its subscription; not the last one."""
    wanted = {"id": item["id"], "deleted": True}
    _changed(account, _owner(account, item["id"]), wanted, given)
    return {"id": item["id"], "object": "subscription_item", "deleted": True}


def _changed(account: Account, subscription: Json, wanted: Json, given: Json) -> Json:
    """Update the subscription with this one item; a refusal blames the item's own parameter."""
    asked = {"items": [wanted], **picked(given, f"{_HOW} payment_behavior")}
    try:
        return do("subscription.update", account, subscription, asked)
    except Refusal as refusal:
        for name in refusal.error.keys() & {"param", "message"}:
            refusal.error[name] = _PLACE.sub(r"\1", refusal.error[name])
        raise
