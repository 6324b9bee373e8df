"""`stripe-nodes serve`: what it refuses to start with, what it tells, and how it ends."""

import json
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from network_support import eventually
from terminal_support import KEY, LIVE_KEY, SCRIPT, Terminal, environment

from stripe_emulator import Emulator
from stripe_emulator.faults import Fault
from stripe_hosts.accounts import Accounts, UnknownAccount
from stripe_plugin import UsageError

TOKEN = "a-token-that-nobody-guesses"
OPEN = ("--address", "0.0.0.0")  # noqa: S104 - it is refused
ACCOUNTS = """
berlin = "KEY_OF_BERLIN"

[tokyo]
variable = "KEY_OF_TOKYO"
account = "acct_tokyo"
rate = 20
"""


@contextmanager
def serving(home: Path, *words: str, **env: str) -> Iterator[tuple[subprocess.Popen[str], Any]]:
    """The command in a process of its own, and what it says on stdout."""
    command = [str(SCRIPT), "--emulator", "serve", "--json", *words]
    with subprocess.Popen(
        command,
        env=environment(home, **env),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            yield process, json.loads(process.stdout.readline())
        finally:
            process.kill()


def client(told: Mapping[str, str], token: str | None = None) -> httpx.Client:
    """A client that knows where, and the token."""
    headers = {"Authorization": f"Bearer {token or told['token']}"}
    return httpx.Client(base_url=told["url"], headers=headers, trust_env=False, timeout=30)


def test_an_end_lets_what_is_on_its_way_arrive(tmp_path: Path) -> None:
    """SIGTERM in the middle of a run: its answer arrives, nobody new comes in, and all is well."""
    with serving(tmp_path) as (process, told), client(told) as door, ThreadPoolExecutor() as pool:
        with Emulator(tmp_path / "emulator.db") as emulator:
            emulator.faults.add(Fault("delay", path="/v1/products", seconds=1.5))
            body = {"inputs": {"Name": "Premium Plan"}}
            running = pool.submit(door.post, "/actions/create_product/runs", json=body)
            assert eventually(lambda: emulator.faults.list()[0]["left"] == 0)
        process.send_signal(signal.SIGTERM)
        assert running.result().json()["output"]["name"] == "Premium Plan"
        assert process.wait(30) == 0
        with pytest.raises(httpx.TransportError):
            door.get("/about")
        assert process.stderr
        log = process.stderr.read()
    assert "Stopping: waits for what is on its way (1)." in log
    assert 'POST "/actions/create_product/runs" 200' in log
    assert told["token"] not in log
    assert "Premium" not in log


def test_a_token_that_is_given_is_not_repeated(tmp_path: Path) -> None:
    """STRIPE_NODES_TOKEN is demanded, and printed nowhere."""
    with serving(tmp_path, STRIPE_NODES_TOKEN=TOKEN) as (process, told):
        with client(told, TOKEN) as door, client(told, "another") as stranger:
            assert door.get("/about").json()["accounts"][0]["mode"] == "emulated"
            assert stranger.get("/about").status_code == 401
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        assert process.stderr
        assert TOKEN not in json.dumps(told) + process.stderr.read()


def curl(*words: str) -> str:
    """What the program says that the README calls the door with."""
    program = shutil.which("curl")
    if program is None:
        pytest.skip("curl is not installed")
    done = subprocess.run(
        [program, "--no-progress-meter", *words], capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_a_server_that_is_down_is_told_by_curl(tmp_path: Path) -> None:
    """The documented client says that nobody is there, and with what it was told before that."""
    asked = ("--oauth2-bearer", TOKEN, "--json", '{"inputs": {}}')
    with serving(tmp_path, STRIPE_NODES_TOKEN=TOKEN) as (process, told):
        url = f"{told['url']}/actions/create_product/runs"
        assert "Name is required." in curl(*asked, url)
        process.terminate()
        assert process.wait(30) == 0
    said = curl(*asked, url)
    assert "Failed to connect to 127.0.0.1" in said
    assert TOKEN not in said


REFUSALS: list[tuple[list[str], dict[str, str], str]] = [
    ([], {"STRIPE_API_KEY": ""}, "There is no API key"),
    ([], {"STRIPE_API_KEY": LIVE_KEY}, "moves real money"),
    ([*OPEN], {}, "Say so with --public"),
    ([*OPEN, "--public"], {}, "STRIPE_NODES_TOKEN"),
    ([], {"STRIPE_NODES_TOKEN": " "}, "STRIPE_NODES_TOKEN is set but empty"),
    ([], {"STRIPE_NODES_TOKEN": "short"}, "The token must be 16–500"),
    (["--address", "localhost"], {}, "must be an IP address"),
    (["--origin", "app.example"], {}, "An origin is such as https://app.example"),
    (["--only", "prices"], {}, "did you mean price?"),
    (["--accounts", "accounts.toml", "--account", "acct_1"], {}, "go without it"),
    (["--accounts", "nowhere.toml"], {}, "nowhere.toml cannot be read: No such file"),
    (["--accounts", "accounts.toml"], {}, "accounts.toml › berlin: KEY_OF_BERLIN is not set"),
]


@pytest.mark.parametrize(("words", "env", "sentence"), REFUSALS)
def test_what_is_not_safe_does_not_start(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    env: dict[str, str],
    sentence: str,
) -> None:
    """No key, a live one, an address that others reach, a token that is guessed: in words."""
    monkeypatch.chdir(tmp_path)
    Path("accounts.toml").write_text(ACCOUNTS, "utf-8")
    ended = Terminal(tmp_path)("serve", *words, code=2, **env)
    assert sentence in " ".join(ended.stderr.split())
    assert ended.stdout == ""


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """Somebody else listens there."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = Terminal(tmp_path)("serve", "--port", port, code=2)
    assert f"port {port}, cannot be had: Address already in use" in " ".join(ended.stderr.split())


def test_a_missing_library_names_the_extra(tmp_path: Path) -> None:
    """Without the extra, everything else works, and this says what to install."""
    code = (
        "import sys; sys.modules['starlette'] = None\n"
        "from stripe_terminal.cli import main; main(['serve'])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "pip install 'stripe-nodes[serve]'" in ended.stderr


# --- accounts by name -----------------------------------------------------------------------------


def read(folder: Path, text: str, **environ: str) -> Accounts:
    """The accounts of a file."""
    file = folder / "accounts.toml"
    file.write_text(text, "utf-8")
    return Accounts.from_file(file, environ)


def test_a_file_has_names_and_variables(tmp_path: Path) -> None:
    """Each account has its own key, connected account, and rate; one must be named."""
    accounts = read(tmp_path, ACCOUNTS, KEY_OF_BERLIN=KEY, KEY_OF_TOKYO="emulator")
    berlin, tokyo = accounts.of("berlin"), accounts.of("tokyo")
    assert (berlin.mode, berlin.account, berlin.api_key.reveal()) == ("test", None, KEY)
    assert (tokyo.mode, tokyo.account, tokyo.rate) == ("emulated", "acct_tokyo", 20)
    with pytest.raises(UnknownAccount, match=r"say which account \(berlin, tokyo\)"):
        accounts.of()
    assert KEY not in repr(accounts) + json.dumps(accounts.listed())


WRONG_FILES = [
    (f'berlin = "{KEY}"', "accounts.toml holds a key, in line 1. Put the key into a variable"),
    (f'\n[berlin]\napi_key = "{KEY}"', "holds a key, in line 3"),
    ('[berlin]\napi_key = "BERLIN"', 'has no "api_key"; an account has variable, account,'),
    ('[berlin]\naccuont = "acct_1"', 'has no "accuont" (did you mean account?)'),
    ('[berlin]\naccount = "acct_1"', "berlin names no variable"),
    ("berlin = 5", "berlin must name a variable"),
    ("[berlin]\nvariable = 5", "berlin › variable must be text; got 5"),
    ('[berlin]\nvariable = "SET"\naccount = "nobody"', "berlin: The account must look like acct_"),
    ('[berlin]\nvariable = "SET"\nrate = 0', "berlin: The rate is requests a second"),
    ('"" = "SET"', 'has the name "": a name is 1–100 visible characters'),
    ('berlin = "PUBLISHABLE"', "berlin: The API key pk_test_… is a publishable key"),
    ('berlin = "LIVE"', "berlin: The API key sk_live_… moves real money"),
    ("berlin", "accounts.toml is not TOML"),
    ("", "accounts.toml names no account"),
]


@pytest.mark.parametrize(("text", "sentence"), WRONG_FILES)
def test_a_file_that_cannot_be_used_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    """At its place, in words, and without the key that stands in it."""
    environ = {"SET": KEY, "LIVE": LIVE_KEY, "PUBLISHABLE": "pk_test_123456"}
    with pytest.raises(UsageError) as refused:
        read(tmp_path, text, **environ)
    assert sentence in str(refused.value)
    assert KEY not in str(refused.value)
