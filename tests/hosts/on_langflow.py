"""Do the actions run in Langflow? The exported extension is installed beside lfx, and asked."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENT = REPOSITORY / ".venv-langflow"
PROGRAMS = ENVIRONMENT / "bin"
FLOWS = Path(__file__).with_name("langflow_flows.py")
QUIET = ("--quiet", "--disable-pip-version-check")
WRONG = {"Currency must be a three-letter", "Unit Amount is required", "Product is required"}


def run(*command: str | Path, **env: str) -> str:
    """What a program says; it must end well."""
    clean = {name: text for name, text in os.environ.items() if not name.startswith("STRIPE_")}
    words = [str(word) for word in command]
    done = subprocess.run(
        words, env={**clean, **env}, cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{words} ended with {done.returncode}: {done.stdout}{done.stderr}"
    return done.stdout


def installed(folder: Path) -> None:
    """Both packages beside lfx, by the commands that the README prints."""
    if not PROGRAMS.exists():
        run(sys.executable, "-m", "venv", ENVIRONMENT)
    pip = (PROGRAMS / "python", "-m", "pip", "install", *QUIET)
    run(*pip, "lfx>=1.13,<2", "-e", ".[cli]")
    run(PROGRAMS / "stripe-nodes", "export", "langflow", folder)
    run(*pip, folder)


def told(**env: str) -> dict[str, Any]:
    """What came of the flows, in a process of Langflow's."""
    said = run(PROGRAMS / "python", FLOWS, **env)
    _, _, last = said.strip().rpartition("\n")
    found: dict[str, Any] = json.loads(last)
    return found


def main() -> None:
    """Proves all, or says what is not so."""
    home = Path(tempfile.mkdtemp(prefix="stripe-nodes-langflow-"))
    folder = home / "stripe-langflow"
    installed(folder)
    lfx = PROGRAMS / "lfx"
    print(run(lfx, "extension", "validate", "--execute-imports", folder / "stripe_langflow"))
    listed = run(lfx, "extension", "list")
    assert "stripe-nodes" in listed
    print(listed)
    found = told(STRIPE_API_KEY="emulator")
    print(json.dumps(found, indent=2))
    assert found["lost"] == []
    assert found["product"] == found["made"]
    assert found["amount"] == 0
    assert found["kept"] == {"name": "Plan", "active": False}
    for sentence in WRONG:
        assert sentence in found["refused"]
    assert "There is no API key" in told()["no_key"]
    shutil.rmtree(home)


if __name__ == "__main__":
    main()
