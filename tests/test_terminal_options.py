"""What is said of a run beside its inputs, from a terminal."""

import json
from pathlib import Path
from typing import Any

import pytest
from terminal_support import Terminal

from stripe_plugin.declare.options import Options

PAY = ("run", "create_payment_intent", "Amount=2000", "Currency=usd")


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A terminal with an emulator of its own."""
    return Terminal(tmp_path)


def test_every_option_is_one_of_the_command_and_described(terminal: Terminal) -> None:
    """`run` takes each row of the table of options, and `describe` says what it is."""
    offered = terminal("run", "--help").stdout
    described = " ".join(terminal("describe", "refund_payment", COLUMNS="300").stdout.split())
    for row in Options.table.rows:
        flag = f"--{row.name.replace('_', '-')}"
        assert flag in offered
        assert flag in described
        assert row.description in described


EXTRAS: list[tuple[tuple[str, ...], dict[str, Any]]] = [
    (("statement_descriptor_suffix=ORDER 1",), {"statement_descriptor_suffix": "ORDER 1"}),
    (("transfer_group=a=b",), {"transfer_group": "a=b"}),
    (("shipping[name]=J", "shipping[address][line1]=Main St 1"), {"shipping": {"name": "J"}}),
    (('shipping={"name": "J", "address": {"line1": "M"}}',), {"shipping": {"name": "J"}}),
    (('shipping={"name": "J"}', "shipping[address][line1]=M"), {"shipping": {"name": "J"}}),
    (
        ("payment_method_types[0]=card", "payment_method_types[1]=link"),
        {"payment_method_types": ["card", "link"]},
    ),
    (('payment_method_types=["card"]',), {"payment_method_types": ["card"]}),
]


@pytest.mark.parametrize(("pairs", "found"), EXTRAS)
def test_extra_is_what_stripe_is_sent(
    pairs: tuple[str, ...], found: dict[str, Any], terminal: Terminal
) -> None:
    """A parameter without a row is given as Stripe's API names it, nested in brackets or JSON."""
    words = [word for pair in pairs for word in ("--extra", pair)]
    made = json.loads(terminal(*PAY, *words).stdout)
    for name, value in found.items():
        kept = made[name]
        assert (kept | value if isinstance(value, dict) else value) == kept


WRONG: list[tuple[tuple[str, ...], str]] = [
    (("--extra", "confirm"), "is no KEY=VALUE"),
    (("--extra", "a[b=1"), "is not a parameter as Stripe's API names it"),
    (("--extra", "[a]=1"), "is not a parameter as Stripe's API names it"),
    (("--extra", "a[]=1"), "is not a parameter as Stripe's API names it"),
    (("--extra", "a" + "[b]" * 50 + "=1"), "is not a parameter as Stripe's API names it"),
    (("--extra", 'a={"b": '), "--extra a is no JSON"),
    (("--extra", "a=1", "--extra", "a=2"), "a is given twice"),
    (("--extra", "a=1", "--extra", "a[b]=2"), "a[b] is given twice"),
    (("--extra", "a[b]=1", "--extra", "a=2"), "a is given twice"),
    (("--extra", "a=[1]", "--extra", "a[0]=2"), "a[0] is given twice"),
    (("--extra", "amount=5"), "Options › Extra would replace amount."),
    (("--expand", "a.b.c.d.e"), "Options › Expand › 1 must be a path of at most four levels"),
    (("--deadline", "soon"), "Options › Deadline must be a number"),
    (("--deadline", "0"), "Options › Deadline must be seconds, from 0.001"),
    (("--idempotency-key", "two words"), "Options › Idempotency Key must be 1–255 ASCII"),
    (("--account", "cus_1"), "The account must look like acct_…"),
    *(((option, ""), "it is empty") for option in ("--extra", "--expand", "--deadline")),
    (("--idempotency-key", " "), "it is empty"),
]


@pytest.mark.parametrize(("words", "sentence"), WRONG)
def test_a_wrong_option_is_told_and_nothing_is_sent(
    words: tuple[str, ...], sentence: str, terminal: Terminal
) -> None:
    """Whatever is wrong with an option is said in words before anything is sent."""
    assert sentence in terminal(*PAY, *words, code=2).stderr
    listed = json.loads(terminal("run", "list_payment_intents").stdout)
    assert listed["data"] == []


def test_a_key_of_ones_own_is_executed_once(terminal: Terminal) -> None:
    """The same idempotency key under two run IDs makes one payment."""
    key = ("--idempotency-key", "order-123")
    first = json.loads(terminal(*PAY, *key).stdout)
    again = terminal(*PAY, *key)
    assert json.loads(again.stdout)["id"] == first["id"]
    assert "replayed: nothing was executed again" in again.stderr


def test_a_deadline_ends_a_run_in_words(terminal: Terminal) -> None:
    """A run that Stripe answers too late is over by its deadline, and is said to be unknown."""
    terminal("fault", "delay_after", "--seconds", "60")
    late = terminal(*PAY, "--deadline", "0.3", "--run-id", "r1", code=4)
    assert "did not answer in time" in late.stderr
    assert "Repeat it with --run-id r1" in late.stderr
