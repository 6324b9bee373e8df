"""What do all targets draw of an action's rows? Their words, choices and what is inside of them."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
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
    type: str  # of JSON
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
    """The actions by resource, in the order of their names."""
    catalog = sorted(host.catalog(), key=itemgetter("resource"))
    resources = describe_resources(host.action(entry["id"]) for entry in catalog)
    return [
        Group(name, resources[name]["label"], [*entries])
        for name, entries in groupby(catalog, itemgetter("resource"))
    ]


def rows_of(table: Data) -> list[Row]:
    """The rows of a manifest, or of `Host.options`."""
    return _rows(table["inputs"], table["labels"], "")


def _rows(inputs: Iterable[Data], labels: Data, path: str) -> list[Row]:
    """`path`: the names of what they are inside of, each with a dot behind it."""
    return [_row(row, labels, path + row["name"]) for row in inputs]


def _row(row: Data, labels: Data, path: str) -> Row:
    sentences = (row["description"], *row["rules"])
    return Row(
        key=row["key"],
        name=row["name"],
        type=row["type"],
        required=row["required"],
        optional=row["presence"] == "optional",
        description=" ".join(f"{said}." for said in sentences),
        example=str(row["example"]),
        choices=_choices(row, labels, path),
        inside=_rows(row.get("fields", ()), labels, f"{path}."),
    )


def _choices(row: Data, labels: Data, path: str) -> list[tuple[str, Any]]:
    values = {word: word for word in row.get("enum", ())}
    if row["type"] == "boolean":
        values = {**YES_NO}
    return [(labels[f"{path}.{word}"], value) for word, value in values.items()]
