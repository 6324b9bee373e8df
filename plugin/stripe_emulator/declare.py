"""What is a resource: how does it look, where does it live, what do its endpoints take?

Facts are those of Stripe's published API at the pinned version. Parameters are written in the
notation of `notation.py`; a row of `fields` is `name` (null) or `name=JSON`, and a name that
starts with an underscore is kept but only shown when it is expanded. Parameters that carry the
name of a field are stored there; whatever else a parameter does is behaviour (`lifecycle.py`).
"""

import json
import re
from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType

from attrs import frozen

from stripe_emulator import notation, refusals
from stripe_emulator.judge import Group
from stripe_emulator.refusals import Json, Refusal

PINNED = "2026-08-26.dahlia"
_FIELD = re.compile(r"\s*(\w+)(=)?")
_JSON = json.JSONDecoder()
_PLAIN = {"list": "GET", "create": "POST", "retrieve": "GET", "update": "POST", "delete": "DELETE"}
_NO_ID = {"list", "create"}
Texts = Mapping[str, str]
_NONE: Texts = MappingProxyType({})


@frozen(kw_only=True)
class Resource:
    """One kind of object.

    `verbs` maps list, create, retrieve, update, delete or an action's name to the parameters
    (an action is `POST {path}/{id}/{action}`); `lists` the verbs that list what an object carries
    (`GET {path}/{id}/{verb}`) to the kind of these. `expands` maps fields to the kind they point
    to; `_` marks a kept field shown on demand, `-` one that cannot be, `[kind]` a list.
    """

    kind: str
    prefix: str
    #: letters and digits after the prefix
    size: int = 23
    path: str = "-"
    fields: str
    expands: str = ""
    verbs: Texts = _NONE
    lists: Texts = _NONE
    #: paths that do not follow from `path`, by verb
    elsewhere: Texts = _NONE
    #: events of plain changes (created, updated, deleted), and their name where it is not the kind
    emits: str = ""
    events: str = ""
    #: filters that look at a field of another name
    looks_at: Texts = _NONE
    #: filters that are more than equality, as SQL: `name`, `name=value`, or `name=` if not given
    conditions: Texts = _NONE
    #: SQL that everything in its list meets
    listed: str = ""
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
    def defaults(self) -> Json:
        """The fields of a new object, hidden ones included."""
        found: Json = {}
        at = 0
        while match := _FIELD.match(self.fields, at):
            name, has_default = match.groups()
            found[name] = None
            at = match.end()
            if has_default:
                found[name], at = _JSON.raw_decode(self.fields, at)
        return found

    def blank(self) -> Json:
        """Make a fresh object without id."""
        fresh: Json = json.loads(self._text)
        return fresh

    @cached_property
    def _text(self) -> str:
        return json.dumps(self.defaults)

    @cached_property
    def targets(self) -> dict[str, str]:
        """Expandable field → kind."""
        return dict(token.split(":") for token in self.expands.split())

    @property
    def event(self) -> str:
        """The first part of the types of its events."""
        return self.events or self.kind

    def blamed(self, verb: str) -> str | None:
        """Name the parameter blamed for an unknown id in the path."""
        anyway = self.lost.get("", self.in_path)
        return self.lost.get(verb, anyway)


@frozen
class Endpoint:
    """One method and path: the resource and verb behind it, and its parameters."""

    method: str
    resource: Resource
    verb: str
    text: str

    @cached_property
    def parameters(self) -> Group:
        """Everything this endpoint takes; lists take the cursors too."""
        paging = "limit:int ending_before starting_after" if self.pages else ""
        return notation.group(f"{self.text} {paging} expand:[str]")

    @property
    def pages(self) -> bool:
        """Whether the answer is a list."""
        return self.verb == "list" or self.lists is not None

    @property
    def lists(self) -> str | None:
        """The kind of what is listed, where an object carries it."""
        return self.resource.lists.get(self.verb)


def shape(**shapes: str) -> None:
    """Name groups of parameters, to be used as `$name`; ValueError for a name that is taken."""
    for name, text in shapes.items():
        if name in notation.SHAPES:
            raise ValueError(f"there is a shape {name!r} already; find another name for this one")
        notation.SHAPES[name] = text


RESOURCES: dict[str, Resource] = {}
ENDPOINTS: list[tuple[str, re.Pattern[str], Endpoint]] = []


def declare(resource: Resource) -> None:
    """Take a resource into the table, with an endpoint for each of its verbs.

    Raises ValueError for a kind that is declared already.
    """
    if resource.kind in RESOURCES:
        raise ValueError(f"{resource.kind!r} is declared already")
    RESOURCES[resource.kind] = resource
    for verb, text in resource.verbs.items():
        _add_endpoint(resource, verb, _PLAIN.get(verb, "POST"), text)
    for verb in resource.lists:
        _add_endpoint(resource, verb, "GET", "")


def _add_endpoint(resource: Resource, verb: str, method: str, text: str) -> None:
    path = resource.elsewhere.get(verb, resource.path)
    if verb not in _NO_ID:
        path += "/([^/]+)"
    if verb not in _PLAIN:
        path += f"/{verb}"
    found = Endpoint(method, resource, verb, text)
    ENDPOINTS.append((method, re.compile(path), found))


def endpoint(method: str, path: str) -> tuple[Endpoint, str | None] | None:
    """Find the endpoint of a request, with the id in its path, still percent-encoded."""
    for verb, pattern, found in ENDPOINTS:
        match = pattern.fullmatch(path) if verb == method else None
        if match:
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
