"""Which actions list a kind of objects, retrieve one, or take one?"""

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import attrs

from stripe_plugin.host.host import Host
from stripe_plugin.host.manifest import describe_resources

Data = Mapping[str, Any]
PLACES_IN_LISTS = {"starting_after", "ending_before"}
#: The same action for something that a button says more shortly: action → label, inputs.
SHORTCUTS = {"pay_invoice": ("Mark as paid out of band", {"paid_out_of_band": "true"})}


@attrs.frozen
class Taking:
    """A form of Try that has the object's ID filled in."""

    label: str
    summary: str
    address: str
    destructive: bool


class Actions:
    """The actions of a host, by the kinds of objects that they are about."""

    def __init__(self, host: Host) -> None:
        self._host = host

    @cached_property
    def resources(self) -> dict[str, Any]:
        """What is known of each kind: label, plural, prefix, the action that lists it."""
        classes = [self._host.action(entry["id"]) for entry in self._host.catalog()]
        return describe_resources(classes)

    @cached_property
    def _manifests(self) -> list[Data]:
        return [self._host.manifest(entry["id"]) for entry in self._host.catalog()]

    @cached_property
    def retrieving(self) -> dict[str, Data]:
        """The action that retrieves one by its ID alone, by kind."""
        found = [each for each in self._manifests if _retrieves(each)]
        return {manifest["resource"]: manifest for manifest in found}

    def template(self, kind: str) -> str | None:
        """How a person knows one of a kind, as a label of its fields."""
        found: str | None = self.resources.get(kind, {}).get("shown_by")
        return found

    def kind_of(self, identity: str) -> str | None:
        """What an ID is of, by how it begins."""
        prefixes = {each["prefix"]: kind for kind, each in self.resources.items() if each["prefix"]}
        fitting = [prefix for prefix in prefixes if identity.startswith(prefix)]
        return prefixes[max(fitting, key=len)] if fitting else None

    def taking(self, kind: str, identity: str) -> list[Taking]:
        """The actions that take an object of a kind, in the order of the catalog."""
        found: list[Taking] = []
        for manifest in self._manifests:
            row = _row_for(manifest, kind)
            if row is not None:
                found += _forms(manifest, {row["name"]: identity})
        return found


def _retrieves(manifest: Data) -> bool:
    inputs = manifest["inputs"]
    by_id = manifest["method"] == "GET" and manifest["path"].endswith("}")
    needed = [row for row in inputs if row["presence"] == "required"]
    return bool(by_id and len(needed) == 1 and _refers(needed[0], manifest["resource"]))


def _refers(row: Data, kind: str) -> bool:
    reference = row.get("reference")
    return reference is not None and reference["resource"] == kind


def _row_for(manifest: Data, kind: str) -> Data | None:
    rows = [row for row in manifest["inputs"] if row["name"] not in PLACES_IN_LISTS]
    return next((row for row in rows if _refers(row, kind)), None)


def _forms(manifest: Data, inputs: Mapping[str, str]) -> Iterator[Taking]:
    yield _form(manifest, manifest["name"], inputs)
    if manifest["id"] in SHORTCUTS:
        label, more = SHORTCUTS[manifest["id"]]
        yield _form(manifest, label, {**inputs, **more})


def _form(manifest: Data, label: str, inputs: Mapping[str, str]) -> Taking:
    query = urlencode({f"in:{name}": value for name, value in inputs.items()})
    return Taking(
        label=label,
        summary=manifest["summary"],
        address=f"/try/{manifest['id']}?{query}",
        destructive=manifest["hints"]["destructive"],
    )
