"""How does a flow run do steps: each as a task of a thread, tried again while that may help?"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import attrs
from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.concurrency.sync import rate_limit
from prefect.utilities.annotations import quote

from stripe_flow.engines import FIRST_PAUSE
from stripe_flow.engines.order import Place, Stored, Told
from stripe_flow.engines.worker import Finish, Worker

TRIES, LONGEST_PAUSE = 50, 1_800.0  # Prefect's bound, and seconds: together some 20 hours


class Later(Exception):
    """A step that is to be done once more."""


class Refused(Exception):
    """A step that failed for good; `told` is JSON without secrets."""

    def __init__(self, told: Told) -> None:
        super().__init__(told["error"]["text"])
        self.told = told


@attrs.frozen
class Threads:
    """The threads of this process. `limit`: the name of the one that each step waits for."""

    worker: Worker
    limit: str | None

    def spread(self, places: Sequence[Place]) -> list[Finish]:
        """Gives them steps."""
        patient = _step.with_options(
            retries=TRIES, retry_delay_seconds=_pauses(), retry_condition_fn=_is_later
        )
        finishes: list[Finish] = []
        for place in places:
            future = patient.submit(quote(self.worker), place, self.limit)
            finishes.append(partial(_end, future))
        return finishes


@task(task_run_name="{place.name}", cache_policy=NO_CACHE)
def _step(worker: Worker, place: Place, limit: str | None) -> Stored:
    if limit:
        rate_limit(limit, strict=True)
    told = worker.step(place)
    if "later" in told:
        raise Later(told["later"])
    if "error" in told:
        raise Refused(told)
    return told


def _is_later(_: object, __: object, state: Any) -> bool:
    error = state.result(raise_on_failure=False)
    return isinstance(error, Later)


def _pauses() -> list[float]:
    """Seconds before each further try."""
    doubled = (FIRST_PAUSE * 2.0**number for number in range(TRIES))
    return [min(pause, LONGEST_PAUSE) for pause in doubled]


def _end(future: Any) -> Told:
    """What is told of a step; an error that is none of Stripe's is raised."""
    found = future.result(raise_on_failure=False)
    if isinstance(found, Refused):
        return found.told
    if isinstance(found, Exception):
        raise found
    told: Told = found
    return told
