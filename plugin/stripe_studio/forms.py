"""What does a form bring to an address that it is sent to?"""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

Fields = dict[str, str]
Pairs = list[tuple[str, str]]
Endpoint = Callable[[Request], Awaitable[Response]]
T = TypeVar("T")
Work = Callable[[Request, T], Response]
MOST_DIGITS = 15


def pairs_of(body: bytes) -> Pairs:
    """The fields of a form, as a browser sends them."""
    text = body.decode("utf-8", "replace")
    return parse_qsl(text, keep_blank_values=True)


def fields_of(body: bytes) -> Fields:
    """The same by name, where no name stands twice."""
    return dict(pairs_of(body))


def sent_as(read: Callable[[bytes], T], work: Work[T]) -> Endpoint:
    """An endpoint that does `work`, in a thread, with what a form's body is read as."""

    async def endpoint(request: Request) -> Response:
        sent = read(await request.body())
        return await run_in_threadpool(work, request, sent)

    return endpoint


def posted(work: Work[Fields]) -> Endpoint:
    """The same with the form's fields."""
    return sent_as(fields_of, work)


def whole(text: str) -> int | None:
    """The whole number that a text is, from 0 on; None if it is none, or longer than any here."""
    digits = text.strip()
    is_number = digits.isascii() and digits.isdecimal()
    return int(digits) if is_number and len(digits) <= MOST_DIGITS else None
