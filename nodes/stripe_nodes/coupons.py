"""Coupons: how much less is paid, and for how long.

Amounts in other currencies go under Options › Extra, as currency_options.

Rules beyond the document's: what Stripe refuses to create, in its words at the pinned version
("Must provide percent_off or amount_off.", "You must pass currency when passing amount_off", "The
duration_in_months param must be set when creating a coupon with a repeating duration").
"""

from decimal import Decimal
from typing import Any

from stripe_nodes import rows, rules, times
from stripe_nodes.lists import Dated
from stripe_nodes.resources import COUPON, PRODUCT
from stripe_plugin import Action, Deleted, One, Page, action, optional, path_id, rule


def _name(example: str) -> Any:
    about = "What customers see on invoices; the ID if empty"
    return rows.text("Name", example, about, 40)


@action("GET /v1/coupons", COUPON, answers=Page(), beyond=True)
class ListCoupons(Dated):
    """List the coupons of the account, newest first."""


@action("GET /v1/coupons/{coupon}", COUPON, answers=One(id="SPRING"), beyond=True)
class RetrieveCoupon(Action):
    """Get one coupon, with how often it was redeemed and whether it is still valid."""

    coupon: str = path_id("Coupon ID", "SPRING", "The coupon to get", COUPON)


@action("POST /v1/coupons", COUPON, answers=One(id="SPRING"), beyond=True)
class CreateCoupon(Action):
    """Make a coupon, of a percentage or of an amount."""

    percent_off: Decimal | None = optional(
        "Percent Off",
        25,
        "How much less is paid, in percent",
        rule.required_if_empty("Amount Off"),
        rule.excludes("Amount Off"),
        rules.percentage(),
    )
    amount_off: int | None = optional(
        "Amount Off",
        500,
        "How much less is paid, in the currency's smallest unit (cents)",
        rule.required_if_empty("Percent Off"),
        rule.at_least(1),
        rules.amount(currency="Currency"),
    )
    currency: str | None = optional(
        "Currency",
        "usd",
        "The currency of the amount",
        rule.required_if("Amount Off"),
        rules.currency_code(),
    )
    duration: str | None = optional(
        "Duration",
        "repeating",
        "For one invoice, for some months, or for all invoices of who redeems it; once if empty",
        rule.one_of("forever", "once", "repeating"),
    )
    duration_in_months: int | None = optional(
        "Duration in Months",
        3,
        "For how many months it holds",
        rule.required_if("Duration", "repeating"),
        rule.only_if("Duration", "repeating"),
        rule.at_least(1),
    )
    id: str | None = rows.text(
        "ID", "SUMMER25", "Your own ID for it, such as a word; one is made if empty", 5000
    )
    name: str | None = _name("Spring sale")
    max_redemptions: int | None = optional(
        "Max Redemptions",
        100,
        "How often it can be redeemed, by all customers together",
        rule.at_least(1),
    )
    redeem_by: int | None = optional(
        "Redeem By",
        1893456000,
        "Until when it can be redeemed: unix seconds, or a date with its zone",
        times.in_future(),
    )
    applies_to: dict[str, Any] | None = optional(
        "Applies To",
        {"products": ["prod_123"]},
        "What it makes cheaper; everything if empty",
        rule.keys(
            products=rule.may(
                list[str],
                ["prod_123"],
                "The products that it makes cheaper",
                rule.each(rule.reference(PRODUCT)),
            )
        ),
    )
    metadata: dict[str, Any] | None = rows.metadata({"campaign": "spring"})


@action("POST /v1/coupons/{coupon}", COUPON, answers=One(id="SPRING"), repeatable=True, beyond=True)
class UpdateCoupon(Action):
    """Change a coupon's name; how much it takes off and for how long never changes."""

    coupon: str = path_id("Coupon ID", "SPRING", "The coupon to change", COUPON)
    name: str | None = _name("Spring sale 2031")
    metadata: dict[str, Any] | None = rows.metadata({"campaign": "spring-2031"})


@action("DELETE /v1/coupons/{coupon}", COUPON, answers=Deleted(), beyond=True)
class DeleteCoupon(Action):
    """Delete a coupon, so that nobody can redeem it; who has redeemed it keeps the discount."""

    coupon: str = path_id("Coupon ID", "SPRING", "The coupon to delete", COUPON)
