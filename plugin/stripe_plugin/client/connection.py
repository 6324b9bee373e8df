"""Whose account, which mode, which version?"""

import hashlib
import os
import re
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import attrs

from stripe_plugin.errors import UsageError
from stripe_plugin.secrets import masked, shown

if TYPE_CHECKING:
    from stripe_emulator import Emulator


from stripe_plugin.secrets import Secret

Environ = Mapping[str, str] | None


STRIPE = "https://api.stripe.com"


STRIPE_VERSION = "2026-08-26.dahlia"


_shared: dict[str | None, "Connection"] = {}  # the emulators of this process, by file


_lock = threading.Lock()


LOOPBACK = ("localhost", "127.0.0.1", "::1")


WRONG_KEYS = {  # Source: docs.stripe.com/keys.
    "pk_": "is a publishable key, for browsers: it cannot run actions",
    "sk_org_": "is an organisation's key, which acts on no account",
    "whsec_": "is a webhook secret",
    "": "is not a secret (sk_) or restricted (rk_) key",
}


def _wrong(key: Secret) -> str | None:
    """What this key is instead of a usable one."""
    text = key.reveal()
    if re.fullmatch(r"(sk|rk)_(?!org_|(test|live)_$)[A-Za-z0-9_]{3,500}", text):
        return None
    if re.match(r"(sk|rk)_(?!org_)", text):
        return "has a character that no key has, or too few or many"
    return next(why for prefix, why in WRONG_KEYS.items() if text.startswith(prefix))


def _wrong_url(url: str) -> str | None:
    """What is wrong with it: keys travel by https, or by http on this machine, nowhere else."""
    with suppress(ValueError):
        parts = urlsplit(url)
        safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        bare = not (parts.username or parts.password or parts.query or parts.fragment)
        plain = re.fullmatch(r"[!-~]+", url) and masked(url) == url
        if safe and bare and plain and parts.hostname and parts.port != 0:
            return None
    said = shown(re.sub(r"(?s).*@|[?#].*", "…", str(url)))
    return f"The base URL must be https://host, or http:// on loopback; got {said}."


def _wrong_account(account: str | None) -> str | None:
    """What is wrong with it."""
    if account is None or re.fullmatch(r"acct_[A-Za-z0-9_]{1,250}", str(account)):
        return None
    return f"The account must look like acct_…; got {shown(account)}."


@attrs.frozen(init=False)
class Connection:
    """One account in one mode. Raises `UsageError` for what cannot be used."""

    api_key: Secret  # sk_test_…, rk_test_…; live by `allow_live`
    account: str | None  # acct_…, to act on a connected account
    base_url: str
    allow_live: bool
    world: "Emulator | None" = attrs.field(kw_only=True, repr=False)
    rate: float | None = attrs.field(kw_only=True)  # requests a second, at most

    def __init__(  # noqa: PLR0913 - the fields
        self,
        api_key: str | Secret,
        account: str | None = None,
        base_url: str = STRIPE,
        allow_live: bool = False,  # noqa: FBT001, FBT002 - as above
        *,
        world: "Emulator | None" = None,
        rate: float | None = None,
    ) -> None:
        api_key = Secret(api_key)  # before anything can fail: a traceback may show all locals
        if wrong := _wrong_url(base_url) or _wrong_account(account):
            del self, account, base_url  # half a connection, and perhaps a password: as above
            raise UsageError(wrong)
        made: Any = self
        url = base_url.rstrip("/")
        made.__attrs_init__(api_key, account, url, allow_live, world=world, rate=rate)

    def __attrs_post_init__(self) -> None:
        if wrong := _wrong(self.api_key):
            use = "Use a secret key, such as sk_test_…."
            raise UsageError(f"The API key {self.api_key} {wrong}. {use}")
        live = not self.api_key.reveal()[3:].startswith("test_")
        if live and not self.allow_live:
            say_so = "Connection(…, allow_live=True), or --allow-live in the terminal."
            use = f"Use a test key (sk_test_…), or say so: {say_so}"
            raise UsageError(f"The API key {self.api_key} moves real money. {use}")
        rate: Any = self.rate
        if rate is not None and not (isinstance(rate, int | float) and 1e-3 <= rate < 10**6):
            raise UsageError(f"The rate is requests a second, from 0.001; got {shown(rate)}.")

    @property
    def whose(self) -> tuple[object, ...]:
        """What tells this connection from others, without its key."""
        key = hashlib.sha256(self.api_key.reveal().encode()).hexdigest()
        return key, self.account, self.base_url, id(self.world)

    @property
    def mode(self) -> str:
        """`emulator`, `test` or `live`."""
        if self.world is not None:
            return "emulator"
        return "test" if self.api_key.reveal()[3:].startswith("test_") else "live"

    @classmethod
    def emulator(cls, file: str | os.PathLike[str] | None = None) -> Self:
        """A Stripe of one's own: empty and in memory, or kept in an SQLite file."""
        from stripe_emulator import Emulator

        return cls("sk_test_emulator", world=Emulator(os.fspath(file) if file else None))

    @classmethod
    def from_env(cls, environ: Environ = None, *, allow_live: bool = False) -> "Connection":
        """By STRIPE_API_KEY, STRIPE_ACCOUNT and STRIPE_API_BASE; without a key the emulator."""
        environ = os.environ if environ is None else environ
        key = Secret(environ.get("STRIPE_API_KEY", "").strip())
        account = Secret(environ.get("STRIPE_ACCOUNT") or "")
        place = Secret(environ.get("STRIPE_API_BASE") or STRIPE)
        file = environ.get("STRIPE_NODES_EMULATOR")  # where it is kept; else one per process
        del environ  # before anything can fail: a traceback may show all locals
        if key.reveal():
            return cls(key, account.reveal() or None, place.reveal(), allow_live)
        with _lock:
            shared = _shared.setdefault(file, _shared.get(file) or cls.emulator(file))
        return cls(shared.api_key, account.reveal() or None, world=shared.world)
