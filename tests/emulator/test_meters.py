"""Usage that is told by events, and billed when a period ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from emulator.answers import schema_of
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from emulator.conftest import Caller, Clock

    from stripe_emulator import Emulator

DAY = 86_400
START = 1_819_756_800  # 1 September 2027, 00:00: a month of 30 days
METERS = "/v1/billing/meters"
EVENTS = "/v1/billing/meter_events"


def metered(api: Caller, formula: str = "sum") -> Any:
    """A meter of calls."""
    aggregation = {"formula": formula}
    return api.made(METERS, display_name="Calls", event_name="call", default_aggregation=aggregation)  # fmt: skip  # noqa: E501


def subscribed(api: Caller, meter: Any) -> Any:
    """Somebody who pays 3 cents for each call of a month."""
    recurring = {"interval": "month", "usage_type": "metered", "meter": meter["id"]}
    price = api.price(3, recurring=recurring)
    return api.made("/v1/subscriptions", customer=api.payer()["id"], items=[{"price": price["id"]}])


def told(api: Caller, subscription: Any, value: int, **given: Any) -> Any:
    """That so much was used."""
    payload = {"stripe_customer_id": subscription["customer"], "value": value}
    return api.made(EVENTS, event_name="call", payload=payload, **given)


def bill(api: Caller, subscription: Any) -> Any:
    """The newest invoice of the subscription."""
    return api.get("/v1/invoices", subscription=subscription["id"], limit=1)["data"][0]


@pytest.mark.parametrize(("formula", "count"), [("sum", 12), ("count", 3), ("last", 4)])
def test_usage_is_billed_when_its_period_ends(
    world: Emulator, api: Caller, clock: Clock, formula: str, count: int
) -> None:
    """What was used in a month is on the invoice of its end, for that month, and not before."""
    clock.now = START
    subscription = subscribed(api, metered(api, formula))
    assert bill(api, subscription)["total"] == 0
    for value in (1, 7, 4):
        world.advance(DAY)
        told(api, subscription, value)
    world.advance(30 * DAY)
    [line] = bill(api, subscription)["lines"]["data"]
    assert (line["quantity"], line["amount"]) == (count, 3 * count)
    assert line["period"] == {"start": START, "end": START + 30 * DAY}


def test_each_month_has_its_own_usage(world: Emulator, api: Caller, clock: Clock) -> None:
    """What was used after the end of a period is billed with the next one."""
    clock.now = START
    subscription = subscribed(api, metered(api))
    world.advance(30 * DAY)
    assert bill(api, subscription)["total"] == 0
    told(api, subscription, 100)
    told(api, subscription, 50, timestamp=START + 30 * DAY - 1)  # too late for its period
    world.advance(31 * DAY)
    assert bill(api, subscription)["total"] == 300


def test_usage_in_a_trial_is_free(world: Emulator, api: Caller, clock: Clock) -> None:
    """What was used before a trial ended is on no invoice."""
    clock.now = START
    recurring = {"interval": "month", "usage_type": "metered", "meter": metered(api)["id"]}
    items = [{"price": api.price(3, recurring=recurring)["id"]}]
    subscription = api.made("/v1/subscriptions", customer=api.payer()["id"], items=items,
                            trial_period_days=7)  # fmt: skip
    told(api, subscription, 100)
    world.advance(7 * DAY)
    assert bill(api, subscription)["total"] == 0
    told(api, subscription, 2)
    world.advance(30 * DAY)
    assert bill(api, subscription)["total"] == 6


def test_a_preview_says_what_was_used_so_far(api: Caller, clock: Clock) -> None:
    """The next invoice is previewed with what was used until now."""
    clock.now = START
    subscription = subscribed(api, metered(api))
    told(api, subscription, 20)
    shown = api.made("/v1/invoices/create_preview", subscription=subscription["id"])
    assert shown["total"] == 60


def summaries(api: Caller, subscription: Any, meter: Any, end: int, **given: Any) -> Any:
    """What is told of a customer's usage since START."""
    who = subscription["customer"]
    path = f"{METERS}/{meter['id']}/event_summaries"
    return api.get(path, customer=who, start_time=START, end_time=end, **given)


@pytest.mark.parametrize(("formula", "days", "whole"), [
    ("sum", [4, 8], 12), ("count", [1, 2], 3), ("last", [4, 7], 4),
])  # fmt: skip
def test_usage_is_summed_up(
    world: Emulator, api: Caller, clock: Clock, formula: str, days: list[int], whole: int
) -> None:
    """As a whole, or by days in which something was used, the latest first."""
    clock.now = START
    meter = metered(api, formula)
    subscription = subscribed(api, meter)
    told(api, subscription, 1)
    told(api, subscription, 7, timestamp=START + 60)
    world.advance(3 * DAY)
    told(api, subscription, 4)
    [all_] = summaries(api, subscription, meter, START + 4 * DAY)["data"]
    assert all_["aggregated_value"] == whole
    listed = summaries(api, subscription, meter, START + 4 * DAY, value_grouping_window="day")
    rows = [(row["start_time"], row["aggregated_value"]) for row in listed["data"]]
    assert rows == [(START + 3 * DAY, days[0]), (START, days[1])]
    schema = schema_of("GET", f"{METERS}/{{id}}/event_summaries")
    assert schema
    assert [*Draft202012Validator(schema).iter_errors(listed.data)] == []


def test_summaries_are_listed_page_by_page(api: Caller, clock: Clock) -> None:
    """A window has the same ID again; of nothing there is one whole, and no window."""
    clock.now = START + 3 * 3_600
    meter = metered(api)
    subscription = subscribed(api, meter)
    hours: dict[str, Any] = {"end": START + DAY, "value_grouping_window": "hour"}
    assert summaries(api, subscription, meter, **hours)["data"] == []
    [none] = summaries(api, subscription, meter, START + DAY)["data"]
    assert none["aggregated_value"] == 0
    for hour in range(3):
        told(api, subscription, hour + 1, timestamp=START + hour * 3_600)
    first = summaries(api, subscription, meter, limit=2, **hours)
    assert ([row["aggregated_value"] for row in first["data"]], first["has_more"]) == ([3, 2], True)
    after = first["data"][1]["id"]
    rest = summaries(api, subscription, meter, starting_after=after, **hours)
    assert ([row["aggregated_value"] for row in rest["data"]], rest["has_more"]) == ([1], False)


@pytest.mark.parametrize(("given", "param"), [
    ({"end": START + 61}, "end_time"),
    ({"end": START + 60, "value_grouping_window": "hour"}, "end_time"),
    ({"end": START + 3_600, "value_grouping_window": "day"}, "end_time"),
    ({"end": START}, "end_time"),
    ({"end": START + 60, "value_grouping_window": "week"}, "value_grouping_window"),
])  # fmt: skip
def test_summaries_are_of_whole_windows(api: Caller, given: dict[str, Any], param: str) -> None:
    """Other moments are refused, as on the page."""
    meter = metered(api)
    reply = summaries(api, subscribed(api, meter), meter, **given)
    assert (reply.status, reply.error["param"]) == (400, param)


def test_an_event_is_as_the_document_says(api: Caller) -> None:
    """It has no ID, and one of its own to be told twice by."""
    subscription = subscribed(api, metered(api))
    event = told(api, subscription, 5)
    schema = schema_of("POST", EVENTS)
    assert schema
    assert [*Draft202012Validator(schema).iter_errors(event)] == []
    assert event["identifier"]
    told(api, subscription, 5, identifier="one")
    payload = {"stripe_customer_id": subscription["customer"], "value": 5}
    again = api.post(EVENTS, event_name="call", payload=payload, identifier="one")
    assert (again.status, again.error["param"]) == (400, "identifier")


def test_a_meter_is_made_read_and_switched(api: Caller) -> None:
    """Of one event there is one active meter; an inactive one counts nothing."""
    meter = metered(api)
    schema = schema_of("POST", METERS)
    assert schema
    assert [*Draft202012Validator(schema).iter_errors(meter)] == []
    assert api.get(f"{METERS}/{meter['id']}").data == meter
    formula = {"formula": "sum"}
    twice = {"display_name": "Again", "event_name": "call", "default_aggregation": formula}
    assert api.post(METERS, **twice).error["param"] == "event_name"
    off = api.made(f"{METERS}/{meter['id']}/deactivate")
    assert (off["status"], bool(off["status_transitions"]["deactivated_at"])) == ("inactive", True)
    assert [row["id"] for row in api.get(METERS, status="inactive")["data"]] == [meter["id"]]
    who = api.made("/v1/customers")["id"]
    payload = {"stripe_customer_id": who, "value": 1}
    assert api.post(EVENTS, event_name="call", payload=payload).error["param"] == "event_name"
    on = api.made(f"{METERS}/{meter['id']}/reactivate")
    assert (on["status"], on["status_transitions"]["deactivated_at"]) == ("active", None)
    types = [event["type"] for event in api.get("/v1/events")["data"]]
    assert types[0] == "billing.meter.reactivated"


@pytest.mark.parametrize(
    ("payload", "more", "param"),
    [
        ({"value": "1"}, {}, "payload"),
        ({"stripe_customer_id": "cus_none", "value": "1"}, {}, "payload"),
        ({"stripe_customer_id": "@"}, {}, "payload"),
        ({"stripe_customer_id": "@", "value": "1.5"}, {}, "payload"),
        ({"stripe_customer_id": "@", "value": "1"}, {"timestamp": 1_000_000_000}, "timestamp"),
    ],
)
def test_what_cannot_be_counted_is_refused(
    api: Caller, payload: dict[str, str], more: dict[str, Any], param: str
) -> None:
    """An event of nobody, of nothing, or of another time is refused."""
    metered(api)
    who = api.made("/v1/customers")["id"]
    said = {key: who if value == "@" else value for key, value in payload.items()}
    assert api.post(EVENTS, event_name="call", payload=said, **more).error["param"] == param


def test_what_was_used_is_billed_at_once_when_asked(
    world: Emulator, api: Caller, clock: Clock
) -> None:
    """With `invoice_now` a cancellation bills the usage up to this second; without, nothing."""
    clock.now = START
    subscriptions = [subscribed(api, meter) for meter in [metered(api)] * 3]
    world.advance(10 * DAY)
    for subscription in subscriptions[:2]:
        told(api, subscription, 5)
    ended = [
        api.delete(f"/v1/subscriptions/{subscription['id']}", invoice_now=asks)
        for subscription, asks in zip(subscriptions, (True, False, True), strict=True)
    ]
    billed = [each["latest_invoice"] for each in ended]
    first = [subscription["latest_invoice"] for subscription in subscriptions]
    assert billed[1:] == first[1:]  # not asked for, and nothing used
    invoice = api.get(f"/v1/invoices/{billed[0]}")
    [line] = invoice["lines"]["data"]
    assert (line["quantity"], invoice["total"], invoice["status"]) == (5, 15, "draft")
    assert line["period"] == {"start": START, "end": START + 10 * DAY}
    world.advance(3_600)
    assert api.get(f"/v1/invoices/{billed[0]}")["status"] == "paid"
