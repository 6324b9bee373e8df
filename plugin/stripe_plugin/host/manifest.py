"""How does an action look to a builder? Everything is derived from its table."""

from typing import Any

from stripe_plugin.declare.action import Action, Row, Spec
from stripe_plugin.declare.resource import RESOURCES
from stripe_plugin.judge.rules import table_schema

DIALECT = "https://json-schema.org/draft/2020-12/schema"
LIMITS = ("enum", "minimum", "maximum", "maxLength", "pattern", "maxItems")


def describe(action: type[Action]) -> dict[str, Any]:
    """The manifest of one action, JSON-safe: its rows as data, and JSON Schemas (2020-12)."""
    spec = action.spec
    facts = "id name summary description resource method path docs_url hints permission".split()
    about: dict[str, Any] = {fact: getattr(spec, fact) for fact in facts}
    about |= {"inputs": [_input(row, spec) for row in spec.rows]}
    about |= {"form_schema": form_schema(spec), "tool_schema": tool_schema(spec)}
    example = spec.output_example
    return {**about, "output_schema": _output_schema(example), "output_example": example}


def _input(row: Row, spec: Spec) -> dict[str, Any]:
    schema = row.schema
    about: dict[str, Any] = {"key": row.key, "name": row.name, "type": schema["type"]}
    about |= {word: getattr(row, word) for word in "required example description beyond".split()}
    about |= {"restrictions": row.restriction_text, "rules": [rule.says for rule in row.rules]}
    about |= {"clearable": row.clearable}
    about |= {limit: schema[limit] for limit in LIMITS if limit in schema}
    if row.conditions:
        about["conditions"] = [rule.data(spec.names) for rule in row.conditions]
    if resource := row.resource:
        prefix, listed_by, _ = RESOURCES.get(resource, (None, None, None))
        about["reference"] = {"resource": resource, "prefix": prefix, "listed_by": listed_by}
    return about


def form_schema(spec: Spec) -> dict[str, Any]:
    """For form libraries: property name = parameter, title = display key."""
    schema = table_schema(spec.fields, spec.names)
    for row in spec.rows:
        page = row.restriction_text or ""
        rules = [rule.says for rule in row.conditions if rule.says not in page]
        said = [row.description, "" if page == "Required" else page, *rules]
        text = " ".join(f"{part}." for part in said if part)
        words = {"title": row.key, "description": text, "examples": [row.example]}
        schema["properties"][row.name] = {**words, **schema["properties"][row.name]}
    return {"$schema": DIALECT, "title": spec.name, "description": spec.description, **schema}


def tool_schema(spec: Spec) -> dict[str, Any]:
    """For tool APIs, which refuse combinators at the root: flat, with conditions in words."""
    schema = form_schema(spec)
    kept = ("title", "description", "type", "properties", "required", "additionalProperties")
    return {word: schema[word] for word in kept if word in schema}


def _output_schema(example: dict[str, Any]) -> dict[str, Any]:
    names = {bool: "boolean", int: "integer", str: "string", list: "array", dict: "object"}
    properties: dict[str, Any] = {key: {"type": names[type(item)]} for key, item in example.items()}
    properties["object"] = {"const": example["object"]}
    return {"type": "object", "properties": properties, "required": ["object"]}
