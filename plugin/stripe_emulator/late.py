"""Who executes what its caller no longer waits for?

A server goes on when a client gives up. In process there is no server: one thread waits until the
next of these is due, and ends when there is none.
"""

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable

_LOG = logging.getLogger(__name__)
Work = Callable[[], object]


class Late:
    """Runs each piece of work at its time, in one background thread."""

    def __init__(self) -> None:
        self._due: list[tuple[float, int, Work]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def add(self, due: float, work: Work) -> None:
        """Run `work` then (monotonic seconds)."""
        with self._changed:
            heapq.heappush(self._due, (due, next(self._numbers), work))
            self._changed.notify()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, daemon=True, name="late")
                self._thread.start()

    def close(self) -> None:
        """Forget what is not yet due, as a server does that is stopped."""
        with self._changed:
            self._due.clear()
            self._changed.notify()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while (work := self._next()) is not None:
            try:
                work()
            except Exception:  # noqa: BLE001 - nobody is there to hear of it
                _LOG.exception("the emulator failed at what was late")

    def _next(self) -> Work | None:
        with self._changed:
            while self._due:
                left = self._due[0][0] - time.monotonic()
                if left <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(left)
            self._thread = None
            return None
