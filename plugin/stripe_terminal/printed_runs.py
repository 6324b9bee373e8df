"""What do people read of a run that is kept?"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from stripe_terminal.screen import RIGHT, WRONG, Screen, one_line

Facts = Mapping[str, Any]
MARKS = {
    "done": RIGHT,
    "refused": WRONG,
    "unsent": WRONG,
    "unfinished": "[yellow]…[/] ",
    "unknown": "[yellow]?[/] ",
}
MEANINGS = {
    "unsent": "failed, nothing was executed",
    "unfinished": "not at its end: the same run ID goes on with it",
    "unknown": "may have been executed: the same run ID goes on with it",
}
ERROR = ("text", "code", "decline_code", "advice_code", "category", "status")


def print_runs(out: Screen, runs: Sequence[Facts]) -> None:
    """A line for each: when and how it ended, its name, what it is, how much of it is done."""
    for run in runs:
        done = f"{run['done']} of {run['steps']} done"
        words = [when(run["ended"]), f"{run['outcome']:<10}", run["run_id"], _what(run), done]
        text = one_line("  ".join(words))
        out.say(text, MARKS.get(run["outcome"], ""))


def print_run(out: Screen, run: Facts) -> None:
    """Where it ran, when and how it ended, and the same of its steps."""
    out.say(one_line(f"{run['run_id']}  {_what(run)}"))
    out.say(one_line(f"{run['mode']} mode, {_place(run)}"))
    out.say(f"{when(run['begun'])} – {when(run['ended'])}  {_outcome(run)}")
    for line in _stops(run):
        out.tell(one_line(line))
    for step in run["steps"]:
        out.say(one_line(_head(step)), MARKS.get(step["outcome"], ""))
        for line in _below(step):
            out.say(one_line(f"    {line}"))


def when(seconds: float | None) -> str:
    """A time of this machine's zone; an earlier version did not keep each."""
    if seconds is None:
        return "(time not kept)"
    return f"{datetime.fromtimestamp(seconds).astimezone():%Y-%m-%d %H:%M:%S}"


def _what(run: Facts) -> str:
    return run["what"] or "(not kept)"


def _place(run: Facts) -> str:
    where = run["address"] or "in memory"
    account = run["account"]
    return f"{where}, account {account}" if account else where


def _outcome(facts: Facts) -> str:
    """The word, and what it means where that is not plain."""
    outcome = facts["outcome"]
    meaning = MEANINGS.get(outcome)
    return f"{outcome}: {meaning}" if meaning else outcome


def _stops(run: Facts) -> Iterator[str]:
    """Where and why the flow was stopped, the last time for each place, unless all is done."""
    if run["outcome"] == "done":
        return
    last: dict[str, Facts] = {stop["place"]: stop for stop in run["stops"]}
    for place, stop in last.items():
        yield f"{when(stop['at'])}  {place}: {_why(stop['error'])}"


def _why(error: Facts) -> str:
    told = [f"{error[word]}" for word in ERROR if error.get(word)]
    return " · ".join(dict.fromkeys(told))  # a code is often the category's word


def _head(step: Facts) -> str:
    words: list[str | None] = [step["action"], step["object"], _outcome(step)]
    known = "  ".join(filter(None, words))
    return f"{step['step']:<10}  {known}"


def _below(step: Facts) -> Iterator[str]:
    """When, why not, which request, and which inputs it had."""
    error: Facts | None = step["error"]
    yield f"{when(step['begun'])} – {when(step['ended'])}"
    if error:
        yield _why(error)
    facts = {"request": step["request_id"], "attempts": step["attempts"], "tries": step["tries"]}
    counted = [f"{word} {fact}" for word, fact in facts.items() if fact not in (None, 1)]
    if counted:
        yield " · ".join(counted)
    if step["inputs"]:
        yield f"inputs: {', '.join(step['inputs'])}"
