"""How does a whole list come over HTTP? As lines of JSON, each as soon as Stripe has given it."""

import json
import logging
from asyncio import FIRST_COMPLETED, Task, create_task, wait
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from stripe_hosts.problem import problem, problem_of
from stripe_plugin.errors import NodeError
from stripe_plugin.host.entries import Entries
from stripe_plugin.secrets import said

logger = logging.getLogger("stripe_hosts")
LINES = "application/jsonl"
Entry = Mapping[str, Any]


async def streamed(entries: Entries, headers: Mapping[str, str] | None = None) -> Response:
    """The answer that has them; whoever goes away ends it.

    What Stripe refuses at the first page is raised: then there is an answer of another status.
    """
    try:
        first = await anext(entries, None)
    except BaseException:
        await entries.aclose()
        raise
    return Lines(entries, first, headers)


class Lines(Response):
    """A line `{"data": …}` for each entry, and a last one that tells how it ended.

    That has `has_more`, `cursor` and `requests`; behind an error the members of a problem as well.
    """

    media_type = LINES

    def __init__(
        self, entries: Entries, first: Entry | None, headers: Mapping[str, str] | None
    ) -> None:
        super().__init__(headers=headers)
        del self.headers["content-length"]
        self._entries = entries
        self._first = first

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends them until the last one, or until nobody is there any more."""
        request = Request(scope, receive)
        sending = create_task(self._send(send))
        leaving = create_task(_gone(request))
        try:
            await wait([sending, leaving], return_when=FIRST_COMPLETED)
        finally:
            await _ended(sending, leaving)
            await self._entries.aclose()

    async def _send(self, send: Send) -> None:
        start = {"type": "http.response.start", "status": 200, "headers": self.raw_headers}
        await send(start)
        async for line in self._lines():
            text = json.dumps(line, separators=(",", ":")) + "\n"
            part = {"type": "http.response.body", "body": text.encode(), "more_body": True}
            await send(part)
        await send({"type": "http.response.body", "body": b""})

    async def _lines(self) -> AsyncGenerator[Entry]:
        failed: Mapping[str, Any] = {}
        if self._first is not None:
            yield {"data": self._first}
        try:
            async for entry in self._entries:
                yield {"data": entry}
        except NodeError as error:
            failed = problem_of(error)
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises
            failed = _unexpected(error)
        yield {**failed, **_so_far(self._entries)}


def _so_far(entries: Entries) -> Entry:
    """How far it came, and where another request goes on."""
    return {"has_more": entries.has_more, "cursor": entries.cursor, "requests": entries.requests}


def _unexpected(error: Exception) -> Entry:
    logger.error("A list ended with something unexpected: %s", said(error))
    return problem("unexpected", f"Something unexpected: {said(error)}")


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _ended(sending: Task[None], leaving: Task[None]) -> None:
    """Neither goes on; a fault of ours in the sending is told."""
    for task in (sending, leaving):
        task.cancel()
    await wait([sending, leaving])
    if not sending.cancelled() and (fault := sending.exception()):
        raise fault
