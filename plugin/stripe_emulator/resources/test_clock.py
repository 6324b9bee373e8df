"""What is a test clock: a time of their own for up to three customers and what belongs to them?

The limits are those of docs.stripe.com/billing/testing/test-clocks/api-advanced-usage. Stripe
advances in the background; the emulator is there at once, and says `advancing` in that one answer.
"""

from attrs import evolve

from stripe_emulator import due, lifecycle
from stripe_emulator.account import Account
from stripe_emulator.billing import periods
from stripe_emulator.clocks import CLOCK
from stripe_emulator.declare import Resource, declare
from stripe_emulator.lifecycle import Given, does
from stripe_emulator.refusals import Json, Refusal

declare(
    Resource(
        kind=CLOCK,
        prefix="clock_1",
        path="/v1/test_helpers/test_clocks",
        verbs="list create retrieve delete advance",
        starts='status="ready" status_details={}',
        echoes="name",
        emits="created deleted",
        in_path="test_clock",
    )
)

_KEPT_DAYS = 30
_INTERVALS = 2
_YEARS = 2
_LIVING = ("active", "past_due", "trialing", "unpaid", "paused", "incomplete")
_BELONGS = ("subscription", "invoice", "invoiceitem", "subscription_schedule")


@does(f"{CLOCK}.create", "frozen_time")
def create(account: Account, clock: Json, _given: Given) -> Json:
    """Make a clock that stands at its `frozen_time`, and that is deleted after 30 days."""
    clock["deletes_after"] = account.time + _KEPT_DAYS * periods.DAY
    return account.create(clock)


@does(f"{CLOCK}.advance", "frozen_time")
def advance(account: Account, clock: Json, given: Given) -> Json:
    """Let the time of a clock pass: what is due until then happens in order."""
    target: int = given["frozen_time"]
    before = given.before["frozen_time"]
    _check_target(account, given.before, target)
    clock["frozen_time"] = before
    details = {"advancing": {"target_frozen_time": target}}
    moving = clock | {"status": "advancing", "status_details": details}
    account.emit(f"{CLOCK}.advancing", moving)
    _bring(account, clock, target)
    there = account.change(clock | {"frozen_time": target})
    account.emit(f"{CLOCK}.ready", there)
    return moving


def _bring(account: Account, clock: Json, target: int) -> None:
    """Do what is due; events of time are of no request."""
    nobody = evolve(account, request_id=None, key=None, events=[])
    due.bring(account.store, lambda _name: nobody, target, clock["id"])
    account.events += nobody.events


def _check_target(account: Account, clock: Json, target: int) -> None:
    now: int = clock["frozen_time"]
    if target <= now:
        raise Refusal(
            f"The `frozen_time` of a test clock can only move forward: this one stands at {now}.",
            param="frozen_time",
        )
    furthest = _furthest(account, clock)
    if target > furthest:
        raise Refusal(
            f"A test clock cannot be advanced by more than {_INTERVALS} intervals of its shortest "
            f"subscription, or {_YEARS} years without one, at a time: by {furthest} at the latest.",
            param="frozen_time",
        )


def _furthest(account: Account, clock: Json) -> int:
    """Two of the shortest intervals from now; two years without a subscription."""
    intervals = [{"interval": "year", "interval_count": 1}]
    living = account.find("subscription", test_clock=clock["id"])
    items = [item for each in living if each["status"] in _LIVING for item in each["_items"]]
    if items:
        intervals = [account.need("price", item["price"])["recurring"] for item in items]
    return min(_twice(clock["frozen_time"], every) for every in intervals)


def _twice(start: int, every: Json) -> int:
    once = periods.end_after(start, every, start)
    return periods.end_after(start, every, once)


def _expires(clock: Json) -> int:
    moment: int = clock["deletes_after"]
    return moment


@due.due(f"{CLOCK}.expire", _expires)
def expire(account: Account, clock: Json) -> None:
    """Delete a clock that is thirty days old."""
    _delete(account, clock)


@does(f"{CLOCK}.delete")
def delete(account: Account, clock: Json, _given: Given) -> Json:
    """Delete a clock, its customers, and all that belongs to them."""
    return _delete(account, clock)


def _delete(account: Account, clock: Json) -> Json:
    for customer in account.find("customer", test_clock=clock["id"]):
        lifecycle.do("customer.delete", account, customer, {})
    for kind in _BELONGS:
        for obj in account.find(kind, test_clock=clock["id"]):
            account.store.bury(account.name, obj)
    return account.delete(clock)
