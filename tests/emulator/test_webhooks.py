"""Events, signed deliveries, and the payment page."""

# ruff: noqa: E501 - rows and requests read best on one line

from __future__ import annotations

import http.server
import json
import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import stripe

from stripe_emulator import Emulator, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.conftest import Caller


class Receiver(http.server.BaseHTTPRequestHandler):
    """Keeps what it gets; answers 500 while told to fail."""

    got: list[tuple[bytes, str]]
    fail: int

    def do_POST(self) -> None:
        """Take a delivery."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind = type(self)
        kind.got.append((body, self.headers["Stripe-Signature"]))
        kind.fail -= 1
        self.send_response(500 if kind.fail >= 0 else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing."""


@pytest.fixture
def receiver() -> Iterator[tuple[str, type[Receiver]]]:
    """An endpoint on this machine."""
    kind = type("Own", (Receiver,), {"got": [], "fail": 0})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), kind)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hook?x=1", kind
    server.shutdown()
    server.server_close()
    thread.join()


def test_deliveries_are_signed(caller: type[Caller], receiver: tuple[str, type[Receiver]]) -> None:
    """A delivery is signed so that Stripe's own library accepts it, and a changed byte is refused."""
    url, kind = receiver
    with Emulator() as world:
        api = caller(world)
        made = api.made("/v1/webhook_endpoints", url=url, enabled_events=["*"])
        customer = api.made("/v1/customers", name="n")
        world.postman.wait()
        body, signature = kind.got[0]
        event = stripe.Webhook.construct_event(body, signature, made["secret"])
        assert (event.type, event.data.object.id) == ("customer.created", customer["id"])
        assert event.id == api.get("/v1/events")["data"][0]["id"]
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.Webhook.construct_event(body + b" ", signature, made["secret"])
        assert "secret" not in api.get(f"/v1/webhook_endpoints/{made['id']}").data


def test_endpoints_choose_events(api: Caller, receiver: tuple[str, type[Receiver]]) -> None:
    """An endpoint gets the types it enabled, and nothing while disabled or after deletion."""
    url, kind = receiver
    made = api.made("/v1/webhook_endpoints", url=url, enabled_events=["product.created"])
    path = f"/v1/webhook_endpoints/{made['id']}"
    api.made("/v1/customers")
    api.made("/v1/products", name="n")
    api.made(path, disabled=True)
    api.made("/v1/products", name="n")
    api.made(path, disabled=False)
    api.delete(path)
    api.made("/v1/products", name="n")
    api.world.postman.wait()
    assert [json.loads(body)["type"] for body, _ in kind.got] == ["product.created"]


def test_failed_deliveries_hurt_nobody(api: Caller, receiver: tuple[str, type[Receiver]]) -> None:
    """A failing endpoint is tried three times, a dead one is given up; the request is answered all the same."""
    url, kind = receiver
    kind.fail = 2
    api.made("/v1/webhook_endpoints", url=url, enabled_events=["*"])
    api.made("/v1/webhook_endpoints", url="http://127.0.0.1:9/", enabled_events=["*"])
    api.made("/v1/customers")
    api.world.postman.wait()
    assert len(kind.got) == 3
    assert len({body for body, _ in kind.got}) == 1


def test_events_tell_what_changed(api: Caller) -> None:
    """Creations, updates with previous attributes and deletions are listed and retrieved as events."""
    made = api.made("/v1/customers", name="old")
    api.made(f"/v1/customers/{made['id']}", name="new")
    api.made(f"/v1/customers/{made['id']}", name="new")
    api.delete(f"/v1/customers/{made['id']}")
    rows = api.get("/v1/events")["data"]
    assert [row["type"] for row in rows] == [
        "customer.deleted",
        "customer.updated",
        "customer.created",
    ]
    assert rows[1]["data"]["previous_attributes"] == {"name": "old"}
    assert rows[1]["data"]["object"]["name"] == "new"
    assert api.get(f"/v1/events/{rows[1]['id']}").data == rows[1]
    assert [row["type"] for row in api.get("/v1/events", type="customer.up*")["data"]] == [
        "customer.updated"
    ]
    assert len(api.get("/v1/events", types=["customer.created", "x"])["data"]) == 1


def test_refused_requests_emit_nothing(api: Caller) -> None:
    """A request that is rolled back leaves no event behind."""
    price = api.price(lookup_key="k")
    before = len(api.get("/v1/events", limit=100)["data"])
    assert (
        api.post(
            "/v1/prices", currency="usd", unit_amount=1, product_data={"name": "x"}, lookup_key="k"
        ).status
        == 400
    )
    assert len(api.get("/v1/events", limit=100)["data"]) == before
    assert len(api.get("/v1/products")["data"]) == 1
    assert price["lookup_key"] == "k"


@pytest.fixture
def shop(api: Caller) -> Iterator[tuple[Any, httpx.Client, Caller]]:
    """An open session, and a browser on its page."""
    with serve(api.world) as server, httpx.Client(trust_env=False) as browser:
        product = api.made("/v1/products", name="<b>Lamp & Co</b>")
        price = api.price(1250, product=product["id"])
        session = api.made(
            "/v1/checkout/sessions", mode="payment", customer_email='"quote"@example.com',
            success_url=f"{server.url}/ok?id={{CHECKOUT_SESSION_ID}}", cancel_url=f"{server.url}/no",
            line_items=[{"price": price["id"], "quantity": 2}],
        )  # fmt: skip
        assert session["url"] == f"{server.url}/pay/{session['id']}"
        yield session, browser, api


def test_page_shows_what_is_paid(shop: tuple[Any, httpx.Client, Caller]) -> None:
    """The page shows lines and total with everything escaped, without any script."""
    session, browser, _ = shop
    page = browser.get(session["url"])
    assert page.headers["Content-Type"].startswith("text/html")
    assert "&lt;b&gt;Lamp &amp; Co&lt;/b&gt; × 2" in page.text
    assert "$25.00" in page.text
    assert 'value="&quot;quote&quot;@example.com"' in page.text
    assert "<script" not in page.text
    assert "<b>Lamp" not in page.text


def test_paying_on_the_page(shop: tuple[Any, httpx.Client, Caller]) -> None:
    """Pay completes the session and leads to success_url with the session's id; a second visit tells so."""
    session, browser, api = shop
    declined = browser.post(
        session["url"], data={"action": "pay", "payment_method": "pm_card_chargeDeclined"}
    )
    assert (declined.status_code, "Your card was declined." in declined.text) == (402, True)
    assert api.get(f"/v1/checkout/sessions/{session['id']}")["status"] == "open"
    paid = browser.post(session["url"], data={"action": "pay", "payment_method": "pm_card_visa"})
    assert (paid.status_code, paid.headers["Location"]) == (
        303,
        session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]),
    )
    assert api.get(f"/v1/checkout/sessions/{session['id']}")["payment_status"] == "paid"
    assert "complete" in browser.get(session["url"]).text
    assert api.get("/v1/events")["data"][0]["type"] == "checkout.session.completed"


def test_cancelling_on_the_page(shop: tuple[Any, httpx.Client, Caller]) -> None:
    """Cancel leads to cancel_url and leaves the session open."""
    session, browser, api = shop
    left = browser.post(session["url"], data={"action": "cancel"})
    assert (left.status_code, left.headers["Location"]) == (303, session["cancel_url"])
    assert api.get(f"/v1/checkout/sessions/{session['id']}")["status"] == "open"


def test_unknown_page_is_404(api: Caller) -> None:
    """There is no page of an unknown session."""
    assert api.raw("GET", "/pay/cs_test_unknown").status == 404
