"""How do inputs reach the rows of an action, and what is wrong with them? All of it, at once."""

from collections.abc import Mapping
from itertools import islice, repeat
from typing import Any

from stripe_plugin.declare.documented import Documented
from stripe_plugin.declare.hints import EXTRA, hint
from stripe_plugin.declare.row import Table
from stripe_plugin.declare.spec import Spec, root_of
from stripe_plugin.errors import Fault, Problem, Refused, near
from stripe_plugin.judge.rules import Each, Matches, inside
from stripe_plugin.judge.table import Field, judge_table
from stripe_plugin.judge.values import (
    NOTHING,
    Parameter,
    Partly,
    entries,
    holds_unknown,
    is_empty,
    is_list,
    is_object,
    plain,
)
from stripe_plugin.secrets import shown

EXPAND = "Options › Expand"  # what a form calls it
MOST_TOLD = 20  # problems of one row, and unknown inputs; of more, only how many there are

# Source: docs.stripe.com/expand.
LEVELS = Matches(
    r"[^.\s][^.]*(?:\.\s*[^.\s][^.]*){0,3}", "be a path of at most four levels (a.b.c.d)"
)
EACH = Each(rules=(LEVELS,))
PATHS = Field(list[str], (EACH,))

Values = dict[str, Any]


class RowsJudgement:
    """What is given for the rows of a table, and what is wrong with it."""

    def __init__(self, table: Table) -> None:
        self._table = table
        #: What is wrong, in the order of the rows.
        self.problems: list[Problem] = []
        #: The clean values by attribute.
        self.values: Values = {}
        #: What of it has no value and is not sent, though somebody might think so.
        self.unsent: list[tuple[str, Fault]] = []

    def refuse_unknown(self) -> None:
        """Makes a problem of each value that is known only later."""
        for name, value in self.values.items():
            if holds_unknown(value):
                row = self._table.words.get(name)
                key = row.key if row else f"Options › {name.capitalize()}"
                path = (name,) if row else ("options", name)
                self._tell(key, "unknown", f"{key} is not known yet.", *path)

    def _tell(self, key: str, rule: str, text: str, *path: str | int) -> None:
        problem = Problem(path, key, rule, text)
        self.problems.append(problem)

    def _tell_faults(self, key: str, faults: list[Fault], *below: str) -> None:
        for fault in faults[:MOST_TOLD]:
            text = f"{key}{fault.words} {fault.text}."
            self._tell(key, fault.rule, text, *below, *fault.path)
        if more := len(faults[MOST_TOLD:]):
            text = f"{key} has more problems: {more:,} beside these."
            self._tell(key, "more", text, *below)

    def _given(self, inputs: Any) -> Values:
        """What is given, by display key: neither unknown, nor twice, nor empty."""
        if not is_object(inputs):
            text = f"Inputs must be an object of display keys; got {shown(inputs)}."
            self._tell("inputs", "type", text)
            return {}
        unknown = [word for word in inputs if word not in self._table.words]
        self._tell_not_a_row(unknown)
        given: Values = {}
        for word, value in inputs.items():
            row = self._table.words.get(word)
            if row is None or is_empty(value):
                continue
            self.unsent += zip(repeat(row.key), islice(row.unsent(value), MOST_TOLD))
            if row.key in given:
                text = f"{row.key} is given twice, as {row.key} and as {row.name}."
                self._tell(row.key, "given_twice", text, row.name)
            else:
                given[row.key] = value
        return given

    def _hint(self, word: str) -> str:
        """Where a word may belong that is no row."""
        return near(word, self._table.names) or self._table.listed

    def _tell_not_a_row(self, words: list[Any]) -> None:
        for word in words[:MOST_TOLD]:
            label = _label(word)
            wrong = f"{label or shown(label)} is not an input of {self._table.name}"
            text = f"{wrong}{self._hint(label)}."
            self._tell(label, "not_a_row", text, label)
        if more := len(words[MOST_TOLD:]):
            text = f"More inputs are not of {self._table.name}: {more:,} beside these."
            self._tell("inputs", "not_a_row", text)

    def _judge_rows(self, given: Values, beside: Values) -> None:
        parameters = {Parameter(name): value for name, value in beside.items()}
        clean, faults = judge_table(self._table.fields, given, parameters)
        for row in self._table.rows:
            self.values[row.name] = clean.get(row.key)
        for key, found in faults.items():
            name = self._table.names[key]
            self._tell_faults(key, found, name)
        empty = given.keys() - clean.keys() - faults.keys()  # what is in them is
        for key in empty:
            del given[key]


class Judgement(RowsJudgement):
    """The one judgement of an action's inputs, of `extra` and of `expand`."""

    def __init__(self, spec: Spec, inputs: Any, extra: Any, expand: Any) -> None:
        super().__init__(spec)
        self._spec = spec
        given = self._given(inputs)
        beside, faults = self._beside(extra)
        self._judge_rows(given, beside)
        self._tell_faults(EXTRA, faults, "options", "extra")
        self._check_replaced(given, beside)
        self.values["extra"] = beside
        self._judge_expand(expand)

    def _hint(self, word: str) -> str:
        return hint(self._spec, word) or super()._hint(word)

    def _beside(self, extra: Any) -> tuple[Values, list[Fault]]:
        """Parameters without a row, as documented: neither empty nor wrong; and what is wrong."""
        given, faults = _plain(extra)
        beside: Values = {}
        self._tell_unsent(EXTRA, self._spec.documented, extra)
        if not given:
            return beside, faults
        for name, value in given.items():
            try:
                beside[name] = self._spec.documented.into(name).judge(value)
            except Refused as error:
                beside[name] = value  # for conditions: it is given
                faults += [fault.inside(_label(name)) for fault in error.faults]
        return {name: value for name, value in beside.items() if value is not None}, faults

    def _tell_unsent(self, key: str, place: Documented, given: Any) -> None:
        """Tells of parameters without a row what of them has no value."""
        for name, value in entries(given):
            found = inside(name, place.into(name).unsent(value))
            self.unsent += zip(repeat(key), islice(found, MOST_TOLD))

    def _check_replaced(self, given: Values, beside: Values) -> None:
        if not beside:
            return
        rows = [self._spec.fields[key] for key in given]
        roots = [row.steps[0] for row in rows]
        sent = {*self._spec.path_names, *self._spec.sends}
        taken = {"expand", *roots, *sent}
        for name in beside:
            if root_of(name) in taken:
                label = _label(name)
                text = f"{EXTRA} would replace {label}."
                self._tell(EXTRA, "given_twice", text, "options", "extra", label)

    def _judge_expand(self, expand: Any) -> None:
        """A row that is called so and the argument become one list."""
        row = self._spec.words.get("expand")
        key = row.key if row else EXPAND
        place = ("expand",) if row else ("options", "expand")
        paths = self._paths(expand, key, *place)
        if row is None:
            self.values["expand"] = tuple(paths)
        elif paths:
            own = self.values["expand"]
            known = own if is_list(own) else []
            self.values["expand"] = [*dict.fromkeys([*known, *paths])]

    def _paths(self, expand: Any, key: str, *place: str) -> list[str]:
        """What is to be expanded; where that is wrong, nothing is, and it is told."""
        if is_empty(expand):
            return []
        try:
            return PATHS.judge(plain(expand), NOTHING) or []
        except Refused as error:
            self._tell_faults(key, error.faults, *place)
            return []


def _label(word: Any) -> str:
    """What somebody called an input, as far as it can be shown."""
    return shown(word).strip('"')


def _plain(extra: Any) -> tuple[Values, list[Fault]]:
    """Parameters without a row as bounded JSON, or what is wrong with them."""
    if not is_object(extra):
        return {}, [Fault(f"must be an object of parameters; got {shown(extra)}", "type")]
    if not extra:
        return {}, []
    try:
        return plain(extra) or {}, []
    except Partly as error:
        return {}, error.faults
    except Refused as error:
        return {}, _first_faults(extra) or error.faults


def _first_faults(extra: Mapping[Any, Any]) -> list[Fault]:
    """The faults of the first parameter that is refused for itself."""
    for name in [*extra][:1000]:
        try:
            plain(extra[name])
        except Refused as error:
            label = _label(name)
            return [fault.inside(label) for fault in error.faults]
    return []
