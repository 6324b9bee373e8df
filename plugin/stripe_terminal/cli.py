"""The same from a terminal. People see tables; `--json` puts data on stdout, all else on stderr."""

import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

try:
    import click
    import rich  # noqa: F401 - it is imported where something is printed
except ImportError:  # pragma: no cover - depends on the installation
    sys.exit("The terminal needs an extra: pip install 'stripe-nodes[cli]'")

from stripe_plugin.errors import HookFailed, StripeError, UsageError
from stripe_plugin.secrets import masked
from stripe_terminal import printed
from stripe_terminal.inputs import inputs_of, run_id_or_new, text, text_of
from stripe_terminal.report import UNEXPECTED, UNSURE
from stripe_terminal.screen import clean
from stripe_terminal.session import EMULATED, Session, emulator_file, home, usable_emulator

if TYPE_CHECKING:
    from stripe_emulator import Emulator
    from stripe_emulator.server import Server
    from stripe_plugin.client.connection import Connection
    from stripe_plugin.host.host import Host

EPILOG = """\b
Exit codes:
0 done
1 something unexpected, such as a plugin's error
2 wrong usage or inputs
3 Stripe refused
4 no answer, or an unknown outcome

STRIPE_API_KEY is the key of your account (sk_test_…), or the word emulator: like --emulator, it
uses no account, but an emulator kept in a file (see `doctor`)."""

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

AGAIN = "Repeat it with --run-id {}: it is executed at most once."


@contextmanager
def _repeating_no_secret() -> Generator[None]:
    """A wrong word of the command line is repeated clean, and without the key in it."""
    try:
        yield
    except click.UsageError as error:
        message = clean(masked(error.format_message()))
        raise click.UsageError(message, error.ctx) from None


class _Commands(click.Group):
    """The commands; click speaks of what is wrong before and in them."""

    def make_context(self, *given: Any, **more: Any) -> click.Context:
        """Reads what stands before the command."""
        with _repeating_no_secret():
            return super().make_context(*given, **more)

    def invoke(self, ctx: click.Context) -> Any:
        """Reads what stands behind it, and runs it."""
        with _repeating_no_secret():
            return super().invoke(ctx)


@click.group(cls=_Commands, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--emulator", "emulated", is_flag=True, help="Use the emulator, not Stripe.")
@click.option(
    "--require",
    multiple=True,
    type=text,
    metavar="PLUGIN",
    help="Refuse to run without this plugin; like STRIPE_PLUGIN_REQUIRE.",
)
@click.version_option(package_name="stripe-nodes")
@click.pass_context
def main(ctx: click.Context, *, emulated: bool, require: tuple[str, ...]) -> None:
    """Stripe's actions from a terminal, the way a workflow host runs them."""
    ctx.obj = Session(emulated=emulated, require=require)


Command = Callable[..., None]


def _reported(command: Command) -> Command:
    """Gives a command the session and --json; its errors end in a report."""

    @click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
    @click.pass_obj
    @wraps(command)
    def reported(session: Session, /, *, as_json: bool, **given: Any) -> None:
        session.as_json = as_json
        with session.reporting():
            command(session, **given)

    return reported


def _connected(command: Command) -> Command:
    """The same for a command that asks Stripe, with the options of the connection."""

    @click.option("--allow-live", is_flag=True, help="Let a live key move real money.")
    @click.option("--account", type=text, help="Act on this connected account (acct_…).")
    @wraps(command)
    def connected(session: Session, *, allow_live: bool, account: str | None, **given: Any) -> None:
        session.allow_live, session.account = allow_live, account
        command(session, **given)

    return _reported(connected)


@main.command("list")
@_reported
def list_actions(session: Session) -> None:
    """List the installed actions."""
    catalog = session.host().catalog()
    if session.as_json:
        session.data(catalog)
        return
    printed.print_catalog(session.out, catalog)
    session.err.say(f"{len(catalog)} actions; those with ! cannot be undone.")
    session.err.say("`stripe-nodes describe ACTION` shows the inputs of one.")


@main.command()
@click.argument("action", type=text)
@_reported
def describe(session: Session, action: str) -> None:
    """Show an action's inputs, restrictions and output."""
    manifest = session.host().manifest(action)
    if session.as_json:
        session.data(manifest)
    else:
        printed.print_action(session.out, manifest)


@main.command()
@click.argument("action", type=text)
@click.argument("pairs", nargs=-1, metavar="[KEY=VALUE]...")
@click.option("--inputs", type=text, help="A YAML or JSON file of inputs; - for stdin.")
@click.option("--run-id", type=text, help="Run it as this run: repeated, it replays.")
@click.option(
    "--expand", multiple=True, type=text, help="A linked object to include, such as customer."
)
@_connected
def run(session: Session, action: str, run_id: str | None, **given: Any) -> None:
    """Run one action, with inputs by display key or parameter name."""
    from stripe_flow.step import Step

    with session.host() as host:
        session.warn_of(host)
        connection = session.connect()
        inputs = inputs_of(given["pairs"], given["inputs"])
        for warning in host.action(action).read(inputs).warnings().values():
            session.err.say(warning, "[yellow]![/] ")
        step = Step(action, action, inputs, expand=given["expand"])
        _run(session, host, connection, step, run_id_or_new(run_id))


def _run(session: Session, host: "Host", connection: "Connection", step: Any, run_id: str) -> None:
    try:
        result = session.begin(host, connection, run_id).step(step)
    except (StripeError, HookFailed, KeyboardInterrupt) as error:
        if not isinstance(error, StripeError) or error.retryable:
            error.add_note(AGAIN.format(run_id))
        raise
    if session.as_json:
        session.data(result.as_dict())
    else:
        printed.print_output(session.out, result)
    session.err.say(printed.about(result, told=connection.world is not None))


@main.command()
@click.argument("file", type=text)
@click.option(
    "--run-id", type=text, help="Continue or repeat this run: finished steps are not sent again."
)
@_connected
def flow(session: Session, file: str, run_id: str | None) -> None:
    """Run the steps of a flow file. With --json, one line (NDJSON) per step."""
    from stripe_flow.flow import load

    with session.host() as host:
        session.warn_of(host)
        connection = session.connect()
        steps = load(file, text_of(file), host)
        flowing = session.begin(host, connection, run_id_or_new(run_id))
        printed.print_start(session.err, file, steps, flowing)
        for step, result in flowing.flow(steps):
            _tell_step(session, host, step, result)
        session.err.say(printed.about(result, told=connection.world is not None))


def _tell_step(session: Session, host: "Host", step: Any, result: Any) -> None:
    if session.as_json:
        session.data({"step": step.id, "action": step.action, **result.as_dict()})
    else:
        name = f"{step.id:<10} {host.action(step.action).spec.name}"
        printed.print_step(session.out, name, result)


@main.command()
@click.option("--port", default=0, help="The port on 127.0.0.1; 0 takes a free one.")
@click.option("--file", type=text, help="Keep its state here.")
@click.pass_obj
def emulator(session: Session, port: int, file: str | None) -> None:
    """Serve the emulator on loopback, for any Stripe client."""
    from stripe_emulator import Emulator

    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda _number, _frame: stop.set())
    with session.reporting():
        place = Path(file) if file else emulator_file()
        with usable_emulator(place), Emulator(place) as served, _serving(served, port) as server:
            session.out.print(f"[yellow]{EMULATED}[/]")
            session.out.say(f"STRIPE_API_BASE={server.url} STRIPE_API_KEY=sk_test_emulator")
            session.err.say("Ctrl-C stops it.")
            stop.wait()


def _serving(served: "Emulator", port: int) -> "Server":
    from stripe_emulator import serve

    try:
        return serve(served, port)
    except (OSError, OverflowError) as error:
        raise UsageError(f"Port {port} cannot be had: {error}") from error


@main.command(help=FAULT)
@click.argument("kind", required=False)
@click.option("--method", type=text, help="Only requests of this method.")
@click.option("--path", type=text, help="Only paths that start so, or match this pattern.")
@click.option("--times", type=click.IntRange(0), default=1, help="How often; 0 for always.")
@click.option(
    "--probability", type=click.FloatRange(0, 1), default=1.0, help="How likely, each time."
)
@click.option("--seed", type=int, default=0, help="The same seed, the same luck.")
@click.option("--seconds", type=click.FloatRange(0), default=0.1, help="The length of a delay.")
@click.option("--retry-after", type=click.FloatRange(0), help="Seconds to advise, with a 429.")
@click.option("--clear", is_flag=True, help="Cancel all faults.")
@_reported
def fault(session: Session, kind: str | None, *, clear: bool, **rule: Any) -> None:
    """Order, list or cancel faults."""
    from stripe_emulator import Emulator

    place = emulator_file()
    with usable_emulator(place), Emulator(place) as world:
        if clear:
            world.faults.clear()
        if kind is not None:
            _order(world, kind, rule)
        orders = world.faults.list()
    if session.as_json:
        session.data(orders)
        return
    printed.print_faults(session.out, orders)
    waiting = sum(order["left"] != 0 for order in orders)
    session.err.say(f"{waiting} faults on order in {place}. `fault --help` explains the kinds.")


def _order(world: "Emulator", kind: str, rule: dict[str, Any]) -> None:
    from stripe_emulator.faults import KINDS, ordered
    from stripe_emulator.refusals import Refusal

    if kind not in KINDS:
        raise UsageError(f"There is no fault {kind!r}; there are {', '.join(KINDS)}")
    times = rule.pop("times") or None
    try:
        world.faults.add(ordered({"kind": kind, "times": times, **rule}))
    except Refusal as error:
        raise UsageError(str(error)) from error


@main.command()
@_connected
def doctor(session: Session) -> None:
    """Say what was discovered, what failed, which mode and account, and what a key may do."""
    with session.host() as host:
        problems = [problem._asdict() for problem in host.problems]
        report: dict[str, Any] = {"actions": len(host.catalog()), "problems": problems}
        report["home"] = str(home())
        if not session.as_json:
            printed.print_found(session.out, report)
        connection = session.connect()
        permissions = dict(_permissions(host, connection)) if connection.world is None else {}
        report |= _account(connection, permissions)
    if session.as_json:
        session.data(report)
    else:
        printed.print_account(session.out, report)
    if any(error and error.status is None for error in permissions.values()):
        sys.exit(UNSURE)
    if problems:
        sys.exit(UNEXPECTED)


def _account(
    connection: "Connection", permissions: dict[str, StripeError | None]
) -> dict[str, Any]:
    found = {name: error.message if error else "ok" for name, error in permissions.items()}
    return {
        "mode": connection.mode,
        "account": connection.account,
        "address": None if connection.world else connection.base_url,
        "permissions": found,
    }


def _permissions(
    host: "Host", connection: "Connection"
) -> Iterator[tuple[str, StripeError | None]]:
    """What the key may read, by asking for one object of each kind."""
    from stripe_plugin.client.client import Client
    from stripe_plugin.run.context import Policy

    with Client(connection, Policy(retries=0, timeout=20)) as client:
        for entry in host.catalog():
            manifest = host.manifest(entry["id"])
            if manifest["method"] != "GET" or "{" in manifest["path"]:
                continue
            error = _asked(client, host.action(entry["id"]))
            yield str(manifest["permission"]), error
            if error is not None and error.status is None:
                return


def _asked(client: Any, action: Any) -> StripeError | None:
    try:
        client.run(action.read({"Limit": 1}))
    except StripeError as error:
        return error
    return None
