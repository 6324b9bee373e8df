"""What is logged of a run? Facts, as extras of a record: never a key, nor inputs unless asked."""

import json
import logging
from contextlib import suppress
from typing import Any

from stripe_plugin.client.connection import Connection
from stripe_plugin.declare.action import Action
from stripe_plugin.secrets import masked
from stripe_plugin.wire.reply import Lost, Reply

logger = logging.getLogger("stripe_plugin")
logger.addHandler(logging.NullHandler())  # else Python writes warnings of libraries to stderr
NO_REPLY = {"status": None, "request_id": None, "replayed": False}


class Log:
    """The records of one run. Stripe's own words are left out: they may repeat an input."""

    def __init__(self, action: Action, who: Connection, context: Any, *, inputs: bool) -> None:
        self._facts: dict[str, Any] = {"action": action.spec.id, "mode": who.mode}
        self._facts |= {"run_id": context.run_id, "step": context.step, "item": context.item}
        self._facts |= {"account": context.account or who.account, **NO_REPLY, "attempt": 0}
        if inputs:
            self._facts["inputs"] = json.loads(masked(json.dumps(action.inputs(), default=str)))

    def attempt(self, number: int, reply: Reply | Lost, took: float, again: float | None) -> None:
        """One attempt: `took` and `again` (when it is sent once more) in seconds."""
        said, level = "", logging.WARNING
        self._facts |= {**NO_REPLY, "attempt": number}
        if isinstance(reply, Lost):
            said = reply.reason.rstrip(".")
        else:
            self._facts |= {"status": reply.status, "replayed": reply.replayed}
            self._facts |= {"request_id": reply.headers.get("request-id")}
            good = 200 <= reply.status < 300
            readable = not good or reply.json() is not None
            said = f"answered {reply.status}" + ", unreadably" * (not readable)
            level = logging.INFO if good and readable else level
        then = "" if again is None else f"; again in {again:.2f} s"
        text = f"%s: %s (attempt {number}, {took:.3f} s{then})"
        extra = {**self._facts, "duration": took, "retry_in": again}
        _write(level, text, self._facts["action"], said, extra=extra)

    def unknown(self, idempotency_key: str | None) -> None:
        """The end of a run of which nobody knows whether it was executed."""
        extra = {**self._facts, "idempotency_key": idempotency_key}
        text = "%s: it may have been executed all the same"
        _write(logging.ERROR, text, extra["action"], extra=extra)


def _write(*record: Any, extra: dict[str, Any]) -> None:
    """A host's logging may refuse a record: no result is lost over that."""
    try:
        logger.log(*record, extra=extra)
    except Exception:  # noqa: BLE001 - such as an extra that its records have already
        with suppress(Exception):
            logger.log(*record, extra={"stripe": extra})
