"""What goes over a socket, layer by layer? Steps, for whoever moves the bytes; no I/O.

A stream is read and written by generators. They yield a `Step` at a time: what is yielded as bytes
is written, `READ` is answered with what has come (nothing at the end), and `Connect` opens the
socket. So both networks, with asyncio and without, serve the same streams.
"""

import ssl
from collections.abc import Callable, Generator
from typing import Protocol, TypeAlias, TypeVar

import attrs

T = TypeVar("T")


@attrs.frozen
class Connect:
    """Open the socket, before anything else."""

    host: str
    port: int


@attrs.frozen
class Read:
    """Wait for at least one byte, or for the end."""


READ = Read()
Step: TypeAlias = Connect | Read | bytes
Steps: TypeAlias = Generator[Step, bytes | None, T]


class Stream(Protocol):
    """Bytes in order, to and fro."""

    def read(self) -> Steps[bytes]:
        """At least one byte, or nothing at the end."""
        ...

    def write(self, data: bytes) -> Steps[None]:
        """All of it."""
        ...

    def left_over(self) -> bool:
        """Whether more came than was read, of which the socket knows no more."""
        ...


class Plain:
    """What a socket carries as it is."""

    def read(self) -> Steps[bytes]:
        """As `Stream` says."""
        return (yield READ) or b""

    def write(self, data: bytes) -> Steps[None]:
        """As `Stream` says."""
        yield data

    def left_over(self) -> bool:
        """Never: it keeps nothing."""
        return False


class Tls:
    """TLS as a machine, so that it runs over any stream, also over a proxy's TLS."""

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
        """Whether more came than was read."""
        return self._incoming.pending > 0 or self._decrypted() > 0


class Secure:
    """TLS over a stream: to Stripe, to a proxy, or through one."""

    MOST = 65_536  # bytes that are read at one time

    def __init__(self, under: Stream, context: ssl.SSLContext, host: str) -> None:
        self._under = under
        self._tls = Tls(context, host)

    def handshake(self) -> Steps[None]:
        """Before anything else."""
        return self._complete(self._tls.handshake)

    def _complete(self, step: Callable[[], T]) -> Steps[T]:
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                yield from self._flush()
                data = yield from self._under.read()
                self._tls.received(data)
            else:
                yield from self._flush()
                return done

    def _flush(self) -> Steps[None]:
        if sending := self._tls.to_send():
            yield from self._under.write(sending)

    def read(self) -> Steps[bytes]:
        """As `Stream` says."""
        return self._complete(lambda: self._tls.read(self.MOST))

    def write(self, data: bytes) -> Steps[None]:
        """As `Stream` says."""
        yield from self._complete(lambda: self._tls.write(data))

    def left_over(self) -> bool:
        """As `Stream` says."""
        return self._tls.left_over() or self._under.left_over()


def secured(under: Stream, context: ssl.SSLContext, host: str) -> Steps[Stream]:
    """The same, encrypted."""
    secure = Secure(under, context, host)
    yield from secure.handshake()
    return secure
