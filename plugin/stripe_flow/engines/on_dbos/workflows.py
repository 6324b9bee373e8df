"""What are a run and a step of it on DBOS? Workflows, of which it stores JSON."""

import logging
from collections.abc import Sequence
from functools import partial
from typing import TypeAlias, TypeVar

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID, WorkflowHandle, WorkflowSerializationFormat

from stripe_flow.engines import FIRST_PAUSE, LONGEST_PAUSE
from stripe_flow.engines.on_dbos.process import POLLING, here
from stripe_flow.engines.order import Order, Place, Stopped, Stored, Told
from stripe_flow.engines.worker import Finish

FLOW, STEP = "_flow", "_step"  # what is stored goes on under these names
OUTCOMES = "outcomes"  # the stream of a run
JSON = WorkflowSerializationFormat.PORTABLE
LATER = "%s: tried again in %.0f s, under the same key: %s"

T = TypeVar("T")
Handle: TypeAlias = WorkflowHandle[Stored]
logger = logging.getLogger("stripe_flow")


def wait(handle: WorkflowHandle[T]) -> T:
    """What comes of a workflow."""
    return handle.get_result(polling_interval_sec=POLLING)


@DBOS.workflow(name=FLOW, serialization_type=JSON, max_recovery_attempts=None)
def run_order(order: Stored) -> None:
    """Runs a flow, whose steps the workers do; what comes of each is in the stream of outcomes."""
    process = here()
    spread = _Spread(process.queue)
    try:
        for told in process.worker.outcomes(Order(**order), spread):
            DBOS.write_stream(OUTCOMES, told, serialization_type=JSON)
    except Exception as error:
        spread.cancel()
        raise Stopped(error) from error


@DBOS.workflow(name=STEP, serialization_type=JSON, max_recovery_attempts=None)
def run_place(place: Stored) -> Stored:
    """Does a step or an item; what is told of it."""
    at = Place(**place)
    return DBOS.run_step({"name": at.name}, here().worker.step, at)


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
            return DBOS.enqueue_workflow(self._queue, run_place, place.as_dict())

    def _end(self, place: Place, handle: Handle) -> Told:
        """What comes of a step. As long as that is not known, it is put off and done again."""
        told, pause, number = wait(handle), FIRST_PAUSE, 2
        while "later" in told:
            logger.warning(LATER, place.name, pause, told["later"])
            again = self._begin(place, f"{place.name} again {number}", pause)
            told = wait(again)
            pause = min(2 * pause, LONGEST_PAUSE)
            number += 1
        return told

    def cancel(self) -> None:
        """Leaves undone what no worker has begun."""
        DBOS.cancel_workflows(self._begun)
