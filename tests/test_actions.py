"""The actions are the page's actions, and an action is its table."""

import copy
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest
from support import ACTIONS, BY_NAME, DATED, LISTS, PAGED, SEARCHES, fewest, made, referred, right
from terminal_support import python

import stripe_nodes
from stripe_nodes import rules
from stripe_nodes.resources import PRODUCT
from stripe_plugin import (
    CLEAR,
    Action,
    Deleted,
    InvalidInputs,
    One,
    Other,
    Page,
    Resource,
    UsageError,
    action,
    optional,
    path_id,
    required,
    rule,
)
from stripe_plugin.declare.linked import expand_row
from stripe_plugin.declare.spec import Place
from stripe_plugin.judge.values import UNKNOWN

PAGE = referred("seed.json", "actions", key="name")

# --- where the product departs from the page, and why ---------------------------------------------

# Required on the page under a condition that its text says; judged by that condition.
CONDITIONAL = {
    ("create_price", "Product"),
    ("create_checkout_session", "Line Items"),
    ("create_invoice_item", "Customer"),
}

# The page has the placeholder [...].
OWN_EXAMPLES = {
    ("update_checkout_session", "Line Items"): [
        {"id": "li_123", "quantity": 2},
        {"price": "price_123", "quantity": 1},
    ],
    ("update_checkout_session", "Shipping Options"): [{"shipping_rate": "shr_123"}],
}

# The page has no example, or one that Stripe never answers (an invoice item named line_item).
OWN_OUTPUTS: dict[str, dict[str, Any]] = {
    "update_checkout_session": {
        "id": "cs_123",
        "object": "checkout.session",
        "status": "open",
        "metadata": {"order_id": "456"},
    },
    "list_checkout_sessions": {
        "object": "list",
        "data": [{"id": "cs_123", "object": "checkout.session"}],
        "has_more": False,
    },
    "list_checkout_session_line_items": {
        "object": "list",
        "data": [{"id": "li_123", "object": "item", "quantity": 1}],
        "has_more": False,
    },
    "expire_checkout_session": {"id": "cs_123", "object": "checkout.session", "status": "expired"},
    "create_invoice_item": {
        "id": "ii_123",
        "object": "invoiceitem",
        "customer": "cus_123",
        "amount": 1000,
    },
}

# Rows that the page lacks although its own examples or descriptions need them.
BEYOND = {
    "create_invoice": ["Currency", "Pending Invoice Items"],
    "update_invoice": ["Days Until Due", "Due Date"],
    "create_subscription": ["Days Until Due", "Trial Period Days", "Payment Behavior"],
    "update_subscription": ["Days Until Due"],
    "create_payment_intent": ["Confirm", "Off Session", "Return URL"],
    "create_checkout_session": [
        "Automatic Tax",
        "Payment Intent Data",
        "Client Reference ID",
        "Locale",
    ],
    "list_checkout_sessions": ["Subscription"],
}

# Stripe has renamed the parameter since.
SENT_AS = {
    ("create_invoice_item", "Price"): "pricing[price]",
    ("update_invoice_item", "Price"): "pricing[price]",
    ("preview_invoice", "Items"): "subscription_details[items]",
    ("preview_invoice", "Proration Behavior"): "subscription_details[proration_behavior]",
    ("preview_invoice", "Proration Date"): "subscription_details[proration_date]",
    ("preview_invoice", "Cancel at Period End"): "subscription_details[cancel_at_period_end]",
    ("preview_invoice", "Cancel Now"): "subscription_details[cancel_now]",
    **{(name, "Created After"): "created[gte]" for name in DATED},
    **{(name, "Created Before"): "created[lt]" for name in DATED},
}


def test_the_actions_are_those_of_the_page_in_its_order(seed: Any) -> None:
    """The actions of the page are there, in its order, with snake_case IDs."""
    names = [entry["name"] for entry in seed["actions"]]
    ids = [re.sub(r"\W+", "_", name.lower()) for name in names]
    assert [name for name in ACTIONS if name in ids] == ids
    assert [name for name in BY_NAME if name in names] == names


@pytest.mark.parametrize("page", PAGE)
def test_the_rows_are_those_of_the_page(page: dict[str, Any]) -> None:
    """Display keys, order, examples, restriction texts and presence are the page's."""
    spec = BY_NAME[page["name"]].spec
    rows = [row for row in spec.rows if not row.beyond]
    assert [row.key for row in rows] == [entry["display_key"] for entry in page["inputs"]]
    for row, entry in zip(rows, page["inputs"], strict=True):
        place = (spec.id, row.key)
        assert row.example == OWN_EXAMPLES.get(place, entry["example"])
        assert row.restriction_text == entry["restriction"]
        assert row.required is (not entry["optional"] and place not in CONDITIONAL)


@pytest.mark.parametrize("page", PAGE)
def test_method_and_path_are_those_of_the_page(page: dict[str, Any]) -> None:
    """Method and path are the page's, which writes every variable as {id}."""
    spec = BY_NAME[page["name"]].spec
    assert spec.method == page["method"]
    assert re.sub(r"{\w+}", "{id}", spec.path) == page["path"]


@pytest.mark.parametrize("page", PAGE)
def test_the_output_example_is_that_of_the_page(page: dict[str, Any]) -> None:
    """The example of an answer is the page's, or ours where the page has none or a wrong one."""
    spec = BY_NAME[page["name"]].spec
    example = OWN_OUTPUTS.get(spec.id, page["output_example"])
    assert spec.output_excerpt == example
    assert page["output_example"] != OWN_OUTPUTS.get(spec.id)


def every_list_has(name: str) -> list[str]:
    """The rows by which any list is read to its end, or from a time on."""
    dated = ["Created After", "Created Before"] if name in DATED else []
    return [*dated, "Return All", "Most"]


def every_reader_has(name: str) -> list[str]:
    """The row by which linked objects come whole, wherever there are any."""
    links = expand_row(ACTIONS[name].spec) is not None
    return ["Expand"] if links and not on_page_already(name) else []


def on_page_already(name: str) -> bool:
    """Whether the action page has that row."""
    row = ACTIONS[name].spec.fields.get("Expand")
    return row is not None and not row.beyond


def test_the_rows_beyond_the_page_are_known(seed: Any) -> None:
    """The rows beyond the page are the listed ones, they come last, and nothing requires them."""
    found = {
        name: [row.key for row in each.spec.rows if row.beyond] for name, each in ACTIONS.items()
    }
    expected = {
        name: [
            *BEYOND.get(name, []),
            *(every_list_has(name) if name in PAGED else []),
            *every_reader_has(name),
        ]
        for name in ACTIONS
    }
    assert found == expected
    for each in ACTIONS.values():
        beyond = [row.beyond for row in each.spec.rows]
        assert beyond == sorted(beyond)
        assert not any(row.required for row in each.spec.rows if row.beyond)
    on_page = {
        entry["name"]: {i["display_key"] for i in entry["inputs"]} for entry in seed["actions"]
    }
    for name, keys in BEYOND.items():
        assert not on_page[ACTIONS[name].spec.name] & set(keys)


def test_only_renamed_parameters_have_a_third_name() -> None:
    """A row is known by its display key and its parameter; a third name means Stripe renamed it."""
    found = {
        (name, row.key): row.sent_as
        for name, each in ACTIONS.items()
        for row in each.spec.rows
        if row.sent_as
    }
    assert found == SENT_AS


# --- an action is its table -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_is_read_by_display_key_or_parameter(name: str) -> None:
    """Display keys and parameter names, alone or mixed, give the same action."""
    spec, by_key = ACTIONS[name].spec, right(name)
    by_name = {spec.names[key]: value for key, value in by_key.items()}
    mixed = {
        (key if number % 2 else spec.names[key]): value
        for number, (key, value) in enumerate(by_key.items())
    }
    assert made(name) == made(name, by_name) == made(name, mixed)
    assert made(name).inputs() == by_key


@pytest.mark.parametrize("name", ACTIONS)
def test_the_fewest_inputs_are_enough_and_each_of_them_is_needed(name: str) -> None:
    """The fewest inputs are taken; without any one of them the action is refused."""
    inputs = fewest(name)
    made(name, inputs)
    for key in inputs:
        _, problems = ACTIONS[name].judge({k: v for k, v in inputs.items() if k != key})
        assert problems, f"{key} can be left out"


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_is_immutable_and_its_class_can_be_imported_by_name(name: str) -> None:
    """An action is frozen, and `from stripe_nodes import CreatePrice` finds its class."""
    one = made(name)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        setattr(one, next((row.name for row in one.spec.rows), "extra"), "else")
    assert getattr(stripe_nodes, type(one).__name__) is type(one)
    module, _, class_name = one.spec.entry.partition(":")
    assert (module, class_name) == (type(one).__module__, type(one).__name__)


def test_one_action_imports_one_module(tmp_path: Path) -> None:
    """Importing an action imports its own module of tables, and no other resource's."""
    code = (
        "import sys; from stripe_nodes import CreateInvoiceItem, MODULES;"
        "print([name for name in MODULES if f'stripe_nodes.{name}' in sys.modules])"
    )
    assert python(code, tmp_path) == "['invoice_items']\n"


def test_an_action_that_is_in_no_index_yet_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the index is written, a new action can be imported like any other."""
    monkeypatch.setattr(stripe_nodes, "_entries", list)
    assert stripe_nodes.CreatePrice is ACTIONS["create_price"]


def test_an_unknown_name_is_no_action() -> None:
    """Asking the package for an action that is not there is an AttributeError that names it."""
    with pytest.raises(AttributeError, match="CreatePrise"):
        _ = stripe_nodes.CreatePrise


@pytest.mark.parametrize("name", ACTIONS)
def test_docs_are_for_people(name: str) -> None:
    """Every action has a summary and a docs URL, every row a description and an example."""
    spec = ACTIONS[name].spec
    assert spec.summary.endswith(".")
    assert spec.description.startswith(spec.summary)
    assert re.fullmatch(r"https://docs\.stripe\.com/api(/[a-z_/-]+)?", spec.docs_url)
    for row in spec.rows:
        assert row.description
        assert not row.description.endswith(".")
        assert row.example is not None


READING = {name for name in ACTIONS if name.startswith(("list_", "retrieve_"))}
DESTROYING = {
    *(name for name in ACTIONS if name.startswith("delete_")),
    "cancel_subscription",
    "cancel_payment_intent",
    "refund_payment",
    "expire_checkout_session",
}
NOT_REPEATABLE = {name for name in ACTIONS if name.startswith("create_")} | {"refund_payment"}


@pytest.mark.parametrize("page", PAGE)
def test_hints_say_what_an_action_does(page: dict[str, Any]) -> None:
    """An action says whether it only reads, whether it destroys, whether it can be repeated."""
    spec = BY_NAME[page["name"]].spec
    assert spec.hints == {
        "read_only": spec.id in READING,
        "destructive": spec.id in DESTROYING,
        "idempotent": spec.id not in NOT_REPEATABLE,
    }


@pytest.mark.parametrize("name", ACTIONS)
def test_a_restricted_key_knows_its_permission(name: str) -> None:
    """Every action names the permission that a restricted key needs: to read or to write."""
    spec = ACTIONS[name].spec
    level = "Read" if spec.method == "GET" else "Write"
    named = re.fullmatch(rf"[A-Z][A-Za-z ]+: {level}", spec.permission or "")
    assert named or spec.subject.permission is None


def test_ours_name_their_permissions() -> None:
    """Each resource that our actions are about has a permission."""
    assert all(each.spec.subject.permission for each in stripe_nodes.actions())


def test_deactivate_price_sends_what_it_declares() -> None:
    """Deactivate Price shares its endpoint with Update Price and always sends active=false."""
    request = made("deactivate_price").request()
    assert (request.path, request.params) == ("/v1/prices/price_123", (("active", "false"),))


@pytest.mark.parametrize(
    ("name", "inputs", "key", "prefix"),
    [
        ("retrieve_product", {"Product ID": "price_123"}, "Product ID", "prod_"),
        ("create_invoice", {"Customer": "acct_1"}, None, ""),
        ("create_invoice", {"Customer": "sub_1"}, "Customer", "cus_"),
        ("retrieve_customer", {"Customer ID": "my-own-id"}, None, ""),
        ("retrieve_customer", {"Customer ID": "cus_123"}, None, ""),
        ("list_products", {"Starting After": "price_1"}, "Starting After", "prod_"),
    ],
)
def test_a_foreign_prefix_is_a_warning_and_no_refusal(
    name: str, inputs: dict[str, Any], key: str | None, prefix: str
) -> None:
    """An ID that looks like another resource's is warned about; custom IDs are left alone."""
    warnings = made(name, inputs).warnings()
    assert list(warnings) == ([key] if key else [])
    assert prefix in warnings.get(key or "", "")


PLACES: list[tuple[str, str | None, str | None, str | None, Any]] = [
    ("create_subscription", "items[0][price]", None, "Items › 1 › Price", ("items", 0, "price")),
    ("create_subscription", "items", None, "Items", ("items",)),
    ("create_invoice_item", "pricing[price]", None, "Price", ("price",)),
    ("create_invoice_item", "pricing", None, "Price", ("price",)),
    ("create_invoice_item", "price", None, "Price", ("price",)),
    ("create_customer", "address[country]", None, "Address › Country", ("address", "country")),
    ("create_customer", "metadata[id 1]", None, "Metadata › id 1", ("metadata", "id 1")),
    (
        "create_checkout_session",
        "line_items[1][price_data][currency]",
        None,
        "Line Items › 2 › Price Data › Currency",
        ("line_items", 1, "price_data", "currency"),
    ),
    ("update_price", "price", None, "Price ID", ("price",)),
    ("create_customer", "metadata[a\x1b[2J]", None, "Metadata", ("metadata",)),
    ("create_customer", f"metadata[{'x' * 9999}]", None, "Metadata", ("metadata",)),
    ("retrieve_subscription", "id", "resource_missing", "Subscription ID", None),
    ("retrieve_subscription", None, "resource_missing", "Subscription ID", None),
    ("create_price", "expand", None, None, None),
    ("retrieve_subscription", "expand[0]", None, "Expand › 1", ("expand", 0)),
    ("create_price", "currency_options", None, None, None),
    ("create_price", "[0]", None, None, None),
    ("create_price", None, None, None, None),
    ("create_price", "", "resource_missing", None, None),
]


@pytest.mark.parametrize(("name", "param", "code", "text", "path"), PLACES)
def test_stripes_param_is_pointed_at_its_place(
    name: str, param: str | None, code: str | None, text: str | None, path: Any
) -> None:
    """Stripe's parameter, nested or renamed, or its missing object leads to its place in a form."""
    spec = ACTIONS[name].spec
    key = text and text.partition(" › ")[0]
    expected = Place(key, path or (spec.path_names[0],), text) if key and text else None
    assert spec.locate(param, code) == expected


@pytest.mark.parametrize("name", LISTS)
def test_a_list_continues_where_the_page_ended(name: str) -> None:
    """Every list takes a limit and both cursors."""
    keys = [row.key for row in ACTIONS[name].spec.rows]
    assert {"Limit", "Starting After", "Ending Before"} <= set(keys)


@pytest.mark.parametrize("name", SEARCHES)
def test_a_search_continues_where_the_page_ended(name: str) -> None:
    """Every search takes a limit and the token of the page before, and no cursor of a list."""
    fields = ACTIONS[name].spec.fields
    assert {"Limit", "Page", "Query"} <= fields.keys()
    assert not {"Starting After", "Ending Before"} & fields.keys()


# --- options of an action -------------------------------------------------------------------------


def test_extra_and_expand_belong_to_the_action() -> None:
    """Parameters without a row, and paths to expand, are arguments, attributes, and are sent."""
    given: Any = {"extra": {"lookup_key": "x", "tiers": [{"up_to": 5}]}, "expand": ["product"]}
    read = ACTIONS["create_price"].read(fewest("create_price"), **given)
    built = stripe_nodes.CreatePrice(currency="usd", product="prod_123", unit_amount=1000, **given)
    assert read == built
    assert (built.extra, list(built.expand or ())) == (given["extra"], given["expand"])
    assert built.parameters() == (
        {},
        {"currency": "usd", "product": "prod_123", "unit_amount": 1000, **given["extra"]}
        | {"expand": ["product"]},
    )
    assert ("tiers[0][up_to]", "5") in built.request().params


def test_an_own_row_and_the_argument_come_to_one_list() -> None:
    """Where a row is called expand, its values and the argument are expanded together."""
    cls = ACTIONS["retrieve_checkout_session"]
    both = cls.read({"ID": "cs_1", "Expand": '["line_items"]'}, expand=["customer"])
    assert both.expand == ["line_items", "customer"]
    assert both == cls(session="cs_1", expand=["line_items", "customer"])
    assert both.inputs() == {"ID": "cs_1", "Expand": ["line_items", "customer"]}
    assert cls.read(both.inputs()) == both


WRONG_OPTIONS: list[tuple[dict[str, Any], str, str]] = [
    ({"extra": {"currency": "eur"}}, "Options › Extra", "Options › Extra would replace currency."),
    (
        {"extra": {"recurring[interval]": "day"}},
        "Options › Extra",
        "would replace recurring[interval]",
    ),
    (
        {"extra": {"expand": ["product"]}},
        "Options › Extra",
        "Options › Extra would replace expand.",
    ),
    (
        {"extra": {"tiers": object()}},
        "Options › Extra",
        "Options › Extra › tiers must be text, a number",
    ),
    (
        {"extra": {"a": "\0"}},
        "Options › Extra",
        "Options › Extra › a holds a character that cannot be sent",
    ),
    ({"extra": {5: 1}}, "Options › Extra", "Options › Extra must be text; got 5."),
    ({"extra": [("a", 1)]}, "Options › Extra", "Options › Extra must be an object of parameters"),
    (
        {"expand": ["a.b.c.d.e"]},
        "Options › Expand",
        "Options › Expand › 1 must be a path of at most four levels",
    ),
    ({"expand": ["a", 5]}, "Options › Expand", "Options › Expand › 2 must be text; got 5."),
    ({"expand": "product"}, "Options › Expand", "Options › Expand must be a list"),
]


@pytest.mark.parametrize(("options", "key", "words"), WRONG_OPTIONS)
def test_options_are_judged_with_the_rest(options: dict[str, Any], key: str, words: str) -> None:
    """Whatever is wrong with extra or expand is told together with what is wrong with the rows."""
    inputs = {**fewest("create_price"), "Recurring": {"interval": "month"}, "Nickname": 5}
    with pytest.raises(InvalidInputs) as caught:
        ACTIONS["create_price"].read(inputs, **options)
    assert list(caught.value.problems) == ["Nickname", key]
    assert words in caught.value.problems[key][0]


def test_what_is_always_sent_or_in_the_path_cannot_be_replaced() -> None:
    """Neither the path nor what an action always sends can be changed by extra."""
    for name in ("active", "price"):
        with pytest.raises(InvalidInputs, match=f"Extra would replace {name}"):
            ACTIONS["deactivate_price"].read({"Price ID": "price_1"}, extra={name: "x"})


# --- judged once ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTIONS)
def test_constructor_and_read_judge_alike(name: str) -> None:
    """By attributes or by display keys, the same inputs are the same action or the same error."""
    cls, inputs = ACTIONS[name], right(name)
    by_name = {cls.spec.names[key]: value for key, value in inputs.items()}
    assert cls(**by_name) == cls.read(inputs)
    if not inputs:  # it has no rows, so that nothing can be wrong
        return
    wrong: dict[str, Any] = {key: object() for key in by_name}
    with pytest.raises(InvalidInputs) as built:
        cls(**wrong)
    with pytest.raises(InvalidInputs) as read:
        cls.read(wrong)
    assert built.value.as_dict() == read.value.as_dict()
    assert built.value.problems.keys() >= inputs.keys()


class Counting(rule.Rule):
    """Counts how often it judges."""

    name = "counting"

    def __init__(self) -> None:
        self.judged: list[Any] = []

    def holds(self, value: Any) -> bool:
        """Always."""
        self.judged.append(value)
        return True


def test_an_action_is_judged_once() -> None:
    """Read or built, each value is judged once; asking for the request judges nothing again."""
    counting = Counting()
    row = optional("Code", "x", "What is typed", counting)
    cls: Any = declare("POST /v1/coupons", {"code": (str | None, row)})
    for one in (cls.read({"Code": "a"}), cls.read({"code": "a"}), cls(code="a")):
        one.request()
        one.parameters()
        one.inputs()
    assert counting.judged == ["a", "a", "a"]
    with pytest.raises(InvalidInputs):
        cls.read({"Code": "b", "Kode": "c"}, extra={"x": object()}, expand=[".."])
    assert counting.judged == ["a", "a", "a", "b"]


def test_an_action_holds_clean_values() -> None:
    """What was typed as text is held in its type, as it will be sent."""
    one = stripe_nodes.CreatePrice(
        currency="USD", product="prod_1", unit_amount=5, metadata={"a": 1}
    )
    read = ACTIONS["create_price"].read(
        {"Currency": "USD", "Product": "prod_1", "Unit Amount": "5", "Metadata": '{"a": 1}'}
    )
    assert one == read
    assert (one.currency, one.unit_amount, one.metadata) == ("usd", 5, {"a": "1"})
    assert repr(one).startswith("CreatePrice(currency='usd', product='prod_1', unit_amount=5")


@pytest.mark.parametrize("copied", [pickle.loads, None])
def test_an_action_is_copied_whole(copied: Any) -> None:
    """Pickled, copied or evolved, an action stays what it was."""
    one: Any = ACTIONS["create_price"].read(
        right("create_price"), extra={"lookup_key": "x"}, expand=["product"]
    )
    again = copied(pickle.dumps(one)) if copied else copy.deepcopy(one)
    assert again == one == attrs.evolve(one)
    assert again.request() == one.request()


def test_what_is_known_later_can_be_judged_but_is_no_action() -> None:
    """Flows judge with values that come later; an action cannot have them, however deep."""
    cls = ACTIONS["create_subscription"]
    inputs = {"Customer": UNKNOWN, "Items": [{"price": UNKNOWN}]}
    assert cls.judge(inputs)[1] == {}
    with pytest.raises(InvalidInputs) as caught:
        cls.read(inputs)
    assert {problem.rule for problem in caught.value.problems_at} == {"unknown"}
    assert list(caught.value.problems) == ["Customer", "Items"]


# --- what a table may not be ----------------------------------------------------------------------


COUPON = Resource("coupon", docs="coupons")
METER = Resource("billing.meter", prefix="mtr_", permission="Billing Meters", words="meter")
CODE = optional("Code", "x", "What is typed")
# As who has no type checker writes them.
untyped_optional: Any = optional
untyped_rule: Any = rule


def declare(endpoint: str, rows: dict[str, tuple[Any, Any]], **facts: Any) -> type[Action]:
    """An action of these rows, by attribute: type and row."""
    body: dict[str, Any] = {name: row for name, (_, row) in rows.items()}
    body["__doc__"] = "Use a coupon."
    body |= {"__annotations__": {name: kind for name, (kind, _) in rows.items()}}
    return action(endpoint, COUPON, **facts)(type("UseCoupon", (Action,), body))


ID_ROW: tuple[Any, Any] = (str, path_id("Coupon ID", "spring", "The coupon", COUPON))
TEXT: tuple[Any, Any] = (str | None, CODE)
CONTRADICTIONS: dict[str, tuple[str, dict[str, tuple[Any, Any]], dict[str, Any], str]] = {
    "no row in the path": ("GET /v1/coupons/{coupon}", {}, {}, "coupon is in the path but no"),
    "an optional row in the path": ("GET /v1/coupons/{code}", {"code": TEXT}, {}, "no path_id"),
    "no such row": (
        "POST /v1/coupons",
        {"off": (int | None, optional("Off", 1, "x", rule.required_if_empty("Percent Of")))},
        {},
        "Use Coupon › Off: there is no row Percent Of",
    ),
    "a parameter is no row": (
        "POST /v1/coupons",
        {"code": TEXT, "off": (int | None, optional("Off", 1, "x", rule.excludes("code")))},
        {},
        "there is no row code",
    ),
    "no such neighbour": (
        "POST /v1/coupons",
        {"off": (int | None, optional("Off", 1, "x", rules.amount(currency="Currency")))},
        {},
        "there is no row Currency",
    ),
    "a plain attribute": ("POST /v1/coupons", {"off": (int, 1)}, {}, "off is no row"),
    "a type read by guessing": ("POST /v1/coupons", {"off": (float, CODE)}, {}, "float"),
    "a list of nothing": ("POST /v1/coupons", {"off": (list, CODE)}, {}, "list"),
    "the same key twice": ("POST /v1/coupons", {"a": TEXT, "b": TEXT}, {}, "are called Code"),
    "the same parameter twice": (
        "POST /v1/coupons",
        {"a": TEXT, "b": (str | None, optional("B", "x", "x", sent_as="a"))},
        {},
        "two rows are called a",
    ),
    "a row that is always sent": (
        "POST /v1/coupons",
        {"code": TEXT},
        {"sends": {"code": "x"}},
        "code is always sent",
    ),
    "a page of what is deleted": (
        "DELETE /v1/coupons/{id}",
        {"id": ID_ROW},
        {"answers": Page()},
        "a DELETE is not answered by Page",
    ),
    "a stub of what is made": ("POST /v1/coupons", {}, {"answers": Deleted()}, "by Deleted"),
    "a destructive GET": ("GET /v1/coupons", {}, {"destructive": True}, "it destroys nothing"),
    "a GET once only": ("GET /v1/coupons", {}, {"repeatable": False}, "can be repeated"),
    "another method": ("PUT /v1/coupons", {}, {}, "by GET, POST or DELETE"),
    "no endpoint": ("/v1/coupons", {}, {}, "the endpoint must be like"),
    "an example that is no choice": (
        "POST /v1/coupons",
        {"code": (str | None, optional("Code", "moth", "x", rule.one_of("day", "month")))},
        {},
        'its example is refused by its own row: it must be one of day, month; got "moth"',
    ),
    "an example of another type": (
        "POST /v1/coupons",
        {"off": (int | None, optional("Off", "ten", "x"))},
        {},
        "Use Coupon › Off: its example is refused by its own row: it must be a whole number",
    ),
    "an example that is no amount": (
        "POST /v1/coupons",
        {
            "off": (int | None, optional("Off", "ten", "x", rules.amount(currency="Code"))),
            "code": TEXT,
        },
        {},
        "Use Coupon › Off: its example is refused by its own row",
    ),
    "an example inside": (
        "POST /v1/coupons",
        {
            "to": (
                list[dict[str, Any]] | None,
                optional("To", [], "x", rule.each(rule.keys(off=rule.may(int, "x", "x")))),
            )
        },
        {},
        "Use Coupon › To › Off: its example is refused",
    ),
    "a type that is none": ("POST /v1/coupons", {"off": (set, CODE)}, {}, "UseCoupon.off: set is"),
    "two types": (
        "POST /v1/coupons",
        {"off": (str | int | None, CODE)},
        {},
        "UseCoupon.off: str | int | None is no type of a row",
    ),
    "a text for a rule": (
        "POST /v1/coupons",
        {"off": (int | None, untyped_optional("Off", 1, "x", "at least 1"))},
        {},
        'behind its description stand rules, such as rule.at_least(1); got "at least 1"',
    ),
    "a rule that is not called": (
        "POST /v1/coupons",
        {"off": (int | None, untyped_optional("Off", 1, "x", rule.at_least))},
        {},
        "stand rules, such as rule.at_least(1); got a function",
    ),
    "a text for a rule of each": (
        "POST /v1/coupons",
        {"to": (list[str] | None, optional("To", ["x"], "x", untyped_rule.each("x")))},
        {},
        "Use Coupon › To › Each: behind its description stand rules",
    ),
    "a rule of another type": (
        "POST /v1/coupons",
        {"code": (str | None, optional("Code", "x", "x", rule.between(1, 5)))},
        {},
        "Use Coupon › Code: its rules cannot judge its example: TypeError",
    ),
    "an answer that is not called": (
        "GET /v1/coupons",
        {},
        {"answers": Page},
        "Use Coupon: answers is One(…), Page(…) or the like; got a type",
    ),
    "a list that is sent": (
        "POST /v1/coupons",
        {},
        {"sends": ["active"]},
        "Use Coupon: sends is an object of parameters; got a list",
    ),
    "a rule for a description": (
        "POST /v1/coupons",
        {"off": (int | None, untyped_optional("Off", 1, rule.at_least(1)))},
        {},
        "Use Coupon › Off: its description, behind the example, must be text; got an AtLeast",
    ),
}


@pytest.mark.parametrize("case", CONTRADICTIONS)
def test_a_table_that_contradicts_itself_is_refused_when_declared(case: str) -> None:
    """What cannot be true of an action fails at its declaration, in words."""
    endpoint, rows, facts, words = CONTRADICTIONS[case]
    with pytest.raises(UsageError, match=re.escape(words)):
        declare(endpoint, rows, **facts)


def test_an_action_says_what_it_does() -> None:
    """A class without a docstring is no action; where Python leaves docstrings out, it is one."""
    with pytest.raises(UsageError, match="Be Silent: its class has no docstring"):
        action("POST /v1/coupons", COUPON)(type("BeSilent", (Action,), {}))
    code = "from stripe_nodes import CreatePrice; CreatePrice.spec"
    subprocess.run([sys.executable, "-OO", "-c", code], check=True)


class Fleeting(rule.Rule):
    """A rule that takes nothing any more."""

    name = "fleeting"

    def holds(self, value: Any) -> bool:
        """Not today."""
        return False


@pytest.mark.parametrize(
    ("example", "restriction"),
    [
        (5, Fleeting()),
        (1672531200, rules.in_future()),
        ([5], rule.each(Fleeting())),
        ({"off": 5}, rule.keys(off=rule.may(int, 5, "x", Fleeting()))),
        ({"new": 5}, rule.keys(off=rule.may(int, 5, "x"))),
    ],
)
def test_an_example_is_refused_only_by_what_never_changes(example: Any, restriction: Any) -> None:
    """Neither the clock nor what only Stripe's document knows keeps an action from being there."""
    kinds: dict[type, Any] = {int: int, list: list[int], dict: dict[str, Any]}
    row = optional("Off", example, "x", restriction)
    made = declare("POST /v1/coupons", {"off": (kinds[type(example)], row)})
    assert made.spec.fields["Off"].example == example


@pytest.mark.parametrize(
    ("field", "words"),
    [
        (str, "size: a key is rule.need(…) or rule.may(…); got a type"),
        (rule.may(set, 1, "x"), "Size: set is no type of a row; there are str, int"),
        (
            untyped_rule.may(int, 1, "x", 5),
            "Size: behind its description stand rules, such as rule",
        ),
    ],
)
def test_a_mistake_inside_of_a_row_is_told_with_its_key(field: Any, words: str) -> None:
    """What is no key, no type or no rule in a table inside of a row is named with its place."""
    with pytest.raises(UsageError, match=re.escape(words)):
        rule.keys(size=field)


def test_what_is_no_action_is_told_what_to_write() -> None:
    """A class without Action, or a text for a resource, is a mistake in words."""
    anything: Any = action
    with pytest.raises(UsageError, match=re.escape("Plan is no action: write class Plan(Action)")):
        anything("POST /v1/plans", COUPON)(type("Plan", (), {"__doc__": "Plan."}))
    wrong = 'Plan: behind the endpoint stands a resource, such as Resource("price"); got "plan"'
    with pytest.raises(UsageError, match=re.escape(wrong)):
        anything("POST /v1/plans", "plan")(type("Plan", (Action,), {"__doc__": "Plan."}))


def test_a_nested_condition_on_a_key_that_is_not_there_is_refused_when_declared() -> None:
    """A table inside of a row is checked like the action's own."""
    with pytest.raises(UsageError, match="Price: there is no row Product"):
        rule.keys(price=rule.may(str, "price_123", "What is sold", rule.excludes("Product")))


OWN_NAMES = ("inputs", "request", "extra", "parameters", "read", "judge", "spec", "warnings")


@pytest.mark.parametrize("name", OWN_NAMES)
def test_a_row_cannot_hide_what_an_action_has(name: str) -> None:
    """A row called like a method is refused in words; with _ behind it, it is sent all the same."""
    with pytest.raises(UsageError, match=f"Call the row {name}_ and it is still sent as {name}"):
        declare("POST /v1/coupons", {name: TEXT})
    one = declare("POST /v1/coupons", {f"{name}_": TEXT}).read({"Code": "a"})
    assert one.request().params == ((name, "a"),)
    place = one.spec.locate(f"{name}[0]")
    assert place
    assert (place.key, place.path) == ("Code", (f"{name}_", 0))


@pytest.mark.parametrize("word", ["Inputs", "inputs", "inputs_", "what"])
def test_a_renamed_row_is_read_by_all_of_its_names(word: str) -> None:
    """A row that is sent under another name is known by display key, attribute and parameter."""
    row = required("Inputs", [{"type": "email"}], "What to ask for", sent_as="inputs")
    name = "what" if word == "what" else "inputs_"
    cls = declare("POST /v1/readers", {name: (list[dict[str, Any]], row)})
    assert cls.read({word: [{"type": "text"}]}).parameters()[1] == {"inputs": [{"type": "text"}]}


def test_an_action_of_ones_own_is_an_action_like_any_other() -> None:
    """An action declared outside the package is read, judged and sent by the same rules."""

    @action("POST /v1/coupons/{coupon}", COUPON, answers=One(valid=True), repeatable=True)
    class UpdateCoupon(Action):
        """Change a coupon.

        What is left empty stays as it is.
        """

        coupon: str = path_id("Coupon ID", "c1", "The coupon to change", COUPON)
        name: str = required("Name", "Spring", "What customers see")
        note: str | None = optional("Note", "x", "A note", clearable=True)

    one = UpdateCoupon.read({"Coupon ID": "sp/ring", "Name": "Spring", "Note": CLEAR})
    assert one == UpdateCoupon(coupon="sp/ring", name="Spring", note=CLEAR)
    assert one.request().path == "/v1/coupons/sp%2Fring"
    assert one.request().body == b"name=Spring&note="
    assert one.spec.output_excerpt == {"id": "123", "object": "coupon", "valid": True}
    assert one.spec.description == "Change a coupon. What is left empty stays as it is."
    assert one.spec.docs_url == "https://docs.stripe.com/api/coupons/update"
    assert one.spec.permission is None


FACTS: list[tuple[str, dict[str, Any], bool, bool]] = [
    ("GET /v1/x", {"answers": Page(name="a")}, True, False),
    ("GET /v1/x", {"answers": Other({"object": "search_result"})}, True, False),
    ("DELETE /v1/x", {"answers": Deleted()}, True, True),
    ("POST /v1/x", {}, False, False),
    ("POST /v1/x/refunds", {"destructive": True}, False, True),
    ("POST /v1/x", {"repeatable": True}, True, False),
]


@pytest.mark.parametrize(("endpoint", "facts", "repeatable", "destructive"), FACTS)
def test_facts_are_declared(
    endpoint: str, facts: dict[str, Any], *, repeatable: bool, destructive: bool
) -> None:
    """A POST is repeatable only where it says so; only a DELETE destroys unless others say so."""
    spec = declare(endpoint, {}, **facts).spec
    assert (spec.repeatable, spec.destructive) == (repeatable, destructive)
    assert spec.hints["idempotent"] is repeatable


def test_an_answer_has_the_shape_that_was_declared() -> None:
    """One object, a page, a deleted stub or a whole example, with the resource's ID and object."""
    one = {"id": "mtr_123", "object": "billing.meter"}
    assert One(status="active").example(METER) == {**one, "status": "active"}
    assert Deleted().example(METER) == {**one, "deleted": True}
    page = {"object": "list", "data": [{**one, "id": "x"}], "has_more": False}
    assert Page(id="x").example(METER) == page
    assert Other({"object": "search_result", "data": []}).example(METER) == {
        "object": "search_result",
        "data": [],
    }


def test_a_resource_knows_its_own_ids() -> None:
    """An ID of another declared resource looks foreign, one that accounts choose never does."""
    schedule = Resource("subscription_schedule", prefix="sub_sched_")
    assert schedule.words == "subscription schedule"
    assert not schedule.looks_foreign("sub_sched_1")
    assert schedule.looks_foreign("sub_1")
    assert PRODUCT.looks_foreign("sub_sched_1")
    assert not PRODUCT.looks_foreign("my_own")
    assert not COUPON.looks_foreign("prod_1")
