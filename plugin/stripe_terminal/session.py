"""What do all commands share: the screens, the state folder, the host, the connection?"""

import os
import shlex
import sys
import time
import uuid
from collections.abc import Generator, Iterable, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stripe_plugin.errors import UsageError
from stripe_plugin.host.hookspecs import hookimpl
from stripe_plugin.host.host import Host
from stripe_plugin.secrets import hiding, masked
from stripe_terminal import printed
from stripe_terminal.consent import ask
from stripe_terminal.logs import logged
from stripe_terminal.printed_runs import when
from stripe_terminal.report import Begun, reporting
from stripe_terminal.screen import EMULATED, WARNING, Screen, as_json, one_line

if TYPE_CHECKING:
    from stripe_flow.journal import Journal
    from stripe_flow.run import Run
    from stripe_plugin.client.connection import Connection
    from stripe_plugin.declare.action import Action
    from stripe_plugin.declare.spec import Spec
    from stripe_plugin.run.result import Result

Asked = tuple[str, str | None]  # an action, and an account
MOVE_AWAY = (
    "is damaged ({error}). It holds nothing but the emulator's objects: move it away to start anew"
)

DAY = 24 * 60 * 60.0
OLD = (
    "The run ID {} is of {}: what was done then is not done again. What is to be done anew needs a"
    " new one, or none."
)
OTHER_HOME = "Have STRIPE_NODES_HOME name a folder that is yours to write."


class Warned:
    """A plugin of the terminal's own, around all others: tells what looks wrong in an action."""

    def __init__(self, err: Screen) -> None:
        self._err = err

    @hookimpl(wrapper=True)
    def run_action(self, action: "Action") -> Generator[None, "Result", "Result"]:
        """Tells of IDs that look like another resource's, and lets the run go on."""
        for warning in action.warnings().values():
            self._err.say(warning, WARNING)
        return (yield)


class Session:
    """One call of `stripe-nodes`."""

    def __init__(self, **options: Any) -> None:
        self.out = Screen()
        self.err = Screen(stderr=True)
        self.as_json = self.allow_live = False
        self.account: str | None = None
        self.outputs = "all"  # or only their "ids": what is kept of them
        self.yes = False  # nobody is asked
        self.begun = Begun()
        self.by_option: bool = options["emulated"]
        self._required: Sequence[str] = options["require"]
        self.log: str | None = options["log"]
        self.connection: Connection

    @contextmanager
    def reporting(self) -> Generator[None]:
        """Stdout is ours alone while this lasts: what plugins print goes to stderr."""
        self.out.file = sys.stdout
        data = self.data if self.as_json else None
        with (
            ExitStack() as self._hiding,
            redirect_stdout(sys.stderr),
            logged(self.err, self.log),
            reporting(self.err, data, self.begun),
        ):
            yield

    def hide(self, *texts: str) -> None:
        """Cuts these texts, like secrets, from all that is told until the command ends."""
        self._hiding.enter_context(hiding(*texts))

    def command(self, *words: str) -> str:
        """A command line with the options of all commands, as a shell takes it."""
        options = ["--emulator"] if self.by_option else []
        for name in self._required:
            options += ["--require", name]
        return shlex.join(["stripe-nodes", *options, *words])

    def data(self, value: Any) -> None:
        """One line of JSON on stdout, without secrets."""
        line = masked(as_json(value))
        click.echo(line, file=self.out.file)

    def result(self, result: "Result", *, whole: bool = False, **place: Any) -> None:
        """A result as such a line, with the step that it is of and the run's name.

        `whole`: somebody asked for the client secrets in it.
        """
        line = place | result.as_dict() | self.begun.facts()
        if whole:
            line["output"] = result.output
            click.echo(as_json(line), file=self.out.file)
        else:
            self.data(line)

    @cached_property
    def host(self) -> Host:
        """The installed actions and plugins."""
        host = Host.load(require=self._required)
        host.register(Warned(self.err), "stripe-nodes:terminal")
        return host

    def warn_of_plugins(self) -> None:
        """Tells of those that could not be loaded, each on one line."""
        for problem in self.host.problems:
            text = f"{problem.distribution} › {problem.name} is not loaded: {problem.reason}"
            self.err.tell(one_line(text), WARNING)

    @contextmanager
    def connected(self) -> Generator[Host]:
        """The host and the connection of a command that runs actions."""
        with self.host as host:
            self.warn_of_plugins()
            self.connect()
            yield host

    def connect(self) -> "Connection":
        """The connection of the environment and the options; its mode is told."""
        from stripe_plugin.client.connection import Connection

        with usable_emulator(emulator_file()):
            made = Connection.from_env(self.environ(), allow_live=self.allow_live)
        self.connection = made
        mode = f"[yellow]{EMULATED}[/]" if self.emulated else f"[bold]{made.mode} mode[/]"
        self.err.print(mode)
        return made

    @property
    def emulated(self) -> bool:
        """Whether the connection is to the emulator in this process."""
        return self.connection.in_process is not None

    def environ(self) -> dict[str, str]:
        """The environment, as the options change it. The emulator is a file of all commands."""
        environ = {**os.environ, "STRIPE_NODES_EMULATOR": str(emulator_file())}
        if self.account is not None:
            environ["STRIPE_ACCOUNT"] = self.account
        if self.by_option:
            environ["STRIPE_API_KEY"] = "emulator"
        return environ

    def name_run(self, given: str | None) -> None:
        """Gives the command's run its name, made up if none is given."""
        self.begun.run_id = given or f"run_{uuid.uuid4().hex[:12]}"

    def begin(self, actions: Iterable[Asked], what: str | None = None) -> "Run":
        """The command's run, of these actions, kept in the journal of all commands.

        Each has the account that its own options name, if they do.

        `what`: what a list of runs calls it. Asks first where it cannot be undone for real.
        """
        from stripe_flow.run import Run

        self.consent(actions)
        journal = self.journal()
        run = Run(self.host, self.connection, self.begun.run_id, journal, what=what)
        self._warn_of_age(run)
        return run

    def consent(self, actions: Iterable[Asked]) -> None:
        """Asks before these actions are run, where that cannot be undone for real."""
        asked = [(self.host.action(action).spec, account) for action, account in actions]
        self._ask(asked)
        self.begun.changes = not all(spec.hints["read_only"] for spec, _ in asked)

    def _warn_of_age(self, run: "Run") -> None:
        """Tells whoever repeats a run ID day by day, as cron does, that it is one run."""
        if not run.known or run.begun is None:
            return
        if time.time() - run.begun > DAY:
            text = OLD.format(run.run_id, when(run.begun))
            self.err.tell(text, WARNING)

    def journal(self) -> "Journal":
        """The journal of all commands."""
        from stripe_flow.journal import Journal

        return Journal(journal_file(), outputs=self.outputs)

    def _ask(self, asked: "Iterable[tuple[Spec, str | None]]") -> None:
        """Asks whether a live account's objects are to be deleted, or the like."""
        if self.yes or self.connection.mode != "live":
            return
        usual = self.connection.account or "that the key is of"
        named: dict[str, None] = {}
        accounts: dict[str, None] = {}
        for spec, account in asked:
            if spec.hints["destructive"]:
                named[f"{spec.name}: {spec.summary}"] = None
                accounts[account or usual] = None
        if named:
            where = " and ".join(accounts)
            ask(self.err, f"{' '.join(named)} This cannot be undone, in the live account {where}.")

    def tell_about(self, result: "Result") -> None:
        """What is beside Stripe's object, where there is something."""
        text = printed.about(result, told=self.emulated)
        if text:
            self.err.tell(text)

    def tell_secret(self, result: "Result", *, whole: bool) -> None:
        """How a client secret that is not shown is come by."""
        text = printed.about_secret(result, whole=whole)
        if text:
            self.err.tell(text)

    def tell_emulated(self, result: "Result") -> None:
        """That it is an emulator's, unless that was known before."""
        if result.mode == "emulated" and not self.emulated:
            self.err.tell(EMULATED)


def home() -> Path:
    """Where the emulator and the journal of runs are: STRIPE_NODES_HOME, or the state folder."""
    folder = _path_of("STRIPE_NODES_HOME") or _usual_home()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        what = f"The state folder {folder} cannot be made ({error.strerror}). {OTHER_HOME}"
        raise UsageError(what) from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise UsageError(f"The state folder {folder} cannot be written. {OTHER_HOME}")
    return folder


def _usual_home() -> Path:
    state = os.environ.get("XDG_STATE_HOME")
    try:
        folder = Path(state) if state else Path.home() / ".local" / "state"
    except RuntimeError as error:  # neither HOME nor a user of this number
        raise UsageError(f"There is no home folder for the state. {OTHER_HOME}") from error
    return folder / "stripe-nodes"


def journal_file() -> Path:
    """Where the runs of all commands are kept."""
    return home() / "runs.db"


def emulator_file() -> Path:
    """The file that all commands share as their emulator."""
    return _path_of("STRIPE_NODES_EMULATOR") or home() / "emulator.db"


def _path_of(variable: str) -> Path | None:
    """What a variable names. One that is set but empty would quietly mean another journal."""
    value = os.environ.get(variable)
    if value is None:
        return None
    if not value.strip():
        raise UsageError(f"{variable} is set but empty: unset it, or give it a value.")
    return Path(value)


@contextmanager
def usable_emulator(file: Path) -> Generator[None]:
    """An emulator's file that cannot be used is named, with what to do."""
    from stripe_flow.files import usable

    with usable(file, MOVE_AWAY):
        yield
