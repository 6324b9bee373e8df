"""What does every resource do the same way, and which do some things differently?

A behaviour takes the account, the object (kept before, or new with its defaults) and the judged
parameters, and returns what the API answers with. It is found under `kind.verb`; a verb without
one of its own is a plain create, update, retrieve or delete.
"""

import copy
from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen

from stripe_emulator import clocks, declare
from stripe_emulator.account import Account
from stripe_emulator.contract import Said
from stripe_emulator.declare import RESOURCES, Endpoint
from stripe_emulator.judge import Either, Group, Items, Metadata, Reference, Shape, too_long
from stripe_emulator.refusals import Json, is_json


class Given(dict[str, Any]):
    """The judged parameters, and the object as it was before they were filled in."""

    def __init__(self, given: Json, before: Json) -> None:
        super().__init__(given)
        self.before = before


Behaviour = Callable[[Account, Json, Given], Json]
BEHAVIOURS: dict[str, Behaviour] = {}
READS: dict[str, str] = {}


@frozen
class Shared:
    """Ids that name something before there is an object of them: Stripe's test payment methods."""

    exists: Callable[[str], bool]
    find: Callable[[Account, str], Json]


SHARED: dict[str, Shared] = {}


def does(name: str, reads: str = "", **inner: str) -> Callable[[Behaviour], Behaviour]:
    """Register a behaviour as `kind.verb`, with the parameters that it acts on.

    `reads` names them as `echoes` of a resource does; `inner` does those of one parameter.
    """
    paths: list[str] = []
    for outer, text in inner.items():
        paths += [f"{outer}.{path}" for path in text.split()]

    def register(behaviour: Behaviour) -> Behaviour:
        BEHAVIOURS[name] = behaviour
        READS[name] = " ".join([reads, *paths])
        return behaviour

    return register


Check = Callable[[Account, Json], None]
FIRST: dict[str, Check] = {}


def first(*names: str) -> Callable[[Check], Check]:
    """Register what Stripe refuses in `kind.verb` even where the emulator does not simulate it."""

    def register(check: Check) -> Check:
        FIRST.update(dict.fromkeys(names, check))
        return check

    return register


def check_first(account: Account, endpoint: Endpoint, given: Json) -> None:
    """Refuse what Stripe refuses whatever else the request asks for."""
    check = FIRST.get(f"{endpoint.resource.kind}.{endpoint.verb}")
    if check:
        check(account, given)


def do(name: str, account: Account, obj: Json, given: Json) -> Json:
    """Do what another resource does, by its name: `payment_intent.paid`."""
    before = copy.deepcopy(obj)
    return BEHAVIOURS[name](account, obj, Given(given, before))


def check_references(account: Account, references: list[Reference]) -> None:
    """Refuse parameters that name what does not exist."""
    for each in references:
        if not _exists(account, each.kind, each.id):
            raise declare.missing(each.kind, each.id, each.param)


def _exists(account: Account, kind: str, id_: str) -> bool:
    if kind in SHARED and SHARED[kind].exists(id_):
        return True
    return account.get(kind, id_) is not None


def execute(account: Account, endpoint: Endpoint, id_: str | None, given: Json) -> Json:
    """Do what the endpoint does; returns the kept object or a stub."""
    kind, verb = endpoint.resource.kind, endpoint.verb
    found = None if id_ is None else _found(account, endpoint, id_)
    clocks.follow(account, given, found or {})
    obj = found or account.new(kind)
    if obj.get("deleted") is True:
        return obj
    before = copy.deepcopy(obj)
    fill(obj, given, endpoint.parameters)
    behaviour = BEHAVIOURS.get(f"{kind}.{verb}") or _PLAIN.get(verb, _retrieve)
    return behaviour(account, obj, Given(given, before))


def _create(account: Account, obj: Json, _given: Given) -> Json:
    return account.create(obj)


def _update(account: Account, obj: Json, given: Given) -> Json:
    return account.change(obj, given.before)


def _delete(account: Account, obj: Json, _given: Given) -> Json:
    return account.delete(obj)


def _retrieve(_account: Account, obj: Json, _given: Given) -> Json:
    return obj


_PLAIN: dict[str, Behaviour] = {"create": _create, "update": _update, "delete": _delete}


def _found(account: Account, endpoint: Endpoint, id_: str) -> Json:
    resource, verb = endpoint.resource, endpoint.verb
    blamed = resource.blamed(verb)
    if resource.longest and len(id_) > resource.longest:
        raise too_long(id_, resource.longest, resource.in_path, 404)
    obj = _resolved(account, resource.kind, id_)
    stub_is_shown = resource.remembered and verb == "retrieve"
    if obj is None or (obj.get("deleted") is True and not stub_is_shown):
        raise declare.missing(resource.kind, id_, blamed, 404)
    return obj


def _resolved(account: Account, kind: str, id_: str) -> Json | None:
    if kind in SHARED and SHARED[kind].exists(id_):
        return SHARED[kind].find(account, id_)
    return account.resolve(kind, id_)


def fill(obj: Json, given: Json, parameters: Group) -> None:
    """Store every parameter that carries the name of a field."""
    resource = RESOURCES[obj["object"]]
    shown = {*obj, *resource.absent.split()}
    for name, value in given.items():
        target = name if name in shown else f"_{name}"
        if target in shown:
            old = obj.get(target)
            said = resource.fields.get(name)
            obj[target] = _merged(old, value, parameters.fields[name], said)


def _merged(old: Any, new: Any, shape: Shape, said: Said | None) -> Any:
    """Merge a value into what was there: groups and metadata merge, the rest replaces."""
    if isinstance(shape, Metadata):
        return metadata(old, new)
    if new == "":
        return [] if isinstance(old, list) else None
    if isinstance(shape, Items):
        rows: list[Any] = new
        each = said.inner("items") if said else None
        return [_merged(None, item, shape.of, each) for item in rows]
    if isinstance(shape, Either) and is_json(new):
        shape = shape.closest(new)
    if isinstance(shape, Group) and is_json(new):
        return _merged_group(old, new, shape, said)
    return new


def _merged_group(old: Any, new: Json, shape: Group, said: Said | None) -> Json:
    fields: Mapping[str, Said] = said.fields if said else {}
    base = old if is_json(old) else _blank(shape, fields)
    merged = dict(base)
    for name, value in new.items():
        said_of_it = fields.get(name)
        merged[name] = _merged(base.get(name), value, shape.fields[name], said_of_it)
    return merged


def _blank(shape: Group, fields: Mapping[str, Said]) -> Json:
    """The group as Stripe shows it when nothing in it is set."""
    nullable = {name for name, said in fields.items() if said.nullable}
    shown = [name for name in shape.fields if name in nullable]
    return dict.fromkeys(shown)


def metadata(old: Json | None, new: Any) -> Json:
    """Merge metadata: an empty value removes its key, an empty string removes everything."""
    if new == "":
        return {}
    together = (old or {}) | new
    return {key: value for key, value in together.items() if value != ""}


def picked(given: Json, names: str) -> Json:
    """Keep the parameters of these names that were given."""
    wanted = names.split()
    return {name: given[name] for name in wanted if name in given}
