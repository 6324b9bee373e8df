"""Invoice items that are changed while they can be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.conftest import Caller

PATH = "/v1/invoiceitems"


def waiting(api: Caller, **given: Any) -> Any:
    """A pending item of 5.00."""
    asked = {"amount": 500, "currency": "usd", "description": "Setup", **given}
    return api.made(PATH, customer=api.payer()["id"], **asked)


def test_a_pending_item_is_changed(api: Caller) -> None:
    """Amount, description, metadata and period are replaced; what is not named stays."""
    item = waiting(api)
    period = {"start": 1_800_000_000, "end": 1_800_000_100}
    changed = api.made(f"{PATH}/{item['id']}", amount=700, metadata={"a": "b"}, period=period)
    told = (changed["amount"], changed["description"], changed["metadata"], changed["period"])
    assert told == (700, "Setup", {"a": "b"}, period)
    assert changed["pricing"]["unit_amount_decimal"] == "700"
    assert api.get(f"{PATH}/{item['id']}").data == changed


@pytest.mark.parametrize(
    ("given", "amount", "quantity"),
    [
        ({"quantity": 3}, 1500, 3),
        ({"unit_amount_decimal": "250", "quantity": 4}, 1000, 4),
        ({"price_data": {"currency": "usd", "product": "@", "unit_amount": 90}}, 90, 1),
    ],
)
def test_an_amount_is_a_price_and_a_quantity(
    api: Caller, given: dict[str, Any], amount: int, quantity: int
) -> None:
    """Another quantity is of the same price; another price is of the same quantity."""
    item = waiting(api)
    if "price_data" in given:
        product = api.made("/v1/products", name="Box")["id"]
        given = {"price_data": {**given["price_data"], "product": product}}
    changed = api.made(f"{PATH}/{item['id']}", **given)
    assert (changed["amount"], changed["quantity"]) == (amount, quantity)


def test_the_line_of_a_draft_changes_with_it(api: Caller) -> None:
    """A draft shows what its item has become, in the same line, and adds up anew."""
    payer = api.payer()["id"]
    draft = api.made("/v1/invoices", customer=payer)["id"]
    ids = [
        api.made(PATH, customer=payer, invoice=draft, amount=amount, currency="usd")["id"]
        for amount in (500, 200)
    ]
    before = api.get(f"/v1/invoices/{draft}")["lines"]["data"]
    api.made(f"{PATH}/{ids[0]}", amount=900, description="More")
    after = api.get(f"/v1/invoices/{draft}")
    assert [line["id"] for line in after["lines"]["data"]] == [line["id"] for line in before]
    first = after["lines"]["data"][0]
    assert (first["amount"], first["description"], after["total"]) == (900, "More", 1100)


def test_what_is_billed_is_not_changed(api: Caller) -> None:
    """Once its invoice is final, an item is neither changed nor deleted, in Stripe's words."""
    payer = api.payer()["id"]
    draft = api.made("/v1/invoices", customer=payer)["id"]
    item = api.made(PATH, customer=payer, invoice=draft, amount=500, currency="usd")["id"]
    api.made(f"/v1/invoices/{draft}/finalize")
    billed = "attached to an invoice that is no longer editable"
    error = api.post(f"{PATH}/{item}", description="More").error
    assert error["message"] == f"This invoice item is already {billed}"
    error = api.delete(f"{PATH}/{item}").error
    assert error["message"] == f"Can't delete an invoice item that is {billed}"
    assert api.get(f"{PATH}/{item}")["description"] != "More"


def test_the_price_of_a_proration_is_frozen(api: Caller) -> None:
    """What a change of plan has cost keeps its price; its description can be changed."""
    subscription = api.made("/v1/subscriptions", customer=api.payer()["id"],
                            items=[{"price": api.price(2500, monthly=True)["id"]}])  # fmt: skip
    item = subscription["items"]["data"][0]["id"]
    api.made(f"/v1/subscription_items/{item}", quantity=2)
    row = api.get(PATH, pending=True)["data"][0]
    assert api.post(f"{PATH}/{row['id']}", quantity=9).error["type"] == "emulator_error"
    assert api.made(f"{PATH}/{row['id']}", description="Seats")["amount"] == row["amount"]
