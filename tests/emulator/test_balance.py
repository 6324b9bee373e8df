"""The account of a request, its balance, and what moved it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from emulator.conftest import Caller, Clock

DAY = 86_400


def amounts(api: Caller) -> dict[str, dict[str, int]]:
    """The balance by state and currency."""
    balance = api.get("/v1/balance")
    return {
        name: {row["currency"]: row["amount"] for row in balance[name]}
        for name in ("available", "pending")
    }


def test_an_account_is_found_by_its_id(api: Caller) -> None:
    """The account of the request is retrieved without an ID and with its own."""
    mine = api.get("/v1/account").data
    assert (mine["object"], mine["id"][:5], mine["charges_enabled"]) == ("account", "acct_", True)
    assert api.get(f"/v1/accounts/{mine['id']}").data == mine
    assert mine["settings"]["dashboard"]["display_name"] == "Emulator"


def test_a_connected_account_is_itself(api: Caller) -> None:
    """With Stripe-Account it is that one; any other is refused, as no Stripe would say it."""
    headers = {"Stripe-Account": "acct_shop"}
    assert api("GET", "/v1/account", headers)["id"] == "acct_shop"
    assert api("GET", "/v1/accounts/acct_shop", headers)["id"] == "acct_shop"
    assert api.get("/v1/accounts/acct_shop").error["type"] == "emulator_error"
    assert api.get("/v1/accounts/shop").error["code"] == "resource_missing"


def test_a_balance_starts_at_nothing(api: Caller) -> None:
    """Without a charge nothing is there, and a balance has no ID."""
    assert amounts(api) == {"available": {"usd": 0}, "pending": {"usd": 0}}
    assert "id" not in api.get("/v1/balance").data
    assert api.get("/v1/balance")["object"] == "balance"


def test_charges_become_available(api: Caller, clock: Clock) -> None:
    """What is charged is pending for two days; what is refunded leaves what is there at once."""
    paid = api.paid(2000)
    api.paid(700, currency="eur")
    assert amounts(api)["pending"] == {"usd": 2000, "eur": 700}
    clock.now += 2 * DAY
    assert amounts(api) == {"available": {"usd": 2000, "eur": 700}, "pending": {"usd": 0, "eur": 0}}
    api.made("/v1/refunds", payment_intent=paid["id"], amount=500)
    assert amounts(api)["available"] == {"usd": 1500, "eur": 700}


@pytest.mark.parametrize("card", ["pm_card_visa_chargeDeclined"])
def test_nothing_moves_without_money(api: Caller, card: str) -> None:
    """A declined charge and an authorization move nothing; capturing does, by what is captured."""
    held = api.paid(2000, capture_method="manual")
    ways = {"enabled": True, "allow_redirects": "never"}
    api.post("/v1/payment_intents", amount=900, currency="usd", payment_method=card, confirm=True,
             automatic_payment_methods=ways)  # fmt: skip
    assert api.get("/v1/balance_transactions")["data"] == []
    api.made(f"/v1/payment_intents/{held['id']}/capture", amount_to_capture=1500)
    assert [row["net"] for row in api.get("/v1/balance_transactions")["data"]] == [1500]


def test_a_charge_and_its_refund_are_told(api: Caller, clock: Clock) -> None:
    """Each has an amount, a fee of 0, what is left, its source, and can be expanded from it."""
    paid = api.paid(2000, description="Box")
    refund = api.made(
        "/v1/refunds", charge=paid["latest_charge"], amount=500, expand=["balance_transaction"]
    )
    clock.now += 1
    path = f"/v1/charges/{paid['latest_charge']}"
    charge = api.get(path, expand=["balance_transaction"])
    came, went = charge["balance_transaction"], refund["balance_transaction"]
    assert told(came) == (2000, 0, 2000, "charge", paid["latest_charge"], "Box", "pending")
    assert told(went) == (
        -500, 0, -500, "refund", refund["id"], "REFUND FOR CHARGE (Box)", "available",
    )  # fmt: skip
    assert came["available_on"] == came["created"] + 2 * DAY
    whole = api.get(f"/v1/balance_transactions/{came['id']}", expand=["source"])
    assert whole["source"]["id"] == paid["latest_charge"]


def told(moved: dict[str, object]) -> tuple[object, ...]:
    """What a balance transaction says."""
    names = ("amount", "fee", "net", "type", "source", "description", "status")
    return tuple(moved[name] for name in names)


def test_balance_transactions_are_filtered(api: Caller) -> None:
    """They are listed newest first, by type, source and currency."""
    paid = api.paid(2000)
    api.made("/v1/refunds", payment_intent=paid["id"], amount=500)
    api.paid(700, currency="eur")

    def nets(**given: object) -> list[int]:
        return [row["net"] for row in api.get("/v1/balance_transactions", **given)["data"]]

    assert nets() == [700, -500, 2000]
    assert nets(type="refund") == [-500]
    assert nets(source=paid["latest_charge"]) == [2000]
    assert nets(currency="eur") == [700]
    assert api.get("/v1/balance_transactions", payout="po_1").error["type"] == "emulator_error"


def test_an_unknown_one_is_missing(api: Caller) -> None:
    """An unknown ID is answered with 404."""
    reply = api.get("/v1/balance_transactions/txn_1")
    assert (reply.status, reply.error["code"]) == (404, "resource_missing")
