"""The actions are the page's actions, and an action is its table."""

import re
from typing import Any

import attrs
import pytest
from support import ACTIONS, BY_NAME, LISTS, fewest, made, referred, right

import stripe_nodes
from stripe_plugin import CLEAR, Action, UsageError, action, optional, path_id, required
from stripe_plugin.judge.rules import required_if_empty

PAGE = referred("seed.json", "actions", key="name")

# --- where the product departs from the page, and why ---------------------------------------------

# Optional at Stripe (no way back when absent), so shown as the page has it but not enforced.
NOT_ENFORCED = {("create_checkout_session", "Cancel URL")}

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
    "update_invoice": ["Days Until Due", "Due Date"],
    "create_subscription": ["Days Until Due"],
    "update_subscription": ["Days Until Due"],
    "list_checkout_sessions": ["Subscription"],
}

# Stripe has renamed the parameter since.
SENT_AS = {("create_invoice_item", "Price"): "pricing[price]"}


def test_the_actions_are_those_of_the_page_in_its_order(seed: Any) -> None:
    """The 38 actions of the page are there, in its order, with snake_case IDs."""
    names = [entry["name"] for entry in seed["actions"]]
    ids = [re.sub(r"\W+", "_", name.lower()) for name in names]
    assert len(names) == 38
    assert list(ACTIONS) == ids
    assert list(BY_NAME) == names


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
        assert (row.presence == "optional") is entry["optional"]
        asked = not entry["optional"] and place not in CONDITIONAL | NOT_ENFORCED
        assert row.required is asked


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
    assert spec.output_example == example
    assert page["output_example"] != OWN_OUTPUTS.get(spec.id)


def test_the_rows_beyond_the_page_are_known(seed: Any) -> None:
    """The rows beyond the page are the listed ones, they come last, and nothing requires them."""
    found = {
        name: [row.key for row in each.spec.rows if row.beyond] for name, each in ACTIONS.items()
    }
    assert {name: keys for name, keys in found.items() if keys} == BEYOND
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


def test_cancel_url_may_be_left_out() -> None:
    """Cancel URL is optional at Stripe, so a session without it is read."""
    assert (
        "Cancel URL"
        not in made("create_checkout_session", fewest("create_checkout_session")).inputs()
    )


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
        setattr(one, one.spec.rows[0].name, "else")
    assert getattr(stripe_nodes, type(one).__name__) is type(one)
    module, _, class_name = one.spec.entry.partition(":")
    assert (module, class_name) == (type(one).__module__, type(one).__name__)


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
    assert re.fullmatch(r"https://docs\.stripe\.com/api/[a-z_/]+", spec.docs_url)
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


@pytest.mark.parametrize("name", ACTIONS)
def test_hints_say_what_an_action_does(name: str) -> None:
    """An action says whether it only reads, whether it destroys, whether it can be repeated."""
    assert ACTIONS[name].spec.hints == {
        "read_only": name in READING,
        "destructive": name in DESTROYING,
        "idempotent": name not in NOT_REPEATABLE,
    }


@pytest.mark.parametrize("name", ACTIONS)
def test_a_restricted_key_knows_its_permission(name: str) -> None:
    """Every action names the permission that a restricted key needs: to read or to write."""
    level = "Read" if name in READING else "Write"
    assert re.fullmatch(rf"[A-Z][A-Za-z ]+: {level}", ACTIONS[name].spec.permission or "")


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


DISPLAY_KEYS = [
    ("create_subscription", "items[0][price]", None, "Items"),
    ("create_subscription", "items", None, "Items"),
    ("create_invoice_item", "pricing[price]", None, "Price"),
    ("create_invoice_item", "pricing", None, "Price"),
    ("create_invoice_item", "price", None, "Price"),
    ("create_customer", "address[country]", None, "Address"),
    ("create_customer", "metadata[order_id]", None, "Metadata"),
    ("create_checkout_session", "line_items[1][price_data][currency]", None, "Line Items"),
    ("update_price", "price", None, "Price ID"),
    ("retrieve_subscription", "id", "resource_missing", "Subscription ID"),
    ("retrieve_subscription", None, "resource_missing", "Subscription ID"),
    ("retrieve_subscription", "expand", None, None),
    ("create_price", "currency_options", None, None),
    ("create_price", None, None, None),
    ("create_price", "", None, None),
]


@pytest.mark.parametrize(("name", "param", "code", "key"), DISPLAY_KEYS)
def test_stripes_param_is_pointed_at_the_row(
    name: str, param: str | None, code: str | None, key: str | None
) -> None:
    """Stripe's parameter, nested or renamed, or its missing object leads to the display key."""
    assert ACTIONS[name].spec.display_key(param, code) == key


@pytest.mark.parametrize("name", LISTS)
def test_a_list_continues_where_the_page_ended(name: str) -> None:
    """Every list takes a limit and both cursors, and its path ends in a collection."""
    keys = [row.key for row in ACTIONS[name].spec.rows]
    assert {"Limit", "Starting After", "Ending Before"} <= set(keys)
    assert not ACTIONS[name].spec.path.endswith("}")


# --- what a table may not be ----------------------------------------------------------------------


def test_a_path_variable_without_a_row_is_refused_when_declared() -> None:
    """A path variable that no required row fills fails at the declaration."""
    with pytest.raises(UsageError, match="coupon"):

        @action("GET /v1/coupons/{coupon}")
        class RetrieveCoupon(Action):
            """Get one coupon."""

            name: str | None = optional("Name", "x", "Its name")


def test_a_condition_on_a_row_that_is_not_there_is_refused_when_declared() -> None:
    """A condition that looks at an unknown display key fails at the declaration."""
    with pytest.raises(UsageError, match="Percent Of"):

        @action("POST /v1/coupons")
        class CreateCoupon(Action):
            """Create a coupon."""

            amount_off: int | None = optional("Amount Off", 1, "x", required_if_empty("Percent Of"))


def test_an_attribute_that_is_no_row_is_refused_when_declared() -> None:
    """A plain attribute in a table fails at the declaration."""
    with pytest.raises(UsageError, match="percent_off"):

        @action("POST /v1/coupons")
        class CreateCoupon(Action):
            """Create a coupon."""

            percent_off: int = 1


def test_an_action_of_ones_own_is_an_action_like_any_other() -> None:
    """An action declared outside the package is read, judged and sent by the same rules."""

    @action("POST /v1/coupons/{coupon}", answers={"valid": True})
    class UpdateCoupon(Action):
        """Change a coupon.

        What is left empty stays as it is.
        """

        coupon: str = path_id("Coupon ID", "c1", "The coupon to change", "coupon")
        name: str = required("Name", "Spring", "What customers see")
        note: str | None = optional("Note", "x", "A note", clearable=True)

    one = UpdateCoupon.read({"Coupon ID": "sp/ring", "Name": "Spring", "Note": CLEAR})
    assert one == UpdateCoupon(coupon="sp/ring", name="Spring", note=CLEAR)
    assert one.request().path == "/v1/coupons/sp%2Fring"
    assert one.request().body == b"name=Spring&note="
    assert one.spec.output_example == {"id": "coupon_123", "object": "coupon", "valid": True}
    assert one.spec.description == "Change a coupon. What is left empty stays as it is."


def test_a_type_that_is_not_read_exactly_is_refused_when_declared() -> None:
    """A row of a type without an exact reader, such as float, fails at the declaration."""
    with pytest.raises(UsageError, match="float"):

        @action("POST /v1/coupons")
        class CreateCoupon(Action):
            """Create a coupon."""

            percent_off: float | None = optional("Percent Off", 12.5, "How much off")
