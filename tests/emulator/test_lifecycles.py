"""What becomes of objects: catalogue, billing, payments, checkout."""

# ruff: noqa: E501 - rows and requests read best on one line

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.conftest import Caller, Clock

DAY = 86_400


def types(api: Caller) -> list[str]:
    """Event types so far, oldest first."""
    return [row["type"] for row in api.get("/v1/events", limit=100)["data"]][::-1]


# --- catalogue ---------------------------------------------------------------------------------


def test_product_with_prices_cannot_be_deleted(api: Caller) -> None:
    """A product that has a price is refused deletion; one without is gone for good."""
    price = api.price()
    reply = api.delete(f"/v1/products/{price['product']}")
    assert "one or more user-created prices" in reply.error["message"]
    product = api.made("/v1/products", name="n")
    assert api.delete(f"/v1/products/{product['id']}").data == {
        "id": product["id"], "object": "product", "deleted": True}  # fmt: skip
    assert api.get(f"/v1/products/{product['id']}").status == 404


def test_default_price_rules(api: Caller) -> None:
    """The default price is one of the product's own and stays active."""
    made = api.made(
        "/v1/products", name="n", default_price_data={"currency": "usd", "unit_amount": 5}
    )
    price = api.get(f"/v1/prices/{made['default_price']}")
    assert price["product"] == made["id"]
    refused = api.post(f"/v1/prices/{price['id']}", active=False)
    assert "it is the default price of its product" in refused.error["message"]
    assert api.post(f"/v1/products/{made['id']}", default_price=api.price()["id"]).status == 400
    other = api.price(product=made["id"])
    api.made(f"/v1/products/{made['id']}", default_price=other["id"])
    assert api.made(f"/v1/prices/{price['id']}", active=False)["active"] is False


def test_custom_product_id_is_unique(api: Caller) -> None:
    """A product may bring its id, once."""
    assert api.made("/v1/products", name="n", id="lamp")["id"] == "lamp"
    assert api.post("/v1/products", name="n", id="lamp").error["code"] == "resource_already_exists"


def test_lookup_key_moves_only_on_request(api: Caller) -> None:
    """A lookup key is unique, inactive holders included, and moves with transfer_lookup_key."""
    holder = api.price(lookup_key="k")
    api.made(f"/v1/prices/{holder['id']}", active=False)
    assert (
        api.post(
            "/v1/prices", currency="usd", unit_amount=1, product=holder["product"], lookup_key="k"
        ).error["param"]
        == "lookup_key"
    )
    taker = api.price(lookup_key="k", transfer_lookup_key=True)
    assert taker["lookup_key"] == "k"
    assert api.get(f"/v1/prices/{holder['id']}")["lookup_key"] is None


def test_tax_behavior_is_final(api: Caller) -> None:
    """Once exclusive or inclusive, tax behaviour cannot change."""
    price = api.price()
    api.made(f"/v1/prices/{price['id']}", tax_behavior="exclusive")
    assert api.post(f"/v1/prices/{price['id']}", tax_behavior="inclusive").status == 400
    assert api.post(f"/v1/prices/{price['id']}", tax_behavior="exclusive").status == 200


def test_metadata_merges_and_unsets(api: Caller) -> None:
    """Metadata merges; an empty value removes a key and an empty string everything."""
    path = f"/v1/customers/{api.made('/v1/customers', metadata={'a': '1', 'b': '2'})['id']}"
    assert api.post(path, metadata={"b": "", "c": "3"})["metadata"] == {"a": "1", "c": "3"}
    assert api.post(path, metadata="")["metadata"] == {}


def test_address_merges_and_unsets(api: Caller) -> None:
    """Leaves of an address merge; an empty string unsets the whole."""
    made = api.made("/v1/customers", address={"city": "Oslo", "country": "NO"})
    assert set(made["address"]) == {"city", "country", "line1", "line2", "postal_code", "state"}
    path = f"/v1/customers/{made['id']}"
    assert api.post(path, address={"line1": "Street 1"})["address"]["city"] == "Oslo"
    assert api.post(path, address="")["address"] is None


def test_deleting_a_customer_ends_its_subscriptions(api: Caller) -> None:
    """A deleted customer's live subscriptions are canceled; it stays as a stub and takes no updates."""
    payer, price = api.payer(), api.price(monthly=True)
    started = api.made("/v1/subscriptions", customer=payer["id"], items=[{"price": price["id"]}])
    path = f"/v1/customers/{payer['id']}"
    stub = api.delete(path).data
    assert api.get(path).data == stub == {"id": payer["id"], "object": "customer", "deleted": True}
    assert api.get(f"/v1/subscriptions/{started['id']}")["status"] == "canceled"
    assert api.post(path, name="x").status == api.delete(path).status == 404
    assert api.post("/v1/invoices", customer=payer["id"]).error["param"] == "customer"
    assert "customer.subscription.deleted" in types(api)


# --- invoices ----------------------------------------------------------------------------------


def test_pending_items_come_only_when_included(api: Caller) -> None:
    """Pending items stay pending unless a draft includes them; an item with invoice joins at once."""
    customer = api.made("/v1/customers", email="a@example.com")
    pending = api.made("/v1/invoiceitems", customer=customer["id"], amount=700, currency="usd")
    assert pending["invoice"] is None
    plain = api.made("/v1/invoices", customer=customer["id"])
    assert plain["total"] == 0
    api.made(
        "/v1/invoiceitems", customer=customer["id"], invoice=plain["id"], amount=-50, currency="usd"
    )
    assert api.get(f"/v1/invoices/{plain['id']}")["total"] == -50
    full = api.made(
        "/v1/invoices", customer=customer["id"], pending_invoice_items_behavior="include"
    )
    assert (full["total"], full["amount_due"], full["lines"]["total_count"]) == (700, 700, 1)
    assert api.get(f"/v1/invoiceitems/{pending['id']}")["invoice"] == full["id"]


def test_item_of_a_price_has_its_amount(api: Caller) -> None:
    """An item of a price costs price times quantity; amounts make no rows in the catalogue."""
    customer, price = api.made("/v1/customers"), api.price(250)
    before = len(api.get("/v1/prices")["data"])
    item = api.made(
        "/v1/invoiceitems", customer=customer["id"], pricing={"price": price["id"]}, quantity=3
    )
    assert (item["amount"], item["pricing"]["price_details"]["price"]) == (750, price["id"])
    api.made("/v1/invoiceitems", customer=customer["id"], amount=5, currency="usd")
    assert len(api.get("/v1/prices")["data"]) == before
    monthly = api.price(monthly=True)
    assert (
        api.post(
            "/v1/invoiceitems", customer=customer["id"], pricing={"price": monthly["id"]}
        ).error["param"]
        == "pricing[price]"
    )


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"collection_method": "send_invoice", "days_until_due": 30}, 200),
        ({"collection_method": "send_invoice", "due_date": 1_790_100_000}, 200),
        ({"collection_method": "send_invoice", "due_date": 1_672_531_200}, 400),
        ({"collection_method": "send_invoice"}, 400),
        ({"days_until_due": 30}, 400),
        (
            {"collection_method": "send_invoice", "days_until_due": 1, "due_date": 1_790_100_000},
            400,
        ),
    ],
)
def test_due_dates_belong_to_sent_invoices(api: Caller, given: dict[str, Any], status: int) -> None:
    """send_invoice needs exactly one of due_date and days_until_due, in the future; others take none."""
    customer = api.made("/v1/customers", email="a@example.com")
    reply = api.post("/v1/invoices", customer=customer["id"], **given)
    assert reply.status == status
    if status == 200:
        assert reply["due_date"] in {1_790_100_000, 1_790_000_000 + 30 * DAY}


def test_invoice_from_draft_to_paid(api: Caller) -> None:
    """A draft is finalized, numbered and paid; then it can no longer be changed, deleted or voided."""
    payer = api.payer()
    draft = api.made("/v1/invoices", customer=payer["id"], auto_advance=True)
    api.made(
        "/v1/invoiceitems", customer=payer["id"], invoice=draft["id"], amount=900, currency="usd"
    )
    path = f"/v1/invoices/{draft['id']}"
    assert api.get(path)["automatically_finalizes_at"] == draft["created"] + 3600
    opened = api.post(f"{path}/finalize")
    assert (opened["status"], opened["number"]) == ("open", f"{payer['invoice_prefix']}-0001")
    assert api.post(f"{path}/finalize").status == 400
    assert (
        api.post(
            "/v1/invoiceitems", customer=payer["id"], invoice=draft["id"], amount=1, currency="usd"
        ).error["code"]
        == "invoice_not_editable"
    )
    paid = api.post(f"{path}/pay", expand=["payments.data.payment.payment_intent"])
    assert (paid["status"], paid["amount_paid"], paid["amount_remaining"]) == ("paid", 900, 0)
    assert paid["payments"]["data"][0]["payment"]["payment_intent"]["status"] == "succeeded"
    assert api.post(f"{path}/pay").error["message"] == "Invoice is already paid"
    assert api.post(f"{path}/void").status == api.delete(path).status == 400
    assert {
        "invoice.created",
        "invoice.finalized",
        "invoice.paid",
        "invoice.payment_succeeded",
    } <= set(types(api))


def test_declined_invoice_stays_open(api: Caller) -> None:
    """A declined card answers 402, the invoice stays open and counts the attempt."""
    payer = api.payer("pm_card_chargeCustomerFail")
    draft = api.made("/v1/invoices", customer=payer["id"])
    api.made(
        "/v1/invoiceitems", customer=payer["id"], invoice=draft["id"], amount=900, currency="usd"
    )
    assert api.post(f"/v1/invoices/{draft['id']}/pay").status == 402
    left = api.get(f"/v1/invoices/{draft['id']}")
    assert (left["status"], left["attempt_count"], left["attempted"]) == ("open", 1, True)
    assert (
        api.post(f"/v1/invoices/{draft['id']}/pay", payment_method="pm_card_visa")["status"]
        == "paid"
    )


def test_open_invoice_is_voided(api: Caller) -> None:
    """Only open invoices are voided, and a void one stays void."""
    customer = api.made("/v1/customers")
    draft = api.made("/v1/invoices", customer=customer["id"])
    api.made(
        "/v1/invoiceitems", customer=customer["id"], invoice=draft["id"], amount=9, currency="usd"
    )
    path = f"/v1/invoices/{draft['id']}"
    assert api.post(f"{path}/void").status == 400
    api.made(f"{path}/finalize")
    assert api.post(f"{path}/void")["status"] == "void"
    assert api.post(f"{path}/pay").status == 400


def test_deleted_draft_takes_its_items_along(api: Caller) -> None:
    """Deleting a draft deletes its items; invoices of subscriptions cannot be deleted."""
    customer, price = api.made("/v1/customers", email="a@example.com"), api.price(monthly=True)
    draft = api.made("/v1/invoices", customer=customer["id"])
    item = api.made(
        "/v1/invoiceitems", customer=customer["id"], invoice=draft["id"], amount=9, currency="usd"
    )
    assert api.delete(f"/v1/invoices/{draft['id']}")["deleted"] is True
    assert api.get(f"/v1/invoiceitems/{item['id']}").status == 404
    started = api.made("/v1/subscriptions", customer=customer["id"], items=[{"price": price["id"]}],
                       collection_method="send_invoice", days_until_due=3)  # fmt: skip
    assert api.delete(f"/v1/invoices/{started['latest_invoice']}").status == 400


# --- subscriptions -----------------------------------------------------------------------------


def test_subscription_starts_with_a_paid_invoice(api: Caller) -> None:
    """A subscription is active after its first invoice is paid, for one month from now."""
    payer, price = api.payer(), api.price(monthly=True)
    made = api.made("/v1/subscriptions", customer=payer["id"], items=[{"price": price["id"], "quantity": 2}],
                    expand=["latest_invoice"])  # fmt: skip
    item = made["items"]["data"][0]
    assert (made["status"], item["quantity"], made["quantity"]) == ("active", 2, 2)
    assert item["current_period_end"] - item["current_period_start"] in {
        d * DAY for d in (28, 29, 30, 31)
    }
    assert (made["latest_invoice"]["status"], made["latest_invoice"]["amount_paid"]) == (
        "paid",
        2000,
    )
    assert made["latest_invoice"]["billing_reason"] == "subscription_create"
    assert made["latest_invoice"]["parent"]["subscription_details"]["subscription"] == made["id"]
    assert [row["id"] for row in api.get("/v1/invoices", subscription=made["id"])["data"]] == [
        made["latest_invoice"]["id"]
    ]


@pytest.mark.parametrize(
    ("card", "given", "status"),
    [
        ("pm_card_visa", {"trial_period_days": 7}, "trialing"),
        ("pm_card_chargeCustomerFail", {}, "incomplete"),
        ("pm_card_chargeCustomerFail", {"payment_behavior": "error_if_incomplete"}, 402),
        ("pm_card_visa", {"payment_behavior": "default_incomplete"}, "incomplete"),
        ("pm_card_visa", {"collection_method": "send_invoice", "days_until_due": 5}, "active"),
        ("pm_card_visa", {"collection_method": "send_invoice"}, 400),
        ("pm_card_visa", {"days_until_due": 5}, 400),
        ("pm_card_visa", {"cancel_at_period_end": True}, "active"),
    ],
)
def test_how_subscriptions_start(
    api: Caller, card: str, given: dict[str, Any], status: object
) -> None:
    """Trial, declined card, payment behaviour and collection method decide the first status."""
    payer, price = api.payer(card), api.price(monthly=True)
    reply = api.post(
        "/v1/subscriptions", customer=payer["id"], items=[{"price": price["id"]}], **given
    )
    assert (reply["status"] if reply.status == 200 else reply.status) == status
    assert len(api.get("/v1/subscriptions", status="all")["data"]) == int(reply.status == 200)


def test_incomplete_subscription_is_activated_by_paying(api: Caller) -> None:
    """The client secret of default_incomplete pays the invoice and activates the subscription."""
    payer, price = api.payer(), api.price(monthly=True)
    made = api.made("/v1/subscriptions", customer=payer["id"], items=[{"price": price["id"]}],
                    payment_behavior="default_incomplete",
                    expand=["latest_invoice.confirmation_secret"])  # fmt: skip
    secret = made["latest_invoice"]["confirmation_secret"]["client_secret"]
    intent = secret.partition("_secret_")[0]
    api.made(
        f"/v1/payment_intents/{intent}/confirm",
        payment_method="pm_card_visa",
        return_url="https://a.example",
    )
    assert api.get(f"/v1/subscriptions/{made['id']}")["status"] == "active"
    assert api.get(f"/v1/invoices/{made['latest_invoice']['id']}")["status"] == "paid"


@pytest.mark.parametrize(
    ("items", "said"),
    [
        (lambda m, o: [{"price": o}], "but this field only accepts prices with `type=recurring`"),
        (
            lambda m, o: [{"price": m}, {"price": m}],
            "multiple Subscription Items with the same Price",
        ),
        (lambda m, o: [{"quantity": 2}], "Missing required param: items[0][price]."),
    ],
)
def test_subscription_items_are_judged(api: Caller, items: Any, said: str) -> None:
    """One-time prices, the same price twice and items without price are refused."""
    payer, monthly, once = api.payer(), api.price(monthly=True), api.price()
    reply = api.post(
        "/v1/subscriptions", customer=payer["id"], items=items(monthly["id"], once["id"])
    )
    assert said in reply.error["message"]


def test_subscription_without_a_card_is_refused(api: Caller) -> None:
    """Charging automatically needs a default card."""
    customer, price = api.made("/v1/customers"), api.price(monthly=True)
    reply = api.post("/v1/subscriptions", customer=customer["id"], items=[{"price": price["id"]}])
    assert (reply.status, reply.error["code"]) == (400, "resource_missing")
    assert "no attached payment source or default payment method" in reply.error["message"]


def test_items_of_a_subscription_change(api: Caller) -> None:
    """Items named by id change or go, others are added, unknown ones are refused, unnamed ones stay."""
    payer, one, two = api.payer(), api.price(100, monthly=True), api.price(200, monthly=True)
    made = api.made("/v1/subscriptions", customer=payer["id"], items=[{"price": one["id"]}])
    path, first = f"/v1/subscriptions/{made['id']}", made["items"]["data"][0]["id"]
    both = api.made(path, items=[{"price": two["id"], "quantity": 4}])["items"]["data"]
    assert [(row["price"]["id"], row["quantity"]) for row in both] == [
        (one["id"], 1),
        (two["id"], 4),
    ]
    assert api.post(path, items=[{"price": two["id"]}]).status == 400
    left = api.made(path, items=[{"id": first, "deleted": True}])["items"]["data"]
    assert [row["price"]["id"] for row in left] == [two["id"]]
    assert api.post(path, items=[{"id": left[0]["id"], "deleted": True}]).status == 400
    assert api.post(path, items=[{"id": "si_no", "quantity": 1}]).error["param"] == "items[0][id]"


def test_cancel_at_period_end_and_at_once(api: Caller) -> None:
    """Cancelling at period end can be undone; cancelling at once is final and 404 the second time."""
    payer, price = api.payer(), api.price(monthly=True)
    made = api.made("/v1/subscriptions", customer=payer["id"], items=[{"price": price["id"]}])
    path, end = f"/v1/subscriptions/{made['id']}", made["items"]["data"][0]["current_period_end"]
    leaving = api.made(path, cancel_at_period_end=True)
    assert (leaving["status"], leaving["cancel_at"], leaving["cancel_at_period_end"]) == (
        "active",
        end,
        True,
    )
    stays = api.made(path, cancel_at_period_end=False)
    assert (stays["cancel_at"], stays["canceled_at"]) == (None, None)
    gone = api.delete(path, cancellation_details={"comment": "bye"})
    assert (gone["status"], gone["cancellation_details"]["comment"]) == ("canceled", "bye")
    assert gone["cancellation_details"]["reason"] == "cancellation_requested"
    assert api.delete(path).status == 404
    assert api.post(path, metadata={"a": "b"})["metadata"] == {"a": "b"}
    assert api.post(path, description="x").error["code"] == "invalid_canceled_subscription_fields"


# --- payments ----------------------------------------------------------------------------------

DECLINES = [
    ("pm_card_visa_chargeDeclined", "card_declined", "generic_decline", "Your card was declined."),
    ("pm_card_chargeDeclined", "card_declined", "generic_decline", "Your card was declined."),
    ("pm_card_visa_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds", "Your card has insufficient funds."),
    ("pm_card_chargeDeclinedInsufficientFunds", "card_declined", "insufficient_funds", "Your card has insufficient funds."),
    ("pm_card_visa_chargeDeclinedLostCard", "card_declined", "lost_card", "Your card was declined."),
    ("pm_card_visa_chargeDeclinedStolenCard", "card_declined", "stolen_card", "Your card was declined."),
    ("pm_card_chargeDeclinedExpiredCard", "expired_card", "expired_card", "Your card has expired."),
    ("pm_card_chargeDeclinedIncorrectCvc", "incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."),
    ("pm_card_chargeDeclinedProcessingError", "processing_error", "processing_error", "An error occurred while processing your card. Try again in a little bit."),
]  # fmt: skip


@pytest.mark.parametrize(("card", "code", "decline", "said"), DECLINES)
def test_declined_cards_answer_402(
    api: Caller, card: str, code: str, decline: str, said: str
) -> None:
    """Each declining test card answers its 402, with the intent in it and the error kept on the intent."""
    reply = api.post("/v1/payment_intents", amount=500, currency="usd", payment_method=card,
                     confirm=True, return_url="https://a.example")  # fmt: skip
    error = reply.error
    assert reply.status == 402
    assert (error["type"], error["code"], error["decline_code"], error["message"]) == (
        "card_error",
        code,
        decline,
        said,
    )
    intent = api.get(f"/v1/payment_intents/{error['payment_intent']['id']}").data
    assert intent == error["payment_intent"]
    assert (intent["status"], intent["payment_method"]) == ("requires_payment_method", None)
    assert intent["last_payment_error"]["decline_code"] == decline
    assert intent["latest_charge"] == error["charge"]
    assert api.get(f"/v1/charges/{error['charge']}")["failure_code"] == code
    retried = api.post(
        f"/v1/payment_intents/{intent['id']}/confirm",
        payment_method="pm_card_visa",
        return_url="https://a.example",
    )
    assert (retried["status"], retried["last_payment_error"]) == ("succeeded", None)


def test_authentication_is_asked_or_refused(api: Caller) -> None:
    """A card that wants authentication asks for it on session and is declined off session."""
    given = {"amount": 500, "currency": "usd", "payment_method": "pm_card_authenticationRequired",
             "confirm": True, "return_url": "https://a.example"}  # fmt: skip
    asked = api.post("/v1/payment_intents", **given)
    assert (asked["status"], asked["next_action"]["type"]) == ("requires_action", "redirect_to_url")
    refused = api.post("/v1/payment_intents", **given, off_session=True)
    assert (refused.status, refused.error["code"]) == (402, "authentication_required")
    assert refused.error["decline_code"] == "authentication_required"


def test_intent_statuses_without_confirmation(api: Caller) -> None:
    """An intent waits for a method, then for confirmation, and is canceled from both."""
    intent = api.made("/v1/payment_intents", amount=500, currency="usd")
    path = f"/v1/payment_intents/{intent['id']}"
    assert intent["status"] == "requires_payment_method"
    ready = api.made(path, payment_method="pm_card_mastercard")
    assert (ready["status"], ready["payment_method"][:4]) == ("requires_confirmation", "pm_1")
    assert api.made(f"{path}/cancel")["canceled_at"]
    again = api.post(f"{path}/cancel")
    assert again.error["code"] == "payment_intent_unexpected_state"
    assert again.error["payment_intent"]["status"] == "canceled"


def test_paid_intent_is_fixed(api: Caller) -> None:
    """After success amount and method are fixed, description and metadata are not."""
    paid = api.paid()
    path = f"/v1/payment_intents/{paid['id']}"
    reply = api.post(path, amount=5)
    assert (reply.error["code"], reply.error["param"]) == (
        "payment_intent_unexpected_state",
        "amount",
    )
    assert api.get(path)["amount"] == 2000
    assert api.post(path, description="d", metadata={"a": "1"})["description"] == "d"
    assert (
        api.post(f"{path}/confirm").error["code"]
        == api.post(f"{path}/cancel").error["code"]
        == "payment_intent_unexpected_state"
    )


def test_manual_capture(api: Caller) -> None:
    """An authorization is captured once, in part at most, and is released by cancelling."""
    held = api.paid(1000, capture_method="manual")
    path = f"/v1/payment_intents/{held['id']}"
    assert (held["status"], held["amount_capturable"], held["amount_received"]) == (
        "requires_capture",
        1000,
        0,
    )
    assert (
        "must cancel the PaymentIntent"
        in api.post("/v1/refunds", payment_intent=held["id"]).error["message"]
    )
    assert api.post(f"{path}/capture", amount_to_capture=1001).error["code"] == "amount_too_large"
    done = api.post(f"{path}/capture", amount_to_capture=600)
    assert (done["status"], done["amount_received"]) == ("succeeded", 600)
    assert api.post(f"{path}/capture").error["code"] == "payment_intent_unexpected_state"
    assert api.made("/v1/refunds", payment_intent=held["id"])["amount"] == 600
    released = api.paid(1000, capture_method="manual")
    assert api.post(f"/v1/payment_intents/{released['id']}/cancel")["status"] == "canceled"
    assert api.get(f"/v1/charges/{released['latest_charge']}")["refunded"] is True


def test_refunds(api: Caller) -> None:
    """Refunds are partial or whole, never more than is left, never twice, never of unpaid intents."""
    paid = api.paid(7000)
    assert (
        api.made("/v1/refunds", payment_intent=paid["id"], amount=3000, reason="duplicate")[
            "status"
        ]
        == "succeeded"
    )
    much = api.post("/v1/refunds", payment_intent=paid["id"], amount=4001)
    assert (
        much.error["message"]
        == "Refund amount ($40.01) is greater than unrefunded amount on charge ($40.00)"
    )
    assert api.made("/v1/refunds", charge=paid["latest_charge"])["amount"] == 4000
    assert api.get(f"/v1/charges/{paid['latest_charge']}")["refunded"] is True
    assert (
        api.post("/v1/refunds", charge=paid["latest_charge"]).error["code"]
        == "charge_already_refunded"
    )
    unpaid = api.made("/v1/payment_intents", amount=500, currency="usd")
    assert (
        "does not have a successful charge to refund"
        in api.post("/v1/refunds", payment_intent=unpaid["id"]).error["message"]
    )
    assert types(api).count("charge.refunded") == types(api).count("refund.created") == 2


def test_payment_methods_belong_to_one_customer(api: Caller) -> None:
    """A card is attached to one customer, and pays only for that customer until it is detached."""
    owner, other = api.made("/v1/customers"), api.made("/v1/customers")
    card = api.made("/v1/payment_methods", type="card", card={"token": "tok_visa"})
    path = f"/v1/payment_methods/{card['id']}"
    assert api.made(f"{path}/attach", customer=owner["id"])["customer"] == owner["id"]
    assert api.post(f"{path}/attach", customer=other["id"]).status == 400
    assert [row["id"] for row in api.get("/v1/payment_methods", customer=owner["id"])["data"]] == [
        card["id"]
    ]
    assert (
        api.post(
            "/v1/payment_intents", amount=500, currency="usd", payment_method=card["id"]
        ).error["param"]
        == "payment_method"
    )
    assert (
        api.post(
            "/v1/payment_intents",
            amount=500,
            currency="usd",
            payment_method=card["id"],
            customer=owner["id"],
        ).status
        == 200
    )
    assert api.made(f"{path}/detach")["customer"] is None
    assert (
        api.post("/v1/payment_methods/pm_card_chargeDeclined/attach", customer=owner["id"]).status
        == 402
    )


# --- checkout ----------------------------------------------------------------------------------


def session(api: Caller, mode: str = "payment", **given: Any) -> Any:
    """Open a session."""
    lines: dict[str, Any] = {
        "line_items": [
            {"price": api.price(1200, monthly=mode == "subscription")["id"], "quantity": 2}
        ]
    }
    if mode == "setup":
        lines = {"currency": "usd"}
    return api.made(
        "/v1/checkout/sessions",
        **{"mode": mode, "success_url": "https://a.example", **lines, **given},
    )


def complete(api: Caller, opened: Any, **given: Any) -> Any:
    """Complete a session by the test helper."""
    return api.post(f"/v1/test_helpers/checkout/sessions/{opened['id']}/complete", **given)


def test_payment_session_is_completed(api: Caller) -> None:
    """Completing pays: intent, charge, customer details, event; a complete session is final."""
    opened = session(api, payment_intent_data={"description": "d", "metadata": {"a": "1"}})
    assert (opened["status"], opened["amount_total"], opened["url"]) == (
        "open",
        2400,
        f"https://emulator.invalid/pay/{opened['id']}",
    )
    done = complete(api, opened, email="x@example.com", expand=["payment_intent.latest_charge"])
    assert (done["status"], done["payment_status"], done["url"]) == ("complete", "paid", None)
    assert done["customer_details"]["email"] == "x@example.com"
    assert (done["payment_intent"]["amount_received"], done["payment_intent"]["description"]) == (
        2400,
        "d",
    )
    assert done["payment_intent"]["latest_charge"]["captured"] is True
    assert types(api)[-1] == "checkout.session.completed"
    assert (
        complete(api, opened).status
        == api.post(f"/v1/checkout/sessions/{opened['id']}/expire").status
        == 400
    )


def test_declined_session_stays_open(api: Caller) -> None:
    """A declined card answers 402 and leaves the session open for another try."""
    opened = session(api)
    assert complete(api, opened, payment_method="pm_card_chargeDeclined").status == 402
    assert api.get(f"/v1/checkout/sessions/{opened['id']}")["status"] == "open"
    assert complete(api, opened)["status"] == "complete"


def test_subscription_session_is_completed(api: Caller) -> None:
    """Completing a subscription session makes customer, subscription and a paid invoice."""
    opened = session(
        api,
        "subscription",
        customer_email="s@example.com",
        subscription_data={"metadata": {"k": "v"}},
    )
    done = complete(api, opened, expand=["subscription", "customer", "invoice"])
    assert (done["payment_status"], done["subscription"]["status"]) == ("paid", "active")
    assert done["subscription"]["metadata"] == {"k": "v"}
    assert done["customer"]["email"] == "s@example.com"
    assert (done["invoice"]["status"], done["invoice"]["amount_paid"]) == ("paid", 2400)


def test_trial_session_needs_no_payment(api: Caller) -> None:
    """A subscription session with a trial completes without payment."""
    opened = session(api, "subscription", subscription_data={"trial_period_days": 7})
    done = complete(api, opened, expand=["subscription"])
    assert (opened["amount_total"], done["payment_status"]) == (0, "no_payment_required")
    assert done["subscription"]["status"] == "trialing"


def test_setup_session_is_completed(api: Caller) -> None:
    """Completing a setup session saves the card on the customer."""
    customer = api.made("/v1/customers")
    opened = session(api, "setup", customer=customer["id"])
    done = complete(api, opened, expand=["setup_intent"])
    assert done["setup_intent"]["status"] == "succeeded"
    assert len(api.get("/v1/payment_methods", customer=customer["id"])["data"]) == 1


def test_session_expires_by_request_and_by_time(api: Caller, clock: Clock) -> None:
    """An open session expires on request or after its time, once."""
    first, second = session(api), session(api)
    path = f"/v1/checkout/sessions/{first['id']}/expire"
    assert api.post(path)["status"] == "expired"
    assert "This Checkout Session has a status of `expired`." in api.post(path).error["message"]
    clock.now += DAY + 1
    assert api.get(f"/v1/checkout/sessions/{second['id']}")["status"] == "expired"
    assert types(api).count("checkout.session.expired") == 2


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"mode": "subscription"}, "at least one recurring price in `subscription` mode"),
        ({"line_items": [{"quantity": 1}]}, "Missing required param: line_items[0][price]."),
        (
            {
                "line_items": [
                    {
                        "price_data": {
                            "currency": "usd",
                            "unit_amount": 5,
                            "product_data": {"name": "n"},
                        }
                    }
                ]
            },
            "Quantity is required. Add `quantity` to `line_items[0]`",
        ),
        ({"ui_mode": "embedded_page"}, "You can not pass `success_url`"),
        (
            {"invoice_creation": {"enabled": False}, "mode": "subscription"},
            "You can not pass `invoice_creation`",
        ),
    ],
)
def test_sessions_that_cannot_be_opened(api: Caller, given: dict[str, Any], said: str) -> None:
    """Modes, prices, quantities and pages must fit each other."""
    lines = [{"price": api.price()["id"], "quantity": 1}]
    whole = {"mode": "payment", "success_url": "https://a.example", "line_items": lines} | given
    assert said in api.post("/v1/checkout/sessions", **whole).error["message"]


def test_payment_mode_takes_no_recurring_price(api: Caller) -> None:
    """A recurring price needs subscription mode."""
    lines = [{"price": api.price(monthly=True)["id"], "quantity": 1}]
    reply = api.post(
        "/v1/checkout/sessions", mode="payment", success_url="https://a.example", line_items=lines
    )
    assert "You specified `payment` mode but passed a recurring price." in reply.error["message"]


def test_lines_change_only_on_own_pages(api: Caller) -> None:
    """line_items of a session change for elements pages, whole array with ids, not for hosted pages."""
    hosted = session(api)
    path = f"/v1/checkout/sessions/{hosted['id']}"
    assert api.post(path, line_items=[]).status == 200
    line = api.get(f"{path}/line_items")["data"][0]
    assert (
        api.post(path, line_items=[{"id": line["id"], "quantity": 3}]).error["param"]
        == "line_items"
    )
    own = api.made("/v1/checkout/sessions", mode="payment", ui_mode="elements", return_url="https://a.example",
                   line_items=[{"price": api.price(100)["id"], "quantity": 1}])  # fmt: skip
    path = f"/v1/checkout/sessions/{own['id']}"
    assert own["client_secret"].startswith(own["id"])
    assert own["url"] is None
    line = api.get(f"{path}/line_items")["data"][0]
    extra = {"price": api.price(50)["id"], "quantity": 2}
    assert (
        api.made(path, line_items=[{"id": line["id"], "quantity": 3}, extra])["amount_total"] == 400
    )
    assert api.made(path, line_items=[extra])["amount_total"] == 100


def test_shipping_options_are_added_to_the_total(api: Caller) -> None:
    """The first shipping option is in the total; an empty string removes them where that is allowed."""
    rate = {"shipping_rate_data": {"display_name": "Post", "type": "fixed_amount",
                                   "fixed_amount": {"amount": 500, "currency": "usd"}}}  # fmt: skip
    opened = api.made(
        "/v1/checkout/sessions", mode="payment", ui_mode="embedded_page", return_url="https://a.example",
        line_items=[{"price": api.price(100)["id"], "quantity": 1}], shipping_options=[rate])  # fmt: skip
    assert (opened["amount_subtotal"], opened["amount_total"]) == (100, 600)
    assert (
        api.made(f"/v1/checkout/sessions/{opened['id']}", shipping_options="")["amount_total"]
        == 100
    )


@pytest.mark.parametrize(
    ("mode", "quantity", "amount"),
    [("volume", 3, 1500), ("volume", 10, 4000), ("graduated", 3, 1500), ("graduated", 10, 4500)],
)
def test_tiers_are_counted(api: Caller, mode: str, quantity: int, amount: int) -> None:
    """Tiered prices cost by volume or by graduated tiers."""
    tiers = [{"up_to": 5, "unit_amount": 500}, {"up_to": "inf", "unit_amount": 400}]
    price = api.made("/v1/prices", currency="usd", product_data={"name": "t"}, recurring={"interval": "month"},
                     billing_scheme="tiered", tiers_mode=mode, tiers=tiers)  # fmt: skip
    opened = api.made("/v1/checkout/sessions", mode="subscription", success_url="https://a.example",
                      line_items=[{"price": price["id"], "quantity": quantity}])  # fmt: skip
    assert opened["amount_total"] == amount
