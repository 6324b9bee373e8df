"""Which clients of a host are open? One for each address, and with asyncio for each event loop."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

from stripe_plugin.fork import renew_after_fork

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

    from stripe_plugin.client.client import AsyncClient, Client
    from stripe_plugin.client.connection import Connection
    from stripe_plugin.run.context import Policy

C = TypeVar("C")
Loop: TypeAlias = "AbstractEventLoop"
MOST = 100  # addresses whose connections are kept


class _Recent(Generic[C]):
    """The clients that were used last, by address.

    One that is forgotten is not closed: who still runs over it holds it, and its connections close
    themselves when nobody does.
    """

    def __init__(self) -> None:
        self._clients: OrderedDict[Hashable, C] = OrderedDict()

    def of(self, address: Hashable, opened: Callable[[], C]) -> C:
        """The one of an address, opened if there is none."""
        if address not in self._clients:
            self._clients[address] = opened()
        self._clients.move_to_end(address)
        if len(self._clients) > MOST:
            self._clients.popitem(last=False)
        return self._clients[address]

    def taken(self) -> list[C]:
        """All of them, which are forgotten."""
        clients = [*self._clients.values()]
        self._clients.clear()
        return clients

    def __len__(self) -> int:
        return len(self._clients)


class Clients:
    """The open clients of a host. None before the first run: httpx takes long to import."""

    def __init__(self, policy: "Policy | None" = None) -> None:
        self._policy = policy
        self.forked()
        renew_after_fork(self)

    def forked(self) -> None:
        """None is open; also in a child process, whose parent has its own."""
        self._lock = threading.Lock()
        self._open: _Recent[Client] = _Recent()
        # A loop that is over takes its clients along.
        self._of_loops: WeakKeyDictionary[Loop, _Recent[AsyncClient]] = WeakKeyDictionary()
        self._kept: list[Loop] = []

    def client(self, connection: "Connection") -> "Client":
        """The one of this address; an emulator in process, which has no lines, gets its own."""
        from stripe_plugin.client.client import Client

        if connection.in_process is not None:
            return Client(connection, self._policy)
        with self._lock:
            return self._open.of(connection.address, lambda: Client(connection, self._policy))

    def aclient(self, connection: "Connection") -> "AsyncClient":
        """The one of this loop and address; open until the loop is over, or `aclose`."""
        from asyncio import get_running_loop

        from stripe_plugin.client.client import AsyncClient

        if connection.in_process is not None:
            return AsyncClient(connection, self._policy)
        with self._lock:  # loops may run in several threads
            recent = self._of_loops.setdefault(get_running_loop(), _Recent())
        return recent.of(connection.address, lambda: AsyncClient(connection, self._policy))

    def keep(self) -> None:
        """From now on `aclose` is called once more for the running loop."""
        from asyncio import get_running_loop

        self._kept.append(get_running_loop())

    def close(self) -> None:
        """Closes those without asyncio."""
        with self._lock:
            closing = self._open.taken()
        for client in closing:
            client.close()

    async def aclose(self) -> None:
        """As often as `keep`. The last of a loop closes its clients; of all, also the others."""
        from asyncio import get_running_loop, to_thread

        loop = get_running_loop()
        self._kept.remove(loop)
        if loop in self._kept:
            return
        recent = self._of_loops.pop(loop, None)
        for client in recent.taken() if recent else ():
            await client.aclose()
        if all(each.is_closed() for each in self._kept):
            await to_thread(self.close)
