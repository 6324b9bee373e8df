"""What every resource does the same way, and the register of what some do differently.

A behaviour takes the account, the object (kept before, or new with its defaults) and the judged
parameters, and returns what the API answers with. It is found under ``kind.verb``; a verb without
one of its own is a plain create, update, retrieve or delete.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from stripe_emulator import refusals
from stripe_emulator.account import Account
from stripe_emulator.notation import Either, Group, Items, Metadata, Shape
from stripe_emulator.refusals import Json, is_json

if TYPE_CHECKING:
    from stripe_emulator.resources import Endpoint


class Given(dict[str, Any]):
    """The judged parameters, and the object as it was before they were filled in."""

    def __init__(self, given: Json, before: Json) -> None:
        super().__init__(given)
        self.before = before


Behaviour = Callable[[Account, Json, Given], Json]
BEHAVIOURS: dict[str, Behaviour] = {}
_LONGEST_SESSION = 66
FINDERS: dict[str, Callable[[Account, str], Json | None]] = {}  # kinds with ids that are no rows


def does(name: str) -> Callable[[Behaviour], Behaviour]:
    """Register a behaviour as ``kind.verb``."""

    def register(behaviour: Behaviour) -> Behaviour:
        BEHAVIOURS[name] = behaviour
        return behaviour

    return register


def execute(account: Account, endpoint: Endpoint, id_: str | None, given: Json) -> Json:
    """Do what the endpoint does; returns the kept object or a stub."""
    kind, verb = endpoint.resource.kind, endpoint.verb
    if id_ is None:
        obj = account.new(kind)
    else:
        obj = _found(account, endpoint, id_)
        if obj.get("deleted") is True:
            return obj
    before = copy.deepcopy(obj)
    fill(obj, given, endpoint.parameters)
    if own := BEHAVIOURS.get(f"{kind}.{verb}"):
        return own(account, obj, Given(given, before))
    if verb == "create":
        return account.create(obj)
    if verb == "update":
        return account.change(obj, before)
    return account.delete(obj) if verb == "delete" else obj


def _found(account: Account, endpoint: Endpoint, id_: str) -> Json:
    kind, verb = endpoint.resource.kind, endpoint.verb
    if kind == "checkout.session" and len(id_) > _LONGEST_SESSION:
        shown = f"{id_[:4]}...{id_[-4:]}; must be at most {_LONGEST_SESSION} characters"
        raise refusals.Refusal(f"Invalid string: {shown}", param="session", status=404)
    obj = FINDERS[kind](account, id_) if kind in FINDERS else account.resolve(kind, id_)
    stub = kind == "customer" and verb == "retrieve"  # only customers are remembered
    if obj is None or (obj.get("deleted") is True and not stub):
        called = endpoint.resource.called or kind
        raise refusals.missing_object(called, id_, endpoint.resource.missing(verb), 404)
    return obj


def fill(obj: Json, given: Json, parameters: Group) -> None:
    """Store every parameter that carries the name of a field."""
    for name, value in given.items():
        target = name if name in obj else f"_{name}"
        if target in obj:
            obj[target] = _merged(obj[target], value, parameters.fields[name])


def _merged(old: Any, new: Any, shape: Shape) -> Any:
    """Merge a value into what was there: groups and metadata merge, the rest replaces."""
    if isinstance(shape, Metadata):
        return metadata(old, new)
    if new == "":
        return [] if isinstance(old, list) else None
    if isinstance(shape, Items):
        rows: list[Any] = new
        return [_merged(None, item, shape.of) for item in rows]
    if isinstance(shape, Either) and is_json(new):
        shape = next(part for part in shape.shapes if isinstance(part, Group))
    if isinstance(shape, Group) and "*" not in shape.fields and is_json(new):
        base = old if is_json(old) else shape.blank
        return base | {k: _merged(base.get(k), v, shape.fields[k]) for k, v in new.items()}
    return new


def metadata(old: Json | None, new: Any) -> Json:
    """Merge metadata: an empty value removes its key, an empty string removes everything."""
    if new == "":
        return {}
    return {key: value for key, value in ((old or {}) | new).items() if value != ""}
