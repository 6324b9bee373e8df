"""The HTTP door: who comes in, what is run, and in which words a failure reaches the caller."""

import json
import logging
import re
import socket
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import attrs
import httpx
import pytest
from door_support import BEARER, TOKEN, Refusing, Restricted, Served, offered, serving
from hypothesis import given
from hypothesis import strategies as st
from network_support import eventually
from support import REPOSITORY
from terminal_support import Counted

from stripe_emulator.faults import Fault
from stripe_emulator.server import serve
from stripe_hosts import safety
from stripe_hosts.asked import asked
from stripe_hosts.problem import KINDS, NotServed, problem_of
from stripe_hosts.safety import MOST_BYTES, Terms
from stripe_hosts.serve import Place, address_of, application, server
from stripe_plugin import Connection, Denied, Host, NodeError, UsageError, hookimpl
from stripe_plugin.host.advice import describe_errors
from stripe_plugin.secrets import Secret

SECURITY = (REPOSITORY / "SECURITY.md").read_text("utf-8")
KEY = "sk_test_4eC39HqLyjWDarjtT1zdp7dc"
PRODUCT = {"Name": "Premium Plan"}
PAYING = {
    "Amount": 2000,
    "Currency": "usd",
    "Payment Method": "pm_card_chargeDeclined",
    "Confirm": True,
    "Return URL": "https://example.com",
}
JSON = {**BEARER, "Content-Type": "application/json"}
WRONG_KEY = Refusing(401, type="invalid_request_error", message=f"Invalid API Key provided: {KEY}")
NO_PERMISSION = Refusing(403, type="invalid_request_error", message="The key may not do this.")


BUSY = Refusing(429, type="invalid_request_error", code="rate_limit", message="Too many requests.")
BROKEN = Refusing(500, type="api_error", message="An unknown error occurred.")


class Guards:
    """Plugins of a host: some deny, some break before Stripe is asked, some after."""

    @hookimpl(wrapper=True)
    def run_action(self, action: Any) -> Generator[None, Any, Any]:
        """Let nothing through that is named so."""
        if action.spec.id == "delete_product":
            raise Denied("Products are kept for the auditors.")
        if action.spec.id == "delete_customer":
            raise ZeroDivisionError(f"nobody thought of {KEY}")
        result = yield
        if action.spec.id == "list_invoices":
            raise ZeroDivisionError("the audit is full")
        return result


@pytest.fixture(scope="module")
def berlin() -> Counted:
    """The emulator of one account."""
    return Counted()


@pytest.fixture(scope="module")
def served(berlin: Counted) -> Iterator[Served]:
    """A server with several accounts."""
    host = Host.load()
    host.register(Guards(), "acme:guards")
    offer = offered(
        host,
        berlin=berlin.connection(),
        tokyo=Connection.emulator(),
        wrong_key=WRONG_KEY.connection(),
        no_permission=NO_PERMISSION.connection(),
        busy=BUSY.connection(),
        broken=BROKEN.connection(),
    )
    with serving(offer) as served:
        with served.client() as door:
            run(door, "create_product", inputs={"Name": "A"}, run="taken")
        yield served


@pytest.fixture
def door(served: Served) -> Iterator[httpx.Client]:
    """A client with the token."""
    with served.client() as client:
        yield client


def run(door: httpx.Client, action: str, *, account: str = "berlin", **body: Any) -> httpx.Response:
    """What an action answers."""
    return door.post(f"/actions/{action}/runs", json={"account": account, **body})


# --- what goes well -------------------------------------------------------------------------------


def test_the_door_tells_what_is_there(door: httpx.Client, served: Served) -> None:
    """Versions with the accounts, actions, a manifest, options, a connection, errors, resources."""
    host = served.offer.host
    assert door.get("/about").json()["accounts"][0] == {
        "name": "berlin",
        "mode": "emulated",
        "account": None,
    }
    assert door.get("/actions").json() == host.catalog()
    assert door.get("/actions/create_price").json() == host.manifest("create_price")
    assert door.get("/options").json() == host.options()
    assert "api_key" in {row["name"] for row in door.get("/connection").json()["inputs"]}
    assert door.get("/errors").json()["categories"] == describe_errors()["categories"]
    assert door.get("/resources").json()["price"]["label"] == "Price"


def test_an_action_is_run(door: httpx.Client) -> None:
    """Inputs by display key give Stripe's object; the next action takes its ID."""
    made = run(door, "create_product", inputs=PRODUCT).json()
    inputs = {"Product": made["output"]["id"], "Currency": "usd", "Unit Amount": "1500"}
    price = run(door, "create_price", inputs=inputs).json()
    assert (price["output"]["product"], price["mode"]) == (made["output"]["id"], "emulated")


def test_what_is_sent_on_is_whole(door: httpx.Client) -> None:
    """A client secret is what a page needs: whoever has the token gets all of it."""
    paid = {**PAYING, "Payment Method": "pm_card_visa", "Confirm": False, "Return URL": ""}
    output = run(door, "create_payment_intent", inputs=paid).json()["output"]
    assert output["client_secret"].startswith(f"{output['id']}_secret_")


def test_a_body_of_inputs_alone_is_run(door: httpx.Client) -> None:
    """An importer's operation: inputs by parameter as the body, all else beside it."""
    query = {"account": "berlin", "run": "flat", "step": ""}
    headers = {"Idempotency-Key": "", "Prefer": ""}
    answers = [
        door.post("/actions/create_product", json={"name": "B"}, params=query, headers=headers)
        for _ in range(2)
    ]
    assert [answer.json()["replayed"] for answer in answers] == [False, True]


def test_an_id_can_be_chosen(door: httpx.Client) -> None:
    """What a form offers where an ID is wanted: labels of the account's own objects."""
    run(door, "create_product", account="tokyo", inputs={"Name": "Okapi"})
    asking = {"account": "tokyo", "row": "Product", "search": "oka", "given": {"Currency": "usd"}}
    [choice] = door.post("/actions/create_price/choices", json=asking).json()["items"]
    assert (choice["label"], choice["value"][:5]) == ("Okapi", "prod_")
    nothing = door.post("/actions/create_price/choices", json={**asking, "row": "Currency"})
    assert (nothing.status_code, nothing.json()["type"]) == (400, "/errors#usage")
    less = door.post("/actions/create_price/choices", json={"account": "tokyo"})
    assert (less.status_code, less.json()["type"]) == (400, "/errors#malformed")


CHECKS = [
    ({}, [], None),
    ({"account": "few"}, ["Prices: Read"], "The key lacks Prices: Read"),
    ({"account": "few", "actions": ["list_products"]}, [], None),
    ({"account": "wrong", "actions": ["list_products"]}, ["Products: Read"], "refuses the key"),
    ({"account": "gone", "actions": ["list_products"]}, ["Products: Read"], "does not answer"),
]


@pytest.fixture(scope="module")
def checking() -> Iterator[httpx.Client]:
    """A door of lists alone, on keys of which one may not read prices and one is wrong."""
    with serve(Restricted("/v1/prices")) as few, serve(WRONG_KEY) as wrong:
        accounts = {
            "shop": Connection.emulator(),
            "few": Connection("rk_test_few", base_url=few.url),
            "wrong": Connection(KEY, base_url=wrong.url),
            "gone": Connection("rk_test_gone", base_url="http://127.0.0.1:9"),
        }
        offer = attrs.evolve(offered(None, **accounts), only=("list_prices", "list_products"))
        with serving(offer) as served, served.client() as client:
            yield client


@pytest.mark.parametrize(("body", "missing", "words"), CHECKS)
def test_a_key_is_checked(
    checking: httpx.Client, body: dict[str, Any], missing: list[str], words: str | None
) -> None:
    """What it lacks is named, of what is offered or asked for, with a sentence that has no key."""
    answer = checking.post("/check", json={"account": "shop", **body})
    found = answer.json()
    assert (answer.status_code, found["missing"]) == (200, missing)
    names = {"list_products": "Products: Read", "list_prices": "Prices: Read"}
    asked = {names[name] for name in body.get("actions", names)}
    assert {*found["permissions"]} == asked
    assert (words or "") in (found["note"] or "")
    assert (found["note"] is None) is (words is None)
    assert KEY not in answer.text


UNCHECKED = [
    ({}, 400, "say which account"),
    ({"account": "shop", "actions": ["create_price"]}, 404, "no action"),
    ({"account": "shop", "actions": []}, 400, "actions must be a list of IDs"),
    ({"account": "shop", "actions": "list_prices"}, 400, "actions must be a list of IDs"),
    ({"account": "shop", "action": ["list_prices"]}, 400, "did you mean actions?"),
]


@pytest.mark.parametrize(("body", "status", "words"), UNCHECKED)
def test_what_cannot_be_checked_is_refused(
    checking: httpx.Client, body: dict[str, Any], status: int, words: str
) -> None:
    """Nothing passes that was not tried: an action that is not offered, or none at all."""
    answer = checking.post("/check", json=body)
    assert answer.status_code == status
    assert words in answer.json()["detail"]


def test_an_endpoint_is_chosen_and_drawn(door: httpx.Client, served: Served) -> None:
    """The rows of Stripe API Request: paths to choose from, and the form of one."""
    asking = {"account": "berlin", "row": "Path", "search": "post coupons"}
    paths = door.post("/actions/stripe_api_request/choices", json=asking).json()["items"]
    assert paths[0]["value"] == "/v1/coupons"
    asked = {"method": "POST", "path": "/v1/coupons"}
    found = door.get("/endpoint", params=asked).json()
    assert found == served.offer.host.endpoint_form(**asked)
    for wrong, kind in (
        ({"method": "POST"}, "malformed"),
        ({**asked, "version": "1"}, "malformed"),
        ({**asked, "path": "/v1/unicorns"}, "usage"),
    ):
        answer = door.get("/endpoint", params=wrong)
        assert (answer.status_code, answer.json()["type"]) == (400, f"/errors#{kind}")


ONCE: list[tuple[dict[str, str], dict[str, Any]]] = [
    ({"Idempotency-Key": "order-1"}, {}),
    ({}, {"options": {"Idempotency Key": "order-2"}}),
    ({}, {"run": "run-3"}),
    ({}, {"run": "run-3", "step": "plan", "item": 7}),
]


@pytest.mark.parametrize(("headers", "names"), ONCE)
def test_a_run_that_has_a_name_is_executed_once(
    door: httpx.Client, berlin: Counted, headers: dict[str, str], names: dict[str, Any]
) -> None:
    """Sent again under its key, or under run, step and item, it is only repeated."""
    before = berlin.executed("POST /v1/products")
    body = {"account": "berlin", "inputs": PRODUCT, **names}
    answers = [
        door.post("/actions/create_product/runs", json=body, headers=headers) for _ in range(2)
    ]
    first, again = (answer.json() for answer in answers)
    assert (first["replayed"], again["replayed"]) == (False, True)
    assert first["output"] == again["output"]
    assert berlin.executed("POST /v1/products") == before + 1


def test_a_request_names_the_account(door: httpx.Client) -> None:
    """What is made in one account is not there in another."""
    product = run(door, "create_product", inputs=PRODUCT).json()["output"]["id"]
    asked = {"Product ID": product}
    assert run(door, "retrieve_product", inputs=asked).status_code == 200
    other = run(door, "retrieve_product", account="tokyo", inputs=asked)
    assert (other.status_code, other.json()["problems_at"][0]["key"]) == (400, "Product ID")


def test_many_callers_get_their_own(served: Served) -> None:
    """Requests at one time, for two accounts, are each answered with what they made."""

    def made(number: int) -> bool:
        account = ("berlin", "tokyo")[number % 2]
        with served.client() as door:
            answer = run(door, "create_product", account=account, inputs={"Name": f"P{number}"})
        return bool(answer.json()["output"]["name"] == f"P{number}")

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(made, range(24)))


def test_a_caller_that_went_away_finds_it_done(
    served: Served, door: httpx.Client, berlin: Counted
) -> None:
    """A host's own timeout ends its waiting, not the run: sent again, it is only repeated."""
    berlin.faults.add(Fault("delay", path="/v1/products", seconds=1.0))
    body = {"account": "berlin", "inputs": PRODUCT, "run": "gone"}
    before = berlin.executed("POST /v1/products")
    with served.client(timeout=0.2) as hasty, suppress(httpx.ReadTimeout):
        hasty.post("/actions/create_product/runs", json=body)
    assert eventually(lambda: berlin.executed("POST /v1/products") == before + 1)
    assert door.post("/actions/create_product/runs", json=body).json()["replayed"]


def test_waiting_has_a_bound(door: httpx.Client, berlin: Counted) -> None:
    """`Prefer: wait` ends the run, which may be executed all the same: its key finds out."""
    berlin.faults.add(Fault("delay_after", path="/v1/products", seconds=60.0))
    body = {"account": "berlin", "inputs": PRODUCT, "options": {"Deadline": "45"}}
    headers = {"Prefer": "respond-async, wait=1"}
    before = berlin.executed("POST /v1/products")
    late = door.post("/actions/create_product/runs", json=body, headers=headers)
    problem = late.json()
    assert (late.status_code, problem["type"]) == (504, "/errors#connection")
    assert "may have been executed" in problem["detail"]
    key = problem["error"]["idempotency_key"]
    assert f"Idempotency-Key: {key}" in problem["advice"]
    headers = {"Idempotency-Key": key, "Prefer": "wait=30"}
    again = door.post("/actions/create_product/runs", json=body, headers=headers)
    assert (again.status_code, again.json()["replayed"]) == (200, True)
    assert again.headers["Preference-Applied"] == "wait=30"
    assert berlin.executed("POST /v1/products") == before + 1


@pytest.mark.parametrize(
    ("deadline", "prefer", "bound"),
    [(None, None, None), (None, "30", 30), ("45", "30", 30), ("20", "30", None)],
)
def test_of_two_bounds_the_shorter_holds(
    deadline: str | None, prefer: str | None, bound: int | None
) -> None:
    """The caller's patience, or the option Deadline where that is shorter."""
    body = json.dumps({"inputs": {}, "options": {"Deadline": deadline} if deadline else {}})
    headers = {"prefer": f"wait={prefer}"} if prefer else {}
    wanted = asked(body.encode(), headers)
    assert wanted.context.deadline == bound
    assert ("Deadline" in wanted.options) == (deadline is not None and bound is None)


# --- what fails, in words -------------------------------------------------------------------------

Sent = dict[str, Any]


def failing(
    kind: str,
    words: str,
    action: str = "create_product",
    body: Any = None,
    headers: Mapping[str, str] = JSON,
    **more: Any,
) -> Any:
    """A row: the kind of problem, some of its words, and the request that meets it."""
    sent = {"account": "berlin", **body} if isinstance(body, dict) else body
    request = {"url": f"/actions/{action}/runs", "headers": {**headers}, "method": "POST", **more}
    request["content"] = sent if isinstance(sent, bytes) else json.dumps(sent or {})
    return pytest.param(kind, words, request, id=f"{kind}-{words[:30]}")


INPUTS = {"inputs": PRODUCT}
FAILURES = [
    failing("no_token", "Authorization is missing", headers={}),
    failing("no_token", "must be Bearer", headers={"Authorization": "Basic eDp5"}),
    failing("no_token", "not the one of this server", headers={"Authorization": "Bearer tokem"}),
    failing("foreign_host", '"evil.example"', headers={**JSON, "Host": "evil.example"}),
    failing(
        "foreign_host",
        '"localhost.evil.example:80"',
        headers={**JSON, "Host": "localhost.evil.example:80"},
    ),
    failing(
        "foreign_origin", '"http://evil.example"', headers={**JSON, "Origin": "http://evil.example"}
    ),
    failing("foreign_origin", '"null"', headers={**JSON, "Origin": "null"}),
    failing("media_type", '"text/plain"', headers={**BEARER, "Content-Type": "text/plain"}),
    failing("media_type", "it is missing", headers=BEARER),
    failing("too_large", "1,000,000 bytes", body=b" " * (MOST_BYTES + 1)),
    failing("malformed", "not JSON", body=b"{"),
    failing("malformed", "not UTF-8", body=b"\xff"),
    failing("malformed", 'the key "Name" twice', body=b'{"inputs": {"Name": "A", "Name": "B"}}'),
    failing("malformed", "nested too deeply", body=b"[" * 200_000),
    failing("malformed", "must be an object; got a list", body=b"[]"),
    failing("malformed", '"input" (did you mean inputs?)', body={"input": PRODUCT}),
    failing(
        "malformed",
        'whole seconds, from 1 to 999999; got "soon"',
        body=INPUTS,
        headers={**JSON, "Prefer": "wait=soon"},
    ),
    failing("malformed", '"run" belongs into the body', body=INPUTS, params={"run": "a"}),
    failing(
        "other_version", 'version "7"', body=INPUTS, headers={**JSON, "Stripe-Nodes-Manifest": "7"}
    ),
    failing("unknown_action", "did you mean create_product?", "create_prodct", INPUTS),
    failing(
        "unknown_account", '"paris" here; there are berlin', body={**INPUTS, "account": "paris"}
    ),
    failing("unknown_account", "say which account", body={**INPUTS, "account": None}),
    failing("not_found", '"/nothing"', url="/nothing"),
    failing("method", 'the method "PUT"', url="/about", method="PUT"),
    failing(
        "malformed",
        "Idempotency-Key is empty",
        url="/actions/create_product",
        body={"name": "A"},
        params={"account": "berlin"},
        headers={**JSON, "Idempotency-Key": ""},
    ),
    failing(
        "invalid_inputs",
        "Options › Idempotency Key is empty",
        body={**INPUTS, "options": {"Idempotency Key": ""}},
    ),
    failing(
        "invalid_inputs",
        "Options › Idempotency Key is empty",
        body={**INPUTS, "run": "october", "options": {"idempotency_key": []}},
    ),
    failing(
        "invalid_inputs", "Options › Account is empty", body={**INPUTS, "options": {"account": ""}}
    ),
    failing("usage", "run must be text", body={**INPUTS, "run": 5}),
    failing("usage", "they need its run", body={**INPUTS, "step": "pay"}),
    failing(
        "usage", "idempotency key is 1–255", body=INPUTS, headers={**JSON, "Idempotency-Key": "a b"}
    ),
    failing(
        "malformed",
        "Idempotency-Key is empty",
        body={**INPUTS, "run": "r1"},
        headers={**JSON, "Idempotency-Key": ""},
    ),
    failing("invalid_inputs", "Name is required.", body={"inputs": {}}),
    failing(
        "invalid_inputs",
        "Options › Deadline must be a number",
        body={**INPUTS, "options": {"Deadline": "soon"}},
    ),
    failing(
        "invalid_request",
        "Product ID: No such product",
        "retrieve_product",
        {"inputs": {"Product ID": "prod_none"}},
    ),
    failing("card", "Your card was declined", "create_payment_intent", {"inputs": PAYING}),
    failing("authentication", "Invalid API Key", body={**INPUTS, "account": "wrong_key"}),
    failing("permission", "may not do this", body={**INPUTS, "account": "no_permission"}),
    failing(
        "denied", "kept for the auditors", "delete_product", {"inputs": {"Product ID": "prod_1"}}
    ),
    failing(
        "unexpected",
        "ZeroDivisionError: nobody thought of sk_test_…",
        "delete_customer",
        {"inputs": {"Customer ID": "cus_1"}},
    ),
    failing("idempotency", "with other inputs", body={"inputs": {"Name": "B"}, "run": "taken"}),
    failing("rate_limit", "Too many requests", body={**INPUTS, "account": "busy"}),
    failing("api", "It may have been executed all the same", body={**INPUTS, "account": "broken"}),
    failing(
        "unreconciled", "look at Stripe", body={**INPUTS, "run": "old", "begun": 1_000_000_000}
    ),
    failing("hook", "after Stripe had done it", "list_invoices", {}),
]


@pytest.mark.parametrize(("kind", "words", "request_"), FAILURES)
def test_a_failure_reaches_the_caller_in_words(
    served: Served, kind: str, words: str, request_: Sent
) -> None:
    """As problem details, with the status of its kind, and no key in them."""
    with served.client(headers={}) as door:
        answer = door.request(**request_)
    problem = answer.json()
    about = KINDS[kind]
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert (answer.status_code, problem["status"], problem["type"]) == (
        about.status,
        about.status,
        f"/errors#{kind}",
    )
    assert words in problem["detail"]
    if kind != "usage":  # which has words by error: below
        assert problem["title"] == about.title
    assert problem["advice"]
    assert KEY not in answer.text


def test_every_failure_is_in_the_table() -> None:
    """Each kind of problem is met above; those of patience have tests of their own."""
    met = {str(row.values[0]) for row in FAILURES}
    assert set(KINDS) - met == {"connection", "too_slow"}


def test_the_table_is_what_is_promised() -> None:
    """SECURITY.md names every kind with its status."""
    [table] = re.findall(r"<!-- door -->(.*?)<!-- end -->", SECURITY, re.DOTALL)
    promised = re.findall(r"\| (\d{3}) \| `(\w+)` \|", table)
    assert {kind: int(status) for status, kind in promised} == {
        name: kind.status for name, kind in KINDS.items()
    }


CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "/actions/create_product/runs", {"inputs": PRODUCT, "step": "pay"}),
    ("POST", "/actions/create_product/runs", {"inputs": PRODUCT, "run": 5}),
    ("POST", "/actions/create_price/choices", {"row": "Currency"}),
    ("POST", "/actions/create_price/choices", {"row": "Nothing"}),
    ("POST", "/actions/create_price/choices", {"row": "Product", "limit": 0}),
    ("GET", "/endpoint?method=POST&path=/v1/unicorns", {}),
    ("POST", "/actions/list_products/entries", {"most": "two"}),
    ("POST", "/actions/create_product/entries", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), CALLS)
def test_a_wrong_call_is_for_the_caller_to_mend(
    door: httpx.Client, method: str, path: str, body: dict[str, Any]
) -> None:
    """The kind is the one of all that cannot be used; title and advice are true of this one."""
    answer = door.request(method, path, json={"account": "berlin", **body})
    problem = answer.json()
    assert (problem["status"], problem["type"]) == (400, "/errors#usage")
    assert problem["error"]["category"] == "usage"
    assert problem["title"] == "What is asked for is not there, or cannot be asked for so."
    assert problem["advice"] == "Read the sentence, and mend the request."


def test_what_the_host_lacks_is_for_its_owner_to_mend() -> None:
    """A plugin or a key that cannot be used is nothing that a caller could mend."""
    problem = problem_of(UsageError("The plugin acme cannot be used."))
    about = KINDS["usage"]
    assert (problem["title"], problem["advice"]) == (about.title, about.do)


AT = [
    ("create_product", {"inputs": {}}, ["name"], "Name"),
    (
        "create_product",
        {"inputs": PRODUCT, "options": {"Account": "x"}},
        ["options", "account"],
        "Options › Account",
    ),
    ("retrieve_product", {"inputs": {"Product ID": "prod_none"}}, ["id"], "Product ID"),
    (
        "create_price",
        {"inputs": {"Currency": "usd", "Unit Amount": 1, "Product": "prod_none"}},
        ["product"],
        "Product",
    ),
]


@pytest.mark.parametrize(("action", "body", "path", "key"), AT)
def test_what_is_wrong_is_told_at_its_place(
    door: httpx.Client, action: str, body: Any, path: list[str], key: str
) -> None:
    """Ours and Stripe's refusals alike have path, display key, rule and sentence."""
    [problem] = run(door, action, **body).json()["problems_at"]
    assert (problem["path"], problem["key"]) == (path, key)
    assert problem["text"].startswith(key)
    assert problem["rule"]


def test_an_error_comes_back_whole(door: httpx.Client) -> None:
    """What Python raises on one side can be raised on the other."""
    problem = run(door, "create_payment_intent", inputs=PAYING).json()
    error = NodeError.from_dict(problem["error"])
    assert (type(error).__name__, error.text) == ("CardError", problem["detail"])
    assert problem["advice"].startswith("The bank declined")


JSON_VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)
MEMBER = st.sampled_from(["inputs", "options", "account", "run", "step", "item", "begun"])
CHOOSING = st.sampled_from(["row", "given", "search", "cursor", "limit", "actions"])
BODIES = JSON_VALUES | st.dictionaries(MEMBER | CHOOSING, JSON_VALUES, max_size=4)
PLACES = (
    *("/actions/create_price/runs", "/actions/create_price", "/actions/create_price/choices"),
    "/check",
)


@given(st.sampled_from(PLACES), BODIES)
def test_whatever_is_sent_is_answered_in_words(served: Served, place: str, body: Any) -> None:
    """Any JSON at all, where a body belongs: nothing breaks in the door."""
    with served.client(verify=False) as door:
        content = json.dumps(body).encode()
        answer = door.post(place, content=content, headers={"Content-Type": "application/json"})
    assert answer.status_code in {400, 422}
    assert answer.json()["detail"]


# --- who comes in ---------------------------------------------------------------------------------


def test_whoever_looks_whether_it_lives_needs_no_token(served: Served) -> None:
    """`/health` says so to anybody, and nothing else."""
    with served.client(headers={"Host": "10.0.0.7"}) as stranger:
        answer = stranger.get("/health")
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_nothing_else_is_told_without_a_token(served: Served) -> None:
    """Every path that there is, or is not, answers 401."""
    paths = ("/about", "/actions", "/errors", "/openapi.json", "/mcp", "/nothing")
    with served.client(headers={}) as stranger:
        assert {stranger.get(path).status_code for path in paths} == {401}


@pytest.mark.parametrize("host", ["localhost:1", "LOCALHOST", "127.0.0.1", "[::1]:80"])
def test_loopback_has_several_names(served: Served, host: str) -> None:
    """Each of them, with a port or without."""
    with served.client({**BEARER, "Host": host}) as door:
        assert door.get("/about").status_code == 200


def test_a_page_that_is_named_may_call() -> None:
    """Its browser is told so, and no other page's; also that it may read a refusal."""
    page = {"Origin": "https://app.example"}
    asking = {"Access-Control-Request-Method": "POST"}
    asking |= {"Access-Control-Request-Headers": "authorization,content-type,idempotency-key"}
    evil = {"Origin": "https://evil.example"}
    offer = offered(default=Connection.emulator())
    with serving(offer, [page["Origin"]]) as served, served.client(headers={}) as browser:
        answers = [
            browser.options("/about", headers={**page, **asking}),
            browser.get("/about", headers={**page, **BEARER}),
            browser.get("/about", headers=page),
            browser.options("/about", headers={**evil, **asking}),
        ]
    assert [answer.status_code for answer in answers] == [200, 200, 401, 403]
    allowed = [answer.headers.get("Access-Control-Allow-Origin") for answer in answers]
    assert allowed == [*[page["Origin"]] * 3, None]


def test_no_page_may_call_unless_it_is_named(door: httpx.Client) -> None:
    """A browser that asks first is told nothing."""
    asking = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    answer = door.options("/about", headers=asking)
    assert answer.status_code == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("token", "origins"),
    [("short", ()), ("with a space in it, long", ()), ("é" * 20, ()), ("a" * 20, ("*",))],
)
def test_terms_that_make_no_sense_are_refused(token: str, origins: tuple[str, ...]) -> None:
    """A token that is guessed, or an origin that is everybody."""
    with pytest.raises(UsageError, match=r"The token must be|An origin is such as"):
        Terms(Secret(token), origins=origins)


def test_the_log_has_no_inputs(door: httpx.Client, caplog: pytest.LogCaptureFixture) -> None:
    """A line for each request: method, path, status. What was sent and asked for is not in it."""
    caplog.set_level(logging.INFO, "stripe_hosts")
    run(door, "create_product", inputs={"Name": "Zebra"})
    door.get("/about", params={"quagga": "1"})
    lines = [record.getMessage() for record in caplog.records if record.name == "stripe_hosts"]
    assert lines[0].startswith('POST "/actions/create_product/runs" 200 in ')
    assert lines[1].startswith('GET "/about" 200 in ')
    assert "Zebra" not in caplog.text
    assert "quagga" not in caplog.text


@contextmanager
def half_sent(served: Served) -> Iterator[socket.socket]:
    """A connection with a body on it that is announced to be longer."""
    address = urlsplit(served.url)
    head = [
        "POST /actions/create_product/runs HTTP/1.1",
        f"Host: {address.netloc}",
        *(f"{name}: {text}" for name, text in JSON.items()),
        "Content-Length: 100",
    ]
    body = json.dumps({"account": "berlin", "inputs": PRODUCT})
    with socket.create_connection((address.hostname, address.port), timeout=30) as line:
        line.sendall("\r\n".join([*head, "", body]).encode())
        yield line


def test_a_body_that_ends_too_soon_is_not_run(served: Served, berlin: Counted) -> None:
    """Half a body is no body, even if it could be read."""
    before = berlin.executed("POST /v1/products")
    with half_sent(served) as line:
        line.shutdown(socket.SHUT_WR)
        assert b" 200 " not in line.recv(1000)
    assert berlin.executed("POST /v1/products") == before


def test_a_body_that_does_not_come_is_not_waited_for(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After half a minute, here sooner, it is refused and the connection closed."""
    monkeypatch.setattr(safety, "BODY_SECONDS", 0.1)
    with half_sent(served) as line:
        answer = b"".join(iter(lambda: line.recv(1000), b""))
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"/errors#too_slow" in answer


BEARING = f"Authorization: Bearer {TOKEN}"
JSON_BODY = '{"account": "berlin", "inputs": {"Name": "Raw"}}'
RUNNING = "POST /actions/create_product/runs HTTP/1.1"
CHUNKS = f"{len(JSON_BODY):x}\r\n{JSON_BODY}\r\n0\r\n\r\n"


def lined(*head: str, body: str = "") -> str:
    """A request; HOST stands for the server's name."""
    return "\r\n".join([*head, "", body])


RAW = [
    (lined("GET http://HOST/about HTTP/1.1", "Host: HOST", BEARING), 200, '"accounts"'),
    (lined("GET http://evil.example/about HTTP/1.1", "Host: HOST", BEARING), 421, "evil.example"),
    (lined("GET http://HOST/about HTTP/1.1", "Host: evil.example", BEARING), 421, "evil.example"),
    (lined("GET http://HOST/about HTTP/1.1", "Host: HOST"), 401, "no_token"),
    (lined("GET /about HTTP/1.0", "Host: HOST", BEARING), 200, '"accounts"'),
    (lined("GET /about HTTP/1.0", BEARING), 421, "foreign_host"),
    (lined("GET /about HTTP/1.1", BEARING), 400, "Invalid HTTP request"),
    (lined("GET /about HTTP/1.1", "Host: HOST", "Host: evil.example", BEARING), 400, "Invalid"),
    (lined("GET //about HTTP/1.1", "Host: HOST", BEARING), 404, "//about"),
    (lined("GET //evil.example/about HTTP/1.1", "Host: HOST", BEARING), 404, "not_found"),
    (lined("GET /mcp/../about HTTP/1.1", "Host: HOST", BEARING), 404, "not_found"),
    (lined("get /about HTTP/1.1", "Host: HOST", BEARING), 405, 'the method \\"get\\"'),
    (lined("OPTIONS * HTTP/1.1", "Host: HOST", BEARING), 404, "not_found"),
    (lined("CONNECT evil.example:443 HTTP/1.1", "Host: HOST", BEARING), 404, "not_found"),
    (lined("GET /about HTTP/1.1", "Host: user@HOST", BEARING), 421, "foreign_host"),
    (
        lined(RUNNING, "Host: HOST", BEARING, f"Content-Length: {len(JSON_BODY)}", body=JSON_BODY),
        415,
        "media_type",
    ),
    (
        lined(
            *(RUNNING, "Host: HOST", BEARING, "Content-Type: application/json"),
            "Transfer-Encoding: chunked",
            body=CHUNKS,
        ),
        200,
        '"Raw"',
    ),
    (
        lined(
            *(RUNNING, "Host: HOST", BEARING, "Content-Type: application/json"),
            *("Transfer-Encoding: chunked", "Content-Length: 4"),
            body=CHUNKS,
        ),
        400,
        "are both there",
    ),
    (
        lined(
            *(RUNNING, "Host: HOST", BEARING, "Content-Type: application/json"),
            *(f"Content-Length: {len(JSON_BODY)}", "Content-Length: 4"),
            body=JSON_BODY,
        ),
        400,
        "Invalid HTTP request",
    ),
]


def spoken(served: Served, text: str) -> tuple[int, str]:
    """The status and the answer to what is written on a connection of its own."""
    address = urlsplit(served.url)
    with socket.create_connection((address.hostname, address.port), timeout=30) as line:
        line.sendall(text.replace("HOST", address.netloc).encode())
        with line.makefile("rb") as file:
            status = int(file.readline().split()[1])
            head = [*iter(file.readline, b"\r\n")]
            lengths = [one for one in head if one.lower().startswith(b"content-length:")]
            body = file.read(int(lengths[0].split()[1])) if lengths else file.read()
    return status, body.decode()


@pytest.mark.parametrize(("text", "status", "words"), RAW)
def test_whatever_is_on_the_line_is_answered(
    served: Served, text: str, status: int, words: str
) -> None:
    """What no client library sends: one reading of it, or a refusal in words."""
    told = spoken(served, text)
    assert (told[0], words in told[1]) == (status, True), told


def test_a_line_without_an_end_is_not_kept(served: Served, door: httpx.Client) -> None:
    """A header of megabytes ends its connection, and nothing else."""
    with suppress(OSError):  # it may end before all was written
        endless = lined("GET /about HTTP/1.1", "Host: HOST", BEARING, f"X: {'a' * 5_000_000}")
        assert spoken(served, endless)[0] == 400
    assert door.get("/about").status_code == 200


def test_the_other_loopback_is_served_too() -> None:
    """IPv6's, by its own name and that of the machine."""
    running = server(application(offered(default=Connection.emulator()), Terms(Secret(TOKEN))))
    try:
        listener = Place(address="::1").listening()
    except UsageError:
        pytest.skip("there is no IPv6 here")
    with listener:
        thread = Thread(target=running.run, kwargs={"sockets": [listener]})
        thread.start()
        url = address_of(listener)
        try:
            assert url.startswith("http://[::1]:")
            assert httpx.get(f"{url}/about", headers=BEARER, trust_env=False).status_code == 200
        finally:
            running.should_exit = True
            thread.join()


def test_equal_requests_at_one_time_are_executed_once(served: Served, berlin: Counted) -> None:
    """Eight with one key: each is answered with the same product."""
    before = berlin.executed("POST /v1/products")
    body = {"account": "berlin", "inputs": {"Name": "Eight"}}

    def asking(_: int) -> Any:
        with served.client({**BEARER, "Idempotency-Key": "order-eight"}, timeout=60) as door:
            return door.post("/actions/create_product/runs", json=body).json()

    with ThreadPoolExecutor(8) as pool:
        answers = [*pool.map(asking, range(8))]
    assert len({answer["output"]["id"] for answer in answers}) == 1
    assert [answer["replayed"] for answer in answers].count(False) == 1
    assert berlin.executed("POST /v1/products") == before + 1


def test_the_same_key_with_other_inputs_is_refused(door: httpx.Client, berlin: Counted) -> None:
    """In words that say what to do; nothing is executed."""
    headers = {"Idempotency-Key": "order-other"}
    one, other = ({"account": "berlin", "inputs": {"Name": name}} for name in ("A", "B"))
    assert door.post("/actions/create_product/runs", json=one, headers=headers).status_code == 200
    before = berlin.executed("POST /v1/products")
    answer = door.post("/actions/create_product/runs", json=other, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (409, "/errors#idempotency")
    assert "with other inputs" in answer.json()["detail"]
    assert berlin.executed("POST /v1/products") == before


SECRETS = (TOKEN, KEY, "sk_test_emulator", "_secret_")


def test_no_secret_is_told_of_a_failure(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    """At neither door: no key, token or client secret in a log, an answer, or its headers."""
    caplog.set_level(logging.DEBUG)
    paid = {**PAYING, "Idempotency-Key": KEY, "Name": TOKEN}
    with served.client() as door:
        for row in FAILURES:
            kind, _, request = row.values
            answer = door.request(**{**request, "headers": {**request["headers"], **BEARER}})
            told = answer.text + str(answer.headers)
            assert not [secret for secret in SECRETS if secret in told], kind
        for account in served.offer.accounts.named:
            arguments = {**paid, "account": account}
            call = {"name": "create_payment_intent", "arguments": arguments}
            asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
            accept = {"Accept": "application/json, text/event-stream"}
            answer = door.post("/mcp", json=asked, headers=accept)
            assert answer.json()["result"]["isError"]
            told = answer.text + str(answer.headers)
            assert not [secret for secret in SECRETS if secret in told], account
    logged = [each for each in caplog.records if not each.name.startswith(("httpx", "httpcore"))]
    told = " ".join(each.getMessage() for each in logged)
    assert logged
    assert not [secret for secret in SECRETS if secret in told]


# --- what is offered ------------------------------------------------------------------------------


def test_less_can_be_offered() -> None:
    """By action, by resource, or only what changes nothing; the rest is not there."""
    from stripe_hosts.offer import Offer

    host, accounts = Host.load(), offered(default=Connection.emulator()).accounts
    offer = Offer(host=host, accounts=accounts, only=("price", "create_product"))
    assert {entry["resource"] for entry in offer.catalog()} == {"price", "product"}
    offer = Offer(host=host, accounts=accounts, only=("price",), read_only=True)
    ids = [entry["id"] for entry in offer.catalog()]
    assert {"list_prices", "retrieve_price"} <= {*ids}
    assert all(entry["hints"]["read_only"] for entry in offer.catalog())
    with pytest.raises(UsageError, match=r"no action \"create_price\" here"):
        offer.entry("create_price")


@pytest.mark.parametrize(
    ("only", "read_only", "words"),
    [(("prices",), False, "did you mean price?"), (("create_price",), True, "Nothing is offered")],
)
def test_a_choice_of_nothing_is_refused(
    only: tuple[str, ...], *, read_only: bool, words: str
) -> None:
    """A name that is none, or two choices that leave nothing."""
    from stripe_hosts.offer import Offer

    accounts = offered(default=Connection.emulator()).accounts
    with pytest.raises(UsageError) as refused:
        Offer(host=Host.load(), accounts=accounts, only=only, read_only=read_only)
    assert words in str(refused.value)


def test_what_cannot_be_read_is_refused_before_it_is_judged() -> None:
    """A caller of the reader itself gets the same kinds."""
    with pytest.raises(NotServed) as refused:
        asked(b'{"inputs": {}, "begin": 1}', {})
    assert refused.value.kind == "malformed"


@pytest.mark.parametrize("name", ["Idempotency-Key", "Stripe-Nodes-Manifest"])
def test_a_header_that_is_there_twice_is_refused(served: Served, name: str) -> None:
    """Of two keys one would be ignored, and a run be executed under another than was meant."""
    headers = [*JSON.items(), (name, "1"), (name, "2")]
    body = json.dumps({"inputs": PRODUCT})
    answer = httpx.post(f"{served.url}/actions/create_product/runs", content=body, headers=headers)
    assert answer.status_code == 400
    assert f"The header {name} is there twice" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("preferences", "applied"),
    [
        (["respond-async", "wait=30"], "wait=30"),
        (["wait=20, x", "wait=30"], "wait=20"),
        (["x"], None),
    ],
)
def test_preferences_may_come_in_several_headers(
    served: Served, preferences: list[str], applied: str | None
) -> None:
    """As RFC 7240 has it: they are one list, in which the first of a name counts."""
    headers = [*JSON.items(), *(("Prefer", text) for text in preferences)]
    body = json.dumps({"account": "berlin", "inputs": PRODUCT})
    answer = httpx.post(f"{served.url}/actions/create_product/runs", content=body, headers=headers)
    assert (answer.status_code, answer.headers.get("Preference-Applied")) == (200, applied)


# --- whole lists ----------------------------------------------------------------------------------

LISTED = "/actions/list_products/entries"


@pytest.fixture(scope="module")
def many(served: Served) -> dict[str, Any]:
    """The body that asks for all products of an account that has more than two pages of them."""
    with served.client() as door:
        for number in range(23):
            run(door, "create_product", account="tokyo", inputs={"Name": f"{number}"})
        asked = {"account": "tokyo", "inputs": {"Limit": 10}}
        with door.stream("POST", LISTED, json=asked) as answer:
            assert answer.headers["Content-Type"] == "application/jsonl"
            assert len([*answer.iter_lines()]) > 23
    return asked


def lines(door: httpx.Client, **body: Any) -> list[Any]:
    """The lines of a list."""
    return [json.loads(line) for line in door.post(LISTED, json=body).text.splitlines()]


def test_a_whole_list_comes_in_lines(door: httpx.Client, many: dict[str, Any]) -> None:
    """An entry a line, in the end how far it goes; the cursor goes on there."""
    *entries, end = lines(door, **many)
    names = [entry["data"]["name"] for entry in entries]
    assert names[:23] == [str(number) for number in reversed(range(23))]
    assert (end["has_more"], end["cursor"]) == (False, entries[-1]["data"]["id"])
    *first, stop = lines(door, **many, most=15)
    assert (stop["has_more"], stop["requests"]) == (True, 2)
    *rest, _ = lines(door, **many, cursor=stop["cursor"])
    assert first + rest == entries


def test_an_empty_list_is_its_end(door: httpx.Client) -> None:
    """One line."""
    inputs = {"Created After": 4_000_000_000}
    [end] = lines(door, account="tokyo", inputs=inputs)
    assert end == {"has_more": False, "cursor": None, "requests": 1}


class Third:
    """A guard that denies what is asked behind two pages of prices."""

    pages = 0

    @hookimpl
    def run_action(self, action: Any) -> None:
        """Counts."""
        self.pages += 1
        if self.pages > 2 and action.spec.id == "list_products":
            raise Denied("That is enough.")


def test_an_error_is_the_last_line(many: dict[str, Any], served: Served) -> None:
    """Behind what had come, as a problem, with the cursor to go on."""
    host = Host.load()
    host.register(Third(), "acme:third")
    accounts = served.offer.accounts.named
    with serving(offered(host, **accounts)) as guarded, guarded.client() as door:
        *entries, problem = lines(door, **many)
    assert len(entries) == 20
    assert (problem["type"], problem["detail"]) == ("/errors#denied", "That is enough.")
    assert (problem["cursor"], problem["has_more"]) == (entries[-1]["data"]["id"], True)


LISTING = [
    ("list_products", {"account": "wrong_key"}, 502, "Invalid API Key"),
    ("list_products", {"most": 0}, 400, "most must be a whole number"),
    ("list_products", {"cursor": "prod_none"}, 400, "Starting After: No such"),
    ("list_products", {"inputs": {"Limit": 500}}, 422, "Limit must be"),
    ("list_products", {"run": "october"}, 400, 'no "run"'),
    ("list_products", {"most": "two"}, 400, 'from 1; got "two"'),
    ("create_product", {"inputs": PRODUCT}, 400, "gives no list"),
    ("create_product", {}, 400, "gives no list"),
    ("list_produts", {}, 404, "did you mean list_products?"),
]


@pytest.mark.parametrize(("action", "body", "status", "words"), LISTING)
def test_what_is_wrong_at_once_has_a_status(
    door: httpx.Client, action: str, body: dict[str, Any], status: int, words: str
) -> None:
    """Before the first entry it is an answer as of any other request."""
    answer = door.post(f"/actions/{action}/entries", json={"account": "berlin", **body})
    assert (answer.status_code, answer.headers["Content-Type"]) == (
        status,
        "application/problem+json",
    )
    assert words in answer.json()["detail"]


def test_a_list_has_no_key(door: httpx.Client, many: dict[str, Any]) -> None:
    """Which would be ignored."""
    answer = door.post(LISTED, json=many, headers={"Idempotency-Key": "a"})
    assert (answer.status_code, answer.json()["type"]) == (400, "/errors#malformed")


def test_whoever_goes_away_ends_a_list(served: Served, berlin: Counted) -> None:
    """No more is asked of Stripe than what was on its way; and nothing is left of it."""
    with served.client() as door:
        for number in range(30):
            run(door, "create_product", inputs={"Name": f"{number}"})
    asked = {"account": "berlin", "inputs": {"Limit": 1}, "most": 10_000}
    tasks = served.tasks()
    berlin.faults.add(Fault("delay", path="/v1/products", seconds=0.2, times=None))
    try:
        with served.client() as door, door.stream("POST", LISTED, json=asked) as answer:
            next(answer.iter_lines())
        assert eventually(lambda: served.tasks() <= tasks)
    finally:
        berlin.faults.clear()
    listed = [asked for asked in berlin.asked if "limit=1&" in f"{asked}&"]
    assert len(listed) < 10
