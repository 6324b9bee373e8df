"""The resources: how their IDs begin, what lists them, what a restricted key needs.

Sources: docs.stripe.com/api (prefixes, lists), docs.stripe.com/keys (permissions),
dashboard.stripe.com (where its pages are).
"""

from stripe_plugin import Resource

PRODUCT = Resource(
    "product",
    prefix="prod_",
    permission="Products",
    listed_by="list_products",
    label="name",
    docs="products",
    dashboard="products",
    icon="package",
)
PRICE = Resource(
    "price",
    prefix="price_",
    permission="Prices",
    listed_by="list_prices",
    label="nickname",
    docs="prices",
    dashboard="prices",
    icon="tag",
)
CUSTOMER = Resource(
    "customer",
    prefix="cus_",
    permission="Customers",
    listed_by="list_customers",
    label="email",
    docs="customers",
    dashboard="customers",
    icon="user",
)
INVOICE = Resource(
    "invoice",
    prefix="in_",
    permission="Invoices",
    listed_by="list_invoices",
    label="number",
    docs="invoices",
    dashboard="invoices",
    icon="file-text",
)
INVOICE_ITEM = Resource(
    "invoiceitem",
    prefix="ii_",
    permission="Invoices",
    label="description",
    docs="invoiceitems",
    words="invoice item",
    icon="list-plus",
)
SUBSCRIPTION = Resource(
    "subscription",
    prefix="sub_",
    permission="Subscriptions",
    listed_by="list_subscriptions",
    label="description",
    docs="subscriptions",
    dashboard="subscriptions",
    icon="repeat",
)
PAYMENT_INTENT = Resource(
    "payment_intent",
    prefix="pi_",
    permission="PaymentIntents",
    listed_by="list_payment_intents",
    label="description",
    docs="payment_intents",
    dashboard="payments",
    icon="credit-card",
)
REFUND = Resource(
    "refund",
    prefix="re_",
    permission="Charges and Refunds",
    label="reason",
    docs="refunds",
    icon="undo-2",
)
CHARGE = Resource(
    "charge",
    prefix="ch_",
    label="description",
    docs="charges",
    dashboard="payments",
    icon="banknote",
)
PAYMENT_METHOD = Resource(
    "payment_method", prefix="pm_", label="type", docs="payment_methods", icon="wallet"
)
CHECKOUT_SESSION = Resource(
    "checkout.session",
    prefix="cs_",
    permission="Checkout Sessions",
    listed_by="list_checkout_sessions",
    label="client_reference_id",
    docs="checkout/sessions",
    icon="shopping-cart",
)
# Stripe calls the object an item. They are listed for one session each.
LINE_ITEM = Resource(
    "line_item",
    prefix="li_",
    listed_by="list_checkout_session_line_items",
    label="description",
    icon="list",
)
