"""How do bytes move until a deadline? Sockets and TLS for httpcore, by its door `network_backend`.

httpcore's own timeouts are for each read, write and address. Here one deadline bounds the attempt
as a whole, and what was written tells whether its request went out.
"""

import asyncio
import os
import socket
import ssl
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterable
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, TypeVar

import httpcore

from stripe_plugin.client.address import Address

T = TypeVar("T")
Seconds = float | None  # httpcore's timeouts, in whose place the attempt's deadline stands
PIECE = 16_384  # bytes that are read at one time, and of a TLS record


class Attempt:
    """One attempt as the network sees it: until when it lasts, and whether its request went out.

    Without asyncio `left` bounds each step; asyncio bounds the attempt from outside.
    """

    def __init__(self, address: Address) -> None:
        self._tls_host = address.host if address.secure else None
        self._process = os.getpid()
        self._ends = 0.0
        self.sent = True

    def begin(self, seconds: float) -> float:
        """A new attempt, sent until it is known not to be; when it is over (monotonic)."""
        self.sent = True
        self._ends = time.monotonic() + seconds
        return self._ends

    def left(self) -> float:
        """Seconds that are left. Raises `TimeoutError` if there are none."""
        if os.getpid() != self._process:
            raise ConnectionError("the process was forked, and this connection is its parent's")
        seconds = self._ends - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        return seconds

    def connecting(self) -> None:
        """A connection is being opened: nothing has been sent yet."""
        self.sent = False

    def writing(self, tls_host: str | None) -> None:
        """Bytes are written, encrypted for a host or for nobody; a proxy's are no request."""
        if tls_host == self._tls_host:
            self.sent = True


@asynccontextmanager
async def within(seconds: float) -> AsyncGenerator[None]:
    """As `asyncio.timeout`, also in a task that is being cancelled already, as in its `finally`.

    Before Python 3.11.3 that ended there as `CancelledError` (python/cpython#102780).
    """
    task = asyncio.current_task()
    before = task.cancelling() if task else 0
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except asyncio.CancelledError as error:
        if limit.expired() and task and task.cancelling() <= before:
            raise TimeoutError from error
        raise


class Tls:
    """TLS as a machine without I/O, so that it runs over any stream, also over a proxy's TLS."""

    def __init__(self, context: ssl.SSLContext, host: str | None) -> None:
        self._incoming = ssl.MemoryBIO()
        outgoing = ssl.MemoryBIO()
        machine = context.wrap_bio(self._incoming, outgoing, server_hostname=host)
        self._decrypted = machine.pending
        self.handshake = machine.do_handshake
        self.read = machine.read
        self.write = machine.write
        self.to_send = outgoing.read  # what the other side is to be sent

    def received(self, data: bytes) -> None:
        """What came from the other side; nothing at its end."""
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def left_over(self) -> bool:
        """Whether more came than was read: what has come in here, the socket knows no more of."""
        return self._incoming.pending > 0 or self._decrypted() > 0


class Stream(httpcore.NetworkStream):
    """A socket, bounded by the attempt."""

    def __init__(self, sock: socket.socket, attempt: Attempt) -> None:
        self._sock, self._attempt = sock, attempt

    def read(self, max_bytes: int, timeout: Seconds = None) -> bytes:  # noqa: ARG002
        """At least one byte, or nothing at the end."""
        self._sock.settimeout(self._attempt.left())
        return self._sock.recv(max_bytes)

    def write(self, buffer: bytes, timeout: Seconds = None) -> None:  # noqa: ARG002
        """All of it."""
        self._sock.settimeout(self._attempt.left())
        self._attempt.writing(None)
        with _write_errors():
            self._sock.sendall(buffer)

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: Seconds = None,  # noqa: ARG002 - the attempt's counts
    ) -> "SecureStream":
        """The same, encrypted."""
        return SecureStream(self, self._attempt, ssl_context, server_hostname)

    def get_extra_info(self, info: str) -> Any:
        """Whether something is there, which an idle connection has only at its end."""
        return _readable(self._sock) if info == "is_readable" else None

    def close(self) -> None:
        """Closes it."""
        self._sock.close()


class SecureStream(httpcore.NetworkStream):
    """TLS over a stream: to Stripe, to a proxy, or through one."""

    def __init__(
        self,
        under: "Stream | SecureStream",
        attempt: Attempt,
        context: ssl.SSLContext,
        host: str | None,
    ) -> None:
        self._under, self._attempt, self._host = under, attempt, host
        self._tls = Tls(context, host)
        self._complete(self._tls.handshake)

    def _complete(self, step: Callable[[], T]) -> T:
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                self._flush()
                self._tls.received(self._under.read(PIECE))
            else:
                self._flush()
                return done

    def _flush(self) -> None:
        if sending := self._tls.to_send():
            self._under.write(sending)

    def read(self, max_bytes: int, timeout: Seconds = None) -> bytes:  # noqa: ARG002
        """At least one byte, or nothing at the end."""
        return self._complete(partial(self._tls.read, max_bytes))

    def write(self, buffer: bytes, timeout: Seconds = None) -> None:  # noqa: ARG002
        """All of it."""
        self._attempt.writing(self._host)
        self._complete(partial(self._tls.write, buffer))

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: Seconds = None,  # noqa: ARG002 - the attempt's counts
    ) -> "SecureStream":
        """TLS in TLS: to Stripe through a proxy that is itself reached by TLS."""
        return SecureStream(self, self._attempt, ssl_context, server_hostname)

    def get_extra_info(self, info: str) -> Any:
        """As the stream below says, but for what it has handed over already."""
        if info == "is_readable" and self._tls.left_over():
            return True
        return self._under.get_extra_info(info)

    def close(self) -> None:
        """Closes it."""
        self._under.close()


class Network(httpcore.NetworkBackend):
    """Opens the one socket of a line."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._sock: socket.socket | None = None

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: Seconds = None,  # noqa: ARG002 - the attempt's counts
        local_address: str | None = None,  # noqa: ARG002 - any
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002 - ours are set below
    ) -> Stream:
        """A stream to the first address that answers, each given its share of the time."""
        self._attempt.connecting()
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        failed = OSError(f"{host} has no address")
        for number, place in enumerate(found):
            try:
                self._sock = sock = _socket(place)
                sock.settimeout(self._attempt.left() / (len(found) - number))
                sock.connect(place[-1])
            except OSError as error:  # also of a kind of address that this machine has not
                self.close()
                failed = error
            else:
                return Stream(sock, self._attempt)
        raise failed

    def close(self) -> None:
        """Closes the socket, whatever is on it."""
        if self._sock is not None:
            self._sock.close()


class AsyncStream(httpcore.AsyncNetworkStream):
    """As `Stream`, for asyncio."""

    def __init__(self, sock: socket.socket, attempt: Attempt) -> None:
        self._sock, self._attempt = sock, attempt

    async def read(self, max_bytes: int, timeout: Seconds = None) -> bytes:  # noqa: ARG002, ASYNC109
        """At least one byte, or nothing at the end."""
        self._attempt.left()
        await asyncio.sleep(0)  # who sends without end would let no other task have its turn
        most = min(max_bytes, PIECE)
        return await asyncio.get_running_loop().sock_recv(self._sock, most)

    async def write(self, buffer: bytes, timeout: Seconds = None) -> None:  # noqa: ARG002, ASYNC109
        """All of it."""
        self._attempt.left()
        self._attempt.writing(None)
        with _write_errors():
            await asyncio.get_running_loop().sock_sendall(self._sock, buffer)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: Seconds = None,  # noqa: ARG002, ASYNC109
    ) -> "AsyncSecureStream":
        """The same, encrypted."""
        secured = AsyncSecureStream(self, self._attempt, ssl_context, server_hostname)
        await secured.handshake()
        return secured

    def get_extra_info(self, info: str) -> Any:
        """As `Stream.get_extra_info`."""
        return _readable(self._sock) if info == "is_readable" else None

    async def aclose(self) -> None:
        """Closes it."""
        self._sock.close()


class AsyncSecureStream(httpcore.AsyncNetworkStream):
    """As `SecureStream`, for asyncio."""

    def __init__(
        self,
        under: "AsyncStream | AsyncSecureStream",
        attempt: Attempt,
        context: ssl.SSLContext,
        host: str | None,
    ) -> None:
        self._under, self._attempt, self._host = under, attempt, host
        self._tls = Tls(context, host)

    async def handshake(self) -> None:
        """Before anything else."""
        await self._complete(self._tls.handshake)

    async def _complete(self, step: Callable[[], T]) -> T:
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                await self._flush()
                self._tls.received(await self._under.read(PIECE))
            else:
                await self._flush()
                return done

    async def _flush(self) -> None:
        if sending := self._tls.to_send():
            await self._under.write(sending)

    async def read(self, max_bytes: int, timeout: Seconds = None) -> bytes:  # noqa: ARG002, ASYNC109
        """At least one byte, or nothing at the end."""
        return await self._complete(partial(self._tls.read, max_bytes))

    async def write(self, buffer: bytes, timeout: Seconds = None) -> None:  # noqa: ARG002, ASYNC109
        """All of it."""
        self._attempt.writing(self._host)
        await self._complete(partial(self._tls.write, buffer))

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: Seconds = None,  # noqa: ARG002, ASYNC109
    ) -> "AsyncSecureStream":
        """TLS in TLS."""
        secured = AsyncSecureStream(self, self._attempt, ssl_context, server_hostname)
        await secured.handshake()
        return secured

    def get_extra_info(self, info: str) -> Any:
        """As the stream below says, but for what it has handed over already."""
        if info == "is_readable" and self._tls.left_over():
            return True
        return self._under.get_extra_info(info)

    async def aclose(self) -> None:
        """Closes it."""
        await self._under.aclose()


class AsyncNetwork(httpcore.AsyncNetworkBackend):
    """As `Network`, for asyncio."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._sock: socket.socket | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: Seconds = None,  # noqa: ARG002, ASYNC109
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> AsyncStream:
        """As `Network.connect_tcp`."""
        self._attempt.connecting()
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        failed = OSError(f"{host} has no address")
        for number, place in enumerate(found):
            share = self._attempt.left() / (len(found) - number)
            try:
                self._sock = sock = _socket(place)
                sock.setblocking(False)
                async with within(share):
                    await loop.sock_connect(sock, place[-1])
            except OSError as error:
                self.close()
                failed = error
            else:
                return AsyncStream(sock, self._attempt)
        raise failed

    def close(self) -> None:
        """Closes the socket, whatever is on it."""
        if self._sock is not None:
            self._sock.close()


def _socket(place: tuple[Any, ...]) -> socket.socket:
    """One for an address that `getaddrinfo` found; small writes go out at once."""
    family, kind, protocol, *_ = place
    sock = socket.socket(family, kind, protocol)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


@contextmanager
def _write_errors() -> Generator[None]:
    """After a `WriteError` httpcore reads an answer: a server may refuse before it has read all."""
    try:
        yield
    except TimeoutError:
        raise
    except OSError as error:
        raise httpcore.WriteError(str(error)) from error


def _readable(sock: socket.socket) -> bool:
    sock.setblocking(False)
    try:
        sock.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True  # it is broken, which reading it would tell
    return True
