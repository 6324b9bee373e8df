"""What does a run cost with a bare HTTP library, without retries, checks or errors as data?"""

import ssl
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import urlencode

from stripe_benchmarks.contenders.kinds import INPUTS, KEY, AsyncContender, AsyncRun, Contender, Run

TARGET = "/v1/products"
HEADERS = {"Authorization": f"Bearer {KEY}", "Idempotency-Key": "benchmark"}
PATIENCE = 80.0  # seconds, as the others have it


@contextmanager
def bare_httpx(url: str) -> Generator[Run]:
    """`httpx.Client.post`."""
    import httpx

    with httpx.Client(base_url=url, headers=HEADERS, timeout=PATIENCE) as client:

        def run() -> str:
            found: Any = client.post(TARGET, data=INPUTS).json()
            return str(found["id"])

        yield run


@asynccontextmanager
async def async_httpx(url: str) -> AsyncGenerator[AsyncRun]:
    """`httpx.AsyncClient.post`."""
    import httpx

    async with httpx.AsyncClient(base_url=url, headers=HEADERS, timeout=PATIENCE) as client:

        async def run() -> str:
            response = await client.post(TARGET, data=INPUTS)
            return str(response.json()["id"])

        yield run


@contextmanager
def bare_urllib3(url: str) -> Generator[Run]:
    """`urllib3.PoolManager.request`."""
    import urllib3

    form = {**HEADERS, "Content-Type": "application/x-www-form-urlencoded"}
    with urllib3.PoolManager(ssl_context=ssl.create_default_context()) as pool:

        def run() -> str:
            answer = pool.request("POST", url + TARGET, headers=form, body=urlencode(INPUTS))
            return str(answer.json()["id"])

        yield run


@asynccontextmanager
async def async_aiohttp(url: str) -> AsyncGenerator[AsyncRun]:
    """`aiohttp.ClientSession.post`."""
    import aiohttp

    # One of its own is made when it is first imported: by then others may trust other authorities.
    trusted = aiohttp.TCPConnector(ssl=ssl.create_default_context())
    async with aiohttp.ClientSession(url, headers=HEADERS, connector=trusted) as session:

        async def run() -> str:
            async with session.post(TARGET, data=INPUTS) as answer:
                found = await answer.json()
                return str(found["id"])

        yield run


SYNC = (
    Contender("httpx", bare_httpx, needs=("httpx",)),
    Contender("urllib3", bare_urllib3, needs=("urllib3",)),
)
ASYNC = (
    AsyncContender("httpx", async_httpx, needs=("httpx",), most=100),
    AsyncContender("aiohttp", async_aiohttp, needs=("aiohttp",)),
)
