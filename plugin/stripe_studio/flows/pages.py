"""How is the page of a flow drawn, or the part of it that is asked for?"""

import shlex
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import attrs
from starlette.responses import Response

from stripe_plugin.errors import NodeError
from stripe_studio.drawing import drawn, sorry
from stripe_studio.flows import starts
from stripe_studio.flows.adding import Adding
from stripe_studio.flows.boxes import asked_of, boxes
from stripe_studio.flows.checked import Checked, checked
from stripe_studio.flows.files import Folder
from stripe_studio.flows.offered import by_step, offers
from stripe_studio.flows.progress import Kept, Progress
from stripe_studio.flows.running import Running
from stripe_studio.flows.sheet import Sheet
from stripe_studio.studio import Studio
from stripe_studio.trying.sheet import new_run

SUCH_AS = "sell.yaml"  # a file without a name
ENDED = 286  # htmx: swap it, and ask no more
Data = dict[str, Any]
Looked = Progress | Kept | None


@attrs.frozen(kw_only=True)
class Told:
    """What the page tells beside the flow: what came of the button that was pressed."""

    status: int = 200
    note: str = ""  # it is done
    trouble: str = ""  # it is not
    conflict: str = ""  # the file is another's
    unnamed: str = ""  # what is wrong with the file's name, or place
    adding: Adding | None = None  # the form of a step
    asked: bool = False  # it was to be run
    begun: bool = False  # and is
    #: What the browser does with the text: keep it, saved; or offer what it has, or return to it.
    draft: str = "keep"


class Pages:
    """The page of a studio's flows, and its parts."""

    def __init__(self, studio: Studio, folder: Folder, running: Running) -> None:
        self._studio, self._folder, self._running = studio, folder, running
        self._groups = studio.groups

    def checked(self, sheet: Sheet) -> Checked:
        """What is wrong with what is on a sheet."""
        host = self._studio.host
        return checked(host, sheet.name, sheet.text, sheet.given)

    def whole(self, sheet: Sheet, told: Told) -> Response:
        """The page."""
        progress = self._running.of(sheet.seen) if sheet.seen else None
        context = {
            **self._around(sheet.name or "Flow"),
            **self._of(sheet, told),
            **_run(sheet, progress),
            "groups": self._groups,
            "told": told,
            "command": self._command(sheet.name or SUCH_AS),
        }
        answer = drawn("flow.html", context, told.status)
        answer.headers["HX-Push-Url"] = _address(sheet, progress)
        return answer

    def _command(self, name: str) -> str:
        """What runs the same file in a terminal, from the folder where the studio was started."""
        file = self._folder.path_of(name)
        return f"{self._studio.command} flow {shlex.quote(file)}"

    def mistakes(self, sheet: Sheet) -> Response:
        """What is wrong, and what else follows from the text."""
        return drawn("_flow_checked.html", self._of(sheet, Told()))

    def offers(self, sheet: Sheet, wanted: str | None) -> Response:
        """What the steps give that an input could take; IDs of what is wanted first."""
        host, found = self._studio.host, self.checked(sheet)
        listed = offers(host, found.steps, found.parameters, wanted)
        context = {"offers": listed, "wanted": wanted}
        return drawn("_flow_offers.html", context)

    def progress(self, run_id: str) -> Response:
        """How far a run is."""
        sheet = Sheet(run_id=run_id)
        context = _run(sheet, self._running.of(run_id))
        context["told"] = Told()
        status = ENDED if context["over"] else 200
        return drawn("_flow_progress.html", context, status)

    def sorry(self, error: NodeError) -> Response:
        """Why there is no page."""
        return sorry(error, error.http_status, self._around("Flow"))

    def _around(self, title: str) -> Data:
        return self._studio.page(
            title,
            "flow",
            files=self._folder.names(),
            folder=str(self._folder),
            starts=starts.names(),
        )

    def _of(self, sheet: Sheet, told: Told) -> Data:
        host, found = self._studio.host, self.checked(sheet)
        listed = offers(host, found.steps, found.parameters)
        return {
            "sheet": sheet,
            "checked": found,
            "boxes": boxes(found, sheet, asked=told.asked),
            "declared": asked_of(found),
            "outputs": by_step(listed),
        }


def _run(sheet: Sheet, progress: Looked) -> Data:
    """What is shown of a run, and under which name the next press of Run does something."""
    over = not isinstance(progress, Progress) or progress.ended.is_set()
    run_id = sheet.run_id
    if progress and progress.is_whole and progress.run_id == run_id:
        run_id = new_run()  # what is done to its end is done again as another run
    return {"progress": progress, "over": over, "next_run": run_id}


def _address(sheet: Sheet, progress: Looked) -> str:
    """Where the page is found again."""
    found: dict[str, str] = {}
    if sheet.opened:
        found["file"] = sheet.name
    if progress:
        found["run"] = progress.run_id
    return _with_query("/flow", found)


def _with_query(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path
