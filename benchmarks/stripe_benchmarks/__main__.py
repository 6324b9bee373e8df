"""How is it asked? `python -m stripe_benchmarks`, or `make bench` and `make bench-check`."""

import argparse
import os
import sys
from pathlib import Path

from stripe_benchmarks.figure import Setting
from stripe_benchmarks.measures.all import MEASURES, measured
from stripe_benchmarks.record import Fall, Record, falls
from stripe_benchmarks.server import Server, running
from stripe_benchmarks.table import tables

FOLDER = Path(__file__).parents[1]
COMMITTED, PAGE = FOLDER / "measured.json", FOLDER / "README.md"
BEGIN, END = "<!-- measured: written by `make bench-write` -->\n", "<!-- end of measured -->"


def main() -> int:
    """1 if something fell, 2 if what is asked is not there; else 0."""
    asked = words().parse_args()
    names = chosen(asked.only)
    if not names:
        print(f"There is no measure {asked.only!r}, only: {', '.join(MEASURES)}", file=sys.stderr)
        return 2
    with running() as server:
        trust(server)
        setting = Setting(server, quick=asked.quick or asked.check)
        record = Record.of(measured(names, setting), setting)
        print(tables(record))
        keep(record, asked)
        return told(confirmed(record, setting)) if asked.check else 0


def chosen(only: str) -> list[str]:
    """The measure of this name, or all whose names begin so."""
    if only in MEASURES:
        return [only]
    return [name for name in MEASURES if name.startswith(only)]


def words() -> argparse.ArgumentParser:
    """What may be asked."""
    parser = argparse.ArgumentParser("stripe_benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and no long pauses")
    some = parser.add_mutually_exclusive_group()
    some.add_argument("--only", metavar="NAME", default="", help="the measures that begin so")
    some.add_argument("--write", action="store_true", help="all, into README.md and measured.json")
    parser.add_argument("--json", metavar="FILE", type=Path, help="the figures, as data")
    parser.add_argument(
        "--check", action="store_true", help="what fell by more than a fifth against measured.json"
    )
    return parser


def trust(server: Server) -> None:
    """Lets all contenders believe the server, and reach it without a proxy."""
    os.environ |= {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}
    if server.certificate is None:
        return
    os.environ["SSL_CERT_FILE"] = server.certificate
    try:
        import stripe
    except ImportError:
        return
    stripe.ca_bundle_path = server.certificate


def keep(record: Record, asked: argparse.Namespace) -> None:
    """Writes what is to be written."""
    if asked.json:
        record.write(asked.json)
    if asked.write:
        record.write(COMMITTED)
        before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n{tables(record)}\n\n{END}{after}", "utf-8")


def confirmed(record: Record, setting: Setting) -> list[Fall]:
    """What fell, twice: whoever shares the machine may have caused it once."""
    committed = Record.read(COMMITTED).figures
    first = {(fall.measure, fall.contender) for fall in falls(committed, record.figures)}
    again = measured(sorted({measure for measure, _ in first}), setting)
    return [it for it in falls(committed, again) if (it.measure, it.contender) in first]


def told(found: list[Fall]) -> int:
    """1 if there is something to tell."""
    for fall in found:
        times = f"{fall.times:.2f} times as much as in {COMMITTED.name}"
        print(f"{fall.measure} · {fall.contender}: {times}, beside the others", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
