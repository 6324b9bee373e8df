"""Rows that recur in several tables."""

from typing import Any

from stripe_nodes import rules, times
from stripe_nodes.resources import CUSTOMER
from stripe_plugin import Resource, optional, rule
from stripe_plugin.declare.row import ITSELF

CUSTOMER_ACCOUNT = rule.Parameter("customer_account")
# Who says that Stripe unsets it by an empty text, where its API document does not. Recorded were
# Update Subscription › Default Payment Method (15 times, 2023-10-16 to 2025-10-29.clover), Update
# Price › Lookup Key (at the pinned version), Create Customer › Name and Description (1,009 times).
RECORDED = "recorded: Stripe answered 200 and null"
STAFF = "said by Stripe's staff: stripe-dotnet#1954, stripe-node#1834"
LIBRARY = "done by Stripe's Java library"

SINCE, UNTIL = "created[gte]", "created[lt]"
RETURN_ALL = "Return All"
DAYS = "How many days the customer has to pay a sent invoice"


def text(key: str, example: str, description: str, most: int, **more: Any) -> Any:
    """Text of at most so many characters."""
    return optional(key, example, description, rule.max_length(most), **more)


def link(key: str, example: str, description: str, resource: Resource, **more: Any) -> Any:
    """The ID of another object."""
    return optional(key, example, description, rule.reference(resource), **more)


def limit() -> Any:
    """How many results a list gives."""
    return optional("Limit", 10, "How many results to return; 10 if empty", rule.between(1, 100))


def active(description: str) -> Any:
    """A filter that can be on, off or empty."""
    about = f"{description}; empty for all"
    return optional("Active", True, about, page="true, false, or empty for all")


def customer(description: str) -> Any:
    """A customer who may be given as an account instead."""
    alone = rule.excludes(CUSTOMER_ACCOUNT)
    return optional("Customer", "cus_123", description, alone, rule.reference(CUSTOMER))


def starting_after(page: str | None = None) -> Any:
    """The cursor to the next page: an ID of whatever is listed."""
    about = "Continue after this ID: the last one of the page before"
    return link("Starting After", "123", about, ITSELF, page=page)


def ending_before(page: str | None = None) -> Any:
    """The cursor to the previous page."""
    about = "Go back to the results before this ID: the first one of the page after"
    alone = rule.excludes("Starting After")
    return optional("Ending Before", "456", about, alone, rule.reference(ITSELF), page=page)


def created_after() -> Any:
    """A filter by when an object was made."""
    about = "Only what was created at this time or later: unix seconds, or a date with its zone"
    return optional("Created After", 1672531200, about, times.at(), beyond=True, sent_as=SINCE)


def created_before() -> Any:
    """A filter by when an object was made."""
    about = "Only what was created before this time: unix seconds, or a date with its zone"
    return optional("Created Before", 1893456000, about, times.at(), beyond=True, sent_as=UNTIL)


def query() -> Any:
    """A search as Stripe's language has it."""
    about = "The search in Stripe's query language, where the rows do not say it"
    return optional("Query", "metadata['vip']:'yes' OR metadata['trial']:'yes'", about, LONG)


def where(key: str, clause: str, example: Any, description: str, *rules: Any) -> Any:
    """A condition of a search: what stands before the value in a query."""
    return optional(key, example, description, *rules, clause=clause)


def holding(key: str, field: str, example: str, description: str) -> Any:
    """A text of which a part is searched for."""
    about = f"{description}, or a part of it"
    return where(key, f"{field}~", example, about, PART, rule.max_length(500))


def equal(key: str, field: str, example: Any, description: str, *rules: Any) -> Any:
    """A condition of a search: that the field is this."""
    return where(key, f"{field}:", example, description, *rules)


def currency(description: str) -> Any:
    """A condition of a search: that an amount is in this currency."""
    return equal("Currency", "currency", "usd", description, rules.currency_code())


def at_least(key: str, field: str) -> Any:
    """A condition of a search: that an amount is this or more."""
    return where(key, f"{field}>=", 1000, "This much or more", rules.amount(currency="Currency"))


def at_most(key: str, field: str) -> Any:
    """A condition of a search: that an amount is this or less."""
    return where(key, f"{field}<=", 5000, "This much or less", rules.amount(currency="Currency"))


def made_after(key: str = "Created After", field: str = "created") -> Any:
    """A condition of a search, by when it was."""
    about = "From this time on: unix seconds, or a date with its zone"
    return where(key, f"{field}>=", 1672531200, about, times.at())


def made_before(key: str = "Created Before", field: str = "created") -> Any:
    """A condition of a search, by when it was."""
    about = "Before this time: unix seconds, or a date with its zone"
    return where(key, f"{field}<", 1893456000, about, times.at())


def searched_metadata() -> Any:
    """A condition of a search for each of your own pairs."""
    about = "Only those with all of these pairs of your own"
    return where("Metadata", "metadata", {"internal_id": "123"}, about, rules.metadata())


def off_session() -> Any:
    """Whether a payment is taken without its payer."""
    about = "Whether the customer is away, and can authenticate nothing"
    return optional("Off Session", True, about)


def return_all() -> Any:
    """Whether a list is read to its end."""
    about = "Whether to read the list to its end, page by page, instead of one page"
    return optional(RETURN_ALL, True, about, beyond=True, local=True)


def most() -> Any:
    """How many entries are read of a list."""
    about = "How many entries to read at most, with all pages; 10,000 if empty"
    only = rule.only_if(RETURN_ALL, True)
    bounds = rule.between(1, 10_000)
    return optional("Most", 500, about, only, bounds, beyond=True, local=True)


def metadata(example: dict[str, str], *, clearable: bool = True) -> Any:
    """Key-value pairs of one's own."""
    about = "Your own key-value pairs to keep with it"
    return optional("Metadata", example, about, rules.metadata(), clearable=clearable)


def collection_method(example: str) -> Any:
    """Charged automatically or sent as an invoice."""
    about = "Whether Stripe charges the customer or sends them the invoice to pay"
    either = rule.one_of("charge_automatically", "send_invoice")
    return optional("Collection Method", example, about, either)


def days_until_due(*, other: tuple[str, ...] = (), **more: Any) -> Any:
    """How long a sent invoice may be paid; `other`: the row that says it in another way."""
    due = rule.required_if("Collection Method", "send_invoice", unless=other)
    only = (rule.only_if("Collection Method", "send_invoice"), *map(rule.excludes, other))
    return optional("Days Until Due", 30, DAYS, due, *only, rule.at_least(0), **more)


def due_date(example: int, **more: Any) -> Any:
    """When a sent invoice is due."""
    about = "When a sent invoice is due: unix seconds, or a date with time and zone"
    only = (rule.only_if("Collection Method", "send_invoice"), rules.in_future())
    return optional("Due Date", example, about, *only, page="Unix timestamp", **more)


LONG = rule.max_length(5000)
PART = rule.matches(r"[\s\S]{3,}", "be at least 3 characters long")
TAX = rule.one_of("exclusive", "inclusive", "unspecified")
