"""What is typed and not sent is told: metadata without a value, wherever it may stand."""

import json
from typing import Any

import pytest
from support import ACTIONS

from stripe_plugin import InvalidRequest
from stripe_plugin.secrets import shown

VALUELESS = "has no value: it is not sent; @clear unsets it."
LINE = {"price": "price_1", "metadata": {"a": None, "b": "x"}}
SELL = {
    "Mode": "payment",
    "Success URL": "https://x.example",
    "Cancel URL": "https://x.example",
    "Line Items": [LINE],
}
TOLD = [
    ("create_customer", {"Metadata": {"vip": "", "b": "x"}}, {}, "Metadata › vip"),
    ("create_customer", {"metadata": '{"vip": " "}'}, {}, "Metadata › vip"),
    ("create_checkout_session", SELL, {}, "Line Items › 1 › Metadata › a"),
    (
        "create_checkout_session",
        {**SELL, "Payment Intent Data": json.dumps({"metadata": {"c": []}})},
        {},
        "Payment Intent Data › Metadata › c",
    ),
    (
        "create_checkout_session",
        SELL,
        {"invoice_creation": {"enabled": True, "invoice_data": {"metadata": {"d": ""}}}},
        "Options › Extra › invoice_creation › invoice_data › metadata › d",
    ),
    (
        "stripe_api_request",
        {"Method": "POST", "Path": "/v1/customers", "Parameters": {"metadata": {"vip": ""}}},
        {},
        "Parameters › metadata › vip",
    ),
]


@pytest.mark.parametrize(("name", "inputs", "extra", "place"), TOLD)
def test_a_key_without_a_value_is_told(
    name: str, inputs: dict[str, Any], extra: dict[str, Any], place: str
) -> None:
    """Its place stands in a warning, though nothing of it is sent."""
    one = ACTIONS[name].read(inputs, extra=extra)
    said = " ".join(one.warnings().values())
    assert f"{place} {VALUELESS}" in said
    names = [param for param, _ in one.request().params]
    assert not any(param.endswith(f"[{place.rsplit(' ', 1)[-1]}]") for param in names)


def test_metadata_is_sent_as_it_is_typed() -> None:
    """Blanks around keys and values are kept, with a row and without one."""
    typed = {" sp ace ": " x ", "n": 5}
    sent = (("metadata[ sp ace ]", " x "), ("metadata[n]", "5"))
    one = ACTIONS["create_customer"].read({"Metadata": typed})
    any_one = ACTIONS["stripe_api_request"].read(
        {"Method": "POST", "Path": "/v1/customers", "Parameters": {"metadata": typed}}
    )
    assert (one.request().params, one.warnings()) == (sent, {})
    assert (any_one.request().params, any_one.warnings()) == (sent, {})


def test_what_is_told_is_not_part_of_the_action() -> None:
    """An action is the same with what is not sent and without it, also when it is shown."""
    told = ACTIONS["create_customer"].read({"Metadata": {"vip": ""}})
    plain = ACTIONS["create_customer"].read({})
    assert (told, repr(told)) == (plain, repr(plain))
    assert told.warnings() != plain.warnings()


COUNTRIES = [
    ("US", ""),
    ("de", ""),
    ("UK", "(did you mean GB?)"),
    ("Germany", 'such as DE for Germany; got "Germany", which is sent all the same.'),
    ("United States of America", "should be the two letters of ISO 3166"),
]


@pytest.mark.parametrize(("country", "words"), COUNTRIES)
def test_a_country_is_doubted_but_sent(country: str, words: str) -> None:
    """Stripe keeps any text, so what is not two letters is only told."""
    one = ACTIONS["create_customer"].read({"Address": {"country": country}})
    assert one.request().params == (("address[country]", country),)
    said = one.warnings().get("Address", "")
    assert words in said
    assert bool(words) == bool(said)


def test_a_long_list_in_a_sentence_of_stripes_is_cut() -> None:
    """The sentence says how many values there are and the first few; the data has them all."""
    values = ", ".join(f"event.{number}" for number in range(259))
    message = f"Invalid enabled_events[0]: must be one of {values}, or *."
    error = InvalidRequest(message=message)
    cut = "must be one of 260 values, such as event.0, event.1, event.2."
    assert error.text == f"Invalid enabled_events[0]: {cut}"
    assert error.as_dict()["message"] == message
    few = InvalidRequest(message="must be one of day, week, month, or year")
    assert few.text == few.message


def test_a_declined_payment_is_named() -> None:
    """The payment that was made stands beside the reason, so that one can go on with it."""
    error = InvalidRequest(
        message="No.", decline_code="generic_decline", payment_intent="pi_1", request_id="req_1"
    )
    assert str(error) == "No. [invalid_request, generic_decline, pi_1, req_1]"


def test_what_is_cut_is_closed() -> None:
    """A long text that is shown keeps both of its quotes."""
    assert shown("x" * 99, 10) == '"xxxxxxxxx…"'
