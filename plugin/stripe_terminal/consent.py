"""Has a person said yes to what cannot be undone?"""

import sys
from typing import Any

from stripe_plugin.errors import UsageError
from stripe_terminal.screen import Screen

NOBODY = "Nobody can be asked here, where there is no terminal: if that is meant, say --yes"
NOT_YES = "The answer was not yes: nothing was done"


def ask(err: Screen, what: str) -> None:
    """Goes on if a person types yes. Raises `UsageError` if not, or if there is no terminal."""
    if not (_is_terminal(sys.stdin) and _is_terminal(sys.stderr)):
        raise UsageError(f"{what} {NOBODY}.")
    err.tell(f"{what} Type yes to go on:")
    if sys.stdin.readline().strip() != "yes":
        raise UsageError(f"{NOT_YES}.")


def _is_terminal(stream: Any) -> bool:
    """Whether a person is at the other end; there is no stream where it was closed."""
    return stream is not None and bool(stream.isatty())
