"""Links that people follow: to pay as often as they like, and to the customer portal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from emulator.answers import schema_of
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from emulator.conftest import Caller

PATH = "/v1/payment_links"
HELPER = "/v1/test_helpers"


def link(api: Caller, **given: Any) -> Any:
    """A payment link for two boxes of 10.00."""
    lines = [{"price": api.price(1000)["id"], "quantity": 2}]
    return api.made(PATH, **{"line_items": lines, **given})


def opened(api: Caller, made: Any) -> Any:
    """The Checkout Session of somebody who follows it."""
    return api.made(f"{HELPER}/payment_links/{made['id']}/open")


def paid(api: Caller, session: Any) -> Any:
    """The session when the payer has paid."""
    return api.made(f"{HELPER}/checkout/sessions/{session['id']}/complete")


def wrong(path: str, method: str, answer: Any) -> list[str]:
    """Where an answer is not as the document says."""
    schema = schema_of(method, path)
    assert schema
    return [error.json_path for error in Draft202012Validator(schema).iter_errors(answer)]


def test_a_link_is_made_and_read(api: Caller) -> None:
    """It has an address of the emulator's own, keeps to the document, and lists what it sells."""
    made = link(api, metadata={"a": "b"})
    assert made["url"] == f"https://emulator.invalid/buy/{made['id']}"
    assert (made["currency"], made["active"], made["submit_type"]) == ("usd", True, "auto")
    assert wrong(PATH, "POST", made) == []
    assert api.get(f"{PATH}/{made['id']}").data == made
    [line] = api.get(f"{PATH}/{made['id']}/line_items")["data"]
    assert (line["quantity"], line["amount_total"]) == (2, 2000)
    whole = api.get(f"{PATH}/{made['id']}", expand=["line_items"])
    assert whole["line_items"]["data"] == [line]


def test_who_follows_it_can_pay(api: Caller) -> None:
    """Each time a session of its own is made, with what the link says; the link stays."""
    made = link(
        api,
        metadata={"order": "7"},
        payment_intent_data={"description": "Boxes", "metadata": {"c": "d"}},
    )
    first, second = opened(api, made), opened(api, made)
    assert first["id"] != second["id"]
    told = (first["payment_link"], first["metadata"], first["amount_total"], first["mode"])
    assert told == (made["id"], {"order": "7"}, 2000, "payment")
    done = paid(api, first)
    assert (done["status"], done["payment_status"]) == ("complete", "paid")
    intent = api.get(f"/v1/payment_intents/{done['payment_intent']}")
    assert (intent["description"], intent["metadata"]) == ("Boxes", {"c": "d"})
    listed = api.get("/v1/checkout/sessions", payment_link=made["id"])["data"]
    assert [row["id"] for row in listed] == [second["id"], first["id"]]


def test_a_recurring_price_is_subscribed_to(api: Caller) -> None:
    """A link with a recurring price makes subscriptions, with its trial."""
    lines = [{"price": api.price(900, monthly=True)["id"], "quantity": 1}]
    made = link(api, line_items=lines, subscription_data={"trial_period_days": 7})
    assert (made["customer_creation"], made["invoice_creation"]) == ("always", None)
    assert wrong(PATH, "POST", made) == []
    done = paid(api, opened(api, made))
    subscription = api.get(f"/v1/subscriptions/{done['subscription']}")
    assert (subscription["status"], subscription["customer"]) == ("trialing", done["customer"])


def test_a_price_of_its_own_is_sold_again(api: Caller) -> None:
    """A price that was made with the link, and that no catalogue lists, is sold each time."""
    data = {"currency": "eur", "unit_amount": 700, "product_data": {"name": "Box"}}
    made = link(api, line_items=[{"price_data": data, "quantity": 1}])
    assert paid(api, opened(api, made))["amount_total"] == 700


def test_a_link_is_closed_and_opened_again(api: Caller) -> None:
    """Nobody gets a session of an inactive one, which is listed as such."""
    made = link(api)
    path = f"{PATH}/{made['id']}"
    closed = api.made(path, active=False, inactive_message="Sold out")
    assert (closed["active"], closed["inactive_message"]) == (False, "Sold out")
    assert api.post(f"{HELPER}/payment_links/{made['id']}/open").error["message"] == "Sold out"
    page = api.raw("GET", f"/buy/{made['id']}")
    assert (page.status, b"Sold out" in page.body) == (400, True)
    assert [row["id"] for row in api.get(PATH, active=False)["data"]] == [made["id"]]
    assert api.get(PATH, active=True)["data"] == []
    api.made(path, active=True)
    assert opened(api, made)["status"] == "open"


def test_its_page_leads_to_a_checkout(api: Caller) -> None:
    """Whoever opens the address is sent to the page of a new session."""
    made = link(
        api, after_completion={"type": "redirect", "redirect": {"url": "https://a.example"}}
    )
    answer = api.raw("GET", f"/buy/{made['id']}")
    target = answer.headers["Location"]
    assert (answer.status, target[:8]) == (303, "/pay/cs_")
    assert api.raw("GET", target).status == 200
    done = api.raw("POST", target, b"action=pay&payment_method=pm_card_visa")
    assert (done.status, done.headers["Location"]) == (303, "https://a.example")
    assert api.raw("GET", "/buy/plink_none").status == 404


def test_the_last_sale_closes_it(api: Caller) -> None:
    """With a limit of completed sessions, the last of them makes the link inactive."""
    made = link(api, restrictions={"completed_sessions": {"limit": 1}})
    assert made["restrictions"] == {"completed_sessions": {"count": 0, "limit": 1}}
    paid(api, opened(api, made))
    now = api.get(f"{PATH}/{made['id']}")
    assert (now["active"], now["restrictions"]["completed_sessions"]["count"]) == (False, 1)


def test_lines_are_changed_by_their_ids(api: Caller) -> None:
    """An update changes how many of what is sold, for those who open it from then on."""
    made = link(api)
    before = opened(api, made)
    [line] = api.get(f"{PATH}/{made['id']}/line_items")["data"]
    api.made(f"{PATH}/{made['id']}", line_items=[{"id": line["id"], "quantity": 5}])
    assert opened(api, made)["amount_total"] == 5000
    assert api.get(f"/v1/checkout/sessions/{before['id']}")["amount_total"] == 2000


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"line_items": [{"price": "price_none", "quantity": 1}]}, "line_items[0][price]"),
        ({"line_items": []}, "line_items"),
        ({"subscription_data": {"trial_period_days": 3}}, "subscription_data"),
        ({"transfer_data": {"destination": "acct_1"}}, "transfer_data"),
    ],
)
def test_what_cannot_be_sold_is_refused(api: Caller, given: dict[str, Any], param: str) -> None:
    """A link that no session could be opened of is not made."""
    base = {"line_items": [{"price": api.price(1000)["id"], "quantity": 1}]}
    assert api.post(PATH, **{**base, **given}).error["param"] == param
    assert api.get(PATH)["data"] == []
    told = [event["type"] for event in api.get("/v1/events")["data"]]
    assert "payment_link.created" not in told


def test_making_a_link_opens_nothing(api: Caller) -> None:
    """No session and no event of one is left behind by making or changing a link."""
    made = link(api)
    api.made(f"{PATH}/{made['id']}", submit_type="donate")
    assert api.get("/v1/checkout/sessions")["data"] == []
    told = [event["type"] for event in api.get("/v1/events")["data"]][:2]
    assert told == ["payment_link.updated", "payment_link.created"]


def test_a_portal_session_is_a_link(api: Caller) -> None:
    """It is for one customer, keeps to the document, and its page says what is not simulated."""
    who = api.payer()["id"]
    path = "/v1/billing_portal/sessions"
    made = api.made(path, customer=who, return_url="https://a.example/<account>")
    assert made["url"] == f"https://emulator.invalid/portal/{made['id']}"
    assert (made["customer"], made["flow"]) == (who, None)
    assert wrong(path, "POST", made) == []
    page = api.raw("GET", f"/portal/{made['id']}")
    text = page.body.decode()
    assert page.status == 200
    assert f"What {who} could do here, the emulator does not simulate." in text
    assert 'href="https://a.example/&lt;account&gt;"' in text
    assert api.post(path).error["param"] == "customer"


def test_a_portal_session_can_lead_straight_to_one_thing(api: Caller) -> None:
    """A flow is shown as it was asked for, and ends at the portal's first page by default."""
    who = api.payer()["id"]
    items = [{"price": api.price(900, monthly=True)["id"]}]
    subscription = api.made("/v1/subscriptions", customer=who, items=items)["id"]
    flow = {"type": "subscription_cancel", "subscription_cancel": {"subscription": subscription}}
    path = "/v1/billing_portal/sessions"
    shown = api.made(path, customer=who, flow_data=flow)["flow"]
    assert (shown["type"], shown["after_completion"]["type"]) == (
        "subscription_cancel", "portal_homepage",
    )  # fmt: skip
    assert shown["subscription_cancel"]["subscription"] == subscription
    assert shown["subscription_update"] is None
    other = {"type": "subscription_cancel", "subscription_cancel": {"subscription": "sub_none"}}
    error = api.post(path, customer=who, flow_data=other).error
    assert error["param"] == "flow_data[subscription_cancel][subscription]"
