"""The actions send what Stripe takes, by its page, its SDK's wire, its API document and rules."""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import pytest
from support import (
    ACTIONS,
    BY_NAME,
    DATED,
    SEARCHES,
    TABLES,
    fewest,
    made,
    pairs,
    reference,
    referred,
    refusal,
)

from stripe_plugin import Page, rule
from stripe_plugin.declare import contract
from stripe_plugin.declare.contract import Shape
from stripe_plugin.declare.documented import Documented
from stripe_plugin.declare.row import Row
from stripe_plugin.judge.rules import Each
from stripe_plugin.judge.table import Field, Keys
from stripe_plugin.run.exchange import STRIPE_VERSION

# --- the contract of the inputs -------------------------------------------------------------------

CONTRACT = referred("contract.json", "actions", key="action")


def inputs_of(entry: Mapping[str, Any]) -> Iterator[tuple[Row, Mapping[str, Any]]]:
    """The rows of the page beside what the contract says of them."""
    rows = [row for row in BY_NAME[entry["action"]].spec.rows if not row.beyond]
    yield from zip(rows, entry["inputs"], strict=True)


@pytest.mark.parametrize("entry", CONTRACT)
def test_names_and_places_are_stripes(entry: dict[str, Any]) -> None:
    """Every row is Stripe's parameter at the pinned version, in the path, the query or the body."""
    spec = BY_NAME[entry["action"]].spec
    assert (spec.method, spec.path) == (entry["method"], entry["path"])
    for row, about in inputs_of(entry):
        assert row.name == about["stripe_param"]
        assert row.sent_as == about.get("stripe_param_pinned")
        assert (row.name in spec.path_names) is (about["location"] == "path")
        assert about.get("in_pin", True) or row.sent_as


@pytest.mark.parametrize("entry", CONTRACT)
def test_a_valid_example_is_sent_as_it_should_be(entry: dict[str, Any]) -> None:
    """The contract's valid example of each action is read and becomes its method, path and form."""
    example = entry["valid_example"]
    request = made(BY_NAME[entry["action"]].spec.id, example["seed_inputs"]).request()
    assert (request.method, request.path) == (example["method"], example["path"])
    form = example["body"] if request.method == "POST" else example["query"]
    assert list(request.params) == parse_qsl(form, keep_blank_values=True)


def test_the_version_is_the_recommended_one(contract: Any) -> None:
    """The pinned version is the newest that takes 160 of the page's 161 inputs by their names."""
    assert contract["recommended_pin"] == STRIPE_VERSION
    assert contract["native_acceptance"][STRIPE_VERSION] == "160/161"


# --- the wire assertions of the official SDK ------------------------------------------------------

CASES = referred("conformance.json", "cases", key="id")
# The SDK's examples that are refused here: what they lack, to be sold or because the page asks.
REFUSED_HERE = {
    "sdk-tests/test_checkout_sessions_post": ["Line Items"],
    "sdk-tests/test_checkout_sessions_post_2": ["Cancel URL"],
    "sdk-tests/test_invoiceitems_post": ["Price"],
}


@pytest.mark.parametrize("case", CASES)
def test_the_sdks_wire(case: dict[str, Any]) -> None:
    """What the SDK's own tests expect on the wire is what the action sends."""
    cls, inputs = BY_NAME[case["action"]], case["seed_inputs"]
    extra = {key: value for key, value in case["beyond_seed"].items() if key != "expand"}
    lacking = REFUSED_HERE.get(case["id"], [])
    assert list(refusal(cls.spec.id, inputs, extra)) == lacking
    beside = {key: cls.spec.fields[key].example for key in lacking}
    expand = case["beyond_seed"].get("expand", ())
    request = cls.read({**inputs, **beside}, extra=extra, expand=expand).request()
    added = cls.read({**fewest(cls.spec.id), **beside}).request().params if lacking else ()
    assert (request.method, request.path) == (case["method"], case["path"])
    expected = pairs(case["expected_body"] or case["expected_query"])
    assert [pair for pair in pairs(request.params) if pair in expected] == expected
    assert {*pairs(request.params)} - {*expected} <= {*pairs(added)}


def test_the_refused_wire_cases_are_there(conformance: Any) -> None:
    """Every case that is refused here is one of the SDK's."""
    assert REFUSED_HERE.keys() <= {case["id"] for case in conformance["cases"]}


# --- Stripe's API document ------------------------------------------------------------------------

PAGE = "the action page demands it"
CUSTOMER = "the action page demands it; customer_account, which could stand for it, has no row"
UPDATES = "pending_if_incomplete is for updates alone: docs.stripe.com/api/subscriptions/create"
RANGE = "the document does not say that the ends of its ranges are times"
FOUND = "by it one is looked for"
NEW = "what is new has none that could be unset"
MADE = "it can be made of the other rows"
PATTERN = "its pattern holds the length"

# Where a row differs from the document, and why: the action, the place, the fact.
EXPLAINED: Mapping[tuple[str, str, str], str] = {
    ("create_invoice", "customer", "required"): CUSTOMER,
    ("create_subscription", "customer", "required"): CUSTOMER,
    ("create_subscription", "items", "required"): PAGE,
    ("create_subscription", "payment_behavior", "values"): UPDATES,
    ("create_checkout_session", "mode", "required"): PAGE,
    ("create_checkout_session", "success_url", "required"): PAGE,
    ("create_checkout_session", "cancel_url", "required"): PAGE,
    ("create_price", "product_data.statement_descriptor", "length"): PATTERN,
    ("find_or_create_customer", "email", "required"): FOUND,
    ("find_or_create_customer", "metadata", "clearable"): NEW,
    ("invoice_a_customer", "customer", "required"): CUSTOMER,
    ("invoice_a_customer", "days_until_due", "required"): "it is always sent to be paid",
    ("invoice_a_customer", "metadata", "clearable"): NEW,
    **{(name, "query", "required"): MADE for name in SEARCHES},
    **{(name, f"created.{end}", "time"): RANGE for name in DATED for end in ("gte", "lt")},
}


class Declared(NamedTuple):
    """A row, or a key inside of one, beside what the document says there."""

    place: str
    field: Field
    shape: Shape | None


def declared(name: str) -> Iterator[Declared]:
    """Every row that an action sends beside its path, and every key inside of them."""
    spec = ACTIONS[name].spec
    for row in spec.rows:
        if row.parameter not in spec.path_names and not row.local:
            yield from inside(row, spec.documented.into(row.parameter))


def inside(field: Field, documented: Documented) -> Iterator[Declared]:
    """A field and those inside of it."""
    yield Declared(".".join(documented.steps), field, documented.shape)
    for table in tables(field.restrictions):
        for key, inner in table.fields.items():
            yield from inside(inner, documented.into(key))


def tables(rules: Iterable[rule.Rule]) -> Iterator[Keys]:
    """The tables that rules hold, those of a list's items, too."""
    for each in rules:
        if isinstance(each, Keys):
            yield each
        elif isinstance(each, Each):
            yield from tables(each.rules)


def holding(shape: Shape, field: Field) -> Shape | None:
    """The alternative of the document's that has the type of a field."""
    kind = field.schema["type"]
    for each in shape.alternatives:
        theirs = "number" if each.format == "decimal" else each.type
        if theirs == kind:
            return each
    return None


def facts(field: Field, shape: Shape, whole: Shape) -> dict[str, tuple[object, object]]:
    """What a field says, and what the document says of the same."""
    is_reference = any(each.name == "reference" for each in field.restrictions)
    length = None if shape.enum or is_reference else shape.max_length
    schema = field.schema
    return {
        "required": (field.required, whole.required),
        "clearable": (field.clearable is True, whole.clearable),  # else another witness is named
        "values": (values(schema), {*shape.enum, *(shape.items.enum if shape.items else ())}),
        "length": (None if is_reference else schema.get("maxLength"), length),
    }


def kinds_of_values(field: Field, shape: Shape) -> dict[str, tuple[object, object]]:
    """Which of our own rules of values a field has, and whether the document says the same."""
    rules = {each.name for each in field.restrictions}
    return {
        "money": ("amount" in rules, shape.is_money),
        "time": (bool(rules & {"time", "in_future"}), shape.is_time),
        "currency": ("currency_code" in rules, shape.format == "currency"),
    }


def values(schema: Mapping[str, Any]) -> set[str]:
    """The fixed values of a schema, or of a list's items."""
    return {*schema.get("enum", ()), *schema.get("items", {}).get("enum", ())}


def differing(name: str) -> Iterator[tuple[str, str, str]]:
    """The facts that an action's rows and the document do not agree on."""
    is_ours = ACTIONS[name].spec.entry.startswith("stripe_nodes.")
    for place, field, shape in declared(name):
        found = holding(shape, field) if shape else None
        if shape is None or found is None:
            yield name, place, "type" if shape else "unknown"
            continue
        said = facts(field, found, shape)
        said |= kinds_of_values(field, found) if is_ours else {}
        yield from ((name, place, fact) for fact, (our, their) in said.items() if our != their)


@pytest.mark.parametrize("name", TABLES)
def test_rows_are_what_the_document_says(name: str) -> None:
    """Every row, and every key inside, has Stripe's type, values, length and place, or says why."""
    explained = [place for place in EXPLAINED if place[0] == name]
    found = sorted(differing(name))
    assert found == sorted(explained), advised(found, explained)


# What to do about a row that differs in a fact.
ADVICE = {
    "unknown": "the endpoint has no such parameter",
    "type": "it is of another type there",
    "required": "it must be given, or need not",
    "clearable": "say clearable=True, or do not",
    "values": "give it rule.one_of(…) with those of the document, or rule.documented()",
    "length": "give it rule.max_length(…) of the document's, or none",
    "money": "give it rules.amount(currency=…), or none",
    "time": "give it times.at() or rules.in_future(), or none",
    "currency": "give it rules.currency_code(), or none",
}


def advised(found: Iterable[tuple[str, str, str]], explained: Iterable[object]) -> str:
    """What to do about each difference, as Stripe's document has it, or an explanation too many."""
    new = [(place, fact) for name, place, fact in found if (name, place, fact) not in explained]
    told = [f"{place}: {fact}: {ADVICE[fact]}" for place, fact in new]
    return "\n".join(["Mend it as Stripe's document has it, or say why in EXPLAINED:", *told])


def test_a_row_that_differs_is_told_what_to_give() -> None:
    """An amount that is declared as any number is told of the rule that amounts have."""
    found = [("capture_charge", "amount", "money"), ("create_price", "currency", "required")]
    [_, told] = advised(found, found[1:]).splitlines()
    assert told == "amount: money: give it rules.amount(currency=…), or none"
    [(_, field, shape), *_] = declared("create_price")
    assert shape
    assert {*facts(field, shape, shape), *kinds_of_values(field, shape)} < {*ADVICE}


@pytest.mark.parametrize("name", TABLES)
def test_what_must_be_given_has_a_row(name: str) -> None:
    """Every parameter that Stripe demands is a row, or always sent."""
    spec, known = ACTIONS[name].spec, ACTIONS[name].spec.documented.operation
    assert known
    ours = {row.parameter for row in spec.rows} | {*spec.sends}
    demanded = [
        word for word, shape in {**known.path, **known.parameters}.items() if shape.required
    ]
    assert [word for word in demanded if word not in ours] == []
    assert known.path.keys() == {*spec.path_names}


@pytest.mark.parametrize("name", ACTIONS)
def test_what_is_always_sent_is_stripes(name: str) -> None:
    """What an action sends of itself is a parameter of Stripe's that takes it."""
    spec = ACTIONS[name].spec
    for word, value in spec.sends.items():
        place = spec.documented.into(word)
        assert (place.judge(value), [*place.doubts(value)]) == (value, [])


@pytest.mark.parametrize("name", TABLES)
def test_an_answer_is_what_the_document_says(name: str) -> None:
    """Every action answers with the kind of object that it is about, and shows fields of that."""
    spec, known = ACTIONS[name].spec, ACTIONS[name].spec.documented.operation
    assert known
    assert known.answer
    is_page = isinstance(spec.answer, Page)
    one = known.answer.fields["data"].items if is_page else known.answer
    example = spec.output_excerpt["data"][0] if is_page else spec.output_excerpt
    assert one
    assert {kind.removeprefix("deleted_") for kind in one.kinds} == {example["object"]}
    assert example.keys() <= one.keys.keys()


# What Stripe calls an object in a parameter, where that is not its kind.
CALLED = {"session": "checkout.session", "intent": "payment_intent", "default_price": "price"}


@pytest.mark.parametrize("name", ACTIONS)
def test_what_is_called_as_an_object_is_its_id(name: str) -> None:
    """A row that Stripe calls as a kind of object is the ID of one, and of no other."""
    kinds = {*contract.kinds()}
    for row in ACTIONS[name].spec.rows:
        kind = CALLED.get(row.steps[-1], row.steps[-1])
        if row.kind is str and kind in kinds and "id" in contract.fields(kind):
            assert row.reference, row.key
            assert row.reference.object == kind
        if row.reference:
            assert row.reference.object in kinds


@pytest.mark.parametrize("place", sorted(EXPLAINED))
def test_an_explained_row_is_there(place: tuple[str, str, str]) -> None:
    """Each exception is of an action, and says why."""
    assert place[0] in ACTIONS
    assert EXPLAINED[place]


# --- Stripe's rules that a client should check ----------------------------------------------------

NOW = int(time.time())
LATER = NOW + 10**7


class Checked(NamedTuple):
    """A rule is checked: these inputs are refused, under this display key."""

    name: str
    inputs: Mapping[str, Any]
    key: str
    extra: Mapping[str, Any] = {}


class Elsewhere(NamedTuple):
    """A rule concerns nothing that could be refused here, and why."""

    why: str


_NO_ROW = "no action has a row for it; sent as an extra parameter, Stripe answers"
_SELL = fewest("create_checkout_session")
_PLAN = fewest("create_subscription")
_URLS = {"Success URL": "https://x.example", "Cancel URL": "https://x.example"}
_BILL = {"Customer": "cus_1"}
_ITEM = {"Customer": "cus_1"}
_PRICE = {"Currency": "usd", "Product": "prod_1"}
_TRIAL = {**_SELL, "Mode": "subscription"}

RULES: Mapping[str, Checked | Elsewhere] = {
    "L1": Checked("list_prices", {"Starting After": "a", "Ending Before": "b"}, "Ending Before"),
    "L2": Checked("list_prices", {"Limit": 101}, "Limit"),
    "L4": Elsewhere(f"ids: {_NO_ROW}"),
    "L5": Elsewhere(f"lookup_keys: {_NO_ROW}"),
    "L6": Checked("list_invoices", _BILL, "Customer", {"customer_account": "acct_1"}),
    "M1": Checked("create_customer", {"Metadata": {"k" * 41: "v"}}, "Metadata"),
    "M2": Checked("create_product", {"Name": "P", "Metadata": "@clear"}, "Metadata"),
    "M3": Checked("create_customer", {"Nope": "x"}, "Nope"),
    "M4": Checked("update_product", {"Product ID": "p", "Name": "@clear"}, "Name"),
    "A1": Checked("create_price", {**_PRICE, "Unit Amount": "9.99"}, "Unit Amount"),
    "A2": Checked("create_price", {**_PRICE, "Currency": "kwd", "Unit Amount": 5}, "Unit Amount"),
    "A5": Checked("create_payment_intent", {"Amount": 0, "Currency": "usd"}, "Amount"),
    "A6": Checked("create_payment_intent", {"Amount": 5, "Currency": "dollar"}, "Currency"),
    "P1": Checked("create_price", {"Currency": "usd", "Unit Amount": 5}, "Product"),
    "P2": Checked("create_price", _PRICE, "Unit Amount"),
    "P3": Elsewhere(f"tiers, transform_quantity, custom_unit_amount: {_NO_ROW}"),
    "P4": Checked(
        "create_price",
        {**_PRICE, "Unit Amount": 5, "Recurring": {"interval": "month", "usage_type": "metered"}},
        "Recurring",
    ),
    "P5": Checked(
        "create_price",
        {**_PRICE, "Unit Amount": 5, "Recurring": {"interval": "month", "interval_count": 37}},
        "Recurring",
    ),
    "P7": Checked("update_price", {"Price ID": "p", "Unit Amount": 5}, "Unit Amount"),
    "P10": Checked("create_product", {"Name": "P", "Images": ["x"] * 9}, "Images"),
    "C1": Checked("create_customer", {"Phone": "1" * 21}, "Phone"),
    "I1": Checked(
        "create_invoice", {**_BILL, "Collection Method": "send_invoice"}, "Days Until Due"
    ),
    "I2": Checked("create_invoice", {**_BILL, "Days Until Due": 30}, "Days Until Due"),
    "I3": Checked(
        "create_invoice",
        {**_BILL, "Collection Method": "send_invoice", "Days Until Due": 30, "Due Date": LATER},
        "Days Until Due",
    ),
    "I4": Checked(
        "create_invoice",
        {**_BILL, "Collection Method": "send_invoice", "Due Date": NOW - 5},
        "Due Date",
    ),
    "I8": Checked(
        "create_invoice_item", {**_ITEM, "Price": "p", "Amount": 5, "Currency": "usd"}, "Price"
    ),
    "I9": Checked(
        "create_invoice_item", {**_ITEM, "Amount": 5, "Currency": "usd", "Quantity": 2}, "Quantity"
    ),
    "S1": Checked("create_subscription", {**_PLAN, "Items": [{"price": "p"}] * 21}, "Items"),
    "S3": Checked(
        "create_subscription", {**_PLAN, "Collection Method": "send_invoice"}, "Days Until Due"
    ),
    "S4": Checked(
        "create_subscription",
        {**_PLAN, "Cancel at Period End": True},
        "Cancel at Period End",
        {"cancel_at": LATER},
    ),
    "S5": Checked(
        "update_subscription",
        {"Subscription ID": "s", "Items": [{"price": "p", "deleted": True}]},
        "Items",
    ),
    "PI1": Checked(
        "create_payment_intent",
        {"Amount": 5, "Currency": "usd", "Automatic Payment Methods": {"enabled": True}},
        "Automatic Payment Methods",
        {"confirmation_method": "manual"},
    ),
    "PI2": Checked(
        "create_payment_intent",
        {"Amount": 50, "Currency": "usd", "Confirm": False, "Off Session": True},
        "Off Session",
    ),
    "PI7": Elsewhere(f"payment_method_types, removed after the pinned version: {_NO_ROW}"),
    "R1": Checked("refund_payment", {"Amount": 5}, "Charge ID"),
    "R2": Checked("refund_payment", {"Charge ID": "ch_1", "Amount": 0}, "Amount"),
    "R3": Checked("refund_payment", {"Charge ID": "ch_1", "Reason": "regret"}, "Reason"),
    "K1": Checked(
        "create_checkout_session",
        {**_SELL, "Customer": "cus_1", "Customer Email": "a@b.example"},
        "Customer Email",
    ),
    "K2": Checked("create_checkout_session", {"Mode": "payment", **_URLS}, "Line Items"),
    "K4": Checked(
        "create_checkout_session",
        {**_SELL, "Subscription Data": {"trial_period_days": 1}},
        "Subscription Data",
    ),
    "K5": Checked(
        "create_checkout_session",
        {"Mode": "payment", "Line Items": [{"price": "p"}], "Cancel URL": "https://x"},
        "Success URL",
    ),
    "K6": Checked(
        "create_checkout_session",
        {**_SELL, "Allow Promotion Codes": False},
        "Allow Promotion Codes",
        {"discounts": [{"coupon": "c"}]},
    ),
    "K7": Checked("create_checkout_session", {"Mode": "setup", **_URLS}, "Payment Method Types"),
    "K8": Checked(
        "update_checkout_session",
        {"ID": "cs", "Shipping Options": [{"shipping_rate": "s"}] * 6},
        "Shipping Options",
    ),
    "K9": Checked(
        "create_checkout_session",
        {**_TRIAL, "Subscription Data": {"trial_end": NOW + 3600}},
        "Subscription Data",
    ),
    "K10": Checked(
        "create_checkout_session",
        {**_SELL, "Payment Method Types": ["card"]},
        "Payment Method Types",
        {"allowed_payment_method_types": ["card"]},
    ),
    "E1": Checked("retrieve_checkout_session", {"ID": "cs", "Expand": ["a.b.c.d.e"]}, "Expand"),
}


def test_every_rule_to_check_is_accounted_for(contract: Any) -> None:
    """The rules that a client should check are checked, or concern none of these inputs."""
    asked = [rule["id"] for rule in contract["rules"] if rule["client_should_check"]]
    assert sorted(RULES) == sorted(asked)


@pytest.mark.parametrize("rule", [key for key, how in RULES.items() if isinstance(how, Checked)])
def test_a_rule_is_checked_before_anything_is_sent(rule: str) -> None:
    """Inputs that break one of Stripe's rules are refused under the row that breaks it, alone."""
    how = RULES[rule]
    assert isinstance(how, Checked)
    problems = refusal(how.name, how.inputs, how.extra)
    assert how.key in problems
    assert set(problems) <= {how.key, "Product Data", "Payment Intent ID"}


@pytest.mark.parametrize("rule", [key for key, how in RULES.items() if isinstance(how, Elsewhere)])
def test_a_rule_that_is_not_checked_has_no_row(rule: str) -> None:
    """The parameters of a rule that is left to Stripe are no rows of the actions it names."""
    how = RULES[rule]
    assert isinstance(how, Elsewhere)
    words = set(how.why.partition(":")[0].replace(",", "").split())
    about = next(each for each in reference("contract.json")["rules"] if each["id"] == rule)
    for name in about["actions"]:
        assert not words & {row.name for row in BY_NAME[name].spec.rows}


@pytest.mark.parametrize(("given", "sent"), [("USD", "usd"), ("Eur", "eur"), ("jpy", "jpy")])
def test_a_currency_is_sent_in_lower_case(given: str, sent: str) -> None:
    """A currency in any case is sent as Stripe wants it."""
    request = made("create_payment_intent", {"Amount": 5, "Currency": given}).request()
    assert ("currency", sent) in request.params
