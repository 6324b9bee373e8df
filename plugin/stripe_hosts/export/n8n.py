"""How do the actions become a node of n8n? A community node that calls the HTTP door."""

import json
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from stripe_hosts.export.copied import as_text, copied
from stripe_hosts.export.rows import Group, Row, groups_of, rows_of
from stripe_plugin.host.host import Host
from stripe_plugin.host.manifest import describe_connection

Data = dict[str, Any]
TAKEN = ("resource", "operation", "options")  # parameters that no row can be called like
TEXT: Data = {"type": "string", "default": ""}
SEVERAL: Data = {"typeOptions": {"multipleValues": True}}
TEXTS: Data = {"type": "string", "default": [], **SEVERAL}
NOT_SET: Data = {"name": "Not Set", "value": ""}
PAIR: list[Data] = [
    {"displayName": "Key", "name": "key", **TEXT},
    {"displayName": "Value", "name": "value", **TEXT},
]
MORE = "Additional Fields"


def files(host: Host) -> Mapping[str, str]:
    """What the folder `n8n` has, and the node's parameters."""
    made = copied("n8n")
    package = json.loads(made["package.json"])
    about = host.about()
    package["version"] = about["version"]
    derived = {
        "manifestVersion": str(about["manifest_version"]),
        "properties": [*_properties(host)],
        "trial": describe_connection()["trial"],
    }
    return {**made, "package.json": as_text(package), "dist/derived.json": as_text(derived)}


def _properties(host: Host) -> Iterator[Data]:
    """The parameters, as n8n draws them from top to bottom."""
    groups = groups_of(host)
    yield _menu("resource", [{"name": group.label, "value": group.name} for group in groups])
    for group in groups:
        menu = _menu("operation", [*_operations(group)])
        yield _shown(menu, resource=group.name)
    for group in groups:
        for entry in group.entries:
            rows = rows_of(host.manifest(entry["id"]))
            for field in _fields(rows):
                yield _shown(field, resource=group.name, operation=entry["id"])
    yield _collection("Options", "options", _sent(rows_of(host.options()), "options"))


def _menu(name: str, options: list[Data]) -> Data:
    about = {"displayName": name.title(), "name": name, "noDataExpression": True}
    first = options[0]["value"]
    return {**about, "type": "options", "options": options, "default": first}


def _operations(group: Group) -> Iterator[Data]:
    for entry in group.entries:
        name = entry["name"]
        about = {"name": name, "value": entry["id"], "action": name.capitalize()}
        yield {**about, "description": entry["summary"]}


def _shown(field: Data, **when: str) -> Data:
    show = {name: [value] for name, value in when.items()}
    return {**field, "displayOptions": {"show": show}}


def _fields(rows: list[Row]) -> Iterator[Data]:
    """What an action may need at the top, the others where they are added."""
    for field in _sent([row for row in rows if not row.optional], "inputs"):
        name = field["name"]
        yield {**field, "name": f"{name}_" if name in TAKEN else name}
    optional = [row for row in rows if row.optional]
    if optional:
        yield _collection(MORE, "additionalFields", _sent(optional, "inputs"))


def _collection(key: str, name: str, fields: Iterable[Data]) -> Data:
    about = {"displayName": key, "name": name, "placeholder": "Add Field"}
    return {**about, "type": "collection", "default": {}, "options": [*fields]}


def _sent(rows: Iterable[Row], member: str) -> Iterator[Data]:
    """Rows as parameters, each sent in a member of the body."""
    for row in rows:
        send = {"type": "body", "property": f"{member}.{row.name}"}
        yield {**_field(row), "routing": {"send": send}}


def _field(row: Row) -> Data:
    about = {
        "displayName": row.key,
        "name": row.name,
        "description": escape(row.description, quote=False),
    }
    return {**about, **_control(row), **({"required": True} if row.required else {})}


def _control(row: Row) -> Data:
    """What a row is typed into, empty at first: a number is text, as n8n's have a 0 in them."""
    many = row.type == "array"
    if row.inside:
        fields = [_field(each) for each in row.inside]
        return _group("itemsOf" if many else "fieldsOf", row.key, fields)
    if row.choices:
        named = [{"name": label, "value": value} for label, value in row.choices]
        return {"type": "options", "options": [NOT_SET, *named], "default": ""}
    if row.type == "map":
        return _group("pairsOf", row.key, PAIR)
    if row.type == "object":
        return {"type": "json", "default": ""}
    return TEXTS if many else {**TEXT, "placeholder": f"e.g. {row.example}"}


def _group(kind: str, key: str, values: list[Data]) -> Data:
    """What has rows inside of it; `kind` is how the node reads it."""
    options = [{"displayName": key, "name": kind, "values": values}]
    about: Data = {"type": "fixedCollection", "placeholder": f"Add {key}", "default": {}}
    return {**about, **({} if kind == "fieldsOf" else SEVERAL), "options": options}
