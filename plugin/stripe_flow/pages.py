"""How is a list read to its end as a step, so that a run goes on behind the last page it has?"""

from collections.abc import Callable, Mapping
from typing import Any

import attrs

from stripe_flow.bounded import NOT_KEPT, NOTE
from stripe_flow.step import Step
from stripe_plugin.declare.action import Action
from stripe_plugin.declare.spec import Spec
from stripe_plugin.errors import StripeError, UsageError
from stripe_plugin.run.pages import ALL, MOST, Pages
from stripe_plugin.run.result import Result, whole
from stripe_plugin.run.turning import BACKWARDS, SIZE, can_go_on

THERE_IS_MORE = "the first {count:,}, of which `most` is the bound: there are more"

RunStep = Callable[[Step], Result]


def wrong_list(spec: Spec, inputs: Any) -> str | None:
    """Why an action cannot be read to its end, given its inputs, as a sentence."""
    if not can_go_on(spec):
        return f"all reads every page of a list, which {spec.name} does not give."
    wrong = {
        SIZE: f"is one page's: with all, `most` says how many (of {MOST:,}).",
        BACKWARDS: "goes back, but all reads forwards: leave it out.",
        ALL: "says the same as all: leave one of them out.",
    }
    for word in inputs:
        row = spec.words.get(word)
        if row and row.parameter in wrong:
            return f"{row.key} {wrong[row.parameter]}"
    return None


def every_page(run_step: RunStep, action: Action, step: Step, most: int) -> Result:
    """The first page's result with the data of all: at most so many, and whether there are more.

    Each page is kept as a part of the step. `attempts`: of the page that took most.
    """
    pages = Pages(action, most)
    results: list[Result] = []
    entries: list[Any] = []
    for page in pages:
        try:
            result = run_step(_part(step, page.inputs(), pages.requests))
        except StripeError as error:
            if not pages.survives(error):
                raise
            continue
        if result.note == NOTE:
            raise UsageError(NOT_KEPT.replace("{name}", "data"))
        entries += pages.take(result.output)
        results.append(result)
    return _noted(whole(results, entries, pages), results[0])


def _part(step: Step, inputs: Mapping[str, Any], number: int) -> Step:
    """The step that reads one page."""
    name = f"page {number}"
    item = f"{step.item}, {name}" if step.item else name
    return attrs.evolve(step, inputs=inputs, item=item)


def _noted(result: Result, first: Result) -> Result:
    note = first.note
    if result.output["has_more"]:
        note = THERE_IS_MORE.format(count=len(result.output["data"]))
    return attrs.evolve(result, note=note)
