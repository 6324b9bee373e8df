"""What is a SetupIntent: a card that is saved without a payment?"""

import copy
from collections.abc import Mapping

from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.lifecycle import Given, do, does, picked
from stripe_emulator.message import token
from stripe_emulator.refusals import Json, Refusal
from stripe_emulator.resources import payment_intent as payment_intents
from stripe_emulator.resources import payment_method as methods

declare(
    Resource(
        kind="setup_intent",
        prefix="seti_1",
        path="/v1/setup_intents",
        verbs="list create retrieve update confirm cancel",
        starts="""managed_payments={"enabled":false} payment_method_options={"card":
            {"mandate_options": null, "network": null, "request_three_d_secure": "automatic"}}
            payment_method_types=["card"] status="requires_payment_method"
            usage="off_session" """,
        absent="allowed_payment_method_types",
        echoes="""description excluded_payment_method_types
            payment_method_options.card.request_three_d_secure=automatic""",
        emits="created",
        called="setupintent",
        in_path="intent",
    )
)

_OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
_METHODS = "allowed_payment_method_types payment_method payment_method_types"
_OVER: Mapping[str, str] = {
    "succeeded": "it has already succeeded",
    "canceled": "it has been canceled",
}


@does(
    "setup_intent.create",
    f"automatic_payment_methods confirm customer return_url usage use_stripe_sdk {_METHODS}",
)
def create(account: Account, intent: Json, given: Given) -> Json:
    """Begin to save a card, and confirm it when `confirm` is true."""
    if "return_url" in given and not given.get("confirm"):
        raise Refusal(
            "The parameter `return_url` cannot be passed when creating a SetupIntent unless "
            "`confirm` is set to true.",
            param="return_url",
        )
    intent["client_secret"] = payment_intents.new_secret(intent["id"])
    _ways(intent, given)
    intent["payment_method"] = None
    if "payment_method" in given:
        _use(account, intent, given, shown={})
    account.create(intent)
    return _confirm(account, intent, given) if given.get("confirm") else intent


def _ways(intent: Json, given: Json) -> None:
    """Without named types it takes what the account has switched on, as a PaymentIntent does."""
    automatic = payment_intents.automatic_methods(given)
    intent["automatic_payment_methods"] = automatic
    if automatic and automatic["allow_redirects"] == "always":
        intent["payment_method_types"] = ["card", "link"]
        intent["payment_method_options"]["link"] = {"persistent_token": None}


def _use(account: Account, intent: Json, given: Json, *, shown: Json) -> None:
    """Take the payment method that is named; it belongs to nobody else than the customer."""
    method = methods.use(account, given["payment_method"])
    owner, customer = method["customer"], intent["customer"]
    if owner not in {None, customer}:
        message = (
            f"The PaymentMethod {method['id']} does not belong to the Customer you supplied "
            f"{customer}. Please use this PaymentMethod with the Customer that it belongs to "
            "instead."
        )
        if not customer:
            message = (
                f"The payment method supplied ({method['id']}) belongs to the Customer {owner}. "
                "Please include the Customer in the `customer` parameter on the SetupIntent."
            )
        raise Refusal(message, param="payment_method", **shown)
    intent["payment_method"] = method["id"]
    if intent["status"] == "requires_payment_method":
        intent["status"] = "requires_confirmation"


def _wrong_state(account: Account, intent: Json, message: str) -> Refusal:
    shown = account.show(intent)
    return Refusal(message, code="setup_intent_unexpected_state", setup_intent=shown)


def _check_open(account: Account, before: Json, verb: str) -> None:
    if before["status"] in _OVER:
        reason = _OVER[before["status"]]
        message = f"You cannot {verb} this SetupIntent because {reason}."
        raise _wrong_state(account, before, message)


@does("setup_intent.update", f"customer {_METHODS}")
def update(account: Account, intent: Json, given: Given) -> Json:
    """Change what it says; the payment method only while it is open."""
    before = given.before
    intent["payment_method"] = before["payment_method"]
    if "payment_method" in given:
        _check_open(account, before, "update")
        _use(account, intent, given, shown={"setup_intent": account.show(before)})
    return account.change(intent, before)


@does("setup_intent.confirm", f"return_url use_stripe_sdk {_METHODS}")
def confirm(account: Account, intent: Json, given: Given) -> Json:
    """Save the card: at once, after the payer has authenticated, or not at all (402)."""
    before = given.before
    intent["payment_method"] = before["payment_method"]
    if not (given.get("payment_method") or intent["payment_method"]):
        message = (
            "You cannot confirm this SetupIntent because it's missing a payment method. You can "
            "either update the SetupIntent with a payment method and then confirm it again, or "
            "confirm it again directly with a payment method or ConfirmationToken."
        )
        raise _wrong_state(account, before, message)
    _check_open(account, before, "confirm")
    if "payment_method" in given:
        _use(account, intent, given, shown={"setup_intent": account.show(before)})
    return _confirm(account, intent, given)


def _confirm(account: Account, intent: Json, given: Json) -> Json:
    if intent["payment_method"] is None:
        raise Refusal(
            "You must provide a payment method to confirm a SetupIntent when it is created.",
            code="parameter_missing",
            param="payment_method",
        )
    payment_intents.check_return(intent, given, "SetupIntent")
    method = account.need("payment_method", intent["payment_method"], "payment_method")
    card = methods.card_of(method)
    intent["latest_attempt"] = f"setatt_1{token(23)}"
    if card.asks:
        return _require_action(account, intent, given)
    if card.code and not card.attaches:
        raise _declined(account, intent, method)
    return succeed(account, intent, intent["customer"], method)


def _require_action(account: Account, intent: Json, given: Json) -> Json:
    intent["status"] = "requires_action"
    intent["next_action"] = payment_intents.next_action(account, intent, given)
    account.change(intent)
    account.emit("setup_intent.requires_action", intent)
    return intent


def _declined(account: Account, intent: Json, method: Json) -> Refusal:
    """The card is declined; the intent waits for another one."""
    refusal = methods.card_of(method).refusal(payment_method=account.show(method))
    refusal.kept = True
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_setup_error": copy.deepcopy(refusal.error),
    }
    account.change(intent)
    account.emit("setup_intent.setup_failed", intent)
    refusal.error["setup_intent"] = account.show(intent)
    return refusal


@does("setup_intent.cancel", "cancellation_reason")
def cancel(account: Account, intent: Json, given: Given) -> Json:
    """Give it up; the payment method stays where it is."""
    before = given.before
    if before["status"] == "canceled":
        message = "You cannot cancel this SetupIntent because it is already canceled."
        raise _wrong_state(account, before, message)
    if before["status"] not in _OPEN:
        message = (
            f"You cannot cancel this SetupIntent because it has a status of {before['status']}. "
            "Only a SetupIntent with one of the following statuses may be canceled: "
            "`requires_payment_method`, `requires_confirmation`, or `requires_action`."
        )
        raise _wrong_state(account, before, message)
    intent |= {"status": "canceled", "next_action": None}
    account.change(intent)
    account.emit("setup_intent.canceled", intent)
    return intent


def open_(account: Account, customer: str | None, data: Json) -> Json:
    """Begin to save a card on another page: a Checkout Session's."""
    intent = account.new("setup_intent", customer=customer)
    intent |= picked(data, "description metadata")
    intent["client_secret"] = payment_intents.new_secret(intent["id"])
    return account.create(intent)


def succeed(account: Account, intent: Json, customer: str | None, method: Json) -> Json:
    """Keep the card, with the customer if there is one."""
    if customer and method["customer"] is None:
        methods.attach(account, method, customer)
    intent |= {
        "customer": customer,
        "payment_method": method["id"],
        "status": "succeeded",
        "last_setup_error": None,
        "next_action": None,
    }
    account.change(intent)
    account.emit("setup_intent.succeeded", intent)
    _tell_subscription(account, intent)
    return intent


def _tell_subscription(account: Account, intent: Json) -> None:
    """Go on with the subscription that has waited for a card."""
    waiting = account.get("subscription", intent.get("_subscription"))
    if waiting and waiting["pending_setup_intent"] == intent["id"]:
        do("subscription.set_up", account, waiting, picked(intent, "payment_method"))
