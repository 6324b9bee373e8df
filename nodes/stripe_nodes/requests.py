"""Any other request: what no table is of yet."""

from typing import Any

from stripe_plugin import Anything, OpenAction, Resource, action, optional, required, rule

ANYTHING = Resource(
    "any", permission="Whatever Stripe API Request asks for", words="object", icon="braces"
)
_CUSTOMER = {"id": "cus_123", "object": "customer", "email": "jenny@example.com"}


@action(
    "POST /v1",
    ANYTHING,
    answers=Anything(_CUSTOMER),
    repeatable=False,
    destructive=True,
    beyond=True,
)
class StripeAPIRequest(OpenAction):
    """Ask any endpoint of Stripe's API, checked by its document before it is sent.

    For what has no action of its own. Nothing is known of it but what the document says: prefer
    the action where there is one.
    """

    method: str = required(
        "Method", "POST", "What to do: GET reads", rule.one_of("GET", "POST", "DELETE")
    )
    path: str = required(
        "Path", "/v1/customers", "Which endpoint, with IDs in it: /v1/prices/price_123"
    )
    parameters_: dict[str, Any] | None = optional(
        "Parameters",
        {"email": "jenny@example.com"},
        "What to send with it, by the names of Stripe's API, nested ones as objects and lists",
        local=True,
    )
