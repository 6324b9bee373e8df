"""How does a subscription end: when it is asked to, at its time, or unpaid?"""

import copy

from stripe_emulator.account import Account
from stripe_emulator.billing import proration
from stripe_emulator.declare import missing
from stripe_emulator.due import due
from stripe_emulator.lifecycle import Given, do, does
from stripe_emulator.refusals import Json
from stripe_emulator.resources import invoice as invoices
from stripe_emulator.resources import line_item as lines
from stripe_emulator.resources.invoice import Bill

ENDED = {"canceled", "incomplete_expired"}
_UNTIL_EXPIRED = 23 * 3_600


def _expires(subscription: Json) -> int | None:
    start: int = subscription["start_date"] or subscription["created"]
    return start + _UNTIL_EXPIRED if subscription["status"] == "incomplete" else None


@due("subscription.expire", _expires)
def expire(account: Account, subscription: Json) -> None:
    """Give up a subscription whose first invoice was not paid in 23 hours; void that invoice."""
    before = copy.deepcopy(subscription)
    invoice = account.get("invoice", subscription["latest_invoice"])
    if invoice and invoice["status"] == "open":
        do("invoice.void", account, invoice, {})
    subscription |= {"status": "incomplete_expired", "ended_at": account.now}
    account.change(subscription, before)


def _ends(subscription: Json) -> int | None:
    moment: int | None = subscription["cancel_at"]
    return moment if subscription["status"] not in ENDED else None


@due("subscription.end", _ends)
def end_at_its_time(account: Account, subscription: Json) -> None:
    """End what was asked to end now; it keeps the moment at which that was asked.

    In the middle of a period the rest comes back, as a pending credit that is made now: Stripe
    says that there is a proration, and may make it before.
    """
    if subscription.get("_rest_comes_back"):
        proration.credit_rest(account, subscription)
    end(account, subscription, subscription["cancellation_details"]["reason"])


def end(account: Account, subscription: Json, reason: str | None, status: str = "canceled") -> Json:
    """End a subscription; what it still owes is not collected any more."""
    subscription |= {
        "status": status,
        "canceled_at": subscription["canceled_at"] or account.now,
        "ended_at": account.now,
    }
    give_reason(subscription, reason)
    account.change(subscription)
    account.emit("customer.subscription.deleted", subscription)
    stop_collecting(account, subscription)
    schedule = account.get("subscription_schedule", subscription["schedule"])
    if schedule:
        do("subscription_schedule.lose", account, schedule, {})
    return subscription


def give_reason(subscription: Json, reason: str | None) -> None:
    """Say why a subscription ends."""
    subscription["cancellation_details"] = subscription["cancellation_details"] | {"reason": reason}


def stop_collecting(account: Account, subscription: Json) -> None:
    """Leave the open invoices of a subscription to whoever wants to pay them."""
    customer = subscription["customer"]
    for invoice in account.find("invoice", customer=customer, status="open"):
        if invoices.subscription_of(invoice) == subscription["id"]:
            account.change(invoice | {"auto_advance": False, "next_payment_attempt": None})


@does("subscription.delete", "cancellation_details invoice_now prorate")
def cancel(account: Account, subscription: Json, given: Given) -> Json:
    """Cancel a subscription at once; a second time there is none."""
    before = subscription["status"]
    if before in ENDED:
        raise missing("subscription", subscription["id"], "id", 404)
    subscription |= {"canceled_at": None, "cancel_at": None, "cancel_at_period_end": False}
    if given.get("prorate"):
        proration.credit_rest(account, subscription)
    if given.get("invoice_now"):
        _bill_last(account, subscription)
    status = "incomplete_expired" if before == "incomplete" else "canceled"
    return end(account, subscription, "cancellation_requested", status)


def _bill_last(account: Account, subscription: Json) -> None:
    """Bill the subscription's prorations, and what was used of what is metered.

    What is only a credit is written off, as recorded.

    What is left to pay is a draft for an hour, as every invoice that nobody asked to be paid now.
    """
    pending = invoices.pending(account, subscription)
    waiting = [item for item in pending if item["proration"]]
    used = _used_up_to_now(account, subscription)
    if not waiting and not used:
        return
    start = min(item["current_period_start"] for item in subscription["_items"])
    bill = Bill("subscription_cycle", used, since=start, waiting=waiting)
    invoice = invoices.of_subscription(account, subscription, bill)
    subscription["latest_invoice"] = invoice["id"]
    if invoice["total"] < 0:
        do("invoice.written_off", account, invoice, {})


def _used_up_to_now(account: Account, subscription: Json) -> list[Json]:
    """The metered items of which something was used in the period that ends here."""
    if subscription["status"] == "trialing":
        return []
    for item in subscription["_items"]:
        start = item["current_period_start"]
        item["_past"] = {"start": start, "end": account.now}
        item["_counted"] = {"start": start, "end": account.now + 1}  # what is told now counts
    rows: list[Json] = subscription["_items"]
    return [item for item in rows if lines.used(account, subscription, item)]
