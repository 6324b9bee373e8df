"""How does a form become a step behind others?"""

from collections.abc import Sequence
from typing import Any

import attrs

from stripe_flow.parameters import IDENTITY
from stripe_flow.placed import PlacedStep
from stripe_flow.references import resolved
from stripe_plugin.errors import InvalidInputs, UsageError
from stripe_plugin.host.host import Host
from stripe_plugin.judge.values import NOTHING
from stripe_plugin.secrets import shown
from stripe_studio.flows import written
from stripe_studio.flows.offered import offers
from stripe_studio.flows.sheet import STEP, Sheet
from stripe_studio.trying import typed
from stripe_studio.trying.form import Control, Form, Problems, amiss

Data = dict[str, Any]
LATER = "unknown"  # the rule of what is known only when the flow runs
NO_ID = "The step's ID has letters, digits and _, and begins with no digit."


@attrs.frozen(kw_only=True)
class Adding:
    """The form of a step that is to be added."""

    manifest: Data
    step_id: str
    inputs: typed.Tree
    problems: Sequence[Data] = ()  # as `problems_at`
    wrong_id: str = ""

    @property
    def controls(self) -> list[Control]:
        """A control for each row."""
        form = Form(prefix=STEP, problems=Problems(self.problems))
        return form.controls(self.manifest["inputs"], self.inputs)

    @property
    def summary(self) -> list[Data]:
        """Each problem with the element that it is about."""
        found = [{"text": each["text"], "at": _element(each["path"])} for each in self.problems]
        wrong = {"text": self.wrong_id, "at": "step_id"}
        return [wrong, *found] if self.wrong_id else found


def _element(path: Sequence[Any]) -> str:
    return "-".join(["step", *map(str, path)])


def blank(host: Host, action: str, steps: Sequence[PlacedStep]) -> Adding:
    """A form in which nothing is typed but what the steps before it surely gave for it."""
    manifest = host.manifest(action)
    free = written.free_id(action, (step.id for step in steps))
    filled = _filled(host, manifest, steps)
    return Adding(manifest=manifest, step_id=free, inputs=filled)


def _filled(host: Host, manifest: Data, steps: Sequence[PlacedStep]) -> typed.Tree:
    """The IDs that must be given, of the step that made such an object last."""
    alone = [step for step in steps if not step.loops]
    made = {each.resource: each.text for each in offers(host, alone, ()) if each.is_own}
    needed = [row for row in manifest["inputs"] if row["presence"] != "optional"]
    wanted = {row["name"]: (row.get("reference") or NOTHING).get("resource") for row in needed}
    return {name: made[resource] for name, resource in wanted.items() if resource in made}


def typed_in(host: Host, sheet: Sheet) -> Adding:
    """The form as it was sent, with nothing judged."""
    manifest = host.manifest(sheet.action)
    return Adding(manifest=manifest, step_id=sheet.step_id, inputs=sheet.step)


def judged(host: Host, form: Adding, steps: Sequence[PlacedStep]) -> Adding:
    """The form with what is wrong in it; references are judged when they bring something."""
    rows = form.manifest["inputs"]
    problems = [*amiss(rows, form.inputs)]
    try:
        inputs = resolved(typed.inputs(rows, form.inputs), NOTHING, early=True)
        host.action(form.manifest["id"]).read(inputs)
    except InvalidInputs as error:
        found = [each.as_dict() for each in error.problems_at if each.rule != LATER]
        problems += found
    wrong = _wrong_id(form.step_id, steps)
    return attrs.evolve(form, problems=problems, wrong_id=wrong)


def _wrong_id(step_id: str, steps: Sequence[PlacedStep]) -> str:
    if not IDENTITY.fullmatch(step_id):
        return f"{NO_ID[:-1]}; got {shown(step_id)}."
    taken = any(step.id == step_id for step in steps)
    return f"Another step has the ID {step_id}." if taken else ""


def with_step(text: str, form: Adding) -> str:
    """The text with the step behind the others. Raises `UsageError` where that cannot be."""
    rows = form.manifest["inputs"]
    step: Data = {"id": form.step_id, "action": form.manifest["id"]}
    inputs = written.keyed(rows, typed.inputs(rows, form.inputs))
    if inputs:
        step["inputs"] = inputs
    return written.appended(text, step)


def is_known(host: Host, action: str) -> bool:
    """Whether there is such an action."""
    try:
        host.action(action)
    except UsageError:
        return False
    return True
