"""A studio without a browser: its pages, as whoever has the cookie is given them."""

import re
import warnings
from html import unescape
from pathlib import Path
from typing import Any

from stripe_flow.journal import Journal
from stripe_plugin import Connection, Host
from stripe_plugin.secrets import Secret
from stripe_studio.app import application
from stripe_studio.studio import Studio

with warnings.catch_warnings():  # the lowest Starlette knows an older name of anyio's
    warnings.simplefilter("ignore", DeprecationWarning)
    from starlette.testclient import TestClient

__all__ = [
    "HERE",
    "PORT",
    "TOKEN",
    "TestClient",
    "browser",
    "fields",
    "stranger",
    "studio",
    "texts",
]
TOKEN = "a-token-that-nobody-guesses"
PORT = 8123
HERE = f"http://127.0.0.1:{PORT}"


def studio(folder: Path, connection: Connection | None = None) -> Studio:
    """One on an emulator of its own, with its journal and flows in a folder."""
    made = connection or Connection.emulator()
    return Studio(
        host=Host.load(), connection=made, journal=Journal(folder / "runs.db"), folder=folder
    )


def stranger(made: Studio) -> TestClient:
    """A browser that has not been there."""
    app = application(made, Secret(TOKEN), PORT)
    return TestClient(app, base_url=HERE, follow_redirects=False)


def browser(made: Studio) -> TestClient:
    """A browser that came with the token."""
    client = stranger(made)
    client.get("/", params={"token": TOKEN})
    client.follow_redirects = True
    return client


def texts(page: str) -> str:
    """What a person reads on a page."""
    without_tags = re.sub(r"<[^>]*>", " ", page)
    return " ".join(unescape(without_tags).split())


def fields(tree: Any, name: str) -> dict[str, str]:
    """The fields of a form for a tree of what is typed, as a browser sends them."""
    if not isinstance(tree, dict):
        return {name: str(tree)}
    joint = "" if name.endswith(":") else "."
    found: dict[str, str] = {}
    for key, value in tree.items():
        found |= fields(value, f"{name}{joint}{key}")
    return found
