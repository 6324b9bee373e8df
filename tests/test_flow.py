"""How the steps of a flow file run one after another, and what keeps them from being sent."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flow_support import Desk, desk_at
from terminal_support import EXAMPLES

from stripe_emulator import Fault
from stripe_flow import Journal
from stripe_flow.flow import load
from stripe_flow.reading import FlowError
from stripe_flow.references import resolved
from stripe_flow.run import Run
from stripe_plugin import CardError, Connection, Host, NodeError, StripeError, UsageError

EXAMPLE = EXAMPLES / "sell-a-subscription.yaml"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An empty emulator and journal."""
    with desk_at(tmp_path) as made:
        yield made


def test_the_example_runs(desk: Desk) -> None:
    """The example makes its objects in order, linked to one another, in the emulator."""
    done = desk.each(EXAMPLE.read_text("utf-8"))
    assert [*done] == ["product", "price", "customer", "session", "items", "expired"]
    assert done["price"].output["product"] == done["product"].output["id"]
    assert done["session"].output["customer"] == done["customer"].output["id"]
    assert done["items"].output["data"][0]["price"]["id"] == done["price"].output["id"]
    assert done["expired"].output["status"] == "expired"
    assert {result.mode for result in done.values()} == {"emulated"}
    assert len(desk.sent()) == 6


README = EXAMPLES.with_name("README.md").read_text("utf-8")
[SHOWN] = re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)
GOLD = """\
steps:
  - id: made
    action: create_customer
    foreach: [{plan: gold}, {plan: silver}, {plan: gold}]
    inputs: {Metadata: "${{ item }}"}
"""


@pytest.mark.parametrize(
    "text", [SHOWN, (EXAMPLES / "bill-customers.yaml").read_text("utf-8")], ids=["shown", "kept"]
)
def test_customers_are_billed(text: str, desk: Desk) -> None:
    """The README's flow, and the example, bill the customers whose metadata says so, once."""
    made = [result.output["id"] for result in desk.run(GOLD, "made")]
    done = [result.output for result in desk.each(text, amount="1500").values()]
    items = [output for output in done if output["object"] == "invoiceitem"]
    assert [(item["customer"], item["amount"]) for item in items] == [
        (made[2], 1500),
        (made[0], 1500),
    ]
    invoices = [output for output in done if output["object"] == "invoice"]
    assert {invoice["total"] for invoice in invoices} <= {1500}
    desk.sent()
    desk.each(text, amount="1500")
    assert desk.sent() == []


def test_a_payment_is_taken_and_refunded(desk: Desk) -> None:
    """The example takes a card payment, and refunds it if that is said."""
    text = (EXAMPLES / "take-a-payment.yaml").read_text("utf-8")
    assert [*desk.each(text, "kept")] == ["payment"]
    done = desk.each(text, "refunded", refund="true")
    assert done["payment"].output["status"] == "succeeded"
    assert done["refund"].output["amount"] == 2000
    with pytest.raises(CardError):
        desk.each(text, "declined", card="pm_card_chargeDeclined")


# --- mistakes -----------------------------------------------------------------------------------

STEP = """\
steps:
  - id: plan
    action: create_product
    inputs:
      Name: Plan
"""


def after(*lines: str) -> str:
    """The first step, and these lines from line 6 on."""
    return STEP + "".join(f"{line}\n" for line in lines)


def second(*inputs: str, action: str = "create_price") -> str:
    """The first step, and another whose inputs are from line 9 on."""
    step = ("  - id: price", f"    action: {action}", "    inputs:")
    return after(*step, *(f"      {line}" for line in inputs))


PRICE = ("Product: ${{ steps.plan.id }}", "Currency: usd", "Unit Amount: 1000")

MISTAKES: dict[str, tuple[str, list[tuple[int, str]]]] = {
    "unknown action": (
        after("  - id: price", "    action: create_prise"),
        [(7, 'no action "create_prise" (did you mean create_price?)')],
    ),
    "no id, and an input is missing": (
        after("  - action: retrieve_price"),
        [(6, "A step needs an id"), (6, "retrieve_price › Price ID is required")],
    ),
    "unknown step": (
        second("Product: ${{ steps.pln.id }}", *PRICE[1:]),
        [(9, "No earlier step has the id pln (did you mean plan?)")],
    ),
    "itself": (
        second("Product: ${{ steps.price.id }}", *PRICE[1:]),
        [(9, "No earlier step has the id price: it is that of the one in line 6.")],
    ),
    "a later step": (
        "steps:\n  - {id: early, action: list_products, inputs: {Limit: '${{ steps.late.id }}'}}"
        + STEP.removeprefix("steps:").replace("plan", "late"),
        [(2, "No earlier step has the id late: it is that of the one in line 3.")],
    ),
    "a reference inside": (
        second(*PRICE, "Metadata:", "  plan: a ${{ steps.pln.id }}"),
        [(12, "No earlier step has the id pln")],
    ),
    "no JMESPath": (second("Product: ${{ steps.plan.[ }}", *PRICE[1:]), [(9, "is no JMESPath")]),
    "an empty reference": (second("Product: ${{ }}", *PRICE[1:]), [(9, "${{")]),
    "no steps in it": (second("Product: ${{ plan.id }}", *PRICE[1:]), [(9, "start with steps.ID")]),
    "a reference left open": (second(*PRICE, "Nickname: ${{ steps.plan.id }"), [(12, "${{")]),
    "an unknown function": (
        second(*PRICE, "Nickname: ${{ upper(steps.plan.id) }}"),
        [(12, "upper")],
    ),
    "unknown input": (
        second(*PRICE, "Nicknam: Monthly"),
        [(12, "Nicknam is not an input of Create Price (did you mean Nickname?)")],
    ),
    "wrong value": (second(*PRICE[:2], "Unit Amount: ten"), [(11, "Unit Amount must be in cents")]),
    "wrong value by name": (
        second(*PRICE[:2], "unit_amount: ten"),
        [(11, "Unit Amount must be in cents")],
    ),
    "missing input": (second(PRICE[0], PRICE[2]), [(6, "Currency is required")]),
    "missing on a condition": (
        second(*PRICE[1:]),
        [(6, "Product is required if Product Data is empty")],
    ),
    "given twice": (second(*PRICE, "currency: eur"), [(10, "given twice")]),
    "id taken": (
        after("  - id: plan", "    action: create_product", "    inputs: {Name: Plan}"),
        [(6, "id plan stands twice")],
    ),
    "no id": (after("  - action: list_products"), [(6, "needs an id")]),
    "an id with a dot": (
        after("  - id: a.b", "    action: list_products"),
        [(6, 'at most 64 letters, digits and _, by which others name it; got "a.b"')],
    ),
    "no action": (after("  - id: price"), [(6, "needs an action, such as create_product")]),
    "unknown word": (
        after("  - id: items", "    action: list_products", "    input: {}"),
        [(8, "no 'input' (did you mean inputs?)")],
    ),
    "a step is text": (after("  - list_products"), [(6, "needs an id")]),
    "inputs are text": (
        after("  - id: items", "    action: list_products", "    inputs: all"),
        [(8, "inputs must be an object")],
    ),
    "inputs are a list": (
        after("  - id: items", "    action: list_products", "    inputs: [Limit]"),
        [(8, "inputs must be an object")],
    ),
    "inputs are false": (
        after("  - id: items", "    action: list_products", "    inputs: false"),
        [(8, "inputs must be an object")],
    ),
    "empty": ("", [(1, "A flow is `steps:`")]),
    "only a comment": ("# nothing yet\n", [(1, "A flow is `steps:`")]),
    "no steps": ("steps: []\n", [(1, "A flow is `steps:`")]),
    "steps are an object": ("steps:\n  plan: {action: create_product}\n", [(1, "A flow is")]),
    "a list": ("- id: plan\n", [(1, "A flow is `steps:`")]),
    "bad YAML": (after("  - id: [price"), [(7, "expected")]),
    "bad indentation": (after(" - id: price"), [(6, "expected")]),
    "a tab": (after("\t- id: price"), [(6, "cannot start any token")]),
    "two documents": (after("---", "steps: []"), [(6, "another document")]),
    "a key twice": (
        after("  - id: items", "    action: list_products", "    id: again"),
        [(8, "'id' stands twice")],
    ),
    "an input twice": (second(*PRICE, "Currency: eur"), [(12, "'Currency' stands twice")]),
    "a list for a key": (second(*PRICE, "? [a, b]", ": 1"), [(12, "A key is text")]),
    "a tag on text": (
        second(*PRICE[:2], "Unit Amount: !!python/object/apply:os.getpid []"),
        [(11, "tag")],
    ),
    "a tag of one's own": (second(*PRICE[:2], "Unit Amount: !env AMOUNT"), [(11, "tag")]),
    "a tag on an object": (second(*PRICE, "Metadata: !secret {a: b}"), [(12, "tag")]),
    "a tag on a list": (second(*PRICE, "Metadata: !secret [a]"), [(12, "tag")]),
    "unknown alias": (second(*PRICE[:2], "Unit Amount: *amount"), [(11, "undefined alias")]),
    "a number without end": (second(*PRICE[:2], f"Unit Amount: {'9' * 5000}"), [(11, "")]),
    "a control character": (second(*PRICE, "Nickname: a\x07b"), [(12, "character")]),
    "itself inside": (second(*PRICE, "Metadata: &a [*a]"), [(12, "nested")]),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_told_with_its_line(case: str, desk: Desk) -> None:
    """What is wrong with a flow file is told as `file:line: sentence`, and nothing is sent."""
    text, expected = MISTAKES[case]
    with pytest.raises(FlowError) as caught:
        desk.run(text)
    told = str(caught.value).splitlines()
    assert len(told) == len(expected), told
    for line, (number, words) in zip(told, expected, strict=True):
        assert line.startswith(f"flow.yaml:{number}: "), line
        assert words in line
    assert desk.sent() == []


def test_all_mistakes_are_told_at_once(desk: Desk) -> None:
    """One report has every mistake of a file, in the order of its lines."""
    text = """\
    steps:
      - id: plan
        action: create_prodcut
        inputs: {Name: Plan}
      - id: price
        action: create_price
        input: {}
        inputs:
          Product: ${{ steps.plam.id }}
          Unit Amount: ten
          Colour: red
      - id: plan
        action: list_products
        inputs: {Limit: 1000}
    """
    with pytest.raises(FlowError) as caught:
        desk.run(text)
    lines = [int(line.split(":")[1]) for line in str(caught.value).splitlines()]
    assert lines == [3, 5, 7, 9, 10, 11, 12, 14]
    assert desk.sent() == []


def test_aliases_are_welcome(desk: Desk) -> None:
    """What is written once may be used twice."""
    text = """\
    steps:
      - {id: one, action: create_product, inputs: &plan {Name: Plan, Metadata: {a: b}}}
      - {id: two, action: create_product, inputs: *plan}
    """
    assert [result.output["metadata"] for result in desk.run(text)] == [{"a": "b"}] * 2


def test_a_day_is_text(desk: Desk) -> None:
    """YAML's dates, even impossible ones, are the text that was written."""
    text = "steps: [{id: plan, action: create_product, inputs: {Name: 2026-02-30}}]"
    assert desk.run(text)[0].output["name"] == "2026-02-30"


def test_json_is_a_flow_too(desk: Desk) -> None:
    """A flow file may be JSON."""
    step = {"id": "plan", "action": "create_product", "inputs": {"Name": "Plan"}}
    [done] = desk.run(json.dumps({"steps": [step]}))
    assert done.output["name"] == "Plan"


# --- references ---------------------------------------------------------------------------------

OUTPUTS = {"a": {"n": 5, "zero": 0, "no": False, "list": [1, {"b": 2}], "text": "t", "none": None}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${{ steps.a.n }}", 5),
        (" ${{steps.a.n}} ", 5),
        ("${{ steps.a.zero }}", 0),
        ("${{ steps.a.no }}", False),
        ("${{ steps.a.list }}", [1, {"b": 2}]),
        ("${{ steps.a.list[1] }}", {"b": 2}),
        ("${{ steps.a.list[?b].b | [0] }}", 2),
        ("${{ length(steps.a.list) }}", 2),
        ("${{ join('-', [steps.a.text, steps.a.text]) }}", "t-t"),
        ("n: ${{ steps.a.n }}", "n: 5"),
        ("${{ steps.a.text }}${{ steps.a.no }}", "tfalse"),
        ("l: ${{ steps.a.list }}", 'l: [1, {"b": 2}]'),
        ("{CHECKOUT_SESSION_ID} $5 {{ x }} ${x}", "{CHECKOUT_SESSION_ID} $5 {{ x }} ${x}"),
        ({"k": ["${{ steps.a.n }}", "x"]}, {"k": [5, "x"]}),
        (7, 7),
    ],
)
def test_references(value: Any, expected: Any) -> None:
    """A reference alone keeps the type of what it finds; among other text it becomes text."""
    found = resolved(value, {"steps": OUTPUTS})
    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize("expression", ["steps.a.nothing", "steps.a.none", "steps.a.text.x"])
def test_a_reference_that_finds_nothing(expression: str) -> None:
    """A reference that finds nothing, or null, is refused by name."""
    with pytest.raises(UsageError, match=f"{expression} .* finds nothing"):
        resolved(f"a ${{{{ {expression} }}}}", {"steps": OUTPUTS})


def test_types_arrive_at_stripe(desk: Desk) -> None:
    """Numbers, booleans, lists and text go from one step to the next as they are."""
    done = desk.each("""\
    steps:
      - id: plan
        action: create_product
        inputs: {Name: Plan, Active: false, Images: ['https://example.com/a.png']}
      - id: price
        action: create_price
        inputs: {Currency: usd, Unit Amount: 1500, Product: '${{ steps.plan.id }}'}
      - id: copy
        action: create_product
        inputs:
          Name: "${{ steps.plan.name }} for ${{ steps.price.unit_amount }}"
          Active: ${{ steps.plan.active }}
          Images: ${{ steps.plan.images }}
          Metadata: {amount: "${{ steps.price.unit_amount }}"}
      - id: other
        action: create_price
        inputs:
          Currency: ${{ steps.price.currency }}
          Unit Amount: ${{ steps.price.unit_amount }}
          Product: ${{ steps.copy.id }}
    """)
    copy, other = done["copy"].output, done["other"].output
    assert (copy["name"], copy["active"]) == ("Plan for 1500", False)
    assert copy["images"] == ["https://example.com/a.png"]
    assert (other["unit_amount"], other["currency"]) == (1500, "usd")


def test_stripes_own_placeholder_is_left_alone(desk: Desk) -> None:
    """`{CHECKOUT_SESSION_ID}` reaches Stripe as it is written."""
    done = desk.each(EXAMPLE.read_text("utf-8"))
    assert done["session"].output["success_url"].endswith("?session={CHECKOUT_SESSION_ID}")


def test_a_reference_that_finds_nothing_stops_the_flow(desk: Desk) -> None:
    """A step whose reference finds nothing is not sent; the error has its line and id."""
    with pytest.raises(UsageError, match=r"line 6, step price: .*steps\.plan\.idd.* finds nothing"):
        desk.run(second("Product: ${{ steps.plan.idd }}", *PRICE[1:]))
    assert desk.sent() == ["POST /v1/products"]


@pytest.mark.parametrize("expression", ["length(steps.plan.active)", "abs(steps.plan.name)"])
def test_a_reference_that_cannot_be_computed_stops_the_flow(expression: str, desk: Desk) -> None:
    """A function that does not take what it is given stops the flow like any wrong reference."""
    with pytest.raises(UsageError, match="line 6, step price: "):
        desk.run(second(*PRICE, f"Nickname: ${{{{ {expression} }}}}"))
    assert desk.sent() == ["POST /v1/products"]


def test_a_value_that_turns_out_wrong_stops_the_flow(desk: Desk) -> None:
    """What a reference brings is judged like anything typed; the error has the step's line."""
    with pytest.raises(UsageError, match=r"line 6, step price: .*Unit Amount must be in cents"):
        desk.run(second(*PRICE[:2], "Unit Amount: ${{ steps.plan.name }}"))
    assert desk.sent() == ["POST /v1/products"]


# --- the journal --------------------------------------------------------------------------------

ALL_VERBS = """\
steps:
  - {id: plan, action: create_product, inputs: {Name: Plan}}
  - {id: all, action: list_products, inputs: {Limit: 5}}
  - {id: gone, action: delete_product, inputs: {Product ID: '${{ steps.plan.id }}'}}
"""


def test_a_repeated_run_sends_nothing(desk: Desk) -> None:
    """The same run id gives the same results again, with nothing sent: reads and deletes too."""
    first = desk.run(ALL_VERBS)
    assert [line.partition(" ")[0] for line in desk.sent()] == ["POST", "GET", "DELETE"]
    again = desk.run(ALL_VERBS)
    assert desk.sent() == []
    assert [result.output for result in again] == [result.output for result in first]
    assert [result.replayed for result in first + again] == [False] * 3 + [True] * 3


def test_another_run_is_another_run(desk: Desk) -> None:
    """Another run id executes everything again."""
    first, other = desk.run(ALL_VERBS, "r1"), desk.run(ALL_VERBS, "r2")
    assert first[0].output["id"] != other[0].output["id"]
    assert len(desk.sent()) == 6


def test_another_account_is_another_run(desk: Desk) -> None:
    """A journal keeps accounts apart: the same run id elsewhere replays nothing."""
    steps = load("flow.yaml", STEP, desk.host)
    journal = Journal(desk.file)
    for account in (None, "acct_1", "acct_2"):
        who = Connection("sk_test_emulator", account, in_process=desk.world)
        [done] = Run(desk.host, who, "r1", journal).flow(steps)
        assert done.result
        assert not done.result.replayed
    assert len(desk.sent()) == 3


def test_a_flow_goes_on_where_it_stopped(desk: Desk) -> None:
    """After an outage, the same run id sends only what is not finished."""
    text = second(*PRICE)
    fault = Fault(kind="unavailable", path="/v1/prices", should_retry=False)
    desk.world.faults.add(fault)
    with pytest.raises(StripeError, match="temporarily unavailable"):
        desk.run(text)
    assert desk.sent() == ["POST /v1/products", "POST /v1/prices"]
    done = desk.each(text)
    assert desk.sent() == ["POST /v1/prices"]
    assert (done["plan"].replayed, done["price"].replayed) == (True, False)
    assert done["price"].output["product"] == done["plan"].output["id"]


def test_a_flow_goes_on_when_its_file_is_mended(desk: Desk) -> None:
    """A step that was refused may be changed and goes on under the same run id."""
    with pytest.raises(StripeError, match="No such product"):
        desk.run(second("Product: prod_nope", *PRICE[1:]))
    desk.sent()
    done = desk.each(second(*PRICE))
    assert desk.sent() == ["POST /v1/prices"]
    assert done["price"].output["unit_amount"] == 1000


CANCELED = """\
steps:
  - {{id: one, action: create_payment_intent, inputs: {{Amount: 2000, Currency: usd}}}}
  - id: first
    action: cancel_payment_intent
    inputs: {{Payment Intent ID: "${{{{ steps.one.id }}}}"}}
  - {{id: two, action: create_payment_intent, inputs: {{Amount: 3000, Currency: usd}}}}
  - id: second
    action: cancel_payment_intent
    inputs: {{Payment Intent ID: "${{{{ steps.{which}.id }}}}"}}
"""


def test_a_flow_goes_on_after_a_refusal_that_stripe_keeps(desk: Desk) -> None:
    """A step refused while executing may be mended too, although Stripe keeps that answer."""
    with pytest.raises(StripeError, match="status of canceled"):
        desk.run(CANCELED.format(which="one"))
    desk.sent()
    done = desk.each(CANCELED.format(which="two"))
    assert len(desk.sent()) == 1
    assert done["second"].output["id"] == done["two"].output["id"]
    assert done["second"].output["status"] == "canceled"


PAYMENT = """\
steps:
  - {{id: customer, action: create_customer, inputs: {{Email: a@example.com}}}}
  - id: payment
    action: create_payment_intent
    inputs:
      Amount: 2000
      Currency: usd
      Metadata: {{order: {order}}}
"""


def test_other_inputs_under_the_same_run_id_are_refused(desk: Desk) -> None:
    """A finished step with other inputs is not replayed, not sent, and named with its line."""
    desk.run(PAYMENT.format(order="o1"))
    desk.sent()
    with pytest.raises(UsageError, match=r"line 3, step payment: .*other inputs: put those back"):
        desk.run(PAYMENT.format(order="o2"))
    assert desk.sent() == []


PAID = """\
steps:
  - {id: plan, action: create_product, inputs: {Name: Plan}}
  - {id: all, action: list_products}
  - id: price
    action: create_price
    inputs: {Product: "${{ steps.plan.id }}", Currency: usd, Unit Amount: 1000}
"""


def test_another_file_under_the_same_run_id_is_refused(desk: Desk) -> None:
    """A run that has done the steps of one flow does none of another's."""
    desk.run(PAID)
    desk.sent()
    with pytest.raises(UsageError, match="no step for: plan, price"):
        desk.run(GOLD)
    assert desk.sent() == []


def test_what_was_not_done_may_be_renamed(desk: Desk) -> None:
    """A step that reads, or that was refused, may be left out or called something else."""
    refused = PAID.replace("Currency: usd", "Currency: xxx")
    with pytest.raises(NodeError):
        desk.run(refused)
    desk.sent()
    mended = PAID.replace("id: price", "id: yearly").replace("id: all", "id: each")
    assert len(desk.run(mended)) == 3
    assert desk.sent() == ["GET /v1/products", "POST /v1/prices"]


def test_a_loop_that_was_done_may_not_be_renamed(desk: Desk) -> None:
    """Nor be done without one: which of its items were done is not asked."""
    loop = "steps: [{id: make, foreach: [a, b], action: create_product, inputs: {Name: a}}]"
    desk.run(loop)
    with pytest.raises(UsageError, match="no step for: make"):
        desk.run(loop.replace("make", "made"))
    with pytest.raises(UsageError, match="no step for: make"):
        desk.run(loop.replace("foreach: [a, b], ", ""))
    empty = "steps: [{id: make, foreach: [], action: create_product, inputs: {Name: a}}]"
    desk.run(empty, "r2")
    desk.run(empty.replace("make", "made"), "r2")


def test_another_action_under_the_same_run_id_is_refused(desk: Desk) -> None:
    """A finished step that has become another action is refused too."""
    desk.run("steps: [{id: a, action: list_products}]")
    desk.sent()
    with pytest.raises(UsageError, match="line 1, step a: "):
        desk.run("steps: [{id: a, action: list_prices}]")
    assert desk.sent() == []


def test_a_journal_is_used_by_many(desk: Desk) -> None:
    """Runs of several hosts share one journal file."""
    for number in range(5):
        desk.host = Host.load()
        desk.run(STEP, f"r{number}")
    desk.sent()
    for number in range(5):
        assert desk.run(STEP, f"r{number}")[0].replayed
    assert desk.sent() == []
