"""What follows when a subscription is changed: its plan, its quantities, its trial, its dates?"""

from typing import Any

from stripe_emulator import refusals
from stripe_emulator.account import Account
from stripe_emulator.billing import billed, ending
from stripe_emulator.billing.proration import Cut
from stripe_emulator.lifecycle import Behaviour, Given, does, picked
from stripe_emulator.refusals import Json, Refusal, is_json
from stripe_emulator.resources import subscription as subscriptions
from stripe_emulator.resources import subscription_item as items

_EDITABLE_WHEN_ENDED = {"metadata", "cancellation_details", "expand"}
Items = dict[str, Json]
_WORDS = ("billing_cycle_anchor", "trial_end")  # may be given as `now`
_PRICED = "price quantity"


@does(
    "subscription.update",
    """billing_cycle_anchor cancel_at cancel_at_period_end cancellation_details collection_method
    days_until_due default_payment_method default_tax_rates discounts items.deleted
    items.discounts items.id items.metadata items.price items.price_data items.quantity
    items.tax_rates off_session pause_collection
    payment_behavior=allow_incomplete|default_incomplete|error_if_incomplete proration_behavior
    proration_date trial_end""",
)
def update(account: Account, subscription: Json, given: Given) -> Json:
    """Change a subscription, and bill what the change costs as `proration_behavior` says."""
    _check(account, given)
    subscription |= {name: given.before[name] for name in _WORDS}
    subscriptions.change_dates(account, subscription, given)
    _change_items(account, subscription, given)
    subscriptions.take_taxes(account, subscription, given)
    subscriptions.redeem(account, subscription, given, given.before["discounts"])
    if "default_payment_method" in given:
        subscriptions.name_method(account, subscription)
    follow = _consequence(account, subscription, given)
    return follow(account, subscription, given)


def _consequence(account: Account, subscription: Json, given: Given) -> Behaviour:
    """What a change of the items and of the trial does to the periods, and costs."""
    trial_end = given.get("trial_end")
    if trial_end == "now" and given.before["status"] == "trialing":
        return _end_trial
    if trial_end not in {None, "now"}:
        return _start_trial
    if _restarts(account, subscription, given):
        return _restart
    return _prorate


def _check(account: Account, given: Given) -> None:
    before = given.before
    if before["status"] in ending.ENDED and given.keys() - _EDITABLE_WHEN_ENDED:
        raise Refusal(
            "A canceled subscription can only update its cancellation_details and metadata.",
            code="invalid_canceled_subscription_fields",
        )
    _check_date(before, given)
    _check_pause(account, given.get("pause_collection"))


def _check_pause(account: Account, pause: Any) -> None:
    resumes = pause.get("resumes_at") if is_json(pause) else None
    if resumes is not None and resumes <= account.now:
        raise refusals.past_timestamp("pause_collection[resumes_at]")


def _check_date(before: Json, given: Given) -> None:
    at = given.get("proration_date")
    starts = [item["current_period_start"] for item in before["_items"]]
    ends = [item["current_period_end"] for item in before["_items"]]
    if at is not None and not min(starts) <= at <= max(ends):
        raise Refusal(
            "Invalid `proration_date`: it must be within the current billing period of the "
            "subscription.",
            param="proration_date",
        )


def _change_items(account: Account, subscription: Json, given: Given) -> None:
    for index, wanted in enumerate(given.get("items", ())):
        items.change(account, subscription, wanted, f"items[{index}]")
    subscriptions.settle_currency(account, subscription)


def _restarts(account: Account, subscription: Json, given: Given) -> bool:
    """Whether the billing period begins anew: by request, or for another interval."""
    if subscription["status"] == "trialing":
        return False
    if given.get("billing_cycle_anchor") == "now":
        return True
    before = _intervals(account, given.before)
    after = _intervals(account, subscription)
    kept = before.keys() & after.keys()
    return any(before[id_] != after[id_] for id_ in kept)


def _intervals(account: Account, subscription: Json) -> dict[str, tuple[str, int]]:
    return {item["id"]: _every(account, item) for item in subscription["_items"]}


def _every(account: Account, item: Json) -> tuple[str, int]:
    recurring = account.need("price", item["price"])["recurring"]
    return recurring["interval"], recurring["interval_count"]


def _behavior(given: Json) -> str:
    found: str = given.get("proration_behavior", "create_prorations")
    return found


def _prorate(account: Account, subscription: Json, given: Given) -> Json:
    """Leave the items of what changed pending, or bill them at once."""
    costs = _behavior(given) != "none" and subscription["status"] != "trialing"
    made = _pairs(account, subscription, given) if costs else []
    account.change(subscription, given.before)
    if made and _behavior(given) == "always_invoice":
        return billed.now(account, subscription, [], given)
    return subscription


def _pairs(account: Account, subscription: Json, given: Given) -> list[Json]:
    """The items of a change: charges first, so that credits, which are newer, are on top."""
    at = given.get("proration_date", account.now)
    before = _by_id(given.before)
    after = _by_id(subscription)
    now = Cut(account, subscription, at)
    then = Cut(account, given.before, at)
    made = [now.charge(item) for item in _changed(after, before)]
    made += [then.credit(item) for item in _changed(before, after)]
    return [item for item in made if item]


def _by_id(subscription: Json) -> Items:
    return {item["id"]: item for item in subscription["_items"]}


def _changed(these: Items, those: Items) -> list[Json]:
    """Those of the first that are not the same in the second."""
    return [item for id_, item in these.items() if _differs(item, those.get(id_))]


def _differs(one: Json, other: Json | None) -> bool:
    return other is None or picked(one, _PRICED) != picked(other, _PRICED)


def _restart(account: Account, subscription: Json, given: Given) -> Json:
    """Begin a new period now: what is left of the old one comes back, the new one is paid."""
    _give_back(account, given, given.get("proration_date", account.now))
    _roll_all(account, subscription)
    return billed.now(account, subscription, subscription["_items"], given)


def _roll_all(account: Account, subscription: Json) -> None:
    subscription["billing_cycle_anchor"] = account.now
    for item in subscription["_items"]:
        items.roll(account, subscription, item, account.now)


def _end_trial(account: Account, subscription: Json, given: Given) -> Json:
    """End a trial now: the first paid period begins, or what the trial's settings say."""
    subscription["trial_end"] = account.now
    if subscriptions.lacks_method(account, subscription):
        behavior = billed.without_method(subscription)
        if behavior == "create_invoice":
            raise subscriptions.no_method()
        return billed.stop_trial(account, subscription, behavior)
    subscription["status"] = "active"
    _roll_all(account, subscription)
    return billed.now(account, subscription, subscription["_items"], given)


def _start_trial(account: Account, subscription: Json, given: Given) -> Json:
    """Put the next payment off to a trial's end; what was paid for until then comes back."""
    end: int = given["trial_end"]
    subscriptions.check_trial(account, given)
    goes_on = given.before["status"] == "trialing"
    if not goes_on:
        subscription |= {"trial_start": account.now, "status": "trialing"}
        _give_back(account, given, account.now)
    subscription |= {"trial_end": end, "billing_cycle_anchor": end, "_warned": None}
    for item in subscription["_items"]:
        item |= {"current_period_start": account.now, "current_period_end": end, "_billed": None}
    if goes_on:
        return account.change(subscription, given.before)
    return billed.now(account, subscription, subscription["_items"], given)


def _give_back(account: Account, given: Given, at: int) -> None:
    """Credit what is left of everything, unless nothing is to be prorated."""
    if _behavior(given) == "none":
        return
    cut = Cut(account, given.before, at)
    for item in given.before["_items"]:
        cut.credit(item)
