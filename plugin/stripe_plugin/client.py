"""Who moves the bytes? `Client` and `AsyncClient`, two thin drivers of one exchange."""

import asyncio
import time
from functools import cache
from ssl import SSLContext
from typing import Any, Self

import httpx

from stripe_plugin.connection import Connection
from stripe_plugin.contract import Action
from stripe_plugin.exchange import Attempt, Policy, RunContext, exchange
from stripe_plugin.wire import Lost, Reply, Result

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@cache
def _tls() -> SSLContext:
    """Made once: reading the certificates costs more than a request."""
    return httpx.create_ssl_context()


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


def _reply(response: httpx.Response) -> Reply:
    headers = {name.lower(): text for name, text in response.headers.items()}
    return Reply(response.status_code, headers, response.content)


def _lost(error: httpx.HTTPError) -> Lost:
    sent = not isinstance(error, _NEVER_SENT)
    what = "did not answer in time" if isinstance(error, httpx.TimeoutException) else "hung up"
    reason = f"Stripe {what}" if sent else "Stripe could not be reached"
    return Lost(f"{reason} ({type(error).__name__}).", sent)


class Client:
    """Runs actions over reused connections. Safe across threads; a context manager."""

    def __init__(self, connection: Connection, policy: Policy | None = None) -> None:
        self.connection, self.policy = connection, policy or Policy()
        self._http = httpx.Client(**_options(connection))

    def run(
        self,
        action: Action,
        context: RunContext | None = None,
        *,
        connection: Connection | None = None,
    ) -> Result:
        """Stripe's answer. Raises `InvalidInputs`, with nothing sent, or `StripeError`.

        `connection`: another account at the same place, for this run only.
        """
        who = connection or self.connection
        talk = exchange(action, who, context or RunContext(), self.policy)
        attempt = next(talk)
        while True:
            time.sleep(attempt.delay)
            try:
                reply: Reply | Lost = _reply(self._http.send(_message(who, attempt)))
            except httpx.HTTPError as error:
                reply = _lost(error)
            try:
                attempt = talk.send(reply)
            except StopIteration as done:
                result: Result = done.value
                return result

    def close(self) -> None:
        """Closes the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncClient:
    """The same for asyncio, safe across tasks."""

    def __init__(self, connection: Connection, policy: Policy | None = None) -> None:
        self.connection, self.policy = connection, policy or Policy()
        self._http = httpx.AsyncClient(**_options(connection))

    async def run(
        self,
        action: Action,
        context: RunContext | None = None,
        *,
        connection: Connection | None = None,
    ) -> Result:
        """As `Client.run`."""
        who = connection or self.connection
        talk = exchange(action, who, context or RunContext(), self.policy)
        attempt = next(talk)
        while True:
            await asyncio.sleep(attempt.delay)
            try:
                reply: Reply | Lost = _reply(await self._http.send(_message(who, attempt)))
            except httpx.HTTPError as error:
                reply = _lost(error)
            try:
                attempt = talk.send(reply)
            except StopIteration as done:
                result: Result = done.value
                return result

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()
