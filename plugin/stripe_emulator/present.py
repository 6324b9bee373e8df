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


def difference(before: Json, after: Json) -> Json:
    """What the changed fields were before, as events show it."""
    keys = [key for key in after if not key.startswith("_")]
    return {key: before.get(key) for key in keys if before.get(key) != after[key]}


def shown(account: "Account", obj: Json) -> Json:
    """The API's view of a kept object."""
    view = {key: value for key, value in obj.items() if not key.startswith("_")}
    if complete := VIEWS.get(obj["object"]):
        complete(account, obj, view)
    return view
