"""How do the actions become a node of Node-RED? One node, which draws what the HTTP door offers."""

import json

from stripe_hosts.export import Files
from stripe_hosts.export.copied import as_text, packaged
from stripe_hosts.export.package import Package
from stripe_plugin.host.host import Host


def files(host: Host, package: Package) -> Files:
    """What the folder `node_red` has; the actions are asked for while somebody draws."""
    about = host.about()
    made = packaged("node_red", about["version"], package)
    described = json.loads(made["package.json"])
    described["stripe-nodes"]["manifest"] = about["manifest_version"]
    return {**made, "package.json": as_text(described)}
