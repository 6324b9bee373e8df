"""What is an invoice: from a draft to paid, void or deleted?"""

import copy

from attrs import field, frozen

from stripe_emulator import amounts, lifecycle, present, refusals
from stripe_emulator.account import Account
from stripe_emulator.billing import retries, totals
from stripe_emulator.declare import Resource, declare
from stripe_emulator.lifecycle import Given, does
from stripe_emulator.present import shows
from stripe_emulator.refusals import Json, Refusal
from stripe_emulator.resources import customer as customers
from stripe_emulator.resources import discount as discounts
from stripe_emulator.resources import invoice_payment, line_item
from stripe_emulator.resources import payment_intent as intents
from stripe_emulator.resources import payment_method as methods
from stripe_emulator.resources import tax_rate as tax_rates

declare(
    Resource(
        kind="invoice",
        prefix="in_1",
        path="/v1/invoices",
        verbs="""list create create_preview update finalize pay retrieve delete void send
            mark_uncollectible search""",
        searches="created< currency customer metadata number~ receipt_number~ status total<",
        starts="""account_country="US" account_name="Emulator" billing_reason="manual"
            collection_method="charge_automatically" _confirmation_secret currency="usd"
            customer_tax_exempt="none" customer_tax_ids=[] issuer={"type":"self"} _lines=[]
            _payments=[] rendering={"amount_tax_display": null, "pdf": {"page_size": "auto"},
            "template": null, "template_version": null} status="draft"
            subtotal_excluding_tax=0 total_discount_amounts=[] total_excluding_tax=0
            total_pretax_credit_amounts=[] total_taxes=[]""",
        absent="amount_paid_off_stripe",
        unsets={"update": "description footer"},
        on_demand="confirmation_secret payments",
        echoes="""auto_advance automatic_tax.enabled=false automatically_finalizes_at custom_fields
            description effective_at footer issuer.type=self number
            payment_settings.payment_method_options.card.request_three_d_secure=automatic
            payment_settings.payment_method_types=card rendering.amount_tax_display
            rendering.pdf shipping_details statement_descriptor""",
        emits="created updated deleted",
        lists={"lines": "line_item"},
        lost={"retrieve": "invoice", "delete": "invoice", "lines": "invoice"},
        looks_at={"subscription": "parent.subscription_details.subscription"},
    )
)

DAY = 86_400
MUST_SAY_DUE = "If invoice collection method is 'send_invoice', you must specify "
MAY_SAY_DUE = "You can only specify {} if invoice collection method is 'send_invoice'."
_BOTH_DUE = "'due_date' or 'days_until_due'"
_UNTIL_FINALIZED = 3_600
_ALWAYS_EDITABLE = {
    "metadata",
    "auto_advance",
    "expand",
    "default_payment_method",
    "payment_settings",
}
_OF_CUSTOMER = ("address", "email", "name", "phone", "shipping", "tax_exempt")
_PAYS_FOR = {
    "manual": "Payment for Invoice",
    "subscription_create": "Subscription creation",
    "subscription_cycle": "Subscription update",
    "subscription_update": "Subscription update",
}
_NOT_OPEN = "You can only pass in open invoices. This invoice isn't open."


@does(
    "invoice.create",
    """collection_method currency customer days_until_due default_payment_method
    default_tax_rates discounts due_date pending_invoice_items_behavior subscription""",
)
def create(account: Account, invoice: Json, given: Given) -> Json:
    """Create a draft; pending items come along only when they are included."""
    if "customer" not in given:
        raise refusals.missing_parameter("customer")
    customer = account.need("customer", given["customer"], "customer")
    _fill_due(account, invoice, given)
    _check_address(invoice, customer)
    _address(account, invoice, customer, given.get("currency"))
    if invoice["auto_advance"]:
        _wait(account, invoice)
    if "subscription" in given:
        invoice["parent"] = _parent(account.need("subscription", given["subscription"]))
    _name_method(account, invoice)
    _redeem(account, invoice, given, [])
    account.create(invoice)
    if given.get("pending_invoice_items_behavior") == "include":
        _take_pending(account, invoice)
    return invoice


def _check_address(invoice: Json, customer: Json) -> None:
    if is_sent(invoice) and not customer["email"]:
        raise Refusal(
            "Missing email. In order to create invoices that are sent to the customer, the "
            "customer must have a valid email."
        )


def _redeem(account: Account, invoice: Json, given: Json, kept: list[str]) -> None:
    """Take the discounts that are asked for, and see to the tax rates."""
    tax_rates.check_active(account, given.get("default_tax_rates", ()), "default_tax_rates")
    invoice["discounts"] = kept
    if "discounts" in given:
        owner = {"invoice": invoice["id"]}
        customer, currency = invoice["customer"], invoice["currency"]
        buyer = discounts.Buyer(account, customer, currency, owner)
        invoice["discounts"] = buyer.redeem(given["discounts"], kept)


def is_sent(billed: Json) -> bool:
    """Whether an invoice, or a subscription's invoices, are sent instead of charged."""
    return bool(billed["collection_method"] == "send_invoice")


def _name_method(account: Account, invoice: Json) -> None:
    if id_ := invoice["default_payment_method"]:
        method = methods.use_for(account, id_, invoice["customer"], "default_payment_method")
        invoice["default_payment_method"] = method["id"]


def _fill_due(account: Account, invoice: Json, given: Json) -> None:
    says = bool(given.keys() & {"due_date", "days_until_due"})
    if says and not is_sent(invoice):
        raise Refusal(MAY_SAY_DUE.format(_BOTH_DUE))
    if is_sent(invoice) and not says and invoice["due_date"] is None:
        raise Refusal(f"{MUST_SAY_DUE}{_BOTH_DUE}.")
    if given.get("due_date", account.now + 1) <= account.now:
        raise refusals.past_timestamp("due_date")
    if "days_until_due" in given:
        invoice["due_date"] = account.now + given["days_until_due"] * DAY
    if not is_sent(invoice):
        invoice["due_date"] = None


def _address(account: Account, invoice: Json, customer: Json, currency: str | None) -> None:
    invoice |= {f"customer_{name}": copy.deepcopy(customer[name]) for name in _OF_CUSTOMER}
    invoice |= {
        "customer": customer["id"],
        "currency": currency or customer["currency"] or "usd",
        "period_start": account.now,
        "period_end": account.now,
        "webhooks_delivered_at": account.now,
    }


def _parent(subscription: Json) -> Json:
    details = {"metadata": subscription["metadata"], "subscription": subscription["id"]}
    return {"quote_details": None, "subscription_details": details, "type": "subscription_details"}


@frozen
class Bill:
    """What an invoice of a subscription bills, and why: items' periods, and what has waited."""

    reason: str
    rows: list[Json] = field(factory=list[Json])
    #: when what it is about began; now, if nothing is said
    since: int | None = None
    #: pending items; all that the subscription's next invoice takes along, if nothing is said
    waiting: list[Json] | None = None


def of_subscription(account: Account, subscription: Json, bill: Bill) -> Json:
    """Make a draft of a subscription's invoice.

    What nobody waits for is finalized in an hour; what was asked for is opened by who asked.
    """
    invoice = _drafted(account, subscription, bill)
    if is_sent(subscription) or bill.reason == "subscription_cycle":
        _wait(account, invoice)
    waiting = bill.waiting
    if waiting is None:
        waiting = pending(account, subscription)
    lines = [_plan_line(account, invoice, subscription, item) for item in bill.rows]
    taken = [_line(account, invoice, item) for item in waiting]
    totals.settle(account, invoice, taken + lines)
    _note_discounts(bill.rows, lines)
    discounts.spend(account, subscription, invoice)
    return account.create(invoice)


def _note_discounts(rows: list[Json], lines: list[Json]) -> None:
    """Note what was taken off items: it does not come back with them."""
    for item, line in zip(rows, lines, strict=True):
        if item["_billed"]:
            item["_billed"]["off"] = discounts.taken_off(line)


def _drafted(account: Account, subscription: Json, bill: Bill) -> Json:
    parent = _parent(subscription)
    invoice = account.new("invoice", billing_reason=bill.reason, parent=parent)
    customer = account.need("customer", subscription["customer"], "customer")
    _address(account, invoice, customer, subscription["currency"])
    invoice["period_start"] = bill.since or account.now
    invoice["collection_method"] = subscription["collection_method"]
    invoice["discounts"] = discounts.living(account, subscription["discounts"])
    invoice["default_tax_rates"] = subscription["default_tax_rates"] or []
    if is_sent(subscription):
        invoice["due_date"] = account.now + subscription["days_until_due"] * DAY
    return invoice


def _wait(account: Account, invoice: Json) -> None:
    """Leave a draft open for changes for an hour."""
    soon = account.now + _UNTIL_FINALIZED
    invoice |= {"auto_advance": True, "automatically_finalizes_at": soon}
    invoice["next_payment_attempt"] = None if is_sent(invoice) else soon


def held(invoice: Json) -> Json:
    """An invoice that stays as it is until somebody finalizes it, or pays it."""
    invoice |= {"auto_advance": False, "automatically_finalizes_at": None}
    invoice["next_payment_attempt"] = None
    return invoice


def _plan_line(account: Account, invoice: Json, subscription: Json, item: Json) -> Json:
    """Make the line of an item's period; what it bills can come back later."""
    line = line_item.of_subscription_item(account, invoice, subscription, item)
    bills = subscription["status"] != "trialing"
    billed = {"invoice": invoice["id"], "line": line["id"]}
    billed |= {"price": item["price"], "quantity": item["quantity"]}
    line["discounts"] = discounts.living(account, item["discounts"])
    line["_tax_rates"] = item["tax_rates"] or []
    item["_billed"] = billed if bills else None
    return line


def pending(account: Account, subscription: Json) -> list[Json]:
    """What the next invoice of a subscription takes along, newest first: nobody else's."""
    waiting = account.find("invoiceitem", customer=subscription["customer"], invoice=None)
    owners = {None, subscription["id"]}
    mine = [item for item in waiting if _owner(item) in owners]
    return [item for item in mine if item["currency"] == subscription["currency"]]


def _owner(item: Json) -> str | None:
    """The subscription whose invoices alone may take an item."""
    parent = item["parent"] or item.get("_parent")
    owner: str | None = parent and parent["subscription_details"]["subscription"]
    return owner


def draft(account: Account, id_: str) -> Json:
    """Find an invoice that can still take or lose items."""
    invoice = account.need("invoice", id_, "invoice")
    if invoice["status"] != "draft":
        message = "Invalid invoice: This invoice is no longer editable"
        raise Refusal(message, code="invoice_not_editable")
    return invoice


def _take_pending(account: Account, invoice: Json) -> None:
    """Pending items stand first, newest on top."""
    waiting = account.find("invoiceitem", customer=invoice["customer"], invoice=None)
    items = [item for item in waiting if item["currency"] == invoice["currency"]]
    lines = [_line(account, invoice, item) for item in items]
    _total(account, invoice, lines + invoice["_lines"])


def append_item(account: Account, invoice: Json, item: Json) -> None:
    """Items that are added to a draft stand last, as they came."""
    line = _line(account, invoice, item)
    _total(account, invoice, [*invoice["_lines"], line])


def change_item(account: Account, invoice: Json, item: Json) -> None:
    """Make the line of a changed item anew, in its place."""
    lines = [_renewed(account, invoice, line, item) for line in invoice["_lines"]]
    _total(account, invoice, lines)


def _renewed(account: Account, invoice: Json, line: Json, item: Json) -> Json:
    if line_item.item_of(line) != item["id"]:
        return line
    made = line_item.of_invoice_item(account, invoice, item)
    return made | {"id": line["id"]}


def remove_item(account: Account, invoice: Json, item: Json) -> None:
    """Take the line of an item out of a draft."""
    lines = invoice["_lines"]
    kept = [line for line in lines if line_item.item_of(line) != item["id"]]
    _total(account, invoice, kept)


def _line(account: Account, invoice: Json, item: Json) -> Json:
    item["invoice"] = invoice["id"]
    account.change(item)
    return line_item.of_invoice_item(account, invoice, item)


def _total(account: Account, invoice: Json, lines: list[Json]) -> None:
    totals.settle(account, invoice, lines)
    account.change(invoice)


@does(
    "invoice.update",
    """collection_method days_until_due default_payment_method default_tax_rates discounts
    due_date""",
)
def update(account: Account, invoice: Json, given: Given) -> Json:
    """Update a draft; a finalized invoice takes little but metadata."""
    was_draft = given.before["status"] == "draft"
    for name in given:
        if not was_draft and name not in _ALWAYS_EDITABLE:
            raise Refusal("Finalized invoices can't be updated in this way", param=name)
    if given.keys() & {"collection_method", "due_date", "days_until_due"}:
        _fill_due(account, invoice, given)
    if "default_payment_method" in given:
        _name_method(account, invoice)
    _redeem(account, invoice, given, given.before["discounts"])
    if given.keys() & {"default_tax_rates", "discounts"}:
        totals.settle(account, invoice, invoice["_lines"])
    if was_draft and "auto_advance" in given:
        _advance_or_hold(account, invoice)
    return account.change(invoice, given.before)


def _advance_or_hold(account: Account, invoice: Json) -> None:
    if invoice["auto_advance"]:
        _wait(account, invoice)
    else:
        held(invoice)


@does("invoice.delete")
def delete(account: Account, invoice: Json, _given: Given) -> Json:
    """Delete a draft that no subscription made; its items are deleted with it."""
    if invoice["status"] != "draft":
        raise Refusal("You can only delete draft invoices.")
    if invoice["billing_reason"] != "manual":
        raise Refusal("You can't delete invoices created by subscriptions.")
    for item in account.find("invoiceitem", invoice=invoice["id"]):
        account.delete(item)
    return account.delete(invoice)


@does("invoice.abandon")
def abandon(account: Account, invoice: Json, _given: Given) -> Json:
    """Leave an invoice as it is, because there is nobody any more who could pay it."""
    if invoice["status"] in {"draft", "open"}:
        account.change(held(invoice))
    return invoice


@does("invoice.finalize")
def finalize(account: Account, invoice: Json, _given: Given) -> Json:
    """Finalize a draft."""
    if invoice["status"] != "draft":
        raise Refusal(
            "This invoice is already finalized, you can't re-finalize a non-draft invoice."
        )
    return open_(account, invoice)


def open_(account: Account, invoice: Json) -> Json:
    """Number an invoice, settle the customer's balance and open it; nothing due is paid."""
    page = f"{account.pages}/invoices/{invoice['id']}"
    invoice |= {
        "status": "open",
        "effective_at": invoice["effective_at"] or account.now,
        "automatically_finalizes_at": None,
        "next_payment_attempt": None,
        "hosted_invoice_url": page,
        "invoice_pdf": f"{page}/pdf",
        "rendering": _rendered(invoice["rendering"]),
    }
    invoice["status_transitions"]["finalized_at"] = account.now
    _settle_customer(account, invoice)
    account.change(invoice)
    account.emit("invoice.finalized", invoice)
    return _mark_paid(account, invoice) if invoice["amount_due"] == 0 else invoice


def _rendered(rendering: Json) -> Json:
    """Letters are the pages of this account, where nobody chose others."""
    chosen = rendering["pdf"]["page_size"]
    return rendering | {"pdf": {"page_size": "letter" if chosen == "auto" else chosen}}


def _settle_customer(account: Account, invoice: Json) -> None:
    """Take the next number of the customer, and its balance: a credit is used, a debt is paid.

    What is less than nothing becomes a credit: a balance is negative then.
    """
    customer = account.need("customer", invoice["customer"])
    before = dict(customer)
    number, balance = customer["next_invoice_sequence"], customer["balance"]
    customer |= {"next_invoice_sequence": number + 1, "currency": invoice["currency"]}
    due = max(invoice["total"] + balance, 0)
    customer["balance"] = min(invoice["total"] + balance, 0)
    account.change(customer, before if balance != customer["balance"] else None)
    invoice["number"] = invoice["number"] or f"{customer['invoice_prefix']}-{number:04}"
    invoice |= {"starting_balance": balance, "ending_balance": customer["balance"]}
    invoice |= {"amount_due": due, "amount_remaining": due}


def _mark_paid(account: Account, invoice: Json) -> Json:
    invoice |= {
        "status": "paid",
        "attempted": True,
        "amount_paid": invoice["amount_due"],
        "amount_remaining": 0,
        "auto_advance": False,
        "next_payment_attempt": None,
    }
    invoice["status_transitions"]["paid_at"] = account.now
    account.change(invoice)
    account.emit("invoice.paid", invoice)
    account.emit("invoice.payment_succeeded", invoice)
    return lifecycle.do("invoice.settled", account, invoice, {})


@does("invoice.pay", "forgive=false off_session=true paid_out_of_band payment_method")
def pay(account: Account, invoice: Json, given: Given) -> Json:
    """Pay an invoice now; a draft is finalized first."""
    if invoice["status"] == "paid":
        raise Refusal("Invoice is already paid")
    if invoice["status"] == "draft":
        invoice = open_(account, invoice)
    elif invoice["status"] not in {"open", "uncollectible"}:
        raise Refusal(_NOT_OPEN)
    if invoice["status"] == "paid":
        return invoice
    if given.get("paid_out_of_band"):
        invoice["amount_paid_off_stripe"] = invoice["amount_due"]
        return _mark_paid(account, invoice)
    amounts.check_size(invoice["amount_due"], invoice["currency"])
    method = given.get("payment_method")
    if method:
        method = methods.use_for(account, method, invoice["customer"], "payment_method")["id"]
    return charge(account, invoice, method)


def charge(account: Account, invoice: Json, method: str | None, **how: bool) -> Json:
    """Collect an open invoice with a card; a declined one leaves it open (402).

    `how` may say `automatic`, where nobody asked for it, and `with_payer`, who can authenticate.
    """
    least = amounts.LEAST.get(invoice["currency"], 1)
    if invoice["amount_due"] < least:
        return _roll_over(account, invoice)
    chosen = method or method_of(account, invoice)
    if chosen is None:
        raise Refusal(
            "There is no `default_payment_method` set on this Customer or Invoice. Please set a "
            "`default_payment_method` or pass a `payment_method`.",
            code="resource_missing",
        )
    intent = _intent_for(account, invoice, chosen)
    _collect(account, invoice, intent, how)
    if intent["status"] == "requires_action":
        account.change(invoice | {"auto_advance": True})
    return account.need("invoice", invoice["id"])


def _collect(account: Account, invoice: Json, intent: Json, how: Json) -> None:
    automatic = how.get("automatic", False)
    asked = {"off_session": not how.get("with_payer"), "automatic": automatic}
    try:
        intents.collect(account, intent, asked)
    except Refusal:
        fresh = account.need("invoice", invoice["id"])
        fail(account, fresh, automatic=automatic)
        raise


def charge_or_undo(account: Account, invoice: Json) -> Json:
    """Collect an open invoice, or let nothing of the request have happened."""
    try:
        return charge(account, invoice, None)
    except Refusal as refusal:
        refusal.kept = False
        raise


def _roll_over(account: Account, invoice: Json) -> Json:
    """Add what is too little to charge to the customer's balance, for the next invoice."""
    customer = account.need("customer", invoice["customer"])
    before = dict(customer)
    customer["balance"] += invoice["amount_due"]
    account.change(customer, before)
    invoice |= {"amount_due": 0, "ending_balance": customer["balance"]}
    return _mark_paid(account, invoice)


def fail(account: Account, invoice: Json, *, automatic: bool) -> None:
    """Note an attempt that failed, and when the next one is."""
    retries.count(invoice, automatic=automatic)
    if automatic:
        attempts = invoice["attempt_count"]
        invoice["next_payment_attempt"] = retries.next_attempt(account.now, attempts)
    account.change(invoice)
    account.emit("invoice.payment_failed", invoice)


def _intent_for(account: Account, invoice: Json, method: str) -> Json:
    """Take the PaymentIntent of an earlier attempt, or make one."""
    kept = account.get("payment_intent", invoice.get("_intent"))
    if kept is None or kept["status"] not in intents.OPEN:
        return new_intent(account, invoice, method)
    used = methods.use(account, method)
    kept |= {"payment_method": used["id"], "status": "requires_confirmation"}
    return account.change(kept)


def new_intent(account: Account, invoice: Json, method: str | None) -> Json:
    """Make the PaymentIntent of an open invoice; with its secret a payer can confirm it."""
    intent = account.new("payment_intent", amount=invoice["amount_due"])
    secret = intents.new_secret(intent["id"])
    intent |= {
        "capture_method": "automatic",
        "client_secret": secret,
        "currency": invoice["currency"],
        "customer": invoice["customer"],
        "description": _PAYS_FOR[invoice["billing_reason"]],
        "statement_descriptor": invoice["statement_descriptor"],
        "_invoice": invoice["id"],
    }
    if invoice["billing_reason"] == "subscription_create":
        intent["setup_future_usage"] = "off_session"
    if method:
        intent["payment_method"] = methods.use(account, method)["id"]
        intent["status"] = "requires_confirmation"
    _expect(account, invoice, intent)
    return account.create(intent)


def _expect(account: Account, invoice: Json, intent: Json) -> None:
    secret = {"client_secret": intent["client_secret"], "type": "payment_intent"}
    invoice |= {"_intent": intent["id"], "_confirmation_secret": secret}
    invoice["_payments"].append(invoice_payment.of_intent(account, invoice, intent))
    account.change(invoice)


def method_of(account: Account, invoice: Json) -> str | None:
    """What an invoice is paid with: its own payment method, its subscription's, its customer's."""
    own = methods.usable(account, invoice["default_payment_method"])
    if own:
        return own
    if id_ := subscription_of(invoice):
        subscription = account.need("subscription", id_)
        method = methods.usable(account, subscription["default_payment_method"])
        if method:
            return method
    customer = account.need("customer", invoice["customer"], "customer")
    return customers.default_method(customer)


def subscription_of(invoice: Json) -> str | None:
    """The subscription that an invoice bills."""
    parent = invoice["parent"]
    return parent["subscription_details"]["subscription"] if parent else None


@does("payment_intent.paid")
def settle(account: Account, intent: Json, given: Given) -> Json:
    """Mark the invoice of a PaymentIntent as paid."""
    invoice = account.need("invoice", intent["_invoice"])
    retries.count(invoice, automatic=bool(given.get("automatic")))
    invoice_payment.pay(account, invoice["_payments"], intent)
    return _mark_paid(account, invoice)


@does("invoice.credited")
def credited(account: Account, invoice: Json, _given: Given) -> Json:
    """Mark an invoice as paid of which credit notes have left nothing to pay."""
    return _mark_paid(account, invoice)


@does("invoice.void")
def void(account: Account, invoice: Json, _given: Given) -> Json:
    """Void an open invoice."""
    if invoice["status"] == "paid":
        raise Refusal("Invoices with `paid` payments cannot be voided.")
    if invoice["status"] not in {"open", "uncollectible"}:
        raise Refusal(_NOT_OPEN)
    invoice |= {"status": "void", "auto_advance": False, "next_payment_attempt": None}
    invoice["status_transitions"]["voided_at"] = account.now
    _cancel_payment(account, invoice)
    account.change(invoice)
    account.emit("invoice.voided", invoice)
    return invoice


def _cancel_payment(account: Account, invoice: Json) -> None:
    """Cancel the payment that was to pay an invoice."""
    intent = account.get("payment_intent", invoice.get("_intent"))
    if intent and intent["status"] in intents.OPEN:
        intent["cancellation_reason"] = "void_invoice"
        lifecycle.do("payment_intent.cancel", account, intent, {})
        invoice_payment.cancel(account, invoice["_payments"], intent)


@does("invoice.mark_uncollectible")
def mark_uncollectible(account: Account, invoice: Json, _given: Given) -> Json:
    """Give an open invoice up: a bad debt, which can still be paid or voided."""
    if invoice["status"] != "open":
        raise Refusal(_NOT_OPEN)
    return lifecycle.do("invoice.written_off", account, invoice, {})


@does("invoice.send")
def send(account: Account, invoice: Json, _given: Given) -> Json:
    """Finalize when needed and tell that the invoice was sent; no mail leaves the emulator."""
    if not is_sent(invoice):
        raise Refusal(
            "You can only manually send an invoice if its collection method is 'send_invoice'."
        )
    if invoice["status"] == "draft":
        open_(account, invoice)
    account.emit("invoice.sent", invoice)
    return invoice


@shows("invoice")
def show(account: Account, invoice: Json, view: Json) -> None:
    """Show the first lines, and the tax rates as a whole."""
    view["default_tax_rates"] = tax_rates.shown(account, invoice["default_tax_rates"])
    lines = invoice["_lines"]
    url = f"/v1/invoices/{invoice['id']}/lines"
    view["lines"] = present.first(account, lines, url, total_count=len(lines))
    if view["id"] is None:  # of one that is only told of
        del view["id"]
