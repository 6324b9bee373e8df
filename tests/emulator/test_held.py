"""What the emulator holds, looked at from beside the API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.conftest import Caller

    from stripe_emulator import Emulator
    from stripe_emulator.held import Held, Row

NOWHERE = "http://127.0.0.1:9/hook"


@pytest.fixture
def held(world: Emulator) -> Held:
    """A look at the account without a name."""
    return world.held()


def ids(rows: list[Row]) -> list[Any]:
    """Their IDs."""
    return [row.object["id"] for row in rows]


def test_objects_are_counted_and_listed_newest_first(api: Caller, held: Held) -> None:
    """By kind, without events unless they are asked for."""
    first, second = api.made("/v1/customers")["id"], api.made("/v1/customers")["id"]
    product = api.made("/v1/products", name="Box")["id"]
    assert held.counts() == {"customer": 2, "event": 3, "product": 1}
    assert ids(held.objects()) == [product, second, first]
    assert ids(held.objects(kind="customer")) == [second, first]
    assert len(held.objects(kind="event")) == 3


def test_pages_go_on_at_a_number(api: Caller, held: Held) -> None:
    """With what is older than the last of the page before."""
    made = [api.made("/v1/customers")["id"] for _ in range(5)]
    newest = held.objects(2, kind="customer")
    older = held.objects(2, kind="customer", before=newest[-1].number)
    assert ids(newest) + ids(older) == made[:0:-1]


@pytest.mark.parametrize("text", ["Zoë", "zo ë", "50%", "a_b", '"quoted"', "back\\slash"])
def test_text_is_found_as_it_is(api: Caller, held: Held, text: str) -> None:
    """Nothing in it stands for something else."""
    made = api.made("/v1/customers", name=f'Zoë zo ë 50% a_b "quoted" back\\slash {text}')["id"]
    api.made("/v1/customers", name="50x axb")
    assert ids(held.objects(text=text)) == [made]


def test_objects_are_chosen_by_status(api: Caller, held: Held) -> None:
    """Which statuses there are is told."""
    paid, opened = api.paid()["id"], api.made("/v1/payment_intents", amount=900, currency="usd")
    assert ids(held.objects(kind="payment_intent", status="succeeded")) == [paid]
    assert held.statuses("payment_intent") == [opened["status"], "succeeded"]
    assert held.statuses("customer") == []


def test_an_object_is_found_by_its_id_alone(api: Caller, held: Held) -> None:
    """A deleted one as its stub, and what is kept for itself is not told."""
    made = api.made("/v1/webhook_endpoints", url=NOWHERE, enabled_events=["*"])
    gone = api.made("/v1/customers")["id"]
    api.delete(f"/v1/customers/{gone}")
    found, stub = held.one(made["id"]), held.one(gone)
    assert found is not None
    assert stub is not None
    assert made["secret"] not in json.dumps(found.object)
    assert (stub.deleted, stub.object["deleted"]) == (True, True)
    assert held.one("cus_none") is None


def test_what_points_to_an_object_is_told_with_its_place(api: Caller, held: Held) -> None:
    """And what it points to; an ID that is longer is another's."""
    customer = api.payer()
    price = api.price(monthly=True)
    items = [{"price": price["id"]}]
    subscription = api.made("/v1/subscriptions", customer=customer["id"], items=items).copy()
    pointing = {(link.kind, link.path) for link, _ in held.pointing_to(customer["id"])}
    assert {("subscription", "customer"), ("invoice", "customer")} <= pointing
    assert "event" not in {kind for kind, _ in pointing}
    named = {(link.kind, link.id) for link in held.links_of(subscription)}
    assert {("customer", customer["id"]), ("price", price["id"])} <= named
    ids = [link.id for link in held.links_of(subscription)]
    assert len(ids) == len({*ids})
    assert held.pointing_to(customer["id"][:-1]) == []


def test_events_of_an_object_are_found(api: Caller, held: Held) -> None:
    """By its ID, or by type."""
    customer = api.made("/v1/customers")["id"]
    api.made("/v1/products", name="n")
    assert [row.object["type"] for row in held.events_of(customer)] == ["customer.created"]
    assert len(held.objects(kind="event", type="product.*")) == 1


def test_what_time_will_bring_is_told(api: Caller, held: Held, world: Emulator) -> None:
    """Before it comes; afterwards something else is next."""
    items = [{"price": api.price(monthly=True)["id"]}]
    api.made("/v1/subscriptions", customer=api.payer()["id"], items=items)
    renewal = next(each for each in held.upcoming() if each["work"] == "renew")
    before = held.last()
    world.advance(renewal["at"] - held.now())
    assert "invoice.created" in {
        row.object["type"] for row in held.objects(kind="event", after=before)
    }
    later = next(each for each in held.upcoming() if each["work"] == "renew")
    assert later["at"] > renewal["at"]


def test_accounts_are_apart(api: Caller, world: Emulator) -> None:
    """What one has another does not see."""
    made = api.made("/v1/customers")["id"]
    other = world.held("acct_other")
    assert (other.one(made), other.counts(), other.pointing_to(made)) == (None, {}, [])


def test_what_became_of_deliveries_is_kept(api: Caller, world: Emulator) -> None:
    """The endpoint, how often it was tried, the last answer, and when; by account and event."""
    endpoint = api.made("/v1/webhook_endpoints", url=NOWHERE, enabled_events=["customer.created"])
    api.made("/v1/customers")
    world.postman.wait()
    event = api.get("/v1/events", type="customer.created")["data"][0]
    assert world.deliveries.list() == [
        {"event": event["id"], "type": "customer.created", "endpoint": endpoint["id"],
         "url": NOWHERE, "attempts": 3, "status": None, "at": event["created"]}
    ]  # fmt: skip
    assert world.deliveries.list(event=event["id"]) == world.deliveries.list()
    assert world.deliveries.list("acct_other") == world.deliveries.list(event="evt_none") == []


def test_only_the_latest_deliveries_are_kept(
    api: Caller, world: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file does not grow for ever."""
    monkeypatch.setattr("stripe_emulator.webhooks.MOST_KEPT", 2)
    api.made("/v1/webhook_endpoints", url=NOWHERE, enabled_events=["*"])
    for name in ("a", "b", "c"):
        api.made("/v1/products", name=name)
    world.postman.wait()
    assert len(world.deliveries.list()) == 2


def test_text_finds_what_is_of_a_customer_or_product(api: Caller, held: Held) -> None:
    """By a name that only they have, as a list shows it."""
    ann = api.made("/v1/customers", name="Ann Marple")["id"]
    api.made("/v1/customers", name="Bob")
    mine = api.made("/v1/payment_intents", amount=900, currency="usd", customer=ann)["id"]
    api.made("/v1/payment_intents", amount=900, currency="usd")
    assert ids(held.objects(text="marple")) == [mine, ann]
    assert ids(held.objects(text="marple", kind="payment_intent")) == [mine]
