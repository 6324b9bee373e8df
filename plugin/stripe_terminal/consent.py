"""Has a person said yes to what cannot be undone?"""

import sys

from stripe_plugin.errors import UsageError
from stripe_terminal.screen import Screen

NOBODY = "Nobody can be asked here, where there is no terminal: if that is meant, say --yes"
NOT_YES = "The answer was not yes: nothing was done"


def ask(err: Screen, what: str) -> None:
    """Goes on if a person types yes. Raises `UsageError` if not, or if there is no terminal."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"{what} {NOBODY}.")
    err.tell(f"{what} Type yes to go on:")
    if sys.stdin.readline().strip() != "yes":
        raise UsageError(f"{NOT_YES}.")
