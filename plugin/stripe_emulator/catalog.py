"""Products, prices and customers: what Stripe does beyond storing them."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from stripe_emulator import payments, refusals
from stripe_emulator.account import Account, token
from stripe_emulator.lifecycle import Given, does
from stripe_emulator.refusals import Json, Refusal

_LONGEST = {"year": 3, "month": 36, "week": 156, "day": 1095}  # three years


@does("product.create")
def create_product(account: Account, product: Json, given: Given) -> Json:
    """Create a product, with its default price when ``default_price_data`` is given."""
    if given.get("id"):
        product["id"] = given["id"]
        if account.resolve("product", product["id"]):
            raise Refusal("Product already exists.", code="resource_already_exists", param="id")
    _dress(product)
    account.create(product)
    if data := given.get("default_price_data"):
        price = new_price(account, {**data, "product": product["id"]})
        product["default_price"] = account.create(price)["id"]
        account.change(product)
    return product


@does("product.update")
def update_product(account: Account, product: Json, given: Given) -> Json:
    """Update a product; its default price must be one of its own."""
    if price_id := given.get("default_price"):
        price = account.need("price", price_id, "default_price")
        if price["product"] != product["id"]:
            message = f"The price `{price_id}` does not belong to the product `{product['id']}`."
            raise Refusal(message, param="default_price")
    _dress(product)
    if product != given.before:
        product["updated"] = account.now
    return account.change(product, given.before)


def _dress(product: Json) -> None:
    code = product["tax_code"]
    product["tax_details"] = {"performance_location": None, "tax_code": code} if code else None
    descriptor = product["statement_descriptor"]
    if descriptor and (
        re.search(r"[<>\\\"']", descriptor) or not re.search("[A-Za-z]", descriptor)
    ):
        message = (
            "The statement descriptor must contain at least one letter and none of < > \\ \" '."
        )
        raise Refusal(message, param="statement_descriptor")


@does("product.delete")
def delete_product(account: Account, product: Json, _given: Given) -> Json:
    """Delete a product without prices."""
    if account.find("price", product=product["id"]):
        raise Refusal(
            "This product cannot be deleted because it has one or more user-created prices."
        )
    return account.delete(product)


@does("price.create")
def create_price(account: Account, price: Json, given: Given) -> Json:
    """Create a price, and its product when ``product_data`` is given."""
    _pricing_rules(given)
    if "product" not in given and "product_data" not in given:
        raise Refusal("You must specify either `product` or `product_data` when creating a price.")
    price |= {k: v for k, v in new_price(account, given).items() if k not in {"id", "metadata"}}
    _take_lookup_key(account, price, given)
    return account.create(price)


def new_price(account: Account, data: Json) -> Json:
    """Make a price of price data that was judged; ``product_data`` makes its product first."""
    price = account.new("price")
    price |= {key: value for key, value in data.items() if key in price and key != "metadata"}
    price["metadata"] = dict(data.get("metadata") or {})
    if product_data := data.get("product_data"):
        product = account.new("product") | product_data
        _dress(product)
        price["product"] = account.create(product)["id"]
    price |= _amounts(data)
    if recurring := data.get("recurring"):
        defaults = {"interval_count": 1, "meter": None, "trial_period_days": None}
        recurring = defaults | {"usage_type": "licensed"} | recurring
        price |= {"type": "recurring", "recurring": dict(sorted(recurring.items()))}
    for hidden in ("tiers", "currency_options"):
        price[f"_{hidden}"] = data.get(hidden)
    if custom := data.get("custom_unit_amount"):
        price["custom_unit_amount"] = {k: custom.get(k) for k in ("maximum", "minimum", "preset")}
    return price


def _amounts(data: Json) -> Json:
    decimal = data.get("unit_amount_decimal", data.get("unit_amount"))
    if decimal is None:
        return {}
    whole = Decimal(str(decimal)) == int(Decimal(str(decimal)))
    return {
        "unit_amount": int(Decimal(str(decimal))) if whole else None,
        "unit_amount_decimal": str(decimal),
    }


def _pricing_rules(given: Json) -> None:
    tiered = given.get("billing_scheme") == "tiered"
    recurring = given.get("recurring")
    if tiered and not recurring:
        message = "Prices with `type=one_time` are not supported with tiered billing."
        raise Refusal(message, param="interval")
    if tiered and "tiers" not in given:
        raise refusals.missing_parameter("tiers")
    if not tiered and not given.keys() & {
        "unit_amount", "unit_amount_decimal", "custom_unit_amount"
    }:  # fmt: skip
        message = "Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set."
        raise Refusal(message)
    if recurring and recurring.get("usage_type") == "metered" and not recurring.get("meter"):
        raise Refusal(
            "Starting with Stripe version `2025-03-31.basil`, metered prices must be backed by "
            "meters."
        )
    if recurring and recurring.get("interval_count", 1) > _LONGEST[recurring["interval"]]:
        message = "The maximum billing interval is three years."
        raise Refusal(message, param="recurring[interval_count]")


@does("price.update")
def update_price(account: Account, price: Json, given: Given) -> Json:
    """Update a price; a product's default price stays active."""
    product = account.get("product", price["product"])
    if given.get("active") is False and product and product["default_price"] == price["id"]:
        raise Refusal(
            "This price cannot be archived because it is the default price of its product."
        )
    if given.before["tax_behavior"] not in {"unspecified", price["tax_behavior"]}:
        message = "You cannot change `tax_behavior` once it is `inclusive` or `exclusive`."
        raise Refusal(message, param="tax_behavior")
    _take_lookup_key(account, price, given)
    return account.change(price, given.before)


def _take_lookup_key(account: Account, price: Json, given: Json) -> None:
    key = given.get("lookup_key")
    holders = account.find("price", lookup_key=key) if key else []
    for holder in (other for other in holders if other["id"] != price["id"]):
        if not given.get("transfer_lookup_key"):
            message = f"A price (`{holder['id']}`) already uses that lookup key."
            raise Refusal(message, param="lookup_key")
        account.change(holder | {"lookup_key": None}, holder)


def total(price: Json, quantity: int) -> int:
    """What this many cost in the currency's minor unit; tiers and packages are counted."""
    if transform := price.get("transform_quantity"):
        packs = Decimal(quantity) / transform["divide_by"]
        quantity = int(
            packs.to_integral_value("ROUND_UP" if transform["round"] == "up" else "ROUND_DOWN")
        )
    if price.get("_tiers"):
        return _tiered(price["_tiers"], quantity, graduated=price["tiers_mode"] == "graduated")
    return _rounded(Decimal(price["unit_amount_decimal"] or "0") * quantity)


def _tiered(tiers: list[Json], quantity: int, *, graduated: bool) -> int:
    amount, below = Decimal(0), 0
    for tier in tiers:
        top = quantity if tier["up_to"] == "inf" else min(tier["up_to"], quantity)
        if not graduated and top < quantity:
            continue
        units = top - below if graduated else quantity
        if units > 0:
            amount += _of_tier(tier, "unit_amount") * units + _of_tier(tier, "flat_amount")
        below = top
        if top == quantity:
            break
    return _rounded(amount)


def _of_tier(tier: Json, name: str) -> Decimal:
    value: Any = tier.get(name, tier.get(f"{name}_decimal"))
    return Decimal(str(value)) if value is not None else Decimal(0)


def _rounded(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_HALF_UP))


@does("customer.create")
def create_customer(account: Account, customer: Json, given: Given) -> Json:
    """Create a customer, and attach the payment method it comes with."""
    customer["invoice_prefix"] = given.get("invoice_prefix") or token(8).upper()
    account.create(customer)
    if method := given.get("payment_method"):
        payments.attach(account, payments.method(account, method, "payment_method"), customer["id"])
    return _settle_default(account, customer, None)


@does("customer.update")
def update_customer(account: Account, customer: Json, given: Given) -> Json:
    """Update a customer; its default payment method must be attached to it."""
    return _settle_default(account, customer, given.before)


def _settle_default(account: Account, customer: Json, before: Json | None) -> Json:
    settings = customer["invoice_settings"]
    if (given := settings["default_payment_method"]) and given != (
        before and before["invoice_settings"]["default_payment_method"]
    ):
        method = payments.method(account, given, "invoice_settings[default_payment_method]")
        if method["customer"] != customer["id"]:
            raise Refusal(
                f"The customer does not have a payment method with the ID {given}. The payment "
                "method must be attached to the customer.",
                code="resource_missing",
                param="invoice_settings[default_payment_method]",
            )
        settings["default_payment_method"] = method["id"]
    customer["tax_exempt"] = customer["tax_exempt"] or "none"
    return account.change(customer, before)


@does("customer.delete")
def delete_customer(account: Account, customer: Json, _given: Given) -> Json:
    """Delete a customer: live subscriptions end, payment methods come loose."""
    for subscription in account.find("subscription", customer=customer["id"]):
        if subscription["status"] not in {"canceled", "incomplete_expired"}:
            ended = {"status": "canceled", "canceled_at": account.now, "ended_at": account.now}
            account.change(subscription | ended)
            account.emit("customer.subscription.deleted", subscription | ended)
    for method in account.find("payment_method", customer=customer["id"]):
        account.change(method | {"customer": None})
    return account.delete(customer)
