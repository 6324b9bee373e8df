"""Invoices: what a customer owes, and when."""

from typing import Any

from stripe_nodes import rows, rules
from stripe_nodes.resources import CUSTOMER, INVOICE, SUBSCRIPTION
from stripe_plugin import Action, Deleted, One, Page, action, optional, path_id, required, rule

_STATUS = rule.one_of("draft", "open", "paid", "uncollectible", "void")


def _auto_advance(example: bool) -> Any:  # noqa: FBT001 - an example value
    return optional("Auto Advance", example, "Whether Stripe finalizes and collects it by itself")


def _description(example: str, **more: Any) -> Any:
    return rows.text("Description", example, "A memo for the customer", 1500, **more)


@action("GET /v1/invoices", INVOICE, answers=Page())
class ListInvoices(Action):
    """List the invoices of the account, newest first."""

    customer: str | None = rows.customer("Only this customer's invoices")
    status: str | None = optional(
        "Status", "open", "Only invoices in this state", _STATUS, page="Stripe invoice status"
    )
    subscription: str | None = rows.link(
        "Subscription", "sub_123", "Only this subscription's invoices", SUBSCRIPTION
    )
    limit: int | None = rows.limit()
    starting_after: str | None = rows.starting_after("in_123", INVOICE)
    ending_before: str | None = rows.ending_before("in_456", INVOICE)
    return_all: bool | None = rows.return_all()
    most: int | None = rows.most()


@action("GET /v1/invoices/{invoice}", INVOICE, answers=One(status="draft"))
class RetrieveInvoice(Action):
    """Get one invoice."""

    invoice: str = path_id("Invoice ID", "in_123", "The invoice to get", INVOICE)


@action("POST /v1/invoices", INVOICE, answers=One(customer="cus_123"))
class CreateInvoice(Action):
    """Start a draft invoice for a customer.

    It is empty unless Pending Invoice Items is include: add items to it with Create Invoice Item.
    """

    customer: str = required("Customer", "cus_123", "Who is invoiced", rule.reference(CUSTOMER))
    auto_advance: bool | None = _auto_advance(True)
    collection_method: str | None = rows.collection_method("charge_automatically")
    description: str | None = _description("Monthly invoice")
    days_until_due: int | None = rows.days_until_due(other=("Due Date",), page="Positive integer")
    due_date: int | None = rows.due_date(1672531200)
    metadata: dict[str, Any] | None = rows.metadata({"internal_id": "123"})
    currency: str | None = optional(
        "Currency",
        "usd",
        "The currency of all its items; empty for the customer's or the account's own",
        rules.currency_code(),
        beyond=True,
    )
    pending_invoice_items_behavior: str | None = optional(
        "Pending Invoice Items",
        "include",
        "Whether items that wait for the customer's next invoice come onto it; exclude if empty",
        rule.one_of("include", "exclude"),
        beyond=True,
    )


@action("POST /v1/invoices/{invoice}", INVOICE, answers=One(status="draft"), repeatable=True)
class UpdateInvoice(Action):
    """Change a draft invoice; of a finalized one only the metadata and little else."""

    invoice: str = path_id("Invoice ID", "in_123", "The invoice to change", INVOICE)
    auto_advance: bool | None = _auto_advance(False)
    collection_method: str | None = rows.collection_method("send_invoice")
    description: str | None = _description("Updated invoice", clearable=rows.LIBRARY)
    metadata: dict[str, Any] | None = rows.metadata({"internal_id": "456"})
    days_until_due: int | None = rows.days_until_due(other=("Due Date",), beyond=True)
    due_date: int | None = rows.due_date(1924991999, beyond=True)


@action("DELETE /v1/invoices/{invoice}", INVOICE, answers=Deleted())
class DeleteInvoice(Action):
    """Delete a draft invoice for good. A finalized one can only be voided."""

    invoice: str = path_id("Invoice ID", "in_123", "The draft to delete", INVOICE)
