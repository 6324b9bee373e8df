"""Where everything is kept: one SQLite database, in memory or in a file shared by processes.

Every object is one JSON row, numbered in order of creation, which is also the order of lists.
No API key is ever written; an account is the Stripe-Account header, or ``default``.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from os import PathLike

    from stripe_emulator.refusals import Json

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (seq INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT, kind TEXT,
    id TEXT, deleted INTEGER DEFAULT 0, body TEXT, UNIQUE (account, kind, id));
CREATE INDEX IF NOT EXISTS in_order ON objects (account, kind, deleted, seq);
CREATE INDEX IF NOT EXISTS by_customer ON objects
    (account, kind, json_extract(body, '$.customer'), seq);
CREATE INDEX IF NOT EXISTS overdue ON objects (account, json_extract(body, '$.expires_at'))
    WHERE kind = 'checkout.session' AND json_extract(body, '$.status') = 'open';
CREATE TABLE IF NOT EXISTS replays (account TEXT, key TEXT, at REAL, fingerprint TEXT,
    status INTEGER, body TEXT, request_id TEXT, PRIMARY KEY (account, key));
CREATE TABLE IF NOT EXISTS executions (account TEXT, method TEXT, path TEXT, key TEXT);
CREATE TABLE IF NOT EXISTS faults (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT, left INTEGER,
    draws INTEGER DEFAULT 0, hits INTEGER DEFAULT 0);
"""


class Store:
    """One connection behind one lock: threads take turns, processes are kept apart by SQLite."""

    def __init__(self, file: str | PathLike[str] | None) -> None:
        self._lock = threading.RLock()
        self._db = sqlite3.connect(
            ":memory:" if file is None else file,
            isolation_level=None,
            check_same_thread=False,
            timeout=60,
        )
        # An emulator may be dropped without being closed: its database is closed all the same.
        self._closed = weakref.finalize(self, self._db.close)
        self._prepare(shared=file is not None)

    def _prepare(self, *, shared: bool) -> None:
        for attempt in range(100):
            try:
                if shared:
                    self._db.execute("PRAGMA journal_mode=WAL")
                    self._db.execute("PRAGMA synchronous=NORMAL")
                self._db.executescript(_SCHEMA)
            except sqlite3.OperationalError:  # another process is switching to WAL right now
                if attempt == 99:
                    raise
                time.sleep(0.05)
            else:
                return

    def close(self) -> None:
        """Close the database; a file stays as it is."""
        with self._lock:
            self._closed()

    @contextmanager
    def transaction(self, *, write: bool) -> Generator[None]:
        """Do everything inside, or nothing of it."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE" if write else "BEGIN")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    @contextmanager
    def undoable(self) -> Generator[None]:
        """Undo what happens inside when it raises, and go on with the transaction around it."""
        self._db.execute("SAVEPOINT attempt")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK TO attempt")
            raise
        finally:
            self._db.execute("RELEASE attempt")

    def run(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Run one statement of a table other than ``objects``."""
        return self._db.execute(sql, values)

    def add(self, account: str, obj: Json) -> None:
        """Keep a new object."""
        self._db.execute(
            "INSERT INTO objects (account, kind, id, body) VALUES (?, ?, ?, ?)",
            (account, obj["object"], obj["id"], _dumped(obj)),
        )

    def put(self, account: str, obj: Json) -> None:
        """Keep what an object has become."""
        self._db.execute(
            "UPDATE objects SET body = ? WHERE account = ? AND kind = ? AND id = ?",
            (_dumped(obj), account, obj["object"], obj["id"]),
        )

    def bury(self, account: str, obj: Json) -> None:
        """Leave a deleted object's place in the order, and its stub."""
        stub = {"id": obj["id"], "object": obj["object"], "deleted": True}
        self.put(account, stub)
        self._db.execute(
            "UPDATE objects SET deleted = 1 WHERE account = ? AND kind = ? AND id = ?",
            (account, obj["object"], obj["id"]),
        )

    def one(self, account: str, kind: str, id_: str) -> tuple[int, Json] | None:
        """Find an object, or the stub of a deleted one, with its number."""
        row = self._db.execute(
            "SELECT seq, body FROM objects WHERE account = ? AND kind = ? AND id = ?",
            (account, kind, id_),
        ).fetchone()
        return (row[0], json.loads(row[1])) if row else None

    def owner(self, kind: str, id_: str) -> str | None:
        """Tell whose object this is."""
        sql = "SELECT account FROM objects WHERE kind = ? AND id = ?"
        row = self.run(sql, kind, id_).fetchone()
        return row[0] if row else None

    def overdue(self, account: str, now: int) -> list[Json]:
        """List the open Checkout Sessions whose time has come."""
        rows = self._db.execute(
            """SELECT body FROM objects
            WHERE account = ? AND json_extract(body, '$.expires_at') <= ?
            AND kind = 'checkout.session' AND json_extract(body, '$.status') = 'open'""",
            (account, now),
        )
        return [json.loads(row[0]) for row in rows.fetchall()]

    def many(  # noqa: PLR0913 - the parts of one SELECT
        self,
        account: str,
        kind: str,
        where: Sequence[tuple[str, Any]] = (),
        *,
        beyond: int | None = None,
        upwards: bool = False,
        limit: int = -1,
    ) -> list[Json]:
        """List objects that meet every (SQL condition, value), newest first.

        ``beyond`` starts after this number; ``upwards`` walks towards newer ones instead.
        """
        conditions = ["account = ?", "kind = ?", "deleted = 0", *(sql for sql, _ in where)]
        values = [account, kind, *(value for sql, value in where if "?" in sql)]
        if beyond is not None:
            conditions.append("seq > ?" if upwards else "seq < ?")
            values.append(beyond)
        order = "ASC" if upwards else "DESC"
        rows = self._db.execute(
            f"SELECT body FROM objects WHERE {' AND '.join(conditions)} "  # noqa: S608 - own words
            f"ORDER BY seq {order} LIMIT ?",
            (*values, limit),
        )
        return [json.loads(row[0]) for row in rows]


def _dumped(obj: Json) -> str:
    return json.dumps(obj, separators=(",", ":"))
