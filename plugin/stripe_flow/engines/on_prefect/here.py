"""What does a flow run work with: what the caller gave, or what its worker's environment has?"""

from collections.abc import Generator
from contextlib import contextmanager

import attrs

from stripe_flow.engines.on_prefect.account import connection_of
from stripe_flow.engines.order import Stored
from stripe_plugin.client.connection import Connection
from stripe_plugin.host.host import Host


@attrs.frozen
class Here:
    """A host and an account; what has come of the run so far."""

    host: Host
    connection: Connection
    told: list[Stored] = attrs.field(factory=list)


_given: list[Here] = []  # one, while a flow runs in the process of its caller


@contextmanager
def giving(host: Host, connection: Connection) -> Generator[Here]:
    """While this lasts, a flow run in this process works with these."""
    here = Here(host, connection)
    _given.append(here)
    try:
        yield here
    finally:
        _given.clear()


@contextmanager
def here(credentials: str | None) -> Generator[Here]:
    """What was given, or else the installed actions and the account of a block or the environment.

    Without an account, an error that says so.
    """
    if _given:
        yield _given[0]
        return
    connection = connection_of(credentials)
    with Host.load() as host:
        yield Here(host, connection)
