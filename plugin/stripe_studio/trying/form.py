"""What does a form show? A control for each row of a manifest, with what was typed and is wrong."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import attrs

from stripe_studio.trying.typed import (
    CLEAR,
    Row,
    Tree,
    branch,
    is_filled,
    is_free,
    is_items,
    is_lines,
    items,
    pair_of,
    strays,
    twice,
)
from stripe_studio.words import spoken

Steps = tuple[str | int, ...]
Rows = Iterable[Row]
Problem = dict[str, Any]  # its path and its sentence
#: Of the row's format, what may be written beside a plain number.
WRITTEN = {
    "minor-units": "Write 1500 for 15.00.",
    "unix-time": "Write 2026-12-31T18:00:00Z, or unix seconds.",
}
TYPED = ("text", "long", "lines")
LONG = 200  # characters of an example that wants more than one line


def element(prefix: str, path: Iterable[str | int]) -> str:
    """What the element of a place is called: `in-line_items-0-price`."""
    return "-".join([prefix.removesuffix(":"), *map(str, path)])


@attrs.frozen(kw_only=True)
class Control:
    """One place to fill, with the places inside of it."""

    row: Row
    path: Steps
    prefix: str
    kind: str  # text, long, number, choice, yes_no, lines, pairs, object, items
    value: str = ""
    problems: Sequence[str] = ()
    controls: Sequence["Control"] = ()  # inside of an object
    items: Sequence[Sequence["Control"]] = ()  # of a list: the form of each
    pairs: Sequence[tuple[str, str]] = ()  # key and value of each
    unset: bool = False  # it is to be unset
    unsets: bool = False  # it can be
    beside_currency: bool = False  # so that an amount may be written with its currency

    @property
    def name(self) -> str:
        """What its field is called."""
        return self.prefix + ".".join(map(str, self.path))

    @property
    def id(self) -> str:
        """The element's."""
        return element(self.prefix, self.path)

    @property
    def place(self) -> str:
        """Where it is, for a picker and for buttons."""
        return ".".join(map(str, self.path))

    @property
    def is_time(self) -> bool:
        """Whether it is a moment."""
        return self.row.get("format") == "unix-time"

    @property
    def reference(self) -> Mapping[str, Any] | None:
        """The resource whose ID it takes."""
        return self.row.get("reference")

    @property
    def offers(self) -> bool:
        """Whether there are choices for it."""
        listed = self.reference and self.reference["listed_by"]
        return bool(listed or self.row.get("offers"))

    @property
    def help(self) -> str:
        """What it is, when it must be given, and how it may be written."""
        sentences = [self.row["description"], *self._conditions("text")]
        said = [f"{text.removesuffix('.')}." for text in sentences if text]
        form = self.row.get("format")
        if form in WRITTEN:
            said.append(WRITTEN[form])
        if form == "minor-units" and self.beside_currency:
            said.append("15.00 USD is as good.")
        if self.unsets and self.kind in TYPED:
            said.append(f"{CLEAR} unsets it.")
        return " ".join(said)

    def _conditions(self, word: str) -> list[Any]:
        """What a word of each of its conditions says."""
        found: Sequence[Row] = self.row.get("conditions", ())
        return [condition[word] for condition in found]

    @property
    def placeholder(self) -> str:
        """An example, where it fits."""
        example = self.row["example"]
        if example is None or self.row["type"] in ("object", "array"):
            return ""
        return str(example)

    @property
    def scope(self) -> str:
        """What the names of the fields beside it begin with."""
        above = [f"{step}." for step in self.path[:-1]]
        return self.prefix + "".join(above)

    @property
    def choices(self) -> list[tuple[str, str]]:
        """What can be chosen, and how that is called."""
        if self.kind == "yes_no":
            return [("true", "Yes"), ("false", "No")]
        return [(value, spoken(value)) for value in self.row["enum"]]

    @property
    def is_other(self) -> bool:
        """Whether something else is typed than what can be chosen."""
        return bool(self.value) and self.value not in dict(self.choices)

    @property
    def shown_when(self) -> str:
        """For the browser: the choices elsewhere that forbid it, as JSON; empty without any."""
        found = [
            {"when": condition["when"], "unless": condition["unless"]}
            for condition in self.row.get("conditions", ())
            if condition["effect"] == "forbid" and _by_value(condition)
        ]
        return json.dumps(found) if found else ""

    @property
    def is_filled(self) -> bool:
        """Whether something is typed in it, or wrong with it."""
        inner = [*self.controls, *chain.from_iterable(self.items)]
        own = (self.value, self.problems, self.items, self.pairs, self.unset)
        return any(own) or any(control.is_filled for control in inner)


def _by_value(condition: Mapping[str, Any]) -> bool:
    """Whether it hangs on what is chosen elsewhere, not only on whether something is there."""
    when, unless = condition["when"], condition["unless"]
    return any([*when.values(), *unless.values()])


@attrs.frozen
class Problems:
    """What is wrong, each at the innermost control that has its place."""

    found: Sequence[Mapping[str, Any]] = ()  # as `problems_at`

    def at(self, path: Steps) -> list[str]:
        """Those of this very place."""
        return [text for place, text in self._placed() if place == path]

    def below(self, path: Steps) -> list[str]:
        """Those of this place and all inside of it."""
        size = len(path)
        return [text for place, text in self._placed() if place[:size] == path]

    def _placed(self) -> Iterator[tuple[Steps, str]]:
        for each in self.found:
            yield tuple(each["path"]), each["text"]


@attrs.frozen(kw_only=True)
class Form:
    """The controls of an action's rows, or of a run's options."""

    prefix: str
    problems: Problems = Problems()
    is_new: bool = False  # what is made has nothing that could be unset
    above: Steps = ()  # what stands before the path in problems

    def controls(self, rows: Rows, typed: Tree, path: Steps = ()) -> list[Control]:
        """One for each row."""
        rows = [*rows]
        has_currency = any(row.get("format") == "currency" for row in rows)
        found: list[Control] = []
        for row in rows:
            here = (*path, row["name"])
            control = self._control(row, typed.get(row["name"]), here)
            found.append(attrs.evolve(control, beside_currency=has_currency))
        return found

    def _control(self, row: Row, typed: Any, path: Steps) -> Control:
        kind = kind_of(row)
        inside = branch(typed)
        known: dict[str, Any] = {
            "row": row,
            "path": path,
            "prefix": self.prefix,
            "kind": kind,
            "unset": CLEAR in inside,
            "unsets": bool(row.get("clearable")) and not self.is_new,
            "problems": self._problems(kind, path),
        }
        if kind == "object":
            known["controls"] = self.controls(row["fields"], inside, path)
        elif kind == "items":
            known["items"] = [*self._items(row, inside, path)]
        elif kind == "pairs":
            known["pairs"] = [pair_of(item) for item in items(inside)]
        elif isinstance(typed, str):
            known["value"] = typed
        return Control(**known)

    def _problems(self, kind: str, path: Steps) -> list[str]:
        """What is inside of an object with a form stands at the controls in it."""
        place = (*self.above, *path)
        if kind in ("object", "items"):
            return self.problems.at(place)
        return self.problems.below(place)

    def _items(self, row: Row, found: Tree, path: Steps) -> Iterator[Sequence[Control]]:
        for number, item in enumerate(items(found)):
            here = (*path, number)
            yield self.controls(row["fields"], branch(item), here)


Judge = Callable[[Row], bool]
KINDS: Sequence[tuple[str, Judge]] = (
    ("items", is_items),
    ("lines", is_lines),
    ("pairs", is_free),
    ("object", lambda row: "fields" in row),
    ("choice", lambda row: "enum" in row),
    ("yes_no", lambda row: row["type"] == "boolean"),
    ("long", lambda row: len(str(row["example"])) > LONG),
)


def kind_of(row: Row) -> str:
    """By what a row is filled: the first of the kinds that it is of, or a line of text."""
    for kind, is_it in KINDS:
        if is_it(row):
            return kind
    return "text"


def amiss(rows: Rows, typed: Tree, path: Steps = ()) -> Iterator[Problem]:
    """What would be lost on the way to the host, as problems: it can be said only in a form."""
    for row in rows:
        inside = branch(typed.get(row["name"]))
        here = (*path, row["name"])
        for text in _amiss_in(row, inside):
            yield {"path": here, "text": f"{row['key']}: {text}"}
        yield from _amiss_below(row, inside, here)


def _amiss_below(row: Row, inside: Tree, here: Steps) -> Iterator[Problem]:
    if is_items(row):
        for number, item in enumerate(items(inside)):
            yield from amiss(row["fields"], branch(item), (*here, number))
    elif "fields" in row:
        yield from amiss(row["fields"], inside, here)


def _amiss_in(row: Row, found: Tree) -> Iterator[str]:
    if CLEAR in found and is_filled(found):
        yield "it is to be unset, and filled in: do one of both."
    if is_free(row):
        for key in twice(found):
            yield f"the key {key} stands twice."
    for name in strays(row, found):
        yield f"{name} was filled in, and has no box here any more: it would not be sent."
