"""What is sent again, when, and what comes of it? No I/O."""

import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import partial
from math import inf
from typing import Any

import attrs

from stripe_plugin.declare.action import Action
from stripe_plugin.declare.recipe import Call, Calls, Done, Recipe
from stripe_plugin.errors import InvalidRequest, StripeError
from stripe_plugin.run import result
from stripe_plugin.run.context import Account, Policy, RunContext
from stripe_plugin.run.idempotency import check_age, idempotency_key, key_of_call, trusted_until
from stripe_plugin.run.log import Log
from stripe_plugin.run.pages import Pages, reads_all
from stripe_plugin.run.result import Course, Result
from stripe_plugin.wire.reply import Answer, Executed, Lost, Outcome, Reply, verdict
from stripe_plugin.wire.request import Request

STRIPE_VERSION = "2026-08-26.dahlia"  # pinned here, and nowhere else
USER_AGENT = "stripe-nodes/0.1"
SHORTEST = 0.001  # seconds; an attempt gets at least these, however late it is
MOST_REFUSED = 20  # times that Stripe may repeat it, of one call of a recipe
INTERRUPTED = Lost("Interrupted", sent=True, again=False)


@attrs.frozen
class Wait:
    """A command to a client: let so many seconds pass. It is answered with None."""

    seconds: float


@attrs.frozen
class Send:
    """A command to a client: send this. It is answered with the `Reply`, or with why it is `Lost`.

    `timeout`: seconds from opening a connection to the last byte of the answer. `patience`: seconds
    for that and for waiting until there is a connection; waiting for a rate is never counted.
    `not_after`: unix seconds; by then Stripe may have forgotten the key, and it is not sent.
    `ends`: when the run's deadline is, in seconds of the monotonic clock; that bounds everything.
    """

    request: Request
    headers: Mapping[str, str]  # everything but the API key
    timeout: float
    patience: float
    not_after: float | None = None
    ends: float = inf

    def until(self, began: float) -> float:
        """When its patience ends that began then, in seconds of the monotonic clock."""
        return min(began + self.patience, self.ends)

    def is_too_late(self) -> bool:
        """Asked when everything is ready: a machine may sleep while it waits for its turn."""
        return self.not_after is not None and time.time() > self.not_after


Command = Wait | Send
Exchange = Generator[Command, Answer | None, Result]


def exchange(action: Action, account: Account, context: RunContext, policy: Policy) -> Exchange:
    """All attempts of one action, one command at a time.

    A client drives it so: `command = next(talk)`, then `command = talk.send(answer)`, until
    `StopIteration` brings the result. Closing it means that the client was interrupted. Raises
    `InvalidInputs` and `UsageError` before the first command, `StripeError` after the last.
    """
    if isinstance(action, Recipe):
        return _every_call(action, account, context, policy)
    if reads_all(action):
        return _every_page(action, account, context, policy)
    return _one_request(action, account, context, policy)


def _every_page(action: Action, account: Account, context: RunContext, policy: Policy) -> Exchange:
    """A list to its end, each page as a request of its own; one deadline bounds them together."""
    pages = Pages.of(action)
    ends = time.monotonic() + (context.deadline or inf)
    results: list[Result] = []
    entries: list[Any] = []
    for page in pages:
        try:
            answered = yield from _one_request(page, account, _until(ends, context), policy)
        except StripeError as error:
            if not pages.survives(error):
                raise
        else:
            entries += pages.take(answered.output)
            results.append(answered)
    return result.whole(results, entries, pages)


def _every_call(recipe: Recipe, account: Account, context: RunContext, policy: Policy) -> Exchange:
    """The calls of a recipe, each under a key of its own; one deadline bounds them together."""
    key = idempotency_key(recipe.spec, account, context)
    ends = time.monotonic() + (context.deadline or inf)
    calls = recipe.calls()
    made: list[result.Made] = []
    output: Any = None
    while True:
        try:
            call = _next(calls, output)
        except LookupError as error:  # of what it takes from Stripe's answer
            raise result.unread(recipe, made, key) from error
        if isinstance(call, Done):
            return result.of_calls(made, call)
        run = attrs.evolve(_until(ends, context), idempotency_key=key)
        with _telling(recipe, call, made, key):
            answered = yield from _one_call(call, account, run, policy)
        made.append(result.Made(call, answered))
        output = answered.output


@contextmanager
def _telling(
    recipe: Recipe, call: Call, made: list[result.Made], key: str | None
) -> Generator[None]:
    """What fails in here tells of which call it is; under the recipe's own key all goes on."""
    try:
        yield
    except StripeError as error:
        result.tell_of_call(error, recipe, call, made)
        error.idempotency_key = key
        raise


def _one_call(call: Call, account: Account, context: RunContext, policy: Policy) -> Exchange:
    """A call under a key of its own, and under the next as long as Stripe repeats a refusal.

    What was refused has changed nothing: once the reason for it is gone, the recipe goes on.
    """
    number = 1
    while True:
        run = _of_call(call, context, number)
        try:
            return (yield from _one_request(call.action, account, run, policy))
        except InvalidRequest as error:
            is_over = error.replayed and not error.outcome_unknown
            if not is_over or number == MOST_REFUSED:
                raise
        number += 1


def _of_call(call: Call, context: RunContext, number: int) -> RunContext:
    """The run of a recipe's call, under the key of its first, second … time."""
    name = call.name if number == 1 else f"{call.name}:{number}"
    key = key_of_call(context.idempotency_key, name)
    return attrs.evolve(context, idempotency_key=key)


def _next(calls: Calls, output: Any) -> Call | Done:
    """What a recipe does with an answer: another call, or nothing more."""
    try:
        return calls.send(output)
    except StopIteration as end:
        done: Done = end.value
        return done


def _until(ends: float, context: RunContext) -> RunContext:
    """The run of one request among several, whose deadline is that of all."""
    if context.deadline is None:
        return context
    left = max(ends - time.monotonic(), SHORTEST)
    return attrs.evolve(context, deadline=left)


def _one_request(action: Action, account: Account, context: RunContext, policy: Policy) -> Exchange:
    attempts = _Attempts(action, account, context, policy)
    try:
        answer = yield from attempts.run()
        return attempts.concluded(answer)
    except (StripeError, GeneratorExit):
        attempts.log_unknown()
        raise


class _Attempts:
    """The attempts of one run, and what is known of them so far."""

    def __init__(
        self, action: Action, account: Account, context: RunContext, policy: Policy
    ) -> None:
        self._spec = action.spec
        self._judged = partial(verdict, method=self._spec.method)
        self._request = action.request()
        self._action = action
        self._key = idempotency_key(self._spec, account, context)
        self._headers = _headers(account, context, self._key)
        self._mode = account.mode
        self._policy = policy
        self._timeout = context.timeout or policy.timeout
        self._ends = time.monotonic() + (context.deadline or inf)
        self._log = Log(action, account, context, inputs=policy.log_inputs)
        self._number = 0
        self._spent = 0.0  # seconds of the budget
        reads = self._spec.method == "GET"
        self._begun = None if reads else context.begun  # since when it may be executed
        self._verdict = self._judged(INTERRUPTED)

    def run(self) -> Generator[Command, Answer | None, Answer]:
        """Sends until an answer is the last; that one."""
        while True:
            answer = yield from self._attempt()
            delay = self._delay(answer)
            self._log.attempt(self._number, answer, self._verdict, delay)
            if delay is None:
                return answer
            self._spent += delay
            yield Wait(delay)

    def _attempt(self) -> Generator[Command, Answer | None, Answer]:
        if self._begun is not None:
            check_age(self._spec, self._begun, self._key, self._number)
        self._number += 1
        sent_at = time.time()
        try:
            answer = yield self._command()
        except GeneratorExit:
            self._judge(INTERRUPTED, sent_at)
            self._log.attempt(self._number, INTERRUPTED, self._verdict, None)
            raise
        if answer is None:
            raise TypeError("a Send is answered with a Reply or Lost")
        self._judge(answer, sent_at)
        self._spent += answer.took
        return answer

    def _command(self) -> Send:
        """To send it once more, within what is left of the budget."""
        left = max(self._policy.budget - self._spent, SHORTEST)
        return Send(
            self._request,
            self._headers,
            timeout=min(self._timeout, left),
            patience=left,
            not_after=trusted_until(self._begun),
            ends=self._ends,
        )

    def _judge(self, answer: Answer, sent_at: float) -> None:
        """Notes what an answer means, and whether by now it may have been executed."""
        self._verdict = self._judged(answer)
        if self._verdict.executed is Executed.UNKNOWN:
            self._begun = self._begun or sent_at
        elif self._verdict.executed is not Executed.NOT_NOW:
            self._begun = None

    def _delay(self, answer: Answer) -> float | None:
        """Seconds until the next attempt; None if this was the last."""
        if not self._verdict.again or self._number > self._policy.retries:
            return None
        delay = self._policy.delay(self._number, answer)
        is_in_budget = self._spent + delay < self._policy.budget
        is_in_time = time.monotonic() + delay < self._ends
        return delay if is_in_budget and is_in_time else None

    def concluded(self, answer: Answer) -> Result:
        """What the last answer comes to."""
        unknown = self._begun is not None
        course = Course(
            self._number,
            outcome_unknown=unknown,
            idempotency_key=self._key,
            mode=self._mode,
            retryable=self._verdict.again,
        )
        outcome = self._verdict.outcome
        if isinstance(answer, Lost) or outcome is Outcome.NO_ANSWER:
            raise result.no_answer(answer, course, self._spec)
        if outcome is Outcome.DONE:
            return result.result(answer, course, self._spec.unchecked)
        if self._is_gone(answer):
            return result.gone(answer, course, self._action)
        raise result.refusal(answer, course, self._action)

    def _is_gone(self, reply: Reply) -> bool:
        """Whether a deletion finds nothing that an earlier attempt may have deleted."""
        deletes = self._spec.method == "DELETE" and self._begun is not None
        return deletes and reply.error.get("code") == "resource_missing"

    def log_unknown(self) -> None:
        """The end of a run that may have been executed, for whoever watches the log."""
        if self._begun is not None:
            self._log.unknown(self._key)


def _headers(account: Account, context: RunContext, key: str | None) -> dict[str, str]:
    headers = {"Stripe-Version": STRIPE_VERSION, "User-Agent": USER_AGENT}
    if acts_on := context.account or account.account:
        headers["Stripe-Account"] = acts_on
    if key is not None:  # a POST
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        headers["Idempotency-Key"] = key
    return headers
