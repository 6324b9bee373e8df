"""How does one request become one answer, everything in one transaction?"""

import itertools
import logging
import operator
import os
import random
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager, suppress
from typing import Self, TypeGuard

from attrs import evolve, frozen

from stripe_emulator import (
    access,
    billing,
    contract,
    control,
    declare,
    due,
    echo,
    expand,
    faults,
    fork,
    lifecycle,
    listing,
    parse,
    refusals,
    resources,
    search,
    simulated,
    webhooks,
)
from stripe_emulator.account import Account
from stripe_emulator.billing.retries import AFTER_RETRIES, AfterRetries
from stripe_emulator.declare import Endpoint
from stripe_emulator.faults import Cut, Fault, Faults, TimedOut
from stripe_emulator.held import Held
from stripe_emulator.judge import Place, Reference
from stripe_emulator.late import Late
from stripe_emulator.message import DRAWS, Answer, Headers, Request, refused
from stripe_emulator.refusals import Json, Refusal
from stripe_emulator.replays import Replays, fingerprint
from stripe_emulator.store import Store

resources.load()
echo.load()
billing.load()
File = str | os.PathLike[str]
Clock = Callable[[], float]
_LOG = logging.getLogger(__name__)
_LONGEST = 315_576_000  # ten years
_LOGGED = {400, 402, 404}
_COUNT = "SELECT count(*) FROM executions WHERE ? IN (key, path, method || ' ' || path)"


@frozen
class _Call:
    """One request, read and judged."""

    request: Request
    account: str
    endpoint: Endpoint
    id: str | None
    given: Json
    references: list[Reference]
    fingerprint: str
    fault: Fault | None = None


class Emulator:
    """A small stateful Stripe.

    `file` is a path that threads and processes may share (SQLite), None keeps everything in
    memory. `clock` tells the time in unix seconds; `advance` puts the world ahead of it. With a
    `seed` the same requests make the same ids. `after_retries` is what becomes of a subscription
    that cannot be collected: `cancel`, `unpaid` or `past_due`. A search finds what is
    `search_delay` seconds old, so at once; with 60 it is as late as Stripe's may be. Any
    `sk_test_…` key is welcome; each Stripe-Account header is an account of its own. A forked child
    has a copy of what is in memory, and opens a file anew.
    """

    def __init__(
        self,
        file: File | None = None,
        clock: Clock = time.time,
        *,
        seed: int | None = None,
        after_retries: AfterRetries = "cancel",
        search_delay: float = 0,
    ) -> None:
        if after_retries not in AFTER_RETRIES:
            raise ValueError(f"after_retries is one of {AFTER_RETRIES}, not {after_retries!r}")
        self.file = None if file is None else str(file)
        self.clock = clock
        self.seed = seed
        self.after_retries: AfterRetries = after_retries
        self.search_delay = search_delay
        self._requests = itertools.count()
        self.base_url = "https://emulator.invalid"
        self.store = Store(file)
        self.faults = Faults(self.store)
        self.deliveries = webhooks.Outcomes(self.store, clock)
        self._start()
        fork.remember(self)

    def _start(self) -> None:
        self.postman = webhooks.Postman(self.clock, self.deliveries)
        self._replays = Replays(self.store, self.now)
        self._late = Late()

    def close(self) -> None:
        """Deliver what is queued and close the database."""
        self._late.close()
        self.postman.close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def hold(self) -> None:
        """Come to rest before this process forks."""
        self.store.hold()

    def release(self) -> None:
        """Go on after it forked."""
        self.store.release()

    def renew(self) -> None:
        """Begin anew in a forked child: its own database, no threads, no requests going on."""
        self.store.renew()
        self._start()

    def executed(self, what: str) -> int:
        """Count executions by idempotency key, path (`/v1/refunds`) or `POST /v1/refunds`."""
        with self.store.transaction(write=False):
            [count] = self.store.run(_COUNT, what).fetchone()
            return int(count)

    def now(self) -> float:
        """Tell the time of this world, in unix seconds; only inside a transaction."""
        return self.clock() + self.store.ahead

    @contextmanager
    def transaction(self, *, write: bool) -> Generator[None]:
        """Do everything inside, or nothing of it."""
        with self.store.transaction(write=write), self._drawing("ids", self.store.count):
            yield

    @contextmanager
    def _drawing(self, what: str, number: int) -> Generator[None]:
        """Draw ids as the seed says, if there is one: the same at the same point again."""
        if self.seed is None:
            yield
            return
        draws = random.Random(f"{self.seed} {what} {number}")  # noqa: S311 - repeatable
        before = DRAWS.set(draws)
        try:
            yield
        finally:
            DRAWS.reset(before)

    def account(self, name: str, request_id: str | None = None, key: str | None = None) -> Account:
        """Open an account for one request; only inside a transaction."""
        now = int(self.now())
        return Account(
            self.store,
            name,
            now,
            request_id,
            key,
            self.base_url,
            after_retries=self.after_retries,
            search_delay=self.search_delay,
        )

    def held(self, account: str = "default") -> Held:
        """Look at what an account has, from beside the API."""
        return Held(self, account)

    def advance(self, seconds: float) -> list[Json]:
        """Let time pass for everything in this world; returns the events of it, in order.

        Renewals, trials, finalizing, retries, expiries: each happens at its own moment, and is
        told to webhook endpoints. All of it or, if something fails, nothing. Raises ValueError
        for no time, or more than ten years.
        """
        if not 0 < seconds <= _LONGEST:
            raise ValueError(f"time passes by 1 to {_LONGEST} seconds, not by {seconds}")
        return self._pass(seconds)

    def catch_up(self) -> None:
        """Do what the time that passed by itself has brought."""
        with self.store.transaction(write=False):
            late = self.store.next_planned("", int(self.now()))
        if late:
            self._pass(0)

    def _pass(self, seconds: float) -> list[Json]:
        with self.transaction(write=True):
            until = int(self.now() + seconds)
            accounts = due.bring(self.store, self.account, until)
            self.store.go_ahead(seconds)
            found = [webhooks.deliveries(account) for account in accounts]
        self.postman.take(list(itertools.chain(*found)))
        events = itertools.chain(*(account.events for account in accounts))
        return sorted(events, key=operator.itemgetter("created"))

    def answer(self, method: str, target: str, headers: Headers, body: bytes) -> Answer:
        """Answer one request; `target` is the raw path with its query.

        Raises Cut when a fault breaks the connection, and TimedOut when the caller's patience
        (`faults.patience`) ended during a delay; everything else is an answer.
        """
        with self._drawing("request", next(self._requests)):
            request = Request.read(method, target, headers, body)
        try:
            if page := control.find(request.path):
                return page(self, request)
            answer = self._api(request)
        except Refusal as refusal:
            answer = refused(refusal)
        except (Cut, TimedOut):
            raise
        except Exception:  # noqa: BLE001 - the emulator's own mistakes look like Stripe's
            _LOG.exception("the emulator failed at %s %s", request.method, request.path[:200])
            answer = refused(Refusal("An unknown error occurred", status=500, type="api_error"))
        return evolve(answer, headers=_echo(request) | answer.headers)

    def _api(self, request: Request) -> Answer:
        account = access.account(request.headers)
        version = access.version(request.headers)
        endpoint, quoted = _served(request)
        try:
            call = _judged(request, account, endpoint, quoted)
            answer = self._called(call)
        except Refusal as refusal:
            answer = self._refused(refusal, request)
        told = {"Stripe-Version": version, **echo.headers(endpoint)}
        return evolve(answer, headers=told | answer.headers)

    def _called(self, call: _Call) -> Answer:
        request = call.request
        with ExitStack() as going_on:
            going_on.enter_context(self._replays.alone(call.account, request.key))
            fault = self.faults.strike(request.method, request.path)
            if fault:
                self._strike_before(fault, call, going_on)
            answer = self._transacted(evolve(call, fault=fault))
        return faults.strike_after(fault, answer) if fault else answer

    def _refused(self, refusal: Refusal, request: Request) -> Answer:
        """Refuse, and tell where the request would be looked up."""
        if refusal.status in _LOGGED and refusal.error["type"] != refusals.NOT_STRIPES:
            moment = int(self.now())
            refusal.error["request_log_url"] = f"{self.base_url}/logs/{request.id}?t={moment}"
        return refused(refusal)

    def _strike_before(self, fault: Fault, call: _Call, going_on: ExitStack) -> None:
        if fault.kind != "delay":
            faults.strike_before(fault)
            return
        due = time.monotonic() + fault.seconds
        if not faults.outlasted(fault.seconds):
            self._execute_late(due, call, going_on.pop_all())
            raise TimedOut

    def _execute_late(self, due: float, call: _Call, going_on: ExitStack) -> None:
        """Execute what nobody waits for any more; its key stays in use until then."""

        def execute() -> None:
            with going_on, suppress(Refusal):
                self._transacted(call)

        self._late.add(due, execute)

    def _transacted(self, call: _Call) -> Answer:
        self.catch_up()
        request = call.request
        with self.transaction(write=request.method != "GET"):
            kept = self._replayed(call)
            if kept:
                return kept
            account = self.account(call.account, request.id, request.key)
            _check(call, account)
            answer = self._executed(call, account)
            self._replays.keep(call.account, request, call.fingerprint, answer)
            found = webhooks.deliveries(account)
        self.postman.take(found)
        return answer

    def _replayed(self, call: _Call) -> Answer | None:
        """The answer that is kept under the key of this request."""
        key = call.request.key
        return self._replays.find(call.account, key, call.fingerprint) if key else None

    def _executed(self, call: _Call, account: Account) -> Answer:
        """Execute; a refusal undoes what was done, and is an answer that is kept too."""
        try:
            with account.undoable():
                return self._kept(call, account)
        except Refusal as refusal:
            return self._refused(refusal, call.request)

    def _kept(self, call: _Call, account: Account) -> Answer:
        if call.fault:
            faults.strike_inside(call.fault)
        try:
            answer = Answer.of(200, _view(call, account))
        except Refusal as refusal:
            if not refusal.kept:
                raise
            answer = self._refused(refusal, call.request)
        self._count(call)
        return answer

    def _count(self, call: _Call) -> None:
        request = call.request
        if request.method != "GET":
            values = (call.account, request.method, request.path, request.key)
            self.store.run("INSERT INTO executions VALUES (?, ?, ?, ?)", *values)


def _served(request: Request) -> tuple[Endpoint, str | None]:
    found = declare.endpoint(request.method, request.path)
    if found is None:
        raise _unserved(request)
    return found


def _judged(request: Request, account: str, endpoint: Endpoint, quoted: str | None) -> _Call:
    access.check_key(request.key)
    raw = request.given()
    place = Place()
    given = endpoint.parameters.read(raw, place)
    expand.tree(endpoint.answers, given, pages=endpoint.pages)
    return _Call(
        request=request,
        account=account,
        endpoint=endpoint,
        id=None if quoted is None else parse.identifier(quoted),
        given=given,
        references=place.references,
        fingerprint=fingerprint(request, raw),
    )


def _check(call: _Call, account: Account) -> None:
    """Refuse what is not executed: first what Stripe refuses, then what is not simulated."""
    lifecycle.check_references(account, call.references)
    lifecycle.check_first(account, call.endpoint, call.given)
    simulated.check(call.endpoint, call.given)


def _view(call: _Call, account: Account) -> Json:
    endpoint, url = call.endpoint, call.request.path
    if endpoint.verb == "list":
        return listing.page(account, endpoint.resource, call.given, url)
    if endpoint.verb == "search":
        return search.page(account, endpoint.resource, call.given, url)
    obj = lifecycle.execute(account, endpoint, call.id, call.given)
    if kind := endpoint.lists:
        carried = endpoint.verb.rpartition("/")[2]
        rows = obj[f"_{carried}"]
        return listing.inner_page(account, rows, kind, call.given, url)
    if obj.get("deleted") is True:
        return obj
    wanted = expand.tree(obj["object"], call.given, pages=False)
    return account.show(obj, wanted)


def _echo(request: Request) -> dict[str, str]:
    echoed = {
        "Stripe-Version": request.headers.get("stripe-version"),
        "Idempotency-Key": request.key,
    }
    kept = {name: value for name, value in echoed.items() if _is_plain(value)}
    return {"Request-Id": request.id, "Stripe-Nodes-Emulator": "true", **kept}


def _is_plain(value: str | None) -> TypeGuard[str]:
    return value is not None and value != "" and value.isprintable()


_TRAILING_SLASH = (
    "If you are trying to list objects, remove the trailing slash. If you are trying to "
    "retrieve an object, make sure you passed a valid (non-empty) identifier in your code. "
)


def _unserved(request: Request) -> Refusal:
    if contract.has(request.method, request.path):
        return refusals.not_simulated(f"{request.method} {request.path[:200]}")
    return _unrecognized(request)


def _unrecognized(request: Request) -> Refusal:
    hint = _TRAILING_SLASH if request.path.endswith("/") else ""
    plain = request.path.encode("ascii", "replace").decode()
    shown = plain[:200]
    return Refusal(
        f"Unrecognized request URL ({request.method[:20]}: {shown}). {hint}Please see "
        "https://stripe.com/docs or we can help at https://support.stripe.com/.",
        status=404,
    )
