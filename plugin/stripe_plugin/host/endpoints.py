"""Which endpoints of Stripe's can be asked, and how is one drawn as a form?"""

from collections.abc import Iterator, Mapping
from typing import Any

from stripe_plugin.declare import contract
from stripe_plugin.declare.contract import Operation, Shape, Shapes
from stripe_plugin.declare.endpoint import ENDS, endpoint
from stripe_plugin.errors import Refused, near
from stripe_plugin.judge.table import title_case
from stripe_plugin.run.context import WrongCall

METHODS = ("GET", "POST", "DELETE")
ABOUT: Mapping[str, str] = {
    "unix-time": "A time, in unix seconds.",
    "currency": "A three-letter ISO code, such as usd.",
    "decimal": "A number as text.",
    "binary": "A file.",
}
MONEY = "In the smallest unit of its currency."
Data = dict[str, Any]


def templates() -> dict[str, list[str]]:
    """Every path as Stripe's document has it, `/v1/prices/{price}`, and its methods."""
    found: dict[str, list[str]] = {}
    for each in contract.operations():
        method, _, path = each.partition(" ")
        found.setdefault(path, []).append(method)
    return dict(sorted(found.items()))


def methods_at(path: str) -> list[str]:
    """The methods of a path, with variables or IDs in it; all, if there is no such path."""
    found = [method for method in METHODS if _operation(method, path)]
    return found or [*METHODS]


def endpoint_form(method: str, path: str) -> Data:
    """An endpoint, JSON-safe, with its parameters as a form's schema.

    `path`: as the document has it, `/v1/prices/{price}`, or with IDs in the place of its variables.
    Raises `UsageError` for what the document has not.
    """
    operation = _operation(method, path)
    if operation is None:
        raise WrongCall(_lacking(method, path))
    _, _, template = operation.endpoint.partition(" ")
    return {
        "method": method,
        "path": template,
        "variables": [*operation.path],
        "hints": {
            "read_only": method == "GET",
            "destructive": method == "DELETE" or template.rpartition("/")[2] in ENDS,
        },
        "version": contract.version(),
        "form_schema": _form(operation),
    }


def _operation(method: str, path: str) -> Operation | None:
    if "{" in path:
        return contract.operation(method, path)
    try:
        return endpoint(method, path).operation
    except Refused:
        return None


def _lacking(method: str, path: str) -> str:
    known = templates()
    if path in known:
        return f"{path} takes {' and '.join(known[path])} at Stripe, not {method}"
    return f"Stripe's API document has no {method} {path}{near(path, known)}"


def _form(operation: Operation) -> Data:
    """The parameters, those first that must be given; as a row's form, it refuses nothing true."""
    shapes = operation.parameters
    required = [name for name, shape in shapes.items() if shape.required]
    names = sorted(shapes, key=lambda name: name not in required)
    ordered = {name: shapes[name] for name in names}
    schema: Data = {"title": operation.endpoint, "type": "object"}
    schema["properties"] = _properties(ordered)
    if required:
        schema["required"] = required
    return schema


def _properties(shapes: Shapes) -> Data:
    return {name: _titled(name, shape) for name, shape in shapes.items()}


def _titled(name: str, shape: Shape) -> Data:
    return {"title": title_case(name)} | _value(shape)


def _value(shape: Shape) -> Data:
    """What may be several things lists their types, and has the fields of all of them."""
    schema: Data = {}
    types = [*dict.fromkeys(_types(shape))]
    if types:
        schema["type"] = types if len(types) > 1 else types[0]
    for each in shape.alternatives:
        schema |= _limits(each)
    if len(types) > 1:
        schema.pop("enum", None)  # which would be of all types
    return schema


def _types(shape: Shape) -> Iterator[str]:
    for each in shape.alternatives:
        if each.type:
            yield each.type
    if shape.clearable and not shape.fields and not shape.values:
        yield "string"  # to unset it


def _limits(shape: Shape) -> Data:
    """What is known of one type."""
    schema: Data = {}
    if about := _about(shape):
        schema["description"] = about
    if shape.enum:  # others may have come since, where Stripe says so
        schema["examples" if shape.is_open else "enum"] = [*shape.enum]
    if shape.type == "boolean":
        schema["enum"] = [True, False]
    if shape.max_length:
        schema["maxLength"] = shape.max_length
    if shape.fields:
        schema["properties"] = _properties(shape.fields)
    if shape.values is not None:
        schema["additionalProperties"] = _value(shape.values)
    if shape.items is not None:
        schema["items"] = _value(shape.items)
    return schema


def _about(shape: Shape) -> str:
    return MONEY if shape.is_money else ABOUT.get(shape.format or "", "")
