"""How is the log of what is sent printed on stderr, for people or as data?"""

import logging
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from stripe_plugin.secrets import masked, without_secrets
from stripe_terminal.screen import Screen, as_json, one_line

OURS = "stripe_plugin"
TEXT, JSON = "text", "json"
PLAIN = {*vars(logging.makeLogRecord({})), "message", "asctime"}  # what every record has


@contextmanager
def logged(
    err: Screen, form: str | None, name: str = OURS, least: int = logging.INFO
) -> Generator[None]:
    """While this lasts each record of ours is a line: `text`, `json`, or none at all."""
    if form is None:
        yield
        return
    logger, lines = logging.getLogger(name), _Lines(err, FORMS[form])
    level = logger.level
    propagates = logger.propagate
    logger.setLevel(least)
    logger.propagate = False  # else some would stand there twice
    logger.addHandler(lines)
    try:
        yield
    finally:
        logger.removeHandler(lines)
        logger.propagate = propagates
        logger.setLevel(level)


class _Lines(logging.Handler):
    def __init__(self, err: Screen, line: "Form") -> None:
        super().__init__(logging.INFO)
        self._err = err
        self._line = line

    def emit(self, record: logging.LogRecord) -> None:
        """One line, without secrets."""
        line = self._line(record)
        self._err.say(masked(line))


def _as_text(record: logging.LogRecord) -> str:
    """When, how grave, what; and Stripe's request ID, if it has one."""
    at = datetime.fromtimestamp(record.created).astimezone()
    request = vars(record).get("request_id")
    words = [at.isoformat(" ", "milliseconds"), record.levelname, record.getMessage(), request]
    return one_line(" ".join(filter(None, words)))


def _as_json(record: logging.LogRecord) -> str:
    """The same as data, with the extras of the record; `time` is unix seconds."""
    about = vars(record)
    extras = {name: about[name] for name in about if name not in PLAIN}
    message = record.getMessage()
    head = {"time": record.created, "level": record.levelname, "logger": record.name}
    facts: Mapping[str, Any] = without_secrets({**head, "message": message, **extras})
    return as_json(facts)


Form = Callable[[logging.LogRecord], str]
FORMS: Mapping[str, Form] = {TEXT: _as_text, JSON: _as_json}
