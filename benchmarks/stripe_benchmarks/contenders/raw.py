"""What is the limit in CPython? Ready bytes on a socket, the answer read by httptools."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, closing, contextmanager
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from stripe_benchmarks.contenders.bare import TARGET
from stripe_benchmarks.contenders.kinds import INPUTS, KEY, AsyncContender, AsyncRun, Contender, Run

READ = 65_536  # bytes at a time
MOST = 100  # connections


class Reading:
    """One answer, as httptools tells it."""

    def __init__(self) -> None:
        import httptools

        self._parser = httptools.HttpResponseParser(self)
        self._body = bytearray()
        self._whole = False

    def feed(self, data: bytes) -> str | None:
        """The ID in the answer, once it is there as a whole."""
        self._parser.feed_data(data)
        return str(json.loads(self._body)["id"]) if self._whole else None

    def on_message_begin(self) -> None:
        """Forgets the answer before."""
        self._body.clear()
        self._whole = False

    def on_body(self, piece: bytes) -> None:
        """Takes a piece of it."""
        self._body += piece

    def on_message_complete(self) -> None:
        """Knows that nothing more comes."""
        self._whole = True


def _request(place: SplitResult) -> bytes:
    form = urlencode(INPUTS)
    lines = (
        f"POST {TARGET} HTTP/1.1",
        f"Host: {place.netloc}",
        f"Authorization: Bearer {KEY}",
        "Idempotency-Key: benchmark",
        "Content-Type: application/x-www-form-urlencoded",
        f"Content-Length: {len(form)}",
    )
    return "\r\n".join([*lines, "", form]).encode()


def _trusting(place: SplitResult) -> ssl.SSLContext | None:
    return ssl.create_default_context() if place.scheme == "https" else None


@contextmanager
def blocking(url: str) -> Generator[Run]:
    """A socket that is waited for."""
    place = urlsplit(url)
    request, reading = _request(place), Reading()
    peer = socket.create_connection((place.hostname, place.port))
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if context := _trusting(place):
        peer = context.wrap_socket(peer, server_hostname=place.hostname)

    def run() -> str:
        peer.sendall(request)
        while (found := reading.feed(peer.recv(READ))) is None:
            pass
        return found

    with closing(peer):
        yield run


class Asking(asyncio.Protocol):
    """A connection of asyncio, with one request at a time."""

    def __init__(self) -> None:
        self._reading = Reading()

    def connection_made(self, transport: Any) -> None:
        """Keeps the way back."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Hands the answer over."""
        if (found := self._reading.feed(data)) is not None:
            self._answer.set_result(found)

    def ask(self, request: bytes) -> "asyncio.Future[str]":
        """The ID in the answer to it."""
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self._answer


@asynccontextmanager
async def protocols(url: str) -> AsyncGenerator[AsyncRun]:
    """As many connections of asyncio as are needed, at most a hundred."""
    place, idle, turns = urlsplit(url), list[Asking](), asyncio.Semaphore(MOST)
    request = _request(place)
    where: dict[str, Any] = {"host": place.hostname, "port": place.port, "ssl": _trusting(place)}
    connect = asyncio.get_running_loop().create_connection

    async def run() -> str:
        async with turns:
            if not idle:
                _, opened = await connect(Asking, **where)
                idle.append(opened)
            asking = idle.pop()
            found = await asking.ask(request)
            idle.append(asking)
            return found

    yield run
    for asking in idle:
        asking.transport.close()


SYNC = (Contender("raw", blocking, needs=("httptools",)),)
ASYNC = (AsyncContender("raw", protocols, needs=("httptools",)),)
