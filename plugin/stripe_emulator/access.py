"""Who may ask: keys, accounts and API versions. Keys are looked at, never kept."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from stripe_emulator.refusals import Refusal
from stripe_emulator.resources import PINNED

if TYPE_CHECKING:
    from collections.abc import Mapping

_NO_KEY = (
    "You did not provide an API key. You need to provide your API key in the Authorization header, "
    "using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY'). See "
    "https://stripe.com/docs/api#authentication for details, or we can help at "
    "https://support.stripe.com/."
)
_PUBLISHABLE = (
    "This API call cannot be made with a publishable API key. Please use a secret API key. You can "
    "find a list of your API keys at https://dashboard.stripe.com/account/apikeys."
)
_VERSION = re.compile(r"20\d\d-[01]\d-[0-3]\d(\.(acacia|basil|clover|dahlia|endive))?")


def account(headers: Mapping[str, str]) -> str:
    """Return the account of a request; raises Refusal (401, 403) without a usable test key."""
    key = _key(headers.get("authorization", ""))
    if key.startswith("pk_"):
        raise Refusal(_PUBLISHABLE, code="secret_key_required", status=403)
    if re.match(r"(sk|rk)_live_", key):
        told = "The emulator takes test keys only, and this is a live key. Nothing was executed."
        raise Refusal(f"Invalid API Key provided: {masked(key)}. {told}", status=401)
    if not re.fullmatch(r"(sk|rk)_test_[A-Za-z0-9_]+", key):
        raise Refusal(f"Invalid API Key provided: {masked(key)}", status=401)
    name = headers.get("stripe-account", "default") or "default"
    if name != "default" and not re.fullmatch(r"acct_[A-Za-z0-9_]{1,64}", name):
        raise Refusal(
            f"The provided key '{masked(key)}' does not have access to account '{name[:80]}' (or "
            "that account does not exist). Application access may have been revoked.",
            code="account_invalid",
            status=403,
        )
    return name


def _key(authorization: str) -> str:
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() == "bearer" and credentials.strip():
        return credentials.strip()
    if scheme.lower() == "basic":
        return _basic(credentials.strip())
    raise Refusal(_NO_KEY, status=401)


def _basic(credentials: str) -> str:
    from base64 import b64decode
    from binascii import Error

    try:
        user = b64decode(credentials, validate=True).decode("ascii").partition(":")[0]
    except (Error, UnicodeDecodeError, ValueError):
        user = ""
    if not user:
        raise Refusal(_NO_KEY, status=401)
    return user


def masked(key: str) -> str:
    """Mask a key as Stripe does: its prefix, stars, and the last four characters."""
    prefix = re.match(r"[a-z]{2}_(test|live)_", key)
    start = prefix.group() if prefix else ""
    secret = key[len(start) :][:64]
    return start + "*" * max(len(secret) - 4, 0) + secret[-4:]


def version(headers: Mapping[str, str]) -> str:
    """Return the version asked for; shapes are those of the pinned one whatever is asked."""
    wanted = headers.get("stripe-version", PINNED)
    if not _VERSION.fullmatch(wanted):
        raise Refusal(f"Invalid Stripe API version: {wanted[:80]}")
    return wanted
