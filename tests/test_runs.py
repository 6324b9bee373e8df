"""What is known the next day of what has run: in a list, one by one, and how it is forgotten."""

import json
import os
import pty
import subprocess
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from terminal_support import (
    KEY,
    LIVE_KEY,
    SCRIPT,
    Counted,
    Terminal,
    changing,
    environment,
    install,
)

from stripe_emulator import Fault, serve
from stripe_flow import Journal, Step, run_step
from stripe_flow.bounded import Bounded
from stripe_flow.journal import digest
from stripe_flow.runs import kept_runs, older
from stripe_plugin import Connection, Host, UsageError
from stripe_terminal.consent import ask
from stripe_terminal.screen import Screen

MADE = ("run", "create_customer", "Name=Jenny Rosen", "Email=jenny@example.com")
REFUSED = ("run", "retrieve_customer", "Customer ID=cus_absent")
FLOW = {
    "steps": [
        {"id": "made", "action": "create_customer", "inputs": {"Email": "jenny@example.com"}},
        {
            "id": "again",
            "action": "update_customer",
            "inputs": {"Customer ID": "${{ steps.made.id }}", "Phone": "${{ steps.made.email }}"},
        },
    ]
}


@pytest.fixture
def world() -> Iterator[Counted]:
    """An emulator that counts."""
    with Counted() as made:
        yield made


@pytest.fixture
def terminal(world: Counted, tmp_path: Path) -> Iterator[Terminal]:
    """A terminal whose Stripe is that emulator on a socket."""
    with serve(world) as server:
        yield Terminal(tmp_path / "home", STRIPE_API_KEY=KEY, STRIPE_API_BASE=server.url)


def listed(terminal: Terminal) -> list[dict[str, Any]]:
    """What `runs --json` tells."""
    found: list[dict[str, Any]] = json.loads(terminal("runs", "--json").stdout)
    return found


def one(terminal: Terminal, run_id: str) -> dict[str, Any]:
    """What `runs show --json` tells of a run."""
    [found] = json.loads(terminal("runs", "show", run_id, "--json").stdout)
    return dict(found)


def test_runs_are_listed(terminal: Terminal) -> None:
    """`runs` lists the newest first: what, when, how it ended, how many steps."""
    assert listed(terminal) == []
    terminal(*MADE, "--run-id", "made")
    terminal(*REFUSED, "--run-id", "refused", "--account", "acct_1", code=3)
    terminal("flow", "-", "--run-id", "flow", stdin=json.dumps(FLOW))
    words = ("run_id", "what", "outcome", "finished", "steps", "mode", "account")
    assert [tuple(run[word] for word in words) for run in listed(terminal)] == [
        ("flow", "standard input", "done", True, 2, "test", None),
        ("refused", "retrieve_customer", "refused", True, 1, "test", "acct_1"),
        ("made", "create_customer", "done", True, 1, "test", None),
    ]
    for run in listed(terminal):
        assert time.time() - 60 < run["begun"] <= run["ended"] <= time.time()
    lines = terminal("runs").stdout.splitlines()
    assert "refused" in lines[1]
    assert lines[1].endswith("retrieve_customer  0 of 1 done")


def test_what_was_only_mistyped_does_not_crowd_the_list(terminal: Terminal) -> None:
    """Of refused inputs nothing was sent: such a run is counted, and listed where that is asked."""
    terminal(*MADE, "--run-id", "made")
    terminal("run", "create_customer", "Nmae=Jenny", "--run-id", "mistyped", code=2)
    terminal(*REFUSED, "--run-id", "mended", code=3)
    terminal("run", "retrieve_customer", "Customr=cus_absent", "--run-id", "mended", code=2)
    assert [run["run_id"] for run in listed(terminal)] == ["mended", "mistyped", "made"]
    told = terminal("runs")
    assert len(told.stdout.splitlines()) == 2
    assert "mistyped" not in told.stdout
    assert "3 runs in" in told.stderr
    assert "1 of them only had inputs that were refused, and sent nothing: --all" in told.stderr
    whole = terminal("runs", "--all")
    assert len(whole.stdout.splitlines()) == 3
    assert "--all" not in whole.stderr
    assert "Nmae is not an input" in terminal("runs", "show", "mistyped").stdout
    assert "--all is for the list" in terminal("runs", "--all", "show", "made", code=2).stderr


def test_a_run_is_shown(terminal: Terminal) -> None:
    """`runs show` tells of each step its action, object, request and inputs' names."""
    made = json.loads(terminal(*MADE, "--run-id", "r1", "--json").stdout)
    [step] = one(terminal, "r1")["steps"]
    assert (step["action"], step["object"]) == ("create_customer", made["output"]["id"])
    assert step["inputs"] == ["Name", "Email"]
    assert (step["request_id"], step["error"]) == (made["request_id"], None)
    shown = terminal("runs", "show", "r1").stdout
    for words in ("inputs: Name, Email", made["request_id"], made["output"]["id"], "done"):
        assert words in shown
    assert "jenny@example.com" not in shown


def test_why_a_step_failed_is_kept(terminal: Terminal) -> None:
    """The reason of a refusal, its code and Stripe's request ID are there the next day."""
    told = json.loads(terminal(*REFUSED, "--run-id", "r1", "--json", code=3).stdout)["error"]
    [step] = one(terminal, "r1")["steps"]
    assert step["outcome"] == "refused"
    for word in ("text", "code", "request_id", "status", "category", "display_key"):
        assert step["error"][word] == told[word]
    shown = terminal("runs", "show", "r1").stdout
    assert "No such customer: 'cus_absent' · resource_missing" in shown
    assert told["request_id"] in shown


def test_each_kind_of_end_is_told(terminal: Terminal, world: Counted, tmp_path: Path) -> None:
    """What a guard stopped was not sent; of what had no answer nobody knows; both say why."""
    guard = (
        "from stripe_plugin import Denied, hookimpl\n"
        "@hookimpl\n"
        "def run_action(action):\n    raise Denied('not on a Friday')\n"
    )
    install(tmp_path / "site", "acme", "[stripe_plugin.v1]\nacme = acme_plug\n", {
        "acme_plug.py": guard
    })  # fmt: skip
    apart = Terminal(
        terminal.home, apart=True, **{**terminal.env, "PYTHONPATH": str(tmp_path / "site")}
    )
    apart(*MADE, "--run-id", "denied", code=3)
    [step] = one(terminal, "denied")["steps"]
    assert (step["outcome"], step["error"]["text"]) == ("unsent", "not on a Friday")
    world.faults.add(Fault("server_error", times=None))
    host = Host.load()
    journal = Journal(terminal.home / "runs.db")
    from stripe_flow.run import Run
    from stripe_plugin import Policy, StripeError

    hasty = Host.load(policy=Policy(retries=0, timeout=10))
    run = Run(hasty, world.connection(), "lost", journal, what="create_customer")
    with pytest.raises(StripeError) as caught:
        run.step(Step("make", "create_customer", {"Name": "Jenny"}))
    assert caught.value.outcome_unknown
    found = one(terminal, "lost")
    assert (found["outcome"], found["finished"]) == ("unknown", False)
    assert found["steps"][0]["error"]["request_id"] == caught.value.request_id
    world.faults.clear()
    run = Run(host, world.connection(), "lost", journal, what="create_customer")
    run.step(Step("make", "create_customer", {"Name": "Jenny"}))
    [step] = one(terminal, "lost")["steps"]
    assert (step["outcome"], step["error"]) == ("done", None)


def test_no_secret_is_kept(terminal: Terminal, tmp_path: Path) -> None:
    """The reason of a failure and the names of inputs are kept without secrets, and not endless."""
    guard = (
        "from stripe_plugin import hookimpl\n"
        "@hookimpl\n"
        f"def run_action(action):\n    raise RuntimeError('{LIVE_KEY} ' + 'x' * 100_000)\n"
    )
    points = "[stripe_plugin.v1]\nacme = acme_plug\n"
    install(tmp_path / "site", "acme", points, {"acme_plug.py": guard})
    env = {**terminal.env, "PYTHONPATH": str(tmp_path / "site")}
    Terminal(terminal.home, apart=True, **env)(*MADE, "--run-id", "r1", code=1)
    terminal("run", "create_customer", f"{LIVE_KEY}=1", "--run-id", "r2", code=2)
    kept = (terminal.home / "runs.db").read_bytes()
    assert LIVE_KEY.removeprefix("sk_live_").encode() not in kept
    assert len(kept) < 100_000
    [step] = one(terminal, "r1")["steps"]
    assert step["error"]["text"].startswith("RuntimeError: sk_live_… xxx")
    [step] = one(terminal, "r2")["steps"]
    assert (step["outcome"], step["inputs"]) == ("unsent", ["sk_live_…"])


def test_a_flow_that_stopped_is_unfinished(terminal: Terminal) -> None:
    """A flow that stopped between two steps is not done, until it is gone on with."""
    wrong = json.loads(json.dumps(FLOW))
    wrong["steps"][1]["inputs"]["Phone"] = "${{ steps.made.nothing }}"
    terminal("flow", "-", "--run-id", "r1", stdin=json.dumps(wrong), code=2)
    found = one(terminal, "r1")
    assert (found["outcome"], found["finished"], len(found["steps"])) == ("unfinished", False, 1)
    [stop] = found["stops"]
    assert (stop["place"], stop["error"]["category"]) == (
        "standard input, line 1, step again",
        "usage",
    )
    assert "step again: " in terminal("runs", "show", "r1").stdout
    assert "finds nothing" in terminal("runs", "show", "r1").stdout
    terminal("flow", "-", "--run-id", "r1", stdin=json.dumps(FLOW))
    assert one(terminal, "r1")["outcome"] == "done"
    assert "finds nothing" not in terminal("runs", "show", "r1").stdout


def test_why_one_item_failed_is_kept(terminal: Terminal) -> None:
    """The next day each item that failed is found with its reason, whoever said no."""
    steps = [
        {"id": "some", "action": "retrieve_customer", "foreach": ["cus_a", "", "cus_b"],
         "on_error": "collect", "inputs": {"Customer ID": "${{ item }}"}},
    ]  # fmt: skip
    terminal("flow", "-", "--run-id", "r1", stdin=json.dumps({"steps": steps}), code=3)
    found = one(terminal, "r1")
    assert (found["outcome"], found["finished"], found["done"]) == ("refused", False, 0)
    assert [stop["error"]["category"] for stop in found["stops"]] == [
        "invalid_request",
        "invalid_inputs",
        "invalid_request",
    ]
    shown = terminal("runs", "show", "r1").stdout
    for words in ("No such customer: 'cus_a'", "No such customer: 'cus_b'", "item 2", "required"):
        assert words in shown


def test_a_run_that_is_not_there(terminal: Terminal) -> None:
    """A run ID that is unknown is refused with the nearest."""
    assert "`stripe-nodes runs` lists" in terminal("runs", "show", "octobre", code=2).stderr
    terminal(*MADE, "--run-id", "october")
    assert "did you mean october?" in terminal("runs", "show", "octobre", code=2).stderr


def test_looking_makes_no_journal(tmp_path: Path) -> None:
    """Where nothing has run, nothing is made by looking."""
    terminal = Terminal(tmp_path)
    terminal("runs")
    terminal("runs", "prune", "--older-than", "1d")
    assert [*tmp_path.iterdir()] == []


# --- prune ----------------------------------------------------------------------------------------


def test_old_runs_are_forgotten(terminal: Terminal) -> None:
    """`prune` forgets what is old and finished; what was kept of people leaves the file."""
    terminal(*MADE, "--run-id", "done")
    wrong = {"steps": [*FLOW["steps"][:1], {**FLOW["steps"][1], "inputs": {"Phone": "1"}}]}
    terminal("flow", "-", "--run-id", "half", stdin=json.dumps(wrong), code=2)
    assert b"Jenny Rosen" in (terminal.home / "runs.db").read_bytes()
    young = terminal("runs", "prune", "--older-than", "1d", "--yes")
    assert "0 runs forgotten" in young.stdout
    done = terminal("runs", "prune", "--older-than", "0s", "--yes", "--json")
    assert json.loads(done.stdout)["forgotten"] == ["done"]
    assert b"Jenny Rosen" not in (terminal.home / "runs.db").read_bytes()
    rest = [run["run_id"] for run in listed(terminal)]
    terminal("runs", "prune", "--older-than", "0s", "--yes", "--unfinished")
    assert listed(terminal) == []
    assert rest in ([], ["half"])


def test_what_is_unfinished_stays(tmp_path: Path, world: Counted) -> None:
    """What a person may go on with is forgotten only when that is said."""
    from stripe_flow.flow import load
    from stripe_flow.run import Run

    host, journal = Host.load(), Journal(tmp_path / "runs.db")
    run = Run(host, world.connection(), "half", journal)
    next(run.flow(load("a flow", json.dumps(FLOW), host)))
    [kept] = kept_runs(journal)
    assert kept.outcome == "unfinished"
    later = time.time() + 60
    assert [*older([kept], later, unfinished=False)] == []
    assert [*older([kept], later, unfinished=True)] == [kept]
    assert [*older([kept], time.time() - 60, unfinished=True)] == []


def test_a_run_that_went_on_meanwhile_stays(tmp_path: Path, world: Counted) -> None:
    """Between the question and the answer a run may go on: it is not forgotten then."""
    from stripe_flow.run import Run

    journal = Journal(tmp_path / "runs.db")
    run = Run(Host.load(), world.connection(), "r1", journal)
    run.step(Step("one", "create_customer", {}))
    [kept] = kept_runs(journal)
    run.step(Step("two", "create_customer", {}))
    assert not journal.forget(kept.scope, len(kept.entries))
    assert len(kept_runs(journal)[0].steps) == 2


def asked(words: list[str], env: dict[str, str], answer: str) -> tuple[int, str]:
    """The exit code and all that a person reads, who answers so on a terminal."""
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    with subprocess.Popen(
        [str(SCRIPT), *words], env=env, stdin=theirs, stdout=theirs, stderr=theirs
    ) as child:
        os.close(theirs)
        told = bytearray()
        try:
            while found := os.read(ours, 10_000):
                told += found
        except OSError:  # it has ended
            pass
        code = child.wait(30)
    os.close(ours)
    return code, " ".join(told.decode().split())


@pytest.mark.parametrize(("answer", "code", "left"), [("yes", 0, 0), ("y", 2, 1), ("", 2, 1)])
def test_prune_asks(answer: str, code: int, left: int, terminal: Terminal) -> None:
    """On a terminal a person is asked; anything but yes leaves all as it is."""
    terminal(*MADE)
    words = ["runs", "prune", "--older-than", "0s"]
    ended, told = asked(words, environment(terminal.home, **terminal.env), answer)
    assert ended == code
    assert "This forgets 1 of 1 runs" in told
    assert len(listed(terminal)) == left


def test_nobody_is_asked_without_a_terminal(terminal: Terminal) -> None:
    """Without a terminal and without --yes nothing is forgotten."""
    terminal(*MADE)
    assert "say --yes" in terminal("runs", "prune", "--older-than", "0s", code=2).stderr
    assert len(listed(terminal)) == 1


@pytest.mark.parametrize("age", ["", "90", "1y", "-1d", "soon"])
def test_an_age_that_is_none(age: str, terminal: Terminal) -> None:
    """An age has a number and a unit."""
    done = terminal("runs", "prune", f"--older-than={age}", "--yes", code=2)
    assert "Invalid value for '--older-than'" in done.stderr


# --- what is kept ---------------------------------------------------------------------------------


def test_only_ids_are_kept(terminal: Terminal, world: Counted) -> None:
    """With `--keep ids` no row holds what people typed; repeated, ID and status are there."""
    made = json.loads(terminal(*MADE, "--run-id", "r1", "--keep", "ids").stdout)
    assert made["email"] == "jenny@example.com"
    assert b"jenny@example" not in (terminal.home / "runs.db").read_bytes()
    again = terminal(*MADE, "--run-id", "r1", "--json")
    result = json.loads(again.stdout)
    assert (result["output"], result["replayed"]) == ({"id": made["id"]}, True)
    assert "only ID and status were kept" in again.stderr
    assert len(world.asked) == 1
    terminal(*REFUSED, "--run-id", "r2", code=3, STRIPE_NODES_KEEP="ids")
    assert b"No such customer" not in (terminal.home / "runs.db").read_bytes()
    [step] = one(terminal, "r2")["steps"]
    assert (step["error"]["code"], step["error"]["status"]) == ("resource_missing", 404)


def test_no_item_is_named_where_only_ids_are_kept(terminal: Terminal) -> None:
    """With `--keep ids` neither does it say for whom a step failed, but for which number."""
    step: dict[str, Any] = {"id": "a", "action": "create_customer"}
    step["foreach"] = ["jenny@example.com"]
    step |= {"on_error": "collect", "inputs": {"Email": "${{ item }}", "Name": "${{ item.x }}"}}
    flow = ("flow", "-", "--run-id", "r1", "--keep")
    terminal(*flow, "ids", stdin=json.dumps({"steps": [step]}), code=2)
    assert b"jenny@example" not in (terminal.home / "runs.db").read_bytes()
    [stop] = one(terminal, "r1")["stops"]
    assert stop["place"].endswith("step a, item 1")
    terminal(*flow, "all", stdin=json.dumps({"steps": [step]}), code=2)
    assert one(terminal, "r1")["stops"][-1]["place"].endswith("item 1 (jenny@example.com)")


def stopped(terminal: Terminal, phone: str) -> Callable[..., Any]:
    """A flow with `--keep ids` of which the first step is done, and how it is gone on with."""
    flow = json.loads(json.dumps(FLOW))
    flow["steps"][1]["inputs"]["Phone"] = phone
    half = {"steps": flow["steps"][:1]}
    terminal("flow", "-", "--run-id", "r1", "--keep", "ids", stdin=json.dumps(half))
    return partial(terminal, "flow", "-", "--run-id", "r1", stdin=json.dumps(flow))


def test_a_flow_goes_on_with_ids(terminal: Terminal) -> None:
    """What refers to IDs alone goes on."""
    stopped(terminal, "${{ steps.made.id }}")()


@pytest.mark.parametrize(
    "reference",
    [
        "steps.made.email",
        "steps.made.email || 'none'",
        "steps.made",
        "to_string(steps.made)",
        "keys(steps.made)[0]",
        "values(steps.made)[0]",
        "merge(steps.made, steps.made)",
        "length(steps.made)",
        "steps.made.*",
        "steps.made.metadata.x",
    ],
)
def test_what_was_not_kept_cannot_be_referred_to(reference: str, terminal: Terminal) -> None:
    """A flow that goes on takes nothing for what was not kept: it is refused, and says so."""
    go_on = stopped(terminal, f"${{{{ {reference} }}}}")
    told = go_on(code=2).stderr
    assert "steps.made" in told or "not kept" in told or "finds nothing" in told


def test_a_bounded_output() -> None:
    """It gives its ID and status, and says of all else that it was not kept."""
    known = Bounded({"id": "cus_1"})
    assert (known.get("id"), known.get("status")) == ("cus_1", None)
    with pytest.raises(UsageError, match="email was not kept"):
        known.get("email")
    with pytest.raises(UsageError, match="under a new run ID"):
        known.values()


# --- other versions -------------------------------------------------------------------------------

EARLIER: dict[str, Any] = {
    "run": {"key": "0123456789abcdef", "by": "a"},
    "make/0/0": {"at": 1700000000.0, "asked": "x", "by": "a"},
    "make/0/1": {"end": "refused", "by": "a"},
    "make/1/0": {"at": 1700000001.0, "asked": "x", "by": "a"},
}
DONE = {"output": {"id": "cus_1"}, "request_id": "req_1", "attempts": 1, "replayed": False}
LATER = {**DONE, "livemode": False, "mode": "test", "note": None, "weather": "fine"}


def keep_rows(file: Path, run: str, rows: dict[str, Any]) -> None:
    """Puts rows into a journal as another version wrote them."""
    Journal(file)
    with changing(file) as database:
        for name, entry in rows.items():
            value = json.dumps(entry)
            row = (run, name, value, digest(run, name, value))
            database.execute("INSERT INTO kept VALUES (?, ?, ?, ?)", row)


@pytest.mark.parametrize("result", [DONE, LATER, {}, {"output": None}], ids=str)
def test_what_another_version_kept(result: Any, tmp_path: Path) -> None:
    """Runs that another version kept are listed and shown as far as they are known."""
    scope = json.dumps(["test", "https://api.stripe.com", None, "old"])
    ended = {"make/1/1": {"end": "done", "result": result, "by": "a"}}
    for rows, outcome in ((EARLIER, "unknown"), ({**EARLIER, **ended}, "done")):
        home = tmp_path / outcome
        home.mkdir()
        keep_rows(home / "runs.db", scope, rows)
        terminal = Terminal(home)
        [run] = listed(terminal)
        assert (run["outcome"], run["begun"], run["what"]) == (outcome, 1700000000.0, None)
        assert "not kept" in terminal("runs").stdout
        assert "2 tries" in terminal("runs", "show", "old").stdout.replace("tries 2", "2 tries")


@pytest.mark.parametrize("result", [LATER, {"output": {}}, {}, [], "done"], ids=str)
def test_a_result_of_another_version(result: Any, tmp_path: Path, world: Counted) -> None:
    """A step whose result another version kept with other fields is refused in words."""
    journal, host, connection = Journal(tmp_path / "runs.db"), Host.load(), world.connection()
    step = Step("make", "create_customer", {})
    keep = partial(journal.keep, "r1")
    run_step(keep, host, step, connection=connection, run_id="r1")
    with changing(tmp_path / "runs.db") as database:
        sql = "SELECT value FROM kept WHERE name = 'make/0/1'"
        [[value]] = database.execute(sql).fetchall()
        other = json.dumps({**json.loads(value), "result": result})
        row = (other, digest("r1", "make/0/1", other))
        database.execute("UPDATE kept SET value = ?, digest = ? WHERE name = 'make/0/1'", row)
    with pytest.raises(UsageError, match="of another version"):
        run_step(keep, host, step, connection=connection, run_id="r1")
    assert len(world.asked) == 1


def test_a_run_id_of_another_day(terminal: Terminal) -> None:
    """A run ID that is repeated day by day, as by cron, is warned of: nothing is done again."""
    terminal(*MADE, "--run-id", "nightly")
    again = terminal(*MADE, "--run-id", "nightly").stderr
    assert "is not done again" not in again
    age(terminal.home / "runs.db", 25 * 60 * 60)
    again = terminal(*MADE, "--run-id", "nightly").stderr
    assert "! The run ID nightly is of " in again
    assert "needs a new one, or none" in again


def age(file: Path, seconds: float) -> None:
    """Lets the runs of a journal have begun earlier."""
    with changing(file) as database:
        rows = database.execute("SELECT run, value FROM kept WHERE name = 'run'").fetchall()
        for run, value in rows:
            entry = json.loads(value)
            other = json.dumps({**entry, "at": entry["at"] - seconds})
            row = (other, digest(run, "run", other), run)
            sql = "UPDATE kept SET value = ?, digest = ? WHERE run = ? AND name = 'run'"
            database.execute(sql, row)


# --- what cannot be undone ------------------------------------------------------------------------

DELETE = ["run", "delete_customer", "Customer ID=cus_absent", "--allow-live"]


def live(terminal: Terminal) -> dict[str, str]:
    """The environment with a key that looks live, whose Stripe is on loopback."""
    return environment(terminal.home, **{**terminal.env, "STRIPE_API_KEY": LIVE_KEY})


def test_a_person_is_asked(terminal: Terminal, world: Counted) -> None:
    """Before something is deleted in a live account, a person on a terminal types yes."""
    code, told = asked(DELETE, live(terminal), "no")
    assert (code, world.asked) == (2, [])
    assert "Delete a customer for good" in told
    assert "in the live account" in told
    code, _ = asked(DELETE, live(terminal), "yes")
    assert (code, len(world.asked)) == (3, 1)


def test_without_a_terminal_it_is_refused(terminal: Terminal, world: Counted) -> None:
    """Where nobody can be asked it is refused, unless --yes was said; a flow before it begins."""
    refused = terminal(*DELETE, code=2, STRIPE_API_KEY=LIVE_KEY)
    assert "say --yes" in refused.stderr
    step = {"id": "gone", "action": "delete_customer", "inputs": {"Customer ID": "cus_absent"}}
    flow = json.dumps({"steps": [FLOW["steps"][0], step]})
    given = {"stdin": flow, "STRIPE_API_KEY": LIVE_KEY}
    assert "say --yes" in terminal("flow", "-", "--allow-live", code=2, **given).stderr
    assert world.asked == []
    assert listed(terminal) == []
    terminal(*DELETE, "--yes", code=3, STRIPE_API_KEY=LIVE_KEY)
    assert len(world.asked) == 1


def test_a_flow_is_asked_for_its_accounts(terminal: Terminal, world: Counted) -> None:
    """A step that acts on an account of its own is asked for by that account."""
    step = {"id": "gone", "action": "delete_customer", "inputs": {"Customer ID": "cus_absent"}}
    step["options"] = {"Account": "acct_of_its_own"}
    flow = json.dumps({"steps": [step]})
    given = {"stdin": flow, "STRIPE_API_KEY": LIVE_KEY}
    told = terminal("flow", "-", "--allow-live", code=2, **given).stderr
    assert "in the live account acct_of_its_own." in " ".join(told.split())
    assert world.asked == []


def test_a_closed_stream_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where standard input was closed, nobody has said yes."""
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(UsageError, match="say --yes"):
        ask(Screen(stderr=True), "This cannot be undone.")


def test_nobody_is_asked_for_less(terminal: Terminal, world: Counted) -> None:
    """A test key, or what can be undone, asks nobody."""
    terminal("run", "delete_customer", "Customer ID=cus_absent", code=3)
    terminal("run", "create_customer", "--allow-live", STRIPE_API_KEY=LIVE_KEY, code=3)
    assert len(world.asked) == 2


def test_a_live_connection_is_meant(world: Counted) -> None:
    """The key of these tests is live to us, and its Stripe is this machine."""
    with serve(world) as server:
        assert Connection(LIVE_KEY, base_url=server.url, allow_live=True).mode == "live"
