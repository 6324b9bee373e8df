"""Where is everything kept: one SQLite database, in memory or in a file shared by processes.

Every object is one JSON row, numbered in order of creation, which is also the order of lists.
No API key is ever written; an account is the Stripe-Account header, or `default`.
"""

import json
import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from attrs import frozen

from stripe_emulator.refusals import Json

Condition = tuple[str, Any]
Plan = Mapping[str, tuple[int, int]]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS objects (seq INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT, kind TEXT,
    id TEXT, deleted INTEGER DEFAULT 0, body TEXT, UNIQUE (account, kind, id));
CREATE INDEX IF NOT EXISTS in_order ON objects (account, kind, deleted, seq);
CREATE INDEX IF NOT EXISTS by_customer ON objects
    (account, kind, json_extract(body, '$.customer'), seq);
CREATE TABLE IF NOT EXISTS due (number INTEGER PRIMARY KEY, clock TEXT, at INTEGER, rank INTEGER,
    account TEXT, kind TEXT, id TEXT, work TEXT, UNIQUE (account, kind, id, work));
CREATE INDEX IF NOT EXISTS by_moment ON due (clock, at, rank, number);
CREATE TABLE IF NOT EXISTS world (ahead REAL);
CREATE TABLE IF NOT EXISTS replays (account TEXT, key TEXT, at REAL, fingerprint TEXT,
    status INTEGER, body TEXT, request_id TEXT, PRIMARY KEY (account, key));
CREATE TABLE IF NOT EXISTS executions (account TEXT, method TEXT, path TEXT, key TEXT);
CREATE TABLE IF NOT EXISTS faults (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT, left INTEGER,
    draws INTEGER DEFAULT 0, hits INTEGER DEFAULT 0);
CREATE TABLE IF NOT EXISTS deliveries (number INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT,
    event TEXT, type TEXT, endpoint TEXT, url TEXT, attempts INTEGER, status INTEGER, at INTEGER);
"""
_BUSY_SECONDS = 60
_NEXT = """SELECT clock, at, rank, account, kind, id, work FROM due WHERE clock = ? AND at <= ?
    ORDER BY at, rank, number LIMIT 1"""
_PLAN = """INSERT INTO due (clock, at, rank, account, kind, id, work)
    VALUES (?, ?, ?, ?, ?, ?, ?)"""
_THIS = "FROM due WHERE account = ? AND kind = ? AND id = ? AND work = ?"


@frozen
class Planned:
    """A piece of work that is due for an object, by everybody's time (`clock` empty) or a clock.

    Of two at one moment that of the lower rank is first.
    """

    clock: str
    at: int
    rank: int
    account: str
    kind: str
    id: str
    work: str

    @property
    def place(self) -> tuple[str, str, str, str]:
        """What tells it from all others."""
        return self.account, self.kind, self.id, self.work


class Store:
    """One connection behind one lock: threads take turns, processes are kept apart by SQLite."""

    def __init__(self, file: str | os.PathLike[str] | None) -> None:
        # An absolute path: a file may be called `:memory:`, and a process may change its folder.
        self._file = None if file is None else os.path.abspath(file)  # noqa: PTH100 - no `..` cut
        self._lock = threading.RLock()
        self._open()

    def _open(self) -> None:
        if self._file is not None:
            _make_private(self._file)
        self._db = sqlite3.connect(
            self._file or ":memory:",
            isolation_level=None,
            check_same_thread=False,
            timeout=_BUSY_SECONDS,
        )
        # An emulator may be dropped without being closed: its database is closed all the same.
        self._closed = weakref.finalize(self, self._db.close)
        self._prepare()
        self._stale = False

    def _prepare(self) -> None:
        for attempt in range(100):
            try:
                if self._file is not None:
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

    def hold(self) -> None:
        """Keep every other thread out of the database while this one forks."""
        self._lock.acquire()

    def release(self) -> None:
        """Let the other threads in again, after the fork."""
        self._lock.release()

    def renew(self) -> None:
        """Become a forked child's own: a copy of what is in memory, or the file opened anew."""
        self._lock = threading.RLock()
        self._stale = self._file is not None and self._closed.alive

    def _reopen(self) -> None:
        """Open the file anew in a forked child, on first use: most children never ask.

        The connection that was inherited is closed before, and not only forgotten: as long as it
        is open, SQLite takes its locks for this process's own, and asks the system for none.
        """
        self._closed()
        self._open()

    @contextmanager
    def transaction(self, *, write: bool) -> Generator[None]:
        """Do everything inside, or nothing of it."""
        with self._lock:
            if self._stale:
                self._reopen()
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

    @contextmanager
    def undone(self) -> Generator[None]:
        """Undo what happens inside in any case, and go on with the transaction around it."""
        self._db.execute("SAVEPOINT trial")
        try:
            yield
        finally:
            self._db.execute("ROLLBACK TO trial")
            self._db.execute("RELEASE trial")

    def run(self, sql: str, *values: Any) -> sqlite3.Cursor:
        """Run one statement of a table other than `objects`."""
        return self._db.execute(sql, values)

    def add(self, account: str, obj: Json) -> None:
        """Keep a new object."""
        sql = "INSERT INTO objects (account, kind, id, body) VALUES (?, ?, ?, ?)"
        self.run(sql, account, obj["object"], obj["id"], _dumped(obj))

    def put(self, account: str, obj: Json) -> None:
        """Keep what an object has become."""
        sql = "UPDATE objects SET body = ? WHERE account = ? AND kind = ? AND id = ?"
        self.run(sql, _dumped(obj), account, obj["object"], obj["id"])

    def bury(self, account: str, obj: Json) -> Json:
        """Leave a deleted object's place in the order, and its stub, which is returned."""
        stub = {"id": obj["id"], "object": obj["object"], "deleted": True}
        self.put(account, stub)
        sql = "UPDATE objects SET deleted = 1 WHERE account = ? AND kind = ? AND id = ?"
        self.run(sql, account, obj["object"], obj["id"])
        self.plan(account, obj, {}, "")
        return stub

    def free(self, account: str, kind: str, id_: str) -> None:
        """Forget the stub of a deleted object, so that its ID can be given again."""
        sql = "DELETE FROM objects WHERE account = ? AND kind = ? AND id = ? AND deleted = 1"
        self.run(sql, account, kind, id_)

    def one(self, account: str, kind: str, id_: str) -> tuple[int, Json] | None:
        """Find an object, or the stub of a deleted one, with its number."""
        sql = "SELECT seq, body FROM objects WHERE account = ? AND kind = ? AND id = ?"
        row = self.run(sql, account, kind, id_).fetchone()
        return (row[0], json.loads(row[1])) if row else None

    def owner(self, kind: str, id_: str) -> str | None:
        """Tell whose object this is."""
        sql = "SELECT account FROM objects WHERE kind = ? AND id = ?"
        row = self.run(sql, kind, id_).fetchone()
        return row[0] if row else None

    def has(self, account: str, kind: str) -> bool:
        """Whether there is any living object of a kind."""
        sql = "SELECT 1 FROM objects WHERE account = ? AND kind = ? AND deleted = 0 LIMIT 1"
        return self.run(sql, account, kind).fetchone() is not None

    def plan(self, account: str, obj: Json, plan: Plan, clock: str) -> None:
        """Plan anew what time will bring to an object: when which work is due, of which rank."""
        of = (account, obj["object"], obj["id"])
        self.run("DELETE FROM due WHERE account = ? AND kind = ? AND id = ?", *of)
        for work, (at, rank) in plan.items():
            self.run(_PLAN, clock, at, rank, *of, work)

    def next_planned(self, clock: str, until: int) -> Planned | None:
        """Tell what is due first, if anything is until then."""
        row = self.run(_NEXT, clock, until).fetchone()
        return Planned(*row) if row else None

    def done(self, planned: Planned) -> None:
        """Take it off the plan."""
        self.run(f"DELETE {_THIS}", *planned.place)

    def is_planned(self, planned: Planned) -> bool:
        """Whether it is on the plan again, for no later moment."""
        found = self.run(f"SELECT 1 {_THIS} AND at <= ?", *planned.place, planned.at)
        return found.fetchone() is not None

    @property
    def count(self) -> int:
        """How many objects have ever been kept here."""
        row = self.run("SELECT seq FROM sqlite_sequence WHERE name = 'objects'").fetchone()
        return row[0] if row else 0

    @property
    def ahead(self) -> float:
        """By how many seconds this world is ahead of the clock on the wall."""
        row = self.run("SELECT ahead FROM world").fetchone()
        return row[0] if row else 0.0

    def go_ahead(self, seconds: float) -> None:
        """Put the world that much further ahead."""
        ahead = self.ahead + seconds
        self.run("DELETE FROM world")
        self.run("INSERT INTO world VALUES (?)", ahead)

    def many(  # noqa: PLR0913 - the parts of one SELECT
        self,
        account: str,
        kind: str,
        where: Sequence[Condition] = (),
        *,
        beyond: int | None = None,
        upwards: bool = False,
        limit: int = -1,
    ) -> list[Json]:
        """List objects that meet every (SQL condition, value), newest first.

        `beyond` starts after this number; `upwards` walks towards newer ones instead.
        """
        conditions: list[Condition] = [("account = ?", account), ("kind = ?", kind)]
        conditions += [("deleted = 0", None), *where]
        if beyond is not None:
            conditions.append(("seq > ?" if upwards else "seq < ?", beyond))
        chosen = " AND ".join(sql for sql, _ in conditions)
        values = [value for sql, value in conditions if "?" in sql]
        order = "ASC" if upwards else "DESC"
        sql = f"SELECT body FROM objects WHERE {chosen} ORDER BY seq {order} LIMIT ?"  # noqa: S608 - own words
        return _loaded(self.run(sql, *values, limit))


def _loaded(rows: sqlite3.Cursor) -> list[Json]:
    return [json.loads(body) for (body,) in rows.fetchall()]


def copied(obj: Json) -> Json:
    """Copy an object as keeping it would, which is faster than copying it in memory."""
    copy: Json = json.loads(_dumped(obj))
    return copy


def _dumped(obj: Json) -> str:
    return json.dumps(obj, separators=(",", ":"))


def _make_private(file: str) -> None:
    """Let nobody else read the file, or what SQLite keeps beside it with the same rights.

    A file that is there is never opened here: closing it would end SQLite's locks on it.
    """
    with suppress(OSError):  # it is there, or SQLite says better why it cannot be
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    for name in (file, f"{file}-wal", f"{file}-shm", f"{file}-journal"):
        with suppress(FileNotFoundError):
            _narrow(Path(name))


def _narrow(path: Path) -> None:
    rights = path.stat().st_mode
    if not path.is_file() or not rights & 0o077:
        return
    try:
        path.chmod(rights & 0o700)
    except PermissionError as error:
        message = f"others may read {path}, and it belongs to somebody else"
        raise sqlite3.OperationalError(message) from error
