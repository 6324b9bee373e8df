"""How many requests a second may a connection send? Across threads and tasks; no I/O."""

import threading
from collections import OrderedDict
from collections.abc import Hashable

MOST = 10_000  # connections that are remembered, the latest ones
_free: OrderedDict[Hashable, float] = OrderedDict()  # whose next turn is when
_lock = threading.Lock()


def turn(whose: Hashable, rate: float, now: float) -> float:
    """Seconds from `now` until the turn of the one who asks, which is thereby taken."""
    with _lock:
        at = max(_free.pop(whose, now), now)
        _free[whose] = at + 1 / rate
        if len(_free) > MOST:
            _free.popitem(last=False)
    return at - now
