"""How is a kept object shown: what is left out, what is put in, which ids are expanded?"""

import copy
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import frozen

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


def paths(kind: str, given: Json, *, pages: bool) -> list[Path]:
    """Judge the parameter `expand` for this kind and cut its paths into segments.

    On a list every path starts with `data`. Raises Refusal (400) for more than four levels and
    for anything that cannot be expanded (docs.stripe.com/expand).
    """
    expand: Sequence[str] = given.get("expand", ())
    found = [_checked(kind, text, pages=pages) for text in expand]
    return [path for path in found if path]


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
    if rest in ([], ["data"]):
        return True
    return _expandable(target.strip("[]"), rest[1:])


@frozen
class _Expansion:
    """What is expanded: the field at `key`, which points to `target`, and `rest` below it."""

    key: Path
    target: str
    rest: Path


def _expansion(kind: str, path: Path) -> _Expansion | None:
    targets = RESOURCES[kind].targets
    for name in sorted(targets, key=len, reverse=True):
        key = name.split(".")
        if path[: len(key)] == key:
            return _Expansion(key, targets[name], path[len(key) :])
    return None


def _expand(account: "Account", obj: Json, view: Json, path: Path) -> None:
    wanted = _expansion(obj["object"], path)
    if wanted is None or wanted.target == "-":
        return
    name = wanted.key[0]
    if wanted.target == "_":
        view[name] = copy.deepcopy(obj.get(f"_{name}"))
    elif wanted.target.startswith("["):
        view[name] = _collection(account, obj, wanted)
    else:
        _replace(view, wanted.key, partial(_resolved, account, wanted))


def _collection(account: "Account", obj: Json, wanted: _Expansion) -> Json:
    owner, name = RESOURCES[obj["object"]], wanted.key[0]
    kind = wanted.target.strip("[]")
    url = f"{owner.path}/{obj['id']}/{name}"
    kept = obj.get(f"_{name}")
    if kept is not None:
        rows = kept
    elif kind in RESOURCES:
        url = f"{RESOURCES[kind].path}?{owner.kind}={obj['id']}"
        rows = account.find(kind, **{owner.kind: obj["id"]})
    else:
        rows = []
    below = _below(wanted.rest[1:])
    data = [account.show(row, below) for row in rows]
    more = len(data) > INNER_ROWS
    return listing(data[:INNER_ROWS], url, more=more)


def _below(rest: Path) -> list[Path]:
    return [rest] if rest else []


def _resolved(account: "Account", wanted: _Expansion, value: Any) -> Any:
    """What stands where an id stood, or is still one where there is nothing to show."""
    if is_json(value) and wanted.rest and value.get("object") in RESOURCES:
        _expand(account, value, value, wanted.rest)
    if not isinstance(value, str):
        return value
    found = account.resolve(wanted.target, value)
    if found is None:
        return value
    if found.get("deleted"):
        return found
    return account.show(found, _below(wanted.rest))


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
