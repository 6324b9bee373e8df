"""Where does the next page of a list begin? Behind an entry's ID or, of a search, at a token."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from stripe_plugin.declare.action import Action
from stripe_plugin.declare.answer import Page
from stripe_plugin.declare.spec import Spec
from stripe_plugin.errors import StripeError, UsageError
from stripe_plugin.judge.values import is_object
from stripe_plugin.secrets import shown

SIZE, FORWARDS, BACKWARDS, TOKEN = "limit", "starting_after", "ending_before", "page"
NEXT = "next_page"  # what a search answers beside its entries: the token
KEPT = 200  # cursors, which are those of two pages
MARK = re.compile(r"([0-9]{1,3}):(.*)")  # so many entries into the page at a token

Entry = dict[str, Any]
Output = Mapping[str, Any]
Cursor = str | None  # None: at the beginning


def can_go_on(spec: Spec) -> bool:
    """Whether an action gives a list page by page."""
    if not isinstance(spec.answer, Page):
        return False
    names = {row.parameter for row in spec.rows}
    return names >= {SIZE, FORWARDS, BACKWARDS} or names >= {SIZE, TOKEN}


class ByEntry:
    """Behind, or before, the last entry."""

    skipped = 0

    def __init__(self, action: Action, forwards: str, backwards: str, cursor: Cursor) -> None:
        """`forwards`, `backwards`: the attributes of these rows."""
        self.goes_back = getattr(action, backwards) is not None
        self._row = backwards if self.goes_back else forwards
        self._blamed = BACKWARDS if self.goes_back else FORWARDS
        start: Cursor = cursor or getattr(action, self._row)
        #: The last first: the others are for when the object of one is gone.
        self._cursors = [start]

    @property
    def cursor(self) -> Cursor:
        """The entry behind which it goes on."""
        return self._cursors[0]

    def turned(self) -> Mapping[str, Any]:
        """The row of this way, with the cursor."""
        return {self._row: self.cursor}

    def take(self, output: Output, entries: Sequence[Any]) -> None:
        """Behind its last entry."""
        cursors = [mark for mark in self.marks(entries) if mark is not None]
        if output.get("has_more"):
            if len(cursors) < max(len(entries), 1):
                raise UsageError("The list goes on, but its last entry has no ID to go on behind")
            _check_new(cursors[-1], self._cursors)
        cursors.reverse()
        self._cursors = [*cursors, *self._cursors][:KEPT]

    def marks(self, entries: Sequence[Any]) -> list[Cursor]:
        """The ID of each."""
        return [_id(entry) for entry in entries]

    def survives(self, error: StripeError) -> bool:
        """What lies between the two is gone as well, so that no entry comes twice."""
        gone = error.code == "resource_missing" and error.path == (self._blamed,)
        if not gone or len(self._cursors) == 1:
            return False
        del self._cursors[0]
        return True


class ByToken:
    """At a token, which Stripe gives with each page: `9:TOKEN` is behind nine of its entries."""

    goes_back = False

    def __init__(self, row: str, cursor: Cursor) -> None:
        """`row`: the attribute of the row that takes it."""
        self._row = row
        self._before = 0  # entries of the page taken last that were skipped
        self._page, self.skipped = _read(cursor)
        self._tokens: list[Cursor] = [self._page]
        self.cursor = cursor

    def turned(self) -> Mapping[str, Any]:
        """The row, with the token."""
        return {self._row: self._tokens[0]}

    def take(self, output: Output, entries: Sequence[Any]) -> None:
        """At the token of what comes behind it."""
        self._page = self._tokens[0]
        self._before = self.skipped
        self.skipped = max(self.skipped - len(entries), 0)
        self.cursor = _mark(len(entries), self._page)
        if not output.get("has_more"):
            return
        token = output.get(NEXT)
        if not isinstance(token, str) or not token:
            raise UsageError(f"The search goes on, but has no {NEXT} to go on at")
        _check_new(token, self._tokens)
        self._tokens = [token, *self._tokens][:KEPT]
        self.cursor = _mark(self.skipped, token)

    def marks(self, entries: Sequence[Any]) -> list[Cursor]:
        """So far into this page; behind the last one, at the next."""
        counted = range(self._before + 1, self._before + len(entries))
        into = [_mark(count, self._page) for count in counted]
        return [*into, self.cursor] if entries else []

    def survives(self, error: StripeError) -> bool:  # noqa: ARG002 - whatever it is
        """No token stands for an object."""
        return False


Turning = ByEntry | ByToken


def turning(action: Action, cursor: Cursor) -> Turning:
    """How the pages of this list are turned, which can be."""
    own = {row.parameter: row.name for row in action.spec.rows}
    if TOKEN in own:
        row = own[TOKEN]
        return ByToken(row, cursor or getattr(action, row))
    return ByEntry(action, own[FORWARDS], own[BACKWARDS], cursor)


def _check_new(cursor: str, before: Sequence[Cursor]) -> None:
    if cursor in before:
        raise UsageError(f"The list goes on, but comes back to {shown(cursor)}")


def _id(entry: Any) -> Cursor:
    found = entry.get("id") if is_object(entry) else None
    return found if isinstance(found, str) else None


def _mark(count: int, token: Cursor) -> str:
    return f"{count}:{token or ''}" if count else token or ""


def _read(cursor: Cursor) -> tuple[Cursor, int]:
    """The token, and how many entries of its page are behind; a token alone has none."""
    found = MARK.fullmatch(cursor or "")
    if found is None:
        return cursor, 0
    return found[2] or None, int(found[1])
