"""What is an invoice payment: which PaymentIntent is to pay an invoice, or paid it?"""

from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.refusals import Json

declare(Resource(kind="invoice_payment", prefix="inpay_1", starts='is_default=true status="open"'))


def of_intent(account: Account, invoice: Json, intent: Json) -> Json:
    """Note that a PaymentIntent is to pay an invoice."""
    return account.new(
        "invoice_payment",
        invoice=invoice["id"],
        currency=intent["currency"],
        amount_requested=intent["amount"],
        payment={"payment_intent": intent["id"], "type": "payment_intent"},
        status_transitions={"canceled_at": None, "paid_at": None},
    )


def pay(account: Account, payments: list[Json], intent: Json) -> None:
    """Note that it paid the invoice now."""
    for payment in payments:
        if payment["payment"]["payment_intent"] == intent["id"]:
            payment |= {"status": "paid", "amount_paid": intent["amount"]}
            payment["status_transitions"]["paid_at"] = account.now


def cancel(account: Account, payments: list[Json], intent: Json) -> None:
    """Note that it will not pay the invoice any more."""
    for payment in payments:
        if payment["payment"]["payment_intent"] == intent["id"]:
            payment["status"] = "canceled"
            payment["status_transitions"]["canceled_at"] = account.now
