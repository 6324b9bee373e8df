"""What a step of a flow may say of itself: for each of what it is done, if at all, with what."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flow_support import Desk, desk_at
from hypothesis import given, settings
from hypothesis import strategies as st
from terminal_support import Terminal

from stripe_emulator import Fault
from stripe_flow.expressions import truth
from stripe_flow.flowing import StepError
from stripe_flow.items import MOST_ITEMS, items_of_list
from stripe_flow.reading import FlowError
from stripe_plugin import CardError, Policy, StripeError, UsageError


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An empty emulator and journal."""
    with desk_at(tmp_path) as made:
        yield made


# --- if -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("found", "true"),
    [
        *((None, False), (False, False), ("", False), ([], False), ({}, False)),
        *((True, True), (0, True), (0.0, True), ("false", True), ([None], True), ({"a": 0}, True)),
    ],
)
def test_what_is_true(found: Any, *, true: bool) -> None:
    """As in JMESPath: null, false and what is empty are false; all else is true, 0 as well."""
    assert truth(found) is true


CONDITIONAL = """\
inputs: {wanted: {type: boolean}, note: {required: false}}
steps:
  - {id: first, action: create_customer, if: inputs.wanted, inputs: {Name: Jenny}}
  - id: second
    action: create_customer
    if: ${{ !(inputs.wanted) }}
    inputs: {Name: John}
  - id: third
    action: create_customer
    if: steps.first.id || inputs.note
    inputs: {Name: "${{ steps.first.name || steps.second.name }}"}
"""


@pytest.mark.parametrize(
    ("wanted", "told"),
    [(True, ["✓ first", "– second", "✓ third"]), (False, ["– first", "✓ second", "– third"])],
)
def test_a_step_is_skipped(desk: Desk, told: list[str], *, wanted: bool) -> None:
    """A step whose `if` finds nothing true is skipped; what it would give is null."""
    assert desk.told(CONDITIONAL, wanted=wanted) == told
    assert len(desk.sent()) == len([line for line in told if line[0] == "✓"])
    again = [line.replace("✓", "↺") for line in told]
    assert desk.told(CONDITIONAL, wanted=wanted) == again
    assert desk.sent() == []


def test_what_refers_to_a_skipped_step_is_told(desk: Desk) -> None:
    """An input that a skipped step would give stops the flow, and it is said why."""
    text = """\
    steps:
      - {id: a, action: list_products, if: false}
      - {id: b, action: create_product, inputs: {Name: "${{ steps.a.data[0].id }}"}}
    """
    with pytest.raises(StepError, match=r"line 3, step b: .* as the step a was skipped"):
        desk.run(text)
    assert desk.sent() == []


# --- foreach --------------------------------------------------------------------------------------

BILLING = """\
inputs: {names: {type: array}}
steps:
  - id: make
    action: create_customer
    foreach: inputs.names
    inputs: {Name: "${{ item }}", Metadata: {bill: "${{ item }}", place: "${{ index }}"}}
  - id: bill
    action: create_invoice_item
    foreach: ${{ steps.make[?metadata.bill != 'John'] }}
    inputs: {Customer: "${{ item.id }}", Amount: 1500, Currency: usd}
  - id: count
    action: create_product
    inputs:
      Name: ${{ to_string(length(steps.bill)) }}
      Metadata: {first: "${{ steps.bill[0].customer }}"}
"""


def test_a_step_for_each_item(desk: Desk) -> None:
    """A step is done for each item, in order; its output is the list of theirs."""
    names = ["Jenny", "John", "Joan"]
    done = list(desk.outcomes(BILLING, given={"names": names}))
    made = [each.result.output for each in done if each.step.id == "make" and each.result]
    assert [customer["name"] for customer in made] == names
    assert [customer["metadata"]["place"] for customer in made] == ["0", "1", "2"]
    billed = [each.result.output for each in done if each.step.id == "bill" and each.result]
    assert [each["customer"] for each in billed] == [made[0]["id"], made[2]["id"]]
    assert done[-1].result
    assert done[-1].result.output["name"] == "2"
    assert done[-1].result.output["metadata"] == {"first": made[0]["id"]}
    assert [each.name for each in done][:2] == ["make 1/3 Jenny", "make 2/3 John"]


def test_a_repeated_loop_sends_nothing(desk: Desk) -> None:
    """Each item has its own key and place in the journal, also one that is there twice."""
    names = ["Jenny", "Jenny", "John"]
    first = desk.told(BILLING, names=names)
    assert len(first) == 6
    assert len(desk.sent()) == 6
    assert desk.told(BILLING, names=names) == [line.replace("✓", "↺") for line in first]
    assert desk.sent() == []


def test_each_item_has_its_own_key(desk: Desk) -> None:
    """Without the journal, Stripe knows each item by its key: nothing is executed again."""
    names = ["Jenny", "Jenny", "John"]
    desk.told(BILLING, names=names)
    desk.file.unlink()
    again = desk.outcomes(BILLING, given={"names": names})
    assert all(done.result and done.result.replayed for done in again)
    assert len(desk.each("steps: [{id: a, action: list_customers}]", "r2")["a"].output["data"]) == 3


def test_nothing_to_do_for(desk: Desk) -> None:
    """A list without items is no mistake: nothing is done, which is told, and so is the output."""
    outcomes = desk.outcomes(BILLING.partition("  - id: count")[0], given={"names": []})
    assert [(done.step.id, done.of, done.skipped) for done in outcomes] == [
        ("make", 0, True),
        ("bill", 0, True),
    ]
    assert desk.sent() == []


LITERAL = """\
inputs: {last: {default: eur}}
steps:
  - id: price
    action: create_price
    foreach: [usd, {id: gbp}, "${{ inputs.last }}"]
    if: item != 'eur'
    inputs:
      Currency: ${{ item.id || item }}
      Unit Amount: 1000
      Product Data: {name: "Plan ${{ index }}"}
"""


def test_items_may_be_written_down_and_skipped(desk: Desk) -> None:
    """Items may stand in the file; an `if` that asks of the item is asked for each."""
    done = desk.told(LITERAL)
    assert done == ["✓ price 1/3 usd", "✓ price 2/3 gbp", "– price 3/3 eur"]
    assert len(desk.sent()) == 2


def test_a_loop_is_skipped_as_a_whole(desk: Desk) -> None:
    """An `if` that asks nothing of items comes before them: they need not be there."""
    text = """\
    steps:
      - {id: a, action: list_products, if: false}
      - {id: b, action: retrieve_product, if: steps.a, foreach: steps.a.data,
         inputs: {Product ID: "${{ item.id }}"}}
    """
    assert desk.told(text) == ["– a", "– b"]


PAYING = """\
inputs: {cards: {type: array}}
steps:
  - id: pay
    action: create_payment_intent
    foreach: inputs.cards
    on_error: collect
    inputs: {Amount: 2000, Currency: usd, Payment Method: "${{ item.card }}"}
    options: {Extra: {confirm: true, return_url: "https://example.com"}}
  - id: note
    action: create_product
    inputs: {Name: "${{ join(' ', steps.pay[*].status) }}"}
"""
CARDS = [
    {"id": "one", "card": "pm_card_visa"},
    {"id": "two", "card": "pm_card_chargeDeclined"},
    {"id": "three", "card": "pm_card_visa"},
]


def test_a_failed_item_is_collected(desk: Desk) -> None:
    """With `on_error: collect` the others are done; the failed one is null, and tried next time."""
    told = desk.told(PAYING, cards=CARDS)
    assert told == ["✓ pay 1/3 one", "✗ pay 2/3 two", "✓ pay 3/3 three", "✓ note"]
    desk.sent()
    told = desk.told(PAYING, cards=CARDS)
    assert told == ["↺ pay 1/3 one", "✗ pay 2/3 two", "↺ pay 3/3 three", "↺ note"]
    assert desk.sent() == ["POST /v1/payment_intents"]


def test_a_failed_item_stops(desk: Desk) -> None:
    """Unless it is collected, an item that fails stops the flow, and is named."""
    text = PAYING.replace("    on_error: collect\n", "")
    with pytest.raises(CardError) as caught:
        desk.told(text, cards=CARDS)
    assert "line 3, step pay, item 2 (two)" in "".join(caught.value.__notes__)
    assert len(desk.sent()) == 2


@pytest.mark.parametrize("kind", ["unavailable", "cut_after", "rate_limit"])
def test_what_would_meet_every_item_stops(kind: str, tmp_path: Path) -> None:
    """An outage, a lost answer or a limit stops the flow, whatever the step says."""
    with desk_at(tmp_path) as desk:
        desk.host = type(desk.host).load(policy=Policy(retries=0))
        desk.world.faults.add(Fault(kind=kind, path="/v1/payment_intents"))  # type: ignore[arg-type]
        with pytest.raises(StripeError):
            desk.told(PAYING, cards=CARDS)
        assert len(desk.sent()) == 1
        told = desk.told(PAYING, cards=CARDS)
        assert told[1:3] == ["✗ pay 2/3 two", "✓ pay 3/3 three"]


def test_items_are_judged_one_by_one(desk: Desk) -> None:
    """What is wrong with one item's values is that item's failure."""
    cards = [{"id": "bad", "card": {"a": "b"}}, {"id": "none"}, CARDS[0]]
    told = desk.told(PAYING, cards=cards)
    assert told == ["✗ pay 1/3 bad", "✗ pay 2/3 none", "✓ pay 3/3 one", "✓ note"]
    assert len(desk.sent()) == 2


def test_a_list_that_changed_is_told(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """When a run goes on with another list, what was done stays done wherever it stands now."""
    text = "steps: [{id: a, action: create_product, foreach: LIST, inputs: {Name: '${{ item }}'}}]"
    desk.told(text.replace("LIST", "[x, y]"))
    desk.sent()
    assert caplog.text == ""
    told = desk.told(text.replace("LIST", "[new, y, x]"))
    assert told == ["✓ a 1/3 new", "↺ a 2/3 y", "↺ a 3/3 x"]
    assert desk.sent() == ["POST /v1/products"]
    assert "the list is not the one with which this run began" in caplog.text


def test_items_share_no_idempotency_key(desk: Desk) -> None:
    """Two items under one key of one's own would be one at Stripe: the second is refused."""
    text = """\
inputs: {people: {type: array}}
steps:
  - id: make
    action: create_customer
    foreach: inputs.people
    on_error: collect
    inputs: { Name: Jenny }
    options: { Idempotency Key: "${{ item.order }}", Account: "${{ item.account }}" }
"""
    asked = [("a", "acct_1"), ("a", "acct_1"), ("a", "acct_2"), ("b", "acct_1")]
    people = [{"order": order, "account": account} for order, account in asked]
    told = desk.told(text, people=people)
    assert [line[0] for line in told] == ["✓", "✗", "✓", "✓"]
    assert len(desk.sent()) == 3


@pytest.mark.parametrize("option", ["Account", "Idempotency Key"])
def test_an_option_that_finds_nothing_is_no_other(option: str, desk: Desk) -> None:
    """An account or a key that turns out empty is refused: it would quietly mean another."""
    text = f"""\
steps:
  - id: a
    action: create_product
    inputs: {{ Name: A }}
  - id: b
    action: create_customer
    inputs: {{ Name: B }}
    options: {{ {option}: "${{{{ steps.a.metadata.none || '' }}}}" }}
"""
    with pytest.raises(UsageError, match=f"Options › {option} is empty"):
        desk.run(text)
    assert desk.sent() == ["POST /v1/products"]


def test_a_number_of_a_file_is_exact(desk: Desk) -> None:
    """A number with more digits than a float has is sent as it stands there."""
    text = "steps: [{id: a, action: create_product, inputs: {Name: X, Metadata: {n: NUMBER}}}]"
    number = "123456789.123456789012"
    [result] = desk.run(text.replace("NUMBER", number))
    assert result.output["metadata"] == {"n": number}


def test_what_an_input_says_in_json_is_exact(desk: Desk) -> None:
    """A number keeps its digits, and of a key that stands twice no value quietly wins."""
    text = """\
inputs: {it: {type: object}}
steps: [{id: a, action: create_product, inputs: {Name: X, Metadata: "${{ inputs.it }}"}}]
"""
    number = "123456789.123456789012"
    result = desk.each(text, it=f'{{"n": {number}}}')["a"]
    assert result.output["metadata"] == {"n": number}
    with pytest.raises(FlowError, match='The input it has the key "n" twice'):
        desk.told(text, "r2", it='{"n": 1, "n": 2}')


def test_an_item_that_changed_is_not_done_again(desk: Desk) -> None:
    """An item that is known by its ID and has other values now is refused, not done once more."""
    desk.told(PAYING, cards=CARDS)
    text = PAYING.replace("2000", "3000")
    assert [line[0] for line in desk.told(PAYING, cards=CARDS)][:1] == ["↺"]
    with pytest.raises(UsageError, match="other inputs"):
        desk.told(text, cards=CARDS)


@settings(max_examples=50)
@given(st.lists(st.sampled_from(["a", 1, None, True, {"id": "a"}, {"id": 1}, [1], "a~2"])))
def test_items_are_told_apart(values: list[Any]) -> None:
    """No two items of a list share a place in the journal, and each has the same every time."""
    identities = [item.identity for item in items_of_list(values)]
    assert len(set(identities)) == len(values)
    assert all("/" not in identity for identity in identities)
    again = items_of_list(json.loads(json.dumps(values)))
    assert [item.identity for item in again] == identities


def test_too_many_items(desk: Desk) -> None:
    """The count of items is bounded, and the bound is said."""
    with pytest.raises(UsageError, match=rf"at most {MOST_ITEMS:,} items; got {MOST_ITEMS + 1:,}"):
        items_of_list([0] * (MOST_ITEMS + 1))
    with pytest.raises(StepError, match="step bill: foreach needs a list; got an object"):
        desk.told(
            BILLING.replace("steps.make[?metadata.bill != 'John']", "steps.make[0]"), names=["a"]
        )


# --- all ------------------------------------------------------------------------------------------

LISTING = """\
steps:
  - {id: every, action: list_customers, all: true, most: 120}
  - id: count
    action: create_product
    inputs: {Name: "${{ to_string(length(steps.every.data)) }}"}
"""


def people(desk: Desk, count: int) -> None:
    """So many customers."""
    text = "steps: [{id: a, action: create_customer, foreach: ITEMS}]"
    items = json.dumps([*range(count)])
    assert len(desk.told(text.replace("ITEMS", items), "people")) == count
    desk.sent()


def test_every_page_is_read(desk: Desk) -> None:
    """`all` reads page after page, each once; the output has the data of all."""
    people(desk, 105)
    done = desk.each(LISTING)
    data = done["every"].output["data"]
    assert len({each["id"] for each in data}) == 105
    assert (done["every"].output["has_more"], done["every"].note) == (False, None)
    assert done["count"].output["name"] == "105"
    pages = [line for line in desk.sent() if line.startswith("GET")]
    assert pages == [
        "GET /v1/customers?limit=100",
        f"GET /v1/customers?limit=20&starting_after={data[99]['id']}",
    ]
    assert desk.told(LISTING) == ["↺ every", "↺ count"]
    assert desk.sent() == []


def test_a_bound_is_told(desk: Desk) -> None:
    """At most `most` entries are read, and it is told that there are more."""
    people(desk, 4)
    done = desk.each(LISTING.replace("120", "3"))["every"]
    assert (len(done.output["data"]), done.output["has_more"]) == (3, True)
    assert done.note == "the first 3, of which `most` is the bound: there are more"


def test_reading_goes_on_behind_the_last_page(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a page fails, the run goes on with it, and not from the start."""
    people(desk, 105)
    desk.host = type(desk.host).load(policy=Policy(retries=0))
    answer = desk.world.answer

    def fail_later(method: str, target: str, *more: Any) -> Any:
        if "starting_after" in target:
            desk.world.faults.add(Fault(kind="unavailable"))
        return answer(method, target, *more)

    with monkeypatch.context() as patched:
        patched.setattr(desk.world, "answer", fail_later)
        with pytest.raises(StripeError):
            desk.told(LISTING)
    desk.sent()
    assert desk.told(LISTING)[0] == "✓ every"
    assert [line for line in desk.sent() if "starting_after" not in line] == ["POST /v1/products"]


# --- options --------------------------------------------------------------------------------------


def test_options_of_a_step(desk: Desk) -> None:
    """A step's options reach Stripe: parameters without a row, linked objects, an account."""
    text = """\
    steps:
      - {id: who, action: create_customer, inputs: {Name: Jenny}}
      - id: pay
        action: create_payment_intent
        inputs:
          Amount: 100
          Currency: usd
          Customer: ${{ steps.who.id }}
          Payment Method: pm_card_visa
        options:
          Extra: {confirm: true, return_url: "https://example.com/${{ steps.who.id }}"}
          Expand: [customer]
      - {id: refund, action: refund_payment, inputs: {Payment Intent ID: "${{ steps.pay.id }}"}}
      - {id: away, action: list_customers, options: {Account: acct_1}}
    """
    done = desk.each(text)
    assert done["pay"].output["status"] == "succeeded"
    assert done["pay"].output["customer"]["name"] == "Jenny"
    assert done["refund"].output["amount"] == 100
    assert done["away"].output["data"] == []


# --- mistakes -------------------------------------------------------------------------------------

WRONG: dict[str, str] = {
    "if: steps.b.id": "No earlier step has the id b",
    "if: '!inputs.x'": "negates only the first word",
    "if: 5": "if must be a JMESPath expression",
    "if: item.id": "item or index, which only a step with foreach has",
    "if: env.HOME": "more than one variable",
    "if: steps.a.client_secret": "client secret",
    "if: ''": "if must be a JMESPath expression",
    "foreach: 5": "foreach must be a JMESPath expression, as in steps.prices.data, or a list",
    "foreach: item": "item or index",
    "foreach: 'inputs.x.['": "is no JMESPath",
    "if: steps.a ||": "${{ steps.a || }} is no JMESPath: Incomplete expression",
    "if: steps.a b": "is no JMESPath: Unexpected token: b: Parse error at column 8, token",
    "if: steps.a.#": "JMESPath: Unknown token #",
    "foreach: ['${{ steps.c.id }}']": "No earlier step has the id c",
    "foreach: 'length(`[]`)'": "should start with steps.ID",
    "on_error: collect": "on_error means something only beside foreach",
    "{foreach: steps.a.data, on_error: go on}": "on_error must be stop or collect",
    "all: please": "all must be true or false",
    "most: 5": "most means something only beside all",
    "{all: true, most: 0}": "most must be a whole number from 1 to 10,000",
    "{all: true, most: 10001}": "most must be a whole number from 1 to 10,000",
    "{all: true, inputs: {Limit: 5}}": "Limit is one page's",
    "{all: true, inputs: {ending_before: cus_1}}": "Ending Before goes back, but all reads",
    "{all: true, action: retrieve_price, inputs: {id: price_1}}": "Retrieve Price does not give",
    "foreach_: []": "has no 'foreach_' (did you mean foreach?)",
    "options: [Account]": "options must be an object",
    "options: {Acount: acct_1}": "did you mean Account?",
    "options: {account: cus_1}": "Account must be the ID of an account",
    "options: {Account: ''}": "Options › Account is empty: give the ID of a connected account",
    "options: {idempotency_key: ' '}": "Options › Idempotency Key is empty: give a text",
    "{inputs: {Limit: 5}, options: {Extra: {limit: 6}}}": "would replace limit",
    "{foreach: steps.a.data, options: {Idempotency Key: one}}": "each item needs a key of its own",
    "inputs: {Email: '${{ item.email }}'}": "item or index",
}


@pytest.mark.parametrize("words", WRONG)
def test_a_wrong_word_is_told_with_its_line(words: str, desk: Desk) -> None:
    """A word of a step that says nothing, or what cannot be, is refused before anything is sent."""
    more = words[1:-1] if words.startswith("{") else words
    action = "" if "action:" in more else "action: list_customers, "
    first = "inputs: {x: {default: y}}\nsteps:\n- {id: a, action: list_products}\n"
    text = f"{first}- {{id: b, {action}{more}}}\n"
    with pytest.raises(FlowError) as caught:
        desk.run(text)
    told = str(caught.value)
    assert re.match(r"flow\.yaml:4: ", told), told
    assert WRONG[words] in told
    assert desk.sent() == []


# --- from a terminal ------------------------------------------------------------------------------


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """The terminal, and a flow that pays in its home."""
    (tmp_path / "pay.yaml").write_text(PAYING, "utf-8")
    return Terminal(tmp_path)


def test_a_report_has_a_line_for_each_item(terminal: Terminal) -> None:
    """Each item has its line; the last line counts, and says where to look and how to go on."""
    words = ("flow", str(terminal.home / "pay.yaml"), "--input", f"cards={json.dumps(CARDS)}")
    done = terminal(*words, "--run-id", "r1", code=3)
    lines = re.findall(r"^(. pay \d/3 \w+|. note)", done.stdout, re.MULTILINE)
    assert lines == ["✓ pay 1/3 one", "✗ pay 2/3 two", "✓ pay 3/3 three", "✓ note"]
    assert "Your card was declined" in done.stdout
    last = done.stderr.splitlines()[-1]
    assert last.startswith("3 done, 1 failed in ")
    assert "See why: stripe-nodes runs show r1." in last
    assert "--run-id r1" in last.partition("Try what failed again: stripe-nodes flow")[2]
    assert "pay[two]" in terminal("runs", "show", "r1").stdout


def test_a_report_as_json(terminal: Terminal) -> None:
    """With `--json` each item is a line of its own: a result, an error, or that it was skipped."""
    words = ("flow", str(terminal.home / "pay.yaml"), "--input", f"cards={json.dumps(CARDS)}")
    done = terminal(*words, "--json", "--run-id", "r1", code=3)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["step"] for line in lines] == ["pay", "pay", "pay", "note"]
    assert lines[1]["item"] == {"index": 1, "label": "two"}
    assert lines[1]["error"]["decline_code"] == "generic_decline"
    assert "output" not in lines[1]
    assert {line["run_id"] for line in lines} == {"r1"}
    flow = json.dumps({"steps": [{"id": "a", "action": "list_products", "if": False}]})
    [skipped] = [json.loads(terminal("flow", "-", "--json", "--run-id", "r2", stdin=flow).stdout)]
    assert skipped == {"step": "a", "action": "list_products", "skipped": True, "run_id": "r2"}
