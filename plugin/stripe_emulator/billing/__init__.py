"""What becomes of subscriptions and their invoices: as time passes, and when plans change?"""

from importlib import import_module
from pkgutil import iter_modules


def load() -> None:
    """Import every module of this folder, and so register what it does."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
