"""What has every command: options that are not empty, a session, errors that end in a report?"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import wraps
from itertools import chain
from typing import Any

import click

from stripe_plugin.secrets import masked
from stripe_terminal.inputs import text
from stripe_terminal.screen import clean
from stripe_terminal.session import Session

BEFORE = ". It stands before the command: stripe-nodes {option} …"
BEHIND = ". It stands behind the command: stripe-nodes COMMAND {option}"
JSON_HELP = "JSON on stdout, instead of what people read."
YES_HELP = "Do not ask before what cannot be undone in a live account."
KEEP_HELP = (
    "What the journal keeps of outputs: all, or only ID and status; also STRIPE_NODES_KEEP. Steps"
    " behind can then refer to no more when the run goes on."
)
KEPT = click.Choice(["all", "ids"])
LIVE_HELP = "Let a live key move real money."


@contextmanager
def _repeating_no_secret(before: "Commands") -> Generator[None]:
    """A wrong word of the command line is repeated clean, and without the key in it."""
    try:
        yield
    except click.UsageError as error:
        message = masked(_sentence(error, before))
        raise click.UsageError(clean(message), error.ctx) from None


def _sentence(error: click.UsageError, group: "Commands") -> str:
    """What click says is wrong; of an option that stands elsewhere, where that is as well."""
    said = error.format_message()
    if not isinstance(error, click.NoSuchOption):
        return said
    wrong = error.option_name
    behind = chain.from_iterable(command.params for command in group.commands.values())
    for place, parameters in ((BEFORE, group.params), (BEHIND, behind)):
        if any(wrong in parameter.opts for parameter in parameters):
            said, _, _ = said.partition(" Did you mean")
            return said.removesuffix(".") + place.replace("{option}", wrong)
    return said


class Commands(click.Group):
    """The commands; click speaks of what is wrong before and in them."""

    def make_context(self, *given: Any, **more: Any) -> click.Context:
        """Reads what stands before the command."""
        with _repeating_no_secret(self):
            return super().make_context(*given, **more)

    def invoke(self, ctx: click.Context) -> Any:
        """Reads what stands behind it, and runs it."""
        with _repeating_no_secret(self):
            return super().invoke(ctx)


Command = Callable[..., None]
Decorator = Callable[[Command], Command]


def option(name: str, meaning: str, **more: Any) -> Decorator:
    """An option: text that is not empty, unless its type is another."""
    more.setdefault("type", text)
    return click.option(name, help=meaning, **more)


def reported(command: Command) -> Command:
    """Gives a command the session and --json; its errors end in a report."""

    @click.option("--json", "as_json", is_flag=True, help=JSON_HELP)
    @click.pass_obj
    @wraps(command)
    def with_report(session: Session, /, **given: Any) -> None:
        session.as_json |= given.pop("as_json")  # `runs --json show` is as good
        with session.reporting():
            command(session, **given)

    return with_report


def connected(command: Command) -> Command:
    """The same for a command that asks Stripe, with the options of the connection."""

    @click.option("--allow-live", is_flag=True, help=LIVE_HELP)
    @option("--account", "Act on this connected account (acct_…).")
    @wraps(command)
    def with_account(session: Session, /, **given: Any) -> None:
        session.allow_live = given.pop("allow_live")
        session.account = given.pop("account")
        command(session, **given)

    return reported(with_account)


def running(command: Command) -> Command:
    """The same for a command that runs actions: what is kept of it, and whether it asks."""

    @click.option("--yes", is_flag=True, help=YES_HELP)
    @click.option("--keep", type=KEPT, envvar="STRIPE_NODES_KEEP", help=KEEP_HELP, default="all")
    @wraps(command)
    def with_journal(session: Session, /, **given: Any) -> None:
        session.yes = given.pop("yes")
        session.outputs = given.pop("keep")
        command(session, **given)

    return connected(with_journal)
