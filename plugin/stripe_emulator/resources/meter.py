"""What is a meter: how is counted what customers use of something, by events that tell it?

How much was used in a period is billed when that ends (docs.stripe.com/billing/subscriptions/
usage-based).
"""

from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.lifecycle import Given, does
from stripe_emulator.refusals import Json, Refusal

KIND = "billing.meter"
declare(
    Resource(
        kind=KIND,
        prefix="mtr_1",
        path="/v1/billing/meters",
        verbs="list create retrieve update deactivate reactivate",
        starts="""customer_mapping={"event_payload_key": "stripe_customer_id", "type": "by_id"}
            status="active" value_settings={"event_payload_key": "value"} """,
        echoes="customer_mapping default_aggregation display_name event_name event_time_window",
        emits="created updated",
        lists={"event_summaries": "billing.meter_event_summary"},
        called="meter",
    )
)


@does(f"{KIND}.create", "event_name value_settings")
def create(account: Account, meter: Json, given: Given) -> Json:
    """Make a meter; of one name there is one that is active."""
    name = given["event_name"]
    if of_event(account, name):
        raise Refusal(
            f"There is an active meter for the event name {name} already: deactivate that first.",
            param="event_name",
        )
    return account.create(meter)


def of_event(account: Account, name: str) -> Json | None:
    """The active meter that counts events of this name."""
    found = account.find(KIND, event_name=name, status="active")
    return found[0] if found else None


@does(f"{KIND}.deactivate")
def deactivate(account: Account, meter: Json, _given: Given) -> Json:
    """Count nothing more."""
    return _switch(account, meter, "inactive", account.now)


@does(f"{KIND}.reactivate")
def reactivate(account: Account, meter: Json, _given: Given) -> Json:
    """Count again."""
    return _switch(account, meter, "active", None)


def _switch(account: Account, meter: Json, status: str, moment: int | None) -> Json:
    if meter["status"] == status:
        raise Refusal(f"This meter is `{status}` already.")
    transitions = {"deactivated_at": moment}
    account.change(meter | {"status": status, "status_transitions": transitions})
    changed = account.need(KIND, meter["id"])
    verb = "deactivated" if moment else "reactivated"
    account.emit(f"{KIND}.{verb}", changed)
    return changed
