"""How long do a thousand creates take under a rate, and does none fail?"""

import asyncio
import time

from stripe_benchmarks.contenders.kinds import KEY
from stripe_benchmarks.contenders.ours import create
from stripe_benchmarks.figure import Figure, Setting
from stripe_plugin import AsyncClient, Connection

RUNS, RATE = 1_000, 25.0  # runs; requests a second, Stripe's limit in test mode
UNIT = "seconds"
IDEAL = (RUNS - 1) / RATE  # the first one does not wait


def bulk(setting: Setting) -> list[Figure]:
    """Of our client, beside a clock. A run that fails is raised."""
    if setting.quick:
        setting.without("Client", f"it takes {IDEAL:.0f} seconds")
        return []
    took = asyncio.run(_create_all(setting.server.plain))
    return [
        Figure(setting.measure, "Client", took, UNIT, ours=True),
        Figure(setting.measure, "the ideal", IDEAL, UNIT),
    ]


async def _create_all(url: str) -> float:
    """The seconds until the last one is there."""
    connection = Connection(KEY, base_url=url, rate=RATE)
    async with AsyncClient(connection) as client:
        began = time.monotonic()
        runs = [client.run(create()) for _ in range(RUNS)]
        await asyncio.gather(*runs)
        return time.monotonic() - began
