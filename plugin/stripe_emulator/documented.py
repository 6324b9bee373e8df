"""How does what the API document says of a parameter become what judges it?"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Self

from attrs import evolve, frozen

from stripe_emulator import beyond
from stripe_emulator.contract import Operation, Said
from stripe_emulator.judge import Choice, Either, Group, Items, Metadata, Named, Opaque, Shape

_SCALARS = {
    ("integer", "unix-time"): "time",
    ("string", "currency"): "cur",
    ("string", "decimal"): "dec",
    ("integer", None): "int",
    ("number", None): "num",
    ("boolean", None): "bool",
}
_LONGEST = 5_000


@frozen
class Parameter:
    """One parameter: its name, what is said of it, and whether it only chooses what is listed."""

    name: str
    said: Said
    chooses: bool

    def of(self, said: Said) -> Self:
        """The same parameter, of which something else is said."""
        return evolve(self, said=said)


@frozen(eq=False)
class Fields(Mapping[str, Shape]):
    """Parameters side by side; each becomes a shape when it is first asked for."""

    said: Mapping[str, Said]
    choose: bool
    #: those that an empty text unsets, though the document does not say so
    unset: frozenset[str] = frozenset()

    def __getitem__(self, name: str) -> Shape:
        parameter = Parameter(name, self.said[name], self.choose)
        found = shape(parameter)
        return evolve(found, emptyable=True) if name in self.unset else found

    def __iter__(self) -> Iterator[str]:
        return iter(self.said)

    def __len__(self) -> int:
        return len(self.said)

    def __contains__(self, name: object) -> bool:
        return name in self.said


def group(operation: Operation, needed: str, unset: str, *, choose: bool) -> Group:
    """Everything that an endpoint takes; what is needed or unset beyond the document by names."""
    fields = Fields(operation.parameters, choose, frozenset(unset.split()))
    return _group(fields, operation.required | {*needed.split()})


def _group(fields: Fields, required: frozenset[str]) -> Group:
    names = fields.said.keys()
    alone = tuple(pair for pair in beyond.ALONE if names >= {*pair})
    return Group("group", fields=fields, required=required, alone=alone)


@cache
def shape(parameter: Parameter) -> Shape:
    """What judges a parameter."""
    found = _bare(parameter)
    clearable = parameter.said.facts.get("clearable")
    return evolve(found, emptyable=True) if clearable else found


def _bare(parameter: Parameter) -> Shape:
    said = parameter.said
    if "any" in said.facts:
        shapes = [shape(parameter.of(each)) for each in said.alternatives]
        return Either("either", shapes=tuple(shapes))
    if "enum" in said.facts:
        return Choice("word", values=tuple(said.facts["enum"]))
    build = _BUILD.get(said.type, _scalar)
    return build(parameter)


def _list(parameter: Parameter) -> Shape:
    each = parameter.said.inner("items")
    of = shape(parameter.of(each)) if each else Opaque("any")
    most = beyond.MOST.get(parameter.name, _LONGEST)
    return Items("list", of=of, limit=most)


def _object(parameter: Parameter) -> Shape:
    said = parameter.said
    each = said.inner("values")
    if each is None:
        fields = Fields(said.fields, parameter.chooses)
        return _group(fields, frozenset(said.required))
    if each.type == "string":
        return Metadata("map")
    return Named("named", of=shape(parameter.of(each)))


def _scalar(parameter: Parameter) -> Shape:
    said, name = parameter.said, parameter.name
    written = (said.type, said.facts.get("format"))
    scalar = _SCALARS.get(written, "str")
    limit = said.facts.get("max_length", _LONGEST)
    kind = beyond.KINDS.get(name) if scalar == "str" else None
    if parameter.chooses:
        return Shape(scalar, limit=limit, kind=kind)
    if scalar == "str":
        scalar = beyond.TEXTS.get(name, scalar)
    least = beyond.LEAST.get(name)
    return Shape(scalar, limit=limit, kind=kind, least=least)


_BUILD = {"array": _list, "object": _object}
