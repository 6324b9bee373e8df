"""A recipe is several calls as one action: which, under which keys, and never one of them twice."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from driving import begun, drive
from support import ACTIONS, RECIPES, fewest, refusal
from terminal_support import Counted, Terminal, environment

from stripe_emulator import Answer
from stripe_emulator.server import serve
from stripe_flow import Step, run_step
from stripe_nodes.costs import Cost
from stripe_nodes.subscriptions import UpdateSubscription
from stripe_plugin import (
    Client,
    Host,
    IdempotencyConflict,
    InvalidInputs,
    InvalidRequest,
    Result,
    RunContext,
    UsageError,
)
from stripe_plugin.wire.reply import Reply

RUN = RunContext(run_id="order-17")
LINE = {"amount": 1000, "currency": "usd"}
Inputs = dict[str, Any]


class Interrupted(BaseException):
    """The end of a process, as far as this process can be ended."""


class Shop(Counted):
    """An emulator in which a run can be interrupted behind a request that was executed."""

    def __init__(self) -> None:
        super().__init__()
        self.last: int | None = None

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer as ever, or never."""
        answered = super().answer(method, target, headers, body)
        if len(self.asked) == self.last:
            self.last = None
            self.interrupt()
        return answered

    def interrupt(self) -> None:
        """Ends whoever asked."""
        raise Interrupted


@pytest.fixture
def shop() -> Shop:
    """A shop with nothing in it."""
    return Shop()


def run(shop: Shop, action: str, inputs: Inputs, context: RunContext | None = None) -> Result:
    """Runs an action there."""
    with Client(shop.connection()) as client:
        return client.run(ACTIONS[action].read(inputs), context)


def plan(shop: Shop, amount: int, interval: str = "month") -> str:
    """A price of so much for each of these periods."""
    inputs = {
        "Currency": "usd",
        "Unit Amount": amount,
        "Recurring": {"interval": interval},
        "Product Data": {"name": "Care"},
    }
    identity: str = run(shop, "create_price", inputs).output["id"]
    return identity


def subscribed(shop: Shop, *prices: str) -> str:
    """Somebody's subscription to some prices, who is sent invoices."""
    who = run(shop, "create_customer", {"Email": "a@b.example"}).output["id"]
    inputs = {
        "Customer": who,
        "Items": [{"price": price} for price in prices],
        "Collection Method": "send_invoice",
        "Days Until Due": 7,
    }
    identity: str = run(shop, "create_subscription", inputs).output["id"]
    return identity


def find(_: Shop) -> Inputs:
    """What Find or Create Customer is asked."""
    return {"Email": "new@b.example", "Name": "Ann"}


def change(shop: Shop) -> Inputs:
    """What Change Subscription Plan is asked."""
    inputs = {"Subscription ID": subscribed(shop, plan(shop, 500)), "Price": plan(shop, 900)}
    return {**inputs, "Proration Behavior": "always_invoice"}


def bill(shop: Shop) -> Inputs:
    """What Invoice a Customer is asked."""
    who = run(shop, "create_customer", {"Email": "c@b.example"}).output["id"]
    return {"Customer": who, "Items": [LINE, {**LINE, "amount": 250}], "Days Until Due": 30}


ASKED = {
    "find_or_create_customer": find,
    "change_subscription_plan": change,
    "invoice_a_customer": bill,
}
CALLS = {
    "find_or_create_customer": ["GET /v1/customers", "POST /v1/customers"],
    "change_subscription_plan": [
        "GET /v1/subscriptions/ID",
        "POST /v1/invoices/create_preview",
        "POST /v1/subscriptions/ID",
    ],
    "invoice_a_customer": [
        "POST /v1/invoiceitems",
        "POST /v1/invoiceitems",
        "POST /v1/invoices",
        "POST /v1/invoices/ID/finalize",
        "POST /v1/invoices/ID/send",
    ],
}
BEHIND = [(name, number + 1) for name, calls in CALLS.items() for number in range(len(calls))]


def without_ids(asked: str) -> str:
    """A request, with ID in the place of an ID and without its query."""
    path = asked.partition("?")[0]
    steps = ["ID" if step.startswith(("sub_", "in_")) else step for step in path.split("/")]
    return "/".join(steps)


def made(shop: Shop) -> dict[str, int]:
    """How much there is of each kind of object."""
    lists = ("list_customers", "list_invoices", "list_invoice_items", "list_subscriptions")
    return {name: len(run(shop, name, {"Limit": 100}).output["data"]) for name in lists}


def test_every_recipe_is_held_here() -> None:
    """Every action that makes several calls is in the tables above."""
    assert {*RECIPES} == ASKED.keys() == CALLS.keys()


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_makes_these_calls(name: str, shop: Shop) -> None:
    """The calls are the listed ones, in this order; each POST has a key of its own."""
    inputs = ASKED[name](shop)
    before = len(shop.asked)
    run(shop, name, inputs)
    assert [without_ids(asked) for asked in shop.asked[before:]] == CALLS[name]


@pytest.mark.parametrize(("name", "calls"), BEHIND)
def test_an_interrupted_recipe_does_nothing_twice(name: str, calls: int, shop: Shop) -> None:
    """Ended behind any of its calls and run again under its name, it comes to the same."""
    undisturbed = Shop()
    inputs = ASKED[name](undisturbed)
    expected = run(undisturbed, name, inputs, RUN).output
    inputs = ASKED[name](shop)
    shop.last = len(shop.asked) + calls
    with pytest.raises(Interrupted):
        run(shop, name, inputs, RUN)
    found = run(shop, name, inputs, RUN).output
    assert made(shop) == made(undisturbed)
    for field in ("object", "status", "total", "email"):
        assert found.get(field) == expected.get(field)


def test_a_host_and_a_client_use_the_same_keys(shop: Shop) -> None:
    """A run that one of them has done is only replayed by the other."""
    inputs = bill(shop)
    first = run(shop, "invoice_a_customer", inputs, RUN)
    with Host.load() as host:
        again = host.run("invoice_a_customer", inputs, connection=shop.connection(), context=RUN)
    assert (first.replayed, again.replayed) == (False, True)
    assert again.output["id"] == first.output["id"]
    assert made(shop)["list_invoices"] == 1


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("calls", range(1, 6))
def test_a_recipe_under_one_name_takes_no_other_lines(calls: int, number: int, shop: Shop) -> None:
    """One line less or more, wherever it was interrupted: nothing is made, and nothing replayed."""
    inputs = bill(shop)
    shop.last = len(shop.asked) + calls
    with pytest.raises(Interrupted):
        run(shop, "invoice_a_customer", inputs, RUN)
    before = made(shop)
    others = [*inputs["Items"], LINE][:number]
    with pytest.raises(IdempotencyConflict, match="before with other inputs"):
        run(shop, "invoice_a_customer", {**inputs, "Items": others}, RUN)
    assert made(shop) == before


CHILD = """
import sys, json
from stripe_plugin import Connection, Host, RunContext
url, inputs = sys.argv[1], json.loads(sys.argv[2])
connection = Connection("sk_test_recipes", base_url=url)
with Host.load() as host:
    context = RunContext(run_id="order-17")
    host.run("invoice_a_customer", inputs, connection=connection, context=context)
"""


class Deadly(Shop):
    """An emulator that kills whoever asks when so many requests were executed."""

    victim: subprocess.Popen[bytes] | None = None

    def __init__(self) -> None:
        super().__init__()
        self.armed = threading.Event()

    def interrupt(self) -> None:
        """Waits until there is somebody to kill; the answer then goes to nobody."""
        assert self.armed.wait(60)
        assert self.victim
        os.kill(self.victim.pid, signal.SIGKILL)
        self.victim.wait()


def test_a_process_that_is_killed_between_two_calls_does_nothing_twice(tmp_path: Path) -> None:
    """SIGKILL behind the draft of an invoice; another process makes it final, of the same lines."""
    with Deadly() as world, serve(world) as server:
        inputs = bill(world)
        world.last = len(world.asked) + 3
        command = [sys.executable, "-c", CHILD, server.url, json.dumps(inputs)]
        with subprocess.Popen(command, env=environment(tmp_path)) as world.victim:
            world.armed.set()
            assert world.victim.wait(60) == -signal.SIGKILL
        assert made(world)["list_invoices"] == 1
        subprocess.run(command, env=environment(tmp_path), check=True, timeout=60)
        [invoice] = run(world, "list_invoices", {}).output["data"]
        assert (invoice["status"], invoice["total"]) == ("open", 1250)
        assert made(world)["list_invoice_items"] == 2


# --- each of them ---------------------------------------------------------------------------------


def test_a_customer_who_is_there_is_found(shop: Shop) -> None:
    """Nobody is created twice, and what is given for a new one changes nothing."""
    first = run(shop, "find_or_create_customer", {"Email": "a@b.example", "Name": "Ann"})
    again = run(shop, "find_or_create_customer", {"Email": "a@b.example", "Name": "Bob"})
    assert (first.note, again.note) == (
        "There was none, so it was created.",
        "It was there already.",
    )
    assert again.output == first.output


def test_what_a_recipe_made_is_found_by_the_same_run(shop: Shop) -> None:
    """Run again under its name it looks anew: nothing is made, so nothing had to be replayed."""
    context = RunContext(run_id="order-1", step="buyer")
    inputs = {"Email": "again@b.example"}
    first = run(shop, "find_or_create_customer", inputs, context)
    again = run(shop, "find_or_create_customer", inputs, context)
    assert again.output == first.output
    assert (again.note, again.replayed) == ("It was there already.", False)
    assert made(shop)["list_customers"] == 1


def test_a_plan_is_changed_where_it_is(shop: Shop) -> None:
    """Its one item has the new price; with Preview Only nothing changes, and the note says what."""
    price = plan(shop, 900)
    inputs: Inputs = {"Subscription ID": subscribed(shop, plan(shop, 500)), "Price": price}
    inputs["Proration Behavior"] = "none"  # else the cost hangs on how many seconds have passed
    seen = run(shop, "change_subscription_plan", {**inputs, "Preview Only": True})
    assert re.fullmatch(
        "Nothing was changed. Nothing would be invoiced at once; the next invoice, on "
        "[0-9]{4}-[0-9]{2}-[0-9]{2}, would be of 9.00 USD.",
        seen.note or "",
    )
    [item] = seen.output["items"]["data"]
    assert item["price"]["unit_amount"] == 500
    done = run(shop, "change_subscription_plan", {**inputs, "Quantity": 2})
    [changed] = done.output["items"]["data"]
    assert (changed["id"], changed["price"]["id"], changed["quantity"]) == (item["id"], price, 2)
    assert re.search("Nothing was invoiced at once; .* is of 18.00 USD.", done.note or "")


def test_what_is_invoiced_at_once_is_told_apart(shop: Shop) -> None:
    """A year in place of a month is billed with the change: the note says so, and what of."""
    monthly, yearly = plan(shop, 1500), plan(shop, 15000, "year")
    subscription = subscribed(shop, monthly)
    coupon = run(shop, "create_coupon", {"Percent Off": 20, "Duration": "forever"}).output["id"]
    discounts = {"Subscription ID": subscription, "Price": yearly}
    changed = UpdateSubscription(
        subscription_exposed_id=subscription, extra={"discounts": [{"coupon": coupon}]}
    )
    with Client(shop.connection()) as client:
        client.run(changed)
    seen = run(shop, "change_subscription_plan", {**discounts, "Preview Only": True})
    parts = r"[0-9.]+ USD \(150.00 USD − [0-9.]+ USD discount − [0-9.]+ USD unused time\)"
    told = f"Nothing was changed. {parts} would be invoiced at once; the next invoice would follow"
    assert re.match(told, seen.note or "")
    done = run(shop, "change_subscription_plan", discounts)
    invoice = done.output["latest_invoice"]
    later = "the next invoice follows on [0-9-]+."
    told = f"Invoiced at once, as {invoice}: by the preview {parts}; {later}"
    assert re.fullmatch(told, done.note or "")
    [made, *_] = run(shop, "list_invoices", {}).output["data"]
    assert (made["id"], made["billing_reason"]) == (invoice, "subscription_update")


LINE_OF = {"period": {"end": 2_000_000_000}, "parent": None}
PREVIEWS = [
    ("one line", {"amount_due": 900, "total": 900}, [900], [], "9.00 USD"),
    ("tax", {"amount_due": 1000, "total": 1000}, [900], [], "10.00 USD (9.00 USD + 1.00 USD tax)"),
    (
        "credit",
        {"amount_due": 400, "total": 900},
        [900],
        [],
        "4.00 USD (9.00 USD − 5.00 USD from the customer's balance)",
    ),
    (
        "less than nothing",
        {"amount_due": 0, "total": -100},
        [900],
        [-1000],
        "0.00 USD (9.00 USD − 10.00 USD unused time + 1.00 USD to the customer's balance)",
    ),
]


@pytest.mark.parametrize(
    ("_", "figures", "whole", "parts", "words"), PREVIEWS, ids=[row[0] for row in PREVIEWS]
)
def test_what_a_cost_consists_of(
    _: str, figures: Inputs, whole: list[int], parts: list[int], words: str
) -> None:
    """The parts of an amount are the figures of the preview, and add up to it."""
    part = {"subscription_item_details": {"proration": True}}
    lines: list[Inputs] = [{**LINE_OF, "amount": amount} for amount in whole]
    lines += [{**LINE_OF, "amount": amount, "parent": part} for amount in parts]
    known = {"currency": "usd", "created": 0, "total_discount_amounts": None, **figures}
    preview = {**known, "lines": {"data": lines, "has_more": False}}
    assert Cost(preview, {}).amount == words
    more = {**known, "lines": {"data": lines, "has_more": True}}
    assert Cost(more, {}).amount == words.partition(" (")[0]


def test_of_several_items_one_is_named(shop: Shop) -> None:
    """A subscription with two items tells which there are, before anything is changed."""
    subscription = subscribed(shop, plan(shop, 500), plan(shop, 700))
    inputs = {"Subscription ID": subscription, "Price": plan(shop, 900)}
    with pytest.raises(InvalidInputs, match="Item ID must be one of those that") as caught:
        run(shop, "change_subscription_plan", inputs)
    [problem] = caught.value.problems_at
    identity = problem.text.removesuffix(".").split()[-1]
    done = run(shop, "change_subscription_plan", {**inputs, "Item ID": identity})
    prices = {item["id"]: item["price"]["id"] for item in done.output["items"]["data"]}
    assert prices[identity] == inputs["Price"]


def test_a_subscription_ends_with_its_period(shop: Shop) -> None:
    """It stays active until then."""
    inputs = {"Subscription ID": subscribed(shop, plan(shop, 500))}
    ended = run(shop, "cancel_subscription_at_period_end", inputs).output
    assert (ended["status"], ended["cancel_at_period_end"]) == ("active", True)


def test_an_invoice_reaches_its_customer(shop: Shop) -> None:
    """It is open, of all lines and what waited, due in so many days."""
    inputs = bill(shop)
    waiting = {"Customer": inputs["Customer"], "Amount": 7, "Currency": "usd"}
    run(shop, "create_invoice_item", waiting)
    invoice = run(shop, "invoice_a_customer", inputs).output
    assert (invoice["status"], invoice["total"]) == ("open", 1257)
    assert invoice["collection_method"] == "send_invoice"


REFUSED = [
    (
        "invoice_a_customer",
        lambda shop: {**bill(shop), "Items": [LINE, {"price": "price_gone"}]},
        "Items › 2 › Price",
        True,
    ),
    ("invoice_a_customer", lambda shop: {**bill(shop), "Customer": "cus_x"}, "Customer", False),
    (
        "change_subscription_plan",
        lambda shop: {**change(shop), "Price": "price_gone"},
        "Price",
        False,
    ),
    (
        "change_subscription_plan",
        lambda shop: {**change(shop), "Subscription ID": "sub_gone"},
        "Subscription ID",
        False,
    ),
]


@pytest.mark.parametrize(("name", "asked", "place", "begun"), REFUSED)
def test_a_refused_call_is_told_at_the_recipes_row(
    name: str, asked: Any, place: str, *, begun: bool, shop: Shop
) -> None:
    """Whatever the call names it; and whether something was done before."""
    with pytest.raises(InvalidRequest) as caught:
        run(shop, name, asked(shop), RUN)
    assert (caught.value.place, caught.value.action) == (place, name)
    assert caught.value.outcome_unknown is begun
    assert ("What comes before that in the recipe was done." in str(caught.value)) is begun


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("option", ["extra", "expand"])
def test_options_of_one_request_are_refused(name: str, option: str) -> None:
    """Extra and Expand would be of one of its calls: nobody can know which."""
    given: Any = {"extra": {"extra": {"a": 1}}, "expand": {"expand": ["customer"]}}[option]
    with pytest.raises(InvalidInputs, match="is for actions of one request"):
        ACTIONS[name].read(fewest(name), **given)


@pytest.mark.parametrize("name", RECIPES)
def test_an_answer_that_lacks_something_is_told(name: str) -> None:
    """Without what it goes on from a recipe fails in words, and says if something was done."""
    driven = drive(begun(ACTIONS[name].read(fewest(name))), Reply(200, {}, b"{}"))
    error = driven.failure
    assert (error.action, error.code) == (name, "no_answer")
    assert "has not all that goes on from there" in error.message
    wrote = any(sent.request.method == "POST" for sent in driven.attempts)
    assert error.outcome_unknown is wrote
    assert ("was done" in error.message) is wrote


def test_a_line_of_an_invoice_is_judged_before_anything_is_sent() -> None:
    """A line that is neither a price nor an amount is refused at its place."""
    inputs = {**fewest("invoice_a_customer"), "Items": [{"description": "x"}]}
    assert list(refusal("invoice_a_customer", inputs)) == ["Items"]
    unknown = {**fewest("invoice_a_customer"), "Items": [{**LINE, "amonut": 5}]}
    assert list(refusal("invoice_a_customer", unknown)) == ["Items"]


def test_recipes_are_listed_last_and_marked() -> None:
    """A builder knows them by the catalog and by their manifest."""
    with Host.load() as host:
        catalog = host.catalog()
        marked = [entry["id"] for entry in catalog if entry["recipe"]]
        assert [entry["id"] for entry in catalog][-len(marked) :] == marked
        assert {*marked} >= {*RECIPES}
        assert all(host.manifest(name)["recipe"] for name in marked)


def test_a_terminal_marks_recipes(tmp_path: Path) -> None:
    """`list` says of each that it is one, and of nothing else."""
    listed = Terminal(tmp_path)("list").stdout
    with Host.load() as host:
        marked = [entry for entry in host.catalog() if entry["recipe"]]
    assert listed.count("Recipe. ") == len(marked)


# --- as a step of a flow --------------------------------------------------------------------------


def stepping(shop: Shop, kept: dict[str, str], name: str, inputs: Inputs) -> Result:
    """Runs a recipe as a step that is kept here."""

    def keep(place: str, compute: Callable[[], Any]) -> Any:
        if place not in kept:
            kept[place] = json.dumps(compute())
        return json.loads(kept[place])

    with Host.load() as host:
        step = Step("bill", name, inputs)
        return run_step(keep, host, step, connection=shop.connection(), run_id="order-17")


def test_a_step_that_did_nothing_takes_other_inputs(shop: Shop) -> None:
    """Refused at its first call, a recipe can be given right inputs under the same name."""
    kept: dict[str, str] = {}
    inputs = bill(shop)
    with pytest.raises(InvalidRequest):
        stepping(shop, kept, "invoice_a_customer", {**inputs, "Customer": "cus_gone"})
    done = stepping(shop, kept, "invoice_a_customer", inputs)
    assert done.output["status"] == "open"
    assert stepping(shop, kept, "invoice_a_customer", inputs).replayed
    assert made(shop)["list_invoice_items"] == 2


def test_a_step_goes_on_when_what_was_refused_is_right(shop: Shop) -> None:
    """Stripe repeats a refusal under its key: the call has another then, and what was done none."""
    kept: dict[str, str] = {}
    inputs = bill(shop)
    who = {"Customer ID": inputs["Customer"]}
    run(shop, "update_customer", {**who, "Email": "@clear"})
    for _ in range(3):
        with pytest.raises(InvalidRequest, match="Missing email"):
            stepping(shop, kept, "invoice_a_customer", inputs)
    run(shop, "update_customer", {**who, "Email": "d@b.example"})
    done = stepping(shop, kept, "invoice_a_customer", inputs)
    assert (done.output["status"], done.output["total"]) == ("open", 1250)
    assert stepping(shop, kept, "invoice_a_customer", inputs).output["id"] == done.output["id"]
    assert (made(shop)["list_invoice_items"], made(shop)["list_invoices"]) == (2, 1)


def test_a_step_that_did_a_part_keeps_its_inputs(shop: Shop) -> None:
    """Refused behind a call that was executed, other inputs would do that once more."""
    kept: dict[str, str] = {}
    inputs = bill(shop)
    wrong = {**inputs, "Items": [LINE, {"price": "price_gone"}]}
    with pytest.raises(InvalidRequest, match="What comes before that"):
        stepping(shop, kept, "invoice_a_customer", wrong)
    with pytest.raises(UsageError, match="may have been executed in this run with other inputs"):
        stepping(shop, kept, "invoice_a_customer", inputs)
    assert made(shop)["list_invoice_items"] == 1
