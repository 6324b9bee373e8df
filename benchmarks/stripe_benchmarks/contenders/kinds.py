"""What is a contender? A name, what it must import, and how it is made ready for an address."""

from collections.abc import Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from importlib import import_module
from typing import Generic, TypeAlias, TypeVar

import attrs

from stripe_benchmarks.figure import Setting

KEY = "sk_test_benchmark"
NAME, DESCRIPTION = "Premium Plan", "Premium subscription plan"
INPUTS = {"name": NAME, "description": DESCRIPTION}

# Makes a product and gives its ID.
Run: TypeAlias = Callable[[], str]
AsyncRun: TypeAlias = Callable[[], Awaitable[str]]
R = TypeVar("R")


@attrs.frozen(kw_only=True)
class Entrant:
    """Whoever takes part."""

    name: str = attrs.field(kw_only=False)
    needs: tuple[str, ...] = ()  # modules
    ours: bool = False


@attrs.frozen
class Contender(Entrant, Generic[R]):
    """Does something one after the other. `opened` takes the server's base URL."""

    opened: Callable[[str], AbstractContextManager[R]]


@attrs.frozen
class AsyncContender(Entrant):
    """Makes products in an event loop, any number at once."""

    opened: Callable[[str], AbstractAsyncContextManager[AsyncRun]]
    most: int = attrs.field(default=1_000, kw_only=True)
    """At once; with more it would take minutes to measure."""


E = TypeVar("E", bound=Entrant)


def missing(needs: tuple[str, ...]) -> str | None:
    """Why a contender cannot take part; None if it can."""
    for name in needs:
        try:
            import_module(name)
        except ImportError as error:
            return str(error)
    return None


def present(among: Iterable[E], setting: Setting) -> list[E]:
    """Those that can take part; the others are noted as missing."""
    found: list[E] = []
    for each in among:
        if reason := missing(each.needs):
            setting.without(each.name, reason)
        else:
            found.append(each)
    return found
