"""What is logged of a run? Facts, as extras of a record: never a key, nor inputs unless asked."""

import logging
from contextlib import suppress
from typing import Any

from stripe_plugin.declare.action import Action
from stripe_plugin.run.context import Account, RunContext
from stripe_plugin.secrets import shown, without_secrets
from stripe_plugin.wire.reply import Answer, Outcome, Reply, Verdict

logger = logging.getLogger("stripe_plugin")
logger.addHandler(logging.NullHandler())  # else Python writes warnings of libraries to stderr
Facts = dict[str, Any]


class Log:
    """The records of one run. Stripe's own words are left out: they may repeat an input."""

    def __init__(
        self, action: Action, account: Account, context: RunContext, *, inputs: bool
    ) -> None:
        self._action = action
        self._account = account
        self._context = context
        self._inputs = inputs
        self._last: tuple[Answer | None, int] = None, 0  # and its number

    def attempt(self, number: int, answer: Answer, verdict: Verdict, delay: float | None) -> None:
        """One attempt; `delay`: in how many seconds it is sent once more, if it is."""
        self._last = answer, number
        level = logging.INFO if verdict.outcome is Outcome.DONE else logging.WARNING
        if not logger.isEnabledFor(level):
            return
        again = "" if delay is None else f"; again in {delay:.2f} s"
        how = f"(attempt {number}, {answer.took:.3f} s{again})"
        extra = self._facts()
        extra |= {"duration": answer.took, "retry_in": delay}
        ending = _ending(answer, verdict)
        _write(level, "%s: %s %s", self._named(), ending, how, extra=extra)

    def unknown(self, idempotency_key: str | None) -> None:
        """The end of a run of which nobody knows whether it was executed."""
        extra = {**self._facts(), "idempotency_key": idempotency_key}
        text = "%s: it may have been executed all the same"
        _write(logging.ERROR, text, self._named(), extra=extra)

    def _named(self) -> str:
        """The action, and which run of it: `create_price (run "october", step "price")`."""
        context = self._context
        names = {"run": context.run_id, "step": context.step, "item": context.item}
        told = [f"{word} {shown(names[word])}" for word in names if names[word] is not None]
        action = self._action.spec.id
        return f"{action} ({', '.join(told)})" if told else action

    def _facts(self) -> Facts:
        context = self._context
        facts = {
            "action": self._action.spec.id,
            "mode": self._account.mode,
            "run_id": context.run_id,
            "step": context.step,
            "item": context.item,
            "account": context.account or self._account.account,
            **_about(*self._last),
        }
        if self._inputs:
            facts["inputs"] = without_secrets(self._action.inputs())
        return facts


def _about(answer: Answer | None, number: int) -> Facts:
    if isinstance(answer, Reply):
        said = {"status": answer.status, "request_id": answer.request_id}
        return {**said, "replayed": answer.replayed, "attempt": number}
    return {"status": None, "request_id": None, "replayed": False, "attempt": number}


def _ending(answer: Answer, verdict: Verdict) -> str:
    if not isinstance(answer, Reply):
        return answer.reason.rstrip(".")
    unreadable = verdict.outcome is Outcome.NO_ANSWER
    return f"answered {answer.status}{', unreadably' if unreadable else ''}"


def _write(level: int, text: str, *words: str, extra: Facts) -> None:
    """A host's logging may refuse a record: no result is lost over that."""
    try:
        logger.log(level, text, *words, extra=extra)
    except Exception:  # noqa: BLE001 - such as an extra that its records have already
        with suppress(Exception):
            logger.log(level, text, *words, extra={"stripe": extra})
