"""How does a document describe a list that is read to its end? A body around the inputs, lines."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from stripe_hosts.openapi_words import ACCOUNT, FREE
from stripe_plugin.run.pages import MOST

Data = dict[str, Any]
# What is said behind an action's name.
EVERY = "Every Entry"
READ = "The entries, a line each, as soon as Stripe has given them."
# The whole body: no version has a word for lines.
LINES_SCHEMA: Data = {
    "type": "string",
    "description": 'Lines of JSON: {"data": …} for each entry, and a last one with has_more, cursor'
    " and requests; behind an error the members of a problem are in that last one.",
}
BOUNDS: Mapping[str, Data] = MappingProxyType(
    {
        "options": {**FREE, "description": "What every run may be told, as GET /options has it."},
        "most": {
            "type": "integer",
            "minimum": 1,
            "default": MOST,
            "description": f"How many entries, at most; {MOST:,} if nothing is said.",
        },
        "cursor": {
            "type": "string",
            "description": "Behind which it goes on: the cursor of the last line before.",
        },
    }
)


def body_of(inputs: Data, accounts: Sequence[str]) -> Data:
    """The schema of a body: inputs, of which account, and how far."""
    about = ACCOUNT["description"]
    account = {"type": "string", "enum": [*accounts], "description": about}
    body: Data = {
        "type": "object",
        "properties": {"inputs": inputs, "account": account, **BOUNDS},
        "additionalProperties": False,
    }
    if len(accounts) > 1:
        body["required"] = ["account"]
    return body
