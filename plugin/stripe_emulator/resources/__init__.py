"""Which resources are there? Every module of this folder: whoever adds one adds one file."""

from importlib import import_module
from pkgutil import iter_modules


def load() -> None:
    """Import them all, and so declare them."""
    for module in iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
