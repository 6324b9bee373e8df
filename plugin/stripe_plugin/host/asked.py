"""Is what was asked of a host one action and one run? Every problem of both at once."""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from stripe_plugin.declare.action import Action
from stripe_plugin.declare.options import OPTIONS, Options
from stripe_plugin.errors import InvalidInputs, Problem
from stripe_plugin.judge.values import is_empty, is_object
from stripe_plugin.run.context import RunContext


class Asked(NamedTuple):
    """What a host was given for one run, nothing of which has been judged."""

    inputs: Mapping[str, Any]
    options: Mapping[str, Any]
    extra: Mapping[str, Any]
    expand: Sequence[str]


def judged(action: type[Action], asked: Asked, context: RunContext) -> tuple[Action, RunContext]:
    """The action and its run, in which `context` and the options agree, or `InvalidInputs`."""
    if is_object(asked.options) and not asked.options:  # then both are what Python says
        made = action.read(asked.inputs, extra=asked.extra, expand=asked.expand)
        return made, context
    values, wrong = Options.judge(asked.options)
    options = Options(**values)
    problems: list[Problem] = []
    sent = dict(_sent(options, asked, wrong))
    with _collected(problems):
        made = action.read(asked.inputs, **sent)
    with _collected(wrong):
        context = context.told(options)
    if problems or wrong:
        raise InvalidInputs([*problems, *wrong], action.spec.id)
    return made, context


def _sent(options: Options, asked: Asked, wrong: list[Problem]) -> Generator[tuple[str, Any]]:
    """What goes on the wire beside the inputs, said as an option or from Python."""
    for name, option in options.sent.items():
        from_python = getattr(asked, name)
        if is_empty(option):
            yield name, from_python
            continue
        yield name, option
        if not is_empty(from_python):
            label = f"{OPTIONS} › {name.capitalize()}"
            text = f"{label} is given twice, also as {name}=…"
            wrong.append(Problem((OPTIONS.lower(), name), label, "given_twice", text))


@contextmanager
def _collected(problems: list[Problem]) -> Generator[None]:
    """Adds what is refused in here to these problems."""
    try:
        yield
    except InvalidInputs as error:
        problems += error.problems_at
