"""Is all that is needed here?"""

import sys

import click

from stripe_terminal import checkup, printed
from stripe_terminal.command import connected
from stripe_terminal.session import Session


@click.command()
@connected
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
