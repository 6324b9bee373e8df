"""Credit notes: what of a final invoice need not be paid, or comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from emulator.answers import schema_of
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from emulator.conftest import Caller

PATH = "/v1/credit_notes"


def opened(api: Caller, *amounts: int) -> Any:
    """An open invoice with a line for each amount; of 20.00 if there is none."""
    payer = api.payer()["id"]
    draft = api.made("/v1/invoices", customer=payer, auto_advance=False)["id"]
    for amount in amounts or (2000,):
        api.made("/v1/invoiceitems", customer=payer, invoice=draft, amount=amount, currency="usd")
    return api.made(f"/v1/invoices/{draft}/finalize")


def paid(api: Caller, *amounts: int) -> Any:
    """The same, paid by card."""
    return api.made(f"/v1/invoices/{opened(api, *amounts)['id']}/pay")


def sums(invoice: Any) -> tuple[int, int, int, int]:
    """What is due and left, and what was credited before and after it was paid."""
    return (
        invoice["amount_due"],
        invoice["amount_remaining"],
        invoice["pre_payment_credit_notes_amount"],
        invoice["post_payment_credit_notes_amount"],
    )


def now(api: Caller, invoice: Any) -> Any:
    """The invoice as it is now."""
    return api.get(f"/v1/invoices/{invoice['id']}").data


def test_less_is_left_to_pay(api: Caller) -> None:
    """A credit of an open invoice lowers what is left to pay, and that is what is charged."""
    invoice = opened(api)
    note = api.made(PATH, invoice=invoice["id"], amount=500, reason="duplicate", memo="Twice")
    told = (note["type"], note["pre_payment_amount"], note["post_payment_amount"], note["status"])
    assert told == ("pre_payment", 500, 0, "issued")
    assert (note["number"], note["reason"]) == (f"{invoice['number']}-CN-01", "duplicate")
    assert sums(now(api, invoice)) == (1500, 1500, 500, 0)
    done = api.made(f"/v1/invoices/{invoice['id']}/pay")
    assert (done["status"], done["amount_paid"], done["total"]) == ("paid", 1500, 2000)
    [charge] = api.get("/v1/charges")["data"]
    assert charge["amount"] == 1500


def test_a_payment_that_waits_is_of_what_is_left(api: Caller) -> None:
    """A payment that was declined before is tried again with the lower amount."""
    invoice = opened(api)
    path = f"/v1/invoices/{invoice['id']}/pay"
    assert api.post(path, payment_method="pm_card_chargeCustomerFail").status == 402
    api.made(PATH, invoice=invoice["id"], amount=500)
    assert api.made(path, payment_method="pm_card_visa")["amount_paid"] == 1500
    assert api.get("/v1/payment_intents")["data"][0]["amount_received"] == 1500


def test_an_invoice_is_paid_when_nothing_is_left(api: Caller) -> None:
    """A credit of all that is left makes the invoice paid, without a charge."""
    invoice = opened(api)
    api.made(PATH, invoice=invoice["id"], amount=2000)
    done = now(api, invoice)
    assert (done["status"], done["amount_paid"], sums(done)) == ("paid", 0, (0, 0, 2000, 0))
    assert api.get("/v1/charges")["data"] == []


def test_a_refund_gives_it_back(api: Caller) -> None:
    """Of a paid invoice a part is refunded, and the charge says so."""
    invoice = paid(api)
    note = api.made(PATH, invoice=invoice["id"], amount=700, refund_amount=700)
    assert (note["type"], note["post_payment_amount"]) == ("post_payment", 700)
    [row] = note["refunds"]
    refund = api.get(f"/v1/refunds/{row['refund']}")
    assert (row["amount_refunded"], refund["amount"]) == (700, 700)
    assert api.get("/v1/charges")["data"][0]["amount_refunded"] == 700
    assert sums(now(api, invoice)) == (2000, 0, 0, 700)


def test_a_credit_goes_to_the_customers_balance(api: Caller) -> None:
    """What is credited to the customer lowers the next invoice, and is told in a transaction."""
    invoice = paid(api)
    note = api.made(
        PATH,
        invoice=invoice["id"],
        amount=700,
        credit_amount=600,
        out_of_band_amount=100,
        expand=["customer_balance_transaction"],
    )
    moved = note["customer_balance_transaction"]
    told = (moved["amount"], moved["ending_balance"], moved["type"], moved["credit_note"])
    assert told == (-600, -600, "credit_note", note["id"])
    assert note["out_of_band_amount"] == 100
    assert api.get(f"/v1/customers/{invoice['customer']}")["balance"] == -600
    assert api.get("/v1/refunds")["data"] == []


def test_lines_are_credited(api: Caller) -> None:
    """A line is credited as a whole or by a part, and something else by its price."""
    invoice = opened(api, 1200, 800)
    first, second = (line["id"] for line in invoice["lines"]["data"])
    lines = [
        {"type": "invoice_line_item", "invoice_line_item": first},
        {"type": "invoice_line_item", "invoice_line_item": second, "amount": 300},
        {"type": "custom_line_item", "description": "Delay", "quantity": 2, "unit_amount": 50},
    ]
    note = api.made(PATH, invoice=invoice["id"], lines=lines)
    rows = note["lines"]["data"]
    assert [row["amount"] for row in rows] == [1200, 300, 100]
    assert rows[2]["description"] == "Delay"
    assert note["total"] == 1600
    listed = api.get(f"{PATH}/{note['id']}/lines", limit=2)
    assert (listed["data"], listed["has_more"]) == (rows[:2], True)
    schema = schema_of("POST", PATH)
    assert schema
    assert [*Draft202012Validator(schema).iter_errors(note)] == []


def test_a_preview_changes_nothing(api: Caller) -> None:
    """A preview says what would be, and leaves everything as it is."""
    invoice = paid(api)
    asked = {"invoice": invoice["id"], "amount": 700, "credit_amount": 700}
    shown = api.get(f"{PATH}/preview", **asked)
    assert (shown["amount"], shown["type"], shown["status"]) == (700, "post_payment", "issued")
    assert sums(now(api, invoice)) == (2000, 0, 0, 0)
    assert api.get(PATH)["data"] == []
    made = api.made(PATH, **asked)
    assert made["total"] == shown["total"]


def test_the_lines_of_a_preview_are_listed(api: Caller) -> None:
    """Page by page, each time as they would be."""
    invoice = opened(api, 1200, 300, 100)
    rows = [{"type": "custom_line_item", "description": text, "unit_amount": amount}
            for text, amount in (("Late", 500), ("Broken", 200), ("Lost", 100))]  # fmt: skip
    asked = {"invoice": invoice["id"], "lines": rows, "memo": "Sorry"}
    first = api.get(f"{PATH}/preview/lines", limit=2, **asked)
    assert [row["description"] for row in first["data"]] == ["Late", "Broken"]
    assert (first["has_more"], first["url"]) == (True, f"{PATH}/preview/lines")
    schema = schema_of("GET", f"{PATH}/preview/lines")
    assert schema
    assert [*Draft202012Validator(schema).iter_errors(first.data)] == []
    assert api.get(f"{PATH}/preview/lines", invoice=invoice["id"]).status == 400
    assert api.get(PATH)["data"] == []


def test_a_credit_note_is_voided_while_its_invoice_is_open(api: Caller) -> None:
    """Then all is left to pay again; after the payment there is no way back."""
    invoice = opened(api)
    note = api.made(PATH, invoice=invoice["id"], amount=500)
    gone = api.made(f"{PATH}/{note['id']}/void")
    assert (gone["status"], bool(gone["voided_at"])) == ("void", True)
    assert sums(now(api, invoice)) == (2000, 2000, 0, 0)
    assert api.get("/v1/events")["data"][0]["type"] == "credit_note.voided"
    again = api.post(f"{PATH}/{note['id']}/void").error["message"]
    assert again == "This credit note has already been voided."
    other = paid(api)
    kept = api.made(PATH, invoice=other["id"], amount=500, out_of_band_amount=500)
    assert api.post(f"{PATH}/{kept['id']}/void").status == 400


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"amount": 2100, "refund_amount": 2100}, "greater than what is left"),
        ({"amount": 500}, "must equal the post payment amount of the credit note ($5.00)"),
        ({"amount": 500, "refund_amount": 400}, "must equal the post payment amount"),
        ({}, "One of `amount`, `lines`, or `shipping_cost` must be provided."),
        ({"amount": 0}, "Invalid positive integer"),
        ({"lines": [{"type": "invoice_line_item", "invoice_line_item": "il_none"}]}, "il_none"),
        ({"lines": [{"type": "custom_line_item", "unit_amount": 5}], "amount": 9}, "the sum of"),
    ],
)
def test_what_does_not_add_up_is_refused(api: Caller, given: dict[str, Any], words: str) -> None:
    """More than was billed, or another sum than what was paid, is refused and changes nothing."""
    invoice = paid(api)
    assert words in api.post(PATH, invoice=invoice["id"], **given).error["message"]
    assert sums(now(api, invoice)) == (2000, 0, 0, 0)


def test_a_draft_has_no_credit_notes(api: Caller) -> None:
    """Only what is final is credited; what is void is not."""
    draft = api.made("/v1/invoices", customer=api.payer()["id"])["id"]
    assert api.post(PATH, invoice=draft, amount=5).error["param"] == "invoice"
    void = opened(api)["id"]
    api.made(f"/v1/invoices/{void}/void")
    assert "this one is `void`" in api.post(PATH, invoice=void, amount=5).error["message"]


def test_credit_notes_are_listed_and_changed(api: Caller) -> None:
    """They are numbered by invoice, listed by it or the customer, and keep memo and metadata."""
    invoice = opened(api)
    ids = [api.made(PATH, invoice=invoice["id"], amount=100)["id"] for _ in range(2)]
    listed = api.get(PATH, invoice=invoice["id"])["data"]
    assert [row["id"] for row in listed] == ids[::-1]
    assert [row["number"][-2:] for row in listed] == ["02", "01"]
    assert len(api.get(PATH, customer=invoice["customer"])["data"]) == 2
    changed = api.made(f"{PATH}/{ids[0]}", memo="Sorry", metadata={"a": "b"})
    assert (changed["memo"], changed["metadata"]) == ("Sorry", {"a": "b"})
    assert api.get(f"{PATH}/{ids[0]}").data == changed
    reply = api.get(f"{PATH}/cn_none")
    assert reply.error["message"] == "No such credit note: 'cn_none'"


CUSTOM = {"type": "custom_line_item", "description": "Less"}


@pytest.mark.parametrize(
    "line", [{"amount": -500}, {"unit_amount": 0}, {"unit_amount_decimal": "-5"}, {"amount": 0}]
)
def test_lines_credit_something(api: Caller, line: dict[str, Any]) -> None:
    """Lines that come to nothing, or to less, are refused in words, and nothing is changed."""
    invoice = opened(api)
    answer = api.post(PATH, invoice=invoice["id"], lines=[{**CUSTOM, "quantity": 1, **line}])
    assert (answer.status, answer.data["error"]["param"]) == (400, "lines")
    assert sums(now(api, invoice)) == sums(invoice)


@pytest.mark.parametrize(
    ("way", "other"),
    [
        ("credit_amount", "out_of_band_amount"),
        ("out_of_band_amount", "credit_amount"),
        ("out_of_band_amount", "refund_amount"),
    ],
)
def test_no_way_takes_money(api: Caller, way: str, other: str) -> None:
    """A negative amount in one way does not let another give back more than is credited."""
    invoice = paid(api)
    answer = api.post(PATH, invoice=invoice["id"], amount=500, **{way: -500, other: 1000})
    assert (answer.status, answer.data["error"]["param"]) == (400, way)
    assert sums(now(api, invoice)) == sums(invoice)
    assert api.get("/v1/refunds")["data"] == []
