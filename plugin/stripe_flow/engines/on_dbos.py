"""How does a flow run on DBOS: resumed by itself, on as many workers as there are?

A run is a workflow, and each of its steps and items is one on the account's queue, which any worker
of the account takes. What DBOS stores is JSON: the arguments are an `Order` and a `Place`. A run
that is begun again when it has ended is another workflow of the same run.

What a process was at goes on by itself when one of the same executor ID is started; a run goes on
at once, on any machine, when it is asked for again under its run ID.
"""

import logging
import os
import signal
import socket
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias, TypeVar

import attrs

from stripe_flow.engines import AT_ONCE, FIRST_PAUSE, LONGEST_PAUSE, NEEDS
from stripe_flow.engines.order import Order, Place, Stopped, Told, identity, outcome_of
from stripe_flow.engines.worker import Finish, Worker
from stripe_flow.flow import Flow
from stripe_flow.flowing import Outcome
from stripe_plugin.client.connection import Connection
from stripe_plugin.errors import UsageError
from stripe_plugin.host.host import Host

try:
    from dbos import (
        DBOS,
        DBOSConfig,
        PortableWorkflowError,
        SetEnqueueOptions,
        SetWorkflowID,
        WorkflowHandle,
        WorkflowSerializationFormat,
        WorkflowStatus,
    )

    from stripe_flow.engines.database import address, journal_of
except ModuleNotFoundError as error:
    raise UsageError(NEEDS.format(name="dbos")) from error

VERSION = "1"  # of what is stored: a worker goes on with workflows of its own version only
POLLING = 0.2  # seconds between two looks at the queue
GRACE = 90  # seconds in which what is on its way arrives when a run is interrupted
OUTCOMES = "outcomes"  # the stream of a run
ACTIVE = ["PENDING", "ENQUEUED", "DELAYED"]
JSON = WorkflowSerializationFormat.PORTABLE
OTHER_ORDER = (
    "The run {run_id} is going on with another file or other inputs: put those back to follow it,"
    " or cancel the workflow {workflow_id} first"
)
LATER = "%s: tried again in %.0f s, under the same key: %s"
ARRIVING = "Interrupted: what is on its way to Stripe is waited for, the rest is not begun"
ONE_ACCOUNT = "This process works for one account already: start another for the other"

T = TypeVar("T")
Handle: TypeAlias = WorkflowHandle[Told]
logger = logging.getLogger("stripe_flow")


@attrs.frozen
class _Here:
    """What this process works with."""

    worker: Worker
    queue: str


_here: list[_Here] = []  # one, while it works


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
    DBOS__VMID, or the machine's name. The connection's `rate` holds for all workers together: so
    many steps and items are begun a second.
    """
    if _here:
        raise UsageError(ONE_ACCOUNT)
    url = address(database_url)
    name = f"stripe-nodes-{identity(connection)}"
    config: DBOSConfig = {
        "name": name,  # DBOS leaves each what is of its name: no worker takes another account's
        "system_database_url": url.render_as_string(hide_password=False),
        "executor_id": executor or os.environ.get("DBOS__VMID") or socket.gethostname(),
        "application_version": VERSION,
        "log_level": "CRITICAL",  # what stops a run is raised where that was asked for
        "notification_listener_polling_interval_sec": POLLING,
    }
    _here.append(_Here(Worker(host, connection, journal_of(url)), name))
    try:
        DBOS(config=config)
        DBOS.listen_queues([name])
        DBOS.launch()
        _register(name, connection.rate)
        yield
    except BaseException:
        DBOS.destroy(workflow_completion_timeout_sec=GRACE)
        raise
    finally:
        DBOS.destroy()
        _here.clear()


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


def run_flow(
    flow: Flow, *, run_id: str, host: Host, connection: Connection, database_url: str | None = None
) -> Iterator[Outcome]:
    """Runs a flow, or goes on with it, and gives what comes of each step and item in order.

    This process is a worker besides, as by `working`, until the flow has ended. Raises what the
    same flow raises without an engine; `UsageError` if the run is going on with other inputs.
    """
    order = Order.of(flow, run_id, connection)
    with working(host, connection, database_url=database_url, executor=f"run {run_id}"):
        workflow_id = _started(order)
        try:
            for told in DBOS.read_stream(workflow_id, OUTCOMES):
                yield outcome_of(flow, told)
            _wait(DBOS.retrieve_workflow(workflow_id))
        except PortableWorkflowError as error:
            raise Stopped.told(error.message, error.data) from None
        except (KeyboardInterrupt, GeneratorExit):
            logger.warning(ARRIVING)
            _cancel(workflow_id)
            raise


def work(host: Host, connection: Connection, *, database_url: str | None = None) -> None:
    """Works for the account until SIGTERM or SIGINT; what is under way goes on elsewhere."""
    over = threading.Event()

    def end(_: int, __: object) -> None:
        over.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    with working(host, connection, database_url=database_url):
        over.wait()


# --- the workflows --------------------------------------------------------------------------------


def _started(order: Order) -> str:
    """The workflow of a run: the one that goes on, taken over from whoever was at it, or a new."""
    name = f"{order.run_id} {order.owner}"
    known = DBOS.list_workflows(workflow_id_prefix=f"{name} try ", name=_flow.__name__)
    last = max(known, key=_number, default=None)
    if last is None or last.status not in ACTIVE:
        number = 1 if last is None else _number(last) + 1
        with SetWorkflowID(f"{name} try {number}"):
            return DBOS.start_workflow(_flow, order.as_dict()).workflow_id
    given = last.input and last.input["args"][0]
    if given != order.as_dict():
        what = {"run_id": order.run_id, "workflow_id": last.workflow_id}
        raise UsageError(OTHER_ORDER.format(**what))
    _take_over(last)
    return last.workflow_id


def _cancel(workflow_id: str) -> None:
    """Has no worker begin what is left of a run."""
    steps = DBOS.list_workflows(workflow_id_prefix=f"{workflow_id} ", status=ACTIVE)
    DBOS.cancel_workflows([workflow_id, *(step.workflow_id for step in steps)])


def _number(workflow: WorkflowStatus) -> int:
    """Which try of its run a workflow is."""
    return int(workflow.workflow_id.rpartition(" ")[2])


def _take_over(workflow: WorkflowStatus) -> None:
    """Goes on here with what another process was at; if that lives, DBOS has it stop."""
    [here] = _here
    begun = DBOS.list_workflows(workflow_id_prefix=f"{workflow.workflow_id} ", status="PENDING")
    for step in begun:
        if step.executor_id != DBOS.executor_id:
            DBOS.resume_workflow(step.workflow_id, queue_name=here.queue)
    if workflow.status == "PENDING" and workflow.executor_id != DBOS.executor_id:
        DBOS.resume_workflow(workflow.workflow_id)


@DBOS.workflow(name="_flow", serialization_type=JSON, max_recovery_attempts=None)
def _flow(order: dict[str, Any]) -> None:
    [here] = _here
    spread = _Spread(order, here.queue)
    try:
        for told in here.worker.outcomes(Order(**order), spread):
            DBOS.write_stream(OUTCOMES, told, serialization_type=JSON)
    except Exception as error:
        spread.cancel()
        raise Stopped(error) from error


@DBOS.workflow(name="_step", serialization_type=JSON, max_recovery_attempts=None)
def _step(order: dict[str, Any], place: dict[str, Any]) -> Told:
    [here] = _here
    step = partial(here.worker.step, Order(**order), Place(**place))
    return DBOS.run_step({"name": place["name"]}, step)


def _wait(handle: WorkflowHandle[T]) -> T:
    return handle.get_result(polling_interval_sec=POLLING)


class _Spread:
    """The steps of a run that were given to the queue."""

    def __init__(self, order: dict[str, Any], queue: str) -> None:
        self._order, self._queue = order, queue
        self._begun: list[str] = []

    def __call__(self, places: Sequence[Place]) -> list[Finish]:
        """Gives these to the queue."""
        return [partial(self._end, place, self._begin(place)) for place in places]

    def _begin(self, place: Place, again: str = "", delay: float | None = None) -> Handle:
        name = f"{DBOS.workflow_id} {place.name}{again}"
        with SetWorkflowID(name), SetEnqueueOptions(delay_seconds=delay):
            handle = DBOS.enqueue_workflow(self._queue, _step, self._order, place.as_dict())
        self._begun.append(name)
        return handle

    def _end(self, place: Place, handle: Handle) -> Told:
        """What comes of a step. As long as that is not known, it is put off and done again."""
        told, pause, number = _wait(handle), FIRST_PAUSE, 2
        while "later" in told:
            logger.warning(LATER, place.name, pause, told["later"])
            told = _wait(self._begin(place, f" again {number}", pause))
            pause = min(2 * pause, LONGEST_PAUSE)
            number += 1
        return told

    def cancel(self) -> None:
        """Leaves undone what no worker has begun."""
        DBOS.cancel_workflows(self._begun)


def main() -> None:
    """A worker of the environment's account, until it is told to end."""
    with Host.load() as host:
        work(host, Connection.from_env())


if __name__ == "__main__":
    main()
