"""Charges: attempts to take money, with what came of them."""

from stripe_nodes import rows
from stripe_nodes.resources import CHARGE, CUSTOMER, PAYMENT_INTENT
from stripe_plugin import Action, One, Page, action, path_id


@action("GET /v1/charges", CHARGE, answers=Page(), beyond=True)
class ListCharges(Action):
    """List attempts to take money, failed ones included, newest first."""

    customer: str | None = rows.link("Customer", "cus_123", "Only this customer's", CUSTOMER)
    payment_intent: str | None = rows.link(
        "Payment Intent", "pi_123", "Only those of this payment", PAYMENT_INTENT
    )
    limit: int | None = rows.limit()
    starting_after: str | None = rows.starting_after("ch_123", CHARGE)
    ending_before: str | None = rows.ending_before("ch_456", CHARGE)
    created_after: int | None = rows.created_after()
    created_before: int | None = rows.created_before()
    return_all: bool | None = rows.return_all()
    most: int | None = rows.most()


@action("GET /v1/charges/{charge}", CHARGE, answers=One(), beyond=True)
class RetrieveCharge(Action):
    """Get one charge, with its card and why it failed, if it did."""

    charge: str = path_id("Charge ID", "ch_123", "The charge to get", CHARGE)
