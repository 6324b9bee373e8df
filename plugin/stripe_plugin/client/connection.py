"""Whose account, in which mode, at which address? Secrets are never printed."""

import hashlib
import os
import re
import threading
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import attrs

from stripe_plugin.client.address import STRIPE, Address, address
from stripe_plugin.errors import UsageError, near
from stripe_plugin.fork import renew_after_fork
from stripe_plugin.run.context import is_number, wrong_account
from stripe_plugin.secrets import Secret, shown

if TYPE_CHECKING:
    from stripe_emulator import Emulator

Environment: TypeAlias = Mapping[str, str]
File: TypeAlias = "str | os.PathLike[str] | None"

# Source: docs.stripe.com/keys.
USABLE = re.compile(r"(sk|rk)_(?!org_|(test|live)_$)[A-Za-z0-9_]{3,500}")
SECRET_OR_RESTRICTED = re.compile(r"(sk|rk)_(?!org_)")
OTHER_KEYS = {
    "pk_": "is a publishable key, for browsers: it cannot run actions",
    "sk_org_": "is an organisation's key, which acts on no account",
    "whsec_": "is a webhook secret",
    "": "is not a secret (sk_) or restricted (rk_) key",
}
ASKS_FOR_EMULATOR = "emulator"  # as STRIPE_API_KEY
EMULATORS_KEY = "sk_test_emulator"
USE_ANOTHER = "Use a secret key, such as sk_test_…."
FOR_EMULATOR = (
    "Did you mean emulator? STRIPE_API_KEY=emulator asks for the small Stripe of this machine"
    " (Connection.emulator() in Python)."
)
NO_KEY = (
    "There is no API key. Set STRIPE_API_KEY to a test key (sk_test_…), or to emulator for the"
    " small Stripe of this machine (--emulator in the terminal, Connection.emulator() in Python)."
)


# What is wrong is told by functions that have returned before anything is raised: a traceback may
# show the locals of all that have not.


def _wrong_key(key: Secret, *, allow_live: bool) -> str | None:
    text = key.reveal()
    if not text:
        return NO_KEY
    if not USABLE.fullmatch(text):
        use = FOR_EMULATOR if near(text, [ASKS_FOR_EMULATOR]) else USE_ANOTHER
        return f"The API key {key} {_other_key(text)}. {use}"
    if allow_live or _is_test_key(key):
        return None
    say_so = "Connection(…, allow_live=True), or --allow-live in the terminal."
    use = f"Use a test key (sk_test_…), or say so: {say_so}"
    return f"The API key {key} moves real money. {use}"


def _other_key(text: str) -> str:
    """What a key is instead of a usable one."""
    if SECRET_OR_RESTRICTED.match(text):
        return "has a character that no key has, or too few or many"
    return OTHER_KEYS[next(prefix for prefix in OTHER_KEYS if text.startswith(prefix))]


def _is_test_key(key: Secret) -> bool:
    return key.reveal()[3:].startswith("test_")


def _key(given: Any) -> Secret:
    """None, of a program that found no key, is an empty one."""
    return Secret("" if given is None else given)


def _rate(_: object, __: object, value: float | None) -> None:
    if value is not None and not is_number(value, 1e-3, 1e6):
        raise UsageError(f"The rate is requests a second, from 0.001; got {shown(value)}.")


@attrs.frozen(init=False, slots=False)
class Connection:
    """One account in one mode. Raises `UsageError` for what cannot be used."""

    api_key: Secret  # sk_test_…, rk_test_…; live by `allow_live`
    account: str | None  # acct_…, to act on another account
    base_url: str  # in its one spelling
    allow_live: bool
    rate: float | None = attrs.field(kw_only=True, validator=_rate)  # requests a second, at most
    in_process: "Emulator | None" = attrs.field(kw_only=True, repr=False)  # answers, if it is there

    def __init__(  # noqa: PLR0913 - the fields
        self,
        api_key: str | Secret,
        account: str | Secret | None = None,
        base_url: str | Secret = STRIPE,
        allow_live: bool = False,  # noqa: FBT001, FBT002 - as above
        *,
        rate: float | None = None,
        in_process: "Emulator | None" = None,
    ) -> None:
        api_key = _key(api_key)  # before anything can fail
        base_url = Secret(base_url)
        account = None if account is None else Secret(account)
        wrong = _wrong_key(api_key, allow_live=allow_live) or _wrong_account(account)
        if wrong:
            raise UsageError(wrong)
        place = address(base_url.reveal())
        acts_on = None if account is None else account.reveal()
        made: Any = self
        vars(self)["address"] = place  # read only once
        made.__attrs_init__(
            api_key, acts_on, place.url, allow_live, rate=rate, in_process=in_process
        )

    @cached_property
    def address(self) -> Address:
        """Where requests go."""
        return address(self.base_url)

    @cached_property
    def identity(self) -> tuple[object, ...]:
        """What tells this connection from others, without its key."""
        return self.key_digest, self.account, self.base_url, id(self.in_process)

    @cached_property
    def key_digest(self) -> str:
        """What tells this key from others, and does not give it away."""
        digest = hashlib.sha256(self.api_key.reveal().encode())
        return digest.hexdigest()

    @property
    def mode(self) -> str:
        """`emulated`, `test` or `live`."""
        if self.in_process is not None:
            return "emulated"
        return "test" if _is_test_key(self.api_key) else "live"

    def __repr__(self) -> str:
        """Also of one that is refused, whose fields are not there yet: a traceback may show it."""
        shown_ones = [it.name for it in attrs.fields(Connection) if it.repr]
        there = [name for name in shown_ones if name in vars(self)]
        fields = [f"{name}={getattr(self, name)!r}" for name in there]
        return f"Connection({', '.join(fields)})"

    def __deepcopy__(self, _: object) -> Self:
        return self  # it never changes, and an emulator is no copy of another

    @classmethod
    def emulator(cls, file: File = None) -> Self:
        """A small Stripe of one's own: empty and in memory, or kept in an SQLite file."""
        from stripe_emulator import Emulator

        emulator = Emulator(None if file is None else os.fspath(file))
        return cls(EMULATORS_KEY, in_process=emulator)

    @classmethod
    def from_env(cls, environ: Environment | None = None, *, allow_live: bool = False) -> Self:
        """By STRIPE_API_KEY, STRIPE_ACCOUNT and STRIPE_API_BASE.

        The key `emulator` asks for the emulator: the one of STRIPE_NODES_EMULATOR, a file, or
        else the one of this process. Without a key, `UsageError`.
        """
        found = _environment(os.environ if environ is None else environ)
        del environ  # before anything can fail: a traceback may show all locals
        _check_filled(found)
        key = found.get("STRIPE_API_KEY", Secret(""))
        account = found.get("STRIPE_ACCOUNT")
        if key.reveal() == ASKS_FOR_EMULATOR:
            file = found.get("STRIPE_NODES_EMULATOR")
            emulator = _emulators.of(None if file is None else file.reveal())
            return cls(EMULATORS_KEY, account, in_process=emulator)
        return cls(key, account, found.get("STRIPE_API_BASE", STRIPE), allow_live)


VARIABLES = ("STRIPE_API_KEY", "STRIPE_ACCOUNT", "STRIPE_API_BASE", "STRIPE_NODES_EMULATOR")


def _environment(environ: Environment) -> dict[str, Secret]:
    """The variables that matter, where they are set; the key without the space around it."""
    found = {name: Secret(environ[name]) for name in VARIABLES if name in environ}
    if key := found.get("STRIPE_API_KEY"):
        found["STRIPE_API_KEY"] = Secret(key.reveal().strip())  # as from a file
    return found


def _check_filled(found: Mapping[str, Secret]) -> None:
    """Refuses what is set but empty: it would quietly mean somebody else."""
    for name in VARIABLES[1:]:
        if name in found and not found[name].reveal().strip():
            raise UsageError(f"{name} is set but empty: unset it, or give it a value.")


def _wrong_account(account: Secret | None) -> str | None:
    return wrong_account(None if account is None else account.reveal())


class _Emulators:
    """The emulators that the connections of a process share, by file."""

    def __init__(self) -> None:
        self._open: dict[str | None, Emulator] = {}
        self.forked()
        renew_after_fork(self)

    def forked(self) -> None:
        """The lock may be held by a thread that is not there."""
        self._lock = threading.Lock()

    def of(self, file: str | None) -> "Emulator":
        """The one of a file, or the one in memory."""
        from stripe_emulator import Emulator

        with self._lock:
            if file not in self._open:
                self._open[file] = Emulator(file)
            return self._open[file]


_emulators = _Emulators()
