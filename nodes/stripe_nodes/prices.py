"""Prices: how much a product costs, and how often."""

from typing import Any

from stripe_nodes import nested, rows, rules
from stripe_nodes.lists import Dated, Searched
from stripe_nodes.resources import PRICE, PRODUCT
from stripe_plugin import Action, Found, One, Page, action, optional, path_id, required, rule

_OTHER_AMOUNTS = (rule.Parameter("unit_amount_decimal"), rule.Parameter("custom_unit_amount"))


def _nickname(example: str, **more: Any) -> Any:
    return rows.text("Nickname", example, "A short name that customers do not see", 5000, **more)


@action("GET /v1/prices", PRICE, answers=Page())
class ListPrices(Dated):
    """List the prices of the account, newest first."""

    product: str | None = rows.link("Product", "prod_123", "Only this product's prices", PRODUCT)
    active: bool | None = rows.active("Only active prices, or only archived ones")
    currency: str | None = optional(
        "Currency", "usd", "Only prices in this currency", rules.currency_code(), page="ISO code"
    )


@action("GET /v1/prices/{price}", PRICE, answers=One(currency="usd"))
class RetrievePrice(Action):
    """Get one price."""

    price: str = path_id("Price ID", "price_123", "The price to get", PRICE)


@action("POST /v1/prices", PRICE, answers=One(currency="usd"))
class CreatePrice(Action):
    """Add a price, one-time or recurring, to a product or to one made with it."""

    currency: str = required("Currency", "usd", "What it is charged in", rules.currency_code())
    product: str | None = optional(
        "Product",
        "prod_123",
        "The product it is for",
        rule.required_if_empty("Product Data"),
        rule.excludes("Product Data"),
        rule.reference(PRODUCT),
        page="Required if Product Data is empty",
    )
    unit_amount: int | None = optional(
        "Unit Amount",
        1000,
        "What one unit costs, in the currency's smallest unit (cents); 0 is free",
        rule.required_if_empty(*_OTHER_AMOUNTS, rule.Parameter("billing_scheme")),
        rule.excludes(*_OTHER_AMOUNTS),
        rule.at_least(0),
        rules.amount(currency="Currency"),
        page="",
    )
    recurring: dict[str, Any] | None = optional(
        "Recurring",
        {"interval": "month"},
        "How often it is charged; empty for once",
        nested.METERED,
    )
    nickname: str | None = _nickname("Monthly Premium")
    metadata: dict[str, Any] | None = rows.metadata({"internal_id": "123"}, clearable=False)
    product_data: dict[str, Any] | None = optional(
        "Product Data",
        {"name": "New Product"},
        "A new product to make for this price",
        rule.required_if_empty("Product"),
        nested.PRODUCT_DATA,
        page="Required if Product is empty",
    )


@action("POST /v1/prices/{price}", PRICE, answers=One(active=False), repeatable=True)
class UpdatePrice(Action):
    """Change a price. Its amount, currency and interval never change: make a new price instead."""

    price: str = path_id("Price ID", "price_123", "The price to change", PRICE)
    active: bool | None = optional("Active", False, "Whether it can be used for new purchases")
    nickname: str | None = _nickname("Updated Monthly", clearable=rows.LIBRARY)
    lookup_key: str | None = rows.text(
        "Lookup Key",
        "premium_monthly_v2",
        "Your own key to find it by",
        200,
        clearable=rows.RECORDED,
    )
    tax_behavior: str | None = optional(
        "Tax Behavior",
        "inclusive",
        "Whether the price contains tax; once set to in- or exclusive it stays so",
        rows.TAX,
    )
    metadata: dict[str, Any] | None = rows.metadata({"internal_id": "456"})


@action(
    "POST /v1/prices/{price}",
    PRICE,
    answers=One(active=False),
    sends={"active": False},
    docs="prices/update",
    repeatable=True,
)
class DeactivatePrice(Action):
    """Archive a price, so that nothing new can be bought at it."""

    price: str = path_id("Price ID", "price_123", "The price to archive", PRICE)


@action("GET /v1/prices/search", PRICE, answers=Found(), beyond=True)
class SearchPrices(Searched):
    """Find prices by what is known of them, newest first.

    What is new or changed is found within a minute, so never search for what was just made.
    """

    active: bool | None = rows.equal("Active", "active", True, "Whether it can be bought")
    product: str | None = rows.equal(
        "Product", "product", "prod_123", "Only this product's prices", rule.reference(PRODUCT)
    )
    lookup_key: str | None = rows.equal(
        "Lookup Key", "lookup_key", "premium_monthly", "Only the price with this key"
    )
    currency: str | None = rows.currency("Only prices in this currency")
    type: str | None = rows.equal(
        "Type",
        "type",
        "recurring",
        "Only what is paid once, or again and again",
        rule.one_of("one_time", "recurring"),
    )
