"""Do n8n's own linters and its reader of parameters find the exported node right?

Needs node and npm. The whole of n8n is run by on_n8n_live.py.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

from stripe_hosts.export import files_of, written
from stripe_hosts.export.package import Package
from stripe_plugin import Host

HERE = Path(__file__).resolve().parent / "n8n"
BUILT = HERE / "built"
# What the linters ask of a package that is published.
PUBLISHED = Package(
    name="n8n-nodes-stripe-nodes",
    author="Jenny Rosen <jenny@shop.dev>",
    repository="https://git.shop.dev/n8n-nodes-stripe-nodes.git",
)
QUIET = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-package-lock", "--loglevel=error")


def run(*command: str) -> None:
    """Runs a command beside the programs that read the node."""
    subprocess.run(command, cwd=HERE, check=True)


def main() -> None:
    """Exports the node, and has it read."""
    shutil.rmtree(BUILT, ignore_errors=True)
    host = Host.load()
    written(files_of("n8n", host, PUBLISHED), BUILT)
    manifests = [host.manifest(entry["id"]) for entry in host.catalog()]
    (BUILT / "manifests.json").write_text(json.dumps(manifests), "utf-8")
    run("npm", "install", *QUIET)
    run("node", "lint.mjs")
    run("node", "parameters.mjs")
    print("n8n's linters find nothing; its forms have each row, and only what is typed is sent")


if __name__ == "__main__":
    try:
        main()
    except subprocess.CalledProcessError as error:
        sys.exit(str(error))
