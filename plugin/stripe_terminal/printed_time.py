"""What do people read of what happened while time passed in the emulator?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from stripe_terminal.screen import Screen

MOST = 60  # events that are told one by one; of more, how often each happened
Facts = Mapping[str, Any]


def told(event: Facts) -> dict[str, Any]:
    """What is told of an event: not the object, which may have secrets, but its ID."""
    named = {name: event[name] for name in ("id", "type", "created")}
    return {**named, "object": event["data"]["object"]["id"]}


def at(seconds: float) -> str:
    """A moment in UTC, to the minute."""
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def print_events(out: Screen, events: Sequence[Facts]) -> None:
    """What happened and when, in UTC; of very many how often each did."""
    if len(events) > MOST:
        _print_counts(out, events)
        return
    for event in events:
        out.say(f"{at(event['created'])}  {event['type']}  {event['object']}")


def _print_counts(out: Screen, events: Sequence[Facts]) -> None:
    counted = Counter[str](event["type"] for event in events)
    for name, count in sorted(counted.items()):
        out.say(f"{count:>7} × {name}")
