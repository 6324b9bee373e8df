"""What do all lists take, whatever they are of, and all searches?"""

from stripe_nodes import rows
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

    query: str | None = rows.query()
    limit: int | None = rows.limit()
    page: str | None = optional("Page", "WyJjdXNfMTIzIl0=", _NEXT, rule.max_length(5000))
    return_all: bool | None = rows.return_all()
    most: int | None = rows.most()
