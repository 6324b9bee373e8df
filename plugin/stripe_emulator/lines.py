"""How much may clients take of a server: connections, time, memory?"""

import io
import socket
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from http.client import HTTPException
from typing import TYPE_CHECKING

from attrs import frozen

from stripe_emulator.parse import MOST_BYTES
from stripe_emulator.refusals import Refusal

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


@frozen
class Limits:
    """What a server bears: seconds, bytes and connections.

    The times are for a whole: all headers, all of a body, all of an answer, however slowly they
    drip.
    """

    connections: int = 200
    idle_seconds: float = 60.0
    header_seconds: float = 10.0
    header_bytes: int = 131_072
    body_seconds: float = 30.0
    body_bytes: int = MOST_BYTES
    #: of all connections together
    bodies_bytes: int = 32 * MOST_BYTES
    answer_seconds: float = 30.0
    #: in which a client that is refused can finish sending, and read why
    farewell_seconds: float = 10.0


class Lines:
    """The open connections; when there are too many, the one that is idle longest gives way."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._idle: dict[socket.socket, None] = {}  # the longest idle first
        self._busy: set[socket.socket] = set()
        self._lock = threading.Lock()

    def admit(self, line: socket.socket) -> bool:
        """Take a new connection, as idle, if there is room or can be made."""
        with self._lock:
            full = len(self._idle) + len(self._busy) >= self._most
            if full and not self._dismiss():
                return False
            self._idle[line] = None
            return True

    def _dismiss(self) -> bool:
        line = next(iter(self._idle), None)
        if line is None:
            return False
        del self._idle[line]
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
        return True

    def begin(self, line: socket.socket) -> bool:
        """Mark that a request comes; false if the connection had to give way just now."""
        with self._lock:
            if line not in self._idle:
                return False
            del self._idle[line]
            self._busy.add(line)
            return True

    def end(self, line: socket.socket) -> None:
        """Mark that a request is answered, if it was not already."""
        with self._lock:
            if line in self._busy:
                self._busy.remove(line)
                self._idle[line] = None

    def forget(self, line: socket.socket) -> None:
        """Let a closed connection go."""
        with self._lock:
            self._idle.pop(line, None)
            self._busy.discard(line)


class Room:
    """So many bytes of bodies may be in memory at one time."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._lock = threading.Lock()

    @contextmanager
    def taken(self, size: int) -> Generator[None]:
        """Take room for a body while it is read and answered; raises Refusal (503) without any."""
        self._take(size)
        try:
            yield
        finally:
            with self._lock:
                self._left += size

    def _take(self, size: int) -> None:
        with self._lock:
            if size > self._left:
                message = "The emulator reads too many large requests at one time. Try again."
                raise Refusal(message, status=503, type="api_error")
            self._left -= size


class Reader(io.RawIOBase):
    """Reads a connection for so many seconds in all, and so many bytes."""

    def __init__(self, line: socket.socket) -> None:
        super().__init__()
        self._line = line
        self.allow(0)

    def allow(self, seconds: float, size: int | None = None) -> None:
        """Begin a part of a request: it ends in time (TimeoutError) and size (HTTPException)."""
        self._ends = time.monotonic() + seconds
        self._left = size

    def readable(self) -> bool:
        """Whether it can be read: yes."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Read what is there, or wait for it."""
        seconds = self._ends - time.monotonic()
        if seconds <= 0:
            raise TimeoutError
        self._line.settimeout(seconds)
        count = self._line.recv_into(buffer)
        self._spend(count)
        return count

    def _spend(self, count: int) -> None:
        if self._left is None:
            return
        self._left -= count
        if self._left < 0:
            raise HTTPException("the headers are too large")
