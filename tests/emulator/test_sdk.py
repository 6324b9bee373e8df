"""Stripe's own Python library as an independent client of the served emulator."""

# ruff: noqa: E501 - rows and requests read best on one line

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import stripe

from stripe_emulator import Emulator, Fault, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

# the library itself uses httpx in a deprecated way; everything else stays an error
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture
def sdk(world: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[stripe.StripeClient]:
    """A StripeClient whose base address is the served emulator."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve(world) as server:
        http = stripe.HTTPXClient(allow_sync_methods=True)
        yield stripe.StripeClient(
            "sk_test_x", base_addresses={"api": server.url}, http_client=http, max_network_retries=2
        )
        http.close()  # type: ignore[no-untyped-call]


def test_objects_are_typed(sdk: stripe.StripeClient) -> None:
    """Objects come back as the library's own types, nested ones included."""
    price = sdk.v1.prices.create(
        {"currency": "usd", "unit_amount": 500, "product_data": {"name": "n"}}
    )
    session = sdk.v1.checkout.sessions.create({
        "mode": "payment", "success_url": "https://a.example/{CHECKOUT_SESSION_ID}",
        "line_items": [{"price": price.id, "quantity": 2}], "expand": ["line_items"],
    })  # fmt: skip
    assert isinstance(session, stripe.checkout.Session)
    assert session.line_items is not None
    assert session.line_items.data[0].amount_total == 1000
    assert str(getattr(session.last_response, "request_id", "")).startswith("req_")


CASES: list[tuple[Any, type[stripe.StripeError], int]] = [
    (lambda s: s.v1.customers.retrieve("cus_no"), stripe.InvalidRequestError, 404),
    (lambda s: s.v1.customers.create({"email": "bad"}), stripe.InvalidRequestError, 400),
    (lambda s: s.v1.customers.create({}, {"api_key": "sk_live_1"}), stripe.AuthenticationError, 401),
    (lambda s: s.v1.customers.create({}, {"api_key": "pk_test_1"}), stripe.PermissionError, 403),
    (lambda s: s.v1.payment_intents.create({
        "amount": 500, "currency": "usd", "confirm": True, "payment_method": "pm_card_chargeDeclined",
        "return_url": "https://a.example"}), stripe.CardError, 402),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "status"), CASES)
def test_errors_are_typed(
    sdk: stripe.StripeClient, call: Any, error: type[stripe.StripeError], status: int
) -> None:
    """Each kind of refusal becomes the library's own exception."""
    with pytest.raises(error) as caught:
        call(sdk)
    assert caught.value.http_status == status


def test_auto_paging(sdk: stripe.StripeClient) -> None:
    """The library pages through everything, in both directions."""
    ids = [sdk.v1.customers.create({}).id for _ in range(25)]
    assert [row.id for row in sdk.v1.customers.list({"limit": 4}).auto_paging_iter()] == ids[::-1]
    back = sdk.v1.customers.list({"limit": 4, "ending_before": ids[0]})
    assert [row.id for row in back.auto_paging_iter()] == ids[1:]


def test_retries_replay(sdk: stripe.StripeClient, world: Emulator) -> None:
    """A connection cut after executing is retried under the same key and executed once."""
    world.faults.add(Fault("cut_after", method="POST"))
    customer = sdk.v1.customers.create({"name": "n"}, {"idempotency_key": "K"})
    assert world.executed("K") == 1
    assert getattr(customer.last_response, "headers", {})["Idempotent-Replayed"] == "true"
    with pytest.raises(stripe.IdempotencyError):
        sdk.v1.customers.create({"name": "other"}, {"idempotency_key": "K"})


def test_rate_limit_is_typed(sdk: stripe.StripeClient, world: Emulator) -> None:
    """A 429 is the library's RateLimitError."""
    world.faults.add(Fault("rate_limit", times=None))
    with pytest.raises(stripe.RateLimitError):
        sdk.v1.customers.list({})


def test_deleting_and_canceling(sdk: stripe.StripeClient) -> None:
    """Stubs and cancellations arrive as the library expects them."""
    customer = sdk.v1.customers.create({})
    assert sdk.v1.customers.delete(customer.id).deleted is True
    intent = sdk.v1.payment_intents.create({"amount": 500, "currency": "usd"})
    assert sdk.v1.payment_intents.cancel(intent.id).status == "canceled"
