"""How does a command end that could not do it? In one readable report and its exit code."""

import logging
import sys
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from stripe_plugin.errors import Denied, InvalidInputs, NodeError, StripeError, UsageError
from stripe_plugin.host.watch import HookFailed
from stripe_plugin.secrets import masked
from stripe_terminal.screen import Screen

UNEXPECTED, WRONG, REFUSED, UNSURE, INTERRUPTED = 1, 2, 3, 4, 130
STOPPED = "Interrupted; what was on its way may have been executed."


class Unexpected(NodeError, category="unexpected"):
    """What a plugin raises, or a person: it says nothing of what was sent."""

    def __init__(self, text: object) -> None:
        super().__init__(masked(str(text)))


Data = Callable[[Any], None] | None


@contextmanager
def reporting(err: Screen, data: Data) -> Generator[None]:
    """Every error ends in a report on `err`, and as `{"error": …}` in `data` if that is asked."""
    lines = _Lines(err)
    logging.getLogger().addHandler(lines)
    try:
        yield
    except BrokenPipeError:  # nobody reads
        raise
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - whatever a plugin raises
        _end(_readable(error), _code(error), err, data)
    finally:
        logging.getLogger().removeHandler(lines)


def _code(error: BaseException) -> int:
    """What a script learns of an error."""
    match error:
        case InvalidInputs() | UsageError() | OSError():
            return WRONG
        case StripeError():
            return UNSURE if error.outcome_unknown or error.status is None else REFUSED
        case HookFailed():
            return UNEXPECTED if error.result else UNSURE
        case Denied():
            return REFUSED
        case KeyboardInterrupt():
            return INTERRUPTED
        case _:
            return UNEXPECTED


def _readable(error: BaseException) -> NodeError:
    """The error, or one that says the same in words of ours."""
    match error:
        case NodeError():
            return error
        case KeyboardInterrupt():
            text = STOPPED
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            text = f"{where}{error.strerror or error}"
        case _:
            text = f"{type(error).__name__}: {error}"
    readable = UsageError(text) if isinstance(error, OSError) else Unexpected(text)
    for note in getattr(error, "__notes__", ()):
        readable.add_note(note)
    return readable


def _end(error: NodeError, code: int, err: Screen, data: Data) -> NoReturn:
    if data:
        data({"error": error.as_dict()})
    for sentence in _sentences(error):
        err.tell(masked(sentence), "[red]✗[/] ")
    if isinstance(error, InvalidInputs) or getattr(error, "unsent", False):
        err.say("Nothing was sent.")
    sys.exit(code)


def _sentences(error: BaseException) -> Iterator[str]:
    if isinstance(error, InvalidInputs):
        for sentences in error.problems.values():
            yield from sentences
    else:
        yield from str(error).splitlines()
    for note in getattr(error, "__notes__", ()):
        yield from note.splitlines()


class _Lines(logging.Handler):
    """What is logged while a command runs: warnings, and what of ours is sent again and when."""

    def __init__(self, err: Screen) -> None:
        super().__init__(logging.WARNING)
        self._err = err

    def emit(self, record: logging.LogRecord) -> None:
        """One line, unless it is a fact of ours that the result or the error tells as well."""
        ours = record.name.partition(".")[0] == "stripe_plugin"
        if not ours or getattr(record, "retry_in", None) is not None:
            self._err.say(masked(record.getMessage()), "[dim]…[/] ")
