"""What does an action answer? As JSON Schema, and as the fields that people pick first.

Both follow from Stripe's document. The schema is in words that draft-07 and 2020-12 read alike,
without references and combinators: what may be several things lists their types, and has the
properties of all of them. It refuses no true answer: Stripe adds fields and values at any time, so
nothing is closed, and fixed values are only examples.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from stripe_plugin.declare.spec import Spec
from stripe_plugin.host.answered import Part, answered
from stripe_plugin.judge.schema import TYPES

DEPTH = 3  # levels of fields; a list and what is in each of it are one
PAGES = ("list", "search_result")
# What tells an answer from none: of these the first that is always there. A deletion found done
# has no more than an ID.
TELLING = ("id", "data", "object")
MOST_VALUES = 30  # of which all are told
NAMES: Mapping[type, str] = {**TYPES, list: "array", dict: "object", float: "number"}
Data = dict[str, Any]


# --- JSON Schema ----------------------------------------------------------------------------------


def output_schema(spec: Spec) -> Data:
    """All fields to a depth of three; linked objects, if they are asked for, with their own."""
    part = answered(spec)
    if part is None:
        return _of_example(spec)
    schema = _schema(part, DEPTH)
    schema["required"] = _telling(name for name in TELLING if part.always(name))
    _fix_object(schema)
    return schema


def _telling(there: Iterable[str]) -> list[str]:
    first = next(iter(there), None)
    return [] if first is None else [first]


def _is_page(part: Part) -> bool:
    about = part.fields.get("object")
    return about is not None and {*about.values} <= {*PAGES}


def _fix_object(schema: Data) -> None:
    """What kind of object it is, nothing but a new version of the API changes."""
    about: Data = schema["properties"].get("object", {})
    if "examples" in about:
        about["enum"] = about.pop("examples")


def _schema(part: Part, depth: int) -> Data:
    """A value with `depth` levels of fields in it."""
    schema = _type(part) | _words(part)
    if depth and part.fields:
        schema["properties"] = _properties(part, depth)
    if part.items:
        schema["items"] = _schema(part.items, depth)
    if part.keyed:
        schema["additionalProperties"] = _schema(part.keyed, depth)
    return schema


def _properties(part: Part, depth: int) -> Data:
    below = depth if _is_page(part) else depth - 1
    linked = max(below - 1, 0)  # a linked object is a level of its own
    found: Data = {}
    for name, field in part.fields.items():
        found[name] = _schema(field, linked if field.expands else below)
    return found


def _type(part: Part) -> Data:
    types = part.types
    if types and part.nullable:
        types.append("null")
    if len(types) > 1:
        return {"type": types}
    return {"type": types[0]} if types else {}


def _words(part: Part) -> Data:
    """What a number counts, and which values are known."""
    words: Data = {}
    if part.unit:
        words["description"] = f"In {part.unit}."
    if 0 < len(part.values) <= MOST_VALUES:
        words["examples"] = part.values
    return words


def _of_example(spec: Spec) -> Data:
    """What can be told of an answer that Stripe's document does not know."""
    example = spec.output_excerpt
    properties: Data = {name: {"examples": [value]} for name, value in example.items()}
    schema: Data = {"type": "object", "properties": properties}
    if spec.answer.is_fixed:
        schema["required"] = _telling(name for name in TELLING if name in example)
        _fix_object(schema)
    return schema


# --- the fields that people pick first ------------------------------------------------------------


def outputs(spec: Spec) -> list[Data]:
    """Each with a path in JMESPath, as flows take it, a label, type and unit.

    `resource` is what it is the ID of, as in the `reference` of an input. A path through `[]`
    finds a list: one value for each item.
    """
    labels = spec.answer.outputs(spec.subject)
    whole = answered(spec)
    found: list[Data] = []
    for path, label in labels.items():
        through = whole.at(path) if whole else None
        facts = _facts(through, path) if through else _unknown(spec, path)
        found.append({"path": path, "label": label, **facts})
    return found


def _facts(through: list[Part], path: str) -> Data:
    end = through[-1]
    return {
        "type": end.types[0] if end.types else None,
        "nullable": _is_nullable(through, path),
        "unit": end.unit,
        "resource": _resource(through, path),
    }


def _unknown(spec: Spec, path: str) -> Data:
    """Of what Stripe's document does not know."""
    value = spec.output_excerpt.get(path)
    is_own = path == "id" and spec.answer.is_fixed
    resource = spec.answer.resource(spec.subject).object if is_own else None
    return {"type": _word(value), "nullable": True, "unit": None, "resource": resource}


def _word(value: Any) -> str | None:
    """JSON's word for a value, but null."""
    fitting = [word for kind, word in NAMES.items() if type(value) is kind]
    return fitting[0] if fitting else None


def _is_nullable(through: list[Part], path: str) -> bool:
    """Whether it may find nothing: what it leads through is null, or not there."""
    if "[0]" in path or any(part.nullable for part in through):
        return True
    names = path.replace("[]", "").split(".")
    owners = [part for part in through if part.fields]
    steps = zip(owners, names, strict=False)
    return not all(owner.always(name) for owner, name in steps)


def _resource(through: list[Part], path: str) -> str | None:
    """The kind of object whose ID it is, if there is one."""
    end = through[-1]
    is_id = path.rpartition(".")[2] == "id"
    owner = through[-2] if is_id else end
    if not is_id and not end.expands:
        return None
    kinds = owner.kinds
    return kinds.pop() if len(kinds) == 1 else None
