"""What do the addresses of Objects do: list them, show one, and what is around it?"""

from typing import Any
from urllib.parse import quote

import attrs
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from stripe_plugin.errors import NodeError, UsageError
from stripe_studio.drawing import drawn, sorry
from stripe_studio.forms import Fields, posted
from stripe_studio.objects import deeds, told
from stripe_studio.objects.actions import Actions
from stripe_studio.objects.passing import next_renewal
from stripe_studio.objects.shown import shown
from stripe_studio.objects.sources import EVENT, NO_SUCH, Asked, names_of, source
from stripe_studio.studio import Studio

MOST_THEN = 200
MOST_COMING = 4
ONLY_EMULATED = "Only the emulator can do that; this is Stripe's test mode."
Data = dict[str, Any]


class Objects:
    """The pages of what is there."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._actions = Actions(studio.host)
        self._source = source(studio, self._actions)

    def routes(self) -> list[Route]:
        """Where each is found."""
        return [
            Route("/objects", self.all),
            Route("/objects/{id:path}", self.one),
            Route("/events", self.events),
            Route("/deliveries", self.deliveries),
            Route("/deeds/{deed}", posted(self.do), methods=["POST"]),
        ]

    def page(self, title: str, **more: Any) -> Data:
        """What each of these pages says beside its own."""
        held = self._studio.held
        upcoming = held.upcoming(1_000) if held else []
        return {
            "title": title,
            "here": "objects",
            "studio": self._studio.about(),
            "kinds": self._source.kinds(),
            "asked": Asked(),
            "emulated": held is not None,
            "upcoming": self._coming(upcoming[:MOST_COMING]),
            "renewal": next_renewal(upcoming),
            "time_problem": None,
            "days": "",
            **more,
        }

    def _coming(self, upcoming: list[Any]) -> list[Data]:
        """What time will bring, each with the row of its object."""
        names = names_of(self._source)
        found = [(each, self._source.one(each["id"])) for each in upcoming]
        return [
            {**each, "line": told.line(obj, self._template(obj), names)}
            for each, obj in found
            if obj is not None
        ]

    def happenings(self, events: Any) -> list[told.Happening]:
        """Events in words; each customer's name is looked up once."""
        names = names_of(self._source)
        return [told.happening(event, names) for event in events]

    def then(self, after: str, until: str = "") -> list[told.Happening] | None:
        """What happened behind one number and up to another, in order; None if none is named."""
        held = self._studio.held
        if held is None or not after.isdecimal():
            return None
        last = int(until) if until.isdecimal() else None
        rows = held.objects(MOST_THEN, kind=EVENT, after=int(after), until=last)
        events = [row.object for row in reversed(rows)]
        return self.happenings(sorted(events, key=lambda event: int(event["created"])))

    # --- lists ------------------------------------------------------------------------------------

    def all(self, request: Request) -> Response:
        """The newest of a kind, or of all."""
        asked = _asked(request)
        try:
            found = self._source.page(asked)
        except NodeError as error:
            return sorry(error, error.http_status, self.page("Objects"))
        names = names_of(self._source)
        lines = [told.line(obj, self._template(obj), names) for obj in found.objects]
        context = self.page(
            "Objects",
            asked=asked,
            lines=lines,
            statuses=self._source.statuses(asked.kind),
            older=_address("/objects", asked, found.older),
        )
        return drawn("objects.html", context)

    def events(self, request: Request) -> Response:
        """The latest events, by type, or about an object."""
        asked = attrs.evolve(_asked(request), kind=EVENT)
        try:
            found = self._source.page(asked)
        except NodeError as error:
            return sorry(error, error.http_status, self.page("Events"))
        context = self.page(
            "Events",
            asked=asked,
            happenings=self.happenings(found.objects),
            older=_address("/events", attrs.evolve(asked, kind=""), found.older),
        )
        return drawn("events.html", context)

    def deliveries(self, _: Request) -> Response:
        """What became of what was told to webhook endpoints."""
        context = self.page("Deliveries", deliveries=self._delivered(None))
        return drawn("deliveries.html", context)

    def _delivered(self, event: str | None) -> list[Data]:
        emulator = self._studio.emulator
        if emulator is None:
            return []
        return emulator.deliveries.list(self._studio.connection.account or "default", event)

    def _template(self, obj: told.Object) -> str | None:
        return self._actions.template(str(obj.get("object")))

    # --- one --------------------------------------------------------------------------------------

    def one(self, request: Request) -> Response:
        """An object, found by its ID alone."""
        then = self.then(request.query_params.get("after", ""))
        return self._drawn(request.path_params["id"], then=then)

    def _drawn(self, identity: str, status: int = 200, **more: Any) -> Response:
        try:
            obj = self._source.one(identity)
            if obj is None:
                raise _NoSuch(NO_SUCH.format(id=identity))
            context = self._context(obj, identity, more)
        except NodeError as error:
            return sorry(error, error.http_status, self.page("No such object"))
        return drawn("object.html", context, status)

    def _context(self, obj: told.Object, identity: str, more: Data) -> Data:
        kind = str(obj.get("object", ""))
        around = self._source.around(obj)
        line = told.line(obj, self._template(obj))
        pointing = around.pointing if around else []
        others = [(link, told.line(other, self._template(other))) for link, other in pointing]
        return {
            **self.page(line.title),
            "line": line,
            "shown": shown(obj, self._actions.retrieving.get(kind)),
            "taking": [] if line.status == "deleted" else self._actions.taking(kind, identity),
            "deeds": deeds.fitting(obj) if around else [],
            "around": around,
            "pointing": others,
            "happenings": self.happenings(around.events) if around else [],
            "deliveries": self._delivered(identity) if kind == EVENT else [],
            "problem": None,
            "then": None,
            **more,
        }

    def do(self, request: Request, fields: Fields) -> Response:
        """What a customer or a bank does with it."""
        emulator, held = self._studio.emulator, self._studio.held
        if emulator is None or held is None:
            return sorry(ONLY_EMULATED, 404, self.page("Not here"))
        identity = fields.get("id", "")
        deed = deeds.DEEDS.get(request.path_params["deed"])
        row = held.one(identity)
        if deed is None or row is None or not deed.fits(row.object):
            problem = "That can no longer be done: it has changed meanwhile."
            return self._drawn(identity, 409, problem=problem)
        last, account = held.last(), self._studio.connection.account
        problem = deeds.done(emulator, account, deed, row.object, fields.get("chosen", ""))
        if problem is not None:
            return self._drawn(identity, 402, problem=problem, then=self.then(str(last)))
        return RedirectResponse(f"/objects/{quote(identity, safe='')}?after={last}", 303)


class _NoSuch(UsageError):
    """There is no such object."""

    http_status = 404


def _asked(request: Request) -> Asked:
    given = request.query_params
    names = [field.name for field in attrs.fields(Asked)]
    return Asked(**{name: given.get(name, "").strip() for name in names})


def _address(path: str, asked: Asked, before: str | None) -> str | None:
    """Where the older ones are."""
    if before is None:
        return None
    filled = {name: value for name, value in attrs.asdict(asked).items() if value}
    query = "&".join(
        f"{name}={quote(value)}" for name, value in (filled | {"before": before}).items()
    )
    return f"{path}?{query}"
