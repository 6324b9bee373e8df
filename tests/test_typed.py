"""What people type, and what they read: nothing empty is sent, and reasons are the reason."""

import json
import pickle
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import ACTIONS, company, completed, described, fewest, made, refusal, right
from test_actions import declare

from stripe_nodes import rows
from stripe_nodes.resources import CHECKOUT_SESSION, INVOICE, PRODUCT
from stripe_plugin import CLEAR, Client, Connection, InvalidInputs, Resource, rule
from stripe_plugin.errors import InvalidRequest
from stripe_plugin.judge.table import Field

Inputs = Mapping[str, Any]
EMPTY: tuple[Any, ...] = ("", None, {}, [], " ", "\n", [""], {"a": ""}, [[], {"b": [None]}])


def sent(name: str, inputs: Inputs, extra: Inputs | None = None) -> dict[str, str]:
    """The pairs that an action sends."""
    return dict(ACTIONS[name].read(inputs, extra=extra or {}).request().params)


# --- empty is not given, at every depth -----------------------------------------------------------

_PLAN = fewest("create_subscription")
_SHIRT = {"currency": "usd", "unit_amount": 2000, "product_data": {"name": "T-shirt"}}
_SOLD = {**fewest("create_checkout_session"), "Line Items": [{"price_data": _SHIRT}]}


def sold(**data: Any) -> dict[str, Any]:
    """A session that sells a shirt, of whose product this is known, too."""
    product = {"name": "T-shirt", **data}
    return {**_SOLD, "Line Items": [{"price_data": {**_SHIRT, "product_data": product}}]}


_ITEMS = _PLAN["Items"]
_SUBSCRIBED = {**_SOLD, "Mode": "subscription"}
_KEPT = {"ID": "cs_1", "Shipping Options": [{"shipping_rate": "shr_1"}]}
BOXES: list[tuple[str, Inputs, Inputs]] = [
    ("create_checkout_session", sold(description=""), sold()),
    ("create_checkout_session", sold(tax_code=" "), sold()),
    ("create_checkout_session", sold(images=["", None]), sold()),
    ("create_checkout_session", {**_SOLD, "Payment Method Types": [""]}, _SOLD),
    (
        "create_product",
        {"Name": "P", "Images": ["https://a.example/1", ""]},
        {"Name": "P", "Images": ["https://a.example/1"]},
    ),
    ("create_product", {"Name": "P", "Images": '[""]'}, {"Name": "P"}),
    ("create_subscription", {**_PLAN, "Items": [{**_ITEMS[0], "tax_rates": [""]}]}, _PLAN),
    (
        "create_subscription",
        {**_PLAN, "Items": [{**_ITEMS[0], "discounts": [{"coupon": ""}]}]},
        _PLAN,
    ),
    ("create_subscription", {**_PLAN, "Items": [{}, *_ITEMS, {"price": ""}]}, _PLAN),
    (
        "create_checkout_session",
        {
            **_SUBSCRIBED,
            "Subscription Data": {
                "trial_settings": {"end_behavior": {"missing_payment_method": ""}}
            },
        },
        _SUBSCRIBED,
    ),
    (
        "update_checkout_session",
        {
            "ID": "cs_1",
            "Shipping Options": [
                {"shipping_rate": "shr_1", "shipping_rate_data": {"tax_code": ""}}
            ],
        },
        _KEPT,
    ),
    (
        "create_price",
        {**fewest("create_price"), "Recurring": {"interval": ""}},
        fewest("create_price"),
    ),
    (
        "create_price",
        {**fewest("create_price"), "Recurring": '{"interval": ""}'},
        fewest("create_price"),
    ),
    ("create_customer", {"Metadata": {"a": "", "b": "c"}}, {"Metadata": {"b": "c"}}),
]


@pytest.mark.parametrize(("name", "typed", "meant"), BOXES)
def test_an_empty_box_is_not_sent(name: str, typed: Inputs, meant: Inputs) -> None:
    """What a form leaves empty inside of a row is as if it were not there."""
    assert made(name, typed) == made(name, meant)
    assert "" not in sent(name, typed).values()


def emptied(value: Any, empties: Iterator[Any]) -> Any:
    """`value` with something empty beside everything in it."""
    if isinstance(value, dict):
        more = {key: emptied(item, empties) for key, item in value.items()}
        return {**more, "metadata": next(empties)} if "metadata" not in value else more
    if isinstance(value, list):
        return [next(empties), *[emptied(item, empties) for item in value], next(empties)]
    return value


@settings(max_examples=10)
@given(data=st.data())
@pytest.mark.parametrize("name", ACTIONS)
def test_nothing_empty_leaves(name: str, data: st.DataObject) -> None:
    """Whatever empties stand in a row, between items, in new keys or extras, no pair is empty."""
    draw = st.sampled_from(EMPTY)
    inputs = right(name)
    for row in ACTIONS[name].spec.rows:
        if isinstance(inputs.get(row.key), list | dict):
            inputs[row.key] = emptied(inputs[row.key], iter(lambda: data.draw(draw), object()))
        elif row.key not in inputs:
            inputs[row.key] = data.draw(draw)
    extra = {"some_parameter": data.draw(draw)}
    one = ACTIONS[name].read(inputs, extra=extra)
    assert one == made(name)
    assert "" not in dict(one.request().params).values()


@pytest.mark.parametrize("empty", EMPTY)
def test_what_holds_only_empties_is_missing_where_it_must_be_given(empty: Any) -> None:
    """A required row or key of which only empties are given is missing."""
    wrong = refusal("create_subscription", {"Customer": "cus_1", "Items": empty})
    assert wrong == {"Items": ["Items is required."]}
    wrong = refusal(
        "create_price",
        {**fewest("create_price"), "Recurring": {"interval": empty, "interval_count": 1}},
    )
    assert wrong == {"Recurring": ["Recurring › Interval is required."]}


@pytest.mark.parametrize("empty", EMPTY)
def test_an_empty_extra_counts_in_no_rule(empty: Any) -> None:
    """An extra parameter that is empty is neither sent nor given together with a row."""
    inputs = {**_PLAN, "Cancel at Period End": True}
    assert refusal("create_subscription", inputs, {"cancel_at": empty}) == {}
    assert "cancel_at" not in sent("create_subscription", inputs, {"cancel_at": empty})
    one = ACTIONS["create_checkout_session"].read(_SOLD, extra={"client_reference_id": empty})
    assert one.extra == {}


def test_a_place_is_counted_as_it_was_typed() -> None:
    """An item behind an empty one keeps its number, in sentences and in paths."""
    items = ["", {"price": "price_1", "quantity": "two"}, None, {"price": ["x"]}]
    for typed in (items, json.dumps(items)):
        with pytest.raises(InvalidInputs) as caught:
            made("create_subscription", {"Customer": "cus_1", "Items": typed})
        places = [problem.path for problem in caught.value.problems_at]
        assert places == [("items", 1, "quantity"), ("items", 3, "price")]
        assert "Items › 2 › Quantity must be" in caught.value.problems["Items"][0]


def test_what_stripe_refuses_is_counted_as_it_was_typed() -> None:
    """An item that Stripe refuses is pointed at where it was typed, not where it was sent."""
    lines = [{}, {"price": "price_lost", "quantity": 1}]
    urls = {"Success URL": "https://a.example", "Cancel URL": "https://a.example"}
    one = made("create_checkout_session", {"Mode": "payment", "Line Items": lines, **urls})
    with Client(Connection.emulator()) as client, pytest.raises(InvalidRequest) as caught:
        client.run(one)
    assert caught.value.param == "line_items[0][price]"
    assert caught.value.path == ("line_items", 1, "price")
    assert caught.value.place == "Line Items › 2 › Price"


def test_a_list_without_its_empties_is_a_list() -> None:
    """What is left of a list can be compared, copied and read again."""
    one: Any = made("create_product", {"Name": "P", "Images": ["", "https://a.example"]})
    assert one.images == ["https://a.example"]
    again = pickle.loads(pickle.dumps(one))  # noqa: S301 - our own
    assert again == one == made("create_product", one.inputs())


# --- unset on purpose -----------------------------------------------------------------------------

UNSET: list[tuple[str, str, str, str]] = [
    ("update_subscription", "Default Payment Method", "default_payment_method", rows.RECORDED),
    ("update_customer", "Email", "email", rows.STAFF),
    ("update_customer", "Name", "name", rows.STAFF),
    ("update_customer", "Phone", "phone", rows.STAFF),
    ("create_customer", "Name", "name", rows.RECORDED),
    ("create_customer", "Description", "description", rows.RECORDED),
    ("update_price", "Lookup Key", "lookup_key", rows.RECORDED),
    ("update_price", "Nickname", "nickname", rows.LIBRARY),
    ("update_invoice", "Description", "description", rows.LIBRARY),
    ("update_payment_intent", "Description", "description", rows.LIBRARY),
]


@pytest.mark.parametrize(("name", "key", "parameter", "witness"), UNSET)
def test_what_stripe_unsets_is_unset(name: str, key: str, parameter: str, witness: str) -> None:
    """A row that Stripe unsets is sent empty for CLEAR and @clear, and names who says so."""
    assert ACTIONS[name].spec.fields[key].clearable == witness
    for clear in (CLEAR, "@clear", " @clear\n"):
        assert sent(name, company(name, key, clear))[parameter] == ""
    assert described(name)["inputs"][0]["clearable"] in (True, False)


def test_the_witnesses_beside_the_document_are_these() -> None:
    """A row that can be unset without Stripe's document saying so is one of the listed ones."""
    found = {
        (name, row.key): row.clearable
        for name, action in ACTIONS.items()
        for row in action.spec.rows
        if isinstance(row.clearable, str)
    }
    assert found == {(name, key): witness for name, key, _, witness in UNSET}


CLEARED_INSIDE: list[tuple[str, Inputs, dict[str, str]]] = [
    (
        "update_subscription",
        {
            "Subscription ID": "sub_1",
            "Items": [{"id": "si_1", "tax_rates": "@clear", "metadata": CLEAR}],
        },
        {"items[0][id]": "si_1", "items[0][tax_rates]": "", "items[0][metadata]": ""},
    ),
    (
        "update_checkout_session",
        {"ID": "cs_1", "Line Items": [{"id": "li_1", "tax_rates": "@clear"}]},
        {"line_items[0][id]": "li_1", "line_items[0][tax_rates]": ""},
    ),
    (
        "update_customer",
        {"Customer ID": "cus_1", "Address": '{"line2": "@clear"}'},
        {"address[line2]": ""},
    ),
    ("update_customer", {"Customer ID": "cus_1", "Metadata": {"a": "@clear"}}, {"metadata[a]": ""}),
]


@pytest.mark.parametrize(("name", "inputs", "pairs"), CLEARED_INSIDE)
def test_a_key_is_unset_inside_of_a_row(name: str, inputs: Inputs, pairs: dict[str, str]) -> None:
    """Where a key inside of a row can be unset, @clear sends it empty."""
    found = sent(name, inputs)
    assert {key: found.get(key) for key in pairs} == pairs


CLEAR_REFUSED: list[tuple[str, Inputs, str]] = [
    (
        "create_checkout_session",
        {**_SOLD, "Line Items": [{"price": "@clear"}]},
        "Line Items › 1 › Price",
    ),
    (
        "create_product",
        {"Name": "P", "Images": ["x", "@clear"]},
        "Images › 2 cannot be unset alone",
    ),
    (
        "create_price",
        {**fewest("create_price"), "Recurring": {"interval": "@clear"}},
        "Recurring › Interval cannot be unset",
    ),
]


@pytest.mark.parametrize(("name", "inputs", "words"), CLEAR_REFUSED)
def test_a_key_that_cannot_be_unset_is_refused(name: str, inputs: Inputs, words: str) -> None:
    """@clear that unsets nothing is a problem at its place, never a text that is sent."""
    said = [sentence for each in refusal(name, inputs).values() for sentence in each]
    assert any(words in sentence for sentence in said)
    assert not any("at Stripe" in sentence for sentence in said)


def test_clear_is_never_sent_as_text() -> None:
    """Where no table knows the keys, @clear sends them empty, also among the extras."""
    anchor = {"day_of_month": 5, "hour": "@clear"}
    inputs = {**_SUBSCRIBED, "Subscription Data": {"billing_cycle_anchor_config": anchor}}
    pairs = sent("create_checkout_session", inputs, {"custom_text": {"submit": "@clear"}})
    assert pairs["subscription_data[billing_cycle_anchor_config][hour]"] == ""
    assert pairs["custom_text[submit]"] == ""


PLACES: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    ("update_customer", "customer", {"name": "x", "email": "a@b.example", "phone": "1"}, {}),
    ("update_price", "price", {"lookup_key": "k", "nickname": "n"}, {}),
    ("update_invoice", "invoice", {"description": "d"}, {}),
    ("update_payment_intent", "intent", {"description": "d"}, {}),
    (
        "update_subscription",
        "subscription_exposed_id",
        {"description": "d"},
        {"default_payment_method": None},
    ),
]


@pytest.fixture(scope="module")
def objects() -> Iterator[tuple[Client, dict[str, str]]]:
    """A client of an emulator that has one object of each kind, and their IDs by path variable."""
    with Client(Connection.emulator()) as client:

        def create(action: str, **inputs: Any) -> str:
            identity: str = client.run(ACTIONS[action](**inputs)).output["id"]
            return identity

        customer = create("create_customer", name=CLEAR, description=CLEAR)
        product = create("create_product", name="P")
        plan: dict[str, Any] = {"currency": "usd", "recurring": {"interval": "month"}}
        price = create("create_price", product=product, unit_amount="5.00 USD", **plan)
        items = [{"price": price, "tax_rates": CLEAR, "billing_thresholds": CLEAR}]
        due: dict[str, Any] = {"collection_method": "send_invoice", "days_until_due": 5}
        yield (
            client,
            {
                "customer": customer,
                "price": price,
                "invoice": create("create_invoice", customer=customer),
                "intent": create("create_payment_intent", amount=100, currency="usd"),
                "subscription_exposed_id": create(
                    "create_subscription", customer=customer, items=items, **due
                ),
            },
        )


@pytest.mark.parametrize(("name", "variable", "before", "unset"), PLACES)
def test_the_emulator_unsets_what_can_be_unset(
    name: str, variable: str, before: Inputs, unset: Inputs, objects: Any
) -> None:
    """In the emulator, what was unset is null afterwards."""
    client, identities = objects
    cls, place = ACTIONS[name], {variable: identities[variable]}
    filled = client.run(cls(**place, **before)).output
    assert {key: filled[key] for key in before} == before
    cleared = dict.fromkeys([*before, *unset], CLEAR)
    gone = client.run(cls(**place, **cleared)).output
    assert {key: gone[key] for key in cleared} == dict.fromkeys(cleared)


# --- reasons that are the reason ------------------------------------------------------------------

_PRICED = fewest("create_price")
_DEEP = '{"a": ' * 21 + "1" + "}" * 21
REASONS: list[tuple[str, str, Any, str]] = [
    (
        "create_product",
        "Metadata",
        '{"a": "\\ud800"}',
        "Metadata › a holds a character that cannot",
    ),
    (
        "create_product",
        "Metadata",
        '{"a": 1e400}',
        "Metadata › a is too large: a number has at most 18 digits; got 1E+400",
    ),
    ("create_product", "Metadata", '{"a": NaN}', "Metadata › a must be a finite number; got NaN"),
    ("create_product", "Metadata", '{"a": 1' + "0" * 5000 + "}", "at most 18 digits"),
    ("create_product", "Metadata", _DEEP, "is nested too deeply, in more than 20 levels"),
    ("create_product", "Metadata", "[" * 100_000, "is nested too deeply"),
    ("create_product", "Metadata", "{", "got text that is not JSON"),
    ("create_product", "Metadata", {"a": b"x"}, "Metadata › a must be text, a number"),
    (
        "create_product",
        "Metadata",
        {"ok": "x", "k" * 41: "v"},
        "kkk is too long a key: at most 40 characters; got 41",
    ),
    (
        "create_product",
        "Metadata",
        {"note": "v" * 501},
        "Metadata › note must be at most 500 characters",
    ),
    ("create_price", "Unit Amount", 12.5, "in cents: 1250 for 12.50"),
    ("create_price", "Unit Amount", Decimal("15.00"), "in cents: 1250 for 12.50"),
    ("create_price", "Unit Amount", "15.00", "or with its currency, as 12.50 USD"),
    ("create_price", "Unit Amount", 15.0, "in cents"),
    ("refund_payment", "Amount", "12.50", "must be in cents: 1250 for 12.50; got"),
    ("list_products", "Limit", 1.5, "must be a whole number, such as 10; got 1.5"),
    ("create_invoice", "Days Until Due", "soon", "must be a whole number, such as 30"),
    (
        "create_invoice",
        "Due Date",
        "soon",
        "a date with time and zone, such as 2031-01-31T09:00:00Z",
    ),
    ("create_invoice", "Due Date", "2051-01-31", "write 2051-01-31T00:00:00Z for UTC"),
    ("create_invoice", "Due Date", "2051-01-31T09:00", "has no time zone: write 2051-01-31T09:00Z"),
    ("create_invoice", "Due Date", "2051-02-31T09:00:00Z", "there is no day 2051-02-31; got"),
    ("create_invoice", "Due Date", "2051-02-31", "there is no day 2051-02-31; got"),
    ("create_invoice", "Due Date", "2051-01-31T09:00:00.5Z", "must be in whole seconds"),
    ("create_invoice", "Due Date", datetime(2051, 1, 31), "has no time zone"),  # noqa: DTZ001 - on purpose
    ("create_invoice", "Due Date", date(2051, 1, 31), "has no time and no zone"),
    (
        "create_invoice",
        "Due Date",
        2_556_000_000_000,
        "looks like milliseconds: write 2556000000 for",
    ),
    ("create_invoice", "Due Date", "2556000000000", "looks like milliseconds"),
    ("create_invoice", "Due Date", "2051-01-31T25:00:00Z", "must be a time that there is: hours"),
    ("create_invoice", "Due Date", "2051-01-31T09:00:00+01:99", "must be a time"),
    (
        "create_invoice",
        "Due Date",
        -99_999_999_999,
        "must be a time in the future; got -99999999999",
    ),
    ("create_price", "Unit Amount", "015.00 USD", "in cents: 1250 for 12.50"),
    ("create_product", "Active", "yes", "must be true or false"),
    ("create_invoice", "Customer", "a b", "the ID of a customer, which usually begins with cus_;"),
    (
        "create_payment_intent",
        "Payment Method",
        "my card",
        "begins with pm_ (in test mode also pm_card_visa); got",
    ),
    ("create_coupon", "Percent Off", "120", "such as 12.5 for 12.5 %; got 120."),
    ("create_coupon", "Percent Off", Decimal("100.5"), "%; got 100.5."),
    ("create_coupon", "Percent Off", "1.1234567890123", "at most 18, and 12 behind the point; got"),
    ("create_price", "Unit Amount", "1" + "0" * 20, "is too large: at most 8 digits in the"),
    ("create_invoice", "Days Until Due", "1" + "0" * 20, 'at most 18 digits; got "1000'),
    ("create_invoice", "Days Until Due", 10**20, "is too large: a number has at most 18 digits"),
    ("create_checkout_session", "Locale", "pt-PR", "41 values, such as auto, bg, cs (did you mean"),
    ("create_checkout_session", "Mode", "pay", "one of payment, subscription, setup; got"),
    ("create_product", "Name", "@clear", "it needs a value."),
    ("create_product", "Active", "@clear", "leave it empty, and nothing is sent for it."),
    ("list_customers", "Email", "@clear", "leave it empty, and nothing is sent for it."),
    ("retrieve_product", "Product ID", "https://dashboard.stripe.com/" + "x" * 99, 'x…"'),
    ("retrieve_invoice", "Invoice ID", "a b", "must be the ID of an invoice"),
]


@pytest.mark.parametrize(("name", "key", "value", "words"), REASONS)
def test_a_reason_is_the_reason(name: str, key: str, value: Any, words: str) -> None:
    """A refusal says what is wrong with this value, at its place, and what to write instead."""
    inputs = {**company(name, key, right(name).get(key, "x")), key: value}
    told = refusal(name, inputs)
    assert list(told) == [key]
    assert words in " ".join(told[key])


class Whole:
    """A whole number of another library, such as NumPy's."""

    def __init__(self, value: int) -> None:
        self._value = value

    def __index__(self) -> int:
        return self._value


READ: list[tuple[str, str, Any, str]] = [
    ("create_price", "Unit Amount", Whole(1500), "1500"),
    ("create_price", "Unit Amount", Decimal(1500), "1500"),
    ("create_price", "Unit Amount", Decimal("1.5E+3"), "1500"),
    ("create_price", "Unit Amount", "15.00 USD", "1500"),
    ("create_price", "Unit Amount", "15 usd", "1500"),
    ("create_price", "Unit Amount", " 0.5 USD\n", "50"),
    ("list_products", "Limit", Whole(7), "7"),
    ("list_products", "Limit", Decimal(7), "7"),
    ("create_invoice", "Due Date", "2051-01-31T09:00:00Z", "2558768400"),
    ("create_invoice", "Due Date", "2051-01-31T10:00:00+01:00", "2558768400"),
    ("create_invoice", "Due Date", "2051-01-31 09:00Z", "2558768400"),
    ("create_invoice", "Due Date", "2051-01-31T09:00:00.000z", "2558768400"),
    ("create_invoice", "Due Date", datetime(2051, 1, 31, 9, tzinfo=UTC), "2558768400"),
    ("create_product", "Active", "TRUE", "true"),
    ("create_product", "Name", " Plan\u00a0\r\n", "Plan"),
    ("create_product", "Description", " two\nlines\n", " two\nlines\n"),
    ("create_checkout_session", "Mode", "payment ", "payment"),
]


@pytest.mark.parametrize(("name", "key", "value", "text"), READ)
def test_what_is_meant_is_read(name: str, key: str, value: Any, text: str) -> None:
    """What has one meaning is read as that: amounts, times, whole numbers and pasted texts."""
    parameter = ACTIONS[name].spec.fields[key].parameter
    inputs = {**company(name, key, right(name).get(key, "x")), key: value}
    assert sent(name, inputs)[parameter] == text


WRITTEN: list[tuple[str, str, str]] = [
    ("usd", "15.00 EUR", 'does not agree with Currency, "usd"; got 15.00 EUR'),
    ("usd", "15.005 USD", "has more decimals than USD, which has 2"),
    ("jpy", "15.00 JPY", ""),
    ("jpy", "15.50 JPY", "has more decimals than JPY, which has 0"),
    ("jpy", "1500 JPY", "1500"),
    ("kwd", "5.120 KWD", "5120"),
    ("kwd", "5.125 KWD", "must end in 0: KWD has 3 decimals"),
    ("isk", "5 ISK", "500"),
    ("isk", "5.50 ISK", "has more decimals than ISK, which has 0"),
    ("jpy", "12.5", "in whole JPY, which has no smaller unit: 1250 for 1250 JPY"),
    ("kwd", "12.5", "in thousandths, ending in 0: 12500 for 12.500"),
    ("eur", "1e3 EUR", "or with its currency, as 12.50 EUR"),
]


@pytest.mark.parametrize(("currency", "value", "told"), WRITTEN)
@pytest.mark.parametrize("name", ["create_price", "create_payment_intent", "create_invoice_item"])
def test_an_amount_with_its_currency_is_exact(
    name: str, currency: str, value: str, told: str
) -> None:
    """An amount with its currency is its smallest unit exactly, or it is said why not."""
    key = "Unit Amount" if name == "create_price" else "Amount"
    inputs = {**completed(name, {key: 1000}), "Currency": currency, key: value}
    inputs.pop("Price", None)
    parameter = ACTIONS[name].spec.fields[key].parameter
    wrong = refusal(name, inputs)
    if wrong:
        assert list(wrong) == [key]
        assert told in wrong[key][0]
    else:
        assert sent(name, inputs)[parameter] == (told or "15")


def test_an_amount_names_no_currency_that_nobody_can_check() -> None:
    """A refund and an update have no row for the currency: with it, an amount is refused."""
    told = refusal("refund_payment", {"Charge ID": "ch_1", "Amount": "15.00 USD"})
    assert "cannot name its currency" in told["Amount"][0]
    update = {"Payment Intent ID": "pi_1", "Amount": "15.00 USD"}
    told = refusal("update_payment_intent", update)
    assert "so currency must say it, too" in told["Amount"][0]
    assert sent("update_payment_intent", update, {"currency": "usd"})["amount"] == "1500"


@given(cents=st.integers(0, 99_999_999), currency=st.sampled_from(["usd", "eur", "gbp"]))
def test_every_amount_with_its_currency_is_read_back(cents: int, currency: str) -> None:
    """Whatever the amount, with two decimals and its currency it is the same number of cents."""
    text = f"{cents // 100}.{cents % 100:02} {currency.upper()}"
    inputs = {"Product": "prod_1", "Currency": currency, "Unit Amount": text}
    assert sent("create_price", inputs)["unit_amount"] == str(cents)


@given(moment=st.datetimes(datetime(2040, 1, 1), datetime(2090, 1, 1)), hours=st.integers(-12, 14))  # noqa: DTZ001 - the zone is added
def test_every_time_with_its_zone_is_read(moment: datetime, hours: int) -> None:
    """Whatever the day and zone, an ISO date is the same second as Python's."""
    local = moment.replace(microsecond=0).isoformat()
    text = f"{local}{'-' if hours < 0 else '+'}{abs(hours):02}:00"
    inputs = {
        **completed("create_invoice", {"Collection Method": "send_invoice"}),
        "Due Date": text,
    }
    inputs.pop("Days Until Due", None)
    seconds = int(datetime.fromisoformat(text).timestamp())
    assert sent("create_invoice", inputs)["due_date"] == str(seconds)


def test_one_wrong_item_hides_no_other() -> None:
    """Wrong types, lengths and keys of all items are told at once, in their order."""
    images = ["x" * 5001, 5, "fine", b"x", "y" * 5001]
    with pytest.raises(InvalidInputs) as caught:
        made("create_product", {"Name": "P", "Images": images})
    assert [problem.path for problem in caught.value.problems_at] == [
        ("images", place) for place in (0, 1, 3, 4)
    ]
    items = [5, {"price": "p", "quantity": -1}, {"prize": 1}, {"price": float("nan")}]
    with pytest.raises(InvalidInputs) as caught:
        made("create_subscription", {"Customer": "cus_1", "Items": items})
    places = [problem.path[:2] for problem in caught.value.problems_at]
    assert places == [("items", place) for place in range(4)]


# --- what a paste brings --------------------------------------------------------------------------

PASTED: list[tuple[Resource, str, str]] = [
    (PRODUCT, "https://dashboard.stripe.com/test/products/prod_1", "prod_1"),
    (PRODUCT, "https://dashboard.stripe.com/acct_1/test/products/prod_1?tab=prices#x", "prod_1"),
    (PRODUCT, "dashboard.stripe.com/products/prod_1/", "prod_1"),
    (PRODUCT, " prod_1\n", "prod_1"),
    (PRODUCT, "my#fid", "my#fid"),
    (INVOICE, "https://dashboard.stripe.com/invoices/in_1", "in_1"),
    (CHECKOUT_SESSION, "https://checkout.stripe.com/c/pay/cs_test_1#fidkdWxOYHwn", "cs_test_1"),
    (CHECKOUT_SESSION, "cs_test_1#fidkdWxOYHwn%2Fx", "cs_test_1"),
]


@pytest.mark.parametrize(("resource", "pasted", "identity"), PASTED)
def test_an_id_is_found_in_a_pasted_address(resource: Resource, pasted: str, identity: str) -> None:
    """The address of an object's page in the Dashboard, or of a payment page, stands for its ID."""
    field = Field(str, (rule.reference(resource),))
    assert field.judge(pasted, {}) == identity


def test_an_address_with_several_ids_is_refused() -> None:
    """Which of two is meant nobody guesses: the wrong one could be deleted."""
    pasted = "https://dashboard.stripe.com/compare/cus_1/cus_2"
    told = refusal("delete_customer", {"Customer ID": pasted})
    assert "is an address with more than one ID of the customer" in told["Customer ID"][0]
    right = made("delete_customer", {"Customer ID": "https://dashboard.stripe.com/cus_1/x/cus_1"})
    assert right.request().path == "/v1/customers/cus_1"


@pytest.mark.parametrize("page", ["customers/cus_1", "products", "search?query=prod_1"])
def test_an_address_of_something_else_is_refused(page: str) -> None:
    """An address without an ID of the row's kind is told so, and how such an ID begins."""
    told = refusal("retrieve_product", {"Product ID": f"https://dashboard.stripe.com/{page}"})
    assert "is an address without the ID of the product" in told["Product ID"][0]
    assert "it begins with prod_" in told["Product ID"][0]


def test_a_resource_without_a_prefix_suspects_no_id() -> None:
    """IDs that accounts choose themselves, whatever they begin with, are never warned about."""
    assert not Resource("coupon", prefix="").looks_foreign("prod_1")
    assert Resource("coupon", prefix="").id_in("https://a.example/x") == "https://a.example/x"


# --- texts of forms -------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["form_schema", "input_schema"])
@pytest.mark.parametrize("name", ACTIONS)
def test_a_description_says_everything_once(name: str, which: str) -> None:
    """No sentence of a form repeats another, names a type, or what the form does not show."""
    spec = ACTIONS[name].spec
    shown = {row.key for row in spec.rows}
    for key, about in described(name)[which]["properties"].items():
        sentences = about["description"].rstrip(".").split(". ")
        assert len(sentences) == len(set(sentences)), key
        assert not {"Object", "Array", "Boolean", "true or false"} & set(sentences)
        assert "refund type" not in about["description"]
        for sentence in sentences:
            if sentence.startswith("Not together with "):
                others = sentence.removeprefix("Not together with ").split(" or ")
                assert set(others) <= shown, (key, sentence)


def test_an_action_without_inputs_says_so() -> None:
    """An unknown input of an action that has none is told that there are none."""
    cls = declare("GET /v1/coupons", {})
    with pytest.raises(InvalidInputs, match="is not an input of Use Coupon; it has none"):
        cls.read({"Zzz": 5})


def test_a_key_of_ones_own_table_is_judged_like_a_row() -> None:
    """A table inside of a row reads its keys by their types, and unsets what can be unset."""
    table = rule.keys(
        a=rule.may(str, "x", "A text", clearable=True),
        b=rule.may(int, 5, "A number", rule.excludes("A")),
    )
    field = Field(dict[str, Any], (table,))
    assert field.judge({"a": CLEAR}, {}) == {"a": CLEAR}
    assert field.judge({"b": "5"}, {}) == {"b": 5}
