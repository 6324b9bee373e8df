"""Which actions are there, by what they are about?"""

from collections.abc import Mapping
from typing import Any

from stripe_plugin.host.host import Host
from stripe_plugin.host.manifest import describe_resources

Entry = Mapping[str, Any]


def grouped(host: Host) -> list[tuple[str, list[Entry]]]:
    """The actions by resource, in the order of the catalog: those of the action page first."""
    catalog = host.catalog()
    resources = describe_resources(host.action(entry["id"]) for entry in catalog)
    found: dict[str, list[Entry]] = {}
    for entry in catalog:
        label = resources[entry["resource"]]["label"]
        found.setdefault(label, []).append(entry)
    return [*found.items()]
