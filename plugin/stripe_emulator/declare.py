"""What is a resource: where does it live, which verbs does it answer, how does a new object look?

Parameters, fields and what can be expanded are those of Stripe's API document (`contract.py`).
A resource declares only what is not in there. Parameters that carry the name of a field are
stored there; whatever else a parameter does is behaviour (`lifecycle.py`).
"""

import json
import re
from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType
from typing import Any

from attrs import frozen

from stripe_emulator import contract, documented, refusals
from stripe_emulator.contract import Said
from stripe_emulator.judge import Group, Items, Shape
from stripe_emulator.refusals import Json, Refusal

PINNED = "2026-08-26.dahlia"
_FIELD = re.compile(r"\s*(\w+)(=)?")
_JSON = json.JSONDecoder()
_PLAIN = {
    "list": "GET",
    "own": "GET",
    "create": "POST",
    "retrieve": "GET",
    "update": "POST",
    "delete": "DELETE",
}
_METHODS = {**_PLAIN, "search": "GET", "preview": "GET", "discount": "DELETE"}
_NO_ID = {"list", "own", "search", "create", "create_preview", "preview", "preview/lines"}
_NAMED = {"id", "object"}
_EMPTY: Mapping[str, Any] = MappingProxyType({"array": [], "boolean": False, "integer": 0})
Texts = Mapping[str, str]
_NONE: Texts = MappingProxyType({})


@frozen(kw_only=True, eq=False)
class Resource:
    """One kind of object.

    `verbs` are list, create, retrieve, update, delete, own (the one that the account of a request
    has) or the names of actions (an action is `POST {path}/{id}/{action}`); `lists` are the verbs
    that list what an object carries (`GET {path}/{id}/{verb}`), with the kind of these.
    """

    kind: str
    prefix: str
    #: letters and digits after the prefix
    size: int = 23
    path: str = "-"
    verbs: str = ""
    lists: Texts = _NONE
    #: paths that do not follow from `path`, by verb
    elsewhere: Texts = _NONE
    #: the parameters of verbs that are not Stripe's
    own: Texts = _NONE
    #: what a new object has: `name=JSON`, or `name` for what is empty and would not be there.
    #: Fields that the document does not have are among them, and with `_` what is never shown
    starts: str = ""
    #: parameters that must be given, though the document does not say so, by verb
    needs: Texts = _NONE
    #: parameters that an empty text unsets, though the document does not say so, by verb
    unsets: Texts = _NONE
    #: documented fields that are there only when they are set
    absent: str = ""
    #: documented fields that are shown only when they are expanded; kept with `_`, or looked for
    on_demand: str = ""
    #: such a field of an object inside, by the field that this is; kept with `_`
    inside: Texts = _NONE
    #: fields that the document does not have and that can be expanded, with their kind
    kinds: Texts = _NONE
    #: parameters that Stripe only keeps and shows: `path.of.names`, or `path=value|value` if it
    #: does more with other values
    echoes: str = ""
    #: events of plain changes (created, updated, deleted), and their name where it is not the kind
    emits: str = ""
    events: str = ""
    #: filters that look at a field of another name
    looks_at: Texts = _NONE
    #: filters that are more than equality, as SQL: `name`, `name=value`, or `name=` if not given,
    #: `name,name=` if none of these is
    conditions: Texts = _NONE
    #: SQL that everything in its list meets
    listed: str = ""
    #: fields that a search can name: `name`, `name~` if a part of it will do, `name<` for numbers
    searches: str = ""
    #: its name in messages, and whether messages put its ids in quotes
    called: str = ""
    quoted: bool = True
    #: what Stripe calls the id in the path, and how long it may be
    in_path: str = "id"
    longest: int | None = None
    #: the parameter blamed when it does not exist, where it is another, by verb (`""`: any verb)
    lost: Mapping[str, str | None] = _NONE
    #: whether a deleted one can still be retrieved, as a stub
    remembered: bool = False

    @cached_property
    def fields(self) -> Mapping[str, Said]:
        """What is said of its fields, by name."""
        also = {name: contract.of_kind(kind) for name, kind in self.kinds.items()}
        return {**contract.of_kind(self.kind).fields, **also}

    @cached_property
    def searched(self) -> Texts:
        """The fields that a search can name, each with what it does beyond equality."""
        found: dict[str, str] = {}
        for text in self.searches.split():
            name = text.rstrip("~<")
            found[name] = text.removeprefix(name)
        return found

    def blank(self) -> Json:
        """Make a fresh object without id, hidden fields included."""
        fresh: Json = json.loads(self._text)
        return fresh

    @cached_property
    def _text(self) -> str:
        said = contract.of_kind(self.kind)
        found = empty_object(said)
        hidden = {*_NAMED, *self.absent.split(), *self.on_demand.split()}
        for name in hidden:
            found.pop(name, None)
        return json.dumps(found | self._started())

    def _started(self) -> Json:
        found: Json = {}
        at = 0
        while match := _FIELD.match(self.starts, at):
            name, has_value = match.groups()
            at = match.end()
            if has_value:
                found[name], at = _JSON.raw_decode(self.starts, at)
            else:
                found[name] = self._empty(name)
        return found

    def _empty(self, name: str) -> Any:
        said = self.fields.get(name)
        return None if said is None else empty(said)

    @property
    def event(self) -> str:
        """The first part of the types of its events."""
        return self.events or self.kind

    def blamed(self, verb: str) -> str | None:
        """Name the parameter blamed for an unknown id in the path."""
        anyway = self.lost.get("", self.in_path)
        return self.lost.get(verb, anyway)


def empty_object(said: Said) -> Json:
    """An object in which nothing is set: what is always there, and what can be null."""
    found: Json = {}
    for name, each in said.fields.items():
        if each.nullable or name in said.required:
            found[name] = empty(each)
    if "metadata" in said.fields:
        found["metadata"] = {}
    return found


def empty(said: Said) -> Any:
    """What a value is that is not set."""
    if said.nullable or said.facts.get("format") == "unix-time":
        return None
    if said.whole.fields and "any" not in said.facts:
        return empty_object(said)
    return {} if "values" in said.facts else _EMPTY.get(said.type)


@frozen(eq=False)
class Endpoint:
    """One method and path: the resource and verb behind it, and its parameters."""

    method: str
    resource: Resource
    verb: str
    #: as in `/v1/prices/{}`
    template: str

    @cached_property
    def parameters(self) -> Group:
        """Everything this endpoint takes."""
        said = contract.operation(self.method, self.template)
        if said is None:
            return _own(self.resource.own[self.verb])
        needed = self.resource.needs.get(self.verb, "")
        unset = self.resource.unsets.get(self.verb, "")
        return documented.group(said, needed, unset, choose=self.pages)

    @property
    def pages(self) -> bool:
        """Whether the answer is a list."""
        return self.verb in {"list", "search"} or self.lists is not None

    @property
    def answers(self) -> str:
        """The kind of what it answers, or lists."""
        return self.lists or self.resource.kind

    @property
    def lists(self) -> str | None:
        """The kind of what is listed, where an object carries it."""
        return self.resource.lists.get(self.verb)


def _own(names: str) -> Group:
    fields: dict[str, Shape] = {name: Shape() for name in names.split()}
    return Group("group", fields={**fields, "expand": Items("list")})


RESOURCES: dict[str, Resource] = {}
ENDPOINTS: list[tuple[str, re.Pattern[str], Endpoint]] = []


def declare(resource: Resource) -> None:
    """Take a resource into the table, with an endpoint for each of its verbs.

    Raises ValueError for a kind that is declared already.
    """
    if resource.kind in RESOURCES:
        raise ValueError(f"{resource.kind!r} is declared already")
    RESOURCES[resource.kind] = resource
    for verb in resource.verbs.split():
        _add_endpoint(resource, verb, _METHODS.get(verb, "POST"))
    for verb in resource.lists:
        _add_endpoint(resource, verb, "GET")


def _add_endpoint(resource: Resource, verb: str, method: str) -> None:
    path = resource.elsewhere.get(verb, resource.path)
    if verb not in _NO_ID:
        path += "/{}"
    if verb not in _PLAIN:
        path += f"/{verb}"
    pattern = path.replace("{}", "([^/]+)")
    found = Endpoint(method, resource, verb, path)
    ENDPOINTS.append((method, re.compile(pattern), found))


def endpoint(method: str, path: str) -> tuple[Endpoint, str | None] | None:
    """Find the endpoint of a request, with the id in its path, still percent-encoded.

    A path that the document has as it is, such as `/v1/customers/search`, holds no id.
    """
    fixed = contract.is_fixed(method, path)
    for verb, pattern, found in ENDPOINTS:
        match = pattern.fullmatch(path) if verb == method else None
        if match and not (fixed and match.re.groups):
            return found, match[1] if match.re.groups else None
    return None


def missing(kind: str, id_: str, param: str | None, status: int = 400) -> Refusal:
    """No object of this kind has this id, in Stripe's words for the kind."""
    resource = RESOURCES.get(kind)
    called = resource.called if resource and resource.called else kind
    if resource and not resource.quoted:
        message = f"No such {called}: {id_}"
        return Refusal(message, code="resource_missing", param=param, status=status)
    return refusals.missing_object(called, id_, param, status)
