"""What is a PaymentIntent: a payment from its creation to its success or its end?"""

import copy

from stripe_emulator import amounts, lifecycle, refusals
from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.lifecycle import Given, does
from stripe_emulator.message import token
from stripe_emulator.refusals import Json, Refusal
from stripe_emulator.resources import charge as charges
from stripe_emulator.resources import payment_method as methods

declare(
    Resource(
        kind="payment_intent",
        prefix="pi_3",
        path="/v1/payment_intents",
        verbs="list create retrieve update cancel confirm capture search authenticate",
        own={"authenticate": "outcome"},
        elsewhere={"authenticate": "/v1/test_helpers/payment_intents"},
        searches="amount< created< currency customer metadata status",
        starts="""amount amount_capturable=0 amount_details={"tip":{}} amount_received=0
            capture_method="automatic_async" confirmation_method="automatic" currency _invoice
            managed_payments={"enabled":false} payment_method_options={}
            payment_method_types=["card"] payment_record shared_payment_granted_token source
            status="requires_payment_method" """,
        unsets={"update": "allowed_payment_method_types description"},
        absent="payment_details",
        echoes="""description excluded_payment_method_types
            payment_method_options.card.request_three_d_secure=automatic receipt_email shipping
            statement_descriptor payment_details statement_descriptor_suffix transfer_group""",
        emits="created",
        in_path="intent",
    )
)

# The states in which a payment can still be tried.
OPEN = ("requires_payment_method", "requires_confirmation", "requires_action")
_CANCELABLE = (
    "requires_payment_method",
    "requires_capture",
    "requires_confirmation",
    "requires_action",
    "processing",
)
_FIXED_LATER = (
    "amount",
    "currency",
    "customer",
    "payment_method",
    "capture_method",
    "setup_future_usage",
    "payment_method_types",
)
_WITH_CONFIRM = (
    "error_on_requires_action",
    "mandate",
    "mandate_data",
    "off_session",
    "return_url",
    "use_stripe_sdk",
)
_UNAUTHENTICATED = (
    "The provided PaymentMethod has failed authentication. You can provide payment_method_data or "
    "a new PaymentMethod to attempt to fulfill this PaymentIntent again."
)
_CARD_OPTIONS: Json = {
    "installments": None,
    "mandate_options": None,
    "network": None,
    "request_three_d_secure": "automatic",
}


def new_secret(id_: str) -> str:
    """Draw the client secret of an intent."""
    return f"{id_}_secret_{token(25)}"


@does(
    "payment_intent.create",
    """allowed_payment_method_types amount automatic_payment_methods capture_method confirm
    confirmation_method currency customer error_on_requires_action off_session payment_method
    payment_method_types return_url setup_future_usage use_stripe_sdk""",
)
def create(account: Account, intent: Json, given: Given) -> Json:
    """Create a PaymentIntent, and confirm it when `confirm` is true."""
    _check_amount(given["amount"], given["currency"])
    if not given.get("confirm"):
        _check_early(given)
    intent["client_secret"] = new_secret(intent["id"])
    _ways_to_pay(intent, given)
    intent["payment_method"] = None
    if given.get("payment_method"):
        _use(account, intent, given["payment_method"])
    account.create(intent)
    return _confirm(account, intent, given) if given.get("confirm") else intent


def _check_amount(amount: int, currency: str) -> None:
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
    amounts.check(amount, currency)


def _check_early(given: Json) -> None:
    for name in _WITH_CONFIRM:
        if given.get(name, False) is not False:
            raise Refusal(
                f"The parameter `{name}` cannot be passed when creating a PaymentIntent unless "
                "`confirm` is set to true.",
                param=name,
            )


def _ways_to_pay(intent: Json, given: Json) -> None:
    """Without named types PaymentIntents take what the account has switched on (2023-08-16)."""
    automatic = automatic_methods(given)
    intent["automatic_payment_methods"] = automatic
    if automatic and automatic["allow_redirects"] == "always":
        intent["payment_method_types"] = ["card", "link"]
    options: Json = {"card": dict(_CARD_OPTIONS)}
    if "link" in intent["payment_method_types"]:
        options["link"] = {"persistent_token": None}
    intent["payment_method_options"] = options


def automatic_methods(given: Json) -> Json | None:
    """What the account has switched on, unless types are named or confirming is manual."""
    named = given.get("payment_method_types") or given.get("allowed_payment_method_types")
    asked: Json | None = given.get("automatic_payment_methods")
    if asked is None and not named and given.get("confirmation_method") != "manual":
        asked = {"enabled": True}
    if not asked or not asked["enabled"]:
        return None
    return {"allow_redirects": "always"} | asked


def _use(account: Account, intent: Json, id_: str) -> None:
    method = methods.use(account, id_)
    if method["customer"] not in {None, intent["customer"]}:
        expected = "the customer of this PaymentIntent" if intent["customer"] else "a customer"
        raise Refusal(
            f"The provided PaymentMethod cannot be attached. The PaymentMethod {method['id']} "
            f"belongs to another customer than {expected}. Please include the Customer in the "
            "`customer` parameter on the PaymentIntent.",
            code="payment_intent_unexpected_state",
            param="payment_method",
        )
    intent["payment_method"] = method["id"]
    if intent["status"] == "requires_payment_method":
        intent["status"] = "requires_confirmation"


@does(
    "payment_intent.update",
    """allowed_payment_method_types amount capture_method currency customer payment_method
    payment_method_types setup_future_usage""",
)
def update(account: Account, intent: Json, given: Given) -> Json:
    """Update a PaymentIntent; what it charges only while it is open."""
    before = given.before
    fixed = [name for name in _FIXED_LATER if name in given]
    if fixed and before["status"] not in OPEN:
        name = fixed[0]
        message = (
            f"This PaymentIntent's {name} could not be updated because it has a status of "
            f"{before['status']}. You may only update the {name} of a PaymentIntent with one "
            f"of the following statuses: {', '.join(OPEN)}."
        )
        raise refusals.wrong_state(message, account.show(before), name)
    _check_amount(intent["amount"], intent["currency"])
    intent["payment_method"] = before["payment_method"]
    if given.get("payment_method"):
        _use(account, intent, given["payment_method"])
    return account.change(intent, before)


@does(
    "payment_intent.confirm",
    """allowed_payment_method_types capture_method error_on_requires_action off_session
    payment_method payment_method_types return_url setup_future_usage use_stripe_sdk""",
)
def confirm(account: Account, intent: Json, given: Given) -> Json:
    """Confirm a PaymentIntent."""
    before = given.before
    intent["payment_method"] = before["payment_method"]
    if before["status"] not in OPEN:
        message = _unconfirmable(before["status"])
        raise refusals.wrong_state(message, account.show(before))
    if given.get("payment_method"):
        _use(account, intent, given["payment_method"])
    return _confirm(account, intent, given)


def _unconfirmable(status: str) -> str:
    if status == "succeeded":
        return (
            "You cannot confirm this PaymentIntent because it has already succeeded after "
            "being previously confirmed."
        )
    return (
        f"This PaymentIntent could not be confirmed because it has a status of {status}. Only a "
        "PaymentIntent with one of the following statuses may be confirmed: "
        f"{', '.join(OPEN)}."
    )


def _confirm(account: Account, intent: Json, given: Json) -> Json:
    """Try to collect: succeeded, requires_capture, requires_action, or a declined card (402)."""
    if intent["payment_method"] is None:
        message = (
            "You cannot confirm this PaymentIntent because it's missing a payment method. You can "
            "either update the PaymentIntent with a payment method and then confirm it again, or "
            "confirm it again directly with a payment method or ConfirmationToken."
        )
        raise refusals.wrong_state(message, account.show(intent))
    check_return(intent, given, "PaymentIntent")
    return collect(account, intent, given)


def check_return(intent: Json, given: Json, called: str) -> None:
    """Refuse to confirm what may redirect the payer, if one is there, without a way back."""
    automatic = intent["automatic_payment_methods"]
    has_way = given.get("return_url") or given.get("off_session")
    if automatic and automatic["allow_redirects"] == "always" and not has_way:
        raise Refusal(
            f"This {called} is configured to accept payment methods enabled in your Dashboard. "
            "Because some of these payment methods might redirect your customer off of your page, "
            "you must provide a `return_url`. If you don't want to accept redirect-based payment "
            "methods, set `automatic_payment_methods[enabled]` to `true` and "
            "`automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents "
            "and Payment Intents."
        )


def collect(account: Account, intent: Json, given: Json) -> Json:
    """Charge the intent's payment method as its test card says."""
    method = account.need("payment_method", intent["payment_method"], "payment_method")
    methods.check_usable(method)
    method["card"]["checks"]["cvc_check"] = "pass"
    account.change(method)
    card = methods.card_of(method)
    nobody_there = given.get("off_session") or given.get("error_on_requires_action")
    if card.asks and not nobody_there:
        return _require_action(account, intent, given)
    if card.code:
        raise _declined(account, intent, method)
    return _charged(account, intent, method, given)


def _charged(account: Account, intent: Json, method: Json, given: Json) -> Json:
    charge = charges.succeed(account, intent, method)
    intent |= {"latest_charge": charge["id"], "last_payment_error": None, "next_action": None}
    intent |= _collected(intent, captured=charge["captured"])
    _keep_or_spend(account, intent, method)
    account.change(intent)
    account.emit("charge.succeeded", charge)
    what = "succeeded" if charge["captured"] else "amount_capturable_updated"
    account.emit(f"payment_intent.{what}", intent)
    if intent["_invoice"]:
        lifecycle.do("payment_intent.paid", account, intent, given)
    _dispute(account, charge, method)
    return intent


def _keep_or_spend(account: Account, intent: Json, method: Json) -> None:
    """Attach what is to be used again, if to anybody; what else belongs to nobody pays once."""
    if method["customer"]:
        return
    if not intent["setup_future_usage"]:
        methods.spend(account, method)
    elif intent["customer"]:
        methods.attach(account, method, intent["customer"])


def _dispute(account: Account, charge: Json, method: Json) -> None:
    """What the payer of a card does that stands for it, once the money is taken."""
    if methods.card_of(method).disputes and charge["captured"]:
        lifecycle.do("charge.dispute", account, charge, {})


def _collected(intent: Json, *, captured: bool) -> Json:
    amount = intent["amount"]
    if captured:
        return {"status": "succeeded", "amount_received": amount, "amount_capturable": 0}
    return {"status": "requires_capture", "amount_received": 0, "amount_capturable": amount}


def next_action(account: Account, intent: Json, given: Json) -> Json:
    """How the payer authenticates: on a page that leads back, or in Stripe's own script."""
    return_url = None if given.get("use_stripe_sdk") else given.get("return_url")
    if return_url:
        link = {"return_url": return_url, "url": f"{account.pages}/authenticate/{intent['id']}"}
        return {"redirect_to_url": link, "type": "redirect_to_url"}
    return {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}


def _require_action(account: Account, intent: Json, given: Json) -> Json:
    intent["status"] = "requires_action"
    intent["next_action"] = next_action(account, intent, given)
    account.change(intent)
    account.emit("payment_intent.requires_action", intent)
    return intent


@does("payment_intent.authenticate", "outcome=succeed|fail")
def authenticate(account: Account, intent: Json, given: Given) -> Json:
    """Do what the payer does where the bank asks: `outcome` is succeed, or fail."""
    if intent["status"] != "requires_action":
        message = f"This PaymentIntent asks its payer for nothing: it is {intent['status']}."
        raise refusals.wrong_state(message, account.show(intent))
    if given.get("outcome", "succeed") == "fail":
        return _not_authenticated(account, intent)
    method = account.need("payment_method", intent["payment_method"], "payment_method")
    methods.check_usable(method)
    return _charged(account, intent, method, given)


def _not_authenticated(account: Account, intent: Json) -> Json:
    method = account.need("payment_method", intent["payment_method"], "payment_method")
    refusal = Refusal(
        _UNAUTHENTICATED,
        code="payment_intent_authentication_failure",
        payment_method=account.show(method),
    )
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "last_payment_error": copy.deepcopy(refusal.error),
    }
    account.change(intent)
    account.emit("payment_intent.payment_failed", intent)
    return intent


def _declined(account: Account, intent: Json, method: Json) -> Refusal:
    charge = charges.fail(account, intent, method)
    refusal = methods.card_of(method).refusal(
        charge=charge["id"], payment_method=account.show(method)
    )
    refusal.kept = True
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "next_action": None,
        "latest_charge": charge["id"],
        "last_payment_error": copy.deepcopy(refusal.error),
    }
    account.change(intent)
    account.emit("charge.failed", charge)
    account.emit("payment_intent.payment_failed", intent)
    refusal.error["payment_intent"] = account.show(intent)
    return refusal


@does("payment_intent.capture", "amount_to_capture final_capture=true")
def capture(account: Account, intent: Json, given: Given) -> Json:
    """Capture all or part of an authorized PaymentIntent; the rest is released."""
    amount = _capturable(account, intent, given)
    charge = account.need("charge", intent["latest_charge"], "intent")
    charges.capture(account, charge, amount)
    account.change(charge)
    intent |= {"status": "succeeded", "amount_received": amount, "amount_capturable": 0}
    account.change(intent)
    account.emit("charge.captured", charge)
    account.emit("payment_intent.succeeded", intent)
    method = account.get("payment_method", charge["payment_method"])
    if method:
        _dispute(account, charge, method)
    return intent


def _capturable(account: Account, intent: Json, given: Given) -> int:
    if intent["status"] != "requires_capture":
        message = (
            f"This PaymentIntent could not be captured because it has a status of "
            f"{intent['status']}. Only a PaymentIntent with one of the following statuses may be "
            "captured: requires_capture."
        )
        raise refusals.wrong_state(message, account.show(given.before))
    most: int = intent["amount_capturable"]
    amount: int = given.get("amount_to_capture", most)
    if amount > most:
        raise Refusal(
            "The payment could not be captured because the requested capture amount is greater "
            "than the amount you can capture for this charge.",
            code="amount_too_large",
            param="amount_to_capture",
        )
    return amount


@does("payment_intent.cancel", "cancellation_reason")
def cancel(account: Account, intent: Json, given: Given) -> Json:
    """Cancel a PaymentIntent that has not succeeded; an authorization is released."""
    if intent["status"] not in _CANCELABLE:
        message = (
            f"You cannot cancel this PaymentIntent because it has a status of {intent['status']}. "
            "Only a PaymentIntent with one of the following statuses may be canceled: "
            f"{', '.join(_CANCELABLE)}."
        )
        raise refusals.wrong_state(message, account.show(given.before))
    if intent["status"] == "requires_capture":
        charge = account.need("charge", intent["latest_charge"], "intent")
        account.change(charge | {"refunded": True, "amount_refunded": charge["amount"]})
    intent |= {"status": "canceled", "canceled_at": account.now}
    intent |= {"amount_capturable": 0, "next_action": None}
    account.change(intent)
    account.emit("payment_intent.canceled", intent)
    return intent
