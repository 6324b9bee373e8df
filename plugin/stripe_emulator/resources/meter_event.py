"""What is a meter event: how much did a customer use, and when?"""

import re
from collections.abc import Callable

from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.lifecycle import Given, does
from stripe_emulator.message import token
from stripe_emulator.present import shows
from stripe_emulator.refusals import Json, Refusal, not_simulated
from stripe_emulator.resources import meter as meters

_KIND = "billing.meter_event"
declare(
    Resource(
        kind=_KIND,
        prefix="mtr_event_1",
        path="/v1/billing/meter_events",
        verbs="create",
        starts='identifier="" payload={}',
        echoes="event_name",
    )
)

_DAY = 86_400
_OLDEST = 35 * _DAY
_AHEAD = 300


@does(f"{_KIND}.create", "identifier payload timestamp")
def create(account: Account, event: Json, given: Given) -> Json:
    """Take what was used, by a customer that there is, of a meter that counts."""
    meter = meters.of_event(account, given["event_name"])
    if meter is None:
        name = given["event_name"]
        raise Refusal(f"There is no active meter for the event name {name}.", param="event_name")
    event["_customer"] = _customer(account, meter, event["payload"])
    event["_value"] = _value(meter, event["payload"])
    event["timestamp"] = event["timestamp"] or account.now
    event["identifier"] = event["identifier"] or token(36)
    _check_moment(account, event["timestamp"])
    _check_new(account, event["identifier"])
    return account.create(event)


def _check_moment(account: Account, moment: int) -> None:
    oldest = account.now - _OLDEST
    newest = account.now + _AHEAD
    if not oldest <= moment <= newest:
        message = "The timestamp must be within the past 35 days, or up to 5 minutes ahead."
        raise Refusal(message, param="timestamp")


def _check_new(account: Account, identifier: str) -> None:
    if account.find(_KIND, identifier=identifier):
        message = f"An event with the identifier {identifier} was taken already."
        raise Refusal(message, param="identifier")


def _said(payload: Json, key: str) -> str:
    if key not in payload:
        raise Refusal(f"The payload must have the key {key}.", param="payload")
    text: str = payload[key]
    return text


def _customer(account: Account, meter: Json, payload: Json) -> str:
    id_ = _said(payload, meter["customer_mapping"]["event_payload_key"])
    customer: str = account.need("customer", id_, "payload")["id"]
    return customer


def _value(meter: Json, payload: Json) -> int:
    if meter["default_aggregation"]["formula"] == "count":
        return 1
    text = _said(payload, meter["value_settings"]["event_payload_key"])
    if not re.fullmatch(r"-?[0-9]{1,12}", text):
        raise not_simulated("usage that is no whole number", "payload")
    return int(text)


def _last(values: list[int]) -> int:
    return values[-1]


Total = Callable[[list[int]], int]
_TOTALS: dict[str, Total] = {"count": sum, "last": _last, "sum": sum}


def used(account: Account, meter_id: str, customer: str, period: Json) -> int:
    """How much a customer used from the start of a period to before its end."""
    meter = account.get(meters.KIND, meter_id)
    if meter is None:
        return 0
    moments = range(period["start"], period["end"])
    return max(aggregated(meter, told(account, meter, customer, moments)), 0)


def told(account: Account, meter: Json, customer: str, moments: range) -> list[Json]:
    """The events of a customer in this time, the earliest first."""
    events = account.find(_KIND, event_name=meter["event_name"], _customer=customer)
    inside = [each for each in events if each["timestamp"] in moments]
    return sorted(inside, key=lambda each: int(each["timestamp"]))


def aggregated(meter: Json, events: list[Json]) -> int:
    """What a meter makes of events: how many there are, their sum, or the last one's value."""
    values = [int(each["_value"]) for each in events]
    total = _TOTALS[meter["default_aggregation"]["formula"]]
    return total(values) if values else 0


@shows(_KIND)
def show(_account: Account, _event: Json, view: Json) -> None:
    """An event has no ID of Stripe's."""
    del view["id"]
