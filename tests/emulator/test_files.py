"""The emulator's file: whose it is, and what a name may be."""

import os
import sqlite3
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from stripe_emulator import Emulator

if TYPE_CHECKING:
    from emulator.conftest import Caller


def rights(folder: Path) -> dict[str, int]:
    """The rights of every file."""
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


@pytest.fixture(params=[0o000, 0o022, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[None]:
    """A process that lets others read what it makes, and stricter ones."""
    before = os.umask(request.param)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask")
def test_only_its_owner_reads_the_file(tmp_path: Path, caller: "type[Caller]") -> None:
    """The database and what SQLite keeps beside it are the owner's alone, whatever the umask."""
    with Emulator(tmp_path / "emulator.db") as emulator:
        caller(emulator).made("/v1/customers", name="n")
        assert rights(tmp_path) == {
            "emulator.db": 0o600, "emulator.db-wal": 0o600, "emulator.db-shm": 0o600,
        }  # fmt: skip
    assert rights(tmp_path) == {"emulator.db": 0o600}


@pytest.mark.usefixtures("umask")
def test_an_older_file_is_tightened(tmp_path: Path, caller: "type[Caller]") -> None:
    """A file that others may read is made private when it is opened, even while it is in use."""
    file = tmp_path / "emulator.db"
    with Emulator(file) as first:
        caller(first).made("/v1/customers", name="n")
        for path in tmp_path.iterdir():
            path.chmod(0o664)
        with Emulator(file) as second:
            assert set(rights(tmp_path).values()) == {0o600}
            caller(second).made("/v1/customers", name="n")
        assert len(caller(first).get("/v1/customers")["data"]) == 2


def test_the_owners_rights_stay(tmp_path: Path) -> None:
    """Rights are taken from others only, and none are given."""
    file = tmp_path / "emulator.db"
    Emulator(file).close()
    file.chmod(0o740)
    Emulator(file).close()
    assert rights(tmp_path) == {"emulator.db": 0o700}


def test_names_are_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file called like SQLite's word for memory is a file, the same in every folder."""
    monkeypatch.chdir(tmp_path)
    with Emulator(":memory:") as emulator:
        monkeypatch.chdir("/")
        answer = emulator.answer("GET", "/v1/customers", {"Authorization": "Bearer sk_test_x"}, b"")
        assert answer.status == 200
    assert (tmp_path / ":memory:").is_file()


def test_what_cannot_be_a_file_is_an_error_of_the_database(tmp_path: Path) -> None:
    """A folder, and a file in a folder that is not there, are refused as SQLite refuses them."""
    for place in (tmp_path, tmp_path / "nowhere" / "emulator.db"):
        with pytest.raises(sqlite3.OperationalError):
            Emulator(place)
