"""How are the steps of a file run?"""

import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from stripe_plugin.errors import UsageError
from stripe_terminal import flowing, printed
from stripe_terminal.command import option, running
from stripe_terminal.engines import ENGINES
from stripe_terminal.inputs import name_of, pairs_of, text, text_of
from stripe_terminal.session import Session
from stripe_terminal.stopping import ended_as_interrupted

if TYPE_CHECKING:
    from stripe_flow.flow import Flow
    from stripe_flow.flowing import Outcome
    from stripe_plugin.host.host import Host

FLOW_RUN_ID = "Continue or repeat this run: finished steps are not sent again."
INPUT = "An input of the flow, by its name."
CHECK = "Judge the file and its inputs, print the plan, send nothing."
ALONE = "--check sends and keeps nothing: leave {option} out"
ENGINE = "Have this engine run it, on all workers of the account (extra dbos or prefect)."
RATE = "With --engine: so many steps and items a second, at most, on all workers together."
NAMED = click.Choice([*ENGINES])
MORE_THAN_NONE = click.FloatRange(0, min_open=True)
OF_A_RUN = ("engine", "rate", "run_id", "account", "allow_live", "yes", "keep")
GO_ON = "Go on: {again}"
ONCE = (
    "Under the same run ID finished steps are not sent again; under another, or none, everything is"
    " done once more."
)
REPEATED = "Nothing was sent: this run was done before. Another run ID does it once more."
RATE_ALONE = "--rate is for all workers of an engine: it needs --engine"
KEEPS_LESS = "--keep ids keeps less than the workers of an engine need: leave one of both out"
WHY = "See why: {show}. Try what failed again: {again}"

Given = Mapping[str, Any]


@click.command()
@click.argument("file", type=text)
@option("--input", INPUT, multiple=True, metavar="NAME=VALUE")
@option("--run-id", FLOW_RUN_ID)
@click.option("--check", is_flag=True, help=CHECK)
@click.option("--engine", type=NAMED, help=ENGINE)
@click.option("--rate", type=MORE_THAN_NONE, metavar="N", help=RATE)
@running
def flow(session: Session, file: str, **given: Any) -> None:
    """Run the steps of a flow file. With --json, one line (NDJSON) per step and item."""
    if given["check"]:
        _check(session, file, given)
        return
    session.name_run(given["run_id"])
    with session.connected() as host, ended_as_interrupted():
        loaded = _loaded(host, session, file, given)
        outcomes = _begun(session, loaded, given)
        tally = _run(session, outcomes, _again(session, file, given))
    sys.exit(tally.code)


def _begun(session: Session, loaded: "Flow", given: Given) -> "Iterator[Outcome]":
    """What comes of the flow, which begins when the first is asked for."""
    asked = [(step.action, step.account) for step in loaded.steps]
    engine = given["engine"]
    if engine is None:
        if given["rate"]:
            raise UsageError(RATE_ALONE)
        run = session.begin(asked, loaded.name)
        printed.print_start(session.err, loaded.name, loaded.steps, run)
        return run.flow(loaded, flowing.Waiting(session.err))
    if session.outputs != "all":
        raise UsageError(KEEPS_LESS)
    session.consent(asked)
    run_id = session.begun.run_id
    printed.print_start_on(session.err, loaded.name, engine, run_id)
    return ENGINES[engine](session, loaded, given["rate"])


def _loaded(host: "Host", session: Session, file: str, given: Given) -> "Flow":
    """The flow, judged; what looks wrong in it is told, and its variables are hidden."""
    from stripe_flow.flow import load

    inputs = pairs_of(given["input"])
    loaded = load(name_of(file), text_of(file), host, inputs)
    session.hide(*loaded.hidden)
    if not session.as_json or not given["check"]:
        flowing.print_warnings(session.err, loaded.warnings)
    return loaded


def _check(session: Session, file: str, given: Given) -> None:
    from stripe_flow.plan import planned

    _check_alone()
    with session.host as host:
        session.warn_of_plugins()
        loaded = _loaded(host, session, file, given)
        plan = planned(loaded, host)
    if session.as_json:
        session.data(plan)
        return
    flowing.print_plan(session.out, plan)
    again = session.command(*_words(file, given))
    session.err.tell(f"{loaded.name} can be run; nothing was sent. Run it: {again}")


def _check_alone() -> None:
    """Refuses what would be ignored."""
    context = click.get_current_context()
    for name in OF_A_RUN:
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            option = name.replace("_", "-")
            raise UsageError(ALONE.format(option=f"--{option}"))


def _run(session: Session, outcomes: "Iterator[Outcome]", again: str) -> flowing.Tally:
    """Runs it; whatever stops it, and the end of it, tell what was done and how to go on."""
    tally = flowing.Tally()
    last = None
    try:
        for outcome in outcomes:
            tally.add(outcome)
            last = outcome.result or last
            _tell(session, outcome)
    except (Exception, KeyboardInterrupt) as error:
        if not getattr(error, "unsent", False):
            _tell_how(error, tally, again)
        raise
    if last:
        session.tell_emulated(last)
    session.err.tell(_ending(session, tally, again))
    return tally


def _tell_how(error: BaseException, tally: flowing.Tally, again: str) -> None:
    """Adds to what stops a flow what was done, and the command that goes on, unless none can."""
    from stripe_flow.bounded import NotKept

    if isinstance(error.__cause__, NotKept):
        error.add_note(f"{tally.text}.")
        return
    error.add_note(ONCE)
    error.add_note(f"{tally.text}. {GO_ON.format(again=again)}")


def _ending(session: Session, tally: flowing.Tally, again: str) -> str:
    """What was done, how long it took, and what to do next."""
    text = f"{tally.text}, run ID {session.begun.run_id}."
    if tally.nothing_new:
        return f"{text} {REPEATED}"
    if not tally.failed:
        return text
    show = session.command("runs", "show", session.begun.run_id)
    return f"{text} {WHY.format(show=show, again=again)}"


def _tell(session: Session, outcome: "Outcome") -> None:
    if not session.as_json:
        flowing.print_outcome(session.out, outcome, session.host)
        return
    facts = flowing.facts_of(outcome)
    if outcome.result is not None:
        session.result(outcome.result, **facts)
    else:
        session.data(facts | session.begun.facts())


def _again(session: Session, file: str, given: Given) -> str:
    """The command that goes on with this run."""
    words = _words(file, given)
    if session.account:
        words += ["--account", session.account]
    if session.allow_live:
        words.append("--allow-live")
    if session.outputs != "all":
        words += ["--keep", session.outputs]
    for name in ("engine", "rate"):
        if given[name]:
            words += [f"--{name}", str(given[name])]
    return session.command(*words, "--run-id", session.begun.run_id)


def _words(file: str, given: Given) -> list[str]:
    words = ["flow", file]
    for pair in given["input"]:
        words += ["--input", pair]
    return words
