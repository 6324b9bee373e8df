"""What does an answer mean? No I/O."""

import json
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import attrs

from stripe_plugin.judge.values import is_object
from stripe_plugin.secrets import ClientSecret, masked


def _typed(found: dict[str, Any]) -> dict[str, Any]:
    if isinstance(secret := found.get("client_secret"), str):
        found["client_secret"] = ClientSecret(secret)
    return found


@attrs.frozen
class Reply:
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = attrs.field(repr=False)

    def json(self) -> dict[str, Any] | None:
        """The JSON object of the body, or None if it is none."""
        return self._read

    @cached_property
    def _read(self) -> dict[str, Any] | None:
        refused = self.status >= 300  # a refusal may repeat what was sent, the key among it
        body = masked(self.body.decode(errors="replace")) if refused else self.body
        try:
            found: Any = json.loads(body, object_hook=_typed)
        except (ValueError, RecursionError):
            return None
        return dict(found) if is_object(found) else None

    @property
    def replayed(self) -> bool:
        """Whether Stripe answered from an earlier execution under the same idempotency key."""
        return self.headers.get("idempotent-replayed") == "true"


@attrs.frozen
class Lost:
    """No complete reply. `sent`: Stripe may have got the request; `again`: it may be sent again."""

    reason: str
    sent: bool
    again: bool = True
