"""Checkout sessions: Stripe's hosted payment page, for one purchase each."""

from typing import Any

from stripe_nodes import nested, rows, rules
from stripe_nodes.lists import Dated, Listed
from stripe_nodes.resources import CHECKOUT_SESSION, LINE_ITEM, SUBSCRIPTION
from stripe_plugin import Action, One, Page, action, optional, path_id, required, rule

_PATH = rule.matches(
    r"[^.\s][^.]*(?:\.\s*[^.\s][^.]*){0,3}", "be a path of at most four levels (a.b.c.d)"
)
_OTHER_METHODS = (
    rule.Parameter("allowed_payment_method_types"),
    rule.Parameter("payment_method_configuration"),
)
# Source: docs.stripe.com/js/appendix/supported_locales.
_LOCALES = (
    *("auto", "bg", "cs", "da", "de", "el", "en", "en-GB", "es", "es-419", "et", "fi", "fil", "fr"),
    *("fr-CA", "hr", "hu", "id", "it", "ja", "ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt"),
    *("pt-BR", "ro", "ru", "sk", "sl", "sv", "th", "tr", "vi", "zh", "zh-HK", "zh-TW"),
)


@action(
    "POST /v1/checkout/sessions",
    CHECKOUT_SESSION,
    answers=One(url="https://checkout.stripe.com/...", status="open"),
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
    line_items: list[dict[str, Any]] | None = optional(
        "Line Items",
        [{"price": "price_123", "quantity": 1}],
        "What is bought",
        rule.required_if("Mode", "payment", "subscription"),
        rule.only_if("Mode", "payment", "subscription"),
        rule.max_items(100),
        rule.each(nested.LINE),
        page="Required for payment and subscription",
    )
    success_url: str = required(
        "Success URL",
        "https://yoursite.com/success?session_id={CHECKOUT_SESSION_ID}",
        "Where the customer goes after paying; Stripe fills in {CHECKOUT_SESSION_ID}",
        rules.url(),
        page="Required; may include {CHECKOUT_SESSION_ID}",
    )
    cancel_url: str = required(
        "Cancel URL",
        "https://yoursite.com/cancel",
        "Where the customer goes without paying",
        rules.url(),
    )
    customer: str | None = rows.customer("Who pays, if already a customer")
    customer_email: str | None = optional(
        "Customer Email",
        "user@example.com",
        "Filled in for the customer on the page",
        rules.email(),
        rule.excludes("Customer", rows.CUSTOMER_ACCOUNT),
    )
    payment_method_types: list[str] | None = optional(
        "Payment Method Types",
        ["card"],
        "The ways to pay on offer; empty for those set in the Dashboard",
        rule.required_if("Mode", "setup", unless=(rule.Parameter("currency"), *_OTHER_METHODS)),
        rule.excludes(*_OTHER_METHODS, rule.Parameter("excluded_payment_method_types")),
        rule.each(rule.documented()),
    )
    allow_promotion_codes: bool | None = optional(
        "Allow Promotion Codes",
        True,
        "Whether the customer may enter a promotion code",
        rule.excludes(rule.Parameter("discounts")),
        page="Boolean",
    )
    metadata: dict[str, Any] | None = rows.metadata({"order_id": "123"}, clearable=False)
    subscription_data: dict[str, Any] | None = optional(
        "Subscription Data",
        {"trial_period_days": 14},
        "How the subscription is set up",
        rule.only_if("Mode", "subscription"),
        nested.SUBSCRIPTION_DATA,
    )
    automatic_tax: dict[str, Any] | None = optional(
        "Automatic Tax",
        {"enabled": True},
        "Whether Stripe Tax works out and adds the tax",
        nested.AUTOMATIC_TAX,
        beyond=True,
    )
    payment_intent_data: dict[str, Any] | None = optional(
        "Payment Intent Data",
        {"description": "Order 123", "setup_future_usage": "off_session"},
        "How the payment is set up",
        rule.only_if("Mode", "payment"),
        nested.PAYMENT_DATA,
        beyond=True,
    )
    client_reference_id: str | None = rows.text(
        "Client Reference ID", "order_123", "Your own name for the purchase", 200, beyond=True
    )
    locale: str | None = optional(
        "Locale",
        "auto",
        "The language of the page; auto, or empty, for the browser's",
        rule.one_of(*_LOCALES),
        beyond=True,
    )


@action(
    "POST /v1/checkout/sessions/{session}",
    CHECKOUT_SESSION,
    answers=One(status="open", metadata={"order_id": "456"}),
    repeatable=True,
)
class UpdateCheckoutSession(Action):
    """Change an open session.

    Line items and shipping options can change only where the page is embedded; for a hosted page,
    expire the session and create a new one.
    """

    session: str = path_id("ID", "cs_123", "The session to change", CHECKOUT_SESSION)
    metadata: dict[str, Any] | None = rows.metadata({"order_id": "456"})
    line_items: list[dict[str, Any]] | None = optional(
        "Line Items",
        [{"id": "li_123", "quantity": 2}, {"price": "price_123", "quantity": 1}],
        "The whole new list: items with their ID are kept or changed, those left out are dropped",
        rule.each(nested.LINE_CHANGE),
    )
    shipping_options: list[dict[str, Any]] | None = optional(
        "Shipping Options",
        [{"shipping_rate": "shr_123"}],
        "The ways to ship that replace the present ones",
        rule.max_items(5),
        rule.each(nested.SHIPPING),
        clearable=True,
    )


@action(
    "GET /v1/checkout/sessions/{session}",
    CHECKOUT_SESSION,
    answers=One(payment_status="paid", customer="cus_123", amount_total=2000).also(
        status="complete", payment_intent="pi_123", url=None
    ),
)
class RetrieveCheckoutSession(Action):
    """Get one session, for example to show the order on your success page."""

    session: str = path_id("ID", "cs_123", "The session to get", CHECKOUT_SESSION)
    expand: list[str] | None = optional(
        "Expand", ["line_items"], "Linked objects to give in full", rule.each(_PATH), page="Array"
    )


@action("GET /v1/checkout/sessions", CHECKOUT_SESSION, answers=Page())
class ListCheckoutSessions(Dated):
    """List the checkout sessions of the account, newest first."""

    customer: str | None = rows.customer("Only this customer's sessions")
    status: str | None = optional(
        "Status", "complete", "Only those in this state", rule.one_of("open", "complete", "expired")
    )
    subscription: str | None = rows.link(
        "Subscription", "sub_123", "Only the session that started it", SUBSCRIPTION, beyond=True
    )


@action(
    "GET /v1/checkout/sessions/{session}/line_items",
    CHECKOUT_SESSION,
    answers=Page(LINE_ITEM, quantity=1),
    docs="checkout/sessions/line_items",
)
class ListCheckoutSessionLineItems(Listed):
    """List what a session sells, with amounts."""

    session: str = path_id("ID", "cs_123", "The session whose items to list", CHECKOUT_SESSION)


@action(
    "POST /v1/checkout/sessions/{session}/expire",
    CHECKOUT_SESSION,
    answers=One(status="expired").also(url=None),
    destructive=True,
    repeatable=True,
)
class ExpireCheckoutSession(Action):
    """Close an open session, so that nobody can pay on it any more."""

    session: str = path_id("ID", "cs_123", "The session to close", CHECKOUT_SESSION)
