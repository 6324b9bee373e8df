"""How are the steps of a file run?"""

from typing import TYPE_CHECKING, Any

import click

from stripe_terminal import printed
from stripe_terminal.command import option, running
from stripe_terminal.inputs import name_of, text, text_of
from stripe_terminal.session import Session

if TYPE_CHECKING:
    from stripe_flow.flow import PlacedStep
    from stripe_plugin.run.result import Result

FLOW_RUN_ID = "Continue or repeat this run: finished steps are not sent again."


@click.command()
@click.argument("file", type=text)
@option("--run-id", FLOW_RUN_ID)
@running
def flow(session: Session, file: str, **given: Any) -> None:
    """Run the steps of a flow file. With --json, one line (NDJSON) per step."""
    from stripe_flow.flow import load

    last = None
    session.name_run(given["run_id"])
    with session.connected() as host:
        name = name_of(file)
        steps = load(name, text_of(file), host)
        flowing = session.begin((step.action for step in steps), name)
        printed.print_start(session.err, name, steps, flowing)
        for step, last in flowing.flow(steps):
            _tell_step(session, step, last)
    if last:
        session.tell_emulated(last)


def _tell_step(session: Session, step: "PlacedStep", result: "Result") -> None:
    if session.as_json:
        session.result(result, step=step.id, action=step.action)
    else:
        action = session.host.action(step.action)
        name = f"{step.id:<10} {action.spec.name}"
        printed.print_step(session.out, name, result)
