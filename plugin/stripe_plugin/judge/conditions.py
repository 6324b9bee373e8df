"""When must a row be given, and when not?"""

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import attrs

from stripe_plugin.judge.values import UNKNOWN, Given, Label, Labels, Names, Parameter

Fixed = str | bool  # a value that a case names


@attrs.frozen
class Case:
    """Something is given: with one of these values, or with any if there are none."""

    label: Label
    values: tuple[Fixed, ...] = ()

    @property
    def word(self) -> str:
        """What it is called in a sentence."""
        if isinstance(self.label, Parameter):
            return self.label.name
        return self.label

    @property
    def clause(self) -> str:
        """The case as a sentence goes on: `if Mode is payment or setup`."""
        values = " or ".join(map(_written, self.values))
        return f"if {self.word} is {values or 'given'}"

    def surely(self, given: Given) -> bool:
        """Whether it is so, whatever is known only later."""
        if self.label not in given:
            return False
        return not self.values or given[self.label] in self.values

    def maybe(self, given: Given) -> bool:
        """Whether it is so, or may be, once everything is known."""
        return self.surely(given) or given.get(self.label) is UNKNOWN


def _written(value: Fixed) -> str:
    """As a person writes it: `true`."""
    return value if isinstance(value, str) else str(value).lower()


Cases = tuple[Case, ...]


@attrs.frozen(kw_only=True)
class Condition:
    """Demands or forbids its row when any of some cases is met, unless any of others is."""

    name: str  # of the condition, in problems as data
    demands: bool
    text: str  # for a form's description: "Required if Mode is setup"; "" if it is about no row
    told: str  # behind the display key, if it is broken: "is required if Mode is setup"
    when: Cases = ()  # none: always
    unless: Cases = ()

    @property
    def neighbours(self) -> Labels:
        """The labels that it looks at, so that they can be checked."""
        cases = self.when + self.unless
        return tuple(case.label for case in cases)

    def broken(self, label: Label, given: Given) -> bool:
        """Whether the row at `label` is missing although demanded, or given although forbidden."""
        is_given = label in given
        if is_given is self.demands:
            return False
        for case in self.unless:
            if case.maybe(given):
                return False
        for case in self.when:
            if case.surely(given):
                return True
        return not self.when

    def wrong(self, given: Given) -> str:
        """What is said behind the display key if it is broken: only of what is given."""
        return self._told(case for case in self.when if case.maybe(given))

    @property
    def ever_wrong(self) -> str:
        """The same for who does not know what is given: of all rows that it can be about."""
        rows = [case for case in self.when if isinstance(case.label, str)]
        return self._told(rows or self.when)

    def _told(self, met: Iterable[Case]) -> str:
        words = [case.word for case in met]
        return self.told.replace("{those}", " or ".join(words))

    @cached_property
    def alternatives(self) -> frozenset[Label]:
        """The rows of which one must be given, if it demands that; its own is not among them."""
        if not self.demands or self.when:
            return frozenset()
        return frozenset(case.label for case in self.unless if isinstance(case.label, str))

    def data(self, names: Names) -> dict[str, Any]:
        """The condition for builders, by parameter name."""
        return {
            "effect": "require" if self.demands else "forbid",
            "when": _by_name(self.when, names),
            "unless": _by_name(self.unless, names),
            "text": self.text,
        }


def _by_name(cases: Cases, names: Names) -> dict[str, list[Fixed]]:
    data: dict[str, list[Fixed]] = {}
    for case in cases:
        name = names.get(case.label, case.word)
        data[name] = [*case.values]
    return data


def required_if_empty(*labels: Label) -> Condition:
    """Must be given unless one of these is. Of them, only rows are read aloud."""
    rows = [label for label in labels if isinstance(label, str)]
    verb = "is" if len(rows) == 1 else "are"
    clause = f" if {' and '.join(rows)} {verb} empty"
    return _required("required_if_empty", clause if rows else "", (), labels)


def required_if(label: Label, *values: Fixed, unless: Labels = ()) -> Condition:
    """Must be given if that is (with one of these values), unless one of those is."""
    case = Case(label, values)
    clause = f" {case.clause}"
    for other in unless:
        if isinstance(other, str):
            clause += f" and {other} is empty"
    return _required("required_if", clause, (case,), unless)


def _required(name: str, clause: str, when: Cases, unless: Labels) -> Condition:
    return Condition(
        name=name,
        demands=True,
        text=f"Required{clause}",
        told=f"is required{clause}",
        when=when,
        unless=tuple(map(Case, unless)),
    )


def excludes(*labels: Label) -> Condition:
    """Must not be given together with any of these. Of them, only rows are read aloud."""
    rows = [label for label in labels if isinstance(label, str)]
    return Condition(
        name="excludes",
        demands=False,
        text=f"Not together with {' or '.join(rows)}" if rows else "",
        told="may not be given together with {those}",
        when=tuple(map(Case, labels)),
    )


def only_if(label: Label, *values: Fixed) -> Condition:
    """May be given only if that is (with one of these values)."""
    case = Case(label, values)
    return Condition(
        name="only_if",
        demands=False,
        text=f"Only {case.clause}",
        told=f"may be given only {case.clause}",
        unless=(case,),
    )
