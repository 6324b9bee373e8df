"""What is a coupon: how much less is paid, for how long, and who may still redeem it?"""

from typing import Any

from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.due import due
from stripe_emulator.lifecycle import Given, does
from stripe_emulator.refusals import Json, Refusal, exclusive_parameters, not_simulated

declare(
    Resource(
        kind="coupon",
        prefix="",
        size=8,
        path="/v1/coupons",
        verbs="list create retrieve update delete",
        starts='_applies_to _currency_options duration="once" times_redeemed=0 valid=true',
        unsets={"create": "name", "update": "name"},
        on_demand="applies_to currency_options",
        echoes="applies_to name",
        emits="created updated deleted",
        in_path="coupon",
    )
)

_MOST_MONTHS = 1_200
_BOTH = "Received both percent_off and amount_off parameters. Please pass in only one."
_NO_MONTHS = (
    "The duration_in_months param must be set when creating a coupon with a repeating duration"
)
_MONTHS_OF_ANOTHER = (
    "The duration_in_months param can only be set when creating a coupon with a repeating duration"
)


@does(
    "coupon.create",
    """amount_off currency currency_options duration duration_in_months id max_redemptions
    percent_off redeem_by""",
)
def create(account: Account, coupon: Json, given: Given) -> Json:
    """Create a coupon, under an ID of the caller's if there is one."""
    _check_off(given)
    _check_duration(coupon)
    coupon["id"] = given.get("id") or coupon["id"]
    _take_id(account, coupon["id"])
    check_future(account, "redeem_by", coupon["redeem_by"])
    return account.create(coupon)


def _check_off(given: Json) -> None:
    percent, amount = given.get("percent_off"), given.get("amount_off")
    if percent is None and amount is None:
        message = "Must provide percent_off or amount_off."
        raise Refusal(message, code="parameter_missing")
    if percent is not None and amount is not None:
        raise Refusal(_BOTH)
    if amount is not None and "currency" not in given:
        raise Refusal("You must pass currency when passing amount_off", param="currency")
    if percent is not None:
        _check_percent(percent, given)


def _check_percent(percent: float, given: Json) -> None:
    names = ("currency_options", "percent_off")
    if names[0] in given:
        raise exclusive_parameters(names, names[0])
    if percent < 0.01:
        raise _out_of_bounds(percent, "greater than or equal to 0.01")
    if percent > 100:
        raise _out_of_bounds(percent, "less than or equal to 100")


def _out_of_bounds(percent: float, bound: str) -> Refusal:
    message = f"This value must be {bound} (it currently is '{percent}')."
    return Refusal(message, param="percent_off")


def _check_duration(coupon: Json) -> None:
    """The parameter that Stripe blames is `duration`, as recorded."""
    repeats, months = coupon["duration"] == "repeating", coupon["duration_in_months"]
    if repeats and months is None:
        raise Refusal(_NO_MONTHS, param="duration")
    if months is not None and not repeats:
        raise Refusal(_MONTHS_OF_ANOTHER, param="duration")
    if months is not None and months > _MOST_MONTHS:
        raise not_simulated("more than a hundred years", "duration_in_months")


def _take_id(account: Account, id_: str) -> None:
    """Take an ID that no living coupon has."""
    if account.get("coupon", id_):
        raise Refusal("Coupon already exists.", code="resource_already_exists")
    account.store.free(account.name, "coupon", id_)


def check_future(account: Account, name: str, moment: int | None) -> None:
    """Refuse a moment that is over; none at all will do."""
    if moment is not None and moment <= account.now:
        raise Refusal(
            f"The parameter `{name}` expects a unix timestamp representing a date and time in the "
            f"future. You specified the value `{moment}` which is in the past.",
            param=name,
        )


@does("coupon.update", "currency_options")
def update(account: Account, coupon: Json, given: Given) -> Json:
    """Update a coupon; a currency that is not named keeps its amount."""
    before: Json = given.before["_currency_options"] or {}
    if named := given.get("currency_options"):
        coupon["_currency_options"] = before | named
    return account.change(coupon, given.before)


def _lapses(coupon: Json) -> int | None:
    moment: int | None = coupon["redeem_by"]
    return moment if coupon["valid"] else None


@due("coupon.lapse", _lapses)
def lapse(account: Account, coupon: Json) -> None:
    """Let a coupon be redeemed no more, and none of its promotion codes."""
    coupon["valid"] = False
    account.change(coupon)
    same = {"promotion.coupon": coupon["id"]}
    for code in account.find("promotion_code", **same):
        account.change(code | {"active": False})


@does("coupon.delete")
def delete(account: Account, coupon: Json, _given: Given) -> Json:
    """Delete a coupon: who has redeemed it keeps the discount."""
    lapse(account, coupon)
    return account.delete(coupon)


def check_redeemable(account: Account, coupon: Json) -> None:
    """Refuse a coupon whose time is over, or that was redeemed as often as it may be."""
    if is_over(account.now, coupon["redeem_by"]):
        raise _refused(coupon, "expired")
    if is_used_up(coupon):
        raise _refused(coupon, "used up")


def is_over(now: int, end: int | None) -> bool:
    """Whether a moment has come; none never does."""
    return end is not None and end <= now


def is_used_up(redeemed: Json) -> bool:
    """Whether a coupon or a promotion code was redeemed as often as it may be."""
    most = redeemed["max_redemptions"]
    if most is None:
        return False
    return bool(redeemed["times_redeemed"] >= most)


def _refused(coupon: Json, why: str) -> Refusal:
    message = f"Coupon {coupon['id']} is {why} and cannot be applied."
    return Refusal(message, code="coupon_expired")


def redeem(account: Account, coupon: Json) -> None:
    """Count a redemption."""
    check_redeemable(account, coupon)
    count(account, coupon)
    if is_used_up(coupon):
        lapse(account, coupon)


def count(account: Account, redeemed: Json) -> None:
    """Count a redemption, by whatever clock its customer lives: it is planned for everybody's."""
    redeemed["times_redeemed"] += 1
    account.store.put(account.name, redeemed)


def amount_off(coupon: Json, currency: Any, param: str) -> int | None:
    """What an amount takes off in this currency; None of a percentage.

    Raises the Refusal (400) of a currency in which the coupon has no amount.
    """
    if coupon["amount_off"] is None or coupon["currency"] == currency:
        amount: int | None = coupon["amount_off"]
        return amount
    options: Json = coupon["_currency_options"] or {}
    if currency not in options:
        raise Refusal(
            f"The coupon `{coupon['id']}` cannot be redeemed because its currency "
            f"`{coupon['currency']}` does not match `{currency}`.",
            param=param,
        )
    other: int = options[currency]["amount_off"]
    return other


def applies_to(coupon: Json, product: str) -> bool:
    """Whether a coupon makes a product cheaper: any, if it names none."""
    named: Json = coupon["_applies_to"] or {}
    return product in named.get("products", [product])
