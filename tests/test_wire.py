"""How parameters become bytes and bytes an answer: Stripe's form encoding, and paths."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from importlib import import_module
from operator import attrgetter
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode

import pytest
import stripe
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from stripe._encode import _api_encode
from support import ACTIONS, RECIPES, TABLES, fewest, made, pairs, referred, right

from stripe_plugin import CLEAR, InvalidInputs, Request
from stripe_plugin.errors import Refused
from stripe_plugin.wire.reply import Lost, Reply
from stripe_plugin.wire.request import encode, fill

# --- the vectors of the official SDKs -------------------------------------------------------------

CROSS_CHECKED = referred("conformance.json", "encoding", "cross_checked", key="name")
NODE = referred("conformance.json", "encoding", "stripe_node_utils_spec", key="name")
RUBY = referred("conformance.json", "encoding", "stripe_ruby_util_test", key="name")
PYTHON = referred("conformance.json", "encoding", "stripe_python_test_encode", key="name")

# Where an SDK is known to err, or the SDKs disagree, and what is sent instead.
DEPARTURES: Mapping[str, list[tuple[str, str]]] = {
    # stripe-python writes Python's True and None into lists.
    "QUIRK bool in array": [("a[0]", "true"), ("a[1]", "false")],
    "QUIRK none in array": [("a[0]", "x")],
    # stripe-python writes 1E-7, which is no decimal number to Stripe.
    "Decimal exponent": [("unit_amount_decimal", "0.0000001")],
    # stripe-node sends null as "", which unsets; stripe-python and stripe-ruby leave it out.
    "shallow nested + null (node sends empty)": [
        ("foo", "baz"),
        ("nested[1]", "2"),
        ("somethingElse", '::""%&'),
        ("test", "1"),
    ],
    "null → empty (node) vs dropped (python, ruby)": [],
}


class WithId:
    """An object of an SDK: its ID stands for it."""

    def __init__(self, name: str) -> None:
        self.id = name


def revived(value: Any) -> Any:
    """A vector's parameters, with the values that JSON cannot hold."""
    if isinstance(value, list):
        return [revived(item) for item in value]
    if not isinstance(value, dict):
        return value
    makers: dict[str, Any] = {
        "$datetime": datetime.fromisoformat,
        "$decimal": Decimal,
        "$object_with_id": WithId,
    }
    for marker, make in makers.items():
        if marker in value:
            return make(value[marker])
    return {key: revived(item) for key, item in value.items()}


def dated(value: Any) -> Any:
    """Parameters whose ISO times (with an offset) are times."""
    if isinstance(value, dict):
        return {key: dated(item) for key, item in value.items()}
    is_time = isinstance(value, str) and value.startswith("2013-01-01T")
    return datetime.fromisoformat(value) if is_time else value


@pytest.mark.parametrize("vector", [*CROSS_CHECKED, *NODE, *RUBY])
def test_the_sdks_vectors(vector: dict[str, Any]) -> None:
    """Parameters are encoded as stripe-python, -node and -ruby do, but for the departures."""
    wire = vector.get("python_wire", vector.get("wire"))
    sdks = pairs(parse_qsl(wire, keep_blank_values=True))
    expected = DEPARTURES.get(vector["name"], sdks)
    assert pairs(encode(revived(vector["params"]))) == expected
    assert vector["name"] not in DEPARTURES or sdks != expected


@pytest.mark.parametrize("vector", PYTHON)
def test_the_python_sdks_own_tests(vector: dict[str, Any]) -> None:
    """The pairs of stripe-python's own encoder tests come out, as text."""
    assert pairs(encode(dated(revived(vector["params"])))) == pairs(vector["pairs"])


def test_all_vectors_are_there(conformance: Any) -> None:
    """Every departure belongs to one of the vectors."""
    names = [vector["name"] for vectors in conformance["encoding"].values() for vector in vectors]
    assert DEPARTURES.keys() <= set(names)


SCALARS = (
    st.text(max_size=8)
    | st.integers()
    | st.floats(-1e15, 1e15).filter(lambda number: "e" not in str(number))
    | st.decimals(-(10**9), 10**9, places=3)
    | st.datetimes(
        datetime(1971, 1, 1),  # noqa: DTZ001 - the zone is drawn beside it
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=9, minutes=30))]),
    ).map(lambda moment: moment.replace(microsecond=0))
)
KEYS = st.text("abcdefgh_ öß&=[]%+#", min_size=1, max_size=6)
# Without the quirks: booleans, times and nothing in a list, which stripe-python writes as Python.
LISTED = st.text(max_size=8) | st.integers() | st.decimals(-(10**9), 10**9, places=3)
NESTED = st.recursive(
    SCALARS | st.booleans() | st.none(),
    lambda inner: (
        st.dictionaries(KEYS, inner, max_size=3)
        | st.lists(LISTED | st.dictionaries(KEYS, inner, max_size=3), max_size=3)
        | st.lists(st.lists(LISTED, max_size=2), max_size=2)
    ),
    max_leaves=12,
)


@settings(max_examples=300)
@given(st.dictionaries(KEYS, NESTED, max_size=4))
def test_the_encoder_is_the_python_sdks(params: dict[str, Any]) -> None:
    """Any nested parameters come out as from stripe-python, pair by pair, quirks aside."""
    assert list(encode(params)) == [(key, str(value)) for key, value in _api_encode(params)]


@settings(max_examples=100)
@given(st.dictionaries(KEYS, NESTED, max_size=4))
def test_a_body_reads_back_as_the_pairs(params: dict[str, Any]) -> None:
    """The form of any parameters, sent as a body or a query, reads back as the very same pairs."""
    sent = encode(params)
    try:
        body = Request("POST", "/v1/x", sent).body
    except Refused:  # brackets in a name say the same as another
        reject()
    assert body is not None
    assert tuple(parse_qsl(body.decode(), keep_blank_values=True)) == sent
    target = Request("GET", "/v1/x", sent).target
    assert tuple(parse_qsl(target.partition("?")[2], keep_blank_values=True)) == sent


QUIRKS = [
    ({"a": [True, False]}, [("a[0]", "true"), ("a[1]", "false")]),
    ({"a": ["x", None, "y"]}, [("a[0]", "x"), ("a[1]", "y")]),
    ({"a": [datetime(1970, 1, 1, 1, tzinfo=UTC)]}, [("a[0]", "3600")]),
    ({"a": Decimal("1E-7")}, [("a", "0.0000001")]),
    ({"a": Decimal("1E+3")}, [("a", "1000")]),
    ({"a": 1e16}, [("a", "10000000000000000")]),
    ({"a": 1e-7}, [("a", "0.0000001")]),
    ({"a": CLEAR, "b": [], "c": {}}, [("a", "")]),
    ({"a": {"b": CLEAR}}, [("a[b]", "")]),
    ({"a": (1, 2)}, [("a[0]", "1"), ("a[1]", "2")]),
    ({"a": [[True]]}, [("a[0][0]", "true")]),
]


@pytest.mark.parametrize(("params", "expected"), QUIRKS)
def test_where_the_python_sdk_is_not_followed(params: Any, expected: list[tuple[str, str]]) -> None:
    """Booleans, nothing, times and exponents are written as Stripe reads them, at every depth."""
    assert list(encode(params)) == expected


NO_FORM = [
    float("nan"),
    float("inf"),
    Decimal("NaN"),
    Decimal("sNaN"),
    Decimal("-Infinity"),
    datetime(2026, 1, 1),  # noqa: DTZ001 - naive on purpose
    b"bytes",
    {1, 2},
    object(),
    1j,
]


@pytest.mark.parametrize("value", NO_FORM, ids=lambda value: repr(value).partition(" at 0x")[0])
@pytest.mark.parametrize("place", ["value", "list", "object"])
def test_what_has_no_form_is_refused(value: Any, place: str) -> None:
    """Numbers that are none, naive times and foreign objects are refused at every depth."""
    nested = {"value": value, "list": [value], "object": {"b": value}}[place]
    with pytest.raises(Refused):
        encode({"a": nested})


def test_what_cannot_be_sent_is_told_like_any_refusal() -> None:
    """A parameter that has no form, because of what was added, is an InvalidInputs."""
    with pytest.raises(InvalidInputs, match="tiers"):
        ACTIONS["create_price"].read(fewest("create_price"), extra={"tiers": object()})


# --- requests and replies -------------------------------------------------------------------------


@pytest.mark.parametrize("name", ACTIONS)
def test_a_request_is_pure(name: str) -> None:
    """A request is made anew, and alike, each time; the action stays as it was."""
    one = made(name)
    before = one.inputs()
    assert one.request() == one.request()
    assert one.inputs() == before


@pytest.mark.parametrize("name", [name for name in ACTIONS if name not in RECIPES])
def test_only_a_post_has_a_body(name: str) -> None:
    """A POST carries its parameters in the body, everything else in the query."""
    request = ACTIONS[name].read(fewest(name), expand=["data.x"]).request()
    form = urlencode(request.params)
    if request.method == "POST":
        assert (request.target, request.body) == (request.path, form.encode())
    else:
        assert (request.target, request.body) == (f"{request.path}?{form}", None)


def test_without_parameters_there_is_no_question_mark() -> None:
    """A target without parameters is the path."""
    inputs = {"Price ID": "price_123"}
    assert made("retrieve_price", inputs).request().target == "/v1/prices/price_123"


def test_extra_parameters_stand_beside_the_rows() -> None:
    """Parameters beyond the rows are encoded as they are, after the rows, which stay the same."""
    extra = {"tax_behavior": "inclusive", "currency_options": {"eur": {"unit_amount": 900}}}
    plain = made("create_price").request()
    more = ACTIONS["create_price"].read(right("create_price"), extra=extra).request()
    added = (("tax_behavior", "inclusive"), ("currency_options[eur][unit_amount]", "900"))
    assert more.params == plain.params + added


@pytest.mark.parametrize(
    ("body", "read"),
    [
        (b'{"id": "x"}', {"id": "x"}),
        (b"", None),
        (b"{", None),
        (b"[1]", None),
        (b"null", None),
        (b"<html>", None),
        (b"\xff\xfe", None),
        (b"[" * 100_000, None),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_a_body_is_an_object_or_nothing(body: bytes, read: Any) -> None:
    """The JSON object of a reply is read; anything else is None, never an exception."""
    assert Reply(200, {}, body).output == read


@pytest.mark.parametrize(
    ("headers", "replayed"), [({}, False), ({"idempotent-replayed": "true"}, True)]
)
def test_a_replay_says_so(headers: dict[str, str], *, replayed: bool) -> None:
    """Stripe's header tells that an earlier execution was answered again."""
    assert Reply(200, headers, b"{}").replayed is replayed
    assert Lost("gone", sent=True).sent


# --- paths ----------------------------------------------------------------------------------------

WITH_ID = {name: each.spec.path_names[0] for name, each in ACTIONS.items() if each.spec.path_names}


@pytest.mark.parametrize("odd", ["a\u2028b", "\u202ex", "a\u00a0b", "\u3000", "\ue000", "\u0085"])
def test_an_id_that_is_read_can_be_sent(odd: str) -> None:
    """Reading and sending agree about an ID: both take it, or reading names the display key."""
    cls = ACTIONS["retrieve_price"]
    _, problems = cls.judge({"Price ID": odd})
    if problems:
        assert list(problems) == ["Price ID"]
    else:
        assert unquote(cls.read({"Price ID": odd}).request().path) == f"/v1/prices/{odd}"


@settings(max_examples=200)
@given(st.text(min_size=1, max_size=20))
def test_any_text_fills_one_segment_or_none(text: str) -> None:
    """Any text becomes one ASCII segment of the path that reads back as the text, or is refused."""
    try:
        path = fill("/v1/x/{id}/y", {"id": text})
    except Refused:
        assert text in (".", "..") or not text.isprintable() or text.isspace()
        return
    assert path.isascii()
    segments = path.split("/")
    assert segments == ["", "v1", "x", segments[3], "y"]
    assert unquote(segments[3]) == text


def test_the_references_advice_on_paths(conformance: Any) -> None:
    """A space in an ID is %20, and every path to reject is only ever one segment."""
    advice = conformance["paths"]
    assert fill("/v1/{id}", {"id": advice["id_quoting"]["input"]}) == "/v1/cu%20%20%25x%20123"
    for path in filter(None, advice["reject"]):
        assert fill("/v1/{id}", {"id": path}).count("/") == 2
    for path in advice["accept"]:
        assert fill("/v1/{id}", {"id": path}).startswith("/v1/%2Fv1%2F")


def test_a_filled_id_is_not_filled_again() -> None:
    """An ID that looks like a variable of the path is taken as it is."""
    assert fill("/v1/{a}/{b}", {"a": "{b}", "b": "x"}) == "/v1/%7Bb%7D/x"


@pytest.mark.parametrize("name", WITH_ID)
def test_the_path_variable_is_sent_nowhere_else(name: str) -> None:
    """The ID in the path is not repeated among the parameters."""
    request = made(name, fewest(name)).request()
    assert WITH_ID[name] not in {key for key, _ in request.params}


class Captured(stripe.HTTPClient):
    """What the official SDK sends, in place of its network."""

    name = "captured"
    method = url = body = ""

    def request(
        self, method: str, url: str, headers: Any, post_data: Any = None, **_: Any
    ) -> tuple[str, int, Any]:
        """Keeps what is sent, and answers with some object."""
        self.method, self.url, self.body = method.upper(), url, post_data
        return '{"id": "x", "object": "x"}', 200, {}


BEYOND: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
    (
        "create_payment_intent",
        "payment_intents",
        {
            "Amount": "2000",
            "Currency": "usd",
            "Payment Method": "pm_1",
            "Confirm": "true",
            "Off Session": "true",
            "Return URL": "https://a.example/?x=1",
        },
        {
            "amount": 2000,
            "currency": "usd",
            "payment_method": "pm_1",
            "confirm": True,
            "off_session": True,
            "return_url": "https://a.example/?x=1",
        },
    ),
    (
        "create_invoice",
        "invoices",
        {"Customer": "cus_1", "Currency": "EUR", "Pending Invoice Items": "include"},
        {"customer": "cus_1", "currency": "eur", "pending_invoice_items_behavior": "include"},
    ),
    (
        "create_subscription",
        "subscriptions",
        {
            "Customer": "cus_1",
            "Items": [{"price": "price_1"}],
            "Trial Period Days": "14",
            "Payment Behavior": "default_incomplete",
        },
        {
            "customer": "cus_1",
            "items": [{"price": "price_1"}],
            "trial_period_days": 14,
            "payment_behavior": "default_incomplete",
        },
    ),
    (
        "create_checkout_session",
        "checkout.sessions",
        {
            "Mode": "payment",
            "Line Items": [{"price": "price_1", "quantity": 1}],
            "Success URL": "https://a.example",
            "Cancel URL": "https://b.example",
            "Automatic Tax": {"enabled": "true"},
            "Locale": "pt-BR",
            "Client Reference ID": "ö 1",
            "Payment Intent Data": {"transfer_group": "g"},
        },
        {
            "mode": "payment",
            "line_items": [{"price": "price_1", "quantity": 1}],
            "success_url": "https://a.example",
            "cancel_url": "https://b.example",
            "automatic_tax": {"enabled": True},
            "locale": "pt-BR",
            "client_reference_id": "ö 1",
            "payment_intent_data": {"transfer_group": "g"},
        },
    ),
    (
        "create_coupon",
        "coupons",
        {
            "Percent Off": "33.33",
            "Duration": "repeating",
            "Duration in Months": "3",
            "ID": "SPRING %",
            "Applies To": {"products": ["prod_1", "prod_2"]},
        },
        {
            "percent_off": 33.33,
            "duration": "repeating",
            "duration_in_months": 3,
            "id": "SPRING %",
            "applies_to": {"products": ["prod_1", "prod_2"]},
        },
    ),
    (
        "create_promotion_code",
        "promotion_codes",
        {
            "Promotion": {"type": "coupon", "coupon": "SPRING"},
            "Code": "SPRING-25",
            "Restrictions": {
                "first_time_transaction": "true",
                "minimum_amount": "1000",
                "minimum_amount_currency": "USD",
            },
        },
        {
            "promotion": {"type": "coupon", "coupon": "SPRING"},
            "code": "SPRING-25",
            "restrictions": {
                "first_time_transaction": True,
                "minimum_amount": 1000,
                "minimum_amount_currency": "usd",
            },
        },
    ),
]


@pytest.mark.parametrize(("name", "service", "inputs", "params"), BEYOND)
def test_rows_beyond_the_page_are_sent_as_the_sdk_does(
    name: str, service: str, inputs: dict[str, Any], params: dict[str, Any]
) -> None:
    """What a form gives in the rows that the page lacks is, pair by pair, what the SDK sends."""
    captured = Captured()
    client: Any = stripe.StripeClient("sk_test_1", http_client=captured).v1
    attrgetter(service)(client).create(params)
    body = made(name, inputs).request().body
    assert body is not None
    assert sorted(parse_qsl(body.decode())) == sorted(parse_qsl(captured.body))


# --- every action beside the official SDK ---------------------------------------------------------

METHOD = re.compile(r"    def (\w+)\(\n.*?self\._request\(\s*\"(\w+)\",\s*\"([^\"]+)\"", re.DOTALL)
Asking = Callable[..., Any]


@cache
def sdks_methods() -> Mapping[tuple[str, str], tuple[type[Any], str]]:
    """The SDK's service and its method for each endpoint, whatever the path's variables are."""
    found: dict[tuple[str, str], tuple[type[Any], str]] = {}
    root = Path(stripe.__file__).parent
    for file in root.rglob("_*_service.py"):
        methods = METHOD.findall(file.read_text("utf-8"))
        for method, verb, path in [each for each in methods if each[2].startswith("/v1/")]:
            module = ".".join(["stripe", *file.relative_to(root).with_suffix("").parts])
            service = getattr(import_module(module), camel(file.stem))
            found[verb.upper(), re.sub(r"{\w+}", "{}", path)] = service, method
    return found


def camel(name: str) -> str:
    """`_invoice_item_service` as the class in it is called."""
    return "".join(word.capitalize() for word in name.split("_"))


def asked_of_the_sdk(name: str, captured: Captured) -> Asking:
    """The SDK's method for what an action asks."""
    spec = ACTIONS[name].spec
    service, method = sdks_methods()[spec.method, re.sub(r"{\w+}", "{}", spec.path)]
    client: Any = stripe.StripeClient("sk_test_1", http_client=captured)
    asking: Asking = getattr(service(client._requestor), method)
    return asking


def as_objects(sent: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters with `created[gte]` as the object that it stands for."""
    found: dict[str, Any] = {}
    for name, value in sent.items():
        *outer, last = re.findall(r"[^\[\]]+", name)
        holder = found
        for step in outer:
            holder = holder.setdefault(step, {})
        holder[last] = value
    return found


@pytest.mark.parametrize("name", [name for name in TABLES if name not in RECIPES])
def test_an_action_is_sent_as_the_sdk_sends_it(name: str) -> None:
    """Method, path and every pair of an action are those of the SDK's method for its endpoint."""
    captured = Captured()
    action = made(name)
    in_path, sent = action.parameters()
    asked_of_the_sdk(name, captured)(*in_path.values(), as_objects(sent))
    request = action.request()
    path, _, query = captured.url.removeprefix("https://api.stripe.com").partition("?")
    form = parse_qsl(captured.body or query, keep_blank_values=True)
    assert (request.method, request.path) == (captured.method, path)
    assert pairs(request.params) == pairs(form)
