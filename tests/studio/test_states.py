"""Is an action offered on an object's page exactly if Stripe takes the object as it is?"""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from emulator.conftest import Caller

from stripe_plugin import Connection, Host
from stripe_plugin.errors import StripeError
from stripe_plugin.host.manifest import describe_resources
from stripe_studio.objects.actions import Actions, Taking
from stripe_studio.objects.deeds import DEEDS
from stripe_studio.objects.states import TAKING

HOST = Host.load()
RESOURCES = describe_resources(map(HOST.action, (entry["id"] for entry in HOST.catalog())))
ACTIONS = Actions(HOST, RESOURCES)
Make = Callable[[Caller], Any]


def invoiced(api: Caller, *steps: str, **given: Any) -> Any:
    """An invoice over 20.00 that has gone through these steps."""
    customer = api.payer()["id"]
    made = api.made("/v1/invoices", customer=customer, auto_advance=False, **given)
    items = {"customer": customer, "invoice": made["id"]}
    api.made("/v1/invoiceitems", amount=2000, currency="usd", **items)
    return after(api, f"/v1/invoices/{made['id']}", *steps)


def intended(api: Caller, *steps: str, **given: Any) -> Any:
    """A payment of 20.00 that has gone through these steps."""
    card = {"payment_method": "pm_card_visa", "payment_method_types": ["card"]}
    made = api.made("/v1/payment_intents", amount=2000, currency="usd", **card, **given)
    return after(api, f"/v1/payment_intents/{made['id']}", *steps)


def after(api: Caller, path: str, *steps: str) -> Any:
    """The object there, when these steps are done."""
    for step in steps:
        api.made(f"{path}/{step}")
    return api.get(path).data


def charged(api: Caller, path: str = "", **given: Any) -> Any:
    """A charge, and what was done to it at a path."""
    id_ = api.paid(2000)["latest_charge"]
    if path:
        api.made(path.format(id_), **dict.fromkeys(given, id_))
    return api.get(f"/v1/charges/{id_}").data


def subscribed(api: Caller, **given: Any) -> Any:
    """A subscription of a customer with a card."""
    items = [{"price": api.price(2500, monthly=True)["id"]}]
    return api.made("/v1/subscriptions", customer=api.payer()["id"], items=items, **given)


def ended(api: Caller) -> Any:
    """One that is over."""
    id_ = subscribed(api)["id"]
    return api.delete(f"/v1/subscriptions/{id_}").data


def session(api: Caller, *steps: str) -> Any:
    """A Checkout Session that has gone through these steps."""
    items = [{"price": api.price(1250)["id"], "quantity": 2}]
    urls = {"success_url": "https://example.com"}
    made = api.made("/v1/checkout/sessions", mode="payment", line_items=items, **urls)
    return after(api, f"/v1/checkout/sessions/{made['id']}", *steps)


def priced(api: Caller, *, monthly: bool = True, **given: Any) -> Any:
    """A price, of a month or of once."""
    made = api.price(5000, monthly=monthly)
    return api.made(f"/v1/prices/{made['id']}", **given) if given else made


SENT: Any = {"collection_method": "send_invoice", "days_until_due": 14}
HELD: Any = {"capture_method": "manual"}
LIVES: dict[str, Make] = {
    "a draft": invoiced,
    "a draft to be sent": lambda api: invoiced(api, **SENT),
    "an open invoice": lambda api: invoiced(api, "finalize"),
    "a paid invoice": lambda api: invoiced(api, "pay"),
    "a void invoice": lambda api: invoiced(api, "finalize", "void"),
    "an invoice given up": lambda api: invoiced(api, "finalize", "mark_uncollectible"),
    "a payment to confirm": intended,
    "a payment to capture": lambda api: intended(api, "confirm", **HELD),
    "a payment that succeeded": lambda api: intended(api, "confirm"),
    "a canceled payment": lambda api: intended(api, "cancel"),
    "a charge": charged,
    "a refunded charge": lambda api: charged(api, "/v1/refunds", charge=True),
    "a disputed charge": lambda api: charged(api, "/v1/test_helpers/charges/{}/dispute"),
    "an open session": session,
    "an expired session": lambda api: session(api, "expire"),
    "a subscription": subscribed,
    "an ended subscription": ended,
    "a monthly price": priced,
    "a price of once": lambda api: priced(api, monthly=False),
    "an archived price": lambda api: priced(api, active=False),
}


def caller(connection: Connection) -> Caller:
    """Who makes what there is in an emulator."""
    assert connection.in_process is not None
    return Caller(connection.in_process)


def of_customer(api: Caller) -> dict[str, Any]:
    """Of a customer of its own."""
    return {"customer": api.payer()["id"]}


#: What an action wants beside an object of a kind.
BESIDE: dict[tuple[str, str], Callable[[Caller, Any], dict[str, Any]]] = {
    ("invoice", "create_invoice_item"): lambda _, invoice: {
        "customer": invoice["customer"],
        "amount": 100,
        "currency": "usd",
    },
    ("subscription", "change_subscription_plan"): lambda api, _: {"price": priced(api)["id"]},
    ("price", "change_subscription_plan"): lambda api, _: {
        "subscription_exposed_id": subscribed(api)["id"]
    },
    ("price", "create_invoice_item"): lambda api, _: of_customer(api),
    ("price", "update_invoice_item"): lambda api, _: {
        "invoiceitem": api.made("/v1/invoiceitems", amount=100, currency="usd", **of_customer(api))[
            "id"
        ]
    },
}


def offered(obj: Any) -> dict[str, Taking]:
    """What its page offers of those actions that do not take every object of the kind."""
    found = {urlsplit(each.address).path.split("/")[2]: each for each in ACTIONS.taking(obj)}
    return {action: found[action] for action in TAKING[obj["object"]]}


def is_taken(action: str, taking: Taking, connection: Connection, obj: Any) -> bool:
    """Whether Stripe takes the object, with what the form has filled in and is wanted beside."""
    pairs = parse_qsl(urlsplit(taking.address).query)
    inputs = {name.removeprefix("in:"): value for name, value in pairs}
    beside = BESIDE.get((obj["object"], action))
    if beside is not None:
        inputs |= beside(caller(connection), obj)
    try:
        HOST.run(action, inputs, connection=connection)
    except StripeError:
        return False
    return True


@pytest.mark.parametrize("life", LIVES)
def test_what_is_offered_is_taken_and_nothing_else(life: str) -> None:
    """Each in a world of its own; what is not offered says when it would be."""
    make = LIVES[life]
    kind = make(caller(Connection.emulator()))
    for action in offered(kind):
        connection = Connection.emulator()
        obj = make(caller(connection))
        taking = offered(obj)[action]
        said = taking.unless.startswith("only ")
        assert said != is_taken(action, taking, connection, obj), (action, taking.unless)


@pytest.mark.parametrize("deed", DEEDS)
def test_every_state_is_said(deed: str) -> None:
    """A button that cannot be pressed says when it could."""
    assert DEEDS[deed].when.words
    assert DEEDS[deed].when.fields
