"""The balance: what Stripe holds for an account."""

from stripe_nodes.resources import BALANCE
from stripe_plugin import Action, Other, action

_MONEY = {"amount": 1000, "currency": "usd", "source_types": {"card": 1000}}


@action(
    "GET /v1/balance",
    BALANCE,
    answers=Other(
        {"object": "balance", "available": [_MONEY], "pending": [_MONEY], "livemode": False}
    ),
    beyond=True,
)
class RetrieveBalance(Action):
    """Get what is available to pay out and what is pending, in each currency."""
