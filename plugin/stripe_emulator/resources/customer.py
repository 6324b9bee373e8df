"""What is a customer: who pays, with what by default, and what ends with them?"""

from stripe_emulator import clocks
from stripe_emulator.account import Account
from stripe_emulator.declare import Resource, declare
from stripe_emulator.lifecycle import Given, do, does, first, picked
from stripe_emulator.message import token
from stripe_emulator.refusals import Json, Refusal
from stripe_emulator.resources import payment_method as methods

declare(
    Resource(
        kind="customer",
        prefix="cus_",
        size=14,
        path="/v1/customers",
        verbs="list create retrieve update delete search discount exchange_card",
        own={"exchange_card": "payment_method"},
        elsewhere={"exchange_card": "/v1/test_helpers/customers"},
        lists={"payment_methods": "payment_method", "sources": "payment_source"},
        searches="created< email~ metadata name~ phone~",
        starts="""balance currency customer_account delinquent=false invoice_prefix
            invoice_settings next_invoice_sequence=1 preferred_locales=[]
            _tax={"automatic_tax": "unrecognized_location", "ip_address": null, "location": null,
            "provider": "stripe"} tax_exempt="none" """,
        absent="business_name individual_name",
        on_demand="cash_balance invoice_credit_balance sources subscriptions tax tax_ids",
        unsets={
            "create": "description name",
            "update": "description email name phone preferred_locales",
        },
        echoes="""address balance business_name description email individual_name
            invoice_settings.custom_fields invoice_settings.footer
            invoice_settings.rendering_options.amount_tax_display name phone preferred_locales
            shipping tax_exempt""",
        emits="created updated deleted",
        conditions={"test_clock=": "json_extract(body, '$.test_clock') IS NULL"},
        remembered=True,
    )
)

_DEFAULT = "invoice_settings[default_payment_method]"
_NOWHERE = (
    "The customer's location isn't recognized. Set a valid customer address in order to "
    "automatically calculate tax."
)
_NOWHERE_IN_CHECKOUT = (
    "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid "
    "address to the Customer or set either `customer_update[address]` to 'auto' or "
    "`customer_update[shipping]` to 'auto' to save the address entered in Checkout to the Customer."
)
_ENDED = {"canceled", "incomplete_expired"}
_ENDS_WITH_IT = ("subscription_schedule.lose", "invoice.abandon")


@does(
    "customer.create",
    """invoice_prefix invoice_settings.default_payment_method next_invoice_sequence payment_method
    test_clock""",
)
def create(account: Account, customer: Json, given: Given) -> Json:
    """Create a customer, and attach the payment method it comes with."""
    clocks.check_customers(account)
    customer["invoice_prefix"] = given.get("invoice_prefix") or new_prefix()
    account.create(customer)
    if id_ := given.get("payment_method"):
        method = methods.use(account, id_)
        methods.check_attachable(method)
        methods.attach(account, method, customer["id"])
    return _settle(account, customer, None)


@does("customer.exchange_card", "payment_method")
def exchange_card(account: Account, customer: Json, given: Given) -> Json:
    """Pay with another test card from now on, the customer's subscriptions too."""
    method = methods.use(account, given.get("payment_method", "pm_card_visa"))
    methods.check_attachable(method)
    methods.attach(account, method, customer["id"])
    for subscription in account.find("subscription", customer=customer["id"]):
        if subscription["default_payment_method"] and subscription["status"] not in _ENDED:
            changed = subscription | {"default_payment_method": method["id"]}
            account.change(changed, subscription)
    settings = customer["invoice_settings"] | {"default_payment_method": method["id"]}
    return account.change(customer | {"invoice_settings": settings}, customer)


def new_prefix() -> str:
    """Draw what the numbers of a customer's invoices start with."""
    return token(8).upper()


def of_payer(account: Account, email: str | None) -> Json:
    """Make the customer of somebody who paid as a guest."""
    made = account.new("customer", email=email, invoice_prefix=new_prefix())
    return account.create(made)


@does(
    "customer.update",
    "invoice_prefix invoice_settings.default_payment_method next_invoice_sequence",
)
def update(account: Account, customer: Json, given: Given) -> Json:
    """Update a customer; its default payment method must be attached to it."""
    return _settle(account, customer, given.before)


def _settle(account: Account, customer: Json, before: Json | None) -> Json:
    wanted = default_method(customer)
    if wanted and (before is None or wanted != default_method(before)):
        method = methods.use_for(account, wanted, customer["id"], _DEFAULT)
        if method["customer"] != customer["id"]:
            raise methods.not_theirs(wanted, _DEFAULT)
        customer["invoice_settings"]["default_payment_method"] = method["id"]
    customer["tax_exempt"] = customer["tax_exempt"] or "none"
    return account.change(customer, before)


def default_method(customer: Json) -> str | None:
    """The payment method that a customer's invoices are paid with."""
    found: str | None = customer["invoice_settings"]["default_payment_method"]
    return found


@first("invoice.create", "subscription.create")
def check_location(account: Account, given: Json) -> None:
    """Refuse automatic tax for a customer of whom nobody knows where."""
    _check_location(account, given, _NOWHERE)


@first("checkout.session.create")
def check_payer_location(account: Account, given: Json) -> None:
    """Refuse it in Checkout, too, where the page is not allowed to keep what the payer says."""
    if not given.get("customer_update"):
        _check_location(account, given, _NOWHERE_IN_CHECKOUT)


def _check_location(account: Account, given: Json, message: str) -> None:
    asked = given.get("automatic_tax", {}).get("enabled")
    customer = account.get("customer", given.get("customer")) if asked else None
    if customer and not (customer["address"] or customer["shipping"]):
        raise Refusal(message, code="customer_tax_location_invalid")


@does("customer.payment_methods", "allow_redisplay type")
def payment_methods(account: Account, customer: Json, given: Given) -> Json:
    """Find the payment methods of a customer, newest first."""
    chosen = picked(given, "allow_redisplay type")
    found = account.find("payment_method", customer=customer["id"], **chosen)
    return customer | {"_payment_methods": found}


@does("customer.sources", "object")
def sources(_account: Account, customer: Json, _given: Given) -> Json:
    """Find none: what customers have are payment methods."""
    return customer | {"_sources": []}


@does("customer.delete")
def delete(account: Account, customer: Json, _given: Given) -> Json:
    """Delete a customer: what goes on ends, invoices wait, payment methods come loose."""
    for subscription in account.find("subscription", customer=customer["id"]):
        if subscription["status"] not in _ENDED:
            ended = {"status": "canceled", "canceled_at": account.now, "ended_at": account.now}
            account.change(subscription | ended)
            account.emit("customer.subscription.deleted", subscription | ended)
    for what in _ENDS_WITH_IT:
        kind, _, _ = what.partition(".")
        for obj in account.find(kind, customer=customer["id"]):
            do(what, account, obj, {})
    for method in account.find("payment_method", customer=customer["id"]):
        methods.spend(account, method)
    return account.delete(customer)
