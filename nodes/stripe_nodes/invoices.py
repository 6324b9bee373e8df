"""Invoices: what a customer owes, and when."""

from typing import Any

from stripe_nodes import nested, rows, rules, times
from stripe_nodes.lists import Dated, Listed, SearchedByTime
from stripe_nodes.resources import CUSTOMER, INVOICE, INVOICE_LINE, PAYMENT_METHOD, SUBSCRIPTION
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

_STATUS = rule.one_of("draft", "open", "paid", "uncollectible", "void")


def _auto_advance(example: bool) -> Any:  # noqa: FBT001 - an example value
    return optional("Auto Advance", example, "Whether Stripe finalizes and collects it by itself")


def _description(example: str, **more: Any) -> Any:
    return rows.text("Description", example, "A memo for the customer", 1500, **more)


@action("GET /v1/invoices", INVOICE, answers=Page())
class ListInvoices(Dated):
    """List the invoices of the account, newest first."""

    customer: str | None = rows.customer("Only this customer's invoices")
    status: str | None = optional(
        "Status", "open", "Only invoices in this state", _STATUS, page="Stripe invoice status"
    )
    subscription: str | None = rows.link(
        "Subscription", "sub_123", "Only this subscription's invoices", SUBSCRIPTION
    )


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


@action(
    "POST /v1/invoices/{invoice}/finalize",
    INVOICE,
    answers=One(status="open"),
    repeatable=False,
    beyond=True,
)
class FinalizeInvoice(Action):
    """Make a draft final, so that it can be paid; its lines then never change."""

    invoice: str = path_id("Invoice ID", "in_123", "The draft to make final", INVOICE)
    auto_advance: bool | None = optional(
        "Auto Advance", True, "Whether Stripe goes on by itself: charges it, or reminds of it"
    )


@action(
    "POST /v1/invoices/{invoice}/pay",
    INVOICE,
    answers=One(status="paid"),
    repeatable=False,
    beyond=True,
)
class PayInvoice(Action):
    """Charge an open invoice now, or note that it was paid in another way."""

    invoice: str = path_id("Invoice ID", "in_123", "The invoice to pay", INVOICE)
    payment_method: str | None = rows.link(
        "Payment Method",
        "pm_123",
        "What to charge; empty for the one of the invoice or customer",
        PAYMENT_METHOD,
    )
    paid_out_of_band: bool | None = optional(
        "Paid Out of Band", True, "Whether it was paid outside of Stripe: nothing is charged"
    )
    off_session: bool | None = rows.off_session()


@action(
    "POST /v1/invoices/{invoice}/send",
    INVOICE,
    answers=One(status="open"),
    repeatable=False,
    beyond=True,
)
class SendInvoice(Action):
    """Email an invoice to its customer; a draft is made final first. Never in test mode."""

    invoice: str = path_id("Invoice ID", "in_123", "The invoice to send", INVOICE)


@action(
    "POST /v1/invoices/{invoice}/void",
    INVOICE,
    answers=One(status="void"),
    destructive=True,
    repeatable=False,
    beyond=True,
)
class VoidInvoice(Action):
    """Cancel a final invoice for good; it stays as a record of that."""

    invoice: str = path_id("Invoice ID", "in_123", "The invoice to void", INVOICE)


@action(
    "POST /v1/invoices/{invoice}/mark_uncollectible",
    INVOICE,
    answers=One(status="uncollectible"),
    repeatable=False,
    docs="invoices/mark_uncollectible",
    beyond=True,
)
class MarkInvoiceUncollectible(Action):
    """Write an open invoice off as a bad debt; it can still be paid, or voided."""

    invoice: str = path_id("Invoice ID", "in_123", "The invoice to write off", INVOICE)


@action(
    "POST /v1/invoices/create_preview",
    INVOICE,
    answers=One(id="upcoming_in_123", status="draft"),
    repeatable=True,
    docs="invoices/create_preview",
    beyond=True,
)
class PreviewInvoice(Action):
    """See what the next invoice, or a change of plan, will cost; nothing is made or charged.

    With a Customer alone it is of the subscription that is billed next.
    """

    customer: str | None = optional(
        "Customer",
        "cus_123",
        "Whose invoice is previewed",
        rule.required_if_empty("Subscription", rows.CUSTOMER_ACCOUNT),
        rule.excludes(rows.CUSTOMER_ACCOUNT),
        rule.reference(CUSTOMER),
    )
    subscription: str | None = rows.link(
        "Subscription", "sub_123", "The subscription that is billed, or changed", SUBSCRIPTION
    )
    items: list[dict[str, Any]] | None = optional(
        "Items",
        [{"id": "si_123", "price": "price_456"}],
        "What the subscription would be of: items to change or drop (with their ID) or to add",
        rule.max_items(20),
        rule.each(nested.PREVIEWED_ITEM),
        sent_as="subscription_details[items]",
    )
    proration_behavior: str | None = optional(
        "Proration Behavior",
        "always_invoice",
        "What happens to the part of the period that is already paid",
        rule.one_of("create_prorations", "none", "always_invoice"),
        sent_as="subscription_details[proration_behavior]",
    )
    proration_date: int | None = optional(
        "Proration Date",
        1672531200,
        "The moment of the change: unix seconds, or a date with its zone; now if empty",
        times.at(),
        rule.only_if("Subscription"),
        sent_as="subscription_details[proration_date]",
    )
    cancel_at_period_end: bool | None = optional(
        "Cancel at Period End",
        True,
        "Whether the subscription would end with its period",
        sent_as="subscription_details[cancel_at_period_end]",
    )
    cancel_now: bool | None = optional(
        "Cancel Now",
        True,
        "Whether the subscription would end at once",
        rule.excludes("Cancel at Period End"),
        sent_as="subscription_details[cancel_now]",
    )


@action(
    "GET /v1/invoices/{invoice}/lines",
    INVOICE_LINE,
    answers=Page(),
    docs="invoice-line-item",
    beyond=True,
)
class ListInvoiceLines(Listed):
    """List what an invoice adds up."""

    invoice: str = path_id("Invoice ID", "in_123", "The invoice that has them", INVOICE)


@action("GET /v1/invoices/search", INVOICE, answers=Found(), beyond=True)
class SearchInvoices(SearchedByTime):
    """Find invoices by what is known of them, newest first.

    What is new or changed is found within a minute, so never search for what was just made.
    """

    customer: str | None = rows.equal(
        "Customer", "customer", "cus_123", "Only this customer's", rule.reference(CUSTOMER)
    )
    status: str | None = rows.equal("Status", "status", "open", "Only those in this state", _STATUS)
    number: str | None = rows.holding("Number", "number", "IN-0001", "The number")
    total_at_least: int | None = rows.at_least("Total at Least", "total")
    total_at_most: int | None = rows.at_most("Total at Most", "total")
    currency: str | None = rows.currency("Only those in this currency")
