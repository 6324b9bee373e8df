"""The same from a terminal. People see tables; `--json` puts data on stdout, all else on stderr."""

import signal
import sys
import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

try:
    import click
    from click.core import ParameterSource

    from stripe_terminal.screen import clean
except ImportError:  # pragma: no cover - depends on the installation
    sys.exit("The terminal needs an extra: pip install 'stripe-nodes[cli]'")

from stripe_plugin.errors import StripeError, Unreconciled, UsageError
from stripe_plugin.host.watch import HookFailed
from stripe_plugin.secrets import masked
from stripe_terminal import checkup, printed
from stripe_terminal.inputs import glob, inputs_of, method, name_of, text, text_of
from stripe_terminal.report import WRONG
from stripe_terminal.screen import EMULATED
from stripe_terminal.session import Session, emulator_file, usable_emulator

if TYPE_CHECKING:
    from stripe_emulator import Emulator
    from stripe_emulator.server import Server
    from stripe_flow.flow import PlacedStep
    from stripe_flow.step import Step
    from stripe_plugin.run.result import Result

EPILOG = """\b
Exit codes:
0 done
1 something unexpected, such as a plugin's error
2 wrong usage or inputs
3 Stripe, or a guard, refused
4 no answer, or an unknown outcome
130 interrupted

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

AGAIN = (
    "Repeat it with --run-id {run_id}: it is executed at most once. Another run ID, or none, does"
    " it once more."
)

BEFORE = ". It stands before the command: stripe-nodes {option} …"


@contextmanager
def _repeating_no_secret() -> Generator[None]:
    """A wrong word of the command line is repeated clean, and without the key in it."""
    try:
        yield
    except click.UsageError as error:
        message = masked(_sentence(error))
        raise click.UsageError(clean(message), error.ctx) from None


def _sentence(error: click.UsageError) -> str:
    """What click says is wrong; of an option of all commands, where it stands as well."""
    text = error.format_message()
    if not isinstance(error, click.NoSuchOption):
        return text
    wrong = error.option_name
    for option in main.params:
        if wrong in option.opts:
            before = BEFORE.replace("{option}", wrong)
            return text.removesuffix(".") + before
    return text


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


Command = Callable[..., None]
Decorator = Callable[[Command], Command]


def _option(name: str, meaning: str, **more: Any) -> Decorator:
    """An option: text that is not empty, unless its type is another."""
    more.setdefault("type", text)
    return click.option(name, help=meaning, **more)


JSON_HELP = "One JSON document on stdout."
LIVE_HELP = "Let a live key move real money."
EMULATOR_HELP = "Use the emulator in its file, not Stripe."
REQUIRE_HELP = "Refuse to run without this plugin; like STRIPE_PLUGIN_REQUIRE."
HELP = {"help_option_names": ["-h", "--help"]}


@click.group(
    cls=_Commands,
    epilog=EPILOG,
    context_settings=HELP,
    invoke_without_command=True,
    subcommand_metavar="COMMAND [ARGS]...",
)
@click.option("--emulator", "emulated", is_flag=True, help=EMULATOR_HELP)
@_option("--require", REQUIRE_HELP, multiple=True, metavar="PLUGIN")
@click.version_option(package_name="stripe-nodes")
@click.pass_context
def main(ctx: click.Context, /, **options: Any) -> None:
    """Stripe's actions from a terminal, the way a workflow host runs them."""
    ctx.obj = Session(**options)
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help(), err=True)
        ctx.exit(WRONG)


def _reported(command: Command) -> Command:
    """Gives a command the session and --json; its errors end in a report."""

    @click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
    @click.pass_obj
    @wraps(command)
    def reported(session: Session, /, **given: Any) -> None:
        session.as_json = given.pop("as_json")
        with session.reporting():
            command(session, **given)

    return reported


def _connected(command: Command) -> Command:
    """The same for a command that asks Stripe, with the options of the connection."""

    @click.option("--allow-live", is_flag=True, help=LIVE_HELP)
    @_option("--account", "Act on this connected account (acct_…).")
    @wraps(command)
    def connected(session: Session, /, **given: Any) -> None:
        session.allow_live = given.pop("allow_live")
        session.account = given.pop("account")
        command(session, **given)

    return _reported(connected)


@main.command("list")
@_reported
def list_actions(session: Session) -> None:
    """List the installed actions."""
    catalog = session.host.catalog()
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
    manifest = session.host.manifest(action)
    if session.as_json:
        session.data(manifest)
    else:
        printed.print_action(session.out, manifest)


@main.command()
@click.argument("action", type=text)
@click.argument("pairs", nargs=-1, metavar="[KEY=VALUE]...")
@_option("--inputs", "A YAML or JSON file of inputs; - for stdin.")
@_option("--run-id", "Run it as this run: repeated, it replays.")
@_option("--expand", "A linked object to include: customer.", multiple=True)
@_connected
def run(session: Session, action: str, **given: Any) -> None:
    """Run one action, with inputs by display key or parameter name."""
    from stripe_flow.step import Step

    session.name_run(given["run_id"])
    with session.connected():
        inputs = inputs_of(given["pairs"], given["inputs"])
        session.host.action(action)  # what is no action is refused before its name is kept
        step = Step(action, action, inputs, expand=given["expand"])
        result = _ran(session, step)
    if session.as_json:
        session.result(result)
    else:
        printed.print_output(session.out, result)
    session.tell_about(result)


def _ran(session: Session, step: "Step") -> "Result":
    """The result of a command; where it may be done already, its error says how to repeat it."""
    try:
        return session.begin([step.action]).step(step)
    except (StripeError, HookFailed, KeyboardInterrupt) as error:
        if session.begun.changes and _may_be_done(error):
            note = AGAIN.replace("{run_id}", session.begun.run_id)
            error.add_note(note)
        raise


def _may_be_done(error: BaseException) -> bool:
    """Whether it may have been executed, and the same run may still be repeated."""
    if isinstance(error, StripeError):
        return error.outcome_unknown and not isinstance(error, Unreconciled)
    return True


FLOW_RUN_ID = "Continue or repeat this run: finished steps are not sent again."


@main.command()
@click.argument("file", type=text)
@_option("--run-id", FLOW_RUN_ID)
@_connected
def flow(session: Session, file: str, **given: Any) -> None:
    """Run the steps of a flow file. With --json, one line (NDJSON) per step."""
    from stripe_flow.flow import load

    last = None
    session.name_run(given["run_id"])
    with session.connected() as host:
        name = name_of(file)
        steps = load(name, text_of(file), host)
        flowing = session.begin(step.action for step in steps)
        printed.print_start(session.err, name, steps, flowing)
        for step, last in flowing.flow(steps):
            _tell_step(session, step, last)
    if last:
        session.tell_emulated(last)


def _tell_step(session: Session, step: "PlacedStep", result: "Result") -> None:
    if session.as_json:
        session.result(result, step=step.id, action=step.action)
    else:
        action = session.host.action(step.action)
        name = f"{step.id:<10} {action.spec.name}"
        printed.print_step(session.out, name, result)


PORT = click.IntRange(0, 65535)


@main.command()
@click.option("--port", default=0, type=PORT, help="The port on 127.0.0.1; 0 takes a free one.")
@_option("--file", "Keep its state here.")
@click.pass_obj
def emulator(session: Session, /, port: int, **given: Any) -> None:
    """Serve the emulator on loopback, for any Stripe client."""
    with session.reporting(), _stopped_by_signals() as stop:
        file = given["file"] or emulator_file()
        with _kept(Path(file)) as kept, _served(kept, port) as server:
            session.out.print(f"[yellow]{EMULATED}[/]")
            session.out.say(f"STRIPE_API_BASE={server.url} STRIPE_API_KEY=sk_test_emulator")
            session.err.say("Ctrl-C stops it.")
            stop.wait()


@contextmanager
def _stopped_by_signals() -> Generator[threading.Event]:
    """What Ctrl-C and an end of the process set; afterwards they mean what they meant before."""
    stop = threading.Event()

    def end(*_: object) -> None:
        stop.set()

    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, end) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _kept(file: Path) -> Generator["Emulator"]:
    """The emulator of a file, which is named if it cannot be used."""
    from stripe_emulator import Emulator

    with usable_emulator(file), Emulator(file) as kept:
        yield kept


def _served(kept: "Emulator", port: int) -> "Server":
    from stripe_emulator import serve

    try:
        return serve(kept, port)
    except OSError as error:
        why = error.strerror or error
        raise UsageError(f"Port {port} cannot be had: {why}") from error


PATH_HELP = "Only these paths: a glob over the whole path, as '/v1/customers/*'."
NUMBER = click.IntRange(0)
CHANCE = click.FloatRange(0, 1)
AMOUNT = click.FloatRange(0)


@main.command(help=FAULT, short_help="Let the emulator fail, to see a flow survive.")
@click.argument("kind", required=False)
@_option("--method", "Only requests of this method.", type=method)
@_option("--path", PATH_HELP, type=glob)
@_option("--times", "How often; 0 for always.", type=NUMBER, default=1)
@_option("--probability", "How likely, each time.", type=CHANCE, default=1.0)
@_option("--seed", "The same seed, the same luck.", type=int, default=0)
@_option("--seconds", "The length of a delay.", type=AMOUNT, default=0.1)
@_option("--retry-after", "Seconds to advise, with a 429.", type=AMOUNT)
@click.option("--clear", is_flag=True, help="Cancel all faults.")
@_reported
def fault(session: Session, **rule: Any) -> None:
    """Order, list or cancel faults."""
    _check_kind(rule)
    file = emulator_file()
    with _kept(file) as kept:
        if rule.pop("clear"):
            kept.faults.clear()
        if rule["kind"] is not None:
            _order(kept, rule)
        orders = kept.faults.list()
    if session.as_json:
        session.data(orders)
    else:
        _tell_orders(session, orders, file)


def _tell_orders(session: Session, orders: Sequence[Mapping[str, Any]], file: Path) -> None:
    printed.print_faults(session.out, orders)
    left = [order["left"] for order in orders]
    waiting = len(left) - left.count(0)
    session.err.say(f"Faults on order in {file}: {waiting}.")
    session.err.say("`stripe-nodes fault --help` explains the kinds.")


def _check_kind(rule: Mapping[str, Any]) -> None:
    """Refuses what would be ignored: options of no fault, or a fault beside --clear."""
    kind = rule["kind"]
    if kind is None:
        _check_alone(rule)
    elif rule["clear"]:
        raise UsageError(f"--clear cancels all faults: order {kind} by a command of its own")


def _check_alone(options: Iterable[str]) -> None:
    """Refuses options of a fault that is not there."""
    context = click.get_current_context()
    for name in options:
        source = context.get_parameter_source(name)
        if name != "clear" and source is ParameterSource.COMMANDLINE:
            option = name.replace("_", "-")
            raise UsageError(f"--{option} belongs to a fault: give its KIND, as in `fault cut`")


def _order(emulator: "Emulator", rule: Mapping[str, Any]) -> None:
    from stripe_emulator.faults import KINDS, ordered
    from stripe_emulator.refusals import Refusal

    kind, times = rule["kind"], rule["times"]
    if kind not in KINDS:
        known = ", ".join(KINDS)
        raise UsageError(f"There is no fault {kind!r}; there are {known}")
    asked = {**rule, "times": times or None}
    try:
        order = ordered(asked)
        emulator.faults.add(order)
    except Refusal as error:
        raise UsageError(str(error)) from error


@main.command()
@_connected
def doctor(session: Session) -> None:
    """Check what is installed, the account, and what its key may read."""
    with session.host as host:
        found = checkup.installed(host)
        if not session.as_json:
            printed.print_installed(session.out, found)
        session.connect()
        found |= checkup.account(session)
    if session.as_json:
        session.data(found)
    else:
        printed.print_account(session.out, found)
    sys.exit(checkup.exit_code(found))
