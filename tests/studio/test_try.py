"""Is every action a form that runs, with what is wrong at its control?"""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import yaml
from forms.examples import World
from hypothesis import given, settings
from hypothesis import strategies as st
from studio_support import TestClient, browser, fields, studio, texts
from support import ACTIONS

from stripe_plugin import Connection, Host
from stripe_studio.studio import Studio
from stripe_studio.trying import typed
from stripe_studio.trying.form import Form, Problems, pointed
from stripe_studio.words import is_id

HOST = Host.load()
CHECKOUT = HOST.manifest("create_checkout_session")["inputs"]
PRICE = {"in:currency": "usd", "in:unit_amount": "15.00 USD", "in:product_data.name": "Plan"}


def run(page: TestClient, action: str, typed_in: dict[str, str], status: int = 200) -> str:
    """The page that comes of pressing Run."""
    answer = page.post(f"/try/{action}", data={**typed_in, "do": "run"})
    assert answer.status_code == status, texts(answer.text)
    return answer.text


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_every_action_runs_from_its_form(action: str, tmp_path: Path) -> None:
    """With the examples of its rows, each typed into a box of its own."""
    made = studio(tmp_path)
    inputs = World(made.host, made.connection).example(action)
    rows = made.host.manifest(action)["inputs"]
    filled = fields(typed.written(rows, inputs), "in:")
    assert '<h2 tabindex="-1" data-focus>Done</h2>' in run(browser(made), action, filled)


@pytest.mark.parametrize("action", sorted(ACTIONS))
def test_a_form_has_a_box_for_every_row(action: str, page: TestClient) -> None:
    """Named and described for whoever cannot see it."""
    drawn = unescape(page.get(f"/try/{action}").text)
    for row in HOST.manifest(action)["inputs"]:
        assert f'id="in-{row["name"]}"' in drawn
        assert row["key"] in drawn


@given(st.data())
@settings(max_examples=60)
def test_what_is_typed_comes_to_the_host(data: st.DataObject) -> None:
    """The fields of a form that is filled with inputs give these inputs again."""
    text = st.text("ab c.é[]", min_size=1).filter(str.strip)
    items = st.lists(
        st.fixed_dictionaries({}, optional={"price": text, "quantity": text}), max_size=3
    )
    free = st.dictionaries(text.map(str.strip), text, max_size=3)
    inputs = data.draw(
        st.fixed_dictionaries({}, optional={"mode": text, "line_items": items, "metadata": free})
    )
    tree = typed.written(CHECKOUT, inputs)
    # An item in which nothing is typed is sent with its empty boxes, as a browser does.
    for item in tree.get("line_items", {}).values():
        item.setdefault("price", "")
    sent = typed.tree(fields(tree, "in:").items(), "in:")
    expected = {name: value for name, value in inputs.items() if value}
    assert typed.inputs(CHECKOUT, sent) == expected


WRONG = {
    "in:mode": "payment",
    "in:success_url": "nowhere",
    "in:line_items.0.price": "price_1",
    "in:line_items.0.quantity": "many",
    "in:metadata.0.key": "a[",
    "in:metadata.0.value": "x",
    "opt:deadline": "soon",
}


def test_what_is_wrong_stands_at_its_control(page: TestClient) -> None:
    """Five wrong values, at any depth; the summary leads to each."""
    more = {"in:line_items.1.quantity": "1", "in:payment_intent_data.capture_method": "later"}
    drawn = run(page, "create_checkout_session", {**WRONG, **more}, 422)
    for at in ("in-line_items-0-quantity", "in-line_items-1-price", "in-metadata", "opt-deadline"):
        assert f'id="{at}-wrong"' in drawn
    assert 'href="#in-line_items-0-quantity"' in drawn
    assert 'value="many"' in drawn, "what was typed stays"


def test_the_summary_has_the_order_of_the_form(page: TestClient) -> None:
    """Whatever is judged first."""
    more = {"in:metadata.1.key": "b", "in:metadata.1.value": "x" * 600, "in:customer": "prod 1"}
    drawn = run(page, "create_checkout_session", {**WRONG, **more}, 422)
    summary, _, form = drawn.partition('<form id="inputs"')
    named = re.findall(r'<li><a href="#([^"]+)"', summary)
    places = [form.index(f'id="{name}"') for name in named if f'id="{name}"' in form]
    assert len(places) > 4
    assert places == sorted(places)


def test_a_refusal_of_stripes_stands_at_its_control(page: TestClient) -> None:
    """With its own words, what was sent, and nothing said to be done."""
    missing = {**PRICE, "in:product": "prod_missing", "in:product_data.name": ""}
    drawn = run(page, "create_price", missing, 400)
    assert 'id="in-product-wrong"' in drawn
    assert "No such product: &#39;prod_missing&#39;" in drawn
    assert "It was not done" in drawn
    assert "What was sent" in drawn


def test_a_refusal_of_an_item_stands_at_what_it_names(page: TestClient) -> None:
    """Stripe names the item, and in its words what is missing in it."""
    price = run(page, "create_price", PRICE)
    [id_, *_] = [word for word in texts(price).split() if word.startswith("price_") and is_id(word)]
    form = {
        "in:mode": "payment",
        "in:success_url": "https://example.com",
        "in:cancel_url": "https://example.com",
        "in:line_items.0.price": id_,
    }
    drawn = run(page, "create_checkout_session", form, 400)
    assert 'href="#in-line_items-0-quantity"' in drawn
    [said] = re.findall(r'id="in-line_items-0-quantity-wrong">(.*?)</ul>', drawn)
    assert "Quantity is required" in texts(said)


def test_what_looks_wrong_stands_at_its_control(page: TestClient) -> None:
    """Beside Stripe's refusal of it; where nothing does, nothing is said."""
    made = run(page, "create_customer", {"in:email": "ann@example.com"})
    [customer, *_] = re.findall(r"cus_[A-Za-z0-9]+", made)
    form = {"in:customer": customer, "in:items.0.price": "prod_missing"}
    drawn = run(page, "create_subscription", form, 400)
    assert 'id="in-items-0-price-wrong"' in drawn
    [said] = re.findall(r'id="in-items-0-price-doubt">(.*?)</ul>', drawn)
    assert "Items › 1 › Price usually starts with price_" in texts(said)
    assert "1 thing looks wrong, and may be right" in texts(drawn)
    refused = {"opt:extra.0.key": "colour", "opt:extra.0.value": "red"}
    assert 'id="opt-extra-doubt"' in run(page, "create_customer", refused, 400)
    assert "doubt" not in run(page, "create_customer", {"in:name": "Ann"})


def test_who_has_no_card_is_given_one_by_a_button(page: TestClient) -> None:
    """That is said beside Stripe's refusal, with the way to it."""
    made = run(page, "create_customer", {"in:email": "ann@example.com"})
    [customer, *_] = re.findall(r"cus_[A-Za-z0-9]+", made)
    monthly = {"in:recurring.interval": "month", **PRICE}
    [price, *_] = re.findall(r"price_[A-Za-z0-9]{8,}", run(page, "create_price", monthly))
    form = {"in:customer": customer, "in:items.0.price": price}
    drawn = run(page, "create_subscription", form, 400)
    assert f"Objects › {customer} › Give it a card" in texts(drawn)
    assert f'href="/objects/{customer}"' in drawn


def test_an_example_names_what_is_there(page: TestClient) -> None:
    """An object that a picker knows, at any depth; else it says that it is only an example."""
    blank = {"do": "example"}
    drawn = page.post("/try/create_subscription", data=blank).text
    assert "Customer: there is none to choose yet, so cus_123 is only an example." in texts(drawn)
    made = run(page, "create_customer", {"in:email": "ann@example.com"})
    [customer, *_] = re.findall(r"cus_[A-Za-z0-9]+", made)
    monthly = {"in:recurring.interval": "month", **PRICE}
    [price, *_] = re.findall(r"price_[A-Za-z0-9]{8,}", run(page, "create_price", monthly))
    drawn = page.post("/try/create_subscription", data=blank).text
    assert f'value="{customer}"' in drawn
    assert f'value="{price}"' in drawn
    assert "Customer: there is none" not in texts(drawn)


def test_an_action_that_is_none_leads_to_those_that_are(page: TestClient) -> None:
    """On the page itself, not in a terminal."""
    answer = page.get("/try/nope")
    assert answer.status_code == 404
    assert "There is no action" in texts(answer.text)
    assert "Choose one under All actions" in texts(answer.text)
    assert "stripe-nodes list" not in answer.text


def test_the_lines_of_a_preview_are_told(made: Studio, page: TestClient) -> None:
    """What each is for, how much, and for which time: not one number alone."""
    inputs = World(made.host, made.connection).example("preview_invoice")
    rows = made.host.manifest("preview_invoice")["inputs"]
    drawn = run(page, "preview_invoice", fields(typed.written(rows, inputs), "in:"))
    [lines] = re.findall(r'<table class="lines">.*?</table>', drawn, re.DOTALL)
    assert re.search(r"What for Amount .+ UTC to .+ UTC [-0-9.,]+ [A-Z]{3}", texts(lines))


def test_a_declined_card_is_told_with_what_to_do(page: TestClient) -> None:
    """The bank's code, advice, and the payment that was begun."""
    form = {
        "in:amount": "2000",
        "in:currency": "usd",
        "in:payment_method": "pm_card_chargeDeclined",
        "in:confirm": "true",
        "in:return_url": "https://example.com",
    }
    drawn = run(page, "create_payment_intent", form, 402)
    [failure] = re.findall(r'<div class="failure".*?</div>', drawn, re.DOTALL)
    assert "card_declined · generic_decline" in texts(failure)
    assert "The customer can ask their bank" in texts(failure)
    [address] = re.findall(r'href="(/objects/pi_[^"]+)"', failure)
    assert page.get(address).status_code == 200


def test_a_problem_of_an_item_as_a_whole_stands_there() -> None:
    """At the part of the form that is the item's, to which the summary leads."""
    problem = {"path": ("line_items", 1), "text": "This item is wrong."}
    form = Form(prefix="in:", problems=Problems([problem]))
    sent: typed.Tree = {"line_items": {"0": {}, "1": {}}}
    controls = {each.row["name"]: each for each in form.controls(CHECKOUT, sent)}
    found = {item.id: item.problems for item in controls["line_items"].items}
    assert found == {"in-line_items-0": [], "in-line_items-1": ["This item is wrong."]}
    assert pointed(problem, "in:", "opt:")["at"] == "in-line_items-1"


def test_a_choice_is_known_by_what_stripe_calls_it(page: TestClient) -> None:
    """Help says `send_invoice`, and so does the choice; where the words are the same, once."""
    drawn = page.get("/try/create_subscription").text
    assert ">Send invoice (send_invoice)</option>" in drawn
    drawn = page.get("/try/create_checkout_session").text
    assert ">Payment</option>" in drawn
    assert ">POST</option>" in page.get("/try/stripe_api_request").text


def test_an_answer_is_shown_three_ways(page: TestClient) -> None:
    """As labelled fields with money and links, as a tree, and as JSON."""
    drawn = run(page, "create_price", PRICE)
    shown = texts(drawn)
    assert "Unit Amount 15.00 USD" in shown
    assert "unit_amount 1500" in shown
    assert '"unit_amount": 1500' in shown
    assert '<a href="/objects/price_' in drawn


def test_what_was_sent_is_copied_in_four_languages(page: TestClient, tmp_path: Path) -> None:
    """Each is the same run again: the step is one that a flow takes, the call one of Python."""
    drawn = run(page, "create_price", PRICE)
    pieces = [texts(piece) for piece in drawn.split("<pre")]
    assert "curl https://api.stripe.com/v1/prices" in drawn
    assert "unit_amount=1500" in drawn
    [step] = [piece for piece in drawn.split('<pre tabindex="0">') if piece.startswith("- id:")]
    [found] = yaml.safe_load(step.split("</pre>")[0].replace("&#39;", "'"))
    again = HOST.run(found["action"], found["inputs"], connection=Connection.emulator())
    assert again.output["unit_amount"] == 1500
    assert any("stripe-nodes --emulator run create_price" in piece for piece in pieces)


def test_a_form_that_is_sent_twice_is_done_once(tmp_path: Path) -> None:
    """Its run has a name; the next form has another."""
    made = studio(tmp_path)
    page = browser(made)
    form = {"in:email": "a@b.example", "run": "run_once"}
    run(page, "create_customer", form)
    assert "replayed: nothing was executed again" in run(page, "create_customer", form)
    assert made.emulator
    assert made.emulator.executed("POST /v1/customers") == 1
    assert 'name="run" value="run_once"' not in run(page, "create_customer", form)


def test_items_and_pairs_come_and_go(page: TestClient) -> None:
    """Without a script; what is typed elsewhere stays, and positions close up."""
    form = {
        "in:line_items.0.price": "price_a",
        "in:line_items.1.price": "price_b",
        "in:metadata.0.key": "k",
        "in:metadata.0.value": "v",
    }
    address = "/try/create_checkout_session"
    more = page.post(address, data={**form, "do": "add:in:line_items"}).text
    assert 'id="in-line_items-2-price"' in more
    less = page.post(address, data={**form, "do": "drop:in:line_items.0"}).text
    assert 'name="in:line_items.0.price" value="price_b"' in less
    assert 'id="in-line_items-1-price"' not in less
    assert 'name="in:metadata.0.value" value="v"' in less


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"in:metadata.0.key": "k", "in:metadata.1.key": "k"}, "Metadata: the key k stands twice."),
        (
            {"in:metadata.@clear": "1", "in:metadata.0.key": "k", "in:metadata.0.value": "v"},
            "Metadata: it is to be unset, and filled in: do one of both.",
        ),
    ],
)
def test_nothing_is_lost_on_the_way(page: TestClient, form: dict[str, str], words: str) -> None:
    """What a form can say and inputs cannot is refused before it is cut."""
    assert words in texts(run(page, "update_product", {"in:id": "prod_1", **form}, 422))


def test_a_key_is_kept_as_it_is_typed(page: TestClient) -> None:
    """With the blanks around it, as Stripe keeps it and as everywhere else."""
    form = {"in:name": "A", "in:metadata.0.key": " sp ace ", "in:metadata.0.value": " x "}
    assert '" sp ace ": " x "' in unescape(run(page, "create_product", form))


def test_what_can_be_unset_is(page: TestClient) -> None:
    """By a mark where nothing can be typed, by a word where something can."""
    product = run(
        page,
        "create_product",
        {
            "in:name": "A",
            "in:metadata.0.key": "k",
            "in:metadata.0.value": "v",
            "in:description": "d",
        },
    )
    [id_, *_] = [
        word for word in texts(product).split() if word.startswith("prod_") and is_id(word)
    ]
    form = {"in:id": id_, "in:metadata.@clear": "1", "in:description": "@clear"}
    drawn = texts(run(page, "update_product", form))
    assert '"metadata": {}' in drawn
    assert '"description": null' in drawn


HOSTILE = "<script>alert(1)</script> \"' {{ 7*7 }} ${{ env.HOME }}"


def test_a_hostile_name_is_only_a_name(page: TestClient) -> None:
    """In the form, in the answer, in a choice, and in what is copied."""
    drawn = run(page, "create_product", {"in:name": HOSTILE})
    chosen = page.post("/try/create_price/choices?row=product", data={}).text
    for text in (drawn, chosen):
        assert "<script>alert" not in text
        assert "&lt;script&gt;alert(1)" in text
        assert "{{ 7*7 }}" in text


def test_a_search_that_finds_nothing_says_so(page: TestClient) -> None:
    """Where nothing can be chosen, the sentence says why: here the words that were typed."""
    address = "/try/create_price/choices?row=product"
    chosen = page.post(address, data={"in:product": "zzz"}).text
    assert "No product has the words &#34;zzz&#34;." in chosen


def test_choices_have_words_and_ids(page: TestClient) -> None:
    """Of the objects that are there, by what is typed; a row without a list says so."""
    for name in ("Blue lamp", "Red lamp"):
        run(page, "create_product", {"in:name": name})
    address = "/try/create_price/choices?row=product"
    both = page.post(address, data={}).text
    blue = page.post(address, data={"in:product": "blue"}).text
    assert "Red lamp" in both
    assert ("Blue lamp" in blue, "Red lamp" in blue) == (True, False)
    assert 'data-pick="prod_' in blue


def test_a_secret_is_shown_when_it_is_asked_for(page: TestClient) -> None:
    """One at a time; the page itself has none."""
    drawn = run(page, "create_payment_intent", {"in:amount": "2000", "in:currency": "usd"})
    assert "_secret_…" in drawn
    assert "Show client_secret" in drawn
    [address] = [
        part.split('"')[0] for part in drawn.split('action="') if part.startswith("/answers")
    ]
    whole = page.post(address, data={"path": "client_secret"}).text
    assert "_secret_" in whole
    assert "…" not in whole
    assert whole not in drawn
    assert page.post("/answers/run_other/secret", data={"path": "id"}).status_code == 404


def test_only_secrets_are_given_one_by_one(page: TestClient) -> None:
    """Not whatever stands at a path."""
    drawn = run(page, "create_payment_intent", {"in:amount": "2000", "in:currency": "usd"})
    [address] = [
        part.split('"')[0] for part in drawn.split('action="') if part.startswith("/answers")
    ]
    assert page.post(address, data={"path": "id"}).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        "",
        "do=run&do=run",
        "in:a.b.c.d=1&do=add:in:a.b",
        "do=drop:in:",
        "do=add:",
        "in:=1&do=run",
        "%FF=%FF&do=run",
        "do=drop:in:line_items.x",
        "in:line_items=text&in:line_items.0.price=a&do=run",
    ],
)
def test_no_form_breaks_the_page(page: TestClient, body: str) -> None:
    """Whatever is sent, a form comes back."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = page.post("/try/create_checkout_session", content=body, headers=headers)
    assert answer.status_code in (200, 422)


def test_an_action_that_is_not_there_is_told(page: TestClient) -> None:
    """With what may have been meant."""
    answer = page.get("/try/create_prize")
    assert answer.status_code == 404
    assert "did you mean create_price" in texts(answer.text)


def test_a_control_knows_what_forbids_it() -> None:
    """For the browser, which hides it while it is empty."""
    controls = {each.row["name"]: each for each in Form(prefix="in:").controls(CHECKOUT, {})}
    found: list[Any] = json.loads(controls["line_items"].shown_when)
    assert {"when": {}, "unless": {"mode": ["payment", "subscription"]}} in found
    assert controls["customer_email"].shown_when == ""


def test_an_address_fills_a_form_in(page: TestClient) -> None:
    """So that an object's page leads to what can be done with it; nothing is run by it."""
    address = "/try/refund_payment?in:payment_intent=pi_123&do=run"
    drawn = page.get(address).text
    assert 'value="pi_123"' in drawn
    assert "It appears here when you run the action" in drawn


def test_any_endpoint_has_its_parameters_as_a_form(page: TestClient) -> None:
    """By its path, which is chosen by words; what is typed there is judged by Stripe's document."""
    address = "/try/stripe_api_request"
    chosen = page.post(f"{address}/choices?row=path", data={"in:path": "tax rate"}).text
    assert 'data-pick="/v1/tax_rates"' in chosen
    endpoint = {"in:method": "POST", "in:path": "/v1/tax_rates"}
    drawn = page.post(address, data={**endpoint, "do": "draw"}).text
    assert 'name="in:parameters_.display_name"' in drawn
    form = {**endpoint, "in:parameters_.display_name": "VAT", "in:parameters_.inclusive": "false"}
    wrong = run(page, "stripe_api_request", {**form, "in:parameters_.percentage": "x"}, 422)
    assert 'id="in-parameters_-percentage-wrong"' in wrong
    done = run(page, "stripe_api_request", {**form, "in:parameters_.percentage": "20"})
    assert '"percentage": 20' in texts(done)


@pytest.mark.parametrize(
    "endpoint", ["POST /v1/nothing", "PUT /v1/prices", "", "GET", "GET nowhere"]
)
def test_an_endpoint_that_is_not_there_has_no_form(page: TestClient, endpoint: str) -> None:
    """The parameters stay keys and values, and what is wrong is told when it is run."""
    method, _, path = endpoint.partition(" ")
    form = {"in:method": method, "in:path": path, "do": "draw"}
    drawn = page.post("/try/stripe_api_request", data=form)
    assert drawn.status_code == 200
    assert 'value="add:in:parameters_"' in drawn.text


def test_a_recipe_says_that_it_is_several_requests(page: TestClient) -> None:
    """So that nobody takes one of them for the whole."""
    drawn = run(page, "find_or_create_customer", {"in:email": "ann@example.com"})
    assert "It is made of several requests" in drawn
    assert "What was sent" not in drawn
    assert "curl https" not in drawn
    assert "stripe-nodes --emulator run find_or_create_customer" in drawn


@pytest.mark.parametrize("name", ["r" * 10_000, "sk_test_" + 24 * "a"])
def test_a_name_that_no_run_can_have_is_refused_in_words(page: TestClient, name: str) -> None:
    """It comes with a form that somebody changed; the page says what is wrong with it."""
    shown = run(page, "create_customer", {"in:name": "Jenny", "run": name}, 400)
    assert "It was not done" in texts(shown)


def test_a_position_of_very_many_digits_is_none(page: TestClient) -> None:
    """It is read as a name, and not as a number that Python refuses."""
    place = f"in:metadata.{'9' * 5000}"
    run(page, "create_customer", {f"{place}.key": "a", f"{place}.value": "b"})


@pytest.mark.parametrize("inside", ["\u2028", "\x85", "\x0b", "\x0c", "\x1c"])
def test_only_the_end_of_a_line_parts_a_list(inside: str) -> None:
    """Whatever else some call an end of a line stays where it was typed."""
    row = {"name": "names", "type": "array"}
    given = typed.inputs([row], {"names": f"a{inside}b\r\nc\nd"})
    assert given == {"names": [f"a{inside}b", "c", "d"]}


def test_a_run_that_was_done_with_other_inputs_is_not_done_again(page: TestClient) -> None:
    """An address may name a run that is over: the page says so, and changes nothing."""
    run(page, "create_customer", {"in:name": "Jenny", "run": "r1"})
    shown = run(page, "create_customer", {"in:name": "Other", "run": "r1"}, 400)
    assert "was done in this run with other inputs" in texts(shown)


def test_what_another_endpoint_had_is_not_lost(page: TestClient) -> None:
    """A parameter that the path which stands there now has not is told, and nothing is sent."""
    form = {"in:method": "POST", "in:path": "/v1/customers", "in:parameters_.display_name": "VAT"}
    wrong = run(page, "stripe_api_request", form, 422)
    assert "Parameters: display_name was filled in, and has no box here any more" in texts(wrong)


def test_what_is_written_as_pairs_stays_so(page: TestClient) -> None:
    """Where there are boxes, too: what is sent is what was written."""
    pair = {"in:parameters_.0.key": "email", "in:parameters_.0.value": "ann@example.com"}
    form = {"in:method": "POST", "in:path": "/v1/customers", **pair}
    assert '"email": "ann@example.com"' in texts(run(page, "stripe_api_request", form))
