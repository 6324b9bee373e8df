"""How does a table look as JSON Schema?

Said in five words: `given`, `one_of`, `any_of`, `none_of`, `if_then`.
Each makes a schema that holds exactly when it reads true.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, get_args

from stripe_plugin.judge.conditions import Cases, Condition
from stripe_plugin.judge.rules import Rule
from stripe_plugin.judge.values import Names, is_list_kind

Schema = dict[str, Any]

TYPES: Mapping[Any, str] = MappingProxyType(
    {str: "string", int: "integer", bool: "boolean", Decimal: "number"}
)


def given(name: str) -> Schema:
    """The property is there."""
    return {"required": [name]}


def one_of(name: str, values: Iterable[str | bool]) -> Schema:
    """The property is there, with one of these values."""
    schema = given(name)
    schema["properties"] = {name: {"enum": [*values]}}
    return schema


def any_of(*schemas: Schema) -> Schema:
    """At least one of them holds; of none at all, true."""
    return {"anyOf": [*schemas]} if schemas else {}


def none_of(*schemas: Schema) -> Schema:
    """Not one of them holds; of none at all, true."""
    return {"not": any_of(*schemas)} if schemas else {}


def if_then(condition: Schema, then: Schema, otherwise: Schema) -> Schema:
    """Where the condition holds, `then` does, else `otherwise`."""
    link = {"if": condition, "then": then}
    if otherwise:
        link["else"] = otherwise
    return link


def type_schema(kind: Any) -> Schema:
    """The type of a row."""
    if not is_list_kind(kind):
        return {"type": TYPES.get(kind, "object")}
    [item] = get_args(kind)
    return {"type": "array", "items": type_schema(item)}


def value_schema(kind: Any, rules: Iterable[Rule]) -> Schema:
    """One given value: its type and its rules; those of a list's items go together."""
    merged = type_schema(kind)
    items = merged.get("items", {})
    for rule in rules:
        merged |= rule.schema
        items |= rule.schema.get("items", {})
    if items:
        merged["items"] = items
    return merged


class TableSchema:
    """Makes the schema of a table, row by row, its conditions as one chain of if/then/else."""

    def __init__(self, names: Names) -> None:
        self._names = names  # label to property
        self._properties: Schema = {}
        self._required: list[str] = []
        self._conditions: list[tuple[str, Condition]] = []

    def add(self, label: str, value: Schema) -> None:
        """Adds a row with the schema of its value."""
        name = self._names[label]
        self._properties[name] = value

    def require(self, label: str) -> None:
        """Says that a row must be given."""
        name = self._names[label]
        self._required.append(name)

    def restrict(self, label: str, condition: Condition) -> None:
        """Says when a row must be given, or not."""
        name = self._names[label]
        self._conditions.append((name, condition))

    def whole(self) -> Schema:
        """The schema of the table."""
        schema: Schema = {"type": "object", "properties": self._properties}
        schema["additionalProperties"] = False
        if self._required:
            schema["required"] = self._required
        return schema | self._chain()

    def _chain(self) -> Schema:
        # Combinators at the root make form libraries collapse the form, and tool APIs refuse it.
        chain: Schema = {}
        for name, condition in reversed(self._conditions):
            if self._can_be_due(condition):
                broken = self._broken(name, condition)
                wanted = given(name)
                if not condition.demands:
                    wanted = {"not": wanted}
                chain = if_then(broken, wanted, chain)
        return chain

    def _can_be_due(self, condition: Condition) -> bool:
        """Whether what makes it due is a property here, or nothing at all."""
        return not condition.when or bool(self._cases(condition.when))

    def _broken(self, name: str, condition: Condition) -> Schema:
        """Holds exactly when the property breaks the condition."""
        due = any_of(*self._cases(condition.when))
        exempt = self._cases(condition.unless)
        if condition.demands:
            return {**due, **none_of(given(name), *exempt)}
        return {**given(name), **due, **none_of(*exempt)}

    def _cases(self, cases: Cases) -> list[Schema]:
        schemas: list[Schema] = []
        for case in cases:
            name = self._names.get(case.label)
            if name is None:
                continue
            if case.values:
                schemas.append(one_of(name, case.values))
            else:
                schemas.append(given(name))
        return schemas
