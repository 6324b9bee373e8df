"""What do all lists take, whatever they are of, and all searches?"""

from stripe_nodes import rows
from stripe_plugin import Action, SearchAction, optional, rule, table
from stripe_plugin.declare.row import ITSELF

_BEHIND = "Continue after this ID: the last one of the page before"
_BEFORE = "Go back to the results before this ID: the first one of the page after"
_NEXT = "Continue with this page: the next_page of the one before"


@table
class Listed(Action):
    """A page of a list, by the ID before or behind it, or the whole list."""

    limit: int | None = rows.limit()
    starting_after: str | None = optional("Starting After", "123", _BEHIND, rule.reference(ITSELF))
    ending_before: str | None = optional(
        "Ending Before", "456", _BEFORE, rule.excludes("Starting After"), rule.reference(ITSELF)
    )
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

    query: str | None = rows.query()
    limit: int | None = rows.limit()
    page: str | None = optional("Page", "WyJjdXNfMTIzIl0=", _NEXT, rule.max_length(5000))
    return_all: bool | None = rows.return_all()
    most: int | None = rows.most()
