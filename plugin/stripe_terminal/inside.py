"""Where inside of an input, or of a parameter, does what was typed belong?"""

import json
import re
import shlex
from collections.abc import Collection, Mapping
from typing import Any

from stripe_plugin.errors import UsageError
from stripe_plugin.secrets import shown

Object = dict[str, Any]
Place = dict[Any, Any]  # by keys and positions
DEEPEST = 20  # steps of a parameter's name
DIGITS = re.compile(r"[0-9]{1,6}")
ARROW = "›"
BETWEEN = re.compile(r"\s*(?:->|[.:/>→»])\s*")  # what else people put between two keys
FORMS = f'KEY {ARROW} SUB=VALUE, KEY[sub]=VALUE, or KEY={{"sub": "VALUE"}}'
GAP = (
    f"{{key}} has items with a gap: they are counted from 1 in '{{key}} {ARROW} 1=…', and from 0 in"
    " '{key}[0]=…'. Of keys that are numbers write '{key}={{\"1\": \"…\"}}'"
)


def placed(typed: Mapping[str, str], words: Collection[str]) -> Object:
    """Inputs as they were typed, what is inside of one at its place in it; text stays text.

    `words`: the display keys and names of the action.
    """
    whole: Object = {}
    for key, value in typed.items():
        steps = [key] if key in words else _steps(key, value, words)
        put(whole, steps, value, key)
    return {key: _with_items(key, value) for key, value in whole.items()}


def _steps(key: str, value: str, words: Collection[str]) -> list[Any]:
    """`Items › 1 › Price` or `Items[0][price]` as its steps, in which positions are numbers."""
    wrong = f"{shown(key)} is no input: write {FORMS}"
    if ARROW in key:
        steps = [step.strip() for step in key.split(ARROW)]
        if not all(steps) or len(steps) > DEEPEST:
            raise UsageError(wrong)
        return _positions(steps, first=1)
    if "[" in key:
        return _positions(steps_of(key, wrong), first=0)
    root, *below = BETWEEN.split(key)
    if below and root in words:
        raise UsageError(_written(key, root, below, value))
    return [key]


def _positions(steps: list[str], first: int) -> list[Any]:
    """The steps; those inside of an input that count items are positions from 0 on."""
    root, *below = steps
    counted = [int(step) - first if DIGITS.fullmatch(step) else step for step in below]
    return [root, *counted]


def _written(key: str, root: str, below: list[str], value: str) -> str:
    """How to write what is inside of an input."""
    inside: Any = value
    for step in reversed(below):
        inside = {step: inside}
    arrow = f" {ARROW} ".join([root, *below])
    as_json = json.dumps(inside, ensure_ascii=False)
    ways = [shlex.quote(f"{arrow}={value}"), shlex.quote(f"{root}={as_json}")]
    return f"{key} is no input: write {' or '.join(ways)}"


def _with_items(key: str, value: Any) -> Any:
    """An object whose keys are positions is a list."""
    from stripe_plugin.judge.values import is_object

    if not is_object(value):
        return value
    items: Place = {step: _with_items(key, item) for step, item in value.items()}
    if not any(isinstance(step, int) for step in items):
        return items
    if items.keys() != {*range(len(items))}:
        raise UsageError(GAP.format(key=key))
    return [items[position] for position in range(len(items))]


def put(whole: Place, steps: list[Any], value: Any, label: str) -> None:
    """Puts a value at a place inside of an object where nothing is yet."""
    *above, last = steps
    place = whole
    for step in above:
        below: Place = place.setdefault(step, {})
        if type(below) is not dict:
            raise UsageError(f"{label} is given twice")
        place = below
    if last in place:
        raise UsageError(f"{label} is given twice")
    place[last] = value


def steps_of(word: str, wrong: str) -> list[str]:
    """`items[0][price]` as its steps; what is none is refused with what is wrong."""
    steps = re.findall(r"[^\[\]]+", word)
    brackets = "".join(f"[{step}]" for step in steps[1:])
    if not steps or len(steps) > DEEPEST or word != steps[0] + brackets:
        raise UsageError(wrong)
    return steps
