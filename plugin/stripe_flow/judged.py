"""What is wrong with the inputs and options of a step, as far as they are known yet?"""

from collections.abc import Iterator
from typing import Any

from stripe_flow.placed import Inputs, PlacedStep
from stripe_flow.reading import Problem
from stripe_flow.references import references
from stripe_plugin.declare.action import Action
from stripe_plugin.declare.options import OPTIONS, Options, nameless
from stripe_plugin.judge.values import UNKNOWN, holds_unknown, is_empty

Problems = Iterator[Problem]
ONE_KEY = "each item needs a key of its own: write ${{ item.id }} or ${{ index }} into it."
LABEL = f"{OPTIONS} › "


def wrong_inputs(
    step: PlacedStep, action: type[Action], inputs: Inputs, options: Inputs
) -> Problems:
    """Every problem, at its line. The inputs and options are resolved; UNKNOWN comes later."""
    values, problems = Options.judge(options)
    for problem in [*problems, *nameless(options)]:
        yield _problem(step, action, problem.key, problem.text)
    _, by_key = action.judge(inputs, **sent_surely(values))
    for key, sentences in by_key.items():
        for sentence in sentences:
            yield _problem(step, action, key, sentence)
    yield from _shared_key(step)


def sent_surely(values: Inputs) -> dict[str, Any]:
    """Of clean options, what goes on the wire and is known already."""
    sent = Options(**values).sent
    return {name: sent[name] for name in sent if _is_sure(name, sent[name])}


def _is_sure(name: str, value: Any) -> bool:
    """Whether it can be judged: of parameters also where only some values are known."""
    if is_empty(value) or value is UNKNOWN:
        return False
    return name == "extra" or not holds_unknown(value)


def _problem(step: PlacedStep, action: type[Action], key: str, text: str) -> Problem:
    """At the line of the input or option with this display key, whatever the file calls it."""
    word, given, names = "inputs", step.inputs, action.spec.names
    if key.startswith(LABEL):
        word, given, names = "options", step.options, Options.table.names
        key = key.removeprefix(LABEL)
    called = key if key in given else names.get(key, key)
    return step.problem(f"{step.name} › {text}", word, called)


def _shared_key(step: PlacedStep) -> Problems:
    """An idempotency key that is the same for each item, of which only one would be done."""
    row = Options.table.words["idempotency_key"]
    for word, value in step.options.items():
        is_key = step.loops and Options.table.words.get(word) == row
        if is_key and not _names_item(value):
            yield step.problem(f"{step.name} › {row.key}: {ONE_KEY}", "options", word)


def _names_item(value: Any) -> bool:
    """Whether a text differs from item to item."""
    return any("item" in each or "index" in each for each in references(value))
