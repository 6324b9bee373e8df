"""Does a reference name a field that the answer of its step has, as far as that is known before?

Stripe's document knows the fields, and Stripe may add some: what it does not know is doubtful, and
no mistake.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from stripe_flow.expressions import shown, stands_on
from stripe_flow.placed import PlacedStep
from stripe_flow.reading import Problem
from stripe_flow.references import references, variable
from stripe_plugin.errors import near
from stripe_plugin.host.host import Host
from stripe_plugin.judge.values import is_list

WHOLE = ("cursor", "requests")  # what a list that is read to its end has beside a page's fields
Schema = Mapping[str, Any]
Schemas = Mapping[str, Schema]  # by step
Problems = Iterator[Problem]


def answer_of(step: PlacedStep, host: Host) -> Schema | None:
    """The schema of a step's output; None if it is a list of outputs, or of a shape of its own."""
    action = host.action(step.action)
    if step.loops or not action.spec.answer.is_fixed:
        return None
    schema: Schema = host.manifest(step.action)["output_schema"]
    properties = schema.get("properties", {})
    if "data" not in properties:
        return schema
    more: dict[str, Schema] = {name: {} for name in WHOLE}
    return {**schema, "properties": {**properties, **more}}


def doubtful(step: PlacedStep, answers: Schemas) -> Problems:
    """Each reference of a step, which parses, that leads to no known field of an earlier one."""
    for word, key, expression in _expressions(step):
        for root, *names in () if variable(expression) else stands_on(expression):
            schema = answers.get(names[0]) if root == "steps" and names else None
            doubt = _doubt(schema, names) if schema is not None else None
            if doubt:
                text = f"{step.name} › {key or word}: {shown(expression)}: {doubt}"
                yield step.problem(text, *filter(None, (word, key)))


def _expressions(step: PlacedStep) -> Iterator[tuple[str, str, str]]:
    """Word, key and expression, of all that it stands on."""
    for word, expression in step.expressions:
        yield word, "", expression
    for word, key, value in step.values:
        for expression in references(value):
            yield word, key, expression
    if is_list(step.foreach):
        for expression in references(step.foreach):
            yield "foreach", "", expression


def _doubt(schema: Schema, names: list[str]) -> str | None:
    """What is doubtful in the names that begin with a step's, as a sentence."""
    path, *fields = names
    for name in fields:
        if schema.get("type") == "array":
            return (
                f"{path} is a list: write {path}[0].{name} for its first, {path}[].{name} for all."
            )
        known = schema.get("properties")
        if known is None:
            return None
        if name not in known:
            return f"{path} has no field {name} that Stripe documents{near(name, known)}."
        schema = known[name]
        path = f"{path}.{name}"
    return None
