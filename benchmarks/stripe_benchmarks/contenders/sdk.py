"""What does a run cost with Stripe's own library, by each of its transports?"""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, cast

from stripe_benchmarks.contenders.kinds import INPUTS, KEY, AsyncContender, AsyncRun, Contender, Run

PARAMETERS = cast("Any", INPUTS)


def made(url: str, transport: Any) -> Any:
    """A client of the library for this address."""
    import stripe

    return stripe.StripeClient(KEY, base_addresses={"api": url}, http_client=transport)


@contextmanager
def library(transport: str, options: dict[str, Any], url: str) -> Generator[Run]:
    """`products.create`."""
    import stripe

    http = getattr(stripe, transport)(**options)
    products = made(url, http).v1.products

    def run() -> str:
        return str(products.create(PARAMETERS).id)

    yield run
    http.close()


@asynccontextmanager
async def async_library(transport: str, url: str) -> AsyncGenerator[AsyncRun]:
    """`products.create_async`."""
    import stripe

    http = getattr(stripe, transport)()
    products = made(url, http).v1.products

    async def run() -> str:
        product = await products.create_async(PARAMETERS)
        return str(product.id)

    yield run
    await http.close_async()


# By default the library takes requests, and httpx for asyncio.
REQUESTS, PYCURL, HTTPX, AIOHTTP = "SDK, requests", "SDK, pycurl", "SDK, httpx", "SDK, aiohttp"
MAY_WAIT = {"allow_sync_methods": True}
BY_REQUESTS, BY_PYCURL = ("stripe", "requests"), ("stripe", "pycurl")
BY_HTTPX, BY_AIOHTTP = ("stripe", "httpx", "anyio"), ("stripe", "aiohttp")

SYNC = (
    Contender(REQUESTS, partial(library, "RequestsClient", {}), needs=BY_REQUESTS),
    Contender(PYCURL, partial(library, "PycurlClient", {}), needs=BY_PYCURL),
    Contender(HTTPX, partial(library, "HTTPXClient", MAY_WAIT), needs=BY_HTTPX),
)
ASYNC = (
    AsyncContender(HTTPX, partial(async_library, "HTTPXClient"), needs=BY_HTTPX, most=100),
    AsyncContender(AIOHTTP, partial(async_library, "AIOHTTPClient"), needs=BY_AIOHTTP),
)
