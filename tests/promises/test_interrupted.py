"""An exception out of a signal handler ends a run wherever it strikes, and breaks nothing else.

Celery's soft time limit, pytest-timeout and Ctrl-C in a notebook are such exceptions.
"""

import gc
import os
import random
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import pytest
from network_support import Place, eventually, friendly
from support import made

from stripe_plugin import Client, Connection, Host, Policy, RunContext
from stripe_plugin.client.pool import MOST
from stripe_plugin.errors import StripeError

INTERRUPTIONS = int(os.environ.get("STRIPE_NODES_INTERRUPTIONS", "600"))
SOON = 0.0006  # seconds; a run takes about as long
ACTION = made("create_customer", {"Name": "J"})
READ = made("retrieve_customer", {"Customer ID": "cus_1"})

pytestmark = [
    pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there are no such signals here"),
    pytest.mark.usefixtures("frozen_heap"),
]


@pytest.fixture(autouse=True)
def _finalizers(monkeypatch: pytest.MonkeyPatch) -> None:
    """What strikes inside a finalizer cannot be raised: it is printed, but here nobody keeps it."""
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)


class SoftLimit(Exception):
    """As Celery's: an error of the ordinary kind."""


class Stop(BaseException):
    """As KeyboardInterrupt: no error of the ordinary kind."""


@contextmanager
def striking(kind: type[BaseException]) -> Iterator[Callable[[float], None]]:
    """Calls of what is given order an interruption in so many seconds; 0 calls it off."""

    def strike(_number: int, _frame: object) -> None:
        raise kind

    before = signal.signal(signal.SIGALRM, strike)
    try:
        yield lambda seconds: signal.setitimer(signal.ITIMER_REAL, seconds) and None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def interrupted(kind: type[BaseException], work: Callable[[], Any], times: int) -> int:
    """Does it so often, each time with an interruption on its way; how many struck."""
    struck, chance = 0, random.Random(7)  # noqa: S311 - the same luck each time
    with striking(kind) as order:
        for _ in range(times):
            try:
                try:
                    order(chance.uniform(1e-6, SOON))
                    work()
                finally:
                    order(0)
            except kind:
                struck += 1
            except StripeError as error:  # what an interruption inside of the library looks like
                assert error.category == "connection"  # noqa: PT017
                struck += 1
    return struck


def lines_in_use(client: Client) -> int:
    """Those that somebody holds, once tracebacks and their frames are gone."""
    gc.collect()
    return len(client._pool._in_use)


@pytest.mark.parametrize("kind", [SoftLimit, Stop])
@pytest.mark.parametrize("action", [ACTION, READ], ids=["write", "read"])
def test_nothing_is_lost(kind: type[BaseException], action: Any) -> None:
    """After any number of interruptions a client has all its lines, runs, and closes."""
    with Place(friendly) as place, ExitStack() as stack:
        client = stack.enter_context(Client(Connection("sk_test_stop", base_url=place.url)))
        struck = interrupted(kind, lambda: client.run(action), INTERRUPTIONS)
        assert struck > INTERRUPTIONS / 20
        assert eventually(lambda: lines_in_use(client) == 0)
        assert client.run(action).output["id"] == "cus_1"
    assert eventually(lambda: place.open == 0)


def test_a_full_pool_loses_no_turn() -> None:
    """Runs that wait for a line, for their rate or for a retry are interrupted without a trace."""
    with Place(friendly) as place:
        connection = Connection("sk_test_stop", base_url=place.url, rate=2_000)
        with Client(connection, Policy(retries=1, first_delay=0.001)) as client:
            held = [client._pool.free(1e12) for _ in range(MOST)]
            struck = interrupted(Stop, lambda: client.run(ACTION, RunContext(timeout=1)), 200)
            assert struck == 200
            for line in held:
                assert line is not None
                client._pool.give(line)
            del line, held
            assert len(client._pool._waiting) == 0
            assert interrupted(Stop, lambda: client.run(ACTION), 200) > 0
            assert eventually(lambda: lines_in_use(client) == 0)
            assert client.run(ACTION).output["id"] == "cus_1"


def test_a_host_goes_on() -> None:
    """A host whose runs are interrupted answers the next, of this thread and of others."""
    with Place(friendly) as place, Host.load() as host:
        connection = Connection("sk_test_stop", base_url=place.url)

        def run() -> Any:
            return host.run("create_customer", {"Name": "J"}, connection=connection)

        run()  # Python's own locks do not survive an interruption of an import
        interrupted(KeyboardInterrupt, run, INTERRUPTIONS // 2)
        others = [threading.Thread(target=run) for _ in range(4)]
        for other in others:
            other.start()
        for other in others:
            other.join()
        assert run().output["id"] == "cus_1"
