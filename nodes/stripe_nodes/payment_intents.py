"""Payment intents: one payment, from the first try to the money."""

from typing import Any

from stripe_nodes import rows, rules
from stripe_plugin.declare.action import Action, action, optional, path_id, required
from stripe_plugin.judge import rules as rule

_AUTOMATIC = rule.keys(
    enabled=rule.need(bool), allow_redirects=rule.may(str, rule.one_of("always", "never"))
)


def _description(example: str) -> Any:
    return rows.text("Description", example, "What is paid for", 1000)


def _payment_method(example: str) -> Any:
    return rows.link("Payment Method", example, "What to pay with", "payment_method")


def _receipt_email(*, clearable: bool = False) -> Any:
    text = "Where the receipt goes"
    return optional("Receipt Email", "customer@example.com", text, clearable=clearable)


@action("GET /v1/payment_intents")
class ListPaymentIntents(Action):
    """List the payments of the account, newest first."""

    customer: str | None = rows.customer("Only this customer's payments")
    limit: int | None = rows.limit()
    starting_after: str | None = rows.starting_after("pi_123", "payment_intent")
    ending_before: str | None = rows.ending_before("pi_456", "payment_intent")


@action("GET /v1/payment_intents/{intent}", answers={"status": "requires_payment_method"})
class RetrievePaymentIntent(Action):
    """Get one payment intent."""

    intent: str = path_id("Payment Intent ID", "pi_123", "The payment to get", "payment_intent")


@action("POST /v1/payment_intents", answers={"amount": 1000, "currency": "usd"})
class CreatePaymentIntent(Action):
    """Prepare a payment. Nothing is charged before it is confirmed."""

    amount: int = required(
        "Amount", 1000, "In the currency's smallest unit (cents)", rule.at_least(1), rules.amount()
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
        rule.excludes(
            "confirmation_method", "payment_method_types", "allowed_payment_method_types"
        ),
        _AUTOMATIC,
    )
    metadata: dict[str, Any] | None = rows.metadata({"order_id": "123"}, clearable=False)


@action("POST /v1/payment_intents/{intent}", answers={"amount": 1200})
class UpdatePaymentIntent(Action):
    """Change a payment that is not paid yet; what is left empty stays as it is."""

    intent: str = path_id("Payment Intent ID", "pi_123", "The payment to change", "payment_intent")
    amount: int | None = optional(
        "Amount", 1200, "In the currency's smallest unit (cents)", rule.at_least(1), rules.amount()
    )
    description: str | None = _description("Updated order")
    payment_method: str | None = _payment_method("pm_456")
    receipt_email: str | None = _receipt_email(clearable=True)
    metadata: dict[str, Any] | None = rows.metadata({"order_id": "456"})


@action(
    "POST /v1/payment_intents/{intent}/cancel", answers={"status": "canceled"}, destructive=True
)
class CancelPaymentIntent(Action):
    """Give up a payment that is not paid yet. A paid one is given back with Refund Payment."""

    intent: str = path_id("Payment Intent ID", "pi_123", "The payment to cancel", "payment_intent")
    cancellation_reason: str | None = optional(
        "Cancellation Reason",
        "requested_by_customer",
        "Why, for your records",
        rule.one_of("duplicate", "fraudulent", "requested_by_customer", "abandoned"),
    )
