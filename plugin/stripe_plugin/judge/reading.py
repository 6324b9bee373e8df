"""How does text or JSON become a value of a row's type, exactly?

By steps: each takes what the one before has left of the value, and what is given beside it.
"""

import json
import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import Any, get_args

from stripe_plugin.errors import Fault, Refused
from stripe_plugin.judge.values import (
    BLANKS,
    CLEAR,
    LONGEST,
    MOST_DIGITS,
    NOTHING,
    TOO_DEEP,
    TOO_LARGE,
    UNKNOWN,
    Given,
    Partly,
    is_list,
    is_list_kind,
    is_object,
    is_object_kind,
    places_of,
    plain,
    without_gaps,
)
from stripe_plugin.secrets import shown

Step = Callable[[Any, Given], Any]
Steps = tuple[Step, ...]

WHOLE = re.compile(r"-?(?:0|[1-9][0-9]{0,17})")
ALMOST_WHOLE = re.compile(r"[+]?(-?)0*([0-9]{1,18})")
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,12})?")
LONG_WHOLE = re.compile(r"[+-]?[0-9]{19,}")
LONG_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")  # as NUMBER, but for its length
TOO_LONG = f"has too many digits: at most {MOST_DIGITS}, and 12 behind the point"


def in_turn(steps: Steps, value: Any, given: Given) -> tuple[Any, list[Fault]]:
    """What the steps make of a value, and everything that is wrong with it."""
    faults: list[Fault] = []
    for step in steps:
        if value is None or value is CLEAR or value is UNKNOWN:
            break
        try:
            value = step(value, given)
        except Refused as error:
            faults += error.faults
            value = error.rest if isinstance(error, Partly) else UNKNOWN
    return value, faults


def each(values: list[Any], steps: Steps, given: Given = NOTHING) -> Any:
    """Every item by these steps, every refusal at its place; None if nothing is left."""
    clean: list[Any] = []
    faults: list[Fault] = []
    places = places_of(values)
    for place, value in zip(places, values, strict=True):
        item, found = in_turn(steps, value, given)
        if item is CLEAR:
            found.append(Fault("cannot be unset alone; leave it out of the list", "clear"))
        clean.append(item)
        faults += [fault.inside(place) for fault in found]
    kept = without_gaps(clean, places)
    if faults:
        raise Partly(faults, kept)
    return kept


# --- by type --------------------------------------------------------------------------------------


def reading(kind: Any, example: Any = None) -> Steps:
    """The steps that read a value of this type, or refuse it with such an example."""
    if kind is Any:
        return ()
    if is_list_kind(kind):
        return _reading_list(kind, example)
    if is_object_kind(kind):
        expected = f"an object, such as {_such(example, {'key': 'value'})}"
        return (_shaped(is_object, expected),)
    if kind is int:
        return (_step(whole_number, _such(example, 10)),)
    if kind is Decimal:
        return (_step(_number, _such(example, 12.5)),)
    return (_step(_flag if kind is bool else line),)


_usual = cache(reading)  # by type alone


def typed(value: Any, kind: Any) -> Any:
    """Plain data in this type, read exactly; None if it is empty. `Refused` with the reasons."""
    clean, faults = in_turn(_usual(kind), value, NOTHING)
    if faults:
        raise Partly(faults, clean)
    return clean


def _reading_list(kind: Any, example: Any) -> Steps:
    [item] = get_args(kind)
    usual = {"key": "value"} if is_object_kind(item) else "value"
    expected = f"a list, such as {_such(example, [usual])}"
    steps = reading(item, example[0] if example else None)

    def read_items(value: Any, given: Given) -> Any:
        return each(value, steps, given)

    return _shaped(is_list, expected), read_items


def _such(example: Any, usual: Any) -> str:
    shown_one = usual if example is None else example
    return json.dumps(shown_one, ensure_ascii=False, default=str)


def _step(read: Callable[..., Any], *more: Any) -> Step:
    def step(value: Any, _: Given) -> Any:
        return read(value, *more)

    return step


def _shaped(holds: Callable[[Any], bool], expected: str) -> Step:
    """Takes an object or a list, or the text of one in JSON."""

    def step(value: Any, _: Given) -> Any:
        is_text = isinstance(value, str)
        read = _parsed(value, expected) if is_text else value
        if not holds(read):
            raise Refused(f"must be {expected}; got {shown(value)}")
        return plain(read) if is_text else read

    return step


def _parsed(value: str, expected: str) -> Any:
    try:
        return parsed(value)
    except RecursionError:
        raise Refused(TOO_DEEP, "size") from None
    except Refused:
        raise
    except ValueError:
        wrong = f"must be {expected}; got text that is not JSON: {shown(value)}"
        raise Refused(wrong) from None


def parsed(value: str) -> Any:
    """What a text says in JSON, exactly. Raises `ValueError`; `Refused` for a key that is twice."""
    return json.loads(value, parse_int=exact, parse_float=exact, object_pairs_hook=once_each)


def structured(value: Any) -> Any:
    """The object or list that a text says in JSON; whatever else it is, as it is."""
    if not isinstance(value, str) or len(value) > LONGEST:
        return value
    try:
        return parsed(value)
    except (ValueError, RecursionError):  # it is refused elsewhere
        return value


def exact(digits: str) -> Any:
    """A number of JSON; one that a float cannot hold keeps its digits."""
    number = Decimal(digits)
    if number.adjusted() >= MOST_DIGITS:
        return number
    if WHOLE.fullmatch(digits):
        return int(digits)
    held = float(digits)
    return held if Decimal(repr(held)) == number else number


def once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON. Of a key that stands twice, the second value would quietly win."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise Refused(f"has the key {shown(key)} twice")
        found[key] = value
    return found


def line(value: Any) -> str:
    """Text as it is sent: one line without the blanks around it, several lines as they are."""
    if not isinstance(value, str):
        raise Refused(f"must be text; got {shown(value)}")
    trimmed = value.strip(BLANKS)
    return value if "\n" in trimmed else trimmed


def is_written_whole(value: Any) -> bool:
    """Whether a number is whole and written so: 15.00 means 15 to some, and 1500 to others."""
    if isinstance(value, Decimal):
        exponent = value.as_tuple().exponent
        return isinstance(exponent, int) and exponent >= 0
    return isinstance(value, int) and not isinstance(value, bool)


def whole_number(value: Any, such_as: str = "10") -> int:
    """A whole number, or the text of one."""
    if is_written_whole(value):
        return int(value)
    digits = value.strip(BLANKS) if isinstance(value, str) else ""
    if WHOLE.fullmatch(digits):
        return int(digits)
    almost = ALMOST_WHOLE.fullmatch(digits)
    if almost:
        better = almost[1] + almost[2]
        wrong = f"must be written without + or leading zeros, as {better}; got {shown(value)}"
        raise Refused(wrong)
    if LONG_WHOLE.fullmatch(digits):
        raise Refused(f"{TOO_LARGE}; got {shown(value)}", "size")
    raise Refused(f"must be a whole number, such as {such_as}; got {shown(value)}")


def _number(value: Any, such_as: str) -> Decimal:
    is_number = isinstance(value, str | int | float | Decimal) and not isinstance(value, bool)
    digits = str(value).strip(BLANKS) if is_number else ""
    if NUMBER.fullmatch(digits):
        return Decimal(digits)
    if LONG_NUMBER.fullmatch(digits):
        raise Refused(f"{TOO_LONG}; got {shown(value)}", "size")
    raise Refused(f"must be a number, such as {such_as}; got {shown(value)}")


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = value.strip(BLANKS).lower() if isinstance(value, str) else ""
    if word not in ("true", "false"):
        raise Refused(f"must be true or false; got {shown(value)}")
    return word == "true"
