"""How does an action look to a model that calls it as a tool?

In the few words that all tool APIs take, and OpenAPI 3.0 too: what they cannot say stands in the
descriptions.
"""

from collections.abc import Iterable
from typing import Any

from stripe_plugin.host.box import Box
from stripe_plugin.judge.rules import Each, OneOf, Rule
from stripe_plugin.judge.schema import type_schema
from stripe_plugin.judge.table import Keys
from stripe_plugin.judge.values import is_object_kind

# What is taken over from the schemas of rules; a pattern only if every engine reads it alike.
WORDS = ("enum", "minimum", "maximum", "maxLength", "maxItems", "pattern")
FREE = {"type": "string"}  # the values of an object whose keys are made up
Data = dict[str, Any]


def tool_schema(description: str, boxes: list[Box]) -> Data:
    """Flat at its root: property name = parameter."""
    return {"description": description} | _object(boxes)


def _object(boxes: Iterable[Box]) -> Data:
    properties: Data = {}
    required: list[str] = []
    for box in boxes:
        properties[box.name] = _described(box)
        if box.presence == "required":
            required.append(box.name)
    schema: Data = {"type": "object", "properties": properties}
    if required:
        schema["required"] = required
    return schema


def _described(box: Box) -> Data:
    said = [box.description or box.title]
    said += [condition.text for condition in box.conditions]
    said += [rule.text for rule in _rules(box) if not _says(rule)]
    about = " ".join(f"{text}." for text in said if text)
    return {"description": about} | _value(box)


def _rules(box: Box) -> list[Rule]:
    """The rules of its own value, and of its items."""
    items = box.item.rules if box.item else ()
    return [*box.rules, *items]


def _says(rule: Rule) -> bool:
    """Whether a schema says all of a rule."""
    if isinstance(rule, OneOf | Keys | Each):
        return True
    schema = portable(rule)
    return bool(schema) and schema == dict(rule.schema)


def portable(rule: Rule) -> Data:
    """What a rule's schema says in the words that everyone takes."""
    schema = {word: rule.schema[word] for word in WORDS if word in rule.schema}
    if "(?" in schema.get("pattern", ""):  # lookaround, which not every engine has
        del schema["pattern"]
    return schema


def _value(box: Box) -> Data:
    schema: Data = {"type": type_schema(box.kind)["type"]}
    for rule in box.rules:
        schema |= portable(rule)
    if box.inner:
        schema |= _object(box.inner)
    elif is_object_kind(box.kind):
        schema["additionalProperties"] = FREE
    if box.item:
        schema["items"] = _value(box.item)
    return schema
