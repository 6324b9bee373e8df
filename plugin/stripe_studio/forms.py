"""What does a small form bring, one that no manifest draws?"""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

Fields = dict[str, str]
Work = Callable[[Request, Fields], Response]
MOST_DIGITS = 15


def posted(work: Work) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that does `work` with the form's fields, in a thread."""

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        text = body.decode("utf-8", "replace")
        fields = dict(parse_qsl(text, keep_blank_values=True))
        return await run_in_threadpool(work, request, fields)

    return endpoint


def whole(text: str) -> int | None:
    """The whole number that a text is, from 0 on; None if it is none, or longer than any here."""
    digits = text.strip()
    is_number = digits.isascii() and digits.isdecimal()
    return int(digits) if is_number and len(digits) <= MOST_DIGITS else None
