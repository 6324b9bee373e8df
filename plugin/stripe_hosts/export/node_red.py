"""How do the actions become a node of Node-RED? One node, which draws what the HTTP door offers."""

import json
from collections.abc import Mapping

from stripe_hosts.export.copied import as_text, copied
from stripe_plugin.host.host import Host


def files(host: Host) -> Mapping[str, str]:
    """What the folder `node_red` has; the actions are asked for while somebody draws."""
    made = copied("node_red")
    package = json.loads(made["package.json"])
    about = host.about()
    package["version"] = about["version"]
    package["stripe-nodes"]["manifest"] = about["manifest_version"]
    return {**made, "package.json": as_text(package)}
