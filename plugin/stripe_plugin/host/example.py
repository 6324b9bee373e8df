"""How does a whole answer look? Three sources, none of them an account's data.

The action page's values, kept as they are; what the `Resource` declares beside them; for all other
fields Stripe's document: null where one can be null, else 0, false, nothing in a list, the first of
fixed values. What is answered only on demand (optional, but never null) is there only if declared.
"""

from collections.abc import Mapping
from typing import Any

from stripe_plugin.declare.answer import Page
from stripe_plugin.declare.spec import Spec
from stripe_plugin.host.answered import Part, answered
from stripe_plugin.judge.values import is_list, is_object

A_TIME = 1672531200  # 2023, in unix seconds
FORMATS: Mapping[str | None, Any] = {"currency": "usd", "decimal": "0", "unix-time": A_TIME}
BLANKS: Mapping[str | None, Any] = {"boolean": False, "integer": 0, "number": 0, "string": ""}
Data = dict[str, Any]


def output_example(spec: Spec) -> Data:
    """An answer with every field that Stripe answers with, JSON-safe."""
    given = spec.answer.details(spec.subject)
    if isinstance(spec.answer, Page):
        given["url"] = _filled(spec)
    part = answered(spec)
    return given if part is None else _object(part.whole, given)


def _filled(spec: Spec) -> str:
    """The path, with the ID of the subject in it."""
    path = spec.path
    for name in spec.path_names:
        path = path.replace(f"{{{name}}}", spec.subject.example_id)
    return path


def _whole(part: Part, given: Any) -> Any:
    """What is given, with all that the document knows to be in it."""
    if is_object(given):
        return _object(part, {**given})
    if is_list(given) and part.items:
        return [_whole(part.items, each) for each in given]
    return given


def _object(part: Part, given: Data) -> Data:
    fields = part.fields
    found: Data = {}
    for name, value in given.items():
        found[name] = _whole(fields[name], value) if name in fields else value
    for name, field in fields.items():
        if name not in found and (field.nullable or part.always(name)):
            found[name] = _made(field)
    return found


def _made(part: Part) -> Any:
    """A value of which nothing is given."""
    if part.nullable:
        return None
    [first, *_] = part.plain
    if first.type == "object":
        return _object(part, {})
    if first.type == "array":
        return []
    if part.expands:
        return f"{min(part.kinds)}_123"
    if first.enum:
        return first.enum[0]
    return FORMATS.get(first.format, BLANKS.get(first.type))
