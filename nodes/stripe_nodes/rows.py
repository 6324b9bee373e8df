"""Rows and shapes that recur in several tables."""

from decimal import Decimal
from typing import Any

from stripe_nodes import rules
from stripe_nodes.resources import CUSTOMER
from stripe_plugin import Resource, optional, rule

Object = dict[str, Any]
Texts = list[str]
CUSTOMER_ACCOUNT = rule.Parameter("customer_account")
# Who says that Stripe unsets it by an empty text, where its API document does not. Recorded were
# Update Subscription › Default Payment Method (15 times, 2023-10-16 to 2025-10-29.clover), Update
# Price › Lookup Key (at the pinned version), Create Customer › Name and Description (1,009 times).
RECORDED = "recorded: Stripe answered 200 and null"
STAFF = "said by Stripe's staff: stripe-dotnet#1954, stripe-node#1834"
LIBRARY = "done by Stripe's Java library"

DAYS = "How many days the customer has to pay a sent invoice"


def text(key: str, example: str, description: str, most: int, **more: Any) -> Any:
    """Text of at most so many characters."""
    return optional(key, example, description, rule.max_length(most), **more)


def link(key: str, example: str, description: str, resource: Resource, **more: Any) -> Any:
    """The ID of another object."""
    return optional(key, example, description, rule.reference(resource), **more)


def limit() -> Any:
    """How many results a list gives."""
    return optional("Limit", 10, "How many results to return; 10 if empty", rule.between(1, 100))


def active(description: str) -> Any:
    """A filter that can be on, off or empty."""
    about = f"{description}; empty for all"
    return optional("Active", True, about, page="true, false, or empty for all")


def customer(description: str) -> Any:
    """A customer who may be given as an account instead."""
    alone = rule.excludes(CUSTOMER_ACCOUNT)
    return optional("Customer", "cus_123", description, alone, rule.reference(CUSTOMER))


def starting_after(example: str, resource: Resource, page: str | None = None) -> Any:
    """The cursor to the next page."""
    about = "Continue after this ID: the last one of the page before"
    return link("Starting After", example, about, resource, page=page)


def ending_before(example: str, resource: Resource, page: str | None = None) -> Any:
    """The cursor to the previous page."""
    about = "Go back to the results before this ID: the first one of the page after"
    alone = rule.excludes("Starting After")
    return optional("Ending Before", example, about, alone, rule.reference(resource), page=page)


def metadata(example: dict[str, str], *, clearable: bool = True) -> Any:
    """Key-value pairs of one's own."""
    about = "Your own key-value pairs to keep with it"
    return optional("Metadata", example, about, rules.metadata(), clearable=clearable)


def collection_method(example: str) -> Any:
    """Charged automatically or sent as an invoice."""
    about = "Whether Stripe charges the customer or sends them the invoice to pay"
    either = rule.one_of("charge_automatically", "send_invoice")
    return optional("Collection Method", example, about, either)


def days_until_due(*, other: tuple[str, ...] = (), **more: Any) -> Any:
    """How long a sent invoice may be paid; `other`: the row that says it in another way."""
    due = rule.required_if("Collection Method", "send_invoice", unless=other)
    only = (rule.only_if("Collection Method", "send_invoice"), *map(rule.excludes, other))
    return optional("Days Until Due", 30, DAYS, due, *only, rule.at_least(0), **more)


def due_date(example: int, **more: Any) -> Any:
    """When a sent invoice is due."""
    about = "When a sent invoice is due: unix seconds, or a date with time and zone"
    only = (rule.only_if("Collection Method", "send_invoice"), rules.in_future())
    return optional("Due Date", example, about, *only, page="Unix timestamp", **more)


LONG = rule.max_length(5000)
TAX = rule.one_of("exclusive", "inclusive", "unspecified")


# What Stripe has renamed or moved. Source: docs.stripe.com/changelog.
OLD_ITEM = {"plan": "is price now; the plan's ID works as price"}
OLD_LINE = {
    "amount": "is price_data › unit_amount now",
    "currency": "is price_data › currency now",
    "name": "is price_data › product_data › name now",
    "description": "is price_data › product_data › description now",
    "images": "is price_data › product_data › images now",
}
OLD_RECURRING = {"aggregate_usage": "is gone from Stripe's API: the meter says how usage adds up"}
OLD_SUBSCRIPTION_DATA = {
    "coupon": "is discounts now, which goes under Options › Extra",
    "items": "is Line Items now",
    "trial_from_plan": "is gone from Stripe's API; give trial_period_days",
}


def address() -> rule.Rule:
    """A postal address; a line is unset alone."""
    lines = ("line1", "line2", "city", "state", "postal_code", "country")
    return rule.keys({line: rule.may(str, LONG, clearable=STAFF) for line in lines})


def recurring(**more: rule.Field) -> rule.Rule:
    """How often a price is billed."""
    every = rule.need(str, rule.one_of("day", "week", "month", "year"))
    counted = rule.may(int, rules.three_years(interval="interval"))
    table = rule.keys(interval=every, interval_count=counted, **more)
    return table.without(OLD_RECURRING)


def metered() -> dict[str, rule.Field]:
    """How usage is billed."""
    meter = rule.may(str, LONG, rule.required_if("usage_type", "metered"))
    return {"meter": meter, "usage_type": rule.may(str, rule.one_of("licensed", "metered"))}


def product_data() -> rule.Rule:
    """A product made together with its price."""
    words = "be 1–22 characters with a letter and without < > \\ \" '"
    descriptor = rule.matches(r"""(?=.*[A-Za-z])[^<>\\"']{1,22}""", words)
    return rule.keys(
        name=rule.need(str, LONG),
        active=rule.may(bool),
        id=rule.may(str, LONG),
        metadata=rule.may(Object, rules.metadata()),
        statement_descriptor=rule.may(str, descriptor),
        tax_code=rule.may(str, LONG),
        unit_label=rule.may(str, rule.max_length(12)),
    )


def _price_data(**more: rule.Field) -> rule.Field:
    table = rule.keys(
        currency=rule.need(str, rules.currency_code()),
        tax_behavior=rule.may(str, TAX),
        unit_amount=rule.may(
            int, rules.amount(currency="currency"), rule.required_if_empty("unit_amount_decimal")
        ),
        unit_amount_decimal=rule.may(Decimal, rule.excludes("unit_amount")),
        **more,
    )
    return rule.may(Object, table, rule.excludes("price"))


def _priced(**more: rule.Field) -> dict[str, rule.Field]:
    """An item that is sold: by a price or by the data of one, and how many of it."""
    return {
        **more,
        "price": rule.may(str, LONG),
        "quantity": rule.may(int, rule.at_least(0)),
        "metadata": rule.may(Object, rules.metadata()),
        "tax_rates": rule.may(Texts),
    }


UNSET_METADATA = rule.may(Object, rules.metadata(), clearable=True)
UNSET_TAX_RATES = rule.may(Texts, clearable=True)


def _subscription_item(**more: rule.Field) -> dict[str, rule.Field]:
    data = _price_data(product=rule.need(str, LONG), recurring=rule.need(Object, recurring()))
    item = _priced(**more, price_data=data)
    item["billing_thresholds"] = rule.may(Object, clearable=True)
    item["discounts"] = rule.may(list[Object], clearable=True)
    item["tax_rates"] = UNSET_TAX_RATES
    return item


def subscription_items() -> tuple[rule.Rule, ...]:
    """The items of a new subscription: a price each."""
    item = _subscription_item()
    item["price"] = rule.may(str, rule.required_if_empty("price_data"), LONG)
    return rule.max_items(20), rule.each(rule.keys(item).without(OLD_ITEM))


def subscription_changes() -> rule.Rule:
    """Items to change or drop (with their ID), or to add (without)."""
    deleted = rule.may(bool, rule.only_if("id"))
    item = _subscription_item(id=rule.may(str, LONG), deleted=deleted, clear_usage=rule.may(bool))
    item["price"] = rule.may(str, rule.required_if_empty("id", "price_data"), LONG)
    item["metadata"] = UNSET_METADATA
    return rule.each(rule.keys(item).without(OLD_ITEM))


def line_items(**known: rule.Field) -> rule.Rule:
    """What a checkout session sells; `known`: by what an update names the items it keeps."""
    either = rule.required_if_empty("product_data"), rule.excludes("product_data")
    data = _price_data(
        product=rule.may(str, *either, LONG),
        product_data=rule.may(Object),
        recurring=rule.may(Object, recurring()),
    )
    counts = rule.keys(enabled=rule.need(bool), minimum=rule.may(int), maximum=rule.may(int))
    item = _priced(**known, price_data=data, adjustable_quantity=rule.may(Object, counts))
    item["price"] = rule.may(str, rule.required_if_empty(*known, "price_data"), LONG)
    if known:
        item |= {"metadata": UNSET_METADATA, "tax_rates": UNSET_TAX_RATES}
    return rule.each(rule.keys(item).without(OLD_LINE))


def shipping_options() -> tuple[rule.Rule, ...]:
    """At most five ways to ship: a rate each, or the data of one."""
    rate = rule.may(str, rule.required_if_empty("shipping_rate_data"), LONG)
    data = rule.may(Object, rule.excludes("shipping_rate"))
    return rule.max_items(5), rule.each(rule.keys(shipping_rate=rate, shipping_rate_data=data))


def subscription_data() -> rule.Rule:
    """How the subscription that a checkout session starts is set up."""
    table = rule.keys(
        application_fee_percent=rule.may(Decimal),
        billing_cycle_anchor=rule.may(int, rules.in_future()),
        billing_mode=rule.may(Object),
        default_tax_rates=rule.may(Texts),
        description=rule.may(str, rule.max_length(500)),
        invoice_settings=rule.may(Object),
        metadata=rule.may(Object, rules.metadata()),
        on_behalf_of=rule.may(str),
        pending_invoice_item_interval=rule.may(Object),
        proration_behavior=rule.may(str, rule.one_of("create_prorations", "none")),
        transfer_data=rule.may(Object),
        trial_end=rule.may(int, rules.in_future(hours=48)),
        trial_period_days=rule.may(int, rule.at_least(1), rule.excludes("trial_end")),
        trial_settings=rule.may(Object),
    )
    return table.without(OLD_SUBSCRIPTION_DATA)


def automatic_tax() -> rule.Rule:
    """Whether tax is added, and who owes it."""
    whose = rule.need(str, rule.one_of("account", "self"))
    account = rule.may(str, rule.required_if("type", "account"), rule.only_if("type", "account"))
    liability = rule.keys(type=whose, account=account)
    return rule.keys(enabled=rule.need(bool), liability=rule.may(Object, liability))


def payment_intent_data() -> rule.Rule:
    """How the payment that a checkout session takes is set up."""
    amount = rule.may(int, rule.at_least(0), rules.amount(currency=None))
    transfer = rule.keys(destination=rule.need(str), amount=amount)
    return rule.keys(
        application_fee_amount=amount,
        capture_method=rule.may(str, rule.one_of("automatic", "automatic_async", "manual")),
        description=rule.may(str, rule.max_length(1000)),
        metadata=rule.may(Object, rules.metadata()),
        on_behalf_of=rule.may(str),
        receipt_email=rule.may(str),
        setup_future_usage=rule.may(str, rule.one_of("off_session", "on_session")),
        statement_descriptor=rule.may(str, rule.max_length(22)),
        statement_descriptor_suffix=rule.may(str, rule.max_length(22)),
        transfer_data=rule.may(Object, transfer),
        transfer_group=rule.may(str),
    )
