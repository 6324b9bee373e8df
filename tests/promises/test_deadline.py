"""A deadline bounds the whole run: its turn, a connection, every attempt and the delays between."""

import asyncio
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from socket import socket
from typing import Any

import pytest
from network_support import Place, answer, eventually, requests, silent
from support import made

from stripe_plugin import AsyncClient, Client, Connection, Host, Policy, RunContext, StripeError
from stripe_plugin.client.pool import MOST
from stripe_plugin.errors import ConnectionFailed

SHORT = 0.3  # seconds of a deadline
SOON = 10.0  # seconds in which the slowest machine is done with what has such a deadline
EVER = 60.0  # seconds that are as good as for ever
PATIENT = Policy(timeout=EVER, budget=EVER)
NO_TURN = 1 / EVER  # requests a second
CREATE = made("create_customer", {"Name": "J"})
NO_TIME = "left no time to send it. Nothing was executed."

Opened = Callable[[Connection], Any]


class Threads:
    """Runs of one `Client`."""

    def __init__(self, who: Connection) -> None:
        self._client = Client(who, PATIENT)

    def hold_all_lines(self) -> list[Any]:
        """Takes every connection that the client may have."""
        return [self._client._pool.free(ends=0.0) for _ in range(MOST)]

    def run(self, *deadlines: float | None) -> list[Any]:
        """What comes of runs that are begun one after the other, all at once."""
        with self._client as client, ThreadPoolExecutor(len(deadlines)) as pool:

            def one(deadline: float | None) -> Any:
                try:
                    return client.run(CREATE, RunContext(deadline=deadline))
                except StripeError as error:
                    return error

            return list(pool.map(one, deadlines))


class Tasks:
    """Runs of one `AsyncClient`."""

    def __init__(self, who: Connection) -> None:
        self._client = AsyncClient(who, PATIENT)

    def hold_all_lines(self) -> list[Any]:
        """Takes every connection that the client may have."""
        return [self._client._pool.free(ends=0.0) for _ in range(MOST)]

    def run(self, *deadlines: float | None) -> list[Any]:
        """What comes of runs that are begun one after the other, all at once."""

        async def all_of_them() -> list[Any]:
            async with self._client as client:
                contexts = [RunContext(deadline=deadline) for deadline in deadlines]
                runs = [client.run(CREATE, context) for context in contexts]
                return await asyncio.gather(*runs, return_exceptions=True)

        return asyncio.run(all_of_them())


both = pytest.mark.parametrize("side", [Threads, Tasks])


@pytest.fixture
def soon() -> Iterator[None]:
    """The test is over long before anything that is not bounded would be."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < SOON


def there(place: Place, rate: float | None = None) -> Connection:
    """A connection to a place, with a key that no other test paces."""
    return Connection(f"sk_test_deadline{place.port}", base_url=place.url, rate=rate)


@both
@pytest.mark.usefixtures("soon")
def test_an_answer_is_waited_for_until_the_deadline(side: Any) -> None:
    """A server that says nothing holds nobody longer; that it may be executed is told."""
    with Place(silent) as place:
        [error] = side(there(place)).run(SHORT)
    assert isinstance(error, ConnectionFailed)
    assert (error.attempts, error.outcome_unknown) == (1, True)
    assert "did not answer in time" in error.message


@both
@pytest.mark.usefixtures("soon")
def test_no_attempt_comes_after_the_deadline(side: Any) -> None:
    """What Stripe wants to be asked again later is not: its refusal is the run's."""

    def busy(peer: socket) -> None:
        for _ in requests(peer):
            answer(peer, {"error": {"message": "Busy."}}, status=503, retry_after=30)

    with Place(busy) as place:
        [error] = side(there(place)).run(SHORT)
    assert (error.status, error.attempts, error.message) == (503, 1, "Busy.")
    assert error.retryable


@both
@pytest.mark.usefixtures("soon")
def test_a_turn_that_comes_too_late_is_not_waited_for(side: Any) -> None:
    """A run behind others at its rate ends in time, also if they wait there; nothing is sent."""
    with Place() as place:
        who = there(place, NO_TURN)
        assert side(who).run(None)[0].output["id"] == "cus_1"
        late = side(who).run(SHORT, SHORT, SHORT)
        assert place.met == 1
    assert all(isinstance(error, ConnectionFailed) for error in late)
    assert all(error.message.endswith(NO_TIME) for error in late)
    assert not any(error.outcome_unknown for error in late)


@pytest.mark.usefixtures("soon")
def test_no_deadline_waits_behind_those_who_have_none() -> None:
    """Runs that wait for their turn for ever do not keep one with a deadline waiting, too."""
    with Place() as place, ThreadPoolExecutor(2) as pool:
        client = Client(there(place, NO_TURN), PATIENT)
        client.run(CREATE)
        for_ever = [pool.submit(client.run, CREATE) for _ in range(2)]
        assert eventually(lambda: all(run.running() for run in for_ever))
        with pytest.raises(ConnectionFailed, match="left no time"):
            client.run(CREATE, RunContext(deadline=SHORT))
        client.close()  # which ends their waiting
        assert all("closed" in str(run.exception()) for run in for_ever)


@both
def test_runs_with_a_deadline_keep_to_their_rate(side: Any) -> None:
    """Those who get their turn in time are sent at it, none before."""
    arrived: list[float] = []

    def noting(peer: socket) -> None:
        for _ in requests(peer):
            arrived.append(time.monotonic())
            answer(peer, {"id": "cus_1", "object": "customer"})

    with Place(noting) as place:
        began = time.monotonic()
        results = side(there(place, rate=50)).run(*[EVER] * 20)
    assert [result.output["id"] for result in results] == ["cus_1"] * 20
    turns = sorted(arrived)
    assert all(at - began >= number / 50 - 0.001 for number, at in enumerate(turns))
    assert all(later >= earlier for earlier, later in pairwise(turns))


@both
@pytest.mark.parametrize("rate", [None, 1000.0])
@pytest.mark.usefixtures("soon")
def test_a_connection_is_waited_for_until_the_deadline(side: Any, rate: float | None) -> None:
    """Where all connections are in use for long, a run ends in time, and nothing is sent."""
    with Place() as place:
        opened = side(there(place, rate))
        held = opened.hold_all_lines()
        [error] = opened.run(SHORT)
        assert place.met == 0
    assert len(held) == MOST
    assert error.message.endswith(NO_TIME)
    assert not error.outcome_unknown


@both
def test_a_deadline_that_is_kept_changes_nothing(side: Any) -> None:
    """A run that is done in time gives what it gives without a deadline."""
    with Place() as place:
        [bounded, free] = side(there(place)).run(EVER, None)
    assert bounded.output == free.output == {"id": "cus_1", "object": "customer"}


@pytest.mark.usefixtures("soon")
def test_a_deadline_is_an_option() -> None:
    """What a form, a flow or a terminal says under Deadline is what the run is bounded by."""
    bounded = {"Deadline": str(SHORT)}
    with (
        Place(silent) as place,
        Host.load(policy=PATIENT) as host,
        pytest.raises(ConnectionFailed, match="in time"),
    ):
        host.run("create_customer", {"Name": "J"}, options=bounded, connection=there(place))
