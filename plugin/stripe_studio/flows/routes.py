"""What do the addresses of Flow do: draw it, check it, add a step, save, run it?"""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import attrs
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from stripe_plugin.errors import NodeError, UsageError
from stripe_studio.catalog import grouped
from stripe_studio.drawing import drawn, sorry
from stripe_studio.flows import adding, starts
from stripe_studio.flows.boxes import asked_of, boxes
from stripe_studio.flows.checked import Checked, checked
from stripe_studio.flows.files import Exists, Folder, digest, plain
from stripe_studio.flows.offered import by_step, offers
from stripe_studio.flows.progress import Kept, Progress
from stripe_studio.flows.running import Running
from stripe_studio.flows.sheet import STEP, Sheet
from stripe_studio.studio import Studio
from stripe_studio.trying import typed
from stripe_studio.trying.routes import new_run

CHANGES = {"add": typed.add, "drop": typed.drop}
ENDED = 286  # htmx: swap it, and ask no more
NOTHING_WRITTEN = "There is nothing to run yet: add a step, or take a ready flow."
YET_UNREAD = "Mend what is wrong in the text first: then its steps are known."
NO_NAME = "Give the file a name, such as sell.yaml."
Data = dict[str, Any]


class Flows:
    """The pages of a studio's flows."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._host = studio.host
        self._folder = Folder(studio.folder)
        self._groups = grouped(studio.host)
        self.running = Running(studio)

    def routes(self) -> list[Route]:
        """Where each is found."""
        return [
            Route("/flow", self.page),
            _posted("/flow", self._edited),
            _posted("/flow/check", self._check),
            _posted("/flow/save", self._saved),
            _posted("/flow/run", self._run),
            _posted("/flow/offers", self._offered),
            Route("/flow/download", self.download, methods=["POST"]),
            Route("/flow/runs/{run}", self.progress),
            Route("/flow/runs/{run}/stop", self.stop, methods=["POST"]),
        ]

    # --- opening ----------------------------------------------------------------------------------

    def page(self, request: Request) -> Response:
        """A file, a ready flow, or the flow of a run, in the editor."""
        asked = request.query_params
        try:
            sheet = self._opened(
                asked.get("file", ""), asked.get("example", ""), asked.get("run", "")
            )
        except NodeError as error:
            page = self._page(Sheet())
            return sorry(error, error.http_status, page)
        return self._drawn(sheet, {"draft": "offer"})

    def _opened(self, name: str, example: str, run_id: str) -> Sheet:
        sheet = Sheet(run_id=run_id, seen=run_id) if run_id else Sheet()
        if example:
            return attrs.evolve(sheet, text=starts.text(example), name=f"{example}.yaml")
        found = self.running.of(run_id) if run_id else None
        if isinstance(found, Progress):
            inputs = {key: _typed(value) for key, value in found.flow.inputs.items()}
            sheet = attrs.evolve(sheet, text=plain(found.flow.text), given=inputs)
        name = name or self._file_of(found)
        if not name:
            return sheet
        text = plain(self._folder.read(name))
        return attrs.evolve(sheet, text=text, name=name, opened=digest(text))

    def _file_of(self, found: Progress | Kept | None) -> str:
        """The file of the folder that a run is of, if the journal has kept its name."""
        what = found.run.summary()["what"] if isinstance(found, Kept) else ""
        return what if what in self._folder.names() else ""

    # --- editing ----------------------------------------------------------------------------------

    def _check(self, sheet: Sheet, _: Request) -> Response:
        """What is wrong as it stands: a part of the page, asked for as somebody types."""
        found = self._checked(sheet)
        return drawn("_flow_checked.html", self._context(sheet, found) | {"draft": "keep"})

    def _edited(self, sheet: Sheet, __: Request) -> Response:
        """What a button of the step's form does."""
        what, _, place = sheet.do.partition(":")
        if what in CHANGES:
            CHANGES[what](sheet.step, place.removeprefix(STEP))
        steps = self._checked(sheet).steps
        if what == "append":
            return self._appended(sheet)
        form = None
        if adding.is_known(self._host, sheet.action) and what != "close":
            fresh = what == "step"
            host, action = self._host, sheet.action
            form = adding.blank(host, action, steps) if fresh else adding.typed_in(host, sheet)
        return self._drawn(sheet, {"adding": form, "draft": "keep"})

    def _appended(self, sheet: Sheet) -> Response:
        before = self._checked(sheet)
        try:
            form = adding.judged(self._host, adding.typed_in(self._host, sheet), before.steps)
            if form.summary:
                return self._drawn(sheet, {"adding": form, "draft": "keep"}, 422)
            if not before.is_read:
                raise UsageError(YET_UNREAD)
            text = adding.with_step(sheet.text, form)
        except UsageError as error:
            more = {"adding": adding.typed_in(self._host, sheet) if sheet.action else None}
            return self._drawn(sheet, more | {"trouble": error.text, "draft": "keep"}, 422)
        added = attrs.evolve(sheet, text=text, action="", step_id="", step={})
        return self._drawn(added, {"note": f"Added the step {form.step_id}.", "draft": "keep"})

    def _offered(self, sheet: Sheet, request: Request) -> Response:
        """What earlier steps gave that a row of the step's form could take, as buttons."""
        row = self._row(sheet.action, request.query_params.get("row", ""))
        wanted = (row.get("reference") or {}).get("resource")
        found = self._checked(sheet)
        listed = offers(self._host, found.steps, found.parameters, wanted)
        return drawn("_flow_offers.html", {"offers": listed, "wanted": wanted})

    def _row(self, action: str, place: str) -> Any:
        rows = self._host.manifest(action)["inputs"]
        row: Data = {}
        for step in place.split("."):
            named = {each["name"]: each for each in rows}
            row = named.get(step, row)
            rows = row.get("fields", rows)
        return row

    # --- files ------------------------------------------------------------------------------------

    def _saved(self, sheet: Sheet, _: Request) -> Response:
        overwrite = sheet.do == "overwrite"
        try:
            if not sheet.name:
                raise UsageError(NO_NAME)
            self._folder.save(sheet.name, sheet.text, sheet.opened, overwrite=overwrite)
        except Exists as error:
            more: Data = {"conflict": error.text, "draft": "keep"}
            return self._drawn(sheet, more, error.http_status)
        except UsageError as error:
            more = {"unnamed": error.text, "draft": "keep"}
            return self._drawn(sheet, more, error.http_status)
        kept = attrs.evolve(sheet, opened=digest(sheet.text))
        return self._drawn(kept, {"note": f"Saved as {sheet.name}.", "draft": "saved"})

    async def download(self, request: Request) -> Response:
        """The text as a file."""
        sheet = Sheet.of(await request.body())
        name = quote(sheet.name or "flow.yaml", safe="")
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
        return PlainTextResponse(sheet.text, headers=headers, media_type="application/yaml")

    # --- running ----------------------------------------------------------------------------------

    def _run(self, sheet: Sheet, _: Request) -> Response:
        """Begins it, or goes on with it; what is wrong is told before anything is sent."""
        asked = attrs.evolve(sheet, run_id=new_run()) if sheet.do == "anew" else sheet
        found = self._checked(asked)
        told: Data = {"draft": "keep", "asked": True}
        if found.flow is None:
            told["trouble"] = "" if sheet.text.strip() else NOTHING_WRITTEN
            return self._drawn(asked, told, 422)
        try:
            self.running.begin(found.flow, asked.run_id)
        except NodeError as error:
            return self._drawn(asked, told | {"trouble": error.text}, error.http_status)
        begun = attrs.evolve(asked, seen=asked.run_id)
        return self._drawn(begun, told | {"begun": True})

    def progress(self, request: Request) -> Response:
        """How far a run is: a part of the page, asked for until it has ended."""
        run_id = request.path_params["run"]
        found = self.running.of(run_id)
        sheet = _next(Sheet(run_id=run_id), found)
        context = {"progress": found, "over": _is_over(found), "sheet": sheet}
        return drawn("_flow_progress.html", context, ENDED if context["over"] else 200)

    async def stop(self, request: Request) -> Response:
        """Asks a run to end after the step in hand."""
        run_id = request.path_params["run"]
        self.running.stop(run_id)
        part = f"/flow/runs/{quote(run_id, safe='')}"
        whole = f"/flow?{urlencode({'run': run_id})}"
        return RedirectResponse(part if "hx-request" in request.headers else whole, 303)

    # --- drawing ----------------------------------------------------------------------------------

    def _checked(self, sheet: Sheet) -> Checked:
        return checked(self._host, sheet.name, sheet.text, sheet.given)

    def _page(self, sheet: Sheet) -> Data:
        return {
            "title": sheet.name or "Flow",
            "here": "flow",
            "studio": self._studio.about(),
            "files": self._folder.names(),
            "folder": str(self._folder),
            "starts": starts.names(),
        }

    def _context(self, sheet: Sheet, found: Checked, *, asked: bool = False) -> Data:
        return {
            "sheet": sheet,
            "checked": found,
            "boxes": boxes(found, sheet, asked=asked),
            "declared": asked_of(found),
            "outputs": by_step(offers(self._host, found.steps, found.parameters)),
        }

    def _drawn(self, sheet: Sheet, more: Data, status: int = 200) -> Response:
        found = self._checked(sheet)
        progress = self.running.of(sheet.seen) if sheet.seen else None
        context = {
            **self._page(sheet),
            **self._context(sheet, found, asked=more.get("asked", False)),
            "groups": self._groups,
            "adding": None,
            "progress": progress,
            "over": _is_over(progress),
            "next": _next(sheet, progress),
            **dict.fromkeys(("note", "trouble", "conflict", "unnamed", "begun", "asked")),
            **more,
        }
        answer = drawn("flow.html", context, status)
        answer.headers["HX-Push-Url"] = _address(sheet, progress)
        return answer


def _posted(path: str, draw: Callable[[Sheet, Request], Response]) -> Route:
    """A route for what the page's form sends; what it draws may take a while."""

    async def answered(request: Request) -> Response:
        sheet = Sheet.of(await request.body())
        return await run_in_threadpool(draw, sheet, request)

    return Route(path, answered, methods=["POST"])


def _next(sheet: Sheet, progress: Progress | Kept | None) -> Sheet:
    """The sheet for the next press of Run: what is done to its end is done again as a new run."""
    is_done = progress is not None and progress.is_whole and progress.run_id == sheet.run_id
    return attrs.evolve(sheet, run_id=new_run()) if is_done else sheet


def _is_over(progress: Progress | Kept | None) -> bool:
    return not isinstance(progress, Progress) or progress.ended.is_set()


def _address(sheet: Sheet, progress: Progress | Kept | None) -> str:
    """Where the page is found again."""
    found = {"file": sheet.name if sheet.opened else "", "run": progress.run_id if progress else ""}
    query = urlencode({name: value for name, value in found.items() if value})
    return f"/flow?{query}" if query else "/flow"


def _typed(value: Any) -> str:
    """What is typed for an input to have this value."""
    import json

    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
