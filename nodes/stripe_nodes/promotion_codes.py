"""Promotion codes: what customers type to redeem a coupon.

Rules beyond the document's: the characters of a code and how far ahead it may expire, in Stripe's
words at the pinned version ("This value must match the regex pattern", "can be no more than five
years in the future"); a least amount has a currency (docs.stripe.com/api/promotion_codes).
Least amounts in other currencies go under Options › Extra, as restrictions.
"""

from typing import Any

from stripe_nodes import rows, rules, times
from stripe_nodes.lists import Dated
from stripe_nodes.resources import COUPON, CUSTOMER, PROMOTION_CODE
from stripe_plugin import Action, One, Page, action, optional, path_id, required, rule

_CODE = rule.matches("[A-Za-z0-9_-]+", "be letters a–z, digits, - and _")
_PROMOTION = rule.keys(
    type=rule.need(str, "coupon", "What it is a code for: a coupon", rule.one_of("coupon")),
    coupon=rule.may(
        str,
        "SPRING",
        "The coupon that it redeems",
        rule.required_if("Type", "coupon"),
        rule.reference(COUPON),
    ),
)
_RESTRICTIONS = rule.keys(
    first_time_transaction=rule.may(bool, True, "Only for customers who have paid nothing yet"),
    minimum_amount=rule.may(
        int,
        1000,
        "What must be paid at least, in the currency's smallest unit (cents)",
        rule.at_least(1),
        rules.amount(currency="Minimum Amount Currency"),
        rule.required_if("Minimum Amount Currency"),
    ),
    minimum_amount_currency=rule.may(
        str,
        "usd",
        "The currency of the least amount",
        rules.currency_code(),
        rule.required_if("Minimum Amount"),
    ),
)


@action("GET /v1/promotion_codes", PROMOTION_CODE, answers=Page(), beyond=True)
class ListPromotionCodes(Dated):
    """List promotion codes, of one coupon or all, newest first; or find one by its text."""

    code: str | None = rows.text(
        "Code", "SPRING25", "Only what a customer types so, in upper or lower case", 5000
    )
    coupon: str | None = rows.link("Coupon", "SPRING", "Only this coupon's", COUPON)
    customer: str | None = rows.link(
        "Customer", "cus_123", "Only those for this customer alone", CUSTOMER
    )
    active: bool | None = rows.active("Only active codes, or only inactive ones")


@action("GET /v1/promotion_codes/{promotion_code}", PROMOTION_CODE, answers=One(), beyond=True)
class RetrievePromotionCode(Action):
    """Get one promotion code by its ID; by its text it is found in the list."""

    promotion_code: str = path_id(
        "Promotion Code ID", "promo_123", "The promotion code to get", PROMOTION_CODE
    )


@action("POST /v1/promotion_codes", PROMOTION_CODE, answers=One(), beyond=True)
class CreatePromotionCode(Action):
    """Make a code that customers type to redeem a coupon."""

    promotion: dict[str, Any] = required(
        "Promotion",
        {"type": "coupon", "coupon": "SPRING"},
        "The coupon that the code redeems",
        _PROMOTION,
    )
    code: str | None = optional(
        "Code",
        "SPRING25",
        "What customers type, in upper or lower case; one is made if empty",
        _CODE,
        rule.max_length(500),
    )
    customer: str | None = rows.link(
        "Customer", "cus_123", "The one customer who can redeem it; all if empty", CUSTOMER
    )
    active: bool | None = optional("Active", True, "Whether it can be redeemed; true if empty")
    max_redemptions: int | None = optional(
        "Max Redemptions", 100, "How often it can be redeemed", rule.at_least(1)
    )
    expires_at: int | None = optional(
        "Expires At",
        1893456000,
        "When it ends, within five years: unix seconds, or a date with its zone",
        times.in_future(),
    )
    restrictions: dict[str, Any] | None = optional(
        "Restrictions",
        {"first_time_transaction": True},
        "What must be so for it to be redeemed",
        _RESTRICTIONS,
    )
    metadata: dict[str, Any] | None = rows.metadata({"campaign": "spring"}, clearable=False)


@action(
    "POST /v1/promotion_codes/{promotion_code}",
    PROMOTION_CODE,
    answers=One(active=False),
    repeatable=True,
    beyond=True,
)
class UpdatePromotionCode(Action):
    """Switch a promotion code off, or on again; its text and its coupon never change."""

    promotion_code: str = path_id(
        "Promotion Code ID", "promo_123", "The promotion code to change", PROMOTION_CODE
    )
    active: bool | None = optional("Active", False, "Whether it can be redeemed")
    metadata: dict[str, Any] | None = rows.metadata({"campaign": "autumn"})
