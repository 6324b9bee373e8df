"""The actions: one module per Stripe resource, nothing but tables.

`from stripe_nodes import CreatePrice` imports the modules on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_nodes.checkout_sessions import *
    from stripe_nodes.customers import *
    from stripe_nodes.invoice_items import *
    from stripe_nodes.invoices import *
    from stripe_nodes.payment_intents import *
    from stripe_nodes.prices import *
    from stripe_nodes.products import *
    from stripe_nodes.refunds import *
    from stripe_nodes.subscriptions import *
    from stripe_plugin.declare.action import Action

# In the order of the action page.
MODULES = (
    *("products", "prices", "customers", "invoices", "subscriptions"),
    *("payment_intents", "refunds", "checkout_sessions", "invoice_items"),
)


def actions() -> "Iterator[type[Action]]":
    """Every action class, module by module, in the order of declaration."""
    from stripe_plugin.declare.action import Action

    for module in MODULES:
        for found in vars(import_module(f"{__name__}.{module}")).values():
            if isinstance(found, type) and issubclass(found, Action) and found is not Action:
                yield found


def __getattr__(name: str) -> Any:
    if name[:1].isupper():  # a submodule asks for its neighbours by this way, too
        for found in actions():
            if found.__name__ == name:
                return found
    raise AttributeError(f"module 'stripe_nodes' has no action {name!r}")
