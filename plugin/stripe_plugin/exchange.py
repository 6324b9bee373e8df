"""What is sent again, when, under which idempotency key? No I/O."""

import json
import random
import re
import time
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import attrs

from stripe_plugin import pace
from stripe_plugin.connection import STRIPE_VERSION, Connection
from stripe_plugin.contract import RESOURCES, Action, Resource, Spec
from stripe_plugin.errors import (
    ConnectionFailed,
    StripeError,
    Unreconciled,
    UsageError,
    kind_of,
    masked,
    shown,
)
from stripe_plugin.log import Log
from stripe_plugin.restrictions import NOTHING, is_list, is_object
from stripe_plugin.wire import Lost, Reply, Request, Result

NAMESPACE = uuid.UUID("5f7c1e0a-3a2d-4b0e-9f53-6c1d0a8f4e21")
USER_AGENT = "stripe-nodes/0.1"
KEY_LIFE = 23 * 3600  # seconds; Stripe keeps idempotency keys for 24 hours
OTHER_INPUTS = (
    "This run was sent before with other inputs, and may have been executed with them. Put those"
    " back to go on; a new run would do it once more."
)
GONE = "Stripe finds it no more: an earlier try, whose answer was lost, did this, or somebody else."


@attrs.frozen
class RunContext:
    """Which run this is, and the options of it that are no rows of a table."""

    run_id: str | None = None  # with step and item its name: repeated, it only replays
    step: str | None = None
    item: str | int | None = None  # in a loop
    idempotency_key: str | None = None  # instead of a name
    account: str | None = None
    expand: Sequence[str] = ()
    extra: Mapping[str, Any] = NOTHING  # Stripe parameters without a row, sent as they are
    timeout: float | None = None  # seconds for one attempt
    begun: float | None = None  # when an earlier try may have been sent; unix seconds

    def __attrs_post_init__(self) -> None:
        given: Any = self
        item = "1" if type(self.item) is int and abs(self.item) < 10**18 else given.item
        names = [self.run_id, self.step, item, self.account]
        texts = [name for name in (*names, self.idempotency_key) if name is not None]
        if "" in names or not all(isinstance(text, str) for text in texts):
            raise UsageError("run_id, step, item, account, idempotency_key are text and not empty")
        if any(len(text) > 5_000 for text in texts):
            raise UsageError("A run's names have at most 5,000 characters")
        if any(masked(text) != text for text in texts):
            raise UsageError("A run's names are logged and sent: none may hold a key or a secret")
        if not is_list(given.expand) or not is_object(given.extra):
            raise UsageError("expand must be a list of paths, extra an object of parameters")
        for name, value in (("timeout", given.timeout), ("begun", given.begun)):
            if value is not None and not (isinstance(value, int | float) and value > 0):
                raise UsageError(f"{name} must be seconds, more than 0; got {shown(value)}")
        if self.begun is not None and self.begun > time.time() + 300:
            raise UsageError("begun is in the future: is it in milliseconds? It is unix seconds")
        if self.begun is not None and self.run_id is None and self.idempotency_key is None:
            raise UsageError("begun needs the run_id or idempotency_key of the earlier try")


@attrs.frozen
class Policy:
    """How patient a client is: further attempts, seconds for one attempt and for all."""

    retries: int = 3
    timeout: float = 80.0
    budget: float = 150.0
    first_delay: float = 0.5
    longest_delay: float = 5.0
    clock: Callable[[], float] = time.monotonic
    log_inputs: bool = False

    def __attrs_post_init__(self) -> None:
        given: Any = self
        for name in ("retries", "timeout", "budget", "first_delay", "longest_delay"):
            value, least = getattr(given, name), 1e-3 if name in ("timeout", "budget") else 0
            if not isinstance(value, int | float) or not least <= value < float("inf"):
                raise UsageError(
                    f"A policy's {name} must be a number, from {least}; got {shown(value)}"
                )

    def delay(self, attempt: int, reply: Reply | Lost) -> float | None:
        """Seconds to wait before the next attempt, or None if there should be none."""
        if attempt > self.retries or not worth_retrying(reply):
            return None
        backoff = min(self.first_delay * 2 ** (attempt - 1), self.longest_delay)
        wait: float = max(self.first_delay, backoff * random.uniform(0.5, 1))  # noqa: S311 - no secret
        asked = "" if isinstance(reply, Lost) else reply.headers.get("retry-after", "")
        return max(wait, min(float(asked), 60.0)) if re.fullmatch(r"\d{1,6}", asked) else wait


@attrs.frozen
class Attempt:
    """One thing for a client to do: wait `delay` seconds and its turn, send, wait `timeout`.

    `patience`: seconds for `timeout` and for whatever the client has to wait for before it.
    """

    request: Request
    headers: Mapping[str, str]
    delay: float
    timeout: float
    patience: float
    turn: Callable[[], float]  # asked after `delay`: seconds to wait for the connection's rate


def worth_retrying(reply: Reply | Lost) -> bool:
    """Stripe-Should-Retry decides if it is there; else 409, 429, 5xx and what never arrived."""
    # Source: docs.stripe.com/error-low-level. A stored failure that is replayed stays one.
    if isinstance(reply, Lost):
        return reply.again
    if (advice := reply.headers.get("stripe-should-retry")) in ("true", "false"):
        return advice == "true"
    if reply.status < 300:
        return reply.json() is None
    return not reply.replayed and (reply.status in (409, 429) or reply.status >= 500)


def idempotency_key(spec: Spec, connection: Connection, context: RunContext) -> str:
    """The key given, or derived from the run's name, or random."""
    if (given := context.idempotency_key) is not None:
        if not re.fullmatch(r"[\x21-\x7e]{1,255}", given):
            raise UsageError(f"An idempotency key is 1–255 ASCII characters; got {shown(given)}.")
        return given
    if context.run_id is None:
        return str(uuid.uuid4())
    name = [context.account or connection.account, context.run_id, context.step or spec.id]
    texts = [None if part is None else str(part) for part in (*name, context.item)]
    return str(uuid.uuid5(NAMESPACE, json.dumps(texts)))


def exchange(
    action: Action, connection: Connection, context: RunContext, policy: Policy
) -> Generator[Attempt, Reply | Lost, Result]:
    """All attempts of one action. Raises `InvalidInputs` before them, `StripeError` after."""
    request = _request(action, context)
    headers = _headers(request, action.spec, connection, context)
    key = headers.get("Idempotency-Key")
    log = Log(action, connection, context, inputs=policy.log_inputs)
    try:
        _check_age(request, action.spec, context, key)
        patience = context.timeout or policy.timeout, policy.budget
        draft = Attempt(request, headers, 0.0, *patience, _turns(connection, policy))
        unknown = request.method != "GET" and context.begun is not None
        talk = _attempts(draft, policy, log, unknown=unknown)
        reply, number, unknown = yield from talk
        facts = {"attempts": number, "outcome_unknown": unknown, "idempotency_key": key}
        return _concluded(action, connection.mode, reply, facts)
    except (StripeError, GeneratorExit) as error:
        if getattr(error, "outcome_unknown", request.method != "GET"):
            log.unknown(key)
        raise


def _turns(who: Connection, policy: Policy) -> Callable[[], float]:
    if (rate := who.rate) is None:
        return lambda: 0.0
    whose = who.whose
    return lambda: pace.turn(whose, rate, policy.clock())


def _attempts(
    draft: Attempt, policy: Policy, log: Log, *, unknown: bool
) -> Generator[Attempt, Reply | Lost, tuple[Reply | Lost, int, bool]]:
    """The last reply, the number of attempts, and whether one may have been executed."""
    deadline, number, delay, turns = policy.clock() + policy.budget, 0, 0.0, [0.0]

    def turn() -> float:
        turns.append(draft.turn())
        return turns[-1]

    while True:
        number += 1
        begin, queued = policy.clock() + delay, sum(turns)
        left = max(deadline - begin, 0.001)
        timeout = min(draft.timeout, left)
        try:
            reply = yield attrs.evolve(
                draft, delay=delay, timeout=timeout, patience=left, turn=turn
            )
        except GeneratorExit:  # the client was interrupted, or its task cancelled
            reply = Lost("Interrupted", sent=True, again=False)
        queued = sum(turns) - queued
        begin, deadline = begin + queued, deadline + queued  # it costs nothing of the budget
        unknown = draft.request.method != "GET" and _unknown(reply, before=unknown)
        now, wait = policy.clock(), policy.delay(number, reply)
        again = wait if wait is not None and now + wait < deadline else None
        log.attempt(number, reply, max(now - begin, 0.0), again)
        if again is None:
            return reply, number, unknown
        delay = again


def _unknown(reply: Reply | Lost, *, before: bool) -> bool:
    """Whether, by now, it may have been executed without an answer that tells."""
    if isinstance(reply, Lost):
        return before or reply.sent
    # Refused by what knows the key (not by a proxy): had an earlier try worked, it would replay.
    known = _said(reply).get("type") in ("invalid_request_error", "card_error")
    refused = reply.status in (400, 402) and known
    if _said(reply).get("code") == "idempotency_key_in_use":
        return True  # it is being executed right now
    if 300 <= reply.status < 500 and (reply.replayed or refused):
        return False
    return before or not 300 <= reply.status < 500


def _said(reply: Reply) -> Mapping[str, Any]:
    """The `error` of an answer."""
    error = (reply.json() or NOTHING).get("error")
    return error if is_object(error) else NOTHING


def _check_age(request: Request, spec: Spec, context: RunContext, key: str | None) -> None:
    """Refuses what may be done already, if Stripe has forgotten that by now."""
    now, begun = time.time(), context.begun
    if request.method == "GET" or begun is None or now - begun <= KEY_LIFE:
        return
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(begun))
    lists = RESOURCES.get(spec.resource, Resource("")).listed_by
    where = f", for example by {lists}" if lists and not spec.path_names else ""
    raise Unreconciled(
        message=f"{spec.name} was begun at {when}, too long ago to repeat it safely: look at Stripe"
        f" what came of it{where}, and do what is left under a new run ID.",
        code="key_expired",
        outcome_unknown=True,
        action=spec.id,
        idempotency_key=key,
    )


def _concluded(action: Action, mode: str, reply: Reply | Lost, facts: dict[str, Any]) -> Result:
    """What the last reply means."""
    spec, unknown = action.spec, facts["outcome_unknown"]
    output = reply.json() if isinstance(reply, Reply) else None
    if isinstance(reply, Lost) or (output is None and reply.status < 300):
        reason = reply.reason if isinstance(reply, Lost) else "Stripe's answer cannot be read."
        reason += "" if unknown or spec.method == "GET" else " Nothing was executed."
        facts |= {"action": spec.id, "code": "no_answer", "retryable": True}
        raise ConnectionFailed(message=reason, **facts)
    mode = "sandbox" if "stripe-nodes-sandbox" in reply.headers else mode
    about: dict[str, Any] = {"request_id": reply.headers.get("request-id"), "mode": mode}
    about["attempts"] = facts["attempts"]
    if output is not None and 200 <= reply.status < 300:
        live = bool(output.get("livemode", mode == "live"))
        return Result(output, replayed=reply.replayed, livemode=live, **about)
    error = _error(reply, spec, facts)
    if spec.method == "DELETE" and unknown and error.code == "resource_missing":
        gone = {**spec.output_example, "id": getattr(action, spec.path_names[0])}
        return Result(gone, replayed=True, livemode=mode == "live", note=GONE, **about)
    raise error


def _request(action: Action, context: RunContext) -> Request:
    """Judged once more: an action made by its constructor has not been yet."""
    judged = action.read(action.inputs(), extra=context.extra)
    own = getattr(judged, "expand", None)
    expand = [*(own if is_list(own) else ()), *context.expand]
    return judged.request(extra={**context.extra, **({"expand": expand} if expand else {})})


def _headers(request: Request, spec: Spec, who: Connection, context: RunContext) -> dict[str, str]:
    """Everything but the key, which only a client touches."""
    account = attrs.evolve(who, account=context.account or who.account).account  # checks it
    headers = {"Stripe-Version": STRIPE_VERSION, "User-Agent": USER_AGENT}
    headers |= {"Stripe-Account": account} if account else {}
    if request.method == "POST":
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        headers["Idempotency-Key"] = idempotency_key(spec, who, context)
    return headers


def _error(reply: Reply, spec: Spec, facts: dict[str, Any]) -> StripeError:
    error = _said(reply)
    message = str(error.get("message") or f"Stripe answered {reply.status} without saying why.")
    if error.get("type") == "idempotency_error":  # Stripe advises another key: a second execution
        message = OTHER_INPUTS
    elif reply.replayed and reply.status >= 500:
        message += " Stripe repeats this answer: look there what came of it, before a new run."
    texts = {word: error.get(word) for word in "type code decline_code param doc_url".split()}
    facts |= {word: text for word, text in texts.items() if isinstance(text, str)}
    facts |= {"request_id": reply.headers.get("request-id"), "status": reply.status}
    return kind_of(reply.status, facts.get("type"), facts.get("code"))(
        message=message,
        display_key=spec.display_key(facts.get("param"), facts.get("code")),
        retryable=worth_retrying(reply),
        action=spec.id,
        rate_limit_reason=reply.headers.get("stripe-rate-limited-reason"),
        **facts,
    )
