"""What has run on this machine, how did it end, and what may be forgotten?"""

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from stripe_plugin.errors import InvalidInputs, UsageError, near
from stripe_plugin.secrets import shown
from stripe_terminal import printed_runs
from stripe_terminal.command import option, reported
from stripe_terminal.consent import ask
from stripe_terminal.inputs import age, text
from stripe_terminal.session import Session, journal_file

if TYPE_CHECKING:
    from stripe_flow.journal import Journal
    from stripe_flow.runs import KeptRun

FORGOTTEN = "A run ID that is forgotten is no longer known: repeated, it is done once more."


NOT_LISTED = "only had inputs that were refused, and sent nothing: --all lists them as well."
ALL_HELP = "Also runs whose inputs were refused, so that nothing was sent; --json always has them."


@click.group(invoke_without_command=True, subcommand_metavar="[show ID | prune]")
@click.option("--all", "whole", is_flag=True, help=ALL_HELP)
@reported
def runs(session: Session, *, whole: bool) -> None:
    """List what has run, the newest first; `show` one, or `prune` the old ones."""
    if click.get_current_context().invoked_subcommand is None:
        _list(session, whole=whole)
    elif whole:
        raise UsageError("--all is for the list of runs: leave it out")


def _list(session: Session, *, whole: bool) -> None:
    kept = _kept(session)
    if session.as_json:
        session.data([run.summary() for run in kept])
        return
    listed = [run for run in kept if whole or not _is_mistyped(run)]
    printed_runs.print_runs(session.out, [run.summary() for run in listed])
    session.err.say(f"{_many(kept)} in {journal_file()}.")
    if left := len(kept) - len(listed):
        session.err.say(f"{left} of them {NOT_LISTED}")
    session.err.say("`stripe-nodes runs show ID` shows the steps of one, and why it failed.")


def _is_mistyped(run: "KeptRun") -> bool:
    """Whether its inputs were refused the one time it was tried: there is nothing to go on with."""
    from stripe_flow.step import UNSENT

    if run.outcome != UNSENT or not run.finished:
        return False
    return all(step.tries == 1 and _were_refused(step.as_dict()) for step in run.steps)


def _were_refused(step: Mapping[str, Any]) -> bool:
    error: Mapping[str, Any] = step["error"] or {}
    return bool(error.get("category") == InvalidInputs.category)


@runs.command()
@click.argument("run_id", type=text, metavar="ID")
@reported
def show(session: Session, run_id: str) -> None:
    """Show a run: its steps, the names of their inputs, how each ended and why.

    On several accounts the same ID is several runs: all are shown.
    """
    kept = _kept(session)
    found = [run.as_dict() for run in kept if run.id == run_id]
    if not found:
        known = [run.id for run in kept]
        hint = near(run_id, known) or "; `stripe-nodes runs` lists what there is"
        raise UsageError(f"There is no run {shown(run_id)}{hint}")
    if session.as_json:
        session.data(found)
        return
    for run in found:
        printed_runs.print_run(session.out, run)


OLDER_HELP = "Those that nothing was kept of since: 90d, 12h (s, m, h, d or w)."
UNFINISHED_HELP = "Also what is not finished, or nobody knows the end of."


@runs.command()
@option("--older-than", OLDER_HELP, type=age, required=True, metavar="AGE")
@click.option("--unfinished", is_flag=True, help=UNFINISHED_HELP)
@click.option("--yes", is_flag=True, help="Do not ask.")
@reported
def prune(session: Session, *, older_than: float, unfinished: bool, yes: bool) -> None:
    """Forget old runs, with what was kept of their outputs."""
    from stripe_flow.runs import older

    kept = _kept(session)
    since = time.time() - older_than
    chosen = [*older(kept, since, unfinished=unfinished)]
    if chosen and not yes:
        ask(session.err, f"This forgets {len(chosen)} of {len(kept)} runs. {FORGOTTEN}")
    forgotten = _forgotten(chosen, session)
    left = len(kept) - len(forgotten)
    if session.as_json:
        session.data({"forgotten": forgotten, "left": left})
    else:
        session.out.say(f"{_many(forgotten)} forgotten, {left} left in {journal_file()}.")


def _many(runs: Sequence[object]) -> str:
    return "1 run" if len(runs) == 1 else f"{len(runs)} runs"


def _forgotten(chosen: list["KeptRun"], session: Session) -> list[str]:
    """The IDs of those that are gone: one that went on meanwhile stays."""
    journal = _journal(session) if chosen else None
    if journal is None:
        return []
    return [run.id for run in chosen if journal.forget(run.scope, len(run.entries))]


def _kept(session: Session) -> "list[KeptRun]":
    from stripe_flow.runs import kept_runs

    journal = _journal(session)
    return kept_runs(journal) if journal else []


def _journal(session: Session) -> "Journal | None":
    """That of all commands; none is made to look into it."""
    return session.journal() if journal_file().exists() else None
