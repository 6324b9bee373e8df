"""A whole list in a terminal: for people, for a spreadsheet, for a program."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from terminal_support import Terminal

from stripe_emulator import Emulator, Fault
from stripe_emulator.server import serve
from stripe_plugin import Connection, Host

COUNT = 103
KEY = "sk_test_" + "l" * 24


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[Emulator, str]]:
    """An account with customers whose names a table must take with care."""
    with Emulator() as world, serve(world) as server, Host.load() as host:
        connection = Connection(KEY, base_url=server.url)
        for number in range(COUNT):
            who = {"Name": f'A, "{number}"', "Email": f"a{number}@example.com"}
            host.run("create_customer", who, connection=connection)
        yield world, server.url


@pytest.fixture
def terminal(world: tuple[Emulator, str], tmp_path: Path) -> Terminal:
    """A terminal with a key of that account."""
    return Terminal(tmp_path, STRIPE_API_KEY=KEY, STRIPE_API_BASE=world[1])


def test_for_people(terminal: Terminal) -> None:
    """Each entry on a line, by what it is known by; how many there were is told beside."""
    done = terminal("run", "list_customers", "--all")
    lines = done.stdout.splitlines()
    assert len(lines) == COUNT
    assert lines[0].endswith('  A, "102" · a102@example.com')
    assert lines[0].startswith("cus_")
    assert "103 entries, 2 requests." in done.stderr


def test_for_a_spreadsheet(terminal: Terminal) -> None:
    """The fields that people pick first, under their labels."""
    done = terminal("run", "list_customers", "--csv", "--most", "2")
    head, first, second = csv.reader(io.StringIO(done.stdout))
    assert head[:3] == ["Customer ID", "Email", "Name"]
    assert (first[1:3], second[2]) == (["a102@example.com", 'A, "102"'], 'A, "101"')
    assert f"--cursor {second[0]} goes on there" in done.stderr


def test_for_a_program(terminal: Terminal) -> None:
    """Each entry whole, as a line of JSON; by the cursor it goes on behind the last."""
    first = terminal("run", "list_customers", "Limit=50", "--jsonl", "--most", "60").stdout
    read = [json.loads(line) for line in first.splitlines()]
    assert (len(read), read[0]["object"]) == (60, "customer")
    rest = terminal("run", "list_customers", "--jsonl", "--cursor", read[-1]["id"]).stdout
    names = [each["name"] for each in [*read, *map(json.loads, rest.splitlines())]]
    assert names == [f'A, "{number}"' for number in reversed(range(COUNT))]


def test_a_page_that_fails_tells_where_to_go_on(
    terminal: Terminal, world: tuple[Emulator, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came before it is written."""
    emulator, _ = world
    answer = emulator.answer

    def fail_later(method: str, target: str, *more: Any) -> Any:
        if "starting_after" in target:
            emulator.faults.add(Fault(kind="unavailable"))
        return answer(method, target, *more)

    monkeypatch.setattr(emulator, "answer", fail_later)
    done = terminal("run", "list_customers", "--all", "--deadline", "2", code=3)
    assert len(done.stdout.splitlines()) == 100
    assert "100 were read; --cursor cus_" in done.stderr


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("list_customers", "--most", "5"), "say how far --all, --csv or --jsonl reads a list"),
        (("list_customers", "--all", "--json"), "--json means nothing for a list"),
        (("list_customers", "--csv", "--run-id", "r"), "--run-id means nothing for a list"),
        (("create_product", "--all", "Name=x"), "Create Product gives no list"),
        (("list_customers", "--all", "--most", "0"), "--most"),
    ],
)
def test_what_means_nothing_is_refused(
    words: tuple[str, ...], told: str, terminal: Terminal
) -> None:
    """Rather than ignored."""
    assert told in terminal("run", *words, code=2).stderr
