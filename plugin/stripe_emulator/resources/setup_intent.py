"""What is a SetupIntent: a card that is saved without a payment?"""

from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.lifecycle import picked
from stripe_emulator.refusals import Json
from stripe_emulator.resources.payment_intent import new_secret

declare(
    Resource(
        kind="setup_intent",
        prefix="seti_1",
        path="/v1/setup_intents",
        verbs="retrieve",
        starts="""managed_payments={"enabled":false} payment_method_options={}
            payment_method_types=["card"] status="requires_payment_method"
            usage="off_session" """,
        absent="allowed_payment_method_types",
        in_path="intent",
    )
)


def open_(account: Account, customer: str | None, data: Json) -> Json:
    """Begin to save a card."""
    intent = account.new("setup_intent", customer=customer)
    intent |= picked(data, "description metadata")
    intent["client_secret"] = new_secret(intent["id"])
    account.keep(intent)
    account.emit("setup_intent.created", intent)
    return intent


def succeed(account: Account, intent: Json, customer: str | None, method: Json) -> Json:
    """Save a card at once, as every test card allows."""
    intent |= {"customer": customer, "payment_method": method["id"], "status": "succeeded"}
    account.change(intent)
    account.emit("setup_intent.succeeded", intent)
    return intent
