"""How do rows become a query of Stripe's search language?

Each row says by its `clause` which field it is about and how: `email:` for what is equal, `name~`
for what holds it, `created>=`. All that are given must be met. What they cannot say is written as a
query, alone: one with OR could not be joined to them. The language and its limits:
docs.stripe.com/search#search-query-language.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import attrs

from stripe_plugin.declare.row import Row
from stripe_plugin.judge.conditions import Condition, excludes, required_if_empty
from stripe_plugin.judge.values import UNKNOWN, is_empty, is_object

QUERY = "query"
MOST = 10  # conditions of one query


@attrs.frozen
class Clause:
    """One condition of a query."""

    row: Row
    text: str  # `email:"ann@example.com"`


def clauses(rows: Iterable[Row], values: Mapping[str, Any]) -> Iterator[Clause]:
    """The conditions that are given by attribute, of metadata one for each key."""
    for row in rows:
        value = values.get(row.name)
        if row.clause is None or is_empty(value) or value is UNKNOWN:
            continue
        for text in _conditions(row.clause, value):
            yield Clause(row, text)


def joined(found: Iterable[Clause]) -> str:
    """The query that all of them make; "" of none."""
    return " AND ".join(clause.text for clause in found)


def _conditions(clause: str, value: Any) -> Iterator[str]:
    if is_object(value):
        for key, item in value.items():
            yield f"{clause}[{_quoted(key)}]:{_quoted(item)}"
    else:
        yield clause + _written(value)


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return _quoted(str(value).lower())
    return _quoted(value) if isinstance(value, str) else str(value)


def _quoted(text: Any) -> str:
    escaped = re.sub(r'(["\\])', r"\\\1", str(text))
    return f'"{escaped}"'


def with_query(rows: Iterable[Row]) -> list[Row]:
    """The rows, of which `query` is there just if no condition is."""
    listed = [*rows]
    keys = [row.key for row in listed if row.clause]
    if not keys:
        return listed
    either = (required_if_empty(*keys), excludes(*keys))
    return [_with(either, row) if row.name == QUERY else row for row in listed]


def _with(conditions: tuple[Condition, ...], row: Row) -> Row:
    return attrs.evolve(row, rules=(*row.rules, *conditions))
