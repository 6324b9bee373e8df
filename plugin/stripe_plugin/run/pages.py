"""How is a list read to its end, page by page? No I/O."""

from collections.abc import Iterator
from typing import Any, TypeGuard

from stripe_plugin.declare.action import Action, changed
from stripe_plugin.declare.answer import Page
from stripe_plugin.declare.spec import Spec
from stripe_plugin.errors import StripeError, UsageError
from stripe_plugin.judge.values import is_list, is_object
from stripe_plugin.secrets import shown

PAGE = 100  # the most that Stripe gives at once
KEPT = 2 * PAGE  # cursors
MOST = 10_000  # entries, where nobody says how many
SIZE, FORWARDS, BACKWARDS = "limit", "starting_after", "ending_before"
ALL, BOUND = "return_all", "most"  # rows of ours: what a list's own table asks for

Entry = dict[str, Any]


def can_go_on(spec: Spec) -> bool:
    """Whether an action gives a list page by page."""
    names = {row.parameter for row in spec.rows}
    return isinstance(spec.answer, Page) and {SIZE, FORWARDS, BACKWARDS} <= names


def reads_all(action: Action) -> bool:
    """Whether an action asks for every page, by its own table."""
    return getattr(action, ALL, None) is True


class Pages:
    """A list that is read: iterating gives the next page's action until the last was taken.

    Each is answered by `take` or, where Stripe refused it, by `survives`. Entries come in the order
    of reading: newest first, or from an ending_before on the oldest first. One reader at a time.
    """

    def __init__(self, action: Action, most: int | None = MOST, cursor: str | None = None) -> None:
        """`most`: entries, None for all; `cursor`: the entry behind which to go on.

        Raises `UsageError` if the action gives no list.
        """
        _check(action.spec, most, cursor)
        own = {row.parameter: row.name for row in action.spec.rows}
        self._size, self._forwards, self._backwards = own[SIZE], own[FORWARDS], own[BACKWARDS]
        self._ours = {own[name]: None for name in (ALL, BOUND) if name in own}
        self._action = action
        self._most = most
        self.goes_back = getattr(action, self._backwards) is not None
        start = self._backwards if self.goes_back else self._forwards
        #: Where to go on, the last first: the others are for when the object of one is gone.
        self._cursors: list[str | None] = [cursor or getattr(action, start)]
        self.requests = 0
        self.count = 0  # entries so far
        self.has_more = True

    @classmethod
    def of(cls, action: Action) -> "Pages":
        """Those of an action that asks for all in its own table."""
        most = getattr(action, BOUND, None)
        return cls(action, MOST if most is None else most)

    @property
    def cursor(self) -> str | None:
        """The entry behind which it goes on; None: at its beginning."""
        return self._cursors[0]

    def __iter__(self) -> Iterator[Action]:
        while self.has_more and (size := self._next_size()) > 0:
            yield self._page(size)

    def _next_size(self) -> int:
        usual: int = getattr(self._action, self._size) or PAGE
        return usual if self._most is None else min(usual, self._most - self.count)

    def _page(self, size: int) -> Action:
        self.requests += 1
        place = self._backwards if self.goes_back else self._forwards
        turned = {**self._ours, self._size: size, place: self.cursor}
        return changed(self._action, **turned)

    def take(self, output: Entry) -> list[Entry]:
        """The entries of a page that came. Raises `UsageError` if none could come behind it."""
        data = output.get("data")
        entries = [*data] if is_list(data) else []
        if self.goes_back:
            entries.reverse()
        self.has_more = bool(output.get("has_more"))
        cursors = [entry["id"] for entry in entries if _has_id(entry)]
        if self.has_more and len(cursors) < max(len(entries), 1):
            raise UsageError("The list goes on, but its last entry has no ID to go on behind")
        if self.has_more and cursors[-1] in self._cursors:
            raise UsageError(f"The list goes on, but comes back to {shown(cursors[-1])}")
        self._cursors = [*reversed(cursors), *self._cursors][:KEPT]
        self.count += len(entries)
        return entries

    def survives(self, error: StripeError) -> bool:
        """Whether only the object of the cursor is gone, and one before it is left to go on from.

        What lies between the two is gone as well, so that no entry comes twice.
        """
        blamed = self._backwards if self.goes_back else self._forwards
        gone = error.code == "resource_missing" and error.path == (blamed,)
        if not gone or len(self._cursors) == 1:
            return False
        del self._cursors[0]
        return True


def _has_id(entry: Any) -> TypeGuard[Entry]:
    return is_object(entry) and isinstance(entry.get("id"), str)


def _check(spec: Spec, most: Any, cursor: Any) -> None:
    if not can_go_on(spec):
        raise UsageError(f"{spec.name} gives no list that could be read page by page")
    if most is not None and (type(most) is not int or most < 1):
        raise UsageError(f"most must be a whole number from 1, or None for all; got {shown(most)}")
    if cursor is not None and not isinstance(cursor, str):
        raise UsageError(f"cursor must be the ID of an entry; got {shown(cursor)}")
