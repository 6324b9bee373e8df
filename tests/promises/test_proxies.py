"""Through a proxy of the environment a run is as safe as without: in time, and unread."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
import trustme
from network_support import Place, answer, requests, silent
from support import made

from stripe_plugin import AsyncClient, Client, Connection, Policy, Result, StripeError
from stripe_plugin.client import line

KEY = "sk_test_proxied"
CREATE = made("create_customer", {"Name": "J"})
ONCE = Policy(retries=0, timeout=30, budget=30)
HASTY = Policy(retries=0, timeout=0.3, budget=0.3)


class Vouched:
    """A certificate authority that clients trust, and a server's side of TLS by it."""

    def __init__(self) -> None:
        authority = trustme.CA()
        self.server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1", "localhost").configure_cert(self.server)
        self.client = ssl.create_default_context()
        authority.configure_trust(self.client)


class Tunnel:
    """A proxy that understands CONNECT, in the open or by TLS, and keeps what it could read."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls, self.read = tls, list[bytes]()

    def __call__(self, peer: socket.socket) -> None:
        """Serves one connection."""
        if self._tls is not None:
            peer = self._tls.wrap_socket(peer, server_side=True)
        with peer:
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += peer.recv(1)
            self.read.append(head)
            host, _, port = head.split()[1].decode().rpartition(":")
            with socket.create_connection((host, int(port))) as origin:
                peer.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=self._pump, args=(origin, peer))
                back.start()
                self._pump(peer, origin)
                back.join()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                self.read.append(data)
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)


@pytest.fixture
def vouched(monkeypatch: pytest.MonkeyPatch) -> Vouched:
    """One authority for the proxy and for the origin, and no proxy but the test's."""
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    made_ = Vouched()
    monkeypatch.setattr(line, "tls_context", lambda: made_.client)
    return made_


@pytest.fixture
def origin(vouched: Vouched) -> Iterator[str]:
    """A Stripe by TLS; its address."""

    def behave(peer: socket.socket) -> None:
        with vouched.server.wrap_socket(peer, server_side=True) as secured:
            for _ in requests(secured):
                answer(secured, {"id": "cus_1", "object": "customer"})

    with Place(behave) as place:
        yield f"https://127.0.0.1:{place.port}"


def by_client(url: str, policy: Policy) -> Result:
    """A run over the client."""
    with Client(Connection(KEY, base_url=url), policy) as client:
        client.run(CREATE)
        return client.run(CREATE)


def by_async_client(url: str, policy: Policy) -> Result:
    """The same with asyncio."""

    async def run() -> Result:
        async with AsyncClient(Connection(KEY, base_url=url), policy) as client:
            await client.run(CREATE)
            return await client.run(CREATE)

    return asyncio.run(run())


BOTH = pytest.mark.parametrize("run", [by_client, by_async_client])
Run = Callable[[str, Policy], Result]


@BOTH
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_carries_and_cannot_read(
    run: Run, scheme: str, vouched: Vouched, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through a proxy in the open, or by TLS in TLS, runs go over one tunnel and stay unread."""
    tunnel = Tunnel(vouched.server if scheme == "https" else None)
    with Place(tunnel) as proxy:
        monkeypatch.setenv("https_proxy", f"{scheme}://127.0.0.1:{proxy.port}")
        assert run(origin, ONCE).output["id"] == "cus_1"
        assert proxy.met == 1
    assert tunnel.read[0].startswith(b"CONNECT 127.0.0.1:")
    assert KEY.encode() not in b"".join(tunnel.read)
    assert b"customers" not in b"".join(tunnel.read)


def answers(head: bytes) -> Callable[[socket.socket], None]:
    """A proxy that says this to whatever it is asked."""

    def behave(peer: socket.socket) -> None:
        peer.recv(65_536)
        peer.sendall(head)

    return behave


def silent_after_tls(vouched: Vouched) -> Callable[[socket.socket], None]:
    """A proxy that greets by TLS and then says nothing."""

    def behave(peer: socket.socket) -> None:
        with vouched.server.wrap_socket(peer, server_side=True) as secured:
            silent(secured)

    return behave


WRONG: dict[str, tuple[str, bytes]] = {
    "refuses": ("http", b"HTTP/1.1 407 Who are you\r\ncontent-length: 0\r\n\r\n"),
    "is broken": ("http", b"HTTP/1.1 502 Bad\r\ncontent-length: 3\r\n\r\nbad"),
    "speaks no HTTP": ("http", b"220 mail ready\r\n"),
    "hangs up": ("http", b""),
    "speaks no TLS": ("https", b"HTTP/1.1 400 Bad\r\n\r\n"),
}


@BOTH
@pytest.mark.parametrize("wrong", WRONG)
def test_a_proxy_that_does_not_carry_has_executed_nothing(
    run: Run, wrong: str, vouched: Vouched, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What goes wrong before there is a tunnel is a connection that failed: nothing was sent."""
    scheme, said = WRONG[wrong]
    with Place(answers(said)) as proxy:
        monkeypatch.setenv("https_proxy", f"{scheme}://127.0.0.1:{proxy.port}")
        with pytest.raises(StripeError) as caught:
            run(origin, ONCE)
    assert caught.value.category == "connection"
    assert not caught.value.outcome_unknown


@BOTH
def test_a_proxy_that_is_not_there_is_named(
    run: Run, vouched: Vouched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is told that Stripe cannot be reached learns of the proxy, but not its password."""
    with Place(silent) as place:
        port = place.port
    monkeypatch.setenv("https_proxy", f"http://jenny:secret@127.0.0.1:{port}")
    with pytest.raises(StripeError, match=f"reached through the proxy 127.0.0.1:{port} ") as caught:
        run("https://stripe.invalid", ONCE)
    assert "secret" not in repr(caught.value.as_dict())
    assert not caught.value.outcome_unknown


@BOTH
@pytest.mark.parametrize("stage", ["at once", "in the handshake", "after the handshake"])
def test_a_silent_proxy_is_not_waited_for(
    run: Run, stage: str, vouched: Vouched, origin: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever a proxy falls silent, the attempt ends at its timeout, with nothing sent."""
    behave: Any = silent_after_tls(vouched) if stage == "after the handshake" else silent
    scheme = "http" if stage == "at once" else "https"
    with ExitStack() as stack:
        proxy = stack.enter_context(Place(behave))
        monkeypatch.setenv("https_proxy", f"{scheme}://127.0.0.1:{proxy.port}")
        with pytest.raises(StripeError, match="could not be reached") as caught:
            run(origin, HASTY)
    assert not caught.value.outcome_unknown
