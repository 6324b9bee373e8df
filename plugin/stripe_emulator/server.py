"""How is the emulator reached over HTTP?

HTTP/1.1 with keep-alive on a loopback port, from the standard library. Only this machine is
answered, and no client can take more than `Limits`.
"""

import io
import os
import socket
import struct
import threading
import time
from collections import deque
from contextlib import suppress
from email.utils import formatdate
from http import HTTPStatus
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from stripe_emulator import access
from stripe_emulator.emulator import Emulator
from stripe_emulator.faults import Cut
from stripe_emulator.lines import Limits, Lines, Reader, Room
from stripe_emulator.message import Answer, refused
from stripe_emulator.refusals import Refusal

_LONGEST_LINE = 65_536
_FAREWELL_SECONDS = 1.0  # in which a client that found no room can read so
_MOST_FAREWELLS = 64
_RESET = struct.pack("ii", 1, 0)  # SO_LINGER: a reset instead of a polite end


class Server:
    """A running emulator; `url` is its base address. Close it, or use it as a context manager."""

    def __init__(self, emulator: Emulator, port: int = 0, limits: Limits | None = None) -> None:
        self._listening = _Listening(emulator, port, limits or Limits())
        self.url = f"http://127.0.0.1:{self._listening.server_address[1]}"
        self.emulator = emulator
        self._process = os.getpid()
        self._thread = threading.Thread(
            target=self._listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    @property
    def emulator(self) -> Emulator:
        """Who answers; another one may take over."""
        return self._listening.emulator

    @emulator.setter
    def emulator(self, emulator: Emulator) -> None:
        emulator.base_url = self.url
        self._listening.emulator = emulator

    def close(self) -> None:
        """Stop listening; the emulator stays as it is. A forked child only lets go of the port."""
        if os.getpid() == self._process:
            self._listening.shutdown()
            self._thread.join()
        self._listening.server_close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve(emulator: Emulator, port: int = 0, limits: Limits | None = None) -> Server:
    """Serve an emulator on 127.0.0.1; port 0 takes a free one."""
    return Server(emulator, port, limits)


class _Listening(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, emulator: Emulator, port: int, limits: Limits) -> None:
        self.emulator = emulator
        self.limits = limits
        self.lines = Lines(limits.connections)
        self.room = Room(limits.bodies_bytes)
        self._leaving: deque[tuple[float, socket.socket]] = deque()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a new connection in a thread of its own, or say at once that there are too many."""
        if self.lines.admit(request):
            super().process_request(request, client_address)
        else:
            self._turn_away(request)

    def _turn_away(self, line: socket.socket) -> None:
        most = self.limits.connections
        refusal = Refusal(
            f"The emulator serves {most} connections at one time, and all of them are busy. "
            "Close some, or try again later.",
            status=503,
            type="api_error",
        )
        with suppress(OSError):
            line.settimeout(0)
            line.send(_rendered(refused(refusal), closes=True))
            line.shutdown(socket.SHUT_WR)
        self._leaving.append((time.monotonic() + _FAREWELL_SECONDS, line))
        self._say_farewell(_MOST_FAREWELLS)

    def service_actions(self) -> None:
        """Close those turned away that had their time to read why."""
        now = time.monotonic()
        while self._leaving and self._leaving[0][0] <= now:
            self._say_farewell(len(self._leaving) - 1)

    def _say_farewell(self, most: int) -> None:
        while len(self._leaving) > most:
            self._leaving.popleft()[1].close()

    def server_close(self) -> None:
        """Close what is left open here."""
        self._say_farewell(0)
        super().server_close()

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        self.lines.forget(request)
        super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Forget clients that went away in the middle."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else every answer waits for a delayed ACK
    server: _Listening  # pyright: ignore[reportIncompatibleVariableOverride]

    def setup(self) -> None:
        """Read with deadlines."""
        super().setup()
        self.rfile.close()
        self._reader = Reader(self.connection)
        self.rfile = self._buffered = io.BufferedReader(self._reader)

    def handle_one_request(self) -> None:
        """Wait for a request of any verb and answer it."""
        if not self._comes():
            self.close_connection = True
            return
        limits = self.server.limits
        try:
            self._reader.allow(limits.header_seconds, limits.header_bytes)
            self._serve()
        except TimeoutError:
            self.send_error(408, "it took too long to arrive")
        except HTTPException as problem:
            self.send_error(431, str(problem))
        finally:
            self.server.lines.end(self.connection)

    def _comes(self) -> bool:
        """Wait for the first byte; a connection that is idle for long, or has to give way, ends."""
        self._reader.allow(self.server.limits.idle_seconds)
        try:
            first = self._buffered.peek(1)
        except (OSError, HTTPException):
            return False
        return bool(first) and self.server.lines.begin(self.connection)

    def _serve(self) -> None:
        self.raw_requestline = self.rfile.readline(_LONGEST_LINE + 1)
        if len(self.raw_requestline) > _LONGEST_LINE:
            self.send_error(414)
        elif self.parse_request():
            self._answer()

    def _answer(self) -> None:
        try:
            access.check_page(self.command, self.headers)
            size = self._announced()
            with self.server.room.taken(size):
                answer = self._asked(size)
        except Refusal as refusal:
            self._refuse(refusal)
        except Cut as cut:
            self._cut(executed=cut.executed)
        else:
            self._send(answer)

    def _announced(self) -> int:
        """Read how large the body is; it must say so, and be small enough to be read."""
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            raise _invalid("a body needs a Content-Length", 411)
        most = self.server.limits.body_bytes
        if len(length) > 12 or int(length) > most:
            raise _invalid(f"a body has at most {most} bytes", 413)
        return int(length)

    def _asked(self, size: int) -> Answer:
        if size and self.headers.get("Expect", "").lower() == "100-continue":
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self._reader.allow(self.server.limits.body_seconds)
        body = self.rfile.read(size)
        if len(body) < size:
            raise _invalid("the body ended before its Content-Length", 400)
        headers = dict(self.headers.items())
        return self.server.emulator.answer(self.command, self.path, headers, body)

    def handle_expect_100(self) -> bool:
        """Say nothing yet: first it is looked at how large the body is."""
        return True

    def _send(self, answer: Answer) -> None:
        if answer.cut:
            self.close_connection = True
        self.connection.settimeout(self.server.limits.answer_seconds)
        head = self.command == "HEAD"
        try:
            self.wfile.write(_rendered(answer, closes=self.close_connection, head=head))
        except OSError:  # the client is gone, or does not read
            self.close_connection = True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Refuse what is no HTTP request in Stripe's shape, and close."""
        self.command = "GET"
        self._refuse(_invalid(message or HTTPStatus(code).phrase, code))

    def _refuse(self, refusal: Refusal) -> None:
        """Say why and close, once the client has read it: it may still be sending a body."""
        self.close_connection = True
        self._send(refused(refusal))
        self.server.lines.end(self.connection)  # it gives way to whoever comes
        self._reader.allow(self.server.limits.farewell_seconds)
        with suppress(OSError, HTTPException):
            self.connection.shutdown(socket.SHUT_WR)
            while self._reader.read(_LONGEST_LINE):
                pass

    def _cut(self, *, executed: bool) -> None:
        self.close_connection = True
        if not executed:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing: paths and errors are the caller's business."""


def _invalid(problem: str, status: int) -> Refusal:
    message = f"Invalid request: {problem}"[:200]
    return Refusal(message, status=status if status < 500 else 400)


def _rendered(answer: Answer, *, closes: bool, head: bool = False) -> bytes:
    """Write an answer as HTTP; `closes` says that no other one follows."""
    headers = {"Date": formatdate(usegmt=True), **answer.headers}
    if closes:
        headers["Connection"] = "close"
    lines = [f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    top = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
    return top if head else top + answer.body
