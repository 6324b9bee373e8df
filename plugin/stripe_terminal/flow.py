"""How do several steps run one after another?

A flow file is YAML: `steps:` with `id`, `action` and `inputs`; `${{ steps.price.id }}` is a
JMESPath into earlier outputs. Everything that can be judged is judged before anything is sent.
Finished steps are kept in a journal: a run repeated under its ID goes on where it stopped.
"""

import contextlib
import hashlib
import json
import re
import sqlite3
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import jmespath
import yaml
from jmespath.exceptions import (
    ArityError,
    JMESPathError,
    LexerError,
    ParseError,
    UnknownFunctionError,
)

from stripe_plugin.connection import Connection
from stripe_plugin.errors import (
    IdempotencyConflict,
    InvalidInputs,
    StripeError,
    UsageError,
    masked,
    near,
)
from stripe_plugin.exchange import RunContext
from stripe_plugin.host import Host
from stripe_plugin.restrictions import NOTHING, UNKNOWN, is_list, is_object
from stripe_plugin.wire import Result

REFERENCE = re.compile(r"\$\{\{((?:(?!\}\}).)*)\}\}", re.DOTALL)
MOST_NODES, DEEPEST = 20_000, 50
KEY_LIFE = 23 * 3600  # seconds; Stripe keeps idempotency keys for 24 hours
UNCLOSED = "${{ without its }}"
YAML_TAGS = {
    f"tag:yaml.org,2002:{kind}" for kind in "map seq str int float bool null timestamp".split()
}


class FlowError(UsageError):
    """What is wrong with a flow file: one `file:line: sentence` per line."""

    unsent = True


class StepError(UsageError):
    """A step that cannot go on; steps before it may have been sent."""


@attrs.frozen
class Step:
    """One action with its inputs, and the lines that they stand on."""

    id: str
    action: str
    inputs: Mapping[str, Any]
    line: int
    lines: Mapping[str, int]


class _Reader:
    """YAML to plain data with line numbers; tags, duplicate keys and bombs are refused."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.lines, self.left, self.line = (
            name,
            dict[tuple[Any, ...], int](),
            MOST_NODES,
            1,
        )
        try:
            loader = yaml.SafeLoader(text)
            node = loader.get_single_node()
            self.data = self._value(node, ()) if node else None
        except yaml.reader.ReaderError as error:
            line = text[: error.position].count("\n") + 1
            raise self.error(
                [(line, f"The character {error.character!r} cannot be read.")]
            ) from None
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            mark = getattr(error, "problem_mark", None)
            raise self.error([(mark.line + 1 if mark else self.line, _first(error))]) from None

    def error(self, problems: list[tuple[int, str]]) -> FlowError:
        return FlowError(
            "\n".join(f"{self.name}:{line}: {text}" for line, text in sorted(problems))
        )

    def _value(self, node: Any, path: tuple[Any, ...]) -> Any:
        self.left, self.line = self.left - 1, node.start_mark.line + 1
        if self.left < 0 or len(path) > DEEPEST:
            raise self.error([(self.line, "The file holds too much, or is nested too deeply.")])
        if node.tag not in YAML_TAGS:
            raise self.error([(self.line, f"The tag {node.tag} has no meaning here.")])
        self.lines.setdefault(path, self.line)
        if isinstance(node, yaml.SequenceNode):
            return [self._value(item, (*path, number)) for number, item in enumerate(node.value)]
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        return _scalar(node)

    def _mapping(self, node: Any, path: tuple[Any, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, item in node.value:
            key, line = key_node.value, key_node.start_mark.line + 1
            if not isinstance(key, str):
                raise self.error([(line, "A key is text.")])
            if key in found:
                raise self.error([(line, f"The key {key[:60]!r} stands twice.")])
            self.lines[*path, key] = line
            found[key] = self._value(item, (*path, key))
        return found


def _scalar(node: Any) -> Any:
    """YAML 1.2's plain values; what only 1.1 reads as more (`yes`, `01234`, a date) is text."""
    text: str = node.value
    if node.style is not None or node.tag == "tag:yaml.org,2002:str":
        return text
    if text in ("true", "false", "null", "~", ""):
        return {"true": True, "false": False}.get(text)
    if re.fullmatch(r"[-+]?(0|[1-9][0-9]{0,17})", text):
        return int(text)
    return float(text) if re.fullmatch(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+", text) else text


def _first(error: BaseException) -> str:
    return str(getattr(error, "problem", None) or error).partition("\n")[0][:200]


def read_data(name: str, text: str) -> Any:
    """YAML or JSON as plain data. Raises `FlowError` with the line."""
    return _Reader(name, text).data


def load(name: str, text: str, host: Host) -> list[Step]:
    """The steps of a flow, all judged. Raises one `FlowError` with every problem and line."""
    reader = _Reader(name, text)
    listed = reader.data.get("steps") if is_object(reader.data) else None
    if not is_list(listed) or not listed:
        raise reader.error(
            [(1, "A flow is `steps:` and a list of steps with id, action and inputs.")]
        )
    problems = [
        (reader.lines[(word,)], f"A flow has no {word!r}, only `steps`.")
        for word in reader.data or ()
        if word != "steps"
    ]
    steps: list[Step] = []
    for number, raw in enumerate(listed):
        step, wrong = _step(raw, ("steps", number), reader.lines)
        problems += [*wrong, *_check(step, [earlier.id for earlier in steps], host)]
        steps.append(step)
    if problems:
        raise reader.error(problems)
    return steps


def _step(raw: Any, path: Any, lines: Any) -> tuple[Step, list[tuple[int, str]]]:
    line, given = lines[path], raw if is_object(raw) else NOTHING
    words = ("id", "action", "inputs")
    problems: list[tuple[int, str]] = [
        (
            lines[*path, word],
            f"A step has no {word!r}{near(word, words)}, only id, action and inputs.",
        )
        for word in given
        if word not in words
    ]
    identity, action = str(given.get("id", "")), str(given.get("action", ""))
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,63}", identity) or not action:
        problems.append((line, "A step needs an id (letters, digits, _) and an action."))
    inputs: Any = {} if given.get("inputs") is None else given["inputs"]
    if not is_object(inputs):
        problems.append((lines[*path, "inputs"], "inputs must be an object of display keys."))
        inputs = {}
    places = {key: lines.get((*path, "inputs", key), line) for key in inputs}
    return Step(identity, action, inputs, line, places), problems


def _check(step: Step, earlier: list[str], host: Host) -> Iterator[tuple[int, str]]:
    if step.id and step.id in earlier:
        yield step.line, f"The step id {step.id} stands twice."
    for key, value in step.inputs.items():
        for expression in _references(value):
            if wrong := _wrong_reference(expression, earlier):
                yield step.lines[key], f"{step.id} › {key}: {wrong}"
    if not step.action:
        return
    try:
        action = host.action(step.action)
    except UsageError as error:
        yield step.line, f"{step.id}: {error}."
        return
    known = {key: resolved(value, None) for key, value in step.inputs.items()}
    for key, sentences in action.judge(known)[1].items():
        names = (key, action.spec.names.get(key, key))
        line = next((step.lines[name] for name in names if name in step.lines), step.line)
        for sentence in sentences:
            yield line, f"{step.id} › {sentence}"


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield from (found.strip() for found in REFERENCE.findall(value))
        if "${{" in REFERENCE.sub("", value):
            yield UNCLOSED
    elif is_object(value) or is_list(value):
        for item in value.values() if is_object(value) else value:
            yield from _references(item)


def _wrong_reference(expression: str, earlier: list[str]) -> str | None:
    said = f"${{{{ {expression[:80]} }}}}"
    if expression == UNCLOSED:
        return "A reference ${{ is not closed: }} is missing."
    try:
        jmespath.compile(expression).search({})
    except (UnknownFunctionError, ParseError, LexerError, ArityError, RecursionError) as error:
        return f"{said} is no JMESPath: {_first(error)}"
    except JMESPathError:
        pass  # such as a function of what is not there yet
    names = re.findall(r"\bsteps\.(\w+)", expression)
    if not names:
        return f"{said} should start with steps.ID, the output of an earlier step."
    unknown = [name for name in names if name not in earlier]
    return (
        f"No earlier step has the id {unknown[0]}{near(unknown[0], earlier)}." if unknown else None
    )


def resolved(value: Any, outputs: Mapping[str, Any] | None) -> Any:
    """`value` with its references filled in; with no outputs yet, they are `UNKNOWN`.

    A lone reference keeps its type. Raises `UsageError` for one that finds nothing.
    """
    if is_object(value):
        return {key: resolved(item, outputs) for key, item in value.items()}
    if is_list(value):
        return [resolved(item, outputs) for item in value]
    if not isinstance(value, str) or not REFERENCE.search(value):
        return value
    if outputs is None:
        return UNKNOWN
    if lone := REFERENCE.fullmatch(value.strip()):
        return _found(lone[1], outputs)
    return REFERENCE.sub(lambda match: _as_text(_found(match[1], outputs)), value)


def _found(expression: str, outputs: Mapping[str, Any]) -> Any:
    said = f"${{{{ {expression.strip()[:80]} }}}}"
    try:
        found = jmespath.search(expression.strip(), {"steps": outputs})
    except JMESPathError as error:
        raise UsageError(f"{said} cannot be computed: {_first(error)}") from None
    if found is None:
        raise UsageError(f"{said} finds nothing in the outputs so far")
    return found


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


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
        kept = _without_client_secrets(result.as_dict())
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
        return any(map(_holds_key, value.values() if is_object(value) else value))
    return isinstance(value, str) and masked(value) != value


def _digest(step: Step, inputs: Any) -> str:
    return hashlib.sha256(json.dumps([step.action, inputs]).encode()).hexdigest()


def _scope(connection: Connection, run_id: str) -> str:
    """A run belongs to a place, an account and a mode."""
    place = connection.world.file if connection.world else connection.base_url
    return json.dumps([connection.mode, place, connection.account, run_id])


def run(
    steps: list[Step], host: Host, connection: Connection, run_id: str, journal: Journal
) -> Iterator[tuple[Step, Result]]:
    """Runs the steps in order and gives each with its result.

    Raises what `Host.run` raises; `UsageError` and `InvalidInputs` then name the step.
    """
    outputs: dict[str, Any] = {}
    scope = _scope(connection, run_id)
    key = hashlib.sha256(f"journal {connection.api_key.reveal()}".encode()).hexdigest()[:16]
    journal.own(scope, key)
    for step in steps:
        begun: float | None = None
        try:
            inputs = resolved(step.inputs, outputs)
            result = journal.finished(scope, step, inputs)
            if result is None:
                context = RunContext(
                    run_id=run_id, step=step.id, item=journal.refusals(scope, step)
                )
                call = {"connection": connection, "context": context}
                begun = journal.begin(scope, step, inputs)
                result = _sent(step, inputs, host, begun, **call)
                journal.keep(scope, step, inputs, result)
        except InvalidInputs as error:
            raise StepError(f"line {step.line}, step {step.id}: {error}") from error
        except UsageError as error:
            raise StepError(f"line {step.line}, step {step.id}: {error}.") from error
        except StripeError as error:
            _note(journal, scope, step, error, begun)
            error.add_note(
                f"The flow stopped at step {step.id}, line {step.line}. Go on with --run-id"
                f" {run_id}: finished steps are not sent again. Without it, all is sent anew."
            )
            raise
        outputs[step.id] = result.output
        yield step, result


def _note(
    journal: Journal, scope: str, step: Step, error: StripeError, begun: float | None
) -> None:
    """Keeps a failed step as begun, unless it was surely not executed: by this try, or ever."""
    clash = isinstance(error, IdempotencyConflict)
    never = not begun or (error.status in (400, 402) and not clash)
    if never and not error.outcome_unknown and not clash:
        journal.forget(scope, step, refused=error.status is not None and not error.retryable)


def _sent(step: Step, inputs: Any, host: Host, begun: float | None, **call: Any) -> Result:
    """Runs one step. `begun`: when it was tried before, without an answer that was noted."""
    action = host.action(step.action)
    spec = action.spec
    if begun and spec.method != "GET" and time.time() - begun > KEY_LIFE:
        when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(begun))
        raise UsageError(
            f"it was begun at {when} and may have been executed, too long ago to repeat it safely:"
            " look at Stripe what came of it, and do what is left under a new run ID"
        )
    try:
        return host.run(step.action, inputs, **call)
    except StripeError as error:
        # A deletion has no idempotency key: gone after a try that may have worked is done.
        if spec.method != "DELETE" or error.status != 404 or not (begun or error.outcome_unknown):
            raise
        identity = getattr(action.read(inputs), spec.path_names[0])
        gone = {**spec.output_example, "id": identity}
        return Result(gone, error.request_id, error.attempts, True, False, call["connection"].mode)
