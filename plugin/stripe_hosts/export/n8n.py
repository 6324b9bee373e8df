"""How do the actions become a node of n8n? A community node that calls the HTTP door."""

import json
from collections.abc import Mapping

from stripe_plugin.host.host import Host


def files(host: Host) -> Mapping[str, str]:
    """The files of the package."""
    return {"package.json": json.dumps({"version": host.about()["version"]}, indent=2)}
