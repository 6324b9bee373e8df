"""What does a run cost with this library, by a client and through a host with hooks?"""

from collections.abc import AsyncGenerator, Awaitable, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

from stripe_benchmarks.contenders.kinds import (
    DESCRIPTION,
    KEY,
    NAME,
    AsyncContender,
    AsyncRun,
    Contender,
    Run,
)
from stripe_nodes import CreateProduct
from stripe_plugin import AsyncClient, Client, Connection, Host, hookimpl

FORM = {"Name": NAME, "Description": DESCRIPTION}


def create() -> CreateProduct:
    """The action, judged anew."""
    return CreateProduct(name=NAME, description=DESCRIPTION)


class Hook:
    """A plugin that lets everything pass."""

    @hookimpl(wrapper=True)
    def run_action(self) -> Generator[None, Any, Any]:
        """Around a run."""
        return (yield)

    @hookimpl(wrapper=True)
    def arun_action(self) -> Generator[None, Awaitable[Any], Awaitable[Any]]:
        """Around a run of asyncio."""
        return _awaited((yield))


async def _awaited(running: Awaitable[Any]) -> Any:
    return await running


@contextmanager
def client(url: str) -> Generator[Run]:
    """`Client.run`."""
    with Client(Connection(KEY, base_url=url)) as opened:

        def run() -> str:
            return _identity(opened.run(create()).output)

        yield run


@asynccontextmanager
async def async_client(url: str) -> AsyncGenerator[AsyncRun]:
    """`AsyncClient.run`."""
    async with AsyncClient(Connection(KEY, base_url=url)) as opened:

        async def run() -> str:
            result = await opened.run(create())
            return _identity(result.output)

        yield run


def loaded(hooks: int) -> Host:
    """A host with so many plugins, and no other."""
    host = Host.load(block=["otel"])
    for number in range(hooks):
        host.register(Hook(), f"benchmark:hook-{number}")
    return host


@contextmanager
def host(hooks: int, url: str) -> Generator[Run]:
    """`Host.run`."""
    connection = Connection(KEY, base_url=url)
    with loaded(hooks) as opened:

        def run() -> str:
            result = opened.run("create_product", FORM, connection=connection)
            return _identity(result.output)

        yield run


@asynccontextmanager
async def async_host(hooks: int, url: str) -> AsyncGenerator[AsyncRun]:
    """`Host.arun` inside `async with host`."""
    async with loaded(hooks) as opened:
        yield _arun(opened, url)


@asynccontextmanager
async def outside(url: str) -> AsyncGenerator[AsyncRun]:
    """`Host.arun` outside `async with host`."""
    with loaded(0) as opened:
        yield _arun(opened, url)


def _arun(opened: Host, url: str) -> AsyncRun:
    connection = Connection(KEY, base_url=url)

    async def run() -> str:
        result = await opened.arun("create_product", FORM, connection=connection)
        return _identity(result.output)

    return run


def _identity(output: Mapping[str, Any]) -> str:
    return str(output["id"])


HOST, ONE_HOOK, FIVE_HOOKS = "Host", "Host, 1 hook", "Host, 5 hooks"

SYNC = (
    Contender("Client", client, ours=True),
    Contender(HOST, partial(host, 0), ours=True),
    Contender(ONE_HOOK, partial(host, 1), ours=True),
    Contender(FIVE_HOOKS, partial(host, 5), ours=True),
)
ASYNC = (
    AsyncContender("Client", async_client, ours=True),
    AsyncContender(HOST, partial(async_host, 0), ours=True),
    AsyncContender(ONE_HOOK, partial(async_host, 1), ours=True),
    AsyncContender(FIVE_HOOKS, partial(async_host, 5), ours=True),
)
HOOKLESS = SYNC[:2]
ASYNC_HOOKLESS = ASYNC[:2]
OUTSIDE = AsyncContender("Host, outside async with", outside, ours=True)
