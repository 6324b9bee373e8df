"""How do the steps of a flow run one after another, for each of many items or for none?

What a step gives is its output. One that is done for each item of a list gives the list of theirs,
in its order, with null for an item that was skipped or failed; one that is skipped gives null.
"""

import logging
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Any

import attrs

from stripe_flow.bounded import known as bounded
from stripe_flow.expressions import (
    LOOPING,
    MOST_LISTED,
    Finder,
    Known,
    Unresolved,
    stands_on,
    truth,
)
from stripe_flow.items import Item, digest_of, items_of_list
from stripe_flow.pages import every_page
from stripe_flow.placed import COLLECT, PlacedStep
from stripe_flow.references import resolved
from stripe_flow.run import END, FLOW, ITEMS
from stripe_flow.step import Step
from stripe_plugin.declare.options import Options, check_naming
from stripe_plugin.errors import CardError, Denied, InvalidInputs, InvalidRequest, UsageError
from stripe_plugin.run.result import Result
from stripe_plugin.secrets import hiding, without_secrets

if TYPE_CHECKING:
    from stripe_flow.flow import Flow
    from stripe_flow.run import Run

OTHER_ITEMS = (
    "%s: the list is not the one with which this run began. What was done for an item that is still"
    " in it is not done again; what is new in it is done now"
)
SAME_KEY = (
    "Options › Idempotency Key is that of another step or item of this flow: Stripe would repeat"
    " the answer to that, and do nothing. Give each a key of its own"
)
# What says something of one item alone. All else would meet the next one too, or leaves open what
# was done: it stops the flow, whatever the step says.
OF_ONE_ITEM = (InvalidInputs, Unresolved, Denied, CardError, InvalidRequest)

Waiting = Callable[[str], AbstractContextManager[object]]
logger = logging.getLogger("stripe_flow")


class Outputs(dict[str, Any]):
    """The outputs by step, whole. Shown, as by a traceback with locals, their secrets are cut."""

    def __repr__(self) -> str:
        return repr(without_secrets(self))


@attrs.frozen
class Outcome:
    """What came of a step, or of one of its items: a result, or an error that was collected.

    With neither it was skipped, or there was no item to do it for.
    """

    step: PlacedStep
    item: Item | None = None
    of: int = 1  # so many items; 0 of a step that had none
    result: Result | None = None
    error: Exception | None = None

    @property
    def skipped(self) -> bool:
        """Whether nothing was to be done: its `if` said no, or it had no items."""
        return self.result is None and self.error is None

    @property
    def name(self) -> str:
        """The step's name, with the item's number and what that is called."""
        if self.item is None:
            return self.step.id
        number = f"{self.step.id} {self.item.index + 1}/{self.of}"
        return f"{number} {self.item.label}".rstrip()

    @property
    def number(self) -> str:
        """Where it stands in the file, and the number of its item."""
        if self.item is None:
            return self.step.place
        return f"{self.step.place}, item {self.item.index + 1}"

    @property
    def label(self) -> str | None:
        """What its item is called, if it is of one."""
        return None if self.item is None else self.item.label

    @property
    def place(self) -> str:
        """Where it stands in the file, and which item it is of."""
        return self.number if self.label is None else f"{self.number} ({self.label})"


class StepError(UsageError):
    """A step that cannot go on; steps before it may have been sent."""


class Flowing:
    """A flow on its way: what it knows so far."""

    def __init__(self, run: "Run", flow: "Flow", waiting: Waiting | None) -> None:
        self._run = run
        self._flow = flow
        self._waiting: Waiting = waiting or nullcontext
        self._outputs = Outputs()
        self._keys: set[tuple[Any, Any]] = set()  # account and idempotency key, of each item
        self._failed = False  # whether an error was collected, so that something is left to do

    def outcomes(self) -> Iterator[Outcome]:
        """What comes of each step and item."""
        self._run.begin_with(self._flow.inputs)
        self._run.check_steps([step.kept_as for step in self._flow.steps])
        self._run.mark(FLOW)
        for step in self._flow.steps:
            self._outputs[step.id] = None
            if step.loops:
                yield from self._each(step)
            else:
                yield self._one(Outcome(step))
        if not self._failed:
            self._run.mark(END)

    def _start(self, ats: list[Outcome]) -> None:
        step = ats[0].step
        if not self._run.host.action(step.action).spec.hints["read_only"]:
            self._run.begin_step(step.kept_as, loops=step.loops)
        self._prepare(ats)

    def _prepare(self, ats: list[Outcome]) -> None:
        """What an engine does before these are done; here they are done one after another."""

    def _one(self, at: Outcome) -> Outcome:
        with self._told(at):
            self._start([at])
            done = self._done(at)
            self._outputs[at.step.id] = _output(done)
        return done

    def _each(self, step: PlacedStep) -> Iterator[Outcome]:
        """What comes of a step for each of its items; once, if it is skipped or has none."""
        whole = Outcome(step)
        with self._told(whole):
            wanted = _asks_of_items(step) or self._is_wanted(whole)
            items = self._items(step) if wanted else []
        if not items:
            self._outputs[step.id] = [] if wanted else None
            yield attrs.evolve(whole, of=0) if wanted else whole
            return
        ats = [Outcome(step, item, len(items)) for item in items]
        with self._told(whole):
            self._start(ats)
        outputs: list[Any] = []
        for at in ats:
            with self._told(at):
                done = self._done(at)
                outputs.append(_output(done))
            yield done
        self._outputs[step.id] = outputs

    def _items(self, step: PlacedStep) -> list[Item]:
        known = self._known(Outcome(step))
        if isinstance(step.foreach, str):
            found = Finder(MOST_LISTED).find(step.foreach, known)
        else:
            found = resolved(step.foreach, known)
        items = items_of_list(found)
        if not self._run.is_first(ITEMS + step.id, digest_of(items)):
            logger.warning(OTHER_ITEMS, step.id)
        return items

    def _known(self, at: Outcome) -> Known:
        """What an expression may stand on."""
        known: dict[str, Any] = {
            "steps": self._outputs,
            "inputs": self._flow.inputs,
            "env": self._flow.env,
        }
        if at.item is not None:
            known |= {"item": at.item.value, "index": at.item.index}
        return known

    def _is_wanted(self, at: Outcome) -> bool:
        when = at.step.when
        if isinstance(when, bool):
            return when
        return truth(Finder().find(when, self._known(at)))

    def _done(self, at: Outcome) -> Outcome:
        """What comes of a step or an item; an error is raised, unless it is to be collected."""
        try:
            if not self._is_wanted(at):
                return at
            with self._waiting(at.name):
                return attrs.evolve(at, result=self._result(at))
        except OF_ONE_ITEM as error:
            unknown = getattr(error, "outcome_unknown", False)
            if at.step.on_error != COLLECT or unknown:
                raise
            self._failed = True
            self._run.note(at.number, error, at.label)
            return attrs.evolve(at, error=error)

    def _result(self, at: Outcome) -> Result:
        placed = at.step
        step = self._step(at)
        if not placed.all:
            return self._run.step(step)
        action = self._run.host.action(placed.action).read(step.inputs)
        return every_page(self._run.step, action, step, placed.most)

    def _step(self, at: Outcome) -> Step:
        """The step with all that its references find."""
        placed = at.step
        known = self._known(at)
        options = resolved(placed.options, known)
        check_naming(options)
        self._take_key(options)
        return Step(
            placed.id,
            placed.action,
            resolved(placed.inputs, known),
            options=options,
            item=at.item.identity if at.item else None,
        )

    def _take_key(self, options: Mapping[str, Any]) -> None:
        """Refuses an idempotency key for the second time: Stripe would only repeat its answer."""
        values, _ = Options.judge(options)
        key = values.get("idempotency_key")
        taken = values.get("account"), key
        if key is not None and taken in self._keys:
            raise Unresolved(SAME_KEY)
        self._keys.add(taken)

    @contextmanager
    def _told(self, at: Outcome) -> Generator[None]:
        """Whatever stops the flow tells where; what is hidden is cut."""
        place = at.place
        with hiding(*self._flow.hidden):
            try:
                yield
            except (InvalidInputs, UsageError) as error:
                self._run.note(at.number, error, at.label)
                wrong = str(error).removesuffix(".")
                raise StepError(f"{place}: {wrong}.") from error
            except (Exception, KeyboardInterrupt) as error:
                self._run.note(at.number, error, at.label)
                error.add_note(f"The flow stopped at {place}.")
                raise


def _asks_of_items(step: PlacedStep) -> bool:
    """Whether its `if` is about each item, and not about the step as a whole."""
    if isinstance(step.when, bool):
        return False
    return any(root in LOOPING for root, *_ in stands_on(step.when))


def _output(done: Outcome) -> Any:
    """What later steps find of it, as a flow that goes on has it."""
    if done.result is None:
        return None
    return bounded(done.result, without_secrets(done.result.output))
