"""How is one object shown: as labelled facts, as a tree, and as its JSON, without secrets?"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from stripe_plugin.secrets import without_secrets
from stripe_studio.objects.told import AMOUNTS, Object
from stripe_studio.trying.answered import MONEY, TIME, Fact, facts_of
from stripe_studio.words import spoken

# What is told first of objects that no action retrieves.
PLAIN = """id type status reason customer subscription invoice payment_intent charge price product
    description quantity""".split()
TIMES = ("created", "frozen_time", "expires_at")


@attrs.frozen
class Shown:
    """An object for a page."""

    facts: Sequence[Fact]
    output: Any

    @property
    def json(self) -> str:
        """The whole."""
        return json.dumps(self.output, indent=2, ensure_ascii=False)


def shown(obj: Object, manifest: Mapping[str, Any] | None) -> Shown:
    """By the fields that people pick first, as `manifest` of the action that retrieves it says."""
    output = without_secrets({**obj})
    outputs = manifest["outputs"] if manifest else _plain(obj)
    return Shown([*facts_of(output, outputs)], output)


def _plain(obj: Object) -> list[dict[str, Any]]:
    kind = str(obj.get("object"))
    units = {**dict.fromkeys(PLAIN), AMOUNTS.get(kind, "amount"): MONEY}
    units |= dict.fromkeys(TIMES, TIME)
    there = [name for name in units if isinstance(obj.get(name), str | int)]
    return [_output(name, units[name]) for name in there]


def _output(name: str, unit: str | None) -> dict[str, Any]:
    """A field as a manifest would tell it."""
    label = "ID" if name == "id" else spoken(name)
    return {"path": name, "label": label, "unit": unit}
