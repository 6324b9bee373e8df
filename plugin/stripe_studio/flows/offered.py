"""What may a step take of the steps before it? Their outputs, as references."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from stripe_flow.parameters import Parameter
from stripe_flow.placed import PlacedStep
from stripe_plugin.errors import UsageError
from stripe_plugin.host.host import Host

EACH = "[]"  # in the path of a field that every entry of a list has
FIRST = "[0]"


Steps = Iterable[PlacedStep]
Inputs = Iterable[Parameter]
ByStep = list[tuple[str, list["Offer"]]]


@attrs.frozen(kw_only=True)
class Offer:
    """One output of an earlier step, or an input of the flow."""

    step: str  # its ID; empty for an input of the flow
    text: str  # ${{ steps.price.id }}
    label: str
    about: str  # its type and what it is the ID of
    resource: str | None = None
    is_own: bool = False  # the ID of what the step answers with

    def rank(self, wanted: str) -> int:
        """Where it comes among others, when the ID of such a resource is wanted."""
        if self.resource != wanted:
            return 2
        return 0 if self.is_own else 1


def offers(host: Host, steps: Steps, inputs: Inputs, wanted: str | None = None) -> list[Offer]:
    """All that there is; IDs of the resource that is wanted come first."""
    found = [*_inputs(inputs)]
    for step in steps:
        found += _outputs(host, step)
    if wanted is None:
        return found
    return sorted(found, key=lambda offer: offer.rank(wanted))


def by_step(found: Iterable[Offer]) -> ByStep:
    """Those of each step, in the order of the steps."""
    listed: dict[str, list[Offer]] = {}
    for offer in found:
        listed.setdefault(offer.step, []).append(offer)
    return [*listed.items()]


def _inputs(inputs: Inputs) -> Iterator[Offer]:
    for each in inputs:
        yield Offer(
            step="",
            text=_written("inputs", each.name),
            label=each.description or each.name,
            about=each.type,
        )


def _outputs(host: Host, step: PlacedStep) -> Iterator[Offer]:
    try:
        outputs = host.manifest(step.action)["outputs"]
    except UsageError:  # it is told as a mistake
        return
    if step.id:
        yield from (_output(step, field) for field in outputs)


def _output(step: PlacedStep, field: Mapping[str, Any]) -> Offer:
    """Of a list, and of a step that is done for each of many, the first is offered."""
    path = field["path"].replace(EACH, FIRST)
    root = f"{step.id}{FIRST}" if step.loops else step.id
    label = field["label"]
    if step.loops or EACH in field["path"]:
        label = f"{label}, of the first"
    return Offer(
        step=step.id,
        text=_written("steps", root, path),
        label=label,
        about=field["unit"] or field["type"],
        resource=field["resource"],
        is_own=field["path"] == "id",
    )


def _written(*names: str) -> str:
    path = ".".join(names)
    return f"${{{{ {path} }}}}"
