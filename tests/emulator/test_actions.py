"""All actions' endpoints in one flow, every answer measured against Stripe's published schema."""

# ruff: noqa: E501 - rows and requests read best on one line

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from emulator.answers import kinds, schema_of
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from emulator.conftest import Caller

ACTIONS = """
GET /v1/products | GET /v1/products/{} | POST /v1/products | POST /v1/products/{}
DELETE /v1/products/{} | GET /v1/prices | GET /v1/prices/{} | POST /v1/prices | POST /v1/prices/{}
GET /v1/customers | GET /v1/customers/{} | POST /v1/customers | POST /v1/customers/{}
DELETE /v1/customers/{} | GET /v1/invoices | GET /v1/invoices/{} | POST /v1/invoices
POST /v1/invoices/{} | DELETE /v1/invoices/{} | GET /v1/subscriptions | GET /v1/subscriptions/{}
POST /v1/subscriptions | POST /v1/subscriptions/{} | DELETE /v1/subscriptions/{}
GET /v1/payment_intents | GET /v1/payment_intents/{} | POST /v1/payment_intents
POST /v1/payment_intents/{} | POST /v1/payment_intents/{}/cancel | POST /v1/refunds
POST /v1/checkout/sessions | POST /v1/checkout/sessions/{} | GET /v1/checkout/sessions/{}
GET /v1/checkout/sessions | GET /v1/checkout/sessions/{}/line_items
POST /v1/checkout/sessions/{}/expire | POST /v1/invoiceitems
"""


def catalogue(api: Caller) -> Any:
    """Products and prices: create, read, list, update, deactivate, delete."""
    product = api.made(
        "/v1/products", name="Lamp", images=["https://a.example/i.png"], url="https://a.example"
    )
    assert api.get(f"/v1/products/{product['id']}").data == product
    changed = api.made(f"/v1/products/{product['id']}", description="Bright", metadata={"a": "1"})
    assert changed["description"] == "Bright"
    assert api.get("/v1/products", active=True)["data"][0]["id"] == product["id"]
    price = api.made(
        "/v1/prices", product=product["id"], currency="usd", unit_amount=1500, nickname="n"
    )
    assert api.get(f"/v1/prices/{price['id']}").data == price
    assert api.made(f"/v1/prices/{price['id']}", lookup_key="lamp")["lookup_key"] == "lamp"
    assert (
        api.get("/v1/prices", product=product["id"], currency="usd")["data"][0]["id"] == price["id"]
    )
    spare = api.price(product=product["id"])
    assert api.made(f"/v1/prices/{spare['id']}", active=False)["active"] is False
    gone = api.made("/v1/products", name="Gone")
    assert api.delete(f"/v1/products/{gone['id']}")["deleted"] is True
    return price


def customers(api: Caller) -> Any:
    """Customers: create, read, list, update, delete."""
    payer = api.payer(name="Ann", address={"city": "Oslo"}, phone="1")
    assert api.get(f"/v1/customers/{payer['id']}").data == payer
    assert api.get("/v1/customers", email=payer["email"])["data"] == [payer]
    assert api.made(f"/v1/customers/{payer['id']}", name="Ann B.")["name"] == "Ann B."
    gone = api.made("/v1/customers")
    assert api.delete(f"/v1/customers/{gone['id']}")["deleted"] is True
    return payer


def billing(api: Caller, customer: Any, price: Any) -> None:
    """Invoices, invoice items and subscriptions."""
    draft = api.made("/v1/invoices", customer=customer["id"], description="d")
    item = api.made("/v1/invoiceitems", customer=customer["id"], invoice=draft["id"],
                    pricing={"price": price["id"]}, quantity=2)  # fmt: skip
    assert item["amount"] == 3000
    assert api.get(f"/v1/invoices/{draft['id']}")["amount_due"] == 3000
    assert api.made(f"/v1/invoices/{draft['id']}", metadata={"k": "v"})["metadata"] == {"k": "v"}
    assert api.get("/v1/invoices", customer=customer["id"], status="draft")["data"]
    assert api.post(f"/v1/invoices/{draft['id']}/pay")["status"] == "paid"
    api.get(f"/v1/invoices/{draft['id']}/lines")
    scrap = api.made("/v1/invoices", customer=customer["id"])
    assert api.delete(f"/v1/invoices/{scrap['id']}")["deleted"] is True
    monthly = api.price(700, monthly=True)
    started = api.made(
        "/v1/subscriptions", customer=customer["id"], items=[{"price": monthly["id"]}]
    )
    path = f"/v1/subscriptions/{started['id']}"
    assert api.get(path)["status"] == "active"
    row = {"id": started["items"]["data"][0]["id"], "quantity": 3}
    assert api.post(path, items=[row], proration_behavior="none")["quantity"] == 3
    assert api.get("/v1/subscriptions", price=monthly["id"])["data"][0]["id"] == started["id"]
    assert api.delete(path)["status"] == "canceled"


def payments(api: Caller, customer: Any) -> None:
    """PaymentIntents and refunds, with their neighbours."""
    intent = api.made("/v1/payment_intents", amount=900, currency="usd", customer=customer["id"])
    path = f"/v1/payment_intents/{intent['id']}"
    assert api.get(path).data == intent
    assert api.post(path, amount=1000)["amount"] == 1000
    assert api.get("/v1/payment_intents", customer=customer["id"])["data"][0]["id"] == intent["id"]
    assert api.post(f"{path}/cancel", cancellation_reason="duplicate")["status"] == "canceled"
    paid = api.paid(2000)
    assert api.made("/v1/refunds", payment_intent=paid["id"], amount=500)["amount"] == 500
    assert api.get(f"/v1/charges/{paid['latest_charge']}")["amount_refunded"] == 500
    assert api.get("/v1/refunds", payment_intent=paid["id"])["data"]


def checkout(api: Caller, price: Any) -> None:
    """Checkout Sessions: open, read, list, update, complete, expire."""
    given = {"mode": "payment", "success_url": "https://a.example/ok",
             "cancel_url": "https://a.example/no",
             "line_items": [{"price": price["id"], "quantity": 2}]}  # fmt: skip
    session = api.made("/v1/checkout/sessions", **given)
    path = f"/v1/checkout/sessions/{session['id']}"
    assert api.post(path, metadata={"a": "b"})["metadata"] == {"a": "b"}
    assert api.get(path, expand=["line_items"])["line_items"]["data"][0]["amount_total"] == 3000
    assert api.get(f"{path}/line_items")["data"][0]["quantity"] == 2
    assert api.get("/v1/checkout/sessions", status="open")["data"][0]["id"] == session["id"]
    assert api.post(f"{path}/expire")["status"] == "expired"
    other = api.made("/v1/checkout/sessions", **given)
    helper = f"/v1/test_helpers/checkout/sessions/{other['id']}/complete"
    assert api.post(helper)["payment_status"] == "paid"


@pytest.fixture
def flow(api: Caller) -> Caller:
    """Every action, once at least."""
    price = catalogue(api)
    customer = customers(api)
    billing(api, customer, price)
    payments(api, customer)
    checkout(api, price)
    api.get("/v1/events")
    return api


def shape(method: str, path: str) -> str:
    """Replace ids by {}."""
    return (
        f"{method} {re.sub(r'/(?!sessions|products|prices)[a-z]+_[A-Za-z0-9_]{8,}', '/{}', path)}"
    )


def test_flow_calls_all_actions(flow: Caller) -> None:
    """The flow calls each of these endpoints, and each answers with 200."""
    called = {shape(method, path) for method, path, reply in flow.replies if reply.status == 200}
    wanted = {row.strip() for line in ACTIONS.strip().splitlines() for row in line.split("|")}
    assert wanted - called == set()


def test_answers_follow_the_document(flow: Caller) -> None:
    """Every 2xx body of the flow is what the API document says of its endpoint, without unknown fields."""
    problems: list[str] = []
    checked = 0
    for method, path, reply in flow.replies:
        schema = schema_of(method, path)
        if schema is None:  # the emulator's own test helper
            assert "/test_helpers/" in path
            schema = {"$ref": "#/$defs/checkout.session", "$defs": kinds()}
        validator = Draft202012Validator(schema)
        problems += [
            f"{method} {path}: {e.json_path}: {e.message[:300]}"
            for e in validator.iter_errors(reply.data)
        ]
        checked += 1
    assert checked >= 50
    assert not problems, "\n".join(problems)
