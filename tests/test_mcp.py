"""The tools: what the official client sees, runs and is told, over stdio and over HTTP."""

import asyncio
import json
import os
import re
import signal
import subprocess
import traceback
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from door_support import BEARER, TOKEN, Refusing, offered, serving
from jsonschema import Draft202012Validator
from mcp import ClientSession
from mcp_support import Client, by_http, by_stdio, connected
from network_support import eventually
from support import REPOSITORY
from terminal_support import LIVE_KEY, SCRIPT, Terminal, environment, install

from stripe_emulator import Answer, Emulator
from stripe_emulator.faults import Fault
from stripe_hosts.accounts import Accounts
from stripe_hosts.mcp_door.bounded import MOST
from stripe_hosts.mcp_door.call import ADDED_BY_HOSTS
from stripe_hosts.mcp_door.door import Door
from stripe_hosts.mcp_door.tool import Own, brief, identified
from stripe_hosts.offer import Offer
from stripe_plugin import Action, Connection, Host, Policy, action, hookimpl, required
from stripe_plugin.declare.answer import One
from stripe_plugin.declare.resource import Resource

COMMAND = (str(SCRIPT), "--emulator", "mcp")
MODE, RUN, ERROR = "stripe-nodes/mode", "stripe-nodes/run", "stripe-nodes/error"
CATALOG = {entry["id"]: entry for entry in Host.load().catalog()}
DECLINED = {
    "confirm": True,
    "payment_method": "pm_card_chargeDeclined",
    "return_url": "https://shop.example",
}


class World:
    """A client, the emulator that answers it, and a host that is no tool."""

    host = Host.load()

    def __init__(self, client: Client, emulator: Emulator) -> None:
        self.client, self.emulator = client, emulator
        self.call = client.call

    @contextmanager
    def failing(self, kind: Any, path: str, **more: Any) -> Iterator[None]:
        """Lets requests to a path fail while this lasts."""
        self.emulator.faults.add(Fault(kind, path=path, **more))
        yield
        self.emulator.faults.clear()

    def named(self, name: str) -> int:
        """How many products have this name."""
        found = self.call("list_products", {"limit": 100})["structuredContent"]["data"]
        return [each["name"] for each in found].count(name)


def env_of(home: Path, **more: str) -> dict[str, str]:
    """The environment of a command, whose library may warn."""
    return {**environment(home), "PYTHONWARNINGS": "default", **more}


@contextmanager
def over_stdio(home: Path) -> Iterator[World]:
    """The command, whose emulator is a file."""
    with (
        (home / "errors.txt").open("w") as errors,
        connected(by_stdio(COMMAND, errors, env_of(home))) as client,
        Emulator(home / "emulator.db") as emulator,
    ):
        yield World(client, emulator)


@contextmanager
def over_http(_: Path) -> Iterator[World]:
    """A server with a token."""
    emulator = Emulator()
    offer = offered(default=Connection("sk_test_emulator", in_process=emulator))
    with serving(offer) as served, connected(by_http(f"{served.url}/mcp", TOKEN)) as client:
        yield World(client, emulator)


@pytest.fixture(scope="module", params=[over_stdio, over_http], ids=["stdio", "http"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A client over either way."""
    with request.param(tmp_path_factory.mktemp("mcp")) as found:
        yield found


def texts(answer: Mapping[str, Any]) -> str:
    """All that a person reads."""
    return " ".join(content["text"] for content in answer["content"])


def told(offer: Offer, tool: str, **arguments: Any) -> dict[str, Any]:
    """What a door answers to a call."""
    params = {"name": tool, "arguments": arguments}
    return asyncio.run(Door(offer).call_tool(params))


def tools_of(offer: Offer) -> dict[str, Any]:
    """The tools of a door."""
    found = asyncio.run(Door(offer).list_tools({}))["tools"]
    return {tool["name"]: tool for tool in found}


TOOLS = tools_of(offered(default=Connection.emulator()))


# --- what there is --------------------------------------------------------------------------------


def test_each_action_is_a_tool(world: World) -> None:
    """All of them, each with its name for people, its hints and two schemas."""
    tools = {tool["name"]: tool for tool in world.client.tools()}
    assert tools.keys() == CATALOG.keys()
    for name, tool in tools.items():
        hints = CATALOG[name]["hints"]
        assert tool["title"] == tool["annotations"]["title"] == CATALOG[name]["name"]
        assert tool["description"]
        assert tool["annotations"]["readOnlyHint"] == hints["read_only"]
        assert tool["annotations"]["destructiveHint"] == hints["destructive"]
        assert tool["annotations"]["idempotentHint"] == hints["idempotent"]
        assert tool["annotations"]["openWorldHint"] is False  # it is the emulator's
        assert tool["_meta"]["stripe-nodes/action"]["resource"] == CATALOG[name]["resource"]


def test_schemas_are_those_of_the_manifest(world: World) -> None:
    """The output's with its fields; the input's with each display key, and the call's own."""
    host = Host.load()
    for tool in world.client.tools():
        manifest = host.manifest(tool["name"])
        assert tool["outputSchema"] == identified(brief(manifest))
        named = tool["outputSchema"]["properties"].keys()
        assert {*manifest["output_schema"].get("required", ())} <= named
        assert {
            path["path"].partition(".")[0].partition("[")[0] for path in manifest["outputs"]
        } <= named
        properties = dict(tool["inputSchema"]["properties"])
        own = Own.of(manifest, [])
        assert all(properties.pop(name)["description"] for name in own.names)
        assert {name: it["title"] for name, it in properties.items()} == {
            row["name"]: row["key"] for row in manifest["inputs"]
        }
        assert ("required" in tool["inputSchema"]) == any(
            row["presence"] == "required" for row in manifest["inputs"]
        )
        assert tool["inputSchema"]["type"] == tool["outputSchema"]["type"] == "object"
        Draft202012Validator.check_schema(tool["inputSchema"])


def test_every_option_is_described() -> None:
    """Once for all of them, by its name."""
    options = TOOLS["create_price"]["inputSchema"]["properties"]["options"]
    assert all(f"{name}: " in options["description"] for name in options["properties"])


def test_all_tools_can_be_read_at_once() -> None:
    """A client that reads them each time reads few kilobytes of each."""
    text = json.dumps([*TOOLS.values()], separators=(",", ":"), ensure_ascii=False)
    assert len(text) / len(TOOLS) < 3_100


ODD: list[Any] = [None, "text", 5, True, [], [{}], {}]


@pytest.mark.parametrize("name", sorted(CATALOG))
def test_a_short_schema_refuses_no_more(name: str) -> None:
    """What the manifest's own example answers, and what is left of it, passes."""
    validator = Draft202012Validator(TOOLS[name]["outputSchema"])
    manifest = Host.load().manifest(name)
    validator.validate(manifest["output_example"])
    whole = Draft202012Validator(manifest["output_schema"])
    for field in manifest["output_schema"]["properties"]:
        for value in ODD:
            answer = {**manifest["output_example"], field: value}
            assert validator.is_valid(answer) or not whole.is_valid(answer)


def test_alike_outputs_have_one_address() -> None:
    """A client that prepares a schema by its address does so once for a resource."""
    addresses = {name: tool["outputSchema"]["$id"] for name, tool in TOOLS.items()}
    assert addresses["create_price"] == addresses["update_price"] != addresses["list_prices"]


def test_titles_reach_inside() -> None:
    """Also what is inside of a row, or of the items of one, says its display key."""
    session = TOOLS["create_checkout_session"]["inputSchema"]["properties"]
    assert session["line_items"]["items"]["properties"]["quantity"]["title"] == "Quantity"
    price = TOOLS["create_price"]["inputSchema"]["properties"]
    assert price["recurring"]["properties"]["interval"]["title"] == "Interval"


def test_each_action_has_a_page(world: World) -> None:
    """A resource in Markdown that has every display key; another address is refused in words."""
    host = Host.load()
    pages = {page["name"]: page for page in world.client.pages()}
    assert pages.keys() == CATALOG.keys()
    assert {page["mimeType"] for page in pages.values()} == {"text/markdown"}
    text = world.client.page("stripe-nodes://actions/create_price")
    for row in host.manifest("create_price")["inputs"]:
        assert row["key"] in text
    with pytest.raises(Exception, match=r"did you mean create_price\?"):
        world.client.page("stripe-nodes://actions/create_prize")


def test_a_model_is_told_the_mode_first(world: World) -> None:
    """What is told before any tool is seen: whose account it is, and what a key is for."""
    told = world.client.about["instructions"]
    assert "Mode: emulated." in told
    assert "idempotency_key" in told
    assert world.client.about["serverInfo"]["name"] == "stripe-nodes"


# --- what a call brings ---------------------------------------------------------------------------


def test_actions_run_one_after_the_other(world: World) -> None:
    """The answer is Stripe's object, as data and as text; the mode is in the text and beside it."""
    product = world.call("create_product", {"name": "Plan"})["structuredContent"]
    asked = {"currency": "usd", "product": product["id"], "unit_amount": 0}
    answer = world.call("create_price", asked)
    price = answer["structuredContent"]
    assert (price["product"], price["unit_amount"]) == (product["id"], 0)
    assert json.loads(answer["content"][0]["text"]) == price
    assert "Create Price: done. Mode: emulated." in answer["content"][1]["text"]
    assert not answer["isError"]
    assert answer["_meta"][MODE] == answer["_meta"][RUN]["mode"] == "emulated"
    assert answer["_meta"][RUN]["request_id"]


def test_the_least_that_can_be_is_accepted(world: World) -> None:
    """An object of nearly nothing but nulls passes the client's own check of the output."""
    answer = world.call("create_customer", {"email": "x@y.example"})
    assert answer["structuredContent"]["name"] is None


def test_the_same_key_is_executed_once(world: World) -> None:
    """Called again with its key, a tool says that nothing was executed again."""
    asked = {"name": "Once", "idempotency_key": "order-1-product"}
    first, second = world.call("create_product", asked), world.call("create_product", asked)
    assert first["structuredContent"] == second["structuredContent"]
    assert not first["_meta"][RUN]["replayed"]
    assert second["_meta"][RUN]["replayed"]
    assert second["_meta"][RUN]["idempotency_key"] == "order-1-product"
    assert "was not executed again" in texts(second)
    assert world.named("Once") == 1


def test_options_go_beside_the_inputs(world: World) -> None:
    """Extra and Expand, as an object or as its text, do what they do elsewhere."""
    extra = {"confirm": True, "payment_method": "pm_card_visa", "return_url": "https://a.example"}
    options: dict[str, Any] = {"extra": extra, "expand": ["latest_charge"], "deadline": 20}
    asked = {"amount": 1000, "currency": "usd"}
    for given in (options, json.dumps(options), {"Extra": extra, "Expand": ["latest_charge"]}):
        answer = world.call("create_payment_intent", {**asked, "options": given})
        paid = answer["structuredContent"]
        assert (paid["status"], paid["latest_charge"]["object"]) == ("succeeded", "charge")


def test_what_hosts_add_or_leave_empty_is_not_given(world: World) -> None:
    """Ids of n8n's agents, and boxes that nobody filled in, are no inputs."""
    added = dict.fromkeys(ADDED_BY_HOSTS, "x")
    empty: dict[str, Any] = {
        "description": "",
        "images": [],
        "idempotency_key": None,
        "options": {},
        "url": None,
    }
    answer = world.call("create_product", {"name": "Given", "options": {}, **added, **empty})
    assert not answer["isError"], texts(answer)
    assert answer["structuredContent"]["description"] is None


def test_a_client_secret_is_cut(world: World) -> None:
    """A model is not given it, and a person is told how it is come by."""
    answer = world.call("create_payment_intent", {"amount": 1000, "currency": "usd"})
    secret = answer["structuredContent"]["client_secret"]
    assert secret.endswith("_secret_…")
    assert "--client-secrets" in texts(answer)


# --- what is refused ------------------------------------------------------------------------------


INSIDE = [
    ({"options": {"foo": 1}}, False),
    ({"foo": 1}, True),
    ({"foo": 1, "options": {"foo": 1}}, True),
]


@pytest.mark.parametrize(("arguments", "tells"), INSIDE)
def test_the_other_arguments_are_named_beside_an_unknown_one(
    world: World, arguments: dict[str, Any], *, tells: bool
) -> None:
    """Not where something is unknown inside of an argument: there they would be no help."""
    answer = world.call("create_price", {**USUAL["create_price"], **arguments})
    said = answer["content"][0]["text"]
    assert "foo is not" in said
    assert ("Beside its inputs a call has" in said) is tells


WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("create_price", {}, "Currency is required. Product is required if Product Data is empty."),
    ("create_price", {"unit_amout": 5}, "unit_amout is not an input of Create Price (did you"),
    ("create_price", {"product": "prod_none"}, "Product: No such product: 'prod_none'."),
    ("create_price", {"unit_amount": -5}, "Unit Amount must be at least 0; got -5."),
    ("create_price", {"recurring": {"interval": "moon"}}, "Recurring › Interval must be one of"),
    ("create_price", {"idempotencyKey": "k"}, "(did you mean idempotency_key?)"),
    ("create_price", {"idempotency_key": "a b"}, "Options › Idempotency Key must be 1–255 ASCII"),
    ("create_price", {"idempotency_key": ""}, "Options › Idempotency Key is empty: give a text"),
    ("create_price", {"idempotency_key": " \t"}, "Options › Idempotency Key is empty: give a t"),
    ("create_price", {"idempotency_key": []}, "Options › Idempotency Key is empty: give a text"),
    ("create_price", {"options": {"idempotency_key": ""}}, "Options › Idempotency Key is empty"),
    ("create_price", {"options": {"account": " "}}, "Options › Account is empty: give the ID of"),
    ("create_price", {"options": '{"Idempotency Key": " "}'}, "Options › Idempotency Key is empty"),
    ("list_prices", {"return_all": "true", "most": "201"}, "Most must be at most 200 here, as a"),
    ("list_prices", {"Return All": True, "Most": 0}, "Most must be from 1 to 10000; got 0"),
    ("create_price", {"options": {"deadlin": 3}}, "Options › deadlin is not an input of Options"),
    ("create_price", {"options": {"account": "x"}}, "Options › Account must be the ID of an acc"),
    ("create_price", {"options": [3]}, "Options must be an object of display keys"),
    ("creat_price", {}, 'There is no action "creat_price" here (did you mean create_price?).'),
    ("create_payment_intent", {"options": {"extra": DECLINED}}, "Your card was declined. The bank"),
]
USUAL: dict[str, dict[str, Any]] = {
    "create_price": {"currency": "usd", "unit_amount": 5, "product": "prod_123"},
    "create_payment_intent": {"amount": 1000, "currency": "usd"},
}


@pytest.mark.parametrize(("tool", "arguments", "sentence"), WRONG)
def test_what_is_wrong_is_said_by_display_key(
    world: World, tool: str, arguments: dict[str, Any], sentence: str
) -> None:
    """An answer of words, with the error as data beside it, and no content that has a schema."""
    usual = USUAL.get(tool, {}) if arguments and "unit_amout" not in arguments else {}
    answer = world.call(tool, {**usual, **arguments})
    assert answer["isError"]
    assert sentence in answer["content"][0]["text"]
    assert "structuredContent" not in answer
    assert answer["_meta"][MODE] == "emulated"
    assert "Mode: emulated." in texts(answer)
    assert answer["_meta"][ERROR]["category"]


def test_an_error_names_its_row_as_data(world: World) -> None:
    """Of our own refusals each problem has its key and path, of Stripe's the error itself."""
    ours = world.call("create_price", {"currency": "usd"})["_meta"][ERROR]
    assert {problem["key"] for problem in ours["problems_at"]} >= {"Product", "Unit Amount"}
    asked = {"currency": "usd", "product": "prod_none", "unit_amount": 5}
    stripes = world.call("create_price", asked)["_meta"][ERROR]
    assert (stripes["display_key"], stripes["path"]) == ("Product", ["product"])


def test_a_key_that_was_used_otherwise_is_explained(world: World) -> None:
    """The sentence says to put the inputs back, and nothing against it."""
    world.call("create_product", {"name": "One", "idempotency_key": "order-2"})
    answer = world.call("create_product", {"name": "Other", "idempotency_key": "order-2"})
    assert "Put those back" in texts(answer)
    assert "another key" not in texts(answer)


def test_an_unknown_outcome_says_how_to_go_on(world: World) -> None:
    """No answer comes: the text names the key; called again with it, it was executed once."""
    asked = {"name": "Lost", "options": {"deadline": 3}}
    with world.failing("cut_after", "/v1/products", times=None):
        answer = world.call("create_product", asked)
    assert answer["_meta"][ERROR]["outcome_unknown"]
    assert "It may have been executed all the same." in texts(answer)
    key = answer["_meta"][ERROR]["idempotency_key"]
    assert f'Call it again with idempotency_key "{key}"' in texts(answer)
    again = world.call("create_product", {**asked, "idempotency_key": key})
    assert again["_meta"][RUN]["replayed"]
    assert world.named("Lost") == 1


def test_a_client_that_gave_up_calls_again(world: World) -> None:
    """Its patience ends during a run: the same key again, and it was executed once."""
    asked = {"name": "Patience", "idempotency_key": "order-3"}
    with world.failing("delay_after", "/v1/products", seconds=1.5, times=2):
        with pytest.raises(Exception, match=r"(?i)time"):
            world.call("create_product", asked, seconds=0.5)
        again = world.call("create_product", asked)  # its answer comes after the late one
    assert again["structuredContent"]["name"] == "Patience"
    assert world.named("Patience") == 1


def test_a_whole_list_is_bounded(world: World) -> None:
    """A model that asks for all gets what it can read, and is told where to go on."""
    for number in range(MOST + 3):
        stripe = Connection("sk_test_emulator", in_process=world.emulator)
        world.host.run("create_customer", {"Name": f"{number}"}, connection=stripe)
    answer = world.call("list_customers", {"return_all": True, "most": ""})
    listed = answer["structuredContent"]
    assert (len(listed["data"]), listed["has_more"]) == (MOST, True)
    assert "there are more behind the cursor" in texts(answer)
    more = {"return_all": True, "most": MOST, "starting_after": listed["cursor"]}
    rest = world.call("list_customers", more)["structuredContent"]
    assert rest["data"]
    assert not {each["id"] for each in rest["data"]} & {each["id"] for each in listed["data"]}
    page = world.call("list_customers", {"return_all": False})["structuredContent"]
    assert len(page["data"]) == 10
    most = TOOLS["list_customers"]["inputSchema"]["properties"]["most"]
    assert (most["maximum"], f"{MOST} if empty" in most["description"]) == (MOST, True)


def test_equal_calls_at_one_time_are_executed_once(world: World) -> None:
    """Eight with one key: each is answered with the same product."""
    asked = {"name": "Eight", "idempotency_key": "order-eight"}
    with ThreadPoolExecutor(8) as pool:
        answers = [*pool.map(lambda _: world.call("create_product", asked), range(8))]
    assert len({answer["structuredContent"]["id"] for answer in answers}) == 1
    assert world.named("Eight") == 1


# --- what is offered ------------------------------------------------------------------------------


CHOICES: list[tuple[dict[str, Any], set[str]]] = [
    ({"only": ["create_price", "list_prices"]}, {"create_price", "list_prices"}),
    ({"only": ["price"]}, {name for name in CATALOG if CATALOG[name]["resource"] == "price"}),
    ({"only": ["create_*"]}, {name for name in CATALOG if name.startswith("create_")}),
    ({"read_only": True}, {name for name in CATALOG if CATALOG[name]["hints"]["read_only"]}),
    ({"only": ["*_price"], "read_only": True}, {"retrieve_price"}),
]


@pytest.mark.parametrize(("choice", "names"), CHOICES)
def test_fewer_are_offered_on_demand(choice: dict[str, Any], names: set[str]) -> None:
    """By ID, by resource, by glob, or only what changes nothing; another is not found."""
    accounts = Accounts({"default": Connection.emulator()})
    offer = Offer(host=Host.load(), accounts=accounts, **choice)
    assert tools_of(offer).keys() == names
    assert "There is no action" in texts(told(offer, "cancel_subscription", id="sub_1"))


def test_client_secrets_are_whole_on_demand() -> None:
    """Who started the server with --client-secrets gets them."""
    accounts = Accounts({"default": Connection.emulator()})
    offer = Offer(host=Host.load(), accounts=accounts, client_secrets=True)
    answer = told(offer, "create_payment_intent", amount=1000, currency="usd")
    secret = answer["structuredContent"]["client_secret"]
    assert "…" not in secret
    assert json.loads(answer["content"][0]["text"])["client_secret"] == secret
    assert "cut" not in texts(answer)


def test_a_call_names_one_of_several_accounts() -> None:
    """Each tool then demands an account; one that is not served is refused."""
    offer = offered(berlin=Connection.emulator(), tokyo=Connection.emulator())
    schema = tools_of(offer)["list_products"]["inputSchema"]
    assert schema["properties"]["account"]["enum"] == ["berlin", "tokyo"]
    assert schema["required"] == ["account"]
    told(offer, "create_product", name="Plan", account="berlin")
    for account, count in (("berlin", 1), ("tokyo", 0)):
        listed = told(offer, "list_products", account=account)
        assert len(listed["structuredContent"]["data"]) == count
    assert "say which account (berlin, tokyo)" in texts(told(offer, "list_products"))
    refused = told(offer, "list_products", account="paris")
    assert 'There is no account "paris" here' in texts(refused)


@action("POST /v1/boxes", Resource("box"), answers=One(name="Box"))
class MakeBox(Action):
    """Make a box."""

    action: str = required("Action", "fold", "What is done")
    options: str = required("Options", "large", "What it is like")
    idempotency_key: str = required("Idempotency Key", "k", "A row of the same name")


class Boxes:
    """A plugin with one action."""

    @hookimpl
    def register_actions(self) -> list[Any]:
        """The action."""
        return [MakeBox]


def test_rows_keep_their_names() -> None:
    """Where an action has rows as our own arguments are called, ours get another name."""
    host = Host.load()
    host.register(Boxes(), "acme:boxes")
    offer = offered(host, default=Connection.emulator())
    properties = tools_of(offer)["make_box"]["inputSchema"]["properties"]
    assert properties["options"]["description"].startswith("What it is like")
    assert {"run_options", "run_idempotency_key"} < properties.keys()
    answer = told(offer, "make_box", action="fold", idempotency_key="k")
    assert texts(answer).startswith("Options is required.")
    rows = {"action": "fold", "options": "large", "idempotency_key": "k"}
    refused = told(offer, "make_box", **rows, run_idempotency_key="a b")
    assert texts(refused).startswith("Options › Idempotency Key must be")


ADVICE: list[tuple[int, dict[str, Any], str]] = [
    (401, {"message": "Invalid API Key"}, "Invalid API Key. Whoever runs this server can give"),
    (403, {"message": "No permission"}, "No permission. Whoever runs this server can give its key"),
    (400, {"message": "Not now", "param": "name"}, "Name: Not now. Mode: emulated."),
    (402, {"message": "No", "decline_code": "lost_card"}, "No. The card is reported lost. Tell"),
    (429, {"message": "Too many"}, "Too many. Call it again a little later."),
    (500, {"message": "Sorry"}, "Sorry. It may have been executed all the same. Call it again"),
]


@pytest.mark.parametrize(("status", "error", "sentence"), ADVICE)
def test_a_model_is_told_what_to_do(status: int, error: dict[str, Any], sentence: str) -> None:
    """By what Stripe says: what another call would bring, or who can help."""
    host = Host.load(policy=Policy(retries=0))
    offer = offered(host, default=Refusing(status, **error).connection())
    answer = told(offer, "create_product", name="Plan", idempotency_key="order-4")
    assert texts(answer).startswith(sentence)


class Halved(Emulator):
    """A Stripe whose answer has half a surrogate pair."""

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer."""
        text = b'{"id": "prod_1", "object": "product", "name": "half \\ud83d"}'
        about = {"Content-Type": "application/json", "Content-Length": str(len(text))}
        return Answer(200, about, text)


def test_half_a_character_hides_no_answer() -> None:
    """A message cannot have it: the answer comes all the same, and says what is shown instead."""
    stripe = Connection("sk_test_emulator", in_process=Halved())
    with (
        serving(offered(default=stripe)) as served,
        connected(by_http(f"{served.url}/mcp", TOKEN)) as client,
    ):
        answer = client.call("retrieve_product", {"id": "prod_1"})
    assert answer["structuredContent"]["name"] == "half \N{REPLACEMENT CHARACTER}"
    assert "half a character" in texts(answer)


class Broken:
    """A plugin that fails."""

    @hookimpl
    def run_action(self) -> None:
        """Fail."""
        raise OSError("no disk at sk_test_4eC39HqLyjWDarjtT1zdp7dc")


def test_what_nobody_expected_is_an_answer_too() -> None:
    """A plugin that fails: said in words, without its key, and that it may have been executed."""
    host = Host.load()
    host.register(Broken(), "acme:broken")
    answer = told(offered(host, default=Connection.emulator()), "list_products")
    assert answer["isError"]
    assert "Something unexpected: OSError: no disk" in texts(answer)
    assert "4eC39HqLyjWDarjtT1zdp7dc" not in json.dumps(answer)


# --- over HTTP ------------------------------------------------------------------------------------

PING = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
ACCEPT = {"Accept": "application/json, text/event-stream"}


@pytest.fixture(scope="module")
def served() -> Iterator[Any]:
    """A server with a token."""
    with serving(offered(default=Connection.emulator())) as found:
        yield found


def test_one_resource_has_an_address_of_its_own(served: Any) -> None:
    """/mcp/price has the tools of prices alone, and their pages; it does not run others."""
    names = {name for name in CATALOG if CATALOG[name]["resource"] == "price"}
    with connected(by_http(f"{served.url}/mcp/price", TOKEN)) as client:
        assert {tool["name"] for tool in client.tools()} == names
        assert {page["name"] for page in client.pages()} == names
        assert "There is no action" in texts(client.call("list_products", {}))


REFUSED: list[tuple[str, str, dict[str, str], int, str]] = [
    ("POST", "/mcp", {}, 401, "There is no token"),
    ("POST", "/mcp", {"Authorization": "Bearer another-that-is-wrong"}, 401, "is not the one"),
    ("POST", "/mcp", {**BEARER, "Origin": "https://evil.example"}, 403, "may not call"),
    ("POST", "/mcp", {**BEARER, "Host": "evil.example"}, 421, "does not go by the name"),
    ("POST", "/mcp/prices", BEARER, 404, 'There are no tools of "prices" here (did you mean pri'),
    (
        "POST",
        "/mcp",
        {**BEARER, "Stripe-Nodes-Manifest": "7"},
        409,
        "was made for manifests of ver",
    ),
    ("GET", "/mcp", BEARER, 405, "does not have the method"),
    ("DELETE", "/mcp", BEARER, 405, "does not have the method"),
]


@pytest.mark.parametrize(("method", "path", "headers", "status", "sentence"), REFUSED)
def test_the_door_is_guarded(
    served: Any, method: str, path: str, headers: dict[str, str], status: int, sentence: str
) -> None:
    """The token, the names and the origins hold for tools as for all else."""
    content = json.dumps(PING) if method == "POST" else None
    sent = {"Content-Type": "application/json", **ACCEPT, **headers}
    with served.client({}) as door:
        answer = door.request(method, path, content=content, headers=sent)
    assert answer.status_code == status
    assert sentence in answer.json()["detail"]


def test_a_program_can_call_without_a_session(served: Any) -> None:
    """One POST without a handshake is enough, as from an HTTP request node."""
    asked = {**PING, "method": "tools/call", "params": {"name": "list_products", "arguments": {}}}
    with served.client({**BEARER, **ACCEPT}) as door:
        answer = door.post("/mcp", json=asked)
    assert answer.json()["result"]["structuredContent"]["object"] == "list"


def test_another_version_of_the_protocol_is_told_ours(served: Any) -> None:
    """A client that speaks one which is not known is answered with one that is, and can decide."""
    hello = json.loads(json.dumps(HELLO[0]))
    hello["params"]["protocolVersion"] = "1999-01-01"
    with served.client({**BEARER, **ACCEPT}) as door:
        ours = door.post("/mcp", json=hello).json()["result"]["protocolVersion"]
        hello["params"]["protocolVersion"] = ours
        assert door.post("/mcp", json=hello).json()["result"]["protocolVersion"] == ours
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", ours)


def test_a_server_that_is_gone_is_told_by_the_client() -> None:
    """Over HTTP nobody listens any more: in the official client's own words."""
    with serving(offered(default=Connection.emulator())) as served:
        url = f"{served.url}/mcp"

    async def greeted() -> None:
        async with (
            by_http(url, TOKEN)() as (read, write, *_),
            ClientSession(read, write) as session,
        ):
            await session.initialize()

    with pytest.raises(BaseException) as gone:  # noqa: PT011 - a group, with more in it
        asyncio.run(greeted())
    assert "All connection attempts failed" in "".join(traceback.format_exception(gone.value))


# --- over stdio -----------------------------------------------------------------------------------

HELLO: list[dict[str, Any]] = [
    {
        "jsonrpc": "2.0",
        "id": 0,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    },
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
]
CHATTY = """
import os
from stripe_plugin import hookimpl

@hookimpl
def run_action(action):
    print("printed")
    os.write(1, b"written\\n")
    os.system("echo from a child")
"""


def asking(tool: str, **arguments: Any) -> str:
    """What a client writes to start, and to call one tool."""
    call = {"name": tool, "arguments": arguments}
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    return "".join(json.dumps(message) + "\n" for message in [*HELLO, asked])


def test_nothing_but_the_protocol_is_on_stdout(tmp_path: Path) -> None:
    """What plugins and their children print goes to stderr; the end of stdin lets answers come."""
    install(
        tmp_path / "site",
        "acme-chatty",
        "[stripe_plugin.v1]\nchatty = acme_chatty\n",
        {"acme_chatty.py": CHATTY},
    )
    done = subprocess.run(
        COMMAND,
        input=asking("list_products"),
        env=env_of(tmp_path, PYTHONPATH=str(tmp_path / "site")),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    messages = [json.loads(line) for line in done.stdout.splitlines()]
    assert [message["id"] for message in messages] == [0, 1]
    assert messages[1]["result"]["structuredContent"]["object"] == "list"
    for word in ("printed", "written", "from a child"):
        assert word in done.stderr


@contextmanager
def called(folder: Path, **arguments: Any) -> Generator["subprocess.Popen[str]"]:
    """A server over stdio in the middle of making a product, which takes a second."""
    with (
        Emulator(folder / "emulator.db") as emulator,
        subprocess.Popen(
            COMMAND,
            env=env_of(folder),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        emulator.faults.add(Fault("delay", path="/v1/products", seconds=1.0))
        assert process.stdin
        process.stdin.write(asking("create_product", **arguments))
        process.stdin.flush()
        assert eventually(lambda: emulator.faults.list()[0]["left"] == 0)
        yield process


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_what_is_on_its_way_arrive(tmp_path: Path, number: int) -> None:
    """In the middle of a run: its answer comes, and the process ends well."""
    with called(tmp_path, name="Plan") as process:
        assert process.stdout
        process.send_signal(number)
        lines = process.stdout.read().splitlines()
        assert process.stderr
        assert "Stopping: waits for what is on its way (1)." in process.stderr.read()
        assert process.wait(30) == 0
    assert json.loads(lines[-1])["result"]["structuredContent"]["name"] == "Plan"


def test_a_call_that_is_taken_back_goes_on(tmp_path: Path) -> None:
    """It is not left half done: it is executed, and whoever runs the server reads how to go on."""
    taken_back = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}
    asked = {"name": "Plan", "idempotency_key": "order-5"}
    with called(tmp_path, **asked) as process:
        out, said = process.communicate(json.dumps(taken_back) + "\n", timeout=60)
    assert process.returncode == 0
    assert "structuredContent" not in out
    assert 'took back its call of "create_product", which goes on' in said
    again = subprocess.run(
        COMMAND,
        input=asking("create_product", **asked),
        env=env_of(tmp_path),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert json.loads(again.stdout.splitlines()[-1])["result"]["_meta"][RUN]["replayed"]


def test_a_process_that_ends_ends_the_call(tmp_path: Path) -> None:
    """It is killed in the middle of one: the client is told that the connection is closed."""
    with over_stdio(tmp_path) as world:
        world.emulator.faults.add(Fault("delay", path="/v1/products", seconds=30.0))
        with ThreadPoolExecutor() as pool:
            calling = pool.submit(world.call, "create_product", {"name": "Plan"})
            assert eventually(lambda: world.emulator.faults.list()[0]["left"] == 0)
            os.kill(child_of(os.getpid(), "mcp"), signal.SIGKILL)
            with pytest.raises(Exception, match=r"(?i)closed"):
                calling.result()


def child_of(parent: int, word: str) -> int:
    """The process that was started with this word."""
    for task in Path(f"/proc/{parent}/task").iterdir():
        for child in (task / "children").read_text("ascii").split():
            if word in Path(f"/proc/{child}/cmdline").read_text().split("\0"):
                return int(child)
    raise ProcessLookupError(word)


NO_START: list[tuple[list[str], dict[str, str], str]] = [
    ([], {"STRIPE_API_KEY": ""}, "There is no API key"),
    ([], {"STRIPE_API_KEY": LIVE_KEY}, "moves real money"),
    (["--only", "prise"], {}, 'There is no action or resource "prise" (did you mean price?)'),
    (["--only", "c*_price", "--read-only"], {}, "Nothing is offered"),
]


@pytest.mark.parametrize(("words", "env", "sentence"), NO_START)
def test_what_cannot_be_served_does_not_start(
    tmp_path: Path, words: list[str], env: dict[str, str], sentence: str
) -> None:
    """No key, a live one, a choice that nothing is left of: words on stderr, nothing on stdout."""
    ended = Terminal(tmp_path)("mcp", *words, code=2, **env)
    assert sentence in " ".join(ended.stderr.split())
    assert ended.stdout == ""


README = (REPOSITORY / "README.md").read_text("utf-8")


def test_the_configuration_of_the_readme_works(tmp_path: Path) -> None:
    """What the README has for a host's configuration starts a server of these tools."""
    printed = re.search(r"```json\n({\"mcpServers.*?)```", README, re.DOTALL)
    assert printed
    server = json.loads(printed[1])["mcpServers"]["stripe"]
    command = [str(SCRIPT.with_name(server["command"])), *server["args"]]
    with (
        (tmp_path / "errors.txt").open("w") as errors,
        connected(by_stdio(command, errors, env_of(tmp_path))) as client,
    ):
        assert {CATALOG[tool["name"]]["resource"] for tool in client.tools()} == {
            "price",
            "product",
        }
