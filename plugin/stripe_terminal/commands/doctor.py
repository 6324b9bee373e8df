"""Is all here that is needed: what is installed, the state folder, the account and its key?"""

import sys
from typing import Any

import click

from stripe_plugin.errors import UsageError
from stripe_terminal import printed, report, screen
from stripe_terminal.command import connected
from stripe_terminal.session import Session

DOCTOR = """Check what is installed, the state folder, the account, and what its key may do.

Nothing is written at Stripe: of each kind of object one is listed. A warning (!), as of an action
whose endpoint Stripe's API document does not know, changes no exit code.

\b
Exit codes:
0 all is well
1 a plugin, or an action of one, cannot be used
2 no usable key, state folder or option
3 Stripe refuses the key, or all that was asked with it
4 no answer"""


@click.command(help=DOCTOR, short_help="Check installation, state folder, account and key.")
@connected
def doctor(session: Session) -> None:
    """Check it all."""
    from stripe_terminal import checkup

    with session.host as host:
        found = checkup.installed(host)
        if not session.as_json:
            printed.print_installed(session.out, found)
        found |= _account(session, found)
    if session.as_json:
        session.data(found)
    else:
        printed.print_account(session.out, found)
    sys.exit(checkup.exit_code(found))


def _account(session: Session, found: dict[str, Any]) -> dict[str, Any]:
    """What is known of the account; where there is no connection, what is installed is told too."""
    from stripe_terminal import checkup

    try:
        session.connect()
        return checkup.account(session)
    except UsageError as error:
        if not session.as_json:
            raise
        session.data({**found, "error": error.as_dict()})
        session.err.tell(str(error), screen.WRONG)
        sys.exit(report.WRONG)
