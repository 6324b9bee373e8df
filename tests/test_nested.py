"""What is inside of a row is described, judged and shown like a row: keys, words, examples, IDs."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from forms.examples import LEFT_OUT, World, fill
from support import ACTIONS, company, described, filled, nested, refusal

from stripe_plugin import Connection, Host, InvalidInputs, rule
from stripe_plugin.declare.row import Row, reference_of
from stripe_plugin.judge.table import Field, Keys, title_case
from stripe_plugin.judge.values import holds_objects, is_list_kind

Data = dict[str, Any]
TABLES = [(name, row.key) for name, it in ACTIONS.items() for row in it.spec.rows if row.nested]
FREE = ("metadata", "extra", "parameters_")  # whose keys a person makes up
# Objects that the emulator does not have, what it does not simulate and therefore refuses, and the
# only item, which cannot be dropped.
NOT_RUN = (
    *("tax_rates", "default_tax_rates", "discounts", "shipping_rate", "deleted", "clear_usage"),
    *("billing_thresholds", "application_fee_percent", "application_fee_amount", "flexible"),
    *("billing_cycle_anchor", "issuer", "on_behalf_of", "transfer_data", "transfer_group"),
    "retention",
    "pending_invoice_item_interval",
)
BESIDE = {"create_subscription": {"Collection Method": "send_invoice", "Days Until Due": 7}}


def row(name: str, key: str) -> Row:
    """The row of an action."""
    return ACTIONS[name].spec.fields[key]


def labelled(field: Field, value: Any) -> Any:
    """The value by display keys instead of parameters, at every depth."""
    if isinstance(value, list):
        return [labelled(field, item) for item in value]
    if not isinstance(value, dict) or not field.nested:
        return value
    inner = field.nested
    return {inner[name].key: labelled(inner[name], item) for name, item in value.items()}


def places(field: Field, param: str, label: str) -> Iterator[tuple[str, str]]:
    """What Stripe calls each field inside of one, and what a sentence does."""
    if is_list_kind(field.kind):
        param, label = f"{param}[0]", f"{label} › 1"
    for name, inner in field.nested.items():
        place = f"{param}[{name}]", f"{label} › {inner.key}"
        yield place
        yield from places(inner, *place)


# --- what is declared -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTIONS)
def test_a_nested_field_is_described(name: str) -> None:
    """Each has a display key that is its own among its neighbours, and says what it is."""
    for field in (*ACTIONS[name].spec.rows, *nested(ACTIONS[name].spec.rows)):
        keys = [inner.key for inner in field.nested.values()]
        assert len({*keys, *field.nested}) == len(keys) * 2
    for field in nested(ACTIONS[name].spec.rows):
        assert re.fullmatch(r"[A-Z][A-Za-z0-9 ]+", field.key)
        assert re.fullmatch(r"[A-Z].*[^.]", field.description)
        assert " " in field.description
        assert field.description not in (field.key, field.name)


@pytest.mark.parametrize("name", ACTIONS)
def test_a_nested_example_is_right(name: str) -> None:
    """Each has an example that its own judgement takes."""
    for field in nested(ACTIONS[name].spec.rows):
        assert field.example is not None
        assert field.judge(field.example, {}) is not None


@pytest.mark.parametrize(("name", "key"), TABLES)
def test_a_whole_example_is_right(name: str, key: str) -> None:
    """Examples in as many nested fields as may be filled together are taken."""
    value = filled(row(name, key))
    assert refusal(name, company(name, key, value)) == {}


def test_a_display_key_follows_from_the_parameter() -> None:
    """What has no display key of its own gets one in Title Case, with ID and URL in capitals."""
    names = {"interval_count": "Interval Count", "id": "ID", "image_url": "Image URL"}
    names |= {"line1": "Line 1", "cancel_at_period_end": "Cancel at Period End"}
    assert {name: title_case(name) for name in names} == names
    table = rule.keys(a_b=rule.may(int, 5, "A number"), c=rule.may(int, 5, "Another", key="See"))
    assert [*table.table] == ["A B", "See"]


@pytest.mark.parametrize("name", ACTIONS)
def test_every_object_can_be_filled(name: str) -> None:
    """Whatever is an object has fields, or is one whose keys a person makes up."""
    rows = ACTIONS[name].spec.rows
    for field in (*rows, *nested(rows)):
        if holds_objects(field.kind):
            assert field.nested or field.name in FREE


# --- what is given --------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "key"), TABLES)
def test_display_keys_are_taken_at_every_depth(name: str, key: str) -> None:
    """What is written by display keys is what is written by parameters."""
    value = filled(row(name, key))
    by_key = company(name, key, labelled(row(name, key), value))
    by_name = company(name, key, value)
    assert by_key[key] != by_name[key]
    action = ACTIONS[name]
    assert action.read(by_key).request() == action.read(by_name).request()


def test_a_field_that_is_given_twice_is_refused() -> None:
    """A parameter and its display key beside one another are a problem of that field."""
    data = {"interval": "month", "Interval": "year"}
    with pytest.raises(InvalidInputs) as caught:
        ACTIONS["create_price"].read(company("create_price", "Recurring", data))
    [problem] = caught.value.problems_at
    assert problem.path == ("recurring", "interval")
    assert problem.rule == "given_twice"
    assert problem.text == "Recurring › Interval is given twice, as Interval and as interval."


def test_a_display_key_that_is_misspelt_is_refused() -> None:
    """What no parameter of Stripe's can be is meant for people: it is not sent, but told of."""
    for wrong in ("Unit amount", "unit Amount", "Unitamount"):
        data = {"currency": "usd", "product": "prod_1", wrong: 5}
        said = refusal(
            "create_checkout_session",
            company("create_checkout_session", "Line Items", [{"price_data": data}]),
        )
        assert (
            f"Price Data › {wrong} is not a key here (did you mean Unit Amount?)"
            in said["Line Items"][-1]
        )


def test_a_problem_has_parameters_in_its_path_and_display_keys_in_its_sentence() -> None:
    """However the field was called, the path is Stripe's, and the sentence the form's."""
    item = {"Price Data": {"currency": "usd", "Product": "prod_1", "Unit Amount": "much"}}
    with pytest.raises(InvalidInputs) as caught:
        ACTIONS["create_checkout_session"].read(
            company("create_checkout_session", "Line Items", [item])
        )
    [problem] = caught.value.problems_at
    assert problem.path == ("line_items", 0, "price_data", "unit_amount")
    assert problem.text.startswith("Line Items › 1 › Price Data › Unit Amount must be")


@pytest.mark.parametrize(("name", "key"), TABLES)
def test_stripes_own_refusal_is_located_by_display_keys(name: str, key: str) -> None:
    """Every nested parameter that Stripe may name has its place in the form."""
    spec = ACTIONS[name].spec
    for param, label in places(row(name, key), row(name, key).parameter, key):
        place = spec.locate(param)
        assert place
        assert place.text == label


def test_a_nested_id_takes_a_pasted_address() -> None:
    """What the browser's address bar shows is the ID, and another resource's ID is doubted."""
    address = "https://dashboard.stripe.com/test/prices/price_7"
    items = [{"price": address}, {"price": "prod_1"}]
    one = ACTIONS["create_subscription"].read({"Customer": "cus_1", "Items": items})
    assert ("items[0][price]", "price_7") in one.request().params
    doubt = 'Items › 2 › Price usually starts with price_; got "prod_1".'
    assert one.warnings() == {"Items": doubt}


def test_tables_that_share_a_field_leave_it_as_it_was() -> None:
    """A field in two tables goes by each table's name of it."""
    field = rule.may(str, "x", "A text")
    tables: list[Keys] = [rule.keys(a=field), rule.keys(b=field)]
    assert [[*it.table] for it in tables] == [["A"], ["B"]]
    assert (field.name, field.key) == ("", "")


# --- what a builder reads -------------------------------------------------------------------------


def shown(fields: list[Data], schema: Data) -> Iterator[tuple[Data, Data]]:
    """Each field of a manifest beside its property in the form."""
    for field in fields:
        found = schema["properties"][field["name"]]
        yield field, found
        if "fields" in field:
            yield from shown(field["fields"], found.get("items", found))


@pytest.mark.parametrize("name", ACTIONS)
def test_fields_are_what_the_form_shows(name: str) -> None:
    """Nested fields of a manifest are in the form, under their display keys, in the same order."""
    about = described(name)
    for field, found in shown(about["inputs"], about["form_schema"]):
        assert found["title"] == field["key"]
        assert found["description"].startswith(field["description"])
        inner = found.get("items", found).get("properties", {})
        assert [*inner] == [each["name"] for each in field.get("fields", ())]


def test_a_nested_field_says_when_it_must_be_given() -> None:
    """Presence, conditions by parameter, and pickers are there at every depth."""
    [items] = [it for it in described("create_subscription")["inputs"] if "fields" in it]
    fields = {field["name"]: field for field in items["fields"]}
    assert fields["price"]["presence"] == "conditional"
    assert fields["price"]["conditions"][0]["unless"] == {"price_data": []}
    assert fields["price"]["reference"]["listed_by"] == "list_prices"
    amounts = {field["name"]: field for field in fields["price_data"]["fields"]}
    assert amounts["currency"]["presence"] == "required"
    assert amounts["unit_amount"]["presence"] == "conditional"


@pytest.mark.parametrize("name", ACTIONS)
def test_a_nested_id_is_a_reference(name: str) -> None:
    """A price, a product or a customer inside of a row can be picked."""
    for field in nested(ACTIONS[name].spec.rows):
        if field.name in ("price", "product", "customer"):
            assert reference_of(field)


# --- what runs ------------------------------------------------------------------------------------


def runnable(value: Any) -> Any:
    """What of an example can be run in an emulator."""
    if isinstance(value, list):
        return [runnable(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {name: runnable(item) for name, item in value.items() if name not in NOT_RUN}


@pytest.mark.parametrize(
    ("name", "key"), [(name, key) for name, key in TABLES if key not in LEFT_OUT.get(name, ())]
)
def test_a_whole_example_runs(name: str, key: str) -> None:
    """The emulator takes what is in a row, everything that may be filled together."""
    inputs = company(name, key, runnable(filled(row(name, key)))) | BESIDE.get(name, {})
    with Host.load() as host:
        connection = Connection.emulator()
        ids = World(host, connection).ids(name)
        if inputs.get("Mode") == "subscription":
            ids["price_123"] = ids["price_456"]
        inputs = {word: fill(it, ids) for word, it in inputs.items()}
        assert host.run(name, inputs, connection=connection).output["id"]
