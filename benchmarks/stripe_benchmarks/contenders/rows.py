"""What does it cost to read rows, page by page?"""

from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeAlias

from stripe_benchmarks.answers import PAGE
from stripe_benchmarks.contenders.bare import HEADERS, PATIENCE
from stripe_benchmarks.contenders.kinds import KEY, Contender
from stripe_benchmarks.contenders.sdk import made
from stripe_nodes import ListCustomers
from stripe_plugin import Client, Connection

# Gives the IDs of all rows, newest first.
Read: TypeAlias = Callable[[], Iterable[str]]
Ask: TypeAlias = Callable[[str | None], dict[str, Any]]  # the page after this ID


def paged(ask: Ask) -> Iterator[str]:
    """The IDs of all rows, by one call after the other."""
    after: str | None = None
    while True:
        page = ask(after)
        found = [row["id"] for row in page["data"]]
        yield from found
        if not page["has_more"]:
            return
        after = found[-1]


@contextmanager
def ours(url: str) -> Generator[Read]:
    """`ListCustomers`, with Starting After."""
    with Client(Connection(KEY, base_url=url)) as client:

        def ask(after: str | None) -> dict[str, Any]:
            return client.run(ListCustomers(limit=PAGE, starting_after=after)).output

        yield partial(paged, ask)


@contextmanager
def library(url: str) -> Generator[Read]:
    """`auto_paging_iter`."""
    import stripe

    http = stripe.RequestsClient()
    customers = made(url, http).v1.customers

    def read() -> Iterator[str]:
        listed = customers.list({"limit": PAGE}).auto_paging_iter()
        return (customer.id for customer in listed)

    yield read
    http.close()  # type: ignore[no-untyped-call]


@contextmanager
def bare(url: str) -> Generator[Read]:
    """`httpx.Client.get`."""
    import httpx

    with httpx.Client(base_url=url, headers=HEADERS, timeout=PATIENCE) as client:

        def ask(after: str | None) -> dict[str, Any]:
            asked = {"limit": f"{PAGE}"}
            if after is not None:
                asked["starting_after"] = after
            page: dict[str, Any] = client.get("/v1/customers", params=asked).json()
            return page

        yield partial(paged, ask)


ROWS = (
    Contender("Client", ours, ours=True),
    Contender("SDK, requests", library, needs=("stripe", "requests")),
    Contender("httpx", bare, needs=("httpx",)),
)
