"""How does a JSON Schema look to older readers? In the words of OpenAPI 3.0, or of Swagger 2.0.

What they have no words for is left out: a schema may say less, and never refuses more.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

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


def portable(schema: Mapping[str, Any], dialect: Dialect) -> Schema:
    """The schema in the words of a dialect."""
    types = _types(schema)
    said = {word: schema[word] for word in ALWAYS if word in schema}
    kinds = [kind for kind in types if kind != NULL]
    if len(kinds) == 1:
        said |= _of_type(kinds[0], schema, dialect)
    elif kinds and dialect.alternatives:
        said["anyOf"] = [_of_type(kind, schema, dialect) for kind in kinds]
    if not kinds:
        return said  # anything: also null
    return said | _values(schema, dialect, nullable=NULL in types)


def _types(schema: Mapping[str, Any]) -> list[str]:
    found: Any = schema.get("type", [])
    return [found] if isinstance(found, str) else [*found]


def _of_type(kind: str, schema: Mapping[str, Any], dialect: Dialect) -> Schema:
    """What is said of values of one type."""
    said: Schema = {"type": kind}
    for word in WORDS[kind]:
        if word in schema and not _is_lookaround(schema[word]):
            said[word] = schema[word]
    if "properties" in said:
        inner = said["properties"].items()
        said["properties"] = {name: portable(one, dialect) for name, one in inner}
    for word in ("items", "additionalProperties"):
        if isinstance(said.get(word), Mapping):
            said[word] = portable(said[word], dialect)
    if kind == "array":
        said.setdefault("items", {})  # which these demand
    return said


def _is_lookaround(value: Any) -> bool:
    """Whether it is an expression that not every engine reads."""
    return isinstance(value, str) and "(?" in value


def _values(schema: Mapping[str, Any], dialect: Dialect, *, nullable: bool) -> Schema:
    """Which values it may have, and whether null is one of them."""
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    said: Schema = {}
    if values is not None:
        said["enum"] = [value for value in values if value is not None]
    if nullable:
        said[dialect.nullable] = True
        if values is not None and dialect.alternatives:
            said["enum"].append(None)  # OpenAPI 3.0.3 asks for it
    return said
