"""What every row takes and refuses, when rows go together, and how text is read."""

import copy
import json
import math
import pickle
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pytest
from support import ACTIONS, BY_NAME, DATED, LISTS, PAGED, company, fewest, made, refusal, right

from stripe_plugin import CLEAR, InvalidInputs, rule
from stripe_plugin.declare.inputs import Judgement
from stripe_plugin.declare.row import Row
from stripe_plugin.judge.rules import OneOf
from stripe_plugin.judge.table import Field, judge_table

SOON, LATER = int(time.time()) + 3600, int(time.time()) + 10**7


class Samples(NamedTuple):
    """What a row takes, and what it refuses with a part of the sentence that says why."""

    takes: tuple[Any, ...]
    refuses: tuple[tuple[Any, str], ...]

    def but(self, *takes: Any, refuses: tuple[tuple[Any, str], ...] = ()) -> "Samples":
        """These samples and more."""
        return Samples((*self.takes, *takes), (*self.refuses, *refuses))


# --- kinds of rows --------------------------------------------------------------------------------

NOT_TEXT: tuple[tuple[Any, str], ...] = (
    (5, "must be text; got 5"),
    (True, "must be text; got true"),
    (["x"], "must be text; got a list"),
    ({"x": "y"}, "must be text; got an object"),
    ("a\0b", "character that cannot be sent"),
    ("\ud800", "character that cannot be sent"),
)
FLAG = Samples(
    (True, False, "true", "FALSE", " true "),
    tuple((wrong, "must be true or false") for wrong in (1, 0, "1", "yes", "ten", 1.0, ["x"])),
)
LIMIT = Samples(
    (1, 100, "10", " 7 "),
    (
        (0, "from 1 to 100; got 0"),
        (101, "from 1 to 100; got 101"),
        ("101", "from 1 to 100; got 101"),
        (1.5, "whole number"),
        ("1.5", "whole number"),
        ("ten", "whole number, such as 10"),
        (True, "whole number"),
        ("010", "without + or leading zeros, as 10"),
        ("+5", "without + or leading zeros, as 5"),
        (math.nan, "must be a finite number; got NaN"),
        (math.inf, "must be a finite number; got Infinity"),
        ([10], "whole number"),
    ),
)
ID = Samples(
    ("prod_123", "my-own-id", "größe", "a/b?c#d%e"),
    (
        *NOT_TEXT[:4],
        (".", "be the ID of a"),
        ("..", "be the ID of a"),
        ("a b", "be the ID of a"),
        ("a\r\nb", "be the ID of a"),
        ("x" * 5001, "be the ID of a"),
    ),
)
CURRENCY = Samples(
    ("usd", "EUR", " usd\n"),
    (
        *((wrong, "three-letter ISO currency code") for wrong in ("us", "usdd", "u5d", "u sd")),
        (840, "must be text"),
    ),
)


def text(most: int | None = None) -> Samples:
    """Text of any form, up to a length."""
    if most is None:
        return Samples(("x", "größe 😀", "10"), NOT_TEXT)
    too_long = ("ö" * (most + 1), f"at most {most:,} characters long")
    return Samples(("x", "ö" * most), (*NOT_TEXT, too_long))


def one_of(*values: str) -> Samples:
    """One of a few words."""
    wrongs = (values[0].upper(), f"{values[0]}ish")
    return Samples(
        values, (*((wrong, f"be one of {values[0]}") for wrong in wrongs), *NOT_TEXT[:2])
    )


def amount(low: int | None) -> Samples:
    """Minor units of a currency."""
    below = () if low is None else ((low - 1, f"at least {low}"),)
    wrongs: tuple[tuple[Any, str], ...] = (
        (10**8, "at most 8 digits"),
        (-(10**8), "at"),
        *((wrong, "must be in cents: 1250 for 12.50") for wrong in (9.99, "9,99", "$5", True)),
    )
    least = -500 if low is None else low
    return Samples((1, 99_999_999, "1000", "10.00 USD", least), (*below, *wrongs))


# Stripe judges the rest of an address, and takes those of apps: myapp://paid.
WEB = Samples(
    (
        "https://example.com/?session_id={CHECKOUT_SESSION_ID}",
        "http://localhost:3000/paid",
        "https://größe.example",
        "myapp://paid",
    ),
    (
        ("example.com", 'begins with https://, such as https://example.com; got "example.com"'),
        ("www.example.com/a?b=https://c", "must be an address that begins with https://"),
        ("x", "must be an address"),
        *NOT_TEXT,
    ),
)
MAIL = Samples(
    ("jenny@example.com", "größe@xn--e1afmkfd.example", '"a b"@c'),
    (
        ("jenny", 'must be an e-mail address, such as jenny@example.com; got "jenny"'),
        ("jenny.example.com", "must be an e-mail address"),
        *NOT_TEXT,
    ),
)
LONG_MAIL = MAIL.but("a" * 510 + "@b", refuses=(("a" * 511 + "@b", "at most 512 characters long"),))
LOCALE = Samples(
    ("auto", "de", "pt-BR", "zh-TW"),
    (("AUTO", "values, such as auto, bg, cs (did you mean auto?)"), ("x", "such as auto, bg, cs")),
)


NOT_OBJECT: tuple[tuple[Any, str], ...] = (
    ("x", "not JSON"),
    ("[1]", "must be an object"),
    (["x"], "must be an object"),
    (5, "must be an object"),
)
METADATA = Samples(
    (
        {"order_id": "6735"},
        {f"key{number}": "v" for number in range(50)},
        {"k" * 40: "v" * 500},
        {"number": 5, "flag": True, "empty": "", "nothing": None},
        '{"order_id": "6735"}',
    ),
    (
        ({f"key{number}": "v" for number in range(51)}, "must hold at most 50 keys; got 51"),
        ({"k" * 41: "v"}, "is too long a key: at most 40 characters; got 41"),
        ({"k": "v" * 501}, "Metadata › k must be at most 500 characters long; got 501"),
        ({"": "v"}, "Metadata has a key without a name: give it one of 1–40"),
        ({"a[b]": "v"}, "Metadata › a[b] is no key that Stripe takes: without [ and ]"),
        ({"a": {"b": "c"}}, "Metadata › a must be text, a number, true or false; got an object"),
        ({"a": ["b"]}, "Metadata › a must be text, a number, true or false; got a list"),
        *NOT_OBJECT,
    ),
)
IMAGES = Samples(
    (["https://example.com/1.jpg"], [f"https://example.com/{n}" for n in range(8)], '["x"]'),
    (
        ([f"https://example.com/{n}" for n in range(9)], "at most 8 URLs"),
        (["x" * 5001], "Images › 1 must be at most 5,000 characters long"),
        (["x", 5], "Images › 2 must be text"),
        ("https://example.com", "must be a list"),
        ({"0": "x"}, "must be a list"),
    ),
)
ADDRESS = Samples(
    (
        {"line1": "123 Main St", "city": "NYC", "country": "US"},
        {"line2": "", "postal_code": "10001", "state": "NY"},
        '{"city": "NYC"}',
        {"town": "NYC"},
    ),
    (
        ({"city": 5}, "Address › City must be text"),
        ({"line1": "x" * 5001}, "Address › Line 1 must be at most 5,000"),
        *NOT_OBJECT,
    ),
)
RECURRING = Samples(
    (
        {"interval": "month"},
        {"interval": "year", "interval_count": 3},
        {"interval": "month", "interval_count": "36"},
        {"interval": "week", "interval_count": 156},
        {"interval": "day", "interval_count": 1095},
        {"interval": "month", "usage_type": "metered", "meter": "mtr_1"},
        {"interval": "month", "usage_type": "licensed"},
    ),
    (
        ({"interval_count": 1}, "Recurring › Interval is required"),
        ({"interval": "monthly"}, "Recurring › Interval must be one of day, week, month, year"),
        ({"interval": "month", "interval_count": 0}, "at least 1"),
        ({"interval": "year", "interval_count": 4}, "at most three years"),
        ({"interval": "month", "interval_count": 37}, "at most three years"),
        ({"interval": "week", "interval_count": 157}, "at most three years"),
        ({"interval": "day", "interval_count": 1096}, "at most three years"),
        (
            {"interval": "month", "usage_type": "metered"},
            "Recurring › Meter is required if Usage Type is metered",
        ),
        ({"interval": "month", "usage_type": "rented"}, "one of licensed, metered"),
        ({"interval": "month", "meter": "x" * 5001}, "Recurring › Meter must be at most 5,000"),
        ({"interval": "month", "aggregate_usage": "sum"}, "is gone from Stripe's API"),
        *NOT_OBJECT,
    ),
)
DESCRIPTOR = "1–22 characters with a letter and without"
PRODUCT_DATA = Samples(
    (
        {"name": "New Product"},
        {"name": "P", "statement_descriptor": "A" * 22, "unit_label": "x" * 12, "active": "true"},
        {"name": "P", "id": "my-own", "tax_code": "txcd_1", "metadata": {"a": 1}},
        {"name": "P", "description": "D"},
    ),
    (
        ({"active": True}, "Product Data › Name is required"),
        ({"name": "P", "statement_descriptor": "A" * 23}, DESCRIPTOR),
        ({"name": "P", "statement_descriptor": "12345"}, DESCRIPTOR),
        ({"name": "P", "statement_descriptor": "A<B"}, DESCRIPTOR),
        ({"name": "P", "statement_descriptor": 'A"B'}, DESCRIPTOR),
        ({"name": "P", "statement_descriptor": "A\\B"}, DESCRIPTOR),
        ({"name": "P", "unit_label": "x" * 13}, "Unit Label must be at most 12 characters"),
        (
            {"name": "P", "metadata": {"a[": 1}},
            "Product Data › Metadata › a[ is no key that Stripe takes",
        ),
        ({"name": "P", "active": "yes"}, "Product Data › Active must be true or false"),
        *NOT_OBJECT,
    ),
)
_MONTHLY = {"currency": "usd", "product": "prod_1", "recurring": {"interval": "month"}}
_ONCE = {"currency": "usd", "product_data": {"name": "P"}, "unit_amount": 5}
PRICE_DATA_REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"unit_amount": 5}, "Currency is required"),
    (_MONTHLY, "Unit Amount is required if Unit Amount Decimal is empty"),
    ({**_MONTHLY, "unit_amount": 5, "unit_amount_decimal": "5.5"}, "not be given together with"),
    ({**_MONTHLY, "currency": "dollar", "unit_amount": 5}, "three-letter ISO currency code"),
    ({**_MONTHLY, "currency": "kwd", "unit_amount": 15}, "must end in 0: KWD has 3 decimals"),
    ({**_MONTHLY, "unit_amount": 10**8}, "at most 8 digits"),
    ({**_MONTHLY, "unit_amount_decimal": "1e5"}, "Unit Amount Decimal must be a number"),
    ({**_MONTHLY, "unit_amount": 5, "tax_behavior": "none"}, "exclusive, inclusive, unspecified"),
)
_ITEM_REFUSED: tuple[tuple[Any, str], ...] = (
    (["price_1"], "Items › 1 must be an object"),
    ({"price": "price_1"}, "Items must be a list"),
    ([{"price": "price_1", "quantity": -1}], "Items › 1 › Quantity must be at least 0"),
    ([{"price": "price_1"}, {"price": "price_2", "quantity": "two"}], "Items › 2 › Quantity must"),
    ([{"plan": "price_1"}], "Items › 1 › plan is Price now; the plan's ID works as Price"),
    ([{"price": "price_1", "price_data": {**_MONTHLY, "unit_amount": 1}}], "together with Price"),
    ([{"price": "price_1", "metadata": {"a": ["b"]}}], "Items › 1 › Metadata › a must be text"),
    *(([{"price_data": data}], sentence) for data, sentence in PRICE_DATA_REFUSED),
)
ITEMS = Samples(
    (
        [{"price": "price_1", "quantity": 1}],
        [{"price": f"price_{number}"} for number in range(20)],
        [{"price_data": {**_MONTHLY, "unit_amount": 0}}],
        [{"price_data": {**_MONTHLY, "unit_amount_decimal": "12.5"}}],
        '[{"price": "price_1", "quantity": "2"}]',
        [{"price": "price_1", "prize": 1}],
        [{"price": "price_1", "trial": {"type": "free"}}],
    ),
    (
        ([{"price": f"price_{number}"} for number in range(21)], "at most 20 items"),
        ([{"quantity": 1}], "Items › 1 › Price is required if Price Data is empty"),
        *_ITEM_REFUSED,
    ),
)
CHANGES = Samples(
    (
        [{"id": "si_1", "price": "price_2"}],
        [{"id": "si_1", "deleted": True, "clear_usage": "true"}],
        [{"price": "price_2"}, {"id": "si_1", "quantity": 0}],
    ),
    (
        ([{"quantity": 1}], "Items › 1 › Price is required if ID and Price Data are empty"),
        ([{"price": "price_1", "deleted": True}], "Items › 1 › Deleted may be given only if ID"),
        *_ITEM_REFUSED,
    ),
)
_LINE_REFUSED: tuple[tuple[Any, str], ...] = (
    ([{"price": "price_1", "quantity": -1}], "Line Items › 1 › Quantity must be at least 0"),
    ([{"price": "price_1", "price_data": _ONCE}], "together with Price"),
    ([{"price": "price_1", "adjustable_quantity": {"minimum": 1}}], "› Enabled is required"),
    ([{"price": "price_1", "amount": 1}], "Line Items › 1 › amount is Price Data › Unit Amount"),
    ([{"price_data": {"currency": "usd", "unit_amount": 1}}], "› Product is required if"),
    ([{"price_data": {**_ONCE, "product": "prod_1"}}], "together with Product Data"),
    (
        [{"price_data": {**_ONCE, "recurring": {"interval": "month", "interval_count": 37}}}],
        "Line Items › 1 › Price Data › Recurring › Interval Count must be at least 1",
    ),
    ("price_1", "must be a list"),
)
LINES = Samples(
    (
        [{"price": "price_1", "quantity": 1}],
        [{"price_data": _ONCE, "adjustable_quantity": {"enabled": True, "maximum": 5}}],
        [{"price": f"price_{number}"} for number in range(100)],
    ),
    (
        ([{"quantity": 1}], "Line Items › 1 › Price is required if Price Data is empty"),
        ([{"price": f"price_{number}"} for number in range(101)], "at most 100 items"),
        *_LINE_REFUSED,
    ),
)
LINE_CHANGES = Samples(
    ([{"id": "li_1", "quantity": 2}, {"price": "price_1"}],),
    (
        ([{"quantity": 1}], "Line Items › 1 › Price is required if ID and Price Data are empty"),
        *_LINE_REFUSED,
    ),
)
SHIPPING = Samples(
    (
        [{"shipping_rate": "shr_1"}],
        [{"shipping_rate_data": {"display_name": "Standard"}}],
        [{"shipping_rate": f"shr_{number}"} for number in range(5)],
    ),
    (
        ([{"shipping_rate": f"shr_{number}"} for number in range(6)], "at most 5 items"),
        ([{"shipping_rate": "s", "shipping_rate_data": {"a": 1}}], "together with Shipping Rate"),
        ([{"rate": "shr_1"}], "Shipping Rate is required if Shipping Rate Data is empty"),
    ),
)
SUBSCRIPTION_DATA = Samples(
    (
        {"trial_period_days": 14},
        {"trial_end": LATER, "description": "x" * 500, "proration_behavior": "none"},
        {"billing_cycle_anchor": SOON, "application_fee_percent": "2.5"},
        {"billing_cycle_anchor_config": {"day_of_month": 1}},
    ),
    (
        ({"trial_period_days": 0}, "Subscription Data › Trial Period Days must be at least 1"),
        ({"trial_end": SOON}, "at least 48 hours ahead"),
        ({"trial_end": LATER, "trial_period_days": 5}, "together with Trial End"),
        ({"billing_cycle_anchor": 5}, "in the future"),
        ({"description": "x" * 501}, "at most 500"),
        ({"proration_behavior": "always_invoice"}, "one of create_prorations, none"),
        ({"coupon": "x"}, "Subscription Data › coupon is discounts now"),
        *NOT_OBJECT,
    ),
)
AUTOMATIC = Samples(
    ({"enabled": True}, {"enabled": "false"}, {"enabled": True, "allow_redirects": "never"}),
    (
        ({"allow_redirects": "never"}, "Automatic Payment Methods › Enabled is required"),
        ({"enabled": "on"}, "Automatic Payment Methods › Enabled must be true or false"),
        ({"enabled": True, "allow_redirects": "sometimes"}, "be one of always, never"),
        *NOT_OBJECT,
    ),
)
AUTOMATIC_TAX = Samples(
    (
        {"enabled": True},
        {"enabled": "false", "liability": {"type": "self"}},
        {"enabled": True, "liability": {"type": "account", "account": "acct_1"}},
    ),
    (
        ({"liability": {"type": "self"}}, "Automatic Tax › Enabled is required"),
        ({"enabled": "on"}, "Automatic Tax › Enabled must be true or false"),
        ({"enabled": True, "liability": {"type": "both"}}, "one of account, self"),
        ({"enabled": True, "liability": {"type": "account"}}, "Account is required if Type is"),
        *NOT_OBJECT,
    ),
)
PAYMENT_INTENT_DATA = Samples(
    (
        {"description": "x" * 1000, "capture_method": "manual"},
        {"setup_future_usage": "off_session", "metadata": {"order": 1}},
        {"transfer_data": {"destination": "acct_1", "amount": "500"}},
        {"shipping": {"name": "J", "address": {"line1": "Main St 1"}}},
    ),
    (
        ({"description": "x" * 1001}, "Payment Intent Data › Description must be at most 1,000"),
        ({"capture_method": "later"}, "one of automatic, automatic_async, manual"),
        ({"transfer_data": {"amount": 5}}, "Transfer Data › Destination is required"),
        ({"statement_descriptor": "x" * 23}, "at most 22"),
        ({"application_fee_amount": -1}, "at least 0"),
        *NOT_OBJECT,
    ),
)
EXPAND = Samples(
    (["line_items"], ["a.b.c.d"], ["customer", "payment_intent.latest_charge"]),
    (
        (["a.b.c.d.e"], "Expand › 1 must be a path of at most four levels"),
        (["a", ".b"], "Expand › 2 must be a path"),
        (["a..b"], "four levels"),
        ([5], "must be text"),
        ("line_items", "must be a list"),
    ),
)
DAYS = Samples((0, 30, "30"), ((-1, "at least 0"), (1.5, "whole number"), ("soon", "whole number")))
DUE_DATE = Samples(
    (LATER, str(LATER), datetime.fromtimestamp(LATER, UTC), "2051-01-31T09:00:00.000Z"),
    (
        (1672531200, "must be a time in the future; got 1672531200, which is 2023-01-01T00:00:00Z"),
        (LATER * 1000, f"looks like milliseconds: write {LATER}"),
        (LATER + 0.5, "must be a time: unix seconds, or a date with time and zone"),
        ("2031-01-01", "has no time and no zone: write 2031-01-01T00:00:00Z for UTC"),
        (datetime(2031, 1, 1), "has no time zone"),  # noqa: DTZ001 - naive on purpose
    ),
)
CREATED = Samples(
    (1672531200, "1672531200", datetime.fromtimestamp(SOON, UTC), "2051-01-31T09:00:00Z"),
    (
        (LATER * 1000, f"looks like milliseconds: write {LATER}"),
        (LATER + 0.5, "must be a time: unix seconds, or a date with time and zone"),
        ("2031-01-01", "has no time and no zone: write 2031-01-01T00:00:00Z for UTC"),
    ),
)
TYPES = Samples((["card"], ["card", "link"]), (("card", "must be a list"), ([5], "must be text")))
COLLECTION = one_of("charge_automatically", "send_invoice")

# --- every row of every action --------------------------------------------------------------------

Table = Mapping[str, Samples]
MOST = Samples((1, 10_000, "500"), ((0, "from 1 to 10000; got 0"), (10_001, "got 10001")))
CURSORS: Table = {"Limit": LIMIT, "Starting After": ID, "Ending Before": ID}
PAID = one_of("draft", "open", "paid", "uncollectible", "void")
STATUSES = one_of(
    *("active", "all", "canceled", "ended", "incomplete", "incomplete_expired"),
    *("past_due", "paused", "trialing", "unpaid"),
)
TAX = one_of("exclusive", "inclusive", "unspecified")
CUSTOMER: Table = {
    "Email": LONG_MAIL,
    "Name": text(256),
    "Phone": text(20),
    "Address": ADDRESS,
    "Metadata": METADATA,
}

ON_PAGE: Mapping[str, Table] = {
    "list_products": {"Active": FLAG, **CURSORS},
    "retrieve_product": {"Product ID": ID},
    "create_product": {
        "Name": text(5000),
        "Active": FLAG,
        "Description": text(40000),
        "Images": IMAGES,
        "URL": text(5000),
        "Metadata": METADATA,
    },
    "update_product": {
        "Product ID": ID,
        "Name": text(5000),
        "Active": FLAG,
        "Description": text(40000).but(CLEAR, "@clear"),
        "Images": IMAGES.but(CLEAR, "@clear"),
        "URL": text().but(CLEAR, "@clear"),
        "Default Price": ID,
        "Metadata": METADATA.but(CLEAR, "@clear"),
    },
    "delete_product": {"Product ID": ID},
    "list_prices": {"Product": ID, "Active": FLAG, "Currency": CURRENCY, **CURSORS},
    "retrieve_price": {"Price ID": ID},
    "create_price": {
        "Currency": CURRENCY,
        "Product": ID,
        "Unit Amount": amount(0),
        "Recurring": RECURRING,
        "Nickname": text(5000),
        "Metadata": METADATA,
        "Product Data": PRODUCT_DATA,
    },
    "update_price": {
        "Price ID": ID,
        "Active": FLAG,
        "Nickname": text(5000),
        "Lookup Key": text(200),
        "Tax Behavior": TAX,
        "Metadata": METADATA.but(CLEAR),
    },
    "deactivate_price": {"Price ID": ID},
    "list_customers": {"Email": text(512), **CURSORS},
    "retrieve_customer": {"Customer ID": ID},
    "create_customer": {**CUSTOMER, "Description": text(5000)},
    "update_customer": {"Customer ID": ID, **CUSTOMER},
    "delete_customer": {"Customer ID": ID},
    "list_invoices": {"Customer": ID, "Status": PAID, "Subscription": ID, **CURSORS},
    "retrieve_invoice": {"Invoice ID": ID},
    "create_invoice": {
        "Customer": ID,
        "Auto Advance": FLAG,
        "Collection Method": COLLECTION,
        "Description": text(1500),
        "Days Until Due": DAYS,
        "Due Date": DUE_DATE,
        "Metadata": METADATA.but(CLEAR),
        "Currency": CURRENCY,
        "Pending Invoice Items": one_of("include", "exclude"),
    },
    "update_invoice": {
        "Invoice ID": ID,
        "Auto Advance": FLAG,
        "Collection Method": COLLECTION,
        "Description": text(1500),
        "Metadata": METADATA.but(CLEAR),
        "Days Until Due": DAYS,
        "Due Date": DUE_DATE,
    },
    "delete_invoice": {"Invoice ID": ID},
    "list_subscriptions": {"Customer": ID, "Price": ID, "Status": STATUSES, **CURSORS},
    "retrieve_subscription": {"Subscription ID": ID},
    "create_subscription": {
        "Customer": ID,
        "Items": ITEMS,
        "Cancel at Period End": FLAG,
        "Default Payment Method": ID,
        "Description": text(500),
        "Collection Method": COLLECTION,
        "Metadata": METADATA.but(CLEAR),
        "Days Until Due": DAYS,
        "Trial Period Days": Samples((1, "14"), ((0, "at least 1"), ("two weeks", "whole number"))),
        "Payment Behavior": one_of(
            "allow_incomplete", "default_incomplete", "error_if_incomplete"
        ).but(refuses=(("pending_if_incomplete", "one of allow_incomplete, default_incomplete"),)),
    },
    "update_subscription": {
        "Subscription ID": ID,
        "Cancel at Period End": FLAG,
        "Default Payment Method": ID,
        "Description": text(500).but(CLEAR, "@clear"),
        "Items": CHANGES,
        "Metadata": METADATA.but(CLEAR),
        "Proration Behavior": one_of("create_prorations", "none", "always_invoice"),
        "Days Until Due": DAYS,
    },
    "cancel_subscription": {"Subscription ID": ID},
    "list_payment_intents": {"Customer": ID, **CURSORS},
    "retrieve_payment_intent": {"Payment Intent ID": ID},
    "create_payment_intent": {
        "Amount": amount(1),
        "Currency": CURRENCY,
        "Customer": ID,
        "Payment Method": ID,
        "Description": text(1000),
        "Receipt Email": MAIL,
        "Automatic Payment Methods": AUTOMATIC,
        "Metadata": METADATA,
        "Confirm": FLAG,
        "Off Session": FLAG,
        "Return URL": WEB,
    },
    "update_payment_intent": {
        "Payment Intent ID": ID,
        "Amount": Samples((1, "1200", 10**12 - 1), ((0, "at least 1"), (10**12, "12 digits"))),
        "Description": text(1000),
        "Payment Method": ID,
        "Receipt Email": MAIL.but(CLEAR, "@clear"),
        "Metadata": METADATA.but(CLEAR),
    },
    "cancel_payment_intent": {
        "Payment Intent ID": ID,
        "Cancellation Reason": one_of(
            "duplicate", "fraudulent", "requested_by_customer", "abandoned"
        ),
    },
    "refund_payment": {
        "Charge ID": ID,
        "Payment Intent ID": ID,
        "Amount": Samples((1, "1000", 10**12 - 1), ((0, "at least 1"), (10**12, "digits"))),
        "Reason": one_of("duplicate", "fraudulent", "requested_by_customer"),
        "Metadata": METADATA.but(CLEAR),
    },
    "create_checkout_session": {
        "Mode": one_of("payment", "subscription"),
        "Line Items": LINES,
        "Success URL": WEB,
        "Cancel URL": WEB,
        "Customer": ID,
        "Customer Email": MAIL,
        "Payment Method Types": TYPES,
        "Allow Promotion Codes": FLAG,
        "Metadata": METADATA,
        "Subscription Data": SUBSCRIPTION_DATA,
        "Automatic Tax": AUTOMATIC_TAX,
        "Payment Intent Data": PAYMENT_INTENT_DATA,
        "Client Reference ID": text(200),
        "Locale": LOCALE,
    },
    "update_checkout_session": {
        "ID": ID,
        "Metadata": METADATA.but(CLEAR),
        "Line Items": LINE_CHANGES,
        "Shipping Options": SHIPPING.but(CLEAR, "@clear"),
    },
    "retrieve_checkout_session": {"ID": ID, "Expand": EXPAND},
    "list_checkout_sessions": {
        "Customer": ID,
        "Status": one_of("open", "complete", "expired"),
        **CURSORS,
        "Subscription": ID,
    },
    "list_checkout_session_line_items": {"ID": ID, **CURSORS},
    "expire_checkout_session": {"ID": ID},
    "create_invoice_item": {
        "Customer": ID,
        "Invoice": ID,
        "Price": ID,
        "Amount": amount(None),
        "Currency": CURRENCY,
        "Quantity": DAYS,
        "Description": text(5000),
        "Metadata": METADATA.but(CLEAR),
    },
}


def of_lists(name: str) -> Table:
    """The rows by which any list is read to its end, or from a time on."""
    whole: Table = {"Return All": FLAG, "Most": MOST} if name in PAGED else {}
    dated: Table = {"Created After": CREATED, "Created Before": CREATED} if name in DATED else {}
    linked: Table = {"Expand": EXPAND} if "Expand" in ACTIONS[name].spec.fields else {}
    return {**dated, **whole, **linked}


ROWS: Mapping[str, Table] = {name: {**each, **of_lists(name)} for name, each in ON_PAGE.items()}


def derived(row: Row) -> Samples:
    """What a row takes and refuses by its declaration, where nobody has an opinion of their own."""
    schema = row.schema
    wrong: list[tuple[Any, str]] = [(object(), "must be text, a number"), ("a\0b", row.key)]
    if any(isinstance(each, OneOf) for each in row.restrictions):
        wrong.append(("no such word", "must be one of"))
    if "minimum" in schema:
        wrong.append((schema["minimum"] - 1, row.key))
    if "maximum" in schema:
        wrong.append((schema["maximum"] + 1, row.key))
    if "maxLength" in schema:
        wrong.append(("x" * (schema["maxLength"] + 1), row.key))
    if "maxItems" in schema:
        wrong.append((row.example * (schema["maxItems"] + 1), row.key))
    return Samples((row.example,), tuple(wrong))


SAMPLES: Mapping[str, Table] = {
    name: {row.key: ROWS.get(name, {}).get(row.key) or derived(row) for row in action.spec.rows}
    for name, action in ACTIONS.items()
}
PAIRS = [(name, key) for name, table in SAMPLES.items() for key in table]


def test_the_table_has_the_page(seed: Any) -> None:
    """The samples, as a second opinion, cover every row of the page's actions, and no other row."""
    for page in seed["actions"]:
        action = BY_NAME[page["name"]]
        assert ROWS[action.spec.id].keys() == action.spec.fields.keys()
    assert ROWS.keys() <= ACTIONS.keys()


@pytest.mark.parametrize(("name", "key"), PAIRS)
def test_a_derived_sample_is_judged_like_any_other(name: str, key: str) -> None:
    """What a declaration says a row refuses is refused, its own example apart from the clock."""
    for value, words in derived(ACTIONS[name].spec.fields[key]).refuses:
        [sentence, *_] = refusal(name, company(name, key, value))[key]
        assert words in sentence


@pytest.mark.parametrize(("name", "key"), PAIRS)
def test_a_row_takes_what_is_right(name: str, key: str) -> None:
    """Every accepted sample of a row is read, under the display key and under the parameter."""
    for value in SAMPLES[name][key].takes:
        inputs = company(name, key, value)
        assert refusal(name, inputs) == {}, f"{key} = {value!r}"
        under_name = {ACTIONS[name].spec.names[label]: given for label, given in inputs.items()}
        assert refusal(name, under_name) == {}


@pytest.mark.parametrize(("name", "key"), PAIRS)
def test_a_row_refuses_what_is_wrong_and_names_itself(name: str, key: str) -> None:
    """Every refused sample of a row is told under its display key alone, in sentences with it."""
    for value, why in SAMPLES[name][key].refuses:
        problems = refusal(name, company(name, key, value))
        assert list(problems) == [key], f"{key} = {value!r}"
        assert all(sentence.startswith(key) for sentence in problems[key])
        assert all(sentence.endswith(".") for sentence in problems[key])
        assert why in " ".join(problems[key]), f"{key} = {value!r}"


@pytest.mark.parametrize(("name", "key"), [pair for pair in PAIRS if pair[0] in ROWS])
def test_no_rule_of_a_row_is_idle(name: str, key: str) -> None:
    """Every restriction of a row that is spoken aloud refuses at least one sample."""
    spec = ACTIONS[name].spec
    broken = {
        problem.rule
        for value, _ in SAMPLES[name][key].refuses
        for problem in Judgement(spec, company(name, key, value), {}, ()).problems
    }
    assert {rule.name for rule in spec.fields[key].restrictions if rule.must} <= broken


# --- rows among each other ------------------------------------------------------------------------


Given = Mapping[str, Any]


class Together(NamedTuple):
    """A condition: what satisfies it, and what breaks it, both with parameters beyond the rows."""

    name: str
    key: str
    says: str
    kept: Mapping[str, Any]
    broken: Mapping[str, Any]


def together(name: str, *cases: tuple[str, str, Given, Given]) -> list[Together]:
    """Conditions of one action: row, words, what keeps it, what breaks it."""
    return [Together(name, *case) for case in cases]


_ONE_WAY_TO_CHOOSE = (
    "Not together with allowed_payment_method_types or payment_method_configuration"
    " or excluded_payment_method_types"
)
_ONE_WAY_TO_CONFIRM = (
    "Not together with confirmation_method or payment_method_types or allowed_payment_method_types"
)
_URLS = {"Success URL": "https://x.example", "Cancel URL": "https://x.example"}
_SET_UP = {"Mode": "setup", **_URLS}
_SOLD = {**fewest("create_checkout_session")}
_TYPES = {"payment_method_types": ["card"]}
_ACCOUNT = {"customer_account": "acct_1"}
_DRAWN = {"Customer": "cus_1", "Collection Method": "charge_automatically"}
_MAILED = {"Customer": "cus_1", "Collection Method": "send_invoice"}
_DUE = {"Days Until Due": 30}
_MAIL = {"Invoice ID": "in_1", "Collection Method": "send_invoice"}
_PRICED = {"Currency": "usd", "Product": "prod_1", "Unit Amount": 5}
_BARE = {"Currency": "usd", "Unit Amount": 5}
_UNPRICED = {"Currency": "usd", "Product": "prod_1"}
_PAY = {"Amount": 1000, "Currency": "usd"}
_PLAN = {"Customer": "cus_1", "Items": [{"price": "price_1"}]}
_LINE = {"Customer": "cus_1", "Price": "price_1"}
_SUM = {"Customer": "cus_1", "Amount": 5, "Currency": "usd"}
_SUB = {"Subscription ID": "sub_1"}

TOGETHER = [
    *(
        Together(
            name,
            "Most",
            "Only if Return All is true",
            {**fewest(name), "Most": 5, "Return All": True},
            {**fewest(name), "Most": 5, "Return All": False},
        )
        for name in PAGED
    ),
    *(
        Together(
            name,
            "Ending Before",
            "Not together with Starting After",
            {**fewest(name), "Ending Before": "x_1"},
            {**fewest(name), "Ending Before": "x_1", "Starting After": "x_2"},
        )
        for name in LISTS
    ),
    *(
        Together(
            name,
            "Customer",
            "Not together with customer_account",
            {**fewest(name), "Customer": "cus_1"},
            {**fewest(name), "Customer": "cus_1", **_ACCOUNT},
        )
        for name in (
            *("list_invoices", "list_subscriptions", "list_payment_intents"),
            *("list_checkout_sessions", "create_payment_intent", "create_checkout_session"),
        )
    ),
    *together(
        "create_price",
        ("Product", "Required if Product Data is empty", _PRICED, _BARE),
        (
            "Product",
            "Not together with Product Data",
            {**_BARE, "Product Data": {"name": "P"}},
            {**_PRICED, "Product Data": {"name": "P"}},
        ),
        ("Unit Amount", "Required", {**_UNPRICED, "billing_scheme": "tiered"}, _UNPRICED),
        (
            "Unit Amount",
            "Not together with unit_amount_decimal or custom_unit_amount",
            {**_UNPRICED, "unit_amount_decimal": "5.5"},
            {**_PRICED, "unit_amount_decimal": "5.5"},
        ),
    ),
    *(
        Together(name, key, says, {**base, **kept}, {**base, **broken})
        for name, base, drawn in (
            ("create_invoice", _MAILED, _DRAWN),
            ("update_invoice", _MAIL, {**_MAIL, "Collection Method": "charge_automatically"}),
        )
        for key, says, kept, broken in (
            (
                "Days Until Due",
                "Required if Collection Method is send_invoice and Due Date is empty",
                {"Due Date": LATER},
                {},
            ),
            (
                "Days Until Due",
                "Only if Collection Method is send_invoice",
                _DUE,
                {**drawn, **_DUE},
            ),
            ("Days Until Due", "Not together with Due Date", _DUE, {**_DUE, "Due Date": LATER}),
            (
                "Due Date",
                "Only if Collection Method is send_invoice",
                {"Due Date": LATER},
                {**drawn, "Due Date": LATER},
            ),
        )
    ),
    Together(
        "create_subscription",
        "Days Until Due",
        "Required if Collection Method is send_invoice",
        {**_PLAN, "Collection Method": "send_invoice", **_DUE},
        {**_PLAN, "Collection Method": "send_invoice"},
    ),
    Together(
        "create_subscription",
        "Days Until Due",
        "Only if Collection Method is send_invoice",
        {**_PLAN, "Collection Method": "charge_automatically"},
        {**_PLAN, **_DUE},
    ),
    *(
        Together(
            name,
            "Cancel at Period End",
            "Not together with cancel_at",
            {**base, "cancel_at": LATER},
            {**base, "cancel_at": LATER, "Cancel at Period End": False},
        )
        for name, base in (("create_subscription", _PLAN), ("update_subscription", _SUB))
    ),
    *(
        Together(
            "create_payment_intent",
            "Automatic Payment Methods",
            _ONE_WAY_TO_CONFIRM,
            {**_PAY, other: value},
            {**_PAY, other: value, "Automatic Payment Methods": {"enabled": False}},
        )
        for other, value in (
            ("confirmation_method", "manual"),
            ("payment_method_types", ["card"]),
            ("allowed_payment_method_types", ["card"]),
        )
    ),
    Together(
        "create_subscription",
        "Trial Period Days",
        "Not together with trial_end",
        {**_PLAN, "trial_end": LATER},
        {**_PLAN, "trial_end": LATER, "Trial Period Days": 14},
    ),
    *(
        Together(
            "create_payment_intent",
            key,
            "Only if Confirm is true",
            {**_PAY, "Confirm": True, key: value},
            {**_PAY, "Confirm": False, key: value},
        )
        for key, value in (("Off Session", True), ("Return URL", "https://example.com"))
    ),
    Together(
        "refund_payment",
        "Charge ID",
        "Required if Payment Intent ID is empty",
        {"Charge ID": "ch_1"},
        {"Reason": "duplicate"},
    ),
    Together(
        "refund_payment",
        "Payment Intent ID",
        "Not together with Charge ID",
        {"Payment Intent ID": "pi_1"},
        {"Payment Intent ID": "pi_1", "Charge ID": "ch_1"},
    ),
    *together(
        "create_checkout_session",
        (
            "Line Items",
            "Required if Mode is payment or subscription",
            {**_SOLD, "Mode": "subscription"},
            {"Mode": "subscription", **_URLS},
        ),
        (
            "Line Items",
            "Only if Mode is payment or subscription",
            {**_SET_UP, **_TYPES},
            {**_SET_UP, **_TYPES, "Line Items": [{"price": "price_1"}]},
        ),
        (
            "Customer Email",
            "Not together with Customer or customer_account",
            {**_SOLD, "Customer Email": "a@b.example"},
            {**_SOLD, "Customer Email": "a@b.example", "Customer": "cus_1"},
        ),
        (
            "Customer Email",
            "Not together with Customer or customer_account",
            {**_SOLD, **_ACCOUNT},
            {**_SOLD, "Customer Email": "a@b.example", **_ACCOUNT},
        ),
        ("Payment Method Types", "Required if Mode is setup", {**_SET_UP, **_TYPES}, _SET_UP),
        *(
            ("Payment Method Types", "Required if Mode is setup", {**_SET_UP, **way}, _SET_UP)
            for way in (
                {"currency": "usd"},
                {"allowed_payment_method_types": ["card"]},
                {"payment_method_configuration": "pmc_1"},
            )
        ),
        *(
            (
                "Payment Method Types",
                _ONE_WAY_TO_CHOOSE,
                {**_SOLD, other: value},
                {**_SOLD, **_TYPES, other: value},
            )
            for other, value in (
                ("allowed_payment_method_types", ["card"]),
                ("excluded_payment_method_types", ["card"]),
                ("payment_method_configuration", "pmc_1"),
            )
        ),
        (
            "Allow Promotion Codes",
            "Not together with discounts",
            {**_SOLD, "discounts": [{"coupon": "c"}]},
            {**_SOLD, "discounts": [{"coupon": "c"}], "Allow Promotion Codes": False},
        ),
        *(
            (
                "Subscription Data",
                "Only if Mode is subscription",
                {**_SOLD, "Mode": "subscription", "Subscription Data": {"description": "x"}},
                {**base, "Subscription Data": {"description": "x"}},
            )
            for base in (_SOLD, {**_SET_UP, **_TYPES})
        ),
        *(
            (
                "Payment Intent Data",
                "Only if Mode is payment",
                {**_SOLD, "Payment Intent Data": {"description": "x"}},
                {**base, "Payment Intent Data": {"description": "x"}},
            )
            for base in ({**_SOLD, "Mode": "subscription"}, {**_SET_UP, **_TYPES})
        ),
    ),
    *together(
        "create_invoice_item",
        (
            "Customer",
            "Required if Invoice is empty",
            {"Invoice": "in_1", "Price": "price_1"},
            {"Price": "price_1"},
        ),
        (
            "Customer",
            "Required if Invoice is empty",
            {"Price": "price_1", **_ACCOUNT},
            {"Price": "price_1"},
        ),
        ("Price", "Required if Amount is empty", _SUM, {"Customer": "cus_1"}),
        *(
            (
                "Price",
                "Not together with Amount or price_data or unit_amount_decimal",
                {"Customer": "cus_1", **way},
                {**_LINE, **way},
            )
            for way in (
                {"Amount": 5, "Currency": "usd"},
                {"price_data": {"currency": "usd", "product": "prod_1"}},
                {"unit_amount_decimal": "5.5"},
            )
        ),
        ("Currency", "Required if Amount is given", _SUM, {"Customer": "cus_1", "Amount": 5}),
        ("Quantity", "Only if Price is given", {**_LINE, "Quantity": 2}, {**_SUM, "Quantity": 2}),
        (
            "Quantity",
            "Not together with quantity_decimal",
            {**_LINE, "quantity_decimal": "1.5"},
            {**_LINE, "quantity_decimal": "1.5", "Quantity": 2},
        ),
    ),
]


def split(name: str, inputs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Inputs of an action's rows, and parameters beyond them."""
    spec = ACTIONS[name].spec
    known = {*spec.names, *spec.names.values()}
    rows = {key: value for key, value in inputs.items() if key in known}
    return rows, {key: value for key, value in inputs.items() if key not in known}


def test_every_condition_is_in_the_table() -> None:
    """The table, as a second opinion, holds every condition that the page's manifests export."""
    declared = {
        (name, row.key, words_of(condition))
        for name in ROWS
        for row in ACTIONS[name].spec.rows
        for condition in row.conditions
    }
    told = {(case.name, case.key, case.says) for case in TOGETHER if case.name in ROWS}
    assert told == declared - ONE_OF_TWO


# Where one of two rows must be given, that is told once, at the first of them.
ONE_OF_TWO = {
    ("create_price", "Product Data", "Required if Product is empty"),
    ("refund_payment", "Payment Intent ID", "Required if Charge ID is empty"),
}


def words_of(condition: rule.Condition) -> str:
    """A condition with all that it is about, also the parameters that no row has."""
    if condition.name != "excludes":
        return condition.text
    return f"Not together with {' or '.join(case.word for case in condition.when)}"


@pytest.mark.parametrize("case", TOGETHER, ids=lambda case: f"{case.name}-{case.key}-{case.says}")
def test_a_condition_is_kept_or_broken(case: Together) -> None:
    """A condition takes what keeps it and refuses what breaks it, under its display key."""
    rows, extra = split(case.name, case.kept)
    assert refusal(case.name, rows, extra) == {}
    rows, extra = split(case.name, case.broken)
    problems = refusal(case.name, rows, extra)
    said = " ".join(problems[case.key]).lower()
    if case.says.startswith("Not together with "):
        others = case.says.removeprefix("Not together with ").lower().split(" or ")
        given = {*map(str.lower, case.broken)}
        met = " or ".join(word for word in others if word in given)
        assert f"may not be given together with {met}." in said
    else:
        words = case.says.replace("Only", "may be given only").replace("Required", "is required")
        assert words.lower() in said


@pytest.mark.parametrize(("name", "key", "says"), sorted(ONE_OF_TWO))
def test_one_of_two_rows_is_asked_for_once(name: str, key: str, says: str) -> None:
    """Where one of two rows must be given and neither is, that is one problem, not two."""
    other = says.removeprefix("Required if ").removesuffix(" is empty")
    wrong = refusal(name, {"Currency": "usd", "Unit Amount": 5} if name == "create_price" else {})
    assert wrong == {other: [f"{other} is required if {key} is empty."]}


EXACTLY_ONE = [
    ("create_price", _BARE, {"Product": "prod_1"}, {"Product Data": {"name": "P"}}),
    ("refund_payment", {}, {"Charge ID": "ch_1"}, {"Payment Intent ID": "pi_1"}),
    (
        "create_invoice_item",
        {"Customer": "cus_1"},
        {"Price": "p"},
        {"Amount": 5, "Currency": "usd"},
    ),
    ("create_invoice", _MAILED, _DUE, {"Due Date": LATER}),
    ("update_invoice", _MAIL, _DUE, {"Due Date": LATER}),
]


@pytest.mark.parametrize(("name", "base", "one", "other"), EXACTLY_ONE)
def test_exactly_one_of_two_ways(
    name: str, base: dict[str, Any], one: dict[str, Any], other: dict[str, Any]
) -> None:
    """Where Stripe wants exactly one of two ways, either is taken, but not neither and not both."""
    assert refusal(name, {**base, **one}) == {}
    assert refusal(name, {**base, **other}) == {}
    assert refusal(name, base)
    assert refusal(name, {**base, **one, **other})


# --- amounts --------------------------------------------------------------------------------------

AMOUNTS = [
    ("usd", 99_999_999, True),
    ("usd", 100_000_000, False),
    ("jpy", 999_999_999_999, True),
    ("jpy", 10**12, False),
    ("idr", 999_999_999_999, True),
    ("kwd", 5120, True),
    ("kwd", 5125, False),
    ("KWD", 5125, False),
    ("bhd", 1, False),
    ("tnd", 10, True),
    ("jod", 15, False),
    ("omr", 15, False),
]


@pytest.mark.parametrize(("currency", "value", "right"), AMOUNTS)
@pytest.mark.parametrize(
    ("name", "key", "beside"),
    [
        ("create_price", "Unit Amount", {"Product": "prod_1"}),
        ("create_payment_intent", "Amount", {}),
        ("create_invoice_item", "Amount", {"Customer": "cus_1"}),
    ],
)
def test_an_amount_is_in_its_currencys_smallest_unit(
    name: str, key: str, beside: dict[str, Any], currency: str, value: int, *, right: bool
) -> None:
    """An amount has the digits of its currency, and ends in 0 where that has three decimals."""
    problems = refusal(name, {**beside, "Currency": currency, key: value})
    assert list(problems) == ([] if right else [key])


# --- all at once, unknown keys, empty values, unsetting -------------------------------------------


def test_all_problems_are_told_at_once() -> None:
    """One reading reports every problem of every row, nested ones with their place."""
    problems = refusal(
        "create_subscription",
        {
            "Items": [{"quantity": -1}, {"price": "price_1", "quantity": "two"}],
            "Cancel at Period End": "yes",
            "Collection Method": "send_invoice",
            "Descripton": "x",
            "Metadata": {"a": ["b"]},
        },
    )
    assert set(problems) == {
        *("Customer", "Items", "Cancel at Period End", "Days Until Due"),
        *("Descripton", "Metadata"),
    }
    assert len(problems["Items"]) == 3


def test_an_error_is_a_sentence_and_data() -> None:
    """A refusal is told as text and as JSON-safe data with the action and the problems."""
    with pytest.raises(InvalidInputs) as caught:
        made("create_price", {"Unit Amount": "ten"})
    about = caught.value.as_dict()
    assert about["category"] == "invalid_inputs"
    assert about["action"] == "create_price"
    assert about["problems"]["Currency"] == ["Currency is required."]
    assert about["retryable"] is about["outcome_unknown"] is False
    assert (
        "Unit Amount must be in cents: 1250 for 12.50, or with its currency, as 12.50 USD;"
        ' got "ten".' in str(caught.value)
    )


@pytest.mark.parametrize(
    ("name", "word", "near"),
    [
        ("create_price", "Curency", "did you mean Currency?"),
        ("create_price", "unit amount", "did you mean Unit Amount?"),
        ("create_price", "UnitAmount", "did you mean Unit Amount?"),
        ("create_customer", "E-Mail", "did you mean Email?"),
        ("create_customer", "zzz", "its inputs are Email, Name, Phone"),
    ],
)
def test_an_unknown_key_names_the_nearest(name: str, word: str, near: str) -> None:
    """An unknown key is a problem that names the nearest display key, or all of them."""
    problems = refusal(name, {**fewest(name), word: "x"})
    assert list(problems) == [word]
    assert near in problems[word][0]


@pytest.mark.parametrize("empty", [None, "", {}, [], ()])
@pytest.mark.parametrize("name", ACTIONS)
def test_an_empty_value_is_not_given(name: str, empty: Any) -> None:
    """An empty value reads as if it were absent, and a required row misses it."""
    inputs = fewest(name)
    optional = {row.key: empty for row in ACTIONS[name].spec.rows if row.key not in inputs}
    assert made(name, {**optional, **inputs}) == made(name, inputs)
    for key in inputs:
        assert refusal(name, {**inputs, key: empty})


@pytest.mark.parametrize(
    ("name", "key", "value", "pair"),
    [
        ("create_price", "Unit Amount", 0, ("unit_amount", "0")),
        ("create_product", "Active", False, ("active", "false")),
        ("create_product", "Active", "false", ("active", "false")),
        ("create_invoice_item", "Quantity", 0, ("quantity", "0")),
        (
            "create_subscription",
            "Items",
            [{"price": "p", "quantity": 0}],
            ("items[0][quantity]", "0"),
        ),
        ("create_product", "Metadata", {"a": 0, "b": ""}, ("metadata[a]", "0")),
        ("create_product", "Metadata", {"a": 0, "b": CLEAR}, ("metadata[b]", "")),
        ("create_product", "Metadata", {"a": True}, ("metadata[a]", "true")),
    ],
)
def test_zero_and_false_are_values(name: str, key: str, value: Any, pair: tuple[str, str]) -> None:
    """0 and False are kept and sent, and CLEAR unsets one key of the metadata."""
    assert pair in made(name, {**fewest(name), key: value}).request().params


@pytest.mark.parametrize("name", ACTIONS)
def test_clear_is_taken_only_where_stripe_unsets(name: str) -> None:
    """CLEAR, and "@clear" where a form only gives text, is sent as "" or refused with a reason."""
    for row in ACTIONS[name].spec.rows:
        for clear in (CLEAR, "@clear"):
            inputs = company(name, row.key, clear)
            if row.clearable:
                assert (row.sent_as or row.name, "") in made(name, inputs).request().params
            else:
                sentences = refusal(name, inputs)[row.key]
                known = "cannot be unset, as far as Stripe's API document says"
                assert any(known in sentence for sentence in sentences)


def test_a_line_of_an_address_is_unset_on_purpose() -> None:
    """An empty line of an address stays what it is; @clear is sent empty, which unsets it."""
    lines = {"line1": "x", "line2": "", "city": "@clear"}
    sent = made("update_customer", {"Customer ID": "cus_1", "Address": lines}).request().params
    assert sent == (("address[line1]", "x"), ("address[city]", ""))


def test_a_key_given_twice_is_a_problem() -> None:
    """A row given under both of its names is not guessed at."""
    problems = refusal("create_customer", {"Email": "a@b.example", "email": "c@d.example"})
    assert problems == {"Email": ["Email is given twice, as Email and as email."]}


SENT = [
    ("create_price", "Unit Amount", "10", "unit_amount=10"),
    ("create_price", "Unit Amount", " 10 ", "unit_amount=10"),
    ("create_price", "Currency", "EUR", "currency=eur"),
    ("create_product", "Active", "TRUE", "active=true"),
    ("create_price", "Recurring", '{"interval": "month"}', "recurring%5Binterval%5D=month"),
    ("create_product", "Images", '["x"]', "images%5B0%5D=x"),
    (
        "create_product",
        "Metadata",
        '{"a": 123456789.123456789012}',
        "metadata%5Ba%5D=123456789.123456789012",
    ),
    ("create_product", "Name", "10", "name=10"),
    ("create_product", "Name", " spaced ", "name=spaced"),
]


@pytest.mark.parametrize(("name", "key", "value", "sent"), SENT)
def test_text_is_read_exactly(name: str, key: str, value: str, sent: str) -> None:
    """Text for a number, a boolean, an object or a list is read as exactly that."""
    body = made(name, {**fewest(name), key: value}).request().body or b""
    assert sent in body.decode().split("&")


def test_a_key_of_json_stands_once() -> None:
    """Of a key that stands twice in a text of JSON, no value quietly wins."""
    told = refusal("create_product", {**fewest("create_product"), "Metadata": '{"a": 1, "a": 2}'})
    assert told == {"Metadata": ['Metadata has the key "a" twice.']}


REFUSED = [
    (
        "create_price",
        "Unit Amount",
        ["ten", "1e3", "0x10", "1_000", "١٠", "10.0", "--5", "010", "+5", 1.5, 15.0, True],
    ),
    (
        "create_price",
        "Unit Amount",
        [math.nan, math.inf, -math.inf, Decimal("NaN"), Decimal("sNaN"), b"10", object()],
    ),
    ("create_price", "Unit Amount", [10**18, "9" * 19, {"amount": 5}, [5]]),
    ("create_product", "Active", ["yes", "no", "on", "1", "0", 1, 0, 0.0, "t", "wahr"]),
    ("create_product", "Metadata", ["{", "null", "5", "not json", '{"a": NaN}', "[]", 5, [1]]),
    ("create_product", "Images", ["x", "x,y", "{}", '"x"', 5, {"0": "x"}]),
    ("create_product", "Name", [5, True, 1.5, Decimal("sNaN"), b"x", object(), ["x"], {"x": 1}]),
]


@pytest.mark.parametrize(("name", "key", "values"), REFUSED)
def test_what_is_ambiguous_is_refused(name: str, key: str, values: list[Any]) -> None:
    """Nothing that can be read in two ways is read at all."""
    for value in values:
        assert list(refusal(name, company(name, key, value))) == [key], repr(value)


@pytest.mark.parametrize("empty", [None, "", {}, [], "{}", " { } "])
def test_an_empty_object_is_not_given(empty: Any) -> None:
    """Empty is not given, also as the text that a form has of it."""
    assert (
        "Recurring"
        not in made("create_price", {**_UNPRICED, "Unit Amount": 5, "Recurring": empty}).inputs()
    )


@pytest.mark.parametrize("empty", [None, "", [], "[]", "[ ]\n"])
def test_an_empty_list_is_not_given(empty: Any) -> None:
    """A list that must be there is missing, before anything is sent."""
    wrong = refusal("create_subscription", {"Customer": "cus_1", "Items": empty})
    assert wrong == {"Items": ["Items is required."]}


def test_a_list_of_objects_is_asked_for_by_one() -> None:
    """What is no list is told what one looks like there, by the row's own example."""
    wrong = refusal("create_subscription", {"Customer": "cus_1", "Items": "price_1"})
    assert 'a list, such as [{"price": "price_123", "quantity": 1}]; got' in wrong["Items"][0]
    wrong = refusal("create_product", {"Name": "x", "Images": "price_1"})
    assert 'a list, such as ["https://example.com/img.jpg"]; got' in wrong["Images"][0]


@pytest.mark.parametrize("name", ACTIONS)
def test_reading_twice_changes_nothing(name: str) -> None:
    """What was read reads again as the same."""
    once = made(name)
    assert made(name, once.inputs()) == once
    assert right(name).keys() == once.inputs().keys()


# --- problems as data -----------------------------------------------------------------------------

ITEM_2 = [{"price": "price_1"}, {"price": "price_2", "quantity": "two"}]
PROBLEMS: list[tuple[str, dict[str, Any], list[Any], str, str, str]] = [
    ("create_price", _UNPRICED, ["unit_amount"], "Unit Amount", "required_if_empty", "is required"),
    ("create_product", {}, ["name"], "Name", "required", "Name is required."),
    ("create_product", {"Name": 5}, ["name"], "Name", "type", "Name must be text; got 5."),
    ("list_prices", {"limit": 101}, ["limit"], "Limit", "between", "must be from 1 to 100"),
    (
        "create_subscription",
        {"Customer": "cus_1", "Items": ITEM_2},
        ["items", 1, "quantity"],
        "Items",
        "type",
        "Items › 2 › Quantity must be a whole number",
    ),
    (
        "create_subscription",
        {"Customer": "cus_1", "Items": [{"price": "p", "plan": "p"}]},
        ["items", 0, "plan"],
        "Items",
        "gone",
        "Items › 1 › plan is Price now",
    ),
    (
        "create_customer",
        {"Address": {"city": "x" * 5001}},
        ["address", "city"],
        "Address",
        "max_length",
        "Address › City must be at most 5,000 characters long",
    ),
    ("create_customer", {"Emial": "x"}, ["Emial"], "Emial", "not_a_row", "is not an input of"),
    ("create_customer", {"": "x"}, [""], "", "not_a_row", '"" is not an input of'),
    (
        "create_customer",
        {"Email": "a@b", "email": "c@d"},
        ["email"],
        "Email",
        "given_twice",
        "Email is given twice",
    ),
    (
        "list_prices",
        {"Starting After": "a", "Ending Before": "b"},
        ["ending_before"],
        "Ending Before",
        "excludes",
        "may not be given together with Starting After",
    ),
    ("create_product", {"Name": "@clear"}, ["name"], "Name", "clear", "cannot be unset, as far as"),
    ("create_product", {"Name": "\0"}, ["name"], "Name", "characters", "cannot be sent"),
    (
        "create_product",
        {"Name": "x", "Metadata": {"a": {"b": [{"c": {}}] * 30_000}}},
        ["metadata"],
        "Metadata",
        "size",
        "holds too much",
    ),
]


@pytest.mark.parametrize(("name", "inputs", "path", "key", "rule", "words"), PROBLEMS)
def test_a_problem_is_data(
    name: str, inputs: Given, path: list[Any], key: str, rule: str, words: str
) -> None:
    """A problem has its place, counted from 0, its display key, its rule and its sentence."""
    with pytest.raises(InvalidInputs) as caught:
        made(name, inputs)
    about = json.loads(json.dumps(caught.value.as_dict()))
    [problem] = about["problems_at"]
    assert problem == {"path": path, "key": key, "rule": rule, "text": problem["text"]}
    assert words in problem["text"]
    assert about["problems"] == {key: [problem["text"]]}


def test_an_error_goes_through_json_pickle_and_copies() -> None:
    """Whatever carries a refusal to a form, the same problems arrive."""
    with pytest.raises(InvalidInputs) as caught:
        made("create_subscription", {"Items": ITEM_2, "Descripton": "x", "Metadata": {"a": ["b"]}})
    error = caught.value
    assert [problem.key for problem in error.problems_at] == [
        *("Descripton", "Customer", "Items", "Metadata")
    ]
    for again in (
        InvalidInputs.from_dict(json.loads(json.dumps(error.as_dict()))),
        pickle.loads(pickle.dumps(error)),  # noqa: S301 - our own
        copy.deepcopy(error),
    ):
        assert (again.problems_at, again.action) == (error.problems_at, error.action)
        assert (again.as_dict(), str(again)) == (error.as_dict(), str(error))


def test_what_is_too_much_to_tell_is_counted() -> None:
    """Of many unknown inputs, keys or wrong items, twenty are told, and how many more there are."""
    words = {f"word{number}": "x" for number in range(1_025)}
    problems = refusal("create_price", {**fewest("create_price"), **words})
    assert len(problems) == 21
    assert problems["inputs"] == ["More inputs are not of Create Price: 1,005 beside these."]
    warnings = made("create_customer", {"Address": words}).warnings()
    assert warnings["Address"].count("is not in Stripe's API document") == 20
    problems = refusal("create_product", {"Name": "P", "Images": [5] * 60})
    assert len(problems["Images"]) == 21
    assert problems["Images"][-1] == "Images has more problems: 41 beside these."


def test_unknown_inputs_hide_nothing() -> None:
    """However many inputs are unknown, what is wrong with the known ones is told, too."""
    words = {f"word{number}": "x" for number in range(30)}
    problems = refusal("create_price", {**words, "Currency": "usd", "currency": "usd"})
    assert problems["Currency"] == ["Currency is given twice, as Currency and as currency."]
    assert "Unit Amount" in problems


def test_equal_rules_are_equal_and_can_be_read() -> None:
    """A rule is a value: equal to its like, and shown as what it says."""
    assert rule.one_of("a", "b") == rule.one_of("a", "b")
    assert rule.one_of("a", "b") != rule.one_of("b", "a")
    assert rule.required_if("Mode", "setup") == rule.required_if("Mode", "setup")
    assert rule.excludes("a") != rule.excludes(rule.Parameter("a"))
    assert repr(rule.between(1, 100)) == "Between(low=1, high=100)"
    assert repr(rule.each(rule.max_length(5))) == "Each(rules=(MaxLength(most=5),))"


def test_a_row_and_a_parameter_of_the_same_name_are_two_things() -> None:
    """A display key in lower case is a row; a parameter without one is named as a parameter."""
    table = {
        "price": Field(str),
        "amount": Field(int, (rule.excludes("price"),)),
        "other": Field(int, (rule.excludes(rule.Parameter("price")),)),
    }
    given = {"price": "p", "amount": 1, "other": 1}
    assert list(judge_table(table, given)[1]) == ["amount"]
    del given["price"]
    assert list(judge_table(table, given, {rule.Parameter("price"): "p"})[1]) == ["other"]
