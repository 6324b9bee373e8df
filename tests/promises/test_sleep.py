"""A machine that sleeps in the middle of a run does not execute it twice when it wakes."""

import socket
import time

import pytest
from driving import AT_ONCE, begun
from network_support import Place, requests, reset
from support import made

from stripe_plugin import Client, Connection, Policy, RunContext, StripeError
from stripe_plugin.run import pace
from stripe_plugin.run.exchange import Exchange, Send
from stripe_plugin.wire.reply import Answer, Lost, Reply

HOUR = 3600.0
CUT = Lost("Stripe hung up.", sent=True)
UNREACHED = Lost("Stripe could not be reached.", sent=False)
BUSY = Reply(429, {}, b"{}")
OK = Reply(200, {}, b'{"id": "cus_1", "object": "customer"}')
DECLINED = Reply(400, {}, b'{"error": {"type": "invalid_request_error"}}')


class Wall:
    """The clock on the wall, which goes on while the machine sleeps."""

    def __init__(self) -> None:
        self.slept, self._time = 0.0, time.time

    def __call__(self) -> float:
        """Unix seconds."""
        return self._time() + self.slept


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    """The clock that this process reads; the monotonic one sleeps with the machine."""
    clock = Wall()
    monkeypatch.setattr(time, "time", clock)
    return clock


def next_send(talk: Exchange, answer: Answer | None) -> Send:
    """The next attempt, whatever is waited before it."""
    command = talk.send(answer)
    return command if isinstance(command, Send) else next_send(talk, None)


@pytest.mark.parametrize("name", ["create_customer", "delete_customer"])
@pytest.mark.parametrize("hours", [23.1, 26.0, 1000.0])
def test_what_may_be_done_is_not_repeated_after_a_long_sleep(
    wall: Wall, name: str, hours: float
) -> None:
    """A key that Stripe may have forgotten is not sent again: one is told what to look for."""
    talk = begun(made(name))
    next_send(talk, None)
    talk.send(CUT)
    wall.slept += hours * HOUR
    with pytest.raises(StripeError) as caught:
        talk.send(None)
    error = caught.value
    assert (error.category, error.code, error.outcome_unknown) == (
        "unreconciled",
        "key_expired",
        True,
    )
    assert error.attempts == 1
    assert "look at Stripe" in error.message


@pytest.mark.parametrize(
    ("answer", "hours"), [(CUT, 22.9), (UNREACHED, 26.0), (BUSY, 26.0)], ids=repr
)
def test_what_is_not_done_is_sent_after_any_sleep(wall: Wall, answer: Answer, hours: float) -> None:
    """Within Stripe's memory, or where nothing can have been executed, the run goes on."""
    talk = begun(made("create_customer"))
    first = next_send(talk, None)
    talk.send(answer)
    wall.slept += hours * HOUR
    again = next_send(talk, None)
    assert again.headers == first.headers
    with pytest.raises(StopIteration) as done:
        talk.send(OK)
    assert done.value.value.attempts == 2


def test_a_read_is_repeated_after_any_sleep(wall: Wall) -> None:
    """Nothing is executed by a read."""
    talk = begun(made("retrieve_customer"))
    next_send(talk, None)
    talk.send(CUT)
    wall.slept += 1000 * HOUR
    assert next_send(talk, None)


def test_the_age_counts_from_the_first_attempt_that_may_have_worked(wall: Wall) -> None:
    """Attempts that Stripe refused are forgotten; those before a sleep are not made young again."""
    talk = begun(made("create_customer"))
    next_send(talk, None)
    talk.send(BUSY)
    wall.slept += 30 * HOUR
    next_send(talk, None)  # nothing was done by then
    talk.send(CUT)
    wall.slept += 20 * HOUR
    next_send(talk, None)
    talk.send(CUT)
    wall.slept += 4 * HOUR  # 24 since the first that may have worked
    with pytest.raises(StripeError, match="too long ago"):
        talk.send(None)


def test_a_sleep_while_waiting_for_a_turn_sends_nothing(
    wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A retry that has to wait for its rate, and sleeps there, is not sent when it wakes."""

    def behave(peer: socket.socket) -> None:
        for request in requests(peer):
            asked.append(request)
            reset(peer)

    def turn(*_: object) -> float:
        if asked:  # the first attempt is lost; before the second the machine sleeps
            wall.slept = 26 * HOUR
        return 0.0

    asked: list[object] = []
    monkeypatch.setattr(pace, "reserve", turn)
    policy = Policy(retries=3, first_delay=0.0, longest_delay=0.0)
    with Place(behave) as place:
        connection = Connection("sk_test_sleepy", base_url=place.url, rate=5)
        with Client(connection, policy) as client, pytest.raises(StripeError) as caught:
            client.run(made("create_customer"))
    assert (caught.value.code, caught.value.outcome_unknown) == ("key_expired", True)
    assert len(asked) == 1


def test_an_earlier_process_is_older_than_this_one(wall: Wall) -> None:
    """What was begun by an earlier process ages from there, also within a run."""
    context = RunContext(run_id="r", begun=time.time() - 22 * HOUR)
    talk = begun(made("create_customer"), context, AT_ONCE)
    next_send(talk, None)
    talk.send(BUSY)
    wall.slept += 2 * HOUR
    with pytest.raises(StripeError, match="too long ago"):
        talk.send(None)


def test_a_settled_refusal_ends_the_worry(wall: Wall) -> None:
    """Once Stripe says in its own words that it is refused, nothing may have been executed."""
    talk = begun(made("create_customer"))
    next_send(talk, None)
    talk.send(CUT)
    next_send(talk, None)
    wall.slept += 30 * HOUR
    with pytest.raises(StripeError) as caught:
        talk.send(DECLINED)
    assert not caught.value.outcome_unknown
