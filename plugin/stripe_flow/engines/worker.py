"""What does a process of an engine do for a run: begin it, and do one of its steps?"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

import attrs

from stripe_flow.engines.order import Order, Place, Told, told_of
from stripe_flow.expressions import stands_on
from stripe_flow.flow import Flow, load
from stripe_flow.flowing import Flowing, Outcome
from stripe_flow.items import Item
from stripe_flow.placed import COLLECT, PlacedStep
from stripe_flow.references import references, variable
from stripe_flow.run import AnyJournal, Run
from stripe_flow.step import reason
from stripe_plugin.client.connection import Connection
from stripe_plugin.errors import NodeError, UsageError
from stripe_plugin.host.host import Host
from stripe_plugin.run.result import Result
from stripe_plugin.secrets import hiding

KNOWN = "known:"  # kept beside the steps: what a step stands on
LOST = "What this step stands on is not kept where this worker looks: is it the same database?"
MOST_BEGUN = 16  # runs whose flow a process has at hand

Finish = Callable[[], Told]  # waits for what a worker tells of a step


class Spread(Protocol):
    """How an engine gives steps to its workers."""

    def __call__(self, places: Sequence[Place], /) -> Iterable[Finish]:
        """Begins them all, and gives for each how its end is waited for."""
        ...


@attrs.frozen
class _Begun:
    """A run at hand."""

    flow: Flow
    run: Run
    known: dict[str, Any] = attrs.field(
        factory=dict[str, Any], repr=False
    )  # the last that was asked for

    def outputs_and_items(self, name: str) -> Any:
        """What a step stands on, as `Spreading` kept it."""
        if name not in self.known:
            found = self.run.keep(name, _nothing_known)
            self.known.clear()
            self.known[name] = found
        return self.known[name]


def _nothing_known() -> Any:
    raise UsageError(LOST)


class Worker:
    """A process of an engine: the actions and the account it has, and where runs are kept."""

    def __init__(self, host: Host, connection: Connection, journal: AnyJournal) -> None:
        self.host, self.connection, self.journal = host, connection, journal
        self._begun: dict[str, _Begun] = {}
        self._lock = threading.Lock()

    def outcomes(self, order: Order, spread: Spread) -> Iterator[dict[str, Any]]:
        """Runs a flow, whose steps the workers do; what comes of each as JSON data."""
        begun = self._begin(order)
        for outcome in Spreading(begun.run, begun.flow, spread).outcomes():
            with hiding(*begun.flow.hidden):
                yield told_of(outcome)

    def step(self, order: Order, place: Place) -> Told:
        """Does a step, or says that it is to be done once more, later and under the same key."""
        begun = self._begin(order)
        with hiding(*begun.flow.hidden):
            try:
                result = Doing(begun, place).result()
            except NodeError as error:
                if error.retryable:
                    return {"later": reason(error)["text"]}
                return {"error": error.as_dict()}
            return {"result": result.as_dict()}

    def _begin(self, order: Order) -> _Begun:
        """The run of an order, judged here: this worker has the variables that it names."""
        name = json.dumps(order.as_dict(), sort_keys=True)
        with self._lock:
            found = self._begun.pop(name, None) or self._made(order)
            self._begun[name] = found
            for oldest in [*self._begun][:-MOST_BEGUN]:
                del self._begun[oldest]
        return found

    def _made(self, order: Order) -> _Begun:
        order.check(self.connection)
        flow = load(order.name, order.text, self.host, order.inputs)
        run = Run(self.host, self.connection, order.run_id, self.journal, what=order.name)
        return _Begun(flow, run)


class Spreading(Flowing):
    """A flow on its way, whose steps and items are begun together and waited for in order."""

    def __init__(self, run: Run, flow: Flow, spread: Spread) -> None:
        super().__init__(run, flow, None)
        self._spread = spread
        self._finish: dict[int | None, Finish] = {}

    def _prepare(self, ats: list[Outcome]) -> None:
        wanted: list[Outcome] = []
        for at in ats:
            try:
                if self._is_wanted(at):
                    self._step(at)
                    wanted.append(at)
            except UsageError as error:
                self._finish[_index(at)] = partial(_raise, error)
                if at.step.on_error != COLLECT:
                    break
        if wanted:
            self._begin(wanted)

    def _begin(self, wanted: list[Outcome]) -> None:
        known = self._keep_known(wanted)
        places = [
            Place(at.step.id, at.name, known, number if at.item else None)
            for number, at in enumerate(wanted)
        ]
        finishes = self._spread(places)
        self._finish |= dict(zip(map(_index, wanted), finishes, strict=True))

    def _keep_known(self, wanted: list[Outcome]) -> str:
        """Keeps what a step and its items stand on, once for all workers; gives its name."""
        step = wanted[0].step
        outputs = {name: self._outputs[name] for name in sorted(_steps_of(step))}
        items = [_item(at) for at in wanted if at.item]
        text = json.dumps({"steps": outputs, "items": items}, default=str)
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        name = f"{KNOWN}{step.id}:{digest}"
        self._run.keep(name, partial(json.loads, text))
        return name

    def _result(self, at: Outcome) -> Result:
        told = self._finish.pop(_index(at))()
        if "error" in told:
            raise NodeError.from_dict(told["error"])
        return Result.from_dict(told["result"])


class Doing(Flowing):
    """A flow on its way at one place, which this worker does."""

    def __init__(self, begun: _Begun, place: Place) -> None:
        super().__init__(begun.run, begun.flow, None)
        steps = {step.id: step for step in begun.flow.steps}
        known = begun.outputs_and_items(place.known)
        self._outputs.update(known["steps"])
        self._at = Outcome(steps[place.step])
        if place.index is not None:
            item = Item(**known["items"][place.index])
            self._at = attrs.evolve(self._at, item=item, of=len(known["items"]))

    def result(self) -> Result:
        """What comes of it. Raises what `run_step` raises."""
        return self._result(self._at)


def _item(at: Outcome) -> dict[str, Any]:
    return {} if at.item is None else attrs.asdict(at.item, recurse=False)


def _index(at: Outcome) -> int | None:
    return None if at.item is None else at.item.index


def _raise(error: Exception) -> Told:
    raise error


def _steps_of(step: PlacedStep) -> set[str]:
    """The steps whose outputs it asks for, itself or for its items."""
    expressions = [text for _, _, value in step.values for text in references(value)]
    if isinstance(step.when, str):
        expressions.append(step.when)
    found = [names for text in expressions if not variable(text) for names in stands_on(text)]
    return {names[1] for names in found if names[0] == "steps"}
