"""Checkout Sessions: opened by the API, completed on the payment page or by the test helper."""

from __future__ import annotations

from typing import Any

from stripe_emulator import billing, catalog, payments, present, refusals
from stripe_emulator.account import Account, token
from stripe_emulator.lifecycle import Given, does, metadata
from stripe_emulator.refusals import Json, Refusal, is_json

_HALF_HOUR, _DAY = 1_800, 86_400
_HOSTED = "hosted_page"
_ONLY_IN = {  # parameter → the modes that take it (docs.stripe.com/api/checkout/sessions/create)
    "subscription_data": ("subscription",),
    "payment_intent_data": ("payment",),
    "setup_intent_data": ("setup",),
    "invoice_creation": ("payment",),
    "line_items": ("payment", "subscription"),
    "payment_method_collection": ("subscription",),
    "submit_type": ("payment", "subscription"),
    "customer_creation": ("payment", "setup"),
}
_INVOICE_DATA = ("account_tax_ids", "custom_fields", "description", "footer", "issuer",
                 "rendering_options")  # fmt: skip


@does("checkout.session.create")
def create_session(account: Account, session: Json, given: Given) -> Json:
    """Open a session for what is to be paid, subscribed or set up."""
    mode = given.get("mode")
    if mode is None:
        raise refusals.missing_parameter("mode")
    _mode_rules(mode, given)
    _page_rules(session["ui_mode"], given)
    session["expires_at"] = _expiry(account, given)
    session["_line_items"] = [
        _line(account, wanted, f"line_items[{index}]")
        for index, wanted in enumerate(given.get("line_items", ()))
    ]
    _currency_and_modes(account, session, given)
    session["shipping_options"] = _shipping(given.get("shipping_options", []))
    _derived(session, given)
    _total(account, session)
    return account.create(session)


def _mode_rules(mode: str, given: Json) -> None:
    for name, modes in _ONLY_IN.items():
        if name in given and mode not in modes:
            raise Refusal(f"You can not pass `{name}` in `{mode}` mode.", param=name)
    if mode == "setup":
        if not given.keys() & {"currency", "payment_method_types", "allowed_payment_method_types"}:
            raise refusals.missing_parameter("currency")
    elif not given.get("line_items"):
        raise refusals.missing_parameter("line_items")
    trial_end = given.get("subscription_data", {}).get("trial_end")
    if trial_end is not None and given.get("trial_period_days"):
        raise refusals.exclusive_parameters(("trial_end", "trial_period_days"), "subscription_data")


def _page_rules(ui_mode: str, given: Json) -> None:
    if ui_mode == _HOSTED:
        if "success_url" not in given:
            raise refusals.missing_parameter("success_url")
        return
    for name in ("success_url", "cancel_url"):
        if name in given:
            raise Refusal(f"You can not pass `{name}` when `ui_mode` is `{ui_mode}`.", param=name)
    if "return_url" not in given and given.get("redirect_on_completion") != "never":
        raise refusals.missing_parameter("return_url")


def _expiry(account: Account, given: Json) -> int:
    expires: int = given.get("expires_at", account.now + _DAY)
    if expires < account.now + _HALF_HOUR:
        message = (
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation."
        )
        raise Refusal(message, param="expires_at")
    if expires > account.now + _DAY:
        message = (
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation."
        )
        raise Refusal(message, param="expires_at")
    return expires


def _line(account: Account, wanted: Json, path: str) -> Json:
    price = _line_price(account, wanted, path)
    metered = price["type"] == "recurring" and price["recurring"]["usage_type"] == "metered"
    if "quantity" not in wanted and not metered:
        raise refusals.missing_parameter(f"{path}[quantity]")
    product = account.get("product", price["product"])
    item = account.new("item", description=product and product["name"])
    return _sized(account, item, price, wanted)


def _sized(_account: Account, item: Json, price: Json, wanted: Json) -> Json:
    quantity = int(wanted["quantity"] if "quantity" in wanted else item["quantity"])
    amount = catalog.total(price, quantity)
    adjustable = wanted.get("adjustable_quantity", item["adjustable_quantity"])
    return item | {
        "price": price["id"], "quantity": quantity, "currency": price["currency"],
        "amount_subtotal": amount, "amount_total": amount,
        "adjustable_quantity": adjustable and {"maximum": 99, "minimum": 0} | adjustable,
        "metadata": metadata(item["metadata"], wanted.get("metadata", {})),
    }  # fmt: skip


def _line_price(account: Account, wanted: Json, path: str) -> Json:
    if data := wanted.get("price_data"):
        if "product" not in data and "product_data" not in data:
            raise refusals.missing_parameter(f"{path}[price_data][product_data]")
        if "unit_amount" not in data and "unit_amount_decimal" not in data:
            raise refusals.missing_parameter(f"{path}[price_data][unit_amount]")
        return account.create(catalog.new_price(account, data) | {"active": False, "_inline": True})
    if "price" not in wanted:
        raise refusals.missing_parameter(f"{path}[price]")
    price = account.need("price", wanted["price"], f"{path}[price]")
    if not price["active"]:
        message = "The price specified is inactive. This field only accepts active prices."
        raise Refusal(message, param=f"{path}[price]")
    return price


def _prices(account: Account, session: Json) -> list[Json]:
    return [account.need("price", line["price"], None) for line in session["_line_items"]]


def _currency_and_modes(account: Account, session: Json, given: Json) -> None:
    prices = _prices(account, session)
    recurring = [price for price in prices if price["type"] == "recurring"]
    if session["mode"] == "subscription" and not recurring:
        raise Refusal(
            "You must provide at least one recurring price in `subscription` mode when using "
            "prices."
        )
    if session["mode"] == "payment" and recurring:
        raise Refusal(
            "You specified `payment` mode but passed a recurring price. Either switch to "
            "`subscription` mode or use only one-time prices."
        )
    currencies = {price["currency"] for price in prices} | {given.get("currency")} - {None}
    if len(currencies) > 1:
        message = "All line items of a Checkout Session must have the same currency."
        raise Refusal(message, param="line_items")
    session["currency"] = next(iter(currencies), None)


def _shipping(options: Any) -> list[Json]:
    shown: list[Json] = []
    for option in options or ():
        data: Json = option.get("shipping_rate_data") or {}
        amount = data.get("fixed_amount", {"amount": 0})["amount"]
        shown.append({"shipping_amount": amount, "shipping_rate": f"shr_1{token(23)}"})
    return shown


def _derived(session: Json, given: Json) -> None:
    mode, customer = session["mode"], session["customer"]
    if not customer:
        default = {"subscription": "always", "setup": None, "payment": "if_required"}[mode]
        session["customer_creation"] = given.get("customer_creation", default)
    if email := given.get("customer_email"):
        session["customer_details"] = _details(email, None)
    if mode == "payment":
        session["invoice_creation"] = _invoice_creation(given.get("invoice_creation", {}))
    else:
        session["payment_method_collection"] = given.get("payment_method_collection", "always")
    if customer or mode != "payment":
        session["saved_payment_method_options"] = {
            "allow_redisplay_filters": ["always"], "payment_method_remove": "disabled",
            "payment_method_save": None}  # fmt: skip
    named = given.get("payment_method_types") or given.get("allowed_payment_method_types")
    session["payment_method_types"] = named or ["card", "link"]
    if not named:
        session["payment_method_configuration_details"] = {"id": "pmc_1Emulator", "parent": None}
    session["payment_method_options"] = {"card": {"request_three_d_secure": "automatic"}}
    if session["ui_mode"] != _HOSTED:
        session["client_secret"] = f"{session['id']}_secret_{token(32)}"
    kept = ("subscription_data", "payment_intent_data", "setup_intent_data", "return_url",
            "redirect_on_completion")  # fmt: skip
    session["_data"] = {name: given[name] for name in kept if name in given}


def _invoice_creation(asked: Any) -> Json:
    asked = asked if is_json(asked) else {}
    data: Json = dict.fromkeys(_INVOICE_DATA)
    data["metadata"] = {}
    enabled = str(asked.get("enabled", "false")).lower() == "true"
    return {"enabled": enabled, "invoice_data": dict(sorted(data.items()))}


def _details(email: str | None, name: str | None) -> Json:
    empty = ("address", "business_name", "individual_name", "phone", "tax_ids")
    details: Json = dict.fromkeys(empty) | {"email": email, "name": name, "tax_exempt": "none"}
    return dict(sorted(details.items()))


def _total(account: Account, session: Json) -> None:
    if session["mode"] == "setup":
        return
    lines = session["_line_items"]
    prices = _prices(account, session)
    if _trial(session):
        lines = [
            line for line, price in zip(lines, prices, strict=True) if price["type"] == "one_time"
        ]
    amount = sum(line["amount_total"] for line in lines)
    chosen = session["shipping_options"][:1]
    shipping = sum(option["shipping_amount"] for option in chosen)
    session |= {"amount_subtotal": amount, "amount_total": amount + shipping}
    session["total_details"]["amount_shipping"] = shipping
    session["shipping_cost"] = {
        "amount_subtotal": shipping, "amount_tax": 0, "amount_total": shipping,
        "shipping_rate": chosen[0]["shipping_rate"]} if chosen else None  # fmt: skip


def _trial(session: Json) -> bool:
    data = session["_data"].get("subscription_data", {})
    return bool(data.get("trial_period_days") or data.get("trial_end"))


def _open_only(session: Json, what: str) -> None:
    if session["status"] != "open":
        raise Refusal(
            f'Only Checkout Sessions with a status in ["open"] can be {what}. This Checkout '
            f"Session has a status of `{session['status']}`."
        )


@does("checkout.session.update")
def update_session(account: Account, session: Json, given: Given) -> Json:
    """Update an open session; its lines only where the page is the caller's own."""
    _open_only(session, "updated")
    allowed = {"line_items": ("elements", "form"),
               "shipping_options": ("elements", "form", "embedded_page")}  # fmt: skip
    for name, modes in allowed.items():
        if name in given and session["ui_mode"] not in modes:
            listed = refusals.one_of([f"`{mode}`" for mode in modes])
            raise Refusal(f"You can only update `{name}` when `ui_mode` is {listed}.", param=name)
    if "line_items" in given:
        session["_line_items"] = [
            _changed_line(account, given.before, wanted, f"line_items[{index}]")
            for index, wanted in enumerate(given["line_items"])
        ]
        _currency_and_modes(account, session, {"currency": given.before["currency"]})
    if "shipping_options" in given:
        session["shipping_options"] = _shipping(given["shipping_options"])
    _total(account, session)
    return account.change(session, given.before)


def _changed_line(account: Account, before: Json, wanted: Json, path: str) -> Json:
    if "id" not in wanted:
        return _line(account, wanted, path)
    line = next((line for line in before["_line_items"] if line["id"] == wanted["id"]), None)
    if line is None:
        raise refusals.missing_object("item", wanted["id"], f"{path}[id]", 400)
    if "price" in wanted or "price_data" in wanted:
        price = _line_price(account, wanted, path)
    else:
        price = account.need("price", line["price"], f"{path}[price]")
    return _sized(account, line, price, wanted)


@does("checkout.session.expire")
def expire_session(account: Account, session: Json, _given: Given) -> Json:
    """Expire an open session."""
    _open_only(session, "expired")
    return _expired(account, session)


def _expired(account: Account, session: Json) -> Json:
    account.change(session | {"status": "expired"})
    account.emit("checkout.session.expired", session | {"status": "expired"})
    return session | {"status": "expired"}


def expire_overdue(account: Account) -> None:
    """Expire the sessions whose time has come."""
    for session in account.store.overdue(account.name, account.now):
        _expired(account, session)


@does("checkout.session.complete")
def complete_session(account: Account, session: Json, given: Given) -> Json:
    """Complete an open session with a test card, as the payer would on the page."""
    _open_only(session, "completed")
    chosen = payments.method(account, given.get("payment_method", "pm_card_visa"), "payment_method")
    email = given.get("email") or session["customer_email"]
    _payer(account, session, email)
    {"payment": _pay, "subscription": _subscribe, "setup": _set_up}[session["mode"]](
        account, session, chosen
    )
    session |= {"status": "complete"}
    account.change(session)
    account.emit("checkout.session.completed", session)
    return session


def _payer(account: Account, session: Json, email: str | None) -> None:
    customer = session["customer"] and account.need("customer", session["customer"], "customer")
    if customer:
        email = customer["email"] or email
    elif session["customer_creation"] == "always" or (
        session["mode"] == "setup" and session["customer_creation"]
    ):
        made = account.new("customer", email=email, invoice_prefix=token(8).upper())
        customer = account.create(made)
        session["customer"] = customer["id"]
    email = email or "payer@example.com"
    session["customer_details"] = _details(email, customer["name"] if customer else None) | {
        "tax_ids": []
    }


def _pay(account: Account, session: Json, chosen: Json) -> None:
    if not session["amount_total"]:
        session["payment_status"] = "no_payment_required"
        return
    data = session["_data"].get("payment_intent_data", {})
    intent = account.new("payment_intent", amount=session["amount_total"])
    intent |= {name: value for name, value in data.items() if name in intent}
    intent |= {
        "currency": session["currency"], "customer": session["customer"],
        "payment_method": chosen["id"], "status": "requires_confirmation",
        "client_secret": f"{intent['id']}_secret_{token(25)}",
    }  # fmt: skip
    account.create(intent)
    session["payment_intent"] = intent["id"]
    collected = payments.collect(account, intent, {"error_on_requires_action": True})
    paid = collected["status"] == "succeeded"
    session["payment_status"] = "paid" if paid else "unpaid"


def _subscribe(account: Account, session: Json, chosen: Json) -> None:
    payments.attach(account, chosen, session["customer"])
    data = session["_data"].get("subscription_data", {})
    subscription = account.new("subscription", customer=session["customer"])
    subscription |= {name: data[name] for name in ("description", "metadata") if name in data}
    subscription["default_payment_method"] = chosen["id"]
    lines = list(zip(session["_line_items"], _prices(account, session), strict=True))
    items = [{"price": price["id"], "quantity": line["quantity"]}
             for line, price in lines if price["type"] == "recurring"]  # fmt: skip
    trial = {name: data[name] for name in ("trial_end", "trial_period_days") if name in data}
    billing.start(account, subscription, {"items": items, **trial})
    account.create(subscription)
    for line, price in lines:
        if price["type"] == "one_time":
            _one_time(account, session, line, price)
    invoice = billing.first_invoice(account, subscription)
    if invoice["status"] == "open":
        try:
            invoice = billing.charge(account, invoice, chosen["id"])
        except Refusal as refusal:
            refusal.kept = False  # a session with a declined card stays open and makes nothing
            raise
    free = not invoice["amount_due"]
    session |= {"subscription": subscription["id"], "invoice": invoice["id"],
                "payment_status": "no_payment_required" if free else "paid"}  # fmt: skip


def _one_time(account: Account, session: Json, line: Json, price: Json) -> None:
    moment = {"end": account.now, "start": account.now}
    item = account.new("invoiceitem", customer=session["customer"], period=moment)
    billing.price_item(
        account, item, {"pricing": {"price": price["id"]}, "quantity": line["quantity"]}
    )
    account.create(item)


def _set_up(account: Account, session: Json, chosen: Json) -> None:
    if session["customer"]:
        payments.attach(account, chosen, session["customer"])
    data = session["_data"].get("setup_intent_data", {})
    intent = account.new("setup_intent", customer=session["customer"], payment_method=chosen["id"])
    intent |= {name: data[name] for name in ("description", "metadata") if name in data}
    intent["client_secret"] = f"{intent['id']}_secret_{token(25)}"
    account.store.add(account.name, intent)
    account.emit("setup_intent.succeeded", intent)
    session |= {"setup_intent": intent["id"], "payment_status": "no_payment_required"}


def _show_session(account: Account, session: Json, view: Json) -> None:
    hosted = session["ui_mode"] == _HOSTED
    is_open = session["status"] == "open"
    view["url"] = f"{account.pages}/pay/{session['id']}" if hosted and is_open else None
    if not hosted:
        view |= {name: session["_data"][name] for name in ("return_url", "redirect_on_completion")
                 if name in session["_data"]}  # fmt: skip


def _show_line(account: Account, line: Json, view: Json) -> None:
    view["price"] = account.show(account.need("price", line["price"], None))


present.PRESENTERS["checkout.session"] = _show_session
present.PRESENTERS["item"] = _show_line
