"""How is a subscription billed: at its start, at once after a change, at the end of a period?"""

import copy

from stripe_emulator.account import Account
from stripe_emulator.billing import collection, ending
from stripe_emulator.billing.periods import DAY
from stripe_emulator.due import due
from stripe_emulator.lifecycle import Given
from stripe_emulator.refusals import Json
from stripe_emulator.resources import invoice as invoices
from stripe_emulator.resources import subscription as subscriptions
from stripe_emulator.resources import subscription_item as items
from stripe_emulator.resources.invoice import Bill

_WARNING = 3 * DAY
_RENEWS = {"active", "past_due", "unpaid"}


def now(account: Account, subscription: Json, rows: list[Json], given: Given) -> Json:
    """Bill these items, and what is pending, at once; a sent invoice stays a draft for an hour."""
    start = min(item["current_period_start"] for item in given.before["_items"])
    bill = Bill("subscription_update", rows, since=start)
    invoice = invoices.of_subscription(account, subscription, bill)
    subscription["latest_invoice"] = invoice["id"]
    account.change(subscription, given.before)
    if not invoices.is_sent(subscription):
        _collect(account, invoice, given)
    return account.need("subscription", subscription["id"])


def _collect(account: Account, invoice: Json, given: Given) -> None:
    opened = invoices.open_(account, invoice | {"auto_advance": True})
    if opened["status"] != "open":
        return
    behavior = given.get("payment_behavior", "allow_incomplete")
    _COLLECTS[behavior](account, opened)


_COLLECTS = {
    "allow_incomplete": collection.collect,
    "default_incomplete": collection.await_payment,
    "error_if_incomplete": invoices.charge_or_undo,
}


def _warns(subscription: Json) -> int | None:
    """Three days before a trial ends, or at once for a shorter one."""
    if subscription["status"] != "trialing" or subscription.get("_warned"):
        return None
    soon: int = subscription["trial_end"] - _WARNING
    start: int = subscription["trial_start"]
    return max(soon, start)


@due("subscription.warn", _warns)
def warn(account: Account, subscription: Json) -> None:
    """Tell that a trial will end."""
    subscription["_warned"] = True
    account.change(subscription)
    account.emit("customer.subscription.trial_will_end", subscription)


def trial_ends(subscription: Json) -> int | None:
    """When a trial ends."""
    moment: int | None = subscription["trial_end"]
    return moment if subscription["status"] == "trialing" else None


@due("subscription.end_trial", trial_ends)
def end_trial(account: Account, subscription: Json) -> None:
    """Begin the first paid period, or do without a payment method what the settings say."""
    behavior = without_method(subscription)
    if subscriptions.lacks_method(account, subscription) and behavior != "create_invoice":
        stop_trial(account, subscription, behavior)
        return
    _renew(account, subscription, {"status": "active"})


def stop_trial(account: Account, subscription: Json, behavior: str) -> Json:
    """Cancel or pause a subscription whose trial ends without a payment method."""
    if behavior == "cancel":
        return ending.end(account, subscription, "cancellation_requested")
    subscription["status"] = "paused"
    account.change(subscription)
    account.emit("customer.subscription.paused", subscription)
    return subscription


def without_method(subscription: Json) -> str:
    """What the end of a trial does without a payment method."""
    behavior: str = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    return behavior


def renews(subscription: Json) -> int | None:
    """When the first of its periods ends."""
    if subscription["status"] not in _RENEWS:
        return None
    ends: list[int] = [item["current_period_end"] for item in subscription["_items"]]
    return min(ends)


@due("subscription.renew", renews)
def renew(account: Account, subscription: Json) -> None:
    """Begin the next period of what ends now, with a draft that is finalized in an hour."""
    _renew(account, subscription, {})


def _renew(account: Account, subscription: Json, change: Json) -> None:
    before = copy.deepcopy(subscription)
    subscription |= change
    every = subscription["_items"]
    rows = [item for item in every if item["current_period_end"] <= account.now]
    since = min(item["current_period_start"] for item in rows)
    for item in rows:
        items.roll(account, subscription, item, item["current_period_end"])
    bill = Bill("subscription_cycle", rows, since=since)
    invoice = invoices.of_subscription(account, subscription, bill)
    if _is_kept(subscription):
        account.change(invoices.held(invoice))
    subscription["latest_invoice"] = invoice["id"]
    account.change(subscription, before)


def _is_kept(subscription: Json) -> bool:
    """Whether an invoice stays a draft: of an unpaid subscription, or one that is paused so."""
    if subscription["status"] == "unpaid":
        return True
    pause = subscription["pause_collection"]
    return bool(pause) and pause["behavior"] == "keep_as_draft"


def _resumes(subscription: Json) -> int | None:
    pause = subscription["pause_collection"]
    moment: int | None = pause and pause["resumes_at"]
    return moment if subscription["status"] not in ending.ENDED else None


@due("subscription.resume_collection", _resumes)
def resume_collection(account: Account, subscription: Json) -> None:
    """Collect again."""
    before = copy.deepcopy(subscription)
    account.change(subscription | {"pause_collection": None}, before)
