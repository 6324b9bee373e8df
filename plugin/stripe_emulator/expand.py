"""What can be expanded, and what stands then where an ID stood?

All paths of a request are laid together to one tree, so their order says nothing.
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from stripe_emulator import contract, declare
from stripe_emulator.contract import Said
from stripe_emulator.declare import RESOURCES
from stripe_emulator.present import INNER_ROWS, first
from stripe_emulator.refusals import Json, Refusal, is_json, is_rows

if TYPE_CHECKING:
    from stripe_emulator.account import Account

DEEPEST = 4
Tree = dict[str, Any]  # a field that is expanded → those below it
Fields = Mapping[str, Said]


def tree(kind: str, given: Json, *, pages: bool) -> Tree:
    """Judge the parameter `expand` for this kind and lay its paths together.

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
    if below and not _expandable(kind, below):
        raise Refusal(f"This property cannot be expanded ({text}).")
    return below


def _expandable(kind: str, path: Sequence[str]) -> bool:
    found = _of_kind(kind)
    for name in path[:-1]:
        if name not in found:
            return False
        found = _of_field(found[name])
    return path[-1] in found


def _of_kind(kind: str) -> Fields:
    """The fields of a kind that can be expanded."""
    resource = RESOURCES[kind]
    found = _objects(resource.fields.items())
    for name in resource.on_demand.split():
        found[name] = resource.fields[name]
    return found


def _of_field(said: Said) -> Fields:
    """What can be expanded below a field."""
    fields = contract.below(said)
    found = _objects(fields)
    for kind in _kinds(said):
        found = {**_of_kind(kind), **found}
    return found


def _objects(fields: Iterable[tuple[str, Said]]) -> dict[str, Said]:
    return {name: said for name, said in fields if said.is_object}


def _below(said: Said) -> Fields:
    """What can stand below a field: those of a kind with what the document does not say of it."""
    found = dict(contract.below(said))
    for kind in _kinds(said):
        found |= RESOURCES[kind].fields
    return found


def _kinds(said: Said) -> list[str]:
    """The kinds of which a value, or an item of it, can be an ID here."""
    found = list(said.kinds)
    for each in said.alternatives:
        inner = each.inner("items")
        if inner:
            found += inner.kinds
    return [kind for kind in found if kind in RESOURCES]


@frozen
class Expansion:
    """The expanding of one answer's parts."""

    account: "Account"
    #: what an object carries and the view shows, by id: it is kept nowhere else
    carried: dict[str, Json] = field(factory=dict[str, Json])

    def view(self, view: Json, kept: Json, wanted: Tree) -> None:
        """Expand what is wanted in the view of a kept object."""
        resource = RESOURCES[kept["object"]]
        for name, below in resource.inside.items():
            asked = below in wanted.get(name, ())
            if asked and view[name] is not None:
                inside = copy.deepcopy(kept[f"_{below}"])
                view[name] = view[name] | {below: inside}
        self._fields(view, resource.fields, wanted, kept)

    def _fields(self, view: Json, fields: Fields, wanted: Tree, kept: Json) -> None:
        """Expand fields; `kept` may know what the view leaves out."""
        resource = RESOURCES.get(kept.get("object", ""))
        asked = resource.on_demand.split() if resource else []
        for name, below in wanted.items():
            said = fields.get(name)
            if said is None:  # of another kind that could have stood here
                continue
            if name in asked:
                view[name] = self._on_demand(kept, name, said)
            if name in view:
                view[name] = self._value(view[name], said, below)

    def _value(self, value: Any, said: Said, wanted: Tree) -> Any:
        """What stands where a value stood, or the same where there is nothing to show."""
        if is_rows(value):
            return [self._value(row, said, wanted) for row in value]
        if not is_json(value):
            return self._resolved(value, said, wanted)
        view = dict(value)
        self._fields(view, _below(said), wanted, self._kept(value))
        return view

    def _kept(self, view: Json) -> Json:
        """The object of which this is a view, if it is one."""
        kind, id_ = view.get("object"), view.get("id")
        if kind not in RESOURCES or not id_:
            return view
        return self.account.resolve(kind, id_) or self.carried.get(id_, view)

    def _resolved(self, value: Any, said: Said, wanted: Tree) -> Any:
        for kind in _kinds(said):
            found = self.account.resolve(kind, str(value))
            if found is None:
                continue
            return found if found.get("deleted") else self.account.show(found, wanted)
        return value

    def _on_demand(self, kept: Json, name: str, said: Said) -> Any:
        """A field that is shown only when it is asked for: kept aside, or found, or empty."""
        value = copy.deepcopy(kept.get(f"_{name}"))
        if "data" not in said.fields:
            return declare.empty(said) if value is None else value
        if value is None:
            return self._looked_for(kept, name, said)
        url = f"{RESOURCES[kept['object']].path}/{kept['id']}/{name}"
        return self._first(value, url)

    def _looked_for(self, kept: Json, name: str, said: Said) -> Json:
        """Of the objects that belong to one, the first ones and how many there are."""
        owner, id_ = RESOURCES[kept["object"]], kept["id"]
        found: list[Json] = []
        url = f"{owner.path}/{id_}/{name}"
        for kind in _kinds(said.fields["data"]):
            found = self.account.find(kind, **{owner.kind: id_})
            url = f"{RESOURCES[kind].path}?{owner.kind}={id_}"
        shown = self._first(found, url)
        return shown | {"total_count": len(found)}

    def _first(self, found: list[Json], url: str) -> Json:
        self.carried.update({row["id"]: row for row in found[:INNER_ROWS]})
        return first(self.account, found, url)
