"""What does a flow file ask for, and what is wrong with it?

A flow file is YAML: `steps:` with `id`, `action` and `inputs`; `${{ steps.price.id }}` refers to
earlier outputs, `${{ inputs.email }}` to what the flow is given, `${{ env.NAME }}` to what must not
stand in a file. Everything that can be judged is judged before anything is sent.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import attrs

from stripe_flow.answers import Schema, answer_of, doubtful
from stripe_flow.expressions import Scope, wrong_expression
from stripe_flow.judged import wrong_inputs
from stripe_flow.pages import wrong_list
from stripe_flow.parameters import Given, Parameter, Parameters, judged
from stripe_flow.placed import Found, PlacedStep
from stripe_flow.reading import MOST_PROBLEMS, Problem, Reader
from stripe_flow.references import look_alikes, references, resolved, variable, wrong_reference
from stripe_plugin.declare.options import Options
from stripe_plugin.errors import UsageError, near
from stripe_plugin.host.host import Host
from stripe_plugin.judge.values import BLANKS, NOTHING, is_list, is_object
from stripe_plugin.secrets import Secret, hiding

Problems = Iterator[Problem]
Environ = Mapping[str, str]
Variables = Mapping[str, Secret]
USAGE = "A flow is `steps:` and a list of steps with id, action and inputs."
FLOW_WORDS = ("inputs", "steps")
IN_A_LIST = "a variable cannot be hidden in a list of items: name it in the inputs of the step."
SHORTEST_HIDDEN = 6  # characters of a variable, which is cut wherever it stands


@attrs.frozen
class Flow:
    """A flow that has been judged, with what it was given."""

    name: str
    steps: tuple[PlacedStep, ...]
    parameters: tuple[Parameter, ...] = ()
    inputs: Mapping[str, Any] = NOTHING  # by name, defaults among them
    env: Mapping[str, Secret] = NOTHING
    warnings: Sequence[Mapping[str, Any]] = ()  # as the problems of a FlowError
    text: str = attrs.field(default="", repr=False)  # of its file

    @property
    def hidden(self) -> tuple[str, ...]:
        """The texts that are to be cut wherever something is shown or kept."""
        return _hidden(self.env)


def load(
    name: str, text: str, host: Host, given: Given = NOTHING, environ: Environ = os.environ
) -> Flow:
    """The flow of a file, with these inputs, all judged.

    Raises one `FlowError` with every problem and its line.
    """
    reader = Reader(name, text)
    listed = _listed(reader)
    found = [Found(raw, ("steps", number), reader) for number, raw in enumerate(listed)]
    env, problems = _variables(found, environ)
    with hiding(*_hidden(env)):
        flow = _Loading(reader, host, given, env).flow(found, problems)
    return attrs.evolve(flow, text=text)


def _hidden(env: Variables) -> tuple[str, ...]:
    """The variables, as they are and as they are sent: without the blanks around them."""
    texts = [secret.reveal() for secret in env.values()]
    trimmed = [text.strip(BLANKS) for text in texts]
    return (*texts, *trimmed)


class _Loading:
    """One reading of a flow, step by step, and all that is wrong with it."""

    def __init__(self, reader: Reader, host: Host, given: Given, env: Variables) -> None:
        self._reader = reader
        self._host = host
        self._declared = Parameters(reader)
        self._inputs: Given = NOTHING
        self._known: dict[str, Any] = {"env": env}
        wrong = self._declared.problems
        if not wrong:
            self._inputs, wrong = judged(self._declared, given)
        if not wrong:
            self._known["inputs"] = self._inputs
        self._problems = [*_other_words(reader), *wrong]
        self._warnings: list[Problem] = []
        self._answers: dict[str, Schema] = {}  # by step
        self._lines: dict[str, int] = {}  # of all steps

    def flow(self, listed: list[Found], problems: list[Problem]) -> Flow:
        """The flow of these steps."""
        self._problems += problems
        self._lines = {found.step.id: found.step.line for found in listed}
        steps: list[PlacedStep] = []
        for found in listed:
            step = self._step(found, steps)
            if len(self._problems) > MOST_PROBLEMS:
                break
            steps.append(step)
        if self._problems:
            raise self._reader.error(self._problems)
        return Flow(
            self._reader.name,
            tuple(steps),
            tuple(self._declared.declared.values()),
            self._inputs,
            self._known["env"],
            self._reader.told(self._warnings),
        )

    def _step(self, found: Found, before: list[PlacedStep]) -> PlacedStep:
        self._problems += found.problems()
        step = found.step
        wrong = self._check(step, before)
        self._problems += islice(wrong, MOST_PROBLEMS + 1)
        seeming = _seeming(step)
        self._warnings += islice(seeming, MOST_PROBLEMS + 1)
        if not self._problems:
            self._check_answers(step)
        return step

    def _check_answers(self, step: PlacedStep) -> None:
        """Doubts what names no known field of an earlier step; of this one they are known now."""
        doubts = doubtful(step, self._answers)
        self._warnings += islice(doubts, MOST_PROBLEMS + 1)
        self._answers[step.id] = answer_of(step, self._host)

    def _check(self, step: PlacedStep, before: list[PlacedStep]) -> Problems:
        """What is wrong with a step behind others."""
        earlier = tuple(other.id for other in before)
        if step.id and step.id in earlier:
            yield step.problem(f"The step id {step.id} stands twice.")
        inputs = tuple(self._declared.declared)
        later = {id_: line for id_, line in self._lines.items() if id_ not in earlier}
        scope = Scope(earlier, inputs, looping=step.loops, later=later)
        yield from _wrong_expressions(step, scope)
        yield from _wrong_references(step, scope)
        if step.action:
            yield from self._wrong_inputs(step)

    def _wrong_inputs(self, step: PlacedStep) -> Problems:
        """What is wrong as far as it is known; what references bring is judged when they do."""
        try:
            action = self._host.action(step.action)
        except UsageError as error:
            yield step.problem(f"{step.name}: {error}.", "action")
            return
        try:
            inputs = resolved(step.inputs, self._known, early=True)
            options = resolved(step.options, self._known, early=True)
        except UsageError as error:
            yield step.problem(f"{step.name}: {error}.", "inputs")
            return
        yield from wrong_inputs(step, action, inputs, options)
        wrong = wrong_list(action.spec, step.inputs) if step.all else None
        if wrong:
            yield step.problem(f"{step.name}: {wrong}", "all")


def _listed(reader: Reader) -> list[Any]:
    """What stands under `steps`."""
    data = reader.data
    if is_object(data):
        listed = data.get("steps")
        if is_list(listed) and listed:
            return listed
    raise reader.error([Problem(1, USAGE)])


def _other_words(reader: Reader) -> Problems:
    for word in reader.data:
        if word not in FLOW_WORDS:
            hint = near(word, FLOW_WORDS)
            what = f"A flow has no {word!r}{hint}, only `inputs` and `steps`."
            yield Problem(reader.lines[(word,)], what, key=word)


def _wrong_expressions(step: PlacedStep, scope: Scope) -> Problems:
    """What is wrong with `if` and `foreach`; the latter has no item yet."""
    for word, expression in step.expressions:
        alone = attrs.evolve(scope, looping=scope.looping and word == "if")
        if wrong := wrong_expression(expression, alone):
            yield step.problem(f"{step.name} › {word}: {wrong}", word)
    if is_list(step.foreach):
        alone = attrs.evolve(scope, looping=False)
        for expression in references(step.foreach):
            wrong = IN_A_LIST if variable(expression) else wrong_reference(expression, alone)
            if wrong:
                yield step.problem(f"{step.name} › foreach: {wrong}", "foreach")


def _wrong_references(step: PlacedStep, scope: Scope) -> Problems:
    for word, key, value in step.values:
        for expression in references(value):
            if wrong := wrong_reference(expression, scope):
                yield step.problem(f"{step.name} › {key}: {wrong}", word, key)


def _seeming(step: PlacedStep) -> Problems:
    """What is sent as text, though somebody may have meant a reference."""
    for word, key, value in step.values:
        for found, right in look_alikes(value):
            what = f"{found} is sent as text: a reference is written {right}"
            yield step.problem(f"{step.name} › {key}: {what}", word, key)


def _variables(listed: list[Found], environ: Environ) -> tuple[Variables, list[Problem]]:
    """The variables of the environment that the steps name, and what is wrong with those."""
    known: dict[str, Secret] = {}
    problems: list[Problem] = []
    for found in listed:
        step = found.step
        for word, key, name in _named(step):
            wrong = _wrong_place(word, key) or _wrong_variable(name, environ.get(name))
            if wrong:
                problem = step.problem(f"{step.name} › {key}: {wrong}", word, key)
                problems.append(problem)
            else:
                known[name] = Secret(environ[name])
    return known, problems[: MOST_PROBLEMS + 1]


def _named(step: PlacedStep) -> Iterator[tuple[str, str, str]]:
    """Word, key and variable, of each that a step names."""
    for word, key, value in step.values:
        for expression in references(value):
            if name := variable(expression):
                yield word, key, name


def _wrong_place(word: str, key: str) -> str | None:
    """Why no variable may stand in an option, but for what is sent as it is."""
    row = Options.table.words.get(key) if word == "options" else None
    if row is None or row.name == "extra":
        return None
    return "a variable cannot be hidden here, as this is logged. Make it an input of the flow."


def _wrong_variable(name: str, value: str | None) -> str | None:
    if value is None:
        return f"The variable {name} is not set in the environment."
    sent = value.strip(BLANKS)
    if not sent:
        return f"The variable {name} is set but empty."
    if len(sent) < SHORTEST_HIDDEN:
        return (
            f"The variable {name} has fewer than {SHORTEST_HIDDEN} characters: so short a text"
            " cannot be hidden. Make it an input of the flow."
        )
    return None
