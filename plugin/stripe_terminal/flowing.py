"""What do people see of a flow: its plan, each step as it is done, that it lives, how it ended?"""

import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from rich.text import Text

from stripe_plugin.errors import NodeError
from stripe_plugin.secrets import masked
from stripe_terminal import printed
from stripe_terminal.report import code_of
from stripe_terminal.screen import SKIPPED, WARNING, WRONG, Screen, one_line

if TYPE_CHECKING:
    from stripe_flow.flowing import Outcome
    from stripe_plugin.host.host import Host

Facts = Mapping[str, Any]
PATIENCE = 10.0  # seconds after which a plain log is told that a step still waits
INDENT = 4 * " "
EMPTY = "its foreach found no items"


class Waiting:
    """That a step lives: a spinner on a terminal, else a line now and then."""

    def __init__(self, err: Screen) -> None:
        self._err = err

    @contextmanager
    def __call__(self, name: str) -> Generator[None]:
        """Shows it while this lasts."""
        if self._err.is_screen:
            with self._err.status(Text(one_line(name))):
                yield
            return
        over = threading.Event()
        tell = partial(self._tell, name, over)
        telling = threading.Thread(target=tell, daemon=True)
        telling.start()
        try:
            yield
        finally:
            over.set()
            telling.join()

    def _tell(self, name: str, over: threading.Event) -> None:
        begun = time.monotonic()
        while not over.wait(PATIENCE):
            seconds = time.monotonic() - begun
            self._err.say(f"{one_line(name)} is still waited for, {seconds:.0f} s", "[dim]…[/] ")


@dataclass
class Tally:
    """What was done so far, and since when."""

    begun: float = field(default_factory=time.monotonic)
    done: int = 0
    before: int = 0  # of these, in an earlier try of the run
    skipped: int = 0
    failed: int = 0
    code: int = 0  # what a script learns of the errors that were collected

    def add(self, outcome: "Outcome") -> None:
        """Counts what came of a step or an item."""
        if outcome.error is not None:
            self.failed += 1
            self.code = max(self.code, code_of(outcome.error))
        elif outcome.result is None:
            self.skipped += 1
        else:
            self.done += 1
            self.before += outcome.result.replayed

    @property
    def nothing_new(self) -> bool:
        """Whether all that is done was done before."""
        return 0 < self.done == self.before and not self.failed

    @property
    def text(self) -> str:
        """How many came to what, and how long it took."""
        seconds = time.monotonic() - self.begun
        before = f" ({self.before} of them before)" if self.before else ""
        counts = [f"{self.done} done{before}"]
        if self.skipped:
            counts.append(f"{self.skipped} skipped")
        if self.failed:
            counts.append(f"{self.failed} failed")
        return f"{', '.join(counts)} in {seconds:.1f} s"


def facts_of(outcome: "Outcome") -> dict[str, Any]:
    """What a line of JSON has beside the result: the step, the item, that it was skipped."""
    step = outcome.step
    facts: dict[str, Any] = {"step": step.id, "action": step.action}
    if outcome.item is not None:
        facts["item"] = outcome.item.as_dict()
    if outcome.skipped:
        facts["skipped"] = True
    if not outcome.of:
        facts["items"] = 0
    if isinstance(outcome.error, NodeError):
        facts["error"] = outcome.error.as_dict()
    return facts


def print_outcome(out: Screen, outcome: "Outcome", host: "Host") -> None:
    """One line for a step or an item."""
    action = host.action(outcome.step.action)
    name = one_line(f"{outcome.name:<10} {action.spec.name}")
    if outcome.result is not None:
        printed.print_step(out, name, outcome.result)
    elif outcome.error is not None:
        wrong = one_line(masked(str(outcome.error)))
        out.say(f"{name}{printed.GAP}{wrong}", WRONG)
    elif outcome.of:
        out.say(f"{name} skipped", SKIPPED)
    else:
        out.say(f"{name} nothing to do: {EMPTY}", SKIPPED)


def print_warnings(err: Screen, warnings: Sequence[Facts]) -> None:
    """What looks wrong in a file, with its line."""
    for warning in warnings:
        err.tell("{file}:{line}: {text}".format(**warning), WARNING)


def print_plan(out: Screen, plan: Facts) -> None:
    """Each step, and below it what it does, when, and how often."""
    for step in plan["steps"]:
        name = one_line(f"{step['step']:<10} {step['name']}")
        out.print(Text(name, "bold"), soft_wrap=True)
        for fact in _planned(step):
            out.say(f"{INDENT}{one_line(fact)}")


def _planned(step: Facts) -> Iterator[str]:
    hints = step["hints"]
    if hints["destructive"]:
        yield "cannot be undone"
    elif hints["read_only"]:
        yield "only reads"
    if step["waits_for"]:
        yield f"waits for {', '.join(step['waits_for'])}"
    if step["foreach"] is not None:
        yield f"for each of {_short(step['foreach'])}; at an error: {step['on_error']}"
    if step["if"] is not True:
        yield f"if {_short(step['if'])}"
    if step["all"]:
        yield f"all pages, at most {step['most']:,}"


def _short(value: Any) -> str:
    """An expression as it is; of a list how long it is; true and false as the file has them."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return f"{len(value)} items"
