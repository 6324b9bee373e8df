"""What is to be done about an SQLite file that cannot be used?"""

import errno
import sqlite3
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from stripe_plugin.errors import UsageError

LOCKED = "is locked: another process is writing to it. Try again"
FULL = (
    "cannot grow, as its disk is full. Make room, then go on under the same run ID: nothing was"
    " sent that is not noted"
)
UNREADABLE = (
    "cannot be read or written ({error}). See that its disk is in order and has room, then go on"
    " under the same run ID: nothing was sent that is not noted"
)
NOT_OURS = "cannot be opened or written ({error}). See whether it and its folder are yours to write"

# By SQLite's primary result codes (sqlite.org/rescode.html); the rest means that it is damaged.
ADVICE: Mapping[int, str] = {
    sqlite3.SQLITE_BUSY: LOCKED,
    sqlite3.SQLITE_LOCKED: LOCKED,
    sqlite3.SQLITE_FULL: FULL,
    sqlite3.SQLITE_IOERR: UNREADABLE,
    sqlite3.SQLITE_READONLY: NOT_OURS,
    sqlite3.SQLITE_CANTOPEN: NOT_OURS,
    sqlite3.SQLITE_PERM: NOT_OURS,
    sqlite3.SQLITE_AUTH: NOT_OURS,
}


class UnusableFile(UsageError):
    """A file of ours that cannot be used; the text names it and says what to do."""


@contextmanager
def usable(file: Path, damaged: str) -> Generator[None]:
    """Raises `UnusableFile` for what SQLite or the system cannot do with a file.

    `damaged`: the advice for a damaged one.
    """
    try:
        yield
    except OSError as error:
        advice = FULL if error.errno == errno.ENOSPC else NOT_OURS
        advice = advice.replace("{error}", error.strerror or str(error))
        raise UnusableFile(f"{file} {advice}.") from error
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)
        advice = ADVICE.get(code & 0xFF, damaged)
        advice = advice.replace("{error}", str(error))
        raise UnusableFile(f"{file} {advice}.") from error
