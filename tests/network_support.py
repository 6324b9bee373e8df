"""What the tests of many tenants and of hanging servers share: a place that behaves as told."""

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, Self

import pytest

from stripe_plugin.client.pool import AsyncPool, Pool

Behaviour = Callable[[socket.socket], None]


class Heard(NamedTuple):
    """A request: method and path, headers by their names in lower case, body."""

    line: str
    headers: Mapping[str, str]
    body: bytes


def requests(peer: socket.socket) -> Iterator[Heard]:
    """What comes over a connection, until it ends."""
    with peer.makefile("rb") as file:
        while line := file.readline().decode():
            pairs = (text.decode().split(": ", 1) for text in iter(file.readline, b"\r\n"))
            headers = {name.lower(): value.rstrip("\r\n") for name, value in pairs}
            body = file.read(int(headers.get("content-length", 0)))
            yield Heard(line.rpartition(" ")[0], headers, body)


def answer(peer: socket.socket, body: Any, status: int = 200, **headers: Any) -> None:
    """One answer, with its headers named as keywords."""
    text = json.dumps(body).encode()
    given = {"content_length": len(text), **headers}.items()
    lines = [f"{name.replace('_', '-')}: {value}\r\n" for name, value in given]
    peer.sendall(f"HTTP/1.1 {status} Said\r\n{''.join(lines)}\r\n".encode() + text)


def reset(peer: socket.socket) -> None:
    """Breaks a connection off, which ends what serves it."""
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raise ConnectionResetError


def friendly(peer: socket.socket) -> None:
    """A Stripe that makes a customer of everything."""
    for _ in requests(peer):
        answer(peer, {"id": "cus_1", "object": "customer"})


def silent(peer: socket.socket) -> None:
    """Takes everything and says nothing."""
    while peer.recv(65_536):
        pass


class Place:
    """A listening socket of loopback; each connection is served by a thread, as `behave` says."""

    def __init__(self, behave: Behaviour = friendly) -> None:
        self.behave = behave
        self.met = self.open = self.most = 0  # connections so far, now, and at most at a time
        self._lock, self._peers = threading.Lock(), set[socket.socket]()
        self._door = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.port: int = self._door.getsockname()[1]
        self._threads = [threading.Thread(target=self._listen)]
        self._threads[0].start()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    def narrow(self) -> None:
        """From now on little is taken before it is read."""
        self._door.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)

    def _listen(self) -> None:
        with suppress(OSError):  # the door is closed
            while True:
                peer = self._door.accept()[0]
                with self._lock:
                    self._peers.add(peer)
                    self.met, self.open = self.met + 1, self.open + 1
                    self.most = max(self.most, self.open)
                self._threads.append(threading.Thread(target=self._serve, args=(peer,)))
                self._threads[-1].start()

    def _serve(self, peer: socket.socket) -> None:
        with peer:
            with suppress(OSError, ValueError):  # it went away in the middle
                peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.behave(peer)
            with self._lock:  # before it is closed: by then another may be there
                self._peers.remove(peer)
                self.open -= 1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._door.shutdown(socket.SHUT_RDWR)  # which ends `accept`
        self._door.close()
        self._threads[0].join()
        with self._lock:
            for peer in self._peers:
                with suppress(OSError):
                    peer.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()


def eventually(condition: Callable[[], Any], seconds: float = 30.0) -> bool:
    """Whether it comes about: threads and kernel need their moment."""
    end = time.monotonic() + seconds
    while not (come := bool(condition())) and time.monotonic() < end:
        time.sleep(0.005)
    return come


def skip_waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that clients wait between attempts and for their turn, which are skipped."""
    waited: list[float] = []

    async def skip(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr(Pool, "sleep", lambda _, seconds: waited.append(seconds))
    monkeypatch.setattr(AsyncPool, "sleep", lambda _, seconds: skip(seconds))
    return waited


def descriptors() -> int:
    """How many files and sockets this process has open."""
    return sum(1 for _ in Path("/dev/fd").iterdir())
