"""What does Stripe's API document say at the pinned version? Each fact read when it is asked for.

The data and its format: `stripe_manifests/contract/README.md`. A file has a line for each of its
shapes, so only those are read that a request needs.
"""

import gzip
import json
import pkgutil
import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import Any

from attrs import frozen

Facts = Mapping[str, Any]
_SHAPES = ',"shapes":['


@frozen(eq=False)
class _Data:
    """One of the files."""

    lines: list[str]

    @cached_property
    def index(self) -> Facts:
        """What stands before the shapes."""
        facts: Facts = json.loads(self.lines[0].removesuffix(_SHAPES) + "}")
        return facts

    def said(self, number: int) -> Facts:
        """What one shape says."""
        facts: Facts = json.loads(self.lines[number + 1].removesuffix(","))
        return facts


@cache
def _data(file: str) -> _Data:
    # Not importlib.resources: importing it costs more than all that is read here.
    packed = pkgutil.get_data("stripe_manifests", f"contract/{file}.json.gz")
    if packed is None:
        raise ImportError("stripe_manifests is installed without its data")
    text = gzip.decompress(packed).decode()
    return _Data(text.split("\n"))


@frozen(eq=False)
class Said:
    """What the document says of one value: of a parameter, or of a field of an object."""

    facts: Facts
    file: str

    @property
    def type(self) -> str:
        """JSON's word, or nothing of alternatives and of a kind of object."""
        word: str = self.facts.get("type", "")
        return word

    @property
    def nullable(self) -> bool:
        """Whether a field can be null."""
        return bool(self.facts.get("nullable"))

    @property
    def required(self) -> tuple[str, ...]:
        """The keys that must be given, or that are always there."""
        return tuple(self.whole.facts.get("required", ()))

    @cached_property
    def whole(self) -> "Said":
        """Of a kind of object what it is; of anything else itself."""
        kind = self.facts.get("kind")
        return self if kind is None else of_kind(kind)

    @cached_property
    def fields(self) -> "Mapping[str, Said]":
        """What an object has by name, or in any of its alternatives."""
        found: dict[str, Said] = {}
        for each in self.alternatives:
            numbers: Mapping[str, int] = each.whole.facts.get("fields", {})
            for name, number in numbers.items():
                found[name] = _said(self.file, number)
        return found

    @cached_property
    def alternatives(self) -> "tuple[Said, ...]":
        """What it may be instead of one thing; of one thing, only that."""
        numbers = self.whole.facts.get("any")
        if numbers is None:
            return (self,)
        return tuple(_said(self.file, number) for number in numbers)

    def inner(self, word: str) -> "Said | None":
        """What each of the `items` of a list is, or each of the `values` of a map."""
        number = self.facts.get(word)
        return None if number is None else _said(self.file, number)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of objects that it can be, whole or as an ID."""
        found = [each.facts.get("kind") for each in self.alternatives]
        return tuple(kind for kind in found if kind)

    @cached_property
    def is_object(self) -> bool:
        """Whether it is an object, or an ID of one, or a list of such: those can be expanded."""
        if self.facts.get("kind") or "fields" in self.facts:
            return True
        inner = [self.inner("items"), self.inner("values")]
        parts = [each for each in inner if each]
        if "any" in self.facts:
            parts += self.alternatives
        return any(each.is_object for each in parts)


@cache
def _said(file: str, number: int) -> Said:
    return Said(_data(file).said(number), file)


_NOTHING = Said({}, "objects")


@cache
def of_kind(kind: str) -> Said:
    """What an object of a kind is; nothing if the document does not have it."""
    number = _data("objects").index["kinds"].get(kind)
    return _NOTHING if number is None else _said("objects", number)


@frozen(eq=False)
class Operation:
    """What one endpoint takes: beside the path, by name."""

    parameters: Mapping[str, Said]
    required: frozenset[str]


@cache
def operation(method: str, path: str) -> Operation | None:
    """What is sent to `POST`, `/v1/prices/{}`; None if the document does not have it."""
    endpoint = _endpoints().get(f"{method} {path}")
    if endpoint is None:
        return None
    places = _data("parameters").index["operations"][endpoint]
    parameters: dict[str, Said] = {}
    required: set[str] = set()
    for place in ("query", "body"):
        if place in places:
            said = _said("parameters", places[place])
            parameters |= said.fields
            required |= {*said.required}
    return Operation(parameters, frozenset(required))


@cache
def _endpoints() -> Mapping[str, str]:
    """The document's endpoints by themselves without the names of variables."""
    names = _data("parameters").index["operations"]
    return {re.sub(r"\{[^}]*\}", "{}", name): name for name in names}


def is_fixed(method: str, path: str) -> bool:
    """Whether the document has an endpoint at this path, which has no variables."""
    return f"{method} {path}" in _endpoints()


def has(method: str, path: str) -> bool:
    """Whether the document has an endpoint at this path, its variables filled in."""
    wanted = f"{method} {path}".split("/")
    return any(_fits(name.split("/"), wanted) for name in _endpoints())


def _fits(template: list[str], wanted: list[str]) -> bool:
    if len(template) != len(wanted):
        return False
    return all(map(_is_filled_in, template, wanted))


def _is_filled_in(part: str, given: str) -> bool:
    """Whether this is what the part says, or anything where it is a variable."""
    return bool(given) if part == "{}" else part == given


def version() -> str:
    """The version of the document."""
    word: str = _data("parameters").index["version"]
    return word


def below(said: Said) -> Iterator[tuple[str, Said]]:
    """The keys of an object, or of the objects in a list, in any alternative."""
    yield from said.fields.items()
    for each in said.alternatives:
        inner = each.inner("items")
        if inner:
            yield from below(inner)
