"""What is known of an action? Forms, manifests and requests derive from it."""

import re
import sys
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import chain
from typing import Any

import attrs

from stripe_plugin.declare.answer import One
from stripe_plugin.declare.documented import Documented
from stripe_plugin.declare.resource import Resource
from stripe_plugin.declare.row import Row, Table
from stripe_plugin.errors import Path, UsageError, words
from stripe_plugin.judge.table import check_table, labelled
from stripe_plugin.secrets import shown

DOCS = "https://docs.stripe.com/api"
WITHOUT_DOCSTRINGS = 2  # what `python -OO` sets
ENDPOINT = re.compile(r"(GET|POST|DELETE) /[^\s?#]+")


@attrs.frozen
class Place:
    """Where in the inputs an error of Stripe's belongs."""

    key: str  # the display key
    path: Path  # parameter names, then keys, and positions counted from 0
    text: str  # the same for a sentence, counted from 1: `Line Items › 1 › Price Data`


@attrs.frozen(kw_only=True)
class Spec(Table):
    """Everything declared about an action. One that contradicts itself cannot be made."""

    #: Where its class is: `stripe_nodes.prices:CreatePrice`.
    entry: str
    #: The first line of the class's docstring, all of which is the description.
    summary: str
    #: GET, POST or DELETE, and a path with variables: `POST /v1/prices/{price}`.
    endpoint: str
    #: The resource that it is about.
    subject: Resource
    #: What Stripe answers.
    answer: One
    #: Parameters that are always sent.
    sends: Mapping[str, Any]
    #: Whether doing it again changes nothing more; None: all but a POST.
    repeats: bool | None
    #: Whether something is gone by it; None: by a DELETE.
    destroys: bool | None
    #: Its page below docs.stripe.com/api, if that is not the resource's and the name's first word.
    docs: str | None
    #: Not on the action page.
    beyond: bool = False
    #: Made of other actions: see `recipe.py`.
    recipe: bool = False
    #: Of one whose endpoint is an input: what of it nothing is known of, as a sentence.
    unchecked: str | None = None

    def __attrs_post_init__(self) -> None:
        for wrong in chain(_wrong_types(self), _wrong_facts(self), _wrong_rows(self)):
            raise UsageError(f"{self.name}: {wrong}")
        try:
            check_table(self.fields)
        except UsageError as error:
            raise UsageError(f"{self.name} › {error}") from None

    @cached_property
    def method(self) -> str:
        """GET, POST or DELETE."""
        return self.endpoint.split(" ")[0]

    @cached_property
    def path(self) -> str:
        """The path, with its {variables}."""
        return self.endpoint.split(" ")[-1]

    @cached_property
    def documented(self) -> Documented:
        """What Stripe's API document says of its parameters."""
        return Documented(self.method, self.path)

    def at_stripe(self) -> tuple[Row, ...]:
        """The rows, each with what is documented of it, to judge by what no table has."""
        placed: list[Row] = []
        for row in self.rows:
            place = self.documented.into(row.parameter)
            placed.append(row if row.local else row.at(place))
        return tuple(placed)

    @property
    def repeatable(self) -> bool:
        """Whether doing it again changes nothing more."""
        return self.method != "POST" if self.repeats is None else self.repeats

    @property
    def destructive(self) -> bool:
        """Whether something is gone by it."""
        return self.method == "DELETE" if self.destroys is None else self.destroys

    @cached_property
    def id(self) -> str:
        """`create_price`."""
        return self.name.lower().replace(" ", "_")

    @property
    def resource(self) -> str:
        """What Stripe calls the subject: `checkout.session`."""
        return self.subject.object

    @property
    def permission(self) -> str | None:
        """What a restricted key needs."""
        if self.subject.permission is None:
            return None
        level = "Read" if self.method == "GET" else "Write"
        return f"{self.subject.permission}: {level}"

    @property
    def hints(self) -> dict[str, bool]:
        """What a builder should know before it offers the action."""
        return {
            "read_only": self.method == "GET",
            "destructive": self.destructive,
            "idempotent": self.repeatable,
        }

    @property
    def docs_url(self) -> str:
        """Its page at docs.stripe.com, as far as that is known."""
        verb = self.name.split()[0].lower()
        page = f"{self.subject.docs}/{verb}" if self.subject.docs else ""
        return f"{DOCS}/{self.docs or page}".rstrip("/")

    @property
    def output_excerpt(self) -> dict[str, Any]:
        """Of what Stripe may answer, what tells it from other answers: the action page's example.

        The whole is made by `stripe_plugin.host.example.output_example`.
        """
        return self.answer.example(self.subject)

    @cached_property
    def path_names(self) -> tuple[str, ...]:
        """The variables of the path, in its order."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @cached_property
    def _roots(self) -> dict[str, Row]:
        """The rows by the first step of what they are called; one that is called just so wins."""
        by_root: dict[str, Row] = {}
        for row in self.rows:
            by_root.setdefault(row.steps[0], row)
        return by_root | {row.name: row for row in self.rows}

    def within(self, steps: tuple[str, ...]) -> str | None:
        """A parameter's steps as a form has them: `Address › City`; None outside of rows."""
        row = self._sent_as(steps)
        return None if row is None else place_in(row, steps[len(row.steps) :])

    def _sent_as(self, steps: Path) -> Row | None:
        """The row that is sent there, or outside of that place: created[gte] beside created[lt]."""
        for row in self.rows:
            if steps[: len(row.steps)] == row.steps:
                return row
        return None

    def locate(self, param: str | None, code: str | None = None) -> Place | None:
        """Where Stripe's `param`, such as `line_items[0][price]`, is among the inputs.

        An object that is missing, by the error's `code`, is the last one in the path.
        """
        steps = steps_of(param or "")
        if steps and steps[0] in self._roots:
            exact = self._sent_as(steps)
            # pricing alone, of a row that is sent as pricing[price]; or what only we call so
            row = exact or self._roots[str(steps[0])]
            own = len(exact.steps) if exact else 1
            return _place(row, steps[own:])
        if code == "resource_missing" and self.path_names:
            row = self.words[self.path_names[-1]]
            return _place(row, ())
        return None


def place_beside(key: str, param: str) -> Place:
    """Where Stripe's `param` is that no row has, but the option with this key."""
    path = steps_of(param)
    return Place(key, ("options", "extra", *path), f"{key}{words(path)}")


def _place(row: Row, rest: Path) -> Place:
    return Place(row.key, (row.name, *rest), place_in(row, rest))


def place_in(row: Row, path: Path) -> str:
    """A path into the value of a row, for a sentence: `Line Items › 1 › Price Data`."""
    return f"{row.key}{labelled(row, path)}"


def root_of(param: str) -> str:
    """The parameter in Stripe's path to a part of it: `items` of `items[0][price]`."""
    return param.partition("[")[0]


def steps_of(param: str) -> Path:
    """Stripe's `items[0][price]` as its steps; of what is too long to be shown, only the first."""
    if len(param) > 200 or not param.isprintable():
        param = root_of(param[:200])
    steps: list[str | int] = []
    for step in re.findall(r"[^\[\]]+", param):
        is_position = re.fullmatch("[0-9]{1,6}", step)
        steps.append(int(step) if is_position else step)
    return tuple(steps)


# --- what a table may not be ----------------------------------------------------------------------


# What a fact is, and how it is written.
WRITTEN: Mapping[str, tuple[type, str]] = {
    "endpoint": (str, 'the endpoint is a text, such as "POST /v1/prices"'),
    "subject": (Resource, 'behind the endpoint stands a resource, such as Resource("price")'),
    "answer": (One, "answers is One(…), Page(…) or the like"),
    "sends": (Mapping, "sends is an object of parameters"),
}


def _wrong_types(spec: Spec) -> Iterator[str]:
    for name, (kind, written) in WRITTEN.items():
        value = getattr(spec, name)
        if not isinstance(value, kind):
            yield f"{written}; got {shown(value)}"


def _wrong_facts(spec: Spec) -> Iterator[str]:
    if not ENDPOINT.fullmatch(spec.endpoint):
        yield "the endpoint must be like POST /v1/prices/{price}, by GET, POST or DELETE"
    if not spec.summary and sys.flags.optimize < WITHOUT_DOCSTRINGS:
        yield "its class has no docstring, which says in a sentence what it does"
    if spec.method == "GET" and spec.destructive:
        yield "a GET only reads, it destroys nothing"
    if spec.method == "GET" and not spec.repeatable:
        yield "a GET only reads, so it can be repeated"
    methods = spec.answer.methods
    if methods and spec.method not in methods:
        yield f"a {spec.method} is not answered by {type(spec.answer).__name__}"


def _wrong_rows(spec: Spec) -> Iterator[str]:
    seen: set[str] = set()
    for row in spec.rows:
        for word in {row.parameter, row.key}:
            if word in seen:
                yield f"two rows are called {word}"
            seen.add(word)
        if row.parameter in spec.sends:
            yield f"{row.parameter} is always sent, so it can be no row"
    ids = [row.parameter for row in spec.rows if row.is_path_id]
    for name in spec.path_names:
        if name not in ids:
            yield f"{name} is in the path but no path_id"
