"""What does it cost to read rows: a page of a hundred whole customers, and ten thousand?"""

from contextlib import ExitStack
from functools import partial
from itertools import islice

from stripe_benchmarks.answers import PAGE, ROWS, customer_id
from stripe_benchmarks.contenders import rows
from stripe_benchmarks.contenders.kinds import present
from stripe_benchmarks.figure import Figure, Setting, figures
from stripe_benchmarks.rounds import interleaved

QUICK, THOROUGH = 10, 50  # pages of a slice


def page(measure: str, setting: Setting) -> list[Figure]:
    """Of one page."""
    return _rows(PAGE, setting.choose(QUICK, THOROUGH), measure, setting)


def all_rows(measure: str, setting: Setting) -> list[Figure]:
    """Of all rows."""
    return _rows(ROWS, 1, measure, setting)


def _rows(number: int, runs: int, measure: str, setting: Setting) -> list[Figure]:
    among = present(measure, setting, rows.ROWS)
    with ExitStack() as stack:
        opened = {
            each.name: stack.enter_context(each.opened(setting.server.plain)) for each in among
        }
        slices = {name: partial(repeat, read, number) for name, read in opened.items()}
        spent = interleaved(slices, runs=runs, rounds=setting.rounds)
    return figures(measure, spent, [each.name for each in among if each.ours])


def repeat(read: rows.Read, number: int, runs: int) -> None:
    """Reads so many rows, so many times, and looks whether they are the right ones."""
    for _ in range(runs):
        found = [*islice(read(), number)]
        if len(found) != number or found[-1] != customer_id(number - 1):
            raise ValueError(f"{number} rows were to be read, and {len(found)} came")
