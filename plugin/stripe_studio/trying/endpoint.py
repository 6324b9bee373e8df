"""How is a request to any endpoint filled in? With the parameters of the endpoint as its form."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stripe_plugin.declare.open import OpenAction
from stripe_plugin.errors import UsageError
from stripe_plugin.host.host import Host
from stripe_studio.trying.typed import Row, Tree, branch, items

DEEPEST = 3  # levels of objects that have a form; what is deeper is written as keys and values
METHOD, PATH, PARAMETERS = "method", "path", "parameters_"
Schema = Mapping[str, Any]


def rows_of(host: Host, manifest: Mapping[str, Any], typed: Tree) -> Sequence[Row]:
    """The rows of an action's form: of its manifest, and of the endpoint that is typed in one."""
    rows: Sequence[Row] = manifest["inputs"]
    if not issubclass(host.action(manifest["id"]), OpenAction):
        return rows
    pairs = items(branch(typed.get(PARAMETERS)))
    fields = [] if pairs else _fields(host, typed)  # what is written as pairs stays so
    found: list[Row] = []
    for row in rows:
        more: dict[str, Any] = {"offers": row["name"] == PATH}
        if row["name"] == PARAMETERS and fields:
            more |= {"fields": fields, "presence": "required"}  # so it is not folded
        found.append({**row, **more})
    return found


def _fields(host: Host, typed: Tree) -> list[Row]:
    """The parameters of an endpoint; none as long as there is no such endpoint."""
    method, path = [str(typed.get(name, "")).strip() for name in (METHOD, PATH)]
    if not method or not path:
        return []
    try:
        form = host.endpoint_form(method, path)
    except UsageError:
        return []
    return [*_rows(form["form_schema"], DEEPEST)]


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
