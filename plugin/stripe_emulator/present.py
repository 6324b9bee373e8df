"""How a kept object is shown: hidden fields left out, embedded objects put in, ids expanded."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from stripe_emulator.refusals import Json, Refusal, is_json
from stripe_emulator.resources import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from stripe_emulator.account import Account

DEEPEST = 4
Paths = list[list[str]]
PRESENTERS: dict[str, Callable[[Account, Json, Json], None]] = {}


def listing(data: list[Json], url: str, *, more: bool = False, **extra: Any) -> Json:
    """Stripe's list envelope."""
    return {"object": "list", "data": data, "has_more": more, **extra, "url": url}


def difference(before: Json, after: Json) -> Json:
    """Return what the changed fields were before, as events show it."""
    keys = [key for key in after if not key.startswith("_")]
    return {key: before.get(key) for key in keys if before.get(key) != after[key]}


def shown(account: Account, obj: Json, paths: Paths) -> Json:
    """Return the API's view of a kept object."""
    view = {key: value for key, value in obj.items() if not key.startswith("_")}
    if present := PRESENTERS.get(obj["object"]):
        present(account, obj, view)
    for path in paths:
        _expand(account, obj, view, path)
    return view


def checked(kind: str, expand: Sequence[str], *, pages: bool) -> Paths:
    """Judge the paths of ``expand`` for this kind and return them as segments.

    On a list every path starts with ``data``. Raises Refusal (400) for more than four levels and
    for anything that cannot be expanded (docs.stripe.com/expand).
    """
    paths: Paths = []
    for text in expand:
        segments = text.split(".")
        if len(segments) > DEEPEST:
            message = f"You cannot expand more than 4 levels of a property. Property: {text}"
            raise Refusal(message, code="property_expansion_max_depth")
        below = segments[1:] if pages and segments[0] == "data" else segments
        if pages and segments[0] != "data":
            hint = f" You may want to try expanding 'data.{text}' instead."
            raise Refusal(f"This property cannot be expanded ({text}).{hint}")
        if not _expandable(kind, below):
            raise Refusal(f"This property cannot be expanded ({text}).")
        paths.append(below)
    return [path for path in paths if path]


def _expandable(kind: str, path: list[str]) -> bool:
    if not path or kind not in RESOURCES:
        return not path
    for name, target in RESOURCES[kind].targets.items():
        key = name.split(".")
        if key[: len(path)] == path:
            return True
        if path[: len(key)] == key:
            rest = path[len(key) :]
            listed = target.startswith("[")
            if not rest or (listed and rest == ["data"]):
                return True
            return _expandable(target.strip("[]"), rest[1:] if listed else rest)
    return False


def _expand(account: Account, obj: Json, view: Json, path: list[str]) -> None:
    targets = RESOURCES[obj["object"]].targets
    for name, target in sorted(targets.items(), key=lambda pair: -len(pair[0])):
        key = name.split(".")
        if path[: len(key)] == key:
            _put(account, obj, view, (key, target), path[len(key) :])
            return


def _put(
    account: Account, obj: Json, view: Json, at: tuple[list[str], str], rest: list[str]
) -> None:
    key, target = at
    if target.startswith("["):
        kind = target.strip("[]")
        view[key[0]] = _collection(account, obj, key[0], kind, rest[1:])
    elif target == "_":
        view[key[0]] = copy.deepcopy(obj.get(f"_{key[0]}"))
    elif target != "-":
        _replace(view, key, lambda value: _resolved(account, target, value, rest))


def _collection(account: Account, obj: Json, name: str, kind: str, rest: list[str]) -> Json:
    own = RESOURCES[obj["object"]]
    url = f"{own.path}/{obj['id']}/{name}"
    if (kept := obj.get(f"_{name}")) is not None:
        rows = kept
    elif kind not in RESOURCES:
        rows = []
    else:
        url = f"{RESOURCES[kind].path}?{own.kind}={obj['id']}"
        rows = account.find(kind, **{own.kind: obj["id"]})
    data = [account.show(row, [rest] if rest else []) for row in rows]
    return listing(data[:10], url, more=len(data) > 10)


def _resolved(account: Account, kind: str, value: Any, rest: list[str]) -> Any:
    if isinstance(value, str):
        found = account.resolve(kind, value)
        if found is None:
            return value
        return found if found.get("deleted") else account.show(found, [rest] if rest else [])
    if is_json(value) and rest and value.get("object") in RESOURCES:
        _expand(account, value, value, rest)
    return value


def _replace(node: Json | list[Any], key: list[str], change: Callable[[Any], Any]) -> None:
    if isinstance(node, list):
        for item in node:
            _replace(item, key, change)
    elif key[0] in node:
        if len(key) == 1:
            node[key[0]] = change(node[key[0]])
        elif node[key[0]]:
            _replace(node[key[0]], key[1:], change)
