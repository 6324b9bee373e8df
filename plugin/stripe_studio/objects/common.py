"""What do the pages of objects share: the kinds, the time, and events in words?"""

from collections.abc import Iterable
from typing import Any

from starlette.responses import Response

from stripe_studio.drawing import sorry
from stripe_studio.forms import whole
from stripe_studio.objects.actions import Actions
from stripe_studio.objects.passing import due, next_end, next_renewal
from stripe_studio.objects.sources import EVENT, Asked, names_of, source
from stripe_studio.objects.told import Happening, Line, Names, Object, happening, line, nobody
from stripe_studio.studio import Studio

MOST_THEN = 200
MOST_COMING = 4
ONLY_EMULATED = "Only the emulator can do that; this is Stripe's test mode."
OURS = "default"  # the account without a name
Data = dict[str, Any]
Then = list[Happening] | None


class Common:
    """What is there, for whoever draws a page of it."""

    def __init__(self, studio: Studio) -> None:
        self.studio = studio
        self.actions = Actions(studio.host, studio.resources)
        self.source = source(studio, self.actions)

    def page(self, title: str, **more: Any) -> Data:
        """What each of these pages says beside its own."""
        held = self.studio.held
        planned = due(held) if held else []
        known: Data = {
            "kinds": self.source.kinds(),
            "asked": Asked(),
            "emulated": held is not None,
            "coming": self._coming(planned[:MOST_COMING]),
            "renewal": next_renewal(planned),
            "end": next_end(planned),
            "time_problem": None,
            "days": "",
        }
        return self.studio.page(title, "objects", **known | more)

    def nowhere(self, title: str) -> Response:
        """Says that there is no such thing in test mode."""
        return sorry(ONLY_EMULATED, 404, self.page(title))

    def line(self, obj: Object, names: Names = nobody) -> Line:
        """An object as a row."""
        kind = str(obj.get("object"))
        template = self.actions.template(kind)
        return line(obj, template, names)

    def lines(self, objects: Iterable[Object]) -> list[Line]:
        """Objects as rows, with whose they are."""
        names = names_of(self.source)
        return [self.line(obj, names) for obj in objects]

    def _coming(self, planned: Iterable[Data]) -> list[Data]:
        """What time will bring, each with the row of its object."""
        names = names_of(self.source)
        found: list[Data] = []
        for each in planned:
            obj = self.source.one(each["id"])
            if obj is not None:
                told = self.line(obj, names)
                found.append(each | {"line": told})
        return found

    def happenings(self, events: Iterable[Object]) -> list[Happening]:
        """Events in words; each name is looked up once."""
        names = names_of(self.source)
        return [happening(event, names) for event in events]

    def then(self, after: str, until: str = "") -> Then:
        """What happened behind one number and up to another, in order; None if none is named."""
        held, first = self.studio.held, whole(after)
        if held is None or first is None:
            return None
        last = whole(until)
        newest = held.objects(MOST_THEN, kind=EVENT, after=first, until=last)
        events = [row.object for row in reversed(newest)]
        in_order = sorted(events, key=_created)
        return self.happenings(in_order)

    def delivered(self, event: str | None = None) -> list[Data]:
        """What became of the latest deliveries, or of those of an event."""
        emulator = self.studio.emulator
        account = self.studio.connection.account or OURS
        return emulator.deliveries.list(account, event) if emulator else []


def _created(event: Object) -> int:
    return int(event["created"])
