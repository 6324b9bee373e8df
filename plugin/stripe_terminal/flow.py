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
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import attrs
import jmespath
import yaml
from jmespath.exceptions import (
    ArityError,
    JMESPathError,
    JMESPathTypeError,
    LexerError,
    ParseError,
    UnknownFunctionError,
)
from jmespath.functions import Functions
from jmespath.visitor import Options, TreeInterpreter

from stripe_plugin.connection import Connection
from stripe_plugin.errors import (
    HookFailed,
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

REFERENCE = re.compile(r"\$\{\{((?:(?!\}\}|\$\{\{).)*+)\}\}", re.DOTALL)
MOST_NODES, DEEPEST, LONGEST = 20_000, 50, 500_000  # of a file, which is read by the character
MOST_PROBLEMS, LONGEST_PROBLEM, LONGEST_REFERENCE = 50, 400, 1_000
MAKING = ("multi_select_list", "multi_select_dict", "flatten", "function_expression")
MOST_FOUND = 5_000_000  # characters; what the references of a step may come to, on the way too
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


class _Loader(yaml.SafeLoader):
    """Gives up on a file of too many nodes before it has read all of them."""

    left = MOST_NODES

    def compose_node(self, parent: Any, index: int) -> Any:
        """As ever."""
        self.left -= 1
        if self.left < 0:
            mark = self.get_mark()
            raise yaml.MarkedYAMLError(problem="The file holds too much.", problem_mark=mark)
        return super().compose_node(parent, index)


class _Reader:
    """YAML to plain data with line numbers; tags, duplicate keys and bombs are refused."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.lines, self.left, self.line = (
            name,
            dict[tuple[Any, ...], int](),
            MOST_NODES,
            1,
        )
        if len(text) > LONGEST:
            raise self.error([(1, f"The file is longer than {LONGEST:,} characters.")])
        try:
            node = _Loader(text).get_single_node()
            self.data = self._value(node, ()) if node else None
        except yaml.reader.ReaderError as error:
            line = text[: error.position].count("\n") + 1
            raise self.error(
                [(line, f"The character {error.character!r} cannot be read.")]
            ) from None
        except RecursionError:
            raise self.error([(1, "The file is nested too deeply.")]) from None
        except (yaml.YAMLError, ValueError) as error:
            mark = getattr(error, "problem_mark", None)
            raise self.error([(mark.line + 1 if mark else self.line, _first(error))]) from None

    def error(self, problems: list[tuple[int, str]]) -> FlowError:
        """One line for each, of what can be printed; the first of very many."""
        told = sorted(problems)
        if len(told) > MOST_PROBLEMS:
            told[MOST_PROBLEMS:] = [(told[MOST_PROBLEMS][0], "There is more; mend these first.")]
        return FlowError("\n".join(f"{self.name}:{line}: {_printed(text)}" for line, text in told))

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
            if key_node.tag not in (*YAML_TAGS, "tag:yaml.org,2002:merge"):
                raise self.error([(line, f"The tag {key_node.tag} has no meaning here.")])
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


def _printed(text: str) -> str:
    cut = text if len(text) <= LONGEST_PROBLEM else f"{text[:LONGEST_PROBLEM]}…"
    return "".join(each if each.isprintable() else " " for each in cut)


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
        problems += [*wrong, *islice(_check(step, steps, host), MOST_PROBLEMS + 1)]
        if len(problems) > MOST_PROBLEMS:
            break
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


def _check(step: Step, before: list[Step], host: Host) -> Iterator[tuple[int, str]]:
    earlier = [other.id for other in before]
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
    if len(expression) > LONGEST_REFERENCE:
        return f"{said} is longer than {LONGEST_REFERENCE:,} characters."
    try:
        for function, count in _calls(jmespath.compile(expression).parsed):
            with contextlib.suppress(JMESPathTypeError):  # it takes other things than nothing
                Functions().call_function(function, [None] * count)
    except (UnknownFunctionError, ParseError, LexerError, ArityError, RecursionError) as error:
        return f"{said} is no JMESPath: {_first(error)}"
    except JMESPathError:
        pass  # there is nothing in it
    names = re.findall(r"\bsteps\.(\w+)", expression)
    if not names:
        return f"{said} should start with steps.ID, the output of an earlier step."
    unknown = [name for name in names if name not in earlier]
    return (
        f"No earlier step has the id {unknown[0]}{near(unknown[0], earlier)}." if unknown else None
    )


def _calls(node: Any) -> Iterator[tuple[str, int]]:
    """The functions in an expression, and how many arguments they are given."""
    nodes: list[Any] = [node]
    while nodes:
        found = nodes.pop()
        if is_object(found):  # a slice has numbers
            nodes += found["children"]
            if found["type"] == "function_expression":
                yield found["value"], len(found["children"])


class _Finder(TreeInterpreter):
    """Computes JMESPath within bounds: in a line, values can be doubled and loops nested at will.

    What is visited and what is made is counted, for all references of a step together.
    """

    def __init__(self) -> None:
        super().__init__(Options(custom_functions=_Functions(self.spend)))
        self.left = MOST_FOUND

    def spend(self, count: int) -> None:
        """Raises `ValueError` when too much is spent."""
        self.left -= count
        if self.left < 0:
            raise ValueError("it comes to too much")

    def count(self, made: Any) -> None:
        """Spends for a value with all that is in it, each time it is in it."""
        stack = [made]
        while stack:
            one = stack.pop()
            self.spend(len(one) if isinstance(one, str) else 16)
            if is_object(one) or is_list(one):
                stack += [*one, *one.values()] if is_object(one) else one
            elif one is not None and not isinstance(one, str | int | float):
                raise ValueError("it is no value")  # but an expression, as for sort_by

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        """As ever."""
        self.spend(16)
        found = super().visit(node, *args, **kwargs)
        if node["type"] in MAKING:
            self.count(found)
        return found


class _Functions(Functions):
    """JMESPath's functions. One that repeats a text is counted before there is no memory left."""

    def __init__(self, spend: Callable[[int], None]) -> None:
        self.spend = spend

    def call_function(self, function_name: str, resolved_args: Iterable[Any]) -> Any:
        """As ever."""
        given = [*resolved_args]
        glue, *lists = given or [None]
        if function_name == "join" and isinstance(glue, str):
            self.spend(sum(len(glue) * len(one) for one in lists if is_list(one)))
        return super().call_function(function_name, given)


def resolved(value: Any, outputs: Mapping[str, Any] | None, finder: "_Finder | None" = None) -> Any:
    """`value` with its references filled in; with no outputs yet, they are `UNKNOWN`.

    A lone reference keeps its type. Raises `UsageError` for one that finds nothing.
    """
    finder = finder or _Finder()
    if is_object(value):
        return {key: resolved(item, outputs, finder) for key, item in value.items()}
    if is_list(value):
        return [resolved(item, outputs, finder) for item in value]
    if not isinstance(value, str) or not REFERENCE.search(value):
        return value
    if outputs is None:
        return UNKNOWN
    if lone := REFERENCE.fullmatch(value.strip()):
        return _found(lone[1], outputs, finder)
    return REFERENCE.sub(lambda match: _as_text(_found(match[1], outputs, finder)), value)


def _found(expression: str, outputs: Mapping[str, Any], finder: _Finder) -> Any:
    said = f"${{{{ {expression.strip()[:80]} }}}}"
    try:
        found = finder.visit(jmespath.compile(expression.strip()).parsed, {"steps": outputs})
        finder.count(found)
    except (ValueError, ArithmeticError, TypeError, RecursionError) as error:
        # JMESPath's own errors are ValueErrors; some of Python's pass through it: `[::0]`.
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
        return any(map(_holds_key, value.values() if is_object(value) else value))
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


def run(steps: list[Step], once: Once) -> Iterator[tuple[Step, Result]]:
    """Runs the steps in order and gives each with its result.

    Raises what `Once.run` raises; `UsageError` and `InvalidInputs` then name the step.
    """
    outputs: dict[str, Any] = {}
    for step in steps:
        try:
            result = once.run(step, resolved(step.inputs, outputs))
        except InvalidInputs as error:
            raise StepError(f"line {step.line}, step {step.id}: {error}") from error
        except UsageError as error:
            raise StepError(f"line {step.line}, step {step.id}: {error}.") from error
        except (StripeError, HookFailed) as error:
            error.add_note(
                f"The flow stopped at step {step.id}, line {step.line}. Go on with --run-id"
                f" {once.run_id}: finished steps are not sent again. Without it, all is sent anew."
            )
            raise
        outputs[step.id] = result.output
        yield step, result
