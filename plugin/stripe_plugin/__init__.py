"""How an action is declared, judged, sent, answered and found.

Names resolve on first use, so that importing this package, or listing actions, stays cheap.
"""

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stripe_plugin.client.client import AsyncClient, Client
    from stripe_plugin.client.connection import Connection
    from stripe_plugin.declare.action import (
        Action,
        action,
        conditional,
        optional,
        path_id,
        required,
    )
    from stripe_plugin.errors import HookFailed, InvalidInputs, StripeError, UsageError
    from stripe_plugin.host.hookspecs import hookimpl
    from stripe_plugin.host.host import Host
    from stripe_plugin.judge.values import CLEAR
    from stripe_plugin.run.context import Policy, RunContext
    from stripe_plugin.run.result import Result
    from stripe_plugin.wire.request import Request

_HOMES = MappingProxyType(
    {
        "CLEAR": "judge.values",
        "Action": "declare.action",
        "AsyncClient": "client.client",
        "Client": "client.client",
        "Connection": "client.connection",
        "HookFailed": "errors",
        "Host": "host.host",
        "InvalidInputs": "errors",
        "Policy": "run.context",
        "Request": "wire.request",
        "Result": "run.result",
        "RunContext": "run.context",
        "StripeError": "errors",
        "UsageError": "errors",
        "action": "declare.action",
        "conditional": "declare.action",
        "hookimpl": "host.hookspecs",
        "optional": "declare.action",
        "path_id": "declare.action",
        "required": "declare.action",
    }
)
__all__ = [
    "CLEAR",
    "Action",
    "AsyncClient",
    "Client",
    "Connection",
    "HookFailed",
    "Host",
    "InvalidInputs",
    "Policy",
    "Request",
    "Result",
    "RunContext",
    "StripeError",
    "UsageError",
    "action",
    "conditional",
    "hookimpl",
    "optional",
    "path_id",
    "required",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'stripe_plugin' has no attribute {name!r}")
    return getattr(import_module(f"stripe_plugin.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*_HOMES]
