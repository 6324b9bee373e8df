"""Payment intents: one payment, from the first try to the money."""

from typing import Any

from stripe_nodes import rows, rules
from stripe_nodes.lists import Dated, SearchedByAmount
from stripe_nodes.resources import BEGUN, PAYMENT_INTENT, PAYMENT_METHOD
from stripe_plugin import Action, Found, One, Page, action, optional, path_id, required, rule

_STATUS = rule.one_of(
    *("canceled", "processing", "requires_action", "requires_capture"),
    *("requires_confirmation", "requires_payment_method", "succeeded"),
)
_OTHER_WAYS = (
    rule.Parameter("confirmation_method"),
    rule.Parameter("payment_method_types"),
    rule.Parameter("allowed_payment_method_types"),
)
_AUTOMATIC = rule.keys(
    enabled=rule.need(bool, True, "Whether the Dashboard's ways to pay are on offer"),
    allow_redirects=rule.may(
        str,
        "never",
        "Whether those count that send the customer to another page and back",
        rule.one_of("always", "never"),
    ),
)


def _description(example: str, **more: Any) -> Any:
    return rows.text("Description", example, "What is paid for", 1000, **more)


def _payment_method(example: str) -> Any:
    return rows.link("Payment Method", example, "What to pay with", PAYMENT_METHOD)


def _receipt_email(*, clearable: bool = False) -> Any:
    text = "Where the receipt goes"
    example = "customer@example.com"
    return optional("Receipt Email", example, text, rules.email(), clearable=clearable)


@action("GET /v1/payment_intents", PAYMENT_INTENT, answers=Page())
class ListPaymentIntents(Dated):
    """List the payments of the account, newest first."""

    customer: str | None = rows.customer("Only this customer's payments")


@action(
    "GET /v1/payment_intents/{intent}",
    PAYMENT_INTENT,
    answers=One(status="requires_payment_method"),
)
class RetrievePaymentIntent(Action):
    """Get one payment intent."""

    intent: str = path_id("Payment Intent ID", "pi_123", "The payment to get", PAYMENT_INTENT)


@action("POST /v1/payment_intents", PAYMENT_INTENT, answers=One(amount=1000, currency="usd"))
class CreatePaymentIntent(Action):
    """Prepare a payment, or take it at once with Confirm. Nothing is charged before that."""

    amount: int = required(
        "Amount",
        1000,
        "In the currency's smallest unit (cents)",
        rule.at_least(1),
        rules.amount(currency="Currency"),
    )
    currency: str = required("Currency", "usd", "The currency that is paid", rules.currency_code())
    customer: str | None = rows.customer("Who pays")
    payment_method: str | None = _payment_method("pm_123")
    description: str | None = _description("Payment for order #123")
    receipt_email: str | None = _receipt_email()
    automatic_payment_methods: dict[str, Any] | None = optional(
        "Automatic Payment Methods",
        {"enabled": True},
        "Offer every way to pay that the Dashboard allows",
        rule.excludes(*_OTHER_WAYS),
        _AUTOMATIC,
    )
    metadata: dict[str, Any] | None = rows.metadata({"order_id": "123"}, clearable=False)
    confirm: bool | None = optional(
        "Confirm", True, "Whether to charge the Payment Method at once", beyond=True
    )
    off_session: bool | None = optional(
        "Off Session",
        True,
        "Whether the customer is away, and can authenticate nothing",
        rule.only_if("Confirm", True),
        beyond=True,
    )
    return_url: str | None = optional(
        "Return URL",
        "https://yoursite.com/return",
        "Where the customer comes back to from a page of their bank or wallet; Confirm needs it,"
        " unless Automatic Payment Methods has allow_redirects never",
        rule.only_if("Confirm", True),
        rules.url(),
        beyond=True,
    )


@action(
    "POST /v1/payment_intents/{intent}", PAYMENT_INTENT, answers=One(amount=1200), repeatable=True
)
class UpdatePaymentIntent(Action):
    """Change a payment that is not paid yet; what is left empty stays as it is."""

    intent: str = path_id("Payment Intent ID", "pi_123", "The payment to change", PAYMENT_INTENT)
    amount: int | None = optional(
        "Amount",
        1200,
        "In the currency's smallest unit (cents)",
        rule.at_least(1),
        rules.amount(currency=rule.Parameter("currency")),
    )
    description: str | None = _description("Updated order", clearable=rows.LIBRARY)
    payment_method: str | None = _payment_method("pm_456")
    receipt_email: str | None = _receipt_email(clearable=True)
    metadata: dict[str, Any] | None = rows.metadata({"order_id": "456"})


@action(
    "POST /v1/payment_intents/{intent}/cancel",
    PAYMENT_INTENT,
    answers=One(status="canceled").also(canceled_at=BEGUN),
    destructive=True,
    repeatable=True,
)
class CancelPaymentIntent(Action):
    """Give up a payment that is not paid yet. A paid one is given back with Refund Payment."""

    intent: str = path_id("Payment Intent ID", "pi_123", "The payment to cancel", PAYMENT_INTENT)
    cancellation_reason: str | None = optional(
        "Cancellation Reason",
        "requested_by_customer",
        "Why, for your records",
        rule.one_of("duplicate", "fraudulent", "requested_by_customer", "abandoned"),
    )


@action(
    "POST /v1/payment_intents/{intent}/confirm",
    PAYMENT_INTENT,
    answers=One(status="succeeded"),
    repeatable=False,
    beyond=True,
)
class ConfirmPaymentIntent(Action):
    """Take a payment now that was prepared before, with its payment method or another."""

    intent: str = path_id("Payment Intent ID", "pi_123", "The payment to take", PAYMENT_INTENT)
    payment_method: str | None = _payment_method("pm_123")
    return_url: str | None = optional(
        "Return URL",
        "https://yoursite.com/return",
        "Where the customer comes back to from a page of their bank or wallet",
        rules.url(),
    )
    off_session: bool | None = rows.off_session()
    receipt_email: str | None = _receipt_email(clearable=True)


@action(
    "POST /v1/payment_intents/{intent}/capture",
    PAYMENT_INTENT,
    answers=One(status="succeeded"),
    repeatable=False,
    beyond=True,
)
class CapturePaymentIntent(Action):
    """Take what a card was only held for, all of it or a part; the rest is let go."""

    intent: str = path_id("Payment Intent ID", "pi_123", "The payment to capture", PAYMENT_INTENT)
    amount_to_capture: int | None = optional(
        "Amount to Capture",
        800,
        "How much, in the currency's smallest unit (cents); empty for all that is held",
        rule.at_least(1),
        rules.amount(currency=None),
    )
    statement_descriptor_suffix: str | None = rows.text(
        "Statement Descriptor Suffix", "ORDER 123", "What the card's statement says at its end", 22
    )
    metadata: dict[str, Any] | None = rows.metadata({"order_id": "123"})


@action("GET /v1/payment_intents/search", PAYMENT_INTENT, answers=Found(), beyond=True)
class SearchPaymentIntents(SearchedByAmount):
    """Find payments by what is known of them, newest first.

    What is new or changed is found within a minute, so never search for what was just made.
    """

    status: str | None = rows.equal(
        "Status", "status", "succeeded", "Only those in this state", _STATUS
    )
