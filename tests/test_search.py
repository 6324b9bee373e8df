"""A search: its rows become Stripe's query language, whatever is written in them."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import ACTIONS, SEARCHES, refusal

from stripe_emulator import Emulator, search
from stripe_emulator.declare import RESOURCES
from stripe_emulator.server import serve
from stripe_plugin import Connection, Host, InvalidRequest, Policy

# Texts that can be sent, with many of what could end a quoted one.
TEXTS = st.text(st.sampled_from("ab'\"\\: -[]\u00e9\U0001f600") | st.characters(codec="utf-8"))


def query(name: str, inputs: dict[str, Any]) -> str:
    """The query that an action sends."""
    _, sent = ACTIONS[name].read(inputs).parameters()
    text: str = sent["query"]
    return text


def is_taken(name: str, inputs: dict[str, Any]) -> bool:
    """Whether these inputs are none that are refused, such as blanks alone."""
    return not refusal(name, inputs)


@settings(max_examples=300)
@given(TEXTS)
def test_any_text_is_searched_for_as_it_is(text: str) -> None:
    """Quotes, backslashes and signs in a value are read back as they were: they end nothing."""
    inputs = {"Email": text}
    if is_taken("search_customers", inputs):
        email = ACTIONS["search_customers"].read(inputs).inputs()["Email"]
        read = search.read(query("search_customers", inputs), RESOURCES["customer"])
        assert [*read.clauses] == [search.Clause(("email",), ":", email)]


@settings(max_examples=300)
@given(st.dictionaries(TEXTS, TEXTS, min_size=1, max_size=4))
def test_any_metadata_is_searched_for_as_it_is(pairs: dict[str, str]) -> None:
    """The same for the keys and values of metadata, each of which is a condition."""
    inputs = {"Metadata": pairs}
    if is_taken("search_customers", inputs):
        clean = ACTIONS["search_customers"].read(inputs).inputs()["Metadata"]
        read = search.read(query("search_customers", inputs), RESOURCES["customer"])
        told = [search.Clause(("metadata", key), ":", value) for key, value in clean.items()]
        assert [*read.clauses] == told


QUERIES = [
    ("search_customers", {"Email": "a@b.c"}, 'email:"a@b.c"'),
    ("search_customers", {"Name": 'Ann "A"'}, r'name~"Ann \"A\""'),
    (
        "search_customers",
        {"Created After": "2030-01-01T00:00:00Z", "Created Before": "1900000000"},
        "created>=1893456000 AND created<1900000000",
    ),
    (
        "search_products",
        {"Active": "false", "Shippable": True},
        'active:"false" AND shippable:"true"',
    ),
    (
        "search_prices",
        {"Lookup Key": "a b", "Currency": "USD"},
        'lookup_key:"a b" AND currency:"usd"',
    ),
    ("search_invoices", {"Total at Least": "15.00 USD", "Currency": "usd"}, None),
    ("search_subscriptions", {"Canceled After": 5}, "canceled_at>=5"),
    (
        "search_charges",
        {"Card's Last 4": "0042", "Metadata": {"a": 1}},
        'payment_method_details.card.last4:"0042" AND metadata["a"]:"1"',
    ),
    ("search_charges", {"Query": "amount>5 OR amount<2"}, "amount>5 OR amount<2"),
]


@pytest.mark.parametrize(("name", "inputs", "expected"), QUERIES)
def test_rows_become_a_query(name: str, inputs: dict[str, Any], expected: str | None) -> None:
    """Each row is a condition, in the way that fits its field; what is written goes as it is."""
    assert query(name, inputs) == (expected or 'total>=1500 AND currency:"usd"')


@pytest.mark.parametrize("name", SEARCHES)
def test_every_row_is_a_field_that_can_be_searched(name: str) -> None:
    """The example of each condition is taken by the emulator's own reading of the language."""
    spec = ACTIONS[name].spec
    for row in spec.rows:
        if row.clause:
            inputs: dict[str, Any] = {row.key: row.example}
            assert search.read(query(name, inputs), RESOURCES[spec.resource]).clauses


@pytest.mark.parametrize("name", SEARCHES)
def test_a_query_and_conditions_do_not_go_together(name: str) -> None:
    """One of both must be given; both would mean two things."""
    row = next(row for row in ACTIONS[name].spec.rows if row.clause)
    both = {"Query": "created>5", row.key: row.example}
    assert refusal(name, both) == {"Query": [f"Query may not be given together with {row.key}."]}
    assert list(refusal(name, {})) == ["Query"]
    assert list(refusal(name, {"Limit": 5})) == ["Query"]


def test_more_conditions_than_a_search_takes_are_refused() -> None:
    """Ten conditions are Stripe's most; every pair of metadata is one."""
    pairs = {f"key{number}": "x" for number in range(10)}
    assert refusal("search_customers", {"Metadata": pairs}) == {}
    assert refusal("search_customers", {"Metadata": pairs, "Created After": 5}) == {
        "Metadata": ["Metadata: a search has at most 10 conditions; these are 11."]
    }


def test_it_is_said_that_a_search_lags() -> None:
    """Every search says in its description that what is new comes late."""
    assert all("within a minute" in ACTIONS[name].spec.description for name in SEARCHES)


# --- with answers ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def host() -> Iterator[tuple[Host, Connection]]:
    """A host at an emulator with 120 customers."""
    with Emulator() as world, serve(world) as server, Host.load(policy=Policy(retries=0)) as host:
        connection = Connection("sk_test_searches", base_url=server.url)
        for number in range(120):
            inputs = {"Name": f"Person {number}", "Metadata": {"even": str(number % 2 == 0)}}
            host.run("create_customer", inputs, connection=connection)
        yield host, connection


def test_a_search_is_read_to_its_end(host: tuple[Host, Connection]) -> None:
    """Return All follows the tokens of the pages; Most bounds it."""
    run, connection = host
    inputs = {"Name": "person", "Limit": 25, "Return All": True}
    whole = run.run("search_customers", inputs, connection=connection).output
    assert [each["name"] for each in whole["data"]] == [f"Person {n}" for n in range(119, -1, -1)]
    assert (whole["has_more"], whole["requests"]) == (False, 5)
    some = run.run("search_customers", {**inputs, "Most": 30}, connection=connection).output
    assert (len(some["data"]), some["has_more"]) == (30, True)


def test_a_search_goes_on_by_its_token(host: tuple[Host, Connection]) -> None:
    """Page takes what the page before answered as next_page."""
    run, connection = host
    inputs: dict[str, Any] = {"Metadata": {"even": "True"}, "Limit": 40}
    first = run.run("search_customers", inputs, connection=connection).output
    more = {**inputs, "Page": first["next_page"]}
    rest = run.run("search_customers", more, connection=connection).output
    assert (len(first["data"]), len(rest["data"]), rest["has_more"]) == (40, 20, False)


def test_what_stripe_refuses_is_told_at_the_rows(host: tuple[Host, Connection]) -> None:
    """A query that Stripe cannot read is blamed on Query."""
    run, connection = host
    with pytest.raises(InvalidRequest) as caught:
        run.run("search_customers", {"Query": "whatever"}, connection=connection)
    assert caught.value.display_key == "Query"
