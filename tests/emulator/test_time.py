"""What time brings: renewals, trials, retries, expiries; in order, each at its own moment."""

# ruff: noqa: E501 - rows and requests read best on one line

from __future__ import annotations

import http.server
import json
import os
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from stripe_emulator import Emulator
from stripe_emulator.billing import periods

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from emulator.conftest import Caller, Clock

HOUR, DAY = 3_600, 86_400
MANY = int(os.environ.get("STRIPE_NODES_SUBSCRIPTIONS", "25"))
FAILS = "pm_card_chargeCustomerFail"


def subscribed(api: Caller, payer: Any = None, **given: Any) -> Any:
    """Subscribe a payer to a monthly price."""
    payer = payer or api.payer()
    items = [{"price": api.price(2500, monthly=True)["id"]}]
    return api.made("/v1/subscriptions", **{"customer": payer["id"], "items": items, **given})


def use_card(api: Caller, customer: str, card: str) -> None:
    """Let a customer pay with another card."""
    method = api.made(f"/v1/payment_methods/{card}/attach", customer=customer)
    settings = {"default_payment_method": method["id"]}
    api.made(f"/v1/customers/{customer}", invoice_settings=settings)


def again(api: Caller, obj: Any) -> Any:
    """Read a subscription again, with its latest invoice."""
    return api.get(f"/v1/subscriptions/{obj['id']}", expand=["latest_invoice"]).data


def told(events: list[Any]) -> list[str]:
    """The types of events."""
    return [event["type"] for event in events]


def test_a_renewal_is_a_draft_for_an_hour_and_then_paid(
    world: Emulator, api: Caller, clock: Clock
) -> None:
    """At a period's end the next one begins with a draft, which is finalized and paid an hour later."""
    started = subscribed(api)
    end = started["items"]["data"][0]["current_period_end"]
    assert told(world.advance(end - clock.now)) == ["invoice.upcoming", "invoice.created", "customer.subscription.updated"]  # fmt: skip
    draft = again(api, started)["latest_invoice"]
    assert (draft["status"], draft["billing_reason"]) == ("draft", "subscription_cycle")
    assert (draft["period_start"], draft["period_end"]) == (started["start_date"], end)
    assert draft["lines"]["data"][0]["period"]["start"] == end
    events = world.advance(HOUR)
    assert told(events) == ["invoice.finalized", "payment_intent.created", "charge.succeeded", "payment_intent.succeeded", "invoice.paid", "invoice.payment_succeeded"]  # fmt: skip
    assert {event["created"] for event in events} == {end + HOUR}
    paid = again(api, started)["latest_invoice"]
    assert (paid["id"], paid["status"], paid["amount_paid"]) == (draft["id"], "paid", 2500)


def test_an_invoice_is_told_of_a_week_before(world: Emulator, api: Caller, clock: Clock) -> None:
    """What will be billed is told seven days before, with no ID, once; and not what is sent."""
    started = subscribed(api, api.payer())
    end = started["items"]["data"][0]["current_period_end"]
    assert world.advance(end - clock.now - 7 * DAY - 1) == []
    [event] = world.advance(1)
    invoice = event["data"]["object"]
    assert (event["type"], event["created"]) == ("invoice.upcoming", end - 7 * DAY)
    assert ("id" in invoice, invoice["status"], invoice["total"]) == (False, "draft", 2500)
    assert invoice["lines"]["data"][0]["period"]["start"] == end
    assert world.advance(6 * DAY) == []
    assert len(api.get("/v1/invoices", subscription=started["id"])["data"]) == 1


def test_what_is_sent_is_not_told_of(world: Emulator, api: Caller) -> None:
    """Before an invoice that is sent there is no such event."""
    subscribed(api, collection_method="send_invoice", days_until_due=7)
    assert "invoice.upcoming" not in told(world.advance(32 * DAY))


def test_an_update_tells_what_was_before(world: Emulator, api: Caller) -> None:
    """The event of a renewal has the items as they were, as Stripe's events have."""
    started = subscribed(api)
    [event] = [e for e in world.advance(32 * DAY) if e["type"] == "customer.subscription.updated"]
    before, after = event["data"]["previous_attributes"], event["data"]["object"]
    assert before["items"]["data"][0]["current_period_start"] == started["start_date"]
    assert after["items"]["data"][0]["current_period_start"] > started["start_date"]
    assert before["latest_invoice"] == started["latest_invoice"] != after["latest_invoice"]


ENDS = [  # anchor, interval, count, the ends that follow
    ("2027-01-31", "month", 1, ["2027-02-28", "2027-03-31", "2027-04-30", "2027-05-31"]),
    ("2028-01-31", "month", 1, ["2028-02-29", "2028-03-31"]),
    ("2027-01-30", "month", 3, ["2027-04-30", "2027-07-30"]),
    ("2028-02-29", "year", 1, ["2029-02-28", "2030-02-28", "2031-02-28", "2032-02-29"]),
    ("2027-01-01", "week", 2, ["2027-01-15", "2027-01-29"]),
    ("2027-01-01", "day", 10, ["2027-01-11", "2027-01-21"]),
]


@pytest.mark.parametrize(("start", "interval", "count", "ends"), ENDS)
def test_periods_are_counted_from_their_anchor(
    start: str, interval: str, count: int, ends: list[str]
) -> None:
    """Short months do not move later ones, and every boundary is found again from the next."""
    every = {"interval": interval, "interval_count": count}
    anchor = moment = int(datetime.fromisoformat(start).replace(tzinfo=UTC).timestamp())
    found: list[str] = []
    for _ in ends:
        end = periods.end_after(anchor, every, moment)
        assert periods.start_of(anchor, every, end) == moment
        assert periods.end_after(anchor, every, end - 1) == end
        moment = end
        found.append(f"{datetime.fromtimestamp(end, UTC):%Y-%m-%d}")
    assert found == ends


def test_items_of_two_intervals_renew_each_in_its_time(world: Emulator, api: Caller) -> None:
    """A month's item renews without the year's, whose line comes when its own period ends."""
    month, year = api.price(100, monthly=True), api.price(900, recurring={"interval": "year"})
    items = [{"price": month["id"]}, {"price": year["id"]}]
    started = subscribed(api, items=items)
    world.advance(32 * DAY)
    renewed = again(api, started)["latest_invoice"]
    assert [line["amount"] for line in renewed["lines"]["data"]] == [100]
    world.advance(335 * DAY)
    reasons = api.get("/v1/invoices", subscription=started["id"], limit=100)["data"]
    assert sorted(row["total"] for row in reasons) == [100] * 11 + [1000] * 2


# --- trials -------------------------------------------------------------------------------------


def test_a_trial_warns_three_days_before_and_then_costs(world: Emulator, api: Caller) -> None:
    """A trial's end is told three days before; then a period begins, billed by the cycle."""
    started = subscribed(api, trial_period_days=10)
    end = started["trial_end"]
    assert started["billing_cycle_anchor"] == end
    events = world.advance(11 * DAY)
    assert [(e["type"], e["created"]) for e in events[:4]] == [
        ("invoice.upcoming", end - 7 * DAY),
        ("customer.subscription.trial_will_end", end - 3 * DAY),
        ("invoice.created", end),
        ("customer.subscription.updated", end),
    ]
    invoice = again(api, started)["latest_invoice"]
    assert (invoice["total"], invoice["status"]) == (2500, "paid")
    assert (invoice["billing_reason"], invoice["period_start"]) == ("subscription_cycle", started["start_date"])  # fmt: skip


def test_a_short_trial_warns_at_once(world: Emulator, api: Caller) -> None:
    """A trial of two days is told to end when it starts."""
    started = subscribed(api, trial_period_days=2)
    [event] = world.advance(1)
    assert event["type"] == "customer.subscription.trial_will_end"
    assert event["created"] == started["start_date"]


NO_CARD = [  # missing_payment_method, status at the end, its last event
    ("cancel", "canceled", "customer.subscription.deleted"),
    ("pause", "paused", "customer.subscription.paused"),
    ("create_invoice", "past_due", "customer.subscription.updated"),
]


@pytest.mark.parametrize(("missing", "status", "last"), NO_CARD)
def test_a_trial_without_a_card_ends_as_its_settings_say(
    world: Emulator, api: Caller, missing: str, status: str, last: str
) -> None:
    """Without a payment method a trial ends in a cancellation, a pause or an unpaid invoice."""
    customer = api.made("/v1/customers", email="a@example.com")
    settings = {"end_behavior": {"missing_payment_method": missing}}
    started = subscribed(api, customer, trial_period_days=5, trial_settings=settings)
    events = world.advance(5 * DAY + HOUR)
    assert (again(api, started)["status"], events[-1]["type"]) == (status, last)
    assert not [event for event in world.advance(1) if event["created"] < started["trial_end"]]


# --- ends ---------------------------------------------------------------------------------------


def test_cancel_at_period_end_ends_then(world: Emulator, api: Caller, clock: Clock) -> None:
    """What is cancelled at period end lives until then, keeps when that was asked, and costs no more."""
    started = subscribed(api)
    path = f"/v1/subscriptions/{started['id']}"
    world.advance(3 * DAY)
    asked = api.made(path, cancel_at_period_end=True)
    assert asked["canceled_at"] == clock.now + 3 * DAY
    events = world.advance(40 * DAY)
    assert told(events) == ["customer.subscription.deleted"]
    ended = again(api, started)
    assert (ended["status"], ended["ended_at"]) == ("canceled", asked["cancel_at"])
    assert ended["canceled_at"] == asked["canceled_at"]
    assert ended["latest_invoice"]["id"] == started["latest_invoice"]


def test_cancel_at_a_moment(world: Emulator, api: Caller, clock: Clock) -> None:
    """A subscription ends in the middle of a period at the moment that was asked for."""
    moment = int(clock.now) + 45 * DAY
    started = subscribed(api, cancel_at=moment)
    world.advance(60 * DAY)
    ended = again(api, started)
    assert (ended["status"], ended["ended_at"]) == ("canceled", moment)
    assert len(api.get("/v1/invoices", subscription=started["id"])["data"]) == 2


def test_an_incomplete_subscription_expires_after_23_hours(world: Emulator, api: Caller) -> None:
    """A first invoice that nobody pays is void after 23 hours, and its subscription has expired."""
    started = subscribed(api, api.payer("pm_card_threeDSecure2Required"))
    assert started["status"] == "incomplete"
    assert world.advance(22 * HOUR) == []
    assert told(world.advance(HOUR)) == [
        "payment_intent.canceled",
        "invoice.voided",
        "customer.subscription.updated",
    ]
    expired = again(api, started)
    assert (expired["status"], expired["latest_invoice"]["status"]) == ("incomplete_expired", "void")  # fmt: skip


def test_a_checkout_session_expires_after_24_hours(world: Emulator, api: Caller) -> None:
    """An open session ends a day after it was opened, and says so."""
    lines = [{"price": api.price()["id"], "quantity": 1}]
    made = api.made("/v1/checkout/sessions", mode="payment", line_items=lines, success_url="https://a.example")  # fmt: skip
    assert world.advance(DAY - 1) == []
    [event] = world.advance(1)
    assert (event["type"], event["data"]["object"]["id"]) == ("checkout.session.expired", made["id"])  # fmt: skip


# --- retries ------------------------------------------------------------------------------------

RETRIES = [0, 1, 3, 5, 7, 9, 11, 14]  # days after the first attempt, as retries.py tells


@pytest.mark.parametrize(("after", "status"), [("cancel", "canceled"), ("unpaid", "unpaid"), ("past_due", "past_due")])  # fmt: skip
def test_a_failed_renewal_is_tried_again_and_given_up(
    clock: Clock, caller: type[Caller], after: Any, status: str
) -> None:
    """Eight attempts in two weeks; the subscription is past due, and then what the account says."""
    with Emulator(clock=clock, after_retries=after) as world:
        api = caller(world)
        started = subscribed(api)
        use_card(api, started["customer"], FAILS)
        end = started["items"]["data"][0]["current_period_end"]
        events = world.advance(end - clock.now + HOUR)
        assert told(events)[-3:] == ["payment_intent.payment_failed", "invoice.payment_failed", "customer.subscription.updated"]  # fmt: skip
        assert again(api, started)["status"] == "past_due"
        events += world.advance(20 * DAY)
        failed = [event for event in events if event["type"] == "invoice.payment_failed"]
        assert [event["created"] - end - HOUR for event in failed] == [day * DAY for day in RETRIES]
        left = again(api, started)
        invoice = left["latest_invoice"]
        assert (left["status"], invoice["status"]) == (status, "open")
        assert (invoice["attempt_count"], invoice["next_payment_attempt"]) == (8, None)
        assert len({event["data"]["object"]["id"] for event in events if event["type"] == "payment_intent.payment_failed"}) == 1  # fmt: skip
    if after == "cancel":
        assert left["cancellation_details"]["reason"] == "payment_failed"


def test_a_failed_renewal_says_when_the_next_attempt_is(world: Emulator, api: Caller) -> None:
    """The event of a failure already names the next attempt; the last one names none."""
    started = subscribed(api)
    use_card(api, started["customer"], FAILS)
    events = world.advance(50 * DAY)
    failed = [e for e in events if e["type"] == "invoice.payment_failed"]
    named = [event["data"]["object"]["next_payment_attempt"] for event in failed]
    assert named == [event["created"] for event in failed[1:]] + [None]


def test_a_new_card_recovers_a_subscription(world: Emulator, api: Caller) -> None:
    """The next attempt takes the customer's new card, and the subscription is active again."""
    started = subscribed(api)
    use_card(api, started["customer"], FAILS)
    world.advance(32 * DAY)
    assert again(api, started)["status"] == "past_due"
    use_card(api, started["customer"], "pm_card_visa")
    assert told(world.advance(2 * DAY))[-3:] == ["invoice.paid", "invoice.payment_succeeded", "customer.subscription.updated"]  # fmt: skip
    recovered = again(api, started)
    assert (recovered["status"], recovered["latest_invoice"]["attempt_count"]) == ("active", 3)


def test_paying_by_hand_counts_no_retry(world: Emulator, api: Caller) -> None:
    """Who pays by hand recovers the subscription at once; only automatic attempts are counted."""
    started = subscribed(api)
    use_card(api, started["customer"], FAILS)
    world.advance(32 * DAY)
    invoice = again(api, started)["latest_invoice"]
    path = f"/v1/invoices/{invoice['id']}/pay"
    assert api.post(path).status == 402
    assert api.get(f"/v1/invoices/{invoice['id']}")["attempt_count"] == invoice["attempt_count"]
    assert api.made(path, payment_method="pm_card_visa")["status"] == "paid"
    assert again(api, started)["status"] == "active"
    assert [event for event in world.advance(20 * DAY) if "failed" in event["type"]] == []


def test_an_unpaid_subscription_goes_on_with_drafts(clock: Clock, caller: type[Caller]) -> None:
    """Once retries are over, an unpaid subscription makes drafts that nobody finalizes."""
    with Emulator(clock=clock, after_retries="unpaid") as world:
        api = caller(world)
        started = subscribed(api)
        use_card(api, started["customer"], FAILS)
        world.advance(100 * DAY)
        latest = again(api, started)["latest_invoice"]
        assert (latest["status"], latest["auto_advance"]) == ("draft", False)


# --- invoices -----------------------------------------------------------------------------------


def test_sent_invoices_are_sent_and_become_overdue(world: Emulator, api: Caller) -> None:
    """A sent invoice goes out after an hour; a day after it is due its subscription is past due."""
    sent = {"collection_method": "send_invoice", "days_until_due": 5}
    started = subscribed(api, **sent)
    assert told(world.advance(HOUR)) == ["invoice.finalized", "invoice.sent"]
    events = world.advance(5 * DAY)
    assert told(events) == ["invoice.overdue", "customer.subscription.updated"]
    late = again(api, started)
    assert (late["status"], late["latest_invoice"]["status"]) == ("past_due", "open")
    api.made(f"/v1/invoices/{late['latest_invoice']['id']}/pay", paid_out_of_band=True)
    assert again(api, started)["status"] == "active"


@pytest.mark.parametrize(("advances", "status"), [(True, "paid"), (False, "draft")])
def test_drafts_go_on_by_themselves_if_they_should(
    world: Emulator,
    api: Caller,
    advances: bool,  # noqa: FBT001 - a row
    status: str,
) -> None:
    """A draft with auto_advance is finalized and paid after an hour; others wait for somebody."""
    payer = api.payer()
    draft = api.made("/v1/invoices", customer=payer["id"], auto_advance=advances)
    api.made("/v1/invoiceitems", customer=payer["id"], invoice=draft["id"], amount=900, currency="usd")  # fmt: skip
    world.advance(2 * HOUR)
    assert api.get(f"/v1/invoices/{draft['id']}")["status"] == status


PAUSED = [("keep_as_draft", "draft"), ("void", "void"), ("mark_uncollectible", "uncollectible")]


@pytest.mark.parametrize(("behavior", "status"), PAUSED)
def test_a_paused_subscription_does_not_collect(
    world: Emulator, api: Caller, behavior: str, status: str
) -> None:
    """While collection is paused, invoices end as the pause says; afterwards they are paid again."""
    started = subscribed(api)
    resumes = started["start_date"] + 45 * DAY
    pause = {"behavior": behavior, "resumes_at": resumes}
    api.made(f"/v1/subscriptions/{started['id']}", pause_collection=pause)
    world.advance(40 * DAY)
    assert again(api, started)["latest_invoice"]["status"] == status
    world.advance(25 * DAY)
    resumed = again(api, started)
    assert (resumed["pause_collection"], resumed["latest_invoice"]["status"]) == (None, "paid")


def test_a_balance_pays_and_is_paid(world: Emulator, api: Caller) -> None:
    """A customer's credit is used up by the next invoice, and what is owed is added to one."""
    payer = api.payer(balance=-1000)
    started = subscribed(api, payer)
    first = again(api, started)["latest_invoice"]
    assert (first["starting_balance"], first["ending_balance"], first["amount_paid"]) == (-1000, 0, 1500)  # fmt: skip
    api.made(f"/v1/customers/{payer['id']}", balance=300)
    world.advance(32 * DAY)
    assert again(api, started)["latest_invoice"]["amount_paid"] == 2800


# --- all of it ----------------------------------------------------------------------------------


def crowd(api: Caller, size: int) -> None:
    """Subscribe many: paid, on trial, with cards that fail, leaving, incomplete."""
    kinds: list[dict[str, Any]] = [
        {},
        {"trial_period_days": 7},
        {"cancel_at_period_end": True},
        {"collection_method": "send_invoice", "days_until_due": 3},
        {"payment_behavior": "default_incomplete"},
    ]
    price = api.price(2500, monthly=True)
    for number in range(size):
        payer = api.payer()
        items = [{"price": price["id"]}]
        api.made("/v1/subscriptions", customer=payer["id"], items=items, **kinds[number % 5])
        if number % 3 == 0:
            use_card(api, payer["id"], FAILS)


def test_many_subscriptions_the_same_events_twice(clock: Clock, caller: type[Caller]) -> None:
    """Forty days of many subscriptions are the same events under the same seed, in order of time."""
    runs: list[list[Any]] = []
    for seed in (7, 7, 8):
        with Emulator(clock=clock, seed=seed) as world:
            crowd(caller(world), MANY)
            runs.append(world.advance(40 * DAY))
    assert runs[0] == runs[1]
    assert runs[0] != runs[2]
    assert told(runs[0]) == told(runs[2])
    created = [event["created"] for event in runs[0]]
    assert created == sorted(created)
    assert created[-1] <= clock.now + 40 * DAY


def test_time_passes_by_itself_as_it_is_advanced(clock: Clock, caller: type[Caller]) -> None:
    """Whether a clock moves or the world is advanced, in one step or in many, the events are the same."""
    listed: list[list[Any]] = []
    start = clock.now
    for way in ("clock", "once", "steps"):
        clock.now = start
        with Emulator(clock=clock, seed=3) as world:
            api = caller(world)
            crowd(api, 5)
            if way == "clock":
                clock.now += 40 * DAY
            else:
                steps = {"once": [40], "steps": [1] * 40}[way]
                for days in steps:
                    world.advance(days * DAY)
            rows = api.get("/v1/events", limit=100)["data"]
            listed.append([(row["type"], row["created"]) for row in rows])
    assert listed[0] == listed[1] == listed[2]
    assert len(listed[0]) == 100


def test_what_time_brings_is_listed_and_dated(world: Emulator, api: Caller) -> None:
    """Events of time are in the list, newest first, of no request, dated when they happened."""
    subscribed(api)
    events = world.advance(32 * DAY)
    listed = api.get("/v1/events", limit=len(events))["data"]
    assert [row["id"] for row in listed] == [event["id"] for event in events[::-1]]
    assert {row["request"]["id"] for row in listed} == {None}
    assert events[0]["type"] == "invoice.upcoming"
    objects = [event["data"]["object"] for event in events if event["type"] == "invoice.created"]
    assert [obj["created"] for obj in objects] == [event["created"] for event in events[1:2]]


def test_processes_share_the_time_of_a_file(
    tmp_path: Path, clock: Clock, caller: type[Caller]
) -> None:
    """What one advances is past for everybody who uses the file, and stays so."""
    file = tmp_path / "emulator.sqlite"
    with Emulator(file, clock) as one, Emulator(file, clock) as other:
        started = subscribed(caller(one))
        one.advance(32 * DAY)
        assert again(caller(other), started)["latest_invoice"]["status"] == "paid"
        made = caller(other).made("/v1/customers")
        assert made["created"] == clock.now + 32 * DAY
    with Emulator(file, clock) as later:
        assert caller(later).made("/v1/customers")["created"] == clock.now + 32 * DAY


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), 10**9])
def test_time_does_not_stand_or_turn_back(world: Emulator, seconds: float) -> None:
    """No time, time before, and more than ten years are refused."""
    with pytest.raises(ValueError, match="time passes by 1 to"):
        world.advance(seconds)


def test_an_account_says_one_of_three_things(clock: Clock) -> None:
    """What follows failed retries is one of Stripe's three settings."""
    with pytest.raises(ValueError, match="after_retries is one of"):
        Emulator(clock=clock, after_retries="hope")  # type: ignore[arg-type]


@pytest.fixture
def got() -> Iterator[tuple[str, list[Any]]]:
    """An endpoint on this machine, and what it got."""
    bodies: list[Any] = []

    class Receiver(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            bodies.append(json.loads(body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hook", bodies
    server.shutdown()
    server.server_close()
    thread.join()


def test_what_time_brings_is_delivered(
    world: Emulator, api: Caller, got: tuple[str, list[Any]]
) -> None:
    """Every event of an advance reaches the endpoint, in order."""
    url, bodies = got
    subscribed(api, trial_period_days=5)
    api.made("/v1/webhook_endpoints", url=url, enabled_events=["*"])
    events = world.advance(40 * DAY)
    world.postman.wait()
    assert [body["id"] for body in bodies] == [event["id"] for event in events]
    assert {body["pending_webhooks"] for body in bodies} == {1}


# --- schedules ----------------------------------------------------------------------------------

SCHEDULES = "/v1/subscription_schedules"


def scheduled(api: Caller, clock: Clock, **given: Any) -> Any:
    """Plan three months at 1000, then two at 4000, for a payer."""
    cheap, dear = api.price(1000, monthly=True)["id"], api.price(4000, monthly=True)["id"]
    phases = [
        {"items": [{"price": cheap}], "duration": {"interval": "month", "interval_count": 3}},
        {"items": [{"price": dear}], "duration": {"interval": "month", "interval_count": 2}},
    ]
    return api.made(SCHEDULES, **{"customer": api.payer()["id"], "phases": phases, **given})


def billed(api: Caller, subscription: str) -> list[int]:
    """The totals of a subscription's invoices, oldest first."""
    rows = api.get("/v1/invoices", subscription=subscription, limit=100)["data"]
    return [row["total"] for row in rows][::-1]


def test_phases_follow_one_another(world: Emulator, api: Caller, clock: Clock) -> None:
    """Each phase bills its own price from its first day on, without prorations at a period's end."""
    made = scheduled(api, clock)
    assert (made["status"], made["current_phase"]["start_date"]) == ("active", int(clock.now))
    assert again(api, {"id": made["subscription"]})["schedule"] == made["id"]
    world.advance(100 * DAY)
    assert billed(api, made["subscription"]) == [1000, 1000, 1000, 4000]
    now = api.get(f"{SCHEDULES}/{made['id']}")
    assert now["current_phase"]["start_date"] == made["phases"][1]["start_date"]
    events = world.advance(100 * DAY)
    assert "subscription_schedule.released" in told(events)
    over = api.get(f"{SCHEDULES}/{made['id']}")
    assert (over["status"], over["released_subscription"]) == ("released", made["subscription"])
    assert billed(api, made["subscription"])[-1] == 4000
    assert again(api, {"id": made["subscription"]})["schedule"] is None


def test_a_schedule_may_end_its_subscription(world: Emulator, api: Caller, clock: Clock) -> None:
    """With `end_behavior=cancel` the subscription ends with the last phase, and is not billed again."""
    made = scheduled(api, clock, end_behavior="cancel")
    events = world.advance(200 * DAY)
    assert {"subscription_schedule.completed", "customer.subscription.deleted"} <= {*told(events)}
    soon = made["phases"][-1]["end_date"] - 7 * DAY
    expiring = [e["created"] for e in events if e["type"] == "subscription_schedule.expiring"]
    assert expiring == [soon]
    assert billed(api, made["subscription"]) == [1000, 1000, 1000, 4000, 4000]
    assert api.get(f"{SCHEDULES}/{made['id']}")["status"] == "completed"


def test_a_schedule_begins_later(world: Emulator, api: Caller, clock: Clock) -> None:
    """Until its start a schedule has no subscription."""
    made = scheduled(api, clock, start_date=int(clock.now) + 10 * DAY)
    assert (made["status"], made["subscription"]) == ("not_started", None)
    world.advance(10 * DAY)
    started = api.get(f"{SCHEDULES}/{made['id']}")
    assert started["status"] == "active"
    assert again(api, {"id": started["subscription"]})["start_date"] == made["phases"][0]["start_date"]  # fmt: skip


def test_a_phase_in_the_middle_of_a_period_is_prorated(
    world: Emulator, api: Caller, clock: Clock
) -> None:
    """A schedule made of a subscription takes further phases; a change within a period costs its part."""
    started = subscribed(api)
    made = api.made(SCHEDULES, from_subscription=started["id"])
    assert made["phases"][0]["items"][0]["price"] == started["items"]["data"][0]["price"]["id"]
    dear = api.price(5000, monthly=True)["id"]
    price = started["items"]["data"][0]["price"]["id"]
    half = started["start_date"] + 15 * DAY
    phases = [{"items": [{"price": price}], "start_date": started["start_date"], "end_date": half},
              {"items": [{"price": dear}], "proration_behavior": "always_invoice"}]  # fmt: skip
    api.made(f"{SCHEDULES}/{made['id']}", phases=phases)
    world.advance(20 * DAY)
    changed = again(api, started)
    assert changed["items"]["data"][0]["id"] == started["items"]["data"][0]["id"]
    assert changed["latest_invoice"]["total"] == 1250
    assert api.post(SCHEDULES, from_subscription=started["id"]).error["param"] == "from_subscription"  # fmt: skip


@pytest.mark.parametrize(("verb", "status"), [("release", "active"), ("cancel", "canceled")])
def test_a_schedule_is_left(
    world: Emulator, api: Caller, clock: Clock, verb: str, status: str
) -> None:
    """Released, the subscription goes on by itself; cancelled, it ends; either is final."""
    made = scheduled(api, clock)
    path = f"{SCHEDULES}/{made['id']}"
    left = {"release": "released", "cancel": "canceled"}
    assert api.made(f"{path}/{verb}")["status"] == left[verb]
    assert again(api, {"id": made["subscription"]})["status"] == status
    assert api.post(f"{path}/{verb}").status == 400
    world.advance(100 * DAY)
    assert 4000 not in billed(api, made["subscription"])


def test_a_subscription_takes_its_schedule_along(api: Caller, clock: Clock) -> None:
    """Who cancels the subscription cancels its schedule."""
    made = scheduled(api, clock)
    api.delete(f"/v1/subscriptions/{made['subscription']}")
    assert api.get(f"{SCHEDULES}/{made['id']}")["status"] == "canceled"
