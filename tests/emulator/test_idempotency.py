"""Idempotency keys: replay, mismatch, scope, expiry, concurrency."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from stripe_emulator import Emulator, Fault

if TYPE_CHECKING:
    from emulator.conftest import Caller, Clock

KEYED = {"Idempotency-Key": "K"}


def test_same_key_replays(api: Caller) -> None:
    """The same key and body replay status and body, marked, without executing again."""
    first = api("POST", "/v1/customers", KEYED, name="n")
    again = api("POST", "/v1/customers", KEYED, name="n")
    assert (first.data, first.status) == (again.data, again.status)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.headers["Original-Request"] == first.headers["Request-Id"]
    assert "Idempotent-Replayed" not in first.headers
    assert first.headers["Idempotency-Key"] == again.headers["Idempotency-Key"] == "K"
    assert len(api.get("/v1/customers")["data"]) == api.world.executed("K") == 1


def test_other_body_or_path_is_refused(api: Caller) -> None:
    """The same key with another body or path is an idempotency_error."""
    api("POST", "/v1/customers", KEYED, name="n")
    for path, name in (("/v1/customers", "other"), ("/v1/products", "n")):
        reply = api("POST", path, KEYED, name=name)
        assert (reply.status, reply.error["type"]) == (400, "idempotency_error")
        assert "Try using a key other than 'K'" in reply.error["message"]


def test_refused_validation_does_not_burn_the_key(api: Caller) -> None:
    """What is refused before execution leaves the key free for the corrected request."""
    assert api("POST", "/v1/customers", KEYED, email="bad").status == 400
    assert api("POST", "/v1/customers", KEYED, email="a@example.com").status == 200


def test_declined_card_replays(api: Caller) -> None:
    """A declined card was an execution: its 402 replays, and there is one intent, one charge."""
    given = {"amount": 500, "currency": "usd", "payment_method": "pm_card_chargeDeclined",
             "confirm": True, "return_url": "https://a.example"}  # fmt: skip
    first = api("POST", "/v1/payment_intents", KEYED, **given)
    again = api("POST", "/v1/payment_intents", KEYED, **given)
    assert first.status == again.status == 402
    assert first.data == again.data
    assert len(api.get("/v1/charges")["data"]) == len(api.get("/v1/payment_intents")["data"]) == 1


def test_keys_belong_to_an_account(api: Caller) -> None:
    """The same key in another account is another key, and accounts see their own objects only."""
    other = {**KEYED, "Stripe-Account": "acct_2"}
    first = api("POST", "/v1/customers", KEYED, name="n")
    second = api("POST", "/v1/customers", other, name="other")
    assert second.status == 200
    assert api("GET", f"/v1/customers/{first['id']}", {"Stripe-Account": "acct_2"}).status == 404


def test_keys_expire_after_a_day(api: Caller, clock: Clock) -> None:
    """Within 24 hours a key replays; afterwards it is new."""
    first = api("POST", "/v1/customers", KEYED, name="n")
    clock.now += 86_399
    assert api("POST", "/v1/customers", KEYED, name="n")["id"] == first["id"]
    clock.now += 2
    assert api("POST", "/v1/customers", KEYED, name="n")["id"] != first["id"]


def test_gets_and_deletes_ignore_keys(api: Caller) -> None:
    """Only POST has idempotency keys."""
    api("POST", "/v1/customers", KEYED, name="n")
    assert api("GET", "/v1/customers", KEYED).status == 200
    customer = api.made("/v1/customers")
    assert api("DELETE", f"/v1/customers/{customer['id']}", KEYED).status == 200


def test_key_in_use_is_409(api: Caller) -> None:
    """While the first request of a key is going on, a second one is refused with 409."""
    api.world.faults.add(Fault("delay", seconds=0.4))
    thread = threading.Thread(target=lambda: api("POST", "/v1/customers", KEYED, name="n"))
    thread.start()
    reply = None
    for _ in range(200):
        if api.world._replays._busy:
            reply = api("POST", "/v1/customers", KEYED, name="n")
            break
        threading.Event().wait(0.002)
    thread.join()
    assert reply is not None
    assert (reply.status, reply.error["code"]) == (409, "idempotency_key_in_use")
    assert api("POST", "/v1/customers", KEYED, name="n").headers["Idempotent-Replayed"] == "true"
    assert api.world.executed("K") == 1


def test_bad_keys(api: Caller) -> None:
    """An empty key and one of more than 255 characters are refused."""
    for key in ("", "k" * 256):
        assert api("POST", "/v1/customers", {"Idempotency-Key": key}).status == 400
    assert api("POST", "/v1/customers", {"Idempotency-Key": "k" * 255}).status == 200


def test_keys_survive_a_restart(tmp_path: object, caller: type[Caller]) -> None:
    """In a file the key and its effect outlive the process that made them."""
    file = f"{tmp_path}/world.db"
    with Emulator(file) as world:
        first = caller(world)("POST", "/v1/customers", KEYED, name="n")
    with Emulator(file) as world:
        api = caller(world)
        assert api("POST", "/v1/customers", KEYED, name="n").data == first.data
        assert len(api.get("/v1/customers")["data"]) == 1
