"""Search: Stripe's query language over what is kept, held against plain Python."""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stripe_emulator import Emulator, search
from stripe_emulator.declare import RESOURCES

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.conftest import Caller, Clock

CUSTOMER = RESOURCES["customer"]
PEOPLE: list[dict[str, Any]] = [
    {"name": "Ada Lovelace", "email": "ada@a.example", "metadata": {"tier": "Gold", 'a"b': "1"}},
    {"name": "Alan Turing", "email": "alan@b.example", "metadata": {"tier": "silver"}},
    {"name": "Grace", "email": "grace@a.example", "phone": "555-1"},
]
QUERIES = {
    'email:"ada@a.example"': "A",
    "email:'ADA@A.EXAMPLE'": "A",
    'email~"a.example"': "GA",
    '-email~"a.example"': "T",
    'metadata["tier"]:"gold"': "A",
    "metadata['tier']:null": "G",
    '-metadata["tier"]:null': "TA",
    r'metadata["a\"b"]:"1"': "A",
    "phone:null": "TA",
    'name~"ada" OR name:"grace"': "GA",
    'name~"alan" or name:"grace"': "GT",
    'email~"a.example" AND name:"grace"': "G",
    'email~"a.example" name:"grace"': "G",
    "created>0": "GTA",
    'created<="0"': "",
}
REFUSED = {
    'colour:"red"': "Field `colour` is an unsupported search field for resource `customers`.",
    "name": "We were unable to parse your search query.",
    "name:Ada": "We were unable to parse your search query.",
    'metadata:"a"': "We were unable to parse your search query.",
    'name["a"]:"a"': "We were unable to parse your search query.",
    'name:"a"email:"b"': "We were unable to parse your search query.",
    'name:"a" AND email:"b" OR phone:"c"': "You cannot combine AND and OR",
    'name>"a"': "Operator `>` is not supported for the field `name`.",
    'metadata["a"]~"abc"': "Operator `~` is not supported for the field `metadata`.",
    'name~"ab"': "Substring search for `name` needs at least 3 characters.",
    'created>"abc"': "The field `created` is numeric",
    " ".join(['name:"a"'] * 11): "A search query can have at most 10 clauses.",
}


@pytest.fixture
def people(api: Caller) -> dict[str, str]:
    """Three customers by ID, each by a letter."""
    made = [api.made("/v1/customers", **person)["id"] for person in PEOPLE]
    return dict(zip(made, "ATG", strict=True))


@pytest.mark.parametrize("query", QUERIES)
def test_queries_find(api: Caller, people: dict[str, str], query: str) -> None:
    """Each query finds what Stripe's language says, newest first."""
    found = api.get("/v1/customers/search", query=query)
    assert (found["object"], found["next_page"]) == ("search_result", None)
    assert "".join(people[row["id"]] for row in found["data"]) == QUERIES[query]


@pytest.mark.parametrize("query", REFUSED)
def test_queries_are_refused(api: Caller, query: str) -> None:
    """A field, sign or form that there is not is refused, and the query is blamed."""
    reply = api.get("/v1/customers/search", query=query)
    assert (reply.status, reply.error["param"]) == (400, "query")
    assert reply.error["message"].startswith(REFUSED[query])


def test_all_seven_are_searched(api: Caller) -> None:
    """Each of the seven resources is found by fields of its own."""
    payer, price = api.payer(), api.price(1000, monthly=True, lookup_key="box")
    api.made("/v1/subscriptions", customer=payer["id"], items=[{"price": price["id"]}])
    for place, query in {
        "customers": 'email:"payer@example.com"',
        "products": 'active:"true" AND name~"box"',
        "prices": 'lookup_key:"box"',
        "subscriptions": 'status:"active"',
        "invoices": 'total>=1000 AND status:"paid"',
        "payment_intents": f'customer:"{payer["id"]}"',
        "charges": 'payment_method_details.card.last4:4242 AND amount>999 -currency:"eur"',
    }.items():
        assert len(api.get(f"/v1/{place}/search", query=query)["data"]) == 1, place


def test_pages_follow_each_other(api: Caller) -> None:
    """With limit and next_page each match is found once; another token is refused."""
    ids = [api.made("/v1/customers", name="Same")["id"] for _ in range(5)]
    seen: list[str] = []
    more: dict[str, Any] = {}
    while not seen or more["page"]:
        page = api.get("/v1/customers/search", query='name:"same"', limit=2, **more)
        seen += [row["id"] for row in page["data"]]
        more = {"page": page["next_page"]}
        assert page["has_more"] is (page["next_page"] is not None)
    assert seen == ids[::-1]
    reply = api.get("/v1/customers/search", query='name:"same"', page="none")
    assert (reply.status, reply.error["param"]) == (400, "page")


def test_references_are_expanded(api: Caller) -> None:
    """What is found can be expanded as in a list."""
    api.paid(2000, customer=api.payer()["id"])
    found = api.get("/v1/charges/search", query="amount:2000", expand=["data.customer"])
    assert found["data"][0]["customer"]["email"] == "payer@example.com"


def test_a_minute_passes_first(clock: Clock, caller: type[Caller]) -> None:
    """With a delay what is new is not found before it has passed."""
    with Emulator(clock=clock, search_delay=60) as world:
        api = caller(world)
        api.made("/v1/customers", name="Late")
        assert api.get("/v1/customers/search", query='name:"late"')["data"] == []
        clock.now += 60
        assert len(api.get("/v1/customers/search", query='name:"late"')["data"]) == 1


TEXT = st.text(st.sampled_from("abAB\"'\\ -:"), max_size=4)
VALUE = st.none() | TEXT
OBJECT = st.fixed_dictionaries({
    "name": VALUE,
    "created": st.integers(0, 4),
    "metadata": st.dictionaries(TEXT.filter(bool), TEXT.filter(bool), max_size=2),
})  # fmt: skip
COMPARE: dict[str, Callable[[int, int], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    ":": operator.eq,
}


def quoted(text: str) -> str:
    """A text as a query has it."""
    inside = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{inside}"'


def exactly(found: str | None, wanted: str | None) -> bool:
    """What `:` says of two texts."""
    return found == wanted if None in {found, wanted} else str(found).lower() == str(wanted).lower()


@st.composite
def clauses(draw: st.DrawFn) -> tuple[str, Any]:
    """A clause as text, and as a function."""
    minus, kind = draw(st.booleans()), draw(st.sampled_from(["name", "metadata", "created"]))
    value, number = draw(VALUE), draw(st.integers(0, 4))
    word = "null" if value is None else quoted(value)
    test: Callable[[Any], bool]
    if kind == "created":
        sign = draw(st.sampled_from([*COMPARE]))
        text, test = f"created{sign}{number}", lambda obj: COMPARE[sign](obj["created"], number)
    elif kind == "name":
        text, test = f"name:{word}", lambda obj: exactly(obj["name"], value)
    else:
        key = draw(TEXT.filter(bool))
        text = f"metadata[{quoted(key)}]:{word}"
        test = lambda obj: exactly(obj["metadata"].get(key), value)  # noqa: E731 - three alike
    return ("-" if minus else "") + text, lambda obj: test(obj) is not minus


@given(st.lists(clauses(), min_size=1, max_size=4), st.sampled_from(["AND", "OR", ""]), OBJECT)
def test_a_query_is_a_filter(parts: list[tuple[str, Any]], joint: str, obj: dict[str, Any]) -> None:
    """A query finds what a plain Python filter of the same clauses finds."""
    query = search.read(f" {joint} ".join(text for text, _ in parts), CUSTOMER)
    met = [test(obj) for _, test in parts]
    assert query.meets(obj) is (any(met) if joint == "OR" else all(met))
