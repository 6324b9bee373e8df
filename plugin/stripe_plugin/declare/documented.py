"""What does Stripe's API document say of one place in the parameters, and of a value there?

It is one witness, of one version: what it knows is judged by it, what it does not know is doubtful.
"""

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any

import attrs

from stripe_plugin.errors import MOST_LISTED, Fault, Refused, near
from stripe_plugin.judge.reading import each, structured, typed, whole_number
from stripe_plugin.judge.rules import inside, newer, valueless
from stripe_plugin.judge.values import (
    CLEAR,
    UNKNOWN,
    Object,
    entries,
    is_list,
    is_object,
    places_of,
)
from stripe_plugin.secrets import shown

if TYPE_CHECKING:
    from stripe_plugin.declare.contract import Operation, Shape, Shapes

TIME = "1893456000 for 2030-01-01, in unix seconds"
MOST_HINTS = 20  # of one value
SCALARS = (str, bool, int, float, Decimal)

KINDS: dict[str | None, Any] = {
    "string": str,
    "integer": int,
    "number": Decimal,
    "boolean": bool,
    "object": dict[str, Any],
    "array": list[Any],
    # Formats.
    "decimal": Decimal,
    "currency": str,
    "binary": str,
}


@attrs.frozen
class Documented:
    """A place among the parameters of an endpoint: names from the outside in.

    An object in a list has the list's place. The document is read when something is first asked.
    """

    method: str
    path: str
    steps: tuple[str, ...] = ()

    def into(self, key: str) -> "Documented":
        """The place of a key of what stands here; `a[b][0][c]` is three steps."""
        first, *inner = re.findall(r"[^\[\]]+", key) or [key]
        names = [step for step in inner if not step.isdecimal()]
        steps = (*self.steps, first, *names)
        return attrs.evolve(self, steps=steps)

    @property
    def is_known(self) -> bool:
        """Whether the document has the endpoint."""
        return self.operation is not None

    @cached_property
    def operation(self) -> "Operation | None":
        """The endpoint in the document; None if that has it not."""
        from stripe_plugin.declare import contract

        return contract.operation(self.method, self.path)

    @cached_property
    def beside(self) -> "Shapes":
        """What may stand beside it, and itself."""
        nothing: dict[str, Shape] = {}
        known = self.operation.parameters if self.operation else nothing
        for step in self.steps[:-1]:
            known = known[step].keys if step in known else nothing
        return known

    @property
    def shape(self) -> "Shape | None":
        """What may stand here; None if the document does not know the place."""
        if not self.steps:
            return None
        return self.beside.get(self.steps[-1])

    @property
    def values(self) -> tuple[str, ...]:
        """The fixed values of what stands here, or of each in a list; none: any."""
        shape = self.shape
        inner = shape and (shape.items or shape)
        return inner.enum if inner else ()

    def judge(self, value: Any) -> Any:
        """A value of this place, clean; `Refused` if the document knows the place, and better.

        The value is plain data; None if nothing is left of it.
        """
        return _Reading().read(self.shape, value)

    def doubts(self, value: Any) -> Iterator[Fault]:
        """What the document does not know of a value that was judged."""
        shape = self.shape
        if shape is not None:
            yield from _doubts(shape, value)
        yield from self.unknown

    @property
    def unknown(self) -> Iterator[Fault]:
        """That the document does not know the place, though it has the endpoint."""
        if self.shape is None and self.is_known:
            yield _unknown(self._meant)

    def unsent(self, value: Any) -> Iterator[Fault]:
        """Keys of one's own without a value, where the document takes any with texts."""
        if self.shape is None:
            return
        read = structured(value)
        if any(map(_takes_texts, self.shape.alternatives)):
            yield from valueless(read)
        elif is_object(read):
            for key, item in entries(read):
                yield from inside(key, self.into(key).unsent(item))
        elif is_list(read):
            for place, item in enumerate(read):
                yield from inside(place, self.unsent(item) if is_object(item) else ())

    @property
    def _meant(self) -> str:
        """Where somebody may have meant to put what is unknown here; else a name that is near."""
        last = self.steps[-1]
        if self.operation and self.steps == (last,):
            for place in self.operation.find(last):
                return f" (it is {' › '.join(place)})"
        return near(last, self.beside)


def _unknown(hint: str) -> Fault:
    from stripe_plugin.declare import contract

    text = f"is not in Stripe's API document of {contract.version()}{hint}; it is sent all the same"
    return Fault(text, "undocumented")


class _Reading:
    """One reading of a value by what the document says of it."""

    def __init__(self) -> None:
        self._hints = count(1)

    def read(self, shape: "Shape | None", value: Any) -> Any:
        """The value, clean; the first alternative that takes it counts."""
        if value is UNKNOWN or value is CLEAR or shape is None:
            return value
        refusals: list[Refused] = []
        for alternative in shape.alternatives:
            try:
                return self._read_one(alternative, value)
            except Refused as error:
                refusals.append(error)
        raise _one_of(refusals)

    def _read_one(self, shape: "Shape", value: Any) -> Any:
        if shape.is_time:
            return whole_number(value, TIME)
        clean = typed(value, KINDS[shape.format or shape.type])
        if is_object(clean):
            return self._read_object(shape, clean)
        if is_list(clean):
            return self._read_list(shape, clean)
        if isinstance(clean, str):
            self._check_text(shape, clean)
        return clean

    def _read_object(self, shape: "Shape", given: Object) -> Any:
        clean: dict[str, Any] = {}
        faults: list[Fault] = []
        for key, value in given.items():
            try:
                clean[key] = self._read_key(shape, key, value)
            except Refused as error:
                faults += inside(key, error.faults)
        clean = {key: kept for key, kept in clean.items() if kept is not None}
        if clean:  # else it is empty itself, and asks for nothing
            faults += _missing(shape, given)
        if faults:
            raise Refused(faults)
        return clean or None

    def _read_key(self, shape: "Shape", key: str, value: Any) -> Any:
        if key in shape.fields:
            return self.read(shape.fields[key], value)
        free = shape.values
        # Keys of one's own take what can be written as text, and keep it, as Metadata does.
        if free is not None and _takes_texts(shape) and isinstance(value, SCALARS):
            self._check_text(free, str(value))
            return value
        return self.read(free, value)

    def _read_list(self, shape: "Shape", given: list[Any]) -> Any:
        def read(value: Any, _: object) -> Any:
            return self.read(shape.items, value)

        return each(given, (read,))

    def _check_text(self, shape: "Shape", text: str) -> None:
        if shape.enum and not shape.is_open and text not in shape.enum:
            words = f"must be {self._named(text, shape.enum)}"
            raise Refused(f"{words}; got {shown(text)}", "one_of")
        if shape.max_length and len(text) > shape.max_length:
            most = f"{shape.max_length:,}"
            raise Refused(f"must be at most {most} characters long", "max_length")

    def _named(self, text: str, values: tuple[str, ...]) -> str:
        if len(values) <= MOST_LISTED:
            names = ", ".join(values)
            return f"one of {names}" if len(values) > 1 else names
        hint = near(text, values) if next(self._hints) <= MOST_HINTS else ""
        return f"one of the {len(values)} values that Stripe documents{hint}"


def _takes_texts(shape: "Shape") -> bool:
    """Whether an object may have keys of one's own, each with a text."""
    return shape.values is not None and shape.values.type == "string"


def _missing(shape: "Shape", given: Object) -> Iterator[Fault]:
    for key, inner in shape.fields.items():
        if inner.required and key not in given:
            yield Fault("is required", "required").inside(key)


def _one_of(refusals: list[Refused]) -> Refused:
    """The refusal that is furthest inside; of several at the value itself, all in one."""
    furthest = max(refusals, key=_depth)
    if len(refusals) == 1 or _depth(furthest):
        return furthest
    wanted: list[str] = []
    got = ""
    for error in refusals:
        sentence, _, got = str(error).partition("; got ")
        wanted.append(sentence.removeprefix("must be "))
    return Refused(f"must be {' or '.join(wanted)}; got {got}")


def _depth(refusal: Refused) -> int:
    return max(len(fault.path) for fault in refusal.faults)


# --- what looks wrong, but may be right -----------------------------------------------------------


def _doubts(shape: "Shape", value: Any) -> Iterator[Fault]:
    fitting = _fitting(shape, value)
    if is_object(value):
        for key, item in value.items():
            yield from inside(key, _doubts_of_key(fitting, key, item))
    elif is_list(value) and fitting.items is not None:
        for place, item in zip(places_of(value), value, strict=True):
            yield from inside(place, _doubts(fitting.items, item))
    elif isinstance(value, str) and fitting.is_open and value not in fitting.enum:
        yield newer(value, fitting.enum)


def _doubts_of_key(shape: "Shape", key: str, value: Any) -> Iterator[Fault]:
    inner = shape.fields.get(key, shape.values)
    if inner is not None:
        yield from _doubts(inner, value)
    elif shape.fields:
        yield _unknown(near(key, shape.fields))


def _fitting(shape: "Shape", value: Any) -> "Shape":
    """The alternative that takes a value which was judged."""
    if len(shape.alternatives) == 1:
        return shape.alternatives[0]
    for alternative in shape.alternatives:
        try:
            _Reading().read(alternative, value)
        except Refused:
            continue
        return alternative
    return shape
