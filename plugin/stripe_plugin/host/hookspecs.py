"""What may a plugin or a host hook into? Plugins mark their functions `@hookimpl`."""

from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    from collections.abc import Awaitable, Iterable

    from stripe_plugin.client.connection import Connection
    from stripe_plugin.declare.action import Action
    from stripe_plugin.run.context import RunContext
    from stripe_plugin.run.result import Result

PROJECT = "stripe_plugin"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def register_actions() -> "Iterable[type[Action] | dict[str, Any]] | None":
    """Actions to offer: classes, or index entries of a manifest with the `entry` to import."""


@hookspec(firstresult=True)
def get_connection(action_id: str, context: "RunContext") -> "Connection | None":
    """The connection for a run that names none, for example from a vault."""


@hookspec(firstresult=True)
def run_action(
    action: "Action", connection: "Connection", context: "RunContext"
) -> "Result | None":
    """Runs a judged action. Wrap it to audit, approve or slow down; raise before yield to deny."""


@hookspec(firstresult=True)
def arun_action(
    action: "Action", connection: "Connection", context: "RunContext"
) -> "Awaitable[Result] | None":
    """The same for asyncio; wrappers return an awaitable of their own that awaits the inner one."""
    # A plugin that has only `run_action` still sees every run: those then go through a thread.


@hookspec
def after_run(
    action_id: str, context: "RunContext", result: "Result | None", error: BaseException | None
) -> None:
    """Observes what came of a run. What it raises changes nothing and becomes a problem."""
