"""What came of a run?"""

from typing import Any

import attrs

from stripe_plugin.secrets import without_secrets


@attrs.frozen
class Result:
    """Stripe's answer. `output` is its object, untouched; `mode` is emulator, test or live.

    `replayed`: nothing was executed again. `note`: what a person should know of how it was found.
    """

    output: dict[str, Any]
    request_id: str | None
    attempts: int
    replayed: bool
    livemode: bool
    mode: str
    note: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """JSON-safe, and safe to keep: keys and client secrets in it are cut."""
        safe: dict[str, Any] = without_secrets(attrs.asdict(self))
        return safe
