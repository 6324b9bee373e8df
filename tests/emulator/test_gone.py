"""What becomes of things whose customer or card is gone while time goes on."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.conftest import Caller, Clock

    from stripe_emulator import Emulator

DAY = 86_400
SCHEDULES = "/v1/subscription_schedules"
SUBSCRIPTIONS = "/v1/subscriptions"
NOT_AGAIN = "may not be used again"


def subscribed(api: Caller, **given: Any) -> Any:
    """A monthly subscription of a new payer."""
    items = [{"price": api.price(1000, monthly=True)["id"]}]
    return api.made(SUBSCRIPTIONS, customer=api.payer()["id"], items=items, **given)


def card(api: Caller, **given: Any) -> Any:
    """A card of nobody's."""
    return api.made(
        "/v1/payment_methods", **{"type": "card", "card": {"token": "tok_visa"}, **given}
    )


def test_nothing_is_collected_from_a_customer_who_is_gone(world: Emulator, api: Caller) -> None:
    """The draft of a renewal and one that was made by hand stay what they are."""
    subscription = subscribed(api)
    world.advance(30 * DAY + 60)  # a minute after the renewal in September
    customer = subscription["customer"]
    by_hand = api.made("/v1/invoices", customer=customer, auto_advance=True)["id"]
    renewal = api.get(SUBSCRIPTIONS, customer=customer)["data"][0]["latest_invoice"]
    assert api.get(f"/v1/invoices/{renewal}")["status"] == "draft"
    api.delete(f"/v1/customers/{customer}")
    world.advance(60 * DAY)
    for id_ in (by_hand, renewal):
        invoice = api.get(f"/v1/invoices/{id_}")
        assert (invoice["status"], invoice["auto_advance"]) == ("draft", False)


@pytest.mark.parametrize("start", ["now", "later"])
def test_a_schedule_ends_with_its_customer(
    world: Emulator, api: Caller, clock: Clock, start: str
) -> None:
    """Whether it has begun or not, and time goes on."""
    customer = api.payer()["id"]
    phases = [{"items": [{"price": api.price(monthly=True)["id"]}]}]
    moment = "now" if start == "now" else int(clock.now) + 10 * DAY
    made = api.made(SCHEDULES, customer=customer, start_date=moment, phases=phases)
    api.delete(f"/v1/customers/{customer}")
    world.advance(70 * DAY)
    assert api.get(f"{SCHEDULES}/{made['id']}")["status"] == "canceled"


def test_what_is_refused_when_it_is_due_stops_nothing_else(
    world: Emulator, api: Caller, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    """A schedule of somebody without a card cannot begin: that is told, and others go on."""
    nobody = api.made("/v1/customers")["id"]
    phases = [{"items": [{"price": api.price(monthly=True)["id"]}]}]
    later = int(clock.now) + 10 * DAY
    made = api.made(SCHEDULES, customer=nobody, start_date=later, phases=phases)
    other = subscribed(api)
    with caplog.at_level(logging.WARNING):
        events = world.advance(40 * DAY)
    told = f"subscription_schedule.begin of {made['id']} was due, and is left undone: This customer"
    assert told in caplog.text
    assert api.get(f"{SCHEDULES}/{made['id']}")["status"] == "not_started"
    assert made["id"] not in {event["data"]["object"].get("id") for event in events}
    renewed = api.get(f"{SUBSCRIPTIONS}/{other['id']}")
    assert renewed["latest_invoice"] != other["latest_invoice"]


def test_a_detached_card_is_not_charged(world: Emulator, api: Caller) -> None:
    """It is the customer's default no more, so what renews is past due."""
    subscription = subscribed(api)
    customer = f"/v1/customers/{subscription['customer']}"
    method = api.get(customer)["invoice_settings"]["default_payment_method"]
    api.made(f"/v1/payment_methods/{method}/detach")
    assert api.get(customer)["invoice_settings"]["default_payment_method"] is None
    world.advance(32 * DAY)
    assert api.get(f"{SUBSCRIPTIONS}/{subscription['id']}")["status"] == "past_due"


def test_a_subscription_falls_back_from_a_detached_card(world: Emulator, api: Caller) -> None:
    """To the customer's default, if there is one."""
    customer = api.payer()["id"]
    own = api.made(f"/v1/payment_methods/{card(api)['id']}/attach", customer=customer)["id"]
    items = [{"price": api.price(monthly=True)["id"]}]
    made = api.made(SUBSCRIPTIONS, customer=customer, items=items, default_payment_method=own)
    api.made(f"/v1/payment_methods/{own}/detach")
    world.advance(32 * DAY)
    assert api.get(f"{SUBSCRIPTIONS}/{made['id']}")["status"] == "active"


def test_a_detached_card_is_nobodys_again(api: Caller) -> None:
    """It can neither be attached nor pay, whoever asks."""
    customer = api.payer()["id"]
    path = f"/v1/payment_methods/{card(api)['id']}"
    api.made(f"{path}/attach", customer=customer)
    detached = api.made(f"{path}/detach")
    assert NOT_AGAIN in api.post(f"{path}/attach", customer=customer).error["message"]
    asked = {"amount": 500, "currency": "usd", "payment_method": detached["id"]}
    error = api.post("/v1/payment_intents", **asked).error
    assert (error["param"], NOT_AGAIN in error["message"]) == ("payment_method", True)


def test_a_card_of_nobodys_pays_once(api: Caller) -> None:
    """One that was declined, or that is the customer's, pays again."""
    once = card(api)["id"]
    api.paid(500, card=once)
    path = f"/v1/payment_methods/{once}"
    assert api.get(path)["customer"] is None
    asked = {"amount": 500, "currency": "usd", "payment_method": once}
    assert NOT_AGAIN in api.post("/v1/payment_intents", **asked).error["message"]
    customer = api.made("/v1/customers")["id"]
    assert NOT_AGAIN in api.post(f"{path}/attach", customer=customer).error["message"]
    kept = card(api)["id"]
    api.paid(500, card=kept, customer=customer, setup_future_usage="off_session")
    api.paid(500, card=kept, customer=customer)


def test_what_was_spent_meanwhile_pays_nothing(api: Caller) -> None:
    """Not when the payment is confirmed, nor when its payer has authenticated."""
    asked = {"amount": 500, "currency": "usd", "return_url": "https://a.example"}
    way = {"return_url": "https://a.example"}
    waiting = api.made(
        "/v1/payment_intents", amount=500, currency="usd", payment_method="pm_card_visa"
    )
    api.paid(900, card=waiting["payment_method"])
    error = api.post(f"/v1/payment_intents/{waiting['id']}/confirm", **way).error
    assert NOT_AGAIN in error["message"]
    customer = api.made("/v1/customers")["id"]
    method = card(api, card={"number": "4000002500003155", "exp_month": 1, "exp_year": 2040})["id"]
    api.made(f"/v1/payment_methods/{method}/attach", customer=customer)
    asking = api.made(
        "/v1/payment_intents", **asked, customer=customer, payment_method=method, confirm=True
    )
    assert asking["status"] == "requires_action"
    api.made(f"/v1/payment_methods/{method}/detach")
    path = f"/v1/test_helpers/payment_intents/{asking['id']}/authenticate"
    assert NOT_AGAIN in api.post(path).error["message"]


def test_nobody_pays_with_the_card_of_somebody_else(api: Caller) -> None:
    """Neither a subscription nor an invoice, whatever is asked for."""
    made = subscribed(api)
    other = api.payer()["invoice_settings"]["default_payment_method"]
    theirs = {"default_payment_method": other}
    draft = api.made("/v1/invoices", customer=made["customer"])["id"]
    api.made(
        "/v1/invoiceitems", customer=made["customer"], invoice=draft, amount=500, currency="usd"
    )
    for path, given in (
        (f"{SUBSCRIPTIONS}/{made['id']}", theirs),
        (f"/v1/invoices/{draft}", theirs),
        (f"/v1/invoices/{draft}/pay", {"payment_method": other}),
    ):
        error = api.post(path, **given).error
        assert (error["code"], error["param"]) == ("resource_missing", next(iter(given)))
        assert error["message"].endswith("The payment method must be attached to the customer.")


def test_a_schedule_takes_over_nothing_that_has_ended(api: Caller) -> None:
    """Nor what another one has."""
    made = subscribed(api)
    api.delete(f"{SUBSCRIPTIONS}/{made['id']}")
    error = api.post(SCHEDULES, from_subscription=made["id"]).error
    assert (error["param"], "canceled" in error["message"]) == ("from_subscription", True)


@pytest.mark.parametrize(("price", "said"), [
    ({}, "Missing required param: phases[0][items][0][price]."),
    ({"price": "once"}, "The price specified is set to `type=one_time`"),
])  # fmt: skip
def test_a_phase_is_judged_before_it_begins(api: Caller, price: dict[str, str], said: str) -> None:
    """Its items are of recurring prices, whenever it is to begin."""
    item = {"price": api.price()["id"]} if price else {"quantity": "1"}
    payer = api.payer()["id"]
    error = api.post(SCHEDULES, customer=payer, phases=[{"items": [item]}]).error
    assert error["param"] == "phases[0][items][0][price]"
    assert error["message"].startswith(said)


@pytest.mark.parametrize(("path", "given", "missing"), [
    ("payment_methods/{card}/attach", {}, "customer"),
    ("payment_links", {"after_completion": {"type": "redirect"}}, "after_completion[redirect]"),
])  # fmt: skip
def test_what_is_missing_is_named(
    api: Caller, path: str, given: dict[str, Any], missing: str
) -> None:
    """What the document leaves open and nothing can be done without."""
    lines = {"line_items": [{"price": api.price()["id"], "quantity": 1}]}
    asked = {**given, **(lines if path == "payment_links" else {})}
    error = api.post(f"/v1/{path.format(card=card(api)['id'])}", **asked).error
    assert (error["code"], error["param"]) == ("parameter_missing", missing)


@pytest.mark.parametrize("path", ["setup_intents", "payment_intents"])
def test_no_card_is_saved_for_a_customer_who_is_gone(api: Caller, path: str) -> None:
    """Nor is anything paid when it was to be saved."""
    customer = api.made("/v1/customers")["id"]
    payment = {"amount": 500, "currency": "usd", "setup_future_usage": "off_session"}
    asked = payment if path == "payment_intents" else {}
    intent = api.made(f"/v1/{path}", customer=customer, **asked)
    api.delete(f"/v1/customers/{customer}")
    way = {"payment_method": "pm_card_visa", "return_url": "https://a.example"}
    error = api.post(f"/v1/{path}/{intent['id']}/confirm", **way).error
    assert (error["code"], error["param"]) == ("resource_missing", "customer")
    assert api.get("/v1/charges")["data"] == []
