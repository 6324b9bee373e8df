"""How is the emulator put under httpx: no socket, the same answers, the same timeouts?"""

import math
import time
from functools import partial
from typing import TYPE_CHECKING

import httpx

from stripe_emulator.faults import Cut, Patience, TimedOut, asked_in_thread, patience

if TYPE_CHECKING:
    from stripe_emulator.emulator import Emulator
    from stripe_emulator.message import Answer

_LATE = "The emulator's answer came later than the read timeout"
_TRUNCATED = "peer closed connection without sending complete message body"
_SILENT = "Server disconnected without sending a response."


class EmulatorTransport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Give it to `httpx.Client` or `httpx.AsyncClient`; every host is the emulator.

    httpx's read timeout holds: an answer that a fault delays beyond it is a ReadTimeout, and what
    was asked is executed all the same, as by a server.
    """

    def __init__(self, emulator: "Emulator") -> None:
        self._emulator = emulator

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answer a synchronous request."""
        return self._answered(request, request.read(), _patience(request))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Answer an asynchronous request, in a thread that ends soon when it is cancelled."""
        body = await request.aread()
        ask = partial(self._answered, request, body)
        return await asked_in_thread(ask, _patience(request))

    def _answered(self, request: httpx.Request, body: bytes, caller: Patience) -> httpx.Response:
        try:
            with patience(caller):
                answer = self._asked(request, body)
        except TimedOut:
            raise httpx.ReadTimeout(_LATE, request=request) from None
        except Cut as cut:
            raise _broken(cut, request) from None
        if answer.cut:
            raise httpx.RemoteProtocolError(_TRUNCATED, request=request)
        return httpx.Response(
            answer.status, headers=answer.headers, content=answer.body, request=request
        )

    def _asked(self, request: httpx.Request, body: bytes) -> "Answer":
        target = request.url.raw_path.decode("ascii")
        return self._emulator.answer(request.method, target, request.headers, body)


def _patience(request: httpx.Request) -> Patience:
    seconds = request.extensions.get("timeout", {}).get("read")
    return Patience(math.inf if seconds is None else time.monotonic() + seconds)


def _broken(cut: Cut, request: httpx.Request) -> httpx.TransportError:
    if cut.executed:
        return httpx.RemoteProtocolError(_SILENT, request=request)
    return httpx.ReadError("Connection reset by peer", request=request)
