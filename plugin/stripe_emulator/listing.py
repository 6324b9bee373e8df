"""What does a list answer: filters, cursors in both directions, newest first?"""

import json
from collections.abc import Callable
from typing import Any

from attrs import frozen

from stripe_emulator import declare, expand, present
from stripe_emulator.account import Account
from stripe_emulator.declare import Resource
from stripe_emulator.refusals import Json, Refusal, is_json
from stripe_emulator.store import Condition

Rows = Callable[[Account, Json], list[Json]]
ROWS: dict[str, Rows] = {}
_PAGING = {"limit", "starting_after", "ending_before", "expand"}
_COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


@frozen
class _Cursor:
    """Where a page begins: beyond this object, towards newer ones (`upwards`) or older ones."""

    id: str | None
    upwards: bool

    @property
    def param(self) -> str:
        return "ending_before" if self.upwards else "starting_after"

    @classmethod
    def of(cls, given: Json) -> "_Cursor":
        if "starting_after" in given and "ending_before" in given:
            message = "Received both starting_after and ending_before parameters."
            raise Refusal(f"{message} Please pass in only one.")
        if "ending_before" in given:
            return cls(given["ending_before"], upwards=True)
        return cls(given.get("starting_after"), upwards=False)


def lists(kind: str) -> Callable[[Rows], Rows]:
    """Register where the rows of a list are found that are no objects of their own."""

    def register(rows: Rows) -> Rows:
        ROWS[kind] = rows
        return rows

    return register


def page(account: Account, resource: Resource, given: Json, url: str) -> Json:
    """Answer a list endpoint."""
    kind = resource.kind
    if kind in ROWS:
        return inner_page(account, ROWS[kind](account, given), kind, given, url)
    most = limit(given)
    cursor = _Cursor.of(given)
    rows = account.store.many(
        account.name,
        kind,
        _conditions(resource, given),
        beyond=_number(account, kind, cursor),
        upwards=cursor.upwards,
        limit=most + 1,
    )
    kept = rows[:most]
    if cursor.upwards:
        kept.reverse()
    data = shown(account, kind, kept, given)
    return present.listing(data, url, more=len(rows) > most)


def inner_page(account: Account, rows: list[Json], kind: str, given: Json, url: str) -> Json:
    """Answer the list of lines that an object carries, in its own order."""
    most = limit(given)
    cursor = _Cursor.of(given)
    rest = _beyond(rows, cursor, kind)
    kept = rest[-most:] if cursor.upwards else rest[:most]
    data = shown(account, kind, kept, given)
    return present.listing(data, url, more=len(rest) > most)


def _beyond(rows: list[Json], cursor: _Cursor, kind: str) -> list[Json]:
    """The rows from a cursor on, in the direction in which it looks."""
    if not cursor.id:
        return rows
    ids = [row["id"] for row in rows]
    if cursor.id not in ids:
        raise declare.missing(kind, cursor.id, cursor.param)
    at = ids.index(cursor.id)
    return rows[:at] if cursor.upwards else rows[at + 1 :]


def shown(account: Account, kind: str, rows: list[Json], given: Json) -> list[Json]:
    """Show the rows of a page, with what is to be expanded in them."""
    wanted = expand.tree(kind, given, pages=True)
    return [account.show(row, wanted) for row in rows]


def limit(given: Json) -> int:
    """How many are on a page: clamped silently, as recorded (0 → 1, 101 → 100)."""
    asked: int = given.get("limit", 10)
    return min(max(asked, 1), 100)


def _number(account: Account, kind: str, cursor: _Cursor) -> int | None:
    if not cursor.id:
        return None
    found = account.store.one(account.name, kind, cursor.id)  # a deleted one still marks its place
    if found is None:
        raise declare.missing(kind, cursor.id, cursor.param)
    return found[0]


def _conditions(resource: Resource, given: Json) -> list[Condition]:
    found: list[Condition] = []
    if resource.listed:
        found.append((resource.listed, None))
    for key, sql in resource.conditions.items():
        names = key.removesuffix("=").split(",")
        if key.endswith("=") and given.keys().isdisjoint(names):
            found.append((sql, None))
    for name, value in given.items():
        if name not in _PAGING:
            found += _condition(resource, name, value)
    return found


def _condition(resource: Resource, name: str, value: Any) -> list[Condition]:
    special = resource.conditions.get(f"{name}={value}") or resource.conditions.get(name)
    if special:
        return [(special, value)]
    field = resource.looks_at.get(name, name)
    path = f"json_extract(body, '$.{field}')"
    if isinstance(value, list):
        inside = f"{path} IN (SELECT value FROM json_each(?))"  # noqa: S608 - declared names only
        return [(inside, json.dumps(value))]
    if is_json(value) and value.keys() <= _COMPARE.keys():
        return [(f"{path} {_COMPARE[sign]} ?", bound) for sign, bound in value.items()]
    if is_json(value):
        return [_inner(name, key, wanted) for key, wanted in value.items()]
    return [(f"{path} = ?", value)]


def _inner(name: str, key: str, wanted: Any) -> Condition:
    plain = "" if is_json(wanted) else wanted
    return f"json_extract(body, '$.{name}.{key}') = ?", plain
