"""What answers, on loopback, in a process of its own? Plain HTTP, and TLS if there is trustme."""

import asyncio
import json
import re
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import attrs

from stripe_benchmarks.answers import customers_message, message, product_message

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
AFTER = re.compile(rb"starting_after=cus_(\d+)")
HOST = "127.0.0.1"
SOURCES = Path(__file__).parents[1]
SERVE = (sys.executable, "-m", "stripe_benchmarks.server")


@attrs.frozen
class Server:
    """Where it answers."""

    plain: str  # http://…
    secure: str | None  # https://…
    certificate: str | None  # the file of the authority that vouches for it

    def met(self) -> int:
        """How many connections it has met so far, without the one that asks."""
        with urlopen(f"{self.plain}/met") as answer:  # noqa: S310 - loopback
            connections: int = json.load(answer)["connections"]
        return connections


class Connected(asyncio.Protocol):
    """One connection of the server."""

    met = 0  # connections so far that asked for something else than this

    def __init__(self) -> None:
        self._heard = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Counts it."""
        Connected.met += 1
        self._transport: Any = transport

    def data_received(self, data: bytes) -> None:
        """Answers each request as soon as it is there as a whole."""
        self._heard += data
        while (end := _end(self._heard)) is not None:
            self._transport.write(self._answer(self._heard))
            self._heard = self._heard[end:]

    def _answer(self, heard: bytes) -> bytes:
        if heard.startswith(b"GET /met"):
            Connected.met -= 1
            return message({"connections": Connected.met})
        if heard.startswith(b"GET /v1/customers"):
            target = heard.partition(b"\r\n")[0]
            after = AFTER.search(target)
            return customers_message(int(after[1]) + 1 if after else 0)
        return product_message()


def _end(heard: bytes) -> int | None:
    """Where a request ends; None if more of it is to come."""
    head = heard.find(b"\r\n\r\n")
    if head < 0:
        return None
    length = LENGTH.search(heard, 0, head)
    end = head + 4 + (int(length[1]) if length else 0)
    return end if end <= len(heard) else None


async def serve(folder: Path) -> None:
    """Says on stdout where it answers, and does so until stdin ends."""
    loop = asyncio.get_running_loop()
    plain = await loop.create_server(Connected, HOST, 0, backlog=4096)
    where = {"plain": f"http://{_place(plain)}", "secure": None, "certificate": None}
    with suppress(ImportError):
        certificate = folder / "authority.pem"
        context = _certified(certificate)
        secure = await loop.create_server(Connected, HOST, 0, backlog=4096, ssl=context)
        where |= {"secure": f"https://{_place(secure)}", "certificate": str(certificate)}
    print(json.dumps(where), flush=True)
    await asyncio.to_thread(sys.stdin.read)


def _place(server: asyncio.Server) -> str:
    host, port = server.sockets[0].getsockname()
    return f"{host}:{port}"


def _certified(file: Path) -> ssl.SSLContext:
    """With a certificate of an authority of its own, which is written to a file."""
    import trustme

    authority = trustme.CA()
    authority.cert_pem.write_to_path(file)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST).configure_cert(context)
    return context


@contextmanager
def running() -> Iterator[Server]:
    """A server in a process of its own, which lives as long as its stdin."""
    pipe = subprocess.PIPE
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen([*SERVE, folder], cwd=SOURCES, stdin=pipe, stdout=pipe) as process,
    ):
        if process.stdin is None or process.stdout is None:
            raise RuntimeError("The server has no pipes")
        yield Server(**json.loads(process.stdout.readline()))
        process.stdin.close()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
