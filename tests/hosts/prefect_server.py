"""How is a real Prefect server started, asked to run flows, and told what has died?"""

import threading
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
from hosts.crashes import Processes, wait

FINAL = ("COMPLETED", "FAILED", "CANCELLED")
LOOKS = 5.0  # seconds between two looks for what has died
LONG_PENDING = 12  # looks
# A worker reports a crash twice, some seconds apart; what is scheduled in between is lost.
REPORTED, REPORTED_TWICE = "infrastructure exited", 12.0
DEPLOY = "from stripe_flow.engines.on_prefect import deploy; deploy('proof')"
CREDENTIALS = """
from pydantic import SecretStr
from stripe_flow.engines.on_prefect import StripeCredentials
block = StripeCredentials(api_key=SecretStr("sk_test_x"), base_url="http://127.0.0.1:9")
assert "sk_test_x" not in repr(block)
block.save("first")
"""
POOL = "proof"
WORKER = ("prefect", "worker", "start", "--pool", POOL, "--type", "process")


class Server:
    """A Prefect server with a deployment, as its users have it."""

    def __init__(self, processes: Processes, port: int) -> None:
        self._processes = processes
        self._api = httpx.Client(base_url=f"http://127.0.0.1:{port}/api", timeout=60)
        processes.start("prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port))
        wait(self._is_up, "the server")
        self._do("prefect", "work-pool", "create", POOL, "--type", "process")
        self._do("python", "-c", DEPLOY)
        self._do("python", "-c", CREDENTIALS)
        [self._block] = self._ask("POST", "/block_documents/filter", {})
        self._dead = set[str]()
        self._pending = Counter[str]()
        threading.Thread(target=self._watch, daemon=True).start()

    def _is_up(self) -> bool:
        try:
            return self._api.get("/health").is_success
        except httpx.TransportError:
            return False

    def _do(self, *words: str) -> None:
        self._processes.end(self._processes.start(*words), " ".join(words))

    def register(self, name: str, key: str, base_url: str) -> None:
        """Keeps an account's credentials as a block of this name."""
        kinds = {kind: self._block[kind] for kind in ("block_type_id", "block_schema_id")}
        data = {"api_key": key, "base_url": base_url}
        self._ask("POST", "/block_documents/", {"name": name, "data": data, **kinds})

    def begin(self, text: str, run_id: str, **more: Any) -> str:
        """Begins a flow run; its ID."""
        deployment = self._ask("GET", "/deployments/name/stripe-nodes/stripe")["id"]
        parameters = {"text": text, "run_id": run_id, **more}
        body = {"parameters": parameters, "state": {"type": "SCHEDULED"}}
        found = self._ask("POST", f"/deployments/{deployment}/create_flow_run", body)
        return str(found["id"])

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        """What the server answers, when it is not too busy."""

        def answered() -> httpx.Response | None:
            answer = self._api.request(method, path, json=body)
            return None if answer.status_code == 503 else answer

        answer: httpx.Response = wait(answered, f"an answer to {path}")
        return answer.raise_for_status().json()

    def _in_state(self, state: str) -> list[Any]:
        wanted = {"flow_runs": {"state": {"type": {"any_": [state]}}}}
        found: list[Any] = self._ask("POST", "/flow_runs/filter", wanted)
        return found

    def processes(self, run_id: str) -> list[int]:
        """The processes of the flow runs of a run."""
        running = self._in_state("RUNNING")
        runs = [run for run in running if run["parameters"]["run_id"] == run_id]
        return [pid for pid in map(_pid, runs) if pid]

    def _watch(self) -> None:
        """What an automation on Prefect's heartbeats does for workers that died as well."""
        with suppress(httpx.TransportError):  # the server has ended
            while True:
                time.sleep(LOOKS)
                self._report_the_dead()
                self._begin_the_forgotten()

    def _report_the_dead(self) -> None:
        dead = {run["id"] for run in self._in_state("RUNNING") if _is_dead(run)}
        for id_ in dead & self._dead:
            self._set_state(id_, "CRASHED")
        self._dead = dead

    def _begin_the_forgotten(self) -> None:
        """Who was to start them died before."""
        pending = {run["id"] for run in self._in_state("PENDING")}
        self._pending = Counter({id_: self._pending[id_] + 1 for id_ in pending})
        for id_, times in self._pending.items():
            if times > LONG_PENDING:
                self._set_state(id_, "SCHEDULED")

    def _set_state(self, id_: str, name: str) -> None:
        """What the commands of the terminal do."""
        body = {"state": {"type": name}, "force": True}
        self._ask("POST", f"/flow_runs/{id_}/set_state", body)

    def finish(self, id_: str, patience: float = 600.0) -> Any:
        """Has a run that crashed be tried again, until it has ended; what it then is."""
        crashed: dict[str, float] = {}  # when each state was seen first

        def ended() -> Any:
            time.sleep(0.5)
            run = self._ask("GET", f"/flow_runs/{id_}")
            state = run["state"]
            if state["type"] == "CRASHED":
                since = crashed.setdefault(state["id"], time.monotonic())
                if _is_reported(state, since):
                    self._set_state(id_, "SCHEDULED")
            return run if state["type"] in FINAL else None

        return wait(ended, "the end", patience)


def _is_reported(state: Any, since: float) -> bool:
    """Whether nobody will report this crash once more."""
    told = state["message"] or ""
    return REPORTED in told or time.monotonic() - since > REPORTED_TWICE


def _pid(run: Any) -> int:
    return int((run["infrastructure_pid"] or "0").rpartition(":")[2])


def _is_dead(run: Any) -> bool:
    """Whether a flow run that seems to be running has no process any more."""
    pid = _pid(run)
    return bool(pid) and not Path(f"/proc/{pid}/cmdline").exists()
