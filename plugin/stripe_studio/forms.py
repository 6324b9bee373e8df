"""What does a small form bring, one that no manifest draws?"""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

Fields = dict[str, str]
Work = Callable[[Request, Fields], Response]


def posted(work: Work) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that does `work` with the form's fields, in a thread; of a name the last counts."""

    async def endpoint(request: Request) -> Response:
        body = await request.body()
        pairs = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        return await run_in_threadpool(work, request, dict(pairs))

    return endpoint
