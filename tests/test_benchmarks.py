"""What measures us works: all contenders do the same, and a fall is found. No time is asserted."""

import asyncio
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from stripe_benchmarks import __main__ as command
from stripe_benchmarks.answers import HEADERS, PRODUCT_ID, ROWS, customer_id, product_message
from stripe_benchmarks.bars import BARS, Bar, reached
from stripe_benchmarks.contenders import ours, rows, tenants
from stripe_benchmarks.contenders.kinds import AsyncContender, Contender, Entrant, missing, present
from stripe_benchmarks.figure import CPU, Figure, Named, Setting
from stripe_benchmarks.measures import cold, memory, parts, runs
from stripe_benchmarks.measures.all import MEASURES
from stripe_benchmarks.record import Record, falls
from stripe_benchmarks.rounds import interleaved
from stripe_benchmarks.server import Server, running
from stripe_benchmarks.table import tables
from stripe_plugin.client import line

# The SDK uses httpx in a deprecated way.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """A server that answers like Stripe."""
    with running() as found:
        yield found


@pytest.fixture(params=["plain", "secure"])
def url(request: Any, server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Where it answers, in plain HTTP and by a certificate that all believe."""
    for name in ("NO_PROXY", "no_proxy", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, "")  # and put back what `trust` sets
    monkeypatch.setattr("stripe.ca_bundle_path", None)
    line.tls_context.cache_clear()
    command.trust(server)
    yield getattr(server, request.param)
    line.tls_context.cache_clear()


def or_skip(entrant: Entrant) -> None:
    """Skips where somebody who is measured is not installed."""
    if reason := missing(entrant.needs):
        pytest.skip(f"{entrant.name}: {reason}; the extra `bench` installs it")


def by_name(entrant: Named) -> str:
    """What a case is called."""
    return entrant.name


# --- all do the same ------------------------------------------------------------------------------


@pytest.mark.parametrize("contender", runs.SYNC, ids=by_name)
def test_a_contender_makes_the_product(contender: Contender[Any], url: str) -> None:
    """Whoever waits for answers brings the product's ID, again and again."""
    or_skip(contender)
    with contender.opened(url) as run:
        assert [run() for _ in range(3)] == [PRODUCT_ID] * 3


@pytest.mark.parametrize("contender", [*runs.ASYNC, ours.OUTSIDE], ids=by_name)
def test_a_contender_makes_products_at_once(contender: AsyncContender, url: str) -> None:
    """Whoever an event loop runs does so for several tasks at once."""
    or_skip(contender)

    async def at_once() -> list[str]:
        async with contender.opened(url) as run:
            return await asyncio.gather(*[run() for _ in range(5)])

    assert asyncio.run(at_once()) == [PRODUCT_ID] * 5


@pytest.mark.parametrize("contender", rows.ROWS, ids=by_name)
def test_a_contender_reads_the_rows(contender: Contender[rows.Read], server: Server) -> None:
    """Whoever pages gets each row once, in order, over the end of a page."""
    or_skip(contender)
    with contender.opened(server.plain) as read:
        found = [*islice(read(), 250)]
    assert found == [customer_id(number) for number in range(250)]


def test_the_rows_end(server: Server) -> None:
    """The last page says that it is the last."""
    with rows.ROWS[0].opened(server.plain) as read:
        assert sum(1 for _ in read()) == ROWS


@pytest.mark.parametrize("contender", tenants.TENANTS, ids=by_name)
def test_tenants_are_met(contender: Contender[tenants.Meet], server: Server) -> None:
    """Each tenant has its own key and runs, over a connection that all share."""
    or_skip(contender)
    with contender.opened(server.plain) as meet:
        before = server.met()
        for tenant in range(1, 4):
            meet(tenant)
        assert server.met() == before


def test_an_answer_is_as_large_as_stripes() -> None:
    """The server answers with 21 headers and about 1.5 KB."""
    head, _, body = product_message().partition(b"\r\n\r\n")
    assert len(head.splitlines()[1:]) == len(HEADERS.splitlines()) == 21
    assert 1_400 < len(body) < 1_600


def test_a_wrong_answer_is_no_run() -> None:
    """Who brings something else than the product's ID is not measured, but refused."""
    with pytest.raises(ValueError, match="prod_other"):
        runs.repeat(lambda: "prod_other", 1)


# --- it is measured -------------------------------------------------------------------------------


def test_slices_take_turns() -> None:
    """Each has its warm-up and the same runs, and another one is first in each round."""
    seen: list[tuple[str, int]] = []
    slices = {name: lambda runs, name=name: seen.append((name, runs)) for name in "ab"}
    assert set(interleaved(slices, runs=8, rounds=2)) == {"a", "b"}
    warm, first, second = seen[:2], seen[2:4], seen[4:]
    assert warm == [("a", 2), ("b", 2)]
    assert (first, second) == ([("a", 8), ("b", 8)], [("b", 8), ("a", 8)])


@pytest.mark.parametrize("part", parts.PARTS, ids=by_name)
def test_a_part_does_its_work(part: parts.Part) -> None:
    """Each part of a run comes to something when it is done alone."""
    assert part.do() is not None


@pytest.mark.parametrize(
    "program", [it for each in cold.PROGRAMS.values() for it in each], ids=by_name
)
def test_a_program_runs(program: cold.Program, server: Server) -> None:
    """Each fresh process that is measured ends well."""
    if reason := missing(program.needs):
        pytest.skip(f"{reason}; the extra `bench` installs it")
    assert cold.process(program.code.format(url=server.plain)) > 0


def test_garbage_is_counted() -> None:
    """A list that holds itself is one object in a cycle, for each run."""

    def work(runs: int) -> None:
        for _ in range(runs):
            found: list[Any] = []
            found.append(found)

    assert memory.left_behind(work) == 1


def test_who_is_missing_is_named(server: Server) -> None:
    """A contender that cannot be imported is not left out silently, and the others are there."""
    setting = Setting(server, quick=True, measure="sync")
    gone = Contender("gone", ours.client, needs=("no_such_library",))
    there = Contender("there", ours.client)
    assert present([gone, there], setting) == [there]
    [named] = setting.missing
    assert (named.measure, named.contender) == ("sync", "gone")
    text = tables(Record.of([], setting))
    assert "- sync · gone: No module named 'no_such_library'" in text


@pytest.mark.parametrize(
    ("only", "names"),
    [
        ("", [*MEASURES]),
        ("sync", ["sync"]),
        ("async 10", ["async 10"]),
        ("async", ["async 1", "async 10", "async 50", "async 100", "async 1000"]),
    ],
)
def test_measures_are_chosen_by_their_names(only: str, names: list[str]) -> None:
    """A whole name is one measure, the begin of a name all that begin so, and nothing is all."""
    assert command.chosen(only) == names


def test_what_is_asked_must_be_there(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A measure that does not exist is refused, with those that do."""
    monkeypatch.setattr("sys.argv", ["stripe_benchmarks", "--only", "snyc"])
    assert command.main() == 2
    assert "There is no measure 'snyc', only: sync, async 1" in capsys.readouterr().err


# --- it is compared -------------------------------------------------------------------------------


def measured(**values: float) -> list[Figure]:
    """Figures of one measure; ours is `client`."""
    return [Figure("sync", name, it, CPU, ours=name == "client") for name, it in values.items()]


BEFORE = measured(client=100, sdk=200, httpx=150)
CHANGES = [
    ("a tenth more", measured(client=110, sdk=200, httpx=150), None),
    ("nearly a fifth more", measured(client=119, sdk=200, httpx=150), None),
    ("a fifth more, and a little", measured(client=121, sdk=200, httpx=150), 1.21),
    ("less", measured(client=50, sdk=200, httpx=150), None),
    ("a slower machine", measured(client=300, sdk=600, httpx=450), None),
    ("the others are faster", measured(client=100, sdk=100, httpx=75), 2.0),
    ("one of two is gone", measured(client=130, sdk=200), 1.3),
    ("all others are gone", measured(client=130), None),
]


@pytest.mark.parametrize(
    ("now", "times"), [row[1:] for row in CHANGES], ids=[r[0] for r in CHANGES]
)
def test_a_fall_is_found(now: list[Figure], times: float | None) -> None:
    """More than a fifth beside the others is a fall; on a slower machine nothing falls."""
    found = [(it.contender, round(it.times, 2)) for it in falls(BEFORE, now)]
    assert found == ([] if times is None else [("client", times)])


def test_one_other_that_changed_is_no_fall() -> None:
    """Beside several others, one that became faster says nothing of ours."""
    before = measured(client=100, sdk=200, httpx=150, urllib3=80)
    assert falls(before, measured(client=100, sdk=100, httpx=150, urllib3=80)) == []


def test_what_was_nothing_falls_with_anything() -> None:
    """Where a run left no garbage, any is a fall."""
    before = measured(client=0, sdk=40)
    assert falls(before, measured(client=0, sdk=40)) == []
    assert [it.contender for it in falls(before, measured(client=1, sdk=40))] == ["client"]


STANDINGS = [
    (Bar(("sync", "client"), 0.5, over=("sync", "sdk")), "reached"),
    (Bar(("sync", "client"), 0.6, over=("sync", "httpx")), "not reached"),
    (Bar(("sync", "client"), 100), "reached"),
    (Bar(("sync", "client"), 99), "not reached"),
    (Bar(("sync", "client"), 1, over=("sync", "pycurl")), "not measured"),
]


@pytest.mark.parametrize(("bar", "verdict"), STANDINGS)
def test_a_bar_says_how_it_stands(bar: Bar, verdict: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bar is reached or not, and one that could not be measured is neither."""
    monkeypatch.setattr("stripe_benchmarks.bars.BARS", [bar])
    assert [it.verdict for it in reached(BEFORE)] == [verdict]


@pytest.mark.parametrize("bar", BARS)
def test_a_bar_is_of_a_measure(bar: Bar) -> None:
    """No bar names a measure that does not exist, and would never be measured."""
    assert {measure for measure, _ in (bar.of, bar.over or bar.of)} <= set(MEASURES)


@pytest.fixture
def folder(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A page, and a measurement that is kept beside it."""
    for name in ("NO_PROXY", "no_proxy", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, "")  # and put back what `trust` sets
    monkeypatch.setattr("stripe.ca_bundle_path", None)
    monkeypatch.setattr(command, "PAGE", tmp_path / "README.md")
    monkeypatch.setattr(command, "COMMITTED", tmp_path / "measured.json")
    command.PAGE.write_text(f"# Before\n\n{command.BEGIN}old\n{command.END}\n\nAfter\n", "utf-8")
    Record.of(BEFORE, Setting(server, quick=True)).write(command.COMMITTED)
    return tmp_path


def asked(monkeypatch: pytest.MonkeyPatch, *words: str, brings: list[list[Figure]]) -> int:
    """The exit code of the command, where a measure brings these figures, one after the other."""
    left = iter(brings)
    monkeypatch.setattr("sys.argv", ["stripe_benchmarks", *words])
    for module in ("stripe_benchmarks.__main__", "stripe_benchmarks.measures.all"):
        monkeypatch.setattr(f"{module}.MEASURES", {"sync": lambda _: next(left)})
    return command.main()


FELL, AS_BEFORE = measured(client=150, sdk=200, httpx=150), measured(client=105, sdk=200, httpx=150)
TIMES = [
    ("nothing fell", [AS_BEFORE], 0),
    ("somebody else was busy", [FELL, AS_BEFORE], 0),
    ("it fell twice", [FELL, FELL], 1),
]


@pytest.mark.parametrize(("brings", "code"), [row[1:] for row in TIMES], ids=[r[0] for r in TIMES])
@pytest.mark.usefixtures("folder")
def test_a_fall_is_measured_twice(
    brings: list[list[Figure]],
    code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The check ends with 1, and says what fell, if it is so the second time, too."""
    assert asked(monkeypatch, "--check", brings=brings) == code
    told = "sync · client: 1.50 times as much as in measured.json" in capsys.readouterr().err
    assert told == bool(code)


def test_a_measurement_is_written(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page keeps what is around the table; the data beside it are the new ones."""
    assert asked(monkeypatch, "--quick", "--write", brings=[FELL]) == 0
    page = (folder / "README.md").read_text("utf-8")
    assert page.startswith("# Before\n\n<!-- measured")
    assert page.endswith("-->\n\nAfter\n")
    kept = Record.read(folder / "measured.json")
    assert kept.figures == FELL
    assert tables(kept) in page


def test_a_record_is_kept_whole(tmp_path: Path, server: Server) -> None:
    """What is written is read again as it was."""
    setting = Setting(server, quick=True, measure="sync")
    setting.without("gone", "it is not there")
    record = Record.of(BEFORE, setting)
    record.write(tmp_path / "measured.json")
    assert Record.read(tmp_path / "measured.json") == record


def test_the_page_shows_what_is_kept() -> None:
    """The table of the page is the one of the data beside it."""
    assert tables(Record.read(command.COMMITTED)) in command.PAGE.read_text("utf-8")
