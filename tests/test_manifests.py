"""What a builder reads: the manifests, their schemas, and that these judge as the actions do."""

import json
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from support import ACTIONS, TABLES, company, described, fewest, made, referred, refusal, right
from test_restrictions import PAIRS, SAMPLES, TOGETHER, split

import stripe_nodes
from stripe_plugin import Host
from stripe_plugin.host.manifest import input_schema

_PACKAGE = find_spec("stripe_manifests")
assert _PACKAGE is not None
assert _PACKAGE.submodule_search_locations
FOLDER = Path(_PACKAGE.submodule_search_locations[0])
INDEX = json.loads((FOLDER / "index.json").read_text("utf-8"))
INPUTS = {name: Draft202012Validator(input_schema(each.spec)) for name, each in ACTIONS.items()}
COMBINATORS = {"anyOf", "oneOf", "allOf"}
LATER = int(time.time()) + 10**7


def named(name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Inputs by parameter name, as the schemas know them."""
    names = ACTIONS[name].spec.names
    return {names.get(key, key): value for key, value in inputs.items()}


# --- the files ------------------------------------------------------------------------------------


def test_the_index_lists_the_actions_in_order() -> None:
    """The index lists every action in the order of the page, with what a picker needs."""
    assert [entry["id"] for entry in INDEX["actions"]] == list(ACTIONS)
    for entry in INDEX["actions"]:
        about = described(entry["id"])
        facts = {key: value for key, value in entry.items() if key != "entry"}
        assert {"id", "name", "resource", "summary", "hints"} <= facts.keys()
        assert facts == {key: about[key] for key in facts}
        assert entry["entry"] == ACTIONS[entry["id"]].spec.entry


def test_index_and_files_agree() -> None:
    """There is one file per action in the index, and no other."""
    files = {path.stem for path in (FOLDER / "actions").glob("*.json")}
    assert files == {entry["id"] for entry in INDEX["actions"]}


@pytest.mark.parametrize("name", ACTIONS)
def test_a_file_is_not_stale(name: str) -> None:
    """The committed manifest is what the table says now, or else it must be written again."""
    committed = json.loads((FOLDER / "actions" / f"{name}.json").read_text("utf-8"))
    assert committed == json.loads(json.dumps(described(name)))


@pytest.mark.parametrize("name", ACTIONS)
def test_a_manifest_is_valid(name: str) -> None:
    """Every manifest is valid by the JSON Schema that ships beside the manifests."""
    path = FOLDER / "manifest.schema.json"
    if not path.is_file():
        pytest.skip("there is no JSON Schema of manifests yet")
    schema = json.loads(path.read_text("utf-8"))
    Draft202012Validator.check_schema(schema)
    manifest = json.loads(json.dumps(described(name)))
    assert [error.message for error in Draft202012Validator(schema).iter_errors(manifest)] == []
    broken = {key: value for key, value in manifest.items() if key != "id"}
    assert not Draft202012Validator(schema).is_valid(broken)


def test_a_host_gives_the_file() -> None:
    """A host gives an installed action's manifest as it is in the file."""
    with Host.load() as host:
        assert host.manifest("create_price") == json.loads(json.dumps(described("create_price")))


# --- the manifest of an action --------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTIONS)
def test_a_manifest_holds_the_table(name: str) -> None:
    """Every row is there in order, with its names, example, presence and restrictions."""
    spec, about = ACTIONS[name].spec, described(name)
    assert [each["key"] for each in about["inputs"]] == [row.key for row in spec.rows]
    for each, row in zip(about["inputs"], spec.rows, strict=True):
        assert (each["name"], each["example"], each["required"]) == (
            row.name,
            row.example,
            row.required,
        )
        assert (each["restrictions"], each["description"]) == (
            row.restriction_text,
            row.description,
        )
        assert (each["clearable"], each["beyond"]) == (bool(row.clearable), row.beyond)
        assert each["rules"] == [rule.text for rule in row.rules if rule.text]
    for word in ("id", "name", "summary", "method", "path", "docs_url", "hints"):
        assert about[word] == getattr(spec, word)


@pytest.mark.parametrize("name", ACTIONS)
def test_a_reference_leads_to_a_list(name: str) -> None:
    """A row that is an ID names its resource, and a list action that exists, if there is one."""
    for each in described(name)["inputs"]:
        if "reference" in each:
            listed_by = each["reference"]["listed_by"]
            assert listed_by is None or listed_by in ACTIONS
            assert each["example"].startswith(each["reference"]["prefix"] or "")


# --- the schemas ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTIONS)
def test_an_input_schema_has_the_rows(name: str) -> None:
    """A schema is valid 2020-12, closed, without root combinators, titled with the display keys."""
    spec = ACTIONS[name].spec
    schema = input_schema(spec)
    Draft202012Validator.check_schema(schema)
    json.dumps(schema, allow_nan=False)
    assert not COMBINATORS & schema.keys()
    assert schema["additionalProperties"] is False
    titles = {key: about["title"] for key, about in schema["properties"].items()}
    assert titles == {row.name: row.key for row in spec.rows}
    assert schema.get("required", []) == [row.name for row in spec.rows if row.required]


def properties(schema: Any) -> Iterator[tuple[str, Any]]:
    """Every property of a schema, at any depth."""
    for key, about in schema.get("properties", {}).items():
        yield key, about
        yield from properties(about)
        yield from properties(about.get("items", {}))


@pytest.mark.parametrize("name", ACTIONS)
def test_everything_in_an_input_schema_has_a_title(name: str) -> None:
    """At every depth each property has its display key, a description and an example."""
    found = [*properties(input_schema(ACTIONS[name].spec))]
    lacking = [key for key, it in found if not {"title", "description", "examples"} <= it.keys()]
    assert lacking == []
    shown = {it["title"] for _, it in properties(described(name)["form_schema"])}
    assert {it["title"] for _, it in found} == shown


@pytest.mark.parametrize("name", ACTIONS)
def test_right_inputs_are_valid(name: str) -> None:
    """Inputs that an action reads, few or many, are valid by its schemas."""
    about = described(name)
    validators = [Draft202012Validator(about[f"{word}_schema"]) for word in ("form", "tool")]
    for inputs in (right(name), fewest(name)):
        made(name, inputs)
        for validator in (INPUTS[name], *validators):
            assert list(validator.iter_errors(named(name, inputs))) == []


@pytest.mark.parametrize("entry", referred("contract.json", "actions", key="action"))
def test_the_contracts_examples_are_valid(entry: dict[str, Any]) -> None:
    """The contract's valid example of every action is valid by its input schema."""
    name = next(name for name, each in ACTIONS.items() if each.spec.name == entry["action"])
    inputs = named(name, entry["valid_example"]["seed_inputs"])
    assert list(INPUTS[name].iter_errors(inputs)) == []


@pytest.mark.parametrize("name", ACTIONS)
def test_every_example_is_valid_for_its_row(name: str) -> None:
    """The example of each row, alone, is valid by the schema of its property."""
    for key, schema in input_schema(ACTIONS[name].spec)["properties"].items():
        row = next(row for row in ACTIONS[name].spec.rows if row.name == key)
        assert schema["examples"] == [row.example]
        assert Draft202012Validator(schema).is_valid(row.example), row.key


# --- the schemas judge as reading does ------------------------------------------------------------

# What a schema does not say: a part of the sentence that refuses it, and why.
INEXPRESSIBLE = {
    "in the future": "it has no clock",
    "at least 48 hours ahead": "it has no clock",
    "digits in the currency's smallest unit": "the digits hang on another row's currency",
    "must end in 0": "the last digit hangs on another row's currency",
    "looks like milliseconds": "it has no clock",
    "is an address without the ID": "only the resource knows how its IDs begin",
    "at most three years": "the number hangs on the interval beside it",
    "character that cannot be sent": "JSON has no such text",
}
# Reading also takes text in place of a value, a schema does not.
JSON_TYPES = (str, int, float, bool, list, dict)


def own_type(name: str, key: str, value: Any) -> bool:
    """Whether a sample is JSON in the type of its row, not text that stands for it."""
    [kind] = [row["type"] for row in described(name)["inputs"] if row["key"] == key]
    is_text_for_else = isinstance(value, str) and kind != "string"
    return not isinstance(value, datetime) and type(value) in JSON_TYPES and not is_text_for_else


def texts_inside(value: Any) -> bool:
    """Whether a nested value has text that may stand for a number or a boolean."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(
        texts_inside(item)
        or (isinstance(item, str) and item.replace(".", "").isdigit())
        or item in ("", None, "true", "false")
        for item in inner
    )


@pytest.mark.parametrize(("name", "key"), PAIRS)
def test_a_schema_takes_what_a_row_takes(name: str, key: str) -> None:
    """Every accepted sample in the row's own type is valid by the input schema."""
    for value in SAMPLES[name][key].takes:
        inputs = company(name, key, value)
        if own_type(name, key, value) and not texts_inside(value) and value != "@clear":
            assert list(INPUTS[name].iter_errors(named(name, inputs))) == [], repr(value)


@pytest.mark.parametrize(("name", "key"), PAIRS)
def test_a_schema_refuses_what_a_row_refuses(name: str, key: str) -> None:
    """Every refused sample is invalid by the input schema, the inexpressible rules aside."""
    for value, why in SAMPLES[name][key].refuses:
        problems = refusal(name, company(name, key, value))
        said = " ".join(problems[key])
        is_json = own_type(name, key, value) or isinstance(value, str)
        # Python's $ also stands before a final newline; that of JSON Schema does not.
        is_json = is_json and not str(value).endswith("\n")
        if is_json and not any(words in said for words in INEXPRESSIBLE):
            assert not INPUTS[name].is_valid(named(name, company(name, key, value))), (value, why)


def _told(case: Any) -> bool:
    spec = ACTIONS[case.name].spec
    return split(case.name, case.broken)[1] == {} and spec.names.keys() >= case.broken.keys()


# Conditions on parameters beyond the rows have no place in a schema that is closed.
EXPRESSIBLE = [case for case in TOGETHER if _told(case)]


@pytest.mark.parametrize(
    "case", EXPRESSIBLE, ids=lambda case: f"{case.name}-{case.key}-{case.says}"
)
def test_a_schema_judges_conditions(case: Any) -> None:
    """A condition among rows holds in the input schema as it does in reading."""
    rows, extra = split(case.name, case.kept)
    assert extra or INPUTS[case.name].is_valid(named(case.name, rows))
    assert not INPUTS[case.name].is_valid(named(case.name, case.broken))


def near(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Values of a schema's type, right ones and such that just miss."""
    if "enum" in schema:
        return st.sampled_from([*schema["enum"], "other"])
    kind = schema["type"]
    if kind in ("array", "object"):
        return objects(schema) if kind == "object" else lists(schema)
    if kind == "boolean":
        return st.booleans()
    if kind == "string":
        longest = schema.get("maxLength", 30)
        edges = st.sampled_from([longest, longest + 1]).map(lambda length: "x" * length)
        words = st.sampled_from(["usd", "USD", "..", "a b", "ö", "A<B", "123"])
        free = st.text("abcXY z19_-.", min_size=1, max_size=9)
        return edges | words | free.filter(str.strip)  # what is blank is not given
    if kind == "number":
        return st.decimals(-1000, 1000, places=2).map(float)
    low, high = schema.get("minimum", -5), schema.get("maximum", 1000)
    return st.sampled_from([low, low - 1, high, high + 1, 10, LATER])


def lists(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Lists of up to one item more than a schema allows."""
    return st.lists(near(schema["items"]), min_size=1, max_size=schema.get("maxItems", 2) + 1)


def objects(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Objects of some of a schema's keys; free ones where it names none."""
    properties = schema.get("properties")
    if properties is None:
        names = st.sampled_from(["k", "k" * 40, "k" * 41, "a[b]", "ö"])
        texts = st.sampled_from([1, 500, 501]).map(lambda length: "v" * length)
        free = texts | st.sampled_from([5, True, 2.5, ["x"], {"a": 1}])
        return st.dictionaries(names, free, min_size=1, max_size=3)
    strategies = {key: near(inner) for key, inner in properties.items()}
    needed = {key: strategies[key] for key in schema.get("required", ())}
    other = {key: each for key, each in strategies.items() if key not in needed}
    usual = st.fixed_dictionaries(needed, optional=other)
    return (usual | st.fixed_dictionaries({}, optional=strategies)).filter(bool)


SHAPES = {name: input_schema(each.spec) for name, each in ACTIONS.items()}


@settings(max_examples=12)
@given(data=st.data())
@pytest.mark.parametrize("name", TABLES)
def test_a_schema_and_reading_agree(name: str, data: st.DataObject) -> None:
    """Whatever is given in its own type is valid if, and only if, it is read."""
    properties = SHAPES[name]["properties"]
    keys = st.sampled_from(sorted(properties)) if properties else st.nothing()
    some = st.lists(keys, max_size=min(4, len(properties)), unique=True)
    start = named(name, fewest(name)) if data.draw(st.booleans()) else {}
    drawn = {key: data.draw(near(properties[key])) for key in data.draw(some)}
    inputs = {**start, **drawn}
    said = " ".join(sentence for each in refusal(name, inputs).values() for sentence in each)
    assume(not any(words in said for words in INEXPRESSIBLE))
    assume(said or not is_newer(name, inputs))
    assert INPUTS[name].is_valid(inputs) is not bool(said)


def is_newer(name: str, inputs: Mapping[str, Any]) -> bool:
    """Whether something is read that a schema does not offer: a value that Stripe may add."""
    warnings = made(name, inputs).warnings().values()
    return any("not among the values that Stripe documents" in warning for warning in warnings)


_MAILED = {"Customer": "cus_1", "Collection Method": "send_invoice"}
_PRICED = {"Product": "prod_1"}
ONLY_READING_REFUSES = [
    ("create_invoice", {**_MAILED, "Due Date": 1}, "in the future"),
    (
        "create_checkout_session",
        {
            **fewest("create_checkout_session"),
            "Mode": "subscription",
            "Subscription Data": {"trial_end": int(datetime.now(UTC).timestamp()) + 60},
        },
        "at least 48 hours ahead",
    ),
    ("create_price", {**_PRICED, "Currency": "kwd", "Unit Amount": 5}, "must end in 0"),
    (
        "create_price",
        {
            **_PRICED,
            "Currency": "usd",
            "Unit Amount": 5,
            "Recurring": {"interval": "year", "interval_count": 4},
        },
        "at most three years",
    ),
    ("create_product", {"Name": "a\0b"}, "character that cannot be sent"),
]


@pytest.mark.parametrize(("name", "inputs", "words"), ONLY_READING_REFUSES)
def test_what_a_schema_cannot_say(name: str, inputs: dict[str, Any], words: str) -> None:
    """What breaks an inexpressible rule is valid by the schema and refused by reading."""
    assert words in INEXPRESSIBLE
    assert INPUTS[name].is_valid(named(name, inputs))
    assert any(words in sentence for each in refusal(name, inputs).values() for sentence in each)


def test_the_package_of_manifests_runs_no_code() -> None:
    """The manifests' package has a docstring and data, nothing that runs."""
    source = (FOLDER / "__init__.py").read_text("utf-8")
    assert source.strip().strip('"').count('"""') == 0
    assert "import" not in source.split('"""')[-1]
    assert len(list(stripe_nodes.actions())) == len(INDEX["actions"])
