"""Coupons and promotion codes: what is taken, what is refused in Stripe's words, and what lapses."""

# ruff: noqa: E501 - rows and requests read best on one line

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from emulator.conftest import Caller, Clock

    from stripe_emulator import Emulator

HOUR, YEAR = 3_600, 365 * 86_400


def coupon(api: Caller, **given: Any) -> Any:
    """Make a coupon, of a quarter if nothing is said."""
    off = {} if "amount_off" in given else {"percent_off": 25}
    return api.made("/v1/coupons", **{**off, **given})


def code(api: Caller, **given: Any) -> Any:
    """Make a promotion code of a coupon, a new one if none is named."""
    id_ = given.pop("coupon", None) or coupon(api)["id"]
    return api.made("/v1/promotion_codes", promotion={"type": "coupon", "coupon": id_}, **given)


def types(api: Caller) -> list[str]:
    """The types of all events, in order."""
    return [event["type"] for event in reversed(api.get("/v1/events")["data"])]


REFUSED = [  # what is sent → message, code, param
    ({}, "Must provide percent_off or amount_off.", "parameter_missing", None),
    ({"percent_off": 1, "amount_off": 1, "currency": "usd"}, "Received both percent_off and amount_off parameters. Please pass in only one.", None, None),
    ({"amount_off": 5}, "You must pass currency when passing amount_off", None, "currency"),
    ({"percent_off": 0}, "This value must be greater than or equal to 0.01 (it currently is '0.0').", None, "percent_off"),
    ({"percent_off": "100.5"}, "This value must be less than or equal to 100 (it currently is '100.5').", None, "percent_off"),
    ({"percent_off": 5, "duration": "repeating"}, "The duration_in_months param must be set when creating a coupon with a repeating duration", None, "duration"),
    ({"percent_off": 5, "redeem_by": 5}, "The parameter `redeem_by` expects a unix timestamp representing a date and time in the future. You specified the value `5` which is in the past.", None, "redeem_by"),
    ({"percent_off": 5, "currency_options": {"eur": {"amount_off": 5}}}, "You may only specify one of these parameters: currency_options, percent_off.", None, "currency_options"),
    ({"percent_off": 5, "id": "TAKEN"}, "Coupon already exists.", "resource_already_exists", None),
    ({"amount_off": 0, "currency": "usd"}, "This value must be greater than or equal to 1.", "parameter_invalid_integer", "amount_off"),
    ({"percent_off": 5, "max_redemptions": 0}, "This value must be greater than or equal to 1.", "parameter_invalid_integer", "max_redemptions"),
    ({"percent_off": 5, "duration": "twice"}, "Invalid duration: must be one of forever, once, or repeating", None, "duration"),
    ({"percent_off": 5, "name": "n" * 41}, "Invalid string: nnnn...nnnn; must be at most 40 characters", None, "name"),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "message", "word", "param"), REFUSED)
def test_a_wrong_coupon_is_refused(
    api: Caller, sent: dict[str, Any], message: str, word: str | None, param: str | None
) -> None:
    """What contradicts itself is refused in Stripe's words, and nothing is made."""
    coupon(api, id="TAKEN")
    error = api.post("/v1/coupons", **sent).error
    assert (error["message"], error.get("code"), error.get("param")) == (message, word, param)
    assert len(api.get("/v1/coupons")["data"]) == 1


def test_a_coupon_is_kept_and_changed(api: Caller) -> None:
    """Its name and its other currencies change; products and currencies are shown on demand."""
    product = api.made("/v1/products", name="Box")["id"]
    both = ["applies_to", "currency_options"]
    euros = {"eur": {"amount_off": 400}}
    made = coupon(api, id="SPRING", amount_off=500, currency="usd", currency_options=euros, applies_to={"products": [product]})  # fmt: skip
    assert {*both}.isdisjoint(made)
    assert (made["duration"], made["valid"], made["times_redeemed"], made["percent_off"]) == ("once", True, 0, None)  # fmt: skip
    pounds = {"gbp": {"amount_off": 300}}
    changed = api.made("/v1/coupons/SPRING", name="Spring", currency_options=pounds, expand=both)
    assert (changed["name"], changed["currency_options"]) == ("Spring", euros | pounds)
    assert changed["applies_to"] == {"products": [product]}
    assert types(api)[-2:] == ["coupon.created", "coupon.updated"]
    assert api.post("/v1/coupons/SPRING", percent_off=5).error["code"] == "parameter_unknown"


def test_a_deleted_coupon_is_gone(api: Caller) -> None:
    """It cannot be retrieved, its codes are inactive, its event says that it is not valid, and its ID is free."""
    made = code(api, coupon=coupon(api, id="SPRING")["id"])
    assert api.delete("/v1/coupons/SPRING").data == {"id": "SPRING", "object": "coupon", "deleted": True}  # fmt: skip
    error = api.get("/v1/coupons/SPRING").error
    assert (error["message"], error["param"]) == ("No such coupon: 'SPRING'", "coupon")
    assert api.get(f"/v1/promotion_codes/{made['id']}")["active"] is False
    event = api.get("/v1/events", type="coupon.deleted")["data"][0]
    assert event["data"]["object"]["valid"] is False
    assert coupon(api, id="SPRING")["valid"] is True


def test_time_ends_coupons_and_codes(world: Emulator, api: Caller, clock: Clock) -> None:
    """Past `redeem_by` a coupon and its codes are over; a code ends before it by `expires_at`."""
    now = int(clock.now)
    short = code(api, expires_at=now + HOUR)
    over = code(api, coupon=coupon(api, redeem_by=now + 2 * HOUR)["id"])
    kept = code(api)
    active = [{short["id"], over["id"], kept["id"]}, {over["id"], kept["id"]}, {kept["id"]}]
    for expected in active:
        found = api.get("/v1/promotion_codes", active=True)["data"]
        assert {each["id"] for each in found} == expected
        world.advance(HOUR)
    assert api.get("/v1/coupons/" + over["promotion"]["coupon"])["valid"] is False
    for each in (short, over):
        assert api.post(f"/v1/promotion_codes/{each['id']}", active=True).status == 400


def test_a_code_is_as_valid_as_its_coupon(api: Caller) -> None:
    """The code of a coupon that is used up is made inactive, and cannot be activated."""
    spent = coupon(api, max_redemptions=1)
    customer = api.made("/v1/customers")["id"]
    api.made("/v1/invoices", customer=customer, discounts=[{"coupon": spent["id"]}])
    made = code(api, coupon=spent["id"])
    assert made["active"] is False
    assert api.post(f"/v1/promotion_codes/{made['id']}", active=True).error["code"] == "coupon_expired"  # fmt: skip


CODES = [  # what is sent → message, code, param
    ({"promotion": {"type": "coupon"}}, "You must pass promotion.coupon when passing promotion", None, "promotion.coupon"),
    ({"promotion": {"type": "coupon", "coupon": "nope"}}, "No such coupon: 'nope'", "resource_missing", "promotion[coupon]"),
    ({"code": "ä"}, "This value must match the regex pattern. (/\\A[a-zA-Z0-9\\-_]+\\z/ does not match for the value ä).", None, "code"),
    ({"code": "taken"}, "An active promotion code with `code: taken` already exists.", None, None),
    ({"expires_at": 5}, "The parameter `expires_at` expects a unix timestamp representing a date and time in the future. You specified the value `5` which is in the past.", None, "expires_at"),
    ({"expires_at": 1_790_000_000 + 6 * YEAR}, "Invalid timestamp: can be no more than five years in the future.", None, "expires_at"),
    ({"coupon": "SPRING"}, "Received unknown parameter: coupon", "parameter_unknown", "coupon"),
]  # fmt: skip


@pytest.mark.parametrize(("sent", "message", "word", "param"), CODES)
def test_a_wrong_code_is_refused(
    api: Caller, sent: dict[str, Any], message: str, word: str | None, param: str | None
) -> None:
    """What contradicts itself is refused in Stripe's words."""
    promotion = {"type": "coupon", "coupon": coupon(api)["id"]}
    api.made("/v1/promotion_codes", promotion=promotion, code="TAKEN")
    error = api.post("/v1/promotion_codes", **{"promotion": promotion, **sent}).error
    assert (error["message"], error.get("code"), error.get("param")) == (message, word, param)


def test_an_inactive_code_makes_room(api: Caller) -> None:
    """What no active code says can be said again, and by codes of different customers at once."""
    first = code(api, code="SPRING")
    api.made(f"/v1/promotion_codes/{first['id']}", active=False)
    second = code(api, code="Spring")
    taken = api.post(f"/v1/promotion_codes/{first['id']}", active=True).error["message"]
    assert taken == "An active promotion code with `code: SPRING` already exists."
    api.made(f"/v1/promotion_codes/{second['id']}", active=False)
    for name in ("ann", "bob"):
        customer = api.made("/v1/customers", name=name)["id"]
        code(api, code="SPRING", customer=customer)
    assert len(api.get("/v1/promotion_codes", code="spring")["data"]) == 4
    assert len(api.get("/v1/promotion_codes", code="spring", customer=customer)["data"]) == 1


def test_a_code_is_drawn_and_shows_its_coupon(api: Caller) -> None:
    """Without a text it gets eight characters; the coupon is an ID, or whole on demand."""
    made = code(api, restrictions={"minimum_amount": 500, "minimum_amount_currency": "usd"})
    assert len(made["code"]) == 8
    assert made["code"].isalnum()
    assert made["restrictions"] == {"first_time_transaction": False, "minimum_amount": 500, "minimum_amount_currency": "usd"}  # fmt: skip
    whole = api.get(f"/v1/promotion_codes/{made['id']}", expand=["promotion.coupon"])["promotion"]
    assert (whole["type"], whole["coupon"]["percent_off"]) == ("coupon", 25)
    listed = api.get("/v1/promotion_codes", coupon=made["promotion"]["coupon"])["data"]
    assert [each["id"] for each in listed] == [made["id"]]
    assert types(api) == ["coupon.created", "promotion_code.created"]


def test_no_discount_outlasts_the_calendar(api: Caller) -> None:
    """A hundred years of a discount are kept; more are refused, before anybody redeems them."""
    given = {"percent_off": 5, "duration": "repeating"}
    coupon = api.made("/v1/coupons", **given, duration_in_months=1200)
    items = [{"price": api.price(2500, monthly=True)["id"]}]
    payer = api.payer()["id"]
    discounts = [{"coupon": coupon["id"]}]
    api.made("/v1/subscriptions", customer=payer, items=items, discounts=discounts)
    refused = api.post("/v1/coupons", **given, duration_in_months=1201)
    assert (refused.status, refused.data["error"]["param"]) == (400, "duration_in_months")
