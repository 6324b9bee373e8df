"""Do real hosts run what they are promised? `python tests/hosts/run.py dbos prefect`.

Each name is a file beside this one, which installs its host into an environment of its own, asks it
for what is promised, and ends with another code than 0 if it did something else.
"""

import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(names: list[str]) -> int:
    """Runs these hosts, or all; how many failed."""
    known = sorted(file.stem.removeprefix("on_") for file in HERE.glob("on_*.py"))
    failed = [name for name in names or known if not _runs(name)]
    print(f"failed: {', '.join(failed)}" if failed else "all hosts ran")
    return len(failed)


def _runs(name: str) -> bool:
    print(f"--- {name}", flush=True)
    command = [sys.executable, "-m", f"hosts.on_{name}"]
    env = {**os.environ, "PYTHONPATH": str(HERE.parent)}
    return subprocess.run(command, check=False, env=env).returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
