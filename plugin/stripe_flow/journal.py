"""Where are the runs of this machine kept? In an SQLite file, of which no row is taken on trust."""

import hashlib
import json
import os
import secrets
import sqlite3
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from stripe_flow.bounded import ALL, BOUNDS
from stripe_flow.files import UnusableFile, usable

VERSION = 1
SCHEMA = f"""
CREATE TABLE kept (run TEXT, name TEXT, value TEXT, digest TEXT, PRIMARY KEY (run, name));
PRAGMA user_version = {VERSION};
"""
WHAT_TO_DO = (
    "Rename it and keep it: without it, its runs would be done once more. Look at Stripe's"
    " Dashboard, under Developers › Logs, what they have done, and do what is left under a new"
    " run ID"
)
DAMAGED = f"is damaged ({{error}}). {WHAT_TO_DO}"
EARLIER = f"is of an earlier version. {WHAT_TO_DO}"
EMPTY = f"is empty: something has cut it off. {WHAT_TO_DO}"
LATER = "is of a later version of stripe-nodes. Go on with that version"
CHANGED = f"was changed by another hand: its row {{name}} is none of ours. {WHAT_TO_DO}"


FileName = str | os.PathLike[str]
Compute = Callable[[], Any]
Row = tuple[str, str, Any]


class Journal:
    """An engine for `run_step` in a file that processes share; inputs and secrets are not in it.

    Raises `UnusableFile`, which says what to do. `patience`: seconds to wait for other processes.
    `outputs`: what it keeps of them, `all` or only the `ids` (see `stripe_flow.bounded`).
    """

    def __init__(self, file: FileName, *, patience: float = 10.0, outputs: str = ALL) -> None:
        self.file, self._patience = Path(file), patience
        self._bound = BOUNDS[outputs]
        with usable(self.file, DAMAGED):
            if not self.file.exists():
                _create(self.file)
            with self._opened() as database:
                # A row that its index has lost would not be found, and its step done once more.
                [[found]] = database.execute("PRAGMA integrity_check(1)").fetchall()
        if found != "ok":
            raise self._unusable(DAMAGED.replace("{error}", found))

    def keep(self, run: str, name: str, compute: Compute) -> Any:
        """What `compute()` gave the first time under this name of this run."""
        with usable(self.file, DAMAGED), self._opened() as database:
            sql = "SELECT value, digest FROM kept WHERE run = ? AND name = ?"
            row = database.execute(sql, (run, name)).fetchone()
            if row is None:
                entry = self._bound(compute())
                value = json.dumps(entry)
                row = (value, digest(run, name, value))
                database.execute("INSERT INTO kept VALUES (?, ?, ?, ?)", (run, name, *row))
        return self._checked(run, name, *row)

    def rows(self) -> Iterator[Row]:
        """All that is kept: the run, the name, the value, in the order in which it was kept."""
        with usable(self.file, DAMAGED), self._opened() as database:
            sql = "SELECT run, name, value, digest FROM kept ORDER BY rowid"
            rows = database.execute(sql).fetchall()
        for run, name, value, known in rows:
            yield run, name, self._checked(run, name, value, known)

    def forget(self, run: str, known: int) -> bool:
        """Deletes a run that has as many rows as are known; whether it was there like that."""
        with usable(self.file, DAMAGED), self._opened() as database:
            sql = "SELECT count(*) FROM kept WHERE run = ?"
            [found] = database.execute(sql, (run,)).fetchone()
            if found == known:
                database.execute("PRAGMA secure_delete = ON")  # people's data leaves the disk, too
                database.execute("DELETE FROM kept WHERE run = ?", (run,))
        return bool(found == known)

    def _checked(self, run: str, name: str, value: Any, known: Any) -> Any:
        """The value of a row that this module wrote."""
        if known != digest(run, name, value):
            raise self._unusable(CHANGED.replace("{name}", name))
        return json.loads(value)

    @contextmanager
    def _opened(self) -> Generator[sqlite3.Connection]:
        """The database, locked for this process; what is done to it is done as a whole."""
        patience = self._patience
        made = sqlite3.connect(self.file, timeout=patience, isolation_level=None)
        with closing(made) as database:
            database.execute("BEGIN IMMEDIATE")
            self._check_version(database)
            yield database
            database.execute("COMMIT")

    def _check_version(self, database: sqlite3.Connection) -> None:
        [version] = database.execute("PRAGMA user_version").fetchone()
        if version == VERSION:
            return
        [tables] = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        earlier = EARLIER if tables else EMPTY
        raise self._unusable(LATER if version > VERSION else earlier)

    def _unusable(self, why: str) -> UnusableFile:
        return UnusableFile(f"{self.file} {why}.")


def _create(file: Path) -> None:
    """Makes the file whole or not at all: an empty one is then never one of ours."""
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    draft.touch(0o600, exist_ok=False)
    try:
        with closing(sqlite3.connect(draft)) as database:
            database.executescript(SCHEMA)
        os.link(draft, file)
    except FileExistsError:
        pass  # another process was first
    finally:
        draft.unlink()


def digest(run: str, name: str, value: Any) -> str:
    """What tells a row that this module wrote from one that was changed since."""
    text = json.dumps([run, name, value], default=repr)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
