"""Recorded traffic plays through the client as it is, offline, and is what it says it is."""

import asyncio
import json
import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs
import httpx
import pytest
import record as recording
from cattrs.errors import ClassValidationError
from record import (
    CASSETTES,
    KEY,
    Place,
    Ran,
    Scenario,
    leaks,
    path_of,
    read_yaml,
    record,
    replay,
    table,
)
from support import ACTIONS, RECIPES, pairs
from vcr.errors import CannotOverwriteExistingCassetteException  # type: ignore[import-untyped]

from stripe_emulator import Emulator, Fault, serve
from stripe_plugin import AsyncClient, Client, Connection, Result, StripeError, UsageError
from stripe_plugin.client.address import STRIPE
from stripe_plugin.run.exchange import STRIPE_VERSION
from stripe_plugin.run.result import OTHER_INPUTS

SCENARIOS = table().scenarios
EVERY = [pytest.param(scenario, id=scenario.name) for scenario in SCENARIOS.values()]


def is_plain(scenario: Scenario) -> bool:
    """Whether it has no recipe, which makes several requests."""
    return not any(step.action in RECIPES for step in scenario.steps)


# Those whose every action is one request, answered by the outcome.
PLAIN = [pytest.param(it, id=it.name) for it in SCENARIOS.values() if is_plain(it)]
EMULATOR, REPLICA, TEST_MODE = "the emulator of stripe-nodes", "stripe-world", "Stripe test mode"


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be reached."""

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("a socket was opened")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    for name in ("create_connection", "getaddrinfo"):
        monkeypatch.setattr(socket, name, refuse)


def traffic(path: Path) -> list[tuple[Any, Any]]:
    """The requests and responses of a cassette, as they are written."""
    found = read_yaml(path.read_text("ascii"))["interactions"]
    return [(each["request"], each["response"]) for each in found]


def headers(message: Any) -> dict[str, str]:
    """Headers with one value each."""
    return {name: value for name, (value,) in message["headers"].items()}


def comparable(outcome: Result | StripeError) -> dict[str, Any]:
    """What came of a step, as data."""
    return outcome.as_dict()


# --- playing --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("scenario", EVERY)
def test_a_cassette_plays(scenario: Scenario) -> None:
    """Every step comes to the declared result or error, and the whole cassette is asked for."""
    ran, cassette = replay(scenario)
    assert {run.step.action: run.problems for run in ran if run.problems} == {}
    assert cassette.all_played


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize("scenario", PLAIN)
def test_the_outcome_is_the_recorded_answer(scenario: Scenario) -> None:
    """The typed outcome holds the recorded body, request id and status, and says where it ran."""
    ran, cassette = replay(scenario)
    ends = iter([dict(answer) for answer in cassette.responses])
    mode = "emulated" if recorded_from(scenario)["name"] == EMULATOR else "test"
    for run in ran:
        outcome = run.outcome
        attempts = [next(ends) for _ in range(comparable(outcome)["attempts"])]
        body = json.loads(attempts[-1]["body"]["string"])
        assert [outcome.request_id] == attempts[-1]["headers"]["request-id"]
        if isinstance(outcome, Result):
            assert (outcome.output, outcome.mode) == (body, mode)
        else:
            clash = body["error"]["type"] == "idempotency_error"  # of which we have words of ours
            message = OTHER_INPUTS if clash else body["error"]["message"]
            assert outcome.status == attempts[-1]["status"]["code"]
            assert outcome.message == message


@pytest.mark.usefixtures("offline")
def test_the_asynchronous_client_comes_to_the_same() -> None:
    """`AsyncClient` has the outcome of `Client` from every cassette."""
    for scenario in SCENARIOS.values():
        expected = [comparable(run.outcome) for run in replay(scenario)[0]]
        assert [comparable(run.outcome) for run in replay_async(scenario)] == expected


def replay_async(scenario: Scenario) -> list[Ran]:
    """Play a scenario through the asynchronous client."""
    with recording.played(path_of(scenario)) as (_, tape), asyncio.Runner() as loop:
        client = AsyncClient(Connection(KEY), recording.AT_ONCE)
        try:
            return recording.play(
                scenario, lambda action, run: loop.run(client.run(action, run)), tape.given
            )
        finally:
            loop.run(client.aclose())


@pytest.mark.usefixtures("offline")
def test_what_is_not_recorded_reaches_no_network() -> None:
    """Outside a cassette the same client would open a socket, which these tests do not allow."""
    with Client(Connection(KEY)) as client, pytest.raises(AssertionError, match="socket"):
        client.run(ACTIONS["list_products"].read({}))


# --- strictness -----------------------------------------------------------------------------------


@pytest.mark.usefixtures("offline")
def test_a_changed_input_fails_the_replay() -> None:
    """A step that sends another body than the recorded one fails, and reads what differs."""
    scenario = SCENARIOS["actions/create_product"]
    inputs = {**scenario.steps[0].inputs, "Name": "Gold Plan"}
    changed = attrs.evolve(scenario, steps=[attrs.evolve(scenario.steps[0], inputs=inputs)])
    with pytest.raises(CannotOverwriteExistingCassetteException) as caught:
        replay(changed)
    assert "name: sent ['Gold Plan'], recorded ['Premium Plan']" in str(caught.value)


KEY_LINES = "      idempotency-key:\n      - actions/create_product:1\n"
DIFFERENT = {
    "method": ("create_product", "method: POST", "method: PUT", "POST != PUT"),
    "path": ("create_product", "/v1/products", "/v1/prices", "recorded api.stripe.com/v1/prices"),
    "host": ("create_product", "//api.stripe.com", "//files.stripe.com", "files.stripe.com/v1"),
    "id": ("retrieve_product", "/v1/products/", "/v1/products/x", "recorded api.stripe.com"),
    "less": ("create_product", "&active=true", "", "active: sent ['true'], recorded None"),
    "more": ("create_product", "&active", "&url=&active", "url: sent ['https"),
    "query": ("list_products", "limit=1", "limit=2", "limit: sent ['1'], recorded ['2']"),
    "no query": ("list_products", "?active=true&limit=1", "", "limit: sent ['1'], recorded None"),
    "version": (
        "create_product",
        STRIPE_VERSION,
        "2025-03-31.basil",
        "recorded '2025-03-31.basil'",
    ),
    "no key": ("create_product", KEY_LINES, "", "create_product:1', recorded None"),
    "key": ("create_product", "product:1", "product:2", "recorded 'actions/create_product:2'"),
    "a key too much": (
        *("list_products", "    headers:\n      stripe", f"    headers:\n{KEY_LINES}      stripe"),
        "idempotency-key: sent None, recorded",
    ),
    "type": ("create_product", "x-www-form-urlencoded", "json", "content-type: sent"),
}


@pytest.mark.usefixtures("offline")
@pytest.mark.parametrize(("name", "old", "new", "told"), DIFFERENT.values(), ids=DIFFERENT)
def test_another_request_is_not_answered(
    name: str, old: str, new: str, told: str, tmp_path: Path
) -> None:
    """A recorded request that differs anywhere gives no answer, and the message names the place."""
    scenario = SCENARIOS[f"actions/{name}"]
    path = path_of(scenario, tmp_path)
    path.parent.mkdir()
    text = path_of(scenario).read_text("ascii")
    assert old in text
    path.write_text(text.replace(old, new), "ascii")
    with pytest.raises(CannotOverwriteExistingCassetteException, match=re.escape(told)):
        replay(scenario, tmp_path)


# --- the cassettes themselves ---------------------------------------------------------------------


def recorded_from(scenario: Scenario) -> dict[str, str]:
    """Where a cassette says it was recorded."""
    found: dict[str, str] = read_yaml(path_of(scenario).read_text("ascii"))["recorded_from"]
    return found


def test_no_cassette_is_missing_or_left_over() -> None:
    """Every scenario has its cassette, every file its scenario, every action a scenario."""
    assert [path for path in map(path_of, SCENARIOS.values()) if not path.is_file()] == []
    assert recording.orphans() == []
    lacking = [name for name in ACTIONS if f"actions/{name}" not in SCENARIOS]
    assert not lacking, f"cassettes/scenarios.yaml needs, and `make record` records, {lacking}"
    own = {name: SCENARIOS[f"actions/{name}"].steps[-1].action for name in ACTIONS}
    assert own == {name: name for name in ACTIONS}


def test_every_family_of_errors_is_recorded() -> None:
    """Declined cards, bad and missing parameters, used keys and haste are all in the traffic."""
    found: set[Any] = set()
    for _, answer in (each for path in CASSETTES.glob("*/*.yaml") for each in traffic(path)):
        error = json.loads(answer["body"]["string"]).get("error", {})
        found.add((answer["status"]["code"], error.get("type")))
        found |= {"replayed"} if headers(answer).get("idempotent-replayed") == "true" else set()
    assert found >= {
        (402, "card_error"),
        (400, "invalid_request_error"),
        (404, "invalid_request_error"),
        (400, "idempotency_error"),
        (429, "invalid_request_error"),
        (500, "api_error"),
        "replayed",
    }


@pytest.mark.parametrize("scenario", EVERY)
def test_every_step_expects_something(scenario: Scenario) -> None:
    """A step declares what must come of it: values of the output, or an error with its status."""
    assert all(step.output or "status" in step.error for step in scenario.steps)
    assert not any(step.output and step.error for step in scenario.steps)


@pytest.mark.parametrize("scenario", PLAIN)
def test_a_cassette_holds_what_is_sent_today(scenario: Scenario) -> None:
    """The recorded requests are those that the actions make of the declared inputs."""
    today: list[Any] = []
    for run in replay(scenario)[0]:
        request = run.action.request()
        sent = (request.method, STRIPE + request.path, pairs(request.params))
        today += [sent] * comparable(run.outcome)["attempts"]
    assert [asked(request) for request, _ in traffic(path_of(scenario))] == today


def asked(request: Any) -> tuple[str, str, list[tuple[str, str]]]:
    """Method, address and parameters of a recorded request."""
    address, _, query = request["uri"].partition("?")
    sent = request["body"] if request["method"] == "POST" else query
    return request["method"], address, pairs(parse_qsl(sent, keep_blank_values=True))


@pytest.mark.parametrize("scenario", EVERY)
def test_requests_are_marked_as_stripe_wants_it(scenario: Scenario) -> None:
    """The pinned version goes with each request, a key with each POST and nothing else."""
    for request, _ in traffic(path_of(scenario)):
        sent = headers(request)
        assert sent["stripe-version"] == STRIPE_VERSION
        assert ("idempotency-key" in sent) == (request["method"] == "POST")
        assert sent.keys() <= recording.ASKED_WITH
        assert urlsplit(request["uri"])[:2] == ("https", "api.stripe.com")
        assert request["uri"].startswith(f"{STRIPE}/v1/")


def test_a_repeated_run_has_the_same_key() -> None:
    """A retry, a repeated run and a conflicting one were recorded under one key each."""
    for name in ("rate_limited", "rate_limited_once", "idempotency_replay", "idempotency_conflict"):
        sent = [headers(request) for request, _ in traffic(CASSETTES / f"errors/{name}.yaml")]
        assert len(sent) > 1
        assert len({each["idempotency-key"] for each in sent}) == 1


# What the answers of a place have in their headers, whatever the cassette says.
EVIDENCE = {
    EMULATOR: ("stripe-nodes-emulator", "true"),
    REPLICA: ("server", "uvicorn"),
    TEST_MODE: ("server", "nginx"),
}


@pytest.mark.parametrize("scenario", EVERY)
def test_a_cassette_says_where_it_was_recorded(scenario: Scenario) -> None:
    """Its place, version and day are at the head, agree with the answers, and claim no more."""
    said = recorded_from(scenario)
    assert [*said] == ["name", "version", "date", "api_version", "note"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", said["date"])
    assert re.fullmatch(r"v1|\d+\.\d+\.\d+", said["version"])
    assert said["api_version"] == STRIPE_VERSION
    assert said["note"].endswith("not Stripe itself") == (said["name"] != TEST_MODE)
    name, value = EVIDENCE[said["name"]]
    answers = [headers(answer) for _, answer in traffic(path_of(scenario))]
    assert {answer.get(name) for answer in answers} == {value}
    marked = "stripe-nodes-emulator" in answers[0]
    assert marked == (said["name"] == EMULATOR)
    assert marked or not scenario.faults
    assert said["name"] != REPLICA or not scenario.emulator


# --- secrets --------------------------------------------------------------------------------------


KEPT = sorted(path for path in CASSETTES.rglob("*.*") if path.suffix != ".pyc")


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.name)
def test_a_cassette_holds_no_secret(path: Path) -> None:
    """No key, no client secret, no header that authorises, no trace of the recording machine."""
    text = path.read_text("utf-8")
    found = leaks(text) if path.suffix == ".yaml" else []
    assert found == []
    assert not re.search(rf"\b{re.escape(socket.gethostname())}\b", text)
    assert str(Path.home()) not in text


SECRETS = (
    "sk_test_4eC39HqLyjWDarjtT1zdp7dc rk_live_123 pk_test_123 whsec_abcDEF123 sk_org_test_1".split()
)
TRACES = (
    "pi_1_secret_4KnBxPYq",
    "Authorization: x",
    "http://127.0.0.1:4242/v1",
    "http://localhost/pay",
    "https://build-7.internal/v1",
    "https://stripe.com.evil.example/v1",
    "https://api.stripe.com:8443/v1",
    "/worlds/actions-create_product/v1/products",
)


@pytest.mark.parametrize("text", [*SECRETS, *TRACES])
def test_a_secret_would_be_found(text: str) -> None:
    """Each kind of secret or trace is found where it stands in a cassette."""
    clean = path_of(SCENARIOS["actions/create_payment_intent"]).read_text("ascii")
    assert leaks(clean) == []
    assert len(leaks(clean.replace("Payment for order", text))) >= 1


def test_answers_are_washed() -> None:
    """Client secrets and links that open without a key are removed, and nothing else is."""
    private = "https://invoice.stripe.com/i/acct_1/test_YWNj?s=ap"
    body = f'{{"client_secret": "pi_1_secret_abc", "receipt_url": "{private}", "x": [1, null]}}'
    told = {"date": ["x"], "Request-Id": ["req_1"], "Set-Cookie": ["x"], "Server": ["nginx"]}
    answer = {"status": {"code": 200}, "headers": told, "body": {"string": body.encode()}}
    washed = recording.Wash().answered(answer)
    assert washed["headers"] == {"request-id": ["req_1"], "server": ["nginx"]}
    assert json.loads(washed["body"]["string"]) == {
        "client_secret": "pi_1_secret_removed",
        "receipt_url": "https://invoice.stripe.com/removed",
        "x": [1, None],
    }
    assert recording.Wash().answered(washed) == washed


# --- recording ------------------------------------------------------------------------------------


@contextmanager
def one_account() -> Iterator[tuple[Place, httpx.Client]]:
    """An account on a socket that all scenarios share, in which somebody else already works."""
    with (
        Emulator() as world,
        serve(world) as server,
        httpx.Client(base_url=f"{server.url}/v1", auth=(KEY, ""), trust_env=False) as other,
    ):

        @contextmanager
        def account(scenario: Scenario) -> Iterator[Connection]:
            for fault in scenario.faults:
                world.faults.add(Fault(**{"path": "/v1/customers", **fault}))
            yield Connection(KEY, base_url=server.url)
            world.faults.clear()

        yield attrs.evolve(recording.emulator(), account=account), other


def test_what_is_recorded_plays(tmp_path: Path) -> None:
    """All scenarios can be recorded over a socket in a shared account, and play from there."""
    with one_account() as (place, other):
        customer = other.post("/customers", data={"email": "jenny@example.com"}).json()["id"]
        product = other.post("/products", data={"name": "Theirs"}).json()["id"]
        for scenario in SCENARIOS.values():
            record(scenario, place, tmp_path)
        assert left_behind(other) == {"customers": [customer], "products": [product]}
    for scenario in SCENARIOS.values():
        ran, cassette = replay(scenario, tmp_path)
        assert [run.problems for run in ran] == [[] for _ in scenario.steps]
        assert cassette.all_played
        assert leaks(path_of(scenario, tmp_path).read_text("ascii")) == []


def left_behind(other: httpx.Client) -> dict[str, list[str]]:
    """What is still open, for sale or to be paid in an account."""
    open_ones = {
        "customers": "/customers",
        "products": "/products?active=true",
        "drafts": "/invoices?status=draft",
        "subscriptions": "/subscriptions",
        "sessions": "/checkout/sessions?status=open",
        "items": "/invoiceitems?pending=true",
    }
    found: dict[str, Any] = {
        name: other.get(path).json()["data"] for name, path in open_ones.items()
    }
    for product in found["products"]:  # nothing can be bought of a retired one
        found["prices"] = other.get(f"/prices?active=true&product={product['id']}").json()["data"]
    payments = other.get("/payment_intents?limit=100").json()["data"]
    done = ("canceled", "succeeded")
    found["payments"] = [payment for payment in payments if payment["status"] not in done]
    return {name: [one["id"] for one in ones] for name, ones in found.items() if ones}


def test_recording_again_changes_little(tmp_path: Path) -> None:
    """Two recordings of one scenario differ in IDs, moments and request ids alone."""
    texts: list[str] = []
    for _ in range(2):
        record(SCENARIOS["actions/create_product"], recording.emulator(), tmp_path)
        texts.append(path_of(SCENARIOS["actions/create_product"], tmp_path).read_text("ascii"))
    lines = zip(*(text.splitlines() for text in texts), strict=True)
    different = [old for old, new in lines if old != new]
    assert len(different) >= 2
    volatile = r'- req_\w+|"id": "prod_\w+",|"(created|updated)": \d+,|date: .*'
    assert [line for line in different if not re.fullmatch(volatile, line.strip())] == []


def test_an_unexpected_answer_is_not_kept(tmp_path: Path) -> None:
    """A recording that does not come to what is declared is refused, and the old one stays."""
    scenario = SCENARIOS["actions/create_product"]
    path = record(scenario, recording.emulator(), tmp_path)
    before = path.read_text("ascii")
    step = attrs.evolve(scenario.steps[0], output={"name": "Gold Plan"})
    told = "create_product: name: expected 'Gold Plan', got 'Premium Plan'"
    with pytest.raises(recording.Unexpected, match=told):
        record(attrs.evolve(scenario, steps=[step]), recording.emulator(), tmp_path)
    assert [*path.parent.iterdir()] == [path]
    assert path.read_text("ascii") == before


WRONG = {
    "value": ({"output": {"name": "Gold Plan"}}, "name: expected 'Gold Plan'"),
    "kind": ({"output": {"active": 1}}, "active: expected 1, got True"),
    "absent": ({"output": {"nothing": 1}}, "nothing: expected 1, got None"),
    "attempts": ({"result": {"attempts": 2}}, "attempts: expected 2, got 1"),
    "replayed": ({"result": {"replayed": True}}, "replayed: expected True, got False"),
    "error": ({"output": {}, "error": {"status": 402}}, "expected an error, got Result"),
}


@pytest.mark.parametrize(("change", "told"), WRONG.values(), ids=WRONG)
def test_an_expectation_can_be_missed(change: dict[str, Any], told: str) -> None:
    """Whatever a step expects and does not get is told in words."""
    scenario = SCENARIOS["actions/create_product"]
    step = attrs.evolve(scenario.steps[0], **change)
    ran, _ = replay(attrs.evolve(scenario, steps=[step]))
    assert [text[: len(told)] for text in ran[0].problems] == [told]


def test_an_expected_error_can_be_another_one() -> None:
    """An error that is not the declared one, or not declared at all, is told."""
    scenario = SCENARIOS["errors/not_found"]
    step = attrs.evolve(scenario.steps[0], error={"status": 404, "display_key": "Email"})
    ran, _ = replay(attrs.evolve(scenario, steps=[step]))
    assert ran[0].problems == ["display_key: expected 'Email', got 'Customer ID'"]
    step = attrs.evolve(step, error={}, output={"object": "customer"})
    ran, _ = replay(attrs.evolve(scenario, steps=[step]))
    assert ran[0].problems[0].startswith("expected an output, got Customer ID: No such customer")


def test_the_table_is_read_strictly(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A word that the table does not know is refused, so that no expectation is overlooked."""
    wrong = recording.TABLE.read_text("utf-8").replace("      output:", "      outptu:", 1)
    (tmp_path / "scenarios.yaml").write_text(wrong, "utf-8")
    monkeypatch.setattr(recording, "TABLE", tmp_path / "scenarios.yaml")
    with pytest.raises(ClassValidationError):
        recording.table.__wrapped__()


@pytest.mark.parametrize("reference", ["$product.ids", "$first.id"])
def test_a_reference_to_nothing_is_no_value(reference: str) -> None:
    """A mistyped reference stops a scenario, instead of being sent or expected as nothing."""
    scenario = SCENARIOS["actions/retrieve_product"]
    step = attrs.evolve(scenario.steps[0], output={"id": reference})
    with pytest.raises(LookupError, match=re.escape(f"{reference} is nothing")):
        replay(attrs.evolve(scenario, steps=[step]))


# --- where to record ------------------------------------------------------------------------------


def test_a_live_key_records_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """A live key is refused before anything is sent, and is not shown."""
    with pytest.raises(UsageError, match="moves real money"):
        recording.stripe("sk_live_abcdefgh")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STRIPE_API_KEY", "sk_live_abcdefgh")
        assert recording.main(["actions/create_price"]) == 2
    told = capsys.readouterr().out
    assert "moves real money" in told
    assert "abcdefgh" not in told


def test_a_scenario_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    """A name that the table has not records nothing, not even what is named beside it."""
    assert recording.main(["actions/create_price", "actions/capture_charge"]) == 2
    wrong = "scenarios.yaml has no scenario actions/capture_charge: nothing was recorded."
    assert capsys.readouterr().out == f"{wrong}\n"


def test_stripe_is_claimed_of_stripe_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a test key the place is Stripe's own address, whatever the environment says."""
    monkeypatch.setenv("STRIPE_API_BASE", "http://127.0.0.1:12111")
    with ExitStack() as stack:
        found = recording.places(stack, {"STRIPE_API_KEY": "sk_test_123"})
    assert [place.name for place in found] == [TEST_MODE, EMULATOR]
    for scenario in SCENARIOS.values():
        place = recording.place_for(scenario, found)
        assert (place.name == EMULATOR) == bool(scenario.faults)
    with found[0].account(SCENARIOS["actions/create_product"]) as connection:
        assert (connection.base_url, connection.mode) == (STRIPE, "test")
    assert found[0].words()["note"] == "Stripe itself"


def test_without_key_and_replica_the_emulator_records(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where the replica is not at hand everything is recorded from the emulator, which says so."""
    monkeypatch.setattr(recording, "REPLICA", tmp_path / "absent")
    with ExitStack() as stack:
        found = recording.places(stack, {})
    assert [place.name for place in found] == [EMULATOR]
    assert found[0].words()["note"] == "a simulation on a local socket, not Stripe itself"


def test_the_replica_records(tmp_path: Path) -> None:
    """Where the replica is at hand, a scenario is recorded from it over a socket, and plays."""
    if not recording.REPLICA.is_file():
        pytest.skip("stripe-world is not beside this checkout")
    scenario = SCENARIOS["errors/card_declined"]
    with ExitStack() as stack:
        try:
            place = stack.enter_context(recording.replica())
        except SystemExit as unable:  # it installs itself at its first start
            pytest.skip(str(unable))
        record(scenario, place, tmp_path)
        words = place.words()
    assert (words["name"], words["note"][-17:]) == (REPLICA, "not Stripe itself")
    assert words["version"] in recording.REPLICA.read_text("utf-8")
    ran, _ = replay(scenario, tmp_path)
    assert ran[0].problems == []
