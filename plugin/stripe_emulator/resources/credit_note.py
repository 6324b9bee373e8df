"""What is a credit note: what of a final invoice need not be paid, or comes back?

It first lowers what is left to pay (`pre_payment_amount`). The rest (`post_payment_amount`) comes
back as a refund, to the customer's balance, or outside of Stripe, and these three must add up to
it (docs.stripe.com/api/credit_notes/create).
"""

from decimal import Decimal

from stripe_emulator import present, refusals, scalars
from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare, missing
from stripe_emulator.lifecycle import Given, do, does, picked
from stripe_emulator.present import shows
from stripe_emulator.refusals import Json, Refusal, money
from stripe_emulator.resources import customer_balance_transaction as balances
from stripe_emulator.resources import payment_intent as intents
from stripe_emulator.resources import price as prices

_SHOWN = "effective_at email_type=none memo reason"

declare(
    Resource(
        kind="credit_note",
        prefix="cn_1",
        path="/v1/credit_notes",
        verbs="list preview create retrieve update void",
        lists={"lines": "credit_note_line_item", "preview/lines": "credit_note_line_item"},
        starts='_lines=[] status="issued" total_taxes=[] type="pre_payment"',
        echoes=_SHOWN,
        emits="created updated",
        lost={"lines": "credit_note"},
        called="credit note",
    )
)
declare(Resource(kind="credit_note_line_item", prefix="cnli_1", starts="quantity=1 taxes=[]"))

_WAYS = ("credit_amount", "out_of_band_amount", "refund_amount")
_READS = f"amount invoice {' '.join(_WAYS)}"
_LINES = """amount description invoice_line_item metadata quantity type unit_amount
    unit_amount_decimal"""
_FINAL = {"open", "paid", "uncollectible"}
_SUMS = ("amount", "subtotal", "total", "subtotal_excluding_tax", "total_excluding_tax")


@does("credit_note.preview", _READS, lines=_LINES)
@does("credit_note.preview/lines", f"{_READS} {_SHOWN}", lines=_LINES)
def preview(account: Account, note: Json, given: Given) -> Json:
    """Show the credit note that would be made."""
    return _filled(account, note, given)


@does("credit_note.create", _READS, lines=_LINES)
def create(account: Account, note: Json, given: Given) -> Json:
    """Credit an invoice, and give back what was paid already."""
    filled = _filled(account, note, given)
    invoice = account.need("invoice", filled["invoice"])
    _give_back(account, note, invoice, given)
    _lower(account, invoice, note["pre_payment_amount"], note["post_payment_amount"])
    account.create(note)
    fresh = account.need("invoice", invoice["id"])
    if fresh["status"] in {"open", "uncollectible"} and fresh["amount_remaining"] == 0:
        do("invoice.credited", account, fresh, {})
    return note


def _filled(account: Account, note: Json, given: Given) -> Json:
    invoice = account.need("invoice", given["invoice"], "invoice")
    _check_final(invoice)
    note |= picked(invoice, "currency customer")
    note["_lines"] = _lines(account, invoice, given)
    total = _sum(note["_lines"])
    if total < 1:
        raise _not_positive("lines")
    note |= dict.fromkeys(_SUMS, total)
    note |= _split(total, invoice["amount_remaining"])
    note |= {
        "out_of_band_amount": given.get("out_of_band_amount"),
        "effective_at": note["effective_at"] or account.now,
        "number": _number(account, invoice),
        "pdf": f"{account.pages}/credit_notes/{note['id']}/pdf",
    }
    _check_total(invoice, total)
    _check_ways(note, given)
    return note


def _check_final(invoice: Json) -> None:
    if invoice["status"] not in _FINAL:
        raise Refusal(
            "You can only create credit notes for invoices that are `open`, `paid` or "
            f"`uncollectible`; this one is `{invoice['status']}`.",
            param="invoice",
        )


def _split(total: int, remaining: int) -> Json:
    """How much of a credit lowers what is left to pay, and how much comes back."""
    before = min(total, remaining)
    after = total - before
    return {
        "pre_payment_amount": before,
        "post_payment_amount": after,
        "type": _type(before, after),
    }


def _type(before: int, after: int) -> str:
    if before and after:
        return "mixed"
    return "pre_payment" if before else "post_payment"


def _number(account: Account, invoice: Json) -> str:
    count = len(account.find("credit_note", invoice=invoice["id"]))
    return f"{invoice['number']}-CN-{count + 1:02}"


def _check_total(invoice: Json, total: int) -> None:
    """Refuse to credit more than was billed and is not credited yet."""
    credited = invoice["pre_payment_credit_notes_amount"]
    left = invoice["total"] - credited - invoice["post_payment_credit_notes_amount"]
    if total > left:
        most = money(left, invoice["currency"])
        asked = money(total, invoice["currency"])
        message = f"The credit note's amount ({asked}) is greater than what is left of the invoice"
        raise Refusal(f"{message} to credit ({most}).", param="amount")


def _check_ways(note: Json, given: Json) -> None:
    """What was paid comes back in full, in one way or several."""
    for name in _WAYS:
        scalars.check_least(given.get(name, 0), 0, name)
    back = sum(given.get(name, 0) for name in _WAYS)
    if back != note["post_payment_amount"]:
        due = money(note["post_payment_amount"], note["currency"])
        raise Refusal(
            "The sum of `refund_amount`, `credit_amount` and `out_of_band_amount` must equal "
            f"the post payment amount of the credit note ({due})."
        )


def _lines(account: Account, invoice: Json, given: Json) -> list[Json]:
    if "lines" not in given:
        total = _total(given)
        line = account.new("credit_note_line_item", type="custom_line_item", amount=total)
        return [line | {"unit_amount": total, "unit_amount_decimal": str(total)}]
    rows = given["lines"]
    lines = [_line(account, invoice, row, f"lines[{at}]") for at, row in enumerate(rows)]
    if given.get("amount", _sum(lines)) != _sum(lines):
        raise Refusal("The `amount` must be the sum of the `lines`.", param="amount")
    return lines


def _sum(lines: list[Json]) -> int:
    return sum(line["amount"] for line in lines)


def _total(given: Json) -> int:
    if "amount" not in given:
        raise Refusal("One of `amount`, `lines`, or `shipping_cost` must be provided.")
    total: int = given["amount"]
    if total < 1:
        raise _not_positive("amount")
    return total


def _not_positive(param: str) -> Refusal:
    message = "Invalid positive integer"
    return Refusal(message, code="parameter_invalid_integer", param=param)


def _line(account: Account, invoice: Json, wanted: Json, path: str) -> Json:
    billed = _billed(invoice, wanted, path)
    whole = account.new("credit_note_line_item", **picked(wanted, "description metadata type"))
    usual: int = billed["quantity"] if billed else 1
    quantity: int = wanted.get("quantity", usual)
    amount = _amount(wanted, billed, quantity, path)
    whole |= {"amount": amount, "quantity": quantity}
    if billed:
        whole["invoice_line_item"] = billed["id"]
        whole["description"] = whole["description"] or billed["description"]
    return whole | prices.amounts_of(wanted)


def _each(wanted: Json) -> Decimal | None:
    """What one of a line is credited with, if that is said."""
    said = wanted.get("unit_amount_decimal", wanted.get("unit_amount"))
    return None if said is None else Decimal(str(said))


def _billed(invoice: Json, wanted: Json, path: str) -> Json | None:
    """The line of the invoice that is credited, if one is."""
    if wanted["type"] == "custom_line_item":
        return None
    param = f"{path}[invoice_line_item]"
    if "invoice_line_item" not in wanted:
        raise refusals.missing_parameter(param)
    id_ = wanted["invoice_line_item"]
    found = [line for line in invoice["_lines"] if line["id"] == id_]
    if not found:
        raise missing("invoice_line_item", id_, param)
    line: Json = found[0]
    if line["discount_amounts"] or line["taxes"]:
        raise refusals.not_simulated("a credit of a line with discounts or taxes", param)
    return line


def _amount(wanted: Json, billed: Json | None, quantity: int, path: str) -> int:
    """What a line credits: an amount, so many at a price, or a share of what was billed."""
    if "amount" in wanted:
        amount: int = wanted["amount"]
        return amount
    each = _each(wanted)
    if each is not None:
        return int((each * quantity).to_integral_value())
    if billed is None:
        raise refusals.missing_parameter(f"{path}[unit_amount]")
    many = billed["quantity"] or 1
    share = Decimal(billed["amount"]) * quantity / many
    return int(share.to_integral_value())


def _give_back(account: Account, note: Json, invoice: Json, given: Json) -> None:
    """Refund the payment, or credit the customer's balance."""
    if amount := given.get("refund_amount"):
        note["refunds"] = [_refund(account, invoice, amount)]
    if amount := given.get("credit_amount"):
        moved = balances.of_credit_note(account, note, amount)
        note["customer_balance_transaction"] = moved["id"]


def _refund(account: Account, invoice: Json, amount: int) -> Json:
    paid = account.get("payment_intent", invoice.get("_intent"))
    if paid is None:
        message = "There is no payment of this invoice that could be refunded."
        raise Refusal(message, param="refund_amount")
    asked = {"payment_intent": paid["id"], "amount": amount}
    refund = do("refund.create", account, account.new("refund"), asked)
    return {
        "amount_refunded": amount,
        "payment_record_refund": None,
        "refund": refund["id"],
        "type": "refund",
    }


def _lower(account: Account, invoice: Json, before: int, after: int) -> None:
    """Lower what is left of an invoice to pay, and note what was credited."""
    old = dict(invoice)
    invoice["pre_payment_credit_notes_amount"] += before
    invoice["post_payment_credit_notes_amount"] += after
    invoice["amount_due"] -= before
    invoice["amount_remaining"] -= before
    intent = account.get("payment_intent", invoice.get("_intent"))
    if before and intent and intent["status"] in intents.OPEN:
        _expect(account, intent, invoice["amount_remaining"])
    account.change(invoice, old)


def _expect(account: Account, intent: Json, amount: int) -> None:
    """Let the payment that waits be of what is left."""
    if amount == 0:
        do("payment_intent.cancel", account, intent, {})
    else:
        account.change(intent | {"amount": amount})


@does("credit_note.void")
def void(account: Account, note: Json, _given: Given) -> Json:
    """Take a credit note back, as long as its invoice waits to be paid."""
    if note["status"] == "void":
        raise Refusal("This credit note has already been voided.")
    invoice = account.need("invoice", note["invoice"])
    if invoice["status"] != "open" or note["type"] != "pre_payment":
        raise Refusal(
            "You can only void a credit note that lowers what is left to pay of an open invoice."
        )
    _lower(account, invoice, -note["pre_payment_amount"], 0)
    note |= {"status": "void", "voided_at": account.now}
    account.change(note)
    account.emit("credit_note.voided", note)
    return note


@shows("credit_note")
def show(account: Account, note: Json, view: Json) -> None:
    """Show the first lines."""
    url = f"/v1/credit_notes/{note['id']}/lines"
    view["lines"] = present.first(account, note["_lines"], url)
