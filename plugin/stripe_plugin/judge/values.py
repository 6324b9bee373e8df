"""What may be given at all? Bounded JSON data, of which what is empty is left out."""

import math
import operator
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from types import MappingProxyType
from typing import Any, TypeGuard, cast, get_args, get_origin

import attrs

from stripe_plugin.errors import Fault, Path, Refused, UsageError
from stripe_plugin.secrets import shown

NOTHING: Mapping[str, Any] = MappingProxyType({})

# The bounds of one value, far above what Stripe takes.
LONGEST = 100_000  # characters of a text
DEEPEST = 20  # objects and lists inside of each other
MOST = 1_000_000  # characters of the form that it becomes …
OF_EACH = 50  # … of which every object, list, text and number counts as so many, at least
MOST_DIGITS = 18
TOO_LARGE = f"is too large: a number has at most {MOST_DIGITS} digits"
TOO_DEEP = f"is nested too deeply, in more than {DEEPEST} levels"

BLANKS = " \t\r\n\v\f\u00a0\u200b\ufeff"  # what a paste leaves around a text
UNSENDABLE = re.compile(r"[\x00\ud800-\udfff]")  # NUL and halves of surrogate pairs


class _Mark(Enum):
    CLEAR = "unsets a field at Stripe; in text, `@clear`"
    UNKNOWN = "given, but known only later (a flow's reference)"

    def __repr__(self) -> str:
        return self.name


CLEAR: Any = _Mark.CLEAR
UNKNOWN: Any = _Mark.UNKNOWN


@attrs.frozen(cache_hash=True)
class Parameter:
    """A parameter of Stripe's that has no row: one that may be given beside them."""

    name: str


Label = str | Parameter  # of a row: its display key, or its key in a table inside of a row
Labels = tuple[Label, ...]
Names = Mapping[Any, str]  # by label
Given = Mapping[Any, Any]  # values by label
Object = Mapping[str, Any]
Read = Callable[[Any], Any]


class Partly(Refused):
    """Some of a value cannot be taken: `rest` has UNKNOWN in place of what is refused."""

    def __init__(self, faults: list[Fault], rest: Any) -> None:
        self.rest = rest
        super().__init__(faults)


class Gapped(list[Any]):
    """A list from which something empty was left out; `places`: where the others stood."""

    def __init__(self, items: Iterable[Any], places: Iterable[int]) -> None:
        super().__init__(items)
        self.places = [*places]


BASIC = (str, int, float, list, tuple, type(None))  # of these no abstract class needs to be asked


def is_object(value: Any) -> TypeGuard[Object]:
    """Whether `value` is an object in JSON's sense."""
    if isinstance(value, dict):
        return True
    return not isinstance(value, BASIC) and isinstance(value, Mapping)


def entries(value: Any) -> Iterator[tuple[str, Any]]:
    """What an object that was not judged yet holds, by names; of any other value nothing."""
    if is_object(value):
        for name, item in cast("Mapping[Any, Any]", value).items():
            if name and isinstance(name, str):
                yield name, item


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether `value` is a list in JSON's sense."""
    return isinstance(value, list | tuple)


def is_empty(value: Any) -> bool:
    """Whether a form's value counts as not given; `0` and `False` are values."""
    if value is None:
        return True
    if isinstance(value, str):
        return not value.strip(BLANKS)
    is_sized = is_list(value) or is_object(value)
    return is_sized and not value


def places_of(values: list[Any]) -> Iterable[int]:
    """Where the items of a list stood when a person wrote it, counted from 0."""
    return values.places if isinstance(values, Gapped) else range(len(values))


def as_typed(value: Any, path: Path) -> Path:
    """A path into a value, its positions counted as a person wrote it, with what was empty."""
    typed: list[str | int] = []
    for step in path:
        inner: Any = None
        place = step
        if is_object(value):
            inner = value.get(str(step))
        elif is_list(value) and isinstance(step, int) and step < len(value):
            inner = value[step]
            place = [*places_of(value)][step]
        typed.append(place)
        value = inner
    return tuple(typed)


def without_gaps(items: Iterable[Any], places: Iterable[int]) -> Any:
    """What is not empty of these, in a list; None if nothing is."""
    kept: list[Any] = []
    where: list[int] = []
    for place, item in zip(places, items, strict=True):
        if item is not None:
            kept.append(item)
            where.append(place)
    if not kept:
        return None
    is_whole = where[-1] < len(kept)  # nothing is missing before the last one
    return kept if is_whole else Gapped(kept, where)


def holds_unknown(value: Any) -> bool:
    """Whether something in there is known only later."""
    if value is None or isinstance(value, str | int):
        return False
    if is_list(value):
        return any(map(holds_unknown, value))
    if is_object(value):
        return any(map(holds_unknown, value.values()))
    return value is UNKNOWN


# --- bounds ---------------------------------------------------------------------------------------


def plain(value: Any, _: Given = NOTHING) -> Any:
    """`value` as bounded JSON data, without what is empty in it; None if nothing is left.

    `@clear` is CLEAR at every depth, a time with its zone is unix seconds. Raises `Partly` for
    cycles, NaN, foreign objects and text that cannot be sent, each at its place, and `Refused` for
    what is too deep or too much.
    """
    if isinstance(value, str) or not (is_list(value) or is_object(value)):
        return _scalar(value)
    walk = _Walk()
    copy = walk.into(value, (), 0)
    if walk.faults:
        raise Partly(walk.faults, copy)
    return copy


class _Walk:
    """One walk through a value, which ends where that holds too much."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self._left = MOST

    def into(self, value: Any, path: Path, name: int) -> Any:
        """A copy of `value`, which is at `path`; `name`: characters of its name in a form."""
        if isinstance(value, str):
            name += min(len(value), LONGEST)
            self._take(OF_EACH + name, path)
            return self._read(_scalar, value, path)
        self._take(OF_EACH + name, path)
        if is_list(value):
            return self._list(value, path, name + 3)
        if is_object(value):
            return self._object(value, path, name + 2)
        return self._read(_scalar, value, path)

    def _list(self, value: list[Any], path: Path, name: int) -> Any:
        places = places_of(value)
        copy: list[Any] = []
        for place, item in zip(places, value, strict=True):
            inner = self.into(item, (*path, place), name)
            copy.append(inner)
        return without_gaps(copy, places)

    def _object(self, value: Object, path: Path, name: int) -> Any:
        copy: dict[str, Any] = {}
        for key, item in value.items():
            known = self._read(text, key, path)
            if known is UNKNOWN:
                continue
            length = name + len(known)
            kept = self.into(item, (*path, known), length)
            if kept is not None:
                copy[known] = kept
        return copy or None

    def _read(self, read: Read, value: Any, path: Path) -> Any:
        try:
            return read(value)
        except Refused as error:
            [fault] = error.faults
            for step in reversed(path):
                fault = fault.inside(step_shown(step))
            self.faults.append(fault)
            return UNKNOWN

    def _take(self, characters: int, path: Path) -> None:
        self._left -= characters
        if len(path) > DEEPEST:
            raise Refused(TOO_DEEP, "size")
        if self._left < 0:
            raise Refused(f"holds too much: more than {MOST:,} characters", "size")


def text(value: Any) -> str:
    """`value` if it is text that can be sent."""
    if not isinstance(value, str):
        raise Refused(f"must be text; got {shown(value)}")
    if len(value) > LONGEST:
        wrong = f"must be at most {LONGEST:,} characters long; got {len(value):,}"
        raise Refused(wrong, "max_length")
    if UNSENDABLE.search(value):
        wrong = "holds a character that cannot be sent (NUL or half a surrogate pair)"
        raise Refused(wrong, "characters")
    return str.__str__(value)  # of an enum of texts, the text


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        return _not_blank(text(value))
    if value is None or isinstance(value, bool | _Mark):
        return value
    if isinstance(value, int | float | Decimal):
        return _countable(value)
    if isinstance(value, date):
        return _seconds(value)
    try:
        whole = operator.index(value)  # a whole number of another library
    except TypeError:
        kinds = "text, a number, true or false, an object or a list"
        raise Refused(f"must be {kinds}; got {shown(value)}") from None
    return _countable(whole)


def _not_blank(sendable: str) -> Any:
    trimmed = sendable.strip(BLANKS)
    if trimmed == "@clear":
        return CLEAR
    return sendable if trimmed else None


def _countable(value: Any) -> Any:
    if not _is_finite(value):
        raise Refused(f"must be a finite number; got {shown(value)}")
    if _is_long(value):
        raise Refused(f"{TOO_LARGE}; got {shown(value)}", "size")
    return value


def _is_long(value: Any) -> bool:
    if isinstance(value, Decimal):
        return value.adjusted() >= MOST_DIGITS
    return bool(abs(value) >= 10**MOST_DIGITS)


def _is_finite(value: Any) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite()
    return not isinstance(value, float) or math.isfinite(value)


def step_shown(step: str | int) -> str | int:
    """A step of a path, as far as a key that somebody chose can be shown."""
    return step if isinstance(step, int) else shown(step).strip('"')


def _seconds(value: date) -> int:
    if isinstance(value, datetime) and value.tzinfo:
        return int(value.timestamp())
    lacks = "time zone" if isinstance(value, datetime) else "time and no zone"
    example = "datetime(2031, 1, 31, tzinfo=UTC)"
    raise Refused(f"has no {lacks}, such as {example}; got {value.isoformat()}")


# --- types ----------------------------------------------------------------------------------------


SCALARS = (str, int, bool, Decimal)


def is_object_kind(kind: Any) -> bool:
    """Whether values of a type are objects, as of `dict[str, Any]`."""
    origin: Any = get_origin(kind)
    return origin is dict


def is_list_kind(kind: Any) -> bool:
    """Whether values of a type are lists, as of `list[str]`."""
    origin: Any = get_origin(kind)
    return origin is list


def holds_objects(kind: Any) -> bool:
    """Whether values of a type are objects, or lists of them."""
    return is_object_kind(get_args(kind)[0] if is_list_kind(kind) else kind)


def check_kind(kind: Any) -> None:
    """Refuses what is no type of a row: that is text, int, bool, Decimal, an object or a list."""
    if is_list_kind(kind):
        check_kind(get_args(kind)[0])
    elif kind not in SCALARS and not is_object_kind(kind):
        name = kind.__name__ if isinstance(kind, type) else f"{kind}"
        types = "str, int, bool, Decimal, list[…] or dict[str, Any]"
        raise UsageError(f"{name} is no type of a row; there are {types}")
