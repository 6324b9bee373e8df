"""Whose account does a flow run work on, and how fast may all of the account's work together?"""

from contextlib import suppress

from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from prefect.exceptions import ObjectNotFound
from pydantic import SecretStr

from stripe_flow.engines.order import identity
from stripe_plugin.client.address import STRIPE
from stripe_plugin.client.connection import Connection


class StripeCredentials(Block):
    """A Stripe account; Prefect encrypts the key, and shows it to nobody."""

    _block_type_name = "Stripe Credentials"
    _block_type_slug = "stripe-nodes-credentials"

    api_key: SecretStr
    account: str | None = None
    base_url: str = STRIPE
    allow_live: bool = False

    def connection(self) -> Connection:
        """The connection to it."""
        key = self.api_key.get_secret_value()
        return Connection(key, self.account, self.base_url, self.allow_live)


def connection_of(credentials: str | None) -> Connection:
    """The account of a block, or else of the worker's environment; an error if that has none."""
    if credentials is None:
        return Connection.from_env()
    block = StripeCredentials.load(credentials)
    connection: Connection = block.connection()
    return connection


def limit_of(connection: Connection, rate: float | None) -> str | None:
    """The name of the account's limit, if it has one or is given one by a rate: steps a second."""
    name = f"stripe-nodes-{identity(connection)}"
    with get_client(sync_client=True) as client:
        if rate is not None:
            slots = max(1, int(rate))
            client.upsert_global_concurrency_limit_by_name(name, slots, rate)
        with suppress(ObjectNotFound):
            limit: str = client.read_global_concurrency_limit_by_name(name).name
            return limit
    return None
