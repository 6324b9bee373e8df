"""What a person, or a script, sees of `stripe-nodes` in a terminal."""

import json
import os
import platform
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from support import ACTIONS
from terminal_support import (
    EXAMPLES,
    KEY,
    LIVE_KEY,
    SCRIPT,
    Counted,
    Terminal,
    environment,
    install,
)

from stripe_emulator import Answer, Emulator, Fault, serve
from stripe_plugin import Policy
from stripe_plugin.errors import NodeError
from stripe_plugin.run.exchange import STRIPE_VERSION
from stripe_terminal.report import Interrupted

EXAMPLE = str(EXAMPLES / "sell-a-subscription.yaml")
EMULATOR = "emulator: no Stripe account is used, nothing is charged"
PRICE = {"Currency": "usd", "unit_amount": 1000, "Product Data": {"name": "Plan"}}
BODY = KEY.removeprefix("sk_test_")


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """A terminal without a key, whose state is in a folder of its own."""
    return Terminal(tmp_path / "home")


@pytest.fixture
def world() -> Iterator[Counted]:
    """An emulator that counts."""
    with Counted() as made:
        yield made


@pytest.fixture
def served(world: Counted, tmp_path: Path) -> Iterator[Terminal]:
    """A terminal with a test key, whose Stripe is that emulator on a socket."""
    with serve(world) as server:
        yield Terminal(tmp_path / "home", STRIPE_API_KEY=KEY, STRIPE_API_BASE=server.url)


def document(done: subprocess.CompletedProcess[str]) -> Any:
    """The one JSON document on stdout."""
    assert done.stdout.endswith("\n")
    return json.loads(done.stdout)


# --- list, describe, doctor ---------------------------------------------------------------------


@pytest.mark.parametrize("columns", ["80", "120"])
def test_list(columns: str, terminal: Terminal) -> None:
    """`list` shows every action; at usual widths its id stands in one piece, to be copied."""
    ids = [entry["id"] for entry in document(terminal("list", "--json"))]
    done = terminal("list", COLUMNS=columns)
    assert [name for name in ids if name not in done.stdout.split()] == []
    assert "Add a price" in " ".join(done.stdout.split())
    assert max(map(len, done.stdout.splitlines())) <= int(columns)
    assert done.stderr.startswith(f"{len(ACTIONS)} actions")


def test_list_as_json(terminal: Terminal) -> None:
    """`list --json` is the catalog."""
    listed = document(terminal("list", "--json"))
    assert [entry["id"] for entry in listed] == [*ACTIONS]
    words = "id name resource summary hints beyond recipe plugin"
    assert all({*entry} == {*words.split()} for entry in listed)


def test_describe(terminal: Terminal) -> None:
    """`describe` shows inputs with their restrictions, outputs with path and unit, and the page."""
    shown = terminal("describe", "create_price", COLUMNS="120").stdout
    for words in ("Create Price (create_price)", "Currency *", "unit_amount", "Required if", "usd"):
        assert words in shown
    assert "https://docs.stripe.com/api/prices/create" in shown
    assert "Prices: Write" in shown
    told = [re.split(r"\s{2,}", line.strip()) for line in shown.splitlines()]
    assert ["Billing Interval", "recurring.interval", "string"] in told
    assert ["Unit Amount", "unit_amount", "integer, smallest currency unit"] in told


def test_describe_as_json(terminal: Terminal) -> None:
    """`describe --json` is the action's manifest."""
    about = document(terminal("describe", "create_price", "--json"))
    assert (about["id"], about["method"], about["path"]) == ("create_price", "POST", "/v1/prices")
    assert [row["key"] for row in about["inputs"] if row["required"]] == ["Currency"]


@pytest.mark.parametrize("columns", ["80", "120"])
@pytest.mark.parametrize("action", ["create_price", "create_checkout_session"])
def test_describe_breaks_no_name(action: str, columns: str, terminal: Terminal) -> None:
    """At usual widths a parameter's name stands on one line, so that it can be copied."""
    shown = terminal("describe", action, COLUMNS=columns).stdout
    about = document(terminal("describe", action, "--json"))
    assert [row["name"] for row in about["inputs"] if row["name"] not in shown] == []


def test_doctor_of_the_emulator(terminal: Terminal) -> None:
    """`doctor` says that everything runs in the emulator, and where its state is."""
    done = terminal("doctor")
    assert f"{len(ACTIONS)} actions" in done.stdout
    assert EMULATOR in done.stdout + done.stderr
    assert str(terminal.home) in done.stdout
    assert "Whatever Stripe API Request asks for: Write: ok" in done.stdout


def test_doctor_tells_versions_and_origins(terminal: Terminal) -> None:
    """`doctor` names the versions of package, Python and API, and where each plugin is from."""
    report = document(terminal("doctor", "--json"))
    ours = version("stripe-nodes")
    assert (report["version"], report["python"]) == (ours, platform.python_version())
    assert report["api_version"] == STRIPE_VERSION
    origins = {plugin["name"]: plugin for plugin in report["plugins"]}
    assert origins["otel"] == {
        "name": "otel",
        "distribution": "stripe-nodes",
        "version": ours,
        "entry_point": "stripe_otel",
        "group": "stripe_plugin.v1",
    }
    shown = terminal("doctor").stdout
    for words in (f"stripe-nodes {ours}, Python", f"otel (stripe-nodes {ours}, stripe_otel)"):
        assert words in shown


@pytest.mark.parametrize("given", [{"STRIPE_API_KEY": ""}, {"STRIPE_API_KEY": LIVE_KEY}])
def test_doctor_without_a_usable_key(given: dict[str, str], terminal: Terminal) -> None:
    """Without a key that may be used, what is installed is told all the same; exit code 2."""
    done = terminal("doctor", code=2, **given)
    assert f"{len(ACTIONS)} actions" in done.stdout
    assert "✗" in done.stderr
    report = document(terminal("doctor", "--json", code=2, **given))
    assert (report["actions"], report["error"]["category"]) == (len(ACTIONS), "usage")


def test_doctor_with_a_key(served: Terminal, world: Counted) -> None:
    """`doctor` tells the mode, the account and what the key may read, and never the key."""
    done = served("doctor", "--json", "--account", "acct_1")
    report = document(done)
    assert (report["problems"], report["account"]) == ([], "acct_1")
    assert report["actions"] == len(ACTIONS)
    assert report["permissions"]["Prices: Read"] == "ok"
    assert report["permissions"]["Prices: Write"].startswith("not tried")
    assert BODY not in done.stdout + done.stderr
    asked = [line.partition("?")[0] for line in world.asked]
    assert len({*asked}) == len(asked), "each kind is asked for once"
    assert {line.partition(" ")[0] for line in asked} == {"GET"}
    assert "Prices: Write" in served("doctor").stdout


def test_doctor_tells_the_proxy_without_its_password(served: Terminal) -> None:
    """The proxy of the environment is named, and not how one logs in there."""
    given = {"HTTPS_PROXY": "http://jenny:pass@127.0.0.1:1", "STRIPE_API_BASE": "https://a.invalid"}
    done = served("doctor", "--json", code=4, **given)
    assert document(done)["proxy"] == "http://127.0.0.1:1"
    shown = served("doctor", code=4, **given)
    assert "proxy: http://127.0.0.1:1" in shown.stdout
    assert "jenny" not in done.stdout + done.stderr + shown.stdout + shown.stderr


class Refusing(Counted):
    """An emulator that refuses the paths of some permissions, or any key."""

    def __init__(self, status: int, *paths: str) -> None:
        super().__init__()
        self.status, self.paths = status, paths

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Refuses as Stripe does."""
        answer = super().answer(method, target, headers, body)
        if not target.startswith(self.paths):
            return answer
        error = {"type": "invalid_request_error", "message": "The key may not do that."}
        text = json.dumps({"error": error}).encode()
        return Answer(self.status, {**answer.headers, "Content-Length": str(len(text))}, text)


@pytest.mark.parametrize(
    ("status", "paths", "code", "asked"),
    [(403, ("/v1/prices",), 0, "all"), (403, ("/",), 3, "all"), (401, ("/",), 3, "one")],
)
def test_doctor_with_a_refused_key(
    status: int, paths: tuple[str, ...], code: int, asked: str, tmp_path: Path
) -> None:
    """A key that may not read one thing is told so; one that may nothing is exit code 3."""
    with Refusing(status, *paths) as world, serve(world) as server:
        terminal = Terminal(tmp_path, STRIPE_API_KEY=KEY, STRIPE_API_BASE=server.url)
        done = terminal("doctor", "--json", code=code)
        assert (len(world.asked) == 1) == (asked == "one")
    report = document(done)
    assert "The key may not do that." in report["permissions"].values()
    assert ("ok" in report["permissions"].values()) == (code == 0)


def test_doctor_without_an_answer(tmp_path: Path) -> None:
    """Where nobody answers, one attempt is made, and the exit code is 4."""
    terminal = Terminal(tmp_path, STRIPE_API_KEY=KEY, STRIPE_API_BASE="http://127.0.0.1:9")
    report = document(terminal("doctor", "--json", code=4))
    assert report["reachable"] is False


def test_doctor_asks_what_takes_no_limit(served: Terminal, world: Counted) -> None:
    """What reads one object of the account, such as its balance, is asked for it, as lists are."""
    report = document(served("doctor", "--json"))
    assert "Balance: Read" in report["permissions"]
    assert "GET /v1/balance" in world.asked


def test_doctor_shows_what_is_broken(tmp_path: Path) -> None:
    """A plugin that cannot be loaded is named with its distribution and the reason, as it is."""
    code = "raise RuntimeError('no [/bold] licence')"
    points = "[stripe_plugin.v1]\nacme = acme_plug\n"
    install(tmp_path / "site", "acme-broken", points, {"acme_plug.py": code})
    terminal = Terminal(tmp_path, apart=True, PYTHONPATH=str(tmp_path / "site"))
    shown = terminal("doctor", code=1).stdout
    assert "acme-broken › acme: RuntimeError: no [/bold] licence" in shown
    [problem] = document(terminal("doctor", "--json", code=1))["problems"]
    assert (problem["name"], problem["distribution"]) == ("acme", "acme-broken")


def test_doctor_shows_an_action_that_cannot_be_used(tmp_path: Path) -> None:
    """An action that is listed, whose module is not there, is a problem with its name."""
    entry = {
        "id": "acme_do", "name": "Acme Do", "resource": "acme", "summary": "Does.",
        "hints": {"read_only": True, "destructive": False, "idempotent": True},
        "entry": "acme_nowhere:AcmeDo",
    }  # fmt: skip
    index = json.dumps({"manifest_version": 1, "actions": [entry]})
    points = "[stripe_plugin.manifest]\nacme = acme_list:index.json\n"
    files = {"acme_list/__init__.py": "", "acme_list/index.json": index}
    install(tmp_path / "site", "acme", points, files)
    terminal = Terminal(tmp_path, apart=True, PYTHONPATH=str(tmp_path / "site"))
    assert "acme › acme_do: " in terminal("doctor", code=1).stdout


# --- run ----------------------------------------------------------------------------------------


def test_run_by_display_key_and_parameter(terminal: Terminal) -> None:
    """Inputs are KEY=VALUE by display key or parameter; the object is on stdout, the mode not."""
    done = terminal(
        "run", "create_price", "Currency=usd", "unit_amount=1000", 'Product Data={"name": "Plan"}'
    )
    price = document(done)
    assert (price["object"], price["currency"], price["unit_amount"]) == ("price", "usd", 1000)
    assert EMULATOR in done.stderr
    assert "req_" in done.stderr
    found = terminal("run", "retrieve_price", f"Price ID={price['id']}")
    assert document(found) == price


INSIDE: list[tuple[str, str, list[str], dict[str, Any]]] = [
    (
        "create_price",
        "recurring",
        ["Recurring › Interval=month", "Recurring › Interval Count=3"],
        {"interval": "month", "interval_count": 3},
    ),
    ("create_price", "recurring", ["recurring[interval]=week"], {"interval": "week"}),
    ("create_price", "metadata", ["Metadata[order.id]=7", "Metadata › a=[b]"],
     {"order.id": "7", "a": "[b]"}),
    ("create_price", "metadata", ['Metadata={"2024": "a"}'], {"2024": "a"}),
]  # fmt: skip


@pytest.mark.parametrize(("action", "name", "words", "found"), INSIDE)
def test_what_is_inside_of_an_input_is_typed_as_it_is_shown(
    action: str, name: str, words: list[str], found: dict[str, Any], terminal: Terminal
) -> None:
    """By the keys that `describe` prints, or as Stripe names parameters; text stays as it is."""
    price = ("Currency=usd", "Unit Amount=1000", "Product Data › Name=Plan")
    answer = document(terminal("run", action, *price, *words))
    assert answer[name] == {**answer[name], **found}


ITEMS = [
    ["Items › 1 › Price={0}", "Items › 2 › Price={1}", "Items › 2 › Quantity=3"],
    ["items[1][price]={1}", "items[0][price]={0}", "items[1][quantity]=3"],
    ["Items[0][Price]={0}", "Items › 2 › Price={1}", "Items[1][quantity]=3"],
]


@pytest.mark.parametrize("words", ITEMS)
def test_items_are_typed_one_by_one(words: list[str], terminal: Terminal) -> None:
    """Counted from 1 as sentences do, or from 0 as Stripe does; together they are one list."""
    plan = ("Currency=usd", "Unit Amount=1000", "Recurring › Interval=month")
    prices = [
        document(terminal("run", "create_price", *plan, f"Product Data[name]={name}"))["id"]
        for name in "ab"
    ]
    customer = document(terminal("run", "create_customer", "Name=Jenny"))["id"]
    given = [word.format(*prices) for word in words]
    made = document(terminal("run", "create_subscription", f"Customer={customer}",
                             "Payment Behavior=default_incomplete", *given))  # fmt: skip
    items = [(item["price"]["id"], item["quantity"]) for item in made["items"]["data"]]
    assert sorted(items) == sorted([(prices[0], 1), (prices[1], 3)])


def test_what_is_inside_stands_in_one_place(terminal: Terminal, tmp_path: Path) -> None:
    """Of a file's object a part is not quietly replaced by another part that is typed."""
    file = tmp_path / "inputs.json"
    file.write_text(json.dumps({**PRICE, "Recurring": {"interval_count": 3}}), "utf-8")
    words = ("run", "create_price", "--inputs", str(file), "Recurring › Interval=month")
    assert "Recurring is in" in terminal(*words, code=2).stderr


def test_run_as_json(terminal: Terminal) -> None:
    """`run --json` is the whole result, with what is beside Stripe's object."""
    done = terminal("run", "create_product", "Name=a=b", "--json")
    result = document(done)
    assert result["output"]["name"] == "a=b"
    assert {key: result[key] for key in ("mode", "replayed", "livemode", "attempts")} == {
        "mode": "emulated",
        "replayed": False,
        "livemode": False,
        "attempts": 1,
    }
    assert EMULATOR in done.stderr


@pytest.mark.parametrize("write", [json.dumps, yaml.safe_dump])
@pytest.mark.parametrize("by", ["file", "stdin"])
def test_run_with_a_file(write: Any, by: str, terminal: Terminal, tmp_path: Path) -> None:
    """Inputs come from a YAML or JSON file, or stdin, and KEY=VALUE goes over them."""
    file = tmp_path / "inputs"
    file.write_text(write(PRICE), "utf-8")
    given = {"file": (str(file), ""), "stdin": ("-", write(PRICE))}[by]
    done = terminal("run", "create_price", "--inputs", given[0], "Currency=eur", stdin=given[1])
    assert (document(done)["currency"], document(done)["unit_amount"]) == ("eur", 1000)


def test_run_with_run_id_replays(terminal: Terminal) -> None:
    """The same run id gives the same object again, and says so."""
    first = terminal("run", "create_product", "Name=Plan", "--run-id", "r1")
    again = terminal("run", "create_product", "Name=Plan", "--run-id", "r1")
    assert document(again) == document(first)
    assert "replayed: nothing was executed again" in again.stderr
    assert "replayed" not in first.stderr


CREATE = ("run", "create_product", "Name=Plan")
OPTIONS = [
    (CREATE, "--run-id"),
    (CREATE, "--account"),
    (CREATE, "--inputs"),
    (CREATE, "--expand"),
    (("flow", EXAMPLE), "--run-id"),
    (("flow", EXAMPLE), "--account"),
    (("doctor",), "--account"),
    (("emulator",), "--file"),
    (("fault", "cut"), "--path"),
    (("fault", "cut"), "--method"),
]


@pytest.mark.parametrize("given", ["", " "])
@pytest.mark.parametrize(("words", "option"), OPTIONS)
def test_an_empty_option_is_refused(
    words: tuple[str, ...], option: str, given: str, terminal: Terminal
) -> None:
    """What is empty, as a script's unset variable gives it, means nobody else: nothing is run."""
    done = terminal(*words, option, given, code=2)
    assert f"Invalid value for '{option}': it is empty" in done.stderr
    assert document(terminal("fault", "--json")) == []
    listed = document(terminal("run", "list_products", "--json"))
    assert listed["output"]["data"] == []


def test_the_emulator_has_accounts(terminal: Terminal) -> None:
    """--account acts on another account in the emulator as it does at Stripe."""
    done = terminal("run", "create_product", "Name=Plan", "--account", "acct_1")
    wanted = f"Product ID={document(done)['id']}"
    terminal("run", "retrieve_product", wanted, "--account", "acct_1")
    terminal("run", "retrieve_product", wanted, code=3)


def test_run_expands(terminal: Terminal) -> None:
    """`--expand` includes a linked object."""
    words = [f"{key}={value}" for key, value in PRICE.items() if isinstance(value, str | int)]
    done = terminal(
        "run", "create_price", *words, 'Product Data={"name": "Plan"}', "--expand", "product"
    )
    assert document(done)["product"]["name"] == "Plan"


def test_run_with_a_key(served: Terminal, world: Counted) -> None:
    """With a key and STRIPE_API_BASE the requests go there, and each is on its account."""
    done = served("run", "create_product", "Name=Plan", "--account", "acct_1", "--json")
    made = document(done)["output"]["id"]
    assert world.asked == ["POST /v1/products"]
    served("run", "retrieve_product", f"Product ID={made}", code=3)
    served("run", "retrieve_product", f"Product ID={made}", STRIPE_ACCOUNT="acct_1")


def test_markup_is_text(terminal: Terminal) -> None:
    """Square brackets in names are shown as they are."""
    name = "[bold]x[/bold] [/red] [link=https://example.com]"
    assert document(terminal("run", "create_product", f"Name={name}"))["name"] == name


def test_an_odd_prefix_is_a_warning(terminal: Terminal) -> None:
    """An ID that looks like another resource's is warned of and sent."""
    done = terminal("run", "retrieve_price", "Price ID=cus_123", code=3)
    assert done.stderr.count('! Price ID usually starts with price_; got "cus_123".') == 1


def test_an_odd_prefix_in_a_flow_is_a_warning(terminal: Terminal) -> None:
    """A flow's step is warned of as well, before Stripe's answer to it."""
    steps = [{"id": "price", "action": "retrieve_price", "inputs": {"Price ID": "cus_123"}}]
    flow = json.dumps({"steps": steps})
    done = terminal("flow", "-", stdin=flow, code=3)
    warning, refusal = '! Price ID usually starts with price_; got "cus_123".', "✗ "
    assert done.stderr.index(warning) < done.stderr.index(refusal)


# --- flow ---------------------------------------------------------------------------------------


def test_flow(terminal: Terminal) -> None:
    """`flow` shows each step as it is done; file, run id and the emulator are told on stderr."""
    done = terminal("flow", EXAMPLE, "--run-id", "r1")
    steps = ["product", "price", "customer", "session", "items", "expired"]
    assert re.findall(r"^✓ (\w+)", done.stdout, re.MULTILINE) == steps
    assert "6 steps, new run ID r1" in done.stderr
    assert EMULATOR in done.stderr


def test_a_flow_speaks_of_no_single_request(served: Terminal) -> None:
    """Below the steps nothing is told of the last one alone, but that an emulator was asked."""
    told = served("flow", EXAMPLE, "--run-id", "r1").stderr
    assert "req_" not in told
    assert told.splitlines()[-2] == EMULATOR
    told = served("flow", EXAMPLE, "--run-id", "r1").stderr
    assert "replayed" not in told


def test_a_flow_from_standard_input(terminal: Terminal) -> None:
    """What `-` reads is called by its name, in what is told and in what is wrong."""
    done = terminal("flow", "-", stdin=Path(EXAMPLE).read_text("utf-8"))
    assert "standard input: 6 steps, " in done.stderr
    assert "standard input:1: " in terminal("flow", "-", stdin="[", code=2).stderr
    wrong = terminal("run", "create_product", "--inputs", "-", stdin="[1]", code=2)
    assert "standard input must hold one object" in wrong.stderr


def test_a_list_of_nothing_is_told_without_a_colon(terminal: Terminal) -> None:
    """Of an empty list there is nothing to name."""
    steps = [{"id": "all", "action": "list_customers"}]
    told = terminal("flow", "-", stdin=json.dumps({"steps": steps})).stdout
    assert told.rstrip().endswith("0 found")


def test_flow_breaks_no_id(terminal: Terminal) -> None:
    """However narrow the terminal is, an ID or URL is never broken: it is there to be copied."""
    narrow = terminal("flow", EXAMPLE, "--run-id", "r1", COLUMNS="40").stdout
    done = terminal("flow", EXAMPLE, "--run-id", "r1", "--json").stdout
    outputs = [json.loads(line)["output"] for line in done.splitlines()]
    urls = [output["url"] for output in outputs if "pay" in str(output.get("url"))]
    ids = [output["id"] for output in outputs if "id" in output]
    assert len(urls) == 1
    assert {*urls, *ids} <= {*narrow.split()}


def test_flow_as_json(served: Terminal, world: Counted) -> None:
    """`flow --json` is a line of JSON per step, and a repetition under its run id sends nothing."""
    done = served("flow", EXAMPLE, "--json", "--run-id", "r1")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["step"] for row in rows][-2:] == ["items", "expired"]
    assert {row["replayed"] for row in rows} == {False}
    assert len(world.asked) == 6
    again = served("flow", EXAMPLE, "--json", "--run-id", "r1")
    repeated = [json.loads(line) for line in again.stdout.splitlines()]
    assert [row["output"]["id"] for row in repeated if "id" in row["output"]] == [
        row["output"]["id"] for row in rows if "id" in row["output"]
    ]
    assert {row["replayed"] for row in repeated} == {True}
    assert len(world.asked) == 6


def test_markup_in_a_flow_is_text(terminal: Terminal, tmp_path: Path) -> None:
    """Square brackets in the file's name, the run id and what is sold are shown as they are."""
    file = tmp_path / "sell[bold].yaml"
    text = Path(EXAMPLE).read_text("utf-8").replace("Premium Plan", '"[/x] Plan"')
    file.write_text(text, "utf-8")
    done = terminal("flow", str(file), "--run-id", "[/z]")
    assert "[/x] Plan" in done.stdout
    assert f"{file}: 6 steps, new run ID [/z]" in done.stderr


MISTAKEN = """\
steps:
  - id: plan
    action: create_product
    inputs: {Name: Plan}
  - id: price
    action: create_price
    inputs:
      Product: ${{ steps.plam.id }}
      Unit Amount: ten
"""


@pytest.mark.parametrize("json_", [(), ("--json",)])
def test_flow_with_mistakes(
    json_: tuple[str, ...], served: Terminal, world: Counted, tmp_path: Path
) -> None:
    """All mistakes of a file are told with file and line, exit code 2, and nothing is sent."""
    file = tmp_path / "sell.yaml"
    file.write_text(MISTAKEN, "utf-8")
    done = served("flow", str(file), *json_, code=2)
    for line in (5, 8, 9):
        assert f"{file}:{line}: " in done.stderr
    if json_:
        assert "did you mean plan?" in document(done)["error"]["text"]
    else:
        assert done.stdout == ""
    assert world.asked == []


def test_flow_that_stops_says_where(served: Terminal, world: Counted, tmp_path: Path) -> None:
    """When Stripe refuses a step, its id is told, what is done stays on stdout, exit code 3."""
    file = tmp_path / "sell.yaml"
    file.write_text(
        "steps:\n"
        "  - {id: plan, action: create_product, inputs: {Name: Plan}}\n"
        "  - {id: lost, action: retrieve_product, inputs: {Product ID: prod_nope}}\n",
        "utf-8",
    )
    done = served("flow", str(file), "--json", "--run-id", "r1", code=3)
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert rows[0]["step"] == "plan"
    assert rows[1]["error"]["code"] == "resource_missing"
    assert "lost" in done.stderr


class Confirming(Counted):
    """An emulator that confirms every payment at once, as a host of checkouts does."""

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer to a payment that is confirmed, too."""
        if (method, target) == ("POST", "/v1/payment_intents"):
            body += b"&confirm=true&return_url=https%3A%2F%2Fexample.com"
        return super().answer(method, target, headers, body)


PAYING = """\
steps:
  - {id: buyer, action: create_customer, inputs: {Name: Jenny Rosen}}
  - id: pay
    action: create_payment_intent
    inputs: {Amount: 2000, Currency: usd, Payment Method: pm_card_CARD}
"""


def test_a_refused_card_and_another_one(tmp_path: Path) -> None:
    """After a refused card the flow goes on under its run ID with another: one payment is made."""
    file = tmp_path / "pay.yaml"
    with Confirming() as world, serve(world) as server:
        terminal = Terminal(tmp_path / "home", STRIPE_API_KEY=KEY, STRIPE_API_BASE=server.url)
        for card in ("chargeDeclined", "chargeDeclinedExpiredCard"):
            file.write_text(PAYING.replace("CARD", card))
            done = terminal("flow", str(file), "--run-id", "r1", code=3)
            assert "[card, " in done.stderr
            assert "--run-id r1\n" in done.stderr
        file.write_text(PAYING.replace("CARD", "visa"))
        done = terminal("flow", str(file), "--run-id", "r1")
        assert re.findall(r"^(. \w+)", done.stdout, re.MULTILINE) == ["↺ buyer", "✓ pay"]
        assert "succeeded" in done.stdout
        file.write_text(PAYING.replace("CARD", "mastercard"))
        done = terminal("flow", str(file), "--run-id", "r1", code=2)
        assert "was done in this run with other inputs" in done.stderr
    assert len(world.asked) == 4


LATER = {
    "finds nothing": "{id: lost, action: create_product, inputs: {Name: '${{ steps.plan.nmae }}'}}",
    "must be a whole number": (
        "{id: lost, action: list_products, inputs: {Limit: '${{ steps.plan.name }}'}}"
    ),
}


@pytest.mark.parametrize("why", LATER)
def test_a_flow_that_a_later_step_stops(why: str, served: Terminal, tmp_path: Path) -> None:
    """When a reference finds nothing, or what is wrong: where, why, and how to go on are told."""
    file = tmp_path / "sell.yaml"
    file.write_text(
        "steps:\n"
        "  - {id: plan, action: create_product, inputs: {Name: Plan}}\n"
        f"  - {LATER[why]}\n",
        "utf-8",
    )
    done = served("flow", str(file), "--run-id", "r1", code=2)
    assert "✓ plan" in done.stdout
    assert f"✗ {file}, line 3, step lost: " in done.stderr
    assert why in done.stderr
    assert "\nUnder the same run ID finished steps are not sent again;" in done.stderr
    assert done.stderr.count("Go on: ") == 1
    assert "Nothing was sent" not in done.stderr


# --- exit codes ---------------------------------------------------------------------------------


def test_refused_inputs_are_exit_code_2(terminal: Terminal) -> None:
    """Wrong inputs are one report by display key, with exit code 2, and nothing is sent."""
    words = ("run", "create_product", "Nam=Plan", "Active=maybe")
    done = terminal(*words, code=2)
    assert done.stdout == ""
    assert "✗ Nam is not an input of Create Product (did you mean Name?)." in done.stderr
    assert '✗ Active must be true or false; got "maybe".' in done.stderr
    assert "✗ Name is required." in done.stderr
    assert done.stderr.rstrip().endswith("Nothing was sent.")
    assert {*document(terminal(*words, "--json", code=2))["error"]["problems"]} == {
        *("Nam", "Active", "Name")
    }


def test_stripes_refusal_is_exit_code_3(terminal: Terminal) -> None:
    """What Stripe refuses names the row, the code and the request, says emulator; exit code 3."""
    done = terminal("run", "retrieve_price", "Price ID=price_nope", code=3)
    assert "✗ Price ID: No such price: 'price_nope'" in done.stderr
    assert "[invalid_request, resource_missing, req_" in done.stderr
    assert EMULATOR in done.stderr
    refused = document(terminal("run", "retrieve_price", "Price ID=price_nope", "--json", code=3))
    assert refused["error"]["display_key"] == "Price ID"
    assert refused["error"]["status"] == 404


def test_no_answer_is_exit_code_4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody listens, it says that Stripe could not be reached; exit code 4."""
    monkeypatch.setattr(Policy, "delay", lambda *_: 0.0)
    with serve(Emulator()) as server:
        url = server.url
    terminal = Terminal(tmp_path, STRIPE_API_KEY=KEY, STRIPE_API_BASE=url)
    done = terminal("run", "create_product", "Name=Plan", "--json", code=4)
    assert "✗ Stripe could not be reached" in done.stderr
    error = document(done)["error"]
    assert (error["category"], error["outcome_unknown"]) == ("connection", False)


def test_an_unknown_outcome_is_exit_code_4(served: Terminal, world: Counted) -> None:
    """A failure at Stripe may come after the execution: that is said, with exit code 4."""
    world.faults.add(Fault(kind="server_error", should_retry=False))
    done = served("run", "create_product", "Name=Plan", "--json", code=4)
    assert "It may have been executed all the same." in done.stderr
    assert document(done)["error"]["outcome_unknown"] is True
    assert len(world.asked) == 1


class Held(Counted):
    """An emulator that keeps whoever asks waiting until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer, late."""
        answer = super().answer(method, target, headers, body)
        self.go.wait()
        return answer


def stopped(words: tuple[str, ...], home: Path) -> subprocess.CompletedProcess[str]:
    """What a command says that Ctrl-C ends while Stripe is asked."""
    with Held() as world, serve(world) as server:
        env = environment(home, STRIPE_API_KEY=KEY, STRIPE_API_BASE=server.url)
        pipe = subprocess.PIPE
        command = [str(SCRIPT), *words]
        with subprocess.Popen(command, env=env, stdout=pipe, stderr=pipe, text=True) as process:
            while not world.asked and process.poll() is None:
                time.sleep(0.01)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=20)
        world.go.set()
    return subprocess.CompletedProcess(command, process.returncode, out, err)


STOPPED = [
    (("run", "create_product", "Name=Plan"), True),
    (("run", "list_products"), False),
    (("flow", EXAMPLE), True),
]


@pytest.mark.parametrize(("words", "unknown"), STOPPED)
def test_an_interrupted_run_may_have_been_executed(
    words: tuple[str, ...], tmp_path: Path, *, unknown: bool
) -> None:
    """Ctrl-C while Stripe is asked: a script learns that, and under which run ID to go on."""
    done = stopped((*words, "--json", "--run-id", "r1"), tmp_path)
    assert done.returncode == 130
    told = document(done)
    assert told["run_id"] == "r1"
    found = {word: told["error"][word] for word in ("category", "http_status", "outcome_unknown")}
    assert found == {"category": "interrupted", "http_status": 503, "outcome_unknown": unknown}
    assert ("may have been executed" in told["error"]["text"]) == unknown
    assert ("--run-id r1" in done.stderr) == unknown


def test_an_interruption_is_data() -> None:
    """The error of an interruption comes back from its data as it was."""
    error = Interrupted(outcome_unknown=True)
    again = NodeError.from_dict(error.as_dict())
    assert (type(again), again.as_dict()) == (Interrupted, error.as_dict())


JSON_OF_RUNS: list[tuple[tuple[str, ...], int]] = [
    (("run", "create_product", "Name=Plan"), 0),
    (("run", "create_product", "Nam=Plan"), 2),
    (("run", "create_prise"), 2),
    (("run", "retrieve_price", "Price ID=price_nope"), 3),
    (("flow", EXAMPLE), 0),
    (("flow", "missing.yaml"), 2),
]


@pytest.mark.parametrize(("words", "code"), JSON_OF_RUNS)
def test_json_tells_the_run_id(words: tuple[str, ...], code: int, terminal: Terminal) -> None:
    """Every JSON of `run` and `flow`, of success or error, has the run ID: given, or made up."""
    for given in (("--run-id", "r1"), ()):
        done = terminal(*words, "--json", *given, code=code)
        names = {json.loads(line)["run_id"] for line in done.stdout.splitlines()}
        [name] = names
        assert re.fullmatch(r"r1" if given else r"run_\w+", name)


UNSURE = [Fault("cut_after", times=None), Fault("server_error", should_retry=False, times=None)]


@pytest.mark.parametrize("fault", UNSURE)
def test_advice_is_no_error(
    fault: Fault, served: Terminal, world: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After an unknown outcome it says how to repeat it, and what happens else, without a mark."""
    monkeypatch.setattr(Policy, "delay", lambda *_: 0.0)
    world.faults.add(fault)
    told = served("run", "create_product", "Name=Plan", "--run-id", "r1", code=4).stderr
    assert "\nRepeat it with --run-id r1: it is executed at most once." in told
    assert "Another run ID, or none, does it once more." in told


def test_what_was_not_executed_may_be_run_anew(
    served: Terminal, world: Counted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where surely nothing was, as when it only reads, no run ID is advised."""
    monkeypatch.setattr(Policy, "delay", lambda *_: 0.0)
    world.faults.add(Fault("rate_limit", method="POST", times=None))
    world.faults.add(Fault("cut_after", method="GET", times=None))
    told = served("run", "create_product", "Name=Plan", code=3).stderr
    assert "--run-id" not in told
    told = served("run", "list_products", code=4).stderr
    assert "--run-id" not in told


def test_attempts_are_told(served: Terminal, world: Counted) -> None:
    """A run that needed more than one attempt says so and succeeds."""
    world.faults.add(Fault(kind="unavailable"))
    done = served("run", "create_product", "Name=Plan")
    assert "2 attempts" in done.stderr
    assert world.executed("POST /v1/products") == 1


def test_help_tells_the_exit_codes(terminal: Terminal) -> None:
    """The help has every exit code, and each command its own help."""
    shown = terminal("--help").stdout
    for words in (
        "0 done",
        "something unexpected",
        "2 wrong usage",
        "3 Stripe, or a guard, refused",
        "4 no answer",
    ):
        assert words in shown
    for command in ("list", "describe", "run", "flow", "emulator", "doctor"):
        assert command in shown
    assert "KEY=VALUE" in terminal("run", "-h").stdout
    assert terminal("--version").stdout.strip()


# --- what goes wrong ----------------------------------------------------------------------------


@pytest.fixture
def odd(tmp_path: Path) -> dict[str, str]:
    """Paths that are no flow and no inputs."""
    (tmp_path / "latin").write_bytes(b"Name: Caf\xe9\n")
    (tmp_path / "list").write_text("[1, 2]")
    (tmp_path / "bad").write_text("a: [")
    (tmp_path / "twice").write_text("Name: a\nName: b\n")
    (tmp_path / "folder").mkdir()
    names = ("latin", "list", "bad", "twice", "folder", "missing")
    return {name: str(tmp_path / name) for name in names}


WRONG: list[tuple[list[str], str]] = [
    (["run", "create_prise"], "did you mean create_price?"),
    (["run", "[/red]"], 'There is no action "[/red]"'),
    (["run", "create_price", "Currency=[/bold]"], "[/bold]"),
    (["run", "create_product", "Name"], '"Name" is no KEY=VALUE'),
    (["run", "create_product", "Name=a", "Name=b"], "Name"),
    (["run", "create_product", "Name=a", "name=b"], "given twice"),
    (["run", "create_price", "Recurring.Interval=month"], "write 'Recurring › Interval=month' or"),
    (["run", "create_price", "recurring -> interval=month"], "write 'recurring › interval=month'"),
    (["run", "create_price", "Recurring[interval=month"], "KEY › SUB=VALUE, KEY[sub]=VALUE, or"),
    (["run", "create_price", "Recurring › =month"], "KEY › SUB=VALUE, KEY[sub]=VALUE, or"),
    (["run", "create_price", "Recurring={}", "Recurring › Interval=day"], "is given twice"),
    (["run", "create_price", "Recuring › Interval=day"], "did you mean Recurring?"),
    (["run", "create_price", "Metadata[2024]=a"], "Metadata has items with a gap"),
    (["run", "create_subscription", "Items › 2 › Price=a"], "Items has items with a gap"),
    (["run", "create_subscription", "Items › 0 › Price=a"], "Items has items with a gap"),
    (["run", "create_product", "--inputs", "latin"], "UTF-8"),
    (["run", "create_product", "--inputs", "list"], "must hold one object"),
    (["run", "create_product", "--inputs", "bad"], "bad:"),
    (["run", "create_product", "--inputs", "twice"], "twice:2: "),
    (["run", "create_product", "--inputs", "folder"], "folder"),
    (["run", "create_product", "--inputs", "missing"], "missing"),
    (["run", "create_product", "Name=a", "--account", "me"], "acct_…"),
    (["flow", "latin"], "UTF-8"),
    (["flow", "list"], "A flow is `steps:`"),
    (["flow", "bad"], "bad:"),
    (["flow", "folder"], "folder"),
    (["flow", "missing"], "missing"),
    (["describe", "create_prise"], "did you mean create_price?"),
]


@pytest.mark.parametrize(("words", "said"), WRONG)
def test_wrong_usage(words: list[str], said: str, terminal: Terminal, odd: dict[str, str]) -> None:
    """Wrong usage is one readable report on stderr, one JSON document with --json; exit code 2."""
    given = [odd.get(word, word) for word in words]
    done = terminal(*given, "--json", code=2)
    assert said in done.stderr
    assert said.partition("'")[0] in document(done)["error"]["text"]


@pytest.mark.parametrize("words", [["nope"], ["run"], ["list", "--nope"], ["emulator", "--port=x"]])
def test_wrong_commands(words: list[str], terminal: Terminal) -> None:
    """An unknown command or option, or a missing one, is a usage report with exit code 2."""
    done = terminal(*words, code=2)
    assert done.stdout == ""
    assert "Usage: stripe-nodes" in done.stderr


@pytest.mark.parametrize("command", ["serve", "emulator", "studio"])
def test_help_tells_the_usual_port(command: str, terminal: Terminal) -> None:
    """Whoever says nothing of it is given a free one."""
    told = " ".join(terminal(command, "--help").stdout.split())
    assert "a free one, if it is 0 or not said." in told


def test_no_command_is_the_help(terminal: Terminal) -> None:
    """Without a command the help is shown, once and as no error, on stderr; exit code 2."""
    for words in ((), ("--emulator",)):
        done = terminal(*words, code=2)
        assert done.stderr == terminal("--help").stdout
        assert done.stdout == ""


@pytest.mark.parametrize("option", ["--emulator", "--require", "--version"])
def test_an_option_that_stands_before_the_command(option: str, terminal: Terminal) -> None:
    """Behind a command, an option of all commands is no option, and its place is told."""
    told = terminal("run", "list_products", option, code=2).stderr
    assert f"It stands before the command: stripe-nodes {option} …" in told
    assert "before the command" not in terminal("run", "--nope", code=2).stderr
    behind = terminal("--json", "list", code=2).stderr
    assert "It stands behind the command: stripe-nodes COMMAND --json" in behind


def test_a_port_that_cannot_be_had(terminal: Terminal) -> None:
    """A port that is taken, or none, is told without the program's inside."""
    with serve(Emulator()) as server:
        port = server.url.rpartition(":")[2]
        told = terminal("emulator", "--port", port, code=2).stderr
    assert f"Port {port} cannot be had: Address already in use\n" in told
    told = terminal("emulator", "--port", "99999", code=2).stderr
    assert "Invalid value for '--port': 99999 is not in the range 0<=x<=65535" in told


WRITING = [
    ["run", "create_product", "Name=a"],
    ["flow", EXAMPLE],
    ["doctor"],
    ["emulator"],
    ["fault", "cut"],
    ["runs"],
    ["runs", "prune", "--older-than", "1d"],
]


@pytest.mark.parametrize("words", WRITING)
def test_a_state_folder_that_cannot_be_made(words: list[str], tmp_path: Path) -> None:
    """A STRIPE_NODES_HOME that cannot be a folder is told by its name, with exit code 2."""
    file = tmp_path / "file"
    file.write_text("")
    for home in (file, file / "below"):
        told = Terminal(home)(*words, code=2).stderr
        assert f"The state folder {home} cannot be made" in told
        assert "STRIPE_NODES_HOME" in told


@pytest.mark.parametrize("words", [WRITING[0], WRITING[-1]])
def test_a_machine_without_a_home(words: list[str], tmp_path: Path) -> None:
    """In a container whose home is no folder, the variable that moves the state is told."""
    file = tmp_path / "file"
    file.write_text("")
    done = subprocess.run(
        [str(SCRIPT), "--emulator", *words],
        env={"HOME": str(file)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 2
    assert f"The state folder {file}/.local/state/stripe-nodes cannot be made" in done.stderr
    assert "Have STRIPE_NODES_HOME name a folder" in done.stderr


NOBODY = 65534
COMMAND = """
import os, sys
from stripe_terminal.cli import main
import stripe_emulator.server, stripe_flow.flow, stripe_flow.run, stripe_flow.runs  # of this user
from stripe_plugin import Host
Host.load().catalog()  # which imports more
if os.getuid() == 0:
    os.setuid(int(sys.argv.pop(1)))
main(sys.argv[1:], prog_name="stripe-nodes")
"""


@pytest.mark.parametrize("words", [WRITING[0], WRITING[-1]])
def test_a_state_folder_that_is_somebody_elses(words: list[str]) -> None:
    """A state folder that cannot be written is told with the variable that moves it."""
    ours = [str(NOBODY)] if os.getuid() == 0 else []
    with tempfile.TemporaryDirectory() as home:
        Path(home).chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", COMMAND, *ours, "--emulator", *words],
            env=environment(home, PYTHONDONTWRITEBYTECODE="1"),
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )
    assert f"The state folder {home} cannot be written. Have STRIPE_NODES_HOME" in done.stderr
    assert done.returncode == 2


def test_it_is_a_module_as_well(terminal: Terminal) -> None:
    """`python -m stripe_terminal` is the same, where no script is on the path."""
    done = subprocess.run(
        [sys.executable, "-m", "stripe_terminal", "run", "create_product", "Name=Plan"],
        env=environment(terminal.home),
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert document(done)["name"] == "Plan"
    wrong = subprocess.run(
        [sys.executable, "-m", "stripe_terminal", "nope"],
        env=environment(terminal.home),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert "Usage: stripe-nodes" in wrong.stderr


# --- the log --------------------------------------------------------------------------------------


def records(told: str) -> list[dict[str, Any]]:
    """The lines of JSON among what is told."""
    return [json.loads(line) for line in told.splitlines() if line.startswith("{")]


def test_the_log_is_printed(served: Terminal, world: Counted) -> None:
    """With -v each attempt is a line on stderr, which names run, step and request."""
    world.faults.add(Fault("unavailable", path="/v1/products"))
    done = served("-v", "run", "create_product", "Name=Plan", "--run-id", "r1", "--json")
    lines = [line for line in done.stderr.splitlines() if "create_product (" in line]
    assert len(lines) == 2
    for line in lines:
        assert 'create_product (run "r1", step "create_product"): answered' in line
    assert "WARNING" in lines[0]
    assert lines[1].endswith(document(done)["request_id"])
    assert document(served("run", "list_products", "--json"))["output"]["data"]


def test_the_log_is_data(served: Terminal) -> None:
    """With --log json each record is a line of JSON with its facts."""
    done = served("--log", "json", "flow", EXAMPLE, "--run-id", "r1", "--json")
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    told = records(done.stderr)
    assert [record["step"] for record in told] == [row["step"] for row in rows]
    assert [record["request_id"] for record in told] == [row["request_id"] for row in rows]
    assert {record["run_id"] for record in told} == {"r1"}
    assert {record["level"] for record in told} == {"INFO"}
    assert BODY not in done.stderr


def test_without_being_asked_there_is_no_log(served: Terminal) -> None:
    """The log is printed for the command that asks for it, and for no other after it."""
    served("-v", "run", "list_products")
    assert "answered" not in served("run", "list_products").stderr


@pytest.mark.parametrize("variable", ["STRIPE_NODES_HOME", "STRIPE_NODES_EMULATOR"])
@pytest.mark.parametrize("given", ["", " "])
@pytest.mark.parametrize("words", [("run", "list_products"), ("flow", EXAMPLE), ("fault",)])
def test_an_empty_place_is_refused(
    words: tuple[str, ...], given: str, variable: str, terminal: Terminal
) -> None:
    """A variable that is set but empty never means the usual folder, whose journal is another."""
    told = terminal(*words, code=2, **{variable: given}).stderr
    assert f"{variable} is set but empty" in told


@pytest.mark.parametrize("name", ["emulator.db", "runs.db"])
def test_a_state_file_that_is_none(name: str, terminal: Terminal) -> None:
    """A state file that is no database is told with its place, with exit code 2."""
    terminal.home.mkdir()
    (terminal.home / name).write_text("no database " * 100)
    assert str(terminal.home) in terminal("flow", EXAMPLE, code=2).stderr


@pytest.mark.parametrize("buffered", ["", "1"])
@pytest.mark.parametrize("json_", [(), ("--json",)])
@pytest.mark.parametrize(
    "words",
    [
        ["list"],
        ["describe", "create_price"],
        ["run", "create_product", "Name=a"],
        ["flow", EXAMPLE],
    ],
)
def test_a_reader_that_went_away(
    words: list[str], json_: tuple[str, ...], buffered: str, tmp_path: Path
) -> None:
    """A pipe that nobody reads ends the command quietly, whether Python buffers or not."""
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [SCRIPT, *words, *json_],
        env={**environment(tmp_path), "PYTHONUNBUFFERED": buffered},
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=30,
        check=False,
    )
    os.close(writer)
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert "Nothing was sent" not in done.stderr
    assert done.returncode in (0, 1)


# --- keys ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", [["run", "create_product", "Name=a"], ["flow", EXAMPLE], ["doctor"]]
)
def test_a_live_key_needs_to_be_allowed(words: list[str], terminal: Terminal) -> None:
    """A live key is refused before anything is sent unless --allow-live says so; exit code 2."""
    done = terminal(*words, "--json", code=2, STRIPE_API_KEY=LIVE_KEY)
    assert "sk_live_…" in done.stderr
    assert "--allow-live" in done.stderr
    assert "sk_……" not in done.stderr
    assert "--allow-live" in document(done)["error"]["text"]


def test_a_live_key_that_is_allowed(served: Terminal, world: Counted) -> None:
    """With --allow-live a live key is used, and still not shown."""
    words = ("run", "create_product", "Name=a", "--allow-live")
    served(*words, STRIPE_API_KEY=LIVE_KEY, code=3)
    assert world.asked == ["POST /v1/products"]


# --- emulator ------------------------------------------------------------------------------------


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """`stripe-nodes emulator` while it runs, and its URL."""
    process = subprocess.Popen(
        [SCRIPT, "emulator", "--port", "0"],
        env=environment(tmp_path / "home"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        told = next((line for line in process.stdout if line.startswith("STRIPE_API_BASE=")), "")
        assert told, process.communicate(timeout=10)
        yield process, told.split()[0].partition("=")[2]
    finally:
        process.kill()
        process.communicate()


def test_emulator_serves_every_client(
    emulator: tuple[subprocess.Popen[str], str], terminal: Terminal
) -> None:
    """`emulator` serves any client, shares its state with the terminal, and ends by Ctrl-C."""
    process, url = emulator
    made = httpx.post(
        f"{url}/v1/products", data={"name": "Plan"}, auth=("sk_test_emulator", ""), trust_env=False
    ).json()
    assert made["name"] == "Plan"
    by_url = Terminal(terminal.home, STRIPE_API_KEY="sk_test_emulator", STRIPE_API_BASE=url)
    found = by_url("run", "retrieve_product", f"Product ID={made['id']}")
    assert document(found) == made
    assert EMULATOR in found.stderr
    assert document(terminal("run", "retrieve_product", f"Product ID={made['id']}")) == made
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=10)
    assert "Traceback" not in out + err
    assert process.returncode == 0


def test_time_passes_in_the_emulators_file(terminal: Terminal) -> None:
    """`emulator advance` tells what happens until then and when; the next command is there."""
    price = {"currency": "usd", "unit_amount": 500, "product_data": {"name": "a"}}
    lines = json.dumps([{"price_data": price, "quantity": 1}])
    words = ("Mode=payment", "Success URL=https://a.example", "Cancel URL=https://a.example")
    session = document(terminal("run", "create_checkout_session", *words, f"Line Items={lines}"))
    assert terminal("emulator", "advance", "23h").stdout == ""
    told = terminal("emulator", "advance", "1h").stdout
    moment = datetime.fromtimestamp(session["expires_at"], UTC)
    assert told == f"{moment:%Y-%m-%d %H:%M}  checkout.session.expired  {session['id']}\n"
    again = document(terminal("run", "retrieve_checkout_session", f"ID={session['id']}"))
    assert again["status"] == "expired"
    passed = document(terminal("emulator", "advance", "40d", "--json"))
    now = passed.pop("now")
    assert passed == {"seconds": 40 * 86_400, "events": []}
    assert now >= session["created"] + 41 * 86_400
    told = terminal("emulator", "advance", "1d").stderr
    assert f"it is {datetime.fromtimestamp(now + 86_400, UTC):%Y-%m-%d}" in told
    made = document(terminal("run", "create_product", "Name=a"))
    assert made["created"] >= session["created"] + 41 * 86_400


def test_many_events_are_counted(terminal: Terminal) -> None:
    """Of hundreds of events it is told how often each happened; every one is in the document."""
    terminal.home.mkdir()
    with Emulator(terminal.home / "emulator.db") as world:
        headers = {"Authorization": "Bearer sk_test_x"}
        for _ in range(70):
            body = b"frozen_time=1800000000"
            assert world.answer("POST", "/v1/test_helpers/test_clocks", headers, body).status == 200
    told = terminal("emulator", "advance", "31d").stdout
    assert told.split() == ["70", "×", "test_helpers.test_clock.deleted"]


WRONG_TIMES = [
    (("advance",), "Missing argument 'TIME'"),
    (("advance", "soon"), "a span of time is as in 90d or 12h"),
    (("advance", "0d"), "Give a time of up to ten years"),
    (("advance", "99999d"), "Give a time of up to ten years"),
    (("--port", "1234", "advance", "1d"), "`advance` goes without it"),
]


@pytest.mark.parametrize(("words", "said"), WRONG_TIMES)
def test_time_that_cannot_pass_is_refused(
    words: tuple[str, ...], said: str, terminal: Terminal
) -> None:
    """No time, too much of it, or a port for it: wrong usage, and no time has passed."""
    assert said in terminal("emulator", *words, code=2).stderr


def test_faults_are_ordered_listed_and_cleared(terminal: Terminal) -> None:
    """A fault ordered from the terminal strikes the next run of another process, which survives."""
    terminal("fault", "cut_after", "--path", "/v1/products", "--method", "POST")
    done = terminal("run", "create_product", "Name=Plan", "--json")
    assert document(done)["attempts"] == 2
    [order] = document(terminal("fault", "--json"))
    assert (order["kind"], order["hits"], order["left"]) == ("cut_after", 1, 0)
    assert document(terminal("fault", "--clear", "--json")) == []
    listed = document(terminal("run", "list_products", "--json"))
    assert len(listed["output"]["data"]) == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nonsense",), "nonsense"),
        (("conflct",), 'There is no fault "conflct" (did you mean conflict?); there are'),
        (("cut", "--path", "/v1/["), "no fault"),
        (("cut", "--path", "v1/products"), "a path begins with /"),
        (("cut", "--method", "FETCH"), 'Stripe has no "FETCH": give one of GET, POST, DELETE'),
        (("cut", "--clear"), "--clear cancels all faults"),
        (("--times", "3"), "--times belongs to a fault"),
        (("--retry-after", "3", "--json"), "--retry-after belongs to a fault"),
        (("--clear", "--path", "/v1/products"), "--path belongs to a fault"),
        (("cut", "--times", "-1"), "times"),
    ],
)
def test_a_wrong_fault_is_refused(words: tuple[str, ...], said: str, terminal: Terminal) -> None:
    """What is no fault is told so; nothing is ordered, and what is on order stays."""
    terminal("fault", "unavailable")
    assert said in terminal("fault", *words, code=2).stderr
    [order] = document(terminal("fault", "--json"))
    assert order["kind"] == "unavailable"


def test_a_fault_strikes_the_paths_of_its_glob(terminal: Terminal) -> None:
    """--path is a glob over the whole path, as its help says; --method may be in small letters."""
    assert "a glob over the whole path" in " ".join(terminal("fault", "--help").stdout.split())
    terminal("fault", "cut", "--path", "/v1/prod", "--times", "0", "--method", "get")
    assert document(terminal("run", "list_products", "--json"))["attempts"] == 1
    terminal("fault", "cut", "--path", "/v1/prod*", "--method", "get")
    assert document(terminal("run", "list_products", "--json"))["attempts"] == 2
