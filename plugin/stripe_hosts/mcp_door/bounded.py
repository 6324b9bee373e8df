"""How much does a tool give a model that asks for a whole list? No more than it can read."""

from collections.abc import Mapping
from typing import Any

from stripe_plugin.declare.spec import Spec
from stripe_plugin.errors import InvalidInputs, Problem, Refused
from stripe_plugin.judge.table import Field
from stripe_plugin.judge.values import is_empty
from stripe_plugin.run.pages import ALL, BOUND

MOST = 200  # entries of one answer
GO_ON = "Go on behind the answer's cursor"
Inputs = Mapping[str, Any]
Schema = dict[str, Any]


def with_bound(properties: Schema) -> Schema:
    """The properties of a tool's inputs, in which the bound is said."""
    if ALL not in properties or BOUND not in properties:
        return properties
    most = dict(properties[BOUND])
    about = f"How many entries to read with all pages: at most {MOST} here, and {MOST} if empty."
    most |= {"description": f"{about} Only if Return All is true.", "maximum": MOST}
    return {**properties, BOUND: most}


def bounded(spec: Spec, inputs: Inputs) -> Inputs:
    """The inputs, in which a whole list has a bound. Raises `InvalidInputs` for one above it."""
    rows = {row.name: row for row in spec.rows}
    row = rows.get(BOUND)
    if row is None or ALL not in rows:
        return inputs
    if _typed(rows[ALL], inputs) is not True:
        return inputs
    if _given(row, inputs) is not None:
        _check(spec, row, _typed(row, inputs))
        return inputs
    others = dict(inputs)
    others.pop(row.key, None)
    return {**others, row.name: MOST}


def _check(spec: Spec, row: Field, most: Any) -> None:
    if type(most) is int and most > MOST:
        text = f"{row.key} must be at most {MOST} here, as a model reads the answer. {GO_ON}"
        wrong = Problem((row.name,), row.key, "between", text)
        raise InvalidInputs([wrong], spec.id)


def _given(row: Field, inputs: Inputs) -> Any:
    """What a row is given; None if that is nothing."""
    for word in (row.name, row.key):
        if not is_empty(inputs.get(word)):
            return inputs[word]
    return None


def _typed(row: Field, inputs: Inputs) -> Any:
    """The same in its type; None if that is nothing, or is left to the judgement to refuse."""
    try:
        return row.judge(_given(row, inputs), inputs)
    except Refused:
        return None
