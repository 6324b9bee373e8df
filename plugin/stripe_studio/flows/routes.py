"""What do the addresses of Flow do: open, check, add a step, save, run, tell how far it is?"""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import attrs
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from stripe_plugin.errors import NodeError, UsageError
from stripe_plugin.judge.values import NOTHING
from stripe_studio.flows import adding
from stripe_studio.flows.checked import UNTITLED, Checked
from stripe_studio.flows.files import Exists, Folder, digest
from stripe_studio.flows.opening import Opening
from stripe_studio.flows.pages import Pages, Told
from stripe_studio.flows.running import Running
from stripe_studio.flows.sheet import Sheet
from stripe_studio.forms import sent_as
from stripe_studio.studio import Studio
from stripe_studio.trying.sheet import new_run

NOTHING_WRITTEN = "There is nothing to run yet: add a step, or take a ready flow."
YET_UNREAD = "Mend what is wrong in the text first: then its steps are known."
NO_NAME = "Give the file a name, such as sell.yaml."
NOT_HERE = (
    "The text of this run is not in {folder}. To go on with it, open its file here, or paste the"
    " text: what is done of it is not done again."
)
WRONG = 422


class Flows:
    """The pages of a studio's flows."""

    def __init__(self, studio: Studio) -> None:
        self._host = studio.host
        self._folder = Folder(studio.folder)
        self.running = Running(studio)
        self._opening = Opening(self._folder, self.running)
        self._pages = Pages(studio, self._folder, self.running)

    def routes(self) -> list[Route]:
        """Where each is found."""
        return [
            Route("/flow", self.page),
            _posted("/flow", self._edited),
            _posted("/flow/check", self._checked),
            _posted("/flow/offers", self._offered),
            _posted("/flow/save", self._saved),
            _posted("/flow/download", self._downloaded),
            _posted("/flow/run", self._run),
            Route("/flow/runs/{run}", self.progress),
            Route("/flow/runs/{run}/stop", self.stop, methods=["POST"]),
        ]

    def page(self, request: Request) -> Response:
        """A file, a ready flow, or the flow of a run, in the editor."""
        try:
            sheet = self._opening.opened(request.query_params)
            return self._pages.whole(sheet, self._opened(sheet))
        except NodeError as error:
            return self._pages.sorry(error)

    def _opened(self, sheet: Sheet) -> Told:
        is_lost = sheet.seen and not sheet.text
        trouble = NOT_HERE.replace("{folder}", str(self._folder)) if is_lost else ""
        return Told(draft="offer", trouble=trouble)

    def _checked(self, _: Request, sheet: Sheet) -> Response:
        """What is wrong as it stands: asked for as somebody types."""
        return self._pages.mistakes(sheet)

    # --- a step from a form -----------------------------------------------------------------------

    def _edited(self, _: Request, sheet: Sheet) -> Response:
        """What a button of the step's form does."""
        if sheet.do == "append":
            return self._appended(sheet)
        if sheet.do == "close" or not adding.is_known(self._host, sheet.action):
            return self._pages.whole(sheet, Told())
        if sheet.do == "step":
            steps = self._pages.checked(sheet).steps
            form = adding.blank(self._host, sheet.action, steps)
        else:
            sheet.change_step()
            form = adding.typed_in(self._host, sheet)
        return self._pages.whole(sheet, Told(adding=form))

    def _appended(self, sheet: Sheet) -> Response:
        found = self._pages.checked(sheet)
        if not adding.is_known(self._host, sheet.action):
            return self._pages.whole(sheet, Told())
        form = adding.judged(self._host, adding.typed_in(self._host, sheet), found.steps)
        if form.summary:
            return self._pages.whole(sheet, Told(adding=form, status=WRONG))
        try:
            text = _with_step(sheet, found, form)
        except UsageError as error:
            told = Told(adding=form, trouble=error.text, status=WRONG)
            return self._pages.whole(sheet, told)
        added = attrs.evolve(sheet, text=text, action="")
        return self._pages.whole(added, Told(note=f"Added the step {form.step_id}."))

    def _offered(self, request: Request, sheet: Sheet) -> Response:
        """What earlier steps gave that a row of the step's form could take, as buttons."""
        if not adding.is_known(self._host, sheet.action):
            return self._pages.offers(sheet, None)
        place = request.query_params.get("row", "")
        row = adding.row_at(self._host.manifest(sheet.action)["inputs"], place)
        reference = row.get("reference") or NOTHING
        return self._pages.offers(sheet, reference.get("resource"))

    # --- files ------------------------------------------------------------------------------------

    def _saved(self, _: Request, sheet: Sheet) -> Response:
        try:
            self._save(sheet)
        except Exists as error:
            told = Told(conflict=error.text, status=error.http_status)
            return self._pages.whole(sheet, told)
        except UsageError as error:
            told = Told(unnamed=error.text, status=error.http_status)
            return self._pages.whole(sheet, told)
        kept = attrs.evolve(sheet, opened=digest(sheet.text))
        return self._pages.whole(kept, Told(note=f"Saved as {sheet.name}.", draft="saved"))

    def _save(self, sheet: Sheet) -> None:
        if not sheet.name:
            raise UsageError(NO_NAME)
        overwrite = sheet.do == "overwrite"
        self._folder.save(sheet.name, sheet.text, sheet.opened, overwrite=overwrite)

    def _downloaded(self, _: Request, sheet: Sheet) -> Response:
        """The text as a file."""
        name = quote(sheet.name or UNTITLED, safe="")
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
        return PlainTextResponse(sheet.text, headers=headers, media_type="application/yaml")

    # --- running ----------------------------------------------------------------------------------

    def _run(self, _: Request, sheet: Sheet) -> Response:
        """Begins it, or goes on with it; what is wrong is told before anything is sent."""
        if sheet.do == "anew":
            sheet = attrs.evolve(sheet, run_id=new_run())
        flow = self._pages.checked(sheet).flow
        if flow is None:
            trouble = "" if sheet.text.strip() else NOTHING_WRITTEN
            return self._pages.whole(sheet, Told(asked=True, trouble=trouble, status=WRONG))
        try:
            self.running.begin(flow, sheet.run_id)
        except NodeError as error:
            told = Told(asked=True, trouble=error.text, status=error.http_status)
            return self._pages.whole(sheet, told)
        begun = attrs.evolve(sheet, seen=sheet.run_id)
        return self._pages.whole(begun, Told(asked=True, begun=True))

    def progress(self, request: Request) -> Response:
        """How far a run is: asked for until it has ended."""
        return self._pages.progress(request.path_params["run"])

    async def stop(self, request: Request) -> Response:
        """Asks a run to end after the step in hand."""
        run_id = request.path_params["run"]
        self.running.stop(run_id)
        if "hx-request" in request.headers:
            return RedirectResponse(f"/flow/runs/{quote(run_id, safe='')}", 303)
        return RedirectResponse(f"/flow?{urlencode({'run': run_id})}", 303)


def _posted(path: str, work: Callable[[Request, Sheet], Response]) -> Route:
    """A route for what the page's form sends."""
    return Route(path, sent_as(Sheet.of, work), methods=["POST"])


def _with_step(sheet: Sheet, found: Checked, form: adding.Adding) -> Any:
    if not found.is_read:
        raise UsageError(YET_UNREAD)
    return adding.with_step(sheet.text, form)
