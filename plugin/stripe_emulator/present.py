"""How is a kept object shown: what is left out, what is put in, which ids are expanded?"""

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from stripe_emulator import contract, declare
from stripe_emulator.contract import Said
from stripe_emulator.declare import RESOURCES
from stripe_emulator.refusals import Json, Refusal, is_json, is_rows

if TYPE_CHECKING:
    from stripe_emulator.account import Account

    View = Callable[[Account, Json, Json], None]

DEEPEST = 4
INNER_ROWS = 10
Tree = dict[str, Any]  # a field that is expanded → those below it
Fields = Mapping[str, Said]
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


def shown(account: "Account", obj: Json, wanted: Tree) -> Json:
    """The API's view of a kept object."""
    view = {key: value for key, value in obj.items() if not key.startswith("_")}
    if complete := VIEWS.get(obj["object"]):
        complete(account, obj, view)
    if wanted:
        _expand_fields(account, view, RESOURCES[obj["object"]].fields, wanted, obj)
    return view


def expansions(kind: str, given: Json, *, pages: bool) -> Tree:
    """Judge the parameter `expand` for this kind and lay its paths together to one tree.

    On a list every path starts with `data`, which is left out. Raises Refusal (400) for more than
    four levels and for anything that cannot be expanded (docs.stripe.com/expand).
    """
    root: Tree = {}
    paths: Sequence[str] = given.get("expand", ())
    for text in paths:
        node = root
        for name in _checked(kind, text, pages=pages):
            node = node.setdefault(name, {})
    return root


def _checked(kind: str, text: str, *, pages: bool) -> list[str]:
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


def _expandable(kind: str, path: Sequence[str]) -> bool:
    if not path:
        return True
    found = _expandables(kind)
    for name in path[:-1]:
        if name not in found:
            return False
        found = _expandables_below(found[name])
    return path[-1] in found


def _expandables(kind: str) -> Fields:
    resource = RESOURCES[kind]
    asked = resource.on_demand.split()
    fields = resource.fields
    return {name: fields[name] for name in fields if name in asked or fields[name].is_object}


def _expandables_below(said: Said) -> Fields:
    found = {name: each for name, each in contract.below(said) if each.is_object}
    for kind in _kinds(said):
        found |= _expandables(kind)
    return found


def _fields_of(said: Said) -> Fields:
    """What can stand below a field: those of a kind with what the document does not say of it."""
    found = dict(contract.below(said))
    for kind in _kinds(said):
        found |= RESOURCES[kind].fields
    return found


def _expand_fields(
    account: "Account", view: Json, fields: Fields, wanted: Tree, kept: Json
) -> None:
    """Expand in a view what is wanted of its fields; `kept` may know what the view leaves out."""
    resource = RESOURCES.get(kept.get("object", ""))
    asked = resource.on_demand.split() if resource else []
    for name, below in wanted.items():
        if name in asked:
            view[name] = _on_demand(account, kept, name, fields[name])
        if name in view:
            view[name] = _expanded(account, view[name], fields[name], below)


def _expanded(account: "Account", value: Any, said: Said, wanted: Tree) -> Any:
    """What stands where a value stood, or the same where there is nothing to show."""
    if is_rows(value):
        return [_expanded(account, row, said, wanted) for row in value]
    if is_json(value):
        kept = _kept(account, value)
        view = dict(value)
        _expand_fields(account, view, _fields_of(said), wanted, kept)
        return view
    return _resolved(account, value, said, wanted)


def _kept(account: "Account", view: Json) -> Json:
    """The object of which this is a view, if it is one."""
    kind, id_ = view.get("object"), view.get("id")
    found = account.resolve(kind, id_) if kind in RESOURCES and id_ else None
    return found or view


def _resolved(account: "Account", value: Any, said: Said, wanted: Tree) -> Any:
    for kind in _kinds(said):
        found = account.resolve(kind, value) if isinstance(value, str) else None
        if found:
            return found if found.get("deleted") else account.show(found, wanted)
    return value


def _kinds(said: Said) -> list[str]:
    """The kinds of which a value can be an ID: its own, or those of a list's items."""
    inner = [each.inner("items") for each in said.alternatives]
    kinds = [*said.kinds, *(kind for each in inner if each for kind in each.kinds)]
    return [kind for kind in kinds if kind in RESOURCES]


def _on_demand(account: "Account", kept: Json, name: str, said: Said) -> Any:
    """A field that is shown only when it is asked for: kept aside, or found, or empty."""
    value = copy.deepcopy(kept.get(f"_{name}"))
    if "data" not in said.fields:
        return declare.empty(said) if value is None else value
    if value is not None:
        url = f"{RESOURCES[kept['object']].path}/{kept['id']}/{name}"
        return _first(account, value, url)
    return _looked_for(account, kept, name, said)


def _looked_for(account: "Account", kept: Json, name: str, said: Said) -> Json:
    """Of the objects that belong to one, the first ones and how many there are."""
    owner = RESOURCES[kept["object"]]
    url, rows = f"{owner.path}/{kept['id']}/{name}", list[Json]()
    for kind in _kinds(said.fields["data"]):
        url = f"{RESOURCES[kind].path}?{owner.kind}={kept['id']}"
        rows = account.find(kind, **{owner.kind: kept["id"]})
    return _first(account, rows, url) | {"total_count": len(rows)}


def _first(account: "Account", rows: list[Json], url: str) -> Json:
    data = [account.show(row) for row in rows[:INNER_ROWS]]
    return listing(data, url, more=len(rows) > INNER_ROWS)
