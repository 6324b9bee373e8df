"""What is wrong in the text of a flow, at which line, and what does it ask for?"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from stripe_flow.flow import Flow, load
from stripe_flow.parameters import Parameter, Parameters, judged
from stripe_flow.placed import Found, PlacedStep
from stripe_flow.reading import FlowError, Reader
from stripe_flow.references import references, variable
from stripe_plugin.host.host import Host
from stripe_plugin.judge.values import NOTHING, is_list, is_object

UNTITLED = "untitled.yaml"  # what a text without a name is called
Problem = Mapping[str, Any]  # file, line, step, key, text
Given = Mapping[str, str]  # what is typed for inputs, by name
Declared = Mapping[str, Parameter]
TERMINAL = ": give it by --input"  # what is said to who types a command


@attrs.frozen(kw_only=True)
class Checked:
    """A text, read as far as it can be. Without a flow it cannot be run yet."""

    flow: Flow | None = None
    mistakes: Sequence[Problem] = ()
    warnings: Sequence[Problem] = ()
    parameters: Sequence[Parameter] = ()
    amiss: Mapping[str, str] = NOTHING  # with the inputs given, by name
    steps: Sequence[PlacedStep] = ()
    is_read: bool = False  # whether it is YAML, so that its inputs and steps are known

    @property
    def is_right(self) -> bool:
        """Whether nothing is wrong in the text itself."""
        return self.is_read and not self.mistakes

    @property
    def variables(self) -> list[tuple[str, bool]]:
        """The variables of the environment that it names, and whether each is set."""
        names = sorted(set(self._named()))
        return [(name, _is_set(name)) for name in names]

    def _named(self) -> Iterator[str]:
        for step in self.steps:
            for _, _, value in step.values:
                yield from filter(None, map(variable, references(value)))


def _is_set(name: str) -> bool:
    value = os.environ.get(name, "")
    return bool(value.strip())


def checked(host: Host, name: str, text: str, given: Given) -> Checked:
    """All that is wrong in a text, and apart from that with the inputs given; blank is not given.

    Nothing is sent, and no value of a variable is in it.
    """
    if not text.strip():
        return Checked(is_read=True)
    try:
        reader = Reader(name or UNTITLED, text)
    except FlowError as error:
        return Checked(mistakes=error.problems)
    outline = Checked(steps=[*_steps(reader)], is_read=True)
    if is_object(reader.data):
        outline = _with_inputs(outline, reader, given)
    try:
        flow = load(reader.name, text, host, _usable(outline, given))
    except FlowError as error:
        mistakes = [*_beside_inputs(error.problems, outline)]
        return attrs.evolve(outline, mistakes=mistakes)
    return attrs.evolve(outline, flow=flow, warnings=flow.warnings)


def steps_of(name: str, text: str) -> list[str]:
    """The IDs of the steps in a text, whatever else is wrong there; none where it is no YAML."""
    try:
        reader = Reader(name, text)
    except FlowError:
        return []
    return [step.id for step in _steps(reader)]


def _steps(reader: Reader) -> Iterator[PlacedStep]:
    """The steps as they stand there, whatever is wrong with them."""
    data = reader.data
    listed = data.get("steps") if is_object(data) else None
    if not is_list(listed):
        return
    for number, raw in enumerate(listed):
        place = ("steps", number)
        yield Found(raw, place, reader).step


def _with_inputs(outline: Checked, reader: Reader, given: Given) -> Checked:
    declared = Parameters(reader)
    usable = filled(declared.declared, given)
    _, problems = judged(declared, usable)
    return attrs.evolve(
        outline,
        parameters=[*declared.declared.values()],
        amiss={problem.key: _said(problem.text) for problem in problems},
    )


def filled(declared: Declared, given: Given) -> dict[str, str]:
    """What is given of the inputs that are declared; a blank box gives nothing."""
    known = {name: given[name] for name in given if name in declared}
    return {name: text for name, text in known.items() if text.strip()}


def _said(text: str) -> str:
    """A sentence for a form."""
    sentence, option, _ = text.partition(TERMINAL)
    return f"{sentence}." if option else sentence


def _usable(outline: Checked, given: Given) -> dict[str, str]:
    declared = {each.name: each for each in outline.parameters}
    return filled(declared, given)


def _beside_inputs(problems: Iterable[Problem], outline: Checked) -> Iterator[Problem]:
    """Those that are not about what is given for an input: that stands beside its box."""
    for problem in problems:
        said = outline.amiss.get(problem["key"])
        if problem["step"] or said != _said(problem["text"]):
            yield problem
