"""How is an installed action found, drawn and run, with all hooks?"""

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from importlib.metadata import version
from inspect import isawaitable
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Self, cast

from stripe_plugin.client.driven import adriven, driven
from stripe_plugin.errors import UsageError
from stripe_plugin.host import discovery
from stripe_plugin.host.clients import Clients
from stripe_plugin.host.discovery import PluginProblem
from stripe_plugin.host.watch import Runner, Watch
from stripe_plugin.secrets import kind, said, shown

if TYPE_CHECKING:
    from stripe_plugin.client.connection import Connection
    from stripe_plugin.declare.action import Action
    from stripe_plugin.host.checking import Checked
    from stripe_plugin.host.choices import Choices, Place
    from stripe_plugin.host.entries import Entries
    from stripe_plugin.run.context import Policy, RunContext
    from stripe_plugin.run.result import Result

Inputs = Mapping[str, Any]
Asking = tuple[Inputs, Inputs, Inputs, Sequence[str]]  # inputs, options, extra, expand
NOTHING: Inputs = MappingProxyType({})
REQUIRE = "STRIPE_PLUGIN_REQUIRE"
MOST = 10_000  # entries of a list, where nobody says how many


def _names(variable: str) -> list[str]:
    """The names that a variable of the environment lists, with commas between them."""
    names = os.environ.get(variable, "").split(",")
    stripped = [name.strip() for name in names]
    return [name for name in stripped if name]


def _required() -> list[str]:
    """The names of STRIPE_PLUGIN_REQUIRE; one that is empty would quietly ask for no guard."""
    names = _names(REQUIRE)
    if not names and REQUIRE in os.environ:
        raise UsageError(f"{REQUIRE} is set but empty: unset it, or give it a value.")
    return names


def _several(what: str, names: Iterable[str]) -> list[str]:
    """Refuses a text, whose letters would be taken for names."""
    if isinstance(names, str):
        raise UsageError(f"{what} is a list of names: [{shown(names)}]")
    return [*names]


class Host(AbstractContextManager["Host"]):
    """The installed actions and the way to run them; a context manager. Made by `Host.load()`."""

    def __init__(self, policy: "Policy | None" = None) -> None:
        self.problems: list[PluginProblem] = []
        self.loaded: list[discovery.Found] = []  # what is installed and could be used
        self.blocked: list[str] = []  # names
        self.required: list[str] = []
        self._clients = Clients(policy)
        self._actions = discovery.Listing(discovery.ACTION, self._report, self.problems)
        self._plugins = discovery.manager()
        self._plugins.register(Runner(self._clients), "stripe_plugin")

    @classmethod
    def load(
        cls,
        *,
        block: Iterable[str] = (),
        require: Iterable[str] = (),
        policy: "Policy | None" = None,
    ) -> Self:
        """Everything installed, but for the names in `block` and STRIPE_PLUGIN_BLOCK.

        What cannot be loaded is a problem, and a warning in the log. Raises `UsageError` if that
        is one of the names in `require` and STRIPE_PLUGIN_REQUIRE, or if one is not installed.
        """
        host = cls(policy)
        host.blocked = [*_several("block", block), *_names("STRIPE_PLUGIN_BLOCK")]
        host.required = [*_several("require", require), *_required()]
        for found in discovery.installed(host.blocked):
            try:
                host.register(found.load(), f"{found.name}:{found.point.group}")
                host.loaded.append(found)
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001 - anything can happen at import
                reason = said(error).removeprefix("UsageError: ")  # whose text is a whole sentence
                host._report(found.name, reason)
        host._check_required()
        return host

    def _check_required(self) -> None:
        """Fails closed: without a guard that must be there, nothing is run."""
        loaded = {found.point.name for found in self.loaded}
        reasons = {problem.name: problem.reason for problem in self.problems}
        for name in self.required:
            if name not in loaded or name in reasons:
                why = "is not installed, or blocked"
                if name in reasons:
                    why = f"cannot be used: {reasons[name]}"
                raise UsageError(f"The plugin {name} is required, but {why}")

    def register(self, plugin: Any, name: str) -> None:
        """Adds a plugin by hand, as discovery does. `name`: distribution:name."""
        discovery.vet(plugin)
        actions = discovery.offered_by(plugin)
        self._plugins.register(plugin, name)
        for action in actions:
            self._actions.offer(action, name)

    def _report(self, plugin: str, reason: str) -> None:
        problem = PluginProblem.of(plugin, reason)
        if problem not in self.problems:
            self.problems.append(problem)
            text = "the plugin %s of %s: %s"
            discovery.logger.warning(text, problem.name, problem.distribution, reason)

    def catalog(self) -> list[dict[str, Any]]:
        """One entry per action: id, name, resource, summary, hints, plugin. Imports none."""
        return self._actions.catalog()

    def manifest(self, action_id: str) -> dict[str, Any]:
        """The action's manifest: the file of its package, or made from its class."""
        found = self._actions.manifest(action_id)
        if found is not None:
            return found
        from stripe_plugin.host.manifest import describe

        return describe(self.action(action_id))

    def options(self) -> dict[str, Any]:
        """What every run may be told beside its inputs, as data: rows and a form's schema."""
        from stripe_plugin.host.manifest import describe_options

        return describe_options()

    def about(self) -> dict[str, Any]:
        """What runs here, as data: versions, Stripe's API version, and the contract of plugins."""
        import platform  # takes long to import

        from stripe_plugin.run.exchange import STRIPE_VERSION

        return {
            "version": version("stripe-nodes"),
            "python": platform.python_version(),
            "stripe_version": STRIPE_VERSION,
            "manifest_version": discovery.MANIFEST_VERSION,
            "contract": ".".join(map(str, discovery.CONTRACT)),
        }

    def action(self, action_id: str) -> "type[Action]":
        """The action's class, imported now. Raises `UsageError` if there is none."""
        return cast("type[Action]", self._actions.load(action_id))

    def warnings(self) -> list[PluginProblem]:
        """What looks wrong in the installed actions, but may be right; imports them all.

        Of each as of a problem: its ID, its distribution and a sentence. What Stripe's API document
        does not know may be newer than that. An action that cannot be imported is left out.
        """
        from stripe_plugin.host.doubts import doubts

        listed = {entry["id"]: entry["plugin"] for entry in self.catalog()}
        found: list[PluginProblem] = []
        for identity, distribution in listed.items():
            with suppress(UsageError):
                reasons = doubts(self.action(identity), listed)
                found += [PluginProblem(identity, distribution, reason) for reason in reasons]
        return found

    def check(
        self, connection: "Connection | None" = None, actions: Iterable[str] | None = None
    ) -> "Checked":
        """What a connection's key may do, of what these actions need; None: all that are installed.

        Lists one object of each kind at most, and writes nothing. Raises `UsageError`.
        """
        from stripe_plugin.host import checking
        from stripe_plugin.run.context import RunContext

        asks = self._connection(connection, "", RunContext())
        named = None if actions is None else _several("actions", actions)
        return checking.check(self, asks, named)

    def permissions(self, actions: Iterable[str] | None = None) -> list[str]:
        """What a restricted key needs for these actions, as its page at Stripe calls it."""
        from stripe_plugin.host import checking

        named = None if actions is None else _several("actions", actions)
        return checking.permissions(self, named)

    def endpoint_form(self, method: str, path: str) -> dict[str, Any]:
        """Any endpoint of Stripe's API, as data, with its parameters as a form's schema.

        `path`: as Stripe's document has it, `/v1/prices/{price}`, or with IDs in it. Raises
        `UsageError` for an endpoint that the document has not.
        """
        from stripe_plugin.host.endpoints import endpoint_form

        return endpoint_form(method, path)

    def run(  # noqa: PLR0913 - what a run is made of
        self,
        action_id: str,
        inputs: Inputs,
        *,
        options: Inputs = NOTHING,
        extra: Inputs = NOTHING,
        expand: Sequence[str] = (),
        connection: "Connection | None" = None,
        context: "RunContext | None" = None,
    ) -> "Result":
        """Runs it through all hooks.

        `inputs`: by display key or parameter. `options`: what `Host.options()` describes, likewise.
        `extra`, `expand`: two of them from Python. Raises `InvalidInputs`, `UsageError`,
        `StripeError`, or what a hook raises.
        """
        with Watch(self._plugins.hook, self._report) as watch:
            asked = (inputs, options, extra, expand)
            call = self._call(watch, action_id, asked, connection, context)
            watch.result = _checked(self._plugins.hook.run_action(**call))
            return watch.result

    async def arun(  # noqa: PLR0913 - as `run`
        self,
        action_id: str,
        inputs: Inputs,
        *,
        options: Inputs = NOTHING,
        extra: Inputs = NOTHING,
        expand: Sequence[str] = (),
        connection: "Connection | None" = None,
        context: "RunContext | None" = None,
    ) -> "Result":
        """The same for asyncio."""
        with Watch(self._plugins.hook, self._report) as watch:
            asked = (inputs, options, extra, expand)
            call = self._call(watch, action_id, asked, connection, context)
            running = self._begin(call)
            if not isawaitable(running):
                what = f"An arun_action hook gave {kind(running)}, no awaitable"
                raise UsageError(what)
            watch.result = _checked(await running)
            return watch.result

    def iterate(  # noqa: PLR0913 - as `run`, and how far
        self,
        action_id: str,
        inputs: Inputs = NOTHING,
        *,
        most: int | None = MOST,
        cursor: str | None = None,
        options: Inputs = NOTHING,
        extra: Inputs = NOTHING,
        expand: Sequence[str] = (),
        connection: "Connection | None" = None,
        context: "RunContext | None" = None,
    ) -> "Entries":
        """The entries of a list to its end, for `for` or `async for`; each page is a run.

        `most`: entries, None for all; `cursor`: behind which to go on, as the iterator's `cursor`
        told, or of a search its `next_page`. With Ending Before among the inputs it goes back, the
        oldest entry first. Raises `InvalidInputs` and `UsageError` now, and each page what `run`
        raises.
        """
        from stripe_plugin.host.asked import Asked, judged
        from stripe_plugin.host.entries import Entries, Turner
        from stripe_plugin.run.pages import Pages, check_list

        cls = self.action(action_id)
        check_list(cls.spec)  # first: inputs are of no use to what gives no list
        asked = Asked(inputs, options, extra, expand)
        action, run = judged(cls, asked, _context(context))
        asks = self._connection(connection, action_id, run)
        return Entries(Pages(action, most, cursor), Turner(self, asks, run))

    def choices(  # noqa: PLR0913 - what a person has done so far
        self,
        action_id: str,
        row: "Place",
        *,
        given: Inputs = NOTHING,
        search: str = "",
        cursor: str | None = None,
        limit: int = 50,
        connection: "Connection | None" = None,
        context: "RunContext | None" = None,
    ) -> "Choices":
        """The objects that can be chosen in a row that takes an ID, a page of `limit` at most.

        `row`: by display key or name, one inside of it as `Items › Price`; of Stripe API Request
        Method and Path, which need no connection. `given`: the form so
        far, which narrows them. `search`: words that their labels have. `cursor`: that of the page
        before. Where the key may not list them, there are none, and a note says what it lacks.
        Raises `UsageError` for a row that takes no ID, else what `run` raises.
        """
        from stripe_plugin.host.choices import Listing, Wanted, choosing

        wanted = Wanted(given=given, search=search, cursor=cursor, limit=limit)
        talk = choosing(self, self.action(action_id).spec, row, wanted)
        return driven(talk, Listing(self, connection, context).ask)

    async def achoices(  # noqa: PLR0913 - as `choices`
        self,
        action_id: str,
        row: "Place",
        *,
        given: Inputs = NOTHING,
        search: str = "",
        cursor: str | None = None,
        limit: int = 50,
        connection: "Connection | None" = None,
        context: "RunContext | None" = None,
    ) -> "Choices":
        """The same for asyncio."""
        from stripe_plugin.host.choices import Listing, Wanted, choosing

        wanted = Wanted(given=given, search=search, cursor=cursor, limit=limit)
        talk = choosing(self, self.action(action_id).spec, row, wanted)
        return await adriven(talk, Listing(self, connection, context).aask)

    def _call(
        self,
        watch: Watch,
        action_id: str,
        asked: Asking,
        connection: "Connection | None",
        context: "RunContext | None",
    ) -> dict[str, Any]:
        """What to call the hooks with: the action, judged, the connection, and the run."""
        from stripe_plugin.host.asked import Asked, judged

        watch.action_id = action_id
        watch.context = run = _context(context)
        cls = self.action(action_id)
        action, run = judged(cls, Asked(*asked), run)
        watch.context = run
        asks = self._connection(connection, action_id, run)
        return {"action": action, "connection": asks, "context": run}

    def _connection(self, given: Any, action_id: str, context: "RunContext") -> "Connection":
        """The one that is given, or that a plugin names, or the environment's."""
        from stripe_plugin.client.connection import Connection

        if given is None:
            hook = self._plugins.hook
            given = hook.get_connection(action_id=action_id, context=context)
        if given is None:
            return Connection.from_env()
        if not isinstance(given, Connection):
            raise UsageError(f"The connection is {kind(given)}, not a Connection(…)")
        return given

    def _begin(self, call: dict[str, Any]) -> Any:
        """Plugins that know only `run_action` would not see an asyncio run: let them see this."""
        hook = self._plugins.hook
        aware = [impl.plugin for impl in hook.arun_action.get_hookimpls()]
        all_ = [impl.plugin for impl in hook.run_action.get_hookimpls()]
        if all(plugin in aware for plugin in all_):
            return hook.arun_action(**call)
        from asyncio import to_thread

        return to_thread(hook.run_action, **call)

    def close(self) -> None:
        """Closes the shared connections, once what is on its way has arrived. A run opens new."""
        self._clients.close()

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        self._clients.keep()  # from here on, asyncio runs leave their connections to the next
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._clients.aclose()


def _context(given: Any) -> "RunContext":
    """Which run this is; a run of its own, if nothing is said."""
    from stripe_plugin.run.context import RunContext

    if given is None:
        return RunContext()
    if not isinstance(given, RunContext):
        raise UsageError(f"The context is {kind(given)}, not a RunContext(…)")
    return given


def _checked(result: Any) -> "Result":
    from stripe_plugin.run.result import Result

    if not isinstance(result, Result):
        raise UsageError(f"A run_action hook gave {kind(result)} instead of a Result")
    return result
