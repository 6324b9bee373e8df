"""Any endpoint of Stripe's can be chosen, and drawn as a form, from its document alone."""

import json
from typing import Any

import pytest
from jsonschema import Draft7Validator, Draft202012Validator

from stripe_plugin import Host, InvalidInputs, UsageError
from stripe_plugin.declare import contract
from stripe_plugin.host.endpoints import templates

ASK = "stripe_api_request"
HOST = Host.load()
ENDPOINTS = contract.operations()


def chosen(row: str, **more: Any) -> list[str]:
    """The values of what can be chosen, on every page."""
    found: list[str] = []
    page = HOST.choices(ASK, row, **more)
    while page.cursor:
        found += [each.value for each in page.items]
        page = HOST.choices(ASK, row, cursor=page.cursor, **more)
    return [*found, *(each.value for each in page.items)]


def test_every_path_can_be_chosen() -> None:
    """Without a connection, page by page, each once."""
    assert chosen("Path", limit=100) == [*templates()]
    assert len({*chosen("path", limit=7)}) == len(templates())


SEARCHES: list[tuple[dict[str, Any], list[str]]] = [
    ({"search": "coupons"}, ["/v1/coupons", "/v1/coupons/{coupon}"]),
    ({"search": "delete coupon"}, ["/v1/coupons/{coupon}"]),
    ({"search": "coupons", "given": {"Method": "DELETE"}}, ["/v1/coupons/{coupon}"]),
    ({"search": "coupons", "given": {"method": "DELETE"}}, ["/v1/coupons/{coupon}"]),
    ({"search": "unicorns"}, []),
]


@pytest.mark.parametrize(("asked", "paths"), SEARCHES)
def test_a_search_finds_paths(asked: dict[str, Any], paths: list[str]) -> None:
    """By words of the path and its methods; the method that is chosen narrows."""
    assert chosen("Path", **asked) == paths


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/coupons", ["GET", "POST"]),
        ("/v1/coupons/{coupon}", ["GET", "POST", "DELETE"]),
        ("/v1/coupons/abc", ["GET", "POST", "DELETE"]),
        ("/v1/unicorns", ["GET", "POST", "DELETE"]),
        ("", ["GET", "POST", "DELETE"]),
    ],
)
def test_a_path_narrows_the_methods(path: str, methods: list[str]) -> None:
    """To those that it takes at Stripe."""
    assert chosen("Method", given={"Path": path}) == methods


def test_a_variable_says_what_to_do() -> None:
    """An ID goes in its place."""
    [found] = HOST.choices(ASK, "Path", search="prices/{price}").items
    assert found.hint == "GET · POST · put an ID in the place of {price}"
    with pytest.raises(UsageError, match="takes no ID"):
        HOST.choices(ASK, "Parameters")


@pytest.mark.parametrize("row", ["method", "path"])
def test_a_manifest_says_which_rows_offer_them(row: str) -> None:
    """So that a form asks for them."""
    rows = {each["name"]: each for each in HOST.manifest(ASK)["inputs"]}
    assert rows[row]["offers"] == "endpoints"
    assert "offers" not in rows["parameters_"]


def test_every_endpoint_is_a_form() -> None:
    """A schema that form libraries of either draft read, with each parameter under its name."""
    for endpoint in ENDPOINTS:
        method, _, path = endpoint.partition(" ")
        found = HOST.endpoint_form(method, path)
        operation = contract.operation(method, path)
        assert operation
        schema = json.loads(json.dumps(found))["form_schema"]
        Draft7Validator.check_schema(schema)
        Draft202012Validator.check_schema(schema)
        assert schema["properties"].keys() == operation.parameters.keys()
        assert found["variables"] == [*operation.path]


def test_a_form_says_what_must_be_given_first() -> None:
    """What is required, choices, units, what is inside, and what the endpoint does."""
    found = HOST.endpoint_form("POST", "/v1/prices")
    schema = found["form_schema"]
    fields = schema["properties"]
    assert (next(iter(fields)), schema["required"]) == ("currency", ["currency"])
    assert fields["unit_amount"]["description"] == "In the smallest unit of its currency."
    assert fields["active"]["enum"] == [True, False]
    assert fields["recurring"]["properties"]["interval"]["title"] == "Interval"
    assert "month" in str(fields["recurring"]["properties"]["interval"])
    assert found["hints"] == {"read_only": False, "destructive": False}
    gone = HOST.endpoint_form("DELETE", "/v1/coupons/abc")
    assert (gone["path"], gone["hints"]["destructive"]) == ("/v1/coupons/{coupon}", True)


RIGHT: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/v1/coupons", {"percent_off": 10, "duration": "once", "metadata": {"a": "b"}}),
    ("POST", "/v1/customers", {"email": "a@b.example", "address": {"city": "Berlin"}}),
    ("GET", "/v1/charges", {"created": {"gte": 1_700_000_000}, "limit": 3}),
    ("GET", "/v1/charges", {"created": 1_700_000_000}),
    ("POST", "/v1/refunds", {"charge": "ch_1", "amount": 5, "reason": "duplicate"}),
]


@pytest.mark.parametrize(("method", "path", "parameters"), RIGHT)
def test_what_a_form_takes_the_action_takes(
    method: str, path: str, parameters: dict[str, Any]
) -> None:
    """What is filled in is right by the schema, and by the judgement of the action."""
    schema = HOST.endpoint_form(method, path)["form_schema"]
    Draft202012Validator(schema).validate(parameters)
    given = {"Method": method, "Path": path, "Parameters": parameters}
    try:
        HOST.action(ASK).read(given)
    except InvalidInputs as error:
        pytest.fail(str(error))


@pytest.mark.parametrize(
    ("method", "path", "words"),
    [
        ("PUT", "/v1/coupons", "/v1/coupons takes GET and POST at Stripe, not PUT"),
        ("POST", "/v1/coupns", "has no POST /v1/coupns (did you mean /v1/coupons?)"),
        ("POST", "/v1/coupons?limit=3", "has no POST /v1/coupons?limit=3"),
        ("POST", "", "has no POST"),
    ],
)
def test_what_is_no_endpoint_is_refused(method: str, path: str, words: str) -> None:
    """In words, with what there is instead."""
    with pytest.raises(UsageError) as refused:
        HOST.endpoint_form(method, path)
    assert words in str(refused.value)
