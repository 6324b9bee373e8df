"""Are the forms of all actions right in a browser? `make test-forms` draws, fills and sends them.

The host and the pages are those that README.md and forms.md print. It needs node, npm and Chromium;
where one is missing it says so and passes.
"""

import json
import re
import subprocess
import sys
from http.server import ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(HERE.parent))

from browser_support import drive, missing  # noqa: E402
from forms.examples import World  # noqa: E402

from stripe_plugin import Connection  # noqa: E402

MANIFESTS = (
    ROOT / "manifests" / "stripe_manifests"
)  # options.json and connection.json are drawn too
BUILT = HERE / "built"
ASSETS = ("woff", "woff2", "ttf", "eot", "svg")
PAGE = """<!doctype html>
<html lang="en"><head><title>Forms</title><meta charset="utf-8">
<style>body {{ margin: 2em; font-family: sans-serif }} .own > * {{ display: block }}</style>
<style id="bootstrap">{style} .btn-info.btn {{ background: #1b6d85 }}</style></head>
<body><div id="form" class="container"></div><script>{script}</script></body></html>
"""


def printed(page: str, language: str, holds: str) -> str:
    """The code of a language on a page that has these words in it."""
    text = (ROOT / page).read_text("utf-8")
    [code] = [it for it in re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL) if holds in it]
    return str(code)


def the_host() -> dict[str, Any]:
    """What the README's host defines."""
    names: dict[str, Any] = {}
    exec(printed("README.md", "python", "BaseHTTPRequestHandler"), names)  # noqa: S102 - our own
    return names


HOST = the_host()
PrintedDoor: Any = HOST["Door"]


class Door(PrintedDoor):  # type: ignore[misc] # as it is printed
    """The host, and what the tests ask it beside manifests and runs."""

    def do_GET(self) -> None:  # noqa: N802 - the server calls it so
        """Gives the actions, the example of one, what goes with each, or what the host gives."""
        shared = MANIFESTS / f"{self.path.removeprefix('/manifest/')}.json"
        if self.path == "/catalog":
            self.send(200, "application/json", json.dumps(HOST["host"].catalog()))
        elif shared.is_file():
            self.send(200, "application/json", shared.read_text("utf-8"))
        elif self.path.startswith("/example/"):
            HOST["connection"] = Connection.emulator()  # a new one: examples may be unique in it
            world = World(HOST["host"], HOST["connection"])
            example = world.example(self.path.removeprefix("/example/"))
            self.send(200, "application/json", json.dumps(example))
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        """Says nothing: the test says what went wrong."""


def run(*command: str) -> None:
    """Runs a command in this folder."""
    subprocess.run(command, cwd=HERE, check=True)


def build() -> None:
    """Makes the page of the code that is printed."""
    BUILT.mkdir(exist_ok=True)
    for name, page, holds in (
        ("rjsf", "README.md", "export function Rjsf"),
        ("jsonforms", "manifests/stripe_manifests/forms.md", "export function Drawn"),
        ("messages", "manifests/stripe_manifests/forms.md", "export const transformErrors"),
    ):
        (BUILT / f"{name}.jsx").write_text(printed(page, "jsx", holds), "utf-8")
    loaders = [f"--loader:.{kind}=dataurl" for kind in ASSETS]
    made = ["--bundle", "--minify", "--jsx=automatic", "--outfile=built/page.js", *loaders]
    production = "--define:process.env.NODE_ENV='production'"
    run("node_modules/.bin/esbuild", "main.jsx", *made, production, "--log-level=warning")
    style, script = ((BUILT / f"page.{kind}").read_text("utf-8") for kind in ("css", "js"))
    HOST["PAGE"] = BUILT / "page.html"
    HOST["PAGE"].write_text(PAGE.format(style=style, script=script), "utf-8")


def serve() -> ThreadingHTTPServer:
    """The host, at work."""
    server: ThreadingHTTPServer = HOST["serve"](0)
    server.RequestHandlerClass = Door
    Thread(target=server.serve_forever, daemon=True).start()
    return server


def main() -> int:
    """Builds, serves and drives."""
    tool = missing(HERE)
    if tool is not None:
        print(f"skipped: the forms are drawn in a browser, and there is no {tool} here")
        return 0
    build()
    server = serve()
    address = f"http://127.0.0.1:{server.server_port}"
    return drive(HERE, "forms.test.mjs", *sys.argv[1:], FORMS=address)


if __name__ == "__main__":
    sys.exit(main())
