"""A proxy is told what it must know, and what it answers is read to the byte."""

import ssl
from base64 import b64encode
from typing import TYPE_CHECKING, Any

import h11
import pytest

from stripe_plugin.client.address import Address
from stripe_plugin.client.stream import Connect, Read, Steps
from stripe_plugin.client.tunnel import Proxy, ProxyError, opened

if TYPE_CHECKING:
    from collections.abc import Iterator

OPEN = Address("http", "stripe.example", 8080, "")  # without TLS: what is said can be read
BY_NUMBER = Address("http", "10.0.0.1", 8080, "")
BY_LONG_NUMBER = Address("http", "::1", None, "")
CARRIED = b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00"  # SOCKS5: from 0.0.0.0, port 0
NAMED = b"\x05\x00\x00\x03\x03abc\x00\x50"
ASKED = b"\x05\x01\x00\x03\x0estripe.example\x1f\x90"


def drive(
    steps: Steps[Any], answers: list[bytes], said: list[Any], *, pieces: bool = False
) -> None:
    """Opens a tunnel, given these answers in turn; notes what it is told."""
    coming: Iterator[bytes] = iter(())
    waiting = iter(answers)
    got: bytes | None = None
    while True:
        try:
            step = steps.send(got)
        except StopIteration:
            return
        got = None
        if not isinstance(step, Read):
            said.append(step)
            answer = next(waiting, b"") if isinstance(step, bytes) else b""
            coming = iter([bytes([each]) for each in answer] if pieces else [answer])
        else:
            got = next(coming, b"")


TUNNELS: dict[str, tuple[str, Address, list[Any], list[bytes]]] = {
    "straight": ("", OPEN, [Connect("stripe.example", 8080)], []),
    "socks": (
        "socks5://proxy.example",
        OPEN,
        [Connect("proxy.example", 1080), b"\x05\x01\x00", ASKED],
        [b"\x05\x00", CARRIED],
    ),
    "socks, to a number": (
        "SOCKS5H://proxy.example:9",
        BY_NUMBER,
        [Connect("proxy.example", 9), b"\x05\x01\x00", b"\x05\x01\x00\x01\x0a\x00\x00\x01\x1f\x90"],
        [b"\x05\x00", NAMED],
    ),
    "socks, to a long number": (
        "socks5://proxy.example",
        BY_LONG_NUMBER,
        [
            Connect("proxy.example", 1080),
            b"\x05\x01\x00",
            b"\x05\x01\x00\x04" + bytes(15) + b"\x01\x00\x50",
        ],
        [b"\x05\x00", b"\x05\x00\x00\x04" + bytes(18)],
    ),
    "socks, with a password": (
        "socks5://jenny:p%40ss@proxy.example",
        OPEN,
        [Connect("proxy.example", 1080), b"\x05\x01\x02", b"\x01\x05jenny\x04p@ss", ASKED],
        [b"\x05\x02", b"\x01\x00", CARRIED],
    ),
    "connect": (
        "http://proxy.example",
        OPEN,
        [
            Connect("proxy.example", 80),
            (
                b"CONNECT stripe.example:8080 HTTP/1.1\r\nHost: stripe.example:8080\r\n"
                b"Accept: */*\r\n\r\n"
            ),
        ],
        [b"HTTP/1.1 200 OK\r\n\r\n"],
    ),
    "connect, with a password": (
        "http://jenny:p%40ss@proxy.example:3128",
        BY_LONG_NUMBER,
        [
            Connect("proxy.example", 3128),
            b"CONNECT [::1]:80 HTTP/1.1\r\nHost: [::1]:80\r\nAccept: */*\r\n"
            b"Proxy-Authorization: Basic " + b64encode(b"jenny:p@ss") + b"\r\n\r\n",
        ],
        [b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nserver: x\r\n\r\n"],
    ),
}


@pytest.mark.parametrize("pieces", [False, True])
@pytest.mark.parametrize("name", TUNNELS)
def test_a_tunnel_is_opened(name: str, *, pieces: bool) -> None:
    """Whatever the pieces in which its answers come, a proxy is told so much and no more."""
    url, target, said, answers = TUNNELS[name]
    steps = opened(target, Proxy.of(url) if url else None, None)
    told: list[Any] = []
    drive(steps, answers, told, pieces=pieces)
    assert told == said


REFUSED: dict[str, tuple[str, list[bytes], str]] = {
    "hangs up at once": ("socks5://p", [], "hung up"),
    "hangs up in the middle": ("socks5://p", [b"\x05\x00", CARRIED[:7]], "hung up"),
    "speaks HTTP": ("socks5://p", [b"HTTP/1.1 400"], "no SOCKS5"),
    "wants a password": ("socks5://p", [b"\x05\xff"], "who asks"),
    "takes no password": ("socks5://jenny@p", [b"\x05\x00"], "who asks"),
    "does not know her": ("socks5://jenny@p", [b"\x05\x02", b"\x01\x01"], "user and password"),
    "cannot say her name": (f"socks5://{'j' * 256}@p", [b"\x05\x02"], "longer"),
    "may not": ("socks5://p", [b"\x05\x00", b"\x05\x02\x00\x01" + bytes(6)], "not allow"),
    "finds nobody": ("socks5://p", [b"\x05\x00", b"\x05\x05\x00\x01" + bytes(6)], "refused"),
    "fails somehow": ("socks5://p", [b"\x05\x00", b"\x05\x63\x00\x01" + bytes(6)], "failed"),
    "says too much": ("socks5://p", [b"\x05\x00", CARRIED + b"!"], "more than its answer"),
    "wants to know who asks": ("http://p", [b"HTTP/1.1 407 Who\r\n\r\n"], "407 Who"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_proxy_that_does_not_carry(name: str) -> None:
    """What a proxy says instead is said."""
    url, answers, why = REFUSED[name]
    with pytest.raises(ProxyError, match=why):
        drive(opened(OPEN, Proxy.of(url), None), answers, [])


@pytest.mark.parametrize("answer", [b"220 mail\r\n", b"", b"HTTP/1.1 200 OK\r\n\r\nhello"])
def test_a_proxy_that_speaks_otherwise(answer: bytes) -> None:
    """What is no answer to CONNECT, or more than one, is an error."""
    with pytest.raises((h11.RemoteProtocolError, ProxyError)):
        drive(opened(OPEN, Proxy.of("http://p"), None), [answer], [])


def test_a_password_is_not_shown() -> None:
    """A proxy is shown without the user and the password."""
    shown = repr(Proxy.of("http://jenny:swordfish@proxy.example"))
    assert "proxy.example" in shown
    assert "jenny" not in shown
    assert "swordfish" not in shown


def test_tls_is_asked_for_by_the_name_of_the_target() -> None:
    """A tunnel's TLS begins with the name of Stripe, not with the proxy's."""
    target = Address("https", "stripe.example", None, "")
    steps = opened(target, Proxy.of("socks5://proxy.example"), ssl.create_default_context())
    said: list[Any] = []
    with pytest.raises(ssl.SSLError):
        drive(steps, [b"\x05\x00", CARRIED], said)
    assert said[0] == Connect("proxy.example", 1080)
    assert b"stripe.example" in said[-1]
    assert b"proxy.example" not in said[-1]
