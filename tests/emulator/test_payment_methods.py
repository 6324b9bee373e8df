"""The payment methods of a customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.conftest import Caller


def test_a_customers_payment_methods_are_listed(api: Caller) -> None:
    """A customer's own are listed, newest first, by type and page."""
    customer = api.payer()["id"]
    api.payer()
    api.made("/v1/payment_methods/pm_card_amex/attach", customer=customer)
    path = f"/v1/customers/{customer}/payment_methods"

    def brands(**given: object) -> list[str]:
        return [row["card"]["brand"] for row in api.get(path, **given)["data"]]

    assert brands() == ["amex", "visa"]
    assert brands(type="card") == ["amex", "visa"]
    assert brands(type="link") == []
    assert brands(allow_redisplay="always") == []
    assert brands(limit=1) == ["amex"]
    assert api.get("/v1/customers/cus_no/payment_methods").status == 404
