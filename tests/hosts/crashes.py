"""What do the proofs of all engines share: an account over HTTP, flows, and processes to kill?

The emulator stands in the process of the proof, and is reached over HTTP: what was executed there
is counted, whoever asked for it, and however often.
"""

import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from attrs import field, frozen

from stripe_emulator import Answer, Emulator, Fault, serve

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE = 300.0  # seconds for what takes seconds, on a busy machine some more
DAYS = 2 * 86_400
Process = subprocess.Popen[str]

FLOW = """\
inputs:
  names: { type: array, default: [Jenny, John, Joan] }
steps:
  - id: product
    action: create_product
    inputs: { Name: Plan }
  - id: price
    action: create_price
    inputs: { Product: "${{ steps.product.id }}", Unit Amount: 1500, Currency: usd }
  - id: make
    action: create_customer
    foreach: inputs.names
    inputs: { Name: "${{ item }}" }
  - id: every
    action: list_customers
    all: true
  - id: bill
    action: create_invoice_item
    foreach: steps.make
    inputs: { Customer: "${{ item.id }}", Amount: 1500, Currency: usd }
"""
EXECUTED = Counter(
    {
        "POST /v1/products": 1,
        "POST /v1/prices": 1,
        "POST /v1/customers": 3,
        "POST /v1/invoiceitems": 3,
    }
)
# A pause in what only reads: nothing that changes anything is on its way.
PAUSED = """\
steps:
  - id: customer
    action: create_customer
    inputs: { Name: Jenny }
  - id: read
    action: retrieve_customer
    inputs: { Customer ID: "${{ steps.customer.id }}" }
  - id: product
    action: create_product
    inputs: { Name: "Plan of ${{ steps.read.name }}" }
"""
LOST = """\
steps:
  - id: product
    action: create_product
    inputs: { Name: Plan }
"""
MANY = """\
inputs:
  many: { type: array, required: true }
steps:
  - id: make
    action: create_customer
    foreach: inputs.many
    inputs: { Name: "${{ item }}" }
"""


class Account(Emulator):
    """An emulator that knows when it was asked."""

    def __init__(self, file: Path) -> None:
        super().__init__(file)
        self.asked: list[float] = []
        self._answered: list[float] = []

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Answer as ever."""
        self.asked.append(time.monotonic())
        try:
            return super().answer(method, target, headers, body)
        finally:
            self._answered.append(time.monotonic())

    def counts(self) -> Counter[str]:
        """How often what was executed, without what failed; also of those that were killed."""
        wait(lambda: len(self._answered) == len(self.asked), "the end of all requests")
        with self.store.transaction(write=False):
            rows = self.store.run("SELECT method, path FROM executions").fetchall()
        return Counter(f"{method} {path}" for method, path in rows)

    def fullest(self, seconds: float) -> int:
        """How many requests came in any so many seconds, at most."""
        most = first = 0
        for last, end in enumerate(self.asked):
            while self.asked[first] < end - seconds:
                first += 1
            most = max(most, last - first + 1)
        return most


@frozen
class Moment:
    """Where a run is killed: before the request is executed, or before it is answered."""

    kind: str
    path: str
    dice: random.Random = field(repr=False)

    @classmethod
    def of(cls, seed: int) -> "Moment":
        """The moment of a seed."""
        dice = random.Random(seed)  # noqa: S311 - repeatable
        kind = dice.choice(["delay", "delay_after"])
        return cls(kind, dice.choice([each.split()[1] for each in EXECUTED]), dice)

    def order(self, world: Account) -> None:
        """Has the emulator wait there."""
        fault = Fault(
            self.kind,  # type: ignore[arg-type]
            method="POST",
            path=self.path,
            seconds=8.0,
        )
        world.faults.add(fault)

    def comes(self, world: Account) -> bool:
        """Whether it has come."""
        return bool(world.faults.list()[0]["hits"])


def wait(condition: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
    """What a condition comes to, in time."""
    end = time.monotonic() + patience
    while True:
        if found := condition():
            return found
        assert time.monotonic() < end, f"{what} did not come"
        time.sleep(0.05)


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def environment(name: str, *wanted: str) -> Path:
    """The folder of programs of a host's own environment, installed if need be."""
    folder = REPOSITORY / f".venv-{name}"
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *wanted], check=True, cwd=REPOSITORY, stderr=subprocess.DEVNULL)
    return folder / "bin"


class Processes:
    """The processes of a proof; none is left behind."""

    def __init__(self, programs: Path, home: Path, **env: str) -> None:
        ours = ("STRIPE_", "DBOS_", "PREFECT_")
        clean = {name: text for name, text in os.environ.items() if not name.startswith(ours)}
        self.programs, self.home = programs, home
        self.env = {**clean, "STRIPE_NODES_HOME": str(home), **env}
        self._all: list[Process] = []
        self._lock = threading.Lock()

    def start(self, *words: str, later: float = 0.0, **env: str) -> Process:
        """Starts a program of the host's environment; `later`: seconds that its clock is ahead."""
        given = {**self.env, **env}
        if later:
            given |= {"PYTHONPATH": str(self._clock()), "CLOCK_AHEAD": str(later)}
        with self._lock:
            log = (self.home / f"{len(self._all)}.log").open("w")
            process = Process(
                [str(self.programs / words[0]), *words[1:]],
                env=given,
                cwd=self.home,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )
            self._all.append(process)
        return process

    def _clock(self) -> Path:
        """A folder that makes an interpreter's clock be ahead, when it starts."""
        folder = self.home / "clock"
        folder.mkdir(exist_ok=True)
        text = (
            "import os, time\n"
            "real, ahead = time.time, float(os.environ.get('CLOCK_AHEAD', '0'))\n"
            "time.time = lambda: real() + ahead\n"
        )
        (folder / "sitecustomize.py").write_text(text, "utf-8")
        return folder

    def end(self, process: Process, what: str, patience: float = PATIENCE) -> None:
        """Waits until it has ended well."""
        code = process.wait(patience)
        assert code == 0, f"{what} ended with {code}: {self.said(process)}"

    def said(self, process: Process) -> str:
        """What it has said."""
        return (self.home / f"{self._all.index(process)}.log").read_text("utf-8")[-3_000:]

    def close(self) -> None:
        """Kills what is left."""
        for process in self._all:
            kill(process)


def kill(*processes: Process) -> None:
    """Kills them with all that they have started, by SIGKILL."""
    for process in processes:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, 9)
        process.wait()


@contextmanager
def account(home: Path) -> Iterator[tuple[Account, str]]:
    """An emulator and its address."""
    with Account(home / "emulator.db") as world, serve(world) as server:
        yield world, server.url


@contextmanager
def postgres(home: Path) -> Iterator[str]:
    """A server of Debian's Postgres, and the address of a database in it."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    assert found, "Postgres is not installed: apt-get install postgresql"
    programs, port, data = found[-1].parent, free_port(), home / "postgres"
    data.mkdir()
    before: list[str] = []
    if os.getuid() == 0:  # it refuses to be run by root
        shutil.chown(data, "postgres", "postgres")
        home.chmod(0o755)
        before = ["runuser", "-u", "postgres", "--"]
    initdb = [*before, str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres"]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL)
    command = [*before, str(programs / "postgres"), "-D", str(data), "-p", str(port)]
    options = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}"]
    with subprocess.Popen([*command, *options], stderr=subprocess.DEVNULL) as server:
        ready = [str(programs / "pg_isready"), "-h", "127.0.0.1", "-p", str(port), "-q"]
        wait(lambda: subprocess.run(ready, check=False).returncode == 0, "Postgres")
        try:
            yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
        finally:
            server.terminate()


def customers(many: int) -> list[str]:
    """So many names."""
    return [f"Customer {number}" for number in range(many)]


def watched(line: str) -> None:
    """Tells what is proven, at once."""
    print(f"{time.strftime('%H:%M:%S')} {line}", flush=True)
