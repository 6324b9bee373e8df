"""A flow that is killed goes on where it stopped: real processes, SIGKILL, one emulator file.

What goes on knows nothing but the files: it may run in this process, which starts at once.
STRIPE_NODES_CRASHES=100 adds flows killed at random moments to the twelve chosen ones, up to 100.
"""

import json
import os
import random
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

import attrs
import pytest
from terminal_support import SCRIPT, Terminal, environment

from stripe_emulator import Emulator, Fault, serve
from stripe_flow.journal import digest
from stripe_plugin import Policy

FLOW = """\
steps:
  - id: customer
    action: create_customer
    inputs: { Name: Jenny Rosen }
  - id: read
    action: retrieve_customer
    inputs: { Customer ID: "${{ steps.customer.id }}" }
  - id: product
    action: create_product
    inputs: { Name: "Plan of ${{ steps.read.name }}" }
  - id: gone
    action: delete_customer
    inputs: { Customer ID: "${{ steps.read.id }}" }
"""
# What each step asks for, as faults choose requests; what is executed before it, and with it.
STEPS: Mapping[str, tuple[str, str, int, int]] = {
    "customer": ("POST", "/v1/customers", 0, 1),
    "read": ("GET", "/v1/customers/*", 1, 1),
    "product": ("POST", "/v1/products", 1, 2),
    "gone": ("DELETE", "/v1/customers/*", 2, 3),
}
ALL_DONE = ["POST customers", "POST products", "DELETE customers"]
LONG = 30.0

Process = subprocess.Popen[str]
# before: the request is on its way, nothing is done. during: it is done, but not answered.
# after: it is answered and noted, and the flow goes on. any: as the seed says, again and again.
When = Literal["before", "during", "after", "any"]


@attrs.frozen
class Point:
    """Where a flow is killed."""

    when: When
    step: str = ""
    seed: int = 0

    def __str__(self) -> str:
        return f"{self.when}-{self.step or self.seed}"


CHOSEN = [Point(when, step) for step in STEPS for when in ("before", "during", "after")]
WANTED = int(os.environ.get("STRIPE_NODES_CRASHES", "0"))
RANDOM = [Point("any", seed=seed) for seed in range(WANTED - len(CHOSEN))]


@attrs.frozen
class Ran:
    """How a process of the flow ended, and what it said on stdout."""

    code: int
    lines: list[dict[str, Any]]

    @property
    def outputs(self) -> dict[str, Any]:
        """The outputs by step."""
        return {_place(line): line["output"] for line in self.lines if "output" in line}


def _place(line: Mapping[str, Any]) -> str:
    """The step of a line, with the place of its item behind it."""
    item = line.get("item")
    return f"{line['step']} {item['index']}" if item else str(line["step"])


class Scene:
    """A home with a flow, and the file of its emulator."""

    def __init__(self, home: Path, world: Emulator, text: str = FLOW, **env: str) -> None:
        self.world = world
        self.lasts = 0.2 if text == FLOW else 0.5  # seconds, about, with slow requests
        self._terminal = Terminal(home)
        self._terminal.env.update(env)
        self._env = environment(home, **env)
        self._words = ["flow", str(home / "flow.yaml"), "--run-id", "r1", "--json"]
        (home / "flow.yaml").write_text(text, "utf-8")

    def start(self) -> Process:
        """Starts the flow in a process of its own."""
        pipe, command = subprocess.PIPE, [str(SCRIPT), *self._words]
        return Process(command, env=self._env, stdout=pipe, stderr=pipe, text=True)

    def run(self, code: int = 0) -> Ran:
        """Runs the flow to its end, which is this exit code."""
        done = self._terminal(*self._words, code=code)
        return Ran(done.returncode, [json.loads(line) for line in done.stdout.splitlines()])

    def kill(self, moment: Callable[[Process], list[str]]) -> Ran:
        """Runs the flow up to a moment, which gives the lines that it has read till then."""
        with self.start() as process:
            try:
                lines = moment(process)
            finally:
                process.kill()
            assert process.stdout is not None
            lines += process.stdout.readlines()
        whole = [json.loads(line) for line in lines if line.endswith("\n")]
        return Ran(process.returncode, whole)

    def kill_at(self, point: Point) -> Ran:
        """Runs the flow up to one of the chosen points."""
        method, path, before, after = STEPS[point.step]
        if point.when == "after":
            return self.kill(lambda process: _read_until(process, point.step))
        late = point.when == "during"
        fault = Fault("delay_after" if late else "delay", method=method, path=path, seconds=LONG)
        self.world.faults.add(fault)

        def struck(process: Process) -> list[str]:
            _wait(process, lambda: self.world.faults.list()[0]["hits"] == 1)
            _wait(process, lambda: len(self.done()) == (after if late else before))
            return []

        ran = self.kill(struck)
        self.world.faults.clear()
        assert [*ran.outputs] == [*STEPS][: [*STEPS].index(point.step)]
        return ran

    def kill_at_random(self, dice: random.Random) -> Ran:
        """Runs the flow with slow requests up to a moment after its first word."""
        seconds, seeds = dice.uniform(0, self.lasts), (dice.randrange(10**6), dice.randrange(10**6))
        slow = {"times": None, "probability": 0.6, "seconds": 0.03}
        self.world.faults.add(Fault("delay", seed=seeds[0], **slow))  # type: ignore[arg-type]
        self.world.faults.add(Fault("delay_after", seed=seeds[1], **slow))  # type: ignore[arg-type]

        def later(process: Process) -> list[str]:
            assert process.stderr is not None
            assert any("run ID" in line for line in process.stderr)
            time.sleep(seconds)
            return []

        ran = self.kill(later)
        self.world.faults.clear()
        return ran

    def done(self) -> list[str]:
        """What was executed, in order, without IDs."""
        with self.world.store.transaction(write=False):
            sql = "SELECT method, path FROM executions ORDER BY rowid"
            rows = self.world.store.run(sql).fetchall()
        return [f"{method} {path.split('/')[2]}" for method, path in rows]

    def objects(self) -> list[tuple[str, str, bool]]:
        """Kind, ID and whether it is deleted, of every object but events, in order."""
        with self.world.store.transaction(write=False):
            sql = "SELECT kind, id, deleted FROM objects WHERE kind <> 'event' ORDER BY seq"
            rows = self.world.store.run(sql).fetchall()
        return [(kind, id_, bool(deleted)) for kind, id_, deleted in rows]


def _wait(process: Process, condition: Callable[[], bool]) -> None:
    end = time.monotonic() + LONG / 2
    while not condition():
        assert process.poll() is None, "the flow ended before its crash"
        assert time.monotonic() < end, "the flow never came to its crash"
        time.sleep(0.005)


def _read_until(process: Process, step: str) -> list[str]:
    assert process.stdout is not None
    lines: list[str] = []
    while not lines or json.loads(lines[-1])["step"] != step:
        lines.append(process.stdout.readline())
    return lines


Killed = tuple[Path, list[Ran]]  # the home, and how each process ended


@attrs.frozen
class Story:
    """The crashes of a run, how it then ended, how its repetition did, and what is there."""

    crashes: list[Ran]
    end: Ran
    again: Ran
    done: list[str]
    objects: list[tuple[str, str, bool]]


def killed(point: Point, home: Path) -> Killed:
    """A run that is killed, once or again and again."""
    with Emulator(home / "emulator.db") as world:
        scene = Scene(home, world)
        if point.when != "any":
            return home, [scene.kill_at(point)]
        dice = random.Random(point.seed)  # noqa: S311 - repeatable
        return home, [scene.kill_at_random(dice) for _ in range(dice.randint(1, 4))]


def continued(home: Path, crashes: list[Ran]) -> Story:
    """The run, continued until it ends, and repeated."""
    with Emulator(home / "emulator.db") as world:
        scene = Scene(home, world)
        return Story(crashes, scene.run(), scene.run(), scene.done(), scene.objects())


@pytest.fixture(scope="module")
def crashes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[Point, Future[Killed]]]:
    """All homes of runs that are killed, side by side."""
    with ThreadPoolExecutor(max(os.cpu_count() or 1, 2)) as pool:
        points = [*CHOSEN, *RANDOM]
        yield {
            point: pool.submit(killed, point, tmp_path_factory.mktemp("home")) for point in points
        }
        pool.shutdown(cancel_futures=True)


def check(told: Story) -> None:
    """Everything was done once and is there once, and a repetition only tells it again."""
    assert told.done == ALL_DONE[: len(told.done)], "something was executed twice"
    assert told.done == ALL_DONE
    outputs = told.end.outputs
    assert [*outputs] == [*STEPS]
    assert told.objects == [
        ("customer", outputs["customer"]["id"], True),
        ("product", outputs["product"]["id"], False),
    ]
    for crash in told.crashes:
        assert crash.code == -signal.SIGKILL or [*crash.outputs] == [*STEPS]
        assert crash.outputs.items() <= outputs.items(), "a step that was told changed"
    assert told.again.outputs == outputs
    assert all(line["replayed"] for line in told.again.lines)


@pytest.mark.parametrize("point", [*CHOSEN, *RANDOM], ids=str)
def test_a_killed_flow_is_resumed(crashes: dict[Point, Future[Killed]], point: Point) -> None:
    """Killed before, during or after any step, the run is continued and happens once."""
    check(continued(*crashes[point].result()))


def test_a_request_outlives_its_process(tmp_path: Path) -> None:
    """A request that Stripe still works on when the flow is killed and resumed is done once."""
    with Emulator(tmp_path / "emulator.db") as world, serve(world) as server:
        scene = Scene(tmp_path, world, STRIPE_API_KEY="sk_test_x", STRIPE_API_BASE=server.url)
        world.faults.add(Fault("delay", method="POST", path="/v1/products", seconds=1.5))

        def struck(process: Process) -> list[str]:
            _wait(process, lambda: world.faults.list()[0]["hits"] == 1)
            return []

        crash = scene.kill(struck)
        assert scene.done() == ALL_DONE[:1], "the request was over too soon"
        end = scene.run()
        told = Story([crash], end, scene.run(), scene.done(), scene.objects())
    check(told)
    attempts = {line["step"]: line["attempts"] for line in end.lines}
    assert attempts["product"] > 1, "the request was over too soon"


def test_a_flow_resumed_after_days(tmp_path: Path) -> None:
    """A step that may have been done is not sent again once its key is forgotten: it is told so."""
    with Emulator(tmp_path / "emulator.db") as world:
        scene = Scene(tmp_path, world)
        scene.kill_at(Point("during", "customer"))
        done = scene.done()
        age(tmp_path / "runs.db", days=2)
        end = scene.run(code=4)
        assert scene.done() == done
    error = end.lines[-1]["error"]
    assert error["category"] == "unreconciled"
    assert "look at Stripe" in error["message"]
    assert error["outcome_unknown"] is True


def age(file: Path, days: int) -> None:
    """Makes all that is in a journal older."""
    with closing(sqlite3.connect(file)) as database, database:
        for run, name, value in database.execute("SELECT run, name, value FROM kept").fetchall():
            entry = json.loads(value)
            if "at" in entry:
                older = json.dumps({**entry, "at": entry["at"] - days * 86400})
                sql = "UPDATE kept SET value = ?, digest = ? WHERE run = ? AND name = ?"
                database.execute(sql, (older, digest(run, name, older), run, name))


# --- loops ----------------------------------------------------------------------------------------

LOOP = """\
inputs:
  names: { type: array, default: [Jenny, John, Joan, Jenny] }
steps:
  - id: make
    action: create_customer
    foreach: inputs.names
    inputs: { Name: "${{ item }}", Metadata: { place: "${{ index }}" } }
  - id: never
    action: create_product
    if: steps.make[4]
    inputs: { Name: Never }
  - id: every
    action: list_customers
    all: true
  - id: bill
    action: create_invoice_item
    foreach: reverse(steps.make)
    if: item.name != 'John'
    on_error: collect
    inputs: { Customer: "${{ item.id }}", Amount: 1500, Currency: usd }
  - id: gone
    action: delete_customer
    foreach: steps.every.data[?name == 'John']
    inputs: { Customer ID: "${{ item.id }}" }
  - id: end
    action: create_product
    if: length(steps.bill) == `4`
    inputs: { Name: "${{ steps.bill[0].customer }}" }
"""
LOOPED = [
    *["POST customers"] * 4,
    *["POST invoiceitems"] * 3,
    *("DELETE customers", "POST products"),
]
LOOP_LINES = [
    *("make 0", "make 1", "make 2", "make 3", "every"),
    *("bill 0", "bill 1", "bill 3", "gone 0", "end"),
]
LOOP_SEEDS = range(max(3, WANTED // 4))


def check_loop(told: Story) -> None:
    """Every item was done once and in its turn; what was told before a crash is told again."""
    assert told.done == LOOPED
    assert [*told.end.outputs] == LOOP_LINES
    for crash in told.crashes:
        assert crash.outputs.items() <= told.end.outputs.items(), "what was told changed"
    assert told.again.outputs == told.end.outputs
    assert all(line["replayed"] for line in told.again.lines if "output" in line)


@pytest.mark.parametrize("seed", LOOP_SEEDS)
def test_a_killed_loop_is_resumed(seed: int, tmp_path: Path) -> None:
    """A flow with loops, conditions and pages, killed at any moments, does each item once."""
    dice = random.Random(seed)  # noqa: S311 - repeatable
    with Emulator(tmp_path / "emulator.db") as world:
        scene = Scene(tmp_path, world, LOOP)
        crashes = [scene.kill_at_random(dice) for _ in range(dice.randint(1, 4))]
    with Emulator(tmp_path / "emulator.db") as world:
        scene = Scene(tmp_path, world, LOOP)
        check_loop(Story(crashes, scene.run(), scene.run(), scene.done(), scene.objects()))


@pytest.mark.parametrize("kind", ["delay", "delay_after"])
def test_a_loop_is_killed_within_an_item(
    kind: Literal["delay", "delay_after"], tmp_path: Path
) -> None:
    """Killed before or after an item is executed, but not answered, the run does it once."""
    with Emulator(tmp_path / "emulator.db") as world:
        scene = Scene(tmp_path, world, LOOP)
        world.faults.add(Fault(kind, path="/v1/invoiceitems", seconds=LONG))
        executed = 5 if kind == "delay_after" else 4

        def struck(process: Process) -> list[str]:
            _wait(process, lambda: world.faults.list()[0]["hits"] == 1)
            _wait(process, lambda: len(scene.done()) == executed)
            return []

        crash = scene.kill(struck)
        world.faults.clear()
        assert [*crash.outputs] == LOOP_LINES[:5]
        check_loop(Story([crash], scene.run(), scene.run(), scene.done(), scene.objects()))


def test_two_run_a_loop_at_once(tmp_path: Path) -> None:
    """Two processes under one run ID do each item once between them, and tell the same."""
    with Emulator(tmp_path / "emulator.db") as world, serve(world) as server:
        env = {"STRIPE_API_KEY": "sk_test_x", "STRIPE_API_BASE": server.url}
        scene = Scene(tmp_path, world, LOOP, **env)
        world.faults.add(Fault("delay", times=None, probability=0.5, seconds=0.02, seed=1))
        with scene.start() as first, scene.start() as second:
            said = [process.communicate(timeout=LONG) for process in (first, second)]
        assert (first.returncode, second.returncode) == (0, 0), said
        assert sorted(scene.done()) == sorted(LOOPED)
        told = [[json.loads(line) for line in out.splitlines()] for out, _ in said]
        outputs = [Ran(0, lines).outputs for lines in told]
        assert [*outputs[0]] == LOOP_LINES
        ids = [[output.get("id") for output in each.values()] for each in outputs]
        assert ids[0] == ids[1]  # of a deletion that the other was first to do, no more is known


# --- single runs ----------------------------------------------------------------------------------


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """The terminal with a home of its own."""
    return Terminal(tmp_path)


CREATE = ("run", "create_customer", "Name=Jenny Rosen", "--run-id", "r1", "--json")


def output(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What a command gave on stdout."""
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_single_run_is_kept_too(terminal: Terminal) -> None:
    """A command repeated under its run ID tells its result again; other inputs are refused."""
    first, again = output(terminal(*CREATE)), output(terminal(*CREATE))
    assert again == {**first, "replayed": True}
    other = ("run", "create_customer", "Name=John", "--run-id", "r1")
    assert "other inputs" in terminal(*other, code=2).stderr
    assert len(output(terminal("run", "list_customers", "--json"))["output"]["data"]) == 1


def test_a_single_run_is_not_repeated_after_days(
    terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command whose answer was lost goes on within a day; then it says what to look for."""
    monkeypatch.setattr(Policy, "delay", lambda *_: 0.0)
    terminal("fault", "cut_after", "--times", "4")
    assert output(terminal(*CREATE, code=4))["error"]["outcome_unknown"] is True
    age(tmp_path / "runs.db", days=2)
    error = output(terminal(*CREATE, code=4))["error"]
    assert (error["category"], error["attempts"]) == ("unreconciled", 0)
    assert "list_customers" in error["message"]
    age(tmp_path / "runs.db", days=-2)
    assert output(terminal(*CREATE))["replayed"] is True
    assert len(output(terminal("run", "list_customers", "--json"))["output"]["data"]) == 1


def test_a_lost_journal_leads_to_no_dead_end(terminal: Terminal, tmp_path: Path) -> None:
    """Other inputs after the journal was lost are refused by Stripe; the first ones go on."""
    first = output(terminal(*CREATE))
    (tmp_path / "runs.db").unlink()
    done = terminal("run", "create_customer", "Name=John", "--run-id", "r1", code=3)
    assert "Put those back to go on" in done.stderr
    assert "other than" not in done.stderr
    assert output(terminal(*CREATE))["output"] == first["output"]


def test_a_run_is_said_to_be_new(terminal: Terminal, tmp_path: Path) -> None:
    """A flow says whether its run ID is known: a mistyped one would do everything once more."""
    (tmp_path / "flow.yaml").write_text(FLOW, "utf-8")
    flow = ("flow", str(tmp_path / "flow.yaml"), "--run-id", "r1")
    assert "new run ID r1" in terminal(*flow).stderr
    assert "known run ID r1" in terminal(*flow).stderr


def test_an_interrupted_flow_says_how_to_go_on(tmp_path: Path) -> None:
    """Ctrl-C tells the run ID to go on with, and that the step may have been executed."""
    with Emulator(tmp_path / "emulator.db") as world:
        scene = Scene(tmp_path, world)
        world.faults.add(Fault("delay", path="/v1/products", seconds=1.0))
        with scene.start() as process:
            _wait(process, lambda: bool(world.faults.list()[0]["hits"]))
            process.send_signal(signal.SIGINT)
            _, said = process.communicate(timeout=LONG)
        assert process.returncode == 130
        assert "may have been executed" in said
        assert "Go on: " in said
        scene.run()
        assert scene.done() == ALL_DONE


def test_the_journal_is_its_owners(terminal: Terminal, tmp_path: Path) -> None:
    """What was run is nobody else's to read."""
    terminal(*CREATE)
    assert (tmp_path / "runs.db").stat().st_mode & 0o077 == 0


def test_a_deletion_that_was_done_is_told(terminal: Terminal) -> None:
    """A deletion whose answer was lost is repeated, and says that nothing is there any more."""
    customer = output(terminal(*CREATE))["output"]["id"]
    terminal("fault", "cut_after", "--method", "DELETE", "--times", "1")
    done = terminal("run", "delete_customer", f"Customer ID={customer}")
    assert "answer was lost" in done.stderr
