"""Tables inside of rows: what a line item, a recurring price or an address is made of."""

from decimal import Decimal
from typing import Any

from stripe_nodes import rules
from stripe_nodes.resources import LINE_ITEM, PRICE, PRODUCT
from stripe_nodes.rows import LONG, STAFF, TAX
from stripe_plugin import Resource, rule

Object = dict[str, Any]
Texts = list[str]

DESTINATION = "The connected account that the money goes to"
ON_BEHALF_OF = "The connected account that the payment is made for"
PRICE_DATA = {"currency": "usd", "product": "prod_123", "unit_amount": 1000}
EITHER_PRICE = "A price made for this item alone"
TAXED = "Whether the price contains tax"

# What Stripe has renamed or moved. Source: docs.stripe.com/changelog.
OLD_ITEM = {"plan": "is Price now; the plan's ID works as Price"}
OLD_LINE = {
    "amount": "is Price Data › Unit Amount now",
    "currency": "is Price Data › Currency now",
    "name": "is Price Data › Product Data › Name now",
    "description": "is Price Data › Product Data › Description now",
    "images": "is Price Data › Product Data › Images now",
}
OLD_RECURRING = {"aggregate_usage": "is gone from Stripe's API: the meter says how usage adds up"}
OLD_SUBSCRIPTION_DATA = {
    "coupon": "is discounts now, which goes under Options › Extra",
    "items": "is Line Items now",
    "trial_from_plan": "is gone from Stripe's API; give Trial Period Days",
}


# --- fields that recur ----------------------------------------------------------------------------


def _metadata(*, clearable: bool = False) -> rule.Field:
    about = "Your own key-value pairs to keep with it"
    return rule.may(Object, {"ref": "123"}, about, rules.metadata(), clearable=clearable)


def _tax_rates(*, clearable: bool = False) -> rule.Field:
    return rule.may(Texts, ["txr_123"], "The tax rates that apply to it", clearable=clearable)


def _tax_code() -> rule.Field:
    return rule.may(str, "txcd_10000000", "What it is to Stripe Tax", LONG)


def _currency() -> rule.Field:
    return rule.need(str, "usd", "What it is charged in", rules.currency_code())


def _identity(example: str, description: str, resource: Resource) -> rule.Field:
    return rule.may(str, example, description, rule.reference(resource))


def _owner() -> rule.Rule:
    """The account itself, or a connected one."""
    only = (rule.required_if("Type", "account"), rule.only_if("Type", "account"))
    either = rule.one_of("account", "self")
    return rule.keys(
        type=rule.need(str, "account", "A connected account, or your own", either),
        account=rule.may(str, "acct_123", "The connected account", *only),
    )


# --- customers ------------------------------------------------------------------------------------


def address() -> rule.Rule:
    """A postal address; a line is unset alone."""

    def line(example: str, description: str) -> rule.Field:
        return rule.may(str, example, description, LONG, clearable=STAFF)

    return rule.keys(
        line1=line("123 Main St", "Street and number, or the post box"),
        line2=line("Apartment 4", "Apartment, suite or floor"),
        city=line("New York", "City, town or village"),
        state=line("NY", "State, county or province"),
        postal_code=line("10001", "ZIP or postal code"),
        country=line("US", "Two-letter ISO country code"),
    )


# --- prices ---------------------------------------------------------------------------------------


def recurring(**more: rule.Field) -> rule.Rule:
    """How often a price is billed."""
    units = rule.one_of("day", "week", "month", "year")
    three_years = rules.three_years(interval="Interval")
    count = "How many intervals lie between two bills; 1 if empty"
    table = rule.keys(
        interval=rule.need(str, "month", "The unit of the billing period", units),
        interval_count=rule.may(int, 3, count, three_years),
        **more,
    )
    return table.without(OLD_RECURRING)


def metered() -> rule.Rule:
    """How often a price is billed, and whether by usage."""
    needed = rule.required_if("Usage Type", "metered")
    kinds = rule.one_of("licensed", "metered")
    return recurring(
        usage_type=rule.may(str, "metered", "By quantity, or by what is used", kinds),
        meter=rule.may(str, "mtr_123", "The meter that counts what is used", LONG, needed),
    )


def product_data() -> rule.Rule:
    """A product made together with its price."""
    words = "be 1–22 characters with a letter and without < > \\ \" '"
    descriptor = rule.matches(r"""(?=.*[A-Za-z])[^<>\\"']{1,22}""", words)
    return rule.keys(
        name=rule.need(str, "New Product", "The name customers see", LONG),
        active=rule.may(bool, True, "Whether it can be bought"),
        id=rule.may(str, "lamp_2031", "An ID of your own choice; one is made if empty", LONG),
        metadata=_metadata(),
        statement_descriptor=rule.may(
            str, "NEW PRODUCT", "What the customer's statement says", descriptor
        ),
        tax_code=_tax_code(),
        unit_label=rule.may(str, "seat", "What one unit is called", rule.max_length(12)),
    )


def _amounts() -> dict[str, rule.Field]:
    """What one unit costs, in one of two ways."""
    amount = "What one unit costs, in the currency's smallest unit (cents); 0 is free"
    exact = "The same with up to 12 decimals"
    either = rule.required_if_empty("Unit Amount Decimal")
    minor = rules.amount(currency="Currency")
    return {
        "unit_amount": rule.may(int, 1000, amount, minor, either),
        "unit_amount_decimal": rule.may(Decimal, 0.5, exact, rule.excludes("Unit Amount")),
        "tax_behavior": rule.may(str, "exclusive", TAXED, TAX),
    }


# --- subscriptions --------------------------------------------------------------------------------


def subscription_items() -> tuple[rule.Rule, ...]:
    """The items of a new subscription: a price each."""
    item = _subscription_item("Price Data")
    return rule.max_items(20), rule.each(rule.keys(item).without(OLD_ITEM))


def subscription_changes() -> rule.Rule:
    """Items to change or drop (with their ID), or to add (without)."""
    dropped = "Whether it is dropped from the subscription"
    reset = "Whether what was used so far is forgotten when it is dropped"
    item = {
        "id": rule.may(str, "si_123", "The item to change or drop; empty for a new one", LONG),
        **_subscription_item("ID", "Price Data"),
        "deleted": rule.may(bool, True, dropped, rule.only_if("ID")),
        "clear_usage": rule.may(bool, True, reset),
        "metadata": _metadata(clearable=True),
    }
    return rule.each(rule.keys(item).without(OLD_ITEM))


def _subscription_item(*others: str) -> dict[str, rule.Field]:
    """`others`: of what one must be given if there is no price."""
    needed = rule.required_if_empty(*others)
    early = "The usage at which it is billed before the period ends"
    reduced = "Coupons and promotion codes for this item alone"
    discount = rule.each(_discount())
    usage = rule.keys(usage_gte=rule.need(int, 1000, "How much usage", key="Usage at Least"))
    return {
        "price": rule.may(str, "price_123", "What is billed", needed, rule.reference(PRICE)),
        "quantity": _quantity(),
        "price_data": _subscription_price(),
        "billing_thresholds": rule.may(Object, {"usage_gte": 1000}, early, usage, clearable=True),
        "discounts": rule.may(
            list[Object], [{"coupon": "SPRING"}], reduced, discount, clearable=True
        ),
        "metadata": _metadata(),
        "tax_rates": _tax_rates(clearable=True),
    }


def _quantity() -> rule.Field:
    return rule.may(int, 1, "How many units of it", rule.at_least(0))


def _subscription_price() -> rule.Field:
    product = rule.reference(PRODUCT)
    often = "How often it is billed"
    table = rule.keys(
        currency=_currency(),
        product=rule.need(str, "prod_123", "The product that is billed", product),
        recurring=rule.need(Object, {"interval": "month"}, often, recurring()),
        **_amounts(),
    )
    example = {**PRICE_DATA, "recurring": {"interval": "month"}}
    return rule.may(Object, example, EITHER_PRICE, table, rule.excludes("Price"))


def _discount() -> rule.Rule:
    """One of three ways to reduce a price."""
    no_coupon = rule.excludes("Coupon")
    no_other = rule.excludes("Coupon", "Promotion Code")
    present = "The ID of a discount that is already there"
    return rule.keys(
        coupon=rule.may(str, "SPRING", "The ID of a coupon", LONG),
        promotion_code=rule.may(str, "promo_123", "The ID of a promotion code", no_coupon, LONG),
        discount=rule.may(str, "di_123", present, no_other, LONG),
    )


# --- checkout sessions ----------------------------------------------------------------------------


def line_items() -> rule.Rule:
    """What a new checkout session sells."""
    return rule.each(rule.keys(_line_item("Price Data")).without(OLD_LINE))


def line_changes() -> rule.Rule:
    """What a checkout session sells from now on; items that it keeps are named by their ID."""
    item = {
        "id": _identity("li_123", "The item to keep or change; empty for a new one", LINE_ITEM),
        **_line_item("ID", "Price Data"),
        "metadata": _metadata(clearable=True),
        "tax_rates": _tax_rates(clearable=True),
    }
    return rule.each(rule.keys(item).without(OLD_LINE))


def _line_item(*others: str) -> dict[str, rule.Field]:
    """`others`: of what one must be given if there is no price."""
    needed = rule.required_if_empty(*others)
    may_change = "Whether the customer may change the quantity"
    counts = rule.keys(
        enabled=rule.need(bool, True, may_change),
        minimum=rule.may(int, 1, "The fewest that the customer may buy"),
        maximum=rule.may(int, 10, "The most that the customer may buy"),
    )
    return {
        "price": rule.may(str, "price_123", "What is sold", needed, rule.reference(PRICE)),
        "quantity": _quantity(),
        "price_data": _line_price(),
        "adjustable_quantity": rule.may(Object, {"enabled": True}, may_change, counts),
        "metadata": _metadata(),
        "tax_rates": _tax_rates(),
    }


def _line_price() -> rule.Field:
    either = (rule.required_if_empty("Product Data"), rule.excludes("Product Data"))
    product = "The product that is sold"
    often = "How often it is billed; empty for once"
    table = rule.keys(
        currency=_currency(),
        product=rule.may(str, "prod_123", product, *either, rule.reference(PRODUCT)),
        product_data=rule.may(
            Object, {"name": "New Product"}, "A product made for this item alone", _sold_product()
        ),
        recurring=rule.may(Object, {"interval": "month"}, often, recurring()),
        **_amounts(),
    )
    return rule.may(Object, PRICE_DATA, EITHER_PRICE, table, rule.excludes("Price"))


def _sold_product() -> rule.Rule:
    pictures = ["https://example.com/img.jpg"]
    return rule.keys(
        name=rule.need(str, "New Product", "The name customers see", LONG),
        description=rule.may(
            str, "A lamp for the desk", "What it is, for customers", rule.max_length(40000)
        ),
        images=rule.may(Texts, pictures, "Addresses of its pictures", rule.max_items(8, "URLs")),
        metadata=_metadata(),
        tax_code=_tax_code(),
        unit_label=rule.may(str, "seat", "What one unit is called", rule.max_length(12)),
    )


def shipping_options() -> tuple[rule.Rule, ...]:
    """At most five ways to ship: a rate each, or the data of one."""
    needed = rule.required_if_empty("Shipping Rate Data")
    only = rule.excludes("Shipping Rate")
    example = {"display_name": "Ground shipping"}
    option = rule.keys(
        shipping_rate=rule.may(str, "shr_123", "The rate at which it is shipped", needed, LONG),
        shipping_rate_data=rule.may(
            Object, example, "A rate made for this session alone", _shipping_rate(), only
        ),
    )
    return rule.max_items(5), rule.each(option)


def _shipping_rate() -> rule.Rule:
    minor = rules.amount(currency="Currency")
    cost = rule.keys(
        amount=rule.need(int, 500, "In the currency's smallest unit (cents)", minor),
        currency=_currency(),
    )
    days = {"unit": "business_day", "value": 5}
    estimate = rule.keys(
        minimum=rule.may(Object, {**days, "value": 3}, "When it arrives at the earliest", _span()),
        maximum=rule.may(Object, days, "When it arrives at the latest", _span()),
    )
    name = rule.max_length(100)
    price = {"amount": 500, "currency": "usd"}
    return rule.keys(
        display_name=rule.need(str, "Ground shipping", "What customers see it called", name),
        type=rule.may(
            str, "fixed_amount", "How its cost is worked out", rule.one_of("fixed_amount")
        ),
        fixed_amount=rule.may(Object, price, "What it costs", cost),
        delivery_estimate=rule.may(Object, {"maximum": days}, "How long it takes", estimate),
        tax_behavior=rule.may(str, "exclusive", TAXED, TAX),
        tax_code=rule.may(str, "txcd_92010001", "What it is to Stripe Tax"),
        metadata=_metadata(),
    )


def _span() -> rule.Rule:
    units = rule.one_of("hour", "day", "business_day", "week", "month")
    return rule.keys(
        unit=rule.need(str, "business_day", "The unit that is counted", units),
        value=rule.need(int, 5, "How many of them", rule.at_least(1)),
    )


def subscription_data() -> rule.Rule:
    """How the subscription that a checkout session starts is set up."""
    share = "The share of each invoice that the platform keeps, in percent"
    anchor = "When the first full period begins: unix seconds, or a date with time and zone"
    collected = "How often waiting invoice items are billed"
    proration = "Whether the part of a period before the anchor is billed"
    ends = "When the free time ends, at least 48 hours ahead; unix seconds, or a date with zone"
    return rule.keys(
        description=rule.may(
            str, "Premium subscription", "What it is, for the customer", rule.max_length(500)
        ),
        trial_period_days=rule.may(
            int,
            14,
            "How many days are free before the first payment",
            rule.at_least(1),
            rule.excludes("Trial End"),
        ),
        trial_end=rule.may(int, 1924991999, ends, rules.in_future(hours=48)),
        trial_settings=_trial_settings(),
        billing_cycle_anchor=rule.may(int, 1924991999, anchor, rules.in_future()),
        billing_mode=_billing_mode(),
        proration_behavior=rule.may(
            str, "none", proration, rule.one_of("create_prorations", "none")
        ),
        pending_invoice_item_interval=rule.may(
            Object, {"interval": "month"}, collected, _interval()
        ),
        invoice_settings=_invoice_settings(),
        default_tax_rates=rule.may(Texts, ["txr_123"], "The tax rates of items without their own"),
        application_fee_percent=rule.may(Decimal, 2.5, share),
        on_behalf_of=rule.may(str, "acct_123", ON_BEHALF_OF),
        transfer_data=_transferred_share(),
        metadata=_metadata(),
    ).without(OLD_SUBSCRIPTION_DATA)


def _trial_settings() -> rule.Field:
    what = rule.one_of("cancel", "create_invoice", "pause")
    end = {"missing_payment_method": "cancel"}
    ending = rule.keys(
        missing_payment_method=rule.need(
            str, "cancel", "What happens if there is nothing to pay with by then", what
        )
    )
    table = rule.keys(end_behavior=rule.need(Object, end, "How it ends", ending))
    return rule.may(Object, {"end_behavior": end}, "What happens when the free time ends", table)


def _billing_mode() -> rule.Field:
    discounts = rule.one_of("included", "itemized")
    shown = rule.keys(
        proration_discounts=rule.may(
            str,
            "itemized",
            "Whether they lower the amount or stand on lines of their own",
            discounts,
        )
    )
    example = {"proration_discounts": "itemized"}
    flexible = rule.only_if("Type", "flexible")
    table = rule.keys(
        type=rule.need(
            str, "flexible", "The old or the new way", rule.one_of("classic", "flexible")
        ),
        flexible=rule.may(
            Object, example, "How discounts on prorations are shown", shown, flexible
        ),
    )
    return rule.may(Object, {"type": "flexible"}, "How prorations and invoices are made", table)


def _interval() -> rule.Rule:
    units = rule.one_of("day", "week", "month", "year")
    count = "How many of them lie between two bills; 1 if empty"
    return rule.keys(
        interval=rule.need(str, "month", "The unit that is counted", units),
        interval_count=rule.may(int, 3, count, rule.at_least(1)),
    )


def _invoice_settings() -> rule.Field:
    self_issued = {"type": "self"}
    issuer = rule.may(Object, self_issued, "In whose name the invoices are", _owner())
    table = rule.keys(issuer=issuer)
    return rule.may(Object, {"issuer": self_issued}, "How its invoices are made", table)


def _transferred_share() -> rule.Field:
    share = "The share of each payment that goes there, in percent; all if empty"
    table = rule.keys(
        destination=rule.need(str, "acct_123", DESTINATION),
        amount_percent=rule.may(Decimal, 80, share),
    )
    return rule.may(Object, {"destination": "acct_123"}, "Where its money goes", table)


def automatic_tax() -> rule.Rule:
    """Whether tax is added, and who owes it."""
    return rule.keys(
        enabled=rule.need(bool, True, "Whether Stripe Tax works out and adds the tax"),
        liability=rule.may(Object, {"type": "self"}, "Who owes the tax", _owner()),
    )


def payment_intent_data() -> rule.Rule:
    """How the payment that a checkout session takes is set up."""
    minor = (rule.at_least(0), rules.amount(currency=None))
    transfer = rule.keys(
        destination=rule.need(str, "acct_123", DESTINATION),
        amount=rule.may(int, 800, "How much goes there, in cents; all if empty", *minor),
    )
    fee = "What the platform keeps, in the currency's smallest unit (cents)"
    held = "Whether the money is taken at once, or held until you capture it"
    later = "Whether the payment method is kept, to charge it without the customer or with them"
    captured = rule.one_of("automatic", "automatic_async", "manual")
    kept = rule.one_of("off_session", "on_session")
    group = "Your own name for payments and transfers that belong together"
    line = rule.max_length(22)
    return rule.keys(
        description=rule.may(str, "Order 123", "What is paid for", rule.max_length(1000)),
        receipt_email=rule.may(str, "customer@example.com", "Where the receipt goes"),
        capture_method=rule.may(str, "automatic_async", held, captured),
        setup_future_usage=rule.may(str, "off_session", later, kept),
        statement_descriptor=rule.may(str, "LAMPS INC", "What the customer's statement says", line),
        statement_descriptor_suffix=rule.may(
            str, "ORDER 123", "What a card's statement says behind your name", line
        ),
        application_fee_amount=rule.may(int, 200, fee, *minor),
        on_behalf_of=rule.may(str, "acct_123", ON_BEHALF_OF),
        transfer_data=rule.may(
            Object, {"destination": "acct_123"}, "Where the money goes", transfer
        ),
        transfer_group=rule.may(str, "ORDER_123", group),
        metadata=_metadata(),
    )


# --- payment intents ------------------------------------------------------------------------------


def automatic_methods() -> rule.Rule:
    """Whether every way to pay is on offer that the Dashboard allows."""
    away = "Whether those count that send the customer to another page and back"
    return rule.keys(
        enabled=rule.need(bool, True, "Whether the Dashboard's ways to pay are on offer"),
        allow_redirects=rule.may(str, "never", away, rule.one_of("always", "never")),
    )
