"""What is a customer balance transaction: what changed a customer's balance, and to how much?

Kept of credit notes only.
"""

from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.refusals import Json

declare(Resource(kind="customer_balance_transaction", prefix="cbtxn_1", emits="created"))


def of_credit_note(account: Account, note: Json, amount: int) -> Json:
    """Credit a customer: less than nothing is what the customer has."""
    customer = account.need("customer", note["customer"])
    before = dict(customer)
    customer["balance"] -= amount
    customer["currency"] = customer["currency"] or note["currency"]
    account.change(customer, before)
    made = account.new(
        "customer_balance_transaction",
        amount=-amount,
        credit_note=note["id"],
        currency=note["currency"],
        customer=customer["id"],
        ending_balance=customer["balance"],
        type="credit_note",
    )
    return account.create(made)
