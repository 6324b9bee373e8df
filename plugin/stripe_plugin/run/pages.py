"""How is a list read to its end, page by page? No I/O."""

from collections.abc import Iterator
from typing import Any

from stripe_plugin.declare.action import Action, changed
from stripe_plugin.declare.spec import Spec
from stripe_plugin.errors import StripeError
from stripe_plugin.judge.values import is_list
from stripe_plugin.run.context import WrongCall
from stripe_plugin.run.turning import SIZE, Cursor, Entry, can_go_on, turning
from stripe_plugin.secrets import shown

PAGE = 100  # the most that Stripe gives at once
MOST = 10_000  # entries, where nobody says how many
ALL, BOUND = "return_all", "most"  # rows of ours: what a list's own table asks for

Placed = tuple[Entry, Cursor]  # an entry, and where to go on behind it


def reads_all(action: Action) -> bool:
    """Whether an action asks for every page, by its own table."""
    return getattr(action, ALL, None) is True


class Pages:
    """A list that is read: iterating gives the next page's action until the last was taken.

    Each is answered by `take` or, where Stripe refused it, by `survives`. Entries come in the order
    of reading: newest first, or from an ending_before on the oldest first. One reader at a time.
    """

    def __init__(self, action: Action, most: int | None = MOST, cursor: str | None = None) -> None:
        """`most`: entries, None for all; `cursor`: behind which to go on, as `placed` tells it.

        Raises `UsageError` if the action gives no list.
        """
        _check(action.spec, most, cursor)
        own = {row.parameter: row.name for row in action.spec.rows}
        self._size = own[SIZE]
        ours = [own[name] for name in (ALL, BOUND) if name in own]
        self._ours = dict.fromkeys(ours)
        self._action = action
        self._most = most
        self._turning = turning(action, cursor)
        self.requests = 0
        self.count = 0  # entries so far
        self.has_more = True

    @classmethod
    def of(cls, action: Action) -> "Pages":
        """Those of an action that asks for all in its own table."""
        most = getattr(action, BOUND, None)
        return cls(action, MOST if most is None else most)

    @property
    def cursor(self) -> Cursor:
        """Where it goes on; None: at its beginning."""
        return self._turning.cursor

    @property
    def goes_back(self) -> bool:
        """Whether the oldest entry comes first."""
        return self._turning.goes_back

    def __iter__(self) -> Iterator[Action]:
        while self.has_more and (size := self._next_size()) > 0:
            yield self._page(size)

    def _next_size(self) -> int:
        usual: int = getattr(self._action, self._size) or PAGE
        if self._most is None:
            return usual
        left = self._most - self.count
        return min(usual, left + self._turning.skipped) if left else 0

    def _page(self, size: int) -> Action:
        self.requests += 1
        turned = dict(self._turning.turned())
        turned[self._size] = size
        return changed(self._action, **self._ours, **turned)

    def take(self, output: Entry) -> list[Entry]:
        """The entries of a page that came. Raises `UsageError` if none could come behind it."""
        return [entry for entry, _ in self.placed(output)]

    def placed(self, output: Entry) -> list[Placed]:
        """The same, each with the cursor that goes on behind it."""
        data = output.get("data")
        entries = [*data] if is_list(data) else []
        if self.goes_back:
            entries.reverse()
        self.has_more = bool(output.get("has_more"))
        new = entries[self._turning.skipped :]
        self._turning.take(output, entries)
        self.count += len(new)
        marks = self._turning.marks(new)
        return [*zip(new, marks, strict=True)]

    def survives(self, error: StripeError) -> bool:
        """Whether only the object of the cursor is gone, and one before it is left to go on from.

        What lies between the two is gone as well, so that no entry comes twice.
        """
        return self._turning.survives(error)


def check_list(spec: Spec) -> None:
    """Raises `UsageError` if an action gives no list."""
    if not can_go_on(spec):
        raise WrongCall(f"{spec.name} gives no list that could be read page by page")


def _check(spec: Spec, most: Any, cursor: Any) -> None:
    check_list(spec)
    if most is not None and (type(most) is not int or most < 1):
        raise WrongCall(f"most must be a whole number from 1; got {shown(most)}")
    if cursor is not None and not isinstance(cursor, str):
        raise WrongCall(f"cursor must be the ID of an entry; got {shown(cursor)}")
