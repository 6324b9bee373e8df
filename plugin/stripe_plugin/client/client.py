"""Who moves the bytes? `Client` and `AsyncClient`, a dozen lines each over the same exchange."""

import threading
import time
from contextlib import AbstractAsyncContextManager, AbstractContextManager, closing
from functools import partial
from math import inf
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from stripe_plugin.client.connection import Connection
from stripe_plugin.client.driven import adriven, driven
from stripe_plugin.client.pool import MOST, AsyncPool, Pool
from stripe_plugin.declare.action import Action
from stripe_plugin.errors import UsageError
from stripe_plugin.run import pace
from stripe_plugin.run.context import Policy, RunContext
from stripe_plugin.run.exchange import Command, Send, Wait, exchange
from stripe_plugin.run.result import Result
from stripe_plugin.wire.reply import Answer, Lost

if TYPE_CHECKING:
    from collections.abc import Callable

    from stripe_plugin.client.emulated import AsyncEmulatedLine, EmulatedLine
    from stripe_plugin.client.line import AsyncLine, Line

L = TypeVar("L")
Taken: TypeAlias = tuple[L | None, float]
CLOSED = Lost("The client was closed.", sent=False, again=False)
TOO_LATE = Lost("The machine slept too long while the run waited.", sent=False)
NO_TIME = "The deadline, or the policy's budget, left no time to send it."
# Seconds before its turn that a run takes a line, and the turn with it. Timers wake late: taken as
# it comes, a thousand turns would be late a thousand times.
AHEAD = 0.02
BUSY = f"None of {MOST} connections became free in time."


class Client(AbstractContextManager["Client"]):
    """Runs actions over reused connections. Safe across threads; a context manager."""

    def __init__(self, connection: Connection, policy: Policy | None = None) -> None:
        self.connection = connection
        self.policy = policy or Policy()
        self._pool: Pool[Line | EmulatedLine] = Pool(_lines(connection))

    def run(
        self,
        action: Action,
        context: RunContext | None = None,
        *,
        connection: Connection | None = None,
    ) -> Result:
        """Stripe's answer. Raises `UsageError`, with nothing sent, or `StripeError`.

        `connection`: another account's at the same address, for this run.
        """
        asks = _at_the_same_address(connection, self.connection)
        talk = exchange(action, asks, context or RunContext(), self.policy)
        with closing(talk):
            return driven(talk, lambda command: self._obey(command, asks))

    def _obey(self, command: Command, asks: Connection) -> Answer | None:
        if isinstance(command, Wait):
            self._pool.sleep(command.seconds)
            return None
        line, began = self._line(command, asks)
        if line is None:
            return CLOSED if self._pool.closed else _busy(began, command)
        try:
            if self._pool.closed:  # while it waited for its turn
                return CLOSED
            return TOO_LATE if command.is_too_late() else line.ask(asks, command, began)
        finally:
            self._pool.give(line)

    def _line(self, send: Send, asks: Connection) -> "Taken[Line | EmulatedLine]":
        """A line, and since when the attempt is patient: first the line, then the turn."""
        if send.ends < inf:
            return self._line_in_time(send, asks)
        if asks.rate is not None:
            return self._line_in_turn(send, asks, asks.rate)
        began = time.monotonic()
        return self._pool.take(began + send.patience, asks.identity), began

    def _line_in_turn(
        self, send: Send, asks: Connection, rate: float
    ) -> "Taken[Line | EmulatedLine]":
        """The same at a rate.

        No line is held while a turn is far off: others may need it. A turn is taken only with a
        line in hand, as another client, or another event loop's, may have taken it in the meantime.
        """
        with self._pool.gate(asks.identity, threading.Lock):
            self._pool.sleep(_far(asks))
            began = time.monotonic()
            line = self._pool.take(began + send.patience, asks.identity)
            turn = _turn(asks, rate) if line else 0.0
            try:
                self._pool.sleep(turn)
            except BaseException:  # interrupted in the meantime
                if line:
                    self._pool.give(line)
                raise
            return line, began + turn

    def _line_in_time(self, send: Send, asks: Connection) -> "Taken[Line | EmulatedLine]":
        """The same before a deadline: a turn is booked at once, if it comes in time at all.

        Where no line is free when it comes, another turn is booked.
        """
        while (began := _booked(send, asks)) is not None:
            self._pool.sleep(began - time.monotonic())
            line = self._pool.take(_until(send, asks, began), asks.identity)
            if line is not None or asks.rate is None or self._pool.closed:
                return line, began
        return None, time.monotonic()

    def close(self) -> None:
        """Ends what waits, lets what is on its way arrive, and closes the connections."""
        self._pool.close()
        self._pool.join()

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(AbstractAsyncContextManager["AsyncClient"]):
    """The same for asyncio, safe across the tasks of an event loop; one loop at a time uses it."""

    def __init__(self, connection: Connection, policy: Policy | None = None) -> None:
        self.connection = connection
        self.policy = policy or Policy()
        self._pool: AsyncPool[AsyncLine | AsyncEmulatedLine] = AsyncPool(_async_lines(connection))

    async def run(
        self,
        action: Action,
        context: RunContext | None = None,
        *,
        connection: Connection | None = None,
    ) -> Result:
        """As `Client.run`."""
        asks = _at_the_same_address(connection, self.connection)
        talk = exchange(action, asks, context or RunContext(), self.policy)
        with closing(talk):
            return await adriven(talk, lambda command: self._obey(command, asks))

    async def _obey(self, command: Command, asks: Connection) -> Answer | None:
        if isinstance(command, Wait):
            await self._pool.sleep(command.seconds)
            return None
        line, began = await self._line(command, asks)
        if line is None:
            return CLOSED if self._pool.closed else _busy(began, command)
        try:
            if self._pool.closed:  # while it waited for its turn
                return CLOSED
            return TOO_LATE if command.is_too_late() else await line.ask(asks, command, began)
        finally:
            self._pool.give(line)

    async def _line(self, send: Send, asks: Connection) -> "Taken[AsyncLine | AsyncEmulatedLine]":
        """As `Client._line`."""
        if send.ends < inf:
            return await self._line_in_time(send, asks)
        if asks.rate is not None:
            return await self._line_in_turn(send, asks, asks.rate)
        began = time.monotonic()
        return await self._pool.take(began + send.patience, asks.identity), began

    async def _line_in_turn(
        self, send: Send, asks: Connection, rate: float
    ) -> "Taken[AsyncLine | AsyncEmulatedLine]":
        """As `Client._line_in_turn`."""
        from asyncio import Lock  # takes long to import

        async with self._pool.gate(asks.identity, Lock):
            await self._pool.sleep(_far(asks))
            began = time.monotonic()
            line = await self._pool.take(began + send.patience, asks.identity)
            turn = _turn(asks, rate) if line else 0.0
            try:
                await self._pool.sleep(turn)
            except BaseException:  # cancelled in the meantime
                if line:
                    self._pool.give(line)
                raise
            return line, began + turn

    async def _line_in_time(
        self, send: Send, asks: Connection
    ) -> "Taken[AsyncLine | AsyncEmulatedLine]":
        """As `Client._line_in_time`."""
        while (began := _booked(send, asks)) is not None:
            await self._pool.sleep(began - time.monotonic())
            line = await self._pool.take(_until(send, asks, began), asks.identity)
            if line is not None or asks.rate is None or self._pool.closed:
                return line, began
        return None, time.monotonic()

    async def aclose(self) -> None:
        """As `Client.close`. Cancelled, it leaves what is on its way to close itself."""
        self._pool.close()
        await self._pool.join()

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()


# httpx is imported for what goes over a network, and the emulator for what does not.


def _lines(connection: Connection) -> "Callable[[], Line | EmulatedLine]":
    """How a line to a connection's place is opened."""
    if connection.in_process is not None:
        from stripe_plugin.client.emulated import EmulatedLine

        return partial(EmulatedLine, connection.in_process)
    from stripe_plugin.client.line import Line, proxy_for

    return partial(Line, connection, proxy_for(connection))


def _async_lines(connection: Connection) -> "Callable[[], AsyncLine | AsyncEmulatedLine]":
    """As `_lines`, for asyncio."""
    if connection.in_process is not None:
        from stripe_plugin.client.emulated import AsyncEmulatedLine

        return partial(AsyncEmulatedLine, connection.in_process)
    from stripe_plugin.client.line import AsyncLine, proxy_for

    return partial(AsyncLine, connection, proxy_for(connection))


def _far(asks: Connection) -> float:
    """Seconds until a line is worth holding for a connection's next turn."""
    return max(pace.due(asks.identity, time.monotonic()) - AHEAD, 0.0)


def _turn(asks: Connection, rate: float) -> float:
    """Seconds until the turn of a connection, which is thereby taken."""
    return pace.reserve(asks.identity, rate, time.monotonic())


def _booked(send: Send, asks: Connection) -> float | None:
    """When a connection may send before the deadline (monotonic); a turn then is taken."""
    now = time.monotonic()
    left = send.ends - now
    if left <= 0:
        return None
    if asks.rate is None:
        return now
    turn = pace.book(asks.identity, asks.rate, now, left)
    return None if turn is None else now + turn


def _until(send: Send, asks: Connection, began: float) -> float:
    """Until when a line is waited for: later, the turn would be another's."""
    ends = send.until(began)
    if asks.rate is None:
        return ends
    next_turn = began + 1 / asks.rate
    return min(ends, next_turn)


def _busy(began: float, send: Send) -> Lost:
    """No line came free; the time that was waited for one is spent."""
    took = time.monotonic() - began
    if send.ends == inf:
        return Lost(BUSY, sent=False, took=took)
    return Lost(NO_TIME, sent=False, again=False, took=took)


def _at_the_same_address(asks: Connection | None, own: Connection) -> Connection:
    """Another connection for one run. Raises `UsageError` if it is for another address."""
    if asks is None:
        return own
    if asks.base_url != own.base_url or asks.in_process is not own.in_process:
        raise UsageError("This client is for another place than the connection of the run")
    return asks
