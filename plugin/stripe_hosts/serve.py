"""How do both doors stand behind one address? One ASGI application, and the server that runs it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.types import ASGIApp

from stripe_hosts.http import HANDLERS, Door
from stripe_hosts.offer import Offer


def application(offer: Offer) -> ASGIApp:
    """The doors of an offer."""

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with offer.host:  # runs leave their connections to the next
            yield

    return Starlette(routes=Door(offer).routes(), lifespan=lifespan, exception_handlers=HANDLERS)
