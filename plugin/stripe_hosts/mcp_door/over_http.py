"""How is it served over HTTP? Stateless, each answer one JSON document, at `/mcp`.

`/mcp` has all tools, `/mcp/price` only those of one resource, for clients that take few.
"""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import attrs
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from stripe_hosts.http import MADE_FOR, check_version
from stripe_hosts.mcp_door.door import Door
from stripe_hosts.mcp_door.versions import server
from stripe_hosts.offer import Offer
from stripe_hosts.problem import NotServed
from stripe_plugin.errors import near
from stripe_plugin.secrets import shown

RESOURCE = "resource"
ALL = ""


class OverHttp:
    """The application of an offer, which answers while it is `running`."""

    def __init__(self, offer: Offer) -> None:
        self._managers = {ALL: _manager(offer)}
        for name, ids in _by_resource(offer).items():
            of_one = attrs.evolve(offer, only=ids)
            self._managers[name] = _manager(of_one)

    def routes(self) -> list[Route]:
        """Where it is found."""
        return [Route("/mcp", self), Route(f"/mcp/{{{RESOURCE}}}", self)]

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """What the lifespan of the whole application enters."""
        async with AsyncExitStack() as stack:
            for door, manager in self._managers.values():
                await stack.enter_async_context(manager.run())
                stack.push_async_callback(door.settled)
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers a request; there are no sessions to be listened to, or ended."""
        name = scope["path_params"].get(RESOURCE, ALL)
        if name not in self._managers:
            hint = near(name, self._managers)
            raise NotServed("not_found", f"There are no tools of {shown(name)} here{hint}.")
        if scope["method"] != "POST":
            raise HTTPException(405, headers={"Allow": "POST"})
        check_version(Headers(scope=scope).get(MADE_FOR))
        _, manager = self._managers[name]
        await manager.handle_request(scope, receive, send)


def _by_resource(offer: Offer) -> dict[str, list[str]]:
    """The IDs of the actions that are offered, by resource."""
    found: dict[str, list[str]] = {}
    for entry in offer.catalog():
        found.setdefault(entry["resource"], []).append(entry["id"])
    return found


def _manager(offer: Offer) -> tuple[Door, Any]:
    door = Door(offer)
    made = server(door)
    return door, StreamableHTTPSessionManager(made, json_response=True, stateless=True)
