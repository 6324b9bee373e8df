"""Who waits for a connection gets it in turn, however many runs another has queued."""

import asyncio
import socket
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from network_support import Place, answer, eventually, requests
from support import made

from stripe_plugin import AsyncClient, Client, Connection, Policy
from stripe_plugin.client import pool
from stripe_plugin.client.turns import Turns

READ = made("retrieve_customer", {"Customer ID": "cus_1"})
PATIENT = Policy(timeout=60, budget=60)
QUEUED = 200
LINES = 1  # so that runs are served in the order in which it is given to them


def hand(name: str) -> Any:
    """One that waits, and does nothing more."""

    def take(_: Any) -> bool:
        return bool(name)

    return take


@given(st.lists(st.sampled_from("abcde"), max_size=60))
def test_everybody_has_a_turn_before_anybody_has_two(names: list[str]) -> None:
    """Of those who wait, nobody is served more than once oftener than another who still waits."""
    turns = Turns()
    hands = [(name, hand(name)) for name in names]
    for name, each in hands:
        turns.add(name, each)
    left = {name: names.count(name) for name in names}
    served = dict.fromkeys(left, 0)
    order: dict[str, list[Any]] = {name: [] for name in left}
    while turns:
        taken = turns.take()
        (name,) = [name for name, each in hands if each is taken]
        order[name].append(taken)
        served[name] += 1
        left[name] -= 1
        waiting = [served[other] for other in left if left[other]]
        assert max([served[name], *waiting]) - min([served[name], *waiting]) <= 1
    assert order == {name: [each for of, each in hands if of == name] for name in order}


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=30))
def test_who_waits_no_more_is_passed_over(waiting: list[tuple[str, bool]]) -> None:
    """Whoever is removed is never served, and leaves nothing behind."""
    turns = Turns()
    hands = [(name, hand(name), stays) for name, stays in waiting]
    for name, each, _ in hands:
        turns.add(name, each)
    for name, each, stays in hands:
        if not stays:
            turns.remove(name, each)
            turns.remove(name, each)  # once more does nothing
    assert len(turns) == len([*turns]) == sum(stays for *_, stays in hands)
    taken = [turns.take() for _ in range(len(turns))]
    assert {*taken} == {each for _, each, stays in hands if stays}
    assert not turns


class Desk:
    """Serves one request after the other, once it is opened, and notes whose each was."""

    def __init__(self) -> None:
        self.served: list[str] = []
        self._open, self._one = threading.Event(), threading.Lock()

    def open(self) -> None:
        """From now on it serves."""
        self._open.set()

    def __call__(self, peer: socket.socket) -> None:
        """Serves one connection."""
        for heard in requests(peer):
            self._open.wait(30)
            with self._one:
                self.served.append(heard.headers["authorization"])
                answer(peer, {"id": "cus_1"})


def by_threads(url: str, desk: Desk) -> None:
    """Runs of both tenants in threads."""
    with Client(Connection("sk_test_many", base_url=url), PATIENT) as client:
        few = Connection("sk_test_few", base_url=url)
        runs = [threading.Thread(target=client.run, args=(READ,)) for _ in range(QUEUED)]
        for run in runs:
            run.start()
        assert eventually(lambda: len(client._pool._waiting) == QUEUED - LINES)
        late = threading.Thread(target=client.run, args=(READ,), kwargs={"connection": few})
        late.start()
        assert eventually(lambda: len(client._pool._waiting) == QUEUED - LINES + 1)
        desk.open()
        for run in (*runs, late):
            run.join()


def by_tasks(url: str, desk: Desk) -> None:
    """Runs of both tenants in tasks."""

    async def run() -> None:
        async with AsyncClient(Connection("sk_test_many", base_url=url), PATIENT) as client:
            few = Connection("sk_test_few", base_url=url)
            many = [asyncio.create_task(client.run(READ)) for _ in range(QUEUED)]
            await asyncio.sleep(0)
            late = asyncio.create_task(client.run(READ, connection=few))
            await asyncio.sleep(0)
            assert len(client._pool._waiting) == QUEUED - LINES + 1
            desk.open()
            await asyncio.gather(late, *many)

    asyncio.run(run())


@pytest.mark.parametrize("run", [by_threads, by_tasks])
def test_many_runs_of_one_hold_up_no_other(
    run: Callable[[str, Desk], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Behind hundreds of runs of another tenant, a run is served within the next round."""
    monkeypatch.setattr(pool, "MOST", LINES)
    desk = Desk()
    with Place(desk) as place:
        run(place.url, desk)
    assert len(desk.served) == QUEUED + 1
    assert desk.served.index("Bearer sk_test_few") <= 2 * LINES + 1
