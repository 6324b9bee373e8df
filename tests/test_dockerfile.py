"""The image: what it is made of, and, where there is time, its own commands outside of a container.

`make test-image` sets STRIPE_NODES_IMAGE, for what installs anew.
"""

import json
import os
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from support import REPOSITORY

DOCKERFILE = (REPOSITORY / "Dockerfile").read_text("utf-8")
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]


def instructions(word: str) -> Iterator[str]:
    """What stands behind an instruction, each time it is there."""
    for line in DOCKERFILE.splitlines():
        found, _, rest = line.partition(" ")
        if found == word:
            yield rest


def last(word: str) -> str:
    """The one that counts."""
    return [*instructions(word)][-1]


def test_the_image_runs_the_command_as_nobody_in_particular() -> None:
    """It runs our command, not as root, on a Python that the project names."""
    [command] = json.loads(last("ENTRYPOINT"))
    assert command in PROJECT["scripts"]
    assert last("USER") not in ("root", "0")
    version = last("FROM").removeprefix("python:").removesuffix("-slim")
    assert f"Programming Language :: Python :: {version}" in PROJECT["classifiers"]


def test_the_state_outlives_the_container() -> None:
    """The state folder is a volume, which the image's user owns."""
    variable, folder = last("ENV").split("=")
    assert variable == "STRIPE_NODES_HOME"
    assert last("VOLUME") == folder
    assert any(f"chown {last('USER')} {folder}" in line for line in instructions("RUN"))


@pytest.mark.skipif("STRIPE_NODES_IMAGE" not in os.environ, reason="make test-image")
def test_the_commands_of_the_image(tmp_path: Path) -> None:
    """Its install command makes, in an environment that is new, a command that runs a flow."""
    home, state = tmp_path / "python", tmp_path / "state"
    subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
    env = {name: text for name, text in os.environ.items() if not name.startswith("STRIPE_")}
    env |= {"PATH": f"{home / 'bin'}:{env['PATH']}", "PYTHONWARNINGS": ""}
    [install] = [line for line in instructions("RUN") if line.startswith("pip ")]
    subprocess.run(shlex.split(install), cwd=REPOSITORY, env=env, check=True)
    env |= {"STRIPE_NODES_HOME": str(state), "STRIPE_API_KEY": "emulator"}
    [command] = json.loads(last("ENTRYPOINT"))
    flow = REPOSITORY / "examples" / "sell-a-subscription.yaml"
    for words in (["doctor"], ["flow", str(flow)], ["runs"]):
        subprocess.run([str(home / "bin" / command), *words], cwd=tmp_path, env=env, check=True)
    assert (state / "runs.db").exists()
