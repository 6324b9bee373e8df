"""Payment links: addresses where anybody can buy the same, as often as they like."""

from typing import Any

from stripe_nodes import nested, rows
from stripe_nodes.lists import Listed
from stripe_nodes.resources import LINK_LINE_ITEM, PAYMENT_LINK
from stripe_plugin import Action, One, Page, action, optional, path_id, required, rule

_SUBMIT = rule.one_of("auto", "book", "donate", "pay", "subscribe")


def _after_completion() -> Any:
    return optional(
        "After Completion",
        {"type": "redirect", "redirect": {"url": "https://yoursite.com/thanks"}},
        "What the customer sees after paying; a page of Stripe's if empty",
        nested.AFTER_COMPLETION,
    )


def _allow_promotion_codes() -> Any:
    about = "Whether the customer may enter a promotion code"
    return optional("Allow Promotion Codes", True, about)


def _submit_type() -> Any:
    return optional("Submit Type", "donate", "What the button that pays says", _SUBMIT)


def _inactive_message(**more: Any) -> Any:
    about = "What customers read when the link is closed"
    return rows.text("Inactive Message", "Sold out. Thank you!", about, 500, **more)


@action("GET /v1/payment_links", PAYMENT_LINK, answers=Page(active=True), beyond=True)
class ListPaymentLinks(Listed):
    """List the payment links of the account, newest first."""

    active: bool | None = optional("Active", True, "Only links that are open, or closed ones")


@action("GET /v1/payment_links/{payment_link}", PAYMENT_LINK, answers=One(), beyond=True)
class RetrievePaymentLink(Action):
    """Get one link, with its address."""

    payment_link: str = path_id("Payment Link ID", "plink_123", "The link to get", PAYMENT_LINK)


@action(
    "POST /v1/payment_links",
    PAYMENT_LINK,
    answers=One(url="https://buy.stripe.com/test_123", active=True),
    beyond=True,
)
class CreatePaymentLink(Action):
    """Make an address where anybody can pay, as often as they like.

    With a recurring price customers subscribe there.
    """

    line_items: list[dict[str, Any]] = required(
        "Line Items",
        [{"price": "price_123", "quantity": 1}],
        "What is sold",
        rule.max_items(20),
        rule.each(nested.LINK_LINE),
    )
    after_completion: dict[str, Any] | None = _after_completion()
    allow_promotion_codes: bool | None = _allow_promotion_codes()
    automatic_tax: dict[str, Any] | None = optional(
        "Automatic Tax",
        {"enabled": True},
        "Whether Stripe Tax works out and adds the tax",
        nested.AUTOMATIC_TAX,
    )
    billing_address_collection: str | None = optional(
        "Billing Address Collection",
        "required",
        "Whether the customer must give an address, or only where it is needed",
        rule.one_of("auto", "required"),
    )
    inactive_message: str | None = _inactive_message()
    payment_intent_data: dict[str, Any] | None = optional(
        "Payment Intent Data",
        {"description": "Order 123"},
        "How each payment is set up; not of subscriptions",
        nested.LINK_PAYMENT,
        rule.excludes("Subscription Data"),
    )
    restrictions: dict[str, Any] | None = optional(
        "Restrictions",
        {"completed_sessions": {"limit": 100}},
        "How often it can be paid before it closes by itself",
        nested.LINK_LIMITS,
    )
    submit_type: str | None = _submit_type()
    subscription_data: dict[str, Any] | None = optional(
        "Subscription Data",
        {"trial_period_days": 14},
        "How each subscription is set up, if a price recurs",
        nested.LINK_SUBSCRIPTION,
    )
    metadata: dict[str, Any] | None = rows.metadata({"campaign": "spring"}, clearable=False)


@action(
    "POST /v1/payment_links/{payment_link}",
    PAYMENT_LINK,
    answers=One(active=False),
    repeatable=True,
    beyond=True,
)
class UpdatePaymentLink(Action):
    """Change a link, or close it with Active; pages that are open already stay as they are."""

    payment_link: str = path_id("Payment Link ID", "plink_123", "The link to change", PAYMENT_LINK)
    active: bool | None = optional("Active", False, "Whether anybody can pay there")
    inactive_message: str | None = _inactive_message(clearable=True)
    line_items: list[dict[str, Any]] | None = optional(
        "Line Items",
        [{"id": "li_123", "quantity": 2}],
        "How many are sold of what is on the link; what is left out stays",
        rule.max_items(20),
        rule.each(nested.LINK_LINE_CHANGE),
    )
    after_completion: dict[str, Any] | None = _after_completion()
    allow_promotion_codes: bool | None = _allow_promotion_codes()
    submit_type: str | None = _submit_type()
    metadata: dict[str, Any] | None = rows.metadata({"campaign": "summer"}, clearable=False)


@action(
    "GET /v1/payment_links/{payment_link}/line_items",
    PAYMENT_LINK,
    answers=Page(LINK_LINE_ITEM, quantity=1),
    docs="payment-link/retrieve-line-items",
    beyond=True,
)
class ListPaymentLinkLineItems(Listed):
    """List what a link sells, with amounts."""

    payment_link: str = path_id(
        "Payment Link ID", "plink_123", "The link whose items to list", PAYMENT_LINK
    )
