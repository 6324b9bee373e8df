"""For what is a step done again and again, and by what is each item known when a run goes on?

An object with an `id` is known by that, all else by a digest of what it is: when the list changes
between two tries of a run, what was done stays done, wherever it stands. What stands in a list
twice is done twice.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

import attrs

from stripe_flow.expressions import Unresolved
from stripe_plugin.judge.values import is_list, is_object
from stripe_plugin.secrets import masked, shown

MOST_ITEMS = 10_000
LONGEST_LABEL = 60
IDENTITY = re.compile(r"[A-Za-z0-9_]{1,200}")


@attrs.frozen
class Item:
    """One item of a list, its place counted from 0, and by what it is known in its run."""

    value: Any
    index: int
    identity: str

    @property
    def label(self) -> str:
        """What a person calls it: its ID, or what it is."""
        found = self.value.get("id") if is_object(self.value) else self.value
        if isinstance(found, str):
            return masked(found)[:LONGEST_LABEL]
        return "" if found is None else shown(found)

    def as_dict(self) -> dict[str, Any]:
        """Where it is and what it is called, as JSON data."""
        return {"index": self.index, "label": self.label}


def items_of_list(found: Any) -> list[Item]:
    """The items of what `foreach` finds. Raises `Unresolved` if that is no list, or too long."""
    if not is_list(found):
        raise Unresolved(f"foreach needs a list; got {shown(found)}")
    if len(found) > MOST_ITEMS:
        many = f"{len(found):,}"
        raise Unresolved(f"foreach takes at most {MOST_ITEMS:,} items; got {many}")
    seen = Counter[str]()
    items: list[Item] = []
    for index, value in enumerate(found):
        identity = _identity(value)
        seen[identity] += 1
        again = seen[identity]
        if again > 1:
            identity = f"{identity}~{again}"
        items.append(Item(value, index, identity))
    return items


def _identity(value: Any) -> str:
    known = value.get("id") if is_object(value) else None
    if isinstance(known, str) and IDENTITY.fullmatch(known):
        return known
    text = json.dumps(value, sort_keys=True)
    return _digest(text)


def digest_of(items: Iterable[Item]) -> str:
    """What tells one list of items from another."""
    identities = [item.identity for item in items]
    return _digest(json.dumps(identities))


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    return digest.hexdigest()[:16]
