"""How does a JSON Schema look to older readers? In the words of OpenAPI 3.0, or of Swagger 2.0.

What they have no words for is left out: a schema may say less, and never refuses more.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

Data = Mapping[str, Any]
Schema = dict[str, Any]
NULL = "null"
ALWAYS = ("title", "description")
# What is taken over beside it, by the type that it is about.
WORDS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "object": ("properties", "required", "additionalProperties", "maxProperties"),
        "array": ("items", "minItems", "maxItems", "uniqueItems"),
        "string": ("format", "pattern", "minLength", "maxLength"),
        "number": ("format", "minimum", "maximum", "multipleOf"),
        "integer": ("format", "minimum", "maximum", "multipleOf"),
        "boolean": (),
    }
)


class Dialect(NamedTuple):
    """What two of the older languages say in different words."""

    nullable: str  # the word for what may be null
    alternatives: bool  # whether something can be one of several


OPENAPI_3_0 = Dialect("nullable", alternatives=True)
SWAGGER_2_0 = Dialect("x-nullable", alternatives=False)


def portable(schema: Data, dialect: Dialect) -> Schema:
    """The schema in the words of a dialect."""
    types = _types(schema)
    said = {word: schema[word] for word in ALWAYS if word in schema}
    kinds = [kind for kind in types if kind != NULL]
    null = {dialect.nullable: True} if NULL in types else {}  # counts only beside a type
    each = [_of_type(kind, schema, dialect) | null for kind in kinds]
    if len(each) == 1:
        said |= each[0]
    elif each and dialect.alternatives:
        said["anyOf"] = each
    return said | _values(schema, dialect)


def _types(schema: Data) -> list[str]:
    found: Any = schema.get("type", [])
    return [found] if isinstance(found, str) else [*found]


def _of_type(kind: str, schema: Data, dialect: Dialect) -> Schema:
    """What is said of values of one type."""
    said: Schema = {"type": kind}
    for word in WORDS[kind]:
        if word in schema and not _is_lookaround(schema[word]):
            said[word] = schema[word]
    if "properties" in said:
        inner = said["properties"]
        said["properties"] = {name: portable(inner[name], dialect) for name in inner}
    for word in ("items", "additionalProperties"):
        if isinstance(said.get(word), Mapping):
            said[word] = portable(said[word], dialect)
    if kind == "array":
        said.setdefault("items", {})  # which these demand
    return said


def _is_lookaround(value: Any) -> bool:
    """Whether it is an expression that not every engine reads."""
    return isinstance(value, str) and "(?" in value


def _values(schema: Data, dialect: Dialect) -> Schema:
    """Which values it may have, where that is said."""
    values = schema.get("enum", [])
    if "const" in schema:
        values = [schema["const"]]
    if not dialect.alternatives:
        values = [value for value in values if value is not None]  # null has its own word
    return {"enum": values} if values else {}
