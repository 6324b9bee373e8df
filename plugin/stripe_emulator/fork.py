"""What must a forked process not share with its parent?

A child has one thread: locks that other threads held stay locked in it for ever, and SQLite's
connections must not cross. So a fork waits until nobody is inside a database, and the child's
emulators renew what is theirs.
"""

import os
import threading
import weakref
from typing import Protocol


class Forked(Protocol):
    """What has to be renewed."""

    def hold(self) -> None:
        """Come to rest before a fork."""

    def release(self) -> None:
        """Go on after it, in the parent."""

    def renew(self) -> None:
        """Begin anew after it, in the child."""


_living: weakref.WeakSet[Forked] = weakref.WeakSet()
_held: list[Forked] = []
_one_fork = threading.Lock()


def remember(made: Forked) -> None:
    """Renew it in every process forked from now on."""
    _living.add(made)


def _before() -> None:
    _one_fork.acquire()
    for each in list(_living):
        each.hold()
        _held.append(each)


def _in_parent() -> None:
    while _held:
        _held.pop().release()
    _one_fork.release()


def _in_child() -> None:
    global _one_fork  # noqa: PLW0603 - the parent's may be waited for by threads that are no more
    _one_fork = threading.Lock()
    while _held:
        _held.pop().renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
