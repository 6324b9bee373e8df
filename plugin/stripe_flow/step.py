"""How does a step of a run happen once, however often its process is killed and started again?

All that is asked of an engine is `keep(name, compute)`: it gives what `compute()` gave the first
time it was called under that name in this run, and gives it only when that is stored for good. Of
two processes that call it at once, both are given the same. What is kept is a small JSON object;
`compute` is quick and never fails. The simplest engine lasts as long as its process:

    kept: dict[str, str] = {}

    def keep(name: str, compute: Callable[[], Any]) -> Any:
        if name not in kept:
            kept[name] = json.dumps(compute())
        return json.loads(kept[name])

    step = Step("pay", "create_payment_intent", {"Amount": 2000, "Currency": "usd"})
    result = run_step(keep, host, step, connection=connection, run_id="order-17")

`stripe_flow.journal.Journal` is one that lasts. The names are `STEP/TRY/0`, `STEP/TRY/1` and so
on, with `STEP[ITEM]` for a step that is done for each of many: each try of a step is a log, and
each of its entries is one of these, with `by`, who wrote it, and `at`, when, in unix seconds:

    {"asked": …, "action": …, "inputs": […]}
                                       it is about to be sent, for the first time or again
    {"asked": …, "error": …}           it failed, and may have been executed all the same
    {"end": "done", "result": …}       it is done: whoever repeats the step is given this result
    {"end": "refused", "error": …}     Stripe refused it and its key is spent: the next try has a
                                       key of its own and may have other inputs
    {"end": "unsent", "error": …}      surely nothing was executed: the next try has the same key

`action`, `inputs` (their names) and `error` (made by `reason`) are there for people to read: no
decision stands on them. An entry goes behind those that are there: the names are asked for in order
until one's own entry comes back. Only who is last in a log may end it as refused or unsent, for
whoever has come later works under the same key; what is done is noted in any case. `asked` is a
digest of the inputs: with others, a try that may have been executed is neither repeated nor
replaced.
"""

import hashlib
import json
import re
import secrets
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from functools import partial
from inspect import isawaitable
from itertools import count
from typing import Any, Protocol, cast

import attrs

from stripe_plugin.client.connection import Connection
from stripe_plugin.declare.options import Options
from stripe_plugin.errors import (
    IdempotencyConflict,
    InvalidInputs,
    NodeError,
    StripeError,
    UsageError,
)
from stripe_plugin.host.host import Host
from stripe_plugin.host.watch import HookFailed
from stripe_plugin.judge.values import NOTHING, is_object
from stripe_plugin.run.context import RunContext
from stripe_plugin.run.idempotency import idempotency_key
from stripe_plugin.run.result import Result
from stripe_plugin.secrets import masked, said, shown

DONE, REFUSED, UNSENT = "done", "refused", "unsent"
WAS_DONE = (
    "was done in this run with other inputs: put those back to go on; a new run does it once more"
)
MAY_BE_DONE = (
    "may have been executed in this run with other inputs: put those back to go on, or look at"
    " Stripe what came of it and do what is left under a new run ID"
)
NOT_NOTED = "what is done could not be noted: "

# What is kept of an error: the words of `NodeError` and those that Stripe's support asks for.
REASONS = (
    *("category", "text", "code", "decline_code", "advice_code", "status", "request_id"),
    *("display_key", "attempts", "outcome_unknown"),
)
MOST_NAMES, LONGEST_NAME, LONGEST_TEXT = 100, 200, 2_000

Entry = Mapping[str, Any]
COUNTED = re.compile("/[0-9]+$")
MARK = {"by", "at", "asked"}  # the least of each
END = {"by", "end"}


class Engine(Protocol):
    """What keeps a run: see above. For `arun_step` it may be a coroutine function."""

    def __call__(self, name: str, compute: "Compute", /) -> Any:
        """What `compute()` gave the first time under this name."""


@attrs.frozen
class Step:
    """One action of a run: the step's name, the action's ID, its inputs by display key."""

    id: str
    action: str
    inputs: Mapping[str, Any]
    expand: Sequence[str] = ()  # linked objects to include in the output
    extra: Mapping[str, Any] = NOTHING  # Stripe's parameters without a row
    options: Mapping[str, Any] = NOTHING  # by display key or name, as `Host.run` takes them
    item: str | None = None  # which one, of a step that is done for each of many

    @property
    def name(self) -> str:
        """What is kept of it is kept under this name: `pay`, or `pay[cus_123]`."""
        return self.id if self.item is None else f"{self.id}[{self.item}]"


def run_step(
    keep: Engine, host: Host, step: Step, *, connection: Connection, run_id: str
) -> Result:
    """The step's result: the kept one, with `replayed` and its secrets cut, or Stripe's.

    Raises what `Host.run` and `keep` raise; `UsageError` if the step had other inputs; `HookFailed`
    with the result if it is done but could not be noted. An error after which the same step may
    be run again leaves it so.
    """
    plan = _plan(_Work(host, step, connection, run_id))
    go_on: GoOn = partial(next, plan)
    while True:
        try:
            command = go_on()
        except StopIteration as end:
            return _the_result(end)
        try:
            answer = command.obey(keep, host.run)
        except Exception as error:  # noqa: BLE001 - the plan decides
            go_on = partial(plan.throw, error)
        else:
            go_on = partial(plan.send, answer)


async def arun_step(
    keep: Engine, host: Host, step: Step, *, connection: Connection, run_id: str
) -> Result:
    """The same for asyncio; `keep` may be a coroutine function."""
    plan = _plan(_Work(host, step, connection, run_id))
    go_on: GoOn = partial(next, plan)
    while True:
        try:
            command = go_on()
        except StopIteration as end:
            return _the_result(end)
        try:
            answer = command.obey(keep, host.arun)
            if isawaitable(answer):
                answer = await answer
        except Exception as error:  # noqa: BLE001 - the plan decides
            go_on = partial(plan.throw, error)
        else:
            go_on = partial(plan.send, answer)


def may_be_done(found: Callable[[str], Entry | None], name: str) -> bool:
    """Whether a step was executed, or may have been. `found` gives what is kept, if it is."""
    for number in count():
        entries = [*_kept_of(found, f"{name}/{number}")]
        if not entries:
            return False
        ends = {entry["end"] for entry in entries if "end" in entry}
        if DONE in ends or not ends:
            return True
    return False


def _kept_of(found: Callable[[str], Entry | None], tried: str) -> Iterator[Entry]:
    """The entries of a try, in order."""
    for index in count():
        entry = found(f"{tried}/{index}")
        if entry is None:
            return
        yield entry


def _the_result(end: StopIteration) -> Result:
    result: Result = end.value
    return result


# --- the plan, which both share -------------------------------------------------------------------


@attrs.frozen
class Keep:
    """A command of the plan: keep this under a name. It is answered with what is kept there."""

    name: str
    entry: Entry

    def obey(self, keep: Engine, _: Any) -> Any:
        """What the engine gives."""
        return keep(self.name, self._compute)

    def _compute(self) -> Entry:
        return self.entry


@attrs.frozen
class Send:
    """A command of the plan: run the step. It is answered with the result, or its error raised."""

    work: "_Work"
    context: RunContext

    def obey(self, _: Any, run: Callable[..., Any]) -> Any:
        """What the host gives."""
        step = self.work.step
        return run(
            step.action,
            step.inputs,
            options=step.options,
            extra=step.extra,
            expand=step.expand,
            connection=self.work.connection,
            context=self.context,
        )


Compute = Callable[[], Entry]
Command = Keep | Send
GoOn = Callable[[], Command]
Plan = Generator[Command, Any, Result]
Keeping = Generator[Command, Any, None]
Sending = Generator[Command, Any, Result | None]
Leaving = Generator[Command, Any, Entry | None]
Reading = Generator[Command, Any, Entry]


@attrs.frozen
class _Work:
    """What is to be done: which step of which run, by which host, on whose account."""

    host: Host
    step: Step
    connection: Connection
    run_id: str

    def check(self) -> None:
        """Refuses a run without a name, or an action that is not there: nothing is kept of it."""
        if not isinstance(cast("Any", self.run_id), str):
            raise UsageError("A step needs the run_id of its run")
        if "[" in self.step.id:
            raise UsageError(
                f"A step's name has no [, as its items have; got {shown(self.step.id)}"
            )
        self.host.action(self.step.action)

    def digest(self) -> str:
        """What is asked, of whom, in which run: the same for another account is another step."""
        try:
            text = self._as_json()
        except (TypeError, ValueError, RecursionError):
            text = ""  # what is no JSON the host refuses, and says what is wrong with it
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def _as_json(self) -> str:
        step = self.step
        who = self.connection
        whose = [self.run_id, who.mode, who.base_url, who.account, who.key_digest]
        asked = [step.action, step.inputs, step.expand, dict(step.extra), whose]
        if step.options:
            asked.append(dict(step.options))
        return json.dumps(asked, sort_keys=True, default=str)

    def key(self, context: RunContext) -> str | None:
        """The idempotency key that a try has: by it Stripe's answer to it is known."""
        try:
            spec = self.host.action(self.step.action).spec
            run = context.told(Options.read(self.step.options))
        except (UsageError, InvalidInputs):  # there is no such action, or option
            return None
        return idempotency_key(spec, self.connection, run)


@attrs.define
class _Try:
    """A try of a step, and where in its log this process stands."""

    work: _Work
    asked: str
    number: int = 0
    spent: int = 0  # the tries before it that Stripe refused: each has used a key up
    index: int = 0  # of this process's entry
    begun: float | None = None  # when it may have been sent first, if not by this process
    end: Entry | None = None
    by: str = attrs.field(factory=lambda: secrets.token_hex(8))

    def keep(self, index: int, entry: Entry) -> Keep:
        """The command that puts an entry at a place of the log, if nothing is there."""
        name = f"{self.work.step.name}/{self.number}/{index}"
        return Keep(name, {**entry, "by": self.by, "at": time.time()})

    def mark(self) -> Entry:
        """The entry that it is about to be sent."""
        step = self.work.step
        return {"asked": self.asked, "action": step.action, "inputs": _names(step.inputs)}

    def context(self) -> RunContext:
        """The name under which it is sent."""
        return RunContext(
            run_id=self.work.run_id, step=self.work.step.id, item=self._item(), begun=self.begun
        )

    def _item(self) -> str | None:
        """Which of many, and behind that how many keys were spent on it.

        None is called as another after a refusal: what ends in a number itself has a 0 behind it.
        """
        item = self.work.step.item or ""
        if self.spent or COUNTED.search(item):
            return f"{item}/{self.spent}"
        return self.work.step.item

    def next(self, end: Entry) -> "_Try":
        """The try that follows when this one has ended so."""
        following = _Try(self.work, self.asked, self.number + 1, self.spent)
        if end["end"] == REFUSED:
            following.spent += 1
        return following


def _names(inputs: object) -> list[str]:
    """The names of inputs, without secrets and as far as there are any."""
    names: list[Any] = [*inputs] if is_object(inputs) else []
    texts = [name for name in names[:MOST_NAMES] if isinstance(name, str)]
    return [masked(text[:LONGEST_NAME]) for text in texts]


def _plan(work: _Work) -> Plan:
    tried = _Try(work, work.digest())
    work.check()
    tried.context()  # refuses what is no name, or a secret, before it is kept
    yield from _enter(tried)
    while tried.end is not None:
        if tried.end["end"] == DONE:
            return _kept_result(tried.end)
        tried = tried.next(tried.end)
        yield from _enter(tried)
    result: Result | None = None
    while result is None:
        result = yield from _sent(tried)
    yield from _note(tried, result)
    return result


def _sent(tried: _Try) -> Sending:
    """What comes of sending it; None if it is to be sent once more."""
    context = tried.context()
    try:
        result: Result = yield Send(tried.work, context)
    except HookFailed as error:
        if error.result is not None:
            yield from _note(tried, error.result)
        raise
    except Exception as error:
        other = yield from _leave(tried, error, context)
        if other is None or not _found_nothing(tried, error):
            raise
        tried.begun = other["at"]
        return None
    return result


def _found_nothing(tried: _Try, error: Exception) -> bool:
    """Whether a deletion, which has no key, had nothing to delete, though nobody came before it.

    A process that came later may have been the first to delete.
    """
    spec = tried.work.host.action(tried.work.step.action).spec
    is_first = spec.method == "DELETE" and tried.begun is None
    return is_first and getattr(error, "code", None) == "resource_missing"


def _enter(tried: _Try) -> Keeping:
    """Puts this process behind those in the log of a try, or finds how the try ended."""
    mark = tried.mark()
    first = entry = yield from _read(tried.keep(0, mark))
    while "end" not in entry and entry["by"] != tried.by:
        tried.index += 1
        entry = yield from _read(tried.keep(tried.index, mark))
    if "end" in entry:
        tried.end = entry
    if first["asked"] != tried.asked:
        _check_other_inputs(tried)
    if first["by"] != tried.by:
        tried.begun = first["at"]


def _check_other_inputs(tried: _Try) -> None:
    """Refuses other inputs, unless the try has ended without a result."""
    action = tried.work.step.action
    if tried.end is None:
        raise UsageError(f"{action} {MAY_BE_DONE}")
    if tried.end["end"] == DONE:
        raise UsageError(f"{action} {WAS_DONE}")


def _read(command: Keep) -> Reading:
    """What is kept under a name."""
    entry: Any = yield command
    words = entry.keys() if is_object(entry) else set[str]()
    if not (words >= MARK or words >= END):
        raise UsageError(f"What is kept as {command.name} is none of a step's entries")
    found: Entry = entry
    return found


def _leave(tried: _Try, error: Exception, context: RunContext) -> Leaving:
    """Notes how a try failed. If surely not executed it has ended, unless another works at it.

    Gives the entry of that other.
    """
    end = _end_of(tried, error, context)
    state = {"asked": tried.asked} if end is None else {"end": end}
    noted = {**state, "error": reason(error)}
    for index in count(tried.index + 1):
        try:
            entry = yield from _read(tried.keep(index, noted))
        except Exception as failed:  # noqa: BLE001 - it stays begun, and the error is what matters
            error.add_note(f"How this step failed could not be noted: {said(failed)}")
            return None
        # One with other inputs came and went: it sends nothing.
        if "end" in entry or entry["asked"] == tried.asked:
            return None if entry["by"] == tried.by else entry
    return None


def _end_of(tried: _Try, error: Exception, context: RunContext) -> str | None:
    """How a try ends by an error; None if it may have been executed, now or before."""
    if getattr(error, "outcome_unknown", False):
        return None
    if _is_refusal(error, tried.work.key(context)):
        return REFUSED
    # A hook's own error knows nothing of an earlier process.
    return UNSENT if tried.begun is None else None


def reason(error: BaseException) -> dict[str, Any]:
    """Why a step failed, as JSON data without secrets, for whoever looks later."""
    if isinstance(error, KeyboardInterrupt):
        return {"category": "interrupted", "text": "It was interrupted."}
    if not isinstance(error, NodeError):
        return {"category": "unexpected", "text": said(error)}
    facts = error.as_dict()
    told = {word: facts[word] for word in REASONS if facts.get(word) is not None}
    return {**told, "text": told["text"][:LONGEST_TEXT]}


def _is_refusal(error: Exception, key: str | None) -> bool:
    """Whether it is Stripe's last word on what was sent under this key, which is thereby spent."""
    if not isinstance(error, StripeError) or error.status is None:
        return False
    if error.attempts == 0 or error.idempotency_key != key:
        return False  # a hook's own
    # After a clash the key stands for other inputs still: with those the run may go on.
    return not (error.retryable or isinstance(error, IdempotencyConflict))


def _note(tried: _Try, result: Result) -> Keeping:
    """Notes that a try is done, whoever works at it besides."""
    entry: Entry = {}
    done = {"end": DONE, "result": result.as_dict()}
    try:
        while "end" not in entry:
            tried.index += 1
            entry = yield from _read(tried.keep(tried.index, done))
    except Exception as error:
        raise HookFailed(f"{NOT_NOTED}{said(error)}", result, None) from error
    if entry["end"] != DONE:
        raise HookFailed(f"{NOT_NOTED}another process saw it {entry['end']}", result, None)


def _kept_result(entry: Entry) -> Result:
    try:
        return attrs.evolve(Result.from_dict(entry["result"]), replayed=True)
    except (KeyError, UsageError):
        raise UsageError("The result that is kept of this step is of another version") from None
