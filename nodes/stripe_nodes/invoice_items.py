"""Invoice items: the lines that an invoice adds up."""

from typing import Any

from stripe_nodes import rows, rules
from stripe_nodes.lists import Dated
from stripe_nodes.resources import CUSTOMER, INVOICE, INVOICE_ITEM, PRICE
from stripe_plugin import Action, Deleted, One, Page, action, optional, path_id, rule

_OTHER_AMOUNTS = (rule.Parameter("price_data"), rule.Parameter("unit_amount_decimal"))


@action("POST /v1/invoiceitems", INVOICE_ITEM, answers=One(customer="cus_123", amount=1000))
class CreateInvoiceItem(Action):
    """Add a line to a draft invoice, or to the customer's next one.

    A negative amount is a credit. The next one is a subscription's, or one that is created with
    Pending Invoice Items.
    """

    customer: str | None = optional(
        "Customer",
        "cus_123",
        "Who is charged",
        rule.required_if_empty("Invoice", rows.CUSTOMER_ACCOUNT),
        rule.reference(CUSTOMER),
        page="Required (unless attaching to an invoice)",
    )
    invoice: str | None = rows.link(
        "Invoice", "in_123", "The draft to add the line to; empty for the next one", INVOICE
    )
    price: str | None = optional(
        "Price",
        "price_123",
        "A one-time price",
        rule.required_if_empty("Amount", *_OTHER_AMOUNTS),
        rule.excludes("Amount", *_OTHER_AMOUNTS),
        rule.reference(PRICE),
        page="Use Price or Amount + Currency",
        sent_as="pricing[price]",
    )
    amount: int | None = optional(
        "Amount",
        1000,
        "The line's total in the currency's smallest unit (cents)",
        rules.amount(currency="Currency"),
    )
    currency: str | None = optional(
        "Currency",
        "usd",
        "The currency of the amount",
        rule.required_if("Amount"),
        rules.currency_code(),
        page="Required if using Amount",
    )
    quantity: int | None = optional(
        "Quantity",
        1,
        "How many units of the price",
        rule.only_if("Price"),
        rule.excludes(rule.Parameter("quantity_decimal")),
        rule.at_least(0),
        page="Default 1",
    )
    description: str | None = rows.text(
        "Description", "One-time setup fee", "What the line says", 5000
    )
    metadata: dict[str, Any] | None = rows.metadata({"ref": "123"})


@action("GET /v1/invoiceitems", INVOICE_ITEM, answers=Page(), beyond=True)
class ListInvoiceItems(Dated):
    """List lines that wait for an invoice, or are on one, newest first."""

    customer: str | None = rows.customer("Only this customer's lines")
    invoice: str | None = rows.link("Invoice", "in_123", "Only the lines of this one", INVOICE)
    pending: bool | None = optional(
        "Pending", True, "Only lines that are on no invoice yet, or only others"
    )


@action("GET /v1/invoiceitems/{invoiceitem}", INVOICE_ITEM, answers=One(), beyond=True)
class RetrieveInvoiceItem(Action):
    """Get one line."""

    invoiceitem: str = path_id("Invoice Item ID", "ii_123", "The line to get", INVOICE_ITEM)


@action(
    "POST /v1/invoiceitems/{invoiceitem}",
    INVOICE_ITEM,
    answers=One(amount=1200),
    repeatable=True,
    beyond=True,
)
class UpdateInvoiceItem(Action):
    """Change a line that is not billed yet; what is left empty stays as it is."""

    invoiceitem: str = path_id("Invoice Item ID", "ii_123", "The line to change", INVOICE_ITEM)
    amount: int | None = optional(
        "Amount",
        1200,
        "The line's total in the currency's smallest unit (cents); negative for a credit",
        rules.amount(currency=None),
    )
    price: str | None = optional(
        "Price",
        "price_456",
        "Another one-time price",
        rule.excludes("Amount", *_OTHER_AMOUNTS),
        rule.reference(PRICE),
        sent_as="pricing[price]",
    )
    quantity: int | None = optional(
        "Quantity",
        2,
        "How many units of the price",
        rule.excludes("Amount", rule.Parameter("quantity_decimal")),
        rule.at_least(0),
    )
    description: str | None = rows.text("Description", "Setup fee", "What the line says", 5000)
    metadata: dict[str, Any] | None = rows.metadata({"ref": "456"})


@action("DELETE /v1/invoiceitems/{invoiceitem}", INVOICE_ITEM, answers=Deleted(), beyond=True)
class DeleteInvoiceItem(Action):
    """Drop a line that is not billed yet."""

    invoiceitem: str = path_id("Invoice Item ID", "ii_123", "The line to drop", INVOICE_ITEM)
