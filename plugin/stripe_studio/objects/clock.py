"""What does the time button do, and what happened then?"""

from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from stripe_plugin.errors import UsageError
from stripe_studio.drawing import drawn
from stripe_studio.forms import Fields, posted, whole
from stripe_studio.objects import passing
from stripe_studio.objects.common import MOST_THEN, Common

NOT_RIGHT = 422


class Clock:
    """The pages of time."""

    def __init__(self, common: Common) -> None:
        self._common = common
        self._studio = common.studio

    def routes(self) -> list[Route]:
        """Where each is found."""
        advanced = posted(self.advance)
        return [Route("/time", self.happened), Route("/time", advanced, methods=["POST"])]

    def happened(self, request: Request) -> Response:
        """What time has brought, from one number to another."""
        given = request.query_params
        after = given.get("after", "")
        until = given.get("until", "")
        was = whole(given.get("was", ""))
        then = self._common.then(after, until) or []
        return self._drawn(200, then=then, was=was)

    def advance(self, _: Request, fields: Fields) -> Response:
        """Lets time pass: all of it, or nothing."""
        emulator, held = self._studio.emulator, self._studio.held
        if emulator is None or held is None:
            return self._common.nowhere("Time")
        days = fields.get("days", "")
        step = fields.get("step", "")
        try:
            seconds = passing.seconds(held, step, days)
        except UsageError as error:
            return self._drawn(NOT_RIGHT, time_problem=error.text, days=days)
        query = {"was": held.now(), "after": held.last()}
        emulator.advance(seconds)
        query["until"] = held.last()
        return RedirectResponse(f"/time?{urlencode(query)}", 303)

    def _drawn(self, status: int, **more: Any) -> Response:
        context = self._common.page("Time", then=[], was=None)
        context |= more
        context["is_cut"] = len(context["then"]) == MOST_THEN
        return drawn("time.html", context, status)
