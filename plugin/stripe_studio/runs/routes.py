"""What does the page of runs say of each: what ran, how it ended, why, and how it goes on?"""

from collections import Counter
from functools import cached_property
from pathlib import PurePath
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stripe_flow.runs import OUTCOMES, UNFINISHED, UNKNOWN, KeptRun, kept_runs
from stripe_flow.step import DONE
from stripe_plugin.errors import UsageError
from stripe_plugin.secrets import masked
from stripe_studio.drawing import drawn, sorry
from stripe_studio.flows.checked import UNTITLED, steps_of
from stripe_studio.flows.files import Folder
from stripe_studio.flows.running import Running
from stripe_studio.forms import whole
from stripe_studio.studio import Studio

PAGE = 50
FLOW_FILES = (".yaml", ".yml")
# What an outcome means, in words.
WORDS = {
    "unknown": "Unknown outcome",
    "refused": "Refused",
    "unsent": "Not sent",
    "unfinished": "Unfinished",
    "done": "Done",
}
Data = dict[str, Any]
Outcome = tuple[str, str, int]
Again = tuple[str, str] | None


class Runs:
    """The pages of the journal."""

    def __init__(self, studio: Studio, running: Running) -> None:
        self._studio, self._running = studio, running
        self._folder = Folder(studio.folder)

    def routes(self) -> list[Route]:
        """Where each is found."""
        return [Route("/runs", self.all), Route("/runs/{id:path}", self.one)]

    def all(self, request: Request) -> Response:
        """The newest, by outcome."""
        given = request.query_params
        outcome = given.get("outcome", "")
        begin = whole(given.get("from", "")) or 0
        end = begin + PAGE
        found = [_summary(run) for run in kept_runs(self._studio.journal)]
        chosen = _chosen(found, outcome)
        goes_on = len(chosen) > end
        context = self._page(
            "Runs",
            runs=[*map(self._told, chosen[begin:end])],
            outcome=outcome,
            outcomes=_counted(found),
            older=_address(outcome, end) if goes_on else None,
        )
        return drawn("runs.html", context)

    def one(self, request: Request) -> Response:
        """A run; on several accounts the same ID is several runs."""
        identity = request.path_params["id"]
        kept = kept_runs(self._studio.journal)
        chosen = [run for run in kept if run.id == identity]
        whole = [_summary(run) | run.as_dict() for run in chosen]
        found = [*map(self._told, whole)]
        if not found:
            return sorry(f"There is no run {identity} here.", 404, self._page("No such run"))
        return drawn("run.html", self._page(identity, runs=found))

    def _told(self, run: Data) -> Data:
        words = WORDS.get(run["outcome"], run["outcome"])
        told = {
            "words": words,
            "again": self._again(run),
            "of": self._of(run),
            "is_here": self._is_here(run),
        }
        return run | told

    def _of(self, run: Data) -> str:
        """How much of it is done, of the flow's steps where they are known."""
        names = self._steps(run)
        if not names or run["finished"]:
            return f"{run['done']} of {run['number']} done"
        done = run["whole"] & {*names}
        return f"{len(done)} of {len(names)} done"

    def _steps(self, run: Data) -> list[str]:
        """The IDs of the steps of its flow, as it was begun or as its file is now."""
        flow = self._running.begun(run["run_id"])
        if flow is not None:
            return [step.id for step in flow.steps]
        name = PurePath(str(run["what"] or "")).name
        if not name.endswith(FLOW_FILES):
            return []
        try:
            text = self._folder.read(name)
        except UsageError:  # it is gone, or no text
            return []
        return steps_of(name, text)

    def _is_here(self, run: Data) -> bool:
        """Whether its objects are those that this studio shows."""
        connection, emulator = self._studio.connection, self._studio.emulator
        here = (connection.mode, connection.account)
        if (run["mode"], run["account"]) != here:
            return False
        if emulator is None or emulator.file is None:
            return True
        return bool(run["address"] == emulator.file)

    def _again(self, run: Data) -> Again:
        """Where it goes on, and what that is called."""
        what = str(run["what"] or "")
        if what.endswith(FLOW_FILES):
            return self._in_flow(run, PurePath(what).name)
        if what not in self._actions:
            return None
        address = f"/try/{quote(what)}"
        if run["outcome"] != UNKNOWN:
            return address, "Open it in Try"
        query = urlencode({"run": run["run_id"]})  # the same: Stripe does it only once
        return f"{address}?{query}", "Go on with it in Try"

    def _in_flow(self, run: Data, name: str) -> Again:
        """In the editor, if its file is in the folder, or its text is known or had no file."""
        query = {"run": run["run_id"]}
        if name in self._folder.names():
            query = {"file": name, **query}
        elif name != UNTITLED and self._running.begun(run["run_id"]) is None:
            return None
        return f"/flow?{urlencode(query)}", _flow_words(run)

    @cached_property
    def _actions(self) -> set[str]:
        return {entry["id"] for entry in self._studio.host.catalog()}

    def _page(self, title: str, **more: Any) -> Data:
        return self._studio.page(masked(title), "runs", **more)


def _summary(run: KeptRun) -> Data:
    """A run's line, with the steps that are done with all their items."""
    ended: dict[str, bool] = {}
    for step in run.steps:
        name, _, _ = step.id.partition("[")
        ended[name] = ended.get(name, True) and step.outcome == DONE
    whole = {name for name, is_done in ended.items() if is_done}
    known = {"number": len(run.steps), "whole": whole}
    return run.summary() | known


def _flow_words(run: Data) -> str:
    is_open = run["outcome"] in (UNKNOWN, UNFINISHED)
    goes_on = is_open or not run["finished"]
    return "Resume it in Flow" if goes_on else "Open it in Flow"


def _address(outcome: str, begin: int) -> str:
    query = urlencode({"outcome": outcome, "from": begin})
    return f"/runs?{query}"


def _chosen(found: list[Data], outcome: str) -> list[Data]:
    """Those that ended so; all, if nothing is asked for."""
    if not outcome:
        return found
    return [run for run in found if run["outcome"] == outcome]


def _counted(found: list[Data]) -> list[Outcome]:
    """Each outcome, what it means, and how many runs ended so."""
    numbers = Counter(run["outcome"] for run in found)
    return [(each, WORDS[each], numbers[each]) for each in OUTCOMES]
