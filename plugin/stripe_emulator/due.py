"""What will time bring, to which object, and what is done then?

Whoever registers a piece of work (`@due`) beside its resource says for each object when it is due:
a function of the object, unix seconds or None. Whenever an object is kept, what is due for it is
planned anew in the store, in one queue for all accounts, and done in order: each piece at its own
moment, whether time passes by itself, by `Emulator.advance` or on a test clock. What is refused
then is left undone and logged as a warning, and time goes on for everything else.
"""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import frozen

from stripe_emulator.refusals import Json, Refusal

if TYPE_CHECKING:
    from stripe_emulator.account import Account
    from stripe_emulator.store import Plan, Planned, Store

    Work = Callable[[Account, Json], object]
    Open = Callable[[str], Account]

_LOG = logging.getLogger(__name__)
Moment = Callable[[Json], int | None]


@frozen
class Due:
    """A piece of work, and when it is due for an object."""

    moment: Moment
    work: "Work"
    rank: int


DUE: dict[str, dict[str, Due]] = {}


def due(name: str, moment: Moment, rank: int = 0) -> "Callable[[Work], Work]":
    """Register work as `kind.name`.

    Of two at one moment that of the lower rank is first, then what was planned first; for one
    object that is what was registered first.
    """
    kind, _, what = name.rpartition(".")

    def register(work: "Work") -> "Work":
        known = DUE.setdefault(kind, {})
        known[what] = Due(moment, work, rank)
        return work

    return register


def plan(obj: Json) -> "Plan | None":
    """When which work is due for this object; None for kinds that time leaves alone."""
    known = DUE.get(obj["object"])
    if known is None:
        return None
    found: dict[str, tuple[int, int]] = {}
    for what, each in known.items():
        at = each.moment(obj)
        if at is not None:
            found[what] = (at, each.rank)
    return found


class Standstill(RuntimeError):
    """Work that plans itself again for the moment at which it was done: time would never pass."""


def bring(store: "Store", open_account: "Open", until: int, clock: str = "") -> list["Account"]:
    """Do what is due until then, in order; returns the accounts, with their events.

    `clock` is the test clock whose time passes, or empty for everybody's.
    """
    accounts: dict[str, Account] = {}
    while planned := store.next_planned(clock, until):
        if planned.account not in accounts:
            accounts[planned.account] = open_account(planned.account)
        _do(store, accounts[planned.account], planned)
    return list(accounts.values())


def _do(store: "Store", account: "Account", planned: "Planned") -> None:
    account.live(planned.at, planned.clock)
    store.done(planned)
    obj = account.get(planned.kind, planned.id)
    if obj is None:
        return
    try:
        with account.undoable():
            DUE[planned.kind][planned.work].work(account, obj)
    except Refusal as refusal:
        what = f"{planned.kind}.{planned.work} of {planned.id}"
        _LOG.warning("%s was due, and is left undone: %s", what, refusal)
    if store.is_planned(planned):
        raise Standstill(f"{planned.kind}.{planned.work} of {planned.id} is due for ever")
