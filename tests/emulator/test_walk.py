"""Odd sequences: whatever somebody does next, nothing fails, time passes, and the books balance."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from attrs import frozen

if TYPE_CHECKING:
    from emulator.conftest import Caller, Clock

    from stripe_emulator import Emulator

HOUR, DAY = 3_600, 86_400
CARDS = ("pm_card_visa", "pm_card_visa", "pm_card_chargeCustomerFail",
         "pm_card_authenticationRequired", "pm_card_createDispute")  # fmt: skip
WAY = "https://a.example"
STEPS = 150
#: what is done to an object without any parameters: kind → the ends of paths
PLAIN = {
    "invoices": ("finalize", "pay", "void", "mark_uncollectible", "send"),
    "subscriptions": ("resume",),
    "subscription_schedules": ("release", "cancel"),
    "payment_intents": ("confirm", "capture", "cancel"),
    "setup_intents": ("confirm", "cancel"),
    "checkout/sessions": ("expire",),
    "disputes": ("close",),
    "credit_notes": ("void",),
    "payment_methods": ("detach",),
    "test_helpers/payment_intents": ("authenticate",),
    "test_helpers/checkout/sessions": ("complete",),
    "test_helpers/payment_links": ("open",),
}
DELETED = ("customers", "coupons", "subscriptions", "invoices", "invoiceitems", "products")
#: paths → where the objects are listed
LISTED = {f"test_helpers/{name}": name
          for name in ("payment_intents", "checkout/sessions", "payment_links")}  # fmt: skip


@frozen
class Walk:
    """Somebody who does one thing after the other, drawn from a seed."""

    api: Caller
    draw: random.Random

    def some(self, path: str) -> Any:
        """One of the newest objects; an ID that there is not, if there is none."""
        asked = {"status": "all"} if path == "subscriptions" else {}
        rows = self.api.get(f"/v1/{path}", limit=8, **asked)["data"]
        return self.draw.choice(rows) if rows else {"id": "none"}

    def id(self, path: str) -> str:
        """The ID of one of them."""
        return str(self.some(path)["id"])

    def moment(self) -> int:
        """Sooner or later, or over already."""
        days = self.draw.choice([-3, 1, 5, 40, 400])
        return self.api.world.held().now() + days * DAY

    def lines(self) -> Any:
        """Some of some prices."""
        count = self.draw.choice([1, 1, 2])
        return [{"price": self.id("prices"), "quantity": self.draw.randint(0, 4)}
                for _ in range(count)]  # fmt: skip

    def extra(self, **possible: Any) -> dict[str, Any]:
        """At most one of these parameters."""
        name = self.draw.choice([None, *possible])
        return {name: possible[name]} if name else {}


def meet(walk: Walk) -> None:
    """Somebody new, with a card or without."""
    walk.api.post("/v1/customers")
    walk.api.payer(walk.draw.choice(CARDS))


def offer(walk: Walk) -> None:
    """A price, and a coupon that makes it cheaper."""
    interval = walk.draw.choice(["day", "month", "year"])
    recurring = walk.extra(recurring={"interval": interval})
    walk.api.price(walk.draw.choice([0, 10, 700, 2500]), **recurring)
    duration = walk.draw.choice(["once", "forever"])
    walk.api.post("/v1/coupons", percent_off=walk.draw.choice([10, 100]), duration=duration)


def subscribe(walk: Walk) -> None:
    """Begin a subscription."""
    given = walk.extra(
        trial_period_days=5,
        trial_end=walk.moment(),
        cancel_at=walk.moment(),
        cancel_at_period_end=True,
        payment_behavior="default_incomplete",
        discounts=[{"coupon": walk.id("coupons")}],
        days_until_due=3,
        collection_method="send_invoice",
    )
    walk.api.post("/v1/subscriptions", customer=walk.id("customers"), items=walk.lines(), **given)


def resubscribe(walk: Walk) -> None:
    """Change one."""
    subscription = walk.some("subscriptions")
    given = walk.extra(
        items=walk.lines(),
        trial_end=walk.draw.choice(["now", walk.moment()]),
        cancel_at=walk.draw.choice(["", walk.moment()]),
        billing_cycle_anchor="now",
        pause_collection={"behavior": walk.draw.choice(["void", "keep_as_draft"])},
        default_payment_method=walk.draw.choice(CARDS),
        collection_method="charge_automatically",
    )
    how = walk.extra(proration_behavior="always_invoice")
    walk.api.post(f"/v1/subscriptions/{subscription['id']}", **given, **how)


def plan(walk: Walk) -> None:
    """Plan phases, of a new subscription or of one that is there."""
    phases = [{"items": walk.lines(), "end_date": walk.moment()}, {"items": walk.lines()}]
    given = {"customer": walk.id("customers"), "start_date": walk.moment(), "phases": phases}
    if walk.draw.random() < 0.4:
        given = {"from_subscription": walk.id("subscriptions")}
    walk.api.post("/v1/subscription_schedules", **given)


def bill(walk: Walk) -> None:
    """Bill something, and credit some of what was billed."""
    customer = walk.id("customers")
    amount = walk.draw.choice([-900, 20, 1000])
    walk.api.post("/v1/invoiceitems", customer=customer, amount=amount, currency="usd")
    include = {"pending_invoice_items_behavior": "include"}
    walk.api.post("/v1/invoices", customer=customer, **include)
    ways = walk.extra(refund_amount=300, credit_amount=300, out_of_band_amount=300)
    walk.api.post("/v1/credit_notes", invoice=walk.id("invoices"), amount=300, **ways)


def buy(walk: Walk) -> None:
    """Open a session or a link."""
    mode = walk.draw.choice(["payment", "subscription"])
    given = walk.extra(customer=walk.id("customers"), discounts=[{"coupon": walk.id("coupons")}])
    walk.api.post(
        "/v1/checkout/sessions", mode=mode, success_url=WAY, line_items=walk.lines(), **given
    )
    walk.api.post("/v1/payment_links", line_items=walk.lines())


def pay(walk: Walk) -> None:
    """Pay, or reserve what is to be paid, and take or give some of it back."""
    given = walk.extra(capture_method="manual", customer=walk.id("customers"), confirm=False)
    asked = {"amount": 1000, "currency": "usd", "payment_method": walk.draw.choice(CARDS)}
    walk.api.post("/v1/payment_intents", **{**asked, "confirm": True, "return_url": WAY, **given})
    amount = walk.draw.choice([1, 400, 1000])
    walk.api.post("/v1/refunds", charge=walk.id("charges"), amount=amount)
    said = walk.draw.choice(["winning_evidence", "losing_evidence"])
    walk.api.post(f"/v1/disputes/{walk.id('disputes')}", evidence={"uncategorized_text": said})


def act(walk: Walk) -> None:
    """Do something to some object that is there."""
    path = walk.draw.choice(sorted(PLAIN))
    id_ = walk.id(LISTED.get(path, path))
    walk.api.post(f"/v1/{path}/{id_}/{walk.draw.choice(PLAIN[path])}")


def delete(walk: Walk) -> None:
    """Delete something."""
    path = walk.draw.choice(DELETED)
    walk.api.delete(f"/v1/{path}/{walk.id(path)}")


def wait(walk: Walk) -> None:
    """Let time pass."""
    walk.api.world.advance(walk.draw.choice([HOUR + 1, DAY, 8 * DAY, 33 * DAY]))


DOES = [meet, offer, subscribe, subscribe, resubscribe, resubscribe, plan, bill, buy, pay, act, act,
        act, act, delete, wait, wait]  # fmt: skip


@pytest.mark.parametrize("seed", range(4))
def test_odd_sequences(world: Emulator, api: Caller, clock: Clock, seed: int) -> None:
    """Every answer is Stripe's or a refusal; what is paid, refunded and due adds up."""
    walk = Walk(api, random.Random(f"{seed}"))  # noqa: S311 - repeatable
    for _ in range(3):
        meet(walk)
        offer(walk)
    for _ in range(STEPS):
        walk.draw.choice(DOES)(walk)
    failed = [reply.data for _, _, reply in api.replies if reply.status >= 500]
    assert failed == []
    for charge in api.get("/v1/charges", limit=100)["data"]:
        assert 0 <= charge["amount_refunded"] <= charge["amount"]
        left = charge["amount_captured"] - charge["amount_refunded"]
        assert charge["refunded"] is (charge["amount_refunded"] > 0 and left <= 0)
    for invoice in api.get("/v1/invoices", limit=100)["data"]:
        assert 0 <= invoice["amount_remaining"] <= invoice["amount_due"]
        if invoice["status"] == "paid":
            assert invoice["amount_remaining"] == 0
            assert invoice["amount_paid"] == invoice["amount_due"]
    balance = api.get("/v1/balance")
    there = sum(row["amount"] for name in ("available", "pending") for row in balance[name])
    moved = world.held().objects(100_000, kind="balance_transaction")
    assert there == sum(row.object["net"] for row in moved)
