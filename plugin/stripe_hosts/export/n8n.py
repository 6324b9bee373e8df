"""How do the actions become a node of n8n? A community node that calls the HTTP door.

`n8n.json` has n8n's parameters by what is typed into them; a number is text, as n8n's have a 0.
"""

from collections.abc import Iterable, Iterator, Mapping
from html import escape
from typing import Any

from stripe_hosts.export import Files
from stripe_hosts.export.copied import as_text, packaged, template
from stripe_hosts.export.package import Package
from stripe_hosts.export.rows import Group, Row, groups_of, rows_of
from stripe_plugin.host.host import Host

Data = dict[str, Any]
PARAMETERS: Mapping[str, Data] = template("n8n")
# What a row is called in n8n, if its own name is one of n8n's.
RENAMED = {name: f"{name}_" for name in ("resource", "operation", "options")}


def files(host: Host, package: Package) -> Files:
    """What the folder `n8n` has, and what is derived."""
    about = host.about()
    derived = {
        "manifestVersion": str(about["manifest_version"]),
        "permissions": host.permissions(),
        "properties": [*_properties(host)],
    }
    made = packaged("n8n", about["version"], package)
    return {**made, "dist/derived.json": as_text(derived)}


def _properties(host: Host) -> Iterator[Data]:
    """The parameters, as n8n draws them from top to bottom."""
    yield from _menus(groups_of(host))
    for entry in host.catalog():
        rows = rows_of(host.manifest(entry["id"]))
        for field in _fields(rows):
            yield _shown(field, resource=entry["resource"], operation=entry["id"])
    yield _with("options", _sent(rows_of(host.options()), "options"))


def _menus(groups: list[Group]) -> Iterator[Data]:
    """What the resource is, and what is done with it."""
    resources = [_choice(group.label, group.name) for group in groups]
    yield _with("resource", resources, default=groups[0].name)
    for group in groups:
        operations = [_operation(entry) for entry in group.entries]
        menu = _with("operation", operations, default=operations[0]["value"])
        yield _shown(menu, resource=group.name)


def _with(parameter: str, options: Iterable[Data], **more: Any) -> Data:
    return {**PARAMETERS[parameter], "options": [*options], **more}


def _choice(label: str, value: Any) -> Data:
    return {"name": label, "value": value}


def _operation(entry: Mapping[str, Any]) -> Data:
    name = entry["name"]
    return {
        **_choice(name, entry["id"]),
        "action": name.capitalize(),
        "description": entry["summary"],
    }


def _shown(field: Data, **when: str) -> Data:
    show = {name: [value] for name, value in when.items()}
    return {**field, "displayOptions": {"show": show}}


def _fields(rows: list[Row]) -> Iterator[Data]:
    """What an action may need at the top, the others where they are added."""
    optional = [row for row in rows if row.optional]
    needed = [row for row in rows if not row.optional]
    for field in _sent(needed, "inputs"):
        name = field["name"]
        field["name"] = RENAMED.get(name, name)
        yield field
    if optional:
        yield _with("more", _sent(optional, "inputs"))


def _sent(rows: Iterable[Row], member: str) -> Iterator[Data]:
    """Rows as parameters, each sent in a member of the body."""
    for row in rows:
        send = {"type": "body", "property": f"{member}.{row.name}"}
        yield {**_field(row), "routing": {"send": send}}


def _field(row: Row) -> Data:
    called = {"displayName": row.key, "name": row.name}
    field = {**called, **_control(row)}
    field["description"] = escape(row.description, quote=False)
    placeholder = field.get("placeholder", "")
    field["placeholder"] = placeholder.format(key=row.key, example=row.example)
    if row.required:
        field["required"] = True
    return field


def _control(row: Row) -> Data:
    """What a row is typed into, or chosen from."""
    if row.listed:
        return _picker(row.listed)
    if row.choices:
        choices = [_choice(label, value) for label, value in row.choices]
        return _with("choice", [*PARAMETERS["choice"]["options"], *choices])
    if row.inside:
        parameter = f"{row.type} of fields"
        [group] = PARAMETERS[parameter]["options"]
        values = [_field(each) for each in row.inside]
        return _with(parameter, [{**group, "values": values}])
    return PARAMETERS[row.type]


def _picker(place: str) -> Data:
    first, *others = PARAMETERS["listed"]["modes"]
    search = {"searchListMethod": place, "searchable": True}
    modes = [{**first, "typeOptions": search}, *others]
    return {**PARAMETERS["listed"], "modes": modes}
