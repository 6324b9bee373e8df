"""What stands in the place of a step, and which of its words are none or say nothing?"""

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any

import attrs

from stripe_flow.expressions import plain_expression
from stripe_flow.parameters import IDENTITY
from stripe_flow.reading import Path, Problem, Reader
from stripe_plugin.declare.options import Options
from stripe_plugin.errors import near
from stripe_plugin.judge.values import NOTHING, is_list, is_object
from stripe_plugin.run.pages import MOST
from stripe_plugin.secrets import shown

STOP, COLLECT = "stop", "collect"
USAGE = "A step needs an id (letters, digits, _) and an action."
WRONG_ID = (
    "A step needs an id of at most 64 letters, digits and _, by which others name it; got {id}."
)
NO_ACTION = "A step needs an action, such as create_product."

Inputs = Mapping[str, Any]
Lines = Mapping[Path, int]


@attrs.frozen
class PlacedStep:
    """A step as it stands in a file: its inputs have references, it and they have lines."""

    file: str  # its name
    id: str
    action: str
    line: int
    lines: Lines  # by word, as in ("if",), and by word and key, as in ("inputs", "Name")
    inputs: Inputs = NOTHING
    options: Inputs = NOTHING
    when: str | bool = True  # `if`: an expression, or whether at all
    foreach: str | list[Any] | None = None  # an expression, or the items
    on_error: str = STOP  # of an item, or COLLECT
    all: bool = False  # every page of a list
    most: int = MOST  # entries of that list

    @property
    def name(self) -> str:
        """What it is called where something is wrong with it: maybe its ID."""
        return self.id or self.action or "step"

    @property
    def place(self) -> str:
        """Where it stands, for a person."""
        return f"{self.file}, line {self.line}, step {self.id}"

    @property
    def account(self) -> str | None:
        """The account that its options name, as the file has it: it may be a reference."""
        words = Options.table.words
        for word, value in self.options.items():
            if value and words.get(word) == words["account"]:
                return str(value)
        return None

    @property
    def loops(self) -> bool:
        """Whether it is done for each of many items."""
        return self.foreach is not None

    @property
    def kept_as(self) -> str:
        """What its run knows it by: done for each of many it is another step."""
        return f"{self.id}[]" if self.loops else self.id

    @property
    def values(self) -> Iterator[tuple[str, str, Any]]:
        """All that may have references: word, key and value."""
        places = {"inputs": self.inputs, "options": self.options}
        for word, given in places.items():
            for key, value in given.items():
                yield word, key, value

    @property
    def expressions(self) -> Iterator[tuple[str, str]]:
        """What is an expression as a whole: its word, and the expression."""
        places = {"if": self.when, "foreach": self.foreach}
        for word, expression in places.items():
            if isinstance(expression, str):
                yield word, expression

    def problem(self, text: str, *place: str) -> Problem:
        """Something wrong with it, at a word, or at a key of one, or as a whole."""
        line = self.lines.get(place) or self.line
        key = place[-1] if place else ""
        return Problem(line, text, self.id, key)


def _is_expression(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_condition(value: Any) -> bool:
    return isinstance(value, bool) or _is_expression(value)


def _is_loop(value: Any) -> bool:
    return is_list(value) or _is_expression(value)


def _is_ending(value: Any) -> bool:
    return value in (STOP, COLLECT)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_bound(value: Any) -> bool:
    return type(value) is int and 0 < value <= MOST


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


# What each word of a step must be, and how that is said.
WORDS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "id": (_is_text, "text"),
    "action": (_is_text, "text"),
    "inputs": (is_object, "an object of display keys"),
    "options": (is_object, "an object of display keys"),
    "if": (_is_condition, "a JMESPath expression, as in steps.price.active, or true or false"),
    "foreach": (_is_loop, "a JMESPath expression, as in steps.prices.data, or a list"),
    "on_error": (_is_ending, f"{STOP} or {COLLECT}"),
    "all": (_is_flag, "true or false"),
    "most": (_is_bound, f"a whole number from 1 to {MOST:,}"),
}
NEEDS = {"on_error": "foreach", "most": "all"}  # words that mean something only beside another


class Found:
    """What stands in the place of a step, whatever it is."""

    def __init__(self, raw: Any, path: Path, reader: Reader) -> None:
        self.given: Inputs = raw if is_object(raw) else NOTHING
        self._path = path
        self._file = reader.name
        self._lines = reader.lines

    @cached_property
    def step(self) -> PlacedStep:
        """The step, with what is usual where something wrong stands."""
        when = self._usable("if", True)
        foreach = self._usable("foreach", None)
        return PlacedStep(
            self._file,
            id=self._text("id"),
            action=self._text("action"),
            line=self._lines[self._path],
            lines=dict(self._places()),
            inputs=self._usable("inputs", NOTHING),
            options=self._usable("options", NOTHING),
            when=_expression(when),
            foreach=_expression(foreach),
            on_error=self._usable("on_error", STOP),
            all=self._usable("all", False),
            most=self._usable("most", MOST),
        )

    def _text(self, word: str) -> str:
        value = self.given.get(word)
        return "" if value is None else str(value)

    def _usable(self, word: str, usual: Any) -> Any:
        value = self.given.get(word)
        is_right, _ = WORDS[word]
        return value if value is not None and is_right(value) else usual

    def _places(self) -> Iterator[tuple[Path, int]]:
        for word, value in self.given.items():
            yield (word,), self._lines[*self._path, word]
            keys = value if is_object(value) else NOTHING
            for key in keys:
                yield (word, key), self._lines[*self._path, word, key]

    def problems(self) -> Iterator[Problem]:
        """What is wrong with its words."""
        step = self.step
        for word in self.given:
            if wrong := self._wrong_word(word):
                yield step.problem(wrong, word)
        if wrong := self._wrong_names():
            yield step.problem(wrong)

    def _wrong_names(self) -> str | None:
        id_, action = self.step.id, self.step.action
        is_right = IDENTITY.fullmatch(id_)
        if id_ and not is_right:
            return WRONG_ID.format(id=shown(id_))
        if not id_:
            return USAGE
        return None if action else NO_ACTION

    def _wrong_word(self, word: str) -> str | None:
        value = self.given[word]
        if word not in WORDS:
            known = ", ".join(WORDS)
            return f"A step has no {word!r}{near(word, WORDS)}, only {known}."
        is_right, must = WORDS[word]
        is_given = word not in ("id", "action") and value is not None
        if is_given and not is_right(value):
            return f"{word} must be {must}; got {shown(value)}."
        needed = NEEDS.get(word)
        if value is None or needed is None or self.given.get(needed):
            return None
        return f"{word} means something only beside {needed}."


def _expression(value: Any) -> Any:
    return plain_expression(value) if isinstance(value, str) else value
