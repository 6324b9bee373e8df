"""What the README shows runs as it is printed."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from terminal_support import SCRIPT, Terminal, environment

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_a_snippet_runs(number: int, tmp_path: Path) -> None:
    """A Python snippet runs without an account and without a word on stderr."""
    command = [sys.executable, "-c", SNIPPETS[number]]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path, env={}
    )
    assert (done.returncode, done.stderr) == (0, "")


PAYING = re.search(r"run (create_payment_intent .*?)\n\$", README, re.DOTALL)


@pytest.mark.parametrize("card", ["pm_card_visa", "pm_card_chargeDeclined"])
def test_money_moves_in_the_emulator(card: str, tmp_path: Path) -> None:
    """The payment that the README types is paid and refunded, or refused."""
    assert PAYING
    typed = PAYING[1].replace("\\\n", "").replace("pm_card_visa", card)
    words = shlex.split(typed)
    terminal = Terminal(tmp_path)
    if card != "pm_card_visa":
        assert "declined" in terminal("--emulator", "run", *words, code=3).stderr
        return
    paid = json.loads(terminal("--emulator", "run", *words).stdout)
    refund = terminal("--emulator", "run", "refund_payment", f"Payment Intent ID={paid['id']}")
    assert (paid["status"], json.loads(refund.stdout)["amount"]) == ("succeeded", 2000)


SERVING = re.findall(
    r"```console\n\$ export (\w+)=(\S+)\n\$ ([^\n]*?) &\n\$ (curl .*?)\n```", README, re.DOTALL
)


def test_an_action_is_run_over_http(tmp_path: Path) -> None:
    """The three lines that the README types: a token, a server, a request that it answers."""
    if not shutil.which("curl"):
        pytest.skip("curl is not installed")
    [[variable, token, serve, curl]] = SERVING
    env = environment(tmp_path, **{variable: token})
    command = [str(SCRIPT), *shlex.split(serve.replace("8642", "0"))[1:]]
    with subprocess.Popen(command, env=env, stdout=-1, stderr=-1, text=True) as server:
        assert server.stdout
        address = server.stdout.readline().strip().removeprefix("http://")
        line = (
            curl.replace("\\\n", "")
            .replace("localhost:8642", address)
            .replace(f"${variable}", token)
        )
        told = subprocess.run(shlex.split(line), capture_output=True, check=False).stdout
        server.terminate()
        server.communicate()
    assert json.loads(told)["output"]["name"] == "Plan"
    assert server.returncode == 0


@pytest.mark.parametrize(
    "page", ["README", "SECURITY", "CONTRIBUTING", "nodes/README", "benchmarks/README"]
)
def test_a_link_leads_somewhere(page: str) -> None:
    """Every file that a page links to is there."""
    file = ROOT / f"{page}.md"
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", file.read_text("utf-8"))
    assert [link for link in links if not (file.parent / link).exists()] == []


def test_an_index_can_show_the_readme() -> None:
    """On a package index there are no files beside it: every link is whole, or within the page.

    A picture that is not there has words in its place. The files that it names are there, where
    there is a folder to look into.
    """
    without_pictures, _ = re.subn(r"!\[[^\]]{20,}\]\([^)]+\)", "", README)
    pages = re.findall(r"\]\(([^)]+)\)", without_pictures)
    assert [page for page in pages if not page.startswith(("https://", "#"))] == []
    files = {*re.findall(r"`([A-Z]+\.md|[\w.-]+/[\w./-]+\.(?:md|py|yaml))`", README)}
    roots = (ROOT, ROOT / "plugin")
    lost = [file for file in files if not any((root / file).exists() for root in roots)]
    assert lost == []
    assert "SECURITY.md" in files


def test_there_are_snippets() -> None:
    """The README shows use from Python, from a host, and a plugin."""
    assert len(SNIPPETS) >= 3
