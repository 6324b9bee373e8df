"""Events: what happened to an account's objects."""

from stripe_nodes.lists import Dated
from stripe_nodes.resources import EVENT
from stripe_plugin import Action, One, Page, action, optional, path_id, rule


@action("GET /v1/events", EVENT, answers=Page(), beyond=True)
class ListEvents(Dated):
    """List what happened in the last 30 days, newest first."""

    type: str | None = optional(
        "Type",
        "invoice.paid",
        "Only this kind of event; * stands for any ending, as in invoice.*",
        rule.max_length(5000),
    )
    types: list[str] | None = optional(
        "Types",
        ["invoice.paid", "invoice.payment_failed"],
        "Only these kinds of events",
        rule.excludes("Type"),
        rule.max_items(20, "types"),
        rule.each(rule.max_length(5000)),
    )
    delivery_success: bool | None = optional(
        "Delivery Success", False, "Only those that all webhooks have taken, or that one has not"
    )


@action("GET /v1/events/{id}", EVENT, answers=One(), beyond=True)
class RetrieveEvent(Action):
    """Get one event, with the object as it was then."""

    id: str = path_id("Event ID", "evt_123", "The event to get", EVENT)
