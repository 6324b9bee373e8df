"""What is a Checkout Session: a page where somebody pays, subscribes or saves a card?

It is opened by the API and completed on the payment page or by the test helper.
"""

from typing import Any

from stripe_emulator import amounts, refusals
from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.due import due
from stripe_emulator.lifecycle import Given, do, does, picked
from stripe_emulator.message import token
from stripe_emulator.present import shows
from stripe_emulator.refusals import Json, Refusal, is_json, without_nulls
from stripe_emulator.resources import checkout_item as items
from stripe_emulator.resources import customer as customers
from stripe_emulator.resources import discount as discounts
from stripe_emulator.resources import invoice as invoices
from stripe_emulator.resources import invoice_item as invoice_items
from stripe_emulator.resources import payment_intent as intents
from stripe_emulator.resources import payment_method as methods
from stripe_emulator.resources import setup_intent as setup_intents
from stripe_emulator.resources import shipping_rate as shipping_rates
from stripe_emulator.resources import subscription as subscriptions
from stripe_emulator.resources import tax_rate as tax_rates

declare(
    Resource(
        kind="checkout.session",
        prefix="cs_test_a1",
        size=56,
        path="/v1/checkout/sessions",
        verbs="list create update complete retrieve expire",
        own={"complete": "payment_method email promotion_code"},
        starts="""adaptive_pricing={"enabled":false} branding_settings={"background_color":
            "#ffffff", "border_style": "rounded", "button_color": "#0074d4", "display_name":
            "Emulator", "font_family": "default", "icon": null, "logo": null} _breakdown _data={}
            discounts=[] _discounts=[] integration_identifier _line_items=[]
            managed_payments={"enabled":false} mode="payment"
            payment_method_collection="if_required" payment_method_options={}
            payment_method_types=["card"] payment_status="unpaid"
            phone_number_collection={"enabled":false} status="open"
            total_details={"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0}
            ui_mode="hosted_page" """,
        absent="excluded_payment_method_types name_collection optional_items tax_id_collection",
        on_demand="line_items",
        inside={"total_details": "breakdown"},
        echoes="""adaptive_pricing.enabled=false allow_promotion_codes automatic_tax.enabled=false
            billing_address_collection branding_settings client_reference_id consent_collection
            custom_fields custom_text excluded_payment_method_types integration_identifier locale
            managed_payments.enabled=false name_collection origin_context phone_number_collection
            saved_payment_method_options shipping_address_collection submit_type
            tax_id_collection wallet_options""",
        lists={"line_items": "item"},
        elsewhere={"complete": "/v1/test_helpers/checkout/sessions"},
        in_path="session",
        lost={"": None},
        quoted=False,
        longest=66,
    )
)

_MOST_DISCOUNTS = 1
_HALF_HOUR = 1_800
_DAY = 86_400
_HOSTED = "hosted_page"
# Parameter → the modes that take it (docs.stripe.com/api/checkout/sessions/create).
_ONLY_IN = {
    "subscription_data": ("subscription",),
    "payment_intent_data": ("payment",),
    "setup_intent_data": ("setup",),
    "invoice_creation": ("payment",),
    "line_items": ("payment", "subscription"),
    "payment_method_collection": ("subscription",),
    "submit_type": ("payment", "subscription"),
    "customer_creation": ("payment", "setup"),
}
_UPDATED_IN = {
    "line_items": ("elements", "form"),
    "shipping_options": ("elements", "form", "embedded_page"),
}
_SETUP_NEEDS_ONE = {"currency", "payment_method_types", "allowed_payment_method_types"}
_CUSTOMER_CREATION = {"subscription": "always", "setup": None, "payment": "if_required"}
_KEPT_DATA = """subscription_data payment_intent_data setup_intent_data return_url
    redirect_on_completion"""
_INVOICE_DATA: Json = {
    "account_tax_ids": None,
    "custom_fields": None,
    "description": None,
    "footer": None,
    "issuer": None,
    "metadata": {},
    "rendering_options": None,
}
_DEFAULT_RATES = "subscription_data[default_tax_rates]"
_OF_LINES = "adjustable_quantity id metadata price price_data quantity tax_rates"
_OF_SHIPPING = """shipping_rate shipping_rate_data.delivery_estimate
    shipping_rate_data.display_name shipping_rate_data.fixed_amount.amount
    shipping_rate_data.fixed_amount.currency shipping_rate_data.metadata
    shipping_rate_data.tax_behavior shipping_rate_data.tax_code shipping_rate_data.type"""
_OF_PAYMENTS = ("discounts", "saved_payment_method_options", "total_details")
_SAVED_METHODS: Json = {
    "allow_redisplay_filters": ["always"],
    "payment_method_remove": "disabled",
    "payment_method_save": None,
}


@does(
    "checkout.session.create",
    """allowed_payment_method_types cancel_url currency customer customer_creation customer_email
    discounts.coupon discounts.promotion_code expires_at invoice_creation.enabled=false
    mode payment_method_collection
    payment_method_options.card.request_three_d_secure=automatic payment_method_types
    redirect_on_completion return_url success_url ui_mode""",
    line_items=_OF_LINES,
    payment_intent_data="""capture_method description metadata receipt_email setup_future_usage
        shipping statement_descriptor statement_descriptor_suffix transfer_group""",
    setup_intent_data="description metadata",
    shipping_options=_OF_SHIPPING,
    subscription_data="""billing_mode.type=flexible default_tax_rates description
        invoice_settings.issuer.type=self metadata proration_behavior trial_end
        trial_period_days trial_settings""",
)
def create(account: Account, session: Json, given: Given) -> Json:
    """Open a session for what is to be paid, subscribed or set up."""
    mode = given.get("mode")
    if mode is None:
        raise refusals.missing_parameter("mode")
    _check_mode(mode, given)
    _check_page(session["ui_mode"], given)
    _check_trial(account, given.get("subscription_data", {}))
    session["expires_at"] = _expiry(account, given)
    session["_line_items"] = [
        items.of_wanted(account, wanted, f"line_items[{index}]")
        for index, wanted in enumerate(given.get("line_items", ()))
    ]
    session["currency"] = _currency(account, session, given.get("currency"))
    session["shipping_options"] = _shipping(account, given)
    _derive(session, given)
    tax_rates.check_active(account, _default_rates(session), _DEFAULT_RATES)
    _redeem(account, session)
    if mode == "setup":
        _begin_setup(account, session)
    _total(account, session)
    return account.create(session)


def _redeem(account: Account, session: Json) -> None:
    """Make the discounts of a session; who completes it has redeemed them."""
    rows = session["discounts"]
    if len(rows) > _MOST_DISCOUNTS:
        message = f"Array exceeded maximum allowed elements ({_MOST_DISCOUNTS})."
        raise Refusal(message, param="discounts")
    due = _added(_due_now(account, session), "amount_subtotal")
    owner = {"checkout_session": session["id"]}
    customer, currency = session["customer"], session["currency"]
    buyer = discounts.Buyer(account, customer, currency, owner, due)
    ids: list[str] = []
    for at, row in enumerate(rows):
        made = buyer.made(without_nulls(row), f"discounts[{at}]")
        ids.append(made["id"])
    session["_discounts"] = ids


def _begin_setup(account: Account, session: Json) -> None:
    """Nothing is paid: there is a SetupIntent from the beginning, and nothing about money."""
    data = session["_data"].get("setup_intent_data", {})
    intent = setup_intents.open_(account, session["customer"], data)
    session |= dict.fromkeys(_OF_PAYMENTS)
    session |= {"setup_intent": intent["id"], "payment_status": "no_payment_required"}


def _check_mode(mode: str, given: Json) -> None:
    for name, modes in _ONLY_IN.items():
        if name in given and mode not in modes:
            raise Refusal(f"You can not pass `{name}` in `{mode}` mode.", param=name)
    if mode == "setup":
        if _SETUP_NEEDS_ONE.isdisjoint(given):
            raise refusals.missing_parameter("currency")
    elif not given.get("line_items"):
        raise refusals.missing_parameter("line_items")


def _check_page(ui_mode: str, given: Json) -> None:
    if ui_mode == _HOSTED:
        if "success_url" not in given:
            raise refusals.missing_parameter("success_url")
        return
    for name in ("success_url", "cancel_url"):
        if name in given:
            raise Refusal(f"You can not pass `{name}` when `ui_mode` is `{ui_mode}`.", param=name)
    if "return_url" not in given and given.get("redirect_on_completion") != "never":
        raise refusals.missing_parameter("return_url")


def _check_trial(account: Account, data: Json) -> None:
    """Checkout asks for two days of a trial at least, where its end is named."""
    end = data.get("trial_end")
    if end is not None and end < account.now + 2 * _DAY:
        message = "The `trial_end` date has to be at least 2 days in the future."
        raise Refusal(message, param="subscription_data[trial_end]")
    subscriptions.check_trial(account, data, "subscription_data[{}]")


def _expiry(account: Account, given: Json) -> int:
    expires: int = given.get("expires_at", account.now + _DAY)
    if expires < account.now + _HALF_HOUR:
        raise _wrong_expiry("at least 30 minutes")
    if expires > account.now + _DAY:
        raise _wrong_expiry("less than 24 hours")
    return expires


def _wrong_expiry(bound: str) -> Refusal:
    message = f"The `expires_at` timestamp must be {bound} from Checkout Session creation."
    return Refusal(message, param="expires_at")


def _priced(account: Account, session: Json) -> list[tuple[Json, Json]]:
    """Each line with its price."""
    lines: list[Json] = session["_line_items"]
    return [(line, account.need("price", line["price"])) for line in lines]


def _currency(account: Account, session: Json, asked: str | None) -> str | None:
    """The one currency of all lines, which must fit the mode."""
    prices = [price for _, price in _priced(account, session)]
    _check_types(session["mode"], {price["type"] for price in prices})
    currencies = {price["currency"] for price in prices}
    if asked:
        currencies.add(asked)
    if len(currencies) > 1:
        message = "All line items of a Checkout Session must have the same currency."
        raise Refusal(message, param="line_items")
    return next(iter(currencies), None)


def _check_types(mode: str, types: set[str]) -> None:
    if mode == "subscription" and "recurring" not in types:
        raise Refusal(
            "You must provide at least one recurring price in `subscription` mode when using "
            "prices."
        )
    if mode == "payment" and "recurring" in types:
        raise Refusal(
            "You specified `payment` mode but passed a recurring price. Either switch to "
            "`subscription` mode or use only one-time prices."
        )


def _shipping(account: Account, given: Json) -> list[Json]:
    options: list[Json] = given.get("shipping_options") or []
    rates = [
        shipping_rates.of_option(account, option, f"shipping_options[{index}]")
        for index, option in enumerate(options)
    ]
    return [
        {"shipping_amount": rate["fixed_amount"]["amount"], "shipping_rate": rate["id"]}
        for rate in rates
    ]


def _derive(session: Json, given: Json) -> None:
    _derive_customer(session, given)
    _derive_methods(session, given)
    _derive_rest(session, given)


def _derive_customer(session: Json, given: Json) -> None:
    mode = session["mode"]
    if not session["customer"]:
        session["customer_creation"] = given.get("customer_creation", _CUSTOMER_CREATION[mode])
    if email := given.get("customer_email"):
        session["customer_details"] = _details(email, None)
    if session["customer"] or mode != "payment":
        asked = given.get("saved_payment_method_options", {})
        session["saved_payment_method_options"] = _SAVED_METHODS | asked


def _derive_methods(session: Json, given: Json) -> None:
    named = given.get("payment_method_types") or given.get("allowed_payment_method_types")
    session["payment_method_types"] = named or ["card", "link"]
    if not named:
        session["payment_method_configuration_details"] = {"id": "pmc_1Emulator", "parent": None}
    session["payment_method_options"] = {"card": {"request_three_d_secure": "automatic"}}


def _derive_rest(session: Json, given: Json) -> None:
    if session["mode"] == "payment":
        session["invoice_creation"] = _invoice_creation(given.get("invoice_creation"))
    else:
        session["payment_method_collection"] = given.get("payment_method_collection", "always")
    if session["ui_mode"] != _HOSTED:
        session["client_secret"] = f"{session['id']}_secret_{token(32)}"
    session["_data"] = picked(given, _KEPT_DATA)


def _invoice_creation(asked: Any) -> Json:
    enabled = str(asked.get("enabled")) if is_json(asked) else ""
    return invoice_creation(enabled=enabled.lower() == "true")


def invoice_creation(*, enabled: bool) -> Json:
    """Whether an invoice is made of a payment; it says nothing of its own."""
    return {"enabled": enabled, "invoice_data": dict(_INVOICE_DATA)}


def _details(email: str | None, name: str | None) -> Json:
    return {
        "address": None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": name,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": None,
    }


def _total(account: Account, session: Json) -> None:
    if session["mode"] == "setup":
        return
    lines = _due_now(account, session)
    _settle_lines(account, session, lines)
    shipping = _ship(session)
    total = _added(lines, "amount_total") + shipping
    session |= {"amount_subtotal": _added(lines, "amount_subtotal"), "amount_total": total}
    amounts.check_most(total, session["currency"])
    if session["mode"] == "payment":
        amounts.check_least(total, session["currency"])
    session["total_details"] |= {
        "amount_discount": _added(lines, "amount_discount"),
        "amount_shipping": shipping,
        "amount_tax": _added(lines, "amount_tax"),
    }


def _added(lines: list[Json], name: str) -> int:
    return sum(line[name] for line in lines)


def _ship(session: Json) -> int:
    """Send it in the first way that was offered; returns what that costs."""
    session["shipping_cost"] = None
    for chosen in session["shipping_options"][:1]:
        cost: int = chosen["shipping_amount"]
        session["shipping_cost"] = {
            "amount_subtotal": cost,
            "amount_tax": 0,
            "amount_total": cost,
            "shipping_rate": chosen["shipping_rate"],
        }
        return cost
    return 0


def _settle_lines(account: Account, session: Json, lines: list[Json]) -> None:
    """Give lines their totals; a coupon that makes none of them cheaper is refused."""
    items.settle(account, session["_discounts"], lines, _default_rates(session))
    session["_breakdown"] = items.breakdown(lines)
    if session["_discounts"] and lines and not _added(lines, "amount_discount"):
        raise Refusal(
            "This coupon cannot be redeemed because it does not apply to anything in this order.",
            code="coupon_applies_to_nothing",
        )


def _default_rates(session: Json) -> list[str]:
    """The tax rates of the subscription, for lines without any, as on its first invoice."""
    data = session["_data"].get("subscription_data", {})
    ids: list[str] = data.get("default_tax_rates")
    return ids or []


def _due_now(account: Account, session: Json) -> list[Json]:
    """The lines to pay for at once: a trial begins without its recurring ones."""
    lines: list[Json] = session["_line_items"]
    data = session["_data"].get("subscription_data", {})
    if not (data.get("trial_period_days") or data.get("trial_end")):
        return lines
    priced = _priced(account, session)
    return [line for line, price in priced if price["type"] == "one_time"]


def _check_open(session: Json, what: str) -> None:
    if session["status"] != "open":
        raise Refusal(
            f'Only Checkout Sessions with a status in ["open"] can be {what}. This Checkout '
            f"Session has a status of `{session['status']}`."
        )


@does("checkout.session.update", line_items=_OF_LINES, shipping_options=_OF_SHIPPING)
def update(account: Account, session: Json, given: Given) -> Json:
    """Update an open session; its lines only where the page is the caller's own."""
    _check_open(session, "updated")
    _check_mine(session, given)
    if "line_items" in given:
        _change_lines(account, session, given)
    if "shipping_options" in given:
        session["shipping_options"] = _shipping(account, given)
    _total(account, session)
    return account.change(session, given.before)


def _check_mine(session: Json, given: Json) -> None:
    """Refuse to change what is drawn by Stripe's page, and not by the caller's."""
    for name, modes in _UPDATED_IN.items():
        if name in given and session["ui_mode"] not in modes:
            listed = refusals.one_of([f"`{mode}`" for mode in modes])
            raise Refusal(f"You can only update `{name}` when `ui_mode` is {listed}.", param=name)


def _change_lines(account: Account, session: Json, given: Given) -> None:
    before = given.before["_line_items"]
    session["_line_items"] = [
        items.changed(account, before, wanted, f"line_items[{index}]")
        for index, wanted in enumerate(given["line_items"])
    ]
    session["currency"] = _currency(account, session, given.before["currency"])


@does("checkout.session.expire")
def expire(account: Account, session: Json, _given: Given) -> Json:
    """Expire an open session."""
    _check_open(session, "expired")
    return _expired(account, session)


def _expired(account: Account, session: Json) -> Json:
    session["status"] = "expired"
    account.change(session)
    account.emit("checkout.session.expired", session)
    return session


def _expires(session: Json) -> int | None:
    moment: int = session["expires_at"]
    return moment if session["status"] == "open" else None


@due("checkout.session.expire", _expires)
def expire_overdue(account: Account, session: Json) -> None:
    """Expire a session whose time has come."""
    _expired(account, session)


@does("checkout.session.complete", "email payment_method promotion_code")
def complete(account: Account, session: Json, given: Given) -> Json:
    """Complete an open session with a test card, as the payer would on the page."""
    _check_open(session, "completed")
    method = methods.use(account, given.get("payment_method", "pm_card_visa"))
    if code := given.get("promotion_code"):
        _type_code(account, session, code)
    _meet_payer(account, session, given.get("email") or session["customer_email"])
    _COMPLETE[session["mode"]](account, session, method)
    session["status"] = "complete"
    account.change(session)
    account.emit("checkout.session.completed", session)
    if session["payment_link"]:
        link = account.need("payment_link", session["payment_link"])
        do("payment_link.sold", account, link, {})
    return session


def _type_code(account: Account, session: Json, text: str) -> None:
    """Redeem what a payer has typed, where the session has room for a code."""
    if not session["allow_promotion_codes"]:
        message = "This Checkout Session does not take promotion codes."
        raise Refusal(message, param="promotion_code")
    code = _typed(account, session, text)
    session["discounts"] = [{"coupon": None, "promotion_code": code["id"]}]
    _redeem(account, session)
    _total(account, session)


def _typed(account: Account, session: Json, text: str) -> Json:
    """The code of this text that anybody may redeem, or this customer."""
    known = account.find("promotion_code", active=True)
    for code in known:
        same = code["code"].lower() == text.lower()
        if same and code["customer"] in {None, session["customer"]}:
            return code
    raise Refusal("This code is invalid.", param="promotion_code")


def _meet_payer(account: Account, session: Json, email: str | None) -> None:
    customer = _payer(account, session, email)
    name = None
    if customer:
        session["customer"] = customer["id"]
        email = customer["email"] or email
        name = customer["name"]
    details = _details(email or "payer@example.com", name)
    session["customer_details"] = details | {"tax_ids": []}


def _payer(account: Account, session: Json, email: str | None) -> Json | None:
    if session["customer"]:
        return account.need("customer", session["customer"], "customer")
    creation = session["customer_creation"]
    if creation == "always" or (session["mode"] == "setup" and creation):
        return customers.of_payer(account, email)
    return None


def _pay(account: Account, session: Json, method: Json) -> None:
    if not session["amount_total"]:
        session["payment_status"] = "no_payment_required"
        _count(account, session)
        return
    intent = account.create(_intent(account, session, method))
    session["payment_intent"] = intent["id"]
    collected = intents.collect(account, intent, {"error_on_requires_action": True})
    _count(account, session)
    paid = collected["status"] == "succeeded"
    session["payment_status"] = "paid" if paid else "unpaid"


def _count(account: Account, session: Json) -> None:
    for id_ in session["_discounts"]:
        discounts.count(account, account.need("discount", id_))


def _intent(account: Account, session: Json, method: Json) -> Json:
    intent = account.new("payment_intent", amount=session["amount_total"])
    data = session["_data"].get("payment_intent_data", {})
    intent |= {name: value for name, value in data.items() if name in intent}
    return intent | {
        "client_secret": intents.new_secret(intent["id"]),
        "currency": session["currency"],
        "customer": session["customer"],
        "payment_method": method["id"],
        "status": "requires_confirmation",
    }


def _subscribe(account: Account, session: Json, method: Json) -> None:
    methods.attach(account, method, session["customer"])
    subscription = _start_subscription(account, session, method)
    _add_once(account, session)
    invoice = subscriptions.first_invoice(account, subscription)
    if invoice["status"] == "open":
        try:
            invoice = invoices.charge(account, invoice, method["id"])
        except Refusal as refusal:
            refusal.kept = False  # a session with a declined card stays open and makes nothing
            raise
    session |= {"subscription": subscription["id"], "invoice": invoice["id"]}
    session["payment_status"] = "paid" if invoice["amount_due"] else "no_payment_required"


def _add_once(account: Account, session: Json) -> None:
    """Let the first invoice take along what is bought once."""
    customer = session["customer"]
    for line, price in _priced(account, session):
        if price["type"] == "one_time":
            rates = line["_tax_rates"]
            invoice_items.one_time(account, customer, price, line["quantity"], tax_rates=rates)


def _quantity(line: Json) -> Json:
    """How many a subscription is of; not said of what is metered."""
    return {} if line["quantity"] is None else {"quantity": line["quantity"]}


def _start_subscription(account: Account, session: Json, method: Json) -> Json:
    data = session["_data"].get("subscription_data", {})
    subscription = account.new("subscription", customer=session["customer"])
    subscription |= picked(data, "description metadata trial_settings")
    subscription["default_payment_method"] = method["id"]
    trial = picked(data, "trial_end trial_period_days")
    asked = {
        "items": _recurring(account, session),
        "checkout_session": session["id"],
        "discounts": list(map(without_nulls, session["discounts"])),
        "default_tax_rates": _default_rates(session),
    }
    subscriptions.start(account, subscription, asked | trial)
    return account.create(subscription)


def _recurring(account: Account, session: Json) -> list[Json]:
    """The lines that a subscription is made of."""
    return [
        {"price": price["id"], "tax_rates": line["_tax_rates"], **_quantity(line)}
        for line, price in _priced(account, session)
        if price["type"] == "recurring"
    ]


def _set_up(account: Account, session: Json, method: Json) -> None:
    if session["customer"]:
        methods.attach(account, method, session["customer"])
    intent = account.need("setup_intent", session["setup_intent"])
    setup_intents.succeed(account, intent, session["customer"], method)


_COMPLETE = {"payment": _pay, "subscription": _subscribe, "setup": _set_up}


@shows("checkout.session")
def show(account: Account, session: Json, view: Json) -> None:
    """Show where the page is, or where an embedded one leads."""
    view["url"] = None
    if session["ui_mode"] != _HOSTED:
        view |= picked(session["_data"], "return_url redirect_on_completion")
    elif session["status"] == "open":
        view["url"] = f"{account.pages}/pay/{session['id']}"
