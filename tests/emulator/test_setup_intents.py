"""Cards that are saved without a payment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from emulator.answers import schema_of
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from emulator.conftest import Caller

PATH = "/v1/setup_intents"
HERE = {"enabled": True, "allow_redirects": "never"}


def begun(api: Caller, **given: Any) -> Any:
    """A SetupIntent for cards, which nobody is redirected by."""
    return api.made(PATH, automatic_payment_methods=HERE, **given)


def told(api: Caller) -> list[str]:
    """The types of the events, newest first."""
    return [event["type"] for event in api.get("/v1/events")["data"]]


def test_a_card_is_saved(api: Caller) -> None:
    """It waits for a payment method, then for its confirmation; then the customer has the card."""
    who = api.made("/v1/customers")["id"]
    intent = begun(api, customer=who, metadata={"a": "b"})
    assert (intent["status"], intent["usage"]) == ("requires_payment_method", "off_session")
    assert intent["client_secret"].startswith(f"{intent['id']}_secret_")
    path = f"{PATH}/{intent['id']}"
    changed = api.made(path, payment_method="pm_card_visa")
    assert changed["status"] == "requires_confirmation"
    done = api.made(f"{path}/confirm")
    assert (done["status"], done["latest_attempt"][:7]) == ("succeeded", "setatt_")
    assert api.get(f"/v1/payment_methods/{done['payment_method']}")["customer"] == who
    assert told(api)[:2] == ["setup_intent.succeeded", "payment_method.attached"]
    schema = schema_of("POST", f"{path}/confirm")
    assert schema
    assert [*Draft202012Validator(schema).iter_errors(done)] == []


def test_one_request_does_it(api: Caller) -> None:
    """A card is named and confirmed as the SetupIntent is created."""
    assert begun(api, payment_method="pm_card_visa", confirm=True)["status"] == "succeeded"


@pytest.mark.parametrize(
    "card", ["pm_card_authenticationRequired", "pm_card_threeDSecure2Required"]
)
def test_some_cards_ask_the_payer(api: Caller, card: str) -> None:
    """It waits for the payer, on a page that leads back or in Stripe's script, and can be ended."""
    intent = begun(api, payment_method=card, confirm=True, return_url="https://a.example")
    assert (intent["status"], intent["next_action"]["type"]) == (
        "requires_action", "redirect_to_url",
    )  # fmt: skip
    assert intent["next_action"]["redirect_to_url"]["return_url"] == "https://a.example"
    other = begun(api, payment_method=card, confirm=True)
    assert other["next_action"]["type"] == "use_stripe_sdk"
    done = api.made(f"{PATH}/{intent['id']}/cancel", cancellation_reason="abandoned")
    assert (done["status"], done["next_action"]) == ("canceled", None)
    assert done["cancellation_reason"] == "abandoned"
    assert told(api)[0] == "setup_intent.canceled"


@pytest.mark.parametrize(
    ("card", "code", "decline"),
    [
        ("pm_card_chargeDeclined", "card_declined", "generic_decline"),
        ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds"),
        ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card"),
    ],
)
def test_a_declined_card_is_not_saved(api: Caller, card: str, code: str, decline: str) -> None:
    """The refusal says why, and so does the intent, which waits for another card."""
    intent = begun(api)
    path = f"{PATH}/{intent['id']}"
    reply = api.post(f"{path}/confirm", payment_method=card)
    error = reply.error
    assert (reply.status, error["code"], error["decline_code"]) == (402, code, decline)
    now = api.get(path).data
    assert error["setup_intent"] == now
    assert (now["status"], now["payment_method"]) == ("requires_payment_method", None)
    assert now["last_setup_error"]["code"] == code
    assert told(api)[0] == "setup_intent.setup_failed"
    done = api.made(f"{path}/confirm", payment_method="pm_card_visa")
    assert (done["status"], done["last_setup_error"]) == ("succeeded", None)


def test_a_card_that_fails_later_is_saved(api: Caller) -> None:
    """The card that attaches and whose charges fail is saved."""
    done = begun(api, payment_method="pm_card_chargeCustomerFail", confirm=True)
    assert done["status"] == "succeeded"


def test_states_refuse_in_stripes_words(api: Caller) -> None:
    """What is over is neither confirmed, given another card nor canceled; a card is needed."""
    intent = begun(api)
    path = f"{PATH}/{intent['id']}"
    error = api.post(f"{path}/confirm").error
    assert error["code"] == "setup_intent_unexpected_state"
    assert "it's missing a payment method" in error["message"]
    api.made(f"{path}/confirm", payment_method="pm_card_visa")
    says = {
        "confirm": "You cannot confirm this SetupIntent because it has already succeeded.",
        "cancel": "You cannot cancel this SetupIntent because it has a status of succeeded.",
    }
    for verb, message in says.items():
        error = api.post(f"{path}/{verb}").error
        assert error["message"].startswith(message)
        assert error["setup_intent"]["id"] == intent["id"]
    message = api.post(path, payment_method="pm_card_visa").error["message"]
    assert message == "You cannot update this SetupIntent because it has already succeeded."
    assert api.made(path, description="Card of Ann")["description"] == "Card of Ann"
    over = begun(api, payment_method="pm_card_visa")
    api.made(f"{PATH}/{over['id']}/cancel")
    for verb, ending in {"confirm": "has been canceled.", "cancel": "is already canceled."}.items():
        assert api.post(f"{PATH}/{over['id']}/{verb}").error["message"].endswith(ending)


def test_a_card_of_somebody_else_is_refused(api: Caller) -> None:
    """A card belongs to its customer, who must be named, and to no other."""
    owner = api.payer()
    card = owner["invoice_settings"]["default_payment_method"]
    error = api.post(PATH, payment_method=card).error
    assert "Please include the Customer in the `customer` parameter" in error["message"]
    other = api.made("/v1/customers")["id"]
    error = api.post(PATH, payment_method=card, customer=other).error
    assert f"does not belong to the Customer you supplied {other}" in error["message"]
    assert api.get(PATH)["data"] == []


def test_they_are_listed(api: Caller) -> None:
    """Newest first, by customer and payment method."""
    who = api.made("/v1/customers")["id"]
    first = begun(api, customer=who)["id"]
    second = begun(api, payment_method="pm_card_visa", confirm=True)
    assert [row["id"] for row in api.get(PATH)["data"]] == [second["id"], first]
    assert [row["id"] for row in api.get(PATH, customer=who)["data"]] == [first]
    found = api.get(PATH, payment_method=second["payment_method"])["data"]
    assert [row["id"] for row in found] == [second["id"]]
    reply = api.get(f"{PATH}/seti_none")
    assert reply.error["message"] == "No such setupintent: 'seti_none'"


def test_who_may_be_redirected_must_come_back(api: Caller) -> None:
    """With what the account has switched on, confirming needs a place to come back to."""
    intent = api.made(PATH, payment_method="pm_card_visa")
    assert intent["automatic_payment_methods"] == {"allow_redirects": "always", "enabled": True}
    path = f"{PATH}/{intent['id']}/confirm"
    message = api.post(path).error["message"]
    assert message.startswith("This SetupIntent is configured to accept payment methods")
    assert api.made(path, return_url="https://a.example")["status"] == "succeeded"
