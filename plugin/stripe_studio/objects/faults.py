"""What shall go wrong: which faults are on order, and how is one ordered?"""

from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from stripe_emulator import Emulator
from stripe_emulator.faults import KINDS, Kind, ordered
from stripe_emulator.refusals import Refusal
from stripe_plugin.errors import UsageError
from stripe_studio.drawing import drawn, sorry
from stripe_studio.forms import Fields, posted
from stripe_studio.objects.routes import ONLY_EMULATED, Objects
from stripe_studio.studio import Studio

METHODS = ("GET", "POST", "DELETE")
NOT_RIGHT = 422
#: What each is, for a person.
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

    def __init__(self, studio: Studio, objects: Objects) -> None:
        self._studio, self._objects = studio, objects

    def routes(self) -> list[Route]:
        """Where each is found."""
        return [
            Route("/faults", self.list),
            Route("/faults", posted(self.add), methods=["POST"]),
            Route("/faults/clear", posted(self.clear), methods=["POST"]),
        ]

    def list(self, _: Request) -> Response:
        """Those on order, and the form for another."""
        return self._drawn(BLANK)

    def add(self, _: Request, fields: Fields) -> Response:
        """Orders one."""
        emulator = self._studio.emulator
        if emulator is None:
            return self._drawn(fields)
        try:
            emulator.faults.add(ordered(_order(fields)))
        except (UsageError, Refusal) as error:
            return self._drawn(BLANK | fields, str(error))
        return RedirectResponse("/faults", 303)

    def clear(self, _: Request, __: Fields) -> Response:
        """Cancels all."""
        emulator = self._studio.emulator
        if emulator is None:
            return self._drawn(BLANK)
        emulator.faults.clear()
        return RedirectResponse("/faults", 303)

    def _drawn(self, typed: Fields, problem: str | None = None) -> Response:
        emulator = self._studio.emulator
        if emulator is None:
            return sorry(ONLY_EMULATED, 404, self._objects.page("Faults"))
        context = self._objects.page(
            "Faults",
            faults=_told(emulator),
            choices=[(kind, WORDS[kind]) for kind in KINDS],
            methods=METHODS,
            typed=typed,
            problem=problem,
        )
        return drawn("faults.html", context, NOT_RIGHT if problem else 200)


def _told(emulator: Emulator) -> list[dict[str, Any]]:
    words: dict[str, str] = {**WORDS}
    return [{**each, "words": words[each["kind"]]} for each in emulator.faults.list()]


def _order(fields: Fields) -> dict[str, Any]:
    """A fault as the emulator reads it; blank boxes are left out, but for how often."""
    found: dict[str, Any] = {"kind": fields.get("kind", "")}
    found |= {name: fields[name].strip() for name in ("method", "path") if fields.get(name)}
    times, seconds = fields.get("times", "").strip(), fields.get("seconds", "").strip()
    found["times"] = _number("How Often", times, int) if times else None
    if seconds:
        found["seconds"] = _number("Delay", seconds, float)
    return found


def _number(label: str, text: str, kind: type[int] | type[float]) -> int | float:
    try:
        return kind(text)
    except ValueError:
        whole = "a whole number" if kind is int else "a number of seconds"
        raise UsageError(f"{label} is {whole}, or empty: {text[:40]!r} is none.") from None
