"""What a builder knows of answers is true: their schema, the fields to pick first, an example."""

import json
import re
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest
from emulator.answers import BEYOND_THE_DOCUMENT, schema_of
from emulator.test_all_actions import EXTRA, STORY, identity
from emulator.test_all_actions import filled as placed
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, Draft202012Validator
from record import path_of, read_yaml, table
from support import ACTIONS, OPEN, PAGED, REFERENCE, REPOSITORY, SEARCHES, TABLES, described

import stripe_nodes.resources
from stripe_emulator.declare import RESOURCES
from stripe_flow.expressions import Scope
from stripe_flow.references import resolved, wrong_reference
from stripe_plugin import Action, Connection, Deleted, Host, One, Other, Resource, action
from stripe_plugin.declare import contract
from stripe_plugin.declare.contract import Shape
from stripe_plugin.host.manifest import describe
from stripe_plugin.host.output import DEPTH, outputs

MANIFESTS = {name: described(name) for name in ACTIONS}
SCHEMAS = {name: it["output_schema"] for name, it in MANIFESTS.items()}
VALIDATORS = {name: Draft202012Validator(schema) for name, schema in SCHEMAS.items()}
# One action for each kind of answer: many answer with an invoice, and all of these alike.
APART = [
    name
    for at, name in enumerate(TABLES)
    if SCHEMAS[name] not in [SCHEMAS[it] for it in TABLES[:at]]
]
UNTOLD = "the emulator's story lacks {}: add a step to STORY of tests/emulator/test_all_actions.py"
WORDS = {"type", "properties", "items", "additionalProperties", "description", "examples"}
Data = dict[str, Any]


def wrong(name: str, answer: Any) -> list[str]:
    """What the schema of an action refuses in an answer."""
    found = VALIDATORS[name].iter_errors(answer)
    return [f"{error.json_path}: {error.message[-60:]}" for error in found]


def schemas(schema: Any) -> Iterator[Any]:
    """A schema and all inside of it."""
    yield schema
    inner = [*schema.get("properties", {}).values()]
    inner += [schema[word] for word in ("items", "additionalProperties") if word in schema]
    for each in inner:
        yield from schemas(each)


def at(schema: Any, path: str) -> Any:
    """The schema at a path."""
    for name, _ in steps_of(path):
        schema = schema["properties"][name] if name else schema["items"]
    return schema


def steps_of(path: str) -> list[tuple[str, str]]:
    """The steps of a path: names, and positions in lists."""
    return re.findall(r"(\w+)|(\[\d*\])", re.sub(r"\[\d+\]", "[]", path))


# --- output_schema: it refuses no true answer -----------------------------------------------------

# What Stripe answered in other versions of its API that is refused, with the reason.
OTHER_VERSIONS = {
    "create_invoice_item": {
        "2016-03-07 $.quantity: None is not of type 'integer'": "an amount counted as nothing",
        "2016-07-06 $.quantity: None is not of type 'integer'": "an amount counted as nothing",
        "2017-06-05 $.quantity: None is not of type 'integer'": "an amount counted as nothing",
    }
}


def test_what_stripe_was_recorded_to_answer_is_taken() -> None:
    """Recorded answers of every version are valid, but for the table; at our version, all."""
    file = REFERENCE / "recordings" / "interactions.jsonl"
    if not file.is_file():
        pytest.skip(f"{file.name} is not beside this checkout")
    refused: dict[str, set[str]] = {}
    tried = set[str]()
    for line in file.read_text("utf-8").splitlines():
        recorded = json.loads(line)
        for name in asked_for(recorded["method"], recorded["path"], recorded["status"]):
            tried.add(name)
            version = recorded["stripe_version_returned"]
            for each in wrong(name, recorded["response_body"]):
                refused.setdefault(name, set()).add(f"{version} {each}")
    assert refused == {name: {*told} for name, told in OTHER_VERSIONS.items()}
    assert tried > {"create_customer", "list_invoices", "refund_payment"}


def asked_for(method: str, path: str, status: int) -> list[str]:
    """The actions that could have been answered with this."""
    found: list[str] = []
    for name in TABLES:
        each = ACTIONS[name]
        template = re.sub(r"{\w+}", "[^/]+", each.spec.path)
        if (each.spec.method, status) == (method, 200) and re.fullmatch(template, path):
            found.append(name)
    literal = [name for name in found if ACTIONS[name].spec.path == path]
    return literal or found  # /v1/charges/search is no charge


def test_what_is_on_our_cassettes_is_taken() -> None:
    """Every answer of our own recordings is valid, and every action is among them."""
    tried = set[str]()
    for scenario in table().scenarios.values():
        tape = read_yaml(path_of(scenario).read_text("ascii"))["interactions"]
        for asked, answer in ((each["request"], each["response"]) for each in tape):
            path = urlsplit(asked["uri"]).path
            for name in asked_for(asked["method"], path, answer["status"]["code"]):
                tried.add(name)
                assert wrong(name, json.loads(answer["body"]["string"])) == []
    assert tried == {*TABLES}


@pytest.fixture(scope="module")
def answers() -> Iterator[dict[str, list[Any]]]:
    """What the emulator answers to each action: as in its story, with few inputs, and expanded."""
    found: dict[str, list[Any]] = {name: [] for name in ACTIONS}
    with Host.load() as host:
        connection, ids = Connection.emulator(), dict[str, str]()
        for step, name, inputs in [*FEW, *STORY]:
            call: Data = {"connection": connection, "extra": EXTRA.get(step, {})}
            output = host.run(name, placed(inputs, ids), **call).output
            ids[step] = identity(output)
            found[name].append(output)
            if (retrieve := RETRIEVED.get(output["object"])) and "upcoming" not in ids[step]:
                key = f"retrieve_{retrieve}"
                row = ACTIONS[key].spec.rows[0].key
                for path in expandable(output):
                    one = {row: ids[step]}
                    asked = host.run(key, one, connection=connection, expand=[path])
                    found[key].append(asked.output)
        yield found


# As little as an action takes.
FEW: list[tuple[str, str, Data]] = [
    ("few", "create_customer", {"Email": "x@y.example"}),
    ("", "retrieve_customer", {"Customer ID": "@few"}),
    ("gone", "create_customer", {}),
    ("", "delete_customer", {"Customer ID": "@gone"}),
    ("", "retrieve_customer", {"Customer ID": "@gone"}),
    ("", "create_invoice", {"Customer": "@few"}),
    ("", "create_payment_intent", {"Amount": 50, "Currency": "usd"}),
]
RETRIEVED = {
    "price": "price",
    "invoice": "invoice",
    "subscription": "subscription",
    "payment_intent": "payment_intent",
    "checkout.session": "checkout_session",
}


def expandable(output: Data) -> list[str]:
    """The fields of an object that are IDs and can be the objects."""
    known = contract.fields(output["object"])
    return [name for name, field in known.items() if field.expands and output.get(name)]


@pytest.mark.parametrize("name", TABLES)
def test_what_the_emulator_answers_is_taken(name: str, answers: dict[str, list[Any]]) -> None:
    """An answer is valid with few inputs and with many, and with linked objects in full."""
    assert answers[name], UNTOLD.format(name)
    for answer in answers[name]:
        assert wrong(name, answer) == []


def test_linked_objects_were_among_them(answers: dict[str, list[Any]]) -> None:
    """Each object that can be asked for in full, was: else the test above holds too little."""
    links = [answer["customer"] for answer in answers["retrieve_invoice"]]
    assert {type(link) for link in links} == {str, dict}
    stubs = [answer.get("deleted") for answer in answers["retrieve_customer"]]
    assert True in stubs


@pytest.mark.parametrize("name", APART)
@settings(max_examples=8)
@given(random=st.randoms(use_true_random=False))
def test_what_the_document_allows_is_taken(name: str, random: Random) -> None:
    """Whatever Stripe's document says that can be answered is valid."""
    spec = ACTIONS[name].spec
    known = contract.operation(spec.method, spec.path)
    assert known
    assert known.answer
    assert wrong(name, drawn(known.answer, random, 0)) == []


def drawn(shape: Shape, random: Random, depth: int) -> Any:
    """A value as the document has it; deep inside only what must be there."""
    if shape.nullable and (depth > DEPTH + 1 or random.random() < 0.3):
        return None
    one = shape.alternatives[0]
    if depth <= DEPTH:
        one = random.choice(shape.alternatives)
    if one is not shape:
        return drawn(one, random, depth)
    if shape.kind:
        whole = contract.shape(shape.kind)
        assert whole
        return drawn(whole, random, depth)
    return drawn_plain(shape, random, depth)


def drawn_plain(shape: Shape, random: Random, depth: int) -> Any:
    """The same of one type."""
    if shape.type == "object":
        return drawn_object(shape, random, depth)
    if shape.type == "array":
        assert shape.items
        many = random.randrange(2) if depth <= DEPTH else 0
        return [drawn(shape.items, random, depth + 1) for _ in range(many)]
    texts = shape.enum or ("", "text", "some_new_value")
    chosen: Mapping[str | None, Any] = {
        "string": random.choice(texts),
        "integer": random.choice([0, -5, 10**12]),
        "number": random.choice([0, 0.5]),
        "boolean": random.choice([True, False]),
    }
    return chosen[shape.type]


def drawn_object(shape: Shape, random: Random, depth: int) -> Data:
    """The same of an object."""
    if shape.values:
        return {"key": drawn(shape.values, random, depth + 1)}
    found: Data = {}
    for name, field in shape.fields.items():
        if field.required or (depth <= DEPTH and random.random() < 0.5):
            found[name] = drawn(field, random, depth + 1)
    return found


@pytest.mark.parametrize("name", TABLES)
def test_what_stripe_may_add_is_taken(name: str) -> None:
    """New fields, and new values where there are fixed ones, are valid; another object is not."""
    example = MANIFESTS[name]["output_example"]
    assert wrong(name, {**example, "some_new_field": {"a": [1]}}) == []
    known = SCHEMAS[name]["properties"].items()
    fixed = [key for key, it in known if "examples" in it and "string" in it["type"]]
    assert wrong(name, {**example, **dict.fromkeys(fixed, "some_new_value")}) == []
    assert wrong(name, {**example, "object": "else"})
    assert wrong(name, {})


@pytest.mark.parametrize(
    "name", [name for name, it in ACTIONS.items() if it.spec.method == "DELETE"]
)
def test_a_deletion_that_was_found_done_is_taken(name: str) -> None:
    """The stub that is given where the first answer was lost is valid, too."""
    deleted = {"deleted": True} if isinstance(ACTIONS[name].spec.answer, Deleted) else {}
    assert wrong(name, {"id": "x_1", **deleted}) == []


# --- output_schema: everyone reads it -------------------------------------------------------------


@pytest.mark.parametrize("name", APART)
def test_an_output_schema_is_read_alike(name: str) -> None:
    """It is of few words, without references and combinators, and valid in both drafts."""
    root = SCHEMAS[name]
    for validator in (Draft7Validator, Draft202012Validator):
        validator.check_schema(root)
    assert root["type"] == "object"
    assert root.keys() == {"type", "properties", "required"}
    assert len(root["properties"]["object"]["enum"]) == 1
    for each in schemas(root):
        fixed = {"enum"} if each is root["properties"]["object"] else {"required"}
        assert each.keys() <= WORDS | fixed
        assert each.get("additionalProperties") is not False


@pytest.mark.parametrize("name", TABLES)
def test_an_output_schema_is_whole(name: str) -> None:
    """It names every field that the document has, of each item of a page and of linked objects."""
    spec = ACTIONS[name].spec
    schema = SCHEMAS[name]
    one = at(schema, "data[]") if name in PAGED else schema
    object_ = spec.answer.resource(spec.subject).object
    kind = f"deleted_{object_}" if isinstance(spec.answer, Deleted) else object_
    known = contract.fields(kind)
    assert known
    assert one["properties"].keys() >= known.keys()
    for field, shape in known.items():
        types = one["properties"][field]["type"]
        assert ("null" in types) is shape.nullable or isinstance(types, str)
        if shape.expands:
            assert {"string", "object"} <= {*types}
            assert one["properties"][field]["properties"].keys() >= {"id", "object"}


DEEP = {
    "create_customer": ("address.city", ["string", "null"]),
    "create_subscription": ("items.data[].price", "object"),
    "list_subscriptions": ("data[].items.data[].price", "object"),
    "create_price": ("recurring.interval", "string"),
    "retrieve_invoice": ("lines.data[].amount", "integer"),
    "create_payment_intent": ("metadata", "object"),
}


@pytest.mark.parametrize("name", DEEP)
def test_an_output_schema_is_nested(name: str) -> None:
    """Three levels of fields are there, in an object and in each one of a page."""
    path, types = DEEP[name]
    assert at(SCHEMAS[name], path)["type"] == types


def test_a_listing_carries_no_schema() -> None:
    """What is read to list all actions stays small: answers are in each action's own file."""
    folder = REPOSITORY / "manifests" / "stripe_manifests"
    index = json.loads((folder / "index.json").read_text("utf-8"))
    for entry in index["actions"]:
        assert not {"outputs", "output_schema", "output_example"} & entry.keys()


# --- outputs --------------------------------------------------------------------------------------

PICKED = [(name, output) for name in TABLES for output in MANIFESTS[name]["outputs"]]
EACH = [pytest.param(*one, id=f"{one[0]}:{one[1]['path']}") for one in PICKED]


@pytest.mark.parametrize(("name", "output"), EACH)
def test_an_output_is_what_the_document_says(name: str, output: Data) -> None:
    """A path leads to a field of the document, with its type and unit."""
    field = at(SCHEMAS[name], output["path"])
    assert output["type"] in field["type"]
    unit = f"In {output['unit']}." if output["unit"] else None
    assert field.get("description") == unit
    if "null" in field["type"]:
        assert output["nullable"]
    if "object" in field["type"] and output["type"] == "string":
        assert output["resource"] or output["nullable"]


@pytest.mark.parametrize(("name", "output"), EACH)
def test_a_flow_can_refer_to_an_output(name: str, output: Data) -> None:
    """A path stands in a reference as it is, and finds in the example what may not be null."""
    expression = f"steps.made.{output['path']}"
    assert wrong_reference(expression, Scope(("made",), ())) is None
    if not output["nullable"]:
        known = {"steps": {"made": MANIFESTS[name]["output_example"]}}
        found = resolved(f"${{{{ {expression} }}}}", known)
        one = found[0] if "[]." in output["path"] else found
        assert isinstance(one, VALUES[output["type"]])


VALUES = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}


@pytest.mark.parametrize("name", TABLES)
def test_outputs_are_few_and_called_apart(name: str) -> None:
    """About eight fields, the ID among them, each under a label of its own."""
    found = MANIFESTS[name]["outputs"]
    labels = [output["label"] for output in found]
    assert len(labels) == len({*labels})
    paths = [output["path"] for output in found]
    if isinstance(ACTIONS[name].spec.answer, Deleted):
        assert paths == ["id", "deleted"]
    elif name in PAGED:
        assert paths[:3] == ["data", "has_more", "data[].id"]
        assert 8 <= len(paths) <= 12 + (name in SEARCHES)
    else:
        has_id = "id" in SCHEMAS[name]["properties"]
        assert paths[0] == ("id" if has_id else "object")
        assert (7 if has_id else 4) <= len(paths) <= 10


def test_ids_say_what_they_are_of() -> None:
    """An ID has the resource that a picker's reference has: that is how a builder fits them."""
    found = {
        output["path"]: output["resource"] for output in MANIFESTS["create_subscription"]["outputs"]
    }
    assert found["id"] == "subscription"
    assert found["customer"] == "customer"
    assert found["latest_invoice"] == "invoice"
    assert found["items.data[0].price.id"] == "price"
    assert found["status"] is None
    given_ = {output["resource"] for _, output in PICKED}
    wanted = {
        row["reference"]["resource"]
        for it in MANIFESTS.values()
        for row in it["inputs"]
        if "reference" in row
    }
    assert wanted <= given_


def test_resources_declare_what_is_true() -> None:
    """What each resource shows in examples, and offers, is a field of its kind."""
    for resource in vars(stripe_nodes.resources).values():
        if isinstance(resource, Resource):
            known = contract.fields(resource.object)
            assert resource.example.keys() <= known.keys()
            offered = {steps_of(path)[0][0] for path in resource.outputs}
            assert offered <= {"id", *known}


# --- output_example -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TABLES)
def test_an_example_is_whole_and_true(name: str, answers: dict[str, list[Any]]) -> None:
    """It is as strictly valid as an answer of the emulator, and has the same fields."""
    example, spec = MANIFESTS[name]["output_example"], ACTIONS[name].spec
    schema = schema_of(spec.method, re.sub(r"{\w+}", "x_1", spec.path))
    assert schema
    refused = Draft202012Validator(schema).iter_errors(example)
    assert [f"{error.json_path}: {error.message[:200]}" for error in refused] == []
    assert answers[name], UNTOLD.format(name)
    first = answers[name][0]
    if name in PAGED:
        example, first = example["data"][0], first["data"][0]
    asked = {"line_items"} if spec.id == "retrieve_checkout_session" else set[str]()
    beyond = BEYOND_THE_DOCUMENT.get(first["object"], set())
    assert first.keys() - example.keys() <= beyond | asked
    only_if_set = {*RESOURCES[first["object"]].absent.split()}
    unanswered = NOT_EMULATED.get(first["object"], set())
    assert example.keys() - first.keys() <= only_if_set | unanswered


# What the document has and the emulator does not answer.
NOT_EMULATED = {
    "invoiceitem": {"net_amount"},
    "charge": {"refunds"},
    "invoice": {"amount_paid_off_stripe"},  # only of one that was paid elsewhere
}


@pytest.mark.parametrize("name", TABLES)
def test_an_example_holds_the_pages(name: str) -> None:
    """The action page's values stand in it as they are, and first."""
    excerpt = ACTIONS[name].spec.output_excerpt
    example = MANIFESTS[name]["output_example"]
    if name in PAGED:
        [excerpt], [example] = excerpt["data"], example["data"]
    assert [*example.items()][: len(excerpt)] == [*excerpt.items()]


@pytest.mark.parametrize("name", TABLES)
def test_only_what_is_deleted_says_so(name: str) -> None:
    """`deleted` is in the example of a deletion, and in no other."""
    is_deleted = isinstance(ACTIONS[name].spec.answer, Deleted)
    assert ("deleted" in MANIFESTS[name]["output_example"]) is is_deleted


@pytest.mark.parametrize("name", OPEN)
def test_where_anything_is_answered_anything_is_taken(name: str) -> None:
    """Who can ask for everything is refused nothing, and promised no kind of ID."""
    for answer in ({}, {"object": "list", "data": []}, {"object": "balance", "id": None}):
        assert wrong(name, answer) == []
    assert {output["resource"] for output in MANIFESTS[name]["outputs"]} == {None}


# --- what the document does not know --------------------------------------------------------------

GADGET = Resource("gadget", prefix="gad_", outputs={"id": "Gadget ID", "size.width": "Width"})


@action("POST /v1/gadgets", GADGET, answers=One(size={"width": 3}))
class MakeGadget(Action):
    """Make a gadget."""


@action("GET /v1/gadgets/search", GADGET, answers=Other({"object": "search_result", "total": 2}))
class SearchGadgets(Action):
    """Search gadgets."""


def test_an_answer_that_nobody_documents_is_described_by_its_example() -> None:
    """Only its example is known: nothing is said of types that may be others."""
    about = describe(MakeGadget)
    assert about["output_example"] == {"id": "gad_123", "object": "gadget", "size": {"width": 3}}
    assert about["output_schema"]["required"] == ["id"]
    assert Draft202012Validator(about["output_schema"]).is_valid({"id": "gad_1", "size": None})
    assert [output["path"] for output in about["outputs"]] == ["id", "size.width"]
    assert about["outputs"][0]["resource"] == "gadget"
    assert [it["label"] for it in outputs(SearchGadgets.spec)] == ["Object", "Total"]


# --- the page -------------------------------------------------------------------------------------

PAGES = ("README.md", "manifests/stripe_manifests/forms.md")
BLOCKS = {
    page: [
        block
        for block in re.findall(
            r"```python\n(.*?)```", (REPOSITORY / page).read_text("utf-8"), re.DOTALL
        )
        if "def offered" in block
    ]
    for page in PAGES
}


def test_the_pages_show_the_same_code() -> None:
    """What the README shows, the wheel has beside the manifests."""
    [shown], [in_wheel] = BLOCKS.values()
    assert shown == in_wheel


def test_a_field_of_an_earlier_step_is_used() -> None:
    """The README's code offers fields as its comments say, and what it offers can be run."""
    names: Data = {}
    exec(BLOCKS["README.md"][0], names)  # noqa: S102 - our own page
    host = names["host"]
    assert names["from_one"] == {"buyer › Customer ID": "${{ steps.buyer.id }}"}
    assert names["from_each"] == {"all › Customer ID": "${{ item.id }}"}
    assert names["inside"] == {"plan › Price ID": "${{ steps.plan.id }}"}
    [currency] = [
        row for row in host.manifest("create_price")["inputs"] if row["key"] == "Currency"
    ]
    assert names["offered"]("buyer", "create_customer", currency) == {}
    assert names["offered"]("bill", "create_invoice", currency) == {
        "bill › Currency": "${{ steps.bill.currency }}"
    }
    assert names["fields"]["address.city"] == ["string", "null"]
    assert names["fields"]["invoice_settings.default_payment_method"] == [
        "string",
        "object",
        "null",
    ]

    connection = Connection.emulator()
    buyer = host.run("create_customer", {"Email": "x@y.example"}, connection=connection).output
    [reference] = names["from_one"].values()
    given_ = {"Customer": resolved(reference, {"steps": {"buyer": buyer}})}
    assert given_ == {"Customer": buyer["id"]}
    invoice = host.run("create_invoice", given_, connection=connection).output
    assert invoice["customer"] == buyer["id"]
    host.close()


def test_money_goes_into_money() -> None:
    """An amount is offered for an amount, and for no quantity; a time for a time."""
    names: Data = {}
    exec(BLOCKS["README.md"][0], names)  # noqa: S102 - our own page
    rows = {row["key"]: row for row in MANIFESTS["create_invoice_item"]["inputs"]}
    amounts = names["offered"]("pay", "create_payment_intent", rows["Amount"])
    assert {*amounts} == {"pay › Amount", "pay › Amount Received"}
    assert names["offered"]("pay", "create_payment_intent", rows["Quantity"]) == {}
    names["host"].close()
