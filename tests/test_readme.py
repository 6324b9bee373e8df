"""What the README shows runs as it is printed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).resolve().parents[1] / "README.md").read_text("utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_a_snippet_runs(number: int, tmp_path: Path) -> None:
    """A Python snippet runs without an account and without a word on stderr."""
    command = [sys.executable, "-c", SNIPPETS[number]]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path, env={}
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_there_are_snippets() -> None:
    """The README shows use from Python, from a host, and a plugin."""
    assert len(SNIPPETS) >= 3
