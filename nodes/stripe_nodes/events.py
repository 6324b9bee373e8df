"""Events: what happened to an account's objects."""

from stripe_nodes import rows
from stripe_nodes.resources import EVENT
from stripe_plugin import Action, One, Page, action, optional, path_id, rule


@action("GET /v1/events", EVENT, answers=Page(), beyond=True)
class ListEvents(Action):
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
    limit: int | None = rows.limit()
    starting_after: str | None = rows.starting_after("evt_123", EVENT)
    ending_before: str | None = rows.ending_before("evt_456", EVENT)
    created_after: int | None = rows.created_after()
    created_before: int | None = rows.created_before()
    return_all: bool | None = rows.return_all()
    most: int | None = rows.most()


@action("GET /v1/events/{id}", EVENT, answers=One(), beyond=True)
class RetrieveEvent(Action):
    """Get one event, with the object as it was then."""

    id: str = path_id("Event ID", "evt_123", "The event to get", EVENT)
