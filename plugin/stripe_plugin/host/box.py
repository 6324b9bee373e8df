"""What does a form show of an action: box by box, and what is inside of each?"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any, get_args

import attrs

from stripe_plugin.declare.resource import Resource
from stripe_plugin.declare.row import Row, Table, reference_of
from stripe_plugin.judge.conditions import Condition
from stripe_plugin.judge.rules import Each, Rule
from stripe_plugin.judge.table import Field
from stripe_plugin.judge.values import Label, is_list_kind

Labels = Collection[Label]


@attrs.frozen(slots=False)
class Box:
    """One place to fill: a row, a field of an object, or an item of a list."""

    field: Field
    #: What stands beside it, by display key; the rest cannot be filled.
    beside: Labels = ()

    @property
    def name(self) -> str:
        """The property; of an item, what the list is called."""
        return self.field.name

    @property
    def title(self) -> str:
        """The display key."""
        return self.field.key

    @property
    def description(self) -> str:
        """What it is."""
        return self.field.description

    @property
    def example(self) -> Any:
        """A value that it may have."""
        return self.field.example

    @property
    def kind(self) -> Any:
        """The type of its value."""
        return self.field.kind

    @property
    def rules(self) -> list[Rule]:
        """What its value must be."""
        return self.field.restrictions

    @property
    def reference(self) -> Resource | None:
        """The resource whose ID belongs here."""
        return reference_of(self.field)

    @property
    def beyond(self) -> bool:
        """Whether it is not on the action page."""
        return isinstance(self.field, Row) and self.field.beyond

    @cached_property
    def conditions(self) -> list[Condition]:
        """When it must be given or not, as far as that hangs on other boxes."""
        return [*_seen(self.field.conditions, self.beside)]

    @property
    def presence(self) -> str:
        """Whether a form asks for it: `required`, `conditional` or `optional`."""
        return presence(self.field, self.beside)

    @cached_property
    def inner(self) -> list["Box"]:
        """The boxes of an object with known keys."""
        return [] if is_list_kind(self.kind) else _boxes(self.field.nested)

    @cached_property
    def item(self) -> "Box | None":
        """One item of a list."""
        if not is_list_kind(self.kind):
            return None
        [kind] = get_args(self.kind)
        rules = tuple(_of_items(self.rules))
        example = self.example[0] if self.example else None
        one = Field(kind, rules, example=example, key=self.title, name=self.name)
        return Box(one)


def picker(resource: Resource) -> dict[str, str | None]:
    """What a box for an ID offers: what that points to, what lists it, and how one is shown."""
    return {
        "resource": resource.object,
        "prefix": resource.prefix,
        "listed_by": resource.listed_by,
        "label": resource.label,
    }


def boxes(table: Table) -> list[Box]:
    """The boxes of a table's rows, in their order."""
    return _boxes({row.name: row for row in table.rows})


def _boxes(fields: Mapping[str, Field]) -> list[Box]:
    """The boxes of fields that stand side by side."""
    keys = [field.key for field in fields.values()]
    return [Box(field, keys) for field in fields.values()]


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
