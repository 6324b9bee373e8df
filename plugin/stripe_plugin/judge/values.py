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

import cattrs

from stripe_plugin.errors import Refused, UsageError
from stripe_plugin.secrets import shown

Given = Mapping[str, Any]


NOTHING: Mapping[str, Any] = MappingProxyType({})


MOST_VALUES, DEEPEST, LONGEST = 20_000, 20, 100_000  # of one value, far above what Stripe takes


UNSENDABLE = re.compile(r"[\x00\ud800-\udfff]")  # NUL and halves of surrogate pairs


_NESTED: Any = (list, dict)


ID = r"(?!\.{1,2}$)[^\x00-\x20\x7f\ud800-\udfff]{1,5000}"


class _Mark(Enum):
    CLEAR = "unsets a field at Stripe; in text, `@clear`"
    UNKNOWN = "given, but known only later (a flow's reference)"

    def __repr__(self) -> str:
        return self.name


CLEAR: Any = _Mark.CLEAR


UNKNOWN: Any = _Mark.UNKNOWN


def is_object(value: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether `value` is an object in JSON's sense."""
    return isinstance(value, Mapping)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether `value` is a list in JSON's sense."""
    return isinstance(value, list | tuple)


def plain(value: Any) -> Any:
    """`value` as bounded JSON data; `Refused` for cycles, NaN, foreign objects, unsendable text."""
    left = [MOST_VALUES]

    def walk(value: Any, depth: int) -> Any:
        size = len(value) if is_object(value) or is_list(value) else 0
        left[0] -= min(len(value), LONGEST) // 50 if isinstance(value, str) else size
        if depth > DEEPEST or left[0] < 0:
            raise Refused("is nested too deeply or holds too much")
        if is_object(value):
            keyed = ((walk(key, depth + 1), item) for key, item in value.items())
            return {_text(key): walk(item, depth + 1) for key, item in keyed}
        if is_list(value):
            return [walk(item, depth + 1) for item in value]
        return _text(value) if isinstance(value, str) else _scalar(value)

    return walk(value, 0)


def _scalar(value: Any) -> Any:
    if value is None or isinstance(value, bool | _Mark):
        return value
    if isinstance(value, int | float) and -(10**18) < value < 10**18:
        return value
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < 18:
        return value
    if isinstance(value, datetime) and value.tzinfo:
        return int(value.timestamp())
    raise Refused(f"must be text, a number, true or false, an object or a list; got {shown(value)}")


def _text(value: Any, _: Any = str) -> str:
    if not isinstance(value, str):
        raise Refused(f"must be text; got {shown(value)}")
    if len(value) > LONGEST:
        raise Refused(f"must be at most {LONGEST:,} characters long; got {len(value):,}")
    if UNSENDABLE.search(value):
        raise Refused("holds a character that cannot be sent (NUL or half a surrogate pair)")
    return str.__str__(value)  # of an enum of texts, the text


def _whole(value: Any, _: Any = int) -> int:
    # 15.00 is refused: it means 1500 cents to some, and 15 to others.
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if not re.fullmatch(r"\s*[+-]?[0-9]{1,18}\s*", text):
        raise Refused(f"must be a whole number, such as 10; got {shown(value)}")
    return int(value)


def _number(value: Any, _: Any = Decimal) -> Decimal:
    text = str(value).strip()
    if isinstance(value, bool) or not re.fullmatch(r"[+-]?[0-9]{1,18}(\.[0-9]{1,12})?", text):
        raise Refused(f"must be a number, such as 12.5; got {shown(value)}")
    return Decimal(text)


def _flag(value: Any, _: Any = bool) -> bool:
    text = str(value).strip().lower() if isinstance(value, str | bool) else ""
    if text not in ("true", "false"):
        raise Refused(f"must be true or false; got {shown(value)}")
    return text == "true"


def _json(value: Any, kind: type, words: str) -> Any:
    try:
        read = plain(json.loads(value)) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        raise Refused(f"must be {words}; got text that is not JSON: {shown(value)}") from None
    if not isinstance(read, kind):
        raise Refused(f"must be {words}; got {shown(value)}")
    return read


def _nested(value: Any, wanted: Any) -> Any:
    if get_origin(wanted) is dict:
        return _json(value, dict, 'an object, such as {"key": "value"}')
    read = partial(_converter.structure, cl=get_args(wanted)[0])
    return _gather(_json(value, list, 'a list, such as ["value"]'), read)


def _gather(values: list[Any], read: Callable[[Any], Any]) -> list[Any]:
    """`read` of each value; every refusal at once, each under its item's number."""
    clean: list[Any] = []
    refused: list[tuple[str, str]] = []
    for number, value in enumerate(values, 1):
        try:
            clean.append(value if value is UNKNOWN else read(value))
        except Refused as error:
            refused += [(f" › {number}{path}", wrong) for path, wrong in error.problems]
    if refused:
        raise Refused(refused)
    return clean


# cattrs' own hooks guess ("false" reads as True); these read exactly or refuse.
_converter = cattrs.Converter(detailed_validation=False)


for _kind, _hook in ((str, _text), (int, _whole), (bool, _flag), (Decimal, _number)):
    _converter.register_structure_hook(_kind, _hook)


_converter.register_structure_hook_func(lambda kind: get_origin(kind) in _NESTED, _nested)


def type_schema(kind: Any) -> dict[str, Any]:
    """The JSON Schema of a type that rows can have."""
    if get_origin(kind) is list:
        return {"type": "array", "items": type_schema(get_args(kind)[0])}
    names: dict[Any, str] = {str: "string", int: "integer", bool: "boolean", Decimal: "number"}
    if kind not in names and get_origin(kind) is not dict:
        raise UsageError(f"{kind} is no type of a row: text, int, bool, Decimal, list or dict")
    return {"type": names.get(kind, "object")}


def is_empty(value: Any) -> bool:
    """Whether a form's value counts as not given; `0` and `False` are values."""
    return value is None or (isinstance(value, str | list | tuple | Mapping) and not value)
