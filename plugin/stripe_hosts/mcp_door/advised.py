"""What is a model to do about an error, if the sentence does not say so?"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from stripe_hosts.mcp_door.tool import Own
from stripe_plugin.errors import near
from stripe_plugin.host import advice

Data = dict[str, Any]
AGAIN = 'Call it again with {} "{}": it is executed only once.'
LATER = "Call it again a little later."
# What to do, where the advice for hosts is not for a model; nothing, if the sentence says it all.
DO: Mapping[str, str] = MappingProxyType(
    {
        "authentication": "Whoever runs this server can give it another key, and start it anew.",
        "rate_limit": LATER,
        "permission": "Whoever runs this server can give its key what it lacks.",
        **dict.fromkeys(("invalid_request", "usage", "idempotency", "unreconciled"), ""),
        **dict.fromkeys(("connection", "api"), ""),
    }
)


def advised(facts: Data, own: Own | None) -> str | None:
    """What to do about it, if the sentence does not say so."""
    category = facts["category"]
    if category == "invalid_inputs":
        return _unknown(facts["problems_at"], own)
    if facts["retryable"] or _is_open(facts):
        return _again(facts.get("idempotency_key"), own)
    if category in DO:
        return DO[category]
    declined = advice.DECLINES.get(facts.get("decline_code") or "")
    return declined or advice.ADVICE[category].do


def _is_open(facts: Data) -> bool:
    """Whether the same call would find out what came of it."""
    lost = facts["category"] in ("connection", "api")
    return lost and facts["outcome_unknown"] and not facts["replayed"]


def _again(key: str | None, own: Own | None) -> str:
    """How to repeat it; what only reads has no key."""
    if key and own and own.key:
        return AGAIN.format(own.key, key)
    return LATER


def _unknown(problems: list[Data], own: Own | None) -> str | None:
    """Where an argument is no input: which others there are."""
    unknown = [each for each in problems if _is_argument(each)]
    if not unknown or own is None:
        return None
    names = ", ".join(own.names)
    hint = near(unknown[0]["key"], own.names)
    return f"Beside its inputs a call has {names}{hint}."


def _is_argument(problem: Data) -> bool:
    """Whether it is an unknown argument, and not something unknown inside of one."""
    return problem["rule"] == "not_a_row" and len(problem["path"]) == 1
