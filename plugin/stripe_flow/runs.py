"""What does a journal know of its runs: their steps, how each ended, and why?

A run has an outcome, the first of these that holds for it or one of its steps:

    unknown     a step was begun, and may have been executed: the same run ID goes on with it
    refused     Stripe said no
    unsent      it failed otherwise, as by a guard's no, and surely nothing was executed
    unfinished  a flow that has not come to its end
    done        all of it is done
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from typing import Any

import attrs

from stripe_flow.journal import Journal
from stripe_flow.run import END, FLOW, RUN, WHY
from stripe_flow.step import DONE, REFUSED, UNSENT
from stripe_plugin.judge.values import is_object

UNKNOWN, UNFINISHED = "unknown", "unfinished"
OUTCOMES = (UNKNOWN, REFUSED, UNSENT, UNFINISHED, DONE)
# Earlier versions kept less of an entry, and later ones may keep more: nothing is taken for given.
Entry = Mapping[str, Any]
Facts = dict[str, Any]


@attrs.frozen(slots=False)
class KeptStep:
    """A step, or an item of one, with the entries of its last try."""

    id: str
    tries: int
    entries: list[Entry]

    @cached_property
    def _all(self) -> Facts:
        """What its entries tell together: the later one counts."""
        facts: Facts = {}
        for entry in self.entries:
            facts |= entry
        return facts

    @property
    def outcome(self) -> str:
        """How its last try ended."""
        return str(self._all.get("end", UNKNOWN))

    def as_dict(self) -> Facts:
        """As JSON data; times are unix seconds, `inputs` their names."""
        result = _object(self._all.get("result"))
        error = None if result else self._all.get("error")
        output = _object(result.get("output"))
        return {
            "step": self.id,
            "action": self._all.get("action"),
            "inputs": self._all.get("inputs"),
            "outcome": self.outcome,
            "begun": self.entries[0].get("at"),
            "ended": self._all.get("at"),
            "tries": self.tries,
            "attempts": result.get("attempts") or _object(error).get("attempts"),
            "object": output.get("id"),
            "request_id": result.get("request_id") or _object(error).get("request_id"),
            "error": error,
        }


def _of_tries(step: str, tries: Mapping[str, list[Entry]]) -> KeptStep:
    """A step, with the entries of each of its tries."""
    last = [*tries.values()][-1]
    return KeptStep(step, len(tries), last)


@attrs.frozen(slots=False)
class KeptRun:
    """A run of a journal: whose it is, what, when, and how it ended."""

    scope: str  # its name in the journal
    entries: Mapping[str, Entry]  # by name, in the order in which they were kept

    @cached_property
    def place(self) -> tuple[str, str | None, str | None, str]:
        """Mode, address or emulator's file, account, run ID."""
        mode, where, account, run_id = json.loads(self.scope)
        return mode, where, account, run_id

    @property
    def id(self) -> str:
        """Its run ID."""
        return self.place[-1]

    @cached_property
    def steps(self) -> list[KeptStep]:
        """In the order in which they were begun."""
        tries: dict[str, dict[str, list[Entry]]] = {}
        for name, entry in self.entries.items():
            tried, slash, _ = name.rpartition("/")
            if slash:
                step, _, number = tried.rpartition("/")
                tries.setdefault(step, {}).setdefault(number, []).append(entry)
        return [_of_tries(step, entries) for step, entries in tries.items()]

    @property
    def outcome(self) -> str:
        """The first of `OUTCOMES` that holds."""
        found = {step.outcome for step in self.steps}
        ended = END in self.entries or FLOW not in self.entries
        found.add(DONE if ended and self.steps else UNFINISHED)
        return min(found, key=_rank)

    @property
    def finished(self) -> bool:
        """Whether there is nothing left to go on with, nor to look after."""
        if self.outcome in (UNKNOWN, UNFINISHED):
            return False
        return END in self.entries or FLOW not in self.entries

    @cached_property
    def times(self) -> list[float]:
        """When something was kept of it, in unix seconds; earlier versions noted fewer."""
        found = [entry.get("at") for entry in self.entries.values()]
        return [at for at in found if isinstance(at, int | float)]

    def summary(self) -> Facts:
        """A line of a list, as JSON data."""
        mode, where, account, run_id = self.place
        what = self.entries.get(RUN, {}).get("what")
        actions: list[str | None] = [step.as_dict()["action"] for step in self.steps]
        done = [step for step in self.steps if step.outcome == DONE]
        return {
            "run_id": run_id,
            "what": what or next(filter(None, actions), None),
            "outcome": self.outcome,
            "finished": self.finished,
            "begun": min(self.times, default=None),
            "ended": max(self.times, default=None),
            "steps": len(self.steps),  # each item of one counts
            "done": len(done),
            "mode": mode,
            "address": where,
            "account": account,
        }

    def as_dict(self) -> Facts:
        """All of it: its steps, and `stops`, where and why something of a flow was not done."""
        steps = [step.as_dict() for step in self.steps]
        reasons = [name for name in self.entries if name.startswith(WHY)]
        stops = [_stop(self.entries[name]) for name in reasons]
        return {**self.summary(), "steps": steps, "stops": stops}


def kept_runs(journal: Journal) -> list[KeptRun]:
    """Those of the terminal, the newest first; runs of other engines have names of their own."""
    entries: dict[str, dict[str, Entry]] = {}
    for run, name, entry in journal.rows():
        if is_object(entry):
            entries.setdefault(run, {})[name] = entry
    runs = [KeptRun(scope, found) for scope, found in entries.items() if RUN in found]
    return sorted(runs, key=_ended, reverse=True)


def older(runs: Iterable[KeptRun], than: float, *, unfinished: bool) -> Iterator[KeptRun]:
    """Runs of which nothing was kept since: finished ones, and others only if that is said.

    `than`: unix seconds.
    """
    for run in runs:
        if _ended(run) < than and (unfinished or run.finished):
            yield run


def _stop(entry: Entry) -> Facts:
    """Where and why; the place with what its item is called, where that was kept."""
    facts = {**entry}
    item = facts.pop("item", None)
    if item is not None:
        facts["place"] = f"{facts['place']} ({item})"
    return facts


def _ended(run: KeptRun) -> float:
    return max(run.times, default=0.0)


def _rank(outcome: str) -> int:
    """Its place among the outcomes; one of a later version's is none to rely on."""
    return OUTCOMES.index(outcome) if outcome in OUTCOMES else 0


def _object(value: Any) -> Entry:
    return value if is_object(value) else {}
