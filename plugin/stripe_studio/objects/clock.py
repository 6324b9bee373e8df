"""What does the time button do, and what happened then?"""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from stripe_plugin.errors import UsageError
from stripe_studio.drawing import drawn, sorry
from stripe_studio.forms import Fields, posted
from stripe_studio.objects import passing
from stripe_studio.objects.routes import MOST_THEN, ONLY_EMULATED, Objects
from stripe_studio.studio import Studio

NOT_RIGHT = 422


class Clock:
    """The pages of time."""

    def __init__(self, studio: Studio, objects: Objects) -> None:
        self._studio, self._objects = studio, objects

    def routes(self) -> list[Route]:
        """Where each is found."""
        return [
            Route("/time", self.happened),
            Route("/time", posted(self.advance), methods=["POST"]),
        ]

    def happened(self, request: Request) -> Response:
        """What time has brought, from one number to another."""
        given = request.query_params
        then = self._objects.then(given.get("after", ""), given.get("until", ""))
        was = given.get("was", "")
        context = self._objects.page(
            "Time",
            then=then or [],
            was=int(was) if was.isdecimal() else None,
            is_cut=len(then or ()) == MOST_THEN,
        )
        return drawn("time.html", context)

    def advance(self, _: Request, fields: Fields) -> Response:
        """Lets time pass: all of it, or nothing."""
        emulator, held = self._studio.emulator, self._studio.held
        if emulator is None or held is None:
            return sorry(ONLY_EMULATED, 404, self._objects.page("Not here"))
        days = fields.get("days", "")
        try:
            seconds = passing.seconds(held, fields.get("step", ""), days)
        except UsageError as error:
            wrong = self._objects.page(
                "Time", then=[], was=None, is_cut=False, time_problem=error.text, days=days
            )
            return drawn("time.html", wrong, NOT_RIGHT)
        was, after = held.now(), held.last()
        emulator.advance(seconds)
        query = urlencode({"was": was, "after": after, "until": held.last()})
        return RedirectResponse(f"/time?{query}", 303)
