"""The emulator in process, as a transport of httpx: no socket, the same answers."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx

from stripe_emulator.faults import Cut

if TYPE_CHECKING:
    from stripe_emulator.emulator import Answer, Emulator


class EmulatorTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Give it to ``httpx.Client`` or ``httpx.AsyncClient``; every host is the emulator."""

    def __init__(self, world: Emulator) -> None:
        self._world = world

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a synchronous request."""
        return self._answered(request, request.read())

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer an asynchronous request, in a thread so that delays block nobody."""
        body = await request.aread()
        return await asyncio.to_thread(self._answered, request, body)

    def _answered(self, request: httpx.Request, body: bytes) -> httpx.Response:
        target = request.url.raw_path.decode("ascii")
        try:
            answer = self._world.answer(request.method, target, request.headers, body)
        except Cut as cut:
            if cut.executed:
                message = "Server disconnected without sending a response."
                raise httpx.RemoteProtocolError(message, request=request) from None
            raise httpx.ReadError("Connection reset by peer", request=request) from None
        return _response(request, answer)


def _response(request: httpx.Request, answer: Answer) -> httpx.Response:
    if int(answer.headers["Content-Length"]) > len(answer.body):
        message = "peer closed connection without sending complete message body"
        raise httpx.RemoteProtocolError(message, request=request)
    return httpx.Response(
        answer.status, headers=answer.headers, content=answer.body, request=request
    )
