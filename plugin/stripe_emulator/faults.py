"""What goes wrong on demand, for which requests, how often?

Faults are kept in the database, so that a command in another process can order them.
"""

import json
import math
import random
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from fnmatch import fnmatchcase
from threading import Event
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

from attrs import asdict, evolve, field, frozen

from stripe_emulator.refusals import Json, Refusal, is_json

if TYPE_CHECKING:
    from stripe_emulator.message import Answer
    from stripe_emulator.store import Store

T = TypeVar("T")
Kind = Literal[
    "conflict",
    "rate_limit",
    "lock_timeout",
    "server_error",
    "bad_gateway",
    "unavailable",
    "stored_error",
    "delay",
    "delay_after",
    "cut",
    "cut_after",
    "truncate",
    "invalid_json",
    "wrong_type",
]
KINDS: tuple[Kind, ...] = get_args(Kind)
LONGEST_PATH = 200


class Cut(Exception):
    """The connection breaks instead of an answer; `executed` tells whether it was too late."""

    def __init__(self, *, executed: bool) -> None:
        super().__init__("the emulator cut the connection")
        self.executed = executed


class TimedOut(Exception):
    """The caller's patience ended during a delay; what was asked is executed all the same."""


@frozen
class Patience:
    """How long a caller in process waits: until `ends` (monotonic seconds), or until it is `gone`.

    Over a socket nobody tells the emulator: there the client closes, and the answer is lost.
    """

    ends: float = math.inf
    gone: Event = field(factory=Event)

    def outlasts(self, seconds: float) -> bool:
        """Wait so long, or as long as the caller does; tells whether it is still there."""
        left = self.ends - time.monotonic()
        bearable = min(seconds, left)
        gone = self.gone.wait(max(bearable, 0))
        return not gone and seconds <= left


_patience: ContextVar[Patience] = ContextVar("_patience")


@contextmanager
def patience(caller: Patience) -> Generator[None]:
    """What is asked within is asked by a caller who waits so long."""
    before = _patience.set(caller)
    try:
        yield
    finally:
        _patience.reset(before)


async def asked_in_thread(ask: Callable[[Patience], T], caller: Patience) -> T:
    """What `ask` gives, in a thread that ends soon when the task is cancelled."""
    from asyncio import CancelledError, to_thread  # takes long to import

    try:
        return await to_thread(ask, caller)
    except CancelledError:
        caller.gone.set()
        raise


def outlasted(seconds: float) -> bool:
    """Wait so long; tells whether the caller did too."""
    return _patience.get(Patience()).outlasts(seconds)


@frozen
class Fault:
    """What shall go wrong, for which requests, how often.

    `method` and `path` choose requests; `path` is a glob over the whole path: `*` stands for any
    characters, `?` for one, `[ab]` for one of these (`/v1/customers/*`). `times` is how often it
    strikes (None: always); with `probability` below 1 the draws follow `seed`. `seconds` is the
    length of a delay, `retry_after` a header in seconds, `reason` the Stripe-Rate-Limited-Reason
    header, `should_retry` the Stripe-Should-Retry header.
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

    def chooses(self, method: str, path: str) -> bool:
        """Whether it is meant for such a request."""
        return self.method in {None, method} and fnmatchcase(path, self.path or "*")

    def headers(self) -> dict[str, str]:
        """Headers of the answer that this fault gives."""
        found: dict[str, str] = {}
        if self.retry_after is not None:
            found["Retry-After"] = f"{self.retry_after:g}"
        if self.reason is not None:
            found["Stripe-Rate-Limited-Reason"] = self.reason
        if self.should_retry is not None:
            found["Stripe-Should-Retry"] = str(self.should_retry).lower()
        return found

    def refusal(self) -> Refusal | None:
        """Stripe's answer in this state; None for faults of the connection."""
        if self.kind not in ANSWERS:
            return None
        status, type_, code, message = ANSWERS[self.kind]
        headers = self.headers()
        return Refusal(message, code=code, status=status, type=type_, headers=headers)


_OBJECT_BUSY = (
    "This object cannot be accessed right now because another API request or Stripe process is "
    "currently accessing it. If you see this error intermittently, retry the request."
)
_SORRY = "Sorry, there was an issue processing your request. Please try again."
_INVALID, _FAILED = "invalid_request_error", "api_error"
ANSWERS: dict[str, tuple[int, str, str | None, str]] = {
    "conflict": (409, _INVALID, "lock_timeout", _OBJECT_BUSY),
    "rate_limit": (429, _INVALID, "rate_limit", "Request rate limit exceeded."),
    "lock_timeout": (429, _INVALID, "lock_timeout", _OBJECT_BUSY),
    "server_error": (500, _FAILED, None, _SORRY),
    "bad_gateway": (502, _FAILED, None, "<html><body><h1>502 Bad Gateway</h1></body></html>"),
    "unavailable": (503, _FAILED, None, "The service is temporarily unavailable."),
    "stored_error": (500, _FAILED, None, "An unknown error occurred"),
}


def strike_before(fault: Fault) -> None:
    """What happens before anything is executed, or looked up under a key."""
    if fault.kind == "cut":
        raise Cut(executed=False)
    if fault.kind != "stored_error":
        strike_inside(fault)


def strike_inside(fault: Fault) -> None:
    """What happens instead of executing, and is kept under the key."""
    refusal = fault.refusal()
    if refusal:
        raise refusal


def strike_after(fault: Fault, answer: "Answer") -> "Answer":
    """What happens to the answer of something executed."""
    match fault.kind:
        case "delay_after" if not outlasted(fault.seconds):
            raise TimedOut
        case "cut_after":
            raise Cut(executed=True)
        case "truncate":
            half = len(answer.body) // 2
            return evolve(answer, body=answer.body[:half])
        case "invalid_json":
            return evolve(answer, body=answer.body[:-1] + b",")
        case "wrong_type":
            return evolve(answer, headers=answer.headers | {"Content-Type": "text/html"})
        case _:
            return answer


class Faults:
    """The faults on order, oldest first."""

    def __init__(self, store: "Store") -> None:
        self._store = store

    def add(self, fault: Fault) -> int:
        """Order a fault; returns its number."""
        with self._store.transaction(write=True):
            sql = "INSERT INTO faults (body, left) VALUES (?, ?)"
            body = json.dumps(asdict(fault))
            row = self._store.run(sql, body, fault.times)
            return int(row.lastrowid or 0)

    def list(self) -> list[Json]:
        """List the orders with what is left of them and how often they struck."""
        with self._store.transaction(write=False):
            rows = self._store.run("SELECT id, body, left, hits FROM faults ORDER BY id").fetchall()
        return [_order(*row) for row in rows]

    def clear(self) -> None:
        """Cancel every order."""
        with self._store.transaction(write=True):
            self._store.run("DELETE FROM faults")

    def strike(self, method: str, path: str) -> Fault | None:
        """Choose the fault that strikes this request, and count it."""
        with self._store.transaction(write=False):
            waiting = self._store.run("SELECT 1 FROM faults WHERE left IS NOT 0 LIMIT 1")
            if waiting.fetchone() is None:
                return None
        with self._store.transaction(write=True):
            return next(self._striking(method, path), None)

    def _striking(self, method: str, path: str) -> Iterator[Fault]:
        sql = "SELECT id, body, draws FROM faults WHERE left IS NOT 0 ORDER BY id"
        rows = self._store.run(sql).fetchall()
        for id_, body, draws in rows:
            fault = Fault(**json.loads(body))
            if fault.chooses(method, path) and self._drawn(fault, id_, draws):
                yield fault

    def _drawn(self, fault: Fault, id_: int, draws: int) -> bool:
        chance = random.Random(f"{fault.seed}:{draws}").random()  # noqa: S311 - repeatable
        hit = chance < fault.probability
        self._store.run("UPDATE faults SET draws = draws + 1 WHERE id = ?", id_)
        if hit:
            self._store.run("UPDATE faults SET hits = hits + 1, left = left - 1 WHERE id = ?", id_)
        return hit


def _order(id_: int, body: str, left: int | None, hits: int) -> Json:
    return {"id": id_, **json.loads(body), "left": left, "hits": hits}


def ordered(data: Any) -> Fault:
    """Read a fault from JSON; raises Refusal (400) for what is none."""
    if not is_json(data) or data.get("kind") not in KINDS:
        raise Refusal(f"A fault is an object whose kind is one of {', '.join(KINDS)}.")
    try:
        fault = Fault(**data)
        _check_numbers(fault)
        _check_texts(fault)
    except (TypeError, ValueError) as problem:
        raise Refusal(f"This is no fault: {problem}") from None
    return fault


_MOST = 10**9


def _check_numbers(fault: Fault) -> None:
    numbers: list[Any] = [fault.probability, fault.seconds, fault.seed]
    numbers += [fault.times or 0, fault.retry_after or 0]
    for number in numbers:
        if not isinstance(number, int | float) or not 0 <= number < _MOST:
            raise ValueError("its numbers are not from 0 to a thousand million")


def _check_texts(fault: Fault) -> None:
    texts: list[Any] = [fault.method, fault.path, fault.reason]
    for text in filter(None, texts):
        if not isinstance(text, str) or not text.isprintable():
            raise ValueError("its method, path and reason are not plain text")
    glob = fault.path or ""
    if len(glob) > LONGEST_PATH:
        raise ValueError(f"its path is longer than {LONGEST_PATH} characters")
    if _unclosed(glob):
        raise ValueError("its path opens a [ and does not close it; a path is like /v1/customers/*")


def _unclosed(glob: str) -> bool:
    at = glob.find("[")
    while at >= 0:
        end = glob.find("]", at + 2)  # a ] right after the [ is one of the characters
        if end < 0:
            return True
        at = glob.find("[", end)
    return False
