"""How are cassettes recorded and played? `scenarios.yaml` drives both.

`python cassettes/record.py [part of a name …]` records; `README.md` tells how.
"""

import json
import os
import re
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import attrs
import cattrs
import httpx
import jmespath
import vcr  # type: ignore[import-untyped]
import yaml

import stripe_nodes
from stripe_emulator import Emulator, Fault, serve
from stripe_plugin import (
    Action,
    Client,
    Connection,
    NodeError,
    Policy,
    Result,
    RunContext,
    StripeError,
    UsageError,
)
from stripe_plugin.client.address import STRIPE
from stripe_plugin.run.exchange import STRIPE_VERSION
from stripe_plugin.secrets import masked
from stripe_plugin.wire.request import encode

CASSETTES = Path(__file__).resolve().parent
TABLE = CASSETTES / "scenarios.yaml"
REPLICA = CASSETTES.parents[1] / "shared" / "tools" / "stripe-world"
ACTIONS = {found.spec.id: found for found in stripe_nodes.actions()}
KEY = "sk_test_cassettes"
LONGEST_START = 180.0  # seconds; the first start of the replica installs it
TEST_MODE = "Stripe test mode"
AT_ONCE = Policy(first_delay=0.0, longest_delay=0.0)
Json = dict[str, Any]
Facts = Mapping[str, Any]

# --- the table ------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Step:
    """An action with its inputs, and the output or the error that must come of it."""

    action: str
    inputs: Json
    name: str = ""
    key: str = ""
    extra: Json = attrs.field(factory=Json)
    expand: list[str] = attrs.field(factory=list[str])
    output: Json = attrs.field(factory=Json)
    result: Json = attrs.field(factory=Json)
    error: Json = attrs.field(factory=Json)


@attrs.frozen(kw_only=True)
class Thing:
    """What scenarios stand on: made by an action, or by a plain POST of a form."""

    action: str = ""
    inputs: Json = attrs.field(factory=Json)
    extra: Json = attrs.field(factory=Json)
    post: str = ""
    form: Json = attrs.field(factory=Json)


@attrs.frozen(kw_only=True)
class Scenario:
    """One cassette: its steps, and why only the emulator can be asked, if so."""

    name: str
    steps: list[Step]
    emulator: str = ""
    faults: list[Json] = attrs.field(factory=list[Json])

    @property
    def needs(self) -> list[str]:
        """The references to things that are made beforehand, in their order."""
        own = {step.name for step in self.steps}
        needs: dict[str, None] = {}
        text = json.dumps([attrs.asdict(step) for step in self.steps])
        for reference in re.findall(REFERENCE, text):
            name, _, _ = reference.partition(".")
            if name not in own:
                needs[reference] = None
        return [*needs]


@attrs.frozen
class Table:
    """All scenarios by name, and the things that they stand on."""

    things: dict[str, Thing]
    scenarios: dict[str, Scenario]


@cache
def table() -> Table:
    """The table, read strictly: a word that it does not know is refused."""
    read = cattrs.Converter(forbid_extra_keys=True)
    name = cattrs.override(rename="as")
    read_step = cattrs.gen.make_dict_structure_fn(Step, read, name=name)
    read.register_structure_hook(Step, read_step)
    found = read_yaml(TABLE.read_text("utf-8"))
    scenarios = found["scenarios"]
    for title, given in scenarios.items():
        whole = given
        if isinstance(given, list):
            whole = {"steps": given}
        scenarios[title] = {**whole, "name": title}
    return read.structure(found, Table)


def read_yaml(text: str) -> Any:
    """YAML without tags, read by the faster reader if it is there."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    return yaml.load(text, loader)  # noqa: S506 - safe ones


def path_of(scenario: Scenario, folder: Path = CASSETTES) -> Path:
    """Where a scenario's cassette is."""
    return folder / f"{scenario.name}.yaml"


# --- references -----------------------------------------------------------------------------------

REFERENCE = r"\$([a-z_]+\.[a-z_\d.\[\]]+)"
Look = Callable[[str], Any]


def filled(value: Any, look: Look) -> Any:
    """`value` with what its references stand for."""
    if isinstance(value, dict):
        return {key: filled(item, look) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, look) for item in value]
    if not isinstance(value, str):
        return value
    if whole := re.fullmatch(REFERENCE, value):
        return look(whole[1])

    def text_of(found: re.Match[str]) -> str:
        return str(look(found[1]))

    return re.sub(REFERENCE, text_of, value)


def known(given: Facts, outputs: Facts) -> Look:
    """What a reference stands for: something given, or part of an earlier output."""

    def look(reference: str) -> Any:
        if reference in given:
            return given[reference]
        return part_of(outputs, reference)

    return look


def part_of(outputs: Facts, reference: str) -> Any:
    """What `name.path` is among outputs by name. Raises `LookupError` if it is nothing."""
    name, _, path = reference.partition(".")
    output = outputs.get(name)
    found = jmespath.search(path, output)
    if found is None:
        raise LookupError(f"${reference} is nothing: mistyped, or to be recorded again")
    return found


# --- what runs, and what must come of it ----------------------------------------------------------


Outcome = Result | StripeError


@attrs.frozen
class Ran:
    """One step that ran: what was asked, what came of it, what was wrong with that."""

    step: Step
    action: Action
    outcome: Outcome
    problems: list[str]


Difference = tuple[str, Any, Any]  # of what, what was expected, what came
Run = Callable[[Action, RunContext], Result]


def play(scenario: Scenario, run: Run, given: Facts, suffix: str = "") -> list[Ran]:
    """Run the steps of a scenario, one after another; `suffix` sets its idempotency keys apart."""
    outputs: Json = {}
    look = known(given, outputs)
    ran: list[Ran] = []
    for number, declared in enumerate(scenario.steps, 1):
        step = Step(**filled(attrs.asdict(declared), look))
        key = f"{scenario.name}:{step.key or number}{suffix}"
        done = _ran(step, run, RunContext(idempotency_key=key))
        if isinstance(done.outcome, Result):
            outputs[step.name] = done.outcome.output
        ran.append(done)
    return ran


def _ran(step: Step, run: Run, context: RunContext) -> Ran:
    declared = ACTIONS[step.action]
    action = declared.read(step.inputs, extra=step.extra, expand=step.expand)
    outcome: Outcome
    try:
        outcome = run(action, context)
    except StripeError as error:
        outcome = error
    problems = judged(step, outcome)
    return Ran(step, action, outcome, problems)


def judged(step: Step, outcome: Outcome) -> list[str]:
    """What differs from the expectation, in words."""
    expected = "an error" if step.error else "an output"
    came = "an error" if isinstance(outcome, StripeError) else "an output"
    if expected != came:
        return [f"expected {expected}, got {outcome}"[:500]]
    return [*_differences(step, outcome)]


def _differences(step: Step, outcome: Outcome) -> Iterator[str]:
    for name, want, got in _compared(step, outcome):
        if want != got or type(want) is not type(got):
            yield f"{name}: expected {want!r}, got {got!r}"


def _compared(step: Step, outcome: Outcome) -> Iterator[Difference]:
    """All that is expected of an outcome, beside what it is."""
    facts = outcome.as_dict()
    expected = {**_always(step), **step.result, **step.error}
    for name, want in expected.items():
        yield name, want, facts[name]
    output = facts.get("output")
    for path, want in step.output.items():
        yield path, want, jmespath.search(path, output)
    request = outcome.request_id or ""
    if not re.fullmatch(r"req_\w+", request):
        yield "request_id", "req_…", outcome.request_id


def _always(step: Step) -> Json:
    """What no scenario needs to say."""
    if step.error:
        return {"attempts": 1, "action": step.action}
    return {"attempts": 1, "replayed": False, "livemode": False}


# --- the tape -------------------------------------------------------------------------------------

ASKED_WITH = {"stripe-version", "idempotency-key", "stripe-account", "content-type"}
ANSWERED_WITH = {
    *("content-type", "idempotency-key", "idempotent-replayed", "original-request", "request-id"),
    *("retry-after", "server", "stripe-nodes-emulator", "stripe-rate-limited-reason"),
    *("stripe-should-retry", "stripe-version"),
}
PRIVATE = {"hosted_invoice_url", "invoice_pdf", "receipt_url", "request_log_url"}
_OURS = r"(?:[\w-]+\.)*(?:stripe\.com|example\.com|invalid)(?![\w.:@-])"
LEAKS = {
    "a key": r"\b(?:sk|rk|pk|ek)_(?:test|live|org)_\w+|\bwhsec_\w+",
    "an Authorization header": r"(?i)\bauthorization\b|\bbearer\s",
    "a client secret": r"_secret_(?!removed\b)\w+",
    "a place of recording": r"(?i)localhost|\b127\.\d+\.\d+\.\d+|\[::1\]|/worlds/|/(?:home|root)/",
    "a foreign address": rf"https?://(?!{_OURS})[^\s\"]*",
}


def leaks(text: str) -> list[str]:
    """What a cassette must not hold: keys, secrets, and where it was recorded."""
    return [*_leaks(text)]


def _leaks(text: str) -> Iterator[str]:
    for what, pattern in LEAKS.items():
        match = re.search(pattern, text)
        if match:
            yield f"{what}: {match[0]}"


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as a block, so that a new recording is a small difference."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else ""
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style)


_Dumper.add_representer(str, _text)


@attrs.define
class Tape:
    """A cassette's own words, beside its traffic: where it was recorded, what was given.

    As vcrpy's serializer it keeps them at the head of the file.
    """

    recorded_from: dict[str, str] = attrs.field(factory=dict[str, str])
    given: Json = attrs.field(factory=Json)

    def serialize(self, traffic: Json) -> str:
        """The text of the file."""
        words = {"recorded_from": self.recorded_from, "given": self.given}
        whole = {**words, **traffic}
        return yaml.dump(whole, Dumper=_Dumper, sort_keys=False, width=10_000)

    def deserialize(self, text: str) -> Any:
        """The traffic; the words are kept."""
        whole = read_yaml(text)
        self.recorded_from = whole["recorded_from"]
        self.given = whole["given"]
        return whole


@attrs.frozen
class Wash:
    """Keeps of traffic what means something and stays the same from one recording to the next."""

    base_url: str = STRIPE
    suffix: str = ""

    def asked(self, request: Any) -> Any:
        """A request: sent to Stripe, and no headers but those that Stripe acts on."""
        here = re.escape(self.base_url)
        request.uri = re.sub(f"^{here}(?=/)", STRIPE, request.uri)
        headers = _only(ASKED_WITH, request.headers)
        request.headers = {name: self._same(text) for name, text in headers.items()}
        return request

    def answered(self, response: Any) -> Any:
        """An answer: without secrets, its JSON in lines."""
        kept = _only(ANSWERED_WITH, response["headers"])
        headers = {name: [*map(self._same, texts)] for name, texts in kept.items()}
        body = response["body"]["string"].decode()
        washed = _in_lines(self._same(body))
        return {**response, "headers": headers, "body": {"string": washed.encode()}}

    def _same(self, text: str) -> str:
        if self.suffix:
            text = text.replace(self.suffix, "")
        if self.base_url != STRIPE:
            text = text.replace(self.base_url, "https://emulator.invalid")
        return text


def _only(names: set[str], headers: Facts) -> Json:
    """These of the headers, in one order."""
    lower = {name.lower(): value for name, value in headers.items()}
    known_ones = sorted(names & lower.keys())
    return {name: lower[name] for name in known_ones}


def _in_lines(body: str) -> str:
    """JSON in lines and without secrets; what is none stays as it is."""
    try:
        answer = json.loads(body)
    except ValueError:
        return body
    text = json.dumps(_without_secrets(answer), indent=2)
    return f"{text}\n"


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _field(name, item) for name, item in value.items()}
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    if isinstance(value, str):
        return re.sub(r"_secret_\w+", "_secret_removed", value)
    return value


def _field(name: str, value: Any) -> Any:
    """A field's value; of an address that opens without a key only the host."""
    if name in PRIVATE and isinstance(value, str):
        return re.sub(r"(?<=\w)[/?][^/].*", "/removed", value)
    return _without_secrets(value)


# --- what makes two requests the same -------------------------------------------------------------


def same_place(sent: Any, kept: Any) -> None:
    """Scheme, host and path, as they are written."""
    to, recorded = urlsplit(sent.uri), urlsplit(kept.uri)
    told = f"sent to {to.netloc}{to.path}, recorded {recorded.netloc}{recorded.path}"
    assert to[:3] == recorded[:3], told


def same_query(sent: Any, kept: Any) -> None:
    """The pairs of the query."""
    query = urlsplit(sent.uri).query
    recorded = urlsplit(kept.uri).query
    _same_pairs(query, recorded)


def same_form(sent: Any, kept: Any) -> None:
    """The pairs of the form."""
    form = sent.body or b""
    recorded = kept.body or b""
    _same_pairs(form.decode(), recorded.decode())


def same_headers(sent: Any, kept: Any) -> None:
    """Version, idempotency key, account and type; what one has, the other has."""
    _same(_asked_with(sent), _asked_with(kept))


def _asked_with(request: Any) -> Json:
    return {name: request.headers.get(name) for name in ASKED_WITH}


def _same_pairs(sent: str, kept: str) -> None:
    pairs = parse_qs(sent, keep_blank_values=True)
    recorded = parse_qs(kept, keep_blank_values=True)
    _same(pairs, recorded)


def _same(sent: Facts, kept: Facts) -> None:
    told = "\n".join(_unlike(sent, kept))
    assert not told, told


def _unlike(sent: Facts, kept: Facts) -> Iterator[str]:
    for name in sorted({*sent, *kept}):
        now, recorded = sent.get(name), kept.get(name)
        if now != recorded:
            yield f"{name}: sent {now!r}, recorded {recorded!r}"


Replayed = tuple[list[Ran], Any]  # the steps, and the cassette
MATCHERS = (same_place, same_query, same_form, same_headers)


def recorder(tape: Tape, wash: Wash = Wash()) -> vcr.VCR:
    """vcrpy, told what to keep and what to compare; without more it plays and never records."""
    names = [matcher.__name__ for matcher in MATCHERS]
    made = vcr.VCR(
        serializer="tape",
        record_mode="none",
        decode_compressed_response=True,
        before_record_request=wash.asked,
        before_record_response=wash.answered,
        match_on=["method", *names],
    )
    made.register_serializer("tape", tape)
    for matcher in MATCHERS:
        made.register_matcher(matcher.__name__, matcher)
    return made


@contextmanager
def played(path: Path) -> Iterator[tuple[Any, Tape]]:
    """A cassette that answers requests, and the words at its head."""
    tape = Tape()
    player = recorder(tape)
    with player.use_cassette(str(path)) as cassette:
        yield cassette, tape


def replay(scenario: Scenario, folder: Path = CASSETTES) -> Replayed:
    """Play a scenario from its cassette, through the client as it is."""
    path = path_of(scenario, folder)
    client = Client(Connection(KEY), AT_ONCE)
    with played(path) as (cassette, tape), client:
        ran = play(scenario, client.run, tape.given)
        return ran, cassette


# --- where cassettes are recorded -----------------------------------------------------------------


@attrs.frozen
class Place:
    """Somewhere to record: what it is, and how to open an account for one scenario there."""

    name: str
    version: str
    note: str
    account: Callable[[Scenario], AbstractContextManager[Connection]]
    policy: Policy = AT_ONCE

    def words(self) -> dict[str, str]:
        """What a cassette says of where it comes from."""
        return {
            "name": self.name,
            "version": self.version,
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
            "api_version": STRIPE_VERSION,
            "note": self.note,
        }


@contextmanager
def _in_emulator(scenario: Scenario) -> Iterator[Connection]:
    with Emulator() as world, serve(world) as server:
        for fault in scenario.faults:
            world.faults.add(Fault(**fault))
        yield Connection(KEY, base_url=server.url)


def emulator() -> Place:
    """The emulator on a socket, an empty one for each scenario."""
    name = "the emulator of stripe-nodes"
    note = "a simulation on a local socket, not Stripe itself"
    return Place(name, version("stripe-nodes"), note, _in_emulator)


@contextmanager
def replica(tool: Path = REPLICA) -> Iterator[Place]:
    """The replica on a socket, an empty account for each scenario."""
    port = _free_port()
    url = f"http://127.0.0.1:{port}/worlds"
    note = "an independent replica on a local socket, not Stripe itself"
    account = partial(_in_replica, url)
    quiet = subprocess.DEVNULL
    command = [str(tool), str(port)]
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:
        try:
            _wait_for(f"{url}/ready/v1/products", process)
            yield Place("stripe-world", _version_of(tool), note, account)
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        _, port = free.getsockname()
    return int(port)


def _version_of(tool: Path) -> str:
    text = tool.read_text("utf-8")
    found = re.search(r"stripe-world==([\d.]+)", text)
    return found[1] if found else "unknown"


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + LONGEST_START
    while process.poll() is None and time.monotonic() < deadline:
        if _answers(url):
            return
        time.sleep(0.1)
    raise SystemExit("stripe-world does not start.")


def _answers(url: str) -> bool:
    try:
        httpx.get(url, auth=(KEY, ""), trust_env=False)
    except httpx.TransportError:
        return False
    return True


@contextmanager
def _in_replica(url: str, scenario: Scenario) -> Iterator[Connection]:
    yield Connection(KEY, base_url=f"{url}/{scenario.name.replace('/', '-')}")


Environ = Mapping[str, str]


def stripe(key: str) -> Place:
    """Stripe's test mode, at Stripe's address and nowhere else. Raises for a live key."""
    connection = Connection(key)

    @contextmanager
    def account(_: Scenario) -> Iterator[Connection]:
        yield connection

    return Place(TEST_MODE, "v1", "Stripe itself", account, Policy())


def places(stack: ExitStack, environ: Environ = os.environ) -> list[Place]:
    """Where to record, the best place first; the emulator is always the last."""
    key = environ.get("STRIPE_API_KEY", "").strip()
    if key:
        return [stripe(key), emulator()]
    if REPLICA.is_file():
        return [stack.enter_context(replica()), emulator()]
    return [emulator()]


def place_for(scenario: Scenario, found: Sequence[Place]) -> Place:
    """The first place that can give what a scenario needs."""
    best, last = found[0], found[-1]
    if scenario.faults:
        return last
    if scenario.emulator and best.name != TEST_MODE:
        return last
    return best


# --- recording ------------------------------------------------------------------------------------

# How what was made is put away, by kind. A product that has prices cannot be deleted, and its
# default price not be archived: retiring the product takes both off sale.
PUT_AWAY = {
    "customer": ["DELETE /v1/customers/{}"],
    "invoice": ["DELETE /v1/invoices/{}"],
    "price": ["POST /v1/prices/{} active=false"],
    "product": ["POST /v1/products/{} active=false", "DELETE /v1/products/{}"],
    "invoiceitem": ["DELETE /v1/invoiceitems/{}"],
    "subscription": ["DELETE /v1/subscriptions/{}"],
    "payment_intent": ["POST /v1/payment_intents/{}/cancel"],
    "checkout.session": ["POST /v1/checkout/sessions/{}/expire"],
}


class Unexpected(Exception):
    """What came was not what the scenario expects; the cassette was not written."""


class Stage:
    """The things that one scenario stands on, made when they are looked for."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.made: Json = {}
        self.answers: list[Json] = []
        connection = client.connection
        key = connection.api_key.reveal()
        https = connection.base_url == STRIPE
        self._http = httpx.Client(
            base_url=connection.base_url,
            auth=(key, ""),
            headers={"Stripe-Version": STRIPE_VERSION},
            verify=https,
            trust_env=https,
        )

    def look(self, reference: str) -> Any:
        """What a reference stands for."""
        name = reference.partition(".")[0]
        if name not in self.made:
            declared = table().things[name]
            words = filled(attrs.asdict(declared), self.look)
            self.made[name] = self._make(Thing(**words))
        return part_of(self.made, reference)

    def _make(self, thing: Thing) -> Any:
        if thing.post:
            form = dict(encode(thing.form))
            reply = self._http.post(thing.post, data=form)
            return reply.raise_for_status().json()
        declared = ACTIONS[thing.action]
        action = declared.read(thing.inputs, extra=thing.extra)
        return self.client.run(action).output

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Remove or retire all that was made, the newest first; what is past that stays."""
        found = {made["id"]: made["object"] for made in self._objects()}
        for identity, kind in reversed(found.items()):
            for request in PUT_AWAY.get(kind, ()):
                self._send(request.format(identity))
        self._http.close()

    def _objects(self) -> Iterator[Json]:
        """All that was made, also by a payment that was refused, and not deleted."""
        for answer in (*self.made.values(), *self.answers):
            error = answer.get("error", {})
            refused = error.get("payment_intent") or {}
            for made in (answer, refused):
                if made.get("id") and not made.get("deleted"):
                    yield made

    def _send(self, request: str) -> None:
        method, path, *pairs = request.split()
        form = dict(pair.split("=") for pair in pairs)
        self._http.request(method, path, data=form or None)


def record(scenario: Scenario, place: Place, folder: Path = CASSETTES) -> Path:
    """Record one cassette. Raises, and keeps the old one, if the expectation is not met."""
    path = path_of(scenario, folder)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with (
        place.account(scenario) as connection,
        Client(connection, place.policy) as client,
        Stage(client) as stage,
    ):
        given = {text: stage.look(text) for text in scenario.needs}
        tape = Tape(place.words(), given)
        problems = _record(scenario, stage, tape, fresh)
    problems += leaks(fresh.read_text("ascii"))
    if problems:
        fresh.unlink()
        raise Unexpected("; ".join(problems))
    return fresh.replace(path)


def _record(scenario: Scenario, stage: Stage, tape: Tape, path: Path) -> list[str]:
    suffix = f":{uuid.uuid4().hex}"
    wash = Wash(stage.client.connection.base_url, suffix)
    taping = recorder(tape, wash)
    with taping.use_cassette(str(path), record_mode="all") as cassette:
        try:
            ran = play(scenario, stage.client.run, tape.given, suffix)
        finally:
            bodies = [answer["body"]["string"] for answer in cassette.responses]
            stage.answers += map(json.loads, bodies)
    return [f"{one.step.action}: {text}" for one in ran for text in one.problems]


def main(wanted: Sequence[str]) -> int:
    """Record all scenarios, or those whose names hold one of the words; tell what failed."""
    if unknown := _unknown(wanted):
        _say(f"scenarios.yaml has no scenario {', '.join(unknown)}: nothing was recorded.")
        return 2
    chosen = _chosen(wanted)
    failed = 0
    with ExitStack() as stack:
        try:
            found = places(stack)
        except UsageError as error:
            _say(str(error))
            return 2
        names = ", else from ".join(f"{place.name} ({place.note})" for place in found)
        _say(f"Recording from {names}.")
        for scenario in chosen:
            place = place_for(scenario, found)
            failed += _failed(scenario, place)
    for path in orphans():
        path.unlink()
        _say(f"{path.relative_to(CASSETTES)}: removed, no scenario has this name")
    return 1 if failed else 0


def _chosen(words: Sequence[str]) -> list[Scenario]:
    every = [*table().scenarios.values()]
    if not words:
        return every
    return [scenario for scenario in every if any(word in scenario.name for word in words)]


def _unknown(words: Sequence[str]) -> list[str]:
    """The words that no scenario's name holds."""
    names = table().scenarios
    return [word for word in words if not any(word in name for name in names)]


def orphans() -> list[Path]:
    """Files that no scenario records."""
    scenarios = table().scenarios.values()
    recorded = {*map(path_of, scenarios)}
    files = {path for path in CASSETTES.glob("*/*") if path.parent.name != "__pycache__"}
    return sorted(files - recorded)


def _failed(scenario: Scenario, place: Place) -> bool:
    try:
        record(scenario, place)
    except (Unexpected, NodeError, httpx.HTTPError) as error:
        _say(f"{scenario.name}: not recorded from {place.name}: {error}")
        return True
    _say(f"{scenario.name}: {place.name}")
    return False


def _say(text: str) -> None:
    sys.stdout.write(f"{masked(text)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
