"""Which idempotency keys were used, and what was answered under them?"""

import hashlib
import json
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager

from stripe_emulator.message import Answer, Request
from stripe_emulator.refusals import Json, Refusal
from stripe_emulator.store import Store

_KEPT_SECONDS = 86_400
_FIND = "SELECT fingerprint, status, body, request_id FROM replays WHERE account = ? AND key = ?"
_KEEP = "INSERT INTO replays VALUES (?, ?, ?, ?, ?, ?, ?)"


def fingerprint(request: Request, parameters: Json) -> str:
    """Tell apart requests that use one key."""
    text = json.dumps([request.method, request.path, parameters], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


class Replays:
    """The answers kept under keys for a day, and the keys that are in use right now."""

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        self._store = store
        self._clock = clock
        self._busy: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    @contextmanager
    def alone(self, account: str, key: str | None) -> Generator[None]:
        """Refuse a second request with a key whose first one is still going on in this process.

        Processes that share a file take turns at the database: there the second one replays.
        """
        if key is None:
            yield
            return
        self._take(account, key)
        try:
            yield
        finally:
            with self._lock:
                self._busy.discard((account, key))

    def _take(self, account: str, key: str) -> None:
        with self._lock:
            if (account, key) in self._busy:
                raise Refusal(
                    "There is currently another in-progress request using this Idempotent Key "
                    "(that probably means you submitted twice, and the other request is still "
                    f"going through): {key}. Please try again later.",
                    code="idempotency_key_in_use",
                    status=409,
                )
            self._busy.add((account, key))

    def find(self, account: str, key: str, wanted: str) -> Answer | None:
        """Find the answer kept under a key; another request under it (`wanted`) is refused."""
        self._store.run("DELETE FROM replays WHERE at <= ?", self._clock() - _KEPT_SECONDS)
        row = self._store.run(_FIND, account, key).fetchone()
        if row is None:
            return None
        kept_fingerprint, status, body, request_id = row
        if kept_fingerprint != wanted:
            raise Refusal(
                "Keys for idempotent requests can only be used with the same parameters they were "
                f"first used with. Try using a key other than '{key}' if you meant to execute a "
                "different request.",
                type="idempotency_error",
            )
        headers = {"Idempotent-Replayed": "true", "Original-Request": request_id}
        return Answer.of(status, json.loads(body), headers)

    def keep(self, account: str, request: Request, wanted: str, answer: Answer) -> None:
        """Keep an answer under its request's key, if it has one."""
        if request.key:
            kept = (answer.status, answer.body.decode(), request.id)
            self._store.run(_KEEP, account, request.key, self._clock(), wanted, *kept)
