"""What does Stripe's API document say, at the pinned version? Facts, read when first asked for.

The data and its format: `stripe_manifests/contract/README.md`.
"""

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from importlib.resources import files
from typing import Any

import attrs

Facts = Mapping[str, Any]


@attrs.frozen(eq=False)
class Shape:
    """What a value may be: that of a parameter, or of a field of an object."""

    _facts: Facts
    _file: str  # where its number is known
    required: bool = False

    @property
    def type(self) -> str | None:
        """JSON's word: string, integer, number, boolean, object, array; None of alternatives."""
        return self._facts.get("type")

    @property
    def format(self) -> str | None:
        """Of texts currency, decimal or binary, of whole numbers unix-time."""
        return self._facts.get("format")

    @property
    def is_time(self) -> bool:
        """Whether it is a time, in unix seconds."""
        return self.format == "unix-time"

    @property
    def is_money(self) -> bool:
        """Whether it is an amount, in the smallest unit of its currency."""
        return bool(self._facts.get("money"))

    @property
    def enum(self) -> tuple[str, ...]:
        """The fixed values; none: any."""
        return tuple(self._facts.get("enum", ()))

    @property
    def is_open(self) -> bool:
        """Whether Stripe says that there can be other fixed values."""
        return bool(self._facts.get("open"))

    @property
    def max_length(self) -> int | None:
        """How many characters a text may have."""
        return self._facts.get("max_length")

    @property
    def clearable(self) -> bool:
        """Whether a parameter takes an empty text to be unset; Stripe unsets more than these."""
        return bool(self._facts.get("clearable"))

    @property
    def nullable(self) -> bool:
        """Whether a field can be null."""
        return bool(self._facts.get("nullable"))

    @property
    def expands(self) -> bool:
        """Whether a field is an ID that can be asked for as the object: see `kinds`."""
        return bool(self._facts.get("expands"))

    @cached_property
    def alternatives(self) -> "tuple[Shape, ...]":
        """What it may be instead of one thing; of one thing, only that."""
        numbers = self._facts.get("any")
        if numbers is None:
            return (self,)
        return tuple(map(self._shape, numbers))

    @property
    def kind(self) -> str | None:
        """The kind of object that it is, whole: see `fields`."""
        return self._facts.get("kind")

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of objects that it can be."""
        return tuple(each.kind for each in self.alternatives if each.kind)

    @cached_property
    def fields(self) -> "Mapping[str, Shape]":
        """What an object has, by name; of a kind of object, its fields."""
        if self.kind:
            return fields(self.kind)
        numbers = self._facts.get("fields", {})
        required = self._facts.get("required", ())
        found: dict[str, Shape] = {}
        for name, number in numbers.items():
            found[name] = self._shape(number, name in required)
        return found

    @cached_property
    def items(self) -> "Shape | None":
        """What each value of a list is."""
        return self._inner("items")

    @cached_property
    def values(self) -> "Shape | None":
        """What each value of an object is that may have any keys."""
        return self._inner("values")

    @cached_property
    def keys(self) -> "Mapping[str, Shape]":
        """The keys of an object, or of the objects in a list, of all alternatives."""
        found: dict[str, Shape] = {}
        for each in self.alternatives:
            found |= each.fields
            if each.items is not None:
                found |= each.items.keys
        return found

    def _inner(self, word: str) -> "Shape | None":
        number = self._facts.get(word)
        return None if number is None else self._shape(number)

    def _shape(self, number: int, *is_required: bool) -> "Shape":
        return _shape(self._file, number, *is_required)


Shapes = Mapping[str, Shape]
Steps = tuple[str, ...]  # names from the outside in
NO_SHAPES: Shapes = {}


@attrs.frozen(eq=False)
class Operation:
    """What one endpoint takes and answers."""

    #: As in `POST /v1/prices/{price}`.
    endpoint: str
    path: Shapes
    query: Shapes
    body: Shapes

    @cached_property
    def answer(self) -> Shape | None:
        """What it answers; None: no JSON."""
        number = _data("objects")["answers"].get(self.endpoint)
        return None if number is None else _shape("objects", number)

    @cached_property
    def parameters(self) -> Shapes:
        """What is sent beside the path, by name."""
        return {**self.query, **self.body}

    def find(self, key: str) -> Iterator[Steps]:
        """Every place of a key below the parameters, the shallowest first."""
        level = _below((), self.parameters)
        while level:
            below: dict[Steps, Shape] = {}
            for steps, shape in level.items():
                below |= _below(steps, shape.keys)
            yield from (steps for steps in below if steps[-1] == key)
            level = below


def _below(steps: Steps, keys: Shapes) -> dict[Steps, Shape]:
    return {(*steps, name): shape for name, shape in keys.items()}


@cache
def operation(method: str, path: str) -> Operation | None:
    """What Stripe takes at `POST`, `/v1/prices/{price}`; None if the document has it not."""
    endpoint = _endpoints().get(_nameless(f"{method} {path}"))
    if endpoint is None:
        return None
    places = _data("parameters")["operations"][endpoint]
    found = dict.fromkeys(("path", "query", "body"), NO_SHAPES)
    for place, number in places.items():
        found[place] = _shape("parameters", number).fields
    return Operation(endpoint, **found)


def operations() -> tuple[str, ...]:
    """Every endpoint, as in `POST /v1/prices/{price}`."""
    return tuple(_data("parameters")["operations"])


@cache
def fields(kind: str) -> Shapes:
    """The fields of a kind of object, such as `checkout.session`; none of one that is unknown.

    A kind that stands for several, such as `payment_source`, has the fields of all of them.
    """
    found: dict[str, Shape] = {}
    if whole := shape(kind):
        for each in whole.alternatives:
            found |= each.fields
    return found


def shape(kind: str) -> Shape | None:
    """What an object of this kind is; None if the document has it not."""
    number = _data("objects")["kinds"].get(kind)
    return None if number is None else _shape("objects", number)


def kinds() -> tuple[str, ...]:
    """Every kind of object; what is only a part of others is one too: `account_settings`."""
    return tuple(_data("objects")["kinds"])


def event_types() -> tuple[str, ...]:
    """Every type of event, as in `invoice.paid`."""
    return tuple(_data("events")["types"])


def version() -> str:
    """The version of the document."""
    word: str = _data("parameters")["version"]
    return word


@cache  # so that what a shape has worked out of itself is worked out once
def _shape(file: str, number: int, *is_required: bool) -> Shape:
    shapes = _data(file)["shapes"]
    return Shape(shapes[number], file, *is_required)


def _nameless(endpoint: str) -> str:
    """An endpoint, whatever its variables are called."""
    return re.sub(r"{[^{}]*}", "{}", endpoint)


@cache
def _endpoints() -> Mapping[str, str]:
    """The document's endpoints by themselves without the names of variables."""
    return {_nameless(endpoint): endpoint for endpoint in operations()}


@cache
def _data(file: str) -> Facts:
    packed = files("stripe_manifests") / "contract" / f"{file}.json.gz"
    facts: Facts = json.loads(gzip.decompress(packed.read_bytes()))
    return facts
