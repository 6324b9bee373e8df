"""What would be billed: by a change that is not made yet, or at the next renewal?

It is done as it would be, looked at, and undone; nobody is told, and nothing is charged.
"""

import copy
from typing import Any

from stripe_emulator import lifecycle
from stripe_emulator.account import Account
from stripe_emulator.billing import billed, ending
from stripe_emulator.billing.periods import DAY
from stripe_emulator.due import due
from stripe_emulator.lifecycle import Given, does, picked
from stripe_emulator.message import token
from stripe_emulator.refusals import Json, Refusal
from stripe_emulator.resources import invoice as invoices

# by how much an upcoming invoice is told of beforehand: a setting of the account, 3 to 45 days
_NOTICE = 7 * DAY
_DRAFT: Json = {
    "status": "draft",
    "number": None,
    "effective_at": None,
    "automatically_finalizes_at": None,
    "next_payment_attempt": None,
    "hosted_invoice_url": None,
    "invoice_pdf": None,
    "attempted": False,
    "auto_advance": False,
    "amount_paid": 0,
    "ending_balance": None,
}
_UNPAID: Json = {"payment_behavior": "default_incomplete"}
_RENEWALS = {"trialing": billed.end_trial}


@does(
    "invoice.create_preview",
    """customer discounts preview_mode=next subscription subscription_details.billing_cycle_anchor
    subscription_details.cancel_at subscription_details.cancel_at_period_end
    subscription_details.cancel_now subscription_details.items.deleted
    subscription_details.items.discounts subscription_details.items.id
    subscription_details.items.metadata subscription_details.items.price
    subscription_details.items.price_data subscription_details.items.tax_rates
    subscription_details.default_tax_rates
    subscription_details.items.quantity subscription_details.proration_behavior
    subscription_details.proration_date subscription_details.trial_end""",
)
def preview(account: Account, _invoice: Json, given: Given) -> Json:
    """Show the invoice that a change would make, or else the next one."""
    with account.undone():
        found = _would_be(account, given)
    return _as_preview(found)


def _as_preview(invoice: Json) -> Json:
    lines = [line | {"id": f"il_tmp_1{token(22)}"} for line in invoice["_lines"]]
    shown: Json = {"id": f"upcoming_in_1{token(22)}", "_lines": lines}
    shown["amount_remaining"] = invoice["amount_due"]
    shown["status_transitions"] = dict.fromkeys(invoice["status_transitions"])
    return invoice | _DRAFT | shown


def _would_be(account: Account, given: Json) -> Json:
    asked: Json = given.get("subscription_details", {})
    details = asked | picked(given, "discounts")
    if "subscription" not in given and details.get("items"):
        return _of_new(account, given, details)
    subscription = _named(account, given)
    if subscription["status"] in ending.ENDED:
        raise _nothing(subscription["customer"])
    if details.pop("cancel_now", False):
        return _of_end(account, subscription, details)
    before = subscription["latest_invoice"]
    lifecycle.do("subscription.update", account, subscription, details | _UNPAID)
    changed = account.need("subscription", subscription["id"])
    if changed["latest_invoice"] == before:
        return _of_renewal(account, changed)
    return account.need("invoice", changed["latest_invoice"])


def _of_new(account: Account, given: Json, details: Json) -> Json:
    of = picked(given, "customer")
    made = account.new("subscription", **of)
    asked = {**details, **_UNPAID, **of}
    subscription = lifecycle.do("subscription.create", account, made, asked)
    return account.need("invoice", subscription["latest_invoice"])


def _named(account: Account, given: Json) -> Json:
    """The subscription that is meant: by its id, or the customer's that renews first."""
    if "subscription" in given:
        return account.need("subscription", given["subscription"], "subscription")
    customer: Any = given.get("customer")
    found = account.find("subscription", customer=customer) if customer else []
    renewing = [each for each in found if _next(each) is not None]
    if not renewing:
        raise _nothing(customer)
    return min(renewing, key=lambda each: _next(each) or 0)


def _next(subscription: Json) -> int | None:
    """When a subscription is billed next; None when it is not."""
    moments = (billed.trial_ends(subscription), billed.renews(subscription))
    moment = next(filter(None, moments), None)
    end = subscription["cancel_at"]
    return None if moment is None or (end and end <= moment) else moment


def _nothing(customer: str | None) -> Refusal:
    message = f"No upcoming invoices for customer: {customer}"
    return Refusal(message, code="invoice_upcoming_none", status=404)


def _of_renewal(account: Account, subscription: Json) -> Json:
    moment = _next(subscription)
    if moment is None:
        raise _nothing(subscription["customer"])
    account.live(moment, account.clock)
    _RENEWALS.get(subscription["status"], billed.renew)(account, subscription)
    invoice = account.need("invoice", subscription["latest_invoice"])
    return invoices.open_(account, invoice)


def _upcoming(subscription: Json) -> int | None:
    """When the next invoice is told of beforehand; once, and of no period that is shorter."""
    moment = _next(subscription)
    told = subscription.get("_told") == moment
    if moment is None or told or invoices.is_sent(subscription):
        return None
    soon = moment - _NOTICE
    starts = [item["current_period_start"] for item in subscription["_items"]]
    return soon if soon > min(starts) else None


@due("subscription.tell_upcoming", _upcoming)
def tell_upcoming(account: Account, subscription: Json) -> None:
    """Tell of the invoice that will be made; it has no ID yet."""
    moment = _next(subscription)
    with account.undone():
        found = _of_renewal(account, copy.deepcopy(subscription))
    account.change(subscription | {"_told": moment})
    shown = _as_preview(found)
    account.emit("invoice.upcoming", {**shown, "id": None})


def _of_end(account: Account, subscription: Json, details: Json) -> Json:
    behavior = details.get("proration_behavior", "create_prorations")
    asked = {"invoice_now": True, "prorate": behavior != "none"}
    before = subscription["latest_invoice"]
    lifecycle.do("subscription.delete", account, subscription, asked)
    if subscription["latest_invoice"] == before:
        raise _nothing(subscription["customer"])
    return account.need("invoice", subscription["latest_invoice"])
