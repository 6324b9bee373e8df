"""Is every object a row, with what points to it, and what a customer or a bank would do?"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from emulator.conftest import Caller
from studio_support import HERE, TestClient, browser, studio, texts

from stripe_emulator import Emulator, serve
from stripe_plugin import Connection
from stripe_studio.objects.deeds import DEEDS
from stripe_studio.objects.faults import WORDS

HOSTILE = "<script>alert('x')</script> \"quoted\" & more"
NOWHERE = "http://127.0.0.1:9/hook"
SECRET = "whsec_"


@pytest.fixture
def connection() -> Connection:
    """An emulator of its own."""
    return Connection.emulator()


@pytest.fixture
def api(connection: Connection) -> Caller:
    """A caller of it."""
    assert connection.in_process is not None
    return Caller(connection.in_process)


@pytest.fixture
def page(tmp_path: Path, connection: Connection) -> TestClient:
    """A browser in a studio on it."""
    return browser(studio(tmp_path, connection))


def read(page: TestClient, path: str, status: int = 200) -> str:
    """What a person reads at an address."""
    answer = page.get(path)
    assert answer.status_code == status, texts(answer.text)
    return texts(answer.text)


def subscribed(api: Caller, **given: Any) -> Any:
    """A subscription of a customer with a card."""
    items = [{"price": api.price(2500, monthly=True)["id"]}]
    return api.made("/v1/subscriptions", customer=api.payer(**given)["id"], items=items)


def session(api: Caller) -> Any:
    """An open Checkout Session."""
    items = [{"price": api.price(1250)["id"], "quantity": 2}]
    return api.made(
        "/v1/checkout/sessions",
        mode="payment",
        line_items=items,
        success_url="http://127.0.0.1:9/ok?id={CHECKOUT_SESSION_ID}",
        cancel_url="http://127.0.0.1:9/no",
    )


# --- lists ----------------------------------------------------------------------------------------


def test_nothing_is_said_in_words(page: TestClient) -> None:
    """With what to do about it."""
    assert "There is nothing yet." in read(page, "/objects")
    assert "Nothing has happened yet." in read(page, "/events")
    assert "Nothing was delivered yet." in read(page, "/deliveries")


def test_objects_are_listed_newest_first_with_counts(page: TestClient, api: Caller) -> None:
    """By what a person knows them by, and by kind."""
    api.made("/v1/customers", name="Ann")
    api.made("/v1/customers", name="Bob")
    api.made("/v1/products", name="Mug")
    whole = read(page, "/objects")
    assert whole.index("Mug") < whole.index("Bob") < whole.index("Ann")
    assert "Customers 2" in whole
    chosen = read(page, "/objects?kind=customer")
    assert ("Mug" in chosen, "Ann" in chosen) == (False, True)


def test_objects_are_chosen_by_text_and_status(page: TestClient, api: Caller) -> None:
    """The statuses that there are can be chosen from."""
    paid = api.paid(2000)["id"]
    opened = api.made("/v1/payment_intents", amount=900, currency="usd")["id"]
    chosen = read(page, "/objects?kind=payment_intent&status=succeeded")
    assert (paid in chosen, opened in chosen) == (True, False)
    assert "Requires payment method" in chosen
    assert opened in read(page, f"/objects?text={opened}")
    assert "Nothing here fits." in read(page, "/objects?text=nowhere")


def test_pages_lead_to_older_ones(page: TestClient, api: Caller) -> None:
    """Each object is on one of them."""
    made = [api.made("/v1/customers", name=f"Payer {number}.")["id"] for number in range(60)]
    newest = page.get("/objects?kind=customer&text=Payer").text
    assert made[-1] in newest
    assert made[0] not in newest
    address = newest.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
    older = page.get(address.replace("&amp;", "&")).text
    assert made[0] in older
    assert made[-1] not in older
    assert 'rel="next"' not in older


# --- one ------------------------------------------------------------------------------------------


def test_an_object_is_found_by_its_id(page: TestClient, api: Caller) -> None:
    """With its labelled facts, what it points to, what points to it, and its events."""
    subscription = subscribed(api, name="Ann")
    whole = read(page, f"/objects/{subscription['id']}")
    assert "Subscription ID" in whole
    for part in ("What it points to", "What points to it", "Events", "All fields", "JSON"):
        assert part in whole
    for named in (subscription["customer"], subscription["latest_invoice"]):
        assert f'href="/objects/{named}"' in page.get(f"/objects/{subscription['id']}").text
    assert "customer.subscription.created" in whole
    customer = read(page, f"/objects/{subscription['customer']}")
    assert "What points to it" in customer
    assert subscription["id"] in customer


def test_every_object_has_a_page(page: TestClient, api: Caller) -> None:
    """Whatever it is, events and what no action retrieves among them."""
    subscribed(api)
    session(api)
    api.made(f"/v1/test_helpers/charges/{api.paid()['latest_charge']}/dispute")
    api.made("/v1/webhook_endpoints", url=NOWHERE, enabled_events=["*"])
    held = api.world.held()
    for row in [*held.objects(500), *held.objects(kind="event")]:
        assert row.object["id"] in read(page, f"/objects/{row.object['id']}")


def test_a_customer_tells_what_became_of_the_charges(page: TestClient, api: Caller) -> None:
    """Refunds and disputes name the charge alone; a charge says how much was given back."""
    customer = api.payer()["id"]
    card = api.get(f"/v1/customers/{customer}")["invoice_settings"]["default_payment_method"]
    charges = [api.paid(2000, card, customer=customer)["latest_charge"] for _ in range(2)]
    refund = api.made("/v1/refunds", charge=charges[0], amount=500)["id"]
    dispute = api.made(f"/v1/test_helpers/charges/{charges[1]}/dispute")["id"]
    whole = read(page, f"/objects/{customer}")
    assert {refund, dispute} <= {*whole.split()}
    assert "refund.created" in whole
    assert "charge.dispute.created" in whole
    assert whole.count("5.00 USD refunded") == 1
    assert "5.00 USD refunded" in read(page, f"/objects/{charges[0]}")


def test_a_customer_without_a_card_is_given_one(page: TestClient, api: Caller) -> None:
    """By a button of that name; who has one exchanges it."""
    without = api.made("/v1/customers")["id"]
    for customer, label in ((without, "Give it a card"), (api.payer()["id"], "Exchange the card")):
        drawn = page.get(f"/objects/{customer}").text
        assert f">{label}</button>" in drawn
    do(page, "exchange", without, "pm_card_visa")
    assert "Exchange the card" in read(page, f"/objects/{without}")


def test_a_missing_object_is_told(page: TestClient) -> None:
    """In words, with its ID."""
    assert "There is no object cus_none here." in read(page, "/objects/cus_none", 404)


def test_a_deleted_object_is_told(page: TestClient, api: Caller) -> None:
    """Nothing can be done with it any more."""
    gone = api.made("/v1/customers")["id"]
    api.delete(f"/v1/customers/{gone}")
    whole = read(page, f"/objects/{gone}")
    assert "Deleted" in whole
    assert "Actions that take it None: it is deleted." in whole
    assert f"={gone}" not in page.get(f"/objects/{gone}").text


def test_actions_that_take_it_are_filled_in(page: TestClient, api: Caller) -> None:
    """The form has the ID when it is opened; paying out of band is one of them."""
    intent = api.paid(2000)["id"]
    drawn = page.get(f"/objects/{intent}").text
    address = f"/try/refund_payment?in%3Apayment_intent={intent}"
    assert address in drawn
    assert f'value="{intent}"' in page.get(address).text
    invoice = subscribed(api)["latest_invoice"]
    assert "Mark as paid out of band" in read(page, f"/objects/{invoice}")


def test_what_a_person_has_named_is_text(page: TestClient, api: Caller) -> None:
    """On every page; it is no tag, and ends no attribute."""
    product = api.made("/v1/products", name=HOSTILE, description=HOSTILE)
    api.price(500, product=product["id"], nickname=HOSTILE)
    subscription = subscribed(api, name=HOSTILE, description=HOSTILE)
    paths = ["/objects", "/events", f"/objects/{product['id']}", f"/objects/{subscription['id']}"]
    paths += [f"/objects/{subscription['customer']}", f"/objects?text={HOSTILE}"]
    for path in paths:
        drawn = page.get(path).text
        assert "<script>alert" not in drawn
        assert '"quoted"' not in drawn.replace("&#34;", "")
        assert HOSTILE in texts(drawn)


def test_no_page_shows_a_secret(page: TestClient, api: Caller) -> None:
    """Neither an endpoint's nor a payment's."""
    endpoint = api.made("/v1/webhook_endpoints", url=NOWHERE, enabled_events=["*"])
    intent = api.paid(2000)
    event = api.get("/v1/events", type="payment_intent.succeeded")["data"][0]["id"]
    for path in ("/objects", *(f"/objects/{id_}" for id_ in (endpoint["id"], intent["id"], event))):
        drawn = page.get(path).text
        assert endpoint["secret"] not in drawn
        assert intent["client_secret"] not in drawn


# --- events and deliveries ------------------------------------------------------------------------


def test_events_are_told_in_words(page: TestClient, api: Caller) -> None:
    """What, how much, whose; by type and by object."""
    subscription = subscribed(api, name="Ann")
    assert "invoice.paid · 25.00 USD · Ann" in read(page, "/events")
    chosen = read(page, "/events?type=customer.subscription.*")
    assert ("customer.subscription.created" in chosen, "invoice.paid" in chosen) == (True, False)
    other = api.made("/v1/customers", name="Bob")["id"]
    about = read(page, f"/events?text={other}")
    assert ("customer.created" in about, subscription["id"] in about) == (True, False)


def test_deliveries_are_told(page: TestClient, api: Caller) -> None:
    """Where each event went, how often, and what came back; also at the event."""
    api.made("/v1/webhook_endpoints", url=NOWHERE, enabled_events=["customer.created"])
    api.made("/v1/customers")
    api.world.postman.wait()
    assert f"customer.created {NOWHERE} 3 No answer" in read(page, "/deliveries")
    event = api.get("/v1/events", type="customer.created")["data"][0]["id"]
    assert f"{NOWHERE} 3 No answer" in read(page, f"/objects/{event}")


# --- what a customer or a bank would do -----------------------------------------------------------


def do(page: TestClient, deed: str, id_: str, chosen: str = "") -> tuple[int, str]:
    """What comes of pressing a button."""
    answer = page.post(f"/deeds/{deed}", data={"id": id_, "chosen": chosen})
    return answer.status_code, texts(answer.text)


def asking(api: Caller) -> str:
    """A payment whose bank asks."""
    return str(api.paid(1500, card="pm_card_authenticationRequired")["id"])


def disputed(api: Caller) -> str:
    """A disputed payment's dispute."""
    charge = api.paid(2000)["latest_charge"]
    return str(api.made(f"/v1/test_helpers/charges/{charge}/dispute")["id"])


@pytest.mark.parametrize(
    ("deed", "made", "chosen", "event"),
    [
        ("pay", lambda api: session(api)["id"], "pm_card_visa", "checkout.session.completed"),
        ("expire", lambda api: session(api)["id"], "", "checkout.session.expired"),
        ("authenticate", asking, "", "payment_intent.succeeded"),
        ("decline", asking, "", "payment_intent.payment_failed"),
        ("dispute-payment", lambda api: api.paid()["id"], "duplicate", "charge.dispute.created"),
        ("dispute", lambda api: api.paid()["latest_charge"], "general", "charge.dispute.created"),
        ("win", disputed, "", "charge.dispute.funds_reinstated"),
        ("lose", disputed, "", "charge.dispute.closed"),
        ("give-in", disputed, "", "charge.dispute.closed"),
        ("exchange", lambda api: api.payer()["id"], "pm_card_visa", "payment_method.attached"),
        ("fail-renewal", lambda api: subscribed(api)["id"], "", "customer.updated"),
    ],
)
def test_a_button_does_what_it_says(
    page: TestClient, api: Caller, deed: str, made: Any, chosen: str, event: str
) -> None:
    """It stands at the object, and tells what happened then."""
    id_ = made(api)
    assert f'action="/deeds/{deed}"' in page.get(f"/objects/{id_}").text
    status, told = do(page, deed, id_, chosen)
    then = told.partition("What happened then")[2]
    assert status == 200, told
    assert event in then.partition("What points to it")[0]


def test_every_button_is_tried() -> None:
    """Above."""
    marks = test_a_button_does_what_it_says.pytestmark
    assert {*DEEDS} == {row[0] for row in marks[0].args[1]}


def test_a_declined_card_is_told(page: TestClient, api: Caller) -> None:
    """In Stripe's words, and the session stays open."""
    id_ = session(api)["id"]
    status, told = do(page, "pay", id_, "pm_card_chargeDeclined")
    assert (status, "Your card was declined." in told) == (402, True)
    assert api.get(f"/v1/checkout/sessions/{id_}")["status"] == "open"


def test_a_button_of_yesterday_does_nothing(page: TestClient, api: Caller) -> None:
    """It is told that the object has changed; nothing is done twice."""
    id_ = session(api)["id"]
    do(page, "pay", id_, "pm_card_visa")
    charges = len(api.get("/v1/charges")["data"])
    status, told = do(page, "pay", id_, "pm_card_visa")
    assert (status, "it has changed meanwhile" in told) == (409, True)
    assert len(api.get("/v1/charges")["data"]) == charges
    assert do(page, "unknown", id_)[0] == 409
    assert do(page, "pay", "cs_none")[0] == 404


def test_what_cannot_be_done_now_says_when_it_could(page: TestClient, api: Caller) -> None:
    """Of what a customer does, and of the actions: nothing is there one day and gone the next."""
    id_ = session(api)["id"]
    assert "Not as it is now" not in read(page, f"/objects/{id_}")
    do(page, "pay", id_, "pm_card_visa")
    whole = read(page, f"/objects/{id_}")
    for label in ("Pay this session", "Let it expire", "Expire Checkout Session"):
        assert f"{label} only while it is open" in whole
    drawn = page.get(f"/objects/{id_}").text
    assert "/deeds/pay" not in drawn
    assert "/try/expire_checkout_session" not in drawn


def test_the_payment_page_is_here(page: TestClient, api: Caller) -> None:
    """The address of a session leads to it; its style is let in, and nothing inline else."""
    made = session(api)
    assert made["url"] == f"{HERE}/pay/{made['id']}"
    answer = page.get(made["url"])
    policy = answer.headers["content-security-policy"]
    assert "25.00" in answer.text
    assert ("'unsafe-inline'" in policy, "style-src 'sha256-" in policy) == (False, True)
    page.follow_redirects = False
    assert page.get(f"/receipts/{made['id']}").headers["location"] == f"/objects/{made['id']}"


@pytest.mark.parametrize(
    ("pressed", "status", "target"), [("pay", "complete", "/ok?id="), ("cancel", "open", "/no")]
)
def test_a_buyer_is_not_sent_to_a_shop_that_may_not_be_there(
    pressed: str, status: str, target: str, page: TestClient, api: Caller
) -> None:
    """It is said where Stripe would: the address, and what came of it here."""
    made = session(api)
    data = {"action": pressed, "payment_method": "pm_card_visa"}
    answer = page.post(made["url"], data=data)
    assert answer.status_code == 200
    assert answer.url == made["url"]
    assert f'href="http://127.0.0.1:9{target}' in answer.text
    assert f'href="/objects/{made["id"]}"' in answer.text
    assert api.get(f"/v1/checkout/sessions/{made['id']}")["status"] == status


@pytest.mark.parametrize("path", ["/pay/x", "/buy/%3Cscript%3E", "/portal/bps_1", "/pay/cs_1"])
def test_a_payment_page_of_nothing_is_told(page: TestClient, path: str) -> None:
    """As a page."""
    answer = page.get(path)
    assert (answer.status_code, answer.headers["content-type"][:9]) == (404, "text/html")


def test_a_payment_link_is_followed(page: TestClient, api: Caller) -> None:
    """To the page of a new session, all of it here."""
    items = [{"price": api.price(1250)["id"], "quantity": 2}]
    link = api.made("/v1/payment_links", line_items=items)
    assert link["url"] == f"{HERE}/buy/{link['id']}"
    answer = page.get(link["url"])
    assert answer.status_code == 200
    assert "25.00" in answer.text
    assert answer.headers["content-security-policy"].startswith(
        "default-src 'none'; style-src 'sha"
    )


# --- faults ---------------------------------------------------------------------------------------

FAULT = {"kind": "rate_limit", "method": "POST", "path": "/v1/customers", "times": "2"}


def test_a_fault_is_ordered_strikes_and_is_cleared(page: TestClient, api: Caller) -> None:
    """What is left of it is told."""
    assert "POST /v1/customers 2 0" in texts(page.post("/faults", data=FAULT).text)
    assert api.post("/v1/customers").status == 429
    assert api.post("/v1/products", name="n").status == 200
    assert "POST /v1/customers 1 1" in read(page, "/faults")
    assert "None is on order" in texts(page.post("/faults/clear", data={}).text)
    assert api.post("/v1/customers").status == 200


@pytest.mark.parametrize("kind", sorted(WORDS))
def test_every_fault_can_be_ordered(page: TestClient, kind: str) -> None:
    """By what it is in words."""
    answer = page.post("/faults", data={"kind": kind, "seconds": "0.5", "times": ""})
    assert answer.status_code == 200
    assert f"{WORDS[kind]} " in texts(answer.text).partition("Order a fault")[0]  # type: ignore[index]


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"times": "x"}, "How Often is a whole number, or empty"),
        ({"seconds": "soon"}, "Delay is a number of seconds"),
        ({"kind": "<b>"}, "A fault is an object whose kind is one of"),
        ({"path": "/v1/[a"}, "opens a ["),
        ({"times": "-1"}, "How Often is a whole number, or empty"),
        ({"seconds": "-1"}, "Delay is a number of seconds"),
    ],
)
def test_a_wrong_fault_is_told(page: TestClient, wrong: dict[str, str], why: str) -> None:
    """What was typed stays, and nothing is on order."""
    answer = page.post("/faults", data=FAULT | wrong)
    assert (answer.status_code, why in texts(answer.text)) == (422, True)
    assert 'value="/v1/' in answer.text
    assert "None is on order" in read(page, "/faults")


def test_all_that_is_wrong_with_a_fault_stands_at_its_boxes(page: TestClient) -> None:
    """And the summary leads to each."""
    drawn = page.post("/faults", data=FAULT | {"times": "x", "seconds": "-1"}).text
    assert "2 things are not right yet" in texts(drawn)
    for name in ("times", "seconds"):
        assert f'href="#{name}"' in drawn
        assert f'id="{name}-wrong"' in drawn
    assert drawn.count('aria-invalid="true"') == 2
    assert 'id="path-wrong"' in page.post("/faults", data=FAULT | {"path": "/v1/[a"}).text


@pytest.mark.parametrize("kind", sorted(WORDS))
def test_a_fault_that_strikes_a_button_is_told(page: TestClient, api: Caller, kind: str) -> None:
    """In words, or it is done all the same."""
    id_ = session(api)["id"]
    page.post("/faults", data={"kind": kind, "seconds": "0.01"})
    status, told = do(page, "expire", id_)
    assert status in (200, 402), told


@pytest.mark.parametrize("number", ["9" * 30, "9" * 5000, "x", "-1", "٣"])
def test_a_number_that_is_none_is_left_aside(page: TestClient, api: Caller, number: str) -> None:
    """Addresses can be typed, too."""
    made = api.made("/v1/customers")["id"]
    for path in (f"/objects?before={number}", f"/objects/{made}?after={number}"):
        assert made in read(page, path)
    assert read(page, f"/time?after={number}&until={number}&was={number}")
    assert read(page, f"/runs?from={number}")
    assert "Nothing here fits" in read(page, f"/objects?text={number}%25")


# --- at Stripe ------------------------------------------------------------------------------------


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[tuple[TestClient, Caller]]:
    """A browser in a studio that knows Stripe only by its API."""
    with Emulator() as world, serve(world) as server:
        connection = Connection("sk_test_elsewhere", base_url=server.url)
        yield browser(studio(tmp_path, connection)), Caller(world)


def test_in_test_mode_objects_come_by_actions(elsewhere: tuple[TestClient, Caller]) -> None:
    """They are listed by kind and retrieved by what their IDs begin with; the rest is explained."""
    page, api = elsewhere
    customer = api.made("/v1/customers", name="Ann")["id"]
    assert "Choose what to look at." in read(page, "/objects")
    assert "Ann" in read(page, "/objects?kind=customer")
    assert "customer.created" in read(page, "/events")
    whole = read(page, f"/objects/{customer}")
    assert "Customer ID" in whole
    assert "only the emulator can tell" in whole
    assert "There is no object cus_none here." in read(page, "/objects/cus_none", 404)
    assert "No action retrieves what we_1 is" in read(page, "/objects/we_1", 400)


@pytest.mark.parametrize("path", ["/time", "/faults", "/faults/clear", "/deeds/pay"])
def test_in_test_mode_nothing_of_the_emulator_is_done(
    elsewhere: tuple[TestClient, Caller], path: str
) -> None:
    """It is refused in words."""
    answer = elsewhere[0].post(path, data={"step": "day"})
    assert (answer.status_code, "Only the emulator can do that" in texts(answer.text)) == (
        404,
        True,
    )


def test_the_account_is_that_of_the_connection(tmp_path: Path) -> None:
    """Another account's objects are not there."""
    world = Emulator()
    own = Caller(world)
    made = own.made("/v1/customers")["id"]
    connection = Connection("sk_test_x", account="acct_other", in_process=world)
    page = browser(studio(tmp_path, connection))
    assert "There is nothing yet." in read(page, "/objects")
    assert read(page, f"/objects/{made}", 404)
    assert urlsplit(str(page.base_url)).netloc == urlsplit(HERE).netloc


def test_a_kind_that_is_none_lists_nothing(page: TestClient) -> None:
    """An address with a kind that nobody knows, or no text, is answered with a page."""
    for kind in ("nothing", "%ff"):
        assert page.get(f"/objects?kind={kind}").status_code == 200
