"""What is a Stripe resource?"""

from collections.abc import Mapping
from typing import NamedTuple


class Resource(NamedTuple):
    """A kind of Stripe object: the prefix of its IDs, the action that lists it, its permission."""

    prefix: str
    listed_by: str | None = None
    permission: str | None = None


# Source: docs.stripe.com/api (prefixes, lists), docs.stripe.com/keys (permissions).
RESOURCES: Mapping[str, Resource] = {
    "product": Resource("prod_", "list_products", "Products"),
    "price": Resource("price_", "list_prices", "Prices"),
    "customer": Resource("cus_", "list_customers", "Customers"),
    "invoice": Resource("in_", "list_invoices", "Invoices"),
    "invoiceitem": Resource("ii_", None, "Invoices"),
    "subscription": Resource("sub_", "list_subscriptions", "Subscriptions"),
    "payment_intent": Resource("pi_", "list_payment_intents", "PaymentIntents"),
    "refund": Resource("re_", None, "Charges and Refunds"),
    "charge": Resource("ch_"),
    "payment_method": Resource("pm_"),
    "checkout.session": Resource("cs_", "list_checkout_sessions", "Checkout Sessions"),
    "line_item": Resource("li_", "list_checkout_session_line_items"),
}
