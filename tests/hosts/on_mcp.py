"""Do the official clients of MCP see the same, whichever version they and the server are of?

Each major version of the library is installed into an environment of its own; each client calls
each server over stdio and over HTTP, and so does the client of TypeScript (node and npm).
"""

import itertools
import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stripe_plugin import Host

HERE = Path(__file__).resolve().parent
CLIENTS = HERE / "mcp_clients"
REPOSITORY = HERE.parents[1]
VERSIONS = {"1": "mcp==1.30.0", "2": "mcp>=2,<3"}  # the lowest, and the newest
EXPECTED = {
    "tools": [entry["id"] for entry in Host.load().catalog()],
    "customer": "customer",
    "replayed": [False, True],
    "mode": "emulated",
    "refused": "Product: No such product: 'prod_none'.",
    "page": "# Create Price",
}
Command = Sequence[str]


def environment_of(version: str) -> Path:
    """The programs of an environment that has this version."""
    folder = REPOSITORY / f".venv-mcp-{version}"
    programs = folder / "bin"
    if not programs.is_dir():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    install = [str(programs / "python"), "-m", "pip", "install", "--quiet"]
    ours = f"{REPOSITORY}[cli,serve]"
    wanted = ["--disable-pip-version-check", "--editable", ours, VERSIONS[version]]
    subprocess.run([*install, *wanted], check=True)
    return programs


@contextmanager
def serving(programs: Path) -> Iterator[list[str]]:
    """The address and the token of a server."""
    command = [str(programs / "stripe-nodes"), "--emulator", "serve", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as server:
        try:
            assert server.stdout
            told: dict[str, str] = json.loads(server.stdout.readline())
            yield [f"{told['url']}/mcp", told["token"]]
        finally:
            server.terminate()


def told(client: Command, way: str, key: str, server: Command) -> Any:
    """What a client tells."""
    done = subprocess.run(
        [*client, way, key, *server], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def main() -> None:
    """All clients, all servers, both ways."""
    programs = {version: environment_of(version) for version in VERSIONS}
    npm = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock"]
    subprocess.run(npm, cwd=CLIENTS, check=True, stdout=subprocess.DEVNULL)
    clients: dict[str, Command] = {
        version: [str(path / "python"), str(CLIENTS / "client.py")]
        for version, path in programs.items()
    }
    clients["of TypeScript"] = ["node", str(CLIENTS / "client.mjs")]
    for client, server in itertools.product(clients, VERSIONS):
        with serving(programs[server]) as served:
            command = [str(programs[server] / "stripe-nodes"), "--emulator", "mcp"]
            for way, called in (("stdio", command), ("http", served)):
                found = told(clients[client], way, str(uuid.uuid4()), called)
                assert found == EXPECTED, found
                print(f"client {client}, server {server}, {way}: the same", flush=True)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        os.environ["STRIPE_NODES_HOME"] = home
        main()
