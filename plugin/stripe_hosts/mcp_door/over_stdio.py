"""How is it served to the program that started it? Over stdin and stdout, a message a line.

Nothing else comes to stdout. The end of stdin, SIGTERM and Ctrl-C end it alike: once what was asked
is answered.
"""

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator, Generator, Mapping
from contextlib import contextmanager, suppress
from typing import IO, Any

from mcp.server.stdio import stdio_server

from stripe_hosts.mcp_door.door import Door
from stripe_hosts.mcp_door.versions import server
from stripe_hosts.offer import Offer
from stripe_plugin.client.network import within
from stripe_plugin.judge.values import is_object

Files = tuple[IO[str], IO[str]]
WAITING = "Stopping: waits for what is on its way ({}).\n"
LAST_SECONDS = 60.0  # for what is on its way when the end comes


def serve(offer: Offer) -> None:
    """Serves until the end of stdin, or a signal."""
    asyncio.run(_serve(offer, _claimed()))


async def _serve(offer: Offer, files: Files) -> None:
    door = Door(offer)
    made = server(door)
    talk: Any = Talk(*files)
    with talk.ended_by_signals():
        async with offer.host, stdio_server(talk, talk) as streams:
            await made.run(*streams, made.create_initialization_options())
            with suppress(TimeoutError):
                async with within(LAST_SECONDS):
                    await door.settled()


def _claimed() -> Files:
    """The two streams for us alone: whatever a plugin prints goes to stderr."""
    stdin, stdout = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    incoming = open(stdin, encoding="utf-8", errors="replace", newline="\n")  # noqa: PTH123, SIM115
    outgoing = open(stdout, "w", encoding="utf-8", newline="\n")  # noqa: PTH123, SIM115
    return incoming, outgoing


class Talk:
    """The lines of both streams, in the shape of a file that the library takes.

    A thread that nobody waits for reads them: no signal gets past one that is waited for.
    """

    def __init__(self, incoming: IO[str], outgoing: IO[str]) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._lines = asyncio.Queue[str | None]()
        self._loop = asyncio.get_running_loop()
        self._unanswered = dict[str, None]()
        self._answered = asyncio.Event()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        with suppress(RuntimeError):  # the loop has ended
            for line in self._incoming:
                self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
            self._loop.call_soon_threadsafe(self.end)

    def end(self) -> None:
        """No more is read."""
        self._lines.put_nowait(None)

    @contextmanager
    def ended_by_signals(self) -> Generator[None]:
        """Takes what would kill the process for the end of stdin."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        with suppress(NotImplementedError):  # on Windows
            for number in numbers:
                self._loop.add_signal_handler(number, self.end)
        yield

    async def __aiter__(self) -> AsyncIterator[str]:
        """The lines, until all that they ask is answered."""
        while (line := await self._lines.get()) is not None:
            self._note(line)
            yield line
        if self._unanswered:
            sys.stderr.write(WAITING.format(len(self._unanswered)))
            sys.stderr.flush()
        with suppress(TimeoutError):
            async with within(LAST_SECONDS):
                await self._all_answered()

    async def _all_answered(self) -> None:
        while self._unanswered:
            self._answered.clear()
            await self._answered.wait()

    def _note(self, line: str) -> None:
        """Remembers what is asked, and forgets what is taken back."""
        message = _object(line)
        if message.get("method") == "notifications/cancelled":
            params: Mapping[str, Any] = message.get("params") or {}
            self._settle(params.get("requestId"))
        elif "method" in message and "id" in message:
            self._unanswered[json.dumps(message["id"])] = None

    def _settle(self, identity: Any) -> None:
        self._unanswered.pop(json.dumps(identity), None)
        self._answered.set()

    async def write(self, line: str) -> None:
        """Writes a message; if nobody reads any more, nobody."""
        with suppress(BrokenPipeError):
            self._outgoing.write(line)
            self._outgoing.flush()
        message = _object(line)
        if "method" not in message:
            self._settle(message.get("id"))

    async def flush(self) -> None:
        """Every line is written at once."""


def _object(line: str) -> Mapping[str, Any]:
    """A message; what is none is left to the library."""
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if is_object(found) else {}
