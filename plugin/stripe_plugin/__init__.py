"""How an action is declared, judged, sent, answered and found.

Names resolve on first use, so that importing this package, or listing actions, stays cheap.
"""

from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stripe_plugin.client.client import AsyncClient, Client
    from stripe_plugin.client.connection import Connection
    from stripe_plugin.declare.action import Action, action, table
    from stripe_plugin.declare.answer import Anything, Deleted, Found, One, Other, Page
    from stripe_plugin.declare.open import OpenAction
    from stripe_plugin.declare.recipe import Recipe
    from stripe_plugin.declare.resource import Resource
    from stripe_plugin.declare.row import optional, path_id, required
    from stripe_plugin.declare.search import SearchAction
    from stripe_plugin.errors import (
        AuthenticationFailed,
        CardError,
        ConnectionFailed,
        Denied,
        IdempotencyConflict,
        InvalidInputs,
        InvalidRequest,
        NodeError,
        PermissionDenied,
        Problem,
        RateLimited,
        StripeError,
        Unreconciled,
        UsageError,
    )
    from stripe_plugin.host.hookspecs import hookimpl
    from stripe_plugin.host.host import Host
    from stripe_plugin.host.watch import HookFailed
    from stripe_plugin.judge.values import CLEAR
    from stripe_plugin.run.context import Policy, RunContext
    from stripe_plugin.run.result import Result
    from stripe_plugin.wire.request import Request

_HOMES = MappingProxyType(
    {
        "CLEAR": "judge.values",
        "Action": "declare.action",
        "Anything": "declare.answer",
        "AsyncClient": "client.client",
        "AuthenticationFailed": "errors",
        "CardError": "errors",
        "Client": "client.client",
        "Connection": "client.connection",
        "ConnectionFailed": "errors",
        "Deleted": "declare.answer",
        "Denied": "errors",
        "Found": "declare.answer",
        "HookFailed": "host.watch",
        "Host": "host.host",
        "IdempotencyConflict": "errors",
        "InvalidInputs": "errors",
        "InvalidRequest": "errors",
        "NodeError": "errors",
        "One": "declare.answer",
        "OpenAction": "declare.open",
        "Other": "declare.answer",
        "Page": "declare.answer",
        "PermissionDenied": "errors",
        "Policy": "run.context",
        "Problem": "errors",
        "RateLimited": "errors",
        "Recipe": "declare.recipe",
        "Request": "wire.request",
        "Resource": "declare.resource",
        "Result": "run.result",
        "RunContext": "run.context",
        "SearchAction": "declare.search",
        "StripeError": "errors",
        "Unreconciled": "errors",
        "UsageError": "errors",
        "action": "declare.action",
        "hookimpl": "host.hookspecs",
        "optional": "declare.row",
        "path_id": "declare.row",
        "required": "declare.row",
        "table": "declare.action",
    }
)
__all__ = [
    "CLEAR",
    "Action",
    "Anything",
    "AsyncClient",
    "AuthenticationFailed",
    "CardError",
    "Client",
    "Connection",
    "ConnectionFailed",
    "Deleted",
    "Denied",
    "Found",
    "HookFailed",
    "Host",
    "IdempotencyConflict",
    "InvalidInputs",
    "InvalidRequest",
    "NodeError",
    "One",
    "OpenAction",
    "Other",
    "Page",
    "PermissionDenied",
    "Policy",
    "Problem",
    "RateLimited",
    "Recipe",
    "Request",
    "Resource",
    "Result",
    "RunContext",
    "SearchAction",
    "StripeError",
    "Unreconciled",
    "UsageError",
    "action",
    "hookimpl",
    "optional",
    "path_id",
    "required",
    "table",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'stripe_plugin' has no attribute {name!r}")
    return getattr(import_module(f"stripe_plugin.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*_HOMES]
