"""How is a kept object shown: what is left out, and what is put in?"""

from typing import TYPE_CHECKING, Any

from stripe_emulator.refusals import Json

if TYPE_CHECKING:
    from collections.abc import Callable

    from stripe_emulator.account import Account

    View = Callable[[Account, Json, Json], None]

INNER_ROWS = 10
VIEWS: "dict[str, View]" = {}


def shows(kind: str) -> "Callable[[View], View]":
    """Register what a kind's view adds: a function of account, kept object and view."""

    def register(view: "View") -> "View":
        VIEWS[kind] = view
        return view

    return register


def listing(data: list[Json], url: str, *, more: bool = False, **extra: Any) -> Json:
    """Stripe's list envelope."""
    return {"object": "list", "data": data, "has_more": more, **extra, "url": url}


def first(account: "Account", rows: list[Json], url: str, **extra: Any) -> Json:
    """The first of what an object carries, in Stripe's list envelope."""
    data = [shown(account, row) for row in rows[:INNER_ROWS]]
    return listing(data, url, more=len(rows) > INNER_ROWS, **extra)


def difference(before: Json, after: Json) -> Json:
    """What the changed fields were before, as events show it."""
    visible = without_hidden(after)
    changed = [key for key in visible if before.get(key) != after[key]]
    return {key: before.get(key) for key in changed}


def without_hidden(obj: Json) -> Json:
    """What the API may show of a kept object; names with `_` are the emulator's own."""
    return {key: value for key, value in obj.items() if not key.startswith("_")}


def shown(account: "Account", obj: Json) -> Json:
    """The API's view of a kept object."""
    view = without_hidden(obj)
    if complete := VIEWS.get(obj["object"]):
        complete(account, obj, view)
    return view
