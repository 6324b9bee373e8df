"""Which line is free, and who gets it? At most a hundred of one address, waited for in turns.

A line belongs to whoever holds the object: the pool counts those that are alive. So nothing is lost
when an exception out of a signal handler ends a run between any two instructions, at the latest
when its traceback is gone; and no lock is held while anybody waits.
"""

import gc
import os
import queue
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Generator, Hashable
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

from stripe_plugin.client.turns import Hand, Turns
from stripe_plugin.fork import renew_after_fork

if TYPE_CHECKING:
    import asyncio

MOST = 100  # lines of one pool
LOOK_AGAIN = 0.5  # seconds after which a waiter looks itself, lest a signal has lost its turn
A_WHILE = 1.0  # seconds after which it is worth looking for what only seems to be on its way
CLOSING_STEP = 0.005  # seconds between two looks at what is still on its way


class OneLine(Protocol):
    """A line, as far as a pool knows it."""

    ends: float
    """When its attempt is over at the latest, in seconds of the monotonic clock."""

    def close(self) -> None:
        """Closes its connection."""
        ...


Queue: TypeAlias = "queue.SimpleQueue[Any]"
Future: TypeAlias = "asyncio.Future[Any]"
L = TypeVar("L", bound=OneLine)
G = TypeVar("G")
Gates = weakref.WeakValueDictionary[Hashable, Any]


class Lines(Generic[L]):
    """The lines of one address: those that are idle, those that are in use, and who waits."""

    def __init__(self, opened: Callable[[], L]) -> None:
        self._opened = opened
        self.closed = False
        self._begin_anew()
        renew_after_fork(self)

    def _begin_anew(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._idle: deque[L] = deque()
        self._in_use: set[weakref.ref[L]] = set()
        self._waiting = Turns()  # for a line
        self._sleeping = Turns()  # until some time, or the end
        self._gates: Gates = weakref.WeakValueDictionary()

    def forked(self) -> None:
        """In a child process: its parent's lines are its parent's; their copies here are closed."""
        inherited = [*self._idle, *self._lines_in_use()]
        self._begin_anew()
        for line in inherited:
            line.close()

    def _lines_in_use(self) -> list[L]:
        found = [line() for line in [*self._in_use]]
        return [line for line in found if line is not None]

    def free(self, ends: float) -> L | None:
        """An idle line, or a new one if there may be one more; it is in use until `ends`."""
        if self._process != os.getpid():
            self.forked()
        with self._lock:
            if self._idle:
                line = self._idle.pop()
            elif len(self._in_use) < MOST:
                line = self._opened()
            else:
                return None
            line.ends = ends
            forget = self._in_use.discard
            self._in_use.add(weakref.ref(line, forget))
            return line

    def give(self, line: L) -> None:
        """Back, or on to whose turn it is."""
        with self._lock:
            while self._waiting and not self.closed:
                if self._waiting.take()(line):
                    return
            self._in_use.discard(weakref.ref(line))
            if self.closed:
                line.close()
            else:
                self._idle.append(line)

    def gate(self, identity: Hashable, kind: Callable[[], G]) -> G:
        """Where all but one who share a rate wait: without a line, which others may need."""
        with self._lock:
            gate: G | None = self._gates.get(identity)
            if gate is None:
                self._gates[identity] = gate = kind()
            return gate

    @contextmanager
    def _told(self, turns: Turns, identity: Hashable, hand: Hand) -> Generator[None]:
        """In the meantime `hand` is called when it is this one's turn, or at the end."""
        with self._lock:
            turns.add(identity, hand)
        if self.closed:  # by another thread: those who were there have been told
            hand(None)
        try:
            yield
        finally:
            with self._lock:
                turns.remove(identity, hand)

    def close(self) -> None:
        """Ends what waits and closes what is idle; what is in use is closed when it comes back."""
        self.closed = True
        with self._lock:
            hands = [*self._waiting, *self._sleeping]
            idle = [*self._idle]
            self._idle.clear()
        for hand in hands:
            hand(None)
        for line in idle:
            line.close()

    def on_their_way(self) -> bool:
        """Whether answers are still to come."""
        now = time.monotonic()
        return any(line.ends > now for line in self._lines_in_use())


class Pool(Lines[L]):
    """For threads."""

    def take(self, ends: float, identity: Hashable = None) -> L | None:
        """A line; None if the pool is closed, or none came free until `ends` (monotonic).

        `identity`: who asks. Those who wait get one in turns, however many runs each of them has.
        """
        if self.closed:
            return None
        if (line := self.free(ends)) is not None:
            return line
        hand: Queue = queue.SimpleQueue()
        try:
            return self._queue(hand, ends, identity)
        finally:
            self._take_back(hand)

    def _queue(self, hand: Queue, ends: float, identity: Hashable) -> L | None:
        with self._told(self._waiting, identity, partial(_put, hand)):
            while (left := ends - time.monotonic()) > 0:
                with suppress(queue.Empty):
                    line: L | None = hand.get(timeout=min(left, LOOK_AGAIN))
                    return _until(ends, line)
                if (line := self.free(ends)) is not None:
                    return line
        return None

    def _take_back(self, hand: Queue) -> None:
        """What was handed to a run too late, or to one that was interrupted."""
        with suppress(queue.Empty):
            if (line := hand.get_nowait()) is not None:
                self.give(line)

    def sleep(self, seconds: float) -> None:
        """Lets so many seconds pass, fewer if the pool is closed."""
        if seconds <= 0 or self.closed:
            return
        hand: Queue = queue.SimpleQueue()
        waking = partial(_put, hand)
        with self._told(self._sleeping, None, waking), suppress(queue.Empty):
            hand.get(timeout=seconds)

    def join(self) -> None:
        """Waits until what is on its way has arrived."""
        ends = time.monotonic() + A_WHILE
        while self.on_their_way() and time.monotonic() < ends:
            time.sleep(CLOSING_STEP)
        if self.on_their_way():
            gc.collect()  # an interruption may be what keeps its run: it has its frames
        while self.on_their_way():
            time.sleep(CLOSING_STEP)


def _put(hand: Queue, line: Any) -> bool:
    hand.put(line)
    return True


class AsyncPool(Lines[L]):
    """For the tasks of one event loop."""

    async def take(self, ends: float, identity: Hashable = None) -> L | None:
        """As `Pool.take`."""
        if self.closed:
            return None
        if (line := self.free(ends)) is not None:
            return line
        hand = _hand()
        try:
            line = await self._wait_for(hand, self._waiting, identity, ends - time.monotonic())
        except BaseException:
            if (late := _handed(hand)) is not None:
                self.give(late)
            raise
        return _until(ends, line)

    async def sleep(self, seconds: float) -> None:
        """As `Pool.sleep`."""
        if seconds > 0 and not self.closed:
            await self._wait_for(_hand(), self._sleeping, None, seconds)

    async def _wait_for(
        self, hand: Future, turns: Turns, identity: Hashable, seconds: float
    ) -> Any:
        """What is handed over within so many seconds."""
        give_up = hand.get_loop().call_later(max(seconds, 0), _set, hand, None)
        try:
            with self._told(turns, identity, partial(_set, hand)):
                return await hand
        finally:
            give_up.cancel()

    async def join(self) -> None:
        """As `Pool.join`."""
        from asyncio import sleep  # takes long to import

        while self.on_their_way():  # noqa: ASYNC110 - an event could be lost with its run
            await sleep(CLOSING_STEP)


def _hand() -> Future:
    from asyncio import get_running_loop  # takes long to import

    return get_running_loop().create_future()


def _handed(hand: Future) -> Any:
    """What was handed over, if it was, also when nobody waits for it any more."""
    return hand.result() if hand.done() and not hand.cancelled() else None


def _set(hand: Future, line: Any) -> bool:
    if hand.done():  # its task was cancelled
        return False
    hand.set_result(line)
    return True


def _until(ends: float, line: L | None) -> L | None:
    """A line that was handed over, in use until `ends`."""
    if line is not None:
        line.ends = ends
    return line
