"""What must a forked process not share with its parent?

Sockets, and locks that another thread of the parent may have held. Whoever has such things
registers here and makes them anew in the child (gunicorn's preload, Celery's prefork,
multiprocessing).
"""

import os
import weakref
from typing import Protocol


class Renewable(Protocol):
    """Something with state of one process."""

    def forked(self) -> None:
        """Called in a child process, before anything else runs there."""
        ...


_renewables: weakref.WeakSet[Renewable] = weakref.WeakSet()


def renew_after_fork(renewable: Renewable) -> None:
    """Calls its `forked` in every child process, as long as it lives."""
    _renewables.add(renewable)


def _renew() -> None:
    for renewable in [*_renewables]:
        renewable.forked()


if hasattr(os, "register_at_fork"):  # not on Windows, which does not fork
    os.register_at_fork(after_in_child=_renew)
