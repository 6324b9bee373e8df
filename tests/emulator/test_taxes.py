"""Tax rates on lines: in the price or on top, of what discounts leave, in every sum."""

# ruff: noqa: E501 - rows and requests read best on one line

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from emulator.test_coupons import coupon
from emulator.test_discounts import complete, draft, of, page, subscribe, totals

if TYPE_CHECKING:
    from emulator.conftest import Caller

    from stripe_emulator import Emulator

MONTH = 31 * 86_400


def rate(api: Caller, percentage: str = "20", *, inclusive: bool = False, **given: Any) -> Any:
    """Make a tax rate."""
    return api.made("/v1/tax_rates", display_name="VAT", percentage=percentage, inclusive=inclusive, **given)  # fmt: skip


def test_a_tax_rate_is_kept(api: Caller) -> None:
    """It is shown as it was made, changes but for its percentage, and is listed by what it is."""
    made = rate(api, "19.25", country="DE", jurisdiction="DE", tax_type="vat")
    assert (made["percentage"], made["effective_percentage"], made["active"]) == (19.25, 19.25, True)  # fmt: skip
    changed = api.made(f"/v1/tax_rates/{made['id']}", active=False, display_name="MwSt")
    assert (changed["active"], changed["display_name"], changed["country"]) == (False, "MwSt", "DE")
    within = rate(api, inclusive=True)
    assert [each["id"] for each in api.get("/v1/tax_rates", inclusive=True)["data"]] == [within["id"]]  # fmt: skip
    assert [each["id"] for each in api.get("/v1/tax_rates", active=False)["data"]] == [made["id"]]
    assert api.get("/v1/tax_rates/txr_no").error["message"] == "No such tax rate: 'txr_no'"
    assert api.post("/v1/tax_rates", display_name="a", inclusive=True, percentage=101).status == 400
    refused = api.post("/v1/invoices", customer=api.payer()["id"], default_tax_rates=[made["id"]])
    assert refused.error["param"] == "default_tax_rates"


SUMS = [  # percentages and whether they are inclusive, percent off → taxes, subtotal and total without tax, total
    ([("20", False)], 0, [600], (3000, 3000, 3600)),
    ([("20", True)], 0, [500], (2500, 2500, 3000)),
    ([("5", False), ("9.975", False)], 0, [150, 299], (3000, 3000, 3449)),
    ([("20", False)], 50, [300], (3000, 1500, 1800)),
    ([("20", True)], 50, [250], (2750, 1250, 1500)),
    ([("10", True), ("10", True)], 0, [250, 250], (2500, 2500, 3000)),
]


@pytest.mark.parametrize(("rates", "off", "taxes", "sums"), SUMS)
def test_taxes_are_of_what_is_left(
    api: Caller, rates: list[Any], off: int, taxes: list[int], sums: tuple[int, ...]
) -> None:
    """On top of the price or within it, each rate by itself and after discounts; lines add up to totals."""
    made = [rate(api, percent, inclusive=inside)["id"] for percent, inside in rates]
    discounts = of(coupon(api, percent_off=off)) if off else ""
    invoice = draft(api, 3000, default_tax_rates=made, discounts=discounts)
    assert [tax["amount"] for tax in invoice["total_taxes"]] == taxes
    assert [tax["tax_rate_details"]["tax_rate"] for tax in invoice["total_taxes"]] == made
    names = ("subtotal_excluding_tax", "total_excluding_tax", "total")
    assert tuple(invoice[name] for name in names) == sums
    assert invoice["amount_due"] == invoice["total"]
    assert [tax["amount"] for line in invoice["lines"]["data"] for tax in line["taxes"]] == taxes
    assert [each["id"] for each in invoice["default_tax_rates"]] == made


def test_a_line_has_its_own(api: Caller) -> None:
    """An item's tax rates stand in for the invoice's; who is exempt pays none."""
    high, low = rate(api, "20"), rate(api, "5")
    customer = api.payer()["id"]
    for amount, own in ((1000, [low["id"]]), (2000, [])):
        rates = {"tax_rates": own} if own else {}
        api.made("/v1/invoiceitems", customer=customer, amount=amount, currency="usd", **rates)
    asked = {"customer": customer, "default_tax_rates": [high["id"]], "pending_invoice_items_behavior": "include"}  # fmt: skip
    invoice = api.made("/v1/invoices", **asked)
    assert [line["taxes"][0]["amount"] for line in invoice["lines"]["data"]] == [400, 50]
    assert (invoice["total"], len(invoice["total_taxes"])) == (3450, 2)
    api.made(f"/v1/customers/{customer}", tax_exempt="exempt")
    api.made("/v1/invoiceitems", customer=customer, amount=1000, currency="usd")
    exempt = api.made("/v1/invoices", **asked)
    assert exempt["total"] == 1000
    [tax] = exempt["total_taxes"]
    assert (tax["amount"], tax["taxability_reason"]) == (0, "customer_exempt")


def test_subscriptions_are_taxed(world: Emulator, api: Caller) -> None:
    """Every invoice of a subscription has its rates, and a preview says so beforehand."""
    taxed = rate(api)
    items = [{"price": api.price(1000, monthly=True)["id"]}, {"price": api.price(500, monthly=True)["id"], "tax_rates": [rate(api, "10")["id"]]}]  # fmt: skip
    subscription = subscribe(api, items=items, default_tax_rates=[taxed["id"]])
    assert [each["id"] for each in subscription["default_tax_rates"]] == [taxed["id"]]
    assert subscription["items"]["data"][1]["tax_rates"][0]["percentage"] == 10
    previewed = api.made("/v1/invoices/create_preview", subscription=subscription["id"])
    assert previewed["total"] == 1750
    world.advance(MONTH)
    assert totals(api, subscription) == [1750, 1750]


@pytest.mark.parametrize("mode", ["payment", "subscription"])
def test_checkout_is_taxed(api: Caller, mode: str) -> None:
    """Lines have their taxes on top, after discounts; what is paid is what the page said."""
    price = api.price(1000, monthly=mode == "subscription")["id"]
    lines = [{"price": price, "quantity": 2, "tax_rates": [rate(api)["id"]]}]
    asked = page(price, 2, mode, discounts=of(coupon(api, percent_off=50))) | {"line_items": lines}
    session = api.made("/v1/checkout/sessions", **asked)
    assert (session["amount_subtotal"], session["amount_total"]) == (2000, 1200)
    assert session["total_details"]["amount_tax"] == 200
    done = complete(api, session)
    if mode == "subscription":
        assert api.get(f"/v1/invoices/{done['invoice']}")["amount_paid"] == 1200
    else:
        assert api.get(f"/v1/payment_intents/{done['payment_intent']}")["amount"] == 1200


@pytest.mark.parametrize("mode", ["payment", "subscription"])
def test_a_session_breaks_its_totals_down(api: Caller, mode: str) -> None:
    """Each discount and each rate with its amount, of all lines and of each; only when asked for."""
    high, low = rate(api)["id"], rate(api, "10")["id"]
    prices = [api.price(amount, monthly=mode == "subscription")["id"] for amount in (1000, 500)]
    lines = [{"price": price, "quantity": 1, "tax_rates": rates} for price, rates in zip(prices, ([high, low], [high]), strict=True)]  # fmt: skip
    asked = page(prices[0], 1, mode, discounts=of(coupon(api, percent_off=50))) | {"line_items": lines}  # fmt: skip
    expand = ["total_details.breakdown", "line_items.data.discounts", "line_items.data.taxes"]
    session = api.made("/v1/checkout/sessions", **asked, expand=expand)
    told = session["total_details"]["breakdown"]
    [discount] = told["discounts"]
    assert (discount["amount"], discount["discount"]["object"]) == (750, "discount")
    assert [(tax["rate"]["id"], tax["amount"], tax["taxable_amount"]) for tax in told["taxes"]] == [(high, 150, 750), (low, 50, 500)]  # fmt: skip
    assert sum(tax["amount"] for tax in told["taxes"]) == session["total_details"]["amount_tax"]
    assert off_and_tax(session["line_items"]["data"]) == [([500], [100, 50]), ([250], [50])]
    path = f"/v1/checkout/sessions/{session['id']}"
    rows = api.get(f"{path}/line_items", expand=["data.discounts", "data.taxes"])["data"]
    assert rows == session["line_items"]["data"]
    plain = api.get(path).data
    assert "breakdown" not in plain["total_details"]
    assert {"discounts", "taxes"}.isdisjoint(api.get(f"{path}/line_items")["data"][0])


def off_and_tax(lines: list[Any]) -> list[tuple[list[int], list[int]]]:
    """What is off each line, and its taxes."""
    amounts = [[[each["amount"] for each in line[name]] for name in ("discounts", "taxes")] for line in lines]  # fmt: skip
    return [(off, taxes) for off, taxes in amounts]


def test_a_breakdown_can_be_empty(api: Caller) -> None:
    """Without discounts and taxes there are none; where nothing is paid, there is no breakdown."""
    asked = page(api.price(1000)["id"], 1, "payment")
    session = api.made("/v1/checkout/sessions", **asked, expand=["total_details.breakdown"])
    assert session["total_details"]["breakdown"] == {"discounts": [], "taxes": []}
    setup = {"mode": "setup", "currency": "usd", "success_url": "https://a.example"}
    saved = api.made("/v1/checkout/sessions", **setup, expand=["total_details.breakdown"])
    assert saved["total_details"] is None


def test_checkout_gives_a_subscription_its_rates(world: Emulator, api: Caller) -> None:
    """Lines without rates have the subscription's, on the page, on the first invoice and later."""
    taxed, own = rate(api), rate(api, "10")
    lines = [{"price": api.price(1000, monthly=True)["id"], "quantity": 1}, {"price": api.price(500, monthly=True)["id"], "quantity": 1, "tax_rates": [own["id"]]}]  # fmt: skip
    data = {"default_tax_rates": [taxed["id"]]}
    asked = page("", 1) | {"line_items": lines, "subscription_data": data}
    session = api.made("/v1/checkout/sessions", **asked)
    assert (session["amount_total"], session["total_details"]["amount_tax"]) == (1750, 250)
    done = complete(api, session)
    subscription = api.get(f"/v1/subscriptions/{done['subscription']}")
    assert [each["id"] for each in subscription["default_tax_rates"]] == [taxed["id"]]
    world.advance(MONTH)
    assert totals(api, subscription) == [1750, 1750]
    api.made(f"/v1/tax_rates/{taxed['id']}", active=False)
    error = api.post("/v1/checkout/sessions", **asked).error
    assert error["param"] == "subscription_data[default_tax_rates]"
