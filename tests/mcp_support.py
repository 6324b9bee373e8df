"""The official client of MCP, of either major version, for tests that are no coroutines."""

import asyncio
import os
import threading
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from datetime import timedelta
from importlib.metadata import version
from typing import Any, TextIO

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

Data = dict[str, Any]
Streams = AbstractAsyncContextManager[Any]
FIRST = version("mcp").startswith("1.")
PATIENCE = 60.0  # seconds that a test waits for an answer


class Client:
    """A session with a server."""

    def __init__(self, run: Callable[[Coroutine[Any, Any, Any]], Any], session: Any) -> None:
        self._run, self._session = run, session
        self.about: Data = _plain(run(session.initialize()))

    def tools(self) -> list[Data]:
        """What the server has."""
        found: list[Data] = _plain(self._run(self._session.list_tools()))["tools"]
        return found

    def call(self, tool: str, arguments: Mapping[str, Any], seconds: float = PATIENCE) -> Data:
        """What a tool answers; the client gives up after so many seconds."""
        patience: Any = timedelta(seconds=seconds) if FIRST else seconds
        given = dict(arguments)
        asked = self._session.call_tool(tool, given, read_timeout_seconds=patience)
        return _plain(self._run(asked))

    def pages(self) -> list[Data]:
        """The resources."""
        found: list[Data] = _plain(self._run(self._session.list_resources()))["resources"]
        return found

    def page(self, uri: str) -> str:
        """The text of one."""
        found = _plain(self._run(self._session.read_resource(uri)))
        return str(found["contents"][0]["text"])


def _plain(model: Any) -> Data:
    found: Data = model.model_dump(mode="json", by_alias=True, exclude_none=True)
    return found


@contextmanager
def connected(streams: Callable[[], Streams]) -> Iterator[Client]:
    """A client whose session lives in a loop of its own."""
    loop = asyncio.new_event_loop()
    session: Future[Any] = Future()
    stop = asyncio.Event()

    async def live() -> None:
        async with AsyncExitStack() as stack:
            try:
                read, write, *_ = await stack.enter_async_context(streams())
                made = await stack.enter_async_context(ClientSession(read, write))
            except BaseException as error:
                session.set_exception(error)
                raise
            session.set_result(made)
            await stop.wait()

    def run(asked: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(asked, loop).result(PATIENCE)

    thread = threading.Thread(target=loop.run_until_complete, args=[live()])
    thread.start()
    try:
        yield Client(run, session.result(PATIENCE))
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(PATIENCE)
        loop.close()


def by_stdio(
    command: Sequence[str], errors: TextIO, env: Mapping[str, str] | None = None
) -> Callable[[], Streams]:
    """A server that is started; without an environment it has that of this process."""
    given = dict(os.environ if env is None else env)
    server = StdioServerParameters(command=command[0], args=[*command[1:]], env=given)
    return lambda: stdio_client(server, errlog=errors)


def by_http(url: str, token: str) -> Callable[[], Streams]:
    """A server that runs already."""
    headers = {"Authorization": f"Bearer {token}"}

    @asynccontextmanager
    async def streams() -> AsyncGenerator[Any]:
        async with (
            create_mcp_http_client(headers=headers) as http,
            streamable_http_client(url, http_client=http) as found,
        ):
            yield found

    return streams
