"""What do the addresses of Try do: draw a form, change it, run it, offer choices?"""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from stripe_plugin.errors import NodeError, UsageError
from stripe_studio.drawing import drawn, sorry
from stripe_studio.forms import Fields, Pairs, pairs_of, posted, sent_as
from stripe_studio.studio import Studio
from stripe_studio.trying import typed
from stripe_studio.trying.answered import at, cut
from stripe_studio.trying.endpoint import rows_of
from stripe_studio.trying.form import Form, Problems, element
from stripe_studio.trying.running import Outcome, ran
from stripe_studio.trying.sheet import IN, OPT, Sheet

NOT_KEPT = "It is not kept any more: retrieve the object again."
Data = dict[str, Any]


class Trying:
    """The pages of a studio's actions."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._groups = studio.groups

    def routes(self) -> list[Route]:
        """Where each is found."""
        return [
            Route("/", self.first),
            Route("/try/{action}", self.form),
            Route("/try/{action}", sent_as(Sheet.of_body, self._answered), methods=["POST"]),
            Route("/try/{action}/choices", sent_as(pairs_of, self._chosen), methods=["POST"]),
            Route("/answers/{run}/secret", posted(self._secret), methods=["POST"]),
        ]

    def first(self, _: Request) -> Response:
        """Where to begin."""
        return drawn("first.html", self._page("Try"))

    def form(self, request: Request) -> Response:
        """A form with what the address fills in: `?in:customer=cus_123`."""
        pairs = request.query_params.multi_items()
        return self._answered(request, Sheet.of(pairs))

    def _secret(self, request: Request, asked: Fields) -> Response:
        """One secret of an answer, whole: asked for by name."""
        path = asked.get("path", "")
        result = self._studio.answers.of(request.path_params["run"])
        if result is None or path not in cut(result.output):
            return PlainTextResponse(NOT_KEPT, 404)
        return PlainTextResponse(str(at(result.output, path)))

    def _answered(self, request: Request, sheet: Sheet) -> Response:
        """What a button of the form does."""
        try:
            manifest = self._studio.host.manifest(request.path_params["action"])
        except UsageError as error:
            return sorry(error, 404, self._page("Try"))
        if sheet.do == "run" and request.method == "POST":
            return self._drawn(manifest, ran(self._studio, manifest, sheet))
        changed = sheet.changed(rows_of(self._studio.host, manifest, sheet.inputs))
        return self._drawn(manifest, Outcome(sheet=changed))

    def _drawn(self, manifest: Data, outcome: Outcome) -> Response:
        problems, sheet = Problems(outcome.problems), outcome.sheet
        is_new = manifest["method"] == "POST" and "{" not in manifest["path"]
        inputs = Form(prefix=IN, problems=problems, is_new=is_new)
        options = Form(prefix=OPT, problems=problems, above=("options",))
        rows = rows_of(self._studio.host, manifest, sheet.inputs)
        controls = inputs.controls(rows, sheet.inputs)
        context = {
            **self._page(manifest["name"]),
            "manifest": manifest,
            "controls": [each for each in controls if not each.row["beyond"]],
            "beyond": [each for each in controls if each.row["beyond"]],
            "options": options.controls(self._studio.option_rows, sheet.options),
            "problems": [_pointed(each) for each in outcome.problems],
            "outcome": outcome,
        }
        return drawn("try.html", context, outcome.status)

    def _page(self, title: str) -> Data:
        return self._studio.page(title, "try", groups=self._groups)

    def _chosen(self, request: Request, pairs: Pairs) -> Response:
        """The objects that can be chosen in a row that takes an ID, as buttons."""
        action, place = request.path_params["action"], request.query_params.get("row", "")
        try:
            found = self._choices(action, place, pairs)
        except NodeError as error:
            return drawn("choices.html", {"choices": None, "note": error.text})
        return drawn("choices.html", {"choices": found, "note": None})

    def _choices(self, action: str, place: str, pairs: Pairs) -> Any:
        host = self._studio.host
        rows = host.manifest(action)["inputs"]
        there = dict(pairs).get(IN + place, "")
        return host.choices(
            action,
            place,
            given=typed.inputs(rows, typed.tree(pairs, IN)),
            search="" if typed.looks_whole(there) else there,
            connection=self._studio.connection,
        )


def _pointed(problem: Mapping[str, Any]) -> Data:
    """A problem with the element that it is about, if there is one."""
    prefix, steps = IN, [*problem["path"]]
    if steps[:1] == ["options"]:
        prefix, steps = OPT, steps[1:]
    return {**problem, "at": element(prefix, steps) if steps else None}
