"""What is a payment method: Stripe's test cards, and what charging each of them does?"""

import copy
import re
from typing import Any

from attrs import evolve, field, frozen

from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare, missing
from stripe_emulator.lifecycle import SHARED, Given, Shared, does, picked
from stripe_emulator.message import token
from stripe_emulator.refusals import Json, Refusal, missing_parameter

declare(
    Resource(
        kind="payment_method",
        prefix="pm_1",
        path="/v1/payment_methods",
        verbs="list create update attach retrieve detach",
        needs={"create": "card type"},
        starts="""allow_redisplay="unspecified" billing_details={"address": {"city": null,
            "country": null, "line1": null, "line2": null, "postal_code": null, "state": null},
            "email": null, "name": null, "phone": null, "tax_id": null} card=null customer_account
            _outcome shared_payment_granted_token type="card" """,
        echoes="allow_redisplay billing_details card.exp_month card.exp_year",
        emits="updated",
        events="payment_method",
        called="PaymentMethod",
        in_path="payment_method",
    )
)

_SECONDS_A_YEAR = 31_556_952
_UNEXPECTED = "payment_method_unexpected_state"


@frozen
class TestCard:
    """A card of docs.stripe.com/testing: `pm_card_<name>`, `tok_<name>` or its number.

    With a `code` charging it is declined; `attaches` tells that attaching it is not.
    """

    __test__ = False

    number: str
    brand: str = "visa"
    code: str | None = None
    decline_code: str | None = None
    message: str = ""
    attaches: bool = False
    disputes: bool = False  # the payment succeeds, and its payer tells the bank it was not theirs
    funding: str = "credit"
    #: what an error says beside its code, where that was recorded
    details: Json = field(factory=Json)

    @property
    def asks(self) -> bool:
        """Whether the payer has to authenticate, if there is one to ask."""
        return self.code == "authentication_required"

    def refusal(self, **more: Any) -> Refusal:
        """The answer to a request that this card declines."""
        return Refusal(
            self.message,
            code=self.code,
            status=402,
            type="card_error",
            decline_code=self.decline_code,
            **self.details,
            **more,
        )


def _declines(
    number: str, decline_code: str, message: str = "Your card was declined.", **details: str
) -> TestCard:
    return TestCard(
        number, code="card_declined", decline_code=decline_code, message=message, details=details
    )


def _fails(number: str, code: str, message: str, **details: str) -> TestCard:
    """A decline that has a code of its own."""
    return TestCard(number, code=code, decline_code=code, message=message, details=details)


def _asks(number: str) -> TestCard:
    code = "authentication_required"
    message = "Your card was declined. This transaction requires authentication."
    return TestCard(number, code=code, decline_code=code, message=message, attaches=True)


# What to do about a decline is said by the issuer, of each payment: no table has it by decline code
# (docs.stripe.com/declines/card). That of generic declines is recorded; of others nothing is told.
_ADVICE = {"advice_code": "try_again_later", "network_decline_code": "01"}
_FAILS = _declines("4000000000000341", "generic_decline", **_ADVICE)
_POOR = "Your card has insufficient funds."
_EXPIRED = "Your card has expired."
_WRONG_CVC = "Your card's security code is incorrect."
_TOO_OFTEN = (
    "Your card was declined for making repeated attempts too frequently or exceeding its amount "
    "limit."
)
_TRY_AGAIN = "An error occurred while processing your card. Try again in a little bit."
CARDS = {
    "visa": TestCard("4242424242424242"),
    "visa_debit": TestCard("4000056655665556", funding="debit"),
    "mastercard": TestCard("5555555555554444", "mastercard"),
    "mastercard_debit": TestCard("5200828282828210", "mastercard", funding="debit"),
    "mastercard_prepaid": TestCard("5105105105105100", "mastercard", funding="prepaid"),
    "amex": TestCard("378282246310005", "amex"),
    "discover": TestCard("6011111111111117", "discover"),
    "diners": TestCard("3056930009020004", "diners"),
    "jcb": TestCard("3566002020360505", "jcb"),
    "unionpay": TestCard("6200000000000005", "unionpay"),
    "createDispute": TestCard("4000000000000259", disputes=True),
    "authenticationRequired": _asks("4000002500003155"),
    "threeDSecure2Required": _asks("4000000000003220"),
    "chargeCustomerFail": evolve(_FAILS, attaches=True),
    "chargeDeclined": _declines("4000000000000002", "generic_decline", **_ADVICE),
    "chargeDeclinedInsufficientFunds": _declines("4000000000009995", "insufficient_funds", _POOR),
    "chargeDeclinedLostCard": _declines("4000000000009987", "lost_card"),
    "chargeDeclinedStolenCard": _declines("4000000000009979", "stolen_card"),
    "chargeDeclinedExpiredCard": _fails(
        "4000000000000069", "expired_card", _EXPIRED, param="exp_month"
    ),
    "chargeDeclinedIncorrectCvc": _fails(
        "4000000000000127", "incorrect_cvc", _WRONG_CVC, param="cvc"
    ),
    "chargeDeclinedProcessingError": _fails("4000000000000119", "processing_error", _TRY_AGAIN),
    "chargeDeclinedVelocityLimitExceeded": _declines(
        "4000000000006975", "card_velocity_exceeded", _TOO_OFTEN
    ),
}
# whether it was detached, or paid without a customer: then it is not used again
_SPENT = "_spent"
_NOT_USED_AGAIN = (
    "The provided PaymentMethod was previously used with a PaymentIntent without Customer "
    "attachment, shared with a connected account without Customer attachment, or was detached from "
    "a Customer. It may not be used again. To use a PaymentMethod multiple times, you must attach "
    "it to a Customer first."
)
_NOT_ATTACHED_AGAIN = (
    "This PaymentMethod was previously used without being attached to a Customer or was detached "
    "from a Customer, and may not be used again."
)
_NAMES_BY_NUMBER = {card.number: name for name, card in CARDS.items()}
_CARD: Json = {
    "brand": None,
    "checks": {
        "address_line1_check": None,
        "address_postal_code_check": None,
        "cvc_check": "unchecked",
    },
    "country": "US",
    "display_brand": None,
    "exp_month": 12,
    "exp_year": None,
    "fingerprint": None,
    "funding": "credit",
    "generated_from": None,
    "last4": None,
    "networks": None,
    "regulated_status": "unregulated",
    "three_d_secure_usage": {"supported": True},
    "wallet": None,
}


def card_of(method: Json) -> TestCard:
    """The test card that a payment method is."""
    return CARDS[method["_outcome"]]


def _card_name(id_: str, prefix: str) -> str | None:
    """Read a shared id: `pm_card_visa_chargeDeclined` or `pm_card_chargeDeclined`."""
    name = id_.removeprefix(prefix)
    if name == id_:
        return None
    for each in (name, name.removeprefix("visa_")):
        if each in CARDS:
            return each
    return None


def _is_shared(id_: str) -> bool:
    return _card_name(id_, "pm_card_") is not None


def use(account: Account, id_: str, param: str = "payment_method") -> Json:
    """Find a payment method; a shared test one becomes a new object, as at Stripe."""
    name = _card_name(id_, "pm_card_")
    if name:
        return account.create(_new(account, name))
    method = account.need("payment_method", id_, param)
    check_usable(method, param)
    return method


def check_usable(method: Json, param: str = "payment_method") -> None:
    """Refuse to pay with what was detached, or has paid once as nobody's."""
    if method.get(_SPENT):
        raise Refusal(_NOT_USED_AGAIN, param=param)


def usable(account: Account, id_: str | None) -> str | None:
    """The same ID, if there is one that can still be charged."""
    method = account.get("payment_method", id_) if id_ else None
    return id_ if method and not method.get(_SPENT) else None


def spend(account: Account, method: Json) -> Json:
    """Note that nothing can be paid with it any more: it was detached, or used by nobody's."""
    return account.change(method | {"customer": None, _SPENT: True})


def use_for(account: Account, id_: str, customer: str, param: str) -> Json:
    """Find a payment method of a customer's; of a shared one they may have one already."""
    name = _card_name(id_, "pm_card_")
    if name is None:
        return _own(account, id_, customer, param)
    same = account.find("payment_method", customer=customer, _outcome=name)
    return same[0] if same else use(account, id_, param)


def _own(account: Account, id_: str, customer: str, param: str) -> Json:
    method = account.need("payment_method", id_, param)
    if method["customer"] != customer:
        raise not_theirs(id_, param)
    return method


def not_theirs(id_: str, param: str) -> Refusal:
    """A payment method is not the customer's."""
    message = (
        f"The customer does not have a payment method with the ID {id_}. The payment method must "
        "be attached to the customer."
    )
    return Refusal(message, code="resource_missing", param=param)


SHARED["payment_method"] = Shared(exists=_is_shared, find=use)


def _new(account: Account, name: str) -> Json:
    made = account.new("payment_method", _outcome=name)
    card = CARDS[name]
    made["card"] = copy.deepcopy(_CARD) | {
        "brand": card.brand,
        "display_brand": card.brand,
        "exp_year": 1971 + account.now // _SECONDS_A_YEAR,
        "fingerprint": token(16),
        "funding": card.funding,
        "last4": card.number[-4:],
        "networks": {"available": [card.brand], "preferred": None},
    }
    return made


@does("payment_method.create", "card.cvc card.number card.token type=card")
def create(account: Account, method: Json, given: Given) -> Json:
    """Create a card from a test token or a test number."""
    made = _new(account, _chosen(given["card"]))
    made |= picked(method, "metadata allow_redisplay billing_details")
    made["card"] |= picked(given["card"], "exp_month exp_year")
    _check_card(account, given["card"])
    return account.create(made)


def _check_card(account: Account, card: Json) -> None:
    """Refuse what no card has: a month, a year that is over, a code of other than 3 or 4 digits."""
    year = 1970 + account.now // _SECONDS_A_YEAR
    rules = {
        "exp_month": (1 <= card.get("exp_month", 1) <= 12, "expiration month", "expiry_month"),
        "exp_year": (card.get("exp_year", year) >= year, "expiration year", "expiry_year"),
        "cvc": (re.fullmatch(r"\d{3,4}", card.get("cvc", "123")), "security code", "cvc"),
    }
    for name, (is_right, called, code) in rules.items():
        if not is_right:
            message = f"Your card's {called} is invalid."
            raise _of_card(message, f"invalid_{code}", f"card[{name}]")


def _of_card(message: str, code: str, param: str) -> Refusal:
    return Refusal(message, code=code, param=param, status=402, type="card_error")


def _chosen(card: Json) -> str:
    given_token = card.get("token", "")
    by_number = _NAMES_BY_NUMBER.get(card.get("number", ""))
    name = _card_name(given_token, "tok_") or by_number
    if name is not None:
        return name
    if "token" in card:
        raise missing("token", given_token, "card[token]")
    raise _of_card("Your card number is incorrect.", "incorrect_number", "card[number]")


@does("payment_method.attach", "customer")
def attach_given(account: Account, method: Json, given: Given) -> Json:
    """Attach a payment method to a customer; a card that every charge declines is declined here."""
    if "customer" not in given:
        raise missing_parameter("customer")
    check_attachable(method)
    method["customer"] = given.before["customer"]  # and not yet the one that was given
    return attach(account, method, given["customer"])


def check_attachable(method: Json) -> None:
    """Decline a card that every charge declines."""
    card = card_of(method)
    if card.code and not card.attaches:
        raise card.refusal()
    if method.get(_SPENT):
        raise Refusal(_NOT_ATTACHED_AGAIN)


def attach(account: Account, method: Json, customer: str) -> Json:
    """Attach a payment method; one that belongs to another customer is refused."""
    if method["customer"] not in {None, customer}:
        raise Refusal(
            "The payment method you provided has already been attached to a customer.",
            code=_UNEXPECTED,
        )
    account.need("customer", customer, "customer")
    method["customer"] = customer
    method["card"]["checks"]["cvc_check"] = "pass"
    account.change(method)
    account.emit("payment_method.attached", method)
    return method


@does("payment_method.detach")
def detach(account: Account, method: Json, _given: Given) -> Json:
    """Detach a payment method from its customer."""
    if method["customer"] is None:
        raise Refusal(
            "The payment method you provided is not attached to a customer so detachment is "
            "impossible.",
            code=_UNEXPECTED,
        )
    owner = account.need("customer", method["customer"])
    spent = spend(account, method)
    account.emit("payment_method.detached", spent)
    settings = owner["invoice_settings"]
    if settings["default_payment_method"] == method["id"]:
        left = settings | {"default_payment_method": None}
        account.change(owner | {"invoice_settings": left}, owner)
    return spent
