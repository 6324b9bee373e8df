"""Whatever comes in, the answer is Stripe-shaped and never a failure of the emulator."""

# ruff: noqa: E501 - rows and requests read best on one line
# ruff: noqa: FBT001 - hypothesis names its arguments

from __future__ import annotations

import http.client
import json
import logging
import socket
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_from_bytes

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stripe_emulator import Answer, Emulator, serve
from stripe_emulator.declare import ENDPOINTS

if TYPE_CHECKING:
    from collections.abc import Iterator

HEADERS = {"Authorization": "Bearer sk_test_x"}
JSON = {"Content-Type": "application/json"}
TYPES = {"invalid_request_error", "card_error", "idempotency_error", "emulator_error"}
LARGE = "x" * 10_000_000


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[Emulator]:
    """One world that takes all of it."""
    with Emulator() as world:
        body = b"name=n&default_price_data[currency]=usd&default_price_data[unit_amount]=5"
        world.answer("POST", "/v1/products", HEADERS, body)
        yield world


def judged(answer: Answer) -> None:
    """An answer is JSON, in the 2xx with an object or in the 4xx with Stripe's error object."""
    data = json.loads(answer.body)
    assert 200 <= answer.status < 500, data
    if answer.status >= 400:
        assert data["error"]["type"] in TYPES
        assert data["error"]["message"]
    assert int(answer.headers["Content-Length"]) == len(answer.body)
    assert all(value.isprintable() for value in answer.headers.values())


PATHS = [
    "/v1" + pattern.pattern.removeprefix("/v1").replace("([^/]+)", "x1")
    for _, pattern, _ in ENDPOINTS
]
NAMES = sorted({name for _, _, row in ENDPOINTS for name in row.parameters.fields})
KEYS = st.one_of(
    st.sampled_from(NAMES),
    st.builds("{}[{}]".format, st.sampled_from(NAMES), st.sampled_from(["0", "", "id", "price", "enabled", "a b", "-1"])),
    st.builds(lambda name, depth: name + "[0]" * depth, st.sampled_from(NAMES), st.integers(1, 40)),
    st.text(max_size=8),
)  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(["", "true", "0", "-1", "usd", "now", "inf", "9" * 30, "pm_card_visa", "1e9", "\0", "é", "cus_x"]),
    st.text(max_size=20),
)  # fmt: skip


@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "PATCH", "HEAD", "get", "Ω"]),
    path=st.one_of(st.sampled_from(PATHS), st.text(max_size=30).map(lambda t: "/v1/" + t)),
    pairs=st.lists(st.tuples(KEYS, VALUES), max_size=6),
    query=st.booleans(),
)
@settings(max_examples=400, suppress_health_check=list(HealthCheck))
def test_any_request_gets_an_answer(
    fuzzed: Emulator, caplog: Any, method: str, path: str, pairs: list[tuple[str, str]], query: bool
) -> None:
    """Random verbs, paths and parameters get an answer and leave no traceback."""
    text = "&".join(
        f"{quote(k, safe='[]', errors='replace')}={quote(v, errors='replace')}" for k, v in pairs
    )
    target = f"{path}?{text}" if query else path
    judged(fuzzed.answer(method, target, HEADERS, b"" if query else text.encode()))
    assert not caplog.records


@given(body=st.binary(max_size=200), target=st.text(max_size=60))
@settings(max_examples=300, suppress_health_check=list(HealthCheck))
def test_any_bytes_get_an_answer(fuzzed: Emulator, caplog: Any, body: bytes, target: str) -> None:
    """Random bytes as body, raw and percent-encoded, and random targets get an answer."""
    for sent in (body, quote_from_bytes(body, safe="[]=&").encode()):
        judged(fuzzed.answer("POST", "/v1/customers", HEADERS, sent))
    judged(fuzzed.answer("GET", target, HEADERS, body))
    assert not caplog.records


BOMBS = {
    "10 MB of value": ("POST", "/v1/customers", ("name=" + LARGE).encode()),
    "10 MB of key": ("POST", "/v1/customers", (LARGE + "=1").encode()),
    "10 MB of path": ("GET", "/v1/customers/" + LARGE, b""),
    "10 MB of query": ("GET", "/v1/customers?email=" + LARGE, b""),
    "100,000 pairs": (
        "POST",
        "/v1/customers",
        b"&".join(b"metadata[k%d]=v" % i for i in range(100_000)),
    ),
    "depth bomb": ("POST", "/v1/customers", b"a" + b"[b]" * 100_000 + b"=1"),
    "unbalanced": ("POST", "/v1/customers", b"a[b=1&a]b[=2&[=3&]=4&[]=5"),
    "value and group": ("POST", "/v1/customers", b"address=1&address[city]=2"),
    "group and value": ("POST", "/v1/customers", b"address[city]=2&address=1"),
    "duplicate keys": ("POST", "/v1/customers", b"name=a&name=b&name=c"),
    "null byte": ("POST", "/v1/customers", b"name=a%00b"),
    "null byte in path": ("GET", "/v1/customers/a%00b", b""),
    "bad utf-8": ("POST", "/v1/customers", b"name=%ff%fe"),
    "bad utf-8 in path": ("GET", "/v1/customers/%ff", b""),
    "surrogates": ("POST", "/v1/customers", b"name=%ed%a0%80"),
    "huge index": ("POST", "/v1/subscriptions", b"items[999999999999999999]=1"),
    "negative index": ("POST", "/v1/subscriptions", b"items[-1][price]=1"),
    "dots": ("GET", "/v1/customers/..", b""),
    "sql": ("GET", "/v1/customers?email=' OR 1=1 --", b""),
    "empty pairs": ("POST", "/v1/customers", b"&&&=&=1&&"),
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=list(BOMBS))
def test_bombs_are_refused(fuzzed: Emulator, caplog: Any, bomb: tuple[str, str, bytes]) -> None:
    """Size, depth, nesting and encoding bombs get a quick answer."""
    method, target, body = bomb
    judged(fuzzed.answer(method, target, HEADERS, body))
    assert not caplog.records


ODD_HEADERS = [
    {"Authorization": "Bearer " + "x" * 100_000}, {"Authorization": "Bearer \xff\xfe"},
    {"Stripe-Version": "\r\nX: y"}, {"Stripe-Account": "acct_" + "a" * 9999},
    {"Idempotency-Key": "é\n", "Authorization": "Bearer sk_test_x"},
    {"Content-Type": "multipart/form-data; boundary=x", "Authorization": "Bearer sk_test_x"},
    {},
]  # fmt: skip


@pytest.mark.parametrize("headers", ODD_HEADERS)
def test_odd_headers_get_an_answer(fuzzed: Emulator, headers: dict[str, str]) -> None:
    """Odd headers are refused or ignored, and never echoed raw."""
    judged(fuzzed.answer("POST", "/v1/customers", headers, b"name=n"))


RAW = [
    b"nonsense\r\n\r\n", b"GET\r\n\r\n", b"GET /v1/customers HTTP/9.9\r\n\r\n",
    b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
    b"POST /v1/customers HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    b"POST /v1/customers HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    b"POST /v1/customers HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
    b"POST /v1/customers HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"BREW /v1/customers HTTP/1.1\r\n\r\n", b"GET /v1/\xff HTTP/1.1\r\n\r\n",
    b"GET /v1/customers HTTP/1.1\r\n" + b"X: y\r\n" * 300 + b"\r\n",
    b"GET /v1/customers HTTP/1.1\r\nX: " + b"y" * 60_000 + b"\r\nX: " + b"y" * 60_000 + b"\r\nX: " + b"y" * 60_000 + b"\r\n\r\n",
    b"POST /v1/customers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nname=n",
]  # fmt: skip


@pytest.mark.parametrize("raw", RAW, ids=lambda raw: raw[:40].decode("latin-1"))
def test_raw_bytes_on_the_socket(world: Emulator, raw: bytes, capfd: Any) -> None:
    """Bytes that are no request get a Stripe-shaped 4xx, and nothing is printed."""
    with serve(world) as server:
        address = server.url.removeprefix("http://").split(":")
        with socket.create_connection((address[0], int(address[1])), timeout=5) as wire:
            wire.sendall(raw)
            wire.shutdown(socket.SHUT_WR)
            reply = b"".join(iter(lambda: wire.recv(65_536), b""))
        head, _, content = reply.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 4")
        assert b"HTTP/1.1 200" not in content
        assert json.loads(content)["error"]["type"] == "invalid_request_error"
        after = http.client.HTTPConnection(":".join(address), timeout=5)
        after.request("GET", "/v1/customers", headers=HEADERS)
        assert after.getresponse().status == 200
        after.close()
    assert capfd.readouterr() == ("", "")


def test_mistakes_of_the_emulator_look_like_stripes(
    world: Emulator, monkeypatch: Any, caplog: Any
) -> None:
    """Should the emulator itself fail, the answer is an api_error without a traceback, and it is logged."""

    def broken(*_: object) -> None:
        raise KeyError("secret detail")

    monkeypatch.setattr("stripe_emulator.lifecycle.execute", broken)
    with caplog.at_level(logging.ERROR):
        answer = world.answer("POST", "/v1/customers", HEADERS, b"")
    assert (answer.status, b"secret detail" in answer.body) == (500, False)
    assert json.loads(answer.body)["error"]["type"] == "api_error"
    assert len(caplog.records) == 1


def test_keep_alive(world: Emulator) -> None:
    """One connection carries many requests, refusals included."""
    with serve(world) as server:
        wire = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=5)
        wire.connect()
        first = wire.sock
        for path in ("/v1/customers", "/v1/nothing", "/v1/customers?limit=x", "/v1/customers"):
            wire.request("GET", path, headers=HEADERS)
            wire.getresponse().read()
        assert wire.sock is first
        wire.close()


def test_what_once_was_a_500_is_answered(world: Emulator) -> None:
    """Filters and options of a shape that nobody expects are answered like Stripe, never a 500."""
    headers = {"Authorization": "Bearer sk_test_x"}
    for target in ("automatic_tax[a][b]=1", "automatic_tax[enabled]=false", "automatic_tax=x"):
        assert world.answer("GET", f"/v1/subscriptions?{target}", headers, b"").status < 500
    body = b"mode=setup&success_url=https://a.example&invoice_creation=x&currency=usd"
    assert world.answer("POST", "/v1/checkout/sessions", headers, body).status < 500
    for fault in (
        b'{"kind": "delay", "seconds": -1}',
        b'{"kind": "cut", "probability": "0.5"}',
        b'{"kind": "cut", "method": ["GET"]}',
        b'{"kind": "rate_limit", "reason": "a\\r\\nX: y"}',
    ):
        assert world.answer("POST", "/_emulator/faults", JSON, fault).status == 400
