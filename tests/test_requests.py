"""Any endpoint of Stripe's can be asked by one action, judged by Stripe's document beforehand."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import refusal

from stripe_emulator import Emulator
from stripe_emulator.server import serve
from stripe_nodes import StripeAPIRequest
from stripe_plugin import Client, Connection, Host, InvalidInputs, InvalidRequest, RunContext
from stripe_plugin.declare import contract

NAME = "stripe_api_request"


def asked(method: str, path: str, **parameters: Any) -> StripeAPIRequest:
    """A request that is judged."""
    return StripeAPIRequest(method=method, path=path, parameters_=parameters)


def wrong(method: str, path: str, parameters: Any = None) -> dict[str, list[str]]:
    """What is wrong with a request, by display key."""
    return refusal(NAME, {"Method": method, "Path": path, "Parameters": parameters})


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """An account, reached over a socket."""
    with Emulator() as world, serve(world) as server:
        connection = Connection("sk_test_requests", base_url=server.url)
        with Client(connection) as client:
            yield client


@pytest.mark.parametrize("operation", contract.operations())
def test_every_endpoint_is_known(operation: str) -> None:
    """All that Stripe's document has can be asked, at a path with IDs; what it lacks is told."""
    method, _, template = operation.partition(" ")
    path = re.sub(r"{[^{}]*}", "xyz_123", template)
    told = wrong(method, path)
    assert "Path" not in told
    assert "Method" not in told
    if not told:
        made = asked(method, path)
        assert (made.request().method, made.request().path) == (method, path)
        assert made.spec.hints["read_only"] == (method == "GET")
    else:
        assert all(text.endswith("is required.") for text in told["Parameters"])


def test_it_is_sent_as_by_an_action_of_its_own(client: Client) -> None:
    """Nested parameters, IDs in the path, a list's query; the answer is Stripe's object."""
    product = client.run(asked("POST", "/v1/products", name="Plan")).output
    path = f"/v1/products/{product['id']}"
    changed = client.run(asked("POST", path, metadata={"a": "b"}, active=False)).output
    assert (changed["metadata"], changed["active"]) == ({"a": "b"}, False)
    found = client.run(asked("GET", "/v1/products", limit=1)).output
    assert [each["id"] for each in found["data"]] == [product["id"]]
    assert client.run(asked("DELETE", path)).output["deleted"] is True
    request = asked("GET", "/v1/prices", limit=2, created={"gt": 5}).request()
    assert request.target == "/v1/prices?limit=2&created%5Bgt%5D=5"


def test_it_is_sent_once(client: Client) -> None:
    """Under the name of its run like any action; what only reads has no key."""
    run = RunContext(run_id="october", step="any")
    first = client.run(asked("POST", "/v1/customers", name="Ann"), run)
    again = client.run(asked("POST", "/v1/customers", name="Ann"), run)
    assert (again.output["id"], again.replayed) == (first.output["id"], True)


@pytest.mark.parametrize(
    ("method", "path", "told"),
    [
        ("POST", "/v1/coupns", "(did you mean /v1/coupons?)"),
        ("DELETE", "/v1/prices/price_1", "Path takes GET and POST at Stripe, not DELETE."),
        ("POST", "/v1/prices/{price}", "must have IDs in the place of its variables"),
        ("GET", "/v1/prices?limit=1", "must have no query"),
        ("GET", "https://api.stripe.com/v1/prices", "must be a path of Stripe's API"),
        ("GET", "/v1/../v1/prices", "must be a path of Stripe's API"),
        ("POST", "/v1/charges/../refunds", "must be a path of Stripe's API"),
        ("DELETE", "/v1/customers/..", "must be a path of Stripe's API"),
        ("DELETE", "/v1/customers/./sources/card_1", "must be a path of Stripe's API"),
        ("GET", "/v2/core/events", "must be a path of Stripe's API"),
    ],
)
def test_a_path_is_judged(method: str, path: str, told: str) -> None:
    """By the endpoints that there are, before anything is sent."""
    assert told in wrong(method, path)["Path"][0]


TWICE: list[dict[str, Any]] = [
    {"metadata": {"a": "1"}, "metadata[a]": "2"},
    {"metadata[a]": "2", "metadata": {"a": "1"}},
    {"address": {"city": "Berlin"}, "address[city]": "Bonn"},
    {"address[city]": "Bonn", "address": "@clear"},
    {"preferred_locales": ["de"], "preferred_locales[]": "en"},
    {"tax": {"ip_address": "1.2.3.4", "ip_address][": "5.6.7.8"}},
]


@pytest.mark.parametrize("parameters", TWICE, ids=str)
def test_nothing_is_said_twice(parameters: dict[str, Any], client: Client) -> None:
    """A parameter beside itself in other words, of which a guard would see one, is refused."""
    with pytest.raises(InvalidInputs, match=r"twice|must be"):
        client.run(asked("POST", "/v1/customers", **parameters))


def test_parts_of_a_parameter_may_stand_side_by_side() -> None:
    """In Stripe's own notation, each place once."""
    flat = {"metadata[a]": "1", "metadata[b]": "2", "address[city]": "Bonn"}
    sent = asked("POST", "/v1/customers", **flat).request()
    assert dict(sent.params) == flat


def test_parameters_are_judged_at_every_depth() -> None:
    """Types, values and what must be given, each at its place, all at once."""
    price = {"unit_amount": "x", "recurring": {"interval": "moth"}}
    assert wrong("POST", "/v1/prices", price)["Parameters"] == [
        'Parameters › unit_amount must be a whole number, such as 10; got "x".',
        'Parameters › recurring › interval must be one of day, month, week, year; got "moth".',
        "Parameters › currency is required.",
    ]
    with pytest.raises(InvalidInputs) as caught:
        asked("POST", "/v1/prices", currency="usd", recurring={"interval": "moth"})
    [problem] = caught.value.problems_at
    assert problem.path == ("parameters_", "recurring", "interval")


def test_what_is_newer_is_sent_and_said(client: Client) -> None:
    """What the document does not know is sent all the same, and the result says so."""
    newer = asked("POST", "/v1/products", name="Plan", metadata={"a": "b"}, shape="round")
    assert newer.request().params[-1] == ("shape", "round")
    told = newer.warnings()["Parameters"]
    assert told.startswith("Parameters › shape is not in Stripe's API document of")
    assert newer.spec.unchecked == told
    with pytest.raises(InvalidRequest) as caught:  # the emulator knows no more than the document
        client.run(newer)
    assert caught.value.text == "Parameters › shape: Received unknown parameter: shape"
    assert client.run(asked("GET", "/v1/products")).note is None


def test_an_error_of_stripes_is_at_its_place(client: Client) -> None:
    """A parameter at its steps; an object that is not there at the path."""
    with pytest.raises(InvalidRequest) as caught:
        client.run(asked("POST", "/v1/prices", currency="usd", unit_amount=5, product="prod_0"))
    assert caught.value.path == ("parameters_", "product")
    with pytest.raises(InvalidRequest) as caught:
        client.run(asked("GET", "/v1/prices/price_0"))
    assert caught.value.text == "Path: No such price: 'price_0'"


@pytest.mark.parametrize(
    "number", ["4242424242424242", "4242 4242 4242 4242", "378282246310005", 4000056655665556]
)
def test_a_card_number_goes_nowhere(number: Any) -> None:
    """Wherever it stands, it is refused, and not repeated."""
    card = {"type": "card", "card": {"number": number, "exp_month": 1, "exp_year": 2031}}
    [told] = wrong("POST", "/v1/payment_methods", card)["Parameters"]
    assert told.startswith("Parameters › card › number must hold no card number")
    assert str(number) not in told
    [told] = wrong("POST", "/v1/customers", {"metadata": {"note": str(number)}})["Parameters"]
    assert told.startswith("Parameters › metadata › note must hold no card number")


@given(st.integers(10**12, 10**19 - 1))
def test_other_numbers_are_no_cards(number: int) -> None:
    """A number is a card's if its last digit checks the others, by a second way of counting."""
    total = 0
    for place, digit in enumerate(reversed(str(number))):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    told = wrong("POST", "/v1/customers", {"metadata": {"note": str(number)}})
    assert bool(told) == (total % 10 == 0)


@pytest.mark.parametrize(
    ("method", "path", "destroys"),
    [
        ("GET", "/v1/prices", False),
        ("POST", "/v1/customers", False),
        ("POST", "/v1/invoices/in_1/void", True),
        ("POST", "/v1/payment_intents/pi_1/cancel", True),
        ("DELETE", "/v1/coupons/x", True),
    ],
)
def test_hints_are_those_of_the_endpoint(method: str, path: str, destroys: bool) -> None:  # noqa: FBT001
    """Whether it reads, and whether something is gone by it."""
    hints = asked(method, path).spec.hints
    reads = method == "GET"
    assert hints == {"read_only": reads, "destructive": destroys, "idempotent": method != "POST"}
    assert StripeAPIRequest.spec.hints["destructive"], "before it is known, the worst is said"


def test_extra_has_no_place_beside_parameters() -> None:
    """All that is sent stands in one place."""
    with pytest.raises(InvalidInputs, match="write all under Parameters"):
        StripeAPIRequest(method="GET", path="/v1/prices", extra={"limit": 1})


def test_linked_objects_are_given_in_full(client: Client) -> None:
    """Expand works as for any action."""
    data = {"name": "Plan"}
    made = {"currency": "usd", "unit_amount": 5, "product_data": data}
    action = StripeAPIRequest(
        method="POST", path="/v1/prices", parameters_=made, expand=["product"]
    )
    assert client.run(action).output["product"]["name"] == "Plan"


def test_it_is_listed_last_and_found() -> None:
    """Behind all actions of endpoints; only recipes, which are made of such, come later."""
    *_, last = [entry for entry in Host.load().catalog() if not entry["recipe"]]
    assert last["id"] == NAME
    assert last["name"] == "Stripe API Request"
