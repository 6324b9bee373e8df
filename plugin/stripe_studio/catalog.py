"""Which actions are there, by what they are about?"""

from collections.abc import Iterable, Mapping
from typing import Any

Entry = Mapping[str, Any]
Groups = list[tuple[str, list[Entry]]]


def grouped(catalog: Iterable[Entry], resources: Entry) -> Groups:
    """The actions by resource, in the order of the catalog: those of the action page first."""
    found: dict[str, list[Entry]] = {}
    for entry in catalog:
        label = resources[entry["resource"]]["label"]
        found.setdefault(label, []).append(entry)
    return [*found.items()]
