"""The packages in examples/ are installed as anybody's are, found, guarded, drawn and run."""

import json
import logging
import os
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support import ACTIONS
from terminal_support import EXAMPLES, Counted, environment

from stripe_plugin import Denied, Host, StripeError

PACKAGES = ("acme_webhooks", "form_host")
ADDED = ["create_webhook_endpoint", "delete_webhook_endpoint"]
TOLD: dict[str, Any] = {"URL": "http://127.0.0.1:9/", "Enabled Events": '["charge.failed"]'}
HOLD = re.compile(r'<(input|textarea|select)[^>]* name="(\w+)"')


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with both packages, put there by pip."""
    folder = tmp_path_factory.mktemp("site")
    offline = ("--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check")
    install = (sys.executable, "-m", "pip", "install", "--quiet", *offline, "--target", str(folder))
    subprocess.run([*install, *(str(EXAMPLES / name) for name in PACKAGES)], check=True)
    return folder


@pytest.fixture
def host(site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    """A host in a process that has the packages."""
    monkeypatch.syspath_prepend(site)
    yield Host.load()
    sys.modules.pop("acme_webhooks", None)


@pytest.fixture(scope="module")
def address(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The host with the form page, at work on an emulator while nothing may be deleted."""
    home = tmp_path_factory.mktemp("home")
    env = environment(home, PYTHONPATH=str(site), ACME_FREEZE="1")
    command = [sys.executable, str(site / "bin" / "form-host"), "0"]
    quiet = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, env=env, text=True, **quiet) as process:  # type: ignore[call-overload] # mixed values
        yield process.stdout.readline().strip()
        process.terminate()


def asked(url: str, inputs: Any = None, key: str | None = None) -> tuple[int, Any]:
    """What a page gets: the status, and the JSON."""
    body = None if inputs is None else json.dumps(inputs).encode()
    headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers)) as reply:  # noqa: S310 - loopback
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


# --- the package ----------------------------------------------------------------------------------


def test_the_package_is_found(host: Host) -> None:
    """Its actions stand beside ours, and nothing is wrong with it."""
    assert not host.problems
    assert [entry["id"] for entry in host.catalog()] == [*ACTIONS, *ADDED]


def test_the_package_is_short() -> None:
    """A resource, two actions, an audit and a guard are less than forty lines of code."""
    text = (EXAMPLES / "acme_webhooks" / "acme_webhooks.py").read_text("utf-8")
    assert len([line for line in text.splitlines() if line.strip()]) < 40


def test_every_run_is_audited(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    """Of a run that is done the audit has the request ID; of one that is not, that it is not."""
    caplog.set_level(logging.INFO, "acme")
    with Counted() as emulator:
        done = host.run("create_webhook_endpoint", TOLD, connection=emulator.connection())
        lost = {"Endpoint ID": "we_lost"}
        with pytest.raises(StripeError, match="we_lost"):
            host.run("delete_webhook_endpoint", lost, connection=emulator.connection())
    told = [record.getMessage() for record in caplog.records if record.name == "acme"]
    assert told == [
        f"create_webhook_endpoint, emulated: done by {done.request_id}",
        "delete_webhook_endpoint, emulated: not done",
    ]


@pytest.mark.parametrize("name", ["delete_webhook_endpoint", "delete_product"])
def test_the_guard_denies(
    name: str, host: Host, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """While there is a freeze, nothing that deletes is sent, of whichever package it is."""
    caplog.set_level(logging.INFO, "acme")
    monkeypatch.setenv("ACME_FREEZE", "1")
    inputs = {row["key"]: row["example"] for row in host.manifest(name)["inputs"]}
    with Counted() as emulator, pytest.raises(Denied, match="unset ACME_FREEZE"):
        host.run(name, inputs, connection=emulator.connection())
    assert emulator.asked == []
    assert f"{name}, emulated: not done" in caplog.text


# --- the host with a page -------------------------------------------------------------------------


@pytest.mark.parametrize("words", [[], ["abc"], ["-1"], ["8000", "8001"]])
def test_a_host_without_a_port_says_how_it_is_called(words: list[str], site: Path) -> None:
    """What is no port is answered with the usage, in one line."""
    command = [sys.executable, str(site / "bin" / "form-host"), *words]
    env = {**os.environ, "PYTHONPATH": str(site)}
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=60)
    told = "Usage: form-host PORT, such as form-host 8000\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", told)


def test_a_form_is_sent_once(address: str) -> None:
    """What was typed arrives under display keys; sent again, it is the same endpoint."""
    url = f"{address}/actions/create_webhook_endpoint"
    status, first = asked(url, TOLD, "key-of-a-form")
    _, again = asked(url, TOLD, "key-of-a-form")
    assert (status, first["output"]["url"]) == (200, TOLD["URL"])
    assert again["output"]["id"] == first["output"]["id"]
    assert (first["replayed"], again["replayed"]) == (False, True)


def test_a_form_is_told_what_is_wrong(address: str) -> None:
    """Each problem comes with the place of its control, and what a guard says comes through."""
    status, told = asked(f"{address}/actions/create_price", {"currency": "usd"})
    assert status == 422
    assert {problem["path"][0] for problem in told["problems_at"]} == {"product", "unit_amount"}
    status, told = asked(f"{address}/actions/delete_webhook_endpoint", {"Endpoint ID": "we_1"})
    assert (status, told["category"]) == (403, "denied")
    assert "freeze" in told["text"]
    assert asked(f"{address}/actions/nothing")[0] == 400


def test_the_page_draws_every_row(address: str, tmp_path: Path) -> None:
    """In a browser the page has a control for each row, and a place below it for what is wrong."""
    browser = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if browser is None:
        pytest.skip("there is no Chromium here")
    for name in ("create_price", "delete_webhook_endpoint"):
        page = drawn(browser, f"{address}/#{name}", tmp_path)
        rows = [row["name"] for row in asked(f"{address}/actions/{name}")[1]["inputs"]]
        assert [row for _, row in HOLD.findall(page)] == rows
        assert all(f'<output id="at-{row}">' in page for row in rows)


def drawn(browser: str, url: str, profile: Path) -> str:
    """What a page is once its scripts have run."""
    headless = ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}")
    command = [browser, *headless, "--virtual-time-budget=5000", "--dump-dom", url]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout
