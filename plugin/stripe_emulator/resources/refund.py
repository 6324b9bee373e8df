"""What is a refund: money of a charge that goes back?"""

from stripe_emulator import refusals, scalars
from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.lifecycle import Given, does
from stripe_emulator.refusals import Json, Refusal
from stripe_emulator.resources import balance_transaction as transactions

declare(
    Resource(
        kind="refund",
        prefix="re_3",
        path="/v1/refunds",
        verbs="list create update retrieve",
        starts="""destination_details={"card": {"reference_status": "pending", "reference_type":
            "acquirer_reference_number", "type": "refund"}, "type": "card"} status="succeeded" """,
        absent="customer customer_account instructions_email payment_method",
        echoes="instructions_email reason",
        emits="created updated",
        in_path="refund",
    )
)


_EITHER = ("charge", "payment_intent")


@does(
    "refund.create",
    "amount charge payment_intent refund_application_fee=false reverse_transfer=false",
)
def create(account: Account, refund: Json, given: Given) -> Json:
    """Refund a charge, or what is left of it."""
    charge = _refundable(account, given)
    amount = _amount(charge, given)
    refund |= {
        "amount": amount,
        "charge": charge["id"],
        "currency": charge["currency"],
        "payment_intent": charge["payment_intent"],
    }
    refund["balance_transaction"] = transactions.of_refund(account, refund, charge)
    account.create(refund)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    account.change(charge)
    account.emit("charge.refunded", charge)
    return refund


def _amount(charge: Json, given: Json) -> int:
    left: int = charge["amount_captured"] - charge["amount_refunded"]
    amount: int = given.get("amount", left)
    if "amount" in given:
        scalars.check_least(amount, 1, "amount")
    if left == 0:
        message = f"Charge {charge['id']} has already been refunded."
        raise Refusal(message, code="charge_already_refunded")
    if amount > left:
        asked = refusals.money(amount, charge["currency"])
        rest = refusals.money(left, charge["currency"])
        message = f"Refund amount ({asked}) is greater than unrefunded amount on charge ({rest})"
        raise Refusal(message, param="amount")
    return amount


def _refundable(account: Account, given: Json) -> Json:
    intent, charge = _named(account, given)
    if charge is None or not charge["paid"]:
        message = f"This PaymentIntent ({intent}) does not have a successful charge to refund."
        raise Refusal(message)
    if _is_charged_back(account, charge):
        message = f"Charge {charge['id']} has been charged back; cannot issue a refund."
        raise Refusal(message, code="charge_disputed")
    if not charge["captured"]:
        raise Refusal(
            f"This uncaptured Charge was created by a PaymentIntent ({intent}). You must cancel "
            "the PaymentIntent to reverse the authorization instead of refunding the Charge "
            "directly. For more information, see "
            "https://stripe.com/docs/payments/place-a-hold-on-a-payment-method"
        )
    return charge


def _is_charged_back(account: Account, charge: Json) -> bool:
    """Whether a dispute has taken the money, or still may: of one that was won it is back."""
    if not charge["disputed"]:
        return False
    dispute = account.need("dispute", charge["dispute"])
    return bool(dispute["status"] != "won")


def _named(account: Account, given: Json) -> tuple[str, Json | None]:
    """The PaymentIntent and the charge that are meant; either may be named, and not both."""
    if given.keys() >= {*_EITHER}:
        raise refusals.exclusive_parameters(_EITHER, _EITHER[0])
    if id_ := given.get("payment_intent"):
        intent = account.need("payment_intent", id_, "payment_intent")
        return id_, account.get("charge", intent["latest_charge"])
    if id_ := given.get("charge"):
        charge = account.need("charge", id_, "charge")
        return charge["payment_intent"], charge
    raise Refusal(
        "One of the following params should be provided for this request: payment_intent or charge."
    )
