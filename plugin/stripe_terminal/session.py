"""What do all commands share: the screens, the state folder, the host, the connection?"""

import os
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager, redirect_stdout
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stripe_plugin.errors import UsageError
from stripe_plugin.host.host import PLUGINS, Host
from stripe_plugin.secrets import masked
from stripe_terminal.report import reporting
from stripe_terminal.screen import Screen, as_json

if TYPE_CHECKING:
    from stripe_flow.run import Run
    from stripe_plugin.client.connection import Connection

EMULATED = "emulator: no Stripe account is used, nothing is charged"
NO_KEY = (
    "There is no API key. Set STRIPE_API_KEY to a key of your account (sk_test_…); or, to use no"
    " account at all, to the word `emulator`, or say `stripe-nodes --emulator …`"
)
MOVE_AWAY = (
    "is damaged ({error}). It holds nothing but the emulator's objects: move it away to start anew"
)


class Session:
    """One call of `stripe-nodes`."""

    def __init__(self, *, emulated: bool = False, require: Sequence[str] = ()) -> None:
        self.out, self.err = Screen(), Screen(stderr=True)
        self.as_json = self.allow_live = False
        self.account: str | None = None
        self._emulated, self._require = emulated, require

    @contextmanager
    def reporting(self) -> Generator[None]:
        """Stdout is ours alone while this lasts: what plugins print goes to stderr."""
        self.out.file = sys.stdout
        data = self.data if self.as_json else None
        with redirect_stdout(sys.stderr), reporting(self.err, data):
            yield

    def data(self, value: Any) -> None:
        """One line of JSON on stdout, without secrets."""
        click.echo(masked(as_json(value)), file=self.out.file)

    def host(self) -> Host:
        """The installed actions and plugins; those that could not be loaded are told."""
        host = Host.load()
        _check_required(host, self._require)
        return host

    def warn_of(self, host: Host) -> None:
        """Tells of the plugins that could not be loaded, each on one line."""
        for problem in host.problems:
            text = f"{problem.distribution} › {problem.name} is not loaded: {problem.reason}"
            self.err.say(" ".join(text.split()), "[yellow]![/] ")

    def connect(self) -> "Connection":
        """The connection of the environment and the options; its mode is told."""
        from stripe_plugin.client.connection import Connection

        with usable_emulator(emulator_file()):
            connection = Connection.from_env(self._environ(), allow_live=self.allow_live)
        if connection.world is None:
            self.err.print(f"[bold]{connection.mode} mode[/]")
        else:
            self.err.print(f"[yellow]{EMULATED}[/]")
        return connection

    def _environ(self) -> dict[str, str]:
        """The environment, as the options change it. The emulator is a file of all commands."""
        environ = {**os.environ, "STRIPE_NODES_EMULATOR": str(emulator_file())}
        if self.account is not None:
            environ["STRIPE_ACCOUNT"] = self.account
        if self._emulated or environ.get("STRIPE_API_KEY", "").strip() == "emulator":
            environ["STRIPE_API_KEY"] = ""
        elif not environ.get("STRIPE_API_KEY", "").strip():
            raise UsageError(NO_KEY)
        return environ

    def begin(self, host: Host, connection: "Connection", run_id: str) -> "Run":
        """The run of this name, kept in the journal of all commands."""
        from stripe_flow.journal import Journal
        from stripe_flow.run import Run

        return Run(host, connection, run_id, Journal(home() / "runs.db"))


def _check_required(host: Host, required: Sequence[str]) -> None:
    """Refuses to go on without a plugin that must be there."""
    names = [*required, *_listed("STRIPE_PLUGIN_REQUIRE")]
    installed = {point.name for point in entry_points(group=PLUGINS)}
    installed -= {*_listed("STRIPE_PLUGIN_BLOCK")}
    broken = {problem.name: problem.reason for problem in host.problems}
    for name in names:
        if name in broken:
            raise UsageError(f"The plugin {name} is required, but cannot be used: {broken[name]}")
        if name not in installed:
            raise UsageError(f"The plugin {name} is required, but not installed, or blocked")


def _listed(variable: str) -> list[str]:
    """The names in a variable of the environment."""
    names = os.environ.get(variable, "").split(",")
    return [name.strip() for name in names if name.strip()]


def home() -> Path:
    """Where the emulator and the journal of runs are: STRIPE_NODES_HOME, or the state folder."""
    state = Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
    folder = Path(os.environ.get("STRIPE_NODES_HOME") or state / "stripe-nodes")
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def emulator_file() -> Path:
    """The file that all commands share as their emulator."""
    return Path(os.environ.get("STRIPE_NODES_EMULATOR") or home() / "emulator.db")


@contextmanager
def usable_emulator(file: Path) -> Generator[None]:
    """An emulator's file that cannot be used is named, with what to do."""
    from stripe_flow.files import usable

    with usable(file, MOVE_AWAY):
        yield
