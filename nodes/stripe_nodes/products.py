"""Products: what is sold."""

from typing import Any

from stripe_nodes import rows
from stripe_nodes.lists import Dated, Searched
from stripe_nodes.resources import PRICE, PRODUCT
from stripe_plugin import (
    Action,
    Deleted,
    Found,
    One,
    Page,
    action,
    optional,
    path_id,
    required,
    rule,
)

_CURSOR = "Use an ID from the previous result"
_MOST = "Max 8 URLs"
_IMAGES = (rule.max_items(8, "URLs"), rule.each(rule.max_length(5000)))


@action("GET /v1/products", PRODUCT, answers=Page())
class ListProducts(Dated):
    """List the products of the account, newest first."""

    active: bool | None = rows.active("Only active products, or only archived ones")
    starting_after: str | None = rows.starting_after(_CURSOR)
    ending_before: str | None = rows.ending_before(_CURSOR)


@action("GET /v1/products/{id}", PRODUCT, answers=One(name="Premium Plan"))
class RetrieveProduct(Action):
    """Get one product."""

    id: str = path_id("Product ID", "prod_123", "The product to get", PRODUCT)


@action("POST /v1/products", PRODUCT, answers=One(name="Premium Plan"))
class CreateProduct(Action):
    """Create a product, ready to be given prices."""

    name: str = required("Name", "Premium Plan", "The name customers see", rule.max_length(5000))
    active: bool | None = optional("Active", True, "Whether it can be bought")
    description: str | None = rows.text(
        "Description", "Premium subscription plan", "What it is, for customers", 40000
    )
    images: list[str] | None = optional(
        "Images", ["https://example.com/img.jpg"], "Addresses of its pictures", *_IMAGES, page=_MOST
    )
    url: str | None = rows.text("URL", "https://example.com/product", "Its page on your site", 5000)
    metadata: dict[str, Any] | None = rows.metadata({"internal_id": "123"}, clearable=False)


@action(
    "POST /v1/products/{id}", PRODUCT, answers=One(name="Premium Plan Updated"), repeatable=True
)
class UpdateProduct(Action):
    """Change a product; what is left empty stays as it is."""

    id: str = path_id("Product ID", "prod_123", "The product to change", PRODUCT)
    name: str | None = rows.text("Name", "Premium Plan Updated", "The name customers see", 5000)
    active: bool | None = optional("Active", False, "Whether it can be bought")
    description: str | None = rows.text(
        "Description", "Updated description", "What it is, for customers", 40000, clearable=True
    )
    images: list[str] | None = optional(
        "Images",
        ["https://example.com/new.jpg"],
        "Addresses of its pictures; they replace the present ones",
        *_IMAGES,
        page=_MOST,
        clearable=True,
    )
    url: str | None = optional(
        "URL", "https://example.com/new-product", "Its page on your site", clearable=True
    )
    default_price: str | None = rows.link(
        "Default Price", "price_123", "The price it is sold at by default", PRICE
    )
    metadata: dict[str, Any] | None = rows.metadata({"internal_id": "456"})


@action("DELETE /v1/products/{id}", PRODUCT, answers=Deleted())
class DeleteProduct(Action):
    """Delete a product. One that has prices cannot be deleted: set Active to false instead."""

    id: str = path_id("Product ID", "prod_123", "The product to delete", PRODUCT)


@action("GET /v1/products/search", PRODUCT, answers=Found(), beyond=True)
class SearchProducts(Searched):
    """Find products by what is known of them, newest first.

    What is new or changed is found within a minute, so never search for what was just made.
    """

    active: bool | None = rows.equal("Active", "active", True, "Whether it can be bought")
    name: str | None = rows.holding("Name", "name", "Premium Plan", "The name customers see")
    description: str | None = rows.holding(
        "Description", "description", "subscription plan", "What it is, for customers"
    )
    url: str | None = rows.holding("URL", "url", "https://example.com", "Its page on your site")
    shippable: bool | None = rows.equal("Shippable", "shippable", True, "Whether it is shipped")
