"""How is the emulator served, and how does it fail on purpose?"""

from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from stripe_plugin.errors import UsageError, near
from stripe_plugin.secrets import shown
from stripe_terminal import printed, printed_time
from stripe_terminal.command import option, reported
from stripe_terminal.inputs import glob, method, span
from stripe_terminal.screen import EMULATED
from stripe_terminal.session import Session, emulator_file, usable_emulator
from stripe_terminal.stopping import stopped_by_signals

if TYPE_CHECKING:
    from stripe_emulator import Emulator
    from stripe_emulator.server import Server

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

PORT = click.IntRange(0, 65535)
PORT_HELP = "The port on 127.0.0.1; a free one, if it is 0 or not said."
FILE = "stripe_terminal.emulator_file"


@click.group(invoke_without_command=True, subcommand_metavar="[advance TIME]")
@click.option("--port", default=0, type=PORT, help=PORT_HELP)
@option("--file", "Keep its state here.")
@click.pass_obj
def emulator(session: Session, /, port: int, **given: Any) -> None:
    """Serve the emulator on loopback, for any Stripe client; `advance` its time."""
    with session.reporting():
        file = Path(given["file"] or emulator_file())
        if _is_advanced(file):
            return
        with stopped_by_signals() as stop, _kept(file) as kept, _served(kept, port) as server:
            session.out.print(f"[yellow]{EMULATED}[/]")
            session.out.say(f"STRIPE_API_BASE={server.url} STRIPE_API_KEY=sk_test_emulator")
            session.err.say("Ctrl-C stops it.")
            stop.wait()


def _is_advanced(file: Path) -> bool:
    """Whether another command goes on with the file; a port would be of no use to it."""
    context = click.get_current_context()
    if context.invoked_subcommand is None:
        return False
    if context.get_parameter_source("port") is ParameterSource.COMMANDLINE:
        raise UsageError("--port is where the emulator is served: `advance` goes without it")
    context.meta[FILE] = file
    return True


@emulator.command()
@click.argument("passed", type=span, metavar="TIME")
@reported
def advance(session: Session, passed: float) -> None:
    """Let time pass in the emulator's file: 40d, 12h (s, m, h, d or w).

    Renewals, trials, retries and whatever else is due until then happen in order, each at its own
    moment; webhook endpoints are told. A server of the same file goes on from there.
    """
    file = click.get_current_context().meta[FILE]
    with _kept(file) as kept:
        events = _advanced(kept, passed)
        kept.postman.wait()
        with kept.transaction(write=False):
            now = int(kept.now())
    if session.as_json:
        session.data({"seconds": passed, "events": events, "now": now})
    else:
        printed_time.print_events(session.out, events)
        session.err.say(f"{len(events)} events; it is {printed_time.at(now)} UTC in {file} now.")


def _advanced(kept: "Emulator", seconds: float) -> list[dict[str, Any]]:
    try:
        events = kept.advance(seconds)
    except ValueError as error:
        raise UsageError(f"Give a time of up to ten years, as in 40d: {error}") from error
    return [printed_time.told(event) for event in events]


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


@click.command(help=FAULT, short_help="Let the emulator fail, to see a flow survive.")
@click.argument("kind", required=False)
@option("--method", "Only requests of this method.", type=method)
@option("--path", PATH_HELP, type=glob)
@option("--times", "How often; 0 for always.", type=NUMBER, default=1)
@option("--probability", "How likely, each time.", type=CHANCE, default=1.0)
@option("--seed", "The same seed, the same luck.", type=int, default=0)
@option("--seconds", "The length of a delay.", type=AMOUNT, default=0.1)
@option("--retry-after", "Seconds to advise, with a 429.", type=AMOUNT)
@click.option("--clear", is_flag=True, help="Cancel all faults.")
@reported
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

    kind = rule["kind"]
    times = rule["times"]
    if kind not in KINDS:
        known = ", ".join(KINDS)
        raise UsageError(f"There is no fault {shown(kind)}{near(kind, KINDS)}; there are {known}")
    asked = {**rule, "times": times or None}
    try:
        order = ordered(asked)
        emulator.faults.add(order)
    except Refusal as error:
        raise UsageError(str(error)) from error
