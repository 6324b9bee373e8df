"""Does Stripe's own Python library do on the served emulator all that its users do with it?

Each check is one thing that a user does. `tests/hosts/on_clients.py` runs this file once more with
the newest library, and as many checks with the newest library for Node.
"""

from __future__ import annotations

import asyncio
import inspect
import time
from typing import TYPE_CHECKING, Any

import pytest
import stripe
from attrs import frozen

from stripe_emulator import Emulator, Fault, serve

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# the library itself uses httpx in a deprecated way; everything else stays an error
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

DAY = 86_400
START = 1_790_000_000
PAGE = "https://shop.example/thanks"
SECRET = "whsec_of_these_tests"
CHECKS: list[Callable[[Shop], Any]] = []


@frozen
class Shop:
    """The library's client of a world, and what most checks begin with."""

    v1: Any
    client: stripe.StripeClient
    url: str
    world: Emulator
    http: stripe.HTTPXClient

    def price(self, amount: int = 1000, **given: Any) -> Any:
        """A price of a product of its own."""
        about = {"currency": "usd", "unit_amount": amount, "product_data": {"name": "Box"}}
        return self.v1.prices.create({**about, **given})

    def monthly(self, amount: int = 1000, **given: Any) -> Any:
        """A price per month."""
        return self.price(amount, recurring={"interval": "month"}, **given)

    def payer(self, card: str = "pm_card_visa", **given: Any) -> Any:
        """A customer who pays by card."""
        settings = {"default_payment_method": card}
        about = {"payment_method": card, "invoice_settings": settings, "email": "a@example.com"}
        return self.v1.customers.create({**about, **given})

    def pay(self, card: str = "pm_card_visa", **given: Any) -> Any:
        """A payment of 20 dollars, confirmed."""
        ways = {"enabled": True, "allow_redirects": "never"}
        about = {"amount": 2000, "currency": "usd", "confirm": True, "payment_method": card}
        return self.v1.payment_intents.create({**about, "automatic_payment_methods": ways, **given})

    def subscribe(self, price: Any = None, **given: Any) -> Any:
        """A subscription of a customer who pays."""
        items = [{"price": (price or self.monthly()).id}]
        about = (
            {"items": items}
            if "customer" in given
            else {"items": items, "customer": self.payer().id}
        )
        return self.v1.subscriptions.create({**about, **given})

    def owing(self) -> Any:
        """A finalized invoice of 15 dollars."""
        customer = self.payer().id
        self.v1.invoice_items.create({"customer": customer, "amount": 1500, "currency": "usd"})
        draft = self.v1.invoices.create(
            {"customer": customer, "pending_invoice_items_behavior": "include"}
        )
        return self.v1.invoices.finalize_invoice(draft.id)

    def checkout(self, **given: Any) -> Any:
        """A page on which two boxes are paid."""
        items = [{"price": self.price().id, "quantity": 2}]
        about = {"mode": "payment", "success_url": PAGE, "line_items": items}
        return self.v1.checkout.sessions.create({**about, **given})


@pytest.fixture
def shop(world: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """A StripeClient whose base address is the served emulator."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve(world) as server:
        http = stripe.HTTPXClient(allow_sync_methods=True)
        client = stripe.StripeClient(
            "sk_test_x", base_addresses={"api": server.url}, http_client=http, max_network_retries=2
        )
        yield Shop(client.v1, client, server.url, world, http)
        http.close()  # type: ignore[no-untyped-call]


def check(does: Callable[[Shop], Any]) -> Callable[[Shop], Any]:
    """Put it into the table."""
    CHECKS.append(does)
    return does


# --- objects and parameters ----------------------------------------------------------------------


@check
def make_a_customer(shop: Shop) -> None:
    """Nested parameters and metadata arrive, and the answer is of the library's own type."""
    made = shop.v1.customers.create(
        {"name": "Ann", "address": {"city": "Oslo"}, "metadata": {"k": "v"}}
    )
    assert (made.name, made.address.city, made.metadata["k"]) == ("Ann", "Oslo", "v")
    assert isinstance(made, stripe.Customer)


@check
def retrieve_a_customer(shop: Shop) -> None:
    """What was made is found again, field by field."""
    made = shop.v1.customers.create({"name": "Ann"})
    assert shop.v1.customers.retrieve(made.id).to_dict() == made.to_dict()


@check
def update_metadata(shop: Shop) -> None:
    """New keys of metadata join the old ones."""
    made = shop.v1.customers.create({"metadata": {"a": "1"}})
    changed = shop.v1.customers.update(made.id, {"metadata": {"b": "2"}})
    assert changed.metadata.to_dict() == {"a": "1", "b": "2"}


@check
def unset_a_key_of_metadata(shop: Shop) -> None:
    """A blank value takes its key away, a blank object all of them."""
    made = shop.v1.customers.create({"metadata": {"a": "1", "b": "2"}})
    less = shop.v1.customers.update(made.id, {"metadata": {"a": ""}})
    assert less.metadata.to_dict() == {"b": "2"}
    assert shop.v1.customers.update(made.id, {"metadata": ""}).metadata.to_dict() == {}


@check
def unset_a_field(shop: Shop) -> None:
    """A blank name becomes null."""
    made = shop.v1.customers.create({"name": "Ann"})
    assert shop.v1.customers.update(made.id, {"name": ""}).name is None


@check
def delete_a_customer(shop: Shop) -> None:
    """Deleting answers with a stub, and so does retrieving afterwards."""
    made = shop.v1.customers.create({})
    assert shop.v1.customers.delete(made.id).to_dict() == {
        "id": made.id,
        "object": "customer",
        "deleted": True,
    }
    assert shop.v1.customers.retrieve(made.id).deleted is True


@check
def list_with_a_limit(shop: Shop) -> None:
    """The newest come first, and the page says that there are more."""
    ids = [shop.v1.customers.create({}).id for _ in range(3)]
    page = shop.v1.customers.list({"limit": 2})
    assert ([row.id for row in page.data], page.has_more) == (ids[:0:-1], True)


@check
def page_through_everything(shop: Shop) -> None:
    """Automatic paging goes to the end."""
    ids = [shop.v1.customers.create({}).id for _ in range(9)]
    pages = shop.v1.customers.list({"limit": 4}).auto_paging_iter()
    assert [row.id for row in pages] == ids[::-1]


@check
def page_backwards(shop: Shop) -> None:
    """Automatic paging goes back from a cursor to the newest."""
    ids = [shop.v1.customers.create({}).id for _ in range(9)]
    back = shop.v1.customers.list({"limit": 4, "ending_before": ids[0]})
    assert [row.id for row in back.auto_paging_iter()] == ids[1:]


@check
def list_by_email(shop: Shop) -> None:
    """A filter leaves only what fits."""
    wanted = shop.v1.customers.create({"email": "b@example.com"})
    shop.v1.customers.create({"email": "c@example.com"})
    assert [row.id for row in shop.v1.customers.list({"email": "b@example.com"})] == [wanted.id]


@check
def list_by_moment(shop: Shop) -> None:
    """A range of moments is a nested filter."""
    made = shop.v1.customers.create({})
    assert not shop.v1.customers.list({"created": {"gt": made.created}}).data
    assert shop.v1.customers.list({"created": {"gte": made.created}}).data


@check
def search_customers(shop: Shop) -> None:
    """Stripe's query language finds by email and metadata."""
    wanted = shop.v1.customers.create({"email": "b@example.com", "metadata": {"tier": "gold"}})
    shop.v1.customers.create({"email": "b@example.com"})
    query = "email:'b@example.com' AND metadata['tier']:'gold'"
    assert [row.id for row in shop.v1.customers.search({"query": query})] == [wanted.id]


@check
def page_through_a_search(shop: Shop) -> None:
    """Automatic paging of a search follows its next pages."""
    ids = {shop.v1.customers.create({"name": "Ann"}).id for _ in range(5)}
    found = shop.v1.customers.search({"query": "name:'Ann'", "limit": 2})
    assert {row.id for row in found.auto_paging_iter()} == ids


@check
def expand_an_object(shop: Shop) -> None:
    """A price expands its product, else it names it."""
    price = shop.price()
    whole = shop.v1.prices.retrieve(price.id, {"expand": ["product"]})
    assert isinstance(whole.product, stripe.Product)
    assert whole.product.id == price.product


@check
def expand_in_a_list(shop: Shop) -> None:
    """A path that begins with data is of each row."""
    shop.price()
    rows = shop.v1.prices.list({"expand": ["data.product"]}).data
    assert [row.product.name for row in rows] == ["Box"]


@check
def expand_deeply(shop: Shop) -> None:
    """A path of four levels leads to the payment of an invoice, one of five is refused."""
    made = shop.subscribe(expand=["customer", "latest_invoice.payments"])
    assert isinstance(made.customer, stripe.Customer)
    path = "payments.data.payment.payment_intent"
    invoice = shop.v1.invoices.retrieve(made.latest_invoice.id, {"expand": [path]})
    assert invoice.payments.data[0].payment.payment_intent.status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.v1.subscriptions.retrieve(made.id, {"expand": [f"latest_invoice.{path}"]})
    assert caught.value.code == "property_expansion_max_depth"


@check
def give_lists_of_objects(shop: Shop) -> None:
    """Lists of objects, of texts, and booleans are encoded as Stripe reads them."""
    features = [{"name": "warm"}, {"name": "soft"}]
    images = ["https://a.example/1.png", "https://a.example/2.png"]
    made = shop.v1.products.create(
        {"name": "Hat", "marketing_features": features, "images": images, "shippable": False}
    )
    assert [row.name for row in made.marketing_features] == ["warm", "soft"]
    assert (made.images, made.shippable) == (images, False)


@check
def price_in_parts_of_a_cent(shop: Shop) -> None:
    """A decimal amount is not rounded."""
    made = shop.v1.prices.create(
        {"currency": "usd", "unit_amount_decimal": "12.5", "product_data": {"name": "Nail"}}
    )
    assert (made.unit_amount, str(made.unit_amount_decimal)) == (None, "12.5")


@check
def find_a_price_by_its_lookup_key(shop: Shop) -> None:
    """A lookup key finds its price, also after it moved to another."""
    shop.price(lookup_key="box")
    newer = shop.price(lookup_key="box", transfer_lookup_key=True)
    assert [row.id for row in shop.v1.prices.list({"lookup_keys": ["box"]})] == [newer.id]


@check
def put_a_product_away(shop: Shop) -> None:
    """A product becomes inactive, leaves the list of active ones, and is deleted."""
    made = shop.v1.products.create({"name": "Hat"})
    assert shop.v1.products.update(made.id, {"active": False}).active is False
    assert not shop.v1.products.list({"active": True}).data
    assert shop.v1.products.delete(made.id).deleted is True


# --- payments ------------------------------------------------------------------------------------


@check
def take_a_payment(shop: Shop) -> None:
    """A confirmed payment has succeeded, and received all."""
    made = shop.pay(metadata={"order": "7"})
    assert (made.status, made.amount_received) == ("succeeded", 2000)
    assert made.latest_charge.startswith("ch_")


@check
def confirm_a_payment_later(shop: Shop) -> None:
    """A payment waits for its method, then for its confirmation."""
    made = shop.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    assert made.status == "requires_payment_method"
    given = {"payment_method": "pm_card_visa", "return_url": PAGE}
    assert shop.v1.payment_intents.confirm(made.id, given).status == "succeeded"


@check
def capture_a_part(shop: Shop) -> None:
    """An authorization is captured in part."""
    made = shop.pay(capture_method="manual")
    assert (made.status, made.amount_capturable) == ("requires_capture", 2000)
    captured = shop.v1.payment_intents.capture(made.id, {"amount_to_capture": 1500})
    assert (captured.status, captured.amount_received) == ("succeeded", 1500)


@check
def cancel_a_payment(shop: Shop) -> None:
    """A payment is canceled for a reason."""
    made = shop.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    gone = shop.v1.payment_intents.cancel(made.id, {"cancellation_reason": "duplicate"})
    assert (gone.status, gone.cancellation_reason) == ("canceled", "duplicate")


@check
def ask_for_authentication(shop: Shop) -> None:
    """A card that needs authentication leaves a next action and a client secret."""
    made = shop.pay("pm_card_authenticationRequired")
    assert made.status == "requires_action"
    assert made.next_action.type
    assert made.client_secret.startswith(f"{made.id}_secret_")


@check
def read_a_payment_with_its_charge(shop: Shop) -> None:
    """The charge of a payment knows the card, and what the balance got."""
    path = "latest_charge.balance_transaction"
    made = shop.pay()
    shop.world.advance(60)  # what the balance got comes a moment later
    charge = shop.v1.payment_intents.retrieve(made.id, {"expand": [path]}).latest_charge
    assert charge.payment_method_details.card.last4 == "4242"
    moved = charge.balance_transaction
    assert moved.net == moved.amount - moved.fee


@check
def refund_in_parts(shop: Shop) -> None:
    """A payment is refunded in two parts, and the charge knows both."""
    made = shop.pay()
    assert shop.v1.refunds.create({"payment_intent": made.id, "amount": 500}).status == "succeeded"
    assert shop.v1.refunds.create({"payment_intent": made.id}).amount == 1500
    charge = shop.v1.charges.retrieve(made.latest_charge)
    assert (charge.refunded, charge.amount_refunded) == (True, 2000)


@check
def refund_twice(shop: Shop) -> None:
    """What is refunded cannot be refunded again."""
    made = shop.pay()
    shop.v1.refunds.create({"payment_intent": made.id})
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.v1.refunds.create({"payment_intent": made.id})
    assert caught.value.code == "charge_already_refunded"


@check
def keep_a_card_for_later(shop: Shop) -> None:
    """A confirmed setup saves a card, which pays while its customer is away."""
    customer = shop.v1.customers.create({}).id
    ways = {"enabled": True, "allow_redirects": "never"}
    saved = shop.v1.setup_intents.create(
        {
            "customer": customer,
            "payment_method": "pm_card_visa",
            "confirm": True,
            "automatic_payment_methods": ways,
        }
    )
    assert saved.status == "succeeded"
    assert shop.pay(saved.payment_method, customer=customer, off_session=True).status == "succeeded"


@check
def charge_somebody_who_is_away(shop: Shop) -> None:
    """Who is away needs no address to come back to, as who may be redirected does."""
    card = shop.payer().invoice_settings.default_payment_method
    owner = shop.v1.payment_methods.retrieve(card).customer
    about = {"amount": 900, "currency": "usd", "confirm": True, "customer": owner}
    away = {**about, "payment_method": card, "off_session": True}
    assert shop.v1.payment_intents.create(away).status == "succeeded"
    with pytest.raises(stripe.InvalidRequestError, match="return_url"):
        shop.v1.payment_intents.create({**about, "payment_method": card})


@check
def manage_the_cards_of_a_customer(shop: Shop) -> None:
    """A card is attached, listed, described, and detached."""
    customer = shop.v1.customers.create({}).id
    card = shop.v1.payment_methods.attach("pm_card_mastercard", {"customer": customer})
    listed = shop.v1.customers.payment_methods.list(customer, {"type": "card"})
    assert [row.id for row in listed] == [card.id]
    named = shop.v1.payment_methods.update(card.id, {"billing_details": {"name": "Ann"}})
    assert named.billing_details.name == "Ann"
    assert shop.v1.payment_methods.detach(card.id).customer is None


@check
def read_the_balance(shop: Shop) -> None:
    """Payments and refunds are in the balance's transactions."""
    made = shop.pay()
    shop.v1.refunds.create({"payment_intent": made.id})
    kinds = {row.type for row in shop.v1.balance_transactions.list({})}
    assert kinds == {"charge", "refund"}
    assert shop.v1.balance.retrieve().object == "balance"


# --- billing -------------------------------------------------------------------------------------


@check
def subscribe_a_customer(shop: Shop) -> None:
    """A subscription is active when its first invoice is paid."""
    made = shop.subscribe(expand=["latest_invoice"])
    assert (made.status, made.latest_invoice.status) == ("active", "paid")
    assert made["items"].data[0].current_period_end > made.start_date


@check
def subscribe_with_a_payment_to_be_confirmed(shop: Shop) -> None:
    """A subscription that waits for its payment gives the page its secret."""
    made = shop.subscribe(
        payment_behavior="default_incomplete", expand=["latest_invoice.confirmation_secret"]
    )
    assert made.status == "incomplete"
    assert made.latest_invoice.confirmation_secret.client_secret.startswith("pi_")


@check
def begin_with_a_trial(shop: Shop) -> None:
    """A trial costs nothing at first."""
    made = shop.subscribe(trial_period_days=14, expand=["latest_invoice"])
    assert (made.status, made.trial_end - made.trial_start) == ("trialing", 14 * DAY)
    [line] = made.latest_invoice.lines.data
    assert (made.latest_invoice.total, line.description) == (0, "Free trial for 1 × Box")


@check
def change_the_plan(shop: Shop) -> None:
    """A preview says what a change of plan will bill, and that is what it bills."""
    made = shop.subscribe()
    items = [{"id": made["items"].data[0].id, "price": shop.monthly(3000).id}]
    change = {"items": items, "proration_behavior": "always_invoice"}
    before = shop.v1.invoices.create_preview(
        {"subscription": made.id, "subscription_details": change}
    )
    changed = shop.v1.subscriptions.update(made.id, {**change, "expand": ["latest_invoice"]})
    assert changed.latest_invoice.total == before.total == 2000


@check
def cancel_a_subscription(shop: Shop) -> None:
    """A subscription is to end with its period, and then ends at once."""
    made = shop.subscribe()
    ending = shop.v1.subscriptions.update(made.id, {"cancel_at_period_end": True})
    assert ending.cancel_at == made["items"].data[0].current_period_end
    assert shop.v1.subscriptions.cancel(made.id).status == "canceled"


@check
def give_a_discount(shop: Shop) -> None:
    """A code of a coupon takes a quarter off a subscription's invoice."""
    coupon = shop.v1.coupons.create({"percent_off": 25, "duration": "once"})
    code = shop.v1.promotion_codes.create(
        {"promotion": {"type": "coupon", "coupon": coupon.id}, "code": "QUARTER"}
    )
    made = shop.subscribe(discounts=[{"promotion_code": code.id}], expand=["latest_invoice"])
    assert (made.latest_invoice.subtotal, made.latest_invoice.total) == (1000, 750)


@check
def add_an_item_to_a_subscription(shop: Shop) -> None:
    """The items of a subscription are a resource of their own."""
    made = shop.subscribe()
    item = shop.v1.subscription_items.create(
        {"subscription": made.id, "price": shop.monthly(50).id, "quantity": 3}
    )
    assert item.quantity == 3
    assert len(shop.v1.subscription_items.list({"subscription": made.id}).data) == 2
    assert shop.v1.subscription_items.delete(item.id).deleted is True


@check
def plan_a_schedule(shop: Shop) -> None:
    """A schedule of phases holds a subscription, and releases it."""
    phases = [
        {
            "items": [{"price": shop.monthly().id}],
            "duration": {"interval": "month", "interval_count": 2},
        }
    ]
    made = shop.v1.subscription_schedules.create(
        {"customer": shop.payer().id, "start_date": "now", "phases": phases}
    )
    assert (made.status, len(made.phases)) == ("active", 1)
    assert shop.v1.subscription_schedules.release(made.id).status == "released"


@check
def bill_what_was_used(shop: Shop) -> None:
    """Events of a meter are billed when the period ends."""
    meter = shop.v1.billing.meters.create(
        {"display_name": "Calls", "event_name": "calls", "default_aggregation": {"formula": "sum"}}
    )
    price = shop.v1.prices.create(
        {
            "currency": "usd",
            "unit_amount": 2,
            "product_data": {"name": "Call"},
            "recurring": {"interval": "month", "usage_type": "metered", "meter": meter.id},
        }
    )
    customer = shop.payer().id
    made = shop.subscribe(price, customer=customer)
    shop.v1.billing.meter_events.create(
        {"event_name": "calls", "payload": {"stripe_customer_id": customer, "value": "300"}}
    )
    shop.world.advance(32 * DAY)
    assert shop.v1.invoices.list({"subscription": made.id}).data[0].total == 600


@check
def send_an_invoice(shop: Shop) -> None:
    """Items become a draft, the draft an open invoice, and it is paid."""
    owing = shop.owing()
    assert (owing.status, owing.amount_due, len(owing.lines.data)) == ("open", 1500, 1)
    assert shop.v1.invoices.pay(owing.id).status == "paid"


@check
def read_the_lines_of_an_invoice(shop: Shop) -> None:
    """The lines of an invoice are a list of their own."""
    owing = shop.owing()
    assert [row.amount for row in shop.v1.invoices.line_items.list(owing.id)] == [1500]


@check
def be_paid_elsewhere(shop: Shop) -> None:
    """What was paid elsewhere is told of an invoice only then."""
    owing = shop.owing()
    assert "amount_paid_off_stripe" not in owing
    paid = shop.v1.invoices.pay(owing.id, {"paid_out_of_band": True})
    assert (paid.status, paid["amount_paid_off_stripe"]) == ("paid", 1500)


@check
def void_an_invoice(shop: Shop) -> None:
    """An open invoice is voided, and cannot be paid any more."""
    owing = shop.owing()
    assert shop.v1.invoices.void_invoice(owing.id).status == "void"
    with pytest.raises(stripe.InvalidRequestError):
        shop.v1.invoices.pay(owing.id)


@check
def credit_an_invoice(shop: Shop) -> None:
    """A credit note takes a part off an open invoice."""
    owing = shop.owing()
    note = shop.v1.credit_notes.create({"invoice": owing.id, "amount": 500})
    assert (note.status, note.total) == ("issued", 500)
    assert shop.v1.invoices.retrieve(owing.id).amount_remaining == 1000


@check
def move_a_test_clock(shop: Shop) -> None:
    """A customer on a clock lives through a renewal as soon as the clock is moved."""
    clock = shop.v1.test_helpers.test_clocks.create({"frozen_time": START, "name": "renewal"})
    made = shop.subscribe(customer=shop.payer(test_clock=clock.id).id)
    shop.v1.test_helpers.test_clocks.advance(clock.id, {"frozen_time": START + 40 * DAY})
    assert shop.v1.test_helpers.test_clocks.retrieve(clock.id).status == "ready"
    reasons = [row.billing_reason for row in shop.v1.invoices.list({"subscription": made.id})]
    assert reasons == ["subscription_cycle", "subscription_create"]


@check
def check_out(shop: Shop) -> None:
    """A page to pay on has its address, its total, its lines, and expires."""
    made = shop.checkout(expand=["line_items"])
    assert made.line_items.data[0].amount_total == made.amount_total == 2000
    assert made.url
    assert [row.quantity for row in shop.v1.checkout.sessions.line_items.list(made.id)] == [2]
    assert shop.v1.checkout.sessions.expire(made.id).status == "expired"
    assert isinstance(made, stripe.checkout.Session)


@check
def make_links(shop: Shop) -> None:
    """A payment link and a session of the billing portal have addresses."""
    link = shop.v1.payment_links.create({"line_items": [{"price": shop.price().id, "quantity": 1}]})
    portal = shop.v1.billing_portal.sessions.create(
        {"customer": shop.payer().id, "return_url": PAGE}
    )
    assert link.url
    assert portal.url
    assert shop.v1.payment_links.update(link.id, {"active": False}).active is False


# --- events --------------------------------------------------------------------------------------


@check
def read_events(shop: Shop) -> None:
    """What happened is told by events with the object in them, filtered by type."""
    made = shop.v1.customers.create({"name": "Ann"})
    shop.v1.customers.update(made.id, {"name": "Bea"})
    event = shop.v1.events.list({"types": ["customer.updated"]}).data[0]
    assert isinstance(event.data.object, stripe.Customer)
    assert (event.data.object.name, event.data.previous_attributes["name"]) == ("Bea", "Ann")
    assert shop.v1.events.retrieve(event.id).type == "customer.updated"


@check
def manage_a_webhook(shop: Shop) -> None:
    """An endpoint of webhooks shows its secret once, and is disabled and deleted."""
    given = {"url": "http://localhost:9/hook", "enabled_events": ["invoice.paid"]}
    made = shop.v1.webhook_endpoints.create(given)
    assert made.secret.startswith("whsec_")
    assert not hasattr(shop.v1.webhook_endpoints.retrieve(made.id), "secret")
    assert shop.v1.webhook_endpoints.update(made.id, {"disabled": True}).status == "disabled"
    assert shop.v1.webhook_endpoints.delete(made.id).deleted is True


@check
def verify_a_delivery(shop: Shop) -> None:
    """A signed event is read as the library's own, one with a changed byte is not."""
    shop.v1.customers.create({})
    event = shop.v1.events.list({}).data[0]
    body, now = str(event), int(time.time())
    signed = stripe.WebhookSignature._compute_signature(f"{now}.{body}", SECRET)
    header = f"t={now},v1={signed}"
    assert shop.client.construct_event(body, header, SECRET).type == "customer.created"
    with pytest.raises(stripe.SignatureVerificationError):
        shop.client.construct_event(f"{body} ", header, SECRET)


# --- errors and requests -------------------------------------------------------------------------


@check
def name_what_is_not_there(shop: Shop) -> None:
    """What does not exist is an error with status, code, param, and the number of the request."""
    with pytest.raises(stripe.InvalidRequestError) as caught:
        shop.v1.customers.retrieve("cus_no")
    error = caught.value
    assert (error.http_status, error.code, error.param) == (404, "resource_missing", "id")
    assert str(error.request_id).startswith("req_")


@check
def give_a_wrong_parameter(shop: Shop) -> None:
    """A parameter that is wrong, or unknown, is named."""
    with pytest.raises(stripe.InvalidRequestError) as wrong:
        shop.v1.customers.create({"email": "bad"})
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        shop.v1.customers.create({"nope": "x"})
    assert (wrong.value.param, wrong.value.code) == ("email", "email_invalid")
    assert (unknown.value.param, unknown.value.code) == ("nope", "parameter_unknown")


@check
def use_a_wrong_key(shop: Shop) -> None:
    """A key that is wrong, or a publishable one, is an error of its own."""
    with pytest.raises(stripe.AuthenticationError) as wrong:
        shop.v1.customers.create({}, {"api_key": "sk_live_1"})
    with pytest.raises(stripe.PermissionError) as publishable:
        shop.v1.customers.create({}, {"api_key": "pk_test_1"})
    assert (wrong.value.http_status, publishable.value.http_status) == (401, 403)


@check
def be_declined(shop: Shop) -> None:
    """A declined card says why, and which payment it was."""
    with pytest.raises(stripe.CardError) as caught:
        shop.pay("pm_card_chargeDeclinedInsufficientFunds")
    error: Any = caught.value
    assert (error.http_status, error.code) == (402, "card_declined")
    assert error.error.decline_code == "insufficient_funds"
    assert error.error.payment_intent.status == "requires_payment_method"


@check
def repeat_under_a_key(shop: Shop) -> None:
    """A request under the same key is answered again, another one under it is refused."""
    options = {"idempotency_key": "K"}
    made = shop.v1.customers.create({"name": "Ann"}, options)
    assert shop.v1.customers.create({"name": "Ann"}, options).id == made.id
    with pytest.raises(stripe.IdempotencyError):
        shop.v1.customers.create({"name": "Bea"}, options)


@check
def lose_a_connection(shop: Shop) -> None:
    """A connection lost after executing is tried again, and executed once."""
    shop.world.faults.add(Fault("cut_after", method="POST"))
    made = shop.v1.customers.create({"name": "Ann"}, {"idempotency_key": "K"})
    assert shop.world.executed("K") == 1
    assert made.last_response.headers["Idempotent-Replayed"] == "true"


@check
def ask_too_often(shop: Shop) -> None:
    """Too many requests are an error of their own."""
    shop.world.faults.add(Fault("rate_limit", times=None))
    with pytest.raises(stripe.RateLimitError) as caught:
        shop.v1.customers.list({})
    assert caught.value.http_status == 429


@check
def send_a_raw_request(shop: Shop) -> None:
    """What the library has no method for is sent raw, and read as an object."""
    reply = shop.client.raw_request("post", "/v1/customers", name="Ann", metadata={"k": "v"})
    made: Any = shop.client.deserialize(reply.data, api_mode="V1")
    assert made.metadata["k"] == "v"
    assert isinstance(made, stripe.Customer)


@check
def name_its_own_account(shop: Shop) -> None:
    """The account of the key can be named; none is connected, and no customer has an old source."""
    made = shop.v1.customers.create({"name": "Ann"})
    own = shop.v1.accounts.retrieve_current().id
    assert shop.v1.customers.retrieve(made.id, {}, {"stripe_account": own}).name == "Ann"
    assert shop.v1.accounts.list({}).data == []
    path = f"/v1/customers/{made.id}/sources"
    assert shop.client.raw_request("get", path, object="card").data["data"] == []


@check
def use_the_classes(shop: Shop) -> None:
    """The classes of older programs make, change, and delete."""
    stripe.api_base, stripe.api_key = shop.url, "sk_test_x"
    try:
        made = stripe.Customer.create(name="Ann")
        assert stripe.Customer.modify(made.id, name="Bea").name == "Bea"
        assert made.refresh().name == "Bea"
        assert made.delete().deleted is True
    finally:
        stripe.api_base, stripe.api_key = "https://api.stripe.com", None


@check
def ask_at_once(shop: Shop) -> None:
    """Asynchronous calls run beside each other."""

    async def both() -> Any:
        calls = [shop.v1.customers.create_async({"name": name}) for name in ("Ann", "Bea")]
        try:
            return await asyncio.gather(*calls)
        finally:
            await shop.http.close_async()  # type: ignore[no-untyped-call]

    assert {made.name for made in asyncio.run(both())} == {"Ann", "Bea"}


@pytest.mark.parametrize("does", CHECKS, ids=[does.__name__ for does in CHECKS])
def test_the_library_does(shop: Shop, does: Callable[[Shop], Any]) -> None:
    """All that users of the library do works on the emulator as they know it."""
    assert inspect.getdoc(does)
    does(shop)
