"""Who waits, and whose turn is next? Each in their own order, and everybody by turns."""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from typing import Any, TypeAlias

# Takes a line, or None at the end; False: nobody is there any more.
Hand: TypeAlias = Callable[[Any], bool]


class Turns:
    """Queues by identity, served in turns: three thousand of one hold up no other."""

    def __init__(self) -> None:
        # A queue is a dictionary, whose middle can be taken out at once.
        self._queues: OrderedDict[Hashable, dict[Hand, None]] = OrderedDict()

    def add(self, identity: Hashable, hand: Hand) -> None:
        """One more, behind those of the same identity."""
        self._queues.setdefault(identity, {})[hand] = None

    def remove(self, identity: Hashable, hand: Hand) -> None:
        """Waits no more; nothing, if it had its turn."""
        queue = self._queues.get(identity, {})
        queue.pop(hand, None)
        if not queue:
            self._queues.pop(identity, None)

    def take(self) -> Hand:
        """Whose turn it is; those of the same identity are next after all others."""
        identity = next(iter(self._queues))
        queue = self._queues[identity]
        hand = next(iter(queue))
        self.remove(identity, hand)
        if queue:
            self._queues.move_to_end(identity)
        return hand

    def __iter__(self) -> Iterator[Hand]:
        for queue in self._queues.values():
            yield from queue

    def __len__(self) -> int:
        return sum(map(len, self._queues.values()))

    def __bool__(self) -> bool:
        return bool(self._queues)
