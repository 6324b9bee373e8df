"""How many requests a second may a connection send? Across threads and tasks; no I/O."""

import threading
from weakref import WeakValueDictionary


class Pace:
    """Gives each request its turn, `rate` a second, in the order in which they ask."""

    def __init__(self, rate: float) -> None:
        self._gap, self._free, self._lock = 1 / rate, float("-inf"), threading.Lock()

    def turn(self, now: float) -> float:
        """Seconds from `now` until the turn of the one who asks, which is thereby taken."""
        with self._lock:
            turn = max(self._free, now)
            self._free = turn + self._gap
        return turn - now


_paces: WeakValueDictionary[tuple[object, ...], Pace] = WeakValueDictionary()
_lock = threading.Lock()


def shared_pace(rate: float, *whose: object) -> Pace:
    """The one pace of all connections that are `whose`, as long as there is one of them."""
    with _lock:
        pace = _paces.get((rate, *whose)) or Pace(rate)
        _paces[(rate, *whose)] = pace
    return pace
