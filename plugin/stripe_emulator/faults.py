"""Faults on demand: what a network or a bad day at Stripe does to a request, repeatable.

Faults are kept in the database, so that a command in another process can order them.
"""

from __future__ import annotations

import json
import random
import re
from typing import TYPE_CHECKING, Any, Literal, get_args

from attrs import asdict, frozen

from stripe_emulator.refusals import Json, Refusal, is_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_emulator.store import Store

Kind = Literal[
    "conflict", "rate_limit", "lock_timeout", "server_error", "bad_gateway", "unavailable",
    "stored_error", "delay", "delay_after", "cut", "cut_after", "truncate", "invalid_json",
    "wrong_type",
]  # fmt: skip
KINDS: tuple[Kind, ...] = get_args(Kind)
LATE = {"delay_after", "cut_after", "truncate", "invalid_json", "wrong_type"}


class Cut(Exception):
    """The connection breaks instead of an answer; ``executed`` tells whether it was too late."""

    def __init__(self, *, executed: bool) -> None:
        super().__init__("the emulator cut the connection")
        self.executed = executed


@frozen
class Fault:
    """What shall go wrong, for which requests, how often.

    ``method`` and ``path`` (a prefix or regular expression from the path's start) choose requests;
    ``times`` is how often it strikes (None: always); with ``probability`` below 1 the draws follow
    ``seed``. ``seconds`` is the length of a delay, ``retry_after`` a header in seconds, ``reason``
    the Stripe-Rate-Limited-Reason header, ``should_retry`` the Stripe-Should-Retry header.
    """

    kind: Kind
    method: str | None = None
    path: str | None = None
    times: int | None = 1
    probability: float = 1.0
    seed: int = 0
    seconds: float = 0.1
    retry_after: float | None = None
    reason: str | None = None
    should_retry: bool | None = None

    def headers(self) -> dict[str, str]:
        """Return the headers of the answer that this fault gives."""
        wanted = {
            "Retry-After": self.retry_after,
            "Stripe-Rate-Limited-Reason": self.reason,
            "Stripe-Should-Retry": None
            if self.should_retry is None
            else str(self.should_retry).lower(),
        }
        return {name: f"{value:g}" if isinstance(value, float) else str(value)
                for name, value in wanted.items() if value is not None}  # fmt: skip

    def refusal(self) -> Refusal | None:
        """Return the answer Stripe gives in this state; None for faults of the connection."""
        if self.kind not in ANSWERS:
            return None
        status, type_, code, message = ANSWERS[self.kind]
        return Refusal(message, code=code, status=status, type=type_, headers=self.headers())


_OBJECT_BUSY = (
    "This object cannot be accessed right now because another API request or Stripe process is "
    "currently accessing it. If you see this error intermittently, retry the request."
)
_SORRY = "Sorry, there was an issue processing your request. Please try again."
ANSWERS: dict[str, tuple[int, str, str | None, str]] = {
    "conflict": (409, "invalid_request_error", "lock_timeout", _OBJECT_BUSY),
    "rate_limit": (429, "invalid_request_error", "rate_limit", "Request rate limit exceeded."),
    "lock_timeout": (429, "invalid_request_error", "lock_timeout", _OBJECT_BUSY),
    "server_error": (500, "api_error", None, _SORRY),
    "bad_gateway": (502, "api_error", None, "<html><body><h1>502 Bad Gateway</h1></body></html>"),
    "unavailable": (503, "api_error", None, "The service is temporarily unavailable."),
    "stored_error": (500, "api_error", None, "An unknown error occurred"),
}


class Faults:
    """The faults on order, oldest first."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, fault: Fault) -> int:
        """Order a fault; returns its number."""
        with self._store.transaction(write=True):
            sql = "INSERT INTO faults (body, left) VALUES (?, ?)"
            return int(self._store.run(sql, json.dumps(asdict(fault)), fault.times).lastrowid or 0)

    def list(self) -> list[Json]:
        """List the orders with what is left of them and how often they struck."""
        with self._store.transaction(write=False):
            rows = self._store.run("SELECT id, body, left, hits FROM faults ORDER BY id").fetchall()
        return [{"id": id_, **json.loads(body), "left": left, "hits": hits}
                for id_, body, left, hits in rows]  # fmt: skip

    def clear(self) -> None:
        """Cancel every order."""
        with self._store.transaction(write=True):
            self._store.run("DELETE FROM faults")

    def strike(self, method: str, path: str) -> Fault | None:
        """Return the fault that strikes this request, and count it."""
        with self._store.transaction(write=False):
            if not self._store.run("SELECT 1 FROM faults WHERE left IS NOT 0 LIMIT 1").fetchone():
                return None
        with self._store.transaction(write=True):
            return next(self._striking(method, path), None)

    def _striking(self, method: str, path: str) -> Iterator[Fault]:
        sql = "SELECT id, body, draws FROM faults WHERE left IS NOT 0 ORDER BY id"
        for id_, body, draws in self._store.run(sql).fetchall():
            fault = Fault(**json.loads(body))
            if fault.method not in {None, method} or not re.match(fault.path or "", path):
                continue
            chance = random.Random(f"{fault.seed}:{draws}").random()  # noqa: S311 - repeatable
            hit = int(chance < fault.probability)
            self._store.run(
                "UPDATE faults SET draws = draws + 1, hits = hits + ?, left = left - ? "
                "WHERE id = ?",
                hit, hit, id_,
            )  # fmt: skip
            if hit:
                yield fault


def _check(fault: Fault) -> None:
    numbers: list[Any] = [fault.probability, fault.seconds, fault.seed]
    numbers += [fault.times or 0, fault.retry_after or 0]
    if not all(isinstance(number, int | float) and 0 <= number < 10**9 for number in numbers):
        raise ValueError("its numbers are not from 0 to a thousand million")
    texts: tuple[Any, ...] = (fault.method or "", fault.path or "", fault.reason or "")
    if not all(isinstance(text, str) and text.isprintable() for text in texts):
        raise ValueError("its method, path and reason are not plain text")


def ordered(data: Any) -> Fault:
    """Read a fault from JSON; raises Refusal (400) for what is none."""
    if not is_json(data) or data.get("kind") not in KINDS:
        raise Refusal(f"A fault is an object whose kind is one of {', '.join(KINDS)}.")
    try:
        fault = Fault(**data)
        re.compile(fault.path or "")
        _check(fault)
    except (TypeError, ValueError, re.error) as problem:
        raise Refusal(f"This is no fault: {problem}") from None
    return fault
