"""What does a form show of an action: box by box, and what is inside of each?"""

import re
from collections.abc import Collection, Iterable, Iterator
from functools import cached_property
from typing import Any, get_args

import attrs

from stripe_plugin.declare.resource import Resource
from stripe_plugin.declare.row import Row, Table
from stripe_plugin.judge.conditions import Condition
from stripe_plugin.judge.rules import Each, Reference, Rule
from stripe_plugin.judge.table import Field, Keys
from stripe_plugin.judge.values import NOTHING, Label, is_list_kind, is_object

ACRONYMS = ("id", "url")
Labels = Collection[Label]


@attrs.frozen(kw_only=True, slots=False)
class Box:
    """One place to fill: a row, a key of an object, or an item of a list."""

    #: The property; of an item, what the list is called.
    name: str
    #: The display key.
    title: str
    #: What it is.
    description: str = ""
    example: Any = None
    kind: Any
    rules: tuple[Rule, ...] = ()
    #: When it must be given or not, as far as that hangs on other boxes.
    conditions: tuple[Condition, ...] = ()
    #: `required`, `conditional` or `optional`, where only these boxes can be filled.
    presence: str = "optional"
    #: Not on the action page.
    beyond: bool = False

    @cached_property
    def inner(self) -> list["Box"]:
        """The boxes of an object with known keys."""
        found: list[Box] = []
        for rule in self.rules:
            if isinstance(rule, Keys):
                found += _inner(rule, self.example)
        return found

    @cached_property
    def item(self) -> "Box | None":
        """One item of a list."""
        if not is_list_kind(self.kind):
            return None
        [kind] = get_args(self.kind)
        rules = tuple(_of_items(self.rules))
        example = self.example[0] if self.example else None
        return Box(name=self.name, title=self.title, kind=kind, rules=rules, example=example)

    @property
    def reference(self) -> Resource | None:
        """The resource whose ID belongs here."""
        for rule in self.rules:
            if isinstance(rule, Reference) and isinstance(rule.to, Resource):
                return rule.to
        return None


def picker(resource: Resource) -> dict[str, str | None]:
    """What a box for an ID offers: what that points to, and which action lists it."""
    return {"resource": resource.object, "prefix": resource.prefix, "listed_by": resource.listed_by}


def boxes(table: Table) -> list[Box]:
    """The boxes of a table's rows, in their order."""
    labels = table.fields
    return [_box(row.name, row, labels, row.example) for row in table.rows]


def _box(name: str, field: Field, labels: Labels, example: Any) -> Box:
    box = Box(
        name=name,
        title=title_case(name),
        example=example,
        kind=field.kind,
        rules=tuple(field.restrictions),
        conditions=tuple(_seen(field.conditions, labels)),
        presence=presence(field, labels),
    )
    if not isinstance(field, Row):
        return box
    about = field.description
    return attrs.evolve(box, title=field.key, description=about, beyond=field.beyond)


def title_case(name: str) -> str:
    """A display key for a parameter that has none of its own: `Interval Count`."""
    spaced = re.sub(r"(?<=[a-z])(?=[0-9])", "_", name)
    return " ".join(map(_capital, spaced.split("_")))


def _capital(word: str) -> str:
    return word.upper() if word in ACRONYMS else word.capitalize()


def _inner(rule: Keys, example: Any) -> list[Box]:
    examples = example if is_object(example) else NOTHING
    table = rule.table
    return [_box(key, field, table, examples.get(key)) for key, field in table.items()]


def _of_items(rules: Iterable[Rule]) -> Iterator[Rule]:
    for rule in rules:
        if isinstance(rule, Each):
            yield from rule.rules


# --- when a box must be filled, where others are not there ----------------------------------------


def _seen(conditions: Iterable[Condition], labels: Labels) -> Iterator[Condition]:
    """Those that hang on a box that is there."""
    for condition in conditions:
        if any(label in labels for label in condition.neighbours):
            yield condition


def presence(field: Field, labels: Labels) -> str:
    """Whether a form asks for it: `required`, `conditional` or `optional`."""
    if field.required:
        return "required"
    demands = [_demanded(condition, labels) for condition in field.conditions]
    for strongest in ("required", "conditional"):
        if strongest in demands:
            return strongest
    return "optional"


def _demanded(condition: Condition, labels: Labels) -> str:
    if not condition.demands:
        return "optional"
    due = [case for case in condition.when if case.label in labels]
    if condition.when and not due:
        return "optional"
    exempt = [case for case in condition.unless if case.label in labels]
    return "conditional" if due or exempt else "required"
