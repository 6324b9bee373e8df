"""Which run is it that steps and flows belong to, and is it the one that it was?"""

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from functools import partial
from secrets import token_hex
from time import time
from typing import TYPE_CHECKING, Any, Protocol

from stripe_flow.journal import Compute
from stripe_flow.step import Step, may_be_done, reason, run_step
from stripe_plugin.client.connection import Connection
from stripe_plugin.errors import UsageError
from stripe_plugin.host.host import Host
from stripe_plugin.run.context import RunContext
from stripe_plugin.run.result import Result

if TYPE_CHECKING:
    from stripe_flow.flow import Flow
    from stripe_flow.flowing import Outcome, Waiting

OTHER_KEY = (
    "This run ID was used with another API key: look what it has done with that before you do the"
    " rest under a new one"
)
OTHER_INPUTS = (
    "This run began with other inputs of the flow ({names}): put those back to go on, or take a new"
    " run ID, which does everything once more"
)
OTHER_STEPS = (
    "This run has done what the file has no step for: {names}. Under another id, or in a loop, it"
    " would be done once more: put it back to go on, or take a new run ID, which does everything"
    " once more"
)

# What is kept beside the steps: whose run it is, that a flow has begun, that it has ended; with
# their names behind, a digest of each input of the flow, and one of what each step is done for;
# numbered, which steps were begun; and, each under a name of its own, why something was not done.
RUN, FLOW, END = "run", "flow", "end"
INPUT, ITEMS, STEP, WHY = "input:", "items:", "step:", "why:"


Begun = Mapping[str, Any]


class OtherFlow(UsageError):
    """A flow that goes on must have the steps and the inputs with which it began."""

    unsent = True


class _NothingKept(Exception):
    """There is nothing under the name that was asked for."""


class AnyJournal(Protocol):
    """Where runs are kept; `stripe_flow.journal.Journal` is one, for the processes of a machine."""

    def keep(self, run: str, name: str, compute: Compute, /) -> Any:
        """What `compute()` gave the first time under this name of this run."""


class Run:
    """A run on one connection, kept in a journal. `known`: whether it was begun before.

    `begun`: when, in unix seconds; None if a version began it that did not keep that.
    `what`: what a person calls it in a list, such as the flow's file. Raises `UsageError` for a
    name that cannot be kept, or that another API key has used.
    """

    def __init__(
        self,
        host: Host,
        connection: Connection,
        run_id: str,
        journal: AnyJournal,
        *,
        what: str | None = None,
    ) -> None:
        RunContext(run_id=run_id)  # refuses what is no name, or a secret, before it is kept
        self.host = host
        self.connection = connection
        self.run_id = run_id
        self.what = what
        self.keep = partial(journal.keep, _scope(connection, run_id))
        self.begun: float | None = None
        self.known = self._own()
        self._steps: list[Begun] = []  # those of a flow that were begun, whoever did it

    def _own(self) -> bool:
        """Ties the run to the key, which another account's run of that name has not."""
        entry = {"key": self._digest(""), "by": token_hex(8), "at": time(), "what": self.what}
        kept = self.keep(RUN, lambda: entry)
        if kept["key"] != entry["key"]:
            raise UsageError(OTHER_KEY)
        self.begun = kept.get("at")
        return bool(kept["by"] != entry["by"])

    def _digest(self, text: str) -> str:
        """What tells a text from others, and gives it away to nobody without the key."""
        keyed = f"journal {self.connection.api_key.reveal()}{text}"
        digest = hashlib.sha256(keyed.encode("utf-8", "surrogatepass"))
        return digest.hexdigest()[:16]

    def is_first(self, name: str, text: str) -> bool:
        """Ties a text to the run under this name; whether it is the one that was tied first."""
        entry = {"digest": self._digest(f"\n{name}\n{text}")}
        kept = self.keep(name, lambda: entry)
        return bool(kept == entry)

    def begin_with(self, inputs: Mapping[str, Any]) -> None:
        """Ties the inputs of a flow to the run. Raises `OtherFlow` if it began with others."""
        other: list[str] = []
        for name, value in inputs.items():
            text = json.dumps(value, sort_keys=True)
            if not self.is_first(INPUT + name, text):
                other.append(name)
        if other:
            raise OtherFlow(OTHER_INPUTS.replace("{names}", ", ".join(other)))

    def check_steps(self, names: Collection[str]) -> None:
        """Raises `OtherFlow` if a step was done, or may have been, that is not among these."""
        while begun := self._found(f"{STEP}{len(self._steps)}"):
            self._steps.append(begun)
        left = [step for step in self._steps if step["name"] not in names]
        gone = [step["name"] for step in left if self._is_done(step)]
        if gone:
            raise OtherFlow(OTHER_STEPS.replace("{names}", ", ".join(gone)))

    def begin_step(self, name: str, *, loops: bool) -> None:
        """Keeps that a step of a flow is begun, behind those that were begun before."""
        begun = {"name": name, "loops": loops, "at": time()}
        while name not in [step["name"] for step in self._steps]:
            kept = self.keep(f"{STEP}{len(self._steps)}", lambda: begun)
            self._steps.append(kept)

    def _is_done(self, step: Begun) -> bool:
        """Whether it may have been executed; of its items, if it has some, no more is known."""
        return step["loops"] or may_be_done(self._found, step["name"])

    def _found(self, name: str) -> Any:
        """What is kept under a name, if anything is."""
        try:
            return self.keep(name, _nothing)
        except _NothingKept:
            return None

    def mark(self, name: str) -> None:
        """Keeps that a flow has begun, or ended, and when."""
        self.keep(name, _now)

    def note(self, place: str, error: BaseException, item: str | None = None) -> None:
        """Keeps why something was not done, for `stripe_flow.runs`; the error is what matters.

        `item`: what a person calls the item that it was not done for.
        """
        entry = {"at": time(), "place": place, "item": item, "error": reason(error)}
        with suppress(Exception):
            self.keep(WHY + token_hex(8), lambda: entry)

    def step(self, step: Step) -> Result:
        """One step's result, as `run_step` gives it."""
        return run_step(self.keep, self.host, step, connection=self.connection, run_id=self.run_id)

    def flow(self, flow: "Flow", waiting: "Waiting | None" = None) -> "Iterator[Outcome]":
        """Runs a flow, step by step and item by item, and gives what comes of each.

        `waiting`: what surrounds each while it runs, given its name. Raises what `run_step`
        raises; what is wrong with a step names it and its line. The same flow under the same run
        ID goes on where it stopped: what is finished is not sent again.
        """
        from stripe_flow.flowing import Flowing

        return Flowing(self, flow, waiting).outcomes()


def _nothing() -> Any:
    raise _NothingKept


def _now() -> dict[str, float]:
    return {"at": time()}


def _scope(connection: Connection, run_id: str) -> str:
    """The run's name among those of all accounts and emulators; `stripe_flow.runs` reads it."""
    emulator = connection.in_process
    place = emulator.file if emulator else connection.base_url
    return json.dumps([connection.mode, place, connection.account, run_id])
