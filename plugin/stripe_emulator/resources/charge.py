"""What is a charge: one try to take money from a card?"""

import copy

from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.lifecycle import picked
from stripe_emulator.present import shows
from stripe_emulator.refusals import Json
from stripe_emulator.resources import balance_transaction as transactions
from stripe_emulator.resources.payment_method import card_of

declare(
    Resource(
        kind="charge",
        prefix="ch_3",
        path="/v1/charges",
        verbs="list retrieve search dispute",
        own={"dispute": "reason"},
        elsewhere={"dispute": "/v1/test_helpers/charges"},
        searches="""amount< billing_details.address.postal_code created< currency customer
            disputed metadata payment_method_details.card.brand
            payment_method_details.card.exp_month payment_method_details.card.exp_year
            payment_method_details.card.fingerprint payment_method_details.card.last4
            refunded status""",
        starts="""destination dispute fraud_details={} order radar_options={} source
            status="pending" """,
        on_demand="refunds",
        in_path="charge",
    )
)

_OF_INTENT = """amount currency customer description metadata receipt_email shipping
    statement_descriptor statement_descriptor_suffix transfer_group"""
_OF_CARD = """brand checks country exp_month exp_year fingerprint funding last4 regulated_status
    wallet"""
_PAID: Json = {
    "network_status": "approved_by_network",
    "reason": None,
    "seller_message": "Payment complete.",
    "type": "authorized",
}
_DECLINED: Json = {
    "network_status": "declined_by_network",
    "seller_message": "The bank did not return any further details with this decline.",
    "type": "issuer_declined",
}
_OUTCOME: Json = {
    "advice_code": None,
    "network_advice_code": None,
    "network_decline_code": None,
    "risk_level": "normal",
    "risk_score": 20,
}
_CARD_DETAILS: Json = {
    "authorization_code": None,
    "extended_authorization": {"status": "disabled"},
    "incremental_authorization": {"status": "unavailable"},
    "installments": None,
    "mandate": None,
    "multicapture": {"status": "unavailable"},
    "network_token": {"used": False},
    "network_transaction_id": None,
    "three_d_secure": None,
}


def succeed(account: Account, intent: Json, method: Json) -> Json:
    """Charge a card that takes it; with manual capture the money is only reserved."""
    charge = _new(account, intent, method)
    charge |= {
        "outcome": _OUTCOME | _PAID,
        "paid": True,
        "receipt_url": f"{account.pages}/receipts/{charge['id']}",
        "status": "succeeded",
    }
    charge["payment_method_details"]["card"]["amount_authorized"] = intent["amount"]
    charge["_settles_later"] = intent["capture_method"] == "automatic_async"
    if intent["capture_method"] != "manual":
        capture(account, charge, intent["amount"])
    return account.keep(charge)


def fail(account: Account, intent: Json, method: Json) -> Json:
    """Charge a card that is declined."""
    card = card_of(method)
    told = picked(card.details, "advice_code network_decline_code")
    charge = _new(account, intent, method)
    charge |= {
        "failure_code": card.code,
        "failure_message": card.message,
        "outcome": _OUTCOME | _DECLINED | told | {"reason": card.decline_code},
        "status": "failed",
    }
    return account.keep(charge)


def capture(account: Account, charge: Json, amount: int) -> None:
    """Take what was reserved, or part of it."""
    charge |= {
        "amount_captured": amount,
        "balance_transaction": transactions.of_charge(account, charge, amount),
        "captured": True,
    }


@shows("charge")
def show(account: Account, charge: Json, view: Json) -> None:
    """Show the balance transaction of a payment that is captured asynchronously a moment later."""
    if charge.get("_settles_later") and account.now <= charge["created"]:
        view["balance_transaction"] = None


def _new(account: Account, intent: Json, method: Json) -> Json:
    copied = copy.deepcopy(picked(intent, _OF_INTENT))
    charge = account.new("charge", **copied)
    card = _details(method["card"], intent)
    return charge | {
        "billing_details": copy.deepcopy(method["billing_details"]),
        "calculated_statement_descriptor": "EMULATOR",
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "payment_method_details": {"card": card, "type": "card"},
    }


def _details(card: Json, intent: Json) -> Json:
    most = {"maximum_amount_capturable": intent["amount"], "status": "unavailable"}
    details = copy.deepcopy(_CARD_DETAILS | picked(card, _OF_CARD))
    details |= {"amount_authorized": None, "network": card["brand"], "overcapture": most}
    details["checks"]["cvc_check"] = "pass"
    return dict(sorted(details.items()))
