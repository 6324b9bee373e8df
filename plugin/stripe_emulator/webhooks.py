"""How do events reach endpoints on this machine: signed as Stripe does, in the background?"""

import hashlib
import hmac
import json
import queue
import threading
from collections.abc import Callable
from contextlib import closing
from urllib.parse import urlsplit

from attrs import frozen

from stripe_emulator.account import Account
from stripe_emulator.refusals import Json

_PATIENCE = 5.0  # seconds for one delivery
_TRIES = 3


@frozen
class Delivery:
    """One event on its way to one endpoint."""

    url: str
    secret: str
    body: bytes


def signature(secret: str, body: bytes, moment: int) -> str:
    """Sign a body as Stripe does: `t=<unix seconds>,v1=<HMAC-SHA256 of "t.body">`."""
    signed = hmac.new(secret.encode(), b"%d." % moment + body, hashlib.sha256).hexdigest()
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
            found += [Delivery(each["url"], each["_secret"], body) for each in wanting]
    return found


def _wants(endpoint: Json, event: Json) -> bool:
    return not {"*", event["type"]}.isdisjoint(endpoint["enabled_events"])


class Postman:
    """Delivers in one background thread; a failed delivery is tried three times and forgotten."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
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
            any(self._delivered(delivery) for _ in range(_TRIES))
            self._queue.task_done()
        self._queue.task_done()

    def _delivered(self, delivery: Delivery) -> bool:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(delivery.secret, delivery.body, int(self._clock())),
        }
        status = _post(delivery.url, delivery.body, headers)
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
