"""How far is a flow: what came of each step so far, for a person who looks on?

What is shown is made where it happens, while the flow's variables are hidden: nothing in here
has a secret in it.
"""

import re
import time
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event
from typing import Any, Self

import attrs

from stripe_flow.flow import Flow
from stripe_flow.flowing import Outcome, StepError
from stripe_flow.placed import PlacedStep
from stripe_flow.runs import KeptRun, KeptStep
from stripe_flow.step import reason
from stripe_plugin.errors import UsageError
from stripe_plugin.host.host import Host
from stripe_plugin.judge.values import NOTHING, is_list, is_object
from stripe_studio.trying.answered import Fact, answered

Data = Mapping[str, Any]
Steps = Sequence[PlacedStep]
MOST_FACTS = 4  # of a step
MOST_WRONG = 20  # items of a step of which it is shown why they failed
WAITING, RUNNING, SKIPPED, FAILED = "waiting", "running", "skipped", "failed"
DONE, BEFORE = "done", "done before"
OVER = (DONE, BEFORE, SKIPPED, FAILED)
WELL = {DONE, BEFORE, SKIPPED}
# What a step comes to with all its items: the first of these that one of them came to.
MATTERS = (FAILED, DONE, BEFORE, SKIPPED)
# How the journal's words for the end of a step are said here.
KEPT = {"done": BEFORE, "refused": FAILED, "unsent": FAILED, "unknown": "not known to be done"}
TOLD = ("text", "code", "request_id", "outcome_unknown")


@attrs.frozen(kw_only=True)
class Why:
    """Why something was not done, in words, and where, as far as that is known."""

    text: str
    place: str = ""  # for a run that was begun elsewhere, and for an item
    step: str = ""
    line: int | None = None
    code: str | None = None
    request_id: str | None = None
    outcome_unknown: bool = False

    @classmethod
    def of(cls, facts: Data, place: str = "") -> Self:
        """Of what `stripe_flow.step.reason` gave."""
        told = {name: facts[name] for name in TOLD if name in facts}
        known = {name: value for name, value in told.items() if value is not None}
        return cls(place=place, **known)


@attrs.frozen(kw_only=True)
class Shown:
    """A step, and what came of it so far."""

    id: str
    name: str  # of its action
    line: int | None = None
    state: str = WAITING
    now: str = ""  # the item that is in hand
    facts: Sequence[Fact] = ()
    counts: Mapping[str, int] = NOTHING  # of items, by state
    of: int | None = None  # so many items
    wrong: Sequence[Why] = ()


class Progress:
    """One flow on its way, or at its end. One thread writes, others look on."""

    def __init__(self, host: Host, flow: Flow, run_id: str) -> None:
        self.flow, self.run_id = flow, run_id
        self.stopping, self.ended = Event(), Event()
        self.failure: Why | None = None  # what stopped the flow
        self._host = host
        self._begun = time.monotonic()
        self._seconds: float | None = None
        waiting = [_waiting(host, step) for step in flow.steps]
        self._shown = {each.id: each for each in waiting}

    @property
    def steps(self) -> list[Shown]:
        """In the order of the file."""
        return [*self._shown.values()]

    @property
    def seconds(self) -> float:
        """How long it took so far."""
        so_far = time.monotonic() - self._begun
        return so_far if self._seconds is None else self._seconds

    @property
    def is_whole(self) -> bool:
        """Whether it has come to its end, with nothing left to do."""
        states = {step.state for step in self.steps}
        return self.ended.is_set() and states <= WELL

    @property
    def summary(self) -> str:
        """Where it is, in a sentence for whoever listens."""
        if self.ended.is_set():
            return self._ending
        word = "Stopping" if self.stopping.is_set() else "Running"
        return f"{word}: {self._counted}"

    @property
    def _counted(self) -> str:
        over = [step for step in self.steps if step.state in OVER]
        return f"{len(over)} of {len(self._shown)} steps"

    @property
    def _ending(self) -> str:
        if self.failure:
            return "It has failed"
        if self.is_whole:
            return "Done"
        if all(step.state in OVER for step in self.steps):
            return "Done, but for what has failed"
        return f"Stopped after {self._counted}"

    # --- what the thread tells --------------------------------------------------------------------

    @contextmanager
    def waiting(self, name: str) -> Generator[None]:
        """While a step, or an item of one, is in hand; it is called `price` or `price 1/2 …`."""
        step, _, item = name.partition(" ")
        self._put(step, state=RUNNING, now=item)
        yield

    def add(self, outcome: Outcome) -> None:
        """What came of a step, or of one of its items."""
        step = self._shown[outcome.step.id]
        if outcome.item is not None:
            self._count(outcome, step)
        else:
            self._put(step.id, state=_state(outcome))
        facts = self._facts(outcome) or step.facts
        self._put(step.id, facts=facts, now="")

    def _count(self, outcome: Outcome, step: Shown) -> None:
        """One more of the step's items."""
        counts = Counter(step.counts)
        counts[_state(outcome)] += 1
        is_last = counts.total() == outcome.of
        self._put(
            step.id,
            counts=counts,
            of=outcome.of,
            state=_worst(counts) if is_last else RUNNING,
            wrong=[*step.wrong, *_why(outcome)][:MOST_WRONG],
        )

    def _facts(self, outcome: Outcome) -> list[Fact]:
        if outcome.result is None:
            return []
        manifest = self._host.manifest(outcome.step.action)
        facts = answered(outcome.result, manifest["outputs"]).facts
        short = [fact for fact in facts if _is_short(fact.value)]
        return short[:MOST_FACTS]

    def finish(self, error: BaseException | None = None) -> None:
        """That nothing more comes, and why, if it was not done to its end."""
        if error is not None:
            self._fail(error)
        for step in self.steps:
            if step.state == RUNNING:  # its last items are not done
                self._put(step.id, state=WAITING, now="")
        self._seconds = self.seconds
        self.ended.set()

    def _fail(self, error: BaseException) -> None:
        """Notes it at the step that it has stopped, which its text or its note names."""
        cause = error.__cause__ if isinstance(error, StepError) else None
        why = Why.of(reason(cause or error))
        step = _stopped(self.flow.steps, error)
        if step is not None:
            why = attrs.evolve(why, step=step.id, line=step.line)
            self._put(step.id, state=FAILED, now="")
        self.failure = why

    def _put(self, step: str, **changed: Any) -> None:
        before = self._shown[step]
        self._shown[step] = attrs.evolve(before, **changed)


def _waiting(host: Host, step: PlacedStep) -> Shown:
    name = host.action(step.action).spec.name
    return Shown(id=step.id, name=name, line=step.line)


def _state(outcome: Outcome) -> str:
    if outcome.error is not None:
        return FAILED
    if outcome.result is None:
        return SKIPPED
    return BEFORE if outcome.result.replayed else DONE


def _worst(counts: Iterable[str]) -> str:
    """What a step came to whose items came to these."""
    return next(each for each in MATTERS if each in counts)


def _why(outcome: Outcome) -> Iterator[Why]:
    """Why an item failed, if it did."""
    if outcome.error is not None:
        facts = reason(outcome.error)
        yield Why.of(facts, outcome.label or outcome.name)


def _is_short(value: Any) -> bool:
    return not is_list(value) and not is_object(value)


def _stopped(steps: Steps, error: BaseException) -> PlacedStep | None:
    """The step whose place an error names, as every one does that stops a flow on its way."""
    notes: Sequence[str] = getattr(error, "__notes__", ())
    text = "\n".join([str(error), *notes])
    named = [step for step in steps if _names(text, step)]
    return named[0] if named else None


def _names(text: str, step: PlacedStep) -> bool:
    place = re.escape(step.place)
    return re.search(rf"{place}(?!\w)", text) is not None


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
    def what(self) -> str:
        """What it is of, such as the file of a flow."""
        return str(self.run.summary()["what"])

    @property
    def steps(self) -> list[Shown]:
        """Those that were begun, each with its items."""
        found: dict[str, list[KeptStep]] = {}
        for step in self.run.steps:
            name, _, _ = step.id.partition("[")
            found.setdefault(name, []).append(step)
        host = self.host
        return [_kept(host, name, found[name]) for name in found]

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
        last = stops[-1]
        return Why.of(last["error"], last["place"])

    @property
    def summary(self) -> str:
        """How it ended."""
        return "Done" if self.is_whole else "It has not come to its end"


def _kept(host: Host, name: str, items: Sequence[KeptStep]) -> Shown:
    """A step, or all items of one together: the last one's ID, and why others failed."""
    last = items[-1].as_dict()
    counts = Counter(map(_kept_state, items))
    is_one = items[-1].id == name
    return Shown(
        id=name,
        name=_spoken(host, last["action"]),
        state=min(counts, key=_rank),
        counts={} if is_one else counts,
        facts=_id_of(last["object"]),
        wrong=_reasons(items),
    )


def _kept_state(item: KeptStep) -> str:
    return KEPT.get(item.outcome, item.outcome)


def _reasons(items: Iterable[KeptStep]) -> list[Why]:
    errors = [item.as_dict()["error"] for item in items]
    told = [error for error in errors if error]
    return [*map(Why.of, told[:MOST_WRONG])]


def _rank(state: str) -> int:
    """What is not known to have ended well comes first."""
    return MATTERS.index(state) if state in MATTERS else -1


def _spoken(host: Host, action: Any) -> str:
    try:
        return host.action(action).spec.name
    except UsageError:
        return str(action or "")


def _id_of(found: Any) -> list[Fact]:
    if not isinstance(found, str):
        return []
    return [Fact("ID", "id", found, found)]
