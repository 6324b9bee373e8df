"""What does each part of a run cost alone, beside reading the answer's JSON?"""

import json
from collections.abc import Callable

import attrs

from stripe_benchmarks.answers import product_message
from stripe_benchmarks.contenders.kinds import KEY
from stripe_benchmarks.figure import Figure, Setting
from stripe_benchmarks.rounds import interleaved
from stripe_nodes import CreatePrice
from stripe_plugin import Connection, Policy, RunContext
from stripe_plugin.run.exchange import exchange
from stripe_plugin.run.result import Course, result
from stripe_plugin.wire.reply import Reply, verdict

TIMES = 2_000  # in a slice
FORM = {
    "Product": "prod_123",
    "Currency": "usd",
    "Unit Amount": "1500",
    "Recurring": {"interval": "month"},
    "Nickname": "Monthly",
}
BODY = product_message().partition(b"\r\n\r\n")[2]
HEADERS = {"request-id": "req_1", "stripe-should-retry": "false"}
CONNECTION = Connection(KEY)
POLICY = Policy()
PRICE = CreatePrice.read(FORM)
READ = Reply(200, HEADERS, BODY)
verdict(READ)  # which reads its JSON
COURSE = Course(1, outcome_unknown=False, idempotency_key=None, mode="test", retryable=False)


def read() -> object:
    """A form becomes an action, judged."""
    return CreatePrice.read(FORM)


def read_and_request() -> object:
    """A form becomes what is sent."""
    return CreatePrice.read(FORM).request()


def judge_reply() -> object:
    """An answer is understood, its JSON included."""
    return verdict(Reply(200, HEADERS, BODY))


def conclude() -> object:
    """An answer that was understood becomes a result."""
    return result(READ, COURSE)


def whole_exchange() -> object:
    """Everything of a run but the network."""
    talk = exchange(PRICE, CONNECTION, RunContext(), POLICY)
    next(talk)
    try:
        talk.send(Reply(200, HEADERS, BODY))
    except StopIteration as done:
        return done.value
    raise RuntimeError("The exchange goes on after a readable success")


def read_json() -> object:
    """What cannot be saved: the body as Python's objects."""
    return json.loads(BODY)


@attrs.frozen
class Part:
    """What is done alone."""

    name: str
    do: Callable[[], object]
    ours: bool = True

    def repeat(self, times: int) -> None:
        """So many times."""
        for _ in range(times):
            self.do()


PARTS = (
    Part("read", read),
    Part("read and request", read_and_request),
    Part("verdict", judge_reply),
    Part("result", conclude),
    Part("exchange", whole_exchange),
    Part("json.loads", read_json, ours=False),
)


def parts(setting: Setting) -> list[Figure]:
    """Of each part, and of the JSON."""
    slices = {part.name: part.repeat for part in PARTS}
    spent = interleaved(slices, runs=TIMES, rounds=setting.rounds)
    return setting.figures(PARTS, spent)
