"""Under which key is it sent, and how long does Stripe know it?"""

import json
import re
import uuid

from stripe_plugin.client.connection import Connection
from stripe_plugin.declare.spec import Spec
from stripe_plugin.errors import UsageError
from stripe_plugin.run.context import RunContext
from stripe_plugin.secrets import shown

NAMESPACE = uuid.UUID("5f7c1e0a-3a2d-4b0e-9f53-6c1d0a8f4e21")


KEY_LIFE = 23 * 3600  # seconds; Stripe keeps idempotency keys for 24 hours


def idempotency_key(spec: Spec, connection: Connection, context: RunContext) -> str:
    """The key given, or derived from the run's name, or random."""
    if (given := context.idempotency_key) is not None:
        if not re.fullmatch(r"[\x21-\x7e]{1,255}", given):
            raise UsageError(f"An idempotency key is 1–255 ASCII characters; got {shown(given)}.")
        return given
    if context.run_id is None:
        return str(uuid.uuid4())
    name = [context.account or connection.account, context.run_id, context.step or spec.id]
    texts = [None if part is None else str(part) for part in (*name, context.item)]
    return str(uuid.uuid5(NAMESPACE, json.dumps(texts)))
