"""Does `stripe-nodes studio` open what it says, and close when it is told to?"""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest


def command(folder: Path, *words: str, **environ: str) -> "subprocess.Popen[str]":
    """The command, started in an empty home."""
    home = {"STRIPE_NODES_HOME": str(folder / "home")}
    known = {name: value for name, value in os.environ.items() if not name.startswith("STRIPE_")}
    return subprocess.Popen(
        [sys.executable, "-m", "stripe_terminal", "studio", "--no-browser", *words],
        cwd=folder,
        env={**known, **home, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_prints_the_address_serves_and_ends(tmp_path: Path) -> None:
    """In the emulator if no key is given; the address has the token, its log has not."""
    with command(tmp_path) as running:
        assert running.stdout
        address = running.stdout.readline().strip()
        [token] = re.findall(r"\?token=(\S{20,})", address)
        with httpx.Client(follow_redirects=True) as browser:
            page = browser.get(address)
            moved = browser.get(address.replace(token, "wrong"))
        running.send_signal(signal.SIGTERM)
        _, told = running.communicate(timeout=60)
    assert (page.status_code, moved.status_code) == (200, 401)
    assert "Emulator: no real money" in page.text
    assert running.returncode == 0
    assert "no Stripe account is used" in told
    assert token not in told


@pytest.mark.parametrize("key", ["sk_live_51HxVerySecretKey", "rk_live_51HxVerySecretKey"])
def test_a_live_key_opens_nothing(tmp_path: Path, key: str) -> None:
    """It is refused in words, without the key."""
    with command(tmp_path, STRIPE_API_KEY=key) as running:
        out, told = running.communicate(timeout=60)
    assert (running.returncode, out) == (2, "")
    assert "no live key" in told
    assert "VerySecret" not in told
