"""What is an invoice item: what the next invoice, or a draft, will charge for?"""

from typing import Any

from stripe_emulator import amounts, refusals
from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.lifecycle import Given, does
from stripe_emulator.present import shows
from stripe_emulator.refusals import Json, Refusal
from stripe_emulator.resources import discount as discounts
from stripe_emulator.resources import invoice as invoices
from stripe_emulator.resources import price as prices
from stripe_emulator.resources import product as products
from stripe_emulator.resources import tax_rate as tax_rates

declare(
    Resource(
        kind="invoiceitem",
        prefix="ii_1",
        path="/v1/invoiceitems",
        verbs="list create retrieve update delete",
        starts="""discountable=true discounts=[] frozen_fields=[] invoicing_rules=[] quantity=1
            quantity_decimal="1" tax_rates=[]""",
        echoes="description discountable",
        emits="created deleted",
        in_path="invoiceitem",
        looks_at={"created": "date"},
        conditions={"pending": "(json_extract(body, '$.invoice') IS NULL) = ?"},
    )
)

_TOTALS = {"amount", "unit_amount_decimal"}
_PRICES = _TOTALS | {"price_data", "pricing"}
_BILLED = "attached to an invoice that is no longer editable"
_NOT_CHANGED = f"This invoice item is already {_BILLED}"
_NOT_DELETED = f"Can't delete an invoice item that is {_BILLED}"


@does(
    "invoiceitem.create",
    """amount currency customer discounts invoice period price_data pricing quantity
    tax_rates unit_amount_decimal""",
)
def create(account: Account, item: Json, given: Given) -> Json:
    """Create an invoice item: pending, or a line of the draft it names."""
    invoice = invoices.draft(account, given["invoice"]) if "invoice" in given else None
    if invoice:
        item["customer"] = item["customer"] or invoice["customer"]
    if item["customer"] is None:
        raise refusals.missing_parameter("customer")
    fill(account, item, given)
    item["period"] = given.get("period") or account.moment
    item["parent"] = _parent(given)
    if invoice:
        _check_currency(item, invoice)
    _redeem(account, item, given, [])
    account.create(item)
    if invoice:
        invoices.append_item(account, invoice, item)
    return item


def _parent(given: Json) -> Json | None:
    """The subscription whose next invoice alone may take the item, if one is named."""
    if "subscription" not in given:
        return None
    details = {"subscription": given["subscription"], "subscription_item": None}
    return {"subscription_details": details, "type": "subscription_details"}


def _redeem(account: Account, item: Json, given: Json, kept: list[str]) -> None:
    """Take the discounts and tax rates that are asked for."""
    item["discounts"] = kept
    if "discounts" in given:
        owner = {"invoice_item": item["id"]}
        customer, currency = item["customer"], item["currency"]
        buyer = discounts.Buyer(account, customer, currency, owner)
        item["discounts"] = buyer.redeem(given["discounts"], kept)
    tax_rates.check_active(account, given.get("tax_rates") or (), "tax_rates")


def _check_currency(item: Json, invoice: Json) -> None:
    if invoice["currency"] != item["currency"]:
        raise Refusal(
            f"The currency of the invoice item ({item['currency']}) must be that of the "
            f"invoice ({invoice['currency']}).",
            param="currency",
        )


def one_time(account: Account, customer: str, price: Json, quantity: int, **more: Any) -> Json:
    """Make a pending item of a price that is paid once."""
    item = account.new("invoiceitem", customer=customer, period=account.moment, **more)
    pricing = {"price": price["id"]}
    fill(account, item, {"pricing": pricing, "quantity": quantity})
    return account.create(item)


def fill(account: Account, item: Json, given: Json) -> None:
    """Give an invoice item its amount: of a price, of price data, or plain."""
    quantity = given.get("quantity", 1)
    price = _price(account, given)
    amount = prices.total(price, quantity)
    amounts.check_size(amount, price["currency"], "amount")
    item |= {
        "amount": amount,
        "currency": price["currency"],
        "quantity": quantity,
        "quantity_decimal": given.get("quantity_decimal", str(quantity)),
        "pricing": prices.pricing(price),
    }
    if item["description"] is None:
        item["description"] = products.name_of(account, price["product"])


def _price(account: Account, given: Json) -> Json:
    id_ = given.get("pricing", {}).get("price")
    if not id_:
        return prices.of_data(account, _price_data(account, given))
    price = account.need("price", id_, "pricing[price]")
    prices.check_type(price, "one_time", "pricing[price]")
    return price


def _price_data(account: Account, given: Json) -> Json:
    """Plain amounts have prices too, of a product without a name."""
    data = dict(given.get("price_data") or _plain_amount(given))
    if "product" not in data and "product_data" not in data:
        unnamed = {"name": "One-time item", "active": False}
        product = products.of_data(account, unnamed, _inline=True)
        data["product"] = product["id"]
    return data


def _plain_amount(given: Json) -> Json:
    amount = "unit_amount_decimal" if "unit_amount_decimal" in given else "amount"
    for name in (amount, "currency"):
        if name not in given:
            raise refusals.missing_parameter(name)
    return {"currency": given["currency"], "unit_amount_decimal": str(given[amount])}


@does(
    "invoiceitem.update",
    "amount discounts period price_data pricing quantity tax_rates unit_amount_decimal",
)
def update(account: Account, item: Json, given: Given) -> Json:
    """Change an item that is pending or on a draft, where its line changes with it."""
    invoice = _draft_of(account, item, _NOT_CHANGED)
    if given.keys() & (_PRICES | {"quantity"}):
        _check_frozen(item)
        _price_anew(account, item, given)
    _redeem(account, item, given, given.before["discounts"])
    account.change(item, given.before)
    if invoice:
        invoices.change_item(account, invoice, item)
    return item


def _draft_of(account: Account, item: Json, refused: str) -> Json | None:
    """The draft that an item is on, if it is on one; it is no longer changed on any other."""
    if not item["invoice"]:
        return None
    invoice = account.need("invoice", item["invoice"])
    if invoice["status"] != "draft":
        raise Refusal(refused)
    return invoice


def _check_frozen(item: Json) -> None:
    if "pricing" in item["frozen_fields"]:
        raise refusals.not_simulated("another price or quantity of a proration", "pricing")


def _price_anew(account: Account, item: Json, given: Given) -> None:
    """Take another price, another quantity of the same one, or an amount for all of it."""
    before = given.before
    kept: Json = {"currency": before["currency"]}
    if given.keys().isdisjoint(_PRICES):
        kept["pricing"] = {"price": before["pricing"]["price_details"]["price"]}
    if given.keys().isdisjoint(_TOTALS):
        kept["quantity"] = before["quantity"]
    fill(account, item, kept | given)


@does("invoiceitem.delete")
def delete(account: Account, item: Json, _given: Given) -> Json:
    """Delete an item that is pending or on a draft."""
    if invoice := _draft_of(account, item, _NOT_DELETED):
        invoices.remove_item(account, invoice, item)
    return account.delete(item)


@shows("invoiceitem")
def show(account: Account, item: Json, view: Json) -> None:
    """Show the tax rates as a whole."""
    view["tax_rates"] = tax_rates.shown(account, item["tax_rates"])
