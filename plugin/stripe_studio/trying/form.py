"""What does a form show? A control for each row of a manifest, with what was typed and is wrong."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
Found = Mapping[str, Any]  # the same, of somebody else's
# Of the row's format, what may be written beside a plain number.
WRITTEN = {
    "minor-units": "Write 1500 for 15.00.",
    "unix-time": "Write 2026-12-31T18:00:00Z, or unix seconds.",
}
SEVERAL = ("object", "array")
TYPED = ("text", "long", "lines")
OPTIONS = "options"  # what the path of a problem begins with, if it is one of the run's
LONG = 200  # characters of an example that wants more than one line


def element(prefix: str, path: Iterable[str | int]) -> str:
    """What the element of a place is called: `in-line_items-0-price`."""
    begin = prefix.removesuffix(":")
    steps = map(str, path)
    return "-".join([begin, *steps])


def pointed(problem: Found, inputs: str, options: str) -> Problem:
    """A problem with the element that it is about, if there is one.

    `inputs` and `options`: what the names of the fields of each begin with.
    """
    prefix = inputs
    steps = [*problem["path"]]
    if steps[:1] == [OPTIONS]:
        prefix = options
        del steps[0]
    at = element(prefix, steps) if steps else None
    return {**problem, "at": at}


@attrs.frozen(kw_only=True)
class Control:
    """One place to fill, with the places inside of it."""

    row: Row
    path: Steps
    prefix: str
    kind: str  # text, long, number, choice, yes_no, lines, pairs, object, items
    value: str = ""
    problems: Sequence[str] = ()
    doubts: Sequence[str] = ()  # what looks wrong, and may be right
    controls: Sequence["Control"] = ()  # inside of an object
    items: Sequence["Item"] = ()  # of a list
    pairs: Sequence[tuple[str, str]] = ()  # key and value of each
    unset: bool = False  # it is to be unset
    unsets: bool = False  # it can be
    beside_currency: bool = False  # so that an amount may be written with its currency

    @property
    def name(self) -> str:
        """What its field is called."""
        return f"{self.prefix}{self.place}"

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
        is_one = self.row["type"] not in SEVERAL
        return str(example) if is_one and example is not None else ""

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
        return [(value, _choice(value)) for value in self.row["enum"]]

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
        own = (self.value, self.problems, self.doubts, self.items, self.pairs, self.unset)
        inner = (control.is_filled for control in self.controls)
        return any(own) or any(inner)


@attrs.frozen(kw_only=True)
class Item:
    """One of a list, with a form of its own."""

    id: str  # the element's
    controls: Sequence[Control]
    problems: Sequence[str]  # with it as a whole
    doubts: Sequence[str] = ()


def _by_value(condition: Mapping[str, Any]) -> bool:
    """Whether it hangs on what is chosen elsewhere, not only on whether something is there."""
    when = condition["when"].values()
    unless = condition["unless"].values()
    return any(when) or any(unless)


def _choice(value: str) -> str:
    """A value of Stripe's in words, with itself, where help would not be known by the words."""
    words = spoken(value)
    if words.lower() == value:
        return words
    return value if value.isupper() else f"{words} ({value})"


def in_order(problems: Iterable[Problem], controls: Iterable[Control]) -> list[Problem]:
    """Problems in the order in which a form has their controls, each with an element it has."""
    places = {name: at for at, name in enumerate(_ids(controls))}
    placed = [{**each, "at": _there(each["at"] or "", places)} for each in problems]
    return sorted(placed, key=lambda each: places.get(each["at"], -1))


def _there(name: str, places: Mapping[str, int]) -> str:
    """The element, or the one above it of what has none of its own; empty without any."""
    while name and name not in places:
        name, _, _ = name.rpartition("-")
    return name


def _ids(controls: Iterable[Control]) -> Iterator[str]:
    for control in controls:
        yield control.id
        yield from _ids(control.controls)
        for item in control.items:
            yield item.id
            yield from _ids(item.controls)


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
        placed = self._placed()
        return [text for place, text in placed if place[:size] == path]

    def _placed(self) -> Iterator[tuple[Steps, str]]:
        for each in self.found:
            yield tuple(each["path"]), each["text"]


@attrs.frozen(kw_only=True)
class Form:
    """The controls of an action's rows, or of a run's options."""

    prefix: str
    problems: Problems = Problems()
    doubts: Problems = Problems()
    is_new: bool = False  # what is made has nothing that could be unset
    above: Steps = ()  # what stands before the path in problems

    def controls(self, rows: Rows, typed: Tree, path: Steps = ()) -> list[Control]:
        """One for each row."""
        rows = [*rows]
        has_currency = any(row.get("format") == "currency" for row in rows)
        found: list[Control] = []
        for row in rows:
            name = row["name"]
            here = (*path, name)
            control = self._control(row, typed.get(name), here)
            found.append(attrs.evolve(control, beside_currency=has_currency))
        return found

    def _control(self, row: Row, typed: Any, path: Steps) -> Control:
        kind = kind_of(row)
        clearable = bool(row.get("clearable"))
        return Control(
            row=row,
            path=path,
            prefix=self.prefix,
            kind=kind,
            unset=CLEAR in branch(typed),
            unsets=clearable and not self.is_new,
            problems=self._told(self.problems, kind, path),
            doubts=self._told(self.doubts, kind, path),
            **self._inside(kind, row, typed, path),
        )

    def _inside(self, kind: str, row: Row, typed: Any, path: Steps) -> dict[str, Any]:
        """What a control of this kind has in it."""
        tree = branch(typed)
        if kind == "object":
            return {"controls": self.controls(row["fields"], tree, path)}
        if kind == "items":
            return {"items": [*self._items(row, tree, path)]}
        if kind == "pairs":
            return {"pairs": [*map(pair_of, items(tree))]}
        return {"value": typed} if isinstance(typed, str) else {}

    def _told(self, found: Problems, kind: str, path: Steps) -> list[str]:
        """What is inside of an object with a form stands at the controls in it."""
        place = (*self.above, *path)
        if kind in ("object", "items"):
            return found.at(place)
        return found.below(place)

    def _items(self, row: Row, found: Tree, path: Steps) -> Iterator[Item]:
        for number, item in enumerate(items(found)):
            here = (*path, number)
            yield Item(
                id=element(self.prefix, here),
                controls=self.controls(row["fields"], branch(item), here),
                problems=self._told(self.problems, "object", here),
                doubts=self._told(self.doubts, "object", here),
            )


Judge = Callable[[Row], bool]
KINDS: Sequence[tuple[str, Judge]] = (
    ("items", is_items),
    ("lines", is_lines),
    ("pairs", is_free),
    ("object", lambda row: "fields" in row),
    ("choice", lambda row: "enum" in row),
    ("yes_no", lambda row: row["type"] == "boolean"),
    ("long", lambda row: _is_long(row["example"])),
)


def _is_long(example: Any) -> bool:
    return len(str(example)) > LONG


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
            place = (*here, number)
            yield from amiss(row["fields"], branch(item), place)
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
