"""The actions: one module per Stripe resource, nothing but tables.

`from stripe_nodes import CreatePrice` imports the module of that action, on first use.
"""

import json
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe_nodes.balance import *
    from stripe_nodes.charges import *
    from stripe_nodes.checkout_sessions import *
    from stripe_nodes.coupons import *
    from stripe_nodes.customers import *
    from stripe_nodes.events import *
    from stripe_nodes.invoice_items import *
    from stripe_nodes.invoices import *
    from stripe_nodes.payment_intents import *
    from stripe_nodes.payment_links import *
    from stripe_nodes.portal_sessions import *
    from stripe_nodes.prices import *
    from stripe_nodes.products import *
    from stripe_nodes.promotion_codes import *
    from stripe_nodes.recipes import *
    from stripe_nodes.refunds import *
    from stripe_nodes.requests import *
    from stripe_nodes.subscriptions import *
    from stripe_plugin.declare.action import Action

# In the order of the action page, then what is beyond it.
MODULES = (
    *("products", "prices", "customers", "invoices", "subscriptions"),
    *("payment_intents", "refunds", "checkout_sessions", "invoice_items"),
    *("charges", "coupons", "promotion_codes", "payment_links", "portal_sessions", "balance"),
    *("events", "requests", "recipes"),
)


def actions() -> "Iterator[type[Action]]":
    """Every action class: those of the page in its order, those beyond it likewise, recipes."""
    found = [each for module in MODULES for each in _actions_of(f"{__name__}.{module}")]
    yield from (each for each in found if not each.spec.beyond)
    yield from (each for each in found if each.spec.beyond)


def _actions_of(module: str) -> "list[type[Action]]":
    from stripe_plugin.declare.action import Action

    declared = vars(import_module(module)).values()
    classes = [found for found in declared if isinstance(found, type)]
    own = [found for found in classes if found.__module__ == module]
    return [found for found in own if issubclass(found, Action)]


def _entries() -> list[str]:
    """Where each action is, as the index of the manifests has it: `stripe_nodes.prices:…`."""
    manifests: Any = find_spec("stripe_manifests")  # installed beside this package
    index = Path(manifests.origin).with_name("index.json")
    listed: list[dict[str, Any]] = json.loads(index.read_text("utf-8"))["actions"]
    return [entry["entry"] for entry in listed]


def __getattr__(name: str) -> Any:
    if name[:1].isupper():  # a submodule asks for its neighbours by this way, too
        for entry in _entries():
            module, _, known = entry.partition(":")
            if known == name:
                return getattr(import_module(module), name)
        for found in actions():  # one that is in no index yet
            if found.__name__ == name:
                return found
    raise AttributeError(f"module 'stripe_nodes' has no action {name!r}")
