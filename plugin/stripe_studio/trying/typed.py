"""What did a person type? The fields of a form, as a tree of texts by parameter and position.

A field is called `in:line_items.0.price`, or `opt:deadline` for an option of the run. An object
whose keys a person makes up has `.0.key` and `.0.value` for each pair, and a list of texts is one
field with a line for each. What can be unset has `@clear` behind its name, as `in:metadata.@clear`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeGuard

from stripe_plugin.judge.values import is_object

DEEPEST = 20
LINE_END = re.compile(r"\r\n|\r|\n")  # of a browser; any other is a part of what is typed
POSITION = re.compile(r"[0-9]{1,9}")  # in a list
Tree = dict[str, Any]
Row = Mapping[str, Any]
Rows = Sequence[Row]
Given = Mapping[str, Any]  # inputs, by parameter
Pairs = Iterable[tuple[str, str]]
KEY, VALUE = "key", "value"
CLEAR = "@clear"  # what the host takes for unsetting


def tree(pairs: Pairs, prefix: str) -> Tree:
    """The fields whose names have this prefix, as a tree; positions are its keys, too."""
    whole: Tree = {}
    for name, value in pairs:
        if name.startswith(prefix):
            place = name.removeprefix(prefix)
            _put(whole, place.split("."), value)
    return _numbered(whole)


def _numbered(found: Tree) -> Tree:
    """With the positions in a list counted from 0 on, without a gap."""
    inner: Tree = {}
    for key, value in found.items():
        inner[key] = _numbered(value) if is_tree(value) else value
    listed = [key for key in inner if key != CLEAR]
    if not all(map(POSITION.fullmatch, listed)):
        return inner
    whole: Tree = {}
    for number, key in enumerate(sorted(listed, key=int)):
        whole[str(number)] = inner[key]
    if CLEAR in inner:
        whole[CLEAR] = inner[CLEAR]
    return whole


def add(whole: Tree, place: str) -> None:
    """Puts an empty item behind those of the list, or the pairs of the object, at a place."""
    at = _at(whole, place.split("."))
    at[str(len(items(at)))] = {}


def drop(whole: Tree, place: str) -> None:
    """Takes the item, or the pair, at a place away."""
    *above, last = place.split(".")
    at = _at(whole, above)
    at.pop(last, None)
    left = _numbered(at)
    at.clear()
    at.update(left)


def _at(whole: Tree, steps: list[str]) -> Tree:
    at = whole
    for step in steps[:DEEPEST]:
        inner = at.get(step)
        if not is_tree(inner):
            inner = at[step] = {}
        at = inner
    return at


def _put(whole: Tree, steps: list[str], value: str) -> None:
    *above, last = steps[:DEEPEST]
    at = _at(whole, above)
    if not is_tree(at.get(last)):
        at[last] = value


def is_tree(found: Any) -> TypeGuard[Tree]:
    """Whether more is typed inside."""
    return isinstance(found, dict)


def branch(found: Any) -> Tree:
    """What is typed inside of an object or a list; nothing where a text stands."""
    return found if is_tree(found) else {}


def items(found: Tree) -> list[Any]:
    """What is typed at each position of a list."""
    positions = map(str, range(len(found)))
    return [found[at] for at in positions if at in found]


def is_free(row: Row) -> bool:
    """Whether it is an object whose keys a person makes up."""
    return row["type"] == "object" and "fields" not in row


def is_items(row: Row) -> bool:
    """Whether it is a list of objects with known fields."""
    return row["type"] == "array" and "fields" in row


def is_lines(row: Row) -> bool:
    """Whether it is a list of texts."""
    return row["type"] == "array" and "fields" not in row


def row_at(rows: Rows, place: Iterable[str | int]) -> Row:
    """The row at a place of a form, such as items, 0, price; an empty one where there is none."""
    row: Row = {}
    for step in place:
        named = {each["name"]: each for each in rows}
        row = named.get(str(step), row)  # a position in a list names no row
        rows = row.get("fields", rows)
    return row


# --- to inputs ------------------------------------------------------------------------------------


def inputs(rows: Rows, typed: Tree) -> dict[str, Any]:
    """What is filled in, by parameter, as texts for the host to judge; blank boxes are left out."""
    found: dict[str, Any] = {}
    for row in rows:
        value = _value(row, typed.get(row["name"]))
        if value is not None:
            found[row["name"]] = value
    return found


def _value(row: Row, typed: Any) -> Any:
    """None if nothing is typed."""
    inside = branch(typed)
    if CLEAR in inside:
        return CLEAR
    if is_items(row):
        each = map(branch, items(inside))
        return [inputs(row["fields"], item) for item in each] or None
    if "fields" in row:
        return inputs(row["fields"], inside) or None
    if is_free(row):
        return _pairs(inside) or None
    return _scalar(row, typed if isinstance(typed, str) else "")


def _scalar(row: Row, text: str) -> Any:
    if not text.strip():
        return None
    if is_lines(row) and text.strip() != CLEAR:
        return [line for line in LINE_END.split(text) if line.strip()]
    return text


def _pairs(typed: Tree) -> dict[str, str]:
    """Keys and values; a pair of which only one is there is judged with the other empty."""
    found: dict[str, str] = {}
    for item in items(typed):
        key, value = pair_of(item)
        if key.strip() or value.strip():
            found[key] = value
    return found


def pair_of(found: Any) -> tuple[str, str]:
    """The key and the value that are typed as one pair."""
    inside = branch(found)
    key = inside.get(KEY, "")
    value = inside.get(VALUE, "")
    return str(key), str(value)


def is_filled(found: Any) -> bool:
    """Whether something is typed there, at any depth."""
    if is_tree(found):
        return any(is_filled(found[key]) for key in found if key != CLEAR)
    return bool(found) and bool(str(found).strip())


def twice(typed: Tree) -> list[str]:
    """The keys that stand twice among the pairs: of two values one would be lost."""
    pairs = map(pair_of, items(typed))
    keys = [key for key, _ in pairs if key.strip()]
    return sorted({key for key in keys if keys.count(key) > 1})


def strays(row: Row, typed: Tree) -> list[str]:
    """What is filled in under names that an object has not, as of another endpoint's form."""
    if is_items(row):
        return []
    known = {CLEAR}
    known |= {field["name"] for field in row.get("fields", ())}
    names = [name for name in typed if name not in known]
    if "fields" not in row:
        names = [name for name in names if not name.isdecimal()]
    return [name for name in names if is_filled(typed[name])]


# --- from inputs ----------------------------------------------------------------------------------


def written(rows: Rows, given: Given) -> Tree:
    """The tree that gives these inputs again, such as those of an example."""
    found: Tree = {}
    for row in rows:
        name = row["name"]
        if name in given:
            found[name] = _written(row, given[name])
    return found


def _written(row: Row, value: Any) -> Any:
    fields = row.get("fields", ())
    if is_items(row):
        return _listed(written(fields, item) for item in value)
    if fields and is_object(value):
        return written(fields, value)
    if is_free(row) and is_object(value):
        return _listed(_pair(key, value[key]) for key in value)
    if is_lines(row):
        return "\n".join(_text(item) for item in value)
    return _text(value)


def _pair(key: Any, value: Any) -> Tree:
    return {KEY: str(key), VALUE: _text(value)}


def _listed(found: Iterable[Tree]) -> Tree:
    return {str(at): item for at, item in enumerate(found)}


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def example(rows: Rows) -> Tree:
    """The example of each row that the action page asks for."""
    found: dict[str, Any] = {}
    for row in rows:
        if row["example"] is not None and not row["beyond"]:
            found[row["name"]] = row["example"]
    return written(rows, found)


def looks_whole(text: str) -> bool:
    """Whether a box for an ID has one in it already, not words to search for."""
    return "_" in text and " " not in text.strip()
