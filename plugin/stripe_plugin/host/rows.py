"""What are the rows of a manifest called, with those inside of them?"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Row = Mapping[str, Any]


def labelled(rows: Iterable[Row], above: str = "") -> Iterator[tuple[str, Row]]:
    """Each row, and those inside of it, by where they are: `Line Items › Price`."""
    for row in rows:
        label = f"{above}{row['key']}"
        yield label, row
        yield from labelled(row.get("fields", ()), f"{label} › ")
