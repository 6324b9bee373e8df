"""What a run may be told beside its inputs: one table, judged with them, and sent or obeyed."""

import asyncio
import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from test_manifests import FOLDER

from stripe_emulator import Answer, Emulator
from stripe_flow import Step, run_step
from stripe_plugin import (
    Connection,
    Host,
    InvalidInputs,
    Result,
    RunContext,
    StripeError,
    UsageError,
)
from stripe_plugin.declare.options import Options
from stripe_plugin.host.manifest import describe_options
from stripe_plugin.judge.values import UNKNOWN

ROWS = Options.table.rows
PAY = {"Amount": 2000, "Currency": "usd"}


class Heard(Emulator):
    """An emulator that remembers the headers and the form of what it was asked last."""

    headers: Mapping[str, str]
    form: Mapping[str, str]

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer as ever."""
        self.headers = {name.lower(): text for name, text in headers.items()}
        self.form = dict(parse_qsl(body.decode()))
        return super().answer(method, target, headers, body)

    def connection(self) -> Connection:
        """A connection to this world."""
        return Connection("sk_test_emulator", in_process=self)


def run(world: Heard, options: Any, inputs: Any = PAY, **more: Any) -> Result:
    """A payment with these options."""
    with Host() as host:
        host.register(_actions(), "tests:actions")
        there = world.connection()
        return host.run("create_payment_intent", inputs, options=options, connection=there, **more)


def _actions() -> Any:
    import stripe_nodes

    class Plugin:
        """Our actions, by a door that loads nothing else."""

        @staticmethod
        def register_actions() -> list[Any]:
            """All of them."""
            return [*stripe_nodes.actions()]

    return Plugin()


# --- read and refused -----------------------------------------------------------------------------

READ: list[tuple[Mapping[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"Account": "acct_1", "Deadline": 30}, {"account": "acct_1", "deadline": Decimal(30)}),
    ({"idempotency_key": "order-1"}, {"idempotency_key": "order-1"}),
    ({"Extra": {"a": {"b": [1]}}}, {"extra": {"a": {"b": [1]}}}),
    ({"Expand": ["a.b"]}, {"expand": ["a.b"]}),
    ({"Extra": '{"a": 1}', "expand": '["a"]'}, {"extra": {"a": 1}, "expand": ["a"]}),
    ({"Deadline": "2.5"}, {"deadline": Decimal("2.5")}),
    (dict.fromkeys([row.key for row in ROWS], ""), {}),
    (dict.fromkeys([row.name for row in ROWS], None), {}),
    ({"Extra": {}, "Expand": []}, {}),
]


@pytest.mark.parametrize(("options", "values"), READ)
def test_options_are_read_as_a_form_gives_them(
    options: Mapping[str, Any], values: dict[str, Any]
) -> None:
    """By display key or name, as values or as text; what is empty is not given."""
    read = Options.read(options)
    given_ones = {row.name: getattr(read, row.name) for row in ROWS}
    assert {name: value for name, value in given_ones.items() if value is not None} == values


REFUSED: list[tuple[Any, tuple[Any, ...], str, str]] = [
    ({"Acount": "acct_1"}, ("options", "Acount"), "Options › Acount", "did you mean Account?"),
    ({"Account": "cus_1"}, ("options", "account"), "Options › Account", "the ID of an account"),
    (
        {"Account": "acct_1", "account": "acct_2"},
        ("options", "account"),
        "Options › Account",
        "is given twice",
    ),
    (
        {"Expand": ["a", "b.c.d.e.f"]},
        ("options", "expand", 1),
        "Options › Expand",
        "Options › Expand › 2 must be a path of at most four levels",
    ),
    ({"Extra": [1]}, ("options", "extra"), "Options › Extra", "must be an object"),
    (
        {"Idempotency Key": "two words"},
        ("options", "idempotency_key"),
        "Options › Idempotency Key",
        "ASCII characters without spaces",
    ),
    (
        {"Idempotency Key": "sk_test_4eC39HqLyjWDarjtT1zdp7dc"},
        ("options", "idempotency_key"),
        "Options › Idempotency Key",
        "no key or secret",
    ),
    ({"Deadline": 0}, ("options", "deadline"), "Options › Deadline", "from 0.001"),
    ({"Deadline": "soon"}, ("options", "deadline"), "Options › Deadline", "must be a number"),
    ("Account", ("options",), "Options", "must be an object of display keys"),
]


@pytest.mark.parametrize(("options", "path", "key", "words"), REFUSED)
def test_wrong_options_are_told_at_their_control(
    options: Any, path: tuple[Any, ...], key: str, words: str
) -> None:
    """A refusal names the control of the form, the path to it, and what is wrong with the value."""
    _, problems = Options.judge(options)
    [problem] = problems
    assert (problem.path, problem.key) == (path, key)
    assert problem.text.startswith(key)
    assert words in problem.text
    with pytest.raises(InvalidInputs) as caught:
        Options.read(options)
    assert caught.value.problems_at == problems


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
WORDS = st.sampled_from([word for row in ROWS for word in (row.key, row.name)]) | st.text()


@given(st.dictionaries(WORDS, JSON) | JSON)
def test_whatever_is_given_is_read_or_refused_in_words(options: Any) -> None:
    """Anything at all is options, or refused with every problem under them."""
    _, problems = Options.judge(options)
    for problem in problems:
        assert problem.path[0] == "options"
        assert problem.text.startswith("Options ")
    if problems:
        with pytest.raises(InvalidInputs):
            Options.read(options)
    else:
        RunContext.read(options)


def test_what_is_known_later_can_be_judged_but_not_run() -> None:
    """A flow can judge options whose values come from earlier steps; no run can have them."""
    values, problems = Options.judge({"Account": UNKNOWN, "Extra": {"a": UNKNOWN}})
    assert (values["account"], values["extra"]["a"], problems) == (UNKNOWN, UNKNOWN, [])
    with pytest.raises(InvalidInputs, match="Options › Account is not known yet"):
        Options.read({"Account": UNKNOWN})


# --- in a run -------------------------------------------------------------------------------------

EVERY = {
    "Extra": {"statement_descriptor_suffix": "ORDER 1"},
    "Expand": ["customer"],
    "Account": "acct_9",
    "Idempotency Key": "order-1",
    "Deadline": 60,
}


def test_options_reach_the_wire() -> None:
    """What is asked for beside the inputs is what Stripe is sent, and nothing else is."""
    world = Heard()
    run(world, EVERY, context=RunContext(run_id="october"))
    assert world.headers["stripe-account"] == "acct_9"
    assert world.headers["idempotency-key"] == "order-1"
    assert world.form == {
        "amount": "2000",
        "currency": "usd",
        "statement_descriptor_suffix": "ORDER 1",
        "expand[0]": "customer",
    }


def test_options_are_the_same_from_asyncio() -> None:
    """An asyncio run is told what a plain one is."""
    world = Heard()

    async def go() -> None:
        async with Host() as host:
            host.register(_actions(), "tests:actions")
            there = world.connection()
            await host.arun("create_payment_intent", PAY, options=EVERY, connection=there)

    asyncio.run(go())
    assert world.headers["stripe-account"] == "acct_9"
    assert world.form["expand[0]"] == "customer"


def test_every_problem_is_told_at_once() -> None:
    """What is wrong with inputs and with options comes in one error, and nothing is sent."""
    world = Heard()
    wrong = {"Account": "x", "Extra": {"amount": 5}, "Deadlin": 3}
    with pytest.raises(InvalidInputs) as caught:
        run(world, wrong, {"Amount": "1.5"})
    told = {problem.key: problem.path for problem in caught.value.problems_at}
    assert told == {
        "Amount": ("amount",),
        "Currency": ("currency",),
        "Options › Extra": ("options", "extra", "amount"),
        "Options › Account": ("options", "account"),
        "Options › Deadlin": ("options", "Deadlin"),
    }
    assert caught.value.action == "create_payment_intent"
    assert not hasattr(world, "headers")


AGAINST: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"Account": "acct_1"}, {"context": RunContext(account="acct_2")}, "Options › Account"),
    ({"Deadline": 5}, {"context": RunContext(deadline=6)}, "Options › Deadline"),
    (
        {"Idempotency Key": "a"},
        {"context": RunContext(idempotency_key="b")},
        "Options › Idempotency Key",
    ),
    ({"Extra": {"a": 1}}, {"extra": {"a": 1}}, "Options › Extra"),
    ({"Expand": ["customer"]}, {"expand": ["customer"]}, "Options › Expand"),
]


@pytest.mark.parametrize(("options", "python", "key"), AGAINST)
def test_what_contradicts_the_program_is_refused(
    options: dict[str, Any], python: dict[str, Any], key: str
) -> None:
    """An option that says something else than the program does not win silently, nor lose."""
    world = Heard()
    with pytest.raises(InvalidInputs) as caught:
        run(world, options, **python)
    [problem] = caught.value.problems_at
    assert (problem.key, problem.rule) == (key, "given_twice")
    assert not hasattr(world, "headers")


def test_what_both_say_alike_is_no_contradiction() -> None:
    """A program may say what the options say; what only one of them says holds."""
    world = Heard()
    context = RunContext(account="acct_1", run_id="october")
    options = {"Account": "acct_1", "Idempotency Key": "k"}
    run(world, options, extra={"statement_descriptor_suffix": "A"}, context=context)
    assert world.headers["stripe-account"] == "acct_1"
    assert world.headers["idempotency-key"] == "k"
    assert world.form["statement_descriptor_suffix"] == "A"


def test_a_context_is_read_from_options() -> None:
    """What names a run and its patience is read from the same table."""
    read = RunContext.read(EVERY, run_id="october", step="pay", item=3)
    assert read == RunContext(
        run_id="october",
        step="pay",
        item=3,
        account="acct_9",
        idempotency_key="order-1",
        deadline=60.0,
    )
    assert RunContext.from_dict(json.loads(json.dumps(read.as_dict()))) == read
    assert RunContext.read({"Idempotency Key": "k"}, begun=1.0).begun == 1.0
    with pytest.raises(InvalidInputs, match="Options › Account"):
        RunContext.read({"Account": "acct_1"}, account="acct_2")


@pytest.mark.parametrize(
    ("options", "key", "path", "place"),
    [
        (
            {"Extra": {"shipping": {"name": "J", "address": {"line1": "M"}, "cost": "x"}}},
            "Options › Extra",
            ("options", "extra", "shipping", "cost"),
            "Options › Extra › shipping › cost",
        ),
        (
            {"Extra": {"shipping[cost]": "x"}},
            "Options › Extra",
            ("options", "extra", "shipping", "cost"),
            "Options › Extra › shipping › cost",
        ),
    ],
)
def test_what_stripe_refuses_is_told_at_its_control(
    options: dict[str, Any], key: str, path: tuple[Any, ...], place: str
) -> None:
    """An error of Stripe's about a parameter without a row is shown where that was given."""
    with pytest.raises(StripeError) as caught:
        run(Heard(), options)
    assert (caught.value.display_key, caught.value.path) == (key, path)
    assert caught.value.place == place


def test_an_option_is_nothing_at_stripe() -> None:
    """What unsets a field of Stripe's unsets no option, and the sentence says so."""
    _, problems = Options.judge({"Account": "@clear", "Idempotency Key": "@clear"})
    assert [problem.rule for problem in problems] == ["clear", "clear"]
    assert problems[0].text == (
        "Options › Account is nothing that could be unset at Stripe: leave it empty."
    )


def test_a_step_has_options() -> None:
    """The options of a step are sent with it, and are part of what it is known by."""
    world, kept = Heard(), dict[str, str]()

    def keep(name: str, compute: Any) -> Any:
        return json.loads(kept.setdefault(name, json.dumps(compute())))

    def go(options: dict[str, Any]) -> Result:
        step = Step("pay", "create_payment_intent", PAY, options=options)
        with Host() as host:
            host.register(_actions(), "tests:actions")
            return run_step(keep, host, step, connection=world.connection(), run_id="october")

    assert not go(EVERY).replayed
    assert world.headers["stripe-account"] == "acct_9"
    assert go(EVERY).replayed
    with pytest.raises(UsageError, match="with other inputs"):
        go({**EVERY, "Account": "acct_8"})


# --- as data --------------------------------------------------------------------------------------


def test_the_file_is_what_the_table_says() -> None:
    """A builder reads the options from a file beside the manifests, in the words of a row there."""
    committed = json.loads((FOLDER / "options.json").read_text("utf-8"))
    assert committed == json.loads(json.dumps(describe_options()))
    assert Host().options() == describe_options()
    schema = json.loads((FOLDER / "manifest.schema.json").read_text("utf-8"))
    rows = {"$defs": schema["$defs"], **schema["properties"]["inputs"]}
    assert list(Draft202012Validator(rows).iter_errors(committed["inputs"])) == []


def test_the_schema_judges_as_reading_does() -> None:
    """What options take is valid by their schema; what they refuse is not."""
    schema = describe_options()["input_schema"]
    Draft202012Validator.check_schema(schema)
    valid = Draft202012Validator(schema).is_valid
    for row in ROWS:
        assert valid({row.name: row.example})
        Options.read({row.key: row.example})
    for wrong in ({"account": "cus_1"}, {"deadline": 0}, {"acount": "x"}, {"expand": ["a..b"]}):
        assert not valid(wrong)
        assert Options.judge(wrong)[1]
