"""What do the addresses of Try do: draw a form, change it, run it, offer choices?"""

import uuid
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import attrs
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from stripe_flow.step import Step
from stripe_plugin.declare.action import Action
from stripe_plugin.errors import InvalidInputs, NodeError, StripeError, UsageError
from stripe_plugin.host.asked import Asked, judged
from stripe_plugin.judge.values import NOTHING
from stripe_plugin.run.context import RunContext
from stripe_studio.catalog import grouped
from stripe_studio.drawing import drawn, sorry
from stripe_studio.studio import Studio
from stripe_studio.trying import typed
from stripe_studio.trying.answered import answered, at, cut
from stripe_studio.trying.copies import copies
from stripe_studio.trying.form import Form, Problems, amiss

IN, OPT = "in:", "opt:"
CHANGES = {"add": typed.add, "drop": typed.drop}
Data = dict[str, Any]


@attrs.frozen(kw_only=True)
class Sheet:
    """A form as it was sent: what is typed, of which run it is, and which button was pressed."""

    inputs: typed.Tree
    options: typed.Tree
    run_id: str
    do: str = ""

    @classmethod
    def of(cls, body: bytes) -> "Sheet":
        """The sheet of a form's fields."""
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        alone = dict(pairs)
        inputs, options = typed.tree(pairs, IN), typed.tree(pairs, OPT)
        run_id = alone.get("run", "") or new_run()
        return cls(inputs=inputs, options=options, run_id=run_id, do=alone.get("do", ""))

    @classmethod
    def blank(cls) -> "Sheet":
        """One on which nothing is typed."""
        return cls(inputs={}, options={}, run_id=new_run())


def new_run() -> str:
    """A name for a run. A form that is sent twice is one run: it is done once."""
    return f"run_{uuid.uuid4().hex[:12]}"


class Trying:
    """The pages of a studio's actions."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._options = studio.host.options()["inputs"]
        self._groups = grouped(studio.host)

    def routes(self) -> list[Route]:
        """Where each is found."""
        return [
            Route("/", self.first),
            Route("/try/{action}", self.form),
            Route("/try/{action}", self.sent, methods=["POST"]),
            Route("/try/{action}/choices", self.choices, methods=["POST"]),
            Route("/answers/{run}/secret", self.secret, methods=["POST"]),
        ]

    def first(self, _: Request) -> Response:
        """Where to begin."""
        return drawn("first.html", self._page("Try"))

    def form(self, request: Request) -> Response:
        """A blank form."""
        return self._drawn(request.path_params["action"], Sheet.blank())

    async def sent(self, request: Request) -> Response:
        """What a button of the form does."""
        from starlette.concurrency import run_in_threadpool

        body = await request.body()
        return await run_in_threadpool(self._done, request.path_params["action"], Sheet.of(body))

    def _done(self, action: str, sheet: Sheet) -> Response:
        what, _, place = sheet.do.partition(":")
        prefix, _, place = place.partition(":")
        if what in CHANGES:
            CHANGES[what](sheet.options if prefix == "opt" else sheet.inputs, place)
            return self._drawn(action, sheet)
        if what == "example":
            return self._drawn(action, self._filled(action, sheet))
        if what == "clear":
            return self._drawn(action, Sheet.blank())
        return self._ran(action, sheet) if what == "run" else self._drawn(action, sheet)

    def _filled(self, action: str, sheet: Sheet) -> Sheet:
        manifest = self._manifest(action)
        example = typed.example(manifest["inputs"]) if manifest else {}
        return attrs.evolve(sheet, inputs=example)

    # --- running ----------------------------------------------------------------------------------

    def _ran(self, action: str, sheet: Sheet) -> Response:
        manifest = self._manifest(action)
        if manifest is None:
            return self._drawn(action, sheet)
        rows = manifest["inputs"]
        wrong = [*amiss(rows, sheet.inputs), *amiss(self._options, sheet.options, ("options",))]
        if wrong:
            return self._drawn(action, sheet, {"problems": wrong}, 422)
        inputs = typed.inputs(rows, sheet.inputs)
        options = typed.inputs(self._options, sheet.options)
        told: Data = {}
        try:
            sent = self._judged(action, inputs, options, sheet.run_id).request()
            told = {"sent": sent, "copies": copies(action, rows, inputs, sent)}
            step = Step(action, action, inputs, options=options)
            result = self._studio.begin(sheet.run_id, action).step(step)
        except NodeError as error:
            return self._drawn(action, sheet, told | _failed(error), error.http_status)
        self._studio.answers.keep(sheet.run_id, result)
        told |= {"answer": answered(result, manifest["outputs"]), "answer_run": sheet.run_id}
        return self._drawn(action, attrs.evolve(sheet, run_id=new_run()), told)

    def _judged(self, action: str, inputs: Data, options: Data, run_id: str) -> Action:
        """What is wrong is told before a run is begun: nothing is kept of it."""
        asked = Asked(inputs, options, NOTHING, ())
        made, _ = judged(self._studio.host.action(action), asked, RunContext(run_id=run_id))
        return made

    # --- drawing ----------------------------------------------------------------------------------

    def _manifest(self, action: str) -> Data | None:
        try:
            return self._studio.host.manifest(action)
        except UsageError:
            return None

    def _drawn(
        self, action: str, sheet: Sheet, more: Mapping[str, Any] = {}, status: int = 200
    ) -> Response:
        page = self._page("Try")
        try:
            manifest = self._studio.host.manifest(action)
        except UsageError as error:
            return sorry(error, 404, page)
        problems = more.get("problems", [])
        form = Form(prefix=IN, problems=Problems(problems))
        extra = Form(prefix=OPT, problems=Problems(problems), above=("options",))
        controls = form.controls(manifest["inputs"], sheet.inputs)
        context = {
            **page,
            "title": manifest["name"],
            "manifest": manifest,
            "controls": [each for each in controls if not each.row["beyond"]],
            "beyond": [each for each in controls if each.row["beyond"]],
            "options": extra.controls(self._options, sheet.options),
            "run_id": sheet.run_id,
            "problems": [_pointed(each) for each in problems],
            "failure": None,
            "answer": None,
            "sent": None,
            **{key: value for key, value in more.items() if key != "problems"},
        }
        return drawn("try.html", context, status)

    def _page(self, title: str) -> Data:
        return {
            "title": title,
            "here": "try",
            "studio": self._studio.about(),
            "groups": self._groups,
        }

    # --- what a form asks for meanwhile -----------------------------------------------------------

    async def choices(self, request: Request) -> Response:
        """The objects that can be chosen in a row that takes an ID, as buttons."""
        from starlette.concurrency import run_in_threadpool

        pairs = parse_qsl((await request.body()).decode("utf-8", "replace"))
        place = request.query_params.get("row", "")
        return await run_in_threadpool(self._chosen, request.path_params["action"], place, pairs)

    def _chosen(self, action: str, place: str, pairs: list[tuple[str, str]]) -> Response:
        host = self._studio.host
        typed_in = typed.tree(pairs, IN)
        found = dict(pairs).get(IN + place, "")
        context: Data = {"place": place, "choices": None, "note": None}
        try:
            given = typed.inputs(host.manifest(action)["inputs"], typed_in)
            search = "" if typed.looks_whole(found) else found
            context["choices"] = host.choices(
                action, place, given=given, search=search, connection=self._studio.connection
            )
        except NodeError as error:
            context["note"] = error.text
        return drawn("choices.html", context)

    async def secret(self, request: Request) -> Response:
        """One secret of an answer, whole: asked for by name."""
        pairs = parse_qsl((await request.body()).decode("utf-8", "replace"))
        path = dict(pairs).get("path", "")
        result = self._studio.answers.of(request.path_params["run"])
        if result is None or path not in cut(result.output):
            return PlainTextResponse("It is not kept any more: retrieve the object again.", 404)
        return PlainTextResponse(str(at(result.output, path)))


def _failed(error: NodeError) -> Data:
    """What a page shows of an error: its words at the controls, or above the form."""
    problems: list[Data] = []
    if isinstance(error, InvalidInputs | StripeError):
        problems = error.as_dict().get("problems_at") or []
    failure = None if isinstance(error, InvalidInputs) else error.as_dict()
    return {"problems": problems, "failure": failure}


def _pointed(problem: Mapping[str, Any]) -> Data:
    """A problem with the element that it is about, if there is one."""
    steps = [*problem["path"]]
    prefix = "opt" if steps[:1] == ["options"] else "in"
    rest = steps[1:] if prefix == "opt" else steps
    return {**problem, "at": "-".join([prefix, *map(str, rest)]) if rest else None}
