"""What no row has is judged by what Stripe's API document says of it, and so are its hints."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from support import ACTIONS, TABLES, company, fewest, made, nested, refusal

from stripe_plugin import Action, InvalidInputs, Resource, action, optional, rule
from stripe_plugin.declare.contract import Operation
from stripe_plugin.declare.hints import OPTIONS
from stripe_plugin.declare.options import Options
from stripe_plugin.judge.values import UNKNOWN

EXTRA = "Options › Extra"
VERSION = "2026-08-26.dahlia"
SELL = fewest("create_checkout_session")
Given = Mapping[str, Any]


def session(**extra: Any) -> Action:
    """A checkout session with something beside its rows."""
    return ACTIONS["create_checkout_session"].read(SELL, extra=extra)


def refused(**extra: Any) -> list[str]:
    """The problems of what stands beside the rows of a checkout session."""
    return refusal("create_checkout_session", SELL, extra).get(EXTRA, [])


# --- keys inside of rows --------------------------------------------------------------------------


def subscription(data: Given) -> dict[str, Any]:
    """Inputs that sell a subscription with such data."""
    return company("create_checkout_session", "Subscription Data", data) | {"Mode": "subscription"}


def test_a_key_that_only_the_document_has_is_taken() -> None:
    """A nested key without a field of its own is read in the type that the document gives it."""
    data = {"billing_cycle_anchor_config": {"day_of_month": "31", "hour": 0}}
    one = made("create_checkout_session", subscription(data))
    anchor = "subscription_data[billing_cycle_anchor_config]"
    assert (f"{anchor}[day_of_month]", "31") in one.request().params
    assert one.warnings() == {}
    assert one.inputs()["Subscription Data"]["billing_cycle_anchor_config"]["day_of_month"] == 31


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"hour": 3}, "billing_cycle_anchor_config › day_of_month is required."),
        ({"day_of_month": "x"}, "billing_cycle_anchor_config › day_of_month must be a whole"),
        ("soon", "billing_cycle_anchor_config must be an object"),
    ],
)
def test_a_key_that_only_the_document_has_is_judged(config: Any, sentence: str) -> None:
    """What is wrong with such a key is told with its path, beside what else is wrong."""
    data = {"billing_cycle_anchor_config": config, "trial_period_days": 0}
    problems = refusal("create_checkout_session", subscription(data))["Subscription Data"]
    assert f"Subscription Data › {sentence}" in " ".join(problems)
    assert "Trial Period Days must be at least 1" in " ".join(problems)


def test_a_key_that_nobody_knows_passes_with_a_warning() -> None:
    """A key that the document does not have may be newer than it: it is sent, and that is said."""
    inputs = {"Customer": "cus_1", "Items": [{"price": "price_1"}, {"price": "p", "prize": "x"}]}
    one = made("create_subscription", inputs)
    assert ("items[1][prize]", "x") in one.request().params
    assert one.warnings() == {
        "Items": f"Items › 2 › prize is not in Stripe's API document of {VERSION}"
        " (did you mean price?); it is sent all the same."
    }


def test_a_free_object_is_judged_and_warned_of_as_documented() -> None:
    """An object without a table is read by the document, too, and unknown keys inside are told."""
    data: Given = {"billing_cycle_anchor_config": {"day_of_month": 1, "new": 1}}
    one = made("create_checkout_session", subscription(data))
    assert "billing_cycle_anchor_config › new is not in" in one.warnings()["Subscription Data"]
    data = {"billing_cycle_anchor_config": {"day_of_month": 1, "hour": "noon"}}
    [problem] = refusal("create_checkout_session", subscription(data))["Subscription Data"]
    assert "billing_cycle_anchor_config › hour must be a whole number" in problem


def test_a_key_that_is_unknown_deep_inside_of_tables_is_warned_of() -> None:
    """The warning names the tables around it as the form does, and the key as it was given."""
    data = {"trial_settings": {"end_behavior": {"missing_payment_method": "cancel", "new": 1}}}
    one = made("create_checkout_session", subscription(data))
    assert "Trial Settings › End Behavior › new is not in" in one.warnings()["Subscription Data"]


def test_what_holds_nothing_is_not_given() -> None:
    """An object of which every key is empty asks for none of its keys, and is not sent."""
    data = {"description": "d", "trial_settings": {"end_behavior": {"missing_payment_method": ""}}}
    one = made("create_checkout_session", subscription(data))
    assert [name for name, _ in one.request().params if "trial_settings" in name] == []


@pytest.mark.parametrize(
    ("name", "inputs", "sentence"),
    [
        (
            "create_subscription",
            {"Customer": "cus_1", "Items": [{"plan": "p"}]},
            "Items › 1 › plan is Price now; the plan's ID works as Price.",
        ),
        (
            "create_checkout_session",
            {**SELL, "Line Items": [{"price": "p", "currency": "usd"}]},
            "Line Items › 1 › currency is Price Data › Currency now.",
        ),
    ],
)
def test_what_is_known_to_be_wrong_is_refused_with_the_way_out(
    name: str, inputs: Given, sentence: str
) -> None:
    """A key that Stripe has renamed or moved is refused, and the sentence says what to do."""
    assert [sentence] in refusal(name, inputs).values()


# --- fixed values that may grow -------------------------------------------------------------------


def test_stripes_values_are_choices_and_newer_ones_pass() -> None:
    """Payment Method Types offers the document's values; a newer one passes with a warning."""
    name, key = "create_checkout_session", "Payment Method Types"
    schema = ACTIONS[name].spec.fields[key].schema
    assert {"card", "link", "sepa_debit"} <= {*schema["items"]["enum"]}
    assert made(name, {**SELL, key: ["card", "link"]}).warnings() == {}
    one = made(name, {**SELL, key: ["card", "lnk"]})
    assert ("payment_method_types[1]", "lnk") in one.request().params
    assert one.warnings()[key].startswith("Payment Method Types › 2 is not among the values")
    assert '(did you mean link?); got "lnk"' in one.warnings()[key]


# --- parameters beside the rows -------------------------------------------------------------------

READ: Mapping[str, tuple[Given, list[tuple[str, str]]]] = {
    "text of a boolean": (
        {"tax_id_collection": {"enabled": "true"}},
        [("tax_id_collection[enabled]", "true")],
    ),
    "text of a number": ({"expires_at": " 1900000000 "}, [("expires_at", "1900000000")]),
    "text of an object": (
        {"automatic_tax": '{"enabled": true}'},
        [("automatic_tax[enabled]", "true")],
    ),
    "text of a list": ({"discounts": '[{"coupon": "c"}]'}, [("discounts[0][coupon]", "c")]),
    "a fixed value": ({"locale": "de"}, [("locale", "de")]),
    "keys of one's own": (
        {"payment_intent_data": {"metadata": {"a": 1, "b": True, "c": "x"}}},
        [
            ("payment_intent_data[metadata][a]", "1"),
            ("payment_intent_data[metadata][b]", "true"),
            ("payment_intent_data[metadata][c]", "x"),
        ],
    ),
    "empty values": (
        {"locale": "", "discounts": [], "automatic_tax": {}, "currency": None, "phone_number": ""},
        [],
    ),
    "text of empty values": ({"automatic_tax": "{}", "discounts": " [] "}, []),
    "empty values further inside": (
        {"payment_intent_data": {"description": "", "shipping": {"name": "", "address": {}}}},
        [],
    ),
    "a name in brackets": ({"discounts[0][coupon]": "c"}, [("discounts[0][coupon]", "c")]),
}


@pytest.mark.parametrize("case", READ)
def test_extra_is_read_as_rows_are(case: str) -> None:
    """A parameter beside the rows is read in its documented type; an empty one is not given."""
    extra, sent = READ[case]
    usual = made("create_checkout_session", SELL).request().params
    one = session(**extra)
    assert [pair for pair in one.request().params if pair not in usual] == sent
    assert one.warnings() == {}


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        ({"expires_at": "soon"}, "Options › Extra › expires_at must be a whole number"),
        (
            {"automatic_tax": {"enabled": "on"}},
            "Options › Extra › automatic_tax › enabled must be true or",
        ),
        ({"automatic_tax": {"liability": {"type": "self"}}}, "automatic_tax › enabled is required"),
        ({"automatic_tax": "on"}, "Options › Extra › automatic_tax must be an object"),
        ({"discounts": {"coupon": "c"}}, "Options › Extra › discounts must be a list"),
        ({"discounts": [{"coupon": 5}]}, "Options › Extra › discounts › 1 › coupon must be text"),
        (
            {"submit_type": "by"},
            "Options › Extra › submit_type must be one of auto, book, donate, pay",
        ),
        ({"locale": 5}, "Options › Extra › locale must be text"),
        ({"payment_intent_data": {"metadata": {"a": {}, "b": ["c"]}}}, "metadata › b must be text"),
        ({"discounts[0][coupon]": ["c"]}, "must be text"),
    ],
)
def test_extra_is_judged(extra: Given, sentence: str) -> None:
    """A parameter beside the rows that the document says is wrong is refused with its path."""
    assert sentence in " ".join(refused(**extra))


def test_keys_of_ones_own_are_judged_by_what_each_is() -> None:
    """Where every value of free keys is an object, a number is refused."""
    extra = {"currency_options": {"eur": 5, "gbp": {"unit_amount": "7"}}}
    [problem] = refusal("create_price", fewest("create_price"), extra)[EXTRA]
    assert problem.startswith("Options › Extra › currency_options › eur must be an object")


def test_one_of_several_types_says_all() -> None:
    """Where Stripe takes values of several types, the refusal of another names them all."""
    extra = {"trial_end": "soon"}
    [problem] = refusal("create_subscription", fewest("create_subscription"), extra)[EXTRA]
    expected = "now or a whole number, such as 1893456000 for 2030-01-01, in unix seconds"
    assert problem == f'Options › Extra › trial_end must be {expected}; got "soon".'


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ({"lokale": "de"}, "Options › Extra › lokale is not in Stripe's API document of"),
        ({"lokale": "de"}, "(did you mean locale?)"),
        ({"trial_period_days": 5}, "(it is subscription_data › trial_period_days)"),
        (
            {"automatic_tax": {"enabled": True, "nu": 1}},
            "Options › Extra › automatic_tax › nu is not in",
        ),
        (
            {"locale": "xx"},
            "Options › Extra › locale is not among the values that Stripe documents",
        ),
    ],
)
def test_what_the_document_does_not_know_passes_with_a_warning(extra: Given, words: str) -> None:
    """A newer parameter, key or value is sent as it is, and a warning says what is not known."""
    one = session(**extra)
    assert words in one.warnings()[EXTRA]
    assert {*extra} <= {name.partition("[")[0] for name, _ in one.request().params}


PRICE: Given = {"Currency": "usd", "Unit Amount": 5, "Product": "prod_1"}
ASKED: Given = {"Method": "GET", "Path": "/v1/prices/price_1"}
EXPANDED: list[tuple[str, Given, str, str]] = [
    ("create_price", PRICE, "produkt", " (did you mean product?)"),
    ("create_price", PRICE, "nickname", ""),
    ("create_price", PRICE, "product.default_pric", " (did you mean product.default_price?)"),
    ("stripe_api_request", ASKED, "produkt", " (did you mean product?)"),
    (
        "retrieve_subscription",
        {"Subscription ID": "sub_1"},
        "items.data.price.produkt",
        " (did you mean items.data.price.product?)",
    ),
    ("list_prices", {}, "product", " (did you mean data.product?)"),
]


@pytest.mark.parametrize(("name", "inputs", "path", "hint"), EXPANDED)
def test_a_path_that_leads_to_nothing_passes_with_a_warning(
    name: str, inputs: Given, path: str, hint: str
) -> None:
    """Whether an action reads or writes, a path that the document does not know is doubted."""
    one = ACTIONS[name].read(inputs, expand=[path])
    key = "Expand" if "Expand" in one.spec.fields else "Options › Expand"
    text = f"{key} › 1 leads to nothing that Stripe documents{hint}"
    assert one.warnings() == {key: f'{text}; got "{path}", which is sent all the same.'}
    assert ("expand[0]", path) in one.request().params


@pytest.mark.parametrize(
    ("name", "inputs", "path"),
    [
        ("create_price", PRICE, "product"),
        ("create_price", PRICE, "tiers"),
        ("create_price", PRICE, "product.default_price"),
        ("stripe_api_request", ASKED, "currency_options"),
        ("retrieve_subscription", {"Subscription ID": "sub_1"}, "items.data.price.product"),
        ("retrieve_customer", {"Customer ID": "cus_1"}, "cash_balance"),
        ("list_prices", {}, "data.product"),
    ],
)
def test_a_path_that_leads_to_something_is_not_doubted(name: str, inputs: Given, path: str) -> None:
    """What is linked, at any depth, or there only for who asks, is no reason for a warning."""
    assert ACTIONS[name].read(inputs, expand=[path]).warnings() == {}


@pytest.mark.parametrize("name", ["", "[]", "0", "[0]", "a[", "locale]"])
def test_a_name_that_is_none_passes_with_a_warning(name: str) -> None:
    """Whatever a parameter is called, it is sent so, and doubted."""
    one = session(**{name: "x"})
    assert (name, "x") in one.request().params or name == "locale]"
    assert one.warnings().keys() <= {EXTRA}


def test_where_the_document_knows_nothing_tables_are_closed() -> None:
    """At an endpoint that the document does not have, an unknown key is refused as misspelled."""

    @action("POST /v2/boxes", Resource("box"))
    class CreateBox(Action):
        """Make a box."""

        size: dict[str, Any] | None = optional(
            "Size", {"width": 5}, "How big it is", rule.keys(width=rule.may(int, 5, "How wide"))
        )

    with pytest.raises(InvalidInputs) as caught:
        CreateBox.read({"Size": {"widht": 5}})
    [problem] = caught.value.problems["Size"]
    assert problem == "Size › widht is not a key here (did you mean Width?)."
    assert CreateBox.read({"Size": {"width": 5}}, extra={"colour": "red"}).warnings() == {}


def test_what_is_known_only_later_is_not_judged() -> None:
    """A flow's reference may stand anywhere in a parameter beside the rows."""
    extra = {"locale": UNKNOWN, "discounts": [{"coupon": UNKNOWN}], "automatic_tax": UNKNOWN}
    values, problems = ACTIONS["create_checkout_session"].judge(SELL, extra=extra)
    assert (problems, values["extra"]) == ({}, extra)


# --- where a name belongs -------------------------------------------------------------------------


def operation(name: str) -> Operation:
    """What the document says of an action's endpoint."""
    found = ACTIONS[name].spec.documented.operation
    assert found
    return found


def without_row(name: str) -> list[str]:
    """The parameters of Stripe's that an action has no row for."""
    spec = ACTIONS[name].spec
    rows = {*spec.words, *(row.steps[0] for row in spec.rows), *spec.sends, "expand"}
    return [word for word in operation(name).parameters if word not in rows]


@pytest.mark.parametrize("name", TABLES)
def test_a_parameter_without_a_row_goes_under_extra(name: str) -> None:
    """Every parameter of Stripe's that is no row is said to be one, never misspelled."""
    for word in without_row(name):
        for typed in (word, word.replace("_", " ").title()):
            problems = refusal(name, {**fewest(name), typed: "x"})
            assert list(problems) == [typed]
            assert problems[typed][0].endswith("; Stripe takes it: it goes under Options › Extra.")


def inner(name: str) -> Iterator[str]:
    """The nested keys of an action's parameters that are not parameters themselves."""
    known = operation(name).parameters
    level = [*known.values()]
    while level:
        keys = [item for shape in level for item in shape.keys.items()]
        yield from (key for key, _ in keys if key not in known)
        level = [shape for _, shape in keys]


@pytest.mark.parametrize("name", TABLES)
def test_a_nested_key_given_too_high_is_shown_its_place(name: str) -> None:
    """Every nested key that is given beside the rows is told where it stands."""
    spec = ACTIONS[name].spec
    for key in {*inner(name)} - spec.words.keys() - spec.sends.keys() - OPTIONS.keys():
        [problem] = refusal(name, {**fewest(name), key: "x"})[key]
        labels = {key, *(field.key for field in nested(spec.rows) if field.name == key)}
        rows = [row.key for row in spec.rows if row.steps[-1] == key]  # created[gte]
        told = any(f" › {label}" in problem for label in labels)
        assert told or any(f"it is {row}." in problem for row in rows)
        assert "did you mean" not in problem


def test_every_option_has_a_hint() -> None:
    """The options that a hint may name are those of a run, all of them."""
    assert {*OPTIONS.values()} == {row.key for row in Options.table.rows}


@pytest.mark.parametrize(
    ("name", "word", "end"),
    [
        (
            "create_checkout_session",
            "trial_period_days",
            "; it is Subscription Data › Trial Period Days.",
        ),
        (
            "create_checkout_session",
            "capture_method",
            "; it is Payment Intent Data › Capture Method.",
        ),
        ("create_customer", "Postal Code", "; it is Address › Postal Code."),
        ("create_price", "expand", "; it goes under Options › Expand."),
        ("create_invoice", "Account", "; it goes under Options › Account."),
        ("deactivate_price", "active", "; it is always sent."),
        ("create_price", "Curency", " (did you mean Currency?)."),
    ],
)
def test_a_hint_is_right(name: str, word: str, end: str) -> None:
    """A name that is no input is told its place, or else the nearest name that is one."""
    [problem] = refusal(name, {**fewest(name), word: "x"})[word]
    assert problem.endswith(f"{word} is not an input of {ACTIONS[name].spec.name}{end}")
