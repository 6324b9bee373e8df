"""How do several steps run one after another?

A flow file is YAML: `steps:` with `id`, `action` and `inputs`; `${{ steps.price.id }}` refers to
earlier outputs. Everything that can be judged is judged before anything is sent. A run repeated
under its ID goes on where it stopped.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from stripe_plugin.host.host import Host
from stripe_plugin.host.watch import HookFailed, InvalidInputs, StripeError, UsageError, near
from stripe_plugin.judge.values import NOTHING, is_list, is_object
from stripe_plugin.run.result import Result
from stripe_terminal.journal import Once, Step
from stripe_terminal.reading import MOST_PROBLEMS, Reader
from stripe_terminal.references import references, resolved, wrong_reference


class StepError(UsageError):
    """A step that cannot go on; steps before it may have been sent."""


def load(name: str, text: str, host: Host) -> list[Step]:
    """The steps of a flow, all judged. Raises one `FlowError` with every problem and line."""
    reader = Reader(name, text)
    listed = reader.data.get("steps") if is_object(reader.data) else None
    if not is_list(listed) or not listed:
        raise reader.error(
            [(1, "A flow is `steps:` and a list of steps with id, action and inputs.")]
        )
    problems = [
        (reader.lines[(word,)], f"A flow has no {word!r}, only `steps`.")
        for word in reader.data or ()
        if word != "steps"
    ]
    steps: list[Step] = []
    for number, raw in enumerate(listed):
        step, wrong = _step(raw, ("steps", number), reader.lines)
        problems += [*wrong, *islice(_check(step, steps, host), MOST_PROBLEMS + 1)]
        if len(problems) > MOST_PROBLEMS:
            break
        steps.append(step)
    if problems:
        raise reader.error(problems)
    return steps


def _step(raw: Any, path: Any, lines: Any) -> tuple[Step, list[tuple[int, str]]]:
    line, given = lines[path], raw if is_object(raw) else NOTHING
    words = ("id", "action", "inputs")
    problems: list[tuple[int, str]] = [
        (
            lines[*path, word],
            f"A step has no {word!r}{near(word, words)}, only id, action and inputs.",
        )
        for word in given
        if word not in words
    ]
    identity, action = str(given.get("id", "")), str(given.get("action", ""))
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", identity) or not action:
        problems.append((line, "A step needs an id (letters, digits, _) and an action."))
    inputs: Any = {} if given.get("inputs") is None else given["inputs"]
    if not is_object(inputs):
        problems.append((lines[*path, "inputs"], "inputs must be an object of display keys."))
        inputs = {}
    places = {key: lines.get((*path, "inputs", key), line) for key in inputs}
    return Step(identity, action, inputs, line, places), problems


def _check(step: Step, before: list[Step], host: Host) -> Iterator[tuple[int, str]]:
    earlier = [other.id for other in before]
    if step.id and step.id in earlier:
        yield step.line, f"The step id {step.id} stands twice."
    for key, value in step.inputs.items():
        for expression in references(value):
            if wrong := wrong_reference(expression, earlier):
                yield step.lines[key], f"{step.id} › {key}: {wrong}"
    if not step.action:
        return
    try:
        action = host.action(step.action)
    except UsageError as error:
        yield step.line, f"{step.id}: {error}."
        return
    known = {key: resolved(value, None) for key, value in step.inputs.items()}
    for key, sentences in action.judge(known)[1].items():
        names = (key, action.spec.names.get(key, key))
        line = next((step.lines[name] for name in names if name in step.lines), step.line)
        for sentence in sentences:
            yield line, f"{step.id} › {sentence}"


def run(steps: list[Step], once: Once) -> Iterator[tuple[Step, Result]]:
    """Runs the steps in order and gives each with its result.

    Raises what `Once.run` raises; `UsageError` and `InvalidInputs` then name the step.
    """
    outputs: dict[str, Any] = {}
    for step in steps:
        try:
            result = once.run(step, resolved(step.inputs, outputs))
        except InvalidInputs as error:
            raise StepError(f"line {step.line}, step {step.id}: {error}") from error
        except UsageError as error:
            raise StepError(f"line {step.line}, step {step.id}: {error}.") from error
        except (StripeError, HookFailed, KeyboardInterrupt) as error:
            error.add_note(
                f"The flow stopped at step {step.id}, line {step.line}. Go on with --run-id"
                f" {once.run_id}: finished steps are not sent again. Another run ID, or none, does"
                " everything once more."
            )
            raise
        outputs[step.id] = result.output
        yield step, result
