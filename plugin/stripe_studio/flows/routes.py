"""What do the addresses of Flow do: open, check, add a step, save, run, tell how far it is?"""

from collections.abc import Callable
from urllib.parse import quote, urlencode

import attrs
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from stripe_flow.flow import Flow
from stripe_plugin.errors import NodeError, UsageError
from stripe_plugin.judge.places import found_at
from stripe_plugin.judge.values import NOTHING
from stripe_studio.flows import adding
from stripe_studio.flows.checked import UNTITLED, Checked
from stripe_studio.flows.files import Exists, Folder, digest
from stripe_studio.flows.opening import Opening, kept_as
from stripe_studio.flows.pages import Pages, Told
from stripe_studio.flows.running import Running
from stripe_studio.flows.sheet import Sheet
from stripe_studio.forms import sent_as
from stripe_studio.studio import Studio
from stripe_studio.trying.choosing import chosen
from stripe_studio.trying.sheet import new_run
from stripe_studio.trying.typed import row_at

NOTHING_WRITTEN = "There is nothing to run yet: add a step, or take a ready flow."
YET_UNREAD = "Mend what is wrong in the text first: then its steps are known."
NO_NAME = "Give the file a name, such as sell.yaml."
NOT_HERE = (
    "The text of this run is not in {folder}. To go on with it, open its file here, or paste the"
    " text: what is done of it is not done again."
)
WRONG = 422
Work = Callable[[Request, Sheet], Response]


class Flows:
    """The pages of a studio's flows."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
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
            _posted("/flow/choices", self._chosen),
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
            asked = request.query_params
            sheet = self._opening.opened(asked)
            draft = "offer" if asked else "return"
            return self._pages.whole(sheet, self._opened(sheet, draft))
        except NodeError as error:
            return self._pages.sorry(error)

    def _opened(self, sheet: Sheet, draft: str) -> Told:
        if not sheet.seen or sheet.text:
            return Told(draft=draft)
        lost = NOT_HERE.format(folder=self._folder)
        return Told(draft=draft, trouble=lost)

    def _checked(self, _: Request, sheet: Sheet) -> Response:
        """What is wrong as it stands: asked for as somebody types."""
        return self._pages.mistakes(sheet)

    # --- a step from a form -----------------------------------------------------------------------

    def _edited(self, _: Request, sheet: Sheet) -> Response:
        """What a button of the step's form does."""
        if sheet.do == "close" or not self._is_known(sheet):
            return self._pages.whole(sheet, Told())
        if sheet.do == "append":
            return self._appended(sheet)
        if sheet.do == "step":
            steps = self._pages.checked(sheet).steps
            form = adding.blank(self._studio, sheet.action, steps)
        else:
            sheet.change_step()
            form = adding.typed_in(self._studio, sheet)
        return self._pages.whole(sheet, Told(adding=form))

    def _is_known(self, sheet: Sheet) -> bool:
        """Whether there is a form to speak of: that of an action."""
        return adding.is_known(self._studio.host, sheet.action)

    def _appended(self, sheet: Sheet) -> Response:
        found = self._pages.checked(sheet)
        form = adding.typed_in(self._studio, sheet)
        form = adding.judged(self._studio.host, form, found.steps)
        told = Told(adding=form, status=WRONG)
        if form.summary:
            return self._pages.whole(sheet, told)
        try:
            text = _with_step(sheet, found, form)
        except UsageError as error:
            told = attrs.evolve(told, trouble=error.text)
            return self._pages.whole(sheet, told)
        added = attrs.evolve(sheet, text=text, action="")
        done = Told(note=f"Added the step {form.step_id}.")
        return self._pages.whole(added, done)

    def _offered(self, request: Request, sheet: Sheet) -> Response:
        """What earlier steps gave that a row of the step's form could take, as buttons."""
        if not self._is_known(sheet):
            return self._pages.offers(sheet, None)
        manifest = self._studio.host.manifest(sheet.action)
        place = _place(request).split(".")
        row = row_at(manifest["inputs"], place)
        reference = row.get("reference") or NOTHING
        return self._pages.offers(sheet, reference.get("resource"))

    def _chosen(self, request: Request, sheet: Sheet) -> Response:
        """The objects that can be chosen in a row of the step's form, as buttons."""
        place = _place(request)
        tree = adding.known(sheet.step)
        there = found_at(tree, place)
        search = there if isinstance(there, str) else ""
        return chosen(self._studio, sheet.action, place, tree, search)

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
        kept = attrs.evolve(sheet, opened=digest(sheet.text), kept_as=kept_as(sheet.name))
        note = f"Saved as {sheet.name}."
        return self._pages.whole(kept, Told(note=note, draft="saved"))

    def _save(self, sheet: Sheet) -> None:
        if not sheet.name:
            raise UsageError(NO_NAME)
        self._folder.save(sheet.name, sheet.text, sheet.opened, overwrite=sheet.do == "overwrite")

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
        if flow is not None:
            return self._begun(sheet, flow)
        trouble = "" if sheet.text.strip() else NOTHING_WRITTEN
        told = Told(asked=True, trouble=trouble, status=WRONG)
        return self._pages.whole(sheet, told)

    def _begun(self, sheet: Sheet, flow: Flow) -> Response:
        told = Told(asked=True, begun=True)
        try:
            self.running.begin(flow, sheet.run_id)
        except NodeError as error:
            told = Told(asked=True, trouble=error.text, status=error.http_status)
        else:
            sheet = attrs.evolve(sheet, seen=sheet.run_id)
        return self._pages.whole(sheet, told)

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


def _posted(path: str, work: Work) -> Route:
    """A route for what the page's form sends."""
    endpoint = sent_as(Sheet.of, work)
    return Route(path, endpoint, methods=["POST"])


def _place(request: Request) -> str:
    """Where in the step's form a button stands."""
    return request.query_params.get("row", "")


def _with_step(sheet: Sheet, found: Checked, form: adding.Adding) -> str:
    if not found.is_read:
        raise UsageError(YET_UNREAD)
    return adding.with_step(sheet.text, form)
