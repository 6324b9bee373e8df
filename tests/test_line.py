"""The private names of httpx and httpcore that lines rest on, and what is hooked into httpx."""

import asyncio
import gc
import socket
import ssl
import threading
from collections.abc import Iterator
from typing import Any

import httpcore
import httpx
import pytest
from network_support import Place, eventually, friendly, requests, silent
from support import made

from stripe_plugin import AsyncClient, Client, Connection, Policy, RunContext
from stripe_plugin.client import line, stream
from stripe_plugin.errors import ConnectionFailed

READ = made("retrieve_customer", {"Customer ID": "cus_1"})
CREATE = made("create_customer", {"Name": "J"})


@pytest.fixture
def place() -> Iterator[Place]:
    """A server that answers everything."""
    with Place(friendly) as place:
        yield place


def test_a_transport_of_httpx_asks_its_pool() -> None:
    """`httpx.HTTPTransport._pool` and its twin: what is put there is what is asked."""
    asked: list[Any] = []

    class Pool:
        def handle_request(self, request: Any) -> httpcore.Response:
            asked.append(request)
            return httpcore.Response(204)

        async def handle_async_request(self, request: Any) -> httpcore.Response:
            asked.append(request)
            return httpcore.Response(204)

    pool: Any = Pool()
    request = httpx.Request("GET", "http://127.0.0.1/")
    assert line._Transport(pool).handle_request(request).status_code == 204
    answering = line._AsyncTransport(pool).handle_async_request(request)
    assert asyncio.run(answering).status_code == 204
    assert len(asked) == 2


def test_who_hooks_into_httpx_sees_the_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Mocks and spans that replace httpx's transports get every request, and answer it."""
    seen: list[str] = []

    def handle(_: object, request: httpx.Request) -> httpx.Response:
        seen.append(str(request.url))
        return httpx.Response(200, json={"id": "cus_1", "object": "customer"})

    async def ahandle(transport: object, request: httpx.Request) -> httpx.Response:
        return handle(transport, request)

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handle)
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", ahandle)

    async def run() -> str:
        async with AsyncClient(Connection("sk_test_line")) as client:
            return str((await client.run(READ)).output["id"])

    with Client(Connection("sk_test_line")) as client:
        assert client.run(READ).output["id"] == asyncio.run(run()) == "cus_1"
    assert seen == ["https://api.stripe.com/v1/customers/cus_1"] * 2


def run_both(connection: Connection) -> list[Any]:
    """What two runs of each client come to."""

    async def run() -> list[Any]:
        async with AsyncClient(connection) as client:
            return [(await client.run(READ)).output["id"] for _ in range(2)]

    with Client(connection) as client:
        return [client.run(READ).output["id"] for _ in range(2)] + asyncio.run(run())


def test_who_hooks_into_httpcore_sees_the_runs(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What replaces the doors of httpcore's pools gets every request, and may let it through."""
    seen: list[bytes] = []
    pools = httpcore.ConnectionPool, httpcore.AsyncConnectionPool
    through, athrough = pools[0].handle_request, pools[1].handle_async_request

    def handle(pool: Any, request: httpcore.Request) -> httpcore.Response:
        seen.append(request.url.target)
        return through(pool, request)

    async def ahandle(pool: Any, request: httpcore.Request) -> httpcore.Response:
        seen.append(request.url.target)
        return await athrough(pool, request)

    monkeypatch.setattr(pools[0], "handle_request", handle)
    monkeypatch.setattr(pools[1], "handle_async_request", ahandle)
    assert run_both(Connection("sk_test_line", base_url=place.url)) == ["cus_1"] * 4
    assert seen == [b"/v1/customers/cus_1"] * 4
    assert place.met == 2  # our own two connections, kept


def test_who_answers_in_httpcores_place_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mock at those doors answers, and nothing is sent."""
    mocked = httpcore.Response(200, content=b'{"id": "cus_mocked"}')

    async def ahandle(_: Any, __: httpcore.Request) -> httpcore.Response:
        return mocked

    monkeypatch.setattr(httpcore.ConnectionPool, "handle_request", lambda *_: mocked)
    monkeypatch.setattr(httpcore.AsyncConnectionPool, "handle_async_request", ahandle)
    assert run_both(Connection("sk_test_line")) == ["cus_mocked"] * 4


def says_more(peer: socket.socket) -> None:
    """Answers what was asked, and at once what was not."""
    body = b'{"id": "cus_1"}'
    head = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body)
    other = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"
    for _ in requests(peer):
        peer.sendall(head + body + other)


def test_what_is_left_over_answers_nothing() -> None:
    """More than an answer is not taken for the answer to the next request."""
    with Place(says_more) as place:
        assert run_both(Connection("sk_test_line", base_url=place.url)) == ["cus_1"] * 4
        assert place.met == 4


def test_an_idle_connection_is_not_kept_for_ever(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After `KEPT` seconds a connection is opened anew."""
    monkeypatch.setattr(line, "KEPT", 0.0)
    assert run_both(Connection("sk_test_line", base_url=place.url)) == ["cus_1"] * 4
    assert place.met == 4


def test_a_connection_is_kept_for_the_next_run(place: Place) -> None:
    """One connection serves run after run, of both clients, for as long as it is kept."""
    connection = Connection("sk_test_line", base_url=place.url)
    with Client(connection) as client:
        for _ in range(20):
            client.run(READ)
    assert place.met == 1

    async def run() -> None:
        async with AsyncClient(connection) as client:
            for _ in range(20):
                await client.run(READ)

    asyncio.run(run())
    assert place.met == 2
    assert line.KEPT >= 60


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_an_address_of_an_unknown_kind_is_passed_over(
    kind: type[Any], place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A machine without IPv6 may be given such addresses all the same: the next one is tried."""
    lookup = socket.getaddrinfo

    def found(*asked: Any, **options: Any) -> list[Any]:
        unknown = (9_999, socket.SOCK_STREAM, 6, "", ("::1", place.port))
        return [unknown, *lookup(*asked, **options), unknown]

    async def run(client: AsyncClient) -> Any:
        async with client:
            return await client.run(READ)

    monkeypatch.setattr(socket, "getaddrinfo", found)
    client = kind(Connection("sk_test_line", base_url=place.url), Policy(retries=0))
    result = asyncio.run(run(client)) if kind is AsyncClient else client.run(READ)
    assert result.output["id"] == "cus_1"


def socks(peer: socket.socket) -> None:
    """A proxy that answers a greeting with what is no SOCKS."""
    while peer.recv(65_536):
        peer.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_what_no_proxy_says_is_no_answer(kind: type[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a SOCKS proxy answers, the run ends as an error of the connection, unsent."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)

    async def run(client: AsyncClient) -> None:
        async with client:
            await client.run(CREATE)

    with Place(socks) as proxy:
        monkeypatch.setenv("https_proxy", f"socks5://127.0.0.1:{proxy.port}")
        client = kind(Connection("sk_test_line"), Policy(retries=0))
        with pytest.raises(ConnectionFailed) as caught:
            asyncio.run(run(client)) if kind is AsyncClient else client.run(CREATE)
    assert "could not be reached" in caught.value.message
    assert not caught.value.outcome_unknown


def test_tls_runs_over_anything() -> None:
    """The TLS machine speaks to a peer of the standard library over nothing but bytes."""
    import trustme

    authority = trustme.CA()
    server_side, client_side = (ssl.create_default_context(purpose) for purpose in PURPOSES)
    authority.issue_cert("stripe.example").configure_cert(server_side)
    authority.configure_trust(client_side)
    tls = stream.Tls(client_side, "stripe.example")
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    peer = server_side.wrap_bio(incoming, outgoing, server_side=True)
    shaken = {"us": False, "peer": False}
    while not all(shaken.values()):
        for who, shake in (("us", tls.handshake), ("peer", peer.do_handshake)):
            try:
                shake()
                shaken[who] = True
            except ssl.SSLWantReadError:
                pass
            incoming.write(tls.to_send())
            if sent := outgoing.read():
                tls.received(sent)
    tls.write(b"ping")
    incoming.write(tls.to_send())
    assert peer.read() == b"ping"


PURPOSES = (ssl.Purpose.CLIENT_AUTH, ssl.Purpose.SERVER_AUTH)


def test_many_threads_open_no_more_than_they_use(place: Place) -> None:
    """As many connections as runs at a time, and no more."""
    with Client(Connection("sk_test_line", base_url=place.url)) as client:
        threads = [threading.Thread(target=client.run, args=(READ,)) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert place.most <= 10


def test_a_run_in_a_task_that_is_being_cancelled_ends_like_any_other() -> None:
    """A refund in the `finally` of a cancelled task times out as an error, not as a cancelling."""

    async def compensate(client: AsyncClient) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            with pytest.raises(ConnectionFailed, match="did not answer in time") as caught:
                await client.run(CREATE, RunContext(timeout=0.05))
            assert caught.value.attempts == 2
            assert caught.value.outcome_unknown

    async def run(place: Place) -> None:
        policy = Policy(retries=1, first_delay=0.001)
        async with AsyncClient(Connection("sk_test_line", base_url=place.url), policy) as client:
            task = asyncio.create_task(compensate(client))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    with Place(silent) as place:
        asyncio.run(run(place))


def test_a_client_that_is_dropped_closes_its_connections_without_a_word(place: Place) -> None:
    """In whatever order garbage is collected, no socket is left open, and nothing warns of one."""
    connection = Connection("sk_test_line", base_url=place.url)
    dropped = Client(connection)
    dropped.run(READ)
    around: list[Any] = [dropped]
    around.append(around)  # which only a collection finds
    del dropped, around
    gc.collect()
    assert eventually(lambda: not place.open)
