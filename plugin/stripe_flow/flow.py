"""What does a flow file ask for, and what is wrong with it?

A flow file is YAML: `steps:` with `id`, `action` and `inputs`; `${{ steps.price.id }}` refers to
earlier outputs. Everything that can be judged is judged before anything is sent.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import attrs

from stripe_flow.reading import MOST_PROBLEMS, Lines, Path, Problem, Reader
from stripe_flow.references import references, resolved, wrong_reference
from stripe_plugin.errors import UsageError, near
from stripe_plugin.host.host import Host
from stripe_plugin.judge.values import NOTHING, is_list, is_object

WORDS = ("id", "action", "inputs")
IDENTITY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


@attrs.frozen
class PlacedStep:
    """A step as it stands in a file: its inputs have references, it and they have lines."""

    id: str
    action: str
    inputs: Mapping[str, Any]
    line: int
    lines: Mapping[str, int]  # by input


def load(name: str, text: str, host: Host) -> list[PlacedStep]:
    """The steps of a flow, all judged. Raises one `FlowError` with every problem and its line."""
    reader = Reader(name, text)
    listed = reader.data.get("steps") if is_object(reader.data) else None
    if not is_list(listed) or not listed:
        usage = "A flow is `steps:` and a list of steps with id, action and inputs."
        raise reader.error([(1, usage)])
    problems = [*_other_words(reader)]
    steps: list[PlacedStep] = []
    for number, raw in enumerate(listed):
        found = _Found(raw, ("steps", number), reader.lines)
        step = found.step()
        problems += [*found.problems(), *islice(_check(step, steps, host), MOST_PROBLEMS + 1)]
        if len(problems) > MOST_PROBLEMS:
            break
        steps.append(step)
    if problems:
        raise reader.error(problems)
    return steps


def _other_words(reader: Reader) -> Iterator[Problem]:
    for word in reader.data:
        if word != "steps":
            yield reader.lines[(word,)], f"A flow has no {word!r}, only `steps`."


class _Found:
    """What stands in the place of a step, whatever it is."""

    def __init__(self, raw: Any, path: Path, lines: Lines) -> None:
        self.given = raw if is_object(raw) else NOTHING
        self._path, self._lines, self._line = path, lines, lines[path]

    def step(self) -> PlacedStep:
        """The step, with nothing where something wrong stands."""
        given = self.given.get("inputs")
        inputs = given if is_object(given) else NOTHING
        places = {key: self._lines.get((*self._path, "inputs", key), self._line) for key in inputs}
        return PlacedStep(self._text("id"), self._text("action"), inputs, self._line, places)

    def problems(self) -> Iterator[Problem]:
        """What is wrong with its words."""
        for word in self.given:
            if word not in WORDS:
                hint = near(word, WORDS)
                only = f"A step has no {word!r}{hint}, only id, action and inputs."
                yield self._lines[*self._path, word], only
        if not IDENTITY.fullmatch(self._text("id")) or not self._text("action"):
            yield self._line, "A step needs an id (letters, digits, _) and an action."
        inputs = self.given.get("inputs")
        if inputs is not None and not is_object(inputs):
            place = self._lines[*self._path, "inputs"]
            yield place, "inputs must be an object of display keys."

    def _text(self, word: str) -> str:
        return str(self.given.get(word, ""))


def _check(step: PlacedStep, before: Sequence[PlacedStep], host: Host) -> Iterator[Problem]:
    """What is wrong with a step among the others."""
    earlier = [other.id for other in before]
    if step.id and step.id in earlier:
        yield step.line, f"The step id {step.id} stands twice."
    yield from _wrong_references(step, earlier)
    if step.action:
        yield from _wrong_inputs(step, host)


def _wrong_references(step: PlacedStep, earlier: list[str]) -> Iterator[Problem]:
    for key, value in step.inputs.items():
        for expression in references(value):
            if wrong := wrong_reference(expression, earlier):
                yield step.lines[key], f"{step.id} › {key}: {wrong}"


def _wrong_inputs(step: PlacedStep, host: Host) -> Iterator[Problem]:
    """What is wrong as far as it is known; what references bring is judged when they do."""
    try:
        action = host.action(step.action)
    except UsageError as error:
        yield step.line, f"{step.id}: {error}."
        return
    known = {key: resolved(value, None) for key, value in step.inputs.items()}
    _, problems = action.judge(known)
    for key, sentences in problems.items():
        names = (key, action.spec.names.get(key, key))
        line = next((step.lines[name] for name in names if name in step.lines), step.line)
        for sentence in sentences:
            yield line, f"{step.id} › {sentence}"
