"""Is a flow written, checked, mended, run, resumed and saved on its page?"""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from studio_support import TestClient, browser, studio, texts
from support import REPOSITORY
from terminal_support import environment

from stripe_emulator import Emulator
from stripe_flow.flow import load
from stripe_flow.journal import Compute, Journal
from stripe_flow.reading import read_data
from stripe_plugin import Connection, Host, UsageError
from stripe_plugin.errors import NodeError
from stripe_studio.flows import starts, written
from stripe_studio.flows.files import Exists, Folder, digest
from stripe_studio.flows.running import Running
from stripe_studio.steps import dumped
from stripe_studio.studio import Studio

HOST = Host.load()
LONG = 60.0  # seconds in which all of this ends on the slowest machine
ENDED = 286
HOSTILE = "</textarea><script>alert(1)</script>"
THREE = """\
steps:
  - id: product
    action: create_product
    inputs:
      Name: Premium Plan

  - id: price
    action: create_price
    inputs:
      Product: ${{ steps.product.id }}
      Currency: usd
      Unit Amount: 1500

  - id: customer
    action: create_customer
    inputs:
      Email: jenny@example.com
"""
PAYING = """\
inputs:
  card: { default: pm_card_visa }
steps:
  - id: customer
    action: create_customer
    inputs: { Email: jenny@example.com }
  - id: payment
    action: create_payment_intent
    inputs:
      Amount: 2000
      Currency: usd
      Customer: ${{ steps.customer.id }}
      Payment Method: ${{ inputs.card }}
      Confirm: true
      Return URL: https://example.com
"""
EACH = """\
steps:
  - id: customer
    action: create_customer
    foreach: [a@example.com, no address, c@example.com]
    on_error: collect
    inputs: { Email: "${{ item }}" }
  - id: nobody
    action: create_customer
    foreach: []
"""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> TestClient:
    """One browser for all that is made up."""
    return browser(studio(tmp_path_factory.mktemp("studio")))


def executed(world: Emulator | None) -> Counter[str]:
    """What was executed and changed something, and how often."""
    assert world is not None
    with world.store.transaction(write=False):
        rows = world.store.run("SELECT method, path FROM executions").fetchall()
    return Counter(f"{method} {path}" for method, path in rows)


def sent(page: TestClient, path: str, status: int = 200, /, **fields: str) -> str:
    """The page, or the part of it, that comes of pressing a button."""
    answer = page.post(path, data={name.replace("__", ":"): text for name, text in fields.items()})
    assert answer.status_code == status, texts(answer.text)
    return answer.text


def end_of(page: TestClient, run_id: str) -> str:
    """What is read of a run when it has ended."""
    until = time.monotonic() + LONG
    while time.monotonic() < until:
        answer = page.get(f"/flow/runs/{run_id}")
        if answer.status_code == ENDED:
            return texts(answer.text)
        time.sleep(0.02)
    raise AssertionError(f"{run_id} has not ended: {texts(answer.text)}")


def text_in(drawn: str) -> str:
    """What stands in the editor."""
    found = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", drawn, re.DOTALL)
    assert found is not None
    return unescape(found[1])


def marked(drawn: str) -> list[int]:
    """The lines that are marked as wrong."""
    found = re.search(r'data-wrong="([^"]*)"', drawn)
    assert found is not None
    return [int(line) for line in found[1].split()]


# --- written, broken, mended --------------------------------------------------------------------


@pytest.mark.parametrize("name", starts.names())
def test_a_ready_flow_is_opened_and_runs(name: str, page: TestClient) -> None:
    """Without anything being filled in."""
    text = text_in(page.get("/flow", params={"example": name}).text)
    assert text == starts.text(name)
    sent(page, "/flow/run", text=text, run="r1", do="run")
    assert end_of(page, "r1").startswith("Done Run r1")


def test_a_ready_flow_of_the_examples_is_the_same() -> None:
    """What the README runs in a terminal is what the page begins with."""
    example = REPOSITORY / "examples" / "take-a-payment.yaml"
    assert starts.text("take-a-payment") == example.read_text("utf-8")


def test_the_first_page_leads_to_a_ready_flow(page: TestClient) -> None:
    """To sell a plan."""
    links = re.findall(r'href="(/flow\?example=[^"]*)"', page.get("/").text)
    assert links
    assert all(page.get(unescape(link)).status_code == 200 for link in links)


@pytest.mark.parametrize(
    ("right", "wrong", "line", "said"),
    [
        ("steps.product.id", "steps.produc.id", 10, "did you mean product?"),
        ("create_price", "create_prize", 8, "There is no action"),
        ("Unit Amount: 1500", "Unit Amount: much", 12, "must be in cents"),
        ("Currency: usd", "Currency: usd: eur", 11, "mapping values are not allowed"),
        ("    action: create_customer\n", "    acton: create_customer\n", 15, "A step has no"),
        ("id: price", "id: product", 7, "stands twice"),
    ],
)
def test_a_mistake_is_marked_at_its_line(
    right: str, wrong: str, line: int, said: str, page: TestClient
) -> None:
    """As somebody types; and no more when it is mended."""
    broken = sent(page, "/flow/check", text=THREE.replace(right, wrong))
    assert line in marked(broken)
    assert said in texts(broken)
    assert f'data-line="{line}"' in broken
    mended = sent(page, "/flow/check", text=THREE)
    assert marked(mended) == []
    assert "Nothing is wrong in the text." in texts(mended)


def test_what_seems_wrong_is_told_and_does_not_stop_it(page: TestClient) -> None:
    """Text that looks like a reference of another tool."""
    text = THREE.replace("Premium Plan", "'{{ plan }}'")
    checked = sent(page, "/flow/check", text=text)
    assert 'data-warned="5"' in checked
    assert "is sent as text" in texts(checked)
    assert marked(checked) == []


def test_ends_of_lines_as_browsers_send_them(page: TestClient) -> None:
    """A form's text has CR LF, and the lines are counted the same."""
    text = THREE.replace("create_price", "create_prize").replace("\n", "\r\n")
    assert marked(sent(page, "/flow/check", text=text)) == [8]


@given(st.text(max_size=60))
@settings(max_examples=40)
def test_any_text_is_checked(client: TestClient, text: str) -> None:
    """Whatever is typed is a page, and comes back as it is."""
    body = text.replace("\r\n", "\n").replace("\r", "\n")
    drawn = client.post("/flow", data={"text": text, "do": "draw"})
    assert drawn.status_code == 200
    assert text_in(drawn.text) == body
    assert client.post("/flow/check", data={"text": text}).status_code == 200


def test_hostile_text_is_text(page: TestClient, made: Studio) -> None:
    """In the editor, in a mistake, in the name of a file, in an answer."""
    text = f'steps:\n  - id: "{HOSTILE}"\n    action: "{HOSTILE}"\n'
    for path in ("/flow", "/flow/check", "/flow/save"):
        answer = page.post(path, data={"text": text, "name": HOSTILE, "do": "draw"})
        assert "<script>alert" not in answer.text
    answered = THREE.replace("Premium Plan", f'"{HOSTILE}"')
    sent(page, "/flow/run", text=answered, run="r1", do="run")
    end_of(page, "r1")
    drawn = page.get("/flow/runs/r1").text
    assert HOSTILE in unescape(drawn)
    assert "<script>alert" not in drawn
    (made.folder / "<b>x.yaml").write_text(THREE, "utf-8")
    assert "<b>x" not in page.get("/flow").text


# --- inputs and variables -----------------------------------------------------------------------


def test_inputs_are_boxes(page: TestClient) -> None:
    """What is missing is told at its box when the flow is to be run, and nothing is sent."""
    text = PAYING.replace("{ default: pm_card_visa }", "{ description: The card }")
    assert "required" in texts(page.post("/flow/check", data={"text": text}).text)
    refused = sent(page, "/flow/run", 422, text=text, run="r1", do="run")
    assert "The input card is required." in texts(refused)
    assert marked(refused) == []
    sent(page, "/flow/run", text=text, run="r1", do="run", given__card="pm_card_visa")
    assert end_of(page, "r1").startswith("Done")


def test_boxes_are_drawn_again_only_for_other_inputs(page: TestClient) -> None:
    """What somebody types in one meanwhile is not lost."""
    first = sent(page, "/flow/check", text=PAYING)
    found = re.search(r'name="declared" value="([^"]*)"', first)
    assert found is not None
    again = sent(page, "/flow/check", text=f"# more\n{PAYING}", declared=found[1])
    assert 'id="flow-inputs"' not in again
    other = PAYING.replace("default: pm_card_visa", "type: integer")
    assert 'id="flow-inputs"' in sent(page, "/flow/check", text=other, declared=found[1])


def test_a_variable_is_named_and_never_shown(
    page: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither where it is asked for, nor in what came of it, nor in why it failed."""
    monkeypatch.setenv("PLAN_NAME", "hidden-plan-name")
    text = THREE.replace("Premium Plan", "${{ env.PLAN_NAME }}").replace("1500", "-1")
    drawn = sent(page, "/flow", text=text.replace("PLAN_NAME", "PLAN_NAM"), do="draw")
    assert "PLAN_NAM is not set" in texts(drawn)
    text = text.replace("-1", "1500")
    begun = sent(page, "/flow/run", text=text, run="r1", do="run")
    assert "PLAN_NAME is set" in texts(begun)
    end = end_of(page, "r1")
    assert "Product ID" in end
    for shown in (begun, page.get("/flow/runs/r1").text, page.get("/flow?run=r1").text):
        assert "hidden-plan-name" not in shown


@pytest.mark.parametrize("wrong", ["Currency: usd", "Product: ${{ steps.product.id }}"])
def test_a_variable_that_is_refused_is_not_repeated(
    wrong: str, page: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither by us, before anything is sent, nor in what Stripe says of it, now or later."""
    monkeypatch.setenv("REFUSED", "prod_hidden123456")
    key, _, _ = wrong.partition(":")
    text = THREE.replace(wrong, f"{key}: ${{{{ env.REFUSED }}}}")
    begun = page.post("/flow/run", data={"text": text, "run": "r1", "do": "run"}).text
    end_of(page, "r1")
    drawn = [begun, page.get("/flow/runs/r1").text, page.get("/flow?run=r1").text]
    assert any("hidden_" in each for each in drawn)
    assert not any("hidden123456" in each for each in drawn)


def test_a_key_is_not_shown_again(page: TestClient) -> None:
    """One that is given as an input, or stands as its default."""
    key = "sk_test_51HxVerySecretKey"
    text = PAYING.replace("inputs:\n", f"inputs:\n  token: {{ default: {key} }}\n", 1)
    checked = sent(page, "/flow/check", text=text, given__card=key)
    assert "VerySecret" not in checked
    assert "A key was given" in texts(checked)


# --- a step from a form -------------------------------------------------------------------------


def test_a_step_is_added_from_a_form(page: TestClient, made: Studio) -> None:
    """Filled with what earlier steps surely gave; what comes of it runs."""
    opened = sent(page, "/flow", text=THREE, action="create_subscription", do="step")
    assert 'name="step_id" value="subscription"' in opened
    assert 'name="step:customer" value="${{ steps.customer.id }}"' in opened
    fields = {
        "step_id": "sub",
        "step__customer": "${{ steps.customer.id }}",
        "step__items.0.price": "${{ steps.price.id }}",
        "step__items.0.quantity": "2",
        "step__collection_method": "send_invoice",
        "step__days_until_due": "14",
    }
    text = THREE.replace("1500\n", "1500\n      Recurring: { interval: month }\n")
    added = sent(page, "/flow", text=text, action="create_subscription", do="append", **fields)
    whole = text_in(added)
    assert whole.startswith(text)
    [*_, last] = read_data("", whole)["steps"]
    assert (last["id"], last["action"]) == ("sub", "create_subscription")
    assert last["inputs"]["Items"][0]["Quantity"] == 2
    sent(page, "/flow/run", text=whole, run="r1", do="run")
    assert end_of(page, "r1").startswith("Done")
    assert executed(made.emulator)["POST /v1/subscriptions"] == 1


def test_what_is_wrong_in_the_form_is_told_there(page: TestClient) -> None:
    """And the text stays as it was; a reference is judged when it brings something."""
    fields = {"step__currency": "usdd", "step__product": "${{ steps.product.id }}"}
    fields |= {"step__unit_amount": "1", "step_id": "price"}
    drawn = sent(page, "/flow", 422, text=THREE, action="create_price", do="append", **fields)
    assert text_in(drawn) == THREE
    assert "Another step has the ID price." in texts(drawn)
    assert 'href="#step-currency"' in drawn
    assert 'href="#step-product"' not in drawn


def test_options_of_the_run_are_a_part_of_the_form(page: TestClient, made: Studio) -> None:
    """Each comes into the step, and what comes of it runs with them."""
    opened = sent(page, "/flow", text=THREE, action="create_customer", do="step")
    for name in ("idempotency_key", "expand", "account", "deadline"):
        assert f'name="step-options:{name}"' in opened
    form = {"step_id": "other", "step__email": "ann@example.com"}
    form |= {"step-options__idempotency_key": "${{ steps.customer.id }}-again"}
    form |= {"step-options__deadline": "30", "step-options__extra.0.key": "phone"}
    form |= {"step-options__extra.0.value": "+15551234567"}
    added = sent(page, "/flow", text=THREE, action="create_customer", do="append", **form)
    [*_, last] = read_data("", text_in(added))["steps"]
    assert last["options"] == {
        "Extra": {"phone": "+15551234567"},
        "Idempotency Key": "${{ steps.customer.id }}-again",
        "Deadline": 30,
    }
    sent(page, "/flow/run", text=text_in(added), run="r1", do="run")
    assert end_of(page, "r1").startswith("Done")
    assert made.held
    [newest, *_] = made.held.objects(1, kind="customer")
    assert newest.object["phone"] == "+15551234567"


def test_what_is_wrong_with_an_option_is_told_there(page: TestClient) -> None:
    """Before it is a step; a pair of an option is added and taken away as others are."""
    form = {"step_id": "other", "step-options__deadline": "soon"}
    drawn = sent(page, "/flow", 422, text=THREE, action="create_customer", do="append", **form)
    assert 'id="step-options-deadline-wrong"' in drawn
    assert 'href="#step-options-deadline"' in drawn
    assert text_in(drawn) == THREE
    add = "add:step-options:extra"
    more = sent(page, "/flow", text=THREE, action="create_customer", do=add, **form)
    assert 'name="step-options:extra.0.key"' in more


def test_objects_that_are_there_are_offered(page: TestClient) -> None:
    """By what they are called, as in Try; a reference in the form is nothing to search for."""
    page.post("/try/create_product", data={"in:name": "Blue lamp", "do": "run"})
    asked = {"text": THREE, "action": "create_price"}
    opened = sent(page, "/flow", do="step", **asked)
    assert 'hx-post="/flow/choices?row=product"' in opened
    here = "/flow/choices?row=product"
    for typed_in in ("", "blue", "${{ steps.product.id }}"):
        assert "Blue lamp" in sent(page, here, step__product=typed_in, **asked)
    assert "Blue lamp" not in sent(page, here, step__product="red", **asked)
    told = sent(page, "/flow/choices?row=nothing", text=THREE, action="create_price")
    assert "has no row" in texts(told)


def test_items_are_added_to_the_form(page: TestClient) -> None:
    """And taken away again, with what is typed in the others left alone."""
    action = {"action": "create_subscription", "text": THREE, "step_id": "s"}
    two = {"step__items.0.price": "a", "step__items.1.price": "b"}
    more = sent(page, "/flow", do="add:step:items", **action, **two)
    assert 'name="step:items.2.price"' in more
    less = sent(page, "/flow", do="drop:step:items.0", **action, **two)
    assert 'name="step:items.0.price" value="b"' in less
    assert "step:items.1.price" not in less


def test_outputs_of_earlier_steps_are_offered(page: TestClient) -> None:
    """For a row that takes the ID of a price those come first; all of them beside the text."""
    asked = {"text": THREE, "action": "create_subscription"}
    offered = sent(page, "/flow/offers?row=items.0.price", **asked)
    texts_offered = re.findall(r'data-pick="([^"]*)"', offered)
    assert texts_offered[0] == "${{ steps.price.id }}"
    assert "${{ steps.customer.email }}" in texts_offered
    beside = re.findall(r'data-insert="([^"]*)"', sent(page, "/flow/check", text=THREE))
    assert {*texts_offered} == {*beside}


@pytest.mark.parametrize("loop", ["", "    foreach: [1, 2]\n"])
def test_what_is_offered_can_be_referred_to(loop: str, page: TestClient) -> None:
    """Every text that is put in is one that a flow takes, for lists and loops, too."""
    start = f"steps:\n  - id: a\n    action: list_prices\n{loop}"
    offered = re.findall(r'data-insert="([^"]*)"', sent(page, "/flow/check", text=start))
    assert offered
    for text in map(unescape, offered):
        step = f"  - id: b\n    action: create_product\n    inputs:\n      Name: {text}\n"
        assert load("f", start + step, HOST).steps[-1].inputs["Name"] == text


_words = st.text("abc é:#'\"{}[]-&*!|>%@`,?\n", min_size=1, max_size=12)
_inputs = st.dictionaries(_words, st.one_of(_words, st.integers(0, 99), st.booleans()), max_size=3)


@given(_inputs, st.sampled_from(["", "steps:\n", "# a\n\nsteps:\n- id: x\n  action: y\n", THREE]))
def test_a_step_is_written_as_it_is(inputs: dict[str, Any], text: str) -> None:
    """Whatever it holds is read again, and the text before it is not touched."""
    step = {"id": "z", "action": "create_product", "inputs": inputs}
    try:
        made = written.appended(text, step)
    except UsageError:  # YAML has no such text
        assert any("\n" in key for key in inputs)
        return
    assert made.startswith(text.rstrip())
    assert read_data("", made)["steps"][-1] == read_data("", dumped(step))[0]


@pytest.mark.parametrize("text", ["steps: [{id: a, action: b}]", '{"steps": []}', "- a", "a"])
def test_steps_that_stand_otherwise_are_left_alone(text: str, page: TestClient) -> None:
    """It is said that the step cannot be put there; what was filled in is still there."""
    fields = {"action": "create_customer", "step_id": "c", "step__email": "a@b.example"}
    drawn = sent(page, "/flow", 422, text=text, do="append", **fields)
    assert text_in(drawn) == text
    assert 'value="a@b.example"' in drawn


def test_a_step_stays_above_what_stands_below_the_steps() -> None:
    """The inputs, with the comment before them."""
    text = "steps:\n- id: a\n  action: b\n\n# What is asked.\ninputs:\n  c: {type: string}\n"
    made = written.appended(text, {"id": "d", "action": "e"})
    assert made.index("id: d") < made.index("# What is asked.\ninputs:")


# --- run, failed, mended, resumed ---------------------------------------------------------------


def test_each_step_is_shown_with_what_it_gave(page: TestClient, made: Studio) -> None:
    """Its IDs are links; the address is that of the run."""
    answer = page.post("/flow/run", data={"text": THREE, "run": "r1", "do": "run"})
    assert answer.headers["hx-push-url"] == "/flow?run=r1"
    assert 'hx-get="/flow/runs/r1"' in answer.text
    end = end_of(page, "r1")
    assert "product Create Product done" in end
    assert "15.00 USD" in end
    drawn = page.get("/flow/runs/r1").text
    assert len(re.findall(r'href="/objects/(?:prod|price|cus)_', drawn)) == 4
    assert executed(made.emulator).total() == 3
    again = page.get("/flow", params={"run": "r1"}).text
    assert text_in(again) == THREE
    assert "hx-get" not in again


def test_a_failed_step_is_mended_and_the_run_goes_on(page: TestClient, made: Studio) -> None:
    """Under its run ID: what was done is not done again."""
    fields = {"text": PAYING, "run": "r1", "do": "run"}
    sent(page, "/flow/run", **fields | {"text": PAYING.replace("visa", "chargeDeclined")})
    failed = end_of(page, "r1")
    assert "It has failed" in failed
    assert "Line 7 , step payment: Your card was declined." in failed
    assert "Go on" in failed
    other = sent(page, "/flow/run", **fields)
    assert "r1" in other
    assert "began with other inputs" in end_of(page, "r1")
    mended = PAYING.replace("${{ inputs.card }}", "pm_card_mastercard")
    mended = mended.replace("pm_card_visa", "pm_card_chargeDeclined")
    sent(page, "/flow/run", **fields | {"text": mended})
    end = end_of(page, "r1")
    assert end.startswith("Done")
    assert "customer Create Customer done before" in end
    assert executed(made.emulator)["POST /v1/customers"] == 1


def test_items_are_counted(page: TestClient) -> None:
    """Those that failed with why; a step without any is skipped."""
    sent(page, "/flow/run", text=EACH, run="r1", do="run")
    end = end_of(page, "r1")
    assert "Done, but for what has failed" in end
    assert "2 done, 1 failed of 3" in end
    assert "no address: " in end
    assert "nobody Create Customer skipped" in end


def test_nothing_is_run_of_a_text_with_mistakes(page: TestClient, made: Studio) -> None:
    """Nor of one without anything."""
    broken = THREE.replace("create_customer", "create_customers")
    refused = sent(page, "/flow/run", 422, text=broken, run="r1", do="run")
    assert "It cannot be run yet" in texts(refused)
    assert "There is nothing to run yet" in texts(sent(page, "/flow/run", 422, run="r1", do="run"))
    assert executed(made.emulator).total() == 0
    assert page.get("/flow/runs/r1").status_code == ENDED


def test_a_name_that_no_file_can_have_is_refused(page: TestClient) -> None:
    """One that is short to read is long for a file system, which counts its bytes."""
    sent = {"text": THREE, "name": f"{'日' * 100}.yaml"}
    answer = page.post("/flow/save", data=sent)
    assert answer.status_code == 400
    assert "A flow file has a name such as" in texts(answer.text)


def test_a_name_that_is_none_is_refused(page: TestClient) -> None:
    """A key is no name of a run, and is not repeated."""
    key = "sk_test_51HxVerySecretKey"
    refused = sent(page, "/flow/run", 400, text=THREE, run=key, do="run")
    assert "That was not done" in texts(refused)


class Gated(Journal):
    """A journal that holds a run at one of its entries until it may go on."""

    def __init__(self, file: Path, name: str) -> None:
        super().__init__(file)
        self.name, self.reached, self.open = name, threading.Event(), threading.Event()

    def keep(self, run: str, name: str, compute: Compute) -> Any:
        """What is kept, in time."""
        if name == self.name:
            self.reached.set()
            assert self.open.wait(LONG)
        return super().keep(run, name, compute)


@pytest.fixture
def gate(tmp_path: Path) -> Gated:
    """One before the second step."""
    return Gated(tmp_path / "runs.db", "price/0/0")


@pytest.fixture
def held(tmp_path: Path, gate: Gated) -> Studio:
    """A studio with that journal."""
    return Studio(host=HOST, connection=Connection.emulator(), journal=gate, folder=tmp_path)


def test_two_clicks_run_once_and_stop_ends_it_after_its_step(held: Studio, gate: Gated) -> None:
    """While it runs its steps are shown as they are; under its name the rest is done later."""
    page = browser(held)
    for _ in range(2):
        sent(page, "/flow/run", text=THREE, run="r1", do="run")
    assert gate.reached.wait(LONG)
    answer = page.get("/flow/runs/r1")
    assert answer.status_code == 200
    assert "product Create Product done" in texts(answer.text)
    assert "price Create Price running" in texts(answer.text)
    other = sent(page, "/flow/run", 400, text=PAYING, run="r1", do="run")
    assert "still on its way with another flow" in texts(other)
    assert "It stops after the step in hand." in texts(page.post("/flow/runs/r1/stop").text)
    gate.open.set()
    assert end_of(page, "r1").startswith("Stopped after 2 of 3 steps")
    assert executed(held.emulator).total() == 2
    listed = page.get("/runs").text
    assert "Unfinished 2 of 3 done" in texts(listed)
    assert "2 of 3 done" in texts(page.get("/runs/r1").text)
    assert 'href="/flow?run=r1"' in listed
    sent(page, "/flow/run", text=THREE, run="r1", do="run")
    assert end_of(page, "r1").startswith("Done")
    assert executed(held.emulator).total() == 3


def test_the_command_of_a_terminal_does_the_same(
    made: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the emulator, at its place, with the file where it is."""
    file = made.folder / "sell.yaml"
    file.write_text(THREE)
    page = browser(made)
    opened = "/flow?file=sell.yaml"
    assert f"stripe-nodes --emulator flow {file}" in texts(page.get(opened).text)
    monkeypatch.chdir(made.folder)
    monkeypatch.setenv("STRIPE_NODES_HOME", "/my home")
    told = texts(page.get(opened).text)
    assert "STRIPE_NODES_HOME='/my home' stripe-nodes --emulator flow sell.yaml" in told
    test_mode = studio(made.folder, Connection("sk_test_x"))
    assert "stripe-nodes flow sell.yaml" in texts(browser(test_mode).get(opened).text)


def test_at_the_end_of_the_studio_what_is_on_its_way_arrives(held: Studio, gate: Gated) -> None:
    """Nothing new is begun, and no thread is left."""
    running = Running(held)
    progress = running.begin(load("f", THREE, HOST), "r1")
    assert gate.reached.wait(LONG)
    closing = threading.Thread(target=running.close)
    closing.start()
    assert progress.stopping.wait(LONG)
    gate.open.set()
    closing.join(LONG)
    assert [step.state for step in progress.steps] == ["done", "done", "waiting"]
    assert not [each for each in threading.enumerate() if each.name == "flow r1"]
    with pytest.raises(UsageError, match="is being stopped"):
        running.begin(load("f", THREE, HOST), "r2")


def test_the_application_ends_its_flows(made: Studio) -> None:
    """When the server stops."""
    with browser(made) as page:
        sent(page, "/flow/run", text=THREE, run="ends", do="run")
    assert not [each for each in threading.enumerate() if each.name == "flow ends"]


CHILD = """
import os, signal, sys
from pathlib import Path
from stripe_flow.flow import load
from stripe_flow.journal import Journal
from stripe_plugin import Connection, Host
from stripe_studio.flows.running import Running
from stripe_studio.studio import Studio
folder = Path(sys.argv[1])

class Killing(Journal):
    def keep(self, run, name, compute):
        if name == "price/0/1":  # it is sent, and not noted
            os.kill(os.getpid(), signal.SIGKILL)
        return super().keep(run, name, compute)

made = Studio(
    host=Host.load(),
    connection=Connection.emulator(folder / "emulator.db"),
    journal=Killing(folder / "runs.db"),
    folder=folder,
)
text = (folder / "three.yaml").read_text()
Running(made).begin(load("three.yaml", text, made.host), "r1").ended.wait()
"""


def test_a_killed_studio_goes_on_under_the_run_id(tmp_path: Path) -> None:
    """Killed when a step was sent and not noted: the next studio shows it, and does each once."""
    (tmp_path / "three.yaml").write_text(THREE, "utf-8")
    command = [sys.executable, "-c", CHILD, str(tmp_path)]
    env = environment(tmp_path)
    killed = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    made = studio(tmp_path, Connection.emulator(tmp_path / "emulator.db"))
    page = browser(made)
    opened = page.get("/flow", params={"run": "r1"}).text
    assert text_in(opened) == THREE
    assert "product Create Product done before" in texts(opened)
    assert "price Create Price not known to be done" in texts(opened)
    sent(page, "/flow/run", text=THREE, name="three.yaml", run="r1", do="run")
    assert end_of(page, "r1").startswith("Done")
    once = dict.fromkeys(["POST /v1/products", "POST /v1/prices", "POST /v1/customers"], 1)
    assert executed(made.emulator) == once


def test_a_run_of_text_that_was_not_saved_is_found_again(page: TestClient) -> None:
    """With its name and its inputs, also by the name of a file that is not there."""
    fields = {"text": PAYING, "name": "mine.yaml", "given__card": "pm_card_mastercard"}
    sent(page, "/flow/run", run="r1", do="run", **fields)
    end_of(page, "r1")
    for query in ({"run": "r1"}, {"run": "r1", "file": "mine.yaml"}):
        opened = page.get("/flow", params=query).text
        assert text_in(opened) == PAYING
        assert 'name="name" value="mine.yaml"' in opened
        assert 'name="given:card" value="pm_card_mastercard"' in opened


def test_items_of_an_earlier_run_are_counted(tmp_path: Path) -> None:
    """One row for a step, whatever it was done for, with why some of it was not."""
    made = studio(tmp_path)
    flow = load("each.yaml", EACH, HOST)
    assert [done.of for done in made.begin("r1", flow.name).flow(flow)] == [3, 3, 3, 0]
    (tmp_path / "each.yaml").write_text(EACH, "utf-8")
    opened = texts(browser(made).get("/flow", params={"run": "r1"}).text)
    assert "customer Create Customer failed 2 done before, 1 failed ID cus_" in opened
    assert "Email must be an e-mail address" in opened
    assert "It has not come to its end" in opened


def test_a_run_without_its_text_says_what_to_do(tmp_path: Path) -> None:
    """As of the terminal, from another folder; what is known of it is shown all the same."""
    made = studio(tmp_path)
    flow = load("elsewhere/x.yaml", THREE, HOST)
    assert len([*made.begin("r1", flow.name).flow(flow)]) == 3
    query = {"run": "r1", "file": "elsewhere/x.yaml"}
    answer = browser(made).get("/flow", params=query)
    assert answer.status_code == 200
    assert "The text of this run is not in" in texts(answer.text)
    assert "customer Create Customer done before" in texts(answer.text)


# --- files --------------------------------------------------------------------------------------


def test_it_is_saved_as_the_file_that_the_terminal_runs(page: TestClient, made: Studio) -> None:
    """Whole, with the mode that it had, and found again."""
    drawn = sent(page, "/flow/save", text=THREE, name="sell", do="save")
    file = made.folder / "sell.yaml"
    assert "Saved as sell.yaml." in texts(drawn)
    assert file.read_text("utf-8") == THREE
    file.chmod(0o640)
    opened = page.get("/flow", params={"file": "sell.yaml"}).text
    found = re.search(r'name="opened" value="([^"]*)"', opened)
    assert found is not None
    changed = THREE.replace("Premium", "Small")
    sent(page, "/flow/save", text=changed, name="sell.yaml", opened=found[1], do="save")
    assert file.read_text("utf-8") == changed
    assert file.stat().st_mode & 0o777 == 0o640
    assert [each.name for each in made.folder.glob("*sell*")] == ["sell.yaml"]


def test_another_text_is_overwritten_only_on_purpose(page: TestClient, made: Studio) -> None:
    """It may be somebody else's, or was changed by another hand since."""
    file = made.folder / "sell.yaml"
    file.write_text("steps: []\n", "utf-8")
    fields = {"text": THREE, "name": "sell.yaml", "opened": digest("what it was")}
    refused = sent(page, "/flow/save", 409, do="save", **fields)
    assert "with other contents" in texts(refused)
    assert text_in(refused) == THREE
    assert file.read_text("utf-8") == "steps: []\n"
    sent(page, "/flow/save", do="overwrite", **fields)
    assert file.read_text("utf-8") == THREE


def test_a_file_keeps_its_ends_of_lines(tmp_path: Path) -> None:
    """One that Windows wrote is not changed in each line."""
    file = tmp_path / "a.yaml"
    file.write_bytes(b"steps:\r\n")
    folder = Folder(tmp_path)
    folder.save("a.yaml", "steps:\n- id: a\n", digest(folder.read("a.yaml")))
    assert file.read_bytes() == b"steps:\r\n- id: a\r\n"


def test_it_is_downloaded(page: TestClient) -> None:
    """As a file of its name."""
    answer = page.post("/flow/download", data={"text": THREE, "name": "größe.yaml"})
    assert answer.text == THREE
    assert "filename*=UTF-8''gr%C3%B6%C3%9Fe.yaml" in answer.headers["content-disposition"]


@pytest.fixture
def outside(tmp_path: Path) -> Folder:
    """A folder from which links lead out, beside a file that is nobody's business."""
    (tmp_path / "secret.yaml").write_text("outside", "utf-8")
    inside = tmp_path / "flows"
    inside.mkdir()
    (inside / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    (inside / "hanging.yaml").symlink_to(tmp_path / "new.yaml")
    (inside / "folder.yaml").mkdir()
    os.mkfifo(inside / "pipe.yaml")
    return Folder(inside)


@pytest.mark.parametrize(
    "name",
    [
        *("../secret.yaml", "..%2Fsecret.yaml/../../secret.yaml", "/etc/passwd", "a/b.yaml"),
        *("..", ".", "", ".hidden.yaml", "x.txt", "a\\b.yaml", "c:x.yaml", "a\x00.yaml"),
        *("link.yaml", "hanging.yaml", "folder.yaml", "pipe.yaml", f"{'x' * 200}.yaml"),
    ],
)
def test_no_name_leads_out_of_the_folder(name: str, outside: Folder, tmp_path: Path) -> None:
    """Neither to read nor to write."""
    with pytest.raises(NodeError):
        outside.read(name)
    with pytest.raises(NodeError):
        outside.save(name, "x", overwrite=True)
    assert (tmp_path / "secret.yaml").read_text("utf-8") == "outside"
    assert not (tmp_path / "new.yaml").exists()
    assert outside.names() == []


def test_a_file_that_is_not_there_is_said(page: TestClient) -> None:
    """Nor one with a name that is none."""
    for name, status in (("none.yaml", 404), ("../runs.db", 400)):
        assert page.get("/flow", params={"file": name}).status_code == status
    assert page.get("/flow", params={"example": "../x"}).status_code == 404


def test_of_two_that_make_a_file_one_is_first(tmp_path: Path) -> None:
    """The other is told, and nothing is lost."""
    first, second = Folder(tmp_path), Folder(tmp_path)
    first.save("a.yaml", "first")
    with pytest.raises(Exists):
        second.save("a.yaml", "second")
    assert (tmp_path / "a.yaml").read_text("utf-8") == "first"
    assert [each.name for each in tmp_path.iterdir()] == ["a.yaml"]
