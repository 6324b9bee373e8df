"""What is known of an action? Forms, manifests and requests derive from it."""

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import attrs

from stripe_plugin.declare.answer import One
from stripe_plugin.declare.resource import Resource
from stripe_plugin.declare.row import Row
from stripe_plugin.errors import Path, UsageError, words
from stripe_plugin.judge.rules import Reference
from stripe_plugin.judge.table import check_table

DOCS = "https://docs.stripe.com/api"


@attrs.frozen
class Place:
    """Where in the inputs an error of Stripe's belongs."""

    key: str  # the display key
    path: Path  # parameter names, then keys, and positions counted from 0
    text: str  # the same for a sentence, counted from 1: `Line Items › 1 › price_data`


@attrs.frozen(kw_only=True)
class Spec:
    """Everything declared about an action."""

    #: `create_price`.
    id: str
    #: `Create Price`.
    name: str
    #: Where its class is: `stripe_nodes.prices:CreatePrice`.
    entry: str
    #: The first line of the class's docstring, and all of it.
    summary: str
    description: str
    #: GET, POST or DELETE, and a path with {variables}.
    method: str
    path: str
    #: What it is about.
    subject: Resource
    #: Its page at docs.stripe.com.
    docs_url: str
    #: Parameters that are always sent.
    sends: Mapping[str, Any]
    #: Whether doing it again changes nothing more.
    repeatable: bool
    #: Whether something is gone by it.
    destructive: bool
    #: What Stripe may answer.
    output_example: dict[str, Any]
    rows: tuple[Row, ...]

    @property
    def resource(self) -> str:
        """What Stripe calls the subject: `checkout.session`."""
        return self.subject.object

    @property
    def permission(self) -> str | None:
        """What a restricted key needs."""
        level = "Read" if self.method == "GET" else "Write"
        return f"{self.subject.permission}: {level}" if self.subject.permission else None

    @property
    def hints(self) -> dict[str, bool]:
        """What a builder should know before it offers the action."""
        return {
            "read_only": self.method == "GET",
            "destructive": self.destructive,
            "idempotent": self.repeatable,
        }

    @cached_property
    def path_names(self) -> tuple[str, ...]:
        """The variables of the path, in its order."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @cached_property
    def fields(self) -> dict[str, Row]:
        """The rows by display key."""
        return {row.key: row for row in self.rows}

    @cached_property
    def names(self) -> dict[str, str]:
        """The attributes by display key."""
        return {row.key: row.name for row in self.rows}

    @cached_property
    def words(self) -> dict[str, Row]:
        """The rows by whatever an input may be called: parameter, attribute or display key."""
        by_parameter = {row.parameter: row for row in self.rows}
        return by_parameter | {row.name: row for row in self.rows} | self.fields

    def locate(self, param: str | None, code: str | None = None) -> Place | None:
        """Where Stripe's `param`, such as `line_items[0][price]`, is among the inputs.

        An object that is missing, by the error's `code`, is the last one in the path.
        """
        steps = _steps(param or "")
        for row in self._candidates(param or "", steps):
            own = _steps(row.parameter)
            rest = steps[len(own) :] if steps[: len(own)] == own else steps[1:]
            return Place(row.key, (row.name, *rest), row.key + words(rest))
        if code == "resource_missing" and self.path_names:
            row = self.words[self.path_names[-1]]
            return Place(row.key, (row.name,), row.key)
        return None

    def _candidates(self, param: str, steps: Path) -> Iterator[Row]:
        """The rows that a parameter may mean, the likeliest first."""
        yield from (row for row in self.rows if param in (row.name, row.parameter))
        root = steps[:1]
        yield from (row for row in self.rows if root and root[0] == row.name)
        yield from (row for row in self.rows if root and root == _steps(row.parameter)[:1])


def _steps(param: str) -> Path:
    """`items[0][price]` as its steps; of what is too long to be shown, only the first."""
    found: list[str] = re.findall(r"[^\[\]]+", param[:500])
    if len(param) > 200 or not param.isprintable():
        found = found[:1]
    return tuple(int(step) if re.fullmatch(r"[0-9]{1,6}", step) else step for step in found)


def check(spec: Spec, answer: One) -> None:
    """A table that contradicts itself fails when it is declared, not when it is used."""
    for wrong in (*_contradictions_of_facts(spec, answer), *_contradictions_of_rows(spec)):
        raise UsageError(f"{spec.name}: {wrong}")
    try:
        check_table(spec.fields)
    except UsageError as error:
        raise UsageError(f"{spec.name} › {error}") from None


def _contradictions_of_facts(spec: Spec, answer: One) -> Iterator[str]:
    if not re.fullmatch(r"(GET|POST|DELETE) /[^\s?#]+", f"{spec.method} {spec.path}"):
        yield "the endpoint must be like POST /v1/prices/{price}, by GET, POST or DELETE"
    if spec.method == "GET" and (spec.destructive or not spec.repeatable):
        yield "a GET only reads: it destroys nothing, and can be repeated"
    if answer.methods and spec.method not in answer.methods:
        yield f"a {spec.method} is not answered by {type(answer).__name__}"


def _contradictions_of_rows(spec: Spec) -> Iterator[str]:
    in_path = {row.parameter for row in spec.rows if _fills_a_path(row)}
    if missing := sorted({*spec.path_names} - in_path):
        yield f"{', '.join(missing)} is in the path but no path_id"
    parameters = [row.parameter for row in spec.rows]
    for twice in sorted({name for name in parameters if parameters.count(name) > 1}):
        yield f"two rows are sent as {twice}"
    if len(spec.fields) < len(spec.rows):
        yield "two rows have the same display key"
    if clash := sorted({*parameters} & {*spec.sends}):
        yield f"{', '.join(clash)} is always sent, so it can be no row"


def _fills_a_path(row: Row) -> bool:
    is_id = any(isinstance(rule, Reference) for rule in row.restrictions)
    return row.required and is_id and row.kind is str
