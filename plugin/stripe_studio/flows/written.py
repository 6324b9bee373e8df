"""How does a step get behind those of a text, and the rest of the text stay as it is?"""

import textwrap
from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from stripe_flow.reading import read_data
from stripe_plugin.errors import UsageError
from stripe_plugin.judge.values import NOTHING, is_object
from stripe_studio.steps import dumped

INDENT = 2
BY_HAND = (
    "The step cannot be put behind the others, as they are not written one below the other with a"
    " dash before each. Write it yourself where it belongs."
)
Data = Mapping[str, Any]


def free_id(action_id: str, taken: Iterable[str]) -> str:
    """An ID for a step that no other has: `price`, `price_2`."""
    word = action_id.rpartition("_")[2] or "step"
    others = {*taken}
    number = 1
    found = word
    while found in others:
        number += 1
        found = f"{word}_{number}"
    return found


def appended(text: str, step: Data) -> str:
    """The text with one step more, and nothing else changed. Raises `UsageError` if it cannot be.

    The text is YAML. What comes of it is read again, so that the step is surely the last one.
    """
    made = _placed(text, dumped(step))
    try:
        is_right = read_data("", made) == _expected(text, step)
    except UsageError:
        is_right = False
    if not is_right:
        raise UsageError(BY_HAND)
    return made


def _expected(text: str, step: Data) -> Any:
    read = read_data("", text)
    before: Data = read if is_object(read) else NOTHING
    steps: list[Any] = before.get("steps") or []
    added = read_data("", dumped(step))
    return {**before, "steps": [*steps, *added]}


def _placed(text: str, step: str) -> str:
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    steps = _steps(root)
    if steps is None:
        return f"{_ended(text)}steps:\n{_indented(step, INDENT)}"
    head, tail = _parted(text, steps.end_mark.index)
    above = _ended(head)
    column = INDENT
    if isinstance(steps, yaml.SequenceNode):  # else it is empty
        above += "\n"
        column = steps.start_mark.column
    below = f"\n{tail}" if tail else ""
    return f"{above}{_indented(step, column)}{below}"


def _steps(root: Any) -> Any:
    """The node of `steps`, if there is one."""
    pairs = root.value if isinstance(root, yaml.MappingNode) else ()
    found = [value for key, value in pairs if key.value == "steps"]
    return found[0] if found else None


def _parted(text: str, end: int) -> tuple[str, str]:
    """What comes before a new step, and what behind: comments at the margin stay behind it."""
    lines = text[:end].splitlines(keepends=True)
    count = len(lines)
    while count and _is_beside(lines[count - 1]):
        count -= 1
    head, beside = lines[:count], lines[count:]
    behind = "".join([*beside, text[end:]])
    tail = behind.strip("\n")
    return "".join(head), f"{tail}\n" if tail.strip() else ""


def _is_beside(line: str) -> bool:
    return not line.strip() or line.startswith("#")


def _ended(text: str) -> str:
    """With the end of its last line."""
    return text.rstrip() + "\n" if text.strip() else ""


def _indented(step: str, column: int) -> str:
    margin = " " * column
    return textwrap.indent(step, margin)
