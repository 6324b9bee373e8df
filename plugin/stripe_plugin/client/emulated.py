"""How is an emulator in this process asked? As a line asks Stripe, without a socket."""

import time
from functools import partial
from typing import TYPE_CHECKING

from stripe_emulator.faults import Cut, Patience, TimedOut, asked_in_thread, patience
from stripe_plugin.secrets import masked
from stripe_plugin.wire.reply import Answer, Lost, Reply

if TYPE_CHECKING:
    from stripe_emulator import Answer as EmulatorsAnswer
    from stripe_emulator import Emulator
    from stripe_plugin.client.connection import Connection
    from stripe_plugin.run.exchange import Send

LATE = "Stripe did not answer in time (the emulator's answer came later than the timeout)."
HUNG_UP = "Stripe hung up (the emulator broke the connection off)."


class _Emulated:
    """What both kinds of lines to an emulator are."""

    def __init__(self, emulator: "Emulator") -> None:
        self._emulator = emulator
        self.ends = 0.0  # of the run that has it, in seconds of the monotonic clock

    def close(self) -> None:
        """There is nothing to close: the emulator stays."""

    def _begin(self, send: "Send", began: float) -> Patience:
        self.ends = min(time.monotonic() + send.timeout, send.until(began))
        return Patience(self.ends)

    def _asked(
        self, connection: "Connection", send: "Send", began: float, caller: Patience
    ) -> Answer:
        try:
            with patience(caller):
                answer = self._answer(connection, send)
        except TimedOut:
            return _lost(LATE, began)
        except Cut:
            return _lost(HUNG_UP, began)
        if answer.cut:
            return _lost(HUNG_UP, began)
        headers = {name.lower(): masked(value) for name, value in answer.headers.items()}
        return Reply(answer.status, headers, answer.body, time.monotonic() - began)

    def _answer(self, connection: "Connection", send: "Send") -> "EmulatorsAnswer":
        request = send.request
        headers = {**send.headers, "Authorization": f"Bearer {connection.api_key.reveal()}"}
        body = request.body or b""
        return self._emulator.answer(request.method, request.target, headers, body)


def _lost(why: str, began: float) -> Lost:
    return Lost(why, sent=True, took=time.monotonic() - began)


class EmulatedLine(_Emulated):
    """For threads."""

    def ask(self, connection: "Connection", send: "Send", began: float) -> Answer:
        """As `Line.ask`."""
        return self._asked(connection, send, began, self._begin(send, began))


class AsyncEmulatedLine(_Emulated):
    """For asyncio: a thread asks, which ends soon when the task is cancelled."""

    async def ask(self, connection: "Connection", send: "Send", began: float) -> Answer:
        """As `Line.ask`."""
        ask = partial(self._asked, connection, send, began)
        return await asked_in_thread(ask, self._begin(send, began))
