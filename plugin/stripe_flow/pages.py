"""How is a list read to its end, page by page, so that a run goes on behind the last one it has?"""

from collections.abc import Callable
from typing import Any

import attrs

from stripe_flow.bounded import NOT_KEPT, NOTE
from stripe_flow.step import Step
from stripe_plugin.declare.answer import Page
from stripe_plugin.declare.spec import Spec
from stripe_plugin.errors import UsageError
from stripe_plugin.run.result import Result

PAGE = 100  # the most that Stripe gives at once
MOST = 10_000
SIZE, CURSOR, BACKWARDS = "limit", "starting_after", "ending_before"
THERE_IS_MORE = "the first {count:,}, of which `most` is the bound: there are more"

RunStep = Callable[[Step], Result]
Inputs = dict[str, Any]


def wrong_list(spec: Spec, inputs: Any) -> str | None:
    """Why an action cannot be read to its end, given its inputs, as a sentence."""
    names = {row.parameter for row in spec.rows}
    if not isinstance(spec.answer, Page) or not names >= {SIZE, CURSOR}:
        return f"all reads every page of a list, which {spec.name} does not give."
    for word in inputs:
        row = spec.words.get(word)
        if row and row.parameter == SIZE:
            return f"{row.key} is one page's: with all, `most` says how many (of {MOST:,})."
        if row and row.parameter == BACKWARDS:
            return f"all reads forwards: leave {row.key} out."
    return None


def every_page(run_step: RunStep, spec: Spec, step: Step, most: int) -> Result:
    """The first page's result with the data of all: at most so many, and whether there are more.

    Each page is kept as a part of the step. `attempts`: of the page that took most.
    """
    results: list[Result] = []
    data: list[Any] = []
    while not results or results[-1].output["has_more"]:
        size = min(most - len(data), PAGE)
        if size <= 0:
            break
        number = len(results) + 1
        page = _page(spec, step, number, size, data)
        result = run_step(page)
        _check_end(result)
        results.append(result)
        data += result.output["data"]
    return _whole(results, data)


def _page(spec: Spec, step: Step, number: int, size: int, data: list[Any]) -> Step:
    """The step that reads the next page."""
    keys = {row.parameter: row.key for row in spec.rows}
    inputs: Inputs = {}
    for word, value in step.inputs.items():
        row = spec.words.get(word)
        if not data or row is None or row.parameter != CURSOR:
            inputs[word] = value
    inputs[keys[SIZE]] = size
    if data:
        inputs[keys[CURSOR]] = data[-1]["id"]
    name = f"page {number}"
    item = f"{step.item}, {name}" if step.item else name
    return attrs.evolve(step, inputs=inputs, item=item)


def _check_end(result: Result) -> None:
    """Refuses a page behind which no other can be asked for."""
    if result.note == NOTE:
        raise UsageError(NOT_KEPT.replace("{name}", "data"))
    data, has_more = result.output["data"], result.output["has_more"]
    if has_more and not (data and data[-1].get("id")):
        raise UsageError("The list goes on, but its last entry has no ID to go on behind")


def _whole(results: list[Result], data: list[Any]) -> Result:
    first, last = results[0], results[-1]
    has_more = bool(last.output["has_more"])
    note = THERE_IS_MORE.format(count=len(data)) if has_more else first.note
    return attrs.evolve(
        last,
        output={**first.output, "data": data, "has_more": has_more},
        attempts=max(result.attempts for result in results),
        replayed=all(result.replayed for result in results),
        note=note,
    )
