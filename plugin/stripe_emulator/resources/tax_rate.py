"""What is a tax rate: how much tax, in the price or on top of it?

Tax is of what discounts leave of a line, half a minor unit up, for each rate by itself. Of rates
in the price each is a part of the price without any of them
(docs.stripe.com/billing/taxes/tax-rates).
"""

import math
from collections.abc import Iterable
from fractions import Fraction

from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.lifecycle import Given, does
from stripe_emulator.refusals import Json, Refusal

declare(
    Resource(
        kind="tax_rate",
        prefix="txr_1",
        path="/v1/tax_rates",
        verbs="list create retrieve update",
        starts='active=true display_name="" percentage=0 rate_type="percentage"',
        echoes="""active country description display_name inclusive jurisdiction state
            tax_type""",
        emits="created updated",
        called="tax rate",
        in_path="tax_rate",
    )
)

_HALF = Fraction(1, 2)
_OF_RATE = ("tax_behavior", "tax_rate_details", "taxability_reason", "type")
_EXEMPT = {"exempt": "customer_exempt", "reverse": "reverse_charge"}


@does("tax_rate.create", "percentage")
def create(account: Account, rate: Json, given: Given) -> Json:
    """Create a tax rate, of up to a hundred percent."""
    if not 0 <= given["percentage"] <= 100:
        message = "Invalid percentage: must be between 0 and 100"
        raise Refusal(message, param="percentage")
    rate["effective_percentage"] = rate["percentage"]
    return account.create(rate)


def check_active(account: Account, ids: Iterable[str], param: str) -> None:
    """Refuse rates that are not in use any more; who has them keeps them."""
    for id_ in ids:
        if not account.need("tax_rate", id_, param)["active"]:
            raise Refusal(f"The tax rate {id_} is not active.", param=param)


def shown(account: Account, ids: list[str] | None) -> list[Json]:
    """The whole rates of these IDs."""
    rates = [account.need("tax_rate", id_) for id_ in ids or ()]
    return [account.show(rate) for rate in rates]


def of_amount(account: Account, ids: list[str], amount: int, exempt: str | None) -> list[Json]:
    """The tax of an amount by each rate, as lines show it; none if the customer pays none."""
    rates = [account.need("tax_rate", id_) for id_ in ids]
    within = sum(_share(rate) for rate in rates if rate["inclusive"])
    bare = Fraction(amount) / (1 + within)
    return [_tax(rate, bare, amount, exempt) for rate in rates]


def _tax(rate: Json, bare: Fraction, amount: int, exempt: str | None) -> Json:
    base = bare if rate["inclusive"] else Fraction(amount)
    reason = _EXEMPT.get(exempt or "")
    whole = math.floor(_share(rate) * base + _HALF)
    return {
        "amount": 0 if reason else whole,
        "tax_behavior": "inclusive" if rate["inclusive"] else "exclusive",
        "tax_rate_details": {"tax_rate": rate["id"]},
        "taxability_reason": reason or "not_available",
        "taxable_amount": amount,
        "type": "tax_rate_details",
    }


def _share(rate: Json) -> Fraction:
    return Fraction(str(rate["percentage"])) / 100


def totals(taxes: Iterable[Json]) -> list[Json]:
    """The taxes of all lines, added up by rate."""
    found: dict[str, Json] = {}
    for tax in taxes:
        of_rate = {name: tax[name] for name in _OF_RATE}
        empty = {"amount": 0, "taxable_amount": 0, **of_rate}
        total = found.setdefault(tax["tax_rate_details"]["tax_rate"], empty)
        total["amount"] += tax["amount"]
        total["taxable_amount"] += tax["taxable_amount"]
    return list(found.values())


def amount(taxes: Iterable[Json], behavior: str) -> int:
    """How much of these taxes is `inclusive`, or `exclusive`."""
    return sum(tax["amount"] for tax in taxes if tax["tax_behavior"] == behavior)
