"""A journal that is locked, full, damaged or changed: what it says; nothing is done twice."""

import itertools
import json
import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from terminal_support import Counted, Terminal, changing, environment

from stripe_flow import Journal, Step, run_step
from stripe_flow.files import UnusableFile
from stripe_plugin import Connection, HookFailed, Host

STEP = Step("make", "create_customer", {"Name": "Jenny Rosen"})
CREATED = "POST /v1/customers"
KEEP_IT = ("Rename it and keep it", "Look at Stripe", "new run ID")


class Desk:
    """A host, an emulator and a journal's file."""

    def __init__(self, world: Counted, file: Path) -> None:
        self.world, self.file, self.host = world, file, Host.load()

    def run(self, run: str = "r1") -> Any:
        """The step's result, from a journal that is opened for it."""
        journal = Journal(self.file, patience=0.05)
        connection = Connection("sk_test_emulator", in_process=self.world)

        def keep(name: str, compute: Callable[[], Any]) -> Any:
            return journal.keep(run, name, compute)

        return run_step(keep, self.host, STEP, connection=connection, run_id=run)

    def run_all(self, runs: Iterable[str]) -> None:
        """One run after another."""
        for run in runs:
            self.run(run)

    def refused(self) -> str:
        """What a run says that cannot use the file; it names it, and nothing is sent."""
        asked = len(self.world.asked)
        with pytest.raises(UnusableFile) as caught:
            self.run()
        assert str(self.file) in str(caught.value)
        assert len(self.world.asked) == asked
        return str(caught.value)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """One whose run r1 is done."""
    with Counted() as world:
        made = Desk(world, tmp_path / "runs.db")
        made.run()
        yield made


def test_a_locked_journal(desk: Desk) -> None:
    """While another process writes, a run is told to try again; then it goes on."""
    code = (
        "import sqlite3, sys; database = sqlite3.connect(sys.argv[1]);"
        "database.execute('BEGIN EXCLUSIVE'); print('locked', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", code, str(desk.file)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout
        assert other.stdout.readline() == "locked\n"
        text = desk.refused()
        other.communicate()
    assert "another process is writing to it. Try again" in text
    assert desk.run().replayed


def test_a_full_disk_before_a_step(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a step cannot be noted it is not sent, and goes on when there is room."""
    connect = sqlite3.connect

    def full(*given: Any, **more: Any) -> sqlite3.Connection:
        database: sqlite3.Connection = connect(*given, **more)
        [pages] = database.execute("PRAGMA page_count").fetchone()
        database.execute(f"PRAGMA max_page_count = {pages}")
        return database

    monkeypatch.setattr(sqlite3, "connect", full)
    numbers = itertools.count()
    with pytest.raises((UnusableFile, HookFailed)) as caught:
        desk.run_all(f"other_{number}" for number in numbers)
    number = next(numbers) - 1
    monkeypatch.undo()
    assert f"{desk.file} cannot grow, as its disk is full. Make room" in str(caught.value)
    done = desk.world.executed(CREATED)
    result = desk.run(f"other_{number}")
    # A step that was done when there was no more room is asked for again under its key.
    assert result.replayed == isinstance(caught.value, HookFailed)
    assert desk.world.executed(CREATED) == done + (not result.replayed)


MAIN = "from stripe_terminal.cli import main"


@pytest.mark.parametrize("room", [0, 1, 5000])
def test_a_file_that_may_not_grow(room: int, tmp_path: Path) -> None:
    """With no room for what the journal writes, the terminal says so; later all is done once."""
    terminal = Terminal(tmp_path)
    terminal("run", "list_customers")
    size = (tmp_path / "runs.db").stat().st_size

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + room, size + room))

    words = ["run", "create_customer", "Name=Jenny Rosen", "--run-id", "r1"]
    # A cache of a module that may not grow either would break whoever imports it next.
    code = f"import sys; sys.dont_write_bytecode = True; {MAIN}; main({words!r})"
    with Counted() as world, serving(world) as url:
        given: dict[str, Any] = {"STRIPE_API_KEY": "sk_test_x1234", "STRIPE_API_BASE": url}
        done = subprocess.run(
            [sys.executable, "-c", code],
            env=environment(tmp_path, **given),
            preexec_fn=small,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 1, 2)
        if done.returncode:
            assert f"{tmp_path / 'runs.db'} cannot" in done.stderr
            assert "Traceback" not in done.stderr
        assert world.executed(CREATED) <= 1
        Terminal(tmp_path, **given)(*words)
        assert world.executed(CREATED) == 1


@contextmanager
def serving(world: Counted) -> Iterator[str]:
    """The address of an emulator."""
    from stripe_emulator import serve

    with serve(world) as server:
        yield server.url


DAMAGES: dict[str, Callable[[Path], object]] = {
    "none of SQLite's": lambda file: file.write_text("no database " * 1000),
    "cut off in the middle": lambda file: os.truncate(file, file.stat().st_size // 2),
    "cut off at a page": lambda file: os.truncate(file, 4096),
    "empty": lambda file: os.truncate(file, 0),
    "overwritten in the middle": lambda file: overwrite(file, file.stat().st_size // 2, b"x" * 500),
}


def overwrite(file: Path, at: int, data: bytes) -> None:
    """Puts these bytes into a file."""
    with file.open("r+b") as stream:
        stream.seek(at)
        stream.write(data)


@pytest.mark.parametrize("name", ["no/such/runs.db", "file/runs.db", f"{'long' * 60}.db"])
def test_a_journal_where_none_can_be(name: str, tmp_path: Path) -> None:
    """A folder that is not there, a file in its place or a name too long is said as the rest is."""
    (tmp_path / "file").touch()
    with pytest.raises(UnusableFile, match="cannot be opened") as caught:
        Journal(tmp_path / name)
    assert str(tmp_path / name) in str(caught.value)


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_journal(damage: str, desk: Desk) -> None:
    """Of what it knows nobody may be sure: keep it, look at Stripe, take a new run ID."""
    for number in range(20):
        desk.run(f"other_{number}")
    DAMAGES[damage](desk.file)
    text = desk.refused()
    for words in KEEP_IT:
        assert words in text


def ended(desk: Desk) -> str:
    """How the run r1 ends."""
    try:
        return "replayed" if desk.run().replayed else "done"
    except UnusableFile as error:
        return "refused" if str(desk.file) in str(error) else "refused without a name"


def test_a_bit_that_turned_anywhere(desk: Desk) -> None:
    """Whichever byte of the file is changed, a done step is told again or the file refused."""
    whole = desk.file.read_bytes()
    asked = len(desk.world.asked)
    told = set[str]()
    # The rows and the index fill the ends of their pages; the header and the heads the beginnings.
    used = [at for at, byte in enumerate(whole) if byte]
    for at in used[:: max(len(used) // 400, 1)]:
        overwrite(desk.file, at, bytes([whole[at] ^ 0x11]))
        told.add(ended(desk))
        assert len(desk.world.asked) == asked, f"byte {at} makes it happen twice"
        desk.file.write_bytes(whole)
    assert told == {"replayed", "refused"}


HANDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "another value": ("UPDATE kept SET value = replace(value, 'Jenny', 'Johnny')", KEEP_IT),
    "no JSON": ("UPDATE kept SET value = 'x'", KEEP_IT),
    "a number": ("UPDATE kept SET value = 7", KEEP_IT),
    "nothing": ("UPDATE kept SET value = NULL", KEEP_IT),
    "a blob": ("UPDATE kept SET value = x'ff00'", KEEP_IT),
    "no table": ("DROP TABLE kept", KEEP_IT),
    "a later version": ("PRAGMA user_version = 2", ("later version", "Go on with that version")),
    "an earlier version": ("PRAGMA user_version = 0", ("earlier version", *KEEP_IT)),
}


@pytest.mark.parametrize("hand", HANDS)
def test_a_journal_that_another_hand_changed(hand: str, desk: Desk) -> None:
    """A row or a file that is none of ours is refused in words."""
    sql, expected = HANDS[hand]
    with changing(desk.file) as database:
        database.execute(sql)
    text = desk.refused()
    for words in expected:
        assert words in text


def test_a_row_that_was_moved(desk: Desk) -> None:
    """A row is only good under its own run and name."""
    desk.run("r2")
    with changing(desk.file) as database:
        database.execute("DELETE FROM kept WHERE run = 'r1'")
        database.execute("UPDATE kept SET run = 'r1'")
    assert "make/0/0" in desk.refused()


def test_a_journal_of_somebody_else(desk: Desk) -> None:
    """A file that cannot be opened is told so, with its folder."""
    desk.file.unlink()
    desk.file.mkdir()
    assert "cannot be opened or written" in desk.refused()


def test_a_journal_is_made_once(tmp_path: Path) -> None:
    """Journals made at once are one file, whole, and nobody else's to read."""
    file = tmp_path / "runs.db"
    code = (
        "import sys; from stripe_flow import Journal; sys.stdin.readline();"
        "print(Journal(sys.argv[1]).keep('r', 'n', lambda: {'by': sys.argv[2]})['by'])"
    )
    pipe = subprocess.PIPE
    children = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(file), str(number)],
            stdin=pipe, stdout=pipe, stderr=pipe, text=True,
        )
        for number in range(4)
    ]  # fmt: skip
    told = [child.communicate("\n", timeout=30) for child in children]
    assert {err for _, err in told} == {""}
    assert len({out for out, _ in told}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["runs.db"]
    assert file.stat().st_mode & 0o077 == 0


# --- the terminal ---------------------------------------------------------------------------------

MADE = ("run", "create_customer", "Name=Jenny Rosen", "--run-id", "r1")


def test_the_terminal_names_the_journal(tmp_path: Path) -> None:
    """A command whose journal is damaged says what to do and ends with 2; another run goes on."""
    terminal = Terminal(tmp_path)
    made = json.loads(terminal(*MADE).stdout)
    file = tmp_path / "runs.db"
    overwrite(file, 0, b"x" * 100)
    done = terminal(*MADE, code=2)
    for words in (str(file), *KEEP_IT):
        assert words in done.stderr
    assert "start anew" not in done.stderr
    file.rename(tmp_path / "kept.db")
    # Without its journal the run's key is the same: within a day, Stripe replays it.
    assert json.loads(terminal(*MADE).stdout) == made


def test_the_terminal_names_the_emulators_file(tmp_path: Path) -> None:
    """The emulator's file holds nothing that is real: it may be moved away to start anew."""
    terminal = Terminal(tmp_path)
    (tmp_path / "emulator.db").write_text("no database " * 100)
    for words in (MADE, ("fault",), ("emulator",), ("doctor",)):
        told = terminal(*words, code=2).stderr
        assert f"{tmp_path / 'emulator.db'} is damaged" in told
        assert "move it away to start anew" in told


def test_a_copy_is_as_good(desk: Desk, tmp_path: Path) -> None:
    """A journal may be copied and moved."""
    copy = tmp_path / "copy.db"
    shutil.copy(desk.file, copy)
    desk.file = copy
    assert desk.run().replayed
