"""What is a row of an action's table? It is declared by one of three words."""

import re
from functools import cached_property
from inspect import get_annotations
from types import NoneType, UnionType
from typing import Any, Self, Union, get_args, get_origin, get_type_hints

import attrs

from stripe_plugin.declare.resource import Resource
from stripe_plugin.errors import UsageError
from stripe_plugin.judge.conditions import Condition
from stripe_plugin.judge.reading import Steps
from stripe_plugin.judge.rules import Between, MaxItems, OneOf, Reference, Rule
from stripe_plugin.judge.table import Field
from stripe_plugin.judge.values import check_kind, plain

CHOICES = (OneOf, Between)
# In a table of several actions: the resource that each of them answers with.
ITSELF = Resource("itself")


@attrs.frozen(kw_only=True)
class Row(Field):
    """One row: what a person types under its display key becomes a parameter of Stripe's."""

    #: What the action page says of it, where that is not its type and its choices; "" for nothing.
    page: str | None = None
    #: Not on the action page.
    beyond: bool = False
    #: Ours: what it says is not sent to Stripe.
    local: bool = False
    #: Of a search: what stands before its value in the query, as in `search.py`.
    clause: str | None = None
    #: The name that Stripe has given the parameter since, or what `name` must not be called.
    sent_as: str | None = None

    @cached_property
    def parameter(self) -> str:
        """What Stripe calls it."""
        return self.sent_as or self.name.removesuffix("_")

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """What Stripe calls it, step by step: `pricing[price]` has two."""
        return tuple(re.findall(r"[^\[\]]+", self.parameter))

    @property
    def reference(self) -> Resource | None:
        """The resource that this row's ID points to."""
        return reference_of(self)

    @cached_property
    def stages(self) -> Steps:
        """A row's value may be anything that a host hands over: it is made plain data first."""
        judged = Field(self.kind, self.rules, example=self.example).stages
        return (plain, *judged)

    @property
    def choices(self) -> list[Rule]:
        """The rules that leave only a few values, or a range."""
        return [rule for rule in self.restrictions if isinstance(rule, CHOICES)]

    def of(self, about: Resource) -> Self:
        """The same in an action that answers with such objects, whose IDs are meant by ITSELF."""
        if self.reference is not ITSELF:
            return self
        others = [rule for rule in self.rules if rule != Reference(ITSELF)]
        example = f"{about.prefix or ''}{self.example}"
        return attrs.evolve(self, rules=(*others, Reference(about)), example=example)

    @property
    def explanation(self) -> str:
        """What it is, what it may be, and when, in sentences for a form that shows its rows."""
        told = (*CHOICES, MaxItems)
        told_ones = [rule for rule in self.restrictions if isinstance(rule, told)]
        rules = [rule.text for rule in told_ones]
        conditions = [condition.text for condition in self.conditions]
        sentences = [self.description, *rules, *conditions]
        return " ".join(f"{sentence}." for sentence in sentences if sentence)

    @property
    def is_path_id(self) -> bool:
        """Whether it can fill a variable of a path: an ID that must be given."""
        return self.required and self.kind is str and self.reference is not None

    @property
    def restriction_text(self) -> str | None:
        """The restriction as the action page words it."""
        if self.page is not None:
            return self.page or None
        words = ["Required"] if self.required else []
        if self.kind is bool:
            words.append("true or false")
        if self.kind == dict[str, Any]:
            words.append("Object")
        words += [choice.text for choice in self.choices]
        return "; ".join(words) or None


def reference_of(field: Field) -> Resource | None:
    """The resource that the ID in a field points to."""
    for rule in field.restrictions:
        if isinstance(rule, Reference) and isinstance(rule.to, Resource):
            return rule.to
    return None


def required(  # noqa: PLR0913 - each is one fact
    key: str,
    example: Any,
    text: str,
    *rules: Rule | Condition,
    page: str | None = None,
    sent_as: str | None = None,
    local: bool = False,
) -> Any:
    """A row that must be given: display key, example, description, rules; the rest as in `Row`."""
    row = Row(
        kind=None,
        rules=rules,
        required=True,
        key=key,
        example=example,
        description=text,
        page=page,
        sent_as=sent_as,
        local=local,
    )
    return attrs.field(metadata={Row: row})


def optional(  # noqa: PLR0913 - each is one fact
    key: str,
    example: Any,
    text: str,
    *rules: Rule | Condition,
    clearable: bool | str = False,
    page: str | None = None,
    sent_as: str | None = None,
    beyond: bool = False,
    local: bool = False,
    clause: str | None = None,
) -> Any:
    """A row that may be left empty; `clearable`: Stripe unsets it, as in `Field`.

    One with a `clause` is sent as a part of a query only.
    """
    row = Row(
        kind=None,
        rules=rules,
        clearable=clearable,
        key=key,
        example=example,
        description=text,
        page=page,
        sent_as=sent_as,
        beyond=beyond,
        local=local or clause is not None,
        clause=clause,
    )
    return attrs.field(default=None, metadata={Row: row})


def path_id(key: str, example: str, text: str, resource: Resource) -> Any:
    """The row of a path's variable: the ID of an object."""
    return required(key, example, text, Reference(resource))


def rows_of(cls: type[Any], *others: str) -> tuple[Row, ...]:
    """The rows that a class of attrs declares; `others`: the names of its attributes beside.

    Its own come before those of the tables that it is made of, and what is beyond the page last.
    """
    hints = get_type_hints(cls)
    places = _places(cls)
    rows: list[Row] = []
    attributes = attrs.fields_dict(cls)
    for name in sorted(attributes, key=places.__getitem__):
        row = attributes[name].metadata.get(Row)
        if row is not None:
            kind = _kind(f"{cls.__name__}.{name}", hints[name])
            whole = attrs.evolve(row, name=name, kind=kind)
            rows.append(whole)
        elif name not in others:
            wrong = f"{cls.__name__}.{name} is no row"
            raise UsageError(f"{wrong}: use required, optional or path_id")
    return tuple(sorted(rows, key=lambda row: row.beyond))


def _places(cls: type[Any]) -> dict[str, tuple[int, int]]:
    """Where each attribute was declared first: how far up, and which one there."""
    places: dict[str, tuple[int, int]] = {}
    for number, each in enumerate(cls.__mro__):
        for position, name in enumerate(get_annotations(each)):
            places[name] = number, position
    return places


def _kind(where: str, hint: Any) -> Any:
    """The type of a row's values: `int` for `int | None`."""
    kind = hint
    if get_origin(hint) in (Union, UnionType):
        given = [each for each in get_args(hint) if each is not NoneType]
        kind = given[0] if len(given) == 1 else hint
    try:
        check_kind(kind)
    except UsageError as error:
        raise UsageError(f"{where}: {error}") from None
    return kind


@attrs.frozen(kw_only=True)
class Table:
    """Rows side by side, by whatever they may be called."""

    #: What it is called: `Create Price`.
    name: str
    #: What it is for, in a sentence or two.
    description: str
    rows: tuple[Row, ...]

    @cached_property
    def fields(self) -> dict[str, Row]:
        """The rows by display key."""
        return {row.key: row for row in self.rows}

    @cached_property
    def names(self) -> dict[str, str]:
        """The attributes by display key."""
        return {row.key: row.name for row in self.rows}

    @property
    def listed(self) -> str:
        """What follows on "is not an input": which there are."""
        return f"; its inputs are {', '.join(self.names)}" if self.names else "; it has none"

    @cached_property
    def words(self) -> dict[str, Row]:
        """The rows by whatever an input may be called: parameter, attribute or display key."""
        by_word: dict[str, Row] = {}
        for row in self.rows:
            by_word[row.parameter] = row
            by_word[row.name] = row
        return by_word | self.fields
