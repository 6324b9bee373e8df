"""How is a request to any endpoint filled in? With the parameters of the endpoint as its form."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stripe_plugin.declare.open import OpenAction
from stripe_plugin.errors import UsageError
from stripe_plugin.host.host import Host
from stripe_studio.trying.typed import Row, Tree, branch, items

DEEPEST = 3  # levels of objects that have a form; what is deeper is written as keys and values
METHOD, PATH, PARAMETERS = "method", "path", "parameters_"
Manifest = Mapping[str, Any]
Rows = Sequence[Row]
Schema = Mapping[str, Any]


def rows_of(host: Host, manifest: Manifest, typed: Tree) -> Rows:
    """The rows of an action's form: of its manifest, and of the endpoint that is typed in one."""
    rows: Rows = manifest["inputs"]
    action = host.action(manifest["id"])
    if not issubclass(action, OpenAction):
        return rows
    return [_opened(row, host, typed) for row in rows]


def _opened(row: Row, host: Host, typed: Tree) -> Row:
    """A row that chooses the endpoint, or has its parameters as a form."""
    row = {**row, "offers": row["name"] == PATH}
    if row["name"] != PARAMETERS:
        return row
    pairs = items(branch(typed.get(PARAMETERS)))
    fields = [] if pairs else _fields(host, typed)  # what is written as pairs stays so
    if not fields:
        return row
    return {**row, "fields": fields, "presence": "required"}  # so it is not folded


def _fields(host: Host, typed: Tree) -> list[Row]:
    """The parameters of an endpoint; none as long as there is no such endpoint."""
    method = _text(typed, METHOD)
    path = _text(typed, PATH)
    if not method or not path:
        return []
    try:
        form = host.endpoint_form(method, path)
    except UsageError:
        return []
    return [*_rows(form["form_schema"], DEEPEST)]


def _text(typed: Tree, name: str) -> str:
    return str(typed.get(name, "")).strip()


def _rows(schema: Schema, depth: int) -> Iterator[Row]:
    required = schema.get("required", ())
    for name, each in schema["properties"].items():
        yield _row(name, each, depth, must=name in required)


def _row(name: str, schema: Schema, depth: int, *, must: bool) -> Row:
    row: dict[str, Any] = {
        "key": schema["title"],
        "name": name,
        "type": _type(schema),
        "presence": "required" if must else "optional",
        "example": None,
        "description": schema.get("description", ""),
        "clearable": False,
        "beyond": False,
    }
    inner = schema.get("items", schema)
    if depth > 1 and inner.get("properties"):
        row["fields"] = [*_rows(inner, depth - 1)]
    if "enum" in schema and row["type"] != "boolean":
        row["enum"] = schema["enum"]
    return row


def _type(schema: Schema) -> str:
    """One of its types: that which a form can do most with."""
    types = schema.get("type", "string")
    listed = [types] if isinstance(types, str) else [*types]
    for best in ("object", "array"):
        if best in listed:
            return best
    return str(listed[0])
