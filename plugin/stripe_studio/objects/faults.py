"""What shall go wrong: which faults are on order, and how is one ordered?"""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from stripe_emulator import Emulator
from stripe_emulator.faults import KINDS, Kind, ordered
from stripe_emulator.refusals import Refusal
from stripe_plugin.errors import UsageError
from stripe_plugin.judge.values import NOTHING
from stripe_plugin.secrets import shown
from stripe_studio.drawing import drawn
from stripe_studio.forms import Fields, posted, whole
from stripe_studio.objects.common import Common

METHODS = ("GET", "POST", "DELETE")
NOT_RIGHT = 422
LONGEST = 3_600  # seconds that a request waits
Problems = Mapping[str, str]  # what is wrong, by box
# What each is, for a person.
WORDS: dict[Kind, str] = {
    "conflict": "409: somebody else is at this object",
    "rate_limit": "429: too many requests",
    "lock_timeout": "429: the object is locked",
    "server_error": "500: nothing was executed",
    "bad_gateway": "502: an HTML page instead of JSON",
    "unavailable": "503: Stripe is not available",
    "stored_error": "500, kept under the idempotency key",
    "delay": "Wait, then execute",
    "delay_after": "Execute, then wait",
    "cut": "Cut the connection, nothing executed",
    "cut_after": "Execute, then cut the connection",
    "truncate": "Execute, and answer only half",
    "invalid_json": "Execute, and answer broken JSON",
    "wrong_type": "Execute, and answer as text/html",
}
BLANK: Fields = {"kind": "server_error", "method": "", "path": "", "times": "1", "seconds": "0.1"}


class Faults:
    """The page of faults on order."""

    def __init__(self, common: Common) -> None:
        self._common = common
        self._emulator = common.studio.emulator

    def routes(self) -> list[Route]:
        """Where each is found."""
        added = posted(self.add)
        cleared = posted(self.clear)
        return [
            Route("/faults", self.list),
            Route("/faults", added, methods=["POST"]),
            Route("/faults/clear", cleared, methods=["POST"]),
        ]

    def list(self, _: Request) -> Response:
        """Those on order, and the form for another."""
        return self._drawn(BLANK)

    def add(self, _: Request, fields: Fields) -> Response:
        """Orders one."""
        if self._emulator is None:
            return self._drawn(BLANK)
        order, problems = _order(fields)
        if problems:
            return self._drawn(BLANK | fields, problems)
        try:
            fault = ordered(order)
        except Refusal as error:
            return self._drawn(BLANK | fields, _at(str(error)))
        self._emulator.faults.add(fault)
        return RedirectResponse("/faults", 303)

    def clear(self, _: Request, __: Fields) -> Response:
        """Cancels all."""
        if self._emulator is None:
            return self._drawn(BLANK)
        self._emulator.faults.clear()
        return RedirectResponse("/faults", 303)

    def _drawn(self, typed: Fields, problems: Problems = NOTHING) -> Response:
        if self._emulator is None:
            return self._common.nowhere("Faults")
        context = self._common.page(
            "Faults",
            faults=_told(self._emulator),
            choices=[(kind, WORDS[kind]) for kind in KINDS],
            methods=METHODS,
            typed=typed,
            problems=problems,
        )
        return drawn("faults.html", context, NOT_RIGHT if problems else 200)


def _told(emulator: Emulator) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for each in emulator.faults.list():
        words = WORDS[each["kind"]]
        found.append(each | {"words": words})
    return found


def _order(fields: Fields) -> tuple[dict[str, Any], Problems]:
    """A fault as the emulator reads it, and what is wrong at each box.

    Blank boxes are left out, but for how often.
    """
    found: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for name in BLANK:
        text = fields.get(name, "").strip()
        try:
            value = READ[name](text) if name in READ else text
        except UsageError as error:
            problems[name] = error.text
        else:
            if value or name == "times":
                found[name] = value
    return found, problems


def _times(text: str) -> int | None:
    number = whole(text)
    if text and number is None:
        raise UsageError(f"How Often is a whole number, or empty: {shown(text)} is none.")
    return number


def _seconds(text: str) -> float | None:
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST:
        wrong = f"Delay is a number of seconds up to {LONGEST:,}, or empty: {shown(text)} is none."
        raise UsageError(wrong)
    return seconds


# How the text of a box is read; the other boxes' is taken as it is.
READ: Mapping[str, Callable[[str], float | None]] = {"times": _times, "seconds": _seconds}


def _at(refused: str) -> Problems:
    """At the box that the emulator's refusal names."""
    named = [name for name in BLANK if f"its {name} " in refused]
    return {named[0] if named else "kind": refused}
