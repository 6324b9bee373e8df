"""What comes of pressing Run: an answer, what is wrong with the form, or why it was not done?"""

from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from stripe_flow.step import Step
from stripe_plugin.declare.action import Action
from stripe_plugin.errors import InvalidInputs, NodeError, StripeError
from stripe_plugin.host.asked import Asked, judged
from stripe_plugin.judge.values import NOTHING
from stripe_plugin.run.context import RunContext
from stripe_plugin.wire.request import Request
from stripe_studio.studio import Studio
from stripe_studio.trying import typed
from stripe_studio.trying.answered import Answered, answered
from stripe_studio.trying.copies import Copy, copies
from stripe_studio.trying.endpoint import rows_of
from stripe_studio.trying.form import amiss
from stripe_studio.trying.sheet import Sheet, new_run

Data = dict[str, Any]
Problem = Mapping[str, Any]
NOT_RIGHT = 422


@attrs.frozen(kw_only=True)
class Outcome:
    """What a page shows of a run beside the form."""

    sheet: Sheet
    status: int = 200
    problems: Sequence[Problem] = ()  # as `problems_at`
    failure: Mapping[str, Any] | None = None  # why it was not done, as `NodeError.as_dict`
    answer: Answered | None = None
    answer_run: str | None = None  # by which its secrets are asked for
    sent: Request | None = None
    copies: Sequence[Copy] = ()


def ran(studio: Studio, manifest: Mapping[str, Any], sheet: Sheet) -> Outcome:
    """Runs an action with what is on its form, as a run that the journal keeps."""
    rows = rows_of(studio.host, manifest, sheet.inputs)
    wrong = [*amiss(rows, sheet.inputs)]
    wrong += amiss(studio.option_rows, sheet.options, ("options",))
    if wrong:
        return Outcome(sheet=sheet, problems=wrong, status=NOT_RIGHT)
    inputs = typed.inputs(rows, sheet.inputs)
    options = typed.inputs(studio.option_rows, sheet.options)
    step = Step(manifest["id"], manifest["id"], inputs, options=options)
    try:
        action = _judged(studio, step, sheet.run_id)
        request = None if manifest["recipe"] else action.request()
    except NodeError as error:
        return attrs.evolve(Outcome(sheet=sheet), **_failed(error))
    texts = copies(step.action, rows, inputs, request)
    known = Outcome(sheet=sheet, sent=request, copies=texts)
    return _sent(studio, manifest, step, known)


def _judged(studio: Studio, step: Step, run_id: str) -> Action:
    """The action, if nothing is wrong with it: else it is told before a run is begun."""
    asked = Asked(step.inputs, step.options, NOTHING, ())
    action = studio.host.action(step.action)
    made, _ = judged(action, asked, RunContext(run_id=run_id))
    return made


def _sent(studio: Studio, manifest: Mapping[str, Any], step: Step, known: Outcome) -> Outcome:
    run_id = known.sheet.run_id
    try:
        result = studio.begin(run_id, step.action).step(step)
    except NodeError as error:
        return attrs.evolve(known, **_failed(error))
    studio.answers.keep(run_id, result)
    return attrs.evolve(
        known,
        sheet=attrs.evolve(known.sheet, run_id=new_run()),
        answer=answered(result, manifest["outputs"]),
        answer_run=run_id,
    )


def _failed(error: NodeError) -> Data:
    """Its words at the controls, or above the form."""
    facts = error.as_dict()
    if isinstance(error, InvalidInputs):
        return {"problems": facts["problems_at"], "status": error.http_status}
    problems = facts.get("problems_at") if isinstance(error, StripeError) else None
    return {"problems": problems or (), "failure": facts, "status": error.http_status}
