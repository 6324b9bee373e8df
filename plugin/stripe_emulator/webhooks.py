"""How do events reach endpoints on this machine: signed as Stripe does, in the background?

What became of each delivery is kept in the database, the latest of them.
"""

import hashlib
import hmac
import json
import queue
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import frozen

from stripe_emulator.account import Account
from stripe_emulator.refusals import Json

if TYPE_CHECKING:
    from stripe_emulator.store import Store

_PATIENCE = 5.0  # seconds for one delivery
_TRIES = 3
MOST_KEPT = 1_000
_FACTS = ("event", "type", "endpoint", "url", "attempts", "status", "at")
_KEEP = """INSERT INTO deliveries (account, event, type, endpoint, url, attempts, status, at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_FORGET = "DELETE FROM deliveries WHERE number <= (SELECT max(number) FROM deliveries) - ?"
_LIST = """SELECT event, type, endpoint, url, attempts, status, at FROM deliveries
    WHERE account = ? AND event = coalesce(?, event) ORDER BY number DESC LIMIT ?"""


@frozen
class Delivery:
    """One event on its way to one endpoint."""

    account: str
    event: str
    type: str
    endpoint: str
    url: str
    secret: str
    body: bytes


def signature(secret: str, body: bytes, moment: int) -> str:
    """Sign a body as Stripe does: `t=<unix seconds>,v1=<HMAC-SHA256 of "t.body">`."""
    text = b"%d." % moment + body
    signed = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    return f"t={moment},v1={signed}"


def deliveries(account: Account) -> list[Delivery]:
    """Address this request's events to every endpoint that wants them."""
    if not account.events:
        return []
    endpoints = account.find("webhook_endpoint", status="enabled")
    found: list[Delivery] = []
    for event in account.events:
        wanting = [each for each in endpoints if _wants(each, event)]
        if wanting:
            event["pending_webhooks"] = len(wanting)
            account.change(event)
            body = json.dumps(event, indent=2).encode()
            found += [_delivery(account, event, each, body) for each in wanting]
    return found


def _delivery(account: Account, event: Json, endpoint: Json, body: bytes) -> Delivery:
    return Delivery(
        account=account.name,
        event=event["id"],
        type=event["type"],
        endpoint=endpoint["id"],
        url=endpoint["url"],
        secret=endpoint["_secret"],
        body=body,
    )


def _wants(endpoint: Json, event: Json) -> bool:
    return not {"*", event["type"]}.isdisjoint(endpoint["enabled_events"])


class Outcomes:
    """What became of the latest deliveries."""

    def __init__(self, store: "Store", clock: Callable[[], float]) -> None:
        self._store, self._clock = store, clock

    def keep(self, delivery: Delivery, attempts: int, status: int | None) -> None:
        """Keep the last answer, None if there was none, and forget what is old."""
        facts = (delivery.account, delivery.event, delivery.type, delivery.endpoint, delivery.url)
        with self._store.transaction(write=True):
            moment = int(self._clock() + self._store.ahead)
            self._store.run(_KEEP, *facts, attempts, status, moment)
            self._store.run(_FORGET, MOST_KEPT)

    def list(
        self, account: str = "default", event: str | None = None, limit: int = 50
    ) -> list[Json]:
        """List them, the latest first, all or those of an event.

        Each says `event`, `type`, `endpoint`, `url`, how many `attempts` were made, the HTTP
        `status` of the last (None without an answer), and when that was `at` (unix seconds).
        """
        with self._store.transaction(write=False):
            rows = self._store.run(_LIST, account, event, limit).fetchall()
        return [dict(zip(_FACTS, row, strict=True)) for row in rows]


class Postman:
    """Delivers in one background thread; a failed delivery is tried three times and given up."""

    def __init__(self, clock: Callable[[], float], outcomes: Outcomes) -> None:
        self._clock, self._outcomes = clock, outcomes
        self._queue: queue.Queue[Delivery | None] = queue.Queue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()

    def take(self, found: list[Delivery]) -> None:
        """Take deliveries over and return at once."""
        if not found:
            return
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True, name="webhooks")
                self._thread.start()
        for delivery in found:
            self._queue.put(delivery)

    def wait(self) -> None:
        """Wait until everything taken so far is delivered or given up."""
        self._queue.join()

    def close(self) -> None:
        """Stop after what is in the queue."""
        if self._thread is not None:
            self._queue.put(None)
            self._thread.join(timeout=_PATIENCE)

    def _work(self) -> None:
        while (delivery := self._queue.get()) is not None:
            self._try(delivery)
            self._queue.task_done()
        self._queue.task_done()

    def _try(self, delivery: Delivery) -> None:
        attempts, status = 0, None
        while attempts < _TRIES and not _is_taken(status):
            status = self._sent(delivery)
            attempts += 1
        with suppress(sqlite3.ProgrammingError):  # closed meanwhile: nobody will ask
            self._outcomes.keep(delivery, attempts, status)

    def _sent(self, delivery: Delivery) -> int | None:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(delivery.secret, delivery.body, int(self._clock())),
        }
        return _post(delivery.url, delivery.body, headers)


def _is_taken(status: int | None) -> bool:
    return status is not None and status < 300


def _post(url: str, body: bytes, headers: dict[str, str]) -> int | None:
    """Send a delivery; tells the status, or None without an answer."""
    from http.client import HTTPConnection, HTTPException  # costs more than all of the emulator

    parts = urlsplit(url)
    path = parts.path or "/"
    if parts.query:
        path += f"?{parts.query}"
    try:
        port = parts.port or 80
        with closing(HTTPConnection(parts.hostname or "", port, timeout=_PATIENCE)) as connection:
            connection.request("POST", path, body, headers)
            return connection.getresponse().status
    except (OSError, ValueError, HTTPException):
        return None
