"""The emulator against what the real API was recorded to answer."""

# ruff: noqa: E501 - rows and requests read best on one line

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from emulator.conftest import Caller

# Differences between newest recordings and the emulator, object by object, with their reason.
# A key the recording lacks came later than the recording (the documents of 2026-05-27 list it).
LATER = {
    "invoice": {"amount_paid_off_stripe"},
    "subscription": {"billing_schedules", "managed_payments"},
    "invoiceitem": {"frozen_fields", "invoicing_rules", "quantity_decimal"},
    "line_item": {"quantity_decimal"},
    "checkout.session": {"customer_account", "integration_identifier", "managed_payments"},
}


def world_for(api: Caller) -> dict[str, str]:
    """Make the objects that the recorded requests speak of."""
    customer = api.payer()
    api.made("/v1/customers")
    product = api.price()["product"]
    open_invoice = api.made("/v1/invoices", customer=customer["id"])
    api.made(
        "/v1/invoiceitems",
        customer=customer["id"],
        invoice=open_invoice["id"],
        amount=5,
        currency="usd",
    )
    api.post(f"/v1/invoices/{open_invoice['id']}/finalize")
    paid = api.made("/v1/invoices", customer=customer["id"])
    api.post(f"/v1/invoices/{paid['id']}/finalize")
    price = api.price(monthly=True)
    canceled = api.made(
        "/v1/subscriptions", customer=customer["id"], items=[{"price": price["id"]}]
    )
    api.delete(f"/v1/subscriptions/{canceled['id']}")
    charge, refunded = api.paid(7000)["latest_charge"], api.paid(100)["latest_charge"]
    api.made("/v1/refunds", charge=charge, amount=4000)
    api.made("/v1/refunds", charge=refunded)
    customers = [row["id"] for row in api.get("/v1/customers")["data"]]
    return {
        "cus_x": customer["id"], "cus_1": customers[0], "cus_2": customers[1], "prod_x": product,
        "prod_with_prices": product, "in_open": open_invoice["id"], "in_paid": paid["id"],
        "price_x": price["id"], "sub_canceled": canceled["id"], "ch_x": charge,
        "ch_refunded": refunded,
    }  # fmt: skip


def renamed(value: Any, ids: dict[str, str]) -> Any:
    """Put the world's ids in place of the recorded ones."""
    text = json.dumps(value)
    for old, new in ids.items():
        text = re.sub(rf"\b{old}\b", new, text)
    return json.loads(text)


def row(shared: Path, number: int) -> dict[str, Any]:
    """Read one of the 25 recorded answers."""
    vectors = json.loads((shared / "reference/conformance.json").read_text())
    rows: list[dict[str, Any]] = vectors["recorded_real_api"]
    assert len(rows) == 25
    return rows[number]


@pytest.mark.parametrize("number", range(25))
def test_recorded_answers_are_given(api: Caller, shared: Path, number: int) -> None:
    """Each of the 25 recorded requests gets the recorded status, type, code, message and param."""
    recorded = row(shared, number)
    ids = world_for(api)
    method, path, given = renamed(recorded["req"], ids)
    path, _, note = path.partition(" ")
    headers = {}
    if "Stripe-Version" in note:
        headers["Stripe-Version"] = note.strip("()").rpartition(" ")[2]
    if "key K" in note:
        headers["Idempotency-Key"] = "K"
        assert api("POST", path, headers, name="first").status == 200
    if recorded.get("effect", "").endswith("clamp"):
        for _ in range(101):
            api.made("/v1/customers")
    reply = api(method, path, headers, **given)
    assert reply.status == recorded["status"]
    compare(reply.data, recorded, ids)
    if "body" in recorded:  # the deleted customer
        assert api.get(path).data == reply.data
        assert api.get("/v1/customers", starting_after=ids["cus_x"]).status == 200


def compare(data: Any, recorded: dict[str, Any], ids: dict[str, str]) -> None:
    """Compare an answer with its recording; an ellipsis in a recorded message is any id."""
    if "error" in recorded:
        wanted = renamed(recorded["error"], ids)
        error = dict(data["error"])
        message = re.escape(wanted.pop("message")).replace("_…", r"_\w+").replace("<key>", "K")
        assert re.fullmatch(message, error.pop("message")), data
        assert wanted == {key: error.get(key) for key in wanted}
        if "code" not in wanted:
            assert "code" not in error
    if "clamp" in recorded.get("effect", ""):
        assert len(data["data"]) == int(recorded["effect"].split()[0])
    if "body" in recorded:
        assert data == renamed(recorded["body"], ids)


def newest(recordings: list[dict[str, Any]]) -> dict[str, tuple[str, dict[str, Any]]]:
    """Pick the newest recorded object of each kind: (version, object)."""
    found: dict[str, tuple[str, dict[str, Any]]] = {}
    for line in recordings:
        if line["status"] != 200 or not isinstance(line["response_body"], dict):
            continue
        version = line["stripe_version_sent"] or ""
        # masked versions are of late 2025; the unmasked newest are of the pinned version
        age = "2025-12" if version.startswith("<") else version
        body = line["response_body"]
        for obj in body["data"] if body.get("object") == "list" else [body]:
            if (
                "object" in obj
                and not obj.get("deleted")
                and age >= found.get(obj["object"], ("", {}))[0]
            ):
                found[obj["object"]] = (age, obj)
    return found


def keys(obj: Any, prefix: str = "") -> set[str]:
    """Collect the key paths of an object; metadata and maps of method types are left out."""
    if isinstance(obj, list):
        return keys(obj[0], f"{prefix}[]") if obj else set()
    if not isinstance(obj, dict):
        return set()
    found: set[str] = set()
    for name, value in obj.items():
        found.add(f"{prefix}.{name}")
        if name not in {"metadata", "payment_method_options", "destination_details"}:
            found |= keys(value, f"{prefix}.{name}")
    return found


def shapes(api: Caller) -> dict[str, Any]:
    """Make one object of each kind as the newest recordings made them."""
    payer = api.payer()
    price = api.price(monthly=True)
    subscription = api.made(
        "/v1/subscriptions", customer=payer["id"], items=[{"price": price["id"]}]
    )
    session = api.made(
        "/v1/checkout/sessions", mode="subscription", success_url="https://a.example", locale="en",
        line_items=[{"price": price["id"], "quantity": 1}], customer_email="a@example.com",
    )  # fmt: skip
    return {
        "customer": api.made("/v1/customers"), "product": api.made("/v1/products", name="n"),
        "price": price, "subscription": subscription, "checkout.session": session,
        "invoice": api.made("/v1/invoices", customer=payer["id"]),
        "invoiceitem": api.made("/v1/invoiceitems", customer=payer["id"], amount=5, currency="usd"),
        "payment_intent": api.made("/v1/payment_intents", amount=500, currency="usd"),
        "refund": api.made("/v1/refunds", payment_intent=api.paid()["id"]),
    }  # fmt: skip


OBJECTS = ["customer", "product", "price", "subscription", "checkout.session", "invoice",
           "invoiceitem", "payment_intent", "refund"]  # fmt: skip


@pytest.mark.parametrize("kind", OBJECTS)
def test_objects_have_the_recorded_keys(
    api: Caller, recordings: list[dict[str, Any]], kind: str
) -> None:
    """An object has exactly the keys of the newest recording of its kind, plus those listed as later."""
    version, recorded = newest(recordings)[kind]
    made, real = keys(shapes(api)[kind]), keys(recorded)
    top = {name for name in made - real if name.count(".") == 1}
    assert {name.lstrip(".") for name in top} <= LATER.get(kind, set()), version
    missing = {name for name in real - made if not optional(name, recorded)}
    assert missing == set(), version


def optional(name: str, recorded: dict[str, Any]) -> bool:
    """Tell nested keys of values that the recorded request set and ours did not."""
    first = name.split(".")[1].removesuffix("[]")
    return name.count(".") > 1 and first in {
        "collected_information", "marketing_features", "package_dimensions", "custom_unit_amount",
        "tax_details", "transform_quantity", "address", "shipping", "last_payment_error",
        "customer_details", "lines", "automatic_payment_methods", "recurring",
    }  # fmt: skip


def test_recorded_refusals_of_the_pinned_version(
    api: Caller, recordings: list[dict[str, Any]]
) -> None:
    """Requests recorded as refused at the pinned version, for want of an object or by a bad parameter, are refused alike."""
    compared = 0
    ids = world_for(api)
    for line in recordings:
        if line["stripe_version_sent"] != "2026-08-26.dahlia" or line["status"] not in {400, 404}:
            continue
        error = line["response_body"]["error"]
        if (
            error.get("code")
            not in {"parameter_unknown", "parameter_missing", "parameter_invalid_integer"}
            and "nope" not in error["message"]
        ):
            continue
        given = dict(parse_qsl(line["body"] or line["query"] or "", keep_blank_values=True))
        path = re.sub(r"prod_V\w+", ids["prod_x"], line["path"])
        given = {key: re.sub(r"cus_V\w+", ids["cus_x"], value) for key, value in given.items()}
        reply = api(line["method"], path, **given)
        names = ("type", "code", "message", "param", "doc_url")
        assert {n: reply.error.get(n) for n in names} == {n: error.get(n) for n in names}
        assert reply.error.keys() == error.keys()
        assert reply.status == line["status"]
        compared += 1
    assert compared >= 15
