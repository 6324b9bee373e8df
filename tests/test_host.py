"""Which actions are found, what is imported for it, and what becomes of broken plugins."""

import asyncio
import json
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from support import ACTIONS
from terminal_support import Counted, Terminal, install, python

import stripe_nodes
from stripe_plugin import Connection, Host, InvalidInputs, RunContext, StripeError, UsageError
from stripe_plugin.run.exchange import STRIPE_VERSION

ENTRY = {
    "id": "acme_ping",
    "name": "Acme Ping",
    "resource": "product",
    "summary": "Ping.",
    "hints": {"read_only": True, "destructive": False, "idempotent": True},
    "entry": "acme_nodes:AcmePing",
}
ACTION = '''
from stripe_nodes.resources import PRODUCT
from stripe_plugin import Action, One, action, hookimpl, required

@action("POST /v1/products", PRODUCT, answers=One(name="Box"))
class MakeBox(Action):
    """Make a box."""

    name: str = required("Name", "Box", "What it is called")

@hookimpl
def register_actions():
    return [MakeBox]
'''
HEAVY = ("httpx", "attr", "attrs", "cattrs", "stripe_nodes")

Add = Callable[[str, str, Mapping[str, str]], None]


@pytest.fixture(autouse=True)
def _no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("STRIPE_API_KEY", "STRIPE_PLUGIN_BLOCK", "STRIPE_NODES_EMULATOR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Add]:
    """Installs a distribution: its name, entry points and files."""
    before = set(sys.modules)

    def added(name: str, entry_points: str, files: Mapping[str, str]) -> None:
        install(tmp_path / "site", name, entry_points, files)
        monkeypatch.syspath_prepend(tmp_path / "site")

    yield added
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def index(*entries: Any, version: Any = 1) -> str:
    """The text of a manifest's index."""
    return json.dumps({"manifest_version": version, "actions": list(entries)})


def manifest(text: str | None, value: str = "acme_list:index.json") -> tuple[str, dict[str, str]]:
    """A distribution with a manifest whose package cannot even be imported."""
    files = {"acme_list/__init__.py": "raise RuntimeError('imported')\n"}
    if text is not None:
        files["acme_list/index.json"] = text
    return f"[stripe_plugin.manifest]\nacme = {value}\n", files


def plugin(code: str, value: str = "acme_plug") -> tuple[str, dict[str, str]]:
    """A distribution with one module of hooks."""
    return f"[stripe_plugin.v1]\nacme = {value}\n", {"acme_plug.py": code}


def hook(code: str) -> tuple[str, dict[str, str]]:
    """The same, for code that only needs the marker."""
    return plugin(f"from stripe_plugin import hookimpl\n\n@hookimpl\n{code}\n")


def returning(value: str) -> tuple[str, dict[str, str]]:
    """A plugin whose actions are this."""
    return hook(f"def register_actions():\n    return {value}")


def test_all_actions_come_from_the_manifest() -> None:
    """The actions are listed with all that a picker shows, from this distribution's manifest."""
    host = Host.load()
    catalog = host.catalog()
    assert not host.problems
    assert [entry["id"] for entry in catalog] == [*ACTIONS]
    assert {entry["plugin"] for entry in catalog} == {"stripe-nodes"}
    assert all(entry["name"] and entry["resource"] and entry["summary"] for entry in catalog)
    assert {frozenset(entry["hints"]) for entry in catalog} == {
        frozenset({"read_only", "destructive", "idempotent"})
    }


@pytest.mark.parametrize(
    "code",
    [
        "import stripe_plugin",
        "import stripe_manifests",
        "from stripe_plugin import Host; Host.load()",
        "from stripe_plugin import Host; assert Host.load().catalog()",
        "from stripe_plugin import Host; Host.load().manifest('create_price')",
    ],
)
def test_listing_imports_nothing_heavy(code: str, tmp_path: Path) -> None:
    """Importing the package, loading, listing and describing import no HTTP and no action."""
    checked = f"import sys; {code}; print([name for name in {HEAVY} if name in sys.modules])"
    assert python(checked, tmp_path) == "[]\n"


def test_the_terminal_lists_without_importing_actions(tmp_path: Path) -> None:
    """`stripe-nodes list` imports no HTTP, no attrs (but rich before 14.3.4 does) and no action."""
    code = (
        "import sys, rich.pretty; brought = {*sys.modules};"
        "from stripe_terminal.cli import main; main(['list'], standalone_mode=False);"
        f"heavy = [name for name in {HEAVY} if name in sys.modules and name not in brought];"
        "print('heavy:', heavy)"
    )
    # The count of the actions goes to stderr, which `python` wants to be empty.
    text = python(f"import os; os.dup2(1, 2); {code}", tmp_path)
    assert "create_price" in text
    assert "heavy: []" in text


def test_an_action_is_imported_when_it_is_asked_for() -> None:
    """`Host.action` gives the very class that `stripe_nodes` has."""
    assert Host.load().action("create_price") is stripe_nodes.CreatePrice


def test_an_unknown_action_names_the_nearest() -> None:
    """A misspelt action is a usage error that knows what was meant."""
    with pytest.raises(UsageError, match=r'"create_prise" \(did you mean create_price\?\)'):
        Host.load().action("create_prise")


def test_a_manifest_lists_without_its_package(add: Add) -> None:
    """Somebody else's manifest lists its actions although its package cannot be imported."""
    add("acme-list", *manifest(index(ENTRY)))
    host = Host.load()
    listed = {entry["id"]: entry for entry in host.catalog()}
    assert not host.problems
    assert [*listed] == [*ACTIONS, "acme_ping"]
    assert listed["acme_ping"]["plugin"] == "acme-list"
    assert "acme_list" not in sys.modules


def test_a_plugin_brings_an_action_of_its_own(add: Add) -> None:
    """An action class that a plugin registers is listed, described and run like any other."""
    add("acme-boxes", *plugin(ACTION))
    with Counted() as world:
        host = Host.load()
        assert not host.problems
        assert host.catalog()[-1]["id"] == "make_box"
        assert host.catalog()[-1]["plugin"] == "acme-boxes"
        about = host.manifest("make_box")
        assert [row["key"] for row in about["inputs"]] == ["Name"]
        assert about["output_example"]["name"] == "Box"
        result = host.run("make_box", {"Name": "Chest"}, connection=world.connection())
        assert result.output["name"] == "Chest"
        assert world.asked == ["POST /v1/products"]


@pytest.mark.parametrize("contract", ["'1'", "'1.0'", "1"])
def test_a_plugin_may_ask_for_this_contract(contract: str, add: Add) -> None:
    """A plugin that asks for the contract that is there is loaded."""
    add("acme-boxes", *plugin(f"STRIPE_PLUGIN_CONTRACT = {contract}\n{ACTION}"))
    assert "make_box" in {entry["id"] for entry in Host.load().catalog()}


BROKEN: dict[str, tuple[tuple[str, dict[str, str]], str]] = {
    "import error": (plugin("import acme_absent"), "acme_absent"),
    "error at import": (plugin("1 / 0"), "ZeroDivisionError"),
    "exit at import": (plugin("raise SystemExit('good night')"), "good night"),
    "syntax error": (plugin("def ("), "SyntaxError"),
    "no such module": (plugin("", "acme_gone"), "acme_gone"),
    "no such attribute": (plugin("", "acme_plug:gone"), "gone"),
    "unknown hook": (hook("def run_actions(action):\n    pass"), "run_actions"),
    "wrong argument": (hook("def run_action(action, conection):\n    pass"), "conection"),
    "later major": (plugin("STRIPE_PLUGIN_CONTRACT = '2'"), "contract 2"),
    "later minor": (plugin("STRIPE_PLUGIN_CONTRACT = '1.1'"), "contract 1.1"),
    "no contract": (plugin("STRIPE_PLUGIN_CONTRACT = 'newest'"), "newest"),
    "asyncio only": (hook("def arun_action(action):\n    pass"), "arun_action"),
    "generator without a yield": (
        plugin(
            "from stripe_plugin import hookimpl\n"
            "@hookimpl(wrapper=True)\ndef run_action(action):\n    return 1\n"
        ),
        "run_action",
    ),
    "actions raise": (hook("def register_actions():\n    raise OSError('no disk')"), "no disk"),
    "actions are a number": (returning("5"), "gave 5, no list of actions"),
    "an example that is refused": (
        plugin(ACTION.replace('"Box", "What it', '5, "What it')),
        "Make Box › Name: its example is refused by its own row: it must be text; got 5",
    ),
    "actions are a text": (returning("'list_plans'"), "gave 'list_plans', no list of actions"),
    "actions are a class": (returning("dict"), "gave the class dict, no list of actions"),
    "an action is a number": (returning("[5]"), "gave 5, which is no action"),
    "an action is any class": (returning("[dict]"), "gave the class dict, which is no action"),
    "an action is a resource": (
        hook(
            "def register_actions():\n"
            "    from stripe_plugin import Resource\n"
            "    return [Resource('plan')]"
        ),
        "gave Resource(object='plan', ",
    ),
    "malformed JSON": (manifest('{"manifest_version": 1,'), "JSON"),
    "no file": (manifest(None), "index.json"),
    "a list": (manifest("[]"), "list"),
    "no actions": (manifest('{"manifest_version": 1}'), "actions"),
    "later manifest": (manifest(index(ENTRY, version=2)), "manifest_version"),
    "no version": (manifest('{"actions": []}'), "manifest_version"),
    "dotted package": (manifest(index(ENTRY), "acme_list.inner:index.json"), "top-level"),
    "no such package": (manifest(index(ENTRY), "acme_gone:index.json"), "acme_gone"),
    "id taken": (manifest(index({**ENTRY, "id": "create_price"})), "create_price"),
    "no name": (manifest(index({**ENTRY, "name": None})), 'of "acme_ping", lacks name'),
    "no entry": (manifest(index({k: ENTRY[k] for k in ENTRY if k != "entry"})), "lacks entry"),
    "text for an action": (manifest(index("acme_ping")), "str"),
    "list for an id": (manifest(index({**ENTRY, "id": ["acme_ping"]})), "lacks id"),
    "a path for an id": (manifest(index({**ENTRY, "id": "../../x"})), "an id of letters"),
    "a number for a name": (manifest(index({**ENTRY, "name": 5})), "lacks name"),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_broken_is_one_problem(case: str, add: Add) -> None:
    """A broken plugin or manifest is one problem that names it; everything else is there."""
    broken, words = BROKEN[case]
    add("acme-broken", *broken)
    host = Host.load()
    assert [(problem.distribution, problem.name) for problem in host.problems] == [
        ("acme-broken", "acme")
    ]
    assert words in host.problems[0].reason
    assert len(host.problems[0].reason) <= 500
    ours = [entry["id"] for entry in host.catalog() if entry["plugin"] == "stripe-nodes"]
    assert ours == [*ACTIONS]


MISTAKEN = '''
from typing import Any
from stripe_plugin import Action, Resource, action, hookimpl, optional, path_id, required, rule

PLAN = Resource("plan", listed_by="list_price")

@action("POST /v1/planes", PLAN)
class CreatePlan(Action):
    """Create a plan."""

    currency: str = required("Currency", "usd", "What it is charged in")

@action("POST /v1/plans/{plan}", PLAN, sends={"activ": True})
class UpdatePlan(Action):
    """Update a plan."""

    plan: str = path_id("Plan ID", "gold", "Which", PLAN)
    nicknam: str | None = optional("Name", "Gold", "What it is called")

@action("POST /v1/prices", Resource("price"))
class SellPlan(Action):
    """Make a price."""

    recurring: dict[str, Any] | None = optional(
        "Terms", {}, "How often", rule.keys(intervall=rule.may(str, "day", "x", key="In"))
    )

@hookimpl
def register_actions():
    return [CreatePlan, UpdatePlan, SellPlan]
'''


def test_what_looks_wrong_in_an_action_is_told_and_works(add: Add, tmp_path: Path) -> None:
    """What the document does not know, or no action lists, is a warning of `doctor`, no more."""
    add("acme-plug", *plugin(MISTAKEN))
    host = Host.load()
    assert not host.problems
    document = f"Stripe's API document of {STRIPE_VERSION}"
    told = [
        f"Create Plan: {document} has no POST /v1/planes (did you mean POST /v1/plans?).",
        f"Update Plan › activ: activ is not in {document} (did you mean active?)",
        f"Update Plan › Name: nicknam is not in {document} (did you mean nickname?)",
        "Update Plan: there is no action list_price, which lists the plans (did you mean list_p",
        f"Sell Plan › Terms › In: intervall is not in {document} (did you mean interval?)",
        "Sell Plan: Stripe demands currency, which has no row.",
    ]
    found = host.warnings()
    assert {each.distribution for each in found} == {"acme-plug"}
    assert [each.name for each in found] == [_id(sentence) for sentence in told]
    for each, sentence in zip(found, told, strict=True):
        assert each.reason.startswith(sentence)
    with Counted() as emulator, pytest.raises(StripeError):
        host.run("create_plan", {"Currency": "usd"}, connection=emulator.connection())
    assert emulator.asked == ["POST /v1/planes"]
    terminal = Terminal(tmp_path, apart=True, PYTHONPATH=str(tmp_path / "site"))
    shown = " ".join(terminal("doctor").stdout.split())
    assert "! acme-plug › create_plan: Create Plan: Stripe's API document" in shown


def _id(sentence: str) -> str:
    """The ID of the action that a sentence is about."""
    name = re.split(":| ›", sentence)[0]
    return name.lower().replace(" ", "_")


def test_nothing_looks_wrong_in_ours() -> None:
    """Of what is installed here the document knows everything."""
    assert Host.load().warnings() == []


@pytest.mark.parametrize("hints", [{}, "none"])
def test_incomplete_hints_break_no_list(hints: Any, add: Add, tmp_path: Path) -> None:
    """Hints that a manifest leaves out do not keep the terminal from listing everything else."""
    add("acme-list", *manifest(index({**ENTRY, "hints": hints})))
    done = Terminal(tmp_path, apart=True, PYTHONPATH=str(tmp_path / "site"))("list")
    assert "create_price" in done.stdout


ENTRIES = {
    "no module": ("acme_gone:AcmePing", {}),
    "no name": ("acme_nodes:AcmePing", {"acme_nodes.py": ""}),
    "error at import": ("acme_nodes:AcmePing", {"acme_nodes.py": "1 / 0"}),
    "syntax error": ("acme_nodes:AcmePing", {"acme_nodes.py": "def ("}),
    "no action": ("acme_nodes:AcmePing", {"acme_nodes.py": "AcmePing = 5"}),
}


@pytest.mark.parametrize("case", ENTRIES)
def test_an_action_that_cannot_be_imported(case: str, add: Add) -> None:
    """A listed action without a usable class behind it is a usage error that names it."""
    entry, files = ENTRIES[case]
    entry_points, listed = manifest(index({**ENTRY, "entry": entry}))
    add("acme-list", entry_points, {**listed, **files})
    with pytest.raises(UsageError, match="acme_ping"):
        Host.load().run("acme_ping", {}, connection=Connection.emulator())


def test_an_action_without_a_description_file(add: Add) -> None:
    """A manifest that lacks an action's own file is a usage error that names the action."""
    add("acme-list", *manifest(index(ENTRY)))
    with pytest.raises(UsageError, match="acme_ping"):
        Host.load().manifest("acme_ping")


def test_blocked_by_argument(add: Add) -> None:
    """A blocked entry point is not even imported."""
    add("acme-broken", *plugin("raise RuntimeError('imported')"))
    host = Host.load(block=["acme"])
    assert not host.problems
    assert [entry["id"] for entry in host.catalog()] == [*ACTIONS]
    assert not Host.load(block=["stripe", "acme"]).catalog()


@pytest.mark.parametrize("blocked", ["acme", "other,acme", "other, acme", " acme ,"])
def test_blocked_by_environment(blocked: str, add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    """STRIPE_PLUGIN_BLOCK names what is not to be loaded, with commas between."""
    add("acme-broken", *plugin("raise RuntimeError('imported')"))
    monkeypatch.setenv("STRIPE_PLUGIN_BLOCK", blocked)
    assert not Host.load().problems


def test_a_guard_is_never_asked_for_by_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Text in the place of a list, or a variable that is set but empty, is refused."""
    for names in ({"require": "acme"}, {"block": "acme"}):
        with pytest.raises(UsageError, match=r'is a list of names: \["acme"\]'):
            Host.load(**names)  # type: ignore[arg-type]
    for empty in ("", " ", " ,"):
        monkeypatch.setenv("STRIPE_PLUGIN_REQUIRE", empty)
        with pytest.raises(UsageError, match="STRIPE_PLUGIN_REQUIRE is set but empty"):
            Host.load()


def test_a_guard_that_is_missing_or_broken_is_named(add: Add) -> None:
    """What is required and not there says why."""
    with pytest.raises(UsageError, match="required, but is not installed, or blocked"):
        Host.load(require=["acme"])
    add("acme-broken", *plugin("raise RuntimeError('no licence')"))
    with pytest.raises(UsageError, match="required, but cannot be used: RuntimeError: no licence"):
        Host.load(require=["acme"])


RUN = RunContext(run_id="r1", step="price")
PRICE = {"Currency": "usd", "Unit Amount": 1000, "Product Data": {"name": "Plan"}}


def test_a_run_replays_under_its_name() -> None:
    """The same step of the same run, repeated, gives the same object and makes no second one."""
    with Counted() as world:
        host, connection = Host.load(), world.connection()
        first = host.run("create_price", PRICE, connection=connection, context=RUN)
        again = host.run("create_price", PRICE, connection=connection, context=RUN)
        later = asyncio.run(host.arun("create_price", PRICE, connection=connection, context=RUN))
        assert (first.replayed, again.replayed, later.replayed) == (False, True, True)
        assert first.output == again.output == later.output
        assert (first.mode, first.livemode, first.attempts) == ("emulated", False, 1)
        assert world.executed("POST /v1/prices") == 1
        other = RunContext(run_id="r2", step="price")
        fresh = host.run("create_price", PRICE, connection=connection, context=other)
        assert fresh.output["id"] != first.output["id"]


@pytest.mark.parametrize("context", [{"run_id": "r1"}, {}, "r1"])
def test_a_run_is_never_named_in_vain(context: Any) -> None:
    """What is no context is refused, also where it is empty: it would be a run of its own."""
    with Counted() as world, Host.load() as host:
        for run in (host.run, lambda *args, **named: asyncio.run(host.arun(*args, **named))):
            with pytest.raises(UsageError, match=r"The context is a (dict|str), not a RunContext"):
                run("create_price", PRICE, connection=world.connection(), context=context)
        assert world.executed("POST /v1/prices") == 0


def test_runs_without_a_name_are_runs_of_their_own() -> None:
    """Without a run id nothing is taken for a repetition."""
    with Counted() as world, Host.load() as host:
        connection = world.connection()
        ids = {host.run("create_price", PRICE, connection=connection).output["id"] for _ in "ab"}
        assert len(ids) == world.executed("POST /v1/prices") == 2


def test_asyncio_runs_inside_the_host() -> None:
    """Inside `async with`, a host runs many at once over the connections that it shares."""

    async def runs(host: Host, connection: Connection) -> list[Any]:
        async with host:
            return await asyncio.gather(
                *(host.arun("create_price", PRICE, connection=connection) for _ in range(20))
            )

    with Counted() as world:
        results = asyncio.run(runs(Host.load(), world.connection()))
        assert len({result.output["id"] for result in results}) == 20


def test_wrong_inputs_send_nothing() -> None:
    """Every problem of the inputs is told at once by display key, sync and async, unsent."""
    wrong = {"Currency": "dollars", "Unit Amount": -1, "Colour": "red"}
    with Counted() as world:
        host, connection = Host.load(), world.connection()
        with pytest.raises(InvalidInputs) as caught:
            host.run("create_price", wrong, connection=connection)
        assert {*caught.value.problems} >= {"Currency", "Unit Amount", "Colour", "Product"}
        with pytest.raises(InvalidInputs) as later:
            asyncio.run(host.arun("create_price", wrong, connection=connection))
        assert later.value.problems == caught.value.problems
        assert world.asked == []


def test_a_refusal_points_at_the_row() -> None:
    """What Stripe refuses comes back with the display key of the row and the action's id."""
    with Counted() as world, pytest.raises(StripeError) as caught:
        Host.load().run("retrieve_price", {"Price ID": "price_nope"}, connection=world.connection())
    assert (caught.value.display_key, caught.value.status) == ("Price ID", 404)
    assert caught.value.action == "retrieve_price"


def test_without_a_connection_the_environment_says_whose(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that name no connection take the environment's, here the process's emulator."""
    monkeypatch.setenv("STRIPE_API_KEY", "emulator")
    host = Host.load()
    made = host.run("create_product", {"Name": "Plan"})
    assert made.mode == "emulated"
    assert host.run("retrieve_product", {"Product ID": made.output["id"]}).output == made.output
