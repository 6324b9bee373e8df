"""How is an invoice collected without anybody asking, and what follows when it cannot be?"""

import copy

from stripe_emulator import lifecycle
from stripe_emulator.account import Account
from stripe_emulator.billing import ending, resuming
from stripe_emulator.due import due
from stripe_emulator.lifecycle import Given, does
from stripe_emulator.refusals import Json, Refusal
from stripe_emulator.resources import invoice as invoices

_PAYS = {"active", "trialing"}
_RECOVERS = {"incomplete", "past_due", "unpaid"}


def _finalizes(invoice: Json) -> int | None:
    waits = invoice["status"] == "draft" and invoice["auto_advance"]
    moment: int | None = invoice["automatically_finalizes_at"]
    return moment if waits else None


@due("invoice.finalize", _finalizes)
def finalize(account: Account, invoice: Json) -> None:
    """Finalize a draft whose hour is over; then collect it, or send it."""
    paused = _paused(account, invoice)
    if paused == "keep_as_draft":
        account.change(invoices.held(invoice))
        return
    opened = invoices.open_(account, invoice)
    if opened["status"] != "open":
        return
    if paused:
        lifecycle.do(f"invoice.{paused}", account, opened, {})
    elif invoices.is_sent(opened):
        account.emit("invoice.sent", opened)
    else:
        collect(account, opened)


def _paused(account: Account, invoice: Json) -> str | None:
    """What is done with the invoice of a subscription whose collection is paused."""
    id_ = invoices.subscription_of(invoice)
    subscription = account.get("subscription", id_) if id_ else None
    pause = subscription["pause_collection"] if subscription else None
    return pause["behavior"] if pause else None


def _collects(invoice: Json) -> int | None:
    waits = invoice["status"] == "open" and invoice["auto_advance"]
    moment: int | None = invoice["next_payment_attempt"]
    return moment if waits and not invoices.is_sent(invoice) else None


@due("invoice.collect", _collects)
def collect(account: Account, invoice: Json) -> None:
    """Try to collect; what fails is tried again, and given up in the end."""
    chosen = invoices.method_of(account, invoice)
    try:
        if chosen is None:
            invoices.fail(account, invoice, automatic=True)
        else:
            invoices.charge(account, invoice, chosen, automatic=True)
    except Refusal:
        pass
    fresh = account.need("invoice", invoice["id"])
    if fresh["status"] == "open":
        _owe(account, fresh)


def await_payment(account: Account, invoice: Json) -> None:
    """Leave it to the payer to confirm the payment; the subscription is past due until then."""
    invoice["auto_advance"] = False
    invoices.new_intent(account, invoice, invoices.method_of(account, invoice))
    _become_past_due(account, invoice)


def _owe(account: Account, invoice: Json) -> None:
    """Let the subscription of an unpaid invoice be past due, or end when retries are over."""
    subscription = _become_past_due(account, invoice)
    is_over = invoice["next_payment_attempt"] is None and not invoices.is_sent(invoice)
    if subscription and is_over:
        _give_up(account, subscription)


def _become_past_due(account: Account, invoice: Json) -> Json | None:
    id_ = invoices.subscription_of(invoice)
    subscription = account.get("subscription", id_) if id_ else None
    if subscription and subscription["status"] in _PAYS:
        before = copy.deepcopy(subscription)
        subscription["status"] = "past_due"
        account.change(subscription, before)
    return subscription


def _give_up(account: Account, subscription: Json) -> None:
    if subscription["status"] != "past_due":
        return
    if account.after_retries == "cancel":
        ending.end(account, subscription, "payment_failed")
    elif account.after_retries == "unpaid":
        before = copy.deepcopy(subscription)
        account.change(subscription | {"status": "unpaid"}, before)
        ending.stop_collecting(account, subscription)


def _is_overdue(invoice: Json) -> int | None:
    waits = invoice["status"] == "open" and invoices.is_sent(invoice)
    moment: int | None = invoice["due_date"]
    return moment if waits and not invoice.get("_overdue") else None


@due("invoice.become_overdue", _is_overdue)
def become_overdue(account: Account, invoice: Json) -> None:
    """Tell that a sent invoice was not paid in time."""
    invoice["_overdue"] = True
    account.change(invoice)
    account.emit("invoice.overdue", invoice)
    _owe(account, invoice)


@does("invoice.settled")
def settled(account: Account, invoice: Json, _given: Given) -> Json:
    """Let the subscription of a paid invoice be active again, or at last."""
    id_ = invoices.subscription_of(invoice)
    subscription = account.get("subscription", id_) if id_ else None
    if subscription and subscription["status"] in _RECOVERS and _counts(subscription, invoice):
        paid_with = _kept_method(account, subscription, invoice)
        account.change(subscription | {"status": "active", **paid_with}, subscription)
    resuming.begin(account, invoice)
    return invoice


def _kept_method(account: Account, subscription: Json, invoice: Json) -> Json:
    """What a subscription is paid with from now on, if that is to be kept."""
    intent = account.get("payment_intent", invoice.get("_intent"))
    keeps = subscription["payment_settings"]["save_default_payment_method"] == "on_subscription"
    return {"default_payment_method": intent["payment_method"]} if keeps and intent else {}


def _counts(subscription: Json, invoice: Json) -> bool:
    return bool(subscription["latest_invoice"] == invoice["id"])


@does("invoice.written_off")
def write_off(account: Account, invoice: Json, _given: Given) -> Json:
    """Write off an invoice."""
    invoice |= {"status": "uncollectible", "auto_advance": False, "next_payment_attempt": None}
    invoice["status_transitions"]["marked_uncollectible_at"] = account.now
    account.change(invoice)
    account.emit("invoice.marked_uncollectible", invoice)
    resuming.begin(account, invoice)
    return invoice
