"""What is a balance transaction: by how much did a charge, refund or dispute move the balance?

Stripe's fees depend on the contract with an account, and its API document has none: they are 0.
"""

from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.present import shows
from stripe_emulator.refusals import Json

declare(
    Resource(
        kind="balance_transaction",
        prefix="txn_3",
        path="/v1/balance_transactions",
        verbs="list retrieve",
        starts='balance_type="payments" status="pending"',
    )
)

# how long what was charged is pending; what is refunded leaves the balance at once
_PENDING = 2 * 86_400


def of_charge(account: Account, charge: Json, amount: int) -> str:
    """Add what a charge has taken; returns the ID."""
    return _move(account, charge, amount, available_on=account.time + _PENDING)


def of_refund(account: Account, refund: Json, charge: Json) -> str:
    """Take off what a refund gives back; returns the ID."""
    described = charge["description"]
    words = f"REFUND FOR CHARGE ({described})" if described else "REFUND FOR CHARGE"
    told = refund | {"description": words}
    return _move(account, told, -refund["amount"], available_on=account.time)


def of_dispute(account: Account, dispute: Json, amount: int) -> str:
    """Take off what is disputed, or put it back when the dispute is won; returns the ID."""
    taken = amount < 0
    words = "withdrawal" if taken else "reversal"
    told = dispute | {"description": f"Chargeback {words} for {dispute['charge']}"}
    category = "dispute" if taken else "dispute_reversal"
    return _move(
        account,
        told,
        amount,
        available_on=account.time,
        type="adjustment",
        reporting_category=category,
    )


def _move(account: Account, source: Json, amount: int, *, available_on: int, **other: str) -> str:
    moved = account.new("balance_transaction", amount=amount, net=amount)
    moved["created"] = account.time
    moved |= {
        "available_on": available_on,
        "currency": source["currency"],
        "description": source["description"],
        "reporting_category": source["object"],
        "source": source["id"],
        "type": source["object"],
        **other,
    }
    account.keep(moved)
    return str(moved["id"])


def is_available(account: Account, moved: Json) -> bool:
    """Whether its money is no longer pending."""
    there: bool = moved["available_on"] <= account.time
    return there


@shows("balance_transaction")
def show(account: Account, moved: Json, view: Json) -> None:
    """Show whether it is still pending."""
    view["status"] = "available" if is_available(account, moved) else "pending"
