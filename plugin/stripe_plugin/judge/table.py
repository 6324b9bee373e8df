"""How are fields judged side by side? Once, and every problem at its place."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar

import attrs

from stripe_plugin.errors import Fault, Refused, UsageError, near
from stripe_plugin.judge.conditions import Condition
from stripe_plugin.judge.rules import Rule
from stripe_plugin.judge.schema import object_schema, value_schema
from stripe_plugin.judge.values import CLEAR, NOTHING, UNKNOWN, Given, is_empty, typed
from stripe_plugin.secrets import shown

MOST_UNKNOWN = 20  # keys that are told one by one

Faults = dict[str, list[Fault]]  # by label


@attrs.frozen
class Field:
    """One value of a table: its type, its rules, whether it must be there or may be unset."""

    kind: Any
    rules: tuple[Rule | Condition, ...] = ()
    required: bool = False
    clearable: bool = False

    @cached_property
    def restrictions(self) -> tuple[Rule, ...]:
        """What the value must be."""
        return tuple(rule for rule in self.rules if isinstance(rule, Rule))

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """When the value must be given, or not."""
        return tuple(rule for rule in self.rules if isinstance(rule, Condition))

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of a given value."""
        return value_schema(self.kind, self.restrictions)

    def judge(self, value: Any, given: Given) -> Any:
        """The value in its type, clean; `Refused` otherwise. `given`: what is given beside it."""
        if value is UNKNOWN or (value is CLEAR and self.clearable):
            return value
        if value is CLEAR:
            wrong = "cannot be unset at Stripe; leave it empty to keep what is there"
            raise Refused(wrong, "clear")
        value = typed(value, self.kind)
        for rule in self.restrictions:
            value = rule.judge(value, given)
        return value


Fields = Mapping[str, Field]  # by label


def judge_table(
    fields: Fields, values: Mapping[str, Any], beside: Given = NOTHING
) -> tuple[dict[str, Any], Faults]:
    """The clean values by label, and every fault. `beside`: what else is given, without a row."""
    given: dict[Any, Any] = {**beside, **values}  # clean, as far as it has been judged
    faults: Faults = {}
    for label, field in fields.items():
        if label in values:
            try:
                given[label] = field.judge(values[label], given)
            except Refused as error:
                faults[label], given[label] = error.faults, UNKNOWN
        elif field.required:
            faults[label] = [Fault("is required", "required")]
    clean = {label: given[label] for label in fields if label in values and label not in faults}
    _judge_conditions(fields, given, faults)
    return clean, faults


def _judge_conditions(fields: Fields, given: Given, faults: Faults) -> None:
    for label, field in fields.items():
        for condition in field.conditions:
            if condition.broken(label, given):
                fault = Fault(condition.wrong, condition.name)
                faults[label] = [*faults.get(label, []), fault]


def check_table(fields: Fields) -> None:
    """A rule that looks at a label which is not there fails when its table is declared."""
    for label, field in fields.items():
        asked = [name for rule in field.rules for name in rule.neighbours if isinstance(name, str)]
        if unknown := sorted({*asked} - fields.keys()):
            raise UsageError(f"{label}: there is no row {', '.join(unknown)}")


def table_schema(fields: Fields, names: Mapping[str, str]) -> dict[str, Any]:
    """A table as JSON Schema; `names`: label to property."""
    return object_schema(
        properties={names[label]: field.schema for label, field in fields.items()},
        required=[names[label] for label, field in fields.items() if field.required],
        conditions=[(label, it) for label, field in fields.items() for it in field.conditions],
        names=dict(names.items()),
    )


@attrs.frozen
class Keys(Rule):
    """An object with these keys and no others: a table inside of a row."""

    name: ClassVar[str] = "keys"
    table: Fields

    def __attrs_post_init__(self) -> None:
        check_table(self.table)

    @property
    def text(self) -> str:
        keys = [f"{key} (required)" if it.required else key for key, it in self.table.items()]
        return f"Keys: {', '.join(keys)}"

    @property
    def schema(self) -> Mapping[str, Any]:
        return table_schema(self.table, {key: key for key in self.table})

    def judge(self, value: Any, given: Given) -> Any:
        """Empty keys are left out, but for `""` where Stripe unsets a key by it."""
        clean, by_key = judge_table(self.table, self._given(value))
        faults = [fault.inside(key) for key, found in by_key.items() for fault in found]
        faults += _unknown([key for key in value if key not in self.table], self.table)
        if faults:
            raise Refused(faults)
        return clean

    def _given(self, value: Mapping[str, Any]) -> dict[str, Any]:
        kept: dict[str, Any] = {}
        for key, field in self.table.items():
            item = value.get(key)
            if field.clearable and isinstance(item, str) and item in ("", "@clear"):
                kept[key] = CLEAR
            elif not is_empty(item):
                kept[key] = item
        return kept


def _unknown(keys: list[str], table: Fields) -> list[Fault]:
    faults: list[Fault] = []
    for key in keys[:MOST_UNKNOWN]:
        label = shown(key)
        text = f"is not a key here{near(key, table)}"
        faults.append(Fault(text, "not_a_key", (label.strip('"'),), f" › {label}"))
    if more := len(keys[MOST_UNKNOWN:]):
        faults.append(Fault(f"holds {more:,} more keys that are none here", "not_a_key"))
    return faults
