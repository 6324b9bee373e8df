"""Does a flow on DBOS do all once, whichever of its processes is killed? On Debian's Postgres."""

import json

from hosts.crashes import FLOW, MANY, Account, Moment, Process, Processes, customers, kill, wait
from hosts.engines import KEY, Proof, engine, prove

WORKER = ("python", "-m", "stripe_flow.engines.on_dbos")


class OnDbos(Proof):
    """A database, and workers on it."""

    engine = "dbos"
    tried_again = "tried again"
    at_once = 2

    def worker(self, name: str, url: str) -> Process:
        """A worker that is called so, again if it was before."""
        return self.processes.start(*WORKER, DBOS__VMID=name, STRIPE_API_BASE=url)

    def killed(self, seed: int, moment: Moment, world: Account, url: str) -> str:
        """The command, a worker, or both are killed."""
        run_id, name = f"r{seed}", f"worker of r{seed}"
        worker, flow = self.worker(name, url), self.flow(FLOW, run_id, url)
        wait(lambda: moment.comes(world) or flow.poll() is not None, str(moment))
        victims = moment.dice.choice([[flow], [worker], [flow, worker]])
        who = " and ".join("worker" if victim is worker else "flow" for victim in victims)
        kill(*victims)
        world.faults.clear()
        if worker in victims:
            worker = self.worker(name, url)
        if flow in victims:
            flow = self.flow(FLOW, run_id, url)
        self.processes.end(flow, f"{moment}")
        kill(worker)
        return who

    def loop(self, run_id: str, url: str, items: int, rate: float, workers: int) -> None:
        """The command's process is a worker, too."""
        others = [self.worker(f"{run_id} {number}", url) for number in range(1, workers)]
        given = json.dumps(customers(items))
        flow = self.flow(MANY, run_id, url, "--input", f"many={given}", "--rate", str(rate))
        self.processes.end(flow, f"the run {run_id}", 900)
        kill(*others)


def main() -> None:
    """Proves all, or says what is not so."""
    with engine("dbos", ".[cli,dbos]") as (home, database, programs):
        env = {"STRIPE_API_KEY": KEY, "DBOS_SYSTEM_DATABASE_URL": database}
        processes = Processes(programs, home, **env)
        try:
            prove(OnDbos(home, processes))
        finally:
            processes.close()


if __name__ == "__main__":
    main()
