"""What do the lists show: objects, events, deliveries?"""

from urllib.parse import urlencode

import attrs
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stripe_studio.drawing import drawn
from stripe_studio.objects.common import Common
from stripe_studio.objects.sources import EVENT, Asked

LONGEST = 200  # characters of a filter


class Lists:
    """The pages with many."""

    def __init__(self, common: Common) -> None:
        self._common = common

    def routes(self) -> list[Route]:
        """Where each is found."""
        return [
            Route("/objects", self.objects),
            Route("/events", self.events),
            Route("/deliveries", self.deliveries),
        ]

    def objects(self, request: Request) -> Response:
        """The newest of a kind, or of all."""
        asked, source = _asked(request), self._common.source
        found = source.page(asked)
        context = self._common.page(
            "Objects",
            asked=asked,
            lines=self._common.lines(found.objects),
            statuses=source.statuses(asked.kind),
            older=_address("/objects", asked, found.older),
        )
        return drawn("objects.html", context)

    def events(self, request: Request) -> Response:
        """The latest events, by type, or about an object."""
        asked = _asked(request)
        wanted = attrs.evolve(asked, kind=EVENT)
        found = self._common.source.page(wanted)
        context = self._common.page(
            "Events",
            asked=asked,
            happenings=self._common.happenings(found.objects),
            older=_address("/events", asked, found.older),
        )
        return drawn("events.html", context)

    def deliveries(self, _: Request) -> Response:
        """What became of what was told to webhook endpoints."""
        delivered = self._common.delivered()
        context = self._common.page("Deliveries", deliveries=delivered)
        return drawn("deliveries.html", context)


def _asked(request: Request) -> Asked:
    given = request.query_params
    texts: dict[str, str] = {}
    for field in attrs.fields(Asked):
        text = given.get(field.name, "")
        texts[field.name] = text[:LONGEST]
    return Asked(**texts)


def _address(path: str, asked: Asked, before: str | None) -> str | None:
    """Where the older ones are."""
    if before is None:
        return None
    query = {**attrs.asdict(asked), "before": before}
    filled = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(filled)}"
