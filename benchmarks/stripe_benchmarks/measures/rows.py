"""What does it cost to read rows: a page of a hundred whole customers, and ten thousand?"""

from contextlib import ExitStack
from functools import partial
from itertools import islice

from stripe_benchmarks.answers import PAGE, ROWS, customer_id
from stripe_benchmarks.contenders import rows
from stripe_benchmarks.contenders.kinds import present
from stripe_benchmarks.figure import Figure, Setting
from stripe_benchmarks.rounds import Slice, interleaved

PAGES = 10  # of a slice


def page(setting: Setting) -> list[Figure]:
    """Of one page."""
    return _rows(PAGE, PAGES, setting)


def all_rows(setting: Setting) -> list[Figure]:
    """Of all rows."""
    return _rows(ROWS, 1, setting)


def _rows(number: int, runs: int, setting: Setting) -> list[Figure]:
    among = present(rows.ROWS, setting)
    with ExitStack() as stack:
        slices: dict[str, Slice] = {}
        for each in among:
            read = stack.enter_context(each.opened(setting.server.plain))
            slices[each.name] = partial(repeat, read, number)
        spent = interleaved(slices, runs=runs, rounds=setting.rounds)
    return setting.figures(among, spent)


def repeat(read: rows.Read, number: int, runs: int) -> None:
    """Reads so many rows, so many times, and looks whether they are the right ones."""
    for _ in range(runs):
        found = [*islice(read(), number)]
        if len(found) != number or found[-1] != customer_id(number - 1):
            raise ValueError(f"{number} rows were to be read, and {len(found)} came")
