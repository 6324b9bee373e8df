"""Checkout sessions: Stripe's hosted payment page, for one purchase each."""

from typing import Any

from stripe_nodes import rows
from stripe_plugin.declare.action import Action, action, conditional, optional, path_id, required
from stripe_plugin.judge import rules as rule

_PATH = rule.matches(r"[^.]+(?:\.[^.]+){0,3}", "be a path of at most four levels (a.b.c.d)")
_OTHER_METHODS = ("allowed_payment_method_types", "payment_method_configuration")


@action(
    "POST /v1/checkout/sessions",
    answers={"url": "https://checkout.stripe.com/...", "status": "open"},
)
class CreateCheckoutSession(Action):
    """Open a payment page for one purchase.

    Send the customer to the session's `url`; Stripe brings them back to your Success URL.
    """

    mode: str = required(
        "Mode",
        "payment",
        "One payment, a subscription, or only saving a payment method",
        rule.one_of("payment", "subscription", "setup"),
        page="Required: payment, subscription, or setup",
    )
    line_items: list[dict[str, Any]] | None = conditional(
        "Line Items",
        [{"price": "price_123", "quantity": 1}],
        "What is bought",
        rule.required_if("Mode", "payment", "subscription"),
        rule.only_if("Mode", "payment", "subscription"),
        rule.max_items(100),
        rows.line_items(),
        page="Required for payment and subscription",
    )
    success_url: str = required(
        "Success URL",
        "https://yoursite.com/success?session_id={CHECKOUT_SESSION_ID}",
        "Where the customer goes after paying; Stripe fills in {CHECKOUT_SESSION_ID}",
        page="Required; may include {CHECKOUT_SESSION_ID}",
    )
    cancel_url: str | None = conditional(
        "Cancel URL",
        "https://yoursite.com/cancel",
        "Where the customer goes without paying; empty for no way back",
        page="Required",
    )
    customer: str | None = rows.customer("Who pays, if already a customer")
    customer_email: str | None = optional(
        "Customer Email",
        "user@example.com",
        "Filled in for the customer on the page",
        rule.excludes("Customer", "customer_account"),
    )
    payment_method_types: list[str] | None = optional(
        "Payment Method Types",
        ["card"],
        "The ways to pay on offer; empty for those set in the Dashboard",
        rule.required_if("Mode", "setup", beyond=("currency", *_OTHER_METHODS)),
        rule.excludes(*_OTHER_METHODS, "excluded_payment_method_types"),
    )
    allow_promotion_codes: bool | None = optional(
        "Allow Promotion Codes",
        True,
        "Whether the customer may enter a promotion code",
        rule.excludes("discounts"),
        page="Boolean",
    )
    metadata: dict[str, Any] | None = rows.metadata({"order_id": "123"}, clearable=False)
    subscription_data: dict[str, Any] | None = optional(
        "Subscription Data",
        {"trial_period_days": 14},
        "How the subscription is set up",
        rule.only_if("Mode", "subscription"),
        rows.subscription_data(),
    )


@action(
    "POST /v1/checkout/sessions/{session}",
    answers={"status": "open", "metadata": {"order_id": "456"}},
)
class UpdateCheckoutSession(Action):
    """Change an open session.

    Line items and shipping options can change only where the page is embedded; for a hosted page,
    expire the session and create a new one.
    """

    session: str = path_id("ID", "cs_123", "The session to change", "checkout.session")
    metadata: dict[str, Any] | None = rows.metadata({"order_id": "456"})
    line_items: list[dict[str, Any]] | None = optional(
        "Line Items",
        [{"id": "li_123", "quantity": 2}, {"price": "price_123", "quantity": 1}],
        "The whole new list: items with their ID are kept or changed, those left out are dropped",
        rows.line_items(id=rule.may(str, rule.max_length(5000))),
    )
    shipping_options: list[dict[str, Any]] | None = optional(
        "Shipping Options",
        [{"shipping_rate": "shr_123"}],
        "The ways to ship that replace the present ones",
        *rows.shipping_options(),
        clearable=True,
    )


@action(
    "GET /v1/checkout/sessions/{session}",
    answers={"payment_status": "paid", "customer": "cus_123", "amount_total": 2000},
)
class RetrieveCheckoutSession(Action):
    """Get one session, for example to show the order on your success page."""

    session: str = path_id("ID", "cs_123", "The session to get", "checkout.session")
    expand: list[str] | None = optional(
        "Expand", ["line_items"], "Linked objects to give in full", rule.each(_PATH), page="Array"
    )


@action("GET /v1/checkout/sessions")
class ListCheckoutSessions(Action):
    """List the checkout sessions of the account, newest first."""

    customer: str | None = rows.customer("Only this customer's sessions")
    status: str | None = optional(
        "Status", "complete", "Only those in this state", rule.one_of("open", "complete", "expired")
    )
    limit: int | None = rows.limit()
    starting_after: str | None = rows.starting_after("cs_123", "checkout.session")
    ending_before: str | None = rows.ending_before("cs_456", "checkout.session")
    subscription: str | None = rows.link(
        "Subscription", "sub_123", "Only the session that started it", "subscription", beyond=True
    )


@action(
    "GET /v1/checkout/sessions/{session}/line_items",
    answers={"id": "li_123", "object": "item", "quantity": 1},
    docs="checkout/sessions/line_items",
)
class ListCheckoutSessionLineItems(Action):
    """List what a session sells, with amounts."""

    session: str = path_id("ID", "cs_123", "The session whose items to list", "checkout.session")
    limit: int | None = rows.limit()
    starting_after: str | None = rows.starting_after("li_123", "line_item")
    ending_before: str | None = rows.ending_before("li_456", "line_item")


@action(
    "POST /v1/checkout/sessions/{session}/expire", answers={"status": "expired"}, destructive=True
)
class ExpireCheckoutSession(Action):
    """Close an open session, so that nobody can pay on it any more."""

    session: str = path_id("ID", "cs_123", "The session to close", "checkout.session")
