"""How do bytes move until a deadline? Sockets, which take the steps of a stream one by one.

One deadline bounds the attempt as a whole, and the attempt knows whether its request went out.
"""

import asyncio
import os
import socket
import time
from contextlib import suppress
from types import TracebackType
from typing import Any, TypeVar

from stripe_plugin.client.driven import driven
from stripe_plugin.client.stream import Connect, Read, Step, Steps

T = TypeVar("T")
MOST = 65_536  # bytes that are read at one time


class Attempt:
    """One attempt as the network sees it: until when it lasts, and whether its request went out.

    Without asyncio `left` bounds each step; asyncio bounds the attempt from outside.
    """

    def __init__(self) -> None:
        self._process = os.getpid()
        self._ends = 0.0
        self.sent = True  # until it is known not to be

    def begin(self, seconds: float) -> float:
        """A new attempt; when it is over (monotonic)."""
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


class Limit:
    """As `asyncio.timeout`, also in a task that is being cancelled already, as in its `finally`.

    Before Python 3.11.3 that ended there as `CancelledError` (python/cpython#102780).
    """

    def __init__(self, seconds: float) -> None:
        self._timeout = asyncio.timeout(seconds)
        self._task = asyncio.current_task()
        self._before = self._task.cancelling() if self._task else 0

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._timeout.__aexit__(kind, error, trace)
        is_cancelled = isinstance(error, asyncio.CancelledError)
        if not is_cancelled or not self._timeout.expired() or self._task is None:
            return
        if self._task.cancelling() <= self._before:
            raise TimeoutError from error


within = Limit


class _Socket:
    """The one socket of a line."""

    def __init__(self) -> None:
        self.attempt = Attempt()
        self._sock: socket.socket | None = None

    def _open(self) -> socket.socket:
        """The socket. Raises `OSError` if it has been closed in the meantime."""
        if self._sock is None:
            raise ConnectionError("the connection is closed")
        return self._sock

    def is_quiet(self) -> bool:
        """Whether nothing is there to be read, as on an idle connection that has not ended."""
        sock = self._open()
        sock.setblocking(False)
        try:
            sock.recv(1, socket.MSG_PEEK)
        except BlockingIOError:
            return True
        except OSError:
            return False  # it is broken, which reading it would tell
        return False

    def close(self) -> None:
        """Closes the socket, whatever is on it."""
        if self._sock is not None:
            self._sock.close()


class Network(_Socket):
    """Takes steps without asyncio."""

    def take(self, steps: Steps[T]) -> T:
        """All of them; what they come to."""
        return driven(steps, self._step)

    def _step(self, step: Step) -> bytes | None:
        if isinstance(step, Read):
            return self._read()
        if isinstance(step, bytes):
            self._write(step)
        else:
            self._connect(step)
        return None

    def _read(self) -> bytes:
        sock = self._open()
        sock.settimeout(self.attempt.left())
        return sock.recv(MOST)

    def _write(self, data: bytes) -> None:
        """A server may refuse before it has read all: what it says then is still to be read."""
        sock = self._open()
        sock.settimeout(self.attempt.left())
        try:
            sock.sendall(data)
        except TimeoutError:
            raise
        except OSError:  # reading tells what it is
            return

    def _connect(self, to: Connect) -> None:
        """To the first address that answers, each given its share of the time."""
        found = socket.getaddrinfo(to.host, to.port, type=socket.SOCK_STREAM)
        failed = OSError(f"{to.host} has no address")
        for number, place in enumerate(found):
            try:
                self._sock = sock = _socket(place)
                sock.settimeout(self.attempt.left() / (len(found) - number))
                sock.connect(place[-1])
            except OSError as error:  # also of a kind of address that this machine has not
                self.close()
                failed = error
            else:
                return
        raise failed


class AsyncNetwork(_Socket):
    """Takes steps with asyncio."""

    async def take(self, steps: Steps[T]) -> T:
        """As `Network.take`."""
        got: bytes | None = None
        while True:
            try:
                step = steps.send(got)
            except StopIteration as done:
                result: T = done.value
                return result
            if got:  # who sends without end would let no other task have its turn
                await asyncio.sleep(0)
            got = await self._step(step)

    async def _step(self, step: Step) -> bytes | None:
        self.attempt.left()
        if isinstance(step, Read):
            return await self._read()
        if isinstance(step, bytes):
            await self._write(step)
        else:
            await self._connect(step)
        return None

    async def _read(self) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self._open(), MOST)

    async def _write(self, data: bytes) -> None:
        """As `Network._write`."""
        try:
            await asyncio.get_running_loop().sock_sendall(self._open(), data)
        except TimeoutError:
            raise
        except OSError:
            return

    async def _connect(self, to: Connect) -> None:
        """As `Network._connect`."""
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(to.host, to.port, type=socket.SOCK_STREAM)
        failed = OSError(f"{to.host} has no address")
        for number, place in enumerate(found):
            share = self.attempt.left() / (len(found) - number)
            try:
                self._sock = sock = _socket(place)
                sock.setblocking(False)
                async with within(share):
                    await loop.sock_connect(sock, place[-1])
            except OSError as error:
                self.close()
                failed = error
            else:
                return
        raise failed


class _SelfClosing(socket.socket):
    """A socket that closes itself without a warning: who drops a connection is done with it."""

    def __del__(self) -> None:
        with suppress(AttributeError):  # of one that could not be made
            self.close()


def _socket(place: tuple[Any, ...]) -> socket.socket:
    """One for an address that `getaddrinfo` found; small writes go out at once."""
    family, kind, protocol, *_ = place
    sock = _SelfClosing(family, kind, protocol)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock
