"""What became of a step? Kept in an SQLite file, so that each is executed once."""

import contextlib
import hashlib
import json
import sqlite3
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from stripe_plugin.connection import Connection
from stripe_plugin.errors import HookFailed, IdempotencyConflict, StripeError, UsageError, masked
from stripe_plugin.exchange import RunContext
from stripe_plugin.host import Host
from stripe_plugin.restrictions import is_list, is_object
from stripe_plugin.wire import Result


@attrs.frozen
class Step:
    """One action with its inputs, and the lines that they stand on."""

    id: str
    action: str
    inputs: Mapping[str, Any]
    line: int
    lines: Mapping[str, int]


class Journal:
    """What became of the steps of runs, in an SQLite file. Inputs and secrets are not kept.

    `begun` has what was sent and may have been executed; what came back moves to `step`, or, if it
    was surely not executed, out of it.
    """

    def __init__(self, file: str | Path) -> None:
        self._file = str(file)
        for table in (
            "step (run, step, inputs, result, PRIMARY KEY (run, step))",
            "begun (run, step, inputs, at, PRIMARY KEY (run, step))",
            "refusal (run, step)",
            "owner (run PRIMARY KEY, key)",
        ):
            self._run(f"CREATE TABLE IF NOT EXISTS {table}")

    def _run(self, sql: str, *values: object) -> Any:
        with contextlib.closing(sqlite3.connect(self._file, timeout=10)) as database, database:
            return database.execute(sql, values).fetchone()

    def own(self, run: str, key: str) -> None:
        """Ties a run to a key, so that another account's run of that name is not taken for it."""
        self._run("INSERT OR IGNORE INTO owner VALUES (?, ?)", run, key)
        if self._run("SELECT key FROM owner WHERE run = ?", run)[0] != key:
            raise UsageError("This run ID was used with another API key; use a new one")

    def finished(self, run: str, step: Step, inputs: Any) -> Result | None:
        """The step's result, if it has one. Raises `UsageError` if it ran with other inputs."""
        row = self._run("SELECT inputs, result FROM step WHERE run = ? AND step = ?", run, step.id)
        if row and row[0] != _digest(step, inputs):
            raise UsageError("it ran before in this run with other inputs; use a new run ID")
        return attrs.evolve(Result(**json.loads(row[1])), replayed=True) if row else None

    def begin(self, run: str, step: Step, inputs: Any) -> float | None:
        """Notes that the step is about to be sent; when an earlier try was that may have worked."""
        asked = _digest(step, inputs)
        row = self._run("SELECT inputs, at FROM begun WHERE run = ? AND step = ?", run, step.id)
        if row and row[0] != asked:
            raise UsageError(
                "it may have been executed with other inputs: put those back to go on, or look at"
                " Stripe what came of it and do what is left under a new run ID"
            )
        sql = "INSERT OR IGNORE INTO begun VALUES (?, ?, ?, ?)"
        self._run(sql, run, step.id, asked, time.time())
        return float(row[1]) if row else None

    def keep(self, run: str, step: Step, inputs: Any, result: Result) -> None:
        """Stores a finished step; one that answers with somebody's key is asked again instead."""
        kept = _without_client_secrets(attrs.asdict(result))
        if not _holds_key(kept):
            values = (run, step.id, _digest(step, inputs), json.dumps(kept))
            self._run("INSERT OR REPLACE INTO step VALUES (?, ?, ?, ?)", *values)

    def refusals(self, run: str, step: Step) -> int | None:
        """How often Stripe refused the step, or None: each try after it has a key of its own."""
        sql = "SELECT count(*) FROM refusal WHERE run = ? AND step = ?"
        return int(self._run(sql, run, step.id)[0]) or None

    def forget(self, run: str, step: Step, *, refused: bool) -> None:
        """Notes that the step was surely not executed; `refused`: that its key is spent."""
        self._run("DELETE FROM begun WHERE run = ? AND step = ?", run, step.id)
        if refused:
            self._run("INSERT INTO refusal VALUES (?, ?)", run, step.id)


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


def _digest(step: Step, inputs: Any) -> str:
    return hashlib.sha256(json.dumps([step.action, inputs]).encode()).hexdigest()


def _scope(connection: Connection, run_id: str) -> str:
    """A run belongs to a place, an account and a mode."""
    place = connection.world.file if connection.world else connection.base_url
    return json.dumps([connection.mode, place, connection.account, run_id])


@attrs.frozen
class Once:
    """Runs steps under one name of a run, each at most once; what became of them is in a journal.

    Raises what `Host.run` raises, and `UsageError` if the name stands for something else.
    """

    host: Host
    connection: Connection
    run_id: str
    journal: Journal
    scope: str = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        RunContext(run_id=self.run_id)  # refuses what is no name, or a secret, before it is kept
        object.__setattr__(self, "scope", _scope(self.connection, self.run_id))
        said = f"journal {self.connection.api_key.reveal()}"
        self.journal.own(self.scope, hashlib.sha256(said.encode()).hexdigest()[:16])

    def run(self, step: Step, inputs: Any, expand: Sequence[str] = ()) -> Result:
        """The step's result: the one that is kept, or Stripe's."""
        result = self.journal.finished(self.scope, step, inputs)
        if result is not None:
            return result
        context = RunContext(
            run_id=self.run_id,
            step=step.id,
            item=self.journal.refusals(self.scope, step),
            begun=self.journal.begin(self.scope, step, inputs),
            expand=expand,
        )
        try:
            result = self.host.run(step.action, inputs, connection=self.connection, context=context)
        except StripeError as error:
            self._note(step, error)
            raise
        except HookFailed as error:
            if error.result is not None:
                self.journal.keep(self.scope, step, inputs, error.result)
            raise
        self.journal.keep(self.scope, step, inputs, result)
        return result

    def _note(self, step: Step, error: StripeError) -> None:
        """Keeps a failed step as begun, unless it was surely not executed."""
        if not error.outcome_unknown and not isinstance(error, IdempotencyConflict):
            spent = error.status is not None and not error.retryable
            self.journal.forget(self.scope, step, refused=spent)
