"""Can every script be read by node? Some run seldom: in a host that takes minutes to install."""

import shutil
import subprocess
from pathlib import Path

import pytest
from support import REPOSITORY

INSTALLED = {"node_modules", "built"}
FOUND = [file for folder in ("plugin", "tests") for file in (REPOSITORY / folder).rglob("*.*js")]
SCRIPTS = [file for file in FOUND if not INSTALLED & {*file.parts}]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: str(script.name))
def test_a_script_can_be_read(script: Path) -> None:
    """It is JavaScript, and says everything once."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node")
    read = subprocess.run([node, "--check", str(script)], capture_output=True, check=False)
    assert read.returncode == 0, read.stderr.decode()
