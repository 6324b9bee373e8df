"""Which run is it, and how patient is it?"""

import random
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import attrs

from stripe_plugin.errors import UsageError
from stripe_plugin.judge.values import NOTHING, is_list, is_object
from stripe_plugin.secrets import masked, shown
from stripe_plugin.wire.reply import Lost, Reply


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
