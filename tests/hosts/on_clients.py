"""Does all that users of Stripe's own libraries do work on the emulator, with the newest of them?

The library for Python runs the checks of `tests/emulator/test_sdk.py` again, in an environment of
its own; the one for Node (node and npm) those of `clients/checks.mjs`, one account for each.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path

from hosts.crashes import REPOSITORY, environment

from stripe_emulator import Emulator, serve

HERE = Path(__file__).resolve().parent / "clients"
CHECKS = REPOSITORY / "tests" / "emulator" / "test_sdk.py"
TESTED = ("pytest>=8.3,<10", "hypothesis>=6.120,<7", "jsonschema>=4.24,<5")
NPM = ("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock")


def of_python() -> None:
    """All checks pass with the newest library."""
    programs = environment("clients", "--upgrade", "-e", ".[cli]", "stripe", "httpx", *TESTED)
    version = "import stripe; print(stripe.VERSION)"
    newest = subprocess.check_output([programs / "python", "-c", version], text=True).strip()
    print(f"stripe-python {newest}", flush=True)
    command = [
        str(programs / "python"),
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-q",
        str(CHECKS),
    ]
    subprocess.run(command, cwd=REPOSITORY, check=True)


def of_node() -> None:
    """All checks pass with the newest library, or there is no Node."""
    absent = [name for name in ("node", "npm") if not shutil.which(name)]
    if absent:
        print(f"skipped: stripe-node needs {' and '.join(absent)}")
        return
    subprocess.run(NPM, cwd=HERE, check=True, stdout=subprocess.DEVNULL)
    newest = json.loads((HERE / "node_modules" / "stripe" / "package.json").read_text("utf-8"))
    with Emulator() as world, serve(world) as server:
        env = {**os.environ, "NO_PROXY": "127.0.0.1"}
        command = ["node", "checks.mjs", server.url]
        told = json.loads(subprocess.check_output(command, cwd=HERE, env=env, timeout=300))
    failed = {sentence: why for sentence, why in told.items() if why}
    print(f"stripe-node {newest['version']}: {len(told) - len(failed)} of {len(told)} checks")
    assert not failed, "\n".join(f"{sentence}\n{why}" for sentence, why in failed.items())


if __name__ == "__main__":
    of_python()
    of_node()
