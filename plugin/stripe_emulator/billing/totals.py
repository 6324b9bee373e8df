"""What is the total of an invoice's lines, with discounts off?"""

from stripe_emulator.account import Account
from stripe_emulator.refusals import Json
from stripe_emulator.resources import discount as discounts


def settle(account: Account, invoice: Json, lines: list[Json]) -> None:
    """Give an invoice these lines, and the sums of them."""
    taken = discounts.take_off(account, invoice["discounts"], lines)
    for line in lines:
        line["pretax_credit_amounts"] = discounts.as_credits(line["discount_amounts"])
    subtotal = sum(line["amount"] for line in lines)
    total = subtotal - sum(each["amount"] for each in taken)
    due = max(total, 0)
    invoice |= {
        "_lines": lines,
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal,
        "total": total,
        "total_discount_amounts": taken,
        "total_pretax_credit_amounts": discounts.as_credits(taken),
        "total_excluding_tax": total,
        "amount_due": due,
        "amount_remaining": due - invoice["amount_paid"],
    }
