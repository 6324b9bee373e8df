"""What is the limit in CPython? A socket or a protocol of asyncio, read by httptools or by h11."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, closing, contextmanager
from functools import partial
from typing import Any, Protocol
from urllib.parse import SplitResult, urlencode, urlsplit

import h11

from stripe_benchmarks.contenders.bare import HEADERS, TARGET
from stripe_benchmarks.contenders.kinds import INPUTS, AsyncContender, AsyncRun, Contender, Run

READ = 65_536  # bytes at a time
MOST = 100  # connections
FORM = urlencode(INPUTS).encode()


# --- the bytes of one connection ------------------------------------------------------------------


class Talk(Protocol):
    """What is said and heard on a connection, one request at a time."""

    def ask(self) -> bytes:
        """The request."""
        ...

    def feed(self, data: bytes) -> str | None:
        """The ID in the answer, once it is there as a whole."""
        ...


def _headers(place: SplitResult) -> dict[str, str]:
    form = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": f"{len(FORM)}"}
    return {"Host": place.netloc, **HEADERS, **form}


class ByHttptools:
    """The request is ready; the parser is of C."""

    def __init__(self, place: SplitResult) -> None:
        import httptools

        lines = [f"{name}: {value}" for name, value in _headers(place).items()]
        head = "\r\n".join([f"POST {TARGET} HTTP/1.1", *lines, "", ""])
        self._request = head.encode() + FORM
        self._parser = httptools.HttpResponseParser(self)
        self._body = bytearray()
        self._whole = False

    def ask(self) -> bytes:
        """Always the same."""
        return self._request

    def feed(self, data: bytes) -> str | None:
        """As `Talk.feed`."""
        self._parser.feed_data(data)
        return _identity(self._body) if self._whole else None

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


class ByH11:
    """Request and answer go through h11, which is of Python, and strict."""

    def __init__(self, place: SplitResult) -> None:
        self._connection = h11.Connection(h11.CLIENT)
        self._headers = [*_headers(place).items()]
        self._body = bytearray()

    def ask(self) -> bytes:
        """Written anew each time."""
        if self._connection.our_state is h11.DONE:
            self._connection.start_next_cycle()
        self._body.clear()
        head = h11.Request(method="POST", target=TARGET, headers=self._headers)
        events = (head, h11.Data(FORM), h11.EndOfMessage())
        return b"".join(self._connection.send(event) or b"" for event in events)

    def feed(self, data: bytes) -> str | None:
        """As `Talk.feed`."""
        self._connection.receive_data(data)
        while (event := self._connection.next_event()) is not h11.NEED_DATA:
            if isinstance(event, h11.Data):
                self._body += event.data
            if isinstance(event, h11.EndOfMessage):
                return _identity(self._body)
        return None


def _identity(body: bytearray) -> str:
    return str(json.loads(body)["id"])


# --- the contenders -------------------------------------------------------------------------------

Begin = Callable[[SplitResult], Talk]


def _trusting(place: SplitResult) -> ssl.SSLContext | None:
    return ssl.create_default_context() if place.scheme == "https" else None


@contextmanager
def blocking(begin: Begin, url: str) -> Generator[Run]:
    """A socket that is waited for."""
    place = urlsplit(url)
    talk = begin(place)
    peer = socket.create_connection((place.hostname, place.port))
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if context := _trusting(place):
        peer = context.wrap_socket(peer, server_hostname=place.hostname)

    def run() -> str:
        peer.sendall(talk.ask())
        while (found := talk.feed(peer.recv(READ))) is None:
            pass
        return found

    with closing(peer):
        yield run


class Asking(asyncio.Protocol):
    """A connection of asyncio."""

    def __init__(self, talk: Talk) -> None:
        self._talk = talk

    def connection_made(self, transport: Any) -> None:
        """Keeps the way back."""
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        """Hands the answer over."""
        if (found := self._talk.feed(data)) is not None:
            self._answer.set_result(found)

    def ask(self) -> "asyncio.Future[str]":
        """The ID in the answer."""
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(self._talk.ask())
        return self._answer


@asynccontextmanager
async def protocols(begin: Begin, url: str) -> AsyncGenerator[AsyncRun]:
    """As many connections of asyncio as are needed, at most a hundred."""
    place = urlsplit(url)
    context = _trusting(place)
    turns = asyncio.Semaphore(MOST)
    idle: list[Asking] = []

    async def run() -> str:
        async with turns:
            asking = idle.pop() if idle else await _connected(begin(place), place, context)
            found = await asking.ask()
            idle.append(asking)
            return found

    yield run
    for asking in idle:
        asking.transport.abort()


async def _connected(talk: Talk, place: SplitResult, context: ssl.SSLContext | None) -> Asking:
    loop = asyncio.get_running_loop()
    where: dict[str, Any] = {"host": place.hostname, "port": place.port}
    _, asking = await loop.create_connection(partial(Asking, talk), ssl=context, **where)
    return asking


HTTPTOOLS, H11 = "raw, httptools", "raw, h11"
SYNC = (
    Contender(HTTPTOOLS, partial(blocking, ByHttptools), needs=("httptools",)),
    Contender(H11, partial(blocking, ByH11)),
)
ASYNC = (
    AsyncContender(HTTPTOOLS, partial(protocols, ByHttptools), needs=("httptools",)),
    AsyncContender(H11, partial(protocols, ByH11)),
)
