"""A payment that its payer disputes, and other things that a payer or a bank does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.conftest import Caller

DAY = 86_400
TEST_HELPERS = "/v1/test_helpers"


def disputed(api: Caller, **given: Any) -> Any:
    """A dispute of a new payment."""
    charge = api.paid(2000)["latest_charge"]
    api.made(f"{TEST_HELPERS}/charges/{charge}/dispute", **given)
    return api.get("/v1/disputes")["data"][0]


def types(api: Caller) -> list[str]:
    """The types of all events, the first first."""
    return [event["type"] for event in api.get("/v1/events", limit=100)["data"]][::-1]


def available(api: Caller) -> int:
    """What is there, in cents."""
    return int(api.get("/v1/balance")["available"][0]["amount"])


def test_a_dispute_takes_the_money_back(api: Caller) -> None:
    """Its charge and intent are named, the amount leaves the balance, and both are told."""
    dispute = disputed(api, reason="duplicate")
    charge = api.get(f"/v1/charges/{dispute['charge']}").data
    assert (dispute["amount"], dispute["currency"], dispute["reason"]) == (2000, "usd", "duplicate")
    assert (dispute["status"], dispute["payment_intent"]) == (
        "needs_response",
        charge["payment_intent"],
    )
    assert (charge["disputed"], charge["dispute"]) == (True, dispute["id"])
    assert [moved["net"] for moved in dispute["balance_transactions"]] == [-2000]
    assert available(api) == -2000
    assert types(api)[-2:] == ["charge.dispute.created", "charge.dispute.funds_withdrawn"]


def test_the_card_that_disputes(api: Caller) -> None:
    """A payment with it succeeds and is disputed then, whether it is captured at once or later."""
    api.paid(2000, card="pm_card_createDispute")
    held = api.paid(900, card="pm_card_createDispute", capture_method="manual")
    assert [each["amount"] for each in api.get("/v1/disputes")["data"]] == [2000]
    api.made(f"/v1/payment_intents/{held['id']}/capture")
    assert [each["amount"] for each in api.get("/v1/disputes")["data"]] == [900, 2000]
    assert types(api).index("payment_intent.succeeded") < types(api).index("charge.dispute.created")


def test_the_card_that_disputes_has_a_number(api: Caller) -> None:
    """The one of Stripe's page of test cards."""
    card = {"number": "4000000000000259", "exp_month": 1, "exp_year": 2040}
    method = api.made("/v1/payment_methods", type="card", card=card)
    api.paid(500, card=method["id"])
    assert len(api.get("/v1/disputes")["data"]) == 1


@pytest.mark.parametrize(
    ("text", "status", "net", "events"),
    [
        ("winning_evidence", "won", [-2000, 2000], ["updated", "closed", "funds_reinstated"]),
        ("losing_evidence", "lost", [-2000], ["updated", "closed"]),
        ("I sent it", "under_review", [-2000], ["updated"]),
    ],
)
def test_evidence_decides(
    api: Caller, text: str, status: str, net: list[int], events: list[str]
) -> None:
    """By what Stripe's test mode reads in it; other evidence waits for the bank."""
    dispute = disputed(api)
    path = f"/v1/disputes/{dispute['id']}"
    answered = api.made(path, evidence={"uncategorized_text": text})
    assert answered["status"] == status
    assert answered["evidence_details"]["has_evidence"] is True
    assert [moved["net"] for moved in answered["balance_transactions"]] == net
    assert [each.removeprefix("charge.dispute.") for each in types(api)[-len(events) :]] == events
    assert available(api) == sum(net)


def test_evidence_that_is_not_handed_in_decides_nothing(api: Caller) -> None:
    """It is only kept."""
    dispute = disputed(api)
    evidence = {"uncategorized_text": "winning_evidence"}
    kept = api.made(f"/v1/disputes/{dispute['id']}", evidence=evidence, submit=False)
    assert (kept["status"], kept["evidence_details"]["submission_count"]) == ("needs_response", 0)


def test_a_dispute_is_lost_by_giving_in_and_by_silence(api: Caller) -> None:
    """Once it is closed nothing can be done about it."""
    first = api.made(f"/v1/disputes/{disputed(api)['id']}/close")
    second = disputed(api)["id"]
    api.world.advance(11 * DAY)
    last = api.get(f"/v1/disputes/{second}")
    assert (first["status"], last["status"]) == ("lost", "lost")
    assert last["evidence_details"]["past_due"] is True
    assert api.post(f"/v1/disputes/{second}/close").status == 400


def test_what_is_disputed_is_not_refunded(api: Caller) -> None:
    """Nor disputed twice; what was given back is not disputed."""
    dispute = disputed(api)
    assert api.post("/v1/refunds", charge=dispute["charge"]).error["code"] == "charge_disputed"
    path = f"{TEST_HELPERS}/charges/{dispute['charge']}/dispute"
    assert api.post(path).error["code"] == "charge_disputed"
    paid = api.paid(700)
    api.made("/v1/refunds", payment_intent=paid["id"])
    assert api.post(f"{TEST_HELPERS}/charges/{paid['latest_charge']}/dispute").status == 400


@pytest.mark.parametrize(("evidence", "left"), [("winning", 2000), ("losing", 0)])
def test_only_a_dispute_that_was_won_leaves_something_to_refund(
    api: Caller, evidence: str, left: int
) -> None:
    """Its money is back; that of a lost one is with the payer already."""
    dispute = disputed(api)
    said = {"uncategorized_text": f"{evidence}_evidence"}
    api.made(f"/v1/disputes/{dispute['id']}", evidence=said)
    reply = api.post("/v1/refunds", charge=dispute["charge"])
    charge = api.get(f"/v1/charges/{dispute['charge']}")
    assert (charge["disputed"], charge["amount_refunded"]) == (True, left)
    if left:
        assert reply["amount"] == left
    else:
        assert reply.error["code"] == "charge_disputed"


def test_disputes_are_listed_by_what_they_are_about(api: Caller) -> None:
    """By charge or payment intent."""
    dispute = disputed(api)
    disputed(api)
    for name in ("charge", "payment_intent"):
        rows = api.get("/v1/disputes", **{name: dispute[name]})["data"]
        assert [row["id"] for row in rows] == [dispute["id"]]


def asked(api: Caller) -> str:
    """A payment intent whose payer is asked by the bank."""
    made = api.paid(1500, card="pm_card_authenticationRequired")
    assert made["status"] == "requires_action"
    return f"{TEST_HELPERS}/payment_intents/{made['id']}/authenticate"


def test_a_payer_authenticates(api: Caller) -> None:
    """The payment succeeds, once."""
    path = asked(api)
    done = api.made(path)
    assert (done["status"], done["next_action"], done["amount_received"]) == (
        "succeeded",
        None,
        1500,
    )
    assert api.post(path).error["code"] == "payment_intent_unexpected_state"


def test_a_payer_fails_to_authenticate(api: Caller) -> None:
    """The payment wants another payment method, and nothing was charged."""
    failed = api.made(asked(api), outcome="fail")
    assert (failed["status"], failed["payment_method"]) == ("requires_payment_method", None)
    assert failed["last_payment_error"]["code"] == "payment_intent_authentication_failure"
    assert api.get("/v1/charges")["data"] == []
    assert types(api)[-1] == "payment_intent.payment_failed"


def test_a_card_is_exchanged(api: Caller) -> None:
    """For one that is declined: so is the next renewal, whatever the subscription was paid by."""
    customer = api.payer()
    own = api.made("/v1/payment_methods/pm_card_visa/attach", customer=customer["id"])
    price = api.price(monthly=True)
    subscription = api.made(
        "/v1/subscriptions",
        customer=customer["id"],
        items=[{"price": price["id"]}],
        default_payment_method=own["id"],
    )
    path = f"{TEST_HELPERS}/customers/{customer['id']}/exchange_card"
    api.made(path, payment_method="pm_card_chargeCustomerFail")
    api.world.advance(32 * DAY)
    assert api.get(f"/v1/subscriptions/{subscription['id']}")["status"] == "past_due"
    assert "invoice.payment_failed" in types(api)
