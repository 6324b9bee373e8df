"""What does an action answer? As JSON Schema, and as the fields that people pick first.

Both follow from Stripe's document. The schema is in words that draft-07 and 2020-12 read alike,
without references and combinators: what may be several things lists their types, and has the
properties of all of them. It refuses no true answer: Stripe adds fields and values at any time, so
nothing is closed, and fixed values are only examples.
"""

from collections.abc import Mapping
from typing import Any

from stripe_plugin.declare.spec import Spec
from stripe_plugin.host.answered import Place, answered
from stripe_plugin.judge.schema import TYPES

DEPTH = 3  # levels of fields; a list and what is in each of it are one
ALWAYS = ("id", "data")  # what tells an answer from none; a deletion found done has no more
MOST_VALUES = 30  # of which all are told
NAMES: Mapping[type, str] = {**TYPES, list: "array", dict: "object", float: "number"}
Data = dict[str, Any]


# --- JSON Schema ----------------------------------------------------------------------------------


def output_schema(spec: Spec) -> Data:
    """All fields to a depth of three; linked objects, if they are asked for, with their own."""
    place = answered(spec)
    if place is None:
        return _of_example(spec.output_excerpt)
    schema = _schema(place, DEPTH)
    schema["required"] = [name for name in ALWAYS if place.always(name)]
    _fix_object(schema)
    return schema


def _is_page(place: Place) -> bool:
    about = place.fields.get("object")
    return about is not None and about.values == ["list"]


def _fix_object(schema: Data) -> None:
    """What kind of object it is, nothing but a new version of the API changes."""
    about: Data = schema["properties"].get("object", {})
    if "examples" in about:
        about["enum"] = about.pop("examples")


def _schema(place: Place, depth: int) -> Data:
    """A value with `depth` levels of fields in it."""
    schema = _type(place) | _words(place)
    if depth and place.fields:
        schema["properties"] = _properties(place, depth)
    if place.items:
        schema["items"] = _schema(place.items, depth)
    if place.keyed:
        schema["additionalProperties"] = _schema(place.keyed, depth)
    return schema


def _properties(place: Place, depth: int) -> Data:
    below = depth if _is_page(place) else depth - 1
    linked = max(below - 1, 0)  # a linked object is a level of its own
    found: Data = {}
    for name, field in place.fields.items():
        found[name] = _schema(field, linked if field.expands else below)
    return found


def _type(place: Place) -> Data:
    types = place.types
    if types and place.nullable:
        types.append("null")
    if len(types) > 1:
        return {"type": types}
    return {"type": types[0]} if types else {}


def _words(place: Place) -> Data:
    """What a number counts, and which values are known."""
    words: Data = {}
    if place.unit:
        words["description"] = f"In {place.unit}."
    if 0 < len(place.values) <= MOST_VALUES:
        words["examples"] = place.values
    return words


def _of_example(example: Data) -> Data:
    """What can be told of an answer that Stripe's document does not know."""
    properties: Data = {name: {"examples": [value]} for name, value in example.items()}
    schema: Data = {"type": "object", "properties": properties}
    schema["required"] = [name for name in ALWAYS if name in example]
    _fix_object(schema)
    return schema


# --- the fields that people pick first ------------------------------------------------------------


def outputs(spec: Spec) -> list[Data]:
    """Each with a path in JMESPath, as flows take it, a label, type and unit.

    `resource` is what it is the ID of, as in the `reference` of an input. A path through `[]`
    finds a list: one value for each item.
    """
    labels = spec.answer.outputs(spec.subject)
    return [_output(spec, path, label) for path, label in labels.items()]


def _output(spec: Spec, path: str, label: str) -> Data:
    found = {"path": path, "label": label}
    place = answered(spec)
    through = place.at(path) if place else None
    if through is None:
        return found | _unknown(spec, path)
    end = through[-1]
    return found | {
        "type": end.types[0] if end.types else None,
        "nullable": _is_nullable(through, path),
        "unit": end.unit,
        "resource": _resource(through, path),
    }


def _unknown(spec: Spec, path: str) -> Data:
    """Of what Stripe's document does not know."""
    kind = type(spec.output_excerpt.get(path))
    resource = spec.answer.resource(spec.subject).object if path == "id" else None
    return {"type": NAMES.get(kind), "nullable": True, "unit": None, "resource": resource}


def _is_nullable(through: list[Place], path: str) -> bool:
    """Whether it may find nothing: what it leads through is null, or not there."""
    if "[0]" in path or any(place.nullable for place in through):
        return True
    names = path.replace("[]", "").split(".")
    owners = [place for place in through if place.fields]
    return not all(place.always(name) for place, name in zip(owners, names, strict=False))


def _resource(through: list[Place], path: str) -> str | None:
    """The kind of object whose ID it is, if there is one."""
    end = through[-1]
    is_id = path.split(".")[-1] == "id"
    owner = through[-2] if is_id else end
    if not is_id and not end.expands:
        return None
    kinds = owner.kinds
    return kinds.pop() if len(kinds) == 1 else None
