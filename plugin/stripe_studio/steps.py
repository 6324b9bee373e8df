"""How is a step of a flow written, with its inputs by display key, as people read them?"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import yaml

from stripe_plugin.judge.values import is_list, is_object

WIDTH = 100
WHOLE = re.compile(r"-?(0|[1-9][0-9]{0,15})")
NUMBERS = ("integer", "number")
FLAGS = {"true": True, "false": False}
Data = Mapping[str, Any]
Rows = Sequence[Data]
# A row's type, and a text that is typed → what is written of it.
Write = Callable[[str, str], Any]


def as_typed(_: str, text: str) -> str:
    """The text as it is."""
    return text


def as_yaml(kind: str, text: str) -> Any:
    """A number or a flag that is written as such; every other text as it is."""
    if kind in NUMBERS and WHOLE.fullmatch(text):
        return int(text)
    return FLAGS.get(text, text) if kind == "boolean" else text


def keyed(rows: Rows, inputs: Data, write: Write = as_typed) -> dict[str, Any]:
    """Inputs by display key, at every depth."""
    found: dict[str, Any] = {}
    for row in rows:
        name = row["name"]
        if name in inputs:
            found[row["key"]] = _inside(row, inputs[name], write)
    return found


def _inside(row: Data, value: Any, write: Write) -> Any:
    fields = row.get("fields")
    if fields and is_object(value):
        return keyed(fields, value, write)
    if fields and is_list(value):
        return [_inside(row, item, write) for item in value]
    return write(row["type"], value) if isinstance(value, str) else value


def dumped(step: Data) -> str:
    """The step as a list of one, which is a part of a flow file."""
    dump: Callable[..., str] = cast("Any", yaml).safe_dump
    whole = [{**step}]
    return dump(whole, sort_keys=False, allow_unicode=True, width=WIDTH)
