"""An exchange driven by hand: each command is kept, and answered as told."""

from collections.abc import Mapping

from stripe_plugin import Action, Connection, Policy, Result, RunContext, StripeError
from stripe_plugin.run.exchange import Command, Exchange, Send, Wait, exchange
from stripe_plugin.wire.reply import Answer

CONNECTION = Connection("sk_test_51HxVerySecretKey")
AT_ONCE = Policy(first_delay=0.0, longest_delay=0.0)


class Driven:
    """What came of an exchange: its commands, and its result or its error."""

    def __init__(self) -> None:
        self.commands: list[Command] = []
        self.result: Result | None = None
        self.error: StripeError | None = None

    @property
    def attempts(self) -> list[Send]:
        """What was sent."""
        return [command for command in self.commands if isinstance(command, Send)]

    @property
    def waits(self) -> list[float]:
        """The seconds waited before each further attempt."""
        return [command.seconds for command in self.commands if isinstance(command, Wait)]

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the first attempt."""
        return self.attempts[0].headers

    @property
    def failure(self) -> StripeError:
        """What the exchange raised."""
        assert self.error is not None, "the exchange succeeded"
        return self.error


def begun(
    action: Action,
    context: RunContext | None = None,
    policy: Policy = AT_ONCE,
    connection: Connection = CONNECTION,
) -> Exchange:
    """An exchange that has not said its first command yet."""
    return exchange(action, connection, context or RunContext(), policy)


def first(talk: Exchange) -> Send:
    """The first command of an exchange, which is to send."""
    command = next(talk)
    assert isinstance(command, Send)
    return command


def drive(talk: Exchange, *answers: Answer) -> Driven:
    """Answers each `Send` with the next of the answers, the last one for ever."""
    driven = Driven()
    given = iter(answers)
    last: Answer = answers[-1]
    answer: Answer | None = None
    try:
        while True:
            command = talk.send(answer)
            driven.commands.append(command)
            answer = None
            if isinstance(command, Send):
                answer = last = next(given, last)
    except StopIteration as done:
        driven.result = done.value
    except StripeError as error:
        driven.error = error
    return driven
