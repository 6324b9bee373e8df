"""What does a flow file ask for, and what is wrong with it?

A flow file is YAML: `steps:` with `id`, `action` and `inputs`; `${{ steps.price.id }}` refers to
earlier outputs. Everything that can be judged is judged before anything is sent.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

import attrs

from stripe_flow.reading import MOST_PROBLEMS, Path, Problem, Reader
from stripe_flow.references import references, resolved, wrong_reference
from stripe_plugin.errors import UsageError, near
from stripe_plugin.host.host import Host
from stripe_plugin.judge.values import NOTHING, is_list, is_object

Problems = Iterator[Problem]
WORDS = ("id", "action", "inputs")
IDENTITY = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")


@attrs.frozen
class PlacedStep:
    """A step as it stands in a file: its inputs have references, it and they have lines."""

    file: str  # its name
    id: str
    action: str
    inputs: Mapping[str, Any]
    line: int
    lines: Mapping[str, int]  # by input

    @property
    def name(self) -> str:
        """What it is called where something is wrong with it: maybe its ID."""
        return self.id or self.action or "step"

    @property
    def place(self) -> str:
        """Where it stands, for a person."""
        return f"{self.file}, line {self.line}, step {self.id}"


Steps = list[PlacedStep]


def load(name: str, text: str, host: Host) -> Steps:
    """The steps of a flow, all judged. Raises one `FlowError` with every problem and its line."""
    reader = Reader(name, text)
    listed = _listed(reader)
    problems = [*_other_words(reader)]
    steps: Steps = []
    for number, raw in enumerate(listed):
        found = _Found(raw, ("steps", number), reader)
        problems += found.problems()
        step = found.step()
        wrong = _check(step, steps, host)
        problems += islice(wrong, MOST_PROBLEMS + 1)
        if len(problems) > MOST_PROBLEMS:
            break
        steps.append(step)
    if problems:
        raise reader.error(problems)
    return steps


def _listed(reader: Reader) -> list[Any]:
    """What stands under `steps`."""
    data = reader.data
    if is_object(data):
        listed = data.get("steps")
        if is_list(listed) and listed:
            return listed
    usage = "A flow is `steps:` and a list of steps with id, action and inputs."
    raise reader.error([(1, usage)])


def _other_words(reader: Reader) -> Problems:
    for word in reader.data:
        if word != "steps":
            yield reader.lines[(word,)], f"A flow has no {word!r}, only `steps`."


class _Found:
    """What stands in the place of a step, whatever it is."""

    def __init__(self, raw: Any, path: Path, reader: Reader) -> None:
        self.given = raw if is_object(raw) else NOTHING
        self.id = self._text("id")
        self.action = self._text("action")
        self.inputs = self.given.get("inputs")
        self._path = path
        self._file = reader.name
        self._lines = reader.lines
        self._line = self._lines[path]

    def step(self) -> PlacedStep:
        """The step, with nothing where something wrong stands."""
        inputs = self.inputs if is_object(self.inputs) else NOTHING
        places = {key: self._place(key) for key in inputs}
        return PlacedStep(self._file, self.id, self.action, inputs, self._line, places)

    def _text(self, word: str) -> str:
        return str(self.given.get(word, ""))

    def _place(self, key: str) -> int:
        path = (*self._path, "inputs", key)
        return self._lines.get(path, self._line)

    def problems(self) -> Problems:
        """What is wrong with its words."""
        for word in self.given:
            if word not in WORDS:
                hint = near(word, WORDS)
                only = f"A step has no {word!r}{hint}, only id, action and inputs."
                yield self._lines[*self._path, word], only
        if not IDENTITY.fullmatch(self.id) or not self.action:
            yield self._line, "A step needs an id (letters, digits, _) and an action."
        if self.inputs is not None and not is_object(self.inputs):
            place = self._lines[*self._path, "inputs"]
            yield place, "inputs must be an object of display keys."


def _check(step: PlacedStep, before: Steps, host: Host) -> Problems:
    """What is wrong with a step behind others."""
    earlier = [other.id for other in before]
    if step.id and step.id in earlier:
        yield step.line, f"The step id {step.id} stands twice."
    yield from _wrong_references(step, earlier)
    if step.action:
        yield from _wrong_inputs(step, host)


def _wrong_references(step: PlacedStep, earlier: list[str]) -> Problems:
    for key, value in step.inputs.items():
        for expression in references(value):
            if wrong := wrong_reference(expression, earlier):
                yield step.lines[key], f"{step.name} › {key}: {wrong}"


def _wrong_inputs(step: PlacedStep, host: Host) -> Problems:
    """What is wrong as far as it is known; what references bring is judged when they do."""
    try:
        action = host.action(step.action)
    except UsageError as error:
        yield step.line, f"{step.name}: {error}."
        return
    _, problems = action.judge(resolved(step.inputs, None))
    for key, sentences in problems.items():
        name = action.spec.names.get(key, key)
        line = step.lines.get(key) or step.lines.get(name)
        for sentence in sentences:
            yield line or step.line, f"{step.name} › {sentence}"
