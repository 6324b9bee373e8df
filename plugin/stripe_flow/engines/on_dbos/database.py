"""Where does DBOS keep the runs of all its workers? In the database that they share."""

import json
import os
import sqlite3
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from stripe_flow.journal import Compute, Journal
from stripe_flow.run import AnyJournal
from stripe_plugin.errors import UsageError
from stripe_plugin.secrets import said

VARIABLE = "DBOS_SYSTEM_DATABASE_URL"  # DBOS's own
FILE = "runs.db"
PATIENCE = 1.0  # seconds between two tries of a database that is away
DRIVER = "postgresql+psycopg"
CREATE = text("""
CREATE TABLE IF NOT EXISTS stripe_nodes_kept (
    run TEXT, name TEXT, value TEXT NOT NULL, PRIMARY KEY (run, name))
""")
PUT = text("INSERT INTO stripe_nodes_kept VALUES (:run, :name, :value) ON CONFLICT DO NOTHING")
GET = text("SELECT value FROM stripe_nodes_kept WHERE run = :run AND name = :name")
FORMS = "sqlite:///FILE or postgresql://USER@HOST/NAME"
UNUSABLE = f"{{name}} is no address of a database ({FORMS})"
NOT_SET = f"{VARIABLE} is not set: have it name the database of all workers, as {FORMS}"

UNREACHED = "The database {place} cannot be used: {why}"

OLD = (
    "From Python 3.12 on, DBOS needs SQLite 3.42 or newer, and this Python has {version}: name a"
    " Postgres database, as in DBOS_SYSTEM_DATABASE_URL=postgresql://USER@HOST/NAME"
)
SINCE_PYTHON, SINCE_SQLITE = (3, 12), (3, 42)

Place = dict[str, str]  # run and name
Version = tuple[int, ...]


def address(given: str | None) -> URL:
    """The address of the database. Raises `UsageError`, which does not repeat a password."""
    found = os.environ.get(VARIABLE) if given is None else given
    name = VARIABLE if given is None else "database_url"
    if found is None:
        raise UsageError(NOT_SET)
    try:
        url = make_url(found)
    except Exception:  # noqa: BLE001 - of which the text has the password
        url = URL.create("")
    if url.get_backend_name() not in ("sqlite", "postgresql") or not url.database:
        raise UsageError(UNUSABLE.format(name=name))
    if url.get_backend_name() == "sqlite":
        check_sqlite(sys.version_info[:2], sqlite3.sqlite_version_info)
    return url


def check_sqlite(python: Version, sqlite: Version) -> None:
    """Raises `UsageError` for an SQLite that DBOS needs newer: of fractions of a second it knows.

    Source: `get_sqlite_timestamp_expr` in DBOS's `_migration.py`.
    """
    if python >= SINCE_PYTHON and sqlite < SINCE_SQLITE:
        raise UsageError(OLD.format(version=".".join(map(str, sqlite))))


def journal_of(url: URL) -> AnyJournal:
    """Where runs are kept: beside an SQLite file, as those of the terminal are, or in Postgres."""
    if url.get_backend_name() != "sqlite":
        return PostgresJournal(url)
    file = Path(str(url.database))
    file.touch(0o600)  # inputs are in it
    return Journal(file.with_name(FILE))


class PostgresJournal:
    """A journal that machines share. Waits for a database that is away, as DBOS does."""

    def __init__(self, url: URL) -> None:
        self._engine: Engine = create_engine(url.set(drivername=DRIVER), pool_pre_ping=True)
        try:
            with self._engine.begin() as database:
                database.execute(CREATE)
        except (IntegrityError, ProgrammingError):
            pass  # another worker made it at the same moment
        except OperationalError as error:
            place = url.render_as_string()  # without its password
            raise UsageError(UNREACHED.format(place=place, why=said(error.orig or error))) from None

    def keep(self, run: str, name: str, compute: Compute) -> Any:
        """What `compute()` gave the first time under this name of this run."""
        place = {"run": run, "name": name}
        while True:
            try:
                return self._kept(place, compute)
            except OperationalError:
                time.sleep(PATIENCE)

    def _kept(self, place: Place, compute: Compute) -> Any:
        with self._engine.begin() as database:
            found = database.execute(GET, place).scalar()
        if found is not None:
            return json.loads(found)
        value = json.dumps(compute())
        with self._engine.begin() as database:
            database.execute(PUT, {**place, "value": value})
            found = database.execute(GET, place).scalar()
        return json.loads(str(found))

    def close(self) -> None:
        """Closes its connections."""
        self._engine.dispose()
