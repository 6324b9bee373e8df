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
        fields="""active=true attributes=[] created default_price description images=[]
            livemode=false marketing_features=[] metadata={} name package_dimensions shippable
            statement_descriptor tax_code tax_details type="service" unit_label updated url""",
        expands="default_price:price tax_code:-",
        verbs={
            "list": "active:bool created:$range ids:[str]<100 shippable:bool type:good|service url",
            "create": """active:bool default_price_data:{currency!:cur
                currency_options:$currencies custom_unit_amount:$custom metadata:map
                recurring:$every tax_behavior:$tax unit_amount:int>=0 unit_amount_decimal:dec
                ^unit_amount,unit_amount_decimal} description:str<40000 id images:[str]<8
                marketing_features:[{name!:str<80}]<15 metadata:map name!
                package_dimensions:{height!:num length!:num weight!:num width!:num} shippable:bool
                statement_descriptor:str<22 tax_code tax_details:any type:good|service
                unit_label:str<12 url""",
            "update": """active:bool default_price:@price description:str<40000? images:[str]<8?
                marketing_features:[{name!:str<80}]<15? metadata:map? name
                package_dimensions:{height!:num length!:num weight!:num width!:num}?
                shippable:bool statement_descriptor:str<22 tax_code:str? tax_details:any
                unit_label:str<12? url:str?""",
            "retrieve": "",
            "delete": "",
        },
        emits="created updated deleted",
        listed="json_extract(body, '$._inline') IS NULL",
        looks_at={"ids": "id"},
    )
)


@does("product.create")
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


@does("product.update")
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
