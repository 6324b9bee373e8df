"""How does a command end that could not do it? In one readable report and its exit code."""

import logging
import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from stripe_plugin.errors import Denied, InvalidInputs, NodeError, StripeError, UsageError
from stripe_plugin.host.watch import HookFailed
from stripe_plugin.secrets import masked
from stripe_terminal import screen
from stripe_terminal.screen import Screen

UNEXPECTED, WRONG, REFUSED, UNSURE, INTERRUPTED = 1, 2, 3, 4, 130
STOPPED = "Interrupted."
STOPPED_UNSURE = "Interrupted; what was on its way may have been executed."


@dataclass
class Begun:
    """What a command has begun, which whoever reads its error must know."""

    run_id: str = ""  # of a command that runs actions
    changes: bool = False  # something at Stripe: from here on it may have been executed

    def facts(self) -> dict[str, str]:
        """What stands beside a result or an error."""
        return {"run_id": self.run_id} if self.run_id else {}


class Interrupted(NodeError, category="interrupted", http_status=503):
    """A person stopped it, by Ctrl-C; the same run may be gone on with."""

    retryable = True

    def __init__(self, *, outcome_unknown: bool) -> None:
        self.outcome_unknown = outcome_unknown
        super().__init__(STOPPED_UNSURE if outcome_unknown else STOPPED)

    @classmethod
    def of_facts(cls, facts: Mapping[str, Any]) -> Self:
        """What `facts` and the shared words gave."""
        return cls(outcome_unknown=facts["outcome_unknown"])


class Unexpected(NodeError, category="unexpected", http_status=500):
    """What a plugin raises: it says nothing of what was sent."""

    def __init__(self, text: object) -> None:
        super().__init__(masked(str(text)))


Data = Callable[[Any], None] | None


@contextmanager
def reporting(err: Screen, data: Data, begun: Begun) -> Generator[None]:
    """Every error ends in a report on `err`, and as `{"error": …}` in `data` if that is asked.

    `begun`: what the command has begun when the error comes.
    """
    lines = _Lines(err)
    logging.getLogger().addHandler(lines)
    try:
        yield
    except BrokenPipeError:  # nobody reads
        raise
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - whatever a plugin raises
        readable = _readable(error, begun)
        if data:
            data({"error": readable.as_dict(), **begun.facts()})
        _tell(readable, err)
        sys.exit(code_of(error))
    finally:
        logging.getLogger().removeHandler(lines)


def code_of(error: BaseException) -> int:
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


def _readable(error: BaseException, begun: Begun) -> NodeError:
    """The error, or one that says the same in words of ours."""
    match error:
        case NodeError():
            return error
        case KeyboardInterrupt():
            readable: NodeError = Interrupted(outcome_unknown=begun.changes)
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            readable = UsageError(f"{where}{error.strerror or error}")
        case _:
            readable = Unexpected(f"{type(error).__name__}: {error}")
    for note in _notes(error):
        readable.add_note(note)
    return readable


def _tell(error: NodeError, err: Screen) -> None:
    """What is wrong, each with its mark; what to do is no error, and has none."""
    for sentence in _sentences(error):
        err.tell(masked(sentence), screen.WRONG)
    for note in _notes(error):
        err.tell(masked(note))
    if isinstance(error, InvalidInputs) or getattr(error, "unsent", False):
        err.say("Nothing was sent.")


def _sentences(error: BaseException) -> Iterator[str]:
    if isinstance(error, InvalidInputs):
        for sentences in error.problems.values():
            yield from sentences
    else:
        yield from str(error).splitlines()


def _notes(error: BaseException) -> Iterator[str]:
    """What to do, which is not part of its data."""
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
