"""What do all lists take, whatever they are of, and all searches?"""

from typing import Any

from stripe_nodes import rows, rules
from stripe_nodes.resources import CUSTOMER
from stripe_plugin import Action, SearchAction, optional, rule, table

_NEXT = "Continue with this page: the next_page of the one before"


@table
class Listed(Action):
    """A page of a list, by the ID before or behind it, or the whole list."""

    limit: int | None = rows.limit()
    starting_after: str | None = rows.starting_after()
    ending_before: str | None = rows.ending_before()
    return_all: bool | None = rows.return_all()
    most: int | None = rows.most()


@table
class Dated(Listed):
    """A list of what was made in a time."""

    created_after: int | None = rows.created_after()
    created_before: int | None = rows.created_before()


@table
class Searched(SearchAction):
    """A page of what a search finds, or all of it."""

    metadata: dict[str, Any] | None = rows.searched_metadata()
    query: str | None = rows.query()
    limit: int | None = rows.limit()
    page: str | None = optional("Page", "WyJjdXNfMTIzIl0=", _NEXT, rule.max_length(5000))
    return_all: bool | None = rows.return_all()
    most: int | None = rows.most()


@table
class SearchedByTime(Searched):
    """A search among what knows when it was made."""

    created_after: int | None = rows.made_after()
    created_before: int | None = rows.made_before()


@table
class SearchedByAmount(SearchedByTime):
    """A search among a customer's payments."""

    customer: str | None = rows.equal(
        "Customer", "customer", "cus_123", "Only this customer's", rule.reference(CUSTOMER)
    )
    amount: int | None = rows.equal(
        "Amount", "amount", 1000, "Exactly this much", rules.amount(currency="Currency")
    )
    amount_at_least: int | None = rows.at_least("Amount at Least", "amount")
    amount_at_most: int | None = rows.at_most("Amount at Most", "amount")
    currency: str | None = rows.currency("Only those in this currency")
