"""What comes of pressing Run: an answer, what is wrong with the form, or why it was not done?"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from stripe_flow.step import Step
from stripe_plugin.declare.action import Action
from stripe_plugin.errors import InvalidInputs, NodeError, StripeError
from stripe_plugin.host.advice import DECLINES
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
from stripe_studio.trying.typed import Row

Data = dict[str, Any]
Manifest = Mapping[str, Any]
Problem = Mapping[str, Any]
NOT_RIGHT = 422
NO_CARD = "has no attached payment source"  # as Stripe says it
NAMED = re.compile(r"`([a-z_]+)`")  # a parameter in a sentence of Stripe's


@attrs.frozen(kw_only=True)
class Outcome:
    """What a page shows of a run beside the form."""

    sheet: Sheet
    status: int = 200
    problems: Sequence[Problem] = ()  # as `problems_at`
    doubts: Sequence[Problem] = ()  # what looks wrong, and was sent all the same
    notes: Sequence[str] = ()  # what is told of the form itself
    cardless: str = ""  # the customer of the emulator's who has no card to pay with
    failure: Mapping[str, Any] | None = None  # why it was not done, as `NodeError.as_dict`
    advice: str = ""  # what to do about a declined card
    answer: Answered | None = None
    answer_run: str | None = None  # by which its secrets are asked for
    sent: Request | None = None
    copies: Sequence[Copy] = ()


@attrs.frozen
class Pressed:
    """Run, pressed on the form of an action."""

    studio: Studio
    manifest: Manifest
    sheet: Sheet

    @property
    def rows(self) -> Sequence[Row]:
        """Those of the form."""
        host, typed_in = self.studio.host, self.sheet.inputs
        return rows_of(host, self.manifest, typed_in)

    def ran(self) -> Outcome:
        """Runs the action with what is on the form, as a run that the journal keeps."""
        known = Outcome(sheet=self.sheet)
        wrong = self._amiss()
        if wrong:
            return attrs.evolve(known, problems=wrong, status=NOT_RIGHT)
        step = self._step()
        try:
            made = self._judged(step)
        except NodeError as error:
            return attrs.evolve(known, **_failed(error, self.rows))
        known = attrs.evolve(known, **self._sending(step, made))
        return self._sent(step, known)

    def _sending(self, step: Step, made: Action) -> Data:
        """What is told of an action that is sent, whatever comes of it."""
        request = None if self.manifest["recipe"] else made.request()
        command = self.studio.command
        return {
            "sent": request,
            "copies": copies(step.action, self.rows, step.inputs, request, command),
            "doubts": [each.as_dict() for each in made.warnings_at()],
        }

    def _amiss(self) -> list[Problem]:
        """What the host cannot be told."""
        rows, sheet = self.studio.option_rows, self.sheet
        inputs = amiss(self.rows, sheet.inputs)
        options = amiss(rows, sheet.options, ("options",))
        return [*inputs, *options]

    def _step(self) -> Step:
        action: str = self.manifest["id"]
        rows, sheet = self.studio.option_rows, self.sheet
        inputs = typed.inputs(self.rows, sheet.inputs)
        options = typed.inputs(rows, sheet.options)
        return Step(action, action, inputs, options=options)

    def _judged(self, step: Step) -> Action:
        """What will be sent. What is wrong is told before a run begins."""
        action = self.studio.host.action(step.action)
        asked = Asked(step.inputs, step.options, NOTHING, ())
        context = RunContext(run_id=self.sheet.run_id)
        made, _ = judged(action, asked, context)
        return made

    def _sent(self, step: Step, known: Outcome) -> Outcome:
        run_id = self.sheet.run_id
        try:
            run = self.studio.begin(run_id, step.action)
            result = run.step(step)
        except NodeError as error:
            told = _failed(error, self.rows)
            return attrs.evolve(known, cardless=self._cardless(error), **told)
        self.studio.answers.keep(run_id, result)
        return attrs.evolve(
            known,
            sheet=attrs.evolve(self.sheet, run_id=new_run()),
            answer=answered(result, self.manifest["outputs"]),
            answer_run=run_id,
        )

    def _cardless(self, error: NodeError) -> str:
        """The customer to whom a button of the emulator gives a card, where that is missing."""
        customer = self.sheet.inputs.get("customer")
        is_meant = self.studio.emulator is not None and NO_CARD in error.text
        return customer if is_meant and isinstance(customer, str) else ""


def _failed(error: NodeError, rows: typed.Rows) -> Data:
    """Its words at the controls, or above the form."""
    facts = error.as_dict()
    told: Data = {"status": error.http_status}
    if isinstance(error, InvalidInputs | StripeError):
        problems = facts["problems_at"]
        told["problems"] = [_innermost(each, rows) for each in problems]
    if not isinstance(error, InvalidInputs):
        told["failure"] = facts
        told["advice"] = DECLINES.get(facts.get("decline_code") or "", "")
    return told


def _innermost(problem: Problem, rows: typed.Rows) -> Problem:
    """At the one field of an object that the sentence names, where its path is the object's.

    Stripe says of `line_items[0]` that `quantity` is to be added to it.
    """
    place = problem["path"]
    named = {*NAMED.findall(problem["text"])}
    fields = [field["name"] for field in _fields_at(rows, place)]
    found = [name for name in fields if name in named]
    if len(found) != 1:
        return problem
    return {**problem, "path": [*place, *found]}


def _fields_at(rows: typed.Rows, place: Sequence[str | int]) -> typed.Rows:
    """Those of the object at a place; none where there is no object, but a list of them."""
    row = typed.row_at(rows, place)
    if "fields" not in row:
        return ()
    is_list = typed.is_items(row) and isinstance(place[-1], str)
    fields: typed.Rows = row["fields"]
    return () if is_list else fields
