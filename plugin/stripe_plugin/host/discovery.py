"""What is installed? Entry points to plugins, and what they offer of one kind of node.

A kind is a row of `Kind`: today the action.
"""

import json
import logging
import re
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from inspect import iscoroutinefunction
from pathlib import Path
from typing import Any, NamedTuple, cast

import pluggy

from stripe_plugin.errors import UsageError, near
from stripe_plugin.host import hookspecs
from stripe_plugin.secrets import said, shown

MANIFESTS = "stripe_plugin.manifest"  # name = "package:index.json": read as data, never imported
PLUGINS = "stripe_plugin.v1"  # name = "module": one with functions marked `@hookimpl`
MANIFEST_VERSION = 1
CONTRACT = (1, 0)  # a plugin may ask for more by STRIPE_PLUGIN_CONTRACT; a new major is a new group
OURS = "stripe-nodes:stripe"
TEXTS = ("id", "name", "resource", "summary")
LISTED = (*TEXTS, "hints", "beyond", "recipe")  # what a listing tells of each
UNSAID = {"beyond": True, "recipe": False}  # what an entry is that does not say it
HINTS = ("read_only", "destructive", "idempotent")
Entry = dict[str, Any]  # what is listed of a node, and where its class is
Report = Callable[[str, str], None]  # of a plugin (distribution:name), and what is wrong with it

logger = logging.getLogger("stripe_plugin.host")
logger.addHandler(logging.NullHandler())  # else Python writes warnings of libraries to stderr


class Kind(NamedTuple):
    """A kind of node: what one is called, and the folder and list of a package's manifests."""

    word: str
    folder: str


ACTION = Kind("action", "actions")


class PluginProblem(NamedTuple):
    """A plugin or manifest that could not be used: name, distribution, and what is wrong."""

    name: str
    distribution: str
    reason: str

    @classmethod
    def of(cls, plugin: str, reason: str) -> "PluginProblem":
        """The problem of a plugin that is registered as distribution:name."""
        distribution, name, *_ = f"{plugin}:".split(":")
        return cls(name, distribution, reason)


class Found(NamedTuple):
    """An entry point: who installed it, and how it is loaded."""

    name: str  # distribution:name
    point: EntryPoint

    def load(self) -> Any:
        """The plugin. Whatever is raised by importing it is raised."""
        is_manifest = self.point.group == MANIFESTS
        return Manifest(self.point.value) if is_manifest else self.point.load()


def installed(blocked: Iterable[str]) -> list[Found]:
    """Everything installed, ours first: of two actions with one ID, the other is the problem."""
    everything = entry_points()
    ours = everything.select(group=MANIFESTS)
    others = everything.select(group=PLUGINS)
    points = [*ours, *others]
    names = {*blocked}
    found = [
        Found(f"{point.dist.name if point.dist else '?'}:{point.name}", point)
        for point in points
        if point.name not in names
    ]
    return sorted(found, key=lambda each: each.name != OURS)


class Manifest:
    """A package's listing, registered like any other plugin."""

    def __init__(self, value: str) -> None:
        package, _, file = value.partition(":")
        found = find_spec(package) if package.isidentifier() else None  # "a.b" would import a
        if found is None or not found.submodule_search_locations:
            raise UsageError(f"{value!r} names no top-level package that is installed")
        self.folder = Path(found.submodule_search_locations[0])
        text = (self.folder / file).read_text("utf-8")
        self.index = json.loads(text)
        if self.index.get("manifest_version") != MANIFEST_VERSION:
            raise UsageError(f"its manifest_version is not {MANIFEST_VERSION}")

    @hookspecs.hookimpl
    def register_actions(self) -> list[dict[str, Any]]:
        """Its entries, each with the folder of its manifest."""
        entries: list[Entry] = self.index[ACTION.folder]
        return [{**entry, "folder": self.folder} for entry in entries]


def manager() -> pluggy.PluginManager:
    """A manager that knows our hooks."""
    made = pluggy.PluginManager(hookspecs.PROJECT)
    made.add_hookspecs(hookspecs)
    return made


def vet(plugin: Any) -> None:
    """Refuses a plugin whose hooks are not ours, on a manager that is thrown away."""
    asked = str(getattr(plugin, "STRIPE_PLUGIN_CONTRACT", "1"))
    if tuple(map(int, asked.split("."))) > CONTRACT:
        raise UsageError(f"it needs contract {asked}: upgrade stripe-nodes")
    if hasattr(plugin, "arun_action") and not hasattr(plugin, "run_action"):
        raise UsageError("it has arun_action but not run_action, so half the runs would pass it by")
    trial = manager()
    trial.register(plugin)
    trial.check_pending()
    for impl in trial.hook.after_run.get_hookimpls():
        if impl.wrapper or impl.hookwrapper or iscoroutinefunction(impl.function):
            raise UsageError("its after_run only observes: it neither yields nor awaits")


def offered_by(plugin: Any) -> list[Any]:
    """What its `register_actions` gives; `UsageError` for what is no list."""
    if not hasattr(plugin, "register_actions"):
        return []
    offered = plugin.register_actions()
    if offered is None:
        return []
    if isinstance(offered, str | Mapping | type) or not hasattr(offered, "__iter__"):
        raise UsageError(f"its register_actions gave {_called(offered)}, no list of actions")
    return [*offered]


def _called(offered: Any) -> str:
    """What a sentence calls an object that a plugin gave."""
    if isinstance(offered, type):
        return f"the class {offered.__name__}"
    return shown(repr(offered)).strip('"')


class Listing:
    """The nodes of one kind that are installed, by ID; none is imported before it is asked for."""

    def __init__(self, kind: Kind, report: Report, problems: Sequence[PluginProblem]) -> None:
        self._kind = kind
        self._report = report
        self._problems = problems  # of plugins, one of which may have what is not there
        self._entries: dict[str, Entry] = {}

    def offer(self, offered: Any, plugin: str) -> None:
        """Lists a class, or the entry of a manifest; else reports what it lacks."""
        if not isinstance(offered, dict) and not hasattr(offered, "spec"):
            text = f"its register_actions gave {_called(offered)}, which is no {self._kind.word}"
            self._report(plugin, f"{text}: a class under @{self._kind.word}(…) is one")
            return
        entry = _entry(offered)
        if lacks := _lacks(entry):
            which = f", of {shown(entry['id'])}," if isinstance(entry.get("id"), str) else ""
            self._report(plugin, f"an {self._kind.word}{which} lacks {lacks}")
            return
        identity = entry["id"]
        if first := self._entries.get(identity):
            already = f"the {self._kind.word} {identity} is already there from {first['plugin']}"
            self._report(plugin, already)
            return
        distribution, _, _ = plugin.partition(":")
        self._entries[identity] = {**UNSAID, **entry, "plugin": distribution}

    def catalog(self) -> list[dict[str, Any]]:
        """One entry each: id, name, resource, summary, hints, plugin."""
        listed = (*LISTED, "plugin")
        entries = self._entries.values()
        return [{word: entry[word] for word in listed} for entry in entries]

    def entry(self, identity: object) -> dict[str, Any]:
        """What is known of it without importing it. Raises `UsageError` if there is none."""
        entry = self._entries.get(identity) if isinstance(identity, str) else None
        if entry is None:
            word = self._kind.word
            raise UsageError(f"There is no {word} {shown(identity)}{self._hint(identity)}")
        return entry

    def _hint(self, identity: object) -> str:
        """Which plugin may have it that could not be loaded; else what was meant."""
        if self._problems:
            name, _, reason = self._problems[0]
            return f": the plugin {name} that may have it could not be loaded: {reason}"
        return near(identity, self._entries) or "; `stripe-nodes list` shows what there is"

    def manifest(self, identity: str) -> dict[str, Any] | None:
        """The file of its package; None if it was registered as a class."""
        folder: Path | None = self.entry(identity).get("folder")
        if folder is None:
            return None
        with self.usable(identity):
            file = folder / self._kind.folder / f"{identity}.json"
            return cast("dict[str, Any]", json.loads(file.read_text("utf-8")))

    def load(self, identity: str) -> Any:
        """Its class, imported now. Raises `UsageError` if there is none."""
        found = self.entry(identity)["entry"]
        with self.usable(identity):
            if isinstance(found, str):
                module, _, name = found.partition(":")
                found = getattr(import_module(module), name)
            if not hasattr(found, "spec"):
                raise TypeError(f"{found!r} is no {self._kind.word}")
        return found

    @contextmanager
    def usable(self, identity: str) -> Generator[None]:
        """Whatever is wrong with a node's own files is said as a `UsageError` that names it."""
        try:
            yield
        except Exception as error:
            what = f"The {self._kind.word} {identity} cannot be used: {said(error)}"
            raise UsageError(what) from error


def _entry(offered: Any) -> dict[str, Any]:
    """The entry of a manifest as it is; one that is made of a class."""
    if isinstance(offered, dict):
        return cast("dict[str, Any]", offered)
    spec = getattr(offered, "spec", None)
    entry = {word: getattr(spec, word, None) for word in LISTED}
    return {**entry, "entry": offered}


def _lacks(entry: Mapping[str, Any]) -> str | None:
    """What is missing in an entry, or is none."""
    missing = [word for word in TEXTS if not isinstance(entry.get(word), str)]
    if entry.get("entry") is None:
        missing.append("entry")
    if missing:
        return ", ".join(missing)
    if not re.fullmatch(r"\w[\w.-]{0,99}", entry["id"]):
        return "an id of letters, digits, _ and -"
    hints: Any = entry.get("hints")
    known = isinstance(hints, dict) and all(hint in hints for hint in HINTS)
    return None if known else f"its hints: {', '.join(HINTS)}"
