"""How does a subscription go on that was paused when its trial ended?

It stays paused until the invoice of its first paid period is paid or written off, for 23 hours
at most; then that invoice is void (docs.stripe.com/api/subscriptions/resume).
"""

import copy

from stripe_emulator.account import Account
from stripe_emulator.billing import ending, periods
from stripe_emulator.billing.proration import Cut
from stripe_emulator.declare import missing
from stripe_emulator.due import due
from stripe_emulator.lifecycle import Given, do, does
from stripe_emulator.refusals import Json, Refusal
from stripe_emulator.resources import invoice as invoices
from stripe_emulator.resources import subscription_item as items
from stripe_emulator.resources.invoice import Bill

_UNTIL_EXPIRED = 23 * 3_600
_NOTHING: Json = dict.fromkeys(
    ("discount", "discounts", "metadata", "subscription_items", "trial_end", "trial_from_plan")
)


@does(
    "subscription.resume",
    "billing_cycle_anchor proration_behavior=create_prorations|none proration_date",
)
def resume(account: Account, subscription: Json, given: Given) -> Json:
    """Resume a paused subscription: with a period that begins now, or in the one that goes on."""
    if subscription["status"] in ending.ENDED:
        raise missing("subscription", subscription["id"], "id", 404)
    if subscription["status"] != "paused":
        raise Refusal("You can only resume a subscription if it is `paused`.")
    subscription["billing_cycle_anchor"] = given.before["billing_cycle_anchor"]
    if given.get("billing_cycle_anchor") == "unchanged":
        return _go_on(account, subscription, given)
    return _begin_anew(account, subscription, given)


def _go_on(account: Account, subscription: Json, given: Given) -> Json:
    """Be active at once in the period around now; what is left of it waits to be billed."""
    anchor = subscription["billing_cycle_anchor"]
    for item in subscription["_items"]:
        every = account.need("price", item["price"])["recurring"]
        items.roll(account, subscription, item, account.now)
        item["current_period_start"] = periods.start_of(anchor, every, item["current_period_end"])
    if given.get("proration_behavior") != "none":
        cut = Cut(account, subscription, given.get("proration_date", account.now))
        for item in subscription["_items"]:
            cut.charge(item)
    return _active(account, subscription, given.before)


def _active(account: Account, subscription: Json, before: Json) -> Json:
    account.change(subscription | {"status": "active"}, before)
    found = account.need("subscription", subscription["id"])
    account.emit("customer.subscription.resumed", found)
    return found


def _begin_anew(account: Account, subscription: Json, given: Given) -> Json:
    """Bill a period that begins now; the subscription is active when that is paid."""
    later = _later(account, subscription)
    bill = Bill("subscription_cycle", later["_items"], since=account.now)
    invoice = invoices.of_subscription(account, later, bill)
    subscription |= {
        "latest_invoice": invoice["id"],
        "pending_update": _pending(account),
        "_later": later["_items"],
        "discounts": later["discounts"],
    }
    account.change(subscription, given.before)
    if not invoices.is_sent(subscription):
        invoices.open_(account, invoices.held(invoice))
    return account.need("subscription", subscription["id"])


def _later(account: Account, subscription: Json) -> Json:
    """The subscription as it will be in the period that begins now."""
    later = copy.deepcopy(subscription)
    later |= {"billing_cycle_anchor": account.now, "status": "active"}
    for item in later["_items"]:
        items.roll(account, later, item, account.now)
    return later


def _pending(account: Account) -> Json:
    expires = account.now + _UNTIL_EXPIRED
    return {"billing_cycle_anchor": account.now, "expires_at": expires, **_NOTHING}


def begin(account: Account, invoice: Json) -> None:
    """Begin the period that waited for this invoice, if one did."""
    id_ = invoices.subscription_of(invoice)
    subscription = account.get("subscription", id_) if id_ else None
    if not subscription or subscription["latest_invoice"] != invoice["id"]:
        return
    waits = subscription["pending_update"]
    if waits and subscription["status"] == "paused":
        before = copy.deepcopy(subscription)
        begun = {"_items": subscription["_later"], "_later": None, "pending_update": None}
        begun["billing_cycle_anchor"] = waits["billing_cycle_anchor"]
        _active(account, subscription | begun, before)


def _expires(subscription: Json) -> int | None:
    waits = subscription["pending_update"]
    moment: int | None = waits and waits["expires_at"]
    return moment if subscription["status"] == "paused" else None


@due("subscription.stay_paused", _expires)
def stay_paused(account: Account, subscription: Json) -> None:
    """Void the invoice that nobody paid; the subscription stays paused."""
    before = copy.deepcopy(subscription)
    invoice = account.need("invoice", subscription["latest_invoice"])
    subscription |= {"pending_update": None, "_later": None}
    account.change(subscription, before)
    if invoice["status"] == "draft":
        invoice = invoices.open_(account, invoices.held(invoice))
    if invoice["status"] == "open":
        do("invoice.void", account, invoice, {})
