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
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
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
ACTIONS: dict[str, type[Action]] = {found.spec.id: found for found in stripe_nodes.actions()}
KEY = "sk_test_cassettes"
AT_ONCE = Policy(first_delay=0.0, longest_delay=0.0)

# --- the table ------------------------------------------------------------------------------------


@attrs.frozen(kw_only=True)
class Step:
    """An action with its inputs, and the output or the error that must come of it."""

    action: str
    inputs: dict[str, Any]
    name: str = ""
    key: str = ""
    extra: dict[str, Any] = attrs.field(factory=dict[str, Any])
    expand: list[str] = attrs.field(factory=list[str])
    output: dict[str, Any] = attrs.field(factory=dict[str, Any])
    result: dict[str, Any] = attrs.field(factory=dict[str, Any])
    error: dict[str, Any] = attrs.field(factory=dict[str, Any])


@attrs.frozen(kw_only=True)
class Thing:
    """What scenarios stand on: made by an action, or by a plain POST of a form."""

    action: str = ""
    inputs: dict[str, Any] = attrs.field(factory=dict[str, Any])
    extra: dict[str, Any] = attrs.field(factory=dict[str, Any])
    post: str = ""
    form: dict[str, Any] = attrs.field(factory=dict[str, Any])


@attrs.frozen(kw_only=True)
class Scenario:
    """One cassette: its steps, and why only the emulator can be asked, if so."""

    name: str
    steps: list[Step]
    emulator: str = ""
    faults: list[dict[str, Any]] = attrs.field(factory=list[dict[str, Any]])

    @property
    def needs(self) -> list[str]:
        """The references to things that are made beforehand, in their order."""
        own = {step.name for step in self.steps}
        found = re.findall(REFERENCE, json.dumps([attrs.asdict(step) for step in self.steps]))
        return [*dict.fromkeys(text for text in found if text.partition(".")[0] not in own)]


@attrs.frozen
class Table:
    """All scenarios by name, and the things that they stand on."""

    things: dict[str, Thing]
    scenarios: dict[str, Scenario]


@cache
def table() -> Table:
    """The table, read strictly: a word that it does not know is refused."""
    read = cattrs.Converter(forbid_extra_keys=True)
    read.register_structure_hook(
        Step, cattrs.gen.make_dict_structure_fn(Step, read, name=cattrs.override(rename="as"))
    )
    found = read_yaml(TABLE.read_text("utf-8"))
    for name, given in found["scenarios"].items():
        steps = given if isinstance(given, list) else given["steps"]
        more = {} if isinstance(given, list) else given
        found["scenarios"][name] = {**more, "steps": steps, "name": name}
    return read.structure(found, Table)


def read_yaml(text: str) -> Any:
    """YAML without tags, read by the faster reader if it is there."""
    return yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - safe ones


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
    return re.sub(REFERENCE, lambda found: str(look(found[1])), value)


def known(given: Mapping[str, Any], outputs: Mapping[str, Any]) -> Look:
    """What a reference stands for: something given, or part of an earlier output."""

    def look(reference: str) -> Any:
        if reference in given:
            return given[reference]
        return part_of(outputs, reference)

    return look


def part_of(outputs: Mapping[str, Any], reference: str) -> Any:
    """What `name.path` is among outputs by name. Raises `LookupError` if it is nothing."""
    name, _, path = reference.partition(".")
    if (found := jmespath.search(path, outputs.get(name))) is None:
        raise LookupError(f"${reference} is nothing: mistyped, or to be recorded again")
    return found


# --- what runs, and what must come of it ----------------------------------------------------------


@attrs.frozen
class Ran:
    """One step that ran: what was asked, what came of it, what was wrong with that."""

    step: Step
    action: Action
    outcome: Result | StripeError
    problems: list[str]


Run = Callable[[Action, RunContext], Result]


def play(scenario: Scenario, run: Run, given: Mapping[str, Any], suffix: str = "") -> list[Ran]:
    """Run the steps of a scenario, one after another; `suffix` sets its idempotency keys apart."""
    outputs: dict[str, Any] = {}
    ran: list[Ran] = []
    for number, declared in enumerate(scenario.steps, 1):
        step = Step(**filled(attrs.asdict(declared), known(given, outputs)))
        action = ACTIONS[step.action].read(step.inputs, extra=step.extra, expand=step.expand)
        context = RunContext(idempotency_key=f"{scenario.name}:{step.key or number}{suffix}")
        try:
            outcome: Result | StripeError = run(action, context)
        except StripeError as error:
            outcome = error
        outputs[step.name] = outcome.output if isinstance(outcome, Result) else {}
        ran.append(Ran(step, action, outcome, judged(step, outcome)))
    return ran


def judged(step: Step, outcome: Result | StripeError) -> list[str]:
    """What differs from the expectation, in words."""
    if isinstance(outcome, StripeError) != bool(step.error):
        return [f"expected {'an error' if step.error else 'an output'}, got {outcome}"[:500]]
    facts = outcome.as_dict()
    wanted: dict[str, Any] = {"attempts": 1}
    wanted |= {"action": step.action} if step.error else {"replayed": False, "livemode": False}
    pairs = [
        (name, want, facts[name]) for name, want in (wanted | step.result | step.error).items()
    ]
    output = facts.get("output")
    pairs += [(name, want, jmespath.search(name, output)) for name, want in step.output.items()]
    if not re.fullmatch(r"req_\w+", outcome.request_id or ""):
        pairs.append(("request_id", "req_…", outcome.request_id))
    return [
        f"{name}: expected {want!r}, got {got!r}"
        for name, want, got in pairs
        if (want, type(want)) != (got, type(got))
    ]


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
    found = {what: re.search(pattern, text) for what, pattern in LEAKS.items()}
    return [f"{what}: {match[0]}" for what, match in found.items() if match]


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as a block, so that a new recording is a small difference."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else "")


_Dumper.add_representer(str, _text)


@attrs.define
class Tape:
    """A cassette's own words, beside its traffic: where it was recorded, what was given.

    As vcrpy's serializer it keeps them at the head of the file.
    """

    recorded_from: dict[str, str] = attrs.field(factory=dict[str, str])
    given: dict[str, Any] = attrs.field(factory=dict[str, Any])

    def serialize(self, traffic: dict[str, Any]) -> str:
        """The text of the file."""
        whole = {"recorded_from": self.recorded_from, "given": self.given, **traffic}
        return yaml.dump(whole, Dumper=_Dumper, sort_keys=False, width=10_000)

    def deserialize(self, text: str) -> Any:
        """The traffic; the words are kept."""
        whole = read_yaml(text)
        self.recorded_from, self.given = whole["recorded_from"], whole["given"]
        return whole


@attrs.frozen
class Wash:
    """Keeps of traffic what means something and stays the same from one recording to the next."""

    base_url: str = STRIPE
    suffix: str = ""

    def asked(self, request: Any) -> Any:
        """A request: sent to Stripe, and no headers but those that Stripe acts on."""
        request.uri = re.sub(f"^{re.escape(self.base_url)}(?=/)", STRIPE, request.uri)
        headers = {name.lower(): self._same(text) for name, text in request.headers.items()}
        request.headers = {name: headers[name] for name in sorted(ASKED_WITH & headers.keys())}
        return request

    def answered(self, response: Any) -> Any:
        """An answer: without secrets, its JSON in lines."""
        headers = {
            name.lower(): [self._same(text) for text in texts]
            for name, texts in response["headers"].items()
        }
        kept = {name: headers[name] for name in sorted(ANSWERED_WITH & headers.keys())}
        told = self._same(response["body"]["string"].decode())
        with suppress(ValueError):
            told = json.dumps(_without_secrets(json.loads(told)), indent=2) + "\n"
        return {**response, "headers": kept, "body": {"string": told.encode()}}

    def _same(self, text: str) -> str:
        text = text.replace(self.suffix, "") if self.suffix else text
        here = self.base_url != STRIPE
        return text.replace(self.base_url, "https://emulator.invalid") if here else text


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: re.sub(r"(?<=\w)[/?][^/].*", "/removed", item)
            if name in PRIVATE and isinstance(item, str)
            else _without_secrets(item)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_without_secrets(item) for item in value]
    return re.sub(r"_secret_\w+", "_secret_removed", value) if isinstance(value, str) else value


# --- what makes two requests the same -------------------------------------------------------------


def same_place(sent: Any, kept: Any) -> None:
    """Scheme, host and path, as they are written."""
    pair = [urlsplit(request.uri)[:3] for request in (sent, kept)]
    assert pair[0] == pair[1], f"sent to {''.join(pair[0][1:])}, recorded {''.join(pair[1][1:])}"


def same_query(sent: Any, kept: Any) -> None:
    """The pairs of the query."""
    _same_pairs(urlsplit(sent.uri).query, urlsplit(kept.uri).query)


def same_form(sent: Any, kept: Any) -> None:
    """The pairs of the form."""
    _same_pairs((sent.body or b"").decode(), (kept.body or b"").decode())


def same_headers(sent: Any, kept: Any) -> None:
    """Version, idempotency key, account and type; what one has, the other has."""
    pairs = [{name: request.headers.get(name) for name in ASKED_WITH} for request in (sent, kept)]
    _same(*pairs)


def _same_pairs(sent: str, kept: str) -> None:
    _same(*(parse_qs(text, keep_blank_values=True) for text in (sent, kept)))


def _same(sent: Mapping[str, Any], kept: Mapping[str, Any]) -> None:
    told = [
        f"{name}: sent {sent.get(name)!r}, recorded {kept.get(name)!r}"
        for name in sorted({*sent, *kept})
        if sent.get(name) != kept.get(name)
    ]
    assert not told, "\n".join(told)


MATCHERS = (same_place, same_query, same_form, same_headers)


def recorder(tape: Tape, wash: Wash = Wash()) -> vcr.VCR:
    """vcrpy, told what to keep and what to compare; without more it plays and never records."""
    made = vcr.VCR(
        serializer="tape",
        record_mode="none",
        decode_compressed_response=True,
        before_record_request=wash.asked,
        before_record_response=wash.answered,
        match_on=["method", *(matcher.__name__ for matcher in MATCHERS)],
    )
    made.register_serializer("tape", tape)
    for matcher in MATCHERS:
        made.register_matcher(matcher.__name__, matcher)
    return made


@contextmanager
def played(path: Path) -> Iterator[tuple[Any, Tape]]:
    """A cassette that answers requests, and the words at its head."""
    tape = Tape()
    with recorder(tape).use_cassette(str(path)) as cassette:
        yield cassette, tape


def replay(scenario: Scenario, folder: Path = CASSETTES) -> tuple[list[Ran], Any]:
    """Play a scenario from its cassette, through the client as it is."""
    with (
        played(path_of(scenario, folder)) as (cassette, tape),
        Client(Connection(KEY), AT_ONCE) as client,
    ):
        return play(scenario, client.run, tape.given), cassette


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
        facts = {
            "name": self.name,
            "version": self.version,
            "date": f"{datetime.now(UTC):%Y-%m-%d}",
        }
        return {**facts, "api_version": STRIPE_VERSION, "note": self.note}


@contextmanager
def _in_emulator(scenario: Scenario) -> Iterator[Connection]:
    with Emulator() as world, serve(world) as server:
        for fault in scenario.faults:
            world.faults.add(Fault(**fault))
        yield Connection(KEY, base_url=server.url)


def emulator() -> Place:
    """The emulator on a socket, an empty one for each scenario."""
    note = "a simulation on a local socket, not Stripe itself"
    return Place("the emulator of stripe-nodes", version("stripe-nodes"), note, _in_emulator)


@contextmanager
def replica(tool: Path = REPLICA) -> Iterator[Place]:
    """The replica on a socket, an empty account for each scenario."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    quiet = subprocess.DEVNULL
    with subprocess.Popen([tool, str(port)], stdout=quiet, stderr=quiet) as process:
        try:
            url = f"http://127.0.0.1:{port}/worlds"
            _wait_for(f"{url}/ready/v1/products", process)
            found = re.search(r"stripe-world==([\d.]+)", tool.read_text("utf-8"))
            note = "an independent replica on a local socket, not Stripe itself"
            account = partial(_in_replica, url)
            yield Place("stripe-world", found[1] if found else "unknown", note, account)
        finally:
            process.terminate()


def _wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 180) -> None:
    deadline = time.monotonic() + seconds  # the first start installs it
    while process.poll() is None and time.monotonic() < deadline:
        try:
            httpx.get(url, auth=(KEY, ""), trust_env=False)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit("stripe-world does not start.")


@contextmanager
def _in_replica(url: str, scenario: Scenario) -> Iterator[Connection]:
    yield Connection(KEY, base_url=f"{url}/{scenario.name.replace('/', '-')}")


def stripe(key: str) -> Place:
    """Stripe's test mode, at Stripe's address and nowhere else. Raises for a live key."""
    connection = Connection(key)

    @contextmanager
    def account(_: Scenario) -> Iterator[Connection]:
        yield connection

    return Place("Stripe test mode", "v1", "Stripe itself", account, Policy())


def places(stack: ExitStack, environ: Mapping[str, str] = os.environ) -> list[Place]:
    """Where to record, the best place first; the emulator is always the last."""
    if key := environ.get("STRIPE_API_KEY", "").strip():
        return [stripe(key), emulator()]
    return [stack.enter_context(replica()), emulator()] if REPLICA.is_file() else [emulator()]


def place_for(scenario: Scenario, found: Sequence[Place]) -> Place:
    """The first place that can give what a scenario needs."""
    lacking = scenario.faults or (scenario.emulator and found[0].name != "Stripe test mode")
    return found[-1] if lacking else found[0]


# --- recording ------------------------------------------------------------------------------------

# How what was made is put away, by kind. A product that has prices cannot be deleted, and its
# default price not be archived: retiring the product takes both off sale.
PUT_AWAY: Mapping[str, tuple[tuple[str, str, dict[str, str]], ...]] = {
    "customer": (("DELETE", "/v1/customers/{}", {}),),
    "invoice": (("DELETE", "/v1/invoices/{}", {}),),
    "price": (("POST", "/v1/prices/{}", {"active": "false"}),),
    "product": (
        ("POST", "/v1/products/{}", {"active": "false"}),
        ("DELETE", "/v1/products/{}", {}),
    ),
    "invoiceitem": (("DELETE", "/v1/invoiceitems/{}", {}),),
    "subscription": (("DELETE", "/v1/subscriptions/{}", {}),),
    "payment_intent": (("POST", "/v1/payment_intents/{}/cancel", {}),),
    "checkout.session": (("POST", "/v1/checkout/sessions/{}/expire", {}),),
}


class Unexpected(Exception):
    """What came was not what the scenario expects; the cassette was not written."""


class Stage:
    """The things that one scenario stands on, made when they are looked for."""

    def __init__(self, client: Client) -> None:
        self.client, self.made, self.answers = client, dict[str, Any](), list[Any]()
        connection = client.connection
        https = connection.base_url == STRIPE
        self._http = httpx.Client(
            base_url=connection.base_url,
            auth=(connection.api_key.reveal(), ""),
            headers={"Stripe-Version": STRIPE_VERSION},
            verify=https,
            trust_env=https,
        )

    def look(self, reference: str) -> Any:
        """What a reference stands for."""
        name = reference.partition(".")[0]
        if name not in self.made:
            thing = filled(attrs.asdict(table().things[name]), self.look)
            self.made[name] = self._make(Thing(**thing))
        return part_of(self.made, reference)

    def _make(self, thing: Thing) -> Any:
        if thing.post:
            reply = self._http.post(thing.post, data=dict(encode(thing.form)))
            return reply.raise_for_status().json()
        action = ACTIONS[thing.action].read(thing.inputs, extra=thing.extra)
        return self.client.run(action).output

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Remove or retire all that was made, the newest first; what is past that stays."""
        found: dict[str, str] = {}
        for answer in (*self.made.values(), *self.answers):
            for made in (answer, answer.get("error", {}).get("payment_intent") or {}):
                if made.get("id") and not made.get("deleted"):
                    found[made["id"]] = made["object"]
        for made_id, kind in reversed(found.items()):
            for method, path, form in PUT_AWAY.get(kind, ()):
                self._http.request(method, path.format(made_id), data=form or None)
        self._http.close()


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
        tape = Tape(place.words(), {text: stage.look(text) for text in scenario.needs})
        problems = _record(scenario, stage, tape, fresh)
    if problems := [*problems, *leaks(fresh.read_text("ascii"))]:
        fresh.unlink()
        raise Unexpected("; ".join(problems))
    return fresh.replace(path)


def _record(scenario: Scenario, stage: Stage, tape: Tape, path: Path) -> list[str]:
    suffix = f":{uuid.uuid4().hex}"
    taping = recorder(tape, Wash(stage.client.connection.base_url, suffix))
    with taping.use_cassette(str(path), record_mode="all") as cassette:
        try:
            ran = play(scenario, stage.client.run, tape.given, suffix)
        finally:
            stage.answers += [json.loads(each["body"]["string"]) for each in cassette.responses]
    return [f"{run.step.action}: {text}" for run in ran for text in run.problems]


def main(wanted: Sequence[str]) -> int:
    """Record all scenarios, or those whose names hold one of the words; tell what failed."""
    every = table().scenarios.values()
    chosen = [each for each in every if not wanted or any(word in each.name for word in wanted)]
    failed = 0
    with ExitStack() as stack:
        try:
            found = places(stack)
        except UsageError as error:
            _say(str(error))
            return 2
        _say(f"Recording from {', else from '.join(place.name for place in found)}.")
        for scenario in chosen:
            failed += _failed(scenario, place_for(scenario, found))
    for path in orphans():
        path.unlink()
        _say(f"{path.relative_to(CASSETTES)}: removed, no scenario has this name")
    return 1 if failed else 0


def orphans() -> list[Path]:
    """Files that no scenario records."""
    files = {path for path in CASSETTES.glob("*/*") if path.parent.name != "__pycache__"}
    return sorted(files - {*map(path_of, table().scenarios.values())})


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
