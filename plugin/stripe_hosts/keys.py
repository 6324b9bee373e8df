"""Is an idempotency key given that is nothing? Who meant to give one would have it executed twice.

A form gives a box that is left alone as nothing; whoever calls a door leaves out what is none.
"""

from collections.abc import Mapping
from typing import Any

from stripe_plugin.declare.options import OPTIONS, Options
from stripe_plugin.errors import InvalidInputs, Problem
from stripe_plugin.judge.values import NOTHING, is_empty, is_object

Given = Mapping[str, Any]
KEY = "idempotency_key"
LABEL = f"{OPTIONS} › Idempotency Key"
GIVE_ONE = "give a text of your own for this one deed, such as order-123-payment, or leave it out"


def check_key(options: Any) -> None:
    """Raises `InvalidInputs` for options with a key of nothing; null is none."""
    given: Given = options if is_object(options) else NOTHING
    for word in (KEY, Options.table.words[KEY].key):
        key = given.get(word)
        if key is not None and is_empty(key):
            text = f"{LABEL} is empty: {GIVE_ONE}"
            raise InvalidInputs([Problem(("options", KEY), LABEL, "blank", text)])
