"""How is a run begun on DBOS, gone on with, followed and interrupted?"""

import logging
from collections.abc import Iterator

from dbos import DBOS, PortableWorkflowError, SetWorkflowID, WorkflowHandle, WorkflowStatus

from stripe_flow.engines.on_dbos.process import here, let_go, working
from stripe_flow.engines.on_dbos.workflows import FLOW, OUTCOMES, run_order, wait
from stripe_flow.engines.order import Order, Stopped, Told, outcome_of
from stripe_flow.flow import Flow
from stripe_flow.flowing import Outcome
from stripe_plugin.client.connection import Connection
from stripe_plugin.errors import UsageError
from stripe_plugin.host.host import Host

ACTIVE = ["PENDING", "ENQUEUED", "DELAYED"]
OTHER_ORDER = (
    "The run {run_id} is going on with another file or other inputs: put those back to follow it,"
    " or cancel the workflow {workflow_id} first"
)
ARRIVING = "Interrupted: what is on its way to Stripe is waited for, the rest is not begun"

logger = logging.getLogger("stripe_flow")


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
        try:
            workflow_id = _started(order)
            for told in _outcomes(workflow_id):
                yield outcome_of(flow, told)
        except (KeyboardInterrupt, GeneratorExit) as interrupted:
            let_go(interrupted)
            logger.warning(ARRIVING)
            _cancel(order)
            raise


def _outcomes(workflow_id: str) -> Iterator[Told]:
    """What comes of each step and item, whichever process tells it."""
    handle: WorkflowHandle[None] = DBOS.retrieve_workflow(workflow_id)
    try:
        yield from DBOS.read_stream(workflow_id, OUTCOMES)
        wait(handle)
    except PortableWorkflowError as error:
        raise Stopped.told(error.message, error.data) from None


def _started(order: Order) -> str:
    """The workflow of a run: the one that goes on, taken over from whoever was at it, or a new."""
    name = _name(order)
    known = DBOS.list_workflows(workflow_id_prefix=name, name=FLOW)
    last = max(known, key=_number, default=None)
    if last is not None and last.status in ACTIVE:
        _check_order(order, last)
        _take_over(last)
        return last.workflow_id
    number = 0 if last is None else _number(last)
    with SetWorkflowID(f"{name}{number + 1}"):
        handle = DBOS.start_workflow(run_order, order.as_dict())
    return handle.workflow_id


def _name(order: Order) -> str:
    """What the tries of a run are called, and their steps, but for a number."""
    return f"{order.run_id} {order.owner} try "


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
    for step in _steps(workflow.workflow_id, ["PENDING"]):
        if step.executor_id != DBOS.executor_id:
            DBOS.resume_workflow(step.workflow_id, queue_name=here().queue)
    if workflow.status == "PENDING" and workflow.executor_id != DBOS.executor_id:
        DBOS.resume_workflow(workflow.workflow_id)


def _cancel(order: Order) -> None:
    """Has no worker begin what is left of a run."""
    left = DBOS.list_workflows(workflow_id_prefix=_name(order), status=ACTIVE)
    DBOS.cancel_workflows([workflow.workflow_id for workflow in left])


def _steps(workflow_id: str, status: list[str]) -> list[WorkflowStatus]:
    """The workflows of its steps."""
    return DBOS.list_workflows(workflow_id_prefix=f"{workflow_id} ", status=status)
