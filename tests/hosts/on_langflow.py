"""Do the actions run in Langflow? The exported extension is installed beside lfx, and asked."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hosts.printed import REPOSITORY, printed, typed

ENVIRONMENT = REPOSITORY / ".venv-langflow"
PROGRAMS = ENVIRONMENT / "bin"
FLOWS = Path(__file__).with_name("langflow_flows.py")
VALIDATE = "lfx extension validate --execute-imports stripe-langflow/stripe_langflow"
WRONG = {"Currency must be a three-letter", "Unit Amount is required", "Product is required"}


def told(home: Path, **env: str) -> dict[str, Any]:
    """What came of the flows, in a process of Langflow's."""
    said = typed(f"python {FLOWS}", home, PROGRAMS, **env)
    _, _, last = said.strip().rpartition("\n")
    found: dict[str, Any] = json.loads(last)
    return found


def main() -> None:
    """Proves all, or says what is not so."""
    if not PROGRAMS.exists():
        subprocess.run([sys.executable, "-m", "venv", str(ENVIRONMENT)], check=True)
    with tempfile.TemporaryDirectory(prefix="stripe-nodes-langflow-") as folder:
        home = Path(folder)
        install(home)
        prove(home)


def install(home: Path) -> None:
    """By the commands that the README prints; Langflow finds the extension, and nothing wrong."""
    *installing, listing = printed("In Langflow")
    for command in installing:
        typed(command, home, PROGRAMS, PIP_QUIET="1", PIP_DISABLE_PIP_VERSION_CHECK="1")
    listed = typed(listing, home, PROGRAMS)
    assert "stripe-nodes" in listed, listed
    print(typed(VALIDATE, home, PROGRAMS))


def prove(home: Path) -> None:
    """What is promised of flows."""
    found = told(home, STRIPE_API_KEY="emulator")
    print(json.dumps(found, indent=2))
    assert found["lost"] == []
    assert found["product"] == found["made"]
    assert found["amount"] == 0
    assert found["kept"] == {"name": "Plan", "active": False}
    assert all(sentence in found["refused"] for sentence in WRONG)
    assert "Your card was declined. The bank declined" in found["declined"]
    assert "It may have been executed all the same" in found["unknown"]
    assert "Run it again with order-1 as its Idempotency Key" in found["unknown"]
    no_key = told(home)["no_key"]
    print(no_key)
    assert "STRIPE_API_KEY" in no_key


if __name__ == "__main__":
    main()
