"""How do several flow runs share a loop? Each does a part of it, this one the first."""

from collections.abc import Sequence
from functools import partial
from time import sleep
from typing import Any

import attrs
from prefect import runtime
from prefect.client.orchestration import get_client
from prefect.deployments import run_deployment

from stripe_flow.engines.order import Place, Stored, Told
from stripe_flow.engines.worker import Finish, Spread

POLLING = 1.0  # seconds between two looks at another flow run


@attrs.frozen
class Shares:
    """Who does a loop. `shared`: the parameters of the flow runs that do a part of it."""

    here: Spread
    workers: int
    shared: Stored

    def spread(self, places: Sequence[Place]) -> list[Finish]:
        """Gives places to all of them, in turn; a process without a deployment does them alone."""
        number = min(self.workers, len(places))
        if number < 2 or runtime.deployment.id is None:
            return [*self.here(places)]
        parts = [self._part(places[first::number]) for first in range(1, number)]
        shares = [[*self.here(places[::number])], *parts]
        return [shares[at % number][at // number] for at in range(len(places))]

    def _part(self, places: Sequence[Place]) -> list[Finish]:
        """Has another flow run do them."""
        part = _Part({**self.shared, "part": [place.as_dict() for place in places]})
        part.begin()
        return [partial(part.told, index) for index in range(len(places))]


class _Part:
    """A flow run that does a part of a loop; if its process dies, there is another one."""

    def __init__(self, parameters: Stored) -> None:
        self._parameters = parameters
        self._told: list[Stored] | None = None

    def begin(self) -> None:
        """Has a worker do it."""
        self._run: Any = run_deployment(
            runtime.deployment.id, parameters=self._parameters, timeout=0
        )

    def told(self, index: int) -> Told:
        """What is told of one of its places, when all are done."""
        while self._told is None:
            self._look()
        return self._told[index]

    def _look(self) -> None:
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(self._run.id).state
        if state is None or not state.is_final():
            sleep(POLLING)
        elif state.is_crashed():
            self.begin()
        else:
            self._told = state.result()
