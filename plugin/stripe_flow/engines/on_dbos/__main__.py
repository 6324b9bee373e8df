"""How does a process work for the account of its environment, until it is told to end?"""

import signal
import sys
import threading

from stripe_flow.engines.on_dbos import working
from stripe_plugin.client.connection import Connection
from stripe_plugin.errors import NodeError, UsageError
from stripe_plugin.host.host import Host

WORDS = "A worker has no word but --allow-live; its account is that of the environment"
USABLE: tuple[list[str], ...] = ([], ["--allow-live"])
HELP: tuple[list[str], ...] = (["--help"], ["-h"])
USAGE = """\
usage: python -m stripe_flow.engines.on_dbos [--allow-live]

Works at the flows of an account on DBOS, until Ctrl-C or SIGTERM.

  --allow-live  Let a live key move real money.

STRIPE_API_KEY            the key of the account; STRIPE_ACCOUNT names a connected one
DBOS_SYSTEM_DATABASE_URL  the database of all workers: sqlite:///FILE or
                          postgresql://USER@HOST/NAME
DBOS__VMID                the executor ID of this process: started again under it, what
                          it was at goes on by itself"""


def main(words: list[str]) -> None:
    """A worker; what is wrong with it ends the process in words."""
    if words in HELP:
        print(USAGE)  # noqa: T201 - what was asked for
        return
    try:
        if words not in USABLE:
            raise UsageError(WORDS)
        connection = Connection.from_env(allow_live=bool(words))
        with Host.load() as host:
            work(host, connection)
    except NodeError as error:
        sys.exit(str(error))


def work(host: Host, connection: Connection) -> None:
    """Works for the account until SIGTERM or SIGINT; what is not done by then goes on elsewhere."""
    over = threading.Event()

    def end(_: int, __: object) -> None:
        over.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    with working(host, connection):
        over.wait()


if __name__ == "__main__":
    main(sys.argv[1:])
