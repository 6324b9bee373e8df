"""Lists, cursors, filters, expansion."""

# ruff: noqa: E501 - rows and requests read best on one line

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stripe_emulator import Emulator

if TYPE_CHECKING:
    from emulator.conftest import Caller, Clock


def test_list_is_newest_first_in_stripes_envelope(api: Caller) -> None:
    """A list carries object, data, has_more and url, newest first, ten by default."""
    ids = [api.made("/v1/customers")["id"] for _ in range(12)]
    page = api.get("/v1/customers").data
    assert list(page) == ["object", "data", "has_more", "url"]
    assert (page["object"], page["has_more"], page["url"]) == ("list", True, "/v1/customers")
    assert [row["id"] for row in page["data"]] == ids[:1:-1]


@given(count=st.integers(0, 25), limit=st.integers(1, 9), back=st.booleans())
@settings(max_examples=25)
def test_walking_pages_yields_every_object_once(count: int, limit: int, back: bool) -> None:  # noqa: FBT001
    """Walking in either direction with any limit yields every object once, in order."""
    with Emulator() as world:
        ids = [_customer(world) for _ in range(count)][::-1]
        seen: list[str] = []
        cursor = ""
        while True:
            page = _page(world, limit, "ending_before" if back else "starting_after", cursor)
            rows = [row["id"] for row in page["data"]]
            seen = rows + seen if back and cursor else seen + rows
            if not page["has_more"] and not (back and not cursor and count):
                break
            if not rows:
                break
            if back and not cursor:  # begin at the oldest
                cursor, seen = ids[-1], [ids[-1]]
                continue
            cursor = rows[0] if back else rows[-1]
        assert seen == ids


def _customer(world: Emulator) -> str:
    import json

    answer = world.answer("POST", "/v1/customers", {"Authorization": "Bearer sk_test_x"}, b"")
    return str(json.loads(answer.body)["id"])


def _page(world: Emulator, limit: int, name: str, cursor: str) -> dict:  # type: ignore[type-arg]
    import json

    target = f"/v1/customers?limit={limit}" + (f"&{name}={cursor}" if cursor else "")
    answer = world.answer("GET", target, {"Authorization": "Bearer sk_test_x"}, b"")
    return dict(json.loads(answer.body))


def test_filters_are_kept_apart(api: Caller, clock: Clock) -> None:
    """Filters by field, by time, by list and by nested field each choose what they name."""
    first = api.price(100, monthly=True, lookup_key="a")
    clock.now += 100
    second = api.price(200, currency="eur", lookup_key="b")

    def ids(**given: object) -> list[str]:
        return [row["id"] for row in api.get("/v1/prices", **given)["data"]]

    assert ids(currency="eur") == [second["id"]]
    assert ids(lookup_keys=["a", "c"]) == [first["id"]]
    assert ids(recurring={"interval": "month"}) == [first["id"]]
    assert ids(type="one_time") == [second["id"]]
    assert ids(created={"gt": first["created"]}) == [second["id"]]
    assert ids(created={"gte": first["created"], "lt": second["created"]}) == [first["id"]]
    assert ids(created=first["created"]) == [first["id"]]
    assert ids(active=False) == []
    assert [r["id"] for r in api.get("/v1/products", ids=[first["product"]])["data"]] == [
        first["product"]
    ]


def test_subscriptions_hide_canceled_ones(api: Caller) -> None:
    """Without a status canceled subscriptions are left out; all and ended show them."""
    payer, price = api.payer(), api.price(monthly=True)
    made = [
        api.made("/v1/subscriptions", customer=payer["id"], items=[{"price": price["id"]}])["id"]
        for _ in range(2)
    ]
    api.delete(f"/v1/subscriptions/{made[0]}")
    for status, wanted in (
        (None, made[1:]),
        ("all", made[::-1]),
        ("ended", made[:1]),
        ("canceled", made[:1]),
    ):
        given = {"status": status} if status else {}
        assert [r["id"] for r in api.get("/v1/subscriptions", **given)["data"]] == wanted


@pytest.mark.parametrize("mode", ["starting_after", "ending_before"])
def test_unknown_cursor_is_400(api: Caller, mode: str) -> None:
    """An unknown cursor is a bad parameter, not a missing page."""
    reply = api.get("/v1/products", **{mode: "prod_no"})
    assert (reply.status, reply.error["param"]) == (400, mode)


def test_line_items_are_paged(api: Caller) -> None:
    """A session's lines are a list of their own, with cursors in both directions."""
    lines = [{"price": api.price(100 + i)["id"], "quantity": 1} for i in range(4)]
    session = api.made(
        "/v1/checkout/sessions", mode="payment", success_url="https://a.example", line_items=lines
    )
    path = f"/v1/checkout/sessions/{session['id']}/line_items"
    whole = [row["id"] for row in api.get(path)["data"]]
    assert [r["amount_total"] for r in api.get(path)["data"]] == [100, 101, 102, 103]
    page = api.get(path, limit=2, starting_after=whole[0])
    assert ([r["id"] for r in page["data"]], page["has_more"]) == (whole[1:3], True)
    page = api.get(path, limit=2, ending_before=whole[2])
    assert ([r["id"] for r in page["data"]], page["has_more"]) == (whole[:2], False)
    assert api.get(path, starting_after="li_no").status == 400


def test_four_levels_are_expanded(api: Caller) -> None:
    """Four levels of references are followed, through lists and embedded objects alike."""
    payer, price = api.payer(), api.price(monthly=True)
    made = api.made("/v1/subscriptions", customer=payer["id"], items=[{"price": price["id"]}])
    row = api.get("/v1/subscriptions", expand=["data.latest_invoice.customer.invoice_settings"])
    assert row.status == 200
    deep = api.get(
        f"/v1/subscriptions/{made['id']}",
        expand=["latest_invoice.customer", "items.data.price", "customer"],
    )
    assert deep["latest_invoice"]["customer"]["id"] == payer["id"]
    assert deep["customer"]["id"] == payer["id"]
    nested = api.get(
        f"/v1/subscriptions/{made['id']}", expand=["plan.product", "items.data.price.product"]
    )
    assert nested["items"]["data"][0]["price"]["product"]["name"] == "Box"
    assert nested["plan"]["product"]["name"] == "Box"


def test_fields_that_exist_only_expanded(api: Caller) -> None:
    """Tiers, refunds, line items and a customer's subscriptions appear when expanded, not before."""
    tiers = [{"up_to": 5, "unit_amount": 500}, {"up_to": "inf", "unit_amount": 400}]
    price = api.made(
        "/v1/prices", currency="usd", product_data={"name": "t"}, recurring={"interval": "month"},
        billing_scheme="tiered", tiers_mode="volume", tiers=tiers, expand=["tiers"])  # fmt: skip
    assert [tier["up_to"] for tier in price["tiers"]] == [5, "inf"]
    assert "tiers" not in api.get(f"/v1/prices/{price['id']}").data
    paid = api.paid()
    api.made("/v1/refunds", payment_intent=paid["id"], amount=5)
    charge = api.get(f"/v1/charges/{paid['latest_charge']}", expand=["refunds"])
    assert charge["refunds"]["data"][0]["amount"] == 5
    payer = api.payer()
    assert (
        api.get(f"/v1/customers/{payer['id']}", expand=["subscriptions"])["subscriptions"]["data"]
        == []
    )


def test_deleted_references_expand_to_their_stub(api: Caller) -> None:
    """An expanded customer that was deleted is its stub."""
    customer = api.made("/v1/customers")
    intent = api.made("/v1/payment_intents", amount=500, currency="usd", customer=customer["id"])
    api.delete(f"/v1/customers/{customer['id']}")
    seen = api.get(f"/v1/payment_intents/{intent['id']}", expand=["customer"])["customer"]
    assert seen == {"id": customer["id"], "object": "customer", "deleted": True}
