"""Invoices, their items, and subscriptions."""

from __future__ import annotations

import calendar
import copy
from datetime import UTC, datetime, timedelta
from typing import Any

from stripe_emulator import catalog, payments, present, refusals
from stripe_emulator.account import Account, token
from stripe_emulator.lifecycle import Given, does, metadata
from stripe_emulator.refusals import Json, Refusal

_DAY = 86_400
_UNTIL_FINALIZED = 3_600
_ALWAYS_EDITABLE = {
    "metadata",
    "auto_advance",
    "expand",
    "default_payment_method",
    "payment_settings",
}
_MUST_SAY_DUE = "If invoice collection method is 'send_invoice', you must specify "
_MAY_SAY_DUE = "You can only specify {} if invoice collection method is 'send_invoice'."


# --- invoice items -----------------------------------------------------------------------------


@does("invoiceitem.create")
def create_item(account: Account, item: Json, given: Given) -> Json:
    """Create an invoice item: pending, or a line of the draft it names."""
    invoice = _draft(account, given["invoice"]) if "invoice" in given else None
    if invoice:
        item["customer"] = item["customer"] or invoice["customer"]
    if item["customer"] is None:
        raise refusals.missing_parameter("customer")
    price_item(account, item, given)
    item["period"] = given.get("period") or {"end": account.now, "start": account.now}
    if invoice and invoice["currency"] != item["currency"]:
        message = (f"The currency of the invoice item ({item['currency']}) must be that of the "
                   f"invoice ({invoice['currency']}).")  # fmt: skip
        raise Refusal(message, param="currency")
    account.create(item)
    if invoice:
        _add_lines(account, invoice, [item], first=False)
    return item


def _draft(account: Account, id_: str) -> Json:
    invoice = account.need("invoice", id_, "invoice")
    if invoice["status"] != "draft":
        message = "Invalid invoice: This invoice is no longer editable"
        raise Refusal(message, code="invoice_not_editable")
    return invoice


def price_item(account: Account, item: Json, given: Json) -> None:
    """Give an invoice item its amount: of a price, of price data, or plain."""
    quantity = given.get("quantity", 1)
    if price_id := given.get("pricing", {}).get("price"):
        price = account.need("price", price_id, "pricing[price]")
        if price["type"] == "recurring":
            message = ("The price specified is set to `type=recurring` but this field only accepts "
                       "prices with `type=one_time`.")  # fmt: skip
            raise Refusal(message, param="pricing[price]")
    else:
        price = _inline_price(account, given)
    item |= {
        "amount": catalog.total(price, quantity), "currency": price["currency"],
        "quantity": quantity, "quantity_decimal": given.get("quantity_decimal", str(quantity)),
        "pricing": _pricing(price),
    }  # fmt: skip
    if item["description"] is None:
        item["description"] = _product_name(account, price)


def _inline_price(account: Account, given: Json) -> Json:
    """Prices of amounts are objects too, but nobody's catalogue lists them."""
    data = dict(given.get("price_data") or {})
    if not data:
        way = "unit_amount_decimal" if "unit_amount_decimal" in given else "amount"
        for name in (way, "currency"):
            if name not in given:
                raise refusals.missing_parameter(name)
        data = {"currency": given["currency"], "unit_amount_decimal": str(given[way])}
    if "product" not in data and "product_data" not in data:
        data["product"] = account.create(account.new("product", name="One-time item", active=False,
                                                     _inline=True))["id"]  # fmt: skip
    price = catalog.new_price(account, data) | {"active": False, "_inline": True}
    return account.create(price)


def _pricing(price: Json) -> Json:
    details = {"price": price["id"], "product": price["product"]}
    decimal = price["unit_amount_decimal"]
    return {"price_details": details, "type": "price_details", "unit_amount_decimal": decimal}


def _product_name(account: Account, price: Json) -> str | None:
    product = account.get("product", price["product"])
    return product["name"] if product and "_inline" not in product else None


@does("invoiceitem.delete")
def delete_item(account: Account, item: Json, _given: Given) -> Json:
    """Delete an item that is pending or on a draft."""
    if item["invoice"]:
        invoice = _draft(account, item["invoice"])
        kept = [line for line in invoice["_lines"] if _item_of(line) != item["id"]]
        _total(invoice | {"_lines": kept}, account)
    return account.delete(item)


def _item_of(line: Json) -> str | None:
    details = line["parent"]["invoice_item_details"]
    return details["invoice_item"] if details else None


# --- invoices ----------------------------------------------------------------------------------


@does("invoice.create")
def create_invoice(account: Account, invoice: Json, given: Given) -> Json:
    """Create a draft; pending items come along only when they are included."""
    if "customer" not in given:
        raise refusals.missing_parameter("customer")
    customer = account.need("customer", given["customer"], "customer")
    _due(account, invoice, given)
    if invoice["collection_method"] == "send_invoice" and not customer["email"]:
        raise Refusal("Missing email. In order to create invoices that are sent to the customer, "
                      "the customer must have a valid email.")  # fmt: skip
    _address(account, invoice, customer, given.get("currency"))
    if invoice["auto_advance"]:
        invoice["automatically_finalizes_at"] = account.now + _UNTIL_FINALIZED
    if "subscription" in given:
        invoice["parent"] = _parent(account.need("subscription", given["subscription"], None))
    _name_method(account, invoice)
    account.create(invoice)
    if given.get("pending_invoice_items_behavior") == "include":
        pending = account.find("invoiceitem", customer=customer["id"], invoice=None)
        wanted = [item for item in pending if item["currency"] == invoice["currency"]]
        _add_lines(account, invoice, wanted)
    return invoice


def _name_method(account: Account, invoice: Json) -> None:
    if id_ := invoice["default_payment_method"]:
        invoice["default_payment_method"] = payments.method(account, id_, "default_payment_method")[
            "id"
        ]


def _due(account: Account, invoice: Json, given: Json) -> None:
    sent = invoice["collection_method"] == "send_invoice"
    said = given.keys() & {"due_date", "days_until_due"}
    if said and not sent:
        raise Refusal(_MAY_SAY_DUE.format("'due_date' or 'days_until_due'"))
    if sent and not said and invoice["due_date"] is None:
        raise Refusal(f"{_MUST_SAY_DUE}'due_date' or 'days_until_due'.")
    if given.get("due_date", account.now + 1) <= account.now:
        message = "Invalid timestamp: must be an integer Unix timestamp in the future."
        raise Refusal(message, code="parameter_invalid_integer", param="due_date")
    if "days_until_due" in given:
        invoice["due_date"] = account.now + given["days_until_due"] * _DAY
    if not sent:
        invoice["due_date"] = None


def _address(account: Account, invoice: Json, customer: Json, currency: str | None) -> None:
    copied = ("address", "email", "name", "phone", "shipping", "tax_exempt")
    invoice |= {f"customer_{name}": copy.deepcopy(customer[name]) for name in copied}
    invoice |= {
        "customer": customer["id"], "currency": currency or customer["currency"] or "usd",
        "period_start": account.now, "period_end": account.now,
        "webhooks_delivered_at": account.now,
    }  # fmt: skip


def _parent(subscription: Json) -> Json:
    details = {"metadata": subscription["metadata"], "subscription": subscription["id"]}
    return {"quote_details": None, "subscription_details": details, "type": "subscription_details"}


def _add_lines(account: Account, invoice: Json, items: list[Json], *, first: bool = True) -> None:
    """Pending items stand first, newest on top; items added later stand last, as they came."""
    lines: list[Json] = []
    for item in items:
        copied = ("amount", "currency", "description", "discountable", "metadata", "period",
                  "pricing", "quantity", "quantity_decimal")  # fmt: skip
        line = account.new("line_item", **{name: copy.deepcopy(item[name]) for name in copied})
        details = {"invoice_item": item["id"], "proration": False,
                   "proration_details": {"credited_items": None}, "subscription": None}  # fmt: skip
        line |= {"invoice": invoice["id"], "subtotal": item["amount"],
                 "parent": {"invoice_item_details": details, "subscription_item_details": None,
                            "type": "invoice_item_details"}}  # fmt: skip
        lines.append(line)
        account.change(item | {"invoice": invoice["id"]})
    invoice["_lines"] = lines + invoice["_lines"] if first else invoice["_lines"] + lines
    _total(invoice, account)


def _total(invoice: Json, account: Account) -> None:
    amount = sum(line["amount"] for line in invoice["_lines"])
    due = max(amount, 0)
    invoice |= dict.fromkeys(
        ("subtotal", "subtotal_excluding_tax", "total", "total_excluding_tax"), amount
    )
    invoice |= {"amount_due": due, "amount_remaining": due - invoice["amount_paid"]}
    account.change(invoice)


@does("invoice.update")
def update_invoice(account: Account, invoice: Json, given: Given) -> Json:
    """Update a draft; a finalized invoice takes little but metadata."""
    if given.before["status"] != "draft":
        for name in given:
            if name not in _ALWAYS_EDITABLE:
                raise Refusal("Finalized invoices can't be updated in this way", param=name)
    if given.keys() & {"collection_method", "due_date", "days_until_due"}:
        _due(account, invoice, given)
    if "default_payment_method" in given:
        _name_method(account, invoice)
    soon = account.now + _UNTIL_FINALIZED if invoice["auto_advance"] else None
    if given.before["status"] == "draft" and "auto_advance" in given:
        invoice["automatically_finalizes_at"] = soon
    return account.change(invoice, given.before)


@does("invoice.delete")
def delete_invoice(account: Account, invoice: Json, _given: Given) -> Json:
    """Delete a draft that no subscription made; its items are deleted with it."""
    if invoice["status"] != "draft":
        raise Refusal("You can only delete draft invoices.")
    if invoice["billing_reason"] != "manual":
        raise Refusal("You can't delete invoices created by subscriptions.")
    for item in account.find("invoiceitem", invoice=invoice["id"]):
        account.delete(item)
    return account.delete(invoice)


@does("invoice.finalize")
def finalize_invoice(account: Account, invoice: Json, _given: Given) -> Json:
    """Finalize a draft."""
    if invoice["status"] != "draft":
        raise Refusal(
            "This invoice is already finalized, you can't re-finalize a non-draft invoice."
        )
    return finalize(account, invoice)


def finalize(account: Account, invoice: Json) -> Json:
    """Number an invoice and open it; nothing due means it is paid."""
    customer = account.need("customer", invoice["customer"], None)
    number = customer["next_invoice_sequence"]
    account.change(
        customer | {"next_invoice_sequence": number + 1, "currency": invoice["currency"]}
    )
    page = f"{account.pages}/invoices/{invoice['id']}"
    invoice |= {
        "status": "open", "number": f"{customer['invoice_prefix']}-{number:04}",
        "effective_at": account.now, "ending_balance": 0, "automatically_finalizes_at": None,
        "hosted_invoice_url": page, "invoice_pdf": f"{page}/pdf",
        "rendering": invoice["rendering"] | {"pdf": {"page_size": "letter"}},
    }  # fmt: skip
    invoice["status_transitions"]["finalized_at"] = account.now
    account.change(invoice)
    account.emit("invoice.finalized", invoice)
    return _mark_paid(account, invoice, None) if invoice["amount_due"] == 0 else invoice


def _mark_paid(account: Account, invoice: Json, intent: Json | None) -> Json:
    invoice |= {
        "status": "paid", "attempted": True, "amount_paid": invoice["amount_due"],
        "amount_remaining": 0, "auto_advance": False, "next_payment_attempt": None,
    }  # fmt: skip
    invoice["status_transitions"]["paid_at"] = account.now
    if intent:
        invoice["attempt_count"] += 1
        invoice["_payments"].append(_payment(account, invoice, intent))
    account.change(invoice)
    account.emit("invoice.paid", invoice)
    account.emit("invoice.payment_succeeded", invoice)
    return invoice


def _payment(account: Account, invoice: Json, intent: Json) -> Json:
    return account.new(
        "invoice_payment", invoice=invoice["id"], currency=intent["currency"],
        amount_paid=intent["amount"], amount_requested=intent["amount"],
        payment={"payment_intent": intent["id"], "type": "payment_intent"},
        status_transitions={"canceled_at": None, "paid_at": account.now},
    )  # fmt: skip


@does("invoice.pay")
def pay_invoice(account: Account, invoice: Json, given: Given) -> Json:
    """Pay an invoice now; a draft is finalized first."""
    if invoice["status"] == "paid":
        raise Refusal("Invoice is already paid")
    if invoice["status"] == "draft":
        invoice = finalize(account, invoice)
    elif invoice["status"] != "open":
        raise Refusal("You can only pass in open invoices. This invoice isn't open.")
    if invoice["status"] == "paid":
        return invoice
    if given.get("paid_out_of_band"):
        invoice["amount_paid_off_stripe"] = invoice["amount_due"]
        return _mark_paid(account, invoice, None)
    return charge(account, invoice, given.get("payment_method"))


def charge(account: Account, invoice: Json, chosen: str | None) -> Json:
    """Collect an open invoice with a card; a declined one leaves it open (402)."""
    id_ = chosen or invoice["default_payment_method"] or _default_method(account, invoice)
    if id_ is None:
        raise Refusal(
            "There is no `default_payment_method` set on this Customer or Invoice. Please set a "
            "`default_payment_method` or pass a `payment_method`.",
            code="resource_missing",
        )
    intent = new_intent(account, invoice, id_)
    try:
        payments.collect(account, intent, {"off_session": True})
    except Refusal:
        invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
        account.change(invoice)
        account.emit("invoice.payment_failed", invoice)
        raise
    return account.need("invoice", invoice["id"], None)


def new_intent(account: Account, invoice: Json, id_: str | None) -> Json:
    """Make the PaymentIntent of an open invoice."""
    values = {name: invoice[name] for name in ("currency", "customer")}
    intent = account.new("payment_intent", **values, amount=invoice["amount_due"])
    intent |= {"_invoice": invoice["id"], "client_secret": f"{intent['id']}_secret_{token(25)}"}
    if id_:
        chosen = payments.method(account, id_, "payment_method")
        intent |= {"payment_method": chosen["id"], "status": "requires_confirmation"}
    return account.create(intent)


def _default_method(account: Account, invoice: Json) -> str | None:
    parent = invoice["parent"]
    if parent:
        id_ = parent["subscription_details"]["subscription"]
        if method := account.need("subscription", id_, None)["default_payment_method"]:
            return str(method)
    customer = account.need("customer", invoice["customer"], "customer")
    method = customer["invoice_settings"]["default_payment_method"]
    return str(method) if method else None


@does("payment_intent.paid")
def settle(account: Account, intent: Json, _given: Json) -> Json:
    """Mark the invoice of a PaymentIntent as paid, and start its subscription."""
    invoice = _mark_paid(account, account.need("invoice", intent["_invoice"], None), intent)
    if invoice["parent"]:
        id_ = invoice["parent"]["subscription_details"]["subscription"]
        subscription = account.get("subscription", id_)
        if subscription and subscription["status"] == "incomplete":
            account.change(subscription | {"status": "active"}, subscription)
    return invoice


@does("invoice.void")
def void_invoice(account: Account, invoice: Json, _given: Given) -> Json:
    """Void an open invoice."""
    if invoice["status"] == "paid":
        raise Refusal("Invoices with `paid` payments cannot be voided.")
    if invoice["status"] not in {"open", "uncollectible"}:
        raise Refusal("You can only pass in open invoices. This invoice isn't open.")
    invoice["status"] = "void"
    invoice["status_transitions"]["voided_at"] = account.now
    account.change(invoice)
    account.emit("invoice.voided", invoice)
    return invoice


@does("invoice.send")
def send_invoice(account: Account, invoice: Json, _given: Given) -> Json:
    """Finalize when needed and tell that the invoice was sent; no mail leaves the emulator."""
    if invoice["collection_method"] != "send_invoice":
        raise Refusal("You can only manually send an invoice if its collection method is "
                      "'send_invoice'.")  # fmt: skip
    if invoice["status"] == "draft":
        finalize(account, invoice)
    account.emit("invoice.sent", invoice)
    return invoice


def _show_invoice(_account: Account, invoice: Json, view: Json) -> None:
    lines, url = invoice["_lines"], f"/v1/invoices/{invoice['id']}/lines"
    view["lines"] = present.listing(lines[:10], url, more=len(lines) > 10, total_count=len(lines))


present.PRESENTERS["invoice"] = _show_invoice


# --- subscriptions -----------------------------------------------------------------------------


@does("subscription.create")
def create_subscription(account: Account, subscription: Json, given: Given) -> Json:
    """Create a subscription with its first invoice."""
    if "customer" not in given:
        raise refusals.missing_parameter("customer")
    customer = account.need("customer", given["customer"], "customer")
    start(account, subscription, given)
    waits = given.get("payment_behavior") == "default_incomplete"
    free = (
        subscription["status"] == "trialing"
        or subscription["collection_method"] != "charge_automatically"
    )
    method = (
        subscription["default_payment_method"]
        or customer["invoice_settings"]["default_payment_method"]
    )
    if not (free or waits or method):
        raise Refusal(
            "This customer has no attached payment source or default payment method. Please "
            "consider adding a default payment method. For more information, visit "
            "https://stripe.com/docs/billing/subscriptions/payment-methods-setting"
            "#payment-method-priority.",
            code="resource_missing",
        )
    account.create(subscription)
    invoice = first_invoice(account, subscription)
    if invoice["status"] == "open":
        _first_payment(account, subscription, invoice, given)
    return account.need("subscription", subscription["id"], None)


def start(account: Account, subscription: Json, given: Json) -> None:
    """Fill a new subscription from judged parameters: items, periods, trial, cancellation."""
    sent = subscription["collection_method"] == "send_invoice"
    if given.get("days_until_due") is not None and not sent:
        raise Refusal(_MAY_SAY_DUE.format("'days_until_due'"))
    if sent and "days_until_due" not in given:
        raise Refusal(f"{_MUST_SAY_DUE}'days_until_due'.")
    subscription |= {"billing_cycle_anchor": account.now, "start_date": account.now}
    subscription["billing_mode"]["updated_at"] = account.now
    if id_ := subscription["default_payment_method"]:
        chosen = payments.method(account, id_, "default_payment_method")
        if chosen["customer"] is None and chosen["id"] != id_:
            payments.attach(account, chosen, subscription["customer"])
        subscription["default_payment_method"] = chosen["id"]
    _trial(account, subscription, given)
    for index, wanted in enumerate(given["items"]):
        subscription["_items"].append(_new_item(account, subscription, wanted, f"items[{index}]"))
    _same_currency(account, subscription)
    _cancellation(account, subscription, given)


def _trial(account: Account, subscription: Json, given: Json) -> None:
    days = given.get("trial_period_days")
    end = account.now + days * _DAY if days else given.get("trial_end")
    if end and end != "now":
        if end <= account.now:
            message = "Invalid timestamp: must be an integer Unix timestamp in the future."
            raise Refusal(message, code="parameter_invalid_integer", param="trial_end")
        subscription |= {"trial_start": account.now, "trial_end": end, "status": "trialing"}


def _new_item(account: Account, subscription: Json, wanted: Json, path: str) -> Json:
    price = _recurring_price(account, wanted, path)
    used = [item for item in subscription["_items"] if item["price"] == price["id"]]
    if used and not subscription["currency"]:
        raise Refusal("Cannot create a Subscription with multiple Subscription Items with the same "
                      f"Price: {price['id']}", param="plan")  # fmt: skip
    if used:
        raise Refusal(
            f"A new item with Price {price['id']} can't be added to this Subscription because an "
            f"existing Subscription Item {used[0]['id']} is already using that Price. If you want "
            "to update the existing item (e.g., to adjust the quantity), pass the existing "
            "Subscription Item's `id` in your update request: "
            "https://stripe.com/docs/api/subscriptions/update#update_subscription-items-id",
            param="plan",
        )
    item = account.new("subscription_item", price=price["id"], subscription=subscription["id"])
    item |= {name: wanted[name] for name in ("quantity", "metadata") if name in wanted}
    until = subscription["trial_end"] or _after(
        subscription["billing_cycle_anchor"], price["recurring"]
    )
    return item | {"current_period_start": account.now, "current_period_end": until}


def _recurring_price(account: Account, wanted: Json, path: str) -> Json:
    if data := wanted.get("price_data"):
        if "recurring" not in data:
            raise refusals.missing_parameter(f"{path}[price_data][recurring]")
        return account.create(catalog.new_price(account, data) | {"active": False, "_inline": True})
    if "price" not in wanted:
        raise refusals.missing_parameter(f"{path}[price]")
    price = account.need("price", wanted["price"], f"{path}[price]")
    if not price["active"] and "_inline" not in price:
        message = "The price specified is inactive. This field only accepts active prices."
        raise Refusal(message, param=f"{path}[price]")
    if price["type"] != "recurring":
        message = ("The price specified is set to `type=one_time` but this field only accepts "
                   "prices with `type=recurring`.")  # fmt: skip
        raise Refusal(message, param=f"{path}[price]")
    return price


def _after(moment: int, every: Json) -> int:
    """Return the end of the billing period that starts then; months end on their last day."""
    count, at = every["interval_count"], datetime.fromtimestamp(moment, UTC)
    if every["interval"] in {"day", "week"}:
        days = count * (7 if every["interval"] == "week" else 1)
        return int((at + timedelta(days=days)).timestamp())
    months = at.month - 1 + count * (12 if every["interval"] == "year" else 1)
    year, month = at.year + months // 12, months % 12 + 1
    last = calendar.monthrange(year, month)[1]
    return int(at.replace(year=year, month=month, day=min(at.day, last)).timestamp())


def _same_currency(account: Account, subscription: Json) -> None:
    currencies = {_price(account, item)["currency"] for item in subscription["_items"]}
    if len(currencies) > 1:
        raise Refusal("All prices on a subscription must have the same currency.", param="items")
    subscription["currency"] = subscription["currency"] or currencies.pop()


def _price(account: Account, item: Json) -> Json:
    return account.need("price", item["price"], None)


def _cancellation(account: Account, subscription: Json, given: Json) -> None:
    if "cancel_at_period_end" not in given and "cancel_at" not in given:
        return
    end = max(item["current_period_end"] for item in subscription["_items"])
    at_end = bool(given.get("cancel_at_period_end"))
    at: Any = end if at_end else given.get("cancel_at") or None
    at = end if isinstance(at, str) else at
    reason = "cancellation_requested" if at else None
    subscription |= {"cancel_at_period_end": at_end, "cancel_at": at,
                     "canceled_at": account.now if at else None}  # fmt: skip
    subscription["cancellation_details"] = subscription["cancellation_details"] | {"reason": reason}


def first_invoice(account: Account, subscription: Json) -> Json:
    """Make the invoice a subscription starts with, with pending items; sent ones stay drafts."""
    sent = subscription["collection_method"] == "send_invoice"
    invoice = account.new(
        "invoice", billing_reason="subscription_create", parent=_parent(subscription)
    )
    customer = account.need("customer", subscription["customer"], "customer")
    _address(account, invoice, customer, subscription["currency"])
    invoice |= {"collection_method": subscription["collection_method"], "auto_advance": sent}
    if sent:
        invoice["due_date"] = account.now + subscription["days_until_due"] * _DAY
        invoice["automatically_finalizes_at"] = account.now + _UNTIL_FINALIZED
    invoice["_lines"] = [_subscribed(account, subscription, item, invoice["id"])
                         for item in subscription["_items"]]  # fmt: skip
    account.create(invoice)
    pending = account.find("invoiceitem", customer=customer["id"], invoice=None)
    _add_lines(account, invoice, [i for i in pending if i["currency"] == invoice["currency"]])
    subscription["latest_invoice"] = invoice["id"]
    account.change(subscription)
    return invoice if sent else finalize(account, invoice)


def _subscribed(account: Account, subscription: Json, item: Json, invoice: str) -> Json:
    price = _price(account, item)
    trial = subscription["status"] == "trialing"
    amount = 0 if trial else catalog.total(price, item["quantity"])
    details = {"invoice_item": None, "proration": False,
               "proration_details": {"credited_items": None}, "subscription": subscription["id"],
               "subscription_item": item["id"]}  # fmt: skip
    line = account.new("line_item", amount=amount, subtotal=amount, currency=price["currency"])
    return line | {
        "description": _describe(account, price, item["quantity"], trial=trial),
        "invoice": invoice, "metadata": dict(item["metadata"]), "pricing": _pricing(price),
        "parent": {"invoice_item_details": None, "subscription_item_details": details,
                   "type": "subscription_item_details"},
        "period": {"end": item["current_period_end"], "start": item["current_period_start"]},
        "quantity": item["quantity"], "quantity_decimal": str(item["quantity"]),
    }  # fmt: skip


def _describe(account: Account, price: Json, quantity: int, *, trial: bool) -> str:
    name = _product_name(account, price) or "Subscription"
    if trial:
        return f"Trial period for {name}"
    each, every = refusals.money(price["unit_amount"] or 0, price["currency"]), price["recurring"]
    count = every["interval_count"]
    period = every["interval"] if count == 1 else f"every {count} {every['interval']}s"
    return f"{quantity} × {name} (at {each} / {period})"


def _first_payment(account: Account, subscription: Json, invoice: Json, given: Json) -> None:
    subscription["status"] = "incomplete"
    account.change(subscription)
    if given.get("payment_behavior") == "default_incomplete":
        method = subscription["default_payment_method"]
        secret = new_intent(account, invoice, method)["client_secret"]
        secret = {"client_secret": secret, "type": "payment_intent"}
        account.change(invoice | {"_confirmation_secret": secret})
        return
    try:
        charge(account, invoice, subscription["default_payment_method"])
    except Refusal as refusal:
        if given.get("payment_behavior") == "error_if_incomplete":
            refusal.kept = False
            raise


@does("subscription.update")
def update_subscription(account: Account, subscription: Json, given: Given) -> Json:
    """Change a subscription; items named by id change, others are added; nothing is prorated."""
    if subscription["status"] == "canceled" and given.keys() - {
        "metadata",
        "cancellation_details",
        "expand",
    }:
        raise Refusal(
            "A canceled subscription can only update its cancellation_details and metadata.",
            code="invalid_canceled_subscription_fields",
        )
    if given.keys() & {"days_until_due", "collection_method"}:
        sent = subscription["collection_method"] == "send_invoice"
        if "days_until_due" in given and not sent:
            raise Refusal(_MAY_SAY_DUE.format("'days_until_due'"))
        if sent and subscription["days_until_due"] is None:
            raise Refusal(f"{_MUST_SAY_DUE}'days_until_due'.")
    for index, wanted in enumerate(given.get("items", ())):
        _change_item(account, subscription, wanted, f"items[{index}]")
    _same_currency(account, subscription)
    if given.get("trial_end") == "now":
        subscription |= {"trial_end": account.now, "status": "active"}
    elif "trial_end" in given:
        _trial(account, subscription, given)
    _cancellation(account, subscription, given)
    return account.change(subscription, given.before)


def _change_item(account: Account, subscription: Json, wanted: Json, path: str) -> None:
    items = subscription["_items"]
    if "id" not in wanted:
        items.append(_new_item(account, subscription, wanted, path))
        return
    item = next((item for item in items if item["id"] == wanted["id"]), None)
    if item is None:
        raise refusals.missing_object("subscription_item", wanted["id"], f"{path}[id]", 400)
    if wanted.get("deleted"):
        items.remove(item)
        if not items:
            raise Refusal("A subscription must have at least one active plan. To cancel a "
                          "subscription, please use the cancel API endpoint on /v1/subscriptions.",
                          param=f"{path}[deleted]")  # fmt: skip
        return
    if "price" in wanted or "price_data" in wanted:
        item["price"] = _recurring_price(account, wanted, path)["id"]
    item["quantity"] = wanted.get("quantity", item["quantity"])
    if "metadata" in wanted:
        item["metadata"] = metadata(item["metadata"], wanted["metadata"])


@does("subscription.delete")
def cancel_subscription(account: Account, subscription: Json, _given: Given) -> Json:
    """Cancel a subscription at once; a second time there is none."""
    if subscription["status"] in {"canceled", "incomplete_expired"}:
        raise refusals.missing_object("subscription", subscription["id"], "id", 404)
    before = subscription["status"]
    subscription |= {
        "status": "incomplete_expired" if before == "incomplete" else "canceled",
        "canceled_at": account.now, "ended_at": account.now,
        "cancellation_details": subscription["cancellation_details"]
        | {"reason": "cancellation_requested"},
    }  # fmt: skip
    account.change(subscription)
    account.emit("customer.subscription.deleted", subscription)
    return subscription


def _show_subscription(account: Account, subscription: Json, view: Json) -> None:
    rows = [_show_item(account, item) for item in subscription["_items"]]
    url = f"/v1/subscription_items?subscription={subscription['id']}"
    view["items"] = present.listing(rows, url, total_count=len(rows))
    alone = rows[0] if len(rows) == 1 else {"plan": None, "quantity": None}
    view |= {"plan": copy.deepcopy(alone["plan"]), "quantity": alone["quantity"]}


def _show_item(account: Account, item: Json) -> Json:
    price = account.show(_price(account, item))
    same = ("active", "billing_scheme", "created", "currency", "livemode", "metadata", "nickname",
            "product", "tiers_mode")  # fmt: skip
    recurring = price["recurring"]
    plan = {"id": price["id"], "object": "plan", "transform_usage": None}
    plan |= {"amount": price["unit_amount"], "amount_decimal": price["unit_amount_decimal"]}
    plan |= {name: price[name] for name in same} | recurring
    return item | {"price": price, "plan": plan}


present.PRESENTERS["subscription"] = _show_subscription
