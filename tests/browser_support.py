"""What is needed to drive a browser: node, npm, Chromium, and the libraries of a package.json."""

import os
import shutil
import subprocess
from pathlib import Path

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
QUIET = ("--no-package-lock", "--no-audit", "--no-fund", "--loglevel=error")


def browser() -> str | None:
    """The browser to drive."""
    found = [shutil.which(name) for name in BROWSERS]
    return os.environ.get("CHROMIUM") or next(filter(None, found), None)


def missing(folder: Path) -> str | None:
    """What is not installed here, and cannot be; the libraries of the folder are, after this."""
    for tool in ("node", "npm"):
        if not shutil.which(tool):
            return tool
    if not browser():
        return "Chromium"
    return None if _install(folder) else "way to install the libraries that drive it"


def _install(folder: Path) -> bool:
    """Whether the libraries are there, of versions that package.json allows."""
    command = ("npm", "install", *QUIET)
    done = subprocess.run(command, cwd=folder, check=False)
    return done.returncode == 0


def drive(folder: Path, script: str, *words: str, **environment: str) -> int:
    """The exit code of a script of node's test runner, which is told the browser."""
    command = ["node", "--test", "--test-reporter=dot", *words, script]
    known = {**os.environ, "CHROMIUM": str(browser()), **environment}
    return subprocess.run(command, cwd=folder, env=known, check=False).returncode
