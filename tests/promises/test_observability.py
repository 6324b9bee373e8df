"""What operators see of a run: records with facts as extras, and spans. Inputs never, unless asked.

Every way to run is tried: plainly, with asyncio, and with asyncio through a thread.
"""

import asyncio
import gc
import json
import logging
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Generator, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import attrs
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from support import ACTIONS
from terminal_support import KEY, LIVE_KEY, python

from stripe_emulator import Answer, Emulator, Fault, serve
from stripe_plugin import Connection, Host, Policy, Result, RunContext, StripeError, hookimpl

QUICK = Policy(retries=1, timeout=10, budget=5, first_delay=0.01, longest_delay=0.02)
TALKATIVE = attrs.evolve(QUICK, log_inputs=True)
NAMED = RunContext(run_id="run-7", step="greet", item=3, account="acct_123")
CREATE = ("create_customer", {"Name": "Jenny Rosen"})
RETRIEVE = ("retrieve_customer", {"Customer ID": "cus_absent"})
# What operators must never see: as all inputs of an action, and of other kinds of action.
CANARY, CLIENT_SECRET = "canary7f3a", "pi_3MtwBw_secret_YrKJUKribcBjcG8HVhfZluoGH"
CANARIES: Mapping[str, Any] = {
    "Email": f"{CANARY}@example.com",
    "Name": CANARY,
    "Phone": f"+1 {CANARY}",
    "Description": f"{CANARY} {LIVE_KEY} {CLIENT_SECRET}",
    "Address": {"line1": CANARY, "city": CANARY, "country": "US"},
    "Metadata": {CANARY: CANARY},
}
SECRETIVE: list[tuple[str, Mapping[str, Any]]] = [
    ("create_customer", CANARIES),
    ("list_customers", {"Email": f"{CANARY}@example.com"}),
    ("retrieve_customer", {"Customer ID": f"cus_{CANARY}"}),  # which Stripe's refusal repeats
    ("update_customer", {"Customer ID": f"cus_{CANARY}", "Name": CANARY}),
    ("delete_customer", {"Customer ID": f"cus_{CANARY}"}),
    ("create_payment_intent", {"Amount": 1000, "Currency": "usd", "Metadata": {"a": CANARY}}),
]

Given = tuple[str, Mapping[str, Any]]


class Blind:
    """A plugin that knows nothing of asyncio, so that such runs go through a thread."""

    @hookimpl(wrapper=True)
    def run_action(self) -> Generator[None, Result, Result]:
        """Lets it pass."""
        return (yield)


class Desk:
    """A host with some plugins, an emulator on a socket, and one way to run actions there."""

    def __init__(self, way: str, world: Emulator, url: str) -> None:
        self.way, self.world, self.connection = way, world, Connection(KEY, base_url=url)
        self.inside = Connection(KEY, in_process=world)  # the same without the socket
        self._usual: dict[Policy, Host] = {}

    def host(self, *plugins: Any, policy: Policy = QUICK) -> Host:
        """Everything installed, and these plugins; without any it is the same one again."""
        if plugins:
            return self._loaded(*plugins, policy=policy)
        if policy not in self._usual:
            self._usual[policy] = self._loaded(policy=policy)
        return self._usual[policy]

    def _loaded(self, *plugins: Any, policy: Policy) -> Host:
        host = Host.load(policy=policy)
        for number, plugin in enumerate([*plugins, *([Blind()] if self.way == "thread" else [])]):
            host.register(plugin, f"acme:plugin{number}")
        assert not host.problems
        return host

    def run(
        self,
        given: Given,
        *plugins: Any,
        fault: Fault | None = None,
        policy: Policy = QUICK,
        context: RunContext = NAMED,
        connection: Connection | None = None,
    ) -> Any:
        """The result of an action under a fault, or its error."""
        if fault:
            self.world.faults.add(fault)
        with self.host(*plugins, policy=policy) as host:
            run: Callable[..., Any] = host.run if self.way == "sync" else host.arun
            try:
                ran = run(*given, connection=connection or self.connection, context=context)
                return ran if isinstance(ran, Result) else asyncio.run(ran)
            except StripeError as error:
                return error


@pytest.fixture(params=["sync", "asyncio", "thread"])
def desk(request: pytest.FixtureRequest) -> Iterator[Desk]:
    """An empty emulator, and each way to run something there."""
    with Emulator() as world, serve(world) as server:
        yield Desk(request.param, world, server.url)


# --- records --------------------------------------------------------------------------------------

PLAIN = {*vars(logging.makeLogRecord({})), "message", "asctime"}
RUN: Mapping[str, Any] = {
    "action": str, "mode": str, "run_id": str, "step": str, "item": int, "account": str,
    "attempt": int, "status": int | None, "request_id": str | None, "replayed": bool,
}  # fmt: skip
ATTEMPT = {**RUN, "duration": float, "retry_in": float | None}
UNKNOWN = {**RUN, "idempotency_key": str}
# What is run, what Stripe has then, and a record for each: level, attempt, status, what else.
CASES: Mapping[str, tuple[Given, Fault | None, list[str]]] = {
    "success": (CREATE, None, ["INFO 1 200"]),
    "refusal": (RETRIEVE, None, ["WARNING 1 404"]),
    "retry": (CREATE, Fault("unavailable"), ["WARNING 1 503 again", "INFO 2 200"]),
    "lost": (CREATE, Fault("cut"), ["WARNING 1 None again", "INFO 2 200"]),
    "lost answer": (CREATE, Fault("cut_after"), ["WARNING 1 None again", "INFO 2 200 replayed"]),
    "unreadable": (CREATE, Fault("invalid_json"), ["WARNING 1 200 again", "INFO 2 200 replayed"]),
    "refused for good": (
        CREATE, Fault("rate_limit", times=None), ["WARNING 1 429 again", "WARNING 2 429"]
    ),
    "unanswered read": (
        RETRIEVE, Fault("cut", times=None), ["WARNING 1 None again", "WARNING 2 None"]
    ),
    "unknown, no answer": (
        CREATE, Fault("cut_after", times=None),
        ["WARNING 1 None again", "WARNING 2 None", "ERROR 2 None"],
    ),
    "unknown, an error": (
        CREATE, Fault("server_error", times=None),
        ["WARNING 1 500 again", "WARNING 2 500", "ERROR 2 500"],
    ),
}  # fmt: skip


def extras(record: logging.LogRecord) -> dict[str, Any]:
    """What a record has beside what every record has."""
    return {name: fact for name, fact in vars(record).items() if name not in PLAIN}


def line(record: logging.LogRecord) -> str:
    """A record as a line of the table."""
    told = extras(record)
    words = [record.levelname, told["attempt"], told["status"]]
    words += ["replayed"] * told.get("replayed", False)
    return " ".join(map(str, words)) + " again" * (told.get("retry_in") is not None)


@pytest.fixture
def records(caplog: pytest.LogCaptureFixture) -> Callable[[], list[logging.LogRecord]]:
    """Our records, so far."""
    caplog.set_level(logging.DEBUG)
    return lambda: [record for record in caplog.records if record.name == "stripe_plugin"]


Records = Callable[[], list[logging.LogRecord]]


@pytest.mark.parametrize("case", CASES)
def test_there_is_a_record_for_each_attempt(desk: Desk, case: str, records: Records) -> None:
    """Each attempt is one record, and one more tells that nobody knows what came of the run."""
    given, fault, lines = CASES[case]
    desk.run(given, fault=fault)
    assert [line(record) for record in records()] == lines


class Slow(Emulator):
    """An emulator that tells when it is asked, and answers when it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.told = threading.Event(), threading.Event()

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer as ever, later."""
        self.asked.set()
        assert self.told.wait(30)
        return super().answer(method, target, headers, body)

    async def cancelled(self, run: Coroutine[Any, Any, Result]) -> None:
        """Cancels a run while it is waited for; then answers."""
        task = asyncio.ensure_future(run)
        assert await asyncio.to_thread(self.asked.wait, 30)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        self.told.set()


def test_a_cancelled_run_leaves_records(records: Records) -> None:
    """A run that is cancelled on its way has its attempt, and that nobody knows what came of it."""
    with Slow() as world, serve(world) as server:

        async def run() -> None:
            async with Host.load() as host:
                there = Connection(KEY, base_url=server.url)
                await world.cancelled(host.arun(*CREATE, connection=there))

        asyncio.run(run())
    assert [line(record) for record in records()] == ["WARNING 1 None", "ERROR 1 None"]


@pytest.mark.parametrize("case", CASES)
def test_a_record_has_these_extras(desk: Desk, case: str, records: Records) -> None:
    """A record has these extras and no other, of these types, and names run, step and item."""
    given, fault, _ = CASES[case]
    desk.run(given, fault=fault)
    for record in records():
        told, types = extras(record), UNKNOWN if record.levelname == "ERROR" else ATTEMPT
        assert [*sorted(told)] == [*sorted(types)]
        assert {name for name in told if not isinstance(told[name], types[name])} == set()
        assert told["action"] == given[0]
        who = {word: told[word] for word in ("run_id", "step", "item", "account")}
        assert who == {"run_id": "run-7", "step": "greet", "item": 3, "account": "acct_123"}


def test_what_a_run_has_not_is_none(desk: Desk, records: Records) -> None:
    """A run without a name has the same extras, being None, so that a formatter finds them."""
    desk.run(CREATE, context=RunContext())
    [record] = records()
    told = extras(record)
    assert told.keys() == ATTEMPT.keys()
    assert [told[word] for word in ("run_id", "step", "item", "account", "retry_in")] == [None] * 5


def test_the_text_names_the_run(desk: Desk, records: Records) -> None:
    """A record's text alone tells which run it is of: its name cannot break the line."""
    desk.run(CREATE)
    desk.run(CREATE, context=attrs.evolve(NAMED, run_id="a\nb", step=None, item=None))
    desk.run(CREATE, context=RunContext())
    heads = [record.getMessage().partition(": ")[0] for record in records()]
    assert heads == [
        'create_customer (run "run-7", step "greet", item 3)',
        'create_customer (run "a\\nb")',
        "create_customer",
    ]


def test_the_request_id_is_stripes(desk: Desk, records: Records) -> None:
    """Result, error and record name the same request, which Stripe's own log has, too."""
    made, refused = desk.run(CREATE), desk.run(RETRIEVE)
    found = [extras(record)["request_id"] for record in records()]
    assert found == [made.request_id, refused.request_id]


def test_the_duration_is_that_of_the_attempt(desk: Desk, records: Records) -> None:
    """The duration has the time until the answer, and not the wait before another attempt."""
    desk.world.faults.add(Fault("unavailable"))
    begin = time.monotonic()
    desk.run(
        CREATE, fault=Fault("delay"), policy=attrs.evolve(QUICK, first_delay=0.1, longest_delay=0.1)
    )
    passed = time.monotonic() - begin
    first, second = (extras(record) for record in records())
    assert (first["retry_in"], second["retry_in"]) == (0.1, None)
    assert 0.1 <= second["duration"] <= passed - 0.1 - first["duration"]


def test_an_unknown_outcome_names_what_to_repeat(desk: Desk, records: Records) -> None:
    """The record of an unknown outcome has the idempotency key that the error has."""
    error = desk.run(CREATE, fault=Fault("cut_after", times=None))
    assert error.outcome_unknown
    assert extras(records()[-1])["idempotency_key"] == error.idempotency_key


def test_a_replay_is_seen(desk: Desk, records: Records) -> None:
    """A step that is repeated is logged as one that was not executed again."""
    desk.run(CREATE)
    desk.run(CREATE)
    assert [line(record) for record in records()] == ["INFO 1 200", "INFO 1 200 replayed"]


class Json(logging.Formatter):
    """Writes a record as JSON, as log shippers do, but refusing what JSON has not."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        return json.dumps({"message": record.getMessage(), **extras(record)}, allow_nan=False)


@pytest.mark.parametrize("case", CASES)
def test_records_are_json_safe(desk: Desk, case: str, records: Records) -> None:
    """All extras, inputs included, come out of JSON as they went in."""
    given, fault, _ = CASES[case]
    desk.run(given, fault=fault, policy=TALKATIVE)
    for record in records():
        read = json.loads(Json().format(record))
        assert read.pop("message")
        assert read == extras(record)
        assert "inputs" in read


# --- what nobody may see --------------------------------------------------------------------------

FAULTS = [None, Fault("unavailable", times=None), Fault("cut_after", times=None)]
FAULTS += [Fault("invalid_json", times=None)]
under_faults = pytest.mark.parametrize("fault", FAULTS, ids=lambda it: it.kind if it else "none")


def shown(record: logging.LogRecord) -> str:
    """All that a handler could make of a record: its text, and whatever it holds."""
    return "\n".join([logging.Formatter().format(record), repr(vars(record))])


def leaks(text: str, ended: Any = None) -> list[str]:
    """What of inputs, keys, client secrets or Stripe's own words about a run is in a text."""
    secrets = [CANARY, KEY[8:], LIVE_KEY[8:], CLIENT_SECRET[-9:]]
    if isinstance(ended, StripeError) and ended.status:
        secrets.append(ended.message)
    elif isinstance(ended, Result) and "client_secret" in ended.output:
        secrets.append(ended.output["client_secret"])
    return [secret for secret in secrets if secret in text]


def test_the_canaries_sit_in_every_input() -> None:
    """No input of the action is left without a canary."""
    assert {*CANARIES} == {row.key for row in ACTIONS["create_customer"].spec.rows}
    assert all(CANARY in repr(value) for value in CANARIES.values())


@under_faults
@pytest.mark.parametrize("path", ["", "/gateway"])
def test_no_record_holds_what_is_secret(
    desk: Desk, fault: Fault | None, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    """At DEBUG no record of any logger holds an input, a key, a secret or Stripe's words."""
    caplog.set_level(logging.DEBUG)
    place = Connection(KEY, base_url=desk.connection.base_url + path)
    for given in SECRETIVE:
        caplog.clear()
        ended = desk.run(given, fault=fault, connection=place)
        loggers = {record.name.partition(".")[0] for record in caplog.records}
        assert "stripe_plugin" in loggers
        assert [text for text in map(shown, caplog.records) if leaks(text, ended)] == []


def test_inputs_are_logged_when_asked_for(desk: Desk, records: Records) -> None:
    """With `log_inputs` the inputs are there by display key, and the keys among them still cut."""
    desk.run(("create_customer", CANARIES), policy=TALKATIVE)
    [record] = records()
    told = extras(record)
    assert told.keys() == {*ATTEMPT, "inputs"}
    assert told["inputs"].keys() == CANARIES.keys()
    assert told["inputs"]["Email"] == CANARIES["Email"]
    assert told["inputs"]["Description"].startswith(f"{CANARY} sk_live_… pi_3MtwBw_secret_…")
    assert leaks(shown(record)) == [CANARY]


# --- spans ----------------------------------------------------------------------------------------


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[ReadableSpan]]:
    """The spans that have ended, of a provider that is this test's own."""
    exporter, provider = InMemorySpanExporter(), TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(trace, "get_tracer", provider.get_tracer)
    return lambda: [*exporter.get_finished_spans()]


Spans = Callable[[], list[Any]]
CREATING = "stripe create_customer"


def facts(span: ReadableSpan) -> dict[str, Any]:
    """The attributes of a span."""
    return dict(span.attributes or {})


def test_a_run_is_a_span(desk: Desk, spans: Spans) -> None:
    """A run is one span of a client, named by its action, with these attributes and no events."""
    result = desk.run(CREATE)
    [span] = spans()
    assert (span.name, span.kind, span.parent) == (CREATING, SpanKind.CLIENT, None)
    assert (span.status.status_code, len(span.events)) == (StatusCode.UNSET, 0)
    port = int(desk.connection.base_url.rpartition(":")[2])
    assert facts(span) == {
        "http.request.method": "POST",
        "server.address": "127.0.0.1",
        "server.port": port,
        "stripe.account": "acct_123",
        "stripe.action": "create_customer",
        "stripe.attempts": 1,
        "stripe.item": 3,
        "stripe.mode": "emulated",
        "stripe.replayed": False,
        "stripe.request_id": result.request_id,
        "stripe.run_id": "run-7",
        "stripe.step": "greet",
        "url.template": "/v1/customers",
    }
    scope = span.instrumentation_scope
    assert scope
    assert (scope.name, scope.version) == ("stripe-nodes", version("stripe-nodes"))


def test_what_is_not_there_is_no_attribute(desk: Desk, spans: Spans) -> None:
    """A run without a name, in an emulator without an address, lacks those attributes."""
    desk.run(CREATE, context=RunContext(), connection=desk.inside)
    [span] = spans()
    absent = {"server.address", "server.port", "stripe.run_id", "stripe.step", "stripe.item"}
    assert not {*facts(span)} & absent


TOLD = {"http.response.status_code", "stripe.attempts", "stripe.outcome_unknown"}
FAILED: list[tuple[Given, Fault | None, str, dict[str, Any]]] = [
    (RETRIEVE, None, "invalid_request/resource_missing", {
        "http.response.status_code": 404, "stripe.attempts": 1, "stripe.outcome_unknown": False,
    }),
    (CREATE, Fault("rate_limit", times=None), "rate_limit/rate_limit", {
        "http.response.status_code": 429, "stripe.attempts": 2, "stripe.outcome_unknown": False,
    }),
    (CREATE, Fault("server_error", times=None), "api", {
        "http.response.status_code": 500, "stripe.attempts": 2, "stripe.outcome_unknown": True,
    }),
    (CREATE, Fault("cut_after", times=None), "connection/no_answer", {
        "stripe.attempts": 2, "stripe.outcome_unknown": True,
    }),
]  # fmt: skip


@pytest.mark.parametrize(("given", "fault", "why", "told"), FAILED, ids=[row[2] for row in FAILED])
def test_a_failed_run_is_an_error(
    desk: Desk, given: Given, fault: Fault | None, why: str, told: dict[str, Any], spans: Spans
) -> None:
    """A failure tells category, code, status, and what to do about an unknown outcome."""
    error = desk.run(given, fault=fault)
    [span] = spans()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, why)
    assert len(span.events) == 0
    names = ("error.type", "stripe.code", "stripe.idempotency_key", "stripe.request_id")
    known = (error.category, error.code, error.idempotency_key, error.request_id)
    told |= {name: fact for name, fact in zip(names, known, strict=True) if fact is not None}
    after = {name: fact for name, fact in facts(span).items() if name in {*TOLD, *names}}
    assert after == told


def test_a_retried_run_is_one_span_without_error(desk: Desk, spans: Spans) -> None:
    """What a further attempt made good is no error; the span counts the attempts."""
    desk.run(CREATE, fault=Fault("cut_after"))
    [span] = spans()
    assert span.status.status_code is StatusCode.UNSET
    assert (facts(span)["stripe.attempts"], facts(span)["stripe.replayed"]) == (2, True)


class Denied(Exception):
    """The approval was not given."""


class Denying:
    """Denies every run with words that repeat an input; `late`: asyncio runs once awaited."""

    def __init__(self, error: BaseException, *, late: bool = False) -> None:
        self.error, self.late = error, late

    @hookimpl(wrapper=True)
    def run_action(self) -> Generator[None, Result, Result]:
        """Denies."""
        if self.error:
            raise self.error
        return (yield)

    @hookimpl(wrapper=True)
    def arun_action(self) -> Generator[None, Awaitable[Result], Awaitable[Result]]:
        """Denies at once, or later."""
        if not self.late:
            raise self.error
        yield
        return self._denied()

    async def _denied(self) -> Result:
        await asyncio.sleep(0)
        raise self.error


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("kind", [Denied, ValueError, KeyboardInterrupt])
def test_a_denied_run_is_an_error_of_that_type(
    desk: Desk, spans: Spans, kind: type[BaseException], *, late: bool
) -> None:
    """What another hook raises gives its type, and none of its words."""
    with pytest.raises(kind):
        desk.run(("create_customer", CANARIES), Denying(kind(f"not {CANARY}"), late=late))
    [span] = spans()
    assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, kind.__name__)
    assert facts(span)["error.type"] == kind.__name__
    assert leaks(span.to_json()) == []
    assert trace.get_current_span() is trace.INVALID_SPAN


class Outside:
    """Stands around the span, and drops an asyncio run that has not begun."""

    @hookimpl(wrapper=True, tryfirst=True)
    def run_action(self) -> Generator[None, Result, Result]:
        """Lets it pass."""
        return (yield)

    @hookimpl(wrapper=True, tryfirst=True)
    def arun_action(self) -> Generator[None, Awaitable[Result], Awaitable[Result]]:
        """Denies it late."""
        yield
        return Denying(Denied())._denied()


@pytest.mark.parametrize("desk", ["asyncio"], indirect=True)
def test_a_run_that_never_began_is_no_span(desk: Desk, spans: Spans) -> None:
    """A run that a hook around the span denies leaves no span, and no warning when it is freed."""
    with pytest.raises(Denied):
        desk.run(CREATE, Outside())
    gc.collect()
    assert spans() == []


@under_faults
def test_no_span_holds_what_is_secret(desk: Desk, fault: Fault | None, spans: Spans) -> None:
    """No exported span holds what no record may hold, not even where inputs are logged."""
    ended = [desk.run(given, fault=fault, policy=TALKATIVE) for given in SECRETIVE]
    assert len(spans()) == len(ended)
    texts = [span.to_json() for span in spans()]
    assert [text for text in texts for each in ended if leaks(text, each)] == []


class Traced(Emulator):
    """An emulator that makes a span of each request, as an instrumented HTTP client does."""

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer as ever."""
        with trace.get_tracer("http").start_as_current_span(method):
            return super().answer(method, target, headers, body)


def test_spans_nest(desk: Desk, spans: Spans) -> None:
    """The run's span lies within the caller's, and the requests' within the run's."""
    with Traced() as world, trace.get_tracer("flow").start_as_current_span("flow") as outer:
        world.faults.add(Fault("unavailable"))
        desk.run(CREATE, connection=Connection(KEY, in_process=world))
        assert trace.get_current_span() is outer
    first, second, run, flow = spans()
    assert [span.name for span in (first, second, run, flow)] == ["POST", "POST", CREATING, "flow"]
    assert first.parent == second.parent == run.context
    assert run.parent == flow.context


@pytest.mark.parametrize("desk", ["asyncio", "thread"], indirect=True)
def test_parallel_runs_do_not_mix(desk: Desk, spans: Spans) -> None:
    """Of many runs at once, each has its own step above it and its own request below it."""

    async def step(host: Host, number: int, world: Emulator) -> None:
        context = RunContext(run_id="many", step=f"step {number}")
        with trace.get_tracer("flow").start_as_current_span(f"step {number}"):
            await host.arun(*CREATE, connection=Connection(KEY, in_process=world), context=context)

    async def steps(world: Emulator) -> None:
        async with desk.host() as host:
            await asyncio.gather(*(step(host, number, world) for number in range(12)))

    with Traced() as world:
        world.faults.add(Fault("delay", times=6, seconds=0.05))  # so that they overtake each other
        asyncio.run(steps(world))
    found = {span.context.span_id: span for span in spans()}
    above = {span: found[span.parent.span_id] for span in found.values() if span.parent}
    runs = [span for span in above if span.name == CREATING]
    assert all(above[run].name == facts(run)["stripe.step"] for run in runs)
    requests = [above[span] for span in above if span.name == "POST"]
    assert len(runs) == len(requests) == 12
    assert {*runs} == {*requests}


@pytest.mark.parametrize("desk", ["asyncio", "thread"], indirect=True)
def test_a_cancelled_run_ends_its_span(desk: Desk, spans: Spans) -> None:
    """A cancelled run ends its span as an error; in a thread it goes on, and so does its span."""
    with Slow() as world, serve(world) as server, desk.host() as host:
        there = Connection(KEY, base_url=server.url)
        asyncio.run(world.cancelled(host.arun(*CREATE, connection=there)))
    [span] = spans()
    assert facts(span).get("error.type") == span.status.description
    assert span.status.description == {"asyncio": "CancelledError", "thread": None}[desk.way]


# --- where OpenTelemetry is not installed, or only its API ----------------------------------------

BY_EMULATOR = {"STRIPE_API_KEY": "emulator"}
WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if f"{name}.".startswith("%s."):
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
"""
RUN_BOTH = """
import asyncio
from stripe_plugin import Host
host = Host.load()
assert not host.problems, host.problems
given = "create_product", {"Name": "Plan"}
print(host.run(*given).mode, asyncio.run(host.arun(*given)).mode)
"""


@pytest.mark.parametrize("absent", ["opentelemetry", "opentelemetry.trace"])
def test_without_opentelemetry_there_is_no_hook(absent: str, tmp_path: Path) -> None:
    """Where it is absent, the plugin is loaded without a problem, and there is no hook of it."""
    code = f"{WITHOUT % absent}{RUN_BOTH}\nimport stripe_otel; print(dir(stripe_otel))"
    said, names = python(code, tmp_path, **BY_EMULATOR).splitlines()
    assert said == "emulated emulated"
    assert "run_action" not in names


def test_with_the_api_alone_runs_go_on(tmp_path: Path) -> None:
    """With the API but no SDK, spans record nothing and runs go on."""
    code = f"{WITHOUT % 'opentelemetry.sdk'}{RUN_BOTH}\nassert 'opentelemetry.trace' in sys.modules"
    assert python(code, tmp_path, **BY_EMULATOR) == "emulated emulated\n"


def test_a_provider_may_come_late(tmp_path: Path) -> None:
    """Spans go to the provider that the host's process sets, even after it loaded the plugins."""
    code = """
from stripe_plugin import Host
host = Host.load()
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(formatter=lambda s: s.name)))
host.run("create_product", {"Name": "Plan"})
trace.set_tracer_provider(provider)
host.run("create_product", {"Name": "Plan"})
"""
    assert python(code, tmp_path, **BY_EMULATOR) == "stripe create_product"


@pytest.mark.parametrize(("blocked", "there"), [("otel", False), ("", True)])
def test_it_is_blocked_by_its_name(tmp_path: Path, blocked: str, *, there: bool) -> None:
    """STRIPE_PLUGIN_BLOCK=otel leaves OpenTelemetry alone; so does every host before it runs."""
    code = """
import sys
from stripe_plugin import Host
host = Host.load()
host.catalog(), host.manifest("create_price")
print("opentelemetry.trace" in sys.modules)
host.run("create_product", {"Name": "Plan"})
print("opentelemetry.trace" in sys.modules)
"""
    told = python(code, tmp_path, STRIPE_PLUGIN_BLOCK=blocked, **BY_EMULATOR)
    assert told == f"False\n{there}\n"
