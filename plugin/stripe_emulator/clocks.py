"""By which clock does what a request is about live: everybody's, or a test clock?

A customer that was made with a test clock lives by it, and so does all that belongs to it.
"""

from collections.abc import Mapping
from typing import Any

from stripe_emulator.account import Account
from stripe_emulator.refusals import Json, Refusal

CLOCK = "test_helpers.test_clock"
MOST_CUSTOMERS = 3
MOST_SUBSCRIPTIONS = 3
_LEADS_TO = {
    "customer": "customer",
    "subscription": "subscription",
    "from_subscription": "subscription",
    "invoice": "invoice",
    "payment_intent": "payment_intent",
    "charge": "charge",
}


def follow(account: Account, *told: Mapping[str, Any]) -> None:
    """Let the account live by the test clock of what these lead to, if they lead to one."""
    if not account.store.has(account.name, CLOCK):
        return
    for each in told:
        clock = _clock(account, each)
        if clock:
            account.live(clock["frozen_time"], clock["id"])
            return


def _clock(account: Account, told: Mapping[str, Any]) -> Json | None:
    if id_ := told.get("test_clock"):
        return account.get(CLOCK, id_)
    for name, kind in _LEADS_TO.items():
        id_ = told.get(name)
        found = account.get(kind, id_) if isinstance(id_, str) else None
        if found:
            return _clock(account, found)
    return None


def check_customers(account: Account) -> None:
    """Refuse a fourth customer of a test clock."""
    if account.clock and len(account.find("customer", test_clock=account.clock)) >= MOST_CUSTOMERS:
        raise Refusal(
            f"A test clock can have up to {MOST_CUSTOMERS} customers, and {account.clock} has so "
            "many.",
            param="test_clock",
        )


def check_subscriptions(account: Account, customer: str) -> None:
    """Refuse a fourth subscription of a customer with a test clock."""
    if account.clock and len(account.find("subscription", customer=customer)) >= MOST_SUBSCRIPTIONS:
        raise Refusal(
            f"A customer with a test clock can have up to {MOST_SUBSCRIPTIONS} subscriptions, and "
            f"{customer} has so many.",
            param="customer",
        )
