"""How are the entries of a whole list handed out, one by one, while the next page is on its way?"""

from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from contextvars import copy_context
from threading import Thread
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import attrs

from stripe_plugin.errors import StripeError
from stripe_plugin.run.pages import Pages, Placed
from stripe_plugin.run.turning import Entry

if TYPE_CHECKING:
    from asyncio import Task

    from stripe_plugin.client.connection import Connection
    from stripe_plugin.declare.action import Action
    from stripe_plugin.host.host import Host
    from stripe_plugin.run.context import RunContext
    from stripe_plugin.run.result import Result

T = TypeVar("T")


class _Ahead(Generic[T]):
    """Something that a thread of its own does in the meantime."""

    def __init__(self, do: Callable[[], T]) -> None:
        self._done: list[T] = []
        self._failed: BaseException | None = None
        run = copy_context().run  # so that spans and the like are those of the reader
        self._thread = Thread(target=lambda: run(self._do, do), name="stripe-nodes next page")
        self._thread.start()

    def _do(self, do: Callable[[], T]) -> None:
        try:
            self._done.append(do())
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            self._failed = error

    def wait(self) -> None:
        """Until it is done, whatever came of it."""
        self._thread.join()

    def result(self) -> T:
        """What came of it, once it is done."""
        self.wait()
        if self._failed is not None:
            raise self._failed
        return self._done[0]


@attrs.frozen
class Turner:
    """Who turns the pages: runs each by the host, of the same connection and context."""

    host: "Host"
    connection: "Connection"
    context: "RunContext"

    def turn(self, page: "Action") -> "Result":
        """Runs it."""
        beside = self._beside(page)
        return self.host.run(page.spec.id, page.inputs(), **beside)

    async def aturn(self, page: "Action") -> "Result":
        """The same for asyncio."""
        beside = self._beside(page)
        return await self.host.arun(page.spec.id, page.inputs(), **beside)

    def _beside(self, page: "Action") -> dict[str, Any]:
        sent = {"extra": page.extra, "expand": page.expand or ()}
        return {**sent, "connection": self.connection, "context": self.context}


class Entries(
    AbstractContextManager["Entries"],
    AbstractAsyncContextManager["Entries"],
    Iterator[Entry],
    AsyncIterator[Entry],
):
    """The entries of a list, for `for` or `async for`. Made by `Host.iterate`.

    A page is asked for while the one before is used; no more than two are held. An error of the
    next page comes when all before it are handed out, so that `cursor` tells where to go on. Who
    stops before the end closes it, best by `with` or `async with`: nothing is asked behind that.
    """

    def __init__(self, pages: Pages, turner: Turner) -> None:
        self._pages = pages
        self._actions = iter(pages)
        self._turner = turner
        self._entries: deque[Placed] = deque()
        self._ahead: _Ahead[list[Placed]] | None = None
        self._task: Task[list[Placed]] | None = None
        self._closed = False
        #: Behind the last entry that was handed out: `Host.iterate(…, cursor=…)` goes on there.
        self.cursor = pages.cursor
        #: How many entries were handed out.
        self.taken = 0

    @property
    def requests(self) -> int:
        """How many were sent so far."""
        return self._pages.requests

    @property
    def has_more(self) -> bool:
        """Whether there are entries that were not handed out, as far as Stripe has told."""
        return self._pages.has_more or self._pages.count > self.taken

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Entry:
        if not self._entries:
            self._turn()
        if not self._entries:
            raise StopIteration
        return self._hand_out()

    def _turn(self) -> None:
        """The next page comes into use, and the one behind it is asked for."""
        if self._closed:
            return
        ahead, self._ahead = self._ahead, None
        self._entries.extend(ahead.result() if ahead else self._next_page())
        if self._entries:
            self._ahead = _Ahead(self._next_page)

    def _next_page(self) -> list[Placed]:
        """The entries of the next page; none if there is no such page."""
        for action in self._actions:
            try:
                answered = self._turner.turn(action)
            except StripeError as error:
                if not self._pages.survives(error):
                    raise
            else:
                if placed := self._pages.placed(answered.output):
                    return placed
        return []

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Entry:
        if not self._entries:
            await self._aturn()
        if not self._entries:
            raise StopAsyncIteration
        return self._hand_out()

    async def _aturn(self) -> None:
        """As `_turn`."""
        if self._closed:
            return
        from asyncio import create_task

        task, self._task = self._task, None
        self._entries.extend(await (task or self._anext_page()))
        if self._entries:
            self._task = create_task(self._anext_page())
            self._task.add_done_callback(_note)

    async def _anext_page(self) -> list[Placed]:
        """As `_next_page`."""
        for action in self._actions:
            try:
                answered = await self._turner.aturn(action)
            except StripeError as error:
                if not self._pages.survives(error):
                    raise
            else:
                if placed := self._pages.placed(answered.output):
                    return placed
        return []

    def _hand_out(self) -> Entry:
        entry, self.cursor = self._entries.popleft()
        self.taken += 1
        return entry

    def close(self) -> None:
        """Hands out no more; waits until the page that is on its way has come."""
        self._end()
        if self._ahead is not None:
            self._ahead.wait()

    def __exit__(self, *_: object) -> None:
        self.close()

    async def aclose(self) -> None:
        """The same for asyncio: the page that is on its way is given up."""
        from asyncio import to_thread, wait

        self._end()
        if self._task is not None:
            await wait([self._task])
        if self._ahead is not None:
            await to_thread(self._ahead.wait)

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _end(self) -> None:
        self._closed = True
        self._entries.clear()
        if self._task is not None:
            self._task.cancel()


def _note(task: "Task[Any]") -> None:
    """The error of a page that nobody waits for any more is nobody's."""
    if not task.cancelled():
        task.exception()
