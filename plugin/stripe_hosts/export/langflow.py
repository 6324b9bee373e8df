"""How do the actions become components of Langflow? An extension, which runs them in its process."""

import json
import re
from collections.abc import Mapping
from importlib import resources
from typing import Any

from stripe_plugin.host.host import Host
from stripe_plugin.host.manifest import describe_resources

PACKAGE = "stripe_langflow"
BUNDLE = "components/stripe"

COMPONENT = '''"""Which action is this? Langflow wants a file for each."""

from {package}.component import Component, Data, Message, Output, StripeAction


class {name}Component(StripeAction, Component):
    """An action of Stripe."""

    action = {id}
    name = "Stripe{name}"
    display_name = {display_name}
    description = {description}
    documentation = {documentation}
    icon = {icon}
    inputs = StripeAction.drawn(action)
    outputs = [
        Output(display_name="Answer", name="stripe_answer", method="stripe_answer"),{port}
    ]

    def stripe_answer(self) -> Data:
        """Stripe's object."""
        return Data(data=self.run_once())
'''
IDENTITY = '''
    def stripe_id(self) -> Message:
        """Its ID."""
        return Message(text=self.run_once()["id"])
'''
PORT = """
        Output(display_name="ID", name="stripe_id", method="stripe_id"),"""
EXTENSION: Mapping[str, Any] = {
    "$schema": "https://schemas.langflow.org/extension/v1.json",
    "id": "stripe-nodes",
    "name": "Stripe",
    "description": "Stripe's actions as components.",
    "lfx": {"compat": ["1"]},
    "capabilities": {"requiresCredentials": True},
    "bundles": [{"name": "stripe", "path": BUNDLE, "display_name": "Stripe", "icon": "CreditCard"}],
}
PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "stripe-nodes-langflow"
version = "{version}"
description = "Stripe's actions as components of Langflow."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["stripe-nodes=={version}", "lfx>=1.13,<2"]

[project.entry-points."langflow.extensions"]
stripe = "{package}"

[tool.hatch.build.targets.wheel]
packages = ["{package}"]
"""
README = """\
# Stripe in Langflow

`pip install .` in this folder, beside Langflow: the group Stripe is in its sidebar. A component's inputs are the rows of
an action; what is left empty or `(unset)` is not sent. Whose account it is says the variable STRIPE_API_KEY of Langflow,
or of its environment; `emulator` is a small Stripe of this process. `ID` plugs into whatever takes text; `Answer`
is Stripe's object as it is, with its client secrets.
"""


def files(host: Host) -> Mapping[str, str]:
    """The text of each file of a package that is installed beside Langflow."""
    version = host.about()["version"]
    named = {"version": version, "package": PACKAGE}
    made = {
        "README.md": README,
        "pyproject.toml": PROJECT.format(**named),
        f"{PACKAGE}/__init__.py": '"""Which actions of Stripe does Langflow have?"""\n',
        f"{PACKAGE}/extension.json": _json({**EXTENSION, "version": version}),
        f"{PACKAGE}/component.py": _shared(),
    }
    for entry in host.catalog():
        name = re.sub(r"\W", "_", entry["id"])
        made[f"{PACKAGE}/{BUNDLE}/{name}.py"] = _component(host, entry["id"], _camel(name))
    return made


def _json(data: Any) -> str:
    return json.dumps(data, indent=2) + "\n"


def _shared() -> str:
    """What all components inherit; it is read here, and imported only beside Langflow."""
    found = resources.files("stripe_hosts.export").joinpath("langflow_files", "component.py")
    return found.read_text("utf-8")


def _component(host: Host, action_id: str, name: str) -> str:
    """The file of an action, in which everything is data of its manifest."""
    manifest = host.manifest(action_id)
    has_id = any(output["path"] == "id" for output in manifest["outputs"])
    text = COMPONENT.format(
        package=PACKAGE,
        name=name,
        id=json.dumps(action_id),
        display_name=json.dumps(manifest["name"]),
        description=json.dumps(manifest["description"]),
        documentation=json.dumps(manifest["docs_url"] or ""),
        icon=json.dumps(_icon(host, action_id, manifest["resource"])),
        port=PORT if has_id else "",
    )
    return text + IDENTITY if has_id else text


def _icon(host: Host, action_id: str, resource: str) -> str:
    """That of the resource, which Langflow has under the same name in its own spelling."""
    found = describe_resources([host.action(action_id)])[resource]["icon"]
    return _camel((found or "credit-card").replace("-", "_"))


def _camel(name: str) -> str:
    return "".join(part[:1].upper() + part[1:] for part in name.split("_"))
