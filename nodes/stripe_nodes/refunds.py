"""Refunds: giving money back."""

from typing import Any

from stripe_nodes import rows, rules
from stripe_nodes.resources import CHARGE, PAYMENT_INTENT, REFUND
from stripe_plugin import Action, One, action, optional, rule


@action(
    "POST /v1/refunds",
    REFUND,
    answers=One(status="succeeded"),
    docs="refunds/create",
    destructive=True,
)
class RefundPayment(Action):
    """Give a payment back, all of it or a part."""

    charge: str | None = optional(
        "Charge ID",
        "ch_123",
        "The charge to refund",
        rule.required_if_empty("Payment Intent ID"),
        rule.reference(CHARGE),
        page="Required when refund type is Charge",
    )
    payment_intent: str | None = optional(
        "Payment Intent ID",
        "pi_123",
        "The payment intent to refund",
        rule.required_if_empty("Charge ID"),
        rule.excludes("Charge ID"),
        rule.reference(PAYMENT_INTENT),
        page="Required when refund type is Payment Intent",
    )
    amount: int | None = optional(
        "Amount",
        1000,
        "How much, in the currency's smallest unit (cents); empty for all that is left",
        rule.at_least(1),
        rules.amount(currency=None),
        page="Empty refunds the full amount",
    )
    reason: str | None = optional(
        "Reason",
        "requested_by_customer",
        "Why, for your records; fraudulent also blocks the card and address",
        rule.one_of("duplicate", "fraudulent", "requested_by_customer"),
    )
    metadata: dict[str, Any] | None = rows.metadata({"order_id": "12345"})
