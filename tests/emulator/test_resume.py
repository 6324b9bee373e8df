"""Subscriptions that are paused at the end of a trial, and go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.conftest import Caller, Clock

    from stripe_emulator import Emulator

DAY = 86_400
HOUR = 3_600
START = 1_819_756_800  # 1 September 2027, 00:00
PAUSES = {"end_behavior": {"missing_payment_method": "pause"}}


@pytest.fixture
def paused(world: Emulator, api: Caller, clock: Clock) -> Any:
    """A subscription for 25.00 a month whose trial of a week ended without a card."""
    clock.now = START
    customer = api.made("/v1/customers", email="a@b.example")
    made = api.made(
        "/v1/subscriptions",
        customer=customer["id"],
        items=[{"price": api.price(2500, monthly=True)["id"]}],
        trial_period_days=7,
        trial_settings=PAUSES,
    )
    world.advance(10 * DAY)
    found = api.get(f"/v1/subscriptions/{made['id']}").data
    assert found["status"] == "paused"
    return found


def resumed(api: Caller, subscription: Any, **given: Any) -> Any:
    """What resuming answers, with the invoice."""
    path = f"/v1/subscriptions/{subscription['id']}/resume"
    return api.made(path, **given, expand=["latest_invoice"])


def test_it_is_active_when_its_invoice_is_paid(api: Caller, paused: Any) -> None:
    """It stays paused while its invoice is open; when that is paid, a period begins as billed."""
    asked = resumed(api, paused)
    invoice, now = asked["latest_invoice"], START + 10 * DAY
    assert (asked["status"], invoice["status"], invoice["total"]) == ("paused", "open", 2500)
    assert asked["pending_update"]["expires_at"] == now + 23 * HOUR
    api.made(f"/v1/invoices/{invoice['id']}/pay", payment_method="pm_card_visa")
    found = api.get(f"/v1/subscriptions/{paused['id']}")
    assert (found["status"], found["pending_update"]) == ("active", None)
    assert (found["billing_cycle_anchor"], found["items"]["data"][0]["current_period_start"]) == (
        now, now,
    )  # fmt: skip
    types = [event["type"] for event in api.get("/v1/events")["data"]]
    assert "customer.subscription.resumed" in types


def test_it_is_active_when_its_invoice_is_written_off(api: Caller, paused: Any) -> None:
    """What is marked uncollectible is not waited for."""
    invoice = resumed(api, paused)["latest_invoice"]["id"]
    api.made(f"/v1/invoices/{invoice}/mark_uncollectible")
    assert api.get(f"/v1/subscriptions/{paused['id']}")["status"] == "active"


def test_it_stays_paused_when_nobody_pays(world: Emulator, api: Caller, paused: Any) -> None:
    """After 23 hours its invoice is void, and it can be resumed again."""
    invoice = resumed(api, paused)["latest_invoice"]["id"]
    world.advance(23 * HOUR)
    found = api.get(f"/v1/subscriptions/{paused['id']}")
    assert (found["status"], found["pending_update"]) == ("paused", None)
    assert api.get(f"/v1/invoices/{invoice}")["status"] == "void"
    assert resumed(api, paused)["latest_invoice"]["status"] == "open"


def test_the_cycle_can_go_on_as_it_was(api: Caller, paused: Any) -> None:
    """With the anchor unchanged it is active at once, and the rest of the period is pending."""
    found = resumed(api, paused, billing_cycle_anchor="unchanged")
    assert (found["status"], found["billing_cycle_anchor"]) == ("active", START + 7 * DAY)
    [item] = found["items"]["data"]
    assert item["current_period_start"] == START + 7 * DAY
    [row] = api.get("/v1/invoiceitems", pending=True)["data"]
    assert row["amount"] == 2500 * 27 // 30
    assert row["period"] == {"start": START + 10 * DAY, "end": item["current_period_end"]}


def test_nothing_is_billed_where_nothing_is_prorated(api: Caller, paused: Any) -> None:
    """With proration_behavior none the rest of the period is free."""
    resumed(api, paused, billing_cycle_anchor="unchanged", proration_behavior="none")
    assert api.get("/v1/invoiceitems", pending=True)["data"] == []


def test_only_what_is_paused_is_resumed(api: Caller, paused: Any) -> None:
    """One that is active is refused, one that has ended is not there."""
    path = f"/v1/subscriptions/{paused['id']}"
    resumed(api, paused, billing_cycle_anchor="unchanged")
    message = "You can only resume a subscription if it is `paused`."
    assert api.post(f"{path}/resume").error["message"] == message
    api.delete(path)
    reply = api.post(f"{path}/resume")
    assert (reply.status, reply.error["code"]) == (404, "resource_missing")
