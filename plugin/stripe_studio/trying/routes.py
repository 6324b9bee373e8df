"""What do the addresses of Try do: draw a form, change it, run it, offer choices?"""

from collections.abc import Iterable
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from stripe_plugin.errors import UsageError
from stripe_plugin.judge.places import found_at
from stripe_studio.drawing import drawn, sorry
from stripe_studio.forms import Fields, Pairs, pairs_of, posted, sent_as
from stripe_studio.objects.deeds import GIVE_CARD
from stripe_studio.studio import Studio
from stripe_studio.trying import typed
from stripe_studio.trying.answered import cut
from stripe_studio.trying.choosing import chosen
from stripe_studio.trying.endpoint import rows_of
from stripe_studio.trying.example import Example
from stripe_studio.trying.form import (
    OPTIONS,
    Control,
    Form,
    Found,
    Problem,
    Problems,
    in_order,
    pointed,
)
from stripe_studio.trying.running import Outcome, Pressed
from stripe_studio.trying.sheet import IN, OPT, Sheet

CHOOSE = "{said}. Choose one under All actions, or find one there by words."
NOT_KEPT = "It is not kept any more: retrieve the object again."
Data = dict[str, Any]


class Trying:
    """The pages of a studio's actions."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._groups = studio.groups

    def routes(self) -> list[Route]:
        """Where each is found."""
        answered = sent_as(Sheet.of_body, self._answered)
        chosen_from = sent_as(pairs_of, self._chosen)
        secret = posted(self._secret)
        return [
            Route("/", self.first),
            Route("/find", self.find),
            Route("/try/{action}", self.form),
            Route("/try/{action}", answered, methods=["POST"]),
            Route("/try/{action}/choices", chosen_from, methods=["POST"]),
            Route("/answers/{run}/secret", secret, methods=["POST"]),
        ]

    def first(self, _: Request) -> Response:
        """Where to begin."""
        return drawn("first.html", self._page("Try"))

    def find(self, request: Request) -> Response:
        """The actions that are meant by some words, as links."""
        text = request.query_params.get("words", "")
        context = {"found": self._studio.finding.found(text), "is_asked": bool(text.strip())}
        return drawn("_found.html", context)

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
        secret = found_at(result.output, path)
        return PlainTextResponse(str(secret))

    def _answered(self, request: Request, sheet: Sheet) -> Response:
        """What a button of the form does."""
        try:
            manifest = self._studio.host.manifest(request.path_params["action"])
        except UsageError as error:
            said, _, _ = error.text.partition("; ")
            return sorry(CHOOSE.format(said=said), 404, self._page("Try"))
        if sheet.do == "run" and request.method == "POST":
            pressed = Pressed(self._studio, manifest, sheet)
            return self._drawn(manifest, pressed.ran())
        return self._drawn(manifest, self._changed(manifest, sheet))

    def _changed(self, manifest: Data, sheet: Sheet) -> Outcome:
        """The form as its button makes it; what is only an example in it is told."""
        rows = rows_of(self._studio.host, manifest, sheet.inputs)
        changed = sheet.changed(rows)
        if sheet.do != "example":
            return Outcome(sheet=changed)
        example = Example(self._studio, manifest["id"], rows)
        return Outcome(sheet=changed, notes=example.filled(changed.inputs))

    def _drawn(self, manifest: Data, outcome: Outcome) -> Response:
        controls = self._inputs(manifest, outcome)
        first = [each for each in controls if not each.row["beyond"]]
        beyond = [each for each in controls if each.row["beyond"]]
        options = self._options(outcome)
        whole = [*first, *beyond, *options]
        context = {
            **self._page(manifest["name"]),
            "manifest": manifest,
            "controls": first,
            "beyond": beyond,
            "options": options,
            "problems": _pointed(outcome.problems, whole),
            "doubts": _pointed(outcome.doubts, whole),
            "outcome": outcome,
            "give_card": GIVE_CARD,
        }
        return drawn("try.html", context, outcome.status)

    def _inputs(self, manifest: Data, outcome: Outcome) -> list[Control]:
        """Those of the action."""
        typed_in = outcome.sheet.inputs
        rows = rows_of(self._studio.host, manifest, typed_in)
        is_new = manifest["method"] == "POST" and "{" not in manifest["path"]
        problems, doubts = map(Problems, (outcome.problems, outcome.doubts))
        form = Form(prefix=IN, problems=problems, doubts=doubts, is_new=is_new)
        return form.controls(rows, typed_in)

    def _options(self, outcome: Outcome) -> list[Control]:
        """Those of the run."""
        problems, doubts = map(Problems, (outcome.problems, outcome.doubts))
        form = Form(prefix=OPT, problems=problems, doubts=doubts, above=(OPTIONS,))
        return form.controls(self._studio.option_rows, outcome.sheet.options)

    def _page(self, title: str) -> Data:
        return self._studio.page(title, "try", groups=self._groups)

    def _chosen(self, request: Request, pairs: Pairs) -> Response:
        """The objects that can be chosen in a row that takes an ID, as buttons."""
        action = request.path_params["action"]
        place = request.query_params.get("row", "")
        there = typed.tree(pairs, IN)
        search = dict(pairs).get(IN + place, "")
        return chosen(self._studio, action, place, there, search)


def _pointed(problems: Iterable[Found], controls: list[Control]) -> list[Problem]:
    """Problems with the elements that they are about, in the order of the form."""
    placed = [pointed(each, IN, OPT) for each in problems]
    return in_order(placed, controls)
