"""A process that forks: what its child has of the parent's emulators."""

import json
import os
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from stripe_emulator import Emulator, Fault, serve

if TYPE_CHECKING:
    from emulator.conftest import Caller

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here"),
    # Python 3.12 warns of forking with threads: that this is safe here is what is proved.
    pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning"),
]
FORKS = 20


def in_child(work: Callable[[], object]) -> Any:
    """Do something in a forked child and return its result, which is JSON; 30 seconds at most."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.close(reading)
            os.write(writing, json.dumps(work()).encode())
            status = 0
        except BaseException:  # noqa: BLE001 - nothing may leave a child of a test
            traceback.print_exc()
        finally:
            os._exit(status)
    os.close(writing)
    timer = threading.Timer(30, lambda: os.kill(child, 9))
    timer.start()
    with os.fdopen(reading, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    timer.cancel()
    assert status == 0, f"the child ended with {status}"
    return json.loads(said)


@contextmanager
def busy(api: "Caller", threads: int = 4) -> Iterator[list[int]]:
    """Threads that make customers all the time; yields how many each has made."""
    stop = threading.Event()
    made = [0] * threads

    def work(number: int) -> None:
        while not stop.is_set():
            api.made("/v1/customers", name=f"t{number}")
            made[number] += 1

    running = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield made
    finally:
        stop.set()
        for thread in running:
            thread.join()


def count(api: "Caller") -> int:
    """How many customers there are."""
    return api.world.executed("POST /v1/customers")


@pytest.mark.parametrize("kept", ["memory", "file"])
def test_a_child_asks_while_threads_of_its_parent_work(
    tmp_path: Path, caller: "type[Caller]", kept: str
) -> None:
    """Forked in the middle of everything, a child reads and writes, and nothing is lost or torn."""
    file = tmp_path / "emulator.db" if kept == "file" else None
    with Emulator(file) as emulator:
        api = caller(emulator)

        def work() -> object:
            seen = count(api)
            api("POST", "/v1/customers", {"Idempotency-Key": f"child-{os.getpid()}"}, name="c")
            return [seen, count(api)]

        with busy(api) as made:
            results = [in_child(work) for _ in range(FORKS)]
        total = sum(made)
        if kept == "memory":
            assert all(after == seen + 1 for seen, after in results)  # a copy of its own
            assert count(api) == total
        else:
            assert count(api) == total + FORKS
            rows = emulator.store.run("PRAGMA integrity_check").fetchall()
            assert rows == [("ok",)]


def test_a_child_has_its_own_copy_of_memory(api: "Caller") -> None:
    """What a child does in memory its parent never sees, and the other way round."""
    api.made("/v1/customers", name="before")

    def work() -> object:
        api.made("/v1/customers", name="child")
        return [row["name"] for row in api.get("/v1/customers")["data"]]

    assert in_child(work) == ["child", "before"]
    assert [row["name"] for row in api.get("/v1/customers")["data"]] == ["before"]


def test_keys_in_use_are_the_parents(api: "Caller") -> None:
    """A request that goes on in the parent does not block its key in the child for ever."""
    api.world.faults.add(Fault("delay", seconds=1))
    keyed = {"Idempotency-Key": "K"}
    thread = threading.Thread(target=lambda: api("POST", "/v1/customers", keyed, name="n"))
    thread.start()
    while not api.world.faults.list()[0]["hits"]:
        threading.Event().wait(0.01)
    assert in_child(lambda: api("POST", "/v1/customers", keyed, name="n").status) == 200
    thread.join()


def test_a_child_delivers_its_own_events(tmp_path: Path, caller: "type[Caller]") -> None:
    """A postman that has no thread any more is not waited for: the child has one of its own."""
    with Emulator(tmp_path / "emulator.db") as emulator:
        api = caller(emulator)
        url = "http://127.0.0.1:9/"  # nobody is there
        api.made("/v1/webhook_endpoints", url=url, enabled_events=["*"])
        api.made("/v1/customers", name="n")

        def work() -> object:
            api.made("/v1/customers", name="child")
            emulator.postman.wait()
            emulator.close()
            return "closed"

        assert in_child(work) == "closed"
        assert api.get("/v1/customers")["data"][0]["name"] == "child"


def test_a_server_stays_the_parents(world: Emulator, api: "Caller") -> None:
    """A child that closes an inherited server neither hangs nor ends its parent's."""
    import httpx

    with serve(world) as server:

        def work() -> object:
            server.close()
            return count(api)

        assert in_child(work) == 0
        headers = {"Authorization": "Bearer sk_test_x"}
        assert httpx.get(server.url + "/v1/customers", headers=headers, trust_env=False).is_success


def test_children_of_children(tmp_path: Path, caller: "type[Caller]") -> None:
    """A grandchild opens the file once more, whether its parent did or not."""
    with Emulator(tmp_path / "emulator.db") as emulator:
        api = caller(emulator)

        def child() -> object:
            unopened = in_child(lambda: api.made("/v1/customers")["object"])
            api.made("/v1/customers")
            opened = in_child(lambda: api.made("/v1/customers")["object"])
            return [unopened, opened, count(api)]

        assert in_child(child) == ["customer", "customer", 3]
        assert count(api) == 3


def test_a_parent_may_close_first(tmp_path: Path, caller: "type[Caller]") -> None:
    """A child's file is locked by the child itself: its parent's close takes nothing from it."""
    file = tmp_path / "emulator.db"
    opened, (hears, tells) = os.pipe(), os.pipe()
    emulator = Emulator(file)
    api = caller(emulator)
    api.made("/v1/customers", name="parent")

    def work() -> object:
        api.made("/v1/customers", name="early")
        os.write(opened[1], b".")
        os.read(hears, 1)
        for _ in range(5):
            api.made("/v1/customers", name="late")
        return count(api)

    def close() -> None:
        os.read(opened[0], 1)
        emulator.close()
        os.write(tells, b".")

    closing = threading.Thread(target=close)
    closing.start()
    assert in_child(work) == 7
    closing.join()
    for end in (*opened, hears, tells):
        os.close(end)
    with Emulator(file) as again:
        assert count(caller(again)) == 7
        assert again.store.run("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_what_was_closed_stays_closed(tmp_path: Path, caller: "type[Caller]") -> None:
    """A child does not open again what its parent closed before."""
    emulator = Emulator(tmp_path / "emulator.db")
    emulator.close()

    def work() -> object:
        return caller(emulator)("GET", "/v1/customers").status

    assert in_child(work) == 500
