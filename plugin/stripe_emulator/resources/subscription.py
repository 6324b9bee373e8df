"""What is a subscription: how does it start, and how is it shown?"""

import copy
from contextlib import suppress
from typing import Any

from stripe_emulator import clocks, present, refusals
from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.lifecycle import Given, does, picked
from stripe_emulator.present import shows
from stripe_emulator.refusals import Json, Refusal
from stripe_emulator.resources import customer as customers
from stripe_emulator.resources import discount as discounts
from stripe_emulator.resources import invoice as invoices
from stripe_emulator.resources import payment_method as methods
from stripe_emulator.resources import price as prices
from stripe_emulator.resources import setup_intent as setup_intents
from stripe_emulator.resources import subscription_item as items
from stripe_emulator.resources import tax_rate as tax_rates

# what is shown of the one item where there are more
_SEVERAL: Json = {"plan": None, "quantity": None}
_MOST_DAYS = 730
_STATUS = "json_extract(body, '$.status')"

declare(
    Resource(
        kind="subscription",
        prefix="sub_1",
        path="/v1/subscriptions",
        verbs="list create update delete retrieve search resume discount",
        searches="canceled_at< created< metadata status",
        starts="""billing_mode={"flexible": {"proration_discounts": "included"}, "type": "flexible",
            "updated_at": null} cancellation_details={"comment": null, "feedback": null, "reason":
            null} collection_method="charge_automatically" default_tax_rates=[]
            invoice_settings={"account_tax_ids": null, "issuer": {"type": "self"}} _items=[]
            managed_payments={"enabled":false} payment_settings={"payment_method_options": null,
            "payment_method_types": null, "save_default_payment_method": "off"} plan=null quantity
            status="active" trial_settings={"end_behavior": {"missing_payment_method":
            "create_invoice"}}""",
        needs={"create": "items"},
        unsets={"create": "default_payment_method", "update": "default_payment_method"},
        kinds={"plan": "plan"},
        echoes="""automatic_tax.enabled=false billing_mode.type=flexible description
            invoice_settings.issuer.type=self
            payment_settings.payment_method_options.card.request_three_d_secure=automatic
            payment_settings.payment_method_types=card
            payment_settings.save_default_payment_method trial_from_plan=false trial_settings""",
        emits="created updated deleted",
        events="customer.subscription",
        looks_at={
            "current_period_end": "_items[0].current_period_end",
            "current_period_start": "_items[0].current_period_start",
        },
        conditions={
            "price": "EXISTS (SELECT 1 FROM json_each(body, '$._items') "
            "WHERE json_extract(value, '$.price') = ?)",
            "status=all": "1",
            "status=ended": f"{_STATUS} IN ('canceled', 'incomplete_expired')",
            "status=": f"{_STATUS} != 'canceled'",  # without the filter
            "customer,test_clock=": "json_extract(body, '$.test_clock') IS NULL",
        },
    )
)


@does(
    "subscription.create",
    """cancel_at cancel_at_period_end collection_method currency customer days_until_due
    default_payment_method default_tax_rates discounts items.discounts items.metadata items.price
    items.price_data items.quantity items.tax_rates off_session payment_behavior
    proration_behavior trial_end trial_period_days""",
)
def create(account: Account, subscription: Json, given: Given) -> Json:
    """Create a subscription with its first invoice."""
    if "customer" not in given:
        raise refusals.missing_parameter("customer")
    customer = account.need("customer", given["customer"], "customer")
    clocks.check_subscriptions(account, customer["id"])
    start(account, subscription, given)
    _check_method(account, subscription, given)
    account.create(subscription)
    invoice = first_invoice(account, subscription)
    if invoice["status"] == "open":
        _pay_first(account, subscription, invoice, given)
    elif lacks_method(account, subscription):
        _expect_method(account, subscription)
    return account.need("subscription", subscription["id"])


def _check_method(account: Account, subscription: Json, given: Json) -> None:
    """Refuse what would have to be paid now, and with nothing."""
    if subscription["status"] == "trialing":
        return
    if given.get("payment_behavior") == "default_incomplete":
        return
    if lacks_method(account, subscription):
        raise no_method()


def lacks_method(account: Account, subscription: Json) -> bool:
    """Whether there is nothing to charge, where something is to be charged."""
    own = methods.usable(account, subscription["default_payment_method"])
    if own or invoices.is_sent(subscription):
        return False
    customer = account.need("customer", subscription["customer"])
    return customers.default_method(customer) is None


def _expect_method(account: Account, subscription: Json) -> None:
    """Let a payer save the card with which what is due later will be paid."""
    intent = setup_intents.open_(account, subscription["customer"], {})
    account.change(intent | {"_subscription": subscription["id"]})
    account.change(subscription | {"pending_setup_intent": intent["id"]})


@does("subscription.set_up")
def set_up(account: Account, subscription: Json, given: Given) -> Json:
    """Take the card that was saved, if payments shall set the default."""
    subscription["pending_setup_intent"] = None
    if subscription["payment_settings"]["save_default_payment_method"] == "on_subscription":
        subscription["default_payment_method"] = given["payment_method"]
    return account.change(subscription, given.before)


def no_method() -> Refusal:
    """There is nothing to pay with what has to be paid now."""
    return Refusal(
        "This customer has no attached payment source or default payment method. Please "
        "consider adding a default payment method. For more information, visit "
        "https://stripe.com/docs/billing/subscriptions/payment-methods-setting"
        "#payment-method-priority.",
        code="resource_missing",
    )


def start(account: Account, subscription: Json, given: Json) -> None:
    """Fill a new subscription from judged parameters: items, periods, trial, cancellation."""
    says_due = given.get("days_until_due") is not None
    _check_due(subscription, says_due=says_due, known="days_until_due" in given)
    subscription |= {"billing_cycle_anchor": account.now, "start_date": account.now}
    subscription["billing_mode"]["updated_at"] = account.now
    name_method(account, subscription)
    _start_trial(account, subscription, given)
    for index, wanted in enumerate(given["items"]):
        items.add(account, subscription, wanted, f"items[{index}]")
    settle_currency(account, subscription)
    redeem(account, subscription, given, [])
    take_taxes(account, subscription, given)
    _cancel_later(account, subscription, given)


def redeem(account: Account, subscription: Json, given: Json, kept: list[str]) -> None:
    """Take the discounts that are asked for; what is not said leaves them as they are."""
    subscription["discounts"] = kept
    if "discounts" not in given:
        return
    customer, currency = subscription["customer"], subscription["currency"]
    owner = {"subscription": subscription["id"]} | picked(given, "checkout_session")
    cost = _due_now(account, subscription)
    buyer = discounts.Buyer(account, customer, currency, owner, cost)
    subscription["discounts"] = buyer.redeem(given["discounts"], kept)


def take_taxes(account: Account, subscription: Json, given: Json) -> None:
    """Take the tax rates that are asked for; what is not said leaves them as they are."""
    if "default_tax_rates" in given:
        ids: list[str] = given["default_tax_rates"] or []
        tax_rates.check_active(account, ids, "default_tax_rates")
        subscription["default_tax_rates"] = ids


def _due_now(account: Account, subscription: Json) -> int:
    """What its items cost before discounts: nothing in a trial."""
    if subscription["status"] == "trialing":
        return 0
    cost = 0
    for item in subscription["_items"]:
        price = account.need("price", item["price"])
        cost += prices.total(price, item["quantity"])
    return cost


def _check_due(subscription: Json, *, says_due: bool, known: bool) -> None:
    if says_due and not invoices.is_sent(subscription):
        raise Refusal(invoices.MAY_SAY_DUE.format("'days_until_due'"))
    if invoices.is_sent(subscription) and not known:
        raise Refusal(f"{invoices.MUST_SAY_DUE}'days_until_due'.")


def name_method(account: Account, subscription: Json) -> None:
    """A shared test payment method becomes one of the customer's own."""
    id_ = subscription["default_payment_method"]
    if not id_:
        return
    method = methods.use_for(account, id_, subscription["customer"], "default_payment_method")
    if method["customer"] is None:
        methods.attach(account, method, subscription["customer"])
    subscription["default_payment_method"] = method["id"]


def _start_trial(account: Account, subscription: Json, given: Json) -> None:
    days = given.get("trial_period_days")
    end = account.now + days * invoices.DAY if days else given.get("trial_end")
    if not end or end == "now":
        subscription["trial_end"] = None
        return
    check_trial(account, given)
    subscription |= {"trial_start": account.now, "trial_end": end, "status": "trialing"}
    subscription["billing_cycle_anchor"] = end


def check_trial(account: Account, given: Json, place: str = "{}") -> None:
    """Refuse a trial that ends before it begins, or in more than two years.

    `place` is where the two parameters stand, which are blamed.
    """
    days = given.get("trial_period_days")
    if days is not None and days > _MOST_DAYS:
        raise _too_long(place.format("trial_period_days"))
    end = given.get("trial_end")
    if isinstance(end, int):
        _check_trial_end(account, end, place.format("trial_end"))


def _check_trial_end(account: Account, end: int, param: str) -> None:
    if end <= account.now:
        raise refusals.past_trial_end(end)
    if end > account.now + refusals.FIVE_YEARS:
        raise refusals.too_far_off(param)
    if end > account.now + _MOST_DAYS * invoices.DAY:
        raise _too_long(param)


def _too_long(param: str) -> Refusal:
    message = f"The maximum number of trial period days is {_MOST_DAYS} (2 years)."
    return Refusal(message, param=param)


def settle_currency(account: Account, subscription: Json) -> None:
    """Take the one currency of all items."""
    currencies: set[str] = set()
    for item in subscription["_items"]:
        price = account.need("price", item["price"])
        currencies.add(price["currency"])
    if len(currencies) > 1:
        raise Refusal("All prices on a subscription must have the same currency.", param="items")
    [currency] = currencies
    if subscription["currency"] not in {None, currency}:
        raise Refusal(
            f"The price specified only supports `{currency}`. This doesn't match the expected "
            f"currency: `{subscription['currency']}`."
        )
    subscription["currency"] = currency


def _cancel_later(account: Account, subscription: Json, given: Json) -> None:
    if "cancel_at_period_end" not in given and "cancel_at" not in given:
        return
    at_end = bool(given.get("cancel_at_period_end"))
    moment: Any = given.get("cancel_at") or None
    if isinstance(moment, int) and moment <= account.now:
        raise refusals.past_timestamp("cancel_at")
    if at_end or isinstance(moment, str):  # max_period_end and its like
        moment = max(item["current_period_end"] for item in subscription["_items"])
    subscription |= {
        "_rest_comes_back": bool(moment) and _rest_comes_back(subscription, moment, given),
        "cancel_at": moment,
        "cancel_at_period_end": at_end,
        "canceled_at": account.now if moment else None,
    }
    reason = "cancellation_requested" if moment else None
    subscription["cancellation_details"] = subscription["cancellation_details"] | {"reason": reason}


def _rest_comes_back(subscription: Json, moment: int, given: Json) -> bool:
    """Whether what is unused at the end is credited: of this period if prorated, else always."""
    ends = max(item["current_period_end"] for item in subscription["_items"])
    return moment > ends or given.get("proration_behavior") != "none"


def first_invoice(account: Account, subscription: Json) -> Json:
    """Make the invoice a subscription starts with; one that is sent stays a draft."""
    bill = invoices.Bill("subscription_create", subscription["_items"])
    invoice = invoices.of_subscription(account, subscription, bill)
    subscription["latest_invoice"] = invoice["id"]
    account.change(subscription)
    return invoice if invoices.is_sent(subscription) else invoices.open_(account, invoice)


def _pay_first(account: Account, subscription: Json, invoice: Json, given: Json) -> None:
    subscription["status"] = "incomplete"
    account.change(subscription)
    behavior = given.get("payment_behavior")
    method = subscription["default_payment_method"]
    if behavior == "default_incomplete":
        invoices.new_intent(account, invoice, method)
        return
    if behavior == "error_if_incomplete":
        invoices.charge_or_undo(account, invoice)
        return
    with suppress(Refusal):
        with_payer = not given.get("off_session")
        invoices.charge(account, invoice, method, with_payer=with_payer)


def change_dates(account: Account, subscription: Json, given: Given) -> None:
    """Judge and take what an update says of due dates and of the end."""
    if given.keys() & {"days_until_due", "collection_method"}:
        known = subscription["days_until_due"] is not None
        _check_due(subscription, says_due="days_until_due" in given, known=known)
        if not invoices.is_sent(subscription):
            subscription["days_until_due"] = None
    _cancel_later(account, subscription, given)


@shows("subscription")
def show(account: Account, subscription: Json, view: Json) -> None:
    """Show the items; plan and quantity only where there is one."""
    rows = [items.show(account, item) for item in subscription["_items"]]
    url = f"/v1/subscription_items?subscription={subscription['id']}"
    view["default_tax_rates"] = tax_rates.shown(account, subscription["default_tax_rates"])
    view["items"] = present.listing(rows, url, total_count=len(rows))
    alone = rows[0] if len(rows) == 1 else _SEVERAL
    view["plan"] = copy.deepcopy(alone["plan"])
    view["quantity"] = alone.get("quantity")
