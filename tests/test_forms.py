"""What form libraries and tool APIs read of the actions: schemas, layouts, messages."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator
from support import ACTIONS, described, fewest, made, refusal, right

from stripe_plugin import Action, InvalidInputs, Resource, action, optional, required, rule
from stripe_plugin.host.manifest import describe, describe_options

MANIFESTS = {name: described(name) for name in ACTIONS}
DRAWN: dict[str, Any] = {**MANIFESTS, "options": describe_options()}
# What both libraries read alike, in draft-07 and 2020-12, and what no form trips over.
FORM_WORDS = set(
    "title description type enum format pattern maxLength minimum maximum items maxItems"
    " maxProperties properties required additionalProperties examples".split()
)
# What every tool API takes.
TOOL_WORDS = set(
    "description type enum pattern maxLength minimum maximum items maxItems properties required"
    " additionalProperties".split()
)
# A backslash before anything else is an error where a pattern is read as unicode.
ESCAPED = re.compile(r"\\(?![dDwWsSbBnrtvf0ux^$\\.*+?()\[\]{}|/])")


def schemas(schema: Any) -> Iterator[Any]:
    """A schema and all inside of it."""
    yield schema
    inner = [*schema.get("properties", {}).values(), schema.get("items")]
    for each in filter(None, inner):
        yield from schemas(each)


def named(name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    """Inputs by parameter."""
    return {ACTIONS[name].spec.names[key]: value for key, value in inputs.items()}


# --- form_schema ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DRAWN)
def test_a_form_schema_is_read_alike(name: str) -> None:
    """It holds only words that both drafts read alike, and patterns that any engine takes."""
    schema = DRAWN[name]["form_schema"]
    for validator in (Draft7Validator, Draft202012Validator):
        validator.check_schema(schema)
    for each in schemas(schema):
        assert each.keys() <= FORM_WORDS
        assert isinstance(each["type"], str)
        assert not ESCAPED.search(each.get("pattern", "").replace(r"\\", ""))


@pytest.mark.parametrize("name", DRAWN)
def test_everything_in_a_form_has_a_title(name: str) -> None:
    """Every property has a title and a description; titles of rows are their display keys."""
    about = DRAWN[name]
    for each in schemas(about["form_schema"]):
        for inner in each.get("properties", {}).values():
            assert inner["title"]
            assert inner["description"]
    titles = {key: it["title"] for key, it in about["form_schema"]["properties"].items()}
    assert titles == {row["name"]: row["key"] for row in about["inputs"]}


@pytest.mark.parametrize("name", ACTIONS)
@pytest.mark.parametrize("blank", [{}, []])
def test_nothing_blocks_a_form(name: str, blank: Any) -> None:
    """An object or a list that a library fills with nothing is valid, and read as not given."""
    schema = MANIFESTS[name]["form_schema"]
    kind = "object" if blank == {} else "array"
    blanks = {key: blank for key, it in schema["properties"].items() if it["type"] == kind}
    inputs = {**blanks, **named(name, fewest(name))}
    assert Draft7Validator(schema).is_valid(inputs)
    assert made(name, inputs).inputs().keys() == made(name, fewest(name)).inputs().keys()


@pytest.mark.parametrize("name", ACTIONS)
def test_a_form_asks_for_what_must_be_given(name: str) -> None:
    """What it requires is what is missed when nothing is given, whatever else there is."""
    about = MANIFESTS[name]
    wanted = [row["name"] for row in about["inputs"] if row["presence"] == "required"]
    assert about["form_schema"].get("required", []) == wanted
    missed = {row["name"] for row in about["inputs"] if row["key"] in refusal(name, {})}
    assert {*wanted} <= missed
    conditional = {it["name"] for it in about["inputs"] if it["presence"] == "conditional"}
    assert missed <= {*wanted} | conditional


def test_a_unit_amount_is_asked_for() -> None:
    """A form has no row for what could stand in its place, so it must have it."""
    assert "unit_amount" in MANIFESTS["create_price"]["form_schema"]["required"]


# --- layouts --------------------------------------------------------------------------------------


def controls(layout: Any, schema: Any) -> Iterator[tuple[Any, Any]]:
    """The controls of a layout, those of list items too, each with the schema of its scope."""
    for element in layout["elements"]:
        if element["type"] != "Control":
            yield from controls(element, schema)
            continue
        found = schema
        for step in element["scope"].split("/")[1:]:
            found = found[step]
        yield element, found
        if detail := element["options"].get("detail"):
            yield from controls(detail, found["items"])


def fillable(schema: Any) -> Iterator[Any]:
    """What a person fills: everything but objects whose keys have controls of their own."""
    for each in schema.get("properties", {}).values():
        if "properties" not in each:
            yield each
        yield from fillable(each)
        yield from fillable(each.get("items", {}))


@pytest.mark.parametrize("name", DRAWN)
def test_a_layout_has_every_control_once(name: str) -> None:
    """The layout for JSON Forms leads to everything that can be filled, and once to each."""
    about = DRAWN[name]
    found = [schema for _, schema in controls(about["ui_layout"], about["form_schema"])]
    assert [*map(id, found)] == [*map(id, fillable(about["form_schema"]))]


def test_what_is_beyond_the_page_stands_below_it() -> None:
    """Rows beyond the page are in a group of their own, in both layouts."""
    about = MANIFESTS["create_subscription"]
    beyond = [row["name"] for row in about["inputs"] if row["beyond"]]
    page, more = about["ui_layout"]["elements"]
    assert (page["label"], more["label"]) == ("Page", "More")
    below = [scope for it, _ in controls(more, about["form_schema"]) for scope in [it["scope"]]]
    assert {scope.split("/")[2] for scope in below} == {*beyond}
    for name in beyond:
        assert about["ui_schema"][name]["ui:options"]["group"] == "More"


@pytest.mark.parametrize("name", DRAWN)
def test_a_ui_schema_has_the_forms_order(name: str) -> None:
    """The order names every property, at every depth, and choices have a name each."""

    def same(ui: Any, schema: Any) -> None:
        properties = schema.get("properties", {})
        assert ui.get("ui:order", []) == [*properties]
        assert len(ui.get("ui:enumNames", [])) == len(schema.get("enum", []))
        for key, inner in properties.items():
            same(ui[key], inner)
        if "items" in schema:
            same(ui["items"], schema["items"])

    same(DRAWN[name]["ui_schema"], DRAWN[name]["form_schema"])


def test_choices_are_shown_in_words() -> None:
    """What can be chosen has a label, for each library in its way; a truth is Yes or No."""
    about = MANIFESTS["create_invoice"]
    assert about["labels"]["collection_method.send_invoice"] == "Send invoice"
    assert about["labels"]["auto_advance.true"] == "Yes"
    assert about["ui_schema"]["auto_advance"]["ui:enumNames"] == ["Yes", "No"]
    assert about["form_schema"]["properties"]["auto_advance"]["enum"] == [True, False]


def test_a_picker_knows_what_it_picks() -> None:
    """An ID's row names, in both layouts, the resource and the action that lists it."""
    about = MANIFESTS["create_price"]
    wanted = {"resource": "product", "prefix": "prod_", "listed_by": "list_products"}
    wanted["label"] = "{name}"
    assert about["ui_schema"]["product"]["ui:options"]["reference"] == wanted
    found = controls(about["ui_layout"], about["form_schema"])
    options = {it["scope"]: it["options"] for it, _ in found}
    assert options["#/properties/product"]["reference"] == wanted
    assert options["#/properties/product"]["placeholder"] == "prod_123"


# --- messages -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DRAWN)
def test_messages_have_a_place(name: str) -> None:
    """Every message is about a property of the form, and begins with its title."""
    about = DRAWN[name]
    for path, by_keyword in about["messages"].items():
        found: Any = about["form_schema"]
        titles: list[str] = []
        for step in path.split("/")[1:]:
            found = found["items"] if step == "*" else found["properties"][step]
            titles += [found["title"]] if "title" in found else []
        for sentence in by_keyword.values():
            assert sentence.startswith(" › ".join(titles))


@pytest.mark.parametrize("name", ACTIONS)
def test_what_a_validator_finds_has_a_message(name: str) -> None:
    """Whatever is wrong by the form's schema in one value, there is a sentence of ours for it."""
    about = MANIFESTS[name]
    validator = Draft7Validator(about["form_schema"])
    for key, schema in about["form_schema"]["properties"].items():
        if schema["type"] in ("object", "array"):
            continue
        for wrong in (["x"], "", "..", "a\nb", "x" * 6000, -1, 10**9):
            for error in validator.iter_errors({key: wrong}):
                if [*error.path] == [key]:
                    assert str(error.validator) in about["messages"][f"/{key}"]


@pytest.mark.parametrize("name", DRAWN)
def test_messages_are_whole(name: str) -> None:
    """Nothing in a message was meant for a program, or left to be filled in."""
    sentences = [it for told in DRAWN[name]["messages"].values() for it in told.values()]
    assert [it for it in sentences if "bound method" in it or "{" in it] == []


@pytest.mark.parametrize("name", ACTIONS)
def test_a_condition_is_said_in_the_hosts_words(name: str) -> None:
    """A message about no other row, or only one, is what the host says when that is given."""
    spec = ACTIONS[name].spec
    for row in spec.rows:
        said = MANIFESTS[name]["messages"].get(f"/{row.name}", {})
        for condition in row.conditions:
            others = [case.label for case in condition.when if isinstance(case.label, str)]
            if condition.demands or len(others) > 1 or condition.name not in said:
                continue
            inputs = {key: spec.fields[key].example for key in (row.key, *others)}
            assert said[condition.name] in refusal(name, inputs)[row.key]


def test_a_condition_about_several_names_them_all() -> None:
    """Who does not know which of several rows is given is told of all; parameters have no row."""
    said = MANIFESTS["list_products"]["messages"]
    assert said["/ending_before"]["excludes"].endswith("given together with Starting After.")
    said = MANIFESTS["create_invoice_item"]["messages"]
    assert said["/price"]["excludes"] == "Price may not be given together with Amount."
    several = rule.excludes("A", "B", rule.Parameter("c"))
    assert several.ever_wrong == "may not be given together with A or B"
    assert several.wrong({"B": 1}) == "may not be given together with B"


@pytest.mark.parametrize("name", ACTIONS)
def test_what_is_missing_is_said_in_the_same_words(name: str) -> None:
    """The message for a row that must be given is what reading says of it."""
    about = MANIFESTS[name]
    for path in about["form_schema"].get("required", []):
        [sentence] = refusal(name, {})[about["form_schema"]["properties"][path]["title"]]
        assert about["messages"][f"/{path}"]["required"] == sentence


# --- tool_schema ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTIONS)
def test_a_tool_schema_holds_what_everyone_takes(name: str) -> None:
    """No closed objects, lists of types, lookaround or conditions; objects are never empty."""
    for each in schemas(MANIFESTS[name]["tool_schema"]):
        assert each.keys() <= TOOL_WORDS
        assert isinstance(each["type"], str)
        assert "(?" not in each.get("pattern", "")
        assert each.get("additionalProperties") is not False
        assert each["type"] != "object" or each.keys() & {"properties", "additionalProperties"}


@pytest.mark.parametrize("name", ACTIONS)
def test_a_tool_schema_says_the_rest_in_words(name: str) -> None:
    """Every property has a description, with the conditions that hang on other rows."""
    schema = MANIFESTS[name]["tool_schema"]
    for each in schemas(schema):
        assert all(inner["description"] for inner in each.get("properties", {}).values())
    keys = [row["key"] for row in MANIFESTS[name]["inputs"]]
    for row in MANIFESTS[name]["inputs"]:
        for condition in row.get("conditions", ()):
            names_a_row = any(key in condition["text"] for key in keys)
            about = schema["properties"][row["name"]]["description"]
            assert condition["text"] in about or not names_a_row


@pytest.mark.parametrize("name", ACTIONS)
def test_a_tool_schema_takes_what_is_right(name: str) -> None:
    """Inputs that are read, few or many, are valid for a tool."""
    validator = Draft202012Validator(MANIFESTS[name]["tool_schema"])
    for inputs in (right(name), fewest(name)):
        assert list(validator.iter_errors(named(name, inputs))) == []


# --- another package's action ---------------------------------------------------------------------

COUPON = Resource("coupon", docs="coupons")
TABLE = rule.keys(
    at_most=rule.need(int, 3, "How many", rule.at_least(1)),
    kind=rule.may(str, "a_b", "Of which kind", rule.one_of("a_b")),
)


@action("POST /v1/coupons", COUPON)
class MakeCoupon(Action):
    """Make a coupon."""

    name: str = required("Name", "Spring", "What it is called", rule.max_length(40))
    bounds: list[dict[str, Any]] | None = optional(
        "Bounds", [{"at_most": 3}], "Where it ends", rule.each(TABLE), beyond=True
    )


def test_a_plugins_action_is_drawn_as_ours() -> None:
    """A table inside of a list gets titles, choices, messages and a layout for its items."""
    about = json.loads(json.dumps(describe(MakeCoupon)))
    inner = about["form_schema"]["properties"]["bounds"]["items"]["properties"]
    assert [inner["at_most"]["title"], inner["kind"]["title"]] == ["At Most", "Kind"]
    assert about["labels"] == {"bounds.kind.a_b": "A b"}
    said = about["messages"]["/bounds/*/at_most"]
    assert said["required"] == "Bounds › At Most is required."
    assert said["minimum"] == "Bounds › At Most must be at least 1."
    with pytest.raises(InvalidInputs, match="Name is required"):
        MakeCoupon.read({})
