"""The emulator itself: one request in, one answer out, everything in one transaction."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote

from attrs import evolve, field, frozen

from stripe_emulator import (
    access,
    billing,
    catalog,
    checkout,
    control,
    lifecycle,
    listing,
    parse,
    payments,
    present,
    refusals,
    webhooks,
)
from stripe_emulator.account import Account, token
from stripe_emulator.faults import LATE, Cut, Fault, Faults
from stripe_emulator.notation import Judgement
from stripe_emulator.refusals import Json, Refusal
from stripe_emulator.resources import RESOURCES, Endpoint, endpoint
from stripe_emulator.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping
    from os import PathLike

__all__ = ["Answer", "Emulator", "Request"]
_REGISTERED = (billing, catalog, checkout, payments)  # importing them registers their behaviours
_KEPT_FOR = 86_400
_FORM = "application/x-www-form-urlencoded"
_LOG = logging.getLogger(__name__)


@frozen
class Answer:
    """What goes back: status, headers, body. A Content-Length beyond the body means a cut one."""

    status: int
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of(cls, status: int, data: Any, headers: Mapping[str, str] | None = None) -> Answer:
        """Answer with JSON."""
        body = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
        fixed = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        return cls(status, fixed | dict(headers or {}), body)

    @classmethod
    def page(cls, status: int, html: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Answer with HTML."""
        body = html.encode()
        fixed = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body))}
        return cls(status, fixed | dict(headers or {}), body)


@frozen
class Request:
    """What came in; header names are lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    id: str = field(factory=lambda: f"req_{token(14)}")

    def given(self) -> Json:
        """Return the parameters of query and body as one tree."""
        kind = self.headers.get("content-type", _FORM).partition(";")[0].strip().lower()
        if self.body and self.method == "POST" and kind != _FORM:
            raise Refusal(
                "Invalid request (check that your POST content type is "
                f"{_FORM}). If you have any questions, we can help at https://support.stripe.com/."
            )
        body = self.body.decode("latin-1") if self.method == "POST" else ""
        if not body.isascii():
            try:
                body = self.body.decode()
            except UnicodeDecodeError:
                raise Refusal("Invalid request: the parameters are not valid UTF-8.") from None
        return parse.tree(f"{self.query}&{body}")

    @property
    def key(self) -> str | None:
        """The idempotency key; only POST has one."""
        return self.headers.get("idempotency-key") if self.method == "POST" else None


class Emulator:
    """A small stateful Stripe.

    ``file`` is a path that threads and processes may share (SQLite), None keeps everything in
    memory. ``clock`` tells the time in unix seconds. Any ``sk_test_…`` key is welcome; each
    Stripe-Account header is an account of its own.
    """

    def __init__(
        self, file: str | PathLike[str] | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self.file = None if file is None else str(file)
        self.store = Store(file)
        self.clock = clock
        self.faults = Faults(self.store)
        self.postman = webhooks.Postman(clock)
        self.base_url = "https://emulator.invalid"
        self._busy: set[tuple[str, str]] = set()
        self._busy_lock = threading.Lock()

    def close(self) -> None:
        """Deliver what is queued and close the database."""
        self.postman.close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def executed(self, what: str) -> int:
        """Count executions by idempotency key, path (``/v1/refunds``) or ``POST /v1/refunds``."""
        with self.store.transaction(write=False):
            sql = "SELECT count(*) FROM executions WHERE ? IN (key, path, method || ' ' || path)"
            return int(self.store.run(sql, what).fetchone()[0])

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer one request; ``target`` is the raw path with its query.

        Raises Cut when a fault breaks the connection; everything else is an answer.
        """
        path, _, query = target.partition("?")
        lower = {name.lower(): value for name, value in headers.items()}
        request = Request(method.upper(), path, query.partition("#")[0], lower, body)
        try:
            if page := control.find(path):
                return page(self, request)
            answer = self._api(request)
        except Refusal as refusal:
            answer = refused(refusal)
        except Cut:
            raise
        except Exception:  # noqa: BLE001 - the emulator's own mistakes look like Stripe's
            _LOG.exception("the emulator failed at %s %s", request.method, path[:200])
            answer = refused(Refusal("An unknown error occurred", status=500, type="api_error"))
        return evolve(answer, headers=self._echo(request) | answer.headers)

    def _echo(self, request: Request) -> dict[str, str]:
        echoed = {
            "Stripe-Version": request.headers.get("stripe-version"),
            "Idempotency-Key": request.key,
        }
        kept = {name: value for name, value in echoed.items() if value and value.isprintable()}
        return {"Request-Id": request.id, "Stripe-Nodes-Emulator": "true", **kept}

    def _api(self, request: Request) -> Answer:
        name = access.account(request.headers)
        version = access.version(request.headers)
        found = endpoint(request.method, request.path)
        if found is None:
            raise _unrecognized(request)
        _check_key(request.key)
        row, id_ = found
        given = row.parameters.read(raw := request.given(), "", seen := Judgement())
        present.checked(row.resource.kind, given.get("expand", ()), pages=row.pages)
        call = _Call(request, row, _unquoted(id_), given, raw, seen, name)
        with self._alone(name, request.key):
            fault = self.faults.strike(request.method, request.path)
            _strike_early(fault)
            answer = self._transacted(call, fault)
        answer = evolve(answer, headers={"Stripe-Version": version} | answer.headers)
        return _strike_late(fault, answer)

    @contextmanager
    def _alone(self, name: str, key: str | None) -> Generator[None]:
        """Refuse a second request with a key whose first one is still going on in this process.

        Processes that share a file take turns at the database: there the second one replays.
        """
        if key is None:
            yield
            return
        with self._busy_lock:
            if (name, key) in self._busy:
                raise Refusal(
                    "There is currently another in-progress request using this Idempotent Key "
                    "(that probably means you submitted twice, and the other request is still "
                    f"going through): {key}. Please try again later.",
                    code="idempotency_key_in_use",
                    status=409,
                )
            self._busy.add((name, key))
        try:
            yield
        finally:
            with self._busy_lock:
                self._busy.discard((name, key))

    def _transacted(self, call: _Call, fault: Fault | None) -> Answer:
        writes = call.request.method != "GET" or call.row.resource.kind == "checkout.session"
        account = self.account(call.name, call.request.id, call.request.key)
        with self.store.transaction(write=writes):
            if call.request.key and (stored := self._replayed(call)):
                return stored
            _check_references(account, call.seen)
            answer = self._executed(call, account, fault)
            found = webhooks.deliveries(account)
        self.postman.take(found)
        return answer

    def account(self, name: str, request_id: str | None = None, key: str | None = None) -> Account:
        """Open an account for one request; use it inside a transaction of the store."""
        now = int(self.clock())
        return Account(self.store, name, now, request_id, key, self.base_url)

    def _replayed(self, call: _Call) -> Answer | None:
        key, since = call.request.key, self.clock() - _KEPT_FOR
        self.store.run("DELETE FROM replays WHERE at <= ?", since)
        sql = (
            "SELECT fingerprint, status, body, request_id FROM replays "
            "WHERE account = ? AND key = ?"
        )
        row = self.store.run(sql, call.name, key).fetchone()
        if row is None:
            return None
        if row[0] != call.fingerprint:
            raise Refusal(
                "Keys for idempotent requests can only be used with the same parameters they were "
                f"first used with. Try using a key other than '{key}' if you meant to execute a "
                "different request.",
                type="idempotency_error",
            )
        replayed = {"Idempotent-Replayed": "true", "Original-Request": row[3]}
        return Answer.of(row[1], json.loads(row[2]), replayed)

    def _executed(self, call: _Call, account: Account, fault: Fault | None) -> Answer:
        """Execute, and keep the answer under the key: refusals of the execution included."""
        try:
            with self.store.undoable():
                answer = self._kept(call, account, fault)
        except Refusal as refusal:
            account.events.clear()
            answer = refused(refusal)
        if key := call.request.key:
            self.store.run(
                "INSERT INTO replays VALUES (?, ?, ?, ?, ?, ?, ?)", call.name, key, self.clock(),
                call.fingerprint, answer.status, answer.body.decode(), call.request.id,
            )  # fmt: skip
        return answer

    def _kept(self, call: _Call, account: Account, fault: Fault | None) -> Answer:
        if fault and fault.kind == "stored_error" and (refusal := fault.refusal()):
            raise refusal
        if call.row.resource.kind == "checkout.session":
            checkout.expire_overdue(account)
        try:
            answer = Answer.of(200, _view(call, account))
        except Refusal as refusal:
            if not refusal.kept:
                raise
            answer = refused(refusal)
        if call.request.method != "GET":
            values = (call.name, call.request.method, call.request.path, call.request.key)
            self.store.run("INSERT INTO executions VALUES (?, ?, ?, ?)", *values)
        return answer


@frozen
class _Call:
    """One request, read and judged."""

    request: Request
    row: Endpoint
    id: str | None
    given: Json
    raw: Json
    seen: Judgement
    name: str

    @property
    def fingerprint(self) -> str:
        """Tell apart requests that use one key."""
        text = json.dumps([self.request.method, self.request.path, self.raw], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


def refused(refusal: Refusal) -> Answer:
    """Answer with Stripe's error object, or with the HTML of something in front of it."""
    message = refusal.error["message"]
    if message.startswith("<html>"):
        return Answer.page(refusal.status, message, refusal.headers)
    return Answer.of(refusal.status, {"error": refusal.error}, refusal.headers)


def _view(call: _Call, account: Account) -> Json:
    row, url = call.row, call.request.path
    if row.verb == "list":
        return listing.page(account, row, call.given, url)
    obj = lifecycle.execute(account, row, call.id, call.given)
    if row.pages:
        kind = "item" if row.verb == "line_items" else "line_item"
        return listing.inner_page(account, obj[f"_{row.verb}"], kind, call.given, url)
    if obj.get("deleted") is True:
        return obj
    return account.show(
        obj, present.checked(obj["object"], call.given.get("expand", ()), pages=False)
    )


def _check_references(account: Account, seen: Judgement) -> None:
    for kind, id_, path in seen.references:
        if kind == "payment_method" and payments.known_method(account, id_):
            continue
        if account.get(kind, id_) is None:
            called = RESOURCES[kind].called or kind if kind in RESOURCES else kind
            raise refusals.missing_object(called, id_, path, 400)


def _check_key(key: str | None) -> None:
    if key == "":
        raise Refusal("Idempotency Key must be a non-empty string.")
    if key and len(key) > 255:
        raise Refusal("The idempotency key provided is too long: at most 255 characters.")


def _unquoted(id_: str | None) -> str | None:
    if id_ is None:
        return None
    try:
        plain = unquote(id_, errors="strict")
        plain.encode()
    except UnicodeError:
        raise Refusal("Invalid request: the path is not valid UTF-8.") from None
    if "\0" in plain:
        raise Refusal("Invalid request: the path contains a null byte.")
    return plain


def _unrecognized(request: Request) -> Refusal:
    hint = (
        "If you are trying to list objects, remove the trailing slash. If you are trying to "
        "retrieve an object, make sure you passed a valid (non-empty) identifier in your code. "
        if request.path.endswith("/")
        else ""
    )
    shown = request.path.encode("ascii", "replace").decode()[:200]
    return Refusal(
        f"Unrecognized request URL ({request.method[:20]}: {shown}). {hint}Please see "
        "https://stripe.com/docs or we can help at https://support.stripe.com/.",
        status=404,
    )


def _strike_early(fault: Fault | None) -> None:
    if fault is None or fault.kind in LATE or fault.kind == "stored_error":
        return
    if fault.kind == "delay":
        time.sleep(fault.seconds)
    elif fault.kind == "cut":
        raise Cut(executed=False)
    elif refusal := fault.refusal():
        raise refusal


def _strike_late(fault: Fault | None, answer: Answer) -> Answer:
    kind = fault.kind if fault else None
    if fault and kind == "delay_after":
        time.sleep(fault.seconds)
    if kind == "cut_after":
        raise Cut(executed=True)
    if kind == "truncate":
        return evolve(answer, body=answer.body[: len(answer.body) // 2])
    if kind == "invalid_json":
        body = answer.body[:-1] + b","
        return evolve(answer, body=body)
    if kind == "wrong_type":
        return evolve(answer, headers=answer.headers | {"Content-Type": "text/html"})
    return answer
