"""Whose account, which mode, which version? Secrets are never printed."""

import os
import re
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import attrs

from stripe_plugin.errors import UsageError, masked, shown

if TYPE_CHECKING:
    from stripe_plugin.sandbox import Sandbox

Environ = Mapping[str, str]
STRIPE = "https://api.stripe.com"
STRIPE_VERSION = "2026-08-26.dahlia"
_shared: dict[str | None, "Connection"] = {}  # the sandboxes of this process, by file
_lock = threading.Lock()
LOOPBACK = ("localhost", "127.0.0.1", "::1")
WRONG_KEYS = {  # Source: docs.stripe.com/keys.
    "pk_": "is a publishable key, for browsers: it cannot run actions",
    "sk_org_": "is an organisation's key, which acts on no account",
    "whsec_": "is a webhook secret",
    "": "is not a secret (sk_) or restricted (rk_) key",
}


class Secret:
    """Text that is shown only by `reveal()` and never pickled."""

    __slots__ = ("reveal",)

    def __init__(self, text: "str | Secret") -> None:
        plain = text.reveal() if isinstance(text, Secret) else str(text)
        self.reveal: Callable[[], str] = lambda: plain

    def __repr__(self) -> str:
        shown = masked(self.reveal())
        return shown if shown.endswith("…") else "…"

    def __reduce__(self) -> Any:
        raise TypeError("a secret is not pickled; make the connection where it is used")


def _mode(key: Secret) -> str:
    """`test` or `live`; `UsageError` that says what this key is instead."""
    text = key.reveal()
    if not re.fullmatch(r"(sk|rk)_(?!org_)[A-Za-z0-9_]{3,500}", text):
        reason = next(why for prefix, why in WRONG_KEYS.items() if text.startswith(prefix))
        if re.match(r"(sk|rk)_(?!org_)", text):
            reason = "has a character that no key has, or too few or many"
        raise UsageError(f"The API key {key} {reason}. Use a secret key, such as sk_test_….")
    return "test" if text[3:].startswith("test_") else "live"


def _checked_url(url: str) -> str:
    """An https URL, or http on this machine: keys travel nowhere else."""
    with suppress(ValueError):
        parts = urlsplit(url)
        safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        bare = not (parts.username or parts.password or parts.query or parts.fragment)
        if safe and bare and parts.hostname and parts.port != 0 and re.fullmatch(r"[!-~]+", url):
            return url.rstrip("/")
    said = shown(re.sub(r"//[^/@]*@", "//…@", str(url)))
    raise UsageError(f"The base URL must be https://host, or http:// on loopback; got {said}.")


@attrs.frozen
class Connection:
    """One account in one mode. Raises `UsageError` for what cannot be used."""

    api_key: Secret = attrs.field(converter=Secret)  # sk_test_…, rk_test_…; live by `allow_live`
    account: str | None = None  # acct_…, to act on a connected account
    base_url: str = attrs.field(default=STRIPE, converter=_checked_url)
    allow_live: bool = False
    world: "Sandbox | None" = attrs.field(default=None, kw_only=True, repr=False)

    def __attrs_post_init__(self) -> None:
        if self.account is not None and not re.fullmatch(r"acct_[A-Za-z0-9_]{1,250}", self.account):
            raise UsageError(f"The account must look like acct_…; got {shown(self.account)}.")
        if _mode(self.api_key) == "live" and not self.allow_live:
            say_so = "Connection(…, allow_live=True), or --allow-live in the terminal."
            use = f"Use a test key (sk_test_…), or say so: {say_so}"
            raise UsageError(f"The API key {self.api_key} moves real money. {use}")

    @property
    def mode(self) -> str:
        """`sandbox`, `test` or `live`."""
        return "sandbox" if self.world is not None else _mode(self.api_key)

    @classmethod
    def sandbox(cls, file: str | os.PathLike[str] | None = None) -> Self:
        """A Stripe of one's own: empty and in memory, or kept in an SQLite file."""
        from stripe_plugin.sandbox import Sandbox

        return cls("sk_test_sandbox", world=Sandbox(os.fspath(file) if file else None))

    @classmethod
    def from_env(cls, environ: Environ = os.environ, *, allow_live: bool = False) -> "Connection":
        """By STRIPE_API_KEY, STRIPE_ACCOUNT and STRIPE_API_BASE; without a key the sandbox."""
        account = environ.get("STRIPE_ACCOUNT") or None
        if key := environ.get("STRIPE_API_KEY", "").strip():
            return cls(key, account, environ.get("STRIPE_API_BASE") or STRIPE, allow_live)
        file = environ.get("STRIPE_NODES_SANDBOX")  # where it is kept; else one per process
        with _lock:
            shared = _shared.setdefault(file, _shared.get(file) or cls.sandbox(file))
        return attrs.evolve(shared, account=account)
