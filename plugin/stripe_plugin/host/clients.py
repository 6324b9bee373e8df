"""Which clients of a host are open? One for each address, and with asyncio for each event loop."""

import asyncio
import threading
from collections.abc import Hashable
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, TypeAlias

from stripe_plugin.fork import renew_after_fork

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Generator

    from stripe_plugin.client.client import AsyncClient, Client
    from stripe_plugin.client.connection import Connection
    from stripe_plugin.run.context import Policy


Loop: TypeAlias = asyncio.AbstractEventLoop
Place: TypeAlias = tuple[Loop, Hashable]


class _Used:
    """A client for asyncio, and how many runs use it."""

    def __init__(self, client: "AsyncClient") -> None:
        self.client = client
        self.runs = 0


class Clients:
    """The open clients of a host. None before the first run: httpx takes long to import."""

    def __init__(self, policy: "Policy | None" = None) -> None:
        self._policy = policy
        self.forked()
        renew_after_fork(self)

    def forked(self) -> None:
        """None is open; also in a child process, whose parent has its own."""
        self._lock = threading.Lock()
        self._open: dict[Hashable, Client] = {}
        self._used: dict[Place, _Used] = {}
        self._kept: list[Loop] = []

    @contextmanager
    def client(self, connection: "Connection") -> "Generator[Client]":
        """The one of this address; an emulator in process gets one for the run only."""
        from stripe_plugin.client.client import Client

        if connection.in_process is not None:
            with Client(connection, self._policy) as client:
                yield client
            return
        with self._lock:
            if connection.address not in self._open:
                self._open[connection.address] = Client(connection, self._policy)
            client = self._open[connection.address]
        yield client

    @asynccontextmanager
    async def aclient(self, connection: "Connection") -> "AsyncGenerator[AsyncClient]":
        """The one of this loop and address; closed after its last run, unless `keep` was called."""
        from stripe_plugin.client.client import AsyncClient

        place = _place(connection)
        used = self._used.get(place)
        if used is None:
            used = _Used(AsyncClient(connection, self._policy))
            self._used[place] = used
        used.runs += 1
        try:
            yield used.client
        finally:
            used.runs -= 1
            stays = connection.in_process is None and place[0] in self._kept
            if used.runs == 0 and not stays:
                await self._close(place, used)

    def keep(self) -> None:
        """Keeps the clients of the running loop open until `aclose`."""
        self._kept.append(asyncio.get_running_loop())

    def close(self) -> None:
        """Closes those without asyncio."""
        with self._lock:
            closing, self._open = self._open, {}
        for client in closing.values():
            client.close()

    async def aclose(self) -> None:
        """As often as `keep`. The last of a loop closes its clients; of all, also the others."""
        loop = asyncio.get_running_loop()
        self._kept.remove(loop)
        if loop in self._kept:
            return
        for place, used in [*self._used.items()]:
            if place[0] is loop:
                await self._close(place, used)
        if all(each.is_closed() for each in self._kept):
            await asyncio.to_thread(self.close)

    async def _close(self, place: Place, used: _Used) -> None:
        """Closes one, unless somebody has done so in the meantime."""
        if self._used.get(place) is used:
            del self._used[place]
            await used.client.aclose()


def _place(connection: "Connection") -> Place:
    """What tells the clients of an event loop apart."""
    loop = asyncio.get_running_loop()
    emulator = connection.in_process
    return loop, connection.address if emulator is None else id(emulator)
