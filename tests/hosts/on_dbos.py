"""Does a flow on DBOS do all once, whichever of its processes is killed? On Debian's Postgres."""

import os
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

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
    kill,
    names,
    postgres,
    wait,
    watched,
)

from stripe_emulator import Fault

MOMENTS = int(os.environ.get("STRIPE_NODES_MOMENTS", "20"))
RATE, ITEMS = 40, 1_000
SLOW_RATE, SLOW_ITEMS = 2, 60
WORKER = ("python", "-m", "stripe_flow.engines.on_dbos")


class Proof:
    """An account, workers of it, and runs of flows."""

    def __init__(self, world: Account, processes: Processes) -> None:
        self.world, self.processes = world, processes

    def worker(self, name: str, later: float = 0.0) -> Process:
        """A worker that is called so, again if it was before."""
        return self.processes.start(*WORKER, later=later, DBOS__VMID=name)

    def flow(self, text: str, run_id: str, *more: str, later: float = 0.0) -> Process:
        """The command that begins a run, or goes on with it."""
        file = self.processes.home / f"{run_id}.yaml"
        file.write_text(text, "utf-8")
        words = ["flow", str(file), "--engine", "dbos", "--run-id", run_id, "--json", *more]
        return self.processes.start("stripe-nodes", *words, later=later)

    def moment(self, seed: int) -> Counter[str]:
        """What was executed by a run that was killed once, and gone on with."""
        before, moment = self.world.counts(), Moment.of(seed)
        moment.order(self.world)
        worker, run_id = self.worker("B"), f"r{seed}"
        flow = self.flow(FLOW, run_id)
        wait(lambda: moment.comes(self.world) or flow.poll() is not None, str(moment))
        victims = moment.dice.choice([[flow], [worker], [flow, worker]])
        who = " and ".join("worker" if victim is worker else "flow" for victim in victims)
        kill(*victims)
        self.world.faults.clear()
        if worker in victims:
            worker = self.worker("B")
        if flow in victims:
            flow = self.flow(FLOW, run_id)
        self.processes.end(flow, f"{moment}")
        kill(worker)
        executed = self.world.counts() - before
        watched(f"seed {seed:2}: {moment.kind:11} {moment.path:16} {who:15} {dict(executed)}")
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
        wait(lambda: self.world.faults.list()[0]["hits"] >= 4, "the loss of all attempts")
        wait(lambda: "tried again" in self.processes.said(flow), "the wait")
        kill(flow)
        self.processes.end(self.flow(LOST, "lost"), "the run whose answers were lost")
        self.world.faults.clear()
        return self.world.counts() - before

    def many(self) -> tuple[Counter[str], int, int]:
        """What four workers have executed; the requests of the fullest second; lost 429s."""
        before = self.world.counts()
        self.world.asked.clear()
        self.world.faults.add(Fault("rate_limit", times=None, probability=0.02, seed=1))
        others = [self.worker(name) for name in ("B", "C", "D")]
        given = f"many={names(ITEMS)}"
        flow = self.flow(MANY, "many", "--input", given, "--rate", str(RATE))
        self.processes.end(flow, "the run of many items", 900)
        refused = self.world.faults.list()[0]["hits"]
        kill(*others)
        self.world.faults.clear()
        return self.world.counts() - before, self.world.fullest(1.0), refused

    def limited(self) -> None:
        """Two workers together are no faster than the account's rate."""
        self.world.asked.clear()
        other = self.worker("B")
        given = f"many={names(SLOW_ITEMS)}"
        flow = self.flow(MANY, "limited", "--input", given, "--rate", str(SLOW_RATE))
        self.processes.end(flow, "the run at a slow rate")
        kill(other)
        fullest = self.world.fullest(10.0)
        watched(f"{SLOW_ITEMS} items at {SLOW_RATE}/s: {fullest} in ten seconds")
        assert len(self.world.asked) == SLOW_ITEMS
        assert fullest <= 15 * SLOW_RATE  # on a busy machine some arrive late


def main() -> None:
    """Proves all, or says what is not so."""
    home = Path(tempfile.mkdtemp(prefix="stripe-nodes-dbos-"))
    programs = environment("dbos", "-e", ".[cli,dbos]")
    with postgres(home) as database, account(home) as (world, url):
        env = {"STRIPE_API_KEY": "sk_test_x", "STRIPE_API_BASE": url}
        processes = Processes(programs, home, DBOS_SYSTEM_DATABASE_URL=database, **env)
        proof = Proof(world, processes)
        try:
            prove(proof)
        finally:
            processes.close()
    shutil.rmtree(home)


def prove(proof: Proof) -> None:
    """What is promised."""
    wanted = sys.argv[1:] or ["moments", "paused", "lost", "limited", "many"]
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
    if "limited" in wanted:
        proof.limited()
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
