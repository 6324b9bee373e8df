"""What Stripe's API document says is kept as data, and read only when somebody asks."""

import runpy
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from stripe_plugin.declare import contract
from stripe_plugin.run.exchange import STRIPE_VERSION

ROOT = Path(__file__).resolve().parent.parent
SCRIPT = runpy.run_path(str(ROOT / "manifests" / "contract.py"), run_name="contract")


def test_the_data_is_of_the_pinned_version() -> None:
    """The document that the data was made from is of the version that every request names."""
    assert contract.version() == STRIPE_VERSION


def test_the_data_is_what_the_document_says() -> None:
    """Made again from the document, where that is present, the data is the same."""
    if not SCRIPT["DOCUMENT"].exists():
        pytest.skip("the document is not here: `make contract` downloads it")
    assert SCRIPT["stale"](SCRIPT["derived"](SCRIPT["DOCUMENT"])) == []


def test_what_is_not_asked_for_is_not_read() -> None:
    """Neither listing nor importing an action reads the data, nor a request of declared rows."""
    asked = (
        "import sys; from stripe_plugin import Host; [*Host().catalog()];"
        "from stripe_nodes.prices import CreatePrice;"
        "CreatePrice.read({'Currency': 'usd', 'Unit Amount': 5, 'Product': 'p'}).request();"
        "assert 'stripe_plugin.declare.contract' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", asked], check=True)


def body(endpoint: str) -> contract.Shapes:
    """The parameters of an endpoint."""
    found = contract.operation(*endpoint.split())
    assert found
    return found.parameters


FACTS: Mapping[str, Callable[[], Any]] = {
    "a length": lambda: body("POST /v1/coupons")["name"].max_length == 40,
    "fixed values": lambda: "forever" in body("POST /v1/coupons")["duration"].enum,
    "what must be given": lambda: (
        body("POST /v1/invoiceitems")["customer"].required is False
        and body("POST /v1/prices")["currency"].required
    ),
    "a number": lambda: body("POST /v1/coupons")["percent_off"].type == "number",
    "an amount": lambda: (
        body("POST /v1/payment_intents")["amount"].is_money
        and not body("GET /v1/prices")["limit"].is_money
    ),
    "a time": lambda: body("POST /v1/coupons")["redeem_by"].is_time,
    "what is unset": lambda: (
        body("POST /v1/customers/{customer}")["metadata"].clearable
        and not body("POST /v1/customers/{customer}")["email"].clearable
    ),
    "fixed values that may grow": lambda: (
        (types := body("POST /v1/checkout/sessions")["payment_method_types"].items)
        and types.is_open
        and "card" in types.enum
    ),
    "nested keys": lambda: (
        body("POST /v1/checkout/sessions")["subscription_data"].fields["trial_end"].is_time
    ),
    "keys of a list's objects": lambda: (
        (items := body("POST /v1/subscriptions")["items"].items)
        and items.fields["price_data"].fields["currency"].required
    ),
    "any keys": lambda: body("POST /v1/customers")["metadata"].values is not None,
    "alternatives": lambda: (
        {each.type for each in body("GET /v1/customers")["created"].alternatives}
        == {"object", "integer"}
    ),
    "a variable of the path by any name": lambda: (
        contract.operation("POST", "/v1/prices/{id}")
        is not contract.operation("POST", "/v1/prices")
    ),
    "no such endpoint": lambda: contract.operation("POST", "/v1/nothing") is None,
    "an answer": lambda: (
        (coupons := contract.operation("POST", "/v1/coupons"))
        and coupons.answer
        and coupons.answer.kinds == ("coupon",)
    ),
    "a field that can be null": lambda: contract.fields("customer")["email"].nullable,
    "an ID and what it points to": lambda: (
        contract.fields("refund")["charge"].expands
        and contract.fields("refund")["charge"].kinds == ("charge",)
    ),
    "a field's own fields": lambda: (
        "data" in contract.fields("subscription")["items"].fields
        and contract.fields("customer")["address"].fields["city"].type == "string"
    ),
    "no such kind": lambda: contract.fields("nothing") == {},
    "an event": lambda: "invoice.paid" in contract.event_types(),
}


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_is_read(fact: str) -> None:
    """Each kind of fact about parameters, fields, answers and events is found by its name."""
    assert FACTS[fact]()


def test_there_is_no_sentence_of_stripes() -> None:
    """The longest text of the data is a name or a fixed value; none is a sentence."""
    for file in ("parameters", "objects", "events"):
        assert not [text for text in texts(contract._data(file)) if text.count(" ") > 1]


def texts(value: Any) -> list[str]:
    """Every text in there, keys too."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [*value, *texts([*value.values()])]
    return [text for each in value for text in texts(each)] if isinstance(value, list) else []
