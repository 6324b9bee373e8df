"""What the tests of flows share: an emulator that counts, a journal, and how flows run on them."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

from terminal_support import Counted

from stripe_flow import Journal
from stripe_flow.flow import load
from stripe_flow.flowing import Outcome
from stripe_flow.run import Run
from stripe_plugin import Host, Result


class Desk:
    """An emulator that counts, a journal, and the way to run flow files on them."""

    def __init__(self, world: Counted, journal: Path) -> None:
        self.host, self.world, self.file = Host.load(), world, journal

    def outcomes(
        self,
        text: str,
        run_id: str = "r1",
        given: Mapping[str, Any] | None = None,
        environ: Mapping[str, str] | None = None,
    ) -> Iterator[Outcome]:
        """What comes of each step and item."""
        flow = load("flow.yaml", dedent(text), self.host, given or {}, environ or {})
        connection, journal = self.world.connection(), Journal(self.file)
        return Run(self.host, connection, run_id, journal).flow(flow)

    def told(self, text: str, run_id: str = "r1", **given: Any) -> list[str]:
        """A line for each step and item: ✓ done, ↺ done before, – skipped, ✗ failed."""
        return [f"{_mark(done)} {done.name}" for done in self.outcomes(text, run_id, given)]

    def run(self, text: str, run_id: str = "r1") -> list[Result]:
        """The results of the steps."""
        return list(self.each(text, run_id).values())

    def each(self, text: str, run_id: str = "r1", **given: Any) -> Mapping[str, Result]:
        """The results by step, or step and item."""
        ran = self.outcomes(text, run_id, given)
        return {done.name: done.result for done in ran if done.result}

    def sent(self) -> list[str]:
        """What was asked since this was asked last."""
        asked, self.world.asked = self.world.asked, []
        return asked


def _mark(done: Outcome) -> str:
    if done.result is None:
        return "–" if done.skipped else "✗"
    return "↺" if done.result.replayed else "✓"


@contextmanager
def desk_at(folder: Path) -> Iterator[Desk]:
    """One with an empty emulator and journal."""
    with Counted() as world:
        yield Desk(world, folder / "runs.db")
