"""Webhooks: events are signed and delivered to endpoints on this machine, in the background."""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from attrs import frozen

from stripe_emulator.account import Account, token
from stripe_emulator.lifecycle import Given, does
from stripe_emulator.refusals import Json, Refusal

if TYPE_CHECKING:
    from collections.abc import Callable

LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_PATIENCE = 5.0


@frozen
class Delivery:
    """One event on its way to one endpoint."""

    url: str
    secret: str
    body: bytes


def signature(secret: str, body: bytes, moment: int) -> str:
    """Sign a body as Stripe does: ``t=<unix seconds>,v1=<HMAC-SHA256 of "t.body">``."""
    signed = hmac.new(secret.encode(), b"%d." % moment + body, hashlib.sha256).hexdigest()
    return f"t={moment},v1={signed}"


@does("webhook_endpoint.create")
def create_endpoint(account: Account, endpoint: Json, given: Given) -> Json:
    """Register an endpoint; its signing secret is shown once."""
    _local(given["url"])
    endpoint["_secret"] = f"whsec_{token(32)}"
    return account.create(endpoint) | {"secret": endpoint["_secret"]}


@does("webhook_endpoint.update")
def update_endpoint(account: Account, endpoint: Json, given: Given) -> Json:
    """Change an endpoint, or switch it off and on."""
    _local(endpoint["url"])
    if "disabled" in given:
        endpoint["status"] = "disabled" if given["disabled"] else "enabled"
    return account.change(endpoint)


def _local(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in LOOPBACK:
        raise Refusal(
            "Invalid URL: the emulator delivers webhooks only to http://localhost or "
            "http://127.0.0.1.",
            code="url_invalid",
            param="url",
        )


def deliveries(account: Account) -> list[Delivery]:
    """Address this request's events to every endpoint that wants them."""
    if not account.events:
        return []
    endpoints = account.find("webhook_endpoint", status="enabled")
    found: list[Delivery] = []
    for event in account.events:
        wanting = [e for e in endpoints if {"*", event["type"]} & set(e["enabled_events"])]
        if not wanting:
            continue
        event["pending_webhooks"] = len(wanting)
        account.change(event)
        body = json.dumps(event, indent=2).encode()
        found += [Delivery(e["url"], e["_secret"], body) for e in wanting]
    return found


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
            any(self._delivered(delivery) for _ in range(3))
            self._queue.task_done()
        self._queue.task_done()

    def _delivered(self, delivery: Delivery) -> bool:
        import http.client

        parts = urlsplit(delivery.url)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        moment = int(self._clock())
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(delivery.secret, delivery.body, moment),
        }
        try:
            connection = http.client.HTTPConnection(
                parts.hostname or "", parts.port or 80, timeout=_PATIENCE
            )
            try:
                connection.request("POST", path, delivery.body, headers)
                return connection.getresponse().status < 300
            finally:
                connection.close()
        except (OSError, ValueError, http.client.HTTPException):
            return False
