"""Items of subscriptions as a resource of their own, with the arithmetic of Update Subscription."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.conftest import Caller, Clock

DAY = 86_400
HALF = 15 * DAY
START = 1_819_756_800  # 1 September 2027, 00:00: a month of 30 days
PATH = "/v1/subscription_items"


def subscribed(api: Caller, clock: Clock) -> Any:
    """A subscription for 25.00 a month, in its first second."""
    clock.now = START
    items = [{"price": api.price(2500, monthly=True)["id"]}]
    return api.made("/v1/subscriptions", customer=api.payer()["id"], items=items)


def pending(api: Caller) -> list[int]:
    """The amounts that wait for the next invoice, newest first."""
    return [row["amount"] for row in api.get("/v1/invoiceitems", pending=True)["data"]]


def test_an_item_is_read_alone(api: Caller, clock: Clock) -> None:
    """It is retrieved and listed as its subscription shows it; an unknown one is told as such."""
    subscription = subscribed(api, clock)
    [item] = subscription["items"]["data"]
    assert api.get(f"{PATH}/{item['id']}").data == item
    page = api.get(PATH, subscription=subscription["id"])
    assert (page["data"], page["has_more"]) == ([item], False)
    reply = api.get(f"{PATH}/si_nope")
    assert (reply.status, reply.error["message"]) == (404, "Invalid subscription_item id: si_nope")


def test_items_are_listed_oldest_first(api: Caller, clock: Clock) -> None:
    """The list begins with the oldest, and is cut into pages."""
    subscription = subscribed(api, clock)
    first = subscription["items"]["data"][0]["id"]
    second = api.made(PATH, subscription=subscription["id"], price=api.price(100, monthly=True)["id"])  # fmt: skip  # noqa: E501
    asked = {"subscription": subscription["id"], "limit": 1}
    page = api.get(PATH, **asked)
    assert ([row["id"] for row in page["data"]], page["has_more"]) == ([first], True)
    page = api.get(PATH, **asked, starting_after=first)
    assert ([row["id"] for row in page["data"]], page["has_more"]) == ([second["id"]], False)


def test_a_change_costs_what_an_update_of_the_subscription_costs(api: Caller, clock: Clock) -> None:
    """Two instead of one in the middle of a month: half of one comes back, half of two is due."""
    subscription = subscribed(api, clock)
    item = subscription["items"]["data"][0]["id"]
    clock.now += HALF
    changed = api.made(f"{PATH}/{item}", quantity=2, metadata={"seat": "b"})
    assert (changed["quantity"], changed["metadata"]) == (2, {"seat": "b"})
    assert pending(api) == [-1250, 2500]
    assert api.get(f"/v1/subscriptions/{subscription['id']}")["quantity"] == 2


def test_an_item_is_added_and_removed(api: Caller, clock: Clock) -> None:
    """What is added is charged for the rest of the month, what is removed comes back."""
    subscription = subscribed(api, clock)
    clock.now += HALF
    price = api.price(1000, monthly=True)["id"]
    added = api.made(PATH, subscription=subscription["id"], price=price, quantity=3)
    assert (added["object"], added["price"]["id"]) == ("subscription_item", price)
    assert pending(api) == [1500]
    gone = api.delete(f"{PATH}/{added['id']}", proration_behavior="none")
    assert gone.data == {"id": added["id"], "object": "subscription_item", "deleted": True}
    assert pending(api) == [1500]
    assert api.get(f"{PATH}/{added['id']}").status == 404


def test_always_invoice_bills_at_once(api: Caller, clock: Clock) -> None:
    """With always_invoice nothing waits: the invoice of the change is paid."""
    subscription = subscribed(api, clock)
    clock.now += HALF
    api.made(PATH, subscription=subscription["id"], price=api.price(1000, monthly=True)["id"],
             proration_behavior="always_invoice")  # fmt: skip
    invoice = api.get("/v1/invoices", limit=1)["data"][0]
    told = (invoice["billing_reason"], invoice["status"], invoice["total"])
    assert (told, pending(api)) == (("subscription_update", "paid", 500), [])


def test_refusals_blame_the_items_own_parameters(api: Caller, clock: Clock) -> None:
    """A parameter is named as the endpoint names it, the last item stays, an ended one is none."""
    subscription = subscribed(api, clock)
    [item] = subscription["items"]["data"]
    once = api.price(100)["id"]
    error = api.post(f"{PATH}/{item['id']}", price=once).error
    assert error["param"] == "price"
    assert api.post(PATH, subscription=subscription["id"]).error["param"] == "price"
    assert "at least one active plan" in api.delete(f"{PATH}/{item['id']}").error["message"]
    assert api.get(f"{PATH}/{item['id']}").data == item
    api.delete(f"/v1/subscriptions/{subscription['id']}")
    reply = api.post(PATH, subscription=subscription["id"], price=item["price"]["id"])
    assert (reply.status, reply.error["param"]) == (404, "subscription")


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_what_it_does_not_simulate_is_refused(api: Caller, clock: Clock, method: str) -> None:
    """Usage that would be cleared and updates that would wait are refused by name."""
    [item] = subscribed(api, clock)["items"]["data"]
    error = api(method, f"{PATH}/{item['id']}", payment_behavior="pending_if_incomplete").error
    assert (error["type"], error["param"]) == ("emulator_error", "payment_behavior")
