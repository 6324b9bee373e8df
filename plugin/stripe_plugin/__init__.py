"""How an action is declared, found, judged, sent and answered.

Names resolve on first use, so that importing this package, or listing actions, stays cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stripe_plugin.client import AsyncClient, Client
    from stripe_plugin.connection import Connection
    from stripe_plugin.contract import Action, action, conditional, optional, path_id, required
    from stripe_plugin.errors import HookFailed, InvalidInputs, StripeError, UsageError
    from stripe_plugin.exchange import Policy, RunContext
    from stripe_plugin.hookspecs import hookimpl
    from stripe_plugin.host import Host
    from stripe_plugin.restrictions import CLEAR
    from stripe_plugin.wire import Request, Result

__all__ = ["CLEAR", "Action", "AsyncClient", "Client", "Connection", "HookFailed", "Host"]
__all__ += ["InvalidInputs", "Policy", "Request", "Result", "RunContext", "StripeError"]
__all__ += ["UsageError", "action", "conditional", "hookimpl", "optional", "path_id", "required"]

# The first that has a name gives it: in this order, no name imports more than it needs.
_MODULES = "errors hookspecs host connection wire contract exchange client".split()


def __getattr__(name: str) -> Any:
    modules = (import_module(f"stripe_plugin.{module}") for module in _MODULES)
    if name in __all__:
        return next(getattr(module, name) for module in modules if hasattr(module, name))
    raise AttributeError(f"module 'stripe_plugin' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
