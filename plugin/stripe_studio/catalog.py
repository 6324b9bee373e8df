"""Which actions are there, by what they are about?"""

from collections.abc import Iterable, Mapping
from typing import Any

from stripe_studio.words import spoken

Entry = Mapping[str, Any]


def grouped(catalog: Iterable[Entry]) -> list[tuple[str, list[Entry]]]:
    """The actions by resource, in the order of the catalog: those of the action page first."""
    found: dict[str, list[Entry]] = {}
    for entry in catalog:
        found.setdefault(spoken(entry["resource"]), []).append(entry)
    return [*found.items()]
