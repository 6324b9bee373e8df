"""How is a kept object shown: what is left out, what is put in, which ids are expanded?"""

import copy
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from stripe_emulator.declare import RESOURCES
from stripe_emulator.refusals import Json, Refusal, is_json

if TYPE_CHECKING:
    from stripe_emulator.account import Account

    View = Callable[[Account, Json, Json], None]

DEEPEST = 4
INNER_ROWS = 10
Path = list[str]
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


def shown(account: "Account", obj: Json, paths: Sequence[Path]) -> Json:
    """The API's view of a kept object."""
    view = {key: value for key, value in obj.items() if not key.startswith("_")}
    if complete := VIEWS.get(obj["object"]):
        complete(account, obj, view)
    for path in paths:
        _expand(account, obj, view, path)
    return view


def checked(kind: str, expand: Sequence[str], *, pages: bool) -> list[Path]:
    """Judge the paths of `expand` for this kind and cut them into segments.

    On a list every path starts with `data`. Raises Refusal (400) for more than four levels and
    for anything that cannot be expanded (docs.stripe.com/expand).
    """
    paths = [_checked(kind, text, pages=pages) for text in expand]
    return [path for path in paths if path]


def _checked(kind: str, text: str, *, pages: bool) -> Path:
    path = text.split(".")
    if len(path) > DEEPEST:
        message = f"You cannot expand more than 4 levels of a property. Property: {text}"
        raise Refusal(message, code="property_expansion_max_depth")
    if pages and path[0] != "data":
        hint = f"You may want to try expanding 'data.{text}' instead."
        raise Refusal(f"This property cannot be expanded ({text}). {hint}")
    below = path[1:] if pages else path
    if not _expandable(kind, below):
        raise Refusal(f"This property cannot be expanded ({text}).")
    return below


def _expandable(kind: str, path: Path) -> bool:
    if not path or kind not in RESOURCES:
        return not path
    for name, target in RESOURCES[kind].targets.items():
        key = name.split(".")
        if key[: len(path)] == path:
            return True
        if path[: len(key)] == key:
            return _expandable_below(target, path[len(key) :])
    return False


def _expandable_below(target: str, rest: Path) -> bool:
    if not target.startswith("["):
        return not rest or _expandable(target, rest)
    return rest in ([], ["data"]) or _expandable(target.strip("[]"), rest[1:])


def _expand(account: "Account", obj: Json, view: Json, path: Path) -> None:
    targets = RESOURCES[obj["object"]].targets
    for name in sorted(targets, key=len, reverse=True):
        key = name.split(".")
        if path[: len(key)] == key:
            rest = path[len(key) :]
            _put(account, obj, view, key, targets[name], rest)
            return


def _put(  # noqa: PLR0913 - an object, its view, what is expanded, and what below it
    account: "Account", obj: Json, view: Json, key: Path, target: str, rest: Path
) -> None:
    if target == "_":
        view[key[0]] = copy.deepcopy(obj.get(f"_{key[0]}"))
    elif target.startswith("["):
        view[key[0]] = _collection(account, obj, key[0], target.strip("[]"), rest[1:])
    elif target != "-":
        _replace(view, key, lambda value: _resolved(account, target, value, rest))


def _collection(account: "Account", obj: Json, name: str, kind: str, rest: Path) -> Json:
    owner = RESOURCES[obj["object"]]
    url = f"{owner.path}/{obj['id']}/{name}"
    kept = obj.get(f"_{name}")
    if kept is not None:
        rows = kept
    elif kind in RESOURCES:
        url = f"{RESOURCES[kind].path}?{owner.kind}={obj['id']}"
        rows = account.find(kind, **{owner.kind: obj["id"]})
    else:
        rows = []
    data = [account.show(row, _below(rest)) for row in rows]
    return listing(data[:INNER_ROWS], url, more=len(data) > INNER_ROWS)


def _below(rest: Path) -> list[Path]:
    return [rest] if rest else []


def _resolved(account: "Account", kind: str, value: Any, rest: Path) -> Any:
    if is_json(value) and rest and value.get("object") in RESOURCES:
        _expand(account, value, value, rest)
    if not isinstance(value, str):
        return value
    found = account.resolve(kind, value)
    if found is None:
        return value
    return found if found.get("deleted") else account.show(found, _below(rest))


def _replace(node: Json | list[Any], key: Path, change: Callable[[Any], Any]) -> None:
    if isinstance(node, list):
        for item in node:
            _replace(item, key, change)
    elif key[0] not in node:
        return
    elif len(key) == 1:
        node[key[0]] = change(node[key[0]])
    elif node[key[0]]:
        _replace(node[key[0]], key[1:], change)
