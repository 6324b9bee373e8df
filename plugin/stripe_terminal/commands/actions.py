"""Which actions are there, what is one, and how is it run?"""

from typing import TYPE_CHECKING, Any

import click

from stripe_plugin.errors import StripeError, Unreconciled, UsageError
from stripe_plugin.host.host import MOST
from stripe_plugin.host.watch import HookFailed
from stripe_terminal import printed
from stripe_terminal.command import option, reported, running
from stripe_terminal.inputs import inputs_of, options_of, text
from stripe_terminal.screen import one_line
from stripe_terminal.session import Session

if TYPE_CHECKING:
    from stripe_flow.step import Step
    from stripe_plugin.run.result import Result

EXTRA_HELP = "A parameter of Stripe's that has no row; also KEY[sub]=VALUE, or a value in JSON."
WHOLE_HELP = "Show client secrets whole, for the page or app that finishes the payment."
ALL_HELP = "Read a list to its end: each entry on a line, by what a person knows it by."
CSV_HELP = "The same as a table for a spreadsheet."
JSONL_HELP = "The same with each entry whole, as a line of JSON."
MOST_HELP = f"With them: how many entries at most; {MOST:,} if nothing is said."
NO_LIST = ("run_id", "idempotency_key", "whole")  # what only one run can be told
RESTRICTED = (
    "Give a restricted key these at https://dashboard.stripe.com/apikeys/create, and no more;"
    " `stripe-nodes doctor` then tells what it may do."
)
AGAIN = (
    "Repeat it with --run-id {run_id}: it is executed at most once. Another run ID, or none, does"
    " it once more."
)


@click.command("list")
@reported
def list_actions(session: Session) -> None:
    """List the installed actions."""
    catalog = session.host.catalog()
    if session.as_json:
        session.data(catalog)
        return
    printed.print_catalog(session.out, catalog)
    session.err.say(f"{len(catalog)} actions; those with ! cannot be undone.")
    session.err.say("`stripe-nodes describe ACTION` shows the inputs of one.")


@click.command()
@click.argument("action", type=text)
@reported
def describe(session: Session, action: str) -> None:
    """Show an action's inputs, restrictions and output."""
    manifest = session.host.manifest(action)
    if session.as_json:
        session.data(manifest)
    else:
        printed.print_action(session.out, manifest)
        printed.print_options(session.out, session.host.options())


@click.command()
@click.argument("actions", nargs=-1, type=text, metavar="[ACTION]...")
@reported
def permissions(session: Session, actions: tuple[str, ...]) -> None:
    """Show what a restricted key needs, for some actions or for all."""
    needed = session.host.permissions(actions or None)
    if session.as_json:
        session.data(needed)
        return
    for permission in needed:
        session.out.say(one_line(permission))
    session.err.say(RESTRICTED)


@click.command()
@click.argument("action", type=text)
@click.argument("pairs", nargs=-1, metavar="[KEY=VALUE]...")
@option("--inputs", "A YAML or JSON file of inputs; - for stdin.")
@option("--run-id", "Run it as this run: repeated, it replays.")
@option("--extra", EXTRA_HELP, multiple=True, metavar="KEY=VALUE")
@option("--expand", "A linked object to include: customer.", multiple=True, metavar="PATH")
@option("--idempotency-key", "What Stripe knows it by, in place of the run ID.", metavar="KEY")
@option("--deadline", "The whole run ends within so many.", metavar="SECONDS")
@click.option("--client-secret", "whole", is_flag=True, help=WHOLE_HELP)
@click.option("--all", "form", flag_value="all", help=ALL_HELP)
@click.option("--csv", "form", flag_value="csv", help=CSV_HELP)
@click.option("--jsonl", "form", flag_value="jsonl", help=JSONL_HELP)
@click.option("--most", type=click.IntRange(1), help=MOST_HELP, metavar="NUMBER")
@option("--cursor", "With them: the entry behind which to go on.", metavar="ID")
@running
def run(session: Session, action: str, **given: Any) -> None:
    """Run one action, with inputs by display key or parameter name.

    What is inside of an input: 'Recurring › Interval=month' or 'recurring[interval]=month', and in
    a list 'Items › 1 › Price=price_…' or 'items[0][price]=price_…'.
    """
    form = given.pop("form")
    most = given.pop("most")
    cursor = given.pop("cursor")
    if form is not None:
        _list(session, action, form, {"most": most or MOST, "cursor": cursor}, given)
    elif most or cursor:
        raise UsageError("--most and --cursor say how far --all, --csv or --jsonl reads a list")
    else:
        _run(session, action, given)


def _list(
    session: Session, action: str, form: str, bounds: dict[str, Any], given: dict[str, Any]
) -> None:
    """Every entry of a list, as it comes."""
    from stripe_terminal.listed import told, writer

    _check_means_something(session, given)
    with session.connected() as host:
        spec = host.action(action).spec
        inputs = inputs_of(given["pairs"], given["inputs"], spec.words)
        options = options_of(given)
        connection = session.connection
        entries = host.iterate(action, inputs, options=options, connection=connection, **bounds)
        write = writer(form, session.out, spec, host.manifest(action))
        with told(entries, session.err) as counted:
            for entry in counted:
                write(entry)


def _check_means_something(session: Session, given: dict[str, Any]) -> None:
    """Refuses an option that is not for a list read to its end."""
    said = [word for word in NO_LIST if given[word]]
    if session.as_json:
        said.append("json")
    if said:
        option = f"--{said[0].replace('_', '-')}"
        raise UsageError(f"{option} means nothing for a list read to its end; --jsonl gives JSON")


def _run(session: Session, action: str, given: dict[str, Any]) -> None:
    from stripe_flow.step import Step

    session.name_run(given["run_id"])
    with session.connected():
        spec = session.host.action(action).spec  # what is none is refused before its name is kept
        inputs = inputs_of(given["pairs"], given["inputs"], spec.words)
        step = Step(action, action, inputs, options=options_of(given))
        result = _ran(session, step)
    whole: bool = given["whole"]
    if session.as_json:
        session.result(result, whole=whole)
    else:
        printed.print_output(session.out, result, whole=whole)
    session.tell_about(result)
    session.tell_secret(result, whole=whole)


def _ran(session: Session, step: "Step") -> "Result":
    """The result of a command; where it may be done already, its error says how to repeat it."""
    try:
        return session.begin([(step.action, None)], step.action).step(step)
    except (StripeError, HookFailed, KeyboardInterrupt) as error:
        if session.begun.changes and _may_be_done(error):
            note = AGAIN.replace("{run_id}", session.begun.run_id)
            error.add_note(note)
        raise


def _may_be_done(error: BaseException) -> bool:
    """Whether it may have been executed, and the same run may still be repeated."""
    if isinstance(error, StripeError | HookFailed):
        return error.outcome_unknown and not isinstance(error, Unreconciled)
    return True
