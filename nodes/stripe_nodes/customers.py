"""Customers: who buys."""

from typing import Any

from stripe_nodes import rows, rules
from stripe_nodes.lists import Dated, SearchedByTime
from stripe_nodes.resources import CUSTOMER
from stripe_plugin import Action, Deleted, Found, One, Page, action, optional, path_id, rule


def _email(example: str, **more: Any) -> Any:
    about = "Where receipts and invoices go"
    return optional("Email", example, about, rule.max_length(512), rules.email(), **more)


def _name(example: str, **more: Any) -> Any:
    return rows.text("Name", example, "The person's or company's full name", 256, **more)


def _phone(example: str, **more: Any) -> Any:
    return rows.text("Phone", example, "With its country code", 20, **more)


def _line(example: str, description: str, *rules: rule.Rule) -> rule.Field:
    """A line of an address, which is unset alone."""
    return rule.may(str, example, description, rows.LONG, *rules, clearable=rows.STAFF)


_ADDRESS = rule.keys(
    line1=_line("123 Main St", "Street and number, or the post box"),
    line2=_line("Apartment 4", "Apartment, suite or floor"),
    city=_line("New York", "City, town or village"),
    state=_line("NY", "State, county or province"),
    postal_code=_line("10001", "ZIP or postal code"),
    country=_line("US", "Two-letter ISO country code", rules.country()),
)


def _address(example: dict[str, str]) -> Any:
    text = "line1, line2, city, state, postal_code and two-letter country"
    return optional("Address", example, text, _ADDRESS, clearable=True)


@action("GET /v1/customers", CUSTOMER, answers=Page())
class ListCustomers(Dated):
    """List the customers of the account, newest first."""

    email: str | None = rows.text(
        "Email", "customer@example.com", "Only those with exactly this address", 512
    )


@action("GET /v1/customers/{customer}", CUSTOMER, answers=One(email="customer@example.com"))
class RetrieveCustomer(Action):
    """Get one customer."""

    customer: str = path_id("Customer ID", "cus_123", "The customer to get", CUSTOMER)


@action("POST /v1/customers", CUSTOMER, answers=One(name="John Doe"))
class CreateCustomer(Action):
    """Create a customer, to charge and invoice them."""

    email: str | None = _email("customer@example.com")
    name: str | None = _name("John Doe", clearable=rows.RECORDED)
    phone: str | None = _phone("+1234567890")
    description: str | None = rows.text(
        "Description",
        "Premium customer",
        "A note that the customer does not see",
        5000,
        clearable=rows.RECORDED,
    )
    address: dict[str, Any] | None = _address(
        {"line1": "123 Main St", "city": "NYC", "country": "US"}
    )
    metadata: dict[str, Any] | None = rows.metadata({"internal_id": "123"})


@action(
    "POST /v1/customers/{customer}",
    CUSTOMER,
    answers=One(email="newemail@example.com"),
    repeatable=True,
)
class UpdateCustomer(Action):
    """Change a customer; what is left empty stays as it is."""

    customer: str = path_id("Customer ID", "cus_123", "The customer to change", CUSTOMER)
    email: str | None = _email("newemail@example.com", clearable=rows.STAFF)
    name: str | None = _name("Jane Doe", clearable=rows.STAFF)
    phone: str | None = _phone("+1987654321", clearable=rows.STAFF)
    address: dict[str, Any] | None = _address(
        {"line1": "456 Oak St", "city": "LA", "country": "US"}
    )
    metadata: dict[str, Any] | None = rows.metadata({"internal_id": "456"})


@action("DELETE /v1/customers/{customer}", CUSTOMER, answers=Deleted())
class DeleteCustomer(Action):
    """Delete a customer for good and cancel their subscriptions at once."""

    customer: str = path_id("Customer ID", "cus_123", "The customer to delete", CUSTOMER)


@action("GET /v1/customers/search", CUSTOMER, answers=Found(), beyond=True)
class SearchCustomers(SearchedByTime):
    """Find customers by what is known of them, newest first.

    What is new or changed is found within a minute, so never search for what was just made.
    """

    email: str | None = rows.equal(
        "Email", "email", "customer@example.com", "Only those with exactly this address"
    )
    name: str | None = rows.holding("Name", "name", "Jenny Rosen", "The full name")
    phone: str | None = rows.holding("Phone", "phone", "+1234567890", "The phone number")
