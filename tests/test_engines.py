"""A flow on an engine is the same flow: what it does, what it keeps, and what a crash leaves."""

import json
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from engine_support import PAY, SECRET, WHOLE, WHOLE_EXECUTED
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from terminal_support import SCRIPT, Terminal, environment, python

from stripe_emulator import Emulator, Fault
from stripe_flow import engines
from stripe_flow.engines.on_dbos import run as running
from stripe_flow.engines.on_dbos import run_flow, workflows
from stripe_flow.engines.on_dbos.__main__ import main as worker
from stripe_flow.engines.on_dbos.database import check_sqlite
from stripe_flow.engines.on_dbos.process import let_go
from stripe_flow.engines.order import Order, Place, identity, told_of
from stripe_flow.engines.worker import Worker
from stripe_flow.flow import Flow, load
from stripe_flow.journal import Journal
from stripe_flow.run import Run
from stripe_plugin import Connection, Host, Policy, UsageError
from stripe_plugin.errors import CardError
from stripe_plugin.secrets import hiding

ENGINES = Path(engines.__file__).parent


def _refusal() -> str:
    """Why DBOS cannot use the SQLite of this Python, if so."""
    try:
        check_sqlite(sys.version_info[:2], sqlite3.sqlite_version_info)
    except UsageError as error:
        return str(error)
    return ""


on_sqlite = pytest.mark.skipif(bool(_refusal()), reason=_refusal() or "it can")


@pytest.mark.parametrize(
    ("python", "sqlite", "is_refused"),
    [
        ((3, 11), (3, 40, 1), False),
        ((3, 12), (3, 40, 1), True),
        ((3, 13), (3, 42, 0), False),
        ((3, 13), (3, 50, 4), False),
    ],
)
def test_an_sqlite_that_is_too_old_is_told(
    python: tuple[int, ...],
    sqlite: tuple[int, ...],
    is_refused: bool,  # noqa: FBT001
) -> None:
    """With what to do instead, before anything is stored."""
    if not is_refused:
        check_sqlite(python, sqlite)
        return
    with pytest.raises(UsageError, match=r"this Python has 3\.40\.1: name a Postgres database"):
        check_sqlite(python, sqlite)


@pytest.fixture
def host() -> Iterator[Host]:
    """The host, which is not patient."""
    with Host.load(policy=Policy(retries=1, first_delay=0.0)) as loaded:
        yield loaded


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Emulator]:
    """An emulator of several processes."""
    with Emulator(tmp_path / "emulator.db") as emulator:
        yield emulator


def account(world: Emulator) -> Connection:
    """A connection to it."""
    return Connection("sk_test_emulator", in_process=world)


def on_engine(flow: Flow, host: Host, world: Emulator, home: Path) -> list[dict[str, Any]]:
    """What comes of a flow on DBOS."""
    outcomes = run_flow(
        flow,
        run_id="r1",
        host=host,
        connection=account(world),
        database_url=f"sqlite:///{home / 'dbos.db'}",
    )
    return [told_of(outcome) for outcome in outcomes]


def executed(world: Emulator) -> list[str]:
    """What was executed and changed something, in order."""
    with world.store.transaction(write=False):
        rows = world.store.run("SELECT method, path FROM executions ORDER BY rowid").fetchall()
    return [f"{method} {path}" for method, path in rows]


def facts(told: Mapping[str, Any]) -> str:
    """What is the same whoever does a step, and in whatever order its items: no ID, no request."""
    result, error = told.get("result"), told.get("error")
    output = result and {
        name: result["output"].get(name) for name in ("object", "name", "description", "metadata")
    }
    return json.dumps([told["step"], output, error and error["category"]])


@on_sqlite
def test_all_of_a_flow_works_on_an_engine(
    host: Host, world: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same comes of every word of a flow as without an engine, and the run is the same run."""
    monkeypatch.setenv("TOKEN", SECRET)
    flow = load("whole.yaml", WHOLE, host, {"more": True})
    on_dbos_told = on_engine(flow, host, world, tmp_path)
    with Emulator() as other, hiding(SECRET):
        alone = Run(host, account(other), "r1", Journal(tmp_path / "other.db")).flow(flow)
        assert sorted(map(facts, on_dbos_told)) == sorted(map(facts, map(told_of, alone)))
    again = Run(host, account(world), "r1", Journal(tmp_path / "runs.db")).flow(flow)
    told = [told_of(outcome) for outcome in again]
    assert [*map(facts, told)] == [*map(facts, on_dbos_told)]
    assert all(each["result"]["replayed"] for each in told if "result" in each)
    assert Counter(executed(world)) == WHOLE_EXECUTED
    stored = b"".join(
        file.read_bytes() for name in ("dbos", "runs") for file in tmp_path.glob(f"{name}.db*")
    )
    assert b"Jenny" in stored
    assert SECRET.encode() not in stored
    assert b"sk_test_emulator" not in stored


@on_sqlite
def test_another_card_in_the_same_run(host: Host, world: Emulator, tmp_path: Path) -> None:
    """A card is refused, another taken under the same run ID; once more, nothing is executed."""
    declined = load("pay.yaml", PAY.replace("CARD", "pm_card_chargeDeclined"), host)
    with pytest.raises(CardError, match="declined") as refused:
        on_engine(declined, host, world, tmp_path)
    assert any("The flow stopped at" in note for note in refused.value.__notes__)
    good = load("pay.yaml", PAY.replace("CARD", "pm_card_visa"), host)
    [paid] = on_engine(good, host, world, tmp_path)
    [again] = on_engine(good, host, world, tmp_path)
    assert paid["result"]["output"]["status"] == "succeeded"
    assert again["result"] == {**paid["result"], "replayed": True}
    assert len(executed(world)) == 2  # the refusal is Stripe's work, too


@on_sqlite
def test_accounts_share_a_database(host: Host, tmp_path: Path) -> None:
    """Runs of two accounts in one database, under one run ID, are two runs."""
    flow = load("f.yaml", "steps: [{id: a, action: create_product, inputs: {Name: P}}]", host)
    for name in ("one", "other"):
        with Emulator(tmp_path / f"{name}.db") as world:
            [told] = on_engine(flow, host, world, tmp_path)
            assert not told["result"]["replayed"]
            assert executed(world) == ["POST /v1/products"]


@on_sqlite
def test_an_unknown_outcome_is_put_off(
    host: Host, world: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step whose answers are lost is done again until one arrives, under the same key."""
    monkeypatch.setattr(workflows, "FIRST_PAUSE", 0.1)
    world.faults.add(Fault("cut_after", method="POST", times=5))
    flow = load("f.yaml", "steps: [{id: a, action: create_product, inputs: {Name: P}}]", host)
    [told] = on_engine(flow, host, world, tmp_path)
    assert told["result"]["output"]["name"] == "P"
    assert executed(world) == ["POST /v1/products"]


@on_sqlite
def test_a_killed_flow_goes_on(tmp_path: Path, world: Emulator) -> None:
    """Killed when an item is done but not answered, the same command goes on, and none is twice."""
    (tmp_path / "whole.yaml").write_text(WHOLE, "utf-8")
    env = environment(tmp_path, TOKEN=SECRET, PYTHONWARNINGS="default")
    words = ["flow", str(tmp_path / "whole.yaml"), "--input", "more=true", "--engine", "dbos"]
    command = [str(SCRIPT), *words, "--run-id", "r1", "--json"]
    world.faults.add(Fault("delay_after", path="/v1/customers", method="POST", seconds=30.0))
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as run:
        while "POST /v1/customers" not in executed(world):
            assert run.poll() is None, run.communicate()
        run.send_signal(signal.SIGKILL)
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert [line["step"] for line in lines].count("make") == 4, done.stderr
    assert Counter(executed(world)) == WHOLE_EXECUTED


@on_sqlite
def test_an_interrupted_read_keeps_nobody_from_writing(tmp_path: Path) -> None:
    """An interrupt that strikes between two rows leaves the file locked until it is let go."""
    url = f"sqlite:///{tmp_path / 'dbos.db'}"
    asking, writing = create_engine(url), create_engine(url, connect_args={"timeout": 0})
    with writing.begin() as database:
        database.execute(text("CREATE TABLE kept AS VALUES (1), (2), (3)"))

    def ask() -> None:
        with asking.begin() as database:
            rows = database.execute(text("SELECT * FROM kept"))
            rows.fetchone()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt) as interrupted:
        ask()
    add = text("INSERT INTO kept VALUES (4)")
    with pytest.raises(OperationalError, match="locked"), writing.begin() as database:
        database.execute(add)
    let_go(interrupted.value)
    with writing.begin() as database:
        database.execute(add)
    asking.dispose()
    writing.dispose()


@on_sqlite
def test_a_run_that_is_interrupted_as_it_begins_is_left(
    host: Host, world: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of it is waited for that nobody will do, and it goes on under its run ID."""
    flow = load("f.yaml", "steps: [{id: a, action: create_product, inputs: {Name: P}}]", host)

    def interrupted(_: str) -> Iterator[Any]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(running, "_outcomes", interrupted)
        with pytest.raises(KeyboardInterrupt):
            on_engine(flow, host, world, tmp_path)
    with closing(sqlite3.connect(tmp_path / "dbos.db")) as database:
        found = database.execute("SELECT status FROM workflow_status").fetchall()
    assert {status for (status,) in found}.isdisjoint(running.ACTIVE)
    [told] = on_engine(flow, host, world, tmp_path)
    assert told["result"]["output"]["name"] == "P"
    assert executed(world) == ["POST /v1/products"]


# --- what is refused ------------------------------------------------------------------------------


def test_a_secret_is_not_stored(host: Host) -> None:
    """A key in a file or an input is refused before an engine stores it; it is not repeated."""
    key = "sk_test_" + 24 * "a"
    text = f"steps: [{{id: a, action: create_product, inputs: {{Name: {key}}}}}]"
    with pytest.raises(UsageError, match=r"env\.NAME") as refused:
        Order.of(load("f.yaml", text, host), "r1", Connection.emulator())
    assert key not in str(refused.value)


def test_a_worker_of_another_account_refuses(host: Host, tmp_path: Path) -> None:
    """A worker runs nothing on another account than the run was begun with."""
    owner = identity(Connection("sk_test_" + 24 * "a"))
    worker = Worker(host, Connection.emulator(), Journal(tmp_path / "runs.db"))
    told = worker.step(Place("r1", owner, "order:", "known:", step="a", name="a"))
    assert "another account or mode" in told["error"]["text"]


def test_identities_differ() -> None:
    """Accounts, modes and keys have names of their own, of which none gives the key away."""
    key, other = "sk_test_" + 24 * "a", "sk_test_" + 24 * "b"
    connections = [
        *(Connection(key), Connection(other), Connection(key, "acct_1234567890abcdef")),
        *(Connection(key, base_url="http://127.0.0.1:9"), Connection.emulator()),
    ]
    assert len({identity(connection) for connection in connections}) == len(connections)
    assert identity(Connection(key)) == identity(Connection(key))


@pytest.mark.parametrize("url", ["", "mysql://u:hidden@h/d", "sqlite://", "postgresql:hidden@"])
def test_an_address_is_refused_without_its_password(
    url: str, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is no address of a database is refused in words that do not repeat it."""
    monkeypatch.delenv("DBOS_SYSTEM_DATABASE_URL", raising=False)
    flow = load("f.yaml", "steps: [{id: a, action: list_products}]", host)
    run = run_flow(flow, run_id="r1", host=host, connection=Connection.emulator(), database_url=url)
    with pytest.raises(UsageError, match="no address of a database") as refused:
        next(run)
    assert "hidden" not in str(refused.value)


def test_a_database_that_is_not_named_is_told_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A worker without the variable says that it is not set, and its usage says what it needs."""
    monkeypatch.setenv("STRIPE_API_KEY", "emulator")
    monkeypatch.delenv("DBOS_SYSTEM_DATABASE_URL", raising=False)
    with pytest.raises(SystemExit, match="DBOS_SYSTEM_DATABASE_URL is not set: have it name"):
        worker([])
    monkeypatch.setenv("DBOS_SYSTEM_DATABASE_URL", "")
    with pytest.raises(SystemExit, match="DBOS_SYSTEM_DATABASE_URL is no address of a database"):
        worker([])
    with pytest.raises(SystemExit, match="no word but --allow-live"):
        worker(["--helpp"])
    for word in ("--help", "-h"):
        worker([word])
        usage, _ = capsys.readouterr()
        assert usage.startswith("usage: python -m stripe_flow.engines.on_dbos [--allow-live]\n")
        assert "DBOS_SYSTEM_DATABASE_URL" in usage


READS = "steps: [{id: a, action: list_products}]"
CONTRADICTIONS = {
    "--rate 5": "needs --engine",
    "--engine dbos --keep ids": "leave one of both out",
    "--engine dbos --check": "leave --engine out",
    "--engine dbos --run-id sk_test_aaaaaaaaaaaaaaaaaaaaaaaa": "may not hold a key",
    f"--engine dbos --run-id {'r' * 401}": "at most 400 characters",
}


@pytest.mark.parametrize("words", CONTRADICTIONS)
def test_what_cannot_be_said_of_an_engine_is_refused(words: str, tmp_path: Path) -> None:
    """Words that contradict each other, or an engine cannot keep, are refused before it starts."""
    (tmp_path / "reads.yaml").write_text(READS, "utf-8")
    terminal = Terminal(tmp_path)
    done = terminal("flow", str(tmp_path / "reads.yaml"), *words.split(), code=2)
    assert CONTRADICTIONS[words] in " ".join(done.stderr.split())
    assert not (tmp_path / "dbos.db").exists()


def test_a_missing_engine_names_its_extra(tmp_path: Path) -> None:
    """Without the extra, an engine says which one brings it."""
    code = """
import sys
sys.modules["dbos"] = None
from stripe_plugin import UsageError
try:
    import stripe_flow.engines.on_dbos
except UsageError as error:
    print(error)
"""
    assert 'pip install "stripe-nodes[dbos]"' in python(code, tmp_path)


def test_a_flow_without_an_engine_imports_none(tmp_path: Path) -> None:
    """The command that has engines costs nothing of theirs, as long as none is asked for."""
    code = """
import sys
import stripe_terminal.commands.flow, stripe_flow.flow, stripe_flow.run
print({"dbos", "prefect", "sqlalchemy"} & {*sys.modules})
"""
    assert python(code, tmp_path) == "set()\n"


@pytest.mark.parametrize("file", sorted(ENGINES.glob("on_*/*.py")), ids=lambda file: file.stem)
def test_a_bridge_is_short(file: Path) -> None:
    """Each file of what is an engine's own is read in one go."""
    assert len(file.read_text("utf-8").splitlines()) < 150
