"""A small stateful Stripe for people without an account, and for every test.

``Sandbox`` answers requests in process, ``SandboxTransport`` puts it under httpx, ``serve`` puts it
on a loopback port. Names resolve when they are used: importing this module imports no httpx.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stripe_plugin.sandbox.faults import Cut, Fault
    from stripe_plugin.sandbox.server import Server, serve
    from stripe_plugin.sandbox.transport import SandboxTransport
    from stripe_plugin.sandbox.world import Answer, Sandbox

__all__ = ["Answer", "Cut", "Fault", "Sandbox", "SandboxTransport", "Server", "serve"]

_HOMES = {
    "Answer": "world", "Cut": "faults", "Fault": "faults", "Sandbox": "world",
    "SandboxTransport": "transport", "Server": "server", "serve": "server",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
