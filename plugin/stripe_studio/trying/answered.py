"""How is an answer shown? As labelled fields, as a tree, and as the JSON that it is."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from stripe_plugin.declare.currencies import written
from stripe_plugin.judge.values import is_list, is_object
from stripe_plugin.run.result import Result
from stripe_plugin.secrets import without_secrets
from stripe_studio.words import moment

MONEY, TIME = "smallest currency unit", "unix seconds"


@attrs.frozen
class Fact:
    """A labelled field: its value as Stripe gave it, and for a person."""

    label: str
    path: str
    value: Any
    text: str


@attrs.frozen
class Answered:
    """An answer for a page, with what is secret in it cut."""

    output: Any
    facts: Sequence[Fact]
    secrets: Sequence[str]  # the paths at which something was cut
    about: Mapping[str, Any]  # all else that a result tells

    @property
    def json(self) -> str:
        """The whole."""
        return json.dumps(self.output, indent=2, ensure_ascii=False)


def answered(result: Result, outputs: Sequence[Mapping[str, Any]]) -> Answered:
    """A result, with the fields that its action's manifest names."""
    about = result.as_dict()
    output = about.pop("output")
    facts = [*facts_of(output, outputs)]
    return Answered(output, facts, [*cut(result.output)], about)


def facts_of(output: Any, outputs: Sequence[Mapping[str, Any]]) -> Iterator[Fact]:
    """The fields that a manifest names, of what was answered."""
    for field in outputs:
        value = at(output, field["path"])
        if value is not None:
            text = _text(value, field["unit"], output)
            yield Fact(field["label"], field["path"], value, text)


def at(output: Any, path: str) -> Any:
    """What stands at a path; None where there is nothing."""
    found = output
    for step in re.findall(r"[^.\[\]]+", path):
        if is_object(found):
            found = found.get(step)
        elif is_list(found) and step.isdecimal() and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    return found


def _text(value: Any, unit: str | None, output: Any) -> str:
    if unit == TIME:
        return moment(value)
    currency = at(output, "currency")
    if unit == MONEY and isinstance(value, int) and isinstance(currency, str):
        return written(value, currency)
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if is_list(value):
        return f"{len(value)} entries"
    return json.dumps(value) if is_object(value) else str(value)


def cut(value: Any, path: str = "") -> Iterator[str]:
    """The paths of texts that are shown only in part."""
    if is_object(value):
        for key, item in value.items():
            yield from _cut_in(key, item, f"{path}.{key}" if path else str(key))
    elif is_list(value):
        for number, item in enumerate(value):
            yield from cut(item, f"{path}[{number}]")


def _cut_in(key: Any, value: Any, path: str) -> Iterator[str]:
    if isinstance(value, str):
        if without_secrets({key: value}) != {key: value}:
            yield path
    else:
        yield from cut(value, path)
