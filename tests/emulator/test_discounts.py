"""Discounts: what they take off lines, for how long, and that nothing gets lost in rounding."""

# ruff: noqa: E501 - rows and requests read best on one line

from __future__ import annotations

from typing import Any

import pytest
from emulator.conftest import Caller
from emulator.test_coupons import code, coupon
from hypothesis import example, given, settings
from hypothesis import strategies as st

from stripe_emulator import Emulator
from stripe_emulator.resources.discount import apportioned

DAY = 86_400
MONTH = 31 * DAY


def draft(api: Caller, *amounts: int, **more: Any) -> Any:
    """Make a draft with an item of each amount."""
    customer = api.payer()["id"]
    invoice = api.made("/v1/invoices", customer=customer)["id"]
    for amount in amounts:
        api.made("/v1/invoiceitems", customer=customer, invoice=invoice, amount=amount, currency="usd")  # fmt: skip
    return api.made(f"/v1/invoices/{invoice}", **more)


def subscribe(api: Caller, amount: int = 2000, **more: Any) -> Any:
    """Subscribe somebody who pays to a monthly price."""
    items = [{"price": api.price(amount, monthly=True)["id"]}]
    return api.made("/v1/subscriptions", **{"customer": api.payer()["id"], "items": items, "expand": ["latest_invoice"], **more})  # fmt: skip


def of(*coupons: Any) -> list[dict[str, str]]:
    """The parameter `discounts` of some coupons."""
    return [{"coupon": each["id"]} for each in coupons]


def off(line: Any) -> list[int]:
    """What each discount takes off a line."""
    return [each["amount"] for each in line["discount_amounts"]]


def totals(api: Caller, subscription: Any) -> list[int]:
    """The totals of a subscription's invoices, oldest first."""
    found = api.get("/v1/invoices", subscription=subscription["id"], limit=100)["data"]
    return [invoice["total"] for invoice in reversed(found)]


# --- arithmetic ----------------------------------------------------------------------------------

ARITHMETIC = [  # coupons, amounts of lines → what is off each line by each coupon, the total
    ([{"percent_off": 25}], [1000], [[250]], 750),
    ([{"percent_off": 50}], [3, 4], [[1], [3]], 3),  # 3.5 of 7 is 4
    ([{"amount_off": 3, "currency": "usd"}], [1, 1, 2], [[0], [1], [2]], 1),
    ([{"percent_off": "33.33"}], [999, 1], [[332], [1]], 667),
    ([{"amount_off": 500, "currency": "usd"}], [1000, 2000], [[166], [334]], 2500),
    ([{"amount_off": 5000, "currency": "usd"}], [1000, 2000], [[1000], [2000]], 0),
    ([{"percent_off": 100}], [1000, 2000], [[1000], [2000]], 0),
    ([{"percent_off": 10}, {"amount_off": 100, "currency": "usd"}], [1000], [[100, 100]], 800),
    ([{"amount_off": 100, "currency": "usd"}, {"percent_off": 10}], [1000], [[100, 90]], 810),
    ([{"percent_off": 10}], [1000, -400], [[100], [0]], 500),
    ([{"amount_off": 100, "currency": "usd", "currency_options": {"eur": {"amount_off": 1}}}], [1000], [[100]], 900),
]  # fmt: skip


@pytest.mark.parametrize(("coupons", "amounts", "each", "total"), ARITHMETIC)
def test_what_is_off(
    api: Caller, coupons: list[Any], amounts: list[int], each: list[list[int]], total: int
) -> None:
    """Discounts follow each other; what is off the lines is what is off the total, to the cent."""
    made = [coupon(api, **given) for given in coupons]
    invoice = draft(api, *amounts, discounts=of(*made))
    lines = invoice["lines"]["data"]
    assert [off(line) for line in lines] == each
    assert invoice["total"] == invoice["amount_due"] == total
    assert invoice["subtotal"] == sum(amounts)
    assert [row["amount"] for row in invoice["total_discount_amounts"]] == [sum(column) for column in zip(*each, strict=True)]  # fmt: skip
    assert [row["discount"] for row in invoice["total_discount_amounts"]] == invoice["discounts"]
    assert [row["type"] for row in invoice["total_pretax_credit_amounts"]] == ["discount"] * len(made)  # fmt: skip


@given(st.integers(0, 10_000), st.lists(st.integers(0, 10_000), max_size=8))
@example(3, [1, 1, 2])
def test_nothing_gets_lost(amount: int, weights: list[int]) -> None:
    """Shares add up to the amount, and none is more than what it is taken of."""
    amount = min(amount, sum(weights))
    shares = apportioned(amount, weights)
    assert sum(shares) == amount
    assert all(share >= 0 for share in shares)
    assert all(share <= weight for share, weight in zip(shares, weights, strict=True))


PARTS = st.one_of(
    st.builds(lambda percent: {"percent_off": f"{percent / 100}"}, st.integers(1, 10_000)),
    st.builds(lambda amount: {"amount_off": amount, "currency": "usd"}, st.integers(1, 9_999)),
)


@settings(max_examples=25)
@given(st.lists(PARTS, min_size=1, max_size=3), st.lists(st.integers(1, 5_000), min_size=1, max_size=4))  # fmt: skip
def test_lines_add_up(parts: list[dict[str, Any]], amounts: list[int]) -> None:
    """Whatever the coupons and lines: sums of lines are totals, and no discount exceeds what is there."""
    with Emulator() as world:
        api = Caller(world)
        made = [coupon(api, **part) for part in parts]
        invoice = draft(api, *amounts, discounts=of(*made))
    lines = invoice["lines"]["data"]
    taken = [sum(off(line)) for line in lines]
    assert sum(taken) == sum(row["amount"] for row in invoice["total_discount_amounts"])
    assert all(0 <= each <= line["amount"] for each, line in zip(taken, lines, strict=True))
    assert invoice["total"] == sum(amounts) - sum(taken) >= 0


def test_products_and_lines_have_their_own(api: Caller) -> None:
    """A coupon for a product leaves others alone; a discount of an item comes first, and some take none."""
    cheaper, plain = (api.price(amount) for amount in (1000, 2000))
    of_one = coupon(api, applies_to={"products": [cheaper["product"]]})
    half = coupon(api, percent_off=50)
    customer = api.payer()["id"]
    invoice = api.made("/v1/invoices", customer=customer, discounts=of(of_one))["id"]
    rows: list[dict[str, Any]] = [
        {"pricing": {"price": cheaper["id"]}, "discounts": of(half)},
        {"pricing": {"price": plain["id"]}},
        {"pricing": {"price": cheaper["id"]}, "discountable": False},
    ]
    for row in rows:
        api.made("/v1/invoiceitems", customer=customer, invoice=invoice, **row)
    found = api.get(f"/v1/invoices/{invoice}", expand=["lines.data.discounts", "discounts"]).data
    lines = found["lines"]["data"]
    assert [off(line) for line in lines] == [[500, 125], [0], [0]]
    assert lines[0]["discounts"][0]["source"] == {"coupon": half["id"], "type": "coupon"}
    assert (found["discounts"][0]["invoice"], found["total"]) == (invoice, 3375)
    cleared = api.made(f"/v1/invoices/{invoice}", discounts="")
    assert (cleared["discounts"], cleared["total"]) == ([], 3500)


# --- subscriptions -------------------------------------------------------------------------------

DURATIONS = [  # coupon → totals of five months
    ({"duration": "once"}, [1500, 2000, 2000, 2000, 2000]),
    ({"duration": "repeating", "duration_in_months": 3}, [1500, 1500, 1500, 2000, 2000]),
    ({"duration": "forever"}, [1500, 1500, 1500, 1500, 1500]),
]


@pytest.mark.parametrize(("given_", "expected"), DURATIONS)
def test_a_discount_lasts(
    world: Emulator, api: Caller, given_: dict[str, Any], expected: list[int]
) -> None:
    """Once is for one invoice, so many months are by time, forever does not end; the coupon is redeemed once."""
    made = coupon(api, **given_)
    subscription = subscribe(api, discounts=of(made))
    world.advance(4 * MONTH + DAY)
    assert totals(api, subscription) == expected
    ended = given_["duration"] != "forever"
    assert api.get(f"/v1/subscriptions/{subscription['id']}")["discounts"] == [] or not ended
    told = {
        what: api.get("/v1/events", type=f"customer.discount.{what}")
        for what in ("created", "deleted")
    }
    assert [len(found["data"]) for found in told.values()] == [1, int(ended)]
    assert api.get(f"/v1/coupons/{made['id']}")["times_redeemed"] == 1


def test_a_trial_does_not_spend_it(world: Emulator, api: Caller) -> None:
    """A coupon for once waits for the first invoice that it makes cheaper."""
    subscription = subscribe(api, discounts=of(coupon(api)), trial_period_days=10)
    trial = subscription["latest_invoice"]
    assert (trial["total"], [row["amount"] for row in trial["total_discount_amounts"]]) == (0, [0])
    assert len(subscription["discounts"]) == 1
    world.advance(11 * DAY)
    assert totals(api, subscription) == [0, 1500]


def test_an_update_keeps_what_it_names(api: Caller) -> None:
    """A coupon that is there already stays the same discount and is not redeemed again; others replace, and nothing clears."""
    lasting, other = coupon(api, duration="forever"), coupon(api, duration="forever", max_redemptions=1)  # fmt: skip
    subscription = subscribe(api, discounts=of(lasting))
    path = f"/v1/subscriptions/{subscription['id']}"
    both = api.made(path, discounts=of(lasting, other))["discounts"]
    assert both[:1] == subscription["discounts"]
    assert api.made(path, discounts=[{"discount": both[1]}])["discounts"] == both[1:]
    assert api.made(path, metadata={"a": "b"})["discounts"] == both[1:]
    assert api.made(path, discounts="")["discounts"] == []
    refused = api.post(path, discounts=of(other)).error
    assert refused["message"] == f"Coupon {other['id']} is used up and cannot be applied."
    assert api.get(f"/v1/coupons/{lasting['id']}")["times_redeemed"] == 1
    assert api.get(f"/v1/coupons/{other['id']}")["valid"] is False


def test_a_discount_is_deleted(world: Emulator, api: Caller) -> None:
    """`DELETE …/discount` takes it away and shows it; without one there is nothing to take."""
    subscription = subscribe(api, discounts=of(coupon(api, duration="forever")))
    path = f"/v1/subscriptions/{subscription['id']}"
    gone = api.delete(f"{path}/discount").data
    assert (gone["id"], gone["deleted"], gone["object"]) == (subscription["discounts"][0], True, "discount")  # fmt: skip
    assert api.get(path)["discounts"] == []
    assert api.delete(f"{path}/discount").error["code"] == "resource_missing"
    assert api.delete(f"/v1/customers/{subscription['customer']}/discount").status == 404
    world.advance(MONTH)
    assert totals(api, subscription) == [1500, 2000]


def test_an_item_has_its_own(world: Emulator, api: Caller) -> None:
    """A discount of a subscription's item is off its lines only, as long as it lasts."""
    months = coupon(api, duration="repeating", duration_in_months=2)
    items = [
        {"price": api.price(1000, monthly=True)["id"], "discounts": of(months)},
        {"price": api.price(500, monthly=True)["id"]},
    ]
    subscription = subscribe(api, items=items, expand=["items.data.discounts", "latest_invoice"])
    first = subscription["items"]["data"][0]
    assert first["discounts"][0]["subscription_item"] == first["id"]
    assert [off(line) for line in subscription["latest_invoice"]["lines"]["data"]] == [[250], []]
    world.advance(2 * MONTH + DAY)
    assert totals(api, subscription) == [1250, 1250, 1500]


def test_plan_changes_are_discounted(world: Emulator, api: Caller) -> None:
    """A credit gives back what was paid, a charge is of the discounted price, and a preview says so."""
    subscription = subscribe(api, 1000, discounts=of(coupon(api, percent_off=50, duration="forever")))  # fmt: skip
    item = subscription["items"]["data"][0]
    dear = [{"id": item["id"], "price": api.price(3000, monthly=True)["id"]}]
    whole = item["current_period_end"] - item["current_period_start"]
    world.advance(whole / 2)
    change = {"items": dear, "proration_behavior": "always_invoice"}
    asked = {"subscription": subscription["id"], "subscription_details": change}
    previewed = api.made("/v1/invoices/create_preview", **asked)
    changed = api.made(f"/v1/subscriptions/{subscription['id']}", **change, expand=["latest_invoice"])  # fmt: skip
    for invoice in (previewed, changed["latest_invoice"]):
        assert [line["amount"] for line in invoice["lines"]["data"]] == [-250, 750]
        assert invoice["total"] == 500


def test_a_preview_takes_discounts(api: Caller) -> None:
    """Previewing with a coupon redeems nothing, and says what subscribing with it then costs."""
    made, customer = coupon(api), api.payer()["id"]
    items = [{"price": api.price(2000, monthly=True)["id"]}]
    asked = {"customer": customer, "discounts": of(made)}
    previewed = api.made("/v1/invoices/create_preview", **asked, subscription_details={"items": items})  # fmt: skip
    assert api.get(f"/v1/coupons/{made['id']}")["times_redeemed"] == 0
    subscribed = api.made("/v1/subscriptions", **asked, items=items, expand=["latest_invoice"])
    for name in ("subtotal", "total", "amount_due"):
        assert previewed[name] == subscribed["latest_invoice"][name]
    assert previewed["total"] == 1500


# --- promotion codes and checkout ----------------------------------------------------------------

CANNOT = "This promotion code cannot be redeemed because"
PURCHASE = f"{CANNOT} the associated purchase does not meet the minimum amount requirement."
LEAST = {"restrictions": {"minimum_amount": 2500, "minimum_amount_currency": "usd"}}
RESTRICTED = [
    ({"active": False}, "This promotion code is inactive."),
    (LEAST, PURCHASE),
    ({"customer": True}, f"{CANNOT} it belongs to a different customer."),
    ({"restrictions": {"first_time_transaction": True}}, f"{CANNOT} the associated customer has prior transactions."),
]  # fmt: skip


@pytest.mark.parametrize(("given_", "message"), RESTRICTED)
def test_a_code_is_not_for_everybody(api: Caller, given_: dict[str, Any], message: str) -> None:
    """A code's restrictions are judged where it is redeemed: subscriptions and Checkout."""
    customer = api.payer()["id"]
    api.paid(customer=customer)
    if "customer" in given_:
        given_ = {"customer": api.payer()["id"]}
    discounts = [{"promotion_code": code(api, **given_)["id"]}]
    price = api.price(2000, monthly=True)["id"]
    subscribed = api.post("/v1/subscriptions", customer=customer, items=[{"price": price}], discounts=discounts)  # fmt: skip
    opened = api.post("/v1/checkout/sessions", **page(price, discounts=discounts, customer=customer))  # fmt: skip
    for reply in (subscribed, opened):
        assert (reply.error["message"], reply.error["param"]) == (message, "discounts[0][promotion_code]")  # fmt: skip


def page(price: str, quantity: int = 1, mode: str = "subscription", **more: Any) -> dict[str, Any]:
    """The parameters of a Checkout Session for a price."""
    lines = [{"price": price, "quantity": quantity}]
    return {"mode": mode, "success_url": "https://a.example", "line_items": lines, **more}


def complete(api: Caller, session: Any, **given: Any) -> Any:
    """Pay as the payer does."""
    return api.made(f"/v1/test_helpers/checkout/sessions/{session['id']}/complete", **given)


def test_checkout_takes_a_discount(api: Caller) -> None:
    """Lines and totals are cheaper, and the redemption counts when the payer has paid."""
    made = coupon(api, max_redemptions=1)
    price = api.price(999)["id"]
    session = api.made("/v1/checkout/sessions", **page(price, 3, "payment", discounts=of(made)), expand=["line_items"])  # fmt: skip
    assert session["discounts"] == [{"coupon": made["id"], "promotion_code": None}]
    assert (session["amount_subtotal"], session["amount_total"]) == (2997, 2248)
    assert session["total_details"]["amount_discount"] == 749
    [line] = session["line_items"]["data"]
    assert (line["amount_subtotal"], line["amount_discount"], line["amount_total"]) == (2997, 749, 2248)  # fmt: skip
    assert api.get(f"/v1/coupons/{made['id']}")["times_redeemed"] == 0
    done = complete(api, session)
    assert api.get(f"/v1/payment_intents/{done['payment_intent']}")["amount"] == 2248
    assert api.get(f"/v1/coupons/{made['id']}")["valid"] is False


def test_checkout_refuses_what_takes_nothing_off(api: Caller) -> None:
    """A coupon for another product, a second discount, and one in another currency are refused."""
    price, other = api.price(1000)["id"], api.made("/v1/products", name="Bag")["id"]
    products = coupon(api, applies_to={"products": [other]})
    euros = coupon(api, amount_off=100, currency="eur")
    cases = [
        (of(products), "coupon_applies_to_nothing", None),
        (of(coupon(api), coupon(api)), None, "discounts"),
        (of(euros), None, "discounts[0]"),
    ]
    for discounts, word, param in cases:
        error = api.post("/v1/checkout/sessions", **page(price, 1, "payment", discounts=discounts)).error  # fmt: skip
        assert (error.get("code"), error.get("param")) == (word, param)


@pytest.mark.parametrize("mode", ["payment", "subscription"])
def test_a_payer_types_a_code(api: Caller, mode: str) -> None:
    """A code in any case is taken where the page allows codes, and only there."""
    made = code(api, code="SPRING")
    price = api.price(2000, monthly=mode == "subscription")["id"]
    session = api.made("/v1/checkout/sessions", **page(price, 1, mode, allow_promotion_codes=True))
    helper = f"/v1/test_helpers/checkout/sessions/{session['id']}/complete"
    assert api.post(helper, promotion_code="WINTER").error["message"] == "This code is invalid."
    done = complete(api, session, promotion_code="spring")
    assert (done["amount_total"], done["total_details"]["amount_discount"]) == (1500, 500)
    assert done["discounts"] == [{"coupon": None, "promotion_code": made["id"]}]
    counted = api.get(f"/v1/promotion_codes/{made['id']}", expand=["promotion.coupon"]).data
    assert (counted["times_redeemed"], counted["promotion"]["coupon"]["times_redeemed"]) == (1, 1)
    if mode == "subscription":
        assert api.get(f"/v1/invoices/{done['invoice']}")["amount_paid"] == 1500
    closed = api.made("/v1/checkout/sessions", **page(price, 1, mode))
    helper = f"/v1/test_helpers/checkout/sessions/{closed['id']}/complete"
    assert api.post(helper, promotion_code="spring").status == 400


def test_the_page_takes_a_code(api: Caller) -> None:
    """The payment page has a box for a code where the session allows one, and shows what is off."""
    code(api, code="SPRING")
    price = api.price(2000)["id"]
    asked = page(price, 1, "payment", allow_promotion_codes=True)
    session = api.made("/v1/checkout/sessions", **asked)
    path = f"/pay/{session['id']}"
    assert b'name="promotion_code"' in api.raw("GET", path).body
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    wrong = api.raw("POST", path, b"action=pay&promotion_code=WINTER", form)
    assert (wrong.status, b"This code is invalid." in wrong.body) == (402, True)
    assert api.raw("POST", path, b"action=pay&promotion_code=spring", form).status == 303
    paid = api.get(f"/v1/checkout/sessions/{session['id']}")
    assert (paid["status"], paid["amount_total"]) == ("complete", 1500)
    off = api.made("/v1/checkout/sessions", **page(price, 1, "payment", discounts=of(coupon(api))))
    shown = api.raw("GET", f"/pay/{off['id']}").body.decode()
    assert "<td>Discount</td><td>$-5.00</td>" in shown
    assert 'name="promotion_code"' not in shown


def test_a_deleted_coupon_still_counts(world: Emulator, api: Caller) -> None:
    """Who has a discount keeps it when its coupon is deleted."""
    made = coupon(api, duration="forever")
    subscription = subscribe(api, discounts=of(made))
    api.delete(f"/v1/coupons/{made['id']}")
    world.advance(MONTH)
    assert totals(api, subscription) == [1500, 1500]
