"""What the README's host tells the pages that draw forms, as it stands there."""

import json
import re
from collections.abc import Iterator
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from support import REPOSITORY

README = (REPOSITORY / "README.md").read_text("utf-8")
[CODE] = [it for it in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "Door" in it]
PAGES = {
    "README.md": ("form_schema", "ui_schema", "problems_at"),
    "manifests/stripe_manifests/forms.md": ("form_schema", "ui_layout", "labels", "messages"),
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    """Where the host answers."""
    names: dict[str, Any] = {}
    exec(CODE, names)  # noqa: S102 - our own page
    names["Door"].log_message = lambda *_: None
    with names["serve"](0) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
    names["host"].close()


def ask(address: str, inputs: Any = None) -> tuple[int, Any]:
    """Status and answer of a GET, or of a POST of inputs."""
    body = None if inputs is None else json.dumps(inputs).encode()
    try:
        with urlopen(Request(address, body)) as reply:  # noqa: S310 - of this machine
            return reply.status, json.load(reply)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_it_gives_manifests(address: str) -> None:
    """A page gets what it draws with."""
    status, manifest = ask(f"{address}/manifest/create_price")
    assert (status, manifest["id"]) == (200, "create_price")
    assert {"form_schema", "ui_schema", "ui_layout", "labels", "messages"} <= manifest.keys()


def test_it_says_where_a_form_is_wrong(address: str) -> None:
    """What a page sends wrong comes back with the path of its control, whoever refuses it."""
    status, answer = ask(f"{address}/run/create_price", {"currency": "dollars"})
    told = {tuple(it["path"]): it["text"] for it in answer["problems_at"]}
    assert status == 422
    assert told["currency",].startswith("Currency must be a three-letter ISO currency code")
    status, answer = ask(f"{address}/run/retrieve_product", {"id": "prod_404"})
    assert (status, answer["path"]) == (400, ["id"])


def test_it_runs_what_a_form_sends(address: str) -> None:
    """What is right is done, with empty boxes left out."""
    inputs = {"name": "Lamp", "description": "", "images": [], "metadata": {}}
    status, answer = ask(f"{address}/run/create_product", inputs)
    assert (status, answer["output"]["name"]) == (200, "Lamp")


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_what_it_draws_with(page: str) -> None:
    """The code of a page uses the parts of a manifest by their names."""
    text = (REPOSITORY / page).read_text("utf-8")
    code = "".join(re.findall(r"```jsx\n(.*?)```", text, re.DOTALL))
    prose = "".join(re.split(r"```.*?```", text, flags=re.DOTALL))
    assert all(part in code + prose for part in PAGES[page])
