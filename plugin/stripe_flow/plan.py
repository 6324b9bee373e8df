"""What would a flow do, in which order, and what does each step wait for?"""

from collections.abc import Iterator
from typing import Any

from stripe_flow.expressions import stands_on
from stripe_flow.flow import Flow
from stripe_flow.placed import PlacedStep
from stripe_flow.references import references, variable
from stripe_plugin.host.host import Host

Facts = dict[str, Any]


def planned(flow: Flow, host: Host) -> Facts:
    """The flow's inputs, by declaration, its steps, and what looks wrong in it, as JSON data."""
    return {
        "file": flow.name,
        "inputs": [parameter.as_dict() for parameter in flow.parameters],
        "steps": [_step(step, host) for step in flow.steps],
        "warnings": flow.warnings,
    }


def _step(step: PlacedStep, host: Host) -> Facts:
    """`hints` are the action's; `waits_for` names steps; `if` is true where nothing is asked."""
    spec = host.action(step.action).spec
    return {
        "step": step.id,
        "line": step.line,
        "action": step.action,
        "name": spec.name,
        "hints": spec.hints,
        "waits_for": [*dict.fromkeys(_awaited(step))],
        "if": step.when,
        "foreach": step.foreach,
        "on_error": step.on_error if step.loops else None,
        "all": step.all,
        "most": step.most if step.all else None,
    }


def _awaited(step: PlacedStep) -> Iterator[str]:
    """The steps that its references and expressions stand on."""
    for expression in _expressions(step):
        if variable(expression):
            continue
        for root, *names in stands_on(expression):
            if root == "steps":
                yield names[0]


def _expressions(step: PlacedStep) -> Iterator[str]:
    for _, expression in step.expressions:
        yield expression
    for _, _, value in step.values:
        yield from references(value)
    if isinstance(step.foreach, list):
        yield from references(step.foreach)
