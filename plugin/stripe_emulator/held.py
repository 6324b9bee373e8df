"""What does the emulator hold, for whoever looks at it from beside the API?

Everything here reads, and answers as the API shows it: nothing that is kept for itself is told.
"""

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from attrs import frozen

from stripe_emulator.refusals import Json, is_json, is_rows

if TYPE_CHECKING:
    from stripe_emulator.account import Account
    from stripe_emulator.emulator import Emulator

Filter = str | int | None
Where = dict[str, Any]  # SQL condition → its value
EVENT = "event"
PAGE = 50
MOST_POINTING = 200
_ROW = "SELECT seq, deleted, body FROM objects WHERE account = ?"
_COUNTS = """SELECT kind, count(*) FROM objects WHERE account = ? AND deleted = 0
    GROUP BY kind ORDER BY kind"""
_STATUSES = """SELECT DISTINCT json_extract(body, '$.status') FROM objects
    WHERE account = ? AND kind = ? AND deleted = 0 ORDER BY 1"""
_KINDS = """SELECT id, kind FROM objects
    WHERE account = ? AND kind <> 'event' AND id IN (SELECT value FROM json_each(?))"""
_UPCOMING = """SELECT at, kind, id, work FROM due WHERE account = ? AND clock = ''
    ORDER BY at, rank, number LIMIT ?"""
# By a text in it, or in the customer or the product whose ID it has.
_LIKE = "body LIKE ? ESCAPE '\\'"
_TEXT = """EXISTS (SELECT 1 FROM (SELECT ? AS asked)
    WHERE body LIKE json_extract(asked, '$.pattern') ESCAPE '\\'
    OR json_extract(body, '$.customer') IN (SELECT value FROM json_each(asked, '$.ids'))
    OR json_extract(body, '$.product') IN (SELECT value FROM json_each(asked, '$.ids')))"""
_NAMING = ("customer", "product")
_MOST_NAMED = 500
# filter → its SQL
_FILTERS = {
    "kind": "kind = ?",
    "status": "json_extract(body, '$.status') = ?",
    "text": _TEXT,
    "type": "json_extract(body, '$.type') GLOB ?",
    "holding": "instr(body, ?) > 0",
    "before": "seq < ?",
    "after": "seq > ?",
    "until": "seq <= ?",
}


@frozen
class Row:
    """An object with its number: of two the later one has the higher."""

    number: int
    deleted: bool
    object: Json


@frozen
class Link:
    """Where one object names another: the field's path, and the other's kind and ID."""

    path: str
    kind: str
    id: str


Pointing = tuple[Link, Json]


class Held:
    """The objects of one account: `default`, or what a Stripe-Account header names."""

    def __init__(self, emulator: "Emulator", account: str) -> None:
        self._emulator = emulator
        self._name = account

    def now(self) -> int:
        """The time of this world, in unix seconds."""
        with self._emulator.transaction(write=False):
            return int(self._emulator.now())

    def last(self) -> int:
        """The number of the object that was made last."""
        with self._emulator.transaction(write=False):
            return self._emulator.store.count

    def counts(self) -> dict[str, int]:
        """How many objects there are, by kind."""
        return dict(self._asked(_COUNTS, self._name))

    def statuses(self, kind: str) -> list[str]:
        """The statuses that objects of a kind have just now."""
        rows = self._asked(_STATUSES, self._name, kind)
        return [status for (status,) in rows if status is not None]

    def objects(self, limit: int = PAGE, **filters: Filter) -> list[Row]:
        """The newest that meet the filters; without `kind`, all but events.

        `kind`, `status`: as they are; `type`: a glob, of events; `text`: anywhere in it, or in
        the customer or the product that it is of; `before`, `after` (numbers, not included),
        `until` (included).
        """
        where = {_FILTERS[name]: value for name, value in filters.items() if value}
        text = filters.get("text")
        if text:
            pattern = _pattern(str(text))
            named = self._named(pattern)
            where[_TEXT] = json.dumps({"pattern": pattern, "ids": named})
        if not filters.get("kind"):
            where["kind <> ?"] = EVENT
        return self._rows(where, limit)

    def _named(self, pattern: str) -> list[str]:
        """The customers and products with a text in them."""
        found: list[Row] = []
        for kind in _NAMING:
            found += self._rows({"kind = ?": kind, _LIKE: pattern}, _MOST_NAMED)
        return [row.object["id"] for row in found]

    def events_of(self, id_: str, limit: int = PAGE) -> list[Row]:
        """The newest events about an object, or about one that names it."""
        return self.objects(limit, kind=EVENT, holding=json.dumps(id_))

    def one(self, id_: str) -> Row | None:
        """The object with this ID, whatever it is; of a deleted one its stub."""
        found = self._rows({"id = ?": id_}, 1)
        return found[0] if found else None

    def pointing_to(self, id_: str) -> list[Pointing]:
        """The objects that name this ID, the newest first, each with where it does; no events."""
        found = self.objects(MOST_POINTING, holding=json.dumps(id_))
        objects = [row.object for row in found]
        return [*_pointing(objects, id_)]

    def links_of(self, obj: Json) -> list[Link]:
        """The objects that this one names, each with the shortest path at which it does."""
        named: dict[str, str] = {}
        for path, text in sorted(_texts(obj), key=_length):
            named.setdefault(text, path)
        ids = json.dumps([*named])
        kinds = dict(self._asked(_KINDS, self._name, ids))
        kinds.pop(obj.get("id"), None)
        found = [id_ for id_ in named if id_ in kinds]
        return [Link(named[id_], kinds[id_], id_) for id_ in found]

    def upcoming(self, limit: int = 5) -> list[Json]:
        """What time will bring next: `at` (unix seconds), `kind`, `id` and the `work` to be done.

        Objects that live by a test clock are not among them.
        """
        rows = self._asked(_UPCOMING, self._name, limit)
        return [_planned(*row) for row in rows]

    def _asked(self, sql: str, *values: Any) -> list[Any]:
        self._emulator.catch_up()
        with self._emulator.transaction(write=False):
            return self._emulator.store.run(sql, *values).fetchall()

    def _rows(self, where: Where, limit: int) -> list[Row]:
        self._emulator.catch_up()
        chosen = " AND ".join([_ROW, *where])
        sql = f"{chosen} ORDER BY seq DESC LIMIT ?"
        values = (self._name, *where.values(), limit)
        with self._emulator.transaction(write=False):
            account = self._emulator.account(self._name)
            found = self._emulator.store.run(sql, *values).fetchall()
            return [_row(account, *each) for each in found]


def _row(account: "Account", number: int, deleted: int, body: str) -> Row:
    obj: Json = json.loads(body)
    shown = obj if deleted else account.show(obj)
    return Row(number, bool(deleted), shown)


def _planned(at: int, kind: str, id_: str, work: str) -> Json:
    return {"at": at, "kind": kind, "id": id_, "work": work}


def _pattern(text: str) -> str:
    """A text as LIKE finds it in JSON, whatever is in it."""
    written = json.dumps(text)[1:-1]
    for special in "\\%_":
        written = written.replace(special, f"\\{special}")
    return f"%{written}%"


def _pointing(objects: Iterable[Json], id_: str) -> Iterator[Pointing]:
    for obj in objects:
        paths = [path for path, text in _texts(obj) if text == id_]
        if paths and obj["id"] != id_:  # without a path only what is kept for itself names it
            link = Link(paths[0], obj["object"], obj["id"])
            yield link, obj


def _length(text: tuple[str, str]) -> int:
    path, _ = text
    return len(path)


def _texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The texts in a value, each with its path."""
    if isinstance(value, str):
        yield path, value
    elif is_json(value):
        for name, inner in value.items():
            yield from _texts(inner, f"{path}.{name}" if path else name)
    elif is_rows(value):
        for number, inner in enumerate(value):
            yield from _texts(inner, f"{path}[{number}]")
