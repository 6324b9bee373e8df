"""What is the total of an invoice's lines, with discounts off and taxes on?"""

from stripe_emulator.account import Account
from stripe_emulator.refusals import Json
from stripe_emulator.resources import discount as discounts
from stripe_emulator.resources import tax_rate as tax_rates


def settle(account: Account, invoice: Json, lines: list[Json]) -> None:
    """Give an invoice these lines, and the sums of them."""
    taken = discounts.take_off(account, invoice["discounts"], lines)
    for line in lines:
        line["pretax_credit_amounts"] = discounts.as_credits(line["discount_amounts"])
        line["taxes"] = _taxes(account, invoice, line)
    taxes = tax_rates.totals(tax for line in lines for tax in line["taxes"])
    invoice |= {
        "_lines": lines,
        "total_discount_amounts": taken,
        "total_pretax_credit_amounts": discounts.as_credits(taken),
        "total_taxes": taxes,
    }
    _sum(invoice, taxes)


def _taxes(account: Account, invoice: Json, line: Json) -> list[Json]:
    ids = line["_tax_rates"] or invoice["default_tax_rates"]
    left = line["amount"] - discounts.taken_off(line)
    return tax_rates.of_amount(account, ids, left, invoice["customer_tax_exempt"])


def _sum(invoice: Json, taxes: list[Json]) -> None:
    subtotal = sum(line["amount"] for line in invoice["_lines"])
    within = tax_rates.amount(taxes, "inclusive")
    net = subtotal - sum(each["amount"] for each in invoice["total_discount_amounts"])
    total = net + tax_rates.amount(taxes, "exclusive")
    due = max(total, 0)
    invoice |= {
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - within,
        "total": total,
        "total_excluding_tax": net - within,
        "amount_due": due,
        "amount_remaining": due - invoice["amount_paid"],
    }
