"""Where an ID is wanted, a person chooses by words; what was typed before narrows the choice."""

import asyncio
from collections.abc import Iterator
from typing import Any

import attrs
import pytest
from support import ACTIONS, nested

from stripe_emulator import Emulator
from stripe_emulator.server import serve
from stripe_plugin import Connection, Host, PermissionDenied, Resource, UsageError, hookimpl
from stripe_plugin.declare.label import label_of
from stripe_plugin.declare.row import reference_of
from stripe_plugin.host import choices
from stripe_plugin.host.choices import depends_on
from stripe_plugin.judge.table import Field


@attrs.frozen
class Desk:
    """A form's host, and an account that it asks over a socket."""

    host: Host
    connection: Connection

    def made(self, action: str, **inputs: Any) -> Any:
        """An object of this account."""
        return self.host.run(action, inputs, connection=self.connection).output

    def labels(self, action: str, row: Any, **more: Any) -> list[str]:
        """What can be chosen."""
        found = self.host.choices(action, row, connection=self.connection, **more)
        return [choice.label for choice in found.items]


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    """A shop with products, prices and two customers who have something."""
    with Emulator() as world, serve(world) as server, Host.load() as host:
        desk = Desk(host, Connection("sk_test_desk", base_url=server.url))
        premium = desk.made("create_product", name="Premium Plan")["id"]
        basic = desk.made("create_product", name="Basic")["id"]
        every = {"interval": "month"}
        price = {"nickname": "Pro", "product": premium}
        desk.made("create_price", currency="usd", unit_amount=99, product=basic)
        desk.made("create_price", currency="jpy", unit_amount=1000, product=basic)
        later = {"interval": "month", "interval_count": 3}
        desk.made("create_price", currency="kwd", unit_amount=5000, recurring=later, **price)
        plan = desk.made("create_price", currency="usd", unit_amount=1500, recurring=every, **price)
        old = desk.made("create_price", currency="usd", unit_amount=5, product=basic)
        desk.made("deactivate_price", price=old["id"])
        for name in ("Ann", "Bob"):
            who = desk.made("create_customer", name=name, email=f"{name.lower()}@example.com")
            sent = {"collection_method": "send_invoice", "days_until_due": 30}
            items = [{"price": plan["id"]}]
            desk.made("create_subscription", customer=who["id"], items=items, **sent)
            desk.made("create_payment_intent", amount=1000, currency="usd", customer=who["id"])
        yield desk


PRICES = [
    "15.00 USD / month · Pro · Premium Plan",
    "5.000 KWD / 3 months · Pro · Premium Plan",
    "1,000 JPY · Basic",
    "0.99 USD · Basic",
    "0.05 USD · Basic",
]


def test_prices_are_told_apart(desk: Desk) -> None:
    """By amount, interval, nickname and product, exact in each currency; archived ones last."""
    found = desk.host.choices("create_subscription", "Items › Price", connection=desk.connection)
    assert [choice.label for choice in found.items] == PRICES
    assert [choice.archived for choice in found.items] == [False] * 4 + [True]
    last = found.items[-1]
    assert last.value.startswith("price_")
    assert last.hint == f"{last.value} · archived"
    assert (found.cursor, found.note) == (None, None)


@pytest.mark.parametrize(
    ("action", "row", "labels"),
    [
        ("create_price", "Product", ["Basic", "Premium Plan"]),
        ("create_invoice", "Customer", ["Bob · bob@example.com", "Ann · ann@example.com"]),
        (
            "cancel_subscription",
            "Subscription ID",
            [
                "active · 15.00 USD / month · Bob · bob@example.com",
                "active · 15.00 USD / month · Ann · ann@example.com",
            ],
        ),
        ("retrieve_invoice", "Invoice ID", ["15.00 USD · draft"] * 2),
        ("refund_payment", "Payment Intent ID", ["10.00 USD · requires_payment_method"] * 2),
    ],
)
def test_objects_are_shown_by_what_a_person_knows(
    action: str, row: str, labels: list[str], desk: Desk
) -> None:
    """Each resource by its label, the newest first."""
    assert desk.labels(action, row) == labels


@pytest.mark.parametrize(
    "row",
    [
        "Line Items › Price",
        "line_items.price",
        ("line_items", 0, "price"),
        "Line Items › 1 › Price",
    ],
)
def test_a_row_inside_of_another_is_found(row: Any, desk: Desk) -> None:
    """By display keys, by names, or by the path of a problem."""
    assert desk.labels("create_checkout_session", row) == PRICES


def test_what_was_typed_before_narrows(desk: Desk) -> None:
    """A customer's invoices alone; what is empty, or no filter of the list, narrows nothing."""
    choose = desk.host.choices
    [bob, _] = choose("create_invoice", "Customer", connection=desk.connection).items
    [theirs, anns] = desk.labels("create_invoice_item", "Invoice")
    assert theirs == anns
    form = {"Customer": bob.value, "Description": "x", "Price": ""}
    of_bob = choose("create_invoice_item", "Invoice", given=form, connection=desk.connection)
    [invoice] = of_bob.items
    found = desk.made("retrieve_invoice", invoice=invoice.value)
    assert found["customer"] == bob.value
    [plan, *_] = choose("list_prices", "Product", connection=desk.connection).items
    prices = desk.labels("list_prices", "Starting After", given={"product": plan.value})
    assert prices == ["1,000 JPY · Basic", "0.99 USD · Basic", "0.05 USD · Basic"]


def test_words_are_searched(desk: Desk) -> None:
    """In any order and case, in the label; or how the ID begins."""
    assert desk.labels("create_invoice", "Customer", search="ANN") == ["Ann · ann@example.com"]
    items = "Items › Price"
    assert desk.labels("create_subscription", items, search="plan 15.00") == PRICES[:1]
    assert desk.labels("create_subscription", items, search="nothing") == []
    [first, *_] = desk.host.choices("create_price", "Product", connection=desk.connection).items
    assert desk.labels("create_price", "Product", search=first.value) == [first.label]


def test_pages_do_not_overlap(desk: Desk) -> None:
    """250 objects come once each, 50 at a time; a search goes over the ends of pages."""
    connection = attrs.evolve(desk.connection, account="acct_many")
    for number in range(250):
        desk.host.run("create_product", {"Name": f"Plan {number:03}"}, connection=connection)

    def read(search: str) -> list[list[str]]:
        pages: list[list[str]] = []
        cursor = None
        while not pages or cursor:
            found = desk.host.choices(
                "create_price", "Product", search=search, cursor=cursor, connection=connection
            )
            pages.append([choice.label for choice in found.items])
            cursor = found.cursor
        return pages

    whole = [f"Plan {number:03}" for number in reversed(range(250))]
    assert read("") == [whole[start : start + 50] for start in range(0, 250, 50)]
    found = [name for name in whole if "2" in name]
    assert read("2") == [found[:50], found[50:]]


def test_asyncio(desk: Desk) -> None:
    """The same for asyncio."""

    async def read() -> list[str]:
        async with Host.load() as host:
            found = await host.achoices("create_price", "Product", connection=desk.connection)
            return [choice.label for choice in found.items]

    assert asyncio.run(read()) == ["Basic", "Premium Plan"]


class NoProducts:
    """Stripe, as a restricted key without a permission meets it."""

    @hookimpl(wrapper=True)
    def run_action(self, action: Any) -> Any:
        """Refuses to list products."""
        if action.spec.id == "list_products":
            raise PermissionDenied(message="The key rk_test_… may not do this.")
        return (yield)


def test_a_missing_permission_is_named(desk: Desk) -> None:
    """Where the key may not list them, there is nothing to choose, and the form says why."""
    with Host.load() as host:
        host.register(NoProducts(), "test:no-products")
        found = host.choices("create_price", "Product", connection=desk.connection)
    assert found.items == ()
    assert found.note == (
        "The key lacks the permission Products: Read, so write the ID."
        " The key rk_test_… may not do this."
    )


@pytest.mark.parametrize(
    ("action", "row", "note"),
    [
        ("pay_invoice", "Payment Method", "Nothing lists the payment methods: write the ID."),
        (
            "list_checkout_session_line_items",
            "Starting After",
            "Choose the checkout session first.",
        ),
    ],
)
def test_where_nothing_can_be_listed_a_note_says_so(
    action: str, row: str, note: str, desk: Desk
) -> None:
    """No failed form: an empty choice, and what to do instead."""
    found = desk.host.choices(action, row, connection=desk.connection)
    assert (found.items, found.note) == ((), note)


NOTHING: list[tuple[str, str, dict[str, Any], str]] = [
    ("create_subscription", "Items › Price", {"search": "zzz"}, 'No price has the words "zzz".'),
    ("retrieve_coupon", "Coupon ID", {}, "There is no coupon yet."),
    ("retrieve_coupon", "Coupon ID", {"search": "  "}, "There is no coupon yet."),
    ("stripe_api_request", "Path", {"search": "zzz"}, 'No path has the words "zzz".'),
    ("stripe_api_request", "Method", {"search": "put"}, 'No method has the words "put".'),
    (
        "stripe_api_request",
        "Path",
        {"given": {"Method": "PUT"}},
        "No path of Stripe's API document takes this method.",
    ),
]


@pytest.mark.parametrize(("action", "row", "asked", "note"), NOTHING)
def test_a_note_says_why_there_is_nothing(
    action: str, row: str, asked: dict[str, Any], note: str, desk: Desk
) -> None:
    """Whatever was searched, narrowed, or is not there at all: an empty choice says which."""
    found = desk.host.choices(action, row, connection=desk.connection, **asked)
    assert (found.items, found.cursor, found.note) == ((), None, note)


def test_a_note_says_by_what_a_choice_was_narrowed_to_nothing(desk: Desk) -> None:
    """A customer without invoices has none to choose, which is not that there is none."""
    connection = attrs.evolve(desk.connection, account="acct_lonely")
    who = desk.host.run("create_customer", {}, connection=connection).output["id"]
    form = {"Customer": who, "Description": "x"}
    found = desk.host.choices("create_invoice_item", "Invoice", given=form, connection=connection)
    assert found.note == f'There is no invoice with the Customer "{who}" yet.'


@pytest.mark.parametrize(
    ("search", "note"),
    [
        ("basic", "Of more than 2, these were found so far."),
        ("zzz", "Of more than 2, none was found so far: write more, or the ID."),
    ],
)
def test_a_search_that_ended_early_says_so(
    search: str, note: str, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not all was looked at: what follows is behind the cursor."""
    monkeypatch.setattr(choices, "MOST_PAGES", 1)
    monkeypatch.setattr(choices, "PAGE", 2)
    found = desk.host.choices(
        "create_subscription", "Items › Price", search=search, connection=desk.connection
    )
    assert found.note == note
    assert found.cursor


def test_behind_the_last_page_there_is_nothing_to_say(desk: Desk) -> None:
    """Whoever has turned the pages to the end has chosen from what there is."""
    items = desk.host.choices("create_price", "Product", connection=desk.connection).items
    last = desk.host.choices(
        "create_price", "Product", cursor=items[-1].value, connection=desk.connection
    )
    assert (last.items, last.cursor, last.note) == ((), None, None)


@pytest.mark.parametrize(
    ("row", "more", "told"),
    [
        ("Prodct", {}, 'Create Price has no row "Prodct" (did you mean Product?)'),
        ("Recurring › Nope", {}, 'Create Price has no row "Nope"'),
        ("Currency", {}, "Create Price › Currency takes no ID: there is nothing to choose"),
        ("Product", {"limit": 0}, "limit must be from 1 to 100; got 0"),
        ("Product", {"given": "Currency=usd"}, "given is an object of inputs"),
    ],
)
def test_what_cannot_be_asked_is_refused(
    row: str, more: dict[str, Any], told: str, desk: Desk
) -> None:
    """By whom a page is made, before anything is sent."""
    with pytest.raises(UsageError) as caught:
        desk.host.choices("create_price", row, connection=desk.connection, **more)
    assert told in str(caught.value)


@pytest.mark.parametrize("name", ACTIONS)
def test_manifests_say_what_a_choice_hangs_on(name: str) -> None:
    """Every reference, at every depth, has its label's template and the rows that narrow it."""
    host = Host.load()
    spec = ACTIONS[name].spec
    references = list(_references(host.manifest(name)["inputs"]))
    assert len(references) == len([*filter(_refers, [*spec.rows, *nested(spec.rows)])])
    rows = {row.name for row in spec.rows}
    for reference in references:
        assert {*reference["depends_on"]} <= rows
        assert reference["label"]


def _refers(field: Field) -> bool:
    return reference_of(field) is not None


def _references(fields: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for field in fields:
        if "reference" in field:
            yield field["reference"]
        yield from _references(field.get("fields", []))


def test_a_choice_of_an_invoice_hangs_on_the_customer() -> None:
    """A row is named that narrows a choice."""
    rows = ACTIONS["create_invoice_item"].spec.rows
    invoice = next(row.reference for row in rows if row.key == "Invoice")
    assert invoice is not None
    assert depends_on(rows, invoice) == ["customer"]


CARD = {"card": {"brand": "visa", "last4": "4242", "exp_month": 7, "exp_year": 2027}}


@pytest.mark.parametrize(
    ("template", "found", "label"),
    [
        ("{name} · {email}", {"name": None, "email": "a@b.example"}, "a@b.example"),
        ("{name} · {email}", {"name": "", "email": None}, ""),
        ("{a|money}", {"a": 0, "currency": "usd"}, "0.00 USD"),
        ("{a|money}", {"a": 123456789, "currency": "usd"}, "1,234,567.89 USD"),
        ("{a|money}", {"a": "0.5", "currency": "usd"}, "0.005 USD"),
        ("{a|money}", {"a": None, "currency": "usd"}, ""),
        ("{a|money}", {"a": 5}, ""),
        ("{p|percent} off", {"p": 25.0}, "25 % off"),
        ("{p|percent} off · {d}", {"p": None, "d": "once"}, "once"),
        ("{items.data.0.id}", {"items": {"data": []}}, ""),
        (
            "{card.brand|title} ·· {card.last4} · {card.exp_month|two}/{card.exp_year|two}",
            CARD,
            "Visa ·· 4242 · 07/27",
        ),
    ],
)
def test_a_label_leaves_out_what_is_not_there(
    template: str, found: dict[str, Any], label: str
) -> None:
    """Part by part; values in the form that a person writes them in."""
    assert label_of(found, template) == label


@pytest.mark.parametrize("template", ["{name|shout}", "{Name}", "{name", "name"])
def test_a_template_that_says_nothing_is_refused(template: str) -> None:
    """Where a resource is declared."""
    with pytest.raises(UsageError, match="a label"):
        Resource("thing", label=template)
