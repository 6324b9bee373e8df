"""Answers as Stripe was recorded to give them, where a person rehearses money."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from stripe_emulator.refusals import money

if TYPE_CHECKING:
    from emulator.conftest import Caller, Clock

URL = "https://a.example"


def checkout(api: Caller, amount: int, currency: str = "usd", **given: Any) -> Any:
    """Try to open a session for one thing of this amount."""
    data = {"currency": currency, "unit_amount": amount, "product_data": {"name": "Box"}}
    lines = [{"price_data": data, "quantity": 1}]
    whole = {"mode": "payment", "success_url": URL, "line_items": lines, **given}
    return api.post("/v1/checkout/sessions", **whole)


# amount, currency, code, message
PAYMENTS = [
    (49, "usd", "amount_too_small", "Amount must be at least $0.50 usd"),
    (29, "gbp", "amount_too_small", "Amount must be at least £0.30 gbp"),
    (49, "jpy", "amount_too_small", "Amount must be at least ¥50 jpy"),
    (17_499, "huf", "amount_too_small", "Amount must be at least 175.00 Ft huf"),
    (100_000_000, "usd", "amount_too_large", "Amount must be no more than $999,999.99"),
    (1_000_000_000, "inr", "amount_too_large", "Amount must be no more than ₹9,999,999.99"),
    (10**12, "idr", "amount_too_large", "Amount must be no more than IDR 9,999,999,999.99"),
]


@pytest.mark.parametrize(("amount", "currency", "code", "message"), PAYMENTS)
def test_payments_have_least_and_most(
    api: Caller, amount: int, currency: str, code: str, message: str
) -> None:
    """A PaymentIntent beyond what its currency allows is refused, to make it and to change it."""
    refused = {"code": code, "param": "amount", "message": message}
    given = {"amount": amount, "currency": currency}
    made = api.made("/v1/payment_intents", amount=20_000, currency=currency)
    changed = api.post(f"/v1/payment_intents/{made['id']}", amount=amount)
    for error in (api.post("/v1/payment_intents", **given).error, changed.error):
        assert {name: error[name] for name in refused} == refused


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        (50, "usd"),
        (30, "gbp"),
        (50, "jpy"),
        (1, "isk"),
        (999_999_999_999, "idr"),
        (99_999_999, "usd"),
    ],
)
def test_the_least_and_the_most_are_taken(api: Caller, amount: int, currency: str) -> None:
    """What just suffices, and all that fits, is taken."""
    assert api.made("/v1/payment_intents", amount=amount, currency=currency)["amount"] == amount


def test_a_checkout_has_a_least_total(api: Caller) -> None:
    """A session for less than the least is refused in Stripe's words; one for nothing is not."""
    error = checkout(api, 49).error
    assert (error["code"], error.get("param")) == ("amount_too_small", None)
    assert error["message"] == (
        "The Checkout Session's total amount due must add up to at least $0.50 usd"
    )
    assert checkout(api, 50)["amount_total"] == 50
    assert checkout(api, 0)["amount_total"] == 0


@pytest.mark.parametrize(("most", "currency", "shown"), [
    (99_999_999, "usd", "$999,999.99"),
    (99_999_999, "jpy", "¥99,999,999"),
    (999_999_999_999, "idr", "IDR 9,999,999,999.99"),
])  # fmt: skip
def test_a_checkout_has_a_greatest_total(api: Caller, most: int, currency: str, shown: str) -> None:
    """As many digits as a payment may have, however many lines it takes to have more."""
    taken = api.price(most, currency=currency)["id"]
    more = api.price(1, currency=currency)["id"]
    asked = {"mode": "payment", "success_url": "https://a.example"}
    lines = [{"price": taken, "quantity": 1}]
    made = api.made("/v1/checkout/sessions", line_items=lines, **asked)
    assert made["amount_total"] == most
    lines.append({"price": more, "quantity": 1})
    error = api.post("/v1/checkout/sessions", line_items=lines, **asked).error
    assert error["code"] == "amount_too_large"
    assert error["message"] == f"The Checkout Session's total amount due must be no more than {shown}."  # fmt: skip  # noqa: E501


YEARS = "The maximum number of trial period days is 730 (2 years)."
SOON = "The `trial_end` date has to be at least 2 days in the future."
FAR = "Invalid timestamp: can be no more than five years in the future."
DAY = 86_400


@pytest.mark.parametrize(("name", "days", "message"), [
    ("trial_period_days", 731, YEARS),
    ("trial_period_days", 10**9, YEARS),
    ("trial_end", 731, YEARS),
    ("trial_end", 6 * 366, FAR),
    ("trial_end", 1, SOON),
])  # fmt: skip
def test_a_trial_is_of_two_years_at_most(
    api: Caller, clock: Clock, name: str, days: int, message: str
) -> None:
    """In Checkout, which asks for two days at least, at once, and not when somebody pays."""
    value = days if name == "trial_period_days" else int(clock.now) + days * DAY
    lines = [{"price": api.price(monthly=True)["id"], "quantity": 1}]
    asked = {"mode": "subscription", "success_url": "https://a.example", "line_items": lines}
    error = api.post("/v1/checkout/sessions", subscription_data={name: value}, **asked).error
    assert (error["param"], error["message"]) == (f"subscription_data[{name}]", message)
    if message == SOON:
        return
    path, items = "/v1/subscriptions", [{"price": api.price(monthly=True)["id"]}]
    error = api.post(path, customer=api.payer()["id"], items=items, **{name: value}).error
    assert (error["param"], error["message"]) == (name, message)


def test_a_trial_is_not_put_off_for_more_than_two_years(api: Caller, clock: Clock) -> None:
    """An update keeps the same limit; just two years are taken, and more are not."""
    path = f"/v1/subscriptions/{subscribed(api, trial_period_days=730)['id']}"
    later = int(clock.now) + 730 * DAY
    assert api.made(path, trial_end=later)["trial_end"] == later
    assert api.post(path, trial_end=later + 1).error["message"] == YEARS


@pytest.mark.parametrize("keeps", ["on_subscription", "off"])
def test_a_trial_of_nobodys_card_waits_for_one(api: Caller, keeps: str) -> None:
    """There is a SetupIntent to save a card by; it becomes the subscription's if that is asked."""
    kept = {"save_default_payment_method": keeps}
    payer = api.made("/v1/customers")["id"]
    items = [{"price": api.price(monthly=True)["id"]}]
    made = api.made("/v1/subscriptions", customer=payer, items=items, trial_period_days=7,
                    payment_settings=kept, expand=["pending_setup_intent"])  # fmt: skip
    intent = made["pending_setup_intent"]
    assert (intent["status"], intent["customer"]) == ("requires_payment_method", payer)
    path = f"/v1/setup_intents/{intent['id']}/confirm"
    done = api.made(path, payment_method="pm_card_visa", return_url="https://a.example")
    assert done["status"] == "succeeded"
    now = api.get(f"/v1/subscriptions/{made['id']}")
    assert now["pending_setup_intent"] is None
    expected = done["payment_method"] if keeps == "on_subscription" else None
    assert now["default_payment_method"] == expected


def test_a_trial_of_a_known_card_waits_for_none(api: Caller) -> None:
    """Nor does one whose invoices are sent."""
    assert subscribed(api, trial_period_days=7)["pending_setup_intent"] is None
    sent: dict[str, Any] = {"collection_method": "send_invoice", "days_until_due": 5}
    assert subscribed(api, trial_period_days=7, **sent)["pending_setup_intent"] is None


def test_amounts_are_written_by_their_currency() -> None:
    """None, two or three digits of the minor unit, with the currency's own symbol."""
    written = {
        (4000, "usd"): "$40.00", (4000, "jpy"): "¥4,000", (1230, "kwd"): "KWD 1.230",
        (5, "eur"): "€0.05", (150_000, "sek"): "1,500.00 kr",
    }  # fmt: skip
    assert {pair: money(*pair) for pair in written} == written


def test_a_setup_session_is_about_no_money(api: Caller) -> None:
    """It has a SetupIntent from the beginning, needs no payment, and has no totals."""
    opened = api.made("/v1/checkout/sessions", mode="setup", currency="usd", success_url=URL)
    assert opened["payment_status"] == "no_payment_required"
    for name in ("total_details", "discounts", "saved_payment_method_options", "amount_total"):
        assert opened[name] is None, name
    intent = api.get(f"/v1/setup_intents/{opened['setup_intent']}")
    assert (intent["status"], intent["payment_method"]) == ("requires_payment_method", None)
    changed = api.made(f"/v1/checkout/sessions/{opened['id']}", metadata={"a": "b"})
    assert changed["setup_intent"] == intent["id"]


def default_method(customer: Any) -> Any:
    """What a customer's invoices are paid with."""
    return customer["invoice_settings"]["default_payment_method"]


def test_shared_methods_are_named_at_once(api: Caller) -> None:
    """A customer is made with a test card as its method and as its default in one request."""
    visa = "pm_card_visa"
    settings = {"default_payment_method": visa}
    made = api.made("/v1/customers", payment_method=visa, invoice_settings=settings)
    [method] = api.get("/v1/payment_methods", customer=made["id"])["data"]
    assert default_method(made) == method["id"]


def test_shared_methods_are_named_again(api: Caller) -> None:
    """Who attached a test card may name it so in later requests; it is the same one."""
    visa = "pm_card_visa"
    customer = api.made("/v1/customers")["id"]
    attached = api.made(f"/v1/payment_methods/{visa}/attach", customer=customer)["id"]
    settings = {"default_payment_method": visa}
    changed = api.made(f"/v1/customers/{customer}", invoice_settings=settings)
    price = api.price(monthly=True)["id"]
    subscribed = api.made(
        "/v1/subscriptions",
        customer=customer,
        items=[{"price": price}],
        default_payment_method=visa,
    )
    draft = api.made("/v1/invoices", customer=customer, default_payment_method=visa)
    named = [each["default_payment_method"] for each in (subscribed, draft)]
    assert [default_method(changed), *named] == [attached] * 3
    other = api.made("/v1/customers")["id"]
    refused = api.post(f"/v1/customers/{other}", invoice_settings=settings).error
    assert refused["param"] == "invoice_settings[default_payment_method]"


CARDS = [
    ("diners", "diners", "credit"), ("jcb", "jcb", "credit"), ("unionpay", "unionpay", "credit"),
    ("visa_debit", "visa", "debit"), ("mastercard_debit", "mastercard", "debit"),
    ("mastercard_prepaid", "mastercard", "prepaid"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "brand", "funding"), CARDS)
def test_test_cards_are_what_they_are(api: Caller, name: str, brand: str, funding: str) -> None:
    """Each test card has its brand and funding, by shared ID and by token, and pays."""
    shared = api.get(f"/v1/payment_methods/pm_card_{name}")["card"]
    token = api.made("/v1/payment_methods", type="card", card={"token": f"tok_{name}"})["card"]
    for card in (shared, token):
        assert (card["brand"], card["funding"]) == (brand, funding)
    assert api.paid(card=f"pm_card_{name}")["status"] == "succeeded"


# card, code, decline_code, and what stands beside them
DECLINES = [
    ("chargeDeclined", "card_declined", "generic_decline",
     {"advice_code": "try_again_later", "network_decline_code": "01"}),
    ("chargeDeclinedExpiredCard", "expired_card", "expired_card", {"param": "exp_month"}),
    ("chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc", {"param": "cvc"}),
    ("chargeDeclinedVelocityLimitExceeded", "card_declined", "card_velocity_exceeded", {}),
    ("chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds", {}),
    ("chargeDeclinedLostCard", "card_declined", "lost_card", {}),
    ("chargeDeclinedStolenCard", "card_declined", "stolen_card", {}),
    ("chargeDeclinedProcessingError", "processing_error", "processing_error", {}),
]  # fmt: skip


@pytest.mark.parametrize(("card", "code", "decline_code", "beside"), DECLINES)
def test_declines_tell_what_to_do(
    api: Caller, card: str, code: str, decline_code: str, beside: dict[str, str]
) -> None:
    """A declined card tells its codes, the advice and the parameter; the charge does, too."""
    ways = {"enabled": True, "allow_redirects": "never"}
    given = {"amount": 500, "currency": "usd", "confirm": True, "automatic_payment_methods": ways}
    error = api.post("/v1/payment_intents", **given, payment_method=f"pm_card_{card}").error
    assert (error["code"], error["decline_code"]) == (code, decline_code)
    names = ("advice_code", "network_decline_code", "param")
    assert {name: error[name] for name in names if name in error} == beside
    charge = api.get(f"/v1/charges/{error['charge']}")
    for name in ("advice_code", "network_decline_code"):
        assert charge["outcome"][name] == beside.get(name)


def test_a_card_that_is_always_declined_makes_no_customer(api: Caller) -> None:
    """A customer that comes with such a card is refused, and not made."""
    assert api.post("/v1/customers", payment_method="pm_card_chargeDeclined").status == 402
    assert api.get("/v1/customers")["data"] == []


@pytest.mark.parametrize("path", ["/v1/invoices", "/v1/subscriptions", "/v1/checkout/sessions"])
def test_automatic_tax_needs_a_place(api: Caller, path: str) -> None:
    """Without an address of the customer Stripe refuses it, with one the emulator does."""
    price = api.price(monthly=True)["id"]
    rest: dict[str, dict[str, Any]] = {
        "/v1/invoices": {},
        "/v1/subscriptions": {"items": [{"price": price}]},
        "/v1/checkout/sessions": {
            "mode": "subscription",
            "success_url": URL,
            "line_items": [{"price": price, "quantity": 1}],
        },
    }
    given = {**rest[path], "automatic_tax": {"enabled": True}}
    nowhere = api.post(path, customer=api.payer()["id"], **given).error
    assert (nowhere["code"], "param" in nowhere) == ("customer_tax_location_invalid", False)
    somewhere = api.payer(address={"country": "US", "postal_code": "94111"})["id"]
    assert api.post(path, customer=somewhere, **given).error["type"] == "emulator_error"


@pytest.mark.parametrize("quantity", [{}, {"quantity": 0}], ids=["missing", "none"])
def test_a_checkout_says_how_many(api: Caller, quantity: dict[str, int]) -> None:
    """A second line without a quantity, or of none, is refused where Stripe blames it."""
    price = api.price()["id"]
    lines = [{"price": price, "quantity": 1}, {"price": price, **quantity}]
    error = checkout(api, 50, line_items=lines).error
    words = {
        "line_items[1]": "Quantity is required. Add `quantity` to `line_items[1]`",
        "line_items[1][quantity]": "This value must be greater than or equal to 1.",
    }
    assert error["param"] == ("line_items[1][quantity]" if quantity else "line_items[1]")
    assert error["message"] == words[error["param"]]


def test_what_is_metered_has_no_quantity(api: Caller) -> None:
    """A quantity of it is refused, none of it is due up front, and none is shown."""
    recurring = {"interval": "month", "usage_type": "metered", "meter": "mtr_1"}
    price = api.price(700, recurring=recurring)["id"]
    payer = api.payer()["id"]
    lines = [{"price": price, "quantity": 2}]
    refused = checkout(api, 50, mode="subscription", line_items=lines).error["message"]
    assert refused == (
        "Quantity should not be specified where usage_type is `metered`. Remove quantity from "
        "`line_items[0]`"
    )
    also = api.post("/v1/subscriptions", customer=payer, items=lines).error["message"]
    assert also == "You cannot set the quantity for metered plans."
    made = api.made(
        "/v1/subscriptions", customer=payer, items=[{"price": price}], expand=["latest_invoice"]
    )
    [item] = made["items"]["data"]
    assert ("quantity" in item, made["quantity"]) == (False, None)
    assert (made["latest_invoice"]["amount_due"], made["status"]) == (0, "active")
    opened = checkout(api, 50, mode="subscription", line_items=[{"price": price}])
    assert opened["amount_total"] == 0
    done = api.made(f"/v1/test_helpers/checkout/sessions/{opened['id']}/complete")
    assert done["payment_status"] == "no_payment_required"


@pytest.mark.parametrize("wrong", [{"images": ["lamp"]}, {"url": "a.example"}])
def test_addresses_are_judged(api: Caller, wrong: dict[str, Any]) -> None:
    """What is no address is refused where a product has one."""
    error = api.post("/v1/products", name="Lamp", **wrong).error
    param = "images[0]" if "images" in wrong else "url"
    told = {"code": "url_invalid", "message": "Not a valid URL", "param": param}
    assert {name: error[name] for name in told} == told


def test_refusals_lead_to_the_log(api: Caller) -> None:
    """Every refusal of a request that was understood says where to look it up; others do not."""
    for reply in (api.get("/v1/customers/cus_no"), api.post("/v1/customers", email="x")):
        assert reply.headers["Request-Id"] in reply.error["request_log_url"]
    declined = api.post("/v1/payment_methods/pm_card_chargeDeclined/attach",
                        customer=api.made("/v1/customers")["id"])  # fmt: skip
    assert "request_log_url" in declined.error
    for reply in (api.get("/v1/nothing"), api.post("/v1/customers", source="tok_visa")):
        assert "request_log_url" not in reply.error


def subscribed(api: Caller, card: str = "pm_card_visa", **given: Any) -> Any:
    """Subscribe somebody with this card, and show the first invoice with its payments."""
    price = api.price(1900, monthly=True)["id"]
    expand = ["latest_invoice.payments", "latest_invoice.confirmation_secret"]
    return api.made(
        "/v1/subscriptions",
        customer=api.payer(card)["id"],
        items=[{"price": price}],
        expand=expand,
        **given,
    )


def intents(api: Caller, invoice: Any) -> list[Any]:
    """The PaymentIntents of an invoice's payments."""
    rows = [row["payment"]["payment_intent"] for row in invoice["payments"]["data"]]
    return [api.get(f"/v1/payment_intents/{id_}").data for id_ in rows]


def test_a_first_payment_is_kept_for_later_ones(api: Caller) -> None:
    """It says what it is for, is captured at once and may be repeated without the payer."""
    invoice = subscribed(api)["latest_invoice"]
    [intent] = intents(api, invoice)
    told = {
        "capture_method": "automatic",
        "setup_future_usage": "off_session",
        "description": "Subscription creation",
        "status": "succeeded",
    }
    assert {name: intent[name] for name in told} == told
    assert invoice["confirmation_secret"]["client_secret"] == intent["client_secret"]
    assert [row["status"] for row in invoice["payments"]["data"]] == ["paid"]


def test_a_first_payment_waits_for_its_payer(api: Caller) -> None:
    """With a card that asks, nothing has been attempted, and there is one payment to confirm."""
    made = subscribed(api, "pm_card_authenticationRequired")
    invoice = made["latest_invoice"]
    [intent] = intents(api, invoice)
    assert (made["status"], invoice["status"]) == ("incomplete", "open")
    assert (invoice["attempt_count"], invoice["auto_advance"]) == (0, True)
    assert (intent["status"], intent["last_payment_error"]) == ("requires_action", None)
    assert [row["status"] for row in invoice["payments"]["data"]] == ["open"]


def test_a_trial_begins_with_lines_of_nothing(api: Caller) -> None:
    """The first invoice of a trial has its items at a price of 0."""
    [line] = subscribed(api, trial_period_days=7)["latest_invoice"]["lines"]["data"]
    assert (line["amount"], line["pricing"]["unit_amount_decimal"]) == (0, "0")


def test_a_balance_transaction_comes_a_moment_later(api: Caller, clock: Clock) -> None:
    """A payment captured asynchronously has none yet; one that is captured at once has."""
    later, now = api.paid(900), api.paid(900, capture_method="automatic")

    def transaction(intent: Any) -> Any:
        return api.get(f"/v1/charges/{intent['latest_charge']}")["balance_transaction"]

    assert (transaction(later), transaction(now)[:4]) == (None, "txn_")
    clock.now += 1
    assert transaction(later).startswith("txn_")


def test_a_subscription_has_the_currency_of_its_prices(api: Caller) -> None:
    """Asking for another one is refused."""
    price, payer = api.price(monthly=True)["id"], api.payer()["id"]
    given = {"customer": payer, "items": [{"price": price}], "currency": "eur"}
    message = api.post("/v1/subscriptions", **given).error["message"]
    assert message == (
        "The price specified only supports `usd`. This doesn't match the expected currency: `eur`."
    )


@pytest.mark.parametrize("use_stripe_sdk", [True, False])
def test_who_brings_stripes_library_is_not_sent_away(api: Caller, use_stripe_sdk: bool) -> None:  # noqa: FBT001
    """Authentication is left to Stripe.js where it is asked for, else it is a page to visit."""
    intent = api.paid(
        card="pm_card_authenticationRequired",
        automatic_payment_methods={"enabled": True},
        return_url=URL,
        use_stripe_sdk=use_stripe_sdk,
    )
    wanted = "use_stripe_sdk" if use_stripe_sdk else "redirect_to_url"
    assert intent["next_action"]["type"] == wanted


CARDS_OF_NOBODY = [
    ({"exp_month": 13}, "invalid_expiry_month", "card[exp_month]", "expiration month"),
    ({"exp_year": 2020}, "invalid_expiry_year", "card[exp_year]", "expiration year"),
    ({"cvc": "12"}, "invalid_cvc", "card[cvc]", "security code"),
    ({"number": "4242424242424241"}, "incorrect_number", "card[number]", "number"),
]


@pytest.mark.parametrize(("wrong", "code", "param", "called"), CARDS_OF_NOBODY)
def test_a_card_that_cannot_be_is_refused(
    api: Caller, wrong: dict[str, Any], code: str, param: str, called: str
) -> None:
    """What no card has is refused as a card's mistake, where it stands."""
    card = {"number": "4242424242424242", "exp_month": 5, "exp_year": 2099, "cvc": "123"}
    error = api.post("/v1/payment_methods", type="card", card=card | wrong).error
    assert (error["type"], error["code"], error["param"]) == ("card_error", code, param)
    assert called in error["message"]


def test_a_subscription_keeps_what_it_was_paid_with(api: Caller) -> None:
    """The card of the first payment becomes the subscription's own where that was asked for."""
    kept = {"save_default_payment_method": "on_subscription"}
    made = subscribed(api, payment_settings=kept)
    [intent] = intents(api, made["latest_invoice"])
    assert made["default_payment_method"] == intent["payment_method"]
    assert subscribed(api)["default_payment_method"] is None


def test_an_invoice_keeps_its_number_and_pages(api: Caller) -> None:
    """A number, a date and a page size that were given are those of the finalized invoice."""
    given = {
        "number": "A-1",
        "effective_at": 1_780_000_000,
        "rendering": {"pdf": {"page_size": "a4"}},
    }
    draft = api.made("/v1/invoices", customer=api.made("/v1/customers")["id"], **given)
    opened = api.made(f"/v1/invoices/{draft['id']}/finalize")
    assert (opened["number"], opened["effective_at"]) == ("A-1", 1_780_000_000)
    assert opened["rendering"]["pdf"] == {"page_size": "a4"}


def test_nobody_chooses_an_amount(api: Caller) -> None:
    """A price whose amount the payer chooses is kept, and refused in Checkout."""
    custom = {"custom_unit_amount": {"enabled": True}, "product_data": {"name": "Gift"}}
    price = api.made("/v1/prices", currency="usd", **custom)["id"]
    error = checkout(api, 50, line_items=[{"price": price, "quantity": 1}]).error
    assert (error["type"], error["param"]) == ("emulator_error", "line_items[0][price]")


def test_what_is_left_blank_is_not_set(api: Caller) -> None:
    """Blank texts that Stripe unsets are no refusals, though its document does not say so."""
    made = api.made("/v1/customers", name="", description="")
    assert (made["name"], made["description"]) == (None, None)
    first = subscribed(api, default_payment_method="")
    changed = api.made(f"/v1/subscriptions/{first['id']}", default_payment_method="")
    assert changed["default_payment_method"] is None


def test_a_shipping_rate_is_found_again(api: Caller) -> None:
    """What a session makes of shipping data is a rate, which others name and which is expanded."""
    amount = {"amount": 500, "currency": "usd"}
    data = {"display_name": "Post", "type": "fixed_amount", "fixed_amount": amount}
    first = checkout(api, 900, shipping_options=[{"shipping_rate_data": data}])
    [option] = first["shipping_options"]
    rate = api.get(f"/v1/shipping_rates/{option['shipping_rate']}")
    assert (rate["display_name"], rate["fixed_amount"]) == ("Post", amount)
    other = checkout(
        api,
        900,
        shipping_options=[{"shipping_rate": rate["id"]}],
        expand=["shipping_cost.shipping_rate"],
    )
    assert (other["amount_total"], other["shipping_cost"]["shipping_rate"]) == (1400, rate.data)
    error = checkout(api, 900, shipping_options=[{"shipping_rate": "shr_no"}]).error
    assert (error["code"], error["param"]) == (
        "resource_missing",
        "shipping_options[0][shipping_rate]",
    )


MOST = 99_999_999
TOO_MUCH = "Amount must be no more than $999,999.99"


def test_an_item_has_a_greatest_amount(api: Caller) -> None:
    """As a payment has, whether it is a debt or a credit, however many of it there are."""
    asked = {"customer": api.payer()["id"], "currency": "usd"}
    path = "/v1/invoiceitems"
    for amount in (MOST, -MOST):
        assert api.made(path, amount=amount, **asked)["amount"] == amount
    for given in ({"amount": MOST + 1}, {"amount": -MOST - 1},
                  {"unit_amount_decimal": "1000", "quantity": 100_000}):  # fmt: skip
        error = api.post(path, **asked, **given).error
        assert (error["code"], error["message"]) == ("amount_too_large", TOO_MUCH)


def test_an_invoice_of_too_much_is_not_paid_by_card(api: Caller) -> None:
    """It stays open; outside of Stripe anything can be paid."""
    payer = api.payer()["id"]
    draft = api.made("/v1/invoices", customer=payer, auto_advance=False)["id"]
    for amount in (MOST, 1):
        api.made("/v1/invoiceitems", customer=payer, invoice=draft, amount=amount, currency="usd")
    api.made(f"/v1/invoices/{draft}/finalize")
    assert api.post(f"/v1/invoices/{draft}/pay").error["code"] == "amount_too_large"
    assert api.get(f"/v1/invoices/{draft}")["status"] == "open"
    assert api.made(f"/v1/invoices/{draft}/pay", paid_out_of_band=True)["status"] == "paid"


def test_a_subscription_is_of_no_more_than_can_be_paid(api: Caller) -> None:
    """When it is made and when it is changed."""
    price = api.price(1000, monthly=True)["id"]
    path, payer = "/v1/subscriptions", api.payer()["id"]
    too_many = [{"price": price, "quantity": 100_000}]
    error = api.post(path, customer=payer, items=too_many).error
    assert error["param"] == "items[0][quantity]"
    assert error["message"].endswith("must be no more than $999,999.99 USD")
    made = api.made(path, customer=payer, items=[{"price": price, "quantity": 99_999}])
    changed = [{"id": made["items"]["data"][0]["id"], "quantity": 100_000}]
    assert api.post(f"{path}/{made['id']}", items=changed).error["param"] == "items[0][quantity]"


@pytest.mark.parametrize("given", [
    {"cancel_at": 5},
    {"pause_collection": {"behavior": "void", "resumes_at": 5}},
])  # fmt: skip
def test_what_is_to_be_in_the_future_is_not_in_the_past(api: Caller, given: dict[str, Any]) -> None:
    """Neither the end of a subscription nor that of its pause."""
    error = api.post(f"/v1/subscriptions/{subscribed(api)['id']}", **given).error
    assert error["param"] in {"cancel_at", "pause_collection[resumes_at]"}
    assert error["message"] == "Invalid timestamp: must be an integer Unix timestamp in the future."


def test_a_canceled_subscription_has_no_next_invoice(api: Caller) -> None:
    """Its preview is refused as anybody's who has nothing to pay."""
    made = subscribed(api)
    api.delete(f"/v1/subscriptions/{made['id']}")
    reply = api.post("/v1/invoices/create_preview", subscription=made["id"])
    assert (reply.status, reply.error["code"]) == (404, "invoice_upcoming_none")


def test_a_refund_is_of_one_payment_and_of_something(api: Caller) -> None:
    """Judged before anything is looked up: whether it is refunded already does not matter."""
    paid = api.paid(500)
    api.made("/v1/refunds", payment_intent=paid["id"])
    both = {"payment_intent": paid["id"], "charge": paid["latest_charge"]}
    message = "You may only specify one of these parameters: charge, payment_intent."
    assert api.post("/v1/refunds", **both).error["message"] == message
    error = api.post("/v1/refunds", payment_intent=paid["id"], amount=0).error
    assert (error["code"], error["param"]) == ("parameter_invalid_integer", "amount")


@pytest.mark.parametrize(("given", "param"), [
    ({"unit_amount_decimal": "-0.5"}, "unit_amount_decimal"),
    ({"unit_amount": 5, "transform_quantity": {"divide_by": 0, "round": "up"}},
     "transform_quantity[divide_by]"),
])  # fmt: skip
def test_a_price_can_be_reckoned_with(api: Caller, given: dict[str, Any], param: str) -> None:
    """It is not less than nothing, and packages have something in them."""
    data = {"currency": "usd", "product_data": {"name": "Box"}}
    assert api.post("/v1/prices", **data, **given).error["param"] == param


def test_days_until_due_belong_to_what_is_sent(api: Caller) -> None:
    """A subscription that is charged again has none, by the document's words."""
    path = f"/v1/subscriptions/{subscribed(api)['id']}"
    sent = api.made(path, collection_method="send_invoice", days_until_due=5)
    assert sent["days_until_due"] == 5
    assert api.made(path, collection_method="charge_automatically")["days_until_due"] is None
