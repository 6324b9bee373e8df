"""Does a flow on Prefect do all once, whichever of its processes is killed? On a real server."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from engine_support import PAY, SECRET, WHOLE, WHOLE_EXECUTED
from hosts.crashes import (
    FLOW,
    MANY,
    PATIENCE,
    Account,
    Moment,
    Processes,
    customers,
    free_port,
    kill,
    wait,
    watched,
)
from hosts.engines import KEY, MOMENTS, RATE, Promise, Proof, engine, prove
from hosts.prefect_server import WORKER, Server

CARDS = ("pm_card_chargeDeclined", 3), ("pm_card_visa", 0), ("pm_card_visa", 0)
SETTINGS = {
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_WORKER_QUERY_SECONDS": "1",
    "DO_NOT_TRACK": "1",
}


class OnPrefect(Proof):
    """A server and workers of it."""

    engine = "prefect"
    tried_again = "Retry"
    at_once = 4
    disturbing = MOMENTS // 4  # these kill a worker, which is others' too
    bucket = RATE  # Prefect begins with a full one

    def __init__(self, home: Path, processes: Processes, server: Server) -> None:
        super().__init__(home, processes)
        self.server = server
        self.workers = [processes.start(*WORKER) for _ in range(2)]

    @contextmanager
    def account(self, name: str) -> Iterator[tuple[Account, str]]:
        """An account that a block of this name has as well."""
        with super().account(name) as (world, url):
            self.server.register(name, KEY, url)
            yield world, url

    def killed(self, seed: int, moment: Moment, world: Account, url: str) -> str:
        """All flow runs of a run are killed, in one or two workers."""
        run_id = f"r{seed}"
        workers = moment.dice.choice([1, 2])
        id_ = self.server.begin(FLOW, run_id, credentials=run_id, workers=workers)
        wait(lambda: moment.comes(world), str(moment))
        victims = self.server.processes(run_id)
        with_worker = seed < self.disturbing
        if with_worker:
            self._kill_worker()
        for pid in victims:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        world.faults.clear()
        self._complete(id_)
        assert victims
        return f"{len(victims)} flow runs" + (" and a worker" if with_worker else "")

    def _complete(self, id_: str, patience: float = 600.0) -> None:
        run = self.server.finish(id_, patience)
        assert run["state_type"] == "COMPLETED", run["state"]

    def _kill_worker(self) -> None:
        kill(self.workers[1])
        self.workers[1] = self.processes.start(*WORKER)

    def loop(self, run_id: str, url: str, items: int, rate: float, workers: int) -> None:
        """A flow run that shares its loop with others."""
        while len(self.workers) < workers:
            self.workers.append(self.processes.start(*WORKER))
        given = {"many": customers(items)}
        more = {"credentials": run_id, "rate": rate, "workers": workers}
        self._complete(self.server.begin(MANY, run_id, inputs=given, **more), 1_200)

    def more(self) -> list[Promise]:
        """What other tests prove of DBOS."""
        return [self.words]

    def words(self) -> None:
        """Every word of a flow means what it means; a card may be changed; no secret is kept."""
        with self.account("words") as (world, url):
            whole = self.flow(WHOLE, "whole", url, "--input", "more=true", TOKEN=SECRET)
            assert whole.wait(PATIENCE) == 3, self.processes.said(whole)  # one item is refused
            assert world.counts() == WHOLE_EXECUTED
            for card, code in CARDS:
                paying = self.flow(PAY.replace("CARD", card), "pay", url)
                assert paying.wait(PATIENCE) == code, self.processes.said(paying)
            assert (world.counts() - WHOLE_EXECUTED) == {"POST /v1/payment_intents": 2}
        self._keeps_no_secret()
        watched("every word of a flow, another card in the same run, no secret in the results")

    def _keeps_no_secret(self) -> None:
        kept = [file.read_bytes() for file in (self.home / "prefect").rglob("*") if file.is_file()]
        assert kept
        for secret in (SECRET, KEY):
            assert not [text for text in kept if secret.encode() in text]


def main() -> None:
    """Proves all, or says what is not so."""
    with engine("prefect", ".[cli,prefect]") as (home, database, programs):
        port = free_port()
        env = {
            "PREFECT_API_DATABASE_CONNECTION_URL": database.replace(":", "+asyncpg:", 1),
            "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
            "PREFECT_HOME": str(home / "prefect"),
            "STRIPE_API_KEY": KEY,
            **SETTINGS,
        }
        processes = Processes(programs, home, **env)
        try:
            prove(OnPrefect(home, processes, Server(processes, port)))
        finally:
            processes.close()


if __name__ == "__main__":
    main()
