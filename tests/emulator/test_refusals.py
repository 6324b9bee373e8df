"""What the emulator refuses: Stripe's status, code, param and message."""

# ruff: noqa: E501 - rows and requests read best on one line

from __future__ import annotations

from base64 import b64encode
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.conftest import Caller

EMPTY = "We assume empty values are an attempt to unset a parameter"

# method, path, body, status, code, param, part of the message
TABLE: list[tuple[str, str, str, int, str | None, str | None, str]] = [
    ("POST", "/v1/products", "", 400, "parameter_missing", "name", "Missing required param: name."),
    ("POST", "/v1/products", "name=", 400, "parameter_invalid_empty", "name", EMPTY),
    ("POST", "/v1/products", "name=a&active=1x", 400, None, "active", "Invalid boolean: 1x"),
    ("POST", "/v1/products", "name=a&images=x", 400, None, "images", "Invalid array"),
    ("POST", "/v1/products", "name=a&metadata=x", 400, None, "metadata", "Invalid object"),
    ("POST", "/v1/products", "name[a]=1", 400, None, "name", "Invalid string"),
    ("POST", "/v1/products", "name=a&foo=1&bar=2", 400, "parameter_unknown", "foo", "unknown parameters: foo, bar"),
    ("POST", "/v1/products", "name=a&unit_label=" + "x" * 13, 400, None, "unit_label", "must be at most 12 characters"),
    ("POST", "/v1/products", "name=a&tax_code[]=x", 400, None, "tax_code", "Invalid string"),
    ("POST", "/v1/products", "name=a&statement_descriptor=1234", 400, None, "statement_descriptor", "at least one letter"),
    ("POST", "/v1/products", "name=a&" + "&".join(f"images[]=u{i}" for i in range(9)), 400, None, "images", "maximum allowed elements (8)"),
    ("POST", "/v1/products", "name=a&metadata[" + "k" * 41 + "]=v", 400, None, f"metadata[{'k' * 41}]", "up to 40 characters"),
    ("POST", "/v1/products", "name=a&metadata[k]=" + "v" * 501, 400, None, "metadata[k]", "Metadata values can have up to 500 characters, but you passed in a value that is 501 characters."),
    ("POST", "/v1/products", "name=a&" + "&".join(f"metadata[k{i}]=v" for i in range(51)), 400, None, "metadata", "50 keys"),
    ("POST", "/v1/products", "name=a&metadata[k][x]=v", 400, None, "metadata[k]", "Invalid string"),
    ("POST", "/v1/products/prod_no", "name=b", 404, "resource_missing", "id", "No such product: 'prod_no'"),
    ("POST", "/v1/prices", "currency=usd&unit_amount=-1&product_data[name]=a", 400, "parameter_invalid_integer", "unit_amount", "Invalid non-negative integer"),
    ("POST", "/v1/prices", "currency=zzz&unit_amount=1&product_data[name]=a", 400, None, "currency", "Invalid currency: zzz. Stripe currently supports"),
    ("POST", "/v1/prices", "currency=usd&unit_amount=1&product_data[name]=a&recurring[interval_count]=2", 400, "parameter_missing", "recurring[interval]", "Missing required param: recurring[interval]."),
    ("POST", "/v1/prices", "currency=usd&unit_amount=1&product_data[name]=a&recurring[interval]=x", 400, None, "recurring[interval]", "must be one of day, month, week, or year"),
    ("POST", "/v1/prices", "currency=usd&unit_amount=1&unit_amount_decimal=2&product_data[name]=a", 400, None, "unit_amount", "You may only specify one of these parameters: unit_amount, unit_amount_decimal."),
    ("POST", "/v1/prices", "currency=usd&unit_amount=1&product_data[name]=a&recurring[interval]=year&recurring[interval_count]=4", 400, None, "recurring[interval_count]", "three years"),
    ("POST", "/v1/customers", "email=nobody", 400, "email_invalid", "email", "Invalid email address: nobody"),
    ("POST", "/v1/customers", "name=" + "n" * 257, 400, None, "name", "must be at most 256 characters"),
    ("POST", "/v1/customers", "tax_exempt=maybe", 400, None, "tax_exempt", "must be one of exempt, none, or reverse"),
    ("POST", "/v1/customers", "addres[city]=x", 400, "parameter_unknown", "addres", "Received unknown parameter: addres. Did you mean address?"),
    ("GET", "/v1/customers?created[foo]=1", "", 400, "parameter_unknown", "created[foo]", "created[foo]"),
    ("GET", "/v1/customers?limit=1.5", "", 400, "parameter_invalid_integer", "limit", "Invalid integer: 1.5"),
    ("GET", "/v1/customers/cus_no", "", 404, "resource_missing", "id", "No such customer: 'cus_no'"),
    ("POST", "/v1/payment_intents", "amount=1.5&currency=usd", 400, "parameter_invalid_integer", "amount", "Invalid integer: 1.5"),
    ("POST", "/v1/payment_intents", "amount=100000000&currency=usd", 400, "amount_too_large", "amount", "Amount must be no more than $999,999.99"),
    ("POST", "/v1/payment_intents", "amount=500&currency=usd&payment_method=pm_no", 400, "resource_missing", "payment_method", "No such PaymentMethod: 'pm_no'"),
    ("POST", "/v1/payment_intents", "amount=500&currency=usd&confirm=true", 400, "payment_intent_unexpected_state", None, "missing a payment method"),
    ("POST", "/v1/payment_intents", "amount=500&currency=usd&confirm=true&payment_method=pm_card_visa", 400, None, None, "you must provide a `return_url`"),
    ("POST", "/v1/payment_intents", "amount=500&currency=usd&off_session=true", 400, None, "off_session", "unless `confirm` is set to true"),
    ("POST", "/v1/payment_intents", "amount=500&currency=usd&automatic_payment_methods[enabled]=true&confirmation_method=manual", 400, None, "automatic_payment_methods", "You may only specify one of these parameters: automatic_payment_methods, confirmation_method."),
    ("GET", "/v1/payment_intents/pi_no", "", 404, "resource_missing", "intent", "No such payment_intent: 'pi_no'"),
    ("POST", "/v1/refunds", "payment_intent=pi_no", 400, "resource_missing", "payment_intent", "No such payment_intent: 'pi_no'"),
    ("POST", "/v1/refunds", "reason=no", 400, None, "reason", "Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer"),
    ("POST", "/v1/invoices", "", 400, "parameter_missing", "customer", "Missing required param: customer."),
    ("GET", "/v1/invoices?customer=cus_no", "", 400, "resource_missing", "customer", "No such customer: 'cus_no'"),
    ("GET", "/v1/invoices?customer=a&customer_account=b", "", 400, None, "customer", "You may only specify one of these parameters: customer, customer_account."),
    ("POST", "/v1/invoices", "discounts[0][coupon]=x", 400, "resource_missing", "discounts[0][coupon]", "No such coupon: 'x'"),
    ("POST", "/v1/invoiceitems", "amount=5&currency=usd", 400, "parameter_missing", "customer", "customer"),
    ("POST", "/v1/invoiceitems", "price=price_x", 400, "parameter_unknown", "price", "Received unknown parameter: price. Did you mean pricing?"),
    ("POST", "/v1/subscriptions", "customer=cus_no", 400, "parameter_missing", "items", "Missing required param: items."),
    ("POST", "/v1/subscriptions", "items[0][price]=p&items[0][foo]=1", 400, "parameter_unknown", "items[0][foo]", "items[0][foo]"),
    ("POST", "/v1/subscriptions", "items[0][price]=price_no", 400, "resource_missing", "items[0][price]", "No such price: 'price_no'"),
    ("DELETE", "/v1/subscriptions/sub_no", "", 404, "resource_missing", "id", "No such subscription: 'sub_no'"),
    ("POST", "/v1/checkout/sessions", "", 400, "parameter_missing", "mode", "mode"),
    ("POST", "/v1/checkout/sessions", "mode=payment&success_url=https://a.example", 400, "parameter_missing", "line_items", "line_items"),
    ("POST", "/v1/checkout/sessions", "mode=setup&currency=usd", 400, "parameter_missing", "success_url", "success_url"),
    ("POST", "/v1/checkout/sessions", "mode=setup&success_url=https://a.example", 400, "parameter_missing", "currency", "currency"),
    ("POST", "/v1/checkout/sessions", "mode=payment&success_url=nowhere", 400, "url_invalid", "success_url", "Not a valid URL"),
    ("POST", "/v1/checkout/sessions", "mode=payment&subscription_data[description]=x", 400, None, "subscription_data", "You can not pass `subscription_data` in `payment` mode."),
    ("POST", "/v1/checkout/sessions", "mode=setup&currency=usd&ui_mode=elements&success_url=https://a.example", 400, None, "success_url", "success_url"),
    ("POST", "/v1/checkout/sessions", "mode=setup&customer=a&customer_email=b@c.de", 400, None, "customer", "You may only specify one of these parameters: customer, customer_email."),
    ("POST", "/v1/checkout/sessions", "mode=payment&allow_promotion_codes=false&discounts[0][coupon]=x", 400, None, "allow_promotion_codes", "allow_promotion_codes, discounts."),
    ("POST", "/v1/checkout/sessions", "mode=setup&currency=usd&success_url=https://a.example&expires_at=1790000060", 400, None, "expires_at", "at least 30 minutes"),
    ("POST", "/v1/checkout/sessions", "mode=setup&currency=usd&success_url=https://a.example&expires_at=1799000000", 400, None, "expires_at", "less than 24 hours"),
    ("GET", "/v1/checkout/sessions/cs_test_no", "", 404, "resource_missing", None, "No such checkout.session: cs_test_no"),
    ("GET", "/v1/checkout/sessions/" + "c" * 70, "", 404, None, "session", "must be at most 66 characters"),
    ("POST", "/v1/webhook_endpoints", "url=https://example.com&enabled_events[]=*", 400, "url_invalid", "url", "only to http://localhost"),
    ("POST", "/v1/payment_methods", "type=card&card[number]=4000&card[exp_month]=1&card[exp_year]=2099", 402, "incorrect_number", "card[number]", "number"),
    ("POST", "/v1/payment_methods", "type=card&card[token]=tok_no", 400, "resource_missing", "card[token]", "No such token"),
    ("GET", "/v1/nothing", "", 404, None, None, "Unrecognized request URL (GET: /v1/nothing)."),
    ("GET", "/v1/customers/", "", 404, None, None, "If you are trying to list objects, remove the trailing slash."),
    ("PUT", "/v1/customers", "", 404, None, None, "Unrecognized request URL (PUT: /v1/customers)."),
    ("DELETE", "/v1/prices/price_x", "", 404, None, None, "Unrecognized request URL (DELETE: /v1/prices/price_x)."),
    ("GET", "/v1/customers?expand[]=data.a.b.c.d", "", 400, "property_expansion_max_depth", None, "You cannot expand more than 4 levels of a property. Property: data.a.b.c.d"),
    ("GET", "/v1/customers?expand[]=data.nope", "", 400, None, None, "This property cannot be expanded (data.nope)."),
    ("GET", "/v1/prices?expand[]=product", "", 400, None, None, "This property cannot be expanded (product). You may want to try expanding 'data.product' instead."),
    ("GET", "/v1/prices?expand[]=data.product.nope", "", 400, None, None, "This property cannot be expanded (data.product.nope)."),
]  # fmt: skip


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]} {row[1][:40]} {row[2][:40]}")
def test_bad_requests_are_refused_as_stripe_does(api: Caller, row: tuple[Any, ...]) -> None:
    """A bad request gets the status, code, param and message of its row, and executes nothing."""
    method, target, body, status, code, param, said = row
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = api.raw(method, target, body.encode(), headers)
    from json import loads

    error = loads(answer.body)["error"]
    assert (answer.status, error.get("code"), error.get("param")) == (status, code, param)
    assert said in error["message"]
    assert error["type"] == ("card_error" if status == 402 else "invalid_request_error")
    if code:
        assert error["doc_url"] == f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"
    assert answer.headers["Request-Id"].startswith("req_")
    assert api.world.executed(f"{method} {target.partition('?')[0]}") == 0


KEYS: list[tuple[dict[str, str], int, str]] = [
    ({"Authorization": ""}, 401, "You did not provide an API key."),
    ({"Authorization": "Bearer "}, 401, "You did not provide an API key."),
    ({"Authorization": "Digest x"}, 401, "You did not provide an API key."),
    ({"Authorization": "Basic !!"}, 401, "You did not provide an API key."),
    ({"Authorization": "Bearer nonsense"}, 401, "Invalid API Key provided: ****ense"),
    ({"Authorization": "Bearer sk_test_"}, 401, "Invalid API Key provided: sk_test_"),
    ({"Authorization": "Bearer sk_test_1234567890 x"}, 401, "Invalid API Key provided: sk_test_********90 x"),
    ({"Authorization": "Bearer pk_test_1234567890"}, 403, "cannot be made with a publishable API key"),
    ({"Authorization": "Bearer sk_live_1234567890"}, 401, "this is a live key"),
    ({"Authorization": "Bearer rk_live_1234567890"}, 401, "Invalid API Key provided: rk_live_******7890"),
    ({"Stripe-Account": "nobody"}, 403, "does not have access to account 'nobody'"),
    ({"Stripe-Version": "yesterday"}, 400, "Invalid Stripe API version: yesterday"),
    ({"Stripe-Version": "2026-08-26.zebra"}, 400, "Invalid Stripe API version: 2026-08-26.zebra"),
]  # fmt: skip


@pytest.mark.parametrize(("headers", "status", "said"), KEYS)
def test_bad_keys_accounts_and_versions_are_refused(
    api: Caller, headers: dict[str, str], status: int, said: str
) -> None:
    """A request without a usable key, account or version is refused, with the key masked."""
    reply = api("GET", "/v1/customers", headers)
    assert reply.status == status
    assert said in reply.error["message"]
    assert "1234567890" not in reply.error["message"]


@pytest.mark.parametrize(
    "authorization",
    ["Bearer sk_test_abc", "bearer rk_test_abc", "Basic " + b64encode(b"sk_test_abc:").decode()],
)
def test_test_keys_are_welcome(api: Caller, authorization: str) -> None:
    """Secret and restricted test keys work, by Bearer and by Basic."""
    assert api("GET", "/v1/customers", {"Authorization": authorization}).status == 200


def test_json_bodies_are_refused(api: Caller) -> None:
    """Stripe's v1 takes forms: a JSON body is refused before anything is executed."""
    answer = api.raw(
        "POST", "/v1/customers", b'{"name": "x"}', {"Content-Type": "application/json"}
    )
    assert answer.status == 400
    assert b"check that your POST content type is application/x-www-form-urlencoded" in answer.body


def test_no_key_is_ever_stored(tmp_path: Any, caller: type[Caller]) -> None:
    """The key of a request stands in no byte of the database and in no answer."""
    from stripe_emulator import Emulator

    file = tmp_path / "world.db"
    with Emulator(file) as world:
        api = caller(world, "sk_test_veryprivate")
        made = api("POST", "/v1/customers", {"Idempotency-Key": "K"}, name="n")
        assert "veryprivate" not in str(made)
    assert all(b"veryprivate" not in path.read_bytes() for path in tmp_path.iterdir())
