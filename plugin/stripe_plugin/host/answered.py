"""What may an answer hold, part by part?

Stripe's document has a `Shape` for each thing. What stands in one part of an answer may be several
of them: an ID or the object, a customer or what is left of one.
"""

import re
from collections.abc import Iterable, Iterator
from functools import cached_property

import attrs

from stripe_plugin.declare import contract
from stripe_plugin.declare.contract import Shape
from stripe_plugin.declare.spec import Spec

STEPS = re.compile(r"(\w+)|\[\d*\]")  # a field by its name, or an item of a list


@attrs.frozen
class Part:
    """A part of an answer, or all of it: what may stand there."""

    shapes: tuple[Shape, ...]

    @cached_property
    def plain(self) -> list[Shape]:
        """What a value may be, each of one type."""
        return [one for shape in self.shapes for one in _plain(shape)]

    @property
    def types(self) -> list[str]:
        """JSON's words, without null; none if it may be anything."""
        types = [one.type for one in self.plain]
        known = [word for word in types if word is not None]
        return [*dict.fromkeys(known)] if len(known) == len(types) else []

    @property
    def nullable(self) -> bool:
        """Whether it can be null."""
        return any(map(_is_nullable, self.shapes))

    @property
    def expands(self) -> bool:
        """Whether it is an ID that can be asked for as the object."""
        return any(shape.expands for shape in self.shapes)

    @property
    def kinds(self) -> set[str]:
        """The kinds of objects that it can be, whole, by their IDs or what is left of them."""
        kinds = {kind for shape in self.shapes for kind in shape.kinds}
        return {kind.removeprefix("deleted_") for kind in kinds}

    @property
    def values(self) -> list[str]:
        """The fixed values that are known."""
        known = [value for one in self.plain for value in one.enum]
        return [*dict.fromkeys(known)]

    @property
    def unit(self) -> str | None:
        """What a number counts."""
        if any(one.is_time for one in self.plain):
            return "unix seconds"
        if any(one.is_money for one in self.plain):
            return "smallest currency unit"
        return None

    @cached_property
    def fields(self) -> "dict[str, Part]":
        """What stands in it, if it is an object of known keys."""
        found: dict[str, list[Shape]] = {}
        for one in self.plain:
            for name, shape in one.fields.items():
                found.setdefault(name, []).append(shape)
        return {name: Part(tuple(shapes)) for name, shapes in found.items()}

    @property
    def whole(self) -> "Part":
        """The same without what is left of a deleted object, where that is not all."""
        each = [one for shape in self.shapes for one in shape.alternatives]
        whole = tuple(one for one in each if not _is_left(one))
        return Part(whole) if whole else self

    @property
    def items(self) -> "Part | None":
        """What stands in each of it, if it is a list."""
        return _together(one.items for one in self.plain)

    @property
    def keyed(self) -> "Part | None":
        """What stands under each key of it, if it is an object of any keys and of nothing else."""
        return None if self.fields else _together(one.values for one in self.plain)

    def always(self, name: str) -> bool:
        """Whether a field is always there."""
        of_each = [one.fields.get(name) for one in self.plain]
        return all(shape is not None and shape.required for shape in of_each)

    def below(self, name: str | None) -> "Part | None":
        """What a field holds; without a name what an entry of a list is."""
        return self.fields.get(name) if name else self.items

    def at(self, path: str) -> "list[Part] | None":
        """The parts that a path leads through, as in `items.data[0].price`; None: nowhere."""
        through: list[Part] = [self]
        for step in STEPS.finditer(path):
            found = through[-1].below(step[1])
            if found is None:
                return None
            through.append(found)
        return through


def answered(spec: Spec) -> Part | None:
    """What an action answers, if Stripe's document knows that."""
    known = contract.operation(spec.method, spec.path)
    if known is None or known.answer is None:
        return None
    return Part((known.answer,))


def _plain(shape: Shape) -> Iterator[Shape]:
    """What it may be, with kinds and alternatives resolved."""
    for one in shape.alternatives:
        whole = contract.shape(one.kind) if one.kind else one
        if whole is shape:
            yield shape
        elif whole is not None:
            yield from _plain(whole)


def _is_left(shape: Shape) -> bool:
    kind = shape.kind or ""
    return kind.startswith("deleted_")


def _is_nullable(shape: Shape) -> bool:
    return shape.nullable or any(one.nullable for one in shape.alternatives)


def _together(shapes: Iterable[Shape | None]) -> Part | None:
    found = tuple(shape for shape in shapes if shape is not None)
    return Part(found) if found else None
