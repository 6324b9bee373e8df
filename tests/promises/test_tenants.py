"""Many tenants over shared connections: to each its own key, account, version and answer."""

import asyncio
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import attrs
import pytest
from network_support import Heard, Place, answer, eventually, requests, reset
from support import REPOSITORY

from stripe_nodes import CreateCustomer
from stripe_plugin import AsyncClient, Client, Connection, Host, Policy, Result, RunContext
from stripe_plugin.client.pool import MOST
from stripe_plugin.run.exchange import STRIPE_VERSION

RUNS, TENANTS = 300, 50
PATIENT = Policy(retries=5, timeout=60, budget=60, first_delay=0.01, longest_delay=0.05)
MISHAPS = (429, 503, 409, None)  # of the first requests of half the runs; None breaks it off


@attrs.frozen
class Tenant:
    """What one run is, and what Stripe must therefore be told."""

    number: int
    url: str

    @property
    def connection(self) -> Connection:
        """The tenant's own."""
        name = f"tenant{self.number % TENANTS}"
        return Connection(f"sk_test_{name}", f"acct_{name}", self.url)

    @property
    def context(self) -> RunContext:
        """Every seventh run acts on an account of a customer of the tenant's."""
        account = f"acct_customer{self.number}" if self.number % 7 == 0 else None
        return RunContext(run_id="run", item=self.number, account=account)

    @property
    def inputs(self) -> dict[str, str]:
        """Inputs that name the run."""
        return {"Name": f"{self.number}"}

    @property
    def action(self) -> CreateCustomer:
        """The same as an action."""
        return CreateCustomer(name=f"{self.number}")

    def told(self) -> list[str | None]:
        """Authorization, account, version and cookies of each of its requests."""
        mine = self.connection
        account = self.context.account or mine.account
        return [f"Bearer {mine.api_key.reveal()}", account, STRIPE_VERSION, None]


class Stripe(Place):
    """Notes what it is told, and answers once all connections have been used at a time."""

    def __init__(self, *, mishaps: bool = False) -> None:
        self.heard: list[Heard] = []
        self._mishaps, self._struck, self._full = mishaps, set[int](), threading.Event()
        super().__init__(self._answer)

    def _answer(self, peer: socket.socket) -> None:
        for heard in requests(peer):
            self.heard.append(heard)
            if self.open == MOST:
                self._full.set()
            assert self._full.wait(20)
            self._say(peer, heard)

    def _say(self, peer: socket.socket, heard: Heard) -> None:
        run, key = named(heard), heard.headers["authorization"]
        fails = self._mishaps and run % 2 and run not in self._struck
        self._struck.add(run)
        status = MISHAPS[run // 2 % len(MISHAPS)] if fails else 200
        if status is None:
            reset(peer)
        answer(peer, {"name": f"{run}", "for": key}, status or 0, set_cookie=f"whose={key}; Path=/")


def named(heard: Heard) -> int:
    """The run that a request belongs to, as its inputs say."""
    return int(parse_qs(heard.body.decode())["name"][0])


# --- ways to run ----------------------------------------------------------------------------------


def in_threads(run: Callable[[Tenant], Result], tenants: list[Tenant]) -> list[Result]:
    """All runs at once, each in a thread."""
    together, results = threading.Barrier(len(tenants)), dict[int, Any]()

    def work(tenant: Tenant) -> None:
        together.wait()
        results[tenant.number] = run(tenant)

    threads = [threading.Thread(target=work, args=(tenant,)) for tenant in tenants]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [results[tenant.number] for tenant in tenants]


async def in_tasks(
    run: Callable[[Tenant], Awaitable[Result]], tenants: list[Tenant]
) -> list[Result]:
    """All runs at once, each in a task."""
    return await asyncio.gather(*[run(tenant) for tenant in tenants])


def by_client(tenants: list[Tenant]) -> list[Result]:
    """One client, which knows the first tenant only."""
    with Client(tenants[0].connection, PATIENT) as client:
        return in_threads(
            lambda it: client.run(it.action, it.context, connection=it.connection), tenants
        )


def by_async_client(tenants: list[Tenant]) -> list[Result]:
    """The same with asyncio."""

    async def run() -> list[Result]:
        async with AsyncClient(tenants[0].connection, PATIENT) as client:
            return await in_tasks(
                lambda it: client.run(it.action, it.context, connection=it.connection), tenants
            )

    return asyncio.run(run())


def by_host(tenants: list[Tenant]) -> list[Result]:
    """A host, from inputs."""
    with Host.load(policy=PATIENT) as host:
        return in_threads(
            lambda it: host.run(
                "create_customer", it.inputs, connection=it.connection, context=it.context
            ),
            tenants,
        )


async def _by_host_of_asyncio(host: Host, tenants: list[Tenant]) -> list[Result]:
    return await in_tasks(
        lambda it: host.arun(
            "create_customer", it.inputs, connection=it.connection, context=it.context
        ),
        tenants,
    )


def by_kept_host(tenants: list[Tenant]) -> list[Result]:
    """A host of asyncio that keeps its connections."""

    async def run() -> list[Result]:
        async with Host.load(policy=PATIENT) as host:
            return await _by_host_of_asyncio(host, tenants)

    return asyncio.run(run())


def by_bare_host(tenants: list[Tenant]) -> list[Result]:
    """A host of asyncio whose connections end with the loop."""
    host = Host.load(policy=PATIENT)
    results = asyncio.run(_by_host_of_asyncio(host, tenants))
    assert not host._clients._of_loops
    return results


Way = Callable[[list[Tenant]], list[Result]]


@pytest.mark.parametrize(
    ("way", "mishaps"),
    [
        (by_client, True),
        (by_async_client, True),
        (by_host, False),
        (by_kept_host, False),
        (by_bare_host, False),
    ],
)
def test_each_run_is_its_own(way: Way, *, mishaps: bool) -> None:
    """Of 300 runs at once no request carries another's key or account, and none is lost."""
    with Stripe(mishaps=mishaps) as stripe:
        tenants = [Tenant(number, stripe.url) for number in range(RUNS)]
        results = way(tenants)
        assert eventually(lambda: not stripe.open)
    for tenant, result in zip(tenants, results, strict=True):
        assert result.output == {"name": f"{tenant.number}", "for": tenant.told()[0]}
    names = "authorization stripe-account stripe-version cookie".split()
    for heard in stripe.heard:
        assert [heard.headers.get(name) for name in names] == tenants[named(heard)].told()
    keys = {(named(heard), heard.headers["idempotency-key"]) for heard in stripe.heard}
    assert len(keys) == len({key for _, key in keys}) == RUNS
    asked = Counter(map(named, stripe.heard))
    assert asked == {run: 1 + (mishaps and run % 2) for run in range(RUNS)}
    assert [result.attempts for result in results] == [asked[run] for run in range(RUNS)]
    assert stripe.most == MOST


def test_nothing_grows() -> None:
    """1,000 runs of all kinds later, objects, files and threads are as many as after 100."""
    command = [sys.executable, "-W", "error", str(REPOSITORY / "tests" / "soak.py"), "1000"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
