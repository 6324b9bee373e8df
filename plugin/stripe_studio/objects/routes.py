"""Where are the pages of objects, time and faults found?"""

from starlette.routing import Route

from stripe_studio.objects.clock import Clock
from stripe_studio.objects.common import Common
from stripe_studio.objects.faults import Faults
from stripe_studio.objects.lists import Lists
from stripe_studio.objects.one import One
from stripe_studio.objects.paying import Paying
from stripe_studio.studio import Studio


def routes(studio: Studio, address: str) -> list[Route]:
    """Those of a studio at an address: where links in objects lead, too."""
    common = Common(studio)
    return [
        *Lists(common).routes(),
        *One(common).routes(),
        *Clock(common).routes(),
        *Faults(common).routes(),
        *Paying(studio, address).routes(),
    ]
