"""How are the actions served to other programs, and who may call them?"""

import os
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from stripe_terminal.command import option
from stripe_terminal.logs import logged
from stripe_terminal.offering import offered, offering
from stripe_terminal.screen import as_json
from stripe_terminal.session import Session
from stripe_terminal.stopping import stopped_by_signals

if TYPE_CHECKING:
    from stripe_plugin.secrets import Secret

PORT = click.IntRange(0, 65535)
PORT_HELP = "The port; a free one, if it is 0 or not said."
ADDRESS_HELP = "The IP address to listen on; another than loopback needs --public."
PUBLIC_HELP = "Let others than this machine come; needs a token in STRIPE_NODES_TOKEN."
HOSTNAME_HELP = "A name that it goes by, as behind a proxy."
ORIGIN_HELP = "The origin of a web page that may call it: https://app.example."
LOGGER = "stripe_hosts"
TOKEN = "STRIPE_NODES_TOKEN"  # noqa: S105 - the variable's name


@click.command()
@click.option("--port", default=0, type=PORT, help=PORT_HELP)
@option("--address", ADDRESS_HELP, default="127.0.0.1", metavar="IP")
@click.option("--public", is_flag=True, help=PUBLIC_HELP)
@option("--hostname", HOSTNAME_HELP, multiple=True, metavar="NAME")
@option("--origin", ORIGIN_HELP, multiple=True)
@offering
def serve(session: Session, /, **given: Any) -> None:
    """Serve the actions over HTTP, with OpenAPI, and as tools of MCP."""
    from stripe_hosts.serve import Place, address_of, application, server, token

    words = ("address", "port", "public", "hostname", "origin")
    place = Place(**{word: given.pop(word) for word in words})
    place.check(os.environ)
    secret, made = token()
    app = application(offered(session, **given), place.terms(secret))
    with (
        stopped_by_signals(),
        place.listening() as listener,
        logged(session.err, session.log or "text", LOGGER),
    ):
        _tell(session, address_of(listener), secret if made else None)
        serving = server(app, partial(_tell_waiting, session))
        serving.run(sockets=[listener])


def _tell_waiting(session: Session, count: int) -> None:
    """What an end waits for."""
    waits = f"Stopping: waits for what is on its way ({count})."
    session.err.say(f"{waits} Ctrl-C again ends at once.")


def _tell(session: Session, url: str, made: "Secret | None") -> None:
    """Where it is served, and the token: the one time that it is shown, if it was made now."""
    token = made.reveal() if made else None
    if session.as_json:
        about = as_json({"url": url, "token": token})
        click.echo(about, file=session.out.file)
    else:
        known = token or f"the one of {TOKEN}"
        session.out.say(url)
        session.out.say(f"token: {known}")
    session.err.say("Ctrl-C stops it.")
