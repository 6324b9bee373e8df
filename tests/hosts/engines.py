"""What is promised of a flow on every engine, and how is it proven?"""

import os
import shutil
import sys
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from hosts.crashes import (
    DAYS,
    EXECUTED,
    LOST,
    PAUSED,
    Account,
    Moment,
    Process,
    Processes,
    account,
    environment,
    kill,
    postgres,
    wait,
    watched,
)

from stripe_emulator import Fault

NAMED = sys.argv[1:]  # what is to be proven, if not all
KEY = "sk_test_x"
MOMENTS = int(os.environ.get("STRIPE_NODES_MOMENTS", "20"))
RATE, ITEMS, MANY_WORKERS = 40, 1_000, 4
SLOW_RATE, SLOW_ITEMS, SLOW_WORKERS = 2, 60, 2
Promise = Callable[[], None]
LATE = 1.5  # so many times the rate: on a busy machine some arrive late


class Proof(ABC):
    """An engine, and runs of flows on it, each on an account of its own."""

    engine: str  # as the terminal calls it
    tried_again: str  # what it says of a step whose outcome is unknown
    at_once: int  # things that are proven side by side
    disturbing = 0  # moments that kill what others need, and come one after the other
    bucket = 0  # items that may pass at once, beside those of the rate

    def __init__(self, home: Path, processes: Processes) -> None:
        self.home, self.processes = home, processes

    @contextmanager
    def account(self, name: str) -> Iterator[tuple[Account, str]]:
        """An account with the address of its Stripe."""
        folder = self.home / name
        folder.mkdir()
        with account(folder) as made:
            yield made

    def flow(
        self, text: str, run_id: str, url: str, *more: str, later: float = 0.0, **env: str
    ) -> Process:
        """The command that begins a run, or goes on with it, in a process of its own."""
        file = self.home / f"{run_id}.yaml"
        file.write_text(text, "utf-8")
        words = ["flow", str(file), "--engine", self.engine, "--run-id", run_id, "--json", *more]
        env["STRIPE_API_BASE"] = url
        return self.processes.start("stripe-nodes", *words, later=later, **env)

    # --- what each engine does in its own way ---

    @abstractmethod
    def killed(self, seed: int, moment: Moment, world: Account, url: str) -> str:
        """Runs a flow that is killed at a moment, and goes on with it; who was killed."""

    @abstractmethod
    def loop(self, run_id: str, url: str, items: int, rate: float, workers: int) -> None:
        """Has so many workers do a loop together, at a rate, until all is done."""

    def more(self) -> list[Promise]:
        """What else is promised of it."""
        return []

    # --- what is promised of all ---

    def moment(self, seed: int) -> None:
        """A run that is killed once, and gone on with, executes all once."""
        moment = Moment.of(seed)
        with self.account(f"r{seed}") as (world, url):
            moment.order(world)
            who = self.killed(seed, moment, world, url)
            executed = world.counts()
        watched(f"seed {seed:2}: {moment.kind:11} {moment.path:16} {who:26} {dict(executed)}")
        assert executed == EXECUTED, f"seed {seed}"

    def paused(self) -> None:
        """A run that pauses for two days between two steps goes on, and does each once."""
        with self.account("paused") as (world, url):
            world.faults.add(Fault("delay", method="GET", path="/v1/customers/*", seconds=8.0))
            flow = self.flow(PAUSED, "paused", url)
            wait(lambda: world.faults.list()[0]["hits"], "the pause")
            kill(flow)
            world.faults.clear()
            later = self.flow(PAUSED, "paused", url, later=DAYS)
            self.processes.end(later, "the run after two days")
            executed = world.counts()
        watched(f"two days between two steps: {dict(executed)}")
        assert executed == {"POST /v1/customers": 1, "POST /v1/products": 1}

    def lost(self) -> None:
        """A step whose answers are lost, and whose process is killed while it waits, is once."""
        with self.account("lost") as (world, url):
            world.faults.add(Fault("cut_after", method="POST", path="/v1/products", times=6))
            flow = self.flow(LOST, "lost", url)
            wait(lambda: world.faults.list()[0]["hits"] >= 4, "the loss of all attempts")
            wait(lambda: self.tried_again in self.processes.said(flow), "the wait")
            kill(flow)
            self.processes.end(self.flow(LOST, "lost", url), "the run whose answers were lost")
            executed = world.counts()
        watched(f"answers lost, and killed while it waited: {dict(executed)}")
        assert executed == {"POST /v1/products": 1}

    def limited(self) -> None:
        """Two workers together are no faster than the account's rate."""
        with self.account("limited") as (world, url):
            self.loop("limited", url, SLOW_ITEMS, SLOW_RATE, SLOW_WORKERS)
            fullest = world.fullest(10.0)
        watched(f"{SLOW_ITEMS} items at {SLOW_RATE}/s: {fullest} in ten seconds")
        assert len(world.asked) == SLOW_ITEMS
        assert fullest <= 10 * SLOW_RATE * LATE

    def many(self) -> None:
        """Four workers do all items once, at the account's rate, though some are answered 429."""
        with self.account("many") as (world, url):
            world.faults.add(Fault("rate_limit", times=None, probability=0.02, seed=1))
            self.loop("many", url, ITEMS, RATE, MANY_WORKERS)
            refused = world.faults.list()[0]["hits"]
            executed, fullest = world.counts(), world.fullest(1.0)
        counts = f"{dict(executed)}, {fullest} in a second, {refused} 429s"
        watched(f"{ITEMS} items at {RATE}/s: {counts}")
        assert executed == {"POST /v1/customers": ITEMS}
        assert refused
        assert fullest <= RATE * LATE + self.bucket


def prove(proof: Proof) -> None:
    """All that is promised, or what the command names."""
    is_wanted = not NAMED or "moments" in NAMED
    seeds = range(MOMENTS if is_wanted else 0)
    moments: list[Promise] = [partial(proof.moment, seed) for seed in seeds]
    side_by_side: list[Promise] = [
        *_wanted(proof.paused, proof.lost, *proof.more()),
        *moments[proof.disturbing :],
    ]
    with ThreadPoolExecutor(proof.at_once) as pool:
        for future in [pool.submit(each) for each in side_by_side]:
            future.result()
    for each in moments[: proof.disturbing]:
        each()
    for each in _wanted(proof.limited, proof.many):  # which measure
        each()


def _wanted(*promises: Promise) -> list[Promise]:
    """All, or those that the command names."""
    return [each for each in promises if not NAMED or each.__name__ in NAMED]


@contextmanager
def engine(name: str, needs: str) -> Iterator[tuple[Path, str, Path]]:
    """A folder for a proof, the address of a database, and the programs of an environment."""
    home = Path(tempfile.mkdtemp(prefix=f"stripe-nodes-{name}-"))
    programs = environment(name, "-e", needs)
    with postgres(home) as database:
        yield home, database, programs
    shutil.rmtree(home)  # it stays if something failed
