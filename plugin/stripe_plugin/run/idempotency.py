"""Under which key is a run sent, and how long does Stripe know it?"""

import json
import re
import time
import uuid

from stripe_plugin.declare.spec import Spec
from stripe_plugin.errors import Unreconciled, UsageError
from stripe_plugin.run.context import Account, RunContext
from stripe_plugin.secrets import shown

NAMESPACE = uuid.UUID("5f7c1e0a-3a2d-4b0e-9f53-6c1d0a8f4e21")
LONGEST_KEY = 255  # characters
KEY_LIFE = 23 * 3600  # seconds; Stripe keeps idempotency keys for 24 hours


def idempotency_key(spec: Spec, account: Account, context: RunContext) -> str | None:
    """The key given, or derived from the run's name, or random; only a POST has one."""
    if spec.method != "POST":
        return None
    if context.idempotency_key is not None:
        return _checked(context.idempotency_key)
    if context.run_id is None:
        return str(uuid.uuid4())
    acts_on = context.account or account.account
    item = None if context.item is None else str(context.item)
    name = [acts_on, context.run_id, context.step or spec.id, item]
    return str(uuid.uuid5(NAMESPACE, json.dumps(name)))


def key_of_call(key: str | None, name: str) -> str | None:
    """The key of one call of several that have one name, and so one key, together."""
    if key is None:
        return None
    text = f"{key}:{name}"
    return text if len(text) <= LONGEST_KEY else str(uuid.uuid5(NAMESPACE, text))


def _checked(key: str) -> str:
    if not re.fullmatch(r"[\x21-\x7e]{1,255}", key):
        raise UsageError(f"An idempotency key is 1–255 ASCII characters; got {shown(key)}.")
    return key


def trusted_until(begun: float | None) -> float | None:
    """Until when Stripe surely knows what may have been executed since `begun` (unix seconds)."""
    return None if begun is None else begun + KEY_LIFE


def check_age(spec: Spec, begun: float, key: str | None, attempts: int) -> None:
    """Refuses to repeat what may be done already, if Stripe may have forgotten that by now.

    `begun`: when the first attempt that may have worked was sent, in unix seconds. It is compared
    with the time on the wall: a machine that slept has not seen the hours pass.
    """
    if time.time() - begun <= KEY_LIFE:
        return
    when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(begun))
    lists = spec.subject.listed_by
    where = f", for example by {lists}" if lists and not spec.path_names else ""
    raise Unreconciled(
        message=f"{spec.name} was begun at {when}, too long ago to repeat it safely: look at Stripe"
        f" what came of it{where}, and do what is left under a new run ID.",
        code="key_expired",
        outcome_unknown=True,
        attempts=attempts,
        action=spec.id,
        idempotency_key=key,
    )
