"""What is sent again, when, and what comes of it? No I/O."""

import time
from collections.abc import Callable, Generator, Mapping
from typing import Any

import attrs

from stripe_plugin.client.connection import STRIPE_VERSION, Connection
from stripe_plugin.declare.action import Action
from stripe_plugin.declare.spec import Spec
from stripe_plugin.errors import ConnectionFailed, StripeError, Unreconciled, kind_of
from stripe_plugin.judge.values import NOTHING, is_object
from stripe_plugin.run import pace
from stripe_plugin.run.context import Policy, RunContext, worth_retrying
from stripe_plugin.run.idempotency import KEY_LIFE, idempotency_key
from stripe_plugin.run.log import Log
from stripe_plugin.run.result import Result
from stripe_plugin.wire.reply import Lost, Reply
from stripe_plugin.wire.request import Request

USER_AGENT = "stripe-nodes/0.1"


OTHER_INPUTS = (
    "This run was sent before with other inputs, and may have been executed with them. Put those"
    " back to go on; a new run would do it once more."
)


GONE = "Stripe finds it no more: an earlier try, whose answer was lost, did this, or somebody else."


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


def _text(error: Mapping[str, Any], word: str) -> str | None:
    value = error.get(word)
    return value if isinstance(value, str) else None


def _check_age(request: Request, spec: Spec, context: RunContext, key: str | None) -> None:
    """Refuses what may be done already, if Stripe has forgotten that by now."""
    now, begun = time.time(), context.begun
    if request.method == "GET" or begun is None or now - begun <= KEY_LIFE:
        return
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(begun))
    lists = spec.subject.listed_by
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
    mode = "emulated" if "stripe-nodes-emulator" in reply.headers else mode
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
    """The request; with options of the context, the action is judged once more."""
    if not context.extra and not context.expand:
        return action.request()
    extra = {**action.extra, **context.extra}
    own = () if "expand" in action.spec.words else action.expand or ()
    return action.read(action.inputs(), extra=extra, expand=[*own, *context.expand]).request()


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
    place = spec.locate(_text(error, "param"), _text(error, "code"))
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
        display_key=place.key if place else None,
        retryable=worth_retrying(reply),
        action=spec.id,
        rate_limit_reason=reply.headers.get("stripe-rate-limited-reason"),
        **facts,
    )
