"""How do the pages stand behind one address? One ASGI application."""

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from stripe_hosts.safety import Terms, addressed
from stripe_plugin.errors import NodeError
from stripe_plugin.secrets import Secret
from stripe_studio.drawing import sorry
from stripe_studio.entrance import Entrance
from stripe_studio.flows.routes import Flows
from stripe_studio.objects import routes as objects
from stripe_studio.runs.routes import Runs
from stripe_studio.studio import Studio
from stripe_studio.trying.routes import Trying

Handler = Callable[[Request, Exception], Response]
STATIC = Path(__file__).parent / "static"
NAMES = ("127.0.0.1", "localhost")
SMALLEST_ZIPPED = 500  # bytes


def application(studio: Studio, token: Secret, port: int) -> ASGIApp:
    """The pages, for whoever came with the token, at a port of loopback."""
    flows = Flows(studio)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        yield
        await run_in_threadpool(flows.running.close)

    pages = Starlette(
        routes=[
            *Trying(studio).routes(),
            *flows.routes(),
            *objects.routes(studio, f"http://{NAMES[0]}:{port}"),
            *Runs(studio, flows.running).routes(),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        lifespan=lifespan,
        exception_handlers=_handlers(studio),
        middleware=[Middleware(GZipMiddleware, minimum_size=SMALLEST_ZIPPED)],
    )
    pages.router.redirect_slashes = False
    origins = [f"http://{name}:{port}" for name in NAMES]
    entrance = Entrance(pages, token, port)
    terms = Terms(token, NAMES, origins)
    return addressed(entrance, terms)


def _handlers(studio: Studio) -> dict[Any, Handler]:
    """What is drawn where no page is."""

    def no_page(_: Request, __: Exception) -> Response:
        page = studio.page("There is no such page", "")
        return sorry("The address leads nowhere.", 404, page)

    def not_shown(_: Request, error: Exception) -> Response:
        status = error.http_status if isinstance(error, NodeError) else 500
        page = studio.page("This cannot be shown", "")
        return sorry(str(error), status, page)

    return {404: no_page, NodeError: not_shown}
