"""Money: payment methods, PaymentIntents, charges and refunds."""

from __future__ import annotations

import copy
from typing import Any

from attrs import frozen

from stripe_emulator import refusals
from stripe_emulator.account import Account, token
from stripe_emulator.lifecycle import BEHAVIOURS, FINDERS, Given, does
from stripe_emulator.refusals import Json, Refusal

OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
CANCELABLE = ("requires_payment_method", "requires_capture", "requires_confirmation",
              "requires_action", "processing")  # fmt: skip
FIXED_LATER = ("amount", "currency", "customer", "payment_method", "capture_method",
               "setup_future_usage", "payment_method_types")  # fmt: skip


@frozen
class TestCard:
    """A card of docs.stripe.com/testing: ``pm_card_<name>``, ``tok_<name>`` or its number."""

    __test__ = False

    number: str
    brand: str = "visa"
    code: str | None = None
    decline_code: str | None = None
    message: str = ""
    attaches: bool = False


_DECLINED = "Your card was declined."
CARDS = {
    "visa": TestCard("4242424242424242"),
    "visa_debit": TestCard("4000056655665556"),
    "mastercard": TestCard("5555555555554444", "mastercard"),
    "amex": TestCard("378282246310005", "amex"),
    "discover": TestCard("6011111111111117", "discover"),
    "authenticationRequired": TestCard(
        "4000002500003155", "visa", "authentication_required", "authentication_required",
        "Your card was declined. This transaction requires authentication.", attaches=True),
    "threeDSecure2Required": TestCard(
        "4000000000003220", "visa", "authentication_required", "authentication_required",
        "Your card was declined. This transaction requires authentication.", attaches=True),
    "chargeCustomerFail": TestCard(
        "4000000000000341", "visa", "card_declined", "generic_decline", _DECLINED, attaches=True),
    "chargeDeclined": TestCard(
        "4000000000000002", "visa", "card_declined", "generic_decline", _DECLINED),
    "chargeDeclinedInsufficientFunds": TestCard(
        "4000000000009995", "visa", "card_declined", "insufficient_funds",
        "Your card has insufficient funds."),
    "chargeDeclinedLostCard": TestCard(
        "4000000000009987", "visa", "card_declined", "lost_card", _DECLINED),
    "chargeDeclinedStolenCard": TestCard(
        "4000000000009979", "visa", "card_declined", "stolen_card", _DECLINED),
    "chargeDeclinedExpiredCard": TestCard(
        "4000000000000069", "visa", "expired_card", "expired_card", "Your card has expired."),
    "chargeDeclinedIncorrectCvc": TestCard(
        "4000000000000127", "visa", "incorrect_cvc", "incorrect_cvc",
        "Your card's security code is incorrect."),
    "chargeDeclinedProcessingError": TestCard(
        "4000000000000119", "visa", "processing_error", "processing_error",
        "An error occurred while processing your card. Try again in a little bit."),
}  # fmt: skip


def test_card(name: str, prefix: str) -> tuple[str, TestCard] | None:
    """Find a shared test card: ``pm_card_visa_chargeDeclined`` or ``pm_card_chargeDeclined``."""
    bare = name.removeprefix(prefix)
    if bare == name:
        return None
    bare = bare if bare in CARDS else bare.removeprefix("visa_")
    return (bare, CARDS[bare]) if bare in CARDS else None


def known_method(account: Account, id_: str) -> bool:
    """Whether a payment method of this id exists or is one of the shared test ones."""
    return bool(account.get("payment_method", id_) or test_card(id_, "pm_card_"))


def method(account: Account, id_: str, param: str) -> Json:
    """Find a payment method; a shared test one becomes a new object, as at Stripe."""
    shared = test_card(id_, "pm_card_")
    if shared is None:
        return account.need("payment_method", id_, param)
    return account.create(_card_method(account, *shared))


def _found(account: Account, id_: str) -> Json | None:
    return method(account, id_, "payment_method") if known_method(account, id_) else None


FINDERS["payment_method"] = _found


def _card_method(account: Account, name: str, card: TestCard) -> Json:
    made = account.new("payment_method", _outcome=name)
    made["card"] = {
        "brand": card.brand,
        "checks": dict.fromkeys(("address_line1_check", "address_postal_code_check"))
        | {"cvc_check": "unchecked"},
        "country": "US", "display_brand": card.brand, "exp_month": 12,
        "exp_year": 1971 + account.now // 31_556_952, "fingerprint": token(16), "funding": "credit",
        "generated_from": None, "last4": card.number[-4:],
        "networks": {"available": [card.brand], "preferred": None},
        "regulated_status": "unregulated", "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }  # fmt: skip
    return made


@does("payment_method.create")
def create_method(account: Account, new: Json, given: Given) -> Json:
    """Create a card from a test token or a test number."""
    card = given["card"]
    name = test_card(card.get("token", ""), "tok_")
    if name is None:
        numbers = {known.number: (key, known) for key, known in CARDS.items()}
        name = numbers.get(card.get("number", ""))
    if name is None and "token" in card:
        raise refusals.missing_object("token", card["token"], "card[token]", 400)
    if name is None:
        message = "Your card number is incorrect."
        raise Refusal(message, code="incorrect_number", param="card[number]", status=402,
                      type="card_error")  # fmt: skip
    made = _card_method(account, *name)
    kept = ("metadata", "allow_redisplay", "billing_details")
    return account.create(made | {key: new[key] for key in kept})


@does("payment_method.attach")
def attach_method(account: Account, obj: Json, given: Given) -> Json:
    """Attach a payment method to a customer; a card that every charge declines is declined here."""
    card = CARDS[obj["_outcome"]]
    if card.code and not card.attaches:
        raise Refusal(card.message, code=card.code, status=402, type="card_error",
                      decline_code=card.decline_code)  # fmt: skip
    return attach(account, obj | {"customer": given.before["customer"]}, given["customer"])


def attach(account: Account, obj: Json, customer: str) -> Json:
    """Attach a payment method; one that belongs to another customer is refused."""
    if obj["customer"] not in {None, customer}:
        raise Refusal(
            "The payment method you provided has already been attached to a customer.",
            code="payment_method_unexpected_state",
        )
    obj["customer"] = customer
    obj["card"]["checks"]["cvc_check"] = "pass"
    account.change(obj)
    account.emit("payment_method.attached", obj)
    return obj


@does("payment_method.detach")
def detach_method(account: Account, obj: Json, _given: Given) -> Json:
    """Detach a payment method from its customer."""
    if obj["customer"] is None:
        raise Refusal(
            "The payment method you provided is not attached to a customer so detachment is "
            "impossible.",
            code="payment_method_unexpected_state",
        )
    account.emit("payment_method.detached", obj | {"customer": None})
    return account.change(obj | {"customer": None})


@does("payment_intent.create")
def create_intent(account: Account, intent: Json, given: Given) -> Json:
    """Create a PaymentIntent, and confirm it when ``confirm`` is true."""
    _amount_rules(given["amount"], given["currency"])
    early = {"off_session", "mandate", "mandate_data", "error_on_requires_action", "return_url",
             "use_stripe_sdk"}  # fmt: skip
    for name in sorted(early & given.keys()) if not given.get("confirm") else ():
        raise Refusal(
            f"The parameter `{name}` cannot be passed when creating a PaymentIntent unless "
            "`confirm` is set to true.",
            param=name,
        )
    intent["client_secret"] = f"{intent['id']}_secret_{token(25)}"
    _ways_to_pay(intent, given)
    intent["payment_method"] = None
    if given.get("payment_method"):
        _use(account, intent, given["payment_method"])
    account.create(intent)
    return confirm(account, intent, given) if given.get("confirm") else intent


def _amount_rules(amount: int, currency: str) -> None:
    if amount < 1:
        raise Refusal(
            "The amount must be greater than or equal to the minimum charge amount allowed for "
            "your account and the currency set "
            "(https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts).  If you want "
            "to save a Payment Method for future use without an immediate payment, use a Setup "
            "Intent instead: https://docs.stripe.com/payments/setup-intents",
            code="parameter_invalid_integer",
            param="amount",
        )
    if amount > 99_999_999:
        most = refusals.money(99_999_999, currency)
        message = f"Amount must be no more than {most}"
        raise Refusal(message, code="amount_too_large", param="amount")


def _ways_to_pay(intent: Json, given: Json) -> None:
    """Without named types PaymentIntents take what the account has switched on (2023-08-16)."""
    automatic = given.get("automatic_payment_methods")
    named = given.get("payment_method_types") or given.get("allowed_payment_method_types")
    if not named and given.get("confirmation_method") != "manual" and automatic is None:
        automatic = {"enabled": True}
    if automatic and automatic["enabled"]:
        intent["automatic_payment_methods"] = {"allow_redirects": "always"} | automatic
        if intent["automatic_payment_methods"]["allow_redirects"] == "always":
            intent["payment_method_types"] = ["card", "link"]
    else:
        intent["automatic_payment_methods"] = None
    options = {"installments": None, "mandate_options": None, "network": None,
               "request_three_d_secure": "automatic"}  # fmt: skip
    intent["payment_method_options"] = {"card": options} | (
        {"link": {"persistent_token": None}} if "link" in intent["payment_method_types"] else {}
    )


def _use(account: Account, intent: Json, id_: str) -> Json:
    chosen = method(account, id_, "payment_method")
    if chosen["customer"] not in {None, intent["customer"]}:
        whose = "the customer of this PaymentIntent" if intent["customer"] else "a customer"
        raise Refusal(
            f"The provided PaymentMethod cannot be attached. The PaymentMethod {chosen['id']} "
            f"belongs to another customer than {whose}. Please include the Customer in the "
            "`customer` parameter on the PaymentIntent.",
            code="payment_intent_unexpected_state",
            param="payment_method",
        )
    intent["payment_method"] = chosen["id"]
    if intent["status"] == "requires_payment_method":
        intent["status"] = "requires_confirmation"
    return chosen


@does("payment_intent.update")
def update_intent(account: Account, intent: Json, given: Given) -> Json:
    """Update a PaymentIntent; what it charges only while it is open."""
    before = given.before
    for name in FIXED_LATER:
        if name in given and before["status"] not in OPEN:
            message = (
                f"This PaymentIntent's {name} could not be updated because it has a status of "
                f"{before['status']}. You may only update the {name} of a PaymentIntent with one "
                f"of the following statuses: {', '.join(OPEN)}."
            )
            raise refusals.wrong_state(message, account.show(before), name)
    _amount_rules(intent["amount"], intent["currency"])
    intent["payment_method"] = before["payment_method"]
    if given.get("payment_method"):
        _use(account, intent, given["payment_method"])
    return account.change(intent, before)


@does("payment_intent.confirm")
def confirm_intent(account: Account, intent: Json, given: Given) -> Json:
    """Confirm a PaymentIntent."""
    before = given.before
    intent["payment_method"] = before["payment_method"]
    if before["status"] == "succeeded":
        message = ("You cannot confirm this PaymentIntent because it has already succeeded after "
                   "being previously confirmed.")  # fmt: skip
        raise refusals.wrong_state(message, account.show(before))
    if before["status"] not in OPEN:
        message = (
            f"This PaymentIntent could not be confirmed because it has a status of "
            f"{before['status']}. Only a PaymentIntent with one of the following statuses may be "
            f"confirmed: {', '.join(OPEN)}."
        )
        raise refusals.wrong_state(message, account.show(before))
    if given.get("payment_method"):
        _use(account, intent, given["payment_method"])
    return confirm(account, intent, given)


def confirm(account: Account, intent: Json, given: Json) -> Json:
    """Try to collect: succeeded, requires_capture, requires_action, or a declined card (402)."""
    if intent["payment_method"] is None:
        message = (
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can "
            "either update the PaymentIntent with a payment method and then confirm it again, or "
            "confirm it again directly with a payment method or ConfirmationToken."
        )
        raise refusals.wrong_state(message, account.show(intent))
    automatic = intent["automatic_payment_methods"]
    if automatic and automatic["allow_redirects"] == "always" and not given.get("return_url"):
        raise Refusal(
            "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. "
            "Because some of these payment methods might redirect your customer off of your page, "
            "you must provide a `return_url`. If you don't want to accept redirect-based payment "
            "methods, set `automatic_payment_methods[enabled]` to `true` and "
            "`automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents "
            "and Payment Intents."
        )
    return collect(account, intent, given)


def collect(account: Account, intent: Json, given: Json) -> Json:
    """Charge the intent's payment method as its test card says."""
    chosen = account.need("payment_method", intent["payment_method"], "payment_method")
    chosen["card"]["checks"]["cvc_check"] = "pass"
    account.change(chosen)
    card = CARDS[chosen["_outcome"]]
    asks = card.code == "authentication_required"
    silent = given.get("off_session") or given.get("error_on_requires_action")
    if asks and not silent:
        return _require_action(account, intent, given.get("return_url"))
    if card.code:
        raise _declined(account, intent, chosen, card)
    charge = _charge(account, intent, chosen, paid=True)
    manual = intent["capture_method"] == "manual"
    intent |= {
        "status": "requires_capture" if manual else "succeeded",
        "amount_capturable": intent["amount"] if manual else 0,
        "amount_received": 0 if manual else intent["amount"],
        "latest_charge": charge["id"], "last_payment_error": None, "next_action": None,
    }  # fmt: skip
    if intent["setup_future_usage"] and intent["customer"] and chosen["customer"] is None:
        attach(account, chosen, intent["customer"])
    account.change(intent)
    account.emit("charge.succeeded", charge)
    what = "amount_capturable_updated" if manual else "succeeded"
    account.emit(f"payment_intent.{what}", intent)
    if intent["_invoice"]:
        BEHAVIOURS["payment_intent.paid"](account, intent, Given(given, intent))
    return intent


def _require_action(account: Account, intent: Json, return_url: str | None) -> Json:
    link = {"return_url": return_url, "url": f"{account.pages}/authenticate/{intent['id']}"}
    sdk = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}
    redirect = {"redirect_to_url": link, "type": "redirect_to_url"}
    intent |= {"status": "requires_action", "next_action": redirect if return_url else sdk}
    account.change(intent)
    account.emit("payment_intent.requires_action", intent)
    return intent


def _declined(account: Account, intent: Json, chosen: Json, card: TestCard) -> Refusal:
    charge = _charge(account, intent, chosen, paid=False)
    charge |= {"failure_code": card.code, "failure_message": card.message}
    account.change(charge)
    refusal = Refusal(
        card.message, code=card.code, status=402, type="card_error", kept=True, charge=charge["id"],
        decline_code=card.decline_code, payment_method=account.show(chosen),
    )  # fmt: skip
    intent |= {
        "status": "requires_payment_method", "payment_method": None, "next_action": None,
        "latest_charge": charge["id"], "last_payment_error": copy.deepcopy(refusal.error),
    }  # fmt: skip
    account.change(intent)
    account.emit("charge.failed", charge)
    account.emit("payment_intent.payment_failed", intent)
    refusal.error["payment_intent"] = account.show(intent)
    return refusal


def _charge(account: Account, intent: Json, chosen: Json, *, paid: bool) -> Json:
    card = CARDS[chosen["_outcome"]]
    captured = paid and intent["capture_method"] != "manual"
    shared = ("amount", "currency", "customer", "description", "metadata", "receipt_email",
              "shipping", "statement_descriptor", "statement_descriptor_suffix",
              "transfer_group")  # fmt: skip
    charge = account.new("charge", **{name: copy.deepcopy(intent[name]) for name in shared})
    charge |= {
        "amount_captured": intent["amount"] if captured else 0, "captured": captured,
        "billing_details": copy.deepcopy(chosen["billing_details"]),
        "calculated_statement_descriptor": "EMULATOR",
        "balance_transaction": f"txn_3{token(23)}" if captured else None,
        "outcome": _outcome(card, paid=paid), "paid": paid, "payment_intent": intent["id"],
        "payment_method": chosen["id"],
        "payment_method_details": _details(chosen["card"], intent, paid=paid),
        "receipt_url": f"{account.pages}/receipts/{charge['id']}" if paid else None,
        "status": "succeeded" if paid else "failed",
    }  # fmt: skip
    account.store.add(account.name, charge)
    return charge


def _outcome(card: TestCard, *, paid: bool) -> Json:
    nothing = dict.fromkeys(("advice_code", "network_advice_code", "network_decline_code"))
    said = (
        "Payment complete."
        if paid
        else "The bank did not return any further details with this decline."
    )
    return nothing | {
        "network_status": "approved_by_network" if paid else "declined_by_network",
        "reason": None if paid else card.decline_code, "risk_level": "normal", "risk_score": 20,
        "seller_message": said, "type": "authorized" if paid else "issuer_declined",
    }  # fmt: skip


def _details(card: Json, intent: Json, *, paid: bool) -> Json:
    copied = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint", "funding",
              "last4", "regulated_status", "wallet")  # fmt: skip
    nothing = ("authorization_code", "installments", "mandate", "network_transaction_id",
               "three_d_secure")  # fmt: skip
    unavailable = {"status": "unavailable"}
    details: Json = {name: copy.deepcopy(card[name]) for name in copied}
    details |= dict.fromkeys(nothing)
    details["checks"]["cvc_check"] = "pass"
    details |= {
        "amount_authorized": intent["amount"] if paid else None,
        "extended_authorization": {"status": "disabled"},
        "incremental_authorization": unavailable, "multicapture": unavailable,
        "network": card["brand"], "network_token": {"used": False},
        "overcapture": {"maximum_amount_capturable": intent["amount"], "status": "unavailable"},
    }  # fmt: skip
    return {"card": dict(sorted(details.items())), "type": "card"}


@does("payment_intent.capture")
def capture_intent(account: Account, intent: Json, given: Given) -> Json:
    """Capture all or part of an authorized PaymentIntent; the rest is released."""
    if intent["status"] != "requires_capture":
        message = (
            f"This PaymentIntent could not be captured because it has a status of "
            f"{intent['status']}. Only a PaymentIntent with one of the following statuses may be "
            "captured: requires_capture."
        )
        raise refusals.wrong_state(message, account.show(given.before))
    amount = given.get("amount_to_capture", intent["amount_capturable"])
    if amount > intent["amount_capturable"]:
        raise Refusal(
            "The payment could not be captured because the requested capture amount is greater "
            "than the amount you can capture for this charge.",
            code="amount_too_large",
            param="amount_to_capture",
        )
    charge = account.need("charge", intent["latest_charge"], "intent")
    charge |= {"captured": True, "amount_captured": amount,
               "balance_transaction": f"txn_3{token(23)}"}  # fmt: skip
    account.change(charge)
    intent |= {"status": "succeeded", "amount_received": amount, "amount_capturable": 0}
    account.change(intent)
    account.emit("charge.captured", charge)
    account.emit("payment_intent.succeeded", intent)
    return intent


@does("payment_intent.cancel")
def cancel_intent(account: Account, intent: Json, given: Given) -> Json:
    """Cancel a PaymentIntent that has not succeeded; an authorization is released."""
    if intent["status"] not in CANCELABLE:
        message = (
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. "
            "Only a PaymentIntent with one of the following statuses may be canceled: "
            f"{', '.join(CANCELABLE)}."
        )
        raise refusals.wrong_state(message, account.show(given.before))
    if intent["status"] == "requires_capture":
        charge = account.need("charge", intent["latest_charge"], "intent")
        account.change(charge | {"refunded": True, "amount_refunded": charge["amount"]})
    intent |= {"status": "canceled", "canceled_at": account.now, "amount_capturable": 0,
               "next_action": None}  # fmt: skip
    account.change(intent)
    account.emit("payment_intent.canceled", intent)
    return intent


@does("refund.create")
def create_refund(account: Account, refund: Json, given: Given) -> Json:
    """Refund a charge, or what is left of it."""
    charge = _refundable(account, given)
    left = charge["amount_captured"] - charge["amount_refunded"]
    if left == 0:
        message = f"Charge {charge['id']} has already been refunded."
        raise Refusal(message, code="charge_already_refunded")
    amount = given.get("amount", left)
    if amount > left:
        currency = charge["currency"]
        asked, rest = refusals.money(amount, currency), refusals.money(left, currency)
        message = f"Refund amount ({asked}) is greater than unrefunded amount on charge ({rest})"
        raise Refusal(message, param="amount")
    copied: dict[str, Any] = {name: charge[name] for name in ("currency", "payment_intent")}
    refund |= copied | {
        "amount": amount, "charge": charge["id"], "balance_transaction": f"txn_3{token(23)}",
    }  # fmt: skip
    account.create(refund)
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount_captured"]
    account.change(charge)
    account.emit("charge.refunded", charge)
    return refund


def _refundable(account: Account, given: Json) -> Json:
    if id_ := given.get("payment_intent"):
        intent = account.need("payment_intent", id_, "payment_intent")
        charge = account.get("charge", intent["latest_charge"])
    elif id_ := given.get("charge"):
        charge = account.need("charge", id_, "charge")
        id_ = charge["payment_intent"]
    else:
        raise Refusal(
            "One of the following params should be provided for this request: payment_intent or "
            "charge."
        )
    if charge is None or not charge["paid"]:
        message = f"This PaymentIntent ({id_}) does not have a successful charge to refund."
        raise Refusal(message)
    if not charge["captured"]:
        raise Refusal(
            f"This uncaptured Charge was created by a PaymentIntent ({id_}). You must cancel the "
            "PaymentIntent to reverse the authorization instead of refunding the Charge directly. "
            "For more information, see "
            "https://stripe.com/docs/payments/place-a-hold-on-a-payment-method"
        )
    return charge
