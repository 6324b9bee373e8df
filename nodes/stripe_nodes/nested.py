"""Tables inside of rows: what a line item, its price or its shipping is made of."""

from decimal import Decimal
from typing import Any

from stripe_nodes import rules
from stripe_nodes.resources import LINE_ITEM, LINK_LINE_ITEM, PRICE, PRODUCT, SUBSCRIPTION
from stripe_nodes.rows import LONG, TAX
from stripe_plugin import rule
from stripe_plugin.judge.table import Keys

Object = dict[str, Any]
Objects = list[Object]
Texts = list[str]

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


def _price(*others: str) -> rule.Field:
    """`others`: of what one must be given if there is no price."""
    needed = rule.required_if_empty(*others)
    return rule.may(
        str, "price_123", "The price at which it is sold", needed, rule.reference(PRICE)
    )


CURRENCY = rule.need(str, "usd", "What it is charged in", rules.currency_code())
QUANTITY = rule.may(int, 1, "How many units of it", rule.at_least(0))
TAX_BEHAVIOR = rule.may(str, "exclusive", "Whether the price contains tax", TAX)
TAX_CODE = rule.may(str, "txcd_10000000", "What it is to Stripe Tax", LONG)
UNIT_LABEL = rule.may(str, "seat", "What one unit is called", rule.max_length(12))
DESTINATION = rule.need(str, "acct_123", "The connected account that the money goes to")
ON_BEHALF_OF = rule.may(str, "acct_123", "The connected account that the payment is made for")
PERIOD = rule.one_of("day", "week", "month", "year")
STATEMENT = rule.max_length(22)

OWNER = rule.keys(
    type=rule.need(
        str, "account", "A connected account, or your own", rule.one_of("account", "self")
    ),
    account=rule.may(
        str,
        "acct_123",
        "The connected account",
        rule.required_if("Type", "account"),
        rule.only_if("Type", "account"),
    ),
)


# --- prices ---------------------------------------------------------------------------------------

RECURRING = rule.keys(
    interval=rule.need(str, "month", "The unit of the billing period", PERIOD),
    interval_count=rule.may(
        int,
        3,
        "How many intervals lie between two bills; 1 if empty",
        rules.three_years(interval="Interval"),
    ),
).without(OLD_RECURRING)
METERED = rule.keys(
    RECURRING.fields,
    usage_type=rule.may(
        str, "metered", "By quantity, or by what is used", rule.one_of("licensed", "metered")
    ),
    meter=rule.may(
        str,
        "mtr_123",
        "The meter that counts what is used",
        LONG,
        rule.required_if("Usage Type", "metered"),
    ),
).without(OLD_RECURRING)
PRODUCT_DATA = rule.keys(
    name=rule.need(str, "New Product", "The name customers see", LONG),
    active=rule.may(bool, True, "Whether it can be bought"),
    id=rule.may(str, "lamp_2031", "An ID of your own choice; one is made if empty", LONG),
    metadata=_metadata(),
    statement_descriptor=rule.may(
        str,
        "NEW PRODUCT",
        "What the customer's statement says",
        rule.matches(
            r"""(?=.*[A-Za-z])[^<>\\"']{1,22}""",
            "be 1–22 characters with a letter and without < > \\ \" '",
        ),
    ),
    tax_code=TAX_CODE,
    unit_label=UNIT_LABEL,
)
AMOUNTS = {
    "unit_amount": rule.may(
        int,
        1000,
        "What one unit costs, in the currency's smallest unit (cents); 0 is free",
        rules.amount(currency="Currency"),
        rule.required_if_empty("Unit Amount Decimal"),
    ),
    "unit_amount_decimal": rule.may(
        Decimal, 0.5, "The same with up to 12 decimals", rule.excludes("Unit Amount")
    ),
    "tax_behavior": TAX_BEHAVIOR,
}


# --- subscriptions --------------------------------------------------------------------------------

SUBSCRIPTION_PRICE = rule.keys(
    currency=CURRENCY,
    product=rule.need(str, "prod_123", "The product that is billed", rule.reference(PRODUCT)),
    recurring=rule.need(Object, {"interval": "month"}, "How often it is billed", RECURRING),
    **AMOUNTS,
)
DISCOUNT = rule.keys(
    coupon=rule.may(str, "SPRING", "The ID of a coupon", LONG),
    promotion_code=rule.may(
        str, "promo_123", "The ID of a promotion code", LONG, rule.excludes("Coupon")
    ),
    discount=rule.may(
        str,
        "di_123",
        "The ID of a discount that is already there",
        LONG,
        rule.excludes("Coupon", "Promotion Code"),
    ),
)
THRESHOLDS = rule.keys(usage_gte=rule.need(int, 1000, "How much usage", key="Usage at Least"))
BILLED = {
    "quantity": QUANTITY,
    "price_data": rule.may(
        Object,
        {
            "currency": "usd",
            "product": "prod_123",
            "recurring": {"interval": "month"},
            "unit_amount": 1000,
        },
        "A price made for this item alone",
        SUBSCRIPTION_PRICE,
        rule.excludes("Price"),
    ),
    "billing_thresholds": rule.may(
        Object,
        {"usage_gte": 1000},
        "The usage at which it is billed before the period ends",
        THRESHOLDS,
        clearable=True,
    ),
    "discounts": rule.may(
        Objects,
        [{"coupon": "SPRING"}],
        "Coupons and promotion codes for this item alone",
        rule.each(DISCOUNT),
        clearable=True,
    ),
    "metadata": _metadata(),
    "tax_rates": _tax_rates(clearable=True),
}
# A new item has a price, or the data of one.
SUBSCRIPTION_ITEM = rule.keys(price=_price("Price Data"), **BILLED).without(OLD_ITEM)
# With its ID it is changed or dropped, without one it is added.
SUBSCRIPTION_CHANGE = rule.keys(
    {
        "id": rule.may(str, "si_123", "The item to change or drop; empty for a new one", LONG),
        "price": _price("ID", "Price Data"),
        **BILLED,
        "metadata": _metadata(clearable=True),
        "deleted": rule.may(
            bool, True, "Whether it is dropped from the subscription", rule.only_if("ID")
        ),
        "clear_usage": rule.may(
            bool, True, "Whether what was used so far is forgotten when it is dropped"
        ),
    }
).without(OLD_ITEM)

# What is previewed of a change is what is changed, but for what is only kept or forgotten.
PREVIEWED_ITEM = SUBSCRIPTION_CHANGE


# --- checkout sessions: what is sold --------------------------------------------------------------

SOLD_PRODUCT = rule.keys(
    name=rule.need(str, "New Product", "The name customers see", LONG),
    description=rule.may(
        str, "A lamp for the desk", "What it is, for customers", rule.max_length(40000)
    ),
    images=rule.may(
        Texts,
        ["https://example.com/img.jpg"],
        "Addresses of its pictures",
        rule.max_items(8, "URLs"),
    ),
    metadata=_metadata(),
    tax_code=TAX_CODE,
    unit_label=UNIT_LABEL,
)
LINE_PRICE = rule.keys(
    currency=CURRENCY,
    product=rule.may(
        str,
        "prod_123",
        "The product that is sold",
        rule.required_if_empty("Product Data"),
        rule.excludes("Product Data"),
        rule.reference(PRODUCT),
    ),
    product_data=rule.may(
        Object, {"name": "New Product"}, "A product made for this item alone", SOLD_PRODUCT
    ),
    recurring=rule.may(
        Object, {"interval": "month"}, "How often it is billed; empty for once", RECURRING
    ),
    **AMOUNTS,
)
ADJUSTABLE = rule.keys(
    enabled=rule.need(bool, True, "Whether the customer may change the quantity"),
    minimum=rule.may(int, 1, "The fewest that the customer may buy"),
    maximum=rule.may(int, 10, "The most that the customer may buy"),
)
SOLD = {
    "quantity": QUANTITY,
    "price_data": rule.may(
        Object,
        {"currency": "usd", "product": "prod_123", "unit_amount": 1000},
        "A price made for this item alone",
        LINE_PRICE,
        rule.excludes("Price"),
    ),
    "adjustable_quantity": rule.may(
        Object, {"enabled": True}, "How the customer may change the quantity", ADJUSTABLE
    ),
    "metadata": _metadata(),
    "tax_rates": _tax_rates(),
}
LINE = rule.keys(price=_price("Price Data"), **SOLD).without(OLD_LINE)
# With its ID it is kept or changed, without one it is added.
LINE_CHANGE = rule.keys(
    {
        "id": rule.may(
            str,
            "li_123",
            "The item to keep or change; empty for a new one",
            rule.reference(LINE_ITEM),
        ),
        "price": _price("ID", "Price Data"),
        **SOLD,
        "metadata": _metadata(clearable=True),
        "tax_rates": _tax_rates(clearable=True),
    }
).without(OLD_LINE)


# --- checkout sessions: how it is shipped ---------------------------------------------------------

SPAN = rule.keys(
    unit=rule.need(
        str,
        "business_day",
        "The unit that is counted",
        rule.one_of("hour", "day", "business_day", "week", "month"),
    ),
    value=rule.need(int, 5, "How many of them", rule.at_least(1)),
)
ESTIMATE = rule.keys(
    minimum=rule.may(
        Object, {"unit": "business_day", "value": 3}, "When it arrives at the earliest", SPAN
    ),
    maximum=rule.may(
        Object, {"unit": "business_day", "value": 5}, "When it arrives at the latest", SPAN
    ),
)
COST = rule.keys(
    amount=rule.need(
        int, 500, "In the currency's smallest unit (cents)", rules.amount(currency="Currency")
    ),
    currency=CURRENCY,
)
SHIPPING_RATE = rule.keys(
    display_name=rule.need(
        str, "Ground shipping", "What customers see it called", rule.max_length(100)
    ),
    type=rule.may(str, "fixed_amount", "How its cost is worked out", rule.one_of("fixed_amount")),
    fixed_amount=rule.may(Object, {"amount": 500, "currency": "usd"}, "What it costs", COST),
    delivery_estimate=rule.may(
        Object, {"maximum": {"unit": "business_day", "value": 5}}, "How long it takes", ESTIMATE
    ),
    tax_behavior=TAX_BEHAVIOR,
    tax_code=rule.may(str, "txcd_92010001", "What it is to Stripe Tax"),
    metadata=_metadata(),
)
SHIPPING = rule.keys(
    shipping_rate=rule.may(
        str,
        "shr_123",
        "The rate at which it is shipped",
        LONG,
        rule.required_if_empty("Shipping Rate Data"),
    ),
    shipping_rate_data=rule.may(
        Object,
        {"display_name": "Ground shipping"},
        "A rate made for this session alone",
        SHIPPING_RATE,
        rule.excludes("Shipping Rate"),
    ),
)


# --- checkout sessions: what comes of it ----------------------------------------------------------

TRIAL_END = rule.keys(
    missing_payment_method=rule.need(
        str,
        "cancel",
        "What happens if there is nothing to pay with by then",
        rule.one_of("cancel", "create_invoice", "pause"),
    )
)
TRIAL = rule.keys(
    end_behavior=rule.need(
        Object, {"missing_payment_method": "cancel"}, "How the free time ends", TRIAL_END
    )
)
FLEXIBLE = rule.keys(
    proration_discounts=rule.may(
        str,
        "itemized",
        "Whether they lower the amount or stand on lines of their own",
        rule.one_of("included", "itemized"),
    )
)
BILLING_MODE = rule.keys(
    type=rule.need(str, "flexible", "The old or the new way", rule.one_of("classic", "flexible")),
    flexible=rule.may(
        Object,
        {"proration_discounts": "itemized"},
        "How discounts on prorations are shown",
        FLEXIBLE,
        rule.only_if("Type", "flexible"),
    ),
)
COLLECTED = rule.keys(
    interval=rule.need(str, "month", "The unit that is counted", PERIOD),
    interval_count=rule.may(
        int, 3, "How many of them lie between two bills; 1 if empty", rule.at_least(1)
    ),
)
INVOICES = rule.keys(
    issuer=rule.may(Object, {"type": "self"}, "In whose name the invoices are", OWNER)
)
TRANSFERRED_SHARE = rule.keys(
    destination=DESTINATION,
    amount_percent=rule.may(
        Decimal, 80, "The share of each payment that goes there, in percent; all if empty"
    ),
)
SUBSCRIPTION_DATA = rule.keys(
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
    trial_end=rule.may(
        int,
        1924991999,
        "When the free time ends: unix seconds, or a date with time and zone",
        rules.in_future(hours=48),
    ),
    trial_settings=rule.may(
        Object,
        {"end_behavior": {"missing_payment_method": "cancel"}},
        "What happens when the free time ends",
        TRIAL,
    ),
    billing_cycle_anchor=rule.may(
        int,
        1924991999,
        "When the first full period begins: unix seconds, or a date with time and zone",
        rules.in_future(),
    ),
    billing_mode=rule.may(
        Object, {"type": "flexible"}, "How prorations and invoices are made", BILLING_MODE
    ),
    proration_behavior=rule.may(
        str,
        "none",
        "Whether the part of a period before the anchor is billed",
        rule.one_of("create_prorations", "none"),
    ),
    pending_invoice_item_interval=rule.may(
        Object, {"interval": "month"}, "How often waiting invoice items are billed", COLLECTED
    ),
    invoice_settings=rule.may(
        Object, {"issuer": {"type": "self"}}, "How its invoices are made", INVOICES
    ),
    default_tax_rates=rule.may(Texts, ["txr_123"], "The tax rates of items without their own"),
    application_fee_percent=rule.may(
        Decimal, 2.5, "The share of each invoice that the platform keeps, in percent"
    ),
    on_behalf_of=ON_BEHALF_OF,
    transfer_data=rule.may(
        Object, {"destination": "acct_123"}, "Where its money goes", TRANSFERRED_SHARE
    ),
    metadata=_metadata(),
).without(OLD_SUBSCRIPTION_DATA)
AUTOMATIC_TAX = rule.keys(
    enabled=rule.need(bool, True, "Whether Stripe Tax works out and adds the tax"),
    liability=rule.may(Object, {"type": "self"}, "Who owes the tax", OWNER),
)
TRANSFERRED = rule.keys(
    destination=DESTINATION,
    amount=rule.may(
        int,
        800,
        "How much goes there, in the currency's smallest unit (cents); all if empty",
        rule.at_least(0),
        rules.amount(currency=None),
    ),
)
PAYMENT_DATA = rule.keys(
    description=rule.may(str, "Order 123", "What is paid for", rule.max_length(1000)),
    receipt_email=rule.may(str, "customer@example.com", "Where the receipt goes"),
    capture_method=rule.may(
        str,
        "automatic_async",
        "Whether the money is taken at once, or held until you capture it",
        rule.one_of("automatic", "automatic_async", "manual"),
    ),
    setup_future_usage=rule.may(
        str,
        "off_session",
        "Whether the payment method is kept, to charge it without the customer or with them",
        rule.one_of("off_session", "on_session"),
    ),
    statement_descriptor=rule.may(
        str, "LAMPS INC", "What the customer's statement says", STATEMENT
    ),
    statement_descriptor_suffix=rule.may(
        str, "ORDER 123", "What a card's statement says behind your name", STATEMENT
    ),
    application_fee_amount=rule.may(
        int,
        200,
        "What the platform keeps, in the currency's smallest unit (cents)",
        rule.at_least(0),
        rules.amount(currency=None),
    ),
    on_behalf_of=ON_BEHALF_OF,
    transfer_data=rule.may(
        Object, {"destination": "acct_123"}, "Where the money goes", TRANSFERRED
    ),
    transfer_group=rule.may(
        str, "ORDER_123", "Your own name for payments and transfers that belong together"
    ),
    metadata=_metadata(),
)


# --- payment links --------------------------------------------------------------------------------


def _only(table: Keys, names: str) -> dict[str, rule.Field]:
    """Of a table the keys with these names."""
    return {name: table.fields[name] for name in names.split()}


LINK_LINE = rule.keys(
    price=_price("Price Data"),
    quantity=rule.need(int, 1, "How many units of it", rule.at_least(0)),
    **{name: SOLD[name] for name in ("price_data", "adjustable_quantity")},
)
LINK_LINE_CHANGE = rule.keys(
    id=rule.need(str, "li_123", "The item to change", rule.reference(LINK_LINE_ITEM)),
    quantity=QUANTITY,
    adjustable_quantity=SOLD["adjustable_quantity"],
)
AFTER_COMPLETION = rule.keys(
    type=rule.need(
        str,
        "redirect",
        "A page of Stripe's that confirms it, or one of your own",
        rule.one_of("hosted_confirmation", "redirect"),
    ),
    redirect=rule.may(
        Object,
        {"url": "https://yoursite.com/thanks"},
        "Where the customer goes",
        rule.keys(
            url=rule.need(
                str,
                "https://yoursite.com/thanks?session_id={CHECKOUT_SESSION_ID}",
                "Your page; Stripe fills in {CHECKOUT_SESSION_ID}",
                rules.url(),
            )
        ),
        rule.required_if("Type", "redirect"),
        rule.only_if("Type", "redirect"),
    ),
    hosted_confirmation=rule.may(
        Object,
        {"custom_message": "We are packing it."},
        "What Stripe's page says",
        rule.keys(
            custom_message=rule.may(
                str, "We are packing it.", "What stands on the page", rule.max_length(500)
            )
        ),
        rule.only_if("Type", "hosted_confirmation"),
    ),
)
LINK_PAYMENT = rule.keys(
    _only(
        PAYMENT_DATA,
        """description capture_method setup_future_usage statement_descriptor
        statement_descriptor_suffix metadata""",
    ),
    transfer_group=rule.may(
        str, "ORDER_123", "Your own name for payments and transfers that belong together", LONG
    ),
)
LINK_SUBSCRIPTION = rule.keys(
    _only(SUBSCRIPTION_DATA, "description trial_settings invoice_settings metadata"),
    trial_period_days=rule.may(
        int, 14, "How many days are free before the first payment", rule.at_least(1)
    ),
)
LINK_LIMITS = rule.keys(
    completed_sessions=rule.need(
        Object,
        {"limit": 100},
        "How many purchases",
        rule.keys(limit=rule.need(int, 100, "How many at most until it closes", rule.at_least(1))),
    )
)


# --- the customer portal --------------------------------------------------------------------------


def _subscription(about: str) -> rule.Field:
    return rule.need(str, "sub_123", about, rule.reference(SUBSCRIPTION))


PORTAL_END = rule.keys(
    type=rule.need(
        str,
        "redirect",
        "The portal's first page, a page that confirms it, or one of your own",
        rule.one_of("hosted_confirmation", "portal_homepage", "redirect"),
    ),
    redirect=rule.may(
        Object,
        {"return_url": "https://yoursite.com/done"},
        "Where the customer goes",
        rule.keys(return_url=rule.need(str, "https://yoursite.com/done", "Your page")),
        rule.required_if("Type", "redirect"),
        rule.only_if("Type", "redirect"),
    ),
    hosted_confirmation=rule.may(
        Object,
        {"custom_message": "Thank you!"},
        "What the page that confirms it says",
        rule.keys(
            custom_message=rule.may(
                str, "Thank you!", "What stands on the page", rule.max_length(500)
            )
        ),
        rule.only_if("Type", "hosted_confirmation"),
    ),
)
RETENTION = rule.keys(
    type=rule.need(str, "coupon_offer", "How they are kept", rule.one_of("coupon_offer")),
    coupon_offer=rule.need(
        Object,
        {"coupon": "STAY"},
        "What is offered to who stays",
        rule.keys(coupon=rule.need(str, "STAY", "The ID of a coupon", LONG)),
    ),
)
CANCELED = rule.keys(
    subscription=_subscription("The subscription to cancel"),
    retention=rule.may(
        Object,
        {"type": "coupon_offer", "coupon_offer": {"coupon": "STAY"}},
        "What is offered to the customer to stay",
        RETENTION,
    ),
)
CONFIRMED_ITEM = rule.keys(
    id=rule.need(str, "si_123", "The item to change", LONG),
    price=rule.may(str, "price_456", "The price it changes to", rule.reference(PRICE)),
    quantity=QUANTITY,
)
CONFIRMED = rule.keys(
    subscription=_subscription("The subscription to change"),
    items=rule.need(
        Objects,
        [{"id": "si_123", "price": "price_456"}],
        "What it changes to: its one item",
        rule.each(CONFIRMED_ITEM),
    ),
    discounts=rule.may(
        Objects,
        [{"coupon": "SPRING"}],
        "The coupon or promotion code that applies to the change",
        rule.each(rule.keys(_only(DISCOUNT, "coupon promotion_code"))),
    ),
)
PORTAL_FLOW = rule.keys(
    type=rule.need(str, "payment_method_update", "What is done", rule.documented()),
    after_completion=rule.may(
        Object,
        {"type": "redirect", "redirect": {"return_url": "https://yoursite.com/done"}},
        "What the customer sees when it is done",
        PORTAL_END,
    ),
    subscription_cancel=rule.may(
        Object,
        {"subscription": "sub_123"},
        "Which subscription is canceled",
        CANCELED,
        rule.required_if("Type", "subscription_cancel"),
        rule.only_if("Type", "subscription_cancel"),
    ),
    subscription_update=rule.may(
        Object,
        {"subscription": "sub_123"},
        "Which subscription is changed",
        rule.keys(subscription=_subscription("The subscription to change")),
        rule.required_if("Type", "subscription_update"),
        rule.only_if("Type", "subscription_update"),
    ),
    subscription_update_confirm=rule.may(
        Object,
        {"subscription": "sub_123", "items": [{"id": "si_123", "price": "price_456"}]},
        "Which change is confirmed",
        CONFIRMED,
        rule.required_if("Type", "subscription_update_confirm"),
        rule.only_if("Type", "subscription_update_confirm"),
    ),
)
