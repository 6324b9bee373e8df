"""What does the page of runs say of each: what ran, how it ended, why, and how it goes on?"""

from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stripe_flow.runs import OUTCOMES, UNFINISHED, UNKNOWN, kept_runs
from stripe_plugin.errors import NodeError
from stripe_plugin.secrets import masked
from stripe_studio.drawing import drawn, sorry
from stripe_studio.studio import Studio

PAGE = 50
FLOW_FILES = (".yaml", ".yml")
#: What an outcome means, in words.
WORDS = {
    "unknown": "Nobody knows",
    "refused": "Refused",
    "unsent": "Not sent",
    "unfinished": "Unfinished",
    "done": "Done",
}
Data = dict[str, Any]


class Runs:
    """The pages of the journal."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio

    def routes(self) -> list[Route]:
        """Where each is found."""
        return [Route("/runs", self.all), Route("/runs/{id:path}", self.one)]

    def all(self, request: Request) -> Response:
        """The newest, by outcome."""
        outcome = request.query_params.get("outcome", "")
        at = request.query_params.get("from", "")
        begin = int(at) if at.isdecimal() else 0
        try:
            found = [run.summary() for run in kept_runs(self._studio.journal)]
        except NodeError as error:
            return sorry(error, 500, self._page("Runs"))
        chosen = [run for run in found if outcome in ("", run["outcome"])]
        rows = [self._told(run) for run in chosen[begin : begin + PAGE]]
        end = begin + PAGE
        query = urlencode({"outcome": outcome, "from": end})
        context = self._page(
            "Runs",
            runs=rows,
            outcome=outcome,
            outcomes=[(each, WORDS[each], _count(found, each)) for each in OUTCOMES],
            older=f"/runs?{query}" if len(chosen) > end else None,
        )
        return drawn("runs.html", context)

    def one(self, request: Request) -> Response:
        """A run; on several accounts the same ID is several runs."""
        identity = request.path_params["id"]
        kept = kept_runs(self._studio.journal)
        found = [self._told(run.as_dict()) for run in kept if run.id == identity]
        if not found:
            return sorry(f"There is no run {identity} here.", 404, self._page("No such run"))
        return drawn("run.html", self._page(identity, runs=found))

    def _told(self, run: Data) -> Data:
        words = WORDS.get(run["outcome"], run["outcome"])
        return {**run, "words": words, "again": self._again(run), "is_here": self._is_here(run)}

    def _is_here(self, run: Data) -> bool:
        """Whether its objects are those that this studio shows."""
        connection, emulator = self._studio.connection, self._studio.emulator
        if (run["mode"], run["account"]) != (connection.mode, connection.account):
            return False
        return emulator is None or emulator.file is None or run["address"] == emulator.file

    def _again(self, run: Data) -> tuple[str, str] | None:
        """Where it goes on, and what that is called."""
        what = str(run["what"] or "")
        if what.endswith(FLOW_FILES):
            query = urlencode({"file": what, "run": run["run_id"]})
            goes_on = run["outcome"] in (UNKNOWN, UNFINISHED) or not run["finished"]
            return f"/flow?{query}", "Resume it in Flow" if goes_on else "Open it in Flow"
        if what not in self._actions:
            return None
        if run["outcome"] == UNKNOWN:  # the same run ID: Stripe does it only once
            return f"/try/{quote(what)}?run={quote(run['run_id'])}", "Go on with it in Try"
        return f"/try/{quote(what)}", "Open it in Try"

    @property
    def _actions(self) -> set[str]:
        return {entry["id"] for entry in self._studio.host.catalog()}

    def _page(self, title: str, **more: Any) -> Data:
        about = self._studio.about()
        return {"title": masked(title), "here": "runs", "studio": about, **more}


def _count(found: list[Data], outcome: str) -> int:
    return sum(run["outcome"] == outcome for run in found)
