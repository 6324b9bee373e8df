"""Does a flow on Prefect do all once, whichever of its processes is killed? On a real server."""

import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
from hosts.crashes import (
    DAYS,
    EXECUTED,
    FLOW,
    LOST,
    MANY,
    PAUSED,
    Account,
    Moment,
    Process,
    Processes,
    account,
    environment,
    free_port,
    kill,
    wait,
    watched,
)

from stripe_emulator import Fault

MOMENTS = int(os.environ.get("STRIPE_NODES_MOMENTS", "20"))
RATE, ITEMS = 40, 1_000
POOL, WORKER = "proof", ("prefect", "worker", "start", "--pool", "proof", "--type", "process")
FINAL = ("COMPLETED", "FAILED", "CANCELLED")
DEPLOY = "from stripe_flow.engines.on_prefect import deploy; deploy('proof')"
CREDENTIALS = """
import os
from pydantic import SecretStr
from stripe_flow.engines.on_prefect import StripeCredentials
block = StripeCredentials(api_key=SecretStr("sk_test_x"), base_url=os.environ["BASE"])
assert "sk_test_x" not in repr(block)
block.save("shop")
"""


class Server:
    """A Prefect server with a deployment, as its users have it."""

    def __init__(self, processes: Processes, port: int, base: str) -> None:
        self._processes = processes
        self._api = httpx.Client(base_url=f"http://127.0.0.1:{port}/api", timeout=30)
        processes.start("prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port))
        wait(self._is_up, "the server")
        self._do("prefect", "work-pool", "create", POOL, "--type", "process")
        self._do("python", "-c", CREDENTIALS, BASE=base)
        self._do("python", "-c", DEPLOY)

    def _is_up(self) -> bool:
        try:
            return self._api.get("/health").is_success
        except httpx.TransportError:
            return False

    def _do(self, *words: str, **env: str) -> None:
        self._processes.end(self._processes.start(*words, **env), " ".join(words))

    def begin(self, text: str, run_id: str, **more: Any) -> str:
        """Begins a flow run; its ID."""
        deployment = self._get("/deployments/name/stripe-nodes/stripe")["id"]
        parameters = {"text": text, "run_id": run_id, "credentials": "shop", **more}
        state = {"type": "SCHEDULED"}
        body = {"parameters": parameters, "state": state}
        found = self._post(f"/deployments/{deployment}/create_flow_run", body)
        return str(found["id"])

    def _get(self, path: str) -> Any:
        return self._api.get(path).raise_for_status().json()

    def _post(self, path: str, body: Any) -> Any:
        return self._api.post(path, json=body).raise_for_status().json()

    def run(self, id_: str) -> Any:
        """A flow run."""
        return self._get(f"/flow_runs/{id_}")

    def processes(self) -> list[int]:
        """The processes of the flow runs that are running."""
        running = {"state": {"type": {"any_": ["RUNNING"]}}}
        runs = self._post("/flow_runs/filter", {"flow_runs": running})
        pids = [str(run["infrastructure_pid"]) for run in runs]
        return [int(pid.rpartition(":")[2]) for pid in pids if pid != "None"]

    def set_state(self, id_: str, name: str) -> None:
        """What the commands of the terminal do."""
        body = {"state": {"type": name}, "force": True}
        self._post(f"/flow_runs/{id_}/set_state", body)

    def finish(self, id_: str, patience: float = 300.0) -> Any:
        """Has a run that crashed be tried again, until it has ended; what it then is."""

        def ended() -> Any:
            run = self.run(id_)
            if run["state_type"] == "CRASHED":
                self.set_state(id_, "SCHEDULED")
                time.sleep(2.0)
            return run if run["state_type"] in FINAL else None

        return wait(ended, "the end", patience)


class Proof:
    """An account, workers of it, and runs of flows."""

    def __init__(self, world: Account, processes: Processes, server: Server) -> None:
        self.world, self.processes, self.server = world, processes, server
        self.workers = [processes.start(*WORKER) for _ in range(2)]

    def flow(self, text: str, run_id: str, later: float = 0.0) -> Process:
        """The command that begins a run, or goes on with it, in a process of its own."""
        file = self.processes.home / f"{run_id}.yaml"
        file.write_text(text, "utf-8")
        words = ["flow", str(file), "--engine", "prefect", "--run-id", run_id, "--json"]
        return self.processes.start("stripe-nodes", *words, later=later)

    def moment(self, seed: int) -> Counter[str]:
        """What was executed by a run that was killed once, and gone on with."""
        before, moment = self.world.counts(), Moment.of(seed)
        moment.order(self.world)
        workers = moment.dice.choice([1, 2])
        id_ = self.server.begin(FLOW, f"r{seed}", workers=workers)
        wait(lambda: moment.comes(self.world), str(moment))
        victims = self.server.processes()
        with_worker = moment.dice.random() < 0.3
        if with_worker:
            kill(self.workers[1])
            self.workers[1] = self.processes.start(*WORKER)
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        self.world.faults.clear()
        if with_worker:  # nobody is left to tell of its runs
            time.sleep(3.0)
            if self.server.run(id_)["state_type"] == "RUNNING":
                self.server.set_state(id_, "CRASHED")
        run = self.server.finish(id_)
        assert run["state_type"] == "COMPLETED", run["state"]
        executed = self.world.counts() - before
        who = f"{len(victims)} flow runs" + (" and worker" if with_worker else "")
        watched(f"seed {seed:2}: {moment.kind:11} {moment.path:16} {who:24} {dict(executed)}")
        return executed

    def paused(self) -> Counter[str]:
        """What was executed by a run that paused for two days between two steps."""
        before = self.world.counts()
        self.world.faults.add(Fault("delay", method="GET", path="/v1/customers/*", seconds=8.0))
        flow = self.flow(PAUSED, "paused")
        wait(lambda: self.world.faults.list()[0]["hits"], "the pause")
        kill(flow)
        self.world.faults.clear()
        self.processes.end(self.flow(PAUSED, "paused", later=DAYS), "the run after two days")
        return self.world.counts() - before

    def lost(self) -> Counter[str]:
        """What was executed by a step whose answers were lost, while its processes were killed."""
        before = self.world.counts()
        self.world.faults.add(Fault("cut_after", method="POST", path="/v1/products", times=6))
        flow = self.flow(LOST, "lost")
        wait(lambda: "Retry" in self.processes.said(flow), "the wait")
        kill(flow)
        self.processes.end(self.flow(LOST, "lost"), "the run whose answers were lost")
        self.world.faults.clear()
        return self.world.counts() - before

    def many(self) -> tuple[Counter[str], int, int]:
        """What four workers have executed; the requests of the fullest second; lost 429s."""
        before = self.world.counts()
        self.world.asked.clear()
        self.world.faults.add(Fault("rate_limit", times=None, probability=0.02, seed=1))
        self.workers += [self.processes.start(*WORKER) for _ in range(2)]
        given = {"many": [f"Customer {number}" for number in range(ITEMS)]}
        id_ = self.server.begin(MANY, "many", inputs=given, rate=RATE, workers=4)
        run = self.server.finish(id_, 900)
        assert run["state_type"] == "COMPLETED", run["state"]
        refused = self.world.faults.list()[0]["hits"]
        self.world.faults.clear()
        return self.world.counts() - before, self.world.fullest(1.0), refused


def main() -> None:
    """Proves all, or says what is not so."""
    home = Path(tempfile.mkdtemp(prefix="stripe-nodes-prefect-"))
    programs, port = environment("prefect", "-e", ".[cli,prefect]"), free_port()
    env = {
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_WORKER_QUERY_SECONDS": "1",
        "DO_NOT_TRACK": "1",
        "STRIPE_API_KEY": "sk_test_x",
    }
    with account(home) as (world, url):
        processes = Processes(programs, home, STRIPE_API_BASE=url, **env)
        try:
            prove(Proof(world, processes, Server(processes, port, url)))
        finally:
            processes.close()
    shutil.rmtree(home)


def prove(proof: Proof) -> None:
    """What is promised."""
    wanted = sys.argv[1:] or ["moments", "paused", "lost", "many"]
    if "moments" in wanted:
        for seed in range(MOMENTS):
            assert proof.moment(seed) == EXECUTED, f"seed {seed}"
    if "paused" in wanted:
        paused = proof.paused()
        watched(f"two days between two steps: {dict(paused)}")
        assert paused == {"POST /v1/customers": 1, "POST /v1/products": 1}
    if "lost" in wanted:
        lost = proof.lost()
        watched(f"answers lost, and killed while it waited: {dict(lost)}")
        assert lost == {"POST /v1/products": 1}
    if "many" in wanted:
        executed, fullest, refused = proof.many()
        watched(
            f"{ITEMS} items at {RATE}/s: {dict(executed)}, {fullest} in a second, {refused} 429s"
        )
        assert executed == {"POST /v1/customers": ITEMS}
        assert refused
        assert fullest <= 1.5 * RATE


if __name__ == "__main__":
    main()
