"""Charges: attempts to take money, with what came of them."""

from stripe_nodes import rows
from stripe_nodes.lists import Dated, SearchedByAmount
from stripe_nodes.resources import CHARGE, CUSTOMER, PAYMENT_INTENT
from stripe_plugin import Action, Found, One, Page, action, path_id, rule

_STATUS = rule.one_of("succeeded", "pending", "failed")


@action("GET /v1/charges", CHARGE, answers=Page(), beyond=True)
class ListCharges(Dated):
    """List attempts to take money, failed ones included, newest first."""

    customer: str | None = rows.link("Customer", "cus_123", "Only this customer's", CUSTOMER)
    payment_intent: str | None = rows.link(
        "Payment Intent", "pi_123", "Only those of this payment", PAYMENT_INTENT
    )


@action("GET /v1/charges/{charge}", CHARGE, answers=One(), beyond=True)
class RetrieveCharge(Action):
    """Get one charge, with its card and why it failed, if it did."""

    charge: str = path_id("Charge ID", "ch_123", "The charge to get", CHARGE)


@action("GET /v1/charges/search", CHARGE, answers=Found(), beyond=True)
class SearchCharges(SearchedByAmount):
    """Find attempts to take money by what is known of them, newest first.

    What is new or changed is found within a minute, so never search for what was just made.
    """

    status: str | None = rows.equal(
        "Status", "status", "failed", "Only those that came to this", _STATUS
    )
    refunded: bool | None = rows.equal(
        "Refunded", "refunded", True, "Whether all of it was given back"
    )
    disputed: bool | None = rows.equal(
        "Disputed", "disputed", True, "Whether its payer disputes it"
    )
    last4: str | None = rows.equal(
        "Card's Last 4",
        "payment_method_details.card.last4",
        "4242",
        "The last digits of the card",
        rule.matches("[0-9]{4}", "be four digits"),
    )
