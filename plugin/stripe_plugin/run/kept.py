"""How does what was kept as JSON come back? Exactly, or not at all."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

from stripe_plugin.errors import UsageError
from stripe_plugin.secrets import said, shown

if TYPE_CHECKING:
    from cattrs import Converter

T = TypeVar("T")


def from_kept(kept: Mapping[str, Any], kind: type[T]) -> T:
    """An object of ours from what its `as_dict` gave.

    Raises `UsageError` for what an object of that kind does not have, or not of that type.
    """
    from cattrs.errors import ForbiddenExtraKeysError

    try:
        _exact(kept, dict)
        return _reader().structure(kept, kind)
    except (ForbiddenExtraKeysError, KeyError, TypeError, ValueError) as error:
        raise UsageError(f"What was kept is no {kind.__name__}: {said(error)}") from None


@cache
def _reader() -> "Converter":
    """Made once, and only where something comes back: cattrs takes long to import."""
    from cattrs import Converter
    from cattrs.strategies import configure_union_passthrough

    reader = Converter(forbid_extra_keys=True, detailed_validation=False)
    for kind in (str, int, bool):
        reader.register_structure_hook(kind, _exact)
    reader.register_structure_hook(float, _number)
    configure_union_passthrough(str | int | float | bool | None, reader)
    return reader


def _exact(value: Any, kind: type[T]) -> T:
    """The value itself: `"5"` is no number."""
    if type(value) is not kind:
        raise TypeError(f"{shown(value)} is no {kind.__name__}")
    return value


def _number(value: Any, _: type[float]) -> float:
    """The value itself, which JSON may have as a whole number."""
    return _exact(value, int if type(value) is int else float)
