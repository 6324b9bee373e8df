"""A server or proxy that misbehaves gives nobody another's answer, no bomb and no key."""

import asyncio
import gzip
import json
import socket
import ssl
import threading
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from typing import Any

import pytest
import trustme
from driving import AT_ONCE, begun, drive
from hypothesis import given, settings
from hypothesis import strategies as st
from network_support import Place, answer, requests
from support import made

from stripe_plugin import AsyncClient, Client, Connection, Policy, Result, StripeError
from stripe_plugin.client import line
from stripe_plugin.run.context import LONGEST_ADVICE
from stripe_plugin.wire.reply import Reply

KEY = "sk_test_51HxVerySecretKey"
READ = made("retrieve_customer", {"Customer ID": "cus_1"})
CREATE = made("create_customer", {"Name": "J"})
PATIENT = Policy(retries=2, first_delay=0.0, longest_delay=0.0, timeout=10, budget=30)
ONCE = Policy(retries=0, timeout=10, budget=10)


def at_once() -> None:
    """Nothing happens between two runs."""


def by_client(
    url: str, keys: list[str], policy: Policy, between: Callable[[], object] = at_once
) -> list[Result | StripeError]:
    """What each tenant gets, one after the other, from one client."""
    found: list[Result | StripeError] = []
    with Client(Connection(KEY, base_url=url), policy) as client:
        for key in keys:
            try:
                found.append(client.run(READ, connection=Connection(key, base_url=url)))
            except StripeError as error:
                found.append(error)
            between()
    return found


def by_async_client(
    url: str, keys: list[str], policy: Policy, between: Callable[[], object] = at_once
) -> list[Result | StripeError]:
    """The same with asyncio."""

    async def run() -> list[Result | StripeError]:
        found: list[Result | StripeError] = []
        async with AsyncClient(Connection(KEY, base_url=url), policy) as client:
            for key in keys:
                try:
                    found.append(await client.run(READ, connection=Connection(key, base_url=url)))
                except StripeError as error:
                    found.append(error)
                between()
        return found

    return asyncio.run(run())


BOTH = pytest.mark.parametrize("ask", [by_client, by_async_client])
Ask = Callable[..., list[Result | StripeError]]
TENANTS = [f"sk_test_tenant{number}" for number in range(6)]


def whole(tenant: str, **headers: Any) -> bytes:
    """An answer's bytes."""
    body = json.dumps({"id": tenant, "object": "customer"}).encode()
    given = {"content-length": len(body), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"HTTP/1.1 200 OK\r\n{head}\r\n".encode() + body


# --- more than one answer -------------------------------------------------------------------------

# What comes behind the answer to the first request of a connection, in the same packet.
BEHIND = {
    "a second answer": whole("evil"),
    "two more answers": whole("evil") + whole("evil"),
    "the head of an answer": whole("evil")[:40],
    "a head whose body is to come": whole("evil").partition(b"\r\n\r\n")[0] + b"\r\n\r\n",
    "half a line": b"HTTP/1.1 2",
    "an empty line": b"\r\n",
    "a zero": b"\x00",
}


@BOTH
@pytest.mark.parametrize("behind", BEHIND)
def test_what_is_left_over_is_nobodys_answer(ask: Ask, behind: str) -> None:
    """Bytes behind an answer end the connection: the next tenant gets an answer of its own."""

    def behave(peer: socket.socket) -> None:
        for request in requests(peer):
            tenant = request.headers["authorization"].removeprefix("Bearer ")
            peer.sendall(whole(tenant) + BEHIND[behind])

    with Place(behave) as place:
        found = ask(place.url, TENANTS, ONCE)
        assert [result.output["id"] for result in found if isinstance(result, Result)] == TENANTS
        assert place.met == len(TENANTS)


@BOTH
def test_what_comes_unasked_later_is_nobodys_answer(ask: Ask) -> None:
    """An answer that arrives on an idle connection is not taken for the next request's."""
    said = threading.Semaphore(0)

    def behave(peer: socket.socket) -> None:
        for request in requests(peer):
            tenant = request.headers["authorization"].removeprefix("Bearer ")
            peer.sendall(whole(tenant))
            peer.sendall(whole("evil"))
            said.release()

    with Place(behave) as place:
        found = ask(place.url, TENANTS, PATIENT, said.acquire)  # by then it has arrived
        for result in found:
            assert isinstance(result, Result)
        assert [result.output["id"] for result in found if isinstance(result, Result)] == TENANTS


class Secured:
    """A server's TLS over a socket: what it is given to write goes out in one piece."""

    def __init__(self, peer: socket.socket, context: ssl.SSLContext) -> None:
        self._peer = peer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._complete(self._tls.do_handshake)

    def _complete(self, step: Callable[[], Any]) -> Any:
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                pass
            finally:
                self._send()
            came = self._peer.recv(65_536)
            if not came:
                raise ConnectionResetError
            self._incoming.write(came)

    def _send(self) -> None:
        if sending := self._outgoing.read():
            self._peer.sendall(sending)

    def tenants(self) -> Iterator[str]:
        """Whose requests come, each in one record, until the connection ends."""
        while request := self._complete(partial(self._tls.read, 65_536)):
            yield request.partition(b"Bearer ")[2].partition(b"\r\n")[0].decode()

    def write(self, *records: bytes) -> None:
        """Each as a record of its own, all of them at once."""
        for record in records:
            self._tls.write(record)
        self._send()


@pytest.fixture
def secures(monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's context, by an authority that is trusted."""
    authority = trustme.CA()
    server, client = (ssl.create_default_context(purpose) for purpose in PURPOSES)
    authority.issue_cert("localhost").configure_cert(server)
    authority.configure_trust(client)
    monkeypatch.setattr(line, "tls_context", lambda: client)
    return server


PURPOSES = (ssl.Purpose.CLIENT_AUTH, ssl.Purpose.SERVER_AUTH)


@BOTH
@pytest.mark.parametrize("behind", [[], *([piece] for piece in BEHIND.values())])
def test_what_is_left_over_in_tls_is_nobodys_answer(
    ask: Ask, behind: list[bytes], secures: ssl.SSLContext
) -> None:
    """A record behind an answer ends the connection, also if it has left the socket already."""

    def behave(peer: socket.socket) -> None:
        secured = Secured(peer, secures)
        for tenant in secured.tenants():
            secured.write(whole(tenant), *behind)

    with Place(behave) as place:
        found = ask(f"https://localhost:{place.port}", TENANTS, ONCE)
        assert [result.output["id"] for result in found if isinstance(result, Result)] == TENANTS
        assert place.met == (len(TENANTS) if behind else 1)


# --- bombs ----------------------------------------------------------------------------------------


def bomb(layers: int) -> bytes:
    """A few bytes that grow by a thousand with each layer."""
    body = b"0" * 20_000_000
    for _ in range(layers):
        body = gzip.compress(body)
    return body


@BOTH
@pytest.mark.parametrize("encoding", ["gzip", "gzip, gzip", "deflate", "br", "zstd", "GZIP"])
def test_what_was_not_asked_for_is_not_unpacked(ask: Ask, encoding: str) -> None:
    """A compressed answer is refused as it is: nothing asked for one, and it may be a bomb."""
    body = bomb(1 + encoding.count(","))

    def behave(peer: socket.socket) -> None:
        for _ in requests(peer):
            head = f"content-encoding: {encoding}\r\ncontent-length: {len(body)}\r\n\r\n"
            peer.sendall(b"HTTP/1.1 200 OK\r\n" + head.encode() + body)

    with Place(behave) as place:
        tracemalloc.start()
        try:
            (error,) = ask(place.url, [KEY], ONCE)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert isinstance(error, StripeError)
    assert "compressed" in error.message
    assert peak < 10_000_000


@BOTH
def test_identity_is_what_was_asked_for(ask: Ask) -> None:
    """`Content-Encoding: identity` says that nothing was done to the answer."""

    def behave(peer: socket.socket) -> None:
        for _ in requests(peer):
            answer(peer, {"id": "cus_1", "object": "customer"}, content_encoding="identity")

    with Place(behave) as place:
        (result,) = ask(place.url, [KEY], ONCE)
    assert isinstance(result, Result)
    assert zlib.crc32(result.output["id"].encode()) == zlib.crc32(b"cus_1")


DEEP = [*range(90, 1_000, 45), 5_000, 100_000]


@pytest.mark.parametrize("depth", DEEP)
@pytest.mark.parametrize("status", [200, 400])
def test_no_depth_is_too_deep(status: int, depth: int) -> None:
    """However deep an answer is nested, a run ends in a result or an error that can be kept."""
    nested = b"[" * depth + b"]" * depth
    body = b'{"id": "cus_1", "error": {"message": "no", "type": %b}}' % nested
    run = drive(begun(CREATE, policy=ONCE), Reply(status, {}, body))
    found: Any = run.result or run.failure
    assert json.loads(json.dumps(found.as_dict())) == deepcopy(found).as_dict()


@pytest.mark.parametrize("status", [400, 500])
def test_a_refusal_without_end_is_not_repeated(status: int) -> None:
    """The words of a refusal are looked through for secrets, unless there are millions."""
    body = json.dumps({"error": {"message": "no " * 2_000_000, "code": "no"}}).encode()
    error = drive(begun(CREATE, policy=ONCE), Reply(status, {}, body)).failure
    assert error.status == status
    assert len(str(error)) < 200


def flood(peer: socket.socket) -> None:
    """Says that an answer is about to come, and nothing else."""
    for _ in requests(peer):
        while True:
            peer.sendall(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1_000)


def test_a_flood_holds_up_nobody_else() -> None:
    """A server that sends without end takes its own run's time, not that of other tasks."""

    async def run() -> int:
        turns = 0
        async with AsyncClient(connection, Policy(retries=0, timeout=1)) as client:
            asking = asyncio.create_task(client.run(READ))
            while not asking.done():
                await asyncio.sleep(0.01)
                turns += 1
        with pytest.raises(StripeError, match="in time"):
            await asking
        return turns

    with Place(flood) as place:
        connection = Connection(KEY, base_url=place.url)
        assert asyncio.run(run()) > 3


# --- keys that come back --------------------------------------------------------------------------

ESCAPED = "".join(f"\\u{ord(letter):04x}" for letter in KEY)
ECHOES = {
    "plain": KEY,
    "in a sentence": f"no such key {KEY}!",
    "JSON-escaped": ESCAPED,
    "half escaped": f"\\u0073{KEY[1:]}",
}
WORDS = ("message", "code", "param", "type", "doc_url", "decline_code", "request_log_url")


@BOTH
@pytest.mark.parametrize("echo", ECHOES)
@pytest.mark.parametrize("word", WORDS)
def test_a_key_in_a_refusal_is_cut(ask: Ask, word: str, echo: str) -> None:
    """Whatever of an error repeats the key, and however it is written, is cut after decoding."""
    body = f'{{"error": {{"message": "no", "{word}": "{ECHOES[echo]}"}}}}'.encode()

    def behave(peer: socket.socket) -> None:
        for _ in requests(peer):
            head = f"HTTP/1.1 400 No\r\ncontent-length: {len(body)}\r\n\r\n"
            peer.sendall(head.encode() + body)

    with Place(behave) as place:
        (error,) = ask(place.url, [KEY], ONCE)
    assert isinstance(error, StripeError)
    told = json.dumps(error.as_dict()) + str(error) + repr(error) + repr(vars(error))
    assert KEY not in told
    assert "VerySecret" not in told


@BOTH
@pytest.mark.parametrize(
    "header", ["Request-Id", "Stripe-Rate-Limited-Reason", "Idempotent-Replayed", "Retry-After"]
)
@pytest.mark.parametrize("status", [200, 429])
def test_a_key_in_a_header_is_cut(
    ask: Ask, header: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that repeats the key in a header brings it into no result, error or log."""

    def behave(peer: socket.socket) -> None:
        for _ in requests(peer):
            done: dict[str, Any] = {"id": "cus_1", "object": "customer"}
            body = done if status == 200 else {"error": {}}
            answer(peer, body, status, **{header.replace("-", "_"): KEY})

    caplog.set_level(0, "stripe_plugin")
    with Place(behave) as place:
        (found,) = ask(place.url, [KEY], ONCE)
    told = repr(found) + json.dumps(found.as_dict())
    records = " ".join(repr(vars(record)) for record in caplog.records)
    assert "VerySecret" not in told + records


# --- how long to wait -----------------------------------------------------------------------------


def waits(retry_after: str) -> float:
    """Seconds waited after a 429 with this Retry-After."""
    busy = Reply(429, {"retry-after": retry_after}, b"{}")
    ok = Reply(200, {}, b'{"id": "x"}')
    (wait,) = drive(begun(CREATE, policy=AT_ONCE), busy, ok).waits
    return wait


def test_retry_after_may_be_a_date() -> None:
    """Retry-After as a date is waited for, up to a minute; a past one is no wait."""
    now = datetime.now(UTC)
    assert 20 < waits(format_datetime(now + timedelta(seconds=30), usegmt=True)) <= 30
    assert waits(format_datetime(now + timedelta(hours=3), usegmt=True)) == LONGEST_ADVICE
    assert waits(format_datetime(now - timedelta(hours=3), usegmt=True)) == 0
    assert 20 < waits(f"{now + timedelta(seconds=30):%a, %d %b %Y %H:%M:%S} -0000") <= 30


@settings(max_examples=300)
@given(st.text(st.characters(codec="latin-1"), max_size=40) | st.from_regex(r"[\w,: +-]{1,40}"))
def test_no_retry_after_breaks_a_run(said: str) -> None:
    """Whatever stands in Retry-After, the wait is from nothing to a minute."""
    assert 0 <= waits(said) <= LONGEST_ADVICE


@pytest.fixture(autouse=True)
def _no_threads_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() <= before + 1
