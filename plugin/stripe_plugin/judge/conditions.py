"""When must a row be given, and when not?"""

from collections.abc import Mapping
from typing import Any

import attrs

from stripe_plugin.judge.values import UNKNOWN, Given


@attrs.frozen
class Parameter:
    """A parameter of Stripe's that has no row: one that may be given beside them."""

    name: str


Label = str | Parameter  # of a row: its display key, or its key in a table inside of a row


@attrs.frozen
class Case:
    """Something is given: with one of these values, or with any if there are none."""

    label: Label
    values: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """What it is called in a sentence."""
        return self.label.name if isinstance(self.label, Parameter) else self.label

    def met(self, given: Given, *, unknown: bool) -> bool:
        """Whether it is so; `unknown` stands for a value that is known only later."""
        if self.label not in given:
            return False
        if not self.values:
            return True
        value = given[self.label]
        return unknown if value is UNKNOWN else value in self.values


@attrs.frozen(kw_only=True)
class Condition:
    """Demands or forbids its row when any of some cases is met, unless any of others is."""

    name: str  # of the condition, in problems as data
    demands: bool
    text: str  # for a form's description: "Required if Mode is setup"
    wrong: str  # behind the display key, if it is broken: "is required if Mode is setup"
    when: tuple[Case, ...] = ()  # none: always
    unless: tuple[Case, ...] = ()

    @property
    def neighbours(self) -> tuple[Label, ...]:
        """The labels that it looks at, so that they can be checked."""
        return tuple(case.label for case in (*self.when, *self.unless))

    def broken(self, label: Label, given: Given) -> bool:
        """Whether the row at `label` is missing although demanded, or given although forbidden."""
        is_missing = label not in given
        if is_missing is not self.demands:
            return False
        due = not self.when or any(case.met(given, unknown=False) for case in self.when)
        return due and not any(case.met(given, unknown=True) for case in self.unless)

    def data(self, names: Mapping[Label, str]) -> dict[str, Any]:
        """The condition for builders, by parameter name."""
        return {
            "effect": "require" if self.demands else "forbid",
            "when": _by_name(self.when, names),
            "unless": _by_name(self.unless, names),
            "text": self.text,
        }


def _by_name(cases: tuple[Case, ...], names: Mapping[Label, str]) -> dict[str, list[str]]:
    return {names.get(case.label, case.word): [*case.values] for case in cases}


def required_if_empty(*labels: Label) -> Condition:
    """Must be given unless one of these is. Of them, only rows are read aloud."""
    rows = [label for label in labels if isinstance(label, str)]
    verb = "is" if len(rows) == 1 else "are"
    empty = f" if {' and '.join(rows)} {verb} empty" if rows else ""
    return _required("required_if_empty", empty, unless=labels)


def required_if(label: Label, *values: str, unless: tuple[Label, ...] = ()) -> Condition:
    """Must be given if that is (with one of these values), unless one of those is."""
    case = Case(label, values)
    empty = [f" and {other} is empty" for other in unless if isinstance(other, str)]
    met = f" if {case.word} is {' or '.join(values) or 'given'}{''.join(empty)}"
    return _required("required_if", met, when=(case,), unless=unless)


def _required(
    name: str, clause: str, when: tuple[Case, ...] = (), unless: tuple[Label, ...] = ()
) -> Condition:
    return Condition(
        name=name,
        demands=True,
        text=f"Required{clause}",
        wrong=f"is required{clause}",
        when=when,
        unless=tuple(map(Case, unless)),
    )


def excludes(*labels: Label) -> Condition:
    """Must not be given together with any of these."""
    cases = tuple(map(Case, labels))
    those = " or ".join(case.word for case in cases)
    return Condition(
        name="excludes",
        demands=False,
        text=f"Not together with {those}",
        wrong=f"may not be given together with {those}",
        when=cases,
    )


def only_if(label: Label, *values: str) -> Condition:
    """May be given only if that is (with one of these values)."""
    case = Case(label, values)
    clause = f"if {case.word} is {' or '.join(values) or 'given'}"
    return Condition(
        name="only_if",
        demands=False,
        text=f"Only {clause}",
        wrong=f"may be given only {clause}",
        unless=(case,),
    )
