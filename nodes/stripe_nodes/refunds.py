"""Refunds: giving money back."""

from typing import Any

from stripe_nodes import rows, rules
from stripe_nodes.lists import Dated
from stripe_nodes.resources import CHARGE, PAYMENT_INTENT, REFUND
from stripe_plugin import Action, One, Page, action, optional, path_id, rule


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


@action("GET /v1/refunds", REFUND, answers=Page(), beyond=True)
class ListRefunds(Dated):
    """List refunds, of one payment or all, newest first."""

    charge: str | None = rows.link("Charge", "ch_123", "Only those of this charge", CHARGE)
    payment_intent: str | None = rows.link(
        "Payment Intent", "pi_123", "Only those of this payment", PAYMENT_INTENT
    )


@action("GET /v1/refunds/{refund}", REFUND, answers=One(), beyond=True)
class RetrieveRefund(Action):
    """Get one refund, with how far it is."""

    refund: str = path_id("Refund ID", "re_123", "The refund to get", REFUND)


@action("POST /v1/refunds/{refund}", REFUND, answers=One(), repeatable=True, beyond=True)
class UpdateRefund(Action):
    """Change a refund's metadata; nothing else of it ever changes."""

    refund: str = path_id("Refund ID", "re_123", "The refund to change", REFUND)
    metadata: dict[str, Any] | None = rows.metadata({"order_id": "456"})
