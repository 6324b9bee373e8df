"""What is a subscription schedule: phases of a subscription, one after the other?"""

import copy
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

from stripe_emulator import contract, refusals
from stripe_emulator.account import Account
from stripe_emulator.billing import ending, periods
from stripe_emulator.declare import Resource, declare, empty_object
from stripe_emulator.due import due
from stripe_emulator.lifecycle import Given, do, does, picked
from stripe_emulator.refusals import Json, Refusal
from stripe_emulator.resources import price as prices

_KIND = "subscription_schedule"
declare(
    Resource(
        kind=_KIND,
        prefix="sub_sched_1",
        path="/v1/subscription_schedules",
        verbs="list create retrieve update release cancel",
        starts="""billing_mode={"flexible": {"proration_discounts": "included"}, "type":
            "flexible", "updated_at": null} end_behavior="release" status="not_started" """,
        emits="created updated",
        in_path="schedule",
    )
)

_PHASES = """end_behavior=cancel|release phases.duration phases.end_date phases.items.metadata
    phases.items.price phases.items.quantity phases.metadata phases.proration_behavior"""
_NOTICE = 7 * periods.DAY
_GOES_ON = {"not_started", "active"}


def _empty(kind: str) -> Json:
    return empty_object(contract.of_kind(kind))


@does(f"{_KIND}.create", f"customer from_subscription start_date {_PHASES}")
def create(account: Account, schedule: Json, given: Given) -> Json:
    """Plan phases of a new subscription, or of one that goes on for its current period."""
    if "from_subscription" in given:
        return _adopt(account, schedule, given)
    for name in ("customer", "phases"):
        if name not in given:
            raise refusals.missing_parameter(name)
    account.need("customer", given["customer"], "customer")
    start = given.get("start_date", "now")
    first = account.now if start == "now" else start
    schedule["phases"] = [*_phases(account, given["phases"], first)]
    account.create(schedule)
    return _begin(account, schedule) if first <= account.now else schedule


def _adopt(account: Account, schedule: Json, given: Json) -> Json:
    """Make the schedule of a subscription, with its current period as the first phase."""
    if given.keys() & {"phases", "customer", "start_date"}:
        raise Refusal(
            "You cannot pass other parameters with `from_subscription`: change the phases of the "
            "schedule with an update.",
            param="from_subscription",
        )
    id_ = given["from_subscription"]
    subscription = account.need("subscription", id_, "from_subscription")
    _check_adoptable(subscription)
    schedule |= {"customer": subscription["customer"], "subscription": id_, "status": "active"}
    schedule["phases"] = [_current(subscription)]
    _enter(schedule, schedule["phases"][0])
    account.change(subscription | {"schedule": schedule["id"]}, subscription)
    return account.create(schedule)


def _check_adoptable(subscription: Json) -> None:
    reason = "already attached to a schedule" if subscription["schedule"] else None
    if subscription["status"] in ending.ENDED:
        reason = subscription["status"]
    if reason:
        raise Refusal(
            f"You cannot migrate a subscription that is {reason}: {subscription['id']}.",
            param="from_subscription",
        )


def _current(subscription: Json) -> Json:
    rows = subscription["_items"]
    items = [_item(picked(item, "price quantity metadata")) for item in rows]
    return _empty("subscription_schedule_phase_configuration") | {
        "end_date": min(item["current_period_end"] for item in rows),
        "items": items,
        "proration_behavior": "create_prorations",
        "start_date": min(item["current_period_start"] for item in rows),
    }


def _item(wanted: Json) -> Json:
    return _empty("subscription_schedule_configuration_item") | {"quantity": 1} | wanted


def _phases(account: Account, given: list[Json], start: int) -> Iterator[Json]:
    """Phases one after the other; one that does not say when it ends lasts one interval."""
    for index, wanted in enumerate(given):
        path = f"phases[{index}]"
        _check_items(account, wanted.get("items"), f"{path}[items]")
        end = _end(account, wanted, start)
        if end <= start:
            raise refusals.past_timestamp(f"{path}[end_date]")
        yield _empty("subscription_schedule_phase_configuration") | {
            "end_date": end,
            "items": [_item(item) for item in wanted["items"]],
            "metadata": wanted.get("metadata") or {},
            "proration_behavior": wanted.get("proration_behavior", "create_prorations"),
            "start_date": start,
        }
        start = end


def _check_items(account: Account, rows: list[Json] | None, path: str) -> None:
    """Refuse now what the subscription would refuse when the phase begins."""
    if not rows:
        raise refusals.missing_parameter(path)
    for index, row in enumerate(rows):
        param = f"{path}[{index}][price]"
        if "price" not in row:
            raise refusals.missing_parameter(param)
        price = account.need("price", row["price"], param)
        prices.check_type(price, "recurring", param)


def _end(account: Account, wanted: Json, start: int) -> int:
    end: Any = wanted.get("end_date")
    if end not in {None, "now"}:
        return int(end)
    if end == "now":
        return account.now
    every = wanted.get("duration")
    if every is None:
        first = account.need("price", wanted["items"][0]["price"])
        every = first["recurring"]
    return periods.end_after(start, {"interval_count": 1} | every, start)


@does(f"{_KIND}.update", f"{_PHASES} phases.start_date proration_behavior=none")
def update(account: Account, schedule: Json, given: Given) -> Json:
    """Plan other phases; the one that is going on stays the first."""
    before = given.before
    _check_going_on(before, "update")
    schedule["phases"] = before["phases"]
    if "phases" in given:
        start = before["current_phase"] or before["phases"][0]
        first = start["start_date"]
        schedule["phases"] = [*_phases(account, given["phases"], first)]
    if before["current_phase"]:
        begun = [phase for phase in schedule["phases"] if phase["start_date"] <= account.now]
        _enter(schedule, begun[-1])
    return account.change(schedule, before)


def _check_going_on(schedule: Json, what: str) -> None:
    if schedule["status"] not in _GOES_ON:
        raise Refusal(
            f"You cannot {what} a subscription schedule that is currently in the "
            f"`{schedule['status']}` status. It can only be done if the schedule is in the "
            "`not_started` or `active` status."
        )


def _enter(schedule: Json, phase: Json) -> None:
    schedule["current_phase"] = picked(phase, "end_date start_date")


def _begins(schedule: Json) -> int | None:
    if schedule["status"] != "not_started":
        return None
    start: int = schedule["phases"][0]["start_date"]
    return start


@due(f"{_KIND}.begin", _begins, rank=-1)
def begin(account: Account, schedule: Json) -> None:
    """Start the subscription of the first phase."""
    _begin(account, schedule)


def _begin(account: Account, schedule: Json) -> Json:
    before = copy.deepcopy(schedule)
    phase = schedule["phases"][0]
    customer = schedule["customer"]
    made = account.new("subscription", customer=customer, schedule=schedule["id"])
    rows = [picked(item, "price quantity metadata") for item in phase["items"]]
    asked = {"customer": customer, "items": rows}
    started = do("subscription.create", account, made, asked)
    schedule |= {"subscription": started["id"], "status": "active"}
    _enter(schedule, phase)
    return account.change(schedule, before)


def _turns(schedule: Json) -> int | None:
    if schedule["status"] != "active":
        return None
    end: int = schedule["current_phase"]["end_date"]
    return end


@due(f"{_KIND}.turn", _turns, rank=-1)
def turn(account: Account, schedule: Json) -> None:
    """Begin the next phase, before anything else of that moment; or end after the last."""
    left = [phase for phase in schedule["phases"] if phase["start_date"] >= account.now]
    if not left:
        _finish(account, schedule)
        return
    before = copy.deepcopy(schedule)
    _enter(schedule, left[0])
    account.change(schedule, before)
    subscription = account.need("subscription", schedule["subscription"])
    behavior = left[0]["proration_behavior"]
    change = {"items": _change(subscription, left[0]), "proration_behavior": behavior}
    do("subscription.update", account, subscription, change)


def _change(subscription: Json, phase: Json) -> list[Json]:
    """How the items of a subscription become those of a phase; ids stay as far as they can."""
    wanted = {item["price"]: item for item in phase["items"]}
    here = {item["price"]: item for item in subscription["_items"]}
    gone = [here[price] for price in here if price not in wanted]
    fresh = [wanted[price] for price in wanted if price not in here]
    rows = [
        {"id": here[price]["id"], "quantity": wanted[price]["quantity"]}
        for price in wanted
        if price in here
    ]
    return [*rows, *_swapped(gone, fresh)]


def _swapped(gone: list[Json], fresh: list[Json]) -> Iterator[Json]:
    """Put what is new in the place of what goes; what is over is added, or deleted."""
    for item, new in zip_longest(gone, fresh):
        named = {"id": item["id"]} if item else {}
        change = picked(new, "price quantity") if new else {"deleted": True}
        yield named | change


def _expires(schedule: Json) -> int | None:
    if schedule["status"] != "active" or schedule.get("_told"):
        return None
    first, last = schedule["phases"][0], schedule["phases"][-1]
    soon: int = last["end_date"] - _NOTICE
    start: int = first["start_date"]
    return max(soon, start)


@due(f"{_KIND}.tell_expiring", _expires)
def tell_expiring(account: Account, schedule: Json) -> None:
    """Tell seven days before that the last phase will end."""
    account.change(schedule | {"_told": True})
    account.emit(f"{_KIND}.expiring", schedule)


def _finish(account: Account, schedule: Json) -> None:
    if schedule["end_behavior"] == "release":
        _release(account, schedule)
        return
    subscription = account.need("subscription", schedule["subscription"])
    schedule |= {"status": "completed", "completed_at": account.now, "current_phase": None}
    account.change(schedule)
    account.emit(f"{_KIND}.completed", schedule)
    do("subscription.delete", account, subscription, {})


def _release(account: Account, schedule: Json) -> Json:
    id_ = schedule["subscription"]
    subscription = account.get("subscription", id_)
    if subscription:
        account.change(subscription | {"schedule": None}, subscription)
    schedule |= {"status": "released", "released_at": account.now, "current_phase": None}
    schedule |= {"released_subscription": id_, "subscription": None}
    account.change(schedule)
    account.emit(f"{_KIND}.released", schedule)
    return schedule


@does(f"{_KIND}.release")
def release(account: Account, schedule: Json, _given: Given) -> Json:
    """Let the subscription go on by itself."""
    _check_going_on(schedule, "release")
    return _release(account, schedule)


@does(f"{_KIND}.cancel", "invoice_now prorate")
def cancel(account: Account, schedule: Json, given: Given) -> Json:
    """Cancel the schedule, and its subscription with it."""
    _check_going_on(schedule, "cancel")
    subscription = account.get("subscription", schedule["subscription"])
    stop(account, schedule)
    if subscription:
        do("subscription.delete", account, subscription, dict(given))
    return schedule


def stop(account: Account, schedule: Json) -> None:
    """End a schedule with its subscription."""
    schedule |= {"status": "canceled", "canceled_at": account.now, "current_phase": None}
    account.change(schedule)
    account.emit(f"{_KIND}.canceled", schedule)


@does(f"{_KIND}.lose")
def lose(account: Account, schedule: Json, _given: Given) -> Json:
    """End a schedule whose subscription has ended."""
    if schedule["status"] in _GOES_ON:
        stop(account, schedule)
    return schedule
