"""How does a flow run on DBOS: resumed by itself, on as many workers as there are?

A run is a workflow, and each of its steps and items is one on the account's queue, which any worker
of the account takes. What DBOS stores is JSON: an `Order` or a `Place` as the argument. A run that
is begun again when it has ended is another workflow of the same run.

What a process was at goes on by itself when one of the same executor ID is started; a run goes on
at once, on any machine, when it is asked for again under its run ID.
"""

import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias, TypeVar

import attrs

from stripe_flow.engines import AT_ONCE, FIRST_PAUSE, LONGEST_PAUSE, NEEDS
from stripe_flow.engines.order import Order, Place, Stopped, Stored, Told, identity, outcome_of
from stripe_flow.engines.worker import Finish, Worker
from stripe_flow.flow import Flow
from stripe_flow.flowing import Outcome
from stripe_plugin.client.connection import Connection
from stripe_plugin.errors import NodeError, UsageError
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
WORDS = "A worker has no word but --allow-live; its account is that of the environment"
USABLE: tuple[list[str], ...] = ([], ["--allow-live"])

T = TypeVar("T")
Handle: TypeAlias = WorkflowHandle[Stored]
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
    DBOS__VMID, or the machine's name. The connection's `rate` holds for all workers together.
    """
    if _here:
        raise UsageError(ONE_ACCOUNT)
    url = address(database_url)
    # DBOS leaves each application its own: no worker takes what is another account's.
    name = f"stripe-nodes-{identity(connection)}"
    worker = Worker(host, connection, journal_of(url))
    _here.append(_Here(worker, name))
    try:
        _launch(name, url.render_as_string(hide_password=False), executor)
        _register(name, connection.rate)
        yield
    except BaseException:
        DBOS.destroy(workflow_completion_timeout_sec=GRACE)
        raise
    finally:
        DBOS.destroy()
        _here.clear()


def _launch(name: str, database_url: str, executor: str | None) -> None:
    config: DBOSConfig = {
        "name": name,
        "system_database_url": database_url,
        "executor_id": executor or os.environ.get("DBOS__VMID") or socket.gethostname(),
        "application_version": VERSION,
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


def run_flow(
    flow: Flow, *, run_id: str, host: Host, connection: Connection, database_url: str | None = None
) -> Iterator[Outcome]:
    """Runs a flow, or goes on with it, and gives what comes of each step and item in order.

    This process is a worker besides, as by `working`, until the flow has ended. Raises what the
    same flow raises without an engine; `UsageError` if the run is going on with other inputs.
    """
    order = Order.of(flow, run_id, connection)
    executor = f"run {run_id}"
    with working(host, connection, database_url=database_url, executor=executor):
        workflow_id = _started(order)
        for told in _outcomes(workflow_id):
            yield outcome_of(flow, told)


def _outcomes(workflow_id: str) -> Iterator[Told]:
    """What comes of each step and item, whichever process tells it."""
    handle: WorkflowHandle[None] = DBOS.retrieve_workflow(workflow_id)
    try:
        yield from DBOS.read_stream(workflow_id, OUTCOMES)
        _wait(handle)
    except PortableWorkflowError as error:
        raise Stopped.told(error.message, error.data) from None
    except (KeyboardInterrupt, GeneratorExit):
        logger.warning(ARRIVING)
        _cancel(workflow_id)
        raise


def work(host: Host, connection: Connection, *, database_url: str | None = None) -> None:
    """Works for the account until SIGTERM or SIGINT; what is not done by then goes on elsewhere."""
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
    name = f"{order.run_id} {order.owner} try "
    known = DBOS.list_workflows(workflow_id_prefix=name, name=_flow.__name__)
    last = max(known, key=_number, default=None)
    if last is not None and last.status in ACTIVE:
        _check_order(order, last)
        _take_over(last)
        return last.workflow_id
    number = 0 if last is None else _number(last)
    with SetWorkflowID(f"{name}{number + 1}"):
        handle = DBOS.start_workflow(_flow, order.as_dict())
    return handle.workflow_id


def _check_order(order: Order, workflow: WorkflowStatus) -> None:
    """Refuses to follow a run that goes on with something else than is given now."""
    given = workflow.input and workflow.input["args"][0]
    if given != order.as_dict():
        id_ = workflow.workflow_id
        raise UsageError(OTHER_ORDER.format(run_id=order.run_id, workflow_id=id_))


def _number(workflow: WorkflowStatus) -> int:
    """Which try of its run a workflow is."""
    return int(workflow.workflow_id.rpartition(" ")[2])


def _take_over(workflow: WorkflowStatus) -> None:
    """Goes on here with what another process was at; if that lives, DBOS has it stop."""
    [here] = _here
    for step in _steps(workflow.workflow_id, ["PENDING"]):
        if step.executor_id != DBOS.executor_id:
            DBOS.resume_workflow(step.workflow_id, queue_name=here.queue)
    if workflow.status == "PENDING" and workflow.executor_id != DBOS.executor_id:
        DBOS.resume_workflow(workflow.workflow_id)


def _cancel(workflow_id: str) -> None:
    """Has no worker begin what is left of a run."""
    left = [step.workflow_id for step in _steps(workflow_id, ACTIVE)]
    DBOS.cancel_workflows([workflow_id, *left])


def _steps(workflow_id: str, status: list[str]) -> list[WorkflowStatus]:
    """The workflows of its steps."""
    return DBOS.list_workflows(workflow_id_prefix=f"{workflow_id} ", status=status)


def _wait(handle: WorkflowHandle[T]) -> T:
    return handle.get_result(polling_interval_sec=POLLING)


@DBOS.workflow(name="_flow", serialization_type=JSON, max_recovery_attempts=None)
def _flow(order: Stored) -> None:
    [here] = _here
    spread = _Spread(here.queue)
    try:
        for told in here.worker.outcomes(Order(**order), spread):
            DBOS.write_stream(OUTCOMES, told, serialization_type=JSON)
    except Exception as error:
        spread.cancel()
        raise Stopped(error) from error


@DBOS.workflow(name="_step", serialization_type=JSON, max_recovery_attempts=None)
def _step(place: Stored) -> Stored:
    [here] = _here
    at = Place(**place)
    return DBOS.run_step({"name": at.name}, here.worker.step, at)


class _Spread:
    """The steps of a run that were given to the queue."""

    def __init__(self, queue: str) -> None:
        self._queue = queue
        self._begun: list[str] = []

    def __call__(self, places: Sequence[Place]) -> list[Finish]:
        """Gives these to the queue."""
        handles = [self._begin(place, place.name) for place in places]
        pairs = zip(places, handles, strict=True)
        return [partial(self._end, place, handle) for place, handle in pairs]

    def _begin(self, place: Place, name: str, delay: float | None = None) -> Handle:
        workflow_id = f"{DBOS.workflow_id} {name}"
        self._begun.append(workflow_id)
        with SetWorkflowID(workflow_id), SetEnqueueOptions(delay_seconds=delay):
            return DBOS.enqueue_workflow(self._queue, _step, place.as_dict())

    def _end(self, place: Place, handle: Handle) -> Told:
        """What comes of a step. As long as that is not known, it is put off and done again."""
        told, pause, number = _wait(handle), FIRST_PAUSE, 2
        while "later" in told:
            logger.warning(LATER, place.name, pause, told["later"])
            again = self._begin(place, f"{place.name} again {number}", pause)
            told = _wait(again)
            pause = min(2 * pause, LONGEST_PAUSE)
            number += 1
        return told

    def cancel(self) -> None:
        """Leaves undone what no worker has begun."""
        DBOS.cancel_workflows(self._begun)


def main(words: list[str]) -> None:
    """A worker of the environment's account, until it is told to end."""
    try:
        if words not in USABLE:
            raise UsageError(WORDS)
        connection = Connection.from_env(allow_live=bool(words))
        with Host.load() as host:
            work(host, connection)
    except NodeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(sys.argv[1:])
