"""What is a small stateful Stripe, for people without an account and for every test?

`Emulator` answers requests in process, `EmulatorTransport` puts it under httpx, `serve` puts it
on a loopback port. Names resolve when they are used: importing this module imports no httpx.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from stripe_emulator.emulator import Emulator
    from stripe_emulator.faults import Cut, Fault
    from stripe_emulator.lines import Limits
    from stripe_emulator.message import Answer
    from stripe_emulator.server import Server, serve
    from stripe_emulator.transport import EmulatorTransport

__all__ = ["Answer", "Cut", "Emulator", "EmulatorTransport", "Fault", "Limits", "Server", "serve"]

_HOMES = {
    "Answer": "message",
    "Cut": "faults",
    "Emulator": "emulator",
    "EmulatorTransport": "transport",
    "Fault": "faults",
    "Limits": "lines",
    "Server": "server",
    "serve": "server",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
