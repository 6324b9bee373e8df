"""The OpenAPI document: valid, the same API in three versions, and true of what is answered."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import httpx
import pytest
from door_support import Served, offered, serving
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse
from openapi_schema_validator import OAS30Validator
from openapi_spec_validator import validate

from stripe_hosts.openapi import VERSIONS, document
from stripe_hosts.portable import OPENAPI_3_0, SWAGGER_2_0, portable
from stripe_hosts.problem import PROBLEM
from stripe_hosts.streamed import LINES
from stripe_plugin import Connection

Data = dict[str, Any]
FEW = ("product", "create_price", "create_customer", "create_invoice")


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """A server with two accounts."""
    with serving(offered(berlin=Connection.emulator(), tokyo=Connection.emulator())) as served:
        yield served


@pytest.fixture(scope="module")
def door(served: Served) -> Iterator[httpx.Client]:
    """A client with the token."""
    with served.client() as client:
        yield client


@pytest.fixture(scope="module")
def documents(door: httpx.Client) -> dict[str, Data]:
    """The document in each of its versions."""
    return {
        version: door.get("/openapi.json", params={"version": version}).json()
        for version in VERSIONS
    }


def schemas(whole: Data) -> Data:
    """The schemas that a document names."""
    found: Data = whole.get("definitions") or whole["components"]["schemas"]
    return found


def inside(schema: Any) -> Iterator[Mapping[str, Any]]:
    """Every object in a schema."""
    if isinstance(schema, dict):
        yield schema
        schema = [*schema.values()]
    if isinstance(schema, list):
        for item in schema:
            yield from inside(item)


@pytest.fixture(scope="module")
def few(served: Served) -> dict[str, Data]:
    """The same for some of the actions: a validator takes seconds for them all."""
    offer = attrs.evolve(served.offer, only=FEW)
    return {version: document(offer, served.url, {"version": version}) for version in VERSIONS}


@pytest.mark.parametrize("version", VERSIONS)
def test_the_document_is_valid(few: dict[str, Data], version: str) -> None:
    """By the schemas of OpenAPI itself; those of all actions are validated by `make test-hosts`."""
    validate(few[version])


def test_importers_get_what_most_of_them_read(door: httpx.Client, served: Served) -> None:
    """Without a word it is 3.0.3, and says where the server is."""
    found = door.get("/openapi.json").json()
    assert found["openapi"] == "3.0.3"
    assert found["servers"] == [{"url": served.url}]


@pytest.mark.parametrize("query", ["version=4", "versoin=3.1", "version=3.1&version=3.0"])
def test_another_version_is_refused(door: httpx.Client, query: str) -> None:
    """In words, not by some document."""
    answer = door.get(f"/openapi.json?{query}")
    assert (answer.status_code, answer.json()["type"]) == (400, "/errors#malformed")


@pytest.mark.parametrize("version", VERSIONS)
def test_each_action_is_one_operation(
    documents: dict[str, Data], served: Served, version: str
) -> None:
    """By its ID, with its name; its schemas are named so, too."""
    found = {one["operationId"]: one["summary"] for one in runs(documents[version]).values()}
    catalog = served.offer.catalog()
    assert found == {entry["id"]: entry["name"] for entry in catalog}
    wanted = {f"{entry['id']}_{part}" for entry in catalog for part in ("inputs", "result")}
    assert wanted <= set(schemas(documents[version]))


def runs(whole: Data) -> dict[str, Data]:
    """The operations that run an action once, by their path."""
    paths = whole["paths"].items()
    return {path: one["post"] for path, one in paths if not path.endswith("/entries")}


@pytest.mark.parametrize("version", VERSIONS)
def test_what_lists_can_be_read_to_its_end(documents: dict[str, Data], version: str) -> None:
    """Each list and search, and nothing else, is a second operation, which answers lines."""
    whole = documents[version]
    outputs = {path: schemas(whole)[output_of(whole, one)] for path, one in runs(whole).items()}
    lists = [path for path, schema in outputs.items() if "has_more" in schema["properties"]]
    others = whole["paths"].keys() - runs(whole).keys()
    assert others == {f"{path}/entries" for path in lists}
    assert {"/actions/list_prices/entries", "/actions/search_customers/entries"} <= others
    for path in others:
        listing = whole["paths"][path]["post"]
        answered = (
            listing["produces"] if version == "2.0" else listing["responses"]["200"]["content"]
        )
        assert LINES in answered


def output_of(whole: Data, operation: Data) -> str:
    """The schema of what Stripe answers."""
    result = schemas(whole)[f"{operation['operationId']}_result"]
    return str(result["properties"]["output"]["$ref"].rpartition("/")[2])


def test_a_body_of_a_list_is_what_the_door_takes(
    documents: dict[str, Data], door: httpx.Client
) -> None:
    """Each member that is described is taken, and one that is not is refused."""
    schema = schemas(documents["3.0"])["list_prices_listing"]
    assert schema["required"] == ["account"]
    body = {"inputs": {}, "account": "berlin", "options": {}, "most": 5}
    assert schema["properties"].keys() == body.keys() | {"cursor"}
    answer = door.post("/actions/list_prices/entries", json=body)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, LINES)
    refused = door.post("/actions/list_prices/entries", json={**body, "step": "a"})
    assert refused.json()["type"] == "/errors#malformed"


@pytest.mark.parametrize("version", VERSIONS)
def test_fields_have_display_keys_and_stripes_names(
    documents: dict[str, Data], served: Served, version: str
) -> None:
    """The property is the parameter, the title the display key; in 2.0 where hosts look for it."""
    title = "x-ms-summary" if version == "2.0" else "title"
    for entry in served.offer.catalog():
        rows = served.offer.manifest(entry["id"])["inputs"]
        properties = schemas(documents[version])[f"{entry['id']}_inputs"]["properties"]
        assert {name: one[title] for name, one in properties.items()} == {
            row["name"]: row["key"] for row in rows
        }


@pytest.mark.parametrize("version", ["3.0", "2.0"])
def test_importers_meet_only_words_that_they_know(documents: dict[str, Data], version: str) -> None:
    """No lists of types, conditions, fixed values, and expressions that not every engine has."""
    unknown = {"if", "then", "else", "not", "const", "dependentRequired", "propertyNames", "$defs"}
    unknown |= {"anyOf", "oneOf"} if version == "2.0" else set()
    for schema in inside(schemas(documents[version])):
        assert not unknown & set(schema)
        assert not isinstance(schema.get("type"), list)
        pattern = schema.get("pattern")
        assert not isinstance(pattern, str) or "(?" not in pattern


def test_conditions_are_in_the_newest(documents: dict[str, Data]) -> None:
    """A price without a product is refused by the document of 3.1."""
    schema = schemas(documents["3.1"])["create_price_inputs"]
    valid = Draft202012Validator(schema)
    price = {"currency": "usd", "unit_amount": 1500}
    assert not valid.is_valid(price)
    assert valid.is_valid({**price, "product": "prod_123"})


def test_accounts_are_there_to_choose(documents: dict[str, Data]) -> None:
    """Where there are several, one must be named."""
    for version, whole in documents.items():
        beside = whole["paths"]["/actions/list_prices"]["post"]["parameters"]
        [account] = [each for each in beside if each["name"] == "account"]
        schema = account if version == "2.0" else account["schema"]
        assert (schema["enum"], account["required"]) == (["berlin", "tokyo"], True)
        assert not [each for each in beside if each["name"] == "Idempotency-Key"]


# --- as openapi-core reads it ---------------------------------------------------------------------

STORY: list[tuple[str, Data]] = [
    ("create_product", {"name": "Premium Plan", "metadata": {"plan": "gold"}}),
    ("list_products", {"limit": 3}),
    ("create_customer", {"email": "jenny@example.com"}),
    ("create_invoice", {}),  # is refused: a problem is described as well
]


@pytest.fixture(scope="module", params=["3.0", "3.1"])
def described(request: pytest.FixtureRequest, few: dict[str, Data]) -> OpenAPI:
    """The document as a library of others reads it."""
    config = Config(extra_media_type_deserializers={PROBLEM: json.loads})
    return OpenAPI.from_dict(few[request.param], config=config)


@pytest.mark.parametrize(("action", "inputs"), STORY)
def test_what_is_sent_and_answered_is_what_is_described(
    described: OpenAPI, door: httpx.Client, action: str, inputs: Data
) -> None:
    """A validator that others wrote takes requests and answers, refusals included."""
    query = {"account": "berlin"}
    path = f"/actions/{action}"
    answer = door.post(path, json=inputs, params=query)
    sent = MockRequest(
        str(door.base_url).rstrip("/"),
        "post",
        path,
        args=query,
        headers=dict(door.headers),
        data=json.dumps(inputs).encode(),
    )
    got = MockResponse(
        answer.content, answer.status_code, content_type=answer.headers["Content-Type"]
    )
    if answer.is_success:
        described.validate_request(sent)
    described.validate_response(sent, got)


# --- schemas for older readers --------------------------------------------------------------------

NAMES = st.sampled_from(["id", "object", "data"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from(["", "a", "price"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(NAMES, inner, max_size=2),
    max_leaves=5,
)
TYPES = st.lists(
    st.sampled_from(["string", "integer", "number", "boolean", "object", "array", "null"]),
    min_size=1,
    max_size=3,
    unique=True,
)


def grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Schemas with schemas in them, in the words that ours have."""
    words = {
        "type": TYPES | TYPES.map(lambda types: types[0]),
        "properties": st.dictionaries(NAMES, inner, max_size=2),
        "items": inner,
        "additionalProperties": st.booleans() | inner,
        "required": st.lists(NAMES, max_size=1),
        "enum": st.lists(VALUES, min_size=1, max_size=3),
        "const": VALUES,
        "minimum": st.integers(-2, 2),
        "maxLength": st.integers(0, 3),
        "pattern": st.sampled_from(["^a", "(?!a)"]),
        "if": inner,
        "then": inner,
        "not": inner,
    }
    return st.fixed_dictionaries({}, optional=words)


SCHEMAS: st.SearchStrategy[Data] = st.recursive(st.just({}), grown, max_leaves=6)


@given(SCHEMAS, VALUES)
def test_an_older_schema_refuses_no_more(schema: Data, value: Any) -> None:
    """What the schema takes, the same in the words of OpenAPI 3.0 takes as well."""
    if Draft202012Validator(schema).is_valid(value):
        older = portable(schema, OPENAPI_3_0)
        assert OAS30Validator(older).is_valid(value), older


@given(SCHEMAS)
def test_the_oldest_schema_says_less(schema: Data) -> None:
    """Swagger 2.0 has no alternatives, and its own word for null."""
    for said in inside(portable(schema, SWAGGER_2_0)):
        assert not {"anyOf", "nullable", "if", "not"} & {*said}
