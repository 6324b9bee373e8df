"""How do the steps of a flow run one after another, under one name?"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from functools import partial
from secrets import token_hex
from time import time
from typing import Any

from stripe_flow.bounded import known
from stripe_flow.flow import PlacedStep
from stripe_flow.journal import Journal
from stripe_flow.references import resolved
from stripe_flow.step import Step, run_step
from stripe_plugin.client.connection import Connection
from stripe_plugin.errors import InvalidInputs, UsageError
from stripe_plugin.host.host import Host
from stripe_plugin.run.context import RunContext
from stripe_plugin.run.result import Result
from stripe_plugin.secrets import without_secrets

OTHER_KEY = (
    "This run ID was used with another API key: look what it has done with that before you do the"
    " rest under a new one"
)
GO_ON = (
    "Go on with --run-id {run_id}: finished steps are not sent again. Another run ID, or none, does"
    " everything once more."
)

# What is kept beside the steps: whose run it is, that a flow has begun, that it has ended.
RUN, FLOW, END = "run", "flow", "end"


class Outputs(dict[str, Any]):
    """The outputs by step, whole. Shown, as by a traceback with locals, their secrets are cut."""

    def __repr__(self) -> str:
        return repr(without_secrets(self))


Done = tuple[PlacedStep, Result]


class StepError(UsageError):
    """A step that cannot go on; steps before it may have been sent."""


class Run:
    """A run on one connection, kept in a journal. `known`: whether it was begun before.

    `what`: what a person calls it in a list, such as the flow's file. Raises `UsageError` for a
    name that cannot be kept, or that another API key has used.
    """

    def __init__(
        self,
        host: Host,
        connection: Connection,
        run_id: str,
        journal: Journal,
        *,
        what: str | None = None,
    ) -> None:
        RunContext(run_id=run_id)  # refuses what is no name, or a secret, before it is kept
        self.host = host
        self.connection = connection
        self.run_id = run_id
        self.what = what
        self.keep = partial(journal.keep, _scope(connection, run_id))
        self.known = self._own()

    def _own(self) -> bool:
        """Ties the run to the key, which another account's run of that name has not."""
        text = f"journal {self.connection.api_key.reveal()}"
        key = hashlib.sha256(text.encode()).hexdigest()
        entry = {"key": key[:16], "by": token_hex(8), "at": time(), "what": self.what}
        kept = self.keep(RUN, lambda: entry)
        if kept["key"] != entry["key"]:
            raise UsageError(OTHER_KEY)
        return bool(kept["by"] != entry["by"])

    def step(self, step: Step) -> Result:
        """One step's result, as `run_step` gives it."""
        return run_step(self.keep, self.host, step, connection=self.connection, run_id=self.run_id)

    def flow(self, steps: Iterable[PlacedStep]) -> Iterator[Done]:
        """Runs the steps of a flow in order and gives each with its result.

        Raises what `run_step` raises; what is wrong with a step names it and its line.
        """
        outputs = Outputs()
        self.keep(FLOW, _now)
        for step in steps:
            result = self._placed(step, outputs)
            output = without_secrets(result.output)  # as a flow that goes on has it
            outputs[step.id] = known(result, output)
            yield step, result
        self.keep(END, _now)

    def _placed(self, step: PlacedStep, outputs: Outputs) -> Result:
        """The result of a step; whatever stops it tells where, and how to go on."""
        try:
            return self._resolved(step, outputs)
        except StepError as error:
            error.add_note(self._how())
            raise
        except (Exception, KeyboardInterrupt) as error:
            error.add_note(f"The flow stopped at {step.place}. {self._how()}")
            raise

    def _resolved(self, step: PlacedStep, outputs: Outputs) -> Result:
        try:
            inputs = resolved(step.inputs, outputs)
            return self.step(Step(step.id, step.action, inputs))
        except InvalidInputs as error:
            raise StepError(f"{step.place}: {error}") from error
        except UsageError as error:
            wrong = str(error).removesuffix(".")
            raise StepError(f"{step.place}: {wrong}.") from error

    def _how(self) -> str:
        return GO_ON.replace("{run_id}", self.run_id)


def _now() -> dict[str, float]:
    return {"at": time()}


def _scope(connection: Connection, run_id: str) -> str:
    """The run's name among those of all accounts and emulators; `stripe_flow.runs` reads it."""
    emulator = connection.in_process
    place = emulator.file if emulator else connection.base_url
    return json.dumps([connection.mode, place, connection.account, run_id])
