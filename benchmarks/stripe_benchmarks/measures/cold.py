"""What does it cost before the first run? Each in fresh processes, over bare Python."""

import os
import resource
import subprocess
import sys
from collections.abc import Mapping
from statistics import median

import attrs

from stripe_benchmarks.contenders.kinds import KEY, Entrant, present
from stripe_benchmarks.figure import Figure, Setting

UNIT = "ms CPU"
BARE = "pass"
PROCESSES = 3, 15  # of each, quick and thorough


@attrs.frozen
class Program(Entrant):
    """What a fresh process does; `{url}` is the server's."""

    code: str


CATALOG = "from stripe_plugin import Host; Host.load(block=['otel']).catalog()"
OUR_IMPORT = "from stripe_plugin import Client, Connection, Host"
OUR_ACTION = "from stripe_nodes import CreateProduct; CreateProduct(name='Premium Plan').request()"
OUR_RUN = f"""
from stripe_nodes import CreateProduct
from stripe_plugin import Client, Connection
with Client(Connection({KEY!r}, base_url={{url!r}})) as client:
    client.run(CreateProduct(name="Premium Plan"))
"""
EMULATOR_RUN = """
from stripe_nodes import CreateProduct
from stripe_plugin import Client, Connection
with Client(Connection.emulator()) as client:
    client.run(CreateProduct(name="Premium Plan"))
"""
SDK_IMPORT = "import stripe"
SDK_ACTION = f"import stripe; stripe.StripeClient({KEY!r}).v1.products"
SDK_RUN = f"""
import stripe
client = stripe.StripeClient({KEY!r}, base_addresses={{{{"api": {{url!r}}}}}})
client.v1.products.create({{{{"name": "Premium Plan"}}}})
"""
LIST = """
import sys
sys.argv = ["stripe-nodes", "list", "--json"]
from stripe_terminal.cli import main
main()
"""

# What stands beside each other is what somebody waits for with the one or the other.
PROGRAMS: Mapping[str, tuple[Program, ...]] = {
    "import": (
        Program("stripe_plugin", OUR_IMPORT, ours=True),
        Program("SDK", SDK_IMPORT, needs=("stripe",)),
        Program("httpx", "import httpx"),
    ),
    "catalog": (
        Program("Host", CATALOG, ours=True),
        Program("stripe-nodes list", LIST, needs=("click",), ours=True),
        Program("SDK, import", SDK_IMPORT, needs=("stripe",)),
    ),
    "first action": (
        Program("stripe_nodes", OUR_ACTION, ours=True),
        Program("SDK", SDK_ACTION, needs=("stripe",)),
    ),
    "first run": (
        Program("Client", OUR_RUN, ours=True),
        Program("Client, emulator", EMULATOR_RUN, ours=True),
        Program("SDK", SDK_RUN, needs=("stripe",)),
    ),
}


def cold(setting: Setting) -> list[Figure]:
    """Of each program of a measure, what it takes over bare Python."""
    among = present(PROGRAMS[setting.measure], setting)
    url = setting.server.plain
    codes = {each.name: each.code.format(url=url) for each in among}
    took = processes({"": BARE, **codes}, setting.choose(*PROCESSES))
    bare = took[""]
    return [setting.figure(each, took[each.name] - bare, UNIT) for each in among]


def processes(codes: Mapping[str, str], rounds: int) -> dict[str, float]:
    """Milliseconds of CPU of a process that does this; the median of rounds in turn."""
    found: dict[str, list[float]] = {name: [] for name in codes}
    for code in codes.values():
        process(code)  # compiles what it imports
    for _ in range(rounds):
        for name, code in codes.items():
            found[name].append(process(code))
    return {name: median(each) for name, each in found.items()}


def process(code: str) -> float:
    """Milliseconds of CPU of one process. Raises `CalledProcessError` if it fails."""
    variables = dict(os.environ)
    variables.pop("PYTHONPATH", None)  # which is ours, and would be searched first
    before = _children()
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        env=variables,
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return (_children() - before) * 1e3


def _children() -> float:
    """Seconds of CPU of the processes that have ended so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
