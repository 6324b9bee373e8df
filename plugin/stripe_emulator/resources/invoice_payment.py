"""What is an invoice payment: which PaymentIntent paid an invoice?"""

from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.refusals import Json

declare(Resource(kind="invoice_payment", prefix="inpay_1", starts='is_default=true status="paid"'))


def of_intent(account: Account, invoice: Json, intent: Json) -> Json:
    """Note that a PaymentIntent paid an invoice now."""
    return account.new(
        "invoice_payment",
        invoice=invoice["id"],
        currency=intent["currency"],
        amount_paid=intent["amount"],
        amount_requested=intent["amount"],
        payment={"payment_intent": intent["id"], "type": "payment_intent"},
        status_transitions={"canceled_at": None, "paid_at": account.now},
    )
