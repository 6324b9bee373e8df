"""Who moves the bytes? `Client` and `AsyncClient`, two thin drivers of one exchange."""

import asyncio
import socket
import threading
import time
from collections.abc import AsyncGenerator, Generator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    AsyncExitStack,
    aclosing,
    asynccontextmanager,
    closing,
    contextmanager,
    suppress,
)
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import attrs
import httpx

from stripe_plugin.client.connection import Connection
from stripe_plugin.declare.action import Action
from stripe_plugin.errors import UsageError
from stripe_plugin.run.context import Policy, RunContext
from stripe_plugin.run.exchange import Attempt, exchange
from stripe_plugin.run.result import Result
from stripe_plugin.secrets import masked
from stripe_plugin.wire.reply import Lost, Reply

Talk = Generator[Attempt | Result, Reply | Lost]
Who = Connection | None  # another account at the same place, for one run only
Run = RunContext | None
MOST = 100  # connections of one client; further runs wait for one of them
LARGEST = 50_000_000  # bytes of an answer; Stripe's are far smaller
CLOSED = Lost("The client was closed.", sent=False, again=False)
BUSY = Lost(f"None of {MOST} connections became free in time.", sent=False)
CONNECTED = "connect_tcp.complete", "start_tls.complete"  # steps, as httpcore calls them
_tls = cache(httpx.create_ssl_context)  # once: reading certificates costs more than a request


def _proxy(url: str) -> str | None:
    """The one that the environment names."""
    named = getproxies()
    found = named.get("https") or named.get("all")
    if not found or proxy_bypass(urlsplit(url).hostname or ""):
        return None
    return found if "://" in found else f"http://{found}"


class _Line:
    """One connection, in a transport of its own: what goes wrong takes nothing else along.

    As httpcore's `trace` extension it hears of each step, and so knows whether a request went out.
    """

    def __init__(self, place: Connection, kind: Any) -> None:
        self._place, self._kind, self.busy = place, kind, asyncio.Lock()
        self._http: Any = None
        self._stream: Any = None
        self._sent, self._ends = True, 0.0

    def _open(self) -> Any:
        """To the emulator in process, to loopback without TLS and proxies, or to Stripe."""
        if (world := self._place.world) is not None:
            from stripe_emulator import EmulatorTransport

            return EmulatorTransport(world)
        https = self._place.base_url.startswith("https:")
        proxy = _proxy(self._place.base_url) if https else None
        return self._kind(verify=_tls(verify=https), proxy=proxy)

    def _note(self, step: str, info: dict[str, Any]) -> None:
        if step.endswith("connect_tcp.started"):
            self._sent = False
        if step.endswith(CONNECTED):
            self._stream = info["return_value"]
        if step.endswith("send_request_headers.started"):
            self._sent = info["request"].method != b"CONNECT"  # which is for a proxy

    async def ahear(self, step: str, info: dict[str, Any]) -> None:
        """As `hear`, for asyncio, which bounds by itself."""
        self._note(step, info)

    def hear(self, step: str, info: dict[str, Any]) -> None:
        """Bounds the attempt as a whole: httpx's own timeouts are per address, read and write."""
        self._note(step, info)
        if step.endswith("connect_tcp.started"):
            found = socket.getaddrinfo(info["host"], info["port"], type=socket.SOCK_STREAM)
            info["timeout"] = self._left() / len(found)
        if step.endswith("start_tls.started"):
            info["timeout"] = self._left()
        if step.endswith(CONNECTED):
            self._bound(self._stream)

    def _left(self) -> float:
        if (left := self._ends - time.monotonic()) <= 0:
            raise TimeoutError
        return left

    def _bound(self, stream: Any) -> None:
        read, write = stream.read, stream.write

        def bounded_read(max_bytes: int, timeout: Any = None) -> Any:  # noqa: ARG001 - ours counts
            return read(max_bytes, self._left())

        def bounded_write(buffer: bytes, timeout: Any = None) -> None:  # noqa: ARG001 - as above
            for at in range(0, len(buffer), 4096):  # little enough to go in one step
                write(buffer[at : at + 4096], self._left())

        stream.read, stream.write = bounded_read, bounded_write

    def _begin(self, attempt: Attempt, ends: float) -> float:
        """Seconds that it may take."""
        now = time.monotonic()
        self._http, self._sent = self._http or self._open(), True  # until it is known not to be
        self._ends = max(min(now + attempt.timeout, ends), now + 0.001)
        return self._ends - now

    def ask(self, who: Connection, attempt: Attempt, ends: float) -> Reply | Lost:
        """The whole answer, if it is there in time; else the connection is closed."""
        try:
            self._begin(attempt, ends)
            heard = self._http.handle_request(_message(who, attempt, self.hear))
            body = bytearray()
            for piece in heard.iter_bytes():
                _add(body, piece)
            return _reply(heard, body)
        except BaseException as error:  # noqa: BLE001 - raised again by `_lost`
            with closing(self):
                return _lost(error, sent=self._sent)

    async def aask(self, who: Connection, attempt: Attempt, ends: float) -> Reply | Lost:
        """As `ask`."""
        try:
            async with self.busy, asyncio.timeout(self._begin(attempt, ends)):
                heard = await self._http.handle_async_request(_message(who, attempt, self.ahear))
                body = bytearray()
                async for piece in heard.aiter_bytes():
                    _add(body, piece)
                return _reply(heard, body)
        except BaseException as error:  # noqa: BLE001 - as above
            async with aclosing(self):
                return _lost(error, sent=self._sent)

    def close(self) -> None:
        """Closes the connection; who asks next opens another."""
        stream, self._stream, self._http = self._stream, None, None
        if stream:
            stream.close()

    async def aclose(self) -> None:
        """As `close`."""
        stream, self._stream, self._http = self._stream, None, None
        if stream:
            await stream.aclose()


def _message(who: Connection, attempt: Attempt, trace: object) -> httpx.Request:
    """The only place where a key is revealed."""
    return httpx.Request(
        attempt.request.method,
        who.base_url + attempt.request.target,
        headers={**attempt.headers, "Authorization": f"Bearer {who.api_key.reveal()}"},
        content=attempt.request.body,
        extensions={"trace": trace},
    )


def _add(body: bytearray, piece: bytes) -> None:
    body += piece
    if len(body) > LARGEST:
        raise httpx.ReadError("the answer has no end")


def _reply(heard: httpx.Response, body: bytearray) -> Reply:
    headers = {name.lower(): text for name, text in heard.headers.items()}
    return Reply(heard.status_code, headers, bytes(body))


def _lost(error: BaseException, *, sent: bool) -> Lost:
    """What went wrong. What is no matter of the network is raised again."""
    error.__traceback__ = error.__cause__ = error.__context__ = None  # httpcore's frames: the key
    if not isinstance(error, httpx.HTTPError | OSError):
        raise error
    late = isinstance(error, httpx.TimeoutException | TimeoutError)
    what = "did not answer in time" if late else "hung up"
    reason = f"Stripe {what}" if sent else "Stripe could not be reached"
    said = masked(f"{type(error).__name__}: {error}").rstrip(": ")[:200]
    return Lost(f"{reason} ({said}).", sent)


def _there(who: Who, place: Connection) -> Connection:
    """Another connection for one run. Raises `UsageError` if it is for another place."""
    if who is not None and (who.base_url, who.world) != (place.base_url, place.world):
        raise UsageError("This client is for another place than the connection of the run")
    return who or place


def _talk(action: Action, who: Connection, context: Run, policy: Policy) -> Talk:
    """The exchange, saying its result as its last word."""
    yield (yield from exchange(action, who, context or RunContext(), policy))


class Client(AbstractContextManager["Client"]):
    """Runs actions over reused connections. Safe across threads; a context manager."""

    def __init__(self, connection: Connection, policy: Policy | None = None) -> None:
        self.connection, self.policy = connection, policy or Policy()
        self._idle = [_Line(connection, httpx.HTTPTransport) for _ in range(MOST)]
        self._door, self._home = threading.Lock(), threading.Condition()
        self._closed = threading.Event()

    def run(self, action: Action, context: Run = None, *, connection: Who = None) -> Result:
        """Stripe's answer. Raises `InvalidInputs`, with nothing sent, or `StripeError`."""
        who = _there(connection, self.connection)
        with closing(_talk(action, who, context, self.policy)) as talk:
            step = next(talk)
            while isinstance(step, Attempt):
                step = talk.send(self._sent(who, step))
            return step

    def _sent(self, who: Connection, attempt: Attempt) -> Reply | Lost:
        self._closed.wait(attempt.delay)
        self._closed.wait(attempt.turn())
        ends = time.monotonic() + min(attempt.patience, 10**6)  # a lock takes no inf
        if isinstance(line := self._turn(ends), Lost):
            return line
        try:
            return line.ask(who, attempt, ends)
        finally:
            with self._home:
                self._idle.append(line)
                self._home.notify_all()

    def _turn(self, ends: float) -> _Line | Lost:
        """A connection. All but one wait at the door: else a busy thread would take every turn."""
        if not self._door.acquire(timeout=max(ends - time.monotonic(), 0)):
            return BUSY
        try:
            with self._home:
                left = ends - time.monotonic()
                self._home.wait_for(lambda: self._idle or self._closed.is_set(), left)
                if self._closed.is_set():
                    return CLOSED
                return self._idle.pop() if self._idle else BUSY
        finally:
            self._door.release()

    def close(self) -> None:
        """Ends what waits, lets what is on its way arrive, and closes the connections."""
        self._closed.set()
        with self._home:
            self._home.notify_all()
            self._home.wait_for(lambda: len(self._idle) == MOST)
            for line in self._idle:
                line.close()

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(AbstractAsyncContextManager["AsyncClient"]):
    """The same for asyncio, safe across tasks."""

    def __init__(self, connection: Connection, policy: Policy | None = None) -> None:
        self.connection, self.policy = connection, policy or Policy()
        self._lines = [_Line(connection, httpx.AsyncHTTPTransport) for _ in range(MOST)]
        self._idle = [*self._lines]
        self._turns, self._closed = asyncio.Semaphore(MOST), asyncio.Event()

    async def run(self, action: Action, context: Run = None, *, connection: Who = None) -> Result:
        """As `Client.run`."""
        who = _there(connection, self.connection)
        with closing(_talk(action, who, context, self.policy)) as talk:
            step = next(talk)
            while isinstance(step, Attempt):
                step = talk.send(await self._sent(who, step))
            return step

    async def _sent(self, who: Connection, attempt: Attempt) -> Reply | Lost:
        await self._wait(attempt.delay)
        await self._wait(attempt.turn())
        ends = time.monotonic() + attempt.patience
        try:
            async with asyncio.timeout(attempt.patience) as waiting, self._turns:
                waiting.reschedule(None)
                if self._closed.is_set():
                    return CLOSED
                line = self._idle.pop()
                try:
                    return await line.aask(who, attempt, ends)
                finally:
                    self._idle.append(line)
                    if self._closed.is_set():
                        await line.aclose()
        except TimeoutError:
            return BUSY

    async def _wait(self, seconds: float) -> None:
        if seconds:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._closed.wait()

    async def aclose(self) -> None:
        """As `Client.close`. Cancelled, it leaves what is on its way to close itself."""
        self._closed.set()
        self._turns.release()  # one more, which all who wait for one hand on
        try:
            for line in self._lines:
                async with line.busy:
                    pass
        finally:
            async with AsyncExitStack() as ending:  # all, though one may be cancelled
                for line in self._idle:
                    ending.push_async_callback(line.aclose)

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


@attrs.define(eq=False)
class _Used:
    client: AsyncClient
    runs: int = 0


class Clients:
    """The open clients of a host: one for each place, and with asyncio for each event loop."""

    def __init__(self, policy: Policy | None = None) -> None:
        self._policy, self._lock = policy, threading.Lock()
        self._open: dict[str, Client] = {}
        self._used: dict[tuple[object, str], _Used] = {}
        self._kept: list[object] = []  # event loops

    @contextmanager
    def client(self, connection: Connection) -> Generator[Client]:
        """The one of this place; an emulator in process gets one for the run only."""
        if connection.world is not None:
            with Client(connection, self._policy) as client:
                yield client
            return
        with self._lock:
            if connection.base_url not in self._open:
                self._open[connection.base_url] = Client(connection, self._policy)
            client = self._open[connection.base_url]
        yield client

    @asynccontextmanager
    async def aclient(self, connection: Connection) -> AsyncGenerator[AsyncClient]:
        """The one of this loop and place; closed after its last run, unless `keep` was called."""
        loop, world = asyncio.get_running_loop(), connection.world
        place = (loop, connection.base_url if world is None else f"emulator {id(world)}")
        used = self._used.get(place) or _Used(AsyncClient(connection, self._policy))
        self._used[place] = used
        used.runs += 1
        try:
            yield used.client
        finally:
            used.runs -= 1
            last = not used.runs and (world is not None or loop not in self._kept)
            if last and self._used.get(place) is used:
                await self._used.pop(place).client.aclose()

    def keep(self) -> None:
        """Keeps the clients of the running loop open until `aclose`."""
        self._kept.append(asyncio.get_running_loop())

    def close(self) -> None:
        """Closes those without asyncio."""
        with self._lock:
            old, self._open = self._open, {}
        for client in old.values():
            client.close()

    async def aclose(self) -> None:
        """Closes those of the running loop."""
        loop = asyncio.get_running_loop()
        self._kept.remove(loop)
        for place in [place for place in [*self._used] if place[0] is loop]:
            await self._used.pop(place).client.aclose()
