"""Nothing hangs and nothing stays behind: whatever a server does, whoever cancels or closes."""

import asyncio
import itertools
import queue
import socket
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, suppress
from functools import partial
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from network_support import (
    Behaviour,
    Heard,
    Place,
    answer,
    descriptors,
    eventually,
    friendly,
    requests,
)
from network_support import silent as says_nothing
from support import ACTIONS, made

from stripe_plugin import Action, AsyncClient, Client, Connection, Host, Policy, Result
from stripe_plugin.client import http, line, pool
from stripe_plugin.errors import ConnectionFailed

KEY = "sk_test_hung"
SHORT = 0.3  # seconds of a bound
BUSY = 10.0  # seconds in which the slowest machine is done with what is bounded so
EVER = 60.0  # seconds that are as good as for ever
ONCE = Policy(retries=0, timeout=EVER, budget=EVER)
CREATE = made("create_customer", {"Name": "J"})


# --- both clients, under one name -----------------------------------------------------------------


class Threads(AbstractContextManager["Threads"]):
    """Runs of a `Client`, each in a thread."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(200)

    def open(self, place: str, policy: Policy = ONCE) -> Any:
        """A client of this place."""
        return Client(Connection(KEY, base_url=place), policy)

    def run(self, opened: Any, *run: Any) -> "Future[Result]":
        """A run that is on its way."""
        return self._pool.submit(opened.run, *run)

    def twice(self, opened: Any, action: Action) -> "Future[Any]":
        """One run after the other, by a thread that does nothing in between."""
        return self._pool.submit(lambda: [opened.run(action) for _ in range(2)])

    def close(self, opened: Any) -> "Future[None]":
        """Closing, on its way."""
        return self._pool.submit(opened.close)

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()


class Tasks(AbstractContextManager["Tasks"]):
    """Runs of an `AsyncClient`, each a task of one loop, which has a thread."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def open(self, place: str, policy: Policy = ONCE) -> Any:
        """A client of this place."""
        return AsyncClient(Connection(KEY, base_url=place), policy)

    def run(self, opened: Any, *run: Any) -> "Future[Result]":
        """A run that is on its way."""
        return asyncio.run_coroutine_threadsafe(opened.run(*run), self._loop)

    def twice(self, opened: Any, action: Action) -> "Future[Any]":
        """One run after the other, by a task that does nothing in between."""

        async def both() -> Any:
            return [await opened.run(action) for _ in range(2)]

        return asyncio.run_coroutine_threadsafe(both(), self._loop)

    def close(self, opened: Any) -> "Future[None]":
        """Closing, on its way."""
        return asyncio.run_coroutine_threadsafe(opened.aclose(), self._loop)

    def __exit__(self, *_: object) -> None:
        left = eventually(lambda: not asyncio.all_tasks(self._loop))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        assert left, "a task is left"


Side = Threads | Tasks


@pytest.fixture(autouse=True)
def _nothing_is_left() -> Iterator[None]:
    """After every test there are no sockets and threads that were not there before it."""
    files, threads = descriptors(), {*threading.enumerate()}
    yield
    assert eventually(lambda: descriptors() <= files and threads.issuperset(threading.enumerate()))


@pytest.fixture(params=[Threads, Tasks], ids=["sync", "async"])
def side(request: pytest.FixtureRequest, _nothing_is_left: None) -> Iterator[Side]:
    """One of the two clients."""
    with request.param() as found:
        yield found


def failure(run: "Future[Any]", seconds: float = 30.0) -> ConnectionFailed:
    """The error of a run, which ends in time."""
    error = run.exception(seconds)
    assert isinstance(error, ConnectionFailed), f"{error!r}"
    assert (error.category, error.code, error.retryable) == ("connection", "no_answer", True)
    assert ("Nothing was executed." in error.message) == (not error.outcome_unknown)
    return error


# --- whatever a server does -----------------------------------------------------------------------


def dripping(first: bytes, then: bytes) -> Behaviour:
    """Says something at once, and the rest a byte at a time, without an end."""

    def behave(peer: socket.socket) -> None:
        peer.recv(65_536)
        peer.sendall(first)
        for byte in itertools.cycle(then):
            peer.sendall(bytes([byte]))
            time.sleep(0.01)

    return behave


def endless(first: bytes, then: bytes) -> Behaviour:
    """Says something, and then the same over and over, as fast as it is taken."""

    def behave(peer: socket.socket) -> None:
        peer.recv(65_536)
        peer.sendall(first)
        while True:
            peer.sendall(then * 1000)

    return behave


def reads_slowly(peer: socket.socket) -> None:
    """Takes a little at a time, for longer than a client may wait."""
    while peer.recv(8192):
        time.sleep(BUSY / 50)


def anonymous(protocol: int) -> ssl.SSLContext:
    """TLS without certificates, which nobody but a test would speak."""
    context = ssl.SSLContext(protocol)
    if protocol == ssl.PROTOCOL_TLS_CLIENT:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("aNULL:@SECLEVEL=0")
    return context


def secured_socket(peer: socket.socket) -> ssl.SSLSocket:
    """Its TLS, as the server speaks it."""
    return anonymous(ssl.PROTOCOL_TLS_SERVER).wrap_socket(peer, server_side=True)


def secured(behave: Behaviour) -> Behaviour:
    """The same behind TLS."""

    def secure(peer: socket.socket) -> None:
        with secured_socket(peer) as inner:
            behave(inner)

    return secure


def refuses(peer: socket.socket) -> None:
    """A proxy that says no."""
    answer(peer, {}, 403)


OK = b"HTTP/1.1 200 OK\r\n"
LONG, CHUNKED = OK + b"Content-Length: 999999999\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n"
AFTER_SENDING: dict[str, Behaviour] = {
    "silence": says_nothing,
    "dripping status line": dripping(b"", b"HTTP/1.1 200 ".ljust(9999, b"O")),
    "dripping headers": dripping(OK, b"A: b\r\n"),
    "dripping body": dripping(LONG, b"{"),
    "dripping chunks": dripping(OK + CHUNKED, b"1\r\n{\r\n"),
    "dripping interim answers": dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "endless headers": endless(OK, b"A: b\r\n"),
    "endless interim answers": endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "endless body": endless(LONG, b"{"),
    "endless chunks": endless(OK + CHUNKED, b"1\r\n{\r\n"),
}
WITHIN_TLS = {"silence": secured(says_nothing), "dripping body": secured(dripping(LONG, b"{"))}
BEFORE_TLS = {
    "silence": says_nothing,
    "dripping handshake": dripping(b"\x16\x03\x03\x40\x00\x02\x00\x3f\xfc", b"\x03"),
}
TIMEOUT = attrs.evolve(ONCE, timeout=SHORT)
BUDGET = Policy(retries=9, timeout=EVER, budget=SHORT, first_delay=0.01)
HANGS = [
    pytest.param(behave, scheme, policy, sent, id=f"{bound}-{scheme}-{name}".replace(" ", "_"))
    for scheme, sent, table in [
        ("http", True, AFTER_SENDING),
        ("https", True, WITHIN_TLS),
        ("https", False, BEFORE_TLS),
    ]
    for name, behave in table.items()
    for bound, policy in {"timeout": TIMEOUT, "budget": BUDGET}.items()
    if bound == "timeout" or name == "silence"
]


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch, _nothing_is_left: None) -> Iterator[Place]:
    """A place for the behaviours; TLS there needs no certificate."""
    certified = anonymous(ssl.PROTOCOL_TLS_CLIENT)
    monkeypatch.setattr(line, "tls_context", lambda: certified)
    monkeypatch.setattr(http, "LARGEST", 10**6)
    with Place() as found:
        yield found


@pytest.mark.parametrize(("behave", "scheme", "policy", "sent"), HANGS)
def test_every_attempt_ends(
    side: Side, place: Place, behave: Behaviour, scheme: str, policy: Policy, *, sent: bool
) -> None:
    """However a server hangs, the run ends in time, says what is known, and spoils no later one."""
    place.behave = behave
    opened = side.open(f"{scheme}://127.0.0.1:{place.port}", policy)
    started = time.monotonic()
    error = failure(side.run(opened, CREATE))
    assert time.monotonic() - started < BUSY
    assert (error.attempts, error.outcome_unknown) == (1, sent)
    assert eventually(lambda: not place.open), "the connection is left open"
    place.behave = friendly if scheme == "http" else secured(friendly)
    opened.policy = ONCE
    assert side.run(opened, CREATE).result(30).output["id"] == "cus_1"
    side.close(opened).result(30)


def test_an_endless_answer_is_not_kept(side: Side, place: Place) -> None:
    """An answer that grows and grows is given up long before the time is over."""
    place.behave, opened = AFTER_SENDING["endless body"], side.open(place.url)
    error = failure(side.run(opened, CREATE))
    assert "the answer has no end" in error.message
    assert error.outcome_unknown
    side.close(opened).result(30)


def test_slow_reading(side: Side, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that takes a long request little by little is not fed without an end."""
    connect = socket.socket.connect

    def narrow(connecting: socket.socket, where: Any) -> None:
        connecting.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        connect(connecting, where)

    monkeypatch.setattr(socket.socket, "connect", narrow)
    place.narrow()
    place.behave, opened = reads_slowly, side.open(place.url, TIMEOUT)
    extra = {f"big{number}": "x" * 90_000 for number in range(10)}
    big = ACTIONS["create_customer"].read({"Name": "J"}, extra=extra)
    started = time.monotonic()
    assert failure(side.run(opened, big)).outcome_unknown
    assert time.monotonic() - started < BUSY
    side.close(opened).result(30)


def test_a_door_that_nobody_opens(side: Side) -> None:
    """Where connecting itself hangs, the run ends in time and nothing was executed."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as door, ExitStack() as waiting:
        address = door.getsockname()
        with suppress(TimeoutError):
            for _ in range(5):
                waiting.enter_context(socket.create_connection(address, 0.1))
            pytest.skip("a full backlog keeps nobody waiting here")
        opened = side.open(f"http://127.0.0.1:{address[1]}", TIMEOUT)
        started = time.monotonic()
        assert not failure(side.run(opened, CREATE)).outcome_unknown
        assert time.monotonic() - started < BUSY
        side.close(opened).result(30)


def test_many_addresses_share_the_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name with twenty addresses, none of which answers, takes no longer than one."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as door, ExitStack() as waiting:
        address = door.getsockname()
        with suppress(TimeoutError):
            for _ in range(5):
                waiting.enter_context(socket.create_connection(address, 0.1))
            pytest.skip("a full backlog keeps nobody waiting here")
        found = socket.getaddrinfo(*address)[:1]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found * 20)
        with Client(Connection(KEY, base_url=f"http://localhost:{address[1]}"), TIMEOUT) as opened:
            started = time.monotonic()
            with pytest.raises(ConnectionFailed):
                opened.run(CREATE)
            assert time.monotonic() - started < BUSY


def test_nonsense_within_tls(side: Side, place: Place) -> None:
    """Bytes that are no TLS, amid a connection that was, are an error like any other."""

    def behave(peer: socket.socket) -> None:
        with secured_socket(peer) as inner:
            inner.recv(65_536)
            socket.socket.sendall(inner, b"This is no TLS record at all.")
            says_nothing(inner)

    place.behave = behave
    opened = side.open(f"https://127.0.0.1:{place.port}", ONCE)
    assert failure(side.run(opened, CREATE)).outcome_unknown
    side.close(opened).result(30)


@pytest.mark.parametrize("behave", [says_nothing, refuses], ids=["silent", "refusing"])
def test_a_proxy_in_between(
    side: Side, place: Place, behave: Behaviour, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a proxy lets nobody through, nothing was executed, and the proxy learns no key."""
    heard: list[Heard] = []

    def noting(peer: socket.socket) -> None:
        heard.append(next(requests(peer)))
        behave(peer)

    place.behave = noting
    monkeypatch.setenv("HTTPS_PROXY", f"127.0.0.1:{place.port}")
    opened = side.open("https://stripe.test", TIMEOUT)
    assert not failure(side.run(opened, CREATE)).outcome_unknown
    side.close(opened).result(30)
    assert heard[0].line == "CONNECT stripe.test:443"
    assert KEY not in f"{heard}"


def test_no_proxy(side: Side, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO_PROXY is heeded, and loopback without TLS never goes through a proxy."""
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "localhost,127.0.0.1")
    for scheme, behave in {"http": friendly, "https": secured(friendly)}.items():
        place.behave = behave
        opened = side.open(f"{scheme}://127.0.0.1:{place.port}")
        assert side.run(opened, CREATE).result(30)
        side.close(opened).result(30)


# --- cancelled ------------------------------------------------------------------------------------


class Cancelled:
    """A coroutine whose task is cancelled where it waits, at some of the times that it does."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], *times: int) -> None:
        self._inner, self._times, self.waits = coroutine.__await__(), times, 0

    def __await__(self) -> Generator[Any, Any, Any]:
        task = asyncio.current_task()
        assert task is not None
        move: Callable[[], Any] = partial(self._inner.send, None)
        while True:
            try:
                awaited = move()
            except StopIteration as end:
                return end.value
            if self.waits in self._times:
                task.cancel()
            self.waits += 1
            try:
                yield awaited
                move = partial(self._inner.send, None)
            except BaseException as error:  # noqa: BLE001 - whatever it is, it goes inside
                move = partial(self._inner.throw, error)


async def cancelled(coroutine: Coroutine[Any, Any, Any], *times: int) -> bool:
    """Whether it was cancelled there; it may have ended before."""
    trial = Cancelled(coroutine, *times)

    async def run() -> Any:
        return await trial

    ended: Any
    [ended] = await asyncio.gather(run(), return_exceptions=True)
    assert trial.waits <= times[0] or isinstance(ended, asyncio.CancelledError), f"{ended!r}"
    return isinstance(ended, asyncio.CancelledError)


async def settled(condition: Callable[[], Any]) -> bool:
    """As `eventually`, without holding up the loop."""
    return await asyncio.to_thread(eventually, condition)


def fails_first(peer: socket.socket) -> None:
    """A Stripe that is unavailable to the first request of each connection."""
    for number, _ in enumerate(requests(peer)):
        answer(peer, {"id": "cus_1"}, 200 if number else 503)


RETRYING = attrs.evolve(ONCE, retries=1, first_delay=0.01)
CANCELLED = {
    "http": ("http", friendly, 0),
    "https": ("https", secured(friendly), 0),
    "between attempts": ("http", fails_first, 1),  # whose connection is kept for the second
}
again = pytest.mark.parametrize("again", [0, 1, 2], ids=["once", "twice", "a_little_later"])


@again
@pytest.mark.parametrize("case", CANCELLED)
def test_cancelled_anywhere(place: Place, case: str, again: int) -> None:
    """Wherever a run is cancelled, and cancelled again, it leaves neither socket nor task."""
    scheme, place.behave, kept = CANCELLED[case]
    there = Connection(KEY, base_url=f"{scheme}://127.0.0.1:{place.port}")

    async def trial(number: int) -> bool:
        async with AsyncClient(there, RETRYING) as opened:
            went = await cancelled(opened.run(CREATE), number, number + again)
            assert len(asyncio.all_tasks()) == 1
            assert await settled(lambda: place.open <= (kept if went else 1))
            assert await opened.run(CREATE)
        return went

    waits = sum(1 for _ in itertools.takewhile(bool, (asyncio.run(trial(n)) for n in range(99))))
    assert 2 <= waits < 50  # looking up and waiting for the answer; loopback connects at once
    assert eventually(lambda: not place.open)


@again
def test_a_cancelled_run_of_a_host(place: Place, again: int) -> None:
    """A host's run that is cancelled anywhere closes what it opened."""
    there, host = Connection(KEY, base_url=place.url), Host.load()

    async def trial(number: int) -> bool:
        run = host.arun("create_customer", {"Name": "J"}, connection=there)
        went = await cancelled(run, number, number + again)
        assert len(asyncio.all_tasks()) == 1
        assert await settled(lambda: place.open <= (0 if went else 1))  # kept for the next run
        return went

    waits = sum(1 for _ in itertools.takewhile(bool, (asyncio.run(trial(n)) for n in range(99))))
    assert 2 <= waits < 50  # looking up and waiting for the answer; loopback connects at once


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_cancelling_uses_nothing_up(place: Place, scheme: str) -> None:
    """After twice as many cancelled runs as there are connections, all of them serve at once."""
    all_asked, together = threading.Barrier(pool.MOST), made("create_customer", {"Name": "K"})

    def behave(peer: socket.socket) -> None:
        for heard in requests(peer):
            if heard.body == b"name=K":
                all_asked.wait(30)
            answer(peer, {"id": "cus_1"})

    async def run() -> None:
        place.behave = behave if scheme == "http" else secured(behave)
        there = Connection(KEY, base_url=f"{scheme}://127.0.0.1:{place.port}")
        async with AsyncClient(there, ONCE) as opened:
            for number in range(2 * pool.MOST):
                await cancelled(opened.run(CREATE), number % 13)
            await asyncio.gather(*[opened.run(together) for _ in range(pool.MOST)])

    asyncio.run(run())
    assert not all_asked.broken


@pytest.mark.parametrize("later", range(8))
def test_cancelled_while_waiting_for_a_turn(
    place: Place, monkeypatch: pytest.MonkeyPatch, later: int
) -> None:
    """A run that is cancelled before, or just as, its turn comes takes no other run's turn."""
    monkeypatch.setattr(pool, "MOST", 1)
    place.behave = says_nothing

    async def run() -> None:
        async with AsyncClient(Connection(KEY, base_url=place.url), ONCE) as opened:
            holds, waits, comes = (asyncio.create_task(opened.run(CREATE)) for _ in range(3))
            assert await settled(lambda: place.open)
            place.behave = friendly
            holds.cancel()
            for _ in range(later):
                await asyncio.sleep(0)
            waits.cancel()
            assert await asyncio.wait_for(comes, 30)
            await asyncio.gather(holds, waits, return_exceptions=True)

    asyncio.run(run())


# --- closed ---------------------------------------------------------------------------------------


class Gate:
    """A Stripe that answers when it is told to."""

    def __init__(self) -> None:
        self.asked, self._opened = list[bytes](), threading.Event()

    def __call__(self, peer: socket.socket) -> None:
        """Serves one connection."""
        for heard in requests(peer):
            self.asked.append(heard.body)
            assert self._opened.wait(30)
            answer(peer, {"id": "cus_1"})

    def open(self) -> None:
        """Lets all answers out."""
        self._opened.set()


CLOSED = "The client was closed. Nothing was executed."


def test_closing_lets_arrive_what_is_on_its_way(side: Side, place: Place) -> None:
    """However many close a client at once, its runs arrive, and later ones are refused."""
    gate = place.behave = Gate()
    opened = side.open(place.url)
    runs = [side.run(opened, CREATE) for _ in range(3)]
    assert eventually(lambda: len(gate.asked) == 3)
    closing = [side.close(opened) for _ in range(2)]
    assert eventually(lambda: opened._pool.closed)
    assert failure(side.run(opened, CREATE)).message == CLOSED
    assert not any(close.done() for close in closing)
    gate.open()
    assert [run.result(30).output["id"] for run in runs] == ["cus_1"] * 3
    for close in [*closing, side.close(opened)]:
        close.result(30)
    assert failure(side.run(opened, CREATE)).message == CLOSED
    assert eventually(lambda: not place.open)
    assert len(gate.asked) == 3


def test_who_is_about_to_wait_sees_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pool that another thread closes just before one waits lets it not wait at all."""
    lines: pool.Pool[line.Line] = pool.Pool(lambda: line.Line(Connection("sk_test_key"), None))

    def closed_meanwhile() -> Any:
        lines.close()
        return queue.SimpleQueue()

    patched = SimpleNamespace(SimpleQueue=closed_meanwhile, Empty=queue.Empty)
    monkeypatch.setattr(pool, "queue", patched)
    started = time.monotonic()
    lines.sleep(20)
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("status", [503, 429])
def test_closing_ends_what_waits_between_attempts(side: Side, place: Place, status: int) -> None:
    """A run that waits for its next attempt ends at once, and says whether it was executed."""
    asked: list[Heard] = []

    def fails(peer: socket.socket) -> None:
        for heard in requests(peer):
            asked.append(heard)
            answer(peer, {}, status)

    place.behave = fails
    opened = side.open(place.url, Policy(first_delay=30))
    run = side.run(opened, CREATE)
    assert eventually(lambda: asked and len(opened._pool._sleeping) == 1)
    side.close(opened).result(30)
    error = failure(run)
    assert error.outcome_unknown == (status == 503)
    assert error.message.startswith("The client was closed.")
    assert len(asked) == 1


def test_closing_ends_what_waits_for_a_turn(
    side: Side, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs that wait for a connection end at once, though the one that has it goes on."""
    monkeypatch.setattr(pool, "MOST", 1)
    gate = place.behave = Gate()
    opened = side.open(place.url)
    first = side.run(opened, CREATE)
    assert eventually(lambda: gate.asked)
    waiting = [side.run(opened, CREATE) for _ in range(5)]
    assert eventually(lambda: len(opened._pool._waiting) == 5)
    closing = side.close(opened)
    assert [failure(run).message for run in waiting] == [CLOSED] * 5
    assert not first.done()
    gate.open()
    assert first.result(30)
    closing.result(30)
    assert len(gate.asked) == 1


def test_closing_amid_many_runs(side: Side, place: Place) -> None:
    """Every run that meets the end either arrives, and only then was sent, or is told so."""
    gate = place.behave = Gate()
    opened = side.open(place.url)
    runs = [side.run(opened, CREATE) for _ in range(pool.MOST + 20)]
    assert eventually(lambda: len(gate.asked) > 20)
    closing = side.close(opened)
    assert eventually(lambda: opened._pool.closed)
    gate.open()
    closing.result(30)
    refused = [failure(run).message for run in runs if run.exception(30)]
    assert refused == [CLOSED] * (len(runs) - len(gate.asked))
    assert 20 <= len(refused) < len(runs)
    assert eventually(lambda: not place.open)


def test_a_host_opens_anew(place: Place) -> None:
    """A host that is closed amid a run lets it arrive, and serves a later run as ever."""
    gate = place.behave = Gate()
    there, inputs = Connection(KEY, base_url=place.url), {"Name": "J"}
    with Host.load() as host, ThreadPoolExecutor() as threads:
        first = threads.submit(host.run, "create_customer", inputs, connection=there)
        assert eventually(lambda: gate.asked)
        closing = threads.submit(host.close)
        assert eventually(lambda: not host._clients._open)
        place.behave = friendly
        assert host.run("create_customer", inputs, connection=there)
        assert not first.done()
        assert not closing.done()
        gate.open()
        assert first.result(30)
        closing.result(30)


def test_a_host_of_asyncio_opens_anew(place: Place) -> None:
    """The same for the end of `async with host`."""
    gate = place.behave = Gate()
    there, inputs = Connection(KEY, base_url=place.url), {"Name": "J"}

    async def run() -> None:
        async with Host.load() as host:
            first = asyncio.create_task(host.arun("create_customer", inputs, connection=there))
            assert await settled(lambda: gate.asked)
            threading.Timer(0.1, gate.open).start()
        assert (await first).output
        assert await host.arun("create_customer", inputs, connection=there)
        assert await settled(lambda: place.open == 1)  # kept for the next run
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(run())
    assert eventually(lambda: not place.open)


@pytest.mark.parametrize("way", ["run", "arun"])
def test_who_leaves_a_host_first_ends_nobody_elses_run(place: Place, way: str) -> None:
    """Handlers that share a host may each enter it: the last one that leaves it closes it."""
    asked: list[Heard] = []

    def fails_once(peer: socket.socket) -> None:
        for heard in requests(peer):
            asked.append(heard)
            answer(peer, {"id": "cus_1", "error": {}}, 503 if len(asked) == 1 else 200)

    place.behave = fails_once
    there, inputs = Connection(KEY, base_url=place.url), {"Name": "J"}
    host = Host.load(policy=Policy(first_delay=1))

    async def handle() -> Result:
        async with host:
            if way == "arun":
                return await host.arun("create_customer", inputs, connection=there)
            return await asyncio.to_thread(host.run, "create_customer", inputs, connection=there)

    async def both() -> Result:
        lasting = asyncio.create_task(handle())
        assert await settled(lambda: asked)
        async with host:
            pass
        return await lasting

    assert asyncio.run(both()).output["id"] == "cus_1"
    assert eventually(lambda: not place.open)


def test_closing_is_cancelled_anywhere(place: Place) -> None:
    """Cancelled where it may be, closing leaves no socket once what was on its way has arrived."""

    async def trial(number: int) -> bool:
        place.behave = friendly
        opened = AsyncClient(Connection(KEY, base_url=place.url), ONCE)
        await asyncio.gather(*[opened.run(CREATE) for _ in range(4)])
        gate = place.behave = Gate()
        opened._pool._idle[-1].close()
        first = asyncio.create_task(opened.run(CREATE))
        assert await settled(lambda: gate.asked)
        asyncio.get_running_loop().call_later(0.05, gate.open)
        went = await cancelled(opened.aclose(), number)
        gate.open()
        assert (await first).output
        assert await settled(lambda: place.open <= (0 if went else 1))  # kept for the next run
        with pytest.raises(ConnectionFailed, match=CLOSED):
            await opened.run(CREATE)
        return went

    waits = sum(1 for _ in itertools.takewhile(bool, (asyncio.run(trial(n)) for n in range(99))))
    assert 1 < waits < 50


# --- whose turn it is -----------------------------------------------------------------------------


def test_turns_are_taken_in_order(
    side: Side, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who waits for a connection gets it before the one who had it and wants it again."""
    monkeypatch.setattr(pool, "MOST", 1)
    gate = place.behave = Gate()
    opened = side.open(place.url)
    busy = side.twice(opened, CREATE)
    assert eventually(lambda: gate.asked)
    waits = side.run(opened, made("create_customer", {"Name": "K"}))
    assert eventually(lambda: len(opened._pool._waiting) == 1)
    gate.open()
    assert busy.result(30)
    assert waits.result(30)
    assert gate.asked == [b"name=J", b"name=K", b"name=J"]
    side.close(opened).result(30)


def test_no_turn_in_time(side: Side, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run for which no connection is free within its budget says that nothing was executed."""
    monkeypatch.setattr(pool, "MOST", 1)
    gate = place.behave = Gate()
    opened = side.open(place.url)
    first = side.run(opened, CREATE)
    assert eventually(lambda: gate.asked)
    opened.policy = BUDGET
    started = time.monotonic()
    errors = [failure(run) for run in [side.run(opened, CREATE) for _ in range(3)]]
    assert time.monotonic() - started < BUSY
    for error in errors:
        assert error.attempts == 1  # which took all of the budget
        assert "connections became free in time. Nothing was executed." in error.message
        assert not error.outcome_unknown
    gate.open()
    assert first.result(30)
    assert side.run(opened, CREATE).result(30)
    assert len(gate.asked) == 2
    side.close(opened).result(30)
