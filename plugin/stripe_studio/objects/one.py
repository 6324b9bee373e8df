"""What is shown of one object, and what do its buttons do?"""

from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from stripe_plugin.errors import UsageError
from stripe_studio.drawing import drawn
from stripe_studio.forms import Fields, posted
from stripe_studio.objects import deeds
from stripe_studio.objects.common import Common, Data
from stripe_studio.objects.shown import shown
from stripe_studio.objects.sources import EVENT, NO_SUCH
from stripe_studio.objects.told import Object

# What is told of an object of Stripe's.
NOWHERE: Data = {"around": None, "deeds": [], "waiting": [], "deliveries": []}
REFUSED, CHANGED = 402, 409
HAS_CHANGED = "That can no longer be done: it has changed meanwhile."


class NoSuchObject(UsageError):
    """There is no object with this ID."""

    http_status = 404


class One:
    """The page of an object."""

    def __init__(self, common: Common) -> None:
        self._common = common
        self._studio = common.studio

    def routes(self) -> list[Route]:
        """Where it is found."""
        done = posted(self.do)
        return [
            Route("/objects/{id:path}", self.one),
            Route("/deeds/{deed}", done, methods=["POST"]),
        ]

    def one(self, request: Request) -> Response:
        """An object, found by its ID alone; `?after=` tells what happened behind that number."""
        after = request.query_params.get("after", "")
        then = self._common.then(after)
        return self._drawn(request.path_params["id"], then=then)

    def _drawn(self, identity: str, status: int = 200, **more: Any) -> Response:
        obj = self._common.source.one(identity)
        if obj is None:
            raise NoSuchObject(NO_SUCH.format(id=identity))
        context = self._told(obj)
        context |= self._around(obj)
        context |= {"problem": None, "then": None}
        return drawn("object.html", context | more, status)

    def _told(self, obj: Object) -> Data:
        """The object itself, and which actions take it."""
        line = self._common.line(obj)
        actions = self._common.actions
        manifest = actions.retrieving.get(line.kind)
        is_there = obj.get("deleted") is not True
        return {
            **self._common.page(line.title),
            "line": line,
            "shown": shown(obj, manifest),
            "taking": actions.taking(obj) if is_there else [],
        }

    def _around(self, obj: Object) -> Data:
        """What only the emulator can tell."""
        around = self._common.source.around(obj)
        if around is None:
            return NOWHERE
        line = self._common.line
        return {
            "around": around,
            "deeds": deeds.fitting(obj),
            "waiting": deeds.waiting(obj),
            "pointing": [(link, line(other)) for link, other in around.pointing],
            "happenings": self._common.happenings(around.events),
            "deliveries": self._delivered(obj),
        }

    def _delivered(self, obj: Object) -> list[Data]:
        """What became of an event."""
        if obj["object"] != EVENT:
            return []
        return self._common.delivered(str(obj["id"]))

    def do(self, request: Request, fields: Fields) -> Response:
        """What a customer or a bank does with it."""
        held = self._studio.held
        if held is None:
            return self._common.nowhere("Not here")
        identity = fields.get("id", "")
        obj = self._common.source.one(identity) or {}
        deed = deeds.DEEDS.get(request.path_params["deed"])
        if deed is None or not deed.fits(obj):
            return self._drawn(identity, CHANGED, problem=HAS_CHANGED)
        last = held.last()
        chosen = fields.get("chosen", "")
        problem = deeds.done(self._studio, deed, obj, chosen)
        return self._done(identity, last, problem)

    def _done(self, identity: str, last: int, problem: str | None) -> Response:
        """The object, and what happened to it behind a number."""
        if problem is None:
            address = quote(identity, safe="")
            return RedirectResponse(f"/objects/{address}?after={last}", 303)
        then = self._common.then(str(last))
        return self._drawn(identity, REFUSED, problem=problem, then=then)
