"""How does a table look as JSON Schema? Said in five words: given, one_of, any_of, none_of, if_then.

Each is a schema that holds exactly when it reads true.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, get_args, get_origin

from stripe_plugin.judge.conditions import Case, Condition, Label
from stripe_plugin.judge.rules import Rule

Schema = dict[str, Any]
Names = Mapping[Label, str]  # label of a row: its property

TYPES: Mapping[Any, str] = MappingProxyType(
    {str: "string", int: "integer", bool: "boolean", Decimal: "number"}
)


def given(name: str) -> Schema:
    """The property is there."""
    return {"required": [name]}


def one_of(name: str, values: Iterable[str]) -> Schema:
    """The property is there, with one of these values."""
    return {**given(name), "properties": {name: {"enum": [*values]}}}


def any_of(*schemas: Schema) -> Schema:
    """At least one of them holds; of none at all, true."""
    return {"anyOf": [*schemas]} if schemas else {}


def none_of(*schemas: Schema) -> Schema:
    """Not one of them holds; of none at all, true."""
    return {"not": any_of(*schemas)} if schemas else {}


def if_then(condition: Schema, then: Schema, otherwise: Schema) -> Schema:
    """Where the condition holds, `then` does, else `otherwise`."""
    rest = {"else": otherwise} if otherwise else {}
    return {"if": condition, "then": then, **rest}


def type_schema(kind: Any) -> Schema:
    """The type of a row."""
    if get_origin(kind) is list:
        return {"type": "array", "items": type_schema(get_args(kind)[0])}
    return {"type": TYPES.get(kind, "object")}


def value_schema(kind: Any, rules: Iterable[Rule]) -> Schema:
    """One given value: its type and its rules."""
    merged = type_schema(kind)
    for rule in rules:
        items = {**merged.get("items", {}), **rule.schema.get("items", {})}
        merged |= rule.schema
        if items:
            merged["items"] = items
    return merged


def object_schema(
    properties: Mapping[str, Schema],
    required: list[str],
    conditions: Iterable[tuple[Label, Condition]],
    names: Names,
) -> Schema:
    """Properties side by side, their conditions as one chain of if/then/else."""
    shape: Schema = {"type": "object", "properties": {**properties}, "additionalProperties": False}
    if required:
        shape["required"] = required
    return {**shape, **_chain(conditions, names)}


def _chain(conditions: Iterable[tuple[Label, Condition]], names: Names) -> Schema:
    # Combinators at the root would make form libraries collapse the form, and tool APIs refuse it.
    chain: Schema = {}
    for label, condition in reversed([*conditions]):
        if _can_be_due(condition, names):
            name = names[label]
            wanted = given(name) if condition.demands else {"not": given(name)}
            chain = if_then(violation(condition, name, names), wanted, chain)
    return chain


def _can_be_due(condition: Condition, names: Names) -> bool:
    """Whether what makes it due is a property here, or nothing at all."""
    return not condition.when or any(case.label in names for case in condition.when)


def violation(condition: Condition, name: str, names: Names) -> Schema:
    """Holds exactly when the property breaks the condition."""
    due = any_of(*_cases(condition.when, names))
    exempt = _cases(condition.unless, names)
    if condition.demands:
        return {**due, **none_of(given(name), *exempt)}
    return {**given(name), **due, **none_of(*exempt)}


def _cases(cases: Iterable[Case], names: Names) -> list[Schema]:
    known = [(names[case.label], case.values) for case in cases if case.label in names]
    return [one_of(name, values) if values else given(name) for name, values in known]
