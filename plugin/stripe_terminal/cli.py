"""The same from a terminal. People see tables; `--json` puts data on stdout, all else on stderr."""

import itertools
import json
import logging
import os
import shutil
import signal
import sqlite3
import sys
import textwrap
import threading
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

try:
    import click
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table
except ImportError:  # pragma: no cover - depends on the installation
    sys.exit("The terminal needs an extra: pip install 'stripe-nodes[cli]'")

from stripe_plugin.host.host import Host
from stripe_plugin.host.watch import HookFailed, InvalidInputs, StripeError, UsageError
from stripe_plugin.secrets import masked, shown

if TYPE_CHECKING:
    from stripe_emulator import Emulator
    from stripe_emulator.server import Server
    from stripe_plugin.client.connection import Connection
    from stripe_plugin.run.result import Result
    from stripe_terminal.journal import Once

WRONG, REFUSED, UNSURE, INTERRUPTED = 2, 3, 4, 130
out, err = Console(highlight=False), Console(stderr=True, highlight=False)
EMULATOR_PLAIN = "emulator: no Stripe account is used, nothing is charged"
EMULATOR = f"[yellow]{EMULATOR_PLAIN}[/]"
EPILOG = """\b
Exit codes:
0 done
1 something unexpected, such as a plugin's error
2 wrong usage or inputs
3 Stripe refused
4 no answer, or an unknown outcome

Without STRIPE_API_KEY everything runs in an emulator kept in a file (see `doctor`)."""

FAULT = """Let requests to the emulator in its file fail on purpose, to see a flow survive.

\b
KIND is one of
conflict       409: another request has the object
rate_limit     429: too many requests
lock_timeout   429: another request has the object
server_error   500, once
stored_error   500, which Stripe repeats under the same idempotency key
bad_gateway    502, with a page instead of JSON
unavailable    503
delay          executed and answered late (--seconds)
delay_after    executed at once, answered late (--seconds)
cut            the connection breaks before it is executed
cut_after      it is executed, then the connection breaks
truncate       it is executed, half of the answer arrives
invalid_json   it is executed, the answer cannot be read
wrong_type     the answer says that it is no JSON, but is"""


def home() -> Path:
    """Where the emulator and the journal of runs are: STRIPE_NODES_HOME, or the state folder."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    folder = Path(os.environ.get("STRIPE_NODES_HOME") or state / "stripe-nodes")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def emulator_file() -> Path:
    """The file that all commands share as their emulator."""
    return Path(os.environ.get("STRIPE_NODES_EMULATOR") or home() / "emulator.db")


@contextmanager
def _kept_in(file: Path) -> Generator[None]:
    """A file of ours that cannot be used is named."""
    try:
        yield
    except sqlite3.Error as error:
        raise UsageError(f"{file} cannot be used ({error}); move it away to start anew") from error


def connect(*, allow_live: bool, account: str | None = None) -> "Connection":
    """The connection of the environment; the emulator is a file that all commands share."""
    from stripe_plugin.client.connection import Connection

    file = emulator_file()
    more = {"STRIPE_NODES_EMULATOR": str(file)}
    more |= {} if account is None else {"STRIPE_ACCOUNT": account}
    with _kept_in(file):
        connection = Connection.from_env({**os.environ, **more}, allow_live=allow_live)
    err.print(EMULATOR if connection.in_process else f"[bold]{connection.mode} mode[/]")
    return connection


def _fail(code: int, error: Exception, *, as_json: bool) -> NoReturn:
    facts = (
        error.as_dict()
        if isinstance(error, InvalidInputs | StripeError | HookFailed)
        else {"category": "usage" if code == WRONG else "unexpected", "message": masked(str(error))}
    )
    if as_json:
        click.echo(masked(json.dumps({"error": facts})))
    sentences = [*masked(str(error)).splitlines(), *map(masked, getattr(error, "__notes__", ()))]
    if isinstance(error, InvalidInputs):
        sentences = [masked(text) for all_ in error.problems.values() for text in all_]
    for sentence in sentences:
        err.print(f"[red]✗[/] {escape(sentence)}", soft_wrap=True)
    if isinstance(error, InvalidInputs) or getattr(error, "unsent", False):
        err.print("Nothing was sent.")
    sys.exit(code)


class _Patience(logging.Handler):
    """Says why a command takes its time: what is sent again, and when."""

    def emit(self, record: logging.LogRecord) -> None:
        """One line for each further attempt."""
        if getattr(record, "retry_in", None) is not None:
            err.print(f"[dim]… {escape(record.getMessage())}[/]", soft_wrap=True)


@contextmanager
def _reporting(*, as_json: bool) -> Generator[None]:
    """Every error ends in one readable report and its exit code."""
    logging.getLogger("stripe_plugin").addHandler(_Patience())
    try:
        yield
    except (InvalidInputs, UsageError) as error:
        _fail(WRONG, error, as_json=as_json)
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _fail(WRONG, UsageError(f"{where}{error.strerror or error}"), as_json=as_json)
    except StripeError as error:
        unsure = error.outcome_unknown or error.status is None
        _fail(UNSURE if unsure else REFUSED, error, as_json=as_json)
    except HookFailed as error:
        _fail(1 if error.result else UNSURE, error, as_json=as_json)
    except KeyboardInterrupt as error:
        stop = UsageError("Interrupted; what was on its way may have been executed.")
        for note in getattr(error, "__notes__", ()):
            stop.add_note(note)
        _fail(INTERRUPTED, stop, as_json=as_json)
    except Exception as error:  # noqa: BLE001 - whatever a plugin raises ends in one line
        _fail(1, UsageError(f"{type(error).__name__}: {error}"), as_json=as_json)


def _about(result: "Result", connection: "Connection") -> str:
    stand_in = result.mode == "emulated" and connection.in_process is None
    facts = [EMULATOR] * stand_in + ([f"request {result.request_id}"] if result.request_id else [])
    facts += ["replayed: nothing was executed again"] * (result.replayed and not result.note)
    facts += [escape(result.note)] if result.note else []
    facts += [f"{result.attempts} attempts"] * (result.attempts > 1)
    return " · ".join(facts)


json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")


def _connected(command: Callable[..., None]) -> Callable[..., None]:
    live = click.option("--allow-live", is_flag=True, help="Let a live key move real money.")
    account = click.option("--account", help="Act on this connected account (acct_…).")
    return live(account(json_option(command)))


class _Commands(click.Group):
    """Repeats a wrong word of the command line without the key in it."""

    def invoke(self, ctx: click.Context) -> Any:
        """As ever."""
        try:
            return super().invoke(ctx)
        except click.UsageError as error:
            raise click.UsageError(masked(error.format_message()), error.ctx) from None


@click.group(cls=_Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="stripe-nodes")
def main() -> None:
    """Stripe's actions from a terminal, the way a workflow host runs them."""


@main.command("list")
@json_option
def list_actions(as_json: bool) -> None:  # noqa: FBT001 - click passes flags so
    """List the installed actions."""
    catalog = Host.load().catalog()
    if as_json:
        click.echo(json.dumps(catalog))
        return
    # Plain text: rich would import attrs, and a list should cost nothing.
    for entry in catalog:
        colour, mark = ("red", " !") if entry["hints"]["destructive"] else (None, "")
        heads = [
            click.style(f"{entry['name'] + mark:<33}", fg=colour),
            click.style(f"{entry['id']:<33}", dim=True),
        ]
        texts = textwrap.wrap(entry["summary"], max(shutil.get_terminal_size().columns - 34, 30))
        for head, text in itertools.zip_longest(heads, texts, fillvalue=""):
            click.echo(f"{head or ' ' * 33} {text}".rstrip())
    click.echo(f"{len(catalog)} actions; those with ! cannot be undone.", err=True)
    click.echo("`stripe-nodes describe ACTION` shows the inputs of one.", err=True)


@main.command()
@click.argument("action")
@json_option
def describe(action: str, as_json: bool) -> None:  # noqa: FBT001
    """Show an action's inputs, restrictions and output."""
    with _reporting(as_json=as_json):
        about = Host.load().manifest(action)
        if as_json:
            click.echo(json.dumps(about))
            return
    out.print(f"[bold]{about['name']}[/] ({about['id']})\n{about['description']}\n")
    table = Table("Display key", box=box.SIMPLE, show_lines=True)
    table.add_column("What it is, and must be", overflow="fold")
    for row in about["inputs"]:
        key = f"[bold]{row['key']}[/]" + " *" * row["required"]
        said = row["restrictions"] or ""
        rules = [said, *(rule for rule in row["rules"] if rule.lower() not in said.lower())]
        example = json.dumps(row["example"], ensure_ascii=False)
        lines = [row["description"], *filter(None, rules), f"Example: {example}"]
        name = f"{key}\n[dim]{row['name']}\n{row['type']}[/]"
        table.add_row(name, escape("\n".join(lines)))
    out.print(table)
    out.print(f"Output, for example: {json.dumps(about['output_example'])}", markup=False)
    out.print(
        f"* must be given · a restricted key needs {about['permission']}\n{about['docs_url']}"
    )


def _run_id(given: str | None) -> str:
    """The run's name, made up if none is given; an empty one would be a mistake in a script."""
    if given is not None and not given.strip():
        raise UsageError("--run-id is empty")
    return given or f"run_{uuid.uuid4().hex[:12]}"


def _text(file: str) -> str:
    """The text of a file, or of stdin for `-`."""
    try:
        return (sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()).decode()
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not UTF-8 text: {error.reason}") from None


def _pairs(pairs: tuple[str, ...], file: str | None) -> dict[str, Any]:
    from stripe_plugin.judge.values import is_object
    from stripe_terminal.reading import read_data

    read: Any = read_data(file, _text(file)) if file else {}
    if not is_object(read):
        raise UsageError(f"{file} must hold one object of display keys and values")
    inputs, given = dict(read), set[str]()
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(
                f"{shown(pair)} is no KEY=VALUE; quote keys with spaces: 'Unit Amount=1000'"
            )
        if (key := key.strip()) in given:
            raise UsageError(f"{key} is given twice")
        given.add(key)
        inputs[key] = value
    return inputs


@main.command()
@click.argument("action")
@click.argument("pairs", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--inputs", help="A YAML or JSON file of inputs; - for stdin.")
@click.option("--run-id", help="Run it as this run: repeated, it replays.")
@click.option("--expand", multiple=True, help="A linked object to include, such as customer.")
@_connected
def run(
    action: str,
    pairs: tuple[str, ...],
    inputs: str | None,
    run_id: str | None,
    expand: tuple[str, ...],
    account: str | None,
    **flags: bool,
) -> None:
    """Run one action, with inputs by display key or parameter name."""
    with _reporting(as_json=flags["as_json"]), Host.load() as host:
        from stripe_terminal.journal import Step

        connection = connect(allow_live=flags["allow_live"], account=account)
        given, run_id = _pairs(pairs, inputs), _run_id(run_id)
        for warning in host.action(action).read(given).warnings().values():
            err.print(f"[yellow]![/] {escape(warning)}", soft_wrap=True)
        try:
            step = Step(action, action, given, 1, {})
            result = _once(host, connection, run_id).run(step, given, expand)
        except StripeError as error:
            if error.retryable:
                error.add_note(f"Repeat it with --run-id {run_id}: it is executed at most once.")
            raise
        except KeyboardInterrupt as error:
            error.add_note(f"Repeat it with --run-id {run_id}: it is executed at most once.")
            raise
        if flags["as_json"]:
            click.echo(json.dumps(result.as_dict()))
        else:
            out.print_json(json.dumps(result.as_dict()["output"]))
        err.print(_about(result, connection), soft_wrap=True)


@main.command()
@click.argument("file")
@click.option("--run-id", help="Continue or repeat this run: finished steps are not sent again.")
@_connected
def flow(file: str, run_id: str | None, account: str | None, **flags: bool) -> None:
    """Run the steps of a flow file. With --json, one line (NDJSON) per step."""
    with _reporting(as_json=flags["as_json"]), Host.load() as host:
        from stripe_terminal import flow as flows

        connection = connect(allow_live=flags["allow_live"], account=account)
        steps = flows.load(file, _text(file), host)
        run_id, result = _run_id(run_id), None
        once = _once(host, connection, run_id)
        err.print(
            f"[bold]{escape(file)}[/]: {len(steps)} step{'s' * (len(steps) > 1)}, "
            f"{'known' if once.known else 'new'} run ID {escape(run_id)}",
            soft_wrap=True,
        )
        for step, result in flows.run(steps, once):
            if flags["as_json"]:
                click.echo(json.dumps({"step": step.id, "action": step.action, **result.as_dict()}))
            else:
                name = f"{step.id:<10} {host.action(step.action).spec.name}"
                out.print(_line(name, result), soft_wrap=True)
        if result:
            err.print(_about(result, connection), soft_wrap=True)


def _once(host: Host, connection: "Connection", run_id: str) -> "Once":
    from stripe_terminal.journal import Journal, Once

    with _kept_in(file := home() / "runs.db"):
        return Once(host, connection, run_id, Journal(file))


def _line(name: str, result: "Result") -> str:
    """What a step answered, on one line if it fits; IDs and links are never broken."""
    output, gap = result.output, f"\n{'':<13}"
    facts = [str(output[word]) for word in ("id", "status") if output.get(word)]
    if output.get("object") == "list":
        items = [str(item.get("description") or item.get("id")) for item in output["data"]]
        facts = [f"{len(items)} found: {', '.join(items)}"[:60]]
    facts += [f"({result.attempts} attempts)"] * (result.attempts > 1)
    name = f"{name:<43}" if out.width >= 100 else name
    fits = len(name) + len(" ".join(facts)) + 4 <= out.width
    links = [link for link in [str(output.get("url"))] if link.startswith("http")]
    text = gap.join([f"{name}{' ' if fits else gap}{' '.join(facts)}", *links])
    return f"[green]{'↺' if result.replayed else '✓'}[/] {escape(masked(text))}"


@main.command()
@click.option("--port", default=0, help="The port on 127.0.0.1; 0 takes a free one.")
@click.option("--file", type=click.Path(dir_okay=False), help="Keep its state here.")
def emulator(port: int, file: str | None) -> None:
    """Serve the emulator on loopback, for any Stripe client."""
    from stripe_emulator import Emulator

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    with _reporting(as_json=False):
        place = Path(file) if file else emulator_file()
        with _kept_in(place), Emulator(place) as world, _serving(world, port) as server:
            out.print(EMULATOR)
            out.print(
                f"STRIPE_API_BASE={server.url} STRIPE_API_KEY=sk_test_emulator", soft_wrap=True
            )
            err.print("Ctrl-C stops it.")
            stop.wait()


def _serving(world: "Emulator", port: int) -> "Server":
    from stripe_emulator import serve

    try:
        return serve(world, port)
    except (OSError, OverflowError) as error:
        raise UsageError(f"Port {port} cannot be had: {error}") from error


@main.command(help=FAULT)
@click.argument("kind", required=False)
@click.option("--method", help="Only requests of this method.")
@click.option("--path", help="Only paths that start so (or match this expression).")
@click.option("--times", type=click.IntRange(0), default=1, help="How often; 0 for always.")
@click.option(
    "--probability", type=click.FloatRange(0, 1), default=1.0, help="How likely, each time."
)
@click.option("--seed", type=int, default=0, help="The same seed, the same luck.")
@click.option("--seconds", type=click.FloatRange(0), default=0.1, help="The length of a delay.")
@click.option("--retry-after", type=click.FloatRange(0), help="Seconds to advise, with a 429.")
@click.option("--clear", is_flag=True, help="Cancel all faults.")
@json_option
def fault(kind: str | None, times: int, clear: bool, as_json: bool, **rule: Any) -> None:  # noqa: FBT001
    """Order, list or cancel faults."""
    from stripe_emulator import Emulator
    from stripe_emulator.faults import KINDS, ordered
    from stripe_emulator.refusals import Refusal

    if kind is not None and kind not in KINDS:
        raise click.UsageError(f"There is no fault {kind!r}; there are {', '.join(KINDS)}.")
    with _reporting(as_json=as_json), _kept_in(place := emulator_file()), Emulator(place) as world:
        if clear:
            world.faults.clear()
        if kind:
            try:
                world.faults.add(ordered({"kind": kind, "times": times or None, **rule}))
            except Refusal as error:
                raise UsageError(str(error)) from error
        orders = world.faults.list()
    if as_json:
        click.echo(json.dumps(orders))
        return
    for order in orders:
        what = " ".join(filter(None, [order["method"], order["path"]])) or "any request"
        left = "always" if order["left"] is None else f"{order['left']} left"
        out.print(f"{order['kind']:<14} {what} · {left} · struck {order['hits']} times")
    known = "" if kind or clear else f" Kinds: {', '.join(KINDS)}; --help explains them."
    waiting = sum(order["left"] != 0 for order in orders)
    err.print(f"{waiting} faults on order in {escape(str(place))}.{known}", soft_wrap=True)


@main.command()
@_connected
def doctor(account: str | None, **flags: bool) -> None:
    """Say what was discovered, what failed, which mode and account, and what a key may do."""
    with _reporting(as_json=flags["as_json"]), Host.load() as host:
        connection = connect(allow_live=flags["allow_live"], account=account)
        asked = dict(_permissions(host, connection)) if connection.in_process is None else {}
        permissions = {name: error.message if error else "ok" for name, error in asked.items()}
        report = {
            "actions": len(host.catalog()),
            "problems": [problem._asdict() for problem in host.problems],
            "mode": connection.mode,
            "account": connection.account,
            "address": None if connection.in_process else connection.base_url,
            "home": str(home()),
            "permissions": permissions,
        }
        if flags["as_json"]:
            click.echo(json.dumps(report))
        else:
            _print_report(report)
        if any(error and error.status is None for error in asked.values()):
            sys.exit(UNSURE)


def _print_report(report: dict[str, Any]) -> None:
    at = report["address"]
    lines = [
        " · ".join(
            [f"{report['actions']} actions", f"{report['mode']} mode" if at else EMULATOR_PLAIN]
        )
    ]
    own = "the one of the key" if at else "the emulator's own"
    lines += [f"address: {at}"] if at else []
    lines += [f"account: {report['account'] or own}", f"state: {report['home']}"]
    for name, said in report["permissions"].items():
        lines.append(f"{'✓' if said == 'ok' else '✗'} {name}: {said}")
    for problem in report["problems"]:
        lines.append("✗ {distribution} › {name}: {reason}".format(**problem))
    for line in lines:
        out.print(escape(line), soft_wrap=True)


def _permissions(host: Host, connection: "Connection") -> Iterator[tuple[str, StripeError | None]]:
    """What the key may read, by asking for one object of each kind."""
    from stripe_plugin.client.client import Client
    from stripe_plugin.run.context import Policy

    with Client(connection, Policy(retries=0, timeout=20)) as client:
        for entry in host.catalog():
            about = host.manifest(entry["id"])
            if about["method"] == "GET" and "{" not in about["path"]:
                try:
                    client.run(host.action(entry["id"]).read({"Limit": 1}))
                    yield str(about["permission"]), None
                except StripeError as error:
                    yield str(about["permission"]), error
                    if error.status is None:
                        return
