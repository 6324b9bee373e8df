"""The actions themselves, run by a host in the emulator, sync and async."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest
from emulator.answers import schema_of
from jsonschema import Draft202012Validator

from stripe_plugin import Connection, Host

if TYPE_CHECKING:
    from collections.abc import Callable

PAID = {"confirm": True, "return_url": "https://a.example"}
SENT = {"Collection Method": "send_invoice", "Days Until Due": 30}
MONEY = {"Amount": 500, "Currency": "usd"}
URLS = {"Success URL": "https://a.example/ok", "Cancel URL": "https://a.example/no"}
BOX = {"Currency": "usd", "Product Data": {"name": "Box"}}
PLAN: dict[str, Any] = {**BOX, "Recurring": {"interval": "month"}}

EXTRA: dict[str, dict[str, Any]] = {"payment": PAID, "hold": {"capture_method": "manual"}}
CARD = {"Amount": 900, "Currency": "usd", "Payment Method": "pm_card_visa"}
# What is beyond the page, as a story of its own.
BEYOND: list[tuple[str, str, dict[str, Any]]] = [
    ("who", "create_customer", {"Email": "c@d.example"}),
    ("intent", "create_payment_intent", CARD),
    (
        "",
        "confirm_payment_intent",
        {"Payment Intent ID": "@intent", "Return URL": "https://a.example"},
    ),
    ("refund", "refund_payment", {"Payment Intent ID": "@intent", "Amount": 100}),
    ("", "retrieve_refund", {"Refund ID": "@refund"}),
    ("", "update_refund", {"Refund ID": "@refund", "Metadata": {"a": "b"}}),
    ("", "list_refunds", {"Payment Intent": "@intent"}),
    ("charge", "list_charges", {"Payment Intent": "@intent"}),
    ("", "retrieve_charge", {"Charge ID": "@charge"}),
    ("hold", "create_payment_intent", {**CARD, "Confirm": True, "Return URL": "https://a.example"}),
    ("", "capture_payment_intent", {"Payment Intent ID": "@hold"}),
    ("bill", "create_invoice", {"Customer": "@who", **SENT}),
    ("line", "create_invoice_item", {"Customer": "@who", "Invoice": "@bill", **MONEY}),
    ("", "retrieve_invoice_item", {"Invoice Item ID": "@line"}),
    ("", "list_invoice_items", {"Customer": "@who"}),
    ("drop", "create_invoice_item", {"Customer": "@who", **MONEY}),
    ("", "delete_invoice_item", {"Invoice Item ID": "@drop"}),
    ("spare", "create_invoice_item", {"Customer": "@who", **MONEY}),
    ("", "list_invoice_lines", {"Invoice ID": "@bill"}),
    ("", "finalize_invoice", {"Invoice ID": "@bill"}),
    ("", "send_invoice", {"Invoice ID": "@bill"}),
    ("", "pay_invoice", {"Invoice ID": "@bill", "Paid Out of Band": True}),
    ("void", "create_invoice", {"Customer": "@who", **SENT}),
    ("", "create_invoice_item", {"Customer": "@who", "Invoice": "@void", **MONEY}),
    ("", "finalize_invoice", {"Invoice ID": "@void"}),
    ("", "void_invoice", {"Invoice ID": "@void"}),
    ("coupon", "create_coupon", {"Percent Off": 25, "ID": "SPRING"}),
    ("", "retrieve_coupon", {"Coupon ID": "@coupon"}),
    ("", "update_coupon", {"Coupon ID": "@coupon", "Name": "Spring sale"}),
    ("", "list_coupons", {"Limit": 1}),
    ("code", "create_promotion_code", {"Promotion": {"type": "coupon", "coupon": "@coupon"}}),
    ("", "retrieve_promotion_code", {"Promotion Code ID": "@code"}),
    ("", "list_promotion_codes", {"Coupon": "@coupon", "Active": True}),
    ("", "update_promotion_code", {"Promotion Code ID": "@code", "Active": False}),
    ("", "delete_coupon", {"Coupon ID": "@coupon"}),
    ("", "update_invoice_item", {"Invoice Item ID": "@spare", "Amount": 700}),
    ("lost", "create_invoice", {"Customer": "@who", **SENT}),
    ("", "create_invoice_item", {"Customer": "@who", "Invoice": "@lost", **MONEY}),
    ("", "finalize_invoice", {"Invoice ID": "@lost"}),
    ("", "mark_invoice_uncollectible", {"Invoice ID": "@lost"}),
    ("plan", "create_price", {**PLAN, "Unit Amount": 500}),
    ("plans", "create_subscription", {"Customer": "@who", "Items": [{"price": "@plan"}], **SENT}),
    ("", "preview_invoice", {"Subscription": "@plans", "Cancel Now": False}),
    ("box", "create_price", {**BOX, "Unit Amount": 900}),
    ("link", "create_payment_link", {"Line Items": [{"price": "@box", "quantity": 1}]}),
    ("", "list_payment_links", {"Active": True}),
    ("", "retrieve_payment_link", {"Payment Link ID": "@link"}),
    ("", "list_payment_link_line_items", {"Payment Link ID": "@link"}),
    ("", "update_payment_link", {"Payment Link ID": "@link", "Active": False}),
    ("", "deactivate_payment_link", {"Payment Link ID": "@link"}),
    ("", "create_customer_portal_session", {"Customer": "@who"}),
    ("", "retrieve_balance", {}),
    ("", "search_customers", {"Email": "c@d.example", "Return All": False}),
    ("", "search_products", {"Active": True, "Limit": 3}),
    ("", "search_prices", {"Type": "one_time"}),
    ("", "search_invoices", {"Customer": "@who", "Total at Least": 100}),
    ("", "search_subscriptions", {"Created After": "2020-01-01T00:00:00Z"}),
    ("", "search_payment_intents", {"Amount": 900, "Currency": "usd"}),
    ("", "search_charges", {"Query": "status:'succeeded' OR refunded:'true'"}),
    ("", "find_or_create_customer", {"Email": "c@d.example"}),
    (
        "",
        "invoice_a_customer",
        {"Customer": "@who", "Days Until Due": 7, "Items": [{"amount": 500, "currency": "usd"}]},
    ),
    ("dearer", "create_price", {**PLAN, "Unit Amount": 900}),
    ("plans", "create_subscription", {"Customer": "@who", "Items": [{"price": "@plan"}], **SENT}),
    ("", "change_subscription_plan", {"Subscription ID": "@plans", "Price": "@dearer"}),
    ("", "cancel_subscription_at_period_end", {"Subscription ID": "@plans"}),
    ("event", "list_events", {"Limit": 1}),
    ("", "retrieve_event", {"Event ID": "@event"}),
]

# step, action, inputs; `@step` is the ID that an earlier step answered with.
STORY: list[tuple[str, str, dict[str, Any]]] = [
    ("product", "create_product", {"Name": "Lamp", "Images": ["https://a.example/lamp.png"]}),
    ("", "update_product", {"Product ID": "@product", "Description": "Bright"}),
    ("", "retrieve_product", {"Product ID": "@product"}),
    ("", "list_products", {"Active": True, "Limit": 3}),
    ("price", "create_price", {"Currency": "usd", "Product": "@product", "Unit Amount": 900}),
    (
        "monthly",
        "create_price",
        {
            "Currency": "usd",
            "Unit Amount": 500,
            "Recurring": {"interval": "month"},
            "Product Data": {"name": "Care"},
        },
    ),
    ("", "update_price", {"Price ID": "@price", "Nickname": "Lamp"}),
    ("", "retrieve_price", {"Price ID": "@price"}),
    ("", "list_prices", {"Product": "@product"}),
    ("customer", "create_customer", {"Email": "a@b.example", "Address": {"city": "Bern"}}),
    ("", "update_customer", {"Customer ID": "@customer", "Name": "Ann"}),
    ("", "retrieve_customer", {"Customer ID": "@customer"}),
    ("", "list_customers", {"Email": "a@b.example"}),
    (
        "invoice",
        "create_invoice",
        {"Customer": "@customer", "Collection Method": "send_invoice", "Days Until Due": 30},
    ),
    (
        "item",
        "create_invoice_item",
        {"Customer": "@customer", "Invoice": "@invoice", "Price": "@price", "Quantity": 2},
    ),
    ("", "update_invoice", {"Invoice ID": "@invoice", "Description": "October"}),
    ("", "retrieve_invoice", {"Invoice ID": "@invoice"}),
    ("", "list_invoices", {"Customer": "@customer", "Status": "draft"}),
    ("", "delete_invoice", {"Invoice ID": "@invoice"}),
    (
        "subscription",
        "create_subscription",
        {
            "Customer": "@customer",
            "Items": [{"price": "@monthly"}],
            "Collection Method": "send_invoice",
            "Days Until Due": 7,
        },
    ),
    ("", "update_subscription", {"Subscription ID": "@subscription", "Description": "Care"}),
    ("", "retrieve_subscription", {"Subscription ID": "@subscription"}),
    ("", "list_subscriptions", {"Customer": "@customer"}),
    ("", "cancel_subscription", {"Subscription ID": "@subscription"}),
    (
        "payment",
        "create_payment_intent",
        {"Amount": 2000, "Currency": "usd", "Payment Method": "pm_card_visa"},
    ),
    (
        "refund",
        "refund_payment",
        {"Payment Intent ID": "@payment", "Amount": 500, "Reason": "duplicate"},
    ),
    ("other", "create_payment_intent", {"Amount": 700, "Currency": "eur"}),
    ("", "update_payment_intent", {"Payment Intent ID": "@other", "Amount": 800}),
    ("", "retrieve_payment_intent", {"Payment Intent ID": "@other"}),
    ("", "cancel_payment_intent", {"Payment Intent ID": "@other"}),
    ("", "list_payment_intents", {"Limit": 5}),
    (
        "session",
        "create_checkout_session",
        {"Mode": "payment", "Line Items": [{"price": "@price", "quantity": 3}], **URLS},
    ),
    ("", "update_checkout_session", {"ID": "@session", "Metadata": {"order": "7"}}),
    ("", "retrieve_checkout_session", {"ID": "@session", "Expand": ["line_items"]}),
    ("", "list_checkout_session_line_items", {"ID": "@session"}),
    ("", "list_checkout_sessions", {"Status": "open"}),
    ("", "expire_checkout_session", {"ID": "@session"}),
    ("", "deactivate_price", {"Price ID": "@price"}),
    ("spare", "create_product", {"Name": "Spare"}),
    ("", "delete_product", {"Product ID": "@spare"}),
    ("", "delete_customer", {"Customer ID": "@customer"}),
    ("", "stripe_api_request", {"Method": "GET", "Path": "/v1/products"}),
    *BEYOND,
]


def sync(host: Host, action: str, inputs: Any, **call: Any) -> Any:
    """Run an action as a program without asyncio does."""
    return host.run(action, inputs, **call)


def concurrent(host: Host, action: str, inputs: Any, **call: Any) -> Any:
    """Run an action as a program with asyncio does."""
    return asyncio.run(host.arun(action, inputs, **call))


def filled(value: Any, ids: dict[str, str]) -> Any:
    """The inputs with what earlier steps answered."""
    if isinstance(value, dict):
        return {key: filled(item, ids) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, ids) for item in value]
    return ids[value[1:]] if isinstance(value, str) and value.startswith("@") else value


def identity(output: dict[str, Any]) -> str:
    """The ID of what was answered, of a list that of its first entry."""
    entries = output.get("data")
    first = entries[0] if isinstance(entries, list) and entries else output
    found: str = first.get("id", "")
    return found


@pytest.mark.parametrize("run", [sync, concurrent])
def test_all_actions_run(run: Callable[..., Any]) -> None:
    """They run one after another on one state, and every answer keeps to the schema."""
    host, connection, ids = Host.load(), Connection.emulator(), dict[str, str]()
    for step, action, inputs in STORY:
        given = filled(inputs, ids)
        extra = EXTRA.get(step, {})
        output = run(host, action, given, connection=connection, extra=extra).output
        ids[step] = identity(output)
        request = host.action(action).read(given).request()
        schema = schema_of(request.method, request.path)
        assert schema
        wrong = Draft202012Validator(schema).iter_errors(output)
        assert [f"{action}{error.json_path}: {error.message[:200]}" for error in wrong] == []


def test_every_action_is_in_the_story() -> None:
    """No installed action is left out."""
    told = {action for _, action, _ in STORY}
    left_out = {entry["id"] for entry in Host.load().catalog()} - told
    assert not left_out, f"STORY needs steps, and perhaps the emulator the behaviour, of {left_out}"
