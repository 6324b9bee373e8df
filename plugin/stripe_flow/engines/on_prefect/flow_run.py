"""How does a flow run on Prefect: each step a task that people can read, on as many workers?

A run is a flow run of `stripe_flow`; deployed, each loop is shared out to `workers` further runs of
the deployment. What Prefect stores is JSON without a key; what is done is kept in its result
storage, which must be one that all workers share. A flow run whose process died is gone on with by
`prefect flow-run retry`, or under its run ID in another flow run.
"""

import hashlib
import json
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from functools import partial
from time import sleep
from typing import Any

import attrs

from stripe_flow.engines import AT_ONCE, FIRST_PAUSE, NEEDS
from stripe_flow.engines.order import Order, Place, Stored, Told, check_owner, identity, outcome_of
from stripe_flow.engines.worker import Finish, Worker
from stripe_flow.flow import Flow, load
from stripe_flow.flowing import Outcome
from stripe_flow.journal import Compute
from stripe_plugin.client.address import STRIPE
from stripe_plugin.client.connection import Connection
from stripe_plugin.errors import NodeError, UsageError
from stripe_plugin.host.host import Host
from stripe_plugin.judge.values import NOTHING
from stripe_plugin.secrets import said

try:
    from prefect import flow, runtime, task
    from prefect.artifacts import create_table_artifact
    from prefect.blocks.core import Block
    from prefect.cache_policies import NO_CACHE
    from prefect.client.orchestration import get_client
    from prefect.concurrency.sync import rate_limit
    from prefect.deployments import run_deployment
    from prefect.exceptions import ObjectNotFound
    from prefect.flows import EntrypointType
    from prefect.results import get_default_result_storage
    from prefect.task_runners import ThreadPoolTaskRunner
    from prefect.utilities.annotations import quote
    from pydantic import SecretStr
except ModuleNotFoundError as error:
    raise UsageError(NEEDS.format(name="prefect")) from error

TRIES, LONGEST_PAUSE = 50, 1_800.0  # Prefect's bound, and seconds: together some 20 hours
POLLING = 1.0


class StripeCredentials(Block):
    """A Stripe account; Prefect encrypts the key, and shows it to nobody."""

    _block_type_name = "Stripe Credentials"
    _block_type_slug = "stripe-nodes-credentials"

    api_key: SecretStr
    account: str | None = None
    base_url: str = STRIPE
    allow_live: bool = False

    def connection(self) -> Connection:
        """The connection to it."""
        key = self.api_key.get_secret_value()
        return Connection(key, self.account, self.base_url, self.allow_live)


class ResultJournal:
    """Where runs are kept: in Prefect's result storage.

    That has no lock. Two processes that begin the same step at the same moment may both take
    themselves for the first: they send it under the same key, by which Stripe does it once.
    """

    def __init__(self) -> None:
        self._storage: Any = get_default_result_storage()
        self._lock = threading.Lock()

    def keep(self, run: str, name: str, compute: Compute) -> Any:
        """What `compute()` gave the first time under this name of this run."""
        path = f"stripe-nodes/{_digest(run)}/{_digest(name)}.json"
        with self._lock:
            found = self._read(path)
            if found is None:
                value = json.dumps(compute())
                self._storage.write_path(path, value.encode())
                found = self._read(path)
        return found

    def _read(self, path: str) -> Any:
        """What is there as a whole; who died while writing has not done what he wrote of."""
        try:
            return json.loads(self._storage.read_path(path))
        except (ValueError, OSError):
            return None


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Later(Exception):
    """A step that is to be done once more."""


class Refused(Exception):
    """A step that failed for good; `told` is JSON without secrets."""

    def __init__(self, told: Told) -> None:
        super().__init__(told["error"]["text"])
        self.told = told


@attrs.frozen
class _AdHoc:
    """What a run in this process has, instead of the environment; what has come of it so far."""

    host: Host
    connection: Connection
    told: list[Stored] = attrs.field(factory=list)


_ad_hoc: list[_AdHoc] = []  # one, while it runs


def run_flow(flow: Flow, *, run_id: str, host: Host, connection: Connection) -> Iterator[Outcome]:
    """Runs a flow in this process, told to the Prefect API that its settings name.

    Gives what comes of each step and item, once the flow has ended. Raises what the same flow
    raises without an engine. The connection's `rate` holds for all runs of the account together.
    """
    order = Order.of(flow, run_id, connection)
    run = _AdHoc(host, connection)
    error: Exception | None = None
    _ad_hoc.append(run)
    try:
        stripe_flow(
            flow.text, {**order.inputs}, run_id=run_id, name=flow.name, rate=connection.rate
        )
    except Exception as raised:  # noqa: BLE001 - it is raised behind what was done before
        error = raised
    finally:
        _ad_hoc.clear()
    for told in run.told:
        yield outcome_of(flow, told)
    if error is not None:
        raise error


@task(task_run_name="{place.name}", cache_policy=NO_CACHE)
def _step(worker: Worker, place: Place, limit: str | None) -> Stored:
    if limit:
        rate_limit(limit, strict=True)
    told = worker.step(place)
    if "later" in told:
        raise Later(told["later"])
    if "error" in told:
        raise Refused(told)
    return told


def _is_later(_: object, __: object, state: Any) -> bool:
    error = state.result(raise_on_failure=False)
    return isinstance(error, Later)


def _pauses() -> list[float]:
    """Seconds before each further try."""
    doubled = (FIRST_PAUSE * 2.0**number for number in range(TRIES))
    return [min(pause, LONGEST_PAUSE) for pause in doubled]


class _Running:
    """A flow run on its way. `shared`: the parameters of the runs that share its loops."""

    def __init__(self, run: _AdHoc, shared: Stored) -> None:
        self._worker = Worker(run.host, run.connection, ResultJournal())
        self._told = run.told
        self._shared = shared
        self._limit: str | None = None

    def order(self, name: str, text: str, inputs: Stored, run_id: str | None) -> Order:
        """The order of this flow run. Refuses to go on with it on another account."""
        worker, id_ = self._worker, runtime.flow_run.id
        flow = load(name, text, worker.host, inputs)
        order = Order.of(flow, run_id or id_, worker.connection)
        kept = worker.journal.keep(f"flow run {id_}", "order", order.as_dict)
        check_owner(kept["owner"], worker.connection, order.run_id)
        return order

    def limit(self, rate: float | None) -> None:
        """Has each step wait for the account's limit, if it has one or is given one."""
        name = f"stripe-nodes-{identity(self._worker.connection)}"
        with get_client(sync_client=True) as client:
            if rate is not None:
                slots = max(1, int(rate))
                client.upsert_global_concurrency_limit_by_name(name, slots, rate)
            with suppress(ObjectNotFound):
                self._limit = client.read_global_concurrency_limit_by_name(name).name

    def run(self, order: Order, workers: int) -> list[Stored]:
        """What comes of each step and item."""
        spread = partial(self._share, order.run_id, workers)
        try:
            for told in self._worker.outcomes(order, spread):
                self._told.append(told)
        except NodeError:
            raise
        except Exception as error:  # noqa: BLE001 - Prefect stores its text
            raise UsageError(said(error)) from None
        finally:
            _tell(order.run_id, self._told)
        return self._told

    def part(self, part: list[Stored]) -> list[Stored]:
        """What is told of each place of a part of a loop."""
        finishes = self._spread([Place(**place) for place in part])
        return [{**finish()} for finish in finishes]

    def _spread(self, places: Sequence[Place]) -> list[Finish]:
        """Gives steps to the threads of this process."""
        patient = _step.with_options(
            retries=TRIES, retry_delay_seconds=_pauses(), retry_condition_fn=_is_later
        )
        finishes: list[Finish] = []
        for place in places:
            future = patient.submit(quote(self._worker), place, self._limit)
            finishes.append(partial(_end, future))
        return finishes

    def _share(self, run_id: str, workers: int, places: Sequence[Place]) -> list[Finish]:
        """Gives the items of a loop to several runs of this deployment, if there is one."""
        if workers < 2 or len(places) < 2 or runtime.deployment.id is None:
            return self._spread(places)
        parts: list[_Part] = []
        for first in range(workers):
            part = _Part(run_id, places[first::workers], self._shared)
            part.begin()
            parts.append(part)
        return [_finish(parts, number) for number in range(len(places))]


def _finish(parts: list["_Part"], number: int) -> Finish:
    """How the end of the nth item is waited for, which the parts have in turn."""
    row, column = divmod(number, len(parts))
    return partial(parts[column].told, row)


def _end(future: Any) -> Told:
    """What is told of a step; an error that is none of Stripe's is raised."""
    found = future.result(raise_on_failure=False)
    if isinstance(found, Refused):
        return found.told
    if isinstance(found, Exception):
        raise found
    told: Told = found
    return told


class _Part:
    """A flow run that does a part of a loop; if its process dies, there is another one."""

    def __init__(self, run_id: str, places: Sequence[Place], shared: Stored) -> None:
        part = [place.as_dict() for place in places]
        self._parameters = {**shared, "run_id": run_id, "part": part}
        self._told: list[Stored] | None = None

    def begin(self) -> None:
        """Has a worker do it."""
        self._run: Any = run_deployment(
            runtime.deployment.id, parameters=self._parameters, timeout=0
        )

    def told(self, index: int) -> Told:
        """What is told of one of its places, when all are done."""
        while self._told is None:
            self._look()
        return self._told[index]

    def _look(self) -> None:
        with get_client(sync_client=True) as client:
            state = client.read_flow_run(self._run.id).state
        if state is None or not state.is_final():
            sleep(POLLING)
        elif state.is_crashed():
            self.begin()
        else:
            self._told = state.result()


def _tell(run_id: str, told: Sequence[Told]) -> None:
    """An artifact of what was done, for people who look at the flow run."""
    rows = [_row(each) for each in told]
    create_table_artifact(rows, key="stripe-nodes", description=f"Run ID {run_id}")


def _row(told: Told) -> Stored:
    result: Told = told.get("result", NOTHING)
    output: Told = result.get("output", NOTHING)
    outcome = "done" if result else "skipped"
    if "error" in told:
        outcome = told["error"]["text"]
    return {
        "step": told["step"],
        "item": told.get("item", NOTHING).get("label", ""),
        "outcome": outcome,
        "object": output.get("id", ""),
        "request": result.get("request_id", ""),
    }


@contextmanager
def _environment(credentials: str | None) -> Generator[_AdHoc]:
    """What a worker has of its own. Without an account, an error that says so."""
    connection = _connection(credentials)
    with Host.load() as host:
        yield _AdHoc(host, connection)


def _connection(credentials: str | None) -> Connection:
    """The account of a block, or else of the worker's environment."""
    if credentials is None:
        return Connection.from_env()
    block: Any = StripeCredentials.load(credentials)
    connection: Connection = block.connection()
    return connection


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
    that share each loop. `part`: what one of these is to do.
    """
    given = inputs or {}
    shared = {"text": text, "inputs": given, "name": name, "credentials": credentials}
    here = nullcontext(_ad_hoc[0]) if _ad_hoc else _environment(credentials)
    with here as run:
        running = _Running(run, shared)
        order = running.order(name, text, given, run_id)
        running.limit(rate)
        if part is not None:
            return running.part(part)
        return running.run(order, workers)


def deploy(work_pool: str, name: str = "stripe") -> str:
    """Makes `stripe_flow` a deployment of a work pool, whose workers have this package; its name.

    It is then run as `stripe-nodes/NAME`, with the parameters of `stripe_flow`.
    """
    made: Any = stripe_flow.to_deployment(
        name, work_pool_name=work_pool, entrypoint_type=EntrypointType.MODULE_PATH
    )
    made.apply()
    return f"{stripe_flow.name}/{name}"
