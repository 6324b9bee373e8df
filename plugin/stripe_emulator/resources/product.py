"""What is a product: what is sold, whatever it costs?"""

import re
from typing import Any

from stripe_emulator import lifecycle
from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.lifecycle import Given, does
from stripe_emulator.refusals import Json, Refusal

declare(
    Resource(
        kind="product",
        prefix="prod_",
        size=14,
        path="/v1/products",
        verbs="list create update retrieve delete search",
        searches="active description~ metadata name~ shippable url~",
        starts='active=true attributes=[] tax_details type="service"',
        echoes="""active description images marketing_features name package_dimensions shippable
            statement_descriptor tax_code unit_label url""",
        emits="created updated deleted",
        listed="json_extract(body, '$._inline') IS NULL",
        looks_at={"ids": "id"},
    )
)


@does("product.create", "default_price_data id")
def create(account: Account, product: Json, given: Given) -> Json:
    """Create a product, with its default price when `default_price_data` is given."""
    if given.get("id"):
        product["id"] = given["id"]
        if account.resolve("product", product["id"]):
            raise Refusal("Product already exists.", code="resource_already_exists", param="id")
    _dress(product)
    account.create(product)
    if data := given.get("default_price_data"):
        of_product = {**data, "product": product["id"]}
        price = lifecycle.do("price.fill", account, account.new("price"), of_product)
        product["default_price"] = account.create(price)["id"]
        account.change(product)
    return product


def of_data(account: Account, data: Json, **more: Any) -> Json:
    """Make a product of another resource's `product_data`."""
    product = account.new("product", **data, **more)
    _dress(product)
    return account.create(product)


@does("product.update", "default_price")
def update(account: Account, product: Json, given: Given) -> Json:
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
    if descriptor and not _is_descriptor(descriptor):
        message = (
            "The statement descriptor must contain at least one letter and none of < > \\ \" '."
        )
        raise Refusal(message, param="statement_descriptor")


def _is_descriptor(text: str) -> bool:
    has_letter = re.search("[A-Za-z]", text)
    forbidden = re.search(r"[<>\\\"']", text)
    return bool(has_letter and not forbidden)


@does("product.delete")
def delete(account: Account, product: Json, _given: Given) -> Json:
    """Delete a product without prices."""
    if account.find("price", product=product["id"]):
        raise Refusal(
            "This product cannot be deleted because it has one or more user-created prices."
        )
    return account.delete(product)


def name_of(account: Account, id_: str) -> str | None:
    """The name of a product that a person made, and not another resource in passing."""
    product = account.get("product", id_)
    return product["name"] if product and "_inline" not in product else None
