"""What reaches an operator's terminal: text, whoever wrote it, and on stdout the data alone."""

import importlib
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
from support import ACTIONS
from terminal_support import KEY, LIVE_KEY, SCRIPT, Counted, Terminal, environment, install

from stripe_emulator import Answer, serve
from stripe_terminal.screen import as_json, clean

EVIL = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202egnp\u2066\u200f\x7f\x00\r\n\x08✓ paid\ud800\u2028"
CONTROL = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
TEXTS = ("description", "name", "nickname", "status", "url", "message", "code", "param", "doc_url")


def spoilt(value: Any) -> Any:
    """An answer in which every text of Stripe's carries controls."""
    if isinstance(value, list):
        return [spoilt(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        word: f"http{EVIL}{item}" if word in TEXTS and isinstance(item, str) else spoilt(item)
        for word, item in value.items()
    }


class Hostile(Counted):
    """An emulator that answers so."""

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The usual answer, spoilt."""
        answer = super().answer(method, target, headers, body)
        spoiled = json.dumps(spoilt(json.loads(answer.body))).encode()
        headers = {**answer.headers, "Content-Length": str(len(spoiled))}
        return attrs.evolve(answer, body=spoiled, headers=headers)


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[Terminal]:
    """A terminal whose Stripe is hostile, or somebody's customers are."""
    with Hostile() as world, serve(world) as server:
        yield Terminal(tmp_path / "home", STRIPE_API_KEY=KEY, STRIPE_API_BASE=server.url)


def check(text: str) -> None:
    """No control character is in it but colours of ours."""
    found = CONTROL.search(COLOUR.sub("", text))
    assert not found, ascii(text[max(found.start() - 40, 0) : found.end()])


FLOW = """
steps:
  - {id: plan, action: create_product, inputs: {Name: Plan}}
  - {id: all, action: list_products}
  - {id: pay, action: create_checkout_session, inputs: {Mode: setup, Payment Method Types: [card],
     Success URL: https://example.com, Cancel URL: https://example.com}}
  - {id: gone, action: retrieve_product, inputs: {Product ID: prod_nope}}
"""
COMMANDS = {
    "run create_product Name=a": 0,
    "run list_products": 0,
    "run retrieve_product Product~ID=prod_nope": 3,
    "run retrieve_product Product~ID=EVIL": 2,
    "run create_product EVIL=1": 2,
    "run create_product Name": 2,
    "run EVIL": 2,
    "run create_product --inputs EVIL": 2,
    "run create_product --EVIL": 2,
    "run create_product --account EVIL": 2,
    "run create_product --run-id EVIL Name=a": 0,
    "flow FLOW": 3,
    "flow EVIL": 2,
    "doctor": 0,
    "describe EVIL": 2,
    "EVIL": 2,
    "--EVIL": 2,
    "fault EVIL": 2,
    "fault cut --path EVIL": 2,
    "emulator --port EVIL": 2,
}


@pytest.mark.parametrize("how", ["people", "colours", "json"])
@pytest.mark.parametrize("line", COMMANDS)
def test_no_control_reaches_a_terminal(
    line: str, how: str, hostile: Terminal, tmp_path: Path
) -> None:
    """Whatever Stripe, a file or a command line holds is printed as text that only can be read."""
    file = tmp_path / "flow.yaml"
    file.write_text(FLOW)
    evil = EVIL.replace("\x00", "").replace("\ud800", "")  # which no command line has
    words = [
        word.replace("EVIL", evil).replace("FLOW", str(file)).replace("~", " ")
        for word in line.split()
    ]
    code = COMMANDS[line]
    if how == "json" and line.split(maxsplit=1)[0] in (
        "run",
        "flow",
        "doctor",
        "describe",
        "fault",
    ):
        words.append("--json")
    colours = {"FORCE_COLOR": "1"} if how == "colours" else {}
    done = hostile(*words, code=code, **colours)
    check(done.stdout + done.stderr)
    if how == "json" and done.stdout:
        assert [json.loads(each) for each in done.stdout.splitlines()]


def test_json_is_the_same_data(hostile: Terminal) -> None:
    """In JSON nothing is replaced: what Stripe said is there, escaped."""
    for more in ((), ("--json",)):
        done = hostile("run", "create_product", "Name=Plan", *more)
        found = json.loads(done.stdout)
        assert found.get("output", found)["name"] == f"http{EVIL}Plan"


def test_a_step_stays_on_its_line(hostile: Terminal, tmp_path: Path) -> None:
    """A text of Stripe's with line ends cannot pass for a step of its own."""
    file = tmp_path / "flow.yaml"
    file.write_text(FLOW)
    done = hostile("flow", str(file), code=3)
    steps = re.findall(r"^✓ *(\w+)", done.stdout, re.MULTILINE)
    assert steps == ["plan", "all", "pay"]


def test_a_real_terminal(hostile: Terminal, tmp_path: Path) -> None:
    """On a terminal that shows colours, there are those and nothing else."""
    ours, theirs = pty.openpty()
    given = environment(hostile.home, **hostile.env, TERM="xterm-256color")
    process = subprocess.Popen(
        [SCRIPT, "run", "create_product", "Name=Plan"], env=given, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    text = "".join(_lines(ours))
    assert process.wait() == 0
    assert COLOUR.search(text)
    check(text.replace("\r\n", "\n"))


def _lines(terminal: int) -> Iterator[str]:
    """What is written to a terminal, until nobody has it open any more."""
    with open(terminal, encoding="utf-8", newline="") as stream:
        try:
            yield from stream
        except OSError:  # how Linux says that it was closed
            return


@pytest.mark.parametrize("text", ["Ünïcode ✓ › 日本", "a\nb\tc", ""])
def test_what_is_text_stays(text: str) -> None:
    """Letters of all scripts, newlines and tabs are left alone."""
    assert clean(text) == text
    assert json.loads(as_json(text, pretty=True)) == text


# --- plugins --------------------------------------------------------------------------------------

NOISY = f"""
import logging, os
from stripe_plugin import hookimpl
print("noise at import")

@hookimpl(wrapper=True)
def run_action():
    print("noise in a hook")
    logging.getLogger("acme").warning({EVIL!r})
    return (yield)
"""
POINTS = "[stripe_plugin.v1]\nacme = acme_plug\n"


class Site:
    """Where a plugin is installed for the terminal."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def with_plugin(self, code: str) -> Terminal:
        """A terminal with this plugin, which it has yet to import."""
        install(self._folder / "site", "acme-plug", POINTS, {"acme_plug.py": code})
        importlib.invalidate_caches()
        sys.modules.pop("acme_plug", None)
        return Terminal(self._folder / "home")

    def with_broken_plugin(self) -> Terminal:
        """A terminal with a plugin that cannot be loaded."""
        return self.with_plugin(f"raise RuntimeError('no\\nlicence ' + {EVIL!r})")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """An empty site."""
    monkeypatch.syspath_prepend(tmp_path / "site")
    monkeypatch.setattr(sys, "dont_write_bytecode", True)  # its code changes within a second
    yield Site(tmp_path)
    sys.modules.pop("acme_plug", None)


@pytest.mark.parametrize(
    "words", [("list",), ("describe", "create_price"), ("run", "create_product", "Name=a")]
)
def test_stdout_is_for_data(words: tuple[str, ...], site: Site) -> None:
    """What a plugin prints, when it is imported or runs, goes to stderr."""
    done = site.with_plugin(NOISY)(*words, "--json")
    assert json.loads(done.stdout)
    assert "noise at import" in done.stderr
    assert ("noise in a hook" in done.stderr) == (words[0] == "run")
    check(done.stderr)


def test_a_plugin_that_is_not_loaded_is_told(site: Site, tmp_path: Path) -> None:
    """`run` and `flow` tell it on one line of stderr and go on; `doctor` ends with 1."""
    terminal = site.with_broken_plugin()
    (tmp_path / "flow.yaml").write_text("steps: [{id: a, action: list_products}]")
    flow = ("flow", str(tmp_path / "flow.yaml"))
    for words in (("run", "list_products"), flow):
        done = terminal(*words)
        [line] = [line for line in done.stderr.splitlines() if "acme" in line]
        assert "! acme-plug › acme is not loaded: RuntimeError: no licence" in line
        check(done.stderr)
    assert "acme-plug › acme: RuntimeError: no licence" in terminal("doctor", code=1).stdout


def test_a_plugin_that_is_required(site: Site) -> None:
    """Without a plugin that must be there nothing is run: broken, missing or blocked."""
    words = ("run", "create_product", "Name=a")
    terminal = site.with_broken_plugin()
    assert "acme" in terminal("--require", "acme", *words, code=2).stderr
    assert "nope" in terminal(*words, code=2, STRIPE_PLUGIN_REQUIRE="nope, ").stderr
    terminal = site.with_plugin(NOISY)
    assert terminal("--require", "acme", *words, STRIPE_PLUGIN_REQUIRE="acme").stdout
    done = terminal("--require", "acme", *words, code=2, STRIPE_PLUGIN_BLOCK="acme")
    assert "acme" in done.stderr


def test_doctor_lists_plugins(site: Site) -> None:
    """`doctor` tells which plugins are loaded and of whom, which are blocked and which required."""
    terminal = site.with_plugin(NOISY)
    shown = terminal("--require", "acme", "doctor", STRIPE_PLUGIN_REQUIRE="stripe").stdout
    assert "\nplugin acme (acme-plug 1.0, acme_plug)\n" in shown
    assert "\nplugin stripe (stripe-nodes " in shown
    assert "\nrequired: acme, stripe\n" in shown
    assert "\nblocked: " not in shown
    told = json.loads(terminal("doctor", "--json", STRIPE_PLUGIN_BLOCK="acme, other").stdout)
    loaded = [(plugin["name"], plugin["distribution"]) for plugin in told["plugins"]]
    assert ("stripe", "stripe-nodes") in loaded
    assert "acme" not in dict(loaded)
    assert (told["blocked"], told["required"]) == (["acme", "other"], [])


# --- what is asked for by name --------------------------------------------------------------------

ASKING = [("run", "list_products"), ("flow", "FLOW"), ("doctor",)]


@pytest.mark.parametrize("words", ASKING)
@pytest.mark.parametrize("key", ["", " "])
def test_no_key_is_an_error(words: tuple[str, ...], key: str, tmp_path: Path) -> None:
    """Without a key nothing is run, and both ways to have one are told; `doctor` tells the rest."""
    (tmp_path / "flow.yaml").write_text("steps: [{id: a, action: list_products}]")
    given = [word.replace("FLOW", str(tmp_path / "flow.yaml")) for word in words]
    terminal = Terminal(tmp_path / "home", STRIPE_API_KEY=key)
    done = terminal(*given, code=2)
    for way in ("STRIPE_API_KEY", "sk_test_…", "or to emulator", "--emulator"):
        assert way in done.stderr
    assert (f"{len(ACTIONS)} actions" in done.stdout) == (words[0] == "doctor")
    terminal("--emulator", *given)


@pytest.mark.parametrize(
    "words", [("list",), ("describe", "create_price"), ("fault",), ("--help",)]
)
def test_what_asks_nobody_needs_no_key(words: tuple[str, ...], tmp_path: Path) -> None:
    """Lists, descriptions, help and the emulator's faults work without one."""
    Terminal(tmp_path / "home", STRIPE_API_KEY="")(*words)


def test_the_emulator_by_option_goes_before_a_key(tmp_path: Path) -> None:
    """--emulator is the emulator, whichever key is in the environment: even a live one."""
    terminal = Terminal(tmp_path / "home", STRIPE_API_KEY=LIVE_KEY)
    made = json.loads(terminal("--emulator", "run", "create_product", "Name=a").stdout)
    found = terminal(
        "run", "retrieve_product", f"Product ID={made['id']}", STRIPE_API_KEY="emulator"
    )
    assert json.loads(found.stdout) == made


@pytest.mark.parametrize(
    "words",
    [
        ("--api-key", LIVE_KEY, "run"),
        (f"--api-key={LIVE_KEY}", "run"),
        (f"--{LIVE_KEY}", "run"),
        (f"-{LIVE_KEY}",),
        (LIVE_KEY,),
        ("--require", LIVE_KEY, "list"),
        ("run", f"--key={LIVE_KEY}"),
        ("run", f"--allow-live={LIVE_KEY}", "list_products"),
        ("fault", "cut", "--times", LIVE_KEY),
        ("fault", LIVE_KEY),
    ],
)
def test_a_key_at_a_wrong_place_is_cut(words: tuple[str, ...], tmp_path: Path) -> None:
    """Whatever is said of a wrong word of the command line, no key in it is repeated."""
    done = Terminal(tmp_path)(*words, code=2)
    assert LIVE_KEY[8:] not in done.stdout + done.stderr


@pytest.mark.parametrize("words", [("flow", "FILE"), ("run", "create_product", "--inputs", "FILE")])
def test_an_endless_file(words: tuple[str, ...], tmp_path: Path) -> None:
    """A file without an end is read to a bound: a device, a pipe, standard input."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    terminal = Terminal(tmp_path / "home")
    told = "is longer than 2,000,000 bytes: no more was read"
    given = [word.replace("FILE", "/dev/zero") for word in words]
    assert f"/dev/zero {told}" in terminal(*given, code=2).stderr
    given = [word.replace("FILE", "-") for word in words]
    assert f"standard input {told}" in terminal(*given, code=2, stdin="a" * 2_000_001).stderr
    code = "while True: print('a' * 999)"
    pipe = os.open(fifo, os.O_RDWR)
    with subprocess.Popen([sys.executable, "-c", code], stdout=pipe) as endless:
        given = [word.replace("FILE", str(fifo)) for word in words]
        assert f"{fifo} {told}" in terminal(*given, code=2).stderr
        endless.kill()
    os.close(pipe)
