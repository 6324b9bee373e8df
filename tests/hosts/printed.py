"""Which commands does the README print for a host?"""

import os
import re
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]


def printed(section: str) -> list[str]:
    """The commands of a section."""
    text = (REPOSITORY / "README.md").read_text("utf-8")
    _, _, behind = text.partition(f"\n## {section}\n")
    block = re.search(r"```console\n(.*?)```", behind, re.DOTALL)
    assert block, f"the README has no commands for {section}"
    return re.findall(r"^\$ (.*?)(?: {2,}#.*)?$", block[1], re.MULTILINE)


def typed(command: str, folder: Path, programs: Path, **env: str) -> str:
    """What a command says that a person types in a folder; `.` stays the folder of this README."""
    ours = {name: text for name, text in os.environ.items() if not name.startswith("STRIPE_")}
    given = {**ours, **env, "PATH": f"{programs}:{os.environ['PATH']}"}
    command = command.replace("'.[", f"'{REPOSITORY}[")
    print(f"$ {command}", flush=True)
    shell = ["/bin/bash", "-c", command]
    done = subprocess.run(
        shell,
        cwd=folder,
        env=given,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout
