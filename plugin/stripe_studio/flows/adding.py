"""How does a form become a step behind others?"""

from collections.abc import Sequence
from typing import Any

import attrs

from stripe_flow.parameters import IDENTITY
from stripe_flow.placed import PlacedStep
from stripe_flow.references import resolved
from stripe_plugin.errors import InvalidInputs, Problem, UsageError
from stripe_plugin.host.host import Host
from stripe_plugin.judge.values import NOTHING
from stripe_plugin.secrets import shown
from stripe_studio.flows import written
from stripe_studio.flows.offered import offers
from stripe_studio.flows.sheet import STEP, Sheet
from stripe_studio.trying import typed
from stripe_studio.trying.form import Control, Form, Problems, amiss, element

Data = dict[str, Any]
Rows = Sequence[Data]
Steps = Sequence[PlacedStep]
LATER = "unknown"  # the rule of what is known only when the flow runs
NO_ID = "The step's ID has letters, digits and _, and begins with no digit; got"


@attrs.frozen(kw_only=True)
class Adding:
    """The form of a step that is to be added."""

    manifest: Data
    step_id: str
    inputs: typed.Tree
    problems: Sequence[Data] = ()  # as `problems_at`
    wrong_id: str = ""

    @property
    def rows(self) -> Rows:
        """The rows of its action."""
        rows: Rows = self.manifest["inputs"]
        return rows

    @property
    def controls(self) -> list[Control]:
        """A control for each row."""
        problems = Problems(self.problems)
        return Form(prefix=STEP, problems=problems).controls(self.rows, self.inputs)

    @property
    def summary(self) -> list[Data]:
        """Each problem with the element that it is about."""
        found = [_pointed(each) for each in self.problems]
        wrong = {"text": self.wrong_id, "at": "step_id"}
        return [wrong, *found] if self.wrong_id else found


def _pointed(problem: Data) -> Data:
    return {"text": problem["text"], "at": element(STEP, problem["path"])}


def is_known(host: Host, action: str) -> bool:
    """Whether there is such an action."""
    try:
        host.action(action)
    except UsageError:
        return False
    return True


def row_at(rows: Rows, place: str) -> Data:
    """The row at a place of the form, such as `items.0.price`; an empty one where there is none."""
    row: Data = {}
    for step in place.split("."):
        named = {each["name"]: each for each in rows}
        row = named.get(step, row)  # a position in a list names no row
        rows = row.get("fields", rows)
    return row


def blank(host: Host, action: str, steps: Steps) -> Adding:
    """A form in which nothing is typed but what the steps before it surely gave for it."""
    manifest = host.manifest(action)
    taken = [step.id for step in steps]
    inputs = _filled(host, manifest["inputs"], steps)
    return Adding(manifest=manifest, step_id=written.free_id(action, taken), inputs=inputs)


def _filled(host: Host, rows: Rows, steps: Steps) -> typed.Tree:
    """The IDs that must be given, of the step that made such an object last."""
    alone = [step for step in steps if not step.loops]
    own = [offer for offer in offers(host, alone, ()) if offer.is_own]
    made = {offer.resource: offer.text for offer in own}
    found: typed.Tree = {}
    for row in rows:
        reference = row.get("reference") or NOTHING
        text = made.get(reference.get("resource"))
        if text and row["presence"] != "optional":
            found[row["name"]] = text
    return found


def typed_in(host: Host, sheet: Sheet) -> Adding:
    """The form as it was sent, with nothing judged."""
    manifest = host.manifest(sheet.action)
    return Adding(manifest=manifest, step_id=sheet.step_id, inputs=sheet.step)


def judged(host: Host, form: Adding, steps: Steps) -> Adding:
    """The form with what is wrong in it; references are judged when they bring something."""
    action = host.action(form.manifest["id"])
    problems = [*amiss(form.rows, form.inputs)]
    given = typed.inputs(form.rows, form.inputs)
    try:
        action.read(resolved(given, NOTHING, early=True))
    except InvalidInputs as error:
        problems += _now(error.problems_at)
    return attrs.evolve(form, problems=problems, wrong_id=_wrong_id(form.step_id, steps))


def _now(problems: Sequence[Problem]) -> list[Data]:
    """Those that are known now."""
    return [problem.as_dict() for problem in problems if problem.rule != LATER]


def _wrong_id(step_id: str, steps: Steps) -> str:
    if not IDENTITY.fullmatch(step_id):
        return f"{NO_ID} {shown(step_id)}."
    taken = any(step.id == step_id for step in steps)
    return f"Another step has the ID {step_id}." if taken else ""


def with_step(text: str, form: Adding) -> str:
    """The text with the step behind the others. Raises `UsageError` where that cannot be."""
    step: Data = {"id": form.step_id, "action": form.manifest["id"]}
    given = typed.inputs(form.rows, form.inputs)
    if given:
        step["inputs"] = written.keyed(form.rows, given)
    return written.appended(text, step)
