"""Who moves the bytes? `Client` and `AsyncClient`, two thin drivers of one exchange."""

import asyncio
import time
from collections.abc import Generator
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from functools import cache
from typing import Any

import httpx

from stripe_plugin.connection import Connection
from stripe_plugin.contract import Action
from stripe_plugin.exchange import Attempt, Policy, RunContext, exchange
from stripe_plugin.wire import Lost, Reply, Result

Talk = Generator[Attempt | Result, Reply | Lost]
Heard = httpx.Response | httpx.HTTPError
Who = Connection | None  # another account at the same place, for one run only
Run = RunContext | None
_tls = cache(httpx.create_ssl_context)  # once: reading certificates costs more than a request
_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)


def _options(connection: Connection) -> dict[str, Any]:
    """How httpx reaches this place: the sandbox in process, loopback without TLS and proxies."""
    if connection.world is not None:
        from stripe_plugin.sandbox import SandboxTransport

        return {"transport": SandboxTransport(connection.world)}
    https = connection.base_url.startswith("https:")
    return {"verify": _tls() if https else False, "trust_env": https, "follow_redirects": False}


def _message(connection: Connection, attempt: Attempt) -> httpx.Request:
    """The only place where a key is revealed."""
    return httpx.Request(
        attempt.request.method,
        connection.base_url + attempt.request.target,
        headers={**attempt.headers, "Authorization": f"Bearer {connection.api_key.reveal()}"},
        content=attempt.request.body,
        extensions={"timeout": httpx.Timeout(attempt.timeout).as_dict()},
    )


def _reply(heard: Heard) -> Reply | Lost:
    if isinstance(heard, httpx.Response):
        headers = {name.lower(): text for name, text in heard.headers.items()}
        return Reply(heard.status_code, headers, heard.content)
    sent = not isinstance(heard, _NEVER_SENT)
    what = "did not answer in time" if isinstance(heard, httpx.TimeoutException) else "hung up"
    reason = f"Stripe {what}" if sent else "Stripe could not be reached"
    return Lost(f"{reason} ({type(heard).__name__}).", sent)


def _talk(action: Action, who: Connection, context: Run, policy: Policy) -> Talk:
    """The exchange, saying its result as its last word."""
    yield (yield from exchange(action, who, context or RunContext(), policy))


class Client(AbstractContextManager["Client"]):
    """Runs actions over reused connections. Safe across threads; a context manager."""

    def __init__(self, connection: Connection, policy: Policy | None = None) -> None:
        self.connection, self.policy = connection, policy or Policy()
        self._http = httpx.Client(**_options(connection))

    def run(self, action: Action, context: Run = None, *, connection: Who = None) -> Result:
        """Stripe's answer. Raises `InvalidInputs`, with nothing sent, or `StripeError`."""
        who = connection or self.connection
        talk = _talk(action, who, context, self.policy)
        step = next(talk)
        while isinstance(step, Attempt):
            time.sleep(step.delay)
            try:
                heard: Heard = self._http.send(_message(who, step))
            except httpx.HTTPError as error:
                heard = error
            step = talk.send(_reply(heard))
        return step

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient(AbstractAsyncContextManager["AsyncClient"]):
    """The same for asyncio, safe across tasks."""

    def __init__(self, connection: Connection, policy: Policy | None = None) -> None:
        self.connection, self.policy = connection, policy or Policy()
        self._http = httpx.AsyncClient(**_options(connection))

    async def run(self, action: Action, context: Run = None, *, connection: Who = None) -> Result:
        """As `Client.run`."""
        who = connection or self.connection
        talk = _talk(action, who, context, self.policy)
        step = next(talk)
        while isinstance(step, Attempt):
            await asyncio.sleep(step.delay)
            try:
                heard: Heard = await self._http.send(_message(who, step))
            except httpx.HTTPError as error:
                heard = error
            step = talk.send(_reply(heard))
        return step

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
