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
    listed: str | None  # the display keys to it, if `Host.choices` lists what it takes
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
    place = _Place(table["labels"], table["input_schema"])
    return place.rows(table["inputs"])


@attrs.frozen
class _Place:
    """Where rows stand."""

    labels: Mapping[str, str]  # of choices, by path and value
    schema: Data  # of the object that they are in, or of a list of such
    path: tuple[str, ...] = ()  # names
    keys: tuple[str, ...] = ()  # display keys

    def rows(self, inputs: Iterable[Data]) -> list[Row]:
        """Those that stand here."""
        return [self._row(each) for each in inputs]

    def _row(self, row: Data) -> Row:
        inside = self._below(row)
        return Row(
            key=row["key"],
            name=row["name"],
            type="map" if inside.is_map() else row["type"],
            required=row["required"],
            optional=row["presence"] == "optional",
            description=_description(row),
            example=str(row["example"]),
            choices=inside.choices(row),
            listed=inside.listed(row),
            inside=inside.rows(row.get("fields", ())),
        )

    def _below(self, row: Data) -> "_Place":
        table = self.schema.get("items", self.schema)
        name = row["name"]
        key = row["key"]
        path = (*self.path, name)
        keys = (*self.keys, key)
        return _Place(self.labels, table["properties"][name], path, keys)

    def is_map(self) -> bool:
        """Whether it has no names of its own."""
        return self.schema.get("additionalProperties", False) is not False

    def listed(self, row: Data) -> str | None:
        """How `Host.choices` finds it; what hangs on other rows is typed."""
        reference = row.get("reference")
        if reference is None or row["type"] != "string":
            return None
        alone = reference["listed_by"] and not reference["depends_on"]
        return " › ".join(self.keys) if alone else None

    def choices(self, row: Data) -> list[tuple[str, Any]]:
        """What a row may be: labels and values."""
        values = YES_NO
        if row["type"] != "boolean":
            values = {word: word for word in row.get("enum", ())}
        return [(self._label(word), value) for word, value in values.items()]

    def _label(self, word: str) -> str:
        """How a choice is shown; one of Stripe's own values, that may be others, has no label."""
        path = ".".join((*self.path, word))
        as_words = word.replace("_", " ").capitalize()
        return self.labels.get(path, as_words)


def _description(row: Data) -> str:
    """What it is and must be, in sentences; its choices are seen anyway."""
    words = row.get("enum", ())
    listed = (", ".join(words), " or ".join(words))
    rules = [rule for rule in row["rules"] if rule not in listed]
    sentences = [f"{said}." for said in (row["description"], *rules)]
    return " ".join(sentences)
