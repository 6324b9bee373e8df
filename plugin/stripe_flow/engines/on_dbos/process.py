"""How does a process become a worker of an account: what does it take from DBOS, and how fast?"""

import gc
import os
import socket
import traceback
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import attrs
from dbos import DBOS, DBOSConfig

from stripe_flow.engines import AT_ONCE
from stripe_flow.engines.on_dbos.database import address, journal_of
from stripe_flow.engines.order import identity
from stripe_flow.engines.worker import Worker
from stripe_plugin.client.connection import Connection
from stripe_plugin.errors import UsageError
from stripe_plugin.host.host import Host

VERSION = "1"  # of what is stored: a worker goes on with workflows of its own version only
POLLING = 0.2  # seconds between two looks at the queue
GRACE = 90  # seconds in which what is on its way arrives when a run is interrupted
ONE_ACCOUNT = "This process works for one account already: start another for the other"


@attrs.frozen
class Here:
    """What this process works with."""

    worker: Worker
    queue: str


_here: list[Here] = []  # one, while it works


def here() -> Here:
    """What this process works with, while it does."""
    [found] = _here
    return found


@contextmanager
def working(
    host: Host,
    connection: Connection,
    *,
    database_url: str | None = None,
    executor: str | None = None,
) -> Generator[None]:
    """While this lasts, the process is a worker of the connection's account.

    `database_url`: sqlite:///FILE or postgresql://…, without it DBOS_SYSTEM_DATABASE_URL.
    `executor`: what tells this process from others, the same when it is started again; without it
    DBOS__VMID, or the machine's name. The connection's `rate` holds for all workers together.
    """
    if _here:
        raise UsageError(ONE_ACCOUNT)
    url = address(database_url)
    # DBOS leaves each application its own: no worker takes what is another account's.
    name = f"stripe-nodes-{identity(connection)}"
    _here.append(Here(Worker(host, connection, journal_of(url)), name))
    try:
        _launch(name, url.render_as_string(hide_password=False), executor)
        _register(name, connection.rate)
        yield
    except BaseException as error:
        let_go(error)
        DBOS.destroy(workflow_completion_timeout_sec=GRACE)
        raise
    finally:
        DBOS.destroy()
        _here.clear()


def let_go(error: BaseException) -> None:
    """Ends what an error has interrupted, and still holds by its traceback.

    A question to SQLite of which not all rows were read keeps everybody from writing.
    """
    traceback.clear_frames(error.__traceback__)
    gc.collect()  # SQLAlchemy's results and connections point to each other


def _launch(name: str, database_url: str, executor: str | None) -> None:
    config: DBOSConfig = {
        "name": name,
        "system_database_url": database_url,
        "executor_id": executor or os.environ.get("DBOS__VMID") or socket.gethostname(),
        "application_version": f"{name} {VERSION}",  # no two applications may call one the same
        "log_level": "CRITICAL",  # what stops a run is raised where that was asked for
        "notification_listener_polling_interval_sec": POLLING,
    }
    DBOS(config=config)
    DBOS.listen_queues([name])
    DBOS.launch()


def _register(queue: str, rate: float | None) -> None:
    """The account's queue; without a rate the one that another process has set is left."""
    limiter: Any = None
    if rate is not None:
        limit = max(1, int(rate))
        limiter = {"limit": limit, "period": limit / rate}
    DBOS.register_queue(
        queue,
        worker_concurrency=AT_ONCE,
        limiter=limiter,
        polling_interval_sec=POLLING,
        on_conflict="never_update" if rate is None else "always_update",
    )
