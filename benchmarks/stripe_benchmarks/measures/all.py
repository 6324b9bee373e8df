"""What is measured, in which order?"""

import sys
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from types import MappingProxyType

import attrs

from stripe_benchmarks.figure import Figure, Setting
from stripe_benchmarks.measures import bulk, cold, emulator, idle, memory, parts, rows, runs

Measure = Callable[[Setting], list[Figure]]

MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "sync": runs.one_after_the_other,
        "async 1": partial(runs.at_once, 1),
        "async 10": partial(runs.at_once, 10),
        "async 50": partial(runs.at_once, 50),
        "async 100": partial(runs.at_once, 100),
        "async 1000": partial(runs.at_once, 1_000),
        "sparse sync": runs.sparse,
        "sparse async": runs.sparse_in_a_loop,
        "TLS sync": runs.secure,
        "TLS async 10": partial(runs.secure_at_once, 10),
        "import": cold.cold,
        "catalog": cold.cold,
        "first action": cold.cold,
        "first run": cold.cold,
        "parts": parts.parts,
        "emulator start": emulator.start,
        "emulator request": emulator.requests,
        "page of 100": rows.page,
        "10000 rows": rows.all_rows,
        "idle connection": memory.idle_connections,
        "tenant": memory.tenants,
        "garbage sync": memory.garbage,
        "garbage async": memory.garbage_in_a_loop,
        "after 30 s": idle.after_a_pause,
        "bulk at 25/s": bulk.bulk,
    }
)


def measured(names: Iterable[str], setting: Setting) -> list[Figure]:
    """The figures of these measures. Who is missing is noted in `setting`."""
    found: list[Figure] = []
    for name in names:
        print(f"measuring {name} …", file=sys.stderr, flush=True)
        found += MEASURES[name](attrs.evolve(setting, measure=name))
    return found
