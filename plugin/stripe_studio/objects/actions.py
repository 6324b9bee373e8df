"""Which actions list a kind of objects, retrieve one, or take one?"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import attrs

from stripe_plugin.host.host import Host
from stripe_studio.objects.states import unless
from stripe_studio.objects.told import Object

Data = Mapping[str, Any]
Inputs = Mapping[str, str]
PLACES_IN_LISTS = {"starting_after", "ending_before"}
# The same action for something that a button says more shortly: action → label, inputs.
SHORTCUTS = {"pay_invoice": ("Mark as paid out of band", {"paid_out_of_band": "true"})}


@attrs.frozen
class Taking:
    """A form of Try that has the object's ID filled in."""

    label: str
    summary: str
    address: str
    destructive: bool
    unless: str  # why not as the object is now; empty if it is taken


class Actions:
    """The actions of a host, by the kinds of objects that they are about."""

    def __init__(self, host: Host, resources: dict[str, Any]) -> None:
        self._host = host
        #: What is known of each kind: label, plural, prefix, the action that lists it.
        self.resources = resources

    @cached_property
    def _manifests(self) -> list[Data]:
        ids = [entry["id"] for entry in self._host.catalog()]
        return [*map(self._host.manifest, ids)]

    @cached_property
    def retrieving(self) -> dict[str, Data]:
        """The action that retrieves one by its ID alone, by kind."""
        found = [each for each in self._manifests if _retrieves(each)]
        return {manifest["resource"]: manifest for manifest in found}

    def template(self, kind: str) -> str | None:
        """How a person knows one of a kind, as a label of its fields."""
        resource = self.resources.get(kind, {})
        found: str | None = resource.get("shown_by")
        return found

    def kind_of(self, identity: str) -> str | None:
        """What an ID is of, by how it begins."""
        kinds: dict[str, str] = {}
        for kind, each in self.resources.items():
            prefix = each["prefix"]
            if prefix and identity.startswith(prefix):  # some kinds are named freely
                kinds[prefix] = kind
        longest = max(kinds, key=len, default="")
        return kinds.get(longest)

    def taking(self, obj: Object) -> list[Taking]:
        """The actions that take such an object, in the order of the catalog."""
        kind = str(obj["object"])
        identity = str(obj["id"])
        found: list[Taking] = []
        for manifest in self._manifests:
            row = _row_for(manifest, kind)
            if row is not None:
                why = unless(obj, manifest["id"])
                found += _forms(manifest, {row["name"]: identity}, why)
        return found


def _retrieves(manifest: Data) -> bool:
    by_id = manifest["path"].endswith("}")
    if manifest["method"] != "GET" or not by_id:
        return False
    rows = needed(manifest)
    kind = manifest["resource"]
    return len(rows) == 1 and _refers(rows[0], kind)


def needed(manifest: Data) -> list[Data]:
    """The rows that must be filled."""
    rows = manifest["inputs"]
    return [row for row in rows if row["presence"] == "required"]


def _refers(row: Data, kind: str) -> bool:
    reference = row.get("reference")
    return reference is not None and reference["resource"] == kind


def _row_for(manifest: Data, kind: str) -> Data | None:
    rows: list[Data] = manifest["inputs"]
    for row in rows:
        is_place = row["name"] in PLACES_IN_LISTS
        if _refers(row, kind) and not is_place:
            return row
    return None


def _forms(manifest: Data, inputs: Inputs, why: str) -> Iterator[Taking]:
    yield _form(manifest, manifest["name"], inputs, why)
    if manifest["id"] in SHORTCUTS:
        label, more = SHORTCUTS[manifest["id"]]
        yield _form(manifest, label, {**inputs, **more}, why)


def _form(manifest: Data, label: str, inputs: Inputs, why: str) -> Taking:
    fields = {f"in:{name}": value for name, value in inputs.items()}
    return Taking(
        label=label,
        summary=manifest["summary"],
        address=f"/try/{manifest['id']}?{urlencode(fields)}",
        destructive=manifest["hints"]["destructive"],
        unless=why,
    )
