"""Is a connection still there when the next run comes half a minute later?"""

import time
from contextlib import ExitStack

from stripe_benchmarks.contenders import bare, ours, sdk
from stripe_benchmarks.contenders.kinds import present
from stripe_benchmarks.figure import Figure, Setting

PAUSE = 30.0  # seconds
AMONG = (ours.SYNC[0], ours.SYNC[1], *sdk.SYNC, *bare.SYNC)
UNIT = "new connections"


def after_a_pause(measure: str, setting: Setting) -> list[Figure]:
    """Of each that waits for its answers, all after one pause."""
    if setting.quick:
        return setting.without(measure, "all", f"it takes {PAUSE:.0f} seconds")
    among = present(measure, setting, AMONG)
    found: list[Figure] = []
    with ExitStack() as stack:
        opened = [stack.enter_context(each.opened(setting.server.plain)) for each in among]
        for run in opened:
            run()
        time.sleep(PAUSE)
        for each, run in zip(among, opened, strict=True):
            before = setting.server.met()
            run()
            new = setting.server.met() - before
            found.append(Figure(measure, each.name, new, UNIT, each.ours))
    return found
