"""What is a price: how much one costs, or many, and how often?"""

from decimal import ROUND_DOWN, ROUND_HALF_UP, ROUND_UP, Decimal
from typing import Any

from stripe_emulator import refusals
from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.lifecycle import Given, does, picked
from stripe_emulator.refusals import Json, Refusal
from stripe_emulator.resources import product as products

declare(
    Resource(
        kind="price",
        prefix="price_1",
        path="/v1/prices",
        verbs="list create update retrieve search",
        searches="active currency lookup_key metadata product type",
        starts="""active=true billing_scheme="per_unit" _currency_options
            tax_behavior="unspecified" _tiers type="one_time" """,
        unsets={"update": "lookup_key nickname"},
        on_demand="currency_options tiers",
        echoes="active currency_options nickname tax_behavior",
        emits="created updated",
        in_path="price",
        listed="json_extract(body, '$._inline') IS NULL",
        looks_at={"lookup_keys": "lookup_key"},
    )
)

_LONGEST = {"year": 3, "month": 36, "week": 156, "day": 1095}  # three years
_AMOUNTS = {"unit_amount", "unit_amount_decimal", "custom_unit_amount"}
_RECURRING: Json = {
    "interval": None,
    "interval_count": 1,
    "meter": None,
    "trial_period_days": None,
    "usage_type": "licensed",
}


@does(
    "price.create",
    """billing_scheme currency custom_unit_amount lookup_key product product_data recurring tiers
    tiers_mode transfer_lookup_key transform_quantity unit_amount unit_amount_decimal""",
)
def create(account: Account, price: Json, given: Given) -> Json:
    """Create a price, and its product when `product_data` is given."""
    _check_amounts(given)
    _check_recurring(given.get("recurring"))
    if "product" not in given and "product_data" not in given:
        raise Refusal("You must specify either `product` or `product_data` when creating a price.")
    _fill(account, price, given)
    _take_lookup_key(account, price, given)
    return account.create(price)


@does("price.fill")
def fill(account: Account, price: Json, given: Given) -> Json:
    """Fill a new price from price data that was judged."""
    price |= {name: value for name, value in given.items() if name in price}
    price["metadata"] = dict(given.get("metadata") or {})
    _fill(account, price, given)
    return price


def of_data(account: Account, data: Json) -> Json:
    """Make the price of another resource's `price_data`; nobody's catalogue lists it."""
    price = account.new("price", **picked(data, "currency product tax_behavior"))
    _fill(account, price, data)
    return account.create(price | {"active": False, "_inline": True})


def _fill(account: Account, price: Json, data: Json) -> None:
    if product_data := data.get("product_data"):
        price["product"] = products.of_data(account, product_data)["id"]
    price |= amounts_of(data)
    if recurring := data.get("recurring"):
        price |= {"type": "recurring", "recurring": _RECURRING | recurring}
    price["_tiers"] = data.get("tiers")
    price["_currency_options"] = data.get("currency_options")
    if custom := data.get("custom_unit_amount"):
        bounds = ("maximum", "minimum", "preset")
        price["custom_unit_amount"] = {name: custom.get(name) for name in bounds}


def amounts_of(data: Json) -> Json:
    """What each costs, if that is said: the whole amount, and the text of an exact one."""
    text = data.get("unit_amount_decimal", data.get("unit_amount"))
    if text is None:
        return {}
    amount = Decimal(str(text))
    whole = int(amount) if amount == int(amount) else None
    return {"unit_amount": whole, "unit_amount_decimal": str(text)}


def _check_amounts(given: Json) -> None:
    if given.get("billing_scheme") == "tiered":
        if not given.get("recurring"):
            message = "Prices with `type=one_time` are not supported with tiered billing."
            raise Refusal(message, param="interval")
        if "tiers" not in given:
            raise refusals.missing_parameter("tiers")
    elif _AMOUNTS.isdisjoint(given):
        message = "Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set."
        raise Refusal(message)
    if Decimal(given.get("unit_amount_decimal", 0)) < 0:
        raise Refusal("Invalid non-negative decimal", param="unit_amount_decimal")


def _check_recurring(recurring: Json | None) -> None:
    if not recurring:
        return
    if recurring.get("usage_type") == "metered" and not recurring.get("meter"):
        raise Refusal(
            "Starting with Stripe version `2025-03-31.basil`, metered prices must be backed by "
            "meters."
        )
    if recurring.get("interval_count", 1) > _LONGEST[recurring["interval"]]:
        message = "The maximum billing interval is three years."
        raise Refusal(message, param="recurring[interval_count]")


@does("price.update", "lookup_key transfer_lookup_key")
def update(account: Account, price: Json, given: Given) -> Json:
    """Update a price; a product's default price stays active."""
    if given.get("active") is False:
        _check_not_default(account, price)
    if given.before["tax_behavior"] not in {"unspecified", price["tax_behavior"]}:
        message = "You cannot change `tax_behavior` once it is `inclusive` or `exclusive`."
        raise Refusal(message, param="tax_behavior")
    _take_lookup_key(account, price, given)
    return account.change(price, given.before)


def _check_not_default(account: Account, price: Json) -> None:
    product = account.get("product", price["product"])
    if product and product["default_price"] == price["id"]:
        raise Refusal(
            "This price cannot be archived because it is the default price of its product."
        )


def _take_lookup_key(account: Account, price: Json, given: Json) -> None:
    key = given.get("lookup_key")
    holders = account.find("price", lookup_key=key) if key else []
    for holder in holders:
        if holder["id"] == price["id"]:
            continue
        if not given.get("transfer_lookup_key"):
            message = f"A price (`{holder['id']}`) already uses that lookup key."
            raise Refusal(message, param="lookup_key")
        account.change(holder | {"lookup_key": None}, holder)


def on_sale(account: Account, wanted: Json, path: str, *, inline: bool = False) -> Json:
    """Find the price that a line names; it must be on sale, or (`inline`) made of price data."""
    param = f"{path}[price]"
    if "price" not in wanted:
        raise refusals.missing_parameter(param)
    price = account.need("price", wanted["price"], param)
    if not price["active"] and not (inline and "_inline" in price):
        message = "The price specified is inactive. This field only accepts active prices."
        raise Refusal(message, param=param)
    return price


def is_metered(price: Json) -> bool:
    """Whether what it costs is known only when it was used, so that there is no quantity of it."""
    recurring = price["recurring"]
    return bool(recurring) and recurring["usage_type"] == "metered"


def check_type(price: Json, wanted: str, param: str) -> None:
    """Refuse a one-time price where a recurring one is wanted, and the other way round."""
    if price["type"] != wanted:
        raise Refusal(
            f"The price specified is set to `type={price['type']}` but this field only accepts "
            f"prices with `type={wanted}`.",
            param=param,
        )


def pricing(price: Json) -> Json:
    """A line's `pricing`: which price it has."""
    details = {"price": price["id"], "product": price["product"]}
    decimal = price["unit_amount_decimal"]
    return {"price_details": details, "type": "price_details", "unit_amount_decimal": decimal}


def total(price: Json, quantity: int) -> int:
    """What this many cost in the currency's minor unit; tiers and packages are counted."""
    if transform := price.get("transform_quantity"):
        packages = Decimal(quantity) / transform["divide_by"]
        rounding = ROUND_UP if transform["round"] == "up" else ROUND_DOWN
        quantity = int(packages.to_integral_value(rounding))
    if not price.get("_tiers"):
        return _rounded(Decimal(price["unit_amount_decimal"] or "0") * quantity)
    if price["tiers_mode"] == "graduated":
        return _graduated(price["_tiers"], quantity)
    return _by_volume(price["_tiers"], quantity)


def _graduated(tiers: list[Json], quantity: int) -> int:
    """Each tier has its own price for what falls into it."""
    amount = Decimal(0)
    below = 0
    for tier in tiers:
        top = _top(tier, quantity)
        if top > below:
            amount += _of_tier(tier, top - below)
        if top == quantity:
            break
        below = top
    return _rounded(amount)


def _by_volume(tiers: list[Json], quantity: int) -> int:
    """The tier that everything reaches has the price of everything."""
    for tier in tiers:
        if quantity and _top(tier, quantity) == quantity:
            return _rounded(_of_tier(tier, quantity))
    return 0


def _top(tier: Json, quantity: int) -> int:
    return quantity if tier["up_to"] == "inf" else min(tier["up_to"], quantity)


def _of_tier(tier: Json, units: int) -> Decimal:
    return _decimal(tier, "unit_amount") * units + _decimal(tier, "flat_amount")


def _decimal(tier: Json, name: str) -> Decimal:
    value: Any = tier.get(name, tier.get(f"{name}_decimal"))
    return Decimal(str(value)) if value is not None else Decimal(0)


def _rounded(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_HALF_UP))
