"""Lists: filters, cursors in both directions, newest first."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from stripe_emulator import present, refusals
from stripe_emulator.refusals import Json, Refusal, is_json

if TYPE_CHECKING:
    from stripe_emulator.account import Account
    from stripe_emulator.resources import Endpoint

_PAGING = {"limit", "starting_after", "ending_before", "expand"}
_COMPARE = {"gt": ">", "gte": ">=", "lt": "<", "lte": "<="}
_BY_PATH = {  # filters that are not named like the field they look at
    "price.lookup_keys": "lookup_key", "product.ids": "id", "event.types": "type",
    "invoice.subscription": "parent.subscription_details.subscription",
    "subscription.current_period_end": "_items[0].current_period_end",
    "subscription.current_period_start": "_items[0].current_period_start",
}  # fmt: skip
_BY_SQL = {
    "subscription.price": "EXISTS (SELECT 1 FROM json_each(body, '$._items') "
    "WHERE json_extract(value, '$.price') = ?)",
    "invoiceitem.pending": "(json_extract(body, '$.invoice') IS NULL) = ?",
    "event.type": "json_extract(body, '$.type') GLOB ?",
    "event.delivery_success": "? IS NOT NULL",
}
_STATUS = "json_extract(body, '$.status')"
_SUBSCRIPTION_STATUS = {  # no status: everything but canceled ones
    None: f"{_STATUS} != 'canceled'",
    "all": "1",
    "ended": f"{_STATUS} IN ('canceled', 'incomplete_expired')",
}

Where = list[tuple[str, Any]]


def page(account: Account, endpoint: Endpoint, given: Json, url: str) -> Json:
    """Answer a list endpoint."""
    kind, limit = endpoint.resource.kind, _limit(given)
    cursor, upwards = _cursor(given)
    beyond = _number(account, kind, cursor, upwards=upwards) if cursor else None
    rows = account.store.many(
        account.name, kind, _filters(kind, given), beyond=beyond, upwards=upwards, limit=limit + 1
    )
    kept = rows[:limit][::-1] if upwards else rows[:limit]
    return _envelope(account, kind, kept, given, url, more=len(rows) > limit)


def inner_page(account: Account, rows: list[Json], kind: str, given: Json, url: str) -> Json:
    """Answer the list of lines that an object carries, in its own order."""
    limit = _limit(given)
    cursor, upwards = _cursor(given)
    ids = [row["id"] for row in rows]
    if cursor and cursor not in ids:
        name = "ending_before" if upwards else "starting_after"
        raise refusals.missing_object(kind, cursor, name, 400)
    at = ids.index(cursor) if cursor else -1
    rest = rows[:at] if upwards else rows[at + 1 :]
    kept = rest[-limit:] if upwards else rest[:limit]
    return _envelope(account, kind, kept, given, url, more=len(rest) > limit)


def _envelope(  # noqa: PLR0913 - the parts of Stripe's list
    account: Account, kind: str, rows: list[Json], given: Json, url: str, *, more: bool
) -> Json:
    paths = present.checked(kind, given.get("expand", ()), pages=True)
    return present.listing([account.show(row, paths) for row in rows], url, more=more)


def _limit(given: Json) -> int:
    """Clamp silently, as the API was recorded to do: 0 → 1, 101 → 100."""
    limit: int = given.get("limit", 10)
    return min(max(limit, 1), 100)


def _cursor(given: Json) -> tuple[str | None, bool]:
    if "starting_after" in given and "ending_before" in given:
        raise Refusal(
            "Received both starting_after and ending_before parameters. Please pass in only one."
        )
    upwards = "ending_before" in given
    return given.get("ending_before" if upwards else "starting_after"), upwards


def _number(account: Account, kind: str, cursor: str, *, upwards: bool) -> int:
    found = account.store.one(account.name, kind, cursor)  # a deleted object still marks its place
    if found is None:
        raise refusals.missing_object(
            kind, cursor, "ending_before" if upwards else "starting_after", 400
        )
    return found[0]


def _filters(kind: str, given: Json) -> Where:
    where: Where = []
    if kind in {"price", "product"}:
        where.append(("json_extract(body, '$._inline') IS NULL", None))
    if kind == "subscription":
        status = given.get("status")
        where.append((_SUBSCRIPTION_STATUS.get(status, f"{_STATUS} = ?"), status))
        given = {name: value for name, value in given.items() if name != "status"}
    for name, value in given.items():
        if name not in _PAGING:
            where += _condition(kind, name, value)
    return where


def _condition(kind: str, name: str, value: Any) -> Where:
    key = f"{kind}.{name}"
    if key in _BY_SQL:
        return [(_BY_SQL[key], value)]
    path = f"json_extract(body, '$.{_BY_PATH.get(key, name)}')"
    if isinstance(value, list):
        inside = f"{path} IN (SELECT value FROM json_each(?))"  # noqa: S608 - declared names only
        return [(inside, json.dumps(value))]
    if is_json(value) and value.keys() <= _COMPARE.keys():
        return [(f"{path} {_COMPARE[sign]} ?", bound) for sign, bound in value.items()]
    if is_json(value):
        nested = f"json_extract(body, '$.{name}.{{}}') = ?"
        plain = {key: "" if is_json(wanted) else wanted for key, wanted in value.items()}
        return [(nested.format(key), wanted) for key, wanted in plain.items()]
    return [(f"{path} = ?", value)]
