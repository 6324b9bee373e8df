"""How an action is declared, found, judged, sent and answered.

Names resolve on first use, so that importing this package, or listing actions, stays cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stripe_plugin.client import AsyncClient as AsyncClient
    from stripe_plugin.client import Client as Client
    from stripe_plugin.connection import Connection as Connection
    from stripe_plugin.contract import Action as Action
    from stripe_plugin.contract import action as action
    from stripe_plugin.contract import conditional as conditional
    from stripe_plugin.contract import optional as optional
    from stripe_plugin.contract import path_id as path_id
    from stripe_plugin.contract import required as required
    from stripe_plugin.errors import InvalidInputs as InvalidInputs
    from stripe_plugin.errors import StripeError as StripeError
    from stripe_plugin.errors import UsageError as UsageError
    from stripe_plugin.exchange import Policy as Policy
    from stripe_plugin.exchange import RunContext as RunContext
    from stripe_plugin.hookspecs import hookimpl as hookimpl
    from stripe_plugin.host import Host as Host
    from stripe_plugin.restrictions import CLEAR as CLEAR
    from stripe_plugin.wire import Request as Request
    from stripe_plugin.wire import Result as Result

_HOMES = {
    "client": "AsyncClient Client",
    "connection": "Connection",
    "contract": "Action action conditional optional path_id required",
    "errors": "InvalidInputs StripeError UsageError",
    "exchange": "Policy RunContext",
    "hookspecs": "hookimpl",
    "host": "Host",
    "restrictions": "CLEAR",
    "wire": "Request Result",
}
_HOME = {name: module for module, names in _HOMES.items() for name in names.split()}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"stripe_plugin.{_HOME[name]}"), name)
    raise AttributeError(f"module 'stripe_plugin' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(_HOME)
