"""The emulator on a socket of this machine: HTTP/1.1 with keep-alive, from the standard library."""

from __future__ import annotations

import socket
import struct
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Self

from stripe_emulator.emulator import refused
from stripe_emulator.faults import Cut
from stripe_emulator.parse import MOST_BYTES
from stripe_emulator.refusals import Refusal

if TYPE_CHECKING:
    from stripe_emulator.emulator import Answer, Emulator

_PATIENCE = 30  # seconds that an idle or stalled connection is kept
_TOO_LARGE = 64 * MOST_BYTES  # beyond this a body is not even read


class Server:
    """A running emulator; ``url`` is its base address. Close it, or use it as a context manager."""

    def __init__(self, world: Emulator, port: int = 0) -> None:
        self._server = _Listening(("127.0.0.1", port), _Handler)
        self._server.world = world
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        world.base_url = self.url
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop listening; the world stays as it is."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve(world: Emulator, port: int = 0) -> Server:
    """Serve a world on 127.0.0.1; port 0 takes a free one."""
    return Server(world, port)


class _Listening(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    world: Emulator

    def handle_error(self, request: object, client_address: object) -> None:
        """Forget clients that went away in the middle."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else every answer waits for a delayed ACK
    server_version = "emulator"
    sys_version = ""
    timeout = _PATIENCE
    server: _Listening  # pyright: ignore[reportIncompatibleVariableOverride]

    def handle_one_request(self) -> None:
        """Answer one request of any verb."""
        self.raw_requestline = self.rfile.readline(65_537)
        if not self.raw_requestline:
            self.close_connection = True
        elif len(self.raw_requestline) > 65_536:
            self.send_error(414)
        elif self.parse_request():
            self._answer()
            self.wfile.flush()

    def _answer(self) -> None:
        body = self._read()
        if body is None:
            return
        try:
            answer = self.server.world.answer(
                self.command, self.path, dict(self.headers.items()), body
            )
        except Cut as cut:
            self._cut(executed=cut.executed)
            return
        self._send(answer)

    def _read(self) -> bytes | None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self.send_error(411)
            return None
        if len(length) > 12 or int(length) > _TOO_LARGE:
            self.send_error(413)
            return None
        return self.rfile.read(int(length))

    def _send(self, answer: Answer) -> None:
        self.send_response_only(answer.status)
        self.send_header("Date", self.date_time_string())
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answer.body)
        if int(answer.headers["Content-Length"]) > len(answer.body):
            self.close_connection = True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """Refuse what is no HTTP request in Stripe's shape, and close."""
        self.close_connection = True
        self.command, self.request_version = "GET", "HTTP/1.1"
        said = f"Invalid request: {message or self.responses[code][0]}"
        self._send(refused(Refusal(said[:200], status=code if code < 500 else 400)))

    def _cut(self, *, executed: bool) -> None:
        self.close_connection = True
        if not executed:  # a reset instead of a polite end
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Say nothing: paths and errors are the caller's business."""
