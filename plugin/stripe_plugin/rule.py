"""Which words may a table use for what restricts its rows?

`rule.one_of(…)` and the like say what a value must be, `rule.required_if(…)` and the like when it
must be given; `rule.keys(…)` with `rule.need(…)` and `rule.may(…)` is a table inside of a row: its
fields have display keys, too, and go by them.
"""

from collections.abc import Mapping
from typing import Any

from stripe_plugin.judge.conditions import (
    Condition,
    excludes,
    only_if,
    required_if,
    required_if_empty,
)
from stripe_plugin.judge.rules import (
    AtLeast,
    Between,
    DocumentedValue,
    Each,
    Matches,
    MaxItems,
    MaxLength,
    OneOf,
    Reading,
    Referable,
    Reference,
    Rule,
)
from stripe_plugin.judge.table import Field, Keys
from stripe_plugin.judge.values import NOTHING, Label, Parameter

__all__ = [
    "Condition",
    "Field",
    "Label",
    "Parameter",
    "Reading",
    "Rule",
    "at_least",
    "between",
    "documented",
    "each",
    "excludes",
    "keys",
    "matches",
    "max_items",
    "max_length",
    "may",
    "need",
    "one_of",
    "only_if",
    "reference",
    "required_if",
    "required_if_empty",
]


def one_of(*values: str) -> OneOf:
    """One of a few fixed values."""
    return OneOf(values)


def between(low: int, high: int) -> Between:
    """A number within bounds, both included."""
    return Between(low, high)


def at_least(low: int) -> AtLeast:
    """A number with a lower bound."""
    return AtLeast(low)


def max_length(most: int) -> MaxLength:
    """Text of at most so many characters."""
    return MaxLength(most)


def max_items(most: int, noun: str = "items") -> MaxItems:
    """A list of at most so many items."""
    return MaxItems(most, noun)


def matches(pattern: str, words: str) -> Matches:
    """Text of a certain form, which the words describe: "be a path of …"."""
    return Matches(pattern, words)


def reference(resource: Referable) -> Reference:
    """The ID of a Stripe object of this resource. Only what no ID can be is refused."""
    return Reference(resource)


def each(*rules: Rule) -> Each:
    """A list whose every item obeys these rules."""
    return Each(rules)


def documented() -> DocumentedValue:
    """One of the values that Stripe's API document has here; a newer one passes with a warning."""
    return DocumentedValue()


def keys(fields: Mapping[str, Field] = NOTHING, /, **more: Field) -> Keys:
    """An object with these keys, by parameter: a table inside of a row.

    Others that Stripe's API document has there are judged by that, and unknown ones pass with a
    warning; `.without(…)` refuses those that are known to be wrong.
    """
    return Keys({**fields, **more})


def need(kind: Any, example: Any, text: str, *rules: Rule | Condition, key: str = "") -> Field:
    """A key that an object must have: type, example, description, rules.

    `key`: the display key, if it is not as `Interval Count` is for `interval_count`.
    """
    return Field(kind, rules, required=True, example=example, description=text, key=key)


def may(
    kind: Any,
    example: Any,
    text: str,
    *rules: Rule | Condition,
    clearable: bool | str = False,
    key: str = "",
) -> Field:
    """A key that an object may have; `clearable`: Stripe unsets it, as in `Field`."""
    return Field(kind, rules, clearable=clearable, example=example, description=text, key=key)
