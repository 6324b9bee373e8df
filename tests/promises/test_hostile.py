"""Hostile input: a refusal that can be read, or one well-formed request to the declared path.

Speed is not measured. What hangs is ended after a minute and has failed.
"""

import itertools
import json
import math
import re
import signal
import sys
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, unquote

import pytest
from driving import begun, first
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support import ACTIONS, OPEN, fewest, first_sent
from terminal_support import KEY, Counted, install

from stripe_flow import flow
from stripe_flow.reading import FlowError
from stripe_flow.references import resolved
from stripe_plugin import (
    CLEAR,
    Connection,
    HookFailed,
    Host,
    InvalidInputs,
    Policy,
    Request,
    Result,
    RunContext,
    StripeError,
    UsageError,
    hookimpl,
)
from stripe_plugin.declare.row import Row
from stripe_plugin.declare.spec import Spec
from stripe_plugin.run.exchange import STRIPE_VERSION, Send

LONGEST_SENTENCE, MOST_TOLD, LONGEST_LABEL = 400, 20_000, 64  # characters of a refusal
CONTROL = re.compile(r"[\x00-\x1f\ud800-\udfff]")
CONNECTION = Connection(KEY, account="acct_1")


@pytest.fixture(autouse=True)
def _no_hang() -> Iterator[None]:
    def hung(*_: object) -> None:
        pytest.fail("it hangs")

    before = signal.signal(signal.SIGALRM, hung)
    signal.setitimer(signal.ITIMER_REAL, 60, 60)  # Hypothesis would try it again
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def check_refusal(name: str, error: InvalidInputs) -> None:
    """A refusal is bounded, can be printed, and is keyed by rows or by shortened unknown keys."""
    sentences = [sentence for told in error.problems.values() for sentence in told]
    assert sentences
    assert max(map(len, sentences)) <= LONGEST_SENTENCE
    assert sum(map(len, sentences)) <= MOST_TOLD
    assert not any(map(CONTROL.search, [*sentences, *error.problems]))
    unknown = error.problems.keys() - ACTIONS[name].spec.fields.keys()
    assert all(len(label) <= LONGEST_LABEL for label in unknown)
    assert json.loads(json.dumps(error.as_dict()))["problems"] == error.problems


def check_request(spec: Spec, request: Request, inputs: Mapping[str, Any]) -> None:
    """A request has the declared method and path, with the very ID in it, and can be written."""
    declares = spec.id not in OPEN
    assert request.method == spec.method or not declares
    segments = request.path.split("/")
    template = spec.path if declares else request.path
    for segment, declared in zip(segments, template.split("/"), strict=True):
        if declared.startswith("{"):
            variable = declared.strip("{}")
            key = next(row.key for row in spec.rows if row.name == variable)
            given = inputs.get(key) or inputs.get(variable)
            assert unquote(segment) == str.strip(given or "")
            assert re.fullmatch(r"[A-Za-z0-9_.~%-]+", segment)
            assert segment not in (".", "..")
        else:
            assert segment == declared
    assert all(type(text) is str for pair in request.params for text in pair)
    path, _, query = request.target.partition("?")
    form = query if request.body is None else request.body.decode("ascii")
    assert path == request.path
    assert parse_qsl(form, keep_blank_values=True) == [*request.params]
    assert re.fullmatch(r"[!-~]*", request.target + form)


def check_headers(attempt: Send) -> None:
    """Every header can be written in one line, and they are the declared ones."""
    ours = {"Stripe-Version", "User-Agent", "Stripe-Account", "Content-Type", "Idempotency-Key"}
    assert attempt.headers.keys() <= ours
    assert attempt.headers["Stripe-Version"] == STRIPE_VERSION
    assert all(re.fullmatch(r"[!-~]{1,255}", text) for text in attempt.headers.values())


def attempted(name: str, inputs: Mapping[str, Any], **context: Any) -> Send | InvalidInputs:
    """The first thing a client would send, or the refusal; checked, the one or the other."""
    try:
        extra, expand = context.pop("extra", {}), context.pop("expand", ())
        action = ACTIONS[name].read(inputs, extra=extra, expand=expand)
        attempt = first(begun(action, RunContext(**context)))
    except InvalidInputs as error:
        check_refusal(name, error)
        return error
    sent = first_sent(action)
    check_request(sent.spec, attempt.request, inputs if sent is action else sent.inputs())
    check_headers(attempt)
    return attempt


# --- what is hostile ------------------------------------------------------------------------------

TEXTS = [
    *("\0", "a\0b", "\r\n", "a\r\nX-Evil: 1", "\ud800", "a\udfff", "\x7f", "\x1b[2J", "\u202e"),
    *("{", "[", "{}", "[]", '{"a":', "null", "NaN", "1e999", "-1", "9" * 5000, "[" * 10_000),
    *('{"a": 1, "a": [NaN]}', "@clear", "sk_live_abcdefgh1234", "%s%n", "${{ steps.a.id }}"),
    *("<script>", "' OR 1=1 --", "x" * 5001, "x" * 100_001, " " * 10_000 + "1", "١٠", "١"),
]
NUMBERS = [
    *(math.nan, math.inf, -math.inf, 1e308, 5e-324, -0.0, 2**63, -(2**63), 10**18, -(10**18)),
    *(True, 1j, Decimal("NaN"), Decimal("sNaN"), Decimal("-Infinity")),
    *(Decimal("1E+999999999999999999"), Decimal("1E-999999999999999999"), Decimal("0E-999999999")),
]
FOREIGN = [
    *(b"x", bytearray(b"x"), {1}, frozenset(), range(3), object(), object, len, ValueError("x")),
    *(CLEAR, datetime.fromisoformat("9999-12-31"), datetime.min.replace(tzinfo=UTC)),
    *({None: 1}, {5: 1}, {(): 1}),
    *({"\ud800": 1}, {"a\r\nb": 1}, {"": ""}, [None], [[]], {"a": {}}, {b"": 1}),
]


def nested(depth: int, wrap: Callable[[Any], Any], inner: Any = "x") -> Any:
    """A value inside so many others."""
    for _ in range(depth):
        inner = wrap(inner)
    return inner


def cyclic_list() -> Any:
    """A list that holds itself, twice."""
    cycle: list[Any] = []
    cycle += [cycle, cycle]
    return cycle


def cyclic_object() -> Any:
    """An object that holds itself, and a list of itself."""
    cycle: dict[str, Any] = {}
    cycle |= {"price": cycle, "metadata": [cycle]}
    return cycle


# Made where they are needed: they cannot even be shown.
MONSTERS: dict[str, Callable[[], Any]] = {
    "5,000 digits": lambda: 10**5000,
    "less than that": lambda: -(10**5000),
    "5,000 digits for a key": lambda: {10**5000: 1},
    "10 MB": lambda: "x" * 10**7,
    "10 MB of digits": lambda: "9" * 10**7,
    "10 MB of JSON": lambda: "[" * 10**7,
    "10 MB in a key": lambda: {"x" * 10**7: "x"},
    "1,000 lists deep": lambda: nested(1000, lambda inner: [inner]),
    "1,000 objects deep": lambda: nested(1000, lambda inner: {"metadata": inner}),
    "100,000 items": lambda: ["x"] * 100_000,
    "100,000 keys": lambda: {f"key{number}": "x" for number in range(100_000)},
    "100,000 times nothing": lambda: [None] * 100_000,
    "a list in itself": cyclic_list,
    "an object in itself": cyclic_object,
    "2^60 texts": lambda: nested(60, lambda inner: [inner, inner]),
    "2^18 texts": lambda: nested(18, lambda inner: {"a": inner, "b": inner}),
    "2^40 times nothing": lambda: nested(40, lambda inner: [inner, inner], []),
    "a long text, often": lambda: ["x" * 100_000] * 15_000,
    "a long key, often": lambda: [{"x" * 100_000: "x"}] * 9_000,
    "a long key before many": lambda: {"x" * 100_000: ["x"] * 15_000},
    "misspelt 9,000 times": lambda: [{"price_dat" + "a" * 60: 1}] * 9_000,
}


# --- the rows of the tables -----------------------------------------------------------------------


def apart() -> dict[str, list[Row]]:
    """The rows of each action that are not judged and sent as a row of an action before it is."""
    known: list[Any] = []
    found: dict[str, list[Row]] = {}
    for name, action in ACTIONS.items():
        for row in action.spec.rows:
            judged = (action.spec.method, row.name, row.kind, row.rules)
            if judged not in known:
                known.append(judged)
                found.setdefault(name, []).append(row)
    return found


APART = apart()


@pytest.mark.parametrize("name", APART)
def test_a_row_takes_or_refuses_whatever_it_is_given(name: str) -> None:
    """Every row refuses a hostile value or sends what is declared, by display key or by name."""
    for row in APART[name]:
        beside = {key: value for key, value in fewest(name).items() if key != row.key}
        words = itertools.cycle([row.key, row.name, row.name, row.key])
        for number, value in enumerate([*TEXTS, *NUMBERS, *FOREIGN]):
            around = {"metadata": value} if number % 2 else [value]
            attempted(name, {**beside, next(words): value})
            attempted(name, {**beside, next(words): around})


SOME = ("create_price", "list_prices", "update_customer", "delete_customer")  # every method
NAMES = sorted({row.name for action in ACTIONS.values() for row in action.spec.rows})
ROWS = [(name, row) for name, action in ACTIONS.items() for row in action.spec.rows]


@pytest.mark.parametrize("turn", range(len(MONSTERS)))
def test_a_row_is_not_overcome_by_size(turn: int) -> None:
    """What is too long, too deep, too much or endless is refused by every row that it is given."""
    value = [*MONSTERS.values()][turn]()
    for number, (name, row) in enumerate(ROWS[turn % 8 :: 8]):  # every row gets an eighth of them
        beside = {key: value for key, value in fewest(name).items() if key != row.key}
        word = row.name if number % 2 else row.key
        refused = attempted(name, {**beside, word: value})
        assert isinstance(refused, InvalidInputs)
        assert row.key in refused.problems


KEYS: dict[str, Callable[[], Mapping[Any, Any]]] = {
    "100,000 keys": MONSTERS["100,000 keys"],
    "100,000 alike": lambda: {f"unit_amoun{number}": 1 for number in range(100_000)},
    "10 MB": lambda: {"x" * 10**7: "x"},
    "numbers": lambda: {10**5000: 1, math.nan: 1, 5: 1},
    "no text": lambda: {None: 1, True: 1, b"name": 1, (): 1, frozenset(): 1, object: 1},
    "a deep key": lambda: {nested(900, lambda inner: (inner,)): 1},
    "what no text can hold": lambda: {
        "\ud800": 1,
        "\0": 1,
        "a\r\nX-Evil: 1": 1,
        "": 1,
        "\x1b[2J": 1,
    },
    "words of Python": lambda: {"__class__": 1, "spec": 1, "self": 1, "cls": 1, "extra": {"a": 1}},
    "like ours": lambda: {"inputs": 1, '"Name"': 1, "name ": 1, "NAME": 1, "name[]": 1},
}


@pytest.mark.parametrize("keys", KEYS)
def test_keys_that_no_row_has_are_told_shortly(keys: str) -> None:
    """However many, long or odd its keys are, an object of inputs is refused like any other."""
    given = KEYS[keys]()
    for name in SOME:
        assert isinstance(attempted(name, {**fewest(name), **given}), InvalidInputs)


@pytest.mark.parametrize(
    "inputs",
    [None, [], [("Currency", "usd")], 5, *TEXTS, *FOREIGN[:9]],
    ids=lambda it: ascii(it)[:20],
)
def test_inputs_that_are_no_object_are_refused(inputs: Any) -> None:
    """Anything but an object of inputs is refused as that."""
    with pytest.raises(InvalidInputs, match="must be an object") as caught:
        ACTIONS["create_price"].read(inputs)
    check_refusal("create_price", caught.value)


class Monster(NamedTuple):
    """Stands for a monster until it is needed."""

    name: str


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.binary(max_size=5)
    | st.decimals()
    | st.datetimes()
    | st.sampled_from([*TEXTS, *NUMBERS, *FOREIGN])
    | st.builds(Monster, st.sampled_from([*MONSTERS])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text() | st.sampled_from(NAMES), inner, max_size=3)
    ),
    max_leaves=8,
)


def alive(value: Any) -> Any:
    """The value with its monsters."""
    if isinstance(value, Monster):
        return MONSTERS[value.name]()
    if isinstance(value, dict):
        return {key: alive(item) for key, item in value.items()}
    return [*map(alive, value)] if isinstance(value, list) else value


@settings(max_examples=150)
@given(data=st.data(), name=st.sampled_from([*ACTIONS]))
def test_whatever_is_given_is_refused_or_sent_as_declared(data: st.DataObject, name: str) -> None:
    """Any inputs together, with any parameters beside them, are refused or sent as declared."""
    own = [*itertools.chain.from_iterable(ACTIONS[name].spec.names.items())]
    words = st.sampled_from(own or NAMES)  # the others', if it has no rows
    inputs = data.draw(st.dictionaries(words | st.text(), ANYTHING, max_size=4))
    extra = data.draw(st.dictionaries(words | st.text() | st.integers(), ANYTHING, max_size=2))
    beside = data.draw(st.sampled_from([{}, fewest(name)]))
    attempted(name, {**beside, **alive(inputs)}, extra=alive(extra))


# --- IDs in the path ------------------------------------------------------------------------------

IDS = [
    *("a/b", "../customers", "../../v1/customers", "/v1/customers", "//evil.example", "a//b"),
    *("a?b=c", "?", "#", "a#b", "a%2Fb", "%2e%2e", "%", "%00", "a&b=c", "a;b", "a=b"),
    *("@evil.example/v1/leak", ":pw@evil.example/", ":80@evil.example/", ".evil.example/v1/leak"),
    *("-evil.example/v1/leak", "https://evil.example/v1/leak", "v1/customers", "\\\\evil\\x"),
    *("größe", "😀", "a+b", "{price}", "{id}", "...", "~", "cus_123@456", "\u202e", "ａ／ｂ"),
    *("x" * 5000, "/" * 5000),
]
NO_IDS = [
    *("", ".", "..", " ", "  ", "a\nb", "a\r\nHost: evil", "a\0b", "\x7f", "\x1b", "\t"),
    *("\ud800", "a\udfff", 5, True, None, ["a"], {"a": "b"}, b"a"),
]
WITH_ID = {name: each.spec.path_names[0] for name, each in ACTIONS.items() if each.spec.path_names}


@pytest.mark.parametrize("identity", IDS, ids=lambda text: ascii(text)[:30])
def test_an_id_stays_in_its_segment(identity: str) -> None:
    """An ID is one segment of the declared path, however it got into the action."""
    for name in WITH_ID:
        rows = ACTIONS[name].spec.rows
        inputs = {**fewest(name), rows[0].key: identity}
        attempt = attempted(name, inputs)
        assert isinstance(attempt, Send)
        given = {row.name: inputs[row.key] for row in rows if row.key in inputs}
        made = ACTIONS[name](**given)
        assert first_sent(made).request().path == attempt.request.path


@pytest.mark.parametrize("identity", NO_IDS, ids=ascii)
def test_what_can_be_no_id_is_refused(identity: Any) -> None:
    """Dots, control characters, nothing and what is no text are refused, read or not."""
    for name, variable in WITH_ID.items():
        with pytest.raises(InvalidInputs) as caught:
            ACTIONS[name].read({variable: identity})
        check_refusal(name, caught.value)
        given: dict[str, Any] = {variable: identity}
        with pytest.raises(InvalidInputs):
            ACTIONS[name](**given)


@pytest.mark.parametrize("name", ["retrieve_price", "expire_checkout_session", "delete_customer"])
def test_an_id_arrives_in_its_segment(name: str) -> None:
    """What reaches the other side of HTTP is one request, to exactly the path that was made."""
    with Counted() as world, Host.load() as host:
        for identity in IDS:
            given: dict[str, Any] = {WITH_ID[name]: identity}
            action = ACTIONS[name](**given)
            with pytest.raises(StripeError):
                host.run(name, action.inputs(), connection=world.connection())
            asked, world.asked = world.asked, []
            assert asked == [f"{action.spec.method} {action.request().target}"]


# --- the options of a run, and its connection -----------------------------------------------------

OPTIONS: dict[str, Callable[[Any], dict[str, Any]]] = {
    "run_id": lambda text: {"run_id": text},
    "step": lambda text: {"run_id": "r1", "step": text},
    "item": lambda text: {"run_id": "r1", "item": text},
    "idempotency_key": lambda text: {"idempotency_key": text},
    "account": lambda text: {"account": text},
    "expand": lambda text: {"expand": [text]},
    "a key of extra": lambda text: {"extra": {text: "x"}},
    "a key in extra": lambda text: {"extra": {"x": {text: "x"}}},
    "a value of extra": lambda text: {"extra": {"x": text}},
}


def check_usage(error: UsageError) -> None:
    """A usage error is a sentence that can be printed, and shows no key."""
    assert 0 < len(str(error)) <= LONGEST_SENTENCE
    assert not CONTROL.search(str(error))
    assert KEY not in str(error)


@pytest.mark.parametrize("option", OPTIONS)
def test_an_option_of_a_run_injects_nothing(option: str) -> None:
    """Hostile text in an option is refused, or is in a header, a path or a form all its own."""
    for text in [*TEXTS, *IDS, "acct_1\r\nX-Evil: 1", "x" * 10**7]:
        for name in SOME:
            try:
                attempted(name, fewest(name), **OPTIONS[option](text))
            except UsageError as error:
                check_usage(error)


@pytest.mark.parametrize("monster", MONSTERS)
def test_extra_parameters_of_any_size_are_judged(monster: str) -> None:
    """Parameters beside the rows are bounded, too: as one of them, as all, as a path."""
    value = MONSTERS[monster]()
    attempted("create_price", fewest("create_price"), extra={"x": value})
    attempted("list_prices", {}, expand=[value])
    if isinstance(value, dict):
        attempted("list_prices", {}, extra=value)


def named(value: Any) -> str:
    """What tests call a value: the same in each process, so without its address."""
    return repr(value).partition(" at 0x")[0][:30]


@pytest.mark.parametrize("value", [*NUMBERS, *FOREIGN], ids=named)
def test_extra_parameters_of_any_type_are_judged(value: Any) -> None:
    """A parameter beside the rows that has no form is refused, whatever it is."""
    for name in SOME:
        attempted(name, fewest(name), extra={"x": value, "y": [value], "z": {"a": value}})
        attempted(name, fewest(name), expand=[value])


def option_label(name: str, option: str) -> str:
    """What sentences call an option: as its row does, or where it stands beside the rows."""
    row = ACTIONS[name].spec.words.get(option)
    return row.key if row else f"Options › {option.title()}"


NO_OPTIONS = [5, "a", b"a", [1], {1, 2}, object(), *({10**5000: 1}, {"a": {1}}, {"a": CLEAR, 5: 1})]


@pytest.mark.parametrize("value", NO_OPTIONS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("option", ["extra", "expand"])
def test_options_of_another_type_are_told_with_the_rest(option: str, value: Any) -> None:
    """What is no object of parameters, or no list of paths, is refused like any input."""
    for name in SOME:
        options: dict[str, Any] = {option: value}
        with pytest.raises(InvalidInputs) as caught:
            ACTIONS[name].read({**fewest(name), "Kolour": "red"}, **options)
        check_refusal(name, caught.value)
        assert {"Kolour", option_label(name, option)} <= {*caught.value.problems}


WRONG_OPTIONS: list[tuple[str, list[Any], str]] = [
    ("run_id", [10**5000, 5, b"r", ["r"], {}], "run_id must be text"),
    ("step", [10**5000, 5, b"r", ["r"], {}], "step must be text"),
    ("account", [10**5000, 5, b"r", ["r"], {}], "acct_"),
    ("idempotency_key", [10**5000, 5, b"abc"], "idempotency_key must be text"),
    ("item", [10**5000, 1.5, b"1", True], "item must be text"),
    ("timeout", ["x", 0, -1, float("nan"), 10**400, [1]], "timeout must be seconds"),
    ("begun", ["x", 0, -1, float("nan"), 10**400, [1]], "begun must be seconds"),
    ("deadline", ["x", 0, -1, float("nan"), 10**400, [1]], "deadline must be seconds"),
    ("begun", [time.time() + 9_999, time.time() * 1_000], "in milliseconds"),
    ("begun", [time.time()], "needs the run_id"),
]


@pytest.mark.parametrize(
    ("option", "values", "words"), WRONG_OPTIONS, ids=[row[0] for row in WRONG_OPTIONS]
)
def test_an_option_of_another_type_is_refused(option: str, values: list[Any], words: str) -> None:
    """An option that is no text, list, object or number is told so at once."""
    for value in values:
        with pytest.raises(UsageError, match=words) as caught:
            RunContext(**{option: value})
        check_usage(caught.value)


@pytest.mark.parametrize("expand", [5, "a", {"a": 1}, [5], [["a"]]], ids=repr)
def test_expand_is_a_list_of_paths(expand: Any) -> None:
    """What is to be expanded is a list of texts, and refused by name if it is not."""
    for name in SOME:
        with pytest.raises(InvalidInputs, match=f"^{option_label(name, 'expand')} "):
            ACTIONS[name].read(fewest(name), expand=expand)


@pytest.mark.parametrize("extra", [5, [1], "a"], ids=repr)
def test_extra_is_an_object(extra: Any) -> None:
    """Parameters beside the rows are an object, and refused by name if they are not."""
    with pytest.raises(InvalidInputs, match="Options › Extra"):
        ACTIONS["list_prices"].read({}, extra=extra)


@pytest.mark.parametrize("name", ["retries", "timeout", "budget", "first_delay", "longest_delay"])
def test_a_policy_is_of_numbers(name: str) -> None:
    """A policy that could never work is refused when it is made."""
    given: list[Any] = [-1, "5", None, float("nan"), float("inf"), 10**400]
    for value in [*given, *([0] if name in ("timeout", "budget") else [])]:
        with pytest.raises(UsageError, match=name) as caught:
            Policy(**{name: value})
        check_usage(caught.value)


VERSION = "2020-01-01"


@pytest.mark.parametrize(
    "options",
    [
        {"extra": {"Stripe-Version": VERSION, "stripe_version": VERSION, "api_version": VERSION}},
        {"extra": {"headers": {"Stripe-Version": VERSION}, "Stripe-Version: ": VERSION}},
        {"run_id": f"r1\r\nStripe-Version: {VERSION}", "step": "\r\n\r\n"},
        {"expand": [f"\r\nStripe-Version: {VERSION}"]},
    ],
)
def test_nothing_changes_the_version(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No run has a version of its own: the pinned one is sent, whatever else is given."""
    for word in ("STRIPE_VERSION", "STRIPE_API_VERSION"):
        monkeypatch.setenv(word, VERSION)
    for name in SOME:
        attempt = attempted(name, fewest(name), **options)
        assert isinstance(attempt, Send)
        assert attempt.headers["Stripe-Version"] == STRIPE_VERSION
    with pytest.raises(TypeError):
        RunContext(version=VERSION)  # type: ignore[call-arg]


@settings(max_examples=100)
@given(after=st.text() | st.sampled_from([*TEXTS, *IDS]), account=st.text() | st.none())
@example(after="x\r\nX-Evil: 1", account=None)
@example(after="xyz", account="\r\nX-Evil: 1")
@example(after="xyz\n", account="1\n")
@example(after="xyz" * 10**6, account="1" * 10**6)
def test_a_connection_injects_nothing(after: str, account: str | None) -> None:
    """A key or an account that no header can hold is refused when the connection is made."""
    try:
        who = Connection(f"sk_test_{after}", account and f"acct_{account}")
    except UsageError as error:
        check_usage(error)
        return
    assert re.fullmatch(r"sk_test_\w*", who.api_key.reveal(), re.ASCII)
    check_headers(first(begun(ACTIONS["list_prices"](), connection=who)))


# --- flow files -----------------------------------------------------------------------------------

HOST = Host.load(block=["acme"])
FIRST = "steps:\n- {id: a, action: list_products}\n"
STEP = FIRST + "- {id: b, action: create_product, inputs: {Name: "


def referring(count: int, reference: str) -> str:
    """A flow of so many steps, each with a reference."""
    step = "- {{id: s{0}, action: list_products, inputs: {{Limit: '${{{{ {1}{0} }}}}'}}}}\n"
    return FIRST + "".join(step.format(number, reference) for number in range(count))


FILES: dict[str, tuple[str, str]] = {
    "billions of values": (
        "a: &l0 [x, x, x, x, x, x, x, x, x]\n"
        + "\n".join(f"b{n}: &l{n + 1} [{', '.join([f'*l{n}'] * 9)}]" for n in range(12)),
        "too much",
    ),
    "lists without end": ("steps: " + "[" * 50_000, "nested too deeply"),
    "dashes without end": ("- " * 100_000, "nested too deeply"),
    "100,000 items": (f"steps: [{'a, ' * 100_000}]", "too much."),
    "25,000 anchors": ("\n".join(f"- &a{n} x" for n in range(25_000)), "too much"),
    "10 MB": ("steps: " + "x" * 10**7, "longer than 500,000"),
    "1,000 documents": ("---\na\n" * 1000, "another document"),
    "half a pair": ("steps: \ud800", "cannot be read"),
    "a tag on a key": (f"{STEP}x, !!python/name:os.system Active: true}}}}", "tag"),
    "a tag on the file": ("!!python/object/apply:os.system [steps]", "tag"),
    "a tag on a step": (f"{FIRST}- !!python/object/new:list {{id: b}}", "tag"),
    "a long tag": (f"steps: !<{'%41' * 100_000}> x", "tag"),
    "a merge of steps": (f"{FIRST}- &x {{id: b}}\n- {{<<: *x}}", "'<<'"),
    "a merge of inputs": (f"{STEP}x, <<: {{Active: true}}}}}}", "<< is not an input"),
    "a long word": (f"{FIRST}- {{id: b, ? {'x' * 100_000}\n}}", "A step has no"),
    "a long action": (f"{FIRST}- {{id: b, action: {'x' * 100_000}}}", "no action"),
    "a long id": (f"{FIRST}- {{id: {'x' * 100_000}, action: list_products}}", "needs an id"),
    "a long key": (f"{STEP}x, ? {'x' * 100_000}\n: '${{{{ steps.c.id }}}}'}}}}", "x…"),
    "a long name in a reference": (f"{STEP}'${{{{ steps.{'x' * 900}.id }}}}'}}}}", "No earlier"),
    "a long reference": (f"{STEP}'${{{{ steps.a.{'x' * 9000} }}}}'}}}}", "longer than 1,000"),
    "an expression without end": (f"{STEP}'${{{{ {'(' * 900}steps.a.id }}}}'}}}}", "JMESPath"),
    "a colour in a key": (f'{STEP}x, "\\e[31m": "${{{{"}}}}', "not closed"),
    "a line in a key": (f'{STEP}x, "\\nother.yaml:1: All is well.": "${{{{"}}}}', "not closed"),
    "1,000 words": ("".join(f"word{n}: 1\n" for n in range(1000)) + FIRST, "There is more"),
    "1,000 unknown inputs": (
        f"{STEP}x, {', '.join(f'word{n}: 1' for n in range(1000))}}}}}",
        "word0 is not an input",
    ),
    "1,000 unknown actions": (
        FIRST + "".join(f"- {{id: s{n}, action: list_prodcut{n}}}\n" for n in range(1000)),
        "There is more",
    ),
    "1,000 references to nothing": (referring(1000, "steps.product"), "There is more"),
    "1,000 references to itself": (referring(1000, "steps.s"), "There is more"),
    "100,000 references left open": (f"{STEP}'{'${{' * 100_000}'}}}}", "not closed"),
    "a reference left open": (f"{STEP}'${{{{{' x' * 200_000}'}}}}", "not closed"),
    "10,000 references in a text": (f"{STEP}'{'${{ steps.c.id }}' * 10_000}'}}}}", "more"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_hostile_file_is_refused_line_by_line(case: str) -> None:
    """A file that is too much for anybody is refused: few lines, short ones, and nothing else."""
    text, words = FILES[case]
    with pytest.raises(FlowError, match=re.escape(words)) as caught:
        flow.load("flow.yaml", text, HOST)
    lines = str(caught.value).splitlines()
    assert len(lines) <= 51
    for line in lines:
        assert re.fullmatch(r"flow\.yaml:[1-9]\d*: .{1,401}", line), line[:100]
        assert line.isprintable()


YAML = [*"\n:{}[]-&*!|>'\"#%@` \tabc$1.,?~=<\\", "steps:", "\n  - ", "id: a", "inputs: ", "Name: "]
YAML += ["action: create_product", "${{ steps.a.id }}", "${{", "}}", "&x ", "*x", "<<: ", "? "]
YAML += [
    "inputs:",
    "if: ",
    "foreach: ",
    "all: true",
    "options: ",
    "{{ a }}",
    "${{ env.A }}",
    "item",
]
YAML += ["!!python/name:os.system ", "---\n", "...\n", "%YAML 1.1\n", '"\\ud800"', "\ufeff", "\x85"]


@settings(max_examples=300)
@given(st.sampled_from(["", FIRST, STEP]), st.lists(st.sampled_from(YAML), max_size=25))
def test_any_file_is_a_flow_or_refused(start: str, parts: list[str]) -> None:
    """Whatever is written in YAML's signs is read as steps, or is a FlowError with lines."""
    try:
        assert flow.load("flow.yaml", start + "".join(parts), HOST)
    except FlowError as error:
        for line in str(error).splitlines():
            assert re.fullmatch(r"flow\.yaml:[1-9]\d*: .{1,401}", line), line


OUTPUTS = {
    "a": {
        "id": "x" * 5000,
        "list": [{"id": f"i{number}", "number": number} for number in range(1000)],
        "none": None,
    }
}
TEN = "`[1, 1, 1, 1, 1, 1, 1, 1, 1, 1]`"
EXPRESSIONS = {
    "nested loops": "steps.a && " + "map(&" * 12 + "@" + f", {TEN})" * 12,
    "nested filters": f"steps.a && {f'{TEN}[?' * 12}`true`{']' * 12}",
    "loops over the data": "steps.a.list | map(&map(&map(&@, @), [@, @]), @) | [@, @]",
    "2^100 values": "steps.a | " + " | ".join(["[@, @]"] * 100),
    "2^60 values as text": "steps.a | " + "|".join(["[@, @]"] * 60) + " | to_string(@)",
    "2^60 values compared": f"steps.a | [({'|'.join(['[@, @]'] * 60)}) == (@)]",
    "2^60 items": "steps.a.list | " + "|".join(["[@, @][]"] * 60),
    "2^40 characters": "steps.a.id | " + "|".join(["join('', [@, @])"] * 40),
    "5^30 keys": "steps.a | " + "|".join(["{a: @, b: @, c: @, d: @, e: @}"] * 30),
    "2^40 keys merged": "steps.a | " + "|".join(["merge(@, {a: @, b: @})"] * 40),
    "long glue": "steps.a.list | join(to_string(@), map(&to_string(@), @))",
    "20 GB of glue": "steps.a | {g: (id"
    + "|join('', [@, @])" * 7
    + "), l: (list[].id"
    + "|[@, @][]" * 5
    + ")} | join(g, l)",
    "400 pipes": "steps.a" + "|@" * 400,
    "400 brackets": f"steps.a | {'[' * 400}@{']' * 400}",
    "900 times not": "!" * 900 + "steps.a",
    "a slice of nothing": "steps.a.list[::0]",
    "a number and a text": "steps.a.list[?number > 'x']",
    "infinity rounded": "steps.a && ceil(`1e999`)",
    "an expression for a value": "steps.a && &id",
    "an expression among text": "[steps.a, &id]",
    "a function of nothing": "steps.a | join()",
    "a function of null": "abs(steps.a.none)",
}


@pytest.mark.parametrize("case", EXPRESSIONS)
def test_an_explosive_expression_is_given_up(case: str) -> None:
    """What would take for ever or all memory, or fails beside JMESPath, is a usage error."""
    with pytest.raises(UsageError) as caught:
        resolved({"Name": [f"${{{{ {EXPRESSIONS[case]} }}}}"]}, {"steps": OUTPUTS})
    check_usage(caught.value)


def test_many_references_come_to_too_much_together() -> None:
    """The references of a step are bounded together, not each for itself."""
    with pytest.raises(UsageError, match="too much"):
        resolved({"Metadata": ["${{ steps.a }}"] * 5_000}, {"steps": OUTPUTS})
    assert len(resolved("${{ steps.a.id }}" * 100, {"steps": OUTPUTS})) == 500_000


def test_a_large_page_is_not_too_much() -> None:
    """What people write about a full page of large objects is found."""
    about = {"lines": [{"note": "x" * 100, "amount": number} for number in range(40)]}
    page = [{"id": f"in_{number}", "created": -number, **about} for number in range(100)]
    outputs = {"all": {"data": page}}
    for expression, found in {
        "sort_by(steps.all.data, &created)[0].id": "in_99",
        "steps.all.data[?id == 'in_7'] | [0].lines[39].amount": 39,
        "length(steps.all.data[].lines[])": 4000,
        "join(',', steps.all.data[:2].id)": "in_0,in_1",
        "reverse(steps.all.data)[0].id": "in_99",
    }.items():
        assert resolved(f"${{{{ {expression} }}}}", {"steps": outputs}) == found


JMESPATH = [*(". [ ] * | || && & @ ( ) { } : , ? [? == < [::0] ! [] -1 steps.a a x").split()]
JMESPATH += ["`1`", "'x'", '"a"', '`[1, "a"]`', "`1e999`", "`NaN`", "`null`", "length(", "join("]
JMESPATH += ["sort_by(", "map(", "to_string(", "to_number(", "avg(", "merge(", "ceil(", "max_by("]


@settings(max_examples=500)
@given(st.lists(st.sampled_from(JMESPATH), max_size=12))
def test_any_expression_finds_something_or_is_refused(parts: list[str]) -> None:
    """Whatever is written in JMESPath's signs is found, or is a usage error."""
    reference = f"${{{{ steps.a{''.join(parts)} }}}}"
    for value in (reference, f"a {reference}"):
        try:
            json.dumps(resolved(value, {"steps": OUTPUTS}))
        except UsageError as error:
            check_usage(error)


# --- plugins --------------------------------------------------------------------------------------

IMPORTS = "from stripe_plugin import Action, Host, Resource, action, hookimpl, required\n"
LISTING = f"{IMPORTS}@hookimpl\ndef register_actions():\n    "
BOX = '''
@action("POST /v1/{0}", Resource("{0}"))
class MakeBox(Action):
    """Make a box."""
    name: str = required("Name", "Box", "What it is called")
'''
TWIN = BOX.format("customers") + "BOXES += [MakeBox]"
MODULES: dict[str, tuple[str, str]] = {  # beside those of test_host.py
    "endless text": ("raise RuntimeError('x' * 10**7)", "xxx"),
    "endless recursion": ("def again():\n    again()\nagain()", "RecursionError"),
    "refuses every question": ("def __getattr__(name):\n    1 / 0", "ZeroDivisionError"),
    "no function": ("register_actions = 5", "not callable"),
    "a hook that is none": (f"{IMPORTS}run_action = hookimpl(5)", "AttributeError"),
    "exit when asked": (f"{LISTING}raise SystemExit('good night')", "good night"),
    "gives up half way": (
        f"{LISTING}yield MakeBox\n    1 / 0{BOX.format('products')}",
        "ZeroDivisionError",
    ),
    "text for actions": (f"{LISTING}return 'ab'", "gave 'ab', no list of actions"),
    "raises when looked at": (
        f"{LISTING}return [Odd()]\nclass Odd:\n    spec = property(lambda self: 1 / 0)",
        "ZeroDivisionError",
    ),
    "the same ID twice": (
        f"{LISTING}return BOXES{BOX.format('products')}BOXES = [MakeBox]{TWIN}",
        "make_box is already there",
    ),
    "our ID": (
        f"{LISTING}return [CreatePrice]{BOX.format('prices').replace('MakeBox', 'CreatePrice')}",
        "create_price is already there",
    ),
    "a contract without end": ("STRIPE_PLUGIN_CONTRACT = '9' * 10**7", "ValueError"),
    "an error without a text": (
        "class E(Exception):\n    def __str__(self): 1 / 0\nraise E",
        "E: …",
    ),
    "a cancellation": ("import asyncio\nraise asyncio.CancelledError", "CancelledError"),
    "an end of its own": ("class End(BaseException): pass\nraise End('the end')", "the end"),
    "a contract of nothing": ("STRIPE_PLUGIN_CONTRACT = None", "ValueError"),
}
HARMLESS = {"nothing": "", "a host": f"{IMPORTS}Host.load()", "a number": "hooks = 5"}

Load = Callable[[str], Host]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Installs a module of hooks and loads everything; the module is gone afterwards."""

    def loaded(code: str) -> Host:
        points = "[stripe_plugin.v1]\nacme = acme_hostile\n"
        install(tmp_path, "acme-hostile", points, {"acme_hostile.py": code})
        monkeypatch.syspath_prepend(tmp_path)
        return Host.load()

    yield loaded
    sys.modules.pop("acme_hostile", None)


@pytest.mark.parametrize("case", MODULES)
def test_a_hostile_plugin_is_one_problem(case: str, load: Load) -> None:
    """A plugin that fails in any way is one short problem; our actions are there, and are ours."""
    code, words = MODULES[case]
    host = load(code)
    [problem] = host.problems
    assert (problem.distribution, problem.name) == ("acme-hostile", "acme")
    assert words in problem.reason
    assert len(problem.reason) <= 500
    ours = [entry["id"] for entry in host.catalog() if entry["plugin"] == "stripe-nodes"]
    assert ours == [*ACTIONS]
    assert host.action("create_price") is ACTIONS["create_price"]


@pytest.mark.parametrize("case", HARMLESS)
def test_an_odd_plugin_is_no_problem(case: str, load: Load) -> None:
    """A module without hooks, or one that loads a host itself, harms nobody."""
    host = load(HARMLESS[case])
    assert not host.problems
    assert [entry["id"] for entry in host.catalog()] == [*ACTIONS]


def test_of_two_actions_with_one_id_the_first_runs(load: Load) -> None:
    """The second action of an ID is not listed, not described and not run."""
    host = load(MODULES["the same ID twice"][0])
    assert [entry["id"] for entry in host.catalog()].count("make_box") == 1
    with Counted() as world:
        host.run("make_box", {"Name": "Chest"}, connection=world.connection())
        assert world.asked == ["POST /v1/products"]


def test_an_interruption_is_no_problem_of_a_plugin(load: Load) -> None:
    """Ctrl-C while a plugin is imported ends the program, as it should."""
    with pytest.raises(KeyboardInterrupt):
        load("raise KeyboardInterrupt")


class Behind:
    """Answers in Stripe's place, but stands behind it."""

    @hookimpl(trylast=True)
    def run_action(self) -> Any:
        """Never."""
        pytest.fail("it was asked")


def test_a_plugin_behind_ours_is_never_asked() -> None:
    """A plugin that answers last does not replace the run, which has been answered by then."""
    host = Host.load()
    host.register(Behind(), "acme:behind")
    with Counted() as world:
        host.run("create_product", {"Name": "Plan"}, connection=world.connection())
        assert world.asked == ["POST /v1/products"]


class Vault:
    """Gives what is no connection, or fails."""

    def __init__(self, gives: Any) -> None:
        self.gives = gives

    @hookimpl
    def get_connection(self) -> Any:
        """The secret instead of a connection."""
        if isinstance(self.gives, Exception):
            raise self.gives
        return self.gives


@pytest.mark.parametrize(
    "gives", ["", {}, 0, KEY, {"api_key": KEY}, 5, Connection, RuntimeError(KEY)]
)
def test_a_vault_that_gives_no_connection_stops_the_run(gives: Any) -> None:
    """What is no connection is a usage error without the secret; a hook's own error is its own."""
    host = Host.load()
    host.register(Vault(gives), "acme:vault")
    with pytest.raises((UsageError, RuntimeError)) as caught:
        host.run("create_product", {"Name": "Plan"})
    if isinstance(gives, Exception):
        assert caught.value is gives
    else:
        assert isinstance(caught.value, UsageError)
        check_usage(caught.value)


Steps = Generator[None, Result, Any]


def silent() -> Steps:
    """Never yields."""
    yield from ()


def forgetful() -> Steps:
    """Forgets to return the result."""
    yield


def twice() -> Steps:
    """Tries to run the action once more."""
    yield
    return (yield)


def loud() -> Steps:
    """Fails, with a lot to say."""
    yield
    raise RuntimeError(f"{KEY} " * 10**5)


class Wrapped:
    """A wrapper that does its one thing in such a way."""

    def __init__(self, way: Callable[[], Steps]) -> None:
        self.way = way

    @hookimpl(wrapper=True)
    def run_action(self) -> Steps:
        """In that way."""
        return (yield from self.way())


@pytest.mark.parametrize(("way", "sent"), [(silent, 0), (forgetful, 1), (twice, 1), (loud, 1)])
def test_a_wrapper_that_is_wrong_hides_nothing(way: Callable[[], Steps], sent: int) -> None:
    """A broken wrapper is an error; if Stripe did it all the same, the error has the result."""
    host = Host.load()
    host.register(Wrapped(way), "acme:wrapper")
    with Counted() as world, pytest.raises(HookFailed if sent else RuntimeError) as caught:
        host.run("create_product", {"Name": "Plan"}, connection=world.connection())
    assert len(world.asked) == sent
    if isinstance(caught.value, HookFailed):
        assert caught.value.result
        assert len(str(caught.value)) <= 500
        assert KEY not in json.dumps(caught.value.as_dict())
