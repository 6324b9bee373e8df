"""What may one parameter be, and how is judged what a request gave?"""

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from attrs import field, frozen

from stripe_emulator import refusals, scalars
from stripe_emulator.refusals import Json, Refusal, is_json

_MOST_KEYS = 50
_LONGEST_KEY = 40
_LONGEST_VALUE = 500


@frozen
class Reference:
    """An id that a parameter gave, and that must exist."""

    kind: str
    id: str
    param: str


@frozen
class Place:
    """Where a value stands: its path, and every reference found in the request so far."""

    path: str = ""
    references: list[Reference] = field(factory=list[Reference])

    def inner(self, name: str) -> "Place":
        """The place of something inside the value."""
        path = f"{self.path}[{name}]" if self.path else name
        return Place(path, self.references)

    def refusal(self, message: str) -> Refusal:
        """Blame what stands here."""
        return Refusal(message, param=self.path)


@frozen
class Shape:
    """What one parameter may be; `judge` returns its value or raises the Refusal."""

    name: str = "str"
    limit: int = 5000
    least: int | None = None
    emptyable: bool = False
    #: of what it must be the ID
    kind: str | None = None

    def judge(self, raw: Any, at: Place, /) -> Any:
        """Read a raw string or tree; an empty string unsets where that is allowed."""
        if raw != "":
            return self.read(raw, at)
        if not self.emptyable:
            raise refusals.empty_parameter(at.path)
        return ""

    def read(self, raw: Any, at: Place, /) -> Any:
        """Read a value that is not empty."""
        if not isinstance(raw, str):
            raise _no_string(raw, at)
        if self.kind:
            at.references.append(Reference(self.kind, raw, at.path))
        if len(raw) > self.limit:
            raise too_long(raw, self.limit, at.path)
        scalar = scalars.SCALARS.get(self.name, scalars.text)
        value = scalar(raw, at.path)
        if self.least is not None:
            scalars.check_least(value, self.least, at.path)
        return value


@frozen
class Choice(Shape):
    """One of these words."""

    values: tuple[str, ...] = ()

    def read(self, raw: Any, at: Place, /) -> Any:
        """Read a word."""
        if raw not in self.values:
            listed = refusals.one_of(self.values)
            raise at.refusal(f"Invalid {at.path}: must be one of {listed}")
        return raw


@frozen
class Items(Shape):
    """A list, all of one shape."""

    of: Shape = field(factory=Shape)

    def read(self, raw: Any, at: Place, /) -> Any:
        """Read a list from its indexed tree."""
        if not is_json(raw) or not all(map(_is_index, raw)):
            raise at.refusal("Invalid array")
        if len(raw) > self.limit:
            raise at.refusal(f"Array exceeded maximum allowed elements ({self.limit}).")
        indexes = sorted(raw, key=int)
        return [_judged(self.of, raw, index, at) for index in indexes]


def _judged(shape: Shape, raw: Json, name: str, at: Place) -> Any:
    return shape.judge(raw[name], at.inner(name))


def _is_index(name: str) -> bool:
    return bool(re.fullmatch(r"\d{1,9}", name))


@frozen
class Group(Shape):
    """Named parameters; of those in `alone` at most one may be given."""

    fields: Mapping[str, Shape] = MappingProxyType({})
    required: frozenset[str] = frozenset()
    alone: tuple[tuple[str, ...], ...] = ()

    def read(self, raw: Any, at: Place, /) -> Any:
        """Read a group: unknown names first, then missing ones, then each value."""
        if not is_json(raw):
            raise at.refusal("Invalid object")
        self._check_unknown(raw, at)
        self._check_names(raw, at)
        given = [name for name in self.fields if name in raw]
        return {name: _judged(self.fields[name], raw, name, at) for name in given}

    def _check_unknown(self, raw: Json, at: Place) -> None:
        unknown = [name for name in raw if name not in self.fields]
        if unknown:
            paths = [at.inner(name).path for name in unknown]
            raise refusals.unknown_parameters(paths, self._meant(unknown, at))

    def _meant(self, unknown: Sequence[str], at: Place) -> str | None:
        if len(unknown) > 1:
            return None
        near = difflib.get_close_matches(unknown[0], self.fields, 1, 0.66)
        return at.inner(near[0]).path if near else None

    def _check_names(self, raw: Json, at: Place) -> None:
        for name in self.fields:
            if name in self.required and name not in raw:
                raise refusals.missing_parameter(at.inner(name).path)
        for names in self.alone:
            given = [name for name in names if name in raw]
            if len(given) > 1:
                raise refusals.exclusive_parameters(names, at.inner(names[0]).path)


@frozen
class Named(Shape):
    """Any names, all of one shape."""

    of: Shape = field(factory=Shape)

    def read(self, raw: Any, at: Place, /) -> Any:
        """Read what stands under each name."""
        if not is_json(raw):
            raise at.refusal("Invalid object")
        return {name: _judged(self.of, raw, name, at) for name in raw}


# the shapes of trees; all others read texts
_Deep = Group | Items | Named


@frozen
class Either(Shape):
    """A group or a word or a number: the first shape that can read it."""

    shapes: tuple[Shape, ...] = ()

    def read(self, raw: Any, at: Place, /) -> Any:
        """Read by the kind of value: trees by the group, strings by the last that takes them."""
        if is_json(raw):
            return self.closest(raw).judge(raw, at)
        flat = [shape for shape in self.shapes if not isinstance(shape, _Deep)]
        for shape in flat:
            try:
                return shape.judge(raw, at)
            except Refusal:
                if shape is flat[-1]:
                    raise
        raise at.refusal("Invalid object")

    def closest(self, raw: Json) -> Shape:
        """The shape that knows most of these names."""
        deep = [shape for shape in self.shapes if isinstance(shape, _Deep)]

        def unknown(shape: Shape) -> int:
            return len(raw.keys() - _names(shape))

        return min(deep or self.shapes, key=unknown)


def _names(shape: Shape) -> set[str]:
    return {*shape.fields} if isinstance(shape, Group) else set()


@frozen
class Opaque(Shape):
    """Taken as it is: the API document says nothing of it."""

    def read(self, raw: Any, _at: Place, /) -> Any:
        """Take what came."""
        return raw


@frozen
class Metadata(Shape):
    """Up to 50 keys of 40 characters with values of 500 (docs.stripe.com/api/metadata)."""

    def read(self, raw: Any, at: Place, /) -> Any:
        """Read the pairs; an empty value stands for removing its key."""
        if not is_json(raw):
            raise at.refusal("Invalid object")
        if len(raw) > _MOST_KEYS:
            raise at.refusal(f"Metadata can have up to {_MOST_KEYS} keys.")
        for key, value in raw.items():
            inner = at.inner(key)
            if not isinstance(value, str):
                raise _no_string(value, inner)
            _check_length("key", key, _LONGEST_KEY, inner)
            _check_length("value", value, _LONGEST_VALUE, inner)
        return dict(raw)


def _check_length(what: str, text: str, most: int, at: Place) -> None:
    if len(text) > most:
        raise at.refusal(
            f"Metadata {what}s can have up to {most} characters, but you passed in a "
            f"{what} that is {len(text)} characters."
        )


def _no_string(raw: Any, at: Place) -> Refusal:
    text = json.dumps(raw, ensure_ascii=False)
    if len(text) > 80:
        text = f"{text[:77]}..."
    return at.refusal(f"Invalid string: {text}")


def too_long(text: str, most: int, param: str, status: int = 400) -> Refusal:
    """A text of more characters than Stripe takes."""
    shown = f"{text[:4]}...{text[-4:]}; must be at most {most} characters"
    return Refusal(f"Invalid string: {shown}", param=param, status=status)
