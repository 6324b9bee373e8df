"""What do the commands share that open a door: which actions are offered, on whose accounts?"""

from collections.abc import Generator
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from stripe_plugin.errors import UsageError
from stripe_terminal.command import Command, connected, option
from stripe_terminal.screen import EMULATED
from stripe_terminal.session import Session, emulator_file, usable_emulator

if TYPE_CHECKING:
    from stripe_hosts.accounts import Accounts
    from stripe_hosts.offer import Offer

LIBRARIES = ("anyio", "jinja2", "mcp", "starlette", "uvicorn")
EXTRA = "This needs an extra: pip install 'stripe-nodes[serve]'"
ACCOUNTS_HELP = "A TOML file of accounts: names, and the variables that their keys are in."
ONLY_HELP = (
    "Offer only this action, or the actions of this resource; a glob, as 'create_*', for several."
)
READ_ONLY_HELP = "Offer only actions that change nothing."
SECRETS_HELP = "Give client secrets whole to models, too."
ALONE = "--accounts FILE says whose accounts are served: --emulator and --account go without it"


def offering(command: Command) -> Command:
    """Gives a command the options of an offer, and those of a connection."""

    @option("--accounts", ACCOUNTS_HELP, metavar="FILE")
    @option("--only", ONLY_HELP, multiple=True, metavar="NAME")
    @click.option("--read-only", is_flag=True, help=READ_ONLY_HELP)
    @click.option("--client-secrets", is_flag=True, help=SECRETS_HELP)
    @wraps(command)
    def with_offer(session: Session, /, **given: Any) -> None:
        with needing_libraries():
            command(session, **given)

    return connected(with_offer)


@contextmanager
def needing_libraries() -> Generator[None]:
    """Names the extra where one of its libraries is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        package, _, _ = (error.name or "").partition(".")
        if package in LIBRARIES:
            raise UsageError(EXTRA) from error
        raise


def offered(session: Session, **given: Any) -> "Offer":
    """What the options say is offered; warns of plugins, and tells whose accounts it is."""
    from stripe_hosts.offer import Offer

    session.warn_of_plugins()
    accounts = _accounts(session, given.pop("accounts"))
    for account in accounts.listed():
        mode = EMULATED if account["mode"] == "emulated" else f"{account['mode']} mode"
        session.err.say(f"{account['name']}: {mode}")
    return Offer(host=session.host, accounts=accounts, **given)


def _accounts(session: Session, file: str | None) -> "Accounts":
    """Those of a file, or the one of the environment and the options."""
    from stripe_hosts.accounts import Accounts

    with usable_emulator(emulator_file()):
        environ = session.environ()
        if file is None:
            return Accounts.from_env(environ, allow_live=session.allow_live)
        if session.account is not None or session.by_option:
            raise UsageError(ALONE)
        return Accounts.from_file(file, environ, allow_live=session.allow_live)
