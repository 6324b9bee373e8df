"""What does a form ask of a connection, what of it is secret, and how is it tried?"""

from decimal import Decimal
from typing import Any

import attrs

from stripe_plugin import rule
from stripe_plugin.client.address import STRIPE
from stripe_plugin.declare.options import ACCOUNT
from stripe_plugin.declare.row import Table, optional, required, rows_of

Data = dict[str, Any]


@attrs.frozen(kw_only=True)
class Fields:
    """The arguments of `Connection`, as rows."""

    api_key: str = required(
        "API Key",
        "sk_test_…",
        "A secret (sk_) or restricted (rk_) key; emulator for the small Stripe of this machine",
    )
    account: str | None = optional(
        "Account",
        "acct_123",
        "The connected account to act on, if not the key's own",
        rule.matches(ACCOUNT, "look like acct_…"),
    )
    base_url: str | None = optional(
        "Address", STRIPE, "Where requests go, if not to Stripe: an emulator, or a proxy of yours"
    )
    allow_live: bool | None = optional(
        "Allow Live", False, "Whether the key may be a live one, which moves real money"
    )
    rate: Decimal | None = optional(
        "Rate", 20, "Requests a second, at most; empty for as many as come"
    )


TABLE = Table(
    name="Connection",
    description="Whose account it is, and how it is reached.",
    rows=rows_of(Fields),
)
SECRET = ("api_key",)  # kept where nobody reads it, and shown to nobody
VARIABLES = {  # of the environment, read by Connection.from_env()
    "api_key": "STRIPE_API_KEY",
    "account": "STRIPE_ACCOUNT",
    "base_url": "STRIPE_API_BASE",
}
MODES = {
    "emulated": "The small Stripe of this machine: nothing leaves it.",
    "test": "An account's test mode, or one of Stripe's sandboxes: no money moves.",
    "live": "Real money moves; the connection must allow it.",
}
# By an action that changes nothing, and what its errors tell, by category.
TRIAL = {
    "action": "list_products",
    "inputs": {"limit": 1},
    "means": {
        "authentication": "The key is wrong, expired or revoked.",
        "permission": "The key is good, but a restricted one that may not read products.",
        "connection": "Nobody answers at this address.",
        "usage": "What is in a field cannot be used; the sentence says why.",
    },
}

# By everything that its key is for, as `Checked.as_dict` tells of it.
CHECK = {
    "by": "Host.check",
    "at": "POST /check",
    "tells": {
        "mode": "emulated, test or live.",
        "account": "The connected account; null for the key's own.",
        "permissions": "By Stripe's name of each: ok, not tried, or why not.",
        "missing": "The permissions that the key lacks.",
        "reachable": "Whether anybody answers.",
        "refused": "Whether the key is refused, or may do nothing of it.",
        "note": "What is wrong and what to do, as a sentence; null where nothing is.",
    },
}


def completed(drawn: Data) -> Data:
    """A drawn table with which rows are secret, and how a connection is tried."""
    for row in drawn["inputs"]:
        name = row["name"]
        row["secret"] = name in SECRET
        row["variable"] = VARIABLES.get(name)
        if name in SECRET:
            drawn["ui_schema"][name]["ui:widget"] = "password"
    return {**drawn, "modes": MODES, "trial": TRIAL, "check": CHECK}
