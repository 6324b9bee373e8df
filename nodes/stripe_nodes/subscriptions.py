"""Subscriptions: what a customer pays again and again."""

from typing import Any

from stripe_nodes import nested, rows
from stripe_nodes.lists import Dated, SearchedByTime
from stripe_nodes.resources import BEGUN, CUSTOMER, PAYMENT_METHOD, PRICE, SUBSCRIPTION
from stripe_plugin import Action, Found, One, Page, action, optional, path_id, required, rule

_STATUS = rule.one_of(
    *("active", "all", "canceled", "ended", "incomplete", "incomplete_expired"),
    *("past_due", "paused", "trialing", "unpaid"),
)
_STATE = rule.one_of(
    *("active", "canceled", "incomplete", "incomplete_expired"),
    *("past_due", "paused", "trialing", "unpaid"),
)


def _cancel_at_period_end(example: bool) -> Any:  # noqa: FBT001 - an example value
    text = "Whether it ends with the period that is paid for"
    return optional(
        "Cancel at Period End", example, text, rule.excludes(rule.Parameter("cancel_at"))
    )


def _payment_method(example: str, **more: Any) -> Any:
    text = "The customer's payment method to charge"
    return rows.link("Default Payment Method", example, text, PAYMENT_METHOD, **more)


@action("GET /v1/subscriptions", SUBSCRIPTION, answers=Page())
class ListSubscriptions(Dated):
    """List the subscriptions of the account, newest first; canceled ones only if asked for."""

    customer: str | None = rows.customer("Only this customer's subscriptions")
    price: str | None = rows.link("Price", "price_123", "Only subscriptions to this price", PRICE)
    status: str | None = optional(
        "Status", "active", "Only in this state, or all", _STATUS, page="Stripe subscription status"
    )


@action(
    "GET /v1/subscriptions/{subscription_exposed_id}", SUBSCRIPTION, answers=One(status="active")
)
class RetrieveSubscription(Action):
    """Get one subscription."""

    subscription_exposed_id: str = path_id(
        "Subscription ID", "sub_123", "The subscription to get", SUBSCRIPTION
    )


@action("POST /v1/subscriptions", SUBSCRIPTION, answers=One(customer="cus_123"))
class CreateSubscription(Action):
    """Subscribe a customer to one or more recurring prices."""

    customer: str = required("Customer", "cus_123", "Who subscribes", rule.reference(CUSTOMER))
    items: list[dict[str, Any]] = required(
        "Items",
        [{"price": "price_123", "quantity": 1}],
        "What they subscribe to",
        rule.max_items(20),
        rule.each(nested.SUBSCRIPTION_ITEM),
        page="Required; Price ID required in each item",
    )
    cancel_at_period_end: bool | None = _cancel_at_period_end(False)
    default_payment_method: str | None = _payment_method("pm_123")
    description: str | None = rows.text(
        "Description", "Premium subscription", "What it is, for the customer", 500
    )
    collection_method: str | None = rows.collection_method("charge_automatically")
    metadata: dict[str, Any] | None = rows.metadata({"internal_id": "123"})
    days_until_due: int | None = rows.days_until_due(beyond=True)
    trial_period_days: int | None = optional(
        "Trial Period Days",
        14,
        "How many days are free before the first payment",
        rule.at_least(1),
        rule.excludes(rule.Parameter("trial_end")),
        beyond=True,
    )
    # Stripe has pending_if_incomplete for updates alone, though its document lists it here too.
    payment_behavior: str | None = optional(
        "Payment Behavior",
        "default_incomplete",
        "What happens if the first payment fails or the customer must authenticate it",
        rule.one_of("allow_incomplete", "default_incomplete", "error_if_incomplete"),
        beyond=True,
    )


@action(
    "POST /v1/subscriptions/{subscription_exposed_id}",
    SUBSCRIPTION,
    answers=One(status="active"),
    repeatable=True,
)
class UpdateSubscription(Action):
    """Change a subscription; what is left empty stays as it is.

    An item with its ID is changed; an item without one is added and billed on top.
    """

    subscription_exposed_id: str = path_id(
        "Subscription ID", "sub_123", "The subscription to change", SUBSCRIPTION
    )
    cancel_at_period_end: bool | None = _cancel_at_period_end(True)
    default_payment_method: str | None = _payment_method("pm_456", clearable=rows.RECORDED)
    description: str | None = rows.text(
        "Description", "Updated subscription", "What it is, for the customer", 500, clearable=True
    )
    items: list[dict[str, Any]] | None = optional(
        "Items",
        [{"id": "si_123", "price": "price_456"}],
        "Items to change or drop (with their ID) or to add (without)",
        rule.each(nested.SUBSCRIPTION_CHANGE),
        page="Item ID or Price ID",
    )
    metadata: dict[str, Any] | None = rows.metadata({"internal_id": "456"})
    proration_behavior: str | None = optional(
        "Proration Behavior",
        "create_prorations",
        "What happens to the part of the period that is already paid",
        rule.one_of("create_prorations", "none", "always_invoice"),
    )
    days_until_due: int | None = optional(
        "Days Until Due", 30, rows.DAYS, rule.at_least(0), beyond=True
    )


@action(
    "DELETE /v1/subscriptions/{subscription_exposed_id}",
    SUBSCRIPTION,
    answers=One(status="canceled").also(canceled_at=BEGUN, ended_at=BEGUN),
)
class CancelSubscription(Action):
    """End a subscription at once. To let the paid period run out, update Cancel at Period End."""

    subscription_exposed_id: str = path_id(
        "Subscription ID", "sub_123", "The subscription to cancel", SUBSCRIPTION
    )


@action("GET /v1/subscriptions/search", SUBSCRIPTION, answers=Found(), beyond=True)
class SearchSubscriptions(SearchedByTime):
    """Find subscriptions by what is known of them, canceled ones too, newest first.

    What is new or changed is found within a minute, so never search for what was just made.
    """

    status: str | None = rows.equal(
        "Status", "status", "active", "Only those in this state", _STATE
    )
    canceled_after: int | None = rows.made_after("Canceled After", "canceled_at")
    canceled_before: int | None = rows.made_before("Canceled Before", "canceled_at")
