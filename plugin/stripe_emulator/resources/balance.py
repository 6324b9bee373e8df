"""What is the balance: how much of each currency is there, and how much is still pending?"""

from collections import Counter

from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.lifecycle import Given, does
from stripe_emulator.refusals import Json
from stripe_emulator.resources import balance_transaction as transactions

declare(Resource(kind="balance", prefix="", size=0, path="/v1/balance", verbs="own"))


@does("balance.own")
def own(account: Account, balance: Json, _given: Given) -> Json:
    """Add up what charges and refunds have moved."""
    sums = {"available": Counter({"usd": 0}), "pending": Counter({"usd": 0})}
    for moved in account.find("balance_transaction"):
        where = "available" if transactions.is_available(account, moved) else "pending"
        other = "pending" if where == "available" else "available"
        sums[where][moved["currency"]] += moved["net"]
        sums[other][moved["currency"]] += 0
    del balance["id"]  # it has none
    return balance | {name: _rows(each) for name, each in sums.items()}


def _rows(sums: Counter[str]) -> list[Json]:
    return [
        {"amount": amount, "currency": currency, "source_types": {"card": amount}}
        for currency, amount in sorted(sums.items())
    ]
