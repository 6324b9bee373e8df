"""Is a connection still there when the next run comes half a minute later?"""

import time
from contextlib import ExitStack

from stripe_benchmarks.contenders import bare, ours, sdk
from stripe_benchmarks.contenders.kinds import Run, present
from stripe_benchmarks.figure import Figure, Setting
from stripe_benchmarks.server import Server

PAUSE = 30.0  # seconds
AMONG = [*ours.HOOKLESS, *sdk.SYNC, *bare.SYNC]
UNIT = "new connections"


def after_a_pause(setting: Setting) -> list[Figure]:
    """Of each that waits for its answers, all after one pause."""
    if setting.quick:
        setting.without("all", f"it takes {PAUSE:.0f} seconds")
        return []
    among = present(AMONG, setting)
    url = setting.server.plain
    with ExitStack() as stack:
        opened = {each.name: stack.enter_context(each.opened(url)) for each in among}
        for run in opened.values():
            run()
        time.sleep(PAUSE)
        new = {name: _new(run, setting.server) for name, run in opened.items()}
    return [setting.figure(each, new[each.name], UNIT) for each in among]


def _new(run: Run, server: Server) -> int:
    """How many connections a run makes."""
    before = server.met()
    run()
    return server.met() - before
