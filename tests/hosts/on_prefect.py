"""Does a flow on Prefect do all once, whichever of its processes is killed? On a real server."""

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from engine_support import PAY, SECRET, WHOLE, WHOLE_EXECUTED
from hosts.crashes import (
    DAYS,
    EXECUTED,
    FLOW,
    LOST,
    MANY,
    PATIENCE,
    PAUSED,
    Account,
    Moment,
    Process,
    Processes,
    account,
    environment,
    free_port,
    kill,
    postgres,
    wait,
    watched,
)

from stripe_emulator import Fault

MOMENTS = int(os.environ.get("STRIPE_NODES_MOMENTS", "20"))
RATE, ITEMS = 40, 1_000
SLOW_RATE, SLOW_ITEMS = 1, 40
AT_ONCE = 3
LONG_PENDING = 12  # looks, five seconds apart
POOL, WORKER = "proof", ("prefect", "worker", "start", "--pool", "proof", "--type", "process")
FINAL = ("COMPLETED", "FAILED", "CANCELLED")
DEPLOY = "from stripe_flow.engines.on_prefect import deploy; deploy('proof')"
CREDENTIALS = """
import os
from pydantic import SecretStr
from stripe_flow.engines.on_prefect import StripeCredentials
block = StripeCredentials(api_key=SecretStr("sk_test_x"), base_url=os.environ["BASE"])
assert "sk_test_x" not in repr(block)
block.save("BLOCK")
"""


class Server:
    """A Prefect server with a deployment, as its users have it."""

    def __init__(self, processes: Processes, port: int) -> None:
        self._processes = processes
        self._api = httpx.Client(base_url=f"http://127.0.0.1:{port}/api", timeout=60)
        processes.start("prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port))
        wait(self._is_up, "the server")
        self._do("prefect", "work-pool", "create", POOL, "--type", "process")
        self._do("python", "-c", DEPLOY)
        self._dead = set[str]()
        self._pending = Counter[str]()
        self._lock = threading.Lock()
        threading.Thread(target=self._watch, daemon=True).start()

    def _is_up(self) -> bool:
        try:
            return self._api.get("/health").is_success
        except httpx.TransportError:
            return False

    def _do(self, *words: str, base: str = "") -> None:
        self._processes.end(self._processes.start(*words, BASE=base), " ".join(words))

    def register(self, block: str, base: str) -> None:
        """Keeps an account's credentials under the name of a block."""
        with self._lock:  # Prefect makes the block's type at first, and fails if two do
            self._register(block, base)

    def _register(self, block: str, base: str) -> None:
        self._do("python", "-c", CREDENTIALS.replace("BLOCK", block), base=base)

    def begin(self, text: str, run_id: str, **more: Any) -> str:
        """Begins a flow run; its ID."""
        deployment = self._ask("GET", "/deployments/name/stripe-nodes/stripe")["id"]
        body = {
            "parameters": {"text": text, "run_id": run_id, **more},
            "state": {"type": "SCHEDULED"},
        }
        found = self._ask("POST", f"/deployments/{deployment}/create_flow_run", body)
        return str(found["id"])

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        """What the server answers, when it is not too busy."""

        def answered() -> httpx.Response | None:
            answer = self._api.request(method, path, json=body)
            return None if answer.status_code == 503 else answer

        answer: httpx.Response = wait(answered, f"an answer to {path}")
        return answer.raise_for_status().json()

    def run(self, id_: str) -> Any:
        """A flow run."""
        return self._ask("GET", f"/flow_runs/{id_}")

    def running(self, state: str = "RUNNING") -> list[Any]:
        """The flow runs that are running, or seem to be."""
        wanted = {"flow_runs": {"state": {"type": {"any_": [state]}}}}
        found: list[Any] = self._ask("POST", "/flow_runs/filter", wanted)
        return found

    def processes(self, run_id: str) -> list[int]:
        """The processes of the flow runs of a run."""
        runs = [run for run in self.running() if run["parameters"]["run_id"] == run_id]
        return [pid for pid in map(_pid, runs) if pid]

    def _watch(self) -> None:
        """What an automation on Prefect's heartbeats does for workers that died as well."""
        with suppress(httpx.TransportError):  # the server has ended
            self._report_the_dead()

    def _report_the_dead(self) -> None:
        while True:
            time.sleep(5.0)
            dead = {run["id"] for run in self.running() if _is_dead(run)}
            for id_ in dead & self._dead:
                self.set_state(id_, "CRASHED")
            self._dead = dead
            pending = {run["id"] for run in self.running("PENDING")}
            self._pending = Counter({id_: self._pending[id_] + 1 for id_ in pending})
            for id_, times in self._pending.items():
                if times > LONG_PENDING:  # who was to start it died before
                    self.set_state(id_, "SCHEDULED")

    def set_state(self, id_: str, name: str) -> None:
        """What the commands of the terminal do."""
        body = {"state": {"type": name}, "force": True}
        self._ask("POST", f"/flow_runs/{id_}/set_state", body)

    def finish(self, id_: str, patience: float = 600.0) -> Any:
        """Has a run that crashed be tried again, until it has ended; what it then is."""

        def ended() -> Any:
            time.sleep(1.0)
            run = self.run(id_)
            if run["state_type"] == "CRASHED":
                self.set_state(id_, "SCHEDULED")
                time.sleep(5.0)
            return run if run["state_type"] in FINAL else None

        return wait(ended, "the end", patience)


def _pid(run: Any) -> int:
    return int((run["infrastructure_pid"] or "0").rpartition(":")[2])


def _is_dead(run: Any) -> bool:
    """Whether a flow run that seems to be running has no process any more."""
    pid = _pid(run)
    return bool(pid) and not Path(f"/proc/{pid}/cmdline").exists()


class Proof:
    """A server, workers of it, and runs of flows, each on an account of its own."""

    def __init__(self, home: Path, processes: Processes, server: Server) -> None:
        self.home, self.processes, self.server = home, processes, server
        self.workers = [processes.start(*WORKER) for _ in range(2)]

    @contextmanager
    def account(self, name: str) -> Iterator[tuple[Account, str]]:
        """An account with the address of its Stripe, which a block of this name has as well."""
        folder = self.home / name
        folder.mkdir()
        with account(folder) as (world, url):
            self.server.register(name, url)
            yield world, url

    def flow(
        self, text: str, run_id: str, url: str, *more: str, later: float = 0.0, **env: str
    ) -> Process:
        """The command that begins a run, or goes on with it, in a process of its own."""
        file = self.home / f"{run_id}.yaml"
        file.write_text(text, "utf-8")
        words = ["flow", str(file), "--engine", "prefect", "--run-id", run_id, "--json"]
        env["STRIPE_API_BASE"] = url
        return self.processes.start("stripe-nodes", *words, *more, later=later, **env)

    def moment(self, seed: int, *, with_worker: bool = False) -> None:
        """A run that is killed once, and gone on with, executes all once."""
        run_id, moment = f"r{seed}", Moment.of(seed)
        with self.account(run_id) as (world, _):
            moment.order(world)
            workers = moment.dice.choice([1, 2])
            id_ = self.server.begin(FLOW, run_id, credentials=run_id, workers=workers)
            wait(lambda: moment.comes(world), str(moment))
            victims = self.server.processes(run_id)
            if with_worker:
                self._kill_worker()
            for pid in victims:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            world.faults.clear()
            run = self.server.finish(id_)
            executed = world.counts()
        who = f"{len(victims)} flow runs" + (" and a worker" if with_worker else "")
        watched(f"seed {seed:2}: {moment.kind:11} {moment.path:16} {who:26} {dict(executed)}")
        assert run["state_type"] == "COMPLETED", run["state"]
        assert executed == EXECUTED, f"seed {seed}"
        assert victims

    def _kill_worker(self) -> None:
        kill(self.workers[1])
        self.workers[1] = self.processes.start(*WORKER)

    def words(self) -> None:
        """Every word of a flow means what it means; a card may be changed; no secret is kept."""
        with self.account("words") as (world, url):
            whole = self.flow(WHOLE, "whole", url, "--input", "more=true", TOKEN=SECRET)
            assert whole.wait(PATIENCE) == 3, self.processes.said(whole)  # one item is refused
            assert world.counts() == WHOLE_EXECUTED
            cards = ("pm_card_chargeDeclined", 3), ("pm_card_visa", 0), ("pm_card_visa", 0)
            for card, code in cards:
                paying = self.flow(PAY.replace("CARD", card), "pay", url)
                assert paying.wait(PATIENCE) == code, self.processes.said(paying)
            assert (world.counts() - WHOLE_EXECUTED) == {"POST /v1/payment_intents": 2}
        kept = [file.read_bytes() for file in (self.home / "prefect").rglob("*") if file.is_file()]
        assert kept
        for secret in (SECRET, "sk_test_x"):
            assert not [text for text in kept if secret.encode() in text]
        watched("every word of a flow, another card in the same run, no secret in the results")

    def paused(self) -> None:
        """A run that pauses for two days between two steps goes on, and does each once."""
        with self.account("paused") as (world, url):
            world.faults.add(Fault("delay", method="GET", path="/v1/customers/*", seconds=8.0))
            flow = self.flow(PAUSED, "paused", url)
            wait(lambda: world.faults.list()[0]["hits"], "the pause")
            kill(flow)
            world.faults.clear()
            self.processes.end(self.flow(PAUSED, "paused", url, later=DAYS), "the run after days")
            executed = world.counts()
        watched(f"two days between two steps: {dict(executed)}")
        assert executed == {"POST /v1/customers": 1, "POST /v1/products": 1}

    def lost(self) -> None:
        """A step whose answers are lost, and whose process is killed while it waits, is once."""
        with self.account("lost") as (world, url):
            world.faults.add(Fault("cut_after", method="POST", path="/v1/products", times=6))
            flow = self.flow(LOST, "lost", url)
            wait(lambda: "Retry" in self.processes.said(flow), "the wait")
            kill(flow)
            self.processes.end(self.flow(LOST, "lost", url), "the run whose answers were lost")
            executed = world.counts()
        watched(f"answers lost, and killed while it waited: {dict(executed)}")
        assert executed == {"POST /v1/products": 1}

    def limited(self) -> None:
        """Two workers together are no faster than the account's rate."""
        given = {"many": [f"Customer {number}" for number in range(SLOW_ITEMS)]}
        with self.account("limited") as (world, _):
            more = {"credentials": "limited", "rate": SLOW_RATE, "workers": 2}
            run = self.server.finish(self.server.begin(MANY, "limited", inputs=given, **more))
            fullest = world.fullest(10.0)
        watched(f"{SLOW_ITEMS} items at {SLOW_RATE}/s: {fullest} in ten seconds")
        assert run["state_type"] == "COMPLETED", run["state"]
        assert len(world.asked) == SLOW_ITEMS
        assert fullest <= 15 * SLOW_RATE  # on a busy machine some arrive late

    def many(self) -> None:
        """Four workers do all items once, at the account's rate, though some are answered 429."""
        self.workers += [self.processes.start(*WORKER) for _ in range(2)]
        given = {"many": [f"Customer {number}" for number in range(ITEMS)]}
        with self.account("many") as (world, _):
            world.faults.add(Fault("rate_limit", times=None, probability=0.02, seed=1))
            more = {"credentials": "many", "rate": RATE, "workers": 4}
            id_ = self.server.begin(MANY, "many", inputs=given, **more)
            run = self.server.finish(id_, 1_200)
            refused = world.faults.list()[0]["hits"]
            executed, fullest = world.counts(), world.fullest(1.0)
        counts = f"{dict(executed)}, {fullest} in a second, {refused} 429s"
        watched(f"{ITEMS} items at {RATE}/s: {counts}")
        assert run["state_type"] == "COMPLETED", run["state"]
        assert executed == {"POST /v1/customers": ITEMS}
        assert refused
        assert fullest <= 2 * RATE  # it begins with a full bucket


def main() -> None:
    """Proves all, or says what is not so."""
    home = Path(tempfile.mkdtemp(prefix="stripe-nodes-prefect-"))
    programs, port = environment("prefect", "-e", ".[cli,prefect]"), free_port()
    env = {
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_HOME": str(home / "prefect"),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        "DO_NOT_TRACK": "1",
        "STRIPE_API_KEY": "sk_test_x",
    }
    with postgres(home) as database:
        driver = database.replace("postgresql:", "postgresql+asyncpg:")
        processes = Processes(programs, home, PREFECT_API_DATABASE_CONNECTION_URL=driver, **env)
        try:
            prove(Proof(home, processes, Server(processes, port)))
        finally:
            processes.close()
    shutil.rmtree(home)


def prove(proof: Proof) -> None:
    """What is promised."""
    wanted = sys.argv[1:] or ["words", "moments", "paused", "lost", "limited", "many"]
    if "moments" in wanted:
        alone = MOMENTS // 4  # these kill a worker, which is others' too
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(proof.moment, range(alone, MOMENTS)))
        for seed in range(alone):
            proof.moment(seed, with_worker=True)
    for name in ("words", "paused", "lost", "limited", "many"):
        if name in wanted:
            getattr(proof, name)()


if __name__ == "__main__":
    main()
