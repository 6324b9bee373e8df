"""What does a form show? A control for each row of a manifest, with what was typed and is wrong."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import attrs

from stripe_studio.trying.typed import (
    CLEAR,
    KEY,
    VALUE,
    Row,
    Tree,
    branch,
    is_filled,
    is_free,
    is_items,
    is_lines,
    items,
    twice,
)
from stripe_studio.words import spoken

Steps = tuple[str | int, ...]
#: Of the row's format, what may be written beside a plain number.
WRITTEN = {
    "minor-units": "Write 1500, or 15.00 USD.",
    "unix-time": "Write 2026-12-31, 2026-12-31 18:00 UTC, or unix seconds.",
}
TYPED = ("text", "long", "lines")
LONG = 200  # characters of an example that wants more than one line


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

    @property
    def name(self) -> str:
        """What its field is called."""
        return self.prefix + ".".join(map(str, self.path))

    @property
    def id(self) -> str:
        """The element's."""
        return self.name.replace(":", "-").replace(".", "-")

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
        conditions = [condition["text"] for condition in self.row.get("conditions", ())]
        sentences = [self.row["description"], *conditions]
        said = [f"{text.removesuffix('.')}." for text in sentences if text]
        said.append(WRITTEN.get(self.row.get("format", ""), ""))
        if self.row.get("clearable") and self.kind in TYPED:
            said.append(f"{CLEAR} unsets it.")
        return " ".join(filter(None, said))

    @property
    def placeholder(self) -> str:
        """An example, where it fits."""
        example = self.row["example"]
        return "" if example is None or isinstance(example, dict | list) else str(example)

    @property
    def scope(self) -> str:
        """What the names of the fields beside it begin with."""
        return self.prefix + "".join(f"{step}." for step in self.path[:-1])

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
        own = self.value or self.problems or self.items or self.pairs or self.unset
        return bool(own) or any(control.is_filled for control in inner)


def _by_value(condition: Mapping[str, Any]) -> bool:
    """Whether it hangs on what is chosen elsewhere, not only on whether something is there."""
    return any([*condition["when"].values(), *condition["unless"].values()])


@attrs.frozen
class Problems:
    """What is wrong, each at the innermost control that has its place."""

    found: Sequence[Mapping[str, Any]] = ()  # as `problems_at`

    def at(self, path: Steps) -> list[str]:
        """Those of this very place."""
        return [each["text"] for each in self.found if tuple(each["path"]) == path]

    def below(self, path: Steps) -> list[str]:
        """Those of this place and all inside of it."""
        size = len(path)
        return [each["text"] for each in self.found if tuple(each["path"][:size]) == path]


@attrs.frozen(kw_only=True)
class Form:
    """The controls of an action's rows, or of a run's options."""

    prefix: str
    problems: Problems = Problems()
    above: Steps = ()  # what stands before the path in problems

    def controls(self, rows: Iterable[Row], typed: Tree, path: Steps = ()) -> list[Control]:
        """One for each row."""
        return [self._control(row, typed.get(row["name"]), (*path, row["name"])) for row in rows]

    def _control(self, row: Row, typed: Any, path: Steps) -> Control:
        kind = kind_of(row)
        inside = dict(self._inside(kind, row, typed, path))
        return Control(row=row, path=path, prefix=self.prefix, kind=kind, **inside)

    def _inside(self, kind: str, row: Row, typed: Any, path: Steps) -> Iterator[tuple[str, Any]]:
        found = branch(typed)
        place = (*self.above, *path)
        whole = kind in ("object", "items")
        yield "unset", CLEAR in found
        yield "problems", self.problems.at(place) if whole else self.problems.below(place)
        if kind == "object":
            yield "controls", self.controls(row["fields"], found, path)
        elif kind == "items":
            yield "items", [*self._items(row, found, path)]
        elif kind == "pairs":
            yield "pairs", [_pair(item) for item in items(found)]
        else:
            yield "value", typed if isinstance(typed, str) else ""

    def _items(self, row: Row, found: Tree, path: Steps) -> Iterator[Sequence[Control]]:
        for number, item in enumerate(items(found)):
            yield self.controls(row["fields"], branch(item), (*path, number))


def _pair(found: Any) -> tuple[str, str]:
    pair = branch(found)
    return str(pair.get(KEY, "")), str(pair.get(VALUE, ""))


KINDS: tuple[tuple[str, Callable[[Row], bool]], ...] = (
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
    return next((kind for kind, is_it in KINDS if is_it(row)), "text")


def amiss(rows: Iterable[Row], typed: Tree, path: Steps = ()) -> Iterator[dict[str, Any]]:
    """What would be lost on the way to the host, as problems: it can be said only in a form."""
    for row in rows:
        found, here = branch(typed.get(row["name"])), (*path, row["name"])
        for text in _amiss_in(row, found):
            yield {"path": here, "text": f"{row['key']}: {text}"}
        if is_items(row):
            for number, item in enumerate(items(found)):
                yield from amiss(row["fields"], branch(item), (*here, number))
        elif "fields" in row:
            yield from amiss(row["fields"], found, here)


def _amiss_in(row: Row, found: Tree) -> Iterator[str]:
    if CLEAR in found and is_filled(found):
        yield "it is to be unset, and filled in: do one of both."
    if is_free(row):
        for key in twice(found):
            yield f"the key {key} stands twice."
