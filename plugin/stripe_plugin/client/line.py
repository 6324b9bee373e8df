"""What is one HTTP connection that ends in time? The only file that knows httpx's inside.

httpx stays around it, so that what people hook into httpx and httpcore (recorders, mocks, spans)
works. Three of their private names are used, each named by a test of tests/test_line.py that fails
when it changes: `httpx.HTTPTransport._pool`, to put a network of our own in;
`httpcore.ConnectionPool._optional_thread_lock`, since a lock that a signal tears would stay locked,
and a line serves one run at a time; `HTTP11Connection._h11_state`, to see what is left over.
"""

import ssl
import time
from contextlib import nullcontext
from functools import cache
from typing import Any

import httpcore
import httpx

from stripe_plugin.client.address import Address, proxy_of
from stripe_plugin.client.connection import Connection
from stripe_plugin.client.network import AsyncNetwork, Attempt, Network, layers, within
from stripe_plugin.errors import UsageError
from stripe_plugin.run.exchange import SHORTEST, Send
from stripe_plugin.secrets import masked, said
from stripe_plugin.wire.reply import Answer, Lost, Reply

NETWORK = (httpx.HTTPError, httpcore.NetworkError, OSError)
KEPT = 60.0  # seconds that an idle connection is kept
LARGEST = 50_000_000  # bytes of an answer; Stripe's are far smaller
# What is read of an answer's headers; a server may repeat a key in any of them.
HEADERS = (
    "request-id",
    "idempotent-replayed",
    "retry-after",
    "stripe-should-retry",
    "stripe-rate-limited-reason",
    "stripe-nodes-emulator",
)


@cache
def tls_context() -> ssl.SSLContext:
    """Made once: reading certificates costs more than a run.

    Raises `UsageError` for certificates of the environment that cannot be read.
    """
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        which = "SSL_CERT_FILE or SSL_CERT_DIR"
        raise UsageError(f"The certificates of {which} cannot be read: {said(error)}.") from None


def proxy_for(connection: Connection) -> str | None:
    """The proxy of a connection's lines, if it has one. Nothing is sent before this is settled.

    Raises `UsageError` for a proxy or certificates that cannot be used.
    """
    if connection.in_process is not None:
        return None
    if connection.address.secure:
        tls_context()
    return proxy_of(connection.address)


class _Transport(httpx.HTTPTransport):
    def __init__(self, pool: httpcore.ConnectionPool) -> None:  # instead of making one
        inside: Any = pool
        inside._optional_thread_lock = nullcontext()  # noqa: SLF001
        self._pool = pool


class _AsyncTransport(httpx.AsyncHTTPTransport):
    def __init__(self, pool: httpcore.AsyncConnectionPool) -> None:
        self._pool = pool


def _emulated(emulator: Any) -> Any:
    """The transport of both kinds of lines to an emulator in process."""
    from stripe_emulator import EmulatorTransport

    return EmulatorTransport(emulator)


def _options(address: Address, proxy: str | None) -> dict[str, Any]:
    """What both kinds of pools are made with. A pool holds one connection."""
    options: dict[str, Any] = {"max_connections": 1, "keepalive_expiry": KEPT}
    if address.secure:
        options["ssl_context"] = tls_context()
    if proxy is not None:
        options["proxy"] = _proxy(httpx.Proxy(proxy))
    return options


def _proxy(proxy: httpx.Proxy) -> httpcore.Proxy:
    url = proxy.url
    context = tls_context() if url.scheme == "https" else None
    return httpcore.Proxy(
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=b"/"),
        auth=proxy.raw_auth,
        ssl_context=context,
    )


class Line:
    """One connection, for one run at a time: what goes wrong on it takes nothing else along."""

    def __init__(self, connection: Connection, proxy: str | None) -> None:
        self._in_process, self._proxy = connection.in_process, proxy
        self._address = connection.address
        self._attempt = Attempt(layers(self._address, proxy))
        self._network = Network(self._attempt)
        self._transport: Any = None
        self.ends = 0.0  # of the run that has it, in seconds of the monotonic clock

    def _open(self) -> Any:
        """To the emulator in process, or to a network."""
        if self._in_process is not None:
            return _emulated(self._in_process)
        options = _options(self._address, self._proxy)
        return _Transport(httpcore.ConnectionPool(network_backend=self._network, **options))

    def ask(self, connection: Connection, send: Send, began: float) -> Answer:
        """The whole answer, if it is there in time; else the connection is closed.

        `began`: when the attempt's patience began, in seconds of the monotonic clock.
        """
        seconds = _seconds(send, began)
        try:
            self.ends = self._attempt.begin(seconds)
            self._transport = self._transport or self._open()
            response = self._transport.handle_request(_message(connection, send, seconds))
            body = bytearray()
            _check_encoding(response)
            for piece in response.iter_bytes():
                _add(body, piece)
            if _left_over(self._transport):
                self.close()
            return _reply(response, body, began)
        except BaseException as error:  # noqa: BLE001 - raised again by `_lost`
            self.close()
            return _lost(error, began, self._proxy, sent=self._attempt.sent)

    def close(self) -> None:
        """Closes the connection; who asks next opens another."""
        self._transport = None
        self._network.close()

    def __del__(self) -> None:
        if network := getattr(self, "_network", None):  # else a signal struck while it was made
            network.close()


class AsyncLine:
    """As `Line`, for asyncio."""

    def __init__(self, connection: Connection, proxy: str | None) -> None:
        self._in_process, self._proxy = connection.in_process, proxy
        self._address = connection.address
        self._attempt = Attempt(layers(self._address, proxy))
        self._network = AsyncNetwork(self._attempt)
        self._transport: Any = None
        self.ends = 0.0  # of the run that has it, in seconds of the monotonic clock

    def _open(self) -> Any:
        if self._in_process is not None:
            return _emulated(self._in_process)
        options = _options(self._address, self._proxy)
        pool = httpcore.AsyncConnectionPool(network_backend=self._network, **options)
        return _AsyncTransport(pool)

    async def ask(self, connection: Connection, send: Send, began: float) -> Answer:
        """As `Line.ask`."""
        seconds = _seconds(send, began)
        try:
            async with within(seconds):
                self.ends = self._attempt.begin(seconds)
                self._transport = self._transport or self._open()
                message = _message(connection, send, seconds)
                response = await self._transport.handle_async_request(message)
                body = bytearray()
                _check_encoding(response)
                async for piece in response.aiter_bytes():
                    _add(body, piece)
                if _left_over(self._transport):
                    self.close()
                return _reply(response, body, began)
        except BaseException as error:  # noqa: BLE001 - raised again by `_lost`
            self.close()
            return _lost(error, began, self._proxy, sent=self._attempt.sent)

    def close(self) -> None:
        """Closes the connection; who asks next opens another."""
        self._transport = None
        self._network.close()

    def __del__(self) -> None:
        if network := getattr(self, "_network", None):  # else a signal struck while it was made
            network.close()


def _seconds(send: Send, began: float) -> float:
    """How long the attempt may take from now on."""
    left = send.until(began) - time.monotonic()
    return max(min(send.timeout, left), SHORTEST)


def _message(connection: Connection, send: Send, seconds: float) -> httpx.Request:
    """The only place where a key is revealed."""
    return httpx.Request(
        send.request.method,
        connection.base_url + send.request.target,
        headers={**send.headers, "Authorization": f"Bearer {connection.api_key.reveal()}"},
        content=send.request.body,
        extensions={"timeout": {"read": seconds}},  # for the emulator in process; ours counts
    )


def _check_encoding(response: httpx.Response) -> None:
    """Refuses what was not asked for: a few bytes can be made to grow into gigabytes."""
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise httpx.RemoteProtocolError("the answer is compressed, which was not asked for")


def _add(body: bytearray, piece: bytes) -> None:
    body += piece
    if len(body) > LARGEST:
        raise httpx.ReadError("the answer has no end")


def _left_over(transport: Any) -> bool:
    """Whether more came than the answer: it would be taken for the answer to the next request."""
    pool = getattr(transport, "_pool", None)
    if pool is None:  # the emulator in process
        return False
    open_ = [each._connection for each in pool.connections if each._connection]  # noqa: SLF001
    return any(each._h11_state.trailing_data[0] for each in open_)  # noqa: SLF001


def _reply(response: httpx.Response, body: bytearray, began: float) -> Reply:
    found = response.headers
    headers = {name: masked(found[name]) for name in HEADERS if name in found}
    took = time.monotonic() - began
    return Reply(response.status_code, headers, bytes(body), took)


def _is_of_socks(error: BaseException) -> bool:
    """What a SOCKS proxy may say and httpcore does not foresee: an assertion, or socksio's."""
    if isinstance(error, AssertionError):
        return _raised_in(error) == "httpcore"
    return type(error).__module__.partition(".")[0] == "socksio"


def _raised_in(error: BaseException) -> str:
    """The package whose code raised it."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    module = "" if place is None else str(place.tb_frame.f_globals.get("__name__"))
    return module.partition(".")[0]


def _lost(error: BaseException, began: float, proxy: str | None, *, sent: bool) -> Lost:
    """What went wrong. What is no matter of the network is raised again."""
    of_network = isinstance(error, NETWORK) or _is_of_socks(error)
    error.__traceback__ = error.__cause__ = error.__context__ = None  # httpcore's frames: the key
    if not of_network:
        raise error
    late = isinstance(error, httpx.TimeoutException | TimeoutError)
    what = "did not answer in time" if late else "hung up"
    reason = f"Stripe {what}" if sent else f"Stripe could not be reached{_through(proxy)}"
    text = masked(f"{type(error).__name__}: {error}").rstrip(": ")[:200]
    return Lost(f"{reason} ({text}).", sent, took=time.monotonic() - began)


def _through(proxy: str | None) -> str:
    """Which proxy was in between, without the password that its address may have."""
    return f" through the proxy {httpx.URL(proxy).netloc.decode()}" if proxy else ""
