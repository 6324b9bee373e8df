"""How is a measurement read? One table of figures and ratios, one of bars."""

from collections.abc import Iterable, Iterator, Sequence

from stripe_benchmarks.bars import reached
from stripe_benchmarks.figure import Figure
from stripe_benchmarks.record import Record

Cells = Sequence[str]
FIGURES: Cells = ("Measure", "Contender", "Figure", "Unit", "Wall, µs", "Ours ÷ it")
BARS: Cells = ("Measure", "Ours", "At most", "Measured", "Of", "")


def tables(record: Record) -> str:
    """All of it, in Markdown that is aligned for a terminal, too."""
    versions = ", ".join(f"{name} {each}" for name, each in record.versions.items())
    missing = [f"- {it.measure} · {it.contender}: {it.reason}" for it in record.missing]
    parts = [
        f"Measured on {record.date}, {record.rounds} rounds: {record.machine}. {versions}.",
        aligned([FIGURES, *figure_rows(record.figures)]),
        aligned([BARS, *bar_rows(record)]),
        "\n".join(["Not measured:", "", *missing]) if missing else "",
    ]
    return "\n\n".join(part for part in parts if part)


def figure_rows(figures: Iterable[Figure]) -> Iterator[Cells]:
    """A row for each figure. The ratio is that of the first figure of ours in the measure."""
    first: Figure | None = None
    for each in figures:
        if first is None or first.measure != each.measure:
            first = each
        value = number(each.value)
        wall = "" if each.wall is None else number(each.wall)
        yield each.measure, each.contender, value, each.unit, wall, ratio(first, each)


def ratio(first: Figure, other: Figure) -> str:
    """Ours over another; between two of ours there is none to tell."""
    if other.ours or not first.ours or not other.value:
        return ""
    return f"{first.value / other.value:.2f}"


def bar_rows(record: Record) -> Iterator[Cells]:
    """A row for each bar of a measure that was asked for."""
    asked = {it.measure for it in record.figures} | {it.measure for it in record.missing}
    for it in reached(record.figures):
        measure, contender = it.bar.of
        if measure in asked:
            value = "" if it.value is None else number(it.value)
            yield measure, contender, number(it.bar.most), value, it.unit, it.verdict


def number(value: float) -> str:
    """With as many digits as can be meant."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def aligned(rows: Sequence[Cells]) -> str:
    """A table of Markdown; the first row is its head, and without others there is no table."""
    if len(rows) == 1:
        return ""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    head, *body = [_line(row, widths) for row in rows]
    rule = _line(["-" * width for width in widths], widths)
    return "\n".join([head, rule, *body])


def _line(cells: Cells, widths: Sequence[int]) -> str:
    padded = [cell.ljust(width) for cell, width in zip(cells, widths, strict=True)]
    return f"| {' | '.join(padded)} |"
