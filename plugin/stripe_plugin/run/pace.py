"""How many requests a second may a connection send? Across threads and tasks; no I/O."""

import threading
from collections import OrderedDict
from collections.abc import Hashable

_free: OrderedDict[Hashable, float] = OrderedDict()  # whose next turn is when; the latest last
_lock = threading.Lock()


def turn(whose: Hashable, rate: float, now: float) -> float:
    """Seconds from `now` until the turn of the one who asks, which is thereby taken."""
    with _lock:
        at = max(_free.pop(whose, now), now)
        while _free and next(iter(_free.values())) <= now:  # as good as forgotten
            _free.popitem(last=False)
        _free[whose] = at + 1 / rate
    return at - now
