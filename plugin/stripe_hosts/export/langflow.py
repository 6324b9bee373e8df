"""How do the actions become components of Langflow? An extension that runs them in its process."""

import json
import re
from collections.abc import Iterator, Mapping
from string import Template

from stripe_hosts.export import Files
from stripe_hosts.export.copied import copied
from stripe_hosts.export.package import Package
from stripe_hosts.export.rows import Data
from stripe_plugin.errors import UsageError
from stripe_plugin.host.host import Host
from stripe_plugin.host.manifest import describe_resources

# Langflow takes any installed package with an extension.json in it for an extension.
EXTENSION, COMPONENT = "extension.template", "component.template"
FOLDER = "stripe_langflow/components/stripe"
VERSIONED = ("pyproject.toml", "stripe_langflow/extension.json")
NOT_OF_NPM = "--{given} is for a package of npm, which langflow takes none of: leave it out"
NO_VERSION = "0.0.0"  # what they have instead of ours


def files(host: Host, package: Package) -> Files:
    """What the folder `langflow` has, and a component for each action."""
    if package.given:
        raise UsageError(NOT_OF_NPM.format(given=package.given[0]))
    made = copied("langflow")
    made["stripe_langflow/extension.json"] = made.pop(EXTENSION)
    version = host.about()["version"]
    for path in VERSIONED:
        made[path] = made[path].replace(NO_VERSION, version)
    component = Template(made.pop(COMPONENT))
    return made | dict(_components(host, component))


def _components(host: Host, component: Template) -> Iterator[tuple[str, str]]:
    """The file of each action: its path and its text."""
    for entry in host.catalog():
        name = re.sub(r"\W", "_", entry["id"])
        words = _words(host, entry["id"])
        yield f"{FOLDER}/{name}.py", component.substitute(words, name=_camel(name))


def _words(host: Host, action_id: str) -> Mapping[str, str]:
    """What tells one component from the others, as text of Python."""
    manifest = host.manifest(action_id)
    words = {
        "id": action_id,
        "display_name": manifest["name"],
        "description": manifest["description"],
        "documentation": manifest["docs_url"] or "",
        "icon": _icon(host, manifest),
    }
    return {name: json.dumps(text) for name, text in words.items()}


def _icon(host: Host, manifest: Data) -> str:
    """That of the resource, which Langflow has under the same name in its own spelling."""
    resources = describe_resources([host.action(manifest["id"])])
    icon = resources[manifest["resource"]]["icon"] or "credit-card"
    return _camel(icon.replace("-", "_"))


def _camel(name: str) -> str:
    return "".join(map(_capital, name.split("_")))


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]
