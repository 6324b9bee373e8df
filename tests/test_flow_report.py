"""That a step which waits is seen to live, and what is said of an action that is not there."""

import io
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from terminal_support import KEY, Terminal, install

from stripe_emulator import Emulator, Fault, serve
from stripe_terminal import flowing
from stripe_terminal.flowing import Waiting
from stripe_terminal.screen import Screen

LONG = 30.0


class Shown(io.StringIO):
    """What is written, to a terminal or to a log."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self._terminal = terminal

    def isatty(self) -> bool:
        """Whether a person watches."""
        return self._terminal


def screen(*, terminal: bool, monkeypatch: pytest.MonkeyPatch) -> tuple[Screen, Shown]:
    """A screen, and what is written to it."""
    for name in ("NO_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")
    shown = Shown(terminal=terminal)
    monkeypatch.setattr(sys, "stderr", shown)
    return Screen(stderr=True), shown


def wait(condition: Callable[[], bool]) -> None:
    """Waits until it holds."""
    end = time.monotonic() + LONG
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.001)


def test_a_log_is_told_that_a_step_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody watches, a line now and then names the step that is waited for."""
    monkeypatch.setattr(flowing, "PATIENCE", 0.001)
    err, shown = screen(terminal=False, monkeypatch=monkeypatch)
    with Waiting(err)("price 1/3 usd"):
        wait(lambda: shown.getvalue().count("… price 1/3 usd is still waited for, ") > 1)


def test_a_person_sees_that_a_step_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a spinner stands beside the step's name, and goes away."""
    err, shown = screen(terminal=True, monkeypatch=monkeypatch)
    with Waiting(err)("price [red]"):
        wait(lambda: "price [red]" in shown.getvalue())
    assert "is still waited for" not in shown.getvalue()


def test_a_slow_answer_is_seen_to_be_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that waits for Stripe says so while it does."""
    monkeypatch.setattr(flowing, "PATIENCE", 0.01)
    with Emulator(tmp_path / "emulator.db") as world, serve(world) as server:
        world.faults.add(Fault("delay", seconds=0.5))
        terminal = Terminal(tmp_path, STRIPE_API_KEY=KEY, STRIPE_API_BASE=server.url)
        flow = "steps: [{id: found, action: list_products}]"
        done = terminal("flow", "-", stdin=flow)
    assert "… found is still waited for, " in done.stderr


def test_an_action_of_a_plugin_that_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an action that is not there, it is told which plugin may have it and did not load."""
    broken = {"acme_stripe.py": "import nothing_of_that_name"}
    install(tmp_path, "acme", "[stripe_plugin.v1]\nacme = acme_stripe\n", broken)
    monkeypatch.syspath_prepend(str(tmp_path))
    flow = "steps: [{id: got, action: release_the_kraken}]"
    done = Terminal(tmp_path / "home")("flow", "-", stdin=flow, code=2)
    told = 'There is no action "release_the_kraken": the plugin acme that may have it could not'
    assert told in done.stderr
    assert "nothing_of_that_name" in done.stderr
    assert "did you mean" not in done.stderr
