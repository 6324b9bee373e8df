"""What does a process hold for each of its tenants?"""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, TypeAlias

from stripe_benchmarks.contenders.kinds import Contender
from stripe_benchmarks.contenders.ours import FORM, loaded
from stripe_benchmarks.contenders.sdk import PARAMETERS
from stripe_plugin import Connection

Meet: TypeAlias = Callable[[int], None]  # runs something for the tenant with this number
RATE = 1e6  # requests a second: each has a turn to remember, and none waits


def key_of(tenant: int) -> str:
    """The key of a tenant."""
    return f"sk_test_tenant_{tenant:08}"


@contextmanager
def ours(url: str) -> Generator[Meet]:
    """One host, and a connection for each tenant, which is kept."""
    kept: list[Connection] = []
    with loaded(0) as host:

        def meet(tenant: int) -> None:
            connection = Connection(key_of(tenant), base_url=url, rate=RATE)
            host.run("create_product", FORM, connection=connection)
            kept.append(connection)

        meet(0)
        yield meet


@contextmanager
def library(url: str) -> Generator[Meet]:
    """One transport, and a client for each tenant, which is kept."""
    import stripe

    kept: list[Any] = []
    http = stripe.RequestsClient()

    def meet(tenant: int) -> None:
        client = stripe.StripeClient(key_of(tenant), base_addresses={"api": url}, http_client=http)
        client.v1.products.create(PARAMETERS)
        kept.append(client)

    meet(0)
    yield meet
    http.close()  # type: ignore[no-untyped-call]


TENANTS = (
    Contender("Host", ours, ours=True),
    Contender("SDK, requests", library, needs=("stripe", "requests")),
)
