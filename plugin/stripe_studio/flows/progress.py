"""How far is a flow: what came of each step so far, for a person who looks on?

What is shown is made where it happens, while the flow's variables are hidden: nothing in here
has a secret in it.
"""

import re
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event
from typing import Any

import attrs

from stripe_flow.flow import Flow
from stripe_flow.flowing import Outcome, StepError
from stripe_flow.runs import KeptRun, KeptStep
from stripe_flow.step import reason
from stripe_plugin.errors import UsageError
from stripe_plugin.host.host import Host
from stripe_studio.trying.answered import Fact, answered

MOST_FACTS = 4  # of a step
MOST_WRONG = 20  # items of a step whose errors are shown
WAITING, RUNNING, DONE, BEFORE = "waiting", "running", "done", "done before"
SKIPPED, FAILED = "skipped", "failed"
# What is kept of a step that came to no good end, in words for a list.
TOLD = ("text", "code", "request_id", "outcome_unknown")
KEPT = {"refused": FAILED, "unsent": FAILED, "unknown": "not known to be done"}


@attrs.frozen(kw_only=True)
class Why:
    """Why something was not done, in words, and where, as far as that is known."""

    text: str
    place: str = ""  # for a run that was begun elsewhere
    step: str = ""
    line: int | None = None
    code: str | None = None
    request_id: str | None = None
    outcome_unknown: bool = False

    @classmethod
    def of(cls, facts: Mapping[str, Any], **where: Any) -> "Why":
        """Of what `stripe_flow.step.reason` gave."""
        told = {name: facts[name] for name in TOLD if facts.get(name) is not None}
        return cls(**told, **where)


@attrs.frozen(kw_only=True)
class Shown:
    """A step, and what came of it so far."""

    id: str
    name: str  # of its action
    line: int | None = None
    state: str = WAITING
    now: str = ""  # the item that is in hand
    facts: Sequence[Fact] = ()
    counts: Mapping[str, int] = attrs.field(factory=dict[str, int])  # of its items, by state
    of: int | None = None  # so many items
    wrong: Sequence[Why] = ()


class Progress:
    """One flow on its way, or at its end. One thread writes, others look on."""

    def __init__(self, host: Host, flow: Flow, run_id: str) -> None:
        self.flow, self.run_id = flow, run_id
        self.stopping = Event()
        self.ended = Event()
        self.failure: Why | None = None  # what stopped the flow
        self._host = host
        self._begun, self._seconds = time.monotonic(), 0.0
        shown = [
            Shown(id=each.id, name=self._name(each.action), line=each.line) for each in flow.steps
        ]
        self._shown = {each.id: each for each in shown}
        self._furthest = 0  # the place of the last step that was come to

    def _name(self, action: str) -> str:
        return self._host.action(action).spec.name

    @property
    def steps(self) -> list[Shown]:
        """In the order of the file."""
        return [*self._shown.values()]

    @property
    def seconds(self) -> float:
        """How long it took so far."""
        return self._seconds or time.monotonic() - self._begun

    @property
    def is_whole(self) -> bool:
        """Whether it has come to its end, with nothing left to do."""
        states = {each.state for each in self.steps}
        return self.ended.is_set() and states <= {DONE, BEFORE, SKIPPED}

    @property
    def summary(self) -> str:
        """Where it is, in a sentence for whoever listens."""
        over = [each for each in self.steps if each.state not in (WAITING, RUNNING)]
        counted = f"{len(over)} of {len(self._shown)} steps"
        if not self.ended.is_set():
            return f"Stopping: {counted}" if self.stopping.is_set() else f"Running: {counted}"
        if self.failure:
            return "It has failed"
        if any(each.state == FAILED for each in over):
            return "Done, but for what has failed"
        return "Done" if self.is_whole else f"Stopped after {counted}"

    # --- what the thread tells --------------------------------------------------------------------

    @contextmanager
    def waiting(self, name: str) -> Generator[None]:
        """While a step, or an item of one, is in hand; it is called `price` or `price 1/2 …`."""
        step, _, item = name.partition(" ")
        self._put(step, state=RUNNING, now=item)
        yield

    def add(self, outcome: Outcome) -> None:
        """What came of a step, or of one of its items."""
        state = _state(outcome)
        step = self._shown[outcome.step.id]
        changed: dict[str, Any] = {"facts": self._facts(outcome) or step.facts, "now": ""}
        if outcome.error is not None:
            why = Why.of(reason(outcome.error), place=outcome.label or outcome.name)
            changed["wrong"] = [*step.wrong, why][:MOST_WRONG]
        if outcome.item is not None:
            counts = {**step.counts, state: step.counts.get(state, 0) + 1}
            is_last = outcome.item.index + 1 == outcome.of
            state = _of_items(counts) if is_last else RUNNING
            changed |= {"counts": counts, "of": outcome.of}
        self._put(outcome.step.id, state=state, **changed)

    def finish(self, error: BaseException | None = None) -> None:
        """That nothing more comes, and why, if it was not done to its end."""
        if error is not None:
            self._fail(error)
        for index, step in enumerate(self.steps):
            gone_on = index < self._furthest or not (error or self.stopping.is_set())
            if step.state == WAITING and gone_on:  # it had no items
                self._put(step.id, state=SKIPPED)
            elif step.state == RUNNING:  # its last items are not done
                self._put(step.id, state=WAITING, now="")
        self._seconds = time.monotonic() - self._begun
        self.ended.set()

    def _fail(self, error: BaseException) -> None:
        """Notes it at the step that it has stopped, which its text or its note names."""
        cause = error.__cause__ if isinstance(error, StepError) else None
        self.failure = Why.of(reason(cause or error))
        texts = "\n".join([str(error), *getattr(error, "__notes__", ())])
        for step in self.flow.steps:
            if re.search(rf"{re.escape(step.place)}(?!\w)", texts):
                self.failure = attrs.evolve(self.failure, step=step.id, line=step.line)
                self._put(step.id, state=FAILED, now="")
                return

    def _facts(self, outcome: Outcome) -> list[Fact]:
        if outcome.result is None:
            return []
        outputs = self._host.manifest(outcome.step.action)["outputs"]
        facts = answered(outcome.result, outputs).facts
        return [fact for fact in facts if not isinstance(fact.value, list | dict)][:MOST_FACTS]

    def _put(self, step: str, **changed: Any) -> None:
        self._furthest = max(self._furthest, [*self._shown].index(step))
        self._shown[step] = attrs.evolve(self._shown[step], **changed)


def _state(outcome: Outcome) -> str:
    if outcome.error is not None:
        return FAILED
    if outcome.result is None:
        return SKIPPED
    return BEFORE if outcome.result.replayed else DONE


def _of_items(counts: Mapping[str, int]) -> str:
    """What a step came to with all its items: what matters most of what they came to."""
    return next(state for state in (FAILED, DONE, BEFORE, SKIPPED) if state in counts)


# --- a run of which only the journal knows --------------------------------------------------------


@attrs.frozen
class Kept:
    """A run that was begun by another process, or before the studio was started again."""

    run: KeptRun
    host: Host

    @property
    def run_id(self) -> str:
        """Its name."""
        return self.run.id

    @property
    def steps(self) -> list[Shown]:
        """Those that were begun; an item of one stands for itself."""
        return [_shown(self.host, step) for step in self.run.steps]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is left to do."""
        return self.run.outcome == DONE

    @property
    def failure(self) -> Why | None:
        """Why it has stopped the last time, if that is kept and it is not whole since."""
        stops = self.run.as_dict()["stops"]
        if self.is_whole or not stops:
            return None
        return Why.of(stops[-1]["error"], place=stops[-1]["place"])

    @property
    def summary(self) -> str:
        """How it ended."""
        return "Done" if self.is_whole else "It has not come to its end"


def _shown(host: Host, step: KeptStep) -> Shown:
    kept = step.as_dict()
    state = BEFORE if step.outcome == DONE else KEPT.get(step.outcome, step.outcome)
    found = kept["object"]
    facts = [Fact("ID", "id", found, found)] if isinstance(found, str) else []
    wrong = [Why.of(kept["error"])] if kept["error"] else []
    return Shown(
        id=step.id, name=_spoken(host, kept["action"]), state=state, facts=facts, wrong=wrong
    )


def _spoken(host: Host, action: Any) -> str:
    try:
        return host.action(action).spec.name
    except UsageError:
        return str(action or "")
