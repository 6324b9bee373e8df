"""Who asks a generator on? What it yields is done, and what comes of that is sent back."""

from collections.abc import Awaitable, Callable, Generator
from typing import TypeVar

Asked = TypeVar("Asked")
Got = TypeVar("Got")
Done = TypeVar("Done")


def driven(talk: Generator[Asked, Got | None, Done], obey: Callable[[Asked], Got | None]) -> Done:
    """What the generator comes to, once each thing that it asks for is done."""
    got: Got | None = None
    while True:
        try:
            asked = talk.send(got)
        except StopIteration as done:
            result: Done = done.value
            return result
        got = obey(asked)


async def adriven(
    talk: Generator[Asked, Got | None, Done], obey: Callable[[Asked], Awaitable[Got | None]]
) -> Done:
    """As `driven`, where what is asked for is awaited."""
    got: Got | None = None
    while True:
        try:
            asked = talk.send(got)
        except StopIteration as done:
            result: Done = done.value
            return result
        got = await obey(asked)
