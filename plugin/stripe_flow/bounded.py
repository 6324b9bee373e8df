"""What is kept of an output when only its ID and status may be?"""

from collections.abc import Callable, Mapping
from typing import Any

from stripe_plugin.errors import UsageError
from stripe_plugin.run.result import Result

ALL, IDS = "all", "ids"
FIELDS = ("id", "status", "deleted")
NOTE = "Of its output only ID and status were kept: nothing was executed again."
NOT_KEPT = (
    "{name} was not kept of this output, of which only ID and status were (--keep ids): the run"
    " cannot go on here. Do what is left under a new run ID"
)
Entry = Mapping[str, Any]
Bound = Callable[[Any], Any]


def whole(entry: Any) -> Any:
    """What there is."""
    return entry


def ids(entry: Entry) -> Entry:
    """An entry of a step's log, without what people have typed or Stripe knows of them.

    Of a result's output `FIELDS` are left, of an error all but its sentence, and not what an item
    is called.
    """
    bounds: dict[str, Bound] = {"result": _of_result, "error": _of_error, "item": _nothing}
    return {word: bounds.get(word, whole)(fact) for word, fact in entry.items()}


def _of_result(result: Entry) -> Entry:
    output = result["output"]
    kept = {name: output[name] for name in FIELDS if name in output}
    return {**result, "output": kept, "note": NOTE}


def _of_error(error: Entry) -> Entry:
    """An error's text may repeat what was typed."""
    return {word: fact for word, fact in error.items() if word != "text"}


def _nothing(_: Any) -> None:
    """What is not kept."""


BOUNDS: Mapping[str, Bound] = {ALL: whole, IDS: ids}


class NotKept(UsageError):
    """A flow needs of an earlier step what was not kept of it: it cannot go on."""


class Bounded:
    """Such an output for the steps behind it, which must not take what is missing for nothing."""

    def __init__(self, output: Mapping[str, Any]) -> None:
        self._output = output

    def get(self, name: str) -> Any:
        """A field, as expressions ask for it. Raises `NotKept` for one that is not there."""
        if name not in FIELDS:
            raise NotKept(NOT_KEPT.replace("{name}", name))
        return self._output.get(name)

    def values(self) -> Any:
        """Refused: they are not all there."""
        raise NotKept(NOT_KEPT.replace("{name}", "All"))

    def __str__(self) -> str:
        """As `to_string` asks for it: refused as well."""
        return str(self.values())

    def __repr__(self) -> str:
        return f"Bounded({self._output!r})"


def known(result: Result, output: Any) -> Any:
    """What a step's output is to the steps behind it."""
    return Bounded(output) if result.note == NOTE else output
