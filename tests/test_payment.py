"""A payment is taken and given back from a terminal, a flow and a form, and so is what it takes."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from terminal_support import EXAMPLES, Ran, Terminal

from stripe_plugin import CardError, Connection, Host, Result

PAY = ("run", "create_payment_intent", "Amount=2000", "Currency=usd")
VISA, AT_ONCE = "Payment Method=pm_card_visa", "Confirm=true"
RETURN = "Return URL=https://example.com/back"


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A terminal with an emulator of its own."""
    return Terminal(tmp_path)


@pytest.fixture
def host() -> Iterator[Host]:
    """What is installed."""
    with Host.load() as loaded:
        yield loaded


def output(done: Ran) -> Any:
    """Stripe's object, as a command has printed it."""
    document = json.loads(done.stdout)
    return document.get("output", document)


# --- from a terminal ------------------------------------------------------------------------------


def test_a_terminal_takes_a_payment_and_gives_it_back(terminal: Terminal) -> None:
    """Two commands: a card is charged, and the payment is refunded."""
    paid = output(terminal(*PAY, VISA, AT_ONCE, RETURN, "--json"))
    assert (paid["status"], paid["amount_received"]) == ("succeeded", 2000)
    refund = output(terminal("run", "refund_payment", f"Payment Intent ID={paid['id']}"))
    assert (refund["status"], refund["amount"]) == ("succeeded", 2000)
    again = terminal("run", "refund_payment", f"Payment Intent ID={paid['id']}", code=3)
    assert "already been refunded" in again.stderr


def test_a_terminal_refunds_a_charge_in_part(terminal: Terminal) -> None:
    """A part of a payment is given back by its charge."""
    paid = output(terminal(*PAY, VISA, AT_ONCE, RETURN))
    words = f"Charge ID={paid['latest_charge']}", "Amount=500"
    assert output(terminal("run", "refund_payment", *words))["amount"] == 500


def test_a_declined_card_is_told(terminal: Terminal) -> None:
    """A refused card ends in Stripe's reason, and another can be tried."""
    declined = terminal(*PAY, "Payment Method=pm_card_chargeDeclined", AT_ONCE, RETURN, code=3)
    assert "declined" in declined.stderr
    assert output(terminal(*PAY, VISA, AT_ONCE, RETURN))["status"] == "succeeded"


ASKS = "Payment Method=pm_card_authenticationRequired"


def test_a_customer_who_is_away_authenticates_nothing(terminal: Terminal) -> None:
    """Off Session refuses what a customer would have to authenticate; else it waits for them."""
    waits = output(terminal(*PAY, ASKS, AT_ONCE, RETURN))
    assert waits["status"] == "requires_action"
    assert waits["next_action"]["redirect_to_url"]["return_url"] == "https://example.com/back"
    away = terminal(*PAY, ASKS, AT_ONCE, RETURN, "Off Session=true", code=3)
    assert "authentication_required" in away.stderr


def test_what_confirming_needs_is_said_before_and_by_stripe(terminal: Terminal) -> None:
    """A row that only confirming takes is refused without Confirm; what is missing Stripe says."""
    early = terminal(*PAY, VISA, "Off Session=true", code=2)
    assert "Off Session may be given only if Confirm is true." in early.stderr
    assert "Nothing was sent." in early.stderr
    assert "return_url" in terminal(*PAY, VISA, AT_ONCE, code=3).stderr
    never = 'Automatic Payment Methods={"enabled": true, "allow_redirects": "never"}'
    assert output(terminal(*PAY, VISA, AT_ONCE, never))["status"] == "succeeded"


# --- from a flow ----------------------------------------------------------------------------------


def test_a_flow_takes_a_payment_and_gives_it_back(terminal: Terminal) -> None:
    """The example charges a card once, however often it is run under one name, and refunds it."""
    flow = ("flow", str(EXAMPLES / "take-a-payment.yaml"), "--run-id", "order-123", "--json")
    refunding = ("--input", "refund=true")
    first = [json.loads(line) for line in terminal(*flow, *refunding).stdout.splitlines()]
    made = {line["step"]: line["output"] for line in first if "step" in line}
    assert made["payment"]["status"] == "succeeded"
    assert (made["refund"]["amount"], made["refund"]["status"]) == (2000, "succeeded")
    terminal(*flow, *refunding)
    listed = output(terminal("run", "list_payment_intents"))
    assert [each["id"] for each in listed["data"]] == [made["payment"]["id"]]


# --- from a form ----------------------------------------------------------------------------------


def filled(host: Host, action: str, typed: Mapping[str, str]) -> dict[str, str]:
    """A form as it is handed in: text in every box, an empty one in those left alone."""
    boxes = [row["key"] for row in host.manifest(action)["inputs"]]
    assert {*typed} <= {*boxes}
    return {key: typed.get(key, "") for key in boxes}


def handed_in(host: Host, there: Connection, action: str, **typed: str) -> Result:
    """What becomes of a form."""
    named = {row["name"]: row["key"] for row in host.manifest(action)["inputs"]}
    boxes = filled(host, action, {named[name]: text for name, text in typed.items()})
    options = dict.fromkeys([row["key"] for row in host.options()["inputs"]], "")
    return host.run(action, boxes, options=options, connection=there)


def test_a_form_takes_a_payment_and_gives_it_back(host: Host) -> None:
    """With nothing but boxes of text, most of them empty, a card is charged and refunded."""
    there = Connection.emulator()
    card = {"amount": "2000", "currency": "usd", "return_url": "https://example.com"}
    card |= {"payment_method": "pm_card_visa", "confirm": "true"}
    paid = handed_in(host, there, "create_payment_intent", **card).output
    assert paid["status"] == "succeeded"
    refund = handed_in(host, there, "refund_payment", payment_intent=paid["id"]).output
    assert (refund["status"], refund["amount"]) == ("succeeded", 2000)
    declined = {**card, "payment_method": "pm_card_chargeDeclined"}
    with pytest.raises(CardError):
        handed_in(host, there, "create_payment_intent", **declined)


def test_the_schemas_take_what_a_payment_needs(host: Host) -> None:
    """What a form library judges by lets a payment and its refund pass; half of one is refused."""

    def judged(action: str, inputs: Mapping[str, Any]) -> tuple[bool, bool]:
        manifest = host.manifest(action)
        schemas = manifest["form_schema"], manifest["input_schema"]
        drawn, whole = (Draft202012Validator(schema).is_valid(inputs) for schema in schemas)
        return drawn, whole

    card = {"amount": 2000, "currency": "usd", "payment_method": "pm_1", "confirm": True}
    paying = {**card, "return_url": "https://example.com"}
    assert judged("create_payment_intent", paying) == (True, True)
    away = {"amount": 2000, "currency": "usd", "off_session": True}
    assert judged("create_payment_intent", away) == (True, False)  # which is told when it is run
    assert judged("refund_payment", {"payment_intent": "pi_1"}) == (True, True)
    assert judged("refund_payment", {}) == (True, False)


# --- what people's first day needs besides --------------------------------------------------------


def test_items_that_wait_come_onto_the_invoice_that_asks_for_them(terminal: Terminal) -> None:
    """Create Invoice Item without an invoice waits; the next invoice has it, if it is told to."""
    customer = f"Customer={output(terminal('run', 'create_customer', 'Name=J'))['id']}"
    item = ("run", "create_invoice_item", customer, "Amount=700", "Currency=eur")
    invoice = ("run", "create_invoice", customer, "Currency=eur")
    terminal(*item)
    assert output(terminal(*invoice))["total"] == 0
    billed = output(terminal(*invoice, "Pending Invoice Items=include"))
    assert (billed["total"], billed["currency"]) == (700, "eur")


def test_a_subscription_begins_with_a_trial_or_unpaid(terminal: Terminal) -> None:
    """Trial Period Days starts a trial; Payment Behavior says what becomes of a missing card."""
    product = 'Product Data={"name": "Plan"}'
    plan = ("Currency=usd", "Unit Amount=1500", 'Recurring={"interval": "month"}', product)
    price = output(terminal("run", "create_price", *plan))["id"]
    customer = output(terminal("run", "create_customer", "Name=J"))["id"]
    items = json.dumps([{"price": price}])
    subscribe = ("run", "create_subscription", f"Customer={customer}", f"Items={items}")
    trial = output(terminal(*subscribe, "Trial Period Days=14"))
    assert (trial["status"], trial["trial_end"] - trial["trial_start"]) == ("trialing", 14 * 86400)
    unpaid = output(terminal(*subscribe, "Payment Behavior=default_incomplete"))
    assert unpaid["status"] == "incomplete"


def test_a_page_is_set_up(terminal: Terminal) -> None:
    """The payment behind it, one's own reference and the language reach the session; and tax does.

    The emulator refuses the tax, at its display key, for it would calculate none.
    """
    data = {"currency": "eur", "unit_amount": 900, "product_data": {"name": "T"}}
    lines = [{"price_data": data, "quantity": 1}]
    page = (
        *("run", "create_checkout_session", "Mode=payment", f"Line Items={json.dumps(lines)}"),
        *("Success URL=https://example.com/y", "Cancel URL=https://example.com/n"),
        *("Client Reference ID=order_123", "Locale=de"),
        'Payment Intent Data={"description": "Order 123"}',
    )
    taxed = terminal(*page, 'Automatic Tax={"enabled": true}', code=3)
    assert "Automatic Tax › Enabled" in taxed.stderr
    assert "does not simulate" in taxed.stderr
    opened = output(terminal(*page))
    assert (opened["client_reference_id"], opened["locale"]) == ("order_123", "de")
