"""What do all targets draw of an action's rows? Their words, choices and what is inside of them."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import attrgetter, itemgetter
from typing import Any

import attrs

from stripe_plugin.host.host import Host
from stripe_plugin.host.manifest import describe_resources

Data = Mapping[str, Any]
YES_NO: Data = {"true": True, "false": False}


@attrs.frozen(kw_only=True)
class Row:
    """A row, or a field inside of one."""

    key: str
    name: str
    type: str  # of JSON; `map`: an object whose keys are made up, with text in it
    required: bool
    optional: bool  # nothing makes it required
    description: str  # sentences, its rules among them
    example: str
    choices: Sequence[tuple[str, Any]]  # labels and values; of a boolean yes and no
    inside: Sequence["Row"]  # the fields of an object, or of each in a list


@attrs.frozen
class Group:
    """The actions of a resource: entries of `Host.catalog`."""

    name: str
    label: str
    entries: Sequence[Data]


def groups_of(host: Host) -> list[Group]:
    """The actions by resource, both in the order of the alphabet."""
    catalog = sorted(host.catalog(), key=itemgetter("resource", "name"))
    resources = describe_resources(host.action(entry["id"]) for entry in catalog)
    groups = [
        Group(name, resources[name]["label"], [*entries])
        for name, entries in groupby(catalog, itemgetter("resource"))
    ]
    return sorted(groups, key=attrgetter("label"))


def rows_of(table: Data) -> list[Row]:
    """The rows of a manifest, or of `Host.options`."""
    return _rows(table["inputs"], table["labels"], table["input_schema"], "")


def _rows(inputs: Iterable[Data], labels: Data, schema: Data, path: str) -> list[Row]:
    """`schema`: of what they are inside of; `path`: its names, each with a dot behind it."""
    inside = schema.get("items", schema).get("properties", {})
    return [_row(row, labels, inside[row["name"]], path + row["name"]) for row in inputs]


def _row(row: Data, labels: Data, schema: Data, path: str) -> Row:
    free = "additionalProperties" in schema and "fields" not in row
    return Row(
        key=row["key"],
        name=row["name"],
        type="map" if free else row["type"],
        required=row["required"],
        optional=row["presence"] == "optional",
        description=_description(row),
        example=str(row["example"]),
        choices=_choices(row, labels, path),
        inside=_rows(row.get("fields", ()), labels, schema, f"{path}."),
    )


def _description(row: Data) -> str:
    """What it is and must be, in sentences; its choices are seen anyway."""
    words = row.get("enum", ())
    listed = (", ".join(words), " or ".join(words))
    rules = [rule for rule in row["rules"] if rule not in listed]
    return " ".join(f"{said}." for said in (row["description"], *rules))


def _choices(row: Data, labels: Data, path: str) -> list[tuple[str, Any]]:
    values = {word: word for word in row.get("enum", ())}
    if row["type"] == "boolean":
        values = {**YES_NO}
    return [(labels[f"{path}.{word}"], value) for word, value in values.items()]
