"""What is sent again, when, under which idempotency key? No I/O."""

import json
import random
import re
import time
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import attrs

from stripe_plugin.connection import STRIPE_VERSION, Connection
from stripe_plugin.contract import Action, Spec
from stripe_plugin.errors import ConnectionFailed, StripeError, UsageError, kind_of, shown
from stripe_plugin.restrictions import NOTHING, is_object
from stripe_plugin.wire import Lost, Reply, Request, Result

NAMESPACE = uuid.UUID("5f7c1e0a-3a2d-4b0e-9f53-6c1d0a8f4e21")
USER_AGENT = "stripe-nodes/0.1"


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

    def __attrs_post_init__(self) -> None:
        if "" in (self.run_id, self.step, self.item, self.account) or isinstance(self.expand, str):
            raise UsageError("run_id, step, item and account are not empty; expand lists paths")
        if self.timeout is not None and not self.timeout > 0:
            raise UsageError(f"The timeout must be more than 0 seconds; got {self.timeout}")


@attrs.frozen
class Policy:
    """How patient a client is: further attempts, seconds for one attempt and for all."""

    retries: int = 3
    timeout: float = 80.0
    budget: float = 150.0
    first_delay: float = 0.5
    longest_delay: float = 5.0
    clock: Callable[[], float] = time.monotonic

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
    """One thing for a client to do: wait `delay` seconds, send, wait `timeout` for the reply."""

    request: Request
    headers: Mapping[str, str]
    delay: float
    timeout: float


def worth_retrying(reply: Reply | Lost) -> bool:
    """Stripe-Should-Retry decides if it is there; else 409, 429, 5xx and what never arrived."""
    # Source: docs.stripe.com/error-low-level. A stored failure that is replayed stays one.
    if isinstance(reply, Lost):
        return True
    if (advice := reply.headers.get("stripe-should-retry")) in ("true", "false"):
        return advice == "true"
    if reply.status < 300:
        return reply.json() is None
    return not reply.replayed and (reply.status in (409, 429) or reply.status >= 500)


def idempotency_key(spec: Spec, connection: Connection, context: RunContext) -> str:
    """The key given, or derived from the run's name, or random."""
    if (given := context.idempotency_key) is not None:
        if not re.fullmatch(r"[\x21-\x7e]{1,255}", str(given)):
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
    deadline = policy.clock() + policy.budget
    number, unknown, delay = 0, False, 0.0
    while True:
        number += 1
        left = max(deadline - policy.clock() - delay, 0.001)
        reply = yield Attempt(request, headers, delay, min(context.timeout or policy.timeout, left))
        executed = reply.sent if isinstance(reply, Lost) else not 300 <= reply.status < 500
        unknown = unknown or (request.method != "GET" and executed)
        wait = policy.delay(number, reply)
        if wait is None or policy.clock() + wait >= deadline:
            break
        delay = wait
    facts: dict[str, Any] = {"action": action.spec.id, "attempts": number}
    facts |= {"outcome_unknown": unknown, "idempotency_key": headers.get("Idempotency-Key")}
    output = reply.json() if isinstance(reply, Reply) else None
    if isinstance(reply, Lost) or (output is None and reply.status < 300):
        reason = reply.reason if isinstance(reply, Lost) else "Stripe's answer cannot be read."
        reason += "" if unknown or request.method == "GET" else " Nothing was executed."
        raise ConnectionFailed(message=reason, code="no_answer", retryable=True, **facts)
    if output is None or not 200 <= reply.status < 300:
        raise _error(reply, output or {}, action.spec, facts)
    mode = "sandbox" if "stripe-nodes-sandbox" in reply.headers else connection.mode
    live, request_id = bool(output.get("livemode", mode == "live")), reply.headers.get("request-id")
    return Result(output, request_id, number, reply.replayed, live, mode)


def _request(action: Action, context: RunContext) -> Request:
    """Judged once more: an action made by its constructor has not been yet."""
    judged = action.read(action.inputs(), extra=context.extra)
    expand = [*(getattr(action, "expand", None) or ()), *context.expand]
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


def _error(reply: Reply, body: dict[str, Any], spec: Spec, facts: dict[str, Any]) -> StripeError:
    error: Any = body.get("error") if is_object(body.get("error")) else NOTHING
    texts = {word: error.get(word) for word in "type code decline_code param doc_url".split()}
    facts |= {word: text for word, text in texts.items() if isinstance(text, str)}
    # Refused by what knows the key (not by a proxy): had an earlier try worked, it would replay.
    refused = reply.status in (400, 402) and facts.get("type") != "idempotency_error"
    settled = spec.method == "POST" and reply.status < 500 and (reply.replayed or refused)
    facts["outcome_unknown"] = facts["outcome_unknown"] and not settled
    facts |= {"request_id": reply.headers.get("request-id"), "status": reply.status}
    return kind_of(reply.status, facts.get("type"), facts.get("code"))(
        message=str(error.get("message") or f"Stripe answered {reply.status} without saying why."),
        display_key=spec.display_key(facts.get("param"), facts.get("code")),
        retryable=worth_retrying(reply),
        **facts,
    )
