"""How many requests a second may a connection send? Across threads and tasks; no I/O."""

import threading
from collections import OrderedDict
from collections.abc import Hashable

from stripe_plugin.fork import renew_after_fork


class Pace:
    """The next turn of everybody who has a rate, in seconds of the monotonic clock."""

    def __init__(self) -> None:
        self.forked()
        renew_after_fork(self)

    def forked(self) -> None:
        """Nobody's turn is known; also in a child process, whose parent may hold the lock."""
        self._lock = threading.Lock()
        self._next: OrderedDict[Hashable, float] = OrderedDict()  # the latest last

    def reserve(self, identity: Hashable, rate: float, now: float) -> float:
        """Takes the next turn, and says how many seconds after `now` it comes."""
        with self._lock:
            return self._reserve(identity, rate, now)

    def book(self, identity: Hashable, rate: float, now: float, most: float) -> float | None:
        """The same for a turn that comes at most so many seconds after `now`; else None."""
        with self._lock:
            if self._due(identity, now) > most:
                return None
            return self._reserve(identity, rate, now)

    def due(self, identity: Hashable, now: float) -> float:
        """In how many seconds the next turn comes; it is not taken."""
        with self._lock:
            return self._due(identity, now)

    def _due(self, identity: Hashable, now: float) -> float:
        return max(self._next.get(identity, now) - now, 0.0)

    def _reserve(self, identity: Hashable, rate: float, now: float) -> float:
        turn = max(self._next.pop(identity, now), now)
        self._forget_before(now)
        self._next[identity] = turn + 1 / rate
        return turn - now

    def _forget_before(self, now: float) -> None:
        """Turns that have passed are as good as forgotten."""
        while self._next:
            identity = next(iter(self._next))
            if self._next[identity] > now:
                return
            del self._next[identity]


_pace = Pace()  # of this process
book = _pace.book
due = _pace.due
reserve = _pace.reserve
