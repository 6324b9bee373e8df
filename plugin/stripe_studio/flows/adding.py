"""How does a form become a step behind others?"""

from collections.abc import Sequence
from typing import Any

import attrs

from stripe_flow.judged import sent_surely
from stripe_flow.parameters import IDENTITY
from stripe_flow.placed import PlacedStep
from stripe_flow.references import references, resolved
from stripe_plugin.declare.options import Options
from stripe_plugin.errors import InvalidInputs, Problem, UsageError
from stripe_plugin.host.host import Host
from stripe_plugin.judge.values import NOTHING
from stripe_plugin.secrets import shown
from stripe_studio.flows import written
from stripe_studio.flows.offered import offers
from stripe_studio.flows.sheet import STEP, STEP_OPTIONS, Sheet
from stripe_studio.steps import as_yaml, keyed
from stripe_studio.studio import Studio
from stripe_studio.trying import typed
from stripe_studio.trying.form import OPTIONS, Control, Form, Problems, amiss, pointed
from stripe_studio.trying.typed import Rows

Data = dict[str, Any]
Steps = Sequence[PlacedStep]
LATER = "unknown"  # the rule of what is known only when the flow runs
NO_ID = "The step's ID has letters, digits and _, and begins with no digit; got"


@attrs.frozen(kw_only=True)
class Adding:
    """The form of a step that is to be added."""

    manifest: Data
    option_rows: Rows
    step_id: str
    inputs: typed.Tree
    options: typed.Tree = attrs.field(factory=dict[str, Any])
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
        form = Form(prefix=STEP, problems=Problems(self.problems))
        return form.controls(self.rows, self.inputs)

    @property
    def option_controls(self) -> list[Control]:
        """One for each option of its run."""
        problems = Problems(self.problems)
        form = Form(prefix=STEP_OPTIONS, problems=problems, above=(OPTIONS,))
        return form.controls(self.option_rows, self.options)

    @property
    def given(self) -> Data:
        """Its inputs, as they are typed."""
        return typed.inputs(self.rows, self.inputs)

    @property
    def given_options(self) -> Data:
        """Its options, as they are typed."""
        return typed.inputs(self.option_rows, self.options)

    @property
    def summary(self) -> list[Data]:
        """Each problem with the element that it is about."""
        found = [pointed(each, STEP, STEP_OPTIONS) for each in self.problems]
        wrong = {"text": self.wrong_id, "at": "step_id"}
        return [wrong, *found] if self.wrong_id else found


def is_known(host: Host, action: str) -> bool:
    """Whether there is such an action."""
    try:
        host.action(action)
    except UsageError:
        return False
    return True


def known(found: typed.Tree) -> typed.Tree:
    """What is typed, without what is known only when the flow runs."""
    names = [name for name in found if not any(references(found[name]))]
    return {name: found[name] for name in names}


def blank(studio: Studio, action: str, steps: Steps) -> Adding:
    """A form in which nothing is typed but what the steps before it surely gave for it."""
    manifest = studio.host.manifest(action)
    taken = [step.id for step in steps]
    return Adding(
        manifest=manifest,
        option_rows=studio.option_rows,
        step_id=written.free_id(action, taken),
        inputs=_filled(studio.host, manifest["inputs"], steps),
    )


def _filled(host: Host, rows: Rows, steps: Steps) -> typed.Tree:
    """The IDs that must be given, of the step that made such an object last."""
    alone = [step for step in steps if not step.loops]
    made: dict[str | None, str] = {}
    for offer in offers(host, alone, ()):
        if offer.is_own:
            made[offer.resource] = offer.text
    found: typed.Tree = {}
    for row in rows:
        reference = row.get("reference") or NOTHING
        text = made.get(reference.get("resource"))
        if text and row["presence"] != "optional":
            found[row["name"]] = text
    return found


def typed_in(studio: Studio, sheet: Sheet) -> Adding:
    """The form as it was sent, with nothing judged."""
    return Adding(
        manifest=studio.host.manifest(sheet.action),
        option_rows=studio.option_rows,
        step_id=sheet.step_id,
        inputs=sheet.step,
        options=sheet.step_options,
    )


def judged(host: Host, form: Adding, steps: Steps) -> Adding:
    """The form with what is wrong in it; references are judged when they bring something."""
    problems = [
        *amiss(form.rows, form.inputs),
        *amiss(form.option_rows, form.options, (OPTIONS,)),
        *_refused(host, form),
    ]
    wrong_id = _wrong_id(form.step_id, steps)
    return attrs.evolve(form, problems=problems, wrong_id=wrong_id)


def _refused(host: Host, form: Adding) -> list[Data]:
    """What the action and its run refuse, as far as it is known now."""
    action = host.action(form.manifest["id"])
    inputs = resolved(form.given, NOTHING, early=True)
    options = resolved(form.given_options, NOTHING, early=True)
    values, wrong = Options.judge(options)
    problems: list[Problem] = []
    try:
        action.read(inputs, **sent_surely(values))
    except InvalidInputs as error:
        problems += error.problems_at
    now = [each for each in [*problems, *wrong] if each.rule != LATER]
    return [each.as_dict() for each in now]


def _wrong_id(step_id: str, steps: Steps) -> str:
    if not IDENTITY.fullmatch(step_id):
        return f"{NO_ID} {shown(step_id)}."
    taken = any(step.id == step_id for step in steps)
    return f"Another step has the ID {step_id}." if taken else ""


def with_step(text: str, form: Adding) -> str:
    """The text with the step behind the others. Raises `UsageError` where that cannot be."""
    action: str = form.manifest["id"]
    step: Data = {"id": form.step_id, "action": action}
    parts = {
        "inputs": keyed(form.rows, form.given, as_yaml),
        "options": keyed(form.option_rows, form.given_options, as_yaml),
    }
    step |= {word: part for word, part in parts.items() if part}
    return written.appended(text, step)
