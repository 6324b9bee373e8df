"""What changes of plan cost: pending or at once, exactly, and as a preview says beforehand."""

# ruff: noqa: E501 - rows and requests read best on one line

from __future__ import annotations

import math
import os
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from stripe_emulator import Emulator
from stripe_emulator.billing.proration import Stretch

if TYPE_CHECKING:
    from emulator.conftest import Caller, Clock

HOUR, DAY = 3_600, 86_400
CHANGES = int(os.environ.get("STRIPE_NODES_PLAN_CHANGES", "40"))


class Plan:
    """A subscription of one item on a month of 30 days, from 1 September 2027, 00:00."""

    START = 1_819_756_800
    WHOLE = 30 * DAY

    def __init__(self, world: Emulator, api: Caller, clock: Clock, **given: Any) -> None:
        clock.now = self.START
        self.world, self.api = world, api
        self.payer = api.payer()
        self.price = api.price(2500, monthly=True)
        items = [{"price": self.price["id"]}]
        self.made = api.made("/v1/subscriptions", **{"customer": self.payer["id"], "items": items, **given})  # fmt: skip
        self.path = f"/v1/subscriptions/{self.made['id']}"
        self.item = self.made["items"]["data"][0]["id"]

    def change(self, **changed: Any) -> Any:
        """Change the subscription; answers with its latest invoice."""
        return self.api.made(self.path, **changed, expand=["latest_invoice"])

    def pending(self) -> list[tuple[int, str]]:
        """Amounts and descriptions of the pending items, newest first."""
        rows = self.api.get("/v1/invoiceitems", customer=self.payer["id"], pending=True)["data"]
        return [(row["amount"], row["description"]) for row in rows]

    def to(self, **changed: Any) -> list[dict[str, Any]]:
        """The parameter `items` that changes the item."""
        return [{"id": self.item, **changed}]


@pytest.fixture
def plan(world: Emulator, api: Caller, clock: Clock) -> Plan:
    """A subscription in its first second."""
    return Plan(world, api, clock)


def lines(invoice: Any) -> list[tuple[int, str]]:
    """Amounts and descriptions of an invoice's lines."""
    return [(line["amount"], line["description"]) for line in invoice["lines"]["data"]]


# --- what a change leaves pending ---------------------------------------------------------------


def test_a_change_leaves_two_pending_items(plan: Plan) -> None:
    """After a third of the month: two thirds of the old price come back, of the new one are charged."""
    dear = plan.api.price(6000, monthly=True)
    plan.world.advance(10 * DAY)
    changed = plan.change(items=plan.to(price=dear["id"]))
    after = "after 11 Sep 2027"
    assert plan.pending() == [(-1667, f"Unused time on Box {after}"), (4000, f"Remaining time on Box {after}")]  # fmt: skip
    assert changed["latest_invoice"]["id"] == plan.made["latest_invoice"]
    [credit, charge] = plan.api.get("/v1/invoiceitems", pending=True)["data"]
    assert (credit["period"], charge["period"]) == ({"start": plan.START + 10 * DAY, "end": plan.START + plan.WHOLE},) * 2  # fmt: skip
    assert credit["pricing"]["price_details"]["price"] == plan.price["id"]
    assert charge["parent"]["subscription_details"] == {"subscription": plan.made["id"], "subscription_item": plan.item}  # fmt: skip
    assert credit["proration"] is True
    assert credit["discountable"] is False


def test_the_next_renewal_takes_them_along(plan: Plan) -> None:
    """Pending items stand before the next period's line on the next invoice, and name what they give back."""
    dear = plan.api.price(6000, monthly=True)
    plan.world.advance(10 * DAY)
    plan.change(items=plan.to(price=dear["id"]))
    plan.world.advance(20 * DAY)
    invoice = plan.change()["latest_invoice"]
    assert [amount for amount, _ in lines(invoice)] == [-1667, 4000, 6000]
    details = invoice["lines"]["data"][0]["parent"]["subscription_item_details"]
    assert details["proration"] is True
    first = plan.api.get(f"/v1/invoices/{plan.made['latest_invoice']}").data
    assert details["proration_details"]["credited_items"] == {
        "invoice": first["id"], "invoice_line_items": [first["lines"]["data"][0]["id"]]}  # fmt: skip
    assert plan.pending() == []


def test_nobody_elses_invoice_takes_them(plan: Plan) -> None:
    """Another subscription of the same customer leaves them where they are."""
    plan.change(items=plan.to(quantity=2))
    waiting = plan.pending()
    other = [{"price": plan.api.price(100, monthly=True)["id"]}]
    made = plan.api.made("/v1/subscriptions", customer=plan.payer["id"], items=other, expand=["latest_invoice"])  # fmt: skip
    assert len(made["latest_invoice"]["lines"]["data"]) == 1
    assert plan.pending() == waiting


QUANTITIES = [  # from, to, what is pending after half of the month
    (1, 3, [(-1250, "Unused time on Box"), (3750, "Remaining time on 3 × Box")]),
    (3, 1, [(-3750, "Unused time on 3 × Box"), (1250, "Remaining time on Box")]),
    (2, 2, []),
]


@pytest.mark.parametrize(("before", "after", "pending"), QUANTITIES)
def test_quantities_are_prorated_as_a_whole(
    world: Emulator, api: Caller, clock: Clock, before: int, after: int, pending: list[Any]
) -> None:
    """All of the old quantity comes back, all of the new one is charged; nothing for no change."""
    price = api.price(2500, monthly=True)
    plan = Plan(world, api, clock, items=[{"price": price["id"], "quantity": before}])
    world.advance(15 * DAY)
    plan.change(items=plan.to(quantity=after))
    assert plan.pending() == [(amount, f"{text} after 16 Sep 2027") for amount, text in pending]


def test_items_come_and_go(plan: Plan) -> None:
    """An added item is charged for what is left of the period; a removed one comes back."""
    more = plan.api.price(900, monthly=True)
    plan.world.advance(20 * DAY)
    added = plan.change(items=[{"price": more["id"], "quantity": 2}])
    assert plan.pending() == [(600, "Remaining time on 2 × Box after 21 Sep 2027")]
    ends = {row["current_period_end"] for row in added["items"]["data"]}
    assert ends == {plan.START + plan.WHOLE}
    plan.change(items=plan.to(deleted=True))
    assert plan.pending()[0] == (-834, "Unused time on Box after 21 Sep 2027")


@pytest.mark.parametrize("behavior", ["create_prorations", "always_invoice"])
def test_a_proration_date_moves_the_cut(plan: Plan, behavior: str) -> None:
    """The parts are those of the moment that is given, whenever the change is made."""
    plan.world.advance(20 * DAY)
    cut = plan.START + 15 * DAY
    plan.change(items=plan.to(quantity=2), proration_date=cut, proration_behavior=behavior)
    items = plan.api.get("/v1/invoiceitems", customer=plan.payer["id"])["data"]
    assert [row["amount"] for row in items] == [-1250, 2500]
    assert {row["period"]["start"] for row in items} == {cut}


@pytest.mark.parametrize("days", [-1, 31])
def test_a_proration_date_is_within_the_period(plan: Plan, days: int) -> None:
    """A moment outside of the period is refused, and nothing is changed."""
    reply = plan.api.post(plan.path, items=plan.to(quantity=2), proration_date=plan.START + days * DAY)  # fmt: skip
    assert reply.error["param"] == "proration_date"
    assert plan.api.get(plan.path)["quantity"] == 1


def test_without_proration_nothing_is_billed(plan: Plan) -> None:
    """`none` changes the plan and leaves the money until the next period."""
    plan.world.advance(10 * DAY)
    changed = plan.change(items=plan.to(quantity=4), proration_behavior="none")
    assert (changed["quantity"], plan.pending()) == (4, [])
    assert changed["latest_invoice"]["id"] == plan.made["latest_invoice"]
    plan.world.advance(20 * DAY)
    assert plan.change()["latest_invoice"]["total"] == 10_000


def test_credits_give_back_what_was_billed(plan: Plan) -> None:
    """After a change without proration the credit is of what was paid, not of what is subscribed."""
    plan.change(items=plan.to(quantity=4), proration_behavior="none")
    plan.world.advance(15 * DAY)
    plan.change(items=plan.to(quantity=2))
    assert [amount for amount, _ in plan.pending()] == [-1250, 2500]


def test_trials_have_nothing_to_prorate(world: Emulator, api: Caller, clock: Clock) -> None:
    """During a trial a change of plan costs nothing; the first period is of the new plan."""
    plan = Plan(world, api, clock, trial_period_days=10)
    plan.change(items=plan.to(quantity=3))
    assert plan.pending() == []
    world.advance(11 * DAY)
    assert plan.change()["latest_invoice"]["total"] == 7500


# --- what is billed at once ---------------------------------------------------------------------


def test_always_invoice_bills_the_difference_at_once(plan: Plan) -> None:
    """The difference of what is left is an invoice of its own, paid at once."""
    plan.world.advance(10 * DAY)
    dear = plan.api.price(6000, monthly=True)
    changed = plan.change(items=plan.to(price=dear["id"]), proration_behavior="always_invoice")
    invoice = changed["latest_invoice"]
    assert [amount for amount, _ in lines(invoice)] == [-1667, 4000]
    assert (invoice["status"], invoice["billing_reason"], invoice["amount_paid"]) == ("paid", "subscription_update", 2333)  # fmt: skip
    assert (invoice["period_start"], invoice["period_end"]) == (plan.START, plan.START + 10 * DAY)
    assert changed["items"]["data"][0]["current_period_end"] == plan.START + plan.WHOLE
    assert plan.pending() == []


def test_a_month_becomes_a_year_at_once(plan: Plan) -> None:
    """As recorded: from 2500 a month to 25000 a year in the first second costs 22500, paid."""
    year = plan.api.price(25_000, recurring={"interval": "year"})
    changed = plan.change(items=plan.to(price=year["id"]), proration_behavior="always_invoice")
    invoice = changed["latest_invoice"]
    assert [amount for amount, _ in lines(invoice)] == [-2500, 25_000]
    assert (invoice["total"], invoice["status"], invoice["billing_reason"]) == (22_500, "paid", "subscription_update")  # fmt: skip


INTERVALS = [("create_prorations", [-1250, 25_000]), ("always_invoice", [-1250, 25_000]), ("none", [25_000])]  # fmt: skip


@pytest.mark.parametrize(("behavior", "amounts"), INTERVALS)
def test_another_interval_begins_a_period(plan: Plan, behavior: str, amounts: list[int]) -> None:
    """Another interval moves the anchor to now and bills the whole new period at once."""
    plan.world.advance(15 * DAY)
    year = plan.api.price(25_000, recurring={"interval": "year"})
    changed = plan.change(items=plan.to(price=year["id"]), proration_behavior=behavior)
    assert [amount for amount, _ in lines(changed["latest_invoice"])] == amounts
    assert changed["billing_cycle_anchor"] == plan.START + 15 * DAY
    item = changed["items"]["data"][0]
    assert item["current_period_end"] - item["current_period_start"] == 366 * DAY


def test_the_anchor_moves_to_now_when_asked(plan: Plan) -> None:
    """`billing_cycle_anchor=now` gives back the rest, bills a whole period and restarts the cycle."""
    plan.world.advance(15 * DAY)
    changed = plan.change(billing_cycle_anchor="now")
    assert [amount for amount, _ in lines(changed["latest_invoice"])] == [-1250, 2500]
    assert changed["items"]["data"][0]["current_period_start"] == plan.START + 15 * DAY
    assert plan.change(billing_cycle_anchor="unchanged")["latest_invoice"]["id"] == changed["latest_invoice"]["id"]  # fmt: skip


def test_a_credit_becomes_a_balance(plan: Plan) -> None:
    """An invoice of less than nothing is paid, and the customer's balance has the credit."""
    plan.world.advance(15 * DAY)
    cheap = plan.api.price(1000, monthly=True)
    invoice = plan.change(items=plan.to(price=cheap["id"]), proration_behavior="always_invoice")["latest_invoice"]  # fmt: skip
    assert (invoice["total"], invoice["amount_due"], invoice["status"]) == (-750, 0, "paid")
    assert (invoice["starting_balance"], invoice["ending_balance"]) == (0, -750)
    assert plan.api.get(f"/v1/customers/{plan.payer['id']}")["balance"] == -750


def test_too_little_to_charge_is_owed(plan: Plan) -> None:
    """Less than fifty cents are not charged: the balance takes them to the next invoice."""
    plan.world.advance(plan.WHOLE - HOUR)
    invoice = plan.change(items=plan.to(quantity=2), proration_behavior="always_invoice")["latest_invoice"]  # fmt: skip
    assert (invoice["total"], invoice["amount_due"], invoice["status"]) == (2, 0, "paid")
    plan.world.advance(DAY)
    assert plan.change()["latest_invoice"]["amount_paid"] == 5002


def fail_now(plan: Plan, **given: Any) -> Any:
    """Upgrade at once with a card that is declined."""
    path = "/v1/payment_methods/pm_card_chargeCustomerFail/attach"
    card = plan.api.made(path, customer=plan.payer["id"])["id"]
    plan.api.made(plan.path, default_payment_method=card)
    plan.world.advance(10 * DAY)
    return plan.api.post(plan.path, items=plan.to(quantity=9), proration_behavior="always_invoice", **given)  # fmt: skip


def test_a_declined_upgrade_stands_and_is_owed(plan: Plan) -> None:
    """By default the change is made and the subscription past due; retries follow."""
    changed = fail_now(plan)
    assert (changed["status"], changed["quantity"]) == ("past_due", 9)
    invoice = plan.api.get(f"/v1/invoices/{changed['latest_invoice']}")
    assert (invoice["status"], invoice["attempt_count"]) == ("open", 1)
    assert invoice["next_payment_attempt"] == plan.START + 11 * DAY


def test_a_declined_upgrade_may_not_have_happened(plan: Plan) -> None:
    """With `error_if_incomplete` a declined card means that nothing was changed."""
    refused = fail_now(plan, payment_behavior="error_if_incomplete")
    assert (refused.status, refused.error["code"]) == (402, "card_declined")
    left = plan.api.get(plan.path)
    assert (left["status"], left["quantity"], plan.pending()) == ("active", 1, [])
    assert left["latest_invoice"] == plan.made["latest_invoice"]


def test_an_upgrade_may_wait_for_its_payer(plan: Plan) -> None:
    """With `default_incomplete` the invoice is open, with a secret to pay it, and nothing was tried."""
    changed = fail_now(plan, payment_behavior="default_incomplete")
    invoice = plan.api.get(f"/v1/invoices/{changed['latest_invoice']}", expand=["confirmation_secret"])  # fmt: skip
    assert (changed["status"], invoice["status"], invoice["attempt_count"]) == ("past_due", "open", 0)  # fmt: skip
    assert invoice["confirmation_secret"]["client_secret"].startswith("pi_")


def test_a_sent_upgrade_is_a_draft(world: Emulator, api: Caller, clock: Clock) -> None:
    """What is sent is not charged at once: it is finalized and sent after an hour."""
    plan = Plan(world, api, clock, collection_method="send_invoice", days_until_due=7)
    changed = plan.change(items=plan.to(quantity=2), proration_behavior="always_invoice")
    assert (changed["status"], changed["latest_invoice"]["status"]) == ("active", "draft")


# --- trials -------------------------------------------------------------------------------------


def test_a_trial_ends_now(world: Emulator, api: Caller, clock: Clock) -> None:
    """`trial_end=now` begins the first paid period, billed at once by the update."""
    plan = Plan(world, api, clock, trial_period_days=20)
    world.advance(5 * DAY)
    changed = plan.change(trial_end="now")
    invoice = changed["latest_invoice"]
    assert (changed["status"], changed["trial_end"], changed["billing_cycle_anchor"]) == ("active", *[plan.START + 5 * DAY] * 2)  # fmt: skip
    assert (invoice["total"], invoice["status"], invoice["billing_reason"]) == (2500, "paid", "subscription_update")  # fmt: skip
    assert changed["items"]["data"][0]["current_period_start"] == plan.START + 5 * DAY


NO_CARD = [("cancel", "canceled"), ("pause", "paused")]


@pytest.mark.parametrize(("missing", "status"), NO_CARD)
def test_a_trial_ends_now_without_a_card(
    world: Emulator, api: Caller, clock: Clock, missing: str, status: str
) -> None:
    """Without a payment method a trial that ends now is cancelled or paused, as its settings say."""
    customer = api.made("/v1/customers")
    behavior = {"end_behavior": {"missing_payment_method": missing}}
    plan = Plan(world, api, clock, customer=customer["id"], trial_period_days=9, trial_settings=behavior)  # fmt: skip
    assert plan.change(trial_end="now")["status"] == status


def test_a_trial_ending_now_has_to_be_paid(world: Emulator, api: Caller, clock: Clock) -> None:
    """By default a trial without a payment method cannot be ended: there is nothing to pay with."""
    plan = Plan(world, api, clock, customer=api.made("/v1/customers")["id"], trial_period_days=9)
    assert api.post(plan.path, trial_end="now").error["code"] == "resource_missing"
    assert api.get(plan.path)["status"] == "trialing"


def test_a_trial_moves(world: Emulator, api: Caller, clock: Clock) -> None:
    """A trial's end can be put off, without an invoice, and moves the cycle with it."""
    plan = Plan(world, api, clock, trial_period_days=5)
    later = plan.START + 12 * DAY
    moved = plan.change(trial_end=later)
    assert (moved["trial_end"], moved["billing_cycle_anchor"], moved["trial_start"]) == (later, later, plan.START)  # fmt: skip
    assert moved["latest_invoice"]["id"] == plan.made["latest_invoice"]


def test_what_is_paid_for_becomes_a_trial(plan: Plan) -> None:
    """A trial in the middle of a period gives back its rest and costs nothing until it ends."""
    plan.world.advance(15 * DAY)
    changed = plan.change(trial_end=plan.START + 40 * DAY)
    assert changed["status"] == "trialing"
    assert [amount for amount, _ in lines(changed["latest_invoice"])] == [-1250, 0]
    plan.world.advance(26 * DAY)
    assert plan.change()["latest_invoice"]["amount_paid"] == 1250


# --- the end ------------------------------------------------------------------------------------


def test_a_cancellation_gives_back_the_rest(plan: Plan) -> None:
    """`prorate` leaves a plain credit pending, which no other subscription's invoice takes."""
    plan.world.advance(15 * DAY)
    assert plan.api.delete(plan.path, prorate=True)["status"] == "canceled"
    [credit] = plan.api.get("/v1/invoiceitems", pending=True)["data"]
    assert (credit["amount"], credit["parent"]) == (-1250, None)
    assert credit["description"] == "Unused time on Box after 16 Sep 2027"


LATER_ENDS = [  # days until it ends, beside it → the credit, if there is one
    (15, {}, [-1250]),
    (15, {"proration_behavior": "none"}, []),
    (30, {}, []),
    (45, {}, [-1291]),  # 16 of the 31 days of October
    (45, {"proration_behavior": "none"}, [-1291]),  # of a period to come it is always prorated
]


@pytest.mark.parametrize(("days", "beside", "credits_"), LATER_ENDS)
def test_an_end_in_a_period_gives_back_the_rest(
    plan: Plan, days: int, beside: dict[str, Any], credits_: list[int]
) -> None:
    """A subscription that ends at a moment of a period leaves a credit for what is unused."""
    plan.change(cancel_at=plan.START + days * DAY, **beside)
    assert plan.pending() == []
    plan.world.advance(60 * DAY)
    assert plan.api.get(plan.path)["status"] == "canceled"
    items = plan.api.get("/v1/invoiceitems", pending=True)["data"]
    assert [item["amount"] for item in items] == credits_


def test_an_end_that_is_taken_back_gives_nothing_back(plan: Plan) -> None:
    """Who stays after all has no credit."""
    plan.change(cancel_at=plan.START + 15 * DAY)
    plan.change(cancel_at="")
    plan.world.advance(20 * DAY)
    assert (plan.api.get(plan.path)["status"], plan.pending()) == ("active", [])


def test_a_last_invoice_that_is_a_credit_is_written_off(plan: Plan) -> None:
    """As recorded: with `invoice_now` the credit is billed on a draft that is marked uncollectible."""
    plan.world.advance(15 * DAY)
    ended = plan.api.delete(plan.path, prorate=True, invoice_now=True)
    invoice = plan.api.get(f"/v1/invoices/{ended['latest_invoice']}")
    assert (invoice["total"], invoice["status"], invoice["number"]) == (-1250, "uncollectible", None)  # fmt: skip
    assert invoice["billing_reason"] == "subscription_cycle"


def test_a_last_invoice_bills_what_is_pending(plan: Plan) -> None:
    """With `invoice_now` what was left pending is billed, and paid an hour later."""
    plan.world.advance(10 * DAY)
    plan.change(items=plan.to(quantity=3))
    ended = plan.api.delete(plan.path, invoice_now=True)
    plan.world.advance(HOUR)
    invoice = plan.api.get(f"/v1/invoices/{ended['latest_invoice']}")
    assert (invoice["total"], invoice["status"]) == (5000 - 1667, "paid")


@pytest.mark.parametrize("given", [{}, {"invoice_now": True}])
def test_a_cancellation_gives_nothing_back_unasked(plan: Plan, given: dict[str, Any]) -> None:
    """Without `prorate` there is no credit, and nothing to bill."""
    ended = plan.api.delete(plan.path, **given)
    assert (ended["latest_invoice"], plan.pending()) == (plan.made["latest_invoice"], [])


# --- the arithmetic, and the preview ------------------------------------------------------------


@given(
    amount=st.integers(-(10**9), 10**9), whole=st.integers(1, 366 * DAY), part=st.fractions(0, 1)
)
@example(amount=-10, whole=400, part=Fraction(3, 4))  # a credit of 2.5 is 3, as recorded
@example(amount=18, whole=400, part=Fraction(3, 4))  # a charge of 4.5 is 4
def test_a_share_is_exact_and_rounded_down(amount: int, whole: int, part: Fraction) -> None:
    """A share is the whole amount times the exact part of seconds, rounded towards less."""
    at = int(part * whole)
    share = Stretch(start=0, end=whole, at=at).share(amount)
    assert share == math.floor(Fraction(amount * (whole - at), whole))


PREVIEW = "/v1/invoices/create_preview"


def test_a_preview_is_no_invoice(plan: Plan) -> None:
    """A preview is a draft that nobody can find, tells nobody, and changes nothing."""
    before = plan.api.get(plan.path).data
    count = len(plan.api.get("/v1/events", limit=100)["data"])
    change = {"items": plan.to(quantity=3), "proration_behavior": "always_invoice"}
    made = plan.api.made(PREVIEW, subscription=plan.made["id"], subscription_details=change)
    assert made["id"].startswith("upcoming_in_")
    assert (made["status"], made["number"], made["total"]) == ("draft", None, 5000)
    assert plan.api.get(f"/v1/invoices/{made['id']}").status == 404
    assert plan.api.get(plan.path).data == before
    assert len(plan.api.get("/v1/events", limit=100)["data"]) == count


def test_a_preview_of_the_next_renewal(plan: Plan) -> None:
    """Without a change it is the next period's invoice, with what is pending and the balance."""
    plan.world.advance(15 * DAY)
    plan.change(items=plan.to(quantity=2))
    plan.api.made(f"/v1/customers/{plan.payer['id']}", balance=-1000)
    for named in ({"subscription": plan.made["id"]}, {"customer": plan.payer["id"]}):
        made = plan.api.made(PREVIEW, **named)
        assert [amount for amount, _ in lines(made)] == [-1250, 2500, 5000]
        assert (made["amount_due"], made["starting_balance"]) == (5250, -1000)
        assert made["period_end"] == plan.START + plan.WHOLE


def test_a_preview_of_a_new_subscription(plan: Plan) -> None:
    """Items of a customer are previewed as the first invoice, though there is no card yet."""
    customer = plan.api.made("/v1/customers")["id"]
    details = {"items": [{"price": plan.price["id"], "quantity": 2}]}
    made = plan.api.made(PREVIEW, customer=customer, subscription_details=details)
    assert (made["total"], made["billing_reason"]) == (5000, "subscription_create")
    assert plan.api.get("/v1/subscriptions", customer=customer)["data"] == []


def test_a_preview_of_a_cancellation(plan: Plan) -> None:
    """What cancelling now would bill is the credit for the rest."""
    plan.world.advance(15 * DAY)
    made = plan.api.made(PREVIEW, subscription=plan.made["id"], subscription_details={"cancel_now": True})  # fmt: skip
    assert lines(made) == [(-1250, "Unused time on Box after 16 Sep 2027")]
    assert plan.api.get(plan.path)["status"] == "active"


@pytest.mark.parametrize("details", [{"cancel_at_period_end": True}, {"cancel_now": True, "proration_behavior": "none"}])  # fmt: skip
def test_nothing_to_preview_is_404(plan: Plan, details: dict[str, Any]) -> None:
    """What ends without another invoice has none to show."""
    reply = plan.api.post(PREVIEW, subscription=plan.made["id"], subscription_details=details)
    assert (reply.status, reply.error["code"]) == (404, "invoice_upcoming_none")
    assert plan.api.get(plan.path)["status"] == "active"


PRICES = [(500, "month"), (2500, "month"), (9900, "month"), (25_000, "year"), (700, "week")]
CHANGE = st.fixed_dictionaries(
    {},
    optional={
        "price": st.integers(0, len(PRICES) - 1),
        "quantity": st.integers(1, 5),
        "add": st.integers(0, len(PRICES) - 1),
        "behavior": st.sampled_from(["create_prorations", "always_invoice", "none"]),
        "anchor": st.just("now"),
        "trial_end": st.sampled_from(["now", 9 * DAY, 50 * DAY]),
    },
)


def told(invoice: Any) -> dict[str, Any]:
    """What a preview and an invoice have to say alike."""
    rows = [
        (line["amount"], line["description"], line["quantity"], line["period"], line["pricing"])
        for line in invoice["lines"]["data"]
    ]
    names = ("total", "subtotal", "billing_reason", "starting_balance", "period_start", "period_end", "currency")  # fmt: skip
    return {"lines": rows} | {name: invoice[name] for name in names}


OFF: list[dict[str, Any]] = [
    {},
    {"percent_off": 33, "duration": "forever"},
    {"amount_off": 700, "currency": "usd", "duration": "repeating", "duration_in_months": 2},
    {"percent_off": 100, "duration": "once"},
]


@settings(
    max_examples=CHANGES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    trial=st.sampled_from([0, 0, 20]),
    off=st.sampled_from(OFF),
    steps=st.lists(st.tuples(st.integers(0, 40 * DAY), CHANGE), min_size=1, max_size=4),
)
def test_a_preview_is_what_then_happens(
    caller: type[Caller], trial: int, off: dict[str, Any], steps: list[tuple[int, dict[str, Any]]]
) -> None:
    """Whatever is changed whenever: what the preview said is billed, at once or at the renewal."""
    with Emulator(clock=lambda: Plan.START) as world:
        api = caller(world)
        prices = [api.price(amount, recurring={"interval": each})["id"] for amount, each in PRICES]
        payer = api.payer()["id"]
        more: dict[str, Any] = {"trial_period_days": trial} if trial else {}
        if off:
            more["discounts"] = [{"coupon": api.made("/v1/coupons", **off)["id"]}]
        made = api.made("/v1/subscriptions", customer=payer, items=[{"price": prices[1]}], **more)
        for passes, change in steps:
            if passes:
                world.advance(passes)
            preview_and_change(world, api, made["id"], asked(api, made["id"], prices, change))


def now_in(world: Emulator) -> int:
    """The time of a world."""
    with world.store.transaction(write=False):
        return int(world.now())


def asked(api: Caller, id_: str, prices: list[str], change: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a drawn change."""
    now = api.get(f"/v1/subscriptions/{id_}")
    rows = now["items"]["data"]
    used = {row["price"]["id"] for row in rows}
    first = {name: change[name] for name in ("quantity",) if name in change}
    if "price" in change and prices[change["price"]] not in used:
        first["price"] = prices[change["price"]]
    items = [{"id": rows[0]["id"], **first}] if first else []
    if "add" in change and prices[change["add"]] not in {*used, first.get("price")}:
        items.append({"price": prices[change["add"]]})
    names = {"behavior": "proration_behavior", "anchor": "billing_cycle_anchor"}
    given = {name: change[key] for key, name in names.items() if key in change}
    end = change.get("trial_end")
    if end == "now":
        given["trial_end"] = end
    elif end:
        given["trial_end"] = now_in(api.world) + end
    return given | ({"items": items} if items else {})


def preview_and_change(world: Emulator, api: Caller, id_: str, given: dict[str, Any]) -> None:
    """Preview a change, make it, and compare with the invoice it made, or the next one."""
    path = f"/v1/subscriptions/{id_}"
    events = api.get("/v1/events", limit=1).data
    foreseen = api.post("/v1/invoices/create_preview", subscription=id_, subscription_details=given)
    assert foreseen.status == 200, foreseen.data
    assert api.get("/v1/events", limit=1).data == events
    before = api.get(path)["latest_invoice"]
    after = api.made(path, **given, expand=["latest_invoice"])
    if after["latest_invoice"]["id"] == before:
        ends = [row["current_period_end"] for row in after["items"]["data"]]
        world.advance(min(ends) - now_in(api.world) + HOUR)
        after = api.get(path, expand=["latest_invoice"])
    assert told(after["latest_invoice"]) == told(foreseen.data)
