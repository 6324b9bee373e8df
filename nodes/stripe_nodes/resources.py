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
    label="{name}",
    docs="products",
    dashboard="products",
    icon="package",
)
PRICE = Resource(
    "price",
    prefix="price_",
    permission="Prices",
    listed_by="list_prices",
    label="{unit_amount|money}{recurring|every} · {nickname} · {product.name}",
    label_expands=("product",),
    narrowed_by=("product",),
    docs="prices",
    dashboard="prices",
    icon="tag",
)
CUSTOMER = Resource(
    "customer",
    prefix="cus_",
    permission="Customers",
    listed_by="list_customers",
    label="{name} · {email}",
    docs="customers",
    dashboard="customers",
    icon="user",
)
INVOICE = Resource(
    "invoice",
    prefix="in_",
    permission="Invoices",
    listed_by="list_invoices",
    label="{number} · {total|money} · {status}",
    narrowed_by=("customer", "subscription"),
    docs="invoices",
    dashboard="invoices",
    icon="file-text",
)
INVOICE_ITEM = Resource(
    "invoiceitem",
    prefix="ii_",
    permission="Invoices",
    label="{amount|money} · {description}",
    narrowed_by=("customer",),
    docs="invoiceitems",
    words="invoice item",
    icon="list-plus",
)
SUBSCRIPTION = Resource(
    "subscription",
    prefix="sub_",
    permission="Subscriptions",
    listed_by="list_subscriptions",
    label=(
        "{status} · {items.data.0.price.unit_amount|money}{items.data.0.price.recurring|every}"
        " · {customer.name} · {customer.email}"
    ),
    label_expands=("customer",),
    narrowed_by=("customer",),
    docs="subscriptions",
    dashboard="subscriptions",
    icon="repeat",
)
PAYMENT_INTENT = Resource(
    "payment_intent",
    prefix="pi_",
    permission="PaymentIntents",
    listed_by="list_payment_intents",
    label="{amount|money} · {status} · {description}",
    narrowed_by=("customer",),
    docs="payment_intents",
    dashboard="payments",
    icon="credit-card",
)
REFUND = Resource(
    "refund",
    prefix="re_",
    permission="Charges and Refunds",
    label="{amount|money} · {status} · {reason}",
    docs="refunds",
    icon="undo-2",
)
CHARGE = Resource(
    "charge",
    prefix="ch_",
    label="{amount|money} · {status} · {description}",
    narrowed_by=("customer",),
    docs="charges",
    dashboard="payments",
    icon="banknote",
)
PAYMENT_METHOD = Resource(
    "payment_method",
    prefix="pm_",
    label="{card.brand|title} ·· {card.last4} · {card.exp_month|two}/{card.exp_year|two}",
    narrowed_by=("customer",),
    docs="payment_methods",
    icon="wallet",
)
CHECKOUT_SESSION = Resource(
    "checkout.session",
    prefix="cs_",
    permission="Checkout Sessions",
    listed_by="list_checkout_sessions",
    label="{customer_details.email} · {amount_total|money} · {status}",
    narrowed_by=("customer",),
    docs="checkout/sessions",
    icon="shopping-cart",
)
# Stripe calls the object an item. They are listed for one session each.
LINE_ITEM = Resource(
    "line_item",
    prefix="li_",
    listed_by="list_checkout_session_line_items",
    label="{description} · {amount_total|money}",
    narrowed_by=("session",),
    icon="list",
)
