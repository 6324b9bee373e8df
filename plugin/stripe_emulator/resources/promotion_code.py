"""What is a promotion code: what a buyer types to redeem a coupon, and who may?"""

import math
import re

from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.due import due
from stripe_emulator.lifecycle import Given, does
from stripe_emulator.message import token
from stripe_emulator.refusals import FIVE_YEARS, Json, Refusal, too_far_off
from stripe_emulator.resources import coupon as coupons

declare(
    Resource(
        kind="promotion_code",
        prefix="promo_1",
        path="/v1/promotion_codes",
        verbs="list create retrieve update",
        starts="""active=true code="" restrictions={"first_time_transaction": false,
            "minimum_amount": null, "minimum_amount_currency": null} times_redeemed=0""",
        emits="created updated",
        called="promotion code",
        in_path="promotion_code",
        looks_at={"coupon": "promotion.coupon"},
        conditions={"code": "lower(json_extract(body, '$.code')) = lower(?)"},
    )
)


_CHARACTERS = re.compile(r"[a-zA-Z0-9\-_]+")
_REFUSED = "This promotion code cannot be redeemed because"


@does(
    "promotion_code.create",
    "active code customer expires_at max_redemptions promotion restrictions",
)
def create(account: Account, code: Json, given: Given) -> Json:
    """Create a promotion code, inactive if its coupon is; its text is drawn if none is given."""
    id_ = given["promotion"].get("coupon")
    if id_ is None:
        message = "You must pass promotion.coupon when passing promotion"
        raise Refusal(message, param="promotion.coupon")
    coupon = account.need("coupon", id_, "promotion[coupon]")
    code["active"] = code["active"] and coupon["valid"]
    _check_minimum(code["restrictions"])
    coupons.check_future(account, "expires_at", code["expires_at"])
    if (code["expires_at"] or 0) > account.now + FIVE_YEARS:
        raise too_far_off("expires_at")
    code["code"] = given.get("code") or token(8).upper()
    _check_code(account, code)
    return account.create(code)


def _check_minimum(restrictions: Json) -> None:
    amount = restrictions["minimum_amount"]
    currency = restrictions["minimum_amount_currency"]
    if (amount is None) != (currency is None):
        message = "You must pass minimum_amount and minimum_amount_currency together"
        missing = "minimum_amount" if amount is None else "minimum_amount_currency"
        raise Refusal(message, param=f"restrictions[{missing}]")


def _check_code(account: Account, code: Json) -> None:
    """The text is what no other active code says to the same customer, in whatever case."""
    text: str = code["code"]
    if not _CHARACTERS.fullmatch(text):
        raise Refusal(
            "This value must match the regex pattern. (/\\A[a-zA-Z0-9\\-_]+\\z/ does not match "
            f"for the value {text}).",
            param="code",
        )
    others = account.find("promotion_code", active=True)
    if any(_collide(code, other) for other in others):
        raise Refusal(f"An active promotion code with `code: {text}` already exists.")


def _collide(one: Json, other: Json) -> bool:
    same_text = one["code"].lower() == other["code"].lower()
    if one["id"] == other["id"] or not same_text:
        return False
    customers = {one["customer"], other["customer"]}
    return None in customers or len(customers) == 1


@does("promotion_code.update", "active restrictions")
def update(account: Account, code: Json, given: Given) -> Json:
    """Update a promotion code; one that cannot be redeemed any more stays inactive."""
    if given.get("active") and not given.before["active"]:
        coupons.check_redeemable(account, _coupon(account, code))
        _check_redeemable(account, code, "active")
        _check_code(account, code)
    return account.change(code, given.before)


def _lapses(code: Json) -> int | None:
    moment: int | None = code["expires_at"]
    return moment if code["active"] else None


@due("promotion_code.lapse", _lapses)
def lapse(account: Account, code: Json) -> None:
    """Let a code be redeemed no more."""
    account.change(code | {"active": False})


def _coupon(account: Account, code: Json) -> Json:
    return account.need("coupon", code["promotion"]["coupon"], "promotion[coupon]")


def _check_redeemable(account: Account, code: Json, param: str) -> None:
    if coupons.is_over(account.now, code["expires_at"]):
        raise _expired(param)
    if coupons.is_used_up(code):
        raise Refusal("This promotion code has already been redeemed.", param=param)


def _expired(param: str) -> Refusal:
    return Refusal("This promotion code is expired.", code="coupon_expired", param=param)


def coupon_for(account: Account, code: Json, customer: str | None, param: str) -> Json:
    """The coupon that a customer redeems by a code, which must be active and theirs.

    Raises the Refusal (400), in Stripe's words where these are known.
    """
    _check_redeemable(account, code, param)
    if not code["active"]:
        raise Refusal("This promotion code is inactive.", param=param)
    if code["customer"] not in {None, customer}:
        raise Refusal(f"{_REFUSED} it belongs to a different customer.", param=param)
    if code["restrictions"]["first_time_transaction"]:
        _check_first_time(account, customer, param)
    return _coupon(account, code)


def _check_first_time(account: Account, customer: str | None, param: str) -> None:
    """Whoever paid anything before is no first-time customer; a guest has paid nothing."""
    if customer is None:
        return
    charges = account.find("charge", customer=customer, status="succeeded")
    paid = account.find("invoice", customer=customer, status="paid")
    if charges or paid:
        raise Refusal(
            f"{_REFUSED} the associated customer has prior transactions.",
            code="promotion_code_customer_not_first_time",
            param=param,
        )


def check_minimum(code: Json, amount: int, currency: str, param: str) -> None:
    """Refuse a purchase of less than the code's least amount."""
    least = _least(code["restrictions"], currency)
    if least is not None and amount < least:
        message = f"{_REFUSED} the associated purchase does not meet the minimum amount requirement"
        raise Refusal(f"{message}.", param=param)


def _least(restrictions: Json, currency: str) -> float | None:
    """The least amount in this currency; in none that the code does not name it can be met."""
    named = restrictions["minimum_amount_currency"]
    options: Json = restrictions.get("currency_options") or {}
    if named in {None, currency}:
        own: float | None = restrictions["minimum_amount"]
        return own
    option = options.get(currency, {})
    least: float = option.get("minimum_amount", math.inf)
    return least


def redeem(account: Account, code: Json) -> None:
    """Count a redemption."""
    coupons.count(account, code)
    if coupons.is_used_up(code):
        lapse(account, code)
