"""What the tests of host, hooks, flows and terminal share: packages, emulators, processes."""

import io
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from stripe_emulator import Answer, Emulator
from stripe_plugin import Connection
from stripe_terminal.cli import main

Ran = subprocess.CompletedProcess[str]

KEY = "sk_test_4eC39HqLyjWDarjtT1zdp7dc"
LIVE_KEY = "sk_live_4eC39HqLyjWDarjtT1zdp7dc"
SCRIPT = Path(sys.executable).with_name("stripe-nodes")
EXAMPLES = Path(__file__).resolve().parents[1] / "examples"


class Counted(Emulator):
    """An emulator that remembers what it was asked: `METHOD target`, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer as ever."""
        self.asked.append(f"{method} {target}")
        return super().answer(method, target, headers, body)

    def connection(self) -> Connection:
        """A connection to this world."""
        return Connection("sk_test_emulator", in_process=self)


def install(folder: Path, name: str, entry_points: str, files: Mapping[str, str]) -> None:
    """Puts a distribution into a folder, as an installer does."""
    info = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    for path, text in {
        **{str(folder / file): text for file, text in files.items()},
        str(info / "METADATA"): f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        str(info / "entry_points.txt"): entry_points,
    }.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(text, "utf-8")


def environment(home: Path | str, **more: str) -> dict[str, str]:
    """This environment with the emulator and nothing else of Stripe's, warnings being errors."""
    ours = ("STRIPE_", "COLUMNS", "PYTHONWARNINGS")
    clean = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
    usual = {"STRIPE_API_KEY": "emulator", "PYTHONWARNINGS": "error"}
    return {**clean, **usual, "STRIPE_NODES_HOME": str(home), **more}


def python(code: str, home: Path, **env: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(home, **env),
        cwd=home,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


@contextmanager
def changing(file: Path) -> Iterator[sqlite3.Connection]:
    """The database, for another hand."""
    with closing(sqlite3.connect(file)) as database, database:
        yield database


class Terminal:
    """`stripe-nodes`, by default with the emulator; whatever it is told, it never shows its inside.

    It runs in this process, or `apart` in one of its own.
    """

    def __init__(self, home: Path, *, apart: bool = False, **env: str) -> None:
        self.home, self._apart = home, apart
        self.env = env

    def __call__(self, *words: str, stdin: str = "", code: int = 0, **env: str) -> Ran:
        """Runs it to its end, and demands the exit code."""
        given = environment(self.home, **{**self.env, **env})
        run = _run_apart if self._apart else _run_here
        done = run([*words], given, stdin)
        shown = done.stdout + done.stderr
        assert "Traceback" not in shown, shown
        key = given["STRIPE_API_KEY"]
        assert "_" not in key or key not in shown, "the key is shown"
        assert done.returncode == code, shown
        return done


def _run_apart(words: list[str], env: Mapping[str, str], stdin: str) -> Ran:
    command = [str(SCRIPT), *words]
    return subprocess.run(
        command, env=env, input=stdin, capture_output=True, text=True, timeout=30, check=False
    )


def _run_here(words: list[str], env: Mapping[str, str], stdin: str) -> Ran:
    given = io.TextIOWrapper(io.BytesIO(stdin.encode()), "utf-8")
    out, err = io.BytesIO(), io.BytesIO()
    streams: dict[str, Any] = {"stdin": given, "stdout": _writing(out), "stderr": _writing(err)}
    with (
        patch.dict(os.environ, env, clear=True),
        patch.multiple(sys, **streams),
        pytest.raises(SystemExit) as ended,
    ):
        main(words, prog_name="stripe-nodes")
    code = int(ended.value.code or 0)
    return subprocess.CompletedProcess(
        words, code, out.getvalue().decode(), err.getvalue().decode()
    )


def _writing(to: io.BytesIO) -> io.TextIOWrapper:
    return io.TextIOWrapper(to, "utf-8", write_through=True)
