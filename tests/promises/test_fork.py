"""A forked process shares no connection, lock or turn with its parent: gunicorn, Celery, pools."""

import asyncio
import itertools
import json
import os
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from typing import Any

import pytest
import trustme
from driving import CONNECTION
from network_support import Place, answer, requests
from support import made

from stripe_plugin import AsyncClient, Client, Connection, Host, RunContext
from stripe_plugin.client import line
from stripe_plugin.client.line import Line
from stripe_plugin.client.pool import Pool
from stripe_plugin.run import pace

RUNS, CHILDREN = 25, 3
CREATE = made("create_customer", {"Name": "J"})
READ = made("retrieve_customer", {"Customer ID": "cus_1"})


class Ledger:
    """A Stripe that answers each tenant with the tenant's own name, and counts what it executes."""

    def __init__(self, tls: ssl.SSLContext | None) -> None:
        self._tls, self._lock = tls, threading.Lock()
        self.executed: list[str] = []

    def __call__(self, peer: socket.socket) -> None:
        """Serves a connection to its end."""
        if self._tls is not None:
            peer = self._tls.wrap_socket(peer, server_side=True)
        with peer:
            for request in requests(peer):
                tenant = request.headers["authorization"].removeprefix("Bearer sk_test_")
                if request.line.startswith("POST"):
                    with self._lock:
                        self.executed.append(tenant)
                answer(peer, {"id": tenant, "object": "customer"})


class Forge:
    """A place, with or without TLS, and what its tenants ran there."""

    def __init__(self, stack: ExitStack, tls: ssl.SSLContext | None) -> None:
        self.ledger, self.stack = Ledger(tls), stack
        place = stack.enter_context(Place(self.ledger))
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{place.port}"

    def connection(self, tenant: str, rate: float | None = None) -> Connection:
        """A tenant's."""
        return Connection(f"sk_test_{tenant}", base_url=self.url, rate=rate)


@pytest.fixture(params=["plain", "tls"])
def forge(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Forge]:
    """A place that both spellings of an address reach."""
    tls = None
    if request.param == "tls":
        authority = trustme.CA()
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(tls)
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
        monkeypatch.setattr(line, "tls_context", lambda: trusting)
    with ExitStack() as stack:
        yield Forge(stack, tls)


# Each way to run: given a place, what runs one tenant's actions, over whatever is open already.
Way = Callable[[str, Any], str]


def by_client(forge: Forge) -> Way:
    """A `Client`, made before the fork."""
    client = forge.stack.enter_context(Client(forge.connection("parent")))
    return lambda tenant, action: str(
        client.run(action, connection=forge.connection(tenant)).output["id"]
    )


def by_host(forge: Forge) -> Way:
    """A `Host`, made before the fork."""
    host = forge.stack.enter_context(Host.load())

    def run(tenant: str, action: Any) -> str:
        result = host.run(action.spec.id, action.inputs(), connection=forge.connection(tenant))
        return str(result.output["id"])

    return run


def by_async_client(forge: Forge) -> Way:
    """An `AsyncClient`, made before the fork; each process has a loop of its own."""
    client = AsyncClient(forge.connection("parent"))
    loops = {os.getpid(): asyncio.new_event_loop()}
    forge.stack.callback(loops[os.getpid()].close)
    forge.stack.callback(lambda: loops[os.getpid()].run_until_complete(client.aclose()))

    def run(tenant: str, action: Any) -> str:
        loop = loops.get(os.getpid())
        if loop is None:
            loop = loops[os.getpid()] = asyncio.new_event_loop()
        running = client.run(action, connection=forge.connection(tenant))
        return str(loop.run_until_complete(running).output["id"])

    return run


def forked(work: Callable[[], Any]) -> Callable[[], Any]:
    """Does it in a child process; call what comes back for what it gave."""
    reading, writing = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of threads in the parent: they are what is tested
        child = os.fork()
    if child == 0:
        with suppress(BaseException):
            try:
                told = {"gave": work()}
            except BaseException as error:  # noqa: BLE001 - told to the parent
                told = {"failed": repr(error)}
            os.write(writing, json.dumps(told).encode())
        os._exit(0)
    os.close(writing)

    def joined() -> Any:
        with os.fdopen(reading) as file:
            told = json.loads(file.read() or '{"failed": "it said nothing"}')
        os.waitpid(child, 0)
        assert "gave" in told, told
        return told["gave"]

    return joined


@pytest.mark.parametrize("action", [CREATE, READ], ids=["writes", "reads"])
@pytest.mark.parametrize("way", [by_client, by_host, by_async_client])
def test_nobody_gets_anothers_answer(
    forge: Forge, way: Callable[[Forge], Way], action: Any
) -> None:
    """After a run and a fork, parent and children run at once, each with its own answers."""
    run = way(forge)
    run("parent", READ)  # which leaves a connection open

    def runs_of(tenant: str) -> list[str]:
        return [run(tenant, action) for _ in range(RUNS)]

    work: dict[str, Callable[[], Any]] = {}
    for number in range(CHILDREN):
        tenant = f"child{number}"
        work[tenant] = forked(partial(runs_of, tenant))
    mine = [run("parent", action) for _ in range(RUNS)]
    answers = {tenant: joined() for tenant, joined in work.items()} | {"parent": mine}
    assert answers == {tenant: [tenant] * RUNS for tenant in answers}
    if action is CREATE:
        assert sorted(forge.ledger.executed) == sorted(itertools.chain(*answers.values()))


def identity(client: Client, connection: Connection) -> str:
    """Who a tenant is told to be."""
    return str(client.run(READ, connection=connection).output["id"])


def test_a_fork_in_the_middle_of_others_runs(forge: Forge) -> None:
    """Threads of the parent that are in the middle of a run leave no lock closed in the child."""
    client, stop = Client(forge.connection("parent")), threading.Event()

    def keep_running() -> None:
        while not stop.is_set():
            client.run(READ)

    threads = [threading.Thread(target=keep_running) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        for number in range(8):
            other = forge.connection(f"child{number}")
            result = forked(partial(identity, client, other))
            assert result() == f"child{number}"
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        client.close()


def test_a_closed_lock_is_not_inherited(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child opens the locks that a thread of its parent held: of the pool, the host, the pace."""
    pool: Pool[Line] = Pool(lambda: Line(Connection("sk_test_fork"), None))
    host = Host()
    held = [pool._lock, host._clients._lock, pace._pace._lock]
    with held[0], held[1], held[2]:
        done = forked(
            lambda: [
                pool.take(time.monotonic() + 5) is not None,
                pace.reserve("somebody", 5.0, 0.0),
                host._clients.client(CONNECTION).connection is CONNECTION,
            ]
        )()
    assert done == [True, 0.0, True]


def test_a_child_that_goes_on_with_its_parents_run_sends_nothing(forge: Forge) -> None:
    """A fork inside a run, as by a hook, leaves the answer to the parent; the child asks anew."""
    client = forge.stack.enter_context(Client(forge.connection("parent")))
    opened = client._pool.free(time.monotonic() + 5)
    assert opened is not None
    from stripe_plugin.run.exchange import Send

    request = READ.request()
    send = Send(request, {}, 5.0, 5.0)
    first = opened.ask(forge.connection("parent"), send, time.monotonic())
    assert type(first).__name__ == "Reply"

    def child() -> list[Any]:
        lost = opened.ask(forge.connection("parent"), send, time.monotonic())
        return [type(lost).__name__]

    assert forked(child)() == ["Lost"]
    again = opened.ask(forge.connection("parent"), send, time.monotonic())
    assert type(again).__name__ == "Reply"
    client._pool.give(opened)


def test_a_child_has_random_keys_of_its_own() -> None:
    """Two children of one process never send two runs under one idempotency key."""
    from stripe_plugin.run.idempotency import idempotency_key

    def key() -> str | None:
        return idempotency_key(CREATE.spec, CONNECTION, RunContext())

    children = [forked(key) for _ in range(5)]
    keys = {joined() for joined in children}
    assert len(keys) == len(children)
