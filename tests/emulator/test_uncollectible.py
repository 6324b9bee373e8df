"""Invoices that are given up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.conftest import Caller


def opened(api: Caller) -> Any:
    """An invoice of 5.00 that is open."""
    payer = api.payer()["id"]
    api.made("/v1/invoiceitems", customer=payer, amount=500, currency="usd")
    invoice = api.made(
        "/v1/invoices", customer=payer, pending_invoice_items_behavior="include", auto_advance=False
    )
    return api.made(f"/v1/invoices/{invoice['id']}/finalize")


def test_an_open_invoice_is_given_up(api: Caller) -> None:
    """An open invoice becomes uncollectible, once, and tells it."""
    path = f"/v1/invoices/{opened(api)['id']}"
    given_up = api.made(f"{path}/mark_uncollectible")
    assert given_up["status"] == "uncollectible"
    assert given_up["status_transitions"]["marked_uncollectible_at"]
    assert api.get("/v1/events")["data"][0]["type"] == "invoice.marked_uncollectible"
    assert api.post(f"{path}/mark_uncollectible").status == 400


def test_a_draft_is_not_given_up(api: Caller) -> None:
    """A draft is refused as what is not open."""
    invoice = api.made("/v1/invoices", customer=api.payer()["id"])
    reply = api.post(f"/v1/invoices/{invoice['id']}/mark_uncollectible")
    assert "isn't open" in reply.error["message"]


def test_it_can_still_be_paid_or_voided(api: Caller) -> None:
    """What was given up can be paid, or voided."""
    for verb, status in {"pay": "paid", "void": "void"}.items():
        path = f"/v1/invoices/{opened(api)['id']}"
        api.made(f"{path}/mark_uncollectible")
        assert api.made(f"{path}/{verb}")["status"] == status


def test_nobody_pays_what_is_void(api: Caller) -> None:
    """The payment that was to pay a voided invoice is canceled, and says why."""
    path = f"/v1/invoices/{opened(api)['id']}"
    api.post(f"{path}/pay", payment_method="pm_card_chargeCustomerFail")
    void = api.made(f"{path}/void", expand=["payments"])
    [payment] = void["payments"]["data"]
    assert (payment["status"], bool(payment["status_transitions"]["canceled_at"])) == (
        "canceled", True,
    )  # fmt: skip
    intent = api.get(f"/v1/payment_intents/{payment['payment']['payment_intent']}")
    assert (intent["status"], intent["cancellation_reason"]) == ("canceled", "void_invoice")
