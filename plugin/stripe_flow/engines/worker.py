"""What does a process of an engine do for a run: begin it, and do one of its steps?"""

import hashlib
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

import attrs

from stripe_flow.engines.order import Order, Place, Stored, Told, check_owner, told_of
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

ORDER, KNOWN = "order:", "known:"  # kept beside the steps: what is asked for; what a step stands on
LOST = "This run is not kept where this worker looks: has it the same database or storage?"
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

    run: Run
    flow: Flow
    owner: str
    order: str  # the name under which the run keeps it
    known: dict[str, Any] = attrs.field(factory=dict[str, Any], repr=False)  # what was asked last

    def outputs_and_items(self, name: str) -> Any:
        """What a step stands on, as `Spreading` kept it."""
        found = self.known.get(name)
        if found is None:
            found = self.run.keep(name, _lost)
            self.known.clear()
            self.known[name] = found
        return found


def _lost() -> Any:
    raise UsageError(LOST)


class Worker:
    """A process of an engine: the actions and the account it has, and where runs are kept."""

    def __init__(self, host: Host, connection: Connection, journal: AnyJournal) -> None:
        self.host = host
        self.connection = connection
        self.journal = journal
        self._begun: dict[tuple[str, str], _Begun] = {}
        self._lock = threading.Lock()

    def outcomes(self, order: Order, spread: Spread) -> Iterator[Stored]:
        """Runs a flow, whose steps the workers do; what comes of each as JSON data."""
        begun = self._begin(order)
        flowing = Spreading(begun, spread)
        for outcome in flowing.outcomes():
            with hiding(*begun.flow.hidden):
                told = told_of(outcome)
            yield told

    def step(self, place: Place) -> Stored:
        """Does a step, or says that it is to be done once more, later and under the same key."""
        try:
            begun = self._at_hand(place)
            with hiding(*begun.flow.hidden):
                return _done(begun, place)
        except NodeError as error:
            return {"error": error.as_dict()}

    def _begin(self, order: Order) -> _Begun:
        """A run whose order every worker finds."""
        run = self._run(order.owner, order.run_id, order.name)
        stored = order.as_dict()
        text = json.dumps(stored, sort_keys=True)
        name = f"{ORDER}{_digest(text)}"
        run.keep(name, order.as_dict)
        return self._judged(run, order, name)

    def _at_hand(self, place: Place) -> _Begun:
        """The run of a place, judged here once: this worker has the variables that it names."""
        name = place.run_id, place.order
        with self._lock:
            found = self._begun.pop(name, None) or self._found(place)
            self._begun[name] = found
            for oldest in [*self._begun][:-MOST_BEGUN]:
                del self._begun[oldest]
        return found

    def _found(self, place: Place) -> _Begun:
        run = self._run(place.owner, place.run_id)
        order = Order(**run.keep(place.order, _lost))
        return self._judged(run, order, place.order)

    def _run(self, owner: str, run_id: str, what: str | None = None) -> Run:
        check_owner(owner, self.connection, run_id)
        return Run(self.host, self.connection, run_id, self.journal, what=what)

    def _judged(self, run: Run, order: Order, name: str) -> _Begun:
        flow = load(order.name, order.text, self.host, order.inputs)
        return _Begun(run, flow, order.owner, name)


def _done(begun: _Begun, place: Place) -> Stored:
    """What comes of a step; why it is to be done later, if what failed may pass."""
    try:
        result = Doing(begun, place).result()
    except NodeError as error:
        if not error.retryable:
            raise
        return {"later": reason(error)["text"]}
    return {"result": result.as_dict()}


class Spreading(Flowing):
    """A flow on its way, whose steps and items are begun together and waited for in order."""

    def __init__(self, begun: _Begun, spread: Spread) -> None:
        super().__init__(begun.run, begun.flow, None)
        self._begun = begun
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
        places: list[Place] = []
        for number, at in enumerate(wanted):
            place = self._place(at, known)
            if at.item:
                place = attrs.evolve(place, index=number)
            places.append(place)
        finishes = self._spread(places)
        for at, finish in zip(wanted, finishes, strict=True):
            self._finish[_index(at)] = finish

    def _place(self, at: Outcome, known: str) -> Place:
        begun = self._begun
        return Place(
            begun.run.run_id,
            begun.owner,
            begun.order,
            known,
            step=at.step.id,
            name=at.name,
            of=at.of,
        )

    def _keep_known(self, wanted: list[Outcome]) -> str:
        """Keeps what a step and its items stand on, once for all workers; gives its name."""
        step = wanted[0].step
        outputs = {name: self._outputs[name] for name in _steps_of(step)}
        items = [attrs.asdict(at.item) for at in wanted if at.item]
        known = {"steps": outputs, "items": items}
        text = json.dumps(known, default=str)  # what was not kept as a whole says so
        name = f"{KNOWN}{step.id}:{_digest(text)}"
        self._run.keep(name, partial(json.loads, text))
        return name

    def _result(self, at: Outcome) -> Result:
        finish = self._finish.pop(_index(at))
        told = finish()
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
        items = known["items"]
        if place.index is not None:
            item = Item(**items[place.index])
            self._at = Outcome(self._at.step, item, place.of)

    def result(self) -> Result:
        """What comes of it. Raises what `run_step` raises."""
        return self._result(self._at)


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]


def _index(at: Outcome) -> int | None:
    return None if at.item is None else at.item.index


def _raise(error: Exception) -> Told:
    raise error


def _steps_of(step: PlacedStep) -> list[str]:
    """The steps whose outputs it asks for, itself or for its items."""
    expressions = [step.when] if isinstance(step.when, str) else []
    for _, _, value in step.values:
        expressions += references(value)
    found = set[str]()
    for expression in expressions:
        if not variable(expression):
            for root, *names in stands_on(expression):
                if root == "steps":
                    found.add(names[0])
    return sorted(found)
