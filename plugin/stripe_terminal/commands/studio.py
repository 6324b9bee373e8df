"""How is the studio opened: a page on which actions are tried, in the browser of this machine?"""

import contextlib
import logging
import os
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stripe_terminal.command import option, reported
from stripe_terminal.logs import logged
from stripe_terminal.offering import needing_libraries
from stripe_terminal.screen import as_json
from stripe_terminal.session import Session
from stripe_terminal.stopping import stopped_by_signals

if TYPE_CHECKING:
    from socket import socket as Socket  # noqa: N812 - a class

    from stripe_studio.studio import Studio

PORT = click.IntRange(0, 65535)
PORT_HELP = "The port; a free one, if it is 0 or not said."
FOLDER_HELP = "Where flow files are opened and saved; the current folder if nothing is said."
LOGGER = "stripe_hosts"


@click.command()
@click.option("--port", default=0, type=PORT, help=PORT_HELP)
@option("--folder", FOLDER_HELP, default=".", metavar="DIR")
@click.option("--no-browser", is_flag=True, help="Only print the address.")
@option("--account", "Act on this connected account (acct_…).")
@reported
def studio(session: Session, /, **given: Any) -> None:
    """Try actions, flows and time on a page in the browser."""
    session.account = given.pop("account")
    session.by_option |= "STRIPE_API_KEY" not in os.environ  # the emulator, if nothing is said
    session.allow_live = True  # a live key is refused by the studio, in its own words
    with needing_libraries():
        _serve(session, **given)


def _serve(session: Session, *, port: int, folder: str, no_browser: bool) -> None:
    from stripe_hosts.serve import Place
    from stripe_studio.studio import Studio

    with session.connected() as host, stopped_by_signals():
        connection = session.connection
        journal = session.journal()
        made = Studio(host=host, connection=connection, journal=journal, folder=Path(folder))
        least = logging.INFO if session.log else logging.WARNING  # a page asks for much
        with (
            Place(port=port).listening() as listener,
            logged(session.err, session.log or "text", LOGGER, least),
        ):
            _answer(session, made, listener, in_browser=not no_browser)


def _answer(session: Session, made: "Studio", listener: "Socket", *, in_browser: bool) -> None:
    """Tells where it is, and answers until it is stopped."""
    from stripe_hosts.serve import address_of, server, token
    from stripe_studio.app import application

    secret, _ = token()
    app = application(made, secret, listener.getsockname()[1])
    address = f"{address_of(listener)}/?token={secret.reveal()}"
    _tell(session, address)
    if in_browser:
        _open(address)
    server(app).run(sockets=[listener])


def _open(address: str) -> None:
    """Shows the page in the browser, if there is one."""
    with contextlib.suppress(webbrowser.Error):
        webbrowser.open(address)


def _tell(session: Session, address: str) -> None:
    """Where it is: with the token, which is shown nowhere else."""
    if session.as_json:
        click.echo(as_json({"url": address}), file=session.out.file)
    else:
        click.echo(address, file=session.out.file)
    session.err.say("Ctrl-C stops it.")
