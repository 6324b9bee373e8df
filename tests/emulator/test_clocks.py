"""Test clocks: a time of their own for some customers, and five stories of a subscription on one.

The stories are those that the package billing-e2e tells of an application, told in our own words.
"""

# ruff: noqa: E501 - rows and requests read best on one line

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.conftest import Caller, Clock

    from stripe_emulator import Emulator

HOUR, DAY = 3_600, 86_400
CLOCKS = "/v1/test_helpers/test_clocks"
START = 1_700_000_000  # long before the world's time


class Story:
    """A customer on a clock of its own, and what happens to its subscription."""

    def __init__(self, api: Caller, start: int = START) -> None:
        self.api = api
        self.clock = api.made(CLOCKS, frozen_time=start, name="story")
        self.customer = api.made("/v1/customers", test_clock=self.clock["id"], email="a@example.com")["id"]  # fmt: skip
        self.seen = 0
        self.subscription = ""

    @property
    def now(self) -> int:
        """The time of the clock."""
        moment: int = self.api.get(f"{CLOCKS}/{self.clock['id']}")["frozen_time"]
        return moment

    def pay_with(self, card: str) -> int:
        """Attach a card as the default; tells the status."""
        reply = self.api.post(f"/v1/payment_methods/{card}/attach", customer=self.customer)
        if reply.status == 200:
            settings = {"default_payment_method": reply["id"]}
            self.api.made(f"/v1/customers/{self.customer}", invoice_settings=settings)
        return reply.status

    def subscribe(self, price: str) -> Any:
        """Begin."""
        made = self.api.made("/v1/subscriptions", customer=self.customer, items=[{"price": price}])
        self.subscription = made["id"]
        return made

    def change(self, **given: Any) -> Any:
        """Change the subscription."""
        return self.api.made(f"/v1/subscriptions/{self.subscription}", **given)

    def change_price(self, price: str) -> Any:
        """Move to another price, billed at once."""
        item = self.read()["items"]["data"][0]["id"]
        items = [{"id": item, "price": price}]
        return self.change(items=items, proration_behavior="always_invoice")

    def read(self) -> Any:
        """The subscription as it is now, with its latest invoice."""
        path = f"/v1/subscriptions/{self.subscription}"
        return self.api.get(path, expand=["latest_invoice"]).data

    def advance(self, seconds: int) -> None:
        """Let time pass until everything is done."""
        path = f"{CLOCKS}/{self.clock['id']}"
        moving = self.api.made(f"{path}/advance", frozen_time=self.now + seconds)
        assert moving["status"] == "advancing"
        assert self.api.get(path)["status"] == "ready"

    def to_period_end(self) -> None:
        """Let the period end, and its draft be finalized."""
        self.advance(self.read()["items"]["data"][0]["current_period_end"] - self.now)
        self.advance(HOUR + 60)

    def events(self) -> list[str]:
        """The types of the events since the last look, oldest first."""
        rows = self.api.get("/v1/events", limit=100)["data"][::-1]
        fresh = [row["type"] for row in rows[self.seen :]]
        self.seen = len(rows)
        return fresh


@pytest.fixture
def story(api: Caller) -> Story:
    """A story that has not begun."""
    return Story(api)


def test_story_of_a_renewal(story: Story) -> None:
    """A month is paid, time passes, the next month is paid, and the subscription stays active."""
    assert story.pay_with("pm_card_visa") == 200
    first = story.subscribe(story.api.price(monthly=True)["id"])
    assert "invoice.paid" in story.events()
    story.to_period_end()
    assert "invoice.paid" in story.events()
    renewed = story.read()
    assert renewed["status"] == "active"
    assert renewed["items"]["data"][0]["current_period_start"] == first["items"]["data"][0]["current_period_end"]  # fmt: skip


def test_story_of_a_failed_renewal(story: Story) -> None:
    """The card stops working: the renewal fails, is tried again for weeks, and the subscription ends."""
    story.pay_with("pm_card_visa")
    story.subscribe(story.api.price(monthly=True)["id"])
    story.pay_with("pm_card_chargeCustomerFail")
    story.events()
    story.to_period_end()
    assert "invoice.payment_failed" in story.events()
    assert story.read()["status"] == "past_due"
    story.advance(30 * DAY)
    assert "customer.subscription.deleted" in story.events()
    assert story.read()["status"] == "canceled"


def test_story_of_a_plan_change(story: Story) -> None:
    """An upgrade costs the rest of the month at once; a downgrade leaves a credit for later."""
    small, large = story.api.price(1000, monthly=True), story.api.price(5000, monthly=True)
    story.pay_with("pm_card_visa")
    story.subscribe(small["id"])
    story.advance(10 * DAY)
    story.change_price(large["id"])
    upgraded = story.read()
    invoice = upgraded["latest_invoice"]
    assert (upgraded["status"], upgraded["items"]["data"][0]["price"]["id"]) == ("active", large["id"])  # fmt: skip
    assert (invoice["billing_reason"], invoice["status"]) == ("subscription_update", "paid")
    assert 0 < invoice["amount_paid"] < 4000
    story.advance(5 * DAY)
    story.change_price(small["id"])
    credit = story.read()["latest_invoice"]
    assert (credit["billing_reason"], credit["status"], credit["amount_paid"]) == ("subscription_update", "paid", 0)  # fmt: skip
    balance = story.api.get(f"/v1/customers/{story.customer}")["balance"]
    assert balance == credit["total"] < 0
    story.to_period_end()
    assert story.read()["latest_invoice"]["amount_paid"] == max(1000 + balance, 0)


def test_story_of_a_cancellation_at_period_end(story: Story) -> None:
    """Who cancels keeps what is paid for until the period ends, and then the subscription does."""
    story.pay_with("pm_card_visa")
    story.subscribe(story.api.price(monthly=True)["id"])
    story.advance(3 * DAY)
    leaving = story.change(cancel_at_period_end=True)
    assert (leaving["status"], leaving["cancel_at_period_end"]) == ("active", True)
    story.events()
    story.to_period_end()
    assert "customer.subscription.deleted" in story.events()
    assert story.read()["status"] == "canceled"


def test_story_of_card_problems_at_signup(story: Story) -> None:
    """A declined card is not attached; a payment that nobody confirms ends in an expiry within a day."""
    assert story.pay_with("pm_card_chargeDeclined") == 402
    assert story.pay_with("pm_card_threeDSecure2Required") == 200
    assert story.subscribe(story.api.price(monthly=True)["id"])["status"] == "incomplete"
    story.events()
    story.advance(DAY)
    assert "customer.subscription.updated" in story.events()
    assert story.read()["status"] == "incomplete_expired"


# --- whose time it is ---------------------------------------------------------------------------


def test_a_clock_is_the_time_of_what_belongs_to_it(story: Story, clock: Clock) -> None:
    """What is made for a customer of a clock is dated by it; other things, and events, by the world."""
    api = story.api
    story.pay_with("pm_card_visa")
    made = story.subscribe(api.price(monthly=True)["id"])
    item = api.made("/v1/invoiceitems", customer=story.customer, amount=5, currency="usd")
    invoice = story.read()["latest_invoice"]
    assert made["created"] == made["start_date"] == invoice["created"] == item["date"] == START
    assert {obj["test_clock"] for obj in (made, invoice, item)} == {story.clock["id"]}
    assert api.made("/v1/customers")["created"] == int(clock.now)
    assert {row["created"] for row in api.get("/v1/events", limit=100)["data"]} == {int(clock.now)}


def test_clocks_stand_still_by_themselves(story: Story, world: Emulator, clock: Clock) -> None:
    """Neither the world's time nor another clock moves what lives by a clock."""
    story.pay_with("pm_card_visa")
    before = story.subscribe(story.api.price(monthly=True)["id"])
    clock.now += 10 * DAY
    world.advance(10 * DAY)
    Story(story.api).advance(DAY)
    assert story.now == START
    assert story.read()["latest_invoice"]["id"] == before["latest_invoice"]


def test_clocks_do_not_move_the_world(story: Story, clock: Clock) -> None:
    """Advancing a clock leaves everybody else's subscriptions as they are."""
    api = story.api
    other = api.made("/v1/subscriptions", customer=api.payer()["id"], items=[{"price": api.price(monthly=True)["id"]}])  # fmt: skip
    story.advance(60 * DAY)
    assert api.get(f"/v1/subscriptions/{other['id']}")["latest_invoice"] == other["latest_invoice"]
    assert api.made("/v1/customers")["created"] == int(clock.now)


def test_events_of_a_clock(story: Story) -> None:
    """A clock tells that it was made, is moving, is there, and is deleted; what time brings is in between."""
    story.pay_with("pm_card_visa")
    story.subscribe(story.api.price(monthly=True)["id"])
    assert story.events()[0] == "test_helpers.test_clock.created"
    story.advance(31 * DAY)
    events = story.events()
    assert (events[0], events[-1]) == ("test_helpers.test_clock.advancing", "test_helpers.test_clock.ready")  # fmt: skip
    assert "invoice.created" in events[1:-1]
    story.api.delete(f"{CLOCKS}/{story.clock['id']}")
    assert story.events()[-1] == "test_helpers.test_clock.deleted"


def test_lists_leave_out_what_lives_by_a_clock(story: Story) -> None:
    """Customers and subscriptions of a clock are listed only for that clock, or that customer."""
    api = story.api
    story.pay_with("pm_card_visa")
    story.subscribe(api.price(monthly=True)["id"])
    of_clock = {"test_clock": story.clock["id"]}
    assert api.get("/v1/customers")["data"] == []
    assert [row["id"] for row in api.get("/v1/customers", **of_clock)["data"]] == [story.customer]
    assert api.get("/v1/subscriptions")["data"] == []
    for given in (of_clock, {"customer": story.customer}):
        rows = api.get("/v1/subscriptions", **given)["data"]
        assert [row["id"] for row in rows] == [story.subscription]


# --- its limits ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "status"), [(-1, 400), (0, 400), (1, 200), (730 * DAY, 200), (732 * DAY, 400)]
)
def test_a_clock_without_subscriptions_goes_two_years_ahead(
    story: Story, seconds: int, status: int
) -> None:
    """A clock moves forward, by two years at most, and otherwise stays where it is."""
    path = f"{CLOCKS}/{story.clock['id']}/advance"
    reply = story.api.post(path, frozen_time=START + seconds)
    assert reply.status == status
    assert story.now == (START + seconds if status == 200 else START)


@pytest.mark.parametrize(("interval", "days"), [("day", 2), ("week", 14), ("month", 61)])
def test_a_clock_goes_two_intervals_ahead(story: Story, interval: str, days: int) -> None:
    """With subscriptions a clock moves by two of the shortest intervals at a time."""
    story.pay_with("pm_card_visa")
    year = story.api.price(recurring={"interval": "year"})
    story.subscribe(year["id"])
    short = story.api.price(recurring={"interval": interval})
    story.subscribe(short["id"])
    path = f"{CLOCKS}/{story.clock['id']}/advance"
    refused = story.api.post(path, frozen_time=START + days * DAY + 1)
    assert (refused.status, refused.error["param"]) == (400, "frozen_time")
    assert "2 intervals of its shortest subscription" in refused.error["message"]
    story.advance(days * DAY)


def test_a_clock_has_three_customers_with_three_subscriptions(story: Story) -> None:
    """A fourth customer of a clock, and a fourth subscription of a customer, are refused."""
    api = story.api
    for _ in range(2):
        api.made("/v1/customers", test_clock=story.clock["id"])
    assert api.post("/v1/customers", test_clock=story.clock["id"]).error["param"] == "test_clock"
    story.pay_with("pm_card_visa")
    price = api.price(monthly=True)["id"]
    for _ in range(3):
        story.subscribe(price)
    reply = api.post("/v1/subscriptions", customer=story.customer, items=[{"price": price}])
    assert reply.error["param"] == "customer"


def test_deleting_a_clock_deletes_what_lives_by_it(story: Story) -> None:
    """With a clock go its customers, their subscriptions and invoices."""
    api = story.api
    story.pay_with("pm_card_visa")
    invoice = story.subscribe(api.price(monthly=True)["id"])["latest_invoice"]
    path = f"{CLOCKS}/{story.clock['id']}"
    assert api.delete(path).data == {"id": story.clock["id"], "object": "test_helpers.test_clock", "deleted": True}  # fmt: skip
    assert api.get(f"/v1/customers/{story.customer}")["deleted"] is True
    gone = [path, f"/v1/subscriptions/{story.subscription}", f"/v1/invoices/{invoice}"]
    assert {api.get(each).status for each in gone} == {404}


def test_a_clock_is_deleted_after_thirty_days(story: Story, world: Emulator) -> None:
    """Thirty days of everybody's time after it was made, a clock is gone with all it has."""
    assert story.clock["deletes_after"] == story.clock["created"] + 30 * DAY
    events = world.advance(30 * DAY)
    assert [event["type"] for event in events] == ["customer.deleted", "test_helpers.test_clock.deleted"]  # fmt: skip
    assert story.api.get(CLOCKS)["data"] == []


def test_a_clock_may_start_in_the_future(api: Caller, clock: Clock) -> None:
    """A clock starts wherever it is told to; clocks are listed newest first."""
    made = [api.made(CLOCKS, frozen_time=int(clock.now) + days * DAY) for days in (-500, 500)]
    assert [row["id"] for row in api.get(CLOCKS)["data"]] == [each["id"] for each in made[::-1]]
    assert (made[0]["status"], made[0]["name"]) == ("ready", None)
