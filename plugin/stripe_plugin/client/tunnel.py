"""How is an address reached: straight, or through a proxy by CONNECT or SOCKS5? No I/O.

Source: RFC 9110 (9.3.6), RFC 1928, RFC 1929.
"""

import ssl
from base64 import b64encode
from collections.abc import Mapping
from ipaddress import ip_address
from types import MappingProxyType
from urllib.parse import unquote, urlsplit

import attrs

from stripe_plugin.client.address import Address
from stripe_plugin.client.http import Conversation, Question
from stripe_plugin.client.stream import Connect, Plain, Steps, Stream, secured

PORTS: Mapping[str, int] = MappingProxyType(
    {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
)
REFUSALS: Mapping[int, str] = MappingProxyType(
    {
        1: "it failed",
        2: "its rules do not allow it",
        3: "the network is unreachable",
        4: "the host is unreachable",
        5: "the connection was refused",
        6: "it took too many hops",
        7: "it does not know the command",
        8: "it does not know this kind of address",
    }
)
VERSION = 5  # of SOCKS
OPEN, BY_PASSWORD = 0, 2  # ways to prove who asks
CONNECT = 1
A_NUMBER, A_NAME, A_LONG_NUMBER = 1, 3, 4  # kinds of addresses; the proxy looks up a name
LENGTHS: Mapping[int, int] = MappingProxyType({A_NUMBER: 4, A_LONG_NUMBER: 16})  # in bytes


class ProxyError(OSError):
    """A proxy does not let us through, or does not understand us."""


@attrs.frozen
class Proxy:
    """A proxy by its URL."""

    scheme: str
    host: str
    port: int
    user: str = attrs.field(default="", repr=False)
    password: str = attrs.field(default="", repr=False)

    @classmethod
    def of(cls, url: str) -> "Proxy":
        """The one of `scheme://user:password@host:port`, all but scheme and host optional."""
        parts = urlsplit(url)
        scheme = parts.scheme.lower()
        port = parts.port or PORTS[scheme]
        user = unquote(parts.username or "")
        password = unquote(parts.password or "")
        return cls(scheme, str(parts.hostname), port, user, password)

    @property
    def has_user(self) -> bool:
        """Whether it wants to know who asks."""
        return bool(self.user or self.password)


def opened(target: Address, proxy: Proxy | None, context: ssl.SSLContext | None) -> Steps[Stream]:
    """A stream to an address; `context` is for TLS, there and to the proxy."""
    stream: Stream = Plain()
    if proxy is None:
        yield Connect(target.host, _port(target))
    else:
        yield Connect(proxy.host, proxy.port)
        stream = yield from _through(proxy, stream, target, context)
    if context is not None and target.secure:
        stream = yield from secured(stream, context, target.host)
    return stream


def _port(target: Address) -> int:
    return target.port or PORTS[target.scheme]


def _through(
    proxy: Proxy, stream: Stream, target: Address, context: ssl.SSLContext | None
) -> Steps[Stream]:
    """A stream to the target's end of the tunnel."""
    if proxy.scheme == "https" and context is not None:
        stream = yield from secured(stream, context, proxy.host)
    if proxy.scheme.startswith("socks"):
        yield from _by_socks(proxy, stream, target)
    else:
        yield from _by_connect(proxy, stream, target)
    return stream


# --- CONNECT --------------------------------------------------------------------------------------


def _by_connect(proxy: Proxy, stream: Stream, target: Address) -> Steps[None]:
    host = f"[{target.host}]" if ":" in target.host else target.host
    place = f"{host}:{_port(target)}".encode()
    headers = [(b"Host", place), (b"Accept", b"*/*")]
    if proxy.has_user:
        who = b64encode(f"{proxy.user}:{proxy.password}".encode())
        headers.append((b"Proxy-Authorization", b"Basic " + who))
    question = Question(b"CONNECT", place, headers)
    heard = yield from Conversation(stream).open(question)
    if not 200 <= heard.status < 300:
        raise ProxyError(f"{heard.status} {heard.reason.decode('ascii', 'replace')}")


# --- SOCKS5 ---------------------------------------------------------------------------------------


class _Socks:
    """What a SOCKS proxy says, in pieces of a known length."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._come = b""

    def ask(self, *said: bytes) -> Steps[None]:
        """Says something."""
        yield from self._stream.write(b"".join(said))

    def take(self, length: int) -> Steps[bytes]:
        """The next so many bytes."""
        while len(self._come) < length:
            data = yield from self._stream.read()
            if not data:
                raise ProxyError("it hung up")
            self._come += data
        taken = self._come[:length]
        self._come = self._come[length:]
        return taken

    def check_over(self) -> None:
        """Refuses what was said before anybody was asked."""
        if self._come:
            raise ProxyError("it said more than its answer")


def _by_socks(proxy: Proxy, stream: Stream, target: Address) -> Steps[None]:
    socks = _Socks(stream)
    way = BY_PASSWORD if proxy.has_user else OPEN
    yield from socks.ask(bytes([VERSION, 1, way]))
    version, chosen = yield from socks.take(2)
    if (version, chosen) != (VERSION, way):
        raise ProxyError("it speaks no SOCKS5, or does not take this way to say who asks")
    if way == BY_PASSWORD:
        yield from _say_who(proxy, socks)
    port = _port(target).to_bytes(2, "big")
    yield from socks.ask(bytes([VERSION, CONNECT, 0]), _place(target.host), port)
    yield from _check_answer(socks)
    socks.check_over()


def _say_who(proxy: Proxy, socks: _Socks) -> Steps[None]:
    user, password = proxy.user.encode(), proxy.password.encode()
    if max(len(user), len(password)) > 255:
        raise ProxyError("its user or password is longer than SOCKS5 can say")
    yield from socks.ask(b"\x01", _counted(user), _counted(password))
    _, failed = yield from socks.take(2)
    if failed:
        raise ProxyError("it does not take this user and password")


def _counted(text: bytes) -> bytes:
    """A text of at most 255 bytes as SOCKS5 has it."""
    return bytes([len(text)]) + text


def _place(host: str) -> bytes:
    """An address as SOCKS5 has it: by number, or by a name of at most 255 bytes."""
    try:
        packed = ip_address(host).packed
    except ValueError:
        return bytes([A_NAME]) + _counted(host.encode())
    kind = A_NUMBER if len(packed) == LENGTHS[A_NUMBER] else A_LONG_NUMBER
    return bytes([kind]) + packed


def _check_answer(socks: _Socks) -> Steps[None]:
    """Takes the answer to its end: it holds an address of no interest."""
    version, failed, _, kind = yield from socks.take(4)
    if version != VERSION or failed:
        raise ProxyError(REFUSALS.get(failed, "it failed"))
    if kind == A_NAME:
        (length,) = yield from socks.take(1)
    else:
        length = LENGTHS.get(kind, 0)
    yield from socks.take(length + 2)  # with a port
