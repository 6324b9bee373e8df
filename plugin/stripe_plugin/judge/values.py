"""How does text or JSON become a typed value, exactly and within bounds?"""

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import partial
from types import MappingProxyType
from typing import Any, TypeGuard, get_args, get_origin

import attrs
import cattrs

from stripe_plugin.errors import Fault, Refused, UsageError
from stripe_plugin.secrets import shown

NOTHING: Mapping[str, Any] = MappingProxyType({})

# The bounds of one value, far above what Stripe takes.
LONGEST = 100_000  # characters of a text
DEEPEST = 20  # objects and lists inside of each other
MOST = 1_000_000  # characters of the form that it becomes …
OF_EACH = 50  # … of which every object, list, text and number counts as so many, at least

EMPTY_OBJECT = re.compile(r"\s*\{\s*\}\s*")
EMPTY_LIST = re.compile(r"\s*\[\s*\]\s*")
UNSENDABLE = re.compile(r"[\x00\ud800-\udfff]")  # NUL and halves of surrogate pairs


class _Mark(Enum):
    CLEAR = "unsets a field at Stripe; in text, `@clear`"
    UNKNOWN = "given, but known only later (a flow's reference)"

    def __repr__(self) -> str:
        return self.name


CLEAR: Any = _Mark.CLEAR
UNKNOWN: Any = _Mark.UNKNOWN


@attrs.frozen
class Parameter:
    """A parameter of Stripe's that has no row: one that may be given beside them."""

    name: str


Label = str | Parameter  # of a row: its display key, or its key in a table inside of a row
Labels = tuple[Label, ...]
Names = Mapping[Any, str]  # by label
Given = Mapping[Any, Any]  # values by label
Object = Mapping[str, Any]
Read = Callable[[Any], Any]


def is_object(value: Any) -> TypeGuard[Object]:
    """Whether `value` is an object in JSON's sense."""
    return isinstance(value, Mapping)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether `value` is a list in JSON's sense."""
    return isinstance(value, list | tuple)


def is_empty(value: Any) -> bool:
    """Whether a form's value counts as not given; `0` and `False` are values."""
    is_sized = isinstance(value, str | list | tuple | Mapping)
    return value is None or (is_sized and not value)


def is_given(value: Any, kind: Any) -> bool:
    """Whether a value is given, also as text: that of an empty object or list is not."""
    blank = EMPTY_OBJECT if is_object_kind(kind) else EMPTY_LIST if is_list_kind(kind) else None
    is_blank = blank and isinstance(value, str) and blank.fullmatch(value)
    return not is_blank and not is_empty(value)


def holds_unknown(value: Any) -> bool:
    """Whether something in there is known only later."""
    if is_list(value):
        return any(map(holds_unknown, value))
    if is_object(value):
        return any(map(holds_unknown, value.values()))
    return value is UNKNOWN


# --- bounds ---------------------------------------------------------------------------------------


def plain(value: Any) -> Any:
    """`value` as bounded JSON data; `Refused` for cycles, NaN, foreign objects, unsendable text."""
    return _Walk().into(value, 0, 0)


class _Walk:
    """One walk through a value, which ends where that holds too much."""

    def __init__(self) -> None:
        self._left = MOST

    def into(self, value: Any, depth: int, name: int) -> Any:
        """A copy of `value`, `depth` levels down; `name`: characters of its name in a form."""
        self._take(OF_EACH + name, depth)
        if isinstance(value, str):
            self._take(min(len(value), LONGEST), depth)
            return text(value)
        if is_list(value):
            return [self.into(item, depth + 1, name + 3) for item in value]
        if is_object(value):
            return self._object(value, depth + 1, name + 2)
        return _scalar(value)

    def _object(self, value: Object, depth: int, name: int) -> Any:
        copy: dict[str, Any] = {}
        for key, item in value.items():
            known = text(key)
            length = name + len(known)
            copy[known] = self.into(item, depth, length)
        return copy

    def _take(self, characters: int, depth: int) -> None:
        self._left -= characters
        if depth > DEEPEST or self._left < 0:
            raise Refused("is nested too deeply or holds too much", "size")


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, bool | _Mark):
        return value
    if isinstance(value, int | float) and abs(value) < 10**18:
        return value
    if isinstance(value, Decimal) and value.is_finite():
        if value.adjusted() < 18:
            return value
    elif isinstance(value, datetime) and value.tzinfo:
        return int(value.timestamp())
    raise Refused(f"must be text, a number, true or false, an object or a list; got {shown(value)}")


# --- types ----------------------------------------------------------------------------------------


WHOLE = re.compile(r"\s*[+-]?[0-9]{1,18}\s*")
NUMBER = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,12})?")
OBJECT = 'an object, such as {"key": "value"}'
LIST = 'a list, such as ["value"]'
OBJECTS = 'a list, such as [{"key": "value"}]'


def text(value: Any, _: Any = str) -> str:
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


def _whole(value: Any, _: Any = int) -> int:
    # 15.00 is refused: it means 1500 cents to some, and 15 to others.
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    if isinstance(value, str):
        is_whole = WHOLE.fullmatch(value) is not None
    if not is_whole:
        raise Refused(f"must be a whole number, such as 10; got {shown(value)}")
    return int(value)


def _number(value: Any, _: Any = Decimal) -> Decimal:
    digits = str(value).strip()
    if isinstance(value, bool) or not NUMBER.fullmatch(digits):
        raise Refused(f"must be a number, such as 12.5; got {shown(value)}")
    return Decimal(digits)


def _flag(value: Any, _: Any = bool) -> bool:
    if isinstance(value, bool):
        return value
    word = value.strip().lower() if isinstance(value, str) else ""
    if word not in ("true", "false"):
        raise Refused(f"must be true or false; got {shown(value)}")
    return word == "true"


def _object(value: Any, _: Any = dict) -> Any:
    read = _json(value, OBJECT)
    if is_object(read):
        return read
    raise Refused(f"must be {OBJECT}; got {shown(value)}")


def _list(value: Any, kind: Any) -> list[Any]:
    [item] = get_args(kind)
    words = OBJECTS if is_object_kind(item) else LIST
    read = _json(value, words)
    if not is_list(read):
        raise Refused(f"must be {words}; got {shown(value)}")
    return each(read, partial(_converter.structure, cl=item))


def _json(value: Any, words: str) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return plain(json.loads(value))
    except (ValueError, RecursionError):
        raise Refused(f"must be {words}; got text that is not JSON: {shown(value)}") from None


def each(values: list[Any], read: Read) -> list[Any]:
    """`read` of each value; every refusal at once, each at its place."""
    clean: list[Any] = []
    faults: list[Fault] = []
    for position, value in enumerate(values):
        try:
            clean.append(value if value is UNKNOWN else read(value))
        except Refused as error:
            faults += [fault.inside(position) for fault in error.faults]
    if faults:
        raise Refused(faults)
    return clean


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


# cattrs' own hooks guess ("false" reads as True); these read exactly or refuse.
_converter = cattrs.Converter(detailed_validation=False)
_converter.register_structure_hook(str, text)
_converter.register_structure_hook(int, _whole)
_converter.register_structure_hook(bool, _flag)
_converter.register_structure_hook(Decimal, _number)
_converter.register_structure_hook_func(is_object_kind, _object)
_converter.register_structure_hook_func(is_list_kind, _list)


def typed(value: Any, kind: Any) -> Any:
    """`value` in the type of a row, read exactly; `Refused` with the reason otherwise."""
    return _converter.structure(plain(value), kind)


def check_kind(kind: Any) -> None:
    """Refuses what is no type of a row: that is text, int, bool, Decimal, an object or a list."""
    if is_list_kind(kind):
        check_kind(get_args(kind)[0])
    elif kind not in SCALARS and not is_object_kind(kind):
        raise UsageError(f"{kind} is no type of a row: text, int, bool, Decimal, list or dict")
