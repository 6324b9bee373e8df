"""Are the forms of all actions right in a browser? `python tests/forms/run.py` draws and fills them.

It needs node, npm and Chromium; where one is missing it says so and passes.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from threading import Thread

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import host  # noqa: E402
from examples import World  # noqa: E402

from stripe_plugin import Connection  # noqa: E402

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BUILT = HERE / "built"
ASSETS = "woff woff2 ttf eot svg"
PAGE = """<!doctype html>
<html lang="en"><head><title>Forms</title><meta charset="utf-8">
<style>body {{ margin: 2em }} .own > * {{ display: block }}</style>
<style id="bootstrap">{style} .btn-info.btn {{ background: #1b6d85 }}</style></head>
<body><div id="form" class="container"></div><script>{script}</script></body></html>
"""


class Door(host.Door):
    """The host, and the examples that are typed into its forms."""

    def do_GET(self) -> None:
        """Gives the example of an action, or what the host gives."""
        _, kind, action = f"{self.path}/".split("/")[:3]
        if kind == "example":
            host.connection = Connection.emulator()  # a new one: examples may be unique in it
            world = World(host.host, host.connection)
            self.send(200, world.example(action))
        elif kind == "catalog":
            self.send(200, host.host.catalog())
        else:
            super().do_GET()

    def log_message(self, *_: object) -> None:
        """Says nothing: the test says what went wrong."""


def missing() -> str | None:
    """What is not installed here."""
    for tool in ("node", "npm"):
        if not shutil.which(tool):
            return tool
    return None if browser() else "Chromium"


def browser() -> str | None:
    """The browser to drive."""
    given = os.environ.get("CHROMIUM")
    found = [shutil.which(name) for name in BROWSERS]
    return given or next(filter(None, found), None)


def build() -> None:
    """Installs the libraries and makes the page."""
    install = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error"]
    subprocess.run(install, cwd=HERE, check=True)
    fonts = [f"--loader:.{kind}=dataurl" for kind in ASSETS.split()]
    bundle = ["node_modules/.bin/esbuild", "main.jsx", "--bundle", "--minify", "--jsx=automatic"]
    made = ["--define:process.env.NODE_ENV='production'", "--outfile=built/page.js"]
    subprocess.run([*bundle, *fonts, *made, "--log-level=warning"], cwd=HERE, check=True)
    style, script = (BUILT / f"page.{kind}" for kind in ("css", "js"))
    page = PAGE.format(style=style.read_text("utf-8"), script=script.read_text("utf-8"))
    host.PAGE = BUILT / "page.html"
    host.PAGE.write_text(page, "utf-8")


def main() -> int:
    """Builds, serves and drives."""
    if tool := missing():
        print(f"skipped: the forms are drawn in a browser, and there is no {tool} here")
        return 0
    build()
    server = host.serve(0)
    server.RequestHandlerClass = Door
    Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    environment = {**os.environ, "CHROMIUM": str(browser()), "FORMS": address}
    tests = ["node", "--test", "--test-reporter=spec", "forms.test.mjs", *sys.argv[1:]]
    return subprocess.run(tests, cwd=HERE, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
