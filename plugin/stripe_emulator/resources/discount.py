"""What is a discount: a coupon that somebody redeemed, until when, and what it takes off?

A percentage is taken of all lines together, half a minor unit up, and shared out by what is left
of each: every share is rounded down, and the last line takes what that leaves. A coupon of $5 for
$10 and $20 takes $1.66 and $3.34 (docs.stripe.com/billing/subscriptions/coupons). Discounts of a
line come before those of the whole; an entry of 0 is shown, as recorded.
"""

import copy
import math
from collections import Counter
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from attrs import frozen

from stripe_emulator.account import Account
from stripe_emulator.billing import periods
from stripe_emulator.declare import Resource, declare, missing
from stripe_emulator.due import due
from stripe_emulator.lifecycle import Given, does
from stripe_emulator.refusals import Json, Refusal, is_rows, missing_parameter, not_simulated
from stripe_emulator.resources import coupon as coupons
from stripe_emulator.resources import promotion_code as codes

declare(Resource(kind="discount", prefix="di_1", starts="_coupon"))

_FIRST = -1  # of what is due at one moment: a period that begins then is not discounted
_HALF = Fraction(1, 2)
Ids = list[str]


@frozen
class Buyer:
    """Who redeems and for what: by kind the ID of the object that gets the discounts."""

    account: Account
    customer: str | None
    currency: Any
    owner: Json
    #: what is to be paid before discounts; None where nobody can say
    amount: int | None = None
    path: str = "discounts"

    def redeem(self, wanted: Any, kept: Ids) -> Ids:
        """Make the discounts that a parameter asks for; what is there already is kept as it is."""
        rows: list[Json] = wanted if is_rows(wanted) else []
        free = [self.account.need("discount", id_) for id_ in kept]
        found = [self._one(row, free, f"{self.path}[{at}]") for at, row in enumerate(rows)]
        self._tell(found, kept)
        return found

    def _one(self, row: Json, free: list[Json], path: str) -> str:
        for each in free:
            if _asks_for(row, each):
                free.remove(each)
                return str(each["id"])
        if id_ := row.get("discount"):
            raise missing("discount", id_, f"{path}[discount]")
        made = self.made(row, path)
        count(self.account, made)
        return str(made["id"])

    def made(self, row: Json, path: str) -> Json:
        """Make a discount of a coupon, or of a promotion code's; the redemption is not counted."""
        coupon, code = self._coupon(row, path)
        coupons.check_redeemable(self.account, coupon)
        coupons.amount_off(coupon, self.currency, path)
        now = self.account.now
        made = self.account.new("discount", customer=self.customer)
        made |= {
            "promotion_code": code,
            "source": {"coupon": coupon["id"], "type": "coupon"},
            "start": now,
            "end": _end(coupon, now),
            "_coupon": copy.deepcopy(coupon),
        }
        return self.account.create(made | self.owner)

    def _coupon(self, row: Json, path: str) -> tuple[Json, str | None]:
        if id_ := row.get("promotion_code"):
            return self._of_code(id_, f"{path}[promotion_code]"), id_
        if "coupon" not in row:
            raise missing_parameter(f"{path}[coupon]")
        return self.account.need("coupon", row["coupon"], f"{path}[coupon]"), None

    def _of_code(self, id_: str, param: str) -> Json:
        code = self.account.need("promotion_code", id_, param)
        coupon = codes.coupon_for(self.account, code, self.customer, param)
        if code["restrictions"]["minimum_amount"] is not None:
            if self.amount is None:
                raise not_simulated("the least amount of a promotion code here", param)
            codes.check_minimum(code, self.amount, self.currency, param)
        return coupon

    def _tell(self, found: Ids, kept: Ids) -> None:
        """Tell of the discounts that a subscription has got and lost."""
        if "subscription" not in self.owner:
            return
        for id_ in found:
            if id_ not in kept:
                _emit(self.account, id_, "created")
        tell_lost(self.account, [id_ for id_ in kept if id_ not in found])


def _asks_for(row: Json, made: Json) -> bool:
    """Whether a row names a discount that is there, or what it was made of."""
    if row.get("discount"):
        return bool(row["discount"] == made["id"])
    if row.get("promotion_code"):
        return bool(row["promotion_code"] == made["promotion_code"])
    by_itself = not made["promotion_code"]
    return by_itself and bool(row.get("coupon") == made["source"]["coupon"])


def _end(coupon: Json, start: int) -> int | None:
    months = coupon["duration_in_months"]
    if not months:
        return None
    return periods.end_after(start, {"interval": "month", "interval_count": months}, start)


def count(account: Account, made: Json) -> None:
    """Count the redemption of a discount's coupon, and of its code."""
    coupon = account.need("coupon", made["source"]["coupon"])
    coupons.redeem(account, coupon)
    if id_ := made["promotion_code"]:
        codes.redeem(account, account.need("promotion_code", id_))


def tell_lost(account: Account, ids: Ids) -> None:
    """Tell that a subscription has these discounts no more."""
    for id_ in ids:
        _emit(account, id_, "deleted")


def _emit(account: Account, id_: str, what: str) -> None:
    account.emit(f"customer.discount.{what}", account.need("discount", id_))


def living(account: Account, ids: Ids) -> Ids:
    """Those that have not ended."""
    return [id_ for id_ in ids if not _is_over(account, id_)]


def _is_over(account: Account, id_: str) -> bool:
    end = account.need("discount", id_)["end"]
    return coupons.is_over(account.now, end)


def lasting(account: Account, ids: Ids) -> Ids:
    """Those that are for more than one invoice."""
    found = living(account, ids)
    return [id_ for id_ in found if _coupon(account, id_)["duration"] != "once"]


def _coupon(account: Account, id_: str) -> Json:
    """The coupon as it was redeemed."""
    found: Json = account.need("discount", id_)["_coupon"]
    return found


def spend(account: Account, subscription: Json, invoice: Json) -> None:
    """Take from a subscription what was for one invoice, if this one had something for it."""
    used: set[str] = set()
    for line in invoice["_lines"]:
        for each in line["discount_amounts"]:
            coupon = _coupon(account, each["discount"])
            if coupon["duration"] == "once" and _applies(coupon, line):
                used.add(each["discount"])
    _drop(account, subscription, used)


def _drop(account: Account, subscription: Json, over: set[str]) -> None:
    for owner in (subscription, *subscription["_items"]):
        lost = [id_ for id_ in owner["discounts"] if id_ in over]
        owner["discounts"] = [id_ for id_ in owner["discounts"] if id_ not in over]
        tell_lost(account, lost)


def _ends(made: Json) -> int | None:
    end: int | None = made["end"]
    return end if made["subscription"] else None


@due("discount.end", _ends, rank=_FIRST)
def end(account: Account, made: Json) -> None:
    """Take a discount whose months are over from its subscription."""
    subscription = account.get("subscription", made["subscription"])
    if subscription:
        _drop(account, subscription, {made["id"]})
        account.change(subscription)


@does("subscription.discount")
@does("customer.discount")
def remove(account: Account, owner: Json, _given: Given) -> Json:
    """Take the discounts of a subscription away; no parameter gives a customer one any more."""
    ids: Ids = owner.get("discounts", [])
    if not ids:
        message = f"No active discount for {owner['object']}: {owner['id']}"
        raise Refusal(message, code="resource_missing", status=404)
    shown = account.show(account.need("discount", ids[0]))
    tell_lost(account, ids)
    before = copy.deepcopy(owner)
    account.change(owner | {"discounts": []}, before)
    return shown | {"deleted": True}


def take_off(account: Account, whole: Ids, lines: list[Json]) -> list[Json]:
    """Give lines their `discount_amounts`; returns what each discount takes off in all."""
    for line in lines:
        line["discount_amounts"] = []
        for id_ in line["discounts"]:
            _take(account, id_, [line])
    for id_ in whole:
        _take(account, id_, lines)
    return _totals(lines)


def _take(account: Account, id_: str, lines: list[Json]) -> None:
    if not lines:
        return
    coupon = _coupon(account, id_)
    left = [_left(coupon, line) for line in lines]
    shares = _shares(coupon, lines[0]["currency"], left)
    for line, amount in zip(lines, shares, strict=True):
        line["discount_amounts"].append({"amount": amount, "discount": id_})


def _left(coupon: Json, line: Json) -> int:
    """What earlier discounts have left of a line for this one."""
    left: int = line["amount"] - taken_off(line)
    return left if _applies(coupon, line) else 0


def _applies(coupon: Json, line: Json) -> bool:
    product = line["pricing"]["price_details"]["product"]
    costs: bool = line["discountable"] and line["amount"] > 0
    return costs and coupons.applies_to(coupon, product)


def taken_off(line: Json) -> int:
    """What its discounts take off a line."""
    return sum(each["amount"] for each in line["discount_amounts"])


def _shares(coupon: Json, currency: str, left: list[int]) -> list[int]:
    off = coupons.amount_off(coupon, currency, "discounts")
    base = sum(left)
    if off is None:
        share = Fraction(str(coupon["percent_off"])) / 100 * base
        off = math.floor(share + _HALF)
    return apportioned(min(off, base), left)


def apportioned(amount: int, weights: list[int]) -> list[int]:
    """Share an amount out by weights, rounded down; the last takes what is left, if it can.

    No share is more than its weight: what is too much for the last is for those before it.
    """
    whole = sum(weights)
    if not whole:
        return [0 for _ in weights]
    shares = [amount * weight // whole for weight in weights]
    left = amount - sum(shares)
    for at in reversed(range(len(weights))):
        more = min(left, weights[at] - shares[at])
        shares[at] += more
        left -= more
    return shares


def _totals(lines: list[Json]) -> list[Json]:
    """What each takes off; what takes nothing is only told where none does, as in trials."""
    found: Counter[str] = Counter()
    for line in lines:
        for each in line["discount_amounts"]:
            found[each["discount"]] += each["amount"]
    every = [{"amount": amount, "discount": id_} for id_, amount in found.items()]
    useful = [row for row in every if row["amount"]]
    return useful or every


def as_credits(amounts: Iterable[Json]) -> list[Json]:
    """The same amounts among the credits before tax."""
    return [each | {"type": "discount"} for each in amounts]
