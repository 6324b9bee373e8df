"""Sessions of the customer portal: links where customers manage their plan and cards."""

from typing import Any

from stripe_nodes import nested, rows, rules
from stripe_nodes.resources import CUSTOMER, PORTAL_SESSION
from stripe_plugin import Action, One, action, optional, rule

# Source: Stripe's API document.
_LOCALES = (
    *("auto", "bg", "cs", "da", "de", "el", "en", "en-AU", "en-CA", "en-GB", "en-IE", "en-IN"),
    *("en-NZ", "en-SG", "es", "es-419", "et", "fi", "fil", "fr", "fr-CA", "hr", "hu", "id", "it"),
    *("ja", "ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru", "sk", "sl"),
    *("sv", "th", "tr", "vi", "zh", "zh-HK", "zh-TW"),
)


@action(
    "POST /v1/billing_portal/sessions",
    PORTAL_SESSION,
    answers=One(customer="cus_123", url="https://billing.stripe.com/p/session/test_123"),
    docs="customer_portal/sessions/create",
    beyond=True,
)
class CreateCustomerPortalSession(Action):
    """Make a link where one customer manages subscriptions, cards and invoices.

    Send the customer to the session's `url` at once: it is for one visit, and soon over.
    """

    customer: str | None = optional(
        "Customer",
        "cus_123",
        "Who gets in",
        rule.required_if_empty(rows.CUSTOMER_ACCOUNT),
        rule.excludes(rows.CUSTOMER_ACCOUNT),
        rule.reference(CUSTOMER),
    )
    return_url: str | None = optional(
        "Return URL", "https://yoursite.com/account", "Where the portal leads back to", rules.url()
    )
    flow_data: dict[str, Any] | None = optional(
        "Flow",
        {"type": "payment_method_update"},
        "The one thing to do there, if it is to open straight at that",
        nested.PORTAL_FLOW,
    )
    configuration: str | None = rows.text(
        "Configuration", "bpc_123", "The set-up of the portal; empty for the default one", 5000
    )
    locale: str | None = optional(
        "Locale",
        "auto",
        "The language of the portal; auto, or empty, for the customer's or the browser's",
        rule.one_of(*_LOCALES),
    )
