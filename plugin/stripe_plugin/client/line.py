"""What is one HTTP connection that ends in time? The only file that knows httpx's inside.

A request goes out and an answer comes in as httpx's own objects through httpx's own transport, so
that whatever hooks into httpx (recorders, mocks, spans) works; so does what hooks into the pools of
httpcore. Behind them is a connection of ours. One private name is used, which tests/test_line.py
holds: `httpx.HTTPTransport._pool`, in whose place that connection is put.
"""

import ssl
import time
from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, Generic, TypeVar
from urllib.parse import urlsplit

import h11
import httpcore
import httpx

from stripe_plugin.client.address import Address, proxy_of
from stripe_plugin.client.connection import Connection
from stripe_plugin.client.http import Conversation, Question
from stripe_plugin.client.network import AsyncNetwork, Attempt, Network, within
from stripe_plugin.client.plain import Heard
from stripe_plugin.client.stream import Steps
from stripe_plugin.client.tunnel import Proxy, opened
from stripe_plugin.errors import UsageError
from stripe_plugin.run.exchange import SHORTEST, Send
from stripe_plugin.secrets import masked, said
from stripe_plugin.wire.reply import Answer, Lost, Reply

N = TypeVar("N", Network, AsyncNetwork)
NETWORK = (httpx.HTTPError, h11.ProtocolError, OSError)
KEPT = 60.0  # seconds that an idle connection is kept
# What is read of an answer's headers; a server may repeat a key in any of them.
HEADERS: Mapping[bytes, str] = MappingProxyType(
    {
        b"request-id": "request-id",
        b"idempotent-replayed": "idempotent-replayed",
        b"retry-after": "retry-after",
        b"stripe-should-retry": "stripe-should-retry",
        b"stripe-rate-limited-reason": "stripe-rate-limited-reason",
        b"stripe-nodes-emulator": "stripe-nodes-emulator",
    }
)


@cache
def tls_context() -> ssl.SSLContext:
    """Made once: reading certificates costs more than a run.

    Raises `UsageError` for certificates of the environment that cannot be read.
    """
    try:
        context = httpx.create_ssl_context()
    except OSError as error:
        which = "SSL_CERT_FILE or SSL_CERT_DIR"
        raise UsageError(f"The certificates of {which} cannot be read: {said(error)}.") from None
    context.set_alpn_protocols(["http/1.1"])
    return context


def proxy_for(connection: Connection) -> str | None:
    """The proxy of a connection's lines, if it has one. Nothing is sent before this is settled.

    Raises `UsageError` for a proxy or certificates that cannot be used.
    """
    if connection.address.secure:
        tls_context()
    return proxy_of(connection.address)


class _Wire:
    """One connection in HTTP/1.1: opened when it is needed, and kept as long as it is good."""

    def __init__(
        self, address: Address, proxy: str | None, network: Network | AsyncNetwork
    ) -> None:
        self._address = address
        self._proxy = Proxy.of(proxy) if proxy else None
        self._network = network
        self._open: Conversation | None = None
        self._used = 0.0  # at the monotonic time

    def ask(self, request: httpcore.Request, body: bytes) -> Steps[httpcore.Response]:
        """The whole answer to a request."""
        if self._open is None or not self._is_good(self._open):
            self.close()
            self._network.attempt.sent = False
            self._open = yield from self._begin()
        self._network.attempt.sent = True
        question = Question(request.method, request.url.target, request.headers, body)
        heard = yield from self._open.ask(question)
        self._used = time.monotonic()
        if not self._open.goes_on:
            self.close()
        return _response(heard)

    def _is_good(self, open_: Conversation) -> bool:
        """Whether an idle connection is still there, and silent."""
        is_fresh = time.monotonic() - self._used < KEPT
        return is_fresh and not open_.stream.left_over() and self._network.is_quiet()

    def _begin(self) -> Steps[Conversation]:
        context = tls_context() if self._address.secure else None
        stream = yield from opened(self._address, self._proxy, context)
        return Conversation(stream)

    def close(self) -> None:
        """Closes it; who asks next opens another."""
        self._open = None
        self._network.close()


def _response(heard: Heard) -> httpcore.Response:
    extensions = {"http_version": b"HTTP/1.1", "reason_phrase": heard.reason}
    return httpcore.Response(
        heard.status, headers=heard.headers, content=heard.body, extensions=extensions
    )


# --- what hooks into httpx and httpcore sees of it ------------------------------------------------

# The doors of httpcore's pools, while nobody has replaced them.
DOOR = httpcore.ConnectionPool.handle_request
ASYNC_DOOR = httpcore.AsyncConnectionPool.handle_async_request


class _Pool(httpcore.ConnectionPool):
    """What httpx takes for a pool of httpcore: our connection.

    Who replaces httpcore's door is asked first, and finds that connection behind it.
    """

    def __init__(self, wire: _Wire, network: Network) -> None:
        super().__init__()
        self._wire = wire
        self._network = network

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """The answer, whole."""
        if httpcore.ConnectionPool.handle_request is not DOOR:
            return super().handle_request(request)
        return self.ask(request)

    def ask(self, request: httpcore.Request) -> httpcore.Response:
        """The same, past that door."""
        stream: Any = request.stream
        body = b"".join(stream)
        return self._network.take(self._wire.ask(request, body))

    def create_connection(self, origin: httpcore.Origin) -> httpcore.ConnectionInterface:  # noqa: ARG002 - there is one
        """As httpcore's own pool makes one."""
        return _Once(self)


class _Once(httpcore.ConnectionInterface):
    """Our connection, as httpcore's pool asks one: for one request, and then no more."""

    def __init__(self, pool: _Pool) -> None:
        self._pool = pool

    def handle_request(self, request: httpcore.Request) -> httpcore.Response:
        """The answer, whole."""
        return self._pool.ask(request)

    def is_closed(self) -> bool:
        """What is kept is ours, not the pool's."""
        return True


class _AsyncPool(httpcore.AsyncConnectionPool):
    """As `_Pool`, for asyncio."""

    def __init__(self, wire: _Wire, network: AsyncNetwork) -> None:
        super().__init__()
        self._wire = wire
        self._network = network

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """The answer, whole."""
        if httpcore.AsyncConnectionPool.handle_async_request is not ASYNC_DOOR:
            return await super().handle_async_request(request)
        return await self.ask(request)

    async def ask(self, request: httpcore.Request) -> httpcore.Response:
        """The same, past that door."""
        stream: Any = request.stream
        body = b"".join([piece async for piece in stream])
        return await self._network.take(self._wire.ask(request, body))

    def create_connection(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface:  # noqa: ARG002 - there is one
        """As httpcore's own pool makes one."""
        return _AsyncOnce(self)


class _AsyncOnce(httpcore.AsyncConnectionInterface):
    """As `_Once`, for asyncio."""

    def __init__(self, pool: _AsyncPool) -> None:
        self._pool = pool

    async def handle_async_request(self, request: httpcore.Request) -> httpcore.Response:
        """The answer, whole."""
        return await self._pool.ask(request)

    def is_closed(self) -> bool:
        """As `_Once.is_closed`."""
        return True


class _Transport(httpx.HTTPTransport):
    def __init__(self, pool: httpcore.ConnectionPool) -> None:  # instead of making one
        self._pool = pool


class _AsyncTransport(httpx.AsyncHTTPTransport):
    def __init__(self, pool: httpcore.AsyncConnectionPool) -> None:
        self._pool = pool


# --- lines ----------------------------------------------------------------------------------------


class _Line(Generic[N]):
    """What both kinds of lines are."""

    def __init__(self, connection: Connection, proxy: str | None, network: N) -> None:
        self._proxy = proxy
        self._network: N = network
        self._attempt: Attempt = network.attempt
        self._wire = _Wire(connection.address, proxy, network)
        self.ends = 0.0  # of the run that has it, in seconds of the monotonic clock

    def close(self) -> None:
        """Closes the connection; who asks next opens another."""
        self._wire.close()

    def _lost(self, error: BaseException, began: float) -> Lost:
        """What went wrong. First its frames are cut, which know the key: closing may fail, too."""
        error.__traceback__ = error.__cause__ = error.__context__ = None
        self.close()
        return _lost(error, began, self._proxy, sent=self._attempt.sent)


class Line(_Line[Network]):
    """One connection, for one run at a time: what goes wrong on it takes nothing else along."""

    def __init__(self, connection: Connection, proxy: str | None) -> None:
        super().__init__(connection, proxy, Network())
        self._transport = _Transport(_Pool(self._wire, self._network))

    def ask(self, connection: Connection, send: Send, began: float) -> Answer:
        """The whole answer, if it is there in time; else the connection is closed.

        `began`: when the attempt's patience began, in seconds of the monotonic clock.
        """
        try:
            self.ends = self._attempt.begin(_seconds(send, began))
            response = self._transport.handle_request(_message(connection, send))
            body = b"".join(_readable(response))
            response.close()
            return _reply(response, body, began)
        except BaseException as error:  # noqa: BLE001 - raised again by `_lost`
            return self._lost(error, began)


class AsyncLine(_Line[AsyncNetwork]):
    """As `Line`, for asyncio."""

    def __init__(self, connection: Connection, proxy: str | None) -> None:
        super().__init__(connection, proxy, AsyncNetwork())
        self._transport = _AsyncTransport(_AsyncPool(self._wire, self._network))

    async def ask(self, connection: Connection, send: Send, began: float) -> Answer:
        """As `Line.ask`."""
        seconds = _seconds(send, began)
        try:
            async with within(seconds):
                self.ends = self._attempt.begin(seconds)
                message = _message(connection, send)
                response = await self._transport.handle_async_request(message)
                body = b"".join([piece async for piece in _readable(response)])
                await response.aclose()
                return _reply(response, body, began)
        except BaseException as error:  # noqa: BLE001 - raised again by `_lost`
            return self._lost(error, began)


def _seconds(send: Send, began: float) -> float:
    """How long the attempt may take from now on."""
    left = send.until(began) - time.monotonic()
    return max(min(send.timeout, left), SHORTEST)


def _message(connection: Connection, send: Send) -> httpx.Request:
    """The only place where a key is revealed."""
    url, host = _place(connection.base_url + send.request.target)
    body = send.request.body
    headers = [(b"Host", host)]
    headers += [(name.encode(), value.encode()) for name, value in send.headers.items()]
    headers.append((b"Authorization", f"Bearer {connection.api_key.reveal()}".encode()))
    if body is not None:
        headers.append((b"Content-Length", b"%d" % len(body)))
    stream = httpx.ByteStream(body or b"")
    return httpx.Request(send.request.method, url, headers=headers, stream=stream)


@lru_cache(maxsize=200)
def _place(url: str) -> tuple[httpx.URL, bytes]:
    """Read by httpx, which takes long, where many runs ask at the same address; and its host."""
    read = httpx.URL(url)
    return read, read.netloc


def _readable(response: httpx.Response) -> Any:
    """The body. Refuses what was not asked for: a few bytes can be made to grow into gigabytes."""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise httpx.RemoteProtocolError("the answer is compressed, which was not asked for")
    return response.stream


def _reply(response: httpx.Response, body: bytes, began: float) -> Reply:
    headers: dict[str, str] = {}
    for name, value in response.headers.raw:
        word = HEADERS.get(name.lower())
        if word is not None:
            text = masked(value.decode("latin-1"))
            headers[word] = f"{headers[word]}, {text}" if word in headers else text
    took = time.monotonic() - began
    return Reply(response.status_code, headers, body, took)


def _lost(error: BaseException, began: float, proxy: str | None, *, sent: bool) -> Lost:
    """What went wrong. What is no matter of the network is raised again."""
    if not isinstance(error, NETWORK):
        raise error
    late = isinstance(error, httpx.TimeoutException | TimeoutError)
    what = "did not answer in time" if late else "hung up"
    reason = f"Stripe {what}" if sent else f"Stripe could not be reached{_through(proxy)}"
    text = masked(f"{type(error).__name__}: {error}").rstrip(": ")[:200]
    return Lost(f"{reason} ({text}).", sent, took=time.monotonic() - began)


def _through(proxy: str | None) -> str:
    """Which proxy was in between, without the password that its address may have."""
    return f" through the proxy {urlsplit(proxy).netloc.rpartition('@')[2]}" if proxy else ""
