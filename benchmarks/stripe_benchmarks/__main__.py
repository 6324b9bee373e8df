"""How is it asked? `python -m stripe_benchmarks`, or `make bench` and `make bench-check`."""

import argparse
import os
import sys
from pathlib import Path

from stripe_benchmarks.figure import Setting
from stripe_benchmarks.measures.all import MEASURES, measured, one
from stripe_benchmarks.record import Fall, Record, falls
from stripe_benchmarks.server import Server, running
from stripe_benchmarks.table import tables

FOLDER = Path(__file__).parents[1]
COMMITTED, PAGE = FOLDER / "measured.json", FOLDER / "README.md"
BEGIN, END = "<!-- measured: written by `make bench-write` -->\n", "<!-- end of measured -->"


def main() -> int:
    """1 if something fell; else 0."""
    asked = words().parse_args()
    if asked.only and not any(name.startswith(asked.only) for name in MEASURES):
        print(f"There is no measure {asked.only!r}, only: {', '.join(MEASURES)}", file=sys.stderr)
        return 2
    with running() as server:
        trust(server)
        setting = Setting(server, quick=asked.quick or asked.check)
        record = Record.of(measured(setting, asked.only), setting.missing)
        print(tables(record))
        keep(record, asked)
        return told(confirmed(record, setting)) if asked.check else 0


def words() -> argparse.ArgumentParser:
    """What may be asked."""
    parser = argparse.ArgumentParser("stripe_benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and no long pauses")
    parser.add_argument("--only", metavar="NAME", default="", help="the measures that begin so")
    parser.add_argument("--json", metavar="FILE", type=Path, help="the figures, as data")
    parser.add_argument("--write", action="store_true", help="into README.md and measured.json")
    parser.add_argument(
        "--check", action="store_true", help="what fell by more than a fifth against measured.json"
    )
    return parser


def trust(server: Server) -> None:
    """Lets all contenders believe the server, and reach it without a proxy."""
    os.environ["NO_PROXY"] = "127.0.0.1"
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
    found: list[Fall] = []
    for measure in {fall.measure for fall in falls(committed, record.figures)}:
        again = one(measure, setting)
        found += falls(committed, again)
    return found


def told(found: list[Fall]) -> int:
    """1 if there is something to tell."""
    for fall in found:
        times = f"{fall.times:.2f} times as much as in {COMMITTED.name}"
        print(f"{fall.measure} · {fall.contender}: {times}, beside the others", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
