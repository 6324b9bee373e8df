"""What stands at a path of an answer, such as `items.data[0].price.id`?"""

import re
from typing import Any

from stripe_plugin.judge.values import is_list, is_object

STEPS = re.compile(r"[^.\[\]]+")


def found_at(data: Any, path: str) -> Any:
    """The value there; None where there is nothing. A position is written `[0]` or `.0`."""
    found = data
    for step in STEPS.findall(path):
        if is_object(found):
            found = found.get(step)
        elif is_list(found):
            found = _item(found, step)
        else:
            return None
    return found


def _item(found: list[Any], step: str) -> Any:
    place = int(step) if step.isdecimal() else len(found)
    return found[place] if place < len(found) else None
