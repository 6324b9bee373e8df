"""What a flow is given before it runs: its inputs, variables of the environment; what it shows."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from flow_support import Desk, desk_at
from terminal_support import Terminal

from stripe_emulator import Fault
from stripe_flow.flow import load
from stripe_flow.reading import FlowError
from stripe_plugin import NodeError, StripeError, UsageError


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An empty emulator and journal."""
    with desk_at(tmp_path) as made:
        yield made


STEPS = "steps: [{id: a, action: list_products}]\n"
DECLARED = """\
inputs:
  name: {description: What it is called}
  amount: {type: integer, default: 1500}
  currency: {choices: [usd, eur], default: usd}
  tags: {type: object, required: false}
  active: {type: boolean, default: true}
steps:
  - id: plan
    action: create_product
    inputs:
      Name: ${{ inputs.name }}
      Active: ${{ inputs.active }}
      Metadata: ${{ inputs.tags }}
  - id: price
    action: create_price
    inputs:
      Product: ${{ steps.plan.id }}
      Unit Amount: ${{ inputs.amount }}
      Currency: ${{ inputs.currency }}
"""


def test_inputs_are_read_in_their_types(desk: Desk) -> None:
    """What is typed is read as its type says, and reaches Stripe as such; defaults fill in."""
    given = {"name": "Plan", "amount": "250", "active": "false", "tags": '{"a": "b"}'}
    done = desk.each(DECLARED, **given)
    plan, price = done["plan"].output, done["price"].output
    assert (plan["name"], plan["active"], plan["metadata"]) == ("Plan", False, {"a": "b"})
    assert (price["unit_amount"], price["currency"]) == (250, "usd")


def test_an_input_that_is_not_given_gives_nothing(desk: Desk) -> None:
    """An input that need not be given and is not leaves a row that refers to it empty."""
    assert desk.each(DECLARED, name="Plan")["plan"].output["metadata"] == {}


@pytest.mark.parametrize(
    ("kind", "typed", "found"),
    [
        ("string", " @clear", '" @clear"'),
        ("string", "5", '"5"'),
        ("integer", "-7", "-7"),
        ("boolean", "TRUE", "true"),
        ("array", '["", null, {"a": ""}, []]', '["", null, {"a": ""}, []]'),
        ("array", [], "[]"),
        ("array", "[]", "[]"),
        ("object", '{"a": {}}', '{"a": {}}'),
        ("object", {"a": [1.5]}, '{"a": [1.5]}'),
    ],
)
def test_no_input_is_changed_on_its_way(kind: str, typed: Any, found: str, desk: Desk) -> None:
    """What a flow looks at is what was given, with all that is empty in it."""
    name = '"${{ to_string(inputs.x) }}"' if kind != "string" else "'\"${{ inputs.x }}\"'"
    step = f"{{id: a, action: create_product, inputs: {{Name: {name}}}}}"
    text = f"inputs: {{x: {{type: {kind}}}}}\nsteps: [{step}]"
    output = desk.each(text, x=typed)["a"].output
    assert json.loads(output["name"]) == json.loads(found)


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        *(("string", 5), ("integer", "1.5"), ("integer", True), ("boolean", "1"), ("boolean", 1)),
        *(("array", "{}"), ("array", "[NaN]"), ("array", "["), ("array", 5), ("object", "[]")),
        *(("object", "{a: b}"), ("array", "[" * 50_000), ("string", "a\x00")),
    ],
)
def test_what_is_not_of_its_type(kind: str, typed: Any, desk: Desk) -> None:
    """An input is read exactly, or refused with what it must be."""
    text = f"inputs: {{x: {{type: {kind}}}}}\n{STEPS}"
    with pytest.raises(FlowError, match=r"^flow\.yaml:1: The input x (must|holds)"):
        desk.each(text, x=typed)


WRONG_INPUTS: dict[str, tuple[Mapping[str, Any], list[tuple[int, str]]]] = {
    "missing": ({}, [(2, "The input name is required: give it by --input name=")]),
    "unknown": ({"name": "a", "amuont": "1"}, [(1, 'no input "amuont" (did you mean amount?)')]),
    "no number": (
        {"name": "a", "amount": "ten"},
        [(3, 'The input amount must be a whole number, such as 10; got "ten"')],
    ),
    "no choice": (
        {"name": "a", "currency": "yen"},
        [(4, 'The input currency must be one of usd, eur; got "yen"')],
    ),
    "empty": ({"name": "", "active": "maybe"}, [(2, "is empty"), (6, "must be true or false")]),
    "all at once": (
        {"amount": "1.5", "x": "y"},
        [(1, "no input"), (2, "is required"), (3, "must be a whole number")],
    ),
    "what the action does not take": (
        {"name": "Plan", "amount": "-5"},
        [(18, "Unit Amount must be")],
    ),
}


@pytest.mark.parametrize("case", WRONG_INPUTS)
def test_a_wrong_input_is_told_with_its_line(case: str, desk: Desk) -> None:
    """Inputs that are missing, unknown or wrong are told all at once, and nothing is sent."""
    given, expected = WRONG_INPUTS[case]
    with pytest.raises(FlowError) as caught:
        desk.each(DECLARED, **given)
    told = str(caught.value).splitlines()
    assert len(told) == len(expected), told
    for line, (number, words) in zip(told, expected, strict=True):
        assert line.startswith(f"flow.yaml:{number}: "), line
        assert words in line
    assert desk.sent() == []


WRONG_DECLARATIONS = {
    "inputs: [a]": "inputs must be an object",
    "inputs: {a b: }": "has letters, digits and _",
    "inputs: {a: string}": "must say its type",
    "inputs: {a: {tipe: string}}": '"tipe" is none of type, required',
    "inputs: {a: {type: text}}": "type must be one of string, integer",
    "inputs: {a: {type: [string]}}": "type must be one of string, integer",
    "inputs: {a: {required: yes}}": "required must be true or false",
    "inputs: {a: {required: true, default: b}}": "has a default, so it need not be given",
    "inputs: {a: {description: 5}}": "description must be text",
    "inputs: {a: {choices: []}}": "choices must be a list of values",
    "inputs: {a: {type: integer, default: ten}}": "a › default must be a whole number",
    "inputs: {a: {type: integer, choices: [1, ten]}}": "a › choices must be a whole number",
    "inputs: {a: {choices: [b], default: c}}": "a › default must be one of b",
}


@pytest.mark.parametrize("declaration", WRONG_DECLARATIONS)
def test_a_wrong_declaration_is_told_with_its_line(declaration: str, desk: Desk) -> None:
    """A declaration of an input that says nothing, or contradicts itself, is refused."""
    with pytest.raises(FlowError) as caught:
        load("flow.yaml", f"{STEPS}{declaration}\n", desk.host, {"a": "b"})
    first = str(caught.value).splitlines()[0]
    assert first.startswith("flow.yaml:2: ")
    assert WRONG_DECLARATIONS[declaration] in first


def test_a_run_that_goes_on_has_the_same_inputs(desk: Desk) -> None:
    """Other inputs under the run ID are refused by name before anything is sent."""
    fault = Fault(kind="unavailable", path="/v1/prices", should_retry=False)
    desk.world.faults.add(fault)
    with pytest.raises(StripeError):
        desk.each(DECLARED, name="Plan", amount=100)
    desk.sent()
    with pytest.raises(UsageError, match=r"other inputs of the flow \(name, amount\)"):
        desk.each(DECLARED, name="Other", amount=200)
    assert desk.sent() == []
    assert desk.each(DECLARED, name="Plan", amount=100)["price"].output["unit_amount"] == 100
    assert desk.sent() == ["POST /v1/prices"]


MAKING = "{id: a, action: create_product, inputs: {Name: A}}"
THEN = "{id: b, action: retrieve_product, inputs: {Product ID: prod_none}}"
MORE = "{id: c, action: create_product, inputs: {Name: C}}"
EDITS = {
    "another name": MAKING.replace("id: a", "id: made"),
    "in a loop": MAKING.replace("id: a", "id: a, foreach: [1]"),
    "no more there": MORE,
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_run_that_goes_on_has_the_same_steps(edit: str, desk: Desk) -> None:
    """A step that was done cannot be done once more because its file was edited meanwhile."""
    with pytest.raises(StripeError):
        desk.told(f"steps: [{MAKING}, {THEN}]")
    desk.sent()
    with pytest.raises(UsageError, match=r"no step for: a\. "):
        desk.told(f"steps: [{EDITS[edit]}, {THEN}]")
    assert desk.sent() == []


def test_a_run_that_goes_on_may_have_more_steps(desk: Desk) -> None:
    """What is mended, added or put elsewhere is done; what was added then is held to as well."""
    with pytest.raises(StripeError):
        desk.told(f"steps: [{MAKING}, {THEN}]")
    mended = THEN.replace("prod_none", "'${{ steps.a.id }}'")
    assert desk.told(f"steps: [{MAKING}, {mended}]") == ["↺ a", "✓ b"]
    assert desk.told(f"steps: [{MORE}, {MAKING}, {mended}]") == ["✓ c", "↺ a", "↺ b"]
    with pytest.raises(UsageError, match="no step for: c"):
        desk.told(f"steps: [{MAKING}, {mended}, {MORE.replace('id: c', 'id: d')}]")
    off = MORE.replace("id: c", "id: c, if: false")
    assert desk.told(f"steps: [{MAKING}, {mended}, {off}]") == ["↺ a", "↺ b", "– c"]


def test_what_a_flow_is_given_is_not_kept(desk: Desk) -> None:
    """The journal has digests of a flow's inputs, not what they are."""
    text = "inputs: {name: }\nsteps: [{id: a, action: list_products, if: inputs.name == 'x'}]"
    assert desk.told(text, name="Jenny Rosen") == ["– a"]
    assert b"input:name" in desk.file.read_bytes()
    assert b"Jenny" not in desk.file.read_bytes()


# --- variables ------------------------------------------------------------------------------------

SECRET = "jenny+private@example.com"
VARIABLE = """\
steps:
  - id: customer
    action: create_customer
    inputs: {Email: "${{ env.MAILBOX }}", Description: "see ${{ env.MAILBOX }}"}
  - id: found
    action: list_customers
    inputs: {Email: "${{ env.MAILBOX }}"}
"""


def test_a_variable_is_sent_but_not_kept(desk: Desk) -> None:
    """A variable reaches Stripe; neither it nor what Stripe repeats of it is in the journal."""
    done = [*desk.outcomes(VARIABLE, environ={"MAILBOX": SECRET})]
    found = done[1].result
    assert found
    assert found.output["data"][0]["email"] == SECRET
    assert SECRET.encode() not in desk.file.read_bytes()
    again = [*desk.outcomes(VARIABLE, environ={"MAILBOX": SECRET})]
    assert again[0].result
    assert again[0].result.output["email"] == "hidden_…"


def test_blanks_around_a_variable_give_nothing_away(desk: Desk) -> None:
    """A variable as from a file, with its newline, is hidden also as it is sent: without that."""
    text = 'steps: [{id: a, action: create_customer, inputs: {Name: "${{ env.NAME }}"}}]'
    [done] = desk.outcomes(text, environ={"NAME": "Jenny Private\n"})
    assert done.result
    assert done.result.output["name"] == "Jenny Private"
    assert b"Jenny Private" not in desk.file.read_bytes()


@pytest.mark.parametrize(
    ("environ", "why"),
    [
        ({}, "MAILBOX is not set"),
        ({"MAILBOX": ""}, "MAILBOX is set but empty"),
        ({"MAILBOX": "  "}, "MAILBOX is set but empty"),
        ({"MAILBOX": "ab"}, "cannot be hidden"),
        ({"MAILBOX": " ab     "}, "cannot be hidden"),
    ],
)
def test_a_variable_that_is_not_there(environ: dict[str, str], why: str, desk: Desk) -> None:
    """A variable that is unset, empty, or too short to be hidden is told with its lines."""
    with pytest.raises(FlowError) as caught:
        desk.outcomes(VARIABLE, environ=environ)
    told = str(caught.value).splitlines()
    assert [line.split(":")[1] for line in told] == ["4", "4", "7"]
    assert all(why in line for line in told)


BEHIND = (
    VARIABLE
    + "  - {id: b, action: create_customer, inputs: {Email: '${{ steps.customer.email }}'}}\n"
)


def test_what_a_variable_hides_is_not_sent_on(desk: Desk) -> None:
    """What Stripe repeats of a variable is no input of a later step: a repetition had it not."""
    with pytest.raises(UsageError, match="what a variable hides"):
        [*desk.outcomes(BEHIND, environ={"MAILBOX": SECRET})]
    assert [line.partition("?")[0] for line in desk.sent()] == [
        "POST /v1/customers",
        "GET /v1/customers",
    ]


REFUSED = """\
steps:
  - {id: lost, action: retrieve_customer, inputs: {Customer ID: "${{ env.CUSTOMER }}"}}
"""


@pytest.mark.parametrize("json_", [(), ("--json",)])
@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("cus_PrivateOfJenny", 3),
        ("no such id, surely private", 2),
        ("private " + 50 * "of Jenny ", 2),
    ],
)
def test_a_variable_is_never_printed(
    value: str, code: int, json_: tuple[str, ...], tmp_path: Path
) -> None:
    """Where Stripe, or we, repeat a variable's text, it is cut from what the terminal shows."""
    file = tmp_path / "flow.yaml"
    file.write_text(REFUSED, "utf-8")
    terminal = Terminal(tmp_path, CUSTOMER=value)
    done = terminal("flow", str(file), "--run-id", "r1", *json_, code=code)
    shown = done.stdout + done.stderr
    assert "hidden_" in shown
    assert value[:20] not in shown
    kept = [kept.read_bytes() for kept in tmp_path.glob("runs.db*")]
    assert not any(value[:20].encode() in each for each in kept)


@pytest.mark.parametrize(
    "expression", ["join('', [env.A, env.B])", "env", "env.A || env.B", "length(env.A)"]
)
def test_a_variable_stands_alone(expression: str, desk: Desk) -> None:
    """Nothing is computed of a variable: what came of it could not be hidden."""
    text = (
        f'steps: [{{id: a, action: create_customer, inputs: {{Name: "${{{{ {expression} }}}}"}}}}]'
    )
    with pytest.raises(FlowError, match=r"write \$\{\{ env.NAME \}\} alone"):
        desk.outcomes(text, environ={"A": SECRET, "B": SECRET})


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("options: {Account: '${{ env.A }}'}", "as this is logged"),
        ("options: {idempotency_key: 'a-${{ env.A }}'}", "as this is logged"),
        ("foreach: ['${{ env.A }}']", "cannot be hidden in a list of items"),
        ("foreach: env.A", "alone"),
        ("if: env.A", "alone"),
    ],
)
def test_where_no_variable_may_stand(words: str, why: str, desk: Desk) -> None:
    """A variable stands where it can be hidden: in inputs, and in parameters without a row."""
    text = f"steps:\n- {{id: a, action: list_customers, {words}}}\n"
    with pytest.raises(FlowError, match=f"^flow.yaml:2: .*{why}"):
        desk.outcomes(text, environ={"A": SECRET})
    sent = "steps: [{id: a, action: create_customer, options: {Extra: {phone: '${{ env.A }}'}}}]"
    [done] = desk.outcomes(sent, environ={"A": "+49 170 1234567"})
    assert done.result
    assert done.result.output["phone"] == "+49 170 1234567"


# --- look-alikes ----------------------------------------------------------------------------------

LOOK_ALIKES = {
    "{{ steps.a.id }}": "${{ steps.a.id }}",
    "{{name}}": "${{ inputs.name }}",
    "a {{ inputs.name }} b": "${{ inputs.name }}",
    "${MAILBOX}": "${{ env.MAILBOX }}",
    "${name}": "${{ inputs.name }}",
    "$MAILBOX": "${{ env.MAILBOX }}",
    "to $customer now": "${{ inputs.customer }}",
}
NONE = ["$5", "US$ 5", "{CHECKOUT_SESSION_ID}", "a { b } c", "${{ inputs.x }}", "100 $", "{}"]


def warned(desk: Desk, text: str) -> list[dict[str, Any]]:
    """What is told of a name that is written so."""
    name = json.dumps(text)
    flow = (
        f"inputs: {{x: {{default: y}}}}\nsteps:\n- id: a\n  action: create_product\n"
        f"  inputs:\n    Name: a\n    Metadata: {{note: {name}}}\n"
    )
    return [dict(warning) for warning in load("flow.yaml", flow, desk.host).warnings]


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_a_look_alike_is_warned_of(text: str, desk: Desk) -> None:
    """What other tools fill in is sent as text: its line and the right form are told."""
    [warning] = warned(desk, text)
    assert (warning["line"], warning["step"], warning["key"]) == (7, "a", "Metadata")
    assert "is sent as text" in warning["text"]
    assert warning["text"].endswith(f"is written {LOOK_ALIKES[text]}")


@pytest.mark.parametrize("text", NONE)
def test_what_is_no_look_alike(text: str, desk: Desk) -> None:
    """Prices, Stripe's own placeholder and true references are nobody's mistake."""
    assert warned(desk, text) == []


ANSWERED = """steps:
- id: plan
  action: create_price
  inputs: {Currency: usd, Unit Amount: 500, Product Data: {name: Care}}
- id: prices
  action: list_prices
- id: each
  action: create_product
  inputs: {Name: Each}
  foreach: steps.prices.data
- id: any
  action: stripe_api_request
  inputs: {Method: GET, Path: /v1/balance}
- id: last
  action: create_product
  inputs: {Name: a, Metadata: {note: "${{ %s }}"}}
"""


def doubts(desk: Desk, expression: str) -> list[str]:
    """What is doubted of a reference to earlier answers."""
    flow = load("flow.yaml", ANSWERED % expression, desk.host)
    assert all(
        (it["line"], it["step"], it["key"]) == (16, "last", "Metadata") for it in flow.warnings
    )
    return [warning["text"].partition("}}: ")[2] for warning in flow.warnings]


DOUBTFUL = {
    "steps.plan.ID": "plan has no field ID that Stripe documents (did you mean id?).",
    "steps.plan.recurring.intervall": (
        "plan.recurring has no field intervall that Stripe documents (did you mean interval?)."
    ),
    "steps.prices.data.id": (
        "plan.data is a list: write plan.data[0].id for its first, plan.data[].id for all."
    ).replace("plan", "prices"),
    "steps.prices.dat[0].id": "prices has no field dat that Stripe documents (did you mean data?).",
    "steps.plan.id || steps.plan.ID": (
        "plan has no field ID that Stripe documents (did you mean id?)."
    ),
    "steps.each[].nothing": "each[] has no field nothing that Stripe documents.",
    "steps.each[0].idd": "each[] has no field idd that Stripe documents (did you mean id?).",
    "steps.plan[].id": "plan is no list.",
    **dict.fromkeys(
        (
            "steps.prices.data[].curency",
            "steps.prices.data[0].curency",
            "steps.prices.data[-1:].curency",
            "steps.prices.data[*].curency",
            "steps.prices.data[?curency == 'usd'].id",
            "steps.prices.data[?active].curency",
            "steps.prices.data | [0].curency",
            "steps.prices | data[].curency",
            "length(steps.prices.data[].curency)",
            "steps.prices.data[].{a: id, b: curency}",
            "steps.prices.data[].[id, curency]",
        ),
        "prices.data[] has no field curency that Stripe documents (did you mean currency?).",
    ),
}
KNOWN = [
    "steps.plan.id",
    "steps.plan.product.name",
    "steps.plan.metadata.whatever",
    "steps.prices.data[0].id",
    "steps.prices.data[].product.name",
    "length(steps.prices.data)",
    "steps.each[0].id",
    "steps.each[].id",
    "steps.any.available",
    "steps.prices.data[?active && recurring.interval == 'month'] | [0].id",
    "sort_by(steps.prices.data, &created)[0].whatever",
    "steps.prices.*.whatever",
    "steps.prices.data[].metadata.whatever",
    "to_string(steps.plan)",
]


@pytest.mark.parametrize("expression", DOUBTFUL)
def test_a_field_that_no_answer_has_is_warned_of(expression: str, desk: Desk) -> None:
    """Before anything is sent, with what was meant; it may be newer than the document."""
    assert doubts(desk, expression) == [DOUBTFUL[expression]]


@pytest.mark.parametrize("expression", KNOWN)
def test_a_field_of_an_answer_is_no_doubt(expression: str, desk: Desk) -> None:
    """Nor is one of which nothing is known, or that depends on what comes."""
    assert doubts(desk, expression) == []


LOOPED = """
steps:
- {id: prices, action: list_prices}
- id: each
  action: update_price
  foreach: %s
  inputs: {Price ID: "${{ %s }}", Metadata: {n: "${{ index }}"}}
"""


@pytest.mark.parametrize(
    ("foreach", "given", "doubted"),
    [
        ("steps.prices.data", "item.id", []),
        ("steps.prices.data[?active].id", "item", []),
        ("['a', 'b']", "item.idd", []),
        ("steps.prices.dat", "item.id", ["prices has no field dat that Stripe documents"]),
        ("steps.prices.data", "item.idd", ["item has no field idd that Stripe documents"]),
        ("steps.prices.data[?activ]", "item.id", ["prices.data[] has no field activ"]),
        ("steps.prices.data[]", "item.recurring.each", ["item.recurring has no field each"]),
    ],
)
def test_an_item_of_a_loop_is_known(
    foreach: str, given: str, doubted: list[str], desk: Desk
) -> None:
    """What a loop is over is followed, and what each item then has."""
    flow = load("flow.yaml", LOOPED % (foreach, given), desk.host)
    said = [warning["text"].partition("}}: ")[2] for warning in flow.warnings]
    assert len(said) == len(doubted)
    for sentence, words in zip(said, doubted, strict=True):
        assert sentence.startswith(words)


# --- from a terminal ------------------------------------------------------------------------------


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """The terminal, and a flow in its home."""
    (tmp_path / "flow.yaml").write_text(DECLARED, "utf-8")
    return Terminal(tmp_path)


def test_inputs_from_a_terminal(terminal: Terminal) -> None:
    """`--input NAME=VALUE` gives an input; the end of a run says how much was done, and when."""
    file = str(terminal.home / "flow.yaml")
    done = terminal("flow", file, "--input", "name=Plan", "--input", "amount=300", "--run-id", "r1")
    assert done.stdout.count("✓") == 2
    [last] = done.stderr.splitlines()[-1:]
    assert last.startswith("2 done in ")
    assert last.endswith(" s, run ID r1.")
    words = ("--input", "name=Plan", "--input", "amount=300", "--run-id", "r1")
    assert "Nothing was sent: this run was done before." in terminal("flow", file, *words).stderr
    again = terminal("flow", file, "--input", "name=Plan", "--run-id", "r1", code=2)
    assert "other inputs of the flow (amount)" in again.stderr
    assert "Nothing was sent." in again.stderr
    assert "is no KEY=VALUE" in terminal("flow", file, "--input", "name", code=2).stderr


def test_a_run_that_stops_says_how_to_go_on(terminal: Terminal) -> None:
    """The last line of a run that stops has what was done and the whole command to go on."""
    file = str(terminal.home / "flow.yaml")
    terminal("fault", "unavailable", "--path", "/v1/prices", "--times", "0")
    words = ("--emulator", "flow", file, "--input", "name=My Plan", "--run-id", "r1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stripe_plugin.run.context.Policy.delay", lambda *_: 0.0)
        done = terminal(*words, code=4)
    last = done.stderr.splitlines()[-1]
    assert last.startswith("1 done in ")
    command = f"stripe-nodes --emulator flow {file} --input 'name=My Plan' --run-id r1"
    assert last.endswith(f"Go on: {command}")


def test_mistakes_as_json(terminal: Terminal) -> None:
    """With `--json`, mistakes are one document, with file, line, step, key and text of each."""
    file = str(terminal.home / "flow.yaml")
    done = terminal("flow", file, "--json", "--input", "amount=-5", "--input", "name=a", code=2)
    [problem] = json.loads(done.stdout)["error"]["problems"]
    assert problem.pop("text").startswith("price › Unit Amount must be")
    assert problem == {"file": file, "line": 18, "step": "price", "key": "Unit Amount"}


def test_mistakes_survive_a_queue(desk: Desk) -> None:
    """A flow's mistakes are data like any error: written as JSON and read again."""
    with pytest.raises(FlowError) as caught:
        desk.each(DECLARED)
    kept = json.loads(json.dumps(caught.value.as_dict()))
    assert kept["problems"][0]["key"] == "name"
    assert str(NodeError.from_dict(kept)) == str(caught.value)


def test_a_plan_is_printed(terminal: Terminal) -> None:
    """`--check` judges a file with its inputs, shows what it would do, and sends nothing."""
    file = str(terminal.home / "flow.yaml")
    done = terminal("flow", file, "--check", "--input", "name=Plan", STRIPE_API_KEY="")
    assert done.stdout.split("\n")[1:] == ["price      Create Price", "    waits for plan", ""]
    assert "nothing was sent" in done.stderr
    assert not (terminal.home / "runs.db").exists()
    wrong = terminal("flow", file, "--check", code=2, STRIPE_API_KEY="")
    assert f"✗ {file}:2: The input name is required" in wrong.stderr


def test_a_plan_as_json(terminal: Terminal) -> None:
    """`--check --json` is one document: inputs, steps in order, and what looks wrong."""
    file = terminal.home / "flow.yaml"
    file.write_text(
        DECLARED.replace("What it is called", "Its name").replace("${{ inputs.name }}", "$NAME")
    )
    done = terminal("flow", str(file), "--check", "--json", "--input", "name=Plan")
    plan = json.loads(done.stdout)
    assert [each["name"] for each in plan["inputs"]][:2] == ["name", "amount"]
    assert plan["inputs"][2]["choices"] == ["usd", "eur"]
    price = plan["steps"][1]
    assert (price["step"], price["waits_for"], price["hints"]["read_only"]) == (
        "price",
        ["plan"],
        False,
    )
    [warning] = plan["warnings"]
    assert (warning["line"], warning["key"]) == (11, "Name")


ONLY_OF_A_RUN = ["--run-id r1", "--account acct_1", "--allow-live", "--yes", "--keep ids"]


@pytest.mark.parametrize("words", ONLY_OF_A_RUN)
def test_a_check_takes_no_options_of_a_run(words: str, terminal: Terminal) -> None:
    """What would mean nothing beside `--check` is refused."""
    file = str(terminal.home / "flow.yaml")
    wrong = terminal("flow", file, "--check", *words.split(), "--input", "name=Plan", code=2)
    assert f"leave {words.partition(' ')[0]} out" in wrong.stderr
