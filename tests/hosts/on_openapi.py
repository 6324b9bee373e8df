"""Do importers that others wrote read the OpenAPI document, and does what they make run?

Needs node and npm: a parser, a client in TypeScript, nodes of n8n and of Node-RED are made of it.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
READERS = HERE / "openapi"
sys.path.insert(0, str(HERE.parent))

from door_support import TOKEN, Served, offered, serving  # noqa: E402
from openapi_spec_validator import validate  # noqa: E402

from stripe_hosts.openapi import VERSIONS  # noqa: E402
from stripe_plugin import Connection  # noqa: E402

FIELDS = ["Currency", "Product", "Unit Amount", "Recurring", "Nickname", "Metadata", "Product Data"]
TYPESCRIPT = ("--strict", "--module", "nodenext", "--target", "es2022", "--skipLibCheck")


def asked(*command: str) -> str:
    """What a program of the readers says."""
    done = subprocess.run(command, cwd=READERS, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{' '.join(command)}\n{done.stdout}{done.stderr}"
    return done.stdout


def program(name: str) -> str:
    """Where npm has put one."""
    return str(READERS / "node_modules" / ".bin" / name)


def documents(served: Served, folder: Path) -> list[Path]:
    """The document in its versions, valid, and written where readers find them."""
    files: list[Path] = []
    for version in VERSIONS:
        with served.client(timeout=60) as door:
            found: Any = door.get("/openapi.json", params={"version": version}).json()
        validate(found)
        files.append(folder / f"{version}.json")
        files[-1].write_text(json.dumps(found), "utf-8")
    return files


def read(files: list[Path], served: Served) -> None:
    """A parser finds each action, a maker of n8n's nodes a field for each row, by display key."""
    told = json.loads(asked("node", "read.mjs", *map(str, files)))
    ids = [entry["id"] for entry in served.offer.catalog()]
    for found in told["operations"].values():
        assert [name for name in found if not name.endswith("_entries")] == ids
        assert {"list_prices_entries", "search_prices_entries"} <= {*found}
    assert told["fields"][-len(FIELDS) :] == FIELDS, told["fields"]


def made_for_node_red(file: Path, folder: Path) -> None:
    """Node-RED's own generator makes a node of it."""
    asked(program("node-red-nodegen"), str(file), "-o", str(folder), "--name", "stripe-actions")
    assert (folder / "node-red-contrib-stripe-actions" / "node.js").is_file()


def made_for_typescript(file: Path, served: Served) -> None:
    """A generated client is sound in its types, and runs three actions."""
    asked(program("openapi-typescript"), str(file), "-o", "built/api.ts")
    asked(program("tsc"), *TYPESCRIPT, "--outDir", "built", "--rootDir", ".", "three.ts")
    told = json.loads(asked("node", "built/three.js", served.url, TOKEN))
    assert told == {
        "amount": 1500,
        "interval": "month",
        "mode": "emulated",
        "same": True,
        "refused": ["Product"],
    }, told


def main() -> None:
    """All of them, of a server of all actions."""
    asked("npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock")
    with (
        serving(offered(default=Connection.emulator())) as served,
        tempfile.TemporaryDirectory() as made,
    ):
        files = documents(served, Path(made))
        read(files, served)
        made_for_node_red(files[0], Path(made))
        made_for_typescript(files[0], served)
    print("valid in all versions; read by four; a client of TypeScript ran three actions")


if __name__ == "__main__":
    main()
