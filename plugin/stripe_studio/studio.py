"""What do all pages of the studio share: the host, one connection, the journal, the files?"""

import os
import shlex
from collections import OrderedDict
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import attrs

from stripe_flow.journal import Journal
from stripe_flow.run import Run
from stripe_plugin.client.connection import Connection
from stripe_plugin.errors import UsageError
from stripe_plugin.host.host import Host
from stripe_plugin.host.manifest import describe_resources
from stripe_plugin.run.result import Result
from stripe_studio.catalog import Groups, grouped
from stripe_studio.finding import Finding, Spoken

if TYPE_CHECKING:
    from stripe_emulator import Emulator
    from stripe_emulator.held import Held

Data = dict[str, Any]
Row = Mapping[str, Any]
MOST_ANSWERS = 100
# Where a terminal's commands find runs, and the emulator, if not at their usual places.
PLACES = ("STRIPE_NODES_HOME", "STRIPE_NODES_EMULATOR")
NO_LIVE_KEY = "The studio is for rehearsing: it takes a test key or the emulator, and no live key."


class Answers:
    """The latest answers, whole, for whoever asks for a secret in one of them. In memory only."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: OrderedDict[str, Result] = OrderedDict()

    def keep(self, run_id: str, result: Result) -> None:
        """Keeps one, and forgets the oldest."""
        with self._lock:
            self._kept[run_id] = result
            while len(self._kept) > MOST_ANSWERS:
                self._kept.popitem(last=False)

    def of(self, run_id: str) -> Result | None:
        """The one of a run, if it is still there."""
        with self._lock:
            return self._kept.get(run_id)


@attrs.frozen(kw_only=True, slots=False)
class Studio:
    """Raises `UsageError` for a connection that moves real money."""

    host: Host
    connection: Connection
    journal: Journal
    folder: Path  # where flow files are opened and saved
    answers: Answers = attrs.field(factory=Answers, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.connection.mode == "live":
            raise UsageError(NO_LIVE_KEY)

    @cached_property
    def option_rows(self) -> list[Row]:
        """The rows of what every run may be told beside its inputs."""
        rows: list[Row] = self.host.options()["inputs"]
        return rows

    @cached_property
    def resources(self) -> dict[str, Any]:
        """What is known of each kind of object that the actions are about."""
        ids = [entry["id"] for entry in self.host.catalog()]
        return describe_resources(map(self.host.action, ids))

    @cached_property
    def groups(self) -> Groups:
        """The actions by what they are about."""
        return grouped(self.host.catalog(), self.resources)

    @cached_property
    def finding(self) -> Finding:
        """The actions, to be found by words."""
        labels = {kind: each["label"] for kind, each in self.resources.items()}
        manifests = [self.host.manifest(entry["id"]) for entry in self.host.catalog()]
        return Finding([Spoken.of(each, labels[each["resource"]]) for each in manifests])

    @property
    def emulator(self) -> "Emulator | None":
        """The emulator that answers here, if it is not Stripe."""
        return self.connection.in_process

    @property
    def held(self) -> "Held | None":
        """What the emulator holds for this connection's account."""
        if self.emulator is None:
            return None
        return self.emulator.held(self.connection.account or "default")

    @property
    def command(self) -> str:
        """How a command begins that acts in a terminal on what the studio acts on."""
        places = PLACES if self.emulator else PLACES[:1]
        given = {name: os.environ.get(name, "") for name in places}
        words = [f"{name}={shlex.quote(value)}" for name, value in given.items() if value]
        words.append("stripe-nodes")
        if self.emulator:
            words.append("--emulator")
        return " ".join(words)

    def begin(self, run_id: str, what: str) -> Run:
        """A run that is kept in the journal, beside those of the terminal."""
        return Run(self.host, self.connection, run_id, self.journal, what=what)

    def page(self, title: str, here: str, **more: Any) -> Data:
        """What every page is drawn with beside its own; `here`: which of the head's it is of."""
        known = {"title": title, "here": here, "studio": self._about()}
        return known | more

    def _about(self) -> Data:
        held = self.held
        return {
            "mode": self.connection.mode,
            "account": self.connection.account,
            "now": held.now() if held else None,
        }
