"""What is a flow run: how is it begun here or by a worker, and what does it do?"""

from collections.abc import Iterator
from typing import Any

from prefect import flow, runtime
from prefect.exceptions import TerminationSignal
from prefect.flows import EntrypointType
from prefect.task_runners import ThreadPoolTaskRunner

from stripe_flow.engines import AT_ONCE
from stripe_flow.engines.on_prefect import artifact
from stripe_flow.engines.on_prefect.account import limit_of
from stripe_flow.engines.on_prefect.here import giving, here
from stripe_flow.engines.on_prefect.parts import Shares
from stripe_flow.engines.on_prefect.steps import Threads
from stripe_flow.engines.on_prefect.storage import ResultJournal
from stripe_flow.engines.order import Order, Place, Stored, check_owner, outcome_of
from stripe_flow.engines.worker import Spread, Worker
from stripe_flow.flow import Flow, load
from stripe_flow.flowing import Outcome
from stripe_plugin.client.connection import Connection
from stripe_plugin.errors import NodeError, UsageError
from stripe_plugin.host.host import Host
from stripe_plugin.secrets import said


def run_flow(flow: Flow, *, run_id: str, host: Host, connection: Connection) -> Iterator[Outcome]:
    """Runs a flow in this process, told to the Prefect API that its settings name.

    Gives what comes of each step and item, once the flow has ended. Raises what the same flow
    raises without an engine. The connection's `rate` holds for all runs of the account together.
    """
    order = Order.of(flow, run_id, connection)
    about = {"run_id": run_id, "name": flow.name, "rate": connection.rate}
    error: BaseException | None = None  # raised behind what was done before
    with giving(host, connection) as run:
        try:
            stripe_flow(flow.text, {**order.inputs}, **about)
        except TerminationSignal:
            error = KeyboardInterrupt()
        except (Exception, KeyboardInterrupt) as raised:  # noqa: BLE001
            error = raised
    for told in run.told:
        yield outcome_of(flow, told)
    if error is not None:
        raise error


def _ordered(worker: Worker, flow: Flow, run_id: str) -> Order:
    """The order of this flow run. Refuses to go on with it on another account."""
    order = Order.of(flow, run_id, worker.connection)
    kept = worker.journal.keep(f"flow run {runtime.flow_run.id}", "order", order.as_dict)
    check_owner(kept["owner"], worker.connection, run_id)
    return order


def _run(worker: Worker, order: Order, spread: Spread, told: list[Stored]) -> None:
    """Adds what comes of each step and item to what is told."""
    try:
        for each in worker.outcomes(order, spread):
            told.append(each)  # noqa: PERF402 - those before an error stay
    except NodeError:
        raise
    except Exception as error:  # noqa: BLE001 - Prefect stores its text
        raise UsageError(said(error)) from None
    finally:
        artifact.show(order.run_id, told)


def _done(threads: Threads, part: list[Stored]) -> list[Stored]:
    """What comes of the part of a loop that is for this flow run."""
    places = [Place(**place) for place in part]
    return [{**finish()} for finish in threads.spread(places)]


def _shared(order: Order, inputs: Stored, credentials: str | None) -> Stored:
    """The parameters of the flow runs that do a part of it."""
    return {
        "run_id": order.run_id,
        "text": order.text,
        "inputs": inputs,
        "name": order.name,
        "credentials": credentials,
    }


def _flow_run_name() -> str:
    given: Stored = runtime.flow_run.parameters
    part = ", a part" if given.get("part") else ""
    return f"{given.get('name')} {given.get('run_id') or ''}{part}"


@flow(
    name="stripe-nodes",
    flow_run_name=_flow_run_name,
    task_runner=ThreadPoolTaskRunner(max_workers=AT_ONCE),
    persist_result=True,
    result_serializer="json",
)
def stripe_flow(  # noqa: PLR0913 - the parameters of a deployment
    text: str,
    inputs: Stored | None = None,
    *,
    run_id: str | None = None,
    name: str = "flow.yaml",
    credentials: str | None = None,
    rate: float | None = None,
    workers: int = 1,
    part: list[Stored] | None = None,
) -> list[Stored]:
    """Runs a flow: what comes of each step and item, as JSON data without secrets.

    `text`: of the flow file. `run_id`: without one, that of the flow run. `credentials`: the name
    of a block; without one, the worker's environment has the account. `rate`: so many steps and
    items a second, at most, of all runs of the account. `workers`: flow runs of this deployment
    that share each loop, this one among them. `part`: what one of the others is to do.
    """
    with here(credentials) as run:
        worker = Worker(run.host, run.connection, ResultJournal())
        loaded = load(name, text, run.host, inputs or {})
        order = _ordered(worker, loaded, run_id or runtime.flow_run.id)
        threads = Threads(worker, limit_of(run.connection, rate))
        if part is not None:
            return _done(threads, part)
        shared = _shared(order, inputs or {}, credentials)
        shares = Shares(threads.spread, workers, shared)
        _run(worker, order, shares.spread, run.told)
        return run.told


def deploy(work_pool: str, name: str = "stripe") -> str:
    """Makes `stripe_flow` a deployment of a work pool, whose workers have this package; its name.

    It is then run as `stripe-nodes/NAME`, with the parameters of `stripe_flow`.
    """
    made: Any = stripe_flow.to_deployment(
        name, work_pool_name=work_pool, entrypoint_type=EntrypointType.MODULE_PATH
    )
    made.apply()
    return f"{stripe_flow.name}/{name}"
