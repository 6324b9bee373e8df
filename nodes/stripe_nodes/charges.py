"""Charges: attempts to take money, with what came of them."""

from typing import Any

from stripe_nodes import rows, rules
from stripe_nodes.lists import Dated, Searched
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
class SearchCharges(Searched):
    """Find attempts to take money by what is known of them, newest first.

    What is new or changed is found within a minute, so never search for what was just made.
    """

    customer: str | None = rows.equal(
        "Customer", "customer", "cus_123", "Only this customer's", rule.reference(CUSTOMER)
    )
    status: str | None = rows.equal(
        "Status", "status", "failed", "Only those that came to this", _STATUS
    )
    amount: int | None = rows.equal(
        "Amount", "amount", 1000, "Exactly this much", rules.amount(currency="Currency")
    )
    amount_at_least: int | None = rows.at_least("Amount at Least", "amount")
    amount_at_most: int | None = rows.at_most("Amount at Most", "amount")
    currency: str | None = rows.equal(
        "Currency", "currency", "usd", "Only those in this currency", rules.currency_code()
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
    metadata: dict[str, Any] | None = rows.searched_metadata()
    created_after: int | None = rows.made_after()
    created_before: int | None = rows.made_before()
