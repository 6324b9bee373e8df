"""Which actions are installed, and how is one run with all hooks?"""

import asyncio
import json
import os
import re
import threading
from collections.abc import Awaitable, Callable, Generator, Iterable, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from copy import deepcopy
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from inspect import isawaitable, iscoroutinefunction
from pathlib import Path
from types import coroutine
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast

import pluggy

from stripe_plugin.errors import HookFailed, InvalidInputs, StripeError, UsageError, near
from stripe_plugin.host import hookspecs
from stripe_plugin.secrets import said, shown

if TYPE_CHECKING:
    from stripe_plugin.client.client import Clients, Run, Who
    from stripe_plugin.client.connection import Connection
    from stripe_plugin.declare.action import Action
    from stripe_plugin.run.context import Policy, RunContext
    from stripe_plugin.run.result import Result

MANIFESTS = "stripe_plugin.manifest"  # name = "package:index.json": read as data, never imported
PLUGINS = "stripe_plugin.v1"  # name = "module": one with functions marked `@hookimpl`
Inputs = Mapping[str, Any]
MANIFEST_VERSION = 1
CONTRACT = (1, 0)  # a plugin may ask for more by STRIPE_PLUGIN_CONTRACT; a new major is a new group
HINTS = ("read_only", "destructive", "idempotent")
OURS = "stripe-nodes:stripe"
LISTED = ("id", "name", "resource", "summary", "hints")
# What Stripe said to the run at hand, whatever the hooks around it make of that.
_outcome: ContextVar[dict[str, Any]] = ContextVar("_outcome")


class Problem(NamedTuple):
    """A plugin or manifest that could not be used: name, distribution, and what is wrong."""

    name: str
    distribution: str
    reason: str


class _Manifest:
    """A package's listing, registered like any other plugin."""

    def __init__(self, value: str) -> None:
        package, _, file = value.partition(":")
        found = find_spec(package) if package.isidentifier() else None  # "a.b" would import a
        if found is None or not found.submodule_search_locations:
            raise UsageError(f"{value!r} names no top-level package that is installed")
        self.folder = Path(found.submodule_search_locations[0])
        self.index = json.loads((self.folder / file).read_text("utf-8"))
        if self.index.get("manifest_version") != MANIFEST_VERSION:
            raise UsageError(f"its manifest_version is not {MANIFEST_VERSION}")

    @hookspecs.hookimpl
    def register_actions(self) -> list[dict[str, Any]]:
        return [{**entry, "folder": self.folder} for entry in self.index["actions"]]


def _manager() -> pluggy.PluginManager:
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    return manager


def _vet(plugin: Any) -> None:
    """Refuses a plugin whose hooks are not ours, on a manager that is thrown away."""
    asked = str(getattr(plugin, "STRIPE_PLUGIN_CONTRACT", "1"))
    if tuple(map(int, asked.split("."))) > CONTRACT:
        raise UsageError(f"it needs contract {asked}: upgrade stripe-nodes")
    if hasattr(plugin, "arun_action") and not hasattr(plugin, "run_action"):
        raise UsageError("it has arun_action but not run_action, so half the runs would pass it by")
    trial = _manager()
    trial.register(plugin)
    trial.check_pending()
    for impl in trial.hook.after_run.get_hookimpls():
        if impl.wrapper or impl.hookwrapper or iscoroutinefunction(impl.function):
            raise UsageError("its after_run only observes: it neither yields nor awaits")


class Host(AbstractContextManager["Host"]):
    """The installed actions and the way to run them; a context manager. Made by `Host.load()`."""

    def __init__(self, policy: "Policy | None" = None) -> None:
        self.problems: list[Problem] = []
        self._policy, self._lock = policy, threading.Lock()
        self._opened: list[Clients] = []  # none before the first run: httpx takes long to import
        self._entries: dict[str, dict[str, Any]] = {}
        self._plugins = _manager()
        self._plugins.register(_Runner(self._clients), "stripe_plugin")

    @classmethod
    def load(cls, *, block: Iterable[str] = (), policy: "Policy | None" = None) -> Self:
        """Everything installed, but for the names in `block` and STRIPE_PLUGIN_BLOCK."""
        host = cls(policy)
        blocked = {*block, *map(str.strip, os.environ.get("STRIPE_PLUGIN_BLOCK", "").split(","))}
        found = [*entry_points(group=MANIFESTS), *entry_points(group=PLUGINS)]
        found = [point for point in found if point.name not in blocked]
        names = [f"{point.dist.name if point.dist else '?'}:{point.name}" for point in found]
        # Ours come first: of two actions with one ID, the other is the problem.
        for name, point in sorted(zip(names, found, strict=True), key=lambda it: it[0] != OURS):
            try:
                plugin = _Manifest(point.value) if point.group == MANIFESTS else point.load()
                host.register(plugin, f"{name}:{point.group}")
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001 - anything can happen at import
                host._report(name, said(error))
        return host

    def register(self, plugin: Any, name: str) -> None:
        """Adds a plugin by hand, as discovery does. `name`: distribution:name."""
        _vet(plugin)
        found = plugin.register_actions() if hasattr(plugin, "register_actions") else None
        offered = [*(found or ())]
        self._plugins.register(plugin, name)
        for each in offered:
            self._offer(each, name)

    def _offer(self, found: Any, by: str) -> None:
        """Lists an action: the entry of a manifest, or made from a class."""
        spec = getattr(found, "spec", None)
        about: dict[str, Any] = {word: getattr(spec, word, None) for word in LISTED}
        about["entry"] = found
        entry = cast("dict[str, Any]", found) if isinstance(found, dict) else about
        hints: Any = entry.get("hints")
        known = isinstance(hints, dict) and {*HINTS} <= {*cast("dict[str, bool]", hints)}
        lacks = [word for word in LISTED[:-1] if not isinstance(entry.get(word), str)]
        lacks += ["entry"] * (entry.get("entry") is None)
        if not lacks and not re.fullmatch(r"\w[\w.-]{0,99}", str(entry["id"])):
            lacks.append("an id of letters, digits, _ and -")
        if lacks or not known:
            missing = ", ".join(lacks) or f"its hints: {', '.join(HINTS)}"
            self._report(by, f"an action lacks {missing}")
        elif first := self._entries.get(entry["id"]):
            self._report(by, f"the action {entry['id']} is already there from {first['plugin']}")
        else:
            self._entries[entry["id"]] = {**entry, "plugin": by.partition(":")[0]}

    def _report(self, plugin: str, reason: str) -> None:
        distribution, name, *_ = f"{plugin}:".split(":")
        problem = Problem(name, distribution, reason)
        self.problems += [problem] if problem not in self.problems else []

    def catalog(self) -> list[dict[str, Any]]:
        """One entry per action: id, name, resource, summary, hints, plugin. Imports none."""
        return [{word: it[word] for word in (*LISTED, "plugin")} for it in self._entries.values()]

    def _entry(self, action_id: str) -> dict[str, Any]:
        entry = self._entries.get(action_id) if isinstance(cast("Any", action_id), str) else None
        if entry is None:
            hint = near(action_id, self._entries) or "; `stripe-nodes list` shows what there is"
            raise UsageError(f"There is no action {shown(action_id)}{hint}")
        return entry

    def manifest(self, action_id: str) -> dict[str, Any]:
        """The action's manifest: the file of its package, or made from its class."""
        if folder := self._entry(action_id).get("folder"):
            with _usable(action_id):
                file: Path = folder / "actions" / f"{action_id}.json"
                return cast("dict[str, Any]", json.loads(file.read_text("utf-8")))
        from stripe_plugin.host.manifest import describe

        return describe(self.action(action_id))

    def action(self, action_id: str) -> "type[Action]":
        """The action's class, imported now. Raises `UsageError` if there is none."""
        found = self._entry(action_id)["entry"]
        with _usable(action_id):
            if isinstance(found, str):
                module, _, name = found.partition(":")
                found = getattr(import_module(module), name)
            if not hasattr(found, "spec"):
                raise TypeError(f"{found!r} is no action")
        return cast("type[Action]", found)

    def run(
        self, action_id: str, inputs: Inputs, *, connection: "Who" = None, context: "Run" = None
    ) -> "Result":
        """Runs it through all hooks. Raises as `Client.run` does, `UsageError`, or a hook's."""
        with self._observed(action_id, inputs, connection, context) as (call, told):
            result = told["result"] = _checked(self._plugins.hook.run_action(**call))
        return result

    async def arun(
        self, action_id: str, inputs: Inputs, *, connection: "Who" = None, context: "Run" = None
    ) -> "Result":
        """The same for asyncio."""
        hook = self._plugins.hook
        aware = [impl.plugin for impl in hook.arun_action.get_hookimpls()]
        blind = [impl for impl in hook.run_action.get_hookimpls() if impl.plugin not in aware]
        with self._observed(action_id, inputs, connection, context) as (call, told):
            # Plugins that know only run_action would not see an asyncio run: let them see this one.
            ran = asyncio.to_thread(hook.run_action, **call) if blind else hook.arun_action(**call)
            if not isawaitable(ran):
                raise UsageError(f"An arun_action hook gave a {type(ran).__name__}, no awaitable")
            result = told["result"] = _checked(await ran)
        return result

    @contextmanager
    def _observed(self, action_id: str, inputs: Any, who: Any, context: Any) -> Generator[Any]:
        """What to call the hooks with, and where to put the result for the observers."""
        from stripe_plugin.client.connection import Connection
        from stripe_plugin.run.context import RunContext

        hook, context = self._plugins.hook, context or RunContext()
        told: dict[str, Any] = {"action_id": action_id, "context": context}
        told |= {"result": None, "error": None}
        heard: dict[str, Any] = {}
        mark = _outcome.set(heard)
        try:
            action = self.action(action_id).read(inputs, extra=context.extra)
            if who is None:
                who = hook.get_connection(action_id=action_id, context=context)
            if who is None:
                who = Connection.from_env()
            if not isinstance(who, Connection):
                what = f"The connection is a {type(who).__name__}, not a Connection(…)"
                raise UsageError(what)  # noqa: TRY301
            yield {"action": action, "connection": who, "context": context}, told
        except Exception as error:
            told |= {"error": _with_outcome(error, heard), "result": heard.get("result")}
            if told["error"] is error:
                raise
            raise told["error"] from error
        except BaseException as error:
            told |= {"error": error, "result": heard.get("result")}
            raise
        finally:
            _outcome.reset(mark)
            self._tell(told)

    def _tell(self, told: dict[str, Any]) -> None:
        """Tells the observers, each with a copy of the output: they change no outcome."""
        error: BaseException | None = told["error"]
        known = dict(vars(error)) if error is not None else {}
        for impl in self._plugins.hook.after_run.get_hookimpls():
            try:
                given = {**told, "result": deepcopy(told["result"])}
                impl.function(*(given[name] for name in impl.argnames))
            except KeyboardInterrupt:
                raise
            except BaseException as failed:  # noqa: BLE001 - as above
                self._report(str(impl.plugin_name), said(failed))
            if error is not None:  # who catches it decides by it what to do
                vars(error).clear()
                vars(error).update(known)

    def _clients(self) -> "Clients":
        from stripe_plugin.client.client import Clients

        with self._lock:
            self._opened = self._opened or [Clients(self._policy)]
        return self._opened[0]

    def close(self) -> None:
        """Closes the shared connections, once what is on its way has arrived. A run opens new."""
        for clients in self._opened:
            clients.close()

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        self._clients().keep()  # from here on, asyncio runs leave their connections to the next
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._clients().aclose()
        await asyncio.to_thread(self.close)


@contextmanager
def _usable(action_id: str) -> Generator[None]:
    """Whatever is wrong with an action's own files is said as a `UsageError` that names it."""
    try:
        yield
    except Exception as error:
        raise UsageError(f"The action {action_id} cannot be used: {said(error)}") from error


def _checked(result: Any) -> "Result":
    from stripe_plugin.run.result import Result

    if not isinstance(result, Result):
        raise UsageError(f"A run_action hook gave a {type(result).__name__} instead of a Result")
    return result


def _with_outcome(error: Exception, heard: dict[str, Any]) -> Exception:
    """The error of a run: where a hook's would hide what happened at Stripe, one that tells."""
    result, failed = heard.get("result"), heard.get("error")
    if error is failed or not (result or (failed and failed.outcome_unknown)):
        return error
    return HookFailed(said(error), result, failed)


@contextmanager
def _overheard(
    heard: dict[str, Any], action: "Action", connection: "Connection", context: Any
) -> "Generator[RunContext]":
    """The run's context, with the key that it will use, and what comes of it in `heard`."""
    import attrs

    from stripe_plugin.errors import ConnectionFailed
    from stripe_plugin.run.idempotency import idempotency_key

    spec, key = action.spec, None
    if spec.method == "POST":
        key = idempotency_key(spec, connection, context)
        context = attrs.evolve(context, idempotency_key=key)
    try:
        yield context
    except StripeError as error:
        heard["error"] = error
        raise
    except (InvalidInputs, UsageError):
        raise
    except BaseException:  # ended from outside, as by a hook with a timeout of its own
        heard["error"] = ConnectionFailed(
            message="The run was interrupted.",
            code="no_answer",
            retryable=True,
            outcome_unknown=spec.method != "GET",
            action=spec.id,
            idempotency_key=key,
        )
        raise


class _Runner:
    """What runs an action when no plugin does: the innermost of the hooks."""

    def __init__(self, clients: "Callable[[], Clients]") -> None:
        self._clients = clients

    @hookspecs.hookimpl(trylast=True)
    def run_action(self, action: Any, connection: Any, context: Any) -> "Result":
        heard = _outcome.get({})
        with (
            _overheard(heard, action, connection, context) as named,
            self._clients().client(connection) as client,
        ):
            heard["result"] = result = client.run(action, named, connection=connection)
        return result

    @hookspecs.hookimpl(trylast=True)
    def arun_action(self, action: Any, connection: Any, context: Any) -> "Awaitable[Result]":
        heard = _outcome.get({})  # now: it may be awaited elsewhere

        @coroutine  # of a generator: a wrapper that denies the run may drop it without a warning
        def later() -> "Generator[Any, Any, Result]":
            return (yield from self._arun(heard, action, connection, context).__await__())

        return later()

    async def _arun(
        self, heard: dict[str, Any], action: Any, connection: Any, context: Any
    ) -> "Result":
        with _overheard(heard, action, connection, context) as named:
            async with self._clients().aclient(connection) as client:
                heard["result"] = result = await client.run(action, named, connection=connection)
        return result
