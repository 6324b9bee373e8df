"""How is an answer shown? As labelled fields, as a tree, and as the JSON that it is."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from stripe_plugin.declare.currencies import written
from stripe_plugin.judge.places import found_at
from stripe_plugin.judge.values import is_list, is_object
from stripe_plugin.run.result import Result
from stripe_plugin.secrets import without_secrets
from stripe_studio.words import moment

Outputs = Sequence[Mapping[str, Any]]  # of a manifest
MONEY, TIME = "smallest currency unit", "unix seconds"


@attrs.frozen
class Fact:
    """A labelled field: its value as Stripe gave it, and for a person."""

    label: str
    path: str
    value: Any
    text: str


@attrs.frozen
class Line:
    """A line of an invoice: what it is for, how much, and for which time."""

    words: str
    amount: str
    begin: Any  # unix seconds
    end: Any


@attrs.frozen
class Answered:
    """An answer for a page, with what is secret in it cut."""

    output: Any
    facts: Sequence[Fact]
    secrets: Sequence[str]  # the paths at which something was cut
    about: Mapping[str, Any]  # all else that a result tells
    lines: Sequence["Line"] = ()  # of an invoice

    @property
    def json(self) -> str:
        """The whole."""
        return json.dumps(self.output, indent=2, ensure_ascii=False)


def answered(result: Result, outputs: Outputs) -> Answered:
    """A result, with the fields that its action's manifest names."""
    about = result.as_dict()
    output = about.pop("output")
    facts = [*facts_of(output, outputs)]
    secrets = [*cut(result.output)]
    return Answered(output, facts, secrets, about, [*_lines(output)])


def _lines(output: Any) -> Iterator[Line]:
    """Those of an invoice, or of a preview of one."""
    found = found_at(output, "lines.data")
    for line in found if is_list(found) else ():
        if is_object(line) and isinstance(line.get("amount"), int):
            begin, end = found_at(line, "period.start"), found_at(line, "period.end")
            amount = _text(line["amount"], MONEY, line)
            yield Line(str(line.get("description") or ""), amount, begin, end)


def facts_of(output: Any, outputs: Outputs) -> Iterator[Fact]:
    """The fields that a manifest names, of what was answered."""
    for field in outputs:
        path = field["path"]
        value = found_at(output, path)
        if value is not None:
            text = _text(value, field["unit"], output)
            yield Fact(field["label"], path, value, text)


def _text(value: Any, unit: str | None, output: Any) -> str:
    if unit == TIME:
        return moment(value)
    currency = found_at(output, "currency")
    is_money = unit == MONEY and isinstance(value, int)
    if is_money and isinstance(currency, str):
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
            place = f"{path}.{key}" if path else str(key)
            yield from _cut_in(key, item, place)
    elif is_list(value):
        for number, item in enumerate(value):
            yield from cut(item, f"{path}[{number}]")


def _cut_in(key: Any, value: Any, path: str) -> Iterator[str]:
    if isinstance(value, str):
        alone = {key: value}
        if without_secrets(alone) != alone:
            yield path
    else:
        yield from cut(value, path)
