"""How does the terminal have an engine run a flow?"""

import os
from typing import TYPE_CHECKING

from stripe_terminal.session import Session, home

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from stripe_flow.flow import Flow
    from stripe_flow.flowing import Outcome
    from stripe_plugin.client.connection import Connection

    RunFlow = Callable[[Session, Flow, float | None], Iterator[Outcome]]

DATABASE = "DBOS_SYSTEM_DATABASE_URL"


def _limited(session: Session, rate: float | None) -> "Connection":
    """The session's connection, with the rate that all workers share."""
    import attrs  # takes long to import

    return attrs.evolve(session.connection, rate=rate)


def _on_dbos(session: Session, flow: "Flow", rate: float | None) -> "Iterator[Outcome]":
    """On the database that the environment names, or else on a file of all commands."""
    from stripe_flow.engines.on_dbos import run_flow

    return run_flow(
        flow,
        run_id=session.begun.run_id,
        host=session.host,
        connection=_limited(session, rate),
        database_url=os.environ.get(DATABASE) or f"sqlite:///{home() / 'dbos.db'}",
    )


def _on_prefect(session: Session, flow: "Flow", rate: float | None) -> "Iterator[Outcome]":
    """In this process, told to the Prefect API that Prefect's settings name."""
    from stripe_flow.engines.on_prefect import run_flow

    connection = _limited(session, rate)
    return run_flow(flow, run_id=session.begun.run_id, host=session.host, connection=connection)


ENGINES: "Mapping[str, RunFlow]" = {"dbos": _on_dbos, "prefect": _on_prefect}
