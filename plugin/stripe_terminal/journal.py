"""What became of a step? Kept in an SQLite file, so that each is executed once."""

import contextlib
import hashlib
import json
import sqlite3
import time
from collections.abc import Generator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from stripe_plugin.client.connection import Connection
from stripe_plugin.host.host import Host
from stripe_plugin.host.watch import HookFailed, IdempotencyConflict, StripeError, UsageError
from stripe_plugin.judge.values import is_list, is_object
from stripe_plugin.run.context import RunContext
from stripe_plugin.run.idempotency import idempotency_key
from stripe_plugin.run.result import Result
from stripe_plugin.secrets import masked, said


@attrs.frozen
class Step:
    """One action with its inputs, and the lines that they stand on."""

    id: str
    action: str
    inputs: Mapping[str, Any]
    line: int
    lines: Mapping[str, int]


@attrs.frozen
class Try:
    """One try of a step: `begun` (unix seconds) if by an earlier process, `result` if it ended."""

    number: int
    begun: float | None
    result: Result | None


DONE = "was done in this run with other inputs; a new run would do it again"
MAY_BE_DONE = (
    "may have been executed in this run with other inputs: put those back to go on, or look at"
    " Stripe what came of it and do what is left under a new run ID"
)


class Journal:
    """What became of the tries of the steps of runs, in an SQLite file, without inputs or secrets.

    A try is noted before it is sent. Stripe's refusal ends it, and the next has a number of its
    own; so it cannot undo what another process, with a later try, has begun.
    """

    def __init__(self, file: str | Path) -> None:
        self._file = str(file)
        Path(file).touch(0o600)
        columns = "run, step, number, inputs, at, refused DEFAULT 0, result"
        self._run(f"CREATE TABLE IF NOT EXISTS try ({columns}, PRIMARY KEY (run, step, number))")
        self._run("CREATE TABLE IF NOT EXISTS owner (run PRIMARY KEY, key)")

    @contextlib.contextmanager
    def _opened(self) -> Generator[sqlite3.Connection]:
        with contextlib.closing(sqlite3.connect(self._file, timeout=10)) as database, database:
            yield database

    def _run(self, sql: str, *values: object) -> Any:
        with self._opened() as database:
            return database.execute(sql, values).fetchone()

    def own(self, run: str, key: str) -> bool:
        """Ties a run to a key, which another account's run of that name has not; if it is known."""
        known = self._run("SELECT key FROM owner WHERE run = ?", run)
        self._run("INSERT OR IGNORE INTO owner VALUES (?, ?)", run, key)
        if self._run("SELECT key FROM owner WHERE run = ?", run)[0] != key:
            raise UsageError(
                "This run ID was used with another API key: look what it has done with that"
                " before you do the rest under a new one"
            )
        return known is not None

    def begin(self, run: str, step: Step, asked: str) -> Try:
        """The try to go on with, or a new one. Raises `UsageError` if it had other inputs."""
        sql = "SELECT number, inputs, at, refused, result FROM try WHERE run = ? AND step = ?"
        with self._opened() as database:
            database.execute("BEGIN IMMEDIATE")
            rows = database.execute(f"{sql} ORDER BY number DESC", (run, step.id)).fetchall()
            number, inputs, at, refused, result = rows[0] if rows else (-1, asked, None, True, None)
            if refused:
                new = (run, step.id, number + 1, asked, time.time())
                database.execute("INSERT INTO try VALUES (?, ?, ?, ?, ?, 0, NULL)", new)
                return Try(number + 1, None, None)
        if inputs != asked:
            raise UsageError(f"{step.action} {DONE if result else MAY_BE_DONE}")
        return Try(number, at, Result(**json.loads(result)) if result else None)

    def keep(self, run: str, step: Step, number: int, result: Result) -> None:
        """Stores a result; one that holds somebody's key is asked for again instead."""
        kept = _without_client_secrets(attrs.asdict(result))
        if not _holds_key(kept):
            sql = "UPDATE try SET result = ? WHERE run = ? AND step = ? AND number = ?"
            self._run(sql, json.dumps(kept), run, step.id, number)

    def end(self, run: str, step: Step, number: int, *, refused: bool) -> None:
        """Notes that a try was surely not executed; `refused`: that its key is spent."""
        verb = "UPDATE try SET refused = 1" if refused else "DELETE FROM try"
        self._run(f"{verb} WHERE run = ? AND step = ? AND number = ?", run, step.id, number)


def _without_client_secrets(value: Any) -> Any:
    if is_object(value):
        return {
            k: None if k == "client_secret" else _without_client_secrets(v)
            for k, v in value.items()
        }
    return [_without_client_secrets(item) for item in value] if is_list(value) else value


def _holds_key(value: Any) -> bool:
    if is_object(value) or is_list(value):
        return any(map(_holds_key, [*value, *value.values()] if is_object(value) else value))
    return isinstance(value, str) and masked(value) != value


def _digest(step: Step, inputs: Any, expand: Sequence[str]) -> str:
    asked = [step.action, inputs, *expand]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


class Once:
    """Runs steps under one name of a run, each at most once; what became of them is in a journal.

    `known`: the run was begun before. Raises what `Host.run` raises, and `UsageError` if the name
    stands for something else.
    """

    def __init__(self, host: Host, who: Connection, run_id: str, journal: Journal) -> None:
        RunContext(run_id=run_id)  # refuses what is no name, or a secret, before it is kept
        self.host, self.connection, self.run_id, self.journal = host, who, run_id, journal
        place = who.in_process.file if who.in_process else who.base_url
        self.scope = json.dumps([who.mode, place, who.account, run_id])
        key = hashlib.sha256(f"journal {who.api_key.reveal()}".encode()).hexdigest()[:16]
        self.known = journal.own(self.scope, key)

    def run(self, step: Step, inputs: Any, expand: Sequence[str] = ()) -> Result:
        """The step's result: the one that is kept, or Stripe's."""
        tried = self.journal.begin(self.scope, step, _digest(step, inputs, expand))
        if tried.result is not None:
            return attrs.evolve(tried.result, replayed=True)
        context = RunContext(
            run_id=self.run_id,
            step=step.id,
            item=tried.number or None,
            begun=tried.begun,
            expand=expand,
        )
        try:
            result = self.host.run(step.action, inputs, connection=self.connection, context=context)
        except HookFailed as error:
            if error.result is not None:
                self._keep(step, tried, error.result)
            raise
        except Exception as error:
            self._note(step, tried, context, error)
            raise
        self._keep(step, tried, result)
        return result

    def _keep(self, step: Step, tried: Try, result: Result) -> None:
        try:
            self.journal.keep(self.scope, step, tried.number, result)
        except sqlite3.Error as error:  # it is done all the same
            raise HookFailed(f"the journal: {said(error)}", result, None) from error

    def _note(self, step: Step, tried: Try, context: RunContext, error: Exception) -> None:
        """Ends a failed try, unless it may have been executed, by this process or before it."""
        spec = self.host.action(step.action).spec
        key = idempotency_key(spec, self.connection, context) if spec.method == "POST" else None
        # Else a hook's own error, which knows nothing of an earlier process.
        stripes = isinstance(error, StripeError) and error.idempotency_key == key
        if getattr(error, "outcome_unknown", False) or (tried.begun is not None and not stripes):
            return
        spent = isinstance(error, StripeError) and error.status is not None and not error.retryable
        clash = isinstance(error, IdempotencyConflict)  # the key stands for other inputs still
        refused = stripes and spent and not clash
        self.journal.end(self.scope, step, tried.number, refused=refused)
